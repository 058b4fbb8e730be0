"""How the errors of a regression may hang together, and the covariance of its coefficients that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.fit import Fit
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums
from buurteffect.estimate.inference.small_sample import HOUSE, POLICY, Convention, leverages

_KINDS = ("HC0", "HC1", "HC2", "HC3")
_SYNONYMS = ("hetero", "robust")
_FITTED = 1e-9  # what may be left of 1 less the leverage of a row that is not fitted exactly


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
    corrected : bool
        Whether the matrix is complete as it is, so that no convention's factor goes in front of it.
    """

    matrix: Floats
    groups: tuple[Integers, ...]
    groups_count: int | None
    degrees: float | None
    words: str
    corrected: bool = False


class Errors(Protocol):
    """How errors may depend on each other: gives the middle of the sandwich."""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the rows that it needs, besides the key."""
        ...

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

    columns: ClassVar[tuple[str, ...]] = ()

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

    @property
    def columns(self) -> tuple[str, ...]:
        """The clusters."""
        return self.clusters

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
    r"""Errors that are independent and spread as they may, by name (MacKinnon & White 1985).

    The middle of the sandwich is Σ_i c_i e_i² x_i x_i'. ``HC0``: c = 1 (White 1980, doi:10.2307/1912934). ``HC1``:
    times N/(N − K), with K as the convention counts it, all fixed effects included: what fixest calls ``hetero`` and
    Stata ``robust``. ``HC2``: c = 1/(1 − h_i). ``HC3``: c = 1/(1 − h_i)², h_i the leverage of the row in the
    regression with all fixed effects as dummies, as sandwich::vcovHC has it for such a regression (plm's has the
    leverage after the effects, which is smaller). HC0, HC2 and HC3 take no factor of the convention besides. t
    distribution with N − K degrees of freedom. doi:10.1016/0304-4076(85)90158-7. In a panel with fixed effects and
    few times all four miss what the errors of one unit have in common, and are biased (Stock & Watson 2008,
    doi:10.1111/j.0012-9682.2008.00821.x): cluster by unit.

    Parameters
    ----------
    kind : {"HC1", "HC0", "HC2", "HC3"}
        Which of them; ``hetero`` and ``robust`` are taken as HC1.
    """

    kind: str = "HC1"
    columns: ClassVar[tuple[str, ...]] = ()

    def __post_init__(self) -> None:
        """Check the name."""
        if self.kind not in (*_KINDS, *_SYNONYMS):
            raise CallError(f"robust errors are {', '.join(_KINDS)}, found {self.kind!r}")

    def meat(self, fit: Fit) -> Meat:
        """Return the sum over rows of the outer product of their scores, each row with its weight."""
        kind = "HC1" if self.kind in _SYNONYMS else self.kind
        words = f"independent errors of unequal variance ({kind})"
        if kind == "HC1":
            return Meat(_outer(fit.scores) * fit.rows_count / (fit.rows_count - 1), (), None, None, words)
        power = {"HC0": 0.0, "HC2": 0.5, "HC3": 1.0}[kind]
        left = 1 - leverages(fit) if power else np.ones(fit.rows_count)
        if (left < _FITTED).any():
            raise EstimationError(
                f"{int((left < _FITTED).sum())} rows are fitted exactly by an effect of their own: {kind} divides "
                "by 0 there; leave these rows out, or take HC1"
            )
        return Meat(_outer(fit.scores / left[:, None] ** power), (), None, None, words, corrected=True)


@dataclass(frozen=True)
class DriscollKraayErrors:
    """Errors that may depend on each other across all units at a time and, fading, over some times.

    Driscoll & Kraay (1998), doi:10.1162/003465398557825; weights 1 − l/(lags + 1). Right for many times, whatever
    the number of units; with few times it understates. G of the factor is the number of times, t with one less.

    Parameters
    ----------
    lags : int, optional
        Times over which errors may depend on each other; by default the whole part of T^¼, T the number of times, as
        in fixest and plm.
    """

    lags: int | None = None
    columns: ClassVar[tuple[str, ...]] = ()

    def meat(self, fit: Fit) -> Meat:
        """Return the weighted autocovariances of the scores summed by time."""
        codes, count = _moments(fit)
        lags = _lags(self.lags, count)
        sums = group_sums(fit.scores, codes)
        matrix = _outer(sums)
        for lag in range(1, lags + 1):
            matrix = matrix + _faded(sums[lag:].T @ sums[:-lag], lag, lags)
        return Meat(matrix, (codes,), count, count - 1, f"Driscoll–Kraay over {count} times, {_told(lags)}")


@dataclass(frozen=True)
class NeweyWestErrors:
    """Errors of a unit that may depend on each other, fading, over some times; units are independent.

    Newey & West (1987), doi:10.2307/1913610, within units: Σ_i Σ_t [s_it s_it' + Σ_l (1 − l/(lags + 1))(s_it
    s_i,t−l' + s_i,t−l s_it')], s the scores. A lag is a step in the ordered times of all rows; a pair counts where
    the unit is seen at both. As in fixest: G of the factor is the number of times, t with one less, and neither unit
    nor time effects count in K. plm's vcovNW is this without any factor (convention `SANDWICH`).

    Parameters
    ----------
    lags : int, optional
        Times over which errors may depend on each other; by default the whole part of T^¼, T the number of times, as
        in fixest and plm.
    """

    lags: int | None = None
    columns: ClassVar[tuple[str, ...]] = ()

    def meat(self, fit: Fit) -> Meat:
        """Return the weighted autocovariances of the scores of each unit."""
        times, count = _moments(fit)
        lags = _lags(self.lags, count)
        units = fit.codes(fit.unit)
        places = units * (count + lags) + times  # a lag never reaches into the unit before
        order = np.argsort(places)
        places, scores = places[order], fit.scores[order]
        if (np.diff(places) == 0).any():
            raise EstimationError(f"Newey–West errors need one row per {fit.unit} and {fit.time}: cluster instead")
        matrix = _outer(scores)
        for lag in range(1, lags + 1):
            earlier = np.searchsorted(places, places - lag)
            seen = places[earlier] == places - lag
            matrix = matrix + _faded(scores[seen].T @ scores[earlier[seen]], lag, lags)
        words = f"Newey–West within {fit.unit} over {count} times, {_told(lags)}"
        return Meat(matrix, (units, times), count, count - 1, words)


def _moments(fit: Fit) -> tuple[Integers, int]:
    """Return the place of each row's time among the ordered times, and their number."""
    if not fit.time or fit.time not in fit.frame.columns:
        raise EstimationError("errors that depend on each other over time need rows with a time: name it")
    values = np.unique(fit.frame[fit.time].to_numpy())
    return np.searchsorted(values, fit.frame[fit.time].to_numpy()), len(values)


