"""Figures of places: maps of areas, and strips that show one place over the years."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from buurteffect.report.figures.style import PALETTE, figure
from buurteffect.report.tables.columns import print_value

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_EMPTY = "#efefec"
_IMAGE_DPI = 220
_MAP_WIDTH = 5.6  # inches beside the legend
_PALEST = 0.3  # of the scale from light to dark: lighter shades could be taken for a missing value


def area_map(
    areas: pd.DataFrame, value: str, label: str, outlined: str | None = None, height: float = 5.4, signed: bool = True
) -> Figure:
    """Draw areas shaded by a value; some may be outlined.

    Parameters
    ----------
    areas : GeoDataFrame
        One row per area: ``geometry``, `value` (missing is drawn grey) and, if named, `outlined` (truth values).
    value, label : str
        Column that shades the areas, and its name with its unit.
    outlined : str, optional
        Column that says which areas get an outline.
    height : float
        Inches.
    signed : bool
        Whether the shades run both ways from the median, else from light to dark.
    """
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, TwoSlopeNorm

    drawn, axes = figure(height=height)
    known = areas[value].dropna()
    scale: dict[str, Any] = {"cmap": ListedColormap(colormaps["Blues"](np.linspace(_PALEST, 1.0, 256)))}
    if signed:
        low, middle, high = known.min(), known.median(), known.max()
        scale = {"cmap": "RdBu", "norm": TwoSlopeNorm(middle, min(low, middle - 1e-9), max(high, middle + 1e-9))}
    areas.plot(
        column=value,
        ax=axes,
        linewidth=0.15,
        edgecolor="white",
        legend=True,
        legend_kwds={"label": label, "shrink": 0.7},
        missing_kwds={"color": _EMPTY},
        **scale,
    )
    if outlined is not None and areas[outlined].any():
        areas[areas[outlined]].boundary.plot(ax=axes, color="black", linewidth=0.9)
    axes.set_axis_off()
    axes.set_aspect("equal")
    return drawn


def class_names(limits: Sequence[float]) -> list[str]:
    """Return the names of the classes between some limits, with as many decimals as tell the limits apart.

    Examples
    --------
    >>> class_names([4.0, 4.1])
    ['below 4.00', '4.00 to 4.10', '4.10 and above']
    """
    spec = next((s for s in (".2f", ".3f") if len({print_value(limit, s) for limit in limits}) == len(limits)), ".4f")
    shown = [print_value(limit, spec) for limit in limits]
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"below {shown[0]}", *between, f"{shown[-1]} and above"]


def class_map(
    areas: pd.DataFrame, number: str, names: Sequence[str], label: str, outlines: pd.DataFrame | None = None
) -> Figure:
    """Draw areas shaded by class, from dark for the first to light for the last; without a class grey and hatched.

    The shades differ in lightness, so that they hold for the colour-blind and in a print without colour. Shapes are
    drawn as an image within the figure, since the outlines of thousands of areas would make it heavy.

    Parameters
    ----------
    areas : GeoDataFrame
        One row per area: ``geometry`` and `number`.
    number : str
        Column with the class, from 1; missing where there is none.
    names : sequence of str
        Names of the classes in the legend, the first class first.
    label : str
        Title of the legend: what is shown, with its unit.
    outlines : GeoDataFrame, optional
        Shapes that are drawn as thin lines over the areas.
    """
    from matplotlib import colormaps
    from matplotlib.patches import Patch

    west, south, east, north = areas.total_bounds
    drawn, axes = figure(height=float(np.clip(_MAP_WIDTH * (north - south) / (east - west), 2.8, 6.2)))
    drawn.set_dpi(_IMAGE_DPI)
    shades = colormaps["YlGnBu_r"](np.linspace(0.0, 0.93, len(names)))
    handles = []
    for place, name in enumerate(names):
        part = areas[areas[number] == place + 1]
        if len(part):
            part.plot(ax=axes, color=shades[place], edgecolor="white", linewidth=0.08, rasterized=True)
        handles.append(Patch(facecolor=shades[place], edgecolor="#8a8a85", linewidth=0.4, label=name))
    blank = areas[areas[number].isna()]
    if len(blank):
        blank.plot(ax=axes, color=_EMPTY, edgecolor="#b9b9b3", hatch="////", linewidth=0.1, rasterized=True)
        handles.append(Patch(facecolor=_EMPTY, edgecolor="#b9b9b3", hatch="////", label="no score"))
    if outlines is not None and len(outlines):
        outlines.boundary.plot(ax=axes, color="#3a3a38", linewidth=0.3, rasterized=True)
    axes.set_axis_off()
    axes.set_aspect("equal")
    beside: dict[str, Any] = {"loc": "outside center right", "alignment": "left", "fontsize": 9}
    drawn.legend(handles=handles[::-1], title=label, **beside)
    return drawn


def strip(
    frame: pd.DataFrame, shade: str, shades: Mapping[str, str], marked: str, mark: str, years: Sequence[int]
) -> Figure:
    """Draw the dwellings of one place as squares, one block of squares a year.

    Parameters
    ----------
    frame : DataFrame
        One row per dwelling and year: ``position`` (from 0, the same dwelling in every year), ``year``, `shade` and
        `marked`.
    shade : str
        Column that colours the squares.
    shades : mapping of str to str
        Values of `shade` in the order of the legend, with their names.
    marked : str
        Column of truth values: which squares carry a dot.
    mark : str
        What the dot means.
    years : sequence of int
        Years that are drawn, from left to right.
    """
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch, Rectangle

    drawn, grid = figure(columns=len(years), height=3.0, squeeze=False)
    across = int(np.ceil(np.sqrt(frame["position"].max() + 1) / 1.4))
    colors = dict(zip(shades, PALETTE, strict=False))
    for axes, year in zip(grid[0], years, strict=True):
        part = frame[frame["year"] == year]
        x, y = part["position"] % across, part["position"] // across
        for column, row, kind in zip(x, y, part[shade], strict=True):
            axes.add_patch(Rectangle((column, row), 0.9, 0.9, color=colors.get(kind, _EMPTY), linewidth=0))
        dots = part[marked].to_numpy(dtype=bool)
        axes.plot(x[dots] + 0.45, y[dots] + 0.45, "o", color="black", markersize=1.8)
        axes.set_xlim(-0.2, across)
        axes.set_ylim(frame["position"].max() // across + 1.1, -0.2)
        axes.set_aspect("equal")
        axes.set_axis_off()
        axes.set_title(str(year))
    handles: list[Any] = [Patch(color=colors[kind], label=name) for kind, name in shades.items()]
    handles.append(Line2D([], [], marker="o", color="black", linestyle="", markersize=3, label=mark))
    drawn.legend(handles=handles, loc="outside lower center", ncols=2)
    return drawn
