"""The regression of changes among units compared, and how much each of them moves a prediction from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from buurteffect.estimate.core.weighted_stats import Floats

_COLLINEAR = 1e-10  # share of the largest singular value below which columns are taken as collinear


@dataclass(frozen=True, eq=False)
class PoolRegression:
    """Weighted least squares of changes on covariates with a constant.

    Parameters
    ----------
    given : ndarray
        Covariates with a constant, shape (units, columns).
    weights : ndarray
        Of the units.
    bread : ndarray
        Inverse of the weighted cross product of the columns.
    coefficients, residual : ndarray
        Of the columns, and of the units.
    """

    given: Floats
    weights: Floats
    bread: Floats
    coefficients: Floats
    residual: Floats

    def leverage(self, means: Floats) -> Floats:
        """Return how much each unit moves the prediction at given means of the columns: w_i x_i'(X'WX)⁻¹ means."""
        return np.asarray((self.given @ (self.bread @ means)) * self.weights)


def regress_pool(given: Floats, change: Floats, weights: Floats) -> PoolRegression | None:
    """Fit changes of units on columns, or return None where the columns are collinear or too many.

    Columns are brought to one scale first, so that units of measurement do not decide what is collinear.
    """
    scale = np.sqrt((given**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    root = np.sqrt(weights)
    left, values, right = np.linalg.svd(given / scale * root[:, None], full_matrices=False)
    if len(given) < given.shape[1] or values[-1] <= _COLLINEAR * values[0]:
        return None
    turned = right.T / values / scale[:, None]
    coefficients = turned @ (left.T @ (root * change))
    return PoolRegression(given, weights, turned @ turned.T, coefficients, change - given @ coefficients)
