"""Few clusters, joint tests and power."""

from dataclasses import replace

import numpy as np
import pytest
from effect_worlds import PLAIN, reference_sample, renamed, simulated
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.within import within_two_way
from buurteffect.estimate.inference.power import (
    detectable_slope,
    minimum_detectable_effect,
    pretest_power,
    two_group_std_error,
    with_minimum_detectable_effect,
)
from buurteffect.estimate.inference.regression_table import regression_estimate
from buurteffect.estimate.inference.wald import pretrend_test
from buurteffect.estimate.inference.wild_bootstrap import WEBB, WildBootstrap, wild_cluster_bootstrap
from buurteffect.estimate.regression.panel_ols import fit_two_way, twfe
from buurteffect.estimate.regression.regressors import default_regressors
from buurteffect.estimate.regression.twoway_event_study import twfe_event_study
from buurteffect.estimate.sample.estimation_sample import draw_sample

WITH_X = replace(PLAIN, covariates=("x",))


def fit_of(panel, design=WITH_X):
    sample = draw_sample(panel, design)
    return sample, fit_two_way(sample, default_regressors(sample))


def run_again(sample, codes, multipliers, null):
    """The wild cluster bootstrap at length: every draw is a regression of its own."""
    values = default_regressors(sample).values
    left = within_two_way(values, sample.unit_codes, sample.time_codes)
    bread = np.linalg.inv(left.T @ left)

    def statistic(outcome):
        swept = within_two_way(outcome[:, None], sample.unit_codes, sample.time_codes)[:, 0]
        slopes = bread @ left.T @ swept
        scores = (left @ bread[:, 0]) * (swept - left @ slopes)
        return abs(slopes[0]) / np.sqrt((np.bincount(codes, weights=scores) ** 2).sum())

    imposed = sample.outcome - null * values[:, 0]
    swept = within_two_way(imposed[:, None], sample.unit_codes, sample.time_codes)[:, 0]
    others = left[:, 1:] @ np.linalg.lstsq(left[:, 1:], swept, rcond=None)[0]
    drawn = [statistic(others + draw[codes] * (swept - others)) for draw in multipliers]
    return statistic(imposed), np.asarray(drawn)


@pytest.mark.parametrize("share", [1.0, 0.8])
@pytest.mark.parametrize("cluster", ["gemeente_code", "year"])
def test_the_wild_bootstrap_is_every_draw_a_regression_of_its_own(share, cluster):
    panel = simulated(3, units=40, clusters=8, effect=0.4).sample(frac=share, random_state=4)
    sample, fit = fit_of(panel)
    bootstrap = WildBootstrap(draws=255)
    found = wild_cluster_bootstrap(fit, "treated", cluster, bootstrap, null=0.1)
    actual, drawn = run_again(sample, fit.codes(cluster), bootstrap.multipliers(8), 0.1)
    assert found.enumerated
    assert abs(found.statistic) == pytest.approx(actual, rel=1e-9)
    assert found.p_value == pytest.approx((drawn >= actual * (1 - 1e-9)).mean(), abs=1e-12)


def test_full_enumeration_and_many_draws_agree():
    _, fit = fit_of(simulated(3, units=40, clusters=10, effect=0.2))
    exact = wild_cluster_bootstrap(fit, "treated", "gemeente_code", WildBootstrap(draws=1023))
    drawn = wild_cluster_bootstrap(fit, "treated", "gemeente_code", WildBootstrap(draws=1022, seed=2))
    assert (exact.enumerated, drawn.enumerated) == (True, False)
    assert exact.draws_count == 1024
    assert drawn.p_value == pytest.approx(exact.p_value, abs=0.05)


def test_the_interval_holds_the_nulls_that_are_not_rejected():
    _, fit = fit_of(simulated(3, units=60, clusters=20, effect=0.4))
    found = wild_cluster_bootstrap(fit, "treated", "gemeente_code", WildBootstrap(draws=1999))
    assert found.ci_low < found.estimate < found.ci_high
    width = found.ci_high - found.ci_low
    for bound, outward in ((found.ci_low, -1), (found.ci_high, 1)):
        for null, inside in ((bound - outward * 0.02 * width, True), (bound + outward * 0.02 * width, False)):
            again = wild_cluster_bootstrap(fit, "treated", "gemeente_code", WildBootstrap(draws=1999), null)
            assert (again.p_value > 0.05) == inside


def test_with_one_treated_cluster_the_bootstrap_says_that_it_knows_next_to_nothing():
    panel = simulated(3, units=60, clusters=20)
    panel["cohort_year"] = np.where(panel["gemeente_code"] == "GM0003", 2005.0, np.nan)
    sample = draw_sample(panel, PLAIN, one_treated_cluster=True)
    found = wild_cluster_bootstrap(fit_two_way(sample, default_regressors(sample)), "treated", "gemeente_code")
    fit = fit_two_way(sample, default_regressors(sample))
    usual = regression_estimate(fit, replace(PLAIN, clusters=("gemeente_code",)), "two-way").row(term="treated")
    assert found.ci_high - found.ci_low > 5 * (usual["ci_high"] - usual["ci_low"])
    assert np.isnan(twfe(sample).row(term="treated")["std_error"])


