"""Who moved where: households by year, with where they live a year later and whether demolition made them go."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

MOVE_COLUMNS = (
    "person", "year", "buurt", "wijk", "gemeente", "dwelling", "tenure", "age", "low_income", "tercile", "log_income",
    "distance", "nonwestern", "like_share", "woz_value_eur", "next_buurt", "next_wijk", "next_gemeente", "moved",
    "displaced",
)  # fmt: skip
"""Columns of the table of moves."""

TERCILES = ("low", "middle", "high")
AWAY = -1
"""Place of a person who is not in the register a year later."""


def household_moves(people: pd.DataFrame) -> pd.DataFrame:
    """Return the main earner of every household by year, with where the same person lives a year later.

    Parameters
    ----------
    people : DataFrame
        All years of a `PersonStudy`.

    Returns
    -------
    DataFrame
        One row per main earner and year, but for the last year, sorted by both: ``person, year``; ``buurt, wijk,
        gemeente`` (position of the code among the categories of `people`) and ``dwelling`` on 1 January; ``tenure``
        (position in `TENURES`); ``age``; ``low_income`` (float, missing where income is);
        ``tercile`` (third of the year's households by income: 0 low to 2 high, -1 unknown); ``log_income``;
        ``distance`` (of log income to the buurt's median, absolute); ``nonwestern``; ``like_share`` (share of the
        other households of the buurt with the same origin in two groups); ``woz_value_eur``; ``next_buurt,
        next_wijk, next_gemeente`` (`AWAY` where the person is not in the register); ``moved`` (in the register, at
        another address); ``displaced`` (moved, and the dwelling was demolished in the year).
    """
    person, year = people["person"].to_numpy(), people["year"].to_numpy().astype(np.int64)
    follows = np.flatnonzero((person[1:] == person[:-1]) & (year[1:] == year[:-1] + 1))
    rows = np.flatnonzero(people["main_earner"].to_numpy() & (year < year.max(initial=0)))
    after = np.full(len(people), AWAY, dtype=np.int64)
    after[follows] = follows + 1
    after = after[rows]
    stays = after != AWAY
    dwelling = people["dwelling"].to_numpy()
    found: dict[str, npt.NDArray[np.generic]] = {"person": person[rows], "year": year[rows], "dwelling": dwelling[rows]}
    for name in ("buurt", "wijk", "gemeente"):
        code = people[f"{name}_code"].cat.codes.to_numpy().astype(np.int32)
        found[name], found[f"next_{name}"] = code[rows], np.where(stays, code[after], AWAY)
    found["moved"] = stays & (dwelling[after] != dwelling[rows])
    found["displaced"] = found["moved"] & (people["demolished_year"].to_numpy()[rows] == year[rows])
    found["tenure"] = people["tenure"].cat.codes.to_numpy()[rows]
    found["age"] = people["age"].to_numpy()[rows].astype(np.int64)
    found["low_income"] = people["low_income"].to_numpy(dtype=float, na_value=np.nan)[rows]
    found["log_income"] = people["log_income"].to_numpy()[rows]
    found["nonwestern"] = people["origin_nonwestern"].to_numpy()[rows]
    found["woz_value_eur"] = people["woz_value_eur"].to_numpy()[rows]
    return _with_neighbours(pd.DataFrame(found))[list(MOVE_COLUMNS)]


def _with_neighbours(rows: pd.DataFrame) -> pd.DataFrame:
    """Add what a household is among its neighbours and in the country of its year."""
    cell = [rows["buurt"], rows["year"]]
    median = rows["log_income"].groupby(cell).transform("median")
    count = rows["nonwestern"].groupby(cell).transform("size").to_numpy(dtype=float)
    others = rows["nonwestern"].groupby(cell).transform("sum").to_numpy(dtype=float) - rows["nonwestern"].to_numpy()
    share = np.divide(others, count - 1, out=np.full(len(rows), np.nan), where=count > 1)
    rank = rows["log_income"].groupby(rows["year"]).rank(pct=True)
    tercile = np.where(rank.isna(), -1, np.minimum((rank.fillna(0.0) * 3).astype(int), 2))
    return rows.assign(
        distance=(rows["log_income"] - median).abs(),
        like_share=np.where(rows["nonwestern"], share, 1 - share),
        tercile=tercile,
    )
