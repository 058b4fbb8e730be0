"""Adults and their neighbours, year by year: what a panel regression of income on the neighbourhood needs."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import ProjectError
from buurteffect.panel.childhood.place_qualities import place_quality

AGES = (25, 59)
"""Ages of main earners that count, ends included."""

LAGS = (1, 2, 3, 4, 5)
"""Years back that the past is made of."""


def read_adult_years(people: pd.DataFrame, every: int = 1) -> pd.DataFrame:
    """Return the working-age main earners of each year, with the poverty of their place now and before.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`, all years.
    every : int
        Take every so many-th person, by code: 1 takes all.

    Returns
    -------
    DataFrame
        One row per person and year, sorted: ``person, year, age, place, gemeente, dwelling`` (codes), ``log_income``
        (of the household), ``employed`` (0 or 1), ``share`` (low incomes among the other households of the buurt, in
        steps of ten points), ``share_1`` and ``share_5`` (of the place one and five years before, the same person's,
        wherever it lived), ``share_past`` (mean of the five years before; these three missing where a year is not
        seen) and ``stay`` (code of person and dwelling together).

    Raises
    ------
    ProjectError
        If nobody is left.
    """
    some = people[people["person"].to_numpy() % max(every, 1) == 0]
    quality = place_quality(people)
    place, year = quality.code_of(some["buurt_code"]), some["year"].to_numpy(dtype=np.int64)
    share = 10 * quality.share_of_others(place, year, some["low_income"])
    person = some["person"].to_numpy(dtype=np.int64)
    past = np.column_stack([_earlier(person, year, share, lag) for lag in LAGS])
    frame = pd.DataFrame(
        {
            "person": person,
            "year": year,
            "age": some["age"].to_numpy(dtype=np.int64),
            "place": place,
            "gemeente": some["gemeente_code"].cat.codes.to_numpy(),
            "dwelling": some["dwelling"].to_numpy(),
            "log_income": some["log_income"].to_numpy(),
            "employed": some["employed"].to_numpy(dtype=float, na_value=np.nan),
            "share": share,
            "share_1": past[:, 0],
            "share_5": past[:, -1],
            "share_past": past.mean(axis=1),
        }
    )
    frame["stay"] = pd.factorize(person * (int(frame["dwelling"].max()) + 1) + frame["dwelling"].to_numpy())[0]
    frame = frame[some["main_earner"].to_numpy() & frame["age"].between(*AGES).to_numpy()]
    if frame.empty:
        raise ProjectError(f"no main earner is between {AGES[0]} and {AGES[1]}")
    return frame.reset_index(drop=True)


def read_neighbours(people: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the households of one year with what a regression on their neighbours' incomes needs.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`; may hold this year only.
    year : int
        The year.

    Returns
    -------
    DataFrame
        One row per household: ``household, place, gemeente`` (codes), ``log_income, age, nonwestern, owner, social``.
    """
    heads = people[people["main_earner"].to_numpy() & (people["year"] == year).to_numpy()]
    heads = heads[heads["age"].between(*AGES) & heads["log_income"].notna()]
    return pd.DataFrame(
        {
            "household": heads["household"].to_numpy(),
            "place": heads["buurt_code"].cat.codes.to_numpy(),
            "gemeente": heads["gemeente_code"].cat.codes.to_numpy(),
            "log_income": heads["log_income"].to_numpy(),
            "age": heads["age"].to_numpy(dtype=float),
            "nonwestern": heads["origin_nonwestern"].to_numpy(dtype=float),
            "owner": (heads["tenure"] == "owner").to_numpy(dtype=float),
            "social": (heads["tenure"] == "association").to_numpy(dtype=float),
        }
    ).reset_index(drop=True)


def _earlier(
    person: NDArray[np.int64], year: NDArray[np.int64], values: NDArray[np.float64], lag: int
) -> NDArray[np.float64]:
    """Return the value of the same person some years before; missing where that year was not seen."""
    key = person * 10_000 + year
    place = np.searchsorted(key, key - lag)
    found = np.minimum(place, len(key) - 1)
    return np.where(key[found] == key - lag, values[found], np.nan)
