"""What must not change an estimate: the order of the rows, running it again, another unit, areas nobody scored."""

from __future__ import annotations

import pandas as pd
import pytest
from estimate_worlds import panel_of, simulate

from buurteffect.estimate import inference, measurement, scores

QUICK = inference.Bootstrap(draws=19)
PARTS = measurement.VarianceComponents(0.10, 0.15, 0.06, 0.85, 0.02, 0.03, 2014)
NOISE = measurement.ScoreNoise(0.02, 0.03)

CALLS = {
    "mean_by_wave": lambda w: scores.mean_by_wave(w, bootstrap=QUICK),
    "dispersion_by_wave": lambda w: scores.dispersion_by_wave(w, noise_sd=0.02, bootstrap=QUICK),
    "dispersion_change": lambda w: scores.dispersion_change(w, 2002, 2022, bootstrap=QUICK),
    "gap_by_class_year": lambda w: scores.gap_by_class_year(w, 2002, 2022, bootstrap=QUICK),
    "split_wave_gap": lambda w: scores.split_wave_gap(w, bootstrap=QUICK),
    "expected_regression": lambda w: scores.expected_regression(w, PARTS, 2002, 2022, bootstrap=QUICK),
    "decline_grid": lambda w: scores.decline_grid(w, ((2002, 2008), (2012, 2014)), noise=NOISE, bootstrap=QUICK),
    "trend_break": lambda w: scores.trend_break(w, bootstrap=QUICK),
    "fit_variance_components": lambda w: measurement.fit_variance_components(w, bootstrap=QUICK).estimate,
    "break_scan": lambda w: measurement.break_scan(w, bootstrap=inference.Bootstrap(draws=2)),
    "reliability_of_change": lambda w: measurement.reliability_of_change(PARTS, w, bootstrap=QUICK),
    "municipal_share_of_change": lambda w: measurement.municipal_share_of_change(w, bootstrap=QUICK),
    "rank_transition": lambda w: scores.rank_transition(w, 2002, 2022, bootstrap=QUICK),
    "persistence": lambda w: scores.persistence(w, 2002, bootstrap=QUICK),
    "rank_intervals": lambda w: scores.rank_intervals(w, 2022, 0.02, draws=1000),
}


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """A simulated panel with four large cities, and one score in twenty missing."""
    waves = simulate(PARTS, 300, seed=2).waves
    scores = waves.scores.mask(waves.scores.rank(method="first") % 20 == 0)
    groups = ["four_largest"] * 40 + ["other"] * 260
    return panel_of({year: scores[year].tolist() for year in waves.years}, waves.clusters.tolist(), groups)


@pytest.mark.parametrize("name", CALLS)
def test_the_order_of_the_rows_changes_nothing(name, panel):
    plain = CALLS[name](measurement.waves_from_panel(panel))
    shuffled = CALLS[name](measurement.waves_from_panel(panel.sample(frac=1, random_state=1)))
    pd.testing.assert_frame_equal(plain.frame, shuffled.frame, check_exact=True)
    assert plain.dropped == shuffled.dropped
    assert plain.error_convention == shuffled.error_convention


@pytest.mark.parametrize("name", [name for name in CALLS if name != "rank_intervals"])
def test_areas_that_nobody_scored_change_nothing_but_the_ledger(name, panel):
    empty = panel.head(5).assign(
        area_code=[f"WK99999{n}" for n in range(5)], gemeente_code="GM9999", liveability_score=float("nan")
    )
    plain = CALLS[name](measurement.waves_from_panel(panel))
    wider = CALLS[name](measurement.waves_from_panel(pd.concat([panel, empty])))
    pd.testing.assert_frame_equal(plain.frame, wider.frame, check_exact=True)
    assert wider.dropped[0] == ("areas without a score in any wave", 5)


@pytest.mark.parametrize("name", CALLS)
def test_every_estimate_says_how_it_was_made_and_what_it_rests_on(name, panel):
    found = CALLS[name](measurement.waves_from_panel(panel))
    assert found.method
    assert found.error_convention.startswith("95% ")
    assert found.units_count > 0
    assert found.clusters_count > 0
    assert (found.frame["units_count"] >= found.frame["clusters_count"]).all()
    assert found.frame["units_count"].dtype == found.frame["clusters_count"].dtype == "int64"
    bounded = found.frame.dropna(subset=["ci_low"])
    assert (bounded["ci_low"] <= bounded["ci_high"]).all()


@pytest.mark.parametrize("name", ["mean_by_wave", "dispersion_change", "gap_by_class_year", "split_wave_gap"])
def test_another_unit_of_the_score_scales_the_figures(name, panel):
    plain = CALLS[name](measurement.waves_from_panel(panel)).frame
    scaled = CALLS[name](
        measurement.waves_from_panel(panel.assign(liveability_score=panel["liveability_score"] * 8))
    ).frame
    for column in ("estimate", "std_error", "ci_low", "ci_high"):
        pd.testing.assert_series_equal(scaled[column], plain[column] * 8, rtol=1e-9)
