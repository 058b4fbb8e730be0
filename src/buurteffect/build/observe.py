"""Watch what a notebook really reads and writes, from inside its kernel.

Python announces every file that it opens, and every change of a folder, to audit hooks; a hook cannot be taken away
again. What is opened inside the project is written down, and what a run has no business with is refused at once: a
file of the truth, a file outside the project, the network, a write anywhere but into the run's own folder. Arrow opens
files without a word, so its ways in are made to say so.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
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
_HANDLES = {"os.remove": (1,), "os.rename": (2, 3), "os.rmdir": (1,), "os.mkdir": (2,), "os.link": (2, 3)}
"""Where in an event the handles of the folders stand to which its paths are relative."""

_PROGRAMS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen")
_HARMLESS = ("fc-list", "uname", "ldconfig", "lscpu", "gcc", "cc", "ld", "objdump")
"""Programs with which libraries look at the machine."""

_NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_ARROW_WRITES = {
    "pyarrow.parquet": {"write_table": 1, "write_to_dataset": 1, "write_metadata": 1, "ParquetWriter": 0},
    "pyarrow.csv": {"write_csv": 1},
    "pyarrow.feather": {"write_feather": 1},
    "pyarrow.dataset": {"write_dataset": 1},
    "pyarrow": {"output_stream": 0},
}
"""Arrow's functions that write, and which argument is the path."""

_TARGETS = ("where", "dest", "output_file", "base_dir", "root_path", "source", "path")
_WORK = ("errors", "project", "schema", "sources", "synthetic", "panel")
"""Rooms of this package that can move what a stage makes."""

GONE = "gone"
"""What stands for the checksum of a file that is not there."""

