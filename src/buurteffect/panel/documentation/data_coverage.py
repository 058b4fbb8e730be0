"""What a panel holds: coverage, reasons for missing values, and how well the instrument's identities are kept."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.areas.panel_files import JoinedLevel, read
from buurteffect.project import Project
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, LEVELS, MissingReason
from buurteffect.schema.kwb import CONCEPTS

_DIMENSIONS = list(DIMENSIONS_3.values())


def coverage(source: str, project: Project | None = None) -> pd.DataFrame:
    """Return how many areas each level has in each wave, and how many have a score and dimensions.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Returns
    -------
    DataFrame
        One row per level and wave: ``level, year, areas_count, scored_count, with_dimensions_count``.
    """
    frames = []
    for level in LEVELS:
        try:
            frames.append(read(source, level, project).frame)
        except ProjectError:
            continue
    whole = pd.concat(frames)
    return (
        whole.assign(with_dimensions=whole[_DIMENSIONS].notna().all(axis=1))
        .groupby(["level", "year"], as_index=False)
        .agg(
            areas_count=("area_code", "size"),
            scored_count=("liveability_score", "count"),
            with_dimensions_count=("with_dimensions", "sum"),
        )
    )


def missing_values(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many values each column lacks, by wave and reason.

    Returns
    -------
    DataFrame
        One row per column, wave and reason: ``column, year, reason, values_count``.
    """
    columns = [name for name in frame.columns if f"{name}_missing" in frame.columns]
    reasons = frame.rename(columns={f"{name}_missing": f"{name}_reason" for name in columns})
    long = reasons.melt("year", [f"{name}_reason" for name in columns], "column", "reason").dropna(subset="reason")
    long["column"] = long["column"].str.removesuffix("_reason")
    return long.groupby(["column", "year", "reason"], as_index=False).size().rename(columns={"size": "values_count"})


