"""Reliability of a change between two waves, and the intraclass correlation of changes within gemeenten."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import STANDARD, Bootstrap, Statistic
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.waves import ONE_GEMEENTE, Waves

RELIABILITY, RELIABILITY_BREAK = "reliability", "reliability, break counted as noise"

MUNICIPAL_SHARE, CORRELATION = "municipal share of the variance of change", "correlation of the two waves"


def reliability_of_change(components: VarianceComponents, waves: Waves, bootstrap: Bootstrap = STANDARD) -> Estimate:
    """Return for every pair of waves which share of the variance of change is not noise.

    1 − v/Var(d), with d the observed change over the areas scored in both waves and v the variance of its
    noise: 2σ_e², and for the second measure σ_B² more where the pair straddles the break. Below 0 the observed
    changes vary less than the noise would make them, and the components do not fit that pair. The components
    are held fixed in the intervals.

    Parameters
    ----------
    components : VarianceComponents
        Fitted variance components.
    waves : Waves
        The scores.
    bootstrap : Bootstrap
        How uncertainty is drawn.

    Returns
    -------
    Estimate
        One row is one measure of one pair: ``from_year, to_year, years_between, measure``, then the result
        columns, as shares.

    Raises
    ------
    EstimationError
        If no area is scored in both waves of a pair.
    """
    frames = []
    for pair in combinations(waves.years, 2):
        keep = _both(waves, pair)
        change = (waves.column(pair[1]) - waves.column(pair[0]))[keep, None]
        noise = np.asarray([components.noise(counted).change_variance(*pair) for counted in (False, True)])

        def shares(weights: Floats, change: Floats = change, noise: Floats = noise) -> Floats:
            with np.errstate(divide="ignore", invalid="ignore"):
                return np.asarray(1 - noise / moments.variance(weights, change))

        frames.append(waves.bootstrap(shares, keep, _identity(pair, [RELIABILITY, RELIABILITY_BREAK]), bootstrap))
    return _estimate(
        waves,
        pd.concat(frames, ignore_index=True),
        f"1 − variance of noise / observed variance of change; components taken as known ({components})",
        bootstrap,
    )


def municipal_share_of_change(waves: Waves, bootstrap: Bootstrap = STANDARD) -> Estimate:
    """Return the intraclass correlation of change within gemeenten for each pair of consecutive waves.

    The share of the variance of change that lies between gemeenten is the intraclass correlation of a one-way
    analysis of variance over the k gemeenten with at least two areas scored in both waves,
    (MSB − MSW)/(MSB + (n₀ − 1)·MSW) with n₀ = (N − Σn²/N)/(k − 1); it is not cut off at 0. Beside it stands
    the correlation between the two waves, over all areas scored in both. A pair with a high share and a low
    correlation for its length looks like a break in the measurement.

    Parameters
    ----------
    waves, bootstrap
        As of `reliability_of_change`; a gemeente drawn twice counts as two.

    Returns
    -------
    Estimate
        One row is one measure of one pair: ``from_year, to_year, years_between, measure``, then the result
        columns.

    Raises
    ------
    EstimationError
        If a pair has fewer than two gemeenten with two or more areas, or the areas belong to none.
    """
    if waves.cluster_kind in ("areas", ONE_GEMEENTE):
        where = "all areas lie in one" if waves.cluster_kind == ONE_GEMEENTE else "these areas belong to none"
        raise EstimationError(f"what gemeenten share needs areas in two gemeenten or more, and {where}")
    frames = []
    for pair in pairwise(waves.years):
        keep = _both(waves, pair)
        scores = waves.columns(pair)[keep]
        labels = waves.labels[keep]
        _, first, place, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
        shared = sizes[place] > 1
        if len(np.unique(labels[shared])) < 2:
            raise EstimationError(f"fewer than 2 {waves.cluster_kind} have 2 areas scored in both waves of {pair}")
        for measure, members, statistic in (
            (MUNICIPAL_SHARE, shared, _intraclass(scores[:, 1] - scores[:, 0], place, first, shared)),
            (CORRELATION, np.ones(len(labels), dtype=bool), _correlation(scores)),
        ):
            frames.append(waves.bootstrap(statistic, keep, _identity(pair, [measure]), bootstrap, [members]))
    table = pd.concat(frames, ignore_index=True)
    if table.loc[table["measure"] == MUNICIPAL_SHARE, "estimate"].isna().all():
        raise EstimationError("no change of a score differs between areas")
    return _estimate(
        waves,
        table,
        "intraclass correlation of the change within gemeenten of two or more areas (one-way analysis of variance), "
        "and correlation between the waves",
        bootstrap,
    )


def _intraclass(
    change: Floats, place: NDArray[np.intp], first: NDArray[np.intp], shared: NDArray[np.bool_]
) -> Statistic:
    """Return the statistic with the intraclass correlation; `place` is each area's cluster, `first` its first area."""
    sizes = np.bincount(place)
    used = sizes > 1
    sums = np.bincount(place, change - change[shared].mean())[used]
    squares = np.bincount(place, (change - change[shared].mean()) ** 2)[used]
    sizes = sizes[used].astype(float)
    summands = np.column_stack([np.ones_like(sizes), sizes, sizes**2, sums, squares, sums**2 / sizes])

    def statistic(weights: Floats) -> Floats:
        clusters, n, n2, total, square, between = (weights[:, first[used]] @ summands).T
        with np.errstate(invalid="ignore", divide="ignore"):
            msb = (between - total**2 / n) / (clusters - 1)
            msw = (square - between) / (n - clusters)
            typical = (n - n2 / n) / (clusters - 1)
            return np.asarray((msb - msw) / (msb + (typical - 1) * msw))[:, None]

    return statistic


def _correlation(scores: Floats) -> Statistic:
    """Return the statistic with the correlation of two columns."""

    def statistic(weights: Floats) -> Floats:
        matrix = moments.covariance(weights, scores)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(matrix[:, 0, 1] / np.sqrt(matrix[:, 0, 0] * matrix[:, 1, 1]))[:, None]

    return statistic


def _identity(pair: tuple[int, int], measures: list[str]) -> dict[str, object]:
    """Return the columns that identify figures of a pair of waves."""
    return {"from_year": pair[0], "to_year": pair[1], "years_between": pair[1] - pair[0], "measure": measures}


def _both(waves: Waves, pair: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the areas scored in both waves; refuse if there are fewer than two."""
    keep = waves.scored(*pair)
    if keep.sum() < 2:
        raise EstimationError(f"fewer than 2 areas are scored in both {pair[0]} and {pair[1]}: leave one wave out")
    return keep


def _estimate(waves: Waves, frame: pd.DataFrame, method: str, bootstrap: Bootstrap) -> Estimate:
    """Return the table with its counts."""
    missing = [(a, b, int((~waves.scored(a, b)).sum())) for a, b in pairwise(waves.years)]
    dropped = [(f"areas not scored in both {a} and {b}", n) for a, b, n in missing if n]
    return waves.estimate(frame, method, bootstrap, dropped)
