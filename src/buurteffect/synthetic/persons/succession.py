"""Who takes whose place: grown children and separated partners go on as heads and partners of other households.

A household begins with a head of a given year of birth and origin, and has an opening for a partner from a given
year on. Both are filled, year by year, from those in the country who are free: grown children at home and partners
who separate. What an opening does not find comes from abroad, and who finds no opening in time goes abroad.

Nothing here knows where anybody lives. It follows from the names of households, the years in which they begin and
end and their permanent incomes, which are the same in every branch of a world.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, household_uniform, normal, uniform
from buurteffect.synthetic.persons.families import CHILD, HEAD, NEVER, PARTNER, ROLES, Families, person_keys
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.world.world import World

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
SEXES = ("male", "female")
_FEMALE = SEXES.index("female")
_SAME_SEX = 0.03
_SLOTS = len(ROLES)
_AGE_STEPS = (0, -1, 1, -2, 2)

Ids = NDArray[np.int64]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Succession:
    """Who holds each place.

    A place is a household's row times `len(ROLES)` plus a slot. A person's number is the place of birth or entry.

    Attributes
    ----------
    person : ndarray of int64, shape (places,)
        Person in each place: itself, unless somebody from another household of the country has taken it.
    end : ndarray of int64, shape (places,)
        First 1 January on which that person is not there any more.
    moved : ndarray of bool, shape (places,)
        Whether that is because another household has taken him or her.
    sex, origin : ndarray of int8, shape (places,)
        Of the person of each number.
    level : ndarray of float, shape (places,)
        Latent level of education of the person of each number, standard normal within a cohort.
    """

    person: Ids
    end: Ids
    moved: NDArray[np.bool_]
    sex: NDArray[np.int8]
    origin: NDArray[np.int8]
    level: Vector


def draw_succession(world: World, families: Families, p: PeopleParameters) -> Succession:
    """Return who holds each place in the years of the panel."""
    register = _Register(world, families, p)
    for year in range(int(world.residence.years[0]) + 1, int(world.residence.years[-1]) + 1):
        register.fill_heads(year)
        register.fill_partners(year)
    register.inherit(np.arange(len(families.birth)))
    return Succession(
        register.person, register.end, register.moved, register.sex.ravel(), register.origin.ravel(), register.level
    )


class _Register:
    """The places of all households while the years pass."""

    def __init__(self, world: World, families: Families, p: PeopleParameters) -> None:
        """Begin with everybody in the place where his or her own household has them."""
        self._world, self._families, self._p = world, families, p
        self._entry = world.households.entry_year.astype(np.int64)
        self._exit = world.households.exit_year.astype(np.int64)
        keys = person_keys(world.households)
        self._income = world.households.permanent_income.astype(np.float64) / p.permanent_income_sd
        weight = p.education_income_weight
        z = normal(world.seed, PeoplePurpose.EDUCATION, keys)
        self.level = (weight * self._income[:, None] + np.sqrt(1 - weight**2) * z).ravel()
        self._birth, self._begin = families.birth.ravel(), families.begin.ravel()
        self.person, self.end = np.arange(keys.size), families.end.ravel().copy()
        self.moved = np.zeros(keys.size, dtype=bool)
        self._turn = uniform(world.seed, PeoplePurpose.TURN, keys).ravel()
        self._like = normal(world.seed, PeoplePurpose.LIKENESS, keys).ravel()
        self._sex_draw = uniform(world.seed, PeoplePurpose.SEX, keys)
        self.sex = (self._sex_draw < 0.5).astype(np.int8)
        self.origin = np.zeros(keys.shape, dtype=np.int8)
        self.origin[:, HEAD] = _head_origins(world, p)
        self._partner_draw = household_uniform(world, PeoplePurpose.PARTNER_ORIGIN)
        self._other_draw = household_uniform(world, PeoplePurpose.OTHER_ORIGIN)
        self._match_partners(np.arange(len(keys)))
        free = families.free.ravel()
        there = (free < NEVER) & (self._birth < NEVER) & (free > self._begin) & (free <= self.end)
        self._seekers = np.flatnonzero(there)
        self._free = free[self._seekers]

    def fill_heads(self, year: int) -> None:
        """Let those who are free become heads of the households that begin on a 1 January."""
        households = np.flatnonzero((self._entry == year) & ~self._families.abroad)
        pool, person = self._pool(year)
        kin = (self.origin.ravel()[person] >= FIRST_NONWESTERN).astype(np.int64)
        asked = self._world.households.nonwestern[households].astype(np.int64)
        places = households * _SLOTS + HEAD
        offers, takers = self._pair(
            self._birth[places] * 2 + asked, self._birth[person] * 2 + kin, places, pool, person, year
        )
        self._take(places[offers], pool[takers], year)
        self._match_partners(households[offers])

    def fill_partners(self, year: int) -> None:
        """Let those who are free become partners where there is an opening for one on a 1 January."""
        places = np.arange(PARTNER, self._begin.size, _SLOTS)
        opens = (self._begin[places] == year) & (self.end[places] > year) & (self._birth[places] < NEVER)
        opens &= ~self._families.abroad[places // _SLOTS] | (self._entry[places // _SLOTS] < year)
        places = places[opens]
        kinds, sexes = self.origin.ravel().astype(np.int64), self.sex.ravel().astype(np.int64)
        for step in _AGE_STEPS:
            pool, person = self._pool(year)
            asked = ((self._birth[places] + step) * len(ORIGINS) + kinds[places]) * 2 + sexes[places]
            given = (self._birth[person] * len(ORIGINS) + kinds[person]) * 2 + sexes[person]
            offers, takers = self._pair(asked, given, places, pool, person, year)
            strangers = ~self._related(self.person[places[offers] - PARTNER], person[takers])
            offers, takers = offers[strangers], takers[strangers]
            self._take(places[offers], pool[takers], year)
            places = np.delete(places, offers)

    def inherit(self, households: Ids) -> None:
        """Give children their origin: their mother's, or their father's where hers is Dutch."""
        head, partner = (self.person[households * _SLOTS + slot] for slot in (HEAD, PARTNER))
        woman = self.sex.ravel()[head] == _FEMALE
        kinds = self.origin.ravel()
        mother, father = kinds[np.where(woman, head, partner)], kinds[np.where(woman, partner, head)]
        self.origin[households, CHILD:] = np.where(mother > 0, mother, father)[:, None]

    def _match_partners(self, households: Ids) -> None:
        """Set origin and sex of the partner whom each of some households has or seeks, given its head."""
        p, head = self._p, self.person[households * _SLOTS + HEAD]
        origin, sex = self.origin.ravel()[head].astype(np.int64), self.sex.ravel()[head]
        same = self._partner_draw[households] < np.where(
            origin > 0, p.same_origin_partner, 1 - p.mixed_partner_dutch_head
        )
        other = 1 + np.floor((len(ORIGINS) - 1) * self._other_draw[households]).astype(np.int64)
        self.origin[households, PARTNER] = np.where(same, origin, np.where(origin > 0, 0, other))
        alike = self._sex_draw[households, PARTNER] < _SAME_SEX
        self.sex[households, PARTNER] = np.where(alike, sex, 1 - sex)

    def _pool(self, year: int) -> tuple[Ids, Ids]:
        """Return the places, and the persons in them, that another household may take on a 1 January."""
        places = self._seekers[(self._free <= year) & ~self.moved[self._seekers]]
        places = places[(self._begin[places] < year) & (self.end[places] >= year)]
        self.inherit(places[places % _SLOTS >= CHILD] // _SLOTS)
        return places, self.person[places]

    def _pair(self, asked: Ids, given: Ids, places: Ids, pool: Ids, person: Ids, year: int) -> tuple[Ids, Ids]:
        """Return rows of openings and of seekers that go together: of one code, and alike in income and education.

        Who must leave this year is first in line; otherwise the turn is drawn.
        """
        weight = self._p.education_income_weight
        wanted = weight * self._income[places // _SLOTS] + np.sqrt(1 - weight**2) * self._like[places]
        first = self._turn[person] - (self.end[pool] == year)
        return assortative_pairs(asked, given, self._turn[places], first, wanted, self.level[person])

    def _related(self, one: Ids, other: Ids) -> NDArray[np.bool_]:
        """Return whether two persons are siblings or half-siblings, or one is a parent of the other."""
        mine, theirs = self._parents(one), self._parents(other)
        found = (mine[:, :, None] == theirs[:, None, :]).any(axis=(1, 2))
        return np.asarray(found | (mine == other[:, None]).any(axis=1) | (theirs == one[:, None]).any(axis=1))

    def _parents(self, person: Ids) -> Ids:
        """Return the parents of persons; a person without any in the country has numbers of no one's."""
        home = person // _SLOTS * _SLOTS
        known = np.stack([self.person[home + HEAD], self.person[home + PARTNER]], axis=1)
        nobody = -1 - np.stack([2 * person, 2 * person + 1], axis=1)
        return np.where((person % _SLOTS >= CHILD)[:, None], known, nobody)

    def _take(self, places: Ids, pool: Ids, year: int) -> None:
        """Let the persons in some places take others."""
        self.person[places] = self.person[pool]
        self.end[pool], self.moved[pool] = year, True


