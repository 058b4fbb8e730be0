"""Households as they stand in one year: their size, the income of each member, and what they own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, household_normal
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons
from buurteffect.synthetic.world.world import Tenure, World

_SHARES_BY_SLOT = np.array([1.0, 0.7, 0.3, 0.3, 0.3, 0.3])
_CHILD = 2
_FIRST_INCOME_AGE = 16
_EXTRA_ADULT, _FIRST_CHILD, _LATER_CHILD = 0.37, 0.33, 0.22

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Composition:
    """Who lives in each dwelling: arrays over dwellings.

    Attributes
    ----------
    size, children : ndarray of int
        Persons, and children living with a parent whatever their age.
    equivalence : ndarray of float
        Factor by which disposable income is divided to make it comparable: 1 for one adult, 0.37 more for each
        further one, 0.33 for a first child under 18 and 0.22 for every next.
    """

    size: NDArray[np.int64]
    children: NDArray[np.int64]
    equivalence: Vector


def composition(
    persons: Persons,
    rows: NDArray[np.int64],
    dwelling: NDArray[np.int32],
    age: NDArray[np.int64],
    dwellings: int,
) -> Composition:
    """Return who lives in each dwelling, from the rows, dwellings and ages of the persons of one year."""
    size = np.bincount(dwelling, minlength=dwellings)
    children = np.bincount(dwelling[persons.slot[rows] >= _CHILD], minlength=dwellings)
    minors = np.bincount(dwelling[age < 18], minlength=dwellings)
    adults = size - minors
    factor = 1 + _EXTRA_ADULT * np.maximum(adults - 1, 0)
    factor = factor + _FIRST_CHILD * (minors > 0) + _LATER_CHILD * np.maximum(minors - 1, 0)
    return Composition(size, children, factor)


def personal_incomes(
    persons: Persons,
    rows: NDArray[np.int64],
    dwelling: NDArray[np.int32],
    age: NDArray[np.int64],
    income_eur: Vector,
    shape: Composition,
    parameters: PeopleParameters,
) -> tuple[Vector, NDArray[np.bool_]]:
    """Return the personal income of each person of one year in euro, and who has any.

    The household's disposable income is divided over the members of 16 and older, the head most; personal income is
    before tax, so higher by a factor. `income_eur` is the standardised income of each dwelling's household.
    """
    receives = age >= _FIRST_INCOME_AGE
    part = np.where(receives, _SHARES_BY_SLOT[persons.slot[rows]], 0.0)
    whole = np.bincount(dwelling, weights=part, minlength=len(income_eur))
    before_tax = parameters.personal_over_disposable * income_eur * shape.equivalence
    each = np.divide(before_tax, whole, out=np.zeros(len(income_eur)), where=whole > 0)
    return np.asarray(part * each[dwelling]), receives


def wealth(world: World, t: int, parameters: PeopleParameters) -> Vector:
    """Return the wealth of each dwelling's household in euro: savings, and for owners what of the house is paid off."""
    p, household = parameters, world.residence.household[t]
    age = np.clip(world.residence.years[t] - world.households.head_birth_year[household], 20, 90)
    income = np.exp(world.residence.log_income[t].astype(np.float64))
    z = household_normal(world, PeoplePurpose.WEALTH)[household]
    savings = p.savings_share * income * (age / 45.0) ** 1.5 * np.exp(p.savings_sd * z)
    value = np.exp(world.history.log_woz[t])[world.residence.buurt]
    paid = np.interp(age, (25, 70), (p.paid_off_young, p.paid_off_old))
    return np.asarray(savings + np.where(world.residence.tenure[t] == Tenure.OWNER, paid * value, 0.0))
