"""Where areas lie: size and centroid from the files of boundaries in a folder."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.vintage import BY_CODE, NOT_JOINED, ONE_TO_ONE, SAME_VINTAGE, match_codes
from buurteffect.panel.weights import Crossing
from buurteffect.project import Project
from buurteffect.sources.boundaries import read_boundaries

COLUMNS = ("area_m2", "centroid_x_m", "centroid_y_m")
_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_PLURALS = {"buurt": "buurten", "wijk": "wijken", "gemeente": "gemeenten"}
_PROPERTIES = {"buurt": rb'"(buurtcode|bu_code)"', "wijk": rb'"(wijkcode|wk_code)"'}
_HEAD_BYTES = 65_536


@dataclass(frozen=True, eq=False)
class Polygons:
    """Size and place of the areas of one level in one file.

    Attributes
    ----------
    origin, level : str
        What the file is called, and the kind of area.
    year : int or None
        Year that the file's name says; None where it says none.
    frame : DataFrame
        One row per area: ``area_code, area_m2, centroid_x_m, centroid_y_m``.
    repaired_count : int
        Polygons that crossed themselves and were mended.
    bytes_count, sha256 : int, str
        Size and hash of the file.
    """

    origin: str
    level: str
    year: int | None
    frame: pd.DataFrame
    repaired_count: int
    bytes_count: int
    sha256: str


def read_polygons(path: Path) -> list[Polygons]:
    """Return the areas of every level that a file of boundaries holds.

    Raises
    ------
    DataError
        If the file is not what the reader of boundaries expects.
    """
    years = {int(year) for year in _YEAR.findall(path.stem)}
    year = years.pop() if len(years) == 1 else None
    found = []
    for level in _levels(path):
        file = read_boundaries(path, level)
        centroid = file.frame.geometry.centroid
        frame = pd.DataFrame(
            {
                "area_code": file.frame["area_code"],
                "area_m2": file.frame["area_m2"],
                "centroid_x_m": centroid.x,
                "centroid_y_m": centroid.y,
            }
        )
        found.append(Polygons(file.origin, level, year, frame, len(file.repaired), file.bytes_count, file.sha256))
    return found


def lay_polygons(keys: pd.DataFrame, files: Sequence[Polygons], crosswalk: Crossing | None) -> pd.DataFrame:
    """Return the polygon of every row: that of the file whose year is nearest to the row's areas.

    Parameters
    ----------
    keys : DataFrame
        One row per area: ``boundary_year, area_code``.
    files : sequence of Polygons
        Of one level.
    crosswalk : Crossing or None
        Of the level.

    Returns
    -------
    DataFrame
        One row per row of `keys`, in order: ``area_m2, centroid_x_m, centroid_y_m, polygon_join``.
    """
    values = np.full((len(keys), len(COLUMNS)), np.nan)
    how = np.full(len(keys), None, dtype=object)
    places = keys.groupby("boundary_year").indices if files else {}
    for year, rows in places.items():
        file = min(files, key=lambda f: (f.year is None, abs((f.year or 0) - int(year)), f.origin))
        join = _joins(file, int(year), crosswalk).to_numpy(dtype=object)
        position = pd.Index(file.frame["area_code"]).get_indexer(pd.Index(keys["area_code"].iloc[rows]))
        rows, position = rows[position >= 0], position[position >= 0]
        how[rows] = join[position]
        joined = how[rows] != NOT_JOINED
        values[rows[joined]] = file.frame[list(COLUMNS)].to_numpy()[position[joined]]
    laid = pd.DataFrame(dict(zip(COLUMNS, values.T, strict=True)), index=keys.index)
    laid["polygon_join"] = pd.Series(how, index=keys.index, dtype="str")
    return laid


def _joins(file: Polygons, year: int, crosswalk: Crossing | None) -> pd.Series:
    """Return how every area of a file belongs to the code of a year."""
    codes = file.frame["area_code"]
    if file.year == year:
        return pd.Series(SAME_VINTAGE, index=codes.index)
    match = match_codes(crosswalk, file.year, year, codes.tolist()) if file.year else None
    if match is None:
        return pd.Series(BY_CODE, index=codes.index)
    same = codes.map(match.pairs) == codes
    return pd.Series(np.where(same, ONE_TO_ONE, NOT_JOINED), index=codes.index)


def _levels(path: Path) -> list[str]:
    """Return the levels that a file holds, as its layers or its properties say; buurt where neither does."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if head.startswith(b"SQLite format 3\0"):
        names = [str(name).casefold() for name in gpd.list_layers(path)["name"]]
        named = [level for level, plural in _PLURALS.items() if any(plural in name for name in names)]
        if len(names) > 1 or len(named) == 1:
            return named or ["buurt"]
        return ["buurt"]
    for level, pattern in _PROPERTIES.items():
        if re.search(pattern, head, re.IGNORECASE):
            return [level]
    return ["gemeente"] if re.search(rb'"(gemeentecode|gm_code)"', head, re.IGNORECASE) else ["buurt"]


def read_map(source: str, level: str, project: Project | None = None) -> gpd.GeoDataFrame:
    """Return the polygons of one level from the latest file of boundaries of a source.

    Parameters
    ----------
    source : {"synthetic", "open"}
        Where the data come from.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    project : Project, optional
        The checkout.

    Returns
    -------
    GeoDataFrame
        One row per area: ``area_code`` and ``geometry`` (EPSG:28992).

    Raises
    ------
    ProjectError
        If the source has no boundaries of this level.
    """
    project = project or Project.find()
    folder = project.processed("synthetic") / "published" if source == "synthetic" else project.raw / source
    files = sorted(p for p in (folder / "boundaries").glob("*") if p.suffix.lower() in (".gpkg", ".geojson"))
    holding = [path for path in files if level in _levels(path)]
    if not holding:
        raise ProjectError(f"there are no boundaries of the level {level} for source {source!r}")
    latest = max(holding, key=lambda path: _YEAR.findall(path.stem)[-1:])
    return read_boundaries(latest, level).frame[["area_code", "geometry"]]
