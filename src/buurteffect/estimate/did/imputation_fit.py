"""The fit behind imputation: units, times and covariates on untreated rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.adoption import Adoption
from buurteffect.estimate.core.effect_table import constant_within_units
from buurteffect.estimate.core.fit import inverse
from buurteffect.estimate.core.sample import Integers, Sample, Truths
from buurteffect.estimate.core.weighted_stats import Floats

_COLLINEAR = 1e11  # condition number from which columns are taken as collinear


@dataclass(frozen=True, eq=False)
class WithinColumns:
    """Columns less the weighted mean of their unit's untreated rows; the difference is never written out.

    Parameters
    ----------
    values : csr_array
        The columns, shape (rows, columns).
    weight : ndarray
        Weight of each untreated row, 0 for the others.
    units : ndarray of int
        Number of the unit of each row.
    """

    values: sparse.csr_array
    weight: Floats
    units: Integers

    @cached_property
    def members(self) -> sparse.csr_array:
        """Which rows belong to which unit, shape (units, rows)."""
        size = len(self.units)
        return sparse.csr_array((np.ones(size), (self.units, np.arange(size))))

    @cached_property
    def mass(self) -> Floats:
        """Weight of the untreated rows of each unit."""
        return np.asarray(self.members @ self.weight)

    @cached_property
    def means(self) -> Floats:
        """Weighted means of each unit's untreated rows, shape (units, columns)."""
        return np.asarray(self.unit_sums(self.weight) / self.mass[:, None])

    def unit_sums(self, factor: Floats) -> Floats:
        """Return the columns times a factor per row, summed within units, shape (units, columns)."""
        return np.asarray((self.members @ (sparse.diags_array(factor) @ self.values)).toarray())

    def unit_scores(self, factor: Floats) -> Floats:
        """Return the columns less their means, times a factor per row, summed within units."""
        return np.asarray(self.unit_sums(factor) - self.means * (self.members @ factor)[:, None])

    def center(self, values: Floats) -> Floats:
        """Return other columns less the weighted means of their unit's untreated rows, shape (rows, columns)."""
        means = (self.members @ (values * self.weight[:, None])) / self.mass[:, None]
        return np.asarray(values - means[self.units])

    def times(self, coefficients: Floats) -> Floats:
        """Return the columns less their means, times coefficients, shape (rows, …)."""
        return np.asarray(self.values @ coefficients - (self.means @ coefficients)[self.units])

    def cross(self, values: Floats) -> Floats:
        """Return the columns less their means times other columns, summed over rows, shape (columns, others)."""
        return np.asarray(self.values.T @ values - self.means.T @ (self.members @ values))

    @cached_property
    def inverse(self) -> Floats:
        """Inverse of the columns' weighted cross product on untreated rows."""
        full = (self.values.T @ (sparse.diags_array(self.weight) @ self.values)).toarray()
        return np.asarray(safe_inverse(full - self.means.T @ (self.means * self.mass[:, None])))


def safe_inverse(matrix: Floats) -> Floats:
    """Return the inverse of a cross product.

    Raises
    ------
    EstimationError
        If columns are collinear.
    """
    scale = np.sqrt(np.maximum(np.diag(matrix), np.finfo(float).tiny))
    scaled = matrix / np.outer(scale, scale)
    if len(scaled) and not np.linalg.cond(scaled) < _COLLINEAR:
        raise EstimationError(
            "covariates and times are collinear on untreated rows: leave out covariates that others determine, or add "
            "untreated units that are seen throughout"
        )
    return np.asarray(inverse(scaled) / np.outer(scale, scale))


@dataclass(frozen=True, eq=False)
class ImputationFit:
    """Outcomes less what is imputed for them.

    Parameters
    ----------
    adoption : Adoption
        The units.
    untreated, treated : ndarray of bool
        Rows that the fit rests on, and rows that are imputed.
    columns : WithinColumns
        Times and covariates.
    gap : ndarray
        Outcome less imputed outcome of each row.
    dropped : tuple
        Treated rows that cannot be imputed.
    """

    adoption: Adoption
    untreated: Truths
    treated: Truths
    columns: WithinColumns
    gap: Floats
    dropped: tuple[tuple[str, int], ...]

    @property
    def sample(self) -> Sample:
        """The rows."""
        return self.adoption.sample

    @property
    def residual(self) -> Floats:
        """Weighted residuals of untreated rows, 0 for the others."""
        return self.columns.weight * self.gap

    def treated_units(self, rows: Truths) -> int:
        """Return how many units some of the treated rows belong to."""
        return len(np.unique(self.sample.unit_codes[self.treated][rows]))


def fit_untreated(adoption: Adoption) -> ImputationFit:
    """Fit units, times and covariates on untreated rows.

    Raises
    ------
    EstimationError
        If no treated row can be imputed, or columns are collinear.
    """
    sample = adoption.sample
    with np.errstate(invalid="ignore"):
        begun = sample.event_times >= -sample.design.anticipation_years
    untreated = sample.never | ~begun
    known = np.unique(sample.time_codes[untreated])
    now = sample.treated_now & ~sample.never
    treated = now & np.isin(sample.time_codes, known)
    if not treated.any():
        raise EstimationError(
            "no treated row can be imputed: in every time after a treatment all units are treated; add untreated units"
        )
    weight = np.where(untreated, sample.weights, 0.0)
    columns = WithinColumns(_times_and_covariates(sample, known), weight, sample.unit_codes)
    outcome = columns.center(sample.outcome[:, None])[:, 0]
    gap = outcome - columns.times(columns.inverse @ columns.cross((weight * outcome)[:, None])[:, 0])
    lost = int(now.sum() - treated.sum())
    dropped = (("treated rows in times when nobody is untreated", lost),) if lost else ()
    return ImputationFit(adoption, untreated, treated, columns, gap, dropped)


def _times_and_covariates(sample: Sample, known: Integers) -> sparse.csr_array:
    """Return times (but one) and covariates as columns; a constant covariate times every time but one."""
    place = np.searchsorted(known, sample.time_codes)
    inside = np.isin(sample.time_codes, known[1:])
    rows = np.flatnonzero(inside)
    shape = (sample.rows_count, max(len(known) - 1, 0))

    def crossed(values: Floats) -> sparse.csr_array:
        return sparse.csr_array((values[rows], (rows, place[rows] - 1)), shape=shape)

    parts = [crossed(np.ones(sample.rows_count))]
    for values in sample.covariates.T:
        parts.append(crossed(values) if constant_within_units(sample, values) else sparse.csr_array(values[:, None]))
    return sparse.csr_array(sparse.hstack(parts))
