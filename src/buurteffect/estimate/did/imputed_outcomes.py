"""Imputation: what treated units would have been, from units and times that are not treated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from scipy import sparse

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import inverse
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import entangled
from buurteffect.estimate.inference.influence import DRAWS, SEED, effects_from_influence
from buurteffect.estimate.sample.adoption import Adoption, check_no_twin
from buurteffect.estimate.sample.estimation_sample import Integers, Sample, Truths, draw_sample
from buurteffect.estimate.sample.library_results import check_unit_covariates, constant_within_units

_COLLINEAR = 1e11  # condition number from which columns are taken as collinear


@dataclass(frozen=True, eq=False)
class WithinColumns:
    """Columns less the weighted mean of their unit's untreated rows; the difference is never written out.

    Parameters
    ----------
    values : csr_array
        The columns, shape (rows, columns).
    weight : ndarray
        Weight of each untreated row, 0 for the others.
    units : ndarray of int
        Number of the unit of each row.
    names : tuple of str
        Of the columns, for refusals; empty for a time.
    """

    values: sparse.csr_array
    weight: Floats
    units: Integers
    names: tuple[str, ...]

    @cached_property
    def members(self) -> sparse.csr_array:
        """Which rows belong to which unit, shape (units, rows)."""
        size = len(self.units)
        return sparse.csr_array((np.ones(size), (self.units, np.arange(size))))

    @cached_property
    def mass(self) -> Floats:
        """Weight of the untreated rows of each unit."""
        return np.asarray(self.members @ self.weight)

    @cached_property
    def means(self) -> Floats:
        """Weighted means of each unit's untreated rows, shape (units, columns)."""
        return np.asarray(self.unit_sums(self.weight) / self.mass[:, None])

    def unit_sums(self, factor: Floats) -> Floats:
        """Return the columns times a factor per row, summed within units, shape (units, columns)."""
        return np.asarray((self.members @ (sparse.diags_array(factor) @ self.values)).toarray())

    def unit_scores(self, factor: Floats) -> Floats:
        """Return the columns less their means, times a factor per row, summed within units."""
        return np.asarray(self.unit_sums(factor) - self.means * (self.members @ factor)[:, None])

    def center(self, values: Floats) -> Floats:
        """Return other columns less the weighted means of their unit's untreated rows, shape (rows, columns)."""
        means = (self.members @ (values * self.weight[:, None])) / self.mass[:, None]
        return np.asarray(values - means[self.units])

    def times(self, coefficients: Floats) -> Floats:
        """Return the columns less their means, times coefficients, shape (rows, …)."""
        return np.asarray(self.values @ coefficients - (self.means @ coefficients)[self.units])

    def cross(self, values: Floats) -> Floats:
        """Return the columns less their means times other columns, summed over rows, shape (columns, others)."""
        return np.asarray(self.values.T @ values - self.means.T @ (self.members @ values))

    @cached_property
    def inverse(self) -> Floats:
        """Inverse of the columns' weighted cross product on untreated rows."""
        full = (self.values.T @ (sparse.diags_array(self.weight) @ self.values)).toarray()
        return safe_inverse(full - self.means.T @ (self.means * self.mass[:, None]), self.names)


