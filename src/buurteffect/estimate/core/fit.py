"""A fitted linear regression, reduced to what inference needs: what its regressors add beyond its effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, cast

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate.core.result import OWN_CODE
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, demean, entangled, within_two_way

EFFECTS = "the fixed effects"
_LEFT = 1e-9  # a regressor of which less than this share is left after the effects is taken as absorbed
_ORTHOGONAL = 1e-6  # largest correlation of residuals with a regressor that counts as rounding


class Columns(Protocol):
    """Regressors after their effects, times the root of the weight, by their products with each other and residuals."""

    @property
    def cross(self) -> Floats:
        """The cross product."""
        ...

    def score_sums(self, codes: Integers) -> Floats:
        """Return regressors times residuals, summed within groups."""
        ...


@dataclass(frozen=True, eq=False)
class Fit:
    """A linear regression after its fixed effects are partialled out.

    Parameters
    ----------
    names : tuple of str
        The regressors.
    coefficients : ndarray
        Shape (regressors,).
    regressors : ndarray
        What is left of the regressors after the effects, times the root of the weight, shape (rows, regressors);
        without columns where `columns` stands for them.
    residuals : ndarray
        Residuals times the root of the weight, shape (rows,).
    effects : tuple of ndarray of int
        Codes of each set of fixed effects, one per row; empty where there is none.
    frame : DataFrame
        The rows, for whatever errors are grouped by.
    unit, time : str
        Names of its key.
    units_count, treated_count : int
        Units, and treated ones among them.
    software : str
        Library and version that computed the coefficients.
    dropped : tuple of (str, int)
        What was left out and how often.
    weighted : bool
        Whether rows have weights.
    columns : Columns, optional
        Regressors that are known by their products only.
    """

    names: tuple[str, ...]
    coefficients: Floats
    regressors: Floats
    residuals: Floats
    effects: tuple[Integers, ...]
    frame: pd.DataFrame
    unit: str
    time: str
    units_count: int
    treated_count: int
    software: str
    dropped: tuple[tuple[str, int], ...] = ()
    weighted: bool = False
    columns: Columns | None = None

    @property
    def rows_count(self) -> int:
        """Number of rows."""
        return len(self.residuals)

    @cached_property
    def bread(self) -> Floats:
        """Inverse of the regressors' cross product."""
        return np.asarray(np.linalg.inv(self.cross), dtype=float)

    @cached_property
    def cross(self) -> Floats:
        """The regressors' cross product."""
        return np.asarray(self.regressors.T @ self.regressors if self.columns is None else self.columns.cross)

    @cached_property
    def scores(self) -> Floats:
        """Regressors times residuals, shape (rows, regressors).

        Raises
        ------
        EstimationError
            If the regressors are not written out.
        """
        if self.columns is not None:
            raise EstimationError("one effect per cohort and time takes errors that are grouped, one way or two")
        return np.asarray(self.regressors * self.residuals[:, None])

    def score_sums(self, codes: Integers) -> Floats:
        """Return regressors times residuals, summed within groups, shape (groups, regressors)."""
        if self.columns is not None:
            return self.columns.score_sums(codes)
        sums = np.empty((int(codes.max(initial=-1)) + 1, len(self.names)))
        for place, column in enumerate(self.regressors.T):  # a column at a time: the scores are never written out
            sums[:, place] = np.bincount(codes, weights=column * self.residuals, minlength=len(sums))
        return sums

    @cached_property
    def effect_sizes(self) -> tuple[int, ...]:
        """Number of values of each set of effects."""
        return tuple(int(codes.max(initial=-1)) + 1 for codes in self.effects)

    def codes(self, name: str) -> Integers:
        """Return numbers from 0 for the values of a column.

        Raises
        ------
        EstimationError
            If the column is not there or has missing values.
        """
        if name not in self.frame.columns:
            raise EstimationError(f"the rows of this fit have no column {name!r}: pass it to draw_sample as extra")
        codes = np.asarray(pd.factorize(self.frame[name])[0])
        if (codes < 0).any():
            raise EstimationError(f"{name} is missing in {int((codes < 0).sum())} rows: errors cannot be grouped by it")
        return codes

    def position(self, name: str) -> int:
        """Return the place of a regressor.

        Raises
        ------
        EstimationError
            If there is no such regressor.
        """
        if name not in self.names:
            raise CallError(f"there is no regressor {name!r}; there are {', '.join(self.names)}")
        return self.names.index(name)


