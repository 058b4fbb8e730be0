"""The scoreboard of the headline: published years only, the truth of the other scoreboard, and every design its row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.scoreboard.places.headline_board import (
    DESIGNS,
    HEADLINE_SCOREBOARD,
    SUMMARY_COLUMNS,
    estimate,
    more_figures,
    truths,
)
from buurteffect.scoreboard.places.panel import WAVES, late_truth
from buurteffect.scoreboard.places.published_series import TRUE_NAMES, published_frames, published_years
from buurteffect.scoreboard.summary import exact_band
from buurteffect.synthetic.country import draw_country


@pytest.fixture(scope="module")
def country():
    return draw_country(seed=3, size="test", people=False, workers=0)


@pytest.fixture(scope="module")
def frames(country):
    return published_frames(country[0])


def test_each_outcome_is_seen_in_the_years_in_which_it_is_published(frames):
    assert set(frames) == set(TRUE_NAMES)
    for name, frame in frames.items():
        assert sorted(frame["year"].unique()) == [year for year in published_years(name) if year <= 2022]
    assert published_years("liveability_score")[:8] == (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022)
    assert published_years("owner_share")[:4] == (2003, 2004, 2005, 2009)
    assert min(published_years("mean_log_income")) == 2003


def test_what_was_known_is_the_last_wave_and_the_last_share_to_whole_per_cents(country, frames):
    history = country[0].history
    place = {int(year): row for row, year in enumerate(history.years)}
    codes = country[0].geography.buurten["buurt_code"]
    known = frames["owner_share"].set_index(["year", "area_code"])
    in_2005 = known.loc[2005].reindex(codes).dropna(subset=["score_level"])
    where = np.flatnonzero(codes.isin(in_2005.index))
    np.testing.assert_allclose(in_2005["score_level"], history.published_liveability_score[place[2002], where])
    rented = frames["liveability_score"].set_index(["year", "area_code"])["rented_share_known"]
    for year, figure_of in ((2002, 2003), (2008, 2005), (2012, 2012)):
        told = rented.loc[year].reindex(codes.iloc[where])
        np.testing.assert_allclose(told, 1 - history.owner_share[place[figure_of], where].round(2))


def test_untreated_buurten_near_a_project_are_not_compared(country, frames):
    world = country[0]
    projects = set(world.projects["buurt_code"])
    kept = set(frames["log_woz"]["area_code"])
    points = world.geography.buurten.set_index("buurt_code")[["x_m", "y_m"]]
    for code in points.index:
        gaps = np.hypot(*(points.loc[list(projects)] - points.loc[code]).to_numpy().T)
        assert (code in kept) == (code in projects or gaps.min() > 1000)


def test_the_truth_of_the_score_is_that_of_the_other_scoreboard(country):
    world, truth = country
    other = late_truth(truth).set_index(["outcome", "target"]).loc[("liveability_score", WAVES)]
    mine = truths(world, truth).set_index("outcome").loc["liveability_score"]
    assert mine["truth"] == pytest.approx(other["truth"], rel=1e-12)
    assert mine["whole"] == pytest.approx(other["whole"], rel=1e-12)


def test_every_design_has_a_row_per_outcome_and_brackets_hold_their_designs(country):
    table = estimate(country[0], "S0")
    assert len(table) == len(TRUE_NAMES) * len(DESIGNS)
    assert not table.duplicated(["outcome", "design"]).any()
    done = table[table["error"] == ""].set_index(["outcome", "design"])
    outcomes = done.index.get_level_values("outcome").unique()
    assert len(outcomes)
    for outcome in outcomes:
        rows = done.loc[outcome]
        if "bracket" not in rows.index:
            continue
        low, high = rows.loc[["given", "plain"], "ci_low"].min(), rows.loc[["given", "plain"], "ci_high"].max()
        assert (rows.loc["bracket", "ci_low"], rows.loc["bracket", "ci_high"]) == pytest.approx((low, high))
        assert rows.loc["bounds", "ci_low"] <= low
        assert rows.loc["bounds", "ci_high"] >= high
        for narrow in ("bracket_clusters", "bracket_one_sided"):
            assert rows.loc[narrow, "ci_low"] >= low


def test_the_second_truth_has_a_coverage_of_its_own():
    scored = pd.DataFrame(
        {
            "estimate": [0.1, 0.2],
            "ci_low": [0.0, 0.1],
            "ci_high": [0.2, 0.4],
            "whole": [0.15, 0.05],
            "treated_count": [9, 11],
        }
    )
    low, high = exact_band(1, 2)
    assert more_figures(scored, scored) == pytest.approx(
        {
            "treated_mean": 10.0,
            "interval_width": 0.25,
            "whole": 0.1,
            "bias_whole": 0.05,
            "coverage_whole": 0.5,
            "coverage_whole_low": low,
            "coverage_whole_high": high,
        }
    )


def test_no_country_of_the_choice_is_scored(tmp_path):
    cells = HEADLINE_SCOREBOARD.cells(tmp_path)
    assert min(cell.seed for cell in cells) == 1001
    assert {cell.scenario for cell in cells} >= {"S0", "S1", "S6"}
    assert len(SUMMARY_COLUMNS) == len(set(SUMMARY_COLUMNS))


def test_a_country_without_a_cohort_that_is_seen_has_no_truth_and_is_not_scored(country):
    world, truth = country
    early = truth.place[truth.place["cohort"] <= 2008]
    missing = truths(world, replace(truth, place=early)).assign(scenario="S0", seed=1)
    assert missing.set_index("outcome")["truth"].isna()["low_income_share"]
    done = {
        "estimate": 0.1,
        "std_error": 0.1,
        "ci_low": 0.0,
        "ci_high": 0.2,
        "treated_count": 3,
        "error": "",
        "message": "",
    }
    rows = pd.DataFrame([{"scenario": "S0", "seed": 1, "outcome": "low_income_share", "design": "plain"} | done])
    summary = HEADLINE_SCOREBOARD.summary.of(rows, missing, "test", {"S0": "code"})
    assert summary["scored"].tolist() == [0]
