"""Workbooks (xlsx) of publishers: their sheets as rows of cells, and those cells as numbers and texts.

A workbook is a zip of XML. Its members pass the checks of `archive` before a cell is read, and a formula is
refused: only values that the publisher printed are data.
"""

from __future__ import annotations

import io
import math
import warnings
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import openpyxl
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.files.columns import check_columns
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, label_of, read_head, shown
from buurteffect.sources.files.zip_archive import list_members, read_member
from buurteffect.sources.spreadsheets.saved_again import NOT_AVAILABLE, original_names, row_numbers

WORKBOOK_BYTES_LIMIT = 150_000_000
"""Largest unpacked size of all parts of a workbook; the largest known one has under a tenth of it."""

ROWS_LIMIT = 200_000
"""Most rows of all sheets together; all buurten in three waves make 60,000."""

WIDTH_LIMIT = 1_000
"""Most columns of a sheet; the widest known one has 19."""

_ZIP_START = b"PK"
_CONTENTS = "[Content_Types].xml"
_MISSING = (None, *NOT_AVAILABLE)  # an empty cell, and what programs put where nothing was found


@dataclass(frozen=True, eq=False)
class Sheet:
    """One sheet with stripped column names in its first row, and the cells of each row below it, all of one length.

    `lines` are the numbers of the rows; their `origin` is ``file.xlsx > sheet``.
    """

    header: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    lines: Lines

    def _column(self, name: str) -> list[Any]:
        """Return the cells of one column."""
        index = self.header.index(name)
        return [row[index] for row in self.rows]

    def texts(self, name: str, expected: str) -> pd.Series:
        """Return a column of stripped text.

        Raises
        ------
        DataError
            If a cell is empty or holds no text.
        """
        cells = self._column(name)
        self.lines.refuse(
            [not isinstance(cell, str) for cell in cells], lambda row: _cell(cells[row]), column=name, expected=expected
        )
        return pd.Series([cell.strip() for cell in cells], dtype="str")

    def numbers(self, name: str, expected: str) -> npt.NDArray[np.float64]:
        """Return a column of numbers, NaN where the cell is empty or ``#N/A``.

        Raises
        ------
        DataError
            If a cell holds text, a date, a truth value, a formula or an infinite number.
        """
        cells = self._column(name)
        missing = [cell in _MISSING for cell in cells]
        self.lines.refuse(
            [not (m or _is_number(cell)) for m, cell in zip(missing, cells, strict=True)],
            lambda row: _cell(cells[row]),
            column=name,
            expected=expected,
        )
        return np.array([np.nan if m else cell for m, cell in zip(missing, cells, strict=True)], dtype=np.float64)

    def whole_numbers(self, name: str, expected: str, allowed: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Return a column of whole numbers out of `allowed`, NaN where missing.

        Raises
        ------
        DataError
            As `numbers`, and if a number is not one of `allowed`.
        """
        values = self.numbers(name, expected)
        self.lines.refuse(
            ~(np.isnan(values) | np.isin(values, allowed)),
            lambda row: f"the number {values[row]:g}",
            column=name,
            expected=expected,
        )
        return values


def read_workbook(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every sheet of a workbook by the sheet's name; formulas stay text.

    Raises
    ------
    DataError
        If the file is missing or empty, is no workbook or a damaged one, or is a zip that may not be opened
        (see `archive.list_members`).
    """
    package = _package(path)
    try:
        with warnings.catch_warnings():
            # About styles and extensions that are not kept; no value hangs on them.
            warnings.simplefilter("ignore", UserWarning)
            book = openpyxl.load_workbook(package, read_only=True, data_only=False)
            try:
                found: dict[str, list[tuple[Any, ...]]] = {}
                for sheet in book.worksheets:
                    found[sheet.title] = _rows(sheet, ROWS_LIMIT - sum(map(len, found.values())))
                return found
            finally:
                book.close()
    except _TooLargeError as error:
        raise _no_workbook(path, str(error)) from None
    except Exception as error:  # openpyxl lets through whatever it stumbles over in damaged XML
        raise _no_workbook(path, f"damaged contents ({type(error).__name__}: {shown(error)})") from error


def as_sheet(path: Path, name: str, rows: list[tuple[Any, ...]], known: list[str]) -> Sheet:
    """Return one sheet's rows as a table whose header holds exactly the known columns.

    Raises
    ------
    DataError
        If a column is missing, doubled or unknown, a cell stands outside the columns, an empty row stands
        between others, or there is no row at all.
    """
    origin = label_of(path, name)
    header = header_of(rows)
    full = [row for row in rows[1:] if any(cell is not None for cell in row)]
    left = [[str(row[at]) if at < len(row) else "" for row in full] for at in range(min(2, len(header)))]
    numbered = row_numbers(header, left, known)
    header = tuple(original_names(header[numbered:], known))
    check_columns(header, known, origin)
    body = [row[numbered:] for row in rows[1:]]
    while body and not any(cell is not None for cell in body[-1]):
        body.pop()
    if not body:
        raise DataError(origin, line=1, found="only a header, no rows", expected="a header and rows", action=PUBLISHED)
    lines = Lines(origin, np.arange(2, len(body) + 2, dtype=np.int64))
    width = len(header)
    lines.refuse(
        [any(cell is not None for cell in row[width:]) for row in body],
        lambda row: f"a cell to the right of the last column: {_cell(body[row][-1])}",
        expected=f"{width} columns, as in the header",
    )
    lines.refuse(
        [all(cell is None for cell in row) for row in body], lambda _: "an empty row", expected="rows without gaps"
    )
    return Sheet(header, [(*row[:width], *[None] * (width - len(row))) for row in body], lines)


def header_of(rows: list[tuple[Any, ...]]) -> tuple[str, ...]:
    """Return the stripped names in the first row, without empty cells at its end."""
    cells = list(rows[0]) if rows else []
    while cells and cells[-1] is None:
        cells.pop()
    return tuple("" if cell is None else str(cell).strip() for cell in cells)


def _rows(sheet: Any, limit: int) -> list[tuple[Any, ...]]:
    """Return all rows of a sheet, whatever size the file claims for it, up to a limit.

    Rows and cells that the file leaves out are filled in: a single cell far below or far to the right asks for
    billions of them.
    """
    sheet.reset_dimensions()
    rows: list[tuple[Any, ...]] = []
    for row in sheet.iter_rows(values_only=True):
        if len(row) > WIDTH_LIMIT:
            raise _TooLargeError(f"row {len(rows) + 1} of sheet {shown(sheet.title)} has {len(row):,} columns")
        if len(rows) >= limit:
            raise _TooLargeError(f"more than {ROWS_LIMIT:,} rows, reached in sheet {shown(sheet.title)}")
        rows.append(row)
    return rows


class _TooLargeError(Exception):
    """A sheet has more rows or columns than any table."""


def _package(path: Path) -> io.BytesIO:
    """Return the parts of a workbook as checked, in a zip of their own; refuse what is no workbook.

    The library unpacks by itself, and a part may hold more than it declares.
    """
    start = read_head(path, len(_ZIP_START))
    if start != _ZIP_START:
        raise _no_workbook(path, "an empty file" if not start else f"a file that begins with {start!r}, not a zip")
    members = list_members(path)
    if _CONTENTS not in members:
        raise _no_workbook(path, "a zip without the parts of a workbook")
    whole, package = 0, io.BytesIO()
    for member in members:
        part = read_member(path, member)
        whole += len(part)
        if b"<!DOCTYPE" in part or b"<\0!\0D\0" in part or b"\0<\0!\0D" in part:
            raise _no_workbook(path, f"a document type declaration in {shown(member)}, which no workbook has")
        if whole > WORKBOOK_BYTES_LIMIT:
            raise _no_workbook(path, f"parts that unpack to more than {WORKBOOK_BYTES_LIMIT:,} bytes")
        with zipfile.ZipFile(package, "a") as checked:
            checked.writestr(member, part)
    return package


def _no_workbook(path: Path, found: str) -> DataError:
    """Return the error for a file that is no readable workbook."""
    return DataError(label_of(path), found=found, expected="a whole xlsx workbook", action=FETCH_AGAIN)


def _is_number(cell: Any) -> bool:
    """Return whether a cell holds a finite number; a truth value is none."""
    return isinstance(cell, (int, float)) and not isinstance(cell, bool) and math.isfinite(cell)


def _cell(cell: Any) -> str:
    """Say what a cell holds."""
    if cell is None:
        return "an empty cell"
    if isinstance(cell, str):
        return f"the formula {shown(cell)}" if cell.startswith("=") else f"the text {shown(cell)}"
    return f"{shown(cell)} ({type(cell).__name__})"
