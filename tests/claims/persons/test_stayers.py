"""Verdicts on C07, C25 and C28."""

from __future__ import annotations

import numpy as np
import pytest
from effect_worlds import effect_frame

from buurteffect.claims.persons.stayers import (
    ResidentEvidence,
    describe_flows,
    equivalence_table,
    judge_newcomers,
    judge_residents,
    judge_retention,
)
from buurteffect.claims.persons.stayers_truth import (
    RESIDENT_TRUTHS,
    flow_truths,
    known_flows,
    resident_effects,
    resident_truth_remarks,
)
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.persons.composition_effects import FlowEffect


def effect(estimate: float, error: float) -> EffectEstimate:
    """Return an estimate of one row."""
    frame = effect_frame(
        ["treated"], [estimate], [error], units_count=900, treated_count=300, clusters_count=60, degrees=59
    )
    return EffectEstimate(frame, "made up", "made up", 900, 60, treated_count=300, degrees=59)


NONE: EffectEstimate = Estimate.refused("nobody is there")
NOTHING = Estimate.refused("none")


def residents(income: EffectEstimate, work: EffectEstimate, source: str = "synthetic") -> Outcome:
    """Return the outcome of C07."""
    return judge_residents(ResidentEvidence(income, work, NONE, NOTHING, NOTHING, source)).rule_outcome


@pytest.mark.parametrize(
    ("income", "work", "outcome"),
    [
        (effect(0.001, 0.005), effect(0.001, 0.005), Outcome.SUPPORTED),
        (effect(0.001, 0.005), effect(0.001, 0.03), Outcome.UNDETERMINED),
        (effect(0.001, 0.03), effect(0.001, 0.005), Outcome.UNDETERMINED),
        (effect(0.05, 0.005), effect(0.001, 0.005), Outcome.CONTRADICTED),
        (effect(0.0, 0.005), effect(-0.05, 0.005), Outcome.CONTRADICTED),
        (effect(0.021, 0.005), effect(0.0, 0.005), Outcome.UNDETERMINED),
        (NONE, effect(0.0, 0.005), Outcome.NOT_TESTABLE),
    ],
)
def test_lives_of_residents_are_judged_by_both_equivalence_tests(
    income: EffectEstimate, work: EffectEstimate, outcome: Outcome
) -> None:
    assert residents(income, work) == outcome


@pytest.mark.parametrize(
    ("estimate", "order"), [(0.0, ["supported", "undetermined"]), (0.06, ["contradicted", "undetermined"])]
)
def test_less_precise_evidence_never_turns_one_verdict_into_the_other(estimate: float, order: list[str]) -> None:
    found = [
        residents(effect(estimate, error), effect(0.0, 0.001)).name.lower() for error in np.linspace(0.002, 0.2, 40)
    ]
    assert list(dict.fromkeys(found)) == order


def test_synthetic_data_only_demonstrate_the_method() -> None:
    verdict = judge_residents(
        ResidentEvidence(
            effect(0.0, 0.002),
            effect(0.0, 0.002),
            NONE,
            NOTHING,
            NOTHING,
            "synthetic",
        )
    )
    assert verdict.outcome.startswith("method demonstration")
    assert "in the synthetic country" in verdict.sentences[0]


@pytest.mark.parametrize(
    ("kept", "outcome"),
    [
        (effect(0.05, 0.01), Outcome.SUPPORTED),
        (effect(0.028, 0.005), Outcome.UNDETERMINED),
        (effect(0.05, 0.04), Outcome.UNDETERMINED),
        (effect(-0.05, 0.01), Outcome.CONTRADICTED),
        (effect(0.0, 0.01), Outcome.CONTRADICTED),
        (NONE, Outcome.NOT_TESTABLE),
    ],
)
def test_keeping_better_off_residents_takes_three_points(kept: EffectEstimate, outcome: Outcome) -> None:
    assert judge_retention(kept, NONE, NONE, 7, "synthetic").rule_outcome == outcome


