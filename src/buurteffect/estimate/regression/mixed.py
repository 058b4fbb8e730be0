"""Random intercepts and slopes on one level or two nested ones, by restricted maximum likelihood, with statsmodels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import scipy
import statsmodels

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate.core.fit import check_regressors, residuals, solve_system
from buurteffect.estimate.core.intervals import rounding
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.regression.regressors import INTERCEPT, Regressors, default_regressors
from buurteffect.estimate.regression.variance_components import Levels, Spread, find_spread, profile, whitened
from buurteffect.estimate.sample.estimation_sample import Sample

SOFTWARE = f"statsmodels {statsmodels.__version__}, scipy {scipy.__version__}"
RESIDUAL = "residual"


@dataclass(frozen=True, eq=False)
class MixedFit:
    """A regression with random intercepts, and slopes where they were asked for.

    Parameters
    ----------
    effects : EffectEstimate
        One row is one regressor, the intercept first.
    variances : DataFrame
        One row is one component: ``component, variance`` in squared units of the outcome (a slope's per squared unit
        of its regressor); the wider level's intercept, slopes and covariances, the narrower level, ``residual``.
    criterion : float
        −2 times the restricted log likelihood at these components, up to a constant; smaller is better.
    """

    effects: EffectEstimate
    variances: pd.DataFrame
    criterion: float


def mixed_model(
    sample: Sample,
    narrow: str | None = None,
    wide: str | None = None,
    regressors: Regressors | None = None,
    slopes: Sequence[str] = (),
    correlated: bool = True,
) -> MixedFit:
    """Return a regression with random intercepts, and slopes, of one level or of two nested levels.

    y = Xβ + Z u_wide + v_narrow + e with normal, independent u, v, e; Z is a column of ones and the regressors of
    `slopes`. In the words of lme4: ``(1 | wide) + (1 | narrow)``, ``(1 + x | wide) + (1 | narrow)``, for one level
    ``(1 + x | wide)``, and ``(1 + x || wide)`` where intercept and slopes are not correlated. The components are
    statsmodels' restricted maximum likelihood (Patterson & Thompson 1971, doi:10.1093/biomet/58.3.545). Whether its
    search ended in a minimum is checked by the criterion's slope and curvature there; where it stopped early, scipy
    searches on. The covariance of β is
    (X'V⁻¹X)⁻¹ at these components, as lme4 has it (statsmodels itself inverts a Hessian of all parameters, which
    gives other standard errors in the sixth digit).

    Parameters
    ----------
    sample : Sample
        The rows; the design must not have weights.
    narrow, wide : str, optional
        Columns of the two levels; by default the unit and the design's first cluster. One level where the design
        names no cluster, or both are the same column.
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
        If a column is missing or has gaps, a level has fewer than two groups or one row per group, the levels are
        not nested, the design has weights, or the search does not end in a minimum. A level without any variance
        comes back as 0 where there are no slopes, and is refused where there are.
    """
    design, chosen = sample.design, regressors or default_regressors(sample)
    narrow = narrow or design.unit
    wide = wide or (design.clusters[0] if design.clusters else narrow)
    slopes = (slopes,) if isinstance(slopes, str) else tuple(slopes)
    odd = [name for name in slopes if name not in chosen.names]
    if odd:
        raise CallError(f"slopes of {', '.join(odd)} need these as regressors; there are {', '.join(chosen.names)}")
    if design.weights is not None:
        raise EstimationError(f"random intercepts take no weights: leave {design.weights} out of the design")
    columns = _columns(sample, chosen, narrow, wide, slopes)
    spread = find_spread(columns, correlated, wide, narrow)
    criterion, coefficients, matrix, residual = profile(columns, spread)
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
    spread = Spread(np.array([[variances[0] / residual]]), variances[1] / residual)
    cross, log_determinant = whitened(columns, spread)
    size = len(cross) - 1
    inner = cross[:size, :size]
    rest = cross[size, size] - cross[size, :size] @ solve_system(inner, cross[:size, size])
    free = len(columns.values) - size
    return float(log_determinant + np.linalg.slogdet(inner)[1] + free * np.log(residual) + rest / residual)


def _named(
    spread: Spread, wide: str, narrow: str, slopes: tuple[str, ...], correlated: bool
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


def _columns(sample: Sample, regressors: Regressors, narrow: str, wide: str, slopes: tuple[str, ...]) -> Levels:
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
    if np.abs(residuals(values, sample.outcome)).max() <= rounding(sample.outcome):
        told = " and ".join(filter(None, ["a constant", ", ".join(regressors.names)]))
        raise EstimationError(f"{told} explain every {sample.design.outcome}: no variance is left to tell levels by")
    varying = [0, *(1 + regressors.names.index(name) for name in slopes)]
    both = np.column_stack([values, sample.outcome])
    return Levels(both, values[:, varying], outer, inner if narrow != wide else None)


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
            f"there is one {name}: a variance between groups takes two at least; name another level, or one level only"
        )
    if groups == sample.rows_count:
        raise EstimationError(f"every {name} has one row: its intercept cannot be told from the residual")
    return codes
