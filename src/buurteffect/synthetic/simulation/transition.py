"""From one 1 January to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.simulation import policy
from buurteffect.synthetic.simulation.housing_market import Market, Moves, match_dwellings, voluntary_exits
from buurteffect.synthetic.simulation.policy import Schedule, Works
from buurteffect.synthetic.simulation.population import People, earn, renew
from buurteffect.synthetic.simulation.scores import Exposure, score_of
from buurteffect.synthetic.simulation.snapshot import FIRST_PANEL_YEAR, FIRST_YEAR, Setting, Snapshot
from buurteffect.synthetic.world.draws import Purpose
from buurteffect.synthetic.world.world import Arrival, Tenure, lowest

_FIRST_SALE = 1998


@dataclass(frozen=True, eq=False)
class Stock:
    """What is counted on a 1 January: shares and means, shape (buurten,), and incomes, shape (dwellings,).

    Attributes
    ----------
    log_income : ndarray
        Of the household in each dwelling.
    low_income, lowest40, nonwestern, mean_log_income : ndarray
        Shares and mean of the households of a buurt.
    social, owner : ndarray
        Shares of its dwellings.
    score : ndarray
        True liveability score.
    exposure : Exposure
        What restructuring does.
    """

    log_income: NDArray[np.float64]
    low_income: NDArray[np.float64]
    lowest40: NDArray[np.float64]
    nonwestern: NDArray[np.float64]
    mean_log_income: NDArray[np.float64]
    social: NDArray[np.float64]
    owner: NDArray[np.float64]
    score: NDArray[np.float64]
    exposure: Exposure


def take_stock(setting: Setting, state: Snapshot) -> Stock:
    """Count what the buurten hold on a 1 January, and score them."""
    layout, population = setting.layout, setting.parameters.population
    income = state.people.log_income(population, state.year)[state.occupant]

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the mean over the dwellings of each buurt."""
        means: NDArray[np.float64] = values.reshape(layout.buurten, layout.dwellings).mean(axis=1)
        return means

    parameters = setting.parameters.score
    exposure = state.works.exposure(setting.parameters.policy, parameters.amenity_ramp_years, state.year)
    low_income, owner = mean(lowest(income, population.low_income_rank)), mean(state.tenure == Tenure.OWNER)
    score = score_of(
        parameters,
        layout,
        setting.paths.given[state.year - FIRST_YEAR],
        low_income=low_income,
        owner=owner,
        taken_in=state.taken_in,
        exposure=exposure,
        year=state.year,
    )
    return Stock(
        log_income=income,
        low_income=low_income,
        lowest40=mean(lowest(income, 0.40)),
        nonwestern=mean(state.people.nonwestern[state.occupant]),
        mean_log_income=mean(income),
        social=mean(state.tenure == Tenure.SOCIAL),
        owner=owner,
        score=score,
        exposure=exposure,
    )


def plan_works(setting: Setting, state: Snapshot, active: Schedule) -> Works:
    """Return the works with the projects that are announced, and those that begin, this year."""
    works = policy.announce(state.works, active, state.year)
    rules = setting.parameters.policy
    return policy.plan(rules, setting.layout, setting.draws, works, active, state.tenure, state.year)


def start_works(setting: Setting, state: Snapshot, works: Works, incumbents: NDArray[np.int32]) -> Snapshot:
    """Return the state in which the works are under way, and incumbents have what restructuring gives them.

    `incumbents` are the slots of the households that live where projects are announced this year.
    """
    if not setting.parameters.policy.works:
        return state
    people = state.people
    if len(incumbents):
        gain = people.gain.copy()
        gain[incumbents] += setting.parameters.population.incumbent_effect
        people = replace(people, gain=gain)
    return replace(state, works=works, people=people)


def find_incumbents(setting: Setting, state: Snapshot, active: Schedule) -> NDArray[np.int32]:
    """Return the slots of the households that live where projects are announced this year.

    Nobody is looked up in a country in which that changes nothing for them.
    """
    if not setting.parameters.population.incumbent_effect:
        return np.empty(0, dtype=np.int32)
    announced = active.buurt[active.announce_year == state.year]
    return state.occupant[np.isin(setting.buurt_of_dwelling, announced)]


