"""The housing market of a year: who leaves, where the displaced go, and who gets which dwelling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.snapshot import Setting
from buurteffect.synthetic.world.draws import Purpose, pair_identity
from buurteffect.synthetic.world.world import GEMEENTE_KINDS, Tenure

_WIJK, _GEMEENTE, _COUNTRY = 0, 1, 2
_BIG_CITY, _NEW_TOWN = GEMEENTE_KINDS.index("big_city"), GEMEENTE_KINDS.index("new_town")
_FIRST_YEAR, _CRISIS, _NEW_TOWN_YEAR = 1995, range(2009, 2014), 2002
_CERTAIN = 1_000.0  # a utility above all that distance and taste can add up to


@dataclass(frozen=True, eq=False)
class Market:
    """The year's market before anybody moves; arrays over all dwellings, or over buurten where it is said.

    Attributes
    ----------
    year : int
        Calendar year in which the moves take place.
    buurt : ndarray of int
        Buurt of each dwelling.
    occupant : ndarray of int32
        Slot of the household that lives there, or that takes its slot.
    log_income : ndarray of float
        Log income of that household.
    age : ndarray of int
        Age of its head.
    nonwestern : ndarray of bool
        Origin of its head.
    new_household : ndarray of bool
        Whether it is a new household in search of its first dwelling.
    tenure : ndarray of int8
        `Tenure`, of what is rebuilt if it is demolished this year.
    built_year : ndarray of int16
        Year of building.
    demolished : ndarray of bool
        Whether the dwelling is demolished this year.
    score : ndarray of float
        Liveability score of each buurt, as deviation from its mean.
    nonwestern_share : ndarray of float
        Share of non-western households in each buurt.
    handicap : ndarray of float
        What `trend_gap` takes from the quality of each buurt.
    """

    year: int
    buurt: NDArray[np.int64]
    occupant: NDArray[np.int32]
    log_income: NDArray[np.float64]
    age: NDArray[np.int64]
    nonwestern: NDArray[np.bool_]
    new_household: NDArray[np.bool_]
    tenure: NDArray[np.int8]
    built_year: NDArray[np.int16]
    demolished: NDArray[np.bool_]
    score: NDArray[np.float64]
    nonwestern_share: NDArray[np.float64]
    handicap: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Moves:
    """Who went where in a year.

    Attributes
    ----------
    slot, origin, destination : ndarray of int, shape (moves,)
        Slot of the household, the dwelling that it (or its predecessor in the slot) left, and the one it got.
    forced : ndarray of bool, shape (moves,)
        Whether it moved because its dwelling was demolished.
    """

    slot: NDArray[np.int32]
    origin: NDArray[np.int64]
    destination: NDArray[np.int64]
    forced: NDArray[np.bool_]


def voluntary_exits(setting: Setting, market: Market) -> NDArray[np.bool_]:
    """Return the dwellings whose households leave of their own accord: a logit on tenure, age and income distance."""
    parameters, layout = setting.parameters.market, setting.layout
    by_tenure = np.array([parameters.exit_social, parameters.exit_owner, parameters.exit_private])
    income = market.log_income.reshape(layout.buurten, layout.dwellings)
    distance = np.abs(income - np.median(income, axis=1)[:, None]).reshape(-1)
    logit = by_tenure[market.tenure] + parameters.exit_on_distance * distance
    logit += parameters.exit_on_age * np.clip((market.age - 50) / 15, -2.0, 2.0)
    if market.year in _CRISIS:
        logit += parameters.exit_crisis
    if market.year >= _NEW_TOWN_YEAR:
        above = market.log_income > market.log_income.mean() + 0.3
        logit += np.where(above & (layout.kind[market.buurt] == _NEW_TOWN), parameters.exit_new_town, 0.0)
    return setting.draws.uniform(market.year, Purpose.EXIT, market.occupant) < 1 / (1 + np.exp(-logit))


def match_dwellings(setting: Setting, market: Market, leaving: NDArray[np.bool_]) -> Moves:
    """Give every household that seeks a dwelling one of those that are left.

    Every dwelling that is left or rebuilt is on offer to those who look in its wijk, in its gemeente or everywhere, as
    its former household looks; so that in each place as many dwellings are on offer as there are seekers.
    """
    layout = setting.layout
    origin = np.flatnonzero(leaving | market.demolished | market.new_household)
    slot = market.occupant[origin]
    forced = market.demolished[origin] & ~market.new_household[origin]
    area = _search_area(setting, market, slot, origin)
    offered, destination = origin.copy(), np.full(len(origin), -1)
    rehoused, taken = _rehouse(setting, market, origin, slot, forced)
    destination[rehoused] = origin[taken]
    offered[taken] = origin[rehoused]
    elsewhere = layout.wijk[market.buurt[offered[taken]]] != layout.wijk[market.buurt[origin[taken]]]
    area[taken] = np.where(elsewhere, np.maximum(area[taken], _GEMEENTE), area[taken])
    seeking = np.flatnonzero(destination < 0)
    rows = (slot[seeking], origin[seeking], offered[seeking], area[seeking])
    destination[seeking] = _match(setting, market, *rows)
    return Moves(slot, origin, destination, forced)


def _search_area(
    setting: Setting, market: Market, slot: NDArray[np.int32], origin: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return where each household looks; new households of non-western origin look everywhere."""
    parameters = setting.parameters.market
    lot = setting.draws.uniform(market.year, Purpose.SEARCH_AREA, slot)
    edges = np.array([parameters.within_wijk, parameters.within_wijk + parameters.within_gemeente])
    area = np.searchsorted(edges, lot, side="right")
    area[market.new_household[origin] & market.nonwestern[origin]] = _COUNTRY
    return area


