"""Tables of dBASE (``.dbf``), in which a shapefile keeps the attributes of its areas."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, shown

_FIELDS_START, _FIELD_BYTES, _HEADER_END = 32, 32, 0x0D
_DELETED = ord("*")
_TYPES = "CNFLDIO"
_MOST_ROWS = 5_000_000


def read_dbase(data: bytes, origin: str) -> tuple[dict[str, pa.Array], Lines]:
    """Return the columns of a table as text, null where a cell is blank, and the number of each row from 1.

    Text is UTF-8 where it can be, else latin-1; rows marked as deleted are left out.

    Raises
    ------
    DataError
        If the file is no such table, is truncated, or names a column twice.
    """
    rows, header_bytes, row_bytes = _sizes(data, origin)
    names, widths = _fields(data[:header_bytes], origin)
    if sum(widths) + 1 != row_bytes:
        raise _damaged(origin, f"columns of {sum(widths)} bytes in rows of {row_bytes}")
    body = data[header_bytes : header_bytes + rows * row_bytes]
    if len(body) < rows * row_bytes:
        raise _damaged(origin, f"{len(body) // row_bytes:,} of {rows:,} rows: the file was cut off")
    table = np.frombuffer(body, dtype=np.uint8).reshape(rows, row_bytes)
    kept = table[:, 0] != _DELETED
    lines = Lines(origin, np.flatnonzero(kept).astype(np.int64) + 1)
    columns: dict[str, pa.Array] = {}
    at = 1
    for name, width in zip(names, widths, strict=True):
        cells = [row.tobytes() for row in np.ascontiguousarray(table[kept, at : at + width])]
        columns[name] = pa.array(map(_text, cells), type=pa.string())
        at += width
    return columns, lines


def _sizes(data: bytes, origin: str) -> tuple[int, int, int]:
    """Return the number of rows, and the bytes of the header and of a row."""
    if len(data) < _FIELDS_START + 1 or data[0] & 0x07 not in (3, 5):
        raise _damaged(origin, "a file of another kind" if data else "an empty file")
    rows = int.from_bytes(data[4:8], "little")
    header_bytes, row_bytes = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    if header_bytes > len(data) or row_bytes < 2 or not rows or rows > _MOST_ROWS:
        raise _damaged(origin, f"{rows:,} rows of {row_bytes} bytes below a header of {header_bytes}")
    return rows, header_bytes, row_bytes


def _fields(header: bytes, origin: str) -> tuple[list[str], list[int]]:
    """Return the names and widths of the columns."""
    names: list[str] = []
    widths: list[int] = []
    at = _FIELDS_START
    while at + _FIELD_BYTES <= len(header) and header[at] != _HEADER_END:
        name = _text(header[at : at + 11].split(b"\0")[0]) or ""
        kind = chr(header[at + 11])
        if not name or kind not in _TYPES or name in names:
            raise _damaged(origin, f"the column {shown(name)} of the type {kind!r}, without a name, unknown or twice")
        names.append(name)
        widths.append(header[at + 16])
        at += _FIELD_BYTES
    if not names:
        raise _damaged(origin, "no columns")
    return names, widths


def _text(raw: bytes) -> str | None:
    """Return a cell as text; None where it is blank, or filled with asterisks as a number without room is."""
    bare = raw.strip(b" \0")
    if not bare or set(bare) == {_DELETED}:
        return None
    try:
        return bare.decode("utf-8")
    except UnicodeDecodeError:
        return bare.decode("latin-1")


def _damaged(origin: str, found: str) -> DataError:
    """Return the error for a file that is no whole table."""
    return DataError(origin, found=found, expected="a whole table of dBASE (.dbf) with rows", action=FETCH_AGAIN)
