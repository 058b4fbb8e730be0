"""The years, one after the other: long before the panel begins, so that it has settled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.simulation import policy
from buurteffect.synthetic.simulation.policy import Schedule
from buurteffect.synthetic.simulation.recorder import Recorder
from buurteffect.synthetic.simulation.snapshot import FIRST_PANEL_YEAR, LAST_YEAR, Setting, Snapshot, first_snapshot
from buurteffect.synthetic.simulation.transition import (
    find_incumbents,
    next_snapshot,
    plan_works,
    start_works,
    take_stock,
)
from buurteffect.synthetic.world.world import History, Households, Residence

_LOOK_BACK = 3


@dataclass(frozen=True, eq=False)
class Run:
    """What a simulation leaves behind.

    Attributes
    ----------
    history : History
        Buurten by year.
    residence, households : Residence, Households
        Who lived where; without any year or row if it was not kept.
    schedule : Schedule
        The projects that were decided.
    projects : DataFrame
        The projects as they are registered.
    snapshots : dict of int to Snapshot
        The states that were asked for, by year.
    incumbents : dict of int to ndarray of int32
        Slots of the households that lived where projects were announced, by year of announcement; empty in a country
        in which that changes nothing for them.
    """

    history: History
    residence: Residence
    households: Households
    schedule: Schedule
    projects: pd.DataFrame
    snapshots: dict[int, Snapshot]
    incumbents: dict[int, NDArray[np.int32]]


def simulate(
    setting: Setting,
    *,
    without: frozenset[int] | Literal["all"] = frozenset(),
    schedule: Schedule | None = None,
    incumbents: dict[int, NDArray[np.int32]] | None = None,
    start: Snapshot | None = None,
    until: int = LAST_YEAR,
    keep_people: bool = True,
    snapshots: frozenset[int] = frozenset(),
    reached: Callable[[Snapshot], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Run:
    """Simulate a country, or a branch of it.

    Parameters
    ----------
    setting : Setting
        Parameters, draws and map.
    without : frozenset of int or "all"
        Cohorts (first years of demolition) whose projects do nothing, or all of them. What is decided about the
        others stays as `schedule` has it.
    schedule : Schedule, optional
        Projects decided already; without it they are decided as the years pass.
    incumbents : dict of int to ndarray, optional
        `Run.incumbents` of the factual country: in a branch, whoever other projects found is whom they find still.
    start : Snapshot, optional
        Where to begin; without it, at the beginning. Needs a `schedule`, or no policy at all.
    until : int
        Last 1 January.
    keep_people : bool
        Whether to record who lives where.
    snapshots : frozenset of int
        Years of which to keep the state.
    reached : callable, optional
        Called with every state that is kept, as soon as it is reached.
    progress : callable, optional
        Called with every year that is done.
    """
    state = start or first_snapshot(setting)
    decided = Schedule.empty() if without == "all" else schedule or Schedule.empty()
    decides = schedule is None and without != "all"
    active = _active(decided, without)
    recorder = Recorder(setting, range(max(state.year, FIRST_PANEL_YEAR), until + 1), keep_people)
    kept: dict[int, Snapshot] = {}
    found: dict[int, NDArray[np.int32]] = {}
    published: dict[int, NDArray[np.float64]] = {}
    while True:
        year, stock = state.year, take_stock(setting, state)
        if year >= FIRST_PANEL_YEAR:
            published[year] = recorder.add(state, stock)
        if year in snapshots:
            kept[year] = state
            if reached:
                reached(state)
        if progress:
            progress(year)
        if year == until:
            break
        if decides and year - _LOOK_BACK in published:
            decided = policy.choose(
                setting.parameters.policy,
                setting.layout,
                setting.draws,
                decided,
                year,
                score=published[year],
                score_before=published[year - _LOOK_BACK],
                social_share=stock.social,
            )
            active = _active(decided, without)
        works = plan_works(setting, state, active)
        recorder.register(works, active, year)
        if incumbents is None or year not in incumbents:
            found[year] = find_incumbents(setting, state, active)
        else:
            found[year] = incumbents[year][: 0 if _is_off(without, year + 1) else None]
        state = next_snapshot(setting, start_works(setting, state, works, found[year]), stock)
    return Run(
        recorder.history(), recorder.residence(), recorder.households(), decided, recorder.projects(), kept, found
    )


def first_choice(setting: Setting) -> int:
    """Return the first year in which projects can be decided; up to its 1 January all branches are the same."""
    return max(setting.parameters.policy.first_announcement, FIRST_PANEL_YEAR + _LOOK_BACK)


def _is_off(without: frozenset[int] | Literal["all"], cohort: int) -> bool:
    """Return whether a cohort's projects do nothing."""
    return without == "all" or cohort in without


def _active(schedule: Schedule, without: frozenset[int] | Literal["all"]) -> Schedule:
    """Return the projects that are not switched off."""
    if without == "all":
        return Schedule.empty()
    return schedule.keep(~np.isin(schedule.start_year, sorted(without)))
