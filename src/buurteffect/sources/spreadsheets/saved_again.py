"""Tables that software of statistics or a spreadsheet saved again: what that did to them, undone where it is certain.

R, pandas, SPSS and spreadsheets number the rows, change titles (``make.names``), separate fields by another mark, write
NA for nothing and a comma in decimals, and drop the zeros of a code. Each of these is undone here and noted; what could
mean two things is refused.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from buurteffect.errors import DataError
from buurteffect.sources.fields.area_code import PREFIXES, WIDTHS
from buurteffect.sources.files.delimited import Records, parse_records
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import decode, shown
from buurteffect.sources.spreadsheets.gaps import whole_with_decimal, without_gaps

NOT_AVAILABLE = ("NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "None")
"""What programs write where there is nothing."""

SEPARATORS = {";": "';'", ",": "','", "\t": "tabs", "|": "'|'"}

_SAMPLE = 50_000
"""Characters at the beginning of a text in which marks of other programs are looked for."""

_BOM = b"\xef\xbb\xbf"
_ENCODINGS = {"latin-1": "latin-1", "cp1252": "Windows-1252"}
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_UNUSED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
_LATIN_LETTER = re.compile(rb"[\xc2\xc3][\xa0-\xbf]")
_LETTER = re.compile(rb"[\xc2-\xef][\x80-\xbf]|[\x80-\xbf]{2}")
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_ROW_NAMES = re.compile(
    r"|x(?:\.[0-9]+)?|1|\.{3}1|unnamed: ?[0-9]+(?:\.[0-9]+)?|unnamed\.\.[0-9]+|v1"
    r"|row[._ ]?(?:names?|numbers?|id)|rownames|rn|index|level_0|_n|obs|nr|column1|case[._ ]?(?:lbl|id)?",
    re.IGNORECASE,
)
_POINTS, _COMMAS = re.compile(r"-?[0-9]*\.[0-9]+"), re.compile(r"-?[0-9]*,[0-9]+")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}(?:[.,][0-9]{3})+")
_SCIENTIFIC = re.compile(r"[0-9]+(?:[.,][0-9]+[eE][+]?|[eE][+])[0-9]+")  # 03631E05 is the code of a buurt
KEEP_CODES = "give the file as its publisher gives it, or save the column of codes as text, with the zeros before them"
"""What to do about codes that have lost digits."""


@dataclass(frozen=True, eq=False)
class Saved:
    """A separated text as rows without row numbers, with the publisher's names, and nothing where it says NA.

    `notes` say what another program did to it; there are none for the publisher's own file.
    """

    records: Records
    notes: tuple[str, ...]


def read_saved(
    data: bytes, origin: str, known: Iterable[str] = (), *, separator: str = ",", missing: str = ""
) -> Saved:
    """Return a separated text whatever program saved it.

    Parameters
    ----------
    data : bytes
        The whole file: UTF-8, UTF-16 with its mark, or latin-1.
    origin : str
        What the file is called in errors.
    known : iterable of str
        Names that the reader knows. A name that is one of them but for its case, or for what ``make.names`` does to
        it, becomes that one; others stay.
    separator : str
        The publisher's own; another one is noted.
    missing : str
        What the publisher writes where nothing is; ``NA`` and the like become that.

    Raises
    ------
    DataError
        As `decode_saved` and `records.parse_records`.
    """
    text, notes = decode_saved(data, origin)
    names = {name.casefold() for name in known}
    mark = separator_of(text, separator)
    if _named(text, separator, names) > _named(text, mark, names):
        mark = separator  # cells may be filled up with tabs
    text, gaps = without_gaps(text, mark)
    notes = (*notes, *gaps)
    if mark != separator:
        notes = (*notes, f"its fields are separated by {SEPARATORS[mark]}")
    records = parse_records(with_row_names(text, mark), origin, mark)
    kept = row_numbers(records.header, list(zip(*records.rows, strict=True)), known)
    if kept:
        notes = (
            *notes,
            f"{'a column' if kept == 1 else f'{kept} columns'} of row numbers {'is' if kept == 1 else 'are'} left out",
        )
    header = original_names(records.header[kept:], known)
    if changed := [name for name, old in zip(header, records.header[kept:], strict=True) if name != old]:
        notes = (*notes, f"{len(changed)} of its names were changed, such as that of {shown(changed[0])}")
    gone = {name for name in NOT_AVAILABLE if name != missing}
    rows = [[missing if cell.strip() in gone else cell for cell in row[kept:]] for row in records.rows]
    if whole := whole_with_decimal(rows, missing):
        rows = [[cell.strip().removesuffix(".0") if at in whole else cell for at, cell in enumerate(r)] for r in rows]
        notes = (*notes, f"its whole numbers have a decimal, as in {shown(header[min(whole)])}")
    return Saved(replace(records, header=tuple(header), rows=rows), notes)


def _named(text: str, mark: str, names: set[str]) -> int:
    """Return how many names of a reader a mark finds in the first line."""
    cells = text.lstrip().partition("\n")[0].split(mark)
    return sum(cell.strip().strip('"').strip().casefold() in names for cell in cells)


def decode_saved(data: bytes, origin: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of a file in UTF-8, UTF-16 with its mark, latin-1 or Windows-1252, and a note if it is none.

    Raises
    ------
    DataError
        As `rawfile.decode`; a damaged UTF-8 file is not taken for another.

    Examples
    --------
    >>> decode_saved("S\u00fcd".encode("latin-1"), "x.csv")[0] == decode_saved("S\u00fcd".encode("utf-16"), "x.csv")[0]
    True
    """
    if data[:2] in _UTF16_BOMS and len(data) % 2 == 0:
        with suppress(UnicodeDecodeError):
            text = data.decode("utf-16")
            return (text if text.strip() else decode(b"", origin)), ("its text is UTF-16",)
    try:
        return decode(data, origin), ()
    except DataError:
        if (encoding := _of_one_byte(data)) is None:
            raise
    return data.decode(encoding), (f"its text is {_ENCODINGS[encoding]}, as it is no UTF-8",)


