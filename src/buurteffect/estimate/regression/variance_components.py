"""Components of variance on one level or two nested ones: restricted likelihood, search, and a check of its end."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import optimize
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams
from statsmodels.tools.sm_exceptions import ConvergenceWarning, SingularMatrixWarning

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import inverse, solve_system
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums

_PACE = 0.01  # step in the logarithms of the components with which the criterion's slope and curvature are taken
_FLAT = 1e-4  # curvature of the criterion below which the rows say nothing about a component
_OFF = 1e-4  # how much lower the criterion may lie nearby, by its slope and curvature
_NOTHING = 1e-7  # ratio of a component to the residual variance that may be 0


@dataclass(frozen=True, eq=False)
class Levels:
    """The rows of a mixed model.

    Parameters
    ----------
    values : ndarray
        Regressors with the outcome last, shape (rows, regressors + 1).
    varying : ndarray
        What has a coefficient per wide group: ones, then the regressors with random slopes, shape (rows, terms).
    wide : ndarray of int
        Codes from 0 of the wide level.
    narrow : ndarray of int or None
        Codes from 0 of the level nested within it; None for one level.
    """

    values: Floats
    varying: Floats
    wide: Integers
    narrow: Integers | None


@dataclass(frozen=True, eq=False)
class Spread:
    """Components in units of the residual variance.

    Parameters
    ----------
    wide : ndarray
        Covariance of the coefficients of a wide group, shape (terms, terms).
    narrow : float
        Variance of the narrow level's intercept; 0 for one level.
    """

    wide: Floats
    narrow: float


def find_spread(columns: Levels, correlated: bool, wide: str, narrow: str, start: Spread | None = None) -> Spread:
    """Return the components in which the search ends, 0 for a level without variance; refuse what is no minimum.

    Parameters
    ----------
    columns : Levels
        The rows.
    correlated : bool
        Whether intercept and slopes of a wide group may be correlated.
    wide, narrow : str
        Names of the levels, for refusals; the same for one level.
    start : Spread, optional
        Where another search ended, which is checked; by default statsmodels' is run.

    Raises
    ------
    EstimationError
        If the restricted criterion has no minimum that a search finds.
    """
    try:
        return _minimum(columns, correlated, start)
    except EstimationError as error:
        if columns.varying.shape[1] > 1:
            raise EstimationError(
                f"{error}; a slope may not vary between {wide}, or only with the intercept: leave it out, or set "
                "correlated=False"
            ) from error
        for part in _without_a_level(columns):
            if (spread := _at_bound(columns, part, correlated)) is not None:
                return spread
        levels = wide if narrow == wide else f"{wide} or {narrow}"
        raise EstimationError(f"{error}: leave out {levels}") from error


def _minimum(columns: Levels, correlated: bool, start: Spread | None = None) -> Spread:
    """Return the components at the criterion's minimum: statsmodels' end, or scipy's from there if that is none."""
    end = start or _search(columns, correlated)
    try:
        curvature = _checked(columns, end, correlated)
    except EstimationError:
        ends = [_searched_on(columns, begin, correlated) for begin in (end, Spread(np.eye(len(end.wide)), 1.0))]
        end = min(ends, key=lambda spread: profile(columns, spread)[0])
        curvature = _checked(columns, end, correlated)
    return end if start is not None else _step(columns, end, correlated, curvature)


def _searched_on(columns: Levels, start: Spread, correlated: bool) -> Spread:
    """Return where a search over the criterion's own parameters ends."""
    ratios = np.clip(np.nan_to_num(np.diag(start.wide), nan=1.0), 1e-3, 1e3)
    narrow = float(np.clip(np.nan_to_num(start.narrow, nan=1.0), 1e-3, 1e3))
    place = _place(columns, Spread(np.diag(ratios), narrow), correlated)

    def criterion(at: Floats) -> float:
        """Return the criterion; components stay within what numbers can hold."""
        return profile(columns, _spread(columns, np.clip(at, -12, 12), correlated))[0]

    found = optimize.minimize(criterion, place, jac="3-point", method="BFGS", options={"gtol": 1e-6})
    return _spread(columns, np.clip(found.x, -12, 12), correlated)


def _place(columns: Levels, spread: Spread, correlated: bool) -> Floats:
    """Return logarithms: of the diagonal of the components' Cholesky factor, what is below it, and the narrow one."""
    try:
        root = np.linalg.cholesky(spread.wide)
    except np.linalg.LinAlgError as error:
        raise EstimationError("the components of variance were not found: they are correlated exactly") from error
    below = np.asarray(root[np.tril_indices(len(root), -1)] if correlated else [], dtype=float)
    narrow = [] if columns.narrow is None else [np.log(spread.narrow) / 2]
    return np.concatenate([np.log(np.diag(root)), below, narrow])


