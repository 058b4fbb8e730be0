"""What becomes of every row: which areas stayed, merged or split, and which were left out, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.weights import Weights, is_among
from buurteffect.schema.panel import CHANGES

FLAG = "boundary_flag"
"""Column with the official change flag (1, 2, 3) against the year before."""

LEFT_OUT = "left out"
LEDGER_COLUMNS = ("level", "year", "fate", "reason", "rows_in", "rows_placed", "rows_left_out", "rows_out")


Positions = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class AreaChanges:
    """What happened to areas between the year of the data and the base year, as the weights say.

    One source and one target are unchanged (same code) or recoded, several sources and one target merged, one
    source and several targets split, anything larger mixed.

    Attributes
    ----------
    sources, targets : ndarray of int8
        Place in `CHANGES` of every source and target of `Weights.shares`.
    """

    sources: npt.NDArray[np.int8]
    targets: npt.NDArray[np.int8]

    @property
    def whole_sources(self) -> Mask:
        """Return for every source whether it is one target, and that target nothing else."""
        return np.isin(self.sources, (CHANGES.index("unchanged"), CHANGES.index("recoded")))


@dataclass(frozen=True, eq=False)
class YearOfRows:
    """The rows of one year of a table, and how its areas divide over those of the base year.

    Attributes
    ----------
    weights : Weights
        Of the year.
    changes : AreaChanges
        What they say.
    rows : ndarray of int, shape (rows,)
        Places of the rows in the table.
    source : ndarray of int, shape (rows,)
        Each row's place in ``weights.shares.sources``, −1 where the weights do not know its code.
    """

    weights: Weights
    changes: AreaChanges
    rows: Positions
    source: Positions


def years_of_rows(frame: pd.DataFrame, by_year: Mapping[int, Weights]) -> dict[int, YearOfRows]:
    """Return the rows of every year of a table, the years ascending."""
    found = {}
    for year, rows in sorted(frame.groupby("year").indices.items()):
        weights = by_year[int(year)]
        source = weights.shares.sources.get_indexer(pd.Index(frame["area_code"].array[rows]))
        found[int(year)] = YearOfRows(weights, changes_of(weights), rows, source)
    return found


def changes_of(weights: Weights) -> AreaChanges:
    """Return what happened to every source and target: to the group of areas that shares tie together."""
    shares = weights.shares
    size = len(shares.sources)
    label = _groups(shares.source, shares.target, size, len(shares.targets))
    of_source, of_target = label[:size], label[size:]
    sources_count, targets_count = np.bincount(of_source), np.bincount(of_target)
    partial = np.zeros(len(sources_count), dtype=bool)
    lost = shares.sources.get_indexer(pd.Index(weights.unplaced["source_code"]))
    partial[of_source[lost[lost >= 0]]] = True
    renamed = np.zeros(len(sources_count), dtype=bool)
    same = shares.sources.get_indexer(shares.targets)[shares.target] == shares.source
    renamed[of_source[shares.source[~same]]] = True
    single = (sources_count == 1) & (targets_count == 1)
    conditions = [partial, single & ~renamed, single, targets_count == 1, sources_count == 1]
    names = ["mixed", "unchanged", "recoded", "merged", "split"]
    change = np.select(conditions, [np.int8(CHANGES.index(name)) for name in names], np.int8(CHANGES.index("mixed")))
    return AreaChanges(change[of_source], change[of_target])


def leave_out(frame: pd.DataFrame, years: Mapping[int, YearOfRows], targets_left_out: pd.Series | None) -> pd.Series:
    """Return why rows reach no area of the base year, or only areas that are left out, by their place in the table.

    ``targets_left_out`` are reasons by code of the base year.
    """
    parts = [pd.Series([], dtype=object, index=pd.Index([], dtype=np.int64))]
    for year, each in years.items():
        weights, shares, lost = each.weights, each.weights.shares, each.source < 0
        why = np.full(len(each.rows), None, dtype=object)
        unplaced = is_among(pd.Index(frame["area_code"].array[each.rows[lost]]), weights.unplaced["source_code"])
        why[lost] = np.where(
            unplaced, f"its code does not exist in {weights.year_to}", f"its code is not known in {year}"
        )
        if targets_left_out is not None:
            reason = targets_left_out.reindex(shares.targets)
            stays = reason.isna().to_numpy()[shares.target]
            first = np.zeros(len(shares.sources), dtype=np.int64)
            first[shares.source[::-1]] = shares.target[::-1]
            kept = np.bincount(shares.source, stays, len(shares.sources)) > 0
            why[~lost] = np.where(kept, None, reason.to_numpy(dtype=object)[first])[each.source[~lost]]
        out = np.flatnonzero(pd.notna(why))
        parts.append(pd.Series(why[out], index=each.rows[out]))
    return pd.concat(parts)


def areas_left_out(
    frame: pd.DataFrame,
    by_year: Mapping[int, Weights],
    base_year: int,
    flags: pd.DataFrame | None,
) -> pd.Series:
    """Return the areas of the base year that changed in the span, with the reason.

    The span runs from the first to the last of the table's years and the base year. An area stays if in every
    year's weights it is one whole source, and its flag in every year after the first is 1, or 2 (a new code for
    the same boundary). A flag that is missing counts against it: nobody says that its boundary stayed.

    Raises
    ------
    DataError
        If a year after the first has no flags at all.
    """
    years = sorted({*frame["year"].unique().tolist(), base_year})
    everywhere = pd.Index(pd.concat([w.shares.targets.to_series() for w in by_year.values()]).unique()).sort_values()
    reasons = np.full(len(everywhere), None, dtype=object)
    codes = dict.fromkeys(years, everywhere)
    for year, weights in sorted(by_year.items()):
        shares = weights.shares
        place = everywhere.get_indexer(shares.targets)
        if year != base_year:
            whole = np.zeros(len(everywhere), dtype=bool)
            whole[place] = (np.bincount(shares.target) == 1) & (np.bincount(shares.target, shares.weight) == 1.0)
            reasons[~whole & pd.isna(reasons)] = f"split, merged or new between {year} and {base_year}"
        codes[year] = _put(everywhere, place, shares.sources[shares.first_source])
    needed = range(years[0] + 1, years[-1] + 1)
    for year, flags_of_year in _flags_by_year(frame, flags, needed).items():
        flag = flags_of_year.reindex(codes.get(year, everywhere)).to_numpy(dtype=float, na_value=np.nan)
        reasons[(flag == 3) & pd.isna(reasons)] = f"boundary moved in {year} (flag 3)"
        reasons[~np.isin(flag, [1, 2, 3]) & pd.isna(reasons)] = f"no change flag in {year}"
    return pd.Series(reasons, index=everywhere, dtype="str").dropna()


def build_ledger(years: Mapping[int, YearOfRows], rows: pd.DataFrame, why: pd.Series, level: str) -> pd.DataFrame:
    """Return one row per year and kind of change (`LEDGER_COLUMNS`); every row in and every row out is in one of them.

    ``rows`` are those that came out, with ``year`` and ``change`` (categories `CHANGES`); ``why`` is from `leave_out`.
    """
    after, change_after = rows.groupby("year").indices, rows["change"].cat.codes.to_numpy()
    parts = []
    for year, each in years.items():
        gone = np.isin(each.rows, why.index)
        counts_in = _count(each.changes.sources[each.source[~gone]])
        counts_out = _count(change_after[after[year]] if year in after else change_after[:0])
        for name, rows_in, rows_out in zip(CHANGES, counts_in, counts_out, strict=True):
            if rows_in or rows_out:
                parts.append((level, year, name, "", rows_in, rows_in, 0, rows_out))
        for reason, count in why.loc[each.rows[gone]].value_counts().sort_index().items():
            parts.append((level, year, LEFT_OUT, str(reason), int(count), 0, int(count), 0))
    return pd.DataFrame(parts, columns=list(LEDGER_COLUMNS))


def _count(changes: npt.NDArray[np.int8]) -> list[int]:
    """Return how often each of `CHANGES` occurs."""
    return list(map(int, np.bincount(changes, minlength=len(CHANGES))))


def _put(codes: pd.Index, place: Positions, others: pd.Index) -> pd.Index:
    """Return codes, others in some places."""
    found = codes.to_numpy(dtype=object)
    found[place] = others
    return pd.Index(found, dtype="str")


def _groups(source: np.ndarray, target: np.ndarray, sources: int, targets: int) -> np.ndarray:
    """Return the number of the group that every source, then every target belongs to."""
    size = sources + targets
    graph = sparse.coo_array((np.ones(len(source)), (source, target + sources)), shape=(size, size))
    return np.asarray(csgraph.connected_components(graph, directed=False)[1])


def _flags_by_year(frame: pd.DataFrame, flags: pd.DataFrame | None, needed: range) -> dict[int, pd.Series]:
    """Return the flags of every needed year by code; those of the table itself go first."""
    found: dict[int, pd.Series] = {}
    for table in (frame, flags):
        if table is None or FLAG not in table.columns:
            continue
        for year, rows in table.loc[table[FLAG].notna(), ["area_code", "year", FLAG]].groupby("year"):
            flag = rows.set_index("area_code")[FLAG]
            found[int(year)] = pd.concat([found[int(year)], flag]) if int(year) in found else flag
    found = {year: flag[~flag.index.duplicated()] for year, flag in found.items()}
    absent = [year for year in needed if year not in found]
    if absent:
        raise DataError(
            "table to harmonise",
            column=FLAG,
            found=f"no change flags for {', '.join(map(str, absent))}",
            expected="the official flag of every year after the first of the span",
            action="give `flags` for the years that the table skips, choose a shorter span, or take the rule "
            "'harmonised'",
        )
    return {year: found[year] for year in needed}
