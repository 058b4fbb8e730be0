"""Where the project's files are, and how a file is put in its place.

A file appears at its final path whole or not at all: it is written beside it and moved.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import IO

from buurteffect.errors import ProjectError

SOURCES = ("synthetic", "open", "microdata")
_LOCK_POLL_SECONDS = 0.1
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Project:
    """The folders of one checkout.

    Parameters
    ----------
    root : Path
        The folder that holds ``pyproject.toml`` and ``notebooks/``.
    """

    root: Path

    @classmethod
    def find(cls, start: Path | None = None) -> Project:
        """Return the project that holds `start` (by default ``BUURTEFFECT_ROOT`` or the working folder).

        Raises
        ------
        ProjectError
            If neither `start` nor any folder above it is a checkout of this project.
        """
        start = (start or Path(os.environ.get("BUURTEFFECT_ROOT", "."))).resolve()
        for folder in (start, *start.parents):
            if (folder / "notebooks").is_dir() and (folder / "data" / "raw" / "sources.toml").is_file():
                return cls(folder)
        raise ProjectError(
            f"{start} is not inside a buurteffect checkout: no folder from here upwards holds both "
            "notebooks/ and data/raw/sources.toml. Change into the checkout, or set BUURTEFFECT_ROOT to it."
        )

    @property
    def notebooks(self) -> Path:
        """Folder of the notebooks; ``runs/`` inside it holds the named parameter sets."""
        return self.root / "notebooks"

    @property
    def raw(self) -> Path:
        """Folder of the raw data, never edited by the project."""
        return self.root / "data" / "raw"

    def processed(self, source: str) -> Path:
        """Folder of what was made from `source`: the panel, results, executed notebooks."""
        return self.root / "data" / "processed" / check_source(source)

    def reports(self, source: str) -> Path:
        """Folder of the pages made from `source`."""
        return self.root / "reports" / check_source(source)

    def show(self, path: Path) -> str:
        """Return `path` as a reader of a report may see it: relative to the root, else only its name."""
        resolved = path.resolve()
        if resolved.is_relative_to(self.root):
            return resolved.relative_to(self.root).as_posix()
        return resolved.name


def check_source(source: str) -> str:
    """Return `source` if it is one of the three sources of data.

    Raises
    ------
    ProjectError
        If it is not; this also keeps a path from climbing out of its folder.
    """
    if source not in SOURCES:
        raise ProjectError(f"unknown source {source!r}: choose one of {', '.join(SOURCES)} (make … SOURCE=…)")
    return source


def check_identifier(name: str, what: str) -> str:
    """Return `name` if it is safe as a file name: letters, digits, ``_`` and ``-``.

    Raises
    ------
    ProjectError
        If it is anything else, a path that climbs out of its folder included.
    """
    if not _IDENTIFIER.fullmatch(name):
        raise ProjectError(
            f"{name!r} cannot be the name of a {what}: use letters, digits, '_' and '-', starting with a "
            "letter or digit"
        )
    return name


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; move it there at the end, or remove it if anything failed.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "answer.txt"
    >>> with writing(target) as aside:
    ...     _ = aside.write_text("42")
    >>> target.read_text()
    '42'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    aside = Path(name)
    try:
        yield aside
        umask = os.umask(0)
        os.umask(umask)
        aside.chmod(0o666 & ~umask)
        aside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            aside.unlink()


@contextmanager
def alone(
    lock: Path,
    others: str,
    wait_seconds: float = math.inf,
    say: Callable[[str], None] = lambda text: print(text, flush=True),
) -> Iterator[int]:
    """Hold a lock while the work of the ``with`` block is done; yield when it began, in ns as files count.

    The lock goes with the process that holds it, however that ends.

    Parameters
    ----------
    lock : Path
        The file that is locked; it is removed at the end.
    others : str
        Who may hold it, in words: "another fetch into …".
    wait_seconds : float
        How long to wait for them.
    say : callable
        Takes the message that they are waited for.

    Raises
    ------
    TimeoutError
        If the lock was not to be had in time.

    Examples
    --------
    >>> import tempfile
    >>> lock = Path(tempfile.mkdtemp()) / ".lock"
    >>> with alone(lock, "nobody"), alone(lock, "the same process", wait_seconds=0, say=print):
    ...     pass
    Traceback (most recent call last):
        ...
    TimeoutError: the same process
    """
    end, told = monotonic() + wait_seconds, False
    while (handle := _try_lock(lock)) is None:
        if monotonic() >= end:
            raise TimeoutError(others)
        if not told:
            say(f"waiting for {others} …")
            told = True
        sleep(_LOCK_POLL_SECONDS)
    with handle:
        try:
            os.utime(handle.fileno())
            yield os.fstat(handle.fileno()).st_mtime_ns
        finally:
            with suppress(OSError):
                lock.unlink()


def _try_lock(lock: Path) -> IO[bytes] | None:
    """Return the locked file, or None while another holds it."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = lock.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last holder removes the file: a lock on a removed one keeps nobody out.
        if os.path.samestat(lock.stat(), os.fstat(handle.fileno())):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    except BaseException:
        handle.close()
        raise
    handle.close()
    return None
