"""Verdicts on displacement and the waterbed follow their rules, whatever the figures."""

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect.claims.persons.displaced_truth import GAP_WORDS, displacement_truth, displacement_truth_remarks
from buurteffect.claims.persons.displacement import (
    destination_table,
    judge_displacement,
    judge_escalator,
    judge_sorting,
)
from buurteffect.claims.persons.waterbed import describe_books, describe_memory, judge_mixing, judge_waterbed
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.space.waterbed import Ledger

NONE = Estimate.refused("there is nothing to compare with")


def estimate(term, value, error, **remarks):
    """Return an attempt with one row."""
    table = effect_frame([term], [value], [error], units_count=100, treated_count=10, clusters_count=40)
    return EffectEstimate(table.assign(**remarks), "made up", "made up", 100, 40)


def exits(buurt, wijk, error=0.01):
    shares = {"share_out": 0.6, "share_out_without": 0.4}
    return {"buurt": estimate("low", buurt, error, **shares), "wijk": estimate("low", wijk, error, **shares)}


@pytest.mark.parametrize(
    ("buurt", "wijk", "error", "outcome"),
    [
        (0.12, 0.08, 0.01, Outcome.SUPPORTED),
        (0.12, 0.02, 0.01, Outcome.UNDETERMINED),
        (0.12, 0.08, 0.10, Outcome.UNDETERMINED),
        (0.00, 0.00, 0.01, Outcome.CONTRADICTED),
    ],
)
def test_displacement_asks_for_both_sizes(buurt, wijk, error, outcome):
    quality = estimate("score", 0.1, 0.01)
    assert judge_displacement(exits(buurt, wijk, error), 7, quality, "synthetic").rule_outcome == outcome


def test_displacement_without_an_estimate_is_not_testable_and_says_why():
    found = judge_displacement({"buurt": NONE}, 7, NONE, "synthetic")
    assert found.rule_outcome == Outcome.NOT_TESTABLE
    assert any("nothing to compare with" in limit for limit in found.limits)


def books(low, high, rest=False):
    row = effect_frame(["displaced"], [1.0], [0.1], units_count=1, treated_count=1, clusters_count=40)
    row["ci_low"], row["ci_high"] = low, high
    entries = effect_frame(
        ["direct", "ring", "receiving"], [3.0, 0.1, -2.0], [0.5] * 3, units_count=1, treated_count=1, clusters_count=40
    )
    if rest:
        more = effect_frame(["rest"], [-1.1], [0.5], units_count=1, treated_count=1, clusters_count=40)
        entries = pd.concat([entries, more], ignore_index=True)
    made = (EffectEstimate(table, "made up", "made up", 1, 40) for table in (entries, row))
    return Ledger(*made)


@pytest.mark.parametrize(
    ("effect", "error", "low", "outcome", "words"),
    [
        (-0.03, 0.005, 0.7, Outcome.SUPPORTED, "and large"),
        (-0.03, 0.005, 0.2, Outcome.SUPPORTED, "do not settle"),
        (-0.03, 0.005, -np.inf, Outcome.SUPPORTED, "do not settle"),
        (-0.005, 0.001, 0.7, Outcome.CONTRADICTED, ""),
        (-0.005, 0.020, 0.7, Outcome.UNDETERMINED, ""),
        (-0.03, 0.020, 0.7, Outcome.UNDETERMINED, ""),
        (0.03, 0.005, 0.7, Outcome.CONTRADICTED, ""),
    ],
)
def test_the_waterbed_asks_for_sign_and_size_and_the_books_for_scale(effect, error, low, outcome, words):
    reached = estimate("taken_in", effect, error, exposure=0.05, minimum_detectable_effect=0.02)
    found = judge_waterbed(reached, books(low, 1.5), 0.05, 2014, "synthetic")
    assert found.rule_outcome == outcome
    assert words in found.outcome
    assert "0.020" in found.sentences[0]


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (-0.004, 0.001, Outcome.SUPPORTED),
        (0.0, 0.0005, Outcome.CONTRADICTED),
        (-0.001, 0.002, Outcome.UNDETERMINED),
    ],
)
def test_gaps_close_only_with_an_interval_below_nothing(change, error, outcome):
    made = estimate("change", change, error, sd_now=0.06, sd_without=0.064)
    assert judge_mixing(made, "synthetic").rule_outcome == outcome


