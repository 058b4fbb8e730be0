"""Errors by name: hand calculations, statsmodels on a regression with dummies, and calls that name their columns."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from effect_worlds import PLAIN, dummies, simulated, two_by_two

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate import Design, inference, regression
from buurteffect.estimate.inference.conley import ConleyErrors
from buurteffect.estimate.inference.sandwich import (
    ClusteredErrors,
    DriscollKraayErrors,
    IndependentErrors,
    NeweyWestErrors,
    RobustErrors,
    covariance,
)
from buurteffect.estimate.inference.small_sample import SANDWICH, leverages
from buurteffect.estimate.regression.absorbed_effects import feols, fit_effects
from buurteffect.estimate.regression.panel_ols import fit_two_way, twfe
from buurteffect.estimate.regression.regressors import default_regressors
from buurteffect.estimate.sample.estimation_sample import draw_sample

WITH_X = replace(PLAIN, covariates=("x",))
KINDS = ("HC0", "HC1", "HC2", "HC3")
STAGGERED = (np.nan, 2004.0, 2006.0)


def test_robust_errors_of_two_groups_in_two_years_by_hand():
    """Six parameters (four units, two years, one effect) over eight rows that are all alike: each leverage is 6/8.

    Half of what a change is off the mean of its group is left in each of its two rows, treatment after the effects is
    1/4 or −1/4 there, and its squares add up to 1/2.
    """
    sample = draw_sample(two_by_two(), PLAIN)
    fit = fit_two_way(sample, default_regressors(sample))
    np.testing.assert_allclose(leverages(fit), 6 / 8)
    changes = np.array([1.0, 1.0, -1.0, -1.0, -0.5, -0.5, 0.5, 0.5])
    half = np.sqrt((changes**2 / 16).sum())
    expected = {"HC0": half, "HC1": half * np.sqrt(8 / 2), "HC2": half / np.sqrt(1 / 4), "HC3": half / (1 / 4)}
    for kind, value in expected.items():
        found = twfe(sample, RobustErrors(kind)).row(term="treated")["std_error"]
        assert found == pytest.approx(value, abs=1e-12), kind


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_robust_errors_are_those_of_a_regression_with_dummies(kind, share):
    panel = simulated(5, cohorts=STAGGERED).sample(frac=share, random_state=1)
    sample = draw_sample(panel, WITH_X)
    regressors = default_regressors(sample)
    columns = [regressors.values, dummies(sample.unit_codes), dummies(sample.time_codes)[:, 1:]]
    theirs = getattr(sm.OLS(sample.outcome, np.column_stack(columns)).fit(), f"{kind}_se")[:2]
    for found in (twfe(sample, RobustErrors(kind)), feols(sample, sample.design.key, RobustErrors(kind))):
        np.testing.assert_allclose(found.frame["std_error"], theirs, rtol=1e-8)
        assert kind in found.error_convention
        assert f"t distribution with {sample.rows_count - sum(c.shape[1] for c in columns)} degrees" in (
            found.error_convention
        )


def test_leverages_with_three_sets_of_effects_are_those_of_dummies():
    panel = simulated(5).assign(third=lambda d: (np.arange(len(d)) * 7) % 11)
    sample = draw_sample(panel, WITH_X, extra=("third",))
    fit = fit_effects(sample, ("area_code", "year", "third"), default_regressors(sample))
    every = np.column_stack([default_regressors(sample).values, *map(dummies, fit.effects)])
    np.testing.assert_allclose(leverages(fit), np.diag(every @ np.linalg.pinv(every)), atol=1e-9)


def test_what_fixest_calls_hetero_is_hc1():
    sample = draw_sample(simulated(6), WITH_X)
    fit = fit_two_way(sample, default_regressors(sample))
    rows, parameters = sample.rows_count, 2 + 60 + 8 - 1
    plain = covariance(fit, RobustErrors("HC0")).std_errors
    for name in ("hetero", "robust", "HC1"):
        found = covariance(fit, RobustErrors(name)).std_errors
        np.testing.assert_allclose(found, plain * np.sqrt(rows / (rows - parameters)), rtol=1e-12)


def test_names_that_are_none_and_rows_that_hc3_cannot_take_are_refused():
    with pytest.raises(CallError, match="HC0, HC1, HC2, HC3, found 'HC9'"):
        RobustErrors("HC9")
    panel = simulated(6)
    alone = panel[(panel["area_code"] != "BU00000003") | (panel["year"] == 2004)]
    sample = draw_sample(alone, WITH_X)
    with pytest.raises(EstimationError, match=r"1 rows are fitted exactly .* HC3 divides by 0"):
        feols(sample, sample.design.key, RobustErrors("HC3"))
    weighted = draw_sample(panel.assign(w=1.0), replace(WITH_X, weights="w"))
    with pytest.raises(EstimationError, match="without weights"):
        twfe(weighted, RobustErrors("HC2"))
    assert twfe(weighted, RobustErrors("HC0")).frame["std_error"].gt(0).all()


def test_newey_west_of_a_short_panel_is_the_sum_by_hand():
    sample = draw_sample(simulated(6), WITH_X)
    fit = fit_two_way(sample, default_regressors(sample))
    scores = fit.scores
    expected = np.zeros((2, 2))
    for one in range(sample.rows_count):
        for other in range(sample.rows_count):
            apart = abs(sample.times[one] - sample.times[other])
            if sample.unit_codes[one] == sample.unit_codes[other] and apart <= 2:
                expected += (1 - apart / 3) * np.outer(scores[one], scores[other])
    np.testing.assert_allclose(NeweyWestErrors(2).meat(fit).matrix, expected, rtol=1e-10)


def test_a_pair_across_a_gap_is_a_lag_of_the_panel_and_not_of_the_unit():
    panel = simulated(6)
    gaps = panel[(panel["year"] != 2004) | (panel["area_code"] > "BU00000030")]
    sample = draw_sample(gaps, WITH_X)
    fit = fit_two_way(sample, default_regressors(sample))
    earlier = pd.DataFrame({"unit": sample.unit_codes, "time": sample.times, "at": range(sample.rows_count)})
    pairs = earlier.merge(earlier.assign(time=earlier["time"] + 1), on=["unit", "time"])
    product = fit.scores[pairs["at_x"]].T @ fit.scores[pairs["at_y"]]
    expected = fit.scores.T @ fit.scores + 0.5 * (product + product.T)
    np.testing.assert_allclose(NeweyWestErrors(1).meat(fit).matrix, expected, rtol=1e-10)


def test_newey_west_has_the_factor_of_fixest():
    """G is the number of times, and neither effects of units nor of times count: K is the coefficients and one."""
    sample = draw_sample(simulated(6), WITH_X)
    bare = twfe(sample, NeweyWestErrors(2), SANDWICH).frame["std_error"]
    rows = sample.rows_count
    factor = np.sqrt((rows - 1) / (rows - 3) * 8 / 7)
    made = twfe(sample, NeweyWestErrors(2))
    np.testing.assert_allclose(made.frame["std_error"], bare * factor, rtol=1e-12)
    assert "t distribution with 7 degrees" in made.error_convention
    assert "clustered sandwiches" not in made.error_convention


def test_newey_west_without_lags_is_white():
    sample = draw_sample(simulated(6), WITH_X)
    none, white = (twfe(sample, errors, SANDWICH).frame for errors in (NeweyWestErrors(0), RobustErrors("HC0")))
    np.testing.assert_allclose(none["std_error"], white["std_error"], rtol=1e-12)


@pytest.mark.parametrize(("times", "lags"), [(8, 1), (15, 1), (16, 2), (20, 2)])
def test_the_default_lag_is_the_fourth_root_of_the_times(times, lags):
    sample = draw_sample(simulated(6, times=times), WITH_X)
    for kind in (NeweyWestErrors, DriscollKraayErrors):
        pd.testing.assert_frame_equal(twfe(sample, kind()).frame, twfe(sample, kind(lags)).frame)
    with pytest.raises(EstimationError, match=f"between 0 and {times - 1}, found {times}"):
        twfe(sample, NeweyWestErrors(times))


def test_a_call_keeps_the_columns_that_its_errors_name():
    panel = simulated(6).assign(lat=lambda d: 52 + d["area_code"].str[-2:].astype(int) / 30, lon=5.0)
    design = Design("y", covariates=("x",))
    by_name = regression.twfe(panel, design, inference.ClusteredErrors(("gemeente_code",)))
    as_design = regression.twfe(panel, replace(design, clusters="gemeente_code"))
    pd.testing.assert_frame_equal(by_name.frame, as_design.frame)
    far = inference.ConleyErrors(20, ("lat", "lon"), "spherical", "bartlett")
    for call in (
        lambda errors: regression.twfe(panel, design, errors),
        lambda errors: regression.feols(panel, design, design.key, errors),
        lambda errors: regression.first_differences(panel, design, errors=errors),
        lambda errors: regression.random_effects(panel, design, errors),
        lambda errors: regression.twfe_event_study(panel, design, errors=errors),
    ):
        made = call(far)
        assert made, made.reason
        assert "Conley, bartlett kernel to 20 km" in made.error_convention
    with pytest.raises(MissingColumnError, match="the panel lacks height"):
        regression.twfe(panel, design, inference.ConleyErrors(20, ("lat", "height")))
    with pytest.raises(CallError, match="'bartlett' \\(triangular\\), found 'gaussian'"):
        inference.ConleyErrors(20, ("lat", "lon"), kernel="gaussian")


def cross_section():
    """Six places on a line, 1 km apart."""
    place = np.arange(6)
    return pd.DataFrame(
        {"area": place, "year": 2020, "east": place * 1000.0, "north": 0.0, "x": [0.0, 1, 0, 1, 0, 1]}
    ).assign(y=[1.0, 2, 0, 4, 2, 3])


def test_errors_by_distance_on_a_cross_section_by_hand():
    """Means 1 and 3: residuals 0, −1, −1, 1, 1, 0; the triangle to 2 km weighs neighbours by 1/2."""
    frame = cross_section()
    residuals = np.array([0.0, -1, -1, 1, 1, 0])
    apart = np.abs(np.subtract.outer(range(6), range(6)))
    kernel = np.where(apart <= 2, 1 - apart / 2, 0.0)
    columns = np.column_stack([np.ones(6), frame["x"]])
    half = np.linalg.inv(columns.T @ columns) @ (columns * residuals[:, None]).T
    expected = np.sqrt(np.diag(half @ kernel @ half.T) * 5 / 4)
    design = Design("y", "area", "year", None, covariates=("x",), coordinates_m=("east", "north"))
    made = regression.feols(frame, design, (), inference.conley_errors(design, 2.0, "bartlett"))
    np.testing.assert_allclose(made.frame["estimate"], [1.0, 2.0])
    np.testing.assert_allclose(made.frame["std_error"], expected)
    errors = ConleyErrors(2.0, ("east", "north"), kernel="triangular")  # another name of the same
    equation = regression.Equation("y", ("x",), unit="area", errors=errors)
    again = regression.ivreg(frame, equation).table("by distance")
    np.testing.assert_allclose(again.frame["std_error"], made.frame["std_error"][1:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_regression_without_effects_is_least_squares_with_an_intercept(kind):
    frame = simulated(3)[lambda d: d["year"] == 2003]
    design = Design("y", cohort=None, covariates=("x",))
    theirs = sm.OLS(frame["y"].to_numpy(), sm.add_constant(frame["x"].to_numpy())).fit()
    made = regression.feols(frame, design, (), RobustErrors(kind)).frame
    assert list(made["term"]) == ["intercept", "x"]
    np.testing.assert_allclose(made["estimate"], theirs.params, rtol=1e-10)
    np.testing.assert_allclose(made["std_error"], getattr(theirs, f"{kind}_se"), rtol=1e-10)
    plain = regression.feols(frame, design, (), IndependentErrors()).frame
    np.testing.assert_allclose(plain["std_error"], theirs.bse, rtol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("errors", [RobustErrors("HC1"), RobustErrors("HC3"), NeweyWestErrors()])
def test_null_panels_with_independent_errors_are_rejected_in_about_5_percent(errors):
    rejected = [
        twfe(draw_sample(simulated(seed, times=16, shock_sd=0.0), WITH_X), errors).row(term="treated")["p_value"] < 0.05
        for seed in range(300)
    ]
    assert 0.03 <= np.mean(rejected) <= 0.08


def test_errors_that_know_nothing_of_clusters_do_not_ask_for_them():
    assert RobustErrors().columns == IndependentErrors.columns == NeweyWestErrors().columns == ()
    assert ClusteredErrors(("a", "b")).columns == ("a", "b")
