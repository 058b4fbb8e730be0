"""Verdicts follow their rules, whatever the numbers, and their sentences hold only numbers from estimates."""

import re

import pandas as pd
import pytest

from buurteffect import claims
from buurteffect.claims.scores.measurement import describe_measurement
from buurteffect.claims.verdict import Answer, Outcome
from buurteffect.errors import EstimationError
from buurteffect.estimate import Estimate
from buurteffect.estimate.scores.ranks import AT_BOTTOM

COUNTS = {"std_error": 0.01, "units_count": 3287, "clusters_count": 345}


def estimate(rows, tail=()):
    order = ["estimate", "std_error", "ci_low", "ci_high", "units_count", "clusters_count", *tail]
    frame = pd.DataFrame(rows)
    names = [name for name in frame.columns if name not in order]
    return Estimate(frame[[*names, *order]], "method", "errors", 3287, 345)


def standing(share=0.359, corrected=0.35, outside="no"):
    cells = [("all", "no wave"), ("four_largest", "no wave"), ("lowest_20", "first wave of the pair")]
    cells += [("lowest_20", "wave before the pair"), ("four_largest_lowest_20", "wave before the pair")]
    rows = [
        {
            "definition": definition, "classify": classify, "cut": 0.0, "measure": measure, "from_year": 2012,
            "to_year": 2014, "comparison": "consecutive pairs of any length", "estimate": value,
            "ci_low": value - 0.03, "ci_high": value + 0.03, **COUNTS, "others_low": 0.277, "others_high": 0.462,
            "rank": 5, "pairs_count": 7, "outside": outside,
        }
        for definition, classify in cells
        for measure, value in (
            ("raw share", share),
            ("noise-corrected share", corrected),
            ("extrapolated share", corrected),
        )
    ]  # fmt: skip
    return estimate(rows, ["others_low", "others_high", "rank", "pairs_count", "outside"])


def ends_of(measure, value, ends):
    """Return the interval of the bend as asked for, and one of 0.02 to both sides of a slope."""
    low, high = ends if measure == "break" else (value - 0.01, value + 0.01)
    return {"ci_low": low, "ci_high": high}


def trend(low, high, other=None):
    """Bend every definition by the interval from low to high, or the vulnerable ones by `other`."""
    rows = [
        {"definition": definition, "measure": measure, "from_year": 2002, "knot": 2012, "to_year": 2014,
         "estimate": value, **ends_of(measure, value, ends), **COUNTS}
        for definition, ends in (
            ("all", (low, high)),
            ("lowest_20", other or (low, high)),
            ("four_largest", other or (low, high)),
            ("four_largest_lowest_20", other or (low, high)),
        )
        for measure, value in (("slope before", 0.02), ("slope after", 0.03), ("break", sum(ends) / 2))
    ]  # fmt: skip
    return estimate(rows)


@pytest.mark.parametrize(
    ("bend", "corrected", "outcome"),
    [
        ((-0.2, -0.1), 0.35, Outcome.SUPPORTED),
        ((-0.2, -0.1), 0.46, Outcome.SUPPORTED),
        ((-0.2, -0.1), 0.28, Outcome.SUPPORTED),
        ((-0.2, -0.1), 0.26, Outcome.UNDETERMINED),
        ((-0.2, -0.1), 0.20, Outcome.CONTRADICTED),
        ((-0.1, 0.1), 0.35, Outcome.UNDETERMINED),
        ((0.1, 0.2), 0.35, Outcome.CONTRADICTED),
        ((0.1, 0.2), 0.20, Outcome.CONTRADICTED),
    ],
)
def test_c01_follows_its_rule(bend, corrected, outcome):
    verdict = claims.judge_decline(standing(corrected=corrected), trend(*bend), "open", "wijk")
    assert verdict.rule_outcome == outcome
    assert verdict.outcome.startswith(str(outcome))


