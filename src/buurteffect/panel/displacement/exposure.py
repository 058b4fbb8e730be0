"""What reached a place from restructuring elsewhere: displaced households taken in, works near by, moves foreseen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.panel.persons.moves import AWAY

MEMORY = 0.85
"""Share of the displaced taken in that still counts a year later."""
HALF_M = 500.0
"""Distance that halves what works near by can do."""
SOON_YEARS = 3
"""Years before a start in which a place counts as about to be restructured: it was chosen for what it was then."""
FLOW_YEARS = (1995, 1996, 1997)
"""Years of the moves that foresee where the displaced go: before any project."""
_ASSOCIATION = 0


def exposures(
    moves: pd.DataFrame,
    codes: pd.Index,
    places: pd.DataFrame,
    memory: float = MEMORY,
    half_m: float = HALF_M,
) -> pd.DataFrame:
    """Return what reached every buurt by 1 January of each year.

    Parameters
    ----------
    moves : DataFrame
        From `household_moves`.
    codes : Index
        Codes of the buurten, in the order of their positions in `moves`.
    places : DataFrame
        One row per buurt: ``area_code, x_m, y_m, cohort_year`` (first year of demolition, missing where none),
        ``dose_share``.
    memory : float
        Share of the displaced taken in that still counts a year later.
    half_m : float
        Distance that halves what works near by can do.

    Returns
    -------
    DataFrame
        One row per buurt and year: ``area_code, year, low_income_share`` (of households with known income),
        ``households_count``; per household there, ``displaced_in`` (came from another buurt in the year before because
        their dwelling was demolished), ``taken_in`` (stock of them, `memory` of it left after a year),
        ``taken_in_ever`` (their sum) and ``foreseen_in`` (that stock as moves before any project foresee it: all the
        displaced of the year, spread as the moves out of their wijk into association dwellings were spread then);
        ``works_near`` (dose of the buurten at work within reach, halved every `half_m`, themselves left out) and
        ``works_soon`` (the same of buurten whose start lies at most `SOON_YEARS` ahead).
    """
    years = np.arange(int(moves["year"].min()), int(moves["year"].max()) + 2)
    size, first = len(codes), int(years[0])
    shape = size, len(years)
    when = moves["year"].to_numpy() - first
    count = _table(moves["buurt"].to_numpy(), when, shape)
    count[:, -1] = count[:, -2]
    low, known = moves["low_income"].fillna(0.0).to_numpy(), moves["low_income"].notna().to_numpy(dtype=float)
    share = _table(moves["buurt"].to_numpy(), when, shape, low)
    with np.errstate(invalid="ignore"):
        share = share / _table(moves["buurt"].to_numpy(), when, shape, known)
    gone = moves[moves["displaced"] & (moves["next_buurt"] != moves["buurt"]) & (moves["next_buurt"] != AWAY)]
    came = _table(gone["next_buurt"].to_numpy(), gone["year"].to_numpy() + 1 - first, shape)
    leaving = _table(gone["buurt"].to_numpy(), gone["year"].to_numpy() + 1 - first, shape)
    foreseen = _per_household(_foreseen(moves, size) @ leaving, count)
    came = _per_household(came, count)
    place = places.set_index("area_code").reindex(codes)
    found = {
        "low_income_share": share,
        "households_count": count,
        "displaced_in": came,
        "taken_in": _stock(came, memory),
        "taken_in_ever": np.cumsum(came, axis=1),
        "foreseen_in": _stock(foreseen, memory),
        "works_near": _works_near(place, years, half_m, (1, len(years) + 100)),
        "works_soon": _works_near(place, years, half_m, (-SOON_YEARS, 0)),
    }
    table = {name: values.ravel() for name, values in found.items()}
    return pd.DataFrame({"area_code": np.repeat(codes.to_numpy(), len(years)), "year": np.tile(years, size), **table})


def flows_between(moves: pd.DataFrame, codes: pd.Index, displaced: bool = True) -> pd.DataFrame:
    """Return where households moved to from each buurt, one row per pair.

    Returns
    -------
    DataFrame
        ``origin_code, area_code, households_count``, of displaced households, or of the others.
    """
    rows = moves[moves["moved"] & (moves["displaced"] == displaced) & (moves["next_buurt"] != AWAY)]
    found = rows.groupby(["buurt", "next_buurt"]).size().rename("households_count").reset_index()
    return found.assign(origin_code=codes.to_numpy()[found["buurt"]], area_code=codes.to_numpy()[found["next_buurt"]])[
        ["origin_code", "area_code", "households_count"]
    ]


def _table(
    place: npt.NDArray[np.int_],
    when: npt.NDArray[np.int_],
    shape: tuple[int, int],
    weights: npt.NDArray[np.float64] | None = None,
) -> npt.NDArray[np.float64]:
    """Return sums by place and year."""
    sums = np.bincount(place * shape[1] + when, weights=weights, minlength=shape[0] * shape[1])
    return sums.astype(np.float64).reshape(shape)


def _per_household(number: npt.NDArray[np.float64], count: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return numbers per household there, 0 where there is none."""
    return np.asarray(np.divide(number, count, out=np.zeros_like(number), where=count > 0))


def _stock(inflow: npt.NDArray[np.float64], memory: float) -> npt.NDArray[np.float64]:
    """Return the stock of a yearly inflow of which a share is left after a year."""
    stock = inflow.copy()
    for year in range(1, stock.shape[1]):
        stock[:, year] += memory * stock[:, year - 1]
    return stock


def _foreseen(moves: pd.DataFrame, size: int) -> npt.NDArray[np.float64]:
    """Return the share of movers out of a buurt's wijk who went to each buurt's association dwellings, before."""
    early = moves[moves["year"].isin(FLOW_YEARS) & moves["moved"] & (moves["tenure"] == _ASSOCIATION)]
    early = early[early["next_buurt"] != early["buurt"]]
    wijk_of = moves.drop_duplicates("buurt").set_index("buurt")["wijk"].reindex(range(size)).fillna(-1).to_numpy(int)
    wijken = int(wijk_of.max()) + 1
    flow = np.zeros((size, wijken))
    np.add.at(flow, (early["next_buurt"].to_numpy(), early["wijk"].to_numpy()), 1.0)
    total = flow.sum(axis=0)
    share = np.divide(flow, total, out=np.zeros_like(flow), where=total > 0)[:, wijk_of]
    np.fill_diagonal(share, 0.0)
    return np.asarray(share)


def _works_near(
    places: pd.DataFrame, years: npt.NDArray[np.int_], half_m: float, since: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Return the dose of buurten near each other one, so many years since their start, halved every so many metres."""
    start = places["cohort_year"].to_numpy(dtype=float)
    treated = np.isfinite(start)
    at = places[["x_m", "y_m"]].to_numpy(dtype=float)
    gap = np.sqrt(((at[:, None, :] - at[None, treated, :]) ** 2).sum(axis=2))
    weight = np.where(gap > 0, np.exp2(-gap / half_m), 0.0) * places["dose_share"].fillna(0.0).to_numpy()[treated]
    passed = years[None, :] - start[treated][:, None]
    on = (passed >= since[0]) & (passed <= since[1])
    return np.asarray(np.nan_to_num(weight) @ on.astype(float))
