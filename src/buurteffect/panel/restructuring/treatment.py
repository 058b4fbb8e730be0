"""Which areas a register of projects treats, when, how strongly, and how far the others lie from them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from buurteffect.errors import DataError

RINGS_M = (500.0, 1000.0, 2000.0)
"""Outer radius of each ring around a treated area, in metres."""


def treatment_of_areas(
    areas: pd.DataFrame,
    projects: pd.DataFrame,
    least_dose_share: float = 0.05,
) -> pd.DataFrame:
    """Return for every area whether, when and how strongly a register treats it.

    An area is treated from the first start of its projects on, if the social-rent dwellings that all its projects
    together demolished are at least `least_dose_share` of its dwellings, or if the register does not say how many
    they were. What was treated less is marked as such, and is neither treated nor fit for comparison.

    Parameters
    ----------
    areas : DataFrame
        One row per area: ``area_code``, ``dwellings_count``, and, for the rings, ``x_m, y_m`` of its centre.
    projects : DataFrame
        One row per project (`schema.PROJECTS`), in the codes of `areas`.
    least_dose_share : float
        Share of the dwellings from which on an area counts as treated.

    Returns
    -------
    DataFrame
        One row per area, in the order of `areas`: ``area_code``; ``cohort_year`` (first start; missing where not
        treated); ``dose_share`` (0 where there is no project, missing where the register does not say);
        ``projects_count``; ``status`` (treated, below_dose, untreated); ``nearest_treated_m``; ``ring`` (treated,
        ``0-500 m`` …, farther; missing without coordinates).

    Raises
    ------
    DataError
        If a project lies in an area that is not there.
    """
    unknown = sorted(set(projects["area_code"]) - set(areas["area_code"]))
    if unknown:
        raise DataError(
            "project register",
            column="area_code",
            found=f"{', '.join(unknown[:5])}{f' and {len(unknown) - 5} more' if len(unknown) > 5 else ''}",
            expected="codes of areas that are in the panel",
            action="give the codes of the panel's areas, or the year whose codes they are as code_year",
        )
    by_area = projects.groupby("area_code").agg(
        cohort_year=("start_year", "min"),
        demolished=("demolished_social_dwellings_count", lambda values: values.sum(skipna=False)),
        projects_count=("project_id", "size"),
    )
    result = areas[["area_code"]].merge(by_area, how="left", left_on="area_code", right_index=True)
    result = result.reset_index(drop=True)
    result["projects_count"] = result["projects_count"].fillna(0).astype("int64")
    none = result["projects_count"] == 0
    dose = result.pop("demolished") / areas["dwellings_count"].to_numpy(dtype=float)
    result["dose_share"] = dose.where(~none, 0.0)
    below = ~none & (result["dose_share"] < least_dose_share)
    result["status"] = np.select([none, below], ["untreated", "below_dose"], "treated")
    result["cohort_year"] = result["cohort_year"].where(result["status"] == "treated").astype(float)
    return _with_rings(result, areas)


def _with_rings(result: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Add the distance to the nearest treated area, and the ring that it falls in."""
    treated = (result["status"] == "treated").to_numpy()
    result["nearest_treated_m"] = np.nan
    result["ring"] = pd.Series(pd.NA, index=result.index, dtype="str")
    if not {"x_m", "y_m"} <= set(areas.columns) or not treated.any():
        return result
    place = areas[["x_m", "y_m"]].to_numpy(dtype=float)
    known = np.isfinite(place).all(axis=1)
    if not (treated & known).any():
        return result
    distance, _ = cKDTree(place[treated & known]).query(place[known])
    result.loc[known, "nearest_treated_m"] = distance
    edges = (0.0, *RINGS_M)
    names = [f"{low:.0f}-{high:.0f} m" for low, high in zip(edges, RINGS_M, strict=False)]
    ring = pd.cut(result["nearest_treated_m"], [-1.0, *RINGS_M, np.inf], labels=[*names, "farther"]).astype("str")
    result["ring"] = ring.where(~treated, "treated").where(known | treated)
    return result
