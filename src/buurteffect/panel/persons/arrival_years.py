"""Those who came to a place and those who left it: what became of their incomes and of where they live."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.panel.persons.moves import AWAY, TERCILES

ARRIVAL_SHARE = 0.2
"""Share of the buurten, those with the lowest first score, that are called arrival buurten."""

_INCOME_BANDS = 20

YEARS_AFTER = 8
"""Years over which income grows."""


def arrivals(people: pd.DataFrame, moves: pd.DataFrame, score: pd.Series) -> pd.DataFrame:
    """Return households that moved to another buurt, with the growth of their income after it.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`.
    moves : DataFrame
        From `household_moves`.
    score : Series
        First score by buurt code.

    Returns
    -------
    DataFrame
        One row per move of a household: ``person, year, came_to`` (position), ``arrival`` (whether that is an arrival
        buurt), ``left_arrival`` (whether it left one), ``buurt`` (position left), ``gemeente, tenure, tercile,
        age_band`` at the move, ``income_band`` (twentieth of the households that came anywhere in the year, by income
        in the year after), ``growth`` (log points, from the year after the move to `YEARS_AFTER` later; missing
        where not known), ``score_there`` (first score of the place come to) and ``score_change`` (the same less that of
        the place left).
    """
    codes = people["buurt_code"].cat.categories
    level = score.reindex(codes).to_numpy(dtype=float)
    low = level <= np.nanquantile(level, ARRIVAL_SHARE)
    rows = moves[(moves["next_buurt"] != AWAY) & (moves["next_buurt"] != moves["buurt"]) & (moves["tercile"] >= 0)]
    rows = rows.reset_index(drop=True)
    year, person = people["year"].to_numpy().astype(np.int64), people["person"].to_numpy()
    first, last = int(year.min()), int(year.max())
    income = np.full((int(person.max()) + 1, last - first + YEARS_AFTER + 2), np.nan, dtype=np.float32)
    income[person, year - first] = people["log_income"].to_numpy()
    when, who = rows["year"].to_numpy() + 1 - first, rows["person"].to_numpy()
    there, left = rows["next_buurt"].to_numpy(), rows["buurt"].to_numpy()
    at_arrival = pd.Series(income[who, when].astype(float))
    band = at_arrival.groupby(rows["year"].to_numpy()).rank(pct=True, method="first")
    return pd.DataFrame(
        {
            "person": who,
            "year": rows["year"],
            "came_to": there,
            "arrival": low[there],
            "left_arrival": low[left],
            "buurt": left,
            "gemeente": rows["next_gemeente"],
            "tenure": rows["tenure"],
            "tercile": np.array(TERCILES)[rows["tercile"]],
            "age_band": np.searchsorted((30, 40, 50, 65), rows["age"].to_numpy(), side="right"),
            "income_band": np.ceil(_INCOME_BANDS * band).fillna(0).to_numpy(dtype=int),
            "growth": (income[who, when + YEARS_AFTER] - income[who, when]).astype(float),
            "score_there": level[there],
            "score_change": level[there] - level[left],
        }
    )


def entrants_per_leaver(moves: pd.DataFrame, codes: pd.Index, starts: pd.Series) -> float:
    """Return how many low-income households came to restructured buurten for each that left, from the start on."""
    start = starts.reindex(codes).to_numpy(dtype=float)
    rows = moves[(moves["next_buurt"] != moves["buurt"]) & (moves["low_income"] == 1)]
    year = rows["year"].to_numpy()
    left = year >= start[rows["buurt"].to_numpy()]
    there = rows["next_buurt"].to_numpy()
    came = (there != AWAY) & (year >= np.where(there != AWAY, start[there], np.nan))
    return float(came.sum() / left.sum()) if left.any() else float("nan")
