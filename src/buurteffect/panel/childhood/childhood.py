"""Childhoods: where each child with a known adult rank grew up, where its family lived later, and how poor that was.

A child's place is its own address at ages 0 to 17, and after that the address of the parent it lived with last: where
the family lives then can no longer be part of its childhood, which is what a placebo needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import DataError
from buurteffect.panel.childhood.place_qualities import PlaceQuality, place_quality
from buurteffect.panel.persons.person_years import person_pseudonyms, positions_of
from buurteffect.sources.tables.microdata import extract_paths, read_extract

LAST_CHILDHOOD_AGE = 17
"""Last age, completed on 31 December, that counts as childhood."""

TEENAGE = (15, LAST_CHILDHOOD_AGE)
"""Ages at which the parents' income is compared between cohorts: the earliest cohorts are seen at no others."""

REFERENCE_SHARE = 0.10
"""Share of low incomes at which a year adds no exposure: a zero point, which cancels against the number of years."""

POINT_STEP = 0.10
"""Exposure counts in steps of ten percentage points."""

_INPATAB, _KINDOUDERTAB = "INPATAB", "KINDOUDERTAB"
_NOBODY = -1


@dataclass(frozen=True, eq=False)
class Childhoods:
    """Children with a known adult rank, and the years of their families.

    Attributes
    ----------
    children : DataFrame
        One row per child; see `read_childhoods`.
    years : DataFrame
        One row per child and 1 January on which its place is known; see `read_childhoods`.
    dropped : tuple of (str, int)
        Who was left out, and why.
    """

    children: pd.DataFrame
    years: pd.DataFrame
    dropped: tuple[tuple[str, int], ...]


def read_childhoods(folder: Path, people: pd.DataFrame) -> Childhoods:
    """Return the childhoods of everyone whose adult rank is known and whose childhood the panel saw.

    Parameters
    ----------
    folder : Path
        Folder of the register extracts.
    people : DataFrame
        From `read_person_years` on the same folder, all years.

    Returns
    -------
    Childhoods
        ``years`` has one row per child and year, sorted: ``person, year, age, at_home`` (whether it is the child's
        own address, ages 0 to 17; later it is the parent's), ``place`` (int32, code of the buurt), ``household``,
        ``low_income_share`` (of the *other* households of the buurt in that year), ``tenure_mix`` (entropy of the
        buurt's three tenures over its maximum, 0 to 1), ``income_gap`` (log income of the household less the mean of
        the year).

        ``children`` has one row per child, sorted by person: ``person, family`` (code of the mother, of the father
        where she is not known), ``birth_year, female, nonwestern, adult_rank`` (hundredth of the country at 28, 1 to
        100), ``childhood_years`` (years at ages 0 to 17 that the panel saw), ``exposure`` (sum over these of 0.10
        less the share of low incomes, over 0.10: years of childhood times ten points fewer low incomes),
        ``own_low_years`` (of these, with a low income at home), ``parent_rank`` and ``parent_rank_teenage`` (0 to
        100, within the birth cohort, of the parents' mean income over all years and at ages 15 to 17; missing where
        no income is known), ``place, gemeente`` (codes; where the child lived in its last year of childhood),
        ``moves_count`` (of the family between buurten), ``move_age`` (age at the first 1 January after the only
        move; missing with none or several), ``years_after_move`` (childhood years from then on),
        ``origin_share, destination_share`` (low incomes among others in the two buurten, over all years; missing
        likewise) and ``destination_mix``.

    Raises
    ------
    DataError
        If an extract is missing or breaks its contract, or a person has two adult ranks.
    """
    names = person_pseudonyms(folder)
    quality = place_quality(people)
    ranked = _adult_ranks(folder, names)
    parents = _parents(folder, names).reindex(ranked.index, fill_value=_NOBODY)
    rows = people["person"].isin(ranked.index) & (people["age"] <= LAST_CHILDHOOD_AGE)
    home = people[rows & (people["age"] >= 0)]
    seen = home["person"].unique()
    kept = ranked.loc[ranked.index.isin(seen)]
    parents = parents.loc[kept.index]
    with_parent = _parent_at_home(home, people, parents)
    later = _later_years(with_parent, people, home)
    years = _years_of(home, later, quality)
    children = _children_of(kept, parents, home, years, quality)
    known = (children["family"] >= 0).to_numpy()
    dropped = (
        ("persons with an adult rank whose childhood the panel did not see", int(len(ranked) - len(kept))),
        ("children without a known parent", int((~known).sum())),
    )
    children = children[known].reset_index(drop=True)
    years = years[years["person"].isin(children["person"])].reset_index(drop=True)
    return Childhoods(children, years, tuple(item for item in dropped if item[1]))


