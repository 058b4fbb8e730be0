"""The 40 priority areas of 2007 with outcomes of 2005-2013: StatLine table 71718ned.

No file of this table has been seen: its number and subject are known, its columns are not. It is therefore read by
what every table of StatLine says about itself: its dimensions, and the title, unit and groups of every topic. Every
row of the result says that the layout is unconfirmed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.statline import PRIORITY_AREAS
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.statline.metadata import PROPERTIES_SET
from buurteffect.sources.statline.rows import RawRows, read_rows, stem_of
from buurteffect.sources.statline.store import StoredTable

LAYOUT_CONFIRMED = False
"""To be set to True by whoever has compared this reader with the real table."""

_TIME_TYPES = ("TimeDimension",)
_AREA_TYPES = ("GeoDimension", "GeoDetail")
_AREA_WORDS = ("regio", "wijk", "gebied", "buurt")
_OTHER_TYPES = ("Dimension",)
_YEAR = re.compile(r"((?:19|20)[0-9]{2})JJ00")
_ACTION = (
    "move the folder priority_areas away and run make fetch TABLES=priority_areas; if it stays so, leave the folder "
    "away (no other table rests on it) and report it to the project"
)


@dataclass(frozen=True, eq=False)
class PriorityTable:
    """The outcomes of one fetched table.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.statline.PRIORITY_AREAS`: one row is one topic of one area in one year.
    areas_count : int
        Number of areas, totals of the country included where the table has them.
    rows_count : int
        Rows of the table.
    left_out : dict of str to int
        Rows that are in no row of the frame, by reason.
    topics_left_out : tuple of str
        Topics that hold text.
    """

    frame: pd.DataFrame
    areas_count: int
    rows_count: int
    left_out: dict[str, int]
    topics_left_out: tuple[str, ...]


def read_priority_areas(table: StoredTable) -> PriorityTable:
    """Read a fetched table of areas by year, such as 71718ned.

    Raises
    ------
    DataError
        If no dimension, or more than one, can be the areas or the years; if a topic is
        not among the columns; if a period or figure is none; or if an area and breakdown occur twice in a year.
    """
    rows = read_rows(table)
    described = list(table.rows(PROPERTIES_SET))
    area, time, others = _dimensions(table, described)
    absent = [name for name in (area, time, *others) if name not in rows.columns]
    if absent:
        raise _error(table, f"no column {shown(absent[0])}", "a column for every dimension that the table describes")
    topics, texts = _topics(table, described, rows)
    periods = rows.texts(time)
    rows.lines.refuse(
        [not re.fullmatch(r"(19|20)[0-9]{2}[A-Z]{2}[0-9]{2}", text) for text in periods],
        lambda row: f"the period {shown(periods[row])}",
        column=time,
        expected="a period such as 2005JJ00",
        action=_ACTION,
    )
    yearly = [bool(_YEAR.fullmatch(text)) for text in periods]
    kept = rows.kept(yearly)
    if not kept.cells:
        raise _error(table, "no row of a year", "at least one")
    keys = _keys(kept, area, time, others, _names(table, area))
    kept.lines.refuse_twins(
        list(keys[["area_code", "year", "breakdown"]].itertuples(index=False, name=None)),
        expected="every area and breakdown once in a year",
        action=_ACTION,
    )
    frame = pd.concat([_one_topic(kept, keys, topic) for topic in topics], ignore_index=True)
    skipped = len(yearly) - sum(yearly)
    return PriorityTable(
        frame=PRIORITY_AREAS.check(frame, table.table_id),
        areas_count=int(keys["area_code"].nunique()),
        rows_count=len(yearly),
        left_out={"another period than a year": skipped} if skipped else {},
        topics_left_out=texts,
    )


def _keys(rows: RawRows, area: str, time: str, others: list[str], names: Mapping[str, str]) -> pd.DataFrame:
    """Return what names each row."""
    codes = rows.texts(area)
    columns = [rows.texts(other) for other in others]
    parts = [
        "; ".join(f"{name}={code}" for name, code in zip(others, row, strict=True))
        for row in (zip(*columns, strict=True) if columns else [()] * len(codes))
    ]
    return pd.DataFrame(
        {
            "area_code": pd.Series(codes, dtype="str"),
            "area_name": pd.Series([names.get(code) for code in codes], dtype="str"),
            "year": pd.Series([int(text[:4]) for text in rows.texts(time)], dtype="int64"),
            "breakdown": pd.Series(parts, dtype="str"),
        }
    )


def _one_topic(rows: RawRows, keys: pd.DataFrame, topic: Mapping[str, str]) -> pd.DataFrame:
    """Return the rows of one topic."""
    values, reasons = rows.numbers(topic["topic_key"])
    frame = keys.copy()
    for name, text in topic.items():
        frame[name] = pd.Series([text] * len(frame), dtype="str")
    frame["value"] = values
    frame["value_missing"] = reason_column(np.isnan(values), reasons)
    frame["layout_confirmed"] = LAYOUT_CONFIRMED
    return frame


def _dimensions(table: StoredTable, described: list[dict[str, Any]]) -> tuple[str, str, list[str]]:
    """Return the dimension of areas, that of years, and all others."""
    kinds = (*_TIME_TYPES, *_AREA_TYPES, *_OTHER_TYPES)
    sorts = {str(row.get("Key")): str(row.get("Type")) for row in described if row.get("Type") in kinds}
    times = [name for name, sort in sorts.items() if sort in _TIME_TYPES]
    areas = [name for name, sort in sorts.items() if sort in _AREA_TYPES]
    areas = areas or [n for n in sorts if n not in times and any(word in n.casefold() for word in _AREA_WORDS)]
    for what, found in (("years", times), ("areas", areas)):
        if len(found) != 1:
            listed = ", ".join(f"{shown(name)} ({sort})" for name, sort in sorts.items()) or "none"
            raise _error(table, f"{len(found)} dimensions that can be the {what}, among {listed}", "exactly one")
    return areas[0], times[0], [name for name in sorts if name not in (areas[0], times[0])]


def _topics(
    table: StoredTable, described: list[dict[str, Any]], rows: RawRows
) -> tuple[list[dict[str, str]], tuple[str, ...]]:
    """Return what is said of each topic with figures, and the names of those with text."""
    groups = {row.get("ID"): row for row in described}
    topics, texts = [], []
    for row in described:
        if row.get("Type") != "Topic":
            continue
        key = str(row.get("Key"))
        if key not in rows.columns:
            raise _error(table, f"no column {shown(key)}", "a column for every topic that the table describes")
        if row.get("Datatype") == "String":
            texts.append(key)
            continue
        topics.append(
            {
                "topic_key": key,
                "topic": stem_of(key),
                "topic_group": " / ".join(_groups(row, groups)),
                "topic_title": str(row.get("Title") or ""),
                "unit": str(row.get("Unit") or ""),
            }
        )
    if not topics:
        raise _error(table, "no topic with figures", "at least one")
    return topics, tuple(texts)


def _groups(row: Mapping[str, Any], by_id: Mapping[Any, Mapping[str, Any]]) -> list[str]:
    """Return the titles of the groups above a topic, from the top."""
    titles: list[str] = []
    seen = set()
    parent = row.get("ParentID")
    while parent is not None and parent in by_id and parent not in seen:
        seen.add(parent)
        titles.append(str(by_id[parent].get("Title") or ""))
        parent = by_id[parent].get("ParentID")
    return titles[::-1]


def _names(table: StoredTable, dimension: str) -> dict[str, str]:
    """Return the name of each code of a dimension, where its set was fetched."""
    return {str(row.get("Key", "")).strip(): str(row.get("Title", "")) for row in table.rows(dimension)}


def _error(table: StoredTable, found: str, expected: str) -> DataError:
    """Return the error for a table as a whole."""
    return DataError(table.table_id, found=found, expected=expected, action=_ACTION)