def _spread(columns: Levels, place: Floats, correlated: bool) -> Spread:
    """Return the components at a place of `_place`."""
    size = columns.varying.shape[1]
    factor, below = np.diag(np.exp(place[:size])), np.tril_indices(size, -1)
    if correlated:
        factor[below] = place[size : size + len(below[0])]
    return Spread(factor @ factor.T, 0.0 if columns.narrow is None else float(np.exp(2 * place[-1])))


def _without_a_level(columns: Levels) -> Iterator[Levels | None]:
    """Yield the columns without the wide level, without the narrow one, and nothing for neither level."""
    if columns.narrow is not None:
        yield replace(columns, wide=columns.narrow, narrow=None)
        yield replace(columns, narrow=None)
    yield None


def _at_bound(columns: Levels, part: Levels | None, correlated: bool) -> Spread | None:
    """Return the best components with a level at 0, if the criterion rises from there; None if not."""
    wide = narrow = 0.0
    if part is not None:
        try:
            ratio = float(_minimum(part, correlated).wide[0, 0])
        except EstimationError:
            return None
        wide, narrow = (ratio, 0.0) if part.wide is columns.wide else (0.0, ratio)
    spread = Spread(np.array([[wide]]), narrow)
    here = profile(columns, spread)[0]

    def rises(ratio: float, by: float) -> bool:
        """Return whether the criterion is higher where a level at 0 has this ratio instead."""
        others = [] if wide else [Spread(np.array([[ratio]]), narrow)]
        others += [] if narrow or columns.narrow is None else [Spread(np.array([[wide]]), ratio)]
        return all(profile(columns, other)[0] > here + by for other in others)

    return spread if rises(1e3 * _NOTHING, -1e-9 * abs(here)) and rises(1.0, _FLAT) else None


def _search(columns: Levels, correlated: bool) -> Spread:
    """Return the components that statsmodels finds, columns in units of their own spread meanwhile."""
    values, size = columns.values, columns.varying.shape[1]
    spans = values.std(axis=0)
    spans[spans == 0] = 1.0
    lengths = np.sqrt((columns.varying**2).mean(axis=0))
    table = {f"x{place}": values[:, place] / spans[place] for place in range(1, values.shape[1] - 1)}
    table |= {f"z{place}": columns.varying[:, place] / lengths[place] for place in range(1, size)}
    table |= {"y": (values[:, -1] - values[:, -1].mean()) / spans[-1]}
    table |= {} if columns.narrow is None else {"narrow": columns.narrow}
    model = MixedLM.from_formula(
        "y ~ 1" + "".join(f" + x{place}" for place in range(1, values.shape[1] - 1)),
        pd.DataFrame(table),
        groups=columns.wide,
        re_formula="1" + "".join(f" + z{place}" for place in range(1, size)),
        vc_formula=None if columns.narrow is None else {"narrow": "0 + C(narrow)"},
    )
    free = None
    if not correlated and size > 1:
        free = MixedLMParams.from_components(
            np.ones(model.k_fe), np.eye(size), np.ones(model.k_vc) if model.k_vc else None
        )
    with warnings.catch_warnings():
        for kind in (ConvergenceWarning, SingularMatrixWarning, RuntimeWarning):
            warnings.simplefilter("ignore", kind)
        try:
            fitted = model.fit(reml=True, method=["bfgs"], gtol=1e-10, free=free)
        except np.linalg.LinAlgError as error:
            raise EstimationError("the components of variance were not found") from error
    within = float(fitted.scale)
    between = np.asarray(fitted.cov_re, dtype=float) / within / np.outer(lengths, lengths)
    narrow = float(fitted.vcomp.item()) / within if columns.narrow is not None else 0.0
    return Spread(between, narrow)


def _checked(columns: Levels, spread: Spread, correlated: bool) -> Floats:
    """Return the curvature of the restricted criterion at components, or refuse them where it has no minimum.

    By slope g and curvature H of the criterion in logarithms of the components (of their Cholesky factor): g'H⁻¹g/2 is
    how much lower it lies nearby, and a direction without curvature is one about which the rows say nothing. A search
    that never left its start shows in either.
    """
    ratios = np.concatenate([np.diag(spread.wide), [] if columns.narrow is None else [spread.narrow]])
    if not np.isfinite(spread.wide).all() or not np.isfinite(ratios).all() or (ratios <= _NOTHING).any():
        raise EstimationError("the components of variance were not found: one of them may be 0")
    start, paces = _place(columns, spread, correlated), _paces(columns, spread, correlated)
    slope, curvature = _derivatives(lambda at: _criterion(columns, at, correlated), start, paces)
    values, vectors = np.linalg.eigh(curvature)
    if values[0] < _FLAT:
        raise EstimationError(
            "the components of variance were not found: the rows say too little about one of them, or it is 0"
        )
    lower = float(((vectors.T @ slope) ** 2 / values).sum() / 2)
    if lower > _OFF:
        raise EstimationError(
            f"the search for the components of variance stopped early: the criterion lies {lower:.1e} lower nearby"
        )
    return curvature


