"""Honest inference under smoothness: what is left if a difference in trends bends at most so much a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.robustness.honest.path import HonestPath, honest_path
from buurteffect.estimate.robustness.honest.table import honest_table


def smoothness(
    estimate: EffectEstimate,
    bounds: Sequence[float],
    window: tuple[int, int] | None = None,
    reach: tuple[int, int] | None = None,
) -> EffectEstimate:
    """Return intervals of fixed length that hold if the slope of the difference in trends changes at most M a step.

    The restriction is |(δ_{t+1} − δ_t) − (δ_t − δ_{t−1})| ≤ M (Rambachan & Roth 2023,
    doi:10.1093/restud/rdad018, section 4.1). M = 0 allows any straight line.

    Parameters
    ----------
    estimate : EffectEstimate
        An event study with its covariance and a base.
    bounds : sequence of float
        Values of M, in units of the outcome per step.
    window, reach
        As in `honest_path`.

    Returns
    -------
    EffectEstimate
        One row for the average as estimated, one per bound, and one with the ``breakdown value``: the smallest M
        at which the interval holds 0.
    """
    path = honest_path(estimate, window, reach)
    if any(bound < 0 for bound in bounds):
        raise EstimationError(f"a bound on smoothness is 0 or more, found {min(bounds)}")
    alpha = 0.05 if estimate.design is None else estimate.design.alpha
    intervals = [(bound, _interval(path, bound, alpha)) for bound in bounds]
    return honest_table(
        estimate,
        path,
        intervals,
        _breakdown(path, alpha),
        restriction="smoothness",
        method=f"Rambachan & Roth (2023, doi:10.1093/restud/rdad018): smoothness, fixed-length interval, {path.wanted}",
        software=software_versions("diff-diff"),
    )


def _breakdown(path: HonestPath, alpha: float) -> float:
    """Return the smallest bound at which the interval holds 0."""
    from scipy.optimize import brentq

    sign = np.sign(path.point)

    def nearest(bound: float) -> float:
        low, high = _interval(path, bound, alpha)
        return float(low if sign > 0 else -high)

    if nearest(0.0) <= 0:
        return 0.0
    high = path.std_error
    while nearest(high) > 0:
        high *= 2
        if high > 1e6 * path.std_error:
            return float("inf")
    return float(brentq(nearest, 0.0, high, xtol=1e-3 * high))


def _interval(path: HonestPath, bound: float, alpha: float) -> tuple[float, float]:
    """Return the library's interval for one bound."""
    from diff_diff.honest_did import HonestDiD
    from diff_diff.results import MultiPeriodDiDResults, PeriodEffect

    unknown = (np.nan, np.nan)
    errors = np.sqrt(np.diag(path.covariance))
    names = list(range(len(path.effects)))
    split = len(path.before)
    effects = {
        name: PeriodEffect(name, float(path.effects[name]), float(errors[name]), np.nan, np.nan, unknown)
        for name in names
    }
    study = MultiPeriodDiDResults(
        effects, path.point, path.std_error, np.nan, np.nan, unknown, 0, 0, 0, names[:split], names[split:],
        vcov=path.covariance, interaction_indices={name: name for name in names},
    )  # fmt: skip
    found = HonestDiD(method="smoothness", M=bound, alpha=alpha, l_vec=path.weights).fit(study)
    return float(found.ci_lb), float(found.ci_ub)
