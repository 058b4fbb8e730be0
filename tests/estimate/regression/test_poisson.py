"""Poisson regressions with fixed effects: hand calculations, statsmodels with dummies, separation and refusals."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from effect_worlds import PLAIN, dummies, renamed, simulated, two_by_two
from hash_seeds import under_hash_seeds

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.sandwich import ClusteredErrors, IndependentErrors, RobustErrors
from buurteffect.estimate.inference.small_sample import SANDWICH
from buurteffect.estimate.regression import absorbed_effects
from buurteffect.estimate.regression.absorbed_effects import fepois
from buurteffect.estimate.sample.estimation_sample import draw_sample

WITH_X = replace(PLAIN, covariates=("x",))
KEY = ("area_code", "year")
STAGGERED = (np.nan, 2004.0, 2006.0)


def counted(seed: int, **settings: object) -> pd.DataFrame:
    """Counts whose logarithm of the mean is the outcome of a simulated panel."""
    panel = simulated(seed, **settings)
    level = panel["y"] - 0.1 * panel["year"] + 0.1 * (panel["year"] - 2001)
    return panel.assign(y=np.random.default_rng(seed).poisson(np.exp(level)).astype(float))


def test_two_groups_in_two_years_give_the_ratio_of_ratios():
    """Sums 3 and 8 of the treated, 4 and 7 of the others, which rise by the same ratio in each unit's mean."""
    panel = two_by_two().assign(y=[1.0, 4, 2, 4, 1, 3, 3, 4])
    row = fepois(draw_sample(panel, PLAIN), KEY).row(term="treated")
    assert row["estimate"] == pytest.approx(np.log((8 / 3) / (7 / 4)), abs=1e-10)


@pytest.mark.parametrize("share", [1.0, 0.7])
@pytest.mark.parametrize("weights", [None, "w"])
def test_coefficients_and_clustered_errors_are_those_of_a_generalised_linear_model_with_dummies(share, weights):
    panel = counted(5, cohorts=STAGGERED).sample(frac=share, random_state=1)
    panel["w"] = 1.0 + panel["area_code"].str[-1:].astype(int) % 3
    made = fepois(draw_sample(panel, replace(WITH_X, weights=weights)), KEY, convention=SANDWICH)
    sample = draw_sample(panel, replace(WITH_X, weights=weights))
    totals = np.bincount(sample.unit_codes, weights=sample.outcome)
    sample = sample.keep(totals[sample.unit_codes] > 0, "empty")
    treated = (sample.event_times >= 0).astype(float)
    columns = [treated, sample.covariates[:, 0], dummies(sample.unit_codes), dummies(sample.time_codes)[:, 1:]]
    every = np.column_stack(columns)
    theirs = sm.GLM(sample.outcome, every, sm.families.Poisson(), var_weights=sample.weights).fit(
        tol=1e-12, maxiter=200
    )
    np.testing.assert_allclose(made.frame["estimate"], theirs.params[:2], rtol=1e-7, atol=1e-9)
    bread = np.linalg.inv(every.T @ (every * (sample.weights * theirs.mu)[:, None]))
    scores = every * (sample.weights * (sample.outcome - theirs.mu))[:, None]
    sums = pd.DataFrame(scores).groupby(sample.cluster_codes[0]).sum().to_numpy()
    errors = np.sqrt(np.diag(bread @ sums.T @ sums @ bread))[:2]
    np.testing.assert_allclose(made.frame["std_error"], errors, rtol=1e-6)


def test_the_house_convention_counts_what_fixest_counts():
    sample = draw_sample(counted(6), WITH_X)
    bare, house = (fepois(sample, KEY, convention=c).frame["std_error"] for c in (SANDWICH, absorbed_effects.HOUSE))
    made = fepois(sample, KEY)
    rows = sample.rows_count - dict(made.dropped).get("rows of effects whose every outcome is 0 (separated)", 0)
    np.testing.assert_allclose(house, bare * np.sqrt((rows - 1) / (rows - 10) * 20 / 19), rtol=1e-10)
    assert f"N = {rows}, K = 10" in made.error_convention
    assert "G = 20" in made.error_convention


def test_independent_errors_take_pearsons_dispersion():
    sample = draw_sample(counted(6), WITH_X)
    sample = sample.keep(np.bincount(sample.unit_codes, weights=sample.outcome)[sample.unit_codes] > 0, "empty")
    treated = (sample.event_times >= 0).astype(float)
    columns = [treated, sample.covariates[:, 0], dummies(sample.unit_codes), dummies(sample.time_codes)[:, 1:]]
    theirs = sm.GLM(sample.outcome, np.column_stack(columns), sm.families.Poisson()).fit(scale="X2", tol=1e-12)
    found = fepois(sample, KEY, IndependentErrors()).frame["std_error"]
    np.testing.assert_allclose(found, theirs.bse[:2], rtol=1e-6)


def test_rows_that_say_nothing_are_left_out_and_counted():
    panel = counted(6)
    codes = sorted(set(panel["area_code"]))
    empty = panel["area_code"].isin(codes[:3])
    panel.loc[empty, "y"] = 0.0
    panel.loc[~empty & (panel["y"] == 0), "y"] = 1.0
    made = fepois(draw_sample(panel, WITH_X), KEY)
    assert dict(made.dropped) == {"rows of effects whose every outcome is 0 (separated)": 24}
    assert made.frame["units_count"].tolist() == [57, 57]
    without = fepois(draw_sample(panel[~empty], WITH_X), KEY)
    np.testing.assert_allclose(made.frame["estimate"], without.frame["estimate"], rtol=1e-9)


