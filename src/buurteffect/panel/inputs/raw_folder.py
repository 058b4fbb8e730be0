"""Everything that a folder of raw files holds, read and checked before anything is built from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.address_crosswalk import AddressCrosswalks, crosswalks_from_addresses, pairs_of
from buurteffect.panel.inputs.contents import (
    SCORES_FOLDER,
    Found,
    InputFile,
    Reading,
    files_below,
    folder_name,
    folders_in,
    named_below,
    read_files,
    score_home,
)
from buurteffect.panel.inputs.key_figures import find_key_figures
from buurteffect.panel.inputs.liveability import LevelPanel, assemble_levels
from buurteffect.panel.inputs.polygons import Polygons
from buurteffect.panel.inputs.readers import FOLDER_READERS
from buurteffect.panel.inputs.source_table import describe_ses_woa, ses_woa_left_out
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources import (
    KeyFigureFile,
    find_score_files,
    read_score_files,
    refuse_same_bytes,
)
from buurteffect.sources.files.rawfile import label_of
from buurteffect.sources.files.system_files import why_not_data
from buurteffect.sources.tables.housing_stock import StockTable
from buurteffect.sources.tables.projects import Register
from buurteffect.sources.tables.ses_woa import SesFile

_GROUPS = "gemeente_groups.csv"
_GROUP_COLUMNS = ["gemeente_code", "city_group", "source"]
_UNIQUE = ("crosswalk", "ses_woa", "projects", "boundaries")
_ELSEWHERE = (
    "not in a folder that is read: scores go into leefbaarometer3, key figures into kwb, other sources into "
    + ", ".join([*FOLDER_READERS, "addresses"])
)
_LISTED = 50


@dataclass(frozen=True, eq=False)
class RawFolder:
    """What was read from a folder of raw files.

    Attributes
    ----------
    levels : dict of str to LevelPanel
        The Leefbaarometer by level; empty where the folder has key figures only.
    scores, scores_passed_over : tuple
        Its files with their hashes, and ``(file, reason)`` of what stands beside them.
    key_figures : list of KeyFigureFile
        Key figures, one per table and year.
    passed_over : list of (file, reason)
        Every other file in the folder but those beside the scores, by its path.
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
    scores_home : str
        Name of the folder of the scores.
    """

    levels: dict[str, LevelPanel]
    scores: tuple[InputFile, ...]
    scores_passed_over: tuple[tuple[str, str], ...]
    key_figures: list[KeyFigureFile]
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
    scores_home: str


def read_folder(raw: Path) -> RawFolder:
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
    key_figures, passed_over = find_key_figures(raw)
    levels, scores, scores_passed_over = _read_scores(raw, groups, needed=not key_figures)
    found = {name: _files_of(raw, name) for name in FOLDER_READERS}
    crosswalks = [reading.what for reading in found["crosswalk"].readings]
    counted = crosswalks_from_addresses(raw, {pair for each in crosswalks for pair in pairs_of(each.frame)})
    passed_over += _unused_addresses(raw, counted) + [each for there in found.values() for each in there.passed_over]
    passed_over += _passed_over_elsewhere(raw)
    whats = {name: [reading.what for reading in folder.readings] for name, folder in found.items()}
    inputs = list(dict.fromkeys(InputFile(each.source, each.bytes_count, each.sha256) for each in key_figures))
    own = {each.sha256 for each in inputs}
    inputs += dict.fromkeys(reading.input for name in _UNIQUE for reading in found[name].readings)
    inputs += [InputFile.of(path) for path, _ in counted.files]
    maps = {each.origin for each in whats["boundaries"] if each.sha256 in own}  # one map may give areas and figures
    refuse_same_bytes((each.origin, each.sha256) for each in inputs if each.origin not in maps)
    inputs += [reading.input for name in FOLDER_READERS if name not in _UNIQUE for reading in found[name].readings]
    others = _others(found, whats["ses_woa"])
    others[len(crosswalks) : len(crosswalks)] = [_describe_addresses(counted, *file) for file in counted.files]
    return RawFolder(
        levels,
        scores,
        scores_passed_over,
        key_figures,
        passed_over,
        _by_level([(each.origin, each.frame) for each in crosswalks], counted),
        whats["ses_woa"],
        whats["housing_stock"],
        whats["boundaries"],
        whats["projects"],
        _growth_centres(found["treatment"].readings),
        groups,
        others,
        tuple(inputs),
        score_home(raw).name,
    )


def _files_of(raw: Path, name: str) -> Found:
    """Read everything in the folders of one name, in any case."""
    whole = Found()
    for home in [path for path in folders_in(raw) if folder_name(path.name) == name]:
        found = read_files(home, FOLDER_READERS[name], raw)
        whole.readings += found.readings
        whole.passed_over += found.passed_over
    return whole


def _others(found: Mapping[str, Found], ses_woa: list[SesFile]) -> list[dict[str, Any]]:
    """Return the list of the sources other than scores and key figures."""
    earlier = ses_woa_left_out(ses_woa) if ses_woa else {}
    return [
        reading.entry(describe_ses_woa(reading.what, earlier.get(reading.what.origin, 0)) if name == "ses_woa" else "")
        for name, folder in found.items()
        for reading in folder.readings
    ]


def _growth_centres(readings: list[Reading]) -> pd.DataFrame | None:
    """Return the list of growth centres, if there is one."""
    lists = [reading for reading in readings if reading.kind == "growth centres"]
    if len(lists) > 1:
        raise DataError(
            lists[1].input.origin,
            found="a second list of growth centres",
            expected="one list",
            action="keep one of the lists in the folder treatment; they disagree about places",
        )
    return lists[0].what.frame if lists else None


def _unused_addresses(raw: Path, counted: AddressCrosswalks) -> list[tuple[str, str]]:
    """Return the files of addresses that no crosswalk was counted from."""
    used = {path for path, _ in counted.files}
    said = {name for name, _ in counted.passed_over}
    reason = "not needed: a crosswalk of its years is there, or no file of another year to count one with"
    rest = [
        (path.relative_to(raw).as_posix(), why_not_data(path.relative_to(raw)) or reason)
        for path in files_below(raw / "addresses")
        if path not in used and path.name not in said and path.relative_to(raw).as_posix() not in said
    ]
    return [*counted.passed_over, *rest]


def _passed_over_elsewhere(raw: Path) -> list[tuple[str, str]]:
    """Return the files that lie in no folder that is read; of a folder with very many, their number."""
    known = (*FOLDER_READERS, SCORES_FOLDER, "addresses")
    listed = []
    for item in sorted(raw.iterdir()) if raw.is_dir() else []:
        if item == score_home(raw):
            continue
        if item.is_dir() and (folder_name(item.name) in known or folder_name(item.name).startswith("kwb")):
            continue
        if item.is_dir() and not item.is_symlink():
            names = [(path.relative_to(raw), _ELSEWHERE) for path in files_below(item)]
            if len(names) > _LISTED:
                why = why_not_data(item.relative_to(raw)) or _ELSEWHERE
                listed.append((f"{item.name}/ ({len(names):,} files)", why))
                continue
        else:
            names = [(item.relative_to(raw), "a record of this program" if item.name == "fetched.toml" else _ELSEWHERE)]
        listed += [(path.as_posix(), why_not_data(path) or why) for path, why in names if path.name != _GROUPS]
    return listed


def _read_scores(
    raw: Path, groups: pd.DataFrame, *, needed: bool
) -> tuple[dict[str, LevelPanel], tuple[InputFile, ...], tuple[tuple[str, str], ...]]:
    """Read the Leefbaarometer; a folder that holds other sources can do without it."""
    folder = score_home(raw)
    with named_below(folder, raw):
        there = find_score_files(folder) if folder.is_dir() else None
        if there is None or not there.files:
            beside = there.passed_over if there else ()
            if needed and (not _holds_more(raw, folder) or _deeper(raw)):
                raise _nothing_in(raw, beside)
            return {}, (), beside
        found = read_score_files(folder)
    inputs = tuple(InputFile(file.origin, file.bytes_count, file.sha256) for file in found.files)
    return assemble_levels(found.files, groups), inputs, found.passed_over


def _holds_more(raw: Path, scores: Path) -> bool:
    """Whether a folder beside that of the scores holds any file."""
    folders = [path for path in folders_in(raw) if path != scores]
    return any(file.is_file() for folder in folders for file in folder.rglob("*"))


def _deeper(raw: Path) -> Path | None:
    """Return a folder one level down that holds scores or key figures, if there is one."""
    named = (SCORES_FOLDER, "kwb")
    homes = [path for path in sorted(raw.glob("*/*")) if path.is_dir() and folder_name(path.name) in named]
    return homes[0].parent if homes else None


def _nothing_in(raw: Path, beside: Sequence[tuple[str, str]]) -> DataError:
    """Return the error for a folder without anything to build from, which says where scores or key figures lie."""
    seen = [f"{SCORES_FOLDER}/{name}: {why}" for name, why in beside]
    seen += [path.name for path in sorted(raw.glob("*")) if path.is_file()]
    action = (
        f"put the publisher's CSV or zip of scores by buurt, wijk or PC4 into {SCORES_FOLDER}, or a table of key "
        "figures into kwb; make fetch brings the scores into data/raw/open, which make reports SOURCE=open reads "
        "without OPEN_DATA, and docs/data.md says where the files are to be had"
    )
    if deeper := _deeper(raw):
        action = f"name the folder {label_of(deeper)} that lies in it, by OPEN_DATA=…/{label_of(deeper)}; or {action}"
    return DataError(
        raw.name,
        found=f"neither scores nor key figures ({'; '.join(seen[:5]) or 'no such files at all'})",
        expected=f"a folder {SCORES_FOLDER} with scores, a folder kwb with key figures, or both",
        action=action,
    )


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
    kind = "addresses, counted into crosswalks"
    return {"file": label_of(path), "kind": kind, "rows": rows, "note": f"areas of {year}; {note}"}


def _read_groups(raw: Path) -> pd.DataFrame:
    """Read the list of gemeente groups that comes with the data, else the project's own."""
    own = raw / _GROUPS
    place = own if own.is_file() else resources.files("buurteffect.panel") / _GROUPS
    with place.open(encoding="utf-8") as stream:
        groups = pd.read_csv(stream, dtype="str")
    if list(groups.columns) != _GROUP_COLUMNS or groups["gemeente_code"].duplicated().any():
        raise DataError(
            place.name,
            found=f"columns {', '.join(groups.columns)}, or a gemeente_code that repeats",
            expected="gemeente_code, city_group, source; one row per gemeente",
            action="mend the file, or move it out of the folder: the project's own list is used then",
        )
    return groups
