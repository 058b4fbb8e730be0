"""What the publishers would print about a simulated country, in the layouts and with the quirks of the real files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from buurteffect.synthetic.publishing.areas.boundary_changes import BoundaryChanges, draw_vintages
from buurteffect.synthetic.publishing.areas.crosswalk import publish_crosswalk
from buurteffect.synthetic.publishing.areas.figures import census_by_year
from buurteffect.synthetic.publishing.areas.kwb import publish_kwb
from buurteffect.synthetic.publishing.areas.leefbaarometer import publish_gemeente_groups, publish_scores
from buurteffect.synthetic.publishing.areas.ses_woa import publish_ses_woa
from buurteffect.synthetic.world.world import World


def publish_areas(world: World, census: pd.DataFrame, folder: Path, changes: BoundaryChanges | None = None) -> None:
    """Write everything that is published about areas: key figures, crosswalks, liveability, social status.

    Parameters
    ----------
    world : World
        The country. Same world, same bytes.
    census : DataFrame
        One row per buurt and year from 1995 to the last: ``buurt_code, year`` and the concepts of
        ``schema/concepts.csv``, unrounded; shares from 0 to 1, money in euro, counts at their published size. A
        value of dwellings is that of its own year: the publisher's lag is put in here.
    folder : Path
        Folder of what is published: ``kwb/``, ``crosswalk/``, ``leefbaarometer3/``, ``ses_woa/`` and
        ``gemeente_groups.csv``.
    changes : BoundaryChanges, optional
        How much the areas change; by default what the world's scenario says.

    Raises
    ------
    ProjectError
        If the census lacks a buurt or a year.
    """
    vintages = draw_vintages(world, changes)
    by_year = census_by_year(world, census)
    publish_kwb(world, vintages, by_year, folder / "kwb")
    publish_crosswalk(world, vintages, folder / "crosswalk")
    publish_scores(world, folder)
    publish_ses_woa(world, vintages, by_year, folder)
    publish_gemeente_groups(world, folder)


__all__ = ["publish_areas"]
