"""An event study in steps between the times at which an outcome is published, where years have gaps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.group_time_effects import Approach
from buurteffect.estimate.inference.wald import first_effect

STEP, COHORT_STEP = "step", "cohort_step"
"""Columns that number the times at which the outcome is published, and the first one in or after treatment."""


def in_steps(frame: pd.DataFrame, design: Design) -> Design:
    """Return a design whose times are steps; breaks of series must have been dealt with in years.

    Its anticipation is the most steps that lie within the years of anticipation of any cohort.
    """
    years = frame[design.time] - frame[str(design.cohort)]
    within = frame[years.between(-design.anticipation_years, -1) & frame[design.outcome].notna()]
    early = int((within[COHORT_STEP] - within[STEP]).max()) if len(within) else 0
    return replace(design, time=STEP, cohort=COHORT_STEP, anticipation_years=early, across_breaks=True)


def event_study_in_steps(frame: pd.DataFrame, design: Design, approach: Approach = "reg") -> EffectEstimate:
    """Estimate an event study by Callaway & Sant'Anna with one base for all cohorts: the last step before treatment.

    Where the outcome is published every few years only, cohorts of different years have their last figure before
    treatment at different event times, and no event study in years has one base. In steps it has: step −1 is the last
    figure before treatment, step 0 the first one in or after its first year. With anticipation the base is the last
    step before those that lie within its years for any cohort.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time, with `STEP` and `COHORT_STEP`.
    design : Design
        In years.
    approach : {"reg", "dr", "ipw"}
        How covariates enter.

    Returns
    -------
    EffectEstimate
        One row is one step; ``years_since_start`` is the mean over treated units of the years since treatment began.
    """
    result = callaway_santanna(frame, in_steps(frame, design), approach=approach)
    keep = result.frame["event_time"].notna().to_numpy()
    years = years_by_step(frame, design)
    table = result.frame[keep].reset_index(drop=True)
    covariance = None if result.covariance is None else result.covariance[np.ix_(keep, keep)]
    table["years_since_start"] = table["event_time"].astype(int).map(years)
    return replace(result, frame=table, covariance=covariance)


def _without_infinite(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the panel with first steps as numbers, missing where a unit is never treated."""
    first = frame.assign(**{COHORT_STEP: frame[COHORT_STEP].replace(np.inf, np.nan)})
    require_numbers(first, (COHORT_STEP,))
    return first


def years_by_step(frame: pd.DataFrame, design: Design) -> pd.Series:
    """Return the mean number of years since treatment began at each step, over units seen before it."""
    require_numbers(frame, (STEP,))
    steps = _without_infinite(frame)
    treated = steps[(steps[COHORT_STEP] > 1) & steps[STEP].notna()]
    step = (treated[STEP] - treated[COHORT_STEP]).astype(int)
    return (treated[design.time] - treated[str(design.cohort)]).groupby(step).mean()


def steps_of_window(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> tuple[int, int]:
    """Return the first and last step whose mean number of years since the start lies in a window.

    Raises
    ------
    EstimationError
        If there is none.
    """
    years = years_by_step(frame, design)
    inside = years[years.between(window[0] - 0.5, window[1] + 0.5) & (years.index >= 0)]
    if inside.empty:
        raise EstimationError(
            f"no {STEP} lies {window[0]} to {window[1]} years after treatment began, or the {COHORT_STEP} is not known"
        )
    return int(inside.index.min()), int(inside.index.max())


def thick_steps(result: EffectEstimate, least_share: float = 0.3, least_count: int = 4) -> EffectEstimate:
    """Return the steps around the base that rest on enough treated units; beyond them few cohorts are left.

    Parameters
    ----------
    result : EffectEstimate
        From `event_study_in_steps`.
    least_share : float
        Share of the treated units at the best seen step.
    least_count : int
        Treated units; the error of fewer is no error.

    Returns
    -------
    EffectEstimate
        The steps from the base outwards until one has too few.
    """
    counts = result.frame.set_index(result.frame["event_time"].astype(int))["treated_count"]
    enough = set(counts[(counts >= least_share * counts.max()) & (counts >= least_count)].index)
    low = high = first_effect(result) - 1
    while low - 1 in enough:
        low -= 1
    while high + 1 in enough:
        high += 1
    keep = result.frame["event_time"].between(low, high).to_numpy()
    covariance = None if result.covariance is None else result.covariance[np.ix_(keep, keep)]
    return replace(result, frame=result.frame[keep].reset_index(drop=True), covariance=covariance)
