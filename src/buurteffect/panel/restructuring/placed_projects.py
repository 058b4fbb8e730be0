"""Which area of a panel each project of a register lies in."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

_WIJK_SIGNS = 8


@dataclass(frozen=True, eq=False)
class PlacedProjects:
    """Projects on the areas of a panel.

    Parameters
    ----------
    frame : DataFrame
        One row per project, ``area_code`` that of the panel.
    left_out : tuple of dict
        What could not be placed, or was placed by a code that nothing checks: ``what, reason, count``.
    """

    frame: pd.DataFrame
    left_out: tuple[dict[str, object], ...]


def place_projects(projects: pd.DataFrame, areas: pd.Series, level: str, base_year: int | None) -> PlacedProjects:
    """Place the projects of a register on the areas of one level.

    A project in a buurt lies in the wijk whose code its own begins with. One that is known only by its gemeente or
    postcode lies in no single buurt or wijk.

    Parameters
    ----------
    projects : DataFrame
        The register (`schema.panel.RESOLVED_PROJECTS`).
    areas : Series
        Codes of the panel's areas of the base year; of each year its own where there is none.
    """
    fits = projects["level"] == level
    inside = (projects["level"] == "buurt") if level == "wijk" else pd.Series(False, index=projects.index)
    wijk = "WK" + projects["area_code"].str[2:_WIJK_SIGNS]
    placed = projects.assign(area_code=projects["area_code"].where(~inside, wijk))[fits | inside]
    there = placed["area_code"].isin(set(areas))
    left_out: list[dict[str, object]] = []
    coarse = projects[~(fits | inside)]
    for kind, count in coarse["level"].value_counts().items():
        reason = f"known only by its {kind}: lies in no single {level}, and its {level}en count as untreated"
        left_out.append({"what": "projects", "reason": reason, "count": int(count)})
    if (~there).any():
        reason = f"the code is not one of the panel's {level}en ({base_year or 'as published'})"
        left_out.append({"what": "projects", "reason": reason, "count": int((~there).sum())})
    other = there & (placed["code_year"] != base_year) if base_year is not None else pd.Series(False, index=there.index)
    if other.any():
        reason = f"placed by a code of another year than {base_year}: nothing checks that the area is the same"
        left_out.append({"what": "projects kept", "reason": reason, "count": int(other.sum())})
    return PlacedProjects(placed[there].reset_index(drop=True), tuple(left_out))
