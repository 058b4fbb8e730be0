"""Selection into treatment: balance, overlap, reweighting, discontinuity, regression to the mean."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.sample.panel_call import on_panel
from buurteffect.estimate.selection import (
    adjusted_panel,
    balancing,
    before_after,
    bracketing,
    density,
    lookalikes,
    overlap,
    rd_tampering_check,
    regression_discontinuity,
    reweighting,
)
from buurteffect.estimate.selection.balancing import Balance, OverlapLimits
from buurteffect.estimate.selection.before_after import NAIVE
from buurteffect.estimate.selection.bracketing import BRACKET, EQUAL, GIVEN, PLAIN
from buurteffect.estimate.selection.overlap import PooledOverlap
from buurteffect.estimate.selection.regression_discontinuity import Discontinuity
from buurteffect.estimate.selection.reweighting import Baseline, Reweighted

__all__ = [
    "BRACKET",
    "EQUAL",
    "GIVEN",
    "NAIVE",
    "PLAIN",
    "Balance",
    "Baseline",
    "Discontinuity",
    "OverlapLimits",
    "PooledOverlap",
    "Reweighted",
    "adjust_outcome",
    "balanced_effect",
    "before_and_after",
    "bracket",
    "bracket_of",
    "complete_units",
    "density_jump",
    "discontinuity",
    "entropy_balance",
    "equally_selected",
    "fitted_components",
    "lookalike_placebo",
    "match_nearest",
    "naive_two_way",
    "pooled_overlap",
    "reweighted_effects",
    "tests_of_both",
]

adjust_outcome = estimator(adjusted_panel.adjust_outcome)
complete_units = estimator(adjusted_panel.complete_units)
before_and_after = estimator(before_after.before_and_after)
bracket = estimator(bracketing.bracket)
bracket_of = estimator(bracketing.bracket_of)
equally_selected = estimator(bracketing.equally_selected)
fitted_components = estimator(before_after.fitted_components)
naive_two_way = estimator(before_after.naive_two_way)
lookalike_placebo = estimator(lookalikes.lookalike_placebo)
balanced_effect = estimator(overlap.balanced_effect)
pooled_overlap = estimator(overlap.pooled_overlap)
tests_of_both = estimator(rd_tampering_check.tests_of_both)
discontinuity = estimator(regression_discontinuity.discontinuity)
entropy_balance = estimator(balancing.entropy_balance)
match_nearest = estimator(balancing.match_nearest)
reweighted_effects = on_panel(reweighting.reweighted_effects)
density_jump = estimator(density.density_jump)