def test_c01_needs_a_rise_before_the_bend():
    falling = trend(-0.2, -0.1).frame
    before = falling["measure"] == "slope before"
    falling.loc[before, ["estimate", "ci_low", "ci_high"]] = [-0.02, -0.03, -0.01]
    verdict = claims.judge_decline(standing(), estimate(falling.to_dict("records")), "open", "wijk")
    assert verdict.rule_outcome == Outcome.CONTRADICTED


@pytest.mark.parametrize(("outside", "word"), [("no", "not exceptional"), ("above", "exceptional")])
def test_c01_answers_whether_a_third_is_exceptional(outside, word):
    verdict = claims.judge_decline(standing(outside=outside), trend(-0.1, 0.1), "open", "wijk")
    assert f"is {word}: between the other pairs" in " ".join(verdict.sentences)
    assert verdict.outcome.endswith(f"is {word}")


def test_c01_says_when_the_answer_hangs_on_the_cut():
    any_fall = standing(outside="no").frame
    far = any_fall.assign(cut=0.05, outside="above")
    tail = ["others_low", "others_high", "rank", "pairs_count", "outside"]
    both = estimate(pd.concat([any_fall, far]).to_dict("records"), tail)
    verdict = claims.judge_decline(both, trend(-0.1, 0.1), "open", "wijk")
    assert "in 3 of the 3 cells that share is above all others" in " ".join(verdict.sentences)
    assert verdict.outcome.endswith("among all areas the share that declined is not exceptional")


def test_c01_is_decided_by_vulnerable_urban_areas_whatever_the_country_does():
    verdict = claims.judge_decline(standing(), trend(0.1, 0.2, other=(-0.2, -0.1)), "open", "wijk")
    assert verdict.rule_outcome == Outcome.SUPPORTED
    outvoted = trend(0.1, 0.2).frame
    outvoted.loc[outvoted["definition"] == "four_largest_lowest_20", ["ci_low", "ci_high"]] = [-0.2, -0.1]
    mixed = estimate(outvoted.assign(ci_low=outvoted["ci_low"]).to_dict("records"))
    mixed.frame.loc[mixed.frame["measure"] == "slope before", ["ci_low", "ci_high"]] = [0.01, 0.03]
    assert claims.judge_decline(standing(), mixed, "open", "wijk").rule_outcome == Outcome.SUPPORTED


def test_c01_is_not_testable_without_an_urban_area():
    nowhere = [made.frame.query("definition != 'four_largest_lowest_20'") for made in (standing(), trend(-0.2, -0.1))]
    tail = ["others_low", "others_high", "rank", "pairs_count", "outside"]
    shares, bends = (estimate(rows.to_dict("records"), more) for rows, more in zip(nowhere, (tail, ()), strict=True))
    verdict = claims.judge_decline(shares, bends, "open", "wijk")
    assert verdict.rule_outcome == Outcome.NOT_TESTABLE
    assert any("only the four largest cities" in limit for limit in verdict.limits)


def test_c03_names_a_group_in_which_the_outcome_is_not_shown():
    dispersion, (change,), grouped, expected = spread(-0.02, -0.03, -0.01)
    cities = change.frame["group"] == "four_largest"
    moves = estimate(change.frame.assign(ci_high=change.frame["ci_high"].where(~cities, 0.01)).to_dict("records"))
    verdict = claims.judge_gap(dispersion, (moves,), grouped, expected, 0.1, "open", "wijk")
    assert verdict.outcome == "contradicted; not shown for the four largest cities"


def test_more_precise_data_of_the_same_sign_never_turn_support_into_contradiction():
    order = [
        claims.judge_decline(standing(), trend(-0.1 - width, -0.1 + width), "open", "wijk").rule_outcome
        for width in (0.3, 0.2, 0.15, 0.09, 0.05, 0.01)
    ]
    assert order == sorted(order, key=[Outcome.UNDETERMINED, Outcome.SUPPORTED].index)


