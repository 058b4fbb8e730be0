"""Who was registered where from which day to which: the simulated years as spells with dates.

A simulated year knows only where everybody lives on 1 January. A move that shows on 1 January of year *t* happened on
a day of *t* - 1. Households move on the days of `moving_days`, their members with them; births, deaths and who joins
or leaves a household that stays have days of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.persons.moving_days import COMPLETED, DEMOLISHED, MovingDays, day_between, draw_moving_days
from buurteffect.synthetic.persons.persons import Persons
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.world import World

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
        Row in `Persons`; a person has one in every household he or she lived in.
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


def own_day(world: World, names: Ids, year: Ids) -> Days:
    """Return a day of the year before `year`, its 1 January left out, drawn for a person."""
    u = uniform(world.seed, PeoplePurpose.MOVE_DAY, pair_identity(names.astype(np.uint64), year))
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


def completed_year(world: World, objects: Objects) -> Ids:
    """Return the year in which each building was completed; what stood at the panel's start is no younger than that."""
    years = world.residence.years.astype(np.int64)
    built = world.residence.built_year[objects.last, objects.place].astype(np.int64)
    return np.where(objects.first > 0, years[objects.first] - 1, np.minimum(built, years[0] - 1))


def building_days(world: World, objects: Objects) -> tuple[Days, Days]:
    """Return the days of completion and demolition of each building; the second is -1 where it stands."""
    years, built = world.residence.years.astype(np.int64), completed_year(world, objects)
    u = uniform(world.seed, PeoplePurpose.OBJECT, objects.place.astype(np.uint64))
    completed = first_day(built) + np.where(objects.first > 0, day_between(u, COMPLETED), np.floor(u * 364).astype(int))
    demolished = first_day(years[objects.last]) + day_between(u, DEMOLISHED)
    return completed, np.where(objects.last < len(years) - 1, demolished, -1)


@dataclass(frozen=True, eq=False)
class _Stays:
    """Stays of households at objects, in order of household; days are those on which they came and left."""

    household: Ids
    object: Ids
    begin: Ids
    end: Ids
    came: Days
    left: Days


def address_spells(world: World, persons: Persons, objects: Objects) -> Spells:
    """Return the stays of all persons; a few are cut in two by the register, back to back at one object."""
    stays = _household_stays(world, objects, draw_moving_days(world, objects.of))
    years = world.residence.years.astype(np.int64)
    low = np.searchsorted(stays.household, persons.household, side="left")
    count = np.searchsorted(stays.household, persons.household, side="right") - low
    person = np.repeat(np.arange(len(persons)), count)
    stay = np.repeat(low, count) + np.arange(len(person)) - np.repeat(np.cumsum(count) - count, count)
    first = np.maximum(years[stays.begin[stay]], persons.first_year[person])
    last = np.minimum(years[stays.end[stay]], persons.last_year[person])
    here = np.flatnonzero(first <= last)
    here = here[np.lexsort((first[here], persons.numbers()[0][person[here]]))]
    person, stay, first, last = person[here], stay[here], first[here], last[here]
    name = persons.person_id[person]
    joins, parts = first > years[stays.begin[stay]], last < years[stays.end[stay]]
    start = np.where(joins, own_day(world, name, first), stays.came[stay])
    left = np.where(parts, own_day(world, name, last + 1), stays.left[stay])
    goes = np.flatnonzero((name[1:] == name[:-1]) & (persons.household[person[1:]] != persons.household[person[:-1]]))
    # Who goes on to another household leaves when it is entered, and no later than the household that is left, unless
    # the new household takes over the old one's dwelling.
    start[goes + 1] = np.where(joins[goes + 1] & ~parts[goes], np.minimum(start[goes + 1], left[goes]), start[goes + 1])
    stays_on = parts[goes] | (stays.object[stay[goes]] == stays.object[stay[goes + 1]])
    left[goes] = np.where(stays_on, start[goes + 1], np.minimum(left[goes], start[goes + 1]))
    start = np.where(first == years[0], first_day(int(years[0])), start)
    finish = np.where(last == years[-1], first_day(int(years[-1])), left - 1)
    return _cut(world, persons, Spells(person, stays.object[stay], start, finish))


def _household_stays(world: World, objects: Objects, days: MovingDays) -> _Stays:
    """Return every stay of a household at an object."""
    household, years = world.residence.household, world.residence.years.astype(np.int64)
    new = np.ones(household.shape, dtype=bool)
    new[1:] = (household[1:] != household[:-1]) | (objects.of[1:] != objects.of[:-1])
    place, begin = np.nonzero(new.T)
    following = np.append(begin[1:], 0)
    end = np.where(np.append(place[1:] != place[:-1], True), len(household), following) - 1
    came = first_day(years[begin] - 1) + days.into[begin, place]
    left = first_day(years[end]) + days.out[np.minimum(end + 1, len(household) - 1), place]
    who = household[begin, place].astype(np.int64)
    order = np.argsort(who, kind="stable")
    rows = (who, objects.of[begin, place].astype(np.int64), begin, end, came, left)
    return _Stays(*(values[order] for values in rows))


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
    order = np.lexsort((start, persons.numbers()[0][person]))
    return Spells(person[order], obj[order], start[order], end[order])
