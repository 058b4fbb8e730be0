"""Liveability scores drawn from known variance components.

The score of wijk *i* in year *t* is

.. math:: L_{it} = m_t + λ_t a_i + u_{it} + B_i 1[t ≥ 2014] + e_{it},  λ_t = 1 − κ (t − 2002) / 10,

with a permanent part *a*, a stationary AR(1) part *u* (φ per year), a step *B* at the wave of 2014 that stands
for a change of instrument, and white noise *e*. A buurt is its wijk plus a deviation that sums to zero over
the wijk, so that a wijk is the mean of its buurten.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.schema import DEVIATION_REFERENCE, DIMENSIONS_3, WAVES_3

FIRST_WAVE, BREAK_WAVE = 2002, 2014


@dataclass(frozen=True)
class LiveabilityProcess:
    """Parameters of the process; SDs are in LBM points.

    The defaults lie near what the published scores of the real wijken show, so that methods are tried at a
    realistic ratio of signal to noise. They are settings of a simulation, not estimates.

    Parameters
    ----------
    permanent_sd : float
        SD of *a* between wijken at the first wave.
    loading_decline_per_decade : float
        κ: how fast the weight of the permanent part falls.
    autoregressive_sd : float
        Stationary SD of *u*.
    autoregression_per_year : float
        φ of *u*.
    noise_sd : float
        SD of *e*.
    break_sd : float
        SD of *B*.
    gemeente_share : float
        Share of the variance of *a* and *B* that a gemeente's wijken have in common.
    mean_deviation_score : dict of int to float
        National mean m_t less the fixed reference.
    buurt_sd, buurt_noise_sd : float
        SD of the permanent and of the yearly deviation of a buurt from its wijk.
    """

    permanent_sd: float = 0.11
    loading_decline_per_decade: float = 0.14
    autoregressive_sd: float = 0.077
    autoregression_per_year: float = 0.968
    noise_sd: float = 0.013
    break_sd: float = 0.0175
    gemeente_share: float = 0.35
    mean_deviation_score: dict[int, float] = field(
        default_factory=lambda: dict(
            zip(WAVES_3, (-0.007, -0.002, 0.012, 0.024, 0.039, 0.043, 0.049, 0.051, 0.051), strict=True)
        )
    )
    buurt_sd: float = 0.05
    buurt_noise_sd: float = 0.015


@dataclass(frozen=True)
class Size:
    """How many areas a world has: gemeenten, wijken per gemeente, buurten per wijk."""

    gemeenten: int
    wijken_per_gemeente: int
    buurten_per_wijk: int


SIZES = {"small": Size(12, 8, 2), "default": Size(60, 12, 4)}

# Contributions of the five dimensions: SDs and correlations near those of the real wijken, order fys onv soc vrz won.
_DIMENSION_SD = np.array([0.045, 0.072, 0.055, 0.127, 0.048])
_DIMENSION_CORRELATION = np.array(
    [
        [1.00, 0.10, 0.10, -0.19, 0.10],
        [0.10, 1.00, 0.83, -0.70, 0.75],
        [0.10, 0.83, 1.00, -0.75, 0.79],
        [-0.19, -0.70, -0.75, 1.00, -0.59],
        [0.10, 0.75, 0.79, -0.59, 1.00],
    ]
)


@dataclass(frozen=True)
class World:
    """A drawn country.

    Attributes
    ----------
    wijken, buurten, pc4 : DataFrame
        One row per area and wave: ``area_code, area_name, year, liveability_score`` and the five dimensions.
    gemeente_groups : DataFrame
        One row per gemeente: ``gemeente_code, city_group, source``.
    truth : dict
        Name of an estimand to its true value in this world.
    """

    wijken: pd.DataFrame
    buurten: pd.DataFrame
    pc4: pd.DataFrame
    gemeente_groups: pd.DataFrame
    truth: dict[str, float]


def draw_world(seed: int, size: str = "default", process: LiveabilityProcess | None = None) -> World:
    """Draw one synthetic country.

    Parameters
    ----------
    seed : int
        Same seed, same country.
    size : {"small", "default"}
        How many areas it has.
    process : LiveabilityProcess, optional
        The parameters.

    Returns
    -------
    World
        Scores by wijk, buurt and four-digit postcode, and the truth.

    Raises
    ------
    ProjectError
        On an unknown size.
    """
    if size not in SIZES:
        raise ProjectError(f"unknown size {size!r} of the synthetic country: choose one of {', '.join(SIZES)}")
    counts, process = SIZES[size], process or LiveabilityProcess()
    area_stream, score_stream, buurt_stream, dimension_stream = (
        np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(4)
    )
    gemeente = np.repeat(np.arange(counts.gemeenten), counts.wijken_per_gemeente)
    signal, noise = _draw_wijk_scores(process, gemeente, score_stream)
    wijk_scores = signal + noise
    buurt_scores = _draw_buurt_scores(process, wijk_scores, counts.buurten_per_wijk, buurt_stream)
    half = max(1, counts.buurten_per_wijk // 2)
    pc4_scores = buurt_scores.reshape(len(gemeente), counts.buurten_per_wijk, -1)[:, :half].mean(axis=1)

    wijk_codes = [f"WK{9001 + g}{i % counts.wijken_per_gemeente:02d}" for i, g in enumerate(gemeente)]
    buurt_codes = [f"BU{code[2:]}{b:02d}" for code in wijk_codes for b in range(counts.buurten_per_wijk)]
    pc4_codes = [f"{i:04d}" for i in range(1, len(gemeente) + 1)]  # no real postcode starts with a zero
    late = area_stream.random(len(gemeente)) < 0.01
    frames = [
        _long_frame(codes, scores, dimension_stream, kind)
        for codes, scores, kind in (
            (wijk_codes, np.where(late[:, None] & _BEFORE_BREAK, np.nan, wijk_scores), "Wijk"),
            (buurt_codes, buurt_scores, "Buurt"),
            (pc4_codes, pc4_scores, "Postcode"),
        )
    ]
    wijken, buurten, pc4 = frames
    return World(wijken, buurten, pc4, _gemeente_groups(counts.gemeenten), _truth(process, signal[~late]))


_BEFORE_BREAK = np.array([wave < BREAK_WAVE for wave in WAVES_3])[None, :]


def _draw_wijk_scores(
    process: LiveabilityProcess, gemeente: np.ndarray, stream: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return signal and noise, each wijken × waves."""
    wijken, waves = len(gemeente), np.array(WAVES_3)

    def nested(sd: float) -> np.ndarray:
        """Draw a part that a gemeente's wijken have partly in common."""
        common = stream.standard_normal(gemeente.max() + 1)[gemeente]
        own = stream.standard_normal(wijken)
        share = process.gemeente_share
        return np.asarray(sd * (np.sqrt(share) * common + np.sqrt(1 - share) * own))

    permanent = nested(process.permanent_sd)
    step = nested(process.break_sd)
    loading = 1 - process.loading_decline_per_decade * (waves - FIRST_WAVE) / 10
    drift = np.empty((wijken, len(waves)))
    drift[:, 0] = stream.standard_normal(wijken)
    for k in range(1, len(waves)):
        keep = process.autoregression_per_year ** (waves[k] - waves[k - 1])
        drift[:, k] = keep * drift[:, k - 1] + np.sqrt(1 - keep**2) * stream.standard_normal(wijken)
    mean = DEVIATION_REFERENCE + np.array([process.mean_deviation_score[int(t)] for t in waves])
    signal: np.ndarray = (
        mean + np.outer(permanent, loading) + process.autoregressive_sd * drift + np.outer(step, waves >= BREAK_WAVE)
    )
    return signal, process.noise_sd * stream.standard_normal(signal.shape)