def ols(
    frame: pd.DataFrame,
    y: str | ArrayLike,
    x: Sequence[str] | Mapping[str, ArrayLike] | tuple[Sequence[str], Floats],
    absorb: Sequence[str | Integers] = (),
    weights: str | ArrayLike | None = None,
    *,
    unit: str = "",
    time: str = "",
    counts: tuple[int, int] | None = None,
    dropped: Sequence[tuple[str, int]] = (),
    software: str = OWN_CODE,
) -> Fit:
    """Return the least-squares regression of one outcome, up to two sets of effects absorbed.

    Effects are partialled out of outcome and regressors exactly (`within_two_way`; Frisch & Waugh 1933,
    doi:10.2307/1907330), and the normal equations solved. There is no constant: pass a column of ones, or absorb.

    Parameters
    ----------
    frame : DataFrame
        One row per observation, without missing values in what is used; errors are grouped by its columns.
    y : str or array_like
        The outcome, as a column or its values.
    x : sequence of str, mapping of str to array_like, or (names, ndarray)
        The regressors, as columns, values by name, or names with a matrix, shape (rows, regressors).
    absorb : sequence of str or ndarray of int
        At most two columns, or codes from 0 per row, whose values each get an effect.
    weights : str or array_like, optional
        Positive weights.
    unit, time : str
        Names of the key; by default none.
    counts : (int, int), optional
        Units, and treated ones among them; by default rows (values of `unit` where it is named) and 0.
    dropped : sequence of (str, int)
        What was left out before and how often.
    software : str
        What is said to have computed it.

    Raises
    ------
    MissingColumnError
        If the frame has no such column.
    EstimationError
        If effects absorb a regressor, or regressors explain each other.

    Examples
    --------
    >>> frame = pd.DataFrame({"area": list("aabb"), "x": [0.0, 1, 0, 2], "y": [1.0, 3, 5, 9]})
    >>> fit = ols(frame, "y", ["x"], absorb=["area"])
    >>> fit.names, fit.coefficients.round(6).tolist()
    (('x',), [2.0])
    """
    outcome = _column(frame, y)
    if isinstance(x, tuple) and len(x) == 2 and isinstance(x[1], np.ndarray):
        names, columns = tuple(x[0]), x[1]
    elif isinstance(x, Mapping):
        names, columns = tuple(x), np.column_stack([_column(frame, values) for values in x.values()])
    else:
        names = tuple(cast("Sequence[str]", x))
        columns = np.column_stack([_column(frame, name) for name in names])
    weight = None if weights is None else _column(frame, weights)
    effects = tuple(np.asarray(pd.factorize(frame[e])[0]) if isinstance(e, str) else e for e in absorb)
    if len(effects) > 2:
        raise CallError(f"ols absorbs at most two sets of effects, found {len(effects)}: use fit_columns")
    left = np.column_stack([outcome, columns])
    left = within_two_way(left, *effects, weight) if len(effects) == 2 else _swept(left, effects, weight)
    check_regressors(names, left[:, 1:], columns)
    if weight is not None:
        left = left * np.sqrt(weight)[:, None]
    explained, regressors = left[:, 0], left[:, 1:]
    coefficients = solve_system(regressors.T @ regressors, regressors.T @ explained)
    units = int(frame[unit].nunique()) if unit else len(frame)
    fit = Fit(
        names=names,
        coefficients=coefficients,
        regressors=regressors,
        residuals=explained - regressors @ coefficients,
        effects=effects,
        frame=frame,
        unit=unit,
        time=time,
        units_count=units if counts is None else counts[0],
        treated_count=0 if counts is None else counts[1],
        software=software,
        dropped=tuple(dropped),
        weighted=weight is not None,
    )
    return check_normal_equations(fit)


def least_squares(columns: Floats, outcome: Floats) -> Floats:
    """Return the coefficients of a regression on columns alone; the shortest ones where columns explain each other.

    For slopes that an estimator needs on its way; a regression that is reported is `ols`, which refuses instead.

    Parameters
    ----------
    columns : ndarray
        Shape (rows, regressors); a weighted regression passes both times the root of the weight.
    outcome : ndarray
        Shape (rows,), or (rows, outcomes) for several at once.
    """
    return np.asarray(np.linalg.lstsq(columns, outcome, rcond=None)[0], dtype=float)


def residuals(columns: Floats, outcome: Floats) -> Floats:
    """Return what is left of an outcome, or several, after a regression on columns; all of it without columns."""
    return np.asarray(outcome - columns @ least_squares(columns, outcome)) if columns.size else outcome


