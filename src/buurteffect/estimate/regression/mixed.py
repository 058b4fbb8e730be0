"""Random intercepts on two nested levels, by restricted maximum likelihood, with statsmodels."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import inverse, solve_system
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums
from buurteffect.estimate.regression.panel_ols import INTERCEPT
from buurteffect.estimate.regression.regressors import Regressors, default_regressors
from buurteffect.estimate.sample.estimation_sample import Sample

SOFTWARE = f"statsmodels {statsmodels.__version__}"
RESIDUAL = "residual"


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A regression with random intercepts.

    Parameters
    ----------
    effects : EffectEstimate
        One row is one regressor, the intercept first.
    variances : DataFrame
        One row is one component: ``component, variance`` in squared units of the outcome; the wider level, the
        narrower, ``residual``.
    criterion : float
        −2 times the restricted log likelihood at these components, up to a constant; smaller is better.
    """

    effects: EffectEstimate
    variances: pd.DataFrame
    criterion: float


@dataclass(frozen=True, eq=False)
class _Columns:
    """Regressors with the outcome last, and the two levels of groups, rows of a narrower group together."""

    values: Floats
    narrow: Integers
    wide: Integers


def mixed_model(
    sample: Sample, narrow: str | None = None, wide: str | None = None, regressors: Regressors | None = None
) -> MixedFit:
    """Return a regression with random intercepts of two nested levels.

    y = Xβ + u_wide + v_narrow + e with normal, independent u, v, e. The components are statsmodels' restricted
    maximum likelihood (Patterson & Thompson 1971, doi:10.1093/biomet/58.3.545); the covariance of β is
    (X'V⁻¹X)⁻¹ at these components, as lme4 has it. statsmodels itself inverts a numerical Hessian of all
    parameters instead, which gives other standard errors in the sixth digit.

    Parameters
    ----------
    sample : Sample
        The rows; the design must not have weights.
    narrow, wide : str, optional
        Columns of the two levels; by default the unit and the design's first cluster.
    regressors : Regressors, optional
        What explains the outcome; by default treatment or dose, and the covariates.

    Raises
    ------
    EstimationError
        If the levels are not nested, the design has weights, or the search does not converge.
    """
    design = sample.design
    narrow, wide = narrow or design.unit, wide or design.cluster_columns[0]
    chosen = regressors or default_regressors(sample)
    if design.weights is not None:
        raise EstimationError("random intercepts take no weights: leave them out of the design")
    columns = _columns(sample, chosen, narrow, wide)
    ratios = _search(columns)
    criterion, coefficients, matrix, residual = _profile(columns, ratios)
    groups = int(columns.wide.max()) + 1
    effects = EffectEstimate.of(
        (INTERCEPT, *chosen.names),
        coefficients,
        matrix,
        method=f"random intercepts of {wide} and {narrow}, restricted maximum likelihood",
        convention="(X'V⁻¹X)⁻¹ at the estimated components, which it takes as known; normal distribution",
        units_count=sample.units_count,
        treated_count=sample.treated_count,
        clusters_count=groups,
        dropped=sample.dropped,
        software=SOFTWARE,
        design=design,
        not_headline=("random effects assume that lasting differences have nothing to do with treatment",),
    )
    variances = pd.DataFrame({"component": [wide, narrow, RESIDUAL], "variance": [*(ratios * residual), residual]})
    return MixedFit(effects, variances, criterion)


def reml_criterion(sample: Sample, narrow: str, wide: str, variances: tuple[float, float, float]) -> float:
    """Return −2 times the restricted log likelihood, up to a constant, at given components (wide, narrow, residual).

    For comparing two sets of components: the smaller value belongs to the better.
    """
    columns = _columns(sample, default_regressors(sample), narrow, wide)
    residual = variances[2]
    cross, log_determinant = _whitened(columns, np.asarray(variances[:2]) / residual)
    size = len(cross) - 1
    inner = cross[:size, :size]
    rest = cross[size, size] - cross[size, :size] @ solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    return float(log_determinant + np.linalg.slogdet(inner)[1] + free * np.log(residual) + rest / residual)


