"""What restructuring did to places: the country as it was, less the same country without any policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.geography import Layout
from buurteffect.synthetic.simulation.policy import Schedule
from buurteffect.synthetic.world.world import History

OUTCOMES = (
    "liveability_score",
    "low_income_share",
    "lowest40_share",
    "nonwestern_share",
    "mean_log_income",
    "log_woz",
    "owner_share",
    "social_share",
)
EVENT_TIMES = range(-5, 13)
LATE_EVENT_TIMES = range(6, 10)
EVENT_TIME_BEFORE = -1
"""The last 1 January before the year in which a project begins: what designs with a reference year set to 0."""
RING_EDGES = (1.25, 2.25, 4.25)
"""Outer edges of the rings around a restructured buurt, in distances between neighbouring centres."""
LEDGER_YEARS = (2006, 2010, 2014, 2018, 2022)
AREA_OUTCOMES = ("liveability_score", "low_income_share", "mean_log_income", "log_woz", "owner_share")
"""Outcomes of which the effect on every buurt is kept: those that pages on restructuring explain."""

AREA_COLUMNS = ("outcome", "area_code", "year", "effect")
"""Columns of the table."""

_UNSEEN = -1


@dataclass(frozen=True, eq=False)
class Places:
    """Which buurten are what on each 1 January; arrays of shape (years, buurten).

    Attributes
    ----------
    treated : ndarray of bool
        Work has begun.
    ring : ndarray of int8
        Ring around the nearest restructured buurt (0 the nearest ring) for untreated buurten; -1 for all others.
    receiving : ndarray of bool
        Untreated, and in the top quarter of untreated buurten by displaced households taken in so far.
    in_city : ndarray of bool
        Untreated, in a gemeente where work has begun.
    never : ndarray of bool
        Without a project in any year.
    """

    treated: NDArray[np.bool_]
    ring: NDArray[np.int8]
    receiving: NDArray[np.bool_]
    in_city: NDArray[np.bool_]
    never: NDArray[np.bool_]


def classify_places(layout: Layout, spacing_m: NDArray[np.float64], schedule: Schedule, history: History) -> Places:
    """Return which buurten are restructured, in a ring, receiving, in a city at work or never treated, by year.

    `spacing_m`, shape (buurten,), is the distance between neighbouring centres; `history` is the country as it was.
    """
    shape = len(history.years), layout.buurten
    start = np.full(layout.buurten, np.iinfo(np.int64).max)
    start[schedule.buurt] = schedule.start_year
    treated = start < history.years[:, None]
    never = np.broadcast_to(start == np.iinfo(np.int64).max, shape)
    steps = layout.near_m / spacing_m[layout.near_to]
    near_ring = np.searchsorted(RING_EDGES, steps).astype(np.int8)
    ring = np.full(shape, _UNSEEN, dtype=np.int8)
    in_city, receiving = np.zeros(shape, bool), np.zeros(shape, bool)
    taken_in = np.cumsum(history.displaced_inflow_share, axis=0)
    for row in range(shape[0]):
        untreated = ~treated[row]
        seen = treated[row][layout.near_from] & (near_ring < len(RING_EDGES))
        nearest = np.full(layout.buurten, len(RING_EDGES), dtype=np.int8)
        np.minimum.at(nearest, layout.near_to[seen], near_ring[seen])
        ring[row] = np.where(untreated & (nearest < len(RING_EDGES)), nearest, _UNSEEN)
        in_city[row] = untreated & np.isin(layout.gemeente, layout.gemeente[treated[row]])
        amount = taken_in[row]
        if amount[untreated].any():
            receiving[row] = untreated & (amount > 0) & (amount >= np.quantile(amount[untreated], 0.75))
    return Places(treated, ring, receiving, in_city, never)


def differences(factual: History, without: History) -> dict[str, NDArray[np.float64]]:
    """Return, for each outcome, the country as it was less the one without policy: shape (years, buurten).

    The one without policy may begin later; before that, the two are the same and the differences 0.
    """
    found = {}
    for name in OUTCOMES:
        found[name] = np.zeros_like(getattr(factual, name))
        found[name][-len(without.years) :] = getattr(factual, name)[-len(without.years) :] - getattr(without, name)
    return found


def place_effects(schedule: Schedule, years: NDArray[np.int64], effect: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return ATT(g, e): one row per outcome, cohort and event time.

    Columns: ``outcome``, ``cohort`` (first year of demolition, g), ``event_time`` (e: 1 January of g + e; at e = 0
    nothing has been demolished yet), ``effect`` (mean over the cohort's buurten, each once), ``effect_since_before``
    (``effect`` less that of the same cohort at e = `EVENT_TIME_BEFORE`) and ``buurten``.

    Both are contrasts with the same country without any policy. By g − 1 the projects of earlier cohorts may have
    touched a cohort's buurten already, so that ``effect`` is not 0 then. A design that sets the gap of g − 1 to 0
    (difference in differences and its descendants, an event study, a before/after contrast) aims at
    ``effect_since_before``; one that fills in the score without any policy aims at ``effect``.
    """
    rows = []
    for cohort in np.unique(schedule.start_year):
        buurten = schedule.buurt[schedule.start_year == cohort]
        before = {
            name: values[cohort + EVENT_TIME_BEFORE - years[0], buurten].mean() for name, values in effect.items()
        }
        for event_time in EVENT_TIMES:
            row = cohort + event_time - years[0]
            if 0 <= row < len(years):
                for name, values in effect.items():
                    mean = values[row, buurten].mean()
                    since = float(mean - before[name])
                    rows.append((name, int(cohort), event_time, float(mean), since, len(buurten)))
    columns = ["outcome", "cohort", "event_time", "effect", "effect_since_before", "buurten"]
    return pd.DataFrame(rows, columns=columns).sort_values(columns[:3], ignore_index=True)


