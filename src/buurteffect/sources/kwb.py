"""Key figures of wijken and buurten of Statistics Netherlands (CBS), in every layout they are published in.

A concept is found by the stem of its column, its unit and its group, as ``kwb_columns.csv`` says, never by
the numeric suffix of a key. Shares come out from 0 to 1, money in euro, and counts as counts in every year.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.archive import list_members, read_member
from buurteffect.sources.kwb_bulk import is_bulk, read_bulk, split_columns
from buurteffect.sources.kwb_ledger import KwbLedger
from buurteffect.sources.kwb_observations import columns_of_rows, is_observations, read_observations
from buurteffect.sources.kwb_odata import Metadata, is_metadata, parse_json, read_metadata, read_pages, rows_of
from buurteffect.sources.kwb_raw import RawTable
from buurteffect.sources.kwb_spreadsheet import read_spreadsheet
from buurteffect.sources.kwb_table import build_table, check_contract
from buurteffect.sources.kwb_web import read_web
from buurteffect.sources.kwb_year import decide_year
from buurteffect.sources.lines import Lines
from buurteffect.sources.rawfile import FETCH_AGAIN, PUBLISHED, decode, label_of, read_bytes, shown

BYTES_LIMIT = 500_000_000
"""Largest file that is read; a national year has about 30 MB."""

_ZIP_START, _XLS_START = b"PK", b"\xd0\xcf\x11\xe0"
_BOM = b"\xef\xbb\xbf"
_WORKBOOK = "[Content_Types].xml"
_METADATA = ("DataProperties.json", "TableInfos.json")
_BESIDE = ("MeasureCodes", "MeasureGroups", "WijkenEnBuurtenCodes", "RegioSCodes", "Properties")


@dataclass(frozen=True, eq=False)
class KwbFile:
    """The key figures of one file, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.kwb.KWB`: one row is one area in one year, in the file's order.
    year : int
        Year of the key figures.
    table_id : str or None
        Table of StatLine, where the content or the name tells it.
    layout : str
        ``bulk``, ``web``, ``odata3``, ``odata4``, ``workbook_free``, ``workbook_upper`` or ``workbook_lower``.
    origin : str
        The file's name, or ``archive.zip > member.csv``. Untrusted text, as are the names of areas.
    sha256 : str
        Of the file's bytes; of a folder, of its files' digests in the order of their names.
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
    sha256: str
    bytes_count: int
    rows_count: int
    unmapped: tuple[str, ...]
    ledger: KwbLedger


def read_kwb(path: Path, year: int | None = None) -> KwbFile:
    """Read one year of key figures, whatever layout it is in.

    The layout is told by the content, never by the name. The year inside the file rules; a name, table or
    caller that says another one is refused. Missing values carry their reason: nothing is `IMPOSSIBLE`, a dot
    or an x is `SECRET`, unless the area lies below the year's threshold (`BELOW_THRESHOLD`); files with types
    have lost that difference, so that an empty value in them is `BELOW_THRESHOLD` or `NOT_PUBLISHED`, as is a
    large negative. A concept without a column is `NOT_IN_YEAR`.

    Parameters
    ----------
    path : Path
        A CSV, workbook or JSON page, a zip with one of them, or a folder with the pages of one table. The
        metadata and code lists of OData are read from the same folder or zip.
    year : int, optional
        Year of the content, where neither the content nor the name tells it, or where it holds several.

    Raises
    ------
    DataError
        If the file is missing, empty, too large, truncated, in an unknown layout or encoding, or of another
        year than it says; if a key column is missing, a column doubled, or a concept cannot be told from
        another; if a code is missing, repeated or of another shape; if a number is text, a percentage lies
        outside 0 to 100 or a count is negative. The error names line and column.
    """
    origin = label_of(path)
    if path.is_dir():
        documents = {
            item.name: _bounded(item) for item in sorted(path.iterdir()) if item.suffix.lower() in (".json", ".csv")
        }
        digest, size = _digest(documents), sum(map(len, documents.values()))
        return _finish(_bundle(documents, origin), path.name, year, origin, digest, size)
    data = _bounded(path)
    digest, size = hashlib.sha256(data).hexdigest(), len(data)
    if data.startswith(_XLS_START) or (data.startswith(_ZIP_START) and _is_workbook(path)):
        return _finish(read_spreadsheet(path, data), path.name, year, origin, digest, size)
    if data.startswith(_ZIP_START):
        return _read_zip(path, year, digest, size)
    return _finish(_read_text(path, data, origin), path.name, year, origin, digest, size)


def _finish(raw: RawTable, name: str, year: int | None, origin: str, digest: str, size: int) -> KwbFile:
    """Return the file with its year decided and its table built."""
    decided, table_id, notes = decide_year(raw, name, year)
    frame, ledger = build_table(raw, decided, notes)
    return KwbFile(
        frame=check_contract(frame, origin),
        year=decided,
        table_id=table_id,
        layout=raw.layout,
        origin=raw.lines.origin,
        sha256=digest,
        bytes_count=size,
        rows_count=ledger.rows_in,
        unmapped=ledger.unmapped,
        ledger=ledger,
    )


def _bounded(path: Path) -> bytes:
    """Return the bytes of a file that is not too large."""
    if path.exists() and not path.is_file():
        raise DataError(
            label_of(path),
            found="no regular file",
            expected="a file, or a folder with the pages of one table",
            action="name the file that is meant",
        )
    if path.is_file() and (size := path.stat().st_size) > BYTES_LIMIT:
        raise DataError(
            label_of(path),
            found=f"a file of {size:,} bytes",
            expected=f"at most {BYTES_LIMIT:,} bytes; a national year has about 30 million",
            action=FETCH_AGAIN,
        )
    return read_bytes(path)


def _digest(documents: Mapping[str, bytes]) -> str:
    """Return one sha256 of several files."""
    whole = hashlib.sha256()
    for name in sorted(documents):
        whole.update(hashlib.sha256(documents[name]).digest())
    return whole.hexdigest()


def _is_workbook(path: Path) -> bool:
    """Return whether a zip is an xlsx workbook."""
    return _WORKBOOK in list_members(path)


def _read_zip(path: Path, year: int | None, digest: str, size: int) -> KwbFile:
    """Read the table inside a zip."""
    members = [m for m in list_members(path) if PurePosixPath(m).suffix.lower() in (".csv", ".json")]
    documents = {member: read_member(path, member) for member in members}
    if len(documents) == 1:
        member, data = next(iter(documents.items()))
        label = label_of(path, member)
        if data.removeprefix(_BOM).lstrip()[:1] not in (b"{", b"["):
            return _finish(_read_csv(data, label), label, year, label, digest, size)
    return _finish(_bundle(documents, label_of(path)), path.name, year, label_of(path), digest, size)


def _read_text(path: Path, data: bytes, origin: str) -> RawTable:
    """Return the columns of a file of text, with what stands beside it where its layout has such files."""
    if data.removeprefix(_BOM).lstrip()[:1] in (b"{", b"["):
        documents = {path.name: data}
        beside = [path.parent / name for name in _METADATA]
        beside += [path.parent / f"{name}{suffix}" for name in _BESIDE for suffix in (".json", ".csv")]
        documents |= {item.name: _bounded(item) for item in beside if item.is_file() and item != path}
        return _bundle(documents, origin)
    first = data.removeprefix(_BOM)[:2000].split(b"\n")[0].decode("latin-1")
    if is_observations([cell.strip('" \r') for cell in first.split(";")]):
        beside = [path.parent / f"{name}{suffix}" for name in _BESIDE for suffix in (".json", ".csv")]
        documents = {path.name: data} | {item.name: _bounded(item) for item in beside if item.is_file()}
        return _bundle(documents, origin)
    return _read_csv(data, origin)


def _read_csv(data: bytes, origin: str) -> RawTable:
    """Return the columns of a bulk CSV or a web export."""
    notes: tuple[str, ...] = ()
    first = data.removeprefix(_BOM)[:20_000].split(b"\n")[0].decode("latin-1")
    if is_bulk(first):
        return read_bulk(decode(data, origin), origin)
    if _is_latin_1(data):
        return read_web(data.decode("latin-1"), origin, ("its text is latin-1, as it is no UTF-8",))
    return read_web(decode(data, origin), origin, notes)


def _is_latin_1(data: bytes) -> bool:
    """Return whether a web export is latin-1.

    Only without a byte-order mark, NUL or control characters, if it is no UTF-8, and if no pair of bytes in
    it is a letter of UTF-8: a file with such pairs is UTF-8 with a damaged byte.
    """
    if data.startswith(_BOM) or b"\0" in data:
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        controls = any(0x80 <= byte <= 0x9F for byte in set(data))
        pairs = any(bytes((a, b)) in data for a in (0xC2, 0xC3) for b in range(0xA0, 0xC0))
        return not controls and not pairs
    return False


def _bundle(documents: Mapping[str, bytes], origin: str) -> RawTable:
    """Return the columns of one table from its pages and what stands beside them."""
    pages: dict[str, Any] = {}
    metadata: dict[str, list[dict[str, Any]]] = {}
    observed: dict[str, tuple[Mapping[str, pa.Array], Lines]] = {}
    lists: list[Mapping[str, pa.Array]] = []
    for name, data in documents.items():
        text = decode(data, name)
        if name.lower().endswith(".csv"):
            header, columns, lines = split_columns(text, name)
            cells = dict(zip(header, columns, strict=True))
            if is_observations(header):
                observed[name] = cells, lines
            else:
                lists.append(cells)
            continue
        page = parse_json(text, name)
        rows = rows_of(page)
        if rows is None:
            continue
        if is_observations(list(rows[0])):
            observed[name] = columns_of_rows(rows, name)
        elif {"Id", "Title"} <= rows[0].keys() or {"Identifier", "Title"} <= rows[0].keys():
            if "ShortTitle" in rows[0]:
                metadata[name] = rows
            else:
                lists.append(columns_of_rows(rows, name)[0])
        elif is_metadata(rows):
            metadata[name] = rows
        else:
            pages[name] = page
    described = read_metadata(metadata)
    if observed and not pages:
        return _observed(observed, lists, described, origin)
    if not pages:
        raise DataError(
            origin,
            found="no page of rows among " + (", ".join(shown(name) for name in documents) or "no files"),
            expected="pages such as TypedDataSet.json, or Observations with MeasureCodes",
            action=PUBLISHED,
        )
    return read_pages(pages, described, origin)


def _observed(
    observed: Mapping[str, tuple[Mapping[str, pa.Array], Lines]],
    lists: list[Mapping[str, pa.Array]],
    metadata: Metadata,
    origin: str,
) -> RawTable:
    """Return the columns of observations on one or more pages."""
    if len(observed) == 1:
        cells, lines = next(iter(observed.values()))
        named = Lines(origin, lines.numbers, lines.ends_open)
        return read_observations(cells, named, lists, metadata.said, metadata.table_ids, "either")
    names = list(next(iter(observed.values()))[0])
    merged = {
        name: pa.concat_arrays(
            [cells.get(name, pa.nulls(len(lines), pa.string())) for cells, lines in observed.values()]
        )
        for name in names
    }
    total = sum(len(lines) for _, lines in observed.values())
    everywhere = Lines(origin, pd.RangeIndex(1, total + 1).to_numpy())
    return read_observations(merged, everywhere, lists, metadata.said, metadata.table_ids, "either")


__all__ = ["BYTES_LIMIT", "KwbFile", "KwbLedger", "read_kwb"]
