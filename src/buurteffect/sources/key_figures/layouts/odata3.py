"""OData version 3 of StatLine: pages of rows as JSON, with the table's metadata beside them or not.

A page is ``{"value": [row, …]}``, a bare list of rows, or rows by the code of their area. Metadata
(``DataProperties.json``, ``TableInfos.json``) tell units, groups and the year.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, shown
from buurteffect.sources.key_figures.columns.raw_table import RawColumn, RawTable, YearEvidence, column_of
from buurteffect.sources.key_figures.columns.stem import normalised, stem_of, suffix_of, unit_of
from buurteffect.sources.key_figures.columns.year import period_of, table_id_in, years_in
from buurteffect.sources.key_figures.layouts.spreadsheet import number_text

_REGION = "WijkenEnBuurten"
_CODE_KEY = re.compile(r"\s*(?:NL|GM|WK|BU)[0-9A-Z]{2,8}\s*")
_WRAPPED = ("odata.metadata", "@odata.context")
_NEXT = ("odata.nextLink", "@odata.nextLink")


@dataclass(frozen=True)
class Topic:
    """One variable of a table: its key with suffix, its unit, and the normalised titles of all groups above it."""

    key: str
    unit: str
    groups: frozenset[str]


@dataclass(frozen=True)
class Metadata:
    """What the metadata beside a table say: its variables, its years, and ``(table_id, where)``."""

    topics: tuple[Topic, ...] = ()
    said: tuple[YearEvidence, ...] = ()
    table_ids: tuple[tuple[str, str], ...] = ()


def rows_of(page: Any) -> list[dict[str, Any]] | None:
    """Return the rows of a page, or None if it is no page of rows.

    Examples
    --------
    >>> rows_of({"value": [{"WijkenEnBuurten": "GM0363    "}]})
    [{'WijkenEnBuurten': 'GM0363    '}]
    >>> rows_of({"GM0363": {"AantalInwoners_5": 1}})
    [{'WijkenEnBuurten': 'GM0363', 'AantalInwoners_5': 1}]
    """
    if isinstance(page, Mapping) and isinstance(page.get("value"), list):
        page = page["value"]
    elif isinstance(page, Mapping):
        if page and all(_CODE_KEY.fullmatch(key) and isinstance(row, Mapping) for key, row in page.items()):
            return [{_REGION: code, **row} for code, row in page.items()]
        return None
    if not isinstance(page, list) or not page or not all(isinstance(row, dict) for row in page):
        return None
    return page


def is_description(names: Sequence[str]) -> bool:
    """Return whether columns are those of a table's metadata, groups or lists of codes rather than of data.

    Examples
    --------
    >>> is_description(["Key", "Title", "Description", "Municipality"]), is_description(["WijkenEnBuurten", "Title"])
    (True, False)
    """
    return "Title" in names and bool({"Key", "Identifier", "ShortTitle", "Id", "DimensionKey", "ID"} & set(names))


def read_metadata(pages: Mapping[str, list[dict[str, Any]]]) -> Metadata:
    """Return what metadata pages say, of whichever kind they are."""
    topics: list[Topic] = []
    said: list[YearEvidence] = []
    tables: list[tuple[str, str]] = []
    for name, rows in pages.items():
        if {"ParentID", "Key"} <= rows[0].keys():
            topics += _topics(rows)
            years = frozenset(int(row["MapYear"]) for row in rows if _whole(row.get("MapYear")))
            if years:
                said.append(YearEvidence(years, f"{name} (MapYear)"))
        elif "ShortTitle" in rows[0] or "Identifier" in rows[0]:
            if table := table_id_in(str(rows[0].get("Identifier", ""))):
                tables.append((table, name))
            told = (key for key in ("Period", "TemporalCoverage", "Title") if years_in(str(rows[0].get(key) or "")))
            if key := next(told, None):
                said.append(YearEvidence(years_in(str(rows[0][key])), f"{name} ({key})"))
    return Metadata(tuple(topics), tuple(said), tuple(tables))


def read_pages(pages: Mapping[str, Any], metadata: Metadata, origin: str) -> RawTable:
    """Return the columns of all pages of one table.

    `pages` are in their order, by what they are called. A row is numbered from 1 over all pages.

    Raises
    ------
    DataError
        If a row has other keys than the first, a link to a next page leads to none that is here, or two
        pages are of different tables.
    """
    rows: list[dict[str, Any]] = []
    tables = set(metadata.table_ids)
    links = 0
    for name, page in pages.items():
        rows += rows_of(page) or []
        if isinstance(page, Mapping):
            links += any(page.get(key) for key in _NEXT)
            tables |= {(t, name) for key in _WRAPPED if (t := table_id_in(str(page.get(key, "")).replace("/", " ")))}
    if links >= max(len(pages), 1):
        raise DataError(
            origin,
            found=f"{len(pages)} page(s), each with a link to a next one",
            expected="all pages of the table: the last one has no link",
            action="fetch the pages that follow, and read the folder that holds them all",
        )
    keys = [key for key in rows[0] if not key.startswith(("odata.", "@odata."))]
    lines = Lines(origin, np.arange(1, len(rows) + 1, dtype=np.int64))
    known = set(keys)
    optional = all(isinstance(page, Mapping) and "value" not in page for page in pages.values())
    lines.refuse(
        [not optional and {k for k in row if not k.startswith(("odata.", "@odata."))} != known for row in rows],
        lambda at: (
            f"other keys than in the first row ({', '.join(shown(k) for k in sorted(set(rows[at]) ^ known)[:3])})"
        ),
        expected="the same keys in every row",
        action=FETCH_AGAIN,
    )
    if optional:
        keys = list(dict.fromkeys(key for row in rows for key in row))
    return RawTable(
        layout="odata3",
        family="statline",
        columns=describe_columns(keys, metadata.topics),
        lines=lines,
        texts=lambda position: cell_texts([row.get(keys[position]) for row in rows], keys[position], lines),
        decimal="point",
        said=metadata.said,
        table_ids=tuple(sorted(tables)),
    )


def cell_texts(cells: list[Any], column: str, lines: Lines) -> pa.Array:
    """Return values of JSON as text, null where there is none.

    Raises
    ------
    DataError
        If a value is a truth value, a list or an object.
    """
    lines.refuse(
        [isinstance(cell, (bool, list, dict)) for cell in cells],
        lambda row: f"{shown(cells[row])} ({type(cells[row]).__name__})",
        column=column[:60],
        expected="a number, text or null",
    )
    texts = [cell if cell is None or isinstance(cell, str) else number_text(cell) for cell in cells]
    try:
        return pa.array(texts, type=pa.string())
    except UnicodeEncodeError:
        bad = [isinstance(text, str) and any("\ud800" <= c <= "\udfff" for c in text) for text in texts]
        lines.refuse(bad, lambda _: "half a character", column=column[:60], expected="text", action=FETCH_AGAIN)
        raise


def _topics(rows: list[dict[str, Any]]) -> list[Topic]:
    """Return the variables with the titles of all groups above them."""
    by_id = {row.get("ID"): row for row in rows}
    topics = []
    for row in rows:
        if row.get("Type") != "Topic" or not row.get("Key"):
            continue
        groups: list[str] = []
        parent = by_id.get(row.get("ParentID"))
        while parent is not None and len(groups) < len(rows):
            groups.append(normalised(str(parent.get("Title", ""))))
            parent = by_id.get(parent.get("ParentID"))
        topics.append(Topic(str(row["Key"]), str(row.get("Unit") or ""), frozenset(groups)))
    return topics


def describe_columns(keys: list[str], topics: Sequence[Topic]) -> tuple[RawColumn, ...]:
    """Return the columns with units and groups from the metadata.

    Suffixes differ between revisions of a table, so that a key counts by its stem; where a stem repeats, by
    its place among those of the same stem, which both must have in the same number.
    """
    exact = {topic.key: topic for topic in topics}
    columns = []
    for position, key in enumerate(keys):
        mine = sorted((k for k in keys if stem_of(k) == stem_of(key)), key=lambda k: (suffix_of(k) or 0, keys.index(k)))
        theirs = sorted((t for t in topics if stem_of(t.key) == stem_of(key)), key=lambda t: suffix_of(t.key) or 0)
        if len(mine) == len(theirs):
            topic = theirs[mine.index(key)]
        elif all(k in exact for k in mine):
            topic = exact[key]
        else:
            columns.append(column_of(key, position))
            continue
        columns.append(column_of(key, position, unit_of(topic.unit) or None, topic.groups))
    return tuple(columns)


def _whole(value: Any) -> bool:
    """Return whether a value is a plausible year."""
    return not isinstance(value, bool) and period_of(str(value)) is not None
