"""How far an estimate depends on its assumptions, its sample and its specification."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.robustness import (
    equivalence_tests,
    estimators_compared,
    few_clusters,
    placebo,
    sensitivity,
    specifications,
    subgroups,
    two_group_power,
)
from buurteffect.estimate.robustness.equivalence_tests import Equivalence
from buurteffect.estimate.robustness.headline_checks import with_checks
from buurteffect.estimate.robustness.honest import magnitudes, outside, smoothness_bounds
from buurteffect.estimate.robustness.sensitivity import naive_equation
from buurteffect.estimate.robustness.specifications import Specification, Variants
from buurteffect.estimate.robustness.two_group_power import GroupDesign

__all__ = [
    "Equivalence",
    "GroupDesign",
    "Specification",
    "Variants",
    "breakdown_value",
    "effects_by_group",
    "equation_robustness",
    "equivalence",
    "event_study",
    "few_cluster_errors",
    "future_design",
    "halves",
    "honest_did",
    "leave_one_cluster_out",
    "naive_equation",
    "never_treated_cohorts",
    "permuted_cohorts",
    "proportional_selection",
    "relative_magnitudes",
    "robustness_value",
    "selection_table",
    "sensitivity_table",
    "shifted_cohorts",
    "side_by_side",
    "smoothness",
    "specification_table",
    "standard_specifications",
    "with_checks",
    "within_bounds",
]

relative_magnitudes = estimator(magnitudes.relative_magnitudes)
breakdown_value = estimator(magnitudes.breakdown_value)
smoothness = estimator(smoothness_bounds.smoothness)
event_study = estimator(outside.event_study)
honest_did = estimator(outside.honest_did)
never_treated_cohorts = estimator(placebo.never_treated_cohorts)
permuted_cohorts = estimator(placebo.permuted_cohorts)
shifted_cohorts = estimator(placebo.shifted_cohorts)
equivalence = estimator(equivalence_tests.equivalence)
within_bounds = estimator(equivalence_tests.within_bounds)
side_by_side = estimator(estimators_compared.side_by_side)
few_cluster_errors = estimator(few_clusters.few_cluster_errors)
specification_table = estimator(specifications.specification_table)
standard_specifications = estimator(specifications.standard_specifications)
effects_by_group = estimator(subgroups.effects_by_group)
halves = estimator(subgroups.halves)
leave_one_cluster_out = estimator(subgroups.leave_one_cluster_out)
future_design = estimator(two_group_power.future_design)
equation_robustness = estimator(sensitivity.equation_robustness)
proportional_selection = estimator(sensitivity.proportional_selection)
robustness_value = estimator(sensitivity.robustness_value)
selection_table = estimator(sensitivity.selection_table)
sensitivity_table = estimator(sensitivity.sensitivity_table)
