"""Parts of an estimate's table, for a figure or a shorter table."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.estimate import Estimate


def select(estimate: Estimate, **identity: object) -> Estimate:
    """Return the rows whose identifying columns have the given values, as an estimate.

    Raises
    ------
    EstimationError
        If no row has them.
    """
    frame = estimate.frame
    for name, value in identity.items():
        frame = frame[frame[name] == value]
    if frame.empty:
        raise EstimationError(f"no row has {identity}")
    return replace(estimate, frame=frame.reset_index(drop=True))


def consecutive(estimate: Estimate) -> Estimate:
    """Return the rows for pairs of consecutive waves, of an estimate with ``from_year`` and ``to_year``."""
    frame = estimate.frame
    neighbours = set(pairwise(sorted({*frame["from_year"], *frame["to_year"]})))
    keep = [pair in neighbours for pair in zip(frame["from_year"], frame["to_year"], strict=True)]
    return replace(estimate, frame=frame[keep].reset_index(drop=True))


def label_pairs(estimate: Estimate) -> pd.DataFrame:
    """Return the table with a column ``pair``, such as ``2012–2014``, in front."""
    frame = estimate.frame
    pair = frame["from_year"].astype(str) + "–" + frame["to_year"].astype(str)
    return pd.concat([pair.rename("pair"), frame], axis=1)


def stack(*estimates: Estimate) -> Estimate:
    """Return the rows of several estimates of one kind as one; words and counts are those of the first."""
    return replace(estimates[0], frame=pd.concat([each.frame for each in estimates], ignore_index=True))