def _of_one_byte(data: bytes) -> str | None:
    """Return the encoding of a text in which each letter is a byte, latin-1 or what Windows makes of it, or None.

    Only without a byte-order mark, NUL or control characters, if it is no UTF-8, and if no bytes in it are a letter
    of UTF-8 or what is left of one: a file with such bytes is UTF-8 with a damaged byte.
    """
    if data.startswith(_BOM) or b"\0" in data:
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        if not _CONTROLS.search(data):
            return None if _LATIN_LETTER.search(data) else "latin-1"
        return None if _LETTER.search(data) or _UNUSED.search(data) else "cp1252"
    return None


def separator_of(text: str, own: str = ";") -> str:
    r"""Return what separates the fields of a text: the mark that most of its first lines hold equally often.

    Marks inside quotes do not count. A comma stands in unquoted decimals and titles too, so that of marks that do
    equally well a semicolon or a tab is the separator.

    Examples
    --------
    >>> separator_of('"a;b","c"\n1,2\n'), separator_of("a;b,c"), separator_of("a, b\n\na\tb")
    (',', ';', '\t')
    """
    # Quoted descriptions run over several lines, and hold any mark.
    sampled = re.sub(r'"[^"]*"', "", text[:_SAMPLE]).splitlines()[:60]
    best, most = own, 0
    for mark in dict.fromkeys((";", "\t", own, ",", "|")):
        counts = Counter(count for line in sampled if (count := line.count(mark)))
        lines = max(counts.values(), default=0)
        if lines > most:
            best, most = mark, lines
    return best


def row_numbers(header: Sequence[str], columns: Sequence[Sequence[str]], known: Iterable[str] = ()) -> int:
    """Return how many columns at the left number the rows; at most two, as a file that was saved twice has them.

    They have no name, or one that a program gives (``X``, ``1``, ``...1``, ``Unnamed: 0``, ``rownames``), which is none
    of the reader's own, and hold whole numbers that rise from row to row.

    Examples
    --------
    >>> row_numbers(["Unnamed: 0", "X", "code"], [["0", "1"], ["1", "2"], ["7", "9"]])
    2
    >>> row_numbers(["", "code"], [["Noord", "Zuid"], ["7", "9"]])
    0
    """
    own = {name.casefold() for name in known}
    count = 0
    while count < min(2, len(header) - 1):
        name = header[count].strip()
        if name.casefold() in own or not may_number_rows(name) or not _rising(columns[count]):
            break
        count += 1
    return count


def program_marks(separator: str, numbered: int) -> list[str]:
    """Return what in the shape of a text shows that a program saved it: its separator, columns that number its rows."""
    marks = [f"its fields, separated by {SEPARATORS[separator]}"] if separator != ";" else []
    return marks + ["row numbers at the left, which are left out"] * bool(numbered)


def saved_note(marks: Sequence[str]) -> tuple[str, ...]:
    """Return the note that a text was saved again, by what shows it; none without that."""
    return (f"it was saved again by another program, which shows in {' and '.join(marks)}",) * bool(marks)


def may_number_rows(name: str) -> bool:
    """Return whether a column of this name may hold the numbers of the rows.

    Examples
    --------
    >>> may_number_rows(""), may_number_rows("Unnamed: 0"), may_number_rows("ID")
    (True, True, False)
    """
    return _ROW_NAMES.fullmatch(name.strip()) is not None


def _rising(cells: Sequence[str]) -> bool:
    """Return whether cells are whole numbers that rise."""
    before = -1
    for cell in cells:
        text = cell.strip().removesuffix(".0")
        if not (text.isascii() and text.isdigit() and len(text) < 10) or int(text) <= before:
            return False
        before = int(text)
    return True


def with_row_names(text: str, separator: str) -> str:
    r"""Return a text whose header has an empty name for the row numbers, where R left that name out.

    Examples
    --------
    >>> with_row_names("a;b\n1;x;y\n", ";"), with_row_names("a;b\nx;y\n", ";")
    (';a;b\n1;x;y\n', 'a;b\nx;y\n')
    """
    sample = text[:_SAMPLE]
    try:
        header, *rows = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    except (ValueError, csv.Error):
        return text
    rows = rows if len(sample) == len(text) else rows[:-1]
    rows = [row for row in rows if row]
    unnumbered = len(header) > 1 and bool(rows) and all(len(row) == len(header) + 1 for row in rows)
    return f"{separator}{text}" if unnumbered and _rising([row[0] for row in rows]) else text


