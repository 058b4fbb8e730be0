"""Parts of an estimate's table, for a figure or a shorter table."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate, Estimate

AnEstimate = TypeVar("AnEstimate", bound=Estimate)


def select(estimate: AnEstimate, **identity: object) -> AnEstimate:
    """Return the rows whose identifying columns have the given values, as an estimate, with their covariance.

    Raises
    ------
    EstimationError
        If no row has them.
    """
    frame = estimate.frame
    keep = np.ones(len(frame), dtype=bool)
    for name, value in identity.items():
        keep &= (frame[name] == value).fillna(False).to_numpy(dtype=bool)
    if not keep.any():
        raise EstimationError(f"no row has {identity}")
    return _rows(estimate, keep)


def consecutive(estimate: AnEstimate) -> AnEstimate:
    """Return the rows for pairs of consecutive waves, of an estimate with ``from_year`` and ``to_year``."""
    frame = estimate.frame
    neighbours = set(pairwise(sorted({*frame["from_year"], *frame["to_year"]})))
    keep = [pair in neighbours for pair in zip(frame["from_year"], frame["to_year"], strict=True)]
    return _rows(estimate, keep)


def label_pairs(estimate: Estimate) -> pd.DataFrame:
    """Return the table with a column ``pair``, such as ``2012–2014``, in front."""
    frame = estimate.frame
    pair = frame["from_year"].astype(str) + "–" + frame["to_year"].astype(str)
    return pd.concat([pair.rename("pair"), frame], axis=1)


def stack(*estimates: AnEstimate) -> AnEstimate:
    """Return the rows of several estimates of one kind as one; words and counts are those of the first.

    How estimates made apart move together is not known, so the whole has no covariance.
    """
    frame = pd.concat([each.frame for each in estimates], ignore_index=True)
    if isinstance(estimates[0], EffectEstimate):
        return replace(estimates[0], frame=frame, covariance=None)
    return replace(estimates[0], frame=frame)


def _rows(estimate: AnEstimate, keep: ArrayLike) -> AnEstimate:
    """Return some rows of an estimate, and of its covariance where it has one."""
    kept = np.flatnonzero(keep)
    frame = estimate.frame.iloc[kept].reset_index(drop=True)
    if isinstance(estimate, EffectEstimate) and estimate.covariance is not None:
        return replace(estimate, frame=frame, covariance=estimate.covariance[np.ix_(kept, kept)])
    return replace(estimate, frame=frame)