def _adult_ranks(folder: Path, names: pd.Series) -> pd.Series:
    """Return the adult rank by person code, of those in the address register."""
    parts = [read_extract(folder, _INPATAB, year) for year in sorted(extract_paths(folder, _INPATAB))]
    found = pd.concat(parts, ignore_index=True)
    code = positions_of(found["RINPERSOON"], names)
    ranks = pd.Series(found["INPP100PPERS"].to_numpy(dtype=float), index=code, name="adult_rank")
    ranks = ranks[ranks.index >= 0].sort_index()
    if ranks.index.has_duplicates:
        raise DataError(
            _INPATAB,
            found=f"{int(ranks.index.duplicated().sum()):,} persons with more than one adult rank",
            expected="one row per person over all years: everyone turns 28 once",
            action="place one file per year, with the persons who turned 28 in it",
        )
    return ranks.rename_axis("person")


def _parents(folder: Path, names: pd.Series) -> pd.DataFrame:
    """Return ``mother, father`` by child, as person codes; -1 where not known."""
    found = read_extract(folder, _KINDOUDERTAB, columns=["RINPERSOON", "RINPERSOONMa", "RINPERSOONpa"])
    child = positions_of(found["RINPERSOON"], names)
    both = pd.DataFrame(
        {"mother": positions_of(found["RINPERSOONMa"], names), "father": positions_of(found["RINPERSOONpa"], names)},
        index=pd.Index(child, name="person"),
    )
    return both[both.index >= 0]


def _parent_at_home(home: pd.DataFrame, people: pd.DataFrame, parents: pd.DataFrame) -> pd.DataFrame:
    """Return for each child its last year of childhood and the parent then at its address, the mother first."""
    last = home.loc[~home["person"].duplicated(keep="last"), ["person", "year", "age", "dwelling"]].set_index("person")
    last = last.join(parents)
    lived = people[["person", "year", "dwelling"]]
    lived = lived[lived["person"].isin(np.unique(parents.to_numpy()))]
    address = pd.Series(lived["dwelling"].to_numpy(), index=_key(lived["person"], lived["year"]))
    found = pd.Series(_NOBODY, index=last.index)
    for name in ("father", "mother"):
        there = address.reindex(_key(last[name], last["year"])).to_numpy() == last["dwelling"].to_numpy()
        found = found.mask(there & (last[name] >= 0), last[name])
    return last.assign(parent=found)[["year", "age", "parent"]]


def _key(person: pd.Series, year: pd.Series) -> NDArray[np.int64]:
    """Return one number per person and year."""
    return np.asarray(person.to_numpy(dtype=np.int64) * 10_000 + year.to_numpy(dtype=np.int64))


