"""Regressions with many fixed effects, linear and Poisson, by pyfixest: the one place that calls it.

pyfixest 0.50 to 0.60 passes the names of the effects through a set, so that with two or more of them its clustered
errors, and the last digits of its coefficients, can change with the hash seed of the process. Nothing of its
inference is therefore used: it gives the coefficients and what is left of the columns after the effects, and the
covariance is computed in `uncertainty`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyfixest
from pyfixest.demeaners import MapDemeaner

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import Fit, check_normal_equations, check_regressors, ols
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.sandwich import Errors
from buurteffect.estimate.inference.small_sample import HOUSE, Convention
from buurteffect.estimate.regression.regressors import INTERCEPT, Regressors, default_regressors
from buurteffect.estimate.sample.estimation_sample import Sample, Truths, one_treated_cluster

SOFTWARE = f"pyfixest {pyfixest.__version__}"
TOLERANCE = 1e-10
"""Largest change in the last sweep of the effects, in units of the column."""

_DEVIANCE = 1e-12  # relative change of the deviance at which the iterations of a Poisson regression end
_ITERATIONS = 200
_STEP = 1e-6  # what one more iteration may move a coefficient, per standard deviation of its regressor
_SWEPT = 1e-7  # what may be left of an effect in a mixture of the regressors, as a share of their length


def feols(
    sample: Sample,
    effects: Sequence[str],
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    regressors: Regressors | None = None,
) -> EffectEstimate:
    """Return a regression with any number of sets of fixed effects.

    Parameters
    ----------
    sample : Sample
        The rows.
    effects : sequence of str
        Columns whose values each get an effect of their own; without any, least squares with an intercept, which is
        first.
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
        If a regressor is absorbed by the effects, others explain it, or the sweeps do not converge.
    """
    chosen = regressors or default_regressors(sample)
    fit = fit_effects(sample, effects, chosen) if effects else _without_effects(sample, chosen)
    method = f"regression with effects of {', '.join(effects)}" if effects else "regression without fixed effects"
    return regression_estimate(fit, sample.design, method, errors, convention, alone=one_treated_cluster(sample))


def fepois(
    sample: Sample,
    effects: Sequence[str],
    errors: Errors | None = None,
    convention: Convention = HOUSE,
    regressors: Regressors | None = None,
) -> EffectEstimate:
    r"""Return a Poisson regression with fixed effects by pseudo-maximum likelihood.

    E[y] = exp(x'β + effects), β from Σ x(y − μ) = 0, for any outcome of 0 or more, counts or amounts (Gourieroux,
    Monfort & Trognon 1984, doi:10.2307/1913472; Santos Silva & Tenreyro 2006, doi:10.1162/rest.88.4.641). A
    coefficient is a difference of logarithms. pyfixest iterates (Correia, Guimarães & Zylkin 2020,
    doi:10.1177/1536867X20909691); one weighted regression at its end gives what the covariance needs and shows
    whether it had converged.

    Rows that say nothing about β are left out and counted: those of an effect whose every outcome is 0, and those that
    pyfixest's iterative rectifier finds separated by regressors and effects together. A regressor that varies in such
    rows only (positive where the outcome is 0 without exception) is refused by name.

    Parameters
    ----------
    sample : Sample
        The rows.
    effects : sequence of str
        Columns whose values each get an effect of their own; at least one.
    errors : Errors, optional
        How errors may depend on each other; by default clustered as the design says. The sandwich is (X'MX)⁻¹ [Σ x(y
        − μ)(y − μ)x'] (X'MX)⁻¹, M the diagonal of μ and X after the effects. `IndependentErrors` takes variances in
        proportion to means, the factor estimated by Pearson's χ²/(N − K), as R's ``quasipoisson``; the inverse
        Hessian alone, right only where variance equals mean, is not offered.
    convention : Convention
        The small-sample correction: the house's is that of fixest's ``fepois``. Intervals take t, not the normal.
    regressors : Regressors, optional
        What explains the outcome; by default treatment or dose, and the covariates.

    Returns
    -------
    EffectEstimate
        One row is one regressor, in log points.

    Raises
    ------
    EstimationError
        If an outcome is negative, all are 0, a regressor is absorbed or explained by others, or the iterations do not
        converge.
    """
    fit = fit_poisson(sample, effects, regressors or default_regressors(sample))
    method = f"Poisson pseudo-maximum likelihood with effects of {', '.join(effects)}"
    return regression_estimate(fit, sample.design, method, errors, convention, alone=one_treated_cluster(sample))


def fit_effects(sample: Sample, effects: Sequence[str], regressors: Regressors) -> Fit:
    """Return the fit of a regression with any number of sets of fixed effects.

    Raises
    ------
    EstimationError
        As :func:`feols`.
    """
    design = sample.design
    return fit_columns(
        sample.frame,
        sample.outcome,
        regressors,
        tuple(_codes(sample, name) for name in effects),
        (design.unit, design.time),
        (sample.units_count, sample.treated_count),
        None if design.weights is None else sample.weights,
        sample.dropped,
    )


def fit_poisson(sample: Sample, effects: Sequence[str], regressors: Regressors) -> Fit:
    """Return the fit of a Poisson regression, as the weighted regression in which its iterations end.

    Raises
    ------
    EstimationError
        As :func:`fepois`.
    """
    if not effects:
        raise EstimationError("name at least one set of effects")
    outcome = sample.design.outcome
    negative = int((sample.outcome < 0).sum())
    if negative:
        raise EstimationError(
            f"{outcome} is negative in {negative} rows: a Poisson regression explains counts and amounts of 0 or more"
        )
    kept = _some_above_zero(sample.outcome, [_codes(sample, name) for name in effects])
    if not kept.any():
        raise EstimationError(f"every {outcome} is 0: there is nothing to explain")
    values = regressors.values[kept]
    sample = sample.keep(kept, "rows of effects whose every outcome is 0 (separated)")
    coefficients, means, left = _iterated(sample, values, [_codes(sample, name) for name in effects], regressors.names)
    sample = sample.keep(left, "rows separated by regressors and effects")
    fit = fit_columns(
        sample.frame,
        np.log(means) + (sample.outcome - means) / means,
        Regressors(regressors.names, values[left]),
        tuple(_codes(sample, name) for name in effects),
        sample.design.key,
        (sample.units_count, sample.treated_count),
        means * sample.weights,
        sample.dropped,
    )
    step = np.abs(fit.coefficients - coefficients) * values[left].std(axis=0)
    if not step.max() < _STEP:
        raise EstimationError(
            f"the Poisson regression did not converge: another iteration moves a coefficient by {step.max():.1e} per "
            "standard deviation of its regressor; leave out regressors or effects"
        )
    return fit


def fit_columns(
    frame: pd.DataFrame,
    outcome: Floats,
    regressors: Regressors,
    effects: tuple[Integers, ...],
    key: tuple[str, str],
    counts: tuple[int, int],
    weights: Floats | None = None,
    dropped: tuple[tuple[str, int], ...] = (),
) -> Fit:
    """Return the fit of a column on others with sets of fixed effects, all as arrays.

    Parameters
    ----------
    frame : DataFrame
        The rows, for whatever errors are grouped by.
    outcome : ndarray
        Shape (rows,).
    regressors : Regressors
        What explains it.
    effects : tuple of ndarray of int
        Codes from 0 of each set of effects.
    key : tuple of str
        Names of unit and time in `frame`.
    counts : tuple of int
        Units, and treated ones.
    weights : ndarray, optional
        Positive weights.
    dropped : tuple of (str, int)
        What was left out before.

    Raises
    ------
    EstimationError
        As :func:`feols`.
    """
    if not effects:
        raise EstimationError("name at least one set of effects")
    table, scale = _table(outcome, regressors.values, effects, weights)
    fitted = _fitted(pyfixest.feols, table, regressors.names, store_data=False)
    left = np.asarray(fitted._X, dtype=float) * scale[1:]
    before = regressors.values if weights is None else regressors.values * np.sqrt(weights)[:, None]
    check_regressors(regressors.names, left, before)
    _check_swept(left if weights is None else left * np.sqrt(weights)[:, None], effects)
    coefficients = np.asarray(fitted._beta_hat, dtype=float).ravel() * scale[0] / scale[1:]
    fit = Fit(
        regressors.names,
        coefficients,
        left,
        np.asarray(fitted._u_hat, dtype=float).ravel() * scale[0],
        effects,
        frame,
        *key,
        *counts,
        SOFTWARE,
        dropped,
        weights is not None,
    )
    return check_normal_equations(fit)


def _without_effects(sample: Sample, regressors: Regressors) -> Fit:
    """Return the fit of least squares with an intercept."""
    design = sample.design
    return ols(
        sample.frame,
        sample.outcome,
        {INTERCEPT: np.ones(sample.rows_count)} | dict(zip(regressors.names, regressors.values.T, strict=True)),
        weights=None if design.weights is None else sample.weights,
        unit=design.unit,
        time=design.time,
        counts=(sample.units_count, sample.treated_count),
        dropped=sample.dropped,
    )


def _some_above_zero(outcome: Floats, effects: Sequence[Integers]) -> Truths:
    """Return the rows whose every effect has an outcome above 0 among these rows."""
    kept = np.ones(len(outcome), dtype=bool)
    while True:
        left = kept.copy()
        for codes in effects:
            left &= np.bincount(codes, weights=outcome * kept)[codes] > 0
        if (left == kept).all():
            return kept
        kept = left


def _iterated(
    sample: Sample, values: Floats, effects: Sequence[Integers], names: tuple[str, ...]
) -> tuple[Floats, Floats, Truths]:
    """Return pyfixest's coefficients, the means of the rows that it keeps, and which these are."""
    weights = None if sample.design.weights is None else sample.weights
    table, scale = _table(sample.outcome, values, tuple(effects), weights)
    level = float(sample.outcome.mean())
    fitted = _fitted(
        pyfixest.fepois,
        table.assign(y=sample.outcome / level),
        names,
        separation_check=["ir"],
        iwls_tol=_DEVIANCE,
        iwls_maxiter=_ITERATIONS,
    )
    left = np.zeros(sample.rows_count, dtype=bool)
    left[fitted._data.index.to_numpy()] = True
    means = np.asarray(fitted._Y_hat_response, dtype=float).ravel() * level
    return np.asarray(fitted._beta_hat, dtype=float).ravel() / scale[1:], means, left


