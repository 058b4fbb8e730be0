"""Which concept stands in which column of which year's key figures, and how it is rounded and withheld there.

``columns.csv`` is this room's own list of what the publisher prints. The readers have theirs; that the two meet
in the numbers is what a round trip shows.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

LAYOUTS = ("free", "upper", "lower", "statline")
"""Families of names: free titles, capitals, lower case, and the keys of StatLine."""


@dataclass(frozen=True)
class PublishedColumn:
    """One column of one layout in a range of years.

    Attributes
    ----------
    concept : str
        Name in ``schema/concepts.csv``.
    layout : str
        One of `LAYOUTS`.
    from_year, to_year : int
        Years in which it is published so.
    name, title, group : str
        Name (of StatLine the key without its number), title and group of titles.
    unit : str
        Unit as printed.
    decimals : int
        Decimals printed.
    step : float or None
        What it is rounded to; None for the years' own rounding of counts, or for the decimals alone.
    percent_of : str
        Concept that a count is printed as a percentage of; empty if it is printed as it is.
    threshold : float or None
        Number of `threshold_of`, as printed, below which nothing is printed.
    clipped : bool
        Whether percentages below 5 or above 95 are printed as these.
    """

    concept: str
    layout: str
    from_year: int
    to_year: int
    name: str
    title: str
    group: str
    unit: str
    decimals: int
    step: float | None
    percent_of: str
    threshold: float | None
    threshold_of: str
    clipped: bool


@cache
def all_columns() -> tuple[PublishedColumn, ...]:
    """Return the whole list, in the order in which columns stand in their files."""
    text = files("buurteffect.synthetic.publishing.areas").joinpath("columns.csv").read_text(encoding="utf-8")
    return tuple(
        PublishedColumn(
            concept=row["concept"],
            layout=row["layout"],
            from_year=int(row["from_year"]),
            to_year=int(row["to_year"]),
            name=row["name"],
            title=row["title"],
            group=row["group"],
            unit=row["unit"],
            decimals=int(row["decimals"]),
            step=float(row["step"]) if row["step"] else None,
            percent_of=row["percent_of"],
            threshold=float(row["threshold"]) if row["threshold"] else None,
            threshold_of=row["threshold_of"],
            clipped=row["clipped"] == "yes",
        )
        for row in csv.DictReader(text.splitlines())
    )


def columns_of(layout: str, year: int) -> tuple[PublishedColumn, ...]:
    """Return the columns of one layout in one year.

    Examples
    --------
    >>> [column.name for column in columns_of("upper", 2007) if "woz" in column.concept]
    ['WOZ']
    >>> any(column.concept == "owner_occupied_share" for column in columns_of("upper", 2007))
    False
    """
    return tuple(c for c in all_columns() if c.layout == layout and c.from_year <= year <= c.to_year)
