"""Who lived in restructured places and in others, and in which years after they lived elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.persons.moves import AWAY, TERCILES

OUT, IN, GONE = 1, 0, -1
FIRST_COHORT = 1999
_AGES = (30, 40, 50, 60, 70, 80)
_BANDS = 4

EXIT_COLUMNS = (
    "person", "cohort", "treated", "before", "buurt", "gemeente", "tenure", "tercile", "home", "age_band",
    "distance_band", "before_band", "low_income",
)  # fmt: skip
"""Columns of the table of exits besides those of the years after."""

_Tracks = dict[str, npt.NDArray[np.int16]]


def follow_exits(people: pd.DataFrame, moves: pd.DataFrame, starts: pd.Series, horizon: int) -> pd.DataFrame:
    """Return residents of treated and of comparable buurten, each cohort's on 1 January of g - 1, and where they went.

    Residents of treated buurten in earlier years are there too (``before``), with what became of them until the start:
    they say how the place differed when it was left alone. Compared are buurten of gemeenten with a project anywhere
    in the period, in which nothing begins until `horizon` years after the base.

    Parameters
    ----------
    people : DataFrame
        From `read_person_years`.
    moves : DataFrame
        From `household_moves` of the same people.
    starts : Series
        First year of demolition by buurt code; missing where nothing was restructured. Buurten that are not in it are
        left out, which is meant for those treated too little to be either.
    horizon : int
        Years that everybody is followed for.

    Returns
    -------
    DataFrame
        One row per household (its main earner) and cohort (the year after that of the base): ``person, cohort, treated,
        before, buurt, gemeente, tenure`` (positions), ``tercile`` (low, middle, high), ``home`` (tenure by tercile),
        ``age_band``, ``distance_band`` (fourths of the distance of income to the buurt's median), ``before_band``
        (fourths of buurten by the share of households that left before the first cohort), ``low_income``, and
        ``buurt_1`` … ``buurt_<horizon>``, ``wijk_1`` …: 1 living elsewhere after so many years, 0 not, -1 not in the
        register, or after the start for those of before.

    Raises
    ------
    DataError
        If no cohort has its horizon within the panel.
    """
    codes = people["buurt_code"].cat.categories
    start, known = starts.reindex(codes).to_numpy(dtype=float), codes.isin(starts.index)
    years = people["year"].to_numpy().astype(np.int64)
    cohorts = [int(g) for g in np.unique(start[np.isfinite(start)]) if FIRST_COHORT <= g <= years.max() - horizon + 1]
    if not cohorts:
        raise DataError(
            "project register",
            found="no start with enough years before and after it",
            expected=f"a start from {FIRST_COHORT} on, at least {horizon - 1} years before the last year of the panel",
            action="choose a shorter horizon",
        )
    base = _base_rows(moves, min(cohorts))
    at_work = np.unique(base.loc[np.isfinite(start[base["buurt"]]), "gemeente"])
    base = base[base["gemeente"].isin(at_work).to_numpy() & known[base["buurt"]]]
    tracks = {name: _track(people, f"{name}_code", years) for name in ("buurt", "wijk")}
    parts = []
    for cohort in cohorts:
        rows = base[base["year"] == cohort - 1]
        first = start[rows["buurt"].to_numpy()]
        kept = (first == cohort) | ~(first <= cohort - 1 + horizon)
        rows, first = rows[kept], first[kept]
        after = dict(_later(tracks, rows, cohort - 1 - int(years.min()), horizon))
        parts.append(rows.assign(cohort=cohort, treated=first == cohort, before=False, **after))
    parts += _earlier(base, start, tracks, int(years.min()), horizon)
    found = pd.concat(parts, ignore_index=True)
    return found[[*EXIT_COLUMNS, *(f"{name}_{k}" for name in tracks for k in range(1, horizon + 1))]]


def _base_rows(moves: pd.DataFrame, first_cohort: int) -> pd.DataFrame:
    """Return households with known income and the bands that they are compared within."""
    rows = moves[moves["tercile"] >= 0]
    early = moves[(moves["year"] < first_cohort - 1) & (moves["next_buurt"] != AWAY)]
    left = (early["next_buurt"] != early["buurt"]).groupby(early["buurt"]).mean()
    before = pd.cut(left.rank(pct=True), _BANDS, labels=False).reindex(range(int(moves["buurt"].max()) + 1))
    distance = rows["distance"].groupby(rows["year"]).rank(pct=True)
    return rows.assign(
        home=rows["tenure"] * len(TERCILES) + rows["tercile"],
        tercile=pd.Categorical.from_codes(rows["tercile"], categories=list(TERCILES)),
        age_band=np.searchsorted(_AGES, rows["age"].to_numpy(), side="right"),
        distance_band=np.minimum((distance * _BANDS).astype(int), _BANDS - 1),
        before_band=before.fillna(0).to_numpy(dtype=int)[rows["buurt"]],
    )


def _earlier(
    base: pd.DataFrame, start: npt.NDArray[np.float64], tracks: _Tracks, first_year: int, horizon: int
) -> list[pd.DataFrame]:
    """Return residents of treated buurten in the years before g - 1, year by year."""
    first = start[base["buurt"].to_numpy()]
    parts = []
    for year in range(first_year, int(np.nanmax(first)) - 1):
        rows = base[(base["year"] == year).to_numpy() & (first >= year + 2)]
        until = start[rows["buurt"].to_numpy()] - year
        after = {
            name: np.where(until >= int(name.split("_")[1]), values, GONE).astype(np.int8)
            for name, values in _later(tracks, rows, year - first_year, horizon)
        }
        parts.append(rows.assign(cohort=year + 1, treated=True, before=True, **after))
    return parts


def _track(people: pd.DataFrame, column: str, years: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
    """Return where every person was on each 1 January, -1 where not in the register: shape (persons, years)."""
    person = people["person"].to_numpy()
    found = np.full((int(person.max()) + 1, int(years.max() - years.min()) + 1), GONE, dtype=np.int16)
    found[person, years - years.min()] = people[column].cat.codes.to_numpy()
    return found


def _later(
    tracks: _Tracks, rows: pd.DataFrame, column: int, horizon: int
) -> Iterator[tuple[str, npt.NDArray[np.int8]]]:
    """Yield, by name, whether each lives elsewhere after each number of years."""
    person = rows["person"].to_numpy()
    for name, track in tracks.items():
        home = rows[name].to_numpy()
        for step in range(1, horizon + 1):
            inside = column + step < track.shape[1]
            now = track[person, column + step] if inside else np.full(len(rows), GONE, dtype=np.int16)
            yield f"{name}_{step}", np.where(now == GONE, GONE, np.where(now != home, OUT, IN)).astype(np.int8)
