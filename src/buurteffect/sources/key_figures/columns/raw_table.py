"""A file of key figures before it is interpreted: named columns of text, and what it says of its year."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.key_figures.columns.stem import stem_of, suffix_of

AREA_NAME = "areaname"
"""Stem that readers give to the column with the names of the areas."""


@dataclass(frozen=True)
class RawColumn:
    """One column of a file.

    Parameters
    ----------
    name : str
        Name as it stands in the file; untrusted text.
    stem : str
        See `kwb_stem.stem_of`.
    order : int
        Numeric suffix where the name has one, else the position.
    unit : str or None
        Unit where the file tells it; None where it does not.
    groups : frozenset of str or None
        Normalised titles of the groups above it; None where the file does not tell them.
    """

    name: str
    stem: str
    order: int
    unit: str | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True)
class YearEvidence:
    """Years that one part of a file allows, and which part says so."""

    years: frozenset[int]
    where: str


@dataclass(frozen=True, eq=False)
class RawTable:
    """A file's cells as text, column by column.

    Parameters
    ----------
    layout : str
        Kind of file, as reported.
    family : {"statline", "map", "workbook_free", "workbook_upper", "workbook_lower"}
        Part of the mapping that holds for it.
    columns : tuple of RawColumn
        All columns in order.
    lines : Lines
        Where the rows stand.
    texts : callable
        Returns the texts of the column of this position, shape (rows,), blanks around them kept or not,
        null where the file holds no value.
    decimal : {"point", "comma", "either"}
        Mark of decimals.
    said : tuple of YearEvidence
        What the content says about its year.
    table_ids : tuple of (table_id, where)
        Tables that the content names.
    left_out : tuple of (reason, count)
        Rows in the file that are no areas.
    notes : tuple of str
        For the ledger.
    """

    layout: str
    family: str
    columns: tuple[RawColumn, ...]
    lines: Lines
    texts: Callable[[int], pa.Array]
    decimal: str
    said: tuple[YearEvidence, ...] = ()
    table_ids: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


def column_of(
    name: str, position: int, unit: str | None = None, groups: frozenset[str] | None = None, stem: str | None = None
) -> RawColumn:
    """Return a column with its stem, its order taken from the suffix where there is one."""
    suffix = suffix_of(name)
    return RawColumn(
        name, stem_of(name) if stem is None else stem, position if suffix is None else suffix, unit, groups
    )