def safe_inverse(matrix: Floats, names: Sequence[str]) -> Floats:
    """Return the inverse of a cross product of columns with names.

    Raises
    ------
    EstimationError
        If columns are collinear, with their names.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    scaled = matrix / np.outer(scale, scale)
    if len(scaled) and not np.linalg.cond(scaled) < _COLLINEAR:
        told = ", ".join(filter(None, entangled(names, matrix, len(names) / _COLLINEAR))) or "columns"
        raise EstimationError(
            f"on untreated rows {told} are collinear with each other or with units and times: leave out covariates "
            "that others determine, or add untreated units that are seen throughout"
        )
    return np.asarray(inverse(scaled) / np.outer(scale, scale))


@dataclass(frozen=True, eq=False)
class ImputationFit:
    """Outcomes less what is imputed for them.

    Parameters
    ----------
    adoption : Adoption
        The units.
    untreated, treated : ndarray of bool
        Rows that the fit rests on, and rows that are imputed: those of treated units from their anticipation on.
    columns : WithinColumns
        Times and covariates.
    gap : ndarray
        Outcome less imputed outcome of each row.
    dropped : tuple
        Treated rows that cannot be imputed.
    """

    adoption: Adoption
    untreated: Truths
    treated: Truths
    columns: WithinColumns
    gap: Floats
    dropped: tuple[tuple[str, int], ...]

    @property
    def sample(self) -> Sample:
        """The rows."""
        return self.adoption.sample

    @property
    def residual(self) -> Floats:
        """Weighted residuals of untreated rows, 0 for the others."""
        return self.columns.weight * self.gap

    def treated_units(self, rows: Truths) -> int:
        """Return how many units some of the treated rows belong to."""
        return len(np.unique(self.sample.unit_codes[self.treated][rows]))


def fit_untreated(adoption: Adoption) -> ImputationFit:
    """Fit units, times and covariates on untreated rows.

    Raises
    ------
    EstimationError
        If no treated row can be imputed, or columns are collinear.
    """
    sample = adoption.sample
    check_no_twin(sample)
    with np.errstate(invalid="ignore"):
        begun = sample.event_times >= -sample.design.anticipation_years
    untreated = sample.never | ~begun
    known = np.unique(sample.time_codes[untreated])
    treated = ~untreated & np.isin(sample.time_codes, known)
    if not (treated & sample.treated_now).any():
        raise EstimationError(
            "no treated row can be imputed: in every time after a treatment all units are treated; add untreated units"
        )
    weight = np.where(untreated, sample.weights, 0.0)
    values, names = _times_and_covariates(sample, known)
    columns = WithinColumns(values, weight, sample.unit_codes, names)
    outcome = columns.center(sample.outcome[:, None])[:, 0]
    gap = outcome - columns.times(columns.inverse @ columns.cross((weight * outcome)[:, None])[:, 0])
    lost = int((~untreated & ~treated).sum())
    dropped = (("treated rows in times when nobody is untreated", lost),) if lost else ()
    return ImputationFit(adoption, untreated, treated, columns, gap, dropped)


def _times_and_covariates(sample: Sample, known: Integers) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Return times (but one) and covariates as columns with names; a constant covariate times every time but one."""
    place = np.searchsorted(known, sample.time_codes)
    inside = np.isin(sample.time_codes, known[1:])
    rows = np.flatnonzero(inside)
    shape = (sample.rows_count, max(len(known) - 1, 0))

    def crossed(values: Floats) -> sparse.csr_array:
        return sparse.csr_array((values[rows], (rows, place[rows] - 1)), shape=shape)

    check_unit_covariates(sample)
    parts, times = [crossed(np.ones(sample.rows_count))], sample.time_values[known[1:]]
    names = [""] * len(times)
    for name, values in zip(sample.design.covariates, sample.covariates.T, strict=True):
        constant = constant_within_units(sample, values)
        parts.append(crossed(values) if constant else sparse.csr_array(values[:, None]))
        names += [f"{name} in {time}" for time in times] if constant else [name]
    return sparse.csr_array(sparse.hstack(parts)), tuple(names)


Deviations = Literal["cohort and time", "event time"]


