"""The share of areas whose score fell between two waves, as published and freed of noise."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats, RunningSum
from buurteffect.estimate.inference.bootstrap import (
    STANDARD,
    Bootstrap,
    Draws,
    Statistic,
    cluster_bootstrap,
    count_clusters,
    tidy,
)
from buurteffect.estimate.measurement.noise import ScoreNoise, constrained_edges, extrapolated_terms, purge
from buurteffect.estimate.measurement.waves import Waves
from buurteffect.estimate.scores.dispersion import check_order
from buurteffect.estimate.scores.vulnerable import DEFINITIONS, EVERY_AREA, Vulnerable

FIRST_WAVE, WAVE_BEFORE = "first wave of the pair", "wave before the pair"
EARLIEST_WAVES, NO_WAVE = "two earliest waves", "no wave"
CLASSIFY = (FIRST_WAVE, WAVE_BEFORE)

RAW, CORRECTED = "raw share", "noise-corrected share"
DECONVOLVED, EXTRAPOLATED = "normal deconvolution", "extrapolated share"
CORRECTIONS = (CORRECTED, DECONVOLVED, EXTRAPOLATED)

NOBODY_IN = "no area is in"
TOO_FEW = "too few areas, or areas too alike, to tell noise from change"
ALL_NOISE = "the changes vary no more than the noise alone would make them"

CUTS = (0.0, 0.01, 0.02, 0.05)
"""How far a score must have fallen to count, LBM points."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class _Cell:
    """One pair of waves under one definition and one classifying wave."""

    pair: Pair
    definition: Vulnerable
    classify: str
    class_years: tuple[int, ...]

    @property
    def selected_on(self) -> str:
        """Which waves of the pair the areas are selected on."""
        named = [name for name, year in zip(("first", "second"), self.pair, strict=True) if year in self.class_years]
        return " and ".join(named) or "neither"


def consecutive_pairs(waves: Waves) -> tuple[Pair, ...]:
    """Return every pair of waves that follow each other."""
    return tuple(pairwise(waves.years))


def all_pairs(waves: Waves) -> tuple[Pair, ...]:
    """Return every pair of waves, the earlier first."""
    return tuple(combinations(waves.years, 2))


