"""What is published of n05's outcomes in a simulated country, as that page reads it; and what is true of it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from buurteffect.panel.restructuring.known_at_choice import known_by_year
from buurteffect.panel.restructuring.outcomes import OUTCOMES as SERIES
from buurteffect.panel.restructuring.outcomes import OutcomeSeries
from buurteffect.panel.restructuring.pre_policy import values_before
from buurteffect.panel.restructuring.study import RULE, VALUED
from buurteffect.schema.liveability import WAVES_3
from buurteffect.scoreboard.places.panel import WINDOW, published_panel
from buurteffect.synthetic.publishing.areas.columns import all_columns
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.world import World

TRUE_NAMES = {
    "liveability_score": "liveability",
    "low_income_share": "low_income",
    "mean_log_income": "income",
    "log_woz": "woz",
    "owner_share": "owner",
}
"""Outcomes by their name in the truth, and the series of n05 that publishes each."""

RING_M = 1_000.0
"""Untreated buurten this near to one with a project are left out of the comparison, as on n05."""

WITHHELD = ("association_rented_share", "dwellings_count")
"""Columns of the panel that no design of the headline looks at, left empty."""


def published_frames(world: World) -> dict[str, pd.DataFrame]:
    """Return the frame of each outcome, made from what the country publishes by the code that makes those of n05.

    Scores are those of the waves, with the instrument's noise and step; shares and values come in the years in which
    the key figures print them, to whole per cents and thousands of euros. Two things differ from the open data: no
    figure is withheld for want of dwellings, since a simulated buurt holds but a sample of them, and the income is the
    mean log of households, of which the truth is known.

    Returns
    -------
    dict of str to DataFrame
        By the outcome's name in the truth. One row is one buurt in one year in which the outcome is published:
        ``area_code, gemeente_code, year, cohort_year``, the outcome, and what was known at the choice (`RULE`) and
        before the outcome's first year (`VALUED`). Untreated buurten within `RING_M` of a project are left out.
    """
    joined = _joined(world)
    known = known_by_year(joined)
    scores = known.groupby("area_code")["score_first"].first()
    chosen = known[["area_code", "year", *(name for name in RULE if name in known)]]
    seen = published_panel(world)
    places = seen.drop_duplicates("area_code")[["area_code", "gemeente_code", "cohort_year", "nearest_m"]]
    places = places[places["cohort_year"].notna() | (places["nearest_m"] > RING_M)].drop(columns="nearest_m")
    frames = {}
    for name, series in TRUE_NAMES.items():
        outcome = joined[["area_code", "year"]].assign(**{name: SERIES[series].values(joined)})
        outcome = outcome[outcome[name].notna()]
        first = int(outcome["year"].min())
        before = values_before(joined, SERIES[series].known_until or first, first, name, outcome, scores)
        frame = outcome.merge(places, on="area_code").merge(before[["area_code", *VALUED]], on="area_code")
        frames[name] = frame.merge(chosen, on=["area_code", "year"])
    return frames


def published_truth(truth: Truth) -> pd.DataFrame:
    """Return what the estimates are held against.

    Returns
    -------
    DataFrame
        One row per outcome: ``truth``, the mean effect over the event times of the window that fall on a published
        year, of cohorts that start after the first one, less what it was on the last 1 January before treatment; and
        ``whole``, the same against the same country without any policy.
    """
    rows = [{"outcome": name, **_on_years(truth.place, name, published_years(name))} for name in TRUE_NAMES]
    return pd.DataFrame(rows).rename(columns={"effect_since_before": "truth", "effect": "whole"})


def published_years(outcome: str) -> tuple[int, ...]:
    """Return the years of an outcome that n05 uses.

    Examples
    --------
    >>> published_years("low_income_share")[:2], published_years("log_woz")[:3]
    ((2008, 2009), (2003, 2005, 2007))
    """
    series = SERIES[TRUE_NAMES[outcome]]
    found = _years_of(series)
    return tuple(y for y in found if y >= series.first_year and y not in series.left_out_years)


def _years_of(series: OutcomeSeries) -> tuple[int, ...]:
    """Return the years in which a series is printed."""
    return tuple(WAVES_3) if series.name == "liveability" else _printed(series.concepts[0])


@cache
def _printed(concept: str) -> tuple[int, ...]:
    """Return the years in which the key figures print a concept."""
    columns = [column for column in all_columns() if column.concept == concept]
    return tuple(sorted({year for column in columns for year in range(column.from_year, column.to_year + 1)}))


def _joined(world: World) -> pd.DataFrame:
    """Return buurten by year with the concepts that the panel of n05 is made from, missing where not published."""
    history, codes = world.history, world.geography.buurten["buurt_code"].to_numpy()
    values = {
        "liveability_score": (history.published_liveability_score, WAVES_3),
        "owner_occupied_share": (history.owner_share.round(2), _printed("owner_occupied_share")),
        "rented_share": (1 - history.owner_share.round(2), _printed("owner_occupied_share")),
        "low_income_households_share": (history.low_income_share.round(2), _printed("low_income_households_share")),
        "income_per_recipient_eur": (np.exp(history.mean_log_income), _printed("income_per_recipient_eur")),
        "woz_value_eur": (1000 * np.exp(history.log_woz - np.log(1000)).round(), _printed("woz_value_eur")),
    }
    table = {"area_code": np.tile(codes, len(history.years)), "year": np.repeat(history.years, len(codes))}
    for name, (figures, years) in values.items():
        table[name] = np.where(np.isin(history.years, years)[:, None], figures, np.nan).ravel()
    return pd.DataFrame(table | dict.fromkeys(WITHHELD, np.nan))


def _on_years(place: pd.DataFrame, outcome: str, years: tuple[int, ...]) -> dict[str, float]:
    """Return effects on an outcome over the event times of the window that fall on some years."""
    seen = (place["cohort"] + place["event_time"]).isin(years) & (place["cohort"] > years[0])
    rows = place[(place["outcome"] == outcome) & seen & place["event_time"].between(*WINDOW)]
    names = ["effect", "effect_since_before"]
    events = rows[names].mul(rows["buurten"], axis=0).groupby(rows["event_time"]).sum()
    means = events.div(rows["buurten"].groupby(rows["event_time"]).sum(), axis=0).mean()
    return {name: float(means[name]) for name in names}
