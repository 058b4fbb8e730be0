"""Totals before and after: what a harmonisation moved, gained or lost, per gemeente of the base year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from buurteffect.panel.weights import Weights

CONSERVED = ("inhabitants_count", "dwellings_count")
"""Counts that nothing may gain or lose."""

_COLUMNS = [
    "year",
    "gemeente_code",
    "concept",
    "before",
    "after",
    "difference",
    "difference_share",
    "missing_after_count",
    "group_code",
    "group_difference",
]


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
    moved = _bring(_totals(before[list(concepts)], _places(before)), weights)
    places_after, values = _places(after), after[list(concepts)]
    new, missing = _totals(values, places_after), values.isna().groupby(places_after).sum()
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


def _places(rows: pd.DataFrame) -> list[pd.Series]:
    """Return the year of every row and the gemeente that its code names."""
    number, codes = pd.factorize(rows["area_code"])
    gemeente = pd.Series("GM" + pd.Series(codes, dtype="str").str[2:6], dtype="str").array.take(number)
    return [rows["year"], pd.Series(gemeente, index=rows.index, name="gemeente_code")]


def _totals(values: pd.DataFrame, places: list[pd.Series]) -> pd.DataFrame:
    """Return the sum of every concept per year and gemeente."""
    return values.astype("float64").groupby(places).sum()


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
    source, sources = pd.factorize(pd.MultiIndex.from_frame(flows[["year", "source_code"]]))
    target, targets = pd.factorize(pd.MultiIndex.from_frame(flows[["year", "target_code"]]), sort=True)
    size = len(sources) + len(targets)
    graph = sparse.coo_array((flows["weight_share"], (source, target + len(sources))), shape=(size, size))
    label = csgraph.connected_components(graph, directed=False)[1][len(sources) :]
    first = np.full(int(label.max()) + 1, len(targets))
    np.minimum.at(first, label, np.arange(len(targets)))
    names = pd.MultiIndex(targets.levels, targets.codes).get_level_values(1)[first[label]]
    return pd.Series(names, index=targets, dtype="str").reindex(places).fillna(own)
