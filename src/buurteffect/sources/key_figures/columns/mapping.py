"""The table that says which column of which layout and year is which concept, and how it is found.

``kwb_columns.csv`` holds one row per concept, layout and range of years. Its columns are the name (key or
title without its numeric suffix), the group above it and its place among columns of the same name where the
name repeats, the unit, the factor (and for a percentage that becomes a count, what it is a percentage of),
the threshold below which nothing is published, and the year from which values are not comparable with
before. The last column says how well a row is founded: V checked in a file or in the publisher's codebook,
S seen in other software, M from memory and unconfirmed. A new year needs rows, not code.
The synthetic country prints by a list of its own, on purpose: that the two meet is what a round trip shows.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS, FIRST_YEAR, LAST_YEAR
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.key_figures.columns.raw_table import RawColumn
from buurteffect.sources.key_figures.columns.slips import rows_for_unit, with_known_plurals
from buurteffect.sources.key_figures.columns.stem import normalised, singular, stem_of, title_stem

KEYS = ("area_code", "area_name", "level", "gemeente_name", "boundary_flag", "year")
"""Roles of columns that name the area, its kind and its year; all other rows of the mapping are concepts."""

CONTRARY_STEMS = 3
"""Columns known not to exist in a year that make a file of that year unbelievable. One or two may be a year
that the mapping does not know well; three are another year's file."""

_ADD_ROWS = (
    "use the publisher's own file if another program saved this one; if the publisher changed the table, take the "
    "column out of a copy (its figures are then missing), and report it to this project, whose kwb_columns.csv lists "
    "the columns"
)


class _UntoldUnitError(DataError):
    """A column that could be in one of several units. A spreadsheet has no metadata that would tell which."""


class _StrangeUnitError(DataError):
    """A column whose unit is none that the mapping knows for it. Money is refused, others are left unread."""


@dataclass(frozen=True)
class MappingRow:
    """One row of ``kwb_columns.csv``; see the module's text."""

    concept: str
    layout: str
    from_year: int
    to_year: int
    column: str
    stem: str
    group: str
    place: int | None
    places: int | None
    unit: str
    factor: float
    of: str
    threshold: float | None
    threshold_of: str
    threshold_note: str
    break_from: int | None
    note: str
    source: str

    @property
    def reading(self) -> tuple[str, float, str]:
        """What decides the number that comes out: unit, factor, and what it is a percentage of."""
        return self.unit, self.factor, self.of

    def holds_in(self, year: int) -> bool:
        """Return whether the row is meant for a year."""
        return self.from_year <= year <= self.to_year


@dataclass(frozen=True)
class Match:
    """A column of a file, by its position, and the row of the mapping that says how to read it."""

    position: int
    row: MappingRow


@dataclass(frozen=True)
class Resolved:
    """All columns of a file sorted out.

    Parameters
    ----------
    concepts : dict of str to Match
        Concepts that the file has.
    keys : dict of str to tuple of int
        Positions of the columns of each role, the one to trust first.
    unmapped : tuple of int
        Positions of all other columns.
    unread : tuple of str
        Concepts whose column does not tell its unit, where nothing else does either.
    notes : tuple of str
        For the ledger.
    """

    concepts: dict[str, Match]
    keys: dict[str, tuple[int, ...]]
    unmapped: tuple[int, ...]
    unread: tuple[str, ...]
    notes: tuple[str, ...]


@cache
def mapping_rows() -> tuple[MappingRow, ...]:
    """Return all rows of ``kwb_columns.csv``."""
    text = files("buurteffect.sources.key_figures.columns").joinpath("kwb_columns.csv").read_text(encoding="utf-8")
    return tuple(_row(record) for record in csv.DictReader(text.splitlines()))


ENOUGH_NAMES = 3
"""Known names that make a row of names the header of a family."""


@cache
def known_stems(family: str) -> frozenset[str]:
    """Return the stems of all columns that a family of the mapping knows."""
    return frozenset(row.stem for row in mapping_rows() if row.layout == family)


def family_of(names: Iterable[str], families: Iterable[str]) -> str | None:
    """Return the family that knows most of some names, the first of several; None if none knows three.

    Examples
    --------
    >>> family_of(["gwb_code_10", "regio", "a_inw", "p_hh_110"], ("workbook_lower", "statline"))
    'workbook_lower'
    """
    listed = list(names)
    counts = {
        family: len({(stem_of if family == "statline" else title_stem)(name) for name in listed} & known_stems(family))
        for family in families
    }
    best = max(counts, key=lambda family: counts[family])
    return best if counts[best] >= ENOUGH_NAMES else None


@cache
def table_years() -> dict[str, frozenset[int]]:
    """Return the years of each known table of StatLine, from ``kwb_tables.csv``."""
    text = files("buurteffect.sources.key_figures.columns").joinpath("kwb_tables.csv").read_text(encoding="utf-8")
    return {
        record["table_id"].upper(): frozenset(range(int(record["from_year"]), int(record["to_year"]) + 1))
        for record in csv.DictReader(text.splitlines())
    }


