"""Tables on the areas of one year, and where their rows belong in the panel.

The Leefbaarometer and SES-WOA give all their years on the areas of one year, their boundary year: the last wave of
the Leefbaarometer, the year in the title of a table of SES-WOA. A code of that year means the same area in another
one only if a crosswalk says so; where none covers the two years, the code alone joins, and the row says that it does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.area_changes import changes_of
from buurteffect.panel.harmonise.weights import Crosswalk, is_among

AS_PUBLISHED = "as_published"
UNCHANGED_ONLY = "unchanged_only"
SAME_YEAR, ONE_TO_ONE, BY_CODE, NOT_JOINED = "same_vintage", "one_to_one", "by_code_unchecked", "not_joined"

_NEVER_NOISE = 1_000.0
_PLACED = ["area_code", "year", "boundary_year", "placed_code", "placed_year", "join", "reason"]


@dataclass(frozen=True, eq=False)
class Match:
    """Which areas of one year are areas of another.

    Attributes
    ----------
    pairs : Series of str
        Code of the other year by code, for areas that are one area there and nothing else.
    overlapping : frozenset of str
        Codes of the other year that share something with a code that is in no pair.
    """

    pairs: pd.Series
    overlapping: frozenset[str]


@dataclass(frozen=True, eq=False)
class Placed:
    """Where the rows of a table belong under one rule.

    Attributes
    ----------
    rows : DataFrame
        One row per row of the table, in its order: ``area_code, year, boundary_year``; ``placed_code`` and
        ``placed_year``, the area it stands for in the panel (missing where it has no place under the rule);
        ``join`` and, where that is not plain, ``reason``.
    overlapping : dict of int to frozenset of str
        By year, codes of the panel that a row which is not joined shares something with.
    """

    rows: pd.DataFrame
    overlapping: dict[int, frozenset[str]]


def match_codes(crosswalk: Crosswalk | None, boundary_year: int, year: int, codes: Collection[str]) -> Match | None:
    """Return which areas of one year are areas of another, or None where no crosswalk covers the two.

    Flows below the floor of `weights.Floor` are noise here as they are in harmonisation. An area that the
    crosswalk does not list while it covers the two years has not changed.

    Examples
    --------
    >>> crosswalk = pd.DataFrame(
    ...     {
    ...         "year_from": 2016, "year_to": 2022, "level": "wijk", "weight_share": None,
    ...         "source_code": ["WK000101", "WK000101"], "target_code": ["WK000101", "WK000102"],
    ...         "addresses_count": [60.0, 40.0],
    ...     }
    ... )
    >>> match_codes(Crosswalk(crosswalk), 2022, 2016, ["WK000101", "WK000102", "WK000103"]).pairs.to_dict()
    {'WK000103': 'WK000103'}
    """
    if crosswalk is None:
        return None
    key = ("match", boundary_year, year, frozenset(codes))
    return crosswalk.remember(key, lambda: _match(crosswalk, boundary_year, year, codes))


def _match(crosswalk: Crosswalk, boundary_year: int, year: int, codes: Collection[str]) -> Match | None:
    """Work out which areas of one year are areas of another."""
    counted = crosswalk.remember("counted", lambda: _counted(crosswalk))
    try:
        weights = counted.weights(boundary_year, year, {boundary_year: codes, year: codes})
    except DataError:
        return None
    shares = weights.shares
    mine = is_among(shares.sources, codes)[shares.source]
    single = mine & changes_of(weights).whole_sources[shares.source]
    pairs = pd.Series(shares.targets[shares.target[single]], index=shares.sources[shares.source[single]])
    return Match(pairs, frozenset(shares.targets[shares.target[mine & ~single]]))


def _counted(crosswalk: Crosswalk) -> Crosswalk:
    """Return a crosswalk in which every flow has addresses.

    Only who shares with whom matters here: where none are given, every flow that is listed counts.
    """
    counts = crosswalk.frame["addresses_count"]
    if not counts.isna().any():
        return crosswalk
    return Crosswalk(crosswalk.frame.assign(addresses_count=counts.fillna(_NEVER_NOISE)))


def place(
    frame: pd.DataFrame,
    rule: str,
    base_year: int | None,
    crosswalk: Crosswalk | None,
    unchanged: pd.Index | None = None,
) -> Placed:
    """Return where the rows of a table belong.

    As published, a row belongs to its code's area of its own year if that is the same area as in the boundary year, and
    stands by itself, in the boundary year, if it is not. Brought to a base year, it belongs to the area of
    that year that it is one to one, and has no place if there is none.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year: ``area_code, year, boundary_year``.
    rule : {"as_published", "harmonised", "unchanged_only"}
        What an area is over the years; the last keeps the areas `unchanged`.
    base_year : int or None
        Year of the areas; None as published.
    """
    parts: list[pd.DataFrame] = []
    overlapping: dict[int, frozenset[str]] = {}
    for (boundary_year, year), part in frame.groupby(["boundary_year", "year"], sort=True):
        target = int(year) if rule == AS_PUBLISHED else int(base_year or 0)
        placed, reached = _place_part(part, int(boundary_year), target, rule, crosswalk)
        parts.append(placed)
        overlapping[int(year)] = overlapping.get(int(year), frozenset()) | reached
    rows = pd.concat(parts).loc[frame.index] if parts else pd.DataFrame(columns=_PLACED)
    twins = rows["placed_code"].notna() & rows.duplicated(["placed_code", "placed_year", "year"])
    rows = _without_place(rows, twins, "another row stands for the same area")
    if rule == UNCHANGED_ONLY and unchanged is not None:
        changed = rows["placed_code"].notna() & ~is_among(rows["placed_code"].fillna(""), unchanged)
        rows = _without_place(rows, changed, "not among the areas that stayed as they were")
        overlapping = {year: codes & frozenset(unchanged) for year, codes in overlapping.items()}
    return Placed(rows, overlapping)


def _place_part(
    part: pd.DataFrame, boundary_year: int, target: int, rule: str, crosswalk: Crosswalk | None
) -> tuple[pd.DataFrame, frozenset[str]]:
    """Return where the rows of one boundary year and year belong, and the codes that rows without a place overlap."""
    codes, published = part["area_code"], rule == AS_PUBLISHED
    if boundary_year == target:
        return _placed(part, codes, target, SAME_YEAR, ""), frozenset()
    match = match_codes(crosswalk, boundary_year, target, codes.unique().tolist())
    if match is None:
        why = f"no crosswalk covers {min(boundary_year, target)} and {max(boundary_year, target)}"
        if published:
            return _placed(part, codes, target, BY_CODE, why), frozenset()
        everything = pd.Series(True, index=part.index)
        return _without_place(_placed(part, codes, target, NOT_JOINED, why), everything, why), frozenset()
    code, overlapping = codes.map(match.pairs), match.overlapping
    if published:
        recoded = code.notna() & (code != codes)
        overlapping |= frozenset(code[recoded])
        code = code.where(~recoded)
    rows = _placed(part, code, target, ONE_TO_ONE, "")
    what = "split, merged or recoded" if published else "split or merged"
    why = f"{what} between {min(boundary_year, target)} and {max(boundary_year, target)}"
    lost = code.isna()
    rows = _without_place(rows, lost, why)
    if published:
        rows["placed_code"] = rows["placed_code"].where(~lost, codes)
        rows["placed_year"] = rows["placed_year"].where(~lost, boundary_year)
    return rows, overlapping


def _placed(part: pd.DataFrame, code: pd.Series, year: int, join: str, reason: str) -> pd.DataFrame:
    """Return rows at an area of a year."""
    rows = part[["area_code", "year", "boundary_year"]].assign(placed_code=code.astype("str"), placed_year=year)
    texts = {"join": join, "reason": reason}
    return rows.assign(**{name: pd.Series(text, index=part.index, dtype="str") for name, text in texts.items()})


def _without_place(rows: pd.DataFrame, lost: pd.Series, reason: str) -> pd.DataFrame:
    """Take the place of some rows away, and say why."""
    return rows.assign(
        placed_code=rows["placed_code"].where(~lost),
        join=rows["join"].where(~lost, NOT_JOINED),
        reason=rows["reason"].where(~lost, reason),
    )
