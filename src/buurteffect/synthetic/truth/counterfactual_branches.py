"""What restructuring did to households: the country as it was beside one in which a single cohort was called off.

Both are the same up to 1 January of g − 1, where the branch is cut. A contrast with a country without any policy at
all would be wrong here: once the policy has changed one match, other households meet other offers, and a household
in one world is no longer the counterpart of the same household in the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.policy import Schedule
from buurteffect.synthetic.simulation.run import Run, simulate
from buurteffect.synthetic.simulation.snapshot import LAST_YEAR, Setting, Snapshot
from buurteffect.synthetic.world.world import History, Residence

HORIZONS = range(1, 9)
TERCILES = ("low", "middle", "high")
_ABSENT = -1


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Where the residents of a cohort's buurten were in each year after g − 1; arrays of shape (horizons, residents).

    Attributes
    ----------
    buurt : ndarray of int32
        Position of the buurt; -1 once the household has ended.
    log_income : ndarray of float32
        Log income in euro; 0 once the household has ended.
    forced : ndarray of bool
        Whether the household has been displaced by then.
    """

    buurt: NDArray[np.int32]
    log_income: NDArray[np.float32]
    forced: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Residents:
    """Households that lived in a cohort's buurten on 1 January of g − 1.

    Attributes
    ----------
    household, buurt : ndarray of int32
        Row of the household and position of its buurt.
    tercile : ndarray of int
        Third of the country's households by income, 0 the lowest.
    """

    household: NDArray[np.int32]
    buurt: NDArray[np.int32]
    tercile: NDArray[np.int64]


def find_residents(residence: Residence, schedule: Schedule, cohort: int) -> Residents:
    """Return who lived in a cohort's buurten on 1 January of g − 1."""
    row = cohort - 1 - int(residence.years[0])
    income = residence.log_income[row]
    third = len(income) // 3
    cuts = np.partition(income, (third, 2 * third))[[third, 2 * third]]
    here = np.flatnonzero(np.isin(residence.buurt, schedule.buurt[schedule.start_year == cohort]))
    tercile = np.searchsorted(cuts, income[here], side="right")
    return Residents(residence.household[row, here], residence.buurt[here], tercile)


def follow(residence: Residence, residents: Residents, cohort: int) -> Trajectories:
    """Return where residents were, and what they earned, after each horizon that the records reach."""
    first = int(residence.years[0])
    rows = [cohort - 1 + h - first for h in HORIZONS if cohort - 1 + h <= residence.years[-1]]
    shape = len(rows), len(residents.household)
    buurt, income = np.full(shape, _ABSENT, np.int32), np.zeros(shape, np.float32)
    forced, so_far = np.zeros(shape, bool), np.zeros(shape[1], bool)
    for step, row in enumerate(rows):
        found = np.full(int(residence.household[row].max()) + 1, _ABSENT)
        found[residence.household[row]] = np.arange(len(residence.buurt))
        dwelling = found[residents.household]
        there = dwelling >= 0
        buurt[step, there] = residence.buurt[dwelling[there]]
        income[step, there] = residence.log_income[row, dwelling[there]]
        so_far[there] |= residence.forced[row, dwelling[there]]
        forced[step] = so_far
    return Trajectories(buurt, income, forced)


@dataclass(frozen=True, eq=False)
class BranchPoint:
    """Where a branch is cut from the country as it was.

    Attributes
    ----------
    snapshot : Snapshot
        The country on 1 January of g − 1.
    schedule : Schedule
        All projects as they were decided.
    incumbents : dict of int to ndarray
        `Run.incumbents` of the country as it was.
    residents : Residents
        Whom to follow.
    """

    snapshot: Snapshot
    schedule: Schedule
    incumbents: dict[int, NDArray[np.int32]]
    residents: Residents


def branch_points(factual: Run) -> list[BranchPoint]:
    """Return where the branch of every cohort begins, first to last; the factual run must hold people and snapshots."""
    return [
        BranchPoint(
            factual.snapshots[cohort - 1],
            factual.schedule,
            factual.incumbents,
            find_residents(factual.residence, factual.schedule, cohort),
        )
        for cohort in cohorts_of(factual)
    ]


