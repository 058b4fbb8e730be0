"""A plain panel of two key figures by area and year, of areas that the publisher says did not change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.panel.areas.panel_files import has_key_figures, read_joined
from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.project import Project
from buurteffect.sources.download.missing_data import missing_data

_SHOWN = 5
MOST_BUURTEN = "most_buurten"
"""Ask for the gemeente with most buurten that have the figures."""

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
    gemeente_code : str
        The gemeente.
    gemeenten : DataFrame
        One row per gemeente whose unchanged buurten have both figures in two years or more: ``gemeente_code,
        gemeente_name, areas_count`` (such buurten), ``first_year, last_year``; those with most buurten first.
    """

    frame: pd.DataFrame
    left_out: pd.DataFrame
    breaks: pd.DataFrame
    inputs: tuple[InputFile, ...]
    gemeente_code: str
    gemeenten: pd.DataFrame

    @property
    def years(self) -> list[int]:
        """The years."""
        return sorted(int(year) for year in self.frame["year"].unique())

    def long_difference(self) -> pd.DataFrame:
        """Return the rows of the first and last year of areas seen in both."""
        ends = self.frame[self.frame["year"].isin((self.years[0], self.years[-1]))]
        return ends[ends.groupby("area_code")["year"].transform("size") == 2].reset_index(drop=True)


def dose_panel(source: str, gemeente_code: str = MOST_BUURTEN, project: Project | None = None) -> DosePanel:
    """Return the share of housing associations and the value of dwellings by buurt and year.

    The figures are as published. An area that the publisher flags as changed in any year after the first is left out
    whole: what its code meant before is another area.

    Parameters
    ----------
    source : {"synthetic", "open"}
        Where the data come from.
    gemeente_code : str
        GM and four digits; `MOST_BUURTEN` takes the gemeente with most buurten that have both figures in two years or
        more.
    project : Project, optional
        The checkout.

    Raises
    ------
    ProjectError
        If the panel has not been built.
    MissingDataError
        If it has no two years of these figures for the gemeente.
    """
    asked = "the share of association dwellings and the value of dwellings by buurt, of "
    asked += "any gemeente" if gemeente_code == MOST_BUURTEN else gemeente_code
    if not has_key_figures(source, "buurt", project):
        raise missing_data(source, asked, "key figures by buurt, of two years or more", ["key_figures"], project)
    joined = read_joined(source, "buurt", AS_PUBLISHED, project)
    every = _figures(joined.frame)
    gemeenten = _gemeenten_with_both(every)
    if gemeenten.empty or gemeente_code not in {MOST_BUURTEN, *gemeenten["gemeente_code"]}:
        there = ", ".join(gemeenten["gemeente_code"].head(_SHOWN)) or "no gemeente"
        missing = f"both figures of two years or more, of buurten that did not change; {there} has them"
        raise missing_data(source, asked, missing, ["key_figures"], project)
    chosen = gemeenten["gemeente_code"].iloc[0] if gemeente_code == MOST_BUURTEN else gemeente_code
    named = every[every["gemeente_code"] == chosen]
    rows = joined.frame.loc[named.index]
    named = named[named["counts"]]
    unchanged = named[~named["changed"]]
    frame = unchanged[unchanged["association_share"].notna() & unchanged["log_woz_value"].notna()]
    left_out = [
        {
            "what": "buurten",
            "reason": "flagged as changed in a year after the first",
            "count": int(named.loc[named["changed"], "area_code"].nunique()),
        },
        *_missing(rows, unchanged, "association_share", "association_rented_share"),
        *_missing(rows, unchanged[unchanged["association_share"].notna()], "log_woz_value", "woz_value_eur"),
    ]
    concepts = {"woz_value_eur": "log_woz_value", "association_rented_share": "association_share"}
    breaks = joined.breaks[joined.breaks["concept"].isin(concepts)]
    return DosePanel(
        frame.drop(columns=["boundary_flag", "gemeente_name", "counts", "changed"]).sort_values(
            ["area_code", "year"], ignore_index=True
        ),
        pd.DataFrame(left_out, columns=["what", "reason", "count"]),
        breaks.assign(concept=breaks["concept"].map(concepts)).reset_index(drop=True),
        joined.inputs,
        chosen,
        gemeenten,
    )


def _figures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return both figures of every row of key figures.

    ``counts`` says whether the gemeente has both in that year, ``changed`` whether the area is flagged in a later year
    of these than their first.
    """
    rows = frame[frame["in_key_figures"]]
    names = ["area_code", "gemeente_code", "gemeente_name", "year", "boundary_flag", "dwellings_count"]
    found = rows[names].assign(
        association_share=rows["association_rented_share"].astype(float),
        log_woz_value=np.log(rows["woz_value_eur"].astype(float).where(rows["woz_value_eur"] > 0)),
    )
    both = found["association_share"].notna() & found["log_woz_value"].notna()
    found["counts"] = both.groupby([found["gemeente_code"], found["year"]]).transform("any")
    first = found["gemeente_code"].map(found[found["counts"]].groupby("gemeente_code")["year"].min())
    flagged = found["counts"] & (found["year"] > first) & (found["boundary_flag"] != UNCHANGED)
    found["changed"] = flagged.groupby(found["area_code"]).transform("any")
    return found


def _gemeenten_with_both(figures: pd.DataFrame) -> pd.DataFrame:
    """Return the gemeenten whose unchanged buurten have both figures in two years or more, see `DosePanel`."""
    known = figures["association_share"].notna() & figures["log_woz_value"].notna() & ~figures["changed"]
    both = figures[known & figures["gemeente_code"].notna()]
    twice = both[both.groupby("area_code")["year"].transform("nunique") >= 2]
    grouped = twice.sort_values("year", kind="stable").groupby("gemeente_code")
    found = grouped.agg(
        gemeente_name=("gemeente_name", "last"),
        areas_count=("area_code", "nunique"),
        first_year=("year", "min"),
        last_year=("year", "max"),
    ).reset_index()
    return found.sort_values(["areas_count", "gemeente_code"], ascending=[False, True], ignore_index=True)


def _missing(rows: pd.DataFrame, part: pd.DataFrame, column: str, concept: str) -> list[dict[str, object]]:
    """Count the rows without a figure, by the reason that the panel gives."""
    lacking = part.index[part[column].isna()]
    counts = rows.loc[lacking, f"{concept}_missing"].fillna("not above zero").value_counts()
    return [{"what": f"rows without {concept}", "reason": str(r), "count": int(n)} for r, n in counts.items()]
