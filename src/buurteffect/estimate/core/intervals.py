"""Intervals and p-values of single estimates and of ratios: the one place where a quantile of t or normal is taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from buurteffect.errors import EstimationError

NO_VARIATION = "no error where nothing varies, as with one unit against one"

_ROUNDED = 1e-12


def critical_value(alpha: float = 0.05, degrees: Any = np.inf) -> Any:
    """Return the 1 − α/2 quantile of the t distribution: half the width of a two-sided interval, in standard errors.

    For a one-sided test at α, or an interval at the level 1 − 2α, pass 2α.

    Parameters
    ----------
    alpha : float
        One minus the confidence level.
    degrees : float or ndarray
        Degrees of freedom; infinite for the normal.

    Examples
    --------
    >>> round(critical_value(), 2), round(critical_value(0.05, 9), 2), round(critical_value(2 * 0.05), 2)
    (1.96, 2.26, 1.64)
    """
    value = stats.t.ppf(1 - alpha / 2, degrees)
    return value if np.ndim(value) else float(value)


def interval(point: Any, error: Any, degrees: Any = np.inf, alpha: float = 0.05) -> tuple[Any, Any]:
    """Return the ends of a confidence interval: the estimate ± t_{1−α/2} standard errors.

    Parameters
    ----------
    point, error : float, ndarray or Series
        Estimates and their standard errors; the ends have their form.
    degrees : float
        Degrees of freedom of t; infinite for the normal.
    alpha : float
        One minus the confidence level.

    Examples
    --------
    >>> low, high = interval(0.3, 0.1, degrees=9)
    >>> round(low, 3), round(high, 3)
    (0.074, 0.526)
    """
    reach = critical_value(alpha, degrees) * error
    return point - reach, point + reach


def p_value(point: ArrayLike, error: ArrayLike, degrees: float = np.inf, null: float = 0.0) -> NDArray[np.float64]:
    """Return two-sided p-values against a null; missing where there is no error above 0.

    Examples
    --------
    >>> p_value([0.3, 0.0], [0.1, 0.0]).round(3)
    array([0.003,   nan])
    """
    gap, spread = np.asarray(point, dtype=float) - null, np.asarray(error, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(spread > 0, 2 * stats.t.sf(np.abs(gap / spread), degrees), np.nan)


@dataclass(frozen=True)
class Ratio:
    """A ratio of two estimates.

    Attributes
    ----------
    estimate, std_error : float
        Numerator over denominator, and its error by the delta method.
    ci_low, ci_high : float
        Fieller's interval; missing where it is not bounded, since the denominator is not told from zero.
    bounded : bool
        Whether the interval has two ends.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    bounded: bool


def fieller_ratio(
    top: float, bottom: float, covariance: np.ndarray, degrees: float = np.inf, alpha: float = 0.05
) -> Ratio:
    r"""Return a ratio with Fieller's interval (1954, doi:10.1111/j.2517-6161.1954.tb00159.x).

    The values :math:`ρ` for which :math:`(a - ρ b)^2 ≤ t^2 (v_{aa} - 2 ρ v_{ab} + ρ^2 v_{bb})`: those that a test of
    :math:`a - ρ b = 0` does not refuse. Where :math:`b` itself is not told from zero these are no interval, and none
    is given; the delta method would print one all the same.

    Parameters
    ----------
    top, bottom : float
        Estimates a and b.
    covariance : ndarray, shape (2, 2)
        Of a and b.
    degrees : float
        Degrees of freedom of t.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If an input is missing, the denominator is zero, or the matrix is no covariance.

    Examples
    --------
    >>> found = fieller_ratio(1.0, 2.0, np.diag([0.01, 0.01]))
    >>> [round(float(value), 3) for value in (found.estimate, found.ci_low, found.ci_high)]
    [0.5, 0.395, 0.615]
    """
    matrix = np.asarray(covariance, dtype=float)
    if matrix.shape != (2, 2) or not np.isfinite([top, bottom, *matrix.ravel()]).all() or bottom == 0:
        raise EstimationError("a ratio needs two estimates, a denominator other than zero, and their covariance")
    if matrix[0, 0] < 0 or matrix[1, 1] < 0 or matrix[0, 1] ** 2 > matrix[0, 0] * matrix[1, 1] * (1 + 1e-6):
        raise EstimationError("the matrix given for two estimates is no covariance")
    value, t2 = top / bottom, critical_value(alpha, degrees) ** 2
    error = np.sqrt(max(matrix[0, 0] - 2 * value * matrix[0, 1] + value**2 * matrix[1, 1], 0.0)) / abs(bottom)
    square = bottom**2 - t2 * matrix[1, 1]
    if square <= 0:
        return Ratio(value, float(error), np.nan, np.nan, False)
    middle = top * bottom - t2 * matrix[0, 1]
    reach = float(np.sqrt(max(middle**2 - square * (top**2 - t2 * matrix[0, 0]), 0.0)))
    return Ratio(value, float(error), (middle - reach) / square, (middle + reach) / square, True)


def rounding(outcome: ArrayLike) -> float:
    """Return what counts as 0 in a figure with an outcome's unit: a trillionth of its largest value."""
    return _ROUNDED * float(np.abs(outcome).max(initial=0))


def without_rounding(
    points: ArrayLike, covariance: NDArray[np.float64], least: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], str]:
    """Return estimates and their covariance without errors that are rounding, and in words whether some are not known.

    An estimate with an error of no more than rounding does not vary: it is 0 by construction or rounding and has error
    0, or it is not 0, as with one treated unit against one other, and then its error is not known.

    Parameters
    ----------
    points : array_like
        The estimates.
    covariance : ndarray
        Their covariance; errors that are missing stay so.
    least : array_like
        What counts as rounding, for all estimates or for each.

    Examples
    --------
    >>> points, covariance, _ = without_rounding([1e-17, 2.0, 3.0], np.diag([1e-34, 1e-34, 4.0]), 1e-12)
    >>> points.tolist(), np.diag(covariance).tolist()
    ([0.0, 2.0, 3.0], [0.0, nan, 4.0])
    """
    made, spread = np.asarray(points, dtype=float), np.array(covariance, dtype=float)
    still = np.diag(spread) <= np.square(np.broadcast_to(least, made.shape))
    made = np.where(still & (np.abs(made) <= least), 0.0, made)
    spread[still, :] = spread[:, still] = 0.0
    unknown = still & (made != 0)
    spread[unknown, unknown] = np.nan
    return made, spread, f"; {NO_VARIATION}" if unknown.any() else ""
