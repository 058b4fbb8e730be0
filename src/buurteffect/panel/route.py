"""The way from one year to another through the pairs of years that a crosswalk lists."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pandas as pd

from buurteffect.errors import DataError

ROUTES = ("auto", "direct", "chain")
_FLOWS = ["source_code", "target_code", "addresses_count", "weight_share"]


@dataclass(frozen=True, eq=False)
class Step:
    """One pair of years on the way.

    Attributes
    ----------
    year_from, year_to : int
        In the direction of travel.
    reverse : bool
        Whether the crosswalk lists the pair the other way round.
    flows : DataFrame
        One row per source and target in the direction of travel; empty where nothing changed.
    """

    year_from: int
    year_to: int
    reverse: bool
    flows: pd.DataFrame


def find_route(crosswalk: pd.DataFrame, year_from: int, year_to: int, route: str = "auto") -> list[Step]:
    """Return the steps from one year to another.

    The chain goes through every year that the crosswalk knows between the two, forwards or backwards. Two
    neighbouring years of which it lists no pair differ in nothing, if it knows both of them.

    Raises
    ------
    DataError
        If the direct pair is asked for and not listed, or the crosswalk does not know one of the two years.
    """
    if route not in ROUTES:
        raise DataError(
            "crosswalk", found=f"route {route!r}", expected=", ".join(ROUTES), action="choose one of these routes"
        )
    if year_from == year_to:
        raise DataError(
            "crosswalk",
            found=f"{year_from} as the year of the data and as the base year",
            expected="two different years",
            action="use identity_weights: the base year's own rows stay as they are",
        )
    pairs = set(map(tuple, crosswalk[["year_from", "year_to"]].drop_duplicates().to_numpy().tolist()))
    listed = not pairs.isdisjoint({(year_from, year_to), (year_to, year_from)})
    if route == "direct" and not listed:
        raise _no_way(pairs, year_from, year_to, "this pair is not listed", "take route='chain'")
    if route == "chain" or not listed:
        return _chain(crosswalk, pairs, year_from, year_to)
    return [_step(crosswalk, pairs, year_from, year_to)]


def _chain(crosswalk: pd.DataFrame, pairs: set[tuple[int, ...]], year_from: int, year_to: int) -> list[Step]:
    """Return one step per pair of neighbouring years that the crosswalk knows."""
    known = sorted({year for pair in pairs for year in pair})
    unknown = [year for year in (year_from, year_to) if year not in known]
    if unknown:
        raise _no_way(
            pairs,
            year_from,
            year_to,
            f"{unknown[0]} is in no pair",
            "choose years that the crosswalk covers, or count addresses in the files of both years",
        )
    low, high = sorted((year_from, year_to))
    years = [year for year in known if low <= year <= high]
    ordered = years if year_from < year_to else years[::-1]
    return [_step(crosswalk, pairs, first, second) for first, second in pairwise(ordered)]


def _step(crosswalk: pd.DataFrame, pairs: set[tuple[int, ...]], first: int, second: int) -> Step:
    """Return the flows between two years, turned round where the crosswalk lists them the other way."""
    reverse = (first, second) not in pairs and (second, first) in pairs
    ends = (second, first) if reverse else (first, second)
    rows = crosswalk[(crosswalk["year_from"] == ends[0]) & (crosswalk["year_to"] == ends[1])]
    if reverse:
        rows = rows.rename(columns={"source_code": "target_code", "target_code": "source_code"})
    return Step(first, second, reverse, rows[_FLOWS].sort_values(["source_code", "target_code"], ignore_index=True))


def _no_way(pairs: set[tuple[int, ...]], year_from: int, year_to: int, why: str, action: str) -> DataError:
    """Return the error for two years without a way between them."""
    years = sorted({year for pair in pairs for year in pair})
    return DataError(
        "crosswalk",
        found=f"no way from {year_from} to {year_to}: {why}",
        expected=f"years between {years[0]} and {years[-1]}, among {', '.join(map(str, years))}" if years else "rows",
        action=action,
    )
