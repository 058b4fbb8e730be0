"""Panel regressions with linearmodels: two-way effects, random effects, first differences.

The library gives the coefficients. The covariance is computed in `uncertainty`, under the project's one convention,
because libraries differ in it.
"""

from __future__ import annotations

from dataclasses import replace

import linearmodels
import numpy as np
import pandas as pd
from linearmodels import FirstDifferenceOLS, PanelOLS, RandomEffects

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import Fit, check_normal_equations, check_regressors
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import within_two_way
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.sandwich import Errors
from buurteffect.estimate.inference.small_sample import HOUSE, Convention
from buurteffect.estimate.regression.regressors import Regressors, default_regressors, with_intercept
from buurteffect.estimate.sample.estimation_sample import Sample, one_treated_cluster
from buurteffect.estimate.sample.library_results import call_library

SOFTWARE = f"linearmodels {linearmodels.__version__}"

STAGGERED = (
    "two-way effects under staggered treatment compare treated units with units treated earlier and can weight "
    "effects negatively: shown for what they are"
)


def twfe(
    sample: Sample,
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    regressors: Regressors | None = None,
) -> EffectEstimate:
    """Return a regression with unit and time effects.

    y_it = α_i + λ_t + x_it'β + e_it, weighted where the design has weights. With one time of treatment β of the
    treatment is the difference in differences; with several it is a weighted mean of effects in which weights can
    be negative (Goodman-Bacon 2021, doi:10.1016/j.jeconom.2021.03.014), and the table says that it is no headline.

    Parameters
    ----------
    sample : Sample
        The rows.
    errors : Errors, optional
        How errors may depend on each other; by default clustered as the design says.
    convention : Convention
        The small-sample correction.
    regressors : Regressors, optional
        What explains the outcome; by default treatment or dose, and the covariates.

    Returns
    -------
    EffectEstimate
        One row is one regressor.

    Raises
    ------
    EstimationError
        If a regressor is absorbed by the effects, or others explain it.
    """
    cohorts = np.unique(sample.cohorts[~sample.never])
    against = (STAGGERED,) if len(cohorts) > 1 else ()
    fit = fit_two_way(sample, regressors or default_regressors(sample))
    return regression_estimate(
        fit,
        sample.design,
        "regression with unit and time effects",
        errors,
        convention,
        not_headline=against,
        alone=one_treated_cluster(sample),
    )


def fit_two_way(sample: Sample, regressors: Regressors) -> Fit:
    """Return the fit of a regression with unit and time effects.

    Raises
    ------
    EstimationError
        If a regressor is absorbed by the effects, or others explain it.
    """
    weights = None if sample.design.weights is None else sample.weights
    both = np.column_stack([sample.outcome, regressors.values])
    left = within_two_way(both, sample.unit_codes, sample.time_codes, weights)
    check_regressors(regressors.names, left[:, 1:], regressors.values)
    outcome, explanation = _indexed(sample, regressors.values)
    model = PanelOLS(
        outcome,
        explanation,
        weights=None if weights is None else pd.Series(weights, index=outcome.index),
        entity_effects=True,
        time_effects=True,
        check_rank=False,
    )
    fitted = model.fit(low_memory=weights is None)
    coefficients = np.asarray(fitted.params.to_numpy(dtype=float))
    root = np.sqrt(sample.weights)
    residuals = (left[:, 0] - left[:, 1:] @ coefficients) * root
    fit = _fit_of(sample, regressors.names, coefficients, left[:, 1:] * root[:, None], residuals)
    return check_normal_equations(replace(fit, effects=(sample.unit_codes, sample.time_codes)))


def random_effects(
    sample: Sample,
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    regressors: Regressors | None = None,
) -> EffectEstimate:
    """Return a regression with random unit effects (Swamy & Arora 1972, doi:10.2307/1909405).

    Unit means times θ_i are subtracted and least squares run on what remains; right only where the units' lasting
    differences have nothing to do with the regressors, so it is shown beside fixed effects and never as headline.

    Parameters
    ----------
    sample : Sample
        The rows.
    errors, convention, regressors
        As in :func:`twfe`.

    Returns
    -------
    EffectEstimate
        One row is one regressor, the intercept first.

    Raises
    ------
    EstimationError
        If the design has weights, regressors are constant or collinear, or there are no more units than regressors.
    """
    _refuse_weights(sample)
    given = regressors or default_regressors(sample)
    if sample.units_count <= len(given.names) + 1 or sample.rows_count == sample.units_count:
        raise EstimationError(
            f"random effects need more units than regressors ({', '.join(given.names)}), seen at several times: found "
            f"{sample.units_count} units in {sample.rows_count} rows; add units or {sample.design.time}, or leave "
            "regressors out"
        )
    chosen = with_intercept(given)
    outcome, explanation = _indexed(sample, chosen.values)
    fitted = call_library("linearmodels", RandomEffects(outcome, explanation).fit).result
    theta = fitted.theta.to_numpy(dtype=float).ravel()[sample.unit_codes]
    both = np.column_stack([sample.outcome, chosen.values])
    counts = np.bincount(sample.unit_codes)
    means = np.column_stack([np.bincount(sample.unit_codes, weights=column) for column in both.T]) / counts[:, None]
    left = both - theta[:, None] * means[sample.unit_codes]
    coefficients = np.asarray(fitted.params.to_numpy(dtype=float))
    fit = _fit_of(sample, chosen.names, coefficients, left[:, 1:], left[:, 0] - left[:, 1:] @ coefficients)
    return regression_estimate(
        check_normal_equations(fit),
        sample.design,
        f"random unit effects, θ between {theta.min():.4f} and {theta.max():.4f}",
        errors,
        convention,
        not_headline=("random effects assume that lasting differences have nothing to do with treatment",),
        alone=one_treated_cluster(sample),
    )


