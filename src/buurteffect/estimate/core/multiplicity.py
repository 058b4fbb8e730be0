"""p-values that hold for many tests at once: Romano-Wolf within a family, Benjamini-Hochberg over a register."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.bands import DRAWS, SEED, normal_draws
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats


def romano_wolf(p_values: ArrayLike, covariance: Floats, draws: int = DRAWS, seed: int = SEED) -> Floats:
    r"""Return step-down p-values of a family of tests, for the chance of even one false finding among them.

    With :math:`z_k = Φ^{-1}(1 - p_k / 2)` in falling order and :math:`Z` drawn from the normal distribution with the
    estimates' correlation,

    .. math:: \tilde p_{(j)} = \max\Big(\tilde p_{(j-1)}, P\big(\max_{k \ge j} |Z_{(k)}| \ge z_{(j)}\big)\Big),

    the step-down test of Romano & Wolf (2005, doi:10.1198/016214504000000539), with p-values as in Romano & Wolf
    (2016, doi:10.1016/j.spl.2016.02.012). They resample data; here the joint distribution is the normal one of the
    covariance, as in Hothorn, Bretz & Westfall (2008, doi:10.1002/bimj.200810425), so that it is as good as the
    covariance is. The p-values carry each test's own degrees of freedom. An estimate that depends on the others in no
    way pays for them as by Šidák; one that equals another pays nothing for it.

    Parameters
    ----------
    p_values : array_like
        Two-sided p-values of the tests by themselves, shape (tests,); a test without one (NaN) is not in the family.
    covariance : ndarray
        Covariance of the estimates that are tested, shape (tests, tests); only correlations matter.
    draws, seed : int
        Draws from the normal distribution, and the seed that makes them the same each time.

    Returns
    -------
    ndarray
        Adjusted p-values in the order of the tests, none below the test's own nor, but for the last, below
        1 / (draws + 1); NaN where there was none.

    Raises
    ------
    CallError
        If shapes do not fit, or something is no p-value.
    EstimationError
        If a test of the family has no variance.

    Examples
    --------
    >>> romano_wolf([0.01, 0.04], np.eye(2)).round(2), romano_wolf([0.01, 0.01], np.ones((2, 2))).round(2)
    (array([0.02, 0.04]), array([0.01, 0.01]))
    """
    own, matrix = _checked(p_values), np.asarray(covariance, dtype=float)
    if matrix.shape != (len(own), len(own)):
        raise CallError(f"{len(own)} tests need a covariance of {len(own)} by {len(own)}, found shape {matrix.shape}")
    family = np.flatnonzero(~np.isnan(own))
    adjusted = np.full(len(own), np.nan)
    if not len(family):
        return adjusted
    inside = matrix[np.ix_(family, family)]
    if not (np.isfinite(inside).all() and (np.diag(inside) > 0).all()):
        raise EstimationError("a family of tests needs the covariance of all estimates in it, each with a variance")
    order = np.argsort(own[family], kind="stable")
    reach = stats.norm.isf(own[family][order] / 2)
    drawn = np.abs(normal_draws(inside[np.ix_(order, order)], draws, seed))
    largest = np.maximum.accumulate(drawn[:, ::-1], axis=1)[:, ::-1]
    chance = (1 + (largest >= reach).sum(axis=0)) / (1 + draws)
    chance[-1] = own[family][order][-1]
    adjusted[family[order]] = np.maximum.accumulate(np.maximum(chance, own[family][order]))
    return adjusted


def with_romano_wolf(result: EffectEstimate, rows: Sequence[int] | None = None) -> EffectEstimate:
    """Return the estimate with a remark per row: ``p_value_romano_wolf``, NaN outside the family.

    Parameters
    ----------
    result : EffectEstimate
        With its covariance.
    rows : sequence of int, optional
        Positions of the effects that make the family; by default all that have a p-value.

    Raises
    ------
    EstimationError
        If there is no covariance.
    """
    if result.covariance is None:
        raise EstimationError("tests of a family need the covariance of the estimates: this table has none")
    own = np.asarray(result.frame["p_value"], dtype=float)
    if rows is not None:
        own = np.where(np.isin(np.arange(len(own)), np.arange(len(own))[list(rows)]), own, np.nan)
    return replace(result, frame=result.frame.assign(p_value_romano_wolf=romano_wolf(own, result.covariance)))


def leave_out_covariance(estimates: Sequence[float], without: Sequence[Mapping[str, float]]) -> Floats:
    r"""Return the covariance of estimates that were each made again without every cluster in turn.

    :math:`\frac{G - 1}{G} \sum_g d_g d_g'` with :math:`d_{gk} = b_k^{(-g)} - b_k` (MacKinnon, Nielsen & Webb 2023,
    doi:10.1016/j.jeconom.2022.04.001, CV3); a cluster without which an estimate was not made again moves it by nothing.

    Parameters
    ----------
    estimates : sequence of float
        The estimates, shape (tests,).
    without : sequence of mapping of str to float
        For each of them the estimates without a cluster, by its name.

    Raises
    ------
    CallError
        If there are fewer than two clusters, or not one mapping for each estimate.

    Examples
    --------
    >>> leave_out_covariance([1.0, 2.0], [{"a": 1.5, "b": 0.5}, {"a": 3.0, "b": 1.0}])
    array([[0.25, 0.5 ],
           [0.5 , 1.  ]])
    """
    names = sorted({name for each in without for name in each})
    if len(names) < 2 or len(without) != len(estimates):
        raise CallError(f"{len(estimates)} estimates, {len(without)} of them made again without {len(names)} clusters")
    moved = np.array(
        [[each.get(name, own) - own for name in names] for own, each in zip(estimates, without, strict=True)]
    )
    return np.asarray((len(names) - 1) / len(names) * moved @ moved.T)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    r"""Return p-values adjusted for the expected share of false findings among findings.

    :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)` (Benjamini & Hochberg 1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x); for tests that are independent or depend positively on each other.

    Parameters
    ----------
    p_values : array_like
        Shape (tests,); a test without one (NaN) is not among the m.

    Raises
    ------
    CallError
        If something is no p-value.

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.02, 0.9, float("nan")]).round(2)
    array([0.03, 0.03, 0.9 ,  nan])
    """
    own = _checked(p_values)
    known = ~np.isnan(own)
    adjusted = np.full(len(own), np.nan)
    if known.any():
        adjusted[known] = stats.false_discovery_control(own[known])
    return adjusted


def _checked(p_values: ArrayLike) -> Floats:
    """Return p-values as an array; refuse what is none."""
    own = np.asarray(p_values, dtype=float)
    if own.ndim != 1 or ((own < 0) | (own > 1)).any():
        raise CallError(f"p-values must stand in one row, each between 0 and 1 or missing; found {own.tolist()}")
    return own
