"""The readers of workbooks under mutations of cells, of parts and of bytes: the right table or a named error."""

from __future__ import annotations

import datetime
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_limits import EXAMPLES, SECONDS, checked, within
from version2_workbooks import Rows, class_rows, long_rows, put_workbook, wide_rows

from buurteffect.errors import BuurteffectError, DataError
from buurteffect.sources import read_classes, read_dimensions

Sheets = dict[str, Rows]


@dataclass(frozen=True)
class Book:
    """A reader with its good workbook; cells are changed in the sheet `main`."""

    name: str
    main: str
    sheets: Callable[[], Sheets]
    read: Callable[[Path], pd.DataFrame]
    key: str
    number: str


def _read_classes(path: Path) -> pd.DataFrame:
    file = read_classes(path)
    assert len(file.classes) == 5 * file.rows_count
    return pd.concat([file.classes, file.changes])


def _read_dimensions(path: Path) -> pd.DataFrame:
    file = read_dimensions(path)
    assert len(file.frame) == file.rows_count
    return file.frame


BOOKS = (
    Book("classes", "wijk", lambda: {"wijk": class_rows()}, _read_classes, "WK_CODE", "KL08"),
    Book(
        "dimensions",
        "data(1)",
        lambda: {"data(1)": long_rows(), "data(2)": wide_rows()},
        _read_dimensions,
        "GBD",
        "RLBWON",
    ),
)
BY_NAME = pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)


