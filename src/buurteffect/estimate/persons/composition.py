"""Decomposition of the change of a neighbourhood's mean: change of stayers, and selection of entry and of exit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.weighted_stats import Floats

COMERS = {
    "same_gemeente": "from the same gemeente",
    "elsewhere": "from elsewhere in the country",
    "new": "new in the register",
    "formed": "counted since: the main earner changed, or the household is new",
    "unknown": "figure unknown before",
}
"""Where those come from who are counted at the end and not among the stayers."""

LEAVERS = {
    "forced": "moved, dwelling demolished",
    "same_gemeente": "moved within the gemeente",
    "elsewhere": "moved elsewhere in the country",
    "gone": "died or left the register",
    "merged": "no longer counted: the main earner changed, or the household ended",
    "unknown": "figure unknown after",
}
"""What became of those who are counted at the beginning and not among the stayers."""

WHOLE = ("total", "in_situ", "entry", "exit", "composition")
"""The change of the mean; stayers' own change; selectivity of entry and of exit; the last two together."""

TERMS = (*WHOLE, *(f"entry_{name}" for name in COMERS), *(f"exit_{name}" for name in LEAVERS))
_COUNTS = ("from_count", "to_count", "stayers_count")
_KEY = ("person", "year")

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class FlowColumns:
    """Names of the columns that the decomposition reads, besides ``person`` and ``year``.

    Parameters
    ----------
    outcome : str
        Figure of a person; missing where unknown. Shares are means of 0 and 1.
    area, outer : str
        Neighbourhood, and what holds it, both categories.
    counted : str
        Whether the person is one of those over whom the mean is taken, such as one per household.
    demolished : str
        Year in which the dwelling of the row is demolished; missing where it stands.
    """

    outcome: str
    area: str = "buurt_code"
    outer: str = "gemeente_code"
    counted: str = "main_earner"
    demolished: str = "demolished_year"


def decompose_flows(people: pd.DataFrame, columns: FlowColumns, pairs: Iterable[tuple[int, int]]) -> pd.DataFrame:
    r"""Decompose the change of every neighbourhood's mean between two years.

    With S those who are counted in the neighbourhood at both ends with a known figure, I_k the other residents at the
    end and O_k those at the beginning, by type,

    .. math:: \Delta\bar y = (\bar y_{S1} - \bar y_{S0}) + \sum_k i_k (\bar y_{I_k 1} - \bar y_{S1})
              - \sum_k o_k (\bar y_{O_k 0} - \bar y_{S0}),

    i_k and o_k their shares of those counted at the end and at the beginning: an identity.

    Parameters
    ----------
    people : DataFrame
        One row per person and year, everyone in the register, counted or not: it tells who left and who only moved.
    columns : FlowColumns
        Its columns.
    pairs : iterable of (int, int)
        Years to compare.

    Returns
    -------
    DataFrame
        One row per pair and neighbourhood: ``area_code, year_from, year_to``, `TERMS`, ``mean_from, mean_to``,
        ``from_count, to_count, stayers_count``. A type without anybody adds 0. Without a stayer the parts are
        undefined and missing, as is everything where one end has nobody.

    Raises
    ------
    EstimationError
        If a person stands twice in a year, or a year has no rows.
    """
    require_numbers(people, ("person", "year", columns.outcome, columns.counted, columns.demolished), "table of people")
    require(people, (columns.area, columns.outer), "table of people")
    years = people.groupby("year", sort=False).indices
    view = _View(people, columns)
    tables = []
    for first, second in pairs:
        lacking = [year for year in (first, second) if year not in years]
        if lacking:
            raise EstimationError(f"nobody is in the panel in {lacking[0]}: choose years among those of the people")
        tables.append(_pair(view, years[first], years[second], int(first), int(second)))
    return pd.concat(tables, ignore_index=True)


def chain_flows(yearly: pd.DataFrame) -> pd.DataFrame:
    """Return the cumulative sums of yearly parts, so that estimators of changes of levels work on parts as on the mean.

    Parameters
    ----------
    yearly : DataFrame
        From `decompose_flows`, successive years.

    Returns
    -------
    DataFrame
        One row per neighbourhood and year, the first included: ``area_code, year`` and `TERMS`. From the first pair
        without a stayer on, a neighbourhood's parts are missing.

    Raises
    ------
    EstimationError
        If the pairs do not follow each other.
    """
    require_numbers(yearly, ("year_from", "year_to", *TERMS), "table of flows")
    require(yearly, ("area_code",), "table of flows")
    pairs = sorted(set(zip(yearly["year_from"], yearly["year_to"], strict=True)))
    if not pairs:
        raise EstimationError("the table of flows has no rows: there is nothing to chain")
    if any(first[1] != second[0] for first, second in pairwise(pairs)):
        raise EstimationError("chained parts need pairs of years that follow each other")
    rows = yearly.sort_values(["area_code", "year_to"], kind="stable")
    values = rows[list(TERMS)].groupby(rows["area_code"], sort=False).cumsum(skipna=False)
    later = pd.concat([rows[["area_code"]], rows["year_to"].rename("year"), values], axis=1)
    start = pd.DataFrame({"area_code": rows["area_code"].unique(), "year": pairs[0][0]})
    start = start.assign(**dict.fromkeys(TERMS, 0.0))
    chained = pd.concat([start, later], ignore_index=True)
    return chained.sort_values(["area_code", "year"], kind="stable", ignore_index=True)


