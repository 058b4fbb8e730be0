"""Which sources the panel was built from, and what a page uses of them: one row per source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from buurteffect.panel.areas.panel_files import read_record
from buurteffect.panel.inputs.contents import InputFile
from buurteffect.project import Project

SCORES, BOUNDARIES = "Leefbaarometer 3", "Boundaries"
KEY_FIGURES = "Key figures (CBS)"
_KINDS = {
    "crosswalk": "Crosswalks of area codes",
    "boundaries": BOUNDARIES,
    "SES-WOA": "SES-WOA",
    "housing stock": "Housing stock",
    "project register": "Project register",
    "growth centres": "Growth centres",
    "focus areas": "Focus areas of 2022 (NPLV)",
    "priority areas": "Priority areas of 2007",
    "Leefbaarometer 2": "Leefbaarometer 2",
}
"""What the kind of a file in the record begins with, and what the page calls its source; in the order of the page."""

_FEW = 3  # files that a cell names
_HASH = 12  # characters of a SHA-256 that tell files apart
USED, HELD, NOT_GIVEN, PASSED_OVER = "used here", "in the panel, not used here", "not given", "passed over"


def sources_used(source: str, boundaries: Sequence[InputFile] = (), project: Project | None = None) -> pd.DataFrame:
    """Return which sources the panel was built from, and which of them a page on scores uses.

    Parameters
    ----------
    source : {"synthetic", "open"}
        Where the data come from.
    boundaries : sequence of InputFile
        Files of boundaries that the page draws.
    project : Project, optional
        The checkout; by default the one that holds the working folder.

    Returns
    -------
    DataFrame
        One row per source, and one for files that were passed over: ``source, state, files_count, files`` (the first
        few by name, with the first characters of their SHA-256) ``, content`` (years, or what the reader notes).

    Raises
    ------
    ProjectError
        If the panel has not been built.
    """
    record = read_record(source, project)
    hashes = {each["origin"]: each["sha256"] for each in [*record["scores"], *record["inputs"]]}
    given, used = _given(record), [SCORES, *([BOUNDARIES] if boundaries else [])]
    for each in boundaries:
        hashes[each.origin] = each.sha256
        given.setdefault(BOUNDARIES, {}).setdefault(each.origin, "drawn")
    rows = []
    for name in (SCORES, KEY_FIGURES, *_KINDS.values()):
        files = given.get(name, {})
        state = (USED if name in used else HELD) if files else NOT_GIVEN
        shown = [f"{_short(file)} ({hashes[file][:_HASH]})" if file in hashes else _short(file) for file in files]
        content = "; ".join(dict.fromkeys(filter(None, files.values())))
        rows.append((name, state, len(files), _few(shown), content))
    left = _passed_over(record)
    if left:
        reasons = "; ".join(dict.fromkeys(left.values()))
        rows.append(("Other files", PASSED_OVER, len(left), _few([_short(file) for file in left]), reasons))
    return pd.DataFrame(rows, columns=["source", "state", "files_count", "files", "content"])


def _given(record: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Return the files of every source with what they hold."""
    found: dict[str, dict[str, str]] = {SCORES: {}, KEY_FIGURES: {}}
    for level, detail in record["levels"].items():
        if detail["liveability"]:
            waves = detail["observed"].get("liveability_score", [])
            for entry in detail["liveability"]["ledger"]:
                taken = f"{level} {_span(waves)}" if entry["rows_out"] else f"{level}, compared only"
                found[SCORES][entry["file"]] = taken
    for entry in record["files"]:
        found[KEY_FIGURES][entry["file"]] = ""
    years = [entry["year"] for entry in record["files"] if entry["year"]]
    if years:
        found[KEY_FIGURES][record["files"][0]["file"]] = _span(sorted(set(years)))
    for entry in record["others"]:
        for kind, name in _KINDS.items():
            if entry["kind"].startswith(kind):
                files = found.setdefault(name, {})
                files[entry["file"]] = "; ".join(filter(None, [files.get(entry["file"]), entry["note"]]))
    return found


def _short(file: str) -> str:
    """Return the name of a file without the archive and folders that it lies in."""
    return file.rsplit(" > ")[-1].rsplit("/")[-1]


def _passed_over(record: dict[str, Any]) -> dict[str, str]:
    """Return the files that were passed over with their reasons; one beside the scores may be listed twice."""
    left = {each["file"]: each["reason"] for each in record["passed_over"]}
    for each in record["scores_passed_over"]:
        if not any(file.endswith(each["file"]) for file in left):
            left[each["file"]] = each["reason"]
    return left


def _span(years: list[int]) -> str:
    """Print years: all of a few, else first, last and their number."""
    if len(years) > _FEW:
        return f"{years[0]}–{years[-1]} ({len(years)} years)"
    return ", ".join(map(str, years))


def _few(names: list[str]) -> str:
    """List the first few names, and count the others."""
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")
