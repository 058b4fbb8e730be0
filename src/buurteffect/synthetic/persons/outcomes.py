r"""What becomes of persons: work and benefits, the yearly table of persons, and the adult ranks of children.

Work is a probit on permanent income, age and the crisis, never on where somebody lives. The adult rank of a child is

.. math:: r_i = 50 + s (q_f - 50) + g a_f + F_f + e_i - b \sum_{t: 0 ≤ age ≤ 17} (L_{it} - L_0) / 0.1,

with the family's rank *q* and standardised permanent income *a*, an effect *F* that siblings share, and the share
of low incomes *L* of the buurt in each year of childhood that the panel holds. Families with a high permanent
income end up in better buurten, so that a comparison of children across buurten exceeds *b*; a comparison of
children who made the same move at another age does not.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from buurteffect.synthetic.persons.draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import (
    Persons,
    age_on,
    draw_persons,
    household_ids,
    positions_of,
    present,
)
from buurteffect.synthetic.persons.stays import draw_stays, moves_between_buurten
from buurteffect.synthetic.persons.succession import ORIGINS
from buurteffect.synthetic.world.world import Arrival, World

BENEFITS = ("none", "state_pension", "disability", "unemployment", "social_assistance")
TENURES = ("social", "owner", "private")

_CRISIS = range(2010, 2015)
_AGE_KNOTS = (17.9, 18.0, 25.0, 50.0, 58.0, 64.0, 68.0, 75.0)
_AGE_INDEX = (-9.0, -0.9, 0.0, 0.0, -0.4, -1.6, -2.6, -9.0)
_LATER_RETIREMENT = 0.04  # probit index a year from 1995, at 58 and over
_OLDER_WOMEN = -0.6  # probit index, women born up to 1940; nothing left for those born from 1975 on
_CHILD = 2


def low_income(world: World, t: int, share: float) -> NDArray[np.bool_]:
    """Return for each dwelling whether its household is among the lowest `share` of the country in a year."""
    income = world.residence.log_income[t]
    rank = round(share * len(income))
    return np.asarray(income < np.partition(income, rank)[rank])


def pension_age(year: int) -> int:
    """Return the completed age at which the state pension starts, in whole years: 65, and 66 from 2018 on."""
    return 65 if year < 2018 else 66


def employed(
    world: World, persons: Persons, rows: NDArray[np.int64], year: int, parameters: PeopleParameters | None = None
) -> NDArray[np.bool_]:
    """Return whether each of some persons works on 1 January of a year."""
    p = parameters or PeopleParameters()
    age, ids = age_on(persons, year)[rows], persons.person_id[rows]
    income = world.households.permanent_income[persons.household[rows]] / p.permanent_income_sd
    index = p.employment_prime + p.employment_income_slope * income + np.interp(age, _AGE_KNOTS, _AGE_INDEX)
    index += np.where(age >= 58, _LATER_RETIREMENT * (year - 1995), 0.0)
    women = np.interp(persons.birth_year[rows], (1940, 1975), (_OLDER_WOMEN, 0.0))
    index += np.where(persons.sex[rows] == 1, women, 0.0)
    index += p.employment_crisis if year in _CRISIS else 0.0
    lasting = np.sqrt(p.employment_persistence) * normal(world.seed, PeoplePurpose.EMPLOYMENT_LASTING, ids)
    passing = np.sqrt(1 - p.employment_persistence) * normal(world.seed, PeoplePurpose.EMPLOYMENT_YEAR, ids, year)
    return np.asarray((index + lasting + passing > 0) & (age >= 18))


def benefits(
    world: World,
    persons: Persons,
    rows: NDArray[np.int64],
    year: int,
    works: NDArray[np.bool_],
    low: NDArray[np.bool_],
    parameters: PeopleParameters | None = None,
) -> NDArray[np.int8]:
    """Return the benefit of each of some persons as position in `BENEFITS`.

    Parameters
    ----------
    works, low : ndarray of bool
        Whether each person works, and whether the household has a low income.
    """
    p = parameters or PeopleParameters()
    age, ids = age_on(persons, year)[rows], persons.person_id[rows]
    pensioner = age >= pension_age(year)
    free = (age >= 18) & ~pensioner & ~works
    ill = free & (uniform(world.seed, PeoplePurpose.DISABILITY, ids) < p.disability_share) & (age >= 30)
    share = p.unemployment_share * (p.unemployment_crisis_factor if year in _CRISIS else 1.0)
    between = free & ~ill & (age < 63) & (uniform(world.seed, PeoplePurpose.UNEMPLOYMENT, ids, year) < share)
    left = free & ~ill & ~between & low & (persons.slot[rows] < _CHILD)
    assisted = left & (uniform(world.seed, PeoplePurpose.ASSISTANCE, ids) < p.assistance_share)
    return np.select([pensioner, ill, between, assisted], [1, 2, 3, 4], default=0).astype(np.int8)


def person_years(
    world: World,
    years: Iterable[int] | None = None,
    persons: Persons | None = None,
    parameters: PeopleParameters | None = None,
) -> pd.DataFrame:
    """Return the yearly table of persons.

    Parameters
    ----------
    world : World
        The country.
    years : iterable of int, optional
        Years of the panel; by default all.
    persons : Persons, optional
        Persons of this world, if they are at hand.
    parameters : PeopleParameters, optional

    Returns
    -------
    DataFrame
        One row per person and 1 January: ``person_id, household_id, year, dwelling_id, buurt_code, tenure, age, sex,
        origin, role_child`` (whether a child of the household), ``income_eur`` (the household's standardised
        income), ``low_income, employed, benefit, moved`` (to another dwelling in the year before), ``forced``
        (because the old one was demolished), ``years_in_dwelling``.
    """
    p = parameters or PeopleParameters()
    persons = persons or draw_persons(world, p)
    stays = draw_stays(world)
    parts = [_person_year(world, persons, stays.dwelling_since, t, p) for t in positions_of(world, years)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _person_year(world: World, persons: Persons, since: NDArray[np.int16], t: int, p: PeopleParameters) -> pd.DataFrame:
    """Return the rows of one year."""
    residence, year = world.residence, int(world.residence.years[t])
    rows, dwelling = present(world, persons, t)
    low = low_income(world, t, p.low_income_share)[dwelling]
    works = employed(world, persons, rows, year, p)
    codes = world.geography.buurten["buurt_code"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "person_id": persons.person_id[rows],
            "household_id": household_ids(world.households)[persons.household[rows]],
            "year": np.int16(year),
            "dwelling_id": dwelling,
            "buurt_code": pd.Categorical.from_codes(residence.buurt[dwelling], list(codes)),
            "tenure": pd.Categorical.from_codes(residence.tenure[t][dwelling], list(TENURES)),
            "age": age_on(persons, year)[rows].astype(np.int16),
            "sex": persons.sex[rows],
            "origin": pd.Categorical.from_codes(persons.origin[rows], list(ORIGINS)),
            "role_child": persons.slot[rows] >= _CHILD,
            "income_eur": np.exp(residence.log_income[t][dwelling].astype(np.float64)),
            "low_income": low,
            "employed": works,
            "benefit": pd.Categorical.from_codes(benefits(world, persons, rows, year, works, low, p), list(BENEFITS)),
            "moved": residence.arrival[t][dwelling] != Arrival.STAYED,
            "forced": residence.forced[t][dwelling],
            "years_in_dwelling": (year - since[t][dwelling]).astype(np.int16),
        }
    )


def exposure_years(
    world: World, persons: Persons, rows: NDArray[np.int64], parameters: PeopleParameters | None = None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return for some children the years of childhood in the panel, and the sum of the low-income shares in them."""
    p = parameters or PeopleParameters()
    number, total = np.zeros(len(persons), dtype=np.int64), np.zeros(len(persons))
    wanted = np.zeros(len(persons), dtype=bool)
    wanted[rows] = True
    for t, year in enumerate(world.residence.years):
        here, dwelling = present(world, persons, t)
        young = wanted[here] & (age_on(persons, int(year))[here] <= p.last_exposed_age)
        number[here[young]] += 1
        total[here[young]] += world.history.low_income_share[t][world.residence.buurt[dwelling[young]]]
    return number[rows], total[rows]


