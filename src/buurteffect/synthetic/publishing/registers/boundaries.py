"""Publish the boundaries of a country as GeoJSON in EPSG:28992, one file per level.

A country lies far out at sea, where no reader of Dutch maps accepts it. The files therefore show it moved as a
whole, by full kilometres, to the part of the North Sea that lies inside the limits of the national grid and holds
no land (`SEA_M`). Shapes, distances and neighbours stay as they are, and nothing can overlap a real place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.project import writing
from buurteffect.synthetic.world.world import Geography, World

SEA_M = (-9_000.0, 500_000.0, 95_000.0, 650_000.0)
"""West, south, east and north of open sea on the national grid, in metres: west of the coast of Noord-Holland."""

FOLDER = Path("boundaries")
_CRS = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::28992"}}
_STEP_M = 1_000.0
_MILLIMETRES = 3

Ring = list[list[float]]
"""Corners (x, y) in metres; the last is the first again."""


def published_shift_m(geography: Geography) -> tuple[float, float]:
    """Return the metres east and north by which the published map lies from the simulated one.

    Raises
    ------
    ProjectError
        If the country is larger than the sea.
    """
    corners = geography.corners_m.reshape(-1, 2)
    low, high = corners.min(axis=0), corners.max(axis=0)
    west, south, east, north = SEA_M
    if (low >= (west, south)).all() and (high <= (east, north)).all():
        return 0.0, 0.0
    shift = np.ceil((np.array([west, south]) - low) / _STEP_M) * _STEP_M
    if ((high + shift) > (east, north)).any():
        width, height = (high - low) / 1000
        raise ProjectError(
            f"the synthetic country is {width:.0f} by {height:.0f} km and does not fit into the sea that its map is "
            f"published in ({(east - west) / 1000:.0f} by {(north - south) / 1000:.0f} km): publish boundaries of a "
            "smaller country"
        )
    return float(shift[0]), float(shift[1])


def publish_boundaries(world: World, folder: Path) -> tuple[Path, ...]:
    """Write the polygons of buurten, wijken and gemeenten, each to a file with the year in its name.

    Properties have the names of the public service that the real boundaries come from; wijken and gemeenten are the
    outlines of their buurten, whose corners they share to the millimetre.

    Returns
    -------
    tuple of Path
        The files, buurten first.

    Raises
    ------
    ProjectError
        If the country is larger than the sea (`published_shift_m`).
    """
    geography = world.geography
    corners = _counter_clockwise(np.round(geography.corners_m + np.array(published_shift_m(geography)), _MILLIMETRES))
    wijken = geography.wijken.set_index("wijk_code")["wijk_name"]
    gemeenten = geography.gemeenten.set_index("gemeente_code")["gemeente_name"]
    buurten = geography.buurten
    common = {"gemeentecode": buurten["gemeente_code"], "gemeentenaam": buurten["gemeente_code"].map(gemeenten)}
    names = {"buurtcode": buurten["buurt_code"], "buurtnaam": buurten["buurt_name"], "wijkcode": buurten["wijk_code"]}
    levels = {
        "buurten": (pd.DataFrame(names | common), buurten["buurt_code"]),
        "wijken": (
            pd.DataFrame({"wijkcode": buurten["wijk_code"], "wijknaam": buurten["wijk_code"].map(wijken)} | common),
            buurten["wijk_code"],
        ),
        "gemeenten": (pd.DataFrame(common), buurten["gemeente_code"]),
    }
    written = []
    for level, (properties, code) in levels.items():
        path = folder / f"{level}_{world.history.years[-1]}.geojson"
        _write(path, level, _features(properties, code, corners))
        written.append(path)
    return tuple(written)


def _features(properties: pd.DataFrame, code: pd.Series, corners: NDArray[np.float64]) -> Iterable[dict[str, Any]]:
    """Yield one feature per area, in order of first appearance."""
    for _, rows in code.groupby(code, sort=False).indices.items():
        about = {name: str(value) for name, value in properties.iloc[rows[0]].items()} | {"water": "NEE"}
        polygons = outline(corners[rows])
        geometry = (
            {"type": "Polygon", "coordinates": polygons[0]}
            if len(polygons) == 1
            else {"type": "MultiPolygon", "coordinates": polygons}
        )
        yield {"type": "Feature", "properties": about, "geometry": geometry}


def outline(hexagons: NDArray[np.float64]) -> list[list[Ring]]:
    """Return the polygons that some hexagons of one honeycomb make together.

    An edge that two of them share lies inside and is left out; the others are chained. At most two of them can meet
    in a corner of the outline, so there is one way on.

    Parameters
    ----------
    hexagons : ndarray, shape (n, 6, 2)
        Corners counter-clockwise, the same to the last bit where two hexagons meet.

    Returns
    -------
    list of list of ring
        One list per polygon: its outer ring, counter-clockwise, and the rings of its holes, clockwise; each closed.
    """
    edges: set[tuple[tuple[float, float], tuple[float, float]]] = set()
    for hexagon in hexagons:
        points = [(float(x), float(y)) for x, y in hexagon]
        edges.update(zip(points, points[1:] + points[:1], strict=True))
    following = {a: b for a, b in edges if (b, a) not in edges}
    rings = []
    while following:
        start = point = min(following)
        ring = [start]
        while (point := following.pop(point)) != start:
            ring.append(point)
        rings.append(ring)
    outer = [ring for ring in rings if _area(ring) > 0]
    holes = [ring for ring in rings if _area(ring) < 0]
    return [
        [[list(point) for point in [*ring, ring[0]]] for ring in (shell, *(h for h in holes if _inside(h[0], shell)))]
        for shell in outer
    ]


def _counter_clockwise(hexagons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hexagons with their corners counter-clockwise."""
    x, y = hexagons[..., 0], hexagons[..., 1]
    area = (x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)
    return np.where((area > 0)[:, None, None], hexagons, hexagons[:, ::-1])


def _area(ring: list[tuple[float, float]]) -> float:
    """Return the area of a ring, above zero if it runs counter-clockwise."""
    x, y = np.array(ring).T
    return float(0.5 * (x * np.roll(y, -1) - y * np.roll(x, -1)).sum())


def _inside(point: tuple[float, float], ring: list[tuple[float, float]]) -> bool:
    """Return whether a ring runs around a point: it crosses a ray to the east an odd number of times."""
    (x, y), (xs, ys) = point, np.array(ring).T
    xs_next, ys_next = np.roll(xs, -1), np.roll(ys, -1)
    crosses = (ys > y) != (ys_next > y)
    at = xs[crosses] + (y - ys[crosses]) / (ys_next - ys)[crosses] * (xs_next - xs)[crosses]
    return bool((at > x).sum() % 2)


def _write(path: Path, name: str, features: Iterable[dict[str, Any]]) -> None:
    """Write a collection of features, one on each line."""
    lines = ",\n".join(json.dumps(feature, separators=(",", ":"), ensure_ascii=False) for feature in features)
    head = json.dumps({"type": "FeatureCollection", "name": f"synthetic_{name}", "crs": _CRS})[:-1]
    with writing(path) as aside:
        aside.write_text(f'{head}, "features": [\n{lines}\n]}}\n', encoding="utf-8", newline="\n")
