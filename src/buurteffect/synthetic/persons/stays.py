"""How long a household has lived where it lives, and where it moved from and to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.world.world import Arrival, World

_MEAN_EARLIER_YEARS = 8.0


@dataclass(frozen=True, eq=False)
class Stays:
    """Since when households live where they live: arrays of shape (years, dwellings), first 1 January of the stay.

    Attributes
    ----------
    dwelling_since, buurt_since : ndarray of int16
        First 1 January in this dwelling and in this buurt. For a stay that began before the panel the year is
        drawn, exponential with a mean of 8 years before it and not before the household existed.
    """

    dwelling_since: NDArray[np.int16]
    buurt_since: NDArray[np.int16]


def dwelling_of(world: World, t: int) -> NDArray[np.int32]:
    """Return the dwelling of every household on 1 January of the panel's year at position `t`; -1 where it has none."""
    household = world.residence.household[t]
    dwellings = np.full(len(world.households.key), -1, dtype=np.int32)
    dwellings[household] = np.arange(len(household), dtype=np.int32)
    return dwellings


def draw_stays(world: World) -> Stays:
    """Return since when each dwelling's household lives there and in its buurt."""
    residence, households = world.residence, world.households
    first, buurt = int(residence.years[0]), residence.buurt
    u = uniform(world.seed, PeoplePurpose.EARLIER_YEARS, households.key)
    earlier = np.floor(-_MEAN_EARLIER_YEARS * np.log1p(-u)).astype(np.int64)
    drawn = np.minimum(np.maximum(first - earlier, households.entry_year), first)
    shape = residence.household.shape
    dwelling_since, buurt_since = np.empty(shape, dtype=np.int16), np.empty(shape, dtype=np.int16)
    since = np.full(len(households.key), first, dtype=np.int16)
    since_buurt, place = since.copy(), np.full(len(households.key), -1, dtype=np.int32)
    for t, year in enumerate(residence.years):
        row = residence.household[t]
        start = np.where(residence.arrival[t] == Arrival.STAYED, drawn[row], first) if t == 0 else int(year)
        arrived = np.ones(len(row), dtype=bool) if t == 0 else row != residence.household[t - 1]
        entered = arrived & (place[row] != buurt)
        since[row] = np.where(arrived, start, since[row])
        since_buurt[row] = np.where(entered, start, since_buurt[row])
        place[row] = buurt
        dwelling_since[t], buurt_since[t] = since[row], since_buurt[row]
    return Stays(dwelling_since, buurt_since)
