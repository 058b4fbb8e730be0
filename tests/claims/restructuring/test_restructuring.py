"""The verdict on restructuring follows its rule, whatever the numbers, and says what it cannot say."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame
from scipy import stats

from buurteffect import claims
from buurteffect.claims.register import read_register
from buurteffect.claims.rules import Outcome
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.estimate.regression.dose.threshold_regression import BEND, QUADRATIC, STRAIGHT, Threshold
from buurteffect.estimate.robustness.two_group_power import GroupDesign
from buurteffect.estimate.selection.balancing import entropy_balance
from buurteffect.estimate.selection.bracketing import GIVEN, PLAIN, bracket_of
from buurteffect.estimate.selection.overlap import LIMITS, PooledOverlap
from buurteffect.estimate.space.price_rings import HALVING
from buurteffect.estimate.space.value_rings import without_metres

GENERATOR = np.random.default_rng(1)
BALANCE = entropy_balance(GENERATOR.normal(size=(30, 1)), GENERATOR.normal(size=(300, 1)), ("level",))
LOST = Estimate.refused("nobody is there")
POWER = GroupDesign(2002, 2014, 30, 400, 12, 0.07, 0.1, 0.02, 0.015, 0.056, 0.042)


def effect(value: float, error: float, term: str = "mean of event times 6–9") -> EffectEstimate:
    frame = effect_frame([term], [value], [error], units_count=400, treated_count=30, clusters_count=40)
    return EffectEstimate(frame, "method", "errors", 400, 40)


def honest(breakdown: float, low: float = 0.01, high: float = 0.09) -> EffectEstimate:
    rows = effect_frame(["relative magnitudes 0.5", "breakdown value"], [0.05, breakdown], [0.01, np.nan],
                        units_count=400, treated_count=30, clusters_count=40)  # fmt: skip
    rows = rows.assign(bound=[0.5, np.nan], ci_low=[low, np.nan], ci_high=[high, np.nan])
    return EffectEstimate(rows, "method", "errors", 400, 40)


def specifications(*values: float) -> pd.DataFrame:
    return pd.DataFrame({"term": "x", "estimate": [values[0], *values], "reason": ""})


def likeness(effective: float = 40.0, imbalance: float = 0.0, outside: float = 0.0) -> PooledOverlap:
    table = BALANCE.table.assign(difference_after=imbalance)
    balance = replace(BALANCE, table=table, effective_count=effective, outside_share=outside)
    return PooledOverlap(balance, pd.DataFrame(), balance.reasons(LIMITS), 30, 300)


def evidence(
    value=0.06, error=0.01, breakdown=1.0, others=(0.05, 0.07), chance=0.01, broken=(0.01, 0.09), outcome="liveability",
    **more
):  # fmt: skip
    permuted = effect(value, error)
    permuted.frame["p_value"] = chance
    given = {
        "headline": effect(value, error),
        "honest": honest(breakdown, *broken),
        "specifications": specifications(*others),
        "permutation": permuted,
        "overlap": likeness(),
        "trusted": True,
        "source": "open",
        "level": "buurt",
    } | more
    return claims.Evidence(outcome, (6, 9), **given)


def judged(**change) -> Outcome:
    return claims.judge_restructuring(evidence(**change)).rule_outcome


def told(verdict, heading: str) -> list[str]:
    """Return the conditions under a heading of the rule that a verdict prints."""
    return [text for name, part in verdict.rule if name == heading for text in part]


def test_all_conditions_together_support_the_claim():
    verdict = claims.judge_restructuring(evidence())
    assert verdict.rule_outcome == Outcome.SUPPORTED
    assert all(text.startswith("✓") for text in told(verdict, "Supported if"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"error": 0.04}, "lower end of the interval"),
        ({"value": 0.019, "error": 0.001}, "as large as the smallest"),
        ({"others": (0.05, -0.01)}, "with the sign of the claim"),
        ({"chance": 0.2}, "dealt each other's projects"),
        ({"broken": (-0.01, 0.09)}, "trends may break half as much"),
        ({"honest": LOST}, "trends may break half as much"),
        ({"specifications": LOST}, "with the sign of the claim"),
        ({"permutation": LOST}, "dealt each other's projects"),
    ],
)
def test_one_condition_that_fails_is_named_and_withholds_support(change, words):
    verdict = claims.judge_restructuring(evidence(**change))
    assert verdict.rule_outcome != Outcome.SUPPORTED
    assert [words in text for text in told(verdict, "Supported if") if not text.startswith("✓")] == [True]


@pytest.mark.parametrize("value", [0.06, -0.06, 0.001])
@pytest.mark.parametrize(
    "overlap", [likeness(effective=29.9), likeness(imbalance=0.2), likeness(outside=0.2), LOST], ids=str
)
def test_where_nobody_is_like_the_treated_nothing_is_identified_in_either_direction(value, overlap):
    assert judged(value=value, error=0.002, broken=(value, value), others=(value, value)) in {
        Outcome.SUPPORTED, Outcome.CONTRADICTED,
    }  # fmt: skip
    given = evidence(value=value, error=0.002, broken=(value, value), others=(value, value), overlap=overlap)
    assert claims.judge_restructuring(given).rule_outcome == Outcome.NOT_IDENTIFIED


@pytest.mark.parametrize("value", [0.06, -0.06])
def test_an_interval_that_misses_the_truth_of_simulated_countries_identifies_nothing(value):
    given = evidence(value=value, broken=(value, value), others=(value, value), trusted=False)
    assert claims.judge_restructuring(given).rule_outcome == Outcome.NOT_IDENTIFIED


def test_an_effect_the_other_way_contradicts():
    assert judged(value=-0.06, others=(-0.05, -0.07), broken=(-0.09, -0.01)) == Outcome.CONTRADICTED
    assert judged(value=-0.06, others=(-0.05, -0.07), broken=(-0.09, 0.01)) == Outcome.UNDETERMINED


def test_an_effect_surely_too_small_contradicts_and_an_unsure_one_does_not():
    small = {"value": 0.001, "others": (0.0, 0.01), "broken": (-0.01, 0.015)}
    assert judged(error=0.002, **small) == Outcome.CONTRADICTED
    assert judged(error=0.02, **small) == Outcome.UNDETERMINED
    assert judged(error=0.002, **small | {"broken": (-0.03, 0.015)}) == Outcome.UNDETERMINED


@pytest.mark.parametrize("outcome", ["liveability", "low_income", "income", "woz"])
def test_the_verdict_is_the_rule_worked_out_by_hand_on_a_grid(outcome):
    sign, smallest = claims.MEASURES[outcome].sign, claims.MEASURES[outcome].smallest
    seen = set()
    for value, error, chance, half in itertools.product(
        np.array([-0.06, -0.021, 0.001, 0.019, 0.031, 0.06]), [0.001, 0.008, 0.03], [0.01, 0.2], [0.004, 0.03]
    ):
        given = evidence(value, error, others=(value, value), chance=chance, broken=(value - half, value + half),
                         outcome=outcome)  # fmt: skip
        turned = sign * value
        low, high = turned - stats.norm.ppf(0.975) * error, turned + stats.norm.ppf(0.975) * error
        inner = stats.norm.ppf(0.95) * error
        expected = Outcome.UNDETERMINED
        if low > 0 and turned >= smallest and turned - half > 0 and chance < 0.05:
            expected = Outcome.SUPPORTED
        falls = high < 0 and turned <= -smallest and turned + half < 0 and chance < 0.05
        if falls or (abs(turned) + inner < smallest and abs(turned) + half < smallest):
            expected = Outcome.CONTRADICTED
        assert claims.judge_restructuring(given).rule_outcome == expected, (value, error, chance, half)
        seen.add(expected)
    assert seen == {Outcome.SUPPORTED, Outcome.CONTRADICTED, Outcome.UNDETERMINED}


def test_the_smallest_effect_that_matters_is_that_of_the_register():
    conditions = read_register()["C06"].rule.conditions
    for name in ("matters", "small_above", "small_despite_breaks", "not_large"):
        assert all(conditions[name].bound(o) == claims.MEASURES[o].smallest for o in conditions[name].threshold)
    for name in ("matters_other_way", "small_below"):
        assert all(conditions[name].bound(o) == -claims.MEASURES[o].smallest for o in conditions[name].threshold)
    assert conditions["alike"].threshold == LIMITS.effective_count
    assert conditions["balanced"].threshold == LIMITS.imbalance
    assert conditions["inside"].threshold == LIMITS.outside_share


@pytest.mark.parametrize("sign", [1, -1])
def test_the_claim_on_low_incomes_is_that_they_fall(sign):
    value = sign * 0.06
    wanted = Outcome.CONTRADICTED if sign > 0 else Outcome.SUPPORTED
    ends = tuple(sorted((sign * 0.01, sign * 0.09)))
    assert judged(value=value, others=(value, value), outcome="low_income", broken=ends) == wanted


def test_only_the_liveability_score_decides_and_enters_the_tests_of_the_register():
    first, other = (claims.judge_restructuring(evidence(outcome=outcome)) for outcome in ("liveability", "income"))
    assert first.primary["estimate"] == 0.06
    assert not other.primary
    assert other.outcome.endswith("which does not decide the claim")


def bracketed(plain: float, given: float, error: float = 0.01) -> EffectEstimate:
    made = {name: effect(value, error, name) for name, value in ((PLAIN, plain), (GIVEN, given))}
    return bracket_of(made)


def test_a_bracket_is_judged_by_both_designs_and_says_both():
    both = claims.judge_restructuring(evidence(headline=bracketed(0.09, 0.05)))
    assert both.rule_outcome == Outcome.SUPPORTED
    assert (both.numbers["plain"], both.numbers["given"]) == (0.09, 0.05)
    assert "if trends were parallel" in both.sentences[0]
    assert both.numbers["effect_low"] == pytest.approx(0.05 - stats.norm.ppf(0.975) * 0.01)
    apart = claims.judge_restructuring(evidence(headline=bracketed(0.06, -0.03)))
    assert apart.rule_outcome == Outcome.UNDETERMINED
    assert apart.numbers["small_low"] == pytest.approx(-0.03 - stats.norm.ppf(0.95) * 0.01)
    assert apart.numbers["detectable"] > 0.09


def test_more_precise_evidence_of_one_sign_never_turns_support_into_contradiction():
    outcomes = [judged(error=error) for error in (0.05, 0.02, 0.01, 0.001)]
    first = outcomes.index(Outcome.SUPPORTED)
    assert set(outcomes[first:]) == {Outcome.SUPPORTED}
    assert Outcome.CONTRADICTED not in outcomes


def test_the_first_specification_is_of_the_headline_and_does_not_count_for_itself():
    verdict = claims.judge_restructuring(evidence(others=(-0.01,), specifications=specifications(0.06)))
    assert verdict.numbers["specifications"] == 1


@pytest.mark.parametrize(("outcome", "unit"), [("low_income", ""), ("liveability", " LBM points")])
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
    answer = claims.describe_design("liveability", AREAS, WAVES, ("x",), "open", "wijk")
    assert {name: answer.numbers[name] for name in ("none", "one", "two", "more", "unknown", "ahead")} == {
        "none": 0, "one": 1, "two": 1, "more": 1, "unknown": 1, "ahead": 1,
    }  # fmt: skip
    assert any("cannot tell apart" in limit for limit in answer.limits)


def test_a_design_without_covariates_says_that_nothing_holds_regression_to_the_mean_back():
    answer = claims.describe_design("liveability", AREAS, WAVES, (), "open", "wijk")
    assert any("regression to the mean mimics is in it" in limit for limit in answer.limits)


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
    verdict = claims.judge_restructuring(evidence(error=0.04, breakdown=0.3, overlap=likeness(3.0)))
    for sentence in verdict.sentences:
        for text in re.findall(r"(?<![\w.])[−-]?\d[\d,]*(?:\.\d+)?%?", sentence):
            value = float(text.replace("−", "-").replace(",", "").rstrip("%")) / (100 if text.endswith("%") else 1)
            places = len(text.partition(".")[2].rstrip("%")) + (2 if text.endswith("%") else 0)
            near = 0.5001 * 10.0**-places
            assert any(abs(value - number) <= near for number in verdict.numbers.values()), (text, sentence)


@pytest.mark.parametrize(
    ("found", "words"), [(-0.076, "all of it"), (0.04, "more than half"), (0.01, "small beside it")]
)
def test_a_placebo_is_set_beside_the_headline_whatever_its_p_value(found, words):
    table = pd.DataFrame(
        {"term": ["dated early", "other"], "estimate": [found, 0.0], "ci_low": -0.2, "ci_high": 0.2, "p_value": 0.07}
    )
    answer = claims.describe_placebos("liveability", table, effect(0.07, 0.01), "open", "wijk")
    assert "treatment dated early finds" in answer.sentences[0]
    assert words in answer.sentences[1]
    assert answer.numbers["ratio"] == pytest.approx(abs(found) / 0.07)
    none = claims.describe_placebos("liveability", table.assign(estimate=np.nan), LOST, "open", "wijk")
    assert none.limits
    assert not none.sentences


def test_the_gemeente_that_moves_the_effect_most_is_named():
    rows = effect_frame(["GM1", "GM2", "GM3"], [0.013, 0.082, np.nan], [0.03, 0.03, np.nan], units_count=400,
                        treated_count=11, clusters_count=40)  # fmt: skip
    rows = rows.assign(change=[-0.057, 0.012, np.nan], left_out_count=pd.array([7, 2, None], dtype="Int64"))
    left = EffectEstimate(rows, "method", "errors", 400, 40)
    answer = claims.describe_left_out("liveability", left, effect(0.07, 0.01), "open", "buurt")
    assert answer.sentences[0].startswith("Without GM1, which holds 7 of the 30 treated buurten, the effect goes from")
    assert (answer.numbers["whole"], answer.numbers["without"], answer.numbers["others_low"]) == (0.07, 0.013, 0.082)
    assert "more than half of it rests on one gemeente" in answer.sentences[-1]
    assert not claims.describe_left_out("liveability", LOST, effect(0.07, 0.01), "open", "buurt").sentences


STOCK = pd.DataFrame({"demolished_share": [0.2, 0.4], "new_share": [0.25, 0.35], "owner_share_change": [0.1, 0.2]})


def test_the_share_of_owners_is_parted_into_what_is_built_and_what_is_left():
    answer = claims.describe_stock("owner", STOCK, effect(0.18, 0.02), "open", "buurt")
    assert answer.numbers["built_in"] == pytest.approx(0.15)
    assert answer.numbers["rest"] == pytest.approx(0.03)
    assert answer.numbers["rest_low"] == pytest.approx(0.18 - stats.norm.ppf(0.975) * 0.02 - 0.15)
    assert any("by construction" in limit for limit in answer.limits)


def test_new_dwellings_would_have_to_be_so_much_dearer_for_values_to_be_all_of_them():
    answer = claims.describe_stock("woz", STOCK, effect(np.log(1.3), 0.02), "open", "buurt")
    assert answer.numbers["times"] == pytest.approx(2.0)  # 0.7 of the dwellings at 1, 0.3 at 2: a mean of 1.3
    assert any("stock itself changed" in limit for limit in
               claims.describe_stock("woz", STOCK.head(0), effect(0.2, 0.02), "open", "buurt").limits)  # fmt: skip
    assert not claims.describe_stock("income", STOCK, effect(0.2, 0.02), "open", "buurt").sentences


def test_the_degrees_of_freedom_are_said_once_for_everything():
    headline = replace(effect(0.07, 0.01), degrees=3.0)
    answer = claims.describe_inference(headline, "open", "buurt")
    assert (answer.numbers["degrees"], answer.numbers["effective"]) == (3.0, 4.0)
    assert not claims.describe_inference(LOST, "open", "buurt").sentences


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


@pytest.mark.parametrize(("usual", "wild", "count"), [(0.01, 0.2, 1), (0.01, 0.01, 2), (0.3, 0.4, 0)])
def test_errors_made_otherwise_are_counted_and_do_not_decide(usual, wild, count):
    answer = claims.describe_errors("woz", inference(usual, wild), effect(0.05, 0.01), "open", "buurt")
    assert (answer.numbers["kinds"], answer.numbers["excluding"]) == (2, count)
    assert ("clustered by gemeente" in answer.sentences[0]) == (usual < 0.05)
    assert answer.numbers["decisive_low"] == pytest.approx(0.05 - stats.norm.ppf(0.975) * 0.01)


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


def bent(curve: float, spread: float, change: float, error: float, interior: bool = True) -> Threshold:
    rows = effect_frame(
        [STRAIGHT, QUADRATIC, BEND], [-0.5, curve, change], [0.05, spread, error], units_count=9, treated_count=0,
        clusters_count=40, degrees=39,
    )  # fmt: skip
    found = EffectEstimate(rows, "method", "errors", 9, 40, degrees=39.0)
    return Threshold(found, pd.DataFrame(), 0.15, interior, 0.02)


@pytest.mark.parametrize("interior", [True, False])
def test_the_claim_that_problems_pile_up_is_judged_by_hand_on_a_grid(interior):
    seen = set()
    values = [-1.0, 0.0, 1.0], [0.1, 0.6], [-0.5, -0.1, 0.02, 0.5], [0.02, 0.1, 0.4]
    for curve, spread, change, error in itertools.product(*values):
        t95, t90 = stats.t.ppf(0.975, 39), stats.t.ppf(0.95, 39)
        down, up = curve + t95 * spread < 0, curve - t95 * spread > 0
        expected = Outcome.UNDETERMINED
        if interior and down and change <= -0.2 and change + t95 * error < 0:
            expected = Outcome.SUPPORTED
        flatter = up and change >= 0.2 and change - t95 * error > 0
        if interior and (flatter or abs(change) + t90 * error < 0.2):
            expected = Outcome.CONTRADICTED
        verdict = claims.judge_threshold(bent(curve, spread, change, error, interior), "open", "buurt")
        assert verdict.rule_outcome == expected, (curve, spread, change, error)
        assert verdict.numbers["detectable"] > 0
        seen.add(expected)
    assert seen == ({Outcome.SUPPORTED, Outcome.CONTRADICTED} if interior else set()) | {Outcome.UNDETERMINED}


def test_a_quadratic_term_alone_contradicts_nothing():
    verdict = claims.judge_threshold(bent(1.0, 0.1, 0.27, 0.2), "open", "buurt")
    assert verdict.rule_outcome == Outcome.UNDETERMINED
    assert claims.judge_threshold(LOST, "open", "buurt").rule_outcome == Outcome.NOT_TESTABLE


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
    answer = claims.describe_design("liveability", areas, [2002, 2012], ("score_level",), "open", "wijk")
    assert any("rented dwellings" in limit and "not adjusted" in limit for limit in answer.limits)
