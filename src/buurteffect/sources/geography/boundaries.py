"""Boundaries of areas: the Wijk- en Buurtkaart, gebiedsindelingen, the Leefbaarometer's geometry, from any geodata.

Polygons come out in EPSG:28992, in metres. Coordinates in degrees are transformed; without a correction grid
that is within about a metre, far below what a map or a test of neighbours needs.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.boundaries import AREA_LEVELS, BOUNDARIES
from buurteffect.sources.fields.area_code import LEVELS, check_codes
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, SourceFile, label_of, read_bytes, sha256_of, shown
from buurteffect.sources.geography.geofile import (
    CODES,
    RUBRIEK,
    STATCODE,
    YEAR_CODE,
    Layer,
    describe_levels,
    geodata_in,
    kind_of,
    layers_of,
    no_geodata,
    parts_of,
    read_layer,
)
from buurteffect.sources.geography.shapes import CRS as CRS
from buurteffect.sources.geography.shapes import has_polygon, repair

EXTENT_M = (-10_000.0, 280_000.0, 310_000.0, 650_000.0)
"""West, south, east and north that hold the European Netherlands with its coastal waters, on the grid."""

EXTENT_DEGREES = (2.5, 50.5, 7.5, 54.5)
"""The same in degrees; no coordinate in it can be one on the grid, and none lies in it with its axes swapped."""

_NAMES = {
    "buurt": ("buurtnaam", "bu_naam", "statnaam"),
    "wijk": ("wijknaam", "wk_naam", "statnaam"),
    "gemeente": ("gemeentenaam", "gm_naam", "statnaam"),
}
_WATER = ("water", "h2o")
_LAND = "NEE"
_NOT_TOLD = re.compile(r"|-|-9{2,}[0-9.]*|NAN|NONE|NULL|<NA>")
_LEDGER = ["fate", "reason", "areas_count"]


@dataclass(frozen=True, eq=False)
class BoundaryFile(SourceFile):
    """The boundaries of one level as read.

    Attributes
    ----------
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    frame : GeoDataFrame
        One row per area (`schema.boundaries.BOUNDARIES`) with its polygon in ``geometry``, EPSG:28992.
    ledger : DataFrame
        One row per fate of the file's areas: ``fate`` (kept, left out) ``, reason, areas_count``.
    repaired : DataFrame
        One row per area whose polygon crossed itself: ``area_code, area_before_m2, area_after_m2``.
    year : int or None
        Year of the areas, as their codes, the layer or the file's name says; None where nothing says it.
    notes : tuple of str
        What was assumed.
    """

    level: str
    frame: gpd.GeoDataFrame
    ledger: pd.DataFrame
    repaired: pd.DataFrame
    year: int | None = None
    notes: tuple[str, ...] = ()


def read_boundaries(path: Path, level: str) -> BoundaryFile:
    """Read the boundaries of one level, land only.

    Coordinates of a file that does not say its coordinate system are taken for metres on the grid or degrees in the
    Netherlands where they can be nothing else, and `notes` say so.

    Parameters
    ----------
    path : Path
        A GeoPackage, a shapefile (with its other parts beside it), GeoJSON, or a zip of them. Properties have the
        names of PDOK (``buurtcode, buurtnaam, wijkcode, gemeentecode, gemeentenaam, water``), of CBS and the
        Leefbaarometer (``BU_CODE, BU_NAAM, …, H2O``) or of gebiedsindelingen (``statcode, statnaam, rubriek,
        jrstatcode``), in either case; others are ignored.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area; it chooses the file, the layer and the rows.

    Raises
    ------
    DataError
        If there is no geodata, no layer or code of the level, no coordinate system that can be told; if it lies
        outside the Netherlands, or holds an area twice, without a polygon, or with a code of another shape. In these
        errors a line is the number of the area in the file, from 1.
    """
    if level not in AREA_LEVELS:
        raise DataError(
            label_of(path), found=f"level {level!r}", expected=", ".join(AREA_LEVELS), action="choose one of these"
        )
    with geodata_in(path) as inside:
        held = [(file, layer) for file in inside.files for layer in layers_of(file)]
        fitting = [(file, layer) for file, layer in held if layer.level == level]
        if not fitting:
            raw = read_layer(inside.files[0], None) if len(inside.files) == 1 and not held else None
            raise _without_level(path, level, [layer for _, layer in held], raw)
        return read_level(*max(fitting, key=lambda found: (found[1].year or 0, found[0].suffix == ".gpkg")))


def read_level(path: Path, layer: Layer) -> BoundaryFile:
    """Read the areas of one level in a layer, see `read_boundaries`."""
    origin, level = label_of(path), layer.level
    raw, notes = _with_crs(read_layer(path, layer.name), path, origin)
    raw.columns = [str(name).casefold() if name != raw.geometry.name else name for name in raw.columns]
    doubled = [name for name in raw.columns if list(raw.columns).count(name) > 1]
    if doubled:
        raise DataError(
            origin, column=doubled[0], found="a property twice", expected="every property once", action=FETCH_AGAIN
        )
    code = _column(raw, (STATCODE, *CODES[level]))
    if code is None or raw.empty:
        raise _without_level(path, level, [layer], raw)
    _refuse_finer(raw, level, code, path.stem if layer.name is None else layer.name, origin)
    raw[code] = raw[code].astype("str").str.strip()
    others, mine = _of_level(raw, level, code)
    lines = Lines(origin, np.flatnonzero(mine) + 1)
    raw = raw[mine].reset_index(drop=True)
    check_codes(raw[code], level, lines, code)
    land, ledger = _land(raw, lines)
    lines = Lines(origin, lines.numbers[land])
    raw = raw[land].reset_index(drop=True)
    lines.refuse_twins([(area,) for area in raw[code]], column=code, expected="every area once on land")
    year, said = _year_of(raw, layer)
    there = has_polygon(raw.geometry, raw[code], lines)
    lines, raw = Lines(origin, lines.numbers[there]), raw[there].reset_index(drop=True)
    shapes, repaired = repair(raw.geometry, raw[code])
    shapes = _on_grid(shapes, lines)
    frame = _frame(raw, shapes, level, code, lines)
    if not there.all():
        lost = int((~there).sum())
        ledger.loc[0, "areas_count"] -= lost
        ledger.loc[len(ledger)] = ["left out", "no polygon", lost]
        said = (*said, f"{lost:,} areas without a polygon are left out")
    parts = parts_of(path)
    whole = sha256_of(path) if len(parts) == 1 else hashlib.sha256("".join(map(sha256_of, parts)).encode()).hexdigest()
    return BoundaryFile(
        origin,
        sum(part.stat().st_size for part in parts),
        whole,
        level,
        frame,
        pd.concat([ledger, others], ignore_index=True) if len(others) else ledger,
        repaired,
        year,
        (*notes, *said),
    )


def _without_level(path: Path, level: str, layers: list[Layer], raw: pd.DataFrame | None = None) -> DataError:
    """Return the error for a file without the level that is asked for."""
    found = f"areas of {describe_levels(layers)}" if layers else "no geodata"
    if raw is not None:
        names = [name for name in raw.columns if name != "geometry"][:8]
        found = "no areas" if raw.empty else f"the properties {', '.join(map(shown, names))}"
    return DataError(
        label_of(path),
        column=CODES[level][0],
        found=found,
        expected=f"areas with the code of a {level} ({', '.join(CODES[level])} or {STATCODE})",
        action="choose a level that the file holds, or give the file of this level",
    )


def _refuse_finer(raw: gpd.GeoDataFrame, level: str, code: str, name: str, origin: str) -> None:
    """Refuse areas that are named after a finer level than the one whose code they have."""
    said = [each for each in CODES if each in name.casefold()]
    for finer in list(CODES)[: list(CODES).index(level)]:
        column = _column(raw, _NAMES[finer][:2])
        if code == STATCODE or (column is None and said != [finer]):
            continue
        named = f"the column {column}" if column else f"the name {shown(name)}"
        mend = (
            f"leave that column out if the areas are {level}en" if column else f"let it say {level}en if they are that"
        )
        raise DataError(
            origin,
            column=code,
            found=f"{named} of {finer}en, while the only code is that of a {level}",
            expected=f"the code of every {finer} ({', '.join(CODES[finer])} or {STATCODE}) beside it",
            action=f"give the file with its codes of {finer}en; {mend}",
        )


def _of_level(raw: gpd.GeoDataFrame, level: str, code: str) -> tuple[pd.DataFrame, np.ndarray]:
    """Tell which rows of a layer of several levels are of one, and count the others."""
    if code != STATCODE:
        return pd.DataFrame(columns=_LEDGER), np.ones(len(raw), dtype=bool)
    kinds = (
        raw[RUBRIEK].astype("str").str.strip().str.casefold()
        if RUBRIEK in raw
        else raw[code].str[:2].map(LEVELS).fillna(raw[code].str[:2])
    )
    mine = (kinds == level).to_numpy()
    counts = kinds[~mine].value_counts()
    rows = [("left out", f"the level {shown(kind)}", int(count)) for kind, count in counts.items()]
    return pd.DataFrame(rows, columns=_LEDGER), mine


def _year_of(raw: gpd.GeoDataFrame, layer: Layer) -> tuple[int | None, tuple[str, ...]]:
    """Return the year of the areas: that of their codes, else the one that the layer or the name says."""
    named = layer.year
    inside = _column(raw, (YEAR_CODE, "jaar", "jrstatcod"))
    texts = raw[inside].astype("str").str.strip().str[:4] if inside else pd.Series(dtype="str")
    years = {int(text) for text in texts.unique() if re.fullmatch(r"(?:19|20)[0-9]{2}", text)}
    if len(years) != 1:
        return named, (f"codes of several years: {', '.join(map(str, sorted(years)))}",) if years else ()
    year = years.pop()
    if named is not None and named != year:
        return year, (f"the areas are of {year} by their codes, although the name says {named}",)
    return year, ()


def _with_crs(raw: pd.DataFrame, path: Path, origin: str) -> tuple[gpd.GeoDataFrame, tuple[str, ...]]:
    """Return the areas with a coordinate system, and what was assumed of it."""
    if not isinstance(raw, gpd.GeoDataFrame):
        raise no_geodata(origin, "a layer without polygons")
    unsaid = raw.crs is None or raw.crs.is_engineering
    # By its standard GeoJSON without a coordinate system is in degrees; some publishers put metres into it.
    said = not unsaid and _says_crs(path)
    bounds = raw.total_bounds
    degrees = _within(bounds, EXTENT_DEGREES)
    if not said and _within(bounds, EXTENT_M) and not degrees:
        note = f"it says no coordinate system; its coordinates can only be metres on the grid ({CRS})"
        return raw.set_crs(CRS, allow_override=True), (note,)
    if unsaid and degrees:
        note = "it says no coordinate system; its coordinates can only be degrees (EPSG:4326)"
        return raw.set_crs("EPSG:4326", allow_override=True), (note,)
    if not unsaid and raw.crs.is_geographic and _within(bounds[[1, 0, 3, 2]], EXTENT_DEGREES):
        turned = raw.set_geometry(raw.geometry.transform(lambda xy: xy[:, ::-1]))
        return turned.set_crs(raw.crs, allow_override=True), ("its coordinates give the latitude first",)
    if unsaid:
        raise DataError(
            origin,
            found="polygons without a coordinate system",
            expected=f"a file that says it, such as {CRS} or CRS84, or coordinates in the Netherlands",
            action="of a shapefile, put the .prj beside it that came with it; else save the file in a GIS with its "
            f"coordinate system ({CRS}), or leave it out of the folder",
        )
    return raw, ()


def _within(bounds: np.ndarray, extent: tuple[float, float, float, float]) -> bool:
    """Say whether bounds lie in an extent; those of no coordinates do not."""
    west, south, east, north = extent
    return bool(bounds[0] >= west and bounds[1] >= south and bounds[2] <= east and bounds[3] <= north)


def _says_crs(path: Path) -> bool:
    """Tell whether a file says its coordinate system itself."""
    return kind_of(path) != "geojson" or re.search(rb'"crs"\s*:\s*\{', read_bytes(path)) is not None


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
    untold = values.str.fullmatch(_NOT_TOLD) | raw[water].isna()
    lines.refuse(
        (~values.isin([_LAND, "JA", "B"]) & ~untold).to_numpy(),
        lambda row: f"the value {shown(raw[water].iloc[row])}",
        column=water,
        expected="NEE (land), JA (water) or B (foreign water)",
    )
    kept = (values == _LAND).to_numpy() | untold.to_numpy(dtype=bool)
    lines.refuse(
        np.full(len(raw), not kept.any()),
        lambda _: "no land",
        column=water,
        expected="areas with NEE (land)",
        action=FETCH_AGAIN,
    )
    rows = [("kept", "", int((values == _LAND).sum()))]
    rows += [("kept", f"{water} is not told", int(untold.sum()))] if untold.any() else []
    rows += [("left out", f"water = {value}", int(count)) for value, count in values[~kept].value_counts().items()]
    return kept, pd.DataFrame(rows, columns=_LEDGER)


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
        action="the file says a wrong coordinate system, has its axes swapped, or is of another country: give it its "
        f"right coordinate system in a GIS (such as {CRS}), or {FETCH_AGAIN}",
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
            else _text(raw, CODES["wijk"])
            if level == "buurt"
            else _text(raw, ()),
            "gemeente_code": ("GM" + codes.str[2:6]).astype("str"),
            "gemeente_name": _text(raw, _NAMES["gemeente"] if level == "gemeente" else _NAMES["gemeente"][:2]),
            "area_m2": shapes.area,
        }
    )
    given = _text(raw, CODES["gemeente"])
    other = given.notna() & (given != frame["gemeente_code"])
    lines.refuse(
        other.to_numpy(),
        lambda row: f"{codes.iloc[row]} in gemeente {shown(given.iloc[row])}",
        column=CODES["gemeente"][0],
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