def identities(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how far the rows are from the two identities of version 3.

    Returns
    -------
    DataFrame
        One row per identity: ``identity, rows_count`` that it can be checked in, ``largest_deviation_score``.
    """
    reference = (frame["liveability_score"] - frame["liveability_deviation_score"] - DEVIATION_REFERENCE).abs()
    total = (frame["liveability_deviation_score"] - frame[_DIMENSIONS].sum(axis=1, skipna=False)).abs()
    return pd.DataFrame(
        {
            "identity": [
                f"score − deviation = {DEVIATION_REFERENCE}, the same in every wave",
                "deviation = sum of the five dimensions",
            ],
            "rows_count": [int(reference.count()), int(total.count())],
            "largest_deviation_score": [float(reference.max()), float(total.max())],
        }
    )


def missing_by_concept(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many areas lack each concept, by year and reason.

    Parameters
    ----------
    frame : DataFrame
        Key figures of one level: one row per area and year.

    Returns
    -------
    DataFrame
        One row per concept and year: ``concept, year, areas_count, known_share`` (areas with a value), and one
        column per reason with the number of areas that lack the value for it.
    """
    concepts = [name for name in CONCEPTS if name in frame.columns]
    reasons = [str(reason) for reason in MissingReason]
    rows = []
    for year, part in frame.groupby("year"):
        for name in concepts:
            counts = part[f"{name}_missing"].value_counts()
            rows.append(
                {
                    "concept": name,
                    "year": year,
                    "areas_count": len(part),
                    "known_share": float(part[name].notna().mean()),
                    **{f"{reason}_count": int(counts.get(reason, 0)) for reason in reasons},
                }
            )
    return pd.DataFrame(rows)


def boundary_changes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many areas carry each official change flag, by year.

    Returns
    -------
    DataFrame
        One row per year and flag: ``year, boundary_flag`` (``none given`` where it is missing), ``areas_count``.
    """
    flag = frame["boundary_flag"].map({1.0: "1", 2.0: "2", 3.0: "3"}).astype("str").fillna("none given")
    return (
        frame.assign(boundary_flag=flag)
        .groupby(["year", "boundary_flag"], as_index=False)
        .size()
        .rename(columns={"size": "areas_count"})
    )


def source_coverage(frame: pd.DataFrame) -> pd.DataFrame:
    """Return how many rows of the joined panel every source has, by year.

    Parameters
    ----------
    frame : DataFrame
        One level under one rule (`schema.panel.panel_contract`).

    Returns
    -------
    DataFrame
        One row per source and year in which it has rows, in the order of years: ``source, year, rows_count``.
    """
    marks = {"in_key_figures": "key figures", "in_liveability": "Leefbaarometer", "in_ses_woa": "SES-WOA"}
    marks |= {"in_housing_stock": "housing stock", "polygon_join": "boundaries"}
    parts = []
    for mark, name in marks.items():
        if mark in frame.columns:
            there = frame[mark].notna() if mark == "polygon_join" else frame[mark].astype(bool)
            counts = frame[there].groupby("year").size()
            parts.append(pd.DataFrame({"source": name, "year": counts.index, "rows_count": counts.to_numpy()}))
    return pd.concat(parts).sort_values("year", kind="stable", ignore_index=True)


def summarise(frame: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return how columns are distributed over areas, by year.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``year``, the columns and why each is missing.
    columns : sequence of str
        Columns with values.

    Returns
    -------
    DataFrame
        One row per column and year that has a value: ``column, year, known_count, below_threshold_count, mean, low,
        high``; means are over areas, each counting once.
    """
    parts = []
    for name in columns:
        by_year = frame.groupby("year")
        counts = by_year[name].agg(known_count="count", mean="mean", low="min", high="max")
        small = (frame[f"{name}_missing"] == str(MissingReason.BELOW_THRESHOLD)).groupby(frame["year"]).sum()
        parts.append(counts.assign(below_threshold_count=small, column=name).reset_index())
    order = ["column", "year", "known_count", "below_threshold_count", "mean", "low", "high"]
    every = pd.concat(parts, ignore_index=True)[order]
    return every[every["known_count"] > 0].reset_index(drop=True)


def joins_of(joined: JoinedLevel) -> pd.DataFrame:
    """Return how the rows of every source were joined at a level, as published and under the rule at hand.

    Returns
    -------
    DataFrame
        One row per rule, source, way and reason: ``rule, source, join, reason, years, rows_count,
        with_key_figures_count``.
    """
    joins = joined.joins[joined.joins["rule"].isin(["as_published", joined.rule])]
    key = ["rule", "source", "join", "reason"]
    return (
        joins.sort_values("year")
        .groupby(key, as_index=False)
        .agg(
            years=("year", lambda years: ", ".join(map(str, years.unique()))),
            rows_count=("rows_count", "sum"),
            with_key_figures_count=("with_key_figures_count", "sum"),
        )
        .reindex(columns=[*key, "years", "rows_count", "with_key_figures_count"])
    )


def largest_differences(conservation: pd.DataFrame) -> pd.DataFrame:
    """Return the twelve rows of a conservation table with the largest differences, the largest first.

    Parameters
    ----------
    conservation : DataFrame
        One row per year, gemeente and concept; may be empty.
    """
    columns = ["year", "gemeente_code", "concept", "before", "after", "difference", "missing_after_count"]
    if conservation.empty:
        return pd.DataFrame(columns=columns)
    order = conservation["difference"].abs().sort_values(ascending=False, kind="stable").index
    return conservation.loc[order[:12], columns].reset_index(drop=True)


def passed_over_by_reason(passed_over: pd.DataFrame) -> pd.DataFrame:
    """Return for every reason how many files were passed over for it, and the first three of them.

    Parameters
    ----------
    passed_over : DataFrame
        One row per file: ``file, reason``.

    Returns
    -------
    DataFrame
        One row per reason, the most frequent first: ``reason, files_count, files``.
    """
    grouped = passed_over.groupby("reason", sort=True)["file"]
    found = grouped.agg(
        files_count="size",
        files=lambda names: ", ".join(names.head(3)) + (" …" if len(names) > 3 else ""),
    )
    ordered = found.reset_index().sort_values(["files_count", "reason"], ascending=[False, True], ignore_index=True)
    return ordered[["reason", "files_count", "files"]]
