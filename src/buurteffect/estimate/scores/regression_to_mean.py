"""How far a selected group moves towards the mean by itself.

Areas are chosen for treatment because they score low, or have fallen. Part of that was passing, so they would have
risen without treatment; this part is computed here from the covariances of the scores over time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.weighted_stats import Floats


@dataclass(frozen=True)
class ScoreProcess:
    """Scores as the sum of a lasting, a fading and a passing part: y_it = a_i + u_it + e_it.

    Cov(y_t, y_s) = σ_a² + σ_u² φ^|t−s| + σ_e² 1[t = s].

    Parameters
    ----------
    permanent_sd : float
        σ_a, standard deviation of lasting differences, units of the score.
    autoregressive_sd : float
        σ_u, standard deviation of the part that fades.
    autocorrelation : float
        φ, its correlation from one year to the next, between 0 and 1.
    noise_sd : float
        σ_e, standard deviation of what is gone by the next score.
    """

    permanent_sd: float
    autoregressive_sd: float
    autocorrelation: float
    noise_sd: float

    def __post_init__(self) -> None:
        """Check the parts."""
        if min(self.permanent_sd, self.autoregressive_sd, self.noise_sd) < 0 or not 0 <= self.autocorrelation <= 1:
            raise EstimationError("standard deviations must be 0 or more, the autocorrelation between 0 and 1")
        if self.permanent_sd == self.autoregressive_sd == self.noise_sd == 0:
            raise EstimationError("scores without any spread have no regression to the mean")

    def covariance(self, times: Sequence[int]) -> Floats:
        """Return the covariance of the scores at some times, shape (times, times)."""
        apart = np.abs(np.subtract.outer(np.asarray(times), np.asarray(times)))
        fading = self.autoregressive_sd**2 * np.power(float(self.autocorrelation), apart)
        return np.asarray(self.permanent_sd**2 + fading + self.noise_sd**2 * (apart == 0))


def change_after_truncation(process: ScoreProcess, cut: float, years: int) -> float:
    """Return the expected change of the areas that score below a cut, in so many years, without any treatment.

    (C_h/C_0 − 1)·E[y − μ | y < cut], where for normal scores E[y − μ | y < cut] = −s·pdf(z)/cdf(z), s = √C_0,
    z = cut/s: the closed form for truncation, with C_h the covariance of scores h years apart.

    Parameters
    ----------
    process : ScoreProcess
        Where the covariances come from.
    cut : float
        Cut in units of the score, counted from the mean of all areas; an area is chosen if it scores below.
    years : int
        h, years after the score by which areas were chosen.

    Examples
    --------
    >>> round(change_after_truncation(ScoreProcess(0.09, 0.08, 0.97, 0.012), cut=-0.15, years=10), 4)
    0.0259
    """
    if years < 0:
        raise EstimationError(f"years must be 0 or more, found {years}")
    matrix = process.covariance((0, years)) if years else np.full((2, 2), process.covariance((0,))[0, 0])
    return float((matrix[0, 1] / matrix[0, 0] - 1) * truncated_mean(float(np.sqrt(matrix[0, 0])), cut))


def truncated_mean(spread: float, cut: float) -> float:
    """Return E[x | x < cut] for a normal x with mean 0 and the given standard deviation."""
    z = cut / spread
    return float(-spread * np.exp(stats.norm.logpdf(z) - stats.norm.logcdf(z)))


def change_after_selection(
    process: ScoreProcess,
    from_time: int,
    to_time: int,
    rules: NDArray[np.float64],
    times: Sequence[int],
    selected_means: NDArray[np.float64],
) -> float:
    """Return the expected change of areas chosen by any linear rule on their scores.

    With s = R y the variables by which areas were chosen, E[y_to − y_from | chosen] = Σ_hs Σ_ss⁻¹ (E[s | chosen] −
    E[s]): the general linear version. Right for normal scores, and for any scores whose regression on s is linear.

    Parameters
    ----------
    process : ScoreProcess
        Where the covariances come from.
    from_time, to_time : int
        Times between which the change is taken.
    rules : ndarray
        R, one row per selection variable, one column per time of `times`: [[1]] for the level at one time,
        [[1, 0], [1, -1]] for level and change.
    times : sequence of int
        Times that the columns of `rules` stand for.
    selected_means : ndarray
        Means of the selection variables among the chosen less those among all, one per row of `rules`.

    Raises
    ------
    EstimationError
        If shapes do not fit, or the variables explain each other.

    Examples
    --------
    >>> process = ScoreProcess(0.09, 0.08, 0.97, 0.012)
    >>> level_and_fall = np.array([[1.0, 0.0], [1.0, -1.0]])
    >>> round(change_after_selection(process, 0, 8, level_and_fall, (0, -3), np.array([-0.20, -0.05])), 4)
    0.0265
    """
    matrix, means = (
        np.atleast_2d(np.asarray(rules, dtype=float)),
        np.atleast_1d(np.asarray(selected_means, dtype=float)),
    )
    if matrix.shape != (len(means), len(times)):
        raise EstimationError(f"rules have shape {matrix.shape}, expected {(len(means), len(times))}")
    every = sorted({from_time, to_time, *times})
    covariance = process.covariance(every)
    place = {time: index for index, time in enumerate(every)}
    rule = np.zeros((len(means), len(every)))
    for column, time in enumerate(times):
        rule[:, place[time]] += matrix[:, column]
    change = np.zeros(len(every))
    change[place[to_time]] += 1
    change[place[from_time]] -= 1
    inner = rule @ covariance @ rule.T
    if np.linalg.matrix_rank(inner) < len(means):
        raise EstimationError("the selection variables explain each other: leave one out")
    return float(change @ covariance @ rule.T @ np.linalg.solve(inner, means))
