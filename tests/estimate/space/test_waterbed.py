"""The waterbed: the mapping finds what was planted, the books close, and Fieller's interval holds the ratio."""

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.space.exposures import exposure_effects, exposure_mapping
from buurteffect.estimate.space.profiles import LEAKAGE, MOST, SLOPE, exposure_profile
from buurteffect.estimate.space.waterbed import bounded, city_totals, ledger, spread_change

YEARS = (2000, 2004, 2008, 2012)


def country(direct=0.05, near=0.0, inflow=-0.5, seed=0, noise=0.02, endogenous=0.0):
    """Twenty gemeenten of thirty buurten; two of each are restructured in 2002, and others take in displaced."""
    rng = np.random.default_rng(seed)
    size = 600
    gemeente, buurt = np.arange(size) // 30, np.arange(size)
    treated = buurt % 30 < 2
    foreseen = np.where(treated, 0, rng.gamma(1.0, 0.03, size))
    parts = []
    shock = rng.normal(0, 0.05, (20, len(YEARS)))
    fixed, before = rng.normal(0, 0.1, size), rng.normal(0, 1, size)
    for place, year in enumerate(YEARS):
        on = year > 2002
        trouble = rng.normal(0, 1, size)
        works = np.where(~treated & on, (buurt % 30 < 6) * 0.2, 0.0)
        taken = np.where(
            on & ~treated, foreseen * (0.8 + 0.2 * rng.random(size)) + endogenous * np.maximum(trouble, 0), 0.0
        )
        score = (
            fixed + shock[gemeente, place] + 0.01 * place * before + rng.normal(0, noise, size) - endogenous * trouble
        )
        score = score + direct * (treated & on) + near * works + inflow * taken
        parts.append(
            pd.DataFrame(
                {
                    "area_code": [f"B{code:04d}" for code in buurt],
                    "gemeente_code": [f"G{code:02d}" for code in gemeente],
                    "year": year,
                    "cohort_year": np.where(treated, 2002.0, np.nan),
                    "dose_share": np.where(treated, 0.25, 0.0),
                    "works_near": works,
                    "works_soon": 0.0,
                    "taken_in": taken,
                    "foreseen_in": np.where(on, foreseen, 0.0),
                    "before": before,
                    "y": score,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize(("near", "inflow"), [(0.1, -0.5), (0.0, 0.0)])
def test_the_mapping_recovers_direct_effect_ring_and_inflow(near, inflow):
    made = exposure_mapping(country(near=near, inflow=inflow), "y", ["before"]).effects
    for term, truth in (("direct, 1 to 2 years", 0.05), ("works_near", near), ("taken_in", inflow)):
        row = made.row(term=term)
        assert abs(row["estimate"] - truth) < 3.5 * row["std_error"], term


def test_the_error_of_the_inflow_is_that_of_leaving_out_each_gemeente_and_fitting_anew():
    frame = country(near=0.1, seed=1)
    codes = sorted(set(frame["gemeente_code"]))
    row, *without = (
        exposure_mapping(rows, "y", ["before"]).effects.row(term="taken_in")
        for rows in (frame, *(frame[frame["gemeente_code"] != code] for code in codes))
    )
    moved = np.array([each["estimate"] for each in without]) - row["estimate"]
    assert row["std_error"] == pytest.approx(np.sqrt(19 / 20 * (moved**2).sum()), rel=1e-6)


@pytest.mark.slow
def test_intervals_of_the_inflow_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for seed in range(60):
        row = exposure_mapping(country(seed=seed), "y", ["before"]).effects.row(term="taken_in")
        held += row["ci_low"] <= -0.5 <= row["ci_high"]
    assert held >= 52


def test_the_instrument_mends_what_inflow_owes_to_trouble():
    frame = country(endogenous=0.02)
    plain = exposure_mapping(frame, "y", ["before"]).effects.row(term="taken_in")
    mapping = exposure_mapping(frame, "y", ["before"], instrument=True)
    mended = mapping.effects.row(term="taken_in")
    assert plain["ci_high"] < -0.5
    assert abs(mended["estimate"] + 0.5) < 3 * mended["std_error"]
    assert mapping.first_stage > 50


def test_without_spread_of_the_instrument_nothing_is_estimated():
    with pytest.raises(EstimationError, match="nothing is left"):
        exposure_mapping(country().assign(foreseen_in=0.0), "y", ["before"], instrument=True)


def test_a_panel_without_exposures_is_refused_by_name():
    with pytest.raises(EstimationError, match="taken_in"):
        exposure_mapping(country().drop(columns="taken_in"), "y")


def test_rows_that_cannot_be_used_are_counted():
    frame = country()
    frame.loc[:4, "y"] = np.nan
    made = exposure_mapping(frame, "y", ["before"]).effects
    assert ("rows without outcome, exposure or covariate", 5) in made.dropped


def test_the_entries_of_the_books_are_effects_times_exposures():
    frame = country(noise=0.0)
    mapping = exposure_mapping(frame.assign(y=frame["y"] + 1e-6 * np.sin(np.arange(len(frame)))), "y", ["before"])
    books = ledger(mapping, 2012)
    now = frame[frame["year"] == 2012]
    assert books.entries.row(term="direct")["estimate"] == pytest.approx(0.05 * 40, abs=1e-3)
    assert books.entries.row(term="receiving")["estimate"] == pytest.approx(-0.5 * now["taken_in"].sum(), abs=1e-3)
    wanted = 0.5 * now["taken_in"].sum() / 2.0
    assert books.leakage.row(term="displaced")["estimate"] == pytest.approx(wanted, abs=1e-3)


def test_books_of_head_counts_close_to_nothing():
    books = ledger(exposure_mapping(country(), "y", ["before"]), 2012, zero_sum=True).entries
    entries = books.frame.set_index("term")["estimate"]
    assert entries["direct"] + entries["ring"] + entries["receiving"] + entries["rest"] == pytest.approx(0, abs=1e-12)
    assert books.row(term="net")["estimate"] == 0
    assert books.row(term="net")["std_error"] == 0


def test_books_without_works_are_refused():
    mapping = exposure_mapping(country(), "y", ["before"])
    with pytest.raises(EstimationError, match="2000"):
        ledger(mapping, 2000)


def test_most_exposed_places_get_slope_times_exposure():
    mapping = exposure_mapping(country(), "y", ["before"])
    row = exposure_effects(mapping, 2012, 0.1).row(term="taken_in")
    slope = mapping.effects.row(term="taken_in")
    assert row["estimate"] == pytest.approx(slope["estimate"] * row["exposure"])
    assert row["minimum_detectable_effect"] > 2 * row["std_error"]


def test_the_change_of_spread_is_that_of_the_outcome_less_the_effects():
    frame = country(direct=-0.5, inflow=0.0, noise=0.001)
    mapping = exposure_mapping(frame, "y", ["before"])
    row = spread_change(mapping, 2012).frame.iloc[0]
    now = frame[frame["year"] == 2012]
    without = now["y"] + 0.5 * now["cohort_year"].notna()
    assert row["estimate"] == pytest.approx(now["y"].std() - without.std(), abs=4 * row["std_error"])


def test_city_totals_see_what_a_whole_gemeente_shares():
    frame = country(direct=0.0, inflow=0.0)
    rng = np.random.default_rng(5)
    number = frame["gemeente_code"].str[1:].astype(int)
    share = (number % 5) / 10
    dose = np.where(frame["cohort_year"].notna(), share, 0.0)
    frame["y"] = rng.normal(0, 0.01, len(frame)) + 3 * share * 2 / 30 * (frame["year"] > 2002)
    row = city_totals(frame.assign(dose_share=dose), "y", 2012).frame.iloc[0]
    total = 3 * dose[(frame["year"] == 2012).to_numpy()].sum()
    assert abs(row["estimate"] - total) < 4 * row["std_error"]


def test_two_gemeenten_are_too_few_to_compare():
    frame = country()
    with pytest.raises(EstimationError, match="too few"):
        city_totals(frame[frame["gemeente_code"] < "G03"], "y", 2012)


def test_a_profile_holds_for_each_combination_what_its_own_mapping_says():
    fading, lasting = country(), country()
    lasting["taken_in"] = 2 * fading["taken_in"]  # twice as many of the same: half the slope, and the same effect
    profile = exposure_profile({(0.5, 500.0): fading, (1.0, 250.0): lasting}, "y", ["before"], 2012)
    rows = profile.frame.set_index(["quantity", "persistence_share"])
    alone = exposure_mapping(fading, "y", ["before"]).effects.row(term="taken_in")
    assert rows.loc[(SLOPE, 0.5), "estimate"] == pytest.approx(alone["estimate"], rel=1e-12)
    assert rows.loc[(SLOPE, 0.5), "ci_high"] == pytest.approx(alone["ci_high"], rel=1e-12)
    assert rows.loc[(SLOPE, 1.0), "estimate"] == pytest.approx(alone["estimate"] / 2, rel=1e-9)
    assert rows.loc[(MOST, 1.0), "estimate"] == pytest.approx(rows.loc[(MOST, 0.5), "estimate"], rel=1e-9)
    assert rows.loc[(LEAKAGE, 1.0), "estimate"] == pytest.approx(rows.loc[(LEAKAGE, 0.5), "estimate"], rel=1e-9)
    assert rows.loc[(SLOPE, 1.0), "reach_m"] == 250.0


def test_a_profile_of_nothing_is_a_mistake():
    with pytest.raises(CallError, match="give at least one"):
        exposure_profile({}, "y", ["before"], 2012)


def test_a_leakage_without_ends_is_not_shown_as_one():
    told = ledger(exposure_mapping(country(), "y", ["before"]), 2012).leakage
    assert bounded(told).frame["term"].tolist() == told.frame["term"].tolist()
    untold = ledger(exposure_mapping(country(direct=0.0, noise=0.2), "y", ["before"]), 2012).leakage
    assert np.isinf(untold.frame["ci_low"]).all()
    with pytest.raises(EstimationError, match="no ends"):
        bounded(untold)
