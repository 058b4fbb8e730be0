"""Publish what residents say: waves of a survey, ties that households name, and the register counts beside them.

Layouts are those of `schema.survey`. Buurten have the codes of the country's last year, as in the project register.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.project import writing
from buurteffect.schema.survey import (
    AGE_GROUPS,
    INCOME_GROUPS,
    LONG_STAY_YEARS,
    RESIDENCES,
    SCALES,
    TENURES,
    survey_file,
)
from buurteffect.synthetic.persons.draws import PeoplePurpose, uniform
from buurteffect.synthetic.persons.outcomes import TENURES as WORLD_TENURES
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import Persons, draw_persons, household_ids
from buurteffect.synthetic.persons.social_ties import income_groups, survey, ties
from buurteffect.synthetic.persons.stays import draw_stays
from buurteffect.synthetic.world.world import World

FOLDER = Path("survey")
NETWORK_EVERY = 4
"""Years between two waves of ties; answers are published for every year."""

NETWORK_HOUSEHOLDS = 4000
"""Households that name their ties in a wave; all if they are fewer."""

_DIGITS = 2
_EVERYBODY = 2**40
_OWNERS = dict(zip(WORLD_TENURES, TENURES, strict=True))
"""What the simulation calls who owns a dwelling, and what surveys call it; the order is the same."""


def publish_survey(world: World, folder: Path, *, persons: Persons | None = None) -> tuple[Path, ...]:
    """Write answers of every year, and ties and register counts of every fourth, as parquet; return the files.

    Parameters
    ----------
    world : World
        The country.
    folder : Path
        Folder that gets one file per table and wave.
    persons : Persons, optional
        Persons of this world, if they are at hand.
    """
    written = []
    for name, year, table in survey_tables(world, persons):
        path = folder / survey_file(name, year)
        with writing(path) as aside:
            table.to_parquet(aside, index=False, compression="zstd")
        written.append(path)
    return tuple(written)


def survey_tables(
    world: World,
    persons: Persons | None = None,
    parameters: PeopleParameters | None = None,
    network_every: int = NETWORK_EVERY,
) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Yield name, year and table of all that `publish_survey` writes, ties and counts every `network_every` years."""
    p = parameters or PeopleParameters()
    persons = persons or draw_persons(world, p)
    years = [int(year) for year in world.residence.years]
    for year in years:
        yield "answers", year, _answers(world, year, persons, p)
    for year in reversed(range(years[-1], years[0] - 1, -network_every)):
        yield "ties", year, _ties(world, year, p)
        yield "households", year, _households(world, year)
        yield "adults", year, _adults(world, year, persons, p)


def _code_year(world: World) -> int:
    """Return the year in whose division a country's buurten are numbered."""
    return int(world.residence.years[-1])


def _answers(world: World, year: int, persons: Persons, p: PeopleParameters) -> pd.DataFrame:
    """Return one wave of answers; respondents are numbered within it, so that nobody can be followed."""
    drawn = survey(world, year, persons=persons, parameters=p).sort_values("person_id", ignore_index=True)
    table = pd.DataFrame({"respondent_id": [f"{n:06d}" for n in range(1, len(drawn) + 1)]}).assign(
        year=year,
        weight_persons=drawn["weight_persons"].to_numpy(dtype=float),
        area_code=drawn["buurt_code"].astype("str"),
        code_year=_code_year(world),
        age_years=drawn["age"].to_numpy(dtype=np.int64),
        tenure=drawn["tenure"].map(_OWNERS).astype("str"),
        low_income=drawn["low_income"].to_numpy(dtype=bool),
        years_in_area=drawn["years_in_buurt"].to_numpy(dtype=np.int64),
    )
    return table.assign(**{name: drawn[name].round(_DIGITS).to_numpy() for name in SCALES})


def _ties(world: World, year: int, p: PeopleParameters) -> pd.DataFrame:
    """Return the ties that a sample of households names; one that has none stands for itself with no row."""
    everyone = ties(world, year, p)
    t = year - int(world.residence.years[0])
    dwellings = np.arange(len(world.residence.buurt))
    lot = uniform(world.seed, PeoplePurpose.SAMPLE, dwellings.astype(np.uint64), year)
    wanted = min(NETWORK_HOUSEHOLDS, len(dwellings))
    drawn = world.residence.household[t][np.argsort(lot, kind="stable")[:wanted]]
    inside = everyone["household_id"].isin(household_ids(world.households)[drawn])
    rows = everyone[inside].reset_index(drop=True)
    codes, buurten = rows["buurt_code"].astype("str"), world.geography.buurten
    stands_for = pd.Series(world.published_per_simulated(), index=buurten["buurt_code"].astype("str"))
    first = rows["household_id"].ne(rows["household_id"].shift())
    return pd.DataFrame(
        {
            "household_id": [f"{n:06d}" for n in first.cumsum()],
            "year": year,
            "weight_households": codes.map(stands_for).to_numpy(dtype=float) * len(dwellings) / wanted,
            "tie_number": rows.groupby(first.cumsum()).cumcount().to_numpy(dtype=np.int64) + 1,
            "area_code": codes,
            "code_year": _code_year(world),
            "tenure": rows["tenure"].map(_OWNERS).astype("str"),
            "income_group": rows["income_group"].astype("str"),
            "years_in_area": rows["years_in_buurt"].to_numpy(dtype=np.int64),
            "other_tenure": rows["other_tenure"].map(_OWNERS).astype("str"),
            "other_income_group": rows["other_income_group"].astype("str"),
            "other_years_in_area": rows["other_years_in_buurt"].to_numpy(dtype=np.int64),
        }
    )


def _households(world: World, year: int) -> pd.DataFrame:
    """Return the households in the register by buurt, tenure, income and residence: those that can be named as ties."""
    t = year - int(world.residence.years[0])
    codes = world.geography.buurten["buurt_code"].astype("str").to_numpy()
    cell = (world.residence.buurt.astype(np.int64) * 3 + world.residence.tenure[t]) * 3 + income_groups(world, t)
    cell = cell * 2 + (year - draw_stays(world).buurt_since[t] >= LONG_STAY_YEARS)
    count = np.bincount(cell, minlength=len(codes) * 18)
    at = np.flatnonzero(count)
    return pd.DataFrame(
        {
            "year": year,
            "area_code": codes[at // 18],
            "code_year": _code_year(world),
            "tenure": np.array(TENURES)[at // 6 % 3],
            "income_group": np.array(INCOME_GROUPS)[at // 2 % 3],
            "residence": np.array(RESIDENCES)[at % 2],
            "households_count": count[at].astype(np.int64),
        }
    )


def _adults(world: World, year: int, persons: Persons, p: PeopleParameters) -> pd.DataFrame:
    """Return the adults in the register by buurt, age group, tenure and income."""
    everyone = survey(world, year, _EVERYBODY, persons, p)
    groups = pd.cut(everyone["age"], [*AGE_GROUPS.values(), np.inf], right=False, labels=list(AGE_GROUPS))
    keys = {
        "area_code": everyone["buurt_code"].astype("str"),
        "age_group": groups.astype("str"),
        "tenure": everyone["tenure"].map(_OWNERS).astype("str"),
        "low_income": everyone["low_income"].astype(bool),
    }
    counted = everyone["weight_persons"].groupby(list(keys.values())).sum()
    table = counted.rename("adults_count").rename_axis(list(keys)).reset_index()
    table.insert(0, "year", year)
    table.insert(2, "code_year", _code_year(world))
    return table
