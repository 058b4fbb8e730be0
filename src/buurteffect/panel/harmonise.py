"""Tables of any years on the areas of one base year.

Two rules: ``harmonised`` divides and combines areas by weight; ``unchanged_only`` keeps the areas of which the
code list, the weights and the official flags all say that nothing but a code or a name changed in the whole
span. An equal code alone says nothing: a boundary can move under it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.combine import (
    REASONS,
    Column,
    Combined,
    MissingRule,
    Pieces,
    combine_counts,
    combine_means,
    combine_none,
    combine_whole,
    only_whole,
)
from buurteffect.panel.conservation import CONSERVED, conservation
from buurteffect.panel.fate import areas_left_out, build_ledger, fates_of, leave_out
from buurteffect.panel.weights import Weights, identity_weights, is_among

RULES = ("harmonised", "unchanged_only")
LABELS = ("level", "area_name", "wijk_code", "gemeente_code", "gemeente_name")
"""Columns that describe the area of the data's own year; no area of the base year inherits them."""

_KEY = ["area_code", "year"]


@dataclass(frozen=True)
class Settings:
    """Choices of a harmonisation.

    Parameters
    ----------
    rule : {"harmonised", "unchanged_only"}
        Which areas there are.
    missing : MissingRule
        How much of an area may be unknown.
    flag_column : str
        Column with the official change flag (1, 2, 3) against the year before.
    """

    rule: str = "harmonised"
    missing: MissingRule = field(default_factory=MissingRule)
    flag_column: str = "boundary_flag"