def next_snapshot(setting: Setting, state: Snapshot, stock: Stock) -> Snapshot:
    """Return the state on the next 1 January: works, households that end and form, moves, incomes."""
    parameters, draws, year = setting.parameters, setting.draws, state.year
    people, ended = renew(state.people, parameters.population, draws, year)
    market = _market(setting, state, stock, people, ended)
    leaving = voluntary_exits(setting, market)
    market = replace(market, tenure=_sell(setting, state, market, leaving | market.new_household))
    moves = match_dwellings(setting, market, leaving)
    occupant = state.occupant.copy()
    occupant[moves.destination] = moves.slot
    arrival, forced = _arrivals(setting, moves, market.new_household)
    flows = _flows(setting, state.occupant != occupant, market, moves)
    household, households = state.household.copy(), state.households
    if year + 1 == FIRST_PANEL_YEAR:
        household, households = np.arange(len(household), dtype=np.int32), len(household)
    else:
        household[ended] = households + np.arange(int(ended.sum()))
        households += int(ended.sum())
    return replace(
        state,
        year=year + 1,
        people=earn(people, parameters.population, draws, year),
        occupant=occupant,
        tenure=market.tenure,
        built_year=market.built_year,
        taken_in=parameters.score.receiving_memory * state.taken_in + flows["displaced_inflow_share"],
        arrival=arrival,
        forced=forced,
        flows=flows,
        household=household,
        households=households,
    )


def _market(setting: Setting, state: Snapshot, stock: Stock, people: People, ended: NDArray[np.bool_]) -> Market:
    """Return the year's market before anybody moves."""
    parameters, year, occupant = setting.parameters, state.year, state.occupant
    demolished = state.works.demolition_year == year
    passed = max(0, year - FIRST_PANEL_YEAR)
    return Market(
        year=year,
        buurt=setting.buurt_of_dwelling,
        occupant=occupant,
        log_income=people.log_income(parameters.population, year)[occupant],
        age=(year - people.birth_year[occupant]).astype(np.int64),
        nonwestern=people.nonwestern[occupant],
        new_household=ended[occupant],
        tenure=np.where(demolished, state.works.replacement, state.tenure),
        built_year=np.where(demolished, year + 1, state.built_year).astype(np.int16),
        demolished=demolished,
        score=stock.score - stock.score.mean(),
        nonwestern_share=stock.nonwestern,
        handicap=parameters.market.trend_gap * passed * (stock.social - stock.social.mean()),
    )


def _sell(setting: Setting, state: Snapshot, market: Market, left: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return tenures after the sale of social dwellings that fall vacant; what is to be demolished is not sold."""
    stock = setting.parameters.stock
    if market.year < _FIRST_SALE:
        return market.tenure
    vacant = np.flatnonzero(left & (market.tenure == Tenure.SOCIAL) & (state.works.demolition_year < market.year))
    rate = np.array(stock.sale.values())[setting.layout.kind[market.buurt[vacant]]] / stock.social_vacancy
    sold = vacant[setting.draws.uniform(market.year, Purpose.SALE, vacant) < rate]
    tenure = market.tenure.copy()
    tenure[sold] = Tenure.OWNER
    return tenure


def _arrivals(
    setting: Setting, moves: Moves, new_household: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Return how the household of each dwelling came to it, and whether it was displaced."""
    layout, buurt = setting.layout, setting.buurt_of_dwelling
    before, after = buurt[moves.origin], buurt[moves.destination]
    how = np.full(len(before), Arrival.FROM_ELSEWHERE, dtype=np.int8)
    how[layout.gemeente[before] == layout.gemeente[after]] = Arrival.FROM_SAME_GEMEENTE
    how[layout.wijk[before] == layout.wijk[after]] = Arrival.FROM_SAME_WIJK
    how[before == after] = Arrival.FROM_SAME_BUURT
    how[moves.origin == moves.destination] = Arrival.STAYED
    how[new_household[moves.origin]] = Arrival.NEW_HOUSEHOLD
    arrival, forced = np.zeros(len(buurt), np.int8), np.zeros(len(buurt), bool)
    arrival[moves.destination] = how
    forced[moves.destination] = moves.forced & (moves.origin != moves.destination)
    return arrival, forced


def _flows(
    setting: Setting, changed: NDArray[np.bool_], market: Market, moves: Moves
) -> dict[str, NDArray[np.float64]]:
    """Return the year's flows by buurt, by name of the array in `History`."""
    buurt, layout = setting.buurt_of_dwelling, setting.layout

    def count(dwellings: NDArray[Any]) -> NDArray[np.float64]:
        """Count dwellings by buurt."""
        return np.bincount(buurt[dwellings], minlength=layout.buurten).astype(np.float64)

    gone = np.flatnonzero(market.demolished)
    elsewhere = moves.forced & (buurt[moves.origin] != buurt[moves.destination])
    return {
        "turnover_share": count(np.flatnonzero(changed | market.new_household)) / layout.dwellings,
        "demolished_social": count(gone),
        "built_owner": count(gone[market.tenure[gone] == Tenure.OWNER]),
        "built_social": count(gone[market.tenure[gone] == Tenure.SOCIAL]),
        "built_private": count(gone[market.tenure[gone] == Tenure.PRIVATE]),
        "displaced_inflow_share": count(moves.destination[elsewhere]) / layout.dwellings,
    }
