"""Everything that a folder of raw files holds, read and checked before anything is built from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.address_crosswalk import AddressCrosswalks, crosswalks_from_addresses
from buurteffect.panel.key_figures import find_key_figures
from buurteffect.panel.liveability import LevelPanel, assemble_levels
from buurteffect.panel.polygons import Polygons, read_polygons
from buurteffect.panel.register import read_registers
from buurteffect.panel.side import (
    MANIFEST,
    describe_left_out,
    describe_ses_woa,
    read_ses_files,
    read_stock_tables,
    ses_woa_left_out,
)
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources import (
    CrosswalkFile,
    KwbFile,
    open_table,
    read_classes,
    read_crosswalk,
    read_dimensions,
    read_focus_areas,
    read_growth_centres,
    read_priority_areas,
    read_score_files,
    refuse_same_bytes,
    sha256_of,
)
from buurteffect.sources.housing_stock import StockTable
from buurteffect.sources.projects import Register
from buurteffect.sources.rawfile import label_of
from buurteffect.sources.ses_woa import SesFile

_NO_PAIRS = pd.DataFrame({"level": [], "year_from": [], "year_to": []})
_GROUP_COLUMNS = ["gemeente_code", "city_group", "source"]


@dataclass(frozen=True)
class InputFile:
    """A raw file that the panel was built from: name as shown to people, size and hash."""

    origin: str
    bytes_count: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Folder:
    """What was read from a folder of raw files.

    Attributes
    ----------
    levels : dict of str to LevelPanel
        The Leefbaarometer by level; empty where the folder has key figures only.
    scores, scores_passed_over : tuple
        Its files with their hashes, and ``(file, reason)`` of what stands beside them.
    key_figures : list of KwbFile
        Key figures, one per table and year.
    passed_over : list of (file, reason)
        Files in their folders that hold none.
    crosswalks : dict of str to DataFrame
        By level.
    ses_woa, stock, polygons, registers : list
        The other tables, as read.
    growth_centres : DataFrame or None
        The list, where there is one.
    groups : DataFrame
        One row per gemeente of a group.
    others : list of dict
        One entry per file other than scores and key figures: ``file, kind, rows, note``.
    inputs : tuple of InputFile
        Every file but those of the scores, with its hash.
    """

    levels: dict[str, LevelPanel]
    scores: tuple[InputFile, ...]
    scores_passed_over: tuple[tuple[str, str], ...]
    key_figures: list[KwbFile]
    passed_over: list[tuple[str, str]]
    crosswalks: dict[str, pd.DataFrame]
    ses_woa: list[SesFile]
    stock: list[StockTable]
    polygons: list[Polygons]
    registers: list[Register]
    growth_centres: pd.DataFrame | None
    groups: pd.DataFrame
    others: list[dict[str, Any]]
    inputs: tuple[InputFile, ...]


def read_folder(raw: Path) -> Folder:
    """Read every source in a folder.

    Parameters
    ----------
    raw : Path
        Folder with ``leefbaarometer3/``, one or more folders ``kwb…``, or both; and as far as they are there
        ``crosswalk/`` or ``addresses/``, ``ses_woa/``, ``housing_stock/``, ``boundaries/``, ``treatment/``,
        ``projects/``, ``priority_areas/`` and ``leefbaarometer2/``. A ``gemeente_groups.csv`` in it replaces the
        project's own list.

    Raises
    ------
    DataError
        If there are neither scores nor key figures, a file is not what its reader expects, or two hold the same
        bytes.
    """
    groups = _read_groups(raw)
    found = find_key_figures(raw)
    key_figures, passed_over = found.files, found.passed_over
    levels, scores, scores_passed_over = _read_scores(raw, groups, needed=not key_figures)
    crosswalks = [read_crosswalk(path) for path in sorted((raw / "crosswalk").glob("*.csv"))]
    inputs = list(dict.fromkeys(InputFile(each.source, each.bytes_count, each.sha256) for each in key_figures))
    figures = {each.sha256 for each in inputs}
    inputs += [InputFile(each.origin, each.bytes_count, each.sha256) for each in crosswalks]
    counted = crosswalks_from_addresses(raw, _pairs(crosswalks))
    passed_over += counted.passed_over
    inputs += [InputFile(label_of(path), path.stat().st_size, sha256_of(path)) for path, _ in counted.files]
    ses_woa = read_ses_files(raw / "ses_woa")
    inputs += [InputFile(file.origin, path.stat().st_size, file.sha256) for path, file in ses_woa]
    registers = read_registers(raw / "projects")
    inputs += [InputFile(file.origin, path.stat().st_size, file.sha256) for path, file in registers]
    stock = read_stock_tables(raw / "housing_stock")
    polygons = [each for path in _boundary_files(raw) for each in read_polygons(path)[0]]
    inputs += dict.fromkeys(InputFile(each.origin, each.bytes_count, each.sha256) for each in polygons)
    maps = {each.origin for each in polygons if each.sha256 in figures}  # one map may give areas and figures
    refuse_same_bytes((each.origin, each.sha256) for each in inputs if each.origin not in maps)
    inputs += [InputFile(table.origin, size, table.sha256) for size, table in stock]
    lists, growth_centres = _read_lists(raw)
    inputs += [entry.pop("input") for entry in lists if "input" in entry]
    others = [_describe_crosswalk(file) for file in crosswalks]
    others += [_describe_addresses(counted, path, year) for path, year in counted.files]
    earlier = ses_woa_left_out([file for _, file in ses_woa]) if ses_woa else {}
    others += [
        _entry(f.origin, "SES-WOA scores", len(f.frame), describe_ses_woa(f, earlier.get(f.origin, 0)))
        for _, f in ses_woa
    ]
    others += [_entry(t.origin, "housing stock", len(t.frame), describe_left_out(t)) for _, t in stock]
    others += [_describe_polygons(each) for each in polygons]
    others += [_priority_areas(path.parent) for path in sorted((raw / "priority_areas").rglob(MANIFEST))]
    others += [_entry(f.origin, "project register", len(f.frame), "resolved at its code years") for _, f in registers]
    return Folder(
        levels,
        scores,
        scores_passed_over,
        key_figures,
        passed_over,
        _by_level([(each.origin, each.frame) for each in crosswalks], counted),
        [file for _, file in ses_woa],
        [table for _, table in stock],
        polygons,
        [file for _, file in registers],
        growth_centres,
        groups,
        [*others, *lists],
        tuple(inputs),
    )


def _read_scores(
    raw: Path, groups: pd.DataFrame, *, needed: bool
) -> tuple[dict[str, LevelPanel], tuple[InputFile, ...], tuple[tuple[str, str], ...]]:
    """Read the Leefbaarometer; a folder with key figures can do without it."""
    folder = raw / "leefbaarometer3"
    if not needed and not folder.is_dir():
        return {}, (), ()
    found = read_score_files(folder)
    inputs = tuple(InputFile(file.origin, file.bytes_count, file.sha256) for file in found.files)
    return assemble_levels(found.files, groups), inputs, tuple((p.label, p.reason) for p in found.passed_over)


def _boundary_files(raw: Path) -> list[Path]:
    """Return the files of boundaries."""
    return [path for pattern in ("*.gpkg", "*.geojson") for path in sorted((raw / "boundaries").glob(pattern))]


def _read_lists(raw: Path) -> tuple[list[dict[str, Any]], pd.DataFrame | None]:
    """Read what is checked and listed but, for the growth centres, enters no table; and the growth centres."""
    found, growth_centres = [], None
    for path in sorted((raw / "treatment").glob("groeikernen*.csv")):
        if growth_centres is not None:
            raise DataError(
                label_of(path),
                found="a second list of growth centres",
                expected="one list",
                action="keep one of the lists in the folder treatment; they disagree about places",
            )
        growth_centres = read_growth_centres(path).frame
        found.append(_listed(path, "growth centres", *_with_status(growth_centres)))
    kinds: Sequence[tuple[str, str, Callable[[Path], tuple[int, str]]]] = (
        ("treatment/nplv*.csv", "focus areas of the NPLV", _focus_areas),
        ("leefbaarometer2/score*.xlsx", "Leefbaarometer 2: classes", _classes),
        ("leefbaarometer2/dimensie*.xlsx", "Leefbaarometer 2: dimensions", _dimensions),
    )
    for pattern, kind, read in kinds:
        found += [_listed(path, kind, *read(path)) for path in sorted(raw.glob(pattern))]
    return found, growth_centres


def _listed(path: Path, kind: str, rows: int, note: str) -> dict[str, Any]:
    """Return the entry of a file with its hash."""
    digest = InputFile(label_of(path), path.stat().st_size, sha256_of(path))
    return {**_entry(label_of(path), kind, rows, note), "input": digest}


def _entry(file: str, kind: str, rows: int, note: str) -> dict[str, Any]:
    """Return the entry of a file in the list of other sources."""
    return {"file": file, "kind": kind, "rows": rows, "note": note}


def _pairs(files: Sequence[CrosswalkFile]) -> set[tuple[str, int, int]]:
    """Return the levels and pairs of years that crosswalks are given for."""
    pairs = pd.concat(
        [each.frame[["level", "year_from", "year_to"]].drop_duplicates() for each in files] or [_NO_PAIRS]
    )
    return {(str(level), int(first), int(second)) for level, first, second in pairs.itertuples(index=False)}


def _by_level(files: Sequence[tuple[str, pd.DataFrame]], counted: AddressCrosswalks) -> dict[str, pd.DataFrame]:
    """Return the crosswalks by level, those that are given and those that were counted."""
    whole = [*files, *(("addresses", frame) for frame in counted.frames.values())]
    if not whole:
        return {}
    rows = pd.concat([frame.assign(origin=origin) for origin, frame in whole], ignore_index=True)
    doubled = rows[rows.duplicated(list(CROSSWALK.key), keep=False)]
    if len(doubled):
        first = doubled.iloc[0]
        raise DataError(
            " and ".join(sorted(set(doubled["origin"]))),
            found=f"{first['source_code']} to {first['target_code']} of {first['year_from']} and {first['year_to']} in "
            f"both, and {len(doubled) - 2:,} more such rows",
            expected="every pair of codes once per pair of years",
            action="move one of the files out of the folder crosswalk",
        )
    rows = rows.drop(columns="origin")
    return {str(level): part.reset_index(drop=True) for level, part in rows.groupby("level")}


def _describe_addresses(counted: AddressCrosswalks, path: Path, year: int) -> dict[str, Any]:
    """Say what became of the addresses of a file."""
    of_year = counted.ledger[counted.ledger["year"] == year]
    rows = int(of_year.groupby(["year_from", "year_to"])["rows_count"].sum().iloc[0])
    only = of_year[of_year["fate"] == "only in this year"]
    note = "; ".join(
        f"{row.rows_count:,} not in {row.year_to if row.year_from == year else row.year_from}"
        for row in only.itertuples()
    )
    return _entry(label_of(path), "addresses, counted into crosswalks", rows, f"areas of {year}; {note}")


def _describe_crosswalk(file: CrosswalkFile) -> dict[str, Any]:
    """Say what a crosswalk holds."""
    frame = file.frame
    note = f"{file.level}, {frame['year_from'].min()} to {frame['year_to'].max()}; used to harmonise"
    return _entry(file.origin, "crosswalk of codes", len(frame), note)


def _describe_polygons(file: Polygons) -> dict[str, Any]:
    """Say what a file of boundaries holds of a level."""
    when = f"areas of {file.year}" if file.year else "the name says no year, so its codes are joined unchecked"
    note = f"{when}; {file.repaired_count} repaired"
    return _entry(file.origin, f"boundaries of the level {file.level}", len(file.frame), note)


def _priority_areas(home: Path) -> dict[str, Any]:
    """Read the outcomes of the 40 priority areas, which nothing is joined with."""
    table = open_table(home)
    found = read_priority_areas(table)
    note = f"{found.areas_count} areas; its columns are unconfirmed, so it enters no table"
    return _entry(table.table_id, "priority areas of 2007", len(found.frame), note)


def _focus_areas(path: Path) -> tuple[int, str]:
    """Read the list of focus areas."""
    return _with_status(read_focus_areas(path).frame)


def _with_status(frame: pd.DataFrame) -> tuple[int, str]:
    """Count the entries of a list by their status of confirmation."""
    counts = frame["confirmation"].value_counts().sort_index()
    return len(frame), ", ".join(f"{count} {status}" for status, count in counts.items())


def _classes(path: Path) -> tuple[int, str]:
    """Read classes of version 2."""
    file = read_classes(path)
    return len(file.classes), f"and {len(file.changes):,} changes of class; never joined with version 3"


def _dimensions(path: Path) -> tuple[int, str]:
    """Read dimensions of version 2."""
    file = read_dimensions(path)
    return len(file.frame), f"waves {', '.join(map(str, file.waves))}; never joined with version 3"


def _read_groups(raw: Path) -> pd.DataFrame:
    """Read the list of gemeente groups that comes with the data, else the project's own."""
    own = raw / "gemeente_groups.csv"
    place = own if own.is_file() else resources.files("buurteffect.panel") / "gemeente_groups.csv"
    with place.open(encoding="utf-8") as stream:
        groups = pd.read_csv(stream, dtype="str")
    if list(groups.columns) != _GROUP_COLUMNS or groups["gemeente_code"].duplicated().any():
        raise DataError(
            place.name,
            found=f"columns {', '.join(groups.columns)}, or a gemeente_code that repeats",
            expected="gemeente_code, city_group, source; one row per gemeente",
            action="mend the file, or remove it to use the project's own list",
        )
    return groups
