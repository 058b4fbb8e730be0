"""The cluster bootstrap.

Tolerances. A standard error from R draws has itself a relative error of about 1/√(2R): 2.2% for 999. The
comparison with the linearised error of statsmodels adds a term of the order of 1/G for G clusters; with 150
clusters, three times 2.2% and 1% make 8%. Coverage over S simulated worlds has a binomial error of
√(0.95·0.05/S): 2.8 points for 60 worlds, 1.5 for 200; three of them below 95%, and 1 point for the
percentile interval's own shortfall with 60 clusters.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap, Draws, cluster_bootstrap


def mean_of(values: np.ndarray):
    return lambda weights: (weights @ values / weights.sum(axis=1))[:, None]


def clustered(generator: np.random.Generator, clusters: int) -> tuple[np.ndarray, np.ndarray]:
    """Units in clusters of unequal size that share most of their variation; the true mean is 0."""
    sizes = generator.integers(2, 12, clusters)
    labels = np.repeat([f"GM{place:04d}" for place in range(clusters)], sizes)
    return np.repeat(generator.normal(0, 1, clusters), sizes) + generator.normal(0, 0.5, sizes.sum()), labels


def test_the_figures_on_the_data_are_the_plain_ones():
    drawn = cluster_bootstrap(mean_of(np.asarray([1.0, 2.0, 6.0])), ["a", "a", "b"], Bootstrap(draws=50))
    assert drawn.point[0] == 3.0
    assert set(np.round(drawn.values[:, 0], 12)) == {1.5, 3.0, 6.0}  # only whole clusters are drawn


def test_two_clusters_are_drawn_together_half_of_the_time():
    """The mean takes its three values with probabilities ¼, ½, ¼; 3 binomial errors at 2,000 draws are 0.034."""
    drawn = cluster_bootstrap(mean_of(np.asarray([1.0, 2.0, 6.0])), ["a", "a", "b"], Bootstrap(draws=2000))
    assert np.mean(np.isclose(drawn.values[:, 0], 3.0)) == pytest.approx(0.5, abs=0.034)


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    values, labels = clustered(np.random.default_rng(1), 20)
    first, again = (cluster_bootstrap(mean_of(values), labels, Bootstrap(99, seed=4)).values for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, cluster_bootstrap(mean_of(values), labels, Bootstrap(99, seed=5)).values)


def test_the_order_of_the_units_does_not_change_the_draws():
    values, labels = clustered(np.random.default_rng(1), 20)
    order = np.random.default_rng(2).permutation(len(values))
    plain = cluster_bootstrap(mean_of(values), labels, Bootstrap(99))
    shuffled = cluster_bootstrap(mean_of(values[order]), labels[order], Bootstrap(99))
    np.testing.assert_allclose(shuffled.values, plain.values, rtol=1e-12)  # sums in another order


def test_draws_do_not_depend_on_how_many_are_held_in_memory(monkeypatch):
    values, labels = clustered(np.random.default_rng(1), 20)
    whole = cluster_bootstrap(mean_of(values), labels, Bootstrap(99))
    monkeypatch.setattr("buurteffect.estimate.inference.bootstrap.BLOCK_SIZE", 5 * len(values))
    parts = cluster_bootstrap(mean_of(values), labels, Bootstrap(99))
    np.testing.assert_allclose(parts.values, whole.values, rtol=1e-12)


def test_the_standard_error_of_a_mean_is_that_of_statsmodels_clustered():
    values, labels = clustered(np.random.default_rng(7), 150)
    fitted = sm.OLS(values, np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": np.unique(labels, return_inverse=True)[1]}
    )
    drawn = cluster_bootstrap(mean_of(values), labels, Bootstrap(999))
    assert drawn.std_error()[0] == pytest.approx(fitted.bse[0], rel=0.08)


def coverage(worlds: int, draws: int, by_unit: bool = False) -> float:
    """Return how often the interval of a mean holds the truth."""
    hits = 0
    for seed in range(worlds):
        values, labels = clustered(np.random.default_rng(1000 + seed), 60)
        clusters = [f"{place:05d}" for place in range(len(values))] if by_unit else labels
        table = cluster_bootstrap(mean_of(values), clusters, Bootstrap(draws, seed=seed)).table(0.95)
        hits += int(table["ci_low"][0] <= 0 <= table["ci_high"][0])
    return hits / worlds


@pytest.mark.slow
def test_intervals_hold_the_truth_about_as_often_as_they_say():
    assert coverage(60, 199) >= 0.95 - 3 * 0.028 - 0.01


@pytest.mark.slow
def test_drawing_areas_instead_of_gemeenten_would_be_caught():
    assert coverage(60, 199, by_unit=True) < 0.8


@pytest.mark.slow
def test_intervals_hold_the_truth_in_200_worlds():
    assert 0.95 - 3 * 0.0154 - 0.01 <= coverage(200, 999) <= 0.95 + 3 * 0.0154


def test_percentiles_and_standard_error_are_those_of_the_draws():
    drawn = Draws(np.asarray([5.0]), np.arange(101.0)[:, None])
    table = drawn.table(0.9)
    assert table.loc[0, ["ci_low", "ci_high"]].tolist() == pytest.approx([5.0, 95.0])
    assert table.loc[0, "std_error"] == pytest.approx(np.arange(101).std(ddof=1))


@pytest.mark.parametrize(("undefined", "has_interval"), [(5, True), (20, False)])
def test_a_figure_that_too_many_draws_lack_has_no_interval(undefined, has_interval):
    values = np.ones((100, 1))
    values[:undefined] = np.nan
    assert np.isfinite(Draws(np.asarray([1.0]), values).std_error()[0]) == has_interval


def test_few_clusters_are_said_to_give_intervals_that_are_too_narrow():
    many, few = (Bootstrap().convention("gemeenten", count) for count in (345, 12))
    assert many.startswith("95% percentile intervals, bootstrap over 345 gemeenten, 999 draws, seed 1")
    assert "too narrow" not in many
    assert "fewer than 30 clusters (the fewest: 12)" in few
    assert "(the fewest: 4)" in Bootstrap().convention("gemeenten", 345, [345, 4])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Bootstrap(draws=1), "at least 2 draws"),
        (lambda: Bootstrap(confidence=1.0), "between 0 and 1"),
        (lambda: Bootstrap(seed=-1), "seed must be 0 or larger"),
        (lambda: cluster_bootstrap(mean_of(np.ones(2)), ["a", "a"]), "at least 2 clusters"),
        (lambda: cluster_bootstrap(mean_of(np.ones(0)), []), "found 0 units"),
        (lambda: cluster_bootstrap(mean_of(np.ones(2)), ["a", "b"], universe=["a", "c"]), "not drawn from"),
    ],
)
def test_a_bootstrap_that_makes_no_sense_is_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call()
