"""Ways in which a separated file arrives spoiled, each with what has to come of it.

A mutation takes the bytes of a good file and gives those of a bad one, or of one that only looks different. What has
to follow is ``same``: the right table; ``refused``: a named error; or ``either`` of the two. Where the error can name
the place, the mutation says which line and column that is.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Expectation = Literal["same", "refused", "either"]
Table = list[list[str]]


@dataclass(frozen=True)
class Sample:
    """A good file, and what its columns are for.

    `code` is the column with the code of the area, `count` one with whole numbers, `number` one with decimals (or
    `count` again), `text` one with free text (None where there is none). `row` is the data row, from 0, that cells
    are changed in; its line is `row` + 2.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str
    code: str
    count: str
    number: str
    text: str | None
    row: int = 1

    @property
    def data(self) -> bytes:
        """The good file."""
        return written([list(self.header), *map(list, self.rows)], self.delimiter)

    @property
    def line(self) -> int:
        """Line of the row that cells are changed in."""
        return self.row + 2


@dataclass(frozen=True)
class Mutation:
    """One way to spoil a file.

    `column` names the attribute of the sample with the column that the error has to name.
    """

    name: str
    change: Callable[[bytes, Sample], bytes]
    expect: Expectation
    at_line: Callable[[Sample], int] | None = None
    column: str | None = None


def written(table: Table, delimiter: str) -> bytes:
    """Return a table as a separated file."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows(table)
    return out.getvalue().encode()


def parsed(data: bytes, delimiter: str) -> Table:
    """Return a separated file as a table."""
    return list(csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def _table(change: Callable[[Table, Sample], Table]) -> Callable[[bytes, Sample], bytes]:
    """Turn a change of a table into one of bytes."""
    return lambda data, s: written(change(parsed(data, s.delimiter), s), s.delimiter)


def _cell(which: str, new: Callable[[str], str]) -> Callable[[bytes, Sample], bytes]:
    """Change one cell of the sample's row."""

    def change(table: Table, s: Sample) -> Table:
        at = s.header.index(getattr(s, which))
        table[s.row + 1][at] = new(table[s.row + 1][at])
        return table

    return _table(change)


def _lines(change: Callable[[list[str], Sample], list[str]]) -> Callable[[bytes, Sample], bytes]:
    """Change the lines of a file."""
    return lambda data, s: "".join(change(data.decode().splitlines(keepends=True), s)).encode()


def _other(s: Sample) -> str:
    """Return a separator that is not the sample's."""
    return ";" if s.delimiter == "," else ","


def _columns(order: Callable[[int], list[int]]) -> Callable[[bytes, Sample], bytes]:
    """Put the columns in another order, some of them perhaps twice or not at all."""
    return _table(lambda table, s: [[row[i] for i in order(len(s.header))] for row in table])


def _without(which: str) -> Callable[[bytes, Sample], bytes]:
    """Leave a column out."""
    return _table(lambda t, s: [[c for i, c in enumerate(row) if s.header[i] != getattr(s, which)] for row in t])


def _glued(data: bytes, s: Sample) -> bytes:
    """Write the sample's row with another separator than the rest."""
    lines = data.decode().splitlines(keepends=True)
    lines[s.row + 1] = lines[s.row + 1].replace(s.delimiter, _other(s))
    return "".join(lines).encode()


