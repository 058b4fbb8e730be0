"""The codebook of the key figures: what each concept means, where it comes from, and when it can be compared."""

from __future__ import annotations

import pandas as pd

from buurteffect.schema import codebook
from buurteffect.schema.kwb import CONCEPTS, KWB, LAST_YEAR
from buurteffect.sources.kwb_mapping import breaks, mapping_rows


def statistics_codebook() -> pd.DataFrame:
    """Return the codebook, made from the contract and from the table that maps the publisher's columns.

    Returns
    -------
    DataFrame
        One row per concept: ``column, unit, range, meaning, combine`` (how values of several areas make one),
        ``source_columns, years, breaks, thresholds``.
    """
    declared = codebook(KWB).set_index("column").loc[list(CONCEPTS)].reset_index()
    broken = breaks().groupby("concept")["break_from"].agg(lambda years: ", ".join(map(str, years)))
    rows = [row for row in mapping_rows() if row.concept in CONCEPTS]
    sources = {name: sorted({row.column for row in rows if row.concept == name}) for name in CONCEPTS}
    return pd.DataFrame(
        {
            "column": declared["column"],
            "unit": declared["unit"],
            "range": declared["range"],
            "meaning": declared["meaning"],
            "combine": [_combine(name) for name in CONCEPTS],
            "source_columns": [", ".join(sources[name]) for name in CONCEPTS],
            "years": [_years(name) for name in CONCEPTS],
            "breaks": declared["column"].map(broken).fillna(""),
            "thresholds": [_thresholds(name) for name in CONCEPTS],
        }
    )


def _combine(name: str) -> str:
    """Say how values of several areas make one."""
    concept = CONCEPTS[name]
    words = {"sum": "sum", "none": "cannot be combined"}
    return words.get(concept.combine, f"weighted by {concept.denominator}")


def _years(name: str) -> str:
    """Say for which years the mapping knows a column."""
    rows = [row for row in mapping_rows() if row.concept == name]
    end = max(row.to_year for row in rows)
    return f"{min(row.from_year for row in rows)}–{'' if end == LAST_YEAR else end}"


def _thresholds(name: str) -> str:
    """List the thresholds below which the publisher gives no value."""
    rows = [row for row in mapping_rows() if row.concept == name and row.threshold is not None]
    return "; ".join(dict.fromkeys(f"{row.threshold:g} {row.threshold_of}" for row in rows))
