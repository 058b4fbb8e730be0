"""Difference-in-differences with staggered treatment."""

from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.did import (
    aggregation,
    group_time_effects,
    imputed_outcomes,
    projections,
    published_steps,
    saturated,
    stacks,
    synthetic,
    two_stages,
)
from buurteffect.estimate.did.aggregation import late_estimator
from buurteffect.estimate.did.group_time_effects import GroupTime
from buurteffect.estimate.regression.dose import dose_response

__all__ = [
    "AT_RISK",
    "NEVER_TREATED",
    "NOT_YET_TREATED",
    "Design",
    "GroupTime",
    "aggregate",
    "callaway_santanna",
    "cohorts_behind",
    "continuous_dose",
    "event_study_in_steps",
    "extended_twfe",
    "group_time",
    "group_time_table",
    "imputation",
    "late_effect",
    "late_estimator",
    "local_projections",
    "stacked",
    "steps_of_window",
    "sun_abraham",
    "synthetic_did",
    "thick_steps",
    "two_stage",
]

aggregate = estimator(aggregation.aggregate)
callaway_santanna = estimator(aggregation.callaway_santanna)
group_time = estimator(group_time_effects.group_time)
group_time_table = estimator(group_time_effects.group_time_table)
cohorts_behind = estimator(aggregation.cohorts_behind)
late_effect = estimator(aggregation.late_effect)
imputation = estimator(imputed_outcomes.imputation)
two_stage = estimator(two_stages.two_stage)
local_projections = estimator(projections.local_projections)
event_study_in_steps = estimator(published_steps.event_study_in_steps)
steps_of_window = estimator(published_steps.steps_of_window)
thick_steps = estimator(published_steps.thick_steps)
extended_twfe = estimator(saturated.extended_twfe)
sun_abraham = estimator(saturated.sun_abraham)
stacked = estimator(stacks.stacked)
synthetic_did = estimator(synthetic.synthetic_did)
continuous_dose = estimator(dose_response.continuous_dose)
