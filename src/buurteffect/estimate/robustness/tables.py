"""Attempts at estimates put into the tables of a page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from buurteffect.estimate.core.attempt import Attempt, together
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.did.headline import beside_headline
from buurteffect.estimate.robustness.specifications import refused_rows
from buurteffect.estimate.selection.overlap import PooledOverlap


def rows(attempts: Mapping[str, Attempt[EffectEstimate]]) -> Attempt[pd.DataFrame]:
    """Return the first effect of each estimate in one table (`together`); refused where all were."""
    if any(attempts.values()):
        return Attempt(together(attempts))
    reasons = "; ".join(f"{name}: {made.reason.rstrip('.')}" for name, made in attempts.items())
    return Attempt(None, reasons)


def titled(made: Attempt[EffectEstimate], title: str) -> Attempt[EffectEstimate]:
    """Return an estimate of one row with another name for the row."""
    if not made:
        return made
    return Attempt(replace(made.result, frame=made.result.frame.assign(term=title)))


def beside(
    headline: Attempt[EffectEstimate], honest: Attempt[EffectEstimate], overlap: Attempt[PooledOverlap], title: str
) -> Attempt[EffectEstimate]:
    """Return a headline with what has to stand beside it (`beside_headline`), under a title."""
    if not headline:
        return headline
    reasons = overlap.result.reasons if overlap else ("no overlap known",)
    return titled(
        Attempt(
            beside_headline(headline.result, honest.result if honest else Estimate.refused(honest.reason), reasons)
        ),
        title,
    )


def as_terms(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of specifications with their names as terms."""
    return table.rename(columns={"specification": "term"})


def refused(made: Attempt[EffectEstimate] | Attempt[pd.DataFrame]) -> str:
    """Return in one text which rows of a table were refused and why; empty where none was, or there is no table."""
    if not made:
        return ""
    table = made.result if isinstance(made.result, pd.DataFrame) else made.result.frame
    return refused_rows(table, "term")
