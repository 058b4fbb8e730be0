"""Where a criterion of one number is least, with what scipy's search may hide said aloud."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize

from buurteffect.errors import EstimationError

_EDGE = 1e-3  # share of what is looked at within which the end of the search counts as its upper end
_SAME = 1e-12  # relative difference of a criterion that is rounding


def least_point(criterion: Callable[[float], float], low: float, high: float, tolerance: float, what: str) -> float:
    """Return where a criterion is least between two ends, by scipy's bounded search (Brent).

    Parameters
    ----------
    criterion : callable
        Of one number.
    low, high : float
        The ends.
    tolerance : float
        How near to the least point the search must come.
    what : str
        What is searched for, in words, for refusals.

    Raises
    ------
    EstimationError
        If the search does not converge, the criterion is the same everywhere, or it still falls at the upper end.

    Examples
    --------
    >>> round(least_point(lambda at: (at - 2) ** 2, 0.0, 5.0, 1e-8, "the scale"), 6)
    2.0
    """
    found = optimize.minimize_scalar(criterion, bounds=(low, high), method="bounded", options={"xatol": tolerance})
    best = float(found.x)
    if not found.success or not np.isfinite(found.fun):
        raise EstimationError(f"the search for {what} did not converge: {found.message}")
    ends = [criterion(low + share * (high - low)) for share in (1e-6, 0.25, 0.75, 1 - 1e-6)]
    if np.ptp([*ends, found.fun]) <= _SAME * max(1.0, abs(float(found.fun))):
        raise EstimationError(f"these rows say nothing about {what}: every value fits them equally well")
    if best > high - _EDGE * (high - low):
        raise EstimationError(f"the search for {what} ended at {best:.3g}, the largest value looked at")
    return best
