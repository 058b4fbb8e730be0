"""Key figures of wijken and buurten of Statistics Netherlands (CBS), in every layout they are published in.

A concept is found by the stem of its column, its unit and its group, as ``kwb_columns.csv`` says, never by
the numeric suffix of a key. Shares come out from 0 to 1, money in euro, and counts as counts in every year.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import PUBLISHED, label_of, shown
from buurteffect.sources.key_figures.columns.raw_table import RawTable
from buurteffect.sources.key_figures.columns.year import decide_years, with_years_in_names
from buurteffect.sources.key_figures.documents import BYTES_LIMIT, digest_of, places_of
from buurteffect.sources.key_figures.layouts.map import has_key_figures
from buurteffect.sources.key_figures.ledger import KwbLedger
from buurteffect.sources.key_figures.table import build_table, check_contract, refuse_unknown
from buurteffect.sources.key_figures.table_files import Found, may_describe, tables_in


@dataclass(frozen=True, eq=False)
class KwbFile:
    """The key figures of one table in one year, read and checked.

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
    origin : str
        What the table is called: the file's name with its folders, or ``archive.zip > member.csv``, with the sheet or
        layer behind it. Untrusted text, as are the names of areas.
    source : str
        The same without sheet and layer.
    sha256 : str
        Of the bytes that it was read from; of several files, of their digests in the order of their names.
    bytes_count, rows_count : int
        Size in bytes, and rows of the file without its header.
    unmapped : tuple of str
        Columns of the file that no concept uses.
    ledger : KwbLedger
        What became of every row and column.
    """

    frame: pd.DataFrame
    year: int
    table_id: str | None
    layout: str
    origin: str
    source: str
    sha256: str
    bytes_count: int
    rows_count: int
    unmapped: tuple[str, ...]
    ledger: KwbLedger


@dataclass(frozen=True, eq=False)
class KeyFigures:
    """Every table of key figures at a path.

    Parameters
    ----------
    files : tuple of KwbFile
        One per table and year; of a map with several layers, one per layer.
    passed_over : tuple of (file, reason)
        What holds no table, or describes one.
    """

    files: tuple[KwbFile, ...]
    passed_over: tuple[tuple[str, str], ...]


def read_key_figures(path: Path) -> KeyFigures:
    """Read all key figures at a path: every table below a folder, every year of a table, every layer of a map.

    Layouts and errors are those of `read_kwb`; here a path may hold any number of tables. A table with a column of
    periods gives all of its years, whichever of them its name says.

    Parameters
    ----------
    path : Path
        A file, a zip, or a folder with files, zips and folders in any depth.

    Raises
    ------
    DataError
        As `read_kwb`, for the first table that is not what it should be. Files that hold no table are passed over.
    """
    found, passed_over = _tables_at(path)
    return KeyFigures(tuple(file for table in found for file in _read(table, None, several=True)), tuple(passed_over))


def read_kwb(path: Path, year: int | None = None) -> KwbFile:
    """Read one year of key figures, whatever layout it is in.

    The layout is told by the content, never by the name. The year inside the file rules; a name, table or
    caller that says another one is refused. Missing values carry their reason: nothing is `IMPOSSIBLE`, a dot
    or an x is `SECRET`, unless the area lies below the year's threshold (`BELOW_THRESHOLD`); files with types
    have lost that difference, so that an empty value in them is `BELOW_THRESHOLD` or `NOT_PUBLISHED`, as is a
    large negative. A column without any figure is `NOT_PUBLISHED`. A concept without a column is `NOT_IN_FILE` where
    the publisher has it in that year, and `NOT_IN_YEAR` where it has not. Single figures that cannot be are missing
    and listed in the ledger.

    Parameters
    ----------
    path : Path
        A CSV, workbook, page of JSON or attributes of a map (GeoPackage, shapefile, GeoJSON); a zip with one of
        them; or a folder with one table, such as pages of OData or what the packages ``cbsodata`` and ``cbsodataR``
        write. Metadata and code lists are read from the same folder or zip.
    year : int, optional
        Year of the content, where neither the content nor the name tells it, or where it holds several.

    Raises
    ------
    DataError
        If the file is missing, empty, too large, truncated, in an unknown layout or encoding, or of another
        year than it says; if there are several tables, a key column is missing, a column doubled, or a concept
        cannot be told from another; if a code is missing, repeated or of another shape; if a number is text; if
        a column is in another unit, or many of its figures cannot be. The error names line and column.
    """
    found, passed_over = _tables_at(path)
    if not found:
        raise _no_table(path, passed_over)
    files = [file for table in found for file in _read(table, year)] if len(found) == 1 else []
    if len(files) != 1:
        named = [file.origin for file in files] or [table.label for table in found]
        raise DataError(
            label_of(path),
            found=f"{len(named)} tables: {', '.join(map(shown, named[:6]))}",
            expected="one table",
            action="name the one that is meant, or read all of them with read_key_figures",
        )
    return files[0]


def _tables_at(path: Path) -> tuple[list[Found], list[tuple[str, str]]]:
    """Return the tables at a path, unread, and what is passed over."""
    place_on_disk = _attributes_of(path)
    places, passed_over = places_of(place_on_disk, may_describe)
    found: list[Found] = []
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


def _no_table(path: Path, passed_over: Sequence[tuple[str, str]]) -> DataError:
    """Return the error for a path without any table."""
    listed = "; ".join(f"{shown(name)}: {reason}" for name, reason in passed_over[:4])
    return DataError(
        label_of(path),
        found=f"no page of rows among {listed or 'no files'}",
        expected="a table of key figures: a CSV, a workbook, pages such as TypedDataSet.json, or Observations with "
        "MeasureCodes",
        action=PUBLISHED,
    )


def _read(table: Found, year: int | None, *, several: bool = False) -> list[KwbFile]:
    """Return every year and layer of a table."""
    tables = table.read()
    digest, size = digest_of(table.documents)
    return [file for raw in tables for file in _years(raw, table, year, digest, size, several=several)]


def _years(raw: RawTable, table: Found, year: int | None, digest: str, size: int, *, several: bool) -> list[KwbFile]:
    """Return the years of a table, each with its frame built."""
    raw = with_years_in_names(raw)
    refuse_unknown(raw)
    years, table_id, notes = decide_years(raw, table.names, year, several=several)
    files = []
    for each in years:
        frame, ledger = build_table(raw, each, notes)
        files.append(
            KwbFile(
                frame=check_contract(frame, raw.lines.origin),
                year=each,
                table_id=table_id,
                layout=raw.layout,
                origin=raw.lines.origin,
                source=table.label,
                sha256=digest,
                bytes_count=size,
                rows_count=ledger.rows_in,
                unmapped=ledger.unmapped,
                ledger=ledger,
            )
        )
    return files


__all__ = ["BYTES_LIMIT", "KeyFigures", "KwbFile", "KwbLedger", "has_key_figures", "read_key_figures", "read_kwb"]
