"""The whole state of a country on a 1 January, and what stays the same in all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.geography import Layout, draw_geography
from buurteffect.synthetic.simulation.policy import Works
from buurteffect.synthetic.simulation.population import People, first_people
from buurteffect.synthetic.simulation.scores import ScorePaths, draw_score_paths
from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import WorldParameters
from buurteffect.synthetic.world.scenarios import SIZES
from buurteffect.synthetic.world.world import Geography, Tenure

FIRST_YEAR, FIRST_PANEL_YEAR, LAST_YEAR = 1960, 1995, 2022


@dataclass(frozen=True, eq=False)
class Setting:
    """What is the same in every branch of a world."""

    parameters: WorldParameters
    seed: int
    draws: Draws
    geography: Geography
    layout: Layout
    paths: ScorePaths
    buurt_of_dwelling: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The whole state of a country on a 1 January, from which the years can go on.

    Attributes
    ----------
    year : int
        Which 1 January.
    people : People
        Households by slot.
    occupant : ndarray of int32, shape (dwellings,)
        Slot of the household in each dwelling.
    tenure, built_year : ndarray, shape (dwellings,)
        Of the dwellings.
    taken_in : ndarray, shape (buurten,)
        Decaying stock of displaced households taken in, per dwelling.
    works : Works
        Demolition planned and done.
    arrival, forced : ndarray, shape (dwellings,)
        How the household came in the year before.
    flows : dict of str to ndarray, shape (buurten,)
        What happened in the year before, by name of the array in `History`; nothing in the first year.
    household : ndarray of int32, shape (slots,)
        Row of each slot's household in `Households`.
    households : int
        Rows given out so far.
    """

    year: int
    people: People
    occupant: NDArray[np.int32]
    tenure: NDArray[np.int8]
    built_year: NDArray[np.int16]
    taken_in: NDArray[np.float64]
    works: Works
    arrival: NDArray[np.int8]
    forced: NDArray[np.bool_]
    flows: dict[str, NDArray[np.float64]]
    household: NDArray[np.int32]
    households: int


def prepare(parameters: WorldParameters, seed: int, size: str) -> Setting:
    """Draw what no year and no policy changes: the map and the given part of the scores."""
    draws = Draws(seed)
    geography, layout = draw_geography(parameters.map, SIZES[size], draws)
    paths = draw_score_paths(parameters.score, layout, draws, range(FIRST_YEAR, LAST_YEAR + 1))
    buurt = np.repeat(np.arange(layout.buurten), layout.dwellings)
    return Setting(parameters, seed, draws, geography, layout, paths, buurt)


def first_snapshot(setting: Setting) -> Snapshot:
    """Return the country of the first year: dwellings by the map, households at random in them."""
    layout, draws, stock = setting.layout, setting.draws, setting.parameters.stock
    dwellings = layout.buurten * layout.dwellings
    dwelling, buurt = np.arange(dwellings), setting.buurt_of_dwelling
    mean = np.array(stock.social_share.values())[layout.kind]
    own = stock.social_sd * draws.normal(0, Purpose.SOCIAL_SHARE, np.arange(layout.buurten))
    social = np.clip(mean + stock.social_on_score * setting.paths.permanent + own, stock.social_least, 0.95)
    private = np.minimum(np.array(stock.private_share.values())[layout.kind], 1 - social)
    lot = draws.uniform(0, Purpose.TENURE, dwelling)
    tenure = np.where(lot < social[buurt], Tenure.SOCIAL, Tenure.OWNER)
    tenure = np.where(lot > 1 - private[buurt], Tenure.PRIVATE, tenure).astype(np.int8)
    from_year, span = np.array(stock.built_from.values()), np.array(stock.built_span.values())
    era = draws.uniform(0, Purpose.BUILT, dwellings + np.arange(layout.buurten))
    built = from_year[layout.kind[buurt]] + span[layout.kind[buurt]] * era[buurt]
    built = built + 5 * draws.uniform(0, Purpose.BUILT, dwelling)
    return Snapshot(
        year=FIRST_YEAR,
        people=first_people(setting.parameters.population, draws, dwellings, FIRST_YEAR),
        occupant=dwelling.astype(np.int32),
        tenure=tenure,
        built_year=built.astype(np.int16),
        taken_in=np.zeros(layout.buurten),
        works=Works.none(layout),
        arrival=np.zeros(dwellings, np.int8),
        forced=np.zeros(dwellings, bool),
        flows={},
        household=dwelling.astype(np.int32),
        households=dwellings,
    )
