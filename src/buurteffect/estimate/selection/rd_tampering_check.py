"""A check of the discontinuity tests: a list made by a cut, and the same list tampered with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.selection.regression_discontinuity import discontinuity

SHARE_LISTED = 0.25
"""Share of the units on the list that is made: enough on both sides of the cut to test anything."""

MADE, TAMPERED = "made", "tampered"


def tampered_list(areas: pd.DataFrame, score: str, favoured: str) -> pd.DataFrame:
    """Return units with a list made by a cut of their score, and with one whose score was moved for some of them.

    The list holds the lowest quarter. Then those that lie above the cut by up to half a bandwidth, and have more of
    the favoured feature than the middle one of these, are given the score as far below the cut as theirs is above it:
    what happens where somebody who knows the cut wants certain areas on the list.

    Parameters
    ----------
    areas : DataFrame
        One row is one unit.
    score, favoured : str
        Columns: the score, and what gets a unit moved.

    Returns
    -------
    DataFrame
        The units that have both, with ``score_made, listed_made, score_tampered, listed_tampered``.

    Raises
    ------
    EstimationError
        If too few units lie near the cut.
    """
    require_numbers(areas, (score, favoured), "table of areas")
    known = areas[areas[[score, favoured]].notna().all(axis=1)].reset_index(drop=True)
    values = known[score].to_numpy(dtype=float)
    if len(values) < 40:
        raise EstimationError(f"{len(values)} areas are too few for a list and a cut that areas stand around")
    cut = float(np.quantile(values, SHARE_LISTED))
    width = float(1.84 * values.std() * len(values) ** -0.2)
    near = (values >= cut) & (values < cut + width / 2)
    feature = known[favoured].to_numpy(dtype=float)
    moved = near & (feature > np.median(feature[near])) if near.any() else near
    told = np.where(moved, 2 * cut - values - 1e-9, values)
    return known.assign(
        score_made=values - cut, listed_made=values < cut, score_tampered=told - cut, listed_tampered=told < cut
    )


def tests_of_both(areas: pd.DataFrame, score: str, favoured: str, balance: Mapping[str, str]) -> pd.DataFrame:
    """Return the tests of a discontinuity for the list that was made and for the one that was tampered with.

    Returns
    -------
    DataFrame
        One row is one test: ``test, role`` and, for both lists, ``estimate_made, ci_low_made, ci_high_made,
        p_value_made`` and the same of the tampered one.
    """
    lists = tampered_list(areas, score, favoured)
    tables = []
    for name in (MADE, TAMPERED):
        found = discontinuity(lists, f"score_{name}", f"listed_{name}", balance, cut=0.0).table.set_index(
            ["test", "role"]
        )
        tables.append(found[["estimate", "ci_low", "ci_high", "p_value"]].add_suffix(f"_{name}"))
    return pd.concat(tables, axis=1).reset_index()
