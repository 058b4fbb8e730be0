"""The person panel: everyone in the register on 1 January of a year, with household, dwelling, place and income."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from buurteffect.errors import DataError
from buurteffect.panel.persons.dwellings import dwelling_places
from buurteffect.panel.persons.residence import TENURES, read_spells
from buurteffect.schema.microdata import ORIGIN_CODES, UNKNOWN_INCOME_EUR
from buurteffect.sources.tables.microdata import extract_paths, read_extract

LOW_INCOME_RANK = 0.095
"""Households with the lowest standardised incomes of a year that count as low: the share that the synthetic country
sets (`synthetic.parameters`, `low_income_rank`). A rank, not the amount of the statistics office: with an amount the
share would move with the business cycle."""

ADDRESSES = "GBAADRESOBJECTBUS"
EMPLOYEE = "11"
NONWESTERN = ("morocco", "antilles", "suriname", "turkey", "other_nonwestern")
COLUMNS = (
    "person", "year", "household", "main_earner", "dwelling", "buurt_code", "wijk_code", "gemeente_code", "tenure",
    "woz_value_eur", "income_eur", "log_income", "low_income", "age", "sex", "origin", "origin_nonwestern", "employed",
)  # fmt: skip
"""Columns of the person panel."""


def person_pseudonyms(folder: Path) -> pd.Series:
    """Return the pseudonym of every person in the address register, in order; its position is the person's code."""
    spells = read_extract(folder, ADDRESSES, columns=["RINPERSOON"])
    return _sorted_names(spells["RINPERSOON"], "pseudonym")


def dwelling_pseudonyms(folder: Path) -> pd.Series:
    """Return the pseudonym of every dwelling in the address register, in order; its position is the dwelling's code."""
    spells = read_extract(folder, ADDRESSES, columns=["RINOBJECTNUMMER"])
    return _sorted_names(spells["RINOBJECTNUMMER"], "pseudonym")


def read_person_years(folder: Path) -> pd.DataFrame:
    """Return who was in the register on 1 January of each year with a file of household incomes, and how they lived.

    Parameters
    ----------
    folder : Path
        Folder of the register extracts (`extracts_folder`).

    Returns
    -------
    DataFrame
        One row per person and year, sorted by both:

        - ``person, dwelling`` (int32): codes of `person_pseudonyms` and `dwelling_pseudonyms`;
        - ``year`` (int16): who lived at an address on 1 January of it;
        - ``household`` (int32): the person code of the main earner; -1 where the link is not in the extracts;
        - ``main_earner`` (bool): one row of a household has it;
        - ``buurt_code, wijk_code, gemeente_code`` (category): in the boundaries of the extracts' last year, also for
          dwellings that are gone by then (`dwelling_places`);
        - ``tenure`` (category, `TENURES`), ``woz_value_eur`` (float32);
        - ``income_eur`` (float32): standardised household income in the calendar year, prices of 2021, missing where
          unknown; ``log_income`` (float64): its natural logarithm, missing also where it is not above 0;
        - ``low_income`` (boolean, missing where income is): among the `LOW_INCOME_RANK` of households with the lowest
          known incomes of the year;
        - ``age`` (int16): years completed on 31 December before, since the registers hold years of birth only;
        - ``sex`` (category male, female), ``origin`` (category, `ORIGIN_CODES`), ``origin_nonwestern`` (bool);
        - ``employed`` (boolean): an employee on 1 January (SECMBUS, code 11), missing where no spell covers the day.

    Raises
    ------
    DataError
        If an extract is missing or breaks its contract, someone lives at two addresses on one day, an occupied
        dwelling has no owner or area, or a person is not in the register of persons.
    """
    spells = read_spells(folder)
    persons = _sorted_names(spells["person"], "person")
    dwellings = _sorted_names(spells["dwelling"], "dwelling")
    years = sorted(extract_paths(folder, "INHATAB"))
    frame = _residents(spells, persons, dwellings, years)
    del spells
    parts = []
    for year, rows in frame.groupby("year", sort=True):
        parts.append(_year(folder, int(str(year)), rows, persons, dwellings))
    frame = pd.concat(parts, ignore_index=True)
    places = dwelling_places(folder, dwellings)
    for name in ("buurt_code", "wijk_code", "gemeente_code"):
        frame[name] = places[name].take(frame["dwelling"].to_numpy()).array
    _add_persons(frame, folder, persons)
    _add_work(frame, folder, persons, years)
    order = np.lexsort((frame["year"].to_numpy(), frame["person"].to_numpy()))
    return frame[list(COLUMNS)].take(order).reset_index(drop=True)


