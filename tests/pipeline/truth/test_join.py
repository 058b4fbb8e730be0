"""The truth is joined under names that tell estimates of one truth apart, and cohorts from each other."""

import json

import pandas as pd
import pytest

from buurteffect.pipeline.truth.join import join_truth

ESTIMAND = {"label": "A", "estimate": 0.1, "ci_low": 0.0, "ci_high": 0.2, "unit": "x"}
PLACE = pd.DataFrame(
    [
        ("log_woz", 2004, 6, 0.10, 1),
        ("log_woz", 2004, 9, 0.30, 1),
        ("log_woz", 2005, 6, 0.40, 2),
        ("log_woz", 2005, 10, 9.00, 2),
        ("log_woz", 2013, 6, 9.00, 1),
        ("owner_share", 2004, 6, 9.00, 1),
    ],
    columns=["outcome", "cohort", "event_time", "effect", "buurten"],
)


@pytest.fixture
def truth(tmp_path):
    (tmp_path / "truth.json").write_text(json.dumps({"att_6_9_log_woz": 0.15}), encoding="utf-8")
    PLACE.to_parquet(tmp_path / "place.parquet")
    return tmp_path / "truth.json"


def test_several_estimates_of_one_truth_each_stand_beside_it(truth):
    named = {"att_6_9_log_woz@imputation": ESTIMAND, "att_6_9_log_woz@stacked": {**ESTIMAND, "ci_high": 0.12}}
    rows = join_truth(named, truth)
    assert [(row["truth"], row["covered"]) for row in rows] == [(0.15, True), (0.15, False)]
    assert [row["name"] for row in rows] == list(named)


def test_the_truth_of_some_cohorts_counts_every_buurt_and_event_time_once(truth):
    row = join_truth({"att_6_9_log_woz_cohorts_2004_2012@headline": ESTIMAND}, truth)[0]
    assert row["truth"] == pytest.approx((0.10 + 0.30 + 2 * 0.40) / 4)
    assert row["covered"] is False


def test_the_truth_of_some_cohorts_since_before_is_asked_for_by_name(truth):
    name = "att_6_9_since_before_log_woz_cohorts_2004_2012@headline"
    assert join_truth({name: ESTIMAND}, truth) == []  # a country of before this was known
    PLACE.assign(effect_since_before=PLACE["effect"] - 0.05).to_parquet(truth.parent / "place.parquet")
    assert join_truth({name: ESTIMAND}, truth)[0]["truth"] == pytest.approx((0.10 + 0.30 + 2 * 0.40) / 4 - 0.05)


def test_both_truths_stand_beside_an_effect_since_before(truth):
    PLACE.assign(effect_since_before=PLACE["effect"] - 0.3).to_parquet(truth.parent / "place.parquet")
    names = ["att_6_9_since_before_log_woz_cohorts_2004_2012@headline", "att_6_9_log_woz_cohorts_2004_2012"]
    since, against = join_truth(dict.fromkeys(names, ESTIMAND), truth)
    assert (since["truth"], since["truth_without_policy"]) == pytest.approx((0.0, 0.3))
    assert (since["covered"], since["covered_without_policy"]) == (True, False)
    assert against["truth"] == pytest.approx(0.3)
    assert against["truth_without_policy"] is against["covered_without_policy"] is None


@pytest.mark.parametrize(
    "name",
    ["att_6_9_log_woz_cohorts_1990_1995@a", "att_6_9_unknown_cohorts_2004_2012", "att_6_9_unknown@a", "other", "@"],
)
def test_a_name_without_a_truth_gets_none(truth, name):
    assert join_truth({name: ESTIMAND}, truth) == []


def test_cohorts_get_none_where_the_effects_by_cohort_are_not_there(truth):
    (truth.parent / "place.parquet").unlink()
    assert join_truth({"att_6_9_log_woz_cohorts_2004_2012": ESTIMAND}, truth) == []
