"""Descriptions of liveability scores: trend, dispersion, gap, decline, ranks, segregation."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.scores import (
    comparison,
    decline,
    differences,
    dispersion,
    gap,
    ranks,
    score_density,
    segregation,
    stylised_facts,
    trend,
    vulnerable,
)
from buurteffect.estimate.scores.decline import CLASSIFY, CORRECTIONS, CUTS
from buurteffect.estimate.scores.score_density import ScoreDensities
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
)

__all__ = [
    "BELOW_REFERENCE",
    "CLASSIFY",
    "CORRECTIONS",
    "CUTS",
    "DEFINITIONS",
    "EVERY_AREA",
    "IN_FOUR_LARGEST",
    "LOWEST_10",
    "LOWEST_20",
    "LOWEST_20_OF_FOUR_LARGEST",
    "LOWEST_30",
    "PERSISTENTLY_LOW",
    "ScoreDensities",
    "Vulnerable",
    "all_pairs",
    "compare_facts",
    "consecutive_pairs",
    "decline_grid",
    "difference",
    "dispersion_by_wave",
    "dispersion_change",
    "dissimilarity",
    "exceptional",
    "expected_regression",
    "gap_by_class_year",
    "group_at_bottom",
    "mean_by_wave",
    "persistence",
    "rank_intervals",
    "rank_transition",
    "recorded_facts",
    "score_densities",
    "score_facts",
    "segregation_of_groups",
    "share_declined",
    "shares_by_year",
    "split_wave_gap",
    "spread_of_two",
    "summarise_ranks",
    "trend_break",
    "trend_by_definition",
    "urban_spread",
    "vulnerable_areas",
]

exceptional = estimator(comparison.exceptional)
all_pairs = estimator(decline.all_pairs)
consecutive_pairs = estimator(decline.consecutive_pairs)
decline_grid = estimator(decline.decline_grid)
share_declined = estimator(decline.share_declined)
difference = estimator(differences.difference)
dispersion_by_wave = estimator(dispersion.dispersion_by_wave)
dispersion_change = estimator(dispersion.dispersion_change)
mean_by_wave = estimator(dispersion.mean_by_wave)
expected_regression = estimator(gap.expected_regression)
gap_by_class_year = estimator(gap.gap_by_class_year)
split_wave_gap = estimator(gap.split_wave_gap)
group_at_bottom = estimator(ranks.group_at_bottom)
persistence = estimator(ranks.persistence)
rank_intervals = estimator(ranks.rank_intervals)
rank_transition = estimator(ranks.rank_transition)
summarise_ranks = estimator(ranks.summarise_ranks)
score_densities = estimator(score_density.score_densities)
dissimilarity = estimator(segregation.dissimilarity)
segregation_of_groups = estimator(segregation.segregation_of_groups)
shares_by_year = estimator(segregation.shares_by_year)
urban_spread = estimator(segregation.urban_spread)
compare_facts = estimator(stylised_facts.compare_facts)
recorded_facts = estimator(stylised_facts.recorded_facts)
score_facts = estimator(stylised_facts.score_facts)
spread_of_two = estimator(stylised_facts.spread_of_two)
trend_break = estimator(trend.trend_break)
trend_by_definition = estimator(trend.trend_by_definition)
vulnerable_areas = estimator(vulnerable.vulnerable_areas)
