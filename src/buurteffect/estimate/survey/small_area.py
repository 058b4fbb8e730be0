"""Small-area estimation from a survey: direct, Fay–Herriot, and multilevel regression with poststratification.

A survey has a handful of respondents per area. The direct mean is unbiased and noisy; the others trade a little bias
for much less noise, by a share that the data decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import inverse, solve_system
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import group_sums
from buurteffect.estimate.regression.line_search import least_point

Values = NDArray[Any]
AREA, WEIGHT = "area_code", "weight_persons"


@dataclass(frozen=True, eq=False)
class AreaMeans:
    """Estimated means of areas.

    Parameters
    ----------
    frame : DataFrame
        One row is one area: ``area_code, estimate, std_error, ci_low, ci_high, respondents_count, shrinkage`` (the
        part of the estimate that is the area's own answers, between 0 and 1).
    method : str
        How they were made.
    between_sd : float
        Standard deviation of areas around what the model says of them; NaN for direct means.
    """

    frame: pd.DataFrame
    method: str
    between_sd: float


def direct_means(frame: pd.DataFrame, outcome: str, alpha: float = 0.05) -> AreaMeans:
    """Return the weighted mean answer of every area.

    The variance is σ²Σw²/(Σw)² with one σ² of answers within areas: an area's own spread of a few answers is too
    noisy to be its error.

    Parameters
    ----------
    frame : DataFrame
        One row per respondent: ``area_code``, ``weight_persons`` and the answers.
    outcome : str
        Column of the answers.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    MissingColumnError, EstimationError
        If a column is missing, or no area has two answers.
    """
    require_numbers(frame, (WEIGHT, outcome), "table of answers")
    require(frame, (AREA,), "table of answers")
    rows = frame[frame[outcome].notna()]
    codes, areas = pd.factorize(rows[AREA], sort=True)
    weight, value = rows[WEIGHT].to_numpy(dtype=float), rows[outcome].to_numpy(dtype=float)
    count = np.bincount(codes)
    if len(rows) <= len(areas):
        raise EstimationError("no area has two answers: take more waves together")
    total = np.bincount(codes, weights=weight)
    mean = np.bincount(codes, weights=weight * value) / total
    plain = np.bincount(codes, weights=value) / count
    within = float(((value - plain[codes]) ** 2).sum() / (len(rows) - len(areas)))
    error = np.sqrt(within * np.bincount(codes, weights=weight**2)) / total
    return _means(np.asarray(areas), mean, error, count, np.ones(len(areas)), "direct weighted means", np.nan, alpha)


def fay_herriot(direct: AreaMeans, covariates: pd.DataFrame, alpha: float = 0.05) -> AreaMeans:
    """Return empirical best linear predictions of area means.

    θ̂ = γ·direct + (1 − γ)·x'β with γ = σ_u²/(σ_u² + ψ), ψ the variance of the direct mean and σ_u² by restricted
    maximum likelihood (Fay & Herriot 1979, doi:10.1080/01621459.1979.10482505). The error is the root of Prasad & Rao's
    mean squared error g₁ + g₂ + 2g₃ (1990, doi:10.1080/01621459.1990.10475320).

    Parameters
    ----------
    direct : AreaMeans
        From `direct_means`.
    covariates : DataFrame
        Index ``area_code``; numeric columns known from registers for every area.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If an area has no covariates, or there are hardly more areas than covariates.
    """
    areas = direct.frame[AREA]
    known = covariates.reindex(areas)
    if known.isna().any(axis=None):
        raise EstimationError(f"{int(known.isna().any(axis=1).sum())} areas of the survey have no covariates")
    if len(areas) < len(known.columns) + 5:
        raise EstimationError(f"{len(areas)} areas cannot carry {len(known.columns)} covariates")
    matrix = np.column_stack([np.ones(len(areas)), known.to_numpy(dtype=float)])
    mean, variance = direct.frame["estimate"].to_numpy(dtype=float), direct.frame["std_error"].to_numpy() ** 2
    between = _between(mean, variance, matrix)
    spread = between + variance
    inner = inverse(matrix.T @ (matrix / spread[:, None]))
    fitted = matrix @ (inner @ (matrix.T @ (mean / spread)))
    own = between / spread
    first = own * variance
    second = (1 - own) ** 2 * np.einsum("ij,jk,ik->i", matrix, inner, matrix)
    third = variance**2 / spread**3 * 2 / (1 / spread**2).sum()
    error = np.sqrt(first + second + 2 * third)
    return _means(
        areas.to_numpy(),
        own * mean + (1 - own) * fitted,
        error,
        direct.frame["respondents_count"].to_numpy(),
        own,
        f"Fay–Herriot on {', '.join(map(str, known.columns))}",
        float(np.sqrt(between)),
        alpha,
    )


def _between(mean: Floats, variance: Floats, matrix: Floats) -> float:
    """Return the variance between areas by restricted maximum likelihood; 0 where there is no sign of any."""

    def criterion(between: float) -> float:
        """Return minus twice the restricted log likelihood."""
        weight = 1 / (between + variance)
        inner = matrix.T @ (matrix * weight[:, None])
        left = mean - matrix @ solve_system(inner, matrix.T @ (weight * mean))
        return float(-np.log(weight).sum() + np.linalg.slogdet(inner)[1] + weight @ left**2)

    if not mean.var() > 0:
        return 0.0
    top = 4 * float(mean.var()) + 1e-12
    best = least_point(criterion, 0.0, top, top * 1e-8, "the variance between areas")
    return 0.0 if criterion(0.0) <= criterion(best) else best


def poststratified(
    frame: pd.DataFrame, outcome: str, counts: pd.DataFrame, traits: Sequence[str], alpha: float = 0.05
) -> AreaMeans:
    """Return means of areas by multilevel regression and poststratification.

    Answers are regressed on traits of respondents with a random intercept by area (restricted maximum likelihood);
    every cell of the register gets its prediction, and an area's mean is that of its cells, weighted by who lives
    there (Gelman & Little 1997, Survey Methodology 23(2)). The error takes the variances as known.

    Parameters
    ----------
    frame, outcome, alpha
        As of `direct_means`, with the traits.
    counts : DataFrame
        Register counts: ``area_code``, the traits, ``adults_count``. Areas without respondents get the mean of their
        cells.
    traits : sequence of str
        Columns of both tables, each a kind of respondent.

    Raises
    ------
    MissingColumnError, EstimationError
        If a column is missing, respondents have a trait that the register lacks, or traits explain each other.
    """
    for table, what, more in ((frame, "answers", [outcome]), (counts, "counts", ["adults_count"])):
        require(table, (AREA, *traits), f"table of {what}")
        require_numbers(table, more, f"table of {what}")
    rows = frame[frame[outcome].notna()]
    codes, areas = pd.factorize(rows[AREA], sort=True)
    matrix, cells = _traits(rows, counts, traits)
    beta, fixed, between, noise = _mixed(rows[outcome].to_numpy(dtype=float), matrix, codes)
    count = np.bincount(codes)
    left = np.bincount(codes, weights=rows[outcome].to_numpy(dtype=float) - matrix @ beta)
    own = count * between / (count * between + noise)
    shift = pd.Series(own * left / count, index=areas)
    held = pd.Series(own, index=areas)
    sums = pd.DataFrame(cells * counts["adults_count"].to_numpy(dtype=float)[:, None]).groupby(counts[AREA].to_numpy())
    total = counts.groupby(AREA)["adults_count"].sum()
    profile = sums.sum().to_numpy() / total.to_numpy()[:, None]
    names = total.index
    mean = profile @ beta + shift.reindex(names).fillna(0).to_numpy()
    inside = held.reindex(names).fillna(0).to_numpy()
    apart = profile - inside[:, None] * _profile_of_answers(matrix, codes, areas, names)
    error = np.sqrt((1 - inside) * between + np.einsum("ij,jk,ik->i", apart, fixed, apart))
    respondents = pd.Series(count, index=areas).reindex(names).fillna(0).to_numpy(dtype=int)
    words = f"multilevel regression and poststratification by {', '.join(traits)}"
    return _means(names.to_numpy(), mean, error, respondents, inside, words, float(np.sqrt(between)), alpha)


def _mixed(outcome: Floats, matrix: Floats, codes: Values) -> tuple[Floats, Floats, float, float]:
    """Return coefficients, their covariance, and the variances between and within areas by restricted likelihood.

    One number is searched for, the ratio of both variances, over sums by area; general searches over all parameters
    can stop at no variance between areas where there is some.
    """
    count = np.bincount(codes).astype(float)
    both = np.column_stack([matrix, outcome])
    sums, cross = group_sums(both, codes), both.T @ both
    size, free = matrix.shape[1], len(outcome) - matrix.shape[1]

    def whitened(ratio: float) -> Floats:
        """Return the cross product of regressors and outcome after the random intercepts."""
        return np.asarray(cross - (sums * (ratio / (1 + ratio * count))[:, None]).T @ sums)

    def rest(inner: Floats) -> float:
        """Return the sum of squares that the regressors leave."""
        return float(inner[size, size] - inner[size, :size] @ solve_system(inner[:size, :size], inner[:size, size]))

    def criterion(logarithm: float) -> float:
        """Return minus twice the restricted log likelihood at a ratio."""
        ratio = float(np.exp(logarithm)) if np.isfinite(logarithm) else 0.0
        inner = whitened(ratio)
        scale = np.log1p(ratio * count).sum() + np.linalg.slogdet(inner[:size, :size])[1]
        return float(scale + free * np.log(rest(inner)))

    if np.linalg.matrix_rank(cross[:size, :size]) < size:
        raise EstimationError("the traits of respondents explain each other: use fewer traits")
    best = least_point(criterion, -12.0, 4.0, 1e-8, "the ratio of the variances between and within areas")
    ratio = 0.0 if criterion(-np.inf) <= criterion(best) else float(np.exp(best))
    inner = whitened(ratio)
    noise = rest(inner) / free
    covariance = inverse(inner[:size, :size])
    return covariance @ inner[:size, size], covariance * noise, ratio * noise, noise


def _profile_of_answers(matrix: Floats, codes: Values, areas: pd.Index, names: pd.Index) -> Floats:
    """Return the mean row of traits of the respondents of each area; zeros where there are none."""
    means = pd.DataFrame(matrix).groupby(codes).mean().set_axis(areas)
    return np.asarray(means.reindex(names).fillna(0).to_numpy(dtype=float))


def _traits(rows: pd.DataFrame, counts: pd.DataFrame, traits: Sequence[str]) -> tuple[Floats, Floats]:
    """Return a column of ones and one per value of each trait but the first, for respondents and for cells."""
    blocks: tuple[list[Floats], list[Floats]] = ([np.ones(len(rows))], [np.ones(len(counts))])
    for name in traits:
        texts = rows[name].astype("str"), counts[name].astype("str")
        values = sorted(texts[1].unique())
        odd = set(texts[0].unique()) - set(values)
        if odd:
            raise EstimationError(f"respondents have {name} {', '.join(sorted(odd))}, which the register lacks")
        for value in values[1:]:
            for block, text in zip(blocks, texts, strict=True):
                block.append((text == value).to_numpy(dtype=float))
    return np.column_stack(blocks[0]), np.column_stack(blocks[1])


def _means(
    areas: Values, mean: Floats, error: Floats, count: Values, own: Floats, method: str, between: float, alpha: float
) -> AreaMeans:
    """Return means as a table."""
    frame = pd.DataFrame({AREA: areas, "estimate": mean, "std_error": error})
    frame["ci_low"], frame["ci_high"] = interval(mean, error, alpha=alpha)
    frame["respondents_count"], frame["shrinkage"] = count.astype(int), own
    return AreaMeans(frame, method, between)


def compare_means(made: dict[str, AreaMeans]) -> pd.DataFrame:
    """Return how far area means spread and how well they are known, by method.

    Returns
    -------
    DataFrame
        One row per method: ``term, areas_count, respondents_median, spread`` (standard deviation of the estimates),
        ``between_sd``, ``error_median`` and ``own_median`` (part of an estimate that is the area's own answers).
    """
    rows = [
        {
            "term": name,
            "areas_count": len(each.frame),
            "respondents_median": float(each.frame["respondents_count"].median()),
            "spread": float(each.frame["estimate"].std(ddof=1)),
            "between_sd": each.between_sd,
            "error_median": float(each.frame["std_error"].median()),
            "own_median": float(each.frame["shrinkage"].median()),
        }
        for name, each in made.items()
    ]
    return pd.DataFrame(rows)
