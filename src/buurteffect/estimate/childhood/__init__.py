"""Effects of the place in which children grow up."""

from buurteffect.estimate.childhood import (
    family_effects,
    measurement_error,
    mobility,
    movers,
    movers_and_siblings,
    neighbourhood_panel,
    reflection,
    shrinkage,
    siblings,
)
from buurteffect.estimate.childhood.design import ChildDesign
from buurteffect.estimate.childhood.movers import MoversDesign
from buurteffect.estimate.childhood.neighbourhood_panel import PanelChoice
from buurteffect.estimate.childhood.shrinkage import Signal
from buurteffect.estimate.core.refusal import estimator

__all__ = [
    "ChildDesign",
    "MoversDesign",
    "PanelChoice",
    "Signal",
    "both_designs",
    "correlated_effects",
    "linear_in_means",
    "linearity_test",
    "measured_slopes",
    "mixed_slopes",
    "movers_by_age",
    "movers_slope",
    "movers_variants",
    "naive_slopes",
    "named_regions",
    "neighbourhood_regressions",
    "nonlinear_slope",
    "placebo_after",
    "rank_by_gemeente",
    "rank_sets",
    "shrunken",
    "sibling_slope",
    "slope_by_cohort",
    "slope_by_mix",
    "slopes_by_age",
]

correlated_effects = estimator(family_effects.correlated_effects)
mixed_slopes = estimator(family_effects.mixed_slopes)
measured_slopes = estimator(measurement_error.measured_slopes)
rank_by_gemeente = estimator(mobility.rank_by_gemeente)
named_regions = estimator(mobility.named_regions)
slope_by_cohort = estimator(mobility.slope_by_cohort)
linearity_test = estimator(movers.linearity_test)
movers_by_age = estimator(movers.movers_by_age)
movers_slope = estimator(movers.movers_slope)
movers_variants = estimator(movers.movers_variants)
placebo_after = estimator(movers.placebo_after)
both_designs = estimator(movers_and_siblings.both_designs)
neighbourhood_regressions = estimator(neighbourhood_panel.neighbourhood_regressions)
linear_in_means = estimator(reflection.linear_in_means)
rank_sets = estimator(shrinkage.rank_sets)
shrunken = estimator(shrinkage.shrunken)
naive_slopes = estimator(siblings.naive_slopes)
nonlinear_slope = estimator(siblings.nonlinear_slope)
sibling_slope = estimator(siblings.sibling_slope)
slope_by_mix = estimator(siblings.slope_by_mix)
slopes_by_age = estimator(siblings.slopes_by_age)
