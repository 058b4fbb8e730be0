"""The estimators of the page on neighbourhoods and chances, under one name."""

from buurteffect.estimate.equation import Equation, JointTest, joint_test
from buurteffect.estimate.family_effects import correlated_effects, mixed_slopes
from buurteffect.estimate.measured_exposure import measured_slopes
from buurteffect.estimate.mobility import rank_by_gemeente, slope_by_cohort
from buurteffect.estimate.movers import MoversDesign, movers_by_age, movers_slope, movers_variants, placebo_after
from buurteffect.estimate.neighbourhood_panel import neighbourhood_regressions
from buurteffect.estimate.power import with_minimum_detectable_effect
from buurteffect.estimate.reflection import linear_in_means
from buurteffect.estimate.results import stack_effects
from buurteffect.estimate.sensitivity import (
    equation_robustness,
    naive_equation,
    proportional_selection,
    selection_table,
    sensitivity_table,
)
from buurteffect.estimate.shrinkage import rank_sets, shrunken
from buurteffect.estimate.siblings import naive_slopes, nonlinear_slope, sibling_slope, slope_by_mix, slopes_by_age
from buurteffect.estimate.two_designs import both_designs

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
    "stack_effects",
    "with_minimum_detectable_effect",
]
