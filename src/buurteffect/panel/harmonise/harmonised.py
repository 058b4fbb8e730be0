"""Tables of any years on the areas of one base year.

Two rules: ``harmonised`` divides and combines areas by weight; ``unchanged_only`` keeps the areas of which the
code list, the weights and the official flags all say that nothing but a code or a name changed in the whole
span. An equal code alone says nothing: a boundary can move under it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from buurteffect.panel.harmonise.area_changes import areas_left_out, build_ledger, leave_out
from buurteffect.panel.harmonise.moved_tables import Moved, Settings, move
from buurteffect.panel.harmonise.totals_check import CONSERVED, conservation
from buurteffect.panel.harmonise.weights import Weights, is_among

__all__ = ["Harmonised", "Settings", "choose", "harmonise"]


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
    return choose(move(frame, weights, concepts, settings), settings, flags=flags, gemeente_weights=gemeente_weights)


def choose(
    moved: Moved,
    settings: Settings,
    *,
    flags: pd.DataFrame | None = None,
    gemeente_weights: Mapping[int, Weights] | None = None,
) -> Harmonised:
    """Keep the areas that a rule allows, and account for the others; parameters and errors as in `harmonise`."""
    frame, rows, partial, by_year = moved.before, moved.after, moved.partial, moved.by_year
    reasons = None
    if settings.rule == "unchanged_only":
        reasons = areas_left_out(frame, by_year, moved.base_year, settings.flag_column, flags)
        rows = rows[~is_among(rows["area_code"], reasons.index)].reset_index(drop=True)
        partial = partial[~is_among(partial["area_code"], reasons.index)].reset_index(drop=True)
    why = leave_out(frame, moved.years, reasons)
    left_out = frame[["area_code", "year"]].loc[why.index].assign(reason=why.astype("str")).reset_index(drop=True)
    counted = [name for name in CONSERVED if name in moved.concepts]
    return Harmonised(
        rows,
        build_ledger(moved.years, rows, why, moved.level),
        left_out,
        partial,
        _unplaced(frame, by_year),
        conservation(frame, rows, counted, gemeente_weights),
        settings,
        moved.base_year,
    )


def _unplaced(frame: pd.DataFrame, by_year: dict[int, Weights]) -> pd.DataFrame:
    """Return what goes nowhere, for the sources that the table has."""
    parts = pd.concat([w.unplaced.assign(year=year) for year, w in by_year.items()], ignore_index=True)
    if parts.empty:
        return parts
    keys = pd.MultiIndex.from_frame(frame[["year", "area_code"]])
    there = pd.MultiIndex.from_frame(parts[["year", "source_code"]]).isin(keys)
    return parts.loc[there, ["year", "source_code", "arrives_at_code", "weight_share"]].reset_index(drop=True)
