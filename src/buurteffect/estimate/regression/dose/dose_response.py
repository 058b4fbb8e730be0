"""Effects by dose: whether places that were treated more strongly changed more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design, refuse_at_risk
from buurteffect.estimate.core.fit import inverse
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.influence import DRAWS, SEED, effects_from_influence
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, draw_sample

ASSUMPTION = (
    "strong parallel trends: at every dose, places with that dose would have changed as much as all treated places "
    "would have at it; parallel trends without treatment are not enough to compare doses, because places that chose "
    "a high dose may gain more or less from any dose"
)
"""What a comparison of doses rests on (Callaway, Goodman-Bacon & Sant'Anna 2024, doi:10.3386/w32117)."""


def continuous_dose(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] = (0, 100),
    groups: int = 4,
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    r"""Estimate how effects grow with dose.

    For each treated unit, the mean over a window of event times of its change since the last time before
    treatment, less that of the units compared with, is regressed on its dose: e_i = a + s (d_i − d̄) + u_i. Rows:
    ``effect at the mean dose`` (a, for which parallel trends are enough), ``slope in dose`` (s) and the mean effect
    by group of doses. Errors count the treated and the units compared with.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        With ``dose``, one value per treated unit, such as the share of dwellings demolished (0–1).
    window : (int, int)
        Event times whose mean is taken, ends included.
    groups : int
        Groups of doses with equally many units; 0 for none.
    draws, seed : int
        Of the multiplier bootstrap over the groups.

    Returns
    -------
    EffectEstimate
        With the remarks ``dose_low`` and ``dose_high`` for the rows by group. The method names the assumption.

    Raises
    ------
    EstimationError
        If there is no dose, it changes within a unit, does not vary, or the design has covariates.
    """
    if design.dose is None:
        raise EstimationError("an effect by dose needs the design's dose: name the column")
    if design.covariates:
        raise EstimationError(
            f"effects by dose take no covariates here: match first, or leave {', '.join(design.covariates)} out of the "
            "design"
        )
    adoption = Adoption(draw_sample(frame, design, one_treated_cluster=True))
    changes = _changes(adoption, window)
    dose = _doses(adoption)[changes.units]
    if np.ptp(dose) == 0:
        raise EstimationError(f"every treated unit has the dose {dose[0]:g}: there is nothing to compare")
    weight = adoption.weights[changes.units]
    centred = dose - np.average(dose, weights=weight)
    line = _regression(adoption, changes, np.column_stack([np.ones(len(dose)), centred]), weight)
    members, bounds = _dose_groups(dose, groups)
    parts = _regression(adoption, changes, members, weight) if members.shape[1] else (np.empty(0), line[1][:, :0])
    names = [f"dose {low:.3g}–{high:.3g}" for low, high in bounds]
    found = effects_from_influence(
        adoption,
        ["effect at the mean dose", "slope in dose", *names],
        np.concatenate([line[0], parts[0]]),
        np.hstack([line[1], parts[1]]),
        method=f"effects on units by dose, mean of event times {window[0]}–{window[1]}; {ASSUMPTION}"
        + adoption.sample.unbalanced("a unit counts at the times at which it and its base are seen"),
        software=software_versions("numpy"),
        treated_count=[len(dose)] * 2 + [int(column.sum()) for column in members.T],
        band=[False, False] + [True] * len(names),
        dropped=changes.dropped,
        draws=draws,
        seed=seed,
    )
    found.frame["dose_low"] = [dose.min()] * 2 + [low for low, _ in bounds]
    found.frame["dose_high"] = [dose.max()] * 2 + [high for _, high in bounds]
    return found


@dataclass(frozen=True, eq=False)
class _Changes:
    """Changes of treated units since before their treatment, less those they are compared with.

    ``units`` are the treated units' numbers and ``effect`` their mean gap over the window; ``share`` says which
    comparisons (columns) each unit's mean rests on, adding up to 1; ``others`` holds the influence of the units
    compared with, shape (units, comparisons).
    """

    units: Integers
    effect: Floats
    share: Floats
    others: Floats
    dropped: tuple[tuple[str, int], ...]


def _changes(adoption: Adoption, window: tuple[int, int]) -> _Changes:
    """Compare every treated unit with its comparison units at every time of the window."""
    design = adoption.sample.design
    refuse_at_risk(design, "the dose response")
    never_only = design.comparison == NEVER_TREATED
    gaps, others = [], []
    for cohort in adoption.cohort_values:
        before = adoption.base(cohort)
        for place, time in enumerate(adoption.times):
            if not window[0] <= time - cohort <= window[1]:
                continue
            change = adoption.outcome[:, place] - adoption.outcome[:, before]
            used = adoption.compared(cohort, (place, before), never_only) & np.isfinite(change)
            if not used.any():
                continue
            mass = np.where(used, adoption.weights, 0.0)
            mean = float(mass @ np.where(used, change, 0.0) / mass.sum())
            gaps.append(np.where(adoption.cohorts == cohort, change - mean, np.nan))
            others.append(mass * np.where(used, change - mean, 0.0) * len(mass) / mass.sum())
    if not gaps:
        raise EstimationError(f"no treated unit has a comparison at event times {window[0]} to {window[1]}")
    table = np.column_stack(gaps)
    seen = np.isfinite(table)
    units = np.flatnonzero(seen.any(axis=1))
    share = seen[units] / seen[units].sum(axis=1, keepdims=True)
    lost = int(np.isfinite(adoption.cohorts).sum()) - len(units)
    dropped = (("treated units not seen in the window with anyone to compare with", lost),) if lost else ()
    effect = np.where(seen[units], table[units], 0.0)
    return _Changes(units, (effect * share).sum(axis=1), share, np.column_stack(others), dropped)


def _doses(adoption: Adoption) -> Floats:
    """Return the dose of every unit, refusing one that changes while it is treated."""
    sample = adoption.sample
    values = sample.column(str(sample.design.dose))
    now = sample.treated_now
    low, high = np.full(sample.units_count, np.inf), np.full(sample.units_count, -np.inf)
    np.minimum.at(low, sample.unit_codes[now], values[now])
    np.maximum.at(high, sample.unit_codes[now], values[now])
    changing = int((high > low).sum())
    if changing:
        raise EstimationError(
            f"{sample.design.dose} changes within {changing} treated units: give each unit one, such as the last"
        )
    return high


def _dose_groups(dose: Floats, groups: int) -> tuple[Floats, list[tuple[float, float]]]:
    """Return which unit is in which group of doses, and the ends of the groups."""
    if groups < 1:
        return np.empty((len(dose), 0)), []
    edges = np.quantile(dose, np.linspace(0, 1, groups + 1)[1:-1])
    codes = np.unique(np.searchsorted(edges, dose, side="right"), return_inverse=True)[1]
    members = (codes[:, None] == np.arange(codes.max() + 1)).astype(float)
    return members, [(float(dose[codes == k].min()), float(dose[codes == k].max())) for k in range(codes.max() + 1)]


def _regression(adoption: Adoption, changes: _Changes, columns: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Return coefficients of the units' effects on columns, and the influence of every unit on them."""
    weighted = columns * weight[:, None]
    bread = inverse(weighted.T @ columns)
    found = bread @ (weighted.T @ changes.effect)
    size = len(adoption.weights)
    influence = np.zeros((size, columns.shape[1]))
    influence[changes.units] = weighted * (changes.effect - columns @ found)[:, None] @ bread * size
    influence -= changes.others @ (changes.share.T @ weighted) @ bread
    return found, influence