def _criterion(columns: Levels, place: Floats, correlated: bool) -> float:
    """Return the restricted criterion at a place."""
    return profile(columns, _spread(columns, place, correlated))[0]


def _paces(columns: Levels, spread: Spread, correlated: bool) -> Floats:
    """Return how far to go from components in each direction of a place, per unit."""
    start, size = _place(columns, spread, correlated), len(spread.wide)
    paces = np.ones(len(start))
    if correlated:
        rows = np.tril_indices(size, -1)[0]
        paces[size : size + len(rows)] = np.exp(start[rows])
    return paces


def _step(columns: Levels, spread: Spread, correlated: bool, curvature: Floats) -> Spread:
    """Return the components after one Newton step, where it is not worse: the last digits of a search are its own."""
    start, paces = _place(columns, spread, correlated), _paces(columns, spread, correlated)
    far, near = 0.002, 0.001
    slopes = []
    for direction in np.diag(paces):
        ahead = [
            _criterion(columns, start + pace * direction, correlated)
            - _criterion(columns, start - pace * direction, correlated)
            for pace in (near, far)
        ]
        slopes.append((8 * ahead[0] - ahead[1]) / (12 * near))
    moved = _spread(columns, start - paces * solve_system(curvature, np.array(slopes)), correlated)
    here = profile(columns, spread)[0]
    return moved if profile(columns, moved)[0] <= here + 1e-12 * abs(here) else spread


def _derivatives(function: Callable[[Floats], float], place: Floats, paces: Floats) -> tuple[Floats, Floats]:
    """Return slope and curvature of a function by central differences, in units of `paces`."""
    size = len(place)
    steps = np.diag(paces) * _PACE
    here = function(place)
    ahead, behind = (np.array([function(place + sign * step) for step in steps]) for sign in (1, -1))
    slope = (ahead - behind) / (2 * _PACE)
    curvature = np.diag((ahead - 2 * here + behind) / _PACE**2)
    for one in range(size):
        for other in range(one):
            both = [function(place + sign * (steps[one] + steps[other])) for sign in (1, -1)]
            cross = (sum(both) + 2 * here - ahead[[one, other]].sum() - behind[[one, other]].sum()) / (2 * _PACE**2)
            curvature[one, other] = curvature[other, one] = cross
    return slope, curvature


def whitened(columns: Levels, spread: Spread) -> tuple[Floats, float]:
    """Return X'V⁻¹X for regressors and outcome and log |V|, V in units of the residual variance.

    The narrow level takes one term off per group by the formula of Sherman and Morrison, the wide level a block per
    group by Woodbury's.
    """
    values, varying, size = columns.values, columns.varying, columns.varying.shape[1]
    count = int(columns.wide.max()) + 1
    cross, log_determinant = values.T @ values, 0.0
    both = np.column_stack([values, varying])
    products = (varying[:, :, None] * both[:, None, :]).reshape(len(both), -1)
    inside = group_sums(products, columns.wide, count)
    if columns.narrow is not None and spread.narrow > 0:
        sums, rows = group_sums(both, columns.narrow), np.bincount(columns.narrow).astype(float)
        share = (spread.narrow / (1 + spread.narrow * rows))[:, None]
        parents = np.empty(len(rows), dtype=int)
        parents[columns.narrow] = columns.wide
        cross = cross - (sums[:, :-size] * share).T @ sums[:, :-size]
        taken = (sums[:, -size:, None] * sums[:, None, :]).reshape(len(sums), -1) * share
        inside = inside - group_sums(taken, parents, count)
        log_determinant += float(np.log1p(spread.narrow * rows).sum())
    inside = inside.reshape(count, size, -1)
    outer, own = inside[:, :, :-size], inside[:, :, -size:]
    blocks = np.eye(size) + spread.wide @ own
    cross = cross - np.einsum("gqp,gqr->pr", outer, solve_system(blocks, spread.wide @ outer))
    return np.asarray(cross, float), log_determinant + float(np.linalg.slogdet(blocks)[1].sum())


def profile(columns: Levels, spread: Spread) -> tuple[float, Floats, Floats, float]:
    """Return criterion, coefficients, their covariance and the residual variance at given components."""
    cross, log_determinant = whitened(columns, spread)
    size = len(cross) - 1
    inner = cross[:size, :size]
    coefficients = solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    residual = float((cross[size, size] - cross[size, :size] @ coefficients) / free)
    criterion = log_determinant + float(np.linalg.slogdet(inner)[1]) + free * np.log(residual) + free
    return float(criterion), np.asarray(coefficients, float), np.asarray(inverse(inner) * residual, float), residual
