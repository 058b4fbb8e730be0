"""Key figures of wijken and buurten of Statistics Netherlands (CBS), in every layout they are published in.

A concept is found by the stem of its column, its unit and its group, as ``kwb_columns.csv`` says, never by
the numeric suffix of a key. Shares come out from 0 to 1, money in euro, and counts as counts in every year.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.schema.kwb import KWB
from buurteffect.sources.files.rawfile import SourceFile
from buurteffect.sources.key_figures.columns.raw_table import RawTable
from buurteffect.sources.key_figures.columns.year import decide_years, with_years_in_names
from buurteffect.sources.key_figures.documents import digest_of, folders_of
from buurteffect.sources.key_figures.ledger import KeyFigureLedger
from buurteffect.sources.key_figures.table import build_table, refuse_unknown
from buurteffect.sources.key_figures.table_files import UnreadTable, may_describe, tables_in


@dataclass(frozen=True, eq=False)
class KeyFigureFile(SourceFile):
    """The key figures of one table in one year, read and checked; of several files the hash is of their hashes.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.kwb.KWB`: one row is one area in one year, in the file's order.
    year : int
        Year of the key figures.
    table_id : str or None
        Table of StatLine, where the content or the name tells it.
    layout : str
        ``bulk``, ``web``, ``odata3``, ``odata4``, ``map``, ``workbook_free``, ``workbook_upper`` or
        ``workbook_lower``.
    source : str
        Its `origin` without sheet and layer.
    rows_count : int
        Rows of the file without its header.
    ledger : KeyFigureLedger
        What became of every row and column.
    """

    frame: pd.DataFrame
    year: int
    table_id: str | None
    layout: str
    source: str
    rows_count: int
    ledger: KeyFigureLedger


@dataclass(frozen=True, eq=False)
class KeyFigures:
    """Every table of key figures at a path.

    Parameters
    ----------
    files : tuple of KeyFigureFile
        One per table and year; of a map with several layers, one per layer.
    passed_over : tuple of (file, reason)
        What holds no table, or describes one.
    """

    files: tuple[KeyFigureFile, ...]
    passed_over: tuple[tuple[str, str], ...]


def read_key_figures(path: Path) -> KeyFigures:
    """Read all key figures at a path: every table below a folder, every year of a table, every layer of a map.

    What is a table, and in which layout, is told by the content, never by the name. The year inside the file rules; a
    name or table that says another one is refused, and a table with a column of periods gives all of its years.
    Missing values carry their reason: nothing is `IMPOSSIBLE`, a dot or an x is `SECRET`, unless the area lies below
    the year's threshold (`BELOW_THRESHOLD`); files with types have lost that difference, so that an empty value in them
    is `BELOW_THRESHOLD` or `NOT_PUBLISHED`, as is a large negative. A column without any figure is `NOT_PUBLISHED`. A
    concept without a column is `NOT_IN_FILE` where the publisher has it in that year, and `NOT_IN_YEAR` where it has
    not. Single figures that cannot be are missing and listed in the ledger.

    Parameters
    ----------
    path : Path
        A CSV, workbook, page of JSON or attributes of a map (GeoPackage, shapefile, GeoJSON), with what describes it in
        the same folder or zip; a zip of them; or a folder with files, zips and folders in any depth, such as pages of
        OData or what the packages ``cbsodata`` and ``cbsodataR`` write.

    Raises
    ------
    DataError
        If a table is missing, empty, too large, truncated, in an unknown layout or encoding, or of another year than
        it says; if a key column is missing, a column doubled, or a concept cannot be told from another; if a code is
        missing, repeated or of another shape; if a number is text; if a column is in another unit, or many of its
        figures cannot be. The error names line and column. Files that hold no table are passed over.
    """
    found, passed_over = _tables_at(path)
    return KeyFigures(tuple(file for table in found for file in _read(table)), tuple(passed_over))


def _tables_at(path: Path) -> tuple[list[UnreadTable], list[tuple[str, str]]]:
    """Return the tables at a path, unread, and what is passed over."""
    place_on_disk = _attributes_of(path)
    places, passed_over = folders_of(place_on_disk, may_describe)
    found: list[UnreadTable] = []
    for place in places:
        wanted = place.documents[0] if place.documents[0].path == place_on_disk else None
        tables, others = tables_in(place, wanted)
        if wanted is not None:
            tables = [table for table in tables if wanted in table.documents]
        found += tables
        passed_over += others
    return found, passed_over


def _attributes_of(path: Path) -> Path:
    """Return the file with the figures of a shapefile, which its user calls by the name of the other."""
    if path.suffix.lower() != ".shp":
        return path
    beside = (path.with_suffix(suffix) for suffix in (".dbf", ".DBF"))
    return next((item for item in beside if item.is_file()), path)


def _read(table: UnreadTable) -> list[KeyFigureFile]:
    """Return every year and layer of a table."""
    tables = table.read()
    digest, size = digest_of(table.documents)
    return [file for raw in tables for file in _years(raw, table, digest, size)]


def _years(raw: RawTable, table: UnreadTable, digest: str, size: int) -> list[KeyFigureFile]:
    """Return the years of a table, each with its frame built."""
    raw = with_years_in_names(raw)
    refuse_unknown(raw)
    years, table_id, notes = decide_years(raw, table.names)
    files = []
    for each in years:
        frame, ledger = build_table(raw, each, notes)
        files.append(
            KeyFigureFile(
                frame=KWB.check(frame, raw.lines.origin),
                year=each,
                table_id=table_id,
                layout=raw.layout,
                origin=raw.lines.origin,
                source=table.label,
                sha256=digest,
                bytes_count=size,
                rows_count=ledger.rows_in,
                ledger=ledger,
            )
        )
    return files
