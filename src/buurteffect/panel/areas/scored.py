"""Which level of areas a page takes its scores from, and which waves of it."""

from __future__ import annotations

import pandas as pd

from buurteffect.panel.areas.panel_files import has_scores, read_record
from buurteffect.project import Project

AVAILABLE = "available"
"""Asks for the first of `PREFERRED` that has scores."""

PREFERRED = ("wijk", "buurt", "pc4")
"""Wijken first: their scores carry the least noise, and published figures on the claims are of wijken."""


def scored_level(source: str, level: str = AVAILABLE, project: Project | None = None) -> str:
    """Return the level that a page takes its scores from.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"available", "wijk", "buurt", "pc4"}
        A level, or ``available`` for the first of wijk, buurt and PC4 that has scores; wijk where none has, so that
        whoever reads it is told what is missing.
    project : Project, optional
        The checkout; by default the one that holds the working folder.
    """
    if level != AVAILABLE:
        return level
    there = [name for name in PREFERRED if has_scores(source, name, project)]
    scored = [name for name in there if _waves(source, name, project)]
    return next(iter([*scored, *there]), PREFERRED[0])


def _waves(source: str, level: str, project: Project | None) -> list[int]:
    """Return the waves in which an area of a level has a score; a file may hold none in its rows."""
    waves: list[int] = read_record(source, project)["levels"][level]["observed"].get("liveability_score", [])
    return waves


def waves_with_scores(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the waves in which at least one area has a score.

    Parameters
    ----------
    frame : DataFrame
        One row per area and wave: ``year, liveability_score``.
    """
    return frame[frame.groupby("year")["liveability_score"].transform("count") > 0]
