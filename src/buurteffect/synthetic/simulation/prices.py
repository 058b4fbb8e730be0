"""Assessed values of dwellings (WOZ), by buurt and year."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from buurteffect.schema import DEVIATION_REFERENCE
from buurteffect.synthetic.simulation.geography import Layout
from buurteffect.synthetic.simulation.scores import Exposure
from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import PriceParameters


def log_value(
    parameters: PriceParameters,
    layout: Layout,
    draws: Draws,
    year: int,
    *,
    score: NDArray[np.float64],
    owner: NDArray[np.float64],
    exposure: Exposure,
) -> NDArray[np.float64]:
    """Return the log of the mean assessed value of each buurt in euro."""
    buurten = np.arange(layout.buurten)
    value = _index(parameters, year) + parameters.on_score * (score - DEVIATION_REFERENCE)
    value += parameters.on_owner * owner
    value += parameters.gemeente_sd * draws.normal(0, Purpose.PRICE, layout.buurten + layout.gemeente)
    value += parameters.buurt_sd * draws.normal(0, Purpose.PRICE, buurten)
    value += parameters.noise_sd * draws.normal(year, Purpose.PRICE, buurten)
    if exposure.direct.any():
        value += parameters.direct * exposure.direct
        value += parameters.ring * exposure.nearby(layout, parameters.ring_half_m)
    return value + parameters.stigma * exposure.announced


def _index(parameters: PriceParameters, year: int) -> float:
    """Return the log of prices of a year."""
    growth = (
        parameters.growth_until_2008 * (min(year, 2008) - 1995)
        + parameters.growth_in_crisis * np.clip(year - 2008, 0, 5)
        + parameters.growth_until_2021 * np.clip(year - 2013, 0, 8)
        + parameters.growth_2022 * (year >= 2022)
    )
    return float(parameters.log_value_1995 + growth)