def children(world: World, persons: Persons | None = None, parameters: PeopleParameters | None = None) -> pd.DataFrame:
    """Return the children of the panel who are old enough for an adult rank to be known.

    Returns
    -------
    DataFrame
        One row per child seen at home before 18: ``person_id, household_id, birth_year, sex, child_number``,
        ``childhood_years`` (1 Januaries at ages 0 to 17 in the panel), ``low_income_share`` (mean over these of the
        buurt's share), ``exposure`` (sum over these years of 0.1 less that share, over 0.1: what the planted slope
        multiplies), ``parent_income_rank`` (0 to 100, rank of the household's mean log income over all its years
        among these families), ``family_moves`` (between buurten in the panel), ``move_age`` (age of the child, at
        home or not, at the family's only move; missing with none or more), ``years_after_move`` (childhood years in
        the new buurt; missing likewise), ``origin_low_share`` and ``destination_low_share`` (means over the panel
        of the two buurten; missing likewise) and ``adult_rank`` (0 to 100, at age 28).

    Notes
    -----
    Shares change after a move, so that the difference between two buurten times the years after the move is not yet
    the exposure: it is an instrument for it. The design by Chetty and Hendren (doi 10.1093/qje/qjy007) with
    that instrument, given that difference, the origin, the cohort and the age at the move, recovers the slope.
    """
    p = parameters or PeopleParameters()
    persons = persons or draw_persons(world, p)
    first, last = int(world.residence.years[0]), int(world.residence.years[-1])
    old_enough = persons.birth_year + p.measured_age <= last
    young_enough = age_on(persons, 0) + persons.first_year <= p.last_exposed_age
    rows = np.flatnonzero((persons.slot >= _CHILD) & old_enough & young_enough & (persons.birth_year < last))
    years, total = exposure_years(world, persons, rows, p)
    rows, years, total = rows[years > 0], years[years > 0], total[years > 0]
    household = persons.household[rows]
    frame = pd.DataFrame(
        {
            "person_id": persons.person_id[rows],
            "household_id": household_ids(world.households)[household],
            "birth_year": persons.birth_year[rows].astype(np.int64),
            "sex": persons.sex[rows],
            "child_number": persons.slot[rows] - 1,
            "childhood_years": years,
            "low_income_share": total / years,
            "exposure": (years * p.exposure_reference_share - total) / 0.10,
            "parent_income_rank": _parent_ranks(world, household),
        }
    )
    _add_moves(frame, world, household)
    frame["adult_rank"] = adult_ranks(world, persons, rows, years, total, p)
    return frame[frame["birth_year"] > first - p.measured_age].reset_index(drop=True)


