"""The persons of every household: drawn from the households' own names, so the same in every branch of the world.

What a household's name says of its members stands in `families`, who goes on from one household to another in
`succession`. Nothing that policy touches enters either.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.families import NEVER, ROLES, draw_families, person_keys
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.stays import dwelling_of
from buurteffect.synthetic.persons.succession import draw_succession
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.world import Households, World

EDUCATIONS = ("low", "middle", "high")
ENDS = ("still there", "moved on", "died", "left the country")
"""How a person's time in a household ends; the first also stands for what goes on at the panel's end."""

_EDUCATION_CUTS = (-0.55, 0.5)  # SD of the latent level, born in 1960


@dataclass(frozen=True, eq=False)
class Persons:
    """Every person seen in the panel: one row per person and household, in order of household and of role.

    A child who leaves home for a household of its own has a row in both, and so has a partner who separates and
    goes on elsewhere. On a 1 January nobody is in more than one.

    Attributes
    ----------
    person_id : ndarray of int64
        Name of the person, drawn from the key of the household of birth or entry; no number of a real register. The
        same in every household of a person.
    household : ndarray of int32
        Row of the household in `Households`.
    slot : ndarray of int8
        Position in `families.ROLES`.
    birth_year : ndarray of int16
    sex, origin, education : ndarray of int8
        Positions in `SEXES`, `ORIGINS` and `EDUCATIONS`; education is what the person ends with.
    first_year, last_year : ndarray of int16
        First and last 1 January of the panel on which the person lived in the household.
    ends : ndarray of int8
        Position in `ENDS` of what followed the last.
    """

    person_id: NDArray[np.int64]
    household: NDArray[np.int32]
    slot: NDArray[np.int8]
    birth_year: NDArray[np.int16]
    sex: NDArray[np.int8]
    origin: NDArray[np.int8]
    education: NDArray[np.int8]
    first_year: NDArray[np.int16]
    last_year: NDArray[np.int16]
    ends: NDArray[np.int8]

    def __len__(self) -> int:
        """Return the number of rows, one per person and household."""
        return len(self.person_id)

    def numbers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the number of each row's person, by rank of name, and a first row of every person."""
        _, first, number = np.unique(self.person_id, return_index=True, return_inverse=True)
        return number, first


def household_ids(households: Households) -> NDArray[np.int64]:
    """Return a name per household that fits a signed integer, made from its key."""
    return (pair_identity(households.key, 0) >> np.uint64(1)).astype(np.int64)


def draw_persons(world: World, parameters: PeopleParameters | None = None) -> Persons:
    """Return the persons of every household of the panel; only seed, households and years of the country are used."""
    p, households = parameters or PeopleParameters(), world.households
    families = draw_families(world, p)
    lives = draw_succession(world, families, p)
    panel_end = int(world.residence.years[-1])
    begin, birth = families.begin.ravel(), families.birth.ravel()
    first = np.maximum(begin, int(world.residence.years[0]))
    last = np.minimum(lives.end - 1, panel_end)
    place = np.flatnonzero((first <= last) & (birth < NEVER))
    person = lives.person[place]
    rise = p.education_cohort_rise * (np.minimum(birth[person], 2000) - 1960)
    gone = np.where(families.dies.ravel()[place], ENDS.index("died"), ENDS.index("left the country"))
    gone = np.where(lives.moved[place], ENDS.index("moved on"), gone)
    return Persons(
        person_id=(person_keys(households).ravel()[person] >> np.uint64(1)).astype(np.int64),
        household=(place // len(ROLES)).astype(np.int32),
        slot=(place % len(ROLES)).astype(np.int8),
        birth_year=birth[person].astype(np.int16),
        sex=lives.sex[person],
        origin=lives.origin[person],
        education=np.searchsorted(_EDUCATION_CUTS, lives.level[person] + rise).astype(np.int8),
        first_year=first[place].astype(np.int16),
        last_year=last[place].astype(np.int16),
        ends=np.where(lives.end[place] > panel_end, ENDS.index("still there"), gone).astype(np.int8),
    )


def age_on(persons: Persons, year: int) -> NDArray[np.int64]:
    """Return completed age on 1 January of a year."""
    return np.asarray(year - persons.birth_year.astype(np.int64) - 1)


def present(world: World, persons: Persons, t: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the rows of the persons in the country at the panel's year at position `t`, and their dwellings."""
    year = int(world.residence.years[t])
    dwelling = dwelling_of(world, t)[persons.household]
    rows = np.flatnonzero((persons.first_year <= year) & (persons.last_year >= year) & (dwelling >= 0))
    return rows, dwelling[rows]
