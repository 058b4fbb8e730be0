"""The reference results: what the project published last, kept with its code, small, and sealed by checksums.

``docs/reference/reference.json`` says of which country they are, at which commit and in how many digits they were
recorded, and the checksum of each run's results; ``docs/reference/results.json.xz`` holds them, tables by column.
"""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import buurteffect
from buurteffect.errors import NoReferenceError, NotRecordableError
from buurteffect.pipeline.runs.git import git
from buurteffect.pipeline.verify.differences import comparable
from buurteffect.project import Project, writing

FOLDER = "docs/reference"
SOURCE = "synthetic"
"""The one source whose results can be made anywhere, and are therefore recorded."""

_ABOUT, _RESULTS = "reference.json", "results.json.xz"
_COLUMNS = "columns"


@dataclass(frozen=True)
class Reference:
    """Recorded results.

    Attributes
    ----------
    settings : str
        Of which country: ``seed 1 size default scenario S0``.
    version, commit : str
        Of the project when they were recorded.
    digits : int
        Significant digits of every number that is no count.
    versions : dict of str to str
        Of Python and the libraries that made them.
    runs : dict of str to dict
        The results of each run, without what only says where they come from.
    """

    settings: str
    version: str
    commit: str
    digits: int
    versions: dict[str, str]
    runs: dict[str, dict[str, Any]]


def has_reference(project: Project) -> bool:
    """Whether results are recorded in this checkout."""
    return (project.root / FOLDER / _ABOUT).is_file()


def read_reference(project: Project) -> Reference:
    """Return the recorded results.

    Raises
    ------
    NoReferenceError
        If none are recorded, or one digit of them is not what it was when they were.
    """
    folder = project.root / FOLDER
    again = "take docs/reference back from git (git checkout -- docs/reference), or record anew: make verify RECORD=1"
    if not has_reference(project):
        raise NoReferenceError(f"{FOLDER}/{_ABOUT} is not there: record the results with make verify RECORD=1")
    try:
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        packed = json.loads(lzma.decompress((folder / _RESULTS).read_bytes()))
        sums = about.pop("runs")
        about.pop("what")
        reference = Reference(**about, runs={name: unpack(results) for name, results in packed.items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, lzma.LZMAError) as error:
        raise NoReferenceError(f"{FOLDER} cannot be read ({error}): {again}") from None
    found = {name: _seal(results) for name, results in reference.runs.items()}
    broken = sorted(name for name in {*sums, *found} if sums.get(name) != found.get(name))
    if broken:
        raise NoReferenceError(
            f"{FOLDER}: the results of {', '.join(broken)} are not those that were recorded: {again}"
        )
    return reference


def record_reference(project: Project, settings: str, runs: Mapping[str, Mapping[str, Any]]) -> list[Path]:
    """Record the results of each run as the reference; return the files written.

    All that git tracks or could track in the checkout must be committed, but for the reference itself.

    Raises
    ------
    NotRecordableError
        If the tree is not clean, git does not answer, or runs were written in different numbers of digits.
    """
    commit = _clean_commit(project.root)
    digits = {int(results.get("digits", 0)) for results in runs.values()}
    if len(digits) != 1 or 0 in digits:
        raise NotRecordableError(f"the runs give their numbers in {sorted(digits)} digits: run make verify AFRESH=1")
    kept = {name: comparable(results) for name, results in sorted(runs.items())}
    newest = next(iter(runs.values()))["run"]["versions"]
    about = Reference(settings, buurteffect.__version__, commit, digits.pop(), newest, {})
    words = asdict(about) | {
        "what": "Every number of every report, as recorded at this commit; make verify compares with it.",
        "runs": {name: _seal(results) for name, results in kept.items()},
    }
    text = json.dumps({name: pack(results) for name, results in kept.items()}, ensure_ascii=False, separators=_TIGHT)
    folder = project.root / FOLDER
    with writing(folder / _RESULTS) as aside:
        aside.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    with writing(folder / _ABOUT) as aside:
        aside.write_text(json.dumps(words, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return [folder / _ABOUT, folder / _RESULTS]


_TIGHT = (",", ":")


def _seal(results: Mapping[str, Any]) -> str:
    """Return the SHA-256 of results, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(results, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def pack(value: Any) -> Any:
    """Return plain values with every list of like rows as columns, which takes a fraction of the room."""
    if isinstance(value, Mapping):
        return {key: pack(item) for key, item in value.items()}
    if not isinstance(value, list):
        return value
    alike = len(value) > 1 and isinstance(value[0], Mapping) and len(value[0]) > 0
    if alike and all(isinstance(row, Mapping) and list(row) == list(value[0]) for row in value):
        return {_COLUMNS: {key: [pack(row[key]) for row in value] for key in value[0]}}
    return [pack(item) for item in value]


def unpack(value: Any) -> Any:
    """Return what `pack` was given."""
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if list(value) == [_COLUMNS]:
        columns = {key: unpack(items) for key, items in value[_COLUMNS].items()}
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return {key: unpack(item) for key, item in value.items()}


def _clean_commit(root: Path) -> str:
    """Return the commit of a checkout; refuse where git does not answer, or knows of uncommitted changes."""
    changed = git(root, "status", "--porcelain", "--", ".", f":!{FOLDER}")
    commit = git(root, "rev-parse", "--short=12", "HEAD")
    if changed is None or commit is None:
        raise NotRecordableError("git does not say which commit this is: record in a git checkout")
    if changed:
        first = "; ".join(line.strip() for line in changed.splitlines()[:5])
        raise NotRecordableError(
            f"{len(changed.splitlines())} files are not committed ({first}): commit or remove them, run make reports, "
            "and record then, so that the commit says what the results were made from"
        )
    return commit
