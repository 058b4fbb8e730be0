"""Rules are data: what is written in the register is evaluated, exactly that, and printed as it was evaluated."""

import itertools
import math
import operator
import random
import re
from collections.abc import Iterator

import pytest

from buurteffect.claims.register import read_register
from buurteffect.claims.rules import Outcome, Rule
from buurteffect.claims.verdict import Answer
from buurteffect.errors import CallError, EstimationError

REGISTER = read_register()
RELATIONS = {
    "above": operator.gt, "at least": operator.ge, "below": operator.lt, "at most": operator.le, "is": operator.eq,
}  # fmt: skip
ENTRY = {
    "required": ["seen"],
    "supported": ["rises", "matters"],
    "contradicted": [["falls", "matters_not"], ["negligible", "matters_not"]],
    "conditions": {
        "seen": {"says": "areas like them exist", "figure": "overlap", "relation": "is"},
        "rises": {"says": "the interval lies above zero", "figure": "low", "relation": "above", "threshold": 0},
        "matters": {
            "says": "it is large",
            "figure": "effect",
            "relation": "at least",
            "threshold": {"a": 0.02, "b": 1},
        },
        "falls": {"says": "the interval lies below zero", "figure": "high", "relation": "below", "threshold": 0},
        "negligible": {"says": "it is small", "figure": "high90", "relation": "below", "threshold": 0.02},
        "matters_not": {"says": "it is not large", "figure": "effect", "relation": "below", "threshold": 0.02},
    },
}
KNOWN = {"overlap": 1, "low": 0.01, "effect": 0.03, "high": 0.05, "high90": 0.045}


def by_hand(rule: Rule, figures: dict[str, float], variant: str) -> str:
    """Read a rule as a person would, from the entries alone."""

    def holds(name: str) -> bool:
        condition = rule.conditions[name]
        threshold = condition.threshold if not isinstance(condition.threshold, dict) else condition.threshold[variant]
        value = figures[condition.figure]
        return not math.isnan(value) and RELATIONS[condition.relation](value, threshold)

    if not rule.conditions:
        return "not testable with these data"
    if not all(holds(name) for name in rule.required):
        return "not identified with these data"
    if any(all(holds(name) for name in way) for way in rule.supported):
        return "supported"
    return "contradicted" if any(all(holds(name) for name in way) for way in rule.contradicted) else "undetermined"


def both_sides(rule: Rule, figures: dict[str, float], variant: str) -> bool:
    """Return whether figures meet a way to support and one to contradict."""
    met = {name for name, each in rule.conditions.items() if each.met(figures[each.figure], variant)}
    return all(any(met >= set(way) for way in ways) for ways in (rule.supported, rule.contradicted))


def variants(rule: Rule) -> list[str]:
    """Return the variants that the thresholds of a rule are given for."""
    several = [each.threshold for each in rule.conditions.values() if isinstance(each.threshold, dict)]
    return sorted({name for thresholds in several for name in thresholds}) or [""]


def grid(rule: Rule, variant: str) -> dict[str, list[float]]:
    """Return for each figure values below, at and above each of its thresholds, and none."""
    values: dict[str, set[float]] = {}
    for each in rule.conditions.values():
        bound = each.bound(variant)
        step = 1 if each.relation == "is" else max(abs(bound) / 10, 1e-3)
        near = {0.0, 1.0} if each.relation == "is" else {bound - step, bound, bound + step}
        values.setdefault(each.figure, set()).update(near)
    return {name: [*sorted(near), math.nan] for name, near in values.items()}


def cases_of(values: dict[str, list[float]], most: int = 20_000) -> Iterator[tuple[float, ...]]:
    """Yield every combination of values, or, where they are too many, as many drawn by lot."""
    if math.prod(map(len, values.values())) <= most:
        yield from itertools.product(*values.values())
    else:
        drawn = random.Random(1)
        yield from (tuple(map(drawn.choice, values.values())) for _ in range(most))


@pytest.mark.parametrize("claim_id", REGISTER)
def test_the_code_says_what_the_register_says_on_a_grid_of_evidence(claim_id):
    rule, seen = REGISTER[claim_id].rule, set()
    for variant in variants(rule):
        values = grid(rule, variant)
        cases = cases_of(values)
        for case in cases:
            figures = dict(zip(values, case, strict=True))
            expected = by_hand(rule, figures, variant)
            if both_sides(
                rule, figures, variant
            ):  # figures that no estimate has, such as a lower end above an upper one
                continue
            seen.add(expected)
            assert str(rule.judge(figures, variant).outcome) == expected
    if rule.conditions:
        assert {"undetermined", "supported", "contradicted"} - seen <= ({"supported"} if not rule.supported else set())


def test_a_rule_is_evaluated_for_its_variant():
    rule = Rule.read(ENTRY, "here")
    assert rule.judge(KNOWN, "a").outcome == Outcome.SUPPORTED
    assert rule.judge(KNOWN, "b").outcome == Outcome.UNDETERMINED
    with pytest.raises(CallError, match="no threshold for 'c'"):
        rule.judge(KNOWN, "c")


