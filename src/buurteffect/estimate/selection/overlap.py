"""Overlap: balance of baseline covariates between treated and untreated areas, all cohorts pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import late_effect
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.selection.balancing import Balance, OverlapLimits, entropy_balance

LIMITS = OverlapLimits()
"""From where on overlap fails."""

WEIGHT = "balancing_weight"
"""Column of the weights."""


@dataclass(frozen=True, eq=False)
class PooledOverlap:
    """Weights that make untreated units look like the treated ones, and how far that goes.

    Parameters
    ----------
    balance : Balance
        The weights and what they achieve.
    frame : DataFrame
        The rows of the units used, with `WEIGHT`: 1 for treated units, on average 1 for the others.
    reasons : tuple of str
        Why overlap fails; empty where it does not.
    treated_count, comparison_count : int
        Units.
    """

    balance: Balance
    frame: pd.DataFrame
    reasons: tuple[str, ...]
    treated_count: int
    comparison_count: int

    @property
    def fails(self) -> bool:
        """Whether overlap is too poor for a headline."""
        return bool(self.reasons)


def pooled_overlap(frame: pd.DataFrame, design: Design, features: Sequence[str]) -> PooledOverlap:
    """Balance what was known before by entropy balancing, all cohorts taken together.

    Cohorts of one or two areas have no balance of their own; together they have. Features must not change within
    a unit.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; units that it cannot use do not count.
    features : sequence of str
        Columns: level and trend before.

    Raises
    ------
    EstimationError
        If a feature is missing for all, or units are too few.
    """
    require_numbers(frame, features)
    known = [name for name in features if frame[name].notna().any()]
    if not known:
        raise EstimationError(f"none of {', '.join(features)} is known: there is nothing to compare areas by")
    sample = draw_sample(frame, replace(design, covariates=()), tuple(known))
    units = sample.frame.iloc[sample.unit_starts]
    values = units[known].to_numpy(dtype=float)
    whole = np.isfinite(values).all(axis=1)
    never = sample.never[sample.unit_starts]
    balance = entropy_balance(values[whole & ~never], values[whole & never], tuple(known))
    weight = np.where(never, 0.0, 1.0)
    weight[whole & never] = balance.weights * int((whole & never).sum())
    weight[~whole] = 0.0
    weights = pd.Series(weight, index=units[design.unit].to_numpy())
    merged = frame.assign(**{WEIGHT: frame[design.unit].map(weights).fillna(0.0)})
    return PooledOverlap(
        balance,
        merged[merged[WEIGHT] > 1e-9].reset_index(drop=True),
        balance.reasons(LIMITS),
        int((whole & ~never).sum()),
        int((whole & never).sum()),
    )


def balanced_effect(overlap: PooledOverlap, design: Design, window: tuple[int, int]) -> EffectEstimate:
    """Estimate the late effect against the weighted comparison units; errors take the weights as known."""
    weighted = replace(design, covariates=(), weights=WEIGHT)
    result = late_effect(overlap.frame, weighted, window)
    return replace(result, not_headline=tuple(f"overlap fails: {reason}" for reason in overlap.reasons))
