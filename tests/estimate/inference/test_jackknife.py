"""Errors from leaving one cluster out: equal to fitting anew without each."""

from __future__ import annotations

import numpy as np
import pytest

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.jackknife import leave_one_out


def world(seed: int, rows: int = 120, clusters: int = 7, cells: int = 4):
    rng = np.random.default_rng(seed)
    cluster, cell = rng.integers(0, clusters, rows), rng.integers(0, cells, rows)
    x = rng.normal(size=(rows, 2)) + rng.normal(size=clusters)[cluster][:, None] + cell[:, None]
    y = x @ [0.5, -1.0] + rng.normal(size=clusters)[cluster] + 2.0 * cell + rng.normal(size=rows)
    return y, x, cluster, cell


def refitted(y, x, cluster, cell):
    dummies = (cell[:, None] == np.arange(cell.max() + 1)).astype(float)
    design = np.column_stack([x, dummies])
    fit = lambda some: np.linalg.lstsq(design[some], y[some], rcond=None)[0][: x.shape[1]]  # noqa: E731
    return fit(np.ones(len(y), bool)), np.array([fit(cluster != g) for g in range(cluster.max() + 1)])


@pytest.mark.parametrize("seed", range(3))
def test_estimates_without_each_cluster_are_those_of_fitting_anew(seed):
    y, x, cluster, cell = world(seed)
    whole, without = refitted(y, x, cluster, cell)
    found = leave_one_out(y, x, cluster, cell)
    np.testing.assert_allclose(found.coefficients, without, atol=1e-9)
    moved = without - whole
    np.testing.assert_allclose(found.covariance, 6 / 7 * moved.T @ moved, atol=1e-10)


def test_cells_that_lie_within_clusters_may_be_taken_out_before():
    y, x, cluster, _ = world(5)
    cell = 3 * cluster + np.arange(len(y)) % 3
    net = np.column_stack([y, x])
    for value in np.unique(cell):
        net[cell == value] -= net[cell == value].mean(axis=0)
    inside = leave_one_out(y, x, cluster, cell).covariance
    np.testing.assert_allclose(leave_one_out(net[:, 0], net[:, 1:], cluster).covariance, inside, atol=1e-10)


def test_units_of_a_column_move_nothing_but_their_own_figure():
    y, x, cluster, cell = world(6)
    one, other = (leave_one_out(y, x * [scale, 1.0], cluster, cell).covariance for scale in (1.0, 1e6))
    np.testing.assert_allclose(other[1, 1], one[1, 1], rtol=1e-6)
    np.testing.assert_allclose(other[0, 0] * 1e12, one[0, 0], rtol=1e-6)


def test_a_coefficient_that_one_cluster_carries_gets_a_finite_error():
    y, x, cluster, cell = world(7)
    x[:, 0] = (cluster == 0) & (np.arange(len(y)) % 2 == 0)
    found = leave_one_out(y, x, cluster, cell).covariance
    assert np.isfinite(found).all()
    assert found[0, 0] > 0


@pytest.mark.slow
def test_intervals_of_few_clusters_hold_the_truth_where_usual_ones_do_not():
    from scipy import stats

    rng, held, usual = np.random.default_rng(9), [], []
    for _ in range(400):
        cluster = np.repeat(np.arange(16), 20)
        x = np.column_stack([cluster < 3, np.ones(len(cluster))]).astype(float)
        y = rng.normal(size=16)[cluster] + rng.normal(size=len(cluster))
        bread = np.linalg.inv(x.T @ x)
        beta = bread @ x.T @ y
        scores = np.zeros((16, 2))
        np.add.at(scores, cluster, x * (y - x @ beta)[:, None])
        plain = np.sqrt((bread @ scores.T @ scores @ bread)[0, 0] * 16 / 15)
        error = np.sqrt(leave_one_out(y, x, cluster).covariance[0, 0])
        held.append(abs(beta[0]) < stats.t.ppf(0.975, 15) * error)
        usual.append(abs(beta[0]) < stats.t.ppf(0.975, 15) * plain)
    assert np.mean(usual) < 0.88 < 0.9 < np.mean(held)


def test_one_cluster_is_refused():
    y, x, _, cell = world(8)
    with pytest.raises(EstimationError, match="two clusters"):
        leave_one_out(y, x, np.zeros(len(y), dtype=np.int64), cell)
