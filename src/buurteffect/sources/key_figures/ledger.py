"""What a reader of key figures did with the rows and columns of a file."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

_NAMED = 6
"""Columns that are named where a page says what a file lacks."""


@dataclass(frozen=True)
class MappedColumn:
    """One column of the file that became one concept.

    Parameters
    ----------
    concept : str
        Name in the table.
    column : str
        Name in the file.
    unit : str
        Unit in the file.
    factor : float
        What a value was multiplied by.
    of : str
        Concept by which a percentage was multiplied to make a count; empty for others.
    break_from : int or None
        Year from which values are not comparable with those before, if the file's year is that or later in
        the same rows of the mapping.
    note : str
        What a user of the values should know.
    source : {"V", "S", "M"}
        How well the mapping is founded: checked in a file or codebook, seen elsewhere, unconfirmed.
    """

    concept: str
    column: str
    unit: str
    factor: float
    of: str
    break_from: int | None
    note: str
    source: str


@dataclass(frozen=True)
class ImplausibleFigure:
    """One figure that cannot be, read as missing: where it stands, and what stands there in the unit of the file."""

    line: int
    column: str
    concept: str
    figure: float


@dataclass(frozen=True)
class KeyFigureLedger:
    """Every row and column of a file accounted for.

    Parameters
    ----------
    rows_in : int
        Rows below the header, areas or not.
    rows_out : int
        Rows of the table.
    left_out : tuple of (reason, count)
        Rows that are in the file and not in the table.
    mapped : tuple of MappedColumn
        Columns that became concepts.
    keys : tuple of (role, column)
        Columns that name the area, its kind and its year.
    unmapped : tuple of str
        Columns that no concept uses.
    not_in_year : tuple of str
        Concepts for which the file has no column and, as far as the mapping knows, the year has none.
    expected_missing : tuple of (concept, column)
        Concepts that the publisher gives in that year and that the file does not, with the column to look for.
    implausible : tuple of ImplausibleFigure
        Figures that cannot be, read as missing.
    notes : tuple of str
        What else a user should know: where the year comes from, encodings, sheets that were passed over.
    """

    rows_in: int
    rows_out: int
    left_out: tuple[tuple[str, int], ...]
    mapped: tuple[MappedColumn, ...]
    keys: tuple[tuple[str, str], ...]
    unmapped: tuple[str, ...]
    not_in_year: tuple[str, ...]
    expected_missing: tuple[tuple[str, str], ...]
    implausible: tuple[ImplausibleFigure, ...]
    notes: tuple[str, ...]

    @property
    def balanced(self) -> bool:
        """Whether rows in = rows out + rows left out."""
        return self.rows_in == self.rows_out + sum(count for _, count in self.left_out)

    @property
    def expected_in_words(self) -> str:
        """The columns to look for that the file lacks, the first of them by name; empty if it has all."""
        names = [column for _, column in self.expected_missing]
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return ", ".join(names[:_NAMED]) + more

    def columns(self) -> pd.DataFrame:
        """Return the mapped columns as a table: one row per concept in the file."""
        names = list(MappedColumn.__dataclass_fields__)
        return pd.DataFrame([[getattr(m, name) for name in names] for m in self.mapped], columns=names)