def adult_ranks(
    world: World,
    persons: Persons,
    rows: NDArray[np.int64],
    years: NDArray[np.int64],
    total: NDArray[np.float64],
    parameters: PeopleParameters | None = None,
) -> NDArray[np.float64]:
    """Return the adult ranks of some children, linear in exposure and for about one in fifty outside 0 to 100."""
    p = parameters or PeopleParameters()
    household = persons.household[rows]
    income = world.households.permanent_income[household].astype(np.float64) / p.permanent_income_sd
    family = p.family_sd * normal(world.seed, PeoplePurpose.FAMILY, world.households.key[household])
    noise = p.rank_noise_sd * normal(world.seed, PeoplePurpose.RANK_NOISE, persons.person_id[rows])
    expected = 50 + p.parental_rank_slope * 100 * (ndtr(income) - 0.5) + p.selection_points * income
    exposure = -p.exposure_points * (total - years * p.exposure_reference_share) / 0.10
    return np.asarray(expected + family + noise + exposure)


def _parent_ranks(world: World, household: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the rank, 0 to 100, of each child's household by its mean log income, among these households."""
    total, number = np.zeros(len(world.households.key)), np.zeros(len(world.households.key))
    for row, income in zip(world.residence.household, world.residence.log_income, strict=True):
        total[row] += income
        number[row] += 1
    mean = total[household] / number[household]
    families = np.sort(mean[np.unique(household, return_index=True)[1]])
    return np.asarray(100 * (np.searchsorted(families, mean) + 0.5) / max(len(families), 1))


def _add_moves(frame: pd.DataFrame, world: World, household: NDArray[np.int32]) -> None:
    """Add the number of the family's moves, and age, origin and destination where there is just one."""
    moves, size = moves_between_buurten(world), len(world.households.key)
    number = np.bincount(moves.household, minlength=size)
    year, origin, destination = (np.zeros(size, dtype=np.int64) for _ in range(3))
    year[moves.household], origin[moves.household] = moves.year, moves.origin
    destination[moves.household] = moves.destination
    mean = world.history.low_income_share.mean(axis=0)
    once = number[household] == 1
    frame["family_moves"] = number[household]
    frame["move_age"] = np.where(once, year[household] - frame["birth_year"] - 1, np.nan)
    frame["years_after_move"] = np.where(once, _years_after(frame, int(world.residence.years[0])), np.nan)
    frame["origin_low_share"] = np.where(once, mean[origin[household]], np.nan)
    frame["destination_low_share"] = np.where(once, mean[destination[household]], np.nan)


def _years_after(frame: pd.DataFrame, first: int) -> NDArray[np.float64]:
    """Return the childhood years from the family's move on: those in the panel less those before the move."""
    before = frame["move_age"] - np.maximum(0, first - frame["birth_year"] - 1)
    return np.asarray(frame["childhood_years"] - np.clip(before, 0, frame["childhood_years"]), dtype=np.float64)
