"""A placebo test of selection: untreated units matched to treated ones before treatment, taken for treated."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.aggregation import Estimator
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample


def lookalike_placebo(frame: pd.DataFrame, design: Design, estimator: Estimator, neighbours: int = 2) -> EffectEstimate:
    """Estimate a placebo effect on untreated units matched to the level and trend of treated ones.

    For every treated unit the nearest untreated units by level at the last time before its treatment and, where there
    is an earlier time, by the change up to it (each in standard deviations of untreated units) get its cohort, no unit
    twice; treated units are left out. What is then found is what choosing by level and dip does by itself, plus what
    policy did to untreated units. Where no untreated units are as low as treated ones, it is too small.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    estimator : callable
        Takes a panel and a design.
    neighbours : int
        Untreated units per treated one.

    Raises
    ------
    EstimationError
        If there are too few untreated units, or the estimator refuses.
    """
    adoption = Adoption(draw_sample(frame, design))
    chosen = _chosen(adoption, neighbours)
    sample = adoption.sample
    left = sample.never
    cohort = chosen[sample.unit_codes]
    dated = sample.frame.assign(**{str(design.cohort): np.where(np.isfinite(cohort), cohort, np.nan)})
    return estimator(dated[left].reset_index(drop=True), design)


def _chosen(adoption: Adoption, neighbours: int) -> Floats:
    """Return the cohort that each unit is given, NaN for none."""
    never = np.isinf(adoption.cohorts)
    cohort = np.full(len(never), np.nan)
    free = never.copy()
    if neighbours < 1 or never.sum() < 2 * neighbours * int((~never).sum()):
        raise EstimationError(
            f"{int(never.sum())} untreated units are too few to find {neighbours} like each of {int((~never).sum())}"
        )
    for year in adoption.cohort_values:
        features = _features(adoption, int(year))
        usable = np.isfinite(features).all(axis=1)
        for unit in np.flatnonzero((adoption.cohorts == year) & usable):
            pool = np.flatnonzero(free & usable)
            if len(pool) <= neighbours:
                break
            _, near = cKDTree(features[pool]).query(features[unit], k=neighbours)
            taken = pool[np.atleast_1d(near)]
            cohort[taken], free[taken] = year, False
    if not np.isfinite(cohort).any():
        raise EstimationError("no treated unit is seen before its treatment: there is nothing to look alike")
    return cohort


def _features(adoption: Adoption, year: int) -> Floats:
    """Return level before treatment, and the change up to it where there is one, in untreated standard deviations."""
    base = adoption.base(year)
    if base < 0:
        return np.full((len(adoption.cohorts), 1), np.nan)
    columns = [adoption.outcome[:, base]]
    if base > 0:
        columns.append(adoption.outcome[:, base] - adoption.outcome[:, base - 1])
    table = np.column_stack(columns)
    spread = np.nanstd(table[np.isinf(adoption.cohorts)], axis=0)
    return np.asarray(table / np.where(spread > 0, spread, 1.0))