def _sorted_names(names: pd.Series, name: str) -> pd.Series:
    """Return the different names in their order."""
    found = pc.unique(pa.array(names, pa.string())).to_pandas()
    return found.sort_values(ignore_index=True).rename(name).astype("str")


def positions_of(names: pd.Series, known: pd.Series) -> npt.NDArray[np.int32]:
    """Return the position of names among the known, -1 for others and for the missing."""
    position = pc.index_in(pa.array(names, pa.string()), value_set=pa.array(known, pa.string()))
    return np.asarray(pc.fill_null(position, -1), dtype=np.int32)


def _residents(spells: pd.DataFrame, persons: pd.Series, dwellings: pd.Series, years: Sequence[int]) -> pd.DataFrame:
    """Return one row per person and 1 January of the years: ``person, year, dwelling``."""
    person, dwelling = positions_of(spells["person"], persons), positions_of(spells["dwelling"], dwellings)
    first, last = spells["first_day"].to_numpy(), spells["last_day"].to_numpy()
    parts = []
    for year in years:
        day = year * 10_000 + 101
        there = np.flatnonzero((first <= day) & (last >= day))
        here = person[there]
        doubles = len(here) - len(np.unique(here))
        if doubles:
            raise DataError(
                ADDRESSES,
                found=f"{doubles:,} persons at more than one address on 1 January {year}",
                expected="one address per person and day",
                action="close the earlier spell on the day before the next begins",
            )
        parts.append(pd.DataFrame({"person": here, "year": np.int16(year), "dwelling": dwelling[there]}))
    if not parts:
        raise DataError(ADDRESSES, found="no years asked for", expected="one year at least", action="name the years")
    return pd.concat(parts, ignore_index=True)


def _year(folder: Path, year: int, rows: pd.DataFrame, persons: pd.Series, dwellings: pd.Series) -> pd.DataFrame:
    """Add household, income, tenure and value to the residents of one year."""
    rows = rows.reset_index(drop=True)
    person, number = rows["person"].to_numpy(), len(persons)
    links = read_extract(folder, "KOPPELPERSOONHUISHOUDEN", year, ["RINPERSOON", "RINPERSOONHKW"])
    earner = np.full(number + 1, -1, dtype=np.int32)
    earner[positions_of(links["RINPERSOON"], persons)] = positions_of(links["RINPERSOONHKW"], persons)
    earner[-1] = -1
    household = earner[person]
    rows["household"], rows["main_earner"] = household, household == person
    income = _household_incomes(folder, year, persons)
    low = income < _low_income_limit(income)
    known = ~np.isnan(income[household])
    rows["income_eur"] = income[household].astype(np.float32)
    positive = income[household] > 0
    rows["log_income"] = np.log(income[household], out=np.full(len(rows), np.nan), where=positive)
    rows["low_income"] = pd.arrays.BooleanArray(low[household], ~known)
    owned = read_extract(folder, "EIGENDOMWOZTAB", year, ["RINOBJECTNUMMER", "TYPEEIGENAAR", "WOZWAARDE"])
    at = np.full(len(dwellings) + 1, -1, dtype=np.int64)
    at[positions_of(owned["RINOBJECTNUMMER"], dwellings)] = np.arange(len(owned))
    place = at[:-1][rows["dwelling"].to_numpy()]
    if (place < 0).any():
        raise DataError(
            f"EIGENDOMWOZTAB of {year}",
            found=f"no row for {np.unique(rows['dwelling'].to_numpy()[place < 0]).size:,} inhabited dwellings",
            expected="every dwelling in which somebody lives on 1 January",
            action="place the whole extract of that year",
        )
    tenure = pd.Categorical(owned["TYPEEIGENAAR"].map(TENURES), categories=list(TENURES.values()))
    rows["tenure"] = tenure.take(place)
    rows["woz_value_eur"] = owned["WOZWAARDE"].to_numpy()[place].astype(np.float32)
    return rows


