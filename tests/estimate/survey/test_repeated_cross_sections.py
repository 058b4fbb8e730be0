"""Effects from surveys that draw other respondents each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from survey_worlds import YEARS, answers

from buurteffect.errors import (
    EstimationError,
    MissingColumnError,
    NoComparisonError,
    NoSwitchError,
    OneTreatedClusterError,
    UnusableValueError,
)
from buurteffect.estimate.survey.contact_tables import effects_of_scales
from buurteffect.estimate.survey.repeated_cross_sections import (
    SurveyDesign,
    detectable,
    effects_in_windows,
    estimated,
    placebo_effect,
    survey_effect,
)

PLAIN = SurveyDesign("contact_score")


def test_a_two_by_two_survey_gives_the_difference_in_differences():
    rows = pd.DataFrame(
        {
            "area_code": ["a", "a", "b", "b", "c", "c", "d", "d"],
            "year": [2000, 2005] * 4,
            "cohort_year": [2003.0] * 4 + [np.nan] * 4,
            "y": [1.0, 4.0, 2.0, 4.0, 0.0, 1.0, 5.0, 6.0],
        }
    )
    result = survey_effect(rows, SurveyDesign("y", weights=None)).frame.iloc[0]
    assert result["estimate"] == pytest.approx((3 + 2) / 2 - 1)
    # Jackknife over two treated areas with effects 2 and 1: (1/2)·((2 − 1.5)² + (1 − 1.5)²) = 1/4.
    assert result["std_error"] == pytest.approx(0.5)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_it_recovers_the_effect_and_its_intervals_hold_it(effect):
    rows = [survey_effect(answers(seed, effect), PLAIN).frame.iloc[0] for seed in range(40)]
    found = np.array([row["estimate"] for row in rows])
    covered = sum(row["ci_low"] <= effect <= row["ci_high"] for row in rows)
    assert found.mean() == pytest.approx(effect, abs=4 * found.std() / np.sqrt(len(rows)))
    assert covered >= 35
    assert np.mean([row["std_error"] for row in rows]) == pytest.approx(found.std(), rel=0.35)


def test_newcomers_who_say_less_are_no_effect_once_length_of_residence_is_held():
    bare, held = [], []
    for seed in range(10):
        rows = answers(seed, newcomers=-1.0)
        bare.append(survey_effect(rows, PLAIN).frame["estimate"].iloc[0])
        held.append(survey_effect(rows, replace(PLAIN, controls=("stay",))).frame["estimate"].iloc[0])
    assert np.mean(bare) < -0.3
    assert abs(np.mean(held)) < 0.06


def test_dummies_by_area_are_those_of_least_squares():
    rows = answers(1, 0.3, areas=8, treated=3, each=4)
    result = survey_effect(rows, replace(PLAIN, areas_alike=False, unclear=(0, -1), window=(0, 20)))
    under = (rows["year"] >= rows["cohort_year"]).to_numpy()
    frame = pd.get_dummies(rows[["area_code", "year"]].astype(str), drop_first=False, dtype=float)
    root = np.sqrt(rows["weight_persons"].to_numpy())
    matrix, outcome = frame.to_numpy(), rows["contact_score"].to_numpy()
    beta = np.linalg.lstsq(matrix[~under] * root[~under, None], outcome[~under] * root[~under], rcond=None)[0]
    expected = np.average(outcome[under] - matrix[under] @ beta, weights=root[under] ** 2)
    assert result.frame["estimate"].iloc[0] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.sample(frac=1, random_state=2),
        lambda rows: rows.assign(weight_persons=rows["weight_persons"] * 1000),
        lambda rows: rows.assign(area_code="x" + rows["area_code"].str[::-1]),
        lambda rows: rows.assign(year=rows["year"] - 50, cohort_year=rows["cohort_year"] - 50),
    ],
    ids=["order", "unit of weights", "names", "years"],
)
def test_what_does_not_matter_moves_nothing(change):
    rows = answers(3, 0.2)
    before, after = (survey_effect(each, PLAIN).frame.iloc[0] for each in (rows, change(rows)))
    assert after["estimate"] == pytest.approx(before["estimate"], abs=1e-9)
    assert after["std_error"] == pytest.approx(before["std_error"], rel=1e-6)


def test_a_placebo_uses_only_years_before_the_true_start():
    rows = answers(4, 0.0)
    spoilt = rows.assign(contact_score=rows["contact_score"] + 100 * (rows["year"] >= rows["cohort_year"] - 1))
    clean, same = (placebo_effect(each, PLAIN, 4).frame["estimate"].iloc[0] for each in (rows, spoilt))
    assert same == pytest.approx(clean, abs=1e-9)
    assert abs(clean) < 0.5


def test_windows_see_an_effect_that_grows():
    rows = answers(5, 0.0)
    rows["contact_score"] += 0.3 * (rows["year"] - rows["cohort_year"]).clip(lower=0).fillna(0)
    result = effects_in_windows(rows, PLAIN, [(1, 2), (3, 4), (5, 6), (30, 40)])
    assert result.frame["estimate"].is_monotonic_increasing
    assert result.dropped == (("windows in which no treated area is seen", 1),)


def test_equivalence_and_the_detectable_effect_follow_from_estimate_and_error():
    result = survey_effect(answers(6, 0.0), PLAIN)
    row = detectable(result, 10.0).frame.iloc[0]
    tight = detectable(result, abs(row["estimate"])).frame.iloc[0]
    assert row["equivalence_p"] < 1e-6
    assert tight["equivalence_p"] == pytest.approx(0.5)
    assert row["minimum_detectable_effect"] > 2.8 * row["std_error"]


def test_respondents_left_out_are_counted():
    rows = answers(7)
    rows.loc[:4, "contact_score"] = np.nan
    reasons = dict(survey_effect(rows, PLAIN).dropped)
    assert reasons["respondents without an answer"] == 5
    around = (rows["year"] - rows["cohort_year"]).between(-1, 0) & rows["contact_score"].notna()
    assert reasons["respondents in the years around the start"] == around.sum()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda rows: rows.drop(columns="weight_persons"), MissingColumnError),
        (lambda rows: rows[rows["cohort_year"].notna()], NoComparisonError),
        (lambda rows: rows[~(rows["year"] > rows["cohort_year"])], NoSwitchError),
        (lambda rows: rows[~(rows["year"] < rows["cohort_year"])], NoSwitchError),
        (
            lambda rows: rows[rows["cohort_year"].isna() | rows["area_code"].str.endswith("0000")],
            OneTreatedClusterError,
        ),
        (lambda rows: rows.assign(weight_persons=-1.0), UnusableValueError),
        (lambda rows: rows.assign(contact_score=np.inf), UnusableValueError),
        (lambda rows: rows[rows["cohort_year"].notna() | (rows["year"] < YEARS[-1])], NoComparisonError),
    ],
)
def test_what_cannot_be_estimated_is_refused_by_name(change, error):
    with pytest.raises(error):
        survey_effect(change(answers(8)), PLAIN)


@pytest.mark.parametrize("wrong", [{"window": (5, 1)}, {"window": (0, 5)}, {"alpha": 2.0}])
def test_a_design_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(EstimationError):
        SurveyDesign("contact_score", **wrong)


def test_a_placebo_without_room_is_refused():
    with pytest.raises(EstimationError, match="choose more years"):
        placebo_effect(answers(9), PLAIN, 2)


def test_what_areas_add_to_two_effects_gives_variances_and_covariance():
    pairs, told = [], []
    for seed in range(60):
        frame = answers(seed, each=5)
        noise = np.random.default_rng(1000 + seed).normal(0, 1, len(frame))
        both = frame.assign(other_score=0.8 * frame["contact_score"] + noise)
        one, adds = estimated(both, PLAIN)
        other, too = estimated(both, replace(PLAIN, outcome="other_score"))
        assert np.sqrt(adds @ adds) == pytest.approx(one.frame["std_error"].iloc[0], rel=1e-9)
        pairs.append((one.frame["estimate"].iloc[0], other.frame["estimate"].iloc[0]))
        told.append(adds @ too[adds.index])
    assert np.mean(told) == pytest.approx(np.cov(np.array(pairs).T)[0, 1], rel=0.5), "two and a half errors of 60 pairs"
    _, twice = estimated(both.assign(contact_score=2 * both["contact_score"]), PLAIN)
    np.testing.assert_allclose(twice[adds.index], 2 * adds, atol=1e-12)


def test_the_rows_of_the_table_of_effects_are_one_family():
    frame = answers(4, effect=0.5).assign(again=lambda rows: rows["contact_score"])
    design = replace(PLAIN, controls=("stay",))
    one = effects_of_scales(frame, frame, {"contact_score": 1.0}, design, 4)
    two = effects_of_scales(frame, frame, {"contact_score": 1.0, "again": 1.0}, design, 4)
    own, adjusted = one["p_value"], one["p_value_romano_wolf"]
    assert ((adjusted >= own) & (adjusted <= np.minimum(1, len(one) * own) + 0.005)).all(), "between own and Bonferroni"
    np.testing.assert_allclose(two["p_value_romano_wolf"][: len(one)], adjusted, atol=0.005)  # the same twice is free
