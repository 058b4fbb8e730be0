"""What is true of the waterbed in the terms of an exposure mapping, and the true headline figures of displacement."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.synthetic.simulation.geography import Layout
from buurteffect.synthetic.simulation.policy import Schedule
from buurteffect.synthetic.world.world import History

SEEN_YEARS = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022)
"""Years over which true effects are laid out: those of the published scores."""
SEEN_OUTCOMES = ("liveability_score", "low_income_share")
SEEN_COLUMNS = ("outcome", "year", "entry", "value")
MEMORY, HALF_M = 0.85, 500.0
"""How exposures count, as `panel.exposure` counts them by default: they define what is meant, and are no parameters."""
_BINS = ((1, 2), (3, 5), (6, 9), (10, 40))
_HORIZON = 7


def seen_effects(
    layout: Layout, schedule: Schedule, history: History, effect: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    """Return true effects by exposure: years since the start, works near by, displaced taken in.

    The true effects of all buurten in `SEEN_YEARS` are regressed on these, with an effect of gemeente and year: what
    the policy did to a buurt beyond what it did to the rest of the gemeente. It is what an exposure mapping aims at.

    Returns
    -------
    DataFrame
        One row per outcome, year and entry: ``direct, ring, receiving, seen`` (sums over buurten, each once),
        ``leakage`` (-(ring + receiving)/direct), ``leakage_displaced`` (-receiving/direct), ``sd_change`` (SD over
        buurten with policy less without) and, in each year alike, ``inflow_slope`` (per displaced household taken in,
        per dwelling).
    """
    exposure, names = _exposures(layout, schedule, history)
    rows = [int(year - history.years[0]) for year in SEEN_YEARS]
    group = np.concatenate([place * (layout.gemeente.max() + 1) + layout.gemeente for place in range(len(rows))])
    columns = _within(np.vstack([exposure[row] for row in rows]), group)
    found: list[tuple[str, int, str, float]] = []
    for outcome in SEEN_OUTCOMES:
        wanted = _within(np.concatenate([effect[outcome][row] for row in rows])[:, None], group)[:, 0]
        slope = np.linalg.lstsq(columns, wanted, rcond=None)[0]
        for year, row in zip(SEEN_YEARS, rows, strict=True):
            part = exposure[row].sum(axis=0) * slope
            direct, ring, receiving = float(part[:-2].sum()), float(part[-2]), float(part[-1])
            now = getattr(history, outcome)[row]
            entries = {"direct": direct, "ring": ring, "receiving": receiving, "seen": direct + ring + receiving}
            entries["leakage"] = -(ring + receiving) / direct if direct else np.nan
            entries["leakage_displaced"] = -receiving / direct if direct else np.nan
            entries["sd_change"] = float(now.std(ddof=1) - (now - effect[outcome][row]).std(ddof=1))
            entries["inflow_slope"] = float(slope[names.index("taken_in")])
            found += [(outcome, year, entry, value) for entry, value in entries.items()]
    return pd.DataFrame(found, columns=list(SEEN_COLUMNS))


def waterbed_figures(
    people: pd.DataFrame, displaced: pd.DataFrame, seen: pd.DataFrame, ledger: pd.DataFrame
) -> dict[str, float]:
    """Return the true headline figures of displacement and the waterbed, by name.

    ``excess_exit_<buurt|wijk>_<low|middle|high|all>_7`` (shares, over households that still exist 7 years after 1
    January of g - 1), ``returned_7``, ``destination_gap_7`` (score of g - 1, against where they would have lived),
    ``seen_<entry>_<outcome>_<year>`` of `seen_effects`, and ``ledger_<net|leakage>_<outcome>_<year>`` of the full
    books.
    """
    found: dict[str, float] = {}
    at = people[people["horizon"] == _HORIZON]
    for tercile, rows in at.groupby("tercile"):
        for unit in ("buurt", "wijk"):
            found[f"excess_exit_{unit}_{tercile}_{_HORIZON}"] = _mean(rows, f"excess_exit_{unit}")
    gone = displaced[displaced["horizon"] == _HORIZON]
    if len(gone) and gone["households"].sum():
        found[f"returned_{_HORIZON}"] = _mean(gone, "returned")
        found[f"destination_gap_{_HORIZON}"] = _mean(gone, "destination_gap")
    rows = seen[seen["value"].notna()]
    for outcome, year, entry, value in rows.itertuples(index=False):
        found[f"seen_{entry}_{outcome}_{year}"] = float(value)
    books = ledger[ledger["outcome"].isin(SEEN_OUTCOMES) & ledger["leakage"].notna()]
    for row in books.itertuples(index=False):
        found[f"ledger_net_{row.outcome}_{row.year}"] = float(row.net)
        found[f"ledger_leakage_{row.outcome}_{row.year}"] = float(row.leakage)
    return found


def _exposures(layout: Layout, schedule: Schedule, history: History) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Return direct bins, works near by and displaced taken in, shape (years, buurten, columns), and their names."""
    years = history.years.astype(float)
    start = np.full(layout.buurten, np.inf)
    start[schedule.buurt] = schedule.start_year
    since = years[:, None] - start
    untreated = ~(since >= _BINS[0][0])
    columns = [(since >= low) & (since <= high) for low, high in _BINS]
    inflow = history.displaced_inflow_share
    stock = inflow.astype(float).copy()
    for row in range(1, len(stock)):
        stock[row] += MEMORY * stock[row - 1]
    treated = np.isfinite(start)
    gap = np.hypot(layout.x_m[:, None] - layout.x_m[treated], layout.y_m[:, None] - layout.y_m[treated])
    dose = history.demolished_social.sum(axis=0) / layout.dwellings
    weight = np.where(gap > 0, np.exp2(-gap / HALF_M), 0.0) * dose[treated]
    near = (start[treated] < years[:, None]).astype(float) @ weight.T
    exposure = np.stack([*(column.astype(float) for column in columns), near * untreated, stock * untreated], axis=2)
    return exposure, (*(f"direct_{low}" for low, _ in _BINS), "works_near", "taken_in")


def _within(values: NDArray[np.float64], group: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return columns less the mean of their group."""
    count = np.bincount(group)
    means = [np.bincount(group, column) / np.maximum(count, 1) for column in values.T]
    return np.asarray(values - np.column_stack(means)[group])


def _mean(rows: pd.DataFrame, column: str) -> float:
    """Return a mean over households."""
    known = rows[rows["households"] > 0]
    return float(np.average(known[column], weights=known["households"])) if len(known) else float("nan")
