"""Honest inference under relative magnitudes: what is left if trends break after treatment as they did before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.robustness.honest.path import HonestPath, honest_path
from buurteffect.estimate.robustness.honest.table import honest_table

DRAWS, SEED = 20_000, 20261121
"""Draws behind the least favourable critical values, and the seed that makes them the same each time."""

GRID, FINER, ROUNDS = 1001, 51, 3
"""Points of the first grid of effects, and points and number of the rounds that sharpen its ends."""

MOST = 100.0
"""Beyond this relative magnitude a breakdown value is reported as infinite."""

_FIRST_STAGE = 0.1


def relative_magnitudes(
    estimate: EffectEstimate,
    bounds: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    seed: int = SEED,
) -> EffectEstimate:
    r"""Return intervals that hold if trends break after treatment at most M̄ times as much as before it.

    With δ the difference in trends, the restriction is, over steps between event times,

    .. math:: |δ_{t+1} - δ_t| \le \bar M \max_{s<0} |δ_{s+1} - δ_s|.

    The set is a union over the step s that is largest and its sign. For each, an effect θ is tested by the
    hybrid of conditional and least favourable tests of Andrews, Roth & Pakes (2023, doi:10.1093/restud/rdad004) on the
    moments after treatment, as Rambachan & Roth (2023, doi:10.1093/restud/rdad018) propose; the interval is the union
    of what is not rejected. Here the test's linear programme has one vertex per step after the
    base and two more, known in closed form, so that no programme is solved (`_vertices`).

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with its covariance and a base.
    bounds : sequence of float
        Values of M̄.
    window, reach
        As in `honest_path`.
    seed : int
        Of the least favourable critical values.

    Returns
    -------
    EffectEstimate
        One row for the average as estimated, one per bound (``bound`` holds M̄, ``ci_low`` and ``ci_high`` the
        interval), and one with the ``breakdown value``: the smallest M̄ at which no effect is not rejected.
    """
    path = honest_path(estimate, window, reach)
    if any(bound < 0 for bound in bounds):
        raise EstimationError(f"a bound on relative magnitudes is 0 or more, found {min(bounds)}")
    alpha = 0.05 if estimate.design is None else estimate.design.alpha
    normals = _normals(path, seed)
    intervals = [_interval(path, bound, alpha, normals) for bound in bounds]
    return honest_table(
        estimate,
        path,
        list(zip(bounds, intervals, strict=True)),
        breakdown_value(estimate, window, reach, seed),
        restriction="relative magnitudes",
        method="Rambachan & Roth (2023, doi:10.1093/restud/rdad018): relative magnitudes, conditional and least "
        f"favourable hybrid test, {path.wanted}",
        software=software_versions("numpy", "scipy"),
    )


def breakdown_value(
    estimate: EffectEstimate,
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
    seed: int = SEED,
) -> float:
    """Return the smallest relative magnitude at which no effect is not rejected; infinite beyond 100.

    Parameters
    ----------
    estimate, window, reach, seed
        As in `relative_magnitudes`.
    """
    path = honest_path(estimate, window, reach)
    alpha = 0.05 if estimate.design is None else estimate.design.alpha
    zero, normals = np.zeros(1), _normals(path, seed)

    def zero_stays(bound: float) -> bool:
        return bool(_accepted(_members(path, bound, alpha, normals), alpha, zero)[0])

    if zero_stays(0.0):
        return 0.0
    low, high = 0.0, 0.125
    while not zero_stays(high):
        low, high = high, high * 1.5
        if high > MOST:
            return float("inf")
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (low, middle) if zero_stays(middle) else (middle, high)
    return high


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


def _interval(path: HonestPath, bound: float, alpha: float, normals: Floats) -> tuple[float, float]:
    """Return the ends of the set of effects that are not rejected; infinite where the search finds no end."""
    members = _members(path, bound, alpha, normals)
    largest = np.abs(path.before_steps @ path.before).max()
    reach = np.arange(1, len(path.after) + 1) @ np.abs(path.weights)
    half = bound * reach * largest + 20 * path.std_error
    for _ in range(6):
        grid = np.linspace(path.point - half, path.point + half, GRID)
        kept = np.flatnonzero(_accepted(members, alpha, grid))
        if len(kept) == 0:
            return np.nan, np.nan
        if kept[0] > 0 and kept[-1] < GRID - 1:
            break
        half *= 2
    low = -np.inf if kept[0] == 0 else _sharpen(members, alpha, grid[kept[0] - 1], grid[kept[0]])
    high = np.inf if kept[-1] == GRID - 1 else _sharpen(members, alpha, grid[kept[-1] + 1], grid[kept[-1]])
    return low, high


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


def _normals(path: HonestPath, seed: int) -> Floats:
    """Return the draws behind the least favourable critical values."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    return generator.standard_normal((DRAWS, len(path.after) + 2))


def _members(path: HonestPath, bound: float, alpha: float, normals: Floats) -> list[_Moments]:
    """Return the moments of each member of the union: every step before the base, in both directions."""
    steps, early = path.after_steps, len(path.before)
    direction = path.weights / (path.weights @ path.weights)
    members = []
    for step in path.before_steps:
        for sign in (1.0, -1.0):
            largest = np.tile(bound * sign * step, (len(steps), 1))
            matrix = np.vstack([np.hstack([-largest, steps]), np.hstack([-largest, -steps])])
            covariance = matrix @ path.covariance @ matrix.T
            vertices = _vertices(path, np.sqrt(np.maximum(np.diag(covariance), 0)))
            along = vertices @ covariance @ vertices.T
            root = _root(along)
            limit = float(np.quantile((normals[:, : len(root)] @ root.T).max(axis=1), 1 - alpha * _FIRST_STAGE))
            level = vertices @ (matrix @ path.effects)
            slope = -vertices @ (matrix[:, early:] @ direction)
            members.append(_Moments(level, slope, along, limit))
    return members


def _vertices(path: HonestPath, errors: Floats) -> Floats:
    r"""Return the vertices of {γ ≥ 0 : γ'σ = 1, γ' A ∝ l'}, shape (vertices, moments).

    The moments are A = (D, −D) with D the steps after the base, so that γ = (γ⁺, γ⁻) must have D'(γ⁺ − γ⁻) = λ l:
    γ⁺ − γ⁻ = λ w, w = D'^{-1} l. For λ > 0 and λ < 0 that leaves one vertex each; for λ = 0 one per step, in which both
    directions weigh the same. With a single step after the base the latter lies between the former and is no vertex.
    """
    size = len(path.after)
    along = np.linalg.solve(path.after_steps.T, path.weights)
    up, down = np.maximum(along, 0), np.maximum(-along, 0)
    pairs = np.hstack([np.eye(size), np.eye(size)])
    rows = [np.concatenate([up, down]), np.concatenate([down, up])]
    vertices = np.vstack([*rows, pairs]) if size > 1 else np.vstack(rows)
    return np.asarray(vertices / (vertices @ errors)[:, None])


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
