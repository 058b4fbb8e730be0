"""The register of projects as tables and as a map, and the areas whose treatment lies ahead."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import pandas as pd

from buurteffect.errors import MissingDataError, ProjectError
from buurteffect.panel.areas.panel_files import read_record
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.panel.inputs.source_folders import raw_folder
from buurteffect.panel.maps.area_map import read_map
from buurteffect.panel.restructuring.study import RestructuringStudy, restructuring_study
from buurteffect.project import Project
from buurteffect.sources import read_focus_areas
from buurteffect.sources.files.rawfile import sha256_of

_COUNTS = {
    "demolished_social": "demolished_social_dwellings_count",
    "built_owner": "built_owner_dwellings_count",
    "built_social": "built_social_dwellings_count",
    "built_private_rent": "built_private_rent_dwellings_count",
}


@dataclass(frozen=True)
class RestructuredAreas:
    """Areas with a project, by the register.

    Attributes
    ----------
    codes : frozenset of str
        Their codes; empty where there is no register, or none of its projects lies in these areas.
    inputs : tuple of InputFile
        The raw files.
    reason : str
        Why nothing can be said; empty where something can.
    """

    codes: frozenset[str]
    inputs: tuple[InputFile, ...]
    reason: str = ""


def restructured_areas(source: str, level: str, until: int, project: Project | None = None) -> RestructuredAreas:
    """Return the areas of a level in which a project of the register began by the year `until`, whatever its size.

    Raises
    ------
    ProjectError
        If the panel has not been built.
    DataError
        If the stored panel or register breaks its contract.
    """
    if level not in ("buurt", "wijk"):
        return RestructuredAreas(frozenset(), (), "the register is of buurten and wijken")
    try:
        study = restructuring_study(source, level, project=project)
    except MissingDataError as error:
        return RestructuredAreas(frozenset(), (), error.missing)
    if study.areas.empty or "register" in study.lacking:
        return RestructuredAreas(frozenset(), (), "a register of projects")
    begun = study.projects[study.projects["start_year"] <= until]
    codes = frozenset(map(str, begun["area_code"]))
    return RestructuredAreas(codes, study.inputs, "" if codes else f"a project that began by {until}")


def register_by_cohort(study: RestructuringStudy) -> pd.DataFrame:
    """Return what the register says, by the year in which treatment of an area starts.

    Returns
    -------
    DataFrame
        One row is one cohort: ``cohort_year, areas_count, before_count`` (years of the outcome before it),
        ``demolished_social, built_owner, built_social, built_private_rent`` (dwellings, of the projects that say so),
        ``missing_count`` (figures left empty) and ``dose_share`` (median share of dwellings demolished).
    """
    treated = study.treated[["area_code", "cohort_year", "dose_share"]]
    rows = study.projects.merge(treated, on="area_code")
    figures = rows[list(_COUNTS.values())]
    counted = rows.assign(missing_count=figures.isna().sum(axis=1)).rename(columns={v: k for k, v in _COUNTS.items()})
    sums = counted.groupby("cohort_year")[[*_COUNTS, "missing_count"]].sum(min_count=1)
    table = treated.groupby("cohort_year").agg(areas_count=("area_code", "size"), dose_share=("dose_share", "median"))
    table = table.join(sums).reset_index().astype({"cohort_year": "int64"})
    table["before_count"] = [sum(year < start for year in study.years) for start in table["cohort_year"]]
    return table[["cohort_year", "areas_count", "before_count", *_COUNTS, "missing_count", "dose_share"]]


def built_and_demolished(study: RestructuringStudy) -> pd.DataFrame:
    """Return what all placed projects demolished and built.

    Returns
    -------
    DataFrame
        One row is one kind of dwelling: ``kind, dwellings_count, share`` (of what was built), ``projects_count`` (that
        give the figure) and ``missing_count`` (that leave it empty).
    """
    values = study.projects[list(_COUNTS.values())].rename(columns={v: k for k, v in _COUNTS.items()})
    total = values.sum()
    built = float(total.drop("demolished_social").sum())
    return pd.DataFrame(
        {
            "kind": ["social rent, demolished", "owner-occupied, built", "social rent, built", "private rent, built"],
            "dwellings_count": [float(total[name]) for name in _COUNTS],
            "share": [float("nan") if name == "demolished_social" else total[name] / built for name in _COUNTS],
            "projects_count": [int(values[name].notna().sum()) for name in _COUNTS],
            "missing_count": [int(values[name].isna().sum()) for name in _COUNTS],
        }
    )


def stock_by_construction(owners: RestructuringStudy) -> pd.DataFrame:
    r"""Return what demolition and building do to the stock of an area, and to its share of owners, by arithmetic alone.

    With n dwellings before, a share p of them owner-occupied, d social rented ones demolished and b built, b_o of them
    to own, the share of owners becomes (p n + b_o) / (n − d + b) if nothing else happens: no dwelling that stays is
    sold or let, and no owner's dwelling is demolished.

    Parameters
    ----------
    owners : RestructuringStudy
        Of the outcome ``owner``.

    Returns
    -------
    DataFrame
        One row is one treated area with a share of owners before its start, of whose projects the register gives all
        figures: ``area_code, cohort_year, demolished_share`` (of the dwellings before), ``new_share`` (of those after),
        ``owner_share_before, owner_share_after`` (by construction) and ``owner_share_change``.
    """
    figures = owners.projects.groupby("area_code")[list(_COUNTS.values())].agg(lambda column: column.sum(skipna=False))
    rows = owners.frame[owners.frame["year"] < owners.frame["cohort_year"]].sort_values("year", kind="stable")
    before = rows.groupby("area_code")[owners.column].last().rename("owner_share_before")
    table = owners.treated[["area_code", "cohort_year", "dwellings_count"]].set_index("area_code")
    table = table.join(figures.rename(columns={v: k for k, v in _COUNTS.items()})).join(before)
    built = table["built_owner"] + table["built_social"] + table["built_private_rent"]
    after = table["dwellings_count"] - table["demolished_social"] + built
    owned = table["owner_share_before"] * table["dwellings_count"] + table["built_owner"]
    made = table[["cohort_year", "owner_share_before"]].assign(
        demolished_share=table["demolished_social"] / table["dwellings_count"],
        new_share=built / after,
        owner_share_after=owned / after,
    )
    made["owner_share_change"] = made["owner_share_after"] - made["owner_share_before"]
    columns = ["cohort_year", "demolished_share", "new_share", "owner_share_before", "owner_share_after"]
    return made.dropna()[[*columns, "owner_share_change"]].reset_index().astype({"cohort_year": "int64"})


def restructuring_map(study: RestructuringStudy, project: Project | None = None) -> gpd.GeoDataFrame | None:
    """Return the polygons of all areas with the outcome in its first year and whether they are treated.

    Returns
    -------
    GeoDataFrame or None
        One row is one area: ``area_code, geometry, baseline_outcome, treated``; None where the source has no
        boundaries of the level.
    """
    try:
        areas = read_map(study.source, study.level, project)
    except ProjectError:
        return None
    first = study.frame.drop_duplicates("area_code")[["area_code", "baseline_outcome"]]
    found = areas.merge(first, on="area_code", how="left")
    found["treated"] = found["area_code"].isin(study.treated["area_code"])
    return found


def focus_areas_of(study: RestructuringStudy, project: Project | None = None) -> pd.DataFrame:
    """Return the focus areas of the programme of 2022, with the outcome in their gemeenten in its last two years.

    The list names areas and gives the code of their gemeente, not those of their wijken: which wijken belong to them is
    not known, so the figures are those of all areas of the gemeente.

    Returns
    -------
    DataFrame
        One row is one focus area: ``focus_area, gemeente_name, gemeente_code, confirmation, areas_count`` (areas of the
        gemeente in the panel), ``earlier, later`` (mean outcome in the last two years). Without rows where the source
        has no list.

    Raises
    ------
    ProjectError
        If the list is not the one that the panel was built beside.
    """
    columns = ["focus_area", "gemeente_name", "gemeente_code", "confirmation", "areas_count", "earlier", "later"]
    files = sorted((raw_folder(study.source, project) / "treatment").glob("nplv*.csv"))
    if study.source != "open" or not files or len(study.years) < 2:
        return pd.DataFrame(columns=columns)
    known = {item["sha256"] for item in read_record(study.source, project)["inputs"]}
    if sha256_of(files[0]) not in known:
        raise ProjectError(f"{files[0].name} is not the list that the panel was built beside: build the panel anew")
    table = read_focus_areas(files[0]).frame
    wide = study.frame[study.frame["year"].isin(study.years[-2:])]
    means = wide.groupby(["gemeente_code", "year"])[study.column].agg(["mean", "size"])
    for name, year in zip(("earlier", "later"), study.years[-2:], strict=True):
        at = means[means.index.get_level_values("year") == year].droplevel("year")
        table[name] = table["gemeente_code"].map(at["mean"])
        table["areas_count"] = table["gemeente_code"].map(at["size"])
    return table[columns]