def _draw_buurt_scores(
    process: LiveabilityProcess, wijk_scores: np.ndarray, per_wijk: int, stream: np.random.Generator
) -> np.ndarray:
    """Return scores of buurten × waves whose mean over a wijk is the wijk's score."""
    shape = (wijk_scores.shape[0], per_wijk, wijk_scores.shape[1])
    deviation = process.buurt_sd * stream.standard_normal((*shape[:2], 1))
    deviation = deviation + process.buurt_noise_sd * stream.standard_normal(shape)
    deviation -= deviation.mean(axis=1, keepdims=True)
    return np.asarray((wijk_scores[:, None, :] + deviation).reshape(-1, shape[2]))


def _long_frame(codes: list[str], scores: np.ndarray, stream: np.random.Generator, kind: str) -> pd.DataFrame:
    """Return one row per area and wave with the five dimensions, which add up to the deviation."""
    covariance = _DIMENSION_CORRELATION * np.outer(_DIMENSION_SD, _DIMENSION_SD)
    lasting = stream.multivariate_normal(np.zeros(5), 0.95 * covariance, size=(scores.shape[0], 1))
    passing = stream.multivariate_normal(np.zeros(5), 0.05 * covariance, size=scores.shape)
    dimensions = lasting + passing
    gap = scores - DEVIATION_REFERENCE - dimensions.sum(axis=2)
    weights = covariance.sum(axis=1) / covariance.sum()  # the conditional mean given the sum
    dimensions = dimensions + gap[:, :, None] * weights
    frame = pd.DataFrame(
        {
            "area_code": np.repeat(codes, scores.shape[1]),
            "area_name": np.repeat([f"{kind} {code.lstrip('BUWK')} (synthetic)" for code in codes], scores.shape[1]),
            "year": np.tile(WAVES_3, scores.shape[0]),
            "liveability_score": scores.ravel(),
        }
    )
    for d, name in enumerate(DIMENSIONS_3.values()):
        frame[name] = dimensions[:, :, d].ravel()
    return frame[frame["liveability_score"].notna()].reset_index(drop=True)


def _gemeente_groups(gemeenten: int) -> pd.DataFrame:
    """Name the first four gemeenten the four largest."""
    return pd.DataFrame(
        {
            "gemeente_code": [f"GM{9001 + g}" for g in range(gemeenten)],
            "city_group": ["four_largest" if g < 4 else "other" for g in range(gemeenten)],
            "source": "synthetic",
        }
    )


def _truth(process: LiveabilityProcess, signal: np.ndarray) -> dict[str, float]:
    """Return the true values that results are compared with after they are written."""
    column = {wave: signal[:, k] for k, wave in enumerate(WAVES_3)}
    return {
        "permanent_sd": process.permanent_sd,
        "loading_decline_per_decade": process.loading_decline_per_decade,
        "autoregressive_sd": process.autoregressive_sd,
        "autoregression_per_year": process.autoregression_per_year,
        "noise_sd": process.noise_sd,
        "break_sd": process.break_sd,
        "true_share_declined_2012_2014": float((column[2014] < column[2012]).mean()),
        "true_sd_2002": float(column[2002].std(ddof=1)),
        "true_sd_2022": float(column[2022].std(ddof=1)),
    }
