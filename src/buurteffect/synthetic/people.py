"""The persons of every household: drawn from the household's own name, so the same in every branch of the world.

A household is a head, a partner for part of its life, and up to four children. All of it follows from the
household's key, the head's year of birth and origin, and the permanent income; when the household enters and
leaves the country only cuts off what is seen of it. Nothing that policy touches enters a draw.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.draws import pair_identity
from buurteffect.synthetic.people_draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.people_parameters import PeopleParameters
from buurteffect.synthetic.stays import dwelling_of
from buurteffect.synthetic.world import Households, World

ROLES = ("head", "partner", "child", "child", "child", "child")
"""Roles in a household by slot; children in order of birth."""

ORIGINS = (
    "netherlands",
    "europe",
    "west_outside_europe",
    "morocco",
    "antilles",
    "suriname",
    "turkey",
    "other_nonwestern",
)
"""Origins. From `morocco` on they are non-Western in the old classification; all but the first two lie outside Europe
in the new one."""

FIRST_NONWESTERN = ORIGINS.index("morocco")
EDUCATIONS = ("low", "middle", "high")
SEXES = ("male", "female")

_HEAD, _PARTNER, _CHILD = 0, 1, 2
_MOST_CHILDREN = 4
_FIRST_LEAVING_AGE = 18
_OLDEST_PARENT = 47
_NEVER = 32_000
_SAME_SEX = 0.03
_EDUCATION_CUTS = (-0.55, 0.5)  # SD of the latent level, born in 1960


@dataclass(frozen=True, eq=False)
class Persons:
    """Every person seen in the panel: arrays over persons, in order of household and of role.

    Attributes
    ----------
    person_id : ndarray of int64
        Name of the person, drawn from the household's key; no number of a real register.
    household : ndarray of int32
        Row of the household in `Households`.
    slot : ndarray of int8
        Position in `ROLES`.
    birth_year : ndarray of int16
    sex, origin, education : ndarray of int8
        Positions in `SEXES`, `ORIGINS` and `EDUCATIONS`; education is what the person ends with.
    first_year, last_year : ndarray of int16
        First and last 1 January of the panel on which the person lived in the household.
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

    def __len__(self) -> int:
        """Return the number of persons."""
        return len(self.person_id)

    def frame(self, world: World) -> pd.DataFrame:
        """Return one row per person, with labels in place of positions."""
        return pd.DataFrame(
            {
                "person_id": self.person_id,
                "household_id": household_ids(world.households)[self.household],
                "role": pd.Categorical.from_codes(np.minimum(self.slot, _CHILD), list(ROLES[: _CHILD + 1])),
                "birth_year": self.birth_year,
                "sex": pd.Categorical.from_codes(self.sex, list(SEXES)),
                "origin": pd.Categorical.from_codes(self.origin, list(ORIGINS)),
                "education": pd.Categorical.from_codes(self.education, list(EDUCATIONS)),
                "first_year": self.first_year,
                "last_year": self.last_year,
            }
        )


def household_ids(households: Households) -> NDArray[np.int64]:
    """Return a name per household that fits a signed integer, made from its key."""
    return (pair_identity(households.key, 0) >> np.uint64(1)).astype(np.int64)


def person_keys(households: Households) -> NDArray[np.uint64]:
    """Return the key of every possible person, shape (households, slots), made from the household's key."""
    return pair_identity(households.key[:, None], np.arange(1, len(ROLES) + 1, dtype=np.uint64)[None, :])


