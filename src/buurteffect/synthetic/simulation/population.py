"""Households: their incomes, origin and age, how they end and which ones follow.

Nothing here depends on where anybody lives, apart from the effect on incumbents' incomes that one scenario switches
on. Each household holds one of a fixed number of slots; when it ends, another takes its slot. A slot and a year name
a household, in every branch of a world alike.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import PopulationParameters


@dataclass(frozen=True, eq=False)
class People:
    """The households of one 1 January, shape (slots,) each.

    Attributes
    ----------
    permanent, changing : ndarray of float
        The two parts of log income, without the country's mean.
    birth_year, entry_year : ndarray of int16
        Of the head, and of the household.
    nonwestern : ndarray of bool
        Origin of the head.
    gain : ndarray of float
        Log income that restructuring has given the household.
    """

    permanent: NDArray[np.float64]
    changing: NDArray[np.float64]
    birth_year: NDArray[np.int16]
    entry_year: NDArray[np.int16]
    nonwestern: NDArray[np.bool_]
    gain: NDArray[np.float64]

    def log_income(self, parameters: PopulationParameters, year: int) -> NDArray[np.float64]:
        """Return log standardised income in euro."""
        income = self.permanent + self.changing
        income += parameters.log_income_2000 + parameters.growth * (year - 2000) + _crisis(parameters, year)
        income += self.gain
        return income


def first_people(parameters: PopulationParameters, draws: Draws, slots: int, year: int) -> People:
    """Return the households with which the simulation begins."""
    slot = np.arange(slots, dtype=np.uint64)
    nonwestern = draws.uniform(year, Purpose.ORIGIN, slot) < parameters.nonwestern_entry_1960
    age = 22 + 55 * draws.uniform(year, Purpose.AGE, slot)
    spread = parameters.shock_sd / np.sqrt(1 - parameters.persistence**2)
    return People(
        permanent=_permanent(parameters, draws, slot, nonwestern, year),
        changing=spread * draws.normal(year, Purpose.INCOME_SHOCK, slot),
        birth_year=(year - age).astype(np.int16),
        entry_year=np.full(slots, year, dtype=np.int16),
        nonwestern=nonwestern,
        gain=np.zeros(slots),
    )


def renew(
    people: People, parameters: PopulationParameters, draws: Draws, year: int
) -> tuple[People, NDArray[np.bool_]]:
    """Let households end in a year and give their slots to new ones, there on the next 1 January.

    Returns
    -------
    People
        With the new households in place.
    ndarray of bool
        The slots that got a new household.
    """
    slots = np.arange(len(people.permanent), dtype=np.uint64)
    age = np.arange(year - int(people.birth_year.max()), year - int(people.birth_year.min()) + 1)
    hazard = dissolution_hazard(parameters, age)
    ended = draws.uniform(year, Purpose.DISSOLUTION, slots) < hazard[year - people.birth_year - int(age[0])]
    slot = slots[ended]
    nonwestern = draws.uniform(year, Purpose.ORIGIN, slot) < _nonwestern_entry(parameters, year)
    where = np.flatnonzero(ended)
    permanent, changing = people.permanent.copy(), people.changing.copy()
    birth_year, entry_year = people.birth_year.copy(), people.entry_year.copy()
    origin, gain = people.nonwestern.copy(), people.gain.copy()
    permanent[where] = _permanent(parameters, draws, slot, nonwestern, year)
    changing[where] = parameters.entrant_gap
    birth_year[where] = year - _entry_age(parameters, draws, slot, year)
    entry_year[where] = year + 1
    origin[where] = nonwestern
    gain[where] = 0.0
    return People(permanent, changing, birth_year, entry_year, origin, gain), ended


def dissolution_hazard(parameters: PopulationParameters, age: NDArray[np.int64]) -> NDArray[np.float64]:
    r"""Return the yearly hazard that a household ends, by the age of its head; certain, 1, for the very oldest.

    .. math:: h(a) = h_{27} \exp(0.06 (a - 27) + 0.09 \max(a - 85, 0)),

    with the default parameters. The second term keeps heads from growing older than anybody does.
    """
    log_hazard = parameters.dissolution_growth * (age - 27.0)
    log_hazard += parameters.dissolution_growth_after_85 * np.maximum(age - 85.0, 0.0)
    return np.asarray(np.minimum(parameters.dissolution_at_27 * np.exp(log_hazard), 1.0), dtype=np.float64)


def earn(people: People, parameters: PopulationParameters, draws: Draws, year: int) -> People:
    """Let incomes change from 1 January of a year to the next; those of new households do not yet."""
    slots = np.arange(len(people.permanent), dtype=np.uint64)
    changed = parameters.persistence * people.changing
    changed += parameters.shock_sd * draws.normal(year, Purpose.INCOME_SHOCK, slots)
    return replace(people, changing=np.where(people.entry_year == year + 1, people.changing, changed))


def _permanent(
    parameters: PopulationParameters,
    draws: Draws,
    slot: NDArray[np.uint64],
    nonwestern: NDArray[np.bool_],
    year: int,
) -> NDArray[np.float64]:
    """Draw the permanent part of new households' incomes."""
    own = parameters.permanent_sd * draws.normal(year, Purpose.PERMANENT_INCOME, slot)
    part: NDArray[np.float64] = own + parameters.nonwestern_gap * nonwestern
    return part


def _entry_age(
    parameters: PopulationParameters, draws: Draws, slot: NDArray[np.uint64], year: int
) -> NDArray[np.int16]:
    """Draw the ages of heads of new households: nine in ten young, the rest up to twice as spread."""
    place = draws.uniform(year, Purpose.AGE, slot)
    late = place > 0.9
    along = np.where(late, 1 + (place - 0.9) / 0.1, place / 0.9)
    ages: NDArray[np.int16] = (parameters.entry_age_low + parameters.entry_age_span * along).astype(np.int16)
    return ages


def _nonwestern_entry(parameters: PopulationParameters, year: int) -> float:
    """Return the share of new households of non-western origin."""
    at = (1960, 1970, 1995, 2022)
    shares = [getattr(parameters, f"nonwestern_entry_{y}") for y in at]
    return float(np.interp(year, at, shares))


def _crisis(parameters: PopulationParameters, year: int) -> float:
    """Return what the crisis takes from every log income: five years of loss, three of recovery."""
    return parameters.crisis * float(np.interp(year, (2008, 2013, 2016), (0.0, 5.0, 0.0)))
