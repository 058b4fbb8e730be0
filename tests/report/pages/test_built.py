"""Built pages: every figure says what it shows and leads to its data, links lead somewhere, and pages are light."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest
from checkouts import ROOT

from buurteffect.report.html.minify import weight
from buurteffect.report.pages.render import LIGHT

REPORTS = ROOT / "reports"
BUILT = sorted(REPORTS.rglob("*.html")) if REPORTS.is_dir() else []
RUNS = [page for page in BUILT if page.parent.parent == REPORTS and page.name.startswith("n")]
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no pages in reports: run make reports"))
SENTENCE = re.compile(r"[A-Z].{30,}[.!?]", re.DOTALL)


class Parts(HTMLParser):
    """Collect a page's tags, its addresses and what each of its figures holds."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.ids, self.links, self.figures = [], [], [], []
        self._in_figure = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if tag == "a" and "href" in given else []
        if tag == "figure":
            self._in_figure = True
            self.figures.append([])
        if self._in_figure:
            self.figures[-1].append((tag, given))

    def handle_endtag(self, tag):
        self._in_figure = self._in_figure and tag != "figure"


def every(pages):
    """Run a test on each page, or skip it visibly."""
    names = [str(page.relative_to(REPORTS)) for page in pages]
    return pytest.mark.parametrize("page", pages or [NONE], ids=names or ["none built"])


@every(RUNS)
def test_every_figure_says_in_a_sentence_what_it_shows_and_leads_to_its_data(page):
    for figure in Parts(page).figures:
        pictures = [given for tag, given in figure if tag == "img"]
        for given in pictures:
            assert SENTENCE.fullmatch(given["alt"]), given["alt"]
            assert len(given["alt"].split()) >= 8, given["alt"]
            assert not re.search(r"\.(?:svg|png)\b", given["alt"])
            data = [given["href"] for tag, given in figure if tag == "a" and given["href"].endswith(".csv")]
            assert data
            assert (page.parent / data[0]).stat().st_size > 0


@every(RUNS)
def test_a_page_is_light(page):
    assert weight(page.read_text(encoding="utf-8")) <= LIGHT


@every(BUILT)
def test_a_page_carries_its_policy_and_names_nothing_to_load(page):
    parts = Parts(page)
    policies = [given for tag, given in parts.tags if given.get("http-equiv") == "Content-Security-Policy"]
    assert [given["content"].split(";")[0] for given in policies] == ["default-src 'none'"]
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in parts.tags}
    assert not any(name.startswith("on") for _, given in parts.tags for name in given)
    assert all(given["src"].startswith("data:image/") for _, given in parts.tags if "src" in given)


@every(BUILT)
def test_links_lead_somewhere_and_no_address_is_used_twice(page):
    parts = Parts(page)
    assert len(parts.ids) == len(set(parts.ids))
    for link in parts.links:
        if not re.match(r"https?:|mailto:", link):
            file, _, anchor = link.partition("#")
            assert not file or (page.parent / unquote(file)).is_file(), link
            if anchor:
                ids = parts.ids if not file else Parts(page.parent / file).ids
                assert unquote(anchor) in ids, link