def test_an_effect_that_is_left_empty_by_others_is_left_out_too():
    """Without area c, which is 0 in both years, only area d's 0 stands in 2003: both go."""
    kept = absorbed_effects._some_above_zero(
        np.array([1.0, 2, 0, 0, 0, 3]), [np.array([0, 0, 1, 1, 2, 2]), np.array([0, 1, 0, 1, 2, 1])]
    )
    assert kept.tolist() == [True, True, False, False, False, True]


def test_rows_that_a_regressor_separates_are_left_out_and_counted():
    """Where z is above 0 the outcome is 0 without exception: e^(−∞ z) fits it, and these rows say nothing else."""
    panel = counted(6)
    rng = np.random.default_rng(2)
    panel["y"] += 1
    apart = rng.random(len(panel)) < 0.05
    panel.loc[apart, "y"] = 0.0
    panel["z"] = np.where(apart, rng.uniform(1, 2, len(panel)), 0.0)
    sample = draw_sample(panel, replace(PLAIN, covariates=("x", "z")))
    with pytest.raises(EstimationError, match="z: nothing is left"):
        fepois(sample, KEY)
    panel["z"] = panel["z"] + np.where(rng.random(len(panel)) < 0.3, 1.0, 0.0)
    assert fepois(draw_sample(panel, replace(PLAIN, covariates=("x", "z"))), KEY).row(term="z")["estimate"] < 0


def test_outcomes_that_a_poisson_regression_does_not_explain_are_refused_by_name():
    panel = counted(6)
    with pytest.raises(EstimationError, match="y is negative in 1 rows"):
        fepois(draw_sample(panel.assign(y=panel["y"].where(panel.index != 3, -1.0)), WITH_X), KEY)
    with pytest.raises(EstimationError, match="every y is 0"):
        fepois(draw_sample(panel.assign(y=0.0), WITH_X), KEY)
    with pytest.raises(EstimationError, match="name at least one set of effects"):
        fepois(draw_sample(panel, WITH_X), ())
    fixed = panel.assign(size=panel["area_code"].str[-2:].astype(float))
    with pytest.raises(EstimationError, match="size: nothing is left"):
        fepois(draw_sample(fixed, replace(PLAIN, covariates=("size",))), KEY)


def test_iterations_that_end_too_early_are_refused(monkeypatch):
    monkeypatch.setattr(absorbed_effects, "_ITERATIONS", 2)
    with pytest.raises(EstimationError, match="did not converge"):
        fepois(draw_sample(counted(6), WITH_X), KEY)


def test_a_planted_effect_is_recovered_and_units_of_measurement_do_not_matter():
    panel = counted(11, units=400, clusters=80, effect=0.7, shock_sd=0.0)
    made = fepois(draw_sample(panel, WITH_X), KEY)
    row = made.row(term="treated")
    assert abs(row["estimate"] - 0.7) < 3 * row["std_error"]
    assert row["std_error"] < 0.1
    scaled = fepois(draw_sample(renamed(panel.assign(y=panel["y"] * 1e5, x=panel["x"] / 1e3)), WITH_X), KEY).frame
    unit = np.where(made.frame["term"] == "x", 1e3, 1.0)
    np.testing.assert_allclose(scaled["estimate"], made.frame["estimate"] * unit, rtol=1e-7)
    np.testing.assert_allclose(scaled["std_error"], made.frame["std_error"] * unit, rtol=1e-6)
    assert fepois(draw_sample(panel, WITH_X), KEY, RobustErrors("HC0")).frame["std_error"].gt(0).all()


@pytest.mark.slow
def test_null_panels_are_rejected_in_about_5_percent():
    rejected = [
        fepois(draw_sample(counted(seed, units=150, clusters=150, shock_sd=0.0), WITH_X), KEY).row(term="treated")[
            "p_value"
        ]
        < 0.05
        for seed in range(300)
    ]
    assert 0.025 <= np.mean(rejected) <= 0.085


HASHED = """
import numpy as np, pandas as pd
from buurteffect.estimate import Design, regression
rng = np.random.default_rng(1)
people, years = 200, 6
area = np.repeat(rng.integers(0, 15, people), years)
area = np.where(rng.random(len(area)) < 0.1, rng.integers(0, 15, len(area)), area)
panel = pd.DataFrame({"person": np.repeat(np.arange(people), years), "year": np.tile(np.arange(years), people),
    "area": area, "x": rng.normal(size=people * years) + rng.normal(size=15)[area]})
panel["y"] = rng.poisson(np.exp(0.5 * panel["x"] + rng.normal(size=15)[area]))
design = Design("y", "person", "year", None, covariates=("x",), clusters=("area",))
row = regression.fepois(panel, design, ("person", "year", "area")).row(term="x")
print(repr(float(row["estimate"])), repr(float(row["std_error"])))
"""


@pytest.mark.parametrize("seeds", [(0, 1, 2), pytest.param((0, 1, 2, 3, 4, 5), marks=pytest.mark.slow)], ids=len)
def test_figures_do_not_change_with_the_hash_seed(seeds):
    figures = under_hash_seeds(HASHED, seeds)
    assert figures.shape == (len(seeds), 2)
    np.testing.assert_allclose(figures, figures[:1].repeat(len(seeds), axis=0), rtol=1e-9)


def test_errors_may_be_clustered_by_another_column():
    panel = counted(6).assign(half=lambda d: d["gemeente_code"].str[-1])
    sample = draw_sample(panel, WITH_X, extra=("half",))
    assert "clustered by half (10)" in fepois(sample, KEY, ClusteredErrors(("half",))).error_convention