def _later_years(children: pd.DataFrame, people: pd.DataFrame, home: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of each child's parent in the years after childhood, under the child's code."""
    some = children[children["parent"] >= 0]
    lived = people[people["person"].isin(some["parent"].unique())]
    pairs = some.reset_index()[["person", "parent", "year", "age"]].rename(columns={"year": "last", "age": "last_age"})
    found = pairs.merge(lived.drop(columns="age").rename(columns={"person": "parent"}), on="parent")
    found = found[found["year"] > found["last"]]
    found["age"] = (found["last_age"] + found["year"] - found["last"]).astype(np.int16)
    found = found[found["age"] > LAST_CHILDHOOD_AGE]
    return found[home.columns]


def _years_of(home: pd.DataFrame, later: pd.DataFrame, quality: PlaceQuality) -> pd.DataFrame:
    """Return one row per child and year: childhood, then the years of the parent."""
    both = pd.concat([home.assign(at_home=True), later.assign(at_home=False)], ignore_index=True)
    order = np.lexsort((both["year"].to_numpy(), both["person"].to_numpy()))
    both = both.take(order).reset_index(drop=True)
    place = quality.code_of(both["buurt_code"])
    year, low = both["year"].to_numpy(dtype=np.int64), both["low_income"]
    gap = both["log_income"].to_numpy(dtype=float) - quality.mean_log_income.reindex(year).to_numpy()
    return pd.DataFrame(
        {
            "person": both["person"].to_numpy(dtype=np.int64),
            "year": year,
            "age": both["age"].to_numpy(dtype=np.int64),
            "at_home": both["at_home"].to_numpy(),
            "place": place,
            "gemeente": both["gemeente_code"].cat.codes.to_numpy(),
            "household": both["household"].to_numpy(),
            "low_income_share": quality.share_of_others(place, year, low),
            "tenure_mix": quality.mix_of(place, year),
            "low_income": low.to_numpy(dtype=float, na_value=np.nan),
            "income_gap": gap,
        }
    )


def _children_of(
    ranks: pd.Series,
    parents: pd.DataFrame,
    home: pd.DataFrame,
    years: pd.DataFrame,
    quality: PlaceQuality,
) -> pd.DataFrame:
    """Return one row per child."""
    first = home.loc[~home["person"].duplicated(), ["person", "year", "age", "sex", "origin_nonwestern"]]
    first = first.set_index("person").loc[ranks.index]
    young = years[years["at_home"]]
    by = young.groupby("person")
    last = young[~young["person"].duplicated(keep="last")].set_index("person").loc[ranks.index]
    count = by["low_income_share"].count()
    frame = pd.DataFrame(
        {
            "family": np.where(parents["mother"] >= 0, parents["mother"], parents["father"]),
            "birth_year": (first["year"] - 1 - first["age"]).astype(np.int64),
            "female": (first["sex"] == "female").astype(float),
            "nonwestern": first["origin_nonwestern"].astype(float),
            "adult_rank": ranks,
            "childhood_years": count.astype(np.int64),
            "exposure": (count * REFERENCE_SHARE - by["low_income_share"].sum()) / POINT_STEP,
            "own_low_years": by["low_income"].sum(),
            "place": last["place"],
            "gemeente": last["gemeente"],
        },
        index=ranks.index,
    )
    teenage = years[years["age"].between(*TEENAGE)].groupby("person")["income_gap"].mean()
    for name, income in (
        ("parent_rank", years.groupby("person")["income_gap"].mean()),
        ("parent_rank_teenage", teenage),
    ):
        frame[name] = _rank_within(income.reindex(ranks.index), frame["birth_year"])
    frame = frame.join(_only_move(years, quality))
    return frame.rename_axis("person").reset_index()


def _rank_within(values: pd.Series, cohort: pd.Series) -> pd.Series:
    """Return mid-ranks within cohorts on a scale of 0 to 100; missing stays missing."""
    grouped = values.groupby(cohort)
    return 100 * (grouped.rank() - 0.5) / grouped.transform("count")


def _only_move(years: pd.DataFrame, quality: PlaceQuality) -> pd.DataFrame:
    """Return by child the number of moves between buurten, and age, origin and destination where there is just one."""
    person, place, year = (years[name].to_numpy() for name in ("person", "place", "year"))
    same = np.append(False, person[1:] == person[:-1])
    moved = same & np.append(False, place[1:] != place[:-1])
    unseen = moved & np.append(False, year[1:] - year[:-1] > 1)
    count = pd.Series(moved).groupby(person).sum()
    clear = pd.Series(unseen).groupby(person).sum() == 0
    once = np.flatnonzero(moved & (count.eq(1) & clear).reindex(person).to_numpy())
    after = pd.DataFrame({"person": person[once], "at": once})
    child = years["at_home"].to_numpy() & years["low_income_share"].notna().to_numpy()
    number = np.append(np.cumsum(child[::-1])[::-1], 0)
    end = np.searchsorted(person, person[once], side="right")
    own = pd.DataFrame({"person": person, "place": place, "low": years["low_income"].to_numpy()})
    own = own[np.isin(person, person[once])]
    origin = quality.lasting_share(own, person[once], place[once - 1])
    destination = quality.lasting_share(own, person[once], place[once])
    table = pd.DataFrame(
        {
            "move_age": years["age"].to_numpy()[once].astype(float),
            "years_after_move": (number[once] - number[end]).astype(float),
            "origin_share": origin,
            "destination_share": destination,
            "destination_mix": quality.lasting_mix(place[once]),
        },
        index=pd.Index(after["person"], name="person"),
    )
    return count.rename("moves_count").rename_axis("person").to_frame().join(table)
