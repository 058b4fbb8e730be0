"""Bulk CSV of StatLine: one header line of keys, ``;``, every field quoted, with types or without.

Without types, fields are padded, and nothing, ``.`` and a number differ; with types a missing number is
empty, whatever the reason. A file that software of statistics saved again is read too; that shows in its
separator, in columns of row numbers, in NA or in decimal commas. It may have the names of a yearly
spreadsheet instead of keys.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from buurteffect.errors import DataError
from buurteffect.sources.files.columns import refuse_doubled
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, shown
from buurteffect.sources.key_figures.columns.mapping import family_of, known_stems
from buurteffect.sources.key_figures.columns.raw_table import RawTable, column_of
from buurteffect.sources.key_figures.columns.stem import stem_of, suffix_of, title_stem
from buurteffect.sources.key_figures.columns.values import plain_cells
from buurteffect.sources.spreadsheets.saved_again import (
    NOT_AVAILABLE,
    may_number_rows,
    program_marks,
    row_numbers,
    saved_note,
    separator_of,
    with_row_names,
)

LINE_BYTES_LIMIT = 1_000_000
"""Longest line that is read; one of 130 columns has about 1,500 bytes."""

_ENOUGH_KEYS = 3
_REGIONS = {"WijkenEnBuurten", "RegioS"}
_SHEETS = ("workbook_lower", "workbook_upper")
_FAMILIES = (*_SHEETS, "statline")
_DECIMAL_COMMA = re.compile(r"""[;,\t|\n]"?\s*-?[0-9]*,[0-9]+\s*"?[;\t|\n]""")
_NOT_AVAILABLE = re.compile(rf"""[;,\t|]"?(?:{"|".join(map(re.escape, NOT_AVAILABLE))})"?[;,\t|\n]""")
_SAMPLE = 200_000
"""Characters at the beginning and at the end in which the marks of another program are looked for."""
_NO_TABLE = "a CSV of key figures: a header line and rows, separated by ';'"


@dataclass(frozen=True, eq=False)
class _Fields:
    """A CSV's names, columns of text and lines; whether another program saved it, and what shows that."""

    header: list[str]
    column: Callable[[int], pa.Array]
    lines: Lines
    again: tuple[str, ...] = ()


def is_bulk(first_line: str) -> bool:
    """Return whether a first line is the header of a bulk CSV.

    It is if it holds the key of the area, three keys with a suffix, or three names of a yearly spreadsheet.

    Examples
    --------
    >>> is_bulk('"ID";"WijkenEnBuurten";"Gemeentenaam_1";"SoortRegio_2";"Codering_3"')
    True
    >>> is_bulk("gwb_code;regio;recs;a_inw")
    True
    >>> is_bulk("Kerncijfers wijken en buurten 2014;;;")
    False
    """
    cells = [cell.strip('" \r\n') for cell in re.split(r"[;,\t|]", first_line)]
    keys = bool(_REGIONS & set(cells)) or sum(suffix_of(cell) is not None for cell in cells) >= _ENOUGH_KEYS
    return keys or family_of(cells, _SHEETS) is not None


def read_bulk(text: str, origin: str) -> RawTable:
    """Return the columns of a bulk CSV.

    Raises
    ------
    DataError
        As `split_columns`; if a nameless first column holds no row numbers; or, in a file that was saved
        again, if a number may have a thousands separator.
    """
    known = frozenset[str]().union(*(known_stems(family) for family in _FAMILIES))
    fields = _split(text, origin, separator_of(text[:LINE_BYTES_LIMIT].split("\n", 1)[0]), known)
    names, lines = fields.header, fields.lines
    family = family_of(names, _FAMILIES) or "statline"
    sheet = family != "statline"
    own = sheet or bool(fields.again)

    def texts(position: int) -> pa.Array:
        return plain_cells(fields.column(position), names[position], lines) if own else fields.column(position)

    notes = (*saved_note(fields.again), *(("its names are those of a yearly spreadsheet",) if sheet else ()))
    return RawTable(
        layout="bulk",
        family=family,
        columns=tuple(
            column_of(name, at, None, None, title_stem(name) if sheet else None) for at, name in enumerate(names)
        ),
        lines=lines,
        texts=texts,
        decimal="either" if own else "point",
        notes=notes,
    )


def split_columns(text: str, origin: str) -> tuple[list[str], list[pa.Array], Lines]:
    """Return the header, the columns of text, and the lines of a CSV, whatever separates its fields.

    Raises
    ------
    DataError
        If a line is too long, a quote is not closed on its line, a record has too few or too many fields, a
        line is empty, or a column has no name or stands twice.
    """
    fields = _split(text, origin, separator_of(text[:LINE_BYTES_LIMIT].split("\n", 1)[0]))
    return fields.header, [fields.column(position) for position in range(len(fields.header))], fields.lines


