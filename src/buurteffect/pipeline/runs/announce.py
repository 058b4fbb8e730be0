"""Make libraries that open files behind Python's back say so.

Arrow, GDAL, polars, libxml2 and the reader of workbooks open files by their own means, of which audit hooks hear
nothing. Each of their ways in is made to announce the path as Python itself would have done. A library is dressed when
it is imported, so that none is imported for it.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import os
import re
import stat
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

_READS: dict[str, tuple[str, ...]] = {
    "pyarrow": ("memory_map", "input_stream"),
    "pyarrow.csv": ("read_csv", "open_csv"),
    "pyarrow.dataset": ("dataset", "parquet_dataset"),
    "pyarrow.feather": ("read_table", "read_feather"),
    "pyarrow.json": ("read_json", "open_json"),
    "pyarrow.orc": ("read_table", "ORCFile"),
    "pyarrow.parquet": ("read_table", "read_pandas", "read_schema", "read_metadata", "ParquetFile", "ParquetDataset"),
    "geopandas": ("read_file", "list_layers"),
    "pyogrio": (
        "read_dataframe", "read_arrow", "open_arrow", "read_info", "read_bounds", "list_layers",
    ),
    "pyogrio.raw": ("read", "read_arrow", "open_arrow"),
    "python_calamine": ("load_workbook",),
    "lxml.etree": ("parse", "iterparse"),
    "lxml.html": ("parse",),
    "lxml.objectify": ("parse",),
    "polars": ("read_*", "scan_*"),
}  # fmt: skip
"""Functions and classes that read, by module; the path is their first argument, or stands behind a name."""

_WRITES: dict[str, dict[str, int]] = {
    "pyarrow": {"output_stream": 0},
    "pyarrow.csv": {"write_csv": 1, "CSVWriter": 0},
    "pyarrow.dataset": {"write_dataset": 1},
    "pyarrow.feather": {"write_feather": 1},
    "pyarrow.orc": {"write_table": 1},
    "pyarrow.parquet": {"write_table": 1, "write_to_dataset": 1, "write_metadata": 1, "ParquetWriter": 0},
    "pyogrio": {"write_dataframe": 1, "write_arrow": 1},
    "pyogrio.raw": {"write": 0, "write_arrow": 1},
}
"""The same of what writes, and which argument is the path."""

_METHODS: dict[tuple[str, str], tuple[tuple[str, ...], bool]] = {
    ("pyarrow", "OSFile"): (("__new__",), False),
    ("pyarrow.fs", "LocalFileSystem"): (("open_input_file", "open_input_stream"), False),
    ("python_calamine", "CalamineWorkbook"): (("from_path", "from_object"), False),
    ("polars", "DataFrame"): (("write_*",), True),
    ("polars", "LazyFrame"): (("sink_*",), True),
}
"""Classes, those of their methods whose first argument is a path, and whether these write."""

_FILE_SYSTEM_WRITES = ("open_output_stream", "open_append_stream", "delete_file", "delete_dir", "create_dir")
_TARGETS = ("where", "dest", "output_file", "base_dir", "root_path", "source", "path", "file", "target")
_ARCHIVED = re.compile(r"^(?:/vsi[a-z0-9]+/|[a-z0-9+]+://)+")
_SPOKEN = "__announces__"
_stat = os.stat


def let_libraries_speak() -> None:
    """Make every library in the list announce what it opens: those that are there now, the others when they come."""
    for name in sorted({*_READS, *_WRITES, *(module for module, _ in _METHODS)}):
        module = sys.modules.get(name)
        if module is not None:
            _dress(module)
    if not any(isinstance(finder, _Dresser) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Dresser())


def let_starting_speak() -> None:
    """Make the call by which multiprocessing starts programs announce them, as `subprocess` does."""
    with contextlib.suppress(ImportError):
        import _posixsubprocess

        fork_exec = _posixsubprocess.fork_exec

        @functools.wraps(fork_exec)
        def speaking(*arguments: Any) -> int:
            programs = arguments[1] if len(arguments) > 1 else ()
            sys.audit("subprocess.Popen", programs[0] if programs else "?", arguments[0], None, None)
            return int(fork_exec(*arguments))

        _posixsubprocess.fork_exec = speaking


class _Dresser(MetaPathFinder):
    """Lets a library of the list be found as ever, and dresses it when it has been imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module by the finders behind this one."""
        if fullname not in _READS and fullname not in _WRITES and fullname not in {name for name, _ in _METHODS}:
            return None
        for finder in sys.meta_path:
            look = None if isinstance(finder, _Dresser) else getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = look(fullname, path, target) if look else None
            if spec is not None and spec.loader is not None:
                _dress_after(spec.loader)
                return spec
        return None


def _dress_after(loader: Any) -> None:
    """Make a loader dress the module that it has executed."""
    execute = loader.exec_module

    def executing(module: ModuleType) -> None:
        execute(module)
        _dress(module)

    loader.exec_module = executing


def _dress(module: ModuleType) -> None:
    """Put functions and classes that announce their path in the place of a module's own."""
    name = module.__name__
    for shape in _READS.get(name, ()):
        for found in _matching(module, shape):
            _replace(module, found, 0, False)
    for found, at in _WRITES.get(name, {}).items():
        _replace(module, found, at, True)
    for (owner, kind), (shapes, writes) in _METHODS.items():
        if owner == name and hasattr(module, kind):
            setattr(module, kind, _speaking_class(getattr(module, kind), shapes, writes))


