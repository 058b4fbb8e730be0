"""Pages, their index and the page of their code are put in place together; nothing unreleased is."""

import json
import re

import nbformat
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from buurteffect.errors import DisclosureError, ProjectError
from buurteffect.release import Gate
from buurteffect.report import Column, intervals, open_page, shaded_table
from buurteffect.report.html.minify import minified, weight
from buurteffect.report.pages.index import write_index
from buurteffect.report.pages.render import LIGHT, page_html, render_page
from buurteffect.report.tables.exhibits import reading_of

RUN = {
    "name": "tiny",
    "parameters": {"source": "synthetic"},
    "commit": "abc",
    "uncommitted_changes": False,
    "versions": {"python": "3.11"},
}


def frame():
    return pd.DataFrame({"name": ["A", "B"], "value": [0.1234, None]})


def show_table(draft):
    draft.table("t", frame(), [Column("name", "Name"), Column("value", "Value", ".2f")], "Caption.")


@pytest.mark.parametrize("source", ["microdata", "", "Open", "anything"])
def test_nothing_but_public_data_passes_the_gate(source):
    with pytest.raises(DisclosureError, match="not released"):
        Gate(source).release(frame(), "a table")


def test_a_refused_table_is_not_shown_or_written(tmp_path, monkeypatch):
    monkeypatch.setenv("BUURTEFFECT_STAGING", str(tmp_path))
    shown = []
    monkeypatch.setattr("buurteffect.report.page.display", lambda bundle, raw: shown.append(bundle))
    draft = open_page("tiny", "microdata")
    for call in (
        lambda: show_table(draft),
        lambda: draft.sentences("s", ["x"], {}),
        lambda: draft.headline("x", 1.0, ".1f"),
        lambda: draft.estimand("x", "X", 1.0, 0.0, 2.0, "u"),
    ):
        with pytest.raises(DisclosureError):
            call()
    assert not shown
    assert not list(tmp_path.rglob("*.csv"))


def test_the_index_lists_every_report_with_its_headline(project):
    done, reports = project.processed("synthetic"), project.reports("synthetic")
    for folder in (done / "results", done / "executed", reports):
        folder.mkdir(parents=True)
    (reports / "tiny.html").write_text("page", encoding="utf-8")
    nbformat.write(new_notebook(cells=[new_markdown_cell("# A <b>title</b>")]), done / "executed" / "tiny.ipynb")
    headline = [{"label": "Share <i>", "text": "35.9%"}]
    results = {"verdicts": [], "headline": headline, "run": RUN}
    (done / "results" / "tiny.json").write_text(json.dumps(results), encoding="utf-8")
    text = write_index(project, "synthetic", ["tiny"]).read_text(encoding="utf-8")
    assert "35.9%" in text
    assert "Share &lt;i&gt;" in text
    assert "A &lt;b&gt;title" in text
    assert "Synthetic data." in text
    assert "://" not in text


def test_an_index_of_a_missing_page_is_refused(project):
    with pytest.raises(ProjectError, match="no page yet for tiny"):
        write_index(project, "synthetic", ["tiny"])


@pytest.fixture
def executed(project):
    """Write an executed notebook whose code has so many characters; return its page."""

    def render(characters, **parameters):
        done = project.processed("synthetic")
        for folder in (done / "results", done / "executed", project.reports("synthetic")):
            folder.mkdir(parents=True, exist_ok=True)
        given = new_code_cell("source = 'given'", execution_count=1, metadata={"tags": ["injected-parameters"]})
        code = new_code_cell(f"x = '<i>'  # {'y' * characters}", execution_count=2)
        cells = [new_markdown_cell("# Tiny title"), given, code]
        nbformat.write(new_notebook(cells=cells), done / "executed" / "tiny.ipynb")
        run = RUN | {"parameters": parameters}
        results = {"source": "synthetic", "notebook": "tiny", "run": run, "inputs": [], "verdicts": [], "headline": []}
        (done / "results" / "tiny.json").write_text(json.dumps(results | {"sentences": {}}), encoding="utf-8")
        return render_page(project, "synthetic", "tiny")

    return render


def test_code_that_would_make_a_page_heavy_stands_on_a_page_beside_it(executed):
    page = executed(LIGHT)
    text, listing = page.read_text(encoding="utf-8"), page.parent / "code" / "tiny.html"
    assert weight(text) < LIGHT
    assert "<a href=code/tiny.html>code</a>" in text
    code = listing.read_text(encoding="utf-8")
    assert "x = &#39;&lt;i&gt;&#39;" in code
    assert "Synthetic data." in code
    assert 'href="../tiny.html"' in code
    assert "://" not in code


def test_code_that_fits_is_folded_into_the_page_and_an_older_page_of_it_goes(executed):
    executed(LIGHT)
    page = executed(10)
    assert "<summary>Code, cell 2</summary>" in page.read_text(encoding="utf-8")
    assert not (page.parent / "code" / "tiny.html").exists()


@pytest.mark.parametrize("characters", [10, LIGHT])
def test_the_values_of_parameters_stand_at_the_foot_and_not_among_the_code(executed, characters):
    page = executed(characters, outcome="low_income")
    pages = [page, *page.parent.glob("code/*.html")]
    assert not any("given" in file.read_text(encoding="utf-8") for file in pages)
    assert "outcome = low_income" in page.read_text(encoding="utf-8")


