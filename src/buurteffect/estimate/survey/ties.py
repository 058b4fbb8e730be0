"""Ties between groups against random mixing in the same area: Coleman's and Freeman's indices.

A tie is observed to stay within the own group or not. Had its household drawn it at random from all other households
of the area, it would have stayed with probability w = (n_g − 1)/(n − 1): with n − 1, since nobody is tied to oneself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.bands import SEED
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.sandwich import cluster_std_error

GROUPINGS: Mapping[str, tuple[str, ...]] = {
    "tenure": ("tenure",),
    "income": ("income_group",),
    "cell": ("tenure", "income_group"),
    "residence": ("residence",),
}
"""What can make a group: columns of the household, each with its twin ``other_…`` of the household that is named."""

AREA, YEAR, WEIGHT = "area_code", "year", "weight_households"
_COUNT = "households_count"


@dataclass(frozen=True, eq=False)
class Mixing:
    """Ties, each with its chance of staying within the own group under random mixing.

    Parameters
    ----------
    frame : DataFrame
        The ties, with ``group`` (the household's own), ``same`` (1 where the tie stays in it), ``expected`` (its
        chance under random mixing, w), ``alike_count`` (other households of the group in the area).
    grouping : str
        One of `GROUPINGS`.
    within : str
        What ties are drawn from under random mixing: an area's column name, or "everyone".
    dropped : tuple of (str, int)
        What was left out and how often.
    """

    frame: pd.DataFrame
    grouping: str
    within: str = AREA
    dropped: tuple[tuple[str, int], ...] = ()

    def where(self, rows: pd.Series, reason: str) -> Mixing:
        """Return some of the ties; the others are counted under the reason."""
        return Mixing(self.frame[rows], self.grouping, self.within, (*self.dropped, (reason, int((~rows).sum()))))


def random_mixing(ties: pd.DataFrame, households: pd.DataFrame, grouping: str, within: str = AREA) -> Mixing:
    """Return ties with what random mixing would give.

    Parameters
    ----------
    ties : DataFrame
        One row per tie: ``area_code, year, weight_households`` and the columns of `GROUPINGS` with their twins.
    households : DataFrame
        Register counts: ``area_code, year``, the columns of the grouping, ``households_count``.
    grouping : {"tenure", "income", "cell", "residence"}
        What makes a group.
    within : str
        Column that both tables have and within whose values mixing is random, or ``everyone``.

    Raises
    ------
    MissingColumnError
        If a column is missing.
    EstimationError
        If a household that names a tie is in no cell of the register's counts of its year, or no tie is left.
    """
    if grouping not in GROUPINGS:
        raise CallError(f"grouping must be one of {', '.join(GROUPINGS)}, found {grouping!r}")
    columns = GROUPINGS[grouping]
    place = [YEAR] if within == "everyone" else [YEAR, within]
    require(ties, [*place, WEIGHT, *columns, *(f"other_{name}" for name in columns)], "table of ties")
    require(households, [*place, *columns], "table of households")
    require_numbers(ties, (WEIGHT,), "table of ties")
    require_numbers(households, (_COUNT,), "table of households")
    alike = households.groupby([*place, *columns])[_COUNT].sum().rename("alike").reset_index()
    here = households.groupby(place)[_COUNT].sum().rename("here").reset_index()
    frame = ties.merge(alike, on=[*place, *columns], how="left").merge(here, on=place, how="left")
    lost = frame["alike"].isna()
    if lost.any():
        raise EstimationError(
            f"{int(lost.sum())} ties are of households in groups that the register does not have in that area and "
            "year: give the counts of every year that has ties, in the same division of areas"
        )
    same = np.ones(len(frame), dtype=bool)
    for name in columns:
        same &= (frame[name].astype("str") == frame[f"other_{name}"].astype("str")).to_numpy()
    group = frame[columns[0]].astype("str")
    for name in columns[1:]:
        group = group + ", " + frame[name].astype("str")
    others = frame["here"].to_numpy(dtype=float) - 1
    frame = frame.assign(
        group=group,
        same=same.astype(float),
        alike_count=frame["alike"] - 1,
        expected=(frame["alike"].to_numpy(dtype=float) - 1) / np.where(others > 0, others, np.nan),
    )
    known = frame["expected"].notna()
    if not known.any():
        raise EstimationError("no tie is left: every household is alone in its area")
    dropped = (("ties in areas of one household", int((~known).sum())),) if (~known).any() else ()
    return Mixing(frame[known].drop(columns=["alike", "here"]).reset_index(drop=True), grouping, within, dropped)


def coleman_index(mixing: Mixing, by: str | None = "group", cluster: str = AREA, alpha: float = 0.05) -> EffectEstimate:
    """Estimate Coleman's index of homophily, of all ties and by group.

    q = (s − w)/(1 − w), with s the share of a group's ties that stay in it and w the share under random mixing in the
    same areas (Coleman 1958, Human Organization 17(4)): 0 if ties are drawn at random, 1 if none crosses. Shares are
    weighted means over ties, so q is a ratio of sums; its error is that of the linearised ratio, clustered.
    1 − q is the ratio of observed to expected cross-group ties, q itself Freeman's segregation index within areas
    (Freeman 1978, doi:10.1177/004912417800600401).

    Parameters
    ----------
    mixing : Mixing
        From `random_mixing`.
    by : str, optional
        Column whose values get a row each, after that of all.
    cluster : str
        Column within whose values errors may depend on each other.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        ``term`` is ``all`` or the value of `by`; remarks ``observed`` (s), ``expected`` (w) and ``ties_count``.
    """
    return _ratios(mixing, by, cluster, alpha, "homophily")


def tie_ratio(mixing: Mixing, by: str | None = None, cluster: str = AREA, alpha: float = 0.05) -> EffectEstimate:
    """Estimate the share of ties across groups over that of random mixing: Σ(1 − same)/Σ(1 − w), weighted.

    Parameters and result as of `coleman_index`, whose complement it is; the remarks are shares of cross-group ties.
    """
    return _ratios(mixing, by, cluster, alpha, "ratio")


def _ratios(mixing: Mixing, by: str | None, cluster: str, alpha: float, kind: str) -> EffectEstimate:
    """Return a table of ratios of sums over ties."""
    frame = mixing.frame
    parts = [("all", frame)]
    if by is not None:
        parts += [(str(name), rows) for name, rows in frame.groupby(by, observed=True, sort=True)]
    rows = [_ratio(rows, cluster, kind) for _, rows in parts]
    counts = [rows_of[cluster].nunique() for _, rows_of in parts]
    degrees = max(counts[0] - 1, 1)
    words = "in the same areas" if mixing.within == AREA else f"within {mixing.within}"
    units = [rows_of[AREA].nunique() if AREA in rows_of else 0 for _, rows_of in parts]
    return EffectEstimate.of(
        [name for name, _ in parts],
        [row[0] for row in rows],
        [row[1] for row in rows],
        method=f"ties of the sample by {mixing.grouping}, weighted, against random mixing {words}",
        convention=f"linearised ratio of sums, clustered by {_words(cluster)}; t distribution with {degrees} degrees "
        "of freedom",
        units_count=units,
        clusters_count=counts,
        totals=(units[0], counts[0], 0),
        alpha=alpha,
        degrees=degrees,
        remarks={
            "observed": [row[2] for row in rows],
            "expected": [row[3] for row in rows],
            "ties_count": [len(rows_of) for _, rows_of in parts],
        },
        dropped=mixing.dropped,
    )


def _ratio(frame: pd.DataFrame, cluster: str, kind: str) -> tuple[float, float, float, float]:
    """Return estimate, standard error, observed and expected share."""
    weight = frame[WEIGHT].to_numpy(dtype=float)
    same, chance = frame["same"].to_numpy(dtype=float), frame["expected"].to_numpy(dtype=float)
    top = weight * ((same - chance) if kind == "homophily" else (1 - same))
    below, total = weight * (1 - chance), weight.sum()
    if below.sum() <= 0:
        return np.nan, np.nan, np.nan, np.nan
    value = top.sum() / below.sum()
    codes = pd.factorize(frame[cluster])[0]
    error = cluster_std_error(top - value * below, codes) / below.sum() if codes.max() > 0 else np.nan
    shares = (weight @ same) / total, (weight @ chance) / total
    if kind == "ratio":
        shares = 1 - shares[0], 1 - shares[1]
    return float(value), float(error), float(shares[0]), float(shares[1])


def bootstrap_ratio(
    mixing: Mixing, cluster: str = AREA, draws: int = 999, seed: int = SEED, alpha: float = 0.05
) -> EffectEstimate:
    """Estimate the ratio of `tie_ratio` over all ties, with a percentile interval from drawing whole clusters anew.

    Parameters
    ----------
    mixing, cluster, alpha
        As of `tie_ratio`; clusters are drawn.
    draws, seed : int
        Number of draws, and what they start from.
    """
    result = tie_ratio(mixing, None, cluster, alpha)
    frame = mixing.frame
    codes = pd.factorize(frame[cluster])[0]
    weight = frame[WEIGHT].to_numpy(dtype=float)
    top: Floats = np.bincount(codes, weights=weight * (1 - frame["same"].to_numpy(dtype=float))).astype(float)
    below: Floats = np.bincount(codes, weights=weight * (1 - frame["expected"].to_numpy(dtype=float))).astype(float)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    drawn = generator.multinomial(len(top), np.full(len(top), 1 / len(top)), size=draws)
    values = (drawn @ top) / (drawn @ below)
    low, high = np.quantile(values, [alpha / 2, 1 - alpha / 2])
    error = values.std(ddof=1)
    table = result.frame.assign(term="all, bootstrap", std_error=error, ci_low=low, ci_high=high)
    table["p_value"] = 2 * stats.norm.sf(abs(table["estimate"] / error))
    words = f"percentile interval, bootstrap over {len(top)} clusters ({_words(cluster)}), {draws} draws, seed {seed}"
    return replace(result, frame=table, error_convention=words, degrees=np.inf)


def own_cell_excess(mixing: Mixing) -> pd.DataFrame:
    """Return ties with ``excess``, whose mean is the share of ties that were chosen in the own group, and its weight.

    (same − w)/(1 − w), weighted by weight·(1 − w): the weighted mean over any set of ties is Coleman's index, so that
    any regression of it explains homophily. Households that are alone in their group cannot choose in it and are left
    out.
    """
    frame = mixing.frame[mixing.frame["alike_count"] > 0]
    chance = frame["expected"].to_numpy(dtype=float)
    some = chance < 1
    frame, chance = frame[some], chance[some]
    return frame.assign(
        excess=(frame["same"].to_numpy(dtype=float) - chance) / (1 - chance),
        excess_weight=frame[WEIGHT].to_numpy(dtype=float) * (1 - chance),
    )


def _words(cluster: str) -> str:
    """Return the column of the clusters as a word."""
    return cluster.removesuffix("_code").replace("_", " ")
