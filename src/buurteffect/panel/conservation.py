"""Totals before and after: what a harmonisation moved, gained or lost, per gemeente of the base year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from buurteffect.panel.weights import Weights, is_among

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
    parts = []
    for year in sorted(before["year"].unique().tolist()):
        weights = (gemeente_weights or {}).get(year)
        old = _totals(before[before["year"] == year], concepts)
        new_rows = after[after["year"] == year]
        new = _totals(new_rows, concepts)
        moved = _bring(old, weights)
        groups = _groups(weights, sorted({*moved.index, *new.index}))
        gemeente = _gemeente(new_rows)
        for concept in concepts:
            both = pd.DataFrame({"before": moved[concept], "after": new[concept]}).fillna(0.0)
            missing = new_rows[concept].isna().groupby(gemeente).sum()
            both["missing_after_count"] = missing.reindex(both.index).fillna(0).astype("int64")
            both["difference"] = both["after"] - both["before"]
            both["difference_share"] = (both["difference"] / both["before"]).where(both["before"] > 0)
            both["group_code"] = groups.reindex(both.index).astype("str")
            both["group_difference"] = both.groupby("group_code")["difference"].transform("sum")
            both = both.rename_axis("gemeente_code").reset_index().assign(year=year, concept=concept)
            parts.append(both[_COLUMNS])
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=_COLUMNS)


def _gemeente(rows: pd.DataFrame) -> pd.Series:
    """Return the gemeente that every row's code names."""
    return "GM" + rows["area_code"].str[2:6]


def _totals(rows: pd.DataFrame, concepts: Sequence[str]) -> pd.DataFrame:
    """Return the sum of every concept per gemeente."""
    return rows[list(concepts)].astype("float64").groupby(_gemeente(rows)).sum()


def _bring(totals: pd.DataFrame, weights: Weights | None) -> pd.DataFrame:
    """Return totals per gemeente of the base year; one that the weights do not know keeps its code."""
    if weights is None:
        return totals
    flows = weights.frame[is_among(weights.frame["source_code"], totals.index)]
    parts = totals.reindex(flows["source_code"]).mul(flows["weight_share"].to_numpy(), axis=0)
    moved = parts.groupby(flows["target_code"].to_numpy()).sum()
    kept = totals[~is_among(totals.index, flows["source_code"])]
    return pd.concat([moved, kept]).groupby(level=0).sum()


def _groups(weights: Weights | None, gemeenten: list[str]) -> pd.Series:
    """Return the first gemeente of the group that each belongs to: those tied by a common source."""
    own = pd.Series(gemeenten, index=gemeenten, dtype="str")
    if weights is None:
        return own
    flows = weights.frame
    source, _ = pd.factorize(flows["source_code"])
    target, codes = pd.factorize(flows["target_code"])
    size = source.max() + 1 + len(codes)
    graph = sparse.coo_array((flows["weight_share"], (source, target + source.max() + 1)), shape=(size, size))
    label = csgraph.connected_components(graph, directed=False)[1][source.max() + 1 :]
    first = pd.Series(codes).groupby(label).transform("min")
    return pd.Series(first.to_numpy(), index=codes, dtype="str").reindex(gemeenten).fillna(own)
