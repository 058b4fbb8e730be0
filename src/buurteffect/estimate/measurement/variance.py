"""Minimum-distance fit of the variance components of the scores to their covariances between waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import least_squares, nnls

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.bootstrap import Bootstrap, Draws, cluster_bootstrap, tidy
from buurteffect.estimate.measurement.components import PARAMETERS, VarianceComponents, covariance_columns
from buurteffect.estimate.measurement.waves import Waves

FEWEST_WAVES = 4
"""With fewer waves there are too few covariances for six parameters."""

BASE_YEAR = 2002
"""Year in which the loading of the permanent part is 1."""

RELATIVE_RMSE = "RMSE relative to mean covariance"
BREAK_SD = PARAMETERS[-1]
BEST_SHARE = "share of draws in which it fits best"

SHORT = Bootstrap(draws=99)
"""99 draws: enough for a standard error, since each draw is a fit."""

_DECLINES = (0.0, 0.1, 0.2, 0.4)  # starting values; the best three of the grid are followed to the end
_AUTOCORRELATIONS = (0.3, 0.6, 0.8, 0.9, 0.95, 0.98, 0.995)
_LARGEST_AUTOCORRELATION = 0.999  # at 1 the slow part would be the permanent part
_SMALLEST_LOADING = 0.05


@dataclass(frozen=True, eq=False)
class VarianceFit:
    """Fitted variance components.

    Parameters
    ----------
    components : VarianceComponents
        The components.
    estimate : Estimate
        One row is one parameter: ``parameter``, then the result columns; the last row is the root mean squared
        residual relative to the mean of the covariances.
    observed, fitted : DataFrame
        Covariances between waves, years by years.
    overlap : float
        Correlation over the draws between the permanent and the autoregressive variance; near −1 the scores
        tell their sum well but not the one from the other.
    """

    components: VarianceComponents
    estimate: Estimate
    observed: pd.DataFrame
    fitted: pd.DataFrame
    overlap: float


def fit_variance_components(
    waves: Waves, break_year: int | None = 2014, base_year: int = BASE_YEAR, bootstrap: Bootstrap = SHORT
) -> VarianceFit:
    """Fit the variance components to the covariances between waves.

    Equally weighted minimum distance: the sum of squared differences between the observed and the model's
    covariances, each pair of waves and each variance counting once, is made as small as it gets (Abowd & Card
    1989, doi:10.2307/1911054). Observed covariances are over the areas scored in both waves. Given κ and φ the
    four variances enter linearly and are found by non-negative least squares; κ and φ are searched for from
    the best points of a grid, within −1 < κ < the value at which the last loading would be 0.05, and
    0 ≤ φ ≤ 0.999.

    Parameters
    ----------
    waves : Waves
        The scores.
    break_year : int, optional
        First wave with the break; None fits no break.
    base_year : int
        Year in which the loading of the permanent part is 1.
    bootstrap : Bootstrap
        How uncertainty is drawn; each draw is a fit.

    Returns
    -------
    VarianceFit
        The components with their uncertainty, and observed and fitted covariances.

    Raises
    ------
    EstimationError
        With fewer than four waves, or a break year without waves on both sides.
    """
    _check_waves(waves, break_year)
    stack, full = _covariances(waves, bootstrap)
    point, rmse = _fit(full, waves.years, break_year, base_year)
    fits = [_fit(matrix, waves.years, break_year, base_year, near=point) for matrix in stack]
    values = np.asarray([[*parts.parameters, error] for parts, error in fits])
    drawn = Draws(np.asarray([*point.parameters, rmse]), values)
    identity = pd.DataFrame({"parameter": [*PARAMETERS, RELATIVE_RMSE]})
    counts = [waves.units_count] * len(identity), [waves.clusters_count] * len(identity)
    frame = tidy(identity, drawn, bootstrap.confidence, *counts)
    if break_year is None:
        frame = frame[frame["parameter"] != BREAK_SD].reset_index(drop=True)
    overlap = float(np.corrcoef(values[:, 0] ** 2, values[:, 2] ** 2)[0, 1]) if np.ptp(values[:, 2]) else np.nan
    years = list(waves.years)
    return VarianceFit(
        point,
        waves.estimate(
            frame,
            "equally weighted minimum distance on the covariances between waves, pairwise complete"
            + ("" if break_year is None else f"; break from {break_year}"),
            bootstrap,
        ),
        pd.DataFrame(full, index=years, columns=years),
        pd.DataFrame(point.covariance(waves.years), index=years, columns=years),
        overlap,
    )


def autocorrelation_profile(
    waves: Waves,
    autocorrelations: tuple[float, ...] = (0.8, 0.85, 0.9, 0.93, 0.95, 0.96, 0.97, 0.98, 0.99, 0.995),
    break_year: int | None = 2014,
) -> pd.DataFrame:
    """Return the best fit at each of a range of given autocorrelations.

    Where the fit hardly differs while the permanent and the autoregressive part trade places, the scores do
    not tell the two apart.

    Parameters
    ----------
    waves, break_year
        As of `fit_variance_components`.
    autocorrelations : tuple of float
        Values of φ to hold fixed, from 0 to 1.

    Returns
    -------
    DataFrame
        One row is one value of φ: the parameters by name and the relative RMSE.

    Raises
    ------
    EstimationError
        As :func:`fit_variance_components`, or if a value is not between 0 and 1.
    """
    _check_waves(waves, break_year)
    if not all(0 <= value < 1 for value in autocorrelations):
        raise EstimationError(f"autocorrelations must be at least 0 and below 1, found {autocorrelations}")
    matrix = moments.covariance(np.ones((1, waves.units_count)), waves.values)[0]
    _check_covariances(matrix)
    rows = []
    for value in autocorrelations:
        parts, rmse = _fit(matrix, waves.years, break_year, BASE_YEAR, fixed=value)
        rows.append([*parts.parameters, rmse])
    return pd.DataFrame(rows, columns=[*PARAMETERS, RELATIVE_RMSE])


def break_scan(waves: Waves, bootstrap: Bootstrap = SHORT) -> Estimate:
    """Return how well the variance components fit with the break at each wave in turn, or nowhere.

    The break component says that something entered at a wave and stayed; at the first wave it could not be
    told from the permanent part, so the scan starts at the second. A fit without a break can never be better
    than one with it, which has a parameter more: what counts is by how much.

    Parameters
    ----------
    waves, bootstrap
        As of `fit_variance_components`; each draw is a fit per wave.

    Returns
    -------
    Estimate
        One row is one measure of one place of the break: ``break_year`` (0 for none), ``measure``, then the
        result columns and ``best``, which marks the wave with the smallest error. The measures are the RMSE
        relative to the mean covariance, the SD of the break, and the share of draws in which that place fits
        best (no interval).

    Raises
    ------
    EstimationError
        With fewer than four waves.
    """
    _check_waves(waves, None)
    stack, full = _covariances(waves, bootstrap)
    places: list[int | None] = [None, *waves.years[1:]]
    points = [_fit(full, waves.years, place, BASE_YEAR) for place in places]
    draws = np.empty((len(stack), len(places), 2))
    for column, (place, (point, _)) in enumerate(zip(places, points, strict=True)):
        for row, matrix in enumerate(stack):
            parts, error = _fit(matrix, waves.years, place, BASE_YEAR, near=point)
            draws[row, column] = error, parts.break_sd
    best = np.bincount(draws[:, :, 0].argmin(axis=1), minlength=len(places)) / len(stack)
    errors = np.asarray([error for _, error in points])
    frames = []
    for measure, figures, values in (
        (RELATIVE_RMSE, errors, draws[:, :, 0]),
        (BREAK_SD, np.asarray([parts.break_sd for parts, _ in points]), draws[:, :, 1]),
        (BEST_SHARE, best, np.full(draws.shape[:2], np.nan)),
    ):
        identity = pd.DataFrame({"break_year": [place or 0 for place in places], "measure": measure})
        counts = [waves.units_count] * len(places), [waves.clusters_count] * len(places)
        table = tidy(identity, Draws(figures, values), bootstrap.confidence, *counts)
        frames.append(table.assign(best=errors == errors.min()))
    frame = pd.concat(frames, ignore_index=True)
    return waves.estimate(
        frame[(frame["break_year"] > 0) | (frame["measure"] != BREAK_SD)].reset_index(drop=True),
        "minimum-distance fit of the variance components with the break placed at each wave after the first",
        bootstrap,
    )


def _check_waves(waves: Waves, break_year: int | None) -> None:
    """Refuse too few waves, or a break with waves on one side only."""
    if len(waves.years) < FEWEST_WAVES:
        raise EstimationError(f"{FEWEST_WAVES} waves are needed for variance components, found {waves.years}")
    if break_year is not None and not waves.years[0] < break_year <= waves.years[-1]:
        raise EstimationError(
            f"no waves on both sides of a break in {break_year} ({waves.years}): pass break_year=None for no break"
        )


def _covariances(waves: Waves, bootstrap: Bootstrap) -> tuple[Floats, Floats]:
    """Return the covariance matrices of the draws, and of the data; refuse waves that share too few areas."""
    scores = waves.values
    count = len(waves.years)
    drawn = cluster_bootstrap(
        lambda weights: moments.covariance(weights, scores).reshape(len(weights), -1), waves.labels, bootstrap
    )
    _check_covariances(drawn.point)
    usable = drawn.values[np.isfinite(drawn.values).all(axis=1)]
    return usable.reshape(-1, count, count), drawn.point.reshape(count, count)


def _check_covariances(values: Floats) -> None:
    """Refuse covariances that are not all known, or that show nothing in common."""
    if not np.isfinite(values).all():
        raise EstimationError("some pairs of waves share fewer than 2 scored areas: leave these waves out")
    if not values.mean() > 0:
        raise EstimationError("the scores do not vary together from wave to wave: there is nothing to take apart")


def _fit(
    matrix: Floats,
    years: tuple[int, ...],
    break_year: int | None,
    base_year: int,
    near: VarianceComponents | None = None,
    fixed: float | None = None,
) -> tuple[VarianceComponents, float]:
    """Return the best components and the relative RMSE, from the three best starts of a grid, or one with `near`."""
    target = matrix[np.triu_indices(len(years))]
    scale = target.mean()

    def split(place: NDArray[np.float64]) -> tuple[Floats, Floats]:
        columns = covariance_columns(years, place[0], place[1] if fixed is None else fixed, break_year, base_year)
        variances, _ = nnls(columns, target / scale)
        return variances, np.asarray(columns @ variances - target / scale)

    upper = (1 - _SMALLEST_LOADING) * 10 / max(years[-1] - base_year, 1)
    low, high = np.asarray([-1.0, 0.0]), np.asarray([upper, _LARGEST_AUTOCORRELATION])
    starts = _starts(upper, near, fixed)
    starts.sort(key=lambda place: float(np.sum(split(place)[1] ** 2)))
    inner = 1e-6 * (high - low)
    found = [
        least_squares(lambda place: split(place)[1], np.clip(start, low + inner, high - inner), bounds=(low, high))
        for start in starts[: 3 if near is None else 1]
    ]
    end = min(found, key=lambda result: float(result.cost))
    if not end.success:
        raise EstimationError(f"the components of variance of the scores were not found: {end.message}")
    best = end.x
    variances, residual = split(best)
    sds = np.sqrt(variances * scale)
    permanent, slow, noise, step = (*map(float, sds), 0.0)[:4]
    autocorrelation = float(best[1] if fixed is None else fixed)
    parts = VarianceComponents(permanent, float(best[0]), slow, autocorrelation, noise, step, break_year, base_year)
    return parts, float(np.sqrt(np.mean(residual**2)))


def _starts(upper: float, near: VarianceComponents | None, fixed: float | None) -> list[Floats]:
    """Return where the search may start: a grid of decline (below `upper`) by autocorrelation, and `near`."""
    steps = _AUTOCORRELATIONS if fixed is None else _AUTOCORRELATIONS[:1]
    starts = [np.asarray([decline, step]) for decline in _DECLINES if decline < upper for step in steps]
    if near is not None:
        starts.append(np.asarray([near.loading_decline, near.autocorrelation]))
    return starts
