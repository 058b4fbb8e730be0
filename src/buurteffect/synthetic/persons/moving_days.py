"""On which day each dwelling is left and entered: dates that no two households, and no building, contradict.

A simulated year knows only who lives where on two 1 Januaries. Whoever moves into a dwelling does so when the former
household is out, and by moving leaves another dwelling behind, so that moves hang together in chains: from a dwelling
that falls free for good to a new household. Along a chain days are drawn at random and put in order; a ring of
households that only trade places moves on one day.

What is demolished is left from January to May and torn down in June; what comes in its place is completed in July and
entered from August on. A household that must leave by May for a dwelling that is free only later is at no address
in between.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.world.draws import pair_identity
from buurteffect.synthetic.world.world import World

LEFT = (1, 149)
"""First and last day on which what is demolished is left, counted from 1 January as 0."""

DEMOLISHED = (152, 180)
"""The same for the demolition: a day of June."""

COMPLETED = (182, 211)
"""The same for the completion of what comes in its place: a day of July."""

ENTERED = (213, 364)
"""The same for the first household in it."""

ANY_DAY = (1, 364)

Ids = NDArray[np.int64]
Flags = NDArray[np.bool_]
Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MovingDays:
    """Days of the year before each 1 January, counted from 0; arrays of shape (years, dwellings).

    Attributes
    ----------
    into, out : ndarray of int16
        Day on which the household of this 1 January came, and on which that of the 1 January before left; 0 where
        nothing changed.
    """

    into: NDArray[np.int16]
    out: NDArray[np.int16]


def draw_moving_days(world: World, objects_of: NDArray[np.int32]) -> MovingDays:
    """Return when each dwelling was left and entered.

    `objects_of`, shape (years, dwellings), is the building in each place (`spells.Objects.of`).
    """
    shape = world.residence.household.shape
    days = MovingDays(np.zeros(shape, dtype=np.int16), np.zeros(shape, dtype=np.int16))
    for t in range(1, shape[0]):
        _draw_year(world, objects_of, t, days)
    return days


def day_between(u: Vector, span: tuple[int, int]) -> Ids:
    """Return a day of a span, its ends included, for uniform draws."""
    return np.asarray(span[0] + np.floor(u * (span[1] - span[0] + 1)), dtype=np.int64)


def _draw_year(world: World, objects_of: NDArray[np.int32], t: int, days: MovingDays) -> None:
    """Fill in the days of the year before the 1 January at position `t`."""
    before, after = world.residence.household[t - 1], world.residence.household[t]
    rebuilt = objects_of[t] != objects_of[t - 1]
    places = np.flatnonzero((before != after) | rebuilt)
    if not len(places):
        return
    comer, leaver, gone = after[places], before[places], rebuilt[places]
    year = int(world.residence.years[t])
    keys = world.households.key
    u_in = uniform(world.seed, PeoplePurpose.MOVE_DAY, pair_identity(keys[comer], year))
    u_out = uniform(world.seed, PeoplePurpose.MOVE_DAY, pair_identity(keys[leaver], year))
    u_early = uniform(world.seed, PeoplePurpose.EARLY_DAY, pair_identity(keys[leaver], year))
    origin = _origins(world, comer, t, places)
    ends = np.ones(len(places), dtype=bool)
    ends[origin[origin >= 0]] = False
    chain, position, ring = _chains(origin, ends, gone, u_in)
    into, first_out = _ordered_days(chain, position, ring, gone, u_in, u_out)
    out = first_out
    out[origin[origin >= 0]] = into[origin >= 0]
    late = gone & (out > LEFT[1])
    out[late] = day_between(u_early[late], LEFT)
    days.into[t, places], days.out[t, places] = into, out


def _origins(world: World, comer: NDArray[np.int32], t: int, places: Ids) -> Ids:
    """Return which of the changed places each comer has left; -1 for a new household."""
    household = world.residence.household[t - 1]
    row = np.full(len(world.households.key), -1)
    row[household[places]] = np.arange(len(places))
    return row[comer]


def _chains(origin: Ids, ends: Flags, gone: Flags, u: Vector) -> tuple[Ids, Ids, Flags]:
    """Return the chain of each place, its position there, and whether the chain is a ring.

    A chain begins where a household has ended; the next place is the one that the comer left. A ring begins at a place
    that is rebuilt, if it holds one.
    """
    chain, position = np.full(len(origin), -1), np.zeros(len(origin), dtype=np.int64)
    _walk(np.flatnonzero(ends), origin, chain, position, 0)
    left = np.flatnonzero(chain < 0)
    ring = chain < 0
    label, jump = np.arange(len(origin)), np.where(origin >= 0, origin, np.arange(len(origin)))
    for _ in range(max(len(left), 1).bit_length()):
        label[left] = np.minimum(label[left], label[jump[left]])
        jump[left] = jump[jump[left]]
    order = left[np.lexsort((u[left], ~gone[left], label[left]))]
    heads = order[np.flatnonzero(np.r_[True, label[order][1:] != label[order][:-1]])] if len(order) else order
    _walk(heads, origin, chain, position, int(ends.sum()))
    return chain, position, ring


def _walk(heads: Ids, origin: Ids, chain: Ids, position: Ids, number: int) -> None:
    """Give a number, from `number` on, to the chains that begin at some places, and positions to all in them."""
    chain[heads] = number + np.arange(len(heads))
    here = heads
    while len(here):
        following = origin[here]
        on = following >= 0
        on[on] = chain[following[on]] < 0
        here, following = here[on], following[on]
        chain[following], position[following] = chain[here], position[here] + 1
        here = following


def _ordered_days(chain: Ids, position: Ids, ring: Flags, gone: Flags, u_in: Vector, u_out: Vector) -> tuple[Ids, Ids]:
    """Return the day on which each place is entered, and on which it is left if it is the first of its chain."""
    number = int(chain.max()) + 1
    first = np.empty(number, dtype=np.int64)
    first[chain[position == 0]] = np.flatnonzero(position == 0)
    never = len(chain) + 1
    cut = np.full(number, never)
    np.minimum.at(cut, chain[gone], position[gone])
    trade = ring & (cut[chain] == never)
    u_in = np.where(trade, u_in[first[chain]], u_in)
    u_first = np.where(trade[first], u_in[first], u_out[first])
    chains, steps = np.r_[np.arange(number), chain], np.r_[np.zeros(number, np.int64), position + 1]
    draws, late = np.r_[u_first, u_in], steps > cut[chains]
    ordered = np.empty(len(draws))
    ordered[np.lexsort((steps, late, chains))] = draws[np.lexsort((draws, late, chains))]
    split = cut[chains] < never
    day = np.where(split, np.where(late, day_between(ordered, ENTERED), day_between(ordered, LEFT)), 0)
    day = np.where(split, day, day_between(ordered, ANY_DAY))
    left = np.zeros(len(chain), dtype=np.int64)
    left[first] = day[:number]
    return day[number:], left
