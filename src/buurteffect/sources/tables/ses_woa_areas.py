"""On the areas of which year a table of SES-WOA stands.

Every table gives all its years on the areas of one, which its title names ("regio-indeling 2022"). The export of a
table does not repeat the title, so the year is looked for in what the file is called and in what lies beside it;
where nothing says it, it is assumed from the years and gemeenten inside, and the assumption is said.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

TABLES = {
    "85163NED": (2021, 2019),
    "85539NED": (2022, 2021),
    "85900NED": (2023, 2022),
    "86092NED": (2024, 2023),
    "86296NED": (2025, 2024),
}
"""Year of the areas and last year of the figures, per table: the titles of the first three as cbs.nl gives them, the
fourth as public programs that use it say; the title of the last has not been seen, and its areas follow the others."""

CAME = {
    2022: ("GM1980", "GM1982", "GM1991"),
    2023: ("GM1992",),
}
"""Gemeenten that exist from a year on: Dijk en Waard, Land van Cuijk and Maashorst; Voorne aan Zee."""

WENT = {
    2022: (
        *("GM0370", "GM0398", "GM0416", "GM0756", "GM0786", "GM0815", "GM0856", "GM1684", "GM1685", "GM1702"),
        # The ten of 1 January 2022; Weesp went on 24 March, and its areas are among those of 2022.
    ),
    2023: ("GM0457", "GM0501", "GM0530", "GM0614"),
}
"""Gemeenten that no longer exist from a year on."""

_TABLE_ID = re.compile(r"(?<![0-9])([0-9]{5}NED)(?![A-Za-z])", re.IGNORECASE)
_TITLE = re.compile(r"regio[\s_-]*indeling[\s_-]*(20[0-9]{2})(?![0-9])", re.IGNORECASE)
_EXPORTED = re.compile(r"(?<![0-9])(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(20[0-9]{2})(?![0-9])")


@dataclass(frozen=True)
class AreasYear:
    """The year of the areas of a file, what says so, and whether that is an assumption."""

    year: int
    why: str
    assumed: bool = False

    @property
    def words(self) -> str:
        """What is told to people."""
        return f"areas of {self.year} ({'assumed: ' if self.assumed else ''}{self.why})"


def find_areas_year(texts: Sequence[str], years: Collection[int], gemeenten: Collection[str]) -> AreasYear:
    """Return the year of the areas of a file.

    `texts` are what the file, its archive, its folder and the description beside it are called, the nearest first;
    `years` are those of its figures, `gemeenten` the codes of those that its areas lie in.

    Examples
    --------
    >>> find_areas_year(["85539NED_2019.csv"], [2019], []).words
    'areas of 2022 (table 85539NED)'
    >>> find_areas_year(["SES_WOA_25042023.csv"], [2019], []).year
    2021
    """
    for text in texts:
        if match := _TITLE.search(text):
            return AreasYear(int(match[1]), f"its title says 'regio-indeling {match[1]}'")
        for identifier in _TABLE_ID.findall(text):
            if known := TABLES.get(identifier.upper()):
                return AreasYear(known[0], f"table {identifier.upper()}")
    last = max(years)
    possible = {areas: table for table, (areas, ends) in TABLES.items() if ends >= last} or {last + 1: "a later table"}
    earliest = max([year for year, codes in CAME.items() if set(codes) & set(gemeenten)], default=0)
    latest = min([year - 1 for year, codes in WENT.items() if set(codes) & set(gemeenten)], default=9999)
    exported = next((int(found) for text in texts for found in _EXPORTED.findall(text)), None)
    fitting = [areas for areas in possible if earliest <= areas <= latest] or list(possible)
    if len(fitting) == 1 and latest != 9999:
        return AreasYear(fitting[0], f"its gemeenten are those of {fitting[0]}")
    year = min(fitting)
    when = f", in an export of {exported}" if exported else ""
    why = f"{possible[year]} is the first whose years reach {last}{when}; a name with the table's number says it"
    return AreasYear(year, why, assumed=True)
