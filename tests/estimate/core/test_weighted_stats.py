"""Weighted moments against pandas and scipy on the sample in which every unit is repeated by its weight.

Tolerance: both sides compute the same sums in another order, so 1e-12 relative is rounding only.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from buurteffect.estimate.core import weighted_stats as moments

UNITS, DRAWS = 150, 7


@pytest.fixture
def weights() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 4, (DRAWS, UNITS)).astype(float)


@pytest.fixture
def scores() -> np.ndarray:
    generator = np.random.default_rng(6)
    values = generator.normal(4, 0.1, (UNITS, 3)).round(2)  # rounded: ties occur
    values[generator.random(values.shape) < 0.1] = np.nan
    return values


def repeated(values: np.ndarray, weights: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(np.repeat(values, weights.astype(int), axis=0))


def test_means_variances_and_covariances_equal_those_of_the_repeated_sample(weights, scores):
    mean, variance = moments.mean(weights, scores), moments.variance(weights, scores)
    covariance = moments.covariance(weights, scores)
    for draw in range(DRAWS):
        sample = repeated(scores, weights[draw])
        np.testing.assert_allclose(mean[draw], sample.mean(), rtol=1e-12)
        np.testing.assert_allclose(variance[draw], sample.var(), rtol=1e-11)
        np.testing.assert_allclose(covariance[draw], sample.cov(), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("probability", [0.0, 0.1, 0.25, 0.5, 0.9, 1.0])
def test_quantiles_equal_those_of_the_repeated_sample(weights, scores, probability):
    values = np.nan_to_num(scores[:, 0], nan=4.0)
    found = moments.quantiles(weights, values, (probability,))[:, 0]
    expected = [repeated(values, row)[0].quantile(probability) for row in weights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_quantile_that_falls_on_a_unit_is_that_units_value_whatever_the_rounding():
    values = np.arange(101) / 7
    assert 0.29 * 100 != 29  # the place is a whole number only up to rounding
    assert moments.quantiles(np.ones((1, 101)), values, (0.29,))[0, 0] == values[29]


def test_ranks_and_their_correlation_equal_those_of_the_repeated_sample(weights, scores):
    left, right = np.nan_to_num(scores[:, 0], nan=4.0), np.nan_to_num(scores[:, 1], nan=4.1)
    ranks = moments.ranks(weights, left), moments.ranks(weights, right)
    found = moments.correlation(weights, *ranks)
    for draw, row in enumerate(weights.astype(int)):
        np.testing.assert_allclose(np.repeat(ranks[0][draw], row), stats.rankdata(np.repeat(left, row)))
        expected = stats.spearmanr(np.repeat(left, row), np.repeat(right, row)).statistic
        assert found[draw] == pytest.approx(expected, rel=1e-11)


def test_a_draw_without_units_has_no_figures(scores):
    empty = np.zeros((1, UNITS))
    assert np.isnan(moments.mean(empty, scores)).all()
    assert np.isnan(moments.variance(empty, scores)).all()
    assert np.isnan(moments.quantiles(empty, np.nan_to_num(scores[:, 0]), (0.5,))).all()


@pytest.mark.parametrize("units", [1, 63, 64, 65, 200])
def test_a_running_sum_reads_the_same_as_summing_through(units):
    weights = np.random.default_rng(units).integers(0, 3, (5, units)).astype(float)
    through = np.cumsum(weights, axis=1)
    running = moments.RunningSum.along(weights)
    np.testing.assert_array_equal(running.total, through[:, -1])
    for unit in range(units + 1):
        expected = through[:, unit - 1] if unit else np.zeros(5)
        np.testing.assert_array_equal(running.upto(np.full(5, unit)), expected)
    for level in range(int(through[:, -1].min())):
        expected = [(row > level).argmax() for row in through]
        np.testing.assert_array_equal(running.first_above(np.full(5, float(level))), expected)