def test_sorting_is_judged_by_distance_in_income():
    table = effect_frame(
        ["income distance", "own group"], [1.2, 0.9], [0.02, 0.02], units_count=1, treated_count=1, clusters_count=40
    )
    made = EffectEstimate(table, "made up", "made up", 1, 40)
    assert judge_sorting(made, "synthetic").rule_outcome == Outcome.SUPPORTED
    assert judge_sorting(NONE, "synthetic").rule_outcome == Outcome.NOT_TESTABLE


def test_an_escalator_needs_both_leavers_and_entrants():
    up, flat, slow = (estimate("x", value, 0.002) for value in (0.05, 0.0, -0.05))
    assert judge_escalator(up, flat, "synthetic").rule_outcome == Outcome.SUPPORTED
    assert judge_escalator(flat, flat, "synthetic").rule_outcome == Outcome.CONTRADICTED
    assert judge_escalator(up, slow, "synthetic").rule_outcome == Outcome.CONTRADICTED


def test_books_that_cannot_be_made_up_are_said_to_be_so():
    found = describe_books(NONE, NONE, "the score", "synthetic")
    assert not found.sentences
    assert "nothing to compare with" in found.limits[0]


def test_truth_names_are_given_for_the_recorded_horizon_only():
    quality = estimate("score", 0.1, 0.01)
    known = displacement_truth(exits(0.1, 0.1), 7, quality, NONE, NONE, NONE, NONE, 2014)
    assert "excess_exit_buurt_low_7" in known.names.values()
    assert known.names[GAP_WORDS] == "destination_gap_7"
    assert "truth: beside themselves" in GAP_WORDS
    other = displacement_truth(exits(0.1, 0.1), 6, quality, NONE, NONE, NONE, NONE, 2014)
    assert not other.names
    assert displacement_truth_remarks("microdata") == []


@pytest.mark.parametrize(
    ("low", "high", "words"), [(0.2, 0.1, "; not shown for them above all"), (0.2, 0.02, "above all")]
)
def test_that_it_is_low_incomes_above_all_takes_more_than_the_highest_have(low, high, words):
    shares = {"share_out": 0.6, "share_out_without": 0.4}
    table = effect_frame(
        ["low", "high"], [low, high], [0.03, 0.03], units_count=100, treated_count=10, clusters_count=40
    ).assign(**shares)
    both = EffectEstimate(table, "made up", "made up", 100, 40)
    found = judge_displacement({"buurt": both, "wijk": both}, 7, NONE, "synthetic")
    assert found.rule_outcome == Outcome.SUPPORTED
    assert words in found.outcome
    assert ("not shown" in found.outcome) == ("not shown" in words)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.02, 4.99, "neither whether any"),
        (-0.2, 0.9, "does not tell whether any"),
        (0.1, 0.4, "less than half"),
        (0.1, 0.9, "half or more is not told"),
        (0.7, 0.9, "more than half"),
    ],
)
def test_the_leakage_is_said_as_far_as_its_interval_goes(low, high, words):
    reached = estimate("taken_in", -0.03, 0.02, exposure=0.05, minimum_detectable_effect=0.02)
    assert words in judge_waterbed(reached, books(low, high), 0.05, 2014, "synthetic").sentences[1]


def test_every_entry_of_the_books_has_its_interval_and_few_gemeenten_are_counted():
    city = estimate("all", 2.0, 0.5, minimum_detectable_effect=1.4)
    found = describe_books(books(0.1, 0.9), city, "the score", "synthetic")
    assert {"ring_low", "ring_high", "receiving_low", "receiving_high"} <= set(found.numbers)
    assert "10 of 40" in found.sentences[-1]
    closed = describe_books(books(0.1, 0.9, rest=True), NONE, "shares of low incomes", "synthetic")
    assert "−1.10 [−2" in closed.sentences[-1]


def test_how_much_hangs_on_the_memory_is_said():
    names = ["headline: x", "every displaced household counts for ever"]
    slopes = pd.DataFrame({"design": names, "estimate": [-0.5, 0.02], "ci_low": [-1.0, -0.2], "ci_high": [0.0, 0.3]})
    said = describe_memory(slopes, 0.85, "synthetic").sentences[0]
    assert "85%" in said
    assert "−0.500" in said
    assert "+0.020" in said
    lacking = slopes.assign(estimate=[-0.5, np.nan])
    assert not describe_memory(lacking, 0.85, "synthetic").sentences


def test_destinations_stand_with_what_would_have_been_found():
    table = destination_table({"score": estimate("x", 0.1, 0.01), "refused": NONE})
    assert table["term"].tolist() == ["score"]
    assert table["minimum_detectable_effect"].iloc[0] == pytest.approx(0.028, abs=0.001)