def imputation(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    leads: bool = True,
    draws: int = DRAWS,
    seed: int = SEED,
    deviations: Deviations = "cohort and time",
) -> EffectEstimate:
    r"""Estimate effects by imputing what treated units would have been.

    Y(0) = α_i + β_t + X'γ is fitted on untreated rows (before treatment and its anticipation) only; an effect is an
    average of Y − Ŷ(0) over treated rows, with weights w. As a sum Σ v_it Y_it over all rows, its variance is
    Σ_c (Σ_{it∈c} v_it ε̃_it)², where ε̃ are residuals on untreated rows and deviations from the mean effect of cohort
    and event time on treated ones, which makes it conservative (Borusyak, Jaravel & Spiess 2024,
    doi:10.1093/restud/rdae007). Effects before treatment come from a regression on untreated rows with one term per
    event time but the base (their test), and hang together with the others through the influence of every unit.

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
        Whether to show event times before treatment, with the base.
    draws, seed : int
        Of the multiplier bootstrap behind the simultaneous band over event times.
    deviations : {"cohort and time", "event time"}
        Among which treated rows deviations are taken for the error. The mean of a cohort of few units follows these
        units, so that errors come out too small; the mean over all cohorts at an event time does not, and leaves what
        cohorts differ in the error (the paper's section 4.3).

    Returns
    -------
    EffectEstimate
        The row ``overall`` (mean over rows from the start of treatment on), then ``window``, then one row per event
        time; the years of anticipation are imputed as well, and count in neither.

    Raises
    ------
    EstimationError
        If no treated row can be imputed, or covariates are collinear; or see `draw_sample`.
    """
    fit = fit_untreated(Adoption(draw_sample(frame, design, one_treated_cluster=True)))
    terms, events, targets = averages_of_rows(fit, window)
    points, influence = _effects(fit, targets, deviations)
    counts = [fit.treated_units(target > 0) for target in targets.T]
    dropped = fit.dropped
    if leads:
        found = _leads(fit)
        dropped += found.dropped
        heads = len(terms) - sum(np.isfinite(events))
        terms = [*terms[:heads], *found.terms, *terms[heads:]]
        events = np.concatenate([events[:heads], found.events, events[heads:]])
        points = np.concatenate([points[:heads], found.points, points[heads:]])
        influence = np.hstack([influence[:, :heads], found.influence, influence[:, heads:]])
        counts = [*counts[:heads], *found.counts, *counts[heads:]]
    return effects_from_influence(
        fit.adoption,
        terms,
        points,
        influence,
        method="imputation on untreated rows (Borusyak, Jaravel & Spiess 2024, doi:10.1093/restud/rdae007)"
        + fit.sample.unbalanced("every row that is seen counts"),
        software=software_versions("numpy"),
        treated_count=counts,
        event_time=events,
        band=np.isfinite(events),
        dropped=dropped,
        draws=draws,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Leads:
    """Effects before treatment, the base among them."""

    terms: list[str]
    events: Floats
    points: Floats
    influence: Floats
    counts: list[int]
    dropped: tuple[tuple[str, int], ...] = ()


def averages_of_rows(fit: ImputationFit, window: tuple[int, int] | None) -> tuple[list[str], Floats, Floats]:
    """Return names, event times and weights on treated rows of each average, shape (treated rows, averages)."""
    event = fit.sample.event_times[fit.treated]
    weights = fit.sample.weights[fit.treated]
    events = np.unique(event)
    single = weights[:, None] * (event[:, None] == events)
    single /= single.sum(axis=0)
    begun = weights * (event >= 0)
    heads, names = [begun / begun.sum()], ["overall"]
    if window is not None:
        inside = (events >= window[0]) & (events <= window[1])
        if not inside.any():
            raise EstimationError(f"no event time from {window[0]} to {window[1]} can be imputed: take another window")
        heads.append(single[:, inside].mean(axis=1))
        names.append(f"window {window[0]}–{window[1]}")
    names += [f"event time {int(value)}" for value in events]
    return names, np.concatenate([np.full(len(heads), np.nan), events]), np.column_stack([*heads, single])


def first_stage_influence(fit: ImputationFit, targets: Floats) -> Floats:
    """Return how much each unit moves averages of imputed outcomes by the fit on untreated rows.

    Parameters
    ----------
    fit : ImputationFit
        The fit.
    targets : ndarray
        Weights of the averages, shape (rows, averages).

    Returns
    -------
    ndarray
        Shape (units, averages), in units of the averages.
    """
    columns = fit.columns
    total, mean = columns.members @ targets, columns.members @ fit.residual / columns.mass
    scores = columns.unit_scores(fit.residual) @ (columns.inverse @ columns.cross(targets))
    return np.asarray(total * mean[:, None] + scores)


def _effects(fit: ImputationFit, targets: Floats, deviations: Deviations) -> tuple[Floats, Floats]:
    """Return averages of gaps and the influence of every unit on them."""
    sample = fit.sample
    gap = fit.gap[fit.treated]
    if deviations not in ("cohort and time", "event time"):
        raise CallError(f"deviations must be cohort and time or event time, found {deviations!r}")
    cohorts = sample.cohorts[fit.treated] if deviations == "cohort and time" else 0
    cells = pd.factorize(cohorts * 100_000 + sample.event_times[fit.treated])[0]
    squared = sample.weights[fit.treated] ** 2
    mean = np.bincount(cells, weights=squared * gap) / np.bincount(cells, weights=squared)
    spread = np.zeros((sample.rows_count, targets.shape[1]))
    spread[fit.treated] = targets
    moved = np.zeros(sample.rows_count)
    moved[fit.treated] = gap - mean[cells]
    influence = fit.columns.members @ (spread * moved[:, None]) - first_stage_influence(fit, spread)
    return targets.T @ gap, np.asarray(influence * sample.units_count)


def _leads(fit: ImputationFit) -> _Leads:
    """Return effects before treatment: one term per event time but the base, on untreated rows."""
    sample = fit.sample
    early = fit.untreated & ~sample.never
    events = np.unique(sample.event_times[early])
    if not len(events):
        return _Leads([], np.empty(0), np.empty(0), np.empty((sample.units_count, 0)), [])
    base = events.max()
    shown = events[events != base]
    counts = [len(np.unique(sample.unit_codes[early & (sample.event_times == value)])) for value in events]
    names = [f"event time {int(value)}" for value in events]
    points, influence = np.zeros(len(events)), np.zeros((sample.units_count, len(events)))
    if len(shown):
        columns, weight = fit.columns, fit.columns.weight[:, None]
        marks = columns.center(((sample.event_times[:, None] == shown) & fit.untreated[:, None]).astype(float))
        rest = marks - columns.times(columns.inverse @ columns.cross(weight * marks))
        try:
            inverse = safe_inverse((weight * rest).T @ rest, [f"event time {int(value)}" for value in shown])
        except EstimationError:
            lost = (("event times before treatment that nobody untreated throughout can tell from time", len(shown)),)
            return _Leads([], np.empty(0), np.empty(0), np.empty((sample.units_count, 0)), [], lost)
        found = inverse @ ((weight * rest).T @ fit.gap)
        left = rest * (weight * (fit.gap - rest @ found)[:, None])
        points[events != base] = found
        influence[:, events != base] = np.add.reduceat(left, sample.unit_starts, axis=0) @ inverse * sample.units_count
    return _Leads(names, events, points, influence, counts)