def _lags(asked: int | None, times: int) -> int:
    """Return the number of lags: as asked, or the whole part of the fourth root of the number of times."""
    lags = int(times**0.25 + 1e-9) if asked is None else asked
    if lags < 0 or lags >= times:
        raise EstimationError(f"lags must lie between 0 and {times - 1}, found {lags}")
    return lags


def _told(lags: int) -> str:
    """Return the number of lags in words."""
    return f"{lags} lag{'' if lags == 1 else 's'}"


def _faded(product: Floats, lag: int, lags: int) -> Floats:
    """Return an autocovariance with its transpose, by Bartlett's weight."""
    return np.asarray((1 - lag / (lags + 1)) * (product + product.T))


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
    factor = 1.0 if meat.corrected else convention.factor(fit, meat.groups, meat.groups_count)
    matrix = fit.bread @ meat.matrix @ fit.bread * factor
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
    told = convention.words(parameters, fit.rows_count, meat.groups_count)
    words = f"{meat.words}; {'no small-sample factor besides' if meat.corrected else told}"
    words += f"; t distribution with {degrees:.0f} degrees of freedom" + (f"; {flaw}" if flaw else "")
    count = fit.rows_count if meat.groups_count is None else meat.groups_count
    as_policy = convention is HOUSE and isinstance(errors, ClusteredErrors)
    return Covariance(matrix, degrees, f"{words}. {POLICY}" if as_policy else words, count, flaw)


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
