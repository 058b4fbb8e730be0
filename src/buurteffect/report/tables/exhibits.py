"""What a notebook may show: verdicts, answers and estimates, as a page reads them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Protocol

import pandas as pd

DIGITS = 9
"""Significant digits of every number in the results: those that do not depend on the BLAS and the thread count."""
_SENTENCE_END = re.compile(r"(?<=\.) (?=[A-Z])")
_NEW_SENTENCE = re.compile(r"(?:\.; |; (?:on: )?(?=[A-Z]))(\w)")
"""Where one description of a method or an error is followed by another, which a table above may have printed."""
_NEGATIVE = re.compile(r"(?<=\s)-(?=\d)")
_FEW_CLUSTERS = 30
_CLUSTERED = re.compile(r"(?:clustered by|clusters by|summed by|summed within|bootstrap over \d+) (\w+)")
_NOUNS = {"area": "areas", "buurt": "buurten", "gemeente": "gemeenten", "gemeenten": "gemeenten", "wijk": "wijken"}


class VerdictLike(Protocol):
    """A verdict on a claim: id, claim, outcome, sentences, the rule with what was found, and the numbers in them."""

    claim_id: str
    claim: str
    outcome: str
    sentences: tuple[str, ...]
    limits: tuple[str, ...]
    numbers: Mapping[str, float]
    rule: tuple[tuple[str, tuple[str, ...]], ...]
    remarks: tuple[str, ...]
    changes: tuple[str, ...]
    population: str
    estimand: str
    primary: Mapping[str, float]


class AnswerLike(Protocol):
    """Sentences with the numbers in them, and what they cannot say."""

    sentences: list[str]
    limits: list[str]
    numbers: dict[str, float]


class EstimateLike(Protocol):
    """An estimate: a tidy frame and what is needed to read it; with a ``reason``, it was refused."""

    frame: pd.DataFrame
    method: str
    error_convention: str
    units_count: int
    clusters_count: int
    dropped: tuple[tuple[str, int], ...]


def reading_of(estimate: EstimateLike) -> list[str]:
    """Return the sentences on an estimate's method, its standard errors and the observations it leaves out."""
    left_out = "; ".join(f"{count:,} {reason}" for reason, count in estimate.dropped)
    parts = (estimate.method, estimate.error_convention, f"left out: {left_out}" if left_out else "")
    whole = " ".join(f"{part[0].upper()}{part[1:].rstrip('.')}." for part in parts if part)
    whole = _NEW_SENTENCE.sub(lambda start: f". {start[1].upper()}", _NEGATIVE.sub("−", whole))
    return [sentence for sentence in _SENTENCE_END.split(whole) if sentence]


def few_clusters(frame: pd.DataFrame, convention: str) -> str:
    """Return a warning where intervals rest on fewer than 30 clusters and may be too narrow, else an empty text.

    Examples
    --------
    >>> few_clusters(pd.DataFrame({"ci_low": [0.1], "clusters_count": [26]}), "clustered by area_code (26)")
    'With fewer than 30 areas (the fewest: 26) intervals may be too narrow.'
    """
    if "clusters_count" not in frame.columns or "ci_low" not in frame.columns:
        return ""
    shown = frame.loc[frame["ci_low"].notna(), "clusters_count"]
    if shown.empty or shown.min() >= _FEW_CLUSTERS:
        return ""
    few = f"fewer than {_FEW_CLUSTERS} {_clusters_of(convention)} (the fewest: {int(shown.min())})"
    if shown.max() < _FEW_CLUSTERS:
        return f"With {few} intervals may be too narrow."
    return f"Rows with {few} have intervals that may be too narrow."


def _clusters_of(convention: str) -> str:
    """Return the plural noun for the clusters that a convention names; gemeenten where it names none."""
    nouns = {_NOUNS.get(name.removesuffix("_code"), "clusters") for name in _CLUSTERED.findall(convention)}
    return nouns.pop() if len(nouns) == 1 else "clusters" if nouns else "gemeenten"


def plain(value: Any) -> Any:
    """Return `value` as JSON can hold it: a missing number as null, floats to `DIGITS` significant digits."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (str, bool, int)):
        return str(value) if isinstance(value, str) else value
    if hasattr(value, "item"):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
    if pd.isna(value):
        return None
    return str(value)
