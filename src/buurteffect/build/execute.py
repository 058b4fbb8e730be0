"""Run one notebook with one set of parameters, and keep the result only if all of it ran.

papermill executes. What it reports is not taken on trust: a kernel that ended early or was killed can leave
cells that look complete, so every cell and the results are checked before anything takes its final place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

import buurteffect
from buurteffect.build.engine import ENGINE, KERNEL, NotebookTimeLimitError, check_kernel
from buurteffect.build.identity import error_taken_apart
from buurteffect.build.observe import SETTING
from buurteffect.build.records import LOCK, Record, changes, name_of, observed, settings_of, write_dependencies
from buurteffect.build.runs import Run
from buurteffect.build.truth import join_truth
from buurteffect.errors import (
    BuurteffectError,
    CellFailedError,
    IncompleteRunError,
    KernelDiedError,
    RunError,
    TimeLimitError,
)
from buurteffect.project import SOURCES, Project, writing
from buurteffect.report.draft import RESULTS

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PARTS = ("figures", "tables")
_PACKAGE = Path(buurteffect.__file__).parent
_READS = "reads.jsonl"
_OWN = tuple(f"src/buurteffect/build/{name}.py" for name in ("execute", "identity", "truth"))
_TRUTH = ("truth.json", "place.parquet", "areas.parquet")
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


EXECUTED, PROSE, UNCHANGED = "ran", "has new prose", "is unchanged"
"""What became of a run."""


def run_notebook(project: Project, run: Run) -> str:
    """Execute a run and put its results, figures, tables and executed notebook in place.

    Nothing that an earlier run left is touched before this one has passed every check. Where nothing that the run read
    has other content than last time, it is not executed again; where only prose has, the new prose takes the place of
    the old. The executed notebook is moved last, and its record after it: make takes the two as the sign that the run
    is complete.

    Parameters
    ----------
    project : Project
        The checkout.
    run : Run
        What to run.

    Returns
    -------
    str
        `EXECUTED`, `PROSE` or `UNCHANGED`.

    Raises
    ------
    RunError
        If any part of it did not run; its children say what happened. The failed notebook is kept in
        ``data/processed/<source>/failed/``.
    """
    check_kernel()
    processed = project.processed(run.source)
    processed.mkdir(parents=True, exist_ok=True)
    place = Place(processed, run.name)
    settings = settings_of(run.notebook, run.parameters)
    kept = _keep_what_holds(project, run, place, settings)
    if kept:
        return kept
    failed = processed / "failed" / f"{run.name}.ipynb"
    with tempfile.TemporaryDirectory(dir=processed, prefix=f".staging-{run.name}-") as name:
        staging = Path(name)
        try:
            _execute(project, run, staging)
            record = observed(project, run.name, settings, staging / _READS, _beside(project, run))
            notebook = _check_complete(staging)
            results = _complete_results(project, run, staging)
        except RunError as error:
            left = _keep_failed(staging, failed)
            raise type(error)(
                f"run {run.name!r} on {run.source!r} failed: {error}\n"
                + (f"  kept for reading: {project.show(failed)}\n" if left else "")
                + "  the last good page and results are untouched; the next make tries again"
            ) from None
        place.record.unlink(missing_ok=True)
        _put_in_place(processed, run.name, staging, notebook, results)
    write_dependencies(project, record, place.executed, place.dependencies)
    record.write(place.record)
    for old in (failed, failed.with_suffix(".log")):
        old.unlink(missing_ok=True)
    return EXECUTED


@dataclass(frozen=True)
class Place:
    """Where what a run leaves has its place."""

    processed: Path
    name: str

    @property
    def executed(self) -> Path:
        """The executed notebook."""
        return self.processed / "executed" / f"{self.name}.ipynb"

    @property
    def record(self) -> Path:
        """What it was made from."""
        return self.processed / "records" / f"{self.name}.json"

    @property
    def dependencies(self) -> Path:
        """The same for make."""
        return self.record.with_suffix(".d")

    @property
    def complete(self) -> bool:
        """Whether everything is there."""
        results = self.processed / "results" / f"{self.name}.json"
        exhibits = self.processed / "exhibits" / self.name
        return self.executed.is_file() and results.is_file() and all((exhibits / part).is_dir() for part in _PARTS)


def _keep_what_holds(project: Project, run: Run, place: Place, settings: dict[str, str]) -> str | None:
    """Keep the last run if what it read has the same content now; say what was kept, None where it must run."""
    record = Record.read(place.record)
    if record is None or not place.complete:
        return None
    found = changes(project, record, settings)
    if not found:
        place.executed.touch()
        return UNCHANGED
    if {change.name for change in found if change.kind == "setting"} != {"prose"} or len(found) > 1:
        return None
    executed = nbformat.read(place.executed, as_version=4)
    executed.cells = _with_prose(executed.cells, nbformat.read(run.notebook, as_version=4).cells)
    with writing(place.executed) as aside:
        nbformat.write(executed, aside)
    replace(record, settings=settings).write(place.record)
    return PROSE


def _with_prose(
    executed: list[nbformat.NotebookNode], fresh: list[nbformat.NotebookNode]
) -> list[nbformat.NotebookNode]:
    """Return the executed code cells among the new cells of prose; injected parameters stay behind the declared."""
    ran = iter([cell for cell in executed if cell.cell_type == "code"])
    injected = any("injected-parameters" in cell.metadata.get("tags", []) for cell in executed)
    cells = []
    for cell in fresh:
        if cell.cell_type != "code":
            cells.append(cell)
            continue
        cells.append(next(ran))
        if injected and "parameters" in cell.metadata.get("tags", []):
            cells.append(next(ran))
    return cells


def _execute(project: Project, run: Run, staging: Path) -> None:
    """Let papermill execute the notebook; name what went wrong."""
    environment = {
        **os.environ,
        "BUURTEFFECT_ROOT": str(project.root),
        "BUURTEFFECT_STAGING": str(staging),
        "PYTHONHASHSEED": "0",
        "MPLBACKEND": "agg",
        **dict.fromkeys(_ONE_THREAD, "1"),
    }
    environment.pop("BUURTEFFECT_SERVED", None)
    environment[SETTING] = json.dumps(_rules(project, staging))
    try:
        papermill.execute_notebook(
            str(run.notebook),
            str(staging / "executed.ipynb"),
            parameters=run.parameters,
            engine_name=ENGINE,
            kernel_name=KERNEL,
            language="python",
            progress_bar=False,
            cwd=str(project.root),
            execution_timeout=run.cell_seconds,
            notebook_seconds=run.notebook_seconds,
            environment=environment,
            kernel_log=staging / "kernel.log",
        )
    except PapermillExecutionError as error:
        raise CellFailedError(_describe(error)) from None
    except NotebookTimeLimitError:
        raise TimeLimitError(
            f"the whole notebook ran past its limit of {run.notebook_seconds} s; raise notebook_seconds in its run "
            "file if it needs longer"
        ) from None
    except CellTimeoutError:
        raise TimeLimitError(
            f"a cell ran past its limit of {run.cell_seconds} s; raise cell_seconds in its run file if it needs longer"
        ) from None
    except DeadKernelError:
        raise KernelDiedError(
            "the kernel ended before the notebook did: it was killed (out of memory?) or a cell ended the process"
        ) from None
    except BuurteffectError:
        raise
    except Exception as error:
        raise RunError(f"papermill could not run the notebook: {type(error).__name__}: {error}") from None


def _beside(project: Project, run: Run) -> list[str]:
    """Return the files that move a run's results though its kernel does not open them."""
    truth = project.processed(run.source) / "truth"
    joined = [name_of(project, truth / name) for name in _TRUTH if (truth / name).is_file()]
    return [LOCK, *_OWN, *joined, *run.looks_for]


