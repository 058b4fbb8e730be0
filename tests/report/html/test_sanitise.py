"""What cells show past the page keeps its tables, formulas and pictures, and loses all that could run or fetch."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest
from hostile_payloads import FAMILIES, payloads
from nbformat.v4 import new_output

from buurteffect.errors import HeavyPageError, ProjectError
from buurteffect.report.html.cell_outputs import shown_by
from buurteffect.report.html.markdown import to_html
from buurteffect.report.html.minify import minified
from buurteffect.report.html.sanitise import sanitise
from buurteffect.report.pages.render import check_weight
from buurteffect.report.tables.columns import print_value
from buurteffect.report.tables.exhibits import few_clusters

TEXTS = payloads("http://127.0.0.1:9")
WORDS = "A line that rises from one to two over the two points of the axis."


class Tags(HTMLParser):
    """Collect the tags of markup with their attributes."""

    def __init__(self, markup):
        super().__init__()
        self.tags = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))


def refused(markup):
    """Return tags and attributes that could run or fetch something."""
    found = []
    for tag, attributes in Tags(markup).tags:
        if tag in {"script", "style", "svg", "iframe", "object", "embed", "form", "input", "link", "base", "meta"}:
            found.append(tag)
        found += [name for name in attributes if name.startswith("on") or name in {"style", "xlink:href", "srcset"}]
        source, target = attributes.get("src", "data:image/png;"), attributes.get("href", "#")
        found += [source] * (not source.startswith("data:image/"))
        found += [target] * (re.match(r"\s*(?:javascript|data|vbscript):", target, re.IGNORECASE) is not None)
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_nothing_that_runs_or_fetches_is_left(family):
    first = sum(len(texts) for name, texts in list(FAMILIES.items())[: list(FAMILIES).index(family)])
    for text in TEXTS[first : first + len(FAMILIES[family])]:
        assert refused(sanitise(text)) == [], text
        assert refused(to_html(text)[0]) == [], text
        assert sanitise(sanitise(text)) == sanitise(text), text


def test_most_texts_would_run_or_fetch_something_were_they_not_sanitised():
    assert sum(bool(refused(text)) for text in TEXTS) > 100


def test_an_output_keeps_its_table():
    data = pd.DataFrame({"buurt": ["A", "B & <b>"], "score": [1, 2]})
    block = shown_by(new_output("execute_result", {"text/html": data.to_html(), "text/plain": "x"}), 3)
    assert block["kind"] == "output"
    assert str(block["html"]).count("<tr>") == 3
    assert "B &amp; &lt;b&gt;" in block["html"]
    assert "class" not in block["html"]
    assert "<th></th>" not in block["html"]


def test_text_of_an_attribute_holds_no_bracket_that_could_be_taken_for_markup():
    kept = sanitise('<img src="data:image/png;base64,AAAA" alt="a </td><b>">')
    assert kept == '<img src="data:image/png;base64,AAAA" alt="a &lt;/td&gt;&lt;b&gt;">'
    assert minified(kept) == kept


def test_a_picture_that_lies_elsewhere_leaves_its_words():
    assert sanitise('<img src="//x/y.png" alt="a map">') == "a map"


@pytest.mark.parametrize("kind", ["text/markdown", "text/latex"])
def test_an_output_keeps_its_formula(kind):
    block = shown_by(new_output("display_data", {kind: "$\\frac{a}{b}$", "text/plain": "x"}), 3)
    assert "<mfrac>" in block["html"]


def test_a_formula_that_cannot_be_read_is_shown_as_its_text():
    block = shown_by(new_output("display_data", {"text/latex": "$\\begin{x}$", "text/plain": "plain"}), 3)
    assert block == {"kind": "text", "text": "plain"}


def test_a_formula_of_a_notebook_that_cannot_be_read_is_refused():
    with pytest.raises(ProjectError, match="mend its LaTeX"):
        to_html("$\\begin{x}$")


def test_words_in_a_formula_are_words():
    assert "<mtext>&lt;img/src=x/onerror=alert(1)&gt;</mtext>" in to_html("$\\text{<img/src=x/onerror=alert(1)>}$")[0]


def test_a_picture_with_words_is_kept_and_one_without_is_refused():
    data = {"image/png": "iVBO\nRw0=", "text/plain": "<Figure>"}
    block = shown_by(new_output("display_data", data, metadata={"image/png": {"alt": f'{WORDS} "x"'}}), 3)
    assert f'<img src="data:image/png;base64,iVBORw0=" alt="{WORDS} &#34;x&#34;">' == block["html"]
    with pytest.raises(ProjectError, match=r"cell 3 shows a picture .* page\.figure"):
        shown_by(new_output("display_data", data), 3)


def test_a_drawing_of_an_output_is_a_picture_and_no_markup():
    data = {"image/svg+xml": "<svg onload=alert(1)></svg>", "text/plain": "x"}
    block = shown_by(new_output("display_data", data, metadata={"alt": WORDS}), 3)
    assert refused(block["html"]) == []
    assert [tag for tag, _ in Tags(block["html"]).tags] == ["img"]


def test_the_error_that_a_cell_was_allowed_is_shown():
    block = shown_by(new_output("error", ename="ValueError", evalue="<b>", traceback=[]), 3)
    assert block == {"kind": "text", "text": "ValueError: <b>"}


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://example.org/a?b=c", True),
        ("mailto:a@b.c", True),
        ("tables/n05/x.csv", True),
        ("#sources", True),
        ("//example.org", False),
        ("\\\\example.org", False),
        ("java\tscript:x", False),
        ("file:///etc", False),
        ("\x01javascript:x", False),
    ],
)
def test_links_lead_to_the_web_to_mail_or_into_the_reports(address, kept):
    assert ("href" in sanitise(f'<a href="{address}">x</a>')) is kept


def test_a_page_that_is_too_heavy_is_refused_and_its_heaviest_parts_named():
    small = "<figure id=small><img src=x></figure>"
    big = f'<figure class="table" id=big>{"x" * 59_900}</figure>'
    check_weight(small, "n99")
    with pytest.raises(HeavyPageError, match=r"(?s)'n99' weighs 60,\d+ bytes.*heaviest: big 59,9\d\d, small 3\d"):
        check_weight(small * 4 + big, "n99")


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (-0.0004, ".3f", "0.000"),
        (-0.004, ".0%", "0%"),
        (-0.6, ".0f", "−1"),
        (-0.0, ".4g", "0"),
        (-2e-9, ".1e", "−2.0e−09"),
    ],
)
def test_zero_has_no_sign(value, spec, text):
    assert print_value(value, spec) == text


@pytest.mark.parametrize(
    ("convention", "noun"),
    [
        ("clustered by area_code (26); convention house", "areas"),
        ("influence summed by buurt (22); G/(G - 1)", "buurten"),
        ("changes summed within gemeente_code, not nested within the groups", "gemeenten"),
        ("intervals, bootstrap over 24 gemeenten, 99 draws", "gemeenten"),
        ("clustered by person (26)", "clusters"),
        ("clustered by gemeente_code (26); or clustered by area_code (26)", "clusters"),
    ],
)
def test_the_warning_on_few_clusters_names_what_they_are(convention, noun):
    table = pd.DataFrame({"ci_low": [0.1, 0.2], "clusters_count": [26, 40]})
    assert f"Rows with fewer than 30 {noun} (the fewest: 26)" in few_clusters(table, convention)
