"""A panel made ready for estimators that take no covariates, or no gaps."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import check_unique, require_known, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import least_squares
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.checks import check_columns


def adjust_outcome(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Take out of the outcome, time by time, what the covariates say of units that are never treated.

    ỹ_it = y_it − x_i'γ_t with γ_t from least squares over never treated units at time t: what remains differs from the
    outcome as the covariates' paths do, which is what regression adjustment of changes takes out. Covariates must not
    change within a unit. Errors of later steps take γ as known.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        With its covariates; without any the frame is returned as it is.

    Returns
    -------
    DataFrame
        The rows that have all covariates, with the outcome adjusted.

    Raises
    ------
    EstimationError
        If a covariate is text, infinite or missing in every row, or a time has fewer never treated units than
        covariates and a constant.
    """
    if not design.covariates:
        return frame
    names = list(design.covariates)
    require_numbers(frame, (*names, design.outcome))
    for name in names:
        require_known(frame, name)
    part = frame[frame[[*names, design.outcome]].notna().all(axis=1)].reset_index(drop=True)
    values = part[names].to_numpy(dtype=float)
    given = np.column_stack([np.ones(len(part)), values - values.mean(axis=0)])
    outcome = part[design.outcome].to_numpy(dtype=float)
    never = part[str(design.cohort)].isna().to_numpy()
    left = outcome.copy()
    for time in part[design.time].unique():
        here = (part[design.time] == time).to_numpy()
        fitted = here & never
        if fitted.sum() < given.shape[1]:
            raise EstimationError(
                f"{int(fitted.sum())} never treated units in {time} cannot carry {len(names)} covariates"
            )
        slopes = least_squares(given[fitted], outcome[fitted])
        left[here] -= given[here][:, 1:] @ slopes[1:]
    return part.assign(**{design.outcome: _rounded(left)})


def _rounded(values: Floats) -> Floats:
    """Return values to twelve digits of the largest, so that ties are ties on every machine's linear algebra."""
    largest = float(np.abs(values).max(initial=0.0))
    return np.asarray(np.round(values / largest, 12) * largest) if largest > 0 else values


def complete_units(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return the rows of units that have the outcome at every time, for decompositions that need all of them.

    Raises
    ------
    EstimationError
        If no unit has.
    """
    check_columns(frame, design)
    check_unique(frame, design)
    known = frame[frame[design.outcome].notna()]
    counts = known.groupby(design.unit)[design.time].transform("size")
    whole = known[counts == known[design.time].drop_duplicates().size]
    if whole.empty:
        raise EstimationError("no unit has the outcome at every time")
    return whole.reset_index(drop=True)
