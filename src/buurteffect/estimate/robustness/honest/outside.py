"""Honest inference on an event study that was estimated elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from buurteffect.errors import CallError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.robustness.honest.magnitudes import relative_magnitudes
from buurteffect.estimate.robustness.honest.path import PER_TIME, Per
from buurteffect.estimate.robustness.honest.smoothness_bounds import smoothness

_COVARIANCE = 1e-6  # share of the largest figure by which a matrix may fall short of a covariance

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
        If the shapes do not fit, an event time stands twice or is no whole number, a figure is not finite, the
        reference has another effect than 0, the matrix is no covariance, or degrees of freedom are not above 0.

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
    if times != [float(k) for k in event_times]:
        raise CallError(f"event times must be whole numbers, found {', '.join(map(str, event_times))}")
    if points.shape != (len(times),) or matrix.shape != (len(times), len(times)):
        raise CallError(
            f"{len(times)} event times need as many coefficients and a square covariance of that size, found shapes "
            f"{points.shape} and {matrix.shape}"
        )
    if len(set(times)) < len(times) or not (np.isfinite(points).all() and np.isfinite(matrix).all()):
        raise CallError("event times must differ, and coefficients and covariance be finite")
    _check_uncertainty(matrix, degrees)
    if reference in times and points[times.index(reference)] != 0:
        raise CallError(
            f"the effect at the reference {reference} must be 0, found {points[times.index(reference)]:g}: subtract it "
            "from all, or name the event time that the others are measured against"
        )
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


def _check_uncertainty(matrix: Floats, degrees: float) -> None:
    """Refuse a matrix that is no covariance, and degrees of freedom that are none."""
    if not degrees > 0:
        raise CallError(f"degrees of freedom must be above 0, found {degrees}")
    size = np.abs(matrix).max(initial=0)
    lopsided = np.abs(matrix - matrix.T).max(initial=0) > _COVARIANCE * size
    if lopsided or np.linalg.eigvalsh((matrix + matrix.T) / 2).min(initial=0) < -_COVARIANCE * size:
        raise CallError("a covariance is symmetric and has no negative eigenvalue: pass the matrix as it was estimated")


def honest_did(
    study: EffectEstimate,
    bounds: Sequence[float] | float = (0.5, 1.0, 1.5, 2.0),
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
    bounds : sequence of float, or float
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
    bounds = (bounds,) if isinstance(bounds, (int, float)) else bounds
    if restriction == MAGNITUDES:
        return relative_magnitudes(study, bounds, window, reach, per)
    if restriction == SMOOTHNESS:
        return smoothness(study, bounds, window, reach, per)
    raise CallError(f"restriction must be {MAGNITUDES!r} or {SMOOTHNESS!r}, found {restriction!r}")