@dataclass(frozen=True, eq=False)
class Harmonised:
    """A table on the areas of the base year.

    Attributes
    ----------
    frame : DataFrame
        One row per area of the base year and year of the data: ``area_code, year, gemeente_code``, the concepts
        and their ``_missing``; the largest flag of its sources, if the table has flags (missing where one of
        them is, unless another is 3); ``sources_count``; and ``change``, what the weights say happened since:
        unchanged, recoded, merged, split or mixed.
    ledger : DataFrame
        One row per year and fate: ``level, year, fate, reason, rows_in, rows_placed, rows_left_out, rows_out``.
        Every row that came in and every row that came out is counted once;
        ``rows_in = rows_placed + rows_left_out``.
    left_out : DataFrame
        One row per row that was left out: ``area_code, year, reason``.
    partial : DataFrame
        One row per value that was computed with a part unknown: ``area_code, year, concept, missing_share``.
    unplaced : DataFrame
        One row per source in the table of which a part goes nowhere: ``year, source_code, arrives_at_code,
        weight_share``.
    conservation : DataFrame
        Totals per gemeente of the base year before and after (see `conservation`).
    settings : Settings
        Choices made.
    base_year : int
        Year of the areas.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    left_out: pd.DataFrame
    partial: pd.DataFrame
    unplaced: pd.DataFrame
    conservation: pd.DataFrame
    settings: Settings
    base_year: int


def harmonise(
    frame: pd.DataFrame,
    weights: Weights | Mapping[int, Weights],
    concepts: pd.DataFrame,
    settings: Settings | None = None,
    *,
    flags: pd.DataFrame | None = None,
    gemeente_weights: Mapping[int, Weights] | None = None,
) -> Harmonised:
    """Bring a table to the areas of a base year.

    Parameters
    ----------
    frame : DataFrame
        One row per area and year, one level: ``area_code, year``, concepts ``x`` with or without ``x_missing``,
        and perhaps the flag column and `LABELS`.
    weights : Weights or mapping of year to Weights
        For every year in `frame` but the base year; all lead to the same base year.
    concepts : DataFrame
        One row per concept: ``concept, combine`` (sum, share, mean, whole, none) ``, denominator``.
    settings : Settings, optional
        ``Settings()`` by default.
    flags : DataFrame, optional
        ``area_code, year`` and the flag column, for years that `frame` skips; `unchanged_only` needs the flags
        of every year after the first of the span.
    gemeente_weights : mapping of year to Weights, optional
        Weights of gemeenten to the base year, for the totals before; without them a gemeente keeps its code.

    Raises
    ------
    DataError
        If a key is missing or repeats, a column is neither a concept nor known, a year has no weights or
        weights to another base year or level, or flags that the rule needs are not there.
    """
    settings = settings or Settings()
    by_year = {weights.year_from: weights} if isinstance(weights, Weights) else dict(weights)
    base_year, level = _check(frame, by_year, settings)
    names = _concept_columns(frame, concepts, settings)
    by_year = _with_base_year(by_year, frame, base_year, level)
    frame = frame.reset_index(drop=True)
    fates = {year: fates_of(by_year[year]) for year in sorted(frame["year"].unique().tolist())}
    rows, partial = _combine_rows(frame, by_year, concepts, names, settings)
    rows["change"] = pd.concat(
        [part.map(fates[year].targets) for year, part in rows.groupby("year")["area_code"]]
    ).astype("str")
    reasons = None
    if settings.rule == "unchanged_only":
        reasons = areas_left_out(frame, by_year, base_year, settings.flag_column, flags)
        rows = rows[~is_among(rows["area_code"], reasons.index)].reset_index(drop=True)
        partial = partial[~is_among(partial["area_code"], reasons.index)].reset_index(drop=True)
    left_out = pd.concat(
        [leave_out(part, by_year[year], reasons) for year, part in frame[_KEY].groupby("year")], ignore_index=True
    )
    counted = [name for name in CONSERVED if name in names]
    return Harmonised(
        rows,
        build_ledger(frame, rows, left_out, fates, level),
        left_out,
        partial,
        _unplaced(frame, by_year),
        conservation(frame, rows, counted, gemeente_weights),
        settings,
        base_year,
    )


def _check(frame: pd.DataFrame, by_year: dict[int, Weights], settings: Settings) -> tuple[int, str]:
    """Check keys, years and levels; return the base year and the level."""
    if settings.rule not in RULES:
        raise _error(f"rule {settings.rule!r}", f"one of {', '.join(RULES)}", "choose one of these rules")
    ends = {(w.year_to, w.level) for w in by_year.values()}
    if len(ends) != 1 or any(year != w.year_from for year, w in by_year.items()):
        raise _error(
            f"weights to {len(ends)} pairs of base year and level, or under a year that is not theirs",
            "weights of one level to one base year, each under the year of its data",
            "build the weights of every year with the same base year",
        )
    ((base_year, level),) = ends
    absent = [column for column in _KEY if column not in frame.columns]
    if frame.empty:
        raise _error("no rows", "every area once a year", "give a table with rows")
    if absent or frame[_KEY].isna().any(axis=None) or frame.duplicated(_KEY).any():
        count = 0 if absent else int(frame[_KEY].isna().any(axis=1).sum() + frame.duplicated(_KEY).sum())
        raise _error(
            f"no column {', '.join(absent)}"
            if absent
            else f"{count:,} rows whose area_code or year is missing or repeats",
            "every area once a year",
            "read the table again from its raw file",
        )
    without = sorted(set(frame["year"].tolist()) - set(by_year) - {base_year})
    if without:
        raise _error(
            f"no weights for {', '.join(map(str, without))}",
            f"weights to {base_year} for every other year",
            "build them with build_weights, or leave these years out",
        )
    prefix = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}[level]
    other = ~frame["area_code"].str.startswith(prefix)
    if other.any():
        raise _error(
            f"{int(other.sum()):,} of {len(frame):,} codes that do not begin with {prefix}",
            f"rows of the weights' level ({level})",
            "give the table of each level by itself",
        )
    return base_year, level


def _concept_columns(frame: pd.DataFrame, concepts: pd.DataFrame, settings: Settings) -> list[str]:
    """Return the concepts in a table; refuse a column that is nothing known."""
    listed = set(concepts["concept"])
    names = [column for column in frame.columns if column in listed]
    known = {*_KEY, *LABELS, settings.flag_column, *names, *(f"{name}_missing" for name in names)}
    unknown = [str(column) for column in frame.columns if column not in known]
    if unknown:
        raise _error(
            f"{len(unknown)} columns that are no concept: {', '.join(unknown[:6])}",
            "concepts, which say how they combine over areas",
            "add them to the list of concepts, or leave the columns out first",
        )
    ways = concepts.set_index("concept")["combine"].reindex(names)
    bad = ways.index[~ways.isin(["sum", "share", "mean", "whole", "none"])].tolist()
    if bad:
        expected = "sum, share, mean, whole or none"
        raise _error(f"no known way to combine {bad[0]}", expected, "mend the list of concepts")
    return names


def _with_base_year(by_year: dict[int, Weights], frame: pd.DataFrame, base_year: int, level: str) -> dict[int, Weights]:
    """Add weights of the base year to itself, if the table has rows of it."""
    own = frame.loc[frame["year"] == base_year, "area_code"]
    return {base_year: identity_weights(own, base_year, level), **by_year} if len(own) else by_year


def _combine_rows(
    frame: pd.DataFrame,
    by_year: Mapping[int, Weights],
    concepts: pd.DataFrame,
    names: Sequence[str],
    settings: Settings,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return all years on the areas of the base year, and their partial values."""
    pieces, keys = _pieces(frame, by_year)
    combined = _combine(frame, pieces, concepts, names, settings.missing)
    columns: dict[str, object] = {"gemeente_code": ("GM" + keys["area_code"].str[2:6]).astype("str")}
    texts = pd.array(list(map(str, REASONS)), dtype="str")
    for name, result in combined.items():
        columns[name] = result.values
        columns[f"{name}_missing"] = texts.take(result.reasons, allow_fill=True)
    if settings.flag_column in frame.columns:
        columns[settings.flag_column] = _largest_flag(frame[settings.flag_column], pieces)
    columns["sources_count"] = pieces.sources_count
    parts = {name: (r.missing_share > 0) & ~np.isnan(r.values) for name, r in combined.items()}
    partial = [
        keys[part].assign(concept=name, missing_share=combined[name].missing_share[part])
        for name, part in parts.items()
    ]
    listed = pd.concat(partial, ignore_index=True) if partial else keys[:0].assign(concept="", missing_share=0.0)
    return pd.concat([keys, pd.DataFrame(columns)], axis=1), listed


