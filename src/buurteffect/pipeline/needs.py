"""A run that lacks its data: no failure, but a page that says what is missing and where to get it.

Only on open data, of which a folder may hold any part. A simulated country has all its data: there such a run fails.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from buurteffect import errors
from buurteffect.errors import EstimationError, MissingDataError
from buurteffect.pipeline.runs.runs import Run
from buurteffect.project import Project
from buurteffect.report.page import EXHIBIT
from buurteffect.report.tables.exhibits import DIGITS
from buurteffect.sources.download.missing_data import missing_data

NOT_ENOUGH = ("EstimationError", "NoSwitchError", "NoComparisonError", "OneTreatedClusterError")
"""Refusals of an estimator that more data can lift. The others say that a design does not fit its panel."""

_MARKER = "papermill-error-cell-tag"


def need_of(project: Project, run: Run, name: str, text: str) -> MissingDataError | None:
    """Return what a run lacks, from the name and text of the error that ended it; None where that is another error."""
    if run.source != "open":
        return None
    if name == MissingDataError.__name__:
        return MissingDataError.parse(text)
    if name in NOT_ENOUGH and issubclass(getattr(errors, name), EstimationError):
        title = nbformat.read(run.notebook, as_version=4).cells[0].source.splitlines()[0].removeprefix("# ").strip()
        asked, missing = f"the page “{title}”", f"enough data for its estimates: {text}"
        return missing_data(run.source, asked, missing, run.data or ("scores",), project)
    return None


def as_far_as_it_ran(executed: Path) -> nbformat.NotebookNode:
    """Return an executed notebook that ended early, without tables and figures: nothing of it is published."""
    notebook: nbformat.NotebookNode = nbformat.read(executed, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if _MARKER not in cell.metadata.get("tags", [])]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if EXHIBIT not in output.get("data", {})]
        for output in cell.get("outputs", []):
            if output.output_type == "error":  # its traceback holds the places of this machine
                output.traceback = [f"{output.ename}: {output.evalue}"]
    return notebook


def results_of(run: Run, need: MissingDataError) -> dict[str, Any]:
    """Return results that hold no number, but what the run needs."""
    return {
        "notebook": run.notebook.stem,
        "source": run.source,
        "digits": DIGITS,
        "decimals": {},
        "inputs": [],
        "results": {},
        "sentences": {},
        "verdicts": [],
        "estimands": {},
        "headline": [],
        "needs": {"asked": need.asked, "missing": need.missing, "where": list(need.where), "command": need.command},
    }
