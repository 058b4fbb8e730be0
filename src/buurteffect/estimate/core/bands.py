"""Simultaneous bands: intervals that hold for a whole path of effects at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.weighted_stats import Floats

DRAWS, SEED = 100_000, 20261121
"""Number of draws behind a critical value, and the seed that makes it the same each time."""


def sup_t_critical_value(
    covariance: NDArray[np.float64],
    alpha: float = 0.05,
    degrees: float = np.inf,
    draws: int = DRAWS,
    seed: int = SEED,
) -> float:
    """Return the critical value of a band that covers all effects at once with probability 1 − alpha.

    It is the 1 − alpha quantile of max_k |Z_k| / s_k, where Z is drawn from the normal distribution (divided by a
    chi where degrees of freedom are finite) with the given covariance and s_k are its standard errors: the
    sup-t band of Montiel Olea & Plagborg-Møller (2019), doi:10.1002/jae.2656. It lies between the pointwise value
    and that of Bonferroni.

    Parameters
    ----------
    covariance : ndarray
        Covariance of the effects, shape (effects, effects). Effects with variance 0 are left out.
    alpha : float
        One minus the confidence level.
    degrees : float
        Degrees of freedom; infinite for the normal.
    draws, seed : int
        Simulation draws and their seed.

    Raises
    ------
    EstimationError
        If the matrix is not square or symmetric, has a negative or missing variance, or no effect varies.

    Examples
    --------
    >>> round(sup_t_critical_value(np.eye(2)), 2), round(sup_t_critical_value(np.ones((2, 2))), 2)
    (2.23, 1.96)
    """
    matrix = np.asarray(covariance, dtype=float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        raise EstimationError(f"a band needs a square covariance without missing values, found shape {matrix.shape}")
    scale = np.diag(matrix)
    lopsided = np.abs(matrix - matrix.T).max(initial=0) > 1e-8 * np.abs(matrix).max(initial=0)
    if (scale < 0).any() or lopsided:
        raise EstimationError("a band needs a symmetric covariance without negative variances")
    keep = scale > 0
    if not keep.any():
        raise EstimationError("no effect has an uncertainty: there is nothing to make a band of")
    errors = np.sqrt(scale[keep])
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    largest = np.abs(normal_draws(matrix[np.ix_(keep, keep)], draws, generator)).max(axis=1)
    if np.isfinite(degrees):
        largest /= np.sqrt(generator.chisquare(degrees, draws) / degrees)
    pointwise = float(critical_value(alpha, degrees))
    return max(pointwise, float(np.quantile(largest, 1 - alpha))) if len(errors) > 1 else pointwise


def normal_draws(covariance: Floats, draws: int, generator: np.random.Generator | int) -> Floats:
    """Return draws of shape (draws, effects) from the normal distribution with a covariance's correlations, variance 1.

    Negative eigenvalues from rounding count as 0. Where a seed stands in place of a generator it starts one.
    """
    if isinstance(generator, int):
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(generator)))
    errors = np.sqrt(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance / np.outer(errors, errors))
    root = np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
    return np.asarray(generator.standard_normal((draws, len(errors))) @ root)
