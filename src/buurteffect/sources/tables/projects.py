"""The project register: what was demolished and built where and when, filled in from municipal records.

The layout is this project's own; ``docs/project-register.md`` tells how to fill it in.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import MissingReason
from buurteffect.schema.projects import PROGRAMMES, PROJECT_COUNTS, PROJECTS
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.files.columns import check_columns, nearest
from buurteffect.sources.files.delimited import Records
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import label_of, read_bytes, shown
from buurteffect.sources.spreadsheets.saved_again import decode_saved, original_names, read_saved, separator_of

COLUMNS = (
    "project_id",
    "area_code",
    "code_year",
    "announce",
    "start",
    "end",
    *PROJECT_COUNTS,
    "programme",
    "source",
)
"""Columns of the register, in the order of the template; a file may have them in any order."""

MOST_DWELLINGS = 20_000
"""Most dwellings that one project can plausibly have in one area."""

LETTERS_SINCE = 2023
"""First year in which the code of a buurt or wijk holds a letter in any file at hand (Amsterdam's new division)."""

_COMMENT = "#"
_CELL_ERROR = re.compile(r"\s*#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NUM!|NULL!)")
_MEND = "mend the line in the register; docs/project-register.md tells what belongs there"
_AREAS = {
    "buurt": re.compile(r"BU[0-9]{4}[0-9A-Z]{4}"),
    "wijk": re.compile(r"WK[0-9]{4}[0-9A-Z]{2}"),
    "gemeente": re.compile(r"GM[0-9]{4}"),
    "pc4": re.compile(r"[1-9][0-9]{3}"),
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_COUNT = re.compile(r"[0-9]{1,9}")
_YEARS = (1945, 2100)
_CODE_YEARS = (1995, 2100)


@dataclass(frozen=True, eq=False)
class Register:
    """A project register, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.projects.PROJECTS`: one row is one project in one area.
    origin, sha256 : str
        The file's name, and the hash of its bytes.
    rows_count : int
        Its rows without header and comments; all of them are in the frame.
    notes : tuple of str
        What another program did to the file.
    """

    frame: pd.DataFrame
    origin: str
    sha256: str
    rows_count: int
    notes: tuple[str, ...] = ()


def read_projects(path: Path) -> Register:
    """Read a project register.

    Lines that begin with ``#`` are comments. A date is an ISO day or a year. An empty number of dwellings is not
    known (`NOT_PUBLISHED`); nil is written ``0``. A register with a header only is an empty register.

    Raises
    ------
    DataError
        If the file is missing or damaged; if a column is missing, doubled or unknown; if an identifier, code, year,
        date, count or programme is not what it has to be; if a project is announced after its start or ends
        before it; if a code cannot be of its year; if an identifier is repeated; or if a project is known to
        have no dwellings at all. It names the line and column.
    """
    data, origin = read_bytes(path), label_of(path)
    sha256 = hashlib.sha256(data).hexdigest()
    text, _ = decode_saved(data, origin)
    body, numbers = _without_comments(text, origin)
    if not numbers:
        raise DataError(origin, found="comments only", expected=f"a header: {','.join(COLUMNS)}", action=_MEND)
    if len(numbers) == 1 and body.count('"') % 2 == 0:
        named = [name.strip().strip('"') for name in body.split(separator_of(body, ","))]
        check_columns(original_names(named, COLUMNS), COLUMNS, origin)
        return Register(_empty(), origin, sha256, 0)
    saved = read_saved(body.encode(), origin, COLUMNS)
    records = saved.records
    check_columns(records.header, COLUMNS, origin)
    lines = Lines(origin, np.array(numbers, dtype=np.int64)[records.lines.numbers - 1], records.lines.ends_open)
    frame = _frame(Records(records.header, records.rows, lines))
    return Register(PROJECTS.check(frame, origin), origin, sha256, len(frame), saved.notes)


def _without_comments(text: str, origin: str) -> tuple[str, list[int]]:
    """Return the text without comments and empty lines, and the number of each line that is left."""
    kept, numbers, quoted = [], [], False
    for number, line in enumerate(io.StringIO(text, newline=""), start=1):
        comment = not quoted and line.lstrip().startswith(_COMMENT)
        if comment and _CELL_ERROR.match(line):
            raise DataError(
                origin,
                line=number,
                column="project_id",
                found=f"the mark {shown(line.split(',')[0].strip())}, which a spreadsheet writes where a formula fails",
                expected="an identifier, or a comment with a blank after its #",
                action=_MEND,
            )
        if not comment and (quoted or line.strip()):
            kept.append(line)
            numbers.append(number)
            quoted ^= line.count('"') % 2 == 1
    return "".join(kept), numbers


def _empty() -> pd.DataFrame:
    """Return the table of a register without projects."""
    kinds = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}
    return pd.DataFrame({field.name: pd.Series(dtype=kinds[field.kind]) for field in PROJECTS.fields})


def _frame(records: Records) -> pd.DataFrame:
    """Return the table of all rows, each field checked."""
    lines = records.lines
    ids = records.column("project_id")
    _refuse(
        lines, ids, _ID.fullmatch, "project_id", "letters, digits, '.', '_' and '-', starting with one of the first two"
    )
    lines.refuse_twins([(i,) for i in ids], column="project_id", expected="every identifier once", action=_MEND)
    codes, levels, code_years = _areas(records)
    frame = pd.DataFrame(
        {
            "project_id": pd.Series(ids, dtype="str"),
            "area_code": pd.Series(codes, dtype="str"),
            "level": pd.Series(levels, dtype="str"),
            "code_year": pd.Series(code_years, dtype="int64"),
        }
    )
    spans = {name: _moments(records, name, required=name == "start") for name in ("announce", "start", "end")}
    _check_order(spans, lines)
    for name, found in spans.items():
        years = pd.Series([np.nan if span is None else span.first.year for span in found], dtype="float64")
        frame[f"{name}_year"] = years.astype("int64") if name == "start" else years
        frame[f"{name}_date"] = pd.Series([span.iso if span else None for span in found], dtype="str")
    _add_counts(frame, records)
    programmes, sources = records.column("programme"), records.column("source")
    for row, name in enumerate(programmes):
        if name not in PROGRAMMES:
            near = nearest(name, PROGRAMMES) if name else None
            raise _fault(
                lines,
                row,
                "programme",
                f"the programme {shown(name)}",
                f"one of {', '.join(PROGRAMMES)}",
                f"did you mean {near!r}? {_MEND}" if near else _MEND,
            )
    _refuse(lines, sources, bool, "source", "where the figures were found: document and page, or record")
    frame["programme"] = pd.Series(programmes, dtype="str")
    frame["source"] = pd.Series(sources, dtype="str")
    return frame


@dataclass(frozen=True)
class _Span:
    """The days that a date or a year can mean."""

    first: date
    last: date

    @property
    def iso(self) -> str | None:
        """The day, if it is one."""
        return self.first.isoformat() if self.first == self.last else None


def _areas(records: Records) -> tuple[list[str], list[str], list[int]]:
    """Return the code, level and division of each row."""
    lines, codes, texts = records.lines, records.column("area_code"), records.column("code_year")
    _refuse(lines, codes, _level, "area_code", "BU and eight signs, WK and six, GM and four digits, or a PC4")
    _refuse(lines, texts, lambda text: _in_years(text, _CODE_YEARS), "code_year", "a year from 1995 on")
    years = [int(text) for text in texts]
    lines.refuse(
        [year < LETTERS_SINCE and not code[2:].isdigit() for code, year in zip(codes, years, strict=True)],
        lambda row: f"the code {shown(codes[row])} in the division of {years[row]}",
        column="area_code",
        expected=f"digits: codes hold letters from {LETTERS_SINCE} on",
        action="give the year in whose division this code is meant as code_year, or the code of that year",
    )
    return codes, [str(_level(code)) for code in codes], years


def _level(code: str) -> str | None:
    """Return the kind of area whose codes have this shape."""
    return next((level for level, pattern in _AREAS.items() if pattern.fullmatch(code)), None)


def _in_years(text: str, years: tuple[int, int]) -> bool:
    """Say whether a text is a year between two others."""
    return bool(_YEAR.fullmatch(text)) and years[0] <= int(text) <= years[1]


def _moments(records: Records, name: str, *, required: bool) -> list[_Span | None]:
    """Return the days that each row's moment can mean; None where it is empty."""
    texts = records.column(name)
    spans = [_span(text) for text in texts]
    records.lines.refuse(
        [span is None and (required or text != "") for span, text in zip(spans, texts, strict=True)],
        lambda row: f"the date {shown(texts[row])}" if texts[row] else "an empty field",
        column=name,
        expected=f"a year or a day such as 2009-03-31, from {_YEARS[0]} to {_YEARS[1]}",
        action=_MEND,
    )
    return spans


def _span(text: str) -> _Span | None:
    """Return the days that a text can mean, or None if it is neither a year nor a day."""
    if _in_years(text, _YEARS):
        return _Span(date(int(text), 1, 1), date(int(text), 12, 31))
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) and _in_years(text[:4], _YEARS):
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        return _Span(day, day)
    return None


