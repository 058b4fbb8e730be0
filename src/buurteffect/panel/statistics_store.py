"""The key figures on disk: built once from the raw files, read by every notebook."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.others import describe_others
from buurteffect.panel.statistics import AS_PUBLISHED, STATISTICS_RULES, assemble_statistics, stack_files
from buurteffect.panel.store import InputFile
from buurteffect.project import Project, writing
from buurteffect.sources.crosswalk import read_crosswalk
from buurteffect.sources.kwb import KwbFile, read_kwb
from buurteffect.sources.kwb_mapping import breaks
from buurteffect.sources.rawfile import refuse_same_bytes

_RECORD = "statistics.json"
_TABLES = (".csv", ".xls", ".xlsx", ".zip", ".json")
_METADATA = ("DataProperties", "TableInfos", "CategoryGroups", "MeasureCodes", "MeasureGroups", "WijkenEnBuurtenCodes")


@dataclass(frozen=True, eq=False)
class Statistics:
    """The key figures of one level under one rule, as a notebook sees them.

    Attributes
    ----------
    source, level, rule : str
        Where the data come from, the kind of area, and as published, harmonised or unchanged only.
    base_year : int or None
        Year of the areas; None as published.
    frame : DataFrame
        One row per area and year: ``area_code, year, level``, the concepts and why each is missing.
    ledger : DataFrame
        One row per year, fate and reason, with rows in, placed, left out and out.
    conservation : DataFrame
        Totals per gemeente of the base year before and after; empty as published.
    breaks : DataFrame
        One row per concept and break of its series: ``concept, break_year, reason``.
    files : DataFrame
        One row per file: ``file, layout, year, table_id, rows_in, rows_out, mapped_count, unmapped_count``.
    others : DataFrame
        Other sources in the folder, read and checked: ``file, kind, rows, note``.
    passed_over : DataFrame
        Files in the folder that hold no key figures: ``file, reason``.
    inputs : tuple of InputFile
        The raw files with their hashes.
    """

    source: str
    level: str
    rule: str
    base_year: int | None
    frame: pd.DataFrame
    ledger: pd.DataFrame
    conservation: pd.DataFrame
    breaks: pd.DataFrame
    files: pd.DataFrame
    others: pd.DataFrame
    passed_over: pd.DataFrame
    inputs: tuple[InputFile, ...]


def build_statistics(raw: Path, out: Path, base_year: int | None = None) -> bool:
    """Build the key figures of every level and rule from the raw files of one source.

    Parameters
    ----------
    raw : Path
        Folder with one or more folders ``kwb…`` of key figures, and perhaps ``crosswalk/``.
    out : Path
        Folder for ``statistics_<level>_<rule>.parquet`` and, last, ``statistics.json``.
    base_year : int, optional
        Year of the areas; by default the latest of each level.

    Returns
    -------
    bool
        Whether there were any key figures.

    Raises
    ------
    DataError
        If a file is not what its reader expects, two hold the same bytes or the same area in a year.
    """
    paths, passed_over = _candidates(raw)
    if not paths:
        for stale in out.glob("statistics*"):
            stale.unlink()
        return False
    files = [read_kwb(path) for path in paths]
    crosswalk_files = [read_crosswalk(path) for path in sorted((raw / "crosswalk").glob("*.csv"))]
    inputs = tuple(InputFile(each.origin, each.bytes_count, each.sha256) for each in files)
    inputs += tuple(InputFile(each.origin, each.bytes_count, each.sha256) for each in crosswalk_files)
    refuse_same_bytes((each.origin, each.sha256) for each in inputs)
    crosswalks = {
        str(level): rows.reset_index(drop=True)
        for each in crosswalk_files
        for level, rows in each.frame.groupby("level")
    }
    levels = assemble_statistics(stack_files(files), crosswalks, base_year)
    others = describe_others(raw, crosswalk_files)  # all reading ends here: a file that fails leaves the last tables
    kept = {f"statistics_{level}_{rule}{part}.parquet" for level, rule in levels for part in ("", "_conservation")}
    for (level, rule), table in levels.items():
        with writing(out / f"statistics_{level}_{rule}.parquet") as aside:
            table.frame.to_parquet(aside, index=False)
        with writing(out / f"statistics_{level}_{rule}_conservation.parquet") as aside:
            table.conservation.to_parquet(aside, index=False)
    for stale in set(out.glob("statistics_*.parquet")) - {out / name for name in kept}:
        stale.unlink()
    record = {
        "levels": [
            {
                "level": level,
                "rule": rule,
                "base_year": table.base_year,
                "ledger": json.loads(table.ledger.to_json(orient="records")),
            }
            for (level, rule), table in levels.items()
        ],
        "files": [_describe(file) for file in files],
        "others": others,
        "passed_over": [{"file": name, "reason": reason} for name, reason in passed_over],
        "inputs": [asdict(each) for each in inputs],
    }
    with writing(out / _RECORD) as aside:
        aside.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return True


def read_statistics(source: str, level: str, rule: str = AS_PUBLISHED, project: Project | None = None) -> Statistics:
    """Return the key figures of one level under one rule.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    rule : {"as_published", "harmonised", "unchanged_only"}
        What an area is over the years.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If there are no key figures, or none of this level and rule.
    """
    folder = (project or Project.find()).processed(source) / "panel"
    if not (folder / _RECORD).is_file():
        raise ProjectError(
            f"there are no key figures for source {source!r}: put them in a folder kwb… beside leefbaarometer3 and "
            f"run make panel SOURCE={source}"
        )
    record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
    found = [each for each in record["levels"] if (each["level"], each["rule"]) == (level, rule)]
    if not found:
        there = ", ".join(f"{each['level']} {each['rule']}" for each in record["levels"])
        raise ProjectError(
            f"the key figures of source {source!r} have no level {level!r} under rule {rule!r}; they have {there}. "
            f"Rules are {', '.join(STATISTICS_RULES)}; other than as published needs a crosswalk of the level"
        )
    detail = found[0]
    return Statistics(
        source,
        level,
        rule,
        detail["base_year"],
        pd.read_parquet(folder / f"statistics_{level}_{rule}.parquet"),
        pd.DataFrame(detail["ledger"]),
        pd.read_parquet(folder / f"statistics_{level}_{rule}_conservation.parquet"),
        breaks().rename(columns={"break_from": "break_year", "note": "reason"})[["concept", "break_year", "reason"]],
        pd.DataFrame(record["files"]),
        pd.DataFrame(record["others"], columns=["file", "kind", "rows", "note"]),
        pd.DataFrame(record["passed_over"], columns=["file", "reason"]),
        tuple(InputFile(**item) for item in record["inputs"]),
    )


def _candidates(raw: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """Return the files that may hold key figures, and the others with the reason to pass them over."""
    paths, passed_over = [], []
    for path in sorted(item for folder in sorted(raw.glob("kwb*")) for item in folder.rglob("*") if item.is_file()):
        if path.suffix.lower() not in _TABLES:
            passed_over.append((path.name, "not a table"))
        elif path.stem in _METADATA:
            passed_over.append((path.name, "describes the table beside it"))
        else:
            paths.append(path)
    return paths, passed_over


def _describe(file: KwbFile) -> dict[str, Any]:
    """Return what the record says of one file."""
    return {
        "file": file.origin,
        "layout": file.layout,
        "year": file.year,
        "table_id": file.table_id,
        "rows_in": file.ledger.rows_in,
        "rows_out": file.ledger.rows_out,
        "mapped_count": len(file.ledger.mapped),
        "unmapped_count": len(file.unmapped),
        "left_out": [{"reason": reason, "count": count} for reason, count in file.ledger.left_out],
        "unmapped": list(file.unmapped),
        "notes": list(file.ledger.notes),
    }