def _columns(sample: Sample, regressors: Regressors, narrow: str, wide: str) -> _Columns:
    """Return the columns sorted by wide and narrow level; refuse levels that are not nested."""
    inner, outer = sample.codes(narrow), sample.codes(wide)
    first = np.empty(int(inner.max()) + 1, dtype=int)
    first[inner] = outer
    if (first[inner] != outer).any():
        raise EstimationError(f"{narrow} is not nested within {wide}: a {narrow} lies in more than one {wide}")
    if len(np.unique(inner)) == len(np.unique(outer)):
        raise EstimationError(f"{narrow} and {wide} are the same groups: name two levels")
    order = np.lexsort([inner, outer])
    values = np.column_stack([np.ones(sample.rows_count), regressors.values, sample.outcome])
    return _Columns(values[order], inner[order], outer[order])


def _search(columns: _Columns) -> Floats:
    """Return the ratios of the two components to the residual variance that statsmodels finds."""
    table = {"y": columns.values[:, -1], "narrow": columns.narrow}
    model = MixedLM.from_formula(
        "y ~ " + " + ".join(f"x{k}" for k in range(1, columns.values.shape[1] - 1)),
        pd.DataFrame(table | {f"x{k}": columns.values[:, k] for k in range(1, columns.values.shape[1] - 1)}),
        groups=columns.wide,
        re_formula="1",
        vc_formula={"narrow": "0 + C(narrow)"},
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        fitted = model.fit(reml=True, method=["bfgs"], gtol=1e-10)
    ratios: Floats = np.asarray([fitted.cov_re.to_numpy().item(), fitted.vcomp.item()]) / float(fitted.scale)
    told = [str(entry.message) for entry in caught if issubclass(entry.category, ConvergenceWarning)]
    if told or not np.isfinite(ratios).all() or (ratios <= 0).any():
        raise EstimationError(
            "the components of variance were not found"
            + (f" ({told[0]})" if told else "")
            + ": one of them may be 0; leave out a level"
        )
    return ratios


def _whitened(columns: _Columns, ratios: Floats) -> tuple[Floats, float]:
    """Return Z'V⁻¹Z for regressors and outcome and log |V|, V in units of the residual variance.

    V = I + b J_wide + a J_narrow; each level takes one term off by the formula of Sherman and Morrison.
    """
    wide, narrow = ratios
    sums = group_sums(columns.values, columns.narrow)
    sizes = np.bincount(columns.narrow).astype(float)
    cross = columns.values.T @ columns.values - (sums * (narrow / (1 + narrow * sizes))[:, None]).T @ sums
    parents = np.empty(len(sizes), dtype=int)
    parents[columns.narrow] = columns.wide
    outer = group_sums(sums / (1 + narrow * sizes)[:, None], parents)
    weight = np.bincount(parents, weights=sizes / (1 + narrow * sizes))
    cross = cross - (outer * (wide / (1 + wide * weight))[:, None]).T @ outer
    return cross, float(np.log1p(narrow * sizes).sum() + np.log1p(wide * weight).sum())


def _profile(columns: _Columns, ratios: Floats) -> tuple[float, Floats, Floats, float]:
    """Return criterion, coefficients, their covariance and the residual variance at given ratios."""
    cross, log_determinant = _whitened(columns, ratios)
    size = len(cross) - 1
    inner = cross[:size, :size]
    coefficients = solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    residual = float((cross[size, size] - cross[size, :size] @ coefficients) / free)
    criterion = log_determinant + float(np.linalg.slogdet(inner)[1]) + free * np.log(residual) + free
    return (
        float(criterion),
        np.asarray(coefficients, float),
        np.asarray(inverse(inner) * residual, float),
        residual,
    )
