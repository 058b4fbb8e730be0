"""Which design may be the headline: the shares decide, each at its bound, and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from buurteffect.claims.estimators import (
    describe_headline,
    headline_design,
    headline_passes,
    judge_headline,
    judge_headlines,
)
from buurteffect.claims.estimators.criteria import MET, NOT_MET, UNCLEAR
from buurteffect.claims.estimators.published import HEADLINES, NOTHING, SINCE, WHOLE
from buurteffect.scoreboard.summary import exact_band

SCORE = "liveability_score"
RIGHT = {"S0": (0.95, 0.94, 0.6), "S1": (0.96, 0.96, 0.04), "S6": (0.95, 0.95, 0.5)}


def board(changes=(), design="bracket", outcome=SCORE):
    """Return a scoreboard of one design: by scenario, coverage, coverage of the whole effect, and share rejected."""
    rows = []
    for scenario, shares in (RIGHT | dict(changes)).items():
        row = {
            "scenario": scenario,
            "outcome": outcome,
            "outcome_label": outcome,
            "design": design,
            "label": design,
            "seeds": 200,
        }
        for name, share in zip(("coverage", "coverage_whole", "rejected"), shares, strict=True):
            low, high = exact_band(round(share * 200), 200)
            row |= {name: share, f"{name}_low": low, f"{name}_high": high}
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("scenario", "shares", "passes"),
    [
        ("S0", (0.93, 0.94, 0.6), True),
        ("S0", (0.925, 0.94, 0.6), False),
        ("S0", (1.0, 0.94, 0.6), True),
        ("S6", (0.925, 0.95, 0.5), False),
        ("S1", (0.93, 0.93, 0.07), True),
        ("S1", (0.925, 0.925, 0.075), False),
        ("S1", (0.5, 0.5, 0.0), True),
    ],
)
def test_a_headline_passes_exactly_at_its_bounds(scenario, shares, passes):
    assert headline_passes(board({scenario: shares}), SCORE) is passes


def test_each_truth_is_asked_by_itself():
    off = board({"S0": (0.95, 0.80, 0.6)})
    assert headline_passes(off, SCORE, against=SINCE)
    assert not headline_passes(off, SCORE, against=WHOLE)
    judged = judge_headline(off, SCORE).set_index(["against", "asked"])["met"]
    assert judged[SINCE].tolist() == [MET, MET]
    assert judged[WHOLE].tolist() == [NOT_MET, MET]
    assert judged[NOTHING].tolist() == [MET]


def test_what_lies_outside_by_less_than_the_countries_leave_open_does_not_pass_and_is_said_to_be_open():
    near = board({"S0": (0.92, 0.92, 0.6)})
    assert judge_headline(near, SCORE)["met"].iloc[0] == UNCLEAR
    assert not headline_passes(near, SCORE)


def test_a_scenario_that_was_not_scored_is_no_pass():
    part = board()
    assert not headline_passes(part[part["scenario"] != "S6"], SCORE)
    assert not headline_passes(part, "income")
    assert describe_headline(part, "income").sentences == []


def test_the_design_of_an_outcome_is_fixed_and_another_one_passing_does_not_help():
    assert headline_design("no such outcome") == ""
    for outcome, design in HEADLINES.items():
        other = "bounds" if design == "bracket" else "bracket"
        both = pd.concat([board({"S1": (0.8, 0.8, 0.2)}, design, outcome), board((), other, outcome)])
        assert headline_design(outcome) == design
        assert not headline_passes(both, outcome)
        assert headline_passes(both, outcome, design=other)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "for both effects"),
        ({"S0": (0.95, 0.80, 0.6)}, "not for that against no policy at all"),
        ({"S1": (0.8, 0.8, 0.2)}, "not identified with published figures"),
    ],
)
def test_the_words_say_what_the_shares_allow(changes, said):
    answer = describe_headline(board(changes), SCORE)
    words = ("for both effects", "not for that against no policy at all", "not identified with published figures")
    assert [each for each in words if each in " ".join(answer.sentences)] == [said]
    assert answer.numbers["false"] == dict(RIGHT | dict(changes))["S1"][2]


def test_the_table_of_headlines_holds_the_design_of_each_outcome_and_no_other():
    boards = [board((), design, outcome) for outcome in HEADLINES for design in ("bracket", "bounds")]
    judged = judge_headlines(pd.concat(boards))
    assert dict(zip(judged["outcome_label"], judged["design"], strict=True)) == dict(HEADLINES)
    assert len(judged) == 5 * len(HEADLINES)
