"""The register of a country, and the extracts that run over all years, in the layouts of `schema.microdata`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from buurteffect.schema import microdata as layout
from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.persons.families import CHILD
from buurteffect.synthetic.persons.outcomes import adult_ranks, exposure_years
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons, present
from buurteffect.synthetic.persons.spells import Objects, address_spells, building_days, completed_year, first_day
from buurteffect.synthetic.persons.succession import ORIGINS, SEXES
from buurteffect.synthetic.publishing.areas.boundary_changes import WIDTHS, Vintages
from buurteffect.synthetic.world.world import World

PERSON_PREFIX = "999"
"""What every synthetic RINPERSOON begins with; with it the number has 12 digits, three more than a real one."""

OBJECT_PREFIX = "SYN"
"""What every synthetic RINOBJECTNUMMER begins with; a real one begins with a digit."""

_FEMALE = SEXES.index("female")


@dataclass(frozen=True, eq=False)
class Register:
    """What the extracts are cut from.

    Attributes
    ----------
    world : World
    persons : Persons
        Everybody, in every household of his or hers.
    number, first : ndarray of int64
        Number of each row's person, and a first row of every person: `Persons.numbers`.
    kept : ndarray of bool
        Rows of `persons` that are in the extract: all rows of a person, or none.
    objects : Objects
        All buildings of the country.
    drawn : ndarray of bool
        Buildings in the extract: where one of these persons lived on a 1 January.
    person_names, object_names : pyarrow string array
        Pseudonyms, of every row of `persons` and of all buildings; their order says nothing.
    ranks : ndarray of float
        Adult rank of each row that is a child; missing without a childhood in the panel.
    parameters : PeopleParameters
    """

    world: World
    persons: Persons
    number: NDArray[np.int64]
    first: NDArray[np.int64]
    kept: NDArray[np.bool_]
    objects: Objects
    drawn: NDArray[np.bool_]
    person_names: pa.Array
    object_names: pa.Array
    ranks: NDArray[np.float64]
    parameters: PeopleParameters


def cut_register(
    world: World, persons: Persons, objects: Objects, gemeente_share: float, parameters: PeopleParameters
) -> Register:
    """Return the register of everyone who ever lived in some of the gemeenten, wherever else they lived.

    They are a share of the gemeenten, above 0, drawn by lot, at least one.
    """
    codes = world.geography.gemeenten["gemeente_code"]
    lot = uniform(world.seed, PeoplePurpose.SAMPLE, np.arange(len(codes), dtype=np.uint64))
    count = max(1, round(gemeente_share * len(codes)))
    chosen = codes.to_numpy()[np.argsort(lot, kind="stable")[:count]]
    inside = world.geography.buurten["gemeente_code"].isin(set(chosen)).to_numpy()[world.residence.buurt]
    number, first = persons.numbers()
    ever = np.zeros(len(first), dtype=bool)
    lived = [present(world, persons, t) for t in range(len(world.residence.years))]
    for rows, dwelling in lived:
        ever[number[rows[inside[dwelling]]]] = True
    kept = ever[number]
    drawn = np.zeros(len(objects.place), dtype=bool)
    for t, (rows, dwelling) in enumerate(lived):
        drawn[objects.of[t, dwelling[kept[rows]]]] = True
    return Register(
        world,
        persons,
        number,
        first,
        kept,
        objects,
        drawn,
        pa.array([f"{PERSON_PREFIX}{n:09d}" for n in range(1, len(first) + 1)]).take(pa.array(number)),
        pa.array([f"{OBJECT_PREFIX}{n:09d}" for n in _shuffled(world, len(objects.place))]),
        _ranks(world, persons, parameters),
        parameters,
    )


def _shuffled(world: World, number: int) -> NDArray[np.int64]:
    """Return the numbers from 1 on in an order that is drawn, so that neighbours cannot be told by their numbers."""
    u = uniform(world.seed, PeoplePurpose.OBJECT_NAME, np.arange(number, dtype=np.uint64))
    names = np.empty(number, dtype=np.int64)
    names[np.argsort(u, kind="stable")] = np.arange(1, number + 1)
    return names


def _ranks(world: World, persons: Persons, p: PeopleParameters) -> NDArray[np.float64]:
    """Return the adult rank of each child who is old enough and was a child in the panel, missing for others."""
    known = persons.birth_year + p.measured_age <= int(world.residence.years[-1])
    rows = np.flatnonzero((persons.slot >= CHILD) & known)
    years, total = exposure_years(world, persons, rows, p)
    ranks = np.full(len(persons), np.nan)
    ranks[rows[years > 0]] = adult_ranks(world, persons, rows, years, total, p)[years > 0]
    return ranks


def constant(text: str, number: int) -> pa.Array:
    """Return a column that says the same in every row."""
    return labelled([text], np.zeros(number, dtype=np.int64))


def labelled(labels: list[str], codes: NDArray[np.integer]) -> pa.Array:
    """Return the label of each code."""
    return pa.array(labels, pa.string()).take(pa.array(codes))


def as_digits(days: NDArray[np.int64]) -> pa.Array:
    """Return days, counted from 1970, as eight digits."""
    low, high = (int(days.min()), int(days.max())) if len(days) else (0, 0)
    texts = np.datetime_as_string(np.arange(low, high + 1).astype("datetime64[D]"))
    return labelled([text.replace("-", "") for text in texts], days - low)


def names_of(register: Register, rows: NDArray[np.int64], suffix: str = "") -> dict[str, pa.Array]:
    """Return the two columns that name persons; a negative row is nobody."""
    some = pa.array(rows >= 0)
    kinds = pc.if_else(some, constant("R", len(rows)), None)
    names = register.person_names.take(pa.array(np.maximum(rows, 0)))
    return {f"RINPERSOONS{suffix}": kinds, f"RINPERSOON{suffix}": pc.if_else(some, names, None)}


def objects_of(register: Register, rows: NDArray[np.integer]) -> dict[str, pa.Array]:
    """Return the two columns that name dwellings."""
    return {
        "SOORTOBJECTNUMMER": constant("D", len(rows)),
        "RINOBJECTNUMMER": register.object_names.take(pa.array(rows)),
    }


def persons_table(register: Register) -> pa.Table:
    """Return GBAPERSOONTAB."""
    persons = register.persons
    rows = register.first[register.kept[register.first]]
    low = int(persons.birth_year.min())
    years = [str(year) for year in range(low, int(persons.birth_year.max()) + 1)]
    return pa.table(
        {
            **names_of(register, rows),
            "GBAGEBOORTEJAAR": labelled(years, persons.birth_year[rows] - low),
            "GBAGESLACHT": labelled(["1", "2"], persons.sex[rows]),
            "GBAHERKOMSTGROEPERING": labelled([layout.ORIGIN_CODES[name] for name in ORIGINS], persons.origin[rows]),
        }
    )


def addresses_table(register: Register) -> pa.Table:
    """Return GBAADRESOBJECTBUS."""
    spells = address_spells(register.world, register.persons, register.objects)
    some = register.kept[spells.person]
    return pa.table(
        {
            **names_of(register, spells.person[some]),
            "GBADATUMAANVANGADRESHOUDING": as_digits(spells.start[some]),
            "GBADATUMEINDEADRESHOUDING": as_digits(spells.end[some]),
            **objects_of(register, spells.object[some]),
        }
    )


def areas_table(register: Register, vintages: Vintages) -> pa.Table:
    """Return VSLGWBTAB: the codes that each year's division gave to the place of each dwelling."""
    objects, rows = register.objects, np.flatnonzero(register.drawn)
    piece = pieces_of_dwellings(register.world, vintages)[objects.place[rows]]
    columns = objects_of(register, rows)
    for t, year in enumerate(register.world.residence.years):
        known = max((y for y in vintages.years if y <= year), default=vintages.years[0])
        names, position = np.unique(vintages.codes[known], return_inverse=True)
        stands = (objects.first[rows] <= t) & (t <= objects.last[rows])
        code = np.where(stands, position[piece], len(names))
        for prefix, width in (("gem", "gemeente"), ("wc", "wijk"), ("bc", "buurt")):
            labels = [*(str(name)[: WIDTHS[width]] for name in names), layout.NO_AREA]
            columns[f"{prefix}{year}"] = labelled(labels, code)
    return pa.table(columns)


