"""What a design could have seen: minimum detectable effects, and the power of a test of pre-trends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.bands import SEED
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.wald import event_study_path, first_effect
from buurteffect.estimate.sample.estimation_sample import Truths

_DRAWS = 100_000


def minimum_detectable_effect(
    std_error: float, alpha: float = 0.05, power: float = 0.8, degrees: float = np.inf
) -> float:
    """Return the smallest true effect that a two-sided test finds with the given probability.

    (t_{1−α/2} + t_{power})·standard error (Bloom 1995, doi:10.1177/0193841X9501900504).

    Parameters
    ----------
    std_error : float
        Standard error of the estimate; the effect is in its units.
    alpha, power : float
        Size of the test, and the probability with which it should find the effect.
    degrees : float
        Degrees of freedom of the test.

    Examples
    --------
    >>> round(minimum_detectable_effect(0.011), 4)
    0.0308
    """
    if not (std_error >= 0 and 0 < alpha < 1 and 0 < power < 1):
        raise EstimationError("a minimum detectable effect needs a standard error, and alpha and power between 0 and 1")
    return float((critical_value(alpha, degrees) + stats.t.ppf(power, degrees)) * std_error)


def with_minimum_detectable_effect(result: EffectEstimate, power: float = 0.8) -> EffectEstimate:
    """Return the estimate with a remark per row: ``minimum_detectable_effect``, missing without an error."""
    alpha = 0.05 if result.design is None else result.design.alpha
    values = [
        np.nan if np.isnan(error) else minimum_detectable_effect(error, alpha, power, result.degrees)
        for error in result.frame["std_error"]
    ]
    return replace(result, frame=result.frame.assign(minimum_detectable_effect=values))


def two_group_std_error(
    residual_sd: float, treated_count: int, control_count: int, intraclass: float = 0.0, cluster_size: float = 1.0
) -> float:
    """Return the standard error of a difference of two means of changes, before any data on effects.

    s·√(1/n₁ + 1/n₀)·√(1 + (m − 1)ρ): the last factor is the design effect of clusters of m units with intraclass
    correlation ρ (Kish 1965).

    Examples
    --------
    >>> round(two_group_std_error(0.066, 40, 400), 3)
    0.011
    """
    if min(treated_count, control_count) < 1 or residual_sd < 0 or cluster_size < 1 or not 0 <= intraclass <= 1:
        raise EstimationError("counts and cluster size must be 1 or more, the intraclass correlation between 0 and 1")
    return float(
        residual_sd * np.sqrt(1 / treated_count + 1 / control_count) * np.sqrt(1 + (cluster_size - 1) * intraclass)
    )


@dataclass(frozen=True)
class PretestPower:
    """What a test of pre-trends could have found.

    Parameters
    ----------
    slope : float
        Violation per unit of event time.
    power : float
        Probability that at least one effect before treatment is significant.
    bias : tuple of float
        Effect that the violation feigns at each event time after treatment.
    bias_after_passing : tuple of float
        The same among designs whose pre-test finds nothing.
    """

    slope: float
    power: float
    bias: tuple[float, ...]
    bias_after_passing: tuple[float, ...]


def pretest_power(result: EffectEstimate, slope: float, reference: float | None = None) -> PretestPower:
    """Return how likely a test of pre-trends finds a linear violation, and what it leaves behind where it does not.

    Roth (2022), doi:10.1257/aeri.20210236: if trends differ by `slope` a year, effects at event time k are off by
    slope·(k − reference). The pre-test is the usual one: no effect before treatment is significant by itself.
    Probabilities are simulated with a fixed seed.

    Parameters
    ----------
    result : EffectEstimate
        An event study with a covariance.
    slope : float
        Difference of trends per unit of event time.
    reference : float, optional
        Event time at which the violation is 0; by default the row without uncertainty, else −1.

    Raises
    ------
    EstimationError
        If the table holds no event study, or nothing before or after treatment.
    """
    draws, before, trend, reach = _simulated(result, reference)
    shifted = draws + slope * trend
    passed = (np.abs(shifted[:, before]) <= reach).all(axis=1)
    bias = slope * trend[~before]
    after = shifted[passed][:, ~before].mean(axis=0) if passed.any() else np.full((~before).sum(), np.nan)
    return PretestPower(slope, float(1 - passed.mean()), tuple(map(float, bias)), tuple(map(float, after)))


def detectable_slope(result: EffectEstimate, power: float = 0.5, reference: float | None = None) -> float:
    """Return the linear violation that the test of pre-trends finds with the given probability.

    Raises
    ------
    EstimationError
        As :func:`pretest_power`; or if `power` does not lie above the test's own rate of false alarms.
    """
    draws, before, trend, reach = _simulated(result, reference)

    def missing(slope: float) -> float:
        return power - float((np.abs(draws[:, before] + slope * trend[before]) > reach).any(axis=1).mean())

    if not 0 < power < 1 or missing(0.0) <= 0:
        raise EstimationError(
            f"without any violation the test already rejects in {power - missing(0.0):.1%}: ask for more"
        )
    high = float(np.max(reach) / np.abs(trend[before]).max())
    while missing(high) > 0:
        high *= 2
    return float(optimize.brentq(missing, 0.0, high, xtol=high * 1e-6))


def _simulated(result: EffectEstimate, reference: float | None) -> tuple[Floats, Truths, Floats, Floats]:
    """Return draws of the effects under no effect, which come before, their distance from the reference, the reach."""
    times, _, matrix = event_study_path(result)
    before = times < first_effect(result)
    if before.all() or not before.any():
        raise EstimationError("the power of a pre-test needs effects before and after treatment")
    if reference is None:
        fixed = result.frame.loc[result.frame["event_time"].notna() & (result.frame["std_error"] == 0), "event_time"]
        reference = float(fixed.iloc[0]) if len(fixed) else -1.0
    values, vectors = np.linalg.eigh(matrix)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(SEED)))
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    draws = generator.standard_normal((_DRAWS, len(times))) @ root
    alpha = 0.05 if result.design is None else result.design.alpha
    reach = critical_value(alpha, result.degrees) * np.sqrt(np.diag(matrix)[before])
    return np.asarray(draws), before, times - reference, np.asarray(reach)
