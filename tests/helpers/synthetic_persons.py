"""The persons of a synthetic country as tables, straight from the simulation: what extracts must agree with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.persons.families import CHILD, ROLES
from buurteffect.synthetic.persons.outcomes import (
    BENEFITS,
    TENURES,
    adult_ranks,
    benefits,
    employed,
    exposure_years,
    low_income,
)
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import (
    EDUCATIONS,
    ENDS,
    Persons,
    age_on,
    draw_persons,
    household_ids,
    present,
)
from buurteffect.synthetic.persons.stays import draw_stays
from buurteffect.synthetic.persons.succession import ORIGINS, SEXES
from buurteffect.synthetic.world.world import Arrival, World


def persons_frame(persons: Persons, world: World) -> pd.DataFrame:
    """Return one row per person and household, with labels in place of positions."""
    return pd.DataFrame(
        {
            "person_id": persons.person_id,
            "household_id": household_ids(world.households)[persons.household],
            "role": pd.Categorical.from_codes(np.minimum(persons.slot, CHILD), list(ROLES[: CHILD + 1])),
            "birth_year": persons.birth_year,
            "sex": pd.Categorical.from_codes(persons.sex, list(SEXES)),
            "origin": pd.Categorical.from_codes(persons.origin, list(ORIGINS)),
            "education": pd.Categorical.from_codes(persons.education, list(EDUCATIONS)),
            "first_year": persons.first_year,
            "last_year": persons.last_year,
            "ends": pd.Categorical.from_codes(persons.ends, list(ENDS)),
        }
    )


def person_years(
    world: World,
    years: Iterable[int] | None = None,
    persons: Persons | None = None,
    parameters: PeopleParameters | None = None,
) -> pd.DataFrame:
    """Return the yearly table of persons.

    Parameters
    ----------
    world : World
        The country.
    years : iterable of int, optional
        Years of the panel; by default all.
    persons : Persons, optional
        Persons of this world, if they are at hand.
    parameters : PeopleParameters, optional

    Returns
    -------
    DataFrame
        One row per person and 1 January: ``person_id, household_id, year, dwelling_id, buurt_code, tenure, age, sex,
        origin, role_child`` (whether a child of the household), ``income_eur`` (the household's standardised
        income), ``low_income, employed, benefit, moved`` (to another dwelling in the year before), ``forced``
        (because the old one was demolished), ``years_in_dwelling``.
    """
    p = parameters or PeopleParameters()
    persons = persons or draw_persons(world, p)
    stays = draw_stays(world)
    wanted = set(world.residence.years.tolist() if years is None else years)
    positions = [t for t, year in enumerate(world.residence.years) if int(year) in wanted]
    parts = [_person_year(world, persons, stays.dwelling_since, t, p) for t in positions]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def _person_year(world: World, persons: Persons, since: NDArray[np.int16], t: int, p: PeopleParameters) -> pd.DataFrame:
    """Return the rows of one year."""
    residence, year = world.residence, int(world.residence.years[t])
    rows, dwelling = present(world, persons, t)
    low = low_income(world, t, p.low_income_share)[dwelling]
    works = employed(world, persons, rows, year, p)
    codes = world.geography.buurten["buurt_code"].to_numpy(dtype=object)
    return pd.DataFrame(
        {
            "person_id": persons.person_id[rows],
            "household_id": household_ids(world.households)[persons.household[rows]],
            "year": np.int16(year),
            "dwelling_id": dwelling,
            "buurt_code": pd.Categorical.from_codes(residence.buurt[dwelling], list(codes)),
            "tenure": pd.Categorical.from_codes(residence.tenure[t][dwelling], list(TENURES)),
            "age": age_on(persons, year)[rows].astype(np.int16),
            "sex": persons.sex[rows],
            "origin": pd.Categorical.from_codes(persons.origin[rows], list(ORIGINS)),
            "role_child": persons.slot[rows] >= CHILD,
            "income_eur": np.exp(residence.log_income[t][dwelling].astype(np.float64)),
            "low_income": low,
            "employed": works,
            "benefit": pd.Categorical.from_codes(benefits(world, persons, rows, year, works, low, p), list(BENEFITS)),
            "moved": residence.arrival[t][dwelling] != Arrival.STAYED,
            "forced": residence.forced[t][dwelling],
            "years_in_dwelling": (year - since[t][dwelling]).astype(np.int16),
        }
    )


def children(world: World, persons: Persons | None = None, parameters: PeopleParameters | None = None) -> pd.DataFrame:
    """Return the children of the panel who are old enough for an adult rank to be known.

    Returns
    -------
    DataFrame
        One row per child seen at home before 18: ``person_id, household_id, birth_year, sex, child_number``,
        ``childhood_years`` (1 Januaries at ages 0 to 17 in the panel), ``low_income_share`` (mean over these of the
        buurt's share), ``exposure`` (sum over these years of 0.1 less that share, over 0.1: what the planted slope
        multiplies), ``parent_income_rank`` (0 to 100, rank of the household's mean log income over all its years
        among these families), ``family_moves`` (between buurten in the panel), ``move_age`` (age of the child, at
        home or not, at the family's only move; missing with none or more), ``years_after_move`` (childhood years in
        the new buurt; missing likewise), ``origin_low_share`` and ``destination_low_share`` (means over the panel
        of the two buurten; missing likewise) and ``adult_rank`` (0 to 100, at age 28).

    Notes
    -----
    Shares change after a move, so that the difference between two buurten times the years after the move is not yet
    the exposure: it is an instrument for it. The design by Chetty and Hendren (doi 10.1093/qje/qjy007) with
    that instrument, given that difference, the origin, the cohort and the age at the move, recovers the slope.
    """
    p = parameters or PeopleParameters()
    persons = persons or draw_persons(world, p)
    first, last = int(world.residence.years[0]), int(world.residence.years[-1])
    old_enough = persons.birth_year + p.measured_age <= last
    young_enough = age_on(persons, 0) + persons.first_year <= p.last_exposed_age
    rows = np.flatnonzero((persons.slot >= CHILD) & old_enough & young_enough & (persons.birth_year < last))
    years, total = exposure_years(world, persons, rows, p)
    rows, years, total = rows[years > 0], years[years > 0], total[years > 0]
    household = persons.household[rows]
    frame = pd.DataFrame(
        {
            "person_id": persons.person_id[rows],
            "household_id": household_ids(world.households)[household],
            "birth_year": persons.birth_year[rows].astype(np.int64),
            "sex": persons.sex[rows],
            "child_number": persons.slot[rows] - 1,
            "childhood_years": years,
            "low_income_share": total / years,
            "exposure": (years * p.exposure_reference_share - total) / 0.10,
            "parent_income_rank": _parent_ranks(world, household),
        }
    )
    _add_moves(frame, world, household)
    frame["adult_rank"] = adult_ranks(world, persons, rows, years, total, p)
    return frame[frame["birth_year"] > first - p.measured_age].reset_index(drop=True)


def _parent_ranks(world: World, household: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the rank, 0 to 100, of each child's household by its mean log income, among these households."""
    total, number = np.zeros(len(world.households.key)), np.zeros(len(world.households.key))
    for row, income in zip(world.residence.household, world.residence.log_income, strict=True):
        total[row] += income
        number[row] += 1
    mean = total[household] / number[household]
    families = np.sort(mean[np.unique(household, return_index=True)[1]])
    return np.asarray(100 * (np.searchsorted(families, mean) + 0.5) / max(len(families), 1))