def _all_quoted(data: bytes, s: Sample) -> bytes:
    """Quote every field."""
    out = io.StringIO()
    csv.writer(out, delimiter=s.delimiter, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(
        parsed(data, s.delimiter)
    )
    return out.getvalue().encode()


def _cut_in_row(data: bytes, s: Sample) -> bytes:
    """End the file after the first field of its last line."""
    head, _, last = data.rstrip(b"\n").rpartition(b"\n")
    return head + b"\n" + last[: last.index(s.delimiter.encode())]


def _latin_1(data: bytes, s: Sample) -> bytes:
    """Save with a letter that is one byte in latin-1."""
    which = "text" if s.text else "code"
    return _cell(which, lambda old: f"{old}é")(data, s).decode().encode("latin-1")


def _thousands(mark: str) -> Callable[[bytes, Sample], bytes]:
    """Write a whole number as 1 234 with a mark between the thousands."""
    return _cell("count", lambda _: f"1{mark}234")


def _letter(old: str) -> str:
    """Put a letter where the gemeente's digits stand in a code."""
    at = 3 if old[:2].isalpha() else 1
    return f"{old[:at]}X{old[at + 1 :]}"


def _row_line(s: Sample) -> int:
    return s.line


def _header_line(_: Sample) -> int:
    return 1


def _last_line(s: Sample) -> int:
    return len(s.rows) + 1


_FORM = [
    ("columns reversed", _columns(lambda n: list(range(n))[::-1])),
    ("columns rotated", _columns(lambda n: [*range(2, n), 0, 1])),
    ("rows reversed", _table(lambda t, _: [t[0], *t[:0:-1]])),
    ("blanks around cells", _table(lambda t, _: [[f"  {c} " for c in row] for row in t])),
    ("tabs around cells", _table(lambda t, _: [[f"\t{c}" for c in row] for row in t])),
    ("byte-order mark", lambda d, _: b"\xef\xbb\xbf" + d),
    ("CRLF", lambda d, _: d.replace(b"\n", b"\r\n")),
    ("CRLF in one line", lambda d, _: d.replace(b"\n", b"\r\n", 2)),
    ("every field quoted", _all_quoted),
    ("empty lines at the end", lambda d, _: d + b"\n\n\n"),
    ("no last line end", lambda d, _: d.rstrip(b"\n")),
    ("no-break blank in a code", _cell("code", lambda old: f"\u00a0{old}\u00a0")),
]

_WHOLE = [
    ("empty", lambda d, _: b""),
    ("blanks only", lambda d, _: b" \n\t\n \n"),
    ("byte-order mark only", lambda d, _: b"\xef\xbb\xbf"),
    ("byte-order mark twice", lambda d, _: b"\xef\xbb\xbf\xef\xbb\xbf" + d),
    ("UTF-16", lambda d, _: d.decode().encode("utf-16")),
    ("UTF-16 without a mark", lambda d, _: d.decode().encode("utf-16-le")),
    ("web page", lambda d, _: b"<!DOCTYPE html>\n<html><body>no file here</body></html>\n"),
    ("JSON", lambda d, _: b'{"value": [1, 2]}\n'),
    ("random bytes", lambda d, _: bytes((i * 37 + i // 7) % 256 for i in range(3_000))),
    ("gzip", lambda d, _: b"\x1f\x8b\x08\x00" + d),
    ("line ends lost", lambda d, _: d.replace(b"\n", b" ")),
    ("a line of a million letters", lambda d, _: d + b"x" * 1_000_000 + b"\n"),
    ("a line of a million separators", lambda d, s: d + s.delimiter.encode() * 1_000_000 + b"\n"),
]

_PLACED = [
    ("header doubled", _lines(lambda ls, _: [ls[0], *ls]), lambda s: 2, None),
    ("header again below", _lines(lambda ls, _: [*ls, ls[0]]), lambda s: len(s.rows) + 2, None),
    ("column twice", _columns(lambda n: [*range(n), n - 1]), _header_line, None),
    ("column without a name", _table(lambda t, s: [["", *t[0]], *[["x", *r] for r in t[1:]]]), _header_line, None),
    ("no column of codes", _without("code"), None, None),
    ("no column of counts", _without("count"), None, None),
    ("column too many", _table(lambda t, _: [[*row, "x"] for row in t]), _header_line, None),
    ("separator at the end of every line", _table(lambda t, _: [[*row, ""] for row in t]), _header_line, None),
    ("another separator in one line", _glued, _row_line, None),
    (
        "field too many",
        _table(lambda t, s: [[*r, "x"] if i == s.row + 1 else r for i, r in enumerate(t)]),
        _row_line,
        None,
    ),
    ("field too few", _table(lambda t, s: [r[:-1] if i == s.row + 1 else r for i, r in enumerate(t)]), _row_line, None),
    ("last line cut", _cut_in_row, _last_line, None),
    ("quote never closed", _lines(lambda ls, s: [*ls[: s.row + 1], '"' + ls[s.row + 1], *ls[s.row + 2 :]]), None, None),
    ("NUL", lambda d, _: d[:-3] + b"\0" + d[-3:], None, None),
    ("row twice", _lines(lambda ls, s: [*ls, ls[s.row + 1]]), lambda s: len(s.rows) + 2, None),
    ("NaN in a key", _cell("code", lambda _: "NaN"), _row_line, "code"),
    ("nan in a key", _cell("code", lambda _: "nan"), _row_line, "code"),
    ("None in a key", _cell("code", lambda _: "None"), _row_line, "code"),
    ("empty key", _cell("code", lambda _: ""), _row_line, "code"),
    ("letter in a code", _cell("code", _letter), _row_line, "code"),
    ("zero-width blank in a code", _cell("code", lambda old: f"\u200b{old}"), _row_line, "code"),
    ("digits of another script in a code", _cell("code", lambda old: old.replace("0", "\u0660")), _row_line, "code"),
    ("line end in a code", _cell("code", lambda old: f"{old[:3]}\n{old[3:]}"), _row_line, "code"),
    ("code with a sign too many", _cell("code", lambda old: f"{old.strip()}0"), _row_line, "code"),
    ("code cut", _cell("code", lambda old: old.strip()[:-1]), _row_line, "code"),
    ("thousands comma", _thousands(","), _row_line, "count"),
    ("thousands point twice", _cell("count", lambda _: "1.234.567"), _row_line, "count"),
    ("thousands blank", _thousands(" "), _row_line, "count"),
    ("thousands no-break blank", _thousands("\u00a0"), _row_line, "count"),
    ("thousands apostrophe", _thousands("'"), _row_line, "count"),
    ("thousands underscore", _thousands("_"), _row_line, "count"),
    ("NaN in a number", _cell("number", lambda _: "NaN"), _row_line, "number"),
    ("infinity", _cell("number", lambda _: "inf"), _row_line, "number"),
    ("number beyond all", _cell("number", lambda _: "1e999"), _row_line, "number"),
    ("400 digits", _cell("number", lambda _: "9" * 400), _row_line, "number"),
    ("hexadecimal", _cell("number", lambda _: "0x1F"), _row_line, "number"),
    ("digits of another script", _cell("number", lambda _: "\u0661\u0662"), _row_line, "number"),
    ("formula", _cell("number", lambda _: "=1+1"), _row_line, "number"),
    ("text in a number", _cell("number", lambda _: "many"), _row_line, "number"),
    ("two signs", _cell("number", lambda _: "--1"), _row_line, "number"),
]

MUTATIONS = (
    *(Mutation(name, change, "same") for name, change in _FORM),
    *(Mutation(name, change, "refused") for name, change in _WHOLE),
    *(Mutation(name, change, "refused", at, column) for name, change, at, column in _PLACED),
    Mutation("latin-1", _latin_1, "refused", _row_line),
    Mutation("empty line between rows", _lines(lambda ls, s: [*ls[: s.row + 1], "\n", *ls[s.row + 1 :]]), "refused"),
    Mutation(
        "another separator in all lines", lambda d, s: d.replace(s.delimiter.encode(), _other(s).encode()), "refused"
    ),
    Mutation("header in capitals", _table(lambda t, _: [[c.upper() for c in t[0]], *t[1:]]), "either"),
    Mutation("CR alone", lambda d, _: d.replace(b"\n", b"\r"), "either"),
    Mutation("decimal comma in one cell", _cell("number", lambda _: "1,5"), "refused", _row_line, "number"),
)
"""All mutations; a reader that is meant to take another view of one says so beside its sample."""


def unlike(mutation: Mutation, expect: Expectation | None) -> Mutation:
    """Return a mutation with another expectation, without a place if it is not to be refused."""
    if expect is None:
        return mutation
    placed = expect == "refused"
    return replace(
        mutation,
        expect=expect,
        at_line=mutation.at_line if placed else None,
        column=mutation.column if placed else None,
    )