def first_differences(
    sample: Sample,
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    regressors: Regressors | None = None,
) -> EffectEstimate:
    """Return a regression of changes between successive times of the panel on changes of the regressors.

    The intercept is the mean change per step. Changes over a time at which the unit is not seen are left out.

    Parameters
    ----------
    sample : Sample
        The rows.
    errors, convention, regressors
        As in :func:`twfe`.

    Returns
    -------
    EffectEstimate
        One row is one regressor, the intercept first.

    Raises
    ------
    EstimationError
        If the design has weights, no unit is seen at two successive times, or changes of regressors are constant or
        collinear.
    """
    later = np.flatnonzero(np.r_[False, (np.diff(sample.unit_codes) == 0) & (np.diff(sample.time_codes) == 1)])
    if not len(later):
        raise EstimationError("no unit is seen at two successive times: there are no changes to explain")
    _refuse_weights(sample)
    given = regressors or default_regressors(sample)
    moved = given.values[later] - given.values[later - 1]
    check_regressors(given.names, moved - moved.mean(axis=0), given.values, "taking changes and their mean")
    chosen = with_intercept(given, sample.time_codes.astype(float))
    both = np.column_stack([sample.outcome, chosen.values])
    change = both[later] - both[later - 1]
    if len(later) <= len(chosen.names):
        raise EstimationError(
            f"{len(later)} changes cannot tell {', '.join(chosen.names)} apart: add units or {sample.design.time}, or "
            "leave regressors out"
        )
    outcome, explanation = _indexed(sample, chosen.values)
    fitted = call_library("linearmodels", FirstDifferenceOLS(outcome, explanation).fit).result
    coefficients = np.asarray(fitted.params.to_numpy(dtype=float))
    fit = _fit_of(sample, chosen.names, coefficients, change[:, 1:], change[:, 0] - change[:, 1:] @ coefficients)
    gaps = sample.rows_count - len(np.unique(sample.unit_codes)) - len(later)
    left_out = (("changes across a time at which the unit is not seen", gaps),) if gaps else ()
    fit = replace(
        fit,
        frame=sample.frame.iloc[later].reset_index(drop=True),
        units_count=len(np.unique(sample.unit_codes[later])),
        dropped=(*sample.dropped, *left_out),
    )
    return regression_estimate(
        check_normal_equations(fit),
        sample.design,
        "regression of changes on changes",
        errors,
        convention,
        alone=one_treated_cluster(sample),
    )


def _refuse_weights(sample: Sample) -> None:
    """Refuse weights, which these estimators do not take here."""
    if sample.design.weights is not None:
        raise EstimationError(
            f"this estimator takes no weights: leave {sample.design.weights} out of the design, or use two-way effects"
        )


def _indexed(sample: Sample, values: Floats) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return outcome and regressors as linearmodels wants them: on an index of unit and time."""
    index = pd.MultiIndex.from_arrays([sample.unit_codes, sample.times], names=["unit", "time"])
    explanation = pd.DataFrame(values, index=index, columns=[f"x{place}" for place in range(values.shape[1])])
    return pd.DataFrame({"outcome": sample.outcome}, index=index), explanation


def _fit_of(sample: Sample, names: tuple[str, ...], coefficients: Floats, regressors: Floats, residuals: Floats) -> Fit:
    """Return a fit on the sample's rows, without fixed effects."""
    design = sample.design
    return Fit(
        names,
        coefficients,
        regressors,
        residuals,
        (),
        sample.frame,
        design.unit,
        design.time,
        sample.units_count,
        sample.treated_count,
        SOFTWARE,
        sample.dropped,
        design.weights is not None,
    )
