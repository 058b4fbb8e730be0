"""The latest scores on the polygons of their areas, small enough for a page."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.areas.panel_files import Panel
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.maps.area_map import AreaMap, read_area_map
from buurteffect.project import Project
from buurteffect.sources.download.catalogue import read_catalogue

CUTS = (0.05, 0.20, 0.40, 0.60, 0.80, 0.95)
"""Shares of the areas below the limits of the classes: the outer twentieths show, the middle is even."""

_STEPS = 2000  # of the longer side of the map; what is smaller cannot be seen on a page
_PLURALS = {"buurt": "buurten", "wijk": "wijken", "pc4": "postcode areas"}


@dataclass(frozen=True, eq=False)
class ScoreMap:
    """The scores of the latest wave with the polygons of their areas; false where there are none, with the reason.

    Attributes
    ----------
    year : int
        The wave.
    areas : GeoDataFrame
        One row per polygon: ``area_code, area_name, gemeente_code, liveability_score`` (LBM points, missing without a
        score), ``class_number`` (from 1, the lowest; missing without a score) and ``geometry``, simplified. Without
        rows where there is no map.
    outlines : GeoDataFrame
        Outlines of the gemeenten, where there are two or more.
    limits : tuple of float
        LBM points between the classes, ascending.
    boundaries : tuple of InputFile
        The file of the polygons.
    boundary_year : int or None
        Year of these areas, where something says it.
    scored_count, drawn_count, blank_count : int
        Areas with a score in the wave; of these with a polygon; polygons without a score.
    reason : str
        Why there is no map, and how to get one; empty where there is one.
    """

    year: int
    areas: gpd.GeoDataFrame
    outlines: gpd.GeoDataFrame
    limits: tuple[float, ...] = ()
    boundaries: tuple[InputFile, ...] = ()
    boundary_year: int | None = None
    scored_count: int = 0
    drawn_count: int = 0
    blank_count: int = 0
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether there is a map."""
        return not self.reason

    @property
    def note(self) -> str:
        """What of the scores is drawn, on which polygons."""
        of_year = f"areas of {self.boundary_year}" if self.boundary_year else "of a year that nothing says"
        lines = "Lines: gemeenten. " if len(self.outlines) else ""
        text = (
            f"Dark: low scores. {lines}Polygons: {self.boundaries[0].origin} ({of_year}), joined by code. "
            f"{self.drawn_count:,} of {self.scored_count:,} areas with a score have a polygon"
        )
        return text + (f"; {self.blank_count:,} polygons have no score." if self.blank_count else ".")

    @property
    def table(self) -> pd.DataFrame:
        """The numbers of the map, without its polygons."""
        return pd.DataFrame(self.areas.drop(columns="geometry")).assign(year=self.year)


def score_map(data: Panel, project: Project | None = None) -> ScoreMap:
    """Join the latest scores to the polygons of their areas, by code.

    Polygons are those of the file of boundaries whose year is nearest to the wave. The limits of the classes are
    quantiles of all scores of the level in that wave, with or without a polygon.

    Parameters
    ----------
    data : Panel
        The scores of one level.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    DataError
        If the file of boundaries is not what its reader expects.
    """
    scored = data.frame.dropna(subset="liveability_score")
    if scored.empty:
        return _none(0, "no area has a score")
    year = int(scored["year"].max())
    latest = scored.loc[scored["year"] == year, ["area_code", "area_name", "liveability_score"]]
    areas = _PLURALS[data.level]
    if data.level == "pc4":
        return _none(year, "boundaries of postcode areas are not among the sources of this project")
    try:
        found = read_area_map(data.source, data.level, project, year)
    except ProjectError:
        return _none(
            year,
            f"the data hold no boundaries of {areas}. {_how_to_fetch(year, project or Project.find())}In a folder of "
            "your own (OPEN_DATA) they belong in its folder boundaries, as GeoPackage, shapefile or GeoJSON",
        )
    known = found.frame["area_code"].isin(latest["area_code"])
    if not known.any():
        return _none(
            year,
            f"no code of {found.file.origin} is that of an area with a score in {year}: give boundaries of that year",
        )
    return _drawn(year, latest, found)


def _drawn(year: int, latest: pd.DataFrame, found: AreaMap) -> ScoreMap:
    """Return the map of scores that some polygons of a file belong to."""
    shapes, outlines = _simplified(found.frame)
    areas = shapes.merge(latest, on="area_code", how="left")
    limits = np.unique(np.quantile(latest["liveability_score"], CUTS))
    number = pd.Series(1 + np.searchsorted(limits, areas["liveability_score"], side="right"), index=areas.index)
    areas["class_number"] = number.where(areas["liveability_score"].notna()).astype("Int64")
    blank = int(areas["liveability_score"].isna().sum())
    return ScoreMap(
        year,
        areas[["area_code", "area_name", "gemeente_code", "liveability_score", "class_number", "geometry"]],
        outlines,
        tuple(map(float, limits)),
        (found.file,),
        found.year,
        len(latest),
        len(areas) - blank,
        blank,
    )


def _how_to_fetch(year: int, project: Project) -> str:
    """Return the command that fetches the boundaries nearest to a year; empty where the catalogue has none."""
    entries = {entry.name: entry for entry in read_catalogue(project.raw / "sources.toml")}
    years = [file.year for file in entries["boundaries"].files] if "boundaries" in entries else []
    if not years:
        return ""
    nearest = min(years, key=lambda each: (abs(each - year), each))
    return f"make fetch TABLES=boundaries YEARS={nearest} downloads them to data/raw/open/boundaries. "


def _none(year: int, reason: str) -> ScoreMap:
    """Return a map without areas, with the reason."""
    empty = gpd.GeoDataFrame({"area_code": [], "geometry": []}, geometry="geometry")
    return ScoreMap(year, empty, empty, reason=reason)


def _simplified(shapes: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return polygons without detail that a page cannot show, and those of their gemeenten where there are several."""
    west, south, east, north = shapes.total_bounds
    step = max(east - west, north - south) / _STEPS
    codes = "GM" + shapes["area_code"].str[2:6].rename("gemeente_code")
    whole = shapes[["geometry"]].assign(gemeente_code=codes)
    if shapes.geometry.is_valid_coverage():  # neighbours keep the border that they have in common
        areas = shapes.assign(geometry=shapes.geometry.simplify_coverage(step))
        whole, method = whole.assign(geometry=areas.geometry), "coverage"
    else:
        areas, method = shapes.assign(geometry=shapes.geometry.simplify(step)), "unary"
    areas["gemeente_code"] = codes
    if len(codes.unique()) < 2:
        return areas, whole.iloc[:0]
    outlines = whole.dissolve("gemeente_code", method=method).reset_index()
    return areas, outlines if method == "coverage" else outlines.assign(geometry=outlines.geometry.simplify(step))