def draw_persons(world: World, parameters: PeopleParameters | None = None) -> Persons:
    """Return the persons of every household of the panel.

    Parameters
    ----------
    world : World
        The country. Only its seed, its households and the years of its panel are used.
    parameters : PeopleParameters, optional
    """
    p, households = parameters or PeopleParameters(), world.households
    union = _unions(world, p)
    birth = _birth_years(world, p, union)
    sex = _sexes(world)
    leaving = _leaving_ages(world, p)
    entry, leave = households.entry_year.astype(np.int64), households.exit_year.astype(np.int64)
    begin, end = np.repeat(entry[:, None], len(ROLES), axis=1), np.repeat(leave[:, None], len(ROLES), axis=1)
    begin[:, _PARTNER] = np.maximum(entry, union[:, 0] + 1)
    end[:, _PARTNER] = np.minimum(leave, union[:, 1] + 1)
    begin[:, _CHILD:] = np.maximum(entry[:, None], birth[:, _CHILD:] + 1)
    end[:, _CHILD:] = np.minimum(leave[:, None], birth[:, _CHILD:] + 1 + leaving)
    first = np.maximum(begin, int(world.residence.years[0]))
    last = np.minimum(end - 1, int(world.residence.years[-1]))
    seen = (first <= last) & (birth < _NEVER)
    household, slot = np.nonzero(seen)
    keys = person_keys(households)
    return Persons(
        person_id=(keys[seen] >> np.uint64(1)).astype(np.int64),
        household=household.astype(np.int32),
        slot=slot.astype(np.int8),
        birth_year=birth[seen].astype(np.int16),
        sex=sex[seen],
        origin=_origins(world, p, sex)[seen],
        education=_educations(world, p, birth, keys)[seen],
        first_year=first[seen].astype(np.int16),
        last_year=last[seen].astype(np.int16),
    )


def _draw(world: World, purpose: PeoplePurpose) -> NDArray[np.float64]:
    """Return uniform draws, one per household."""
    return uniform(world.seed, purpose, world.households.key)


def _normal(world: World, purpose: PeoplePurpose) -> NDArray[np.float64]:
    """Return standard normal draws, one per household."""
    return normal(world.seed, purpose, world.households.key)


def _unions(world: World, p: PeopleParameters) -> NDArray[np.int64]:
    """Return the years in which the partner came and went, shape (households, 2); `_NEVER` without a partner."""
    born = world.households.head_birth_year.astype(np.float64)
    share = np.interp(born, (1940, 1985), (p.union_share_old, p.union_share_young))
    mean = p.union_age_mean + p.union_age_rise * (born - 1950)
    age = np.maximum(18, mean + p.union_age_sd * _normal(world, PeoplePurpose.UNION_AGE))
    apart = _draw(world, PeoplePurpose.SEPARATION) < p.separation_share
    lasts = np.where(
        apart, -p.separation_after_mean * np.log1p(-_draw(world, PeoplePurpose.SEPARATED_AFTER)) + 1, np.inf
    )
    widowed = p.widowed_age_mean + p.widowed_age_sd * _normal(world, PeoplePurpose.WIDOWED)
    until = np.maximum(np.minimum(age + lasts, widowed), age + 1)
    years: NDArray[np.int64] = np.floor(born[:, None] + np.stack([age, until], axis=1)).astype(np.int64)
    years[_draw(world, PeoplePurpose.UNION) >= share] = _NEVER
    return years


