"""Intergenerational mobility: absolute upward mobility by gemeente, and the rank-rank slope by birth cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.design import STANDARD, ChildDesign
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.intervals import interval, p_value
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate, Estimate
from buurteffect.estimate.inference.sandwich import ClusteredErrors, covariance
from buurteffect.estimate.regression.ols_iv import Equation, ivreg

PER_COHORTS = 10
"""Years of birth over which a change of the slope is told."""

CHANGE, LEVEL = "change of the slope per ten years of birth", "slope in the middle cohort"
_FEWEST = 30


def rank_by_gemeente(children: pd.DataFrame, percentile: float = 25.0, alpha: float = 0.05) -> Estimate:
    """Return absolute upward mobility: the mean adult rank of children of parents at one rank, by gemeente.

    In each gemeente by itself r_i = a + b (p_i − percentile) + e_i, and a is the figure: Chetty, Hendren, Kline & Saez
    (2014), doi:10.1093/qje/qju022. Children belong to the gemeente of their last year of childhood.

    Parameters
    ----------
    children : DataFrame
        One row per child, see `panel.read_childhoods`.
    percentile : float
        Rank of the parents, 0 to 100.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    Estimate
        One row per gemeente with at least 30 children: ``gemeente``, then the result columns; errors are clustered by
        family.

    Raises
    ------
    EstimationError
        If fewer than three gemeenten are left.
    """
    require_numbers(children, ("adult_rank", "parent_rank"), "table of children")
    require(children, ("gemeente",), "table of children")
    known = children.dropna(subset=["adult_rank", "parent_rank"])
    parts, small = [], 0
    for gemeente, rows in known.groupby("gemeente", sort=True):
        if len(rows) < _FEWEST:
            small += len(rows)
            continue
        frame = rows.assign(one=1.0, above=rows["parent_rank"] - percentile)
        fit = ivreg(frame, Equation("adult_rank", ("above",), clusters=("family",), alpha=alpha)).fit
        result, at = covariance(fit, ClusteredErrors(("family",))), fit.position("intercept")
        point, error = fit.coefficients[at], result.std_errors[at]
        low, high = interval(point, error, result.degrees, alpha)
        chance = float(p_value(point, error, result.degrees))
        parts.append((gemeente, point, error, low, high, len(rows), result.groups_count, chance))
    if len(parts) < 3:
        raise EstimationError(f"{len(parts)} gemeenten have {_FEWEST} children or more: three are needed")
    frame = pd.DataFrame(parts, columns=["gemeente", *RESULT_COLUMNS, "p_value"])
    dropped = (("children in gemeenten with too few", small),) if small else ()
    return Estimate(
        frame,
        f"adult rank of children whose parents stood at {percentile:g} of 100, a straight line in each gemeente",
        "clustered by family, t distribution",
        len(known) - small,
        len(parts),
        dropped,
    )


def named_regions(regions: Estimate, named: Mapping[str, Sequence[int]], alpha: float = 0.05) -> EffectEstimate:
    """Return how much higher children of some gemeenten stand than those of all others.

    Means over gemeenten by their number of children, n: Σ_g n_g r_g / Σ_g n_g inside less the same outside. Children
    belong to one gemeente, so that variances add up: Σ_g (n_g / Σ n)² v_g on both sides.

    Parameters
    ----------
    regions : Estimate
        From `rank_by_gemeente`.
    named : mapping of str to sequence of int
        Gemeenten of each region, by the region's name.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        One row per region: points of rank, missing where none of its gemeenten, or no other, has a figure.
    """
    table = regions.frame
    points, errors, counts = [], [], []
    for codes in named.values():
        inside = table["gemeente"].isin(list(codes)).to_numpy()
        counts.append(int(table["units_count"].to_numpy()[inside].sum()))
        if inside.all() or not inside.any():
            points.append(np.nan)
            errors.append(np.nan)
            continue
        sizes = table["units_count"].to_numpy(dtype=float)
        weights = np.where(inside, sizes / sizes[inside].sum(), -sizes / sizes[~inside].sum())
        points.append(float(weights @ table["estimate"]))
        errors.append(float(np.sqrt(weights**2 @ table["std_error"] ** 2)))
    return EffectEstimate.of(
        list(named),
        points,
        errors,
        method="mean of some gemeenten less that of all others, by their number of children",
        convention=f"{regions.error_convention}; gemeenten independent of each other, normal distribution",
        units_count=counts,
        clusters_count=regions.clusters_count,
        alpha=alpha,
        dropped=regions.dropped,
    )


def slope_by_cohort(children: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the rank-rank slope, of adult rank on the parents' rank, and how it changed from cohort to cohort.

    r_i = α_c + b p_i + d p_i (c_i − c̄)/10 + e_i with p the parents' rank within the cohort by their income when the
    child was 15 to 17, so that all cohorts' parents are seen at the same age of the child. Only cohorts that the
    panel saw at all three ages count.

    Parameters
    ----------
    children, design
        As of `sibling_slope`.

    Returns
    -------
    EffectEstimate
        Two rows: `LEVEL` and `CHANGE`.
    """
    require_numbers(children, ("childhood_years", "birth_year", "parent_rank_teenage"), "table of children")
    first = children.loc[children["childhood_years"] >= 3, "birth_year"].min()
    rows = children[children["birth_year"] >= first].copy()
    middle = float(np.floor((rows["birth_year"].min() + rows["birth_year"].max()) / 2))
    rows["later"] = rows["parent_rank_teenage"] * (rows["birth_year"] - middle) / PER_COHORTS
    equation = design.between(("parent_rank_teenage", "later"), ("female",), ("birth_year",))
    born = rows["birth_year"]
    words = f"adult rank on the parents' rank at ages 15 to 17, cohorts {born.min()} to {born.max()}"
    return ivreg(rows, equation).table(words, [LEVEL, CHANGE])
