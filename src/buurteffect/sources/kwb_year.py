"""The year of a file of key figures: what its content says, checked against its name and its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from buurteffect.errors import DataError
from buurteffect.schema.kwb import FIRST_YEAR, LAST_YEAR
from buurteffect.sources.kwb_mapping import mapping_rows, table_years
from buurteffect.sources.kwb_raw import RawTable, YearSaid

_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_SPAN = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})\s*(?:-|–|t/m|tot en met)\s*((?:19|20)[0-9]{2})(?![0-9])")
_TABLE = re.compile(r"(?<![0-9])([0-9]{5}NED|37108|37515|37681)(?![A-Za-z0-9])", re.IGNORECASE)
"""Tables of the key figures; the first three (1995, 1997, 1999) have no letters behind their number."""
_VERSION = re.compile(
    r"versie[-_. ]*[0-9]+(?:[-_.][0-9]+)*"
    r"|(?<![0-9])(?:19|20)[0-9]{2}[-_]?(?:0[1-9]|1[0-2])[-_]?(?:0[1-9]|[12][0-9]|3[01])(?![0-9])",
    re.IGNORECASE,
)
"""When a file was made (``kwb-2003-versie-2011-08-16.xls``, ``x_20250605.csv``): no year of its content."""

_PERIOD = re.compile(r"((?:19|20)[0-9]{2})(?:JJ00)?")
_MEND = (
    "if the content is right, rename the file so that its name and that of its folder say the content's year and "
    "table, or none; if the name is right, put the publisher's file of that year in its place"
)


def years_in(text: str) -> frozenset[int]:
    """Return the years that a text names; a span names all of its years.

    Examples
    --------
    >>> sorted(years_in("Kerncijfers wijken en buurten 2004-2006"))
    [2004, 2005, 2006]
    >>> sorted(years_in("TheHague_2019_84583NED"))
    [2019]
    """
    spans = [range(int(a), int(b) + 1) for a, b in _SPAN.findall(text)]
    found = {year for span in spans for year in span} | {int(year) for year in _YEAR.findall(text)}
    return frozenset(year for year in found if FIRST_YEAR <= year <= LAST_YEAR)


def table_id_in(text: str) -> str | None:
    """Return the id of the StatLine table that a text names, or None.

    Examples
    --------
    >>> table_id_in("ams_2019_84583NED.csv")
    '84583NED'
    """
    found = _TABLE.search(text)
    return found[1].upper() if found else None


def period_of(text: str) -> int | None:
    """Return the year of a period such as ``2019JJ00`` or ``2019``, or None if it is none.

    Examples
    --------
    >>> period_of("2019JJ00"), period_of("2019KW01")
    (2019, None)
    """
    found = _PERIOD.fullmatch(text.strip())
    return int(found[1]) if found else None


def decide_years(
    table: RawTable, names: Sequence[str], asked: int | None = None, *, several: bool = False
) -> tuple[tuple[int, ...], str | None, tuple[str, ...]]:
    """Return the years of a file, the id of its table if that is known, and notes for the ledger.

    The content rules. A file whose name, table or caller says another year is refused. Where the content
    says nothing, the name, that of a folder around it or the caller decides, and a note says so.

    Parameters
    ----------
    table : RawTable
        The file's content.
    names : sequence of str
        The file's own name, and those of the folders around it, the nearest first: the first that says anything counts.
    asked : int, optional
        Year that the caller gives.
    several : bool
        Whether a table with a column of periods may have more than one year; the name then chooses none of them.

    Raises
    ------
    DataError
        If two of these contradict one another, or if together they do not tell the year.
    """
    origin = table.lines.origin
    name = _telling(names)
    table_id = _table_id(table, name)
    periods = _periods_said(table)
    inside = [*table.said, *periods, *_table_said(table_id, [where for _, where in table.table_ids])]
    named = _named_years(name)
    outside = [YearSaid(named, f"its name {name!r}" if name != names[0] else "its name")] if named else []
    if not table.table_ids:
        outside += _table_said(table_id, ["the table in its name"])
    if asked is not None:
        outside.append(YearSaid(frozenset({asked}), "the caller"))
    years = _agreed([*inside, *outside], origin, name)
    if several and asked is None and periods and len(held := _agreed(inside, origin, name)) > 1:
        return tuple(sorted(held)), table_id, (f"years {_words(held)} from {' and '.join(s.where for s in inside)}",)
    if len(years) != 1:
        listed = f"{len(years)} possible years ({_words(years)})" if years else "nothing that tells the year"
        how = f"give it a name with the year that it is of, such as {_name_of(min(years, default=2011), names[0])}"
        if len(years) > 1 and periods:
            how += "; or read all of its years with read_key_figures"
        raise DataError(
            origin,
            found=listed,
            expected="one year, told by the content, by the name of the file or by that of its folder",
            action=how,
        )
    certain = _agreed(inside, origin, name)
    notes = [f"year {min(years)} from {' and '.join(said.where for said in [*inside, *outside])}"]
    if len(certain) != 1:
        rests = " and ".join(said.where for said in outside)
        notes.append(f"the content itself does not name its year, which rests on {rests}")
    if table_id and table_id not in table_years():
        notes.append(f"table {table_id} is not in kwb_tables.csv")
    return (min(years),), table_id, tuple(notes)


def _telling(names: Sequence[str]) -> str:
    """Return the first name that says a year or a table; the file's own if none does."""
    return next((name for name in names if table_id_in(name) or _named_years(name)), names[0])


