"""What the scoreboard of persons runs where, which row is a page's headline, and where its assumptions hold.

All of it was written down from how countries are made and how estimators work. Figures of countries with other seeds
(1 to 16) were in sight; those of the seeds and the size that are scored were not. It is part of the hash of the cells,
so that it cannot be changed after them without running them anew.

Size
----
Countries of test size have six gemeenten and about six restructured buurten with some 380 main earners. A resident's
yearly income shock is .16 log points and lasts, so that the error of an effect on own income is about .014 there: an
interval of ±1.7 errors does not fit into bounds of ±.02, and 1% is never found. The size `scoreboard` has 32 gemeenten
and about sixty restructured buurten with some 1,800 main earners: an error of about .0065 for the mean over eight years
and .0045 for a steady effect. Equivalence at .02 is then shown in four countries of five by the mean and in nearly all
by a steady effect, 1% is found by it in a little more than half, and errors clustered by gemeente rest on enough
clusters to be asked about. A cell takes 11 to 17 seconds, so that the number of countries differs: 200 in the scenario
in which every page is run, fewer in those that are there for one family.

Scenarios
---------
S0 has all pages. S2 has residents only (is 1% found?), S3 and S4 the waterbed only (is it found where it is, and not
where it is not?). In S6 places are drawn by lot: there the parts of a neighbourhood's mean, elsewhere compared with
places that were not chosen for a reason, have what they assume.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

STAYERS, DISPLACEMENT, OPPORTUNITY, CONTACT = "n06", "n07", "n09", "n10"
PAGES = (STAYERS, DISPLACEMENT, OPPORTUNITY, CONTACT)
"""Pages whose headline estimators are run."""

RESIDENTS, PARTS, EXITS, WATERBED, CHILDREN, TIES = "residents", "parts", "exits", "waterbed", "children", "ties"
FAMILIES = (RESIDENTS, PARTS, EXITS, WATERBED, CHILDREN, TIES)
"""Families of estimators that share what they read."""

FAMILIES_OF: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {STAYERS: (RESIDENTS, PARTS), DISPLACEMENT: (EXITS, WATERBED), OPPORTUNITY: (CHILDREN,), CONTACT: (TIES,)}
)
"""Families by page."""

RUNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "S0": FAMILIES,
        "S2": (RESIDENTS,),
        "S3": (WATERBED,),
        "S4": (WATERBED,),
        "S6": (RESIDENTS, PARTS, EXITS),
    }
)
"""Families by scenario; other scenarios have all."""

SEEDS: Mapping[str, int] = MappingProxyType({"S0": 200, "S2": 100, "S3": 60, "S4": 60, "S6": 100})
"""Countries by scenario."""

HEADLINES: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        (STAYERS, "own income, years 1–8"): "mean effect on residents' own income, years 1–8",
        (STAYERS, "own income, steady effect"): "steady effect on residents' own income",
        (STAYERS, "log_income, total"): "effect on the mean log income",
        (DISPLACEMENT, "excess_exit_buurt_low_7, by buurt"): "excess exit of low incomes",
        (DISPLACEMENT, "score per displaced"): "score where most displaced went, per displaced",
        (OPPORTUNITY, "movers"): "points of adult rank per year of childhood",
        (CONTACT, "ties across tenures, same buurten"): "ties across tenures over random mixing",
        (CONTACT, "effect on contact"): "effect on contact",
    }
)
"""The rows that are the headline of a page, and what it calls them."""


@dataclass(frozen=True)
class Assumption:
    """Where the assumptions of some estimators hold.

    Attributes
    ----------
    page : str
        Of `PAGES`.
    estimators : tuple of str
        How their names begin; the first entry that fits counts.
    holds_in : tuple of str
        Scenarios.
    why : str
        The argument, from how countries are made.
    """

    page: str
    estimators: tuple[str, ...]
    holds_in: tuple[str, ...]
    why: str


def _read() -> tuple[Assumption, ...]:
    """Read the assumptions from the file beside this one."""
    entries = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))["assumption"]
    for entry in entries:
        entry["estimators"] = tuple(entry["estimators"])
        entry["holds_in"] = tuple(RUNS if entry["holds_in"] == "everywhere" else entry["holds_in"])
    return tuple(Assumption(**entry) for entry in entries)


ASSUMPTIONS = _read()
"""Where assumptions hold, page by page."""


def assumption_of(page: str, estimator: str) -> Assumption | None:
    """Return the entry that an estimator falls under, None where nothing is said of it.

    Examples
    --------
    >>> assumption_of("n06", "low_income, entry").holds_in
    ('S6',)
    """
    found = (entry for entry in ASSUMPTIONS if entry.page == page and estimator.startswith(entry.estimators))
    return next(found, None)


def holds(page: str, estimator: str, scenario: str) -> bool:
    """Return whether the assumptions of an estimator hold in a scenario; what nothing is said of counts as holding."""
    entry = assumption_of(page, estimator)
    return entry is None or scenario in entry.holds_in or scenario not in RUNS
