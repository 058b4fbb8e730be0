"""The programs of the project, where chance enters them, and which program makes which table and figure.

All is read off the files themselves: docstrings, notebooks and what executed notebooks show.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import nbformat

from buurteffect.report.page import EXHIBIT

_CHANCE = re.compile(r"\b(default_rng|SeedSequence|RandomState|Philox|PCG64|random\.seed)\(")
_SEED_PARAMETER = re.compile(r"^seed: int = \d+")
_SEED_OF_MAKE = re.compile(r"^SEED\s*\?=")
_INJECTED = "injected-parameters"
_TRUTH = "src/buurteffect/pipeline/truth/join.py"
_IDENTITY = "src/buurteffect/pipeline/truth/error_decomposition.py"


@dataclass(frozen=True)
class Program:
    """One file of code: its path, what it is in a sentence, and how many lines it has."""

    path: str
    meaning: str
    lines_count: int


@dataclass(frozen=True)
class RandomDraw:
    """One line that fixes or draws from a stream of random numbers."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Exhibit:
    """One table or figure of a page, or a table that is only recorded.

    Attributes
    ----------
    run, number : str
        The run, and the name on its page (``Table 2``), or ``recorded``.
    caption : str
        What it shows.
    program : str
        Path of what makes it.
    cell, line : int
        Number of the cell of code, 0 for a module; line in the program's file.
    file : str
        Where its numbers lie.
    """

    run: str
    number: str
    caption: str
    program: str
    cell: int
    line: int
    file: str


def programs_of(files: Mapping[str, bytes]) -> list[Program]:
    """Return every program among some files: modules, notebooks, the Makefile and scripts."""
    found = []
    for path, content in sorted(files.items()):
        meaning = _meaning(path, content)
        if meaning is not None:
            found.append(Program(path, meaning, _lines_of(path, content)))
    return found


def _meaning(path: str, content: bytes) -> str | None:
    """Say in a sentence what a program is; None for what is no program."""
    if path.endswith(".py"):
        words = (ast.get_docstring(ast.parse(content)) or "").strip()
        return " ".join(words.split("\n\n")[0].split()) or f"Tests of {path.rpartition('test_')[2][:-3]}."
    if path.endswith(".ipynb"):
        notebook = nbformat.reads(content.decode(), as_version=4)
        return str(notebook.cells[0].source.splitlines()[0]).removeprefix("# ").strip() if notebook.cells else None
    return "Builds everything; make help lists its targets." if path == "Makefile" else None


