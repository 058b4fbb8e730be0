"""Slips of the publisher that do not change what a column is: the unit printed with it, its title's number."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.key_figures.columns.raw_table import RawColumn
from buurteffect.sources.key_figures.columns.stem import singular

if TYPE_CHECKING:
    from buurteffect.sources.key_figures.columns.mapping import MappingRow

SLIPS = ("%", "aantal")
"""Units that the publisher has printed for a mean or a density, whose figures were as always."""

_OF_ENERGY = ("koopwoning", "huurwoning", "eigenwoning")
"""Titles in the singular of columns on energy, which are about the use in such a dwelling, not about tenure."""


def rows_for_unit(rows: list[MappingRow], unit: str | None) -> list[MappingRow]:
    """Return rows as a unit that they do not have allows to read them: money in euro, and the publisher's slips.

    Whether the figures are what the row says is told by their ranges, which a slip does not change.
    """
    if unit == "euro":
        return [replace(row, unit=unit, factor=1.0) for row in rows if row.unit == "x 1 000 euro"]
    slips = unit in SLIPS and not any(row.concept.endswith(("_count", "_share")) for row in rows)
    return [row for row in rows if row.concept.endswith(("_mean", "_per_km2"))] if slips else []


def with_known_plurals(
    columns: tuple[RawColumn, ...], rows: list[MappingRow], year: int
) -> tuple[tuple[RawColumn, ...], list[str]]:
    """Return the columns with titles in the number, singular or plural, in which the mapping knows them, and notes.

    Only for a title that the mapping does not know, of a concept that no other column of the file is.

    Of several `rows` of the mapping, one of the file's year counts.
    """
    known = {row.stem for row in rows}
    here = {column.stem for column in columns}
    by_singular: dict[str, list[MappingRow]] = {}
    for row in rows:
        if row.concept in CONCEPTS:
            by_singular.setdefault(singular(row.stem), []).append(row)
    result, notes = list(columns), []
    strange = Counter(singular(column.stem) for column in columns if column.stem not in known)
    for at, column in enumerate(columns):
        one = singular(column.stem)
        found = by_singular.get(one, [])
        if column.stem in known or strange[one] > 1 or not found or (one in _OF_ENERGY and column.unit != "%"):
            continue
        concepts = {row.concept for row in found}
        if len(concepts) > 1 or any(row.stem in here for row in rows if row.concept in concepts):
            continue
        row = next((row for row in found if row.holds_in(year)), found[0])
        result[at] = replace(column, stem=row.stem)
        notes.append(f"column {shown(column.name)} is taken for {row.column}, in the other number")
    return tuple(result), notes