def solve_system(matrix: Floats, values: Floats) -> Floats:
    """Return A⁻¹b of normal equations.

    Raises
    ------
    EstimationError
        If the matrix has no inverse.
    """
    try:
        return np.asarray(np.linalg.solve(matrix, values), dtype=float)
    except np.linalg.LinAlgError as error:
        raise EstimationError("regressors explain each other: leave one of them out") from error


def inverse(matrix: Floats) -> Floats:
    """Return the inverse of a cross product, shape (n, n).

    Raises
    ------
    EstimationError
        If it has none.
    """
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=float)
    except np.linalg.LinAlgError as error:
        raise EstimationError("regressors explain each other: leave one of them out") from error


def pseudo_inverse(matrix: Floats, cutoff: float = 1e-15) -> Floats:
    """Return the Moore–Penrose inverse of symmetric matrices, shape (…, n, n).

    Parameters
    ----------
    matrix : ndarray
        One matrix, or a stack of them.
    cutoff : float
        Eigenvalues below this share of the largest count as 0.
    """
    return np.asarray(np.linalg.pinv(matrix, rcond=cutoff, hermitian=True), dtype=float)


def check_regressors(names: Sequence[str], left: Floats, before: Floats, after: str = EFFECTS) -> None:
    """Refuse regressors that the effects absorb, or that others explain.

    Parameters
    ----------
    names : sequence of str
        Their names.
    left, before : ndarray
        The regressors after and before the effects are partialled out, shape (rows, regressors).
    after : str
        What was partialled out, in words.

    Raises
    ------
    EstimationError
        With the names of those that cannot be told apart.
    """
    check_told_apart(names, left.T @ left, np.sqrt(np.einsum("ij,ij->j", before, before)), after)


def check_told_apart(names: Sequence[str], cross: Floats, start: Floats, after: str = EFFECTS) -> None:
    """Refuse regressors as `check_regressors` does.

    Parameters
    ----------
    names : sequence of str
        Their names.
    cross : ndarray
        Cross product of what is left of them after the effects.
    start : ndarray
        Length of each before the effects are partialled out.
    after : str
        As of `check_regressors`.

    Raises
    ------
    EstimationError
        With the names of those that cannot be told apart.
    """
    if not names:
        raise EstimationError("there is nothing to estimate: name a cohort, a dose or covariates")
    size = np.sqrt(np.maximum(np.diag(cross), 0))
    gone = [name for name, now, was in zip(names, size, start, strict=True) if now <= _LEFT * was or was == 0]
    if gone:
        raise EstimationError(
            f"{', '.join(gone)}: nothing is left after {after}; leave it out"
            + (", or leave out the effects that explain it" if after == EFFECTS else "")
        )
    told = entangled(names, cross, _LEFT)
    if told:
        raise EstimationError(f"{', '.join(told)} explain each other after {after}: leave one of them out")


def check_normal_equations(fit: Fit) -> Fit:
    """Return the fit, or refuse it where its residuals are not orthogonal to its regressors.

    The library's coefficients meet a projection made here; if one of the two were wrong this would show.

    Raises
    ------
    EstimationError
        If a correlation of residuals and regressor exceeds rounding.
    """
    scale = np.sqrt(np.diag(fit.cross)) * np.linalg.norm(fit.residuals)
    total = fit.regressors.T @ fit.residuals if fit.columns is None else _total(fit.columns, fit.rows_count)
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = np.abs(total) / scale
    outcome = np.sqrt(max(float(fit.coefficients @ fit.cross @ fit.coefficients), 0.0))
    if np.linalg.norm(fit.residuals) > 1e-9 * outcome and np.nanmax(correlation, initial=0) > _ORTHOGONAL:
        raise EstimationError(
            f"{fit.software} did not converge: residuals and regressors correlate by {np.nanmax(correlation):.1e}; use "
            "a smaller tolerance or fewer effects"
        )
    return fit


def _column(frame: pd.DataFrame, given: str | ArrayLike) -> Floats:
    """Return a column of a frame, or values as they are, as numbers."""
    if isinstance(given, str):
        if given not in frame.columns:
            raise MissingColumnError(f"the frame has no column {given!r}; it has {', '.join(map(str, frame.columns))}")
        given = frame[given]
    return np.asarray(given, dtype=float)


def _swept(values: Floats, effects: tuple[Integers, ...], weight: Floats | None) -> Floats:
    """Return columns less their means within at most one set of groups."""
    return demean(values, effects[0], weight) if effects else values


def _total(columns: Columns, rows: int) -> Floats:
    """Return regressors times residuals, summed over all rows."""
    return np.asarray(columns.score_sums(np.zeros(rows, dtype=int))[0])
