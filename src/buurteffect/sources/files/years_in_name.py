"""What a file's name says about the years inside it, and whether that is true."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import shown

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
    """The years that a name states: none after `last`, nor before `first` where stated, may be in the file.

    `complete` says whether both are meant to be in it.
    """

    last: int
    first: int | None
    complete: bool
    name: str


def named_years(origin: str) -> tuple[NamedYears, ...]:
    """Return what the parts of a file's label say about its years.

    A file's own name may state a span (``2002-2022``) or one year, which is then its last. The name of an
    archive, or of a folder in it, states a last year as ``meting 2024``; it is meant to be in the file only if the
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


def check_named_years(years: pd.Series, lines: Lines, column: str, waves: Collection[int]) -> tuple[str, ...]:
    """Check the years inside a file against what its name says; return which of them it lacks, as a note.

    A file from which waves or areas were taken out keeps its name, and what is left of it is right.

    The name that is checked is the `origin` of `lines`; `waves` are the years that the source has.

    Raises
    ------
    DataError
        If a year lies outside what the name states.
    """
    notes = []
    inside = set(years)
    for said in named_years(lines.origin):
        first = said.first or 0
        span = f"up to {said.last}" if said.first is None else f"{said.first} to {said.last}"
        lines.refuse(
            ((years > said.last) | (years < first)).to_numpy(),
            lambda row: f"the year {years.iloc[row]}",
            column=column,
            expected=f"only years {span}, because the name {said.name!r} says so",
            action=_ACTION,
        )
        named = (
            [said.last] if said.first is None else [*(w for w in waves if first <= w <= said.last), said.last, first]
        )
        absent = sorted(set(named) - inside)
        if said.complete and absent:
            notes.append(f"it has no row of {', '.join(map(str, absent))}, which its name {shown(said.name)} covers")
    return tuple(notes)
