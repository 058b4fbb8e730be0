"""What was known of every area before the outcome's first year: it cannot have been moved by a later treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.panel.restructuring.known_at_choice import wide_by_year

BEFORE = (
    "baseline_outcome", "woz_level", "woz_trend", "owner_share_before", "association_share_before",
    "low_income_share_before", "dwellings_before",
)  # fmt: skip
"""The outcome in its first year; log value of dwellings less its mean, and its change a year; shares; dwellings."""

TREND_YEARS = 4
"""Years over which a trend is taken, at the least where they are there."""

_SHARES = {
    "owner_share_before": "owner_occupied_share",
    "association_share_before": "association_rented_share",
    "low_income_share_before": "low_income_households_share",
}


def values_before(
    frame: pd.DataFrame,
    known_until: int,
    first_year: int,
    column: str,
    outcome: pd.DataFrame,
    ranked: pd.Series | None = None,
) -> pd.DataFrame:
    """Return what was published of every area before a year.

    Parameters
    ----------
    frame : DataFrame
        The joined panel: one row per area and year.
    known_until, first_year : int
        Values of this year and later do not count; the outcome's first year.
    column, outcome : str, DataFrame
        The outcome's column in a table with ``area_code, year``.
    ranked : Series, optional
        Value by area by which areas count as alike, such as their first score.

    Returns
    -------
    DataFrame
        One row is one area: ``area_code``, `BEFORE` (NaN where nothing was published), ``alike``: its fifth among all
        areas by `ranked`, else by ``woz_level`` or ``baseline_outcome``; 1 is the lowest, 0 unknown.
    """
    early = frame[frame["year"] < known_until]
    codes = pd.Index(sorted(frame["area_code"].unique()), name="area_code")
    found = pd.DataFrame(index=codes)
    start = outcome[(outcome["year"] == first_year)].dropna(subset=column).drop_duplicates("area_code", keep=False)
    found["baseline_outcome"] = start.set_index("area_code")[column].reindex(codes)
    worth = _logged(wide_by_year(early, "woz_value_eur", codes))
    found["woz_level"], found["woz_trend"] = _level_and_trend(worth)
    for name, concept in _SHARES.items():
        found[name] = _last(wide_by_year(early, concept, codes))
    found["dwellings_before"] = _last(wide_by_year(early, "dwellings_count", codes))
    order = [found["woz_level"], found["baseline_outcome"]]
    order = order if ranked is None else [ranked.reindex(codes), *order]
    first = next((values for values in order if values.notna().any()), order[-1])
    found["alike"] = np.ceil(first.rank(pct=True, method="first") * 5).fillna(0).astype("int64")
    return found.reindex(columns=[*BEFORE, "alike"]).reset_index()


def _logged(wide: pd.DataFrame) -> pd.DataFrame:
    """Return logarithms; what is 0 or less has none."""
    return np.log(wide.where(wide > 0))


def _last(wide: pd.DataFrame) -> pd.Series:
    """Return the last value of every area."""
    if wide.shape[1] == 0:
        return pd.Series(np.nan, index=wide.index)
    return wide.ffill(axis=1).iloc[:, -1]


def _level_and_trend(wide: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return the last year's values less their mean, and their change a year since some years before."""
    nothing = pd.Series(np.nan, index=wide.index)
    if wide.shape[1] == 0:
        return nothing, nothing
    years = [int(year) for year in wide.columns]
    last = years[-1]
    level = wide[last] - wide[last].mean()
    earlier = [year for year in years if year <= last - TREND_YEARS] or years[:1]
    start = earlier[-1]
    return level, (wide[last] - wide[start]) / (last - start) if last > start else nothing