def spread(change, low, high):
    groups, measures = ("all", "four_largest", "other"), ("sd", "q90_q10")
    levels = [
        {"group": group, "year": year, "measure": measure, "estimate": value, "ci_low": 0, "ci_high": 1, **COUNTS}
        for group in groups
        for measure in measures
        for year, value in ((2002, 0.133), (2022, 0.133 + change))
    ]
    moves = [
        {"group": group, "sample": "areas scored in each wave", "measure": measure, "from_year": 2002,
         "to_year": 2022, "estimate": change, "ci_low": low, "ci_high": high, **COUNTS}
        for group in groups
        for measure in measures
    ]  # fmt: skip
    gaps = [
        {"class_year": c, "measure": "gap", "from_year": t, "to_year": t, "estimate": 0.4, "ci_low": 0, "ci_high": 1,
         **COUNTS}
        for c in (2002, 2022)
        for t in (2002, 2022)
    ]  # fmt: skip
    expected = [
        {"class_year": c, "measure": measure, "from_year": 2002, "to_year": 2022, "estimate": 0.1, "ci_low": 0,
         "ci_high": 1, **COUNTS}
        for c in (2002, 2022)
        for measure in ("expected, spread as in the class wave", "observed minus expected with constant spread")
    ]  # fmt: skip
    return estimate(levels), (estimate(moves),), estimate(gaps), estimate(expected)


@pytest.mark.parametrize(
    ("change", "low", "high", "outcome", "words"),
    [
        (0.02, 0.01, 0.03, Outcome.SUPPORTED, "the gap widens."),
        (-0.02, -0.03, -0.01, Outcome.CONTRADICTED, "the gap narrows."),
        (-0.02, -0.05, 0.01, Outcome.UNDETERMINED, "whether the gap widens cannot be said."),
    ],
)
def test_c03_follows_its_rule_and_answers_in_words(change, low, high, outcome, words):
    verdict = claims.judge_gap(*spread(change, low, high), 0.1, "open", "wijk")
    assert verdict.rule_outcome == outcome
    assert words in " ".join(verdict.sentences)


def test_c03_is_not_decided_by_a_grouped_gap():
    dispersion, changes, grouped, expected = spread(0.0, -0.1, 0.1)
    wide = estimate(grouped.frame.assign(estimate=[0.1, 0.9, 0.1, 0.9]).to_dict("records"))
    assert (
        claims.judge_gap(dispersion, changes, wide, expected, 0.1, "open", "wijk").rule_outcome == Outcome.UNDETERMINED
    )


def ranks():
    measures = {
        "median width of the interval in ranks": 1500.0,
        "areas in the bottom tail by rank": 330.0,
        "areas surely in the bottom tail": 120.0,
    }
    return estimate(
        [
            {"year": 2022, "measure": m, "estimate": v, "ci_low": None, "ci_high": None, **COUNTS}
            for m, v in measures.items()
        ]
    )


def stay():
    return estimate([{"from_year": 2002, "to_year": 2022, "estimate": 0.6, "ci_low": 0.56, "ci_high": 0.65, **COUNTS}])


REFUSED = Estimate.refused("0 areas of the group")


def bottom(ratio, low, high):
    values = (0.5, 0.5 * ratio, ratio, 0.45, 0.35)
    ends = [
        (low, high) if measure == "ratio of the two" else (value, value)
        for measure, value in zip(AT_BOTTOM, values, strict=True)
    ]
    rows = [
        {"measure": measure, "from_year": 2002, "to_year": 2022, "estimate": value, "ci_low": a, "ci_high": b, **COUNTS}
        for measure, value, (a, b) in zip(AT_BOTTOM, values, ends, strict=True)
    ]
    return estimate(rows)


