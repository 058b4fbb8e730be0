"""Shapes of areas: which are polygons, and those that cross themselves mended."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN

CRS = "EPSG:28992"
"""The Dutch national grid, in metres."""

WITHOUT_SHAPE_SHARE = 0.1
"""Largest share of the areas of a file that may have no polygon."""


def has_polygon(shapes: gpd.GeoSeries, codes: pd.Series, lines: Lines) -> npt.NDArray[np.bool_]:
    """Tell which areas have a polygon; a few may have none, as maps that were simplified lose the smallest.

    Raises
    ------
    DataError
        If more than `WITHOUT_SHAPE_SHARE` of the areas have none.
    """
    polygons = shapes.geom_type.isin(["Polygon", "MultiPolygon"]) & ~shapes.is_empty
    bad = polygons & ~shapes.is_valid
    mended = _mended(shapes[bad])
    polygons[bad] = ~mended.is_empty & mended.geom_type.isin(["Polygon", "MultiPolygon"])
    if (~polygons).sum() > WITHOUT_SHAPE_SHARE * len(shapes):
        lines.refuse(
            (~polygons).to_numpy(),
            lambda row: f"{codes.iloc[row]} with {_shape_words(shapes.iloc[row])}",
            expected=f"a polygon for every area, but for {WITHOUT_SHAPE_SHARE:.0%} of them",
            action=FETCH_AGAIN,
        )
    return np.asarray(polygons, dtype=bool)


def _shape_words(shape: Any) -> str:
    """Say what stands for a polygon."""
    if shape is None or shape.is_empty:
        return "no shape"
    return shape.geom_type if "Polygon" not in shape.geom_type else "a shape that encloses nothing"


def _mended(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return shapes made valid; coordinates may be anything yet."""
    with np.errstate(all="ignore"):
        return shapes.make_valid(method="structure", keep_collapsed=False)


def repair(shapes: gpd.GeoSeries, codes: pd.Series) -> tuple[gpd.GeoSeries, pd.DataFrame]:
    """Return valid polygons, and the area before and after of those that were not."""
    bad = ~shapes.is_valid
    mended = shapes.copy()
    if bad.any():
        mended[bad] = _mended(shapes[bad])
    table = pd.DataFrame(
        {
            "area_code": codes[bad],
            "area_before_m2": shapes[bad].to_crs(CRS).area,
            "area_after_m2": mended[bad].to_crs(CRS).area,
        }
    )
    return mended, table.reset_index(drop=True)
