"""The true effects of a synthetic country. Nothing that estimates may read this."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, fields

import numpy as np
import pandas as pd

from buurteffect.synthetic.simulation.run import Run, first_choice, simulate
from buurteffect.synthetic.simulation.snapshot import LAST_YEAR, Setting, Snapshot, prepare
from buurteffect.synthetic.truth.composition import flow_differences
from buurteffect.synthetic.truth.contrasts import (
    AREA_COLUMNS,
    area_effects,
    classify_places,
    differences,
    group_effects,
    late_effects,
    ledger,
    place_effects,
)
from buurteffect.synthetic.truth.counterfactual_branches import (
    DISPLACED_COLUMNS,
    PEOPLE_COLUMNS,
    BranchPoint,
    Trajectories,
    branch_points,
    cohorts_of,
    compare,
    find_residents,
    follow,
    follow_branch,
)
from buurteffect.synthetic.truth.waterbed import SEEN_COLUMNS, seen_effects
from buurteffect.synthetic.world.parameters import WorldParameters
from buurteffect.synthetic.world.world import History, Residence

_DWELLINGS_WORTH_A_PROCESS = 20_000


@dataclass(frozen=True, eq=False)
class Truth:
    """True effects in one country.

    Means over buurten count every buurt once; as every buurt holds the same number of simulated dwellings, they are
    means over simulated dwellings too. Means over households count every household once.

    Attributes
    ----------
    place : DataFrame
        ATT(g, e): see `place_effects`.
    late : DataFrame
        ATT over event times 6-9, against no policy at all and since g − 1: see `late_effects`.
    groups : DataFrame
        Effects by group of buurten and year: see `group_effects`.
    ledger : DataFrame
        The waterbed's books: see `ledger`.
    people, displaced : DataFrame
        Effects on the residents of g − 1, and on those displaced: see `compare`.
        Without rows if person effects were not asked for.
    seen : DataFrame
        The waterbed in the terms of an exposure mapping: see `seen_effects`.
    areas : DataFrame
        Effects by buurt and year: see `area_effects`.
    """

    place: pd.DataFrame
    late: pd.DataFrame
    groups: pd.DataFrame
    ledger: pd.DataFrame
    people: pd.DataFrame
    displaced: pd.DataFrame
    seen: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SEEN_COLUMNS)))
    areas: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(AREA_COLUMNS)))

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the tables by name."""
        return {member.name: getattr(self, member.name) for member in fields(self)}


def draw_truth(
    parameters: WorldParameters,
    seed: int,
    size: str,
    *,
    people: bool = True,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Setting, Run, Truth]:
    """Simulate a country with and without its policy, and each cohort's branch, and compare.

    Parameters
    ----------
    parameters : WorldParameters
        The country's parameters.
    seed : int
        Its seed.
    size : str
        One of `SIZES`.
    people : bool
        Whether to work out the effects on households, which needs a branch for every cohort.
    workers : int, optional
        Processes beside this one: 0 or 1. Left out, 1 if the country is large enough for it to pay and there is a
        second core. The results are the same.
    progress : callable, optional
        Called with every year of the factual simulation that is done.

    Returns
    -------
    Setting, Run, Truth
        The country's givens, its factual simulation and its true effects.
    """
    setting = prepare(parameters, seed, size)
    if workers is None:
        large = setting.layout.buurten * setting.layout.dwellings >= _DWELLINGS_WORTH_A_PROCESS
        workers = int(large and (os.cpu_count() or 1) > 1 and multiprocessing.parent_process() is None)
    announced = range(parameters.policy.first_announcement, parameters.policy.last_announcement + 1)
    parting = min(first_choice(setting), LAST_YEAR)
    kept = frozenset((parting, *announced) if people else (parting,))
    if not workers:
        factual = simulate(setting, keep_people=people, snapshots=kept, progress=progress)
        without = _without_policy(setting, factual.snapshots[parting], people)
        trajectories = [follow_branch(setting, point) for point in branch_points(factual)] if people else []
        return setting, factual, _truth(setting, factual, without, trajectories)
    key, other = (parameters, seed, size), list[Future[tuple[History, Residence]]]()
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        pool.submit(_get_ready, *key)

        def part(state: Snapshot) -> None:
            """Let the other process go on without policy from where the two part."""
            if state.year == parting:
                other.append(pool.submit(_without_policy_elsewhere, *key, state, people))

        factual = simulate(setting, keep_people=people, snapshots=kept, reached=part, progress=progress)
        trajectories = _follow_in_two_processes(pool, key, branch_points(factual), setting) if people else []
        return setting, factual, _truth(setting, factual, other[0].result(), trajectories)


