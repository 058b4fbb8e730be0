"""Effects against comparison units that had the same level and trend some years before treatment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError, NoComparisonError
from buurteffect.estimate.core.bands import DRAWS, sup_t_critical_value
from buurteffect.estimate.core.design import NEVER_TREATED, refuse_at_risk
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.sample.estimation_sample import Sample
from buurteffect.estimate.selection.balancing import Balance, OverlapLimits, entropy_balance, match_nearest

LIMITS = OverlapLimits()
"""From where on overlap fails, where nothing else is said."""

ENTROPY, MATCHING = "entropy balancing", "matching"


@dataclass(frozen=True)
class Baseline:
    """What comparison units must share with treated ones, and when it is measured.

    Parameters
    ----------
    lag_years : int
        The level is taken at the last time this long or longer before treatment, and before its anticipation. Longer
        than 1 keeps a passing dip just before treatment out of the level, which would come back by itself.
    trend_years : int
        The trend is the change per year from the last time this long or longer before that; 0 for none.
    covariates : bool
        Whether the design's covariates at that time count as well.
    method : {"entropy balancing", "matching"}
        How comparison units are weighted.
    neighbours : int
        For matching: comparison units per treated unit.
    limits : OverlapLimits
        From where on overlap fails.
    """

    lag_years: int = 3
    trend_years: int = 3
    covariates: bool = True
    method: str = ENTROPY
    neighbours: int = 5
    limits: OverlapLimits = LIMITS

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.lag_years < 1 or self.trend_years < 0 or self.method not in (ENTROPY, MATCHING):
            raise CallError("lag_years must be 1 or more, trend_years 0 or more, the method a known one")


@dataclass(frozen=True, eq=False)
class Reweighted:
    """Effects after reweighting, with the balance that each cohort reached.

    Parameters
    ----------
    effects : EffectEstimate
        One row is one event time; overlap that fails stands in its `not_headline`.
    balance : DataFrame
        One row is one feature in one cohort, as in `Balance.table`, with ``cohort`` in front.
    overlap : DataFrame
        One row is one cohort: ``cohort, treated_count, comparison_count, effective_count, largest_weight,
        outside_share, overlap_fails, reasons``.
    """

    effects: EffectEstimate
    balance: pd.DataFrame
    overlap: pd.DataFrame

    @property
    def overlap_fails(self) -> bool:
        """Whether overlap fails in a cohort, which stops a headline."""
        return bool(self.overlap["overlap_fails"].any())


@dataclass(frozen=True, eq=False)
class _Cohort:
    """One cohort with its comparison units, their weights, and the changes of all since the baseline."""

    year: int
    treated: Integers
    comparison: Integers
    balance: Balance
    base: int


def reweighted_effects(sample: Sample, baseline: Baseline | None = None, draws: int = DRAWS) -> Reweighted:
    """Return effects by event time against reweighted comparison units.

    For each cohort g, with baseline b the last time at or before g − lag: the mean change y_t − y_b of its units
    less the weighted mean change of comparison units, whose weights give them the cohort's means of level at b,
    trend up to b, and covariates at b. Cohorts count by their treated units. Comparison units are never treated or,
    in designs that allow it, treated later than every time that is looked at for g. Errors are clustered over what
    each unit contributes, times G/(G − 1), and take the weights as known.

    What it cannot do: a noisy level at b is matched, noise and all, so where levels last the comparison units move
    back to their own mean afterwards and the effect is off the other way (Daw & Hatfield 2018,
    doi:10.1111/1475-6773.12993). The event times before b are then off by about as much, which is why they are shown.

    Parameters
    ----------
    sample : Sample
        The rows, of a design with a cohort and without weights.
    baseline : Baseline, optional
        What comparison units must share.
    draws : int
        Simulations behind the simultaneous band.

    Raises
    ------
    EstimationError
        Without a cohort, or with weights.
    NoComparisonError
        If no cohort has both a baseline and comparison units.
    """
    baseline, design = baseline or Baseline(), sample.design
    baseline = replace(baseline, lag_years=max(baseline.lag_years, design.anticipation_years + 1))
    if design.cohort is None:
        raise EstimationError("reweighting needs a cohort: name the column of first treated times in the design")
    if design.weights is not None:
        raise EstimationError(f"reweighting makes its own weights: leave {design.weights} out of the design")
    refuse_at_risk(design, "reweighting")
    wide = _wide(sample, sample.outcome)
    cohorts, left_out = _cohorts(sample, wide, baseline)
    if not cohorts:
        raise NoComparisonError(
            "no cohort has times early enough for a baseline and units to compare with: "
            + "; ".join(f"{reason} ({count})" for reason, count in left_out)
        )
    events, effects, influence, seen = _effects(sample, wide, cohorts)
    clusters = sample.cluster_codes[0][sample.unit_starts]
    involved = np.unique(np.concatenate([np.r_[cohort.treated, cohort.comparison] for cohort in cohorts]))
    count = len(np.unique(clusters[involved]))
    if count < 2:
        raise EstimationError("all units compared lie in one cluster: use randomisation inference")
    matrix = cluster_covariance(influence, clusters, count=count)
    errors = np.sqrt(np.diag(matrix))
    fixed = errors <= 1e-12 * max(float(errors.max(initial=0)), 1e-300)
    matrix = np.where(fixed[:, None] | fixed, 0.0, matrix)
    overlap, balance = _overlap(cohorts, baseline)
    failing = overlap[overlap["overlap_fails"]]
    estimate = EffectEstimate.of(
        [f"event {k}" for k in events],
        effects,
        matrix,
        method=f"changes since {baseline.lag_years} years before treatment against units of the same level and trend "
        f"then, {baseline.method}",
        convention=f"clustered by {design.cluster_columns[0]} ({count}), weights taken as known, times G/(G − 1), t "
        f"distribution with {count - 1} degrees of freedom",
        event_time=events,
        critical=sup_t_critical_value(matrix, design.alpha, count - 1, draws),
        units_count=len(involved),
        treated_count=seen,
        clusters_count=count,
        totals=(len(involved), count, sum(len(cohort.treated) for cohort in cohorts)),
        dropped=(*sample.dropped, *left_out),
        software="buurteffect",
        design=design,
        degrees=count - 1,
        not_headline=tuple(f"overlap fails in cohort {c}: {r}" for c, r in failing[["cohort", "reasons"]].to_numpy()),
    )
    return Reweighted(estimate, balance, overlap)


def _wide(sample: Sample, values: Floats) -> Floats:
    """Return values as units by times, NaN where not seen."""
    table = np.full((sample.units_count, len(sample.time_values)), np.nan)
    table[sample.unit_codes, sample.time_codes] = values
    return table


def _cohorts(sample: Sample, wide: Floats, baseline: Baseline) -> tuple[list[_Cohort], tuple[tuple[str, int], ...]]:
    """Return the cohorts that can be compared, and what was left out and why."""
    given, never = sample.cohorts[sample.unit_starts], np.asarray(sample.never[sample.unit_starts])
    covariates = [_wide(sample, column) for column in sample.covariates.T] if baseline.covariates else []
    cohorts, left_out = [], []
    for year in np.unique(given[~never]).astype(int):
        treated = np.flatnonzero(given == year)
        moments = _moments(sample.time_values, year, baseline)
        if moments is None:
            left_out.append((f"units of cohort {year}: no time early enough for its baseline", len(treated)))
            continue
        pool = never.copy()
        if sample.design.comparison != NEVER_TREATED:
            pool |= given > sample.time_values.max() + sample.design.anticipation_years
        features = _features(wide, covariates, moments)
        usable = np.asarray(np.isfinite(features).all(axis=1))
        lost = int((~usable[treated]).sum())
        if lost:
            left_out.append((f"units of cohort {year}: not seen at its baseline", lost))
        inside, comparison = treated[usable[treated]], np.flatnonzero(pool & usable)
        if not len(inside) or len(comparison) < 2:
            left_out.append((f"units of cohort {year}: nobody to compare with", len(inside)))
            continue
        trend = ("trend",) if baseline.trend_years else ()
        names = ("level", *trend, *(sample.design.covariates if baseline.covariates else ()))
        if baseline.method == ENTROPY:
            balance = entropy_balance(features[inside], features[comparison], names)
        else:
            balance = match_nearest(features[inside], features[comparison], names, baseline.neighbours)
        cohorts.append(_Cohort(int(year), inside, comparison, balance, moments[0]))
    return cohorts, tuple(left_out)


def _moments(times: Integers, year: int, baseline: Baseline) -> tuple[int, int, float] | None:
    """Return places of the baseline and of the trend's start, and the years between; None where there are none."""
    base = int(np.searchsorted(times, year - baseline.lag_years, side="right")) - 1
    if base < 0:
        return None
    if not baseline.trend_years:
        return base, base, 0.0
    start = int(np.searchsorted(times, times[base] - baseline.trend_years, side="right")) - 1
    return None if start < 0 else (base, start, float(times[base] - times[start]))