def _codes(sample: Sample, name: str) -> Integers:
    """Return the codes of a set of effects; those of unit and time are at hand."""
    if name == sample.design.unit:
        return sample.unit_codes
    if name == sample.design.time:
        return sample.time_codes
    if name not in sample.frame.columns or sample.frame[name].isna().any():
        raise EstimationError(f"effects of {name!r} need that column without gaps: pass it to draw_sample as extra")
    return sample.codes(name)


def _table(
    outcome: Floats, values: Floats, effects: tuple[Integers, ...], weights: Floats | None
) -> tuple[pd.DataFrame, Floats]:
    """Return the columns under neutral names in units of their own spread, and these units, the outcome's first.

    The library stops sweeping at a tolerance in the units of the data: scaled, the unit of measurement is no matter.
    """
    names = ["y", *(f"x{place}" for place in range(values.shape[1]))]
    scaled, scale = np.empty((len(outcome), len(names)), order="F"), np.ones(len(names))
    for place, column in enumerate([outcome, *values.T]):
        spread = float(column.std())
        scale[place] = spread if spread > 0 else 1.0
        np.divide(np.subtract(column, column.mean(), out=scaled[:, place]), scale[place], out=scaled[:, place])
    table = pd.DataFrame(scaled, columns=names, copy=False)
    codes = {f"e{place}": codes for place, codes in enumerate(effects)}
    return table.assign(**(codes if weights is None else codes | {"w": weights})), scale


