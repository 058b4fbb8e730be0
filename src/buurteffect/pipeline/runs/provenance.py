"""What a run and a page were made from: every file with its checksum, so that content decides what is made again.

A record is written beside the results when a run has passed every check. From it follow a dependency file for make, as
compilers write them, whether anything that was read has other content by now, and the answer to "why is it run again".
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import nbformat

from buurteffect.errors import IncompleteRunError, ObservedAccessError
from buurteffect.pipeline.runs.observe import GONE, listing, names_in
from buurteffect.project import Project, writing

LOCK = "requirements.lock"
UNKNOWN = "edited while it ran"
"""What stands for the checksum of a module that was edited under a run: it never holds, so the next make runs again."""
UNREAD = "not read"
"""What stands for the checksum of a file that did not count when the record was made."""
THERE = "there"
"""What stands for the checksum of what was looked at only for whether it is there."""
_SHORT = 12
_LOOKS = {"absent": GONE, "there": THERE}


@dataclass(frozen=True)
class Record:
    """What something was made from.

    Attributes
    ----------
    name : str
        The run or page.
    settings : dict of str to str
        What is no file: checksums of the parameters, of the notebook's code and of its prose.
    files : dict of str to str
        SHA-256 of each file that was read, by its path relative to the checkout (absolute elsewhere).
    folders : dict of str to str
        SHA-256 of the names in each folder that was listed.
    made : dict of str to str
        SHA-256 of each file that it left.
    """

    name: str
    settings: dict[str, str]
    files: dict[str, str]
    folders: dict[str, str] = field(default_factory=dict)
    made: dict[str, str] = field(default_factory=dict)

    def with_made(self, made: Mapping[str, str]) -> Record:
        """Return it with the checksums of what was made."""
        return replace(self, made=dict(sorted(made.items())))

    def with_read(self, other: Record) -> Record:
        """Return it with what another record says was read."""
        files, folders = self.files | other.files, self.folders | other.folders
        return replace(self, files=dict(sorted(files.items())), folders=dict(sorted(folders.items())))

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        with writing(path) as aside:
            aside.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Record | None:
        """Return the record at a path, None where none is that can be read."""
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was: what kind of thing, its name, and the short checksums then and now."""

    kind: str
    name: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name}: {self.then[:_SHORT]} then, {self.now[:_SHORT]} now"


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file, `GONE` where there is none."""
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return GONE


def state_of(path: Path, then: str) -> str:
    """Return what stands now for what was recorded then: a checksum, or whether something is there."""
    if then == THERE:
        return THERE if path.exists() else GONE
    now = checksum(path)
    return THERE if now == then == GONE and path.exists() else now


def name_of(project: Project, path: Path) -> str:
    """Return a path as a record keeps it: relative to the checkout, absolute elsewhere."""
    return path.relative_to(project.root).as_posix() if path.is_relative_to(project.root) else str(path)


def lies_in(name: str, folders: Iterable[str]) -> bool:
    """Whether a path, as `name_of` returns it, is or lies in one of some folders."""
    return any(name == folder or name.startswith(f"{folder}/") for folder in folders)


def settings_of(notebook: Path, values: Mapping[str, Any]) -> dict[str, str]:
    """Return the checksums of a run's parameters, of its notebook's code and prose, and of the libraries' versions."""
    cells = nbformat.read(notebook, as_version=4).cells
    code = [[cell.source, sorted(cell.metadata.get("tags", []))] for cell in cells if cell.cell_type == "code"]
    prose = [[cell.cell_type, "" if cell.cell_type == "code" else cell.source] for cell in cells]
    elsewhere = {"folder": _hash(os.environ.get("OPEN_DATA", ""))} if values.get("source") == "open" else {}
    return elsewhere | {
        "code": _hash(code),
        "libraries": _hash(versions()),
        "parameters": _hash(dict(values)),
        "prose": _hash(prose),
    }


@functools.cache
def versions() -> Mapping[str, str]:
    """Return the versions of Python, this package and what it requires directly."""
    names = [
        re.split(r"[\s;<>=!~\[(]", requirement)[0]
        for requirement in metadata.requires("buurteffect") or []
        if "extra ==" not in requirement
    ]
    return {
        "python": python_version(),
        "buurteffect": metadata.version("buurteffect"),
        **{name: metadata.version(name) for name in sorted(names)},
    }


def observed(
    project: Project, name: str, settings: dict[str, str], log: Path, also: Iterable[str], without: Iterable[str] = ()
) -> Record:
    """Return the record of a run from the log of what it read.

    Parameters
    ----------
    project, name, settings
        The checkout, the run, and its settings as `settings_of` returns them.
    log : Path
        The log of the kernel.
    also : iterable of str
        Files that count as read though the kernel did not open them, relative to the checkout.
    without : iterable of str
        Folders whose files do not count, because the work itself makes them; what it was seen to write neither.

    Raises
    ------
    ObservedAccessError
        If something was refused, even if the notebook went on.
    IncompleteRunError
        If nothing was logged, or a file changed while the run was under way.
    """
    lines = _lines(log)
    refused = refusals(log)
    if refused:
        raise ObservedAccessError(f"the run {refused[0]}")
    if not lines:
        raise IncompleteRunError("what the notebook read was not taken down: the kernel did not start as it should")
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    own, ever = [*without], [name_of(project, Path(text)) for kind, text, *_ in lines if kind == "wrote"]
    for kind, text, then, size in lines:
        path = Path(text)
        shown = name_of(project, path)
        if kind == "wrote":
            own.append(shown)
        if lies_in(shown, own) or (kind in _LOOKS and lies_in(shown, ever)):
            continue
        if kind == "folder":
            folders[shown] = listing(path)
        elif kind in _LOOKS:
            files.setdefault(shown, _LOOKS[kind])
        else:
            files[shown] = checksum(path)
        if _moved(path, kind, then, size):
            if path.suffix == ".py" and kind == "file":  # nobody edits data under a run, but code: it is run again
                files[shown] = UNKNOWN
                continue
            raise IncompleteRunError(f"{shown} changed while the run was under way: run make again")
    files |= {shown: checksum(project.root / shown) for shown in also}
    return Record(name, settings, dict(sorted(files.items())), dict(sorted(folders.items())))