def pieces_of_dwellings(world: World, vintages: Vintages) -> NDArray[np.int64]:
    """Return the piece of its buurt that each dwelling lies in: dwellings in order fill the pieces by their shares."""
    buurt = world.residence.buurt.astype(np.int64)
    size = np.bincount(buurt)
    first = np.argsort(buurt, kind="stable")
    rank = np.empty(len(buurt), dtype=np.int64)
    rank[first] = np.arange(len(buurt)) - np.searchsorted(buurt[first], buurt[first], side="left")
    order = np.argsort(vintages.buurt, kind="stable")
    of, share = vintages.buurt[order], vintages.share[order]
    through = np.cumsum(share) - np.concatenate([[0.0], np.cumsum(share)])[np.searchsorted(of, of, side="left")]
    # A place on one axis for all buurten: the buurt, plus the share of its dwellings that come before.
    place = np.searchsorted(of + np.minimum(through, 1.0) - 1e-9, buurt + (rank + 0.5) / size[buurt], side="left")
    return np.asarray(order[np.minimum(place, len(order) - 1)], dtype=np.int64)


def dwellings_table(register: Register) -> pa.Table:
    """Return LEVCYCLWOONNIETWOONBUS."""
    rows = np.flatnonzero(register.drawn)
    completed, demolished = (days[rows] for days in building_days(register.world, register.objects))
    built = completed_year(register.world, register.objects)[rows]
    end = pc.if_else(pa.array(demolished >= 0), as_digits(demolished), layout.RUNNING)
    low = int(built.min()) if len(built) else 0
    return pa.table(
        {
            **objects_of(register, rows),
            "AANVLEVCYCLWOONNIETWOON": as_digits(completed),
            "EINDLEVCYCLWOONNIETWOON": end,
            "VBOBOUWJAAR": labelled([str(y) for y in range(low, int(built.max(initial=low)) + 1)], built - low),
        }
    )


