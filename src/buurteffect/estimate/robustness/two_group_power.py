"""What a comparison of two groups of areas will be able to see: a plan, from how areas changed in the past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import residuals
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.power import minimum_detectable_effect, two_group_std_error
from buurteffect.estimate.sample.estimation_sample import Integers


@dataclass(frozen=True)
class GroupDesign:
    """Power of a comparison of two groups that is planned: nothing has been treated yet.

    What a design that was carried out could have found is said by the standard error and the degrees of freedom of its
    own estimate (`minimum_detectable_effect`), and by nothing here.

    Parameters
    ----------
    from_time, to_time : int
        Times between which changes are taken.
    treated_count, control_count, treated_clusters : int
        Units that will be treated, the others, and clusters that hold those that will be treated.
    residual_sd : float
        Standard deviation of the changes of units given their level at the start.
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
    cluster_column = design.cluster_columns[0]
    require(frame, (cluster_column,))
    frame = frame[frame[design.outcome].notna() & frame[cluster_column].notna()]
    times = sorted(int(time) for time in frame[design.time].dropna().unique())
    starts = [time for time in times if time <= times[-1] - years] if times else []
    if not starts:
        raise EstimationError(f"the panel does not span {years} years")
    table = frame[frame[design.time].isin((starts[-1], times[-1]))]
    wide = table.set_index([design.unit, design.time])[design.outcome].unstack(design.time).dropna()  # noqa: PD010
    cluster = table.drop_duplicates(design.unit).set_index(design.unit, drop=False)[cluster_column].reindex(wide.index)
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
