"""The estimators that the pages on restructuring call, under one name."""

from buurteffect.estimate.core.attempt import Attempt, attempt, one_table, together
from buurteffect.estimate.core.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.result_tables import select
from buurteffect.estimate.did.headline import cohorts_behind, late_effect, late_estimator
from buurteffect.estimate.did.published_steps import event_study_in_steps, steps_of_window, thick_steps
from buurteffect.estimate.inference.power import detectable_slope
from buurteffect.estimate.inference.wald import pretrend_test
from buurteffect.estimate.regression.bacon import bacon_decomposition
from buurteffect.estimate.regression.dose import dose_regressions, within_spread
from buurteffect.estimate.regression.dose_response import continuous_dose
from buurteffect.estimate.regression.threshold_regression import threshold
from buurteffect.estimate.robustness.estimators_compared import side_by_side
from buurteffect.estimate.robustness.few_clusters import few_cluster_errors
from buurteffect.estimate.robustness.honest.magnitudes import relative_magnitudes
from buurteffect.estimate.robustness.honest.smoothness_bounds import smoothness
from buurteffect.estimate.robustness.placebo import never_treated_cohorts, permuted_cohorts, shifted_cohorts
from buurteffect.estimate.robustness.specifications import Variants, specification_table, standard_specifications
from buurteffect.estimate.robustness.subgroups import effects_by_group, halves
from buurteffect.estimate.robustness.tables import as_terms, beside, refused, rows, titled
from buurteffect.estimate.robustness.two_group_power import future_design, group_design
from buurteffect.estimate.selection.adjusted_panel import adjust_outcome, complete_units
from buurteffect.estimate.selection.before_after import NAIVE, before_and_after, fitted_components, naive_two_way
from buurteffect.estimate.selection.lookalikes import lookalike_placebo
from buurteffect.estimate.selection.overlap import balanced_effect, pooled_overlap
from buurteffect.estimate.selection.rd_tampering_check import tests_of_both
from buurteffect.estimate.selection.regression_discontinuity import discontinuity
from buurteffect.estimate.space.single_projects import effects_on_places, largest_places
from buurteffect.estimate.space.spillovers import rings_around
from buurteffect.estimate.space.value_rings import values_by_ring, without_metres

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
