"""Where areas lie: size and centroid from the files of boundaries in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.panel.harmonise.boundary_year import BY_CODE, NOT_JOINED, ONE_TO_ONE, SAME_YEAR, match_codes
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.schema.boundaries import AREA_LEVELS
from buurteffect.sources.files.rawfile import label_of
from buurteffect.sources.geography.boundaries import read_level
from buurteffect.sources.geography.geofile import (
    MAIN,
    PARTS,
    Layer,
    describe_levels,
    geodata_in,
    layers_of,
    orphan,
    without_areas,
)

COLUMNS = ("area_m2", "centroid_x_m", "centroid_y_m")
_FORMATS = "boundaries are read from .gpkg, .geojson, .json, .shp and a .zip of them"


@dataclass(frozen=True, eq=False)
class Polygons:
    """Size and place of the areas of one level in one file.

    Attributes
    ----------
    origin, level : str
        What the file is called, and the kind of area.
    year : int or None
        Year of the areas, as their codes or the name say; None where nothing says it.
    frame : DataFrame
        One row per area: ``area_code, area_m2, centroid_x_m, centroid_y_m``.
    repaired_count : int
        Polygons that crossed themselves and were mended.
    notes : tuple of str
        What was assumed or left out.
    bytes_count, sha256 : int, str
        Size and hash of the file.
    """

    origin: str
    level: str
    year: int | None
    frame: pd.DataFrame
    repaired_count: int
    notes: tuple[str, ...]
    bytes_count: int
    sha256: str


def read_polygons(path: Path) -> tuple[list[Polygons], list[tuple[str, str]]]:
    """Return the areas of every level that a file of boundaries holds, and what in it is passed over with the reason.

    Parameters
    ----------
    path : Path
        A GeoPackage, shapefile or GeoJSON file, a zip of them, or another file that lies beside them.

    Raises
    ------
    DataError
        If a file is not what the reader of boundaries expects.
    """
    suffix = path.suffix.lower()
    if suffix in PARTS:
        return [], [(label_of(path), why)] if (why := orphan(path)) else []
    if suffix not in (*MAIN, ".zip"):
        return [], [(label_of(path), f"not a file of geodata that is read here: {_FORMATS}")]
    found: list[Polygons] = []
    with geodata_in(path) as inside:
        passed_over = list(inside.left)
        taken: dict[tuple[str, int | None], str] = {}
        for file in sorted(inside.files, key=lambda f: (f.suffix.lower() != ".gpkg", f.name)):
            if why := without_areas(file):
                passed_over.append((label_of(file), why))
                continue
            layers = layers_of(file)
            ours = [layer for layer in layers if layer.level in AREA_LEVELS]
            if not ours:
                passed_over.append(
                    (label_of(file), f"it holds {describe_levels(layers)}; {', '.join(AREA_LEVELS)} are read")
                )
            for layer in ours:
                if suffix == ".zip" and (twin := taken.get((layer.level, layer.year))):
                    passed_over.append(
                        (label_of(file), f"the {layer.level}en of {layer.year or 'the same year'} once more: {twin}")
                    )
                    continue
                taken[layer.level, layer.year] = label_of(file)
                found.append(_polygons(file, layer, [each for each in layers if each not in ours]))
    return found, passed_over


def _polygons(path: Path, layer: Layer, others: list[Layer]) -> Polygons:
    """Return size and place of the areas of one level in a file."""
    file = read_level(path, layer)
    centroid = file.frame.geometry.centroid
    frame = pd.DataFrame(
        {
            "area_code": file.frame["area_code"],
            "area_m2": file.frame["area_m2"],
            "centroid_x_m": centroid.x,
            "centroid_y_m": centroid.y,
        }
    )
    notes = [*file.notes, *([f"not read: {describe_levels(others)}"] if others else [])]
    repaired = len(file.repaired)
    return Polygons(file.origin, layer.level, file.year, frame, repaired, tuple(notes), file.bytes_count, file.sha256)


def polygons_of_rows(keys: pd.DataFrame, files: Sequence[Polygons], crosswalk: Crosswalk | None) -> pd.DataFrame:
    """Return the polygon of every row: that of the file whose year is nearest to the row's areas.

    Parameters
    ----------
    keys : DataFrame
        One row per area of the level of `files` and `crosswalk`: ``boundary_year, area_code``.

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


def _joins(file: Polygons, year: int, crosswalk: Crosswalk | None) -> pd.Series:
    """Return how every area of a file belongs to the code of a year."""
    codes = file.frame["area_code"]
    if file.year == year:
        return pd.Series(SAME_YEAR, index=codes.index)
    match = match_codes(crosswalk, file.year, year, codes.tolist()) if file.year else None
    if match is None:
        return pd.Series(BY_CODE, index=codes.index)
    same = codes.map(match.pairs) == codes
    return pd.Series(np.where(same, ONE_TO_ONE, NOT_JOINED), index=codes.index)
