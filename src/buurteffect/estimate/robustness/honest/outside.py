"""Honest inference on an event study that was estimated elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from buurteffect.errors import CallError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.robustness.honest.magnitudes import relative_magnitudes
from buurteffect.estimate.robustness.honest.path import PER_TIME, Per
from buurteffect.estimate.robustness.honest.smoothness_bounds import smoothness

MAGNITUDES, SMOOTHNESS = "relative magnitudes", "smoothness"


def event_study(
    coefficients: ArrayLike,
    covariance: ArrayLike,
    event_times: Sequence[int],
    reference: int = -1,
    alpha: float = 0.05,
    degrees: float = np.inf,
) -> EffectEstimate:
    """Return an event study from its coefficients, as this package's own event studies are.

    Parameters
    ----------
    coefficients : array_like
        One coefficient per event time, shape (times,).
    covariance : array_like
        Their covariance, shape (times, times).
    event_times : sequence of int
        The event time of each coefficient, in any order, with or without the reference.
    reference : int
        The event time that the others are measured against: effect 0, error 0.
    alpha : float
        One minus the confidence level.
    degrees : float
        Degrees of freedom of t; infinite for the normal.

    Raises
    ------
    CallError
        If the shapes do not fit, an event time stands twice, or a figure is not finite.

    Examples
    --------
    >>> study = event_study([0.1, 0.9], [[0.04, 0.0], [0.0, 0.09]], [-2, 0])
    >>> study.frame[["term", "estimate", "std_error"]].to_dict("list")
    {'term': ['event -2', 'event -1', 'event 0'], 'estimate': [0.1, 0.0, 0.9], 'std_error': [0.2, 0.0, 0.3]}
    """
    points, matrix, times = (
        np.asarray(coefficients, float),
        np.asarray(covariance, float),
        [int(k) for k in event_times],
    )
    if points.shape != (len(times),) or matrix.shape != (len(times), len(times)):
        raise CallError(
            f"{len(times)} event times need as many coefficients and a square covariance of that size, found shapes "
            f"{points.shape} and {matrix.shape}"
        )
    if len(set(times)) < len(times) or not (np.isfinite(points).all() and np.isfinite(matrix).all()):
        raise CallError("event times must differ, and coefficients and covariance be finite")
    others = [place for place in np.argsort(times, kind="stable") if times[place] != reference]
    listed = sorted({*times, reference})
    own = np.array([time != reference for time in listed])
    effects, spread = np.zeros(len(listed)), np.zeros((len(listed), len(listed)))
    effects[own], spread[np.ix_(own, own)] = points[others], matrix[np.ix_(others, others)]
    return EffectEstimate.of(
        [f"event {time}" for time in listed],
        effects,
        spread,
        method="an event study estimated elsewhere",
        convention="covariance as given, "
        + (f"t with {degrees:g} degrees of freedom" if np.isfinite(degrees) else "normal distribution"),
        degrees=degrees,
        units_count=0,
        clusters_count=0,
        event_time=listed,
        software="elsewhere",
        design=Design("outcome", alpha=alpha),
    )


def honest_did(
    study: EffectEstimate,
    bounds: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    restriction: str = MAGNITUDES,
    per: Per = PER_TIME,
) -> EffectEstimate:
    """Return intervals that hold under bounded violations of parallel trends (Rambachan & Roth 2023).

    Parameters
    ----------
    study : EffectEstimate
        An event study of this package, or one made by `event_study` from outside coefficients.
    bounds : sequence of float
        Values of M̄ (relative magnitudes) or of M (smoothness, in units of the outcome per unit of time).
    window, reach, per
        As in `honest_path`.
    restriction : {"relative magnitudes", "smoothness"}
        What a difference in trends may do after treatment; `relative_magnitudes` and `smoothness` give the formulas.

    Returns
    -------
    EffectEstimate
        One row for the average as estimated, one per bound, and one with the ``breakdown value``.

    Raises
    ------
    CallError
        If the restriction is another.
    """
    if restriction == MAGNITUDES:
        return relative_magnitudes(study, bounds, window, reach, per)
    if restriction == SMOOTHNESS:
        return smoothness(study, bounds, window, reach, per)
    raise CallError(f"restriction must be {MAGNITUDES!r} or {SMOOTHNESS!r}, found {restriction!r}")
