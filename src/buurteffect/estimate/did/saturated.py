"""One regression term per cohort and time: what Sun & Abraham and Wooldridge average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.core.bands import DRAWS
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.regression_table import design_errors
from buurteffect.estimate.inference.sandwich import Covariance, cluster_covariance, covariance
from buurteffect.estimate.inference.small_sample import HOUSE, Convention
from buurteffect.estimate.regression.cell_terms import fit_terms
from buurteffect.estimate.sample.adoption import check_no_twin, check_unit_weights
from buurteffect.estimate.sample.estimation_sample import Integers, Sample, Truths, draw_sample
from buurteffect.estimate.sample.library_results import covariate_columns, effects_from_covariance

Shares = Literal["estimated", "known"]


@dataclass(frozen=True, eq=False)
class SaturatedFit:
    """A regression with unit and time effects and one term per cohort and time.

    Parameters
    ----------
    sample : Sample
        The rows.
    cohort, time : ndarray
        Of each term.
    mass : ndarray
        Weight of the rows behind each term.
    units_count : ndarray of int
        Treated units behind each term.
    covariates : tuple of str
        The covariates' coefficients, which follow the terms: the design's names, with the time where crossed with it.
    coefficients : ndarray
        Of terms and covariates.
    covariance : Covariance
        Of the coefficients.
    """

    sample: Sample
    cohort: Floats
    time: Floats
    mass: Floats
    units_count: Integers
    covariates: tuple[str, ...]
    coefficients: Floats
    covariance: Covariance

    @property
    def event_time(self) -> Floats:
        """Event time of each term."""
        return np.asarray(self.time - self.cohort)


def with_comparison(sample: Sample) -> Sample:
    """Return a sample with units to compare with: where nobody is untouched throughout, the cohort treated last is.

    Its treated times, from its anticipation on, are dropped and counted.

    Raises
    ------
    NoComparisonError
        If there is one cohort only.
    """
    if sample.never.any():
        return sample
    last = sample.cohorts.max()
    if sample.cohorts.min() == last:
        raise NoComparisonError("all units are treated at the same time: no untreated unit is left to compare with")
    early = sample.times < last - sample.design.anticipation_years
    return sample.keep(early, "rows from the treatment of the cohort treated last on, nobody being untouched by then")


def fit_saturated(sample: Sample, rows: Truths, convention: Convention = HOUSE) -> SaturatedFit:
    """Fit unit and time effects, covariates and one term per cohort and time among some rows.

    Parameters
    ----------
    sample : Sample
        The rows.
    rows : ndarray of bool
        Rows that get a term of their cohort and time.
    convention : Convention
        Small-sample correction of the covariance, clustered as the design says.

    Raises
    ------
    EstimationError
        If terms and covariates cannot be told apart.
    """
    check_no_twin(sample)
    cohort, time = sample.cohorts[rows], sample.times[rows]
    pairs, places = np.unique(np.column_stack([cohort, time]), axis=0, return_inverse=True)
    if not len(pairs):
        raise EstimationError("no cohort is seen at any time that an effect could be estimated for")
    terms = np.full(sample.rows_count, -1)
    terms[rows] = places
    names, others = covariate_columns(sample)
    labels = (*(f"cohort {int(g)} in {int(t)}" for g, t in pairs), *names)
    fit = fit_terms(sample, labels, terms, others)
    found = covariance(fit, design_errors(sample.design), convention)
    mass = np.asarray(np.bincount(places, weights=sample.weights[rows]), dtype=float)
    return SaturatedFit(
        sample,
        pairs[:, 0].astype(float),
        pairs[:, 1].astype(float),
        mass,
        np.bincount(places),
        names,
        fit.coefficients,
        found,
    )


def average_terms(
    fit: SaturatedFit,
    method: str,
    base: int | None,
    window: tuple[int, int] | None = None,
    shares: Shares = "estimated",
    draws: int = DRAWS,
) -> EffectEstimate:
    """Average the terms of a saturated fit by event time, weighted by the rows behind each.

    Units are drawn with their cohorts, so the weights are estimates as well: their variance, over what units move them
    (as `weighted_event_study` has it), is added to that of the terms, with which it is not correlated. Where cohorts
    are small and many it is a fifth of the whole.

    Parameters
    ----------
    fit : SaturatedFit
        Terms with their covariance.
    method : str
        What it is, in words.
    base : int or None
        Event time that is fixed at 0 and shown; None where there is none.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    shares : {"estimated", "known"}
        Whether errors count that shares of cohorts are estimated; fixest takes them as known.
    draws : int
        Simulations behind the simultaneous band.

    Returns
    -------
    EffectEstimate
        The row ``overall`` (mean over treated rows), ``window``, one row per event time, then the covariates.
    """
    event, size = fit.event_time, len(fit.coefficients)
    if not (event >= 0).any():
        raise EstimationError(
            "no cohort is seen after its treatment while anyone is untouched: add units that are untreated or treated "
            "later"
        )
    events = np.unique(event if base is None else np.append(event, base))
    single = np.zeros((len(events), size))
    for row, value in enumerate(events):
        here = event == value
        single[row, : len(event)] = fit.mass * here / max(fit.mass[here].sum(), 1e-300)
    after = fit.mass * (event >= 0)
    heads = {"overall": np.append(after / after.sum(), np.zeros(size - len(event)))}
    if window is not None:
        inside = (events >= window[0]) & (events <= window[1])
        if not inside.any():
            raise EstimationError(f"no event time from {window[0]} to {window[1]} was estimated: choose another window")
        heads[f"window {window[0]}–{window[1]}"] = single[inside].mean(axis=0)
    others = np.eye(size)[len(event) :]
    matrix = np.vstack([*heads.values(), single, others])
    variance, words = matrix @ fit.covariance.matrix @ matrix.T, fit.covariance.words
    if shares == "estimated":
        variance, words = variance + _shares_variance(fit, matrix), f"{words}; shares of cohorts estimated"
    missing = [np.nan]
    counts = [_treated(fit, row[: len(event)]) for row in matrix]
    return effects_from_covariance(
        fit.sample,
        [*heads, *(f"event time {int(value)}" for value in events), *fit.covariates],
        matrix @ fit.coefficients,
        variance,
        method=method + fit.sample.unbalanced("every row that is seen counts"),
        convention=words,
        software=software_versions("numpy"),
        event_time=[*missing * len(heads), *events, *missing * len(others)],
        treated_count=[*counts[: len(matrix) - len(others)], *[fit.sample.treated_count] * len(others)],
        band=[False] * len(heads) + [True] * len(events) + [False] * len(others),
        not_headline=(fit.covariance.flaw,) if fit.covariance.flaw else (),
        draws=draws,
    )


def _shares_variance(fit: SaturatedFit, matrix: Floats) -> Floats:
    """Return the covariance of averages that comes from the sizes of cohorts, clustered by what stays with a unit."""
    sample, size = fit.sample, len(fit.cohort)
    check_unit_weights(sample, "take the shares of cohorts as 'known', or use imputation")
    starts = sample.unit_starts
    weights, cohorts = sample.weights[starts], np.where(sample.never, np.inf, sample.cohorts)[starts]
    belongs = (weights / weights.mean())[:, None] * (cohorts[:, None] == fit.cohort)
    parts, effects = matrix[:, :size], fit.coefficients[:size]
    gap = effects[None, :] - (parts @ effects)[:, None]
    influence = (belongs / belongs.mean(axis=0) - 1) @ (parts * gap).T / len(cohorts)
    codes = sample.unit_codes[starts]
    for column in sample.cluster_codes:
        if (column == column[starts][sample.unit_codes]).all():
            codes = column[starts]
            break
    return cluster_covariance(influence, codes, correct=len(np.unique(codes)) > 1)


def _treated(fit: SaturatedFit, row: Floats) -> int:
    """Return how many treated units stand behind an average: the largest term of each cohort."""
    used = row > 0
    return int(sum(fit.units_count[used & (fit.cohort == g)].max() for g in np.unique(fit.cohort[used])))


def extended_twfe(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    convention: Convention = HOUSE,
    shares: Shares = "estimated",
    draws: int = DRAWS,
) -> EffectEstimate:
    """Estimate effects by cohort and time after treatment in one regression, and average them.

    Unit and time effects, covariates, and one term per cohort and time from treatment (and its anticipation) on
    (Wooldridge 2025, doi:10.1007/s00181-025-02807-z). Without covariates and in a balanced panel its averages are those
    of imputation. In an unbalanced one they are not: a treated row moves its unit's effect here, so that the terms of a
    cohort whose units are not seen at the same times change each other, and imputation takes units and times from
    untreated rows alone. Errors differ in any case, because here effects within a cohort and time are one number.

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
    sample = with_comparison(draw_sample(frame, design, one_treated_cluster=True))
    begun = ~sample.never & (sample.event_times >= -design.anticipation_years)
    fit = fit_saturated(sample, begun, convention)
    words = "extended two-way effects (Wooldridge 2025, doi:10.1007/s00181-025-02807-z)"
    return average_terms(fit, words, None, window, shares, draws)


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
    sample = with_comparison(draw_sample(frame, design, one_treated_cluster=True))
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
