"""The liveability score: what policy cannot touch, drawn beforehand, and what it can, worked out as the years pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.schema import DEVIATION_REFERENCE
from buurteffect.synthetic.simulation.geography import Layout
from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import ScoreParameters
from buurteffect.synthetic.world.world import GEMEENTE_KINDS

STEP_YEAR = 2014
_LOADING_YEAR, _FIRST_LOADING_YEAR = 2002, 1995
_NEW_TOWN = GEMEENTE_KINDS.index("new_town")


@dataclass(frozen=True, eq=False)
class ScorePaths:
    """What no policy changes; the same in every branch of a world.

    Attributes
    ----------
    permanent : ndarray, shape (buurten,)
        Permanent part in 2002, as deviation from its mean.
    given : ndarray, shape (years, buurten)
        The score without anything that depends on who lives there and on policy.
    instrument : ndarray, shape (years, buurten)
        Published score less true score: noise, and the step of 2014.
    """

    permanent: NDArray[np.float64]
    given: NDArray[np.float64]
    instrument: NDArray[np.float64]


def draw_score_paths(parameters: ScoreParameters, layout: Layout, draws: Draws, years: range) -> ScorePaths:
    """Draw the parts of the score that no policy changes.

    The score of buurt *b* in year *t* is the loading λ_t times a permanent part, plus autoregressive parts of its
    gemeente, its wijk and its own, plus the national mean; the instrument adds noise and, from 2014, a step.
    """
    wijk, buurt = layout.wijk, np.arange(layout.buurten)
    permanent = (
        np.array(parameters.kind_mean.values())[layout.kind]
        + parameters.permanent_wijk_sd * draws.normal(0, Purpose.PERMANENT_SCORE, layout.buurten + wijk)
        + parameters.permanent_buurt_sd * draws.normal(0, Purpose.PERMANENT_SCORE, buurt)
    )
    permanent = permanent - permanent.mean()
    step = (
        parameters.step_gemeente_sd * draws.normal(0, Purpose.SCORE_STEP, 2 * layout.buurten + layout.gemeente)
        + parameters.step_wijk_sd * draws.normal(0, Purpose.SCORE_STEP, layout.buurten + wijk)
        + parameters.step_buurt_sd * draws.normal(0, Purpose.SCORE_STEP, buurt)
    )
    given, instrument = np.empty((len(years), len(buurt))), np.empty((len(years), len(buurt)))
    changing = np.zeros(len(buurt))
    for row, year in enumerate(years):
        shock = _changing_shock(parameters, layout, draws, year)
        keep = parameters.persistence if row else 0.0
        changing = keep * changing + np.sqrt(1 - keep**2) * shock
        loading = 1 + parameters.loading_slope * (max(year, _FIRST_LOADING_YEAR) - _LOADING_YEAR)
        given[row] = DEVIATION_REFERENCE + loading * permanent + changing + _national(parameters, year)
        given[row] += np.where(layout.kind == _NEW_TOWN, parameters.new_town_slope * max(0, year - 2000), 0.0)
        instrument[row] = (
            parameters.noise_wijk_sd * draws.normal(year, Purpose.SCORE_NOISE, layout.buurten + wijk)
            + parameters.noise_buurt_sd * draws.normal(year, Purpose.SCORE_NOISE, buurt)
            + (step if year >= STEP_YEAR else 0.0)
        )
    return ScorePaths(permanent, given, instrument)


def _changing_shock(parameters: ScoreParameters, layout: Layout, draws: Draws, year: int) -> NDArray[np.float64]:
    """Return shocks that give the autoregressive parts their stationary SDs."""
    gemeente = draws.normal(year, Purpose.SCORE_SHOCK_GEMEENTE, layout.gemeente)
    wijk = draws.normal(year, Purpose.SCORE_SHOCK_WIJK, layout.wijk)
    buurt = draws.normal(year, Purpose.SCORE_SHOCK_BUURT, np.arange(layout.buurten))
    shock: NDArray[np.float64] = (
        parameters.changing_gemeente_sd * gemeente
        + parameters.changing_wijk_sd * wijk
        + parameters.changing_buurt_sd * buurt
    )
    return shock


def _national(parameters: ScoreParameters, year: int) -> float:
    """Return the national mean's deviation from that of 2002."""
    at, mean = zip(*parameters.national_path, strict=True)
    return float(np.interp(year, at, mean)) + (parameters.covid if year == 2021 else 0.0)


@dataclass(frozen=True, eq=False)
class Exposure:
    """What restructuring does to the scores and prices of a year, shape (buurten,) each.

    Attributes
    ----------
    direct : ndarray
        Intensity in the buurt itself: its dose over the mean dose, grown to its full by the end of the ramp.
    started : ndarray of bool
        Whether work in the buurt has begun.
    announced : ndarray of bool
        Whether a project has been announced.
    intensity : ndarray
        Dose over the mean dose where work has begun, without the ramp.
    """

    direct: NDArray[np.float64]
    started: NDArray[np.bool_]
    announced: NDArray[np.bool_]
    intensity: NDArray[np.float64]

    def nearby(self, layout: Layout, half_m: float) -> NDArray[np.float64]:
        """Return the intensities of all other buurten within reach, halved with every `half_m` of distance."""
        sources = self.direct[layout.near_from]
        at_work = sources > 0
        weights = sources[at_work] * np.exp2(-layout.near_m[at_work] / half_m)
        return np.bincount(layout.near_to[at_work], weights=weights, minlength=layout.buurten).astype(np.float64)


def score_of(
    parameters: ScoreParameters,
    layout: Layout,
    given: NDArray[np.float64],
    *,
    low_income: NDArray[np.float64],
    owner: NDArray[np.float64],
    taken_in: NDArray[np.float64],
    exposure: Exposure,
    year: int,
) -> NDArray[np.float64]:
    """Return the true score of a year: what is given, who lives there, and what policy does."""
    score: NDArray[np.float64] = given + parameters.on_low_income * (low_income - low_income.mean())
    score += parameters.on_owner * (owner - parameters.owner_reference)
    score += parameters.receiving * np.where(exposure.started, 0.0, taken_in)
    if exposure.direct.any():
        score += parameters.amenity * exposure.direct
        score += parameters.ring * exposure.nearby(layout, parameters.ring_half_m)
    if parameters.policy_stop and year > parameters.policy_stop_year:
        score += parameters.policy_stop * (year - parameters.policy_stop_year) * exposure.intensity
    return score
