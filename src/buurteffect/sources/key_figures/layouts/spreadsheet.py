"""Yearly spreadsheets of the key figures, old (xls) and new (xlsx).

Three families of names exist: free titles with a header that stands lower (1995-2001), upper case
(2003-2012), and lower case (from 2013). Which one a sheet has is told by its names, not by its year.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import python_calamine

from buurteffect.errors import DataError
from buurteffect.sources.files.columns import refuse_doubled
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, printable, shown
from buurteffect.sources.files.zip_archive import Packed, list_members, read_member
from buurteffect.sources.key_figures.columns.mapping import ENOUGH_NAMES, known_stems, mapping_rows
from buurteffect.sources.key_figures.columns.raw_table import RawColumn, RawTable, YearEvidence, column_of
from buurteffect.sources.key_figures.columns.stem import UNIT_BEHIND, is_unit, title_stem, unit_of
from buurteffect.sources.key_figures.columns.values import refuse_thousands
from buurteffect.sources.key_figures.columns.year import table_id_in, years_in
from buurteffect.sources.key_figures.layouts.web import DEEPEST_HEADER, has_areas, read_records
from buurteffect.sources.spreadsheets.sheet_extent import Extent, TooFarError

FAMILIES = ("workbook_lower", "workbook_upper", "workbook_free")
_COMMA = re.compile(r"-?[0-9]*,[0-9]+")
_CODE = re.compile(r"(?:NL|GM|WK|BU)?[0-9]{1,8}(?:\.0)?")
_DEEPEST_HEADER = 40
_WHOLE_BELOW = 1e15
"""From here on a number is written as it is held: its digits are no longer all known."""
_FOOTER = re.compile(r"(?:bron\s*:|©|copyright\b)", re.IGNORECASE)
_Rows = list[list[Any]]


@dataclass(frozen=True, eq=False)
class _Found:
    """A sheet with key figures, and where its header stands."""

    name: str
    rows: _Rows
    header: int
    family: str


def read_spreadsheet(label: str, sheets: dict[str, list[list[Any]]]) -> RawTable:
    """Return the columns of the sheet with key figures.

    `sheets` are as `sheets_of` gives them.

    Raises
    ------
    DataError
        If no sheet or more than one has a header of key figures; if a column stands twice; or if a row is empty or a
        cell stands beside the columns.
    """
    exports = [name for name, rows in sheets.items() if has_areas(_records(rows[:DEEPEST_HEADER]))]
    found = [sheet for name, rows in sheets.items() if (sheet := _find_header(name, rows))]
    found = [sheet for sheet in found if sheet.family != "workbook_free" or sheet.name not in exports]
    if not found and len(exports) == 1:
        (name,) = exports
        notes = ["it is a web export in a workbook", *_passed_over(sheets, name)]
        return read_records(_records(sheets[name]), sheet_label(label, name), tuple(notes), either=True)
    if len(found) != 1:
        names = ", ".join(shown(sheet.name) for sheet in found) or ", ".join(shown(name) for name in sheets)
        raise DataError(
            label,
            found=f"{len(found)} sheets with a header of key figures ({names})",
            expected="one sheet with columns such as gwb_code_10 and a_inw, or RECS, GWB_CODE and AANT_INW",
            action="save each sheet of key figures as a workbook of its own with its year in the name, such as "
            "kwb-2020.xlsx; if none is one, leave the workbook out of the folder",
        )
    return _table(label, found[0], tuple(_passed_over(sheets, found[0].name)))


def _passed_over(sheets: Iterable[str], name: str) -> list[str]:
    """Return what the ledger says of the other sheets."""
    return [f"sheet {shown(other)} is passed over" for other in sheets if other != name]


def _records(rows: _Rows) -> list[tuple[int, list[str]]]:
    """Return the rows of a sheet as those of a text, all as wide as the widest, without empty ones at the end."""
    texts = [[_header_text(cell) if _filled(cell) else "" for cell in row] for row in rows]
    while texts and not any(texts[-1]):
        texts.pop()
    width = max((max((at + 1 for at, cell in enumerate(row) if cell), default=0) for row in texts), default=0)
    return [(number, (row + [""] * width)[:width]) for number, row in enumerate(texts, start=1)]


def sheet_label(label: str, sheet: str) -> str:
    """Return what a sheet is called in errors; its name may hold anything."""
    return f"{label} > {printable(sheet)}"


def sheets_of(label: str, data: bytes) -> dict[str, list[list[Any]]]:
    """Return the rows of every sheet of a workbook.

    Raises
    ------
    DataError
        If it is damaged or hostile.
    """
    if data.startswith(b"PK"):
        extent, book = Extent(), Packed(label, data)
        for member in list_members(book):
            content = read_member(book, member)  # refuses a bomb before the workbook is opened
            if member.lower().endswith((".xml", ".rels")) or content[:1] == b"<":
                try:
                    extent.add(content)
                except TooFarError as error:
                    raise _too_far(label, str(error)) from None
    try:
        opened = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        return {name: opened.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in opened.sheet_names}
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # a panic of the spreadsheet library is no Exception
        raise DataError(
            label,
            found=f"a damaged workbook ({type(error).__name__}: {shown(error)})",
            expected="a whole xls or xlsx workbook",
            action=FETCH_AGAIN,
        ) from None


def _too_far(label: str, what: str) -> DataError:
    """Return the error for a workbook whose cells reach too far."""
    return DataError(label, found=what, expected="at most 260 columns and 99,999 rows", action=PUBLISHED)


def _find_header(name: str, rows: _Rows) -> _Found | None:
    """Return where the header of a sheet stands and which family of names it has, or None."""
    best: tuple[int, int, str] | None = None
    for number, row in enumerate(rows[:_DEEPEST_HEADER]):
        names = {title_stem(_title(cell)[0]) for cell in row if isinstance(cell, str) and cell.strip()}
        for family in FAMILIES:
            count = len(names & known_stems(family))
            if count >= ENOUGH_NAMES and (best is None or count > best[0]):
                best = count, number, family
    return None if best is None else _Found(name, rows, best[1], best[2])


def _table(label: str, sheet: _Found, notes: tuple[str, ...]) -> RawTable:
    """Return the columns of a sheet."""
    origin = sheet_label(label, sheet.name)
    columns = _columns(sheet, origin)
    first = sheet.header + 1
    if first < len(sheet.rows) and _is_unit_row(sheet.rows[first]):
        first += 1
    while first < len(sheet.rows) and not any(map(_filled, sheet.rows[first])):
        first += 1  # old sheets set their header apart
    body, footers = _without_footers(sheet.rows[first:])
    columns = _with_keys(columns, body, sheet.family)
    lines = Lines(origin, np.arange(first + 1, first + 1 + len(body), dtype=np.int64))
    width = len(columns)
    lines.refuse(
        [any(_filled(cell) for cell in row[width:]) for row in body],
        lambda _: "a cell to the right of the last column",
        expected=f"{width} columns, as in the header",
    )
    lines.refuse(
        [not any(_filled(cell) for cell in row) for row in body], lambda _: "an empty row", expected="rows without gaps"
    )
    above = [str(cell) for row in sheet.rows[: sheet.header] for cell in row if _filled(cell)]
    said = [YearEvidence(years, f"sheet {shown(sheet.name)}") for years in [years_in(sheet.name)] if years]
    said += [YearEvidence(years, "its title") for text in above[:3] if (years := years_in(text))]
    tables = {table for text in above if (table := table_id_in(text))}
    return RawTable(
        layout=sheet.family,
        family=sheet.family,
        columns=columns,
        lines=lines,
        texts=lambda position: _texts(body, position, columns[position].name, lines),
        decimal="either",
        said=tuple(said),
        table_ids=tuple((table, "its title") for table in sorted(tables)),
        left_out=(("source line below the data", footers),) if footers else (),
        notes=notes,
    )


def _without_footers(rows: _Rows) -> tuple[_Rows, int]:
    """Return the rows of areas, and how many source lines follow them."""
    body, footers = list(rows), 0
    while body:
        filled = [cell for cell in body[-1] if _filled(cell)]
        if len(filled) == 1 and isinstance(filled[0], str) and _FOOTER.match(filled[0].strip()):
            footers += 1
        elif filled:
            break
        body.pop()
    return body, footers


def _with_keys(columns: tuple[RawColumn, ...], body: _Rows, family: str) -> tuple[RawColumn, ...]:
    """Return the columns of an old sheet with its first two as code and name, if no other says it is the code.

    Titles of the first two differ from year to year; that they hold codes of digits and names does not.
    """
    codes = {row.stem for row in mapping_rows() if row.layout == family and row.concept == "area_code"}
    if family != "workbook_free" or len(columns) < 2 or any(column.stem in codes for column in columns):
        return columns
    cells = [str(cell).strip() for row in body for cell in row[:1]]
    if not cells or not all(_CODE.fullmatch(cell) for cell in cells):
        return columns
    named = (replace(columns[0], stem="code"), replace(columns[1], stem="naam"))
    return (*named, *columns[2:])


def _columns(sheet: _Found, origin: str) -> tuple[RawColumn, ...]:
    """Return the columns of the header, with units from the row below it or behind the names.

    A column without a name is called by its place, and no concept is found in it.
    """
    cells = [_header_text(cell) for cell in sheet.rows[sheet.header]]
    while cells and not cells[-1]:
        cells.pop()
    cells = [cell or f"column {position + 1} (no name)" for position, cell in enumerate(cells)]
    refuse_doubled(cells, origin, sheet.header + 1)
    below = sheet.rows[sheet.header + 1] if sheet.header + 1 < len(sheet.rows) else []
    units = [str(cell) for cell in below] if _is_unit_row(below) else [""] * len(cells)
    columns = []
    for position, cell in enumerate(cells):
        title, unit = _title(cell)
        unit = unit or units[position].strip()
        columns.append(column_of(cell, position, unit_of(unit) if unit else None, None, title_stem(title)))
    return tuple(columns)


def _header_text(cell: Any) -> str:
    """Return a cell of the header as text; some years have a number in it."""
    is_number = isinstance(cell, (int, float)) and not isinstance(cell, bool)
    return number_text(cell) if is_number else str(cell).strip()


def _title(cell: str) -> tuple[str, str]:
    """Return a title without the unit behind it, and that unit."""
    bare = " ".join(str(cell).split())
    behind = UNIT_BEHIND.match(bare)
    return (behind[1], behind[2]) if behind and is_unit(behind[2]) else (bare, "")


def _is_unit_row(row: list[Any]) -> bool:
    """Return whether most filled cells of a row are units."""
    filled = [cell for cell in row if _filled(cell)]
    return bool(filled) and 2 * sum(isinstance(cell, str) and is_unit(cell) for cell in filled) > len(filled)


def _filled(cell: Any) -> bool:
    """Return whether a cell holds anything."""
    return bool(cell.strip()) if isinstance(cell, str) else cell is not None


def _texts(body: _Rows, position: int, column: str, lines: Lines) -> pa.Array:
    """Return the cells of a column as text; a number in a cell gets the mark of decimals of the text beside it."""
    cells = [row[position] for row in body]
    lines.refuse(
        [isinstance(cell, bool) or not isinstance(cell, (str, int, float)) for cell in cells],
        lambda row: f"{shown(cells[row])} ({type(cells[row]).__name__})",
        column=column[:60],
        expected="a number or text",
    )
    if not any(isinstance(cell, str) for cell in cells):
        whole = _whole_texts(cells)
        return pa.array(map(number_text, cells), type=pa.string()) if whole is None else whole
    own = [cell if isinstance(cell, str) else None for cell in cells]
    refuse_thousands(pa.array(own, type=pa.string()), column, lines)
    # Cells of numbers and of text mix in one column; only text has a mark of decimals of its own.
    comma = any(isinstance(cell, str) and _COMMA.fullmatch(cell.strip()) for cell in cells)
    numbers = (
        (number_text(cell).replace(".", ",") if comma else number_text(cell))
        for cell in cells
        if not isinstance(cell, str)
    )
    return pa.array([cell if isinstance(cell, str) else next(numbers) for cell in cells], type=pa.string())


def _whole_texts(cells: list[Any]) -> pa.Array | None:
    """Return whole numbers as `number_text` writes them, or None if some are not whole."""
    numbers = np.array(cells, dtype=np.float64)
    if not (np.abs(numbers) < _WHOLE_BELOW).all() or (numbers != np.floor(numbers)).any():
        return None
    return pa.array(numbers.astype(np.int64)).cast(pa.string())


def number_text(number: float) -> str:
    """Return a number as the shortest text that means it, without an exponent.

    Examples
    --------
    >>> number_text(363.0), number_text(1.8), number_text(1e-05)
    ('363', '1.8', '0.00001')
    """
    if isinstance(number, float) and number.is_integer() and abs(number) < _WHOLE_BELOW:
        return str(int(number))
    text = repr(number)
    return format(Decimal(text), "f") if "e" in text else text