def late_effects(place: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of ATT(g, e) over `LATE_EVENT_TIMES`, weighted by buurten: one row per outcome.

    Columns: ``outcome``, ``effect`` and ``effect_since_before``, as `place_effects` defines them and says which
    designs aim at which; both with the same weights.
    """
    late = place[place["event_time"].isin(LATE_EVENT_TIMES)]
    weight = late["buurten"].groupby(late["outcome"]).sum()
    means = {
        name: (late[name] * late["buurten"]).groupby(late["outcome"]).sum() / weight
        for name in ("effect", "effect_since_before")
    }
    return pd.DataFrame(means).rename_axis("outcome").reset_index()


def group_effects(places: Places, years: NDArray[np.int64], effect: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return mean effects by group of buurten: one row per outcome, group and year from the first year of work on.

    Columns: ``outcome``, ``group`` (``treated``; ``ring_1`` … by `RING_EDGES`; ``receiving``; ``city``: untreated in
    a gemeente at work; ``never_treated``; ``national``: all), ``year``, ``effect`` (mean over its buurten, each once)
    and ``buurten``. Groups other than the rings overlap.
    """
    groups = {"treated": places.treated, "receiving": places.receiving, "city": places.in_city}
    groups |= {f"ring_{ring + 1}": places.ring == ring for ring in range(len(RING_EDGES))}
    groups |= {"never_treated": places.never, "national": np.ones_like(places.never)}
    first = int(places.treated.any(axis=1).argmax()) if places.treated.any() else len(years)
    rows = []
    for group, member in groups.items():
        for row in range(first, len(years)):
            count = int(member[row].sum())
            for name, values in effect.items():
                mean = float(values[row, member[row]].mean()) if count else np.nan
                rows.append((name, group, int(years[row]), mean, count))
    return pd.DataFrame(rows, columns=["outcome", "group", "year", "effect", "buurten"])


def ledger(places: Places, years: NDArray[np.int64], effect: dict[str, NDArray[np.float64]]) -> pd.DataFrame:
    """Return the waterbed's books: what was gained here and lost there, in buurt-units.

    One row per outcome and year of `LEDGER_YEARS`. Columns: ``direct`` (restructured buurten), ``ring`` (first
    ring), ``receiving`` (top quarter of displaced inflow, outside that ring), ``city`` (other buurten of the gemeenten
    at work), ``elsewhere``, ``net`` (their sum) and ``leakage``, the share of the direct effect that is lost
    elsewhere:

    .. math:: -(ring + receiving + city + elsewhere) / direct

    Each entry is a sum of effects over buurten, which all hold as many simulated dwellings: for a share of
    households, times those dwellings it is a head count.
    """
    rows = []
    for year in LEDGER_YEARS:
        row = year - int(years[0])
        treated, ring = places.treated[row], places.ring[row] == 0
        receiving = places.receiving[row] & ~ring
        city = places.in_city[row] & ~ring & ~receiving
        parts = (treated, ring, receiving, city, ~(treated | ring | receiving | city))
        for name, values in effect.items():
            sums = [float(values[row, part].sum()) for part in parts]
            leakage = -sum(sums[1:]) / sums[0] if sums[0] else np.nan
            rows.append((name, year, *sums, sum(sums), leakage))
    columns = ["outcome", "year", "direct", "ring", "receiving", "city", "elsewhere", "net", "leakage"]
    return pd.DataFrame(rows, columns=columns)


def area_effects(
    codes: NDArray[np.object_], years: NDArray[np.int64], effect: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    """Return the country as it was less the same country without policy, by buurt and year.

    Parameters
    ----------
    codes : ndarray of str, shape (buurten,)
    years : ndarray of int, shape (years,)
    effect : dict
        Per outcome an array of shape (years, buurten): see `differences`.

    Returns
    -------
    DataFrame
        One row is one outcome in one buurt on one 1 January, from the first year in which the policy changed anything:
        `AREA_COLUMNS`.
    """
    moved = np.any([effect[name].any(axis=1) for name in AREA_OUTCOMES], axis=0)
    first = int(moved.argmax()) if moved.any() else len(years)
    parts = [
        pd.DataFrame(
            {
                "outcome": name,
                "area_code": np.tile(codes, len(years) - first),
                "year": np.repeat(years[first:], len(codes)),
                "effect": effect[name][first:].ravel(),
            }
        )
        for name in AREA_OUTCOMES
    ]
    return pd.concat(parts, ignore_index=True)
