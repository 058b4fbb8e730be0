"""What is left of columns after unit and time effects: the exact projection, balanced or not, weighted or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from buurteffect.estimate.core.weighted_stats import Floats

Integers = NDArray[np.int_]


def entangled(names: Sequence[str], cross: Floats, least: float) -> list[str]:
    """Return the names of columns that explain each other; none where all can be told apart.

    Parameters
    ----------
    names : sequence of str
        Of the columns.
    cross : ndarray
        Their cross product, shape (columns, columns).
    least : float
        Eigenvalue of the cross product of columns of length 1 below which a mixture of them counts as nothing.

    Examples
    --------
    >>> columns = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 0.0], [3.0, 6.0, 5.0]])
    >>> entangled(["income", "double", "age"], columns.T @ columns, 1e-9)
    ['income', 'double']
    """
    size = np.sqrt(np.maximum(np.diag(cross), np.finfo(float).tiny))
    values, vectors = np.linalg.eigh(cross / np.outer(size, size))
    among = np.abs(vectors[:, values < least]).max(axis=1, initial=0) > 1e-4
    return [name for name, inside in zip(names, among, strict=True) if inside]


def redundant(names: Sequence[str], columns: Floats, least: float) -> str:
    """Return in words which covariates are constant or collinear; nothing where all can be told apart.

    Parameters
    ----------
    names : sequence of str
        Of the covariates.
    columns : ndarray
        A constant, then the covariates, shape (observations, 1 + covariates).
    least : float
        As of `entangled`.

    Examples
    --------
    >>> redundant(["income", "old"], np.array([[1.0, 2.0, 5.0], [1.0, 3.0, 5.0], [1.0, 4.0, 5.0]]), 1e-9)
    'old is constant'
    """
    told = [name for name in entangled(["", *names], columns.T @ columns, least) if name]
    return f"{told[0]} is constant" if len(told) == 1 else f"{', '.join(told)} are collinear" if told else ""


def group_sums(values: Floats, codes: Integers, count: int | None = None) -> Floats:
    """Return the sums of the columns of `values` (rows by columns) per code: codes by columns."""
    size = int(codes.max(initial=-1)) + 1 if count is None else count
    sums = np.empty((size, values.shape[1]))
    for place, column in enumerate(values.T):
        sums[:, place] = np.bincount(codes, weights=column, minlength=size)
    return sums


def demean(values: Floats, codes: Integers, weights: Floats | None = None) -> Floats:
    """Return `values` (rows by columns) minus the weighted mean of their group."""
    count = int(codes.max(initial=-1)) + 1
    if weights is None:
        means = group_sums(values, codes, count) / np.bincount(codes, minlength=count)[:, None]
    else:
        means = group_sums(values * weights[:, None], codes, count)
        means /= np.bincount(codes, weights=weights, minlength=count)[:, None]
    return np.asarray(values - means[codes])


def within_two_way(values: Floats, units: Integers, times: Integers, weights: Floats | None = None) -> Floats:
    """Return the part of columns that unit and time effects do not explain.

    The residual of a (weighted) regression of each column on dummies of both. Units are swept out by their means;
    the dummies of time, without their unit means, are then partialled out, which takes one linear system as large
    as there are times (Frisch & Waugh 1933, doi:10.2307/1907330). In a balanced panel without weights this is
    x − x̄ᵢ − x̄ₜ + x̄. No iteration, so no tolerance.

    Parameters
    ----------
    values : ndarray
        Shape (rows, columns).
    units, times : ndarray of int
        Codes from 0, one per row, every code in use.
    weights : ndarray, optional
        Positive weights, one per row.

    Examples
    --------
    >>> codes = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> within_two_way(np.array([[1.0], [2.0], [3.0], [8.0]]), *codes).ravel()
    array([ 1., -1., -1.,  1.])
    """
    swept = demean(values, units, weights)
    number = int(times.max(initial=-1)) + 1
    size = int(units.max(initial=-1)) + 1
    share = np.ones(len(units)) if weights is None else weights
    if weights is None and len(units) == size * number:
        return demean(swept, times)
    inverse, means = time_system(units, times, share, (size, number))
    effects = inverse @ group_sums(swept * share[:, None], times, number)
    return np.asarray(swept - effects[times] + (means @ effects)[units])


def time_system(units: Integers, times: Integers, weights: Floats, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the inverse of the cross product of time dummies without unit means, and the share of times per unit.

    Parameters
    ----------
    units, times : ndarray of int
        Codes from 0, one per row.
    weights : ndarray
        One per row.
    shape : tuple of int
        Numbers of units and times.
    """
    size, number = shape
    crossed = np.bincount(units * number + times, weights=weights, minlength=size * number).reshape(size, number)
    means = crossed / crossed.sum(axis=1, keepdims=True)
    system = np.diag(crossed.sum(axis=0)) - crossed.T @ means
    return np.linalg.pinv(system, rcond=1e-12, hermitian=True), means
