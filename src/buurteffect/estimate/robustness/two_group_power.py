"""What a comparison of two groups of areas could have seen, from the areas that nobody treated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import residuals
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.power import minimum_detectable_effect, two_group_std_error
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, draw_sample


@dataclass(frozen=True)
class GroupDesign:
    """Power of a comparison of two groups, before any effect is looked at.

    Parameters
    ----------
    from_time, to_time : int
        Times between which changes are taken.
    treated_count, control_count, treated_clusters : int
        Treated units that are seen before and in the window, untreated ones, clusters that hold the treated.
    residual_sd : float
        Standard deviation of the changes of untreated units given their level at the start and the covariates.
    intraclass : float
        Correlation of these between units of one cluster.
    std_error, independent_std_error : float
        Of the difference of means, with and without that correlation.
    detectable, detectable_independent : float
        Smallest effect found with a probability of 80%.
    """

    from_time: int
    to_time: int
    treated_count: int
    control_count: int
    treated_clusters: int
    residual_sd: float
    intraclass: float
    std_error: float
    independent_std_error: float
    detectable: float
    detectable_independent: float

    def power(self, effect: float, alpha: float = 0.05) -> float:
        """Return the probability that an effect of this size is found."""
        reach = critical_value(alpha)
        shift = abs(effect) / self.std_error
        return float(stats.norm.sf(reach - shift) + stats.norm.cdf(-reach - shift))


def group_design(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> GroupDesign:
    """Return what the design could have seen, by the changes of untreated units over as many years.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    window : (int, int)
        Event times of the headline.

    Raises
    ------
    EstimationError
        If no treated unit is seen before and in the window; or see `draw_sample`.
    """
    adoption = Adoption(draw_sample(frame, design))
    usable, base, place = _usable(adoption, window)
    never = np.isinf(adoption.cohorts)
    change = adoption.outcome[:, place] - adoption.outcome[:, base]
    given = np.column_stack([np.ones(len(change)), adoption.outcome[:, base], adoption.covariates[:, base]])
    known = never & np.isfinite(change) & np.isfinite(given).all(axis=1)
    if known.sum() <= given.shape[1] + 1:
        raise EstimationError(f"{int(known.sum())} untreated units are too few to know how much areas change")
    centred = given[known] - np.r_[0.0, given[known][:, 1:].mean(axis=0)]
    residual = residuals(centred, change[known])
    spread = float(np.sqrt(residual @ residual / (len(residual) - given.shape[1])))
    clusters = adoption.clusters[0]
    correlation = _intraclass(residual, clusters[known])
    sizes = np.bincount(clusters[usable])
    sizes = sizes[sizes > 0]
    counts = int(usable.sum()), int(known.sum())
    errors = (
        two_group_std_error(spread, *counts, correlation, float((sizes**2).sum() / sizes.sum())),
        two_group_std_error(spread, *counts),
    )
    return GroupDesign(
        int(adoption.times[base]),
        int(adoption.times[place]),
        *counts,
        len(sizes),
        spread,
        correlation,
        *errors,
        *(minimum_detectable_effect(error, design.alpha) for error in errors),
    )


def future_design(
    frame: pd.DataFrame, design: Design, gemeenten: Sequence[str], areas_count: int, years: int
) -> GroupDesign:
    """Return what a comparison could see once so many areas of some gemeenten have been treated for some years.

    Nothing has happened yet, so the changes are those of the past: over the last span of at least so many years, of all
    areas, given their level at its start. Which areas of the gemeenten will be treated is not known; they are counted.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        Names unit, time, outcome and cluster.
    gemeenten : sequence of str
        Clusters in which areas will be treated.
    areas_count : int
        Areas that will be; the test has as many degrees of freedom as there are gemeenten, less one.
    years : int
        Length of the change.

    Raises
    ------
    EstimationError
        If the panel spans fewer years, or nobody of these gemeenten is in it.
    """
    times = sorted(int(time) for time in frame[design.time].unique())
    starts = [time for time in times if time <= times[-1] - years] if times else []
    if not starts:
        raise EstimationError(f"the panel does not span {years} years")
    table = frame[frame[design.time].isin((starts[-1], times[-1]))]
    wide = table.set_index([design.unit, design.time])[design.outcome].unstack(design.time).dropna()  # noqa: PD010
    cluster = table.drop_duplicates(design.unit).set_index(design.unit)[design.cluster_columns[0]].reindex(wide.index)
    inside = cluster.isin(set(gemeenten)).to_numpy()
    if not inside.any():
        raise EstimationError("none of the gemeenten is in the panel")
    level = wide[starts[-1]].to_numpy(dtype=float)
    change = wide[times[-1]].to_numpy(dtype=float) - level
    given = np.column_stack([np.ones(len(level)), level - level.mean()])
    residual = residuals(given, change)
    spread = float(np.sqrt(residual @ residual / (len(residual) - 2)))
    correlation = _intraclass(residual, np.asarray(pd.factorize(cluster)[0]))
    clusters = len(set(cluster[inside]))
    counts = areas_count, len(wide) - areas_count
    errors = (
        two_group_std_error(spread, *counts, correlation, max(areas_count / clusters, 1.0)),
        two_group_std_error(spread, *counts),
    )
    found = (minimum_detectable_effect(error, design.alpha, degrees=max(clusters - 1, 1)) for error in errors)
    return GroupDesign(starts[-1], times[-1], *counts, clusters, spread, correlation, *errors, *found)


def _usable(adoption: Adoption, window: tuple[int, int]) -> tuple[Floats, int, int]:
    """Return treated units seen before and in the window, and the places of the times of the middle cohort."""
    usable = np.zeros(len(adoption.cohorts), dtype=bool)
    spans = []
    for cohort in adoption.cohort_values:
        base = adoption.base(int(cohort))
        after = [p for p, time in enumerate(adoption.times) if window[0] <= time - cohort <= window[1]]
        if base < 0 or not after:
            continue
        mine = (adoption.cohorts == cohort) & np.isfinite(adoption.outcome[:, base])
        mine &= np.isfinite(adoption.outcome[:, after]).any(axis=1)
        usable |= mine
        spans += [(base, after[-1])] * int(mine.sum())
    if not spans:
        raise EstimationError(
            f"no treated unit is seen before its treatment and {window[0]} to {window[1]} years after its start"
        )
    base, place = sorted(spans)[len(spans) // 2]
    return usable, base, place


def _intraclass(values: Floats, clusters: Integers) -> float:
    """Return the intraclass correlation by analysis of variance, 0 where it comes out below."""
    codes = np.unique(clusters, return_inverse=True)[1]
    counts = np.bincount(codes)
    groups, size = len(counts), len(values)
    if groups < 2 or size <= groups:
        return 0.0
    means = np.bincount(codes, weights=values) / counts
    between = float((counts * (means - values.mean()) ** 2).sum() / (groups - 1))
    within = float(((values - means[codes]) ** 2).sum() / (size - groups))
    typical = (size - (counts**2).sum() / size) / (groups - 1)
    return max(0.0, float((between - within) / (between + (typical - 1) * within)))
