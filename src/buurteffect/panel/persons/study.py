"""The study on which effects on persons are judged: everyone by year, their dwellings, and what was done where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.source_folders import extracts_folder
from buurteffect.panel.persons.demolition import LEAST_DOSE, read_dwelling_lives, treated_buurten
from buurteffect.panel.persons.dwellings import dwelling_places
from buurteffect.panel.persons.person_years import dwelling_pseudonyms, read_person_years
from buurteffect.project import Project

BEFORE_POLICY = 1998
"""Last 1 January before any programme of the register began: what is known then cannot have been moved by it."""

COVARIATES = ("own_level", "association_share", "owner_share", "log_woz", "woz_change")
"""What buurten are compared given, as it was in the last year before treatment: the outcome (mean of three years, so
that one bad year does not count as a trait), the shares of associations and of owners, and the value of dwellings and
its change over three years, in which the quality of the place shows."""

LEVEL_YEARS = 3


@dataclass(frozen=True, eq=False)
class PersonStudy:
    """Persons, dwellings and buurten of a source.

    Attributes
    ----------
    people : DataFrame
        From `read_person_years`, with ``demolished_year``: the year in which the dwelling of the row is demolished,
        missing where it stands.
    areas : DataFrame
        One row per buurt: ``area_code, gemeente_code``, what `treated_buurten` says, ``association_before`` (share of
        dwellings of associations in `BEFORE_POLICY`) and ``built_owner_share``: dwellings completed from the cohort's
        year on and owner-occupied in the last year, per dwelling that stood on 1 January of the cohort's year (zero
        for untreated buurten).
    known : DataFrame
        One row per buurt and year: ``area_code, year, association_share, owner_share, log_woz`` (less the mean of all
        buurten) and its change over three years (``woz_change``) and, as means over the last three years,
        ``log_income_level, low_income_level``.
    inputs : tuple of InputFile
        The extracts.
    """

    people: pd.DataFrame
    areas: pd.DataFrame
    known: pd.DataFrame
    inputs: tuple[InputFile, ...] = ()

    @classmethod
    def read(cls, folder: Path, least_dose_share: float = LEAST_DOSE) -> PersonStudy:
        """Return the study of a folder of register extracts; see `person_study`."""
        people = read_person_years(folder)
        names = dwelling_pseudonyms(folder)
        places, lives = dwelling_places(folder, names), read_dwelling_lives(folder, names)
        people["demolished_year"] = lives["demolished_year"].to_numpy(np.float32)[people["dwelling"].to_numpy()]
        first = int(people["year"].min())
        areas = treated_buurten(places["buurt_code"], lives, first, least_dose_share)
        outer = dict(zip(places["buurt_code"].astype("str"), places["gemeente_code"].astype("str"), strict=True))
        areas.insert(1, "gemeente_code", areas["area_code"].map(outer))
        areas["built_owner_share"] = _built_to_own(people, areas, places, lives)
        known = _known_by_year(people)
        before = known[known["year"] == max(BEFORE_POLICY, first)].set_index("area_code")["association_share"]
        areas["association_before"] = areas["area_code"].map(before).fillna(0.0)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return cls(people, areas, known, tuple(InputFile.of(path, f"{path.parent.name}/{path.name}") for path in files))

    @property
    def years(self) -> list[int]:
        """Years of the people."""
        return sorted(int(year) for year in self.people["year"].unique())

    @property
    def cohorts(self) -> list[int]:
        """Years in which treatment begins somewhere, ascending."""
        return sorted(int(year) for year in self.areas["cohort_year"].dropna().unique())

    def known_for(self, outcome: str) -> pd.DataFrame:
        """Return what is known of buurten by year, the level of one outcome as ``own_level``."""
        return self.known.rename(columns={f"{outcome}_level": "own_level"})[["area_code", "year", *COVARIATES]]

    def compared(self, least_association_share: float, near: Iterable[str] = ()) -> pd.DataFrame:
        """Return the treated buurten and those untreated ones that stand for them.

        Parameters
        ----------
        least_association_share : float
            Untreated buurten in which associations owned less before the policy are left out: nothing was to be
            restructured there.
        near : iterable of str
            Untreated buurten that are left out because they are near a treated one.
        """
        rows = self.areas[self.areas["status"] != "below the least dose"]
        untreated = rows["status"] == "untreated"
        unlike = (rows["association_before"] < least_association_share) | rows["area_code"].isin(set(near))
        return rows[~(untreated & unlike)].reset_index(drop=True)


def person_study(source: str, least_dose_share: float = LEAST_DOSE, project: Project | None = None) -> PersonStudy:
    """Return the study of a source.

    Parameters
    ----------
    source : {"synthetic", "microdata"}
        Where the data come from.
    least_dose_share : float
        Share of a buurt's dwellings demolished, from which on it counts as treated.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the source has no persons.
    DataError
        If an extract is missing or breaks its contract.
    """
    return PersonStudy.read(extracts_folder(source, project), least_dose_share)


def compared_buurten(study: PersonStudy, areas: pd.DataFrame) -> pd.DataFrame:
    """Return how many buurten of a study are treated, compared (`areas`, from `PersonStudy.compared`) and left out.

    Returns
    -------
    DataFrame
        One row per kind: ``status, areas_count, gemeenten_count, dwellings_count, demolished_count,
        association_before`` (mean share).
    """
    inside = study.areas["area_code"].isin(set(areas["area_code"]))
    status = study.areas["status"].where(inside, "left out: " + study.areas["status"]).rename("status")
    return (
        study.areas.groupby(status)
        .agg(
            areas_count=("area_code", "size"),
            gemeenten_count=("gemeente_code", "nunique"),
            dwellings_count=("dwellings_count", "sum"),
            demolished_count=("demolished_count", "sum"),
            association_before=("association_before", "mean"),
        )
        .sort_index(ascending=False)
        .reset_index()
    )


def _known_by_year(people: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of every buurt in every year, over its main earners."""
    heads = people.loc[people["main_earner"].to_numpy()]
    worth = heads["woz_value_eur"].to_numpy(dtype=float)
    figures = pd.DataFrame(
        {
            "area_code": heads["buurt_code"].to_numpy(),
            "year": heads["year"].to_numpy().astype(np.int64),
            "association_share": (heads["tenure"] == "association").to_numpy(dtype=float),
            "owner_share": (heads["tenure"] == "owner").to_numpy(dtype=float),
            "log_woz": np.log(worth, out=np.full(len(worth), np.nan), where=worth > 0),
            "log_income_level": heads["log_income"].to_numpy(),
            "low_income_level": heads["low_income"].astype("Float64").to_numpy(dtype=float, na_value=np.nan),
        }
    )
    known = figures.groupby(["area_code", "year"], observed=True).mean().reset_index()
    known["area_code"] = known["area_code"].astype("str")
    known["log_woz"] -= known.groupby("year")["log_woz"].transform("mean")
    known = known.sort_values(["area_code", "year"], kind="stable", ignore_index=True)
    worth = known.groupby("area_code")["log_woz"]
    known["woz_change"] = known["log_woz"] - worth.shift(LEVEL_YEARS).fillna(worth.transform("first"))
    for name in ("log_income_level", "low_income_level"):
        rolling = known.groupby("area_code")[name].rolling(LEVEL_YEARS, min_periods=1).mean()
        known[name] = rolling.reset_index(level=0, drop=True)
    return known


def _built_to_own(
    people: pd.DataFrame, areas: pd.DataFrame, places: pd.DataFrame, lives: pd.DataFrame
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return dwellings built to own since the start of treatment, per dwelling that stood before."""
    last = people[people["year"] == people["year"].max()]
    owned = np.zeros(len(places), dtype=bool)
    owned[last.loc[last["tenure"] == "owner", "dwelling"].to_numpy()] = True
    code = places["buurt_code"].astype("str")
    start = code.map(areas.set_index("area_code")["cohort_year"])
    fresh = owned & (lives["completed_year"].to_numpy() >= start.to_numpy())
    built = pd.Series(fresh).groupby(code.to_numpy()).sum().reindex(areas["area_code"]).to_numpy(dtype=float)
    return np.asarray(built / areas["dwellings_count"].clip(lower=1).to_numpy())
