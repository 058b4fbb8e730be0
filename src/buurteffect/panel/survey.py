"""What residents say and whom they know, beside what was done where and when."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.source_folders import survey_folders
from buurteffect.project import Project
from buurteffect.schema.survey import AGE_GROUPS, LONG_STAY_YEARS, RESIDENCES, SCALES, SURVEY_TABLES
from buurteffect.sources import read_projects as read_register
from buurteffect.sources.tables.survey import read_survey_table, survey_paths

MOST_STAY_YEARS = 13
"""From so many years of residence on, respondents are taken together."""

NEW, LONG_STAY = RESIDENCES
_LEVEL = "buurt"


@dataclass(frozen=True, eq=False)
class SurveyStudy:
    """Answers, ties and register counts by buurt and wave, each with the treatment of its buurt.

    Parameters
    ----------
    source : str
        Where the data come from.
    answers : DataFrame
        One row is one respondent (`schema.survey.ANSWERS`), with ``cohort_year`` (first year of a project in the buurt,
        missing where there is none), ``gemeente_code``, ``age_group``, ``stay`` (years of residence up to
        `MOST_STAY_YEARS`) and ``resident`` (lived there before the project began).
    ties : DataFrame
        One row is one tie (`schema.survey.TIES`), with ``cohort_year, gemeente_code``, ``restructured`` (whether a
        project has begun), ``residence``, ``other_residence`` and ``stay``.
    households, adults : DataFrame
        Register counts, with ``gemeente_code``.
    projects_count : int
        Projects that lie in a buurt of the survey.
    left_out : DataFrame
        What was left out: ``what, reason, count``.
    inputs : tuple of InputFile
        The files.
    reason : str
        Why there is nothing to estimate; empty where there is something.
    """

    source: str
    answers: pd.DataFrame
    ties: pd.DataFrame
    households: pd.DataFrame
    adults: pd.DataFrame
    projects_count: int
    left_out: pd.DataFrame
    inputs: tuple[InputFile, ...] = ()
    reason: str = ""

    @classmethod
    def read(cls, folder: Path, register: Path, source: str = "synthetic") -> SurveyStudy:
        """Return the survey in a folder with the register of projects in another; see `survey_study`."""
        tables = {name: read_survey_table(folder, name) for name in SURVEY_TABLES}
        files = [path for name in SURVEY_TABLES for path in survey_paths(folder, name).values()]
        paths = sorted(register.glob("*.csv"))
        if not paths:
            return _empty(source, "there is no project register, so nothing says where anything was done")
        projects = pd.concat([read_register(path).frame for path in paths], ignore_index=True)
        inputs = tuple(InputFile.of(path) for path in (*files, *paths))
        return replace(assemble_survey(tables, projects, source), inputs=inputs)

    @property
    def ready(self) -> bool:
        """Whether there is something to estimate."""
        return not self.reason

    @property
    def sitting(self) -> pd.DataFrame:
        """The respondents without those who came to a treated buurt after its project began."""
        return self.answers[self.answers["resident"].astype(bool)]

    @property
    def spreads(self) -> dict[str, float]:
        """The standard deviation of every scale; see `spread`. Empty without a survey."""
        return {scale: self.spread(scale) for scale in SCALES} if self.ready else {}

    @property
    def areas_counts(self) -> tuple[int, int]:
        """Number of buurten with respondents, and of those that a project begins in."""
        areas = self.answers.drop_duplicates("area_code")
        return len(areas), int(areas["cohort_year"].notna().sum())

    def spread(self, scale: str) -> float:
        """Return the standard deviation of a scale among respondents of buurten never treated, with their weights."""
        rows = self.answers[self.answers["cohort_year"].isna() & self.answers[scale].notna()]
        weights, values = rows["weight_persons"].to_numpy(dtype=float), rows[scale].to_numpy(dtype=float)
        mean = np.average(values, weights=weights)
        return float(np.sqrt(np.average((values - mean) ** 2, weights=weights)))


def survey_study(source: str, project: Project | None = None) -> SurveyStudy:
    """Return the survey of a source with the treatment of its buurten.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from. Where there is no survey the panel is empty and says so.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    DataError
        If a file is not what its reader expects.
    """
    folder, register = survey_folders(source, project)
    if not folder.is_dir():
        return _empty(
            source, f"source {source} has no survey: answers with codes of areas are kept inside CBS and research data"
        )
    return SurveyStudy.read(folder, register, source)


def assemble_survey(tables: dict[str, pd.DataFrame], projects: pd.DataFrame, source: str) -> SurveyStudy:
    """Join the tables of a survey (`SURVEY_TABLES`) with a register: ``area_code, level, code_year, start_year``.

    Raises
    ------
    ProjectError
        If the waves of the survey are in different divisions of areas.
    """
    years = {int(year) for table in tables.values() for year in table["code_year"].unique()}
    if len(years) != 1:
        raise ProjectError(
            f"the survey has areas in the divisions of {', '.join(map(str, sorted(years)))}: put all waves in one"
        )
    code_year = years.pop()
    fits = (projects["level"] == _LEVEL) & (projects["code_year"] == code_year)
    known = set(tables["answers"]["area_code"].unique()) | set(tables["households"]["area_code"].unique())
    there = fits & projects["area_code"].isin(known)
    left_out = [
        {"what": "projects", "reason": f"not in a buurt of the division of {code_year}", "count": int((~fits).sum())},
        {"what": "projects", "reason": "in a buurt without a respondent", "count": int((fits & ~there).sum())},
    ]
    placed = projects[there]
    cohort = placed.groupby("area_code")["start_year"].min().astype(float)
    answers, ties = (_treated(tables[name], cohort) for name in ("answers", "ties"))
    groups = pd.cut(answers["age_years"], [*AGE_GROUPS.values(), np.inf], right=False, labels=list(AGE_GROUPS))
    since = answers["year"] - answers["years_in_area"]
    answers = answers.assign(
        age_group=groups.astype("str"),
        resident=~(since >= answers["cohort_year"]),
    )
    ties = ties.assign(
        restructured=np.where(ties["year"] >= ties["cohort_year"], "restructured", "not restructured"),
        residence=np.where(ties["years_in_area"] >= LONG_STAY_YEARS, LONG_STAY, NEW),
        other_residence=np.where(ties["other_years_in_area"] >= LONG_STAY_YEARS, LONG_STAY, NEW),
    )
    counts = [tables[name].assign(gemeente_code=_gemeente(tables[name])) for name in ("households", "adults")]
    lost = pd.DataFrame(left_out)
    return SurveyStudy(source, answers, ties, counts[0], counts[1], len(placed), lost[lost["count"] > 0])


def _treated(table: pd.DataFrame, cohort: pd.Series) -> pd.DataFrame:
    """Return rows with the treatment of their buurt."""
    return table.assign(
        cohort_year=table["area_code"].map(cohort).astype(float),
        gemeente_code=_gemeente(table),
        stay=table["years_in_area"].clip(upper=MOST_STAY_YEARS),
    )


def _gemeente(table: pd.DataFrame) -> pd.Series:
    """Return the gemeente of each row: the digits that open the code of a buurt."""
    return "GM" + table["area_code"].str[2:6]


def _empty(source: str, reason: str) -> SurveyStudy:
    """Return a panel without rows, with the reason."""
    both = ("cohort_year", "gemeente_code", "stay")
    joined = {
        "answers": (*both, "age_group", "resident"),
        "ties": (*both, "restructured", "residence", "other_residence"),
    }
    tables = {
        name: pd.DataFrame(columns=[*contract.columns, *joined.get(name, ())])
        for name, contract in SURVEY_TABLES.items()
    }
    left_out = pd.DataFrame(columns=["what", "reason", "count"])
    return SurveyStudy(
        source, tables["answers"], tables["ties"], tables["households"], tables["adults"], 0, left_out, (), reason
    )


def describe_waves(panel: SurveyStudy) -> pd.DataFrame:
    """Return what each wave holds.

    Returns
    -------
    DataFrame
        One row per wave: ``year, respondents_count, areas_count, restructured_count`` (respondents where a project has
        begun) and ``ties_count``, missing where no ties were asked for; then the weighted mean of each scale.
    """
    rows = []
    ties = panel.ties.groupby("year").size()
    for year, wave in panel.answers.groupby("year"):
        weights = wave["weight_persons"]
        means = {scale: float(np.average(wave[scale].fillna(wave[scale].mean()), weights=weights)) for scale in SCALES}
        rows.append(
            {
                "year": int(year),
                "respondents_count": len(wave),
                "areas_count": int(wave["area_code"].nunique()),
                "restructured_count": int((wave["year"] >= wave["cohort_year"]).sum()),
                "ties_count": float(ties.get(year, np.nan)),
                **means,
            }
        )
    return pd.DataFrame(rows)


def describe_scales(panel: SurveyStudy) -> pd.DataFrame:
    """Return what each scale looks like over all waves.

    Returns
    -------
    DataFrame
        One row per scale: ``scale, mean`` (weighted), ``spread`` (see `SurveyStudy.spread`), ``smallest`` (a tenth of
        it) and ``answers_count``.
    """
    rows = []
    for scale, spread in panel.spreads.items():
        known = panel.answers[panel.answers[scale].notna()]
        mean = float(np.average(known[scale], weights=known["weight_persons"]))
        rows.append(
            {"scale": scale, "mean": mean, "spread": spread, "smallest": spread / 10, "answers_count": len(known)}
        )
    return pd.DataFrame(rows)
