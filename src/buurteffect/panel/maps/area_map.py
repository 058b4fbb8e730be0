"""The polygons of the areas of one level, from the latest file of boundaries of a source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from buurteffect.errors import ProjectError
from buurteffect.panel.inputs.contents import InputFile, score_home
from buurteffect.panel.inputs.source_folders import raw_folder
from buurteffect.project import Project
from buurteffect.sources.geography.boundaries import BoundaryFile, read_level
from buurteffect.sources.geography.geofile import MAIN, Layer, geodata_in, layers_of

_FINER = {"buurt": ("buurt",), "wijk": ("wijk", "buurt"), "gemeente": ("gemeente", "wijk", "buurt")}
_CODES = {"wijk": ("WK", 8), "gemeente": ("GM", 6)}
"""How the code of a coarser area follows from that of a finer one: what it begins with, and where its digits end."""


@dataclass(frozen=True, eq=False)
class AreaMap:
    """The polygons of one level.

    Attributes
    ----------
    frame : GeoDataFrame
        One row per area: ``area_code`` and ``geometry`` (EPSG:28992).
    file : InputFile
        The file that they are from.
    year : int or None
        Year of the areas; None where nothing says it.
    """

    frame: gpd.GeoDataFrame
    file: InputFile
    year: int | None


def read_map(source: str, level: str, project: Project | None = None) -> gpd.GeoDataFrame:
    """Return the polygons of one level from the latest file of boundaries of a source: `AreaMap.frame`."""
    return read_area_map(source, level, project).frame


def read_area_map(source: str, level: str, project: Project | None = None, year: int | None = None) -> AreaMap:
    """Return the polygons of one level, with the file that they are from.

    The file of the latest year is taken, or of the one nearest to `year`. Where none holds the level, areas of a finer
    one are put together: the code of a buurt holds those of its wijk and gemeente.

    Parameters
    ----------
    source : {"synthetic", "open"}
        Where the data come from.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    project : Project, optional
        The checkout.
    year : int, optional
        Year of the areas that are wanted.

    Raises
    ------
    ProjectError
        If the source has no boundaries of this level, nor of a finer one.
    DataError
        If a file of boundaries is not what its reader expects.
    """
    with _held(raw_folder(source, project)) as held:
        for finer in _FINER.get(level, ()):
            fitting = [(file, layer) for file, layer in held if layer.level == finer]
            if fitting:
                nearest = max(fitting, key=lambda each: (_nearness(each[1].year, year), each[0].name))
                return _coarser(read_level(*nearest), level)
    raise ProjectError(f"there are no boundaries of the level {level} for source {source!r}")


@contextmanager
def _held(folder: Path) -> Iterator[list[tuple[Path, Layer]]]:
    """Yield the files of boundaries of a source, in zips too, with each of their layers.

    The geometry that the Leefbaarometer publishes lies beside its scores.
    """
    paths = [*sorted((folder / "boundaries").rglob("*")), *sorted(score_home(folder).glob("[Gg]eometr*"))]
    paths = [path for path in paths if path.is_file() and path.suffix.lower() in (*MAIN, ".zip")]
    with ExitStack() as stack:
        files = [file for path in paths for file in stack.enter_context(geodata_in(path)).files]
        yield [(file, layer) for file in files for layer in layers_of(file)]


def _nearness(own: int | None, wanted: int | None) -> float:
    """Return how well the year of a file suits, more being better; a file that says no year suits least."""
    if own is None:
        return float("-inf")
    return own if wanted is None else -abs(own - wanted)


def _coarser(read: BoundaryFile, level: str) -> AreaMap:
    """Return the areas of a file, put together where they are of a finer level."""
    frame = read.frame[["area_code", "geometry"]]
    if read.level != level:
        prefix, length = _CODES[level]
        frame = frame.assign(area_code=prefix + frame["area_code"].str[2:length]).dissolve("area_code").reset_index()
    return AreaMap(frame, InputFile(read.origin, read.bytes_count, read.sha256), read.year)
