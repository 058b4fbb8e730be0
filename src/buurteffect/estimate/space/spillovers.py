"""Spillovers: effects on treated places and on rings around them, against places far from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from buurteffect.errors import CallError, EstimationError, NoComparisonError
from buurteffect.estimate.core.columns import require_known, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import Estimator, callaway_santanna, late_estimator
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample


def distance_to_treated(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return how far every unit lies from the treated ones.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        With ``coordinates_m``; the first place of a unit counts.

    Returns
    -------
    DataFrame
        One row is one unit: the unit, ``distance_m`` to the nearest treated one (0 for treated ones) and
        ``nearest_cohort``, its first treated time.

    Raises
    ------
    EstimationError
        If the design has no coordinates; or see `draw_sample`.
    """
    return _distances(_located(frame, design))


def spillover(
    frame: pd.DataFrame,
    design: Design,
    edges_m: Sequence[float],
    far_m: float | None = None,
    estimator: Estimator = callaway_santanna,
) -> EffectEstimate:
    """Estimate effects on treated places and on rings around them, against places far from all of them.

    Rows: ``treated, against all`` (as if nothing spilled over), ``treated, against far``, and one per ring. Places in
    a ring count as treated when the nearest treated place is (in the part of the panel with that ring and far places);
    places between the last ring and `far_m` belong to neither side.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        With ``coordinates_m``.
    edges_m : sequence of float
        Outer edges of the rings, ascending, in metres.
    far_m : float, optional
        From this distance on places are far; the last edge when not given.
    estimator : callable
        Takes a panel and a design; its first row is shown.

    Returns
    -------
    EffectEstimate
        With the remarks ``distance_low_m`` and ``distance_high_m``. Rows come from separate fits, so there is no
        covariance between them and no band.

    Raises
    ------
    CallError
        If edges do not ascend, or `far_m` lies within the last ring.
    EstimationError
        If a ring is empty, or it is not known where the units lie.
    NoComparisonError
        If no place is far.
    """
    edges = [0.0, *map(float, edges_m)]
    far = edges[-1] if far_m is None else float(far_m)
    if len(edges) < 2 or any(np.diff(edges) <= 0) or far < edges[-1]:
        raise CallError(f"ring edges must ascend from above 0 to at most far_m, found {list(edges_m)}, {far:g}")
    sample = _located(frame, design)
    table = _distances(sample).set_index(design.unit)
    unit = sample.frame[design.unit]
    distance = table["distance_m"].reindex(unit).to_numpy()
    treated = ~sample.never
    apart = ~treated & (distance >= far)
    if not apart.any():
        raise NoComparisonError(f"no untreated unit lies {far:g} m or more from every treated one: lower far_m")
    whole = sample.frame.assign(**{str(design.cohort): np.where(treated, sample.cohorts, np.nan)})
    parts = [
        ("treated, against all", whole, np.nan, np.nan),
        ("treated, against far", whole[treated | apart], np.nan, np.nan),
    ]
    nearest = table["nearest_cohort"].reindex(unit).to_numpy(dtype=float)
    for low, high in pairwise(edges):
        ring = ~treated & (distance >= low) & (distance < high)
        if not ring.any():
            raise EstimationError(f"no untreated unit lies {low:g}–{high:g} m from a treated one: take other edges")
        dated = whole.assign(**{str(design.cohort): np.where(ring, nearest, np.nan)})
        parts.append((f"ring {low:g}–{high:g} m", dated[ring | apart], low, high))
    plain = replace(design, coordinates_m=None)
    found = [(name, estimator(part, plain), low, high) for name, part, low, high in parts]
    rows = [
        result.frame.iloc[[0]].assign(term=name, distance_low_m=low, distance_high_m=high)
        for name, result, low, high in found
    ]
    first = found[0][1]
    left_out = int((~treated & (distance >= edges[-1]) & (distance < far))[sample.unit_starts].sum())
    dropped = (*first.dropped, *((("places between the last ring and far", left_out),) if left_out else ()))
    return replace(
        first,
        frame=pd.concat(rows, ignore_index=True),
        method=f"rings around treated places, far from {far:g} m on; {first.method}",
        units_count=sample.units_count,
        dropped=dropped,
        treated_count=sample.treated_count,
        design=design,
        covariance=None,
        not_headline=(),
    )


