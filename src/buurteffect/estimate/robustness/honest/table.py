"""The table of honest inference: one row per bound, nested, and the value at which the finding breaks down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.robustness.honest.path import HonestPath

_FIRST, _RATIO = 0.02, 1.25
"""First rung of the ladder of bounds over which intervals are united, and how much longer each next one is."""

_PRECISION = 1e-6


@dataclass(frozen=True)
class Bounded:
    """What is left under one bound: an estimate, its standard error, and the ends of the interval."""

    estimate: float
    std_error: float
    low: float
    high: float

    @property
    def holds_zero(self) -> bool:
        """Whether the interval includes no effect."""
        return self.low <= 0 <= self.high

    def united(self, other: Bounded) -> Bounded:
        """Return the same estimate with the smallest interval that holds both."""
        return Bounded(self.estimate, self.std_error, min(self.low, other.low), max(self.high, other.high))


def nested_bounds(
    interval: Callable[[float], Bounded], bounds: Sequence[float], unit: float, most: float
) -> tuple[list[Bounded], float]:
    """Return the interval under each bound, united with those under all smaller ones, and the breakdown value.

    What a smaller bound allows a larger one allows too, but an interval chosen anew for each bound may shrink as the
    bound grows; the union covers at least as often. It is taken over the bounds asked for and a ladder from 0 on.

    Parameters
    ----------
    interval : callable
        The interval under one bound by itself; continuous in the bound.
    bounds : sequence of float
        Bounds asked for.
    unit : float
        Scale of the ladder.
    most : float
        Beyond this bound the breakdown value is infinite.

    Returns
    -------
    list of Bounded, float
        In the order of `bounds`; and the smallest bound at which the interval includes no effect: 0 only if it does
        so with no violation at all.

    Raises
    ------
    EstimationError
        If a bound is below 0 or not finite.
    """
    odd = [f"{bound:g}" for bound in bounds if not 0 <= bound < np.inf]
    if odd:
        raise EstimationError(f"a bound on violations of parallel trends is 0 or more and finite, found {odd[0]}")
    rung, places, made = _FIRST * unit, sorted({0.0, *map(float, bounds)}), {}
    breakdown, before, hull = np.inf, 0.0, interval(0.0)
    while places or (np.isinf(breakdown) and before < most):
        here = places.pop(0) if places and places[0] <= rung else rung
        rung *= _RATIO if here == rung else 1
        hull = interval(here).united(hull)
        made[here] = hull
        if np.isinf(breakdown) and hull.holds_zero:
            breakdown = here and _crossing(interval, before, here)
        before = here
    return [made[float(bound)] for bound in bounds], float(breakdown)


def _crossing(interval: Callable[[float], Bounded], clear: float, holding: float) -> float:
    """Return the bound at which the interval first touches 0, between one where it is clear of it and one not."""
    above = interval(clear).low > 0

    def gap(bound: float) -> float:
        found = interval(bound)
        return found.low if above else -found.high

    root = float(optimize.brentq(gap, clear, holding, xtol=_PRECISION * holding))
    return max(root, float(np.nextafter(clear, holding)))


def honest_table(
    estimate: EffectEstimate,
    path: HonestPath,
    bounds: Sequence[float],
    found: tuple[Sequence[Bounded], float],
    *,
    restriction: str,
    method: str,
    software: str,
) -> EffectEstimate:
    """Return intervals per bound as a table of effects.

    Parameters
    ----------
    estimate : EffectEstimate
        The event study they rest on, whose covariance and degrees of freedom they take.
    path : HonestPath
        What was taken from it.
    bounds : sequence of float
        Bounds asked for.
    found : (sequence of Bounded, float)
        From `nested_bounds`.
    restriction, method, software : str
        What was restricted, how and by what it was computed.
    """
    rows, breakdown = found
    made = estimate.derive(
        ["parallel trends", *(f"{restriction} {bound:g}" for bound in bounds), "breakdown value"],
        [path.point, *(row.estimate for row in rows), breakdown],
        [path.std_error, *(row.std_error for row in rows), np.nan],
        method=f"{method}, united with those under smaller bounds; {path.words}; on: {estimate.method}",
        convention="intervals hold whatever violation of parallel trends the bound allows; first row as usual; "
        f"covariance and degrees of freedom of the event study ({estimate.error_convention})",
        remarks={"bound": [np.nan, *bounds, np.nan]},
        software=software,
    )
    inner = made.frame.index[1:-1]
    made.frame.loc[inner, "ci_low"] = [row.low for row in rows]
    made.frame.loc[inner, "ci_high"] = [row.high for row in rows]
    made.frame.loc[inner, "p_value"] = np.nan
    return made
