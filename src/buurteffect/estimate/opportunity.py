"""The estimators of the page on neighbourhoods and chances, under one name."""

from buurteffect.estimate.childhood.family_effects import correlated_effects, mixed_slopes
from buurteffect.estimate.childhood.measurement_error import measured_slopes
from buurteffect.estimate.childhood.mobility import rank_by_gemeente, slope_by_cohort
from buurteffect.estimate.childhood.movers import (
    MoversDesign,
    movers_by_age,
    movers_slope,
    movers_variants,
    placebo_after,
)
from buurteffect.estimate.childhood.movers_and_siblings import both_designs
from buurteffect.estimate.childhood.neighbourhood_panel import neighbourhood_regressions
from buurteffect.estimate.childhood.reflection import linear_in_means
from buurteffect.estimate.childhood.shrinkage import rank_sets, shrunken
from buurteffect.estimate.childhood.siblings import (
    naive_slopes,
    nonlinear_slope,
    sibling_slope,
    slope_by_mix,
    slopes_by_age,
)
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.inference.wald import JointTest, joint_test
from buurteffect.estimate.regression.ols_iv import Equation
from buurteffect.estimate.robustness.sensitivity import (
    equation_robustness,
    naive_equation,
    proportional_selection,
    selection_table,
    sensitivity_table,
)

__all__ = [
    "Equation",
    "JointTest",
    "MoversDesign",
    "both_designs",
    "correlated_effects",
    "equation_robustness",
    "joint_test",
    "linear_in_means",
    "measured_slopes",
    "mixed_slopes",
    "movers_by_age",
    "movers_slope",
    "movers_variants",
    "naive_equation",
    "naive_slopes",
    "neighbourhood_regressions",
    "nonlinear_slope",
    "placebo_after",
    "proportional_selection",
    "rank_by_gemeente",
    "rank_sets",
    "selection_table",
    "sensitivity_table",
    "shrunken",
    "sibling_slope",
    "slope_by_cohort",
    "slope_by_mix",
    "slopes_by_age",
    "stack",
    "with_minimum_detectable_effect",
]