def _fitted(
    run: Callable[..., Any], table: pd.DataFrame, names: tuple[str, ...], **settings: object
) -> pyfixest.estimation.models.feols_.Feols:
    """Return pyfixest's fit, its complaints about pandas 4 silenced, what it would drop in silence refused."""
    slopes = [name for name in table.columns if name.startswith("x")]
    effects = [name for name in table.columns if name.startswith("e")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pd.errors.Pandas4Warning)
        warnings.filterwarnings("ignore", message=r"(?s).*multicollinearity")
        warnings.filterwarnings("ignore", message=r".*observations removed because of separation")
        warnings.filterwarnings("error", message=r".*maximum number of iterations reached")
        try:
            fitted = run(
                f"y ~ {' + '.join(slopes)} | {' + '.join(effects)}",
                table,
                vcov="iid",
                weights="w" if "w" in table.columns else None,
                fixef_rm="none",
                copy_data=False,
                demeaner=MapDemeaner(fixef_tol=TOLERANCE),
                **settings,
            )
        except (ValueError, UserWarning) as error:
            told = re.sub(r"\bx(\d+)\b", lambda code: names[int(code[1])], str(error))
            raise EstimationError(f"pyfixest refuses this regression: {told}") from error
    kept = [str(name) for name in fitted._coefnames]
    if kept != slopes:
        lost = [names[place] for place, name in enumerate(slopes) if name not in kept]
        raise EstimationError(
            f"{', '.join(lost)}: nothing is left after the fixed effects and the other regressors; leave it out"
        )
    return fitted


def _check_swept(left: Floats, effects: tuple[Integers, ...]) -> None:
    """Refuse columns that still hold something of an effect: the sweeps did not converge."""
    length = np.sqrt(np.einsum("ij,ij->j", left, left))
    mixture = left @ (np.cos(np.arange(left.shape[1])) / np.maximum(length, 1e-300))
    for codes in effects:
        sums = np.bincount(codes, weights=mixture)
        worst = float(np.abs(sums / np.sqrt(np.bincount(codes))).max())
        if worst > _SWEPT:
            raise EstimationError(
                f"{SOFTWARE} left {worst:.1e} of an effect in the regressors: the sets of effects hang together too "
                "loosely to tell apart; leave one out"
            )
