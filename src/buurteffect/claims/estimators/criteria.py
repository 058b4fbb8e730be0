"""The bounds that were set before any estimator was run, and whether a share that was simulated lies within them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.claims.verdict import Answer

COVERS = (0.93, 0.97)
"""Bounds within which the coverage of a 95% interval is taken to be right."""

FAILS_BELOW = 0.90
"""Coverage below which an estimator is said to fail in a scenario."""

REJECTS = (0.03, 0.07)
"""Bounds within which the size of a 5% test is taken to be right."""

NAIVE_BELOW = 0.50
"""Coverage below which a naive comparison is said to be caught where buurten are chosen for their scores."""

MET, UNCLEAR, NOT_MET = "met", "cannot be told", "not met"
"""A share lies within its bounds; outside, by no more than the number of countries leaves open; outside by more."""


def compare_with_bounds(table: pd.DataFrame, column: str, bounds: tuple[float, float]) -> NDArray[np.str_]:
    """Return for each row whether a share lies within its bounds.

    Parameters
    ----------
    table : DataFrame
        The share in `column`, and its exact binomial band in ``{column}_low`` and ``{column}_high``.
    column : str
        Name of the share.
    bounds : (float, float)
        Both belong to it.

    Returns
    -------
    ndarray of str, shape (rows,)
        Met if the share lies within the bounds, cannot be told if it does not and its band reaches them, else not met.
    """
    inside = table[column].between(*bounds)
    reach = (table[f"{column}_low"] <= bounds[1]) & (table[f"{column}_high"] >= bounds[0])
    return np.select([inside, reach], [MET, UNCLEAR], NOT_MET)


def describe_refusals(answer: Answer, table: pd.DataFrame) -> None:
    """Say which estimator refuses most, and where."""
    most = table.loc[table["failed_share"].idxmax()]
    if most["failed_share"] > 0:
        answer.say(
            f"“{most['label']}” has no figure in {{refused:.0%}} of the countries of {most['scenario']}, the largest "
            "share; countries without a figure count in no other column.",
            refused=float(most["failed_share"]),
        )
