"""The movers and sibling designs combined: the most precise mean of both slopes, and a test that they agree."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.estimate.childhood.movers import MoversDesign, movers_sample
from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.inference.wald import JointTest, wald_test
from buurteffect.estimate.regression.ols_iv import Solution, ivreg

MOVERS, SIBLINGS, TOGETHER = "movers", "siblings", "both together"


def both_designs(children: pd.DataFrame, design: MoversDesign | None = None) -> tuple[EffectEstimate, JointTest]:
    """Return the slopes of the two designs, the most precise mean of both, and a test that they are one number.

    With b the two slopes and V their covariance, from the influence of each family on both, the mean is
    (1'V⁻¹b)/(1'V⁻¹1), which has the smallest variance of all weighted means, and (b₁ − b₂)²/var(b₁ − b₂) tests that
    both estimate the same (Hansen 1982, doi:10.2307/1912775).

    Parameters
    ----------
    children, design
        As of `movers_slope`; errors are clustered by family whatever the design says.

    Returns
    -------
    EffectEstimate
        Three rows, `MOVERS`, `SIBLINGS` and `TOGETHER`.
    JointTest
        That movers and siblings have one slope.
    """
    chosen = replace(design or MoversDesign(), clusters=("family",))
    solved = (
        ivreg(movers_sample(children, chosen.first_age, chosen.last_age), chosen.equation()),
        ivreg(children, chosen.siblings()),
    )
    slopes = np.array([float(each.fit.coefficients[0]) for each in solved])
    influence = pd.concat([_influence(each) for each in solved], axis=1).fillna(0.0).to_numpy()
    families = len(influence)
    matrix = cluster_covariance(influence)
    weights = solve_system(matrix, np.ones(2))
    weights /= weights.sum()
    points = np.append(slopes, weights @ slopes)
    errors = np.sqrt(np.append(np.diag(matrix), weights @ matrix @ weights))
    units = [each.fit.units_count for each in solved]
    together = len(set(solved[0].fit.frame["person"]) | set(solved[1].fit.frame["person"]))
    gap = np.array([[1.0, -1.0]])
    table = EffectEstimate.of(
        [MOVERS, SIBLINGS, TOGETHER],
        points,
        errors,
        method=f"both designs, weights {weights[0]:.2f} on movers and {weights[1]:.2f} on siblings",
        convention="from the influence of each family on both slopes, times G/(G − 1); normal distribution",
        units_count=[*units, together],
        treated_count=[*units, sum(units)],
        clusters_count=families,
        totals=(together, families, together),
        alpha=chosen.alpha,
        dropped=solved[1].fit.dropped,
        software=solved[0].fit.software,
    )
    return table, wald_test(gap @ slopes, gap @ matrix @ gap.T)


def _influence(solved: Solution) -> pd.Series:
    """Return how much each family adds to the first coefficient."""
    fit = solved.fit
    family = fit.frame["family"]
    return pd.Series(fit.regressors @ fit.bread[0] * fit.residuals).groupby(family.to_numpy()).sum()
