"""Verdicts on C07, C25 and C28."""

from __future__ import annotations

import numpy as np
import pytest

from buurteffect.claims.stayers import (
    ResidentEvidence,
    equivalence_table,
    flow_truths,
    judge_newcomers,
    judge_residents,
    judge_retention,
    resident_effects,
)
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.attempt import Attempt
from buurteffect.estimate.estimate import EffectEstimate, effect_frame


def effect(estimate: float, error: float) -> Attempt[EffectEstimate]:
    """Return an estimate of one row."""
    frame = effect_frame(
        ["treated"], [estimate], [error], units_count=900, treated_count=300, clusters_count=60, degrees=59
    )
    return Attempt(EffectEstimate(frame, "made up", "made up", 900, 60, treated_count=300, degrees=59))


NONE: Attempt[EffectEstimate] = Attempt(None, "nobody is there")


def residents(income: Attempt[EffectEstimate], work: Attempt[EffectEstimate], source: str = "synthetic") -> Outcome:
    """Return the outcome of C07."""
    return judge_residents(ResidentEvidence(income, work, NONE, Attempt(None, "none"), None, source)).rule_outcome


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
    income: Attempt[EffectEstimate], work: Attempt[EffectEstimate], outcome: Outcome
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
        ResidentEvidence(effect(0.0, 0.002), effect(0.0, 0.002), NONE, Attempt(None, "none"), None, "synthetic")
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
def test_keeping_better_off_residents_takes_three_points(kept: Attempt[EffectEstimate], outcome: Outcome) -> None:
    assert judge_retention(kept, NONE, NONE, 7, "synthetic").rule_outcome == outcome


def test_neighbours_are_judged_without_the_instrument() -> None:
    assert judge_newcomers(effect(0.0, 0.004), Attempt(None, "weak"), "synthetic").rule_outcome == Outcome.SUPPORTED
    assert judge_newcomers(NONE, Attempt(None, "weak"), "synthetic").rule_outcome == Outcome.NOT_TESTABLE


def test_tables_leave_out_what_was_refused() -> None:
    table = equivalence_table({"a": (effect(0.0, 0.001), 0.02), "b": (NONE, 0.02)})
    assert table["term"].tolist() == ["a"]
    assert table["result"].tolist() == ["too small to matter"]
    found = resident_effects({"own income, years 1–8": effect(0.0, 0.001), "employee, years 1–8": NONE})
    assert found.names == {"own income, years 1–8": "residents_own_log_income_mean"}


def test_true_parts_are_those_since_the_year_before() -> None:
    assert flow_truths("log_income", (6, 9))["in_situ"] == "att_6_9_since_before_mean_log_income_in_situ"