def outcome(book: Book, change: Callable[[Path], object]) -> pd.DataFrame | DataError:
    """Return the table or the error that a changed workbook ends in; anything else fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = put_workbook(Path(folder) / "book.xlsx", book.sheets())
        change(path)
        try:
            with within(SECONDS):
                return book.read(path)
        except BuurteffectError as error:
            return checked(error, "book.xlsx", folder)


def good(book: Book) -> pd.DataFrame:
    """Return the table of the good workbook."""
    found = outcome(book, lambda _: None)
    assert isinstance(found, pd.DataFrame), found
    return found


def with_cell(book: Book, column: str, value: Any, row: int = 1) -> Callable[[Path], object]:
    """Change one cell; row 0 is the header."""

    def change(path: Path) -> None:
        sheets = book.sheets()
        rows = sheets[book.main]
        rows[row][rows[0].index(column)] = value
        put_workbook(path, sheets)

    return change


def with_rows(book: Book, turn: Callable[[Rows], Rows]) -> Callable[[Path], object]:
    """Change the rows of the main sheet."""
    return lambda path: put_workbook(path, book.sheets() | {book.main: turn(book.sheets()[book.main])})


def with_part(part: str, turn: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    """Change the bytes of one part."""

    def change(path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        parts[part] = turn(parts[part])
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)

    return change


SHEET = "xl/worksheets/sheet1.xml"


def added(xml: bytes) -> Callable[[bytes], bytes]:
    """Add rows of XML to a sheet."""
    return lambda sheet: sheet.replace(b"</sheetData>", xml + b"</sheetData>")


FORM: dict[str, Callable[[Rows], Rows]] = {
    "columns reversed": lambda rows: [row[::-1] for row in rows],
    "columns rotated": lambda rows: [row[2:] + row[:2] for row in rows],
    "blanks around names": lambda rows: [[f" {name} " for name in rows[0]], *rows[1:]],
    "blanks around codes": lambda rows: [[f" {c} " if str(c)[:2] == "WK" else c for c in row] for row in rows],
    "empty rows at the end": lambda rows: [*rows, [], [None] * 5],
    "whole numbers as decimals": lambda rows: [[float(c) if type(c) is int else c for c in row] for row in rows],
}
REFUSED: dict[str, tuple[Callable[[Rows], Rows], int | None]] = {
    "header doubled": (lambda rows: [rows[0], *rows], 2),
    "column twice": (lambda rows: [[*row, row[-1]] for row in rows], 1),
    "column too many": (lambda rows: [[*row, "x"] for row in rows], 1),
    "column missing": (lambda rows: [row[:-1] for row in rows], 1),
    "column without a name": (lambda rows: [[None, *rows[0]], *[["x", *row] for row in rows[1:]]], 1),
    "row twice": (lambda rows: [*rows, rows[1]], None),
    "row empty": (lambda rows: [*rows[:2], [], *rows[2:]], 3),
    "cell beyond the columns": (lambda rows: [*rows[:2], [*rows[2], *[None] * 3, 1], *rows[3:]], 3),
    "header only": (lambda rows: rows[:1], 1),
    "nothing": (lambda _: [], None),
    "title above the header": (lambda rows: [["Scores"], *rows], None),
}
CELLS: dict[str, Any] = {
    "text": "many",
    "number as text": "6",
    "thousands": "1,234",
    "decimal comma": "6,5",
    "formula": "=1+1",
    "truth": True,
    "date": datetime.datetime(2019, 1, 1),
    "huge": 1e300,
    "#REF!": "#REF!",
    "blank": " ",
}
KEYS: dict[str, Any] = {
    "empty": None,
    "NaN": "NaN",
    "number": 1400,
    "letters": "WK00X400",
    "lower case": "wk001400",
    "cut": "WK00140",
    "other script": "WK00140\u0660",
    "zero-width": "\u200bWK001400",
    "#N/A": "#N/A",
}
PARTS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a cell in the last row": (SHEET, added(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>')),
    "a cell in a row beyond all": (SHEET, added(b'<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>')),
    "a cell in the last column": (SHEET, added(b'<row r="9"><c r="XFD9"><v>1</v></c></row>')),
    "a row below zero": (SHEET, added(b'<row r="-5"><c r="A-5"><v>1</v></c></row>')),
    "a document type": (SHEET, lambda x: b"<!--" + b"x" * 3_000 + b'--><!DOCTYPE a [<!ENTITY b "c">]>' + x),
    "nested without end": (SHEET, lambda _: b"<a>" * 200_000),
    "cut": (SHEET, lambda x: x[: len(x) // 2]),
    "empty": (SHEET, lambda _: b""),
    "text that is not there": (SHEET, lambda x: x.replace(b't="inlineStr"><is><t>', b't="s"><v>9999</v><is><t>')),
    "workbook empty": ("xl/workbook.xml", lambda _: b"<workbook/>"),
    "relations elsewhere": (
        "xl/_rels/workbook.xml.rels",
        lambda x: x.replace(b"worksheets/sheet1.xml", b"../../../etc/hosts"),
    ),
}


@BY_NAME
@pytest.mark.parametrize("name", FORM)
def test_a_workbook_that_only_looks_different_gives_the_same_table(book: Book, name: str) -> None:
    found = outcome(book, with_rows(book, FORM[name]))
    assert isinstance(found, pd.DataFrame), found
    assert found.equals(good(book))


@BY_NAME
@pytest.mark.parametrize("name", REFUSED)
def test_spoiled_rows_are_refused_with_their_row(book: Book, name: str) -> None:
    turn, line = REFUSED[name]
    found = outcome(book, with_rows(book, turn))
    assert isinstance(found, DataError), found
    assert line is None or found.line == line, str(found)


@BY_NAME
@pytest.mark.parametrize("name", CELLS)
def test_a_number_that_is_none_is_refused_with_row_and_column(book: Book, name: str) -> None:
    found = outcome(book, with_cell(book, book.number, CELLS[name]))
    assert isinstance(found, DataError), found
    assert (found.line, found.column) == (2, book.number)


@BY_NAME
@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_is_none_is_refused_with_row_and_column(book: Book, name: str) -> None:
    found = outcome(book, with_cell(book, book.key, KEYS[name], row=2))
    assert isinstance(found, DataError), found
    assert (found.line, found.column) == (3, book.key)


@BY_NAME
@pytest.mark.parametrize("name", PARTS)
def test_a_hostile_part_is_refused_without_being_unfolded(book: Book, name: str) -> None:
    part, turn = PARTS[name]
    found = outcome(book, with_part(part, turn))
    assert isinstance(found, DataError), found


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
@EXAMPLES
@given(
    row=st.integers(0, 2),
    column=st.integers(0, 40),
    value=st.sampled_from([*CELLS.values(), *KEYS.values(), 0, 1, 4, 5, 9, 10, -1, 4.5, 2012, "WK001499", "VKL0208"]),
)
def test_any_cell_may_hold_anything(book: Book, row: int, column: int, value: Any) -> None:
    def turn(rows: Rows) -> Rows:
        rows[row][column % len(rows[0])] = value
        return rows

    found = outcome(book, with_rows(book, turn))
    if isinstance(found, pd.DataFrame):
        assert len(found) == len(good(book))


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book.name)
@EXAMPLES
@given(at=st.floats(0, 1), data=st.binary(min_size=1, max_size=4), lose=st.integers(0, 50))
def test_any_byte_may_be_changed_lost_or_added(book: Book, at: float, data: bytes, lose: int) -> None:
    def change(path: Path) -> None:
        whole = bytearray(path.read_bytes())
        start = int(at * (len(whole) - 1))
        whole[start : start + lose] = data
        path.write_bytes(bytes(whole))

    found = outcome(book, change)
    if isinstance(found, pd.DataFrame):
        assert found.equals(good(book))
