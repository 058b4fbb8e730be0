"""A map: gemeenten as towns of hexagonal buurten, wijken as clusters of neighbouring ones, all of it out at sea."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from buurteffect.synthetic.simulation.towns import divided_town, round_town
from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import MapParameters
from buurteffect.synthetic.world.scenarios import Size
from buurteffect.synthetic.world.world import GEMEENTE_KINDS, Geography

ORIGIN_M = (-100_000.0, 680_000.0)
"""South-western corner of the map in the plane of EPSG:28992: the North Sea, far from the Netherlands."""

REACH_M = 3_000.0
"""Distance up to which a buurt can notice what is done in another."""

_JITTER = 0.03  # of the pitch: two of the largest towns side by side still do not touch
_CORNERS = np.array([(0, 2), (1, 1), (1, -1), (0, -2), (-1, -1), (-1, 1)])  # in half spacings and spacings / 2√3


@dataclass(frozen=True, eq=False)
class Layout:
    """The map in numbers, for the simulation.

    Attributes
    ----------
    wijk, gemeente, kind : ndarray of int, shape (buurten,)
        Position of each buurt's wijk, gemeente and kind of gemeente.
    gemeente_of_wijk : ndarray of int, shape (wijken,)
        Position of each wijk's gemeente.
    x_m, y_m : ndarray of float, shape (buurten,)
        Centres.
    near_from, near_to : ndarray of int, shape (pairs,)
        Every ordered pair of buurten within `REACH_M`, by the first.
    near_m : ndarray of float, shape (pairs,)
        Their distances.
    dwellings : int
        Simulated dwellings in each buurt; those of buurt ``b`` are ``b * dwellings`` up to ``(b + 1) * dwellings``.
    """

    wijk: NDArray[np.int64]
    gemeente: NDArray[np.int64]
    kind: NDArray[np.int64]
    gemeente_of_wijk: NDArray[np.int64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]
    near_from: NDArray[np.int64]
    near_to: NDArray[np.int64]
    near_m: NDArray[np.float64]
    dwellings: int

    @property
    def buurten(self) -> int:
        """Number of buurten."""
        return len(self.wijk)


def draw_geography(parameters: MapParameters, size: Size, draws: Draws) -> tuple[Geography, Layout]:
    """Return the map of a country, as tables with codes and names and in numbers for the simulation."""
    kind_of_gemeente = np.repeat(np.arange(len(GEMEENTE_KINDS)), size.gemeenten)
    gemeente_of_wijk = _wijken(size)
    wijk = np.repeat(np.arange(len(gemeente_of_wijk)), _even(size.buurten, len(gemeente_of_wijk)))
    gemeente = gemeente_of_wijk[wijk]
    spacing = np.array(parameters.spacing_m.values())[kind_of_gemeente]
    buurten_of_wijk = np.bincount(wijk)
    parts = [tuple(buurten_of_wijk[gemeente_of_wijk == one].tolist()) for one in range(len(kind_of_gemeente))]
    cells = np.concatenate([divided_town(sizes) for sizes in parts])
    centres = _sites(len(kind_of_gemeente), parameters.pitch_m, draws)

    def place(steps: NDArray[np.int64], of_gemeente: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return metres from whole steps, so that corners that two hexagons share come out the same."""
        unit = spacing[of_gemeente][..., None] * np.array([0.5, 0.5 / sqrt(3)])
        metres: NDArray[np.float64] = centres[of_gemeente] + unit * steps
        return metres

    middle = place(cells, gemeente)
    corners = place(cells[:, None, :] + _CORNERS, np.repeat(gemeente[:, None], 6, axis=1))
    near_from, near_to, near_m = _near(middle)
    layout = Layout(
        wijk=wijk,
        gemeente=gemeente,
        kind=kind_of_gemeente[gemeente],
        gemeente_of_wijk=gemeente_of_wijk,
        x_m=middle[:, 0],
        y_m=middle[:, 1],
        near_from=near_from,
        near_to=near_to,
        near_m=near_m,
        dwellings=size.dwellings_per_buurt,
    )
    area_ha = spacing[gemeente] ** 2 * sqrt(3) / 2 / 10_000
    identity = np.arange(size.buurten)
    log_dwellings = draws.normal(0, Purpose.PUBLISHED_DWELLINGS, identity) * parameters.published_log_sd
    published = np.rint(np.exp(parameters.published_log_mean + log_dwellings)).clip(min=60).astype(np.int64)
    return _named(layout, kind_of_gemeente, area_ha, published, corners), layout


