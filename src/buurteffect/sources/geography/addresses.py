"""CBS files of postcode and house number: the buurt, wijk and gemeente of every address in one year.

The files have millions of rows. Every column is read as a dictionary, so that only distinct texts are checked
one by one, and rows are handled as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from buurteffect.errors import DataError
from buurteffect.sources.fields.area_code import WIDTHS
from buurteffect.sources.files.columns import nearest
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, SourceFile, label_of, read_bytes, read_head, shown
from buurteffect.sources.files.zip_archive import list_members, read_member
from buurteffect.sources.spreadsheets.saved_again import row_numbers

LINE_BYTES_LIMIT = 1 << 23
"""Longest line, and the size of the pieces that a file is parsed in; a true line has about 40 bytes."""

_BOM = b"\xef\xbb\xbf"
_YEAR = r"((?:19|20)[0-9]{2})"
_KINDS = {
    "pc6": re.compile("pc6|postcode"),
    "number": re.compile("huisnummer|huisnr"),
    "buurt": re.compile(f"buurt{_YEAR}|gwb_?code_?{_YEAR}_?8?|gwb{_YEAR}_?code_?8?|buurtcode_?{_YEAR}?"),
    "wijk": re.compile(f"wijk{_YEAR}|wijkcode_?{_YEAR}?"),
    "gemeente": re.compile(f"gem(?:eente)?{_YEAR}|gem(?:eente)?code_?{_YEAR}?"),
}
_PREFIX = re.compile(r"(?:BU|WK|GM)(?=[0-9])")
_HEAD_BYTES = 1 << 16
_NAMED_YEAR = re.compile(f"pc6_?h(?:uis)?nr{_YEAR}", re.IGNORECASE)
_TRUNCATED = re.compile(r"Row #([0-9]+)")
_QUOTED_ROW = re.compile(r"(?<=got [0-9]):.*|(?<=got [0-9][0-9]):.*|\s*\n.*", re.DOTALL)
_EXPECTED = "PC6, Huisnummer, Buurt{yyyy}, Wijk{yyyy}, Gemeente{yyyy}, or pc6, huisnummer, gwb_code{yyyy}8, …"
_RATHER_LIKE = ("pc6", "number", "buurt")


@dataclass(frozen=True, eq=False)
class AddressFile(SourceFile):
    """The addresses of one year.

    Attributes
    ----------
    year : int
        Year of the codes, as the header says it; the name of a file without one in its header.
    frame : DataFrame
        One row per row of the file: ``pc6`` (category), ``house_number`` (int32), ``buurt_code`` (category, with
        BU). Its first four and six digits are those of gemeente and wijk, which has been checked.
    """

    year: int
    frame: pd.DataFrame


def read_addresses(path: Path, *, year: int | None = None) -> AddressFile:
    """Read the areas of all addresses of a year.

    Parameters
    ----------
    path : Path
        The CSV file, or the zip that holds it as the only CSV or the only one called ``pc6hnr…``. Fields are separated
        by a comma or a semicolon; columns may stand in any order and in either case. Codes may be numbers without
        their leading zeros.
    year : int, optional
        Year that the file should hold.

    Raises
    ------
    DataError
        With line and column, if the columns, a postcode, a number or a code are not what they should be, a
        buurt lies outside its wijk or gemeente, or the years of name, header and caller differ.
    """
    data, origin, own_name = _bytes_of(path)
    if data.endswith((b"\n\n", b"\n\r\n")):
        data = data.rstrip() + b"\n"  # empty lines at the very end hold nothing
    header, delimiter = _header(data, origin)
    numbered = _row_numbers(data, origin, header, delimiter)
    columns = _columns(header[numbered:], origin)
    found = _year_of(columns, origin, own_name, year)
    table = _parse(data, origin, header, delimiter)
    texts = {kind: table.column(header.index(name)) for kind, name in columns.items()}
    coded = {kind: _Coded.of(column, origin, columns[kind]) for kind, column in texts.items()}
    pc6 = coded["pc6"].map(
        lambda text: text.replace(" ", "").upper(), r"[1-9][0-9]{3}[A-Z]{2}", "four digits and two letters"
    )
    number = coded["number"].map(str, r"0*[1-9][0-9]{0,5}", "a whole number of 1 or more")
    buurt = coded["buurt"].map(lambda text: _padded(text, 8), r"[0-9]{4}[0-9A-Z]{4}", "a code of 8 characters")
    for kind in ("wijk", "gemeente"):
        _check_inside(buurt, coded[kind], kind)
    frame = pd.DataFrame(
        {
            "pc6": pc6.categorical(""),
            "house_number": np.array([int(text) for text in number.texts], dtype=np.int32)[number.codes],
            "buurt_code": buurt.categorical("BU"),
        }
    )
    return AddressFile(origin, len(data), sha256(data).hexdigest(), found, frame)


def year_of_addresses(path: Path) -> int | None:
    """Return the year of the codes in a file of addresses, from its header and name; None where it is no such file.

    Raises
    ------
    DataError
        If a zip cannot be read, or years disagree.
    """
    member = None
    if path.suffix.lower() == ".zip":
        tables = _tables_in(path)
        if len(tables) != 1 and not any(_NAMED_YEAR.search(name.rpartition("/")[2]) for name in tables):
            return None
        member = _only(tables, path)
        head = read_member(path, member, _HEAD_BYTES)
    else:
        head = read_head(path, _HEAD_BYTES)
    names, _ = _split(head.removeprefix(_BOM).partition(b"\n")[0])
    columns = {kind: name for name in names if (kind := _kind(name))}
    if any(kind not in columns for kind in _RATHER_LIKE):
        return None
    return _year_of(columns, label_of(path, member), member or path.name, None)


@dataclass(frozen=True, eq=False)
class _Coded:
    """A column as distinct texts and the position of every row's text among them."""

    origin: str
    column: str
    texts: list[str]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, column: pa.ChunkedArray, origin: str, name: str) -> _Coded:
        """Take a column as parsed."""
        whole = column.unify_dictionaries().combine_chunks()
        array = whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole
        return cls(origin, name, [t.strip() for t in array.dictionary.to_pylist()], array.indices.to_numpy())

    def refuse(self, bad: list[bool], expected: str) -> None:
        """Refuse the column if any distinct text is bad, with the first line that has one."""
        if any(bad):
            rows = np.flatnonzero(np.array(bad)[self.codes])
            raise DataError(
                self.origin,
                line=int(rows[0]) + 2,
                column=self.column,
                found=f"{shown(self.texts[self.codes[rows[0]]])}; this is the first of {len(rows):,} such rows",
                expected=expected,
                action=PUBLISHED,
            )

    def map(self, change: Callable[[str], str], pattern: str, expected: str) -> _Coded:
        """Return the column with its texts changed, all of which have the pattern."""
        texts = [change(text) for text in self.texts]
        self.refuse([not re.fullmatch(pattern, text) for text in texts], expected)
        return _Coded(self.origin, self.column, texts, self.codes)

    def categorical(self, prefix: str) -> pd.Categorical:
        """Return the column as categories, sorted; texts that became equal are one category."""
        categories, position = np.unique(np.array([prefix + text for text in self.texts]), return_inverse=True)
        return pd.Categorical.from_codes(position[self.codes], categories=pd.Index(categories, dtype="str"))


