"""Means, variances, quantiles and ranks of many weighted samples at once.

Everywhere `weights` is an array of draws by units: how often a unit occurs in a draw. A figure for a draw is
the figure of the sample in which each unit is repeated that often.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SNAP = 1e-9  # a quantile's place this close to a whole number is that number, whatever the rounding says
_STRETCH = 64  # units summed through where a running sum is read


def mean(weights: Floats, values: Floats) -> Floats:
    """Return the means of the columns of `values` (units by columns, NaN left out): draws by columns.

    Examples
    --------
    >>> mean(np.array([[1.0, 3.0]]), np.array([[0.0], [4.0]]))
    array([[3.]])
    """
    present = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = (weights @ np.where(present, values, 0.0)) / (weights @ present.astype(float))
    return result


def variance(weights: Floats, values: Floats) -> Floats:
    """Return the variances (denominator n − 1) of the columns of `values`, NaN left out: draws by columns."""
    present = np.isfinite(values)
    centred = _centred(values, present)
    with np.errstate(invalid="ignore", divide="ignore"):
        n = weights @ present.astype(float)
        result: Floats = (weights @ centred**2 - (weights @ centred) ** 2 / n) / (n - 1)
    return np.where(n > 1, np.maximum(result, 0.0), np.nan)


def covariance(weights: Floats, values: Floats) -> Floats:
    """Return the covariances between columns over the units that have both: draws by columns by columns.

    The denominator is n − 1 with n the units that have both values, and the means are over the same units.
    """
    present = np.isfinite(values)
    centred = _centred(values, present)
    columns = values.shape[1]
    first, second = np.triu_indices(columns)
    both = present[:, first] & present[:, second]
    left, right = centred[:, first] * both, centred[:, second] * both
    with np.errstate(invalid="ignore", divide="ignore"):
        n = weights @ both.astype(float)
        pairs = (weights @ (left * right) - (weights @ left) * (weights @ right) / n) / (n - 1)
    result = np.empty((len(weights), columns, columns))
    result[:, first, second] = pairs
    result[:, second, first] = pairs
    return result


def quantiles(weights: Floats, values: Floats, probabilities: Sequence[float]) -> Floats:
    """Return quantiles of `values` (units, without NaN): draws by probabilities.

    Linear between order statistics, at place (n − 1)p from 0, as pandas and numpy do it.
    """
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    running = RunningSum.along(np.take(weights, order, axis=1))
    result = np.empty((len(weights), len(probabilities)))
    for column, probability in enumerate(probabilities):
        place = (running.total - 1) * probability
        place = np.where(np.abs(place - np.round(place)) < _SNAP, np.round(place), place)
        below = np.floor(place)
        low, high = ascending[running.first_above(below)], ascending[running.first_above(np.ceil(place))]
        result[:, column] = low + (high - low) * (place - below)
    return np.where(running.total[:, None] > 0, result, np.nan)


@dataclass(frozen=True, eq=False)
class RunningSum:
    """Running sums along the units of many draws, read at a few places only.

    The sums are kept per stretch of units, and a stretch is summed through only where it is read: several times
    faster than running through all units of all draws.

    Parameters
    ----------
    parts : ndarray
        Weights, draws by stretches by units in a stretch.
    ends : ndarray
        Sum up to the end of each stretch, draws by stretches.
    units_count : int
        Number of units.
    """

    parts: Floats
    ends: Floats
    units_count: int

    @classmethod
    def along(cls, weights: Floats) -> RunningSum:
        """Sum `weights` (draws by units) in the order of the units."""
        draws, units = weights.shape
        stretches = max(1, -(-units // _STRETCH))
        padded = np.zeros((draws, stretches * _STRETCH))
        padded[:, :units] = weights
        parts = padded.reshape(draws, stretches, _STRETCH)
        return cls(parts, np.cumsum(parts.sum(axis=2), axis=1), units)

    @property
    def total(self) -> Floats:
        """Sum over all units, per draw."""
        return np.asarray(self.ends[:, -1])

    def first_above(self, level: Floats) -> NDArray[np.intp]:
        """Return for each draw the first unit at which the running sum exceeds `level`; the last if none does."""
        stretch = np.minimum((self.ends <= level[:, None]).sum(axis=1), self.ends.shape[1] - 1)
        part, before = self._read(stretch)
        steps = (np.cumsum(part, axis=1) <= (level - before)[:, None]).sum(axis=1)
        return np.asarray(np.minimum(stretch * _STRETCH + steps, self.units_count - 1))

    def upto(self, unit: NDArray[np.intp]) -> Floats:
        """Return for each draw the sum over the units before `unit`."""
        stretch = np.minimum(unit // _STRETCH, self.ends.shape[1] - 1)
        part, before = self._read(stretch)
        within = np.arange(_STRETCH) < (unit - stretch * _STRETCH)[:, None]
        return np.asarray(before + (part * within).sum(axis=1))

    def _read(self, stretch: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Return one stretch of each draw, and the sum before it."""
        rows = np.arange(len(stretch))
        before = np.where(stretch > 0, self.ends[rows, np.maximum(stretch - 1, 0)], 0.0)
        return self.parts[rows, stretch], before


def ranks(weights: Floats, values: Floats) -> Floats:
    """Return the mid-rank of each unit of `values` (without NaN) in each draw, 1 the lowest: draws by units."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    cumulative = np.zeros((len(weights), len(values) + 1))
    np.cumsum(weights[:, order], axis=1, out=cumulative[:, 1:])
    below = np.searchsorted(ascending, values, side="left")
    upto = np.searchsorted(ascending, values, side="right")
    result: Floats = (cumulative[:, below] + cumulative[:, upto] + 1) / 2
    return result


def correlation(weights: Floats, left: Floats, right: Floats) -> Floats:
    """Return the correlation of `left` and `right` (draws by units each, without NaN) in each draw."""
    n = weights.sum(axis=1)
    left = left - (_dot(weights, left) / n)[:, None]
    right = right - (_dot(weights, right) / n)[:, None]
    weighted = weights * left
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = _dot(weighted, right) / np.sqrt(_dot(weighted, left) * _dot(weights, right**2))
    return result


def _dot(left: Floats, right: Floats) -> Floats:
    """Return the row-wise inner product."""
    return np.asarray(np.einsum("ij,ij->i", left, right))


def _centred(values: Floats, present: NDArray[np.bool_]) -> Floats:
    """Subtract each column's plain mean, so that sums of squares lose no digits; 0 where there is no value."""
    filled = np.where(present, values, 0.0)
    means = filled.sum(axis=0) / np.maximum(present.sum(axis=0), 1)
    return np.asarray(np.where(present, filled - means, 0.0))
