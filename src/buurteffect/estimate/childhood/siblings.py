"""What a year of childhood in a better place is worth, from siblings who were of other ages when their family moved.

Siblings share parents and whatever made these choose their places; their exposures differ because they were older or
younger when the family moved or its place changed. What is left to doubt is whether parents moved because of one of
the children.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from buurteffect.estimate.childhood.design import EXPOSURE, STANDARD, STEP, VARYING, ChildDesign
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.inference.wald import JointTest, joint_test
from buurteffect.estimate.regression.ols_iv import ivreg

WINDOWS = ((0, 5), (6, 11), (12, 17), (18, 22), (23, 27))
"""Ages over which exposure is added up; those above childhood are years of the parents' place."""

KNOTS = (0.05, 0.10, 0.15, 0.20)
"""Shares of low incomes at which the slope of a year may change."""


def sibling_slope(children: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the childhood exposure effect per year and ten points fewer low incomes, from family fixed effects.

    y_if = β E_if + a n_if + b birth year + c female + φ_f + e_if, with n the years of childhood that the panel saw.

    Parameters
    ----------
    children : DataFrame
        One row per child, see `panel.read_childhoods`.
    design : ChildDesign
        How errors are clustered.

    Returns
    -------
    EffectEstimate
        One row, ``exposure``: points of adult rank.

    Raises
    ------
    EstimationError
        If no family has two children.
    """
    return ivreg(children, design.siblings()).table("siblings: effects of the family swept out")


def naive_slopes(children: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the association of adult rank and exposure between children, without and with their parents' income.

    Parameters
    ----------
    children, design
        As of `sibling_slope`.

    Returns
    -------
    EffectEstimate
        Two rows, ``exposure alone`` and ``exposure given the parents' income``. No figure of it may be a headline: it
        holds whatever made families choose their places.
    """
    require_numbers(children, ("parent_rank",), "table of children")
    frame = children.assign(parent_rank_squared=children["parent_rank"] ** 2 / 100)
    base = design.between((EXPOSURE,), ("childhood_years", "female", "nonwestern"), ("birth_year",))
    held = replace(base, controls=(*base.controls, "parent_rank", "parent_rank_squared"))
    names = ("exposure alone", "exposure given the parents' income")
    tables = {
        name: ivreg(frame, each).table("least squares between children", [name])
        for name, each in zip(names, (base, held), strict=True)
    }
    found = stack(tables, "least squares between children")
    return replace(found, not_headline=("families choose their places: this is an association",))


def exposure_between(years: pd.DataFrame, windows: tuple[tuple[int, int], ...] = WINDOWS) -> pd.DataFrame:
    """Return the exposure of each child over windows of age.

    Parameters
    ----------
    years : DataFrame
        One row per child and year, see `panel.read_childhoods`: ``person, age, low_income_share``.
    windows : tuple of (int, int)
        Ages, ends included.

    Returns
    -------
    DataFrame
        One row per child (index ``person``): ``exposure_0_5`` and so on (sum over the years seen of 0.10 less the
        share, over 0.10) and ``years_0_5`` and so on (years seen).
    """
    require_numbers(years, ("low_income_share", "age"), "table of years")
    require(years, ("person",), "table of years")
    known = years[years["low_income_share"].notna()]
    columns = {}
    for low, high in windows:
        inside = known[known["age"].between(low, high)]
        by = ((STEP - inside["low_income_share"]) / STEP).groupby(inside["person"])
        columns[f"exposure_{low}_{high}"], columns[f"years_{low}_{high}"] = by.sum(), by.size()
    table = pd.DataFrame(columns).reindex(years["person"].unique()).fillna(0.0)
    return table.rename_axis("person").sort_index()


def slopes_by_age(
    children: pd.DataFrame,
    years: pd.DataFrame,
    windows: tuple[tuple[int, int], ...] = WINDOWS,
    design: ChildDesign = STANDARD,
) -> tuple[EffectEstimate, JointTest]:
    """Return the slope by the age at which a year was lived, from differences between siblings.

    Years after childhood are those of the parents' place and cannot have done anything to the child through it.

    Parameters
    ----------
    children, years : DataFrame
        See `panel.read_childhoods`.
    windows : tuple of (int, int)
        Ages, ends included.
    design : ChildDesign
        How errors are clustered.

    Returns
    -------
    EffectEstimate
        One row per window, points of rank per year and step.
    JointTest
        That the slopes of the windows up to 17 are equal.
    """
    require(children, ("person",), "table of children")
    frame = children.merge(exposure_between(years, windows), on="person")
    names = tuple(f"exposure_{low}_{high}" for low, high in windows)
    seen = tuple(f"years_{low}_{high}" for low, high in windows)
    equation = design.siblings(names, (*seen, "birth_year", "female"))
    labels = [f"{low}–{high}" for low, high in windows]
    table = ivreg(frame, equation).table("siblings: exposure by age, effects of the family swept out", labels)
    young = [place for place, (_, high) in enumerate(windows) if high <= WINDOWS[2][1]]
    return table, joint_test(table, young, equal=True)


def exposure_spline(years: pd.DataFrame, knots: tuple[float, ...] = KNOTS) -> pd.DataFrame:
    """Return the basis of the spline: each child's years of childhood above some shares of low incomes.

    Parameters
    ----------
    years : DataFrame
        One row per child and year, see `panel.read_childhoods`.
    knots : tuple of float
        Shares of low incomes.

    Returns
    -------
    DataFrame
        One row per child (index ``person``): ``above_5`` and so on, the sum over the years of childhood of how far the
        share lay above the knot, in steps of ten points.
    """
    require_numbers(years, ("at_home", "low_income_share", "age"), "table of years")
    require(years, ("person",), "table of years")
    young = years[years["at_home"] & (years["age"] <= WINDOWS[2][1]) & years["low_income_share"].notna()]
    share = young["low_income_share"]
    columns = {knot_name(knot): ((share - knot).clip(lower=0) / STEP).groupby(young["person"]).sum() for knot in knots}
    return pd.DataFrame(columns).rename_axis("person")


def knot_name(knot: float) -> str:
    """Return the name of a knot's column."""
    return f"above_{round(100 * knot)}"


def nonlinear_slope(
    children: pd.DataFrame,
    years: pd.DataFrame,
    knots: tuple[float, ...] = KNOTS,
    design: ChildDesign = STANDARD,
) -> tuple[EffectEstimate, JointTest]:
    """Return a linear spline of the exposure effect in the share of low incomes, from siblings.

    y_if = β E_if + Σ_k θ_k Σ_t max(0, share_t − κ_k) + … + φ_f + e_if: θ_k is how much the slope changes at κ_k, and a
    threshold is a θ below zero.

    Parameters
    ----------
    children, years : DataFrame
        See `panel.read_childhoods`.
    knots : tuple of float
        Shares of low incomes at which the slope may change.
    design : ChildDesign
        How errors are clustered.

    Returns
    -------
    EffectEstimate
        One row per knot: change of the slope there, points of rank per year and step of ten points more low incomes.
    JointTest
        That there is none: that the effect of a year is linear in the share.
    """
    require(children, ("person",), "table of children")
    frame = children.merge(exposure_spline(years, knots), on="person", how="left")
    names = tuple(knot_name(knot) for knot in knots)
    labels = [f"{knot:.0%}" for knot in knots]
    table = ivreg(frame, design.siblings(names, (EXPOSURE, *VARYING))).table(
        "siblings: change of the slope at a share of low incomes", labels
    )
    return table, joint_test(table, range(len(knots)))


def slope_by_mix(children: pd.DataFrame, years: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the interaction of the exposure effect with the mix of tenures, from siblings.

    y_if = β E_if + κ Σ_t E_t (m_t − m̄) + μ Σ_t (m_t − m̄) + … + φ_f + e_if with m the mix of tenures, in standard
    deviations over the years of childhood.

    Parameters
    ----------
    children, years : DataFrame
        See `panel.read_childhoods`.
    design : ChildDesign
        How errors are clustered.

    Returns
    -------
    EffectEstimate
        Two rows: ``exposure`` (slope at the mean mix) and ``exposure times mix`` (change of the slope per standard
        deviation of the mix).
    """
    require_numbers(years, ("at_home", "low_income_share", "tenure_mix"), "table of years")
    require(years, ("person",), "table of years")
    require(children, ("person",), "table of children")
    young = years[years["at_home"] & years["low_income_share"].notna() & years["tenure_mix"].notna()]
    mix = (young["tenure_mix"] - young["tenure_mix"].mean()) / young["tenure_mix"].std()
    step = (STEP - young["low_income_share"]) / STEP
    sums = pd.DataFrame({"mixed_exposure": step * mix, "mixed_years": mix}).groupby(young["person"]).sum()
    frame = children.merge(sums, left_on="person", right_index=True, how="left")
    equation = design.siblings((EXPOSURE, "mixed_exposure"), ("mixed_years", *VARYING))
    return ivreg(frame, equation).table("siblings: the slope by the mix of tenures", [EXPOSURE, "exposure times mix"])
