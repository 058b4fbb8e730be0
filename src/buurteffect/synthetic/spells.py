"""Who was registered where from which day to which: the simulated years as spells with dates.

A simulated year knows only where everybody lives on 1 January. A move that shows on 1 January of year *t* happened on
a day of *t* - 1 that is drawn for the household, so that its members move together; births, departures and
completed buildings likewise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.draws import pair_identity
from buurteffect.synthetic.people import Persons
from buurteffect.synthetic.people_draws import PeoplePurpose, uniform
from buurteffect.synthetic.world import World

ADMINISTRATIVE_SHARE = 0.04
"""Share of the spells of more than a year that the register cuts in two at one dwelling."""

Days = NDArray[np.int64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Objects:
    """Dwellings as buildings: what is built in the place of another is another object.

    Attributes
    ----------
    of : ndarray of int32, shape (years, dwellings)
        Object that stands in each place.
    place : ndarray of int64
        Dwelling (its place in `Residence`) of each object.
    first, last : ndarray of int64
        Positions of the first and last 1 January on which it stands; a first of 0 was there before the panel.
    """

    of: NDArray[np.int32]
    place: Ids
    first: Ids
    last: Ids


@dataclass(frozen=True, eq=False)
class Spells:
    """Stays of persons at objects, in order of person and day.

    Attributes
    ----------
    person : ndarray of int64
        Row in `Persons`.
    object : ndarray of int64
        Row in `Objects`.
    start, end : ndarray of int64
        First and last day, counted from 1970.
    """

    person: Ids
    object: Ids
    start: Days
    end: Days


def first_day(year: NDArray[np.int64] | int) -> Days:
    """Return 1 January of some years as days from 1970."""
    years = (np.asarray(year, dtype=np.int64) - 1970).astype("datetime64[Y]")
    return np.asarray(years.astype("datetime64[D]").astype(np.int64))


def day_before(world: World, keys: NDArray[np.uint64], year: NDArray[np.int64]) -> Days:
    """Return a day from 2 January to the end of the year before `year`, drawn by key and year."""
    u = uniform(world.seed, PeoplePurpose.MOVE_DAY, pair_identity(keys, year))
    return np.asarray(first_day(year - 1) + 1 + np.floor(u * 363).astype(np.int64))


def building_objects(world: World) -> Objects:
    """Return the objects that stood in the places of the panel."""
    built = world.residence.built_year
    new = np.zeros(built.shape, dtype=bool)
    new[1:] = built[1:] != built[:-1]
    generation = np.cumsum(new, axis=0)
    offset = np.concatenate([[0], np.cumsum(generation[-1] + 1)[:-1]])
    of = (offset[None, :] + generation).astype(np.int32)
    number = int(of[-1, -1]) + 1 if of.size else 0
    years, places = np.indices(of.shape)
    first, last, place = np.full(number, len(built)), np.zeros(number, dtype=np.int64), np.zeros(number, dtype=np.int64)
    np.minimum.at(first, of.ravel(), years.ravel())
    np.maximum.at(last, of.ravel(), years.ravel())
    place[of.ravel()] = places.ravel()
    return Objects(of, place, first, last)


def address_spells(world: World, persons: Persons, objects: Objects) -> Spells:
    """Return the stays of some persons; a few are cut in two by the register, back to back at one object."""
    household, obj, begin, end = _household_stays(world, objects)
    years = world.residence.years.astype(np.int64)
    order = np.argsort(household, kind="stable")
    household, obj, begin, end = household[order], obj[order], begin[order], end[order]
    low = np.searchsorted(household, persons.household, side="left")
    count = np.searchsorted(household, persons.household, side="right") - low
    person = np.repeat(np.arange(len(persons)), count)
    stay = np.repeat(low, count) + np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    first = np.maximum(years[begin[stay]], persons.first_year[person])
    last = np.minimum(years[end[stay]], persons.last_year[person])
    here = first <= last
    person, stay, first, last = person[here], stay[here], first[here], last[here]
    family, own = world.households.key[persons.household[person]], persons.person_id[person].astype(np.uint64)
    comes_late, goes_early = first > years[begin[stay]], last < years[end[stay]]
    start = np.where(comes_late, day_before(world, own, first), day_before(world, family, first))
    finish = np.where(goes_early, day_before(world, own, last + 1), day_before(world, family, last + 1) - 1)
    start = np.where(first == years[0], first_day(int(years[0])), start)
    finish = np.where(last == years[-1], first_day(int(years[-1])), finish)
    return _cut(world, persons, Spells(person, obj[stay], start, finish))


def _household_stays(world: World, objects: Objects) -> tuple[Ids, Ids, Ids, Ids]:
    """Return household, object, first and last position of every stay of a household at an object."""
    household = world.residence.household
    new = np.ones(household.shape, dtype=bool)
    new[1:] = (household[1:] != household[:-1]) | (objects.of[1:] != objects.of[:-1])
    place, begin = np.nonzero(new.T)
    following = np.append(begin[1:], 0)
    last_of_place = np.append(place[1:] != place[:-1], True)
    end = np.where(last_of_place, len(household), following) - 1
    return household[begin, place].astype(np.int64), objects.of[begin, place].astype(np.int64), begin, end


def _cut(world: World, persons: Persons, spells: Spells) -> Spells:
    """Cut some spells of more than a year in two, and sort all by person and day."""
    long = spells.end - spells.start > 400
    key = pair_identity(persons.person_id[spells.person], spells.start)
    u = uniform(world.seed, PeoplePurpose.ADMINISTRATIVE, key)
    cut = np.flatnonzero(long & (u < ADMINISTRATIVE_SHARE))
    length = spells.end[cut] - spells.start[cut]
    middle = spells.start[cut] + 30 + np.floor(u[cut] / ADMINISTRATIVE_SHARE * (length - 60)).astype(np.int64)
    end = spells.end.copy()
    end[cut] = middle - 1
    person = np.concatenate([spells.person, spells.person[cut]])
    obj = np.concatenate([spells.object, spells.object[cut]])
    start = np.concatenate([spells.start, middle])
    end = np.concatenate([end, spells.end[cut]])
    order = np.lexsort((start, person))
    return Spells(person[order], obj[order], start[order], end[order])
