"""Whether an effect is too small to matter: two one-sided tests against bounds that were fixed beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.intervals import critical_value, interval


def within_bounds(
    estimate: float, std_error: float, smallest: float, degrees: float = np.inf, alpha: float = 0.05
) -> bool:
    """Return whether the interval at 1 − 2α lies within ±smallest: whether both one-sided tests at α refuse.

    False where the estimate or its error is missing.

    Examples
    --------
    >>> within_bounds(0.002, 0.005, 0.02), within_bounds(0.002, 0.05, 0.02)
    (True, False)
    """
    return bool(abs(estimate) + critical_value(2 * alpha, degrees) * std_error < smallest)


@dataclass(frozen=True)
class Equivalence:
    """Two one-sided tests of an effect against plus and minus the smallest that matters.

    Attributes
    ----------
    estimate, std_error : float
        The effect.
    smallest : float
        Smallest effect that matters, above 0.
    ci_low, ci_high : float
        Interval at the level 1 − 2α, which lies within the bounds exactly when the tests refuse both.
    p_low, p_high : float
        Of the tests that the effect is at or below −smallest, and at or above +smallest.
    p_value : float
        The larger of both.
    equivalent : bool
        Whether it is below α: the effect is too small to matter.
    alpha : float
        Level of each test.
    """

    estimate: float
    std_error: float
    smallest: float
    ci_low: float
    ci_high: float
    p_low: float
    p_high: float
    p_value: float
    equivalent: bool
    alpha: float


def equivalence(
    estimate: float, std_error: float, smallest: float, degrees: float = np.inf, alpha: float = 0.05
) -> Equivalence:
    """Test whether an effect lies within plus and minus the smallest that matters (Schuirmann 1987).

    Two one-sided t tests, doi:10.1007/BF01068419: of "effect ≤ −smallest" and of "effect ≥ smallest", each at α. That
    an effect is not told from zero is no evidence that there is none; that both are refused is.

    Parameters
    ----------
    estimate, std_error : float
        The effect, with an error above 0.
    smallest : float
        Smallest effect that matters, fixed before any estimate.
    degrees : float
        Degrees of freedom of t.
    alpha : float
        Level of each test.

    Raises
    ------
    EstimationError
        If an input is missing or not above 0 where it must be.

    Examples
    --------
    >>> equivalence(0.002, 0.005, 0.02).equivalent, equivalence(0.002, 0.05, 0.02).equivalent
    (True, False)
    """
    if not np.isfinite([estimate, std_error, smallest]).all() or std_error <= 0 or smallest <= 0:
        raise EstimationError("an equivalence test needs an effect, an error above 0 and a bound above 0")
    p_low = float(stats.t.sf((estimate + smallest) / std_error, degrees))
    p_high = float(stats.t.cdf((estimate - smallest) / std_error, degrees))
    p_value = max(p_low, p_high)
    low, high = interval(estimate, std_error, degrees, 2 * alpha)
    return Equivalence(estimate, std_error, smallest, low, high, p_low, p_high, p_value, p_value < alpha, alpha)
