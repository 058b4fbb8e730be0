"""The tables that stand beside the key figures: read from a folder, checked, and made ready to be joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.inputs.liveability import LevelPanel
from buurteffect.schema.panel import LIVEABILITY_BLOCK, SES_WOA_BLOCK, STOCK_BLOCK, Block
from buurteffect.sources.tables.housing_stock import StockTable
from buurteffect.sources.tables.ses_woa import SesFile

_KEY = ["area_code", "year"]


@dataclass(frozen=True, eq=False)
class SourceTable:
    """A table of one level on the areas of one year.

    Attributes
    ----------
    block : Block
        Its columns in the panel.
    name : str
        What the columns ``in_<name>`` and ``<name>_join`` call it.
    level : str
        Kind of area.
    frame : DataFrame
        One row per area and year: ``area_code, year, boundary_year`` (whose areas the codes mean), perhaps
        ``area_name``, ``boundary_year_assumed`` where the source does not say it, and the block's columns.
    """

    block: Block
    name: str
    level: str
    frame: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Stock:
    """Changes of the housing stock of gemeenten.

    Attributes
    ----------
    frame : DataFrame
        One row per gemeente and year: ``area_code, year`` and the block's columns.
    layouts : DataFrame
        One row per year: ``year, layout``, the table that it was taken from.
    rows_left_out : dict of str to int
        Rows that another table gives too, by the file that they were left out of.
    """

    frame: pd.DataFrame
    layouts: pd.DataFrame
    rows_left_out: Mapping[str, int] = field(default_factory=dict)


def liveability_tables(levels: Mapping[str, LevelPanel]) -> list[SourceTable]:
    """Return the Leefbaarometer of every level; its boundary year is its last wave."""
    tables = []
    for level, panel in levels.items():
        frame = panel.frame.assign(
            boundary_year=int(panel.frame["year"].max()), liveability_area_name=panel.frame["area_name"]
        )
        tables.append(SourceTable(LIVEABILITY_BLOCK, "liveability", level, frame))
    return tables


def ses_woa_tables(files: Sequence[SesFile]) -> list[SourceTable]:
    """Return SES-WOA of every level; its boundary year is that of the areas of its file.

    Every table gives all years on the areas of one, so that several tables overlap. Of a gemeente in a year the
    rows of the latest areas are taken; those of earlier ones are left out, see `ses_woa_left_out`. Rows that two
    files of the same areas give alike count once.

    Raises
    ------
    DataError
        If two files of the same areas hold other values for an area in a year.
    """
    if not files:
        return []
    frame = _stack_ses_woa(files)
    frame = frame[~_earlier_areas(frame)].drop_duplicates([name for name in frame.columns if name != "origin"])
    doubled = frame[frame.duplicated([*_KEY, "boundary_year"], keep=False)]
    if len(doubled):
        first = doubled.iloc[0]
        raise DataError(
            " and ".join(sorted(set(doubled["origin"]))),
            found=f"{first['area_code']} in {first['year']} in both, and {len(doubled) - 2:,} more such rows",
            expected="every area once a year on the same areas",
            action="keep one of the files; two revisions are two different sources. If they are two tables, let each "
            "name begin with the table's number, such as 85539NED",
        )
    own = set(SES_WOA_BLOCK.values) | {f"{name}_missing" for name in SES_WOA_BLOCK.values}
    names = {name.removeprefix("ses_woa_"): name for name in own}
    frame = frame.rename(columns=names)
    provisional = frame["provisional"].map({True: "yes", False: "no"}).astype("str")
    frame = frame.drop(columns=["provisional", "origin"]).assign(ses_woa_provisional=provisional)
    return [
        SourceTable(SES_WOA_BLOCK, "ses_woa", str(level), rows.drop(columns="level").reset_index(drop=True))
        for level, rows in frame.groupby("level")
    ]


def ses_woa_left_out(files: Sequence[SesFile]) -> dict[str, int]:
    """Return how many rows of each file are left out since another one has them on later areas."""
    frame = _stack_ses_woa(files)
    counts = frame[_earlier_areas(frame)].groupby("origin").size()
    return {str(origin): int(count) for origin, count in counts.items()}


def _stack_ses_woa(files: Sequence[SesFile]) -> pd.DataFrame:
    """Return the rows of all files, those of the latest areas first."""
    latest_first = sorted(files, key=lambda file: (-file.areas.year, file.origin))
    parts = [
        file.frame.assign(boundary_year=file.areas.year, boundary_year_assumed=file.areas.assumed, origin=file.origin)
        for file in latest_first
    ]
    return pd.concat(parts, ignore_index=True)


def _earlier_areas(frame: pd.DataFrame) -> pd.Series:
    """Return which rows another file gives on later areas, for the same gemeente, level and year."""
    gemeente = frame["area_code"].str[2:6]
    return frame["boundary_year"] < frame.groupby([gemeente, "level", "year"])["boundary_year"].transform("max")


def stack_stock(tables: Sequence[StockTable]) -> Stock | None:
    """Return the housing stock of all tables; where two give a gemeente in a year, the one that is fully known.

    A table whose columns are all known goes before one of which some are not; among equals the values must agree.

    Raises
    ------
    DataError
        If two tables of one layout give a gemeente other values in a year.
    """
    if not tables:
        return None
    ordered = sorted(tables, key=lambda table: (not table.layout_confirmed, table.origin))
    frame = pd.concat(
        [table.frame.assign(origin=table.origin, layout=table.layout) for table in ordered], ignore_index=True
    )
    key = ["gemeente_code", "year"]
    values = [name for name in frame.columns if name.endswith("_count")]
    distinct = frame.drop_duplicates([*key, "layout", *values])
    twins = distinct[distinct.duplicated([*key, "layout"], keep=False)]
    if len(twins):
        first = twins.iloc[0]
        raise DataError(
            " and ".join(sorted(set(twins["origin"]))),
            found=f"other values for {first['gemeente_code']} in {first['year']}",
            expected="one account of a gemeente in a year",
            action="keep one of the tables; two revisions are two different sources",
        )
    repeated = frame.duplicated(key)
    left_out = frame[repeated].groupby("origin").size().to_dict()
    kept = frame[~repeated].sort_values(key, ignore_index=True)
    layouts = kept.drop_duplicates("year")[["year", "layout"]].sort_values("year", ignore_index=True)
    in_panel = {field.name for field in STOCK_BLOCK.fields}
    names = {name: f"stock_{name}" for name in kept.columns if f"stock_{name}" in in_panel}
    kept = kept.rename(columns={"gemeente_code": "area_code", **names}).drop(columns=["origin", "layout"])
    return Stock(kept, layouts, {str(origin): int(count) for origin, count in left_out.items()})


def describe_left_out(table: StockTable) -> str:
    """Describe a table of the housing stock in words: years, rows left out, notes."""
    counts = ", ".join(f"{count:,} of {reason}" for reason, count in table.left_out.items())
    years = f"years {table.frame['year'].min()} to {table.frame['year'].max()}"
    parts = [years, f"left out: {counts}" if counts else "", table.slips.words, *table.notes]
    return "; ".join(part for part in parts if part)


def describe_ses_woa(file: SesFile, left_out_count: int) -> str:
    """Describe a file of SES-WOA in words: years, areas, columns not in it, rows left out, notes."""
    years = ", ".join(map(str, sorted(file.frame["year"].unique())))
    lacking = [name.replace("_", " ") for name in file.not_chosen]
    parts = [f"years {years}", file.areas.words]
    parts += [f"not in this export: {', '.join(lacking)}"] if lacking else []
    parts += [f"{len(file.columns_left_out)} columns not used"] if file.columns_left_out else []
    rows = "row" if left_out_count == 1 else "rows"
    parts += [f"{left_out_count:,} {rows} left out, which another file has on later areas"] if left_out_count else []
    return "; ".join([*parts, *([file.slips.words] if file.slips.words else []), *file.notes])
