"""How the errors of a regression may hang together, and the covariance of its coefficients that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums
from buurteffect.estimate.inference.small_sample import HOUSE, POLICY, Convention


@dataclass(frozen=True, eq=False)
class Meat:
    """The middle of a sandwich.

    Parameters
    ----------
    matrix : ndarray
        Covariance of the summed scores, shape (regressors, regressors).
    groups : tuple of ndarray of int
        What errors are grouped by, for counting nested effects.
    groups_count : int or None
        G of the factor G/(G − 1); None where there is none.
    degrees : float or None
        Degrees of freedom; None for rows less parameters.
    words : str
        What the errors allow for.
    """

    matrix: Floats
    groups: tuple[Integers, ...]
    groups_count: int | None
    degrees: float | None
    words: str


class Errors(Protocol):
    """How errors may depend on each other: gives the middle of the sandwich."""

    def meat(self, fit: Fit) -> Meat:
        """Return the middle of the sandwich for a fit."""
        ...


@dataclass(frozen=True, eq=False)
class Covariance:
    """The covariance of coefficients and what it is.

    Parameters
    ----------
    matrix : ndarray
        Shape (regressors, regressors).
    degrees : float
        Degrees of freedom of intervals and p-values.
    words : str
        The convention in words.
    groups_count : int
        Clusters, or rows where errors are not grouped.
    flaw : str
        Why the matrix should not carry a headline; empty where nothing is wrong.
    """

    matrix: Floats
    degrees: float
    words: str
    groups_count: int
    flaw: str = ""

    @property
    def std_errors(self) -> Floats:
        """Roots of the diagonal."""
        return np.sqrt(np.diag(self.matrix))


@dataclass(frozen=True)
class IndependentErrors:
    """Errors that are independent and spread alike."""

    def meat(self, fit: Fit) -> Meat:
        """Return σ² X'X with σ² = e'e/(N − 1), which the factor (N − 1)/(N − K) completes."""
        variance = float(fit.residuals @ fit.residuals) / (fit.rows_count - 1)
        matrix = variance * (fit.regressors.T @ fit.regressors)
        return Meat(matrix, (), None, None, "independent errors of equal variance")


@dataclass(frozen=True)
class ClusteredErrors:
    """Errors that may depend on each other within clusters, one way or two.

    Two ways: the sum of both less that of their crossing (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136).

    Parameters
    ----------
    clusters : tuple of str
        One or two columns.
    """

    clusters: tuple[str, ...]

    def meat(self, fit: Fit) -> Meat:
        """Return the sum over clusters of the outer product of their summed scores."""
        if not 1 <= len(self.clusters) <= 2:
            raise CallError(f"errors are clustered one way or two, asked for {len(self.clusters)}")
        groups = tuple(fit.codes(name) for name in self.clusters)
        counts = [int(codes.max(initial=-1)) + 1 for codes in groups]
        matrix = sum(_outer(fit.score_sums(codes)) for codes in groups)
        if len(groups) == 2:
            matrix = matrix - _outer(fit.score_sums(_crossed(*groups)))
        told = " and ".join(f"{name} ({count})" for name, count in zip(self.clusters, counts, strict=True))
        fewest = min(counts)
        return Meat(np.asarray(matrix), groups, fewest, max(fewest - 1, 1), f"clustered by {told}")


@dataclass(frozen=True)
class RobustErrors:
    """Errors that are independent and spread as they may: HC1, the sandwich times N/(N − K)."""

    def meat(self, fit: Fit) -> Meat:
        """Return the sum over rows of the outer product of their scores, times N/(N − 1)."""
        matrix = _outer(fit.scores) * fit.rows_count / (fit.rows_count - 1)
        return Meat(matrix, (), None, None, "independent errors of unequal variance (HC1)")


@dataclass(frozen=True)
class DriscollKraayErrors:
    """Errors that may depend on each other across all units at a time and, fading, over some times.

    Driscoll & Kraay (1998), doi:10.1162/003465398557825; weights 1 − l/(lags + 1). Right for many times, whatever
    the number of units; with few times it understates.

    Parameters
    ----------
    lags : int
        Times over which errors may depend on each other.
    """

    lags: int = 2

    def meat(self, fit: Fit) -> Meat:
        """Return the weighted autocovariances of the scores summed by time."""
        values = np.unique(fit.frame[fit.time].to_numpy())
        codes = np.searchsorted(values, fit.frame[fit.time].to_numpy())
        if self.lags < 0 or self.lags >= len(values):
            raise EstimationError(f"lags must lie between 0 and {len(values) - 1}, found {self.lags}")
        sums = group_sums(fit.scores, codes)
        matrix = _outer(sums)
        for lag in range(1, self.lags + 1):
            shifted = sums[lag:].T @ sums[:-lag]
            matrix = matrix + (1 - lag / (self.lags + 1)) * (shifted + shifted.T)
        words = f"Driscoll–Kraay over {len(values)} times, {self.lags} lags"
        return Meat(matrix, (codes,), len(values), len(values) - 1, words)


def covariance(fit: Fit, errors: Errors, convention: Convention = HOUSE) -> Covariance:
    """Return the covariance of the coefficients: the sandwich times the convention's factor.

    Parameters
    ----------
    fit : Fit
        The regression.
    errors : Errors
        How errors may depend on each other.
    convention : Convention
        The small-sample correction.

    Raises
    ------
    EstimationError
        If the rows cannot carry the parameters, or errors cannot be grouped as asked.
    """
    meat = errors.meat(fit)
    parameters = convention.parameters(fit, meat.groups)
    matrix = fit.bread @ meat.matrix @ fit.bread * convention.factor(fit, meat.groups, meat.groups_count)
    matrix = (matrix + matrix.T) / 2
    flaw = ""
    if (np.diag(matrix) < 0).any():
        values, vectors = np.linalg.eigh(matrix)
        matrix = (vectors * np.maximum(values, convention.floor)) @ vectors.T
        flaw = (
            f"the covariance had a negative variance; {int((values < 0).sum())} negative eigenvalues were raised to "
            f"{convention.floor:g}"
        )
    degrees = float(fit.rows_count - parameters if meat.degrees is None else meat.degrees)
    words = f"{meat.words}; {convention.words(parameters, fit.rows_count, meat.groups_count)}"
    words += f"; t distribution with {degrees:.0f} degrees of freedom" + (f"; {flaw}" if flaw else "")
    count = fit.rows_count if meat.groups_count is None else meat.groups_count
    return Covariance(matrix, degrees, f"{words}. {POLICY}" if convention is HOUSE else words, count, flaw)


def cluster_covariance(influence: Floats, *groups: Integers, correct: bool = True, count: int | None = None) -> Floats:
    r"""Return the covariance of estimates from how much each observation moves each of them.

    With ψ_i the influence of observation i, so that estimates less their truth are about Σ_i ψ_i, and G clusters c,

    .. math:: V = \frac{G}{G - 1} \sum_c \Big(\sum_{i \in c} ψ_i\Big)\Big(\sum_{i \in c} ψ_i\Big)'.

    Two ways: the sum of both less that of their crossing, each with its own G (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136), negative eigenvalues raised to 0. The covariance of a regression is `covariance` of
    its fit, which has the factor for its parameters besides.

    Parameters
    ----------
    influence : ndarray
        Shape (observations, estimates), or (observations,) for one estimate. Influence functions with mean 0 over n
        units, ψ = √n-scaled, are divided by n first.
    *groups : ndarray of int
        One or two sets of codes from 0; none where each observation is its own cluster.
    correct : bool
        Whether G/(G − 1) is applied.
    count : int, optional
        G where it is not the number of codes, since some clusters have nothing to do with the estimates.

    Raises
    ------
    EstimationError
        If there are fewer than two clusters.

    Examples
    --------
    >>> cluster_covariance(np.array([0.1, 0.1, -0.2]), np.array([0, 0, 1])).round(3)
    array([[0.16]])
    """
    columns = influence[:, None] if influence.ndim == 1 else influence
    if len(groups) == 2:
        both = [_one_way(columns, codes, correct, count) for codes in (*groups, _crossed(*groups))]
        values, vectors = np.linalg.eigh((both[0] + both[1] - both[2] + (both[0] + both[1] - both[2]).T) / 2)
        return np.asarray((vectors * np.maximum(values, 0)) @ vectors.T)
    return _one_way(columns, groups[0] if groups else np.arange(len(columns)), correct, count)


def cluster_std_error(influence: Floats, *groups: Integers, count: int | None = None) -> float:
    """Return the standard error of one estimate: the root of its `cluster_covariance`."""
    return float(np.sqrt(cluster_covariance(influence, *groups, count=count)[0, 0]))


def _one_way(influence: Floats, codes: Integers, correct: bool, count: int | None) -> Floats:
    """Return the covariance with one clustering."""
    sums = group_sums(influence, codes)
    clusters = len(sums) if count is None else count
    if correct and clusters < 2:
        raise EstimationError("errors are grouped by something with one value: name other clusters")
    return np.asarray(_outer(sums) * (clusters / (clusters - 1) if correct else 1.0))


def _crossed(first: Integers, second: Integers) -> Integers:
    """Return codes of the combinations of two sets of groups."""
    count = int(second.max(initial=-1)) + 1
    return np.asarray(np.unique(first * count + second, return_inverse=True)[1])


def _outer(sums: Floats) -> Floats:
    """Return the cross product of rows of sums."""
    return np.asarray(sums.T @ sums)
