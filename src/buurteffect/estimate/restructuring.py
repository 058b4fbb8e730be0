"""The estimators that the pages on restructuring call, under one name."""

from buurteffect.estimate.adjusted import adjust_outcome, complete_units
from buurteffect.estimate.attempt import Attempt, attempt, one_table, together
from buurteffect.estimate.bacon import bacon_decomposition
from buurteffect.estimate.before_after import NAIVE, before_and_after, fitted_components, naive_two_way
from buurteffect.estimate.continuous_dose import continuous_dose
from buurteffect.estimate.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.discontinuity import discontinuity
from buurteffect.estimate.dose_regression import dose_regressions, within_spread
from buurteffect.estimate.few_clusters import few_cluster_errors
from buurteffect.estimate.group_design import future_design, group_design
from buurteffect.estimate.honest import relative_magnitudes
from buurteffect.estimate.honest_smoothness import smoothness
from buurteffect.estimate.late_effect import cohorts_behind, late_effect, late_estimator, rings_around
from buurteffect.estimate.lookalikes import lookalike_placebo
from buurteffect.estimate.overlap import balanced_effect, pooled_overlap
from buurteffect.estimate.placebo import never_treated_cohorts, permuted_cohorts, shifted_cohorts
from buurteffect.estimate.power import detectable_slope, pretrend_test
from buurteffect.estimate.side_by_side import side_by_side
from buurteffect.estimate.single_places import effects_on_places, largest_places
from buurteffect.estimate.specifications import Variants, specification_table, standard_specifications
from buurteffect.estimate.steps import event_study_in_steps, steps_of_window, thick_steps
from buurteffect.estimate.subgroups import effects_by_group, halves
from buurteffect.estimate.tables import as_terms, beside, refused, rows, titled
from buurteffect.estimate.tampered_list import tests_of_both
from buurteffect.estimate.threshold import threshold
from buurteffect.estimate.value_rings import values_by_ring, without_metres
from buurteffect.estimate.views import select

__all__ = [
    "NAIVE",
    "NEVER_TREATED",
    "NOT_YET_TREATED",
    "Attempt",
    "Design",
    "Variants",
    "adjust_outcome",
    "as_terms",
    "attempt",
    "bacon_decomposition",
    "balanced_effect",
    "before_and_after",
    "beside",
    "cohorts_behind",
    "complete_units",
    "continuous_dose",
    "detectable_slope",
    "discontinuity",
    "dose_regressions",
    "effects_by_group",
    "effects_on_places",
    "event_study_in_steps",
    "few_cluster_errors",
    "fitted_components",
    "future_design",
    "group_design",
    "halves",
    "largest_places",
    "late_effect",
    "late_estimator",
    "lookalike_placebo",
    "naive_two_way",
    "never_treated_cohorts",
    "one_table",
    "permuted_cohorts",
    "pooled_overlap",
    "pretrend_test",
    "refused",
    "relative_magnitudes",
    "rings_around",
    "rows",
    "select",
    "shifted_cohorts",
    "side_by_side",
    "smoothness",
    "specification_table",
    "standard_specifications",
    "steps_of_window",
    "tests_of_both",
    "thick_steps",
    "threshold",
    "titled",
    "together",
    "values_by_ring",
    "within_spread",
    "without_metres",
]
