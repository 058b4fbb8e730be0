"""Areas in GeoJSON, read without a library that could follow what stands in the file.

The usual library passes over members that are no areas, takes one of two properties of the same name, and asks an
address for the coordinate system if the file names one. Here each of these is refused.
"""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import numpy as np

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import FETCH_AGAIN, shown
from buurteffect.sources.files.strict_json import parse_object

UNNAMED_CRS = "OGC:CRS84"
"""Coordinate system of a file that names none: its standard says degrees, longitude first."""

_CRS = re.compile(
    r"(?:urn:ogc:def:crs:|http://www\.opengis\.net/def/crs/)?(?P<who>EPSG|OGC)[:/](?:[0-9.]*[:/])?(?P<code>[0-9]{4,6}|CRS84)",
    re.IGNORECASE,
)
_NAME_CRS = (
    "save the file again in a GIS with a coordinate system that has a code, such as EPSG:28992 (RD); or leave it out "
    "of the folder"
)
_GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection")


def read_geojson(data: bytes, origin: str) -> gpd.GeoDataFrame:
    """Return the areas of a FeatureCollection, one row each, in their order.

    In errors a line is the number of the area in the file, from 1; for text that is no JSON, the line of the text.

    Raises
    ------
    DataError
        If it is no JSON, names a property twice, is no FeatureCollection, holds a member that is no area or a shape
        that cannot be one, or names a coordinate system otherwise than by its code.
    """
    document = parse_object(data, origin, FETCH_AGAIN)
    features = document.get("features")
    if document.get("type") == "Feature":
        features = [document]
    if not isinstance(features, list) or document.get("type") not in ("Feature", "FeatureCollection"):
        raise DataError(
            origin,
            found=f"JSON of the type {shown(document.get('type'))}, with {len(document)} members",
            expected='a FeatureCollection: {"type": "FeatureCollection", "features": [{…}, …]}',
            action=FETCH_AGAIN,
        )
    crs = _crs(document, origin)
    areas = [_area(feature, origin, number) for number, feature in enumerate(features, start=1)]
    try:
        frame = gpd.GeoDataFrame.from_features(areas, crs=crs)
    except Exception:  # whatever the library stumbles over in lists that are no coordinates
        _find_bad_shape(areas, origin)
        raise
    points = frame.geometry.get_coordinates()
    bad = points.index[~np.isfinite(points.to_numpy()).all(axis=1)]
    if len(bad):
        raise _fault(origin, int(bad[0]) + 1, "a coordinate that is not finite", "numbers", "geometry")
    return frame


def _crs(document: dict[str, Any], origin: str) -> str | None:
    """Return the coordinate system; None where the file says that it has none."""
    if "crs" not in document:
        return UNNAMED_CRS
    said = document["crs"]
    if said is None:
        return None
    properties = said.get("properties") if isinstance(said, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    match = _CRS.fullmatch(name) if isinstance(name, str) else None
    if match is None:
        raise DataError(
            origin,
            column="crs",
            found=f"the coordinate system {shown(said)}",
            expected="one named by its code, such as urn:ogc:def:crs:EPSG::28992; addresses are not followed",
            action=_NAME_CRS,
        )
    code = f"{match['who']}:{match['code']}".upper()
    try:
        gpd.GeoSeries([], crs=code)
    except RuntimeError:
        raise DataError(
            origin,
            column="crs",
            found=f"the coordinate system {code}, which is not known",
            expected="one that exists, such as EPSG:28992",
            action=_NAME_CRS,
        ) from None
    return code


def _area(feature: Any, origin: str, number: int) -> dict[str, Any]:
    """Return one area with its properties and its shape, after what it is made of has been checked."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise _fault(origin, number, f"a member that is no area: {shown(feature)}", 'an object of the type "Feature"')
    properties, geometry = feature.get("properties") or {}, feature.get("geometry")
    if not isinstance(properties, dict):
        raise _fault(origin, number, f"properties that are a {type(properties).__name__}", "an object")
    kind, rings = (geometry.get("type"), geometry.get("coordinates")) if isinstance(geometry, dict) else (None, None)
    if geometry is not None and kind not in _GEOMETRIES:
        raise _fault(
            origin, number, f"a shape of the type {shown(kind)}", f"one of {', '.join(_GEOMETRIES)}", "geometry"
        )
    if kind in ("Polygon", "MultiPolygon"):
        nested = rings if kind == "MultiPolygon" else [rings]
        if not all(isinstance(polygon, list) and all(map(_is_closed, polygon)) for polygon in nested or [None]):
            raise _fault(origin, number, "a ring that is not closed", "rings that end where they begin", "geometry")
    own = {name: value for name, value in properties.items() if name != "geometry"}
    return {"type": "Feature", "properties": own, "geometry": geometry}


def _is_closed(ring: Any) -> bool:
    """Say whether a ring ends where it begins."""
    return isinstance(ring, list) and len(ring) > 0 and ring[0] == ring[-1]


def _find_bad_shape(areas: list[dict[str, Any]], origin: str) -> None:
    """Raise for the first area whose shape the library does not take."""
    for number, area in enumerate(areas, start=1):
        try:
            gpd.GeoDataFrame.from_features([area])
        except Exception as error:  # as above
            raise _fault(
                origin, number, f"a shape that cannot be one ({shown(error)})", "closed rings of numbers", "geometry"
            ) from None


def _fault(origin: str, number: int, found: str, expected: str, column: str | None = None) -> DataError:
    """Return the error about one area."""
    return DataError(origin, line=number, column=column, found=found, expected=expected, action=FETCH_AGAIN)
