"""Panel regressions, instrumental variables and decompositions of two-way fixed effects."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.regression import bacon, dose, ols_iv, threshold_regression
from buurteffect.estimate.regression.bacon import BaconDecomposition
from buurteffect.estimate.regression.ols_iv import Equation, Solution
from buurteffect.estimate.regression.threshold_regression import Threshold

__all__ = [
    "BaconDecomposition",
    "Equation",
    "Solution",
    "Threshold",
    "bacon_decomposition",
    "dose_regressions",
    "solve",
    "threshold",
    "within_spread",
]

bacon_decomposition = estimator(bacon.bacon_decomposition)
dose_regressions = estimator(dose.dose_regressions)
within_spread = estimator(dose.within_spread)
threshold = estimator(threshold_regression.threshold)
solve = estimator(ols_iv.solve)
