"""The project register in the panel: every project in an area whose code the panel knows in the code's year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.project import Project
from buurteffect.schema.panel import RESOLVED_PROJECTS
from buurteffect.sources.download.missing_data import missing_data
from buurteffect.sources.tables.projects import Register

FILE = "projects.parquet"
_SHOWN = 5

Codes = Mapping[tuple[str, int], set[str]]
"""Codes by level and year."""

_GEMEENTE = slice(2, 6)


def resolve_projects(registers: Sequence[Register], listed: Codes, known: Codes) -> pd.DataFrame:
    """Return the projects of all files; a code that its year's list of all areas of the gemeente lacks is refused.

    Where no such list is there, nothing can be checked: the project is kept, and whoever places it on the areas of a
    panel counts what has none.

    Parameters
    ----------
    registers : sequence of Register
        The files as read.
    listed : mapping of (level, year) to set of str
        Codes of sources that list all areas of the gemeenten that they are about.
    known : mapping of (level, year) to set of str
        Codes of sources that give some areas, such as those with a score.

    Returns
    -------
    DataFrame
        Table `schema.panel.RESOLVED_PROJECTS`.

    Raises
    ------
    DataError
        If an identifier stands in two files, or a list of all areas of its gemeente in its year lacks an area.
    """
    frame = pd.concat([r.frame.assign(origin=r.origin) for r in registers], ignore_index=True)
    _refuse_twins(frame)
    _refuse_unknown(frame, listed, known)
    gemeente = ("GM" + frame["area_code"].str[2:6]).where(frame["level"] != "pc4").astype("str")
    frame = frame.assign(gemeente_code=gemeente, origin=frame["origin"].astype("str"))
    return RESOLVED_PROJECTS.check(frame.sort_values("project_id", ignore_index=True), "project register")


def read_projects(source: str, project: Project | None = None) -> pd.DataFrame:
    """Return the project register of a source.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Returns
    -------
    DataFrame
        One row per project, or part of one that lies in one area (`schema.panel.RESOLVED_PROJECTS`).

    Raises
    ------
    MissingDataError
        If there is no register.
    DataError
        If the stored register breaks its contract.
    """
    file = (project or Project.find()).processed(source) / "panel" / FILE
    if not file.is_file():
        raise missing_data(source, "the projects of restructuring", "a register of projects", ["register"], project)
    return RESOLVED_PROJECTS.check(pd.read_parquet(file), file.name)


def _refuse_twins(frame: pd.DataFrame) -> None:
    """Refuse an identifier that stands in two files."""
    twins = frame[frame.duplicated("project_id", keep=False)]
    if len(twins):
        first = twins["project_id"].iloc[0]
        raise DataError(
            " and ".join(twins.loc[twins["project_id"] == first, "origin"]),
            column="project_id",
            found=f"{first} in both, and {twins['project_id'].nunique() - 1} more such identifiers",
            expected="every identifier once in all files of the register",
            action="keep the row in one file, or give it another identifier",
        )


def _refuse_unknown(frame: pd.DataFrame, listed: Codes, known: Codes) -> None:
    """Refuse areas that a list of all areas of their gemeente in their year lacks."""
    gemeenten = {key: {code[_GEMEENTE] for code in codes} for key, codes in listed.items()}
    unknown = [
        (origin, code, year, level)
        for origin, code, year, level in zip(
            frame["origin"], frame["area_code"], frame["code_year"], frame["level"], strict=True
        )
        if code[_GEMEENTE] in gemeenten.get((level, year), ())
        and code not in listed[level, year]
        and code not in known.get((level, year), ())
    ]
    if not unknown:
        return
    distinct = list(dict.fromkeys((code, year) for _, code, year, _ in unknown))
    shown = ", ".join(f"{code} in {year}" for code, year in distinct[:_SHOWN])
    years = ", ".join(str(year) for level, year in sorted(listed) if level == unknown[0][3])
    raise DataError(
        " and ".join(dict.fromkeys(origin for origin, *_ in unknown)),
        column="area_code, code_year",
        found=f"{len(distinct)} areas that the panel does not know: {shown}{' …' if len(distinct) > _SHOWN else ''}",
        expected=f"codes of the year that code_year names; codes of the level {unknown[0][3]} are listed for {years}",
        action="mend the code or its year",
    )
