"""Run one notebook with one set of parameters, and keep the result only if all of it ran.

papermill executes. What it reports is not taken on trust: a kernel that ended early or was killed can leave
cells that look complete, so every cell and the results are checked before anything takes its final place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

import buurteffect
from buurteffect.errors import (
    BuurteffectError,
    CellFailedError,
    IncompleteRunError,
    KernelDiedError,
    MissingDataError,
    ObservedAccessError,
    RunError,
    TimeLimitError,
)
from buurteffect.pipeline.kernels.client import reproducible_environment
from buurteffect.pipeline.kernels.engine import ENGINE, KERNEL, NotebookTimeLimitError, check_kernel
from buurteffect.pipeline.kernels.processes import kill_all
from buurteffect.pipeline.needs import as_far_as_it_ran, need_of, results_of
from buurteffect.pipeline.runs.git import git
from buurteffect.pipeline.runs.observe import SETTING
from buurteffect.pipeline.runs.provenance import (
    LOCK,
    Record,
    changes,
    checksum,
    name_of,
    observed,
    refusals,
    settings_of,
    versions,
)
from buurteffect.pipeline.runs.runs import Run
from buurteffect.pipeline.runs.staging import PARTS, RunFiles, cannot_store, date, lock, on_disk_full
from buurteffect.pipeline.truth.process import join_in_own_process
from buurteffect.project import SOURCES, Project, writing
from buurteffect.report.record import RESULTS
from buurteffect.report.tables.exhibits import plain

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PACKAGE = Path(buurteffect.__file__).parent
_READS, _JOINED = "reads.jsonl", "joined.jsonl"
_OWN = tuple(f"src/buurteffect/pipeline/{name}.py" for name in ("execute", "truth/process", "needs", "runs/staging"))
_KEPT = re.compile(
    "(PATH|HOME|USER|LOGNAME|SHELL|TERM|TMPDIR|LD_LIBRARY_PATH|VIRTUAL_ENV|OPEN_DATA)$"
    "|(XDG_|JUPYTER|IPYTHON|CONDA|PYTHON|DYLD_|MPL)"
)
"""What a kernel has of the environment: no other variable can move a result."""

EXECUTED, PROSE, UNCHANGED, NEEDS = "ran", "has new prose", "is unchanged", "needs more data"
"""What became of a run."""


def run_notebook(project: Project, run: Run) -> str:
    """Execute a run and put its results, figures, tables and executed notebook in place.

    Nothing that an earlier run left is touched before this one has passed every check. Where nothing that the run read
    has other content than last time, it is not executed again; where only prose has, the new prose takes the place of
    the old. The executed notebook is moved last, and its record after it: make takes the two as the sign that the run
    is complete. A run on open data that ends for want of data is complete too: its results say what it needs.

    Returns
    -------
    str
        `EXECUTED`, `PROSE` or `UNCHANGED`; of a run that lacks its data `NEEDS` and what is missing, whatever was done.

    Raises
    ------
    RunError
        If any part of it did not run; its children say what happened. The failed notebook is kept in
        ``data/processed/<source>/failed/``.
    """
    check_kernel()
    run_files = RunFiles(project.processed(run.source), run.name)
    failed = run_files.processed / "failed" / f"{run.name}.ipynb"
    with on_disk_full(), lock(run_files.record) as began_ns:
        run_files.clear()
        settings = settings_of(run.notebook, run.parameters)
        outcome = _keep_if_unchanged(project, run, run_files, settings, began_ns)
        if not outcome:
            _run_afresh(project, run, run_files, settings, failed, began_ns)
        for old in (failed, failed.with_suffix(".log")):
            old.unlink(missing_ok=True)
        need = json.loads(run_files.results.read_text(encoding="utf-8")).get("needs")
    return f"{NEEDS}: {need['missing']}" if need else outcome or EXECUTED


def _run_afresh(
    project: Project, run: Run, run_files: RunFiles, settings: dict[str, str], failed: Path, began_ns: int
) -> None:
    """Execute a run and put what it leaves in place."""
    with tempfile.TemporaryDirectory(dir=run_files.processed, prefix=f".staging-{run.name}-") as name:
        staging = Path(name)
        try:
            need = _execute(project, run, staging)
            record = observed(project, run.name, settings, staging / _READS, _beside(project, run))
            if need is None:
                notebook, results = _check_complete(staging), _complete_results(project, run, staging)
            else:
                notebook, results = _as_it_ended(project, run, staging, need)
            if (staging / _JOINED).is_file():
                record = record.with_read(observed(project, run.name, {}, staging / _JOINED, []))
        except RunError as error:
            left = _keep_failed(staging, failed)
            kind = ObservedAccessError if refusals(staging / _READS) else type(error)
            raise kind(
                f"run {run.name!r} on {run.source!r} failed: {error}\n"
                + (f"  kept for reading: {project.show(failed)}\n" if left else "")
                + "  the last good page and results are untouched; the next make tries again"
            ) from None
        run_files.put(project, staging, notebook, results, record, began_ns)


def _keep_if_unchanged(
    project: Project, run: Run, run_files: RunFiles, settings: dict[str, str], began_ns: int
) -> str | None:
    """Keep the last run if what it read has the same content now; say what was kept, None where it must run."""
    record = Record.read(run_files.record)
    if record is None or not record.made or not run_files.complete:
        return None
    found = changes(project, record, settings, run.looks_for)
    if found and [change.name for change in found] != ["prose"]:
        return None
    if found:
        executed = nbformat.read(run_files.executed, as_version=4)
        executed.cells = _with_prose(executed.cells, nbformat.read(run.notebook, as_version=4).cells)
        with writing(run_files.executed) as aside:
            nbformat.write(executed, aside)
        made = record.made | {name_of(project, run_files.executed): checksum(run_files.executed)}
        replace(record, settings=settings).with_made(made).write(run_files.record)
    date(run_files.executed, began_ns)
    run_files.record.touch()  # what is newer than its record was edited by hand
    return PROSE if found else UNCHANGED


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


def _execute(project: Project, run: Run, staging: Path) -> MissingDataError | None:
    """Let papermill execute the notebook; return what data it lacks, None where none; name what else went wrong."""
    environment = {
        **reproducible_environment({name: value for name, value in os.environ.items() if _KEPT.match(name)}),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "BUURTEFFECT_ROOT": str(project.root),
        "BUURTEFFECT_STAGING": str(staging),
        "IPYTHONDIR": str(staging / ".ipython"),
    }
    environment[SETTING] = json.dumps(_rules(project, staging))
    try:
        with kill_all():
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
        need = need_of(project, run, error.ename, error.evalue)
        if need is None:
            raise CellFailedError(_describe(error)) from None
        return need
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
        if cannot_store(error):
            raise
        raise RunError(f"papermill could not run the notebook: {type(error).__name__}: {error}") from None
    return None


def _beside(project: Project, run: Run) -> list[str]:
    """Return the files that move a run's results though its kernel does not open them."""
    truth = project.processed(run.source) / "truth" / "truth.json"
    return [LOCK, *_OWN, name_of(project, truth), *run.looks_for]


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
    return _without_traces(notebook)