def parents_table(register: Register) -> pa.Table:
    """Return KINDOUDERTAB: the children of the extract, with the head and the partner of the household of birth."""
    persons = register.persons
    children = np.flatnonzero((persons.slot >= CHILD) & register.kept)
    parent = np.full((len(register.world.households.key), 2), -1, dtype=np.int64)
    adults = np.flatnonzero(persons.slot < CHILD)
    parent[persons.household[adults], persons.slot[adults]] = adults
    two = parent[persons.household[children]]
    head_is_mother = persons.sex[np.maximum(two[:, 0], 0)] == _FEMALE
    mother, father = np.where(head_is_mother, two[:, 0], two[:, 1]), np.where(head_is_mother, two[:, 1], two[:, 0])
    return pa.table(
        {**names_of(register, children), **names_of(register, father, "pa"), **names_of(register, mother, "Ma")}
    )


def activities_table(register: Register, codes: NDArray[np.int8]) -> pa.Table:
    """Return SECMBUS.

    `codes`, shape (rows of the register's persons, years), is the category on each 1 January, taken to hold for the
    year; negative where the person is not in that household.
    """
    whole = np.full((len(register.first), codes.shape[1]), -1, dtype=codes.dtype)
    row, year = np.nonzero(codes >= 0)
    whole[register.number[row], year] = codes[row, year]
    rows = register.first[register.kept[register.first]]
    codes = whole[register.number[rows]]
    new = np.ones(codes.shape, dtype=bool)
    new[:, 1:] = codes[:, 1:] != codes[:, :-1]
    person, begin = np.nonzero(new)
    following = np.append(begin[1:], 0)
    end = np.where(np.append(person[1:] != person[:-1], True), codes.shape[1], following) - 1
    code = codes[person, begin]
    known = code >= 0
    person, begin, end, code = person[known], begin[known], end[known], code[known]
    years = register.world.residence.years.astype(np.int64)
    return pa.table(
        {
            **names_of(register, rows[person]),
            "AANVSECM": as_digits(first_day(years[begin])),
            "EINDSECM": as_digits(first_day(years[end] + 1) - 1),
            "SECM": labelled(list(layout.ACTIVITY_CODES), code),
        }
    )


LASTING: dict[str, Callable[[Register], pa.Table]] = {
    "GBAPERSOONTAB": persons_table,
    "GBAADRESOBJECTBUS": addresses_table,
    "LEVCYCLWOONNIETWOONBUS": dwellings_table,
    "KINDOUDERTAB": parents_table,
}
