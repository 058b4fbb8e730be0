"""Balancing on level and trend, and the flag that stops a headline."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import PLAIN, renamed, simulated
from scipy import optimize

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.selection.balancing import OverlapLimits, entropy_balance, match_nearest
from buurteffect.estimate.selection.reweighting import MATCHING, Baseline, reweighted_effects

NAMES = ("level", "trend")


def two_groups(seed, gap=0.5, treated=80, others=400):
    rng = np.random.default_rng(seed)
    return rng.normal(gap, 1, (treated, 2)), rng.normal(0, 1, (others, 2))


def test_entropy_balancing_meets_the_means_with_the_least_uneven_weights():
    treated, others = two_groups(1)
    balance = entropy_balance(treated, others, NAMES)
    np.testing.assert_allclose(balance.weights @ others, treated.mean(axis=0), atol=1e-8)
    assert balance.weights.sum() == pytest.approx(1)
    assert (balance.weights > 0).all()
    moved = others - treated.mean(axis=0)
    lagrange = optimize.minimize(lambda v: np.log(np.exp(moved @ v).sum()), np.zeros(2), tol=1e-14).x
    expected = np.exp(moved @ lagrange)
    np.testing.assert_allclose(balance.weights, expected / expected.sum(), rtol=1e-4)
    assert not balance.overlap_fails()
    assert balance.table["difference_before"].min() > 0.3
    assert balance.table["difference_after"].abs().max() < 1e-6


def test_means_beyond_every_comparison_unit_stop_a_headline():
    treated, others = two_groups(1, gap=9.0)
    balance = entropy_balance(treated, others, NAMES)
    assert not balance.solved
    assert balance.overlap_fails()
    assert any("no weights" in reason for reason in balance.reasons(OverlapLimits()))
    assert balance.outside_share == 1.0


@pytest.mark.parametrize(
    ("limits", "said"),
    [
        ({"effective_count": 1e6}, "amount to"),
        ({"largest_weight": 1e-4}, "one comparison unit"),
        ({"outside_share": -0.1}, "lie beyond"),
        ({"imbalance": -0.1}, "is left"),
    ],
)
def test_every_limit_of_overlap_can_fail(limits, said):
    balance = entropy_balance(*two_groups(1), NAMES)
    reasons = balance.reasons(OverlapLimits(**limits))
    assert len(reasons) == 1
    assert said in reasons[0]


def test_a_unit_with_a_twin_is_matched_with_it():
    _, others = two_groups(2)
    balance = match_nearest(others[[3, 3, 7]], others, NAMES, neighbours=1)
    assert np.flatnonzero(balance.weights).tolist() == [3, 7]
    assert balance.weights[[3, 7]].tolist() == pytest.approx([2 / 3, 1 / 3])


def test_matching_does_not_know_units_of_measurement():
    treated, others = two_groups(2)
    scale = np.array([1e4, 1e-3])
    first = match_nearest(treated, others, NAMES).weights
    np.testing.assert_allclose(match_nearest(treated * scale, others * scale, NAMES).weights, first)


def test_more_neighbours_than_units_are_refused():
    with pytest.raises(EstimationError, match="5 neighbours"):
        match_nearest(np.zeros((2, 1)), np.zeros((3, 1)), ("level",))


def selected_on_a_dip(seed, lasting_sd, units=3000):
    """Areas chosen in 2006 because they score low then: they rise again by themselves."""
    rng = np.random.default_rng(seed)
    years = np.arange(1998, 2014)
    passing = np.zeros((units, len(years)))
    for place in range(1, len(years)):
        passing[:, place] = 0.3 * passing[:, place - 1] + rng.normal(size=units)
    y = lasting_sd * rng.normal(size=(units, 1)) + passing
    chosen = y[:, 8] < np.quantile(y[:, 8], 0.08)
    return pd.DataFrame(
        {
            "area_code": np.repeat([f"BU{place:08d}" for place in range(units)], len(years)),
            "gemeente_code": np.repeat([f"GM{place % 150:04d}" for place in range(units)], len(years)),
            "year": np.tile(years, units),
            "cohort_year": np.repeat(np.where(chosen, 2007.0, np.nan), len(years)),
            "y": y.ravel(),
        }
    )


@pytest.mark.parametrize("method", ["entropy balancing", MATCHING])
def test_a_baseline_before_the_dip_and_covariates_at_it_are_balanced_and_a_planted_effect_is_found(method):
    panel = simulated(4, units=1500, clusters=150, effect=0.6, shock_sd=0.05)
    result = reweighted_effects(draw_sample(panel, PLAIN), Baseline(2, 1, method=method))
    path = result.effects.event_times().set_index("event_time")
    for event, truth in ((-3, 0), (-1, 0), (0, 0.6), (2, 0.6)):
        assert abs(path.loc[event, "estimate"] - truth) < 3.5 * path.loc[event, "std_error"]
    assert path.loc[-2, ["estimate", "std_error"]].abs().max() < (1e-8 if method != MATCHING else 0.1)
    assert not result.overlap_fails
    assert result.effects.may_be_headline
    assert set(result.balance["feature"]) == {"level", "trend"}


def test_a_lagged_baseline_shows_the_dip_that_before_and_after_takes_for_an_effect():
    sample = draw_sample(selected_on_a_dip(1, lasting_sd=0.0), PLAIN)
    treated, others = (sample.frame[rows].groupby("year")["y"].mean() for rows in (~sample.never, sample.never))
    naive = (treated[2010] - treated[2006]) - (others[2010] - others[2006])
    lagged = reweighted_effects(sample, Baseline(4, 3))
    path = lagged.effects.event_times().set_index("event_time")
    assert naive > 1.2
    assert path.loc[-1, "estimate"] < -1.0
    assert abs(path.loc[3, "estimate"]) < 3.5 * path.loc[3, "std_error"]
    assert not lagged.overlap_fails
    assert reweighted_effects(sample, Baseline(1, 0)).overlap_fails


def test_where_levels_last_the_years_before_the_baseline_betray_that_matched_units_regress():
    sample = draw_sample(selected_on_a_dip(1, lasting_sd=1.0), PLAIN)
    path = reweighted_effects(sample, Baseline(4, 3)).effects.event_times().set_index("event_time")["estimate"]
    assert path[3] < -0.3
    assert path[-9] == pytest.approx(path[3], abs=0.15)


def test_overlap_that_fails_stops_the_headline_of_the_effects():
    panel = simulated(4, units=60)
    panel["y"] += 20 * panel["cohort_year"].notna()
    result = reweighted_effects(draw_sample(panel, PLAIN), Baseline(2, 0))
    assert result.overlap_fails
    assert not result.effects.may_be_headline
    assert "cohort 2005" in result.effects.not_headline[0]


def test_waves_that_skip_the_year_of_the_baseline_use_the_last_one_before():
    panel = simulated(4, units=600, clusters=60, times=12, cohorts=(np.nan, 2008.0))
    waves = panel[panel["year"].isin([2001, 2003, 2006, 2009, 2012])]
    result = reweighted_effects(draw_sample(waves, PLAIN), Baseline(3, 2))
    events = result.effects.event_times()
    assert events["event_time"].tolist() == [-7, -5, -2, 1, 4]
    assert events.loc[events["event_time"] == -5, "std_error"].item() == 0


def test_cohorts_too_early_for_a_baseline_are_counted_or_refused():
    panel = simulated(4, units=600, clusters=60, cohorts=(np.nan, 2003.0, 2006.0))
    result = reweighted_effects(draw_sample(panel, PLAIN), Baseline(3, 1))
    assert any("cohort 2003" in reason for reason, _ in result.effects.dropped)
    with pytest.raises(NoComparisonError, match="early enough"):
        reweighted_effects(draw_sample(panel, PLAIN), Baseline(9, 1))


def test_names_and_order_do_not_matter_after_reweighting():
    panel = simulated(4, units=300, clusters=60)
    design = replace(PLAIN, covariates=("x",))
    first = reweighted_effects(draw_sample(panel, design), Baseline(2, 1)).effects.frame
    other = reweighted_effects(draw_sample(renamed(panel), design), Baseline(2, 1)).effects.frame
    pd.testing.assert_frame_equal(first, other, rtol=1e-9)