_ARROW = {
    "pyarrow.parquet": ("read_table", "read_schema", "read_metadata", "ParquetFile", "ParquetDataset"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.dataset": ("dataset",),
    "pyarrow": ("memory_map", "input_stream"),
}


_JUDGED = frozenset({"open", *_CHANGES, *_LISTS, *_NETWORK, *_PROGRAMS})
_stat = os.stat


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
    _busy: bool = field(default=False, repr=False)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one event."""
        if event not in _JUDGED or self._busy:
            return
        if event in _NETWORK:
            if isinstance(arguments[_NETWORK[event]], tuple):
                self._refuse("asked for the network: fetch data first (make fetch), and read files")
            return
        if event in _PROGRAMS:
            self._started(arguments[0])
            return
        if event == "open":
            path, _, flags = arguments
            self._opened(path, bool((flags or 0) & _WRITES))
        elif event in _LISTS:
            self.read(arguments[0] if arguments[0] is not None else ".", "folder")
        else:
            handles = [arguments[at] for at in _HANDLES.get(event, ()) if at < len(arguments)] + [-1, -1]
            for path, handle in zip(arguments[: _CHANGES[event]], handles, strict=False):
                self._opened(_under(handle, path), True)

    def _started(self, program: object) -> None:
        """Judge another program that is started."""
        name = Path(os.fsdecode(program)).name if isinstance(program, (str, bytes, os.PathLike)) else str(program)
        if name not in _HARMLESS:
            self._refuse(f"started another program ({name[:40]}): what that reads and writes cannot be seen")

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
            listed = any(_inside(real, place) for place in (f"{self.root}/data", *self.also))
            if kind != "folder" or (listed and not _inside(real, _PACKAGE)):
                self._take_down(kind, real)
        elif any(_inside(real, place) for place in self.also):
            if kind != "folder" or not _inside(real, _PACKAGE):
                self._take_down(kind, real)
        elif kind == "file" and not _is_system(real) and not _is_scratch(real):
            self._refuse(f"read {self._show(real)}, outside the project: put the file into data/raw, with a source")

    def missed(self, path: object) -> None:
        """Judge a file that was looked for and is not there."""
        real = self._real(path)
        if real and not Path(real).name.startswith("<") and not any(_inside(real, place) for place in self.refused):
            self.read(real, "absent")

    def passes_over(self, real: str) -> bool:
        """Whether nothing is said of files in a folder: it belongs to Python or the system, not to the project."""
        spoken_of = any(_inside(real, place) for place in (*self.refused, *self.also))
        return _is_system(real) and not spoken_of and not self._is_mine(real)

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
        if kind == "folder":
            self._busy = True
            try:
                line = json.dumps([kind, real, listing(Path(real)), 0])
            finally:
                self._busy = False
        else:
            try:
                state = _stat(real)
            except OSError:
                line = json.dumps(["absent", real, 0, 0])
            else:
                line = json.dumps(["file", real, state.st_mtime_ns, state.st_size])
        os.write(self.log, f"{line}\n".encode())

    def _real(self, path: object) -> str:
        """Return the absolute path without links, empty for a handle."""
        if isinstance(path, int) or path is None or path == "":
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
    _let_looking_speak(watch)
    for file in _imported(watch):  # what this module itself needed
        watch.read(file, "file")
    sys.addaudithook(watch)


def _imported(watch: Watch) -> list[str]:
    """Return the files of imported modules, but for plain files in folders of Python or the system: there are many."""
    passed, found = {}, []
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if isinstance(file, str):
            folder = file.rpartition("/")[0]
            if folder not in passed:
                passed[folder] = watch.passes_over(os.path.realpath(folder))
            if not passed[folder] or os.path.islink(file):  # noqa: PTH114
                found.append(file)
    return found


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
    watch = Watch(str(root), str(root), _opened_log(str(log)), (), (*also, _PACKAGE), strict=False)
    for name, module in list(sys.modules.items()):  # what was there already, if the work can come upon it
        if name.partition(".")[0] == __name__.partition(".")[0] and [*name.split("."), ""][1] in _WORK:
            watch.read(getattr(module, "__file__", None), "file")
    sys.addaudithook(watch)


def _opened_log(path: str) -> int:
    """Open the file that takes down what was read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


def _let_arrow_speak() -> None:
    """Make Arrow's functions that take a path say that they open it."""
    for module_name, names in _ARROW.items():
        for name in names:
            _replace(module_name, name, 0, False)
    for module_name, places in _ARROW_WRITES.items():
        for name, at in places.items():
            _replace(module_name, name, at, True)


def _replace(module_name: str, name: str, at: int, writes: bool) -> None:
    """Put a function or class that says which path it opens in the place of Arrow's."""
    module = importlib.import_module(module_name)
    thing = getattr(module, name)
    if isinstance(thing, type):
        initialise: Any = thing
        initialise.__init__ = _announcing(initialise.__init__, at + 1, writes)
    else:
        setattr(module, name, _announcing(thing, at, writes))


def _announcing(function: Callable[..., Any], at: int, writes: bool) -> Callable[..., Any]:
    """Return a function that says which path it opens before it does."""

    @functools.wraps(function)
    def speaking(*arguments: Any, **named: Any) -> Any:
        for given in arguments[at : at + 1]:
            _announce(given, writes)
        for name, given in named.items():
            if name in _TARGETS or not writes:
                _announce(given, writes)
        return function(*arguments, **named)

    return speaking


def _let_looking_speak(watch: Watch) -> None:
    """Make every look at whether a file is there say so where it is not: its coming would make the run another."""

    @functools.wraps(_stat)
    def looking(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        try:
            return _stat(path, *arguments, **named)
        except (FileNotFoundError, NotADirectoryError):
            if named.get("dir_fd") is None:
                watch.missed(path)
            raise

    os.stat = looking


def _announce(given: object, writes: bool = False) -> None:
    """Say that a path is opened; every file of a folder."""
    if isinstance(given, (list, tuple)):
        for one in given:
            _announce(one, writes)
    elif isinstance(given, (str, os.PathLike)):
        path = Path(os.fspath(given))
        if writes:
            sys.audit("open", str(path), "wb", os.O_WRONLY | os.O_CREAT)
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                _announce(file)
        elif path.is_file():
            sys.audit("open", str(path), "rb", os.O_RDONLY)


def _under(handle: object, path: object) -> object:
    """Return a path that an event gives relative to a folder's handle as one that stands alone."""
    if not isinstance(handle, int) or handle < 0 or isinstance(path, int):
        return path
    with contextlib.suppress(OSError, TypeError):
        return str(Path(f"/proc/self/fd/{handle}").readlink() / os.fsdecode(path))  # type: ignore[arg-type]
    return path


def names_in(path: Path) -> list[str] | None:
    """Return the sorted names in a folder, hidden ones and compiled code left out; None where there is no folder."""
    try:
        return sorted(name for name in os.listdir(path) if not name.startswith((".", "__pycache__")))  # noqa: PTH208
    except OSError:
        return None


def listing(path: Path) -> str:
    """Return the SHA-256 of the names in a folder, hidden ones left out; `GONE` where there is no folder."""
    names = names_in(path)
    return GONE if names is None else hashlib.sha256("\0".join(names).encode()).hexdigest()


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
