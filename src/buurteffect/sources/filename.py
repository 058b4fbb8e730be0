"""What a file's name says about the years inside it, and whether that is true."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.lines import Lines

_YEAR = r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])"
_SPAN = re.compile(rf"{_YEAR}\s*[-–_]\s*{_YEAR}")
_SINGLE = re.compile(_YEAR)
_MEASUREMENT = re.compile(rf"meting[\s_-]*{_YEAR}", re.IGNORECASE)
_ACTION = (
    "if the content is right, rename the file so that its name says the years inside, or none; if the name is right, "
    "put the publisher's file of these years in its place"
)


@dataclass(frozen=True)
class NamedYears:
    """The years that a name states.

    Parameters
    ----------
    last : int
        No year after it may be in the file.
    first : int, optional
        No year before it may be in the file.
    complete : bool
        Whether the file must hold `last` and, where stated, `first`.
    name : str
        The name that says so.
    """

    last: int
    first: int | None
    complete: bool
    name: str


def named_years(origin: str) -> tuple[NamedYears, ...]:
    """Return what the parts of a file's label say about its years.

    A file's own name may state a span (``2002-2022``) or one year, which is then its last. The name of an
    archive, or of a folder in it, states a last year as ``meting 2024``; it must be in the file only if the
    file's own name says nothing.

    Examples
    --------
    >>> [(y.first, y.last, y.complete) for y in named_years("meting-2024.zip > wijken 2002-2022.csv")]
    [(2002, 2022, True), (None, 2024, False)]
    """
    *around, own = re.split(r" > |/", origin)
    said = []
    if span := _SPAN.search(own):
        said.append(NamedYears(int(span[2]), int(span[1]), True, own))
    elif years := _SINGLE.findall(own):
        said.append(NamedYears(max(map(int, years)), None, True, own))
    outer = [(int(match[1]), name) for name in around if (match := _MEASUREMENT.search(name))]
    return (*said, *(NamedYears(year, None, not said, name) for year, name in outer))


def check_named_years(years: pd.Series, lines: Lines, column: str) -> None:
    """Check the years inside a file against what its name says.

    Parameters
    ----------
    years : Series of int
        Year of each row.
    lines : Lines
        Where the rows stand; its `origin` is the name that is checked.
    column : str
        The column's name in the file.

    Raises
    ------
    DataError
        If a year lies outside what the name states, or a stated first or last year is not in the file.
    """
    for said in named_years(lines.origin):
        span = f"up to {said.last}" if said.first is None else f"{said.first} to {said.last}"
        outside = (years > said.last) | (years < (said.first or 0))
        lines.refuse(
            outside.to_numpy(),
            lambda row: f"the year {years.iloc[row]}",
            column=column,
            expected=f"only years {span}, because the name {said.name!r} says so",
            action=_ACTION,
        )
        inside = sorted(set(years))
        absent = [year for year in (said.last, said.first) if year and year not in inside]
        if said.complete and absent:
            raise DataError(
                lines.origin,
                column=column,
                found=f"no row of {absent[0]}: the years inside are {', '.join(map(str, inside))}",
                expected=f"years {span}, because the name {said.name!r} says so",
                action=_ACTION,
            )