def _check_order(spans: dict[str, list[_Span | None]], lines: Lines) -> None:
    """Refuse a project that cannot have been announced before its start, or ended after it."""
    for earlier, later, words in (
        ("announce", "start", "announced after its start"),
        ("start", "end", "that ends before its start"),
        ("announce", "end", "that ends before it was announced"),
    ):
        pairs = list(zip(spans[earlier], spans[later], strict=True))
        lines.refuse(
            [a is not None and b is not None and a.first > b.last for a, b in pairs],
            lambda row, pairs=pairs, words=words: f"a project {words}: {pairs[row][0].first} and {pairs[row][1].last}",  # type: ignore[misc]
            column=later,
            expected="announce, start and end in this order",
            action=_MEND,
        )


def _add_counts(frame: pd.DataFrame, records: Records) -> None:
    """Add the numbers of dwellings, each with its reason where it is not known."""
    counts = {}
    for name in PROJECT_COUNTS:
        texts = records.column(name)
        fits = f"a whole number of dwellings up to {MOST_DWELLINGS}, 0 for none, empty where it is not known"
        _refuse(records.lines, texts, lambda text: not text or _is_count(text), name, fits)
        values = np.array([float(text) if text else np.nan for text in texts])
        frame[f"{name}_dwellings_count"] = counts[name] = values
        frame[f"{name}_dwellings_count_missing"] = reason_column(np.isnan(values), MissingReason.NOT_PUBLISHED)
    records.lines.refuse(
        np.all(np.stack(list(counts.values())) == 0, axis=0),
        lambda _: "a project that neither demolishes nor builds a dwelling",
        expected="at least one dwelling, or an empty field where a number is not known",
        action=_MEND,
    )


def _is_count(text: str) -> bool:
    """Say whether a text is a plausible number of dwellings."""
    return bool(_COUNT.fullmatch(text)) and int(text) <= MOST_DWELLINGS


def _refuse(lines: Lines, texts: list[str], fits: Callable[[str], object], column: str, expected: str) -> None:
    """Refuse the first text that does not fit."""
    lines.refuse(
        [not fits(text) for text in texts],
        lambda row: shown(texts[row]) if texts[row] else "an empty field",
        column=column,
        expected=expected,
        action=_MEND,
    )


def _fault(lines: Lines, row: int, column: str, found: str, expected: str, action: str) -> DataError:
    """Return the error for one field."""
    return DataError(
        lines.origin, line=int(lines.numbers[row]), column=column, found=found, expected=expected, action=action
    )