def _bytes_of(path: Path) -> tuple[bytes, str, str]:
    """Return the bytes of the CSV, what it is called in errors, and its own name."""
    if path.suffix.lower() != ".zip":
        return read_bytes(path), label_of(path), path.name
    chosen = _only(_tables_in(path), path)
    return read_member(path, chosen), label_of(path, chosen), chosen


def _only(tables: list[str], path: Path) -> str:
    """Return the only table of a zip."""
    if len(tables) != 1:
        raise DataError(
            label_of(path),
            found=f"{len(tables)} CSV files that can be meant: {shown(', '.join(tables), 120)}",
            expected="one file with postcodes and house numbers",
            action="unpack it, and put the CSV with postcodes and house numbers in its place",
        )
    return tables[0]


def _tables_in(path: Path) -> list[str]:
    """Return the members of a zip that can be meant: the only CSV, or those called ``pc6hnr…``."""
    tables = [name for name in list_members(path) if name.lower().endswith(".csv")]
    return tables if len(tables) == 1 else [n for n in tables if _NAMED_YEAR.search(n.rpartition("/")[2])] or tables


def _header(data: bytes, origin: str) -> tuple[list[str], str]:
    """Return the column names and the separator."""
    head, end, _ = data[:LINE_BYTES_LIMIT].removeprefix(_BOM).partition(b"\n")
    if not end or len(data) <= len(head) + len(end) + len(_BOM):
        raise DataError(
            origin,
            line=1,
            found="a first line without an end" if len(data) > LINE_BYTES_LIMIT else "no rows below a first line",
            expected=f"a header and rows: {_EXPECTED}",
            action=FETCH_AGAIN,
        )
    if head.count(b'"') % 2:
        raise DataError(
            origin, line=1, found="a quote that is never closed", expected=f"a header: {_EXPECTED}", action=FETCH_AGAIN
        )
    return _split(head)


def _split(head: bytes) -> tuple[list[str], str]:
    """Return the names in a first line, split at what gives the most names that are known."""
    text = head.decode("utf-8", errors="replace").strip("\r")
    split = {d: [name.strip().strip('"').strip() for name in text.split(d)] for d in ",;\t"}
    delimiter = max(split, key=lambda d: (sum(_kind(name) is not None for name in split[d]), len(split[d])))
    return split[delimiter], delimiter


def _row_numbers(data: bytes, origin: str, header: list[str], delimiter: str) -> int:
    """Return how many columns at the left hold row numbers that another program put there."""
    if len(header) <= len(_KINDS) or _kind(header[0]) is not None:
        return 0
    start = data[:_HEAD_BYTES].rpartition(b"\n")[0] + b"\n"
    rows = _parse(start, origin, header, delimiter)
    known = [name for name in header if _kind(name)]
    return row_numbers(header, [rows.column(at).to_pylist() for at in range(2)], known)


