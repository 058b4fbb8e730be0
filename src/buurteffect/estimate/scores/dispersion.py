"""Sigma-convergence: level and spread of the scores by wave, without classifying areas."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import STANDARD, Bootstrap
from buurteffect.estimate.measurement.waves import Waves

SD, Q90_Q10, Q75_Q25, SD_CORRECTED = "sd", "q90_q10", "q75_q25", "sd_noise_corrected"

EACH_WAVE, BOTH_WAVES = "areas scored in each wave", "areas scored in both waves"

_SPREAD = (0.10, 0.25, 0.75, 0.90)

_Figure = Callable[[Floats, Floats], Floats]


def mean_by_wave(waves: Waves, groups: Sequence[str] | None = None, bootstrap: Bootstrap = STANDARD) -> Estimate:
    """Return the mean score per group and wave; every area counts once, whatever its size.

    Parameters
    ----------
    waves : Waves
        The scores.
    groups : sequence of str, optional
        City groups, ``all`` for every area; by default all areas and each group.
    bootstrap : Bootstrap
        How uncertainty is drawn.

    Returns
    -------
    Estimate
        One row is one group in one wave: ``group, year``, then the result columns in LBM points.

    Raises
    ------
    EstimationError
        If a group is unknown or lies in fewer than two clusters.
    """
    return _by_wave(
        waves, groups, bootstrap, ("mean",), moments.mean, "unweighted mean of the areas scored in that wave"
    )


def dispersion_by_wave(
    waves: Waves,
    groups: Sequence[str] | None = None,
    noise_sd: float | None = None,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return the spread of the scores per group and wave.

    Over all areas scored in the wave, unweighted: the standard deviation (denominator n − 1), the distances
    Q90 − Q10 and Q75 − Q25 (quantiles linear between order statistics), and, where `noise_sd` is given, the
    standard deviation without noise, √max(s² − noise_sd², 0). Whether this falls or rises is the question of
    sigma-convergence. It needs no classification of areas and is therefore free of the regression to the mean
    that Quah (1993), doi:10.2307/3440905, shows in comparisons of groups that are formed by their own level.

    Parameters
    ----------
    waves, groups, bootstrap
        As of `mean_by_wave`.
    noise_sd : float, optional
        Standard deviation of the noise in one score, LBM points; taken as known by the intervals.

    Returns
    -------
    Estimate
        One row is one measure of one group in one wave: ``group, year, measure``, then the result columns in
        LBM points.

    Raises
    ------
    EstimationError
        If a group is unknown or lies in fewer than two clusters, or the noise is negative.
    """
    measures = _measures(noise_sd)
    return _by_wave(
        waves,
        groups,
        bootstrap,
        measures,
        lambda weights, scores: _spread(weights, scores, noise_sd),
        "unweighted spread over the areas scored in that wave; SD with n − 1, quantiles linear between areas"
        + _noise_text(noise_sd),
    )


def dispersion_change(
    waves: Waves,
    from_year: int,
    to_year: int,
    groups: Sequence[str] | None = None,
    noise_sd: float | None = None,
    bootstrap: Bootstrap = STANDARD,
) -> Estimate:
    """Return how much the spread of the scores changed between two waves.

    The measures of :func:`dispersion_by_wave` in `to_year` minus the same in `from_year`, once over the areas
    scored in each wave and once over the areas scored in both. Both waves are taken from the same resample, so
    the interval is that of the change.

    Parameters
    ----------
    waves, groups, noise_sd, bootstrap
        As of `dispersion_by_wave`.
    from_year, to_year : int
        The two waves, the earlier first.

    Returns
    -------
    Estimate
        One row is one measure of one group over one set of areas: ``group, sample, measure, from_year,
        to_year``, then the result columns in LBM points.

    Raises
    ------
    EstimationError
        If a wave or group is unknown, the years are not in order, or the noise is negative.
    """
    check_order(waves, from_year, to_year)
    measures = _measures(noise_sd)
    parts, left_out = waves.parts(groups)
    frames = []
    for group, part in parts.items():
        both = part.scored(from_year, to_year)
        for sample, keep in ((EACH_WAVE, part.scored(from_year) | part.scored(to_year)), (BOTH_WAVES, both)):
            inside = part.restrict(keep)
            pair = inside.columns((from_year, to_year))

            def change(weights: Floats, pair: Floats = pair) -> Floats:
                spread = _spread(weights, pair, noise_sd)
                return np.asarray(spread[:, :, 1] - spread[:, :, 0])

            identity = {
                "group": group,
                "sample": sample,
                "measure": measures,
                "from_year": from_year,
                "to_year": to_year,
            }
            frames.append(inside.bootstrap(change, inside.scored(), identity, bootstrap))
    return waves.estimate(
        pd.concat(frames, ignore_index=True),
        f"change of the unweighted spread from {from_year} to {to_year}; SD with n − 1, quantiles linear between "
        "areas" + _noise_text(noise_sd),
        bootstrap,
        (*left_out, *waves.unscored((from_year, to_year), f"areas not scored in both {from_year} and {to_year}")),
    )


