"""Pages of every kind made from given texts, which stand wherever a page prints a text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from buurteffect.project import Project
from buurteffect.report import Column, figure, open_page
from buurteffect.report.pages.index import write_index
from buurteffect.report.pages.render import page_html, render_page

ALT = "A line that rises from one to two over the two points of the axis."
RUN = {"name": "sample", "parameters": {"source": "synthetic"}, "commit": "abc", "versions": {"python": "3.11"}}


def executed(texts: Sequence[str], folder: Path) -> tuple[nbformat.NotebookNode, dict[str, Any]]:
    """Return an executed notebook that shows the texts, and its results; its figure goes into `folder`."""
    outputs: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUURTEFFECT_STAGING", str(folder))
        patch.setattr("buurteffect.report.page.display", lambda data, raw: outputs.append(_shown(data)))
        draft = open_page("sample", "synthetic")
        _show_all(draft, texts)
        draft.finish()
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    row = {"estimate": 1.0, "ci_low": 0.0, "ci_high": 2.0, "truth": 1.5, "covered": True}
    results |= {
        "inputs": [{"origin": f"{text}/{text}", "bytes_count": 5, "sha256": text} for text in texts],
        "truth": [{"label": text, "unit": text, **row} for text in texts],
        "identity": [{"part": text, "value": 1.0} for text in texts],
        "run": RUN
        | {
            "commit": " ".join(texts),
            "uncommitted_changes": True,
            "parameters": {text: text for text in texts},
            "versions": {text: text for text in texts},
        },
    }
    heads = [new_markdown_cell(f"## Part {place} {_line(text)}\n\n{text}") for place, text in enumerate(texts)]
    cell = new_code_cell("\n".join(texts), outputs=[*outputs, *_outputs(texts)], execution_count=1)
    front = new_markdown_cell(f"# Title {_line(texts[0])}\n\n**Question.** What?\n\n$\\frac{{a}}{{b}}$\n\n{texts[-1]}")
    return new_notebook(cells=[front, *heads, cell]), results


def page_of(texts: Sequence[str], folder: Path) -> str:
    """Return the page of a notebook that shows the texts, with its code folded in."""
    return page_html(*executed(texts, folder), folder)


def pages_of(texts: Sequence[str], project: Project) -> list[Path]:
    """Build a page that shows the texts, the page of its code, the index and the page of addresses; return the four."""
    done = project.processed("synthetic")
    exhibits = done / "exhibits" / "sample"
    for folder in (done / "results", done / "executed", exhibits, project.reports("synthetic")):
        folder.mkdir(parents=True)
    notebook, results = executed(texts, exhibits)
    nbformat.write(notebook, done / "executed" / "sample.ipynb")
    (done / "results" / "sample.json").write_text(json.dumps(results), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("buurteffect.report.pages.render.FOLDED", 0)
        patch.setattr("buurteffect.report.pages.render.LIGHT", 10**9)
        page = render_page(project, "synthetic", "sample")
    beside = [page.parent / folder / "sample.html" for folder in ("code", "addresses")]
    return [page, beside[0], write_index(project, "synthetic", ["sample"]), beside[1]]


def _show_all(draft: Any, texts: Sequence[str]) -> None:
    """Show the texts in each kind of exhibit."""
    frame = pd.DataFrame({"name": texts, "year": range(len(texts)), "value": 0.5})
    joined = " ".join(texts)
    made = SimpleNamespace(
        frame=frame.head(1),
        method=joined,
        error_convention=joined,
        units_count=1,
        clusters_count=9,
        dropped=[(joined, 3)],
    )
    words = {text: f"word for {text}" for text in texts}
    columns = [Column("name", "Name"), *(Column("value", text, ".2f") for text in texts)]
    draft.table("cells", frame, [Column("name", "Name"), Column("name", "Word", words=words)], joined, joined)
    draft.table("heads", made, columns, "Heads.")
    name, across, value = Column("name", "Name"), Column("name", ""), Column("value", "", ".1f")
    draft.wide_table("wide", frame.head(1), [name], across, replace(value, label=joined), "Wide.")
    drawn, axes = figure()
    axes.plot([1, 2])
    draft.figure("drawn", drawn, frame, joined, f"{joined} {ALT}", joined)
    draft.sentences("said", texts, {})
    draft.sentences("answer", texts, {})
    for text in texts:
        draft.headline(text, 1.0, ".1f", 0.5, 1.5)
    draft.verdict(
        SimpleNamespace(
            claim_id="C01",
            claim=joined,
            outcome=joined,
            sentences=tuple(texts),
            limits=tuple(texts),
            numbers={},
            population=joined,
            estimand=joined,
            rule=((joined, tuple(texts)),),
            remarks=tuple(texts),
            changes=tuple(texts),
            primary={},
        )
    )


def _shown(data: dict[str, Any]) -> nbformat.NotebookNode:
    """Return what a kernel would send for something displayed."""
    return new_output("display_data", data)


def _outputs(texts: Sequence[str]) -> list[nbformat.NotebookNode]:
    """Return the outputs of a cell that shows the texts past the page."""
    table = "".join(f"<tr><th>{text}</th><td>{text}</td></tr>" for text in texts)
    return [
        new_output("stream", name="stdout", text="\n".join(texts)),
        *(new_output("display_data", {"text/html": text, "text/plain": "x"}) for text in texts),
        new_output("display_data", {"text/html": f"<table onclick=alert(0)>{table}</table>"}),
        *(new_output("display_data", {"text/markdown": text, "text/plain": "x"}) for text in texts),
        *(new_output("display_data", {"text/latex": text, "text/plain": text}) for text in texts),
        *(new_output("execute_result", {"text/plain": text}) for text in texts),
        *(new_output("error", ename=text, evalue=text, traceback=[]) for text in texts),
    ]


def _line(text: str) -> str:
    """Return a text without what would end a line of markdown."""
    return " ".join(text.split())
