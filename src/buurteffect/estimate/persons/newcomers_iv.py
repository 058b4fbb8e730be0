"""Two-stage least squares with one instrument: the effect of newcomers on residents, by what was built."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require_numbers
from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.sandwich import cluster_std_error
from buurteffect.estimate.persons.residents import ResidentDesign, compare_rows


@dataclass(frozen=True)
class Instrumented:
    """A two-stage estimate with one instrument.

    Attributes
    ----------
    estimate, std_error, ci_low, ci_high : float
        Effect of one unit of what is instrumented.
    first_stage, first_stage_error : float
        What one unit of the instrument does to it.
    f_statistic : float
        Squared t of the first stage, clustered: below about 10 the interval cannot be trusted.
    reduced_form : float
        What one unit of the instrument does to the outcome.
    degrees : float
        Clusters less one.
    units_count, clusters_count : int
        Residents and clusters.
    """

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    first_stage: float
    first_stage_error: float
    f_statistic: float
    reduced_form: float
    degrees: float
    units_count: int
    clusters_count: int


def instrumented_effect(
    frame: pd.DataFrame,
    outcome: str,
    exposure: str,
    instrument: str,
    design: ResidentDesign | None = None,
    base: str | None = None,
) -> Instrumented:
    r"""Estimate the effect of an exposure by two-stage least squares with one instrument.

    With y, x and z net of cells and of what is given, :math:`\hat β = z'y / z'x`, its error from the residuals
    y − xβ times z, summed within clusters. Rests on what was built touching people only through who came.

    Parameters
    ----------
    frame, outcome, design, base
        As of `resident_effect`.
    exposure, instrument : str
        Columns of what people were exposed to, and of what moved it.

    Raises
    ------
    EstimationError
        If the instrument does not vary within cells.
    """
    require_numbers(frame, (outcome, exposure, instrument), "table of residents")
    design = design or ResidentDesign()
    known = frame[frame[exposure].notna()].reset_index(drop=True)
    first = compare_rows(known, outcome, design, base, instrument)
    second = compare_rows(first.frame, exposure, design, None, instrument)
    given = first.regressors[:, 1:]
    z, y, x = (_net(values, given) for values in (first.regressors[:, 0], first.outcome, second.outcome))
    if z @ z <= 1e-12 * len(z):
        raise EstimationError(f"{instrument} does not vary among people who are compared: nothing can be told by it")
    codes = pd.factorize(first.frame[design.cluster])[0]
    count = int(codes.max()) + 1
    pi, beta = float(z @ x / (z @ z)), float((z @ y) / (z @ x))
    pi_error = cluster_std_error(z * (x - pi * z), codes) / float(z @ z)
    error = cluster_std_error(z * (y - beta * x), codes) / abs(float(z @ x))
    low, high = interval(beta, error, count - 1, design.alpha)
    reduced, strength = float(z @ y / (z @ z)), (pi / pi_error) ** 2
    return Instrumented(beta, error, low, high, pi, pi_error, strength, reduced, float(count - 1), len(z), count)


def _net(values: Floats, given: Floats) -> Floats:
    """Return values net of the columns given."""
    return np.asarray(values - given @ solve_system(given.T @ given, given.T @ values)) if given.size else values
