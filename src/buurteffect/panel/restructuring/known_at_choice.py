"""What was known of every area in a year: what a rule that picks the worst areas can look at when it chooses."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

KNOWN = ("score_level", "rented_share_known", "score_trend")
"""Last liveability score, last share of rented dwellings, and the change of the score a year since the one before: as
far as published by the year."""

FIRST = ("score_first", "rented_share_first")
"""Score and rented share as known in the first year of the score, before those treated later could be moved."""

_SCORE, _RENTED = "liveability_score", "rented_share"


def known_by_year(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what was known of every area in every year.

    A restructuring rule ranks areas by level and trend of their score and asks for enough social rent. Scores come
    every few years: the last one counts, and a trend is known from the second one on. The rented share stands for
    social rent, which is published six years later. In the year before its first figure that figure counts: stocks are
    those of 1 January, so that what begins after the year cannot have moved it; in earlier years it is not known.

    Parameters
    ----------
    frame : DataFrame
        The joined panel: one row per area and year.

    Returns
    -------
    DataFrame
        One row is one area in one year of the panel: ``area_code, year``, `KNOWN` and `FIRST`, NaN where nothing was
        published.

    Examples
    --------
    >>> rows = {"area_code": "a", "year": [2001, 2002, 2005, 2008], "liveability_score": [None, 4.0, None, 4.25]}
    >>> found = known_by_year(pd.DataFrame(rows | {"rented_share": [None, None, 0.5, 0.25]}))
    >>> found["score_level"].tolist(), found["rented_share_known"].tolist()
    ([nan, 4.0, 4.0, 4.25], [nan, nan, 0.5, 0.25])
    >>> found["score_first"].tolist()
    [4.0, 4.0, 4.0, 4.0]
    """
    years = sorted(int(year) for year in frame["year"].unique())
    codes = sorted(frame["area_code"].unique())
    score, rented = wide_by_year(frame, _SCORE, codes), wide_by_year(frame, _RENTED, codes)
    slopes = score.diff(axis=1).div(np.diff(score.columns.to_numpy(dtype=float), prepend=np.nan), axis=1)
    values = {
        "score_level": _carried(score, years),
        "rented_share_known": _a_year_earlier(_carried(rented, years)),
        "score_trend": _carried(slopes, years),
    }
    start = int(score.columns[0]) if len(score.columns) else years[0]
    found = pd.DataFrame({name: table.stack(future_stack=True) for name, table in values.items()})  # noqa: PD013
    for first, name in zip(FIRST, KNOWN, strict=False):
        found[first] = values[name][start].reindex(found.index.get_level_values("area_code")).to_numpy()
    return found.reset_index()


def wide_by_year(frame: pd.DataFrame, concept: str, codes: Iterable[str]) -> pd.DataFrame:
    """Return the values of a concept by area (rows, as `codes`) and year (columns), without years that have none."""
    known = frame.loc[frame[concept].notna(), ["area_code", "year", concept]]
    known = known.drop_duplicates(["area_code", "year"], keep=False)
    table = known.set_index(["area_code", "year"])[concept].astype(float).unstack("year")  # noqa: PD010
    return table.reindex(pd.Index(codes, name="area_code"))


def _carried(wide: pd.DataFrame, years: list[int]) -> pd.DataFrame:
    """Return the last value by every year."""
    every = sorted({*years, *(int(year) for year in wide.columns)})
    return wide.reindex(columns=pd.Index(every, name="year")).ffill(axis=1)[years]


def _a_year_earlier(wide: pd.DataFrame) -> pd.DataFrame:
    """Return the table with its first figures in the year before them too."""
    known = wide.columns[wide.notna().any()]
    result = wide.copy()
    if len(known) and known[0] - 1 in wide.columns:
        result[known[0] - 1] = wide[known[0]]
    return result
