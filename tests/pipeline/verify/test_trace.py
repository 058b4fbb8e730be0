"""Every number of a page leads back to what it was made from; what nothing binds is marked as typed."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from types import SimpleNamespace

import nbformat
import pandas as pd
import pytest
from checkouts import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from buurteffect.claims.verdict import Answer
from buurteffect.errors import TraceError
from buurteffect.pipeline.cli import main
from buurteffect.pipeline.verify.tracing import trace
from buurteffect.report import Column, figure, open_page
from buurteffect.report.pages.render import render_page
from buurteffect.report.provenance.address_page import Addresses, addresses_html, origin_of_run
from buurteffect.report.provenance.addresses import sections_of
from buurteffect.report.provenance.lookup import Kind
from buurteffect.report.provenance.printed_numbers import numbers_in

RUN = {
    "name": "tiny",
    "parameters": {"source": "synthetic", "draws": 199, "share": 0.25},
    "commit": "abc",
    "uncommitted_changes": False,
    "versions": {"python": "3.11"},
}
CELL = """page.table("effects", frame, columns, f"Effects over {draws} draws.", note="In 3 waves.")
page.sentences("answer", answer.sentences, answer.numbers)"""
FRAME = pd.DataFrame(
    {
        "name": ["in 2004", "later"],
        "estimate": [0.12345, -0.00249],
        "low": [0.05, -1.5],
        "high": [0.2, None],
        "p": [0.0004, 0.5],
        "count": [1234, 16],
    }
)
COLUMNS = [
    Column("name", "Name"),
    Column("estimate", "Effect", ".3f", "low", "high"),
    Column("p", "p", ".3f", floor=0.001),
    Column("count", "Number of 2", ",d"),
]
ALT = "A line that rises from 0.123 to 7 over the two points of the axis."


class Book:
    """A notebook that is being written, and the sections that its page has."""

    def __init__(self, project, monkeypatch):
        self.project = project
        self.outputs = []
        monkeypatch.setenv("BUURTEFFECT_STAGING", str(project.processed("synthetic") / "exhibits" / "tiny"))
        monkeypatch.setattr(
            "buurteffect.report.page.display",
            lambda bundle, raw: self.outputs.append(new_output("display_data", bundle)),
        )
        self.draft = open_page("tiny", "synthetic")
        self.truth = []

    def close(self, *prose):
        self.draft.finish()
        done = self.project.processed("synthetic")
        cells = [new_markdown_cell("# Tiny title"), *map(new_markdown_cell, prose)]
        cells.append(new_code_cell(CELL, outputs=self.outputs, execution_count=1))
        self.notebook = new_notebook(cells=cells)
        text = (self.draft.folder / "results.json").read_text(encoding="utf-8")
        self.results = json.loads(text) | {"truth": self.truth, "identity": [], "run": RUN}
        for folder in ("executed", "results"):
            (done / folder).mkdir(exist_ok=True)
        nbformat.write(self.notebook, done / "executed" / "tiny.ipynb")
        (done / "results" / "tiny.json").write_text(json.dumps(self.results), encoding="utf-8")

    def numbers(self, key, *prose):
        """Return the addresses of a section, by the printed number."""
        self.close(*prose)
        return [
            n for section in sections_of(self.notebook, self.results) if section.key == key for n in section.numbers
        ]


@pytest.fixture
def book(project, monkeypatch):
    return Book(project, monkeypatch)


def known(numbers, part=""):
    return [(n.printed, n.kind.name, *n.keys) for n in numbers if part in n.part]


def test_a_cell_knows_the_row_and_the_column_that_it_prints(book):
    book.draft.table("effects", FRAME, COLUMNS, "Effects.")
    rows = "results['effects'].rows"
    assert known(book.numbers("effects"), "row ") == [
        ("2004", "RESULT", f"{rows}[0].name"),
        ("0.123", "RESULT", f"{rows}[0].estimate"),
        ("0.050", "RESULT", f"{rows}[0].low"),
        ("0.200", "RESULT", f"{rows}[0].high"),
        ("0.001", "RESULT", f"{rows}[0].p"),
        ("1,234", "RESULT", f"{rows}[0].count"),
        ("−0.002", "RESULT", f"{rows}[1].estimate"),
        ("−1.500", "RESULT", f"{rows}[1].low"),
        ("0.500", "RESULT", f"{rows}[1].p"),
        ("16", "RESULT", f"{rows}[1].count"),
    ]


def test_two_equal_numbers_of_a_table_have_each_its_own_address(book):
    frame = FRAME.assign(estimate=0.5, p=0.5)
    book.draft.table("effects", frame, COLUMNS[1:3], "Effects.")
    found = [n.keys for n in book.numbers("effects") if n.printed == "0.500"]
    rows = "results['effects'].rows"
    assert found == [
        (f"{rows}[{row}].{column}",) for row, column in ((0, "estimate"), (0, "p"), (1, "estimate"), (1, "p"))
    ]


def test_a_wide_table_knows_them_too_and_its_headings(book):
    frame = pd.DataFrame({"name": ["b", "a", "b"], "year": [2002, 2004, 2004], "value": [1.5, 2.5, 3.5]})
    book.draft.wide_table(
        "wide", frame, [Column("name", "Name")], Column("year", "", "d"), Column("value", "", ".1f"), "W."
    )
    rows = "results['wide'].rows"
    assert known(book.numbers("wide")) == [
        ("2002", "RESULT", f"{rows}[0].year"),
        ("2004", "RESULT", f"{rows}[1].year"),
        ("1.5", "RESULT", f"{rows}[0].value"),
        ("3.5", "RESULT", f"{rows}[2].value"),
        ("2.5", "RESULT", f"{rows}[1].value"),
    ]


def answer():
    answer = Answer("C07", "synthetic", "buurt")
    answer.say(
        "of {all:d} {areas}, {part:d} rose by {size:.2f} (at 90%: {share:.0%}).", all=16, part=16, size=0.5, share=0.5
    )
    return answer


def test_a_sentence_knows_its_numbers_by_name_even_where_two_are_equal(book):
    said = answer()
    book.draft.sentences("answer", said.sentences, said.numbers)
    found = book.numbers("answer")
    numbers = "sentences['answer'].numbers"
    assert known(found)[:3] == [
        ("16", "RESULT", f"{numbers}.all"),
        ("16", "RESULT", f"{numbers}.part"),
        ("0.50", "RESULT", f"{numbers}.size"),
    ]
    assert known(found)[4] == ("50%", "RESULT", f"{numbers}.share")
    assert found[0].origin == f"{__name__}.answer"


def test_a_number_typed_into_a_sentence_is_not_taken_for_a_result(book):
    said = answer()
    book.draft.sentences("answer", said.sentences, said.numbers | {"level": 0.9})
    (typed,) = [n for n in book.numbers("answer") if n.printed == "90%"]
    assert (typed.kind, typed.keys, typed.origin) == (Kind.TYPED, (), f"{__name__}.answer")


def test_the_numbers_of_a_sentence_that_was_not_filled_in_by_name_are_typed_whatever_they_equal(book):
    book.draft.sentences("answer", ["It rose by 0.50, and by 0.77."], {"one": 0.5, "other": 0.5049})
    assert known(book.numbers("answer")) == [("0.50", "TYPED"), ("0.77", "TYPED")]


def test_a_page_that_prints_another_number_than_its_result_is_found_out(book):
    book.draft.table("effects", FRAME, COLUMNS, "Effects.")
    book.close()
    assert not [n for s in sections_of(book.notebook, book.results) for n in s.numbers if n.kind is Kind.WRONG]
    book.results["results"]["effects"]["rows"][0]["estimate"] = 0.1241
    wrong = [n for s in sections_of(book.notebook, book.results) for n in s.numbers if n.kind is Kind.WRONG]
    assert [(n.printed, n.value) for n in wrong] == [("0.123", 0.1241)]


def test_words_around_a_table_are_typed_though_a_parameter_or_result_equals_them(book):
    book.draft.table("effects", FRAME, COLUMNS, "Effects over 199 draws.", note="In 16 waves, doi:10.1000/182.")
    found = [(n.printed, n.kind.name, n.origin) for n in book.numbers("effects") if n.part in ("caption", "note")]
    assert found[:2] == [("199", "TYPED", ""), ("16", "TYPED", "")]
    assert {each[1:] for each in found[2:]} == {("LITERATURE", "doi:10.1000/182")}


def test_words_on_how_an_estimate_was_made_lead_to_the_texts_of_the_results(book):
    made = SimpleNamespace(
        frame=FRAME.assign(ci_low=0.1, clusters_count=12),
        method="slope -3% a decade over 8 years",
        error_convention="clustered by area_code (26)",
        units_count=8,
        clusters_count=12,
        dropped=[("without a score in 2004", 1234)],
    )
    book.draft.table("effects", made, COLUMNS[:1], "Effects.", note="Of 7.")
    key = "results['effects']"
    assert [each for each in known(book.numbers("effects")) if not each[-1].endswith(".name")] == [
        ("7", "TYPED"),
        ("30", "TEXT", f"{key}.few_clusters"),
        ("12", "TEXT", f"{key}.few_clusters"),
        ("−3%", "TEXT", f"{key}.method"),
        ("8", "TEXT", f"{key}.method"),
        ("26", "TEXT", f"{key}.error_convention"),
        ("1,234", "TEXT", f"{key}.dropped[0]"),
        ("2004", "TEXT", f"{key}.dropped[0]"),
    ]


def test_the_words_of_a_figure_are_typed_though_its_data_hold_such_a_number(book):
    book.draft.figure("line", figure()[0], FRAME, "A line.", ALT)
    assert known(book.numbers("line")) == [("0.123", "TYPED"), ("7", "TYPED")]


def test_headlines_and_the_truth_lead_to_their_results_and_to_the_table_that_holds_them(book):
    book.draft.table("effects", FRAME, COLUMNS, "Effects.")
    book.draft.headline("Effect", 0.12345678, ".3f", 0.05, 0.2)
    book.truth = [{"label": "T", "unit": "u", "estimate": 0.12, "ci_low": None, "ci_high": 0.3, "truth": 0.15}]
    book.draft.record("held", pd.DataFrame({"value": [0.12345678]}))
    headline = book.numbers("in-short")
    assert known(headline) == [
        ("0.123", "RESULT", "headline[0].value"),
        ("0.050", "RESULT", "headline[0].ci_low"),
        ("0.200", "RESULT", "headline[0].ci_high"),
    ]
    assert headline[0].same == ("results['held'].rows[0].value",)
    truth = next(s for s in sections_of(book.notebook, book.results) if s.key == "beside-the-truth")
    assert known(truth.numbers) == [
        ("0.12", "RESULT", "truth[0].estimate"),
        ("0.3", "RESULT", "truth[0].ci_high"),
        ("0.15", "RESULT", "truth[0].truth"),
    ]


def test_numbers_of_prose_are_literature_with_its_source_or_typed(book):
    prose = "In 2004 there were 12 waves, $x_3$."
    sources = "## Sources\n\nFay, R. (1979). *A* 74(366). doi:10.1080/01621459.1979.10482505."
    book.close(prose, sources)
    typed, cited = (s.numbers for s in sections_of(book.notebook, book.results))
    assert [(n.printed, n.kind.name) for n in typed] == [("2004", "TYPED"), ("12", "TYPED")]
    assert {(n.kind, n.origin) for n in cited} == {(Kind.LITERATURE, "doi:10.1080/01621459.1979.10482505")}
    assert {"1979", "74", "366"} <= {n.printed for n in cited}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C07 and S0 in BU05990101", []),
        ("−0.5 [−1,200, 34%]", [-0.5, -1200.0, 0.34]),
        ("2003–2012, 2e−15 and 1.", [2003.0, 2012.0, 2e-15, 1.0]),
        ("(there are -4 to 3)", [-4.0, 3.0]),
    ],
)
def test_numbers_are_read_as_they_are_printed(text, found):
    assert [number.value for number in numbers_in(text)] == found


@pytest.mark.parametrize(
    ("printed", "value", "agrees"),
    [
        ("0.123", 0.1234999, True),
        ("0.123", 0.1236, False),
        ("34%", 0.3449, True),
        ("34%", 34, False),
        ("−0.000", -0.0003, True),
        ("1,234", 1234, True),
        ("12", 12.9, True),
        ("12", True, False),
        ("12", None, False),
    ],
)
def test_a_number_agrees_with_what_can_be_printed_so(printed, value, agrees):
    (number,) = numbers_in(printed)
    assert number.agrees(value) is agrees


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"


def test_untrusted_text_stays_text_on_the_page_of_addresses(book):
    frame = pd.DataFrame({"name": [f"{HOSTILE} 3"], 'v"><b>': [1.5]})
    book.draft.table(
        "effects", frame, [Column("name", f"{HOSTILE} 4"), Column('v"><b>', HOSTILE, ".1f")], f"{HOSTILE} 5"
    )
    book.close(f"{HOSTILE} 6")
    book.results["run"] = RUN | {"parameters": {"note": HOSTILE}, "commit": HOSTILE}
    origin = origin_of_run(book.project, book.results, {"files": {f"data/{HOSTILE}": "ab"}})
    page = addresses_html(Addresses(origin, tuple(sections_of(book.notebook, book.results))))
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "default-src 'none'" in page


def test_a_page_points_to_the_addresses_of_each_table_figure_and_text(book):
    said = answer()
    book.draft.table("effects", FRAME, COLUMNS, "Effects.")
    book.draft.figure("line", figure()[0], FRAME, "A line.", ALT)
    book.draft.sentences("answer", said.sentences, said.numbers)
    book.draft.sentences("silent", ["Nothing is counted here."], {})
    book.close()
    page = render_page(book.project, "synthetic", "tiny")
    beside = (page.parent / "addresses" / "tiny.html").read_text(encoding="utf-8")
    pointed = re.findall(r"addresses/tiny\.html#([\w-]+)", page.read_text(encoding="utf-8"))
    assert sorted(pointed) == ["answer", "effects", "line"]
    for key in pointed:
        assert re.search(rf"id={key}\b", beside)
        assert re.search(rf"href=../tiny\.html#{key}\b", beside)
        assert re.search(rf"id={key}\b", page.read_text(encoding="utf-8"))


def test_addresses_are_the_same_bytes_each_time(book):
    book.draft.table("effects", FRAME, COLUMNS, "Effects.")
    book.close()
    folder = render_page(book.project, "synthetic", "tiny").parent / "addresses"
    first = {path.name: path.read_bytes() for path in folder.iterdir()}
    render_page(book.project, "synthetic", "tiny")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    assert set(first) == {"tiny.html", "tiny.json"}


@pytest.fixture
def traced(book):
    """A built run whose numbers can be traced."""
    book.draft.table("effects", FRAME, COLUMNS, "Effects over 199 draws.")
    book.draft.headline("Effect", 0.12345, ".3f")
    book.close()
    runs = book.project.notebooks / "runs"
    runs.mkdir(exist_ok=True)
    (runs / "tiny.yaml").write_text("notebook: tiny\n", encoding="utf-8")
    cells = [new_code_cell("source: str = 'synthetic'  # [synthetic | open] data", metadata={"tags": ["parameters"]})]
    nbformat.write(new_notebook(cells=cells), book.project.notebooks / "tiny.ipynb")
    exhibits = book.project.processed("synthetic") / "exhibits" / "tiny"
    (exhibits / "figures").mkdir(exist_ok=True)
    records = book.project.processed("synthetic") / "records"
    records.mkdir(exist_ok=True)
    (book.project.root / "src").mkdir(exist_ok=True)
    files = {"data/in.csv": "0123456789abcdef01", "src/buurteffect/x.py": "ff", "hive": "gone", "/elsewhere/y": "aa"}
    record = {"name": "tiny", "settings": {"code": "c0de"}, "files": files}
    (records / "tiny.json").write_text(json.dumps(record), encoding="utf-8")
    return book.project


def test_trace_prints_result_cell_parameters_inputs_and_commit(traced):
    said = "\n".join(trace(traced, "synthetic", "tiny", "0.123"))
    for words in (
        "0.123 stands 2 times on reports/synthetic/tiny.html",
        "result     headline[0].value",
        "the same   results['effects'].rows[0].estimate" if round(0.12345, 6) != 0.12345 else "in full    0.12345",
        "Table 1 (#effects), row 1, Effect: result",
        "result     results['effects'].rows[0].estimate",
        'cell       1: page.table("effects", frame',
        "results     data/processed/synthetic/results/tiny.json",
        "parameters  source = synthetic; draws = 199; share = 0.25",
        "ran at      abc",
        "0123456789abcdef  data/in.csv",
        "changed since: make would make it again",
    ):
        assert words in said
    assert "hive" not in said
    assert "elsewhere" not in said


def test_trace_takes_a_number_as_a_reader_would_type_it(traced):
    for number, times in (("1,234", "once"), ("1234", "once"), ("-0.002", "once"), ("+0.123", "2 times")):
        assert f"stands {times}" in trace(traced, "synthetic", "tiny", number)[0]
    assert "once" in trace(traced, "synthetic", "tiny", "0.123", "effects")[0]
    assert "once" in trace(traced, "synthetic", "reports/synthetic/tiny.html", "1234")[0]
    assert "once" in trace(traced, "synthetic", "ti", "1234")[0]


@pytest.mark.parametrize(("report", "number"), [("tiny", "0.124"), ("tiny", "x"), ("big", "0.123"), ("", "0.123")])
def test_trace_says_so_where_there_is_no_such_number_or_report(traced, monkeypatch, capsys, report, number):
    with pytest.raises(TraceError):
        trace(traced, "synthetic", report, number)
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(traced.root))
    assert main(["trace", report, number]) == TraceError.exit_code
    assert "buurteffect: " in capsys.readouterr().err


def test_trace_works_from_the_command_line_with_a_minus_in_front(traced, monkeypatch, capsys):
    monkeypatch.setenv("BUURTEFFECT_ROOT", str(traced.root))
    assert main(["trace", "--", "tiny", "-0.002"]) == 0
    assert "results['effects'].rows[1].estimate" in capsys.readouterr().out


# --- the pages that are built ------------------------------------------------------------------------------


class Words(HTMLParser):
    """The text of a page that a reader sees between its contents and its foot, block by block."""

    OUT = ("style", "nav", "math", "footer", "pre", "summary", "title")
    BLOCKS = ("p", "li", "h1", "h2", "h3", "td", "th", "tr", "figcaption", "details", "div", "section")

    def __init__(self, page):
        super().__init__()
        self.lines = [""]
        self.out = []
        self.short, self.in_short = False, ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag in self.OUT:
            self.out.append(tag)
        self.short += tag == "section" and dict(attrs).get("class") == "summary"
        if tag in self.BLOCKS:
            self.lines.append("")

    def handle_endtag(self, tag):
        if self.out and tag == self.out[-1]:
            self.out.pop()
        self.short = self.short and tag != "section"
        if tag in self.BLOCKS:
            self.lines.append("")

    def handle_data(self, data):
        if self.short:
            self.in_short += f"{data} "
        elif not self.out:
            self.lines[-1] += data


NUMBERING = re.compile(r"\b(?:Table|Figure) \d+")


def built():
    """The pages at hand whose numbers have addresses."""
    return sorted((ROOT / "reports" / "synthetic" / "addresses").glob("*.json"))


@pytest.fixture(scope="module")
def addressed():
    """The addresses of all built pages."""
    if not built():
        pytest.skip("no page with addresses is built here: run make reports")
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in built()}


@pytest.mark.slow
def test_every_number_that_a_built_page_prints_is_among_its_addresses(addressed):
    for name, whole in addressed.items():
        page = (ROOT / "reports" / "synthetic" / f"{name}.html").read_text(encoding="utf-8")
        words = Words(page)
        lines = [NUMBERING.sub("", line) for line in words.lines]
        printed = Counter(number.text for line in lines for number in numbers_in(line))
        known = Counter(n["printed"] for s in whole["sections"] if s["key"] != "in-short" for n in s["numbers"])
        assert not printed - known, f"{name} prints {dict(printed - known)} without an address"
        assert sum(printed.values()) > 0
        said = {n["printed"] for s in whole["sections"] for n in s["numbers"]}
        assert {number.text for number in numbers_in(words.in_short)} <= said, f"{name}, in short"


@pytest.mark.slow
def test_no_number_of_a_built_page_differs_from_its_result(addressed, capsys):
    counts, wrong = Counter(), []
    for name, whole in addressed.items():
        for section in whole["sections"]:
            for number in section["numbers"]:
                counts[number["kind"]] += 1
                if number["kind"] == Kind.WRONG:
                    wrong.append(f"{name} #{section['key']} {number['part']}: {number['printed']}")
    with capsys.disabled():
        print(f"\n{len(addressed)} pages, {sum(counts.values()):,} numbers: {dict(counts)}; wrong: {wrong}")
    assert not wrong


@pytest.mark.slow
def test_every_number_of_a_cell_and_of_a_filled_sentence_is_bound_by_construction(addressed):
    for name, whole in addressed.items():
        for section in whole["sections"]:
            cells = [n for n in section["numbers"] if n["part"].startswith("row ")]
            assert {n["kind"] for n in cells} <= {str(Kind.RESULT)}, f"{name} #{section['key']}"


@pytest.mark.slow
def test_every_key_of_an_address_is_in_the_results_with_that_value(addressed):
    for whole in addressed.values():
        results = json.loads((ROOT / whole["results"]).read_text(encoding="utf-8"))
        results["verdicts"] = {verdict["claim_id"]: verdict for verdict in results["verdicts"]}
        for section in whole["sections"]:
            for number in section["numbers"]:
                if number["kind"] == Kind.RESULT:
                    assert value_at(results, number["keys"][0]) == number["value"]


def value_at(results, key):
    """Follow a key such as ``results['effects'].rows[0].estimate``."""
    value = results
    for name, place, word in re.findall(r"\['([^']*)'\]|\[(\d+)\]|\.?([^.\[\]]+)", key):
        value = value[int(place)] if place else value[name or word]
    return value


@pytest.mark.slow
def test_pages_of_addresses_are_light_and_load_nothing(addressed):
    for name in addressed:
        page = ROOT / "reports" / "synthetic" / "addresses" / f"{name}.html"
        text = page.read_text(encoding="utf-8")
        assert len(text.encode("utf-8")) < 300_000, name
        assert not re.search(r"(?:src|href)=[\"']?(?:https?:|//|javascript)", text)
        assert "<script" not in text


def test_how_kernels_are_started_is_not_part_of_where_a_number_comes_from(book):
    book.close()
    files = {"src/buurteffect/estimate/x.py": "aa", "data/in.csv": "bb"}
    forked = {"files": files | {"src/buurteffect/pipeline/kernels/preloaded.py": "cc"}}
    stock = origin_of_run(book.project, book.results, {"files": files})
    assert origin_of_run(book.project, book.results, forked) == stock
    other = origin_of_run(book.project, book.results, {"files": files | {"src/buurteffect/estimate/x.py": "dd"}})
    assert other["modules_sha256"] != stock["modules_sha256"]