def make_names(title: str) -> str:
    """Return a title as R's ``make.names`` changes it.

    Examples
    --------
    >>> make_names("Wonen/Koopwoningen (%)"), make_names("0 tot 15 jaar")
    ('Wonen.Koopwoningen....', 'X0.tot.15.jaar')
    """
    bare = "".join(c if (c.isalnum() and c not in "²³") or c in "._" else "." for c in title)
    return bare if re.match(r"(?:[^\W\d_]|\.(?![0-9]))", bare) else f"X{bare}"


def original_names(header: Sequence[str], known: Iterable[str]) -> list[str]:
    """Return names as the reader knows them, where case, blanks or ``make.names`` alone differ; others stay.

    Examples
    --------
    >>> original_names(["BU_CODE", "X2.jaar", "other"], ["bu_code", "2 jaar"])
    ['bu_code', '2 jaar', 'other']
    """
    listed = list(dict.fromkeys(known))
    exact = set(listed)
    ways: dict[str, set[str]] = {}
    for name in listed:
        for way in {name.casefold(), make_names(name).casefold(), " ".join(name.split()).casefold()}:
            ways.setdefault(way, set()).add(name)
    taken = exact & {name.strip() for name in header}
    found = []
    for name in (" ".join(each.split()) for each in header):
        candidates = ways.get(name.casefold(), set()) - taken
        found.append(next(iter(candidates)) if name not in exact and len(candidates) == 1 else name)
    doubled = {name for name in found if found.count(name) > 1}
    return [old if new in doubled else new for old, new in zip(header, found, strict=True)]


def with_points(cells: Sequence[str], column: str, lines: Lines) -> list[str]:
    """Return the cells of a column of numbers with a decimal point where the file has a decimal comma.

    Raises
    ------
    DataError
        If the commas may all be marks of thousands (``1,234``), or points and commas both stand in the column.
    """
    bare = [cell.strip() for cell in cells]
    commas = [bool(_COMMAS.fullmatch(cell)) for cell in bare]
    if not any("," in cell for cell in bare):
        return bare
    certain = any(comma and not _THOUSANDS.fullmatch(cell) for cell, comma in zip(bare, commas, strict=True))
    lines.refuse(
        [
            "," in cell and bool(_THOUSANDS.fullmatch(cell)) and not (certain and comma)
            for cell, comma in zip(bare, commas, strict=True)
        ],
        lambda row: f"the number {shown(bare[row])}, which may have a mark of thousands",
        column=column[:60],
        expected="numbers without a mark of thousands",
        action="save the file again with plain numbers, or give the publisher's own file",
    )
    lines.refuse(
        [bool(_POINTS.fullmatch(cell)) for cell in bare] if any(commas) else [False] * len(bare),
        lambda row: f"{shown(bare[row])} in a column that has decimal points and decimal commas",
        column=column[:60],
        expected="one mark of decimals in a column",
        action="save the file again with one mark of decimals, or give the publisher's own file",
    )
    return [cell.replace(",", ".") if comma else cell for cell, comma in zip(bare, commas, strict=True)]


def whole_codes(cells: Sequence[str], level: str, column: str, lines: Lines) -> list[str]:
    """Return codes of areas with the prefix of their level and the zeros that a spreadsheet dropped.

    Codes that have their prefix, and other texts, stay as they are: the reader checks the shape.

    Raises
    ------
    DataError
        If a code was turned into a number in scientific notation, which has lost digits.

    Examples
    --------
    >>> import numpy as np
    >>> whole_codes(["599", "0363.0", "GM0014"], "gemeente", "code", Lines("x.csv", np.array([2, 3, 4])))
    ['GM0599', 'GM0363', 'GM0014']
    """
    prefix, width = PREFIXES[level], WIDTHS[level]
    bare = [cell.strip() for cell in cells]
    lines.refuse(
        [is_scientific(cell) for cell in bare],
        lambda row: f"the code {shown(bare[row])}, which a spreadsheet turned into a number",
        column=column[:60],
        expected=f"the code of a {level}, such as {prefix}{'0' * (width - 1)}1",
        action=KEEP_CODES,
    )
    digits = [cell[:-2] if re.fullmatch(r"[0-9]+\.0", cell) else cell for cell in bare]
    return [
        f"{prefix}{cell.zfill(width)}"
        if re.fullmatch(rf"[0-9]{{1,{width}}}|[0-9][0-9A-Z]{{{width - 1}}}", cell)
        else cell
        for cell in digits
    ]


def is_scientific(text: str) -> bool:
    """Return whether a text is a number in scientific notation, as spreadsheets turn long codes into.

    Examples
    --------
    >>> is_scientific("5,99E+07"), is_scientific("0363A01")
    (True, False)
    """
    return _SCIENTIFIC.fullmatch(text.strip()) is not None