@cache
def expected_columns(family: str, year: int) -> dict[str, str]:
    """Return the concepts that the publisher gives in a layout and year, with the column of each.

    Rows that are unconfirmed (M) let a column be read and do not say that there must be one.

    Examples
    --------
    >>> expected_columns("workbook_upper", 2007)["woz_value_eur"], expected_columns("workbook_upper", 2001)
    ('WOZ', {})
    """
    found: dict[str, str] = {}
    for row in mapping_rows():
        if row.layout == family and row.concept in CONCEPTS and row.source != "M" and row.holds_in(year):
            found.setdefault(row.concept, row.column)
    return found


def breaks() -> pd.DataFrame:
    """Return the breaks of series: one row is one concept and the first year of a new series.

    Columns are `concept`, `break_from`, `note` and `source`. Values of `break_from` and later must not be
    compared with values before it.

    Examples
    --------
    >>> table = breaks()
    >>> table.loc[table["concept"] == "owner_occupied_share", "break_from"].tolist()
    [2005, 2009]
    """
    found = {(row.concept, row.break_from): row for row in reversed(mapping_rows()) if row.break_from is not None}
    return pd.DataFrame(
        sorted((concept, year, row.note, row.source) for (concept, year), row in found.items()),
        columns=["concept", "break_from", "note", "source"],
    )


def resolve(columns: tuple[RawColumn, ...], family: str, year: int, origin: str) -> Resolved:
    """Find the concepts among a file's columns by stem, unit and group, never by a numeric suffix.

    Raises
    ------
    DataError
        If two columns could be one concept and neither unit, group nor their order tells them apart; if a
        column has a unit that the mapping does not know for it; or if too many columns belong to other years.
    """
    rows = [row for row in mapping_rows() if row.layout == family]
    columns, notes = with_known_plurals(columns, rows, year)
    _check_year(columns, rows, year, origin)
    concepts: dict[str, Match] = {}
    unread: list[str] = []
    for concept in CONCEPTS:
        try:
            match = _find(columns, [row for row in rows if row.concept == concept], year, origin)
        except (_UntoldUnitError, _StrangeUnitError) as error:
            money = isinstance(error, _StrangeUnitError) and concept.endswith("_eur")
            if money or (isinstance(error, _UntoldUnitError) and family == "statline"):
                raise
            unread.append(concept)
            notes.append(f"column {shown(error.column)} is not read as {concept}: {error.found}")
            continue
        if match is None:
            continue
        concepts[concept] = match
        name, unit = shown(columns[match.position].name), columns[match.position].unit
        if not match.row.holds_in(year):
            notes.append(f"column {name} is read as {concept} in {year}, outside the years of its row in the mapping")
        if unit not in (None, "", match.row.unit):
            notes.append(f"column {name} is read as {concept}: its unit is printed as {shown(unit)}, a slip")
    keys = {role: _key_positions(columns, [row for row in rows if row.concept == role]) for role in KEYS}
    used = {match.position for match in concepts.values()} | {p for found in keys.values() for p in found}
    unmapped = tuple(p for p in range(len(columns)) if p not in used)
    return Resolved(concepts, keys, unmapped, tuple(unread), tuple(notes))


def _row(record: dict[str, str]) -> MappingRow:
    """Return one row of the mapping with its types."""
    place, _, places = record["place"].partition("/")
    return MappingRow(
        concept=record["concept"],
        layout=record["layout"],
        from_year=int(record["from_year"] or FIRST_YEAR),
        to_year=int(record["to_year"] or LAST_YEAR),
        column=record["column"],
        stem=(stem_of if record["layout"] == "statline" else title_stem)(record["column"]),
        group=normalised(record["group"]),
        place=int(place) if place else None,
        places=int(places) if places else None,
        unit=record["unit"],
        factor=float(record["factor"]),
        of=record["of"],
        threshold=float(record["threshold"]) if record["threshold"] else None,
        threshold_of=record["threshold_of"],
        threshold_note=record["threshold_note"],
        break_from=int(record["break_from"]) if record["break_from"] else None,
        note=record["note"],
        source=record["source"],
    )


def _key_positions(columns: tuple[RawColumn, ...], rows: list[MappingRow]) -> tuple[int, ...]:
    """Return the positions of the columns of one role, each once, in the order of the mapping's rows."""
    found = (p for row in rows for p, column in enumerate(columns) if column.stem == row.stem)
    return tuple(dict.fromkeys(found))


