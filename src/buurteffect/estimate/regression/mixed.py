"""Random intercepts and slopes on one level or two nested ones, by restricted maximum likelihood, with statsmodels."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import statsmodels
from statsmodels.regression.mixed_linear_model import MixedLM, MixedLMParams
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate.core.fit import check_regressors, inverse, solve_system
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, group_sums
from buurteffect.estimate.regression.regressors import INTERCEPT, Regressors, default_regressors
from buurteffect.estimate.sample.estimation_sample import Sample

SOFTWARE = f"statsmodels {statsmodels.__version__}"
RESIDUAL = "residual"

_PACE = 0.01  # step in the logarithms of the components with which the criterion's slope and curvature are taken
_FLAT = 1e-4  # curvature of the criterion below which the rows say nothing about a component
_OFF = 1e-4  # how much lower the criterion may lie nearby, by its slope and curvature
_NOTHING = 1e-7  # ratio of a component to the residual variance that may be 0


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A regression with random intercepts, and slopes where they were asked for.

    Parameters
    ----------
    effects : EffectEstimate
        One row is one regressor, the intercept first.
    variances : DataFrame
        One row is one component: ``component, variance`` in squared units of the outcome (a slope's per squared unit of its
        regressor); the wider level's intercept, slopes and covariances, the narrower level, ``residual``.
    criterion : float
        −2 times the restricted log likelihood at these components, up to a constant; smaller is better.
    """

    effects: EffectEstimate
    variances: pd.DataFrame
    criterion: float


@dataclass(frozen=True, eq=False)
class _Columns:
    """Regressors with the outcome last, what varies by wide group (ones first), and the groups; narrow None for one level."""

    values: Floats
    varying: Floats
    wide: Integers
    narrow: Integers | None


@dataclass(frozen=True, eq=False)
class _Spread:
    """Components in units of the residual variance: covariance of what varies by wide group, and the narrow level's."""

    wide: Floats
    narrow: float


def mixed_model(
    sample: Sample,
    narrow: str | None = None,
    wide: str | None = None,
    regressors: Regressors | None = None,
    slopes: Sequence[str] = (),
    correlated: bool = True,
) -> MixedFit:
    """Return a regression with random intercepts, and slopes, of one level or of two nested levels.

    y = Xβ + Z u_wide + v_narrow + e with normal, independent u, v, e; Z is a column of ones and the regressors of `slopes`.
    In the words of lme4: ``(1 | wide) + (1 | narrow)``, ``(1 + x | wide) + (1 | narrow)``, for one level ``(1 + x | wide)``,
    and ``(1 + x || wide)`` where intercept and slopes are not correlated. The components are statsmodels' restricted maximum
    likelihood (Patterson & Thompson 1971, doi:10.1093/biomet/58.3.545); whether the search ended in a minimum is checked by
    the criterion's slope and curvature there. The covariance of β is (X'V⁻¹X)⁻¹ at these components, as lme4 has it
    (statsmodels itself inverts a Hessian of all parameters, which gives other standard errors in the sixth digit).

    Parameters
    ----------
    sample : Sample
        The rows; the design must not have weights.
    narrow, wide : str, optional
        Columns of the two levels; by default the unit and the design's first cluster. One level where the design names no
        cluster, or both are the same column.
    regressors : Regressors, optional
        What explains the outcome; by default treatment or dose, and the covariates.
    slopes : sequence of str
        Regressors whose coefficient varies between wide groups (with one level, between its groups).
    correlated : bool
        Whether intercept and slopes of a group may be correlated.

    Raises
    ------
    CallError
        If a slope is asked for that is no regressor.
    EstimationError
        If a column is missing or has gaps, a level has fewer than two groups or one row per group, the levels are not
        nested, the design has weights, or the search does not end in a minimum. A level without any variance comes back as
        0 where there are no slopes, and is refused where there are.
    """
    design, chosen = sample.design, regressors or default_regressors(sample)
    narrow = narrow or design.unit
    wide = wide or (design.clusters[0] if design.clusters else narrow)
    slopes = (slopes,) if isinstance(slopes, str) else tuple(slopes)
    odd = [name for name in slopes if name not in chosen.names]
    if odd:
        raise CallError(f"slopes of {', '.join(odd)} need these as regressors; there are {', '.join(chosen.names)}")
    if design.weights is not None:
        raise EstimationError("random intercepts take no weights: leave them out of the design")
    columns = _columns(sample, chosen, narrow, wide, slopes)
    spread = _found(columns, correlated, wide, narrow)
    criterion, coefficients, matrix, residual = _profile(columns, spread)
    levels = wide if narrow == wide else f"{wide} and {narrow}"
    varying = f" and slopes of {', '.join(slopes)} by {wide}" if slopes else ""
    effects = EffectEstimate.of(
        (INTERCEPT, *chosen.names),
        coefficients,
        matrix,
        method=f"random intercepts of {levels}{varying}, restricted maximum likelihood",
        convention="(X'V⁻¹X)⁻¹ at the estimated components, which it takes as known; normal distribution",
        units_count=sample.units_count,
        treated_count=sample.treated_count,
        clusters_count=int(columns.wide.max()) + 1,
        dropped=sample.dropped,
        software=SOFTWARE,
        design=design,
        not_headline=("random effects assume that lasting differences have nothing to do with treatment",),
    )
    named = list(_named(spread, wide, narrow, slopes, correlated))
    variances = pd.DataFrame([(name, value * residual) for name, value in named], columns=["component", "variance"])
    return MixedFit(effects, variances, criterion)


