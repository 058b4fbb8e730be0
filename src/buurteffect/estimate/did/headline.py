"""The headline: the mean effect over a window of event times, against areas that were alike before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.group_time_effects import Approach
from buurteffect.estimate.inference.influence import DRAWS, SEED

Estimator = Callable[[pd.DataFrame, Design], EffectEstimate]


def late_effect(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    approach: Approach = "reg",
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    """Estimate the mean effect over a window of event times by Callaway & Sant'Anna.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated. Covariates enter by regression of the changes of comparison units, which stands where
        cohorts are too small for a propensity score.
    window : (int, int)
        Event times whose mean is taken, ends included.
    approach : {"reg", "dr", "ipw"}
        How covariates enter.
    draws, seed : int
        As in `aggregate`.

    Returns
    -------
    EffectEstimate
        One row.
    """
    result = callaway_santanna(frame, design, approach=approach, window=window, draws=draws, seed=seed)
    place = int(np.flatnonzero(result.frame["term"].str.startswith("window"))[0])
    covariance = None if result.covariance is None else result.covariance[[place]][:, [place]]
    row = result.frame.iloc[[place]].assign(term=f"mean of event times {window[0]}–{window[1]}")
    return replace(result, frame=row.reset_index(drop=True), covariance=covariance)


def late_estimator(window: tuple[int, int], approach: Approach = "reg") -> Estimator:
    """Return `late_effect` with its window fixed, for tools that take an estimator."""

    def estimate(frame: pd.DataFrame, design: Design) -> EffectEstimate:
        return late_effect(frame, design, window, approach)

    return estimate


def cohorts_behind(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> tuple[int, int]:
    """Return the first and last cohort that is seen before its treatment and in a window after it.

    Raises
    ------
    EstimationError
        If there is none.
    """
    rows = frame[frame[str(design.cohort)].notna() & frame[design.outcome].notna()]
    event = rows[design.time] - rows[str(design.cohort)]
    before = set(rows.loc[event < -design.anticipation_years, str(design.cohort)])
    after = set(rows.loc[event.between(*window), str(design.cohort)])
    both = sorted(int(cohort) for cohort in before & after)
    if not both:
        raise EstimationError(
            f"no treated unit is seen before its treatment and {window[0]} to {window[1]} years after its start"
        )
    return both[0], both[-1]
