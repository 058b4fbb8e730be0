"""In a real browser pages run nothing, fetch nothing, can be read by everyone, on a phone and on paper.

Skipped where there is no Chromium with its driver. Built pages are those in ``reports/synthetic``.
"""

import re
from pathlib import Path

import pytest
from browser import Browser, PageServer, chromium
from checkouts import ROOT
from hostile_payloads import payloads
from sample_pages import page_of, pages_of

from buurteffect.project import Project

REPORTS = ROOT / "reports" / "synthetic"
BUILT = sorted(REPORTS.rglob("*.html")) if REPORTS.is_dir() else []
POLICY = re.compile(r'<meta[^>]*http-equiv="?Content-Security-Policy[^>]*>')
WORDS = ["A buurt", "another buurt", "a third"]
WITHOUT_A_POLICY = 60
"""Payloads of which at least so many run, and so many fetch, once they are markup on a page without a policy."""
NO_POLICY_STOPS = ("http-equiv=refresh",)
"""A page may always be left for another; nothing but taking texts for texts keeps that out."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with chromium(tmp_path_factory.mktemp("chromium")) as running:
        yield running


@pytest.fixture
def site():
    with PageServer() as running:
        yield running


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """Build a page, the page of its code and the index from texts that anyone could write."""
    root = tmp_path_factory.mktemp("sample")
    return pages_of(WORDS, Project(root))


@pytest.fixture(scope="module")
def axe():
    package = pytest.importorskip("axe_core_python", reason="axe is not installed (make setup installs it)")
    return (Path(package.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


every_kind = pytest.mark.parametrize("place", range(4), ids=["page", "code", "index", "addresses"])


def built(test):
    """Run a test on every built page, or skip it visibly."""
    names = [str(page.relative_to(REPORTS)) for page in BUILT]
    missing = pytest.param(None, marks=pytest.mark.skip(reason="no pages in reports/synthetic: run make reports"))
    return pytest.mark.slow(pytest.mark.parametrize("page", BUILT or [missing], ids=names or ["none built"])(test))


def opened(browser: Browser, site: PageServer, html: str) -> None:
    site.pages["/page.html"] = html
    browser.open(f"{site.address}/page.html")


def test_hostile_texts_run_nothing_and_fetch_nothing_anywhere_on_a_page(browser, site, tmp_path):
    texts = payloads(site.address)
    assert len(texts) > 100
    opened(browser, site, page_of(texts, tmp_path))
    browser.touch()
    assert browser.ran() == []
    assert set(site.asked) == {"/page.html"}
    assert set(browser.requests()) == {f"{site.address}/page.html"}
    counts = browser.script(
        "const count = what => document.querySelectorAll(what).length;"
        "return [count('script, style ~ style, iframe, object, embed, svg, form, input, link, base'),"
        " [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => /^on/.test(a.name))).length,"
        " count('tr') > 300, count('math mfrac'), count('img[alt]'), count('meta')]"
    )
    assert counts == [0, 0, True, 1, 1, 3]


@pytest.mark.slow
def test_hostile_texts_run_nothing_on_the_pages_beside_a_page(browser, site, project):
    texts = payloads(site.address)
    for page in pages_of(texts, project)[1:]:
        opened(browser, site, page.read_text(encoding="utf-8"))
        browser.touch(0.1)
        assert browser.ran() == []
        assert set(site.asked) == {"/page.html"}
        assert browser.script("return document.querySelectorAll('img, script, svg, iframe, form').length") == 0


@pytest.mark.slow
def test_the_policy_alone_stops_what_would_run_and_fetch_without_it(browser, site, tmp_path):
    """Were texts markup after all: with the page's own policy none runs or fetches; without one, most do."""
    policy = POLICY.search(page_of(WORDS, tmp_path))[0]
    texts = [(n, t) for n, t in enumerate(payloads(site.address)) if not any(s in t for s in NO_POLICY_STOPS)]
    ran, fetched = {}, {}
    for name, head in (("with", policy), ("without", "")):
        for number, text in texts:
            raw = f'<!DOCTYPE html>{head}<body><p>{text}</p><img alt="{text}" title={text}><a href="{text}">touch</a>'
            site.pages[f"/{name}/{number}"] = raw
        frames = "".join(f"<iframe src=/{name}/{number}></iframe>" for number, _ in texts)
        site.asked.clear()
        opened(browser, site, frames)
        browser.touch(1.0)
        browser.script(
            "for (const frame of Array.from({length: frames.length}, (_, place) => frames[place])) try {"
            " for (const e of frame.document.querySelectorAll('*')) for (const kind of ['mouseover', 'click'])"
            " e.dispatchEvent(new MouseEvent(kind, {bubbles: true, cancelable: true})) } catch (left) {}"
        )
        browser.touch(0.5)
        ran[name] = browser.ran()
        fetched[name] = {path for path in site.asked if path.startswith("/payload/")}
    assert ran["with"] == []
    assert fetched["with"] == set()
    assert len(ran["without"]) >= WITHOUT_A_POLICY
    assert len(fetched["without"]) >= 20


