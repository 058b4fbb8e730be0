"""The wild cluster bootstrap: inference with few clusters, the null imposed.

Own code: a library took ten times as long for the same draws, and another could not hold unit effects in memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums, time_system, within_two_way

_BATCH = 25  # clusters whose residuals are projected at once
_DOUBLINGS, _HALVINGS = 30, 60

RADEMACHER, WEBB = "rademacher", "webb"
WEBB_SIZES = np.sqrt(np.asarray([0.5, 1.0, 1.5]))
"""Sizes of Webb's six points, which have either sign."""
_TIES = 1e-9  # statistics this close, as a share, are the same: the draw of all ones and its mirror give the data's own


@dataclass(frozen=True)
class WildBootstrap:
    """How a wild cluster bootstrap is drawn.

    Parameters
    ----------
    draws : int
        Number of draws. Where the 2^G sign patterns of Rademacher weights are no more than these, all are taken.
    seed : int
        Seed of the random numbers.
    weights : {"rademacher", "webb"}
        Signs, or Webb's six points (Webb 2023, doi:10.1111/caje.12661), which help below about twelve clusters.
    confidence : float
        Level of the interval.
    """

    draws: int = 9_999
    seed: int = 1
    weights: str = RADEMACHER
    confidence: float = 0.95

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.draws < 99 or self.seed < 0 or not 0 < self.confidence < 1:
            raise CallError("a wild bootstrap needs 99 draws or more, a seed from 0, a level between 0 and 1")
        if self.weights not in (RADEMACHER, WEBB):
            raise CallError(f"weights must be {RADEMACHER} or {WEBB}, found {self.weights!r}")

    def enumerates(self, clusters: int) -> bool:
        """Return whether every sign pattern is taken."""
        return self.weights == RADEMACHER and clusters < 31 and 2**clusters <= self.draws + 1

    def multipliers(self, clusters: int) -> Floats:
        """Return the weights, shape (draws, clusters)."""
        if self.enumerates(clusters):
            return np.asarray(list(product((1.0, -1.0), repeat=clusters)))
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))
        shape = (self.draws, clusters)
        signs = generator.integers(0, 2, size=shape) * 2.0 - 1.0
        sizes = 1.0 if self.weights == RADEMACHER else WEBB_SIZES[generator.integers(0, 3, size=shape)]
        return np.asarray(signs * sizes, dtype=float)


@dataclass(frozen=True)
class WildResult:
    """What a wild cluster bootstrap says about one coefficient.

    Parameters
    ----------
    term : str
        The regressor.
    estimate : float
        Its coefficient.
    statistic : float
        Its t statistic (sandwich without small-sample factor) against the null.
    p_value : float
        Two-sided, against the null.
    ci_low, ci_high : float
        The nulls that are not rejected; infinite where none on a side is, as with very few treated clusters.
    clusters_count : int
        Clusters.
    draws_count : int
        Draws, or sign patterns.
    enumerated : bool
        Whether every sign pattern was taken, so that no chance is left in the p-value.
    """

    term: str
    estimate: float
    statistic: float
    p_value: float
    ci_low: float
    ci_high: float
    clusters_count: int
    draws_count: int
    enumerated: bool

    @property
    def words(self) -> str:
        """What was done, in words."""
        draws = f"all {self.draws_count} sign patterns" if self.enumerated else f"{self.draws_count} draws"
        return f"wild cluster bootstrap, null imposed, {self.clusters_count} clusters, {draws}, interval by inversion"


@dataclass(frozen=True, eq=False)
class _Sums:
    """Per draw, sums over clusters of products of bootstrapped scores; quadratics in the null."""

    numerator: Floats
    squares: Floats

    def statistics(self, null: float) -> Floats:
        """Return |t| per draw under a null: numerator and squares are polynomials in it."""
        top = self.numerator[:, 0] - null * self.numerator[:, 1]
        below = self.squares[:, 0] - 2 * null * self.squares[:, 1] + null**2 * self.squares[:, 2]
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.abs(top) / np.sqrt(np.maximum(below, 0))
        return np.where(np.isfinite(ratio), ratio, 0.0)


