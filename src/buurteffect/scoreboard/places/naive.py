"""The comparisons that the scoreboard shows for what they are: before and after, and against everybody else."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from buurteffect.errors import NoComparisonError, NoSwitchError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.sandwich import cluster_std_error
from buurteffect.scoreboard.places.panel import WINDOW

Floats = NDArray[np.float64]


def before_after(panel: pd.DataFrame, outcome: str, cluster: str, against_untreated: bool = False) -> EffectEstimate:
    """Return the mean change of treated units from the year before treatment to the window after it.

    Errors: deviations from the mean summed within clusters, times G/(G − 1), t with G − 1. One row of the panel is one
    unit in one year, as `published_panel` returns it. With `against_untreated`, the mean change of all never treated
    units over the same years is taken off: the difference in differences of two groups, with every treated unit's own
    years.

    Raises
    ------
    NoSwitchError
        If no treated unit is seen the year before and over the window, or all lie in one cluster.
    NoComparisonError
        If every unit is treated, and never treated units are compared with.
    """
    wide, cohort, clusters = _wide(panel, outcome, cluster)
    treated = np.isfinite(cohort)
    if against_untreated and treated.all():
        raise NoComparisonError("every unit is treated: nobody is left to compare with")
    changes = _changes(wide, cohort[treated])
    own, words = changes[treated, np.arange(int(treated.sum()))], "mean change of treated units"
    if not against_untreated:
        return _estimate(own, np.empty(0), clusters[treated], words)
    others, groups = changes[~treated], np.r_[clusters[treated], clusters[~treated]]
    return _estimate(own - others.mean(axis=0), others.mean(axis=1), groups, f"{words} less that of never treated ones")


def _wide(panel: pd.DataFrame, outcome: str, cluster: str) -> tuple[pd.DataFrame, Floats, NDArray[np.int_]]:
    """Return outcomes as units by years, and each unit's cohort and cluster."""
    wide = panel.set_index(["area_code", "year"])[outcome].unstack()  # noqa: PD010  (pivot_table is slower)
    units = panel.drop_duplicates("area_code").set_index("area_code", drop=False).reindex(wide.index)
    return wide, units["cohort_year"].to_numpy(dtype=float), np.asarray(pd.factorize(units[cluster])[0])


def _changes(wide: pd.DataFrame, cohorts: Floats) -> Floats:
    """Return the change of every unit over the years of every cohort given, shape (units, cohorts)."""
    if not len(cohorts):
        raise NoSwitchError("no unit is treated: there is no change to look at")
    values, first, last = wide.to_numpy(dtype=float), int(wide.columns.min()), int(wide.columns.max())
    found: dict[int, Floats] = {}
    for cohort in np.unique(cohorts.astype(int)):
        start, stop = cohort + WINDOW[0], min(cohort + WINDOW[1], last)
        if cohort - 1 < first or start > last:
            raise NoSwitchError(f"cohort {cohort} is not seen the year before and over event times {WINDOW}")
        found[cohort] = values[:, start - first : stop - first + 1].mean(axis=1) - values[:, cohort - 1 - first]
    return np.column_stack([found[cohort] for cohort in cohorts.astype(int)])


def _estimate(own: Floats, others: Floats, groups: ArrayLike, words: str) -> EffectEstimate:
    """Return the mean over treated units with its error."""
    point, count = float(own.mean()), len(own)
    influence = np.r_[(own - point) / count, -(others - others.mean()) / len(others) if len(others) else others]
    codes = np.asarray(pd.factorize(np.asarray(groups))[0])
    clusters = int(codes.max()) + 1
    if clusters < 2:
        raise NoSwitchError("all treated units lie in one cluster: their spread between clusters is not known")
    error = cluster_std_error(influence, codes)
    return EffectEstimate.of(
        ["window"],
        [point],
        [error],
        method=words,
        convention="deviations from the means summed within clusters, times G/(G − 1); t with G − 1",
        units_count=len(influence),
        treated_count=count,
        clusters_count=clusters,
        degrees=clusters - 1,
    )
