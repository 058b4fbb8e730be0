"""Those who lived somewhere the year before treatment, wherever they live later, beside those compared with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.panel.persons.study import PersonStudy

HORIZONS = (-3, -2, -1, 1, 2, 3, 4, 5, 6, 7, 8)
"""Years after 1 January of g − 1 at which residents are looked up; below 0 before it."""

YEARS_AFTER = (1, 8)
"""Years over which later figures are averaged: the longest span that the branches of a synthetic country have."""

WINDOWS = {"mean": YEARS_AFTER, "near": (1, 4), "late": (5, 8)}
WORKING_AGES = (18, 64)
GROWTH_YEARS = 3
_FOLLOWED = ("log_income", "employed", "in_register", "in_buurt", "in_wijk", "comers_high_share")

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Residents:
    """Residents of every cohort on 1 January of g − 1 beside those of areas or blocks it is compared with.

    Attributes
    ----------
    frame : DataFrame
        One row per cohort and resident. Of 1 January of g − 1: ``cohort, person, area_code, gemeente_code, tenure``,
        ``treated``, ``age, woman, nonwestern, working_age`` (then and at the last horizon), ``log_income`` and its mean
        over the three years before (``income_before``), ``growth_before``, the mean of the buurt (``area_income``) and
        the distance to it (``distance``), ``third`` (of the country's main earners by income, 0 the lowest), ``rising``
        (growth among the highest third), ``demolished_year`` of the dwelling and ``built_owner_share`` of the buurt.
        Of horizon h: ``log_income_h`` (of the household to which the person then belongs), ``employed_h``,
        ``in_register_h``, and whether the person then lives ``in_buurt_h`` or ``in_wijk_h`` (0 or 1, missing where not
        in the register); ``comers_high_share_h``: of the main earners then in the buurt of g − 1, the share who came
        since and are of the highest third. ``log_income_mean`` and ``employed_mean`` are means over the known years of
        `WINDOWS`; ``_near`` and ``_late`` those of its halves.
    horizons : tuple of int
        Those that are in the frame.
    """

    frame: pd.DataFrame
    horizons: tuple[int, ...]


def residents_of_areas(study: PersonStudy, horizons: Sequence[int] = HORIZONS) -> Residents:
    """Return the main earners of every cohort's buurten on 1 January of g − 1, and those of untreated buurten then.

    Compared are residents of the same gemeente: the labour market is theirs too.

    Raises
    ------
    ProjectError
        If no cohort has its year before treatment in the panel.
    """
    areas = study.areas.set_index("area_code")
    tracks = _Tracks(study)
    cohort_of = areas["cohort_year"].reindex(tracks.area_names).to_numpy(dtype=float)
    free = (areas["status"].reindex(tracks.area_names) == "untreated").to_numpy()
    parts = []
    for cohort in study.cohorts:
        base = tracks.base(cohort - 1)
        if base is not None:
            place = tracks.area[base, tracks.place(cohort - 1)]
            mine = cohort_of[place] == cohort
            outer = tracks.gemeente_code[place]
            chosen = mine | (free[place] & np.isin(outer, np.unique(outer[mine])))
            parts.append(tracks.frame(cohort, base[chosen], mine[chosen], horizons))
    return _together(parts, horizons)


def residents_of_blocks(study: PersonStudy, horizons: Sequence[int] = (-3, -2, -1, 1, 2, 3, 4, 5)) -> Residents:
    """Return the main earners of dwellings demolished in a year, and of dwellings demolished later, a year before.

    A block is what is demolished in one year. The cohort is that year; compared are residents, on the same day, of
    dwellings in any treated buurt that are demolished only after the last horizon.
    """
    tracks = _Tracks(study)
    parts = []
    after = max(horizons)
    for cohort in range(min(study.cohorts, default=0), study.years[-1] + 1):
        base = tracks.base(cohort - 1)
        if base is None:
            continue
        gone = tracks.demolished[base, tracks.place(cohort - 1)]
        mine, later = gone == cohort, gone > cohort - 1 + after
        if mine.any() and later.any():
            chosen = mine | later
            parts.append(tracks.frame(cohort, base[chosen], mine[chosen], horizons))
    return _together(parts, horizons)


def _together(parts: list[pd.DataFrame], horizons: Sequence[int]) -> Residents:
    """Put the cohorts together."""
    if not parts:
        raise ProjectError("no cohort has residents the year before treatment beside others to compare them with")
    return Residents(pd.concat(parts, ignore_index=True), tuple(horizons))


class _Tracks:
    """The panel as matrices of person by year."""

    def __init__(self, study: PersonStudy) -> None:
        """Turn the columns of the panel into matrices."""
        people = study.people
        self.years = study.years
        self._row = people["person"].to_numpy().astype(np.int64)
        self._column = people["year"].to_numpy().astype(np.int64) - self.years[0]
        if self.years != list(range(self.years[0], self.years[-1] + 1)):
            raise ProjectError("residents are followed year by year: read the person panel without gaps between years")
        area, wijk = people["buurt_code"].cat, people["wijk_code"].cat
        self.area_names = area.categories.astype("str")
        wijk_of = pd.Series(wijk.codes.to_numpy()).groupby(area.codes.to_numpy()).first()
        self.wijk_of_area = wijk_of.reindex(range(len(self.area_names)), fill_value=-1).to_numpy()
        self.area = self._matrix(area.codes.to_numpy(), -1, np.int32)
        self.income = self._matrix(people["log_income"].to_numpy(), np.nan, np.float32)
        self.employed = self._matrix(_as_float(people["employed"]), np.nan, np.float32)
        self.counted = self._matrix(people["main_earner"].to_numpy(), False, np.bool_)
        self.demolished = self._matrix(people["demolished_year"].to_numpy(), np.nan, np.float32)
        self.tenure = self._matrix(people["tenure"].cat.codes.to_numpy(), -1, np.int8)
        self.tenure_names = people["tenure"].cat.categories
        last = people.drop_duplicates("person", keep="last")
        number = self.area.shape[0]
        self.birth = np.zeros(number, dtype=np.int64)
        self.woman, self.nonwestern = np.zeros(number, dtype=bool), np.zeros(number, dtype=bool)
        code = last["person"].to_numpy()
        self.birth[code] = last["year"].to_numpy().astype(np.int64) - 1 - last["age"].to_numpy()
        self.woman[code] = (last["sex"] == "female").to_numpy()
        self.nonwestern[code] = last["origin_nonwestern"].to_numpy()
        outer = study.areas.set_index("area_code")
        self.gemeente = outer["gemeente_code"].reindex(self.area_names)
        self.gemeente_code = pd.factorize(self.gemeente)[0]
        self.built = outer["built_owner_share"].reindex(self.area_names).fillna(0.0).to_numpy(dtype=float)
        self._comers: dict[tuple[int, int], Floats] = {}

    def _matrix(self, values: NDArray[np.generic], empty: float | bool, kind: type) -> NDArray[np.generic]:
        """Return one value per row of the panel as persons by years."""
        shape = int(self._row.max(initial=-1)) + 1, len(self.years)
        found: NDArray[np.generic] = np.full(shape, empty, dtype=kind)
        found[self._row, self._column] = values
        return found

    def place(self, year: int) -> int:
        """Return the column of a year."""
        return year - self.years[0]

    def base(self, year: int) -> Integers | None:
        """Return the main earners on 1 January of a year, None if it is not in the panel."""
        return np.flatnonzero(self.counted[:, self.place(year)]) if year in self.years else None

    @cached_property
    def thirds(self) -> NDArray[np.int8]:
        """Third of the country's main earners by known income, 0 the lowest, -1 unknown; persons by years."""
        found = np.full(self.income.shape, -1, dtype=np.int8)
        for column in range(len(self.years)):
            income = np.where(self.counted[:, column], self.income[:, column], np.nan)
            known = ~np.isnan(income)
            cuts = np.quantile(income[known], [1 / 3, 2 / 3])
            found[known, column] = np.searchsorted(cuts, income[known], side="right")
        return found

    def comers_high(self, base: int, later: int) -> Floats:
        """Return by area the share of main earners who came since the base year and are of the highest third."""
        if (base, later) not in self._comers:
            here = np.flatnonzero(self.counted[:, later])
            now = self.area[here, later]
            fresh = (self.area[here, base] != now) & (self.thirds[here, later] == 2)
            number = np.bincount(now, minlength=len(self.area_names))
            share = np.bincount(now, weights=fresh, minlength=len(self.area_names)) / np.maximum(number, 1)
            self._comers[base, later] = np.where(number > 0, share, np.nan)
        return self._comers[base, later]

    def frame(
        self, cohort: int, persons: Integers, treated: NDArray[np.bool_], horizons: Sequence[int]
    ) -> pd.DataFrame:
        """Return the rows of one cohort."""
        year, at = cohort - 1, self.place(cohort - 1)
        area, income = self.area[persons, at], self.income[persons, at].astype(float)
        early = self.income[persons, max(at - GROWTH_YEARS, 0)].astype(float) if at >= GROWTH_YEARS else np.nan
        growth = income - early
        known = ~np.isnan(income)
        number = np.bincount(area[known], minlength=len(self.area_names))
        mean = np.bincount(area[known], weights=income[known], minlength=len(self.area_names)) / np.maximum(number, 1)
        age = year - 1 - self.birth[persons]
        last = min(max(horizons), self.years[-1] - year)
        columns = {
            "cohort": np.full(len(persons), cohort),
            "person": persons,
            "area_code": pd.Categorical.from_codes(area, self.area_names),
            "gemeente_code": pd.Categorical(self.gemeente.to_numpy(dtype=object)[area]),
            "tenure": pd.Categorical.from_codes(self.tenure[persons, at], self.tenure_names),
            "treated": treated,
            "age": age,
            "woman": self.woman[persons],
            "nonwestern": self.nonwestern[persons],
            "working_age": (age >= WORKING_AGES[0]) & (age + last <= WORKING_AGES[1]),
            "log_income": income,
            "income_before": _mean_before(self.income[persons, max(at - GROWTH_YEARS, 0) : at], income),
            "growth_before": growth,
            "distance": income - mean[area],
            "area_income": mean[area],
            "third": self.thirds[persons, at],
            "rising": growth >= np.nanquantile(growth, 2 / 3) if np.isfinite(growth).any() else False,
            "demolished_year": self.demolished[persons, at],
            "built_owner_share": self.built[area],
        }
        for name, h, values in self._later(persons, area, at, horizons):
            columns[f"{name}_{_named(h)}"] = values
        for name in ("log_income", "employed"):
            for part, (low, high) in WINDOWS.items():
                inside = [h for h in horizons if low <= h <= high]
                columns[f"{name}_{part}"] = _mean_known([columns[f"{name}_{h}"] for h in inside], len(persons))
        return pd.DataFrame(columns)

    def _later(
        self, persons: Integers, area: NDArray[np.int32], at: int, horizons: Sequence[int]
    ) -> Iterator[tuple[str, int, Floats | float]]:
        """Yield what becomes of residents at each horizon; missing beyond the panel."""
        for h in horizons:
            column = at + h
            if not 0 <= column < len(self.years):
                yield from ((name, h, np.nan) for name in _FOLLOWED)
                continue
            there = self.area[persons, column]
            seen = there >= 0
            yield "log_income", h, self.income[persons, column]
            yield "employed", h, self.employed[persons, column]
            yield "in_register", h, seen.astype(np.float32)
            yield "in_buurt", h, np.where(seen, there == area, np.nan).astype(np.float32)
            same = self.wijk_of_area[np.maximum(there, 0)] == self.wijk_of_area[area]
            yield "in_wijk", h, np.where(seen, same, np.nan).astype(np.float32)
            if h > 0:
                yield "comers_high_share", h, self.comers_high(at, column)[area].astype(np.float32)


def _named(horizon: int) -> str:
    """Return a horizon as the end of a column's name.

    Examples
    --------
    >>> _named(7), _named(-2)
    ('7', 'minus_2')
    """
    return str(horizon) if horizon >= 0 else f"minus_{-horizon}"


def _mean_known(columns: Sequence[Floats | float], rows: int) -> Floats:
    """Return the mean over the columns in which a row is known, NaN where it is known in none."""
    if not columns:
        return np.full(rows, np.nan)
    values = np.column_stack([np.broadcast_to(column, rows) for column in columns]).astype(float)
    number = (~np.isnan(values)).sum(axis=1)
    return np.where(number > 0, np.nansum(values, axis=1) / np.maximum(number, 1), np.nan)


def _mean_before(earlier: NDArray[np.generic], now: Floats) -> Floats:
    """Return the mean of the known incomes before, today's where none is known."""
    found = _mean_known(list(earlier.astype(float).T), len(now))
    return np.where(np.isnan(found), now, found)


def _as_float(values: pd.Series) -> Floats:
    """Return a column of truth values as 0 and 1, NaN where missing."""
    return np.asarray(values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
