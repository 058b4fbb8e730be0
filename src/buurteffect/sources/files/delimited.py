"""Records of a separated text file, each with the line that it begins on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, shown

LINE_LENGTH_LIMIT = 1_000_000
"""Longest line, in characters; the longest known one, a header of paths, has about 20,000."""

_OTHER_DELIMITERS = {";": "';'", "\t": "tabs", "|": "'|'"}


@dataclass(frozen=True, eq=False)
class Records:
    """A header of stripped names, and the fields of every record as they stand in the file, quotes resolved.

    `lines` are those on which the records begin: a quoted field may hold line ends, so that they are not their numbers.
    """

    header: tuple[str, ...]
    rows: list[list[str]]
    lines: Lines

    def column(self, name: str) -> list[str]:
        """Return the stripped fields of one column."""
        index = self.header.index(name)
        return [row[index].strip() for row in self.rows]


def parse_records(text: str, origin: str, delimiter: str = ",") -> Records:
    r"""Parse separated text strictly.

    Raises
    ------
    DataError
        On another separator, a line beyond `LINE_LENGTH_LIMIT`, no rows below the header, a quote that is never
        closed, a record with too few or too many fields, or an empty line between records; each with its line.

    Examples
    --------
    >>> records = parse_records('code,name\n1,"two\nlines"\n2,one\n', "example.csv")
    >>> records.rows, records.lines.numbers.tolist()
    ([['1', 'two\nlines'], ['2', 'one']], [2, 4])
    """
    records = numbered_records(text, origin, delimiter)
    header = tuple(name.strip() for name in next(records)[1])
    _check_delimiter(header, origin, delimiter)
    found = list(_of_width(records, origin, len(header)))
    if not found:
        raise DataError(
            origin, line=1, found="only a header, no rows", expected="a header and at least one row", action=FETCH_AGAIN
        )
    lines = Lines(origin, np.array([line for line, _ in found], dtype=np.int64), not text.endswith(("\n", "\r")))
    return Records(header, [row for _, row in found], lines)


def _check_line_lengths(text: str, origin: str) -> None:
    """Refuse a line so long that its fields could fill the memory."""
    start = 0
    while len(text) - start > LINE_LENGTH_LIMIT:
        window = start, start + LINE_LENGTH_LIMIT
        end = max(text.rfind("\n", *window), text.rfind("\r", *window))
        if end < 0:
            before = text[:start].replace("\r\n", "\n").replace("\r", "\n")
            raise DataError(
                origin,
                line=before.count("\n") + 1,
                found=f"a line of more than {LINE_LENGTH_LIMIT:,} characters",
                expected="lines of a table: the longest known one has about 20,000 characters",
                action=FETCH_AGAIN,
            )
        start = end + 1


def _of_width(records: Iterator[tuple[int, list[str]]], origin: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the records below the header; empty lines at the very end hold nothing, any other odd one is refused."""
    empty: int | None = None
    for line, row in records:
        if not row:
            empty = empty or line
        elif empty is not None:
            raise _wrong_length(origin, empty, [], width, last=False)
        elif len(row) != width:
            last = all(not rest for _, rest in records)
            raise _wrong_length(origin, line, row, width, last=last)
        else:
            yield line, row


def numbered_records(text: str, origin: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line it begins on.

    Raises
    ------
    DataError
        On a line beyond `LINE_LENGTH_LIMIT`, or a quote that is never closed or stands in the wrong place.
    """
    _check_line_lengths(text, origin)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            yield line, next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            never_closed = "end of data" in str(error) or "field limit" in str(error)
            raise DataError(
                origin,
                line=line,
                found="a quoted field that begins here and is never closed: the file is truncated or damaged"
                if never_closed
                else f"a quote that stands in the wrong place (up to line {reader.line_num})",
                expected="fields whose quotes are closed, and doubled inside a quoted field",
                action=FETCH_AGAIN,
            ) from None


def _check_delimiter(header: tuple[str, ...], origin: str, delimiter: str) -> None:
    """Refuse a header that another separator would split."""
    other = next((d for d in _OTHER_DELIMITERS if d != delimiter and d in header[0]), None) if header else None
    if other and len(header) == 1:
        raise DataError(
            origin,
            line=1,
            found=f"fields separated by {_OTHER_DELIMITERS[other]}, as another program saves them",
            expected=f"fields separated by {delimiter!r}",
            action=PUBLISHED,
        )


def _wrong_length(origin: str, line: int, row: list[str], width: int, *, last: bool) -> DataError:
    """Return the error for a record that is shorter or longer than the header."""
    found = f"{len(row)} field{'s' if len(row) > 1 else ''}" if row else "an empty line"
    if last and len(row) < width:
        found += " in the last line: the file is truncated"
    elif len(row) > width:
        found += f", the last of them {shown(row[-1])}: a comma in an unquoted name, or a decimal comma"
    return DataError(
        origin,
        line=line,
        found=found,
        expected=f"{width} fields, as in the header",
        action=FETCH_AGAIN if len(row) < width else PUBLISHED,
    )
