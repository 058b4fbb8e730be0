"""Empirical Bayes: signal variance of noisy figures, shrinkage to their mean, and confidence sets of ranks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats


@dataclass(frozen=True)
class Signal:
    """The mean and spread of true figures, without the noise of their estimates.

    Attributes
    ----------
    mean : float
        Mean of the true figures.
    sd, sd_low, sd_high : float
        Their standard deviation with its interval.
    spread : float
        Standard deviation of the figures as they are.
    reliability : float
        Share of the variance of the figures that is signal, at their mean noise.
    """

    mean: float
    sd: float
    sd_low: float
    sd_high: float
    spread: float
    reliability: float


def estimate_signal(estimates: Floats, std_errors: Floats, alpha: float = 0.05) -> Signal:
    """Return the mean and signal variance of noisy figures.

    θ̂_j = θ_j + noise with variance s_j² and θ_j normal around μ with variance τ². τ² is the value at which
    Q(τ²) = Σ w_j (θ̂_j − μ̂)², w_j = 1/(s_j² + τ²), equals its expectation J − 1 (Paule & Mandel 1982,
    doi:10.6028/jres.087.022); its interval holds all τ² for which Q lies between the quantiles of χ²(J − 1)
    (Viechtbauer 2007, doi:10.1002/sim.2514).

    Parameters
    ----------
    estimates, std_errors : ndarray
        One figure per place and its standard error.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        With fewer than three figures, or a standard error that is not above 0.

    Examples
    --------
    >>> found = estimate_signal(np.array([0.0, 2.0, 4.0, 6.0]), np.full(4, 1e-6))
    >>> round(found.mean, 3), round(found.sd, 3)
    (3.0, 2.582)
    """
    values, noise = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if len(values) < 3 or not (noise > 0).all() or not np.isfinite(values).all():
        raise EstimationError("the signal needs three figures or more, each with a standard error above 0")
    free = len(values) - 1

    def reach(level: float) -> float:
        """Return τ² at which Q is `level`; 0 where it never is that large."""
        if _q(values, noise, 0.0) <= level:
            return 0.0
        top = float(((values - values.mean()) ** 2).sum()) / max(level, 1e-12) + 1.0
        while _q(values, noise, top) > level:
            top *= 4
        return float(optimize.brentq(lambda tau: _q(values, noise, tau) - level, 0.0, top, xtol=1e-14))

    variance = reach(float(free))
    bounds = [reach(float(stats.chi2.ppf(share, free))) for share in (1 - alpha / 2, alpha / 2)]
    weights = 1 / (noise**2 + variance)
    mean = float((weights * values).sum() / weights.sum())
    sd, low, high = (float(np.sqrt(value)) for value in (variance, *bounds))
    return Signal(mean, sd, low, high, float(values.std(ddof=1)), float(variance / (variance + (noise**2).mean())))


def shrunken(figures: Estimate, alpha: float = 0.05) -> tuple[Estimate, Signal]:
    """Return empirical Bayes estimates: each figure shrunken towards the mean by how noisy it is.

    E[θ_j | θ̂_j] = μ + τ²/(τ² + s_j²) (θ̂_j − μ) with variance τ² s_j²/(τ² + s_j²): empirical Bayes with normal signal
    and noise (Morris 1983, doi:10.1080/01621459.1983.10477920), μ and τ taken as known.

    Parameters
    ----------
    figures : Estimate
        One row per place, with standard errors.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    Estimate
        The same rows with ``estimate``, ``std_error`` and interval of the shrunken figure, and the remarks ``raw``,
        ``raw_std_error`` and ``weight`` (of the raw figure).
    Signal
        See `estimate_signal`.
    """
    frame = figures.frame
    raw, noise = frame["estimate"].to_numpy(dtype=float), frame["std_error"].to_numpy(dtype=float)
    found = estimate_signal(raw, noise, alpha)
    weight = found.sd**2 / (found.sd**2 + noise**2)
    drawn, error = found.mean + weight * (raw - found.mean), np.sqrt(weight) * noise
    low, high = interval(drawn, error, alpha=alpha)
    columns = {"estimate": drawn, "std_error": error, "ci_low": low, "ci_high": high}
    table = replace(
        figures,
        frame=frame.assign(**columns, raw=raw, raw_std_error=noise, weight=weight),
        method=f"{figures.method}; drawn towards the mean by empirical Bayes",
        error_convention="normal posterior at the estimated mean and spread, which it takes as known",
    )
    return table, found


def rank_sets(figures: Estimate, confidence: float = 0.95, seed: int = 1, draws: int = 2_000) -> Estimate:
    """Return the rank of every figure, 1 the highest, with its confidence set.

    The set for a place is what all intervals of its differences to the others allow, these intervals together holding
    at the given level; figures are independent and normal with their own standard errors (Mogstad, Romano, Shaikh &
    Wilhelm 2024, doi:10.1093/restud/rdad006, without the stepwise refinement). Each set is right by itself.

    Parameters
    ----------
    figures : Estimate
        One row per place, with standard errors.
    confidence : float
        Level of the sets.
    seed, draws : int
        Of the simulated noise.

    Returns
    -------
    Estimate
        The rows with ``estimate`` the rank, ``ci_low`` and ``ci_high`` the ends of its set.

    Raises
    ------
    EstimationError
        With fewer than two figures.
    """
    frame = figures.frame
    values, noise = frame["estimate"].to_numpy(dtype=float), frame["std_error"].to_numpy(dtype=float)
    if len(values) < 2 or not 0 < confidence < 1:
        raise EstimationError("ranks need two figures or more, and a level between 0 and 1")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    error = generator.standard_normal((draws, len(values))) * noise
    low, high = np.empty(len(values), dtype=int), np.empty(len(values), dtype=int)
    for place in range(len(values)):
        others = np.arange(len(values)) != place
        scale = np.hypot(noise[place], noise[others])
        largest = np.abs((error[:, [place]] - error[:, others]) / scale).max(axis=1)
        margin = float(np.quantile(largest, confidence)) * scale
        gap = values[others] - values[place]
        low[place], high[place] = 1 + (gap > margin).sum(), len(values) - (gap < -margin).sum()
    rank = stats.rankdata(-values, method="min").astype(int)
    return replace(
        figures,
        frame=frame.assign(estimate=rank, std_error=np.nan, ci_low=low, ci_high=high),
        method="rank from above, 1 the highest; confidence sets from studentised differences",
        error_convention=f"{confidence:.0%} marginal confidence sets, {draws} draws, seed {seed}",
    )


def _q(values: Floats, noise: Floats, variance: float) -> float:
    """Return the weighted sum of squares around the weighted mean."""
    weights = 1 / (noise**2 + variance)
    mean = (weights * values).sum() / weights.sum()
    return float((weights * (values - mean) ** 2).sum())
