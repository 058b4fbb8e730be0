"""Watch what a notebook really reads and writes, from inside its kernel.

Python announces every file that it opens, and every change of a folder, to audit hooks; a hook cannot be taken away
again. What is opened inside the project is written down, and what a run has no business with is refused at once: a
file of the truth, a file outside the project, the network, a write anywhere but into the run's own folder. Libraries
that open files without an event are made to announce them, and so is every look at a file (`audit_shims`).
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import os
import stat
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buurteffect.errors import ObservedAccessError
from buurteffect.pipeline.runs import audit_shims

SETTING = "BUURTEFFECT_OBSERVE"
"""Environment variable with the rules as JSON: ``root``, ``staging``, ``log``, ``refused`` and ``also``."""

START = (
    "from buurteffect.pipeline.kernels import no_ports as _ports; "
    "from buurteffect.pipeline.runs import observe as _observe; "
    "_ports.close_ports(); _observe.start(); del _observe, _ports"
)
"""What a kernel executes before the first cell."""

_PACKAGE = os.path.realpath(Path(__file__).parents[2])
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_CHANGES = {
    "os.remove": 1, "os.rename": 2, "os.rmdir": 1, "os.mkdir": 1, "os.link": 2, "os.symlink": 2, "os.truncate": 1,
    "shutil.rmtree": 1, "shutil.move": 2, "os.chmod": 1, "os.chown": 1, "os.utime": 1, "os.setxattr": 1,
    "os.removexattr": 1, "sqlite3.connect": 1,
}  # fmt: skip
"""Events that change a folder, and how many paths stand first in each."""

_LISTS = ("os.listdir", "os.scandir")
_HANDLES = {"os.remove": (1,), "os.rename": (2, 3), "os.rmdir": (1,), "os.mkdir": (2,), "os.link": (2, 3),
            "os.symlink": (-1, 2), "os.chmod": (2,), "os.chown": (3,), "os.utime": (3,)}  # fmt: skip
"""Where in an event the handles of the folders stand to which its paths are relative."""

_PROGRAMS = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pty.spawn")
_HARMLESS = ("fc-list", "uname", "ldconfig", "lscpu", "gcc", "cc", "ld", "objdump")
"""Programs with which libraries look at the machine."""

_NETWORK = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
_WORK = (
    "errors", "project", "schema", "sources", "synthetic", "panel", "estimate", "claims", "release", "report",
    "scoreboard",
)  # fmt: skip
"""Rooms of this package that can move what a stage makes."""

GONE = "gone"
"""What stands for the checksum of a file that is not there."""

_JUDGED = frozenset({"open", *_CHANGES, *_LISTS, *_NETWORK, *_PROGRAMS})
_stat = os.stat
_watches: list[Watch] = []
_hooked = False


@dataclass
class Watch:
    """The rules for one run, and what has been seen of it.

    Attributes
    ----------
    root, staging : str
        The checkout, and the only folder that the run may write into.
    log : int
        Handle of the log of what was read.
    refused : tuple of str
        Files and folders of the checkout that no run may read.
    also : tuple of str
        Files and folders elsewhere that count as the project's: a folder of open data.
    strict : bool
        Whether anything is refused at all; else what is read is only recorded.
    """

    root: str
    staging: str
    log: int
    refused: tuple[str, ...]
    also: tuple[str, ...]
    strict: bool = True
    _seen: set[tuple[str, str]] = field(default_factory=set, repr=False)
    _known: dict[str, str] = field(default_factory=dict, repr=False)
    _busy: int = field(default=0, repr=False)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Judge one event."""
        if event not in _JUDGED or self._busy == threading.get_ident():
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
            handles = [arguments[at] if 0 <= at < len(arguments) else -1 for at in (*_HANDLES.get(event, ()), -1, -1)]
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
        if not real or real == ":memory:" or "/__pycache__/" in real:
            return
        if not self.strict:
            if _inside(real, self.root) and not _is_folder(real):  # a folder that was there is not made by this
                os.write(self.log, f"{json.dumps(['wrote', real, 0, 0])}\n".encode())
            return
        if _inside(real, self.staging):
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
                self._record(kind, real)
        elif any(_inside(real, place) for place in self.also):
            if kind != "folder" or not _inside(real, _PACKAGE):
                self._record(kind, real)
        elif kind == "file" and not _is_system(real) and not _is_scratch(real):
            self._refuse(f"read {self._show(real)}, outside the project: put the file into data/raw, with a source")

    def present(self, path: object, asked: bool) -> None:
        """Judge a look at something that is there: whether it is there was `asked`, else all that it says of itself."""
        real = self._real(path)
        if not real or (self.strict and _inside(real, self.staging)) or real == __file__:
            return
        if any(_inside(real, place) for place in self.refused) or real.endswith((".pyc", "__pycache__")):
            return
        if (self._is_mine(real) and real != self.root) or any(_inside(real, place) for place in self.also):
            self._record("there" if asked or _is_folder(real) else "file", real)

    def missed(self, path: object) -> None:
        """Judge a file that was looked for and is not there."""
        real = self._real(path)
        if real and not Path(real).name.startswith("<") and not any(_inside(real, place) for place in self.refused):
            self.read(real, "absent")

    def _is_mine(self, real: str) -> bool:
        """Whether a path belongs to the project, not to its environment."""
        return _inside(real, self.root) and not _inside(real, os.path.realpath(sys.prefix))

    def _refuse(self, what: str) -> None:
        """Write down what was refused, so that nobody can swallow it, and stop it."""
        if not self.strict:
            return
        os.write(self.log, f"{json.dumps(['refused', what, 0, 0])}\n".encode())
        raise ObservedAccessError(f"a run {what}")

    def _record(self, kind: str, real: str) -> None:
        """Log what was read, with its state when it was first read."""
        if (kind, real) in self._seen:
            return
        self._seen.add((kind, real))
        if real.endswith(".pyc"):
            with contextlib.suppress(ValueError):
                real = importlib.util.source_from_cache(real)
        if kind == "there":
            line = json.dumps(["there", real, 0, 0])
        elif kind == "folder":
            self._busy = threading.get_ident()
            try:
                line = json.dumps([kind, real, listing(Path(real)), 0])
            finally:
                self._busy = 0
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
    watch = Watch(**rules)
    _scratch()
    with contextlib.chdir("/"):  # it would take settings from a file of this name in the folder that it is imported in
        importlib.import_module("matplotlib")
    own = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name.partition(".")[0] == own]:
        del sys.modules[name]  # what the watch needed is imported again, and seen, if the notebook needs it
    _begin(watch)