def _rehouse(
    setting: Setting,
    market: Market,
    origin: NDArray[np.int64],
    slot: NDArray[np.int32],
    forced: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give displaced households social dwellings of their gemeente, the nearer the likelier.

    Returns rows of the displaced that got one, and rows of those whose dwelling they got. The others look on the
    market like everybody.
    """
    free = ~market.demolished[origin] & (market.tenure[origin] == Tenure.SOCIAL)
    gemeente = setting.layout.gemeente[market.buurt[origin]]
    rehoused, taken = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    for here in np.unique(gemeente[forced]):
        who = np.flatnonzero(forced & (gemeente == here))
        what = np.flatnonzero(free & (gemeente == here))
        who = who[np.argsort(setting.draws.uniform(market.year, Purpose.FORCED_ORDER, slot[who]), kind="stable")]
        utility = _utility(setting, market, slot[who], origin[who], origin[what])
        got = serial_dictatorship(utility)
        rehoused.append(who[got >= 0])
        taken.append(what[got[got >= 0]])
    return np.concatenate(rehoused), np.concatenate(taken)


def _utility(
    setting: Setting, market: Market, slot: NDArray[np.int32], origin: NDArray[np.int64], offer: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return what each offer (column) is worth to each displaced household (row)."""
    parameters, layout, draws = setting.parameters.market, setting.layout, setting.draws
    home, there = market.buurt[origin], market.buurt[offer]
    gap_x = layout.x_m[home][:, None] - layout.x_m[there]
    gap_y = layout.y_m[home][:, None] - layout.y_m[there]
    utility = draws.gumbel(market.year, Purpose.FORCED_CHOICE, pair_identity(slot[:, None], offer))
    utility -= np.sqrt(gap_x**2 + gap_y**2) / parameters.forced_distance_m
    returns = draws.uniform(market.year, Purpose.FORCED_RETURN, slot) < parameters.forced_return
    own_wijk = layout.wijk[home][:, None] == layout.wijk[there]
    utility += _CERTAIN * (returns[:, None] & own_wijk)
    return utility


def serial_dictatorship(utility: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the offer (column) that each row gets, or -1: rows choose in order, each the best offer that is left."""
    got = np.full(len(utility), -1)
    utility = utility.copy()
    todo = np.arange(len(utility))
    left = utility.shape[1]
    while len(todo) and left:
        best = utility[todo].argmax(axis=1)
        offers, first = np.unique(best, return_index=True)
        got[todo[first]] = offers
        utility[:, offers] = -np.inf
        left -= len(offers)
        todo = np.delete(todo, first)
    return got


def _match(
    setting: Setting,
    market: Market,
    slot: NDArray[np.int32],
    origin: NDArray[np.int64],
    offered: NDArray[np.int64],
    area: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the dwelling of each seeker: by rank of income and quality, then, among like offers, by origin."""
    parameters, layout, draws = setting.parameters.market, setting.layout, setting.draws
    year, passed = market.year, max(0, market.year - _FIRST_YEAR)
    buurt = market.buurt[offered]
    wijken, gemeenten = len(layout.gemeente_of_wijk), int(layout.gemeente_of_wijk[-1]) + 1
    pool = np.where(area == _WIJK, layout.wijk[buurt], wijken + layout.gemeente[buurt])
    pool = np.where(area == _COUNTRY, wijken + gemeenten, pool)
    noise = max(0.0, parameters.noise_1995 + parameters.noise_slope * passed)
    rank = market.log_income[origin] + noise * draws.normal(year, Purpose.SEEKER_RANK, slot)
    quality = _quality(setting, market, offered)
    seekers, offers = np.lexsort((rank, pool)), np.lexsort((quality, pool))

    ordered = pool[seekers]
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    place = np.arange(len(ordered)) - np.repeat(first, np.diff(np.r_[first, len(ordered)]))
    block = np.cumsum(place % parameters.block == 0)
    weight = parameters.kin_1995 * max(0.0, 1 + parameters.kin_slope * passed)
    kin = market.nonwestern_share / parameters.kin_scale + parameters.kin_big_city * (layout.kind == _BIG_CITY)
    pull = weight * market.nonwestern[origin[seekers]] + draws.normal(year, Purpose.SEEKER_KIN, slot[seekers])
    draw = weight * kin[buurt[offers]] + draws.normal(year, Purpose.DWELLING_KIN, offered[offers])
    destination = np.empty(len(slot), dtype=np.int64)
    destination[seekers[np.lexsort((pull, block))]] = offered[offers[np.lexsort((draw, block))]]
    return destination


def _quality(setting: Setting, market: Market, offered: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what dwellings on offer are worth to whoever can choose first."""
    parameters = setting.parameters.market
    by_tenure = np.array([0.0, parameters.quality_owner, parameters.quality_private])
    buurt = market.buurt[offered]
    age = np.maximum(market.year - market.built_year[offered], 0)
    quality = by_tenure[market.tenure[offered]] + parameters.quality_score * market.score[buurt]
    quality += parameters.quality_new * np.exp(-age / setting.parameters.stock.newness_years) - market.handicap[buurt]
    quality += parameters.quality_noise * setting.draws.normal(market.year, Purpose.DWELLING_RANK, offered)
    return quality
