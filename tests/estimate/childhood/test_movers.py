"""Unobserved selection, reflection, shrinkage and chances by region: known answers, outside figures, and controls."""

import numpy as np
import pandas as pd
import pytest
from childhood_worlds import childhoods
from linearmodels.iv.absorbing import AbsorbingLS
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.mobility import CHANGE, LEVEL, named_regions, rank_by_gemeente, slope_by_cohort
from buurteffect.estimate.childhood.neighbourhood_panel import BOTH, PanelChoice, neighbourhood_regressions
from buurteffect.estimate.childhood.reflection import ALONE, RANDOM, TRAITS, linear_in_means
from buurteffect.estimate.childhood.shrinkage import estimate_signal, rank_sets, shrunken
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.regression.ols_iv import Equation
from buurteffect.estimate.robustness.sensitivity import (
    adjusted_for,
    benchmark_bounds,
    proportional_selection,
    robustness_value,
    selection_table,
    sensitivity_table,
)

# --- selection on the unobserved ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("effect", "slope"), [(0.5, 0.4), (-0.4, 0.4), (1.0, -0.3)])
def test_equal_selection_is_undone(effect, slope):
    rng = np.random.default_rng(1)
    seen, unseen, own, noise = rng.standard_normal((4, 200_000))
    x = slope * (seen + unseen) + own
    y = effect * x + seen + unseen + noise
    frame = pd.DataFrame({"person": np.arange(len(x)), "x": x, "y": y, "seen": seen})
    found = proportional_selection(
        frame, Equation("y", ("x",), ("seen",), clusters=("person",)), ("seen",), 1 - 1 / y.var()
    )
    assert found.adjusted == pytest.approx(effect, abs=0.03)
    assert abs(found.full - effect) > 0.1


def test_delta_is_the_strength_that_makes_the_coefficient_zero():
    rng = np.random.default_rng(2)
    seen, unseen, own, noise = rng.standard_normal((4, 200_000))
    x = 0.3 * seen + 0.3 * 1.5 * unseen + own
    y = seen + unseen + noise
    frame = pd.DataFrame({"person": np.arange(len(x)), "x": x, "y": y, "seen": seen})
    found = proportional_selection(
        frame, Equation("y", ("x",), ("seen",), clusters=("person",)), ("seen",), 1 - 1 / y.var()
    )
    assert found.delta == pytest.approx(1.5, abs=0.05)


def test_proportional_selection_asks_for_controls_of_the_equation():
    frame = pd.DataFrame({"person": [1, 2, 3], "x": [1.0, 2, 4], "y": [1.0, 2, 3]})
    with pytest.raises(EstimationError, match="controls of its equation"):
        proportional_selection(frame, Equation("y", ("x",), clusters=("person",)), ("z",))


def test_robustness_values_are_those_of_the_published_example():
    # Cinelli & Hazlett (2020), table 1 and section 5: violence in Darfur, benchmark "female".
    found = robustness_value(0.09731582, 0.02325654, 783)
    assert found.partial_r2 == pytest.approx(0.0219, abs=5e-5)
    assert found.robustness_value == pytest.approx(0.1388, abs=5e-5)
    assert found.robustness_value_alpha == pytest.approx(0.0763, abs=5e-5)
    for shares, left in (((0.12464, 0.009164), 0.0752), ((0.24928, 0.018329), 0.0529), ((0.37391, 0.027493), 0.0304)):
        assert adjusted_for(found, *shares) == pytest.approx(left, abs=1e-4)


def test_a_confounder_as_strong_as_the_robustness_value_leaves_nothing():
    found = robustness_value(1.3, 0.2, 400)
    assert adjusted_for(found, found.robustness_value, found.robustness_value) == pytest.approx(0.0, abs=1e-12)


def test_a_benchmark_is_bounded_by_what_is_possible():
    assert benchmark_bounds(0.5, 0.3, 1.0)[0] <= 1
    with pytest.raises(EstimationError, match="nothing can be 5 times"):
        benchmark_bounds(0.1, 0.3, 5.0)


def test_selection_is_told_for_children():
    children, _ = childhoods(1, families=800)
    values = selection_table(children).set_index("measure")["value"]
    assert values["slope with them"] < values["slope without the observed controls"]
    table = sensitivity_table(
        children, Equation("adult_rank", ("exposure",), ("parent_rank", "female")), ("parent_rank",)
    )
    assert table["estimate"].dropna().is_monotonic_decreasing


# --- neighbours --------------------------------------------------------------------------------------------------


def neighbours(seed, effect=0.0, sorting=1.0):
    rng = np.random.default_rng(seed)
    places, size = 200, 40
    place = np.repeat(np.arange(places), size)
    level = sorting * rng.standard_normal(places)[place]
    own = rng.standard_normal(len(place))
    income = 0.5 * level + 0.3 * own + 0.3 * rng.standard_normal(len(place))
    return pd.DataFrame(
        {
            "household": np.arange(len(place)),
            "place": place,
            "gemeente": place % 10,
            "log_income": income + effect,
            "age": rng.uniform(25, 60, len(place)),
            "nonwestern": (rng.random(len(place)) < 0.2).astype(float),
            "owner": (own > 0.5).astype(float),
            "social": (own < -0.5).astype(float),
        }
    )


