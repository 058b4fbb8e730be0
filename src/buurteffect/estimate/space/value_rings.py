"""Assessed values around projects, read as prices: by ring, and how an effect fades with distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.space.price_rings import (
    DECAY,
    HALVING,
    RingDesign,
    Sales,
    distance_decay,
    draw_sales,
    ring_effects,
)
from buurteffect.estimate.space.spillovers import distance_to_treated

TREATED = "treated areas themselves"
_AT_PROJECT_M = 1.0


def values_by_ring(frame: pd.DataFrame, design: Design, ring_m: float) -> EffectEstimate:
    """Return how values move in treated areas and in rings around them, against areas one ring farther out.

    Every area in every year is read as a sale at the mean value, as far from a project as its centre is from that of
    the nearest treated area: `prices.ring_effects`, with `prices.distance_decay` below it. Effects of all cohorts are
    averaged by a two-way regression, which the rest of the page avoids; it is shown because the literature does so.

    Parameters
    ----------
    frame : DataFrame
        One row is one area in one year, with all untreated areas; the outcome is a log value.
    design : Design
        With coordinates.
    ring_m : float
        Outer edge of the outer ring; areas up to twice as far are compared with.

    Returns
    -------
    EffectEstimate
        One row is one ring, with the remark ``price_share``; then the effect at the project and the metres over which
        it halves, or in place of these why there are none (``reason``).

    Raises
    ------
    EstimationError
        If a ring has no areas; see `prices.draw_sales`.
    """
    sales = _sales(frame, design, ring_m)
    rings = ring_effects(sales)
    names = {f"0–{_AT_PROJECT_M:g} m, after": TREATED}
    shown = rings.frame.assign(term=rings.frame["term"].replace(names), reason="")
    fading = estimator(distance_decay)(sales)
    if fading:
        more = fading.frame.assign(reason="")
    else:
        more = pd.DataFrame({"term": [DECAY, HALVING], "reason": fading.reason}).reindex(columns=shown.columns)
    counts = ["units_count", "clusters_count", "treated_count"]
    table = pd.concat([shown, more], ignore_index=True).reindex(columns=shown.columns)
    table[counts] = table[counts].fillna(0).astype(int)
    return replace(rings, frame=table, covariance=None)


def without_metres(fading: EffectEstimate) -> EffectEstimate:
    """Return the rows of `values_by_ring` that are effects, without the distance over which one halves."""
    return replace(fading, frame=fading.frame[fading.frame["term"] != HALVING].reset_index(drop=True))


def _sales(frame: pd.DataFrame, design: Design, ring_m: float) -> Sales:
    """Return areas by year as sales."""
    known = frame[frame[design.outcome].notna() & frame[list(design.coordinates_m or ())].notna().all(axis=1)]
    near = distance_to_treated(known, design)
    rows = known.drop(columns=["distance_m", "nearest_cohort"], errors="ignore").merge(near, on=design.unit)
    rows = rows.assign(price=np.exp(rows[design.outcome].to_numpy(dtype=float)))
    rings = RingDesign(
        "price",
        design.time,
        "distance_m",
        "nearest_cohort",
        effects=design.key,
        cluster=design.cluster_columns[0],
        edges_m=(0.0, _AT_PROJECT_M, ring_m / 2, ring_m, 2 * ring_m),
        alpha=design.alpha,
    )
    return draw_sales(rows, rings)
