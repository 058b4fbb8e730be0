"""The share of decliners in one pair of waves against its range over the other pairs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import Estimate

ALL_LENGTHS, SAME_LENGTH = "consecutive pairs of any length", "consecutive pairs of the same length"

_CELL = ["definition", "classify", "cut", "measure"]


def exceptional(grid: Estimate, pair: tuple[int, int] = (2012, 2014)) -> Estimate:
    """Return whether the share of decliners in one pair of waves lies outside the range of the other pairs.

    Only pairs of consecutive waves are compared. Shares of decliners fall as time goes by while the mean rises,
    and pairs differ in length, so a second comparison is among the consecutive pairs of the same length alone.
    A rank among six or seven pairs is weak evidence: by chance alone one pair in seven is the highest.

    Parameters
    ----------
    grid : Estimate
        From :func:`~buurteffect.estimate.scores.decline.decline_grid`, with the consecutive pairs in it.
    pair : tuple of int
        The pair that is asked about.

    Returns
    -------
    Estimate
        One row is one cell of the grid in one comparison: ``definition, classify, cut, measure, from_year,
        to_year, comparison``, the pair's own share in the result columns, then ``rank`` (1 the largest share),
        ``pairs_count`` (the pair itself included), ``others_low``, ``others_high`` (smallest and largest share
        of the others) and ``outside`` (``above``, ``below``, or ``no``; ``unknown`` where a share is missing).

    Raises
    ------
    EstimationError
        If the pair is not among the consecutive pairs of the grid, or is the only one.
    """
    frame = grid.frame
    years = sorted({*frame["from_year"], *frame["to_year"]})
    consecutive = set(pairwise(years))
    if pair not in consecutive or len(consecutive) < 2:
        raise EstimationError(
            f"{pair[0]}–{pair[1]} must be one of two or more consecutive pairs of waves; these scores have "
            f"{', '.join(f'{a}–{b}' for a, b in sorted(consecutive))}"
        )
    among = frame[[found in consecutive for found in zip(frame["from_year"], frame["to_year"], strict=True)]]
    length = pair[1] - pair[0]
    tables = []
    for comparison, rows in (
        (ALL_LENGTHS, among),
        (SAME_LENGTH, among[among["to_year"] - among["from_year"] == length]),
    ):
        own = (rows["from_year"] == pair[0]) & (rows["to_year"] == pair[1])
        table = rows[own].drop(columns=["class_year", "selected_on"]).assign(comparison=comparison)
        others = rows[~own].merge(table[[*_CELL, "estimate"]], on=_CELL, suffixes=("", "_own"))
        others["larger"] = others["estimate"] > others["estimate_own"]
        ranges = others.groupby(_CELL, sort=False).agg(
            others_low=("estimate", "min"),
            others_high=("estimate", "max"),
            pairs_count=("estimate", "count"),
            rank=("larger", "sum"),
        )
        tables.append(table.merge(ranges.reset_index(), on=_CELL, how="left"))
    result = pd.concat(tables, ignore_index=True)
    for name in ("rank", "pairs_count"):
        result[name] = 1 + result.pop(name).fillna(0).astype(int)
    known = result["estimate"].notna() & result["others_low"].notna()
    above, below = result["estimate"] > result["others_high"], result["estimate"] < result["others_low"]
    result["outside"] = np.select([~known, above, below], ["unknown", "above", "below"], "no")
    order = [*_CELL, "from_year", "to_year", "comparison"]
    result = result[[*order, *(name for name in result.columns if name not in order)]]
    return replace(grid, frame=result, method=f"{grid.method}; {pair[0]}–{pair[1]} against the other pairs")
