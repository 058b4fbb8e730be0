"""The rules of C09, C10, C21 and C22 read estimates as they say, and synthetic data never say more than that."""

from dataclasses import replace

import movers_simulations
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect.claims.persons.childhood import (
    judge_chances,
    judge_inheritance,
    judge_mix,
    judge_regions,
    judge_schools,
)
from buurteffect.claims.persons.childhood_truth import truth_of_chances, truth_of_neighbours
from buurteffect.claims.persons.childhood_words import (
    LAGGED,
    POOLED,
    STAYS,
    describe_ranks,
    describe_reflection,
    describe_simulated,
    describe_windows,
    joint_tests,
    regions_table,
    simulated_designs,
)
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.childhood.mobility import CHANGE, LEVEL
from buurteffect.estimate.childhood.movers_and_siblings import MOVERS, SIBLINGS, TOGETHER
from buurteffect.estimate.childhood.neighbourhood_panel import CHOICES
from buurteffect.estimate.childhood.reflection import ALONE, CONTEXT, RANDOM, TRAITS
from buurteffect.estimate.childhood.shrinkage import Signal
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.truth.persons import NOT_AFFECTED

AGREE = JointTest(0.1, 1, float("inf"), 0.7)


def table(terms, values, errors):
    frame = effect_frame(terms, values, errors, units_count=10, treated_count=10, clusters_count=10)
    return EffectEstimate(frame, "made up", "none", 10, 10)


def chances(slope, error, line=0.7, placebo=0.0, source="microdata", later=0.7):
    return judge_chances(
        table(["exposure"], [slope], [error]),
        table([MOVERS, SIBLINGS, TOGETHER], [slope, 0.1, slope], [error] * 3),
        AGREE,
        replace(AGREE, p_value=line),
        table(["years after the move"], [placebo], [0.05]),
        replace(AGREE, p_value=later),
        table(["alone", "given"], [0.6, 0.3], [0.02, 0.02]),
        source,
    )


@pytest.mark.parametrize(
    ("slope", "error", "line", "placebo", "outcome"),
    [
        (0.15, 0.03, 0.7, 0.0, Outcome.SUPPORTED),
        (0.15, 0.03, 0.01, 0.0, Outcome.NOT_IDENTIFIED),  # the bins do not lie on a line
        (0.00, 0.01, 0.01, 0.0, Outcome.NOT_IDENTIFIED),  # nor then is the claim contradicted
        (0.15, 0.03, 0.7, 0.2, Outcome.NOT_IDENTIFIED),  # the placebo finds something
        (0.04, 0.01, 0.7, 0.0, Outcome.UNDETERMINED),  # above zero, but too small to matter and not surely so
        (0.15, 0.10, 0.7, 0.0, Outcome.UNDETERMINED),
        (0.00, 0.01, 0.7, 0.0, Outcome.CONTRADICTED),  # surely too small
        (-0.15, 0.03, 0.7, 0.0, Outcome.CONTRADICTED),
    ],
)
def test_chances_are_judged_by_movers_where_line_and_placebos_allow_it(slope, error, line, placebo, outcome):
    assert chances(slope, error, line, placebo).rule_outcome is outcome


def test_chances_are_not_identified_where_years_after_childhood_do_something_between_siblings():
    verdict = chances(0.15, 0.03, later=0.01)
    assert verdict.rule_outcome is Outcome.NOT_IDENTIFIED
    assert "has p = 0.010" in " ".join(verdict.sentences)
    assert verdict.primary["estimate"] == 0.15


def test_refused_estimates_of_children_make_their_claims_untestable():
    none = Estimate.refused("no family moved once")
    verdict = judge_chances(none, none, none, none, none, none, none, "microdata")
    assert verdict.rule_outcome is Outcome.NOT_TESTABLE
    assert "no family moved once" in " ".join(verdict.limits)
    assert judge_mix(none, "microdata").rule_outcome is Outcome.NOT_TESTABLE
    assert judge_inheritance(none, "microdata").rule_outcome is Outcome.NOT_TESTABLE
    assert judge_regions(none, none, none, none, 25.0, "microdata").rule_outcome is Outcome.NOT_TESTABLE
    shown = joint_tests({"a": none, "b": AGREE})
    assert shown["p_value"].isna().tolist() == [True, False]


