"""What is true of the people of a country: what estimators are compared with after they have spoken."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.schema.survey import LONG_STAY_YEARS
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import ENDS, Persons, age_on, draw_persons
from buurteffect.synthetic.persons.social_ties import homophily, income_groups, tie_counts
from buurteffect.synthetic.persons.stays import draw_stays
from buurteffect.synthetic.world.world import World

EXIT_HORIZONS = range(1, 10)
EXIT_AGES = (18, 25, 45, 65)
EXIT_AGE_GROUPS = ("0-17", "18-24", "25-44", "45-64", "65+")


def register_exits(world: World, persons: Persons | None = None) -> pd.DataFrame:
    """Return how many of those in the register on a 1 January are no longer in it some years later, and why.

    Returns
    -------
    DataFrame
        One row per horizon and age group, and one per horizon for ``all``, over every 1 January of the panel from
        which the horizon is seen, each person counted once on each: ``horizon`` (years), ``age_group`` (on the first
        of the two days), ``persons_count``, and the shares of these who are ``gone``, who ``died`` and who
        ``emigrated``; the last two add up to the first.
    """
    persons = persons or draw_persons(world)
    number, first = persons.numbers()
    last = np.zeros(len(first), dtype=np.int64)
    np.maximum.at(last, number, persons.last_year.astype(np.int64))
    dead = np.zeros(len(first), dtype=bool)
    dead[number[persons.ends == ENDS.index("died")]] = True
    groups = len(EXIT_AGE_GROUPS)
    shape = len(EXIT_HORIZONS), groups
    seen, gone, died = (np.zeros(shape) for _ in range(3))
    for year in world.residence.years.astype(int):
        rows = np.flatnonzero((persons.first_year <= year) & (persons.last_year >= year))
        group = np.searchsorted(EXIT_AGES, age_on(persons, year)[rows], side="right")
        until, fate = last[number[rows]], dead[number[rows]]
        for step, horizon in enumerate(EXIT_HORIZONS):
            if year + horizon > int(world.residence.years[-1]):
                break
            out = until < year + horizon
            seen[step] += np.bincount(group, minlength=groups)
            gone[step] += np.bincount(group, weights=out, minlength=groups)
            died[step] += np.bincount(group, weights=out & fate, minlength=groups)
    tables = [np.column_stack([table, table.sum(axis=1)]).ravel() for table in (seen, gone, died)]
    number_seen = np.where(tables[0] > 0, tables[0], np.nan)
    return pd.DataFrame(
        {
            "horizon": np.repeat(np.array(EXIT_HORIZONS), groups + 1),
            "age_group": [*EXIT_AGE_GROUPS, "all"] * len(EXIT_HORIZONS),
            "persons_count": tables[0].astype(np.int64),
            "gone": tables[1] / number_seen,
            "died": tables[2] / number_seen,
            "emigrated": (tables[1] - tables[2]) / number_seen,
        }
    )


NOT_AFFECTED = ("neighbour_income_effect", "place_income_effect", "exposure_by_mix", "exposure_curvature")
"""Effects that no draw of the country has: of neighbours' mean log income, and of the share of low incomes around a
household, on its own log income; and how the effect of a year of childhood depends on the mix of tenures, and on the
share of low incomes itself (it is linear)."""


def people_truth(world: World, parameters: PeopleParameters | None = None) -> dict[str, float]:
    """Return the planted values of the people layer, by name.

    ``exposure_slope``
        Points of adult rank (0 to 100) per year of childhood, per 10 percentage points fewer low incomes.
    ``exposure_slope_after_23``
        The same for years after the age of 23: none.
    ``parental_slope, family_sd, rank_noise_sd``
        The rest of the process of adult ranks.
    ``homophily_share``
        Share of ties drawn in the own cell: Coleman's index.
    ``tie_ratio``
        Expected share of ties across tenures in the last year, over that of random mixing in the same buurten, each
        household weighted by its ties. It exceeds 1 - h by what households do who are alone in their cell.
    ``tie_ratio_residence``
        The same of ties between old and new residents. Ties are not drawn by length of residence: it differs from 1 by
        what tenures and incomes have to do with that.
    ``contact_effect, at_home_effect, homophily_effect``
        What restructuring does to the contact scale, to feeling at home (points) and to the share of ties in the
        own cell.
    ``employment_effect``
        What restructuring does to work: nothing, since no draw of it knows of places.

    Those of `NOT_AFFECTED` are 0.
    """
    p = parameters or PeopleParameters()
    last = len(world.residence.years) - 1
    (observed, mixing), (met, at_random) = (cross_shares(world, last, p, by) for by in ("tenure", "residence"))
    return {
        "exposure_slope": p.exposure_points,
        "exposure_slope_after_23": 0.0,
        "parental_slope": p.parental_rank_slope,
        "family_sd": p.family_sd,
        "rank_noise_sd": p.rank_noise_sd,
        "homophily_share": p.homophily_share,
        "tie_ratio": observed / mixing,
        "tie_ratio_residence": met / at_random,
        "contact_effect": p.contact_change_after_restructuring,
        "at_home_effect": p.at_home_change_after_restructuring,
        "homophily_effect": p.homophily_change_after_restructuring,
        "employment_effect": 0.0,
        **dict.fromkeys(NOT_AFFECTED, 0.0),
    }


def survey_truth() -> dict[str, float]:
    """Return planted values of survey answers beside the effects of restructuring, by name.

    ``trust_low_income_trend``
        Points a year, from 2002 on, by which trust of persons with a low income moves more than that of others.
    ``trust_low_income_gap``
        Points by which it differs from that of others in 2002.
    ``contact_slope``
        Points of feeling at home or safe that contact itself brings: none, since both only share their causes.
    """
    p = PeopleParameters()
    gap, trend = p.trust_low_income, p.trust_trend_low_income
    return {"trust_low_income_trend": trend, "trust_low_income_gap": gap, "contact_slope": 0.0}


def cross_shares(world: World, t: int, parameters: PeopleParameters, by: str) -> tuple[float, float]:
    """Return the expected share of ties in a year across tenures, or between old and new residents, and at random.

    A tie is drawn from the own cell of tenure and income with the chance of homophily, else from the whole buurt; at
    random it is always drawn from the buurt.
    """
    buurt, tenure = world.residence.buurt.astype(np.int64), world.residence.tenure[t].astype(np.int64)
    since = draw_stays(world).buurt_since[t]
    group = tenure if by == "tenure" else (world.residence.years[t] - since >= LONG_STAY_YEARS).astype(np.int64)
    cell = buurt * 9 + tenure * 3 + income_groups(world, t)
    random, inside = _crossing(buurt, group), _crossing(cell, group)
    kin = homophily(world, t, parameters)[buurt] * (_sizes(cell) > 1)
    number = tie_counts(world, t, since, parameters) * (_sizes(buurt) > 1)
    crossed = kin * inside + (1 - kin) * random
    return float(np.average(crossed, weights=number)), float(np.average(random, weights=number))


def _crossing(place: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return for each member the share of the others in its place who are of another group; 0 where it is alone."""
    here = _sizes(place)
    others = here - _sizes(place * 3 + group)
    return np.divide(others, here - 1, out=np.zeros(len(place)), where=here > 1)


def _sizes(group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the size of each member's group."""
    return np.bincount(group)[group].astype(np.float64)
