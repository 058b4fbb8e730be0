"""Watch what a notebook really reads and writes, from inside its kernel.

Python announces every file that it opens, and every change of a folder, to audit hooks; a hook cannot be taken away
again. What is opened inside the project is written down, and what a run has no business with is refused at once: a
file of the truth, a file outside the project, the network, a write anywhere but into the run's own folder. Arrow opens
files without a word, so its ways in are made to say so.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import json
import os
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buurteffect.errors import RunError

SETTING = "BUURTEFFECT_OBSERVE"
"""Environment variable with the rules as JSON: ``root``, ``staging``, ``log``, ``refused`` and ``also``."""

START = "from buurteffect.build import observe as _observe; _observe.start(); del _observe"
"""What a kernel executes before the first cell."""

_PACKAGE = os.path.realpath(Path(__file__).parents[1])
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "shutil.rmtree": 1, "shutil.move": 2,
}  # fmt: skip
"""Events that change a folder, and how many paths stand first in each."""

_LISTS = ("os.listdir", "os.scandir")
_ARROW = {
    "pyarrow.parquet": ("read_table", "read_schema", "read_metadata", "ParquetFile", "ParquetDataset"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow": ("memory_map", "input_stream"),
}


class ObservedAccessError(RunError):
    """A run read or wrote what it has no business with."""

    exit_code = 15


@dataclass
class Watch:
    """The rules for one run, and what has been seen of it.

    Attributes
    ----------
    root, staging : str
        The checkout, and the only folder that the run may write into.
    log : int
        Handle of the file that takes down what was read.
    refused : tuple of str
        Files and folders of the checkout that no run may read.
    also : tuple of str
        Files and folders elsewhere that count as the project's: a folder of open data.
    strict : bool
        Whether anything is refused at all; else what is read is only taken down.
    """

    root: str
    staging: str
    log: int
    refused: tuple[str, ...]
    also: tuple[str, ...]
    strict: bool = True
    _seen: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _known: dict[str, str] = field(default_factory=dict, repr=False)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one event."""
        if event != "open" and event not in _CHANGES and event not in _LISTS and event != "socket.connect":
            return
        if event == "socket.connect":
            if isinstance(arguments[1], tuple):
                self._refuse("asked for the network: fetch data first (make fetch), and read files")
            return
        if event == "open":
            path, _, flags = arguments
            self._opened(path, bool((flags or 0) & _WRITES))
        elif event in _LISTS:
            self.read(arguments[0] if arguments[0] is not None else ".", "folder")
        else:
            for path in arguments[: _CHANGES[event]]:
                self._opened(path, True)

    def _opened(self, path: object, writes: bool) -> None:
        """Judge a file that is opened or changed."""
        if not writes:
            self.read(path, "file")
            return
        real = self._real(path)
        if not real or _inside(real, self.staging) or "/__pycache__/" in real:
            return
        if self._is_mine(real) or not _is_scratch(real):
            self._refuse(
                f"wrote to {self._show(real)}: figures, tables and results go through `page`, nothing else is kept"
            )

    def read(self, path: object, kind: str) -> None:
        """Judge a file that is read, or a folder that is listed."""
        real = self._real(path)
        if not real or (self.strict and _inside(real, self.staging)):
            return
        if any(_inside(real, place) for place in self.refused):
            self._refuse(f"read {self._show(real)}: no run may read the truth, or what a failed run has left")
        if self._is_mine(real):
            if real == __file__:
                return
            if kind == "file" or any(_inside(real, place) for place in (f"{self.root}/data", *self.also)):
                self._take_down(kind, real)
        elif any(_inside(real, place) for place in self.also):
            if kind == "file" or not _inside(real, _PACKAGE):
                self._take_down(kind, real)
        elif kind == "file" and not _is_system(real) and not _is_scratch(real):
            self._refuse(f"read {self._show(real)}, outside the project: put the file into data/raw, with a source")

    def _is_mine(self, real: str) -> bool:
        """Whether a path belongs to the project, not to its environment."""
        return _inside(real, self.root) and not _inside(real, os.path.realpath(sys.prefix))

    def _refuse(self, what: str) -> None:
        """Write down what was refused, so that nobody can swallow it, and stop it."""
        if not self.strict:
            return
        os.write(self.log, f"{json.dumps(['refused', what, 0, 0])}\n".encode())
        raise ObservedAccessError(f"a run {what}")

    def _take_down(self, kind: str, real: str) -> None:
        """Write down what was read, with how it looked at first."""
        if (kind, real) in self._seen:
            return
        self._seen.add((kind, real))
        if real.endswith(".pyc"):
            with contextlib.suppress(ValueError):
                real = importlib.util.source_from_cache(real)
        try:
            state = Path(real).stat()
        except OSError:
            return  # looked for and not there: the listing of its folder says so
        line = json.dumps([kind, real, state.st_mtime_ns, state.st_size])
        os.write(self.log, f"{line}\n".encode())

    def _real(self, path: object) -> str:
        """Return the absolute path without links, empty for a handle."""
        if isinstance(path, int) or path is None:
            return ""
        text = os.fsdecode(path)  # type: ignore[arg-type]
        known = self._known.get(text)
        if known is None:
            known = os.path.realpath(text)
            if Path(text).is_absolute():
                self._known[text] = known
        return known

    def _show(self, real: str) -> str:
        """Return a path as a reader may see it."""
        return os.path.relpath(real, self.root) if _inside(real, self.root) else Path(real).name


