"""Variance components, reliability of change, the break scan and the municipal share.

Tolerances of the recovery: over 100 worlds of 2,000 areas and nine waves with the components below, the
estimates had the standard deviations in ``SPREAD``; four of them are allowed. Their means lay within 0.0005 of
the planted SDs, 0.0017 of the autocorrelation and 0.0001 of the decline, so that bias plays no part.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from estimate_worlds import YEARS, simulate, waves_of
from scipy.optimize import least_squares

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.reliability import municipal_share_of_change, reliability_of_change
from buurteffect.estimate.measurement.variance import autocorrelation_profile, break_scan, fit_variance_components
from buurteffect.estimate.measurement.waves import Waves

PLANTED = VarianceComponents(0.10, 0.15, 0.06, 0.85, 0.02, 0.03, 2014)
UNBROKEN = VarianceComponents(0.10, 0.15, 0.06, 0.85, 0.02, 0.0, None)
SPREAD = [0.0022, 0.0090, 0.0015, 0.0178, 0.0024, 0.0026]
QUICK = Bootstrap(draws=39)
SHORTEST = Bootstrap(draws=2)


def exactly(parts: VarianceComponents, areas: int = 200) -> Waves:
    """Scores whose sample covariances are those of the components, to rounding."""
    target = parts.covariance(YEARS)
    raw = np.random.default_rng(1).standard_normal((areas, len(YEARS)))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.cov(raw, rowvar=False))).T
    scores = 4.1 + white @ np.linalg.cholesky(target).T
    return waves_of(dict(zip(YEARS, scores.T.tolist(), strict=True)), [f"GM{n // 5:04d}" for n in range(areas)])


def test_the_covariance_of_two_waves_by_hand():
    parts = VarianceComponents(0.2, 0.5, 0.1, 0.9, 0.05, 0.3, 2014)
    found = parts.covariance((2012, 2014))
    loading = 1 - 0.5 * np.asarray([1.0, 1.2])
    between = loading[0] * loading[1] * 0.04 + 0.01 * 0.81
    after = loading[1] ** 2 * 0.04 + 0.01 + 0.0025 + 0.09
    np.testing.assert_allclose(found, [[loading[0] ** 2 * 0.04 + 0.01 + 0.0025, between], [between, after]])


@pytest.mark.parametrize(
    ("class_year", "year", "constant", "expected"),
    [
        (2002, 2002, True, 1.0),
        (2002, 2012, True, (0.04 + 0.01 * 0.9**10) / (0.04 + 0.01 + 0.0025)),
        (2002, 2012, False, (0.5 * 0.04 + 0.01 * 0.9**10) / (0.04 + 0.01 + 0.0025)),
        (2012, 2002, True, (0.25 * 0.04 + 0.01 * 0.9**10) / (0.25 * 0.04 + 0.01 + 0.0025)),
        (2012, 2002, False, (0.5 * 0.04 + 0.01 * 0.9**10) / (0.25 * 0.04 + 0.01 + 0.0025)),
    ],
)
def test_what_a_score_says_about_another_wave_by_hand(class_year, year, constant, expected):
    parts = VarianceComponents(0.2, 0.5, 0.1, 0.9, 0.05, 0.0, None)
    assert parts.regression(class_year, year, constant) == pytest.approx(expected)


def test_components_are_found_exactly_when_the_covariances_are_exactly_theirs():
    """The search ends when steps of 1e-8 no longer pay; near the optimum that is 1e-4 of a parameter."""
    fit = fit_variance_components(exactly(PLANTED), bootstrap=SHORTEST)
    np.testing.assert_allclose(fit.components.parameters, PLANTED.parameters, rtol=1e-3)
    assert fit.estimate.row(parameter="RMSE relative to mean covariance")["estimate"] < 1e-5
    np.testing.assert_allclose(fit.fitted, fit.observed, rtol=1e-3)


@pytest.mark.parametrize("seed", [0, 1])
def test_planted_components_are_recovered(seed):
    fit = fit_variance_components(simulate(PLANTED, 2000, seed).waves, bootstrap=SHORTEST)
    off = np.abs(fit.components.parameters - PLANTED.parameters)
    assert (off < 4 * np.asarray(SPREAD)).all(), off


def test_the_standard_errors_are_those_that_many_worlds_show():
    """99 draws give a standard error to 7%, one world's own to about 15%: 3 of both make half.

    The noise SD is left out: it is the root of a small variance, so that its error grows as it comes out smaller.
    """
    fit = fit_variance_components(simulate(PLANTED, 2000, seed=0).waves, bootstrap=Bootstrap(draws=99))
    found = (fit.estimate.frame["std_error"][:6] / np.asarray(SPREAD)).drop(4)
    assert ((found > 0.5) & (found < 1.5)).all(), found.tolist()


def test_no_break_is_found_where_there_is_none():
    """Over 100 worlds without a break its SD came out at 0.0039 on average, with a standard deviation of 0.0053."""
    fit = fit_variance_components(simulate(UNBROKEN, 2000, seed=0).waves, bootstrap=QUICK)
    found = fit.estimate.row(parameter="break SD")
    assert found["estimate"] < 0.0039 + 3 * 0.0053
    assert found["ci_low"] == 0


def test_a_fit_without_a_break_has_no_row_for_it():
    fit = fit_variance_components(exactly(UNBROKEN), None, bootstrap=SHORTEST)
    assert "break SD" not in fit.estimate.frame["parameter"].tolist()
    assert (fit.components.break_sd, fit.components.break_year) == (0.0, None)
    assert fit.components.noise(break_is_noise=True).break_sd == 0.0


def test_the_fit_is_that_of_a_general_least_squares_over_six_parameters():
    """An outside search over all six at once; both stop at steps of 1e-8 in a flat valley: 0.5%."""
    waves = simulate(PLANTED, 1000, seed=4).waves
    target = waves.scores.cov().to_numpy()[np.triu_indices(len(YEARS))]

    def residual(values: np.ndarray) -> np.ndarray:
        matrix = VarianceComponents(*values, 2014).covariance(YEARS)
        return (matrix[np.triu_indices(len(YEARS))] - target) / target.mean()

    bounds = ([0, -1, 0, 0, 0, 0], [1, 0.4, 1, 0.999, 1, 1])
    outside = least_squares(residual, PLANTED.parameters, bounds=bounds, x_scale=SPREAD, xtol=1e-12, ftol=1e-12)
    fit = fit_variance_components(waves, bootstrap=SHORTEST)
    np.testing.assert_allclose(fit.components.parameters, outside.x, rtol=0.005)
    rmse = fit.estimate.row(parameter="RMSE relative to mean covariance")["estimate"]
    assert rmse == pytest.approx(np.sqrt(np.mean(outside.fun**2)), rel=1e-4)


def test_another_base_year_is_the_same_fit_in_other_words():
    waves = simulate(PLANTED, 1000, seed=4).waves
    early, late = (fit_variance_components(waves, base_year=y, bootstrap=SHORTEST) for y in (2002, 2012))
    np.testing.assert_allclose(early.fitted, late.fitted, rtol=1e-4)
    loading = 1 - early.components.loading_decline
    assert late.components.permanent_sd == pytest.approx(early.components.permanent_sd * loading, rel=1e-3)


def test_a_profile_is_best_at_the_planted_autocorrelation():
    profile = autocorrelation_profile(exactly(PLANTED), (0.5, 0.85, 0.98)).set_index("autocorrelation per year")
    error = profile["RMSE relative to mean covariance"]
    assert error.idxmin() == 0.85
    assert error[0.85] < 1e-4 < error[0.5]
    assert profile.loc[0.85, "noise SD"] == pytest.approx(0.02, rel=1e-2)


@pytest.mark.parametrize("year", [2012, 2014, 2018])
def test_a_break_scan_finds_the_planted_wave(year):
    parts = VarianceComponents(0.10, 0.15, 0.06, 0.85, 0.02, 0.05, year)
    scan = break_scan(simulate(parts, 2000, seed=1).waves, bootstrap=Bootstrap(draws=9))
    assert set(scan.frame.loc[scan.frame["best"], "break_year"]) == {year}
    assert scan.row(break_year=year, measure="share of draws in which it fits best")["estimate"] > 0.5
    none = scan.row(break_year=0, measure="RMSE relative to mean covariance")["estimate"]
    assert none > 1.5 * scan.row(break_year=year, measure="RMSE relative to mean covariance")["estimate"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: fit_variance_components(w.restrict(w.scored(2002)), 2002), "no waves on both sides of a break"),
        (lambda w: fit_variance_components(w, 2030), "no waves on both sides of a break"),
        (lambda w: autocorrelation_profile(w, (1.0,)), "below 1"),
    ],
)
def test_components_that_cannot_be_told_apart_are_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call(exactly(UNBROKEN))


def test_three_waves_are_too_few_for_variance_components():
    few = waves_of({2002: [1.0, 2.0, 4.0], 2008: [1.0, 3.0, 2.0], 2012: [1.0, 2.0, 2.5]})
    for call in (fit_variance_components, break_scan):
        with pytest.raises(EstimationError, match="4 waves are needed"):
            call(few)


def test_waves_that_share_no_area_have_no_covariance():
    scores = {year: [1.0, 2.0, None, None] for year in (2002, 2008, 2012)} | {2014: [None, None, 1.0, 2.0]}
    with pytest.raises(EstimationError, match="fewer than 2 scored areas"):
        fit_variance_components(waves_of(scores))


def test_scores_that_do_not_vary_cannot_be_taken_apart():
    with pytest.raises(EstimationError, match="nothing to take apart"):
        fit_variance_components(waves_of({year: [4.0, 4.0, 4.0] for year in YEARS}))


# --- reliability -----------------------------------------------------------------------------------------------


def test_reliability_of_four_changes_by_hand():
    """Changes −3, −1, 1, 3 have variance 20/3; noise variance is 2·0.5 and, over the break, 1 more."""
    waves = waves_of({2012: [10.0, 20.0, 30.0, 40.0], 2014: [7.0, 19.0, 31.0, 43.0]})
    parts = VarianceComponents(10.0, 0.0, 0.0, 0.0, np.sqrt(0.5), 1.0, 2014)
    found = reliability_of_change(parts, waves, bootstrap=SHORTEST).frame
    assert found["estimate"].tolist() == pytest.approx([1 - 1 / (20 / 3), 1 - 2 / (20 / 3)])
    assert found["years_between"].tolist() == [2, 2]


def test_reliability_is_the_share_of_true_change_in_a_simulated_world():
    """The ratio of two variances over 4,000 areas errs by about 0.7%; four make 0.03 for shares below 1."""
    world = simulate(PLANTED, 4000, seed=3)
    found = reliability_of_change(PLANTED, world.waves, bootstrap=SHORTEST)
    for pair in ((2002, 2008), (2012, 2014)):
        observed = np.var(world.waves.column(pair[1]) - world.waves.column(pair[0]))
        truth = np.var(world.true_change(*pair)) / observed
        row = found.row(from_year=pair[0], to_year=pair[1], measure="reliability")
        assert row["estimate"] == pytest.approx(truth, abs=0.03)


def uneven_world() -> tuple[Waves, pd.DataFrame]:
    """Gemeenten of 1 to 9 areas that move together in part."""
    generator = np.random.default_rng(12)
    sizes = generator.integers(1, 10, 60)
    gemeenten = np.repeat([f"GM{n:04d}" for n in range(60)], sizes)
    change = np.repeat(generator.normal(0, 0.03, 60), sizes) + generator.normal(0, 0.05, len(gemeenten))
    start = generator.normal(4, 0.1, len(gemeenten))
    waves = waves_of({2002: start.tolist(), 2008: (start + change).tolist()}, gemeenten.tolist())
    frame = pd.DataFrame({"gemeente": gemeenten, "change": waves.column(2008) - waves.column(2002)})
    return waves, frame[frame.groupby("gemeente")["change"].transform("size") > 1]


def test_the_municipal_share_is_that_of_an_analysis_of_variance():
    waves, frame = uneven_world()
    table = sm.stats.anova_lm(smf.ols("change ~ C(gemeente)", frame).fit())
    msb, msw = table["mean_sq"]
    sizes = frame.groupby("gemeente").size()
    typical = (sizes.sum() - (sizes**2).sum() / sizes.sum()) / (len(sizes) - 1)
    found = municipal_share_of_change(waves, bootstrap=SHORTEST).row(
        measure="municipal share of the variance of change"
    )
    assert found["estimate"] == pytest.approx((msb - msw) / (msb + (typical - 1) * msw), rel=1e-10)
    assert (found["units_count"], found["clusters_count"]) == (len(frame), len(sizes))


def test_in_equal_gemeenten_the_municipal_share_is_that_of_a_mixed_model():
    """REML of a balanced one-way model equals the analysis of variance; its search stops at about 1e-4."""
    generator = np.random.default_rng(2)
    gemeenten = np.repeat([f"GM{n:04d}" for n in range(40)], 6)
    change = np.repeat(generator.normal(0, 4, 40), 6) + generator.normal(0, 5, 240)  # statsmodels warns at small ones
    waves = waves_of({2002: [4.0] * 240, 2008: (4.0 + change).tolist()}, gemeenten.tolist())
    mixed = sm.MixedLM(change, np.ones(240), gemeenten).fit()
    between = float(np.asarray(mixed.cov_re)[0, 0])
    found = municipal_share_of_change(waves, bootstrap=SHORTEST).frame["estimate"][0]
    assert found == pytest.approx(between / (between + mixed.scale), rel=1e-3)


def test_areas_that_move_on_their_own_have_no_municipal_share():
    waves = simulate(UNBROKEN, 1500, seed=1).waves
    found = municipal_share_of_change(waves, bootstrap=Bootstrap(199)).frame
    shares = found[found["measure"] != "correlation of the two waves"]
    outside = (shares["ci_low"] > 0) | (shares["ci_high"] < 0)
    assert outside.sum() <= 2  # of 8 intervals at 95%, three or more would miss 0 in 0.6% of worlds
    correlations = found[found["measure"] == "correlation of the two waves"]["estimate"]
    expected = [waves.scores[a].corr(waves.scores[b]) for a, b in pairwise(YEARS)]
    assert correlations.tolist() == pytest.approx(expected)


def test_without_gemeenten_of_two_areas_there_is_no_municipal_share():
    with pytest.raises(EstimationError, match="fewer than 2 gemeenten have 2 areas"):
        municipal_share_of_change(waves_of({2002: [1.0, 2.0], 2008: [1.0, 3.0]}))


def test_a_pair_of_waves_without_shared_areas_has_no_reliability():
    waves = waves_of({2002: [1.0, 2.0, None, None], 2008: [None, None, 1.0, 2.0]})
    with pytest.raises(EstimationError, match="fewer than 2 areas are scored in both"):
        reliability_of_change(UNBROKEN, waves)