def _features(wide: Floats, covariates: Sequence[Floats], moments: tuple[int, int, float]) -> Floats:
    """Return level, trend per year and covariates at the baseline, units by features."""
    base, start, years = moments
    columns = [wide[:, base]]
    if years:
        columns.append((wide[:, base] - wide[:, start]) / years)
    return np.column_stack([*columns, *(table[:, base] for table in covariates)])


def _effects(sample: Sample, wide: Floats, cohorts: Sequence[_Cohort]) -> tuple[list[int], Floats, Floats, list[int]]:
    """Return event times, effects, each unit's contribution to their errors (units by event times), treated seen."""
    events = sorted({int(time) - cohort.year for cohort in cohorts for time in sample.time_values})
    parts: dict[int, list[tuple[int, float, Floats]]] = {event: [] for event in events}
    for cohort in cohorts:
        change = wide - wide[:, [cohort.base]]
        for place, time in enumerate(sample.time_values):
            inside = cohort.treated[np.isfinite(change[cohort.treated, place])]
            known = np.isfinite(change[cohort.comparison, place])
            weights = cohort.balance.weights * known
            if not len(inside) or weights.sum() <= 0:
                continue
            weights = weights[known] / weights.sum()
            outside = cohort.comparison[known]
            means = change[inside, place].mean(), float(weights @ change[outside, place])
            share = np.zeros(len(wide))
            share[inside] = (change[inside, place] - means[0]) / len(inside)
            share[outside] -= weights * (change[outside, place] - means[1])
            parts[int(time) - cohort.year].append((len(inside), means[0] - means[1], share))
    events = [event for event in events if parts[event]]
    counts = [sum(part[0] for part in parts[event]) for event in events]
    effects = [sum(n * value for n, value, _ in parts[e]) / total for e, total in zip(events, counts, strict=True)]
    influence = [sum(n * share for n, _, share in parts[e]) / total for e, total in zip(events, counts, strict=True)]
    return events, np.asarray(effects), np.column_stack(influence), counts


def _overlap(cohorts: Sequence[_Cohort], baseline: Baseline) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per cohort with its overlap, and the balance of every feature."""
    rows = []
    for cohort in cohorts:
        reasons = cohort.balance.reasons(baseline.limits)
        rows.append(
            {
                "cohort": cohort.year,
                "treated_count": len(cohort.treated),
                "comparison_count": len(cohort.comparison),
                "effective_count": cohort.balance.effective_count,
                "largest_weight": cohort.balance.largest_weight,
                "outside_share": cohort.balance.outside_share,
                "overlap_fails": bool(reasons),
                "reasons": "; ".join(reasons),
            }
        )
    balances = [cohort.balance.table.assign(cohort=cohort.year) for cohort in cohorts]
    table = pd.concat(balances, ignore_index=True)
    return pd.DataFrame(rows), table[["cohort", *(name for name in table.columns if name != "cohort")]]
