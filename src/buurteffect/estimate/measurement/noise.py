"""Measurement error in the scores: what enters a change, and corrections of a share of decliners for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.weighted_stats import Floats

_ADDED = np.arange(0.25, 2.01, 0.25)  # noise added for the extrapolation, in multiples of the noise there is


@dataclass(frozen=True)
class ScoreNoise:
    """Measurement error of a published score.

    Parameters
    ----------
    score_sd : float
        Standard deviation of the noise in one score, independent between areas and waves; LBM points.
    break_sd : float
        Standard deviation of what a break in the measurement added to an area's scores from `break_year` on;
        0 where the break is counted as real change.
    break_year : int
        First wave after the break.

    Raises
    ------
    EstimationError
        If a standard deviation is negative.
    """

    score_sd: float
    break_sd: float = 0.0
    break_year: int = 2014

    def __post_init__(self) -> None:
        """Check the settings."""
        if not (self.score_sd >= 0 and self.break_sd >= 0):
            raise EstimationError(f"noise SDs must be 0 or larger, found {self.score_sd} and {self.break_sd}")

    def __str__(self) -> str:
        """Return the settings in words."""
        text = f"noise SD {self.score_sd:.4g}"
        if self.break_sd:
            text += f" and break SD {self.break_sd:.4g} from {self.break_year}"
        return f"{text}, taken as known"

    def change_variance(self, from_year: int, to_year: int) -> float:
        """Return the variance of the noise in the change between two waves.

        Twice the variance in one score, plus that of the break where the pair straddles it.

        Examples
        --------
        >>> round(ScoreNoise(0.01, break_sd=0.02).change_variance(2012, 2014), 6)
        0.0006
        """
        straddles = from_year < self.break_year <= to_year
        return float(2 * self.score_sd**2 + straddles * self.break_sd**2)

    def change_covariance(self, from_year: int, to_year: int, years: Sequence[int]) -> Floats:
        """Return the covariance of the noise in a change with the score of each of `years`."""
        straddles = from_year < self.break_year <= to_year
        own = [self.score_sd**2 * ((year == to_year) - (year == from_year)) for year in years]
        shared = [self.break_sd**2 * straddles * (year >= self.break_year) for year in years]
        return np.asarray([a + b for a, b in zip(own, shared, strict=True)], dtype=float)


def purge(
    change: Floats, scores: Floats, noise: ScoreNoise, pair: tuple[int, int], class_years: Sequence[int]
) -> tuple[Floats, float]:
    """Return changes less the part of their noise that the classifying scores predict.

    With d = δ + n the observed change, δ the true one and n its noise, y the classifying scores with covariance
    matrix S, and a = Cov(n, y), known from the noise: under joint normality E[n | y] = a'S⁻¹(y − μ), what is
    left of n has variance Var(n) − a'S⁻¹a, and its covariance with δ given y is −(Cov(d, y) − a)'S⁻¹a. Without
    E[n | y] the change is the true change plus noise with mean zero in *every* set of areas that is chosen by
    y, and the variance that noise adds to it is Var(n) − a'S⁻¹a − 2(Cov(d, y) − a)'S⁻¹a. Where the classifying
    waves are not in the pair, a = 0: the change is left as it is, with noise variance Var(n).

    Parameters
    ----------
    change : ndarray
        Observed changes of all areas that the classification ranks, not only of those that it chooses.
    scores : ndarray
        Their classifying scores, areas by waves.
    noise : ScoreNoise
        The noise.
    pair : tuple of int
        The two waves of the change.
    class_years : sequence of int
        The classifying waves, in the order of the columns of `scores`.

    Returns
    -------
    tuple
        The changes without predictable noise, and the variance that noise still adds to them; NaN for the
        latter where the areas are too few or their classifying scores too alike to tell.
    """
    total = noise.change_variance(*pair)
    shared = noise.change_covariance(*pair, class_years)
    if not shared.any():
        return change, total
    if len(change) <= scores.shape[1] + 1:
        return change, float("nan")
    matrix = np.cov(np.column_stack([scores, change]), rowvar=False)
    if np.linalg.matrix_rank(matrix[:-1, :-1]) < scores.shape[1]:
        return change, float("nan")
    slopes = np.linalg.solve(matrix[:-1, :-1], shared)
    excess = total - shared @ slopes - 2 * (matrix[:-1, -1] - shared) @ slopes
    return change - (scores - scores.mean(axis=0)) @ slopes, float(excess)


def constrained_edges(mean: Floats, variance: Floats, excess: float, cuts: Floats) -> tuple[Floats, Floats]:
    """Return below which observed change the constrained estimate is below −cut, and the same in true SDs.

    The constrained empirical Bayes estimate of a true change is d* = m + f·(d − m) with f = √max(0, 1 − v/V);
    d* < −cut where d < m + (−cut − m)/f. In standard deviations of d* that edge is (−cut − m)/(f√V).

    Parameters
    ----------
    mean, variance : ndarray
        Mean m and variance V of the observed change, per draw.
    excess : float
        Variance v that noise adds.
    cuts : ndarray
        Cuts, 0 or larger.

    Returns
    -------
    tuple of ndarray
        Edges in LBM points, and in standard deviations from the mean: draws by cuts.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = np.sqrt(np.maximum(variance - excess, 0.0) / variance)[:, None]
        gaps = (-cuts - mean[:, None]) / factor
        return mean[:, None] + gaps, gaps / np.sqrt(variance)[:, None]


def extrapolated_terms(change: Floats, excess: float, cuts: Floats) -> Floats:
    """Return for each area and cut the number whose mean is the share of declines extrapolated to no noise.

    With noise of variance λv *added*, an area's change lies below −cut with probability Φ((−cut − d)/√(λv)).
    The mean of these over areas is a smooth curve in λ; a parabola through it at λ = ¼, ½, …, 2, read off at
    λ = −1, takes the noise away that there is. This is simulation extrapolation with the simulation done
    exactly: Cook & Stefanski (1994), doi:10.1080/01621459.1994.10476871. The reading is a fixed linear
    combination of the eight means, hence a mean over areas.

    Parameters
    ----------
    change : ndarray
        Observed changes, per area.
    excess : float
        Variance v that noise adds, larger than 0.
    cuts : ndarray
        Cuts, 0 or larger.

    Returns
    -------
    ndarray
        Areas by cuts.
    """
    powers = np.vander(_ADDED, 3)
    reading = np.vander([-1.0], 3) @ np.linalg.pinv(powers)
    distance = (-cuts[None, :] - change[:, None])[:, :, None] / np.sqrt(_ADDED * excess)
    return np.asarray(ndtr(distance) @ reading[0])