@contextlib.contextmanager
def record_reads(root: Path, log: Path, also: Sequence[str] = ()) -> Iterator[None]:
    """Record what this process reads and writes until the end of a block; nothing is refused.

    Parameters
    ----------
    root : Path
        The checkout.
    log : Path
        The log.
    also : sequence of str
        Folders elsewhere that count as the project's.
    """
    watch = Watch(str(root), str(root), _opened_log(str(log)), (), (*also, _PACKAGE), strict=False)
    _scratch()
    for name, module in list(sys.modules.items()):  # what was there already, if the work can come upon it
        if name.partition(".")[0] == __name__.partition(".")[0] and [*name.split("."), ""][1] in _WORK:
            watch.read(getattr(module, "__file__", None), "file")
    _begin(watch)
    try:
        yield
    finally:
        _watches.remove(watch)
        os.close(watch.log)


def _begin(watch: Watch) -> None:
    """Let a watch hear what happens from now on."""
    global _hooked
    _watches.append(watch)
    if not _hooked:
        _hooked = True
        audit_shims.install(_present, _missed)
        sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    """Tell every watch of an event."""
    for watch in tuple(_watches):
        watch(event, arguments)


def _present(path: object, asked: bool) -> None:
    """Tell every watch of a look at something that is there."""
    for watch in tuple(_watches):
        watch.present(path, asked)


def _missed(path: object) -> None:
    """Tell every watch of a look in vain."""
    for watch in tuple(_watches):
        watch.missed(path)


def _opened_log(path: str) -> int:
    """Open the log of what was read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)


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


def _is_folder(path: str) -> bool:
    """Whether a folder is there."""
    with contextlib.suppress(OSError, ValueError):
        return stat.S_ISDIR(_stat(path).st_mode)
    return False


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
