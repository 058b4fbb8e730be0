"""An event study as honest inference needs it: the path before the base, the path after it, and what is asked of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats


@dataclass(frozen=True, eq=False)
class HonestPath:
    """Effects before and after a base, their covariance, and the average of them that is wanted.

    Parameters
    ----------
    before, after : ndarray
        Effects before the base (the last one nearest to it) and after it.
    covariance : ndarray
        Covariance of both, in this order.
    weights : ndarray
        Weight of each effect after the base in the average that is wanted; they add up to 1.
    wanted : str
        The average in words.
    """

    before: Floats
    after: Floats
    covariance: Floats
    weights: Floats
    wanted: str

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
        start = len(self.before)
        return float(np.sqrt(self.weights @ self.covariance[start:, start:] @ self.weights))

    @property
    def before_steps(self) -> Floats:
        """Steps of the path before the base, the last one into it, as a matrix on the effects before it."""
        size = len(self.before)
        return np.eye(size, k=1) - np.eye(size)

    @property
    def after_steps(self) -> Floats:
        """Steps of the path after the base, the first one out of it, as a matrix on the effects after it."""
        size = len(self.after)
        return np.eye(size) - np.eye(size, k=-1)


def honest_path(
    estimate: EffectEstimate, window: tuple[int, int] | None = None, reach: tuple[int, int] | None = None
) -> HonestPath:
    """Take the path out of an event study.

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with a covariance and one base: the row of event times with error 0.
    window : (int, int), optional
        The event times whose mean is wanted, ends included; all from 0 on when not given.
    reach : (int, int), optional
        The event times that are used at all; thin cohorts at either end make every answer wide.

    Raises
    ------
    EstimationError
        If there is no covariance, no single base, nothing before it, or nothing in the window.
    """
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
            f"honest inference needs event times before the base {base} and from {low} to {high}; there are "
            f"{', '.join(map(str, moments))}"
        )
    point = estimate.frame["estimate"].to_numpy()
    covariance = estimate.covariance[np.ix_(order, order)]
    split = int((moments < base).sum())
    wanted = f"mean of event times {low}–{high}"
    return HonestPath(point[order[:split]], point[order[split:]], covariance, inside / inside.sum(), wanted)