def test_neighbours_incomes_go_together_where_nobody_acts_on_anybody_and_not_by_lot():
    table = linear_in_means(neighbours(1))
    rows = table.frame.set_index("term")
    assert rows.loc[[ALONE, TRAITS], "ci_low"].min() > 0.5
    assert abs(rows.loc[RANDOM, "estimate"]) < 4 * rows.loc[RANDOM, "std_error"]
    assert not table.may_be_headline


def test_without_sorting_neighbours_say_nothing():
    rows = linear_in_means(neighbours(2, sorting=0.0)).frame.set_index("term")
    assert abs(rows.loc[TRAITS, "estimate"]) < 4 * rows.loc[TRAITS, "std_error"]


def test_households_without_neighbours_are_refused():
    frame = neighbours(3).assign(place=lambda table: np.arange(len(table)))
    with pytest.raises(EstimationError, match="alone in its buurt"):
        linear_in_means(frame)


def adults(seed, slope=-0.2):
    rng = np.random.default_rng(seed)
    persons, times = 300, 8
    person, year = np.repeat(np.arange(persons), times), np.tile(np.arange(2000, 2000 + times), persons)
    place = rng.integers(0, 25, persons)[person]
    place = np.where((year > 2003) & (person % 2 == 0), (place + 7) % 25, place)
    share = rng.uniform(0, 2, (25, times))[place, year - 2000]
    fixed = rng.standard_normal(persons)[person] + rng.standard_normal(25)[place]
    income = 10 + fixed + slope * share + 0.1 * rng.standard_normal(len(person))
    return pd.DataFrame(
        {
            "person": person,
            "year": year,
            "place": place,
            "age": 30 + year - 2000 + person % 20,
            "log_income": income,
            "share": share,
        }
    )


def test_three_sets_of_effects_recover_a_planted_slope_and_give_the_figure_of_linearmodels():
    frame = adults(1)
    row = neighbourhood_regressions(frame, (PanelChoice("all", "share", BOTH),)).frame.iloc[0]
    assert abs(row["estimate"] + 0.2) < 4 * row["std_error"]
    assert row["std_error"] < 0.01
    absorb = frame[["person", "year", "place"]].astype("category")
    other = frame.assign(age_squared=frame["age"] ** 2 / 100)[["share", "age_squared"]]
    fitted = AbsorbingLS(frame["log_income"], other, absorb=absorb, drop_absorbed=True).fit()
    assert row["estimate"] == pytest.approx(float(fitted.params["share"]), abs=1e-6)


# --- shrinkage and ranks -----------------------------------------------------------------------------------------


def figures(values, errors):
    frame = pd.DataFrame({"gemeente": range(len(values)), "estimate": values, "std_error": errors})
    frame = frame.assign(ci_low=np.nan, ci_high=np.nan, units_count=1, clusters_count=1)
    return Estimate(frame, "made up", "none", len(values), len(values))


def test_with_equal_noise_the_spread_of_true_figures_and_its_interval_are_those_of_a_sample_variance():
    values = np.array([1.0, 4.0, 6.0, 9.0, 12.0, 3.0])
    found, free = estimate_signal(values, np.full(6, 0.5)), 5
    variance = values.var(ddof=1)
    assert found.mean == pytest.approx(values.mean())
    assert found.sd == pytest.approx(np.sqrt(variance - 0.25))
    low, high = free * variance / stats.chi2.ppf([0.975, 0.025], free) - 0.25
    assert (found.sd_low, found.sd_high) == (pytest.approx(np.sqrt(low)), pytest.approx(np.sqrt(high)))
    assert estimate_signal(values, np.full(6, 9.0)).sd == 0


@pytest.mark.slow
def test_the_spread_of_true_figures_is_found_and_its_interval_covers():
    rng = np.random.default_rng(1)
    covered, found = [], []
    for _ in range(300):
        noise = rng.uniform(0.5, 2.0, 60)
        signal = estimate_signal(5 + 1.5 * rng.standard_normal(60) + noise * rng.standard_normal(60), noise)
        found.append(signal.sd)
        covered.append(signal.sd_low <= 1.5 <= signal.sd_high)
    assert np.mean(found) == pytest.approx(1.5, abs=0.05)
    assert 0.92 <= np.mean(covered) <= 0.98


@pytest.mark.slow
def test_noise_alone_is_no_signal():
    rng = np.random.default_rng(2)
    sds = [estimate_signal(rng.standard_normal(40), np.ones(40)).sd_low for _ in range(100)]
    assert np.mean(np.array(sds) == 0) > 0.9


