"""What a build leaves that a deposit holds: pages, figures, tables, results, executed notebooks and data as CSV.

Each content stands once. Pages of several runs that link to tables of the same content link, in the deposit, to one.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import pandas as pd

from buurteffect.errors import OutOfDateError
from buurteffect.project import Project

OUTPUTS = "outputs"
"""Folder of a deposit that holds what was made; the build itself leaves it alone."""

PAGES, RESULTS, EXECUTED, DATA = (f"{OUTPUTS}/{part}" for part in ("reports", "results", "notebooks", "data"))
_OF_RUNS = ("code", "figures", "tables")
_ALWAYS = ("index", "verify")
_COMMIT = re.compile(rb"\b[0-9a-f]{12}\b")


def outputs_of(project: Project, source: str, runs: Iterable[str]) -> dict[str, bytes]:
    """Return everything that runs, those of the index, have made from a source, by its path in a deposit.

    Raises
    ------
    OutOfDateError
        If a run has no page, results or executed notebook.
    """
    names = sorted(runs)
    found = {**_pages(project.reports(source), names), **_data(project.processed(source))}
    for name in names:
        for folder, kind, suffix in ((RESULTS, "results", "json"), (EXECUTED, "executed", "ipynb")):
            found[f"{folder}/{name}.{suffix}"] = _bytes_of(project.processed(source) / kind / f"{name}.{suffix}")
    return _each_once(dict(sorted(found.items())))


def _pages(folder: Path, names: list[str]) -> dict[str, bytes]:
    """Return pages, and what they link to."""
    found = {f"{PAGES}/{name}.html": _bytes_of(folder / f"{name}.html") for name in ("index", *names)}
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        of_run = inside.parts[1] if inside.parts[0] in _OF_RUNS and len(inside.parts) > 1 else inside.name
        if path.is_file() and of_run.split(".")[0] in {*names, *_ALWAYS}:
            found[f"{PAGES}/{inside.as_posix()}"] = path.read_bytes()
    return found


def _data(folder: Path) -> dict[str, bytes]:
    """Return the tables that the estimates rest on, as CSV, and the parameters of a simulated country."""
    found = {f"{DATA}/{path.stem}.csv": _as_csv(path) for path in (folder / "panel").glob("*.parquet")}
    parameters = folder / "truth" / "parameters.csv"
    if parameters.is_file():
        found[f"{DATA}/parameters.csv"] = parameters.read_bytes()
    return found


def _as_csv(path: Path) -> bytes:
    """Return a table as CSV: UTF-8, commas between fields, a full stop in numbers, nothing where a value is missing."""
    text = io.StringIO()
    pd.read_parquet(path).to_csv(text, index=False, lineterminator="\n")
    return text.getvalue().encode("utf-8")


def _bytes_of(path: Path) -> bytes:
    """Return the content of a file that has to be there."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise OutOfDateError(f"{path.name} has not been built: run make reports first, then make deposit") from None


def _each_once(found: Mapping[str, bytes]) -> dict[str, bytes]:
    """Leave one of several tables or figures of the same content, and let pages link to it."""
    first: dict[str, str] = {}
    instead: dict[str, str] = {}
    for path, content in found.items():
        if path.startswith((f"{PAGES}/tables/", f"{PAGES}/figures/")):
            kept = first.setdefault(hashlib.sha256(content).hexdigest(), path)
            if kept != path:
                instead[path] = kept
    links = {
        old.removeprefix(f"{PAGES}/").encode(): new.removeprefix(f"{PAGES}/").encode() for old, new in instead.items()
    }
    return {path: _relinked(path, content, links) for path, content in found.items() if path not in instead}


def _relinked(path: str, content: bytes, links: Mapping[bytes, bytes]) -> bytes:
    """Return a page with its links to tables that stand elsewhere in a deposit."""
    if PurePosixPath(path).suffix == ".html":
        for old, new in links.items():
            content = content.replace(b'"' + old + b'"', b'"' + new + b'"')
    return content


def differences(then: Mapping[str, bytes], now: Mapping[str, bytes]) -> tuple[list[str], list[str]]:
    """Compare what was deposited with what was made again; the commits that pages name may differ.

    Returns
    -------
    tuple of list of str
        Paths with the same bytes but for the commit, and a line for each that is not the same, missing or new.
    """
    masks = {_commit(content) for side in (then, now) for path, content in side.items() if path.startswith(RESULTS)}
    same, other = [], []
    for path in sorted({*then, *now}):
        if path not in now or path not in then:
            other.append(f"{path}: {'was not made again' if path in then else 'is not in the deposit'}")
        elif _masked(then[path], masks) == _masked(now[path], masks):
            same.append(path)
        else:
            other.append(f"{path}: has other bytes")
    return same, other


def _commit(results: bytes) -> bytes:
    """Return the commit that results name."""
    return str(json.loads(results)["run"]["commit"]).encode()


def _masked(content: bytes, commits: set[bytes]) -> bytes:
    """Return a content without the commits that it names."""
    return _COMMIT.sub(lambda match: b"commit" if match[0] in commits else match[0], content)
