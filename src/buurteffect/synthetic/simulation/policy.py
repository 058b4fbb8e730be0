"""Restructuring: which buurten are chosen, which dwellings go, and what comes in their place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.geography import Layout
from buurteffect.synthetic.simulation.scores import Exposure
from buurteffect.synthetic.world.draws import Draws, Purpose
from buurteffect.synthetic.world.parameters import PolicyParameters
from buurteffect.synthetic.world.world import Tenure


@dataclass(frozen=True, eq=False)
class Schedule:
    """Projects that have been decided, shape (projects,) each, in the order of decision.

    Attributes
    ----------
    buurt, announce_year, start_year : ndarray of int
        Where, when it was decided, and the first year of demolition: the year after.
    share : ndarray of float
        Share of the buurt's social dwellings to be demolished.
    """

    buurt: NDArray[np.int64]
    announce_year: NDArray[np.int64]
    start_year: NDArray[np.int64]
    share: NDArray[np.float64]

    @classmethod
    def empty(cls) -> Schedule:
        """Return a schedule without projects."""
        none = np.empty(0, dtype=np.int64)
        return cls(none, none, none, np.empty(0))

    def keep(self, which: NDArray[np.bool_]) -> Schedule:
        """Return the projects that are marked."""
        return Schedule(self.buurt[which], self.announce_year[which], self.start_year[which], self.share[which])

    def add(self, buurt: NDArray[np.int64], year: int, share: NDArray[np.float64]) -> Schedule:
        """Return the schedule with projects that are decided in a year."""
        years = np.full(len(buurt), year)
        return Schedule(
            np.r_[self.buurt, buurt],
            np.r_[self.announce_year, years],
            np.r_[self.start_year, years + 1],
            np.r_[self.share, share],
        )


@dataclass(frozen=True, eq=False)
class Works:
    """What is being done, and has been.

    Attributes
    ----------
    demolition_year : ndarray of int16, shape (dwellings,)
        Year in which a dwelling is to be demolished; 0 if it is not.
    replacement : ndarray of int8, shape (dwellings,)
        `Tenure` of what is built in its place.
    announce_year, start_year : ndarray of int16, shape (buurten,)
        Of the project in each buurt; 0 where there is none.
    dose : ndarray of float, shape (buurten,)
        Dwellings that the project demolishes, as share of the buurt's.
    """

    demolition_year: NDArray[np.int16]
    replacement: NDArray[np.int8]
    announce_year: NDArray[np.int16]
    start_year: NDArray[np.int16]
    dose: NDArray[np.float64]

    @classmethod
    def none(cls, layout: Layout) -> Works:
        """Return a country without works."""
        dwellings, buurten = layout.buurten * layout.dwellings, layout.buurten
        return cls(
            np.zeros(dwellings, np.int16),
            np.zeros(dwellings, np.int8),
            np.zeros(buurten, np.int16),
            np.zeros(buurten, np.int16),
            np.zeros(buurten),
        )

    def exposure(self, parameters: PolicyParameters, ramp_years: float, year: int) -> Exposure:
        """Return what scores and prices on 1 January of a year see of the works."""
        started = (self.start_year > 0) & (self.start_year < year)
        intensity = np.where(started, self.dose / parameters.mean_dose, 0.0)
        ramp = np.clip((year - self.start_year) / ramp_years, 0.0, 1.0)
        announced = (self.announce_year > 0) & (self.announce_year < year)
        return Exposure(intensity * ramp, started, announced, intensity)


def choose(
    parameters: PolicyParameters,
    layout: Layout,
    draws: Draws,
    schedule: Schedule,
    year: int,
    *,
    score: NDArray[np.float64],
    score_before: NDArray[np.float64],
    social_share: NDArray[np.float64],
) -> Schedule:
    r"""Add the projects that are decided in a year.

    They go to the buurten, among those that take part and have enough social rent, that rank highest on

    .. math:: Z_b = -w_1 (L_b - median(L)) - w_2 (L_b - L_b^{-3}) + e_b + c_{gemeente}

    with the published scores *L* of now and of three years ago, a taste *e* and a gemeente's capacity *c*.
    """
    if not parameters.first_announcement <= year <= parameters.last_announcement:
        return schedule
    buurten = np.arange(layout.buurten)
    part = np.array(parameters.takes_part.values())[layout.kind] > 0
    wanted = _starts(parameters, int(part.sum()), year)
    can = part & (social_share > parameters.social_share_above)
    can[schedule.buurt] = False
    rank = parameters.noise_sd * draws.normal(year, Purpose.ASSIGNMENT, buurten)
    rank += parameters.capacity_sd * draws.normal(year, Purpose.CAPACITY, layout.gemeente)
    rank -= parameters.weight_level * (score - np.median(score)) + parameters.weight_dip * (score - score_before)
    if parameters.gemeenten_at_most:
        can, rank = _in_few_gemeenten(parameters, layout, draws, schedule, part, can, rank)
    candidates = np.flatnonzero(can)
    chosen = candidates[np.argsort(-rank[candidates], kind="stable")[:wanted]]
    spread = parameters.dose_low + (parameters.dose_high - parameters.dose_low) * draws.uniform(0, Purpose.DOSE, chosen)
    return schedule.add(chosen, year, parameters.dose * spread)


def _starts(parameters: PolicyParameters, buurten: int, year: int) -> int:
    """Return how many projects are decided in a year, so that their number grows evenly over the years."""
    rate = max(parameters.starts_per_buurt * buurten, parameters.starts_at_least)
    before = year - parameters.first_announcement
    return int(rate * (before + 1) + 1e-9) - int(rate * before + 1e-9)


def _in_few_gemeenten(
    parameters: PolicyParameters,
    layout: Layout,
    draws: Draws,
    schedule: Schedule,
    part: NDArray[np.bool_],
    can: NDArray[np.bool_],
    rank: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return the candidates and their ranks where only a few gemeenten may have projects.

    Those that have one keep their right; the others are drawn by lot among gemeenten with room for half of an even
    part of all projects, or else are those with the most room. The best buurt of a new one comes before all others.
    """
    most, years = parameters.gemeenten_at_most, range(parameters.first_announcement, parameters.last_announcement + 1)
    projects = sum(_starts(parameters, int(part.sum()), year) for year in years)
    room = np.bincount(layout.gemeente[can], minlength=int(layout.gemeente.max()) + 1)
    enough = np.minimum(room, np.ceil(projects / most / 2))
    lot = draws.uniform(0, Purpose.CAPACITY, np.arange(len(room)))
    order = np.lexsort((lot, -enough))
    has = np.unique(layout.gemeente[schedule.buurt])
    new = order[(room[order] > 0) & ~np.isin(order, has)][: max(most - len(has), 0)]
    can = can & np.isin(layout.gemeente, np.r_[has, new])
    rank = rank.copy()
    for gemeente in new:
        own = np.flatnonzero(can & (layout.gemeente == gemeente))
        rank[own[rank[own].argmax()]] = np.inf
    return can, rank