def _find(columns: tuple[RawColumn, ...], rows: list[MappingRow], year: int, origin: str) -> Match | None:
    """Return the column of one concept with its row, or None if the file has none."""
    stems = {row.stem for row in rows}
    candidates: dict[int, list[MappingRow]] = {}
    strange: list[int] = []
    for position, column in enumerate(columns):
        if column.stem not in stems:
            continue
        usable = [row for row in rows if row.stem == column.stem and _group_fits(row, column, columns, origin)]
        fitting = [row for row in usable if column.unit in (None, "", row.unit)] or rows_for_unit(usable, column.unit)
        if fitting:
            candidates[position] = fitting
        elif usable:
            strange.append(position)
    of_year = {at: fitting for at, fitting in candidates.items() if any(row.holds_in(year) for row in fitting)}
    found = [
        Match(at, _row_of_year(fitting, columns[at], year, origin)) for at, fitting in (of_year or candidates).items()
    ]
    if not found and strange:
        raise _strange_unit(columns[strange[0]], rows, origin)
    if len(found) > 1:
        found = [match for match in found if match.row.group] or found
    if len(found) > 1:
        raise _ambiguous(columns[found[0].position], [columns[m.position] for m in found], rows[0].concept, origin)
    return found[0] if found else None


def _group_fits(row: MappingRow, column: RawColumn, columns: tuple[RawColumn, ...], origin: str) -> bool:
    """Return whether a column stands in the group of a row, or in its place where groups are not told."""
    if not row.group:
        return True
    alike = [other for other in columns if other.stem == column.stem]
    if any(row.group in (other.groups or ()) for other in alike):
        return row.group in (column.groups or ())
    if row.place is None:
        return False
    twins = sorted(other.order for other in alike)
    if column.groups is not None and len(twins) != row.places:
        return False
    if len(twins) != row.places or len(set(twins)) != len(twins):
        raise _ambiguous(column, alike, row.concept, origin)
    return twins.index(column.order) + 1 == row.place


def _row_of_year(rows: list[MappingRow], column: RawColumn, year: int, origin: str) -> MappingRow:
    """Return the row for a year, or the one nearest to it if all that fit read the column alike."""
    rows = [row for row in rows if row.holds_in(year)] or rows
    rows = [row for row in rows if row.group] or rows
    if len({row.reading for row in rows}) > 1:
        ways = ", or ".join(sorted(f"{row.unit} ({row.from_year}-{row.to_year})" for row in rows))
        raise _UntoldUnitError(
            origin,
            column=column.name[:60],
            found=f"a column whose unit the file does not tell, in {year}",
            expected=f"one unit for it in that year; the mapping knows {ways}",
            action="put the table's DataProperties.json beside the file; or " + _ADD_ROWS,
        )
    return min(rows, key=lambda row: max(row.from_year - year, year - row.to_year, 0))


def _check_year(columns: tuple[RawColumn, ...], rows: list[MappingRow], year: int, origin: str) -> None:
    """Refuse a file with several columns that are known not to exist in its year."""
    spans: dict[str, list[MappingRow]] = {}
    for row in rows:
        if row.concept in CONCEPTS or row.concept == "boundary_flag":
            spans.setdefault(singular(row.stem), []).append(row)
    contrary = [
        column
        for column in columns
        if (known := spans.get(singular(column.stem)))
        and all(row.source != "M" and not row.holds_in(year) for row in known)
        and all(column.unit in (None, "", row.unit) for row in known)
    ]
    if len({column.stem for column in contrary}) >= CONTRARY_STEMS:
        examples = ", ".join(shown(column.name) for column in contrary[:4])
        ranges = Counter(
            f"{row.from_year}-{row.to_year}" for c in contrary for row in spans[singular(c.stem)]
        ).most_common(2)
        raise DataError(
            origin,
            column=contrary[0].name[:60],
            found=f"{len(contrary)} columns that the table of {year} does not have ({examples}), "
            f"of {' or '.join(span for span, _ in ranges)}".replace(f"-{LAST_YEAR}", " and later"),
            expected=f"the content of {year}, as the name says",
            action="if the content is of another year, give the file a name that says it; else " + _ADD_ROWS,
        )


def _ambiguous(column: RawColumn, twins: list[RawColumn], concept: str, origin: str) -> DataError:
    """Return the error for columns that cannot be told apart."""
    names = ", ".join(shown(twin.name) for twin in twins[:4])
    return DataError(
        origin,
        column=column.name[:60],
        found=f"{len(twins)} column(s) that could be {concept}: {names}",
        expected=f"one column for {concept}, told from others by its unit, its group or its place among all of them",
        action="put the table's DataProperties.json beside the file (it tells the groups), or give the whole table",
    )


def _strange_unit(column: RawColumn, rows: list[MappingRow], origin: str) -> _StrangeUnitError:
    """Return the error for a unit that the mapping does not know."""
    units = sorted({row.unit for row in rows if row.stem == column.stem})
    return _StrangeUnitError(
        origin,
        column=column.name[:60],
        found=f"the unit {shown(column.unit)}",
        expected=f"{rows[0].concept} in {' or '.join(units)}",
        action=_ADD_ROWS,
    )
