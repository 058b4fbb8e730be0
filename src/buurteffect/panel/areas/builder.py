"""The panel on disk: everything in a folder of raw files, built into one table per level."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from buurteffect.errors import ParameterError
from buurteffect.panel.areas.breaks_in_series import series_breaks
from buurteffect.panel.areas.join import JOIN_COLUMNS, Joined, LevelSources, count_stock_joins, join_rule
from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED, NOT_JOINED
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.housing_stock import harmonise_stock
from buurteffect.panel.inputs.key_figures import KeyFiguresLevel, assemble_key_figures, stack_files
from buurteffect.panel.inputs.project_register import FILE as PROJECTS_FILE
from buurteffect.panel.inputs.project_register import Codes, resolve_projects
from buurteffect.panel.inputs.raw_folder import RawFolder, read_folder
from buurteffect.panel.inputs.source_table import SourceTable, Stock, liveability_tables, ses_woa_tables, stack_stock
from buurteffect.project import writing
from buurteffect.schema.panel import BLOCKS, BOUNDARY_RULES, PANEL_LEVELS
from buurteffect.sources import KeyFigureFile
from buurteffect.sources.files.rawfile import label_of

RECORD = "inputs.json"
CONSERVATION = "conservation.parquet"


@dataclass(frozen=True, eq=False)
class _Parts:
    """What the tables of all levels are made from."""

    folder: RawFolder
    key_figures: dict[tuple[str, str], KeyFiguresLevel]
    sources: list[SourceTable]
    stock: Stock | None
    crosswalks: dict[str, Crosswalk]

    def of_level(self, level: str) -> LevelSources:
        """Return the other sources of a level."""
        return LevelSources(
            [source for source in self.sources if source.level == level],
            self.crosswalks.get(level),
            [file for file in self.folder.polygons if file.level == level],
            self.folder.groups,
            self.folder.growth_centres,
        )


def build(raw: Path, out: Path, base_year: int | None = None) -> list[str]:
    """Build the panel of every level from the raw files of one source.

    All reading comes before anything is replaced, so a file that fails leaves the last panel as it was.

    Parameters
    ----------
    raw : Path
        Folder as `folder.read_folder` takes it.
    out : Path
        Folder for ``<level>.parquet``, ``conservation.parquet``, perhaps ``projects.parquet`` and, last,
        ``inputs.json``, which describes everything and marks the panel as complete.
    base_year : int, optional
        Year whose areas the key figures are brought to; by default the latest of each level.

    Returns
    -------
    list of str
        Files that were passed over, each with its reason.

    Raises
    ------
    DataError
        If a file is not what its reader expects, there is none, two hold the same bytes or the same area in a
        year, or a project lies in an area that does not exist.
    ParameterError
        If there are key figures, and none of the base year.
    """
    folder = read_folder(raw)
    key_figures = folder.key_figures
    years = sorted({int(year) for each in key_figures for year in each.frame["year"].unique()})
    if base_year is not None and years and base_year not in years:
        raise ParameterError(
            f"BASE_YEAR={base_year}: the key figures are of {', '.join(map(str, years))}. Choose one of these years, "
            f"leave BASE_YEAR out for the latest, or add the key figures of {base_year} to {label_of(raw)}/kwb"
        )
    crosswalks = {level: Crosswalk(frame) for level, frame in folder.crosswalks.items()}
    parts = _Parts(
        folder,
        assemble_key_figures(stack_files(key_figures), crosswalks, base_year) if key_figures else {},
        [*liveability_tables(folder.levels), *ses_woa_tables(folder.ses_woa)],
        stack_stock(folder.stock),
        crosswalks,
    )
    projects = resolve_projects(folder.registers, *_codes(parts)) if folder.registers else None
    conservation = _conservation(parts.key_figures)
    record = _record(parts, projects)
    with ExitStack() as stack:
        # What is entered first is put in place last.
        note = stack.enter_context(writing(out / RECORD))
        kept = {CONSERVATION}
        conservation.to_parquet(stack.enter_context(writing(out / CONSERVATION)), index=False)
        if projects is not None:
            kept.add(PROJECTS_FILE)
            projects.to_parquet(stack.enter_context(writing(out / PROJECTS_FILE)), index=False)
        with ThreadPoolExecutor(1) as pen:
            for level in PANEL_LEVELS:
                if rules := _rules(parts, level):
                    kept.add(f"{level}.parquet")
                    aside = stack.enter_context(writing(out / f"{level}.parquet"))
                    record["levels"][level] = _write_level(parts, level, rules, aside, record["joins"], pen)
        record["joins"] += _joins_elsewhere(parts)
        note.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    for stale in out.glob("*.parquet"):
        if stale.name not in kept:
            stale.unlink()
    return [f"{name}: {reason}" for name, reason in _passed_over(folder)]


def _passed_over(folder: RawFolder) -> list[tuple[str, str]]:
    """Return every file that is not read, and why."""
    return [
        *((f"{folder.scores_home}/{name}", reason) for name, reason in folder.scores_passed_over),
        *folder.passed_over,
    ]


def _rules(parts: _Parts, level: str) -> list[str]:
    """Return the rules under which a level has a table."""
    alone = any(source.level == level for source in parts.sources) or (level == "gemeente" and parts.stock is not None)
    published = [AS_PUBLISHED] if alone or (level, AS_PUBLISHED) in parts.key_figures else []
    return published + [rule for rule in BOUNDARY_RULES[1:] if (level, rule) in parts.key_figures]


def _write_level(
    parts: _Parts, level: str, rules: list[str], aside: Path, joins: list[dict[str, Any]], pen: Executor
) -> dict[str, Any]:
    """Write the table of a level, one rule while the next is joined; return what the record says of it.

    The table's numbered reasons are not recorded as such, so that whoever reads the file meets texts.
    """
    detail: dict[str, Any] = {"rules": {}, "observed": {}}
    writer: pq.ParquetWriter | None = None
    written: Future[None] | None = None
    try:
        for rule in rules:
            found = parts.key_figures.pop((level, rule), None)
            joined, stock_joins = _join(parts, level, rule, found)
            if written is not None:
                written.result()
            writer = writer or pq.ParquetWriter(aside, joined.table.schema, store_schema=False)
            written = pen.submit(writer.write_table, joined.table)
            joins += _records(pd.concat([joined.joins, stock_joins], ignore_index=True))
            detail["rules"][rule] = {
                "base_year": found.base_year if found else None,
                "rows_count": joined.table.num_rows,
                "ledger": _records(found.ledger) if found else [],
            }
            if rule == AS_PUBLISHED:
                detail["observed"] = _observed(joined.table, level)
    finally:
        if written is not None:
            wait([written])
        if writer is not None:
            writer.close()
    if written is not None:
        written.result()
    liveability = parts.folder.levels.get(level)
    detail["liveability"] = liveability and {
        "ledger": liveability.ledger.to_dict("records"),
        "agreement": liveability.agreement.to_dict("records"),
    }
    detail["breaks"] = _records(series_breaks(level, parts.stock.layouts if parts.stock else None))
    return detail


def _join(parts: _Parts, level: str, rule: str, found: KeyFiguresLevel | None) -> tuple[Joined, pd.DataFrame]:
    """Join everything of one level and rule."""
    beside = parts.of_level(level)
    base_year = found.base_year if found else None
    key_figures = found.frame if found else None
    no_joins = pd.DataFrame(columns=JOIN_COLUMNS)
    if level != "gemeente" or parts.stock is None:
        return join_rule(level, rule, key_figures, base_year, beside), no_joins
    here = key_figures if key_figures is not None else parts.stock.frame.iloc[:0]
    stock = harmonise_stock(parts.stock.frame, rule, here, base_year, beside.crosswalk)
    joined = join_rule(level, rule, key_figures, base_year, beside, stock.frame)
    return joined, count_stock_joins(rule, stock.ledger, joined.table)


def _joins_elsewhere(parts: _Parts) -> list[dict[str, Any]]:
    """Return the rows of sources that no level of the panel has a place for."""
    rows = []
    for source in parts.sources:
        if source.level not in PANEL_LEVELS:
            for year, count in source.frame.groupby("year").size().items():
                reason = f"the panel has no level {source.level}"
                rows.append((source.name, source.level, AS_PUBLISHED, year, NOT_JOINED, reason, count, 0))
    return _records(pd.DataFrame(rows, columns=JOIN_COLUMNS))


def _codes(parts: _Parts) -> tuple[Codes, Codes]:
    """Return the codes of every level and year: of the sources that list all areas of a gemeente, and of the others."""
    listed: dict[tuple[str, int], set[str]] = {}
    known: dict[tuple[str, int], set[str]] = {}
    for (level, rule), table in parts.key_figures.items():
        if rule == AS_PUBLISHED:
            for year, codes in table.frame.groupby("year")["area_code"]:
                listed.setdefault((level, int(year)), set()).update(codes)
    for source in parts.sources:
        for year, codes in source.frame.groupby("boundary_year")["area_code"]:
            known.setdefault((source.level, int(year)), set()).update(codes)
    for level, crosswalk in parts.folder.crosswalks.items():
        for year_column, code_column in (("year_from", "source_code"), ("year_to", "target_code")):
            for year, codes in crosswalk.groupby(year_column)[code_column]:
                listed.setdefault((level, int(year)), set()).update(codes)
    return listed, known


def _conservation(key_figures: Mapping[tuple[str, str], KeyFiguresLevel]) -> pd.DataFrame:
    """Return the totals before and after of all levels and rules."""
    tables = [
        table.conservation.assign(level=level, rule=rule)
        for (level, rule), table in key_figures.items()
        if len(table.conservation)
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame({"level": [], "rule": []}, dtype="str")


def _observed(table: pa.Table, level: str) -> dict[str, list[int]]:
    """Return for every column with values the years in which an area has one."""
    names = [name for block in BLOCKS if level in block.levels for name in block.values]
    names += [name for name in ("boundary_flag", "area_m2") if name in table.schema.names]
    years, place = np.unique(table["year"].to_numpy(), return_inverse=True)
    there = {name: np.bincount(place, table[name].is_valid().to_numpy(), len(years)) > 0 for name in names}
    return {name: years[known].tolist() for name, known in there.items()}


def _record(parts: _Parts, projects: pd.DataFrame | None) -> dict[str, Any]:
    """Return what the record says beside the levels."""
    folder = parts.folder
    left_out = parts.stock.rows_left_out if parts.stock else {}
    return {
        "levels": {},
        "joins": [],
        "files": [_describe(file) for file in folder.key_figures],
        "others": folder.others,
        "passed_over": [{"file": name, "reason": reason} for name, reason in _passed_over(folder)],
        "scores_passed_over": [{"file": name, "reason": reason} for name, reason in folder.scores_passed_over],
        "scores": [asdict(each) for each in folder.scores],
        "inputs": [asdict(each) for each in folder.inputs],
        "stock_rows_given_twice": dict(left_out),
        "projects_count": None if projects is None else len(projects),
    }


def _describe(file: KeyFigureFile) -> dict[str, Any]:
    """Return what the record says of one file of key figures."""
    return {
        "file": file.origin,
        "layout": file.layout,
        "year": file.year,
        "table_id": file.table_id,
        "rows_in": file.ledger.rows_in,
        "rows_out": file.ledger.rows_out,
        "mapped_count": len(file.ledger.mapped),
        "unmapped_count": len(file.ledger.unmapped),
        "expected_missing": file.ledger.expected_in_words,
        "odd_count": len(file.ledger.implausible),
        "left_out": [{"reason": reason, "count": count} for reason, count in file.ledger.left_out],
        "unmapped": list(file.ledger.unmapped),
        "notes": list(file.ledger.notes),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON knows them."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records"))
    return rows
