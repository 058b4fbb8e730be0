"""The panel as a notebook sees it: the scores, the key figures, or every source side by side."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from buurteffect.errors import ProjectError
from buurteffect.panel.areas.breaks_in_series import COLUMNS as BREAK_COLUMNS
from buurteffect.panel.areas.builder import CONSERVATION, RECORD
from buurteffect.panel.areas.join import JOIN_COLUMNS
from buurteffect.panel.harmonise.boundary_year import AS_PUBLISHED
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.project import Project
from buurteffect.schema import PANEL
from buurteffect.schema.arrow import check_table
from buurteffect.schema.panel import KEY_FIGURES_BLOCK, panel_contract
from buurteffect.sources.download.missing_data import missing_data

_NAME = "liveability_area_name"
_RULE_WORDS = {"harmonised": "brought to the areas of one year", "unchanged_only": "of areas that did not change"}
_LABELS = ("area_code", "area_name", "level", "gemeente_code", "gemeente_name", "year")


@dataclass(frozen=True)
class Panel:
    """The scores of one level of a source: the rows that the Leefbaarometer published.

    Attributes
    ----------
    frame : DataFrame
        One row per area and wave (`schema.PANEL`).
    ledger : DataFrame
        Rows in, out and left out, with the reason, for all levels.
    agreement : DataFrame
        How files that were left out agree with the one that was taken; empty where there was one file.
    breaks : DataFrame
        One row per column and break of its series: ``concept, break_year, reason``.
    passed_over : DataFrame
        Files in the folder that hold no scores: ``file, reason``.
    inputs : tuple of InputFile
        The raw files of all levels.
    """

    source: str
    level: str
    frame: pd.DataFrame
    ledger: pd.DataFrame
    agreement: pd.DataFrame
    breaks: pd.DataFrame
    passed_over: pd.DataFrame
    inputs: tuple[InputFile, ...]


@dataclass(frozen=True, eq=False)
class KeyFiguresPanel:
    """The key figures of one level of a source under one rule (`read_joined`): the rows that have any.

    Attributes
    ----------
    base_year : int or None
        Year of the areas; None as published.
    frame : DataFrame
        One row per area and year: ``area_code, year, level``, the flag, the concepts and why each is missing.
    ledger : DataFrame
        One row per year, fate and reason, with rows in, placed, left out and out.
    conservation : DataFrame
        Totals per gemeente of the base year before and after; empty as published.
    breaks : DataFrame
        As in `Panel`.
    files : DataFrame
        One row per file: ``file, layout, year, table_id, rows_in, rows_out, mapped_count, unmapped_count``,
        ``expected_missing`` (columns of that year which the file lacks), ``odd_count`` (figures left out since
        they cannot be), ``notes``.
    others : DataFrame
        Other sources in the folder, read and checked: ``file, kind, rows, note``.
    passed_over : DataFrame
        Files in the folder of open data that are not read: ``file, reason``.
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


@dataclass(frozen=True, eq=False)
class JoinedLevel:
    """One level of a source under one rule, with the data of every publisher side by side.

    Attributes
    ----------
    base_year : int or None
        Year of the areas; None as published.
    frame : DataFrame
        One row per area and year (`schema.panel.panel_contract`). As published, a row of the Leefbaarometer or of
        SES-WOA for an area that its year does not have stands beside the year's own, told by ``boundary_year``.
    breaks : DataFrame
        As in `Panel`.
    joins : DataFrame
        How the rows of every source were joined at this level: ``source, level, rule, year, join, reason,
        rows_count``.
    observed : dict of str to list of int
        Years in which a column has values as published.
    inputs : tuple of InputFile
        All raw files with their hashes.
    """

    source: str
    level: str
    rule: str
    base_year: int | None
    frame: pd.DataFrame
    breaks: pd.DataFrame
    joins: pd.DataFrame
    observed: dict[str, list[int]]
    inputs: tuple[InputFile, ...]


def read(source: str, level: str, project: Project | None = None) -> Panel:
    """Return the scores of one level.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the panel has not been built.
    MissingDataError
        If it has no scores of this level.
    DataError
        If the stored panel breaks its contract.
    """
    folder, record = _open(source, project)
    scored = {name: detail["liveability"] for name, detail in record["levels"].items() if detail["liveability"]}
    if level not in scored or not (folder / f"{level}.parquet").is_file():
        raise missing_data(
            source,
            f"scores of the Leefbaarometer by {level}",
            f"a file of scores by {level}; {_having(scored, 'there are scores by')}",
            ["scores"],
            project,
        )
    columns = [_NAME if name == "area_name" else name for name in PANEL.columns]
    frame = _select(folder, level, AS_PUBLISHED, columns, "in_liveability").rename(columns={_NAME: "area_name"})
    frame = PANEL.check(frame.sort_values(["area_code", "year"], ignore_index=True), f"{level}.parquet")
    return Panel(
        source,
        level,
        frame,
        pd.DataFrame([row for each in scored.values() for row in each["ledger"]]),
        pd.DataFrame(scored[level]["agreement"]),
        _breaks(record, level),
        pd.DataFrame(record["scores_passed_over"], columns=["file", "reason"]),
        _files(record["scores"]),
    )


def has_scores(source: str, level: str, project: Project | None = None) -> bool:
    """Return whether the panel of a source is built and has scores of a level."""
    return bool(_level(source, level, project).get("liveability"))


def has_key_figures(source: str, level: str, project: Project | None = None) -> bool:
    """Return whether the panel of a source is built and has key figures of a level."""
    return any(facts["ledger"] for facts in _level(source, level, project).get("rules", {}).values())


