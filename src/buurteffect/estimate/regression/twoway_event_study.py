"""The path of a two-way effect before and after treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.sandwich import ClusteredErrors, Errors
from buurteffect.estimate.inference.small_sample import HOUSE, Convention
from buurteffect.estimate.regression.absorbed_effects import fit_effects
from buurteffect.estimate.regression.cell_terms import fit_terms
from buurteffect.estimate.regression.panel_ols import STAGGERED, fit_two_way
from buurteffect.estimate.regression.regressors import Regressors
from buurteffect.estimate.sample.adoption import check_no_twin
from buurteffect.estimate.sample.estimation_sample import Sample, one_treated_cluster

CELLS, PYFIXEST, LINEARMODELS = "cells", "pyfixest", "linearmodels"
"""How the regression is fitted: from sums over cells of unit, time and event time, or by a library."""


@dataclass(frozen=True)
class Window:
    """Which event times are told apart.

    Parameters
    ----------
    reference : tuple of int
        Event times whose effect is set to 0. One where there are never treated units, two where there are none.
    first, last : int, optional
        Event times at and beyond which all are one; by default every event time is its own.
    """

    reference: tuple[int, ...] = (-1,)
    first: int | None = None
    last: int | None = None

    def binned(self, event_times: Floats) -> Floats:
        """Return event times with the far ends put together."""
        low = -np.inf if self.first is None else self.first
        high = np.inf if self.last is None else self.last
        return np.clip(event_times, low, high)

    def name(self, event_time: int) -> str:
        """Return the term of an event time."""
        if event_time == self.first:
            return f"event {event_time} or before"
        if event_time == self.last:
            return f"event {event_time} or later"
        return f"event {event_time}"


def twfe_event_study(
    sample: Sample,
    window: Window | None = None,
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    engine: str | None = None,
) -> EffectEstimate:
    """Return the effect at each event time from a regression with unit and time effects.

    y_it = α_i + λ_t + Σ_k β_k 1[t − g_i = k] + x_it'γ + e_it, β of the reference 0; never treated units have no
    event time. Under staggered treatment with effects that differ by cohort, β_k also holds effects at other event
    times (Sun & Abraham 2021, doi:10.1016/j.jeconom.2020.09.006), so with several cohorts it is no headline.

    Parameters
    ----------
    sample : Sample
        The rows, of a design with a cohort.
    window : Window, optional
        Which event times are told apart; by default all, against −1 (less the years of anticipation).
    errors : Errors, optional
        How errors may depend on each other; by default clustered as the design says.
    convention : Convention
        The small-sample correction.
    engine : {"cells", "pyfixest", "linearmodels"}, optional
        How it is fitted; the figures are the same. By default from sums over cells, in a third of the time, which do
        for errors that are grouped; other errors need the regressors written out, by pyfixest.

    Returns
    -------
    EffectEstimate
        One row is one event time, ascending, the reference with effect and error 0 among them; then the covariates.
        The band holds all event times at once.

    Raises
    ------
    EstimationError
        Without a cohort, without treated units at the reference, or where two references are needed.
    """
    design = sample.design
    if design.cohort is None:
        raise EstimationError("an event study needs a cohort: name the column of first treated times in the design")
    check_no_twin(sample)
    window = window or Window((-1 - design.anticipation_years,))
    binned = window.binned(np.where(sample.never & ~np.isfinite(sample.event_times), np.nan, sample.event_times))
    times = _told_apart(binned, window)
    _check_identified(sample, window)
    fit = _fit(sample, window, binned, times, engine or (CELLS if _grouped(errors) else PYFIXEST))
    cohorts = np.unique(sample.cohorts[~sample.never])
    result = regression_estimate(
        fit,
        design,
        f"event study with unit and time effects against event time {', '.join(map(str, window.reference))}",
        errors,
        convention,
        event_time=[*times, *[np.nan] * len(design.covariates)],
        treated_count=[*_seen(sample, binned, times), *[sample.treated_count] * len(design.covariates)],
        band=[True] * len(times) + [False] * len(design.covariates),
        not_headline=(STAGGERED,) if len(cohorts) > 1 else (),
        alone=one_treated_cluster(sample),
    )
    return _with_reference(result, window, _seen(sample, binned, window.reference))


def _told_apart(binned: Floats, window: Window) -> list[int]:
    """Return the event times that get an effect; refuse a reference that nobody is seen at."""
    found = [int(k) for k in np.unique(binned[np.isfinite(binned)])]
    lacking = [k for k in window.reference if k not in found]
    if lacking or not window.reference:
        raise EstimationError(
            f"no treated unit is seen at the reference event time {', '.join(map(str, lacking)) or '(none named)'}; "
            f"there are {', '.join(map(str, found))}"
        )
    return [k for k in found if k not in window.reference]


def _grouped(errors: Errors | None) -> bool:
    """Return whether errors are clustered, which sums over cells are enough for."""
    return errors is None or isinstance(errors, ClusteredErrors)


def _fit(sample: Sample, window: Window, binned: Floats, times: Sequence[int], engine: str) -> Fit:
    """Return the regression, fitted as asked for."""
    design, names = sample.design, tuple(window.name(k) for k in times)
    if engine == CELLS and times:
        found = np.searchsorted(times, binned)
        terms = np.where(np.isin(binned, times), found, -1)
        return fit_terms(sample, (*names, *design.covariates), terms, sample.covariates)
    chosen = Regressors(names, _dummies(binned, times)).and_columns(design.covariates, sample.covariates)
    if engine == LINEARMODELS:
        return fit_two_way(sample, chosen)
    if engine not in (CELLS, PYFIXEST):
        raise CallError(f"engine must be {CELLS}, {PYFIXEST} or {LINEARMODELS}, found {engine!r}")
    return fit_effects(sample, design.key, chosen)


def _dummies(binned: Floats, times: Sequence[int]) -> Floats:
    """Return one column per event time, each in one piece of memory."""
    values = np.empty((len(binned), len(times)), order="F")
    for place, time in enumerate(times):
        values[:, place] = binned == time
    return values


def _check_identified(sample: Sample, window: Window) -> None:
    """Refuse one reference where no unit is never treated: a trend in event time could be added at will."""
    binned = window.first is not None or window.last is not None
    if not np.isnan(sample.cohorts).any() and len(window.reference) < 2 and not binned:
        raise EstimationError(
            "no unit is never treated, so effects are known only up to a line in event time: name two reference event "
            "times, such as (-1, -5), or put the far ends together"
        )


def _seen(sample: Sample, binned: Floats, times: Sequence[int]) -> list[int]:
    """Return how many treated units are seen at each event time."""
    return [len(np.unique(sample.unit_codes[binned == k])) for k in times]


def _with_reference(result: EffectEstimate, window: Window, seen: Sequence[int]) -> EffectEstimate:
    """Return the estimate with rows for the reference, event times ascending, covariates last."""
    rows = result.frame.iloc[[0] * len(window.reference)].copy()
    rows["term"] = [window.name(k) for k in window.reference]
    rows["event_time"] = pd.array(list(window.reference), dtype="Int64")
    numbers = [*RESULT_COLUMNS[:4], "ci_low_simultaneous", "ci_high_simultaneous"]
    rows[numbers] = 0.0
    rows["p_value"], rows["treated_count"] = np.nan, list(seen)
    frame = pd.concat([result.frame, rows], ignore_index=True)
    order = np.argsort(frame["event_time"].to_numpy(dtype=float, na_value=np.inf), kind="stable")
    covariance = None
    if result.covariance is not None:
        size, width = len(result.frame), len(frame)
        matrix = np.zeros((width, width))
        matrix[:size, :size] = result.covariance
        covariance = matrix[np.ix_(order, order)]
    return replace(result, frame=frame.iloc[order].reset_index(drop=True), covariance=covariance)
