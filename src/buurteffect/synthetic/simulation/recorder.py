"""What is written down of a simulation while its years pass."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.policy import Schedule, Works
from buurteffect.synthetic.simulation.prices import log_value
from buurteffect.synthetic.simulation.snapshot import FIRST_PANEL_YEAR, FIRST_YEAR, Setting, Snapshot
from buurteffect.synthetic.simulation.transition import Stock
from buurteffect.synthetic.world.world import History, Households, Residence, Tenure

_ARRAYS = tuple(array.name for array in fields(History) if array.name != "years")
PROJECT_COLUMNS = (
    "project_id",
    "buurt_code",
    "announce_year",
    "start_year",
    "end_year",
    "demolished_social",
    "built_owner",
    "built_social",
    "built_private",
    "dose",
)


class Recorder:
    """Collects the `years` of one simulation, with who lives where if `keep_people`."""

    def __init__(self, setting: Setting, years: range, keep_people: bool) -> None:
        self._setting, self._years = setting, years
        shape = len(years), setting.layout.buurten
        self._arrays = {name: np.zeros(shape) for name in _ARRAYS}
        self._projects: list[tuple[object, ...]] = []
        people_shape = (len(years) if keep_people else 0), setting.layout.buurten * setting.layout.dwellings
        self._people_years = np.array(years if keep_people else (), dtype=np.int64)
        self._household = np.empty(people_shape, np.int32)
        self._tenure, self._arrival = np.empty(people_shape, np.int8), np.empty(people_shape, np.int8)
        self._built, self._forced = np.empty(people_shape, np.int16), np.empty(people_shape, np.bool_)
        self._income = np.empty(people_shape, np.float32)
        self._entered: list[tuple[NDArray[Any], ...]] = []
        self._exits: list[tuple[NDArray[np.int32], int]] = []
        self._before: NDArray[np.int32] | None = None

    def add(self, state: Snapshot, stock: Stock) -> NDArray[np.float64]:
        """Record a 1 January; return its published scores."""
        setting, row = self._setting, self._years.index(state.year)
        published: NDArray[np.float64] = stock.score + setting.paths.instrument[state.year - FIRST_YEAR]
        values = {
            "liveability_score": stock.score,
            "published_liveability_score": published,
            "low_income_share": stock.low_income,
            "lowest40_share": stock.lowest40,
            "nonwestern_share": stock.nonwestern,
            "mean_log_income": stock.mean_log_income,
            "social_share": stock.social,
            "owner_share": stock.owner,
            "private_share": 1 - stock.social - stock.owner,
            "log_woz": log_value(
                setting.parameters.price,
                setting.layout,
                setting.draws,
                state.year,
                score=stock.score,
                owner=stock.owner,
                exposure=stock.exposure,
            ),
            **state.flows,
        }
        for name, value in values.items():
            self._arrays[name][row] = value
        if len(self._people_years):
            self._add_people(row, state, stock)
        return published

    def _add_people(self, row: int, state: Snapshot, stock: Stock) -> None:
        """Record who lives where on a 1 January, and who has come and gone."""
        self._household[row] = state.household[state.occupant]
        self._tenure[row], self._arrival[row] = state.tenure, state.arrival
        self._built[row], self._forced[row] = state.built_year, state.forced
        self._income[row] = stock.log_income
        if self._before is None:
            came = np.arange(len(state.household))
        else:
            came = np.flatnonzero(state.household != self._before)
            self._exits.append((self._before[came], state.year))
        people = state.people
        self._entered.append(
            (came, people.entry_year[came], people.birth_year[came], people.nonwestern[came], people.permanent[came])
        )
        self._before = state.household

    def register(self, works: Works, active: Schedule, year: int) -> None:
        """Register the projects that start in a year, as they are planned."""
        layout, codes = self._setting.layout, self._setting.geography.buurten["buurt_code"]
        starting = active.keep(active.start_year == year)
        for buurt, announced in zip(starting.buurt, starting.announce_year, strict=True):
            own = slice(buurt * layout.dwellings, (buurt + 1) * layout.dwellings)
            gone = works.demolition_year[own] > 0
            built = np.bincount(works.replacement[own][gone], minlength=len(Tenure))
            end = int(works.demolition_year[own].max()) if gone.any() else year
            self._projects.append(
                (
                    f"PR{90_001 + len(self._projects)}",
                    codes.iloc[buurt],
                    int(announced),
                    year,
                    end,
                    int(gone.sum()),
                    int(built[Tenure.OWNER]),
                    int(built[Tenure.SOCIAL]),
                    int(built[Tenure.PRIVATE]),
                    gone.sum() / layout.dwellings,
                )
            )

    def history(self) -> History:
        """Return the buurten by year."""
        return History(years=np.array(self._years, dtype=np.int64), **self._arrays)

    def projects(self) -> pd.DataFrame:
        """Return the projects that have started, one row each."""
        return pd.DataFrame(self._projects, columns=list(PROJECT_COLUMNS))

    def residence(self) -> Residence:
        """Return who lived where."""
        return Residence(
            years=self._people_years,
            buurt=self._setting.buurt_of_dwelling.astype(np.int32),
            household=self._household,
            tenure=self._tenure,
            built_year=self._built,
            log_income=self._income,
            arrival=self._arrival,
            forced=self._forced,
        )

    def households(self) -> Households:
        """Return the panel's households in the order of their rows; none if it was not recorded from its start."""
        if not len(self._people_years) or self._people_years[0] != FIRST_PANEL_YEAR:
            self._entered, self._exits = [], []
        kinds = (np.uint64, np.int16, np.int16, np.bool_, np.float32)
        parts: Any = zip(*self._entered, strict=True) if self._entered else [(np.empty(0),) for _ in kinds]
        columns: list[Any] = [np.concatenate(part).astype(kind) for part, kind in zip(parts, kinds, strict=True)]
        slot, entry, birth, nonwestern, permanent = columns
        exit_year = np.full(len(slot), self._years[-1] + 1, dtype=np.int16)
        for rows, year in self._exits:
            exit_year[rows] = year
        key = (entry.astype(np.uint64) << np.uint64(32)) + slot
        return Households(key, entry, exit_year, birth, nonwestern, permanent)
