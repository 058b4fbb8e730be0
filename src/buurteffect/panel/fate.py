"""What becomes of every row: which areas stayed, merged or split, and which were left out, with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse import csgraph

from buurteffect.errors import DataError
from buurteffect.panel.weights import Weights, is_among

FATES = ("unchanged", "recoded", "merged", "split", "mixed")
LEFT_OUT = "left out"
LEDGER_COLUMNS = ("level", "year", "fate", "reason", "rows_in", "rows_placed", "rows_left_out", "rows_out")


@dataclass(frozen=True, eq=False)
class Fates:
    """What happened to areas between the year of the data and the base year, as the weights say.

    Attributes
    ----------
    sources, targets : Series of str
        Fate by code. One source and one target are unchanged (same code) or recoded, several sources and one
        target merged, one source and several targets split, anything larger mixed.
    """

    sources: pd.Series
    targets: pd.Series


def fates_of(weights: Weights) -> Fates:
    """Return the fate of every source and target: that of the group of areas that flows tie together."""
    source, source_codes = pd.factorize(weights.frame["source_code"])
    target, target_codes = pd.factorize(weights.frame["target_code"])
    label = _groups(source, target, len(source_codes), len(target_codes))
    of_source, of_target = label[: len(source_codes)], label[len(source_codes) :]
    sources_count, targets_count = np.bincount(of_source), np.bincount(of_target)
    partial = np.zeros(len(sources_count), dtype=bool)
    lost = pd.Index(source_codes).get_indexer(weights.unplaced["source_code"])
    partial[of_source[lost[lost >= 0]]] = True
    renamed = np.zeros(len(sources_count), dtype=bool)
    renamed[of_source[source]] |= (weights.frame["source_code"] != weights.frame["target_code"]).to_numpy()
    single = (sources_count == 1) & (targets_count == 1)
    fate = np.select(
        [partial, single & ~renamed, single, targets_count == 1, sources_count == 1],
        ["mixed", "unchanged", "recoded", "merged", "split"],
        "mixed",
    ).astype(object)
    return Fates(
        pd.Series(fate[of_source], index=pd.Index(source_codes)),
        pd.Series(fate[of_target], index=pd.Index(target_codes)),
    )


def leave_out(rows: pd.DataFrame, weights: Weights, targets_left_out: pd.Series | None = None) -> pd.DataFrame:
    """Return the rows of one year that reach no area of the base year, or only areas that are left out.

    Parameters
    ----------
    rows : DataFrame
        Rows of one year: ``area_code, year``.
    weights : Weights
        Of that year.
    targets_left_out : Series of str, optional
        Reason by code of the base year.

    Returns
    -------
    DataFrame
        One row per row that is left out: ``area_code, year, reason``.
    """
    flows = weights.frame
    codes = pd.Index(rows["area_code"])
    codes = codes[~is_among(codes, flows["source_code"])]
    why = np.where(
        is_among(codes, weights.unplaced["source_code"]),
        f"its code does not exist in {weights.year_to}",
        f"its code is not known in {weights.year_from}",
    )
    reason = pd.Series(why, index=codes, dtype="object")
    if targets_left_out is not None:
        gone = is_among(flows["target_code"], targets_left_out.index)
        first = flows[gone].drop_duplicates("source_code")
        first = first[~is_among(first["source_code"], flows.loc[~gone, "source_code"])]
        whys = targets_left_out.reindex(first["target_code"]).to_numpy(dtype=object)
        reason = pd.concat([reason, pd.Series(whys, index=pd.Index(first["source_code"]))])
    out = rows.loc[is_among(rows["area_code"], reason.index), ["area_code", "year"]]
    return out.assign(reason=reason.reindex(out["area_code"]).to_numpy(dtype=object)).astype({"reason": "str"})


def areas_left_out(
    frame: pd.DataFrame,
    by_year: Mapping[int, Weights],
    base_year: int,
    flag_column: str,
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
    years = sorted({*frame["year"].tolist(), base_year})
    everywhere = pd.Index(sorted({code for w in by_year.values() for code in w.frame["target_code"]}), dtype="str")
    reasons = pd.Series(pd.NA, index=everywhere, dtype="str")
    for year, weights in sorted(by_year.items()):
        if year != base_year:
            count = weights.frame.groupby("target_code")["weight_share"].agg(["size", "sum"]).reindex(everywhere)
            changed = ~((count["size"] == 1) & (count["sum"] == 1.0))
            reasons[changed & reasons.isna()] = f"split, merged or new between {year} and {base_year}"
    needed = range(years[0] + 1, years[-1] + 1)
    for year, flags_of_year in _flags_by_year(frame, flags, flag_column, needed).items():
        flag = flags_of_year.reindex(_codes_in_year(everywhere, by_year.get(year))).to_numpy(
            dtype=float, na_value=np.nan
        )
        reasons[(flag == 3) & reasons.isna()] = f"boundary moved in {year} (flag 3)"
        reasons[~np.isin(flag, [1, 2, 3]) & reasons.isna()] = f"no change flag in {year}"
    return reasons.dropna()


def build_ledger(
    frame: pd.DataFrame, rows: pd.DataFrame, left_out: pd.DataFrame, fates: Mapping[int, Fates], level: str
) -> pd.DataFrame:
    """Return one row per year and fate; every row that came in and every row that came out is in one of them."""
    keyed = frame[["area_code", "year"]].merge(left_out, on=["area_code", "year"], how="left")
    gone = keyed["reason"].notna()
    here = keyed[~gone]
    placed = [(year, part.map(fates[year].sources)) for year, part in here.groupby("year")["area_code"]]
    counts_in = {year: fate.value_counts() for year, fate in placed}
    counts_out = {year: part.value_counts() for year, part in rows.groupby("year")["change"]}
    counts_lost = {year: part.value_counts().sort_index() for year, part in keyed[gone].groupby("year")["reason"]}
    none: pd.Series = pd.Series(dtype="int64")
    parts = []
    for year in sorted(frame["year"].unique().tolist()):
        for name in FATES:
            rows_in, rows_out = (int(counts.get(year, none).get(name, 0)) for counts in (counts_in, counts_out))
            if rows_in or rows_out:
                parts.append((level, year, name, "", rows_in, rows_in, 0, rows_out))
        for reason, count in counts_lost.get(year, none).items():
            parts.append((level, year, LEFT_OUT, str(reason), int(count), 0, int(count), 0))
    return pd.DataFrame(parts, columns=list(LEDGER_COLUMNS))


def _groups(source: np.ndarray, target: np.ndarray, sources: int, targets: int) -> np.ndarray:
    """Return the number of the group that every source, then every target belongs to."""
    size = sources + targets
    graph = sparse.coo_array((np.ones(len(source)), (source, target + sources)), shape=(size, size))
    return np.asarray(csgraph.connected_components(graph, directed=False)[1])


def _codes_in_year(targets: pd.Index, weights: Weights | None) -> pd.Index:
    """Return the code that every target had in a year: that of its first source, else its own."""
    if weights is None:
        return targets
    first = weights.frame.drop_duplicates("target_code").set_index("target_code")["source_code"].reindex(targets)
    return pd.Index(first.where(first.notna(), targets.to_series()))


def _flags_by_year(frame: pd.DataFrame, flags: pd.DataFrame | None, column: str, needed: range) -> dict[int, pd.Series]:
    """Return the flags of every needed year by code; those of the table itself go first."""
    sources = [t[["area_code", "year", column]] for t in (frame, flags) if t is not None and column in t.columns]
    if sources:
        every = pd.concat(sources, ignore_index=True)
        every = every[every[column].notna() & every["year"].isin(needed)].drop_duplicates(["area_code", "year"])
        found = {year: part.set_index("area_code")[column] for year, part in every.groupby("year")}
    else:
        found = {}
    absent = [year for year in needed if year not in found]
    if absent:
        raise DataError(
            "table to harmonise",
            column=column,
            found=f"no change flags for {', '.join(map(str, absent))}",
            expected="the official flag of every year after the first of the span",
            action="give `flags` for the years that the table skips, choose a shorter span, or take the rule "
            "'harmonised'",
        )
    return {year: found[year] for year in needed}