def test_what_is_required_comes_before_both_sides():
    rule = Rule.read(ENTRY, "here")
    assert rule.judge(KNOWN | {"overlap": 0}, "a").outcome == Outcome.NOT_IDENTIFIED
    falls = {"overlap": 1, "low": -0.05, "effect": -0.03, "high": -0.01, "high90": -0.02}
    assert rule.judge(falls, "a").outcome == Outcome.CONTRADICTED
    assert rule.judge(falls | {"overlap": math.nan}, "a").outcome == Outcome.NOT_IDENTIFIED


def test_figures_are_exactly_those_of_the_rule():
    rule = Rule.read(ENTRY, "here")
    with pytest.raises(CallError, match="extra"):
        rule.judge(KNOWN | {"extra": 1}, "a")
    with pytest.raises(CallError, match="high90"):
        rule.judge({name: value for name, value in KNOWN.items() if name != "high90"}, "a")


def test_a_rule_that_counts_as_both_is_refused():
    names = ("seen", "rises", "matters")
    few = {"conditions": {name: ENTRY["conditions"][name] for name in names}, "contradicted": ["rises", "matters"]}
    rule = Rule.read(ENTRY | few, "here")
    with pytest.raises(EstimationError, match="supported and contradicted at once"):
        rule.judge({"overlap": 1, "low": 0.01, "effect": 0.03}, "a")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"contradicted": [["falls"], ["negligible", "matters_not"]]}, "2 conditions to support and 1 to contradict"),
        ({"unequal": "because"}, "gives a reason for nothing"),
        ({"supported": ["rises", "nothing"]}, "nothing"),
        ({"rule": "words"}, "unknown entries rule"),
        ({"conditions": {"seen": {"says": "x"}}}, "cannot be read"),
    ],
)
def test_a_rule_that_cannot_be_evaluated_is_refused(changed, words):
    with pytest.raises(EstimationError, match=words):
        Rule.read(ENTRY | changed, "here")


def test_figures_are_printed_in_as_many_digits_as_tell_them_from_the_threshold():
    rule = Rule.read(ENTRY, "here")
    judged = rule.judge(KNOWN | {"effect": 0.0199996}, "a")
    assert judged.supported[0][1].digits == ".7f"
    assert not judged.supported[0][1].met


def test_a_verdict_prints_every_condition_with_its_figure(monkeypatch):
    claim = REGISTER["C31"]
    made = {"C31": type(claim)(**{**vars(claim), "rule": Rule.read(ENTRY, "here")})}
    monkeypatch.setattr("buurteffect.claims.verdict.read_register", lambda: made)
    verdict = Answer("C31", "open", "wijk").judge(KNOWN, variant="a")
    told = [text for _, part in verdict.rule for text in part]
    assert [heading for heading, _ in verdict.rule] == [
        "Identified only if", "Supported if", "Contradicted if", "Contradicted as well if",
    ]  # fmt: skip
    assert told[0] == "✓ areas like them exist: yes."
    assert told[2] == "✓ it is large: 0.030 (needed: at least 0.020)."
    assert told[3] == "✗ the interval lies below zero: 0.050 (needed: below zero)."
    assert verdict.numbers["needed_matters"] == 0.02
    assert verdict.remarks == ()
    assert all(re.match("[✓✗–] ", text) for text in told)
    untested = Answer("C31", "open", "wijk").not_testable("There is no register.")
    assert untested.rule[1][1][1] == "– it is large: not known."
    assert untested.rule_outcome == Outcome.NOT_TESTABLE


def test_every_claim_says_whom_it_is_about_what_decides_and_by_which_conditions():
    untestable = {"C31", "C32"}
    for claim_id, claim in REGISTER.items():
        assert min(len(claim.population), len(claim.estimand)) > 10, claim_id
        assert (not claim.rule.conditions) == (claim_id in untestable), claim_id
        assert bool(claim.rule.supported) == bool(claim.rule.contradicted) == (claim_id not in untestable), claim_id


def test_a_verdict_says_why_the_sides_differ_and_what_stands_beside_the_rule():
    told = Answer("C01", "open", "wijk").not_testable("No area is urban.").remarks
    assert told[0].startswith("The sides ask for different numbers of conditions: the claim joins three statements")
    assert told[1] == REGISTER["C01"].rule.remark
    assert "0.05 of the index" in Answer("C31", "open", "buurt").not_testable("No pupils.").remarks[0]


def test_a_change_of_a_rule_says_when_why_and_whether_results_had_been_seen():
    for change in (change for claim in REGISTER.values() for change in claim.changes):
        assert len(change.what) > 20 < len(change.reason)
        assert str(change.date) in change.sentence
        assert ("before any result" in change.sentence) != change.results_seen
