"""An event study as honest inference needs it: the path before the base, the path after it, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats

Per = Literal["unit of time", "published figure"]
"""What the bounds count: units of event time between two figures, or each figure as one step."""

PER_TIME: Per = "unit of time"
PER_FIGURE: Per = "published figure"

_YEARS = "years_since_start"
_EVEN = 1e-6


@dataclass(frozen=True, eq=False)
class HonestPath:
    """Effects before and after a base, their covariance, and the average of them that is wanted.

    Parameters
    ----------
    before, after : ndarray
        Effects before the base (the last one nearest to it) and after it.
    covariance : ndarray
        Covariance of both, in this order, times ``widening`` squared.
    lengths : ndarray
        Length of each step from figure to figure: those before the base, the last one into it, then those after it.
    weights : ndarray
        Weight of each effect after the base in the average that is wanted; they add up to 1.
    alpha : float
        One minus the confidence level.
    widening : float
        Quantile of t over quantile of the normal: with errors this much larger, normal intervals are those of t.
    words : str
        The average, the length of a step, and the degrees of freedom.
    """

    before: Floats
    after: Floats
    covariance: Floats
    lengths: Floats
    weights: Floats
    alpha: float = 0.05
    widening: float = 1.0
    words: str = ""

    @property
    def effects(self) -> Floats:
        """Effects before and after the base."""
        return np.concatenate([self.before, self.after])

    @property
    def point(self) -> float:
        """The average that is wanted, if trends were parallel."""
        return float(self.weights @ self.after)

    @property
    def std_error(self) -> float:
        """Its standard error."""
        return self.error_of(np.concatenate([np.zeros(len(self.before)), self.weights]))

    def error_of(self, combination: Floats) -> float:
        """Return the standard error of a linear combination of the effects."""
        variance = float(combination @ self.covariance @ combination)
        return float(np.sqrt(max(variance, 0.0)) / self.widening)

    @property
    def before_steps(self) -> Floats:
        """Changes per unit of time before the base, the last one into it, as a matrix on the effects before it."""
        size = len(self.before)
        return (np.eye(size, k=1) - np.eye(size)) / self.lengths[:size, None]

    @property
    def after_steps(self) -> Floats:
        """Changes per unit of time after the base, the first one out of it, as a matrix on the effects after it."""
        size = len(self.after)
        return (np.eye(size) - np.eye(size, k=-1)) / self.lengths[-size:, None]


def honest_path(
    estimate: EffectEstimate,
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    per: Per = PER_TIME,
) -> HonestPath:
    """Take the path out of an event study.

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with a covariance and one base: the row of event times with error 0. Its degrees of freedom
        enter by the quantile of t: variances are multiplied by (t / z)², so that normal intervals are those of t.
    window : (int, int), optional
        The event times whose mean is wanted, ends included; all from 0 on when not given.
    reach : (int, int), optional
        The event times that are used at all; thin cohorts at either end make every answer wide.
    per : {"unit of time", "published figure"}
        Whether breaks and bends count per unit of event time, so that a gap of three years may break three times as
        much as one of a year; or per figure, whatever the time between two of them.

    Raises
    ------
    EstimationError
        If there is no covariance, no single base, nothing before it, or nothing in the window; or if event times are
        steps that last unequally many years, and bounds are asked for per unit of time.
    CallError
        If `per` is another.
    """
    if per not in (PER_TIME, PER_FIGURE):
        raise CallError(f"per must be {PER_TIME!r} or {PER_FIGURE!r}, found {per!r}")
    if estimate.covariance is None:
        raise EstimationError("honest inference needs the covariance of an event study; this estimate has none")
    rows = estimate.frame.reset_index(drop=True)
    rows = rows[rows["event_time"].notna() & rows["cohort"].isna()].sort_values("event_time")
    if reach is not None:
        rows = rows[rows["event_time"].between(*reach)]
    moments = rows["event_time"].to_numpy(dtype=int)
    fixed = rows["std_error"].to_numpy() == 0
    if fixed.sum() != 1:
        raise EstimationError(
            f"honest inference needs one base, an event time with error 0; found {int(fixed.sum())}: use an event "
            "study with a universal base, and leave out event times beyond the base of the other cohorts"
        )
    base = int(moments[fixed][0])
    places = rows.index.to_numpy()
    order = np.concatenate([places[moments < base], places[moments > base]])
    low, high = window if window is not None else (0, int(moments.max()))
    inside = (moments[moments > base] >= low) & (moments[moments > base] <= high)
    if not (moments < base).any() or not inside.any():
        raise EstimationError(
            f"honest inference needs event times before the base {base} and from {low} "
            f"{'on' if window is None else f'to {high}'}; there are {', '.join(map(str, moments))}"
        )
    if per == PER_TIME and _YEARS in rows:
        _check_even(np.diff(rows[_YEARS].to_numpy(dtype=float)))
    lengths = np.diff(moments).astype(float) if per == PER_TIME else np.ones(len(moments) - 1)
    alpha = 0.05 if estimate.design is None else estimate.design.alpha
    widening = critical_value(alpha, estimate.degrees) / critical_value(alpha)
    point = estimate.frame["estimate"].to_numpy()
    split = int((moments < base).sum())
    words = f"mean of event times {low}–{high}; a step is " + (
        "one unit of event time" if per == PER_TIME else "one published figure, whatever the time between two of them"
    )
    if np.isfinite(estimate.degrees):
        words += (
            f"; variances × {widening**2:.2f}, so that intervals are those of t with {estimate.degrees:.1f} degrees"
        )
    return HonestPath(
        point[order[:split]],
        point[order[split:]],
        estimate.covariance[np.ix_(order, order)] * widening**2,
        lengths,
        inside / inside.sum(),
        alpha,
        widening,
        words,
    )


def _check_even(years: Floats) -> None:
    """Refuse steps that last unequally many years."""
    if np.ptp(years) > _EVEN:
        raise EstimationError(
            f"event times are steps between published figures that lie {years.min():.1f} to {years.max():.1f} years "
            f"apart, so that a break per unit of time is not one per step: say per={PER_FIGURE!r} if each figure is to "
            "count as one step whatever the years between, or take an event study in years"
        )
