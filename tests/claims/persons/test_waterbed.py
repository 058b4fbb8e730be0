"""Verdicts on displacement and the waterbed follow their rules, whatever the figures."""

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect.claims.persons.displaced_truth import (
    GAP_WORDS,
    displacement_truth,
    displacement_truth_remarks,
    known_set,
)
from buurteffect.claims.persons.displacement import (
    effects_by_name,
    judge_displacement,
    judge_escalator,
    judge_sorting,
)
from buurteffect.claims.persons.waterbed import (
    describe_books,
    describe_profile,
    judge_mixing,
    judge_waterbed,
    spread_table,
)
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
    ).assign(minimum_detectable_effect=1.4)
    if rest:
        more = effect_frame(["rest"], [-1.1], [0.5], units_count=1, treated_count=1, clusters_count=40)
        entries = pd.concat([entries, more], ignore_index=True)
    made = (EffectEstimate(table, "made up", "made up", 1, 40) for table in (entries, row))
    return Ledger(*made)


def profile(*effects, leakage=(0.7,)):
    """Return a profile: estimate and error of each combination, and the lower ends of the leakage."""
    values, errors = zip(*effects, strict=True)
    most = effect_frame(
        [f"p{k}" for k in range(len(values))], values, errors, units_count=9, treated_count=5, clusters_count=40
    )
    at = {"persistence_share": np.linspace(0, 1, len(values)), "reach_m": 500.0}
    slope = most.assign(estimate=10 * most["estimate"], quantity="slope", **at)
    lost = effect_frame([f"l{k}" for k in range(len(leakage))], [1.0] * len(leakage), [0.1] * len(leakage),
                        units_count=9, treated_count=5, clusters_count=40)  # fmt: skip
    lost = lost.assign(ci_low=list(leakage), quantity="leakage", persistence_share=0.5, reach_m=500.0)
    table = pd.concat([slope, most.assign(quantity="most", **at), lost], ignore_index=True)
    return EffectEstimate(table, "made up", "made up", 9, 40)


REACHED = estimate("taken_in", -0.03, 0.005, exposure=0.05, minimum_detectable_effect=0.02)


@pytest.mark.parametrize(
    ("effects", "leakage", "outcome", "words"),
    [
        ([(-0.03, 0.005)], (0.7,), Outcome.SUPPORTED, "and large"),
        ([(-0.03, 0.005), (-0.05, 0.01)], (0.7, 0.6), Outcome.SUPPORTED, "and large"),
        ([(-0.03, 0.005), (-0.05, 0.01)], (0.7, 0.2), Outcome.SUPPORTED, "do not settle"),
        ([(-0.03, 0.005)], (-np.inf,), Outcome.SUPPORTED, "do not settle"),
        ([(-0.03, 0.005), (0.002, 0.001)], (0.7,), Outcome.UNDETERMINED, ""),
        ([(-0.005, 0.001), (0.03, 0.005)], (0.7,), Outcome.CONTRADICTED, ""),
        ([(-0.005, 0.001), (0.03, 0.05)], (0.7,), Outcome.UNDETERMINED, ""),
        ([(-0.005, 0.020)], (0.7,), Outcome.UNDETERMINED, ""),
        ([(-0.012, 0.004)], (0.7,), Outcome.UNDETERMINED, ""),
    ],
)
def test_the_waterbed_must_hold_for_every_persistence_and_reach(effects, leakage, outcome, words):
    found = judge_waterbed(REACHED, profile(*effects, leakage=leakage), books(0.2, 1.5), 0.05, 2014, "synthetic")
    assert found.rule_outcome == outcome
    assert words in found.outcome
    assert f"Over {len(effects)} combinations" in found.sentences[0]


def test_the_waterbed_without_a_profile_is_not_testable():
    assert judge_waterbed(REACHED, NONE, NONE, 0.05, 2014, "synthetic").rule_outcome == Outcome.NOT_TESTABLE


NORMAL = 1.6449


@pytest.mark.parametrize("value", np.linspace(-0.05, 0.05, 9))
@pytest.mark.parametrize("error", [0.0005, 0.004, 0.02])
def test_rules_of_one_estimate_ask_the_same_of_both_sides(value, error):
    low, high = value - NORMAL * error, value + NORMAL * error

    def by_hand(supported, contradicted):
        return "supported" if supported else "contradicted" if contradicted else "undetermined"

    mixing = judge_mixing(estimate("change", value, error, sd_now=0.06, sd_without=0.064), "synthetic")
    assert str(mixing.rule_outcome) == by_hand(high <= -0.002, low > -0.002)
    growth = judge_escalator(estimate("growth", value, error), NONE, NONE, "synthetic")
    assert str(growth.rule_outcome) == by_hand(low >= -0.02, high < -0.02)
    taken = judge_waterbed(REACHED, profile((value, error)), NONE, 0.05, 2014, "synthetic")
    assert str(taken.rule_outcome) == by_hand(high <= -0.01, low > -0.01)
    ratios = effect_frame(["income distance", "own group"], [1.05 + value, 1.0], [error] * 2, units_count=1,
                          treated_count=1, clusters_count=40)  # fmt: skip
    sorting = judge_sorting(EffectEstimate(ratios, "made up", "made up", 1, 40), "synthetic")
    assert str(sorting.rule_outcome) == by_hand(low >= 0, high < 0)
    both = judge_displacement(exits(0.05 + value, 0.03 + value, error), 7, NONE, "synthetic")
    assert str(both.rule_outcome) == by_hand(low >= 0, high < 0)


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (-0.004, 0.001, Outcome.SUPPORTED),
        (-0.001, 0.0001, Outcome.CONTRADICTED),
        (0.0, 0.0005, Outcome.CONTRADICTED),
        (-0.001, 0.002, Outcome.UNDETERMINED),
    ],
)
def test_gaps_close_only_by_what_matters(change, error, outcome):
    made = estimate("change", change, error, sd_now=0.06, sd_without=0.064)
    assert judge_mixing(made, "synthetic").rule_outcome == outcome