def test_the_wild_bootstrap_does_not_know_names_order_or_units():
    panel = simulated(3, units=60, clusters=20, effect=0.3)
    first = wild_cluster_bootstrap(fit_of(panel)[1], "treated", "gemeente_code", WildBootstrap(999, weights=WEBB))
    other = wild_cluster_bootstrap(
        fit_of(renamed(panel))[1], "treated", "gemeente_code", WildBootstrap(999, weights=WEBB)
    )
    scaled = panel.assign(y=panel["y"] * 1e5)
    large = wild_cluster_bootstrap(fit_of(scaled)[1], "treated", "gemeente_code", WildBootstrap(999, weights=WEBB))
    assert other.p_value == first.p_value == large.p_value
    assert other.ci_low == pytest.approx(first.ci_low, rel=1e-9)
    assert large.ci_high == pytest.approx(first.ci_high * 1e5, rel=1e-9)


def test_weights_of_the_bootstrap_have_mean_0_and_variance_1():
    for kind in ("rademacher", WEBB):
        drawn = WildBootstrap(draws=20_000, weights=kind).multipliers(16)
        assert abs(drawn.mean()) < 0.01
        assert abs((drawn**2).mean() - 1) < 0.01


@pytest.mark.parametrize(
    ("settings", "said"), [({"draws": 10}, "99 draws"), ({"weights": "normal"}, "rademacher or webb")]
)
def test_a_bootstrap_that_makes_no_sense_is_refused(settings, said):
    with pytest.raises(EstimationError, match=said):
        WildBootstrap(**settings)


def test_two_clusters_and_weights_are_refused():
    panel = simulated(3, units=40, clusters=2).assign(w=2.0)
    with pytest.raises(EstimationError, match="3 clusters"):
        wild_cluster_bootstrap(fit_of(panel)[1], "treated", "gemeente_code")
    with pytest.raises(EstimationError, match="no weights"):
        wild_cluster_bootstrap(fit_of(panel, replace(WITH_X, weights="w"))[1], "treated", "year")


@pytest.mark.slow
def test_the_wild_bootstrap_rejects_in_about_5_percent_where_few_clusters_break_others():
    design = replace(PLAIN, covariates=())
    rejected = []
    for seed in range(1000):
        panel = simulated(seed, units=24, times=6, clusters=12, shock_sd=0.4, by_cluster=True, cohorts=(np.nan, 2004.0))
        _, fit = fit_of(panel, design)
        rejected.append(wild_cluster_bootstrap(fit, "treated", "gemeente_code", WildBootstrap(499)).p_value <= 0.05)
    assert 0.03 <= np.mean(rejected) <= 0.07


def test_the_minimum_detectable_effect_is_detected_with_the_power_asked_for():
    error, degrees = 0.02, 23
    effect = minimum_detectable_effect(error, 0.05, 0.8, degrees)
    rng = np.random.default_rng(1)
    draws = (effect + error * rng.standard_normal(200_000)) / (
        error * np.sqrt(rng.chisquare(degrees, 200_000) / degrees)
    )
    assert (np.abs(draws) > stats.t.ppf(0.975, degrees)).mean() == pytest.approx(0.8, abs=0.01)
    result = with_minimum_detectable_effect(twfe(draw_sample(simulated(5), PLAIN)))
    expected = minimum_detectable_effect(result.frame["std_error"].item(), 0.05, 0.8, 19)
    assert result.frame["minimum_detectable_effect"].item() == expected


def test_the_error_of_two_groups_is_that_of_simulated_clusters():
    rng = np.random.default_rng(2)
    shared = rng.normal(scale=np.sqrt(0.3), size=(20_000, 40, 1)) + rng.normal(scale=np.sqrt(0.7), size=(20_000, 40, 5))
    differences = shared[:, :10].mean(axis=(1, 2)) - shared[:, 10:].mean(axis=(1, 2))
    assert two_group_std_error(1.0, 50, 150, 0.3, 5) == pytest.approx(differences.std(), rel=0.02)


def test_the_power_of_a_pretest_is_that_of_simulated_event_studies():
    result = twfe_event_study(reference_sample())
    slope = detectable_slope(result, 0.5)
    found = pretest_power(result, slope)
    assert found.power == pytest.approx(0.5, abs=0.005)
    assert pretest_power(result, 0.0).power > 0.05
    path = result.event_times()
    free = path[path["std_error"] > 0]
    places = free.index.to_numpy()
    rng = np.random.default_rng(3)
    trend = slope * (free["event_time"].to_numpy(dtype=float) + 1)
    draws = rng.multivariate_normal(trend, result.covariance[np.ix_(places, places)], 100_000)
    before = (free["event_time"] < 0).to_numpy()
    reach = stats.t.ppf(0.975, result.degrees) * free["std_error"].to_numpy()
    passed = (np.abs(draws[:, before]) <= reach[before]).all(axis=1)
    assert found.power == pytest.approx(1 - passed.mean(), abs=0.01)
    np.testing.assert_allclose(found.bias, trend[~before])
    np.testing.assert_allclose(found.bias_after_passing, draws[passed][:, ~before].mean(axis=0), atol=0.01)


def test_the_joint_test_of_pretrends_is_the_wald_test():
    result = twfe_event_study(draw_sample(simulated(7, cohorts=(np.nan, 2004.0)), PLAIN))
    frame = result.frame
    places = np.flatnonzero(frame["event_time"].isin([-3, -2]))
    effects = frame["estimate"].to_numpy()[places]
    wald = effects @ np.linalg.inv(result.covariance[np.ix_(places, places)]) @ effects
    found = pretrend_test(result)
    assert (found.restrictions, found.degrees) == (2, 19)
    assert found.statistic == pytest.approx(wald / 2)
    assert found.p_value == pytest.approx(stats.f.sf(wald / 2, 2, 19))
