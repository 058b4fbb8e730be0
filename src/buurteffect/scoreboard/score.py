"""What a scoreboard says of an estimator: bias and its Monte Carlo error, coverage and rejections with exact bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats


def score(found: pd.DataFrame) -> dict[str, float | int]:
    r"""Return how far estimates lie from their truths, and how often their intervals hold them, and hold 0.

    Parameters
    ----------
    found : DataFrame
        One row per country, at least one: ``estimate, std_error, ci_low, ci_high, truth``.

    Returns
    -------
    dict
        With :math:`d = \hat\theta - \theta` in S countries: mean ``truth``; ``bias`` :math:`\bar d`; ``bias_mc_error``
        :math:`sd(d) / \sqrt S`; ``error_sd`` :math:`sd(d)`; ``std_error``, the mean of the reported ones;
        ``coverage``, the share of intervals that hold the truth, and ``rejected``, the share that do not hold 0, each
        with its exact band (``_low``, ``_high``).
    """
    count, truth = len(found), found["truth"].to_numpy(dtype=float)
    gap = found["estimate"].to_numpy(dtype=float) - truth
    spread = float(gap.std(ddof=1)) if count > 1 else np.nan
    scores: dict[str, float | int] = {
        "truth": float(truth.mean()),
        "bias": float(gap.mean()),
        "bias_mc_error": spread / np.sqrt(count),
        "error_sd": spread,
        "std_error": float(found["std_error"].mean()),
    }
    for name, hits in (("coverage", holds(found, truth)), ("rejected", ~holds(found, np.zeros(count)))):
        low, high = exact_band(int(hits.sum()), count)
        scores |= {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}
    return scores


def holds(found: pd.DataFrame, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which intervals hold a value."""
    low, high = found["ci_low"].to_numpy(dtype=float), found["ci_high"].to_numpy(dtype=float)
    return np.asarray((low <= value) & (value <= high))


def exact_band(hits: int, count: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404).

    Examples
    --------
    >>> [round(end, 3) for end in exact_band(190, 200)]
    [0.91, 0.976]
    """
    low = float(stats.beta.ppf(alpha / 2, hits, count - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - alpha / 2, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


def commonest(said: pd.Series) -> str:
    """Return what was said most often, the first by name among equals; nothing where nothing was."""
    return "" if said.empty else str(said.value_counts().sort_index().idxmax())