def reml_criterion(sample: Sample, narrow: str, wide: str, variances: tuple[float, float, float]) -> float:
    """Return −2 times the restricted log likelihood, up to a constant, at given components (wide, narrow, residual).

    For comparing two sets of components: the smaller value belongs to the better.
    """
    columns = _columns(sample, default_regressors(sample), narrow, wide, ())
    residual = variances[2]
    spread = _Spread(np.array([[variances[0] / residual]]), variances[1] / residual)
    cross, log_determinant = _whitened(columns, spread)
    size = len(cross) - 1
    inner = cross[:size, :size]
    rest = cross[size, size] - cross[size, :size] @ solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    return float(log_determinant + np.linalg.slogdet(inner)[1] + free * np.log(residual) + rest / residual)


def _named(
    spread: _Spread, wide: str, narrow: str, slopes: tuple[str, ...], correlated: bool
) -> Iterator[tuple[str, float]]:
    """Yield components by name, in units of the residual variance."""
    terms = (INTERCEPT, *slopes)
    for place, term in enumerate(terms):
        yield wide if not place else f"{wide}: slope of {term}", float(spread.wide[place, place])
    for place, term in enumerate(terms if correlated else ()):
        for other in range(place):
            yield f"{wide}: covariance of {terms[other]} and {term}", float(spread.wide[other, place])
    if narrow != wide:
        yield narrow, spread.narrow
    yield RESIDUAL, 1.0


def _columns(
    sample: Sample, regressors: Regressors, narrow: str, wide: str, slopes: tuple[str, ...]
) -> _Columns:
    """Return the columns; refuse levels without enough groups or rows, and levels that are not nested."""
    outer, inner = _level(sample, wide), _level(sample, narrow)
    if narrow != wide:
        first = np.empty(int(inner.max()) + 1, dtype=int)
        first[inner] = outer
        if (first[inner] != outer).any():
            raise EstimationError(f"{narrow} is not nested within {wide}: a {narrow} lies in more than one {wide}")
        if inner.max() == outer.max():
            raise EstimationError(f"{narrow} and {wide} are the same groups: name one of them")
    values = np.column_stack([np.ones(sample.rows_count), regressors.values])
    check_regressors((INTERCEPT, *regressors.names), values, values)
    varying = [0, *(1 + regressors.names.index(name) for name in slopes)]
    both = np.column_stack([values, sample.outcome])
    return _Columns(both, values[:, varying], outer, inner if narrow != wide else None)


def _level(sample: Sample, name: str) -> Integers:
    """Return the codes of a level; refuse a column that is not there, has gaps, or does not group rows."""
    if name not in sample.frame.columns:
        raise MissingColumnError(f"the rows have no column {name!r}, of which random intercepts were asked for")
    codes = sample.codes(name)
    if (codes < 0).any():
        raise EstimationError(f"{name} is missing in {int((codes < 0).sum())} rows: every row needs its group")
    groups = int(codes.max()) + 1
    if groups < 2:
        raise EstimationError(
            f"there is one {name}: the variance between groups takes two at least; name another level, or one level only"
        )
    if groups == sample.rows_count:
        raise EstimationError(f"every {name} has one row: its intercept cannot be told from the residual")
    return codes


def _found(columns: _Columns, correlated: bool, wide: str, narrow: str) -> _Spread:
    """Return the components in which the search ends, 0 for a level that varies by nothing; refuse what is no minimum."""
    try:
        return _checked(columns, _search(columns, correlated), correlated)
    except EstimationError as error:
        if columns.varying.shape[1] > 1:
            raise EstimationError(
                f"{error}; a slope may not vary between {wide}, or vary with the intercept exactly: leave it out, or set "
                "correlated=False"
            ) from error
        for part in _without_a_level(columns):
            if (spread := _at_bound(columns, part, correlated)) is not None:
                return spread
        levels = wide if narrow == wide else f"{wide} or {narrow}"
        raise EstimationError(f"{error}: leave out {levels}") from error


