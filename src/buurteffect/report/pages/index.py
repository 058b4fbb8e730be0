"""The index of all reports on one source, with their headline results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from scipy.stats import false_discovery_control

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
    families: Sequence[Mapping[str, object]] = (),
) -> Path:
    """Write the index of the runs in `names`, in this order, and return its path.

    `since` says for each run in words what has moved since results were recorded last; `families` are the outcomes of
    claims that several runs judge, with p-values adjusted within the claim: ``claim_id, run, label, estimate, ci_low,
    ci_high, p_value, adjusted``.

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
        "tested": _tested(reported),
        "families": families,
        "since": since or {},
        "verified": (reports / "verify.html").is_file(),
    }
    index = reports / "index.html"
    with writing(index) as aside:
        aside.write_text(filled("index.html.j2", page, digits=digits, chance=_chance), encoding="utf-8")
    return index


def _tested(reported: Sequence[Mapping[str, Any]]) -> list[dict[str, object]]:
    r"""Return the estimands that decide and have a test, with p-values adjusted for there being many of them.

    Over all claims of the index together :math:`p^{BH}_{(i)} = \min_{j \ge i} m p_{(j)} / j` (Benjamini & Hochberg
    1995, doi:10.1111/j.2517-6161.1995.tb02031.x).
    """
    tested = [
        {"run": report["name"], **{name: verdict[name] for name in ("claim_id", "estimand")}, **verdict["primary"]}
        for report in reported
        for verdict in report["verdicts"]
        if (verdict.get("primary") or {}).get("p_value") is not None
    ]
    adjusted = false_discovery_control([row["p_value"] for row in tested]) if tested else []
    return [{**row, "adjusted": float(value)} for row, value in zip(tested, adjusted, strict=True)]


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
