"""Kernel densities and quantiles of the scores by wave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.measurement.waves import FEWEST_AREAS

_GRID = 81
_REACH = 3.0  # bandwidths beyond the outermost quantile; farther out a line on the page would lie on its base
_OUTER = (0.005, 0.995)  # a few areas far from all others would squeeze the shape of the others
_QUANTILES = {"p10_score": 0.10, "median_score": 0.50, "p90_score": 0.90}
_BLOCK = 4_000_000  # kernels held in memory at once


@dataclass(frozen=True, eq=False)
class ScoreDensities:
    """The distribution of the scores by wave, each area counting once.

    Attributes
    ----------
    grid : DataFrame
        One row per wave and point of a grid that all waves share: ``year, score`` (LBM points) ``, density`` (share of
        the areas per LBM point).
    summary : DataFrame
        One row per wave: ``year, areas_count, bandwidth_score, p10_score, median_score, p90_score,
        p90_minus_p10_score`` (LBM points).
    left_out : tuple of int
        Waves with too few different scores.
    """

    grid: pd.DataFrame
    summary: pd.DataFrame
    left_out: tuple[int, ...]


def score_densities(panel: pd.DataFrame) -> ScoreDensities:
    """Return kernel densities of the scores by wave.

    A Gaussian kernel with Silverman's bandwidth, .9·min(s, IQR/1.34)·n^(−1/5), for each wave (Silverman 1986, Density
    Estimation, p. 48). The grid runs from the .005 quantile to the .995 quantile of all scores, three bandwidths more
    on both sides; farther out nothing is shown, but all scores count.

    Parameters
    ----------
    panel : DataFrame
        One row per area and wave: ``year, liveability_score``.

    Raises
    ------
    EstimationError
        If no wave has at least 20 areas whose scores differ.
    """
    require_numbers(panel, ("year", "liveability_score"), "panel")
    scores = panel.dropna(subset="liveability_score")
    waves = {int(year): np.sort(part.to_numpy(float)) for year, part in scores.groupby("year")["liveability_score"]}
    widths = {year: _bandwidth(values) for year, values in waves.items()}
    shown = [year for year in waves if widths[year] > 0]
    if not shown:
        most = max(map(len, waves.values()), default=0)
        raise EstimationError(
            f"a density needs {FEWEST_AREAS} areas or more with different scores, and the largest wave has {most}"
        )
    pooled = np.concatenate([waves[year] for year in shown])
    low, high = np.quantile(pooled, _OUTER)
    reach = _REACH * max(widths[year] for year in shown)
    grid = np.linspace(low - reach, high + reach, _GRID)
    densities = [
        pd.DataFrame({"year": year, "score": grid, "density": _density(waves[year], grid, widths[year])})
        for year in shown
    ]
    rows = [
        {"year": year, "areas_count": len(waves[year]), "bandwidth_score": widths[year]}
        | {name: float(np.quantile(waves[year], share)) for name, share in _QUANTILES.items()}
        for year in shown
    ]
    summary = pd.DataFrame(rows)
    summary["p90_minus_p10_score"] = summary["p90_score"] - summary["p10_score"]
    left_out = tuple(year for year in waves if year not in shown)
    return ScoreDensities(pd.concat(densities, ignore_index=True), summary, left_out)


def _bandwidth(values: Floats) -> float:
    """Return Silverman's bandwidth; 0 where there are too few different values."""
    if len(values) < FEWEST_AREAS or len(np.unique(values)) < FEWEST_AREAS // 2:
        return 0.0
    quarter, three = np.quantile(values, (0.25, 0.75))
    spread = min(float(values.std(ddof=1)), float(three - quarter) / 1.34) or float(values.std(ddof=1))
    return float(0.9 * spread * len(values) ** -0.2)


def _density(values: Floats, grid: Floats, width: float) -> Floats:
    """Return the density at the points of the grid."""
    total = np.zeros(len(grid))
    for block in np.array_split(values, -(-len(values) * len(grid) // _BLOCK)):
        total += np.exp(-0.5 * ((grid[:, None] - block) / width) ** 2).sum(axis=1)
    return np.asarray(total / (len(values) * width * np.sqrt(2 * np.pi)))