def _household_incomes(folder: Path, year: int, persons: pd.Series) -> npt.NDArray[np.float64]:
    """Return the standardised income of the household of each main earner; missing for others and where unknown."""
    found = read_extract(folder, "INHATAB", year, ["RINPERSOONHKW", "INHGESTINKH"])
    amount = found["INHGESTINKH"].to_numpy(dtype=np.float64)
    income = np.full(len(persons) + 1, np.nan)
    income[positions_of(found["RINPERSOONHKW"], persons)] = np.where(amount == UNKNOWN_INCOME_EUR, np.nan, amount)
    income[-1] = np.nan
    return income


def _low_income_limit(income: npt.NDArray[np.float64]) -> float:
    """Return the income below which the lowest households of a year are."""
    known = np.sort(income[~np.isnan(income)])
    return float(known[round(LOW_INCOME_RANK * len(known))]) if len(known) else np.nan


def _add_persons(frame: pd.DataFrame, folder: Path, persons: pd.Series) -> None:
    """Add age, sex and origin."""
    names = ["RINPERSOON", "GBAGEBOORTEJAAR", "GBAGESLACHT", "GBAHERKOMSTGROEPERING"]
    register = read_extract(folder, "GBAPERSOONTAB", columns=names)
    at = np.full(len(persons) + 1, -1, dtype=np.int64)
    at[positions_of(register["RINPERSOON"], persons)] = np.arange(len(register))
    place = at[:-1][frame["person"].to_numpy()]
    if (place < 0).any():
        raise DataError(
            "GBAPERSOONTAB",
            found=f"no row for {np.unique(frame['person'].to_numpy()[place < 0]).size:,} persons with an address",
            expected="everyone in the address register",
            action="place the whole extract",
        )
    birth = register["GBAGEBOORTEJAAR"].astype("int64").to_numpy()
    frame["age"] = (frame["year"].to_numpy().astype(np.int64) - 1 - birth[place]).astype(np.int16)
    sex = pd.Categorical(register["GBAGESLACHT"].map({"1": "male", "2": "female"}), categories=["male", "female"])
    origin = pd.Categorical(
        register["GBAHERKOMSTGROEPERING"].map({code: name for name, code in ORIGIN_CODES.items()}),
        categories=list(ORIGIN_CODES),
    )
    frame["sex"], frame["origin"] = sex.take(place), origin.take(place)
    frame["origin_nonwestern"] = np.asarray(origin.isin(NONWESTERN))[place]


def _add_work(frame: pd.DataFrame, folder: Path, persons: pd.Series, years: Sequence[int]) -> None:
    """Add whether each was an employee on 1 January; missing where no spell says what they were."""
    spells = read_extract(folder, "SECMBUS", columns=["RINPERSOON", "AANVSECM", "EINDSECM", "SECM"])
    person = positions_of(spells["RINPERSOON"], persons)
    first, last = (spells[name].astype("int64").to_numpy() for name in ("AANVSECM", "EINDSECM"))
    works = (spells["SECM"] == EMPLOYEE).to_numpy()
    values, missing = np.zeros(len(frame), dtype=bool), np.ones(len(frame), dtype=bool)
    rows_of = frame.groupby("year").indices
    for year in years:
        day = year * 10_000 + 101
        there = np.flatnonzero((first <= day) & (last >= day) & (person >= 0))
        at = np.full(len(persons), -1, dtype=np.int64)
        at[person[there]] = there
        rows = rows_of.get(year, np.empty(0, dtype=np.int64))
        spell = at[frame["person"].to_numpy()[rows]]
        missing[rows] = spell < 0
        values[rows] = works[spell] & (spell >= 0)
    frame["employed"] = pd.arrays.BooleanArray(values, missing)
