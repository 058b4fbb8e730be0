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
    neighbour_table,
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
from buurteffect.estimate.persons.newcomers_iv import Instrumented


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
        (effect(0.0, 0.005), effect(0.05, 0.005), Outcome.CONTRADICTED),
        (effect(-0.05, 0.005), effect(-0.05, 0.005), Outcome.SUPPORTED),
        (effect(0.021, 0.005), effect(0.0, 0.005), Outcome.UNDETERMINED),
        (NONE, effect(0.0, 0.005), Outcome.NOT_TESTABLE),
    ],
)
def test_lives_improve_with_either_income_or_work_and_a_loss_is_no_improvement(
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
        (effect(0.04, 0.01), Outcome.UNDETERMINED),
        (effect(0.028, 0.005), Outcome.UNDETERMINED),
        (effect(0.05, 0.04), Outcome.UNDETERMINED),
        (effect(-0.05, 0.01), Outcome.CONTRADICTED),
        (effect(0.0, 0.01), Outcome.CONTRADICTED),
        (NONE, Outcome.NOT_TESTABLE),
    ],
)
def test_keeping_better_off_residents_takes_three_points(kept: EffectEstimate, outcome: Outcome) -> None:
    assert judge_retention(kept, NONE, NONE, 7, "synthetic").rule_outcome == outcome


def test_who_had_to_leave_stands_beside_who_was_kept_and_does_not_decide() -> None:
    found = judge_retention(effect(0.06, 0.01), effect(-0.14, 0.01), NONE, 7, "synthetic")
    assert found.rule_outcome == Outcome.SUPPORTED
    assert found.numbers["kept"] == pytest.approx(-14)
    assert found.primary["estimate"] == 0.06


GRID = [(estimate, error) for estimate in np.linspace(-0.06, 0.06, 13) for error in (0.001, 0.005, 0.02, 0.05)]
REACH = 1.6711
"""The 95% quantile of t with 59 degrees of freedom."""


@pytest.mark.parametrize(("estimate", "error"), GRID)
def test_c28_and_c25_ask_the_same_of_both_sides(estimate: float, error: float) -> None:
    low, high = estimate - REACH * error, estimate + REACH * error
    gain = "supported" if high < 0.02 else "contradicted" if low >= 0.02 else "undetermined"
    assert str(judge_newcomers(effect(estimate, error), NOTHING, "synthetic").rule_outcome) == gain
    stays = "supported" if low >= 0.03 else "contradicted" if high < 0.03 else "undetermined"
    assert str(judge_retention(effect(estimate, error), NONE, NONE, 7, "synthetic").rule_outcome) == stays


@pytest.mark.parametrize(("income", "error"), GRID)
@pytest.mark.parametrize("work", [(0.0, 0.001), (0.0, 0.05), (0.05, 0.001), (-0.05, 0.001)])
def test_c07_is_supported_only_if_neither_gains_and_contradicted_if_either_does(
    income: float, error: float, work: tuple[float, float]
) -> None:
    ends = [(value - REACH * e, value + REACH * e) for value, e in ((income, error), work)]
    expected = "undetermined"
    if all(high < 0.02 for _, high in ends):
        expected = "supported"
    elif any(low >= 0.02 for low, _ in ends):
        expected = "contradicted"
    assert str(residents(effect(income, error), effect(*work))) == expected


def test_what_the_verdict_on_neighbours_rests_on_stands_in_a_table() -> None:
    instrument = Instrumented(0.2, 0.1, 0.0, 0.4, 1.0, 0.2, 25.0, 0.2, 59.0, 900, 60)
    table = neighbour_table(effect(0.005, 0.006), instrument)
    assert table["inner_high"].iloc[0] == pytest.approx(0.005 + REACH * 0.006, abs=1e-6)
    assert table["estimate"].iloc[1] == pytest.approx(0.02)
    assert table["first_stage"].isna().tolist() == [True, False]
    assert neighbour_table(NONE, NOTHING).empty


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
