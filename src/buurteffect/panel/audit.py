"""What a panel holds: coverage, reasons for missing values, and how well the instrument's identities are kept."""

from __future__ import annotations

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.store import read
from buurteffect.project import Project
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, LEVELS

_DIMENSIONS = list(DIMENSIONS_3.values())


def coverage(source: str, project: Project | None = None) -> pd.DataFrame:
    """Return how many areas each level has in each wave, and how many have a score and dimensions.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    project : Project, optional
        The checkout.

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