@every_kind
def test_the_policy_of_every_kind_of_page_is_enforced(browser, site, sample, place):
    opened(browser, site, sample[place].read_text(encoding="utf-8"))
    broken = browser.script(
        """
        window.broken = 0;
        addEventListener("securitypolicyviolation", () => window.broken++);
        const added = (name, set) => document.body.append(Object.assign(document.createElement(name), set));
        added("script", {textContent: "alert('inline')"});
        added("script", {src: "/fetched.js"});
        added("img", {src: "/fetched.png"});
        added("iframe", {src: "/fetched.html"});
        added("object", {data: "/fetched"});
        document.body.setAttribute("onclick", "alert('handler')");
        document.body.click();
        fetch("/fetched").catch(() => 0);
        """
    )
    browser.touch(0.2)
    broken = browser.script("return window.broken")
    assert broken >= 6
    assert browser.ran() == []
    assert set(site.asked) == {"/page.html"}


@every_kind
def test_axe_finds_nothing_on_a_sample_of_every_kind_of_page(browser, sample, axe, place):
    browser.open(sample[place].as_uri())
    browser.script("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert browser.violations(axe) == []


@built
def test_axe_finds_nothing_on_built_pages(browser, axe, page):
    for width in (1100, 390):
        browser.open(page.as_uri(), width)
        browser.script("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert browser.violations(axe) == []


@built
def test_built_pages_run_and_fetch_nothing(browser, page):
    browser.open(page.as_uri())
    browser.touch(0.2)
    assert browser.requests() == [page.as_uri()]
    assert browser.script("return document.scripts.length") == 0


@built
def test_built_pages_fit_a_phone(browser, page):
    for width in (390, 320):
        browser.open(page.as_uri(), width)
        browser.script("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert browser.script("return document.documentElement.scrollWidth") <= width
        assert browser.script("return parseFloat(getComputedStyle(document.body).fontSize)") >= 16
        assert browser.script(SMALL) == []
        assert browser.script(CLOSE) == []


@built
def test_built_pages_print_whole_on_white_paper(browser, page):
    browser.open(page.as_uri())
    browser.paper()
    assert browser.script(CLIPPED) == []
    assert browser.script(HIDDEN) == []
    assert browser.script(DARK) == []
    assert browser.pdf().startswith(b"%PDF-")


@built
def test_contents_lead_to_sections_and_folds_open(browser, page):
    browser.open(page.as_uri())
    assert browser.script(
        "return [...document.querySelectorAll('a[href^=\"#\"]')]"
        ".filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).map(a => a.hash)"
    ) == []  # fmt: skip
    assert browser.script(
        "return [...document.querySelectorAll('details')].filter(fold => {"
        " const before = fold.getBoundingClientRect().height; fold.querySelector('summary').click();"
        " return !fold.open || fold.getBoundingClientRect().height <= before }).length"
    ) == 0  # fmt: skip


SMALL = """
return [...document.querySelectorAll("main *, footer *, header *")].filter(e =>
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && parseFloat(getComputedStyle(e).fontSize) < 12
    && !e.closest("math, sub, sup")).map(e => e.outerHTML.slice(0, 80))
"""
"""Text below 12 pixels, formulas and indices left out."""
CLOSE = """
return [...document.querySelectorAll("nav a, summary, p.links a, figure > p:last-child a, h2 > a")].filter(e => {
    const box = e.getBoundingClientRect(); return box.width > 0 && box.height > 0 && box.height < 24
}).map(e => e.outerHTML.slice(0, 80) + e.getBoundingClientRect().height)
"""
"""Targets that stand by themselves and are lower than 24 pixels."""
CLIPPED = """
const width = document.documentElement.clientWidth;
return [...document.querySelectorAll("table, pre, figure img, math[display=block]")].filter(e => {
    const box = e.getBoundingClientRect();
    if (!box.width) return false;
    for (let up = e; up; up = up.parentElement)
        if (getComputedStyle(up).overflowX !== "visible" && up.scrollWidth > up.clientWidth + 1) return true;
    return box.right > width + 1 || box.left < -1;
}).map(e => e.outerHTML.slice(0, 120) + " " + e.getBoundingClientRect().right)
"""
"""What is wider than the paper, or cut by a box."""
HIDDEN = """
return [...document.querySelectorAll("details")].filter(fold =>
    ![...fold.children].slice(1).every(e => e.checkVisibility({contentVisibilityAuto: true}))
    || fold.getBoundingClientRect().height < 10).map(e => e.outerHTML.slice(0, 80))
"""
"""Folds that stay shut on paper."""
DARK = """
return [...document.querySelectorAll("*")].filter(e => {
    const [r, g, b, alpha] = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
    return alpha !== 0 && 0.3 * r + 0.59 * g + 0.11 * b < 200;
}).map(e => e.outerHTML.slice(0, 80))
"""
"""Elements on a dark ground."""
