"""A plain panel of two key figures by area and year, of areas that the publisher says did not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.folder import InputFile
from buurteffect.panel.views import read_joined
from buurteffect.project import Project

UNCHANGED = 1
"""What the publisher's flag says of an area that is as it was the year before."""


@dataclass(frozen=True, eq=False)
class DosePanel:
    """Two key figures of the areas of one gemeente.

    Parameters
    ----------
    frame : DataFrame
        One row is one area in one year, of areas that are unchanged in every year after the first and have both
        figures: ``area_code, gemeente_code, year, association_share`` (0-1), ``log_woz_value, dwellings_count``.
    left_out : DataFrame
        What was left out: ``what, reason, count``.
    breaks : DataFrame
        Breaks of the two series: ``concept, break_year, reason``.
    inputs : tuple of InputFile
        The raw files.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame
    breaks: pd.DataFrame
    inputs: tuple[InputFile, ...]

    @property
    def years(self) -> list[int]:
        """The years."""
        return sorted(int(year) for year in self.frame["year"].unique())

    def long_difference(self) -> pd.DataFrame:
        """Return the rows of the first and last year of areas seen in both."""
        ends = self.frame[self.frame["year"].isin((self.years[0], self.years[-1]))]
        return ends[ends.groupby("area_code")["year"].transform("size") == 2].reset_index(drop=True)


def dose_panel(source: str, gemeente_code: str, project: Project | None = None) -> DosePanel:
    """Return the share of housing associations and the value of dwellings by buurt and year.

    The figures are as published. An area that the publisher flags as changed in any year after the first is left out
    whole: what its code meant before is another area.

    Parameters
    ----------
    source : {"synthetic", "open"}
        Where the data come from.
    gemeente_code : str
        GM and four digits.
    project : Project, optional
        The checkout.

    Raises
    ------
    ProjectError
        If the panel has not been built, or has no two years of these figures for the gemeente.
    """
    joined = read_joined(source, "buurt", "as_published", project)
    rows = joined.frame[(joined.frame["gemeente_code"] == gemeente_code) & joined.frame["in_key_figures"]]
    named = rows[["area_code", "gemeente_code", "year", "boundary_flag", "dwellings_count"]].assign(
        association_share=rows["association_rented_share"].astype(float),
        log_woz_value=np.log(rows["woz_value_eur"].astype(float).where(rows["woz_value_eur"] > 0)),
    )
    both = named["association_share"].notna() & named["log_woz_value"].notna()
    years = sorted(named.loc[both, "year"].unique())
    if len(years) < 2:
        raise ProjectError(
            f"source {source!r} has {len(years)} years with tenure and value of dwellings for {gemeente_code}: put the "
            "key figures of two years or more beside the other data"
        )
    named = named[named["year"].isin(years)]
    changed = set(named.loc[(named["year"] > years[0]) & (named["boundary_flag"] != UNCHANGED), "area_code"])
    steady = named[~named["area_code"].isin(changed)]
    frame = steady[steady["association_share"].notna() & steady["log_woz_value"].notna()]
    left_out = [
        {"what": "buurten", "reason": "flagged as changed in a year after the first", "count": len(changed)},
        *_missing(rows, steady, "association_share", "association_rented_share"),
        *_missing(rows, steady[steady["association_share"].notna()], "log_woz_value", "woz_value_eur"),
    ]
    concepts = {"woz_value_eur": "log_woz_value", "association_rented_share": "association_share"}
    breaks = joined.breaks[joined.breaks["concept"].isin(concepts)]
    return DosePanel(
        frame.drop(columns="boundary_flag").sort_values(["area_code", "year"], ignore_index=True),
        pd.DataFrame(left_out, columns=["what", "reason", "count"]),
        breaks.assign(concept=breaks["concept"].map(concepts)).reset_index(drop=True),
        joined.inputs,
    )


def _missing(rows: pd.DataFrame, part: pd.DataFrame, column: str, concept: str) -> list[dict[str, object]]:
    """Count the rows without a figure, by the reason that the panel gives."""
    lacking = part.index[part[column].isna()]
    counts = rows.loc[lacking, f"{concept}_missing"].fillna("not above zero").value_counts()
    return [{"what": f"rows without {concept}", "reason": str(r), "count": int(n)} for r, n in counts.items()]