def plan(
    parameters: PolicyParameters,
    layout: Layout,
    draws: Draws,
    works: Works,
    schedule: Schedule,
    tenure: NDArray[np.int8],
    year: int,
) -> Works:
    """Return the works with the projects that start in a year: which dwellings go when, and what replaces them."""
    starting = schedule.keep(schedule.start_year == year)
    if not len(starting.buurt):
        return works
    demolition_year, replacement = works.demolition_year.copy(), works.replacement.copy()
    start_year, dose = works.start_year.copy(), works.dose.copy()
    for buurt, share in zip(starting.buurt, starting.share, strict=True):
        own = np.arange(buurt * layout.dwellings, (buurt + 1) * layout.dwellings)
        social = own[tenure[own] == Tenure.SOCIAL]
        count = min(max(round(share * len(social)), 1), len(social))
        order = np.argsort(draws.uniform(0, Purpose.DEMOLITION_ORDER, social), kind="stable")[:count]
        when = year + np.arange(count) * parameters.demolition_years // max(count, 1)
        in_time = when <= parameters.last_demolition
        gone = social[order][in_time]
        demolition_year[gone] = when[in_time]
        replacement[gone] = _replacement(parameters, draws.uniform(0, Purpose.REPLACEMENT, gone))
        start_year[buurt], dose[buurt] = year, len(gone) / layout.dwellings
    return Works(demolition_year, replacement, works.announce_year, start_year, dose)


def announce(works: Works, schedule: Schedule, year: int) -> Works:
    """Return the works with the projects that are announced in a year."""
    now = schedule.buurt[schedule.announce_year == year]
    if not len(now):
        return works
    announce_year = works.announce_year.copy()
    announce_year[now] = year
    return Works(works.demolition_year, works.replacement, announce_year, works.start_year, works.dose)


def _replacement(parameters: PolicyParameters, lot: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the tenure of what is built in the place of demolished dwellings."""
    edges = np.array([parameters.built_owner, parameters.built_owner + parameters.built_social])
    tenures = np.array([Tenure.OWNER, Tenure.SOCIAL, Tenure.PRIVATE], dtype=np.int8)
    return tenures[np.searchsorted(edges, lot, side="right")]