def test_neighbours_are_judged_without_the_instrument() -> None:
    assert judge_newcomers(effect(0.0, 0.004), Estimate.refused("weak"), "synthetic").rule_outcome == Outcome.SUPPORTED
    assert judge_newcomers(NONE, Estimate.refused("weak"), "synthetic").rule_outcome == Outcome.NOT_TESTABLE


def test_tables_leave_out_what_was_refused() -> None:
    table = equivalence_table({"a": (effect(0.0, 0.001), 0.02), "b": (NONE, 0.02)})
    assert table["term"].tolist() == ["a"]
    assert table["result"].tolist() == ["too small to matter"]
    assert table["p_words"].tolist() == ["below 0.001"]
    found = resident_effects({"own income, years 1–8": effect(0.0, 0.001), "employee, years 1–8": NONE})
    assert found.names == {"own income, years 1–8": "residents_own_log_income_mean"}
    assert found.frame["minimum_detectable_effect"].iloc[0] == pytest.approx(0.001 * (2.001 + 0.848), abs=1e-5)


def test_true_parts_are_those_since_the_year_before() -> None:
    assert flow_truths("log_income", (6, 9))["in_situ"] == "att_6_9_since_before_mean_log_income_in_situ"


def test_each_effect_on_residents_meets_its_truth_under_a_name_of_its_own() -> None:
    assert len(set(RESIDENT_TRUTHS.values())) == len(RESIDENT_TRUTHS)
    both = resident_effects(
        {"own income, years 1–8": effect(0.005, 0.005), "own income, steady effect": effect(0, 0.003)}
    )
    assert sorted(both.names.values()) == ["residents_own_log_income_mean", "residents_own_log_income_mean@steady"]


def flow(total: float, in_situ: float, error: float = 0.01) -> FlowEffect:
    """Return an effect on a mean and its parts."""
    terms = ["total", "in_situ", "entry", "exit", "composition"]
    values = [total, in_situ, total - in_situ, 0.0, total - in_situ]
    frame = effect_frame(terms, values, [error] * 5, units_count=90, treated_count=30, clusters_count=60, degrees=59)
    return FlowEffect(EffectEstimate(frame, "made up", "made up", 90, 60, treated_count=30, degrees=59), 1e-16, 0.0)


def test_the_share_of_stayers_stands_beside_that_with_nothing_given() -> None:
    found = describe_flows(flow(0.06, 0.01), NONE, flow(0.05, 0.07), "synthetic")
    assert found.numbers["share"] == pytest.approx(1 / 6)
    assert found.numbers["bare"] == pytest.approx(1.4)
    assert any("140%" in sentence and "depends on that choice" in sentence for sentence in found.sentences)
    assert any("whole span at once cannot be shown: nobody is there" in limit for limit in found.limits)


def test_no_share_is_said_of_a_change_that_may_be_none() -> None:
    found = describe_flows(flow(0.01, 0.01), flow(0.01, 0.0), flow(-0.05, 0.0), "synthetic")
    assert "share" not in found.numbers
    assert any("not told from zero" in limit for limit in found.limits)
    assert "long_in_situ" in found.numbers


def test_a_falling_mean_is_not_called_an_improvement() -> None:
    said = " ".join(describe_flows(flow(-0.06, -0.01), NONE, NONE, "synthetic").sentences)
    assert "of the decline came about" in said
    assert "improvement" not in said


def test_truths_go_by_the_words_of_the_page() -> None:
    found = known_flows(flow(0.06, 0.01), "log_income", (6, 9))
    assert set(found.frame["term"]) == set(found.names)
    assert found.names["log income, the mean"] == "att_6_9_since_before_mean_log_income"
    assert resident_truth_remarks("microdata") == []
    assert "households" in resident_truth_remarks("synthetic")[0]


def test_blocks_are_said_with_what_would_have_been_found() -> None:
    evidence = ResidentEvidence(
        effect(0.0, 0.002),
        effect(0.0, 0.002),
        effect(0.0, 0.03),
        NOTHING,
        NOTHING,
        "synthetic",
    )
    verdict = judge_residents(evidence)
    assert verdict.numbers["blocks_found"] > 0.02
    assert any(
        "blocks" in sentence and "does not tell whether it matters" in sentence for sentence in verdict.sentences
    )
