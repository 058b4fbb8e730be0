"""Renders an executed notebook and its results as one HTML page that loads nothing and runs nothing.

nbconvert renders; the template is this project's. Only what `Page` showed reaches the page as a numbered table, a
figure or a sentence, and it does so as text. What a cell showed otherwise is folded, and its HTML is sanitised.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter
from traitlets.config import Config

from buurteffect.errors import HeavyPageError, ProjectError
from buurteffect.project import Project, writing
from buurteffect.report.html.cell_outputs import shown_by
from buurteffect.report.html.markdown import Heading, number_references, to_html
from buurteffect.report.html.minify import aligned, alignment_rules, minified, print_methods_once, short_anchors, weight
from buurteffect.report.html.template import TEMPLATES, stylesheet
from buurteffect.report.page import EXHIBIT
from buurteffect.report.pages.code_page import code_page_html
from buurteffect.report.pages.needs import needs_html
from buurteffect.report.provenance.address_page import FOLDER, addresses_of
from buurteffect.report.tables.columns import print_value

LIGHT = 60_000
"""Bytes beyond its figures that a page may weigh."""
FOLDED = 50_000
"""Bytes that it may weigh with its code folded into it."""
LISTED = 55_000
"""Bytes that it may weigh, without its code, with its input files listed at its foot."""
_FIGURE = re.compile(r"<figure[^>]*\bid=([\w-]+)[^>]*>.*?</figure>", re.DOTALL)
_INJECTED = "injected-parameters"
_OPENS = re.compile(r"##\s")
_TRUTH_ALIGNED = "n3 n4 n5 n7"
SOURCE_WORDS = {
    "synthetic": "the synthetic country",
    "open": "open data of the publishers",
    "microdata": "microdata in the closed environment of CBS",
}


def render_page(project: Project, source: str, name: str) -> Path:
    """Render the page of one run, put it, its figures and its tables in place, and return its path.

    The page comes last, so that it never points at figures that are not there. Where the code would make it heavier
    than `FOLDED`, the code stands on a page beside it, to which it points; and the list of input files as well, where
    the page is heavier than `LISTED` even then.

    Raises
    ------
    ProjectError
        If the run has not been executed, or its text refers to a table or figure that it does not show.
    HeavyPageError
        If the page is heavier than `LIGHT` without its code; the last good page stands.
    """
    processed, reports = project.processed(source), project.reports(source)
    executed, results_file = processed / "executed" / f"{name}.ipynb", processed / "results" / f"{name}.json"
    if not executed.is_file() or not results_file.is_file():
        raise ProjectError(f"run {name!r} has not been executed on {source!r}: run make reports SOURCE={source}")
    exhibits = processed / "exhibits" / name
    notebook = nbformat.read(executed, as_version=4)
    results = json.loads(results_file.read_text(encoding="utf-8"))
    addresses = addresses_of(project, notebook, results)
    keys, listing = addresses.keys, reports / "code" / f"{name}.html"
    if results.get("needs"):
        html = needs_html(title_of(notebook, results), results, SOURCE_WORDS[source])
    else:
        html = page_html(notebook, results, exhibits, addressed=keys)
    heavy = weight(html) > FOLDED
    if heavy:
        html = page_html(notebook, results, exhibits, f"code/{name}.html", keys)
        if weight(html) > LISTED:
            html = page_html(notebook, results, exhibits, f"code/{name}.html", keys, files_beside=True)
        check_weight(html, name)
        with writing(listing) as aside:
            aside.write_text(code_page_html(results, _code_cells(notebook)), encoding="utf-8")
    addresses.write(reports)
    for kind in ("figures", "tables"):
        _replace_folder(exhibits / kind, reports / kind / name)
    page = reports / f"{name}.html"
    with writing(page) as aside:
        aside.write_text(html, encoding="utf-8")
    if not heavy:
        listing.unlink(missing_ok=True)
    return page


def page_html(
    notebook: nbformat.NotebookNode,
    results: Mapping[str, Any],
    exhibits: Path,
    listing: str = "",
    addressed: Container[str] = (),
    files_beside: bool = False,
) -> str:
    """Return the page of an executed notebook, whose first cell holds the title and the question.

    `exhibits` is the folder with the run's ``figures/``, and `listing` the address of the page of the code, which is
    folded into this one where it is empty; with `files_beside` that page also lists the input files. What has its key
    in `addressed` points to the addresses of its numbers.
    """
    front, *cells = notebook.cells
    if front.cell_type != "markdown" or not front.source.startswith("# "):
        raise ProjectError("a notebook's first cell must be markdown that starts with its title (# …)")
    blocks: list[dict[str, Any]] = []
    contents: list[Heading] = []
    empty = _empty_sections(cells)
    for place, cell in enumerate(cells):
        if cell.cell_type == "markdown" and place in empty:
            continue
        if cell.cell_type == "markdown":
            html, headings = to_html(cell.source)
            blocks.append({"kind": "markdown", "html": html})
            contents += headings
        elif cell.cell_type == "code" and cell.source.strip():
            blocks += _code_blocks(cell, results["run"]["name"], exhibits, folded=not listing)
    names = _number(blocks)
    taken = [heading.anchor for heading in contents] + [block["key"] for block in blocks if "key" in block]
    twice = sorted({anchor for anchor in taken if taken.count(anchor) > 1})
    if twice:
        raise ProjectError(f"the page uses {', '.join(twice)} twice as an address: rename a heading, table or figure")
    for block in blocks:
        if block["kind"] == "markdown":
            block["html"] = Markup(number_references(block["html"], names))
    print_methods_once([block for block in blocks if "reading" in block], names)
    if results.get("truth"):
        contents.append(Heading("Beside the truth", "beside-the-truth"))
    title, below = title_of(notebook, results), front.source.splitlines()[1:]
    page = {
        "title": title,
        "front": Markup(number_references(to_html("\n".join([f"# {title}", *below]))[0], names)),
        "contents": contents,
        "blocks": blocks,
        "results": results,
        "headlines": [
            entry | {"truths": f" ({told})" if (told := truths_of(entry, results)) else ""}
            for entry in results["headline"]
        ],
        "truth_number": 1 + sum(block["kind"] == "table" for block in blocks),
        "synthetic": results["source"] == "synthetic",
        "listing": listing,
        "files_beside": files_beside,
        "addressed": addressed,
        "addresses": f"{FOLDER}/{results['run']['name']}.html",
        "source_words": SOURCE_WORDS[results["source"]],
        "css": stylesheet(),
        "truth_aligned": _TRUTH_ALIGNED,
        "two_truths": any(row.get("truth_without_policy") is not None for row in results.get("truth") or []),
        "alignment": Markup(alignment_rules([_TRUTH_ALIGNED, "f2", *(block.get("aligned", "") for block in blocks)])),
    }
    return _export(notebook, page)


def _empty_sections(cells: Sequence[nbformat.NotebookNode]) -> set[int]:
    """Return the places of cells in sections whose code showed nothing: they would be method without a result.

    A section runs from a cell of text that opens with ``##`` to the next; one without code, and one whose only code is
    the last cell of the notebook, stay.
    """
    starts = [place for place, cell in enumerate(cells) if cell.cell_type == "markdown" and _OPENS.match(cell.source)]
    empty: set[int] = set()
    for start, end in zip(starts, [*starts[1:], len(cells)], strict=False):
        code = [cell for cell in cells[start : min(end, len(cells) - 1)] if cell.cell_type == "code"]
        if code and not any(cell.outputs for cell in code):
            empty |= set(range(start, end))
    return empty


def truths_of(entry: Mapping[str, Any], results: Mapping[str, Any]) -> str:
    """Return in words what is true of a headline, empty where that is not known."""
    for row in results.get("truth") or []:
        if entry.get("estimand") and row["name"] == entry["estimand"]:
            other = row.get("truth_without_policy")
            if other is None:
                return f"truth: {headline_truth(row['truth'])}"
            since, against = headline_truth(row["truth"]), headline_truth(other)
            return f"truth: {since} since the year before the start, {against} against no policy at all"
    return ""


def headline_truth(value: float | None) -> str:
    """Print a truth beside a headline, with three significant digits."""
    return print_value(value, ".3g")


def check_weight(html: str, name: str) -> None:
    """Refuse a page that is too heavy, and name what weighs most in it."""
    if weight(html) <= LIGHT:
        return
    sizes = {part[1]: weight(part[0]) for part in _FIGURE.finditer(html)}
    heaviest = ", ".join(f"{key} {sizes[key]:,}" for key in sorted(sizes, key=lambda key: -sizes[key])[:5])
    raise HeavyPageError(
        f"the page of {name!r} weighs {weight(html):,} bytes beyond its figures, {LIGHT:,} is the most a page may\n"
        f"  heaviest: {heaviest or 'its text'}\n"
        "  to do:    print fewer rows or columns of these (`page.record` keeps all in CSV and results), or shorten text"
    )


def title_of(notebook: nbformat.NotebookNode, results: Mapping[str, Any]) -> str:
    """Return the title of a run's page: that of the notebook, and the outcome where a run has one."""
    title = str(notebook.cells[0].source.splitlines()[0].removeprefix("# ").strip())
    outcome = results["run"]["parameters"].get("outcome", "")
    return f"{title} ({outcome.replace('_', ' ')})" if outcome else title


