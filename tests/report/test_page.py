"""Pages read like a paper, load nothing, run nothing, and print nothing but what was released."""

import json
import re
from html.parser import HTMLParser
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from buurteffect.errors import ProjectError
from buurteffect.report import Column, figure, open_page
from buurteffect.report.html.markdown import to_html
from buurteffect.report.page import EXHIBIT
from buurteffect.report.pages.render import page_html
from buurteffect.report.provenance.addresses import sections_of

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}",
    "</table></main><iframe src=//x>",
    "$\\href{javascript:alert(1)}{x}$",
)
ALT = "A line that rises from one to two over the two points of the axis."


class Tags(HTMLParser):
    """Collect a page's tags with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def draft(tmp_path, monkeypatch):
    monkeypatch.setenv("BUURTEFFECT_STAGING", str(tmp_path))
    return open_page("tiny", "synthetic")


@pytest.fixture
def shown(draft, monkeypatch):
    """Show exhibits as a kernel would; return the page that they make."""
    outputs = []
    monkeypatch.setattr(
        "buurteffect.report.page.display", lambda bundle, raw: outputs.append(new_output("display_data", bundle))
    )

    def page(*markdown, source="synthetic", extra=(), truth=(), identity=()):
        cell = new_code_cell("page.table(…)", outputs=[*outputs, *extra], execution_count=1)
        cells = [new_markdown_cell("# Tiny title\n\n**Question.** What?"), cell]
        draft.finish()
        results = json.loads((draft.folder / "results.json").read_text(encoding="utf-8"))
        results |= {"source": source, "truth": list(truth), "identity": list(identity), "run": RUN}
        return page_html(new_notebook(cells=[*cells, *map(new_markdown_cell, markdown)]), results, draft.folder)

    return page


RUN = {
    "name": "tiny",
    "parameters": {"source": "synthetic"},
    "commit": "abc",
    "uncommitted_changes": False,
    "versions": {"python": "3.11"},
}


def frame():
    return pd.DataFrame({"name": ["A", "B"], "value": [0.1234, None], "low": [0.1, None], "high": [0.2, None]})


def show_table(draft, key="t", data=None, **options):
    columns = [Column("name", "Name"), Column("value", "Value", ".2f", "low", "high")]
    draft.table(key, frame() if data is None else data, columns, options.pop("caption", "Caption."), **options)


@pytest.mark.parametrize("text", HOSTILE)
def test_untrusted_text_is_shown_as_text_everywhere(draft, shown, text):
    data = frame().assign(name=[text, text])
    show_table(draft, data=data, caption=text, note=text)
    draft.sentences("s", [text], {})
    fig, ax = figure()
    ax.plot([1, 2])
    ax.set_title(text.replace("$", ""))
    draft.figure("f", fig, data, text, f"{text} {ALT}", text)
    page = shown(extra=[new_output("display_data", {"text/html": f"<b>{text}</b>", "text/plain": text})])
    tags = Tags(page)
    assert tags.text.count(text) >= 6
    assert not {"script", "iframe", "svg", "object", "embed", "b"} & {tag for tag, _ in tags.tags}
    for tag, attributes in tags.tags:
        assert not any(name.startswith("on") for name in attributes), tag
        assert not (attributes.get("href") or "").startswith("javascript:")
    for element in ElementTree.parse(draft.folder / "figures" / "f.svg").iter():
        assert not str(element.tag).endswith("script")
        assert not any(name.startswith("on") for name in element.attrib)


def test_a_page_holds_no_outside_address(draft, shown):
    show_table(draft)
    fig, ax = figure()
    ax.plot([1, 2])
    draft.figure("f", fig, frame(), "Caption.", ALT)
    page = shown("## Section\n\n$x^2$ and $$\\sum_i \\frac{a_i}{b}$$")
    assert "://" not in page
    tags = Tags(page)
    for tag, attributes in tags.tags:
        for name in ("src", "href"):
            assert not re.match(r"(https?:)?//", attributes.get(name) or ""), tag
    policy = [a["content"] for t, a in tags.tags if t == "meta" and a.get("http-equiv") == "Content-Security-Policy"]
    assert policy
    assert "default-src 'none'" in policy[0]


def test_formulas_are_drawn_without_a_script(shown):
    page = shown("Inline $\\sigma_a^2$ and\n\n$$\\frac{a}{b}$$")
    assert page.count("<math") == 2
    assert "<mfrac>" in page


def test_tables_and_figures_are_numbered_and_text_refers_to_them(draft, shown):
    show_table(draft, "first")
    show_table(draft, "second")
    page = shown("See [Table](#second), not [Table](#first).")
    assert "See <a href=#second>Table 2</a>, not <a href=#first>Table 1</a>." in page


def test_a_reference_to_nothing_is_refused(draft, shown):
    show_table(draft)
    with pytest.raises(ProjectError, match="#nowhere"):
        shown("See [Table](#nowhere).")


def test_a_figure_has_its_alternative_text_and_its_data(draft, shown):
    fig, ax = figure()
    ax.plot([1, 2])
    draft.figure("f", fig, frame(), "Caption.", ALT)
    tags = Tags(shown()).tags
    assert [a["alt"] for t, a in tags if t == "img"] == [ALT]
    assert ("a", {"href": "tables/tiny/f.csv"}) in tags
    assert pd.read_csv(draft.folder / "tables" / "f.csv")["value"].iloc[0] == 0.1234


def test_a_figure_without_a_real_alternative_text_is_refused(draft):
    fig, _ = figure()
    with pytest.raises(ProjectError, match="alternative text"):
        draft.figure("f", fig, frame(), "Caption.", "A plot")


def test_a_figure_is_the_same_file_each_time(draft, tmp_path):
    for key in ("one", "two"):
        fig, ax = figure()
        ax.plot([1, 2], label="x")
        ax.legend()
        draft.figure(key, fig, frame(), "Caption.", ALT)
    files = [(tmp_path / "figures" / f"{key}.svg").read_bytes() for key in ("one", "two")]
    assert files[0] == files[1]


def test_a_wide_table_puts_one_column_across(draft, shown):
    data = pd.DataFrame({"area": ["A", "A", "B"], "year": [2002, 2012, 2012], "estimate": [0.1, 0.2, 0.3]})
    rows, across, value = [Column("area", "Area")], Column("year", "in", "d"), Column("estimate", "", ".1f")
    draft.wide_table("w", data, rows, across, value, "Caption.")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown()))
    assert "Area in 2002 in 2012 A 0.1 0.2 B – 0.3" in text
    assert len(pd.read_csv(draft.folder / "tables" / "w.csv")) == 3


def test_a_wide_table_refuses_rows_that_share_a_cell(draft):
    data = pd.DataFrame({"area": ["A", "A"], "year": [2002, 2002], "estimate": [0.1, 0.2]})
    with pytest.raises(ProjectError, match="share a cell"):
        draft.wide_table("w", data, [Column("area", "Area")], Column("year", ""), Column("estimate", ""), "Caption.")


def test_a_value_is_printed_in_the_pages_words(draft, shown):
    draft.table("t", frame(), [Column("name", "Name", words={"A": "Amsterdam"})], "Caption.")
    assert "Amsterdam" in Tags(shown()).text


def test_what_is_recorded_is_in_the_results_but_not_on_the_page(draft, shown):
    draft.record("r", frame())
    assert "Table 1" not in shown()
    assert "r" in json.loads((draft.folder / "results.json").read_text(encoding="utf-8"))["results"]


def test_nothing_is_shown_after_the_end(draft):
    draft.finish()
    with pytest.raises(ProjectError, match=r"after page\.finish"):
        show_table(draft)


def test_a_heading_and_a_table_cannot_share_an_address(draft, shown):
    show_table(draft, "coverage")
    with pytest.raises(ProjectError, match="coverage twice as an address"):
        shown("## Coverage")


def test_few_clusters_are_named_in_the_visible_note(draft, shown):
    estimate = SimpleNamespace(
        frame=frame().assign(ci_low=0.1, clusters_count=4), method="m", error_convention="e", units_count=1,
        clusters_count=4, dropped=()
    )  # fmt: skip
    show_table(draft, data=estimate)
    assert "fewer than 30 gemeenten (the fewest: 4)" in shown()


def test_the_first_column_names_the_row(draft, shown):
    show_table(draft)
    assert "<th>A<td>" in shown()


def test_columns_of_numbers_are_aligned_once_for_the_table(draft, shown):
    show_table(draft)
    page = shown()
    assert "<table class=f2>" in page
    assert ".f2 tr>:nth-child(n+2)" in page


def test_a_page_without_end_tags_still_has_every_cell_in_its_row(draft, shown):
    show_table(draft, data=frame().assign(name=["</td><td>x", '="a"']))
    parts = Tags(shown())
    assert sum(tag == "tr" for tag, _ in parts.tags) == len(re.findall("<tr", shown()))
    assert "</td><td>x" in parts.text
    assert '="a"' in parts.text


def estimate(**more):
    return SimpleNamespace(
        frame=pd.DataFrame(
            {"term": ["window"], "estimate": [0.5], "ci_low": [0.1], "ci_high": [0.9], "treated_count": [3]}
        ),
        method="a long account of how the figure was made, word for word the same in each",
        error_convention="errors of one kind",
        units_count=9,
        clusters_count=9,
        dropped=(),
        **more,
    )


def test_how_a_table_was_made_is_told_once_and_named_after_that(draft, shown):
    draft.effects("one", estimate(), "Area", "First.")
    draft.effects("two", estimate(), "Area", "Second.")
    page = shown()
    assert page.count("word for word the same") == 1
    assert "Partly made as <a href=#one>Table 1</a>." in page


def test_effects_are_shown_with_their_intervals_or_the_reason_why_not(draft, shown):
    draft.effects("there", estimate(), "Area", "There.")
    draft.effects("gone", estimate(reason="nobody was treated"), "Area", "Gone.", otherwise="The effect")
    draft.effects("quiet", estimate(reason="too few"), "Area", "Quiet.")
    text = Tags(shown()).text
    assert "0.500 [0.100,\N{NO-BREAK SPACE}0.900]" in text
    assert "The effect cannot be shown: nobody was treated." in text
    assert "too few" not in text


def test_effects_that_are_none_get_their_own_heading_and_no_number_of_treated(draft, shown):
    draft.effects("bound", estimate(), "Restriction", "Bounds.", value="Value")
    text = Tags(shown()).text
    assert "Value" in text
    assert "Treated" not in text


def test_a_value_below_the_floor_is_printed_as_smaller():
    column = Column("p", "p", ".3f", floor=0.001)
    assert column.cells(pd.DataFrame({"p": [0.0, 0.0004, 0.001, 0.2, None]})) == [
        "<0.001",
        "<0.001",
        "0.001",
        "0.200",
        "–",
    ]


def test_the_parts_of_an_error_stand_beside_the_truth(draft, shown):
    row = {"label": "x", "unit": "u", "estimate": 1.0, "ci_low": 0.0, "ci_high": 2.0, "truth": 1.5, "covered": True}
    parts = [{"part": "placebo bias", "value": -0.25}]
    text = Tags(shown(truth=[row], identity=parts)).text
    assert "taken apart" in text
    assert "−0.25" in text


def test_a_key_may_be_shown_once(draft):
    show_table(draft)
    with pytest.raises(ProjectError, match="twice"):
        show_table(draft)


@pytest.mark.parametrize("key", ["../up", "a/b", "", "x y"])
def test_a_key_cannot_climb_out_of_its_folder(draft, key):
    with pytest.raises(ProjectError, match="cannot be the name"):
        show_table(draft, key)


def test_missing_values_print_as_a_dash_and_intervals_in_brackets(draft, shown):
    show_table(draft)
    text = Tags(shown()).text
    assert "0.12 [0.10,\N{NO-BREAK SPACE}0.20]" in text
    assert "B–" in text.replace("\n", "")


def test_an_interval_without_an_end_says_so_in_words_and_its_numbers_are_bound():
    rows = pd.DataFrame({"ratio": 0.66, "low": [-np.inf, -np.inf, 0.5], "high": [np.inf, 0.75, np.inf]})
    column = Column("ratio", "Ratio", ".2f", "low", "high")
    shown = [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in column.cells(rows)]
    assert shown == ["0.66 (unbounded)", "0.66 [no lower bound, 0.75]", "0.66 [0.50, no upper bound]"]
    exhibit = {"kind": "table", "key": "k", "caption": "", "note": "", "columns": [column.head()]}
    exhibit |= {"rows": [[cell] for cell in shown]}
    output = new_output("display_data", data={EXHIBIT: exhibit})
    cell = new_code_cell("page.table(…)", outputs=[output], execution_count=1)
    results = {"results": {"k": {"rows": rows.to_dict("records")}}, "headline": []}
    addresses = [each for section in sections_of(new_notebook(cells=[cell]), results) for each in section.numbers]
    keys = {(each.printed, each.keys[0].split(".")[-1]) for each in addresses if each.part.startswith("row")}
    assert keys == {("0.66", "ratio"), ("0.75", "high"), ("0.50", "low")}


def test_negative_numbers_carry_a_minus_sign(draft, shown):
    show_table(draft, data=frame().assign(value=-0.5, low=-1.0, high=0.0))
    assert "−0.50 [−1.00,\N{NO-BREAK SPACE}0.00]" in Tags(shown()).text


def test_results_hold_no_not_a_number(draft):
    show_table(draft)
    draft.finish()
    text = (draft.folder / "results.json").read_text(encoding="utf-8")
    assert "NaN" not in text
    assert json.loads(text)["results"]["t"]["rows"][1]["value"] is None


def test_every_synthetic_page_says_so_at_its_top_and_no_other_does(shown):
    synthetic, real = shown(), shown(source="open")
    assert synthetic.index("Synthetic data.") < synthetic.index("<h1")
    assert "Synthetic data." not in real


def test_contents_name_the_sections(shown):
    tags = Tags(shown("## First part\n\ntext", "## Second part")).tags
    anchors = [a["href"] for t, a in tags if t == "a" and (a.get("href") or "").startswith("#")]
    assert anchors == ["#first-part", "#second-part"]
    assert [a["id"] for t, a in tags if t == "h2" and "part" in (a.get("id") or "")] == ["first-part", "second-part"]


def test_code_is_folded(draft, shown):
    show_table(draft)
    tags = [tag for tag, _ in Tags(shown()).tags]
    assert "details" in tags
    assert "open" not in dict(Tags(shown()).tags[tags.index("details")][1])


def test_an_answer_stands_in_short_at_the_top_and_not_again(draft, shown):
    draft.sentences("answer", ["The answer is given once."], {})
    draft.sentences("more", ["More is said below."], {})
    page = shown()
    assert page.count("The answer is given once.") == 1
    assert page.index("The answer is given once.") < page.index("<main>") < page.index("More is said below.")


def test_a_page_is_light(draft, shown):
    show_table(draft)
    page = shown("## A section\n\n" + "Words. " * 200)
    assert len(page.encode()) < 30_000


def test_raw_html_in_prose_is_shown_as_text():
    assert "<script>" not in to_html("a <script>alert(1)</script>")[0]
    assert "javascript:" not in to_html("[x](javascript:alert(1))")[0]


def test_the_first_cell_must_be_the_title(draft):
    with pytest.raises(ProjectError, match="title"):
        page_html(new_notebook(cells=[new_markdown_cell("no title")]), {"run": RUN, "source": "open"}, draft.folder)


def test_the_mime_type_of_exhibits_is_what_the_page_reads(draft, monkeypatch):
    bundles = []
    monkeypatch.setattr("buurteffect.report.page.display", lambda bundle, raw: bundles.append(bundle))
    show_table(draft)
    assert bundles[0][EXHIBIT]["rows"][0] == ["A", "0.12 [0.10,\N{NO-BREAK SPACE}0.20]"]
    assert "<table>" in bundles[0]["text/html"]


KNOWN = ("effect", 1.0, 0.0, 2.0, "u")
VERDICT = SimpleNamespace(
    claim_id="C01", claim="c", outcome="supported", sentences=(), limits=(), numbers={}, population="", estimand="",
    rule=(), remarks=(), changes=(), primary={},
)  # fmt: skip
RECORDED = {
    "table": lambda draft, key: show_table(draft, key),
    "recorded table": lambda draft, key: draft.record(key, frame()),
    "figure": lambda draft, key: draft.figure(key, figure()[0], frame(), "Caption.", ALT),
    "text": lambda draft, key: draft.sentences(key, ["Something."], {}),
}


@pytest.mark.parametrize("first", RECORDED)
@pytest.mark.parametrize("second", RECORDED)
def test_no_key_of_a_page_is_recorded_twice(draft, first, second):
    RECORDED[first](draft, "same")
    with pytest.raises(ProjectError, match=r"'same' is recorded twice in tiny, first as the t"):
        RECORDED[second](draft, "same")


@pytest.mark.parametrize(
    "record",
    [
        lambda draft: draft.estimand("truth", *KNOWN),
        lambda draft: draft.headline("Effect", 1.0, ".1f"),
        lambda draft: draft.verdict(VERDICT),
    ],
)
def test_no_truth_headline_or_verdict_is_recorded_twice(draft, record):
    record(draft)
    with pytest.raises(ProjectError, match="recorded twice in tiny"):
        record(draft)


def test_a_headline_may_be_a_set(draft):
    draft.headline("Set", -1.34, ".2f", -2.11, 0.51, to=0.26)
    draft.finish()
    entry = json.loads((draft.folder / "results.json").read_text(encoding="utf-8"))["headline"][0]
    assert entry["text"] == "−1.34 to 0.26 [−2.11, 0.51]"
    assert (entry["value"], entry["to"]) == (-1.34, 0.26)


def test_two_estimates_of_one_truth_are_told_apart_and_both_are_written(draft):
    table = pd.DataFrame({"term": ["years", "steady"], "estimate": [1.0, 2.0], "ci_low": 0.0, "ci_high": 3.0})
    made = SimpleNamespace(frame=table, reason="")
    draft.estimands(made, "term", {"years": "mean", "steady": "mean@steady"}, "u")
    draft.finish()
    written = json.loads((draft.folder / "results.json").read_text(encoding="utf-8"))["estimands"]
    assert {name: entry["estimate"] for name, entry in written.items()} == {"mean": 1.0, "mean@steady": 2.0}
    with pytest.raises(ProjectError, match="recorded twice"):
        open_page("tiny", "synthetic").estimands(made, "term", {"years": "mean", "steady": "mean"})


def test_a_truth_belongs_to_one_row_and_a_table_has_each_column_once(draft):
    table = pd.DataFrame({"term": ["years", "years"], "estimate": [1.0, 2.0], "ci_low": 0.0, "ci_high": 3.0})
    with pytest.raises(ProjectError, match="'years', of which the estimate has 2 rows"):
        draft.estimands(SimpleNamespace(frame=table, reason=""), "term", {"years": "mean"})
    double = pd.concat([table, table[["estimate"]]], axis=1)
    with pytest.raises(ProjectError, match="several columns estimate"):
        draft.record("double", double)
