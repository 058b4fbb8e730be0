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
from buurteffect.panel.harmonise.combine import MissingRule
from buurteffect.panel.harmonise.moved_tables import RULES, Moved, move, not_harmonisable
from buurteffect.panel.harmonise.totals_check import CONSERVED, conservation
from buurteffect.panel.harmonise.weights import Weights, is_among


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
    conservation : DataFrame
        Totals per gemeente of the base year before and after (see `conservation`).
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    conservation: pd.DataFrame


def harmonise(
    frame: pd.DataFrame,
    weights: Weights | Mapping[int, Weights],
    concepts: pd.DataFrame,
    rule: str = "harmonised",
    *,
    missing: MissingRule | None = None,
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
    rule : {"harmonised", "unchanged_only"}
        Which areas there are.
    missing : MissingRule, optional
        How much of an area may be unknown; ``MissingRule()`` by default.
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
    if rule not in RULES:
        raise not_harmonisable(f"rule {rule!r}", f"one of {', '.join(RULES)}", "choose one of these rules")
    moved = move(frame, weights, concepts, missing)
    return apply_rule(moved, rule, flags=flags, gemeente_weights=gemeente_weights)


def apply_rule(
    moved: Moved,
    rule: str,
    *,
    flags: pd.DataFrame | None = None,
    gemeente_weights: Mapping[int, Weights] | None = None,
) -> Harmonised:
    """Keep the areas that a rule allows, and account for the others; parameters and errors as in `harmonise`."""
    frame, rows = moved.before, moved.after
    reasons = None
    if rule == "unchanged_only":
        reasons = areas_left_out(frame, moved.by_year, moved.base_year, flags)
        rows = rows[~is_among(rows["area_code"], reasons.index)].reset_index(drop=True)
    why = leave_out(frame, moved.years, reasons)
    counted = [name for name in CONSERVED if name in moved.concepts]
    return Harmonised(
        rows,
        build_ledger(moved.years, rows, why, moved.level),
        conservation(frame, rows, counted, gemeente_weights),
    )
