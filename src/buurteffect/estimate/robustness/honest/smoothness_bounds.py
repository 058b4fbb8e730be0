"""Honest inference under smoothness: what is left if a difference in trends bends at most so much a unit of time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import optimize, special

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import least_squares
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.robustness.honest.path import PER_TIME, HonestPath, Per, honest_path
from buurteffect.estimate.robustness.honest.table import Bounded, honest_table, nested_bounds

_NEWTON = 8
"""Steps of Newton's method; from its start five give all digits."""

_MOST = 1e6
"""Beyond this many standard errors a breakdown value is reported as infinite."""


def smoothness(
    estimate: EffectEstimate,
    bounds: Sequence[float],
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    per: Per = PER_TIME,
) -> EffectEstimate:
    r"""Return intervals of fixed length that hold if the slope of the difference in trends changes at most M a year.

    With δ the difference in trends and steps from t₀ to t₁ to t₂, the restriction is

    .. math::

        \left|\frac{δ_2 - δ_1}{t_2 - t_1} - \frac{δ_1 - δ_0}{t_1 - t_0}\right| \le M \frac{t_2 - t_0}{2},

    which with equal steps of 1 is |(δ_{t+1} − δ_t) − (δ_t − δ_{t−1})| ≤ M (Rambachan & Roth 2023,
    doi:10.1093/restud/rdad018, section 4.1). M = 0 allows any straight line. The interval is that of the affine
    estimator whose interval is shortest when it allows for its largest bias.

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with its covariance and a base.
    bounds : sequence of float
        Values of M, in units of the outcome per unit of time, or per step.
    window, reach, per
        As in `honest_path`.

    Returns
    -------
    EffectEstimate
        One row for the average as estimated, one per bound (``estimate`` is that of the affine estimator, which takes
        the trend before the base into account; ``ci_low`` and ``ci_high`` the interval), and one with the
        ``breakdown value``: the smallest M at which the interval includes 0.

    Raises
    ------
    EstimationError
        If a bound is below 0, or the covariance leaves the estimate no error; or see `honest_path`.
    """
    path = honest_path(estimate, window, reach, per)
    shortest = _Shortest(path)
    found = nested_bounds(shortest.interval, bounds, path.std_error, _MOST * path.std_error)
    return honest_table(
        estimate,
        path,
        bounds,
        found,
        restriction="smoothness",
        method="Rambachan & Roth (2023, doi:10.1093/restud/rdad018): smoothness, fixed-length interval",
        software=software_versions("numpy", "scipy"),
    )


class _Shortest:
    r"""The affine estimator with the shortest interval, a linear combination v of the effects.

    After the base v holds the weights that are wanted. Before it, v is the change of slope of a broken line c that is 0
    at the first time and Σ l t at the base, which makes every straight line drop out. A change of slope of δ by κ at a
    time moves the estimate by κ c there, so that the largest bias is M Σ a |c| with a half the length of both steps.
    Half the interval, σ cv(bias / σ) with cv the quantile of |N(·, 1)|, is convex in c.
    """

    def __init__(self, path: HonestPath) -> None:
        """Take the path apart: v = fixed + free @ c, without errors where trends are straight."""
        size, lengths = len(path.before), path.lengths
        after = np.cumsum(lengths[size:])
        room = (lengths[:-1] + lengths[1:]) / 2
        target = float(path.weights @ after)
        beyond = np.maximum(after - after[:-1, None], 0) @ path.weights
        steps = np.eye(size) - np.eye(size, k=-1)
        lines = np.vstack([steps @ (steps / lengths[:size, None]), np.zeros((len(after), size))])
        self.path, self.free, self.room = path, lines[:, :-1], room[: size - 1]
        self.fixed = lines[:, -1] * target + np.concatenate([np.zeros(size), path.weights])
        self.bias = float(room[size - 1] * target + room[size:] @ beyond)
        self.scale = path.widening * path.std_error
        self.start = np.zeros(size - 1)
        if size > 1:
            spread = self.free.T @ path.covariance
            self.start = -least_squares(spread @ self.free, spread @ self.fixed)
        if self._error(self.start)[0] <= 1e-8 * self.scale:
            raise EstimationError(
                "the covariance of the event study leaves the effect no error once straight trends are taken out: "
                "fewer clusters than event times; pass reach=(first, last) to use fewer of them"
            )

    def interval(self, bound: float) -> Bounded:
        """Return the interval under one bound."""
        line = self.start
        if bound > 0 and len(line):
            parts = np.concatenate([np.maximum(line, 0), np.maximum(-line, 0)])
            best = optimize.minimize(
                self._half,
                parts,
                args=(bound,),
                jac=True,
                method="SLSQP",
                bounds=[(0, None)] * len(parts),
                options={"maxiter": 1000, "ftol": 1e-13},
            )
            line = best.x[: len(line)] - best.x[len(line) :]
        half = self._half(np.concatenate([np.maximum(line, 0), np.maximum(-line, 0)]), bound)[0] * self.scale
        combination = self.fixed + self.free @ line
        point = float(combination @ self.path.effects)
        return Bounded(point, self.path.error_of(combination), point - half, point + half)

    def _error(self, line: Floats) -> tuple[float, Floats]:
        """Return the standard error with a broken line, and how it changes with the line."""
        combination = self.fixed + self.free @ line
        spread = self.path.covariance @ combination
        error = float(np.sqrt(max(float(combination @ spread), 0.0)))
        return error, np.asarray(self.free.T @ spread / error) if error > 0 else np.zeros(len(line))

    def _half(self, parts: Floats, bound: float) -> tuple[float, Floats]:
        """Return half the interval in standard errors, and how it changes with the line's parts above and below 0."""
        size = len(self.start)
        error, towards = self._error(parts[:size] - parts[size:])
        ratio = bound * (self.bias + float(np.tile(self.room, 2) @ parts)) / error
        value, slope = folded_quantile(ratio, self.path.alpha)
        sideways = (value - ratio * slope) * towards
        change = np.concatenate([sideways, -sideways]) + slope * bound * np.tile(self.room, 2)
        return value * error / self.scale, change / self.scale


def folded_quantile(mean: float, alpha: float) -> tuple[float, float]:
    """Return the 1 − α quantile of |N(mean, 1)|, and how it changes with the mean (0 or more).

    Examples
    --------
    >>> [round(value, 3) for value in folded_quantile(0.0, 0.05)]
    [1.96, 0.0]
    """
    value = mean + _one_sided(alpha)
    for _ in range(_NEWTON):
        beyond = special.ndtr(mean - value) + special.ndtr(-mean - value) - alpha
        near, far = np.exp(-((value - mean) ** 2) / 2), np.exp(-((value + mean) ** 2) / 2)
        value += beyond * np.sqrt(2 * np.pi) / (near + far)
    return float(value), float((near - far) / (near + far))


@lru_cache
def _one_sided(alpha: float) -> float:
    """Return the 1 − α quantile of the normal: where Newton's method starts, left of the root of a convex function."""
    return float(critical_value(2 * alpha))