def check_order(waves: Waves, *years: int) -> None:
    """Raise an error for years that are not waves, or not in ascending order."""
    for year in years:
        waves.position(year)
    if list(years) != sorted(set(years)):
        raise EstimationError(f"the waves must be different and in ascending order, found {years}")


def _by_wave(
    waves: Waves,
    groups: Sequence[str] | None,
    bootstrap: Bootstrap,
    measures: Sequence[str],
    figure: _Figure,
    method: str,
) -> Estimate:
    """Return figures of every group in every wave; `figure` gives draws by measures by waves."""
    parts, left_out = waves.parts(groups)
    frames = []
    for group, part in parts.items():
        identity = {
            "group": group,
            "measure": [measure for measure in measures for _ in part.years],
            "year": [*part.years] * len(measures),
        }
        counted = [*np.isfinite(part.values).T] * len(measures)

        def flat(weights: Floats, scores: Floats = part.values) -> Floats:
            return figure(weights, scores).reshape(len(weights), -1)

        frames.append(part.bootstrap(flat, part.scored(), identity, bootstrap, counted))
    frame = pd.concat(frames, ignore_index=True)
    first = ["group", "year"] if len(measures) == 1 else ["group", "year", "measure"]
    frame = frame[[*first, *(name for name in frame.columns if name not in ("group", "year", "measure"))]]
    unscored = np.isnan(waves.values).sum(axis=0)
    missing = [(f"areas not scored in {y}", int(n)) for y, n in zip(waves.years, unscored, strict=True) if n]
    return waves.estimate(frame, method, bootstrap, (*left_out, *missing))


def _spread(weights: Floats, scores: Floats, noise_sd: float | None) -> Floats:
    """Return the measures of spread of each column: draws by measures by columns."""
    variance = moments.variance(weights, scores)
    rows = [np.sqrt(variance)]
    edges = np.stack([_edges(weights, column) for column in scores.T], axis=2)
    rows += [edges[:, 3] - edges[:, 0], edges[:, 2] - edges[:, 1]]
    if noise_sd is not None:
        rows.append(np.sqrt(np.maximum(variance - noise_sd**2, 0.0)))
    return np.stack(rows, axis=1)


def _edges(weights: Floats, scores: Floats) -> Floats:
    """Return the four quantiles of one wave, areas without a score left out: draws by quantiles."""
    present: NDArray[np.bool_] = np.isfinite(scores)
    if not present.any():
        return np.full((len(weights), len(_SPREAD)), np.nan)
    return moments.quantiles(weights[:, present], scores[present], _SPREAD)


def _measures(noise_sd: float | None) -> tuple[str, ...]:
    """Name the measures; the noise-corrected one only where the noise is given."""
    if noise_sd is None:
        return (SD, Q90_Q10, Q75_Q25)
    if not noise_sd >= 0:
        raise EstimationError(f"the noise SD must be 0 or larger, found {noise_sd}")
    return (SD, Q90_Q10, Q75_Q25, SD_CORRECTED)


def _noise_text(noise_sd: float | None) -> str:
    """Say which noise was taken off."""
    return "" if noise_sd is None else f"; noise-corrected SD for a noise SD of {noise_sd:.4g}, taken as known"
