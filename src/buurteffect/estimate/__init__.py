"""Estimators: the panel in, a frozen `Estimate` out.

So far the descriptive ones: how the scores vary, how well they are measured, and how level, spread, gaps,
declines and ranks move over the waves.
"""

from buurteffect.estimate.agreement.outside_values import (
    agreement_with_outside,
    read_outside_values,
    summarise_agreement,
)
from buurteffect.estimate.core import result_tables
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.refusal import estimator, is_refused, refusals
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate, Estimate
from buurteffect.estimate.core.result_tables import first_rows, refused_rows, stack
from buurteffect.estimate.inference.bootstrap import FEW_CLUSTERS, STANDARD, Bootstrap, Draws, cluster_bootstrap, tidy
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.noise import ScoreNoise
from buurteffect.estimate.measurement.reliability import municipal_share_of_change, reliability_of_change
from buurteffect.estimate.measurement.variance import (
    VarianceFit,
    autocorrelation_profile,
    break_scan,
    fit_variance_components,
)
from buurteffect.estimate.measurement.waves import Waves, at_least, waves_from_panel
from buurteffect.estimate.scores.comparison import exceptional
from buurteffect.estimate.scores.decline import (
    CLASSIFY,
    CORRECTIONS,
    CUTS,
    all_pairs,
    consecutive_pairs,
    decline_grid,
    share_declined,
)
from buurteffect.estimate.scores.differences import difference
from buurteffect.estimate.scores.dispersion import dispersion_by_wave, dispersion_change, mean_by_wave
from buurteffect.estimate.scores.gap import expected_regression, gap_by_class_year, split_wave_gap
from buurteffect.estimate.scores.ranks import persistence, rank_intervals, rank_transition, summarise_ranks
from buurteffect.estimate.scores.score_density import ScoreDensities, score_densities
from buurteffect.estimate.scores.segregation import dissimilarity, segregation_of_groups, shares_by_year, urban_spread
from buurteffect.estimate.scores.stylised_facts import compare_facts, recorded_facts, score_facts, spread_of_two
from buurteffect.estimate.scores.trend import trend_break, trend_by_definition
from buurteffect.estimate.scores.vulnerable import (
    BELOW_REFERENCE,
    DEFINITIONS,
    EVERY_AREA,
    IN_FOUR_LARGEST,
    LOWEST_10,
    LOWEST_20,
    LOWEST_20_OF_FOUR_LARGEST,
    LOWEST_30,
    PERSISTENTLY_LOW,
    Vulnerable,
    vulnerable_areas,
)

__all__ = [
    "AT_RISK",
    "BELOW_REFERENCE",
    "CLASSIFY",
    "CORRECTIONS",
    "CUTS",
    "DEFINITIONS",
    "EVERY_AREA",
    "FEW_CLUSTERS",
    "IN_FOUR_LARGEST",
    "LOWEST_10",
    "LOWEST_20",
    "LOWEST_20_OF_FOUR_LARGEST",
    "LOWEST_30",
    "NEVER_TREATED",
    "NOT_YET_TREATED",
    "PERSISTENTLY_LOW",
    "RESULT_COLUMNS",
    "STANDARD",
    "Bootstrap",
    "Design",
    "Draws",
    "EffectEstimate",
    "Estimate",
    "ScoreDensities",
    "ScoreNoise",
    "VarianceComponents",
    "VarianceFit",
    "Vulnerable",
    "Waves",
    "agreement_with_outside",
    "all_pairs",
    "at_least",
    "autocorrelation_profile",
    "break_scan",
    "cluster_bootstrap",
    "compare_facts",
    "consecutive",
    "consecutive_pairs",
    "decline_grid",
    "difference",
    "dispersion_by_wave",
    "dispersion_change",
    "dissimilarity",
    "estimator",
    "exceptional",
    "expected_regression",
    "first_rows",
    "fit_variance_components",
    "gap_by_class_year",
    "is_refused",
    "label_pairs",
    "mean_by_wave",
    "municipal_share_of_change",
    "persistence",
    "rank_intervals",
    "rank_transition",
    "read_outside_values",
    "recorded_facts",
    "refusals",
    "refused_rows",
    "reliability_of_change",
    "score_densities",
    "score_facts",
    "segregation_of_groups",
    "select",
    "share_declined",
    "shares_by_year",
    "split_wave_gap",
    "spread_of_two",
    "stack",
    "summarise_agreement",
    "summarise_ranks",
    "tidy",
    "trend_break",
    "trend_by_definition",
    "urban_spread",
    "vulnerable_areas",
    "waves_from_panel",
]

consecutive = estimator(result_tables.consecutive)
label_pairs = estimator(result_tables.label_pairs)
select = estimator(result_tables.select)