def test_shrunken_figures_are_closer_to_the_truth_and_noisy_ones_move_most():
    rng = np.random.default_rng(3)
    truth, noise = rng.standard_normal(400), np.repeat([0.3, 2.0], 200)
    raw = truth + noise * rng.standard_normal(400)
    drawn, signal = shrunken(figures(raw, noise))
    assert ((drawn.frame["estimate"] - truth) ** 2).mean() < 0.5 * ((raw - truth) ** 2).mean()
    weight = drawn.frame["weight"]
    np.testing.assert_allclose(weight, signal.sd**2 / (signal.sd**2 + noise**2))
    inside = (drawn.frame["ci_low"] <= truth) & (truth <= drawn.frame["ci_high"])
    assert 0.92 <= inside.mean() <= 0.98


def test_signal_needs_three_figures_with_errors():
    for values, errors in (([1.0, 2.0], [1.0, 1.0]), ([1.0, 2.0, 3.0], [1.0, 0.0, 1.0])):
        with pytest.raises(EstimationError, match="three figures"):
            estimate_signal(np.array(values), np.array(errors))


def test_rank_sets_are_points_without_noise_and_hold_all_that_may_be_in_another_order():
    sure = rank_sets(figures([3.0, 1.0, 2.0], [1e-9] * 3)).frame
    assert sure["ci_low"].tolist() == sure["ci_high"].tolist() == [1, 3, 2]
    near = rank_sets(figures([0.0, 0.1, 0.2, 50.0], [1.0] * 4)).frame
    assert list(zip(near["ci_low"], near["ci_high"], strict=True)) == [(2, 4), (2, 4), (2, 4), (1, 1)]


@pytest.mark.slow
def test_rank_sets_hold_the_true_ranks():
    rng = np.random.default_rng(4)
    truth, held = np.arange(12) * 0.8, []
    ranks = 12 - np.arange(12)
    for seed in range(60):
        noise = rng.uniform(0.5, 1.5, 12)
        frame = rank_sets(figures(truth + noise * rng.standard_normal(12), noise), seed=seed, draws=400).frame
        held.append(((frame["ci_low"] <= ranks) & (ranks <= frame["ci_high"])).mean())
    assert np.mean(held) > 0.95


# --- regions and cohorts -----------------------------------------------------------------------------------------


def test_chances_at_a_rank_are_those_of_a_straight_line():
    rng = np.random.default_rng(5)
    parent = rng.uniform(0, 100, 9000)
    gemeente = np.arange(9000) % 6
    rank = 30 + 2.0 * gemeente + 0.3 * parent + 10 * rng.standard_normal(9000)
    frame = pd.DataFrame({"person": range(9000), "family": range(9000), "gemeente": gemeente, "parent_rank": parent})
    found = rank_by_gemeente(frame.assign(adult_rank=rank), 25.0).frame
    truth = 30 + 2.0 * found["gemeente"].astype(float) + 7.5
    assert ((found["estimate"] - truth).abs() < 4 * found["std_error"]).all()
    assert shrunken(rank_by_gemeente(frame.assign(adult_rank=rank)))[1].sd == pytest.approx(
        np.std(2.0 * np.arange(6), ddof=1), rel=0.2
    )


def test_named_regions_stand_against_all_others_by_their_children():
    frame = pd.DataFrame(
        {
            "gemeente": [3, 5, 8, 9],
            "estimate": [40.0, 46.0, 44.0, 50.0],
            "std_error": [1.0, 2.0, 1.0, 3.0],
            "ci_low": 0.0,
            "ci_high": 0.0,
            "units_count": [300, 100, 200, 200],
            "clusters_count": 50,
        }
    )
    made = named_regions(Estimate(frame, "", "clustered by family", 800, 4), {"a": [3, 5], "b": [7], "c": [3, 5, 8, 9]})
    rows = made.frame.set_index("term")
    assert rows.loc["a", "estimate"] == pytest.approx((300 * 40 + 100 * 46) / 400 - 47)
    assert rows.loc["a", "std_error"] == pytest.approx(np.sqrt(0.75**2 + (0.25 * 2) ** 2 + 0.5**2 + 1.5**2))
    assert rows.loc[["b", "c"], "estimate"].isna().all()
    assert rows["units_count"].tolist() == [400, 0, 800]


@pytest.mark.parametrize("change", [0.0, 0.1])
def test_a_planted_change_of_the_slope_by_cohort_is_found(change):
    rng = np.random.default_rng(6)
    parent, born = rng.uniform(0, 100, 20_000), rng.integers(1980, 1995, 20_000)
    rank = 40 + parent * (0.2 + change * (born - 1987) / 10) + 15 * rng.standard_normal(20_000)
    frame = pd.DataFrame(
        {
            "person": range(20_000),
            "family": np.arange(20_000) // 2,
            "place": np.arange(20_000) % 300,
            "birth_year": born,
            "female": rng.integers(0, 2, 20_000).astype(float),
            "childhood_years": 10,
            "parent_rank_teenage": parent,
            "adult_rank": rank,
        }
    )
    rows = slope_by_cohort(frame).frame.set_index("term")
    assert abs(rows.loc[CHANGE, "estimate"] - change) < 4 * rows.loc[CHANGE, "std_error"]
    assert abs(rows.loc[LEVEL, "estimate"] - 0.2) < 4 * rows.loc[LEVEL, "std_error"]