def assortative_pairs(
    asked: Ids, given: Ids, first_asked: Vector, first_given: Vector, like_asked: Vector, like_given: Vector
) -> tuple[Ids, Ids]:
    """Return the rows of two lists that are paired: within a code the first of both, in the order of likeness."""
    _, code = np.unique(np.concatenate([asked, given]), return_inverse=True)
    codes = code[: len(asked)], code[len(asked) :]
    number = int(code.max(initial=-1)) + 1
    most = np.minimum(*(np.bincount(some, minlength=number) for some in codes))
    rows = []
    for some, first, like in zip(codes, (first_asked, first_given), (like_asked, like_given), strict=True):
        order = np.lexsort((first, some))
        place = np.arange(len(some)) - np.searchsorted(some[order], some[order], side="left")
        chosen = order[place < most[some[order]]]
        rows.append(chosen[np.lexsort((like[chosen], some[chosen]))])
    return rows[0], rows[1]


def _head_origins(world: World, p: PeopleParameters) -> NDArray[np.int8]:
    """Return the origin of a head who comes from abroad, or was there before the panel."""
    u = household_uniform(world, PeoplePurpose.ORIGIN)
    mix = np.cumsum(p.nonwestern_mix)[:-1]
    west = np.cumsum([1 - p.europe_share - p.west_outside_europe_share, p.europe_share])
    found = np.where(world.households.nonwestern, FIRST_NONWESTERN + np.searchsorted(mix, u), np.searchsorted(west, u))
    return found.astype(np.int8)