def follow_branch(setting: Setting, point: BranchPoint) -> Trajectories:
    """Follow the residents through the country in which their cohort's projects were called off at g − 1."""
    cohort = point.snapshot.year + 1
    run = simulate(
        setting,
        without=frozenset({cohort}),
        schedule=point.schedule,
        incumbents=point.incumbents,
        start=point.snapshot,
        until=min(cohort - 1 + HORIZONS[-1], LAST_YEAR),
    )
    return follow(run.residence, point.residents, cohort)


def compare(
    setting: Setting, history: History, cohort: int, residents: Residents, factual: Trajectories, without: Trajectories
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return what a cohort's projects did to its residents.

    Returns
    -------
    DataFrame
        One row per horizon and tercile (``low``, ``middle``, ``high``, and ``all``), over households that still exist:
        ``cohort``, ``horizon`` (years since 1 January of g − 1), ``tercile``, ``households``, ``own_log_income`` (mean
        difference of the same households' log income), ``exit_buurt``, ``exit_buurt_without``, ``excess_exit_buurt``
        (shares that no longer live there), the same for ``wijk``, and ``always_stayed`` (share that still lives in the
        buurt in both).
    DataFrame
        One row per horizon, over households displaced by then that still exist: ``cohort``, ``horizon``,
        ``households``, ``returned`` (share in the wijk that they left), ``destination_gap`` (score of g − 1 of the
        buurt where they live, less that of where they would have lived) and ``destination_gain`` (less that of the
        buurt that they left).
    """
    wijk, score = setting.layout.wijk, history.liveability_score[cohort - 1 - int(history.years[0])]
    people, displaced = [], []
    home, home_wijk = residents.buurt, wijk[residents.buurt]
    for step, horizon in enumerate(HORIZONS[: len(factual.buurt)]):
        now, other = factual.buurt[step], without.buurt[step]
        alive = now >= 0
        out, out_other = now != home, other != home
        far, far_other = wijk[now] != home_wijk, wijk[other] != home_wijk
        gain = factual.log_income[step] - without.log_income[step]
        for third, name in enumerate((*TERCILES, "all")):
            who = alive & ((residents.tercile == third) | (name == "all"))
            means = [_mean(values[who]) for values in (gain, out, out_other, far, far_other, ~out & ~out_other)]
            own, left, left_other, gone, gone_other, both = means
            buurt_exits = (left, left_other, left - left_other)
            wijk_exits = (gone, gone_other, gone - gone_other)
            people.append((cohort, horizon, name, int(who.sum()), own, *buurt_exits, *wijk_exits, both))
        who = alive & factual.forced[step]
        gap, moved = score[now[who]] - score[other[who]], score[now[who]] - score[home[who]]
        displaced.append((cohort, horizon, int(who.sum()), _mean(~far[who]), _mean(gap), _mean(moved)))
    return pd.DataFrame(people, columns=list(PEOPLE_COLUMNS)), pd.DataFrame(displaced, columns=list(DISPLACED_COLUMNS))


PEOPLE_COLUMNS = (
    "cohort",
    "horizon",
    "tercile",
    "households",
    "own_log_income",
    "exit_buurt",
    "exit_buurt_without",
    "excess_exit_buurt",
    "exit_wijk",
    "exit_wijk_without",
    "excess_exit_wijk",
    "always_stayed",
)
DISPLACED_COLUMNS = ("cohort", "horizon", "households", "returned", "destination_gap", "destination_gain")


def cohorts_of(run: Run) -> list[int]:
    """Return the cohorts of a simulation, first to last."""
    return [int(cohort) for cohort in np.unique(run.schedule.start_year)]


def _mean(values: NDArray[np.generic]) -> float:
    """Return a mean in double precision, missing where there is nothing."""
    return float(values.astype(np.float64).mean()) if len(values) else np.nan
