"""Mixed models: closed forms of balanced layouts, lme4 on small samples, components of 0, searches that go astray."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate import Design, regression
from buurteffect.estimate.regression import variance_components
from buurteffect.estimate.regression.line_search import least_point
from buurteffect.estimate.regression.mixed import mixed_model
from buurteffect.estimate.regression.variance_components import Levels, Spread, find_spread
from buurteffect.estimate.sample.estimation_sample import draw_sample

DESIGN = Design("y", "area", "year", None, covariates=("x",))
NESTED = replace(DESIGN, clusters=("gem",))


def nested(seed, gem_sd=0.0, area_sd=1.0, slope_sd=0.0, gems=12, areas=5, times=4):
    """Areas in gemeenten; x is white noise with slope 1."""
    rng = np.random.default_rng(seed)
    area = np.repeat(np.arange(gems * areas), times)
    gem = area // areas
    x = rng.normal(size=len(area))
    y = gem_sd * rng.normal(size=gems)[gem] + area_sd * rng.normal(size=gems * areas)[area]
    y = y + (1 + slope_sd * rng.normal(size=gems)[gem]) * x + rng.normal(size=len(area))
    return pd.DataFrame({"area": area, "gem": gem, "year": np.tile(np.arange(times), gems * areas), "x": x, "y": y})


def balanced(seed=1, gems=8, areas=5):
    """As `nested`, with the same −1, 1, −1, 1 of x in every area: all sums of squares are orthogonal."""
    frame = nested(seed, gem_sd=0.8, gems=gems, areas=areas)
    return frame.assign(y=frame["y"] - frame["x"] + (frame["year"] % 2 * 2 - 1), x=frame["year"] % 2 * 2.0 - 1)


def squares(frame):
    """Mean squares between gemeenten, between areas within them, and within areas less x; and the slope."""
    rows = len(frame)
    slope = float((frame["x"] * frame["y"]).sum() / (frame["x"] ** 2).sum())
    area, gem = (frame.groupby(name)["y"].transform("mean") for name in ("area", "gem"))
    areas, gems = frame["area"].nunique(), frame["gem"].nunique()
    within = ((frame["y"] - area - slope * frame["x"]) ** 2).sum() / (rows - areas - 1)
    return (
        float(((gem - frame["y"].mean()) ** 2).sum() / (gems - 1)),
        float(((area - gem) ** 2).sum() / (areas - gems)),
        float(within),
        slope,
    )


def components(fit):
    """Components by name."""
    return fit.variances.set_index("component")["variance"].to_dict()


def test_one_level_in_a_balanced_layout_has_the_components_of_an_analysis_of_variance():
    frame = balanced()
    area_squares = ((frame.groupby("area")["y"].transform("mean") - frame["y"].mean()) ** 2).sum() / 39
    _, _, within, slope = squares(frame)
    for asked in (regression.mixed_model(frame, DESIGN), regression.mixed_model(frame, NESTED, "area", "area")):
        assert components(asked) == pytest.approx({"area": (area_squares - within) / 4, "residual": within}, rel=1e-7)
        row = asked.effects.row(term="x")
        assert (row["estimate"], row["std_error"]) == pytest.approx((slope, np.sqrt(within / 160)), rel=1e-8)
        assert asked.effects.row(term="intercept")["std_error"] == pytest.approx(np.sqrt(area_squares / 160), rel=1e-7)
        assert asked.effects.method.startswith("random intercepts of area, restricted")


def test_two_levels_in_a_balanced_layout_have_the_components_of_an_analysis_of_variance():
    frame = balanced()
    between, middle, within, slope = squares(frame)
    fit = regression.mixed_model(frame, NESTED)
    expected = {"gem": (between - middle) / 20, "area": (middle - within) / 4, "residual": within}
    assert components(fit) == pytest.approx(expected, rel=1e-6)
    assert fit.effects.row(term="x")["estimate"] == pytest.approx(slope, rel=1e-9)
    assert fit.effects.row(term="intercept")["std_error"] == pytest.approx(np.sqrt(between / 160), rel=1e-6)


def test_random_slopes_in_a_balanced_layout_have_the_components_of_the_units_regressions():
    """With the same x in every group, slopes and intercepts of groups are independent: their variances by hand."""
    frame = nested(3, gems=30, areas=1, times=8)
    x = np.tile(np.linspace(-1, 1, 8), 30)
    rng = np.random.default_rng(8)
    slopes, levels = 1 + 0.8 * rng.normal(size=30), 0.7 * rng.normal(size=30)
    frame["y"] = levels[frame["gem"]] + slopes[frame["gem"]] * x + rng.normal(size=len(frame))
    frame["x"] = x
    own = np.array([np.polyfit(part["x"], part["y"], 1) for _, part in frame.groupby("area")])
    left = frame["y"] - own[frame["area"], 1] - own[frame["area"], 0] * x
    residual = float((left**2).sum() / (240 - 60))
    spread = np.cov(own.T)
    fit = regression.mixed_model(frame, DESIGN, slopes="x")
    expected = {
        "area": spread[1, 1] - residual / 8,
        "area: slope of x": spread[0, 0] - residual / (x[:8] ** 2).sum(),
        "area: covariance of intercept and x": spread[0, 1],
        "residual": residual,
    }
    assert components(fit) == pytest.approx(expected, rel=1e-5)
    row = fit.effects.row(term="x")
    assert (row["estimate"], row["std_error"]) == pytest.approx(
        (own[:, 0].mean(), np.sqrt(spread[0, 0] / 30)), rel=1e-6
    )
    assert "slopes of x by area" in fit.effects.method
    apart = regression.mixed_model(frame, DESIGN, slopes=("x",), correlated=False)
    expected.pop("area: covariance of intercept and x")
    assert components(apart) == pytest.approx(expected, rel=1e-5)


LME4 = [
    (0, {}, (0.0, 1.28968, 0.9848665), (0.1600032, 0.0736745)),
    (2, {}, (0.1408681, 1.037212, 0.9688134), (0.1818313, 0.0693152)),
    (0, {"gem_sd": 0.5, "area_sd": 0.0}, (0.2148065, 0.011214, 0.9837639), (0.1489584, 0.0652911)),
    (1, {"gem_sd": 0.5, "area_sd": 0.0}, (0.1222164, 0.0, 0.9114918), (0.1184318, 0.0676929)),
]
"""Seed and settings, lme4 1.1.31's components (gemeente, area, residual) and standard errors. In the third statsmodels'
own search stops at no variance of areas, where the criterion lies 2.6 above its minimum."""


@pytest.mark.parametrize(("seed", "settings", "variances", "errors"), LME4)
def test_small_samples_meet_lme4_with_components_of_0_and_where_one_search_stops_early(
    seed, settings, variances, errors
):
    fit = regression.mixed_model(nested(seed, **settings), NESTED)
    np.testing.assert_allclose(fit.variances["variance"], variances, atol=2e-6)
    np.testing.assert_allclose(fit.effects.frame["std_error"], errors, atol=1e-6)


def test_a_search_that_never_left_its_start_is_not_taken(monkeypatch):
    """One wide group: the variance came out as the start value, equal to the residual, with a threefold error."""
    frame = nested(1, gem_sd=0.5)
    fit = regression.mixed_model(frame, NESTED)
    monkeypatch.setattr(variance_components, "_search", lambda columns, correlated: Spread(np.eye(1), 1.0))
    again = regression.mixed_model(frame, NESTED)
    assert components(again) == pytest.approx(components(fit), rel=1e-4)
    start = lambda columns, start, correlated: Spread(np.eye(1), 1.0)  # noqa: E731
    monkeypatch.setattr(variance_components, "_searched_on", start)
    monkeypatch.setattr(variance_components, "_at_bound", lambda *_: None)
    refused = regression.mixed_model(frame, NESTED)
    assert "stopped early: the criterion lies" in refused.reason


def test_a_component_about_which_the_rows_say_nothing_is_refused():
    rows = np.column_stack([np.ones(12), np.arange(12.0) % 5])
    alone = Levels(rows, np.ones((12, 1)), np.zeros(12, dtype=int), None)
    with pytest.raises(EstimationError, match=r"say too little|may be 0"):
        variance_components._checked(alone, Spread(np.eye(1), 0.0), True)
    with pytest.raises(EstimationError, match="not found"):
        find_spread(alone, True, "gem", "gem", Spread(np.array([[np.nan]]), 0.0))


def test_levels_that_cannot_be_told_apart_are_refused_by_name():
    frame = nested(1, gem_sd=0.5)

    def reason(rows, design=NESTED, **named):
        return regression.mixed_model(rows, design, **named).reason

    assert "there is one gem" in reason(frame.assign(gem=1))
    assert "area and gem are the same groups" in reason(frame.assign(gem=frame["area"] + 100))
    assert "every area has one row" in reason(frame[frame["year"] == 0])
    assert "area is not nested within gem" in reason(frame.assign(gem=frame["gem"] + frame["year"] % 2))
    assert "half is missing in 80 rows" in reason(frame.assign(half=frame["gem"].where(frame["gem"] > 3)), wide="half")
    assert "no weights" in reason(frame.assign(w=1.0), replace(NESTED, weights="w"))
    assert "x, x2 explain each other" in reason(frame.assign(x2=frame["x"]), replace(NESTED, covariates=("x", "x2")))
    with pytest.raises(CallError, match="slopes of z need these as regressors; there are x"):
        regression.mixed_model(frame, NESTED, slopes="z")


def test_a_missing_column_is_named():
    frame = nested(1)
    with pytest.raises(MissingColumnError, match="the panel lacks wijk"):
        regression.mixed_model(frame, NESTED, "wijk")
    with pytest.raises(MissingColumnError, match="no column 'wijk'"):
        mixed_model(draw_sample(frame, NESTED), "area", "wijk")


def test_slopes_that_vary_are_found_and_a_planted_effect_is_recovered():
    fit = regression.mixed_model(nested(5, gem_sd=0.5, slope_sd=0.4, gems=60), NESTED, slopes="x")
    found = components(fit)
    assert found["gem: slope of x"] == pytest.approx(0.16, abs=0.09)
    assert found["gem"] == pytest.approx(0.25, abs=0.2)
    assert found["area"] == pytest.approx(1.0, abs=0.25)
    row = fit.effects.row(term="x")
    assert abs(row["estimate"] - 1) < 3 * row["std_error"]
    fixed = regression.mixed_model(nested(5, gem_sd=0.5, slope_sd=0.4, gems=60), NESTED)
    assert row["std_error"] > 1.3 * fixed.effects.row(term="x")["std_error"]


def test_slopes_that_do_not_vary_are_refused_with_what_to_do_or_small():
    outcomes = [regression.mixed_model(nested(seed, gem_sd=0.5), NESTED, slopes="x") for seed in range(4)]
    refused = [made.reason for made in outcomes if not made]
    assert refused
    assert all("leave it out, or set correlated=False" in reason for reason in refused)
    assert all(components(made)["gem: slope of x"] < 0.1 for made in outcomes if made)


def test_order_and_units_of_measurement_change_nothing():
    frame = nested(5, gem_sd=0.5, slope_sd=0.4, gems=20)
    first = regression.mixed_model(frame, NESTED, slopes="x")
    other = regression.mixed_model(
        frame.sample(frac=1.0, random_state=1).assign(y=frame["y"] * 1e4 + 7, x=frame["x"] / 1e3), NESTED, slopes="x"
    )
    scale = np.array([1e8, 1e14, 1e11, 1e8, 1e8])
    np.testing.assert_allclose(other.variances["variance"], first.variances["variance"] * scale, rtol=1e-4)
    np.testing.assert_allclose(
        other.effects.frame["std_error"], first.effects.frame["std_error"] * [1e4, 1e7], rtol=1e-5
    )


@pytest.mark.slow
def test_null_slopes_are_rejected_in_about_5_percent():
    rejected = []
    for seed in range(300):
        frame = nested(seed, gem_sd=0.5)
        made = regression.mixed_model(frame.assign(y=frame["y"] - frame["x"]), NESTED)
        rejected.append(made.effects.row(term="x")["p_value"] < 0.05)
    assert 0.025 <= np.mean(rejected) <= 0.085


def test_a_search_over_one_number_says_where_it_ended():
    assert least_point(lambda at: (at - 2) ** 2, 0, 5, 1e-8, "the scale") == pytest.approx(2, abs=1e-6)
    with pytest.raises(EstimationError, match="ended at 5, the largest value looked at"):
        least_point(lambda at: -at, 0, 5, 1e-8, "the scale")
    with pytest.raises(EstimationError, match="say nothing about the scale"):
        least_point(lambda at: 3.0, 0, 5, 1e-8, "the scale")
    with pytest.raises(EstimationError, match="did not converge"):
        least_point(lambda at: float("nan"), 0, 5, 1e-8, "the scale")
