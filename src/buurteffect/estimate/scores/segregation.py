"""Segregation: the dissimilarity index of groups over areas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers


def dissimilarity(group_count: ArrayLike, total_count: ArrayLike) -> float:
    """Return the dissimilarity index of a group over areas.

    .. math:: D = ½ Σ_b |x_b / X − (t_b − x_b) / (T − X)|

    with *x* the group and *t* all units of area *b*: the share of the group that would have to move for every area
    to have the same composition (Duncan and Duncan 1955, doi:10.2307/2088328).

    Parameters
    ----------
    group_count, total_count : array_like, shape (areas,)
        Units of the group and all units of each area.

    Returns
    -------
    float
        From 0 (even) to 1 (apart); NaN where the group or its complement is empty.

    Raises
    ------
    EstimationError
        If a count is negative or missing, or a group exceeds its total.

    Examples
    --------
    >>> dissimilarity([10, 0], [10, 10])
    1.0
    >>> dissimilarity([5, 5], [10, 10])
    0.0
    """
    group, total = np.asarray(group_count, dtype=float), np.asarray(total_count, dtype=float)
    rest = total - group
    if not (np.isfinite(group).all() and np.isfinite(total).all()) or (group < 0).any() or (rest < -1e-9).any():
        raise EstimationError("dissimilarity needs counts of a group that are neither missing nor above the total")
    if group.sum() == 0 or rest.sum() <= 0:
        return float("nan")
    return float(0.5 * np.abs(group / group.sum() - rest / rest.sum()).sum())


def dissimilarity_by_year(frame: pd.DataFrame, group: str, total: str) -> pd.DataFrame:
    """Return the dissimilarity index of each year over the areas that have both figures.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``year``, `group` and `total`. A `group` whose name ends in ``_share`` is a share
        of `total`, else a count.
    group, total : str
        Columns.

    Returns
    -------
    DataFrame
        One row per year: ``year, estimate, units_count, left_out_count`` (areas without one of the figures).
    """
    require_numbers(frame, (group, total), "panel")
    require(frame, ("year",), "panel")
    rows = []
    for year, part in frame.groupby("year"):
        known = part[[group, total]].dropna()
        known = known[known[total] > 0]
        count = known[group] * known[total] if group.endswith("_share") else known[group].clip(upper=known[total])
        if len(known):
            value = dissimilarity(count, known[total])
            rows.append(
                {"year": year, "estimate": value, "units_count": len(known), "left_out_count": len(part) - len(known)}
            )
    return pd.DataFrame(rows, columns=["year", "estimate", "units_count", "left_out_count"])


def segregation_of_groups(frame: pd.DataFrame, groups: Mapping[str, tuple[str, str]]) -> pd.DataFrame:
    """Return the dissimilarity of several groups by year.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year.
    groups : mapping of str to tuple of str
        Name of a group to the columns of the group and of its total (see `dissimilarity_by_year`).

    Returns
    -------
    DataFrame
        One row per group and year: ``group, year, estimate, units_count, left_out_count``.
    """
    parts = [dissimilarity_by_year(frame, *columns).assign(group=name) for name, columns in groups.items()]
    return pd.concat(parts, ignore_index=True)[["group", "year", "estimate", "units_count", "left_out_count"]]


def shares_by_year(frame: pd.DataFrame, shares: Sequence[str], total: str) -> pd.DataFrame:
    """Return shares of all areas together, weighted by what they are shares of.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``year``, `shares` and `total`.
    shares : sequence of str
        Columns with shares of `total`.
    total : str
        Column with counts.

    Returns
    -------
    DataFrame
        One row per share and year with a value: ``concept, year, estimate, units_count`` (areas with both).
    """
    require_numbers(frame, (*shares, total), "panel")
    require(frame, ("year",), "panel")
    rows = []
    for (year, part), concept in product(frame.groupby("year"), shares):
        known = part[[concept, total]].dropna()
        if known[total].sum() > 0:
            value = float((known[concept] * known[total]).sum() / known[total].sum())
            rows.append({"concept": concept, "year": year, "estimate": value, "units_count": len(known)})
    return pd.DataFrame(rows, columns=["concept", "year", "estimate", "units_count"])


_URBAN_CLASSES = (1, 2)
_COLUMNS = ("low_income_households_share", "lowest40_households_share", "household_income_standardised_eur")


def urban_spread(figures: pd.DataFrame, year: int) -> dict[str, float]:
    """Return the spread of low incomes and of mean income between the urban areas of one year, each area once.

    Parameters
    ----------
    figures : DataFrame
        One row per area and year: ``year``, ``urbanity_class`` (1 the densest), ``low_income_households_share``,
        ``lowest40_households_share`` (shares), ``household_income_standardised_eur``. Areas of which one is missing
        are left out.
    year : int
        Which year.

    Returns
    -------
    dict of str to float
        By name of the fact with the year behind it: mean and SD of the share of low incomes, SD of the share in the
        lowest 40%, SD of income over its mean, and the correlation of income with the share of low incomes.

    Raises
    ------
    EstimationError
        If fewer than three urban areas are published in full.

    Examples
    --------
    >>> table = pd.DataFrame(
    ...     [(2021, 1, 0.10, 0.5, 30_000.0), (2021, 2, 0.06, 0.4, 36_000.0), (2021, 1, 0.08, 0.3, 33_000.0)],
    ...     columns=["year", "urbanity_class", *_COLUMNS],
    ... )
    >>> round(urban_spread(table, 2021)["low_income_sd_2021"], 3)
    0.02
    """
    require_numbers(figures, ("year", *_COLUMNS), "table of figures")
    require(figures, ("urbanity_class",), "table of figures")
    urban = figures[(figures["year"] == year) & figures["urbanity_class"].isin(_URBAN_CLASSES)]
    known = urban[list(_COLUMNS)].dropna().astype(float)
    if len(known) < 3:
        raise EstimationError(
            f"{len(known)} urban areas have both shares and the mean income of {year}: three are needed for a spread; "
            "choose a year in which they are published"
        )
    low, lowest, income = (known[name] for name in _COLUMNS)
    return {
        f"low_income_mean_{year}": float(low.mean()),
        f"low_income_sd_{year}": float(low.std()),
        f"lowest40_sd_{year}": float(lowest.std()),
        f"income_cv_{year}": float(income.std() / income.mean()),
        f"income_low_income_correlation_{year}": float(income.corr(low)),
    }
