"""Intervals and p-values of single estimates: the one place where a quantile of t or normal is taken."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats


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
