"""What was built and demolished, dwelling by dwelling, and since when a buurt counts as treated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.microdata import RUNNING
from buurteffect.sources.tables.microdata import read_extract

LIVES = "LEVCYCLWOONNIETWOONBUS"
LEAST_DOSE = 0.05
"""Share of a buurt's dwellings demolished, from which on it counts as treated."""


def read_dwelling_lives(folder: Path, dwellings: pd.Series) -> pd.DataFrame:
    """Return when dwellings were completed and demolished.

    Returns
    -------
    DataFrame
        One row per dwelling, in the order of `dwellings` (`dwelling_pseudonyms`): ``completed_year, demolished_year``
        (float; the second is missing where the dwelling stands).

    Raises
    ------
    DataError
        If a dwelling is not in the extract.
    """
    names = ["RINOBJECTNUMMER", "AANVLEVCYCLWOONNIETWOON", "EINDLEVCYCLWOONNIETWOON"]
    lives = read_extract(folder, LIVES, columns=names).set_index("RINOBJECTNUMMER").reindex(pd.Index(dwellings))
    lacking = int(lives.iloc[:, 0].isna().sum())
    if lacking:
        raise DataError(
            LIVES,
            found=f"no row for {lacking:,} inhabited dwellings",
            expected="every dwelling of the address register",
            action="place the whole extract",
        )
    begin, end = lives.iloc[:, 0], lives.iloc[:, 1]
    demolished = end.where(end != RUNNING).str[:4].astype(float)
    return pd.DataFrame(
        {"completed_year": begin.str[:4].astype(float).to_numpy(), "demolished_year": demolished.to_numpy()}
    )


def treated_buurten(buurt: pd.Series, lives: pd.DataFrame, first_year: int, least_dose_share: float) -> pd.DataFrame:
    """Return since when buurten were restructured, by their own demolitions.

    Parameters
    ----------
    buurt, lives : Series, DataFrame
        Buurt of every dwelling and, in the same order, `read_dwelling_lives`.
    first_year : int
        First year of the extracts: dwellings of buurten without demolition are counted on its 1 January.
    least_dose_share : float
        Buurten of which less was demolished are neither treated nor compared.

    Returns
    -------
    DataFrame
        One row per buurt: ``area_code, cohort_year`` (year of the first demolition; missing where there is none or
        too little), ``demolished_count, dwellings_count`` (standing on 1 January of the cohort's year),
        ``dose_share`` and ``status`` (treated, below the least dose, untreated).
    """
    frame = pd.DataFrame({"area_code": buurt.astype("str").to_numpy()}).join(lives.reset_index(drop=True))
    first = frame.groupby("area_code")["demolished_year"].min()
    since = first.fillna(first_year)
    at = frame["area_code"].map(since)
    stood = (frame["completed_year"] < at) & ~(frame["demolished_year"] < at)
    counts = frame.assign(stood=stood, gone=frame["demolished_year"].notna()).groupby("area_code")
    found = counts.agg(demolished_count=("gone", "sum"), dwellings_count=("stood", "sum"))
    dose = found["demolished_count"] / found["dwellings_count"].where(found["dwellings_count"] > 0)
    found["dose_share"] = dose.fillna(0.0)
    some = found["demolished_count"] > 0
    enough = some & (found["dose_share"] >= least_dose_share)
    found["cohort_year"] = first.where(enough)
    found["status"] = np.select([enough, some], ["treated", "below the least dose"], "untreated")
    columns = ["cohort_year", "demolished_count", "dwellings_count", "dose_share", "status"]
    return found[columns].reset_index()
