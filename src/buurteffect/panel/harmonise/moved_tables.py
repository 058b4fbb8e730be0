"""A table of any years on the areas of one base year, before a rule says which of these count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.area_changes import FLAG, YearOfRows, years_of_rows
from buurteffect.panel.harmonise.combine import (
    PRESENT,
    Column,
    MissingRule,
    Pieces,
    combine_counts,
    combine_means,
    combine_whole,
    copy_first,
    not_combinable,
    only_whole,
)
from buurteffect.panel.harmonise.weights import Weights, identity_weights
from buurteffect.schema import REASON_DTYPE
from buurteffect.schema.panel import CHANGES

RULES = ("harmonised", "unchanged_only")
LABELS = ("level", "area_name", "wijk_code", "gemeente_code", "gemeente_name")
"""Columns that describe the area of the data's own year; no area of the base year inherits them."""

_KEY = ["area_code", "year"]


@dataclass(frozen=True, eq=False)
class Moved:
    """A table of any years moved to the areas of a base year, before a rule says which of these count.

    Attributes
    ----------
    before : DataFrame
        The table, one row per area and year of the data.
    after : DataFrame
        One row per area of the base year and year of the data, as in `Harmonised`.
    by_year : dict of int to Weights
        Weights of every year in the table, the base year included.
    years : dict of int to YearOfRows
        Rows of every year in the table, and what happened to their areas.
    concepts : list of str
        Concepts in the table.
    base_year : int
        Year of the areas.
    level : str
        Kind of area.
    """

    before: pd.DataFrame
    after: pd.DataFrame
    by_year: dict[int, Weights]
    years: dict[int, YearOfRows]
    concepts: list[str]
    base_year: int
    level: str

    def of_years(self, years: Collection[int]) -> Moved:
        """Return the rows of some years of the data; every year is moved by itself."""
        if set(self.years) <= set(years):
            return self
        kept, of_after = (table["year"].isin(list(years)).to_numpy() for table in (self.before, self.after))
        number = np.cumsum(kept) - 1
        return replace(
            self,
            before=self.before[kept].reset_index(drop=True),
            after=self.after[of_after].reset_index(drop=True),
            by_year={year: each for year, each in self.by_year.items() if year in years},
            years={y: replace(each, rows=number[each.rows]) for y, each in self.years.items() if y in years},
        )


def move(
    frame: pd.DataFrame,
    weights: Weights | Mapping[int, Weights],
    concepts: pd.DataFrame,
    missing: MissingRule | None = None,
) -> Moved:
    """Move a table to the areas of a base year; parameters and errors as in `harmonise`."""
    by_year = {weights.year_from: weights} if isinstance(weights, Weights) else dict(weights)
    base_year, level = _check(frame, by_year)
    names = _concept_columns(frame, concepts)
    by_year = _with_base_year(by_year, frame, base_year, level)
    frame = frame.reset_index(drop=True)
    years = years_of_rows(frame, by_year)
    rows = _combine_rows(frame, years, concepts, names, missing or MissingRule())
    return Moved(frame, rows, by_year, years, names, base_year, level)


def _check(frame: pd.DataFrame, by_year: dict[int, Weights]) -> tuple[int, str]:
    """Check keys, years and levels; return the base year and the level."""
    ends = {(w.year_to, w.level) for w in by_year.values()}
    if len(ends) != 1 or any(year != w.year_from for year, w in by_year.items()):
        raise not_harmonisable(
            f"weights to {len(ends)} pairs of base year and level, or under a year that is not theirs",
            "weights of one level to one base year, each under the year of its data",
            "build the weights of every year with the same base year",
        )
    ((base_year, level),) = ends
    absent = [column for column in _KEY if column not in frame.columns]
    if frame.empty:
        raise not_harmonisable("no rows", "every area once a year", "give a table with rows")
    if absent or frame[_KEY].isna().any(axis=None) or frame.duplicated(_KEY).any():
        count = 0 if absent else int(frame[_KEY].isna().any(axis=1).sum() + frame.duplicated(_KEY).sum())
        raise not_harmonisable(
            f"no column {', '.join(absent)}"
            if absent
            else f"{count:,} rows whose area_code or year is missing or repeats",
            "every area once a year",
            "read the table again from its raw file",
        )
    without = sorted(set(frame["year"].tolist()) - set(by_year) - {base_year})
    if without:
        raise not_harmonisable(
            f"no weights for {', '.join(map(str, without))}",
            f"weights to {base_year} for every other year",
            "build them from a crosswalk, or leave these years out",
        )
    prefix = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}[level]
    other = ~frame["area_code"].str.startswith(prefix)
    if other.any():
        raise not_harmonisable(
            f"{int(other.sum()):,} of {len(frame):,} codes that do not begin with {prefix}",
            f"rows of the weights' level ({level})",
            "give the table of each level by itself",
        )
    return base_year, level


def _concept_columns(frame: pd.DataFrame, concepts: pd.DataFrame) -> list[str]:
    """Return the concepts in a table; refuse a column that is nothing known."""
    listed = set(concepts["concept"])
    names = [column for column in frame.columns if column in listed]
    known = {*_KEY, *LABELS, FLAG, *names, *(f"{name}_missing" for name in names)}
    unknown = [str(column) for column in frame.columns if column not in known]
    if unknown:
        raise not_harmonisable(
            f"{len(unknown)} columns that are no concept: {', '.join(unknown[:6])}",
            "concepts, which say how they combine over areas",
            "add them to the list of concepts, or leave the columns out first",
        )
    ways = concepts.set_index("concept")["combine"].reindex(names)
    bad = ways.index[~ways.isin(["sum", "share", "mean", "whole", "none"])].tolist()
    if bad:
        expected = "sum, share, mean, whole or none"
        raise not_harmonisable(f"no known way to combine {bad[0]}", expected, "mend the list of concepts")
    return names


