"""Where the raw files of each source lie."""

from __future__ import annotations

import os
from pathlib import Path

from buurteffect.errors import ProjectError
from buurteffect.project import Project


def raw_folder(source: str, project: Project | None = None) -> Path:
    """Return the folder of the raw files of a source; that of open data is ``OPEN_DATA``, if this is set.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    project : Project, optional
        The checkout; by default the one that holds the working folder.
    """
    project = project or Project.find()
    if source == "synthetic":
        return project.processed(source) / "published"
    own = os.environ.get("OPEN_DATA") if source == "open" else None
    return Path(own) if own else project.raw / source


def areas_folder(source: str, project: Project | None = None) -> Path:
    """Return the folder of scores and boundaries: those beside microdata are the open ones."""
    return raw_folder("open" if source == "microdata" else source, project)


def extracts_folder(source: str, project: Project | None = None) -> Path:
    """Return the folder of the register extracts of a source.

    Raises
    ------
    ProjectError
        If the source has none.
    """
    if source == "open":
        raise ProjectError("open data hold no persons: choose source synthetic, or microdata inside CBS")
    folder = raw_folder(source, project)
    return folder / "microdata" if source == "synthetic" else folder


def survey_folders(source: str, project: Project | None = None) -> tuple[Path, Path]:
    """Return where the survey of a source is, or would be, and where the register of projects beside it."""
    project = project or Project.find()
    if source == "synthetic":
        home = raw_folder(source, project)
        return home / "survey", home / "projects"
    return project.raw / ("survey" if source == "open" else "microdata/survey"), project.raw / "projects"
