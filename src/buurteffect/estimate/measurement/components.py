"""Variance components of a score: permanent, autoregressive, noise and break, and the covariances they imply."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

import numpy as np

from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.measurement.noise import ScoreNoise

PARAMETERS = (
    "permanent SD",
    "loading decline per decade",
    "autoregressive SD",
    "autocorrelation per year",
    "noise SD",
    "break SD",
)


@dataclass(frozen=True)
class VarianceComponents:
    """The parts of the variance of a score.

    Between waves t and s scores have covariance
    λ_t λ_s σ_a² + σ_u² φ^|t−s| + σ_e² 1[t = s] + σ_B² 1[t ≥ b] 1[s ≥ b], with λ_t = 1 − κ (t − base)/10.

    Parameters
    ----------
    permanent_sd : float
        σ_a, standard deviation of lasting differences in the base year, LBM points.
    loading_decline : float
        κ, decline of their loading per decade, as a share.
    autoregressive_sd : float
        σ_u, standard deviation of the part that fades (stationary), LBM points.
    autocorrelation : float
        φ, its correlation from one year to the next.
    noise_sd : float
        σ_e, standard deviation of what is gone by the next wave, LBM points.
    break_sd : float
        σ_B, standard deviation of what entered at the break and stayed, LBM points.
    break_year : int or None
        b, first wave with the break; None for no break.
    base_year : int
        Year in which the loading is 1.
    """

    permanent_sd: float
    loading_decline: float
    autoregressive_sd: float
    autocorrelation: float
    noise_sd: float
    break_sd: float
    break_year: int | None
    base_year: int = 2002

    def __str__(self) -> str:
        """Return the components in one line."""
        text = (
            f"permanent SD {self.permanent_sd:.4f} with loading {-self.loading_decline:+.1%} a decade, autoregressive "
            f"SD {self.autoregressive_sd:.4f} with {self.autocorrelation:.3f} a year, noise SD {self.noise_sd:.4f}"
        )
        return text if self.break_year is None else f"{text}, break SD {self.break_sd:.4f} from {self.break_year}"

    @property
    def parameters(self) -> Floats:
        """The six numbers, in the order of ``PARAMETERS``."""
        return np.asarray(astuple(self)[: len(PARAMETERS)])

    def covariance(self, years: tuple[int, ...]) -> Floats:
        """Return the covariance matrix of the scores in `years`.

        Examples
        --------
        >>> parts = VarianceComponents(0.1, 0.2, 0.0, 0.9, 0.02, 0.0, None)
        >>> parts.covariance((2002, 2012)).round(5).tolist()
        [[0.0104, 0.008], [0.008, 0.0068]]
        """
        columns = covariance_columns(years, self.loading_decline, self.autocorrelation, self.break_year, self.base_year)
        variances = np.square([self.permanent_sd, self.autoregressive_sd, self.noise_sd, self.break_sd])
        result = np.empty((len(years), len(years)))
        first, second = np.triu_indices(len(years))
        result[first, second] = result[second, first] = columns @ variances[: columns.shape[1]]
        return result

    def regression(self, class_year: int, year: int, constant_spread: bool) -> float:
        """Return the expected score in `year` per point of score in `class_year`, both from their means.

        Parameters
        ----------
        class_year, year : int
            The wave that is known and the one that is asked for.
        constant_spread : bool
            Whether the loading of the permanent part is held at its value in `class_year`.
        """
        parts = self
        if constant_spread:
            loading = 1 - self.loading_decline * (class_year - self.base_year) / 10
            parts = replace(self, permanent_sd=self.permanent_sd * loading, loading_decline=0.0)
        if year == class_year:
            return 1.0
        matrix = parts.covariance((class_year, year))
        return float(matrix[0, 1] / matrix[0, 0])

    def noise(self, break_is_noise: bool = False) -> ScoreNoise:
        """Return the noise in the scores, with or without the break counted as noise."""
        if break_is_noise and self.break_year is not None:
            return ScoreNoise(self.noise_sd, self.break_sd, self.break_year)
        return ScoreNoise(self.noise_sd)


def covariance_columns(
    years: tuple[int, ...], decline: float, autocorrelation: float, break_year: int | None, base_year: int
) -> Floats:
    """Return what each variance adds to each covariance.

    Parameters
    ----------
    years : tuple of int
        The waves.
    decline, autocorrelation : float
        κ and φ.
    break_year : int, optional
        First wave with the break; None for no break.
    base_year : int
        Year in which the loading is 1.

    Returns
    -------
    ndarray
        Pairs of waves (upper triangle by rows) by components: permanent, autoregressive, noise, break if any.
    """
    first, second = np.triu_indices(len(years))
    times = np.asarray(years, dtype=float)
    loading = 1 - decline * (times - base_year) / 10
    columns = [
        loading[first] * loading[second],
        autocorrelation ** np.abs(times[first] - times[second]),
        (times[first] == times[second]).astype(float),
    ]
    if break_year is not None:
        columns.append(((times[first] >= break_year) & (times[second] >= break_year)).astype(float))
    return np.column_stack(columns)
