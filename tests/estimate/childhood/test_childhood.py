"""Movers, siblings and the models beside them: planted slopes are found, and selection is not taken for one."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from childhood_worlds import childhoods
from linearmodels.iv import IV2SLS

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.design import ChildDesign
from buurteffect.estimate.childhood.family_effects import RANDOM, RANDOM_WITH_MEANS, correlated_effects, mixed_slopes
from buurteffect.estimate.childhood.measurement_error import ALL, INSTRUMENTED, SAMPLE, measured_slopes
from buurteffect.estimate.childhood.movers import (
    AGES,
    MoversDesign,
    linearity_test,
    movers_by_age,
    movers_sample,
    movers_slope,
    placebo_after,
)
from buurteffect.estimate.childhood.movers_and_siblings import MOVERS, SIBLINGS, TOGETHER, both_designs
from buurteffect.estimate.childhood.siblings import (
    VARYING,
    exposure_between,
    exposure_spline,
    naive_slopes,
    nonlinear_slope,
    sibling_slope,
    slope_by_mix,
    slopes_by_age,
)
from buurteffect.estimate.inference.wald import joint_test
from buurteffect.estimate.regression.ols_iv import Equation, ivreg


@pytest.fixture(scope="module")
def world():
    return childhoods(1)


def first(estimate):
    return estimate.frame.iloc[0]


def near(row, truth, errors=3.5):
    return abs(row["estimate"] - truth) < errors * row["std_error"]


@pytest.mark.parametrize("estimator", [movers_slope, sibling_slope])
def test_the_planted_slope_is_found_and_the_comparison_of_children_misses_it(world, estimator):
    children, _ = world
    row, naive = first(estimator(children)), first(naive_slopes(children))
    assert row["std_error"] < 0.1
    assert near(row, 1.0)
    assert naive["estimate"] - 1.0 > 10 * naive["std_error"]


@pytest.mark.parametrize("estimator", [movers_slope, sibling_slope])
def test_no_slope_is_found_where_only_families_differ(estimator):
    children, _ = childhoods(2, slope=0.0)
    assert near(first(estimator(children)), 0.0)
    assert first(naive_slopes(children))["p_value"] < 1e-6


@pytest.mark.slow
def test_intervals_cover_the_planted_slope_as_often_as_they_say():
    covered = {"movers": [], "siblings": [], "together": []}
    for seed in range(40):
        children, _ = childhoods(100 + seed, families=500)
        table = both_designs(children)[0].frame.set_index("term")
        for name, term in (("movers", MOVERS), ("siblings", SIBLINGS), ("together", TOGETHER)):
            covered[name].append(table.loc[term, "ci_low"] <= 1.0 <= table.loc[term, "ci_high"])
    assert all(np.mean(found) >= 0.85 for found in covered.values()), {k: np.mean(v) for k, v in covered.items()}


def test_the_slope_of_movers_is_two_stage_least_squares():
    children, _ = childhoods(3, families=400)
    design = MoversDesign(clusters=("family",))
    sample = movers_sample(children, design.first_age, design.last_age)
    dummies = pd.get_dummies(sample[["birth_year", "move_age"]].astype(int).astype(str), drop_first=True, dtype=float)
    names = ["gap", "origin", "origin_years", "childhood_years", *design.controls]
    controls = np.column_stack([sample[names].to_numpy(float), dummies.to_numpy(), np.ones(len(sample))])
    outside = IV2SLS(
        sample["adult_rank"].to_numpy(), controls, sample["exposure"].to_numpy(), sample["predicted"].to_numpy()
    )
    fitted = outside.fit(cov_type="clustered", clusters=sample["family"].to_numpy(), debiased=False)
    row = first(movers_slope(children, design))
    assert row["estimate"] == pytest.approx(float(fitted.params.iloc[-1]), rel=1e-8)
    families, rows, parameters = sample["family"].nunique(), len(sample), controls.shape[1] + 1
    # linearmodels' clustered sandwich without its small-sample factor, times the project's.
    factor = families / (families - 1) * (rows - 1) / (rows - parameters)
    assert row["std_error"] == pytest.approx(float(fitted.std_errors.iloc[-1]) * np.sqrt(factor), rel=1e-6)


def test_the_slope_of_siblings_is_least_squares_on_differences_from_the_family():
    children, _ = childhoods(3, families=400)
    names = ["exposure", *VARYING]
    part = children.dropna(subset=["adult_rank", *names])
    part = part[part.groupby("family")["person"].transform("size") > 1]
    columns = part[["adult_rank", *names]].astype(float)
    columns -= columns.groupby(part["family"]).transform("mean")
    families = pd.factorize(part["family"])[0]
    outside = sm.OLS(columns["adult_rank"].to_numpy(), columns[names].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": families, "use_correction": False}
    )
    row, number = first(sibling_slope(children, ChildDesign(("family",)))), families.max() + 1
    assert row["estimate"] == pytest.approx(outside.params[0], rel=1e-8)
    # Effects of families lie within clusters: one parameter stands for them all.
    factor = number / (number - 1) * (len(part) - 1) / (len(part) - len(names) - 1)
    assert row["std_error"] == pytest.approx(outside.bse[0] * np.sqrt(factor), rel=1e-6)


def test_a_slope_by_hand():
    frame = pd.DataFrame(
        {"person": range(4), "family": [0, 0, 1, 1], "x": [0.0, 1.0, 0.0, 3.0], "y": [1.0, 3.0, 7.0, 10.0]}
    )
    solved = ivreg(frame, Equation("y", ("x",), effect="family"))
    # Differences within families: 2 for 1 and 3 for 3, weighted by the square of the difference.
    assert float(solved.fit.coefficients[0]) == pytest.approx((1 * 2 + 3 * 3) / (1 + 9))


def test_children_keep_less_of_a_gap_the_older_they_were_and_nothing_after_childhood(world):
    table = movers_by_age(world[0]).frame
    young, old = table.iloc[0], table[table["event_time"] > 19]
    assert near(young, 16.0 + (old["estimate"].mean()), 5)
    assert old["estimate"].std() < 1.5
    assert table["estimate"].iloc[:6].is_monotonic_decreasing


def test_a_line_is_not_rejected_where_all_years_count_alike_and_is_where_they_do_not(world):
    assert linearity_test(world[0]).p_value > 0.01
    bent = linearity_test(childhoods(5, window=(6, 11))[0])
    assert bent.restrictions == len(AGES) - 1
    assert bent.p_value < 0.001


def test_the_test_of_a_line_is_that_of_least_squares_with_dummies():
    children, _ = childhoods(3, families=400)
    design = MoversDesign(clusters=("family",))
    sample = movers_sample(children, AGES[0][0], AGES[-1][1])
    dummies = pd.get_dummies(sample[["birth_year", "move_age"]].astype(int).astype(str), drop_first=True, dtype=float)
    bins = np.column_stack([sample["gap"] * sample["move_age"].between(*ages) for ages in AGES[1:]])
    names = ["gap", "predicted", "origin", "origin_years", "childhood_years", *design.controls]
    columns = np.column_stack([bins, sample[names].to_numpy(float), dummies.to_numpy(), np.ones(len(sample))])
    outside = sm.OLS(sample["adult_rank"].to_numpy(), columns).fit(
        cov_type="cluster", cov_kwds={"groups": sample["family"].to_numpy(), "use_correction": False}
    )
    wald = float(np.squeeze(outside.wald_test(np.eye(9, columns.shape[1]), use_f=False, scalar=True).statistic))
    families, parameters = sample["family"].nunique(), np.linalg.matrix_rank(columns)
    factor = families / (families - 1) * (len(sample) - 1) / (len(sample) - parameters)
    found = linearity_test(children, design)
    assert found.statistic == pytest.approx(wald / 9 / factor, rel=1e-5)
    assert found.degrees == families - 1


def test_moves_after_childhood_show_nothing_and_a_broken_design_shows(world):
    assert near(first(placebo_after(world[0], 18, 33)), 0.0)
    children, _ = childhoods(4, placebo=0.5)
    assert first(placebo_after(children, 18, 33))["p_value"] < 1e-4


def test_nobody_who_moved_once_is_an_error_that_names_the_ages(world):
    with pytest.raises(EstimationError, match="between 60 and 70"):
        movers_slope(world[0], MoversDesign(first_age=60, last_age=70))


def test_mundlak_gives_the_slope_of_siblings_and_what_families_add(world):
    children, _ = world
    table = correlated_effects(children).frame.set_index("term")
    assert table.loc["exposure", "estimate"] == pytest.approx(first(sibling_slope(children))["estimate"], abs=1e-8)
    assert table.loc["between families", "p_value"] < 1e-6


def test_a_mixed_model_is_off_without_family_means_and_right_with_them(world):
    table = mixed_slopes(world[0])
    rows = table.frame.set_index("term")
    assert not near(rows.loc[RANDOM], 1.0)
    assert near(rows.loc[RANDOM_WITH_MEANS], 1.0)
    assert not table.may_be_headline


def test_the_years_that_count_are_told_from_those_that_do_not():
    children, years = childhoods(5, window=(6, 11))
    table, equal = slopes_by_age(children, years)
    rows = table.frame.set_index("term")
    assert near(rows.loc["6–11"], 1.0)
    assert near(rows.loc["0–5"], 0.0)
    assert near(rows.loc["23–27"], 0.0)
    assert equal.p_value < 0.001


def test_years_that_all_count_alike_are_not_told_apart(world):
    _, equal = slopes_by_age(*world)
    assert equal.restrictions == 2
    assert equal.p_value > 0.001


def test_a_planted_threshold_is_found_where_it_is_and_a_straight_line_is_left_alone(world):
    assert nonlinear_slope(*world)[1].p_value > 0.001
    children, years = childhoods(6, threshold=2.0)
    table, linear = nonlinear_slope(children, years)
    rows = table.frame.set_index("term")
    assert linear.p_value < 0.001
    assert near(rows.loc["15%"], -2.0)
    assert near(rows.loc["10%"], 0.0)


def test_a_mix_that_does_nothing_is_not_found_to_do_something(world):
    rows = slope_by_mix(*world).frame.set_index("term")
    assert near(rows.loc["exposure times mix"], 0.0)
    assert near(rows.loc["exposure"], 1.0)


def test_exposure_by_windows_adds_up_to_the_whole(world):
    children, years = world
    table = exposure_between(years, ((0, 8), (9, 17)))
    total = table["exposure_0_8"] + table["exposure_9_17"]
    np.testing.assert_allclose(total.loc[children["person"]], children["exposure"], atol=1e-9)


def test_a_spline_counts_only_what_lies_above_its_knot():
    years = pd.DataFrame(
        {"person": [1, 1, 2], "age": [3, 4, 5], "at_home": True, "low_income_share": [0.25, 0.05, 0.15]}
    )
    table = exposure_spline(years, (0.1,))
    np.testing.assert_allclose(table["above_10"], [1.5, 0.5])


def test_error_in_exposure_draws_the_slope_to_zero_and_a_second_measure_undoes_it(world):
    children, _ = world
    rng = np.random.default_rng(1)
    samples = pd.DataFrame(
        {name: children["exposure"] + 4 * rng.standard_normal(len(children)) for name in ("a", "b")}
    ).set_axis(children["person"])
    rows = measured_slopes(children, samples).frame.set_index("term")
    assert rows.loc[SAMPLE, "estimate"] < rows.loc[ALL, "estimate"] - 5 * rows.loc[SAMPLE, "std_error"]
    assert near(rows.loc[INSTRUMENTED], rows.loc[ALL, "estimate"])


def test_both_designs_weigh_by_precision_and_notice_where_they_disagree(world):
    table, agree = both_designs(world[0])
    rows = table.frame.set_index("term")
    assert rows.loc[TOGETHER, "std_error"] < rows.loc[[MOVERS, SIBLINGS], "std_error"].min()
    assert agree.p_value > 0.001
    broken = world[0].assign(adult_rank=world[0]["adult_rank"] + 2 * world[0]["exposure"] * (world[0]["family"] % 2))
    moved = broken[broken["family"] % 2 == 0].assign(person=lambda frame: frame["person"] + 10**6)
    only = pd.concat([broken[broken["family"] % 2 == 1].assign(move_age=np.nan), moved])
    assert both_designs(only)[1].p_value < 0.05 or near(rows.loc[MOVERS], 1.0)


def test_a_joint_test_needs_something_to_test(world):
    table = sibling_slope(world[0])
    with pytest.raises(EstimationError, match="tests nothing"):
        joint_test(table, [0], equal=True)
    with pytest.raises(EstimationError, match="needs the covariance"):
        joint_test(replace(table, covariance=None), [0])


def test_rows_that_cannot_be_used_are_counted(world):
    children = world[0].copy()
    children.loc[:4, "adult_rank"] = np.nan
    table = sibling_slope(children)
    assert ("rows with a missing value", 5) in table.dropped
    with pytest.raises(EstimationError, match="lacks mother"):
        ivreg(children, Equation("adult_rank", ("mother",)))
