"""Breaks of series: from which year on a column of the panel cannot be compared with the years before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from buurteffect.schema.panel import SCORE_BREAKS, STOCK_BLOCK, panel_contract
from buurteffect.sources.key_figures.columns.mapping import breaks

COLUMNS = ["concept", "break_year", "reason"]


def series_breaks(level: str, stock_layouts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the breaks of every column of the panel of a level, as `estimate.difference` takes them.

    Parameters
    ----------
    level : {"buurt", "wijk", "gemeente", "pc4"}
        Kind of area.
    stock_layouts : DataFrame, optional
        One row per year of the housing stock: ``year, layout``; where the table changes, its columns break.

    Returns
    -------
    DataFrame
        One row per column and break: ``concept, break_year, reason``, in the order of the panel's columns.

    Examples
    --------
    >>> series_breaks("pc4")[["concept", "break_year"]].to_numpy().tolist()
    [['liveability_score', 2014], ['liveability_deviation_score', 2014]]
    """
    mapped = breaks().rename(columns={"break_from": "break_year", "note": "reason"})[COLUMNS]
    rows = [*mapped.itertuples(index=False, name=None)]
    rows += [(name, year, reason) for names, year, reason in SCORE_BREAKS for name in names]
    if stock_layouts is not None:
        rows += [(name, year, why) for year, why in _changes(stock_layouts) for name in STOCK_BLOCK.values]
    order = {name: place for place, name in enumerate(panel_contract(level).columns)}
    kept = sorted((row for row in rows if row[0] in order), key=lambda row: (order[row[0]], row[1]))
    return pd.DataFrame(kept, columns=COLUMNS).astype({"break_year": "int64"})


def break_table(breaks_of_level: pd.DataFrame, observed: Mapping[str, Sequence[int]]) -> pd.DataFrame:
    """Return for every column and year with values the series that the year belongs to.

    Parameters
    ----------
    breaks_of_level : DataFrame
        From `series_breaks`.
    observed : mapping of str to list of int
        Years in which a column has values.

    Returns
    -------
    DataFrame
        One row per column and year: ``concept, year, series``, numbered from 1. Years of one number are comparable.

    Examples
    --------
    >>> table = break_table(series_breaks("pc4"), {"liveability_score": [2008, 2012, 2014]})
    >>> table["series"].tolist()
    [1, 1, 2]
    """
    breaks_of = breaks_of_level.groupby("concept")["break_year"].agg(list).to_dict()
    rows = [
        (name, year, 1 + sum(begins <= year for begins in breaks_of.get(name, [])))
        for name, years in observed.items()
        for year in years
    ]
    return pd.DataFrame(rows, columns=["concept", "year", "series"])


def _changes(layouts: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the years in which the housing stock comes from another table than the year before it."""
    ordered = layouts.sort_values("year")
    before = ordered["layout"].shift()
    changed = ordered[before.notna() & (before != ordered["layout"])]
    names = zip(changed["year"], changed["layout"], before[changed.index], strict=True)
    return [(int(year), f"table {new} instead of {old}") for year, new, old in names]