def _matching(owner: object, shape: str) -> list[str]:
    """Return the names of what a module or class holds under a name, or under a beginning with a star."""
    if shape.endswith("*"):
        return [name for name in dir(owner) if name.startswith(shape[:-1]) and callable(getattr(owner, name))]
    return [shape] if hasattr(owner, shape) else []


def _replace(module: ModuleType, name: str, at: int, writes: bool) -> None:
    """Put a function or class that says which path it opens in the place of the library's."""
    thing = getattr(module, name, None)
    if thing is None or hasattr(thing, _SPOKEN):
        return
    if not isinstance(thing, type):
        setattr(module, name, _announcing(thing, at, writes))
    elif _SPOKEN not in vars(thing):
        initialise: Any = thing
        try:
            initialise.__init__ = _announcing(initialise.__init__, at + 1, writes)
            setattr(thing, _SPOKEN, True)
        except TypeError:  # a class of compiled code cannot be changed
            setattr(module, name, _announcing(thing, at, writes))


def _speaking_class(kind: Any, shapes: Sequence[str], writes: bool) -> Any:
    """Return a class whose methods announce their path: the same one, or where that cannot be changed one like it."""
    if hasattr(kind, _SPOKEN):
        return kind
    methods = {name: writes for shape in shapes for name in _matching(kind, shape)}
    if kind.__name__ == "LocalFileSystem":
        methods |= dict.fromkeys(_FILE_SYSTEM_WRITES, True)
    own: dict[str, Any] = {_SPOKEN: True}
    for name, changes in methods.items():
        if name == "__new__":
            own[name] = _announcing(kind.__new__, 1, changes)
        elif isinstance(vars(kind).get(name), (staticmethod, classmethod)) or inspect.isbuiltin(getattr(kind, name)):
            own[name] = staticmethod(_announcing(getattr(kind, name), 0, changes))
        else:
            own[name] = _announcing(getattr(kind, name), 1, changes)
    try:
        for name, value in own.items():
            setattr(kind, name, value)
    except TypeError:
        return _like(kind, own)
    return kind


def _like(kind: Any, own: dict[str, Any]) -> Any:
    """Return a class with other methods: a child, or where none can be made a stand-in."""
    try:
        return type(kind.__name__, (kind,), {**own, "__module__": kind.__module__, "__doc__": kind.__doc__})
    except TypeError:
        given = {name: staticmethod(getattr(kind, name)) for name in dir(kind) if name.startswith("from_")}
        return type(kind.__name__, (), {**given, **own, "__module__": kind.__module__, "__doc__": kind.__doc__})


def _announcing(function: Callable[..., Any], at: int, writes: bool) -> Callable[..., Any]:
    """Return a function that says which path it opens before it does."""

    @functools.wraps(function, updated=())
    def speaking(*arguments: Any, **named: Any) -> Any:
        for given in arguments[at : at + 1]:
            _announce(given, writes)
        for name, given in named.items():
            if name in _TARGETS or not writes:
                _announce(given, writes)
        return function(*arguments, **named)

    setattr(speaking, _SPOKEN, True)
    return speaking


def _announce(given: object, writes: bool = False) -> None:
    """Say that a path is opened; every file of a folder."""
    if isinstance(given, (list, tuple)):
        for one in given:
            _announce(one, writes)
    elif isinstance(given, (str, os.PathLike)):
        text = os.fspath(given)
        path = Path(_outermost(text) if isinstance(text, str) else os.fsdecode(text))
        if writes:
            sys.audit("open", str(path), "wb", os.O_WRONLY | os.O_CREAT)
            return
        with contextlib.suppress(OSError, ValueError):
            if stat.S_ISDIR(_stat(path).st_mode):
                for file in sorted(path.rglob("*")):
                    _announce(file)
            else:
                sys.audit("open", str(path), "rb", os.O_RDONLY)


def _outermost(text: str) -> str:
    """Return the file on the disk that an address of a file inside an archive names; a plain path as it is."""
    bare = _ARCHIVED.sub("", text)
    if bare == text or text.startswith("file://"):
        return bare
    inside = re.split(r"[!}]", bare.lstrip("{"))[0]
    for path in (Path(inside), *Path(inside).parents):
        if path.is_file():
            return str(path)
        if Path(f"/{path}").is_file():
            return f"/{path}"
    return inside


def known_names(module: str) -> list[str]:
    """Return which names of a module announce what they open, for a check that none has been renamed.

    Parameters
    ----------
    module : str
        Name of a library's module.
    """
    there = importlib.import_module(module)
    names = [name for shape in _READS.get(module, ()) for name in _matching(there, shape)]
    names += [name for name in _WRITES.get(module, {}) if hasattr(there, name)]
    return sorted({*names, *(kind for owner, kind in _METHODS if owner == module and hasattr(there, kind))})