def _moved(path: Path, kind: str, then: int | str, size: int) -> bool:
    """Whether a file, or a folder that was listed, is not as it was when the run came upon it."""
    if kind == "folder":
        return listing(path) != then
    try:
        state = path.stat()
    except OSError:
        return kind != "absent"
    if kind == "there":
        return False
    return kind == "absent" or (state.st_mtime_ns, state.st_size) != (then, size)


def changes(project: Project, record: Record, settings: Mapping[str, str], also: Iterable[str] = ()) -> list[Change]:
    """Return everything that is not what it was when a record was made.

    `settings` are those of now, as `settings_of` returns them; `also` are files that would count as read now.
    """
    found = [
        Change("setting", key, record.settings.get(key, GONE), settings.get(key, GONE))
        for key in sorted({*record.settings, *settings})
        if record.settings.get(key) != settings.get(key)
    ]
    found += [
        Change("file", shown, UNREAD, checksum(project.root / shown)) for shown in also if shown not in record.files
    ]
    for kind, then in (("file", record.files), ("folder", record.folders), ("made", record.made)):
        for shown, old in then.items():
            path = project.root / shown
            now = listing(path) if kind == "folder" else state_of(path, old)
            if now != old:
                found.append(Change(kind, shown, old, now))
    return found


def files_record(project: Project, name: str, settings: dict[str, str], paths: Iterable[Path]) -> Record:
    """Return the record of something that was made from known files."""
    shown = sorted(name_of(project, path) for path in paths)
    return Record(name, settings, {name: checksum(project.root / name) for name in shown})


def dependencies_of(project: Project, record: Record, target: Path) -> str:
    """Return a record as a dependency file for make.

    A file that is gone later stops nothing, but counts as changed; so does one that was looked for and comes, another
    name in a folder that was listed, and what was made and is edited by hand.
    """
    goal = name_of(project, target)
    there = [shown for shown, then in record.files.items() if then not in (GONE, THERE)]
    there += [shown for shown in record.made if shown != goal]
    names = [_escaped(shown) for shown in there]
    names += [f"$(wildcard {_escaped(shown)})" for shown, then in record.files.items() if then == GONE]
    names += [f"$(if $(wildcard {_escaped(shown)}),,FORCE)" for shown, then in record.files.items() if then == THERE]
    alone = [_escaped(shown).replace("%", "\\%") for shown in there]  # only as a target does make take % for a pattern
    text = f"{_escaped(goal)}: \\\n  " + " \\\n  ".join(names) + "\n\n" + "".join(f"{name}:\n" for name in alone)
    for shown in record.folders:
        held = " ".join(f"{shown}/{name}" for name in names_in(project.root / shown) or ())
        then = held.replace("$", "$$").replace("#", "\\#").replace("%", "\\%")
        text += f"\n_then := {then}\n_now := $(filter-out %/__pycache__,$(wildcard {_escaped(shown)}/*))\n"
        differs = "$(filter-out $(_then),$(_now))$(filter-out $(subst %,\\%,$(_now)),$(subst \\%,%,$(_then)))"
        text += f"{_escaped(goal)}: $(if {differs},FORCE)\n"
    return text


def write_dependencies(project: Project, record: Record, target: Path, path: Path) -> None:
    """Write a record as a dependency file for make."""
    with writing(path) as aside:
        aside.write_text(dependencies_of(project, record, target), encoding="utf-8")


def written(project: Project, log: Path) -> dict[str, str]:
    """Return the checksums of the files that were written while a log was kept, as far as they are there."""
    paths = {Path(text) for kind, text, *_ in _lines(log) if kind == "wrote"}
    paths |= {inner for path in tuple(paths) if path.is_dir() for inner in path.rglob("*")}
    return {name_of(project, path): checksum(path) for path in paths if path.is_file()}


def refusals(log: Path) -> list[str]:
    """Return what a run was refused, in words."""
    return [what for kind, what, *_ in _lines(log) if kind == "refused"]


def _lines(log: Path) -> list[list[Any]]:
    """Return what a kernel took down."""
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.is_file() else []


def _escaped(name: str) -> str:
    """Return a path as make reads it."""
    for sign in ("\\", "#", " ", ":"):
        name = name.replace(sign, f"\\{sign}")
    return name.replace("$", "$$")


def _hash(value: object) -> str:
    """Return the SHA-256 of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
