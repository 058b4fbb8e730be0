"""Regression discontinuity: first stage, density and balance tests at a cut."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.fit import ols
from buurteffect.estimate.core.intervals import interval, p_value
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.sandwich import RobustErrors, covariance
from buurteffect.estimate.selection.density import density_jump

FEWEST = 8
"""Units within the bandwidth, on each side, below which nothing is fitted."""


@dataclass(frozen=True, eq=False)
class Discontinuity:
    """Jumps at a cut, and what they mean for the design.

    Parameters
    ----------
    cut, bandwidth : float
        In units of the score by which units were ranked.
    table : DataFrame
        One row is one test: ``test, role`` (first stage, density, balance), ``estimate, std_error, ci_low, ci_high,
        p_value, below_count, above_count``.
    listed_count, listed_below_count : int
        Units on the list, and those of them below the cut.
    below_count : int
        All units below the cut.
    """

    cut: float
    bandwidth: float
    table: pd.DataFrame
    listed_count: int
    listed_below_count: int
    below_count: int


def cut_of_the_list(score: Floats, listed: Floats) -> float:
    """Return the cut below which as many units lie as are listed: where the list ends if the score alone made it.

    Examples
    --------
    >>> cut_of_the_list(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, False]))
    2.5
    """
    count = int(listed.sum())
    if not 0 < count < len(score):
        raise EstimationError("a cut needs units on the list and units off it")
    values = np.sort(score)
    return float((values[count - 1] + values[count]) / 2)


def discontinuity(
    areas: pd.DataFrame,
    score: str,
    listed: str,
    balance: Mapping[str, str],
    cut: float | None = None,
    alpha: float = 0.05,
) -> Discontinuity:
    """Test a regression discontinuity: whether a cut of a score made a list, without bunching or imbalance.

    A design needs three things: that the share on the list jumps at the cut, that areas do not bunch on one side, and
    that what was known before does not jump. Jumps are differences of two local lines at the cut (triangular weights,
    errors robust to unequal variance); the density is tested by its own jump (`density.density_jump`). The bandwidth is
    1.84 standard deviations times n^(−1/5) (rule of thumb).

    Parameters
    ----------
    areas : DataFrame
        One row is one area.
    score, listed : str
        Columns: the score by which areas are said to be chosen (low ones), and whether they were.
    balance : mapping of str to str
        Columns known before, and what they are called.
    cut : float, optional
        Where the list is said to end; by default below as many areas as are listed.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If nobody is on the list, or too few areas lie near the cut.
    """
    require_numbers(areas, (score, listed, *balance), "table of areas")
    known = areas[areas[score].notna()]
    values, chosen = known[score].to_numpy(dtype=float), known[listed].to_numpy(dtype=bool)
    cut = cut_of_the_list(values, chosen) if cut is None else cut
    width = float(1.84 * values.std() * len(values) ** -0.2)
    distance = values - cut
    near = np.abs(distance) < width
    sides = int((near & (distance < 0)).sum()), int((near & (distance >= 0)).sum())
    if min(sides) < FEWEST:
        raise EstimationError(
            f"{sides[0]} areas lie below and {sides[1]} above the cut within the bandwidth, {FEWEST} on each side are "
            "the fewest: the list has no edge on this score that areas stand around"
        )
    rows = [{"test": "share on the list", "role": "first stage", **_jump(distance, chosen.astype(float), width, alpha)}]
    rows.append({"test": "log density, below less above", "role": "density", **density_jump(distance, width, alpha)})
    for column, label in balance.items():
        outcome = known[column].to_numpy(dtype=float)
        if np.isfinite(outcome).sum() > 2 * FEWEST and np.nanstd(outcome) > 0:
            rows.append({"test": label, "role": "balance", **_jump(distance, outcome, width, alpha)})
    below = values < cut
    return Discontinuity(
        cut, width, pd.DataFrame(rows), int(chosen.sum()), int((chosen & below).sum()), int(below.sum())
    )


def _jump(distance: Floats, outcome: Floats, width: float, alpha: float) -> dict[str, float]:
    """Return the value just below the cut less that just above it, by two weighted lines."""
    use = np.isfinite(outcome) & (np.abs(distance) < width)
    x, y = distance[use], outcome[use]
    below = (x < 0).astype(float)
    weight = 1 - np.abs(x) / width
    design = np.column_stack([below, np.ones_like(x), x, x * below])
    fit = ols(pd.DataFrame({"y": y}), y, (("jump", "level", "slope", "bend"), design), weights=weight)
    spread = covariance(fit, RobustErrors())
    jump, error = float(fit.coefficients[0]), float(spread.std_errors[0])
    low, high = interval(jump, error, spread.degrees, alpha)
    chance = float(p_value(jump, error, spread.degrees)) if error > 0 or jump == 0 else 0.0
    return {
        "estimate": jump,
        "std_error": error,
        "ci_low": low,
        "ci_high": high,
        "p_value": chance,
        "below_count": int(below.sum()),
        "above_count": int(len(x) - below.sum()),
    }