def _as_it_ended(
    project: Project, run: Run, staging: Path, need: MissingDataError
) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
    """Return notebook and results of a run that lacks its data; what it had shown by then is not kept."""
    for part in PARTS:
        shutil.rmtree(staging / part, ignore_errors=True)
    notebook = _without_traces(as_far_as_it_ran(staging / "executed.ipynb"))
    return notebook, results_of(run, need) | {"run": _identity(project, run)}


def _without_traces(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Return a notebook without what differs from one execution to the next."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
        if "injected-parameters" in cell.metadata.get("tags", []):
            cell["id"] = "injected-parameters"  # papermill draws one by chance
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
            f"{run.notebook.stem!r} on {run.source!r}: pass the notebook's name and `source` to report.open_page"
        )
    results["run"] = _identity(project, run)
    rounded: dict[str, Any] = plain(
        results | join_in_own_process(project, run, results["estimands"], staging / _JOINED)
    )
    return rounded


def _identity(project: Project, run: Run) -> dict[str, Any]:
    """Return what identifies a run in its results."""
    commit, changed = _commit(project.root)
    return {
        "name": run.name,
        "parameters": run.parameters,
        "commit": commit,
        "uncommitted_changes": changed,
        "versions": dict(versions()),
    }


def _keep_failed(staging: Path, failed: Path) -> bool:
    """Keep the notebook as far as it ran, and what the kernel said; whether there was a notebook."""
    with suppress(OSError):  # a full disk must not hide why the run failed
        failed.parent.mkdir(parents=True, exist_ok=True)
        for origin, target in (
            (staging / "executed.ipynb", failed),
            (staging / "kernel.log", failed.with_suffix(".log")),
        ):
            if origin.is_file():
                shutil.copyfile(origin, target)
    return failed.is_file()


def _commit(root: Path) -> tuple[str | None, bool]:
    """Return the commit and whether tracked files differ from it; nothing where git does not answer."""
    if (root / "COMMIT").is_file():
        from buurteffect.pipeline.deposit.archive import commit_of_deposit  # an unpacked deposit is not under git

        deposited = commit_of_deposit(root)
        if deposited is not None:
            return deposited
    changed = git(root, "status", "--porcelain", "--untracked-files=no")
    return (None, False) if changed is None else (git(root, "rev-parse", "--short=12", "HEAD"), bool(changed))
