"""Errors from leaving one cluster out at a time, for regressions of which few clusters carry the treatment.

The usual clustered errors are too small where few clusters decide a coefficient, because residuals are smallest where
leverage is largest. Leaving every cluster out in turn measures what that cluster did (CV3).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import pseudo_inverse
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers

WORDS = "leaving one cluster out at a time (CV3)"


@dataclass(frozen=True, eq=False)
class LeftOut:
    """What a regression finds without each of its clusters.

    Attributes
    ----------
    coefficients : ndarray
        Shape (clusters, regressors): estimates without each.
    covariance : ndarray
        Shape (regressors, regressors): (G − 1)/G times the sum over clusters of the outer product of what each moves.
    """

    coefficients: Floats
    covariance: Floats


def leave_one_out(outcome: Floats, regressors: Floats, clusters: Integers, cells: Integers | None = None) -> LeftOut:
    r"""Return the estimates of least squares without each cluster, and the covariance that follows.

    .. math:: V = \frac{G - 1}{G} \sum_g (\hat β_{(g)} - \hat β)(\hat β_{(g)} - \hat β)'

    Effects of cells are taken out anew without each cluster, from sums by cluster and cell, so that no row is read
    twice. What cannot be told without a cluster is set as the generalised inverse has it.

    Parameters
    ----------
    outcome : ndarray
        Shape (rows,).
    regressors : ndarray
        Shape (rows, regressors).
    clusters : ndarray of int
        Cluster of each row, counted from 0 without gaps.
    cells : ndarray of int, optional
        Cell of each row: each has an effect of its own. Effects that lie within one cluster each may be taken out
        before, and are then left out here.

    Raises
    ------
    EstimationError
        If there are fewer than two clusters.

    References
    ----------
    MacKinnon, Nielsen & Webb (2023), Cluster-robust inference: a guide to empirical practice.
    doi:10.1016/j.jeconom.2022.04.001.

    Examples
    --------
    >>> x = np.array([[0.0], [1.0], [0.0], [1.0]])
    >>> found = leave_one_out(np.array([0.0, 1.0, 0.0, 3.0]), x, np.array([0, 0, 1, 1]))
    >>> found.coefficients.ravel().tolist(), found.covariance.ravel().tolist()
    ([3.0, 1.0], [1.0])
    """
    number = int(clusters.max(initial=-1)) + 1
    if number < 2:
        raise EstimationError("errors by leaving clusters out need two clusters at the least")
    columns = np.column_stack([regressors, outcome])
    products = _products(columns, clusters, number)
    left = products.sum(axis=0) - products
    whole = products.sum(axis=0)[None]
    if cells is not None:
        count, sums = _cell_sums(columns, clusters, cells, number)
        left = left - _between(count.sum(axis=0) - count, sums.sum(axis=0) - sums)
        whole = whole - _between(count.sum(axis=0)[None], sums.sum(axis=0)[None])
    size = np.sqrt(np.maximum(np.diagonal(whole[0])[:-1], np.finfo(float).tiny))
    without, every = _solve(left, size), _solve(whole, size)[0]
    moved = without - every
    return LeftOut(without, np.asarray((number - 1) / number * moved.T @ moved))


def _products(columns: Floats, clusters: Integers, number: int) -> Floats:
    """Return the cross products of columns within each cluster, shape (clusters, columns, columns)."""
    order = np.argsort(clusters, kind="stable")
    rows, ends = columns[order], np.searchsorted(clusters[order], np.arange(number + 1))
    return np.stack([rows[low:high].T @ rows[low:high] for low, high in pairwise(ends)])


def _cell_sums(columns: Floats, clusters: Integers, cells: Integers, number: int) -> tuple[Floats, Floats]:
    """Return rows by cluster and cell, and sums of columns by cluster and cell."""
    size = int(cells.max()) + 1
    both = clusters * size + cells
    count = np.bincount(both, minlength=number * size).astype(float).reshape(number, size)
    sums = [np.bincount(both, weights=column, minlength=number * size) for column in columns.T]
    return count, np.stack(sums, axis=1).astype(float).reshape(number, size, columns.shape[1])


def _between(count: Floats, sums: Floats) -> Floats:
    """Return the part of cross products that lies between cells."""
    scaled = sums / np.sqrt(np.maximum(count, 1.0))[:, :, None]
    return np.asarray(np.matmul(scaled.transpose(0, 2, 1), scaled))


def _solve(products: Floats, size: Floats) -> Floats:
    """Return the coefficients of each set of cross products, columns in units of their own length."""
    unit = np.outer(size, size)
    inverse = pseudo_inverse(products[:, :-1, :-1] / unit, 1e-10)
    return np.asarray(np.einsum("gkl,gl->gk", inverse, products[:, :-1, -1] / size) / size)