def _split(text: str, origin: str, separator: str, known: Container[str] = ()) -> _Fields:
    """Return the header, the columns of text and the lines of a CSV.

    If some stems are known, columns of others are made text only when one of them is asked for.
    """
    text = with_row_names(text, separator)
    body = text.rstrip("\r\n")
    ends_open = len(body) == len(text)
    data = body.replace("\r\n", "\n").replace("\r", "\n").encode() if "\r" in body else body.encode()
    ends = _line_ends(data, origin)
    if ends_open and data.endswith(separator.encode()):
        found = f"the end of the file behind a {separator!r}, without a line end: it was cut off there"
        raise _bad_line(origin, len(ends), found, _NO_TABLE)
    _check_quotes(data, ends, origin)
    first = data[: int(ends[0])].decode()
    header = _header(first, origin, separator)
    lines = Lines(origin, np.arange(2, len(ends) + 1, dtype=np.int64), ends_open)
    if not len(lines):
        raise DataError(
            origin, line=1, found="only a header, no rows", expected="a header and at least one row", action=FETCH_AGAIN
        )
    rest = pa.py_buffer(data).slice(int(ends[0]) + 1)
    likely = [at for at, name in enumerate(header) if at < 2 or stem_of(name) in known or title_stem(name) in known]
    columns = _arrow_columns(rest, len(header), lines, separator, likely if known else range(len(header)))

    def column(position: int) -> pa.Array:
        if position + kept not in columns:
            columns.update(_arrow_columns(rest, width, lines, separator, range(width)))
        return columns[position + kept]

    width = len(header)
    kept = 0
    if may_number_rows(header[0]):
        kept = row_numbers(header, [columns[at].to_pylist() for at in range(min(width, 2))])
    header, again = header[kept:], program_marks(separator, kept)
    if not header[0]:
        refuse_doubled(header, origin)
    sample = f"{body[:_SAMPLE]}\n{body[-_SAMPLE:]}"
    if any(word in sample for word in NOT_AVAILABLE) and _NOT_AVAILABLE.search(sample):
        again.append("NA for what is not there")
    if separator != "," and "," in sample and _DECIMAL_COMMA.search(sample):
        again.append("decimal commas")
    return _Fields(header, column, lines, tuple(again))


def _header(first: str, origin: str, separator: str) -> list[str]:
    """Return the names in the header line, each of them once; the first may be empty over row numbers."""
    if separator not in first:
        raise _bad_line(origin, 1, f"one field, {shown(first)}", _NO_TABLE)
    try:
        header = [name.strip() for name in next(csv.reader([first], delimiter=separator, strict=True))]
    except csv.Error:
        raise _bad_line(origin, 1, "a quote in the wrong place", _NO_TABLE) from None
    refuse_doubled(header, origin, unnamed=(0,))
    return header


def _line_ends(data: bytes, origin: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return where each line ends; refuse a line that is empty or too long."""
    ends = np.append(np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == ord("\n")), len(data)).astype(np.int64)
    lengths = np.diff(ends, prepend=-1) - 1
    if not lengths.all():
        raise _bad_line(origin, int(lengths.argmin()) + 1, "an empty line", "a record on every line")
    if lengths.max() > LINE_BYTES_LIMIT:
        line = int((lengths > LINE_BYTES_LIMIT).argmax())
        raise _bad_line(
            origin, line + 1, f"a line of {int(lengths[line]):,} bytes", f"at most {LINE_BYTES_LIMIT:,} bytes in a line"
        )
    return ends


def _check_quotes(data: bytes, ends: np.ndarray[tuple[int], np.dtype[np.int64]], origin: str) -> None:
    """Refuse a line with a quote that is not closed on it."""
    quotes = (np.frombuffer(data, dtype=np.uint8) == ord('"')).view(np.uint8)
    odd = np.bitwise_xor.reduceat(quotes, np.append(0, ends[:-1] + 1))
    if odd.any():
        raise _bad_line(
            origin,
            int(odd.argmax()) + 1,
            "a quoted field that is not closed on its line: the file is truncated or damaged",
            "fields whose quotes are closed",
        )


def _arrow_columns(
    data: pa.Buffer, width: int, lines: Lines, separator: str, wanted: Sequence[int]
) -> dict[int, pa.Array]:
    """Return some columns as text, by their position; every record must have all fields."""
    names = [str(position) for position in range(width)]
    bad: list[tuple[int, int]] = []

    def skip(row: arrow_csv.InvalidRow) -> str:
        bad.append((row.number or 0, row.actual_columns))
        return "skip"

    table = arrow_csv.read_csv(
        pa.BufferReader(data),
        read_options=arrow_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=max(data.size + 1, 1 << 16)
        ),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, quote_char='"', double_quote=True, ignore_empty_lines=False, invalid_row_handler=skip
        ),
        convert_options=arrow_csv.ConvertOptions(
            include_columns=[names[position] for position in wanted],
            column_types=dict.fromkeys(names, pa.string()),
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    if bad or table.num_rows != len(lines):
        number, actual = bad[0] if bad else (1, 0)
        last = number == len(lines)
        found = f"{actual} field{'s' if actual > 1 else ''}" if actual > 1 else "an empty line, or one field"
        cut = " in the last line: the file is truncated" if last and actual < width else ""
        raise DataError(
            lines.origin,
            line=int(lines.numbers[max(number - 1, 0)]),
            found=f"{found}{cut}; this is the first of {len(bad)} such lines" if len(bad) > 1 else found + cut,
            expected=f"{width} fields separated by {separator!r}, as in the header",
            action=FETCH_AGAIN if actual < width else PUBLISHED,
        )
    columns = zip(wanted, table.columns, strict=True)
    return {position: each.chunk(0) if each.num_chunks == 1 else each.combine_chunks() for position, each in columns}


def _bad_line(origin: str, line: int, found: str, expected: str) -> DataError:
    """Return the error for a line that cannot be read."""
    return DataError(origin, line=line, found=found, expected=expected, action=FETCH_AGAIN)
