"""The estimators that the pages on restructuring call, under one name."""

from buurteffect.estimate.adjusted import adjust_outcome, complete_units
from buurteffect.estimate.attempt import Attempt, attempt, one_table, together
from buurteffect.estimate.bacon import bacon_decomposition
from buurteffect.estimate.before_after import NAIVE, before_and_after, fitted_components, naive_two_way
from buurteffect.estimate.continuous_dose import continuous_dose
from buurteffect.estimate.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.discontinuity import discontinuity
from buurteffect.estimate.dose_regression import dose_regressions, within_spread
from buurteffect.estimate.group_design import future_design, group_design
from buurteffect.estimate.honest import relative_magnitudes
from buurteffect.estimate.honest_smoothness import smoothness
from buurteffect.estimate.late_effect import beside_headline, cohorts_behind, late_effect, late_estimator, rings_around
from buurteffect.estimate.lookalikes import lookalike_placebo
from buurteffect.estimate.overlap import balanced_effect, pooled_overlap
from buurteffect.estimate.placebo import never_treated_cohorts, permuted_cohorts, shifted_cohorts
from buurteffect.estimate.power import detectable_slope, pretrend_test
from buurteffect.estimate.side_by_side import side_by_side
from buurteffect.estimate.specifications import Variants, refusals, specification_table, standard_specifications
from buurteffect.estimate.steps import event_study_in_steps, steps_of_window, thick_steps
from buurteffect.estimate.subgroups import effects_by_group, halves
from buurteffect.estimate.views import select

__all__ = [
    "NAIVE",
    "NEVER_TREATED",
    "NOT_YET_TREATED",
    "Attempt",
    "Design",
    "Variants",
    "adjust_outcome",
    "attempt",
    "bacon_decomposition",
    "balanced_effect",
    "before_and_after",
    "beside_headline",
    "cohorts_behind",
    "complete_units",
    "continuous_dose",
    "detectable_slope",
    "discontinuity",
    "dose_regressions",
    "effects_by_group",
    "event_study_in_steps",
    "fitted_components",
    "future_design",
    "group_design",
    "halves",
    "late_effect",
    "late_estimator",
    "lookalike_placebo",
    "naive_two_way",
    "never_treated_cohorts",
    "one_table",
    "permuted_cohorts",
    "pooled_overlap",
    "pretrend_test",
    "refusals",
    "relative_magnitudes",
    "rings_around",
    "select",
    "shifted_cohorts",
    "side_by_side",
    "smoothness",
    "specification_table",
    "standard_specifications",
    "steps_of_window",
    "thick_steps",
    "together",
    "within_spread",
]
