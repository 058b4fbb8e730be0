"""The headline estimators of n09 on children and neighbours, and the names of their true values."""

from __future__ import annotations

from functools import cache

import pandas as pd

from buurteffect.estimate.childhood.movers import movers_slope, placebo_after
from buurteffect.estimate.childhood.movers_and_siblings import SIBLINGS, TOGETHER, both_designs
from buurteffect.estimate.childhood.reflection import TRAITS, linear_in_means
from buurteffect.estimate.childhood.siblings import naive_slopes, slope_by_mix
from buurteffect.panel.childhood.adulthood import read_neighbours
from buurteffect.panel.childhood.childhood import Childhoods
from buurteffect.scoreboard.persons.rows import one_row

_YEAR = 2012


def childhood_rows(childhoods: Childhoods, people: pd.DataFrame) -> list[dict[str, object]]:
    """Run the headline estimators of n09: a row per estimator, its refusal among them.

    Comparisons of children in different places, and of neighbours, are there to be seen failing.
    """
    children, years = childhoods.children, childhoods.years
    both, naive = cache(lambda: both_designs(children)[0]), cache(lambda: naive_slopes(children))
    slope, given = "exposure_slope", "exposure given the parents' income"
    return [
        *one_row("movers", slope, lambda: movers_slope(children), "exposure"),
        *one_row("siblings", slope, both, SIBLINGS),
        *one_row("movers and siblings", slope, both, TOGETHER),
        *one_row("children compared", slope, naive, "exposure alone"),
        *one_row("children compared, parents' income", slope, naive, given),
        *one_row("moves after 23", "exposure_slope_after_23", lambda: placebo_after(children), "years after the move"),
        *one_row("mix", "exposure_by_mix", lambda: slope_by_mix(children, years), "exposure times mix"),
        *one_row(
            "own income on neighbours' income",
            "neighbour_income_effect",
            lambda: linear_in_means(read_neighbours(people, _YEAR)),
            TRAITS,
        ),
    ]
