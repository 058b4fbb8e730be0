"""The documents of one table together: its pages or its one file, with what describes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.fields.area_code import LEVELS
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import decode
from buurteffect.sources.files.strict_json import parse_json
from buurteffect.sources.key_figures.columns.area import REGIONS
from buurteffect.sources.key_figures.columns.raw_table import AREA_NAME, RawTable, column_of
from buurteffect.sources.key_figures.columns.year import table_id_in
from buurteffect.sources.key_figures.documents import Document
from buurteffect.sources.key_figures.layouts.bulk import is_bulk, read_bulk, split_columns
from buurteffect.sources.key_figures.layouts.map import is_map, map_table
from buurteffect.sources.key_figures.layouts.odata3 import (
    Metadata,
    cell_texts,
    describe_columns,
    read_metadata,
    read_pages,
    rows_of,
)
from buurteffect.sources.key_figures.layouts.odata4 import columns_of_rows, read_observations
from buurteffect.sources.key_figures.layouts.spreadsheet import read_spreadsheet, sheet_label, sheets_of
from buurteffect.sources.key_figures.layouts.web import read_web
from buurteffect.sources.spreadsheets.gaps import without_gaps
from buurteffect.sources.spreadsheets.saved_again import decode_saved, read_saved, separator_of

Rows = list[dict[str, Any]]
_NO_ROWS = "only a header, no rows"
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, eq=False)
class Description:
    """What describes a table: its documents, and their rows by what they are called."""

    documents: list[Document] = field(default_factory=list)
    rows: dict[str, Rows] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Add a document; one without rows says nothing, nor does one that is neither JSON nor CSV.

        Raises
        ------
        DataError
            If it is damaged.
        """
        if document.suffix not in (".json", ".csv") or document.name.lower().endswith("_metadata.csv"):
            return
        if rows := _rows_in(document):
            self.documents.append(document)
            self.rows[document.label] = rows

    @cached_property
    def metadata(self) -> Metadata:
        """What the properties and the information about the table say."""
        return read_metadata({name: rows for name, rows in self.rows.items() if not self._is_list(rows)})

    @property
    def lists(self) -> list[Mapping[str, pa.Array]]:
        """Lists of codes and groups, as columns."""
        return [columns_of_rows(rows, name)[0] for name, rows in self.rows.items() if self._is_list(rows)]

    @cached_property
    def area_titles(self) -> dict[str, str]:
        """Titles of areas by code, from the list of version 3."""
        for rows in self.rows.values():
            if {"Key", "Title"} <= rows[0].keys() and "ParentID" not in rows[0] and str(rows[0]["Key"])[:2] in LEVELS:
                return {str(row["Key"]).strip(): str(row["Title"]).strip() for row in rows}
        return {}

    @staticmethod
    def _is_list(rows: Rows) -> bool:
        """Return whether rows are a list of codes or groups of version 4, not information about the table."""
        about = "ShortTitle" in rows[0] or (len(rows) == 1 and table_id_in(str(rows[0].get("Identifier", ""))))
        return bool({"Id", "Identifier"} & rows[0].keys()) and not about


def read_workbook(document: Document, _: Description) -> list[RawTable]:
    """Return the columns of a workbook, or of each of its sheets that holds the attributes of a map."""
    sheets = sheets_of(document.label, document.load())
    maps = {name: rows for name, rows in sheets.items() if rows and is_map([str(cell) for cell in rows[0]])}
    if not maps:
        return [read_spreadsheet(document.label, sheets)]
    return [_map_in_sheet(sheet_label(document.label, name), rows) for name, rows in maps.items()]


def _map_in_sheet(label: str, rows: list[list[Any]]) -> RawTable:
    """Return the columns of a sheet with the attributes of a map."""
    names = [str(cell).strip() for cell in rows[0]]
    lines = Lines(label, np.arange(2, len(rows) + 1, dtype=np.int64))
    cells = {
        name: cell_texts([row[at] if row[at] != "" else None for row in rows[1:]], name, lines)
        for at, name in enumerate(names)
        if name
    }
    return map_table(label, cells, lines)