def _pieces(frame: pd.DataFrame, by_year: Mapping[int, Weights]) -> tuple[Pieces, pd.DataFrame]:
    """Return the pieces of every target that a row of the table reaches, and the targets' keys."""
    parts, keys, count = [], [], 0
    for year, codes in frame.groupby("year")["area_code"]:
        flows = by_year[year].frame
        reached = flows["target_code"][is_among(flows["source_code"], codes)]
        flows = flows[is_among(flows["target_code"], reached)].sort_values(["target_code", "source_code"])
        target, names = pd.factorize(flows["target_code"], sort=True)
        position = pd.Index(codes).get_indexer(pd.Index(flows["source_code"]))
        source = np.where(position >= 0, codes.index.to_numpy()[position], -1)
        parts.append((source, target + count, flows["weight_share"].to_numpy(), flows["addresses_count"].to_numpy()))
        keys.append(pd.DataFrame({"area_code": pd.Series(names, dtype="str"), "year": year}))
        count += len(names)
    source, target, weight, addresses = (np.concatenate(column) for column in zip(*parts, strict=True))
    pieces = Pieces(
        source.astype(np.int64),
        target.astype(np.int64),
        weight.astype(np.float64),
        addresses.astype(np.float64),
        count,
    )
    return pieces, pd.concat(keys, ignore_index=True)


def _combine(
    rows: pd.DataFrame, pieces: Pieces, concepts: pd.DataFrame, names: Sequence[str], rule: MissingRule
) -> dict[str, Combined]:
    """Combine every concept in its own way."""
    listed = concepts.set_index("concept")
    columns = {name: _column(rows, name) for name in names}
    result = {}
    for name in names:
        way, denominator = listed.loc[name, "combine"], listed.loc[name, "denominator"]
        if way == "sum":
            result[name] = combine_counts(columns[name], pieces, rule.count_missing_max)
        elif way == "none":
            result[name] = combine_none(columns[name], pieces)
        elif way == "whole":
            result[name] = combine_whole(columns[name], pieces)
        else:
            result[name] = combine_means(columns[name], columns.get(denominator), pieces, rule.mean_missing_max)
            if denominator in listed.index and listed.loc[denominator, "combine"] == "whole":
                result[name] = only_whole(result[name], pieces)
    return result


def _column(rows: pd.DataFrame, name: str) -> Column:
    """Return a concept's values and the codes of its reasons."""
    values = rows[name].to_numpy(dtype=np.float64, na_value=np.nan)
    reasons = np.full(len(rows), -1, dtype=np.int8)
    if f"{name}_missing" in rows.columns:
        codes, texts = pd.factorize(rows[f"{name}_missing"])
        known = pd.Index(list(map(str, REASONS))).get_indexer(pd.Index(texts))
        reasons = np.append(known, -1)[codes].astype(np.int8)
    return Column(values, reasons)


def _largest_flag(flags: pd.Series, pieces: Pieces) -> pd.Series:
    """Return the largest flag of each target's sources; missing where one is, unless another is 3."""
    values = pieces.take(flags.to_numpy(dtype=np.float64, na_value=np.nan))
    largest = np.full(pieces.targets_count, -np.inf)
    # A missing flag could be anything up to 3: it outranks 2 and yields to 3.
    np.maximum.at(largest, pieces.target, np.where(np.isnan(values), 2.5, values))
    return pd.Series(np.where(largest == 2.5, np.nan, largest)).astype("Int64")


def _unplaced(frame: pd.DataFrame, by_year: dict[int, Weights]) -> pd.DataFrame:
    """Return what goes nowhere, for the sources that the table has."""
    keys = pd.MultiIndex.from_frame(frame[["year", "area_code"]])
    parts = pd.concat([w.unplaced.assign(year=year) for year, w in by_year.items()], ignore_index=True)
    if parts.empty:
        return parts
    there = pd.MultiIndex.from_frame(parts[["year", "source_code"]]).isin(keys)
    return parts.loc[there, ["year", "source_code", "arrives_at_code", "weight_share"]].reset_index(drop=True)


def _error(found: str, expected: str, action: str) -> DataError:
    """Return the error for a table that cannot be harmonised."""
    return DataError("table to harmonise", found=found, expected=expected, action=action)
