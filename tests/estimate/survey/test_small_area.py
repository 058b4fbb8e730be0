"""Means of small areas, trends of groups, and what goes together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from statsmodels.regression.mixed_linear_model import MixedLM

from buurteffect.errors import EstimationError, MissingColumnError
from buurteffect.estimate.survey.answers import OWN_TREND, TREND, answers_within, trend_gap, trend_within
from buurteffect.estimate.survey.small_area import compare_means, direct_means, fay_herriot, poststratified


def world(seed: int, areas: int = 80, each: int = 12, between: float = 0.5):
    """Return answers, register counts and true means of areas whose young are 1 lower and answer twice as often."""
    draw = np.random.default_rng(seed)
    codes = np.array([f"BU{number:08d}" for number in range(areas)])
    young, level = draw.uniform(0.1, 0.6, areas), draw.normal(5, between, areas)
    chance = 2 * young / (1 + young)
    area = np.repeat(np.arange(areas), each)
    is_young = draw.random(len(area)) < chance[area]
    answers = pd.DataFrame(
        {
            "area_code": codes[area],
            "year": 2010,
            "weight_persons": np.where(is_young, 0.5, 1.0),
            "age_group": np.where(is_young, "18-34", "35-64"),
            "score": level[area] - is_young + draw.normal(0, 1, len(area)),
        }
    )
    counts = pd.DataFrame(
        {
            "area_code": np.tile(codes, 2),
            "age_group": np.repeat(["18-34", "35-64"], areas),
            "adults_count": np.concatenate([young, 1 - young]) * 1000,
        }
    )
    return answers, counts, pd.Series(level - young, index=codes), pd.DataFrame({"young": young}, index=codes)


def test_direct_means_are_weighted_means():
    answers = pd.DataFrame({"area_code": ["a", "a", "b", "b"], "weight_persons": [3, 1, 1, 1], "y": [1, 5, 2, 4.0]})
    table = direct_means(answers, "y").frame.set_index("area_code")
    assert table.loc["a", "estimate"] == pytest.approx(2)
    # One variance within areas: (8 + 2)/(4 − 2) = 5; of the mean of a: 5·(9 + 1)/16.
    assert table.loc["a", "std_error"] == pytest.approx(np.sqrt(50 / 16))


def test_borrowed_strength_comes_nearer_and_its_intervals_hold():
    errors, held = {"direct": [], "fh": [], "mrp": []}, {"direct": [], "fh": [], "mrp": []}
    for seed in range(10):
        answers, counts, truth, known = world(seed)
        direct = direct_means(answers, "score")
        made = {
            "direct": direct,
            "fh": fay_herriot(direct, known),
            "mrp": poststratified(answers, "score", counts, ["age_group"]),
        }
        for name, means in made.items():
            table = means.frame.set_index("area_code")
            errors[name] += list(table["estimate"] - truth)
            held[name] += list((table["ci_low"] <= truth) & (truth <= table["ci_high"]))
    size = {name: np.std(values) for name, values in errors.items()}
    assert size["fh"] < 0.95 * size["direct"]
    assert size["mrp"] < 0.95 * size["direct"]
    assert all(0.92 < np.mean(values) < 0.98 for values in held.values())
    assert all(abs(np.mean(values)) < 0.03 for values in errors.values())


def test_the_variances_are_those_of_statsmodels():
    answers, counts, *_ = world(1)
    made = poststratified(answers, "score", counts, ["age_group"])
    matrix = np.column_stack([np.ones(len(answers)), answers["age_group"] == "35-64"])
    fitted = MixedLM(answers["score"].to_numpy(), matrix, answers["area_code"].to_numpy()).fit(reml=True)
    assert made.between_sd**2 == pytest.approx(float(fitted.cov_re[0][0]), rel=1e-3)


def test_areas_that_do_not_differ_are_not_told_apart():
    answers, counts, *_ = world(2, between=0.0)
    made = poststratified(answers, "score", counts, ["age_group"])
    assert made.frame["shrinkage"].median() < 0.15


def test_an_area_without_respondents_gets_the_mean_of_its_cells():
    answers, counts, *_ = world(3)
    gone = answers["area_code"].iloc[0]
    table = poststratified(answers[answers["area_code"] != gone], "score", counts, ["age_group"]).frame
    row = table[table["area_code"] == gone].iloc[0]
    assert row["respondents_count"] == 0
    assert row["std_error"] > table["std_error"].median()


def test_methods_stand_beside_each_other():
    answers, _, _, known = world(4)
    direct = direct_means(answers, "score")
    table = compare_means({"direct": direct, "fh": fay_herriot(direct, known)})
    assert list(table["term"]) == ["direct", "fh"]
    assert table["spread"].iloc[1] < table["spread"].iloc[0]


def test_what_small_areas_cannot_do_is_refused():
    answers, counts, _, known = world(5)
    with pytest.raises(MissingColumnError, match="adults_count"):
        poststratified(answers, "score", counts.drop(columns="adults_count"), ["age_group"])
    with pytest.raises(EstimationError, match="which the register lacks"):
        poststratified(answers, "score", counts[counts["age_group"] == "35-64"], ["age_group"])
    with pytest.raises(EstimationError, match="have no covariates"):
        fay_herriot(direct_means(answers, "score"), known.iloc[1:])
    with pytest.raises(EstimationError, match="take more waves"):
        direct_means(answers.drop_duplicates("area_code"), "score")


def trends(seed: int, slope: float) -> pd.DataFrame:
    """Return answers of persons of whom a fifth have a low income and lose trust every year."""
    draw = np.random.default_rng(seed)
    size = 8000
    low, year, area = draw.random(size) < 0.2, draw.integers(2000, 2011, size), draw.integers(0, 50, size)
    trust = 5 + draw.normal(0, 1, 50)[area] + low * (slope * (year - 2000) - 0.5) + draw.normal(0, 1, size)
    frame = {"area_code": area, "year": year, "low_income": low, "weight_persons": 1.0, "trust_score": trust}
    return pd.DataFrame(frame)


@pytest.mark.parametrize("slope", [0.0, -0.05])
def test_the_trend_of_a_gap_is_found(slope):
    rows = [trend_gap(trends(seed, slope), "trust_score", "low_income", 2000).frame.iloc[-1] for seed in range(20)]
    assert all(row["term"] == TREND for row in rows)
    assert np.mean([row["estimate"] for row in rows]) == pytest.approx(slope, abs=0.01)
    assert sum(row["ci_low"] <= slope <= row["ci_high"] for row in rows) >= 17


def test_the_trend_within_areas_is_least_squares_with_dummies():
    rows = trends(3, -0.1).assign(weight_persons=lambda rows: 1.0 + rows["area_code"] % 3)
    found = trend_within(rows, "trust_score", 2004).frame.iloc[0]
    late = rows[rows["year"] >= 2004]
    dummies = pd.get_dummies(late["area_code"], dtype=float)
    outside = sm.WLS(late["trust_score"], dummies.assign(year=late["year"] - 2004.0), late["weight_persons"]).fit()
    assert found["term"] == OWN_TREND
    assert found["estimate"] == pytest.approx(outside.params["year"], rel=1e-8)
    assert (found["units_count"], found["clusters_count"]) == (50, 7)
    few = trend_within(rows.assign(few=rows["area_code"] < 20), "trust_score", 2004, "few").frame.iloc[0]
    alone = trend_within(rows[rows["area_code"] < 20], "trust_score", 2004).frame.iloc[0]
    assert (few["estimate"], few["std_error"]) == (alone["estimate"], alone["std_error"])


def test_what_a_wave_brings_to_all_is_in_the_error_of_a_trend():
    draws, held = np.random.default_rng(2), []
    for seed in range(40):
        rows, shock = trends(seed, 0.0), pd.Series(draws.normal(0, 0.2, 11), range(2000, 2011))
        found = trend_within(
            rows.assign(trust_score=rows["trust_score"] + rows["year"].map(shock)), "trust_score", 2000
        )
        held.append(found.frame["ci_low"].iloc[0] <= 0 <= found.frame["ci_high"].iloc[0])
    assert np.mean(held) > 0.8


def test_two_waves_are_no_trend():
    rows = trends(1, 0.0)
    with pytest.raises(EstimationError, match="three waves"):
        trend_within(rows, "trust_score", 2009)
    with pytest.raises(MissingColumnError, match="weight_persons"):
        trend_within(rows.drop(columns="weight_persons"), "trust_score", 2000)
    with pytest.raises(EstimationError, match="three waves"):
        trend_gap(rows[rows["year"] >= 2009], "trust_score", "low_income", 2000)


def test_what_shares_a_cause_goes_together_until_the_cause_is_held():
    draw = np.random.default_rng(1)
    stay = draw.integers(0, 10, 6000)
    rows = pd.DataFrame(
        {
            "area_code": draw.integers(0, 30, 6000),
            "year": draw.integers(2000, 2004, 6000),
            "weight_persons": 1.0,
            "stay": stay,
            "contact_score": 0.3 * stay + draw.normal(0, 1, 6000),
            "at_home_score": 0.2 * stay + draw.normal(0, 1, 6000),
        }
    )
    bare = answers_within(rows, "at_home_score", ["contact_score"]).frame.iloc[0]
    held = answers_within(rows, "at_home_score", ["contact_score"], dummies=["stay"]).frame.iloc[0]
    assert bare["ci_low"] > 0.1
    assert held["ci_low"] < 0 < held["ci_high"]