def _add_moves(frame: pd.DataFrame, world: World, household: NDArray[np.int32]) -> None:
    """Add the number of the family's moves, and age, origin and destination where there is just one."""
    moves, size = moves_between_buurten(world), len(world.households.key)
    number = np.bincount(moves.household, minlength=size)
    year, origin, destination = (np.zeros(size, dtype=np.int64) for _ in range(3))
    year[moves.household], origin[moves.household] = moves.year, moves.origin
    destination[moves.household] = moves.destination
    mean = world.history.low_income_share.mean(axis=0)
    once = number[household] == 1
    frame["family_moves"] = number[household]
    frame["move_age"] = np.where(once, year[household] - frame["birth_year"] - 1, np.nan)
    frame["years_after_move"] = np.where(once, _years_after(frame, int(world.residence.years[0])), np.nan)
    frame["origin_low_share"] = np.where(once, mean[origin[household]], np.nan)
    frame["destination_low_share"] = np.where(once, mean[destination[household]], np.nan)


def _years_after(frame: pd.DataFrame, first: int) -> NDArray[np.float64]:
    """Return the childhood years from the family's move on: those in the panel less those before the move."""
    before = frame["move_age"] - np.maximum(0, first - frame["birth_year"] - 1)
    return np.asarray(frame["childhood_years"] - np.clip(before, 0, frame["childhood_years"]), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Moves:
    """Moves of households from one buurt to another: one element per move, in order of year.

    Attributes
    ----------
    household, year, origin, destination : ndarray of int
        Row of the household, 1 January on which it first lived in its new buurt, and positions of both buurten.
    forced : ndarray of bool
        Whether its dwelling was demolished.
    """

    household: NDArray[np.int32]
    year: NDArray[np.int16]
    origin: NDArray[np.int32]
    destination: NDArray[np.int32]
    forced: NDArray[np.bool_]


def moves_between_buurten(world: World) -> Moves:
    """Return every move of a household from one buurt to another within the panel."""
    residence = world.residence
    place = np.full(len(world.households.key), -1, dtype=np.int32)
    place[residence.household[0]] = residence.buurt
    found: list[tuple[NDArray[np.int32], ...]] = []
    for t in range(1, len(residence.years)):
        row = residence.household[t]
        moved = (place[row] >= 0) & (place[row] != residence.buurt)
        who = row[moved]
        year = np.full(len(who), residence.years[t], dtype=np.int32)
        found.append((who, year, place[who], residence.buurt[moved], residence.forced[t][moved]))
        place[row] = residence.buurt
    household, years, origin, destination, forced = (np.concatenate(part) for part in zip(*found, strict=True))
    return Moves(household, years.astype(np.int16), origin, destination, forced.astype(bool))
