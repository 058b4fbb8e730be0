"""The index of all reports on one source, with their headline results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

from buurteffect.errors import ProjectError
from buurteffect.project import Project, writing
from buurteffect.report.html.template import filled
from buurteffect.report.pages.render import SOURCE_WORDS, title_of


def write_index(project: Project, source: str, names: Sequence[str], since: Mapping[str, str] | None = None) -> Path:
    """Write the index of the runs in `names`, in this order, and return its path.

    `since` says for each run in words what has moved since results were recorded last.

    Raises
    ------
    ProjectError
        If a run has no page yet.
    """
    reports = project.reports(source)
    missing = [name for name in names if not (reports / f"{name}.html").is_file()]
    if missing:
        raise ProjectError(f"no page yet for {', '.join(missing)}: run make reports SOURCE={source}")
    reported = [_summary(project.processed(source), name) for name in names]
    page = {
        "source_words": SOURCE_WORDS[source],
        "synthetic": source == "synthetic",
        "reports": [report for report in reported if not report["needs"]],
        "lacking": [report for report in reported if report["needs"]],
        "since": since or {},
        "verified": (reports / "verify.html").is_file(),
    }
    index = reports / "index.html"
    with writing(index) as aside:
        aside.write_text(filled("index.html.j2", page), encoding="utf-8")
    return index


def _summary(processed: Path, name: str) -> dict[str, object]:
    """Return what the index shows of one run."""
    results = json.loads((processed / "results" / f"{name}.json").read_text(encoding="utf-8"))
    notebook = nbformat.read(processed / "executed" / f"{name}.ipynb", as_version=4)
    return {
        "name": name,
        "title": title_of(notebook, results),
        "verdicts": results["verdicts"],
        "headline": results["headline"],
        "needs": results.get("needs"),
        "commit": results["run"]["commit"],
    }
