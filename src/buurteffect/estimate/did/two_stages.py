"""Two-stage differences: outcomes less what units and times explain among the untreated, then averaged."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.estimate.core.bands import DRAWS
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.imputed_outcomes import (
    ImputationFit,
    averages_of_rows,
    first_stage_influence,
    fit_untreated,
)
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.sample.library_results import effects_from_covariance


def two_stage(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    leads: bool = True,
    draws: int = DRAWS,
) -> EffectEstimate:
    r"""Estimate effects in two stages, in all and by event time.

    First Y = α_i + β_t + X'γ on untreated rows (before treatment and its anticipation), then what is left of Y in all
    rows on dummies D: of treatment (``overall``), or of event times (Gardner 2022, doi:10.48550/arXiv.2207.05943).
    From treatment on the estimates are those of `imputation`. Errors are those of both stages as one set of moments:
    with the columns Z of the first, of which Z₀ is zero in treated rows, and residuals ũ and u of the two stages, the
    influence of unit i is

    .. math:: (D'WD)^{-1} [D_i'W_i \tilde u_i - D'WZ (Z_0'WZ_0)^{-1} Z_{0i}'W_i u_i],

    summed within clusters without a small-sample factor, as in the R package did2s. They take effects as one number
    (of treatment, or of an event time) where imputation takes one per cohort and time.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated. Every untreated row is used, whatever ``comparison`` says. A covariate that changes
        enters as it is, one that is constant within units times every time.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    leads : bool
        Whether to show event times before treatment. As in did2s these are means of the first stage's residuals, of
        which it has taken a part, and none of them is a base: they show a trend smaller than it is. The test of
        trends is that of `imputation` or of an event study with a base.
    draws : int
        Simulations behind the simultaneous band over event times.

    Returns
    -------
    EffectEstimate
        The row ``overall`` (mean over rows from the start of treatment on), then ``window``, then one row per event
        time, those of anticipation among them.

    Raises
    ------
    EstimationError
        If no treated row can be imputed, or covariates are collinear; or see `draw_sample`.
    """
    fit = fit_untreated(Adoption(draw_sample(frame, design, one_treated_cluster=True)))
    sample = fit.sample
    names, events, inside = averages_of_rows(fit, window)
    targets = np.zeros((sample.rows_count, len(names)))
    targets[fit.treated] = inside
    heads = len(names) - int(np.isfinite(events).sum())
    if leads:
        early, before = _lead_rows(fit)
        names = [*names[:heads], *(f"event time {int(value)}" for value in before), *names[heads:]]
        events = np.concatenate([events[:heads], before, events[heads:]])
        targets = np.hstack([targets[:, :heads], early, targets[:, heads:]])
    points, influence = _second_stage(fit, targets, events, window)
    counts = [len(np.unique(sample.unit_codes[target > 0])) for target in targets.T]
    codes = fit.adoption.clusters
    return effects_from_covariance(
        sample,
        names,
        points,
        cluster_covariance(influence, *codes, correct=False),
        method="two-stage differences (Gardner 2022, doi:10.48550/arXiv.2207.05943)"
        + sample.unbalanced("every row that is seen counts"),
        convention=f"both stages jointly, clustered by {' and '.join(design.cluster_columns)}, no small-sample factor; "
        "t with clusters − 1",
        software=software_versions("numpy"),
        event_time=events,
        treated_count=counts,
        band=np.isfinite(events),
        dropped=fit.dropped,
        draws=draws,
    )


def _lead_rows(fit: ImputationFit) -> tuple[Floats, Floats]:
    """Return the weights of rows in the mean of each event time before treatment, shape (rows, times), and these."""
    sample = fit.sample
    early = fit.untreated & ~sample.never
    events = np.unique(sample.event_times[early])
    weights = np.where(early, sample.weights, 0.0)[:, None] * (sample.event_times[:, None] == events)
    return weights / weights.sum(axis=0), events


def _second_stage(
    fit: ImputationFit, targets: Floats, events: Floats, window: tuple[int, int] | None
) -> tuple[Floats, Floats]:
    """Return means of what the first stage leaves, and the influence of every unit on them."""
    points = targets.T @ fit.gap
    left = targets * (fit.gap[:, None] - points)
    if window is not None:
        inside = (events >= window[0]) & (events <= window[1]) & ((targets[fit.treated] > 0).any(axis=0))
        left[:, 1] = left[:, inside].mean(axis=1)  # its second stage is that of its event times
    return points, np.asarray(fit.columns.members @ left - first_stage_influence(fit, targets))