def _kind(name: str) -> str | None:
    """Return what a column of this name holds, or None."""
    return next((kind for kind, shape in _KINDS.items() if shape.fullmatch(name.casefold())), None)


def _columns(header: list[str], origin: str) -> dict[str, str]:
    """Return the name of the column of every kind; each stands there once, and no other."""
    columns: dict[str, str] = {}
    for name in header:
        kind = _kind(name)
        if kind is None or kind in columns:
            near = nearest(name, ["PC6", "Huisnummer", "Buurt2020", "Wijk2020", "Gemeente2020"])
            raise DataError(
                origin,
                line=1,
                column=name[:60],
                found=f"a second column with the {kind}" if kind else "a column that is not known",
                expected=_EXPECTED,
                action=(f"did you mean {near!r}? " if near and not kind else "") + PUBLISHED,
            )
        columns[kind] = name
    missing = [kind for kind in _KINDS if kind not in columns]
    if missing:
        raise DataError(origin, line=1, found=f"no column with the {missing[0]}", expected=_EXPECTED, action=PUBLISHED)
    return columns


def _year_of(columns: dict[str, str], origin: str, own_name: str, year: int | None) -> int:
    """Return the year of the codes; header, the file's own name and the caller must agree.

    The name of a zip is not asked: the publisher's zips of 2021 and 2022 bear the date of the year before.
    """
    shaped = {name: _KINDS[kind].fullmatch(name.casefold()) for kind, name in columns.items()}
    said = {f"column {name}": int(y) for name, match in shaped.items() if match for y in match.groups() if y}
    named = _NAMED_YEAR.search(own_name.rpartition("/")[2])
    said |= {"the name": int(named[1])} if named else {}
    said |= {"the caller": year} if year is not None else {}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    raise DataError(
        origin,
        line=1,
        found="different years: " + ", ".join(f"{who} says {y}" for who, y in said.items()) if said else "no year",
        expected="one year in the header and in the name",
        action="find out which year the codes are of, and keep the publisher's own file of that year"
        if said
        else "give the file the publisher's name, pc6hnr and the date, such as pc6hnr20200801_gwb.csv",
    )


def _parse(data: bytes, origin: str, header: list[str], delimiter: str) -> pa.Table:
    """Parse the rows; every column becomes a dictionary of texts."""
    try:
        return _parse_rows(data, len(header), delimiter, threads=True)
    except pa.ArrowInvalid:
        pass  # only a single thread knows the line
    try:
        return _parse_rows(data, len(header), delimiter, threads=False)
    except pa.ArrowInvalid as error:
        row = _TRUNCATED.search(str(error))
        what = _QUOTED_ROW.sub("", re.sub(r"Row #[0-9]+: ", "", str(error)))  # no address in an error
        raise DataError(
            origin,
            line=int(row[1]) if row else None,
            found=f"a line that cannot be read: {shown(what, 120)}",
            expected=f"{len(header)} fields in every line, in UTF-8, none longer than {LINE_BYTES_LIMIT:,} bytes",
            action=FETCH_AGAIN,
        ) from None


def _parse_rows(data: bytes, width: int, delimiter: str, *, threads: bool) -> pa.Table:
    """Parse the rows below the header."""
    names = [str(position) for position in range(width)]  # names in the file may hold anything
    return csv.read_csv(
        pa.BufferReader(data),
        read_options=csv.ReadOptions(use_threads=threads, block_size=LINE_BYTES_LIMIT, column_names=names, skip_rows=1),
        parse_options=csv.ParseOptions(delimiter=delimiter, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(
            column_types={name: pa.dictionary(pa.int32(), pa.string()) for name in names},
            strings_can_be_null=False,
        ),
    )


def _padded(text: str, width: int) -> str:
    """Give a code that is a number its leading zeros back; one with letters has all of its characters."""
    bare = _PREFIX.sub("", text.upper()).removesuffix(".0")
    return bare.zfill(width) if bare.isdigit() else bare


def _check_inside(buurt: _Coded, outer: _Coded, kind: str) -> None:
    """Check that every buurt lies in the wijk or gemeente that its code names."""
    width = WIDTHS[kind]
    padded = outer.map(
        lambda text: _padded(text, width), f"[0-9]{{4}}[0-9A-Z]{{{width - 4}}}", f"a code of {width} characters"
    )
    names = {text: position for position, text in enumerate(sorted(set(padded.texts)))}
    of_outer = np.array([names[text] for text in padded.texts])[padded.codes]
    of_buurt = np.array([names.get(text[:width], -1) for text in buurt.texts])[buurt.codes]
    rows = np.flatnonzero(of_outer != of_buurt)
    if len(rows):
        here = buurt.texts[buurt.codes[rows[0]]], padded.texts[padded.codes[rows[0]]]
        raise DataError(
            buurt.origin,
            line=int(rows[0]) + 2,
            column=outer.column,
            found=f"buurt {here[0]} in {kind} {here[1]}; this is the first of {len(rows):,} such rows",
            expected=f"a {kind} whose code begins that of the buurt",
            action=FETCH_AGAIN,
        )
