"""A regression with unit and time effects on terms of which a row carries one at most, and other columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from buurteffect.estimate.core.fit import Fit, check_normal_equations, check_told_apart, solve_system
from buurteffect.estimate.core.result import software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums, time_system, within_two_way
from buurteffect.estimate.sample.estimation_sample import Sample

_ROUNDED = 1e3  # so much more may be left of a dummy by rounding, whose length is the root of a difference of sums


@dataclass(frozen=True, eq=False)
class TermColumns:
    r"""One dummy per term, then other columns, as unit and time effects leave them.

    A row carries one term at most, so that what is left of the dummies D in the row of unit i at time t is

    .. math:: \tilde D_{it} = D_{it} + A_i - E_t,

    with one row of A per unit and one of E per time. Every product of the columns is then one of sums over units, times
    and terms: exact, without a matrix of rows by terms (the projection is that of `within.within_two_way`).

    Attributes
    ----------
    terms : ndarray of int
        Number of each row's term, −1 for none.
    count : int
        Number of terms.
    others : ndarray
        What is left of the other columns, shape (rows, others).
    units, times : ndarray of int
        Codes of each row.
    by_unit : ndarray
        A, shape (units, terms).
    by_time : ndarray
        E, shape (times, terms).
    """

    terms: Integers
    count: int
    others: Floats
    units: Integers
    times: Integers
    by_unit: Floats
    by_time: Floats

    def times_coefficients(self, coefficients: Floats) -> Floats:
        """Return the columns times coefficients, shape (rows,)."""
        slopes = coefficients[: self.count]
        own = np.append(slopes, 0.0)[self.terms]
        moved = (self.by_unit @ slopes)[self.units] - (self.by_time @ slopes)[self.times]
        return np.asarray(own + moved + self.others @ coefficients[self.count :])

    def gram(self, weights: Floats) -> Floats:
        """Return the weighted cross product of the columns, shape (columns, columns)."""
        here = self.terms >= 0
        shape = (len(self.by_unit), self.count)
        own = sparse.csr_array((weights[here], (self.units[here], self.terms[here])), shape=shape)
        at_time = _table(self.times, self.terms, weights, (len(self.by_time), self.count))
        met = _table(self.units, self.times, weights, (len(self.by_unit), len(self.by_time)))
        half = own.T @ self.by_unit - at_time.T @ self.by_time - self.by_unit.T @ (met @ self.by_time)
        terms = np.diag(np.bincount(self.terms[here], weights[here], self.count)) + half + half.T
        terms += self.by_unit.T @ (met.sum(axis=1)[:, None] * self.by_unit)
        terms += self.by_time.T @ (met.sum(axis=0)[:, None] * self.by_time)
        weighted = self.others * weights[:, None]
        mixed = np.empty((self.count, weighted.shape[1]))
        for place, column in enumerate(weighted.T):
            mixed[:, place] = self._products(column)
        return np.block([[terms, mixed], [mixed.T, self.others.T @ weighted]])

    def products(self, values: Floats) -> Floats:
        """Return the columns times a value per row, summed over rows, shape (columns,)."""
        return np.concatenate([self._products(values), self.others.T @ values])

    def group_products(self, values: Floats, codes: Integers) -> Floats:
        """Return the columns times a value per row, summed within groups, shape (groups, columns)."""
        count = int(codes.max(initial=-1)) + 1
        of_units = sparse.csr_array((values, (codes, self.units)), shape=(count, len(self.by_unit)))
        own = _table(codes, self.terms, values, (count, self.count))
        at_time = _table(codes, self.times, values, (count, len(self.by_time)))
        terms = own + of_units @ self.by_unit - at_time @ self.by_time
        return np.column_stack([terms, group_sums(self.others * values[:, None], codes, count)])

    def _products(self, values: Floats) -> Floats:
        """Return what is left of the dummies times a value per row, summed over rows."""
        here = self.terms >= 0
        own = np.bincount(self.terms[here], values[here], self.count)
        moved = np.bincount(self.units, values, len(self.by_unit)) @ self.by_unit
        return np.asarray(own + moved - np.bincount(self.times, values, len(self.by_time)) @ self.by_time)


def term_columns(
    terms: Integers, count: int, others: Floats, units: Integers, times: Integers, weights: Floats
) -> TermColumns:
    """Partial unit and time effects out of dummies.

    Parameters
    ----------
    terms : ndarray of int
        Number of each row's term, −1 for none.
    count : int
        Number of terms.
    others : ndarray
        What `within_two_way` leaves of the other columns.
    units, times : ndarray of int
        Codes from 0, one per row, every code in use.
    weights : ndarray
        Positive weights, one per row.
    """
    shape = (int(units.max(initial=-1)) + 1, int(times.max(initial=-1)) + 1)
    met = _table(units, times, weights, shape)
    means = _table(units, terms, weights, (shape[0], count)) / met.sum(axis=1)[:, None]
    inverse, shares = time_system(units, times, weights, shape)
    path = inverse @ (_table(times, terms, weights, (shape[1], count)) - met.T @ means)
    return TermColumns(terms, count, others, units, times, np.asarray(shares @ path - means), np.asarray(path))


def _table(rows: Integers, columns: Integers, values: Floats, shape: tuple[int, int]) -> Floats:
    """Return the sums of values by two codes; a negative code counts for nothing."""
    here = columns >= 0
    cells = rows[here] * shape[1] + columns[here]
    return np.asarray(np.bincount(cells, values[here], shape[0] * shape[1]).reshape(shape), dtype=float)


def fit_terms(sample: Sample, names: Sequence[str], terms: Integers, others: Floats) -> Fit:
    """Fit unit and time effects, one coefficient per term, and the other columns.

    The coefficients and products are those of the regression on dummies, which are never written out; errors must be
    grouped, one way or two.

    Parameters
    ----------
    sample : Sample
        The rows.
    names : sequence of str
        Of the terms, then of the others.
    terms : ndarray of int
        Number of each row's term, from 0; −1 for none. Every term is some row's.
    others : ndarray
        Other columns, shape (rows, others).

    Raises
    ------
    EstimationError
        If terms and other columns cannot be told apart.
    """
    codes, weights = (sample.unit_codes, sample.time_codes), sample.weights
    weighted = sample.design.weights is not None
    count = len(names) - others.shape[1]
    left = within_two_way(np.column_stack([sample.outcome, others]), *codes, weights if weighted else None)
    columns = term_columns(terms, count, left[:, 1:], *codes, weights)
    rows_count = np.bincount(terms[terms >= 0], minlength=count)
    lengths = np.sqrt(np.append(rows_count * _ROUNDED**2, np.einsum("ij,ij->j", others, others)))
    cross = columns.gram(weights)
    check_told_apart(names, columns.gram(np.ones(len(weights))) if weighted else cross, lengths)
    coefficients = solve_system(cross, columns.products(weights * left[:, 0]))
    gap = left[:, 0] - columns.times_coefficients(coefficients)
    fit = Fit(
        names=tuple(names),
        coefficients=coefficients,
        regressors=np.empty((sample.rows_count, 0)),
        residuals=gap * np.sqrt(weights),
        effects=codes,
        frame=sample.frame,
        unit=sample.design.unit,
        time=sample.design.time,
        units_count=sample.units_count,
        treated_count=sample.treated_count,
        software=software_versions("numpy"),
        dropped=sample.dropped,
        weighted=weighted,
        columns=_Scored(columns, cross, weights * gap),
    )
    return check_normal_equations(fit)


@dataclass(frozen=True, eq=False)
class _Scored:
    """The columns of a fit with their cross product and the weighted residuals."""

    columns: TermColumns
    cross: Floats
    residuals: Floats

    def score_sums(self, codes: Integers) -> Floats:
        """Return the columns times weighted residuals, summed within groups."""
        return self.columns.group_products(self.residuals, codes)
