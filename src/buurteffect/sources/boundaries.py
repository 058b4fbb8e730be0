"""Boundaries of areas: PDOK's GeoPackage, its WFS as GeoJSON, and plain GeoJSON.

Polygons come out in EPSG:28992, in metres. Coordinates in degrees are transformed; without a correction grid
that is within about a metre, far below what a map or a test of neighbours needs.
"""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.boundaries import AREA_LEVELS, BOUNDARIES
from buurteffect.sources.areacode import check_codes
from buurteffect.sources.geojson import read_geojson
from buurteffect.sources.lines import Lines
from buurteffect.sources.rawfile import (
    FETCH_AGAIN,
    PUBLISHED,
    label_of,
    read_bytes,
    read_head,
    refuse_larger,
    sha256_of,
    shown,
)

CRS = "EPSG:28992"
"""The Dutch national grid, in metres."""

PACKAGE_BYTES_LIMIT = 2_000_000_000
"""Largest GeoPackage; it is read layer by layer, and one of the whole country has a few hundred million bytes."""

EXTENT_M = (-10_000.0, 280_000.0, 310_000.0, 650_000.0)
"""West, south, east and north that hold the European Netherlands with its coastal waters, on the grid."""

_LAYERS = {"buurt": "buurten", "wijk": "wijken", "gemeente": "gemeenten"}
_CODES = {
    "buurt": ("buurtcode", "bu_code"),
    "wijk": ("wijkcode", "wk_code"),
    "gemeente": ("gemeentecode", "gm_code"),
}
_NAMES = {"buurt": ("buurtnaam", "bu_naam"), "wijk": ("wijknaam", "wk_naam"), "gemeente": ("gemeentenaam", "gm_naam")}
_WATER = ("water", "h2o")
_LAND = "NEE"
_HEAD_BYTES = 1024
_LEDGER = ["fate", "reason", "areas_count"]


@dataclass(frozen=True, eq=False)
class BoundaryFile:
    """The boundaries of one level as read.

    Attributes
    ----------
    origin : str
        What the file is called.
    bytes_count, sha256 : int, str
        Size and hash of the file.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    frame : GeoDataFrame
        One row per area (`schema.boundaries.BOUNDARIES`) with its polygon in ``geometry``, EPSG:28992.
    ledger : DataFrame
        One row per fate of the file's areas: ``fate`` (kept, left out) ``, reason, areas_count``.
    repaired : DataFrame
        One row per area whose polygon crossed itself: ``area_code, area_before_m2, area_after_m2``.
    """

    origin: str
    bytes_count: int
    sha256: str
    level: str
    frame: gpd.GeoDataFrame
    ledger: pd.DataFrame
    repaired: pd.DataFrame


def read_boundaries(path: Path, level: str, *, crs: str | None = None) -> BoundaryFile:
    """Read the boundaries of one level, land only.

    Parameters
    ----------
    path : Path
        A ``.gpkg``, ``.geojson`` or ``.json`` file. Properties have PDOK's names (``buurtcode, buurtnaam,
        wijkcode, gemeentecode, gemeentenaam, water``) or those of the Leefbaarometer (``bu_code, bu_naam``), in
        either case; others are ignored.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area; in a GeoPackage it chooses the layer.
    crs : str, optional
        Coordinate system of a file that does not say its own.

    Raises
    ------
    DataError
        If the file is no GeoPackage or GeoJSON, has no layer or code of the level, does not say its coordinate
        system, lies outside the Netherlands, or holds an area twice, without a polygon, or with a code of
        another shape. In these errors a line is the number of the area in the file, from 1.
    """
    origin = label_of(path)
    if level not in AREA_LEVELS:
        raise DataError(origin, found=f"level {level!r}", expected=", ".join(AREA_LEVELS), action="choose one of these")
    raw = _read(path, origin, level)
    raw = _with_crs(raw, path, origin, crs)
    raw.columns = [str(name).casefold() if name != raw.geometry.name else name for name in raw.columns]
    doubled = [name for name in raw.columns if list(raw.columns).count(name) > 1]
    if doubled:
        raise DataError(
            origin, column=doubled[0], found="a property twice", expected="every property once", action=FETCH_AGAIN
        )
    code = _column(raw, _CODES[level])
    if code is None or raw.empty:
        raise DataError(
            origin,
            column=_CODES[level][0],
            found="no areas"
            if raw.empty
            else f"the properties {', '.join(map(shown, raw.columns.drop(raw.geometry.name)[:8]))}",
            expected=f"areas with the code of a {level} ({' or '.join(_CODES[level])})",
            action="choose the level that the file holds, or fetch the file again",
        )
    lines = Lines(origin, np.arange(1, len(raw) + 1, dtype=np.int64))
    raw[code] = raw[code].astype("str").str.strip()
    check_codes(raw[code], level, lines, code)
    land, ledger = _land(raw, lines)
    lines = Lines(origin, lines.numbers[land])
    raw = raw[land].reset_index(drop=True)
    lines.refuse_twins(
        [(area,) for area in raw[code]], column=code, expected="every area once on land", action=FETCH_AGAIN
    )
    shapes, repaired = _repair(raw.geometry, raw[code], lines)
    shapes = _on_grid(shapes, lines)
    frame = _frame(raw, shapes, level, code, lines)
    return BoundaryFile(origin, path.stat().st_size, sha256_of(path), level, frame, ledger, repaired)


