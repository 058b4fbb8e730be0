"""Totals before and after: what a harmonisation moved, gained or lost, per gemeente of the base year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from buurteffect.panel.harmonise.weights import Weights

CONSERVED = ("inhabitants_count", "dwellings_count")
"""Counts that nothing may gain or lose."""

_COLUMNS = [
    "year", "gemeente_code", "concept", "before", "after", "difference", "difference_share", "missing_after_count",
    "group_code", "group_difference",
]  # fmt: skip


def conservation(
    before: pd.DataFrame,
    after: pd.DataFrame,
    concepts: Sequence[str] = CONSERVED,
    gemeente_weights: Mapping[int, Weights] | None = None,
) -> pd.DataFrame:
    """Compare totals per gemeente of the base year.

    The total before adds up the areas as they were, per gemeente of that year, and brings it to the base year
    with the gemeenten's own weights, where a year has them. That is independent of the weights under test, and
    so it differs from the total after where a gemeente was divided: its inhabitants are not spread like its
    addresses. Gemeenten that exchanged areas form a group, and what one of them lost the others of the group
    must have gained.

    Parameters
    ----------
    before, after : DataFrame
        One row per area and year: ``area_code, year`` and the concepts, in the codes of the year and of the
        base year. Missing counts are left out of the totals.
    concepts : sequence of str
        Counts to compare.
    gemeente_weights : mapping of year to Weights, optional
        Weights of gemeenten to the base year.

    Returns
    -------
    DataFrame
        One row per year, gemeente of the base year and concept: ``before, after, difference`` (after − before),
        ``difference_share`` of before, ``missing_after_count`` (areas without a value), ``group_code`` (the first
        gemeente of the group) and ``group_difference``.
    """
    columns = ["area_code", "year", *concepts]
    before, after = before[columns], after[columns]
    years = sorted(before["year"].unique().tolist())
    if not years or not concepts:
        return pd.DataFrame(columns=_COLUMNS)
    after = after[after["year"].isin(years)]
    weights = {year: found for year, found in (gemeente_weights or {}).items() if year in years}
    names, places_after = list(concepts), _places(after)
    moved = _bring(_places(before).sum(before[names].astype("float64")), weights)
    new, missing = places_after.sum(after[names].astype("float64")), places_after.sum(after[names].isna())
    places = moved.index.union(new.index).sort_values()
    groups = _groups(weights, places)
    parts = []
    for order, concept in enumerate(concepts):
        both = pd.DataFrame({"before": moved[concept], "after": new[concept]}).reindex(places).fillna(0.0)
        both["missing_after_count"] = missing[concept].reindex(places).fillna(0).astype("int64")
        both["difference"] = both["after"] - both["before"]
        both["difference_share"] = (both["difference"] / both["before"]).where(both["before"] > 0)
        both["group_code"] = groups
        both = both.reset_index().assign(concept=concept, order=order)
        both["group_difference"] = both.groupby(["year", "group_code"])["difference"].transform("sum")
        parts.append(both)
    return pd.concat(parts).sort_values(["year", "order"], kind="stable", ignore_index=True)[_COLUMNS]


@dataclass(frozen=True, eq=False)
class _Places:
    """The year of every row, the number of the gemeente that its code names, and the gemeenten by number."""

    year: npt.NDArray[np.int64]
    gemeente: npt.NDArray[np.int64]
    names: pd.Index

    def sum(self, values: pd.DataFrame) -> pd.DataFrame:
        """Return the sum of every column per year and gemeente."""
        total = values.groupby([self.year, self.gemeente]).sum()
        year, gemeente = (total.index.get_level_values(level) for level in (0, 1))
        return total.set_axis(pd.MultiIndex.from_arrays([year, self.names[gemeente]], names=["year", "gemeente_code"]))


def _places(rows: pd.DataFrame) -> _Places:
    """Return where the rows belong."""
    number, codes = pd.factorize(rows["area_code"])
    gemeente, names = pd.factorize("GM" + pd.Series(codes, dtype="str").str[2:6], sort=True)
    return _Places(rows["year"].to_numpy(), gemeente[number], pd.Index(names))


def _flows(weights: Mapping[int, Weights]) -> pd.DataFrame:
    """Return the flows of all years, one row per year, source and target."""
    frames = [found.frame.assign(year=year) for year, found in sorted(weights.items())]
    return pd.concat(frames, ignore_index=True)


def _bring(totals: pd.DataFrame, weights: Mapping[int, Weights]) -> pd.DataFrame:
    """Return totals per gemeente of the base year; one that the weights do not know keeps its code."""
    if not weights:
        return totals
    flows = _flows(weights)
    place = totals.index.get_indexer(pd.MultiIndex.from_frame(flows[["year", "source_code"]]))
    flows, place = flows[place >= 0], place[place >= 0]
    parts = totals.iloc[place].mul(flows["weight_share"].to_numpy(), axis=0)
    targets = pd.MultiIndex.from_arrays([flows["year"], flows["target_code"]], names=totals.index.names)
    stays = np.ones(len(totals), dtype=bool)
    stays[place] = False
    moved = parts.set_axis(targets).groupby(level=[0, 1]).sum()
    return pd.concat([moved, totals[stays]]).groupby(level=[0, 1]).sum()


def _groups(weights: Mapping[int, Weights], places: pd.MultiIndex) -> pd.Series:
    """Return the first gemeente of the group that each belongs to in a year: those tied by a common source."""
    own = pd.Series(places.get_level_values(1), index=places, dtype="str")
    if not weights:
        return own
    flows = _flows(weights)
    number, codes = pd.factorize(pd.concat([flows["source_code"], flows["target_code"]]), sort=True)
    # A code of a year is one number, in the order of year and code.
    ends = (np.tile(flows["year"], 2) * len(codes) + number).reshape(2, -1)
    (sources, source), (targets, target) = (np.unique(end, return_inverse=True) for end in ends)
    size = len(sources) + len(targets)
    graph = sparse.coo_array((flows["weight_share"], (source, target + len(sources))), shape=(size, size))
    label = csgraph.connected_components(graph, directed=False)[1][len(sources) :]
    first = np.full(int(label.max()) + 1, len(targets))
    np.minimum.at(first, label, np.arange(len(targets)))
    year, place = np.divmod(targets, len(codes))
    names = pd.Index(codes)[place]
    index = pd.MultiIndex.from_arrays([year, names], names=places.names)
    return pd.Series(names[first[label]], index=index, dtype="str").reindex(places).fillna(own)
