"""What the numbers of a page say together: no two of them contradict each other."""

import html
import json
import re

import pytest
from checkouts import ROOT
from consistency import contradictions, printed_outside

PROCESSED, REPORTS = ROOT / "data" / "processed", ROOT / "reports"
RESULTS = sorted(PROCESSED.glob("*/results/*.json"))
PAGES = sorted(REPORTS.glob("*/n*.html"))
NONE = pytest.param(None, marks=pytest.mark.skip(reason="no pages in reports: run make reports"))
RECORDED = json.loads((ROOT / "tests" / "reference" / "contradictions.json").read_text(encoding="utf-8"))


def every(files, root):
    """Run a test on each file, or skip it visibly."""
    names = [str(file.relative_to(root)) for file in files]
    return pytest.mark.parametrize("file", files or [NONE], ids=names or ["none built"])


@every(RESULTS, PROCESSED)
def test_no_two_numbers_of_a_page_contradict_each_other(file):
    assert not contradictions(json.loads(file.read_text(encoding="utf-8")))


@every(PAGES, REPORTS)
def test_a_page_prints_no_estimate_outside_its_interval(file):
    text = html.unescape(re.sub(r"<[^>]+>", " ", file.read_text(encoding="utf-8")))
    assert not printed_outside(text)


@pytest.mark.parametrize("page", RECORDED["pages"])
def test_the_contradictions_of_earlier_pages_are_found(page):
    """The results are those of commit 7723fae, shortened to the tables that contradict each other or were sound."""
    found = {words.partition(":")[0] for words in contradictions(RECORDED["pages"][page])}
    assert found == set(RECORDED["found"][page])


def test_every_kind_of_contradiction_was_once_on_a_page():
    kinds = {kind for page in RECORDED["found"].values() for kind in page}
    assert kinds == {"outside", "not_nested", "other_least_effects", "other_intervals", "two_names", "without_truth"}


def results(**parts):
    """Return the results of a page with nothing on it but `parts`."""
    return {"results": {}, "sentences": {}, "verdicts": [], "headline": [], "estimands": {}} | parts


def test_shares_that_do_not_add_up_are_found():
    weights = [{"kind": "a", "weight": 0.7}, {"kind": "b", "weight": 0.3}]
    assert not contradictions(results(results={"bacon": {"rows": weights}}))
    weights[0]["weight"] = 0.69
    assert contradictions(results(results={"bacon": {"rows": weights}})) == ["not_hundred: bacon : 0.99"]


def test_the_first_headline_of_n06_stood_beside_another_truth():
    """The effect in the first years was held against the steady effect, which had overwritten its truth."""
    truth = [{"estimate": 0.0631, "truth": 0.0674}]
    page = results(headline=[{"label": "a", "value": 0.0051, "ci_low": -0.01, "ci_high": 0.02}], truth=truth)
    assert contradictions(page) == ["without_truth: a"]


@pytest.mark.parametrize(
    ("printed", "found"),
    [
        ("an effect of 0.182 [0.105, 0.176]", 1),
        ("an effect of −0.078 [−0.582,\xa0−0.112]", 1),
        ("35.9% [32.7%, 39.1%] of 1,234 [1,100, 1,300]", 0),
        ("−0.021 [−0.026, −0.016]", 0),
    ],
)
def test_printed_estimates_are_read_with_their_intervals(printed, found):
    assert len(printed_outside(printed)) == found


def test_a_set_as_a_headline_stands_beside_the_truth_of_its_ends():
    truth = {"name": "slope@set", "estimate": None, "ci_low": -2.0, "ci_high": 0.5, "truth": -0.5}
    entry = {"label": "slope", "value": -1.3, "to": 0.3, "ci_low": -2.0, "ci_high": 0.5}
    page = results(truth=[truth], headline=[entry])
    assert contradictions(page) == []
    assert contradictions(page | {"headline": [entry | {"ci_high": 0.4}]}) == ["without_truth: slope"]
