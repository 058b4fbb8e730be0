r"""What becomes of persons: work and benefits, and the adult ranks of children.

Work is a probit on permanent income, age and the crisis, never on where somebody lives. The adult rank of a child is

.. math:: r_i = 50 + s (q_f - 50) + g a_f + F_f + e_i - b \sum_{t: 0 ≤ age ≤ 17} (L_{it} - L_0) / 0.1,

with the family's rank *q* and standardised permanent income *a*, an effect *F* that siblings share, and the share
of low incomes *L* of the buurt in each year of childhood that the panel holds. Families with a high permanent
income end up in better buurten, so that a comparison of children across buurten exceeds *b*; a comparison of
children who made the same move at another age does not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from buurteffect.synthetic.persons.draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons, age_on, present
from buurteffect.synthetic.world.world import World, lowest

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
    return lowest(world.residence.log_income[t], share)


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

    `works` and `low` say whether each person works, and whether the household has a low income.
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
