"""Mean-group estimators: one regression per unit by hand, common shocks, and units that have no regression."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import Design, regression
from buurteffect.estimate.regression.mean_groups import mean_group
from buurteffect.estimate.sample.estimation_sample import draw_sample

DESIGN = Design("y", "area", "year", None, covariates=("x",))


def heterogeneous(seed, units=40, times=30, factor=0.0, slope=0.5, spread=0.2):
    """Slopes around `slope` that differ by unit; a common factor moves outcome and regressor, unit by unit."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=times)
    loadings = rng.normal(1, 0.5, size=(2, units))
    x = rng.normal(size=(units, times)) + factor * loadings[0][:, None] * common
    slopes = slope + spread * rng.normal(size=units)
    y = rng.normal(size=(units, 1)) + slopes[:, None] * x + factor * loadings[1][:, None] * common
    y = y + 0.3 * rng.normal(size=(units, times))
    area, year = np.repeat(np.arange(units), times), np.tile(np.arange(times) + 1990, units)
    return pd.DataFrame({"area": area, "year": year, "x": x.ravel(), "y": y.ravel(), "region": area // 4})


def by_hand(frame, columns):
    """Coefficients of each unit's own regression, the intercept first."""
    found = []
    for _, rows in frame.groupby("area"):
        values = np.column_stack([np.ones(len(rows)), rows[columns].to_numpy()])
        found.append(np.linalg.lstsq(values, rows["y"].to_numpy(), rcond=None)[0])
    return np.array(found)


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_the_estimate_is_the_mean_of_the_units_and_its_error_their_spread(share):
    frame = heterogeneous(1).sample(frac=share, random_state=3)
    slopes = by_hand(frame, ["x"])
    made = mean_group(draw_sample(frame, DESIGN)).frame
    assert list(made["term"]) == ["intercept", "x"]
    np.testing.assert_allclose(made["estimate"], slopes.mean(axis=0), atol=1e-10)
    np.testing.assert_allclose(made["std_error"], slopes.std(axis=0, ddof=1) / np.sqrt(len(slopes)), atol=1e-10)


@pytest.mark.parametrize("share", [1.0, 0.7])
def test_common_correlated_effects_and_a_trend_are_further_columns_of_each_units_regression(share):
    frame = heterogeneous(2, factor=1.0).sample(frac=share, random_state=3)
    means = frame.groupby("year")[["y", "x"]].transform("mean").add_suffix("_mean")
    wide = pd.concat([frame, means], axis=1).assign(trend=frame["year"] - 1989.0)
    slopes = by_hand(wide, ["x", "y_mean", "x_mean", "trend"])
    made = mean_group(draw_sample(frame, DESIGN), "ccemg", trend=True).frame
    assert list(made["term"]) == ["intercept", "x", "mean of y", "mean of x", "trend"]
    np.testing.assert_allclose(made["estimate"], slopes.mean(axis=0), atol=1e-8)
    less = frame.assign(x=frame["x"] - means["x_mean"], y=frame["y"] - means["y_mean"])
    found = mean_group(draw_sample(frame, DESIGN), "dmg").frame["estimate"]
    np.testing.assert_allclose(found, by_hand(less, ["x"]).mean(axis=0), atol=1e-10)


def test_a_planted_mean_slope_is_recovered_where_a_common_factor_misleads_the_plain_one():
    frame = heterogeneous(3, units=100, factor=1.0)
    plain, common = (mean_group(draw_sample(frame, DESIGN), kind).row(term="x") for kind in ("mg", "ccemg"))
    assert plain["estimate"] - 0.5 > 5 * plain["std_error"]
    assert abs(common["estimate"] - 0.5) < 3 * common["std_error"]
    assert common["std_error"] < 0.05


def test_units_without_a_regression_of_their_own_are_left_out_and_counted():
    frame = heterogeneous(4, units=6)
    frame.loc[frame["area"] == 1, "x"] = 7.3
    short = frame[(frame["area"] != 2) | (frame["year"] < 1992)]
    made = mean_group(draw_sample(short, DESIGN))
    assert dict(made.dropped) == {"units without a regression of their own": 2}
    slopes = by_hand(frame[~frame["area"].isin([1, 2])], ["x"])
    np.testing.assert_allclose(made.frame["estimate"], slopes.mean(axis=0), atol=1e-10)
    assert made.frame["units_count"].tolist() == [4, 4]
    few = frame[frame["area"].isin([0, 1])]
    with pytest.raises(EstimationError, match="1 of 2 units can carry a regression of their own"):
        mean_group(draw_sample(few, DESIGN))
    twice = frame.assign(x2=frame["x"] * 2)
    with pytest.raises(EstimationError, match="in each of which x, x2 change"):
        mean_group(draw_sample(twice, replace(DESIGN, covariates=("x", "x2"))))


def test_clusters_that_the_design_names_are_used():
    frame = heterogeneous(5)
    slopes = by_hand(frame, ["x"])[:, 1]
    off = (slopes - slopes.mean()).reshape(10, 4).sum(axis=1)
    made = mean_group(draw_sample(frame, replace(DESIGN, clusters="region")))
    assert made.row(term="x")["std_error"] == pytest.approx(np.sqrt((off**2).sum() * 10 / 9) / 40, abs=1e-10)
    assert "summed by region" in made.error_convention
    assert "9 degrees of freedom" in made.error_convention


def test_treatment_of_each_unit_against_itself_is_no_headline():
    frame = heterogeneous(6, units=20).assign(start=lambda d: np.where(d["area"] % 2, 2005.0, np.nan))
    frame["y"] += 0.8 * (frame["year"] >= frame["start"])
    design = replace(DESIGN, cohort="start")
    made = regression.mean_group(frame, design)
    row = made.row(term="treated")
    assert abs(row["estimate"] - 0.8) < 3 * row["std_error"]
    assert dict(made.dropped) == {"units without a regression of their own": 10}
    assert not made.may_be_headline
    assert regression.mean_group(frame, design, "ccemg").may_be_headline


def test_order_and_names_change_nothing_and_odd_settings_are_refused():
    frame = heterogeneous(7)
    first = regression.mean_group(frame, DESIGN, "ccemg").frame
    shuffled = frame.sample(frac=1.0, random_state=1).assign(area=lambda d: "a" + d["area"].astype(str))
    pd.testing.assert_frame_equal(regression.mean_group(shuffled, DESIGN, "ccemg").frame, first, rtol=1e-8)
    with pytest.raises(CallError, match="kind must be mg, ccemg, dmg, found 'pmg'"):
        regression.mean_group(frame, DESIGN, "pmg")
    assert "no weights" in regression.mean_group(frame.assign(w=1.0), replace(DESIGN, weights="w")).reason


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mg", "ccemg", "dmg"])
def test_null_panels_are_rejected_in_about_5_percent(kind):
    rejected = [
        mean_group(draw_sample(heterogeneous(seed, slope=0.0), DESIGN), kind).row(term="x")["p_value"] < 0.05
        for seed in range(600)
    ]
    assert 0.03 <= np.mean(rejected) <= 0.08
