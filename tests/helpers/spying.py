"""What a piece of code reads, found out without the machinery of the build: by other means than an audit hook.

`SPY` stands at the head of a notebook or a program and `TELL` at its end: Python's own `open` and the readers of tables
are replaced, and the modules are those that are loaded in the end. `closure` reads imports from source text alone.
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

SPY = """\
import builtins, io, json, os, sys
import pandas, pyarrow.parquet
_opened, _really_open = set(), io.open

def _spied(file, mode="r", *given, **named):
    if isinstance(file, (str, os.PathLike)) and not set(mode) & set("wax+"):
        _opened.add(os.path.realpath(file))
    return _really_open(file, mode, *given, **named)

def _reading(owner, name):
    real = getattr(owner, name)
    def reading(path, *given, **named):
        if isinstance(path, (str, os.PathLike)):
            _opened.add(os.path.realpath(path))
        return real(path, *given, **named)
    setattr(owner, name, reading)

builtins.open = io.open = _spied
for _owner, _name in ((pandas, "read_parquet"), (pandas, "read_csv"), (pyarrow.parquet, "read_table"),
                      (pyarrow.parquet, "read_schema"), (pyarrow.parquet, "read_metadata"),
                      (pyarrow.parquet, "ParquetFile")):
    _reading(_owner, _name)
"""

TELL = """\
_modules = [m for n, m in list(sys.modules.items()) if n.split(".")[0] == "buurteffect" and m.__file__]
_seen = _opened | {os.path.realpath(m.__file__) for m in _modules}
print("SPIED" + json.dumps(sorted(_seen)))
_opened = {name for name in _opened if "/src/buurteffect/" in name}"""
"""Prints what has been read; of what is told next, only the package's own files count again."""


def spied(text: str) -> list[set[str]]:
    """Return the files that `TELL` has printed, each time that it did."""
    lines = [line for line in text.splitlines() if line.startswith("SPIED")]
    return [set(json.loads(line.removeprefix("SPIED"))) for line in lines]


def spied_program(checkout: Path, *parts: str) -> list[set[str]]:
    """Run a program in a checkout with its own package; return the files that were read up to the end of each part."""
    environment = {**os.environ, "PYTHONPATH": str(checkout / "src"), "BUURTEFFECT_ROOT": str(checkout)}
    program = "\n".join([SPY, *(f"{part}\n{TELL}" for part in parts)])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=checkout, env=environment, capture_output=True, text=True, check=True
    )
    return spied(done.stdout)


def inside(files: Iterable[str], checkout: Path) -> set[str]:
    """Return those of some files that are in a checkout, relative to it, without what Python and a run keep aside."""
    root = checkout.resolve()
    shown = {Path(file).relative_to(root).as_posix() for file in files if Path(file).is_relative_to(root)}
    return {name for name in shown if "__pycache__" not in name and ".staging" not in name}


def closure(source: Path, code: Iterable[str], lazy: bool) -> set[str]:
    """Return the modules of the package that some code imports, and those that these import: paths below ``src``.

    Parameters
    ----------
    source : Path
        The folder ``src``.
    code : iterable of str
        Programs.
    lazy : bool
        Whether imports inside functions count: they may be reached, those of a module's own level always are.
    """
    found: set[str] = set()
    todo = [name for text in code for name in _imported(ast.parse(text), True)]
    while todo:
        parts = todo.pop().split(".")
        for depth in range(1, len(parts) + 1):
            place = source.joinpath(*parts[:depth])
            file = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
            shown = file.relative_to(source.parent).as_posix()
            if file.is_file() and shown not in found:
                found.add(shown)
                todo += _imported(ast.parse(file.read_text(encoding="utf-8")), lazy)
    return found


def _imported(tree: ast.AST, lazy: bool) -> list[str]:
    """Return the names that a tree imports from the package; not those for the checker of types alone."""
    names: list[str] = []
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not lazy:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        names += _imported(node, lazy)
    return [name for name in names if name.split(".")[0] == "buurteffect"]