def test_synthetic_data_demonstrate_a_method():
    verdict = chances(0.15, 0.03, source="synthetic")
    assert verdict.outcome.startswith("method demonstration")
    assert "Netherlands" not in " ".join(verdict.sentences)


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (-0.2, 0.05, Outcome.SUPPORTED),
        (0.2, 0.05, Outcome.CONTRADICTED),
        (0.0, 0.01, Outcome.CONTRADICTED),
        (-0.03, 0.005, Outcome.SUPPORTED),  # a little
        (0.0, 0.1, Outcome.UNDETERMINED),
    ],
)
def test_mix_is_judged_by_the_change_of_the_slope(change, error, outcome):
    result = table(["exposure", "exposure times mix"], [0.1, change], [0.05, error])
    assert judge_mix(result, "microdata").rule_outcome is outcome


@pytest.mark.parametrize(
    ("low", "high", "named", "outcome"),
    [
        (1.2, 3.0, (-1.0, -1.0), Outcome.SUPPORTED),
        (1.2, 3.0, (float("nan"), -1.0), Outcome.UNDETERMINED),  # there is no Groningen in these data
        (1.2, 3.0, (-1.0, 1.0), Outcome.CONTRADICTED),  # children of cities stand higher
        (1.2, 3.0, (-1.0, 0.1), Outcome.UNDETERMINED),
        (0.2, 0.9, (float("nan"), float("nan")), Outcome.CONTRADICTED),
        (0.5, 2.0, (-1.0, -1.0), Outcome.UNDETERMINED),
    ],
)
def test_regions_are_judged_by_their_signal_and_those_that_are_named(low, high, named, outcome):
    frame = table(["a", "b", "c"], [1.0, 2.0, 3.0], [0.1] * 3).frame
    some = Estimate(frame, "made up", "none", 10, 3)
    signal = Signal(44.0, (low + high) / 2, low, high, 2.0, 0.5)
    regions = table(["groningen", "cities"], list(named), [0.2, 0.2])
    verdict = judge_regions(signal, some, some, regions, 25.0, "microdata")
    assert verdict.rule_outcome is outcome
    assert ("no figure of Groningen" in " ".join(verdict.limits)) == (named[0] != named[0])
    assert regions_table(signal, regions)["estimate"].round(3).tolist()[1] == round((low + high) / 2, 3)


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (0.05, 0.01, Outcome.SUPPORTED),
        (-0.05, 0.01, Outcome.CONTRADICTED),
        (0.0, 0.005, Outcome.CONTRADICTED),
        (0.012, 0.004, Outcome.SUPPORTED),  # the claim names no size
        (0.01, 0.02, Outcome.UNDETERMINED),
    ],
)
def test_growing_differences_are_judged_by_the_change_of_the_slope(change, error, outcome):
    result = replace(table([LEVEL, CHANGE], [0.2, change], [0.01, error]), degrees=400.0)
    assert judge_inheritance(result, "microdata").rule_outcome is outcome


@pytest.mark.parametrize("claim_id", ["C31", "C32"])
def test_claims_on_schools_cannot_be_tested(claim_id):
    assert judge_schools(claim_id, "synthetic").rule_outcome is Outcome.NOT_TESTABLE


def test_the_chance_of_missing_stands_beside_what_the_placebo_and_the_comparison_of_designs_do_not_find():
    verdict = chances(0.15, 0.03)
    assert verdict.numbers["placebo_least"] == pytest.approx(2.8 * 0.05, rel=0.01)
    # |0.15 − 0.1| / √0.1 is the error of the difference
    assert verdict.numbers["apart"] == pytest.approx(2.8 * 0.05 / 0.1**0.5, rel=0.01)
    assert verdict.numbers["childhood_low"] == pytest.approx(18 * (0.15 - 1.96 * 0.03), rel=0.01)


def test_a_rank_set_from_one_to_three_holds_three_places():
    frame = table(["a", "b", "c"], [1.0, 2.0, 3.0], [0.1] * 3).frame.assign(ci_low=1, ci_high=3)
    some = Estimate(frame, "made up", "none", 10, 3)
    verdict = judge_regions(Signal(44.0, 1.0, 0.5, 2.0, 2.0, 0.5), some, some, some, 25.0, "microdata")
    assert verdict.numbers["width"] == 3


