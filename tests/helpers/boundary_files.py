"""Boundaries as publishers give them: GeoJSON, gebiedsindelingen and the map of buurten."""

from __future__ import annotations

import geopandas as gpd

GRID = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
PLACE = (90_000.0, 430_000.0)


def square(west: float, south: float, side: float = 100.0) -> list[list[float]]:
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    return [[west + x, south + y] for x, y in corners]


def feature(code: str = "BU05990110", ring: list[list[float]] | None = None, **properties: object) -> dict:
    place = {"buurtcode": code, "buurtnaam": "Ergens", "wijkcode": code.replace("BU", "WK")[:8]}
    place |= {"gemeentecode": f"GM{code[2:6]}", "gemeentenaam": "Rotterdam", "water": "NEE"}
    geometry = {"type": "Polygon", "coordinates": [ring or square(*PLACE)]}
    return {"type": "Feature", "properties": place | properties, "geometry": geometry}


def collection(*features: dict, crs: dict | None = GRID) -> dict:
    return {"type": "FeatureCollection", **({"crs": crs} if crs else {}), "features": list(features)}


def division(level: str, code: str, ring: list[list[float]] | None = None, year: int = 2022) -> dict:
    """Return an area as gebiedsindelingen give it."""
    place = {"id": 1, "statcode": code, "jrstatcode": f"{year}{code}", "statnaam": "Ergens", "rubriek": level}
    return {"type": "Feature", "properties": place, "geometry": feature(ring=ring)["geometry"]}


MAP = {"BU_CODE": "BU05990110", "BU_NAAM": "Ergens", "WK_CODE": "WK059901", "GM_CODE": "GM0599", "GM_NAAM": "Rotterdam"}


def buurtkaart() -> gpd.GeoDataFrame:
    """Return the map of buurten with its key figures, as the publisher gives it as a shapefile; one area is water."""
    areas = [feature(), feature(ring=square(91_000, 430_000))]
    areas[0]["properties"] = MAP
    areas[1]["properties"] = MAP | {"BU_CODE": "BU05999997", "H2O": "JA"}
    return gpd.GeoDataFrame.from_features(areas, crs=28992)
