"""One estimate whose truth is known on synthetic data, as a page records it."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd


class Known(NamedTuple):
    """An estimate whose truth is known on synthetic data: what a page records of it."""

    name: str
    label: str
    estimate: float
    low: float
    high: float
    unit: str


def known_row(name: str, label: str, row: pd.Series, unit: str) -> Known:
    """Return the estimate in one row of a table under the name of its truth."""
    return Known(name, label, row["estimate"], row["ci_low"], row["ci_high"], unit)
