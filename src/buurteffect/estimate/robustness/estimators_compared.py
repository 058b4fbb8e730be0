"""All robust estimators beside each other for one headline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.did.group_time_effects import Approach
from buurteffect.estimate.robustness.registry import ROBUST_ESTIMATORS


def side_by_side(
    frame: pd.DataFrame, design: Design, window: tuple[int, int] = (6, 9), approach: Approach = "dr"
) -> EffectEstimate:
    """Estimate the mean effect over a window of event times with every estimator of the registry.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    window : (int, int)
        Event times whose mean is the headline, ends included.
    approach : {"dr", "reg", "ipw"}
        How covariates enter Callaway & Sant'Anna.

    Returns
    -------
    EffectEstimate
        One row is one estimator, with the remarks ``method`` and ``reason`` (why it has no figure; empty where it has
        one). Estimators weigh cohorts differently, so that with effects that differ between cohorts they need not
        agree; in the case of two groups and two times they are one number.

    Raises
    ------
    EstimationError
        If no estimator has a figure; with the reason of each.
    """
    made = {each.label: estimator(each.run)(frame, design, window, approach) for each in ROBUST_ESTIMATORS.values()}
    whole = stack({name: _window_row(each) for name, each in made.items()}, named=True)
    if not whole:
        raise EstimationError(f"no estimator has a figure for this window. {whole.reason}")
    table = whole.frame.assign(method=[each.method for each in made.values()])
    table[["ci_low_simultaneous", "ci_high_simultaneous"]] = np.nan
    first = next(each for each in made.values() if each)
    return replace(
        whole,
        frame=table,
        method=f"robust estimators beside each other, mean of event times {window[0]}–{window[1]}",
        error_convention="; or ".join(dict.fromkeys(each.error_convention for each in made.values() if each)),
        units_count=first.units_count,
        clusters_count=first.clusters_count,
        treated_count=first.treated_count,
        design=design,
        degrees=first.degrees,
    )


def _window_row(made: EffectEstimate) -> EffectEstimate:
    """Return the row of the window only."""
    if not made:
        return made
    row = made.frame[made.frame["term"].str.startswith("window")]
    return replace(made, frame=row, covariance=None)
