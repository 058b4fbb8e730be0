"""Mean-group estimators: one regression per unit, and the mean of their coefficients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.intervals import rounding, without_rounding
from buurteffect.estimate.core.result import OWN_CODE, EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, demean, group_sums
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.regression.regressors import INTERCEPT, Regressors, default_regressors
from buurteffect.estimate.sample.estimation_sample import Sample, Truths

MG, CCEMG, DMG = "mg", "ccemg", "dmg"
TREND = "trend"

_KINDS = {
    MG: "mean group",
    CCEMG: "mean group with common correlated effects",
    DMG: "mean group of what is left after the means of each time",
}
_ALIKE = 1e-9  # share of a regressor that must be left within a unit once its other regressors are out


@dataclass(frozen=True, eq=False)
class _Slopes:
    """Coefficients per unit, the intercept first, and which units have them, shapes (units, terms) and (units,)."""

    values: Floats
    known: Truths


def mean_group(
    sample: Sample, kind: str = MG, trend: bool = False, regressors: Regressors | None = None
) -> EffectEstimate:
    r"""Return the mean of coefficients that may differ between units in any way.

    y_it = α_i + x_it'β_i + e_it by least squares for each unit; the estimate is :math:`\bar β = N^{-1} \sum_i \hat
    β_i` (Pesaran & Smith 1995, doi:10.1016/0304-4076(94)01644-F) with covariance :math:`\frac{1}{N(N - 1)} \sum_i
    (\hat β_i - \bar β)(\hat β_i - \bar β)'`. ``ccemg`` adds the means over all rows of outcome and regressors at
    each time to every unit's regression, for common shocks that hit units differently (Pesaran 2006,
    doi:10.1111/j.1468-0262.2006.00692.x); ``dmg`` subtracts them instead. These are the ``mg``, ``cmg`` and ``dmg``
    of plm::pmg. Many times are needed: each unit has a regression of its own.

    Parameters
    ----------
    sample : Sample
        The rows; the design must not have weights. Units whose own rows do not tell all coefficients apart (too few
        times, or a regressor that never changes there, such as treatment of a unit that is never treated) are left
        out and counted; the means of each time are over all rows.
    kind : {"mg", "ccemg", "dmg"}
        Plain, with common correlated effects, or less the means of each time.
    trend : bool
        Whether each unit has a linear trend of its own.
    regressors : Regressors, optional
        What explains the outcome; by default treatment or dose, and the covariates.

    Returns
    -------
    EffectEstimate
        One row is one term: the intercept first, then the regressors, the means of each time (``ccemg``) and the
        trend. Where the design names clusters, deviations of units are summed within the first of them; by default
        each unit stands for itself, as in plm. t with clusters − 1 degrees of freedom; plm takes the normal
        distribution.

    Raises
    ------
    EstimationError
        If the design has weights, or fewer than two units have a regression of their own.

    Examples
    --------
    >>> import pandas as pd
    >>> from buurteffect.estimate.core.design import Design
    >>> from buurteffect.estimate.sample.estimation_sample import draw_sample
    >>> rows = pd.DataFrame({"area": list("aaabbb"), "year": [1, 2, 3] * 2, "x": [0.0, 1, 2] * 2})
    >>> design = Design("y", "area", "year", None, covariates=("x",))
    >>> made = mean_group(draw_sample(rows.assign(y=[0.0, 1, 2, 5, 8, 11]), design))
    >>> made.frame["estimate"].round(6).tolist(), made.frame["std_error"].round(6).tolist()
    ([2.5, 2.0], [2.5, 1.0])
    """
    if kind not in _KINDS:
        raise CallError(f"kind must be {', '.join(_KINDS)}, found {kind!r}")
    design = sample.design
    if design.weights is not None:
        raise EstimationError(f"mean-group estimators take no weights: leave {design.weights} out of the design")
    chosen = regressors or default_regressors(sample)
    names, outcome, columns = _columns(sample, chosen, kind, trend)
    slopes = _slopes(outcome, columns, sample.unit_codes)
    count = int(slopes.known.sum())
    alone = sample.units_count - count
    if count < 2:
        raise EstimationError(
            f"{count} of {sample.units_count} units can carry a regression of their own with {len(names) + 1} "
            f"coefficients: it takes two units with more rows than that, in each of which {', '.join(names)} change"
        )
    kept = slopes.values[slopes.known]
    mean = kept.mean(axis=0)
    name = design.cluster_columns[0]
    clusters = sample.codes(name)[sample.unit_starts][slopes.known]
    clusters = np.unique(clusters, return_inverse=True)[1]
    groups = int(clusters.max()) + 1
    by = (
        "Σ(β_i − β)(β_i − β)'/(N(N − 1))" if not design.clusters else f"deviations of units summed by {name}, G/(G − 1)"
    )
    spread = columns.std(axis=0)
    least = rounding(sample.outcome) / np.append(1.0, np.where(spread > 0, spread, 1.0))
    mean, covariance, words = without_rounding(mean, cluster_covariance((kept - mean) / count, clusters), least)
    against = "each unit is compared with itself alone: what changes for all units over time counts as effect"
    return EffectEstimate.of(
        (INTERCEPT, *names),
        mean,
        covariance,
        method=f"{_KINDS[kind]}{', with a trend per unit' if trend else ''}: mean of the coefficients of {count} units",
        convention=f"{by}; t with {groups - 1} degrees of freedom{words}",
        units_count=count,
        treated_count=sample.treated_count,
        clusters_count=groups,
        degrees=groups - 1,
        dropped=(*sample.dropped, *((("units without a regression of their own", alone),) if alone else ())),
        software=OWN_CODE,
        design=design,
        not_headline=(against,) if design.cohort is not None and kind == MG else (),
    )


def _columns(sample: Sample, regressors: Regressors, kind: str, trend: bool) -> tuple[tuple[str, ...], Floats, Floats]:
    """Return the names of the terms, the outcome and the columns."""
    names, outcome, columns = regressors.names, sample.outcome, regressors.values
    both = np.column_stack([outcome, columns])
    if kind == DMG:
        both = demean(both, sample.time_codes)
        outcome, columns = both[:, 0], both[:, 1:]
    if kind == CCEMG:
        columns = np.column_stack([columns, both - demean(both, sample.time_codes)])
        names = (*names, *(f"mean of {name}" for name in (sample.design.outcome, *regressors.names)))
    if trend:
        columns = np.column_stack([columns, sample.times - sample.times.min() + 1.0])
        names = (*names, TREND)
    return names, outcome, columns


def _slopes(outcome: Floats, columns: Floats, units: Integers) -> _Slopes:
    """Return the coefficients of each unit's regression, where its rows tell them apart."""
    size, rows = columns.shape[1], np.bincount(units)
    means = group_sums(np.column_stack([outcome, columns]), units) / rows[:, None]
    left = demean(np.column_stack([outcome, columns]), units)
    y, x = left[:, 0], left[:, 1:]
    cross = group_sums((x[:, :, None] * x[:, None, :]).reshape(len(x), -1), units).reshape(-1, size, size)
    products = group_sums(x * y[:, None], units)
    length = np.sqrt(np.einsum("gii->gi", cross))
    changes = length > _ALIKE * np.sqrt(group_sums(columns**2, units))
    known = changes.all(axis=1) & (rows > size + 1)
    unit = np.where(length > 0, length, 1.0)
    scaled = cross / (unit[:, :, None] * unit[:, None, :])
    known[known] = np.linalg.eigvalsh(scaled[known])[:, 0] > _ALIKE
    values = np.full((len(rows), size + 1), np.nan)
    if known.any():
        values[known, 1:] = solve_system(scaled[known], (products / unit)[known][:, :, None])[:, :, 0] / unit[known]
    values[:, 0] = means[:, 0] - np.einsum("gi,gi->g", means[:, 1:], values[:, 1:])
    return _Slopes(values, known)
