"""A regression with unit and time effects on terms of which a row carries one at most, and other columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from buurteffect.estimate.core.fit import Fit, check_normal_equations, check_told_apart, solve_system
from buurteffect.estimate.core.result import software_versions
from buurteffect.estimate.core.sample import Sample
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, within_two_way
from buurteffect.estimate.regression.term_columns import TermColumns, term_columns


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
    lengths = np.sqrt(np.append(rows_count, np.einsum("ij,ij->j", others, others)))
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
