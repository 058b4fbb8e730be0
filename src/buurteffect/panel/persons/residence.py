"""Who lived where: residences from the register extracts, day by day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.sources.tables.microdata import read_extract

TENURES = {"W": "association", "E": "owner", "O": "other_landlord"}
"""Codes of owners in the extracts, and what they are called here."""

PLACES = {
    "same_dwelling": "in the same dwelling",
    "same_buurt": "elsewhere in the same buurt",
    "same_wijk": "elsewhere in the same wijk",
    "same_gemeente": "elsewhere in the same gemeente",
    "elsewhere": "in another gemeente",
    "not_in_register": "not in the register",
}
"""Where somebody lives some years later."""

_SPELL = {
    "RINPERSOON": "person",
    "GBADATUMAANVANGADRESHOUDING": "first_day",
    "GBADATUMEINDEADRESHOUDING": "last_day",
    "RINOBJECTNUMMER": "dwelling",
}


def read_spells(folder: Path) -> pd.DataFrame:
    """Return the spells of persons at dwellings; back-to-back spells at one dwelling are one.

    Returns
    -------
    DataFrame
        One row per spell: ``person, dwelling, first_day, last_day`` (integers YYYYMMDD).

    Raises
    ------
    DataError
        See `read_extract`.
    """
    spells = read_extract(folder, "GBAADRESOBJECTBUS", columns=list(_SPELL)).rename(columns=_SPELL)
    for name in ("first_day", "last_day"):
        spells[name] = spells[name].astype("int64")
    spells = spells.sort_values(["person", "first_day"], kind="stable", ignore_index=True)
    person = spells["person"].ne(spells["person"].shift())
    fresh = person | spells["dwelling"].ne(spells["dwelling"].shift())
    grouped = spells.groupby(fresh.cumsum(), sort=False)
    return grouped.agg(
        person=("person", "first"),
        dwelling=("dwelling", "first"),
        first_day=("first_day", "first"),
        last_day=("last_day", "last"),
    ).reset_index(drop=True)


def residents_on(spells: pd.DataFrame, day: int) -> pd.Series:
    """Return the dwelling of every person on one day (YYYYMMDD): index ``person``, values ``dwelling``."""
    there = (spells["first_day"] <= day) & (spells["last_day"] >= day)
    return spells[there].set_index("person")["dwelling"]


def read_dwellings(folder: Path, year: int) -> pd.DataFrame:
    """Return the dwellings that stood on 1 January of a year.

    Returns
    -------
    DataFrame
        One row per dwelling (index ``dwelling``): ``tenure`` (`TENURES`), ``woz_value_eur``, ``buurt_code``.
    """
    owned = read_extract(folder, "EIGENDOMWOZTAB", year, ["RINOBJECTNUMMER", "TYPEEIGENAAR", "WOZWAARDE"])
    areas = read_extract(folder, "VSLGWBTAB", columns=["RINOBJECTNUMMER", f"bc{year}"])
    owned = owned.set_index("RINOBJECTNUMMER")
    result = pd.DataFrame(
        {"tenure": owned["TYPEEIGENAAR"].map(TENURES), "woz_value_eur": owned["WOZWAARDE"].astype(float)}
    )
    result["buurt_code"] = ("BU" + areas.set_index("RINOBJECTNUMMER")[f"bc{year}"]).reindex(result.index)
    return result.rename_axis("dwelling")


def turnover_by_year(spells: pd.DataFrame, years: range) -> pd.DataFrame:
    """Return the share of occupied dwellings in which, a year later, nobody lives who lived there before.

    Parameters
    ----------
    spells : DataFrame
        From `read_spells`.
    years : range
        Years, each counted from its 1 January to the next.

    Returns
    -------
    DataFrame
        One row per year: ``year, estimate, units_count`` (dwellings).
    """
    dwelling = spells["dwelling"].factorize()[0]
    first, last = spells["first_day"].to_numpy(), spells["last_day"].to_numpy()
    rows = []
    for year in years:
        day, next_day = year * 10_000 + 101, (year + 1) * 10_000 + 101
        there = (first <= day) & (last >= day)
        occupied = np.unique(dwelling[there]).size
        kept = np.unique(dwelling[there & (last >= next_day)]).size
        if occupied:
            rows.append({"year": year, "estimate": 1 - kept / occupied, "units_count": occupied})
    return pd.DataFrame(rows, columns=["year", "estimate", "units_count"])


def strip_of_buurt(
    folder: Path, spells: pd.DataFrame, buurt_code: str, start_year: int, years: list[int]
) -> pd.DataFrame:
    """Return the dwellings of one buurt over some years, each at a place of its own.

    Dwellings of the first year stand in the order of their pseudonyms, which is no order of addresses. What is built
    later takes, in the same order, places that demolished dwellings have left: the extracts do not say which dwelling
    was built in the place of which.

    Parameters
    ----------
    folder : Path
        Folder of the extracts.
    spells : DataFrame
        From `read_spells`.
    buurt_code : str
        The buurt.
    start_year : int
        Who lived in a dwelling on 1 January of the year before this is followed.
    years : list of int
        Years, ascending.

    Returns
    -------
    DataFrame
        One row per dwelling and year: ``position``, ``year``, ``tenure``, ``same_residents`` (whether somebody who
        lived in the dwelling on 1 January before the start still does).
    """
    first = residents_on(spells, (start_year - 1) * 10_000 + 101)
    place: dict[str, int] = {}
    rows = []
    for year in years:
        dwellings = read_dwellings(folder, year)
        here = dwellings[dwellings["buurt_code"] == buurt_code].sort_index()
        place = {name: position for name, position in place.items() if name in here.index}
        free = iter(sorted(set(range(len(here))) - set(place.values())))
        place |= {name: next(free) for name in here.index if name not in place}
        now = residents_on(spells, year * 10_000 + 101)
        both = pd.concat([first, now], axis=1, join="inner", keys=["before", "now"])
        same = set(both.loc[both["before"] == both["now"], "now"])
        position, stayed = [place[name] for name in here.index], [name in same for name in here.index]
        columns = {"position": position, "year": year, "tenure": here["tenure"].to_numpy(), "same_residents": stayed}
        rows.append(pd.DataFrame(columns))
    return pd.concat(rows, ignore_index=True)


def destinations(folder: Path, spells: pd.DataFrame, buurt_code: str, from_year: int, to_year: int) -> pd.DataFrame:
    """Return where those who lived in a buurt on 1 January of one year lived on 1 January of another.

    Returns
    -------
    DataFrame
        One row per place: ``place`` (same_dwelling, same_buurt, same_wijk, same_gemeente, elsewhere,
        not_in_register), ``buurt_code`` (of the later year; missing where not in the register), ``persons_count``.
    """
    before, after = read_dwellings(folder, from_year), read_dwellings(folder, to_year)
    lived = residents_on(spells, from_year * 10_000 + 101)
    lived = lived[lived.map(before["buurt_code"]) == buurt_code]
    moved = pd.DataFrame({"old": lived, "new": residents_on(spells, to_year * 10_000 + 101).reindex(lived.index)})
    moved["buurt_code"] = moved["new"].map(after["buurt_code"])
    code = moved["buurt_code"]
    moved["place"] = np.select(
        [
            moved["new"].isna(),
            moved["new"] == moved["old"],
            code == buurt_code,
            code.str[:8] == buurt_code[:8],
            code.str[:6] == buurt_code[:6],
        ],
        ["not_in_register", "same_dwelling", "same_buurt", "same_wijk", "same_gemeente"],
        "elsewhere",
    )
    grouped = moved.groupby(["place", "buurt_code"], dropna=False).size()
    return grouped.rename("persons_count").reset_index()


def summarise_destinations(found: pd.DataFrame) -> pd.DataFrame:
    """Return how many persons live in each kind of place, in the order of `PLACES`.

    Returns
    -------
    DataFrame
        One row per kind of place: ``place, label, persons_count, estimate`` (share of all).
    """
    counts = found.groupby("place")["persons_count"].sum().reindex(list(PLACES), fill_value=0)
    table = counts.rename_axis("place").reset_index()
    table.insert(1, "label", table["place"].map(PLACES))
    table["estimate"] = table["persons_count"] / table["persons_count"].sum()
    return table


def register_exit(spells: pd.DataFrame, from_year: int, to_year: int) -> float:
    """Return which share of all persons on 1 January of one year is not in the register on that of another."""
    before, after = (residents_on(spells, year * 10_000 + 101) for year in (from_year, to_year))
    return float((~before.index.isin(after.index)).mean())


def largest_project(folder: Path, projects: pd.DataFrame) -> pd.Series:
    """Return the project that demolished most dwellings, among those in buurten whose code was always the same.

    Raises
    ------
    ProjectError
        If no project is in such a buurt.
    """
    areas = read_extract(folder, "VSLGWBTAB")
    codes = "BU" + areas[[name for name in areas.columns if name.startswith("bc")]]
    lasting = set.intersection(*(set(codes[name]) for name in codes.columns))
    candidates = projects[projects["area_code"].isin(lasting)].dropna(subset="demolished_social_dwellings_count")
    if candidates.empty:
        raise ProjectError("no project lies in a buurt whose code never changed: take another country (SEED)")
    return candidates.sort_values("demolished_social_dwellings_count", kind="stable").iloc[-1]
