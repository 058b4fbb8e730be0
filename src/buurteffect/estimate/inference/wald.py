"""Wald tests that several estimates are all 0, or equal to each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import pseudo_inverse
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers


@dataclass(frozen=True)
class JointTest:
    """A test that several estimates are what they are said to be.

    Attributes
    ----------
    statistic : float
        F: the Wald statistic over the number of restrictions.
    restrictions : int
        How many.
    degrees : float
        Degrees of freedom of the denominator; infinite for χ² over its degrees.
    p_value : float
        Probability of a statistic at least as large if the restrictions hold.
    """

    statistic: float
    restrictions: int
    degrees: float
    p_value: float


def wald_test(values: Floats, covariance: Floats, degrees: float = np.inf) -> JointTest:
    """Test that all values are 0: F = b'V⁺b / q with q the rank of V, against F(q, degrees).

    Parameters
    ----------
    values : ndarray
        Shape (q,).
    covariance : ndarray
        Their covariance, shape (q, q).
    degrees : float
        Degrees of freedom of the denominator; infinite for χ² over q.

    Raises
    ------
    EstimationError
        If none of them varies.

    Examples
    --------
    >>> round(wald_test(np.array([1.96]), np.eye(1)).p_value, 3)
    0.05
    """
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    if not rank:
        raise EstimationError("none of the values varies, such as the base of an event study: there is nothing to test")
    statistic = float(values @ pseudo_inverse(covariance) @ values) / rank
    chance = stats.f.sf(statistic, rank, degrees) if np.isfinite(degrees) else stats.chi2.sf(statistic * rank, rank)
    return JointTest(statistic, rank, degrees, float(chance))


def joint_test(estimate: EffectEstimate, rows: Sequence[int], equal: bool = False) -> JointTest:
    """Test that some estimates of a table are zero, or equal to each other, with the table's covariance and degrees.

    Parameters
    ----------
    estimate : EffectEstimate
        With its covariance.
    rows : sequence of int
        Positions of the estimates.
    equal : bool
        Whether they are tested against each other instead of zero.

    Raises
    ------
    EstimationError
        If there is no covariance, or nothing to test.

    Examples
    --------
    >>> made = EffectEstimate.of(["a", "b"], [0.3, 0.1], np.eye(2) / 100, method="", convention="", units_count=50,
    ...                          clusters_count=10)
    >>> joint_test(made, [0, 1]).restrictions, joint_test(made, [0, 1], equal=True).restrictions
    (2, 1)
    """
    if estimate.covariance is None:
        raise EstimationError("a joint test needs the covariance of the coefficients: this table has none")
    chosen = np.asarray(rows, dtype=int)
    if len(chosen) < (2 if equal else 1):
        raise EstimationError(f"a joint test of {len(chosen)} coefficients tests nothing: name more")
    values = estimate.frame["estimate"].to_numpy()[chosen]
    matrix = estimate.covariance[np.ix_(chosen, chosen)]
    if equal:
        contrast = np.column_stack([np.eye(len(chosen) - 1), -np.ones(len(chosen) - 1)])
        values, matrix = contrast @ values, contrast @ matrix @ contrast.T
    return wald_test(values, matrix, estimate.degrees)


def pretrend_test(result: EffectEstimate) -> JointTest:
    """Return the joint test that all effects before treatment, and its anticipation, are 0.

    Raises
    ------
    EstimationError
        If there are none, or they have no covariance.
    """
    times, places, _ = event_study_path(result)
    before = times < first_effect(result)
    if not before.any():
        raise EstimationError("there is no effect before treatment to test")
    return joint_test(result, places[before].tolist())


def first_effect(result: EffectEstimate) -> int:
    """Return the first event time at which there may be an effect: 0, or that of the design's anticipation."""
    return 0 if result.design is None else -result.design.anticipation_years


def event_study_path(result: EffectEstimate) -> tuple[Floats, Integers, Floats]:
    """Return event times, places in the table and covariance of the effects that have an uncertainty.

    Raises
    ------
    EstimationError
        If the table holds no event study, or has no covariance.
    """
    if result.covariance is None:
        raise EstimationError("this estimate has no covariance: use an event study that gives one")
    rows = (result.frame["event_time"].notna() & (result.frame["std_error"] > 0)).to_numpy()
    if not rows.any():
        raise EstimationError("this table holds no event study")
    places = np.flatnonzero(rows)
    times = result.frame["event_time"].to_numpy(dtype=float, na_value=np.nan)[places]
    return times, places, result.covariance[np.ix_(places, places)]