def test_runs_of_one_notebook_have_titles_of_their_own(executed):
    text = executed(10, outcome="low_income").read_text(encoding="utf-8")
    assert re.search(r"<h1[^>]*>Tiny title \(low income\)</h1>", text)
    assert "<title>Tiny title (low income) · buurteffect</title>" in text


def test_pictures_do_not_count_in_the_weight_of_a_page():
    assert weight('<img src="data:image/svg+xml;base64,' + "A" * 500 + '" alt="é">') == len('<img  alt="é">') + 1


def test_the_end_of_a_paragraph_is_left_out_only_before_a_block():
    assert minified("<p>a</p>\n<p>b</p></section>") == "<p>a<p>b</section>"
    assert minified("<p>a</p> text") == "<p>a</p> text"


def test_a_method_that_goes_on_with_another_is_told_in_sentences_of_its_own():
    class Made:
        method = "Bounds; on: Callaway, slope -3% a decade"
        error_convention = "errors by name.; shares estimated; t with 3"
        dropped = ()

    assert reading_of(Made()) == [
        "Bounds.",
        "Callaway, slope −3% a decade.",
        "Errors by name.",
        "Shares estimated; t with 3.",
    ]


def test_files_of_one_folder_name_it_once(executed, project):
    executed(10)
    done = project.processed("synthetic") / "results" / "tiny.json"
    names = ("a.zip > scores/one.csv", "a.zip > scores/two.csv", "three.csv")
    inputs = [{"origin": name, "bytes_count": 5, "sha256": "0" * 64} for name in names]
    done.write_text(json.dumps(json.loads(done.read_text(encoding="utf-8")) | {"inputs": inputs}), encoding="utf-8")
    text = render_page(project, "synthetic", "tiny").read_text(encoding="utf-8")
    assert text.count("scores/") == 1
    assert "…/two.csv, 5" in text
    assert "three.csv, 5" in text


def page_of(tmp_path, results):
    cells = [new_markdown_cell("# Tiny title\n\n**Question.** What?")]
    whole = {"source": "synthetic", "notebook": "tiny", "inputs": [], "verdicts": [], "headline": [], "sentences": {}}
    return page_html(new_notebook(cells=cells), whole | {"run": RUN} | results, tmp_path)


def test_an_interval_without_ends_is_not_said_to_miss_the_truth(tmp_path):
    row = {"label": "x", "unit": "u", "estimate": 1.0, "ci_low": None, "ci_high": None, "truth": 1.5, "covered": None}
    page = page_of(tmp_path, {"truth": [row]})
    assert "no finite interval" in page
    assert "missed" not in page
    page = page_of(tmp_path, {"truth": [row | {"ci_low": 0.0, "ci_high": 1.2, "covered": False}]})
    assert "missed" in page


def test_both_truths_stand_beside_an_estimate_and_its_headline(tmp_path):
    row = {"name": "a", "label": "x", "unit": "u", "estimate": 1.0, "ci_low": 0.0, "ci_high": 1.2, "truth": 1.5,
           "covered": False, "truth_without_policy": 0.7, "covered_without_policy": True}  # fmt: skip
    verdict = {"claim_id": "C01", "claim": "c", "outcome": "supported", "sentences": [], "limits": [], "numbers": {}}
    headline = {"label": "effect", "value": 1.0, "ci_low": 0.0, "ci_high": 1.2, "text": "1.0 [0.0, 1.2]"}
    page = page_of(tmp_path, {"truth": [row], "verdicts": [verdict], "headline": [headline | {"estimand": "a"}]})
    assert "1.0 [0.0, 1.2] (truth: 1.5 since the year before the start, 0.7 against no policy at all)" in page
    assert re.search(r"<td>1\.5<td>.*no: missed.*<td>0\.7<td>yes", page)
    alone = page_of(tmp_path, {"truth": [row], "verdicts": [verdict], "headline": [headline]})
    assert "since the year before the start" not in alone


def test_a_section_whose_code_shows_nothing_is_left_out_of_the_page(tmp_path):
    def code(shown):
        return new_code_cell("x", execution_count=1, outputs=[new_output("stream", text="out")] if shown else [])

    cells = [new_markdown_cell("# Title\n\n**Question.** What?")]
    for name, shown in (("Full", True), ("Hollow", False), ("Half", True)):
        cells += [new_markdown_cell(f"## {name}\n\nWords on {name}."), code(shown), code(False)]
    cells += [new_markdown_cell("## Sources\n\nA book."), code(False)]
    whole = {"source": "synthetic", "notebook": "tiny", "inputs": [], "verdicts": [], "headline": [], "sentences": {}}
    page = page_html(new_notebook(cells=cells), whole | {"run": RUN}, tmp_path)
    assert all(f"Words on {name}." in page for name in ("Full", "Half"))
    assert "A book." in page
    assert "Hollow" not in page


LONG = "an estimator with a name that is much longer than the half of any figure could ever hold"


def test_long_names_of_rows_leave_room_for_what_is_drawn():
    rows = pd.DataFrame({"name": [LONG, "short"], "hue": "a", "estimate": 1.0, "ci_low": 0.5, "ci_high": 1.5})
    table = pd.DataFrame([[0.1] * 13] * 2, index=[LONG, "short"], columns=[f"S{place}" for place in range(13)])
    for drawn in (intervals(rows, "name", "hue", {"a": "a"}, "axis"), shaded_table(table, ("x", ""), ".2f")):
        drawn.canvas.draw()
        axes = drawn.axes[0]
        assert "\n" in axes.get_yticklabels()[0].get_text()
        assert axes.get_position().width > 0.5
