"""Correlated and random effects of families (Mundlak), beside the sibling comparison."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import statsmodels
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.design import EXPOSURE, STANDARD, VARYING, ChildDesign
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import Fit, check_normal_equations, least_squares
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, demean
from buurteffect.estimate.inference.sandwich import ClusteredErrors, covariance
from buurteffect.estimate.regression.ols_iv import ivreg
from buurteffect.estimate.regression.variance_components import Levels, Spread, find_spread

BETWEEN = "between families"
RANDOM, RANDOM_WITH_MEANS = "random intercepts", "random intercepts, family means held fixed"
SOFTWARE = f"statsmodels {statsmodels.__version__}"

_ALIKE = 1e-9
_FAMILIES = 800  # statsmodels goes through groups one by one: the components are found on this many families


def correlated_effects(children: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the correlated random effects slope: within families, and what the comparison between families adds.

    y_if = β E_if + ξ Ē_f + x_if'γ + x̄_f'ζ + e_if over families with two children or more. β is the coefficient of the
    sibling comparison, exactly; ξ is what the comparison between families adds, and its test against zero is the one
    of Hausman in a form that clustered errors allow: Mundlak (1978), doi:10.2307/1913646.

    Parameters
    ----------
    children, design
        As of `sibling_slope`.

    Returns
    -------
    EffectEstimate
        Two rows, ``exposure`` and ``between families``.

    Raises
    ------
    EstimationError
        If no family has two children.
    """
    several, means = _with_means(children)
    equation = design.between((EXPOSURE, means[0]), (*VARYING, *means[1:]))
    return ivreg(several, equation).table("correlated random effects: family means held fixed", [EXPOSURE, BETWEEN])


def mixed_slopes(children: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the slope of a mixed model with a random intercept per family, without and with family means.

    A random intercept weighs differences within and between families by how much is known of each, and is right only
    if families that differ in exposure do not differ otherwise. With the means of `correlated_effects` beside it the
    slope is that of siblings. The components of variance are statsmodels' restricted maximum likelihood; at these
    the coefficients are generalised least squares, y − θ_f ȳ_f on the same of the regressors with
    θ_f = 1 − (1 + n_f ω)^(−1/2), ω the ratio of the components.

    Parameters
    ----------
    children, design
        As of `sibling_slope`.

    Returns
    -------
    EffectEstimate
        Two rows, `RANDOM` and `RANDOM_WITH_MEANS`.

    Raises
    ------
    EstimationError
        If no family has two children, or the components are not found.
    """
    require(children, design.clusters, "table of children")
    several, means = _with_means(children)
    tables = {}
    for name, columns in ((RANDOM, (EXPOSURE, *VARYING)), (RANDOM_WITH_MEANS, (EXPOSURE, *VARYING, *means))):
        tables[name] = _random_intercepts(several, columns, name, design)
    found = stack(tables, "mixed model with a random intercept per family, restricted maximum likelihood")
    return replace(found, not_headline=("a random intercept assumes that families do not differ with exposure",))


def _with_means(children: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return families with two children or more, with family means, and the names of the means, exposure's first."""
    require_numbers(children, ("adult_rank", EXPOSURE, *VARYING), "table of children")
    require(children, ("family", "person"), "table of children")
    columns = [EXPOSURE, *VARYING]
    known = children.dropna(subset=["adult_rank", *columns])
    several = known[known.groupby("family")["person"].transform("size") > 1].reset_index(drop=True)
    if several.empty:
        raise EstimationError("no family has two children with a known adult rank: siblings cannot be compared")
    means = [f"family_{name}" for name in columns]
    several[means] = several.groupby("family")[columns].transform("mean").astype(float)
    return several, means


def _random_intercepts(
    several: pd.DataFrame, columns: tuple[str, ...], name: str, design: ChildDesign
) -> EffectEstimate:
    """Return the slope of exposure in a regression with a random intercept per family."""
    family = np.asarray(pd.factorize(several["family"])[0])
    values = several[list(columns)].to_numpy(dtype=float)
    regressors = np.column_stack([values - values.mean(axis=0), np.ones(len(several))])
    outcome = several["adult_rank"].to_numpy(dtype=float)
    ratio, families = _variance_ratio(outcome, regressors, family)
    theta = 1 - 1 / np.sqrt(1 + ratio * np.bincount(family))
    both = np.column_stack([outcome, regressors])
    left = both - theta[family, None] * (both - demean(both, family))
    slopes = least_squares(left[:, 1:], left[:, 0])  # means of ages and of years of birth may explain each other
    fit = check_normal_equations(
        Fit(
            names=(*columns, "intercept"),
            coefficients=slopes,
            regressors=left[:, 1:],
            residuals=left[:, 0] - left[:, 1:] @ slopes,
            effects=(),
            frame=several,
            unit="person",
            time="person",
            units_count=len(several),
            treated_count=len(several),
            software=SOFTWARE,
        )
    )
    result = covariance(fit, ClusteredErrors(design.clusters))
    return EffectEstimate.of(
        [name],
        fit.coefficients[:1],
        result.std_errors[:1],
        method=name,
        convention=f"{result.words} Components of variance from {families:,} families, ratio {ratio:.3f}",
        units_count=len(several),
        treated_count=len(several),
        clusters_count=result.groups_count,
        totals=(len(several), result.groups_count, 0),
        alpha=design.alpha,
        degrees=result.degrees,
        software=SOFTWARE,
    )


def _variance_ratio(outcome: Floats, regressors: Floats, family: Integers) -> tuple[float, int]:
    """Return the family's variance over that of the rest, from every k-th family, and how many these are."""
    every = -(-(int(family.max()) + 1) // _FAMILIES)
    some = family % every == 0
    left, sizes, _ = np.linalg.svd(regressors[some], full_matrices=False)
    basis = left[:, sizes > sizes[0] * _ALIKE] * np.sqrt(len(left))  # the ratio is that of the columns' space
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = MixedLM(outcome[some], basis, groups=family[some]).fit(reml=True, method=["bfgs", "lbfgs"])
    codes = np.unique(family[some], return_inverse=True)[1]
    rows = Levels(np.column_stack([basis, outcome[some]]), np.ones((len(codes), 1)), codes, None)
    start = Spread(np.array([[float(fitted.cov_re.item()) / float(fitted.scale)]]), 0.0)
    found = find_spread(rows, True, "family", "family", start)
    return float(found.wide[0, 0]), int(codes.max()) + 1
