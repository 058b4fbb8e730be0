"""The project register in the panel: every project in an area whose code the panel knows in the code's year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import Project
from buurteffect.schema.panel import RESOLVED_PROJECTS
from buurteffect.sources import read_projects as read_register
from buurteffect.sources.projects import Register

FILE = "projects.parquet"
_SHOWN = 5

Codes = Mapping[tuple[str, int], frozenset[str]]
"""The codes that the panel knows, by level and year."""


def read_registers(folder: Path) -> list[tuple[Path, Register]]:
    """Read every file of the register in a folder."""
    return [(path, read_register(path)) for path in sorted(folder.glob("*.csv"))]


def resolve_projects(registers: Sequence[Register], codes: Codes) -> pd.DataFrame:
    """Return the projects of all files, each in an area that exists in the year of its code.

    Parameters
    ----------
    registers : sequence of Register
        The files as read.
    codes : mapping of (level, year) to frozenset of str
        The codes that the panel knows. Those of postcodes are held to the postcodes of any year, since no list of
        them goes by year.

    Returns
    -------
    DataFrame
        Table `schema.panel.RESOLVED_PROJECTS`.

    Raises
    ------
    DataError
        If an identifier stands in two files, or an area is none that the panel knows in the year of its code.
    """
    frame = pd.concat([r.frame.assign(origin=r.origin) for r in registers], ignore_index=True)
    _refuse_twins(frame)
    _refuse_unknown(frame, codes)
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
    ProjectError
        If there is no register.
    DataError
        If the stored register breaks its contract.
    """
    file = (project or Project.find()).processed(source) / "panel" / FILE
    if not file.is_file():
        raise ProjectError(
            f"there is no project register for source {source!r}: fill in one as docs/project-register.md tells, put "
            f"it in a folder projects beside the open data, and run make panel SOURCE={source}"
        )
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


def _refuse_unknown(frame: pd.DataFrame, codes: Codes) -> None:
    """Refuse areas that the panel does not know in the year of their code."""
    postcodes = frozenset().union(*(known for (level, _), known in codes.items() if level == "pc4"))
    unknown = [
        row
        for row in zip(frame["origin"], frame["area_code"], frame["code_year"], frame["level"], strict=True)
        if row[1] not in (postcodes if row[3] == "pc4" else codes.get((row[3], row[2]), frozenset()))
    ]
    if not unknown:
        return
    distinct = list(dict.fromkeys((code, year) for _, code, year, _ in unknown))
    listed = ", ".join(f"{code} in {year}" for code, year in distinct[:_SHOWN])
    years = sorted({year for level, year in codes if level == unknown[0][3]})
    span = ", ".join(map(str, years)) or "no year"
    raise DataError(
        " and ".join(dict.fromkeys(origin for origin, *_ in unknown)),
        column="area_code, code_year",
        found=f"{len(distinct)} areas that the panel does not know: {listed}{' …' if len(distinct) > _SHOWN else ''}",
        expected=f"codes of the year that code_year names; codes of the level {unknown[0][3]} are there for {span}",
        action="mend the code or its year, or put the key figures of that year and gemeente beside the other data",
    )
