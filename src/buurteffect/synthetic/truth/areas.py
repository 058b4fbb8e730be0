"""The true effect on every buurt in every year: what it takes to take the error of an estimate apart exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

AREA_OUTCOMES = ("liveability_score", "low_income_share", "mean_log_income", "log_woz", "owner_share")
"""Outcomes of which the effect on every buurt is kept: those that pages on restructuring explain."""

AREA_COLUMNS = ("outcome", "area_code", "year", "effect")
"""Columns of the table."""


def area_effects(
    codes: NDArray[np.object_], years: NDArray[np.int64], effect: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    """Return the country as it was less the same country without policy, by buurt and year.

    Parameters
    ----------
    codes : ndarray of str, shape (buurten,)
        Codes of the buurten as the map has them.
    years : ndarray of int, shape (years,)
        Years.
    effect : dict
        Per outcome an array of shape (years, buurten): see `effects.differences`.

    Returns
    -------
    DataFrame
        One row is one outcome in one buurt on one 1 January from the first year on in which the policy changed
        anything: `AREA_COLUMNS`.
    """
    moved = np.any([effect[name].any(axis=1) for name in AREA_OUTCOMES], axis=0)
    first = int(moved.argmax()) if moved.any() else len(years)
    parts = [
        pd.DataFrame(
            {
                "outcome": name,
                "area_code": np.tile(codes, len(years) - first),
                "year": np.repeat(years[first:], len(codes)),
                "effect": effect[name][first:].ravel(),
            }
        )
        for name in AREA_OUTCOMES
    ]
    return pd.concat(parts, ignore_index=True)
