"""The outcomes on which restructuring is judged: where each is published, in what unit, and from which year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError


@dataclass(frozen=True)
class OutcomeSeries:
    """One outcome as a column of a panel.

    Parameters
    ----------
    name : str
        By which a run asks for it.
    column : str
        Column of the frame that it becomes.
    concepts : tuple of str
        Columns of the panel that it is made from; several are added up.
    label, unit : str
        What it is, and in which unit an effect on it is.
    logged : bool
        Whether the natural logarithm is taken.
    first_year : int
        First year that is used.
    left_out_years : tuple of int
        Years that are not used.
    known_until : int
        Only values before this year count as known before; 0 for those before the first year that is used. Later than
        that, values may be those of the first year itself.
    reason : str
        Why years are left out; empty where none are.
    """

    name: str
    column: str
    concepts: tuple[str, ...]
    label: str
    unit: str
    logged: bool = False
    first_year: int = 0
    left_out_years: tuple[int, ...] = ()
    known_until: int = 0
    reason: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of open data that hold it."""
        return ("scores",) if "score" in self.concepts[0] else ("key_figures",)

    def values(self, frame: pd.DataFrame) -> pd.Series:
        """Return the outcome of every row, missing where a part of it is; a value of 0 or less has no logarithm."""
        total = frame[list(self.concepts)].astype(float).sum(axis=1, skipna=False)
        years = frame["year"]
        total = total.where((years >= self.first_year) & ~years.isin(self.left_out_years))
        return np.log(total.where(total > 0)) if self.logged else total

    def breaks(self, breaks: pd.DataFrame) -> pd.DataFrame:
        """Return the breaks of the series under the name of the column, one row per year of break."""
        mine = breaks[breaks["concept"].isin(self.concepts)].assign(concept=self.column)
        return mine.drop_duplicates("break_year").reset_index(drop=True)


OUTCOMES = {
    each.name: each
    for each in (
        OutcomeSeries("liveability", "liveability_score", ("liveability_score",), "liveability score", "LBM points"),
        OutcomeSeries(
            "liveability_rest",
            "liveability_rest_score",
            ("physical_score", "nuisance_score", "amenities_score"),
            "liveability score without the dimensions housing and cohesion",
            "LBM points",
        ),
        OutcomeSeries(
            "low_income",
            "low_income_households_share",
            ("low_income_households_share",),
            "share of households with a low income",
            "share",
        ),
        OutcomeSeries(
            "income",
            "log_income_per_recipient",
            ("income_per_recipient_eur",),
            "log of mean personal income per recipient",
            "log points",
            logged=True,
        ),
        OutcomeSeries(
            "woz",
            "log_woz_value",
            ("woz_value_eur",),
            "log of mean assessed value of dwellings (WOZ)",
            "log points",
            logged=True,
            first_year=2003,
            left_out_years=(2004, 2006),
            known_until=2000,
            reason="earlier values serve as what was known before; values are repeated, those of 2003 in 2004 and by "
            "some gemeenten those of 2005 in 2006",
        ),
        OutcomeSeries(
            "owner",
            "owner_occupied_share",
            ("owner_occupied_share",),
            "share of owner-occupied dwellings",
            "share",
        ),
    )
}
"""The outcomes by name."""


def outcome_series(name: str) -> OutcomeSeries:
    """Return an outcome by name.

    Raises
    ------
    ProjectError
        If there is none of this name.

    Examples
    --------
    >>> outcome_series("woz").unit
    'log points'
    """
    if name not in OUTCOMES:
        raise ProjectError(f"there is no outcome {name!r}: choose {', '.join(OUTCOMES)}")
    return OUTCOMES[name]
