"""McCrary's test of a jump of a density at a cut, the sign of manipulation."""

from __future__ import annotations

import numpy as np
from scipy import stats

from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.weighted_stats import Floats

_BINS = 10
"""Bins within the bandwidth on each side."""


def density_jump(distance: Floats, width: float, alpha: float = 0.05) -> dict[str, float]:
    r"""Return the log of the density just below a cut over that just above it.

    The density on each side is a local line through the shares of units in narrow bins, taken at the cut, with
    triangular weights up to the bandwidth h; with :math:`f_-` and :math:`f_+` the two,

    .. math:: θ = \ln f_- - \ln f_+, \quad se = \sqrt{\frac{24}{5 n h} (1/f_- + 1/f_+)}

    (McCrary 2008, doi:10.1016/j.jeconom.2007.05.005). A density that slopes at the cut is no jump.

    Parameters
    ----------
    distance : ndarray
        Score less the cut; the whole of it, also what lies beyond the bandwidth.
    width : float
        Bandwidth.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    dict of str to float
        ``estimate, std_error, ci_low, ci_high, p_value, below_count, above_count``. Where a side is empty at the cut
        its density is taken as that of one unit within the bandwidth, there is no interval, and the p-value is that of
        the numbers within half the bandwidth on both sides (binomial).

    Examples
    --------
    >>> even = np.linspace(-1, 1, 2000)
    >>> round(abs(density_jump(even, 0.4)["estimate"]), 2)
    0.0
    """
    near = np.abs(distance) < width
    counts = {"below_count": int((near & (distance < 0)).sum()), "above_count": int((near & (distance >= 0)).sum())}
    names = ("estimate", "std_error", "ci_low", "ci_high", "p_value")
    below, above = (_at_cut(side, len(distance), width) for side in (-distance[distance < 0], distance[distance >= 0]))
    least = 1 / (len(distance) * width)
    if min(below, above) <= least:
        jump = float(np.log(max(below, least)) - np.log(max(above, least)))
        return dict(zip(names, (jump, *[np.nan] * 3, _by_numbers(distance, width)), strict=True)) | counts
    jump = float(np.log(below) - np.log(above))
    error = float(np.sqrt(24 / (5 * len(distance) * width) * (1 / below + 1 / above)))
    chance = float(2 * stats.norm.sf(abs(jump) / error))
    return dict(zip(names, (jump, error, *interval(jump, error, alpha=alpha), chance), strict=True)) | counts


def _at_cut(side: Floats, count: int, width: float) -> float:
    """Return the density at the cut from one side, distances from it positive."""
    step = width / _BINS
    shares = np.histogram(side, bins=_BINS, range=(0.0, width))[0] / (count * step)
    middles = (np.arange(_BINS) + 0.5) * step
    weight = 1 - middles / width
    design = np.column_stack([np.ones(_BINS), middles])
    return float(solve_system((design * weight[:, None]).T @ design, (design * weight[:, None]).T @ shares)[0])


def _by_numbers(distance: Floats, width: float) -> float:
    """Return how rare so uneven numbers within half the bandwidth would be if both sides were alike."""
    near = distance[np.abs(distance) < width / 2]
    return float(stats.binomtest(int((near < 0).sum()), len(near)).pvalue) if len(near) else float("nan")
