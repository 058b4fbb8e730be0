"""Honest inference under relative magnitudes: what is left if trends break after treatment as they did before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.robustness.honest.path import PER_TIME, HonestPath, Per, honest_path
from buurteffect.estimate.robustness.honest.table import Bounded, honest_table, nested_bounds

GRID, FINER, ROUNDS = 1001, 51, 3
"""Points of the first grid of effects, and points and number of the rounds that sharpen its ends."""

MOST = 100.0
"""Beyond this relative magnitude a breakdown value is reported as infinite."""

_ANGLES = 2_880
_FIRST_STAGE = 0.1


def relative_magnitudes(
    estimate: EffectEstimate,
    bounds: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    per: Per = PER_TIME,
) -> EffectEstimate:
    r"""Return intervals that hold if trends break after treatment at most M̄ times as much as before it.

    With δ the difference in trends, the restriction is, over steps from t to u between event times,

    .. math:: \frac{|δ_u - δ_t|}{u - t} \le \bar M \max_{s<v\le\text{base}} \frac{|δ_v - δ_s|}{v - s}.

    The set is a union over the step that is largest and its sign. For each, an effect θ is tested by the
    hybrid of conditional and least favourable tests of Andrews, Roth & Pakes (2023, doi:10.1093/restud/rdad004) on the
    moments after treatment, as Rambachan & Roth (2023, doi:10.1093/restud/rdad018) propose; the interval is the union
    of what is not rejected. Here the test's linear programme has one vertex per step after the
    base and two more, known in closed form, so that no programme is solved (`_vertices`).

    Where the largest step before the base is well estimated, the test of a step with the wrong sign accepts more at
    a middling M̄ than at a larger one; intervals are therefore united with those under smaller bounds (`nested_bounds`).

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with its covariance and a base.
    bounds : sequence of float
        Values of M̄.
    window, reach, per
        As in `honest_path`.

    Returns
    -------
    EffectEstimate
        One row for the average as estimated, one per bound (``bound`` holds M̄, ``ci_low`` and ``ci_high`` the
        interval), and one with the ``breakdown value``: the smallest M̄ at which the interval includes 0, which is 0
        only if it does so where trends are parallel.

    Raises
    ------
    EstimationError
        If a bound is below 0; or see `honest_path`.
    """
    path = honest_path(estimate, window, reach, per)
    found = nested_bounds(lambda bound: _interval(path, bound), bounds, 1.0, MOST)
    return honest_table(
        estimate,
        path,
        bounds,
        found,
        restriction="relative magnitudes",
        method="Rambachan & Roth (2023, doi:10.1093/restud/rdad018): relative magnitudes, conditional and least "
        "favourable hybrid test",
        software=software_versions("numpy", "scipy"),
    )


def breakdown_value(
    estimate: EffectEstimate,
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    per: Per = PER_TIME,
) -> float:
    """Return the smallest relative magnitude at which no effect is not rejected; infinite beyond 100.

    Parameters
    ----------
    estimate, window, reach, per
        As in `relative_magnitudes`.
    """
    path = honest_path(estimate, window, reach, per)
    return nested_bounds(lambda bound: _interval(path, bound), (), 1.0, MOST)[1]


@dataclass(frozen=True, eq=False)
class _Moments:
    """The moments of one union member, seen along the vertices of the test's linear programme.

    With V the vertices, V y(θ) = level + slope θ has covariance ``covariance``; under the hypothesis its mean is at
    most 0, and the statistic is its largest element. ``limit`` is the least favourable critical value of the first
    stage.
    """

    level: Floats
    slope: Floats
    covariance: Floats
    limit: float


def _interval(path: HonestPath, bound: float) -> Bounded:
    """Return the ends of the set of effects that are not rejected; infinite where the search finds no end."""
    members = _members(path, bound)
    largest = np.abs(path.before_steps @ path.before).max()
    reach = np.abs(np.linalg.solve(path.after_steps.T, path.weights)).sum()
    half = bound * reach * largest + 20 * path.widening * path.std_error
    for _ in range(6):
        grid = np.linspace(path.point - half, path.point + half, GRID)
        kept = np.flatnonzero(_accepted(members, path.alpha, grid))
        if kept[0] > 0 and kept[-1] < GRID - 1:
            break
        half *= 2
    low = -np.inf if kept[0] == 0 else _sharpen(members, path.alpha, grid[kept[0] - 1], grid[kept[0]])
    high = np.inf if kept[-1] == GRID - 1 else _sharpen(members, path.alpha, grid[kept[-1] + 1], grid[kept[-1]])
    return Bounded(path.point, path.std_error, low, high)


def _sharpen(members: list[_Moments], alpha: float, outside: float, inside: float) -> float:
    """Return the end of the set between an effect outside it and one inside it."""
    for _ in range(ROUNDS):
        grid = np.linspace(outside, inside, FINER)
        first = int(np.argmax(_accepted(members, alpha, grid)))
        outside, inside = grid[max(first - 1, 0)], grid[first]
    return float(inside)


def _accepted(members: list[_Moments], alpha: float, effects: Floats) -> NDArray[np.bool_]:
    """Return which effects are not rejected for some step that may be the largest."""
    accepted = np.zeros(len(effects), dtype=bool)
    for moments in members:
        left = ~accepted
        if not left.any():
            break
        accepted[left] = ~_rejected(moments, effects[left], alpha)
    return accepted


def _members(path: HonestPath, bound: float) -> list[_Moments]:
    """Return the moments of each member of the union: every step before the base, in both directions."""
    early = len(path.before)
    rows = np.hstack([np.zeros((len(path.after), early)), path.after_steps])
    wanted = np.concatenate([np.zeros(early), path.weights])
    members = []
    for step in path.before_steps:
        for sign in (1.0, -1.0):
            largest = np.concatenate([bound * sign * step, np.zeros(len(path.after))])
            rise, fall = _errors(rows - largest, path.covariance), _errors(-rows - largest, path.covariance)
            vertices = _vertices(path, rise, fall)
            two = np.vstack([wanted, -largest])
            root = _root(two @ path.covariance @ two.T)
            along = vertices @ root
            limit = _largest_quantile(along, path.alpha * _FIRST_STAGE)
            members.append(_Moments(vertices @ (two @ path.effects), -vertices[:, 0], along @ along.T, limit))
    return members


def _errors(rows: Floats, covariance: Floats) -> Floats:
    """Return the standard errors of linear combinations."""
    return np.asarray(np.sqrt(np.maximum(((rows @ covariance) * rows).sum(axis=1), 0)))


def _vertices(path: HonestPath, rise: Floats, fall: Floats) -> Floats:
    r"""Return the moments at the vertices of {γ ≥ 0 : γ'σ = 1, γ' A ∝ l'}, as multiples of two figures, shape (k, 2).

    The moments are A = (D, −D) with D the steps after the base, less the bound x on them, so that γ = (γ⁺, γ⁻) must
    have D'(γ⁺ − γ⁻) = λ l: γ⁺ − γ⁻ = λ w, w = D'^{-1} l. For λ > 0 and λ < 0 that leaves one vertex each; for λ = 0 one
    per step, in which both directions weigh the same. With a single step after the base the latter lies between the
    former and is no vertex. At each the moments add up to a multiple of l'(β − τ), the first figure, and one of −x.

    Parameters
    ----------
    path : HonestPath
        The path.
    rise, fall : ndarray
        Standard errors σ of the moments upwards and downwards.
    """
    along = np.linalg.solve(path.after_steps.T, path.weights)
    up, down = np.maximum(along, 0), np.maximum(-along, 0)
    total = np.abs(along).sum()
    found = [
        np.array([1.0, total]) / (up @ rise + down @ fall),
        np.array([-1.0, total]) / (down @ rise + up @ fall),
    ]
    if len(along) > 1:
        found += [np.array([0.0, 2.0 / both]) for both in rise + fall]
    return np.array(found)


def _largest_quantile(along: Floats, chance: float) -> float:
    r"""Return the value that the largest of some normal variables exceeds with a given probability below ½.

    The variables are linear in two independent ones, of which the angle φ is uniform and the squared radius
    exponential: P(max > t) = mean over φ of exp(−t² / 2 g(φ)²), with g the largest of the variables at radius 1.

    Parameters
    ----------
    along : ndarray
        Coefficients on the two, shape (variables, 2).
    chance : float
        The probability.
    """
    angles = (np.arange(_ANGLES) + 0.5) * (2 * np.pi / _ANGLES)
    largest = (along @ np.vstack([np.cos(angles), np.sin(angles)])).max(axis=0)
    squares = largest[largest > 0] ** 2
    top = np.sqrt(-2 * np.log(chance) * squares.max())

    def beyond(value: float) -> float:
        return float(np.exp(-(value**2) / (2 * squares)).sum() / _ANGLES - chance)

    return float(optimize.brentq(beyond, 0.0, top, xtol=1e-10 * top))


def _rejected(moments: _Moments, effects: Floats, alpha: float) -> NDArray[np.bool_]:
    """Return which effects the hybrid test rejects at level alpha."""
    first_stage = alpha * _FIRST_STAGE
    values = moments.level + np.outer(effects, moments.slope)
    best = values.argmax(axis=1)
    largest = values[np.arange(len(values)), best]
    variance = np.diag(moments.covariance)[best]
    spread = np.sqrt(np.maximum(variance, 0))
    certain = variance <= 1e-16 * max(np.diag(moments.covariance).max(), np.finfo(float).tiny)
    ratio = moments.covariance[best] / np.where(certain, 1.0, variance)[:, None]
    free = values - ratio * largest[:, None]
    gap = 1 - ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        bounds = free / gap
    low = np.where(gap > 1e-10, bounds, -np.inf).max(axis=1)
    high = np.minimum(np.where(gap < -1e-10, bounds, np.inf).min(axis=1), moments.limit)
    scale = np.where(certain, 1.0, spread)
    level = 1 - (alpha - first_stage) / (1 - first_stage)
    inside = (low <= largest) & (largest <= high)
    critical = np.maximum(0, truncated_normal_quantile(level, low / scale, high / scale))
    conditional = inside & (largest / scale > critical)
    return np.asarray(np.where(certain, largest > 0, (largest > moments.limit) | conditional))


def truncated_normal_quantile(level: float, low: Floats, high: Floats) -> Floats:
    """Return quantiles of standard normals truncated to [low, high], exact far out in either tail."""
    upper = np.maximum(high, low)
    flipped = low > 0
    near, far = np.where(flipped, -low, low), np.where(flipped, -upper, upper)
    mixed = np.logaddexp(np.log1p(-level) + special.log_ndtr(near), np.log(level) + special.log_ndtr(far))
    quantile = special.ndtri_exp(np.minimum(mixed, 0))
    return np.asarray(np.where(flipped, -quantile, quantile))


def _root(covariance: Floats) -> Floats:
    """Return a square root of a covariance, negative eigenvalues from rounding set to 0."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))
