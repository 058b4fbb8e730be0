"""The before/after comparison, and the part of it that regression to the mean explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.variance import fit_variance_components
from buurteffect.estimate.measurement.waves import Waves
from buurteffect.estimate.regression.panel_ols import twfe
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.selection.adjusted_panel import complete_units

MOST_WAVES = 9
"""Times that the components are fitted to, at most; more of them add little and cost much."""

TREATED, OTHERS, NAIVE, EXPECTED, LEFT = (
    "treated areas, after less before",
    "untreated areas over the same years",
    "difference of the two",
    "expected of areas chosen like these, without any effect",
    "left over",
)
"""Rows of the table."""


def fitted_components(frame: pd.DataFrame, design: Design, break_year: int | None = None) -> VarianceComponents:
    """Fit the variance components of an outcome over all units of a panel.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        Names the columns.
    break_year : int, optional
        First time of a changed instrument.
    """
    wide = frame.set_index([design.unit, design.time])[design.outcome].unstack(design.time)  # noqa: PD010
    wide = wide.sort_index().astype(float).dropna(axis="columns", how="all")
    times = sorted(wide.columns)
    if len(times) > MOST_WAVES:
        times = sorted({times[round(place)] for place in np.linspace(0, len(times) - 1, MOST_WAVES)})
    clusters = (
        frame.drop_duplicates(design.unit)
        .set_index(design.unit, drop=False)[design.cluster_columns[0]]
        .reindex(wide.index)
    )
    groups = pd.Series("other", index=wide.index)
    inside = break_year is not None and times[0] < break_year <= times[-1]
    waves = Waves(wide[times], clusters.astype(str), groups)
    # Only the point counts, so few draws are enough.
    return fit_variance_components(waves, break_year if inside else None, bootstrap=Bootstrap(19)).components


def naive_two_way(frame: pd.DataFrame, design: Design) -> EffectEstimate:
    """Return the one coefficient of two-way effects without covariates, on units seen at every time."""
    plain = replace(design, covariates=())
    return twfe(draw_sample(complete_units(frame, plain), plain))


def before_and_after(
    frame: pd.DataFrame, design: Design, window: tuple[int, int], components: VarianceComponents
) -> EffectEstimate:
    r"""Return the change of treated units from the last time before treatment to a window after it, taken apart.

    What regression to the mean does is computed for every cohort from the covariance Σ of outcomes between times,

    .. math:: E[y_t - y_b - (\bar y_t - \bar y_b) \mid s] = (Σ_{ts} - Σ_{bs}) Σ_{ss}^{-1} (\bar s_{treated} - \bar s),

    with b the last time before treatment and s the level at b and, where there is a time before b, the change up to b:
    the linear version of the truncation formula (C_h/C_0 − 1)·E[y − μ | y < c]. It holds for choices on these
    variables; a choice on what happened after b, or on what is not in the outcome, is not in it.

    Parameters
    ----------
    frame, design
        As of `fitted_components`; covariates do not enter.
    window : (int, int)
        Event times after treatment, ends included.
    components : VarianceComponents
        Of the outcome over all units.

    Returns
    -------
    EffectEstimate
        The rows `TREATED`, `OTHERS`, `NAIVE`, `EXPECTED` and `LEFT`; the last two without error, since that of the
        components is not in them.
    """
    adoption = Adoption(draw_sample(frame, design))
    cells = _cells(adoption, window)
    if not cells:
        raise EstimationError(f"no treated unit is seen {window[0]} to {window[1]} years after its treatment began")
    clusters, count = adoption.clusters[0], adoption.clusters_count
    size = len(adoption.cohorts)
    own, other, seen, expected, weight = np.zeros(size), np.zeros(size), np.zeros(size), 0.0, 0
    means = [0.0, 0.0]
    for cohort, base, place, mine in cells:
        change = adoption.outcome[:, place] - adoption.outcome[:, base]
        others = np.isinf(adoption.cohorts) & np.isfinite(change)
        number = int(mine.sum())
        moved = float(change[mine].mean()), float(change[others].mean())
        means = [means[0] + number * moved[0], means[1] + number * moved[1]]
        own[mine] += change[mine]
        seen[mine] += 1
        other[others] += number / others.sum() * (change[others] - moved[1])
        expected += number * _regression(adoption, components, (cohort, base, place), mine)
        weight += number
    own -= seen * means[0] / weight
    influence = np.column_stack([own, other, own - other]) / weight
    errors = np.sqrt(np.diag(cluster_covariance(influence, clusters)))
    treated, rest, expected = means[0] / weight, means[1] / weight, expected / weight
    units = len(np.unique(np.concatenate([np.flatnonzero(cell[3]) for cell in cells])))
    return EffectEstimate.of(
        [TREATED, OTHERS, NAIVE, EXPECTED, LEFT],
        [treated, rest, treated - rest, expected, treated - rest - expected],
        [*errors, np.nan, np.nan],
        method=f"mean changes from the last time before treatment to {window[0]}–{window[1]} years after its start; "
        f"expectation from the fitted components ({components})",
        convention=f"changes summed within {design.cluster_columns[0]}, times G/(G − 1); t with clusters − 1",
        units_count=size,
        treated_count=[units, 0, units, units, units],
        clusters_count=count,
        degrees=count - 1,
        dropped=adoption.sample.dropped,
        software="buurteffect",
        design=design,
        not_headline=("a naive comparison, shown for what it is",),
    )


def _cells(adoption: Adoption, window: tuple[int, int]) -> list[tuple[int, int, int, Floats]]:
    """Return cohort, place of its base, place of a time in the window, and which units are seen at both."""
    found = []
    for cohort in adoption.cohort_values:
        base = adoption.base(int(cohort))
        if base < 0:
            continue
        for place, time in enumerate(adoption.times):
            if window[0] <= time - cohort <= window[1]:
                change = adoption.outcome[:, place] - adoption.outcome[:, base]
                mine = (adoption.cohorts == cohort) & np.isfinite(change)
                if mine.any():
                    found.append((int(cohort), base, place, mine))
    return found


def _regression(adoption: Adoption, components: VarianceComponents, where: tuple[int, int, int], mine: Floats) -> float:
    """Return the change that the units of one cohort are expected to make by themselves, less that of all."""
    _, base, place = where
    levels = adoption.outcome
    places = [base] if base == 0 else [base, base - 1]
    rules = np.array([[1.0]]) if base == 0 else np.array([[1.0, 0.0], [1.0, -1.0]])
    known = np.isfinite(levels[:, places]).all(axis=1)
    inside = np.asarray(mine, dtype=bool) & known
    if not inside.any():
        return 0.0
    gap = levels[inside][:, places].mean(axis=0) - levels[known][:, places].mean(axis=0)
    every = sorted({place, *places})
    matrix = components.covariance(tuple(int(adoption.times[p]) for p in every))
    known_at, later, now = [every.index(p) for p in places], every.index(place), every.index(base)
    inner = rules @ matrix[np.ix_(known_at, known_at)] @ rules.T
    outer = (matrix[later, known_at] - matrix[now, known_at]) @ rules.T
    return float(outer @ solve_system(inner, rules @ gap))