def start() -> None:
    """Begin to watch, by the rules in the environment; without rules nothing is watched."""
    said = os.environ.get(SETTING)
    if not said:
        return
    rules = json.loads(said)
    rules["log"] = _opened_log(rules["log"])
    _let_arrow_speak()
    _scratch()
    watch = Watch(**rules)
    for module in list(sys.modules.values()):  # what this module itself needed
        watch.read(getattr(module, "__file__", None), "file")
    sys.addaudithook(watch)


def take_down(root: Path, log: Path, also: Sequence[str] = ()) -> None:
    """Begin to take down what this process reads, for as long as it lives; nothing is refused.

    Parameters
    ----------
    root : Path
        The checkout.
    log : Path
        File that takes it down.
    also : sequence of str
        Folders elsewhere that count as the project's.
    """
    _let_arrow_speak()
    _scratch()
    sys.addaudithook(Watch(str(root), str(root), _opened_log(str(log)), (), tuple(also), strict=False))


def _opened_log(path: str) -> int:
    """Open the file that takes down what was read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _let_arrow_speak() -> None:
    """Make Arrow's functions that take a path say that they open it."""
    for module_name, names in _ARROW.items():
        module = importlib.import_module(module_name)
        for name in names:
            thing = getattr(module, name)
            if isinstance(thing, type):
                _announce_in_class(thing)
            else:
                setattr(module, name, _announcing(thing))


def _announcing(function: Callable[..., Any], first: int = 0) -> Callable[..., Any]:
    """Return a function that says which path it opens before it does."""

    @functools.wraps(function)
    def speaking(*arguments: Any, **named: Any) -> Any:
        for given in [*arguments[first : first + 1], *named.values()]:
            _announce(given)
        return function(*arguments, **named)

    return speaking


def _announce_in_class(thing: Any) -> None:
    """Make a class announce the path that its objects open."""
    thing.__init__ = _announcing(thing.__init__, first=1)


def _announce(given: object) -> None:
    """Say that a path is opened; every file of a folder."""
    if isinstance(given, (list, tuple)):
        for one in given:
            _announce(one)
    elif isinstance(given, (str, os.PathLike)):
        path = Path(os.fspath(given))
        if path.is_dir():
            for file in sorted(path.rglob("*")):
                _announce(file)
        elif path.is_file():
            sys.audit("open", str(path), "rb", os.O_RDONLY)


def _inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


@functools.cache
def _system() -> tuple[str, ...]:
    """Return where Python, its packages and the system live."""
    homes = (sys.prefix, sys.base_prefix, sys.exec_prefix, *sysconfig.get_paths().values())
    fixed = ("/usr", "/etc", "/lib", "/lib64", "/bin", "/opt", "/proc", "/sys", "/dev", "/nix", "/System", "/Library")
    return tuple({os.path.realpath(home) for home in homes} | set(fixed))


@functools.cache
def _scratch() -> tuple[str, ...]:
    """Return where libraries keep caches and settings, which no result depends on."""
    home = Path("~").expanduser()
    kept = (".cache", ".config", ".ipython", ".jupyter", ".local", ".matplotlib", "Library")
    return tuple(os.path.realpath(str(place)) for place in (tempfile.gettempdir(), "/dev", *(home / k for k in kept)))


def _is_system(path: str) -> bool:
    """Whether a path belongs to Python or the system."""
    return any(_inside(path, place) for place in _system())


def _is_scratch(path: str) -> bool:
    """Whether a path is in a cache or settings folder of a library."""
    return any(_inside(path, place) for place in _scratch())
