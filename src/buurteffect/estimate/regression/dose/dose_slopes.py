"""A regression on a dose that moves from year to year, under several choices, each with what it could have found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_known, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.regression.panel_ols import first_differences, twfe
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample

Run = Callable[[Sample], EffectEstimate]

HEADLINE = "area and year effects"


def dose_regressions(frame: pd.DataFrame, design: Design, ends: pd.DataFrame, weights: str) -> EffectEstimate:
    """Regress an outcome on a dose with unit and time effects, and in the ways in which it could be done otherwise.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        With a dose and no cohort.
    ends : DataFrame
        The rows of the first and last time, for the long difference.
    weights : str
        Column whose mean by unit weighs units in one of the rows.

    Returns
    -------
    EffectEstimate
        One row is one choice, the headline first, with the remark ``minimum_detectable_effect``.

    Raises
    ------
    EstimationError
        If the headline is refused.
    """
    require_numbers(frame, (weights,))
    require_known(frame, weights)
    require(ends, design.key, "table of first and last times")
    require_numbers(ends, (design.outcome, str(design.dose)), "table of first and last times")
    mean = frame.groupby(design.unit)[weights].transform("mean")
    counts = frame.groupby(design.unit)[design.time].transform("size")
    whole = frame[counts == len(frame[design.time].drop_duplicates())]
    runs: Mapping[str, tuple[pd.DataFrame, Design, Run]] = {
        HEADLINE: (frame, design, twfe),
        "areas seen in every year": (whole, design, twfe),
        "weighted by dwellings": (frame.assign(weight=mean), replace(design, weights="weight"), twfe),
        "change from year to year": (frame, design, first_differences),
        "change from the first to the last year": (ends, design, twfe),
    }
    rows, first = [], None
    for name, (part, asked, run) in runs.items():
        made = estimator(_run)(part, asked, run)
        if made:
            first = first or made
            rows.append(made.frame[made.frame["term"] == design.dose].assign(term=name))
        elif name == HEADLINE:
            raise EstimationError(made.reason)
    if first is None:
        raise EstimationError("no choice has a figure")
    return replace(first, frame=pd.concat(rows, ignore_index=True), covariance=None)


def within_spread(frame: pd.DataFrame, design: Design) -> float:
    """Return the standard deviation of the dose within units, less its mean by time: what the regression lives on."""
    column = str(design.dose)
    require_numbers(frame, (column,))
    left = frame[column] - frame.groupby(design.unit)[column].transform("mean")
    left = left - left.groupby(frame[design.time]).transform("mean")
    return float(np.sqrt((left**2).mean()))


def _run(frame: pd.DataFrame, design: Design, run: Run) -> EffectEstimate:
    """Run one choice."""
    return with_minimum_detectable_effect(run(draw_sample(frame, design)))
