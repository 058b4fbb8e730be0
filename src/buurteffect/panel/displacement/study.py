"""The study of displacement and the waterbed: who moved, what was done where, and what reached every buurt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.displacement.displaced import measured_before
from buurteffect.panel.displacement.exposure import HALF_M, MEMORY, exposures
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.polygons import read_polygons
from buurteffect.panel.inputs.source_folders import areas_folder
from buurteffect.panel.persons.demolition import LEAST_DOSE
from buurteffect.panel.persons.moves import household_moves
from buurteffect.panel.persons.study import BEFORE_POLICY, PersonStudy, person_study
from buurteffect.project import Project
from buurteffect.sources.leefbaarometer.version3 import read_score_files

COVARIATES = ("log_woz", "social_share")
"""Known of every buurt before the policy: mean log value of dwellings, and share of association dwellings."""

_SAME = ["low_income_share", "households_count"]


@dataclass(frozen=True, eq=False)
class DisplacementStudy:
    """Moves, places and exposures of a source.

    Attributes
    ----------
    people : DataFrame
        From `read_person_years`.
    moves : DataFrame
        From `household_moves`.
    areas : DataFrame
        One row per buurt: ``area_code, gemeente_code, cohort_year, dose_share, status`` (by its own demolitions),
        ``x_m, y_m`` and what was known before: ``score`` (first wave), ``low_income, log_woz, social_share``.
    frame : DataFrame
        One row per buurt and year: ``area_code, gemeente_code, year, cohort_year, dose_share, x_m, y_m``, `COVARIATES`,
        ``liveability_score`` (missing between the waves) and the columns of `exposures`. Buurten of
        which less than the least dose was demolished are not in it.
    inputs : tuple of InputFile
        The extracts.
    """

    people: pd.DataFrame
    moves: pd.DataFrame
    areas: pd.DataFrame
    frame: pd.DataFrame
    inputs: tuple[InputFile, ...] = ()

    @classmethod
    def read(
        cls, persons: PersonStudy, areas: Path, memory: float = MEMORY, half_m: float = HALF_M
    ) -> DisplacementStudy:
        """Return the study of persons and a folder with ``leefbaarometer3`` and ``boundaries``."""
        people = persons.people
        codes = pd.Index(people["buurt_code"].cat.categories)
        moves, scores = household_moves(people), _scores(areas / "leefbaarometer3")
        known = measured_before(moves, codes, scores, BEFORE_POLICY).rename_axis("area_code").reset_index()
        placed = persons.areas.merge(_centres(areas / "boundaries"), on="area_code", how="left")
        placed = placed.merge(known, on="area_code", how="left")
        reached = exposures(moves, codes, placed, memory, half_m)
        kept = placed[placed["status"].isin(["treated", "untreated"])]
        columns = ["area_code", "gemeente_code", "cohort_year", "dose_share", "x_m", "y_m", *COVARIATES]
        frame = reached.merge(kept[columns], on="area_code").merge(
            scores[["area_code", "year", "liveability_score"]], on=["area_code", "year"], how="left"
        )
        frame = frame.sort_values(["area_code", "year"], ignore_index=True)
        return cls(people, moves, placed, frame, persons.inputs)

    @property
    def codes(self) -> pd.Index:
        """Codes of the buurten in the order of their positions in `moves`."""
        return pd.Index(self.people["buurt_code"].cat.categories)

    @property
    def starts(self) -> pd.Series:
        """First year of demolition by code, missing where untreated; without buurten treated too little."""
        kept = self.areas[self.areas["status"].isin(["treated", "untreated"])]
        return kept.set_index("area_code")["cohort_year"]

    @property
    def waves(self) -> list[int]:
        """Years with scores."""
        return sorted(int(year) for year in self.frame.loc[self.frame["liveability_score"].notna(), "year"].unique())

    def remembering(self, memory: float, half_m: float = HALF_M) -> DisplacementStudy:
        """Return the study with exposures that fade otherwise."""
        reached = exposures(self.moves, self.codes, self.areas, memory, half_m).drop(columns=_SAME)
        kept = self.frame.drop(columns=[name for name in reached.columns if name not in ("area_code", "year")])
        return replace(self, frame=kept.merge(reached, on=["area_code", "year"], how="left"))

    def profiled(self, persistences: list[float], reaches_m: list[float]) -> dict[tuple[float, float], pd.DataFrame]:
        """Return the rows of the years with scores for every persistence of the displaced and reach of works."""
        return {
            (persistence, reach): self.remembering(persistence, reach).in_years(self.waves)
            for persistence in persistences
            for reach in reaches_m
        }

    def in_years(self, years: list[int]) -> pd.DataFrame:
        """Return the rows of some years."""
        return self.frame[self.frame["year"].isin(years)].reset_index(drop=True)


def displacement_study(
    source: str,
    least_dose_share: float = LEAST_DOSE,
    memory: float = MEMORY,
    half_m: float = HALF_M,
    project: Project | None = None,
) -> DisplacementStudy:
    """Return the study of a source.

    Parameters
    ----------
    source : {"synthetic", "microdata"}
        Where the data come from.
    least_dose_share : float
        Share of a buurt's dwellings demolished, from which on it counts as treated.
    memory, half_m : float
        See `exposures`.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the source has no persons.
    DataError
        If extracts, scores or boundaries are missing or break their contracts.
    """
    persons = person_study(source, least_dose_share, project)
    return DisplacementStudy.read(persons, areas_folder(source, project), memory, half_m)


def _scores(folder: Path) -> pd.DataFrame:
    """Return the scores of buurten."""
    files = [file for file in read_score_files(folder).files if file.level == "buurt"]
    if not files:
        raise DataError(
            f"{folder.name}/",
            found="no scores of buurten",
            expected="a file of the Leefbaarometer with bu_code",
            action="place the scores of buurten there, in the boundaries of the extracts' last year",
        )
    return files[-1].frame


def _centres(folder: Path) -> pd.DataFrame:
    """Return the centres of buurten."""
    names = {"centroid_x_m": "x_m", "centroid_y_m": "y_m"}
    for path in sorted(folder.glob("*.geojson"), reverse=True) + sorted(folder.glob("*.gpkg"), reverse=True):
        for file in read_polygons(path)[0]:
            if file.level == "buurt":
                return file.frame.rename(columns=names)[["area_code", "x_m", "y_m"]]
    raise DataError(
        f"{folder.name}/",
        found="no boundaries of buurten",
        expected="a file such as buurten_2022.geojson",
        action="place the boundaries of the extracts' last year there",
    )