def wild_cluster_bootstrap(
    fit: Fit, term: str, cluster: str, bootstrap: WildBootstrap | None = None, null: float = 0.0
) -> WildResult:
    """Return a p-value and an interval for one coefficient from the wild cluster bootstrap.

    Residuals under the null are multiplied by one random weight per cluster and the regression, its unit and time
    effects included, is run again: Cameron, Gelbach & Miller (2008), doi:10.1162/rest.90.3.414. The residuals are
    linear in the null, so the statistics of all draws are ratios of polynomials in it and the interval is found
    without drawing again (Roodman et al. 2019, doi:10.1177/1536867X19830877).

    Parameters
    ----------
    fit : Fit
        A regression with at most two sets of effects, without weights.
    term : str
        The regressor.
    cluster : str
        Column of the clusters.
    bootstrap : WildBootstrap, optional
        How it is drawn.
    null : float
        The value that is tested.

    Raises
    ------
    EstimationError
        With fewer than three clusters, more than two sets of effects, or weights.
    """
    bootstrap = bootstrap or WildBootstrap()
    codes = fit.codes(cluster)
    count = int(codes.max(initial=-1)) + 1
    if count < 3:
        raise EstimationError(f"a wild cluster bootstrap needs 3 clusters or more, found {count}")
    if len(fit.effects) > 2 or fit.weighted:
        raise EstimationError("the wild bootstrap here knows at most two sets of effects, and no weights")
    place = fit.position(term)
    own = _without_others(fit, place)
    sums = _bootstrapped(fit, place, own, codes, bootstrap.multipliers(count))
    data = _bootstrapped(fit, place, own, codes, np.ones((1, count)))
    beta = float(fit.coefficients[place])

    def p_value(value: float) -> float:
        statistics = sums.statistics(value)
        reached = int((statistics >= data.statistics(value)[0] * (1 - _TIES)).sum())
        extra = 0 if bootstrap.enumerates(count) else 1
        return (reached + extra) / (len(statistics) + extra)

    alpha = 1 - bootstrap.confidence
    scale = float(np.sqrt(max(data.squares[0, 0] - 2 * beta * data.squares[0, 1] + beta**2 * data.squares[0, 2], 0)))
    low, high = (_bound(p_value, beta, sign * scale, alpha) for sign in (-1, 1))
    top = float(data.numerator[0, 0] - null * data.numerator[0, 1])
    return WildResult(
        term,
        beta,
        float(np.copysign(data.statistics(null)[0], top)),
        p_value(null),
        low,
        high,
        count,
        len(sums.numerator),
        bootstrap.enumerates(count),
    )


def _without_others(fit: Fit, place: int) -> Floats:
    """Return outcome and regressor without what the other regressors explain, shape (rows, 2)."""
    pair = np.column_stack([fit.regressors @ fit.coefficients + fit.residuals, fit.regressors[:, place]])
    others = np.delete(fit.regressors, place, axis=1)
    if not others.shape[1]:
        return pair
    return np.asarray(pair - others @ np.linalg.lstsq(others, pair, rcond=None)[0])


def _bootstrapped(fit: Fit, place: int, own: Floats, codes: Integers, multipliers: Floats) -> _Sums:
    """Return, per draw, the coefficient and its variance when residuals are multiplied by cluster."""
    direction = fit.regressors @ fit.bread[:, place]
    count = multipliers.shape[1]
    raw = group_sums(own * direction[:, None], codes, count)
    slopes = np.stack([group_sums(fit.regressors * column[:, None], codes, count) for column in own.T])
    crossed = group_sums(fit.regressors * direction[:, None], codes, count)
    scores = []
    for kind in range(2):
        moved = np.diag(raw[:, kind]) - _swept(fit, own[:, kind], direction, codes, count)
        moved -= crossed @ fit.bread @ slopes[kind].T
        scores.append(multipliers @ moved.T)
    first, second = scores
    squares = np.column_stack([(first**2).sum(axis=1), (first * second).sum(axis=1), (second**2).sum(axis=1)])
    return _Sums(multipliers @ raw, squares)


def _swept(fit: Fit, residuals: Floats, direction: Floats, codes: Integers, count: int) -> Floats:
    """Return how much of each cluster's score the effects take from each cluster's residuals: clusters by clusters.

    Effects nested within clusters take nothing, as residuals sum to 0 within them. Of two, the other takes what its
    dummies explain: only sums by its values and clusters are needed.
    """
    effects = sorted(fit.effects, key=lambda effect: not _nested(effect, codes))
    if not effects or (len(effects) == 1 and _nested(effects[0], codes)):
        return np.zeros((count, count))
    units, times = effects if len(effects) == 2 else (effects[0], np.zeros_like(effects[0]))
    if not _nested(units, codes):
        return _swept_at_length(residuals, direction, (units, times), codes, count)
    number = int(times.max()) + 1
    inverse, _ = time_system(units, times, np.ones(len(units)), (int(units.max()) + 1, number))
    sides = [
        np.bincount(codes * number + times, weights=values, minlength=count * number).reshape(count, number)
        for values in (direction, residuals)
    ]
    return np.asarray(sides[0] @ inverse @ sides[1].T)


def _swept_at_length(
    residuals: Floats, direction: Floats, effects: tuple[Integers, Integers], codes: Integers, count: int
) -> Floats:
    """Return the same where no effect is nested within clusters: the projection of each cluster's residuals."""
    result = np.empty((count, count))
    for start in range(0, count, _BATCH):
        columns = np.arange(start, min(start + _BATCH, count))
        parts = residuals[:, None] * (codes[:, None] == columns)
        taken = parts - within_two_way(parts, *effects)
        result[:, columns] = group_sums(taken * direction[:, None], codes, count)
    return result


def _nested(effect: Integers, codes: Integers) -> bool:
    """Return whether each value of an effect lies within one cluster."""
    first = np.empty(int(effect.max()) + 1, dtype=int)
    first[effect] = codes
    return bool((first[effect] == codes).all())


def _bound(p_value: Callable[[float], float], centre: float, step: float, alpha: float) -> float:
    """Return where the p-value falls to alpha on one side of the estimate; infinite where it never does."""
    inside, outside = centre, centre + step
    for _ in range(_DOUBLINGS):
        if p_value(outside) <= alpha:
            break
        inside, outside = outside, centre + 2 * (outside - centre)
    else:
        return float(np.copysign(np.inf, step))
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        inside, outside = (inside, middle) if p_value(middle) <= alpha else (middle, outside)
    return (inside + outside) / 2
