"""From a fitted regression to the table of its effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.intervals import rounding, without_rounding
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.conley import ConleyErrors
from buurteffect.estimate.inference.sandwich import ClusteredErrors, Errors, covariance
from buurteffect.estimate.inference.small_sample import HOUSE, Convention
from buurteffect.estimate.sample.estimation_sample import no_error, unknown_errors


def design_errors(design: Design) -> Errors:
    """Return the errors that a design asks for: clustered by its clusters, by unit where it names none."""
    return ClusteredErrors(design.cluster_columns)


def conley_errors(design: Design, cutoff_km: float, kernel: str = "uniform") -> Errors:
    """Return errors that depend on distance between the design's coordinates.

    Raises
    ------
    EstimationError
        If the design names no coordinates, or the settings make no sense.
    """
    if design.coordinates_m is None:
        raise EstimationError(
            "it is not known where the areas lie (the design names no coordinates_m), which errors by distance need"
        )
    return ConleyErrors(cutoff_km, design.coordinates_m, kernel=kernel)


def regression_estimate(
    fit: Fit,
    design: Design,
    method: str,
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    event_time: ArrayLike | None = None,
    treated_count: ArrayLike | None = None,
    band: Sequence[bool] | None = None,
    not_headline: Sequence[str] = (),
    alone: str = "",
) -> EffectEstimate:
    """Return the effects of a fitted regression with the errors asked for.

    Parameters
    ----------
    fit : Fit
        The regression.
    design : Design
        What was asked.
    method : str
        How it was estimated, in words.
    errors : Errors, optional
        How errors may depend on each other; by default clustered as the design says.
    convention : Convention
        The small-sample correction.
    event_time : array_like, optional
        Event time of each regressor, missing where it has none.
    treated_count : array_like, optional
        Treated units behind each regressor; by default those of the fit.
    band : sequence of bool, optional
        Regressors that a simultaneous band covers; by default none.
    not_headline : sequence of str
        Reasons why no figure may be a headline.
    alone : str
        Why there can be no errors (`one_treated_cluster`): they are missing then, whatever errors were asked for.
    """
    result = covariance(fit, errors or design_errors(design), convention)
    points, matrix, words = without_rounding(fit.coefficients, result.matrix, _rounding(fit, design))
    if alone:
        matrix = unknown_errors(points, np.diag(result.matrix) > 0)
    return EffectEstimate.of(
        fit.names,
        points,
        matrix,
        method=method,
        convention=no_error(alone) if alone else result.words + words,
        units_count=fit.units_count,
        clusters_count=result.groups_count,
        treated_count=fit.treated_count if treated_count is None else treated_count,
        totals=(fit.units_count, result.groups_count, fit.treated_count),
        degrees=result.degrees,
        event_time=event_time,
        band=None if alone else band,
        dropped=fit.dropped,
        software=fit.software,
        design=design,
        not_headline=(*not_headline, *filter(None, (result.flaw, no_error(alone) if alone else ""))),
    )


def _rounding(fit: Fit, design: Design) -> Floats:
    """Return what counts as 0 in each coefficient: what moves the outcome by no more than its rounding."""
    outcome = fit.frame[design.outcome].to_numpy(dtype=float) if design.outcome in fit.frame else np.ones(1)
    spread = np.sqrt(np.diag(fit.cross) / fit.rows_count)
    return np.asarray(rounding(outcome) / np.where(spread > 0, spread, np.inf))
