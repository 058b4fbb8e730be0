"""The index of all reports on one source, with their headline results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat

from buurteffect.errors import ProjectError
from buurteffect.project import Project, writing
from buurteffect.report.html.template import filled
from buurteffect.report.pages.render import SOURCE_WORDS, digits, title_of, truths_of

_SMALLEST_P = 0.001


def write_index(
    project: Project,
    source: str,
    names: Sequence[str],
    since: Mapping[str, str] | None = None,
    tested: Sequence[Mapping[str, object]] = (),
    families: Sequence[Mapping[str, object]] = (),
) -> Path:
    """Write the index of the runs in `names`, in this order, and return its path.

    `since` says for each run in words what has moved since results were recorded last; `tested` are the estimands
    that decide and `families` the outcomes of claims that several runs judge, with p-values adjusted over all and
    within the claim: ``claim_id, run, label, estimate, ci_low, ci_high, p_value, adjusted``.

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
        "tested": tested,
        "families": families,
        "since": since or {},
        "verified": (reports / "verify.html").is_file(),
    }
    index = reports / "index.html"
    with writing(index) as aside:
        aside.write_text(filled("index.html.j2", page, digits=digits, chance=_chance), encoding="utf-8")
    return index


def _chance(value: float) -> str:
    """Print a p-value."""
    return f"{value:.3f}" if value >= _SMALLEST_P else f"below {_SMALLEST_P}"


def _summary(processed: Path, name: str) -> dict[str, Any]:
    """Return what the index shows of one run."""
    results = json.loads((processed / "results" / f"{name}.json").read_text(encoding="utf-8"))
    notebook = nbformat.read(processed / "executed" / f"{name}.ipynb", as_version=4)
    return {
        "name": name,
        "title": title_of(notebook, results),
        "verdicts": results["verdicts"],
        "headline": [entry | {"truths": truths_of(entry, results)} for entry in results["headline"]],
        "needs": results.get("needs"),
        "commit": results["run"]["commit"],
    }
