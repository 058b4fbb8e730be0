"""Who moved where: households by year, with where they live a year later and whether demolition made them go."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.persons.person_years import dwelling_pseudonyms
from buurteffect.schema.microdata import RUNNING
from buurteffect.sources.tables.microdata import read_extract

MOVE_COLUMNS = (
    "person", "year", "buurt", "wijk", "gemeente", "dwelling", "tenure", "age", "low_income", "tercile", "log_income",
    "distance", "nonwestern", "like_share", "woz_value_eur", "next_buurt", "next_wijk", "next_gemeente", "moved",
    "displaced",
)  # fmt: skip
"""Columns of the table of moves."""

TERCILES = ("low", "middle", "high")
AWAY = -1
"""Place of a person who is not in the register a year later."""


def household_moves(people: pd.DataFrame, folder: Path) -> pd.DataFrame:
    """Return the main earner of every household by year, with where the same person lives a year later.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`, all years.
    folder : Path
        Folder of the register extracts.

    Returns
    -------
    DataFrame
        One row per main earner and year, but for the last year, sorted by both: ``person, year``; ``buurt, wijk,
        gemeente`` (position of the code among the categories of `people`) and ``dwelling`` on 1 January; ``tenure``
        (position in `panel.residence.TENURES`); ``age``; ``low_income`` (float, missing where income is);
        ``tercile`` (third of the year's households by income: 0 low to 2 high, -1 unknown); ``log_income``;
        ``distance`` (of log income to the buurt's median, absolute); ``nonwestern``; ``like_share`` (share of the
        other households of the buurt with the same origin in two groups); ``woz_value_eur``; ``next_buurt,
        next_wijk, next_gemeente`` (`AWAY` where the person is not in the register); ``moved`` (in the register, at
        another address); ``displaced`` (moved, and the dwelling was demolished in the year).

    Raises
    ------
    DataError
        If the life cycle of dwellings lacks one of those that were lived in.
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
    gone = demolition_years(folder, dwelling_pseudonyms(folder))
    found["displaced"] = found["moved"] & (gone[dwelling[rows]] == year[rows])
    found["tenure"] = people["tenure"].cat.codes.to_numpy()[rows]
    found["age"] = people["age"].to_numpy()[rows].astype(np.int64)
    found["low_income"] = people["low_income"].to_numpy(dtype=float, na_value=np.nan)[rows]
    found["log_income"] = people["log_income"].to_numpy()[rows]
    found["nonwestern"] = people["origin_nonwestern"].to_numpy()[rows]
    found["woz_value_eur"] = people["woz_value_eur"].to_numpy()[rows]
    return _with_neighbours(pd.DataFrame(found))[list(MOVE_COLUMNS)]


def demolition_years(folder: Path, dwellings: pd.Series) -> npt.NDArray[np.int64]:
    """Return the year in which each dwelling was demolished, 0 where it stands.

    Raises
    ------
    DataError
        If a dwelling has no life cycle.
    """
    life = read_extract(folder, "LEVCYCLWOONNIETWOONBUS", columns=["RINOBJECTNUMMER", "EINDLEVCYCLWOONNIETWOON"])
    end = life.set_index("RINOBJECTNUMMER")["EINDLEVCYCLWOONNIETWOON"]
    year = end.where(end != RUNNING, "00000000").str[:4].astype("int64").reindex(dwellings)
    if year.isna().any():
        raise DataError(
            "LEVCYCLWOONNIETWOONBUS",
            found=f"no row for {int(year.isna().sum()):,} dwellings in which somebody lived",
            expected="the life cycle of every dwelling of the address register",
            action="place the whole extract",
        )
    return np.asarray(year.to_numpy(dtype=np.int64))


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
