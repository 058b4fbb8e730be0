"""Titles of a StatLine export after R has made names of them.

``make.names`` turns ``A/B/C (aantal)`` into ``A.B.C..aantal.``, ``clean_names`` of the package janitor into
``a_b_c_aantal``, so that where a group ends and a title begins no longer shows. It is found by the titles that the
mapping knows, the longest that fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from buurteffect.sources.key_figures.columns.mapping import known_stems
from buurteffect.sources.key_figures.columns.stem import normalised, stem_of, title_stem
from buurteffect.sources.spreadsheets.saved_again import make_names

_UNITS = (
    "aantal",
    "%",
    "x 1 000 euro",
    "1 000 euro",
    "euro",
    "code",
    "naam",
    "omschrijving",
    "ha",
    "km",
    "km²",
    "kWh",
    "m³",
    "per km²",
    "aantal per km²",
    "aantal inwoners per km²",
    "per huishouden",
    "per 1 000 inwoners",
    "getal",
    "",
)
_FEWEST_NAMES = 2


def has_made_names(titles: Sequence[str]) -> bool:
    """Return whether a row of titles is one of made names: dots or low lines, but neither blanks nor slashes.

    Examples
    --------
    >>> has_made_names(["Wijken.en.buurten", "Regioaanduiding.Codering..code."]), has_made_names(["Wijken en buurten"])
    (True, False)
    """
    filled = [title.strip() for title in titles if title.strip()]
    made = sum("." in title.strip(".") or title.strip("_").count("_") > 1 for title in filled)
    return made >= _FEWEST_NAMES and not any(mark in title for title in filled for mark in " /|(")


def path_of(title: str) -> tuple[str, str, list[str]]:
    """Return title, unit and possible groups of a made name.

    Every run of words before the title is a possible group.

    Examples
    --------
    >>> path_of("Wonen.Koopwoningen....")
    ('Koopwoningen', '%', ['Wonen'])
    >>> path_of("AantalInwoners_5")
    ('AantalInwoners_5', '', [])
    """
    if title_stem(title) not in known_stems("statline") and stem_of(title) in known_stems("statline"):
        return title, "", []  # a key
    bare, unit = _without_unit(title)
    words = [word for word in re.split(r"[._]|percent(?!age)", bare) if word]
    for start in range(len(words)):
        if title_stem("".join(words[start:])) in known_stems("statline"):
            runs = ["".join(words[a:b]) for a in range(start) for b in range(a + 1, start + 1)]
            return " ".join(words[start:]), unit, runs
    return " ".join(words) or title, unit, []


@cache
def _endings() -> tuple[tuple[str, str], ...]:
    """Return what a unit in brackets becomes, the longest first, with the unit."""
    made = {make_names(f"a ({spelling})")[1:]: unit for unit in _UNITS for spelling in _spellings(unit)}
    for unit in filter(None, _UNITS):
        made["_" + re.sub(r"[^a-z0-9]+", "_", unit.lower().replace("%", "percent")).strip("_")] = unit
    return tuple(sorted(made.items(), key=lambda pair: -len(pair[0])))


def _spellings(unit: str) -> tuple[str, ...]:
    """Return a unit as it is and without its raised digit, which some systems keep."""
    return unit, unit.replace("²", "2").replace("³", "3")


def _without_unit(title: str) -> tuple[str, str]:
    """Return a made name without the unit behind it, and that unit."""
    for ending, unit in _endings():
        if title.endswith(ending) and normalised(title.removesuffix(ending)):
            return title.removesuffix(ending), unit
    return title, ""
