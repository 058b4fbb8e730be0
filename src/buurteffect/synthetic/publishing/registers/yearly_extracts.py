"""The extracts with one file per year, in the layouts of `schema.microdata`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from buurteffect.schema import microdata as layout
from buurteffect.synthetic.persons.draws import PeoplePurpose, normal, uniform
from buurteffect.synthetic.persons.families import CHILD
from buurteffect.synthetic.persons.households import Composition, composition, personal_incomes
from buurteffect.synthetic.persons.outcomes import benefits, employed, low_income, pension_age
from buurteffect.synthetic.persons.persons import age_on, present
from buurteffect.synthetic.persons.spells import first_day
from buurteffect.synthetic.publishing.areas.boundary_changes import Vintages
from buurteffect.synthetic.publishing.registers.extracts import (
    LASTING,
    Register,
    activities_table,
    areas_table,
    as_digits,
    labelled,
    names_of,
    objects_of,
)
from buurteffect.synthetic.world.world import Tenure

FIRST_JOBS_YEAR = 2010
UNKNOWN_INCOME_SHARE = 0.005

_GROSS, _PRIMARY_WORK, _PRIMARY_REST = 1.35, 1.30, 0.25
_VALUE_SD = 0.15


@dataclass(frozen=True, eq=False)
class YearOfRegister:
    """One year of the register: everybody who is there, and what is known of their households.

    Attributes
    ----------
    rows, dwelling, age, works, low : ndarray
        Of everybody in the country on 1 January.
    kept : ndarray of bool
        Which of them are in the extract.
    homes : ndarray of int64
        Dwellings in which one of those lives.
    shape, income_eur, earner : arrays over dwellings
    """

    register: Register
    t: int
    year: int
    rows: NDArray[np.int64]
    dwelling: NDArray[np.int32]
    age: NDArray[np.int64]
    shape: Composition
    income_eur: NDArray[np.float64]
    works: NDArray[np.bool_]
    low: NDArray[np.bool_]
    earner: NDArray[np.int64]
    kept: NDArray[np.bool_]
    homes: NDArray[np.int64]


def year_of_register(register: Register, t: int) -> YearOfRegister:
    """Return the year at position `t`; the main earner is the head."""
    world, persons = register.world, register.persons
    year = int(world.residence.years[t])
    rows, dwelling = present(world, persons, t)
    age = age_on(persons, year)[rows]
    shape = composition(persons, rows, dwelling, age, len(world.residence.buurt))
    income = np.exp(world.residence.log_income[t].astype(np.float64))
    works = employed(world, persons, rows, year, register.parameters)
    low = low_income(world, t, register.parameters.low_income_share)[dwelling]
    earner = np.full(len(world.residence.buurt), -1, dtype=np.int64)
    heads = persons.slot[rows] == 0
    earner[dwelling[heads]] = rows[heads]
    kept = register.kept[rows]
    homes = np.unique(dwelling[kept]).astype(np.int64)
    return YearOfRegister(register, t, year, rows, dwelling, age, shape, income, works, low, earner, kept, homes)


def links_table(now: YearOfRegister) -> pa.Table:
    """Return KOPPELPERSOONHUISHOUDEN."""
    earner = now.earner[now.dwelling[now.kept]]
    return pa.table({**names_of(now.register, now.rows[now.kept]), **names_of(now.register, earner, "HKW")})


def household_incomes_table(now: YearOfRegister) -> pa.Table:
    """Return INHATAB; one amount in two hundred is unknown."""
    world = now.register.world
    places = now.homes
    disposable = now.income_eur[places] * now.shape.equivalence[places]
    earns = np.bincount(now.dwelling, weights=now.works, minlength=len(now.earner))[places] > 0
    amounts = {
        "INHBESTINKH": disposable,
        "INHGESTINKH": now.income_eur[places],
        "INHBRUTINKH": _GROSS * disposable,
        "INHPRIMINKH": np.where(earns, _PRIMARY_WORK, _PRIMARY_REST) * disposable,
    }
    key = world.households.key[world.residence.household[now.t][places]]
    unknown = uniform(world.seed, PeoplePurpose.REGISTER, key, now.year) < UNKNOWN_INCOME_SHARE
    rented = np.where(now.income_eur[places] < np.median(now.income_eur), 2, 1)
    kind = np.where(world.residence.tenure[now.t][places] == Tenure.OWNER, 0, rented)
    return pa.table(
        {
            **names_of(now.register, now.earner[places], "HKW"),
            **{
                name: pa.array(np.where(unknown, layout.UNKNOWN_INCOME_EUR, np.rint(value)).astype(np.int64))
                for name, value in amounts.items()
            },
            "INHEHALGR": labelled(["1", "2", "3", "9"], np.where(unknown, 3, kind)),
            "INHAHL": pa.array(now.shape.size[places].astype(np.int64)),
        }
    )


def values_table(now: YearOfRegister) -> pa.Table:
    """Return EIGENDOMWOZTAB."""
    world, objects = now.register.world, now.register.objects.of[now.t]
    places = np.flatnonzero(now.register.drawn[objects])
    tenure = world.residence.tenure[now.t][places]
    z = normal(world.seed, PeoplePurpose.OBJECT, objects[places].astype(np.uint64))
    mean = np.exp(world.history.log_woz[now.t])[world.residence.buurt[places]]
    value = mean * np.exp(_VALUE_SD * z - _VALUE_SD**2 / 2)
    return pa.table(
        {
            **objects_of(now.register, objects[places]),
            "VBOEIGENDOM": labelled(["H", "E", "H"], tenure),
            "TYPEEIGENAAR": labelled(["W", "E", "O"], tenure),
            "WOZWAARDE": pa.array((1000 * np.rint(value / 1000)).astype(np.int64)),
        }
    )


def jobs_table(now: YearOfRegister) -> pa.Table:
    """Return SPOLISBUS: one job over the whole year for each who works on 1 January."""
    persons = now.register.persons
    personal, _ = personal_incomes(
        persons, now.rows, now.dwelling, now.age, now.income_eur, now.shape, now.register.parameters
    )
    some = now.works & now.kept
    rows, wage = now.rows[some], personal[some]
    start = np.full(len(rows), int(first_day(now.year)))
    names = names_of(now.register, rows)
    return pa.table(
        {
            **names,
            "IKVID": pc.binary_join_element_wise(names["RINPERSOON"], str(now.year), "-"),
            "SDATUMAANVANGIKO": as_digits(start),
            "SDATUMEINDEIKO": as_digits(np.full(len(rows), int(first_day(now.year + 1)) - 1)),
            "SBASISLOON": pa.array(np.rint(wage)),
        }
    )


def ranks_table(now: YearOfRegister) -> pa.Table:
    """Return INPATAB: children of the extract who turn 28 in the year and are in the country, in any household."""
    register, persons = now.register, now.register.persons
    here = np.zeros(len(register.first), dtype=bool)
    here[register.number[now.rows[now.kept]]] = True
    turned = persons.birth_year + register.parameters.measured_age == now.year
    rows = np.flatnonzero(turned & ~np.isnan(register.ranks) & here[register.number])
    group = np.clip(np.ceil(register.ranks[rows]), 1, 100).astype(np.int64)
    return pa.table({**names_of(register, rows), "INPP100PPERS": pa.array(group)})


def activity_codes(now: YearOfRegister) -> NDArray[np.int8]:
    """Return the socio-economic category of each person of a year as position in `ACTIVITY_CODES`."""
    register = now.register
    benefit = benefits(register.world, register.persons, now.rows, now.year, now.works, now.low, register.parameters)
    young = (now.age < 18) | ((register.persons.slot[now.rows] >= CHILD) & (now.age < 25))
    position = np.select(
        [now.works, now.age >= pension_age(now.year), benefit == 3, benefit == 4, benefit == 2, young],
        [0, 4, 1, 2, 3, 5],
        default=6,
    )
    return position.astype(np.int8)


YEARLY: dict[str, Callable[[YearOfRegister], pa.Table]] = {
    "KOPPELPERSOONHUISHOUDEN": links_table,
    "INHATAB": household_incomes_table,
    "EIGENDOMWOZTAB": values_table,
    "SPOLISBUS": jobs_table,
    "INPATAB": ranks_table,
}


def extract_tables(register: Register, vintages: Vintages) -> Iterator[tuple[str, int, pa.Table]]:
    """Yield every extract: its name, the year in its file's name, and the table."""
    years = register.world.residence.years
    last, names = int(years[-1]), list(YEARLY)
    for name, table_of in LASTING.items():
        yield name, last, table_of(register)
    yield "VSLGWBTAB", last, areas_table(register, vintages)
    activity = np.full((len(register.persons), len(years)), -1, dtype=np.int8)
    for t, year in enumerate(years):
        now = year_of_register(register, t)
        activity[now.rows, t] = activity_codes(now)
        for name in names:
            if name != "SPOLISBUS" or year >= FIRST_JOBS_YEAR:
                table = YEARLY[name](now)
                if table.num_rows:
                    yield name, int(year), table
    yield "SECMBUS", last, activities_table(register, activity)