def _rules(project: Project, staging: Path) -> dict[str, Any]:
    """Return what a run may read and write."""
    processed = [project.processed(source).resolve() for source in SOURCES]
    opened = os.environ.get("OPEN_DATA")
    return {
        "root": str(project.root),
        "staging": str(staging.resolve()),
        "log": str(staging / _READS),
        "refused": [str(folder / name) for folder in processed for name in ("truth", "failed")],
        "also": [str(Path(place).resolve()) for place in (_PACKAGE, opened) if place],
    }


def _describe(error: PapermillExecutionError) -> str:
    """Say which cell failed, with its code and the end of the traceback."""
    source = "\n".join(f"    {line}" for line in error.source.splitlines()[:12])
    trace = [_ANSI.sub("", line) for entry in error.traceback for line in entry.splitlines()]
    tail = "\n".join(f"    {line}" for line in trace[-8:])
    return f"cell {error.exec_count} raised {error.ename}: {error.evalue}\n{source}\n    …\n{tail}"


def _check_complete(staging: Path) -> nbformat.NotebookNode:
    """Return the executed notebook if every code cell of it ran, in order, to its end."""
    notebook: nbformat.NotebookNode = nbformat.read(staging / "executed.ipynb", as_version=4)
    expected = 0
    for cell in notebook.cells:
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        expected += 1
        for output in cell.outputs:
            if output.output_type == "error":
                raise CellFailedError(f"cell {expected} raised {output.ename}: {output.evalue} and ended the notebook")
        if cell.execution_count != expected:
            raise IncompleteRunError(
                f"cell {expected} has execution count {cell.execution_count}: the notebook did not run from top to end"
            )
    if not (staging / RESULTS).is_file():
        raise IncompleteRunError("every cell ran, but there are no results: the last cell must call page.finish()")
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    return notebook


