"""Where the displaced went, beside households like them that moved by themselves or were left alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.panel.persons.moves import AWAY, TERCILES

_BANDS = 20
_ASSOCIATION = 0

MEASURES = ("score", "low_income", "log_woz", "distance_km")
"""What is compared of the place that they live in with the place that they left."""


def displaced_and_others(
    people: pd.DataFrame,
    moves: pd.DataFrame,
    starts: pd.Series,
    measures: pd.DataFrame,
    places: pd.DataFrame,
    years_after: int = 1,
) -> pd.DataFrame:
    """Return displaced households and those that they are compared with, with what became of their surroundings.

    The displaced are those whose dwelling was demolished in a year. Beside them stand households of buurten in which
    nothing had begun by the end of that year: all of them (``other`` is True where they moved in that year). Places
    are measured before anything began, so that what is compared is where people live and not what became of it.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`.
    moves : DataFrame
        From `household_moves`.
    starts : Series
        First year of demolition by buurt code; buurten that are not in it are left out.
    measures : DataFrame
        Index buurt code, columns of what a place is measured by (`MEASURES` but the distance), fixed in time.
    places : DataFrame
        One row per buurt: ``area_code, x_m, y_m``.
    years_after : int
        Years after 1 January of the year of the move at which both live somewhere.

    Returns
    -------
    DataFrame
        One row per household and year: ``person, year, displaced, moved, buurt, gemeente, tenure, tercile, age_band,
        origin_band`` (twentieths of buurten by their score), ``now`` (position of the buurt where they live then),
        ``same_wijk`` and, for each measure, ``<measure>_change`` from the place left to the place lived in; distances
        in km from the place left. Those not in the register then are left out.
    """
    codes = people["buurt_code"].cat.categories
    start, known = starts.reindex(codes).to_numpy(dtype=float), codes.isin(starts.index)
    rows = moves[(moves["tercile"] >= 0) & (moves["next_buurt"] != AWAY) & known[moves["buurt"]]]
    rows = rows[rows["year"].isin(rows.loc[rows["displaced"], "year"].unique())]
    untouched = ~(start[rows["buurt"].to_numpy()] <= rows["year"].to_numpy() + years_after)
    rows = rows[rows["displaced"] | untouched]
    now = _place_after(people, rows, years_after)
    rows, now = rows[now != AWAY], now[now != AWAY]
    found = rows[["person", "year", "displaced", "moved", "buurt", "gemeente", "tenure"]].reset_index(drop=True)
    home = found["buurt"].to_numpy()
    wijk = moves.drop_duplicates("buurt").set_index("buurt")["wijk"].reindex(range(len(codes))).to_numpy()
    found["tercile"] = np.array(TERCILES)[rows["tercile"]]
    found["age_band"] = np.searchsorted((35, 50, 65), rows["age"].to_numpy(), side="right")
    found["now"], found["same_wijk"] = now, wijk[now] == wijk[home]
    level = measures.reindex(codes)
    band = pd.qcut(level["score"].rank(method="first"), _BANDS, labels=False).fillna(0)
    found["origin_band"] = band.to_numpy(dtype=int)[home]
    for name in level.columns:
        values = level[name].to_numpy(dtype=float)
        found[f"{name}_change"] = values[now] - values[home]
    at = places.set_index("area_code").reindex(codes)[["x_m", "y_m"]].to_numpy(dtype=float)
    found["distance_km_change"] = np.sqrt(((at[now] - at[home]) ** 2).sum(axis=1)) / 1000
    return found


def measured_before(moves: pd.DataFrame, codes: pd.Index, scores: pd.DataFrame, until: int) -> pd.DataFrame:
    """Return what buurten were like before: index the code; ``score, low_income, log_woz``.

    Parameters
    ----------
    moves : DataFrame
        From `household_moves`.
    codes : Index
        Codes of the buurten in the order of their positions.
    scores : DataFrame
        One row per area and year: ``area_code, year, liveability_score``; the first wave counts.
    until : int
        Last year of the share of low incomes and of the values of dwellings, of which all years up to it are averaged.
    """
    early = moves[moves["year"] <= until]
    place = early["buurt"]
    waves = scores.dropna(subset="liveability_score").sort_values("year")
    first = waves.groupby("area_code")["liveability_score"].first()

    def mean(values: pd.Series) -> npt.NDArray[np.float64]:
        """Return the mean by buurt."""
        return np.asarray(values.groupby(place).mean().reindex(range(len(codes))))

    return pd.DataFrame(
        {
            "score": first.reindex(codes).to_numpy(),
            "low_income": mean(early["low_income"]),
            "log_woz": np.log(mean(early["woz_value_eur"])),
            "social_share": mean(early["tenure"] == _ASSOCIATION),
        },
        index=codes,
    )


def _place_after(people: pd.DataFrame, rows: pd.DataFrame, years: int) -> npt.NDArray[np.int32]:
    """Return the buurt in which each lives so many years after, `AWAY` where not in the register."""
    if years == 1:
        return np.asarray(rows["next_buurt"].to_numpy(), dtype=np.int32)
    year, person = people["year"].to_numpy().astype(np.int64), people["person"].to_numpy()
    track = np.full((int(person.max()) + 1, int(year.max() - year.min()) + years + 1), AWAY, dtype=np.int32)
    track[person, year - year.min()] = people["buurt_code"].cat.codes.to_numpy()
    return np.asarray(track[rows["person"].to_numpy(), rows["year"].to_numpy() - year.min() + years])