class _View:
    """The columns of the people as plain arrays."""

    def __init__(self, people: pd.DataFrame, columns: FlowColumns) -> None:
        """Take them out once."""
        self.person = people["person"].to_numpy().astype(np.int64)
        self.size = int(self.person.max(initial=-1)) + 1
        area = people[columns.area].astype("category")
        self.names = area.cat.categories.astype("str")
        self.area = area.cat.codes.to_numpy().astype(np.int64)
        self.outer = people[columns.outer].astype("category").cat.codes.to_numpy().astype(np.int64)
        self.counted = people[columns.counted].to_numpy(dtype=bool)
        self.value = people[columns.outcome].astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
        self.demolished = people[columns.demolished].to_numpy(dtype=np.float64)

    def position(self, rows: Integers, year: int) -> Integers:
        """Return the row of every person in a year, -1 where there is none."""
        found = np.full(self.size, -1, dtype=np.int64)
        found[self.person[rows]] = rows
        if int((found >= 0).sum()) != len(rows):
            raise EstimationError(f"{len(rows) - int((found >= 0).sum()):,} rows of {year} repeat a person")
        return found

    def known(self, rows: Integers) -> Integers:
        """Return those rows that are counted with a known figure in a known place."""
        return np.asarray(rows[self.counted[rows] & ~np.isnan(self.value[rows]) & (self.area[rows] >= 0)])

    def sums(self, rows: Integers) -> tuple[Floats, Floats]:
        """Return number and sum of the figures of rows by area."""
        number, area = len(self.names), self.area[rows]
        count = np.bincount(area, minlength=number).astype(np.float64)
        return count, np.asarray(np.bincount(area, weights=self.value[rows], minlength=number), dtype=np.float64)


def _pair(view: _View, first: Integers, second: Integers, year_from: int, year_to: int) -> pd.DataFrame:
    """Take the change between two years apart."""
    before, after = view.position(first, year_from), view.position(second, year_to)
    old, new = view.known(first), view.known(second)
    then, now = after[view.person[old]], before[view.person[new]]
    left = _fate(view, old, then)
    forced = (left == "same_gemeente") | (left == "elsewhere")
    forced &= (view.demolished[old] >= year_from) & (view.demolished[old] < year_to)
    left[forced] = "forced"
    left[left == "absent"], left[left == "uncounted"] = "gone", "merged"
    came = _fate(view, new, now)
    came[came == "absent"], came[came == "uncounted"] = "new", "formed"
    stay = left == "stay"
    with np.errstate(invalid="ignore", divide="ignore"):
        table = _terms(view, (old, new), (old[stay], then[stay]), left, came)
    table.insert(0, "area_code", view.names)
    table.insert(1, "year_from", year_from)
    table.insert(2, "year_to", year_to)
    return table


def _fate(view: _View, rows: Integers, other: Integers) -> NDArray[np.object_]:
    """Return where the persons of rows are at the other end."""
    there = np.maximum(other, 0)
    same = view.area[there] == view.area[rows]
    return np.select(
        [
            other < 0,
            ~same & (view.outer[there] == view.outer[rows]),
            ~same,
            ~view.counted[there],
            np.isnan(view.value[there]),
        ],
        ["absent", "same_gemeente", "elsewhere", "uncounted", "unknown"],
        "stay",
    ).astype(object)


def _terms(
    view: _View,
    ends: tuple[Integers, Integers],
    stay: tuple[Integers, Integers],
    left: NDArray[np.object_],
    came: NDArray[np.object_],
) -> pd.DataFrame:
    """Return the parts of the change, by area."""
    old, new = ends
    (n0, sum0), (n1, sum1) = view.sums(old), view.sums(new)
    (stayers, ys0), (_, ys1) = view.sums(stay[0]), view.sums(stay[1])
    ys0, ys1 = ys0 / stayers, ys1 / stayers
    parts = {"total": sum1 / n1 - sum0 / n0, "in_situ": ys1 - ys0}
    for name in COMERS:
        count, total = view.sums(new[came == name])
        parts[f"entry_{name}"] = (total - count * ys1) / n1
    for name in LEAVERS:
        count, total = view.sums(old[left == name])
        parts[f"exit_{name}"] = -(total - count * ys0) / n0
    parts["entry"] = np.sum([parts[f"entry_{name}"] for name in COMERS], axis=0)
    parts["exit"] = np.sum([parts[f"exit_{name}"] for name in LEAVERS], axis=0)
    parts["composition"] = parts["entry"] + parts["exit"]
    counts = dict(zip(_COUNTS, (n0, n1, stayers), strict=True))
    table = pd.DataFrame({name: parts[name] for name in TERMS} | {"mean_from": sum0 / n0, "mean_to": sum1 / n1})
    return table.assign(**{name: values.astype(np.int64) for name, values in counts.items()})
