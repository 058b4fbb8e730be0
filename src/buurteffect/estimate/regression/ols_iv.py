"""Regressions on one row per person: controls, one set of effects swept out, and instruments where one is needed.

The coefficients are linearmodels'; the covariance is computed in `uncertainty`, under the project's one convention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import linearmodels
import numpy as np
import pandas as pd
from linearmodels.iv import IV2SLS

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import as_names
from buurteffect.estimate.core.fit import Fit, check_normal_equations, check_told_apart, least_squares
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, demean
from buurteffect.estimate.inference.sandwich import ClusteredErrors, Errors, covariance
from buurteffect.estimate.inference.wald import wald_test
from buurteffect.estimate.regression.regressors import INTERCEPT

SOFTWARE = f"linearmodels {linearmodels.__version__}"
_TINY = 1e-9  # length of a control of which sweeping left nothing but rounding
_EXPLAINED = 1e-10  # share of a control's squared length that may be left where others explain it
_WEAK = 10.0  # first-stage F below which an instrument is called weak (Staiger & Stock 1997, doi:10.2307/2171753)


@dataclass(frozen=True)
class Equation:
    """What explains an outcome; names are columns of the frame it is asked of.

    Parameters
    ----------
    outcome : str
        What is explained.
    explained_by : tuple of str
        The regressors whose coefficients are wanted.
    controls : tuple of str
        Further regressors.
    dummies : tuple of str
        Columns whose values each get an indicator.
    instruments : tuple of str
        Instruments for all of `explained_by`; without them, least squares.
    effect : str or None
        Column whose values each get an effect that is swept out, such as the family.
    clusters : tuple of str
        One or two columns within which errors may depend on each other.
    unit : str
        Column that names a unit; units are counted by it.
    errors : Errors, optional
        How errors may depend on each other, such as by distance (`ConleyErrors`) or not at all (`RobustErrors`); by
        default clustered by `clusters`, which other errors need no more.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If there is nothing to estimate, too few instruments, or no such level.
    """

    outcome: str
    explained_by: tuple[str, ...]
    controls: tuple[str, ...] = ()
    dummies: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    effect: str | None = None
    clusters: tuple[str, ...] = ("family",)
    unit: str = "person"
    alpha: float = 0.05
    errors: Errors | None = None

    def __post_init__(self) -> None:
        """Take one name for a tuple of one; refuse an equation with nothing to estimate or too few instruments."""
        for role in ("explained_by", "controls", "dummies", "instruments", "clusters"):
            object.__setattr__(self, role, as_names(getattr(self, role), role))
        if not self.explained_by:
            raise CallError("there is nothing to estimate: name what explains the outcome")
        if self.instruments and len(self.instruments) < len(self.explained_by):
            raise EstimationError(
                f"{len(self.explained_by)} regressors need at least as many instruments, found {len(self.instruments)}"
            )
        if not 0 < self.alpha < 1:
            raise CallError(f"alpha must lie between 0 and 1, found {self.alpha}")

    @property
    def columns(self) -> list[str]:
        """Every column that it needs, each once."""
        effect = (self.effect,) if self.effect else ()
        numbers = (self.outcome, *self.explained_by, *self.controls, *self.instruments)
        return list(dict.fromkeys((*numbers, *self.dummies, *effect, *self.errors_asked.columns, self.unit)))

    @property
    def errors_asked(self) -> Errors:
        """The errors, by default clustered."""
        return self.errors or ClusteredErrors(self.clusters)


@dataclass(frozen=True, eq=False)
class Solution:
    """A fitted equation.

    Attributes
    ----------
    fit : Fit
        Coefficients of all regressors, those that are wanted first.
    equation : Equation
        What was asked.
    first_stage_f : float
        F of the instruments in the first stage, clustered; NaN for least squares, or with several regressors.
    """

    fit: Fit
    equation: Equation
    first_stage_f: float

    @property
    def weak(self) -> bool:
        """Whether the first stage is weak."""
        return bool(self.first_stage_f < _WEAK)

    def table(self, method: str, labels: Sequence[str] = ()) -> EffectEstimate:
        """Return the wanted coefficients.

        Parameters
        ----------
        method : str
            How they were estimated, in words.
        labels : sequence of str
            Names of the rows; by default those of the columns.
        """
        fit, equation = self.fit, self.equation
        wanted = len(equation.explained_by)
        result = covariance(fit, equation.errors_asked)
        weak = f"the first stage is weak: F is {self.first_stage_f:.1f}" if self.weak else ""
        return EffectEstimate.of(
            labels or equation.explained_by,
            fit.coefficients[:wanted],
            result.matrix[:wanted, :wanted],
            method=method,
            convention=result.words,
            units_count=fit.units_count,
            clusters_count=result.groups_count,
            treated_count=fit.treated_count,
            degrees=result.degrees,
            alpha=equation.alpha,
            dropped=fit.dropped,
            software=fit.software,
            not_headline=tuple(reason for reason in (result.flaw, weak) if reason),
        )


@dataclass(frozen=True, eq=False)
class _Matrices:
    """Outcome, wanted regressors, controls with indicators, and instruments, with the names of all regressors."""

    outcome: Floats
    wanted: Floats
    controls: Floats
    instruments: Floats
    names: tuple[str, ...]

    @property
    def regressors(self) -> Floats:
        """Wanted regressors and controls."""
        return np.column_stack([self.wanted, self.controls])

    @property
    def basis(self) -> Floats:
        """Instruments and controls."""
        return np.column_stack([self.instruments, self.controls])


def ivreg(frame: pd.DataFrame, equation: Equation) -> Solution:
    """Return the fit of an equation by least squares or, with instruments, by two-stage least squares.

    With effects, outcome, regressors and instruments are taken less their means within the effect's groups. Controls
    and indicators that those before them explain are left out, which moves no coefficient that is wanted. The
    sandwich has Z(Z'Z)⁻¹Z'X in the place of X, Z the instruments and controls.

    Parameters
    ----------
    frame : DataFrame
        One row is one observation. Rows with a missing value in a column of the equation are left out and counted,
        and so are groups of an effect with one row, which say nothing about differences within groups.
    equation : Equation
        What explains what.

    Raises
    ------
    EstimationError
        If a column is missing, nothing is left, or regressors cannot be told apart.

    Examples
    --------
    >>> frame = pd.DataFrame({"person": range(6), "x": [0, 1, 2, 0, 1, 3], "y": [1.0, 3, 5, 1, 3, 7]})
    >>> solved = ivreg(frame, Equation("y", ("x",), clusters=("person",)))
    >>> float(solved.fit.coefficients[0].round(6))
    2.0
    """
    part, dropped = _usable(frame, equation)
    effects = () if equation.effect is None else (np.asarray(pd.factorize(part[equation.effect])[0]),)
    columns = _matrices(part, equation, bool(effects))
    if effects:
        columns = _swept(columns, effects[0])
    columns = _pruned(columns)
    regressors = columns.regressors
    _check(columns.names, regressors)
    projected = regressors
    if equation.instruments:
        first = least_squares(columns.basis, columns.wanted)
        projected = np.column_stack([columns.basis @ first, columns.controls])
        _check(columns.names, projected)
    coefficients = _coefficients(columns)
    units = part[equation.unit].nunique()
    fit = Fit(
        columns.names,
        coefficients,
        projected,
        columns.outcome.ravel() - regressors @ coefficients,
        effects,
        part,
        equation.unit,
        equation.unit,
        units,
        units,
        SOFTWARE,
        dropped,
    )
    return Solution(check_normal_equations(fit), equation, _first_stage(fit, columns, equation))


def check_equation(frame: pd.DataFrame, equation: Equation) -> None:
    """Refuse a table that lacks a column of an equation, or holds text or infinite values where it needs numbers."""
    require(frame, equation.columns, "table")
    numbers = (equation.outcome, *equation.explained_by, *equation.controls, *equation.instruments)
    require_numbers(frame, numbers, "table")


def _usable(frame: pd.DataFrame, equation: Equation) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Return the rows that can be used, and what was left out."""
    check_equation(frame, equation)
    part = frame[equation.columns]
    gone = part.isna().any(axis=1)
    dropped = [("rows with a missing value", int(gone.sum()))]
    part = part[~gone]
    if equation.effect is not None:
        alone = part.groupby(equation.effect)[equation.unit].transform("size") < 2
        dropped.append((f"rows that are alone in their {equation.effect}", int(alone.sum())))
        part = part[~alone]
    if part.empty:
        told = "; ".join(f"{count:,} {reason}" for reason, count in dropped if count)
        raise EstimationError(f"no row is left to estimate on: {told or 'the frame is empty'}")
    return part.reset_index(drop=True), tuple(item for item in dropped if item[1])


def _matrices(part: pd.DataFrame, equation: Equation, without_constant: bool) -> _Matrices:
    """Return the columns of an equation as numbers."""

    def numbers(names: Sequence[str]) -> Floats:
        """Return columns as numbers."""
        return np.asarray(part[list(names)].to_numpy(dtype=float).reshape(len(part), len(names)))

    columns, names = [numbers(equation.controls)], [*equation.explained_by, *equation.controls]
    if not without_constant:
        columns.append(np.ones((len(part), 1)))
        names.append(INTERCEPT)
    for name in equation.dummies:
        codes, values = pd.factorize(part[name], sort=True)
        columns.append((codes[:, None] == np.arange(1, len(values))).astype(float))
        names += [f"{name} {value}" for value in values[1:]]
    return _Matrices(
        numbers([equation.outcome]),
        numbers(equation.explained_by),
        np.column_stack(columns),
        numbers(equation.instruments),
        tuple(names),
    )


def _pruned(columns: _Matrices) -> _Matrices:
    """Return the columns without controls that the controls before them explain: they cannot change a coefficient."""
    controls, wanted = columns.controls, columns.wanted.shape[1]
    size = np.sqrt((controls**2).sum(axis=0))
    unit = np.where(size > _TINY, size, 1.0)
    left = controls.T @ controls / np.outer(unit, unit)
    kept = []
    for place in range(controls.shape[1]):
        if size[place] > _TINY and left[place, place] > _EXPLAINED:
            kept.append(place)
            left = left - np.outer(left[:, place], left[place]) / left[place, place]
    names = (*columns.names[:wanted], *(columns.names[wanted + place] for place in kept))
    return replace(columns, controls=controls[:, kept], names=names)


def _swept(columns: _Matrices, groups: Integers) -> _Matrices:
    """Return columns less their means within groups."""
    parts = (columns.outcome, columns.wanted, columns.controls, columns.instruments)
    swept = demean(np.column_stack(parts), groups)
    outcome, wanted, controls, instruments = np.split(swept, np.cumsum([p.shape[1] for p in parts[:3]]), axis=1)
    return _Matrices(outcome, wanted, controls, instruments, columns.names)


def _check(names: Sequence[str], regressors: Floats) -> None:
    """Refuse regressors that explain each other."""
    check_told_apart(names, regressors.T @ regressors, np.sqrt((regressors**2).sum(axis=0)))


def _coefficients(columns: _Matrices) -> Floats:
    """Return the coefficients of linearmodels, wanted regressors first; columns in units of their own length."""
    parts = (columns.wanted, columns.controls, columns.instruments)
    scale = [np.sqrt((part**2).mean(axis=0)) for part in parts]
    w, c, z = (part / size for part, size in zip(parts, scale, strict=True))
    if z.shape[1]:
        fitted = IV2SLS(columns.outcome, c if c.shape[1] else None, w, z).fit(cov_type="unadjusted")
        found = np.asarray(fitted.params.to_numpy(dtype=float))
        found = np.concatenate([found[c.shape[1] :], found[: c.shape[1]]])
    else:
        fitted = IV2SLS(columns.outcome, np.column_stack([w, c]), None, None).fit(cov_type="unadjusted")
        found = np.asarray(fitted.params.to_numpy(dtype=float))
    return np.asarray(found / np.concatenate(scale[:2]))


def _first_stage(fit: Fit, columns: _Matrices, equation: Equation) -> float:
    """Return the clustered F of the instruments for a single instrumented regressor."""
    if columns.wanted.shape[1] != 1 or not columns.instruments.shape[1]:
        return float("nan")
    basis, outcome = columns.basis, columns.wanted[:, 0]
    slopes = least_squares(basis, outcome)
    names = tuple(f"z{place}" for place in range(basis.shape[1]))
    first = replace(fit, names=names, coefficients=slopes, regressors=basis, residuals=outcome - basis @ slopes)
    count = columns.instruments.shape[1]
    matrix = covariance(first, equation.errors_asked).matrix[:count, :count]
    return wald_test(slopes[:count], matrix).statistic