def _level(source: str, level: str, project: Project | None) -> dict[str, Any]:
    """Return what the record says of a level; nothing where there is no panel."""
    try:
        found: dict[str, Any] = _open(source, project)[1]["levels"].get(level, {})
    except ProjectError:
        return {}
    return found


def read_key_figures_panel(
    source: str, level: str, rule: str = AS_PUBLISHED, project: Project | None = None
) -> KeyFiguresPanel:
    """Return the key figures of one level under one rule; parameters and errors as in `read_joined`."""
    folder, record = _open(source, project)
    if not record["files"]:
        raise missing_data(source, f"key figures by {level}", "the key figures of any year", ["key_figures"], project)
    detail = _detail(source, record, level, rule, project, with_key_figures=True)
    named = [field.name for field in KEY_FIGURES_BLOCK.fields if field.name != "in_key_figures"]
    if rule == AS_PUBLISHED:
        named = [name for name in named if name not in ("change", "sources_count")]
    every = pd.read_parquet(folder / CONSERVATION)
    mine = every[(every["level"] == level) & (every["rule"] == rule)].drop(columns=["level", "rule"])
    return KeyFiguresPanel(
        source,
        level,
        rule,
        detail["base_year"],
        _select(folder, level, rule, [*_LABELS, *named], "in_key_figures"),
        pd.DataFrame(detail["ledger"]),
        mine.reset_index(drop=True),
        _breaks(record, level),
        pd.DataFrame(record["files"]),
        pd.DataFrame(record["others"], columns=["file", "kind", "rows", "note"]),
        pd.DataFrame(record["passed_over"], columns=["file", "reason"]),
        _files(record["inputs"]),
    )


def read_joined(source: str, level: str, rule: str = AS_PUBLISHED, project: Project | None = None) -> JoinedLevel:
    """Return one level under one rule, with the data of every publisher side by side.

    Parameters
    ----------
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"buurt", "wijk", "gemeente", "pc4"}
        Kind of area.
    rule : {"as_published", "harmonised", "unchanged_only"}
        What an area is over the years.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Raises
    ------
    ProjectError
        If the panel has not been built.
    MissingDataError
        If it has no such level and rule.
    DataError
        If the stored panel breaks its contract.
    """
    folder, record = _open(source, project)
    detail = _detail(source, record, level, rule, project)
    table = pq.read_table(folder / f"{level}.parquet", filters=[("boundary_rule", "==", rule)])
    frame = check_table(table, panel_contract(level), f"{level}.parquet").to_pandas()
    joins = pd.DataFrame(record["joins"], columns=JOIN_COLUMNS)
    return JoinedLevel(
        source,
        level,
        rule,
        detail["base_year"],
        frame.sort_values(["area_code", "year", "boundary_year"], ignore_index=True),
        _breaks(record, level),
        joins[joins["level"] == level].reset_index(drop=True),
        record["levels"][level]["observed"],
        _files([*record["scores"], *record["inputs"]]),
    )


def read_record(source: str, project: Project | None = None) -> dict[str, Any]:
    """Return the record of a panel: what was read, and what became of it; ProjectError if it is not built."""
    return _open(source, project)[1]


def _open(source: str, project: Project | None) -> tuple[Path, dict[str, Any]]:
    """Return the panel's folder and its record."""
    folder = (project or Project.find()).processed(source) / "panel"
    if not (folder / RECORD).is_file():
        raise ProjectError(f"there is no panel for source {source!r} yet: run make panel SOURCE={source}")
    record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    return folder, record


def _detail(
    source: str,
    record: dict[str, Any],
    level: str,
    rule: str,
    project: Project | None,
    *,
    with_key_figures: bool = False,
) -> dict[str, Any]:
    """Return what the record says of a level and rule."""
    there = {
        name: {each: facts for each, facts in detail["rules"].items() if facts["ledger"] or not with_key_figures}
        for name, detail in record["levels"].items()
    }
    if rule in there.get(level, {}):
        found: dict[str, Any] = there[level][rule]
        return found
    what = "key figures" if with_key_figures else "scores or key figures"
    levels = [name for name, rules in there.items() if rules]
    asked = f"{what} by {level}{'' if rule == AS_PUBLISHED else f', {_RULE_WORDS[rule]}'}"
    if not there.get(level):
        kinds = ["key_figures"] if with_key_figures else ["scores", "key_figures"]
        raise missing_data(source, asked, f"{what} by {level}; {_having(levels, 'there are some by')}", kinds, project)
    figures = any(facts["ledger"] for facts in record["levels"][level]["rules"].values())
    missing = f"a crosswalk of the level {level}" + ("" if figures else f", and key figures by {level} to bring over")
    raise missing_data(source, asked, missing, ["crosswalk"] if figures else ["key_figures", "crosswalk"], project)


def _having(names: Iterable[str], words: str) -> str:
    """List the levels that have the data asked for, in words."""
    listed = ", ".join(names)
    return f"{words} {listed}" if listed else "there is none at any level"


def _select(folder: Path, level: str, rule: str, columns: list[str], mark: str) -> pd.DataFrame:
    """Return some columns of the rows of a rule that a source has."""
    filters = [("boundary_rule", "==", rule), (mark, "==", True)]
    return pq.read_table(folder / f"{level}.parquet", columns=columns, filters=filters).to_pandas()


def _breaks(record: dict[str, Any], level: str) -> pd.DataFrame:
    """Return the breaks of a level."""
    rows = record["levels"][level]["breaks"]
    return pd.DataFrame(rows, columns=BREAK_COLUMNS).astype({"break_year": "int64"})


def _files(items: list[dict[str, Any]]) -> tuple[InputFile, ...]:
    """Return files of the record."""
    return tuple(InputFile(**item) for item in items)