def test_an_interval_after_childhood_that_leaves_zero_out_is_said():
    windows = table(["0–5", "18–22", "23–27"], [0.1, 0.0, -0.14], [0.05, 0.05, 0.05])
    curve = table(["5%", "10%"], [0.1, 0.2], [0.5, 0.4])
    answer = describe_windows(windows, AGREE, curve, AGREE, AGREE, "synthetic")
    assert answer.numbers["outside"] == 1
    assert answer.numbers["windows"] == 2
    assert answer.numbers["least"] == pytest.approx(2.8 * 0.4, rel=0.01)
    assert "23–27: −0.140" in answer.sentences[1]


def test_lags_that_must_miss_are_told_with_their_intervals():
    means = table([ALONE, TRAITS, CONTEXT, RANDOM], [0.9, 0.8, 0.8, -0.1], [0.01] * 4)
    labels = [choice.label for choice in CHOICES]
    assert {POOLED, *LAGGED.values(), STAYS} <= set(labels)
    adults = table(labels, [0.03] * len(labels), [0.002] * len(labels))
    answer = describe_reflection(means, adults, "synthetic")
    assert answer.numbers["past_low"] > 0
    names = [known.name for known in truth_of_neighbours(means, adults)]
    assert len(names) == len(set(names)) == 3 + 7
    assert {name.split("@")[0] for name in names} == {"neighbour_income_effect", "place_income_effect"}


def test_estimates_that_must_miss_stand_beside_the_truth_as_well():
    one = table(["exposure"], [0.15], [0.03])
    known = truth_of_chances(
        one,
        table([MOVERS, SIBLINGS, TOGETHER], [0.15] * 3, [0.03] * 3),
        table(["exposure alone", "exposure given the parents' income"], [0.6, 0.3], [0.02] * 2),
        one,
        one,
        table(["18–22", "23–27"], [0.0, 0.1], [0.05] * 2),
        table(["exposure", "exposure times mix"], [0.1, 0.0], [0.05] * 2),
    )
    assert len({each.name for each in known}) == len(known) == 9
    assert {each.name.split("@")[0] for each in known} <= set(NOT_AFFECTED) | {
        "exposure_slope",
        "exposure_slope_after_23",
    }


def test_movers_are_said_to_be_biased_upward_and_siblings_hardly():
    answer = describe_simulated("synthetic")
    assert answer.numbers["movers"] == pytest.approx(0.021, abs=0.001)
    assert answer.numbers["movers"] > 3 * answer.numbers["movers_error"]
    assert abs(answer.numbers["siblings"]) < answer.numbers["siblings_error"]
    assert "upward bias" in answer.sentences[0]


def test_the_page_names_the_slope_that_is_planted():
    planted = PeopleParameters().exposure_points
    assert (simulated_designs()["truth"] == planted).all()
    assert f"a slope of {planted:.2f} points" in describe_ranks(12.6, "synthetic").sentences[1].lower()
    assert len(describe_ranks(12.6, "microdata").sentences) == 1


def test_conventions_that_differ_in_their_counts_are_said_once():
    first = replace(table(["a"], [0.1], [0.1]), error_convention="clustered by place (480); N = 1,200.")
    second = replace(table(["b"], [0.1], [0.1]), error_convention="clustered by place (475); N = 900.")
    other = replace(table(["c"], [0.1], [0.1]), error_convention="robust")
    said = stack({"a": first, "b": second, "c": other}, "made up").error_convention
    assert said.count("clustered") == 1
    assert "(480)" in said
    assert "other rows have their own" in said
    assert said.endswith("robust")
    assert stack({"a": first, "c": first}, "made up").error_convention == "clustered by place (480); N = 1,200"


@pytest.mark.slow
def test_the_recorded_simulations_are_made_again_to_the_last_digit():
    found = pd.concat([movers_simulations.estimated(seed) for seed in movers_simulations.COUNTRIES], ignore_index=True)
    pd.testing.assert_frame_equal(movers_simulations.summary(found), simulated_designs(), check_dtype=False, rtol=1e-9)
