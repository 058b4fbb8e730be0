"""The rows that a design can use: checked, put in an order that names do not decide, and with what was dropped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from buurteffect.errors import NoComparisonError, NoSwitchError, OneTreatedClusterError
from buurteffect.estimate.core.columns import check_unique, in_steps
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.checks import (
    Dropped,
    check_breaks,
    check_columns,
    check_constant,
    check_values,
    drop_unusable,
)

Integers = NDArray[np.int_]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Sample:
    """The rows that an estimator works on.

    Rows are ordered by unit, then time. Units are numbered by their path of outcomes, not by their name, so that
    neither the order of the rows nor the names of the units can move a figure, seeded draws included.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time, with the columns that the design names.
    design : Design
        What is estimated.
    unit_codes : ndarray of int
        Number of the unit of each row, from 0, ascending.
    dropped : tuple of (str, int)
        What was left out and how often.
    """

    frame: pd.DataFrame
    design: Design
    unit_codes: Integers
    dropped: Dropped = ()

    @property
    def rows_count(self) -> int:
        """Number of rows."""
        return len(self.frame)

    @cached_property
    def units_count(self) -> int:
        """Number of units."""
        return int(self.unit_codes[-1]) + 1 if len(self.unit_codes) else 0

    @cached_property
    def unit_starts(self) -> Integers:
        """Place of the first row of each unit."""
        return np.flatnonzero(np.r_[True, self.unit_codes[1:] != self.unit_codes[:-1]])

    @cached_property
    def times(self) -> Integers:
        """Time of each row."""
        return np.asarray(self.frame[self.design.time].to_numpy(dtype=int))

    @cached_property
    def time_values(self) -> Integers:
        """The different times, ascending."""
        return np.unique(self.times)

    @cached_property
    def time_codes(self) -> Integers:
        """Number of the time of each row, from 0, ascending."""
        return np.searchsorted(self.time_values, self.times)

    @cached_property
    def outcome(self) -> Floats:
        """Outcome of each row."""
        return self.column(self.design.outcome)

    @cached_property
    def covariates(self) -> Floats:
        """Covariates, shape (rows, covariates)."""
        return self.columns(self.design.covariates)

    @cached_property
    def cohorts(self) -> Floats:
        """First treated time of each row's unit; NaN where never treated, or without a cohort in the design."""
        if self.design.cohort is None:
            return np.full(self.rows_count, np.nan)
        return self.column(self.design.cohort)

    @cached_property
    def event_times(self) -> Floats:
        """Time since treatment of each row; NaN for units that are never treated."""
        return np.asarray(self.times - self.cohorts)

    @cached_property
    def treated_now(self) -> Truths:
        """Whether the row's unit is treated at the row's time (anticipation does not count)."""
        return np.asarray(self.event_times >= 0)

    @cached_property
    def never(self) -> Truths:
        """Whether the row's unit is untouched in every time: never treated, or later than the last time."""
        late = self.cohorts > self.times.max(initial=-(10**9)) + self.design.anticipation_years
        return np.asarray(np.isnan(self.cohorts) | late)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each row, 1 where the design has none."""
        return np.ones(self.rows_count) if self.design.weights is None else self.column(self.design.weights)

    @cached_property
    def cluster_codes(self) -> tuple[Integers, ...]:
        """Number of the cluster of each row, one array per cluster column of the design."""
        return tuple(self.codes(name) for name in self.design.cluster_columns)

    @cached_property
    def clusters_counts(self) -> tuple[int, ...]:
        """Number of clusters per cluster column."""
        return tuple(int(codes.max(initial=-1)) + 1 for codes in self.cluster_codes)

    @property
    def clusters_count(self) -> int:
        """Number of clusters; with two cluster columns, of the one with fewer."""
        return min(self.clusters_counts)

    @cached_property
    def treated_count(self) -> int:
        """Units whose treatment begins by the last time."""
        return int((~self.never[self.unit_starts]).sum())

    @cached_property
    def balanced(self) -> bool:
        """Whether every unit is seen at every time."""
        return self.rows_count == self.units_count * len(self.time_values)

    @property
    def lacking_count(self) -> int:
        """How many rows are lacking for every unit to be seen at every time."""
        return self.units_count * len(self.time_values) - self.rows_count

    def unbalanced(self, how: str) -> str:
        """Return that a panel is not balanced and what is done about it, to end a method with; empty where it is."""
        if self.balanced:
            return ""
        return f"; unbalanced panel, {self.lacking_count} of its {self.units_count} × {len(self.time_values)} rows " + (
            f"lacking: {how}"
        )

    def column(self, name: str) -> Floats:
        """Return a column as numbers."""
        return np.asarray(self.frame[name].to_numpy(dtype=float, na_value=np.nan))

    def columns(self, names: Sequence[str]) -> Floats:
        """Return columns as numbers, shape (rows, names)."""
        return np.column_stack([self.column(name) for name in names]) if names else np.empty((self.rows_count, 0))

    def codes(self, name: str) -> Integers:
        """Return numbers from 0 for the values of a column, in the order in which they first appear."""
        if name == self.design.unit:
            return self.unit_codes
        return np.asarray(pd.factorize(self.frame[name])[0])

    @cached_property
    def moved_up(self) -> int:
        """How far times move in `coded` so that none is 0, which means never there; 0 where all are above 0."""
        return max(0, 1 - int(self.times.min()))

    def coded(self, covariates: Sequence[str] | None = None) -> pd.DataFrame:
        """Return the sample under neutral names, for libraries that stumble over names and missing cohorts.

        One row is one unit at one time: ``unit`` (number), ``time``, ``outcome``, ``cohort`` (0 for never treated
        and for treatment after the last time; both `moved_up`), ``treated`` (0 or 1, now), ``cluster`` and, with two,
        ``cluster2`` (numbers), ``weight``, ``x0``, ``x1``, … (the covariates) and ``dose`` where the design has one.
        """
        names = self.design.covariates if covariates is None else tuple(covariates)
        table = {
            "unit": self.unit_codes,
            "time": self.times + self.moved_up,
            "outcome": self.outcome,
            "cohort": np.where(self.never, 0, self.cohorts + self.moved_up).astype(int),
            "treated": self.treated_now.astype(int),
            "weight": self.weights,
        }
        table |= {("cluster", "cluster2")[place]: codes for place, codes in enumerate(self.cluster_codes)}
        table |= {f"x{place}": self.column(name) for place, name in enumerate(names)}
        if self.design.dose is not None:
            table["dose"] = self.column(self.design.dose)
        return pd.DataFrame(table)

    def clustered(self, clusters: tuple[str, ...]) -> Sample:
        """Return the sample with other clusters, which must be columns of its frame without gaps.

        Raises
        ------
        OneTreatedClusterError
            If all treated units lie in one of them.
        """
        sample = replace(self, design=replace(self.design, clusters=clusters))
        if self.design.cohort is not None:
            _check_treated_clusters(sample)
        return sample

    def keep(self, rows: Truths, reason: str) -> Sample:
        """Return only some rows, the others counted as dropped for `reason`; units are numbered anew."""
        left = np.asarray(rows, dtype=bool)
        codes = np.asarray(pd.factorize(self.unit_codes[left], sort=True)[0])
        gone = int((~left).sum())
        dropped = (*self.dropped, (reason, gone)) if gone else self.dropped
        return replace(self, frame=self.frame[left].reset_index(drop=True), unit_codes=codes, dropped=dropped)


def draw_sample(
    frame: pd.DataFrame,
    design: Design,
    extra: Sequence[str] = (),
    one_treated_cluster: bool = False,
    always_treated: bool = False,
) -> Sample:
    """Check a panel against a design and return the rows that can be used.

    Dropped, and counted by reason: rows without unit or time, without outcome, covariate, cluster, coordinate,
    weight or dose; units with weight 0; treated units without a time before treatment (and its anticipation).

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time. Order and index do not matter; times and cohorts are whole numbers, dates or
        periods, and a missing or infinite cohort means never treated (`core.columns.in_steps`).
    design : Design
        What is estimated.
    extra : sequence of str
        Further columns to keep as they are; their missing values drop nothing.
    one_treated_cluster : bool
        Accept treated units in one cluster only, for inference that does not rest on clustered errors.
    always_treated : bool
        Keep treated units without a time before treatment, which say nothing about an effect but move the
        coefficients of a regression; only for meeting figures of software that keeps them.

    Returns
    -------
    Sample
        The usable rows.

    Raises
    ------
    MissingColumnError
        If a column is missing; similar names are listed.
    UnusableValueError
        On infinite values, text in a column of numbers, times or cohorts that are not whole, a cohort 0 that may mean
        never treated, negative weights, or if nothing is left.
    DuplicateUnitTimeError
        If a unit stands twice in a time.
    NotConstantError
        If a unit's cohort changes. Weights may change; an estimator that takes one per unit refuses (`Adoption`).
    SeriesBreakError
        If the outcome's series (or the dose's) breaks inside the period and the design does not ask for it.
    NoSwitchError
        If no treated unit is seen both before and after treatment.
    NoComparisonError
        If no unit is left to compare with.
    OneTreatedClusterError
        If all treated units lie in one cluster.

    Examples
    --------
    >>> panel = pd.DataFrame({"area_code": ["a", "a", "b", "b", "c", "c"], "year": [1, 2] * 3,
    ...     "y": [0.0, 1.0, 0.0, 1.5, 0.0, 0.0], "cohort_year": [2, 2, 2, 2, None, None]})
    >>> sample = draw_sample(panel, Design("y", clusters=()))
    >>> sample.units_count, sample.treated_count
    (3, 2)
    """
    frame, design = in_steps(frame, design)
    check_columns(frame, design, extra)
    check_values(frame, design)
    check_unique(frame, design)
    part, dropped = drop_unusable(frame, design, extra)
    codes, places = _ordered(part, design)
    sample = Sample(part.iloc[places].reset_index(drop=True), design, codes, dropped)
    check_constant(sample.frame, design, sample.unit_starts, codes)
    if design.cohort is not None:
        sample = _with_a_before(sample, always_treated)
    check_breaks(design, int(sample.times.min()), int(sample.times.max()))
    if design.cohort is not None:
        _check_comparison(sample)
        if not one_treated_cluster:
            _check_treated_clusters(sample)
    return sample


def _ordered(part: pd.DataFrame, design: Design) -> tuple[Integers, Integers]:
    """Return unit numbers in the new order, and the place of each new row in `part`.

    Units are ranked by their outcomes over time, then their cohort, and only what is left equal by name.
    """
    names, _ = pd.factorize(part[design.unit], sort=True)
    times, moments = pd.factorize(part[design.time], sort=True)
    paths = np.full((int(names.max()) + 1, len(moments)), np.inf)
    paths[names, times] = part[design.outcome].to_numpy(dtype=float)
    keys = [*paths.T[::-1]]
    if design.cohort is not None:
        cohorts = np.zeros(len(paths))
        cohorts[names] = part[design.cohort].to_numpy(dtype=float, na_value=np.inf)
        keys.insert(0, cohorts)
    rank = np.empty(len(paths), dtype=int)
    first = np.argsort(paths[:, 0], kind="stable")
    start = paths[first, 0]
    told_apart = bool((start[1:] > start[:-1]).all())  # then the other keys decide nothing, and need no sorting
    rank[first if told_apart else np.lexsort(keys)] = np.arange(len(paths))
    codes = rank[names]
    places = np.argsort(codes * len(moments) + times, kind="stable")
    return codes[places], places


def _with_a_before(sample: Sample, always_treated: bool) -> Sample:
    """Drop treated units without a time before treatment; refuse if none is seen on both sides."""
    before = sample.event_times < -sample.design.anticipation_years
    treated = ~sample.never
    has_before = _any_in_unit(sample, before)
    has_after = _any_in_unit(sample, sample.treated_now)
    if not (treated[sample.unit_starts] & has_before & has_after).any():
        years = f"{sample.design.time} {sample.times.min()} to {sample.times.max()}"
        early = f", before its {ahead} years of anticipation," if (ahead := sample.design.anticipation_years) else ""
        raise NoSwitchError(
            f"none of the {int(treated[sample.unit_starts].sum())} treated units is seen both before{early} and after "
            f"its treatment in {years}: widen the period, or check {sample.design.cohort!r}"
        )
    lost = treated & ~has_before[sample.unit_codes]
    units = int(lost[sample.unit_starts].sum())
    if not units or always_treated:
        return sample
    kept = sample.keep(~lost, "")
    return replace(kept, dropped=(*sample.dropped, ("treated units without a time before treatment", units)))


def _any_in_unit(sample: Sample, rows: Truths) -> Truths:
    """Return per unit whether any of its rows is marked."""
    return np.asarray(np.bincount(sample.unit_codes, weights=rows, minlength=sample.units_count) > 0)


def _check_comparison(sample: Sample) -> None:
    """Refuse a sample in which nobody stands for what would have happened."""
    cohorts, never = sample.cohorts[sample.unit_starts], sample.never[sample.unit_starts]
    if never.any():
        return
    if sample.design.comparison == NEVER_TREATED:
        raise NoComparisonError(
            f"every one of the {len(cohorts)} units is treated in the period and the design compares with never "
            "treated ones: add untreated units, or compare with those not yet treated"
        )
    if cohorts.min() == cohorts.max():
        raise NoComparisonError(
            f"all {len(cohorts)} units are treated from {int(cohorts.min())} on: no untreated unit is left to compare "
            "with; add units that are untreated or treated later"
        )


def one_treated_cluster(sample: Sample) -> str:
    """Return that all treated units lie in one cluster, so that clustered errors would say nothing; else nothing."""
    if sample.design.cohort is None:
        return ""
    treated = ~sample.never
    for name, codes in zip(sample.design.cluster_columns, sample.cluster_codes, strict=True):
        if name != sample.design.time and len(np.unique(codes[treated])) < 2:
            count = sample.treated_count
            found = "there is one treated unit" if count == 1 else f"the {count} treated units lie in one {name}"
            return f"{found}, so that nothing shows how much treated ones differ by chance"
    return ""


def no_error(reason: str) -> str:
    """Return in words that estimates have no standard error, and why."""
    return f"no standard error: {reason}; use permuted_cohorts or synthetic_did for a p-value"


def unknown_errors(estimate: ArrayLike, varies: Truths) -> Floats:
    """Return errors that are not known, as missing; those of effects that are 0 by construction are 0."""
    return np.where(varies | (np.asarray(estimate) != 0), np.nan, 0.0)


def _check_treated_clusters(sample: Sample) -> None:
    """Refuse treated units that all lie in one cluster."""
    reason = one_treated_cluster(sample)
    if reason:
        raise OneTreatedClusterError(
            f"{reason}: clustered errors would say nothing; use randomisation inference or synthetic "
            "difference-in-differences"
        )
