"""Announce to audit hooks what they do not hear of by themselves.

Arrow, GDAL, polars, libxml2 and the reader of workbooks open files without an audit event; so do `os.stat` and
`os.access`, though a run is another when a file comes, goes or changes its size; and multiprocessing starts programs
without one. A run that reads a file unseen is not run again when that file changes, so each of these is wrapped: a
library when it is imported, so that none is imported for it.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

READS = {
    "pyarrow": "memory_map input_stream OSFile.__new__",
    "pyarrow.csv": "read_csv open_csv",
    "pyarrow.dataset": "dataset parquet_dataset",
    "pyarrow.feather": "read_table read_feather",
    "pyarrow.fs": "LocalFileSystem.open_input_file LocalFileSystem.open_input_stream",
    "pyarrow.json": "read_json open_json",
    "pyarrow.orc": "read_table ORCFile",
    "pyarrow.parquet": "read_table read_pandas read_schema read_metadata ParquetFile ParquetDataset",
    "geopandas": "read_file list_layers",
    "pyogrio": "read_dataframe read_arrow open_arrow read_info read_bounds list_layers",
    "pyogrio.raw": "read read_arrow open_arrow",
    "python_calamine": "load_workbook CalamineWorkbook.from_path CalamineWorkbook.from_object",
    "lxml.etree": "parse iterparse",
    "lxml.html": "parse",
    "lxml.objectify": "parse",
    "polars": "read_* scan_*",
}
"""What reads, by module: functions, classes, methods. The path is the first argument, or stands behind a name."""

WRITES = {
    "pyarrow": "output_stream:0",
    "pyarrow.csv": "write_csv:1 CSVWriter:0",
    "pyarrow.dataset": "write_dataset:1",
    "pyarrow.feather": "write_feather:1",
    "pyarrow.fs": "LocalFileSystem.open_output_stream:0 LocalFileSystem.open_append_stream:0 "
    "LocalFileSystem.delete_file:0 LocalFileSystem.delete_dir:0 LocalFileSystem.create_dir:0",
    "pyarrow.orc": "write_table:1",
    "pyarrow.parquet": "write_table:1 write_to_dataset:1 write_metadata:1 ParquetWriter:0",
    "pyogrio": "write_dataframe:1 write_arrow:1",
    "pyogrio.raw": "write:0 write_arrow:1",
    "polars": "DataFrame.write_*:0 LazyFrame.sink_*:0",
}
"""The same of what writes, and which argument is the path."""

_TARGETS = ("where", "dest", "output_file", "base_dir", "root_path", "source", "path", "file", "target")
_ARCHIVED = re.compile(r"^(?:/vsi[a-z0-9]+/|[a-z0-9+]+://)+")
_ASKS = ("exists", "lexists", "isfile", "isdir", "is_file", "is_dir")
"""Functions of the standard library that ask only whether something is there."""

_MACHINERY = ("linecache", "inspect", "tokenize", "importlib", "IPython", "ipykernel", "traitlets", "tempfile")
"""What looks at the date of a module for other reasons than to read it."""

_stat = os.stat


def install(present: Callable[[object, bool], None], missed: Callable[[object], None]) -> None:
    """Wrap all that is listed here: libraries that are imported now, and the others when they are.

    Parameters
    ----------
    present : callable
        Is told the path of a file that was looked at and is there, and whether only that was asked.
    missed : callable
        Is told the path of one that is not there.
    """
    sys.meta_path.insert(0, _Finder())
    for name in {*READS, *WRITES} & set(sys.modules):
        _wrap_module(sys.modules[name])
    _wrap_looks(present, missed)
    with contextlib.suppress(ImportError):
        _wrap_starting()


class _Finder(MetaPathFinder):
    """Finds a listed library as ever, and wraps what it holds when it has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as Python does."""
        if fullname not in READS and fullname not in WRITES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            execute = loader.exec_module

            def execute_and_wrap(module: ModuleType) -> None:
                execute(module)
                _wrap_module(module)

            loader.exec_module = execute_and_wrap
        return spec


def _wrap_module(module: ModuleType) -> None:
    """Wrap what a module holds of the lists."""
    listed = [(shape, 0, False) for shape in READS.get(module.__name__, "").split()]
    listed += [
        (shape, int(at), True)
        for shape, _, at in (word.partition(":") for word in WRITES.get(module.__name__, "").split())
    ]
    methods: dict[str, list[tuple[str, int, bool]]] = {}
    for shape, at, writes in listed:
        owner, dot, method = shape.rpartition(".")
        if dot:
            methods.setdefault(owner, []).append((method, at, writes))
        else:
            for name, thing in _matching(module, shape):
                if isinstance(thing, type) and inspect.isfunction(vars(thing).get("__init__")):
                    _wrap_methods(module, name, [("__init__", at, writes)])
                else:
                    setattr(module, name, _announcing(thing, at, writes))
    for owner, found in methods.items():
        if hasattr(module, owner):
            _wrap_methods(module, owner, found)


def _matching(owner: object, shape: str) -> Iterator[tuple[str, Any]]:
    """Yield what a module or class holds under a name, or under a beginning with a star, and is not wrapped yet."""
    names = [name for name in dir(owner) if name.startswith(shape[:-1])] if shape.endswith("*") else [shape]
    for name in names:
        thing = getattr(owner, name, None)
        if callable(thing) and not hasattr(thing, "__announces__"):
            yield name, thing


def _wrap_methods(module: ModuleType, name: str, methods: Sequence[tuple[str, int, bool]]) -> None:
    """Wrap methods of a class; where it is of compiled code and cannot be changed, put a class like it in its place."""
    kind: Any = getattr(module, name)
    own: dict[str, Any] = {"__module__": kind.__module__, "__doc__": kind.__doc__}
    for shape, at, writes in methods:
        for method, thing in _matching(kind, shape):
            if method != "__new__" and (
                inspect.isbuiltin(thing) or inspect.ismethod(thing)
            ):  # called without an object
                own[method] = staticmethod(_announcing(thing, at, writes))
            else:
                own[method] = _announcing(thing, at + 1, writes)
    try:
        for method, wrapped in own.items():
            setattr(kind, method, wrapped)
    except TypeError:
        try:
            like = type(name, (kind,), own)
        except TypeError:  # nor can it have children
            like = type(name, (), {n: staticmethod(getattr(kind, n)) for n in dir(kind) if n.startswith("from_")} | own)
        setattr(module, name, like)


def _announcing(function: Callable[..., Any], at: int, writes: bool) -> Callable[..., Any]:
    """Return a function that announces the path which it opens before it does."""

    @functools.wraps(function, updated=())
    def announcing(*arguments: Any, **named: Any) -> Any:
        for given in arguments[at : at + 1]:
            _announce(given, writes)
        for name, given in named.items():
            if name in _TARGETS or not writes:
                _announce(given, writes)
        return function(*arguments, **named)

    announcing.__announces__ = True  # type: ignore[attr-defined]
    return announcing


def _announce(given: object, writes: bool) -> None:
    """Announce that a path is opened; every file of a folder."""
    if isinstance(given, (list, tuple)):
        for one in given:
            _announce(one, writes)
    elif isinstance(given, (str, os.PathLike)):
        path = Path(_outermost(os.fsdecode(given)))
        if writes:
            sys.audit("open", str(path), "wb", os.O_WRONLY | os.O_CREAT)
            return
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISDIR(_stat(path).st_mode):
                _announce(sorted(path.iterdir()), writes)
            else:
                sys.audit("open", str(path), "rb", os.O_RDONLY)


def _outermost(text: str) -> str:
    """Return the file on the disk that an address of a file inside an archive names; a plain path as it is."""
    bare = _ARCHIVED.sub("", text)
    if bare == text or text.startswith("file://"):
        return bare
    inside = Path(re.split(r"[!}]", bare.lstrip("{"))[0])
    for path in (inside, *inside.parents):
        for place in (path, Path("/") / path):
            if place.is_file():
                return str(place)
    return str(inside)


def _wrap_starting() -> None:
    """Announce the programs that multiprocessing starts, as `subprocess` does."""
    import _posixsubprocess

    fork_exec = _posixsubprocess.fork_exec

    @functools.wraps(fork_exec)
    def announcing(*arguments: Any) -> int:
        programs = arguments[1] if len(arguments) > 1 else ()
        sys.audit("subprocess.Popen", programs[0] if programs else "?", arguments[0], None, None)
        return int(fork_exec(*arguments))

    _posixsubprocess.fork_exec = announcing


def _wrap_looks(present: Callable[[object, bool], None], missed: Callable[[object], None]) -> None:
    """Tell of every look at a file by `os.stat` and `os.access`."""
    look, access = os.stat, os.access

    @functools.wraps(look)
    def looking(path: Any, *arguments: Any, **named: Any) -> os.stat_result:
        plain = named.get("dir_fd") is None and not isinstance(path, int)
        try:
            state = look(path, *arguments, **named)
        except (FileNotFoundError, NotADirectoryError):
            if plain:
                missed(path)
            raise
        asked = _asked(sys._getframe(1)) if plain else None
        if asked is not None:
            present(path, asked)
        return state

    @functools.wraps(access)
    def accessing(path: Any, *arguments: Any, **named: Any) -> bool:
        can = access(path, *arguments, **named)
        if named.get("dir_fd") is None and not isinstance(path, int):
            present(path, True) if can else missed(path)
        return can

    os.stat, os.access = looking, accessing


def _asked(caller: FrameType) -> bool | None:
    """Whether only presence was asked for, by who called; None where Python itself looks after its modules."""
    frame: FrameType | None = caller
    if frame is not None and frame.f_code.co_name == "stat" and "pathlib" in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is None:
        return False
    file = frame.f_code.co_filename
    if any(name in file for name in _MACHINERY):
        return None
    return frame.f_code.co_name in _ASKS and any(name in file for name in ("genericpath", "posixpath", "pathlib"))