def digits(value: float | None) -> str:
    """Print a number with four significant digits."""
    return print_value(value, ".4g")


def _export(notebook: nbformat.NotebookNode, page: dict[str, Any]) -> str:
    """Run nbconvert with the project's template."""
    exporter = HTMLExporter(
        config=Config(TemplateExporter={"extra_template_basedirs": [str(TEMPLATES)]}), template_name="page"
    )
    exporter.register_filter("digits", digits)
    exporter.register_filter("capitalize_first", lambda text: text[:1].upper() + text[1:])
    exporter.exclude_input_prompt = True
    body, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return short_anchors(minified(str(body)))


def _code_cells(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """Return the cells of code, without the injected parameters, which stand at the foot of the page."""
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip() and not _injected(cell)]


def _injected(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell was injected with the parameters of the run."""
    return _INJECTED in cell.metadata.get("tags", [])


def _code_blocks(cell: nbformat.NotebookNode, run: str, exhibits: Path, folded: bool) -> list[dict[str, Any]]:
    """Return a code cell's source, where it is folded into the page, and what it showed."""
    blocks: list[dict[str, Any]] = []
    if folded and not _injected(cell):
        blocks.append({"kind": "code", "count": cell.execution_count, "source": cell.source})
    for output in cell.outputs:
        if EXHIBIT in output.get("data", {}):
            blocks.append(_exhibit(dict(output.data[EXHIBIT]), run, exhibits))
        elif block := shown_by(output, cell.execution_count):
            blocks.append(block)
    return blocks


def _exhibit(exhibit: dict[str, Any], run: str, exhibits: Path) -> dict[str, Any]:
    """Complete an exhibit with its links and, for a figure, its picture."""
    for link in ("csv", "svg"):
        if link in exhibit:
            folder, file = exhibit[link].split("/")
            exhibit[f"{link}_link"] = f"{folder}/{run}/{file}"
    if exhibit["kind"] == "table":
        exhibit["aligned"] = aligned(exhibit["columns"])
    if exhibit["kind"] == "figure":
        picture = (exhibits / "figures" / f"{exhibit['key']}.svg").read_bytes()
        exhibit["image"] = "data:image/svg+xml;base64," + base64.b64encode(picture).decode("ascii")
    return exhibit


def _number(blocks: list[dict[str, Any]]) -> dict[str, str]:
    """Give tables and figures their numbers, in the order of the page."""
    names: dict[str, str] = {}
    counts = {"table": 0, "figure": 0}
    for block in blocks:
        if block["kind"] in counts:
            counts[block["kind"]] += 1
            block["number"] = counts[block["kind"]]
            names[block["key"]] = f"{block['kind'].capitalize()} {block['number']}"
    return names


def _replace_folder(origin: Path, target: Path) -> None:
    """Put a copy of a folder in place of an older one."""
    aside = target.with_name(f".{target.name}-new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    if origin.is_dir():
        shutil.copytree(origin, aside, dirs_exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)
    aside.replace(target)
