"""The codebook of the panel: what each column means, where it comes from, and when it can be compared.

Everything is made from the contract, from the table that maps the publisher's columns to concepts, and from the
record of the build; nothing is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import pandas as pd

from buurteffect.panel.areas.breaks_in_series import series_breaks
from buurteffect.schema import codebook
from buurteffect.schema.kwb import CONCEPTS, LAST_YEAR
from buurteffect.schema.panel import BLOCKS, STOCK_BLOCK, panel_contract
from buurteffect.sources.key_figures.columns.mapping import mapping_rows
from buurteffect.sources.tables.ses_woa import HOUSEHOLDS_THRESHOLD


def panel_codebook(
    level: str, observed: Mapping[str, Sequence[int]] | None = None, breaks: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the codebook of every column of the panel of a level but those that say why a value is missing.

    Parameters
    ----------
    level : {"buurt", "wijk", "gemeente", "pc4"}
        Kind of area.
    observed : mapping of str to list of int, optional
        Years in which a column has values, as `JoinedLevel` gives them.
    breaks : DataFrame, optional
        ``concept, break_year``; by default those that hold for any data.

    Returns
    -------
    DataFrame
        One row per column: ``column, unit, range, meaning, source, source_columns, combine`` (how values of
        several areas make one), ``years`` in which it has values, ``mapped_years`` for which a column of the
        publisher is known, ``breaks, thresholds``.
    """
    contract = panel_contract(level)
    declared = codebook(contract)
    declared = declared[~declared["column"].str.endswith("_missing")].reset_index(drop=True)
    source_of = {field.name: block.source for block in BLOCKS for field in block.fields}
    table = series_breaks(level) if breaks is None else breaks
    broken = table.groupby("concept")["break_year"].agg(lambda years: ", ".join(map(str, years)))
    names, given = declared["column"], declared["source"]
    return pd.DataFrame(
        {
            "column": names,
            "unit": declared["unit"],
            "range": declared["range"],
            "meaning": declared["meaning"],
            "source": names.map(source_of),
            "source_columns": [_source_columns(name, text) for name, text in zip(names, given, strict=True)],
            "combine": [_combine(name) for name in names],
            "years": [_spans((observed or {}).get(name, ())) for name in names],
            "mapped_years": [_mapped_years(name) for name in names],
            "breaks": names.map(broken).fillna(""),
            "thresholds": [_thresholds(name) for name in names],
        }
    )


def _source_columns(name: str, given: str) -> str:
    """Return the publisher's columns of a column."""
    if name not in CONCEPTS:
        return given
    return ", ".join(sorted({row.column for row in mapping_rows() if row.concept == name}))


def _combine(name: str) -> str:
    """Say how values of several areas make one; empty where they are never combined."""
    if name in STOCK_BLOCK.values:
        return "sum"
    if name not in CONCEPTS:
        return ""
    concept = CONCEPTS[name]
    words = {"sum": "sum", "whole": "sum of whole areas; never divided", "none": "cannot be combined"}
    return words.get(concept.combine, f"weighted by {concept.denominator}")


def _spans(years: Sequence[int]) -> str:
    """Print years, those that follow one another as a span.

    Examples
    --------
    >>> _spans([2002, 2014, 2015, 2016])
    '2002, 2014–2016'
    """
    if not years:
        return ""
    ordered = sorted(years)
    ends = [place for place, (first, second) in enumerate(pairwise(ordered)) if second != first + 1]
    starts = [0, *(place + 1 for place in ends)]
    spans = [(ordered[a], ordered[b]) for a, b in zip(starts, [*ends, len(ordered) - 1], strict=True)]
    return ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in spans)


def _mapped_years(name: str) -> str:
    """Say for which years the mapping knows a column of the key figures."""
    rows = [row for row in mapping_rows() if row.concept == name and name in CONCEPTS]
    if not rows:
        return ""
    end = max(row.to_year for row in rows)
    return f"{min(row.from_year for row in rows)}–{'' if end == LAST_YEAR else end}"


def _thresholds(name: str) -> str:
    """List the thresholds below which the publisher gives no value."""
    if name.startswith("ses_woa_") and name.endswith(("_share", "_score")):
        return f"{HOUSEHOLDS_THRESHOLD} households"
    if name not in CONCEPTS:
        return ""
    rows = [row for row in mapping_rows() if row.concept == name and row.threshold is not None]
    return "; ".join(dict.fromkeys(f"{row.threshold:g} {row.threshold_of}" for row in rows))