def _lines_of(path: str, content: bytes) -> int:
    """Return the lines of a module, or of a notebook's cells of code."""
    if path.endswith(".ipynb"):
        cells = nbformat.reads(content.decode(), as_version=4).cells
        return sum(len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code")
    return len(content.decode().splitlines())


def random_draws_in(files: Mapping[str, bytes]) -> list[RandomDraw]:
    """Return where seeds are set and random numbers drawn: in the Makefile, in parameters and in modules."""
    found = []
    for path, content in sorted(files.items()):
        if path.endswith(".ipynb") and path.startswith("notebooks/"):
            found += [
                RandomDraw(path, line, text)
                for cell in _cells(content)
                for line, text in cell.lines
                if _SEED_PARAMETER.match(text)
            ]
        elif path == "Makefile" or (path.startswith("src/") and path.endswith(".py")):
            pattern = _SEED_OF_MAKE if path == "Makefile" else _CHANCE
            found += [
                RandomDraw(path, number, text.strip())
                for number, text in enumerate(content.decode().splitlines(), 1)
                if pattern.search(text)
            ]
    return found


@dataclass(frozen=True)
class _Cell:
    """A cell of code: its source, and each of its lines with its number in the file."""

    source: str
    lines: list[tuple[int, str]]


def _cells(content: bytes) -> list[_Cell]:
    """Return the cells of code of a notebook, with where their lines stand in its file."""
    raw = content.decode().splitlines()
    at, cells = 0, []
    for cell in json.loads(content)["cells"]:
        lines = []
        pieces = cell["source"] if isinstance(cell["source"], list) else cell["source"].splitlines(keepends=True)
        for piece in pieces:
            wanted = json.dumps(piece, ensure_ascii=False)
            at = next((n for n in range(at, len(raw)) if raw[n].strip().rstrip(",") == wanted.rstrip(",")), at)
            lines.append((at + 1, piece.rstrip("\n")))
            at += 1
        if cell["cell_type"] == "code":
            cells.append(_Cell("".join(pieces), lines))
    return cells


def exhibits_of(run: str, executed: bytes, source: bytes, results: Mapping[str, Any], at: str) -> list[Exhibit]:
    """Return the tables and figures of a run, in the order and with the numbers of its page.

    `executed` and `source` are its executed notebook and the notebook; `at` is the deposit's folder of tables.
    """
    notebook = nbformat.reads(executed.decode(), as_version=4)
    program = f"notebooks/{results['notebook']}.ipynb"
    own = {cell.source: cell for cell in _cells(source)}
    counts, found = {"table": 0, "figure": 0}, []
    for cell in notebook.cells:
        if cell.cell_type != "code" or _INJECTED in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            exhibit = output.get("data", {}).get(EXHIBIT)
            if exhibit is not None and exhibit["kind"] in counts:
                counts[exhibit["kind"]] += 1
                number = f"{exhibit['kind'].capitalize()} {counts[exhibit['kind']]}"
                line = _line_of(own.get(cell.source), exhibit["key"])
                file = f"{at}/{run}/{exhibit['key']}.csv"
                found.append(Exhibit(run, number, exhibit["caption"], program, cell.execution_count, line, file))
    found += _only_recorded(run, results, found, [*own.values()], program, at)
    return found + _of_the_build(run, results, counts["table"])


def _only_recorded(
    run: str, results: Mapping[str, Any], shown: Iterable[Exhibit], cells: list[_Cell], program: str, at: str
) -> list[Exhibit]:
    """Return the tables that are in the results and on no page."""
    there, found = {each.file for each in shown}, []
    for key in results["results"]:
        file = f"{at}/{run}/{key}.csv"
        if file not in there:
            lines = [_line_of(cell, key, 0) for cell in cells]
            found.append(Exhibit(run, "recorded", f"Numbers of {key!r}", program, 0, max([*lines, 1]), file))
    return found


def _of_the_build(run: str, results: Mapping[str, Any], tables: int) -> list[Exhibit]:
    """Return the tables that the build adds below those of the notebook."""
    file = f"outputs/results/{run}.json"
    found = []
    for key, program, caption in (
        ("truth", _TRUTH, "Estimates beside the truth they should have found."),
        (
            "identity",
            _IDENTITY,
            "The error of the design given what was known at the choice, taken apart by the true effect on every area.",
        ),
    ):
        if results.get("truth") and results.get(key):
            tables += 1
            found.append(Exhibit(run, f"Table {tables}", caption, program, 0, 1, file))
    return found


def _line_of(cell: _Cell | None, key: str, otherwise: int = 1) -> int:
    """Return the line, in the notebook's file, that names a table or figure."""
    for line, text in cell.lines if cell else ():
        if f'"{key}"' in text:
            return line
    return cell.lines[0][0] if cell and cell.lines and otherwise else otherwise


def references_in(files: Mapping[str, bytes]) -> list[str]:
    """Return the works that notebooks list under Sources, each once, in the order of their authors."""
    found: dict[str, str] = {}
    for path, content in files.items():
        if not (path.startswith("notebooks/") and path.endswith(".ipynb")):
            continue
        for cell in nbformat.reads(content.decode(), as_version=4).cells:
            if cell.cell_type == "markdown" and re.match(r"##+ (Sources|References)\b", cell.source):
                for entry in cell.source.split("\n\n")[1:]:
                    words = " ".join(entry.lstrip("-* ").split())
                    name = re.search(r"10\.\d{4,}/\S+?(?=\.?$|\.?\s)", words)
                    found.setdefault(name[0] if name else words, words)
    return sorted(found.values(), key=str.casefold)
