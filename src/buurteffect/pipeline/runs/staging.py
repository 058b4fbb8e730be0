"""The files of a run, and how they get to their final place: under a lock, all at once, dated by when work began.

What was made carries the time at which its work began. Whatever is edited while a run is under way is then newer than
what it made, and make asks again.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.errors import BuurteffectError, StorageError
from buurteffect.pipeline.runs.provenance import Record, checksum, dependencies_of, name_of
from buurteffect.project import Project, alone

PARTS = ("figures", "tables")
_CANNOT_STORE = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR,
    errno.EEXIST, errno.EIO,
)  # fmt: skip


@dataclass(frozen=True)
class RunFiles:
    """Paths of the files that a run leaves."""

    processed: Path
    name: str

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.processed / "executed" / f"{self.name}.ipynb"

    @property
    def results(self) -> Path:
        """The results."""
        return self.processed / "results" / f"{self.name}.json"

    @property
    def exhibits(self) -> Path:
        """Folder of figures and tables."""
        return self.processed / "exhibits" / self.name

    @property
    def record(self) -> Path:
        """What it was made from."""
        return self.processed / "records" / f"{self.name}.json"

    @property
    def dependencies(self) -> Path:
        """The same for make."""
        return self.record.with_suffix(".d")

    @property
    def page_record(self) -> Path:
        """What the page was made from."""
        return self.record.with_suffix(".page.json")

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        there = self.executed.is_file() and self.results.is_file()
        return there and all((self.exhibits / part).is_dir() for part in PARTS)

    def clear(self) -> None:
        """Remove what a run of this name left behind when it was killed."""
        own = re.compile(rf"\.staging-{re.escape(self.name)}-[a-z0-9_]{{8}}")
        for left in self.processed.glob(".staging-*"):
            if own.fullmatch(left.name):
                shutil.rmtree(left, ignore_errors=True)

    def put(
        self,
        project: Project,
        staging: Path,
        notebook: nbformat.NotebookNode,
        results: dict[str, Any],
        record: Record,
        began_ns: int,
    ) -> None:
        """Move everything to its final place: all of it is written beside first, so that a full disk moves nothing.

        `staging` is the folder of the run, with its figures and tables; `record` says what it read.
        """
        fresh = staging / "exhibits"
        for part in PARTS:
            (staging / part).mkdir(exist_ok=True)
            (staging / part).rename(_made(fresh) / part)
        aside = _made(staging / "aside")
        text = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
        (aside / "results.json").write_text(text, encoding="utf-8")
        nbformat.write(notebook, aside / "executed.ipynb")
        made = {self.results: aside / "results.json", self.executed: aside / "executed.ipynb"}
        made |= {self.exhibits / p.relative_to(fresh): p for p in sorted(fresh.rglob("*")) if p.is_file()}
        whole = record.with_made({name_of(project, goal): checksum(path) for goal, path in made.items()})
        for path in made.values():
            date(path, began_ns)
        (aside / "run.d").write_text(dependencies_of(project, whole, self.executed), encoding="utf-8")
        whole.write(aside / "record.json")

        for folder in (self.results, self.exhibits, self.executed, self.record):
            _made(folder.parent)
        self.record.unlink(missing_ok=True)
        (aside / "results.json").replace(self.results)
        if self.exhibits.exists():
            self.exhibits.rename(staging / "older")
        fresh.rename(self.exhibits)
        (aside / "executed.ipynb").replace(self.executed)
        (aside / "run.d").replace(self.dependencies)
        (aside / "record.json").replace(self.record)


def lock(record: Path) -> AbstractContextManager[int]:
    """Wait until no other build works on what a record stands for; enter with when the work began, in ns."""
    return alone(record.parent / f".{record.stem}.lock", f"another build that works on {record.stem}")


@contextmanager
def on_disk_full() -> Iterator[None]:
    """Say in one line what to do when something cannot be written.

    Raises
    ------
    StorageError
        If the disk is full, or a folder cannot be written into.
    """
    try:
        yield
    except BuurteffectError:
        raise
    except OSError as error:
        if not cannot_store(error):
            raise
        raise StorageError(
            f"{error.strerror}: {error.filename or 'what was made could not be written'}\n"
            "  to do: make room on the disk, or make the folder writable, then run make again\n"
            "  the last good page and results are untouched"
        ) from None


def cannot_store(error: BaseException) -> bool:
    """Whether an error says that something could not be written."""
    return isinstance(error, OSError) and error.errno in _CANNOT_STORE


def date(path: Path, time_ns: int) -> None:
    """Give a file the time at which its work began."""
    os.utime(path, ns=(time_ns, time_ns))


def _made(folder: Path) -> Path:
    """Return the folder after making it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