def share_declined(
    waves: Waves,
    from_year: int,
    to_year: int,
    subset: Vulnerable = EVERY_AREA,
    class_year: int | None = None,
    cut: float = 0.0,
    noise: ScoreNoise | None = None,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the share of areas whose score fell by more than `cut` between two waves.

    One cell of :func:`decline_grid`, which says how the shares are made.

    Parameters
    ----------
    waves, noise, bootstrap
        As of `decline_grid`.
    from_year, to_year : int
        The two waves, the earlier first; areas must be scored in both.
    subset : Vulnerable
        Which areas count.
    class_year : int, optional
        Wave that classifies, for a subset that is formed by score.
    cut : float
        An area counts if its change is below −`cut`, strictly; LBM points.

    Returns
    -------
    Estimate
        One row is one measure, with the columns of :func:`decline_grid`; shares from 0 to 1.

    Raises
    ------
    EstimationError
        If a wave or group is unknown, the years are not in order, or no area is left.
    """
    years = subset.class_years(waves, class_year)
    named = {(): NO_WAVE, (from_year,): FIRST_WAVE}.get(years, f"wave {class_year}")
    cell = _Cell((from_year, to_year), subset, EARLIEST_WAVES if subset.earliest else named, years)
    return _assemble(waves, [cell], (cut,), noise, bootstrap, ())


def decline_grid(
    waves: Waves,
    pairs: Iterable[Pair] | None = None,
    definitions: Sequence[Vulnerable] = DEFINITIONS,
    cuts: Sequence[float] = CUTS,
    classify: Sequence[str] = CLASSIFY,
    noise: ScoreNoise | None = None,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the share of decliners for every pair of waves, definition, classifying wave and cut.

    An area is in if it is scored in both waves of the pair and in the classifying waves. Four measures:

    - *raw share*: changes below −cut, strictly.
    - *noise-corrected share*: the observed change d is the true change δ plus noise. First the noise that the
      classifying scores give away is taken off (:func:`~buurteffect.estimate.measurement.noise.purge`): an area
      called low on the first wave of the pair was partly unlucky there, and would rise without any true change. Then d
      is drawn towards the mean m of the subset until its variance is that of δ,
      d* = m + √max(0, 1 − v/Var(d))·(d − m) with v the variance that noise adds, and d* < −cut is counted. This
      is the constrained empirical Bayes estimator: unlike the ordinary one it has the right spread, which is
      what a share depends on (Louis 1984, doi:10.1080/01621459.1984.10478062; Ghosh 1992,
      doi:10.1080/01621459.1992.10475236). d* has the mean and spread of δ but keeps the shape of d.
    - *normal deconvolution*: Φ((−cut − m)/sd(d*)), right if δ is normal.
    - *extrapolated share*: noise is added step by step and the curve is followed back to none
      (:func:`~buurteffect.estimate.measurement.noise.extrapolated_terms`); it assumes a shape for the noise only.

    Which to trust: if the true changes are normal all three corrections agree. Those of the Leefbaarometer are not:
    many areas hardly move and a few move much. With noise of SD 0.012 added to the real changes of the wijken, the
    extrapolated share took off 70 to 90% of the bias of the raw one, the noise-corrected share 40 to 50%, and the
    normal one made it larger. Where noise is more than half of the variance of the change the extrapolation in turn
    leaves a part of the bias. The distance between the three is part of the answer.

    The target is the share of true declines in the set of areas as it was drawn up, from noisy scores; mean and
    variance are the subset's own. For a subset chosen on a wave of the pair the noise in the change has a mean, and
    what is taken off for it assumes that scores and changes are jointly normal. Only noise that is independent
    between waves is corrected: a dip that lasts longer than one wave is true change here. Noise is taken to be normal
    and equally large everywhere; its size is held fixed in the draws.

    Parameters
    ----------
    waves : Waves
        The scores.
    pairs : iterable of (int, int), optional
        Pairs of waves; by default the consecutive ones (see also :func:`all_pairs`).
    definitions : sequence of Vulnerable
        Which areas count; a definition within a group that has no areas, areas in one cluster only, or all
        areas is left out and counted in `dropped`.
    cuts : sequence of float
        How far a score must have fallen, LBM points.
    classify : sequence of str
        For definitions by score: ``first wave of the pair``, ``wave before the pair``, or both. A pair without
        a wave before it is left out of the second and counted in `dropped`.
    noise : ScoreNoise, optional
        Noise to correct for; without it only raw shares are given.
    bootstrap : Bootstrap
        How uncertainty is drawn; the quantile that classifies is taken anew in each draw.

    Returns
    -------
    Estimate
        One row is one measure in one cell: ``definition, classify, class_year`` (the latest classifying wave,
        0 for none), ``selected_on`` (which waves of the pair classify), ``from_year, to_year, cut, measure``,
        the result columns (shares from 0 to 1) and ``reason`` where an estimate is missing.

    Raises
    ------
    EstimationError
        If a wave or group is unknown, a cut is negative, or a way of classifying does not exist.
    """
    if not set(classify) <= set(CLASSIFY):
        raise CallError(f"classify must be among {CLASSIFY}, found {tuple(classify)}")
    cells: list[_Cell] = []
    skipped: dict[Pair, int] = {}
    present, _ = waves.parts(None)
    absent = [definition for definition in definitions if definition.group not in present]
    definitions = [definition for definition in definitions if definition.group in present]
    for pair in consecutive_pairs(waves) if pairs is None else pairs:
        check_order(waves, *pair)
        place = waves.position(pair[0])
        for definition in definitions:
            if not definition.needs_class_year:
                name = EARLIEST_WAVES if definition.earliest else NO_WAVE
                cells.append(_Cell(pair, definition, name, definition.class_years(waves, None)))
                continue
            for name in classify:
                if name == WAVE_BEFORE and place == 0:
                    skipped[pair] = skipped.get(pair, 0) + 1
                    continue
                cells.append(_Cell(pair, definition, name, (waves.years[place - (name == WAVE_BEFORE)],)))
    left_out = [(f"definitions for {a}–{b}: no wave before {a}", count) for (a, b), count in skipped.items()]
    if absent:
        names = ", ".join(definition.name for definition in absent)
        left_out.append((f"definitions whose group is not there in 2 clusters or is everything ({names})", len(absent)))
    return _assemble(waves, cells, cuts, noise, bootstrap, tuple(left_out))


def _assemble(
    waves: Waves,
    cells: Sequence[_Cell],
    cuts: Sequence[float],
    noise: ScoreNoise | None,
    bootstrap: Bootstrap,
    left_out: tuple[tuple[str, int], ...],
) -> Estimate:
    """Return the table of all cells."""
    if any(not cut >= 0 for cut in cuts) or not cells:
        raise EstimationError(f"cuts must be 0 or larger and at least one cell asked for, found cuts {tuple(cuts)}")
    frame = pd.concat([_cell_frame(waves, cell, cuts, noise, bootstrap) for cell in cells], ignore_index=True)
    pairs = dict.fromkeys(cell.pair for cell in cells)
    missing = tuple((f"areas not scored in both {a} and {b}", int((~waves.scored(a, b)).sum())) for a, b in pairs)
    text = "" if noise is None else f"; {noise}"
    method = "share of areas scored in both waves with a change below −cut, unweighted" + text
    return waves.estimate(frame, method, bootstrap, (*left_out, *(entry for entry in missing if entry[1])))


def _cell_frame(
    waves: Waves, cell: _Cell, cuts: Sequence[float], noise: ScoreNoise | None, bootstrap: Bootstrap
) -> pd.DataFrame:
    """Return the rows of one cell."""
    check_order(waves, *cell.pair)
    part = waves.group(cell.definition.group)
    keep = part.scored(*cell.pair, *cell.class_years)
    if not keep.any():
        raise EstimationError(f"no area of {cell.definition.name!r} is scored in all of {cell.pair, cell.class_years}")
    scores = part.columns(cell.class_years)[keep]
    change = (part.column(cell.pair[1]) - part.column(cell.pair[0]))[keep]
    labels = part.labels[keep]
    statistic = _shares(cell, change, scores, np.asarray(cuts, dtype=float), noise)
    drawn = cluster_bootstrap(statistic, labels, bootstrap, universe=part.labels)
    inside = np.broadcast_to(cell.definition.members(np.ones((1, len(change))), scores), (1, len(change)))[0]
    identity = pd.MultiIndex.from_product(
        [(RAW,) if noise is None else (RAW, *CORRECTIONS), cuts], names=["measure", "cut"]
    ).to_frame(index=False)
    identity = identity.assign(
        definition=cell.definition.name,
        classify=cell.classify,
        class_year=max(cell.class_years, default=0),
        selected_on=cell.selected_on,
        from_year=cell.pair[0],
        to_year=cell.pair[1],
    )[["definition", "classify", "class_year", "selected_on", "from_year", "to_year", "cut", "measure"]]
    shares, reason = _refuse(drawn, identity["measure"].to_numpy(dtype=str))
    counts = [int(inside.sum())] * len(identity), [count_clusters(labels, inside)] * len(identity)
    return tidy(identity, shares, bootstrap.confidence, *counts).assign(reason=reason)


def _refuse(drawn: Draws, measures: NDArray[np.str_]) -> tuple[Draws, NDArray[np.str_]]:
    """Drop the last figure (variance left for true change); where it is none, refuse the corrected shares."""
    point, left = drawn.point[:-1].copy(), drawn.point[-1]
    reason = np.where(np.isnan(point), NOBODY_IN, "").astype(object)
    if not left > 0:
        corrected = measures != RAW
        point[corrected] = np.nan
        reason[corrected] = TOO_FEW if np.isnan(left) else ALL_NOISE
    return Draws(point, drawn.values[:, :-1]), reason


def _shares(cell: _Cell, change: Floats, scores: Floats, cuts: Floats, noise: ScoreNoise | None) -> Statistic:
    """Return the statistic of one cell: the shares by measure and cut, and the variance left for true change."""
    fallen = (change[:, None] < -cuts).astype(float)
    if noise is None:
        return lambda weights: _raw(weights, cell.definition.members(weights, scores), fallen)
    purged, excess = purge(change, scores, noise, cell.pair, cell.class_years)
    order = np.argsort(purged, kind="stable")
    ascending = purged[order]
    terms = extrapolated_terms(purged, excess, cuts) if excess > 0 else fallen
    summands = np.column_stack([fallen, terms, purged, purged**2])[order]

    def statistic(weights: Floats) -> Floats:
        inside = np.broadcast_to(cell.definition.members(weights, scores), weights.shape)[:, order]
        kept = np.flatnonzero(inside.any(axis=0))
        inner = np.take(weights, order[kept], axis=1) * inside[:, kept]
        running = RunningSum.along(inner)
        n = running.total[:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            means = inner @ summands[kept] / n
            raw, extrapolated = means[:, : len(cuts)], means[:, len(cuts) : -2]
            variance = np.where(n > 1, (means[:, -1:] - means[:, -2:-1] ** 2) * n / (n - 1), np.nan)[:, 0]
            edges, normal = constrained_edges(means[:, -2], variance, excess, cuts)
            places = np.searchsorted(ascending[kept], edges, side="left")
            constrained = np.column_stack([running.upto(place) for place in places.T]) / n
        return np.column_stack([raw, constrained, ndtr(normal), np.clip(extrapolated, 0.0, 1.0), variance - excess])

    return statistic


def _raw(weights: Floats, inside: NDArray[np.bool_], fallen: Floats) -> Floats:
    """Return the raw shares by cut, and a 1 in the place of the variance that no correction asks for."""
    inner = weights * inside
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.column_stack([inner @ fallen / inner.sum(axis=1, keepdims=True), np.ones(len(weights))])