def read_text(document: Document, described: Description) -> list[RawTable]:
    """Return the columns of a bulk CSV or a web export, with the units and groups that its metadata tell."""
    text, notes = decode_saved(document.load(), document.label)
    first = text.lstrip("\r\n")[:20_000].split("\n")[0]
    bulk = is_bulk(first)
    text, gaps = without_gaps(text, separator_of(first if bulk else text))
    notes = (*notes, *gaps)
    if not bulk:
        raw = read_web(text, document.label, notes)
    else:
        raw = read_bulk(text, document.label)
        raw = replace(raw, notes=(*notes, *raw.notes))
        if raw.family == "statline" and (topics := described.metadata.topics):
            raw = replace(raw, columns=describe_columns([column.name for column in raw.columns], topics))
    if raw.family != "statline":
        return [raw]
    metadata = described.metadata
    tables = tuple(sorted({*raw.table_ids, *metadata.table_ids}))
    return [_with_names(replace(raw, said=(*raw.said, *metadata.said), table_ids=tables), described)]


def read_page_group(documents: Sequence[Document], described: Description, label: str) -> list[RawTable]:
    """Return the columns of the pages of OData of one table."""
    pages = {document.label: _page(document) for document in documents}
    return [_with_names(read_pages(pages, described.metadata, label), described)]


def read_observed(documents: Sequence[Document], described: Description, label: str) -> list[RawTable]:
    """Return the columns of observations on one or more pages."""
    observed = [_observations(document) for document in documents]
    cells, lines = observed[0]
    if len(observed) == 1:
        lines = Lines(label, lines.numbers, lines.ends_open)
    else:
        cells = {
            name: pa.concat_arrays([page.get(name, pa.nulls(len(at), pa.string())) for page, at in observed])
            for name in cells
        }
        lines = Lines(label, np.arange(1, sum(len(at) for _, at in observed) + 1, dtype=np.int64))
    metadata = described.metadata
    return [read_observations(cells, lines, described.lists, metadata.said, metadata.table_ids, "either")]


def _page(document: Document) -> Any:
    """Return the content of a page of JSON."""
    return parse_json(decode(document.load(), document.label), document.label, lines=True)


def _rows_in(document: Document) -> Rows | None:
    """Return the rows of a page of JSON or of a CSV; None if it has none."""
    data = document.load()
    if data.removeprefix(_BOM).lstrip()[:1] in (b"{", b"["):
        page = _page(document)
        rows = rows_of(page)
        return [page] if rows is None and isinstance(page, dict) and "Identifier" in page else rows
    try:
        records = read_saved(data, document.label, separator=";").records
    except DataError as error:
        if error.found == _NO_ROWS:
            return None
        raise
    return [dict(zip(records.header, row, strict=True)) for row in records.rows]


def _observations(document: Document) -> tuple[Mapping[str, pa.Array], Lines]:
    """Return the columns of observations."""
    data = document.load()
    if data.removeprefix(_BOM).lstrip()[:1] in (b"{", b"["):
        return columns_of_rows(rows_of(_page(document)) or [], document.label)
    text, _ = decode_saved(data, document.label)
    header, columns, lines = split_columns(text, document.label)
    return dict(zip(header, columns, strict=True)), lines


def _with_names(raw: RawTable, described: Description) -> RawTable:
    """Return a table with the names of its areas, where it has their codes and the list beside it their names."""
    titles = described.area_titles
    coded = next((at for at, column in enumerate(raw.columns) if column.stem in REGIONS), None)
    if not titles or coded is None or any(column.stem == AREA_NAME for column in raw.columns):
        return raw
    width = len(raw.columns)

    def texts(position: int) -> pa.Array:
        if position < width:
            return raw.texts(position)
        return pa.array([titles.get((code or "").strip()) for code in raw.texts(coded).to_pylist()], type=pa.string())

    return replace(raw, columns=(*raw.columns, column_of("Title", width, None, None, AREA_NAME)), texts=texts)