def bias_identity(
    frame: pd.DataFrame, design: Design, without_policy: str, estimator: Estimator = callaway_santanna
) -> pd.DataFrame:
    r"""Decompose the error of an estimate where the outcome without policy is known, as in a simulation.

    An estimator τ̂ that is linear in the outcome gives, with Y = Y⁰ + effects on treated and on other units,

    .. math:: τ̂(Y) - τ = τ̂(Y^0) + τ̂((Y - Y^0) 1\{\text{untreated unit}\}) + τ̂((Y - Y^0) 1\{\text{treated unit}\}) - τ,

    the bias that a placebo shows, minus what the policy did to the units compared with (their contamination), and
    what treated units that are compared with before their own treatment, and effects before treatment, add. Here τ is
    the estimator applied to the effects themselves: those on treated units from treatment on, and 0 elsewhere.

    Parameters
    ----------
    frame, design, estimator
        As of `spillover`; the estimator must be linear in the outcome, and the policy not have moved covariates.
    without_policy : str
        Column of the outcome without the policy.

    Returns
    -------
    DataFrame
        One row per part: ``part, value``; the last, ``left over``, is the estimate less truth and parts, 0 for an
        estimator that is linear.
    """
    require_numbers(frame, (without_policy,), advice="the identity needs the outcome without policy")
    require_known(frame, without_policy)
    frame = frame[frame[design.outcome].notna() & frame[without_policy].notna()]
    effect = frame[design.outcome].to_numpy(dtype=float) - frame[without_policy].to_numpy(dtype=float)
    cohort = frame[str(design.cohort)].to_numpy(dtype=float, na_value=np.nan)
    time = frame[design.time].to_numpy(dtype=float)
    treated = np.isfinite(cohort) & (cohort <= time.max() + design.anticipation_years)
    with np.errstate(invalid="ignore"):
        now = treated & (time >= cohort)
    parts = {
        "estimate": frame[design.outcome].to_numpy(dtype=float),
        "truth": np.where(now, effect, 0.0),
        "placebo bias": frame[without_policy].to_numpy(dtype=float),
        "contamination of untreated units": np.where(treated, 0.0, effect),
        "effects on treated units before their treatment": np.where(treated & ~now, effect, 0.0),
    }
    values = {name: _first(estimator, frame, design, values) for name, values in parts.items()}
    explained = sum(value for name, value in values.items() if name != "estimate")
    values["left over"] = values["estimate"] - explained
    return pd.DataFrame({"part": list(values), "value": list(values.values())})


def _first(estimator: Estimator, frame: pd.DataFrame, design: Design, outcome: np.ndarray) -> float:
    """Return the first figure of an estimator on another outcome."""
    # An outcome that is 0 throughout has no spread to make an error of; its figure is 0.
    if not np.nan_to_num(outcome).any():
        return 0.0
    return float(estimator(frame.assign(**{design.outcome: outcome}), design).frame["estimate"].iloc[0])


def _located(frame: pd.DataFrame, design: Design) -> Sample:
    """Return the sample of a design with coordinates."""
    if design.coordinates_m is None:
        raise EstimationError(
            "it is not known where the areas lie (the design names no coordinates_m), so there are no rings"
        )
    return draw_sample(frame, design, one_treated_cluster=True)


def _distances(sample: Sample) -> pd.DataFrame:
    """Return the distance of every unit to the nearest treated one, and when that was treated."""
    design, starts = sample.design, sample.unit_starts
    places = sample.columns(design.coordinates_m or ())[starts]
    treated = ~sample.never[starts]
    cohorts = sample.cohorts[starts]
    # Of two treated places at one distance the one treated first decides.
    order = np.lexsort((places[treated][:, 1], places[treated][:, 0], cohorts[treated]))
    tree = cKDTree(places[treated][order])
    number = min(4, len(order))
    distance, found = tree.query(places, k=number)
    distance, found = distance.reshape(len(places), number), found.reshape(len(places), number)
    equal = distance <= distance[:, :1] + 1e-9
    nearest = np.where(equal, cohorts[treated][order][found], np.inf).min(axis=1)
    return pd.DataFrame(
        {
            design.unit: sample.frame[design.unit].to_numpy()[starts],
            "distance_m": np.where(treated, 0.0, distance[:, 0]),
            "nearest_cohort": np.where(treated, cohorts, nearest).astype(int),
        }
    )


def rings_around(frame: pd.DataFrame, design: Design, ring_m: float, window: tuple[int, int]) -> EffectEstimate:
    """Estimate late effects on one or two rings around treated areas, against areas beyond.

    Two rings of equal width where both hold enough areas to be compared, else one. The effect on treated areas is that
    of the headline, and no row here.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time, with all untreated areas.
    design : Design
        With coordinates.
    ring_m : float
        Outer edge of the last ring; farther areas are far.
    window : (int, int)
        Event times whose mean is taken.

    Raises
    ------
    EstimationError
        If even one ring cannot be compared; see `spillover`.
    """
    made = estimator(spillover)(frame, design, (ring_m / 2, ring_m), ring_m, late_estimator(window))
    made = made if made else spillover(frame, design, (ring_m,), ring_m, late_estimator(window))
    rings = made.frame[made.frame["distance_low_m"].notna()].reset_index(drop=True)
    return replace(made, frame=rings)
