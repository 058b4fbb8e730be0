"""Whether a relation bends: a straight line, a parabola, and broken lines with a knot at several places."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.regression.absorbed_effects import fit_columns
from buurteffect.estimate.regression.regressors import Regressors
from buurteffect.estimate.sample.checks import check_columns

QUANTILES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""Quantiles of the regressor at which a knot is tried; the best one is at an edge if it is the first or the last."""

STRAIGHT, QUADRATIC, BEND = "slope of the straight line", "quadratic term", "change of slope beyond the best knot"
"""Rows of the table."""


@dataclass(frozen=True, eq=False)
class Threshold:
    """What is known of a bend.

    Parameters
    ----------
    effects : EffectEstimate
        The rows `STRAIGHT`, `QUADRATIC` and `BEND`.
    knots : DataFrame
        One row is one knot: ``quantile, knot, estimate`` (change of slope), ``std_error, ci_low, ci_high, fit_share``
        (of the variance within, that is left).
    best : float
        The knot that leaves least.
    interior : bool
        Whether the best knot is not the first or last one tried.
    spread : float
        Standard deviation of the regressor net of unit and time.
    """

    effects: EffectEstimate
    knots: pd.DataFrame
    best: float
    interior: bool
    spread: float


def threshold(frame: pd.DataFrame, design: Design, regressor: str) -> Threshold:
    r"""Regress an outcome on a regressor in lines that may bend, with effects of unit and time.

    .. math:: y_{it} = α_i + γ_t + β x_{it} + δ \max(x_{it} - k, 0) + e_{it}

    for knots k at `QUANTILES` of x. The knot is chosen by fit (Hansen 2000, doi:10.1111/1468-0262.00124), so that the
    interval of δ at the best knot takes it as known and is too narrow; the quadratic term, which needs no choice, is
    the test. Units of which x does not change say nothing.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        Names outcome, unit, time and cluster; cohort and covariates do not enter.
    regressor : str
        Column of x.

    Raises
    ------
    EstimationError
        If x takes fewer than ten values, or not enough rows have both.
    """
    plain = replace(design, covariates=(), cohort=None, dose=None, comparison="never_treated")
    check_columns(frame, plain, (regressor,))
    require_numbers(frame, (regressor,))
    part = frame[frame[[design.outcome, regressor]].notna().all(axis=1)].reset_index(drop=True)
    values = part[regressor].to_numpy(dtype=float)
    if len(np.unique(values)) < len(QUANTILES) + 1 or part[design.time].nunique() < 2:
        raise EstimationError(
            f"{regressor} and {design.outcome} are there together in {len(part)} rows of {part[design.time].nunique()} "
            "years: a bend within areas needs two years and ten different values"
        )
    centred = values - values.mean()
    line = _fitted(part, plain, {STRAIGHT: centred})
    parabola = _fitted(part, plain, {"line": centred, QUADRATIC: centred**2})
    rows, fits = [], []
    for quantile in QUANTILES:
        knot = float(np.quantile(values, quantile))
        fit = _fitted(part, plain, {"line": centred, BEND: np.maximum(values - knot, 0.0)})
        row = regression_estimate(fit, plain, "").row(term=BEND)
        left = float(fit.residuals @ fit.residuals)
        rows.append({"quantile": quantile, "knot": knot, "left": left} | row[list(_SHOWN)].to_dict())
        fits.append(fit)
    table = pd.DataFrame(rows)
    best = int(table["left"].idxmin())
    total = float(line.residuals @ line.residuals)
    knots = table.assign(fit_share=table["left"] / total).drop(columns="left")
    first = regression_estimate(line, plain, "regression with effects of area and year, straight and bent lines")
    found = [
        first.frame,
        _row(regression_estimate(parabola, plain, ""), QUADRATIC),
        _row(regression_estimate(fits[best], plain, ""), BEND),
    ]
    effects = replace(first, frame=pd.concat(found, ignore_index=True), covariance=None)
    return Threshold(
        effects,
        knots,
        float(table["knot"].iloc[best]),
        0 < best < len(QUANTILES) - 1,
        float(np.sqrt(np.mean(line.regressors[:, 0] ** 2))),
    )


_SHOWN = ("estimate", "std_error", "ci_low", "ci_high", "p_value")


def _fitted(frame: pd.DataFrame, design: Design, columns: dict[str, Floats]) -> Fit:
    """Return the regression on some columns with effects of unit and time."""
    codes = tuple(np.asarray(pd.factorize(frame[name])[0]) for name in design.key)
    units = int(codes[0].max()) + 1
    return fit_columns(
        frame,
        frame[design.outcome].to_numpy(dtype=float),
        Regressors(tuple(columns), np.column_stack(list(columns.values()))),
        codes,
        design.key,
        (units, 0),
    )


def _row(estimate: EffectEstimate, term: str) -> pd.DataFrame:
    """Return the row of a term."""
    return estimate.frame[estimate.frame["term"] == term]
