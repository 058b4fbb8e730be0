"""The table of honest inference: one row per bound, and the value at which the finding breaks down."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.robustness.honest.path import HonestPath


def honest_table(
    estimate: EffectEstimate,
    path: HonestPath,
    intervals: Sequence[tuple[float, tuple[float, float]]],
    breakdown: float,
    *,
    restriction: str,
    method: str,
    software: str,
) -> EffectEstimate:
    """Return intervals per bound as a table of effects.

    Parameters
    ----------
    estimate : EffectEstimate
        The event study they rest on.
    path : HonestPath
        What was taken from it.
    intervals : sequence of (bound, (low, high))
        Interval per bound.
    breakdown : float
        Smallest bound at which no effect is not rejected.
    restriction, method, software : str
        What was restricted, how and by what it was computed.
    """
    terms = ["parallel trends", *(f"{restriction} {bound:g}" for bound, _ in intervals), "breakdown value"]
    made = EffectEstimate.of(
        terms,
        [*[path.point] * (len(intervals) + 1), breakdown],
        [*[path.std_error] * (len(intervals) + 1), np.nan],
        method=f"{method}; on: {estimate.method}",
        convention=f"intervals hold whatever breaks of trend the bound allows; first row as usual, with normal "
        f"quantiles; covariance of the event study ({estimate.error_convention})",
        units_count=estimate.units_count,
        treated_count=estimate.treated_count,
        clusters_count=estimate.clusters_count,
        remarks={"bound": [np.nan, *(bound for bound, _ in intervals), np.nan]},
        dropped=estimate.dropped,
        software=software,
        design=estimate.design,
        not_headline=estimate.not_headline,
    )
    inner = made.frame.index[1:-1]
    made.frame.loc[inner, "ci_low"] = [low for _, (low, _) in intervals]
    made.frame.loc[inner, "ci_high"] = [high for _, (_, high) in intervals]
    made.frame.loc[inner, "p_value"] = np.nan
    return made
