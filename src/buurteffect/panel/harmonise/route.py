"""The way from one year to another through the pairs of years that a crosswalk lists."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError


@dataclass(frozen=True, eq=False)
class Step:
    """One pair of years on the way.

    Attributes
    ----------
    year_from, year_to : int
        In the direction of travel.
    reverse : bool
        Whether the crosswalk lists the pair the other way round.
    source, target : ndarray of int, shape (flows,)
        Places of the codes among all codes of the crosswalk, in the direction of travel, sorted by source, then
        target; empty where nothing changed.
    addresses, share : ndarray of float, shape (flows,)
        Addresses in both, and the share of the source that the file gives; NaN where it gives none.
    """

    year_from: int
    year_to: int
    reverse: bool
    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    addresses: npt.NDArray[np.float64]
    share: npt.NDArray[np.float64]


class Flows:
    """All flows of a crosswalk by their pair of years, with numbers for codes.

    Parameters
    ----------
    crosswalk : DataFrame
        One row per pair of codes in a pair of years (`schema.boundaries.CROSSWALK`), one level.
    """

    def __init__(self, crosswalk: pd.DataFrame) -> None:
        """Give every code a number in their order, and find the rows of each pair of years."""
        ends = pd.concat([crosswalk["source_code"], crosswalk["target_code"]])
        numbers, codes = pd.factorize(ends, sort=True)
        self.codes = pd.Index(codes, dtype="str")
        self._source, self._target = np.split(np.asarray(numbers, dtype=np.int64), 2)
        self._addresses, self._share = (_numbers(crosswalk[name]) for name in ("addresses_count", "weight_share"))
        years = crosswalk.groupby(["year_from", "year_to"]).indices
        self._rows = {(int(first), int(second)): rows for (first, second), rows in years.items()}

    @property
    def pairs(self) -> frozenset[tuple[int, int]]:
        """The pairs of years that are listed."""
        return frozenset(self._rows)

    def named_in(self, year: int) -> npt.NDArray[np.int64]:
        """Return the numbers of the codes that stand in a year, ascending."""
        here = [self._source[rows] for (first, _), rows in self._rows.items() if first == year]
        here += [self._target[rows] for (_, second), rows in self._rows.items() if second == year]
        return np.unique(np.concatenate(here)) if here else np.empty(0, dtype=np.int64)

    def step(self, first: int, second: int) -> Step:
        """Return the flows between two years, turned round where the crosswalk lists them the other way."""
        reverse = (first, second) not in self._rows and (second, first) in self._rows
        rows = self._rows.get((second, first) if reverse else (first, second), np.empty(0, dtype=np.int64))
        ends = (self._target, self._source) if reverse else (self._source, self._target)
        source, target = (end[rows] for end in ends)
        order = np.lexsort((target, source))
        values = (column[rows][order] for column in (self._addresses, self._share))
        return Step(first, second, reverse, source[order], target[order], *values)


def _numbers(values: pd.Series) -> npt.NDArray[np.float64]:
    """Return a column as numbers, NaN where missing."""
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def find_route(pairs: frozenset[tuple[int, int]], year_from: int, year_to: int) -> list[tuple[int, int]]:
    """Return the pairs of years that lead from one year to another, in the direction of travel.

    The direct way is taken where it is listed, since a chain spreads every intermediate area evenly. The chain goes
    through every year that the crosswalk knows between the two, forwards or backwards. Two neighbouring years of
    which it lists no pair differ in nothing, if it knows both of them.

    Raises
    ------
    DataError
        If the years are the same, or the crosswalk does not know one of them.
    """
    if year_from == year_to:
        raise DataError(
            "crosswalk",
            found=f"{year_from} as the year of the data and as the base year",
            expected="two different years",
            action="use identity_weights: the base year's own rows stay as they are",
        )
    if not pairs.isdisjoint({(year_from, year_to), (year_to, year_from)}):
        return [(year_from, year_to)]
    known = sorted({year for pair in pairs for year in pair})
    unknown = [year for year in (year_from, year_to) if year not in known]
    if unknown:
        raise DataError(
            "crosswalk",
            found=f"no way from {year_from} to {year_to}: {unknown[0]} is in no pair",
            expected=f"years of the crosswalk: {', '.join(map(str, known)) or 'it has none'}",
            action="choose years that the crosswalk covers, or count addresses in the files of both years",
        )
    low, high = sorted((year_from, year_to))
    years = [year for year in known if low <= year <= high]
    return list(pairwise(years if year_from < year_to else years[::-1]))