def _with_base_year(by_year: dict[int, Weights], frame: pd.DataFrame, base_year: int, level: str) -> dict[int, Weights]:
    """Add weights of the base year to itself, if the table has rows of it."""
    own = frame.loc[frame["year"] == base_year, "area_code"]
    return {base_year: identity_weights(own, base_year, level), **by_year} if len(own) else by_year


def _combine_rows(
    frame: pd.DataFrame,
    years: Mapping[int, YearOfRows],
    concepts: pd.DataFrame,
    names: Sequence[str],
    rule: MissingRule,
) -> pd.DataFrame:
    """Return all years on the areas of the base year."""
    pieces, keys, change = _pieces(years)
    given = {name: _column(frame, name) for name in names}
    # Whatever the way, an area that is one whole source has its value; only the others are worked out.
    result = {name: copy_first(column, pieces) for name, column in given.items()}
    changed = ~pieces.are_one_whole_area
    for name, found in _combine(given, pieces.of(changed), concepts, rule).items():
        result[name].values[changed], result[name].reasons[changed] = found.values, found.reasons
    columns: dict[str, object] = {"gemeente_code": ("GM" + keys["area_code"].str[2:6]).astype("str")}
    for name, each in result.items():
        columns[name] = each.values
        columns[f"{name}_missing"] = pd.Categorical.from_codes(each.reasons, dtype=REASON_DTYPE)
    if FLAG in frame.columns:
        columns[FLAG] = _largest_flag(frame[FLAG], pieces)
    columns["sources_count"] = pieces.sources_count
    columns["change"] = pd.Categorical.from_codes(change, categories=list(CHANGES))
    return pd.concat([keys, pd.DataFrame(columns)], axis=1)


def _pieces(years: Mapping[int, YearOfRows]) -> tuple[Pieces, pd.DataFrame, npt.NDArray[np.int8]]:
    """Return the pieces of every target that a row of the table reaches, the targets' keys, and their changes."""
    parts, keys, changes, count = [], [], [], 0
    for year, each in years.items():
        shares, known = each.weights.shares, each.source >= 0
        row = np.full(len(shares.sources), -1, dtype=np.int64)
        row[each.source[known]] = each.rows[known]
        reached = np.zeros(len(shares.targets), dtype=bool)
        reached[shares.target[row[shares.source] >= 0]] = True
        kept = reached[shares.target]
        number = np.cumsum(reached) - 1 + count
        columns = (row[shares.source], number[shares.target], shares.weight, shares.addresses)
        parts.append([column[kept] for column in columns])
        keys.append(pd.DataFrame({"area_code": shares.targets[reached], "year": year}))
        changes.append(each.changes.targets[reached])
        count += int(reached.sum())
    source, target, weight, addresses = (np.concatenate(column) for column in zip(*parts, strict=True))
    pieces = Pieces(source, target, weight, addresses, count)
    return pieces, pd.concat(keys, ignore_index=True), np.concatenate(changes)


def _combine(
    columns: Mapping[str, Column], pieces: Pieces, concepts: pd.DataFrame, rule: MissingRule
) -> dict[str, Column]:
    """Combine every concept in its own way."""
    listed = concepts.set_index("concept")
    result = {}
    for name, column in columns.items():
        way, denominator = listed.loc[name, "combine"], listed.loc[name, "denominator"]
        if way == "sum":
            result[name] = combine_counts(column, pieces, rule.count_missing_max)
        elif way == "none":
            result[name] = not_combinable(pieces.targets_count)
        elif way == "whole":
            result[name] = combine_whole(column, pieces)
        else:
            result[name] = combine_means(column, columns.get(denominator), pieces, rule.mean_missing_max)
            if denominator in listed.index and listed.loc[denominator, "combine"] == "whole":
                result[name] = only_whole(result[name], pieces)
    return result


def _column(rows: pd.DataFrame, name: str) -> Column:
    """Return a concept's values and the codes of its reasons."""
    values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
    if f"{name}_missing" not in rows.columns:
        return Column(values, np.full(len(rows), PRESENT, dtype=np.int8))
    return Column(values, np.asarray(pd.Categorical(rows[f"{name}_missing"], dtype=REASON_DTYPE).codes))


def _largest_flag(flags: pd.Series, pieces: Pieces) -> pd.Series:
    """Return the largest flag of each target's sources; missing where one is, unless another is 3."""
    values = pieces.take(flags.to_numpy(dtype=np.float64, na_value=np.nan))
    largest = np.full(pieces.targets_count, -np.inf)
    # A missing flag could be anything up to 3: it outranks 2 and yields to 3.
    np.maximum.at(largest, pieces.target, np.where(np.isnan(values), 2.5, values))
    return pd.Series(np.where(largest == 2.5, np.nan, largest)).astype("Int64")


def not_harmonisable(found: str, expected: str, action: str) -> DataError:
    """Return the error for a table that cannot be harmonised."""
    return DataError("table to harmonise", found=found, expected=expected, action=action)