def _read(path: Path, origin: str, level: str) -> gpd.GeoDataFrame:
    """Read the level's layer after the first bytes have shown what kind of file it is."""
    head = read_head(path, _HEAD_BYTES)
    # A file of another kind could make the reading library follow links to other files and hosts.
    package = head.startswith(b"SQLite format 3\0")
    if not package and not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        raise _no_geodata(origin, "a file of another kind")
    if not package:
        return read_geojson(read_bytes(path), origin)
    refuse_larger(path, PACKAGE_BYTES_LIMIT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is seen below: a code or a polygon is missing
            return gpd.read_file(path, layer=_layer(path, origin, level))
    except DataError:
        raise
    except Exception as error:  # the library lets through whatever it stumbles over in a damaged database
        raise _no_geodata(origin, f"a file that cannot be read ({type(error).__name__})") from error


def _layer(path: Path, origin: str, level: str) -> str:
    """Return the layer of a level: the only one, or the one that is called after it."""
    names = [str(name) for name in gpd.list_layers(path)["name"]]
    fitting = [name for name in names if _LAYERS[level] in name.casefold()] if len(names) > 1 else names
    if len(fitting) != 1:
        raise DataError(
            origin,
            found=f"{len(fitting)} layers for {level} among {', '.join(map(shown, names[:8]))}",
            expected=f"one layer called {_LAYERS[level]}",
            action="fetch the GeoPackage again, or give one file per level",
        )
    return fitting[0]


def _no_geodata(origin: str, found: str) -> DataError:
    """Return the error for a file that holds no geodata that can be read."""
    return DataError(origin, found=found, expected="a whole GeoPackage or GeoJSON file", action=FETCH_AGAIN)


def _with_crs(raw: pd.DataFrame, path: Path, origin: str, crs: str | None) -> gpd.GeoDataFrame:
    """Return the areas with a coordinate system; a caller may only name one that the file leaves open."""
    if not isinstance(raw, gpd.GeoDataFrame):
        raise _no_geodata(origin, "a layer without polygons")
    unsaid = raw.crs is None or raw.crs.is_engineering
    if not unsaid and not crs:
        return raw
    # By its standard GeoJSON without a coordinate system is in degrees; a file on the grid breaks it.
    if not unsaid and _says_crs(path):
        raise DataError(
            origin,
            found=f"the coordinate system {raw.crs.to_string()}, while the caller gives {crs}",
            expected="a coordinate system from one of the two",
            action="leave `crs` out: the file says it",
        )
    if crs is None:
        raise DataError(
            origin,
            found="polygons without a coordinate system",
            expected=f"a file that says it, such as {CRS} or CRS84",
            action=f"fetch the file again from its publisher, or give crs={CRS!r} if you know it is that",
        )
    return raw.set_crs(crs, allow_override=True)


def _says_crs(path: Path) -> bool:
    """Tell whether a file says its coordinate system itself."""
    if path.suffix.lower() == ".gpkg":
        return True
    return re.search(rb'"crs"\s*:\s*\{', path.read_bytes()) is not None


def _column(raw: gpd.GeoDataFrame, names: tuple[str, ...]) -> str | None:
    """Return the first of some names that a file has."""
    return next((name for name in names if name in raw.columns), None)


def _land(raw: gpd.GeoDataFrame, lines: Lines) -> tuple[np.ndarray, pd.DataFrame]:
    """Tell which areas are land, and count the others."""
    water = _column(raw, _WATER)
    if water is None:
        kept = np.ones(len(raw), dtype=bool)
        return kept, pd.DataFrame([("kept", "the file does not tell water from land", len(raw))], columns=_LEDGER)
    values = raw[water].astype("str").str.strip().str.upper()
    lines.refuse(
        (~values.isin([_LAND, "JA", "B"])).to_numpy(),
        lambda row: f"the value {shown(raw[water].iloc[row])}",
        column=water,
        expected="NEE (land), JA (water) or B (foreign water)",
        action=PUBLISHED,
    )
    kept = (values == _LAND).to_numpy()
    lines.refuse(
        np.full(len(raw), not kept.any()),
        lambda _: "no land",
        column=water,
        expected="areas with NEE (land)",
        action=FETCH_AGAIN,
    )
    rows = [("kept", "", int(kept.sum()))]
    rows += [("left out", f"water = {value}", int(count)) for value, count in values[~kept].value_counts().items()]
    return kept, pd.DataFrame(rows, columns=_LEDGER)


def _repair(shapes: gpd.GeoSeries, codes: pd.Series, lines: Lines) -> tuple[gpd.GeoSeries, pd.DataFrame]:
    """Return valid polygons, and the area before and after of those that were not."""
    empty = shapes.isna() | shapes.is_empty
    polygons = shapes.geom_type.isin(["Polygon", "MultiPolygon"])
    lines.refuse(
        (empty | ~polygons).to_numpy(),
        lambda row: f"{codes.iloc[row]} with {'no shape' if empty.iloc[row] else shapes.geom_type.iloc[row]}",
        expected="a polygon for every area",
        action=FETCH_AGAIN,
    )
    bad = ~shapes.is_valid
    mended = shapes.copy()
    if bad.any():
        mended[bad] = shapes[bad].make_valid(method="structure", keep_collapsed=False)
        lines.refuse(
            mended.is_empty.to_numpy(),
            lambda row: f"{codes.iloc[row]} with a shape that encloses nothing",
            expected="a polygon for every area",
            action=FETCH_AGAIN,
        )
    table = pd.DataFrame(
        {
            "area_code": codes[bad],
            "area_before_m2": shapes[bad].to_crs(CRS).area,
            "area_after_m2": mended[bad].to_crs(CRS).area,
        }
    )
    return mended, table.reset_index(drop=True)


def _on_grid(shapes: gpd.GeoSeries, lines: Lines) -> gpd.GeoSeries:
    """Return polygons on the national grid; refuse those outside the Netherlands."""
    said = shapes.crs.to_string()
    grid = shapes.to_crs(CRS)
    bounds = grid.bounds
    west, south, east, north = EXTENT_M
    inside = bounds["minx"].ge(west) & bounds["miny"].ge(south) & bounds["maxx"].le(east) & bounds["maxy"].le(north)
    raw = shapes.bounds.round(2)
    lines.refuse(
        (~inside).to_numpy(),
        lambda row: f"an area around ({raw['minx'].iloc[row]}, {raw['miny'].iloc[row]}) in {said}",
        expected="coordinates in the Netherlands",
        action=f"the file says a wrong coordinate system or none (give crs={CRS!r} if the coordinates are metres and "
        "it says none), has its axes swapped, or is of another country: fetch it again",
    )
    return grid


def _frame(raw: gpd.GeoDataFrame, shapes: gpd.GeoSeries, level: str, code: str, lines: Lines) -> gpd.GeoDataFrame:
    """Return the areas in the project's columns; what a code says of wijk and gemeente must be what the file says."""
    codes = raw[code]
    frame = pd.DataFrame(
        {
            "area_code": codes,
            "area_name": _text(raw, _NAMES[level]),
            "level": pd.Series(level, index=codes.index, dtype="str"),
            "wijk_code": codes
            if level == "wijk"
            else _text(raw, _CODES["wijk"])
            if level == "buurt"
            else _text(raw, ()),
            "gemeente_code": ("GM" + codes.str[2:6]).astype("str"),
            "gemeente_name": _text(raw, _NAMES["gemeente"]),
            "area_m2": shapes.area,
        }
    )
    given = _text(raw, _CODES["gemeente"])
    other = given.notna() & (given != frame["gemeente_code"])
    lines.refuse(
        other.to_numpy(),
        lambda row: f"{codes.iloc[row]} in gemeente {shown(given.iloc[row])}",
        column=_CODES["gemeente"][0],
        expected="the gemeente whose four digits the area's code has",
        action=FETCH_AGAIN,
    )
    frame = BOUNDARIES.check(frame, lines.origin)
    order = np.argsort(frame["area_code"].to_numpy(dtype=object), kind="stable")
    return gpd.GeoDataFrame(
        frame.iloc[order].reset_index(drop=True), geometry=shapes.iloc[order].reset_index(drop=True), crs=CRS
    )


def _text(raw: gpd.GeoDataFrame, names: tuple[str, ...]) -> pd.Series:
    """Return a property as stripped text, missing where the file has none."""
    name = _column(raw, names)
    if name is None:
        return pd.Series([None] * len(raw), index=raw.index, dtype="str")
    return raw[name].astype("str").str.strip()