def test_sorting_is_judged_by_distance_in_income():
    table = effect_frame(
        ["income distance", "own group"], [1.2, 0.9], [0.02, 0.02], units_count=1, treated_count=1, clusters_count=40
    )
    made = EffectEstimate(table, "made up", "made up", 1, 40)
    assert judge_sorting(made, "synthetic").rule_outcome == Outcome.SUPPORTED
    assert judge_sorting(NONE, "synthetic").rule_outcome == Outcome.NOT_TESTABLE


def test_an_escalator_is_judged_by_who_came_and_not_by_where_leavers_end():
    up, flat, slow = (estimate("x", value, 0.002) for value in (0.05, 0.0, -0.05))
    better = judge_escalator(up, up, slow, "synthetic")
    assert better.rule_outcome == Outcome.SUPPORTED
    assert "faster than others" in better.outcome
    assert "not judged" in better.outcome
    assert "as much as others" in judge_escalator(flat, flat, flat, "synthetic").outcome
    assert judge_escalator(slow, up, up, "synthetic").rule_outcome == Outcome.CONTRADICTED
    assert judge_escalator(NONE, up, up, "synthetic").rule_outcome == Outcome.NOT_TESTABLE
    assert better.numbers["gap"] == pytest.approx(-0.05)


def test_the_spread_stands_in_a_table_with_what_would_be_found():
    table = spread_table(estimate("change", -0.002, 0.001, sd_now=0.06, sd_without=0.062)).set_index("term")
    assert table["estimate"].tolist() == pytest.approx([0.06, 0.062, -0.002, 0.0028], abs=1e-4)
    assert spread_table(NONE).empty


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
    assert (
        words in judge_waterbed(REACHED, profile((-0.03, 0.02)), books(low, high), 0.05, 2014, "synthetic").sentences[1]
    )


def test_entries_of_the_books_that_are_not_told_from_zero_are_said_to_be_so():
    city = estimate("all", 2.0, 0.5, minimum_detectable_effect=1.4)
    found = describe_books(books(0.1, 0.9), city, "the score", "synthetic")
    assert {"direct_low", "receiving_low", "ring_mde"} <= set(found.numbers)
    assert "ring_low" not in found.numbers
    assert "is not told from zero near them (1.4 would have been found" in found.sentences[0]
    assert "moved the score by +3.00 [" in found.sentences[0]
    assert "10 of 40" in found.sentences[-1]
    closed = describe_books(books(0.1, 0.9, rest=True), NONE, "shares of low incomes", "synthetic")
    assert "told from zero: its interval is" in closed.sentences[-1]


def test_how_much_hangs_on_what_is_not_known_is_said_as_a_set():
    said = describe_profile(profile((-0.05, 0.01), (0.0, 0.01), (0.04, 0.01)), "synthetic")
    assert "Over 3 combinations" in said.sentences[0]
    assert "−0.50 [" in said.sentences[0]
    assert "(persistence 0.00, reach 500 m)" in said.sentences[0]
    assert "+0.40 [" in said.sentences[0]
    assert (said.numbers["below"], said.numbers["above"]) == (1, 1)
    assert not describe_profile(NONE, "synthetic").sentences


def test_the_set_meets_one_truth_with_all_of_its_intervals_together():
    made = profile((-0.05, 0.01), (0.04, 0.01))
    found = known_set(made, 2014)
    row = found.frame.iloc[0]
    assert row[["lowest", "highest"]].tolist() == pytest.approx([-0.5, 0.4])
    slopes = made.frame[made.frame["quantity"] == "slope"]
    assert (row["ci_low"], row["ci_high"]) == (slopes["ci_low"].min(), slopes["ci_high"].max())
    assert np.isnan(row["estimate"])
    assert found.names == {row["term"]: "seen_inflow_slope_liveability_score_2014@set"}
    assert not known_set(NONE, 2014).names


def test_destinations_stand_with_what_would_have_been_found():
    table = effects_by_name({"score": estimate("x", 0.1, 0.01), "refused": NONE})
    assert table["term"].tolist() == ["score"]
    assert table["minimum_detectable_effect"].iloc[0] == pytest.approx(0.028, abs=0.001)