def _follow_in_two_processes(
    pool: ProcessPoolExecutor, key: tuple[WorldParameters, int, str], points: list[BranchPoint], here: Setting
) -> list[Trajectories]:
    """Work through the branches in two processes: the other from the last, this one from the first, until they meet."""
    done: dict[int, Trajectories | Future[Trajectories]] = {}
    front, back = 0, len(points) - 1
    running: Future[Trajectories] | None = None
    while front <= back:
        if running is None or running.done():
            running = done[back] = pool.submit(_branch_elsewhere, *key, points[back])
            back -= 1
        else:
            done[front] = follow_branch(here, points[front])
            front += 1
    found = [done[place] for place in range(len(points))]
    return [track.result() if isinstance(track, Future) else track for track in found]


def _get_ready(parameters: WorldParameters, seed: int, size: str) -> None:
    """Import what another process needs, and let it draw the map, which it remembers."""
    prepare(parameters, seed, size)


def _without_policy(setting: Setting, parting: Snapshot, people: bool) -> tuple[History, Residence]:
    """Simulate what becomes of a country without policy from the 1 January up to which nothing was decided."""
    run = simulate(setting, without="all", start=parting, keep_people=people)
    return run.history, run.residence


def _without_policy_elsewhere(
    parameters: WorldParameters, seed: int, size: str, parting: Snapshot, people: bool
) -> tuple[History, Residence]:
    """Do so in another process."""
    return _without_policy(prepare(parameters, seed, size), parting, people)


def _branch_elsewhere(parameters: WorldParameters, seed: int, size: str, point: BranchPoint) -> Trajectories:
    """Follow a branch in another process."""
    return follow_branch(prepare(parameters, seed, size), point)


def _truth(setting: Setting, factual: Run, other: tuple[History, Residence], trajectories: list[Trajectories]) -> Truth:
    """Compare the simulations."""
    history, schedule, (without, residence) = factual.history, factual.schedule, other
    spacing = np.array(setting.parameters.map.spacing_m.values())[setting.layout.kind]
    places, effect = classify_places(setting.layout, spacing, schedule, history), differences(history, without)
    rank = setting.parameters.population.low_income_rank
    parts = flow_differences(factual.residence, residence, rank) if trajectories else {}
    place = place_effects(schedule, history.years, effect | parts)
    people, displaced = [pd.DataFrame(columns=list(PEOPLE_COLUMNS))], [pd.DataFrame(columns=list(DISPLACED_COLUMNS))]
    if trajectories:
        pairs = zip(cohorts_of(factual), trajectories, strict=True)
        compared = [_compare(setting, factual, cohort, without_it) for cohort, without_it in pairs]
        people, displaced = [pair[0] for pair in compared], [pair[1] for pair in compared]
    return Truth(
        place=place,
        late=late_effects(place),
        groups=group_effects(places, history.years, effect),
        ledger=ledger(places, history.years, effect),
        people=pd.concat(people, ignore_index=True),
        displaced=pd.concat(displaced, ignore_index=True),
        seen=seen_effects(setting.layout, schedule, history, effect),
        areas=area_effects(setting.geography.buurten["buurt_code"].to_numpy(dtype=object), history.years, effect),
    )


def _compare(setting: Setting, factual: Run, cohort: int, without: Trajectories) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare a cohort's residents in the country as it was and in its branch."""
    residents = find_residents(factual.residence, factual.schedule, cohort)
    trajectories = follow(factual.residence, residents, cohort)
    return compare(setting, factual.history, cohort, residents, trajectories, without)