def _complete_results(project: Project, run: Run, staging: Path) -> dict[str, Any]:
    """Return the notebook's results with what identifies the run, and the truth where it is known."""
    try:
        results: dict[str, Any] = json.loads((staging / RESULTS).read_text(encoding="utf-8"))
    except ValueError as error:
        raise IncompleteRunError(f"{RESULTS} is not valid JSON: {error}") from None
    if results.get("source") != run.source or results.get("notebook") != run.notebook.stem:
        raise IncompleteRunError(
            f"the results say notebook {results.get('notebook')!r} on {results.get('source')!r}, the run says "
            f"{run.notebook.stem!r} on {run.source!r}: pass the notebook's name and `source` to report.begin"
        )
    commit, changed = _commit(project.root)
    results["run"] = {
        "name": run.name,
        "parameters": run.parameters,
        "commit": commit,
        "uncommitted_changes": changed,
        "versions": _versions(),
    }
    results["truth"] = join_truth(results["estimands"], project.processed(run.source) / "truth" / "truth.json")
    results["identity"] = error_taken_apart(project, run)
    return results


def _put_in_place(
    processed: Path, name: str, staging: Path, notebook: nbformat.NotebookNode, results: dict[str, Any]
) -> None:
    """Move everything to its final place, the executed notebook last."""
    exhibits = processed / "exhibits" / name
    fresh = staging / "exhibits"
    for part in _PARTS:
        (staging / part).mkdir(exist_ok=True)
        (staging / part).rename(_made(fresh) / part)
    with writing(processed / "results" / f"{name}.json") as aside:
        aside.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if exhibits.exists():
        exhibits.rename(staging / "older")
    _made(exhibits.parent)
    fresh.rename(exhibits)
    with writing(processed / "executed" / f"{name}.ipynb") as aside:
        nbformat.write(notebook, aside)


def _made(folder: Path) -> Path:
    """Return the folder after making it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _keep_failed(staging: Path, failed: Path) -> bool:
    """Keep the notebook as far as it ran, and what the kernel said; whether there was a notebook."""
    _made(failed.parent)
    for origin, target in ((staging / "executed.ipynb", failed), (staging / "kernel.log", failed.with_suffix(".log"))):
        if origin.is_file():
            shutil.copyfile(origin, target)
    return failed.is_file()


def _commit(root: Path) -> tuple[str | None, bool]:
    """Return the commit and whether tracked files differ from it; nothing where git does not answer."""
    try:
        commit = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        ).stdout.strip()
        changes = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None, False
    return commit, bool(changes)


def _versions() -> dict[str, str]:
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
