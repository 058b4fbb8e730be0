"""Extended two-way effects: a regression that lets every cohort's effect differ at every time after treatment."""

from __future__ import annotations

import pandas as pd

from buurteffect.estimate.core.bands import DRAWS
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.sample import draw_sample
from buurteffect.estimate.did.saturated import Shares, average_terms, fit_saturated, with_comparison
from buurteffect.estimate.inference.small_sample import HOUSE, Convention


def extended_twoway(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    convention: Convention = HOUSE,
    shares: Shares = "estimated",
    draws: int = DRAWS,
) -> EffectEstimate:
    """Estimate effects by cohort and time after treatment in one regression, and average them.

    Unit and time effects, covariates, and one term per cohort and time from treatment (and its anticipation) on
    (Wooldridge 2025, doi:10.1007/s00181-025-02807-z). Without covariates its averages are those of imputation; errors
    differ, because here effects within a cohort and time are one number.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; every untreated row is compared with. A covariate that changes enters as it is, one that
        is constant within units times every time.
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
        See `average_terms`; from the anticipation on, without a base.

    Raises
    ------
    EstimationError
        If terms and covariates cannot be told apart; or see `draw_sample`.
    """
    sample = with_comparison(draw_sample(frame, design))
    begun = ~sample.never & (sample.event_times >= -design.anticipation_years)
    fit = fit_saturated(sample, begun, convention)
    words = "extended two-way effects (Wooldridge 2025, doi:10.1007/s00181-025-02807-z)"
    return average_terms(fit, words, None, window, shares, draws)
