"""Mobility of areas in the ranking: transition matrices, persistence, and confidence sets of ranks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import STANDARD, Bootstrap, Draws, count_clusters, tidy
from buurteffect.estimate.measurement.waves import Waves
from buurteffect.estimate.scores.dispersion import check_order

TRANSITION, RANK_CORRELATION = "share of the row", "rank correlation"

MEDIAN_WIDTH = "median width of the interval in ranks"
SURELY_IN, POSSIBLY_IN = "areas surely in the bottom tail", "areas that cannot be excluded from the bottom tail"
TAIL_SIZE = "areas in the bottom tail by rank"

AT_BOTTOM = (
    "at the bottom in the first wave", "at the bottom in the last wave", "ratio of the two",
    "still there, of those at the bottom at first", "still there, of other areas at the bottom at first",
)  # fmt: skip
"""Measures of `group_at_bottom`."""


def rank_transition(
    waves: Waves, from_year: int, to_year: int, bins: int = 10, bootstrap: Bootstrap = STANDARD
) -> Estimate:
    """Return the transition matrix between quantile groups of two waves, and the rank correlation.

    Areas scored in both waves are divided in each wave by the quantiles 1/bins, 2/bins, …; bin 1 holds the
    scores up to the first quantile, the lowest. A row of the matrix is a bin in the first wave and its shares
    add to 1. The rank correlation is Spearman's, with mid-ranks.

    Parameters
    ----------
    waves : Waves
        The scores.
    from_year, to_year : int
        The two waves, the earlier first.
    bins : int
        Number of parts, 2 or more.
    bootstrap : Bootstrap
        How uncertainty is drawn; quantiles and ranks are taken anew in each draw.

    Returns
    -------
    Estimate
        One row is one cell of the matrix, or the rank correlation (bins 0): ``measure, from_year, to_year,
        from_bin, to_bin``, then the result columns. `units_count` is the number of areas in the row's bin.

    Raises
    ------
    EstimationError
        If a wave is unknown, the years are not in order, or there are fewer areas than bins.
    """
    check_order(waves, from_year, to_year)
    keep = waves.scored(from_year, to_year)
    if bins < 2 or keep.sum() < bins:
        raise EstimationError(f"{bins} bins of {int(keep.sum())} areas make no transition matrix: choose 2 or more")
    first, last = waves.column(from_year)[keep], waves.column(to_year)[keep]

    def statistic(weights: Floats) -> Floats:
        start, end = _bins(weights, first, bins), _bins(weights, last, bins)
        cells = start * bins + end + np.arange(len(weights))[:, None] * bins**2
        counts = np.bincount(cells.ravel(), weights.ravel(), minlength=len(weights) * bins**2)
        table = counts.reshape(len(weights), bins, bins)
        with np.errstate(invalid="ignore", divide="ignore"):
            shares = table / table.sum(axis=2, keepdims=True)
        spearman = moments.correlation(weights, moments.ranks(weights, first), moments.ranks(weights, last))
        return np.column_stack([shares.reshape(len(weights), -1), spearman])

    start = _bins(np.ones((1, len(first))), first, bins)[0]
    numbers = np.arange(1, bins + 1)
    identity = {
        "measure": [TRANSITION] * bins**2 + [RANK_CORRELATION],
        "from_year": from_year,
        "to_year": to_year,
        "from_bin": [*np.repeat(numbers, bins), 0],
        "to_bin": [*np.tile(numbers, bins), 0],
    }
    counted = [*(start == row for row in np.repeat(range(bins), bins)), np.ones(len(first), dtype=bool)]
    frame = waves.bootstrap(statistic, keep, identity, bootstrap, counted)
    return _estimate(waves, frame, f"transition between {bins} parts of the ranking", bootstrap, from_year, to_year)


def persistence(waves: Waves, from_year: int, tail: float = 0.1, bootstrap: Bootstrap = STANDARD) -> Estimate:
    """Return which share of the lowest areas is among the lowest in each later wave.

    P(score in t ≤ its quantile `tail` | score in `from_year` ≤ its quantile `tail`), over the areas scored in
    both. If ranks were dealt anew the share would be `tail`.

    Parameters
    ----------
    waves, bootstrap
        As of `rank_transition`.
    from_year : int
        Wave in which the areas are the lowest.
    tail : float
        Share of the areas that counts as lowest, between 0 and 1.

    Returns
    -------
    Estimate
        One row is one later wave: ``from_year, to_year``, then the result columns. `units_count` is the number
        of areas that are lowest in the first wave.

    Raises
    ------
    EstimationError
        If the wave is unknown or the last one, the tail makes no sense, or two waves share no area.
    """
    _check_tail(tail)
    later = waves.years[waves.position(from_year) + 1 :]
    if not later:
        raise EstimationError(f"{from_year} is the last wave: choose an earlier one")
    frames = []
    for year in later:
        keep = waves.scored(from_year, year)
        if not keep.any():
            raise EstimationError(f"no area is scored in both {from_year} and {year}: leave one of them out")
        pair = waves.columns((from_year, year))[keep]

        def stays_low(weights: Floats, pair: Floats = pair) -> Floats:
            low = weights * _lowest(weights, pair[:, 0], tail)
            return np.asarray((low * _lowest(weights, pair[:, 1], tail)).sum(axis=1) / low.sum(axis=1))[:, None]

        low = _lowest(np.ones((1, len(pair))), pair[:, 0], tail)[0]
        identity = {"from_year": from_year, "to_year": year}
        frames.append(waves.bootstrap(stays_low, keep, identity, bootstrap, [low]))
    frame = pd.concat(frames, ignore_index=True)
    method = f"share of the lowest {tail:.0%} of areas in {from_year} that is in the lowest {tail:.0%} later"
    return _estimate(waves, frame, method, bootstrap, from_year, waves.years[-1])


def group_at_bottom(
    waves: Waves, members: Collection[str], tail: float = 0.1, bootstrap: Bootstrap = STANDARD
) -> Estimate:
    r"""Return how often the areas of a group were at the bottom in the first wave and in the last, and the ratio.

    With :math:`L_t` the lowest share `tail` of all areas scored in both waves, for the group M:
    :math:`P(L_{first} | M)`, :math:`P(L_{last} | M)` and their ratio, beside :math:`P(L_{last} | L_{first})` within
    the group and among all others. The group is fixed; who is lowest is not.

    Parameters
    ----------
    waves, tail, bootstrap
        As of `persistence`.
    members : collection of str
        Codes of the areas of the group; those without both scores are left out and counted.

    Returns
    -------
    Estimate
        One row is one of `AT_BOTTOM`: ``measure, from_year, to_year``, then the result columns.

    Raises
    ------
    EstimationError
        If fewer than two areas of the group are scored in both waves, or none of them is lowest in the first.
    """
    _check_tail(tail)
    first, last = waves.years[0], waves.years[-1]
    keep = waves.scored(first, last)
    inside = np.asarray(waves.scores.index.isin(list(members)))[keep]
    pair = waves.columns((first, last))[keep]
    low = _lowest(np.ones((1, len(pair))), pair[:, 0], tail)[0] if len(pair) else inside
    if inside.sum() < 2 or not (inside & low).any():
        raise EstimationError(
            f"{int(inside.sum())} areas of the group are scored in {first} and {last}, of which "
            f"{int((inside & low).sum())} are in the lowest {tail:.0%} in {first}: there is no ratio to take"
        )

    def chances(weights: Floats) -> Floats:
        start, end = (weights * _lowest(weights, pair[:, column], tail) for column in (0, 1))
        both = start * (end > 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            before, after = (part[:, inside].sum(axis=1) / weights[:, inside].sum(axis=1) for part in (start, end))
            stayed = [both[:, group].sum(axis=1) / start[:, group].sum(axis=1) for group in (inside, ~inside)]
            return np.column_stack([before, after, after / before, *stayed])

    identity = {"measure": list(AT_BOTTOM), "from_year": first, "to_year": last}
    counted = [inside, inside, inside, inside & low, ~inside & low]
    frame = waves.bootstrap(chances, keep, identity, bootstrap, counted)
    unseen = len(set(members)) - int(inside.sum())
    method = f"share of a group of areas in the lowest {tail:.0%} of all areas, in the first wave and in the last"
    left_out = (*waves.unscored((first, last), f"areas not scored in both {first} and {last}"),)
    return waves.estimate(frame, method, bootstrap, (*left_out, ("areas of the group without both scores", unseen)))


def rank_intervals(
    waves: Waves,
    year: int,
    noise_sd: float,
    confidence: float = 0.95,
    seed: int = 1,
    draws: int = 100_000,
    joint: bool = False,
) -> Estimate:
    """Return a confidence set for the rank of each area, given the noise in its score.

    Rank 1 is the highest score. Area j is surely below area k if (y_k − y_j)/(σ√2) exceeds a critical value;
    its set runs from 1 + the number of areas surely above it to the number of areas minus those surely below
    it. The critical value is the `confidence` quantile of the largest studentised difference between one area
    and all others when all noise is independent and normal with the same σ, so that the set holds the true
    rank with at least that probability, whatever the true scores (Mogstad, Romano, Shaikh & Wilhelm 2024,
    doi:10.1093/restud/rdad006, without their stepwise refinement). These sets are marginal: each is right with
    that probability, all of them together are not. With `joint` the largest difference between any two areas
    is used and all sets hold at once.

    With equal noise the largest difference depends only on the area's own noise and on the largest and
    smallest noise among the others, which are drawn directly from their distribution; time and memory do not
    grow with the number of areas.

    Parameters
    ----------
    waves : Waves
        The scores.
    year : int
        The wave.
    noise_sd : float
        σ, standard deviation of the noise in one score, LBM points; 0 gives the ranks themselves.
    confidence : float
        Level of the sets, between 0 and 1.
    seed, draws : int
        Of the simulated noise.
    joint : bool
        Whether all sets hold at once.

    Returns
    -------
    Estimate
        One row is one area: ``area_code, year, liveability_score``, then the result columns: `estimate` is the
        rank, `ci_low` and `ci_high` are the best and worst rank in the set; there is no standard error.

    Raises
    ------
    EstimationError
        If the wave is unknown, fewer than three areas are scored, or a setting makes no sense.
    """
    keep = waves.scored(year)
    scores = waves.column(year)[keep]
    if not (noise_sd >= 0 and 0 < confidence < 1 and draws > 0) or len(scores) < 3:
        raise EstimationError(
            f"rank sets need noise of 0 or more, a confidence between 0 and 1, draws and 3 areas; found {noise_sd}, "
            f"{confidence}, {draws} and {len(scores)} areas"
        )
    critical = rank_critical_value(len(scores), confidence, seed, draws, joint)
    margin = critical * np.sqrt(2) * noise_sd
    ascending = np.sort(scores)
    above = len(scores) - np.searchsorted(ascending, scores + margin, side="right")
    below = np.searchsorted(ascending, scores - margin, side="left")
    frame = pd.DataFrame(
        {
            "area_code": np.asarray(waves.scores.index)[keep],
            "year": year,
            "liveability_score": scores,
            "estimate": 1 + len(scores) - np.searchsorted(ascending, scores, side="right"),
            "std_error": np.nan,
            "ci_low": 1 + above,
            "ci_high": len(scores) - below,
            "units_count": 1,
            "clusters_count": 1,
        }
    )
    return Estimate(
        frame,
        "rank from above, 1 the highest score; confidence sets from studentised differences between areas",
        f"{confidence:.0%} {'joint' if joint else 'marginal'} confidence sets for ranks given independent normal "
        f"noise of SD {noise_sd:.4g} in every score, taken as known; critical value {critical:.3f} from {draws} draws, "
        f"seed {seed}",
        len(scores),
        count_clusters(waves.labels, keep),
        (*waves.ledger, (f"areas not scored in {year}", int((~keep).sum()))),
    )


def summarise_ranks(intervals: Estimate, tail: float = 0.1) -> Estimate:
    """Return how much the confidence sets of ranks say about the bottom of the ranking.

    The bottom tail is the worst floor(`tail` × areas) ranks. An area is surely in if its whole set lies there,
    and cannot be excluded if a part of its set does.

    Parameters
    ----------
    intervals : Estimate
        From :func:`rank_intervals`.
    tail : float
        Share of the ranks, between 0 and 1.

    Returns
    -------
    Estimate
        One row is one measure: ``year, measure``, then the result columns, without uncertainty: the median
        width of the sets in ranks, the number of areas in the tail by rank, surely in it, and not to be
        excluded from it.

    Raises
    ------
    EstimationError
        If the tail makes no sense.
    """
    _check_tail(tail)
    frame = intervals.frame
    size = int(np.floor(tail * len(frame) + 1e-9))
    edge = len(frame) - size
    values = {
        MEDIAN_WIDTH: float((frame["ci_high"] - frame["ci_low"]).median()),
        TAIL_SIZE: float((frame["estimate"] > edge).sum()),
        SURELY_IN: float((frame["ci_low"] > edge).sum()),
        POSSIBLY_IN: float((frame["ci_high"] > edge).sum()),
    }
    identity = pd.DataFrame({"year": int(frame["year"].iloc[0]), "measure": list(values)})
    point = np.asarray(list(values.values()))
    counts = [intervals.units_count] * len(values), [intervals.clusters_count] * len(values)
    table = tidy(identity, Draws(point, np.full((2, len(values)), np.nan)), 0.95, *counts)
    return replace(
        intervals, frame=table, method=f"{intervals.method}; bottom tail of the worst {size} of {len(frame)} ranks"
    )


def rank_critical_value(areas: int, confidence: float, seed: int, draws: int, joint: bool) -> float:
    """Return the simulated critical value of confidence sets for ranks (doi:10.1093/restud/rdad006).

    It is the quantile, at `confidence`, of the largest studentised difference between one area and all others
    (marginal sets) or between any two areas (joint sets), where all scores have equal noise.
    """
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    others = areas if joint else areas - 1
    largest = ndtri(generator.random(draws) ** (1 / others))
    rest = -np.expm1(np.log1p(-generator.random(draws)) / (others - 1))
    smallest = ndtri(ndtr(largest) * rest)
    own = generator.standard_normal(draws)
    difference = largest - smallest if joint else np.maximum(largest - own, own - smallest)
    return float(np.quantile(difference, confidence) / np.sqrt(2))


def _bins(weights: Floats, scores: Floats, bins: int) -> NDArray[np.intp]:
    """Return each unit's bin per draw, 0 the lowest: draws by units."""
    edges = moments.quantiles(weights, scores, [edge / bins for edge in range(1, bins)])
    return np.asarray(sum((scores > edges[:, [column]]).astype(np.intp) for column in range(bins - 1)))


def _lowest(weights: Floats, scores: Floats, tail: float) -> NDArray[np.bool_]:
    """Return who is in the bottom tail per draw."""
    return np.asarray(scores <= moments.quantiles(weights, scores, (tail,)))


def _check_tail(tail: float) -> None:
    """Refuse a tail that makes no sense."""
    if not 0 < tail < 1:
        raise EstimationError(f"the tail must lie between 0 and 1, found {tail}")


def _estimate(waves: Waves, frame: pd.DataFrame, method: str, bootstrap: Bootstrap, *years: int) -> Estimate:
    """Return the table with its counts."""
    missing = waves.unscored(years, f"areas not scored in both {years[0]} and {years[1]}")
    return waves.estimate(frame, method, bootstrap, missing)