def _birth_years(world: World, p: PeopleParameters, union: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return years of birth by slot, shape (households, slots); `_NEVER` where nobody is."""
    born = world.households.head_birth_year.astype(np.int64)
    coupled = union[:, 0] < _NEVER
    u = _draw(world, PeoplePurpose.CHILDREN)
    number = np.where(
        coupled,
        np.searchsorted(np.cumsum(p.children_couple), u),
        np.searchsorted(np.cumsum(p.children_single), u),
    )
    more = world.households.nonwestern & (_draw(world, PeoplePurpose.EXTRA_CHILD) < p.extra_child_nonwestern)
    number = np.minimum(number + more, _MOST_CHILDREN)
    age = (
        p.first_birth_age
        + p.first_birth_rise * (born - 1950)
        + p.first_birth_sd * _normal(world, PeoplePurpose.FIRST_BIRTH)
    )
    first = np.maximum(np.floor(born + np.maximum(age, 18)).astype(np.int64), np.where(coupled, union[:, 0] + 1, 0))
    years = np.full((len(born), len(ROLES)), _NEVER, dtype=np.int64)
    years[:, _HEAD] = born
    years[:, _PARTNER] = np.where(
        coupled, np.floor(born + 3 * _normal(world, PeoplePurpose.PARTNER_AGE)).astype(np.int64), _NEVER
    )
    year = first
    for child in range(_MOST_CHILDREN):
        if child:
            year = (
                year
                + 2
                + np.floor(3 * uniform(world.seed, PeoplePurpose.SPACING, world.households.key, child)).astype(np.int64)
            )
        comes = (child < number) & (year <= born + _OLDEST_PARENT) & (~coupled | (year <= union[:, 1]))
        years[:, _CHILD + child] = np.where(comes, year, _NEVER)
    return years


def _leaving_ages(world: World, p: PeopleParameters) -> NDArray[np.int64]:
    """Return the age at which each child leaves home, shape (households, 4)."""
    u = uniform(world.seed, PeoplePurpose.LEAVING, person_keys(world.households)[:, _CHILD:])
    ages = _FIRST_LEAVING_AGE + np.searchsorted(np.cumsum(p.leaving_shares)[:-1], u)
    return np.asarray(ages, dtype=np.int64)


def _sexes(world: World) -> NDArray[np.int8]:
    """Return the sex by slot; partners of the same sex are rare."""
    u = uniform(world.seed, PeoplePurpose.SEX, person_keys(world.households))
    sex = (u < 0.5).astype(np.int8)
    sex[:, _PARTNER] = np.where(u[:, _PARTNER] < _SAME_SEX, sex[:, _HEAD], 1 - sex[:, _HEAD])
    return sex


def _origins(world: World, p: PeopleParameters, sex: NDArray[np.int8]) -> NDArray[np.int8]:
    """Return the origin by slot; a child has its mother's, or its father's where hers is Dutch."""
    u, nonwestern = _draw(world, PeoplePurpose.ORIGIN), world.households.nonwestern
    mix = np.cumsum(p.nonwestern_mix)[:-1]
    west = np.cumsum([1 - p.europe_share - p.west_outside_europe_share, p.europe_share])
    head = np.where(nonwestern, FIRST_NONWESTERN + np.searchsorted(mix, u), np.searchsorted(west, u))
    same = np.where(head > 0, p.same_origin_partner, 1 - p.mixed_partner_dutch_head)
    other = 1 + np.floor((len(ORIGINS) - 1) * _draw(world, PeoplePurpose.OTHER_ORIGIN)).astype(np.int64)
    partner = np.where(_draw(world, PeoplePurpose.PARTNER_ORIGIN) < same, head, np.where(head > 0, 0, other))
    mother, father = np.where(sex[:, _HEAD] == 1, (head, partner), (partner, head))
    child = np.where(mother > 0, mother, father)
    return np.stack([head, partner, child, child, child, child], axis=1).astype(np.int8)


def _educations(
    world: World, p: PeopleParameters, birth: NDArray[np.int64], keys: NDArray[np.uint64]
) -> NDArray[np.int8]:
    """Return the education by slot: higher with permanent income and year of birth."""
    z = normal(world.seed, PeoplePurpose.EDUCATION, keys)
    income = world.households.permanent_income.astype(np.float64)[:, None] / p.permanent_income_sd
    weight = p.education_income_weight
    level = weight * income + np.sqrt(1 - weight**2) * z + p.education_cohort_rise * (np.minimum(birth, 2000) - 1960)
    return np.asarray(np.searchsorted(_EDUCATION_CUTS, level), dtype=np.int8)


def age_on(persons: Persons, year: int) -> NDArray[np.int64]:
    """Return completed age on 1 January of a year."""
    return np.asarray(year - persons.birth_year.astype(np.int64) - 1)


def present(world: World, persons: Persons, t: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return the rows of the persons in the country at the panel's year at position `t`, and their dwellings."""
    year = int(world.residence.years[t])
    dwelling = dwelling_of(world, t)[persons.household]
    rows = np.flatnonzero((persons.first_year <= year) & (persons.last_year >= year) & (dwelling >= 0))
    return rows, dwelling[rows]


def positions_of(world: World, years: Iterable[int] | None) -> list[int]:
    """Return the positions of some years in the panel, by default of all."""
    if years is None:
        return list(range(len(world.residence.years)))
    wanted = {int(year) for year in years}
    return [t for t, year in enumerate(world.residence.years) if int(year) in wanted]
