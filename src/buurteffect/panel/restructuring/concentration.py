"""The outcome beside the share of poor households, by area and year."""

from __future__ import annotations

import pandas as pd

from buurteffect.panel.restructuring.study import RestructuringStudy

_CONCEPT = "low_income_households_share"
LOW_INCOME_SHARE = "poor_households_share"
"""Column of the share of households with a low income."""


def concentration_panel(study: RestructuringStudy) -> pd.DataFrame:
    """Return the rows of a study that have the published share of households with a low income in the same year.

    Returns
    -------
    DataFrame
        One row is one area in one year, treated or not: the frame of the study with `LOW_INCOME_SHARE`.
    """
    if study.joined.empty or study.frame.empty:
        return study.frame.assign(**{LOW_INCOME_SHARE: pd.Series(dtype=float)}).head(0)
    known = study.joined.loc[study.joined[_CONCEPT].notna(), ["area_code", "year", _CONCEPT]]
    known = known.drop_duplicates(["area_code", "year"], keep=False).rename(columns={_CONCEPT: LOW_INCOME_SHARE})
    return study.frame.merge(known, on=["area_code", "year"]).reset_index(drop=True)