def test_c02_is_not_testable_without_the_list_of_projects():
    verdict = claims.judge_bottom(stay(), ranks(), REFUSED, "a register of projects", 0.1, 0.95, "open", "wijk")
    assert verdict.rule_outcome == Outcome.NOT_TESTABLE
    assert "60.0% [56.0%, 65.0%]" in verdict.sentences[0]
    assert "Missing is a register of projects" in " ".join(verdict.limits)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "outcome"),
    [
        (0.9, 0.6, 1.2, Outcome.SUPPORTED),
        (0.9, 0.4, 1.4, Outcome.UNDETERMINED),
        (0.7, 0.6, 0.75, Outcome.UNDETERMINED),
        (0.4, 0.2, 0.7, Outcome.CONTRADICTED),
        (0.4, 0.1, 0.9, Outcome.UNDETERMINED),
    ],
)
def test_c02_is_judged_where_a_register_is_given(ratio, low, high, outcome):
    verdict = claims.judge_bottom(stay(), ranks(), bottom(ratio, low, high), "", 0.1, 0.95, "open", "wijk")
    assert verdict.rule_outcome == outcome


@pytest.fixture(params=["synthetic", "open"])
def verdicts(request):
    source = request.param
    return source, [
        claims.judge_decline(standing(), trend(0.1, 0.2), source, "wijk"),
        claims.judge_bottom(stay(), ranks(), bottom(0.9, 0.6, 1.2), "", 0.1, 0.95, source, "wijk"),
        claims.judge_gap(*spread(-0.02, -0.03, -0.01), 0.1, source, "wijk"),
    ]


def test_synthetic_data_never_give_a_verdict_on_the_netherlands(verdicts):
    source, found = verdicts
    for verdict in found:
        text = " ".join([verdict.outcome, *verdict.sentences])
        assert ("method demonstration" in verdict.outcome) is (source == "synthetic")
        assert ("in the Netherlands" in text) is (source == "open")
        assert ("in the synthetic country" in text) is (source == "synthetic")


def test_every_number_in_a_sentence_is_among_the_verdicts_numbers(verdicts):
    for verdict in verdicts[1]:
        known = list(verdict.numbers.values())
        for sentence in verdict.sentences:
            for text in re.findall(r"−?\d[\d,]*\.?\d*%?", re.sub(r"Q\d\d", "", sentence)):
                value = float(text.replace("−", "-").replace(",", "").rstrip("%")) / (100 if text.endswith("%") else 1)
                assert any(abs(value - number) <= 0.0005 + 0.005 * ("%" in text) for number in known), (text, sentence)


def test_every_verdict_says_what_it_cannot_say(verdicts):
    assert all(verdict.limits for verdict in verdicts[1])


def test_a_name_stands_for_one_number_in_an_answer():
    answer = Answer("C01", "open", "wijk")
    answer.say("a {x:d}", x=1)
    with pytest.raises(EstimationError, match="x is 1 in one sentence and 2 in another"):
        answer.say("b {x:d}", x=2)


def test_the_register_names_source_kind_and_rule_of_every_claim():
    register = claims.read_register()
    asked = "01 02 03 06 07 08 09 10 11 12 13 21 22 23 24 25 26 27 28 29 30 31 32"
    assert set(register) == {f"C{number}" for number in asked.split()}
    for claim in register.values():
        assert claim.kind in {"descriptive", "causal", "association"}
        assert min(len(claim.text), len(claim.source)) > 30


def test_an_estimate_without_the_row_that_a_verdict_needs_is_refused():
    empty = estimate(standing().frame.query("definition != 'all'").to_dict("records"), ["outside"])
    with pytest.raises(EstimationError, match="0 rows have"):
        claims.judge_decline(empty, trend(0.1, 0.2), "open", "wijk")


def test_noise_at_the_edge_is_said_and_not_divided_by():
    rows = [
        {"measure": "reliability", "years_between": years, "estimate": 1.0, "ci_low": 0.9, "ci_high": 1.0, **COUNTS}
        for years in (2, 10)
    ]
    parts = [("permanent SD", 0.3), ("autoregressive SD", 0.1), ("noise SD", 0.0)]
    components = [{"parameter": p, "estimate": sd, "ci_low": 0.0, "ci_high": 0.012, **COUNTS} for p, sd in parts]
    answer = describe_measurement(estimate(components), estimate(rows), None, None, "open", "wijk")
    assert "estimated at zero" in answer.sentences[-1]
    assert answer.numbers["noise_reach"] == 0.012