def _without_a_level(columns: _Columns) -> Iterator[_Columns | None]:
    """Yield the columns without the wide level, without the narrow one, and nothing for neither level."""
    if columns.narrow is not None:
        yield replace(columns, wide=columns.narrow, narrow=None)
        yield replace(columns, narrow=None)
    yield None


def _at_bound(columns: _Columns, part: _Columns | None, correlated: bool) -> _Spread | None:
    """Return the best components with a level at 0, if the criterion rises from there; None if not."""
    wide = narrow = 0.0
    if part is not None:
        try:
            ratio = float(_checked(part, _search(part, correlated), correlated).wide[0, 0])
        except EstimationError:
            return None
        wide, narrow = (ratio, 0.0) if part.wide is columns.wide else (0.0, ratio)
    spread = _Spread(np.array([[wide]]), narrow)
    here = _profile(columns, spread)[0]
    nearby = [_Spread(np.array([[wide or _NOTHING * 1e3]]), narrow)]
    if columns.narrow is not None:
        nearby.append(_Spread(np.array([[wide]]), narrow or _NOTHING * 1e3))
    rises = all(_profile(columns, other)[0] >= here - 1e-9 * abs(here) for other in nearby)
    return spread if rises else None


def _search(columns: _Columns, correlated: bool) -> _Spread:
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
        free = MixedLMParams.from_components(np.ones(model.k_fe), np.eye(size), np.ones(model.k_vc) if model.k_vc else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            fitted = model.fit(reml=True, method=["bfgs"], gtol=1e-10, free=free)
        except np.linalg.LinAlgError as error:
            raise EstimationError("the components of variance were not found") from error
    within = float(fitted.scale)
    between = np.asarray(fitted.cov_re, dtype=float) / within / np.outer(lengths, lengths)
    narrow = float(fitted.vcomp.item()) / within if columns.narrow is not None else 0.0
    return _Spread(between, narrow)


def _checked(columns: _Columns, spread: _Spread, correlated: bool) -> _Spread:
    """Return the components, or refuse them where the restricted criterion has no minimum.

    By slope g and curvature H of the criterion in logarithms of the components (of their Cholesky factor): g'H⁻¹g/2 is how
    much lower it lies nearby, and a direction without curvature is one about which the rows say nothing. A search that
    never left its start shows in either.
    """
    size, uncorrelated = len(spread.wide), not correlated
    parts = [np.diag(spread.wide), [spread.narrow] if columns.narrow is not None else []]
    ratios = np.concatenate(parts)
    if not np.isfinite(spread.wide).all() or not np.isfinite(ratios).all() or (ratios <= _NOTHING).any():
        raise EstimationError("the components of variance were not found: one of them may be 0")
    try:
        root = np.linalg.cholesky(spread.wide)
    except np.linalg.LinAlgError as error:
        raise EstimationError("the components of variance were not found: they are correlated exactly") from error
    below = np.tril_indices(size, -1)
    start = np.concatenate([np.log(np.diag(root)), [] if uncorrelated else root[below], np.log(parts[1]) / 2])

    def criterion(place: Floats) -> float:
        """Return the criterion at logarithms of the components."""
        factor = np.diag(np.exp(place[:size]))
        if correlated:
            factor[below] = place[size : size + len(below[0])]
        narrow = float(np.exp(2 * place[-1])) if columns.narrow is not None else 0.0
        return _profile(columns, _Spread(factor @ factor.T, narrow))[0]

    paces = np.full(len(start), _PACE)
    if correlated:
        paces[size : size + len(below[0])] *= np.diag(root)[below[0]]
    slope, curvature = _derivatives(criterion, start, paces)
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
    return spread


def _derivatives(function: Callable[[Floats], float], place: Floats, paces: Floats) -> tuple[Floats, Floats]:
    """Return slope and curvature of a function by central differences, per pace of each direction over `_PACE`."""
    size = len(place)
    steps = np.diag(paces)
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


def _whitened(columns: _Columns, spread: _Spread) -> tuple[Floats, float]:
    """Return X'V⁻¹X for regressors and outcome and log |V|, V in units of the residual variance.

    The narrow level takes one term off per group by the formula of Sherman and Morrison, the wide level a block per group
    by Woodbury's.
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


def _profile(columns: _Columns, spread: _Spread) -> tuple[float, Floats, Floats, float]:
    """Return criterion, coefficients, their covariance and the residual variance at given components."""
    cross, log_determinant = _whitened(columns, spread)
    size = len(cross) - 1
    inner = cross[:size, :size]
    coefficients = solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    residual = float((cross[size, size] - cross[size, :size] @ coefficients) / free)
    criterion = log_determinant + float(np.linalg.slogdet(inner)[1]) + free * np.log(residual) + free
    return float(criterion), np.asarray(coefficients, float), np.asarray(inverse(inner) * residual, float), residual