def _even(total: int, groups: int) -> NDArray[np.int64]:
    """Spread a number over groups as evenly as whole numbers allow."""
    edges = np.arange(groups + 1) * total // groups
    return np.diff(edges)


def _wijken(size: Size) -> NDArray[np.int64]:
    """Return the gemeente of each wijk."""
    counts = [_even(wijken, gemeenten) for wijken, gemeenten in zip(size.wijken, size.gemeenten, strict=True)]
    return np.repeat(np.arange(sum(size.gemeenten)), np.concatenate(counts))


def _sites(count: int, pitch_m: float, draws: Draws) -> NDArray[np.float64]:
    """Return the centres of the towns: a hexagonal pattern, shuffled and somewhat disturbed."""
    order = np.argsort(draws.uniform(0, Purpose.MAP, np.arange(count)), kind="stable")
    steps = np.empty((count, 2))
    steps[order] = round_town(count) * np.array([0.5, 0.5 / sqrt(3)])
    shift = draws.uniform(0, Purpose.MAP, count + np.arange(2 * count)).reshape(count, 2) - 0.5
    metres = (steps + 2 * _JITTER * shift) * pitch_m
    corner: NDArray[np.float64] = np.round(metres - metres.min(axis=0) + np.array(ORIGIN_M) + pitch_m / 2)
    return corner


def _near(middle: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Return all ordered pairs of buurten within reach, and their distances."""
    pairs = cKDTree(middle).query_pairs(REACH_M, output_type="ndarray").astype(np.int64)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    both = both[np.lexsort((both[:, 1], both[:, 0]))]
    gap = middle[both[:, 0]] - middle[both[:, 1]]
    return both[:, 0], both[:, 1], np.sqrt(gap[:, 0] ** 2 + gap[:, 1] ** 2)


def _named(
    layout: Layout,
    kind_of_gemeente: NDArray[np.int64],
    area_ha: NDArray[np.float64],
    published: NDArray[np.int64],
    corners: NDArray[np.float64],
) -> Geography:
    """Return the map's tables with codes and names that nobody can take for real ones."""
    number = 9_001 + np.arange(len(kind_of_gemeente))
    wijk_number = _within(layout.gemeente_of_wijk)
    buurt_number = _within(layout.wijk)
    wijk_digits = [f"{number[g]}{w:02d}" for g, w in zip(layout.gemeente_of_wijk, wijk_number, strict=True)]
    buurt_digits = [f"{wijk_digits[w]}{b:02d}" for w, b in zip(layout.wijk, buurt_number, strict=True)]
    kinds = np.array(GEMEENTE_KINDS)
    gemeente_codes = np.array([f"GM{n}" for n in number])
    wijk_codes = np.array([f"WK{digits}" for digits in wijk_digits])
    gemeenten = pd.DataFrame(
        {
            "gemeente_code": gemeente_codes,
            "gemeente_name": [f"Zeestad {n - 9_000} (synthetic)" for n in number],
            "kind": kinds[kind_of_gemeente],
        }
    )
    wijken = pd.DataFrame(
        {
            "wijk_code": wijk_codes,
            "wijk_name": [f"Wijk {digits} (synthetic)" for digits in wijk_digits],
            "gemeente_code": gemeente_codes[layout.gemeente_of_wijk],
        }
    )
    buurten = pd.DataFrame(
        {
            "buurt_code": [f"BU{digits}" for digits in buurt_digits],
            "buurt_name": [f"Buurt {digits} (synthetic)" for digits in buurt_digits],
            "wijk_code": wijk_codes[layout.wijk],
            "gemeente_code": gemeente_codes[layout.gemeente],
            "kind": kinds[layout.kind],
            "x_m": layout.x_m,
            "y_m": layout.y_m,
            "land_area_ha": area_ha,
            "published_dwellings": published,
        }
    )
    return Geography(gemeenten, wijken, buurten, corners)


def _within(group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each member within its group, from 1; groups stand together."""
    first = np.flatnonzero(np.r_[True, group[1:] != group[:-1]])
    counts = np.diff(np.r_[first, len(group)])
    return np.arange(len(group)) - np.repeat(first, counts) + 1
