"""Sun & Abraham: a two-way event study in which every cohort has its own path."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.estimate.core.bands import DRAWS
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.sample import draw_sample
from buurteffect.estimate.did.saturated import Shares, average_terms, fit_saturated, with_comparison
from buurteffect.estimate.inference.small_sample import HOUSE, Convention


def sun_abraham(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    convention: Convention = HOUSE,
    shares: Shares = "estimated",
    draws: int = DRAWS,
) -> EffectEstimate:
    """Estimate an event study from terms per cohort and event time, averaged by the cohorts' shares.

    Unit and time effects, covariates, and one term per cohort and time but the last one before treatment; effects of
    an event time are averaged by the rows behind them (Sun & Abraham 2021,
    doi:10.1016/j.jeconom.2020.09.006; as fixest's sunab). Compared are units untouched throughout; where there are
    none, the cohort treated last before its treatment.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated. A covariate that changes enters as it is, one that is constant within units times every
        time.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    convention : Convention
        Small-sample correction.
    shares : {"estimated", "known"}
        Whether errors count that shares of cohorts are estimated.
    draws : int
        Simulations behind the simultaneous band.

    Returns
    -------
    EffectEstimate
        See `average_terms`; the base stands with estimate and error 0.

    Raises
    ------
    EstimationError
        If terms and covariates cannot be told apart; or see `draw_sample`.
    """
    sample = with_comparison(draw_sample(frame, design))
    cohorts = np.unique(sample.cohorts[~sample.never])
    bases = {g: _base(sample.time_values, g, design.anticipation_years) for g in cohorts}
    base = np.array([bases.get(g, 0) for g in sample.cohorts])
    fit = fit_saturated(sample, ~sample.never & (sample.times != base), convention)
    return average_terms(
        fit,
        "Sun & Abraham (2021, doi:10.1016/j.jeconom.2020.09.006)",
        int(max(time - cohort for cohort, time in bases.items())),
        window,
        shares,
        draws,
    )


def _base(times: np.ndarray, cohort: float, anticipation: int) -> int:
    """Return the last time before a cohort's treatment and its anticipation."""
    return int(times[times < cohort - anticipation].max())
