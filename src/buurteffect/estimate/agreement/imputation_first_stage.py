"""The first stage of imputation by least squares with dummies, and by alternating projections that stop early."""

from __future__ import annotations

import numpy as np

from buurteffect.estimate.core.fit import least_squares
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.estimation_sample import Sample, Truths

_MOST = 100_000
_NEAR_ZERO = 0.1  # changes count relative to this much more than the coefficient, as in fixest


def exact_gaps(sample: Sample, untreated: Truths) -> Floats:
    """Return outcomes less unit and time effects that are fitted on untreated rows by least squares with dummies.

    Parameters
    ----------
    sample : Sample
        The rows, without covariates or weights.
    untreated : ndarray of bool
        Rows on which effects are fitted; every unit and time must have one.
    """
    units = np.eye(sample.units_count)[sample.unit_codes]
    times = np.eye(len(sample.time_values))[sample.time_codes][:, 1:]
    dummies = np.hstack([units, times])
    found = least_squares(dummies[untreated], sample.outcome[untreated])
    return np.asarray(sample.outcome - dummies @ found)


def stopped_gaps(sample: Sample, untreated: Truths, tolerance: float) -> Floats:
    """Return the same by alternating between unit and time means until no coefficient moves by more than a tolerance.

    A coefficient b has stopped when it moves by no more than the tolerance, or than that times .1 + abs(b): the rule
    by which fixest stops (Bergé 2018), whose steps are longer, so that its end is another one within the rule.

    Parameters
    ----------
    sample, untreated
        As of `exact_gaps`.
    tolerance : float
        When to stop; fixest's default is 1e-6.
    """
    units, times, outcome = sample.unit_codes[untreated], sample.time_codes[untreated], sample.outcome[untreated]
    per_unit, per_time = np.bincount(units), np.bincount(times)
    time = np.zeros(len(per_time))
    unit = np.zeros(len(per_unit))
    for _ in range(_MOST):
        unit = np.bincount(units, outcome - time[times]) / per_unit
        new = np.bincount(times, outcome - unit[units]) / per_time
        moved, time, before = np.abs(new - time), new, time
        if not ((moved > tolerance) & (moved > tolerance * (_NEAR_ZERO + np.abs(before)))).any():
            break
    return np.asarray(sample.outcome - unit[sample.unit_codes] - time[sample.time_codes])
