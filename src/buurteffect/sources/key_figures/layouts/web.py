"""Web exports of StatLine: a title, topic rows, units, then names with codes; ``;`` and a decimal comma.

The newer ones have one line of paths with units behind them (``A/B/C (aantal)``), and columns of text in them
keep the decimal point, so that there each column may have either mark.

The depth of the header differs between exports and is found: data begin at the first row with the code of an
area. The last row above them that holds units is the row of units, the one above it the row of titles, and
the rows between the title and that one tell groups. A title may itself be a path (``A|B|C``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.files.delimited import numbered_records
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, shown
from buurteffect.sources.key_figures.columns.area import CODE_PARTS, SHAPES
from buurteffect.sources.key_figures.columns.mapping import known_stems
from buurteffect.sources.key_figures.columns.raw_table import AREA_NAME, RawColumn, RawTable, YearEvidence, column_of
from buurteffect.sources.key_figures.columns.stem import UNIT_BEHIND, is_unit, normalised, title_stem, unit_of
from buurteffect.sources.key_figures.columns.titles import has_made_names, path_of
from buurteffect.sources.key_figures.columns.values import plain_cells
from buurteffect.sources.key_figures.columns.year import period_of, table_id_in, years_in
from buurteffect.sources.spreadsheets.saved_again import (
    may_number_rows,
    program_marks,
    row_numbers,
    saved_note,
    separator_of,
    with_row_names,
)

_CODE = re.compile(SHAPES)

_FOOTER = re.compile(r"(?:bron\s*:|©|copyright\b)", re.IGNORECASE)
_CUT = "the file ends without a line end: its last number may have been cut off"
_REGIONS = {"wijkenenbuurten", "regios", "regio"}
_NO_TOPIC = "onderwerp"
_NOWHERE = -1
_ENOUGH_PARTS = 2
DEEPEST_HEADER = 60
_POSTCODE = re.compile(r"\W*(pc[46]|postcode)", re.IGNORECASE)
_WITH_CODES = (
    "export the table again with the codes of its areas: in StatLine choose them under Wijken en buurten (Codering, or "
    "Gemeentecode, Wijkcode and Buurtcode); or run make fetch KWB=… with its year; if it is another table, move it out "
    "of the folder"
)
_BY_POSTCODE = (
    "move it out of the folder: key figures by postcode are not read, only those by gemeente, wijk and buurt (make "
    "fetch KWB=… brings them)"
)
_Rows = list[tuple[int, list[str]]]


@dataclass(frozen=True)
class _Header:
    """What stands above the data."""

    columns: tuple[RawColumn, ...]
    said: tuple[YearEvidence, ...]
    table_ids: tuple[tuple[str, str], ...]


def read_web(text: str, origin: str, notes: tuple[str, ...] = ()) -> RawTable:
    """Return the columns of a web export, also of one that software of statistics saved again.

    Rows below the data that hold only a source line are left out and counted.

    Raises
    ------
    DataError
        If no row holds the code of an area, no row of titles stands above it, or a record has too few or
        too many fields; with its line.
    """
    separator = separator_of(text)
    records = list(numbered_records(with_row_names(text, separator), origin, separator))
    while records and not any(cell.strip() for cell in records[-1][1]):
        records.pop()
    records, kept = _without_row_numbers(records)
    again = program_marks(separator, kept)
    if records and has_made_names(records[0][1]):
        again.append("titles without blanks and slashes, as R makes them")
    notes = (*notes, *saved_note(again))
    return read_records(
        records, origin, notes, ends_open=not text.endswith(("\n", "\r")), either=bool(again), separator=separator
    )


def _without_row_numbers(records: _Rows) -> tuple[_Rows, int]:
    """Return the records without the columns at the left that number the rows, and how many they are."""
    header, *body = records or [(1, [])]
    whole = [row for _, row in body if len(row) == len(header[1])]
    if len(whole) < len(body) or not body or not may_number_rows(header[1][0]):
        return records, 0
    kept = row_numbers(header[1], [[row[at] for row in whole] for at in range(min(2, len(header[1])))])
    return [(line, row[kept:]) for line, row in records], kept


def read_records(
    records: _Rows,
    origin: str,
    notes: tuple[str, ...] = (),
    *,
    ends_open: bool = False,
    either: bool = False,
    separator: str = ";",
) -> RawTable:
    """Return the columns of the records of a web export.

    `records` are all rows with their lines, header included. With `either` a column may have either mark of decimals,
    as in a workbook, and what other programs write where nothing is (NA) is nothing.

    Raises
    ------
    DataError
        As `read_web`.
    """
    start, code = _first_area(records, origin)
    header = _read_header(records[:start], records[start][1], code, origin)
    body, footers = _without_footers(records[start:])
    width = len(header.columns)
    lines = Lines(origin, np.array([line for line, _ in body], dtype=np.int64), ends_open)
    either = either or start == 1

    def texts(position: int) -> pa.Array:
        cells = pa.array([row[position] for _, row in body], type=pa.string())
        return plain_cells(cells, header.columns[position].name, lines) if either else cells

    lines.refuse(
        [len(row) != width for _, row in body],
        lambda at: f"{len(body[at][1])} field(s)" if any(body[at][1]) else "an empty line",
        expected=f"{width} fields separated by {separator!r}, as in the first row with a code",
        action=FETCH_AGAIN,
    )
    return RawTable(
        layout="web",
        family="statline",
        columns=header.columns,
        lines=lines,
        texts=texts,
        decimal="either" if either else "comma",
        said=header.said,
        table_ids=header.table_ids,
        left_out=(("source line below the data", footers),) if footers else (),
        notes=(*notes, *((_CUT,) if lines.ends_open else ())),
    )


def has_areas(records: _Rows) -> bool:
    """Return whether a row near the top holds the code of an area or its parts, below at least one row of titles."""
    if _below_parts(records) is not None:
        return True
    return any(_CODE.fullmatch(cell.strip()) for _, row in records[1:DEEPEST_HEADER] for cell in row)


def _first_area(records: _Rows, origin: str) -> tuple[int, int]:
    """Return the first row that holds the code of an area, and the column that holds it."""
    parts = _below_parts(records)
    for number, (_, row) in enumerate(records[:DEEPEST_HEADER]):
        if number == parts:
            return parts, next((at for at, cell in enumerate(row) if _CODE.fullmatch(cell.strip())), _NOWHERE)
        for column, cell in enumerate(row):
            if _CODE.fullmatch(cell.strip()):
                return number, column
    first = records[0][1][0] if records and records[0][1] else ""
    raise DataError(
        origin,
        line=1,
        found=f"no code of an area in the first {min(len(records), DEEPEST_HEADER)} rows; "
        f"the file begins with {shown(first)}",
        expected="a file of key figures in a known layout: a bulk CSV, a web export with its codes, a workbook, or "
        "pages of OData",
        action=_BY_POSTCODE if _POSTCODE.match(first) else _WITH_CODES,
    )


def _below_parts(records: _Rows) -> int | None:
    """Return the first row below titles that give a code in parts (Gemeentecode, Wijkcode, Buurtcode), or None."""
    for number, (_, row) in enumerate(records[:DEEPEST_HEADER]):
        leaves = [normalised(re.split(r"[|/]", UNIT_BEHIND.sub(r"\1", cell))[-1]) for cell in row]
        if sum(part in leaf for part in CODE_PARTS for leaf in leaves if leaf.endswith(part)) >= _ENOUGH_PARTS:
            below = records[number + 1][1] if number + 1 < len(records) else []
            start = number + 1 + (sum(map(is_unit, below)) > 1)
            return start if start < len(records) else None
    return None


def _read_header(rows: _Rows, first: list[str], code: int, origin: str) -> _Header:
    """Return the columns, and what the rows above the data say about the year."""
    width = len(first)
    if not rows:
        raise DataError(
            origin,
            line=1,
            found="data in the first line, without a header",
            expected="rows with titles above the data",
            action=PUBLISHED,
        )
    cells = [[*(cell.strip() for cell in row), *[""] * width][: max(width, len(row))] for _, row in rows]
    for (line, _), row in zip(rows, cells, strict=True):
        if any(row[width:]):
            raise DataError(
                origin,
                line=line,
                found=f"{len(row)} fields in the header, {width} in the first row with a code",
                expected="as many fields in the data as in the header",
                action=FETCH_AGAIN,
            )
    has_units = sum(is_unit(cell) for cell in cells[-1]) >= max(1, sum(map(bool, cells[-1])) // 2) and len(cells) > 1
    units = cells[-1] if has_units else [""] * width
    titles = cells[:-1] if has_units else cells
    above = [row for row in titles[:-1] if sum(map(bool, row)) > 1 or _NO_TOPIC in map(normalised, row)]
    made = has_made_names(titles[-1])
    columns = tuple(
        _column(p, titles[-1][p], units[p], [_group_at(row, p) for row in above], first[p], p == code, made=made)
        for p in range(width)
    )
    return _Header(columns, _years_above(cells, titles[-1]), _tables_above(cells))


def _group_at(row: list[str], position: int) -> str:
    """Return the group that a row of groups tells for a column: the nearest one to the left."""
    filled = [cell for cell in row[: position + 1] if cell]
    return filled[-1] if filled else ""


def _column(
    position: int, title: str, unit: str, above: list[str], first: str, is_code: bool, *, made: bool
) -> RawColumn:
    """Return one column from its title, its unit and the groups above it."""
    if made:
        title, unit, above = path_of(title)
    if not unit and (behind := UNIT_BEHIND.match(title)) and is_unit(behind[2]):
        title, unit = behind[1], behind[2]
    path = [part.strip() for part in re.split(r"\|", title) if part.strip()]
    if len(path) == 1 and not above and "/" in title and not made:
        path = _split_path([part.strip() for part in title.split("/") if part.strip()])
    leaf = path[-1] if path else (above[-1] if above else "") or unit
    known = [group for group in [*path[:-1], *above] if group and normalised(group) != _NO_TOPIC]
    groups = frozenset(normalised(group) for group in known) if known else None
    is_region = normalised(leaf) in _REGIONS or normalised(unit) in _REGIONS
    stem = AREA_NAME if is_region and not _CODE.fullmatch(first.strip()) else None
    if is_code and not is_region:
        stem = "codering"
    name = leaf or f"column {position + 1}"
    known_unit = unit_of(unit) if is_unit(unit) else (unit_of(unit) if unit and not is_region else None)
    return column_of(name, position, None if stem else known_unit, groups, stem)


def _split_path(parts: list[str]) -> list[str]:
    """Return a path of which the last title may itself hold slashes, where such a title is known."""
    for start in range(1, len(parts) - 1):
        if title_stem("/".join(parts[start:])) in known_stems("statline"):
            return [*parts[:start], "/".join(parts[start:])]
    return parts


def _years_above(cells: list[list[str]], titles: list[str]) -> tuple[YearEvidence, ...]:
    """Return what a title of its own, or a row of periods, says about the year."""
    said = []
    for number, row in enumerate(cells):
        filled = [cell for cell in row if cell]
        if len(filled) == 1 and row is not titles and (years := years_in(filled[0])):
            said.append(YearEvidence(years, f"its title (line {number + 1})"))
        elif "perioden" in map(normalised, filled):
            periods = {year for cell in filled if (year := period_of(cell)) is not None}
            if periods:
                said.append(YearEvidence(frozenset(periods), "its row of periods"))
    return tuple(said)


def _tables_above(cells: list[list[str]]) -> tuple[tuple[str, str], ...]:
    """Return the tables that rows above the data name."""
    found = {table for row in cells for cell in row if (table := table_id_in(cell))}
    return tuple((table, "its header") for table in sorted(found))


def _without_footers(body: _Rows) -> tuple[_Rows, int]:
    """Return the rows of areas, and how many source lines follow them."""
    kept = list(body)
    footers = 0
    while len(kept) > 1 and _is_footer(kept[-1][1]):
        kept.pop()
        footers += 1
    return kept, footers


def _is_footer(row: list[str]) -> bool:
    """Return whether a row holds a source line only, or nothing."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return not filled or (len(filled) == 1 and _FOOTER.match(filled[0]) is not None)
