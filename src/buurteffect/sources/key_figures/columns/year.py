"""The year of a file of key figures: what its content says, checked against its name and its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS, FIRST_YEAR, LAST_YEAR
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.key_figures.columns.mapping import known_stems, mapping_rows, table_years
from buurteffect.sources.key_figures.columns.raw_table import RawColumn, RawTable, YearEvidence
from buurteffect.sources.key_figures.columns.stem import stem_of, suffix_of, title_stem

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

_PERIOD = re.compile(r"((?:19|20)[0-9]{2})(?:JJ00|-01-01(?:[T ]00:00:00)?)?")
_YEAR_BEHIND = re.compile(r"(.*[^0-9_. -])[_. -]*((?:19|20)[0-9]{2})")
_YEAR_BEFORE = re.compile(r"X?((?:19|20)[0-9]{2})[_. -]+(.+)")
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

    The key figures are of 1 January, so that programs that make dates of years write that day.

    Examples
    --------
    >>> period_of("2019JJ00"), period_of("2019-01-01"), period_of("2019KW01")
    (2019, 2019, None)
    """
    found = _PERIOD.fullmatch(text.strip())
    return int(found[1]) if found else None


def with_years_in_names(table: RawTable) -> RawTable:
    """Return a table whose names of columns hold a year (``AantalInwoners_2018``) without it, and with what it says.

    Raises
    ------
    DataError
        If the names hold several years, so that an area has all of them in one row; if without their year they are
        names of another kind of file; or if all figures have one number behind their names, which is no number of
        StatLine's then and may be a year.
    """
    known = known_stems(table.family)
    every = frozenset(row.stem for row in mapping_rows() if row.concept in CONCEPTS)
    found = {at: beside for at, column in enumerate(table.columns) if (beside := _year_beside(column, every))}
    if not found:
        _refuse_one_number(table)
        return table
    first = {year: shown(table.columns[at].name) for at, (year, _) in reversed(found.items())}
    strange = [at for at, (_, stem) in found.items() if stem not in known]
    if len(first) > 1 or strange:
        names = ", ".join(first[year] for year in sorted(first)[:3])
        raise DataError(
            table.lines.origin,
            found=f"figures of {len(first)} years side by side, in columns such as {names}"
            if len(first) > 1
            else f"the year {next(iter(first))} in the names of columns, such as {names}",
            expected="names without a year; one row per area and year, or a file for each year",
            action="make the table long (pandas.wide_to_long, tidyr's pivot_longer) with a column jaar; or keep the "
            "columns of one year, and put it into the name of the file rather than into those of its columns",
        )
    columns = tuple(
        replace(column, stem=found[at][1]) if at in found else column for at, column in enumerate(table.columns)
    )
    (year, name), *_ = first.items()
    return replace(
        table,
        columns=columns,
        said=(*table.said, YearEvidence(frozenset({year}), f"the name of its column {name}")),
    )


def _year_beside(column: RawColumn, known: frozenset[str]) -> tuple[int, str] | None:
    """Return the year behind, before or above a known name, and the stem of that name."""
    bare = column.name.strip()
    above = [
        group.removeprefix("x") for group in sorted(column.groups or ()) if _YEAR.fullmatch(group.removeprefix("x"))
    ]
    if above and column.stem in known:
        return int(above[0]), column.stem
    behind, before = _YEAR_BEHIND.fullmatch(bare), _YEAR_BEFORE.fullmatch(bare)
    parts = (behind[2], behind[1]) if behind else (before[1], before[2]) if before else None
    if parts is None or not FIRST_YEAR <= int(parts[0]) <= LAST_YEAR or title_stem(bare) in known:
        return None
    stem = next((stem for stem in (title_stem(parts[1]), stem_of(parts[1])) if stem in known), None)
    return None if stem is None else (int(parts[0]), stem)


def _refuse_one_number(table: RawTable) -> None:
    """Refuse figures with one number behind all of their names: those of StatLine differ from column to column."""
    if table.family != "statline":
        return
    figures = {row.stem for row in mapping_rows() if row.layout == table.family and row.concept in CONCEPTS}
    numbers = [suffix_of(column.name) for column in table.columns if column.stem in figures]
    behind = [number for number in numbers if number is not None]
    if len(behind) > 1 and len(set(behind)) == 1:
        names = [column.name for column in table.columns if suffix_of(column.name) == behind[0]]
        raise DataError(
            table.lines.origin,
            found=f"the number {behind[0]} behind all names, such as {shown(names[0])}, which may be a year",
            expected="the numbers that StatLine puts behind its names, each once; or names without any",
            action="take the number off, and put the year into the name of the file or into a column jaar",
        )


def decide_years(table: RawTable, names: Sequence[str]) -> tuple[tuple[int, ...], str | None, tuple[str, ...]]:
    """Return the years of a file, the id of its table if that is known, and notes for the ledger.

    The content rules. A file whose name or table says another year is refused. Where the content says nothing, the
    name or that of a folder around it decides, and a note says so. A table with a column of periods may have several
    years; its name then chooses none of them.

    `names` are the file's own name and those of the folders around it, the nearest first: the first that says anything
    counts.

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
    outside = [YearEvidence(named, f"its name {name!r}" if name != names[0] else "its name")] if named else []
    if not table.table_ids:
        outside += _table_said(table_id, ["the table in its name"])
    years = _agreed([*inside, *outside], origin, name)
    if periods and len(held := _agreed(inside, origin, name)) > 1:
        return tuple(sorted(held)), table_id, (f"years {_words(held)} from {' and '.join(s.where for s in inside)}",)
    if len(years) != 1:
        listed = f"{len(years)} possible years ({_words(years)})" if years else "nothing that tells the year"
        how = f"give it a name with the year that it is of, such as {_name_of(min(years, default=2011), names[0])}"
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


def _periods_said(table: RawTable) -> list[YearEvidence]:
    """Return the years in columns of periods; a cell that is no year is refused where the rows are chosen."""
    stems = {row.stem for row in mapping_rows() if row.concept == "year" and row.layout == table.family}
    said = []
    for position, column in enumerate(table.columns):
        if column.stem not in stems or not len(table.lines):
            continue
        texts = {str(text) for text in table.texts(position).unique().to_pylist() if text is not None}
        years = {year for text in texts if (year := period_of(text.strip().removesuffix(".0"))) is not None}
        if years:
            said.append(YearEvidence(frozenset(years), f"its column {column.name[:60]!r}"))
    return said


def _agreed(said: Iterable[YearEvidence], origin: str, name: str) -> frozenset[int]:
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


def _table_said(table_id: str | None, where: list[str]) -> list[YearEvidence]:
    """Return the years of a known table."""
    years = table_years().get(table_id or "")
    return [YearEvidence(years, f"table {table_id} ({where[0]})")] if years and where else []
