"""The verdict on restructuring follows its rule, whatever the numbers, and says what it cannot say."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect import claims
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.estimate.regression.dose.threshold_regression import BEND, QUADRATIC, STRAIGHT, Threshold
from buurteffect.estimate.robustness.two_group_power import GroupDesign
from buurteffect.estimate.selection.balancing import entropy_balance
from buurteffect.estimate.selection.overlap import PooledOverlap
from buurteffect.estimate.space.price_rings import HALVING
from buurteffect.estimate.space.value_rings import without_metres

GENERATOR = np.random.default_rng(1)
BALANCE = entropy_balance(GENERATOR.normal(size=(30, 1)), GENERATOR.normal(size=(300, 1)), ("level",))
LOST = Estimate.refused("nobody is there")
POWER = GroupDesign(2002, 2014, 30, 400, 12, 0.07, 0.1, 0.02, 0.015, 0.056, 0.042)


def effect(value: float, error: float, term: str = "mean of event times 6–9") -> EffectEstimate:
    frame = effect_frame([term], [value], [error], units_count=400, treated_count=30, clusters_count=40)
    return EffectEstimate(frame, "method", "errors", 400, 40)


def honest(value: float) -> EffectEstimate:
    return effect(value, np.nan, "breakdown value")


def specifications(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"term": "x", "estimate": [values[0], *values], "reason": ""})


def evidence(
    value=0.06, error=0.01, breakdown=1.0, others=(0.05, 0.07), chance=0.01, reasons=(), outcome="liveability", **more
):
    permuted = effect(value, error)
    permuted.frame["p_value"] = chance
    given = {
        "headline": effect(value, error),
        "honest": honest(breakdown),
        "specifications": specifications(*others),
        "permutation": permuted,
        "overlap": PooledOverlap(BALANCE, pd.DataFrame(), tuple(reasons), 30, 300),
        "source": "open",
        "level": "buurt",
    } | more
    return claims.Evidence(outcome, (6, 9), **given)


def judged(**change) -> Outcome:
    return claims.judge_restructuring(evidence(**change)).rule_outcome


def test_all_conditions_together_support_the_claim():
    assert judged() == Outcome.SUPPORTED


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error": 0.04}, "its interval excludes zero"),
        ({"value": 0.019, "error": 0.001}, "as large as the smallest effect"),
        ({"others": (0.05, -0.01)}, "four in five other specifications"),
        ({"chance": 0.2}, "permuted treatment"),
        ({"breakdown": 0.4}, "breaks of trend"),
        ({"reasons": ("few",)}, "untreated areas like the treated ones"),
        ({"honest": LOST}, "breaks of trend"),
        ({"overlap": LOST}, "untreated areas like the treated ones"),
        ({"specifications": LOST}, "four in five other specifications"),
        ({"permutation": LOST}, "permuted treatment"),
    ],
)
def test_one_condition_that_fails_is_named_and_withholds_support(change, words):
    verdict = claims.judge_restructuring(evidence(**change))
    assert verdict.rule_outcome != Outcome.SUPPORTED
    assert any(words in sentence and "not met" in sentence for sentence in verdict.sentences)


def test_an_effect_the_other_way_contradicts():
    assert judged(value=-0.06, others=(-0.05, -0.07)) == Outcome.CONTRADICTED


def test_an_effect_surely_too_small_contradicts_and_an_unsure_one_does_not():
    assert judged(value=0.001, error=0.002) == Outcome.CONTRADICTED
    assert judged(value=0.001, error=0.02) == Outcome.UNDETERMINED


@pytest.mark.parametrize("sign", [1, -1])
def test_the_claim_on_low_incomes_is_that_they_fall(sign):
    value = sign * 0.06
    wanted = Outcome.CONTRADICTED if sign > 0 else Outcome.SUPPORTED
    assert judged(value=value, others=(value, value), outcome="low_income") == wanted


def test_more_precise_evidence_of_one_sign_never_turns_support_into_contradiction():
    outcomes = [judged(error=error) for error in (0.05, 0.02, 0.01, 0.001)]
    first = outcomes.index(Outcome.SUPPORTED)
    assert set(outcomes[first:]) == {Outcome.SUPPORTED}
    assert Outcome.CONTRADICTED not in outcomes


def test_the_first_specification_is_the_headline_and_does_not_count_for_itself():
    verdict = claims.judge_restructuring(evidence(others=(-0.01,), specifications=specifications(0.06)))
    assert verdict.numbers["specifications"] == 1


@pytest.mark.parametrize(("outcome", "unit"), [("owner", ""), ("low_income", ""), ("liveability", " LBM points")])
def test_a_unit_stands_behind_its_number_and_a_share_has_none(outcome, unit):
    first = claims.judge_restructuring(evidence(outcome=outcome)).sentences[0]
    assert f"]{unit} from what it would have been" in first
    assert "  " not in first


def test_synthetic_data_never_carry_a_verdict_on_the_country():
    verdict = claims.judge_restructuring(evidence(source="synthetic"))
    assert verdict.outcome.startswith("method demonstration")


def test_without_a_headline_it_is_not_testable_and_says_why():
    verdict = claims.judge_restructuring(evidence(headline=LOST))
    assert verdict.rule_outcome == Outcome.NOT_TESTABLE
    assert any("nobody is there" in limit for limit in verdict.limits)


def test_the_smallest_effect_that_would_be_found_always_stands_there():
    for change in ({}, {"error": 0.05}, {"value": -0.06}):
        assert claims.judge_restructuring(evidence(**change)).numbers["detectable"] > 0


def test_a_breakdown_beyond_all_bounds_is_said_in_words():
    verdict = claims.judge_restructuring(evidence(breakdown=np.inf))
    assert verdict.rule_outcome == Outcome.SUPPORTED
    assert not any("inf" in sentence.split() for sentence in verdict.sentences)


def test_persons_are_left_to_another_page():
    assert any("n06" in limit for limit in claims.judge_restructuring(evidence()).limits)


AREAS = pd.DataFrame(
    {
        "status": ["treated"] * 3 + ["untreated"],
        "cohort_year": [2003.0, 2010.0, 2022.0, np.nan],
        "dose_share": [0.2, np.nan, 0.4, 0.0],
        "gemeente_code": ["GM0001", "GM0001", "GM0002", "GM0002"],
    }
)
WAVES = [2002, 2008, 2012, 2022]


def test_the_design_says_how_many_have_how_many_figures_before():
    answer = claims.describe_design("liveability", AREAS, WAVES, ("x",), POWER, "open", "wijk")
    assert {name: answer.numbers[name] for name in ("none", "one", "two", "more", "unknown", "ahead")} == {
        "none": 0, "one": 1, "two": 1, "more": 1, "unknown": 1, "ahead": 1,
    }  # fmt: skip
    assert any("cannot tell apart" in limit for limit in answer.limits)


def test_a_design_without_covariates_says_that_nothing_holds_regression_to_the_mean_back():
    answer = claims.describe_design("liveability", AREAS, WAVES, (), LOST, "open", "wijk")
    assert any("regression to the mean mimics is in it" in limit for limit in answer.limits)
    assert any("nobody is there" in limit for limit in answer.limits)


def test_a_pretest_without_power_is_said_to_say_little():
    test = JointTest(1.0, 1, 23.0, 0.3)
    weak = claims.describe_pretrends("liveability", test, 0.1, effect(0.06, 0.01), "open", "wijk")
    strong = claims.describe_pretrends("liveability", test, 0.001, effect(0.06, 0.01), "open", "wijk")
    assert "says little" in weak.sentences[-1]
    assert "says little" not in strong.sentences[-1]
    sure = claims.describe_pretrends("liveability", JointTest(9.0, 1, 23.0, 1e-9), LOST, LOST, "open", "wijk")
    assert "one in a thousand" in sure.sentences[0]


FOCUS = pd.DataFrame(
    {
        "gemeente_code": ["GM0001", "GM0001", "GM0002"],
        "confirmation": "unconfirmed",
        "earlier": [0.1, 0.1, np.nan],
        "later": [0.2, 0.2, np.nan],
    }
)


def test_areas_whose_treatment_lies_ahead_get_no_estimate():
    answer = claims.describe_future("liveability", FOCUS, WAVES, POWER, "open", "wijk")
    assert "no effect is estimated" in answer.sentences[0]
    assert (answer.numbers["focus"], answer.numbers["gemeenten"]) == (3, 2)
    assert answer.numbers["change"] == pytest.approx(0.1)
    later = claims.describe_future("liveability", FOCUS, [2020, 2024], LOST, "open", "wijk")
    assert "no codes of the areas" in later.sentences[0]


def test_the_truth_is_named_once_per_estimate_and_not_for_refused_ones():
    table = pd.DataFrame(
        {"term": ["headline", "stacked", "lost"], "estimate": [0.1, 0.2, np.nan], "ci_low": 0.0, "ci_high": 1.0}
    )
    known = claims.known_truth("woz", (6, 9), (2004, 2012), table)
    assert known.names["stacked"] == "att_6_9_since_before_log_woz_cohorts_2004_2012@stacked"
    assert sum(name.startswith("att_6_9_since_before_log_woz@") for name in known.names.values()) == 1
    assert "lost" not in known.names
    assert len(known.frame) == len(known.names) == 3
    assert claims.known_truth("liveability_rest", (6, 9), (2004, 2012), table).names == {}


def test_remarks_on_the_truth_stand_on_synthetic_pages_only():
    assert claims.truth_remarks("income", "open") == []
    assert len(claims.truth_remarks("income", "synthetic")) == 2


def test_every_number_of_a_verdict_comes_from_an_estimate():
    verdict = claims.judge_restructuring(evidence(error=0.04, breakdown=0.3, reasons=("few",)))
    for sentence in verdict.sentences:
        for text in re.findall(r"(?<![\w.])[−-]?\d[\d,]*(?:\.\d+)?%?", sentence):
            value = float(text.replace("−", "-").replace(",", "").rstrip("%")) / (100 if text.endswith("%") else 1)
            places = len(text.partition(".")[2].rstrip("%")) + (2 if text.endswith("%") else 0)
            near = 0.5001 * 10.0**-places
            assert any(abs(value - number) <= near for number in verdict.numbers.values()), (text, sentence)


def test_placebos_that_find_something_are_named():
    table = pd.DataFrame(
        {
            "term": ["early", "dealt"],
            "estimate": [-0.02, 0.0],
            "ci_low": -0.04,
            "ci_high": -0.001,
            "p_value": [0.04, 0.9],
        }
    )
    answer = claims.describe_placebos("liveability", table, "open", "wijk")
    assert "(early)" in answer.sentences[0]
    assert answer.numbers["feigned"] == -0.02
    none = claims.describe_placebos("liveability", table.assign(estimate=np.nan), "open", "wijk")
    assert none.limits
    assert not none.sentences


def test_a_test_that_finds_a_difference_is_not_said_to_pass():
    test = JointTest(9.0, 1, 23.0, 0.006)
    answer = claims.describe_pretrends("liveability", test, 0.1, effect(0.06, 0.01), "open", "wijk")
    assert "trends parted before treatment already" in " ".join(answer.sentences)
    assert "that it passes" not in " ".join(answer.sentences)


def test_a_halving_distance_is_told_in_metres_and_not_among_the_effects():
    ring = effect(0.1, 0.01, "ring")
    metres = ring.frame.assign(term=HALVING, estimate=304.6, ci_low=167.3, ci_high=441.8)
    fading = EffectEstimate(pd.concat([ring.frame, metres], ignore_index=True), "method", "errors", 400, 40)
    answer = claims.describe_fading(fading, "open", "wijk")
    assert answer.sentences == ["If it fades evenly, the effect on values halves every 305 m [167, 442]."]
    assert list(without_metres(fading).frame["term"]) == ["ring"]
    assert not claims.describe_fading(LOST, "open", "wijk").sentences


def inference(usual: float, wild: float, low: float = -0.1) -> EffectEstimate:
    made = effect(0.05, 0.01, "clustered by gemeente")
    other = made.frame.assign(term="wild cluster bootstrap", ci_low=low, ci_high=0.2, p_value=wild)
    frame = pd.concat([made.frame.assign(p_value=usual), other], ignore_index=True).assign(treated_clusters_count=6)
    return EffectEstimate(frame, "method", "errors", 400, 40)


@pytest.mark.parametrize(
    ("usual", "wild", "words"),
    [(0.01, 0.2, "disagree about"), (0.01, 0.01, "both exclude"), (0.3, 0.4, "neither excludes")],
)
def test_errors_made_in_two_ways_say_whether_they_agree_about_zero(usual, wild, words):
    answer = claims.describe_errors("woz", inference(usual, wild), effect(0.05, 0.01), "open", "buurt")
    assert words in answer.sentences[1].lower()
    assert answer.numbers["clusters"] == 6


def test_a_bootstrap_without_an_end_says_so():
    answer = claims.describe_errors("woz", inference(0.01, 0.2, -np.inf), effect(0.05, 0.01), "open", "buurt")
    assert "[without end, 0.200]" in answer.sentences[0]
    assert "wild_low" not in answer.numbers


def test_without_a_regression_nothing_is_said_of_its_errors():
    assert not claims.describe_errors("woz", LOST, LOST, "open", "buurt").sentences


def test_single_places_say_what_they_could_have_shown():
    frame = effect(0.1, 0.05).frame.assign(p_value=0.02, detectable=0.14)
    made = EffectEstimate(pd.concat([frame, frame.assign(p_value=0.5)]), "method", "errors", 40, 40)
    answer = claims.describe_places("liveability", made, "open", "buurt")
    assert (answer.numbers["places"], answer.numbers["rare"]) == (2, 1)
    assert "cannot show an effect of the size that matters" in answer.sentences[1]
    assert "nobody is there" in claims.describe_places("liveability", LOST, "open", "buurt").limits[0]


def test_tests_that_catch_a_tampered_list_are_named():
    rows = [
        ("share on the list", "first stage", 0.0, 0.0),
        ("density", "density", 0.5, 0.01),
        ("rent", "balance", 0.6, 0.2),
    ]
    table = pd.DataFrame(rows, columns=["test", "role", "p_value_made", "p_value_tampered"])
    answer = claims.describe_tampering(table, "synthetic", "buurt")
    assert (answer.numbers["made"], answer.numbers["caught"]) == (0, 1)
    assert "(density)" in answer.sentences[0]


def bent(curve: float, chance: float, change: float, error: float, interior: bool = True) -> Threshold:
    rows = effect_frame(
        [STRAIGHT, QUADRATIC, BEND], [-0.5, curve, change], [0.05, 0.1, error], units_count=9, treated_count=0,
        clusters_count=40, degrees=39,
    )  # fmt: skip
    rows.loc[1, "p_value"] = chance
    found = EffectEstimate(rows, "method", "errors", 9, 40, degrees=39.0)
    return Threshold(found, pd.DataFrame(), 0.15, interior, 0.02)


@pytest.mark.parametrize(
    ("case", "outcome"),
    [
        (bent(-1.0, 0.01, -0.5, 0.1), Outcome.SUPPORTED),
        (bent(-1.0, 0.2, -0.5, 0.1), Outcome.UNDETERMINED),
        (bent(-1.0, 0.01, -0.5, 0.1, interior=False), Outcome.UNDETERMINED),
        (bent(-1.0, 0.01, -0.1, 0.2), Outcome.UNDETERMINED),
        (bent(1.0, 0.01, 0.5, 0.2), Outcome.CONTRADICTED),
        (bent(0.1, 0.5, 0.02, 0.02), Outcome.CONTRADICTED),
        (LOST, Outcome.NOT_TESTABLE),
    ],
)
def test_the_claim_that_problems_pile_up_follows_its_rule(case, outcome):
    verdict = claims.judge_threshold(case, "open", "buurt")
    assert verdict.rule_outcome == outcome
    assert outcome == Outcome.NOT_TESTABLE or verdict.numbers["detectable"] > 0


def test_a_headline_that_no_break_at_all_upholds_says_so_in_words():
    verdict = claims.judge_restructuring(evidence(breakdown=0.0))
    assert any("no break of trend at all" in sentence for sentence in verdict.sentences)
    assert not any("0.00 times" in sentence for sentence in verdict.sentences)


def test_a_breakdown_value_that_prints_as_zero_is_not_said_to_be_zero():
    verdict = claims.judge_restructuring(evidence(breakdown=0.0043))
    assert not any("no break of trend at all" in sentence or "0.00 times" in sentence for sentence in verdict.sentences)
    assert any("less than a hundredth of the largest one" in sentence for sentence in verdict.sentences)


def test_covariates_that_are_not_published_in_time_are_named():
    areas = pd.DataFrame(
        {"status": ["treated"], "cohort_year": [2009.0], "dose_share": [0.2], "gemeente_code": ["GM0001"]}
    )
    answer = claims.describe_design("liveability", areas, [2002, 2012], ("score_level",), LOST, "open", "wijk")
    assert any("rented dwellings" in limit and "not adjusted" in limit for limit in answer.limits)
