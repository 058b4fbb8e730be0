"""The register of a country, and the extracts that run over all years, in the layouts of `schema.microdata`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from buurteffect.schema import microdata as layout
from buurteffect.synthetic.events import WIDTHS, Vintages
from buurteffect.synthetic.outcomes import adult_ranks, exposure_years
from buurteffect.synthetic.people import ORIGINS, Persons
from buurteffect.synthetic.people_draws import PeoplePurpose, uniform
from buurteffect.synthetic.people_parameters import PeopleParameters
from buurteffect.synthetic.spells import Objects, address_spells, first_day
from buurteffect.synthetic.world import World

PERSON_PREFIX = "999"
"""What every synthetic RINPERSOON begins with; with it the number has 12 digits, three more than a real one."""

OBJECT_PREFIX = "SYN"
"""What every synthetic RINOBJECTNUMMER begins with; a real one begins with a digit."""

_CHILD = 2
_FEMALE = 1


@dataclass(frozen=True, eq=False)
class Register:
    """What the extracts are cut from.

    Attributes
    ----------
    world : World
    persons : Persons
        Those in the extract.
    objects : Objects
        All buildings of the country.
    drawn : ndarray of bool
        Buildings in the extract: where one of these persons lived.
    person_names, object_names : pyarrow string array
        Pseudonyms, of the persons in the extract and of all buildings.
    ranks : ndarray of float
        Adult rank of each person in the extract; missing without a childhood in the panel.
    parameters : PeopleParameters
    """

    world: World
    persons: Persons
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

    Parameters
    ----------
    gemeente_share : float
        Share of the gemeenten, above 0; drawn by lot, at least one.
    """
    codes = world.geography.gemeenten["gemeente_code"]
    lot = uniform(world.seed, PeoplePurpose.SAMPLE, np.arange(len(codes), dtype=np.uint64))
    number = max(1, round(gemeente_share * len(codes)))
    chosen = codes.to_numpy()[np.argsort(lot, kind="stable")[:number]]
    inside = world.geography.buurten["gemeente_code"].isin(set(chosen)).to_numpy()[world.residence.buurt]
    households = np.zeros(len(world.households.key), dtype=bool)
    households[world.residence.household[:, inside].ravel()] = True
    drawn = np.zeros(len(objects.place), dtype=bool)
    drawn[objects.of[households[world.residence.household]]] = True
    rank = np.empty(len(persons), dtype=np.int64)
    rank[np.argsort(persons.person_id, kind="stable")] = np.arange(1, len(persons) + 1)
    keep = households[persons.household]
    some = replace(persons, **{f.name: getattr(persons, f.name)[keep] for f in fields(Persons)})
    return Register(
        world,
        some,
        objects,
        drawn,
        pa.array([f"{PERSON_PREFIX}{n:09d}" for n in rank[keep]]),
        pa.array([f"{OBJECT_PREFIX}{n:09d}" for n in range(1, len(objects.place) + 1)]),
        _ranks(world, some, parameters),
        parameters,
    )


def _ranks(world: World, persons: Persons, p: PeopleParameters) -> NDArray[np.float64]:
    """Return the adult rank of each person who is old enough and was a child in the panel, missing for others."""
    known = persons.birth_year + p.measured_age <= int(world.residence.years[-1])
    rows = np.flatnonzero((persons.slot >= _CHILD) & known)
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
    low = int(persons.birth_year.min())
    years = [str(year) for year in range(low, int(persons.birth_year.max()) + 1)]
    return pa.table(
        {
            **names_of(register, np.arange(len(persons))),
            "GBAGEBOORTEJAAR": labelled(years, persons.birth_year - low),
            "GBAGESLACHT": labelled(["1", "2"], persons.sex),
            "GBAHERKOMSTGROEPERING": labelled([layout.ORIGIN_CODES[name] for name in ORIGINS], persons.origin),
        }
    )


def addresses_table(register: Register) -> pa.Table:
    """Return GBAADRESOBJECTBUS."""
    spells = address_spells(register.world, register.persons, register.objects)
    return pa.table(
        {
            **names_of(register, spells.person),
            "GBADATUMAANVANGADRESHOUDING": as_digits(spells.start),
            "GBADATUMEINDEADRESHOUDING": as_digits(spells.end),
            **objects_of(register, spells.object),
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
    world, objects = register.world, register.objects
    rows = np.flatnonzero(register.drawn)
    years, first, last = world.residence.years.astype(np.int64), objects.first[rows], objects.last[rows]
    built = world.residence.built_year[last, objects.place[rows]].astype(np.int64)
    u = uniform(world.seed, PeoplePurpose.OBJECT, objects.place[rows].astype(np.uint64))
    within = np.floor(u * 300).astype(np.int64)
    # The year in the building is that of the plan's end and can lie after the first household's arrival.
    completed = np.minimum(first_day(built) + within, first_day(years[first]) - np.where(first > 0, 30, 1))
    gone = last < len(years) - 1
    ended = first_day(years[last]) + 1 + within
    end = pc.if_else(pa.array(gone), as_digits(ended), layout.RUNNING)
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
    """Return KINDOUDERTAB: the children of the extract, with the head and the partner of their household."""
    persons = register.persons
    children = np.flatnonzero(persons.slot >= _CHILD)
    parent = np.full((len(register.world.households.key), 2), -1, dtype=np.int64)
    adults = np.flatnonzero(persons.slot < _CHILD)
    parent[persons.household[adults], persons.slot[adults]] = adults
    two = parent[persons.household[children]]
    head_is_mother = persons.sex[np.maximum(two[:, 0], 0)] == _FEMALE
    mother, father = np.where(head_is_mother, two[:, 0], two[:, 1]), np.where(head_is_mother, two[:, 1], two[:, 0])
    return pa.table(
        {**names_of(register, children), **names_of(register, father, "pa"), **names_of(register, mother, "Ma")}
    )


def activities_table(register: Register, codes: NDArray[np.int8]) -> pa.Table:
    """Return SECMBUS.

    Parameters
    ----------
    codes : ndarray, shape (persons, years)
        Category on each 1 January; negative where the person is not there. It is taken to hold for the year.
    """
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
            **names_of(register, person),
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