def _named_years(name: str) -> frozenset[int]:
    """Return the years that a name says, without the day on which the file was made."""
    return years_in(_VERSION.sub("", _TABLE.sub("", name)))


def _periods_said(table: RawTable) -> list[YearSaid]:
    """Return the years in columns of periods; a cell that is no year is refused where the rows are chosen."""
    stems = {row.stem for row in mapping_rows() if row.concept == "year" and row.layout == table.family}
    said = []
    for position, column in enumerate(table.columns):
        if column.stem not in stems or not len(table.lines):
            continue
        texts = {str(text) for text in table.texts(position).unique().to_pylist() if text is not None}
        years = {year for text in texts if (year := period_of(text.strip().removesuffix(".0"))) is not None}
        if years:
            said.append(YearSaid(frozenset(years), f"its column {column.name[:60]!r}"))
    return said


def _agreed(said: Iterable[YearSaid], origin: str, name: str) -> frozenset[int]:
    """Return the years that all agree on; empty if nothing is said."""
    said = list(said)
    years: frozenset[int] = frozenset()
    for number, one in enumerate(said):
        both = one.years if number == 0 else years & one.years
        if not both:
            before = ", ".join(dict.fromkeys(other.where for other in said[:number]))
            raise DataError(
                origin,
                found=f"{_words(years)} in {before}, but {_words(one.years)} in {one.where}",
                expected="one year in the content, the name and the table",
                action=f"if the content is right, rename it, such as to {_name_of(min(years), name)}; "
                "if not, put the publisher's file in its place",
            )
        years = both
    return years


def _name_of(year: int, name: str) -> str:
    """Return a name that says a year, with the suffix of another."""
    suffix = PurePosixPath(name).suffix
    return f"kwb_{year}{suffix if suffix[1:].isalpha() else ''}"


def _words(years: frozenset[int]) -> str:
    """Print years."""
    whole = len(years) == max(years) - min(years) + 1
    if len(years) == 1 or not whole:
        return ", ".join(map(str, sorted(years)))
    return f"{min(years)}-{max(years)}"


def _table_id(table: RawTable, name: str) -> str | None:
    """Return the id of the table, refusing a file that names two."""
    ids = {one for one, _ in table.table_ids}
    if named := table_id_in(name):
        ids.add(named)
    if len(ids) > 1:
        raise DataError(
            table.lines.origin,
            found=f"the tables {' and '.join(sorted(ids))} in its content and its name",
            expected="one table",
            action=_MEND + "; keep each table with its own metadata in a folder of its own",
        )
    return next(iter(ids), None)


def _table_said(table_id: str | None, where: list[str]) -> list[YearSaid]:
    """Return the years of a known table."""
    years = table_years().get(table_id or "")
    return [YearSaid(years, f"table {table_id} ({where[0]})")] if years and where else []
