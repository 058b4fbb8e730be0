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

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

STAYERS, DISPLACEMENT, OPPORTUNITY, CONTACT = "n06", "n07", "n09", "n10"
PAGES = (STAYERS, DISPLACEMENT, OPPORTUNITY, CONTACT)
"""Pages whose headline estimators are run."""

RESIDENTS, PARTS, EXITS, WATERBED, CHILDREN, TIES = "residents", "parts", "exits", "waterbed", "children", "ties"
FAMILIES = (RESIDENTS, PARTS, EXITS, WATERBED, CHILDREN, TIES)
"""Families of estimators that share what they read."""

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
        (STAYERS, "own income, years 1–8"): "effect on residents' own income",
        (STAYERS, "own income, steady effect"): "the same, where 1% is looked for",
        (STAYERS, "log_income, total"): "effect on the mean log income",
        (DISPLACEMENT, "excess_exit_buurt_low_7, by buurt"): "excess exit of low incomes",
        (DISPLACEMENT, "score per displaced"): "score where most displaced went, per displaced",
        (OPPORTUNITY, "movers"): "points of adult rank per year of childhood",
        (CONTACT, "ties across tenures, same buurten"): "ties across tenures over random mixing",
        (CONTACT, "effect on contact"): "effect on contact",
    }
)
"""The rows that are the headline of a page, and what it calls them."""

_EVERYWHERE = ("S0", "S2", "S3", "S4", "S6")


@dataclass(frozen=True)
class Condition:
    """Where the assumptions of some estimators hold.

    Attributes
    ----------
    page : str
        Of `PAGES`.
    estimators : tuple of str
        How their names begin; the first condition that fits counts.
    holds_in : tuple of str
        Scenarios.
    why : str
        The argument, from how countries are made.
    """

    page: str
    estimators: tuple[str, ...]
    holds_in: tuple[str, ...]
    why: str


CONDITIONS = (
    Condition(
        STAYERS,
        ("own income", "employee"),
        _EVERYWHERE,
        "Places are chosen for their score; own incomes follow their own past and nothing else. That past is given, as "
        "is the mean income of the buurt, through which a score hangs together with passing incomes. Nothing that "
        "spills over moves an own income.",
    ),
    Condition(
        STAYERS,
        ("still in the wijk",),
        _EVERYWHERE,
        "Who leaves depends on tenure, age and the distance of income to the middle of the buurt, which are given or "
        "nearly so, and on nothing that places are chosen for.",
    ),
    Condition(
        STAYERS,
        ("log_income, in_situ", "low_income, in_situ"),
        _EVERYWHERE,
        "Those who are found twice have incomes that follow their own past, of which the level of the buurt is given.",
    ),
    Condition(
        STAYERS,
        ("log_income", "low_income"),
        ("S6",),
        "Who comes follows the score, for which places are chosen and which is not given: those chosen would have gone "
        "on drawing lower incomes than those they are compared with. In S6 they are drawn by lot.",
    ),
    Condition(
        DISPLACEMENT,
        ("excess_exit",),
        _EVERYWHERE,
        "Whether a household leaves of its own accord depends on tenure, age, year and the distance of income to the "
        "middle of the buurt, which are in the logit, and on nothing that places are chosen for.",
    ),
    Condition(
        DISPLACEMENT,
        ("destination gap",),
        (),
        "Places are measured by their first published score, the truth by the score of the year before each start, in "
        "which places that are chosen for a fall stand low for a while; and after four years, not seven.",
    ),
    Condition(
        DISPLACEMENT,
        ("score per displaced, instrument",),
        (),
        "Earlier moves between single buurten are a handful in countries of this size: the instrument is weak.",
    ),
    Condition(
        DISPLACEMENT,
        ("score per displaced", "score where", "low incomes per displaced", "books, liveability_score: receiving"),
        _EVERYWHERE,
        "Within a gemeente the displaced go where an association dwelling happens to be free; what makes such places "
        "differ over time, their social rent and values, has an effect of its own in every year.",
    ),
    Condition(DISPLACEMENT, ("books, low_income_share: receiving",), _EVERYWHERE, "As the slope that it adds up."),
    Condition(
        DISPLACEMENT,
        ("books, liveability_score: ring", "books, low_income_share: ring"),
        _EVERYWHERE,
        "Being near works is a matter of distance; what makes places near chosen ones low is taken up by being near "
        "places about to be restructured.",
    ),
    Condition(
        DISPLACEMENT,
        ("books", "leakage", "spread"),
        (),
        "Direct effects are counted from the years in which places were chosen for a low and falling score, part of "
        "which passes by itself; sums, ratios and the spread take that over.",
    ),
    Condition(
        OPPORTUNITY,
        ("children compared", "own income on neighbours"),
        (),
        "Families with higher incomes live in better places and have children with higher ranks for that alone; people "
        "have the neighbours that can pay what they can.",
    ),
    Condition(
        OPPORTUNITY,
        ("movers", "siblings", "moves after 23", "mix"),
        _EVERYWHERE,
        "What families have in common does not depend on how old a child is when they move, and the rank is linear in "
        "exposure.",
    ),
    Condition(
        CONTACT,
        ("ties across tenures, whole country", "effect on contact, whoever", "effect on feeling at home, whoever"),
        (),
        "Ties are made within buurten; newcomers know fewer people and feel less at home, and restructured buurten "
        "have more of them.",
    ),
    Condition(
        CONTACT,
        ("effect on contact, lived", "effect on feeling at home, lived"),
        (),
        "Years of residence are held fixed in groups, within which those who lived there before the start have lived "
        "there longer than the others.",
    ),
    Condition(
        CONTACT,
        ("ties across tenures", "the same, bootstrap", "Coleman", "effect on", "trend of trust"),
        _EVERYWHERE,
        "Ties are drawn within buurten at random but for those that are chosen; answers depend on years of residence, "
        "which are held fixed, and on nothing that places are chosen for.",
    ),
)
"""Where assumptions hold, page by page."""


def condition_of(page: str, estimator: str) -> Condition | None:
    """Return the condition that an estimator falls under, None where nothing is said of it.

    Examples
    --------
    >>> condition_of("n06", "low_income, entry").holds_in
    ('S6',)
    """
    for condition in CONDITIONS:
        if condition.page == page and estimator.startswith(condition.estimators):
            return condition
    return None


def holds(page: str, estimator: str, scenario: str) -> bool:
    """Return whether the assumptions of an estimator hold in a scenario; what nothing is said of counts as holding."""
    condition = condition_of(page, estimator)
    return condition is None or scenario in condition.holds_in or scenario not in RUNS
