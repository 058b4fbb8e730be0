"""A table of effects from coefficients and their covariance, as libraries return them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.bands import DRAWS, sup_t_critical_value
from buurteffect.estimate.core.intervals import rounding, without_rounding
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import redundant
from buurteffect.estimate.sample.estimation_sample import Sample, no_error, one_treated_cluster, unknown_errors

_SAME = 1e-11  # a mixture of covariates with less of their squared length counts as nothing


@dataclass(frozen=True, eq=False)
class LibraryCall:
    """What a library returned, and what it warned of besides what is expected.

    Parameters
    ----------
    result : object
        What it returned.
    warned : tuple of str
        Its other warnings; they stop a headline.
    """

    result: Any
    warned: tuple[str, ...] = ()


def call_library(name: str, run: Callable[[], Any], expected: Sequence[str] = ()) -> LibraryCall:
    """Run a library, turn its refusals into the project's and keep its warnings.

    Parameters
    ----------
    name : str
        The library, for messages.
    run : callable
        The call.
    expected : sequence of str
        Parts of warnings that say nothing new here; why stands beside each where it is named.

    Raises
    ------
    EstimationError
        If the library refuses.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = run()
        except (ValueError, NotImplementedError, RuntimeError, np.linalg.LinAlgError, KeyError) as error:
            raise EstimationError(f"{name} refuses this design: {error}") from error
    texts = dict.fromkeys(str(item.message) for item in caught)
    other = tuple(f"{name} warns: {text}" for text in texts if not any(part in text for part in expected))
    return LibraryCall(result, other)


def covariate_columns(sample: Sample) -> tuple[tuple[str, ...], Floats]:
    """Return the covariates as a regression with unit effects can use them: their names, and a matrix.

    A covariate that changes enters as it is; one that never changes within a unit would be absorbed, so it enters
    times every time but the first, named with the time.

    Raises
    ------
    EstimationError
        As `check_unit_covariates`.
    """
    check_unit_covariates(sample)
    names: list[str] = []
    columns = [np.empty((sample.rows_count, 0))]
    for name, values in zip(sample.design.covariates, sample.covariates.T, strict=True):
        constant = constant_within_units(sample, values)
        later = sample.time_values[1:]
        names += [f"{name} in {time}" for time in later] if constant else [name]
        columns.append(values[:, None] * (sample.times[:, None] == later) if constant else values[:, None])
    return tuple(names), np.hstack(columns)


def check_unit_covariates(sample: Sample) -> None:
    """Refuse covariates that never change within a unit where they are the same in all units, or explain each other.

    Raises
    ------
    EstimationError
        With their names.
    """
    kept = [
        (n, v)
        for n, v in zip(sample.design.covariates, sample.covariates.T, strict=True)
        if constant_within_units(sample, v)
    ]
    columns = np.column_stack([np.ones(sample.units_count), *(values[sample.unit_starts] for _, values in kept)])
    told = redundant([name for name, _ in kept], columns, _SAME)
    if told:
        raise EstimationError(
            f"{told} over the units: leave {'it' if told.endswith('constant') else 'one of them'} out"
        )


def constant_within_units(sample: Sample, values: Floats) -> bool:
    """Return whether a column never changes within a unit."""
    return bool((values == values[sample.unit_starts][sample.unit_codes]).all())


def effects_from_covariance(
    sample: Sample,
    term: Sequence[str],
    estimate: ArrayLike,
    covariance: Floats,
    *,
    method: str,
    convention: str,
    software: str,
    event_time: ArrayLike | None = None,
    cohort: ArrayLike | None = None,
    treated_count: ArrayLike | None = None,
    band: ArrayLike | None = None,
    dropped: tuple[tuple[str, int], ...] = (),
    not_headline: tuple[str, ...] = (),
    draws: int = DRAWS,
) -> EffectEstimate:
    """Return a table of effects from estimates and their covariance; t with clusters − 1.

    Parameters
    ----------
    sample : Sample
        The rows they rest on.
    term, estimate, event_time, cohort, treated_count
        As in `Estimate.of`; treated units of the sample where no count is given.
    covariance : ndarray
        Covariance of the estimates; where only errors are known, off its diagonal NaN, and then no band is made.
    method, convention, software : str
        How, with what errors and by what the figures were made.
    band : array_like of bool, optional
        Which effects the simultaneous band covers; all when not given.
    dropped, not_headline : tuple
        What was left out, and what stops a headline, besides what the sample says.
    draws : int
        Simulations behind the band.

    Notes
    -----
    Where all treated units lie in one cluster (`one_treated_cluster`) errors are missing, and the convention says why.
    """
    design, degrees = sample.design, float(sample.clusters_count - 1)
    covered = np.ones(len(term), dtype=bool) if band is None else np.asarray(band, dtype=bool)
    critical, words = None, ""
    alone = "" if design.cohort is None else one_treated_cluster(sample)
    if alone:
        covariance, not_headline = unknown_errors(estimate, np.diag(covariance) > 0), (*not_headline, no_error(alone))
    else:
        estimate, covariance, words = without_rounding(estimate, covariance, rounding(sample.outcome))
    moving = covered & (np.diag(covariance) > 0) if covariance.ndim == 2 else np.zeros_like(covered)
    block = covariance[np.ix_(moving, moving)] if moving.any() else np.empty((0, 0))
    if moving.any() and np.isfinite(block).all():
        critical = sup_t_critical_value(block, design.alpha, degrees, draws)
    return EffectEstimate.of(
        term,
        estimate,
        covariance,
        method=method,
        convention=no_error(alone) if alone else convention + words,
        units_count=sample.units_count,
        clusters_count=sample.clusters_count,
        treated_count=sample.treated_count if treated_count is None else treated_count,
        totals=(sample.units_count, sample.clusters_count, sample.treated_count),
        degrees=degrees,
        event_time=event_time,
        cohort=cohort,
        band=covered,
        critical=critical,
        dropped=(*sample.dropped, *dropped),
        software=software,
        design=design,
        not_headline=not_headline,
    )
