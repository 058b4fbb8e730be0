"""What a user sees of a simulated country, as a panel; and what is true of it, kept in another table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.schema.liveability import WAVES_3
from buurteffect.synthetic.truth.contrasts import LATE_EVENT_TIMES
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.scenarios import scenario_parameters
from buurteffect.synthetic.world.world import World

OUTCOMES = ("liveability_score", "low_income_share", "mean_log_income")
"""What is estimated; the first is the score by which buurten are chosen."""

WINDOW = (LATE_EVENT_TIMES.start, LATE_EVENT_TIMES.stop - 1)
"""Event times whose mean is the estimand, ends included."""

TREND_YEARS, BEFORE_POLICY = 3, 1998
"""Years over which a trend is taken, and the last 1 January before any project begins."""

WORTH_YEARS = (1997, 2001)
"""Assessed values of dwellings published before the first wave of the score: their first and last year."""

LATE, WAVES, EVERY_YEAR = "late", "waves", "every_year"
TARGETS = {
    LATE: "mean of event times 6-9, since the last 1 January before treatment",
    WAVES: "mean of event times 6-9 as far as a wave of the score falls on them, cohorts from 2003 on",
    EVERY_YEAR: "mean of all treated years until the last one",
}
"""What an estimate is held against, by name."""

_FIXED = (
    "area_code", "gemeente_code", "cohort_year", "dose_share", "nearest_m", "level_1998", "trend_1998", "worth_2001",
    "worth_trend_2001",
)  # fmt: skip
_VARYING = ("year", *OUTCOMES, *(f"{name}_level" for name in OUTCOMES), "score_trend", "social_share", "may_be_chosen")
PANEL_COLUMNS = (*_FIXED, "social_1998", *_VARYING)
"""All that an estimator may read: whatever else stands in a panel is taken away before any of them runs."""


def published_panel(world: World) -> pd.DataFrame:
    """Return the panel of a country as its published figures and its policy's rules show it.

    Scores are as published, with the instrument's noise and the step of 2014.

    Returns
    -------
    DataFrame
        One row is one buurt on one 1 January: ``area_code, gemeente_code, year``; the outcomes ``liveability_score,
        low_income_share, mean_log_income``; of the register ``cohort_year`` (first year of demolition, missing where
        there is no project) and ``dose_share`` (share of dwellings). Covariates of the year: each outcome again as
        ``…_level`` (a design names no column twice), ``score_trend`` (its change over three years), ``social_share``,
        ``may_be_chosen`` (the policy's rule: kind of gemeente, and social rent above its bound). Covariates that stay:
        ``level_1998, trend_1998, social_1998`` (before any project), ``nearest_m`` (distance to the nearest buurt with
        a project in any year, 0 for those), ``worth_2001, worth_trend_2001`` (log assessed value of dwellings in the
        last of `WORTH_YEARS`, and its change a year since the first).
    """
    history, buurten = world.history, world.geography.buurten
    projects = world.projects.set_index("buurt_code")
    codes, score, years = buurten["buurt_code"], history.published_liveability_score, history.years
    start = projects["start_year"].reindex(codes).to_numpy(dtype=float)
    trend = np.full_like(score, np.nan)
    trend[TREND_YEARS:] = score[TREND_YEARS:] - score[:-TREND_YEARS]
    before = int(np.searchsorted(years, BEFORE_POLICY))
    first, last = (history.log_woz[int(np.searchsorted(years, year))] for year in WORTH_YEARS)
    fixed = {
        "area_code": codes.to_numpy(),
        "gemeente_code": buurten["gemeente_code"].to_numpy(),
        "cohort_year": start,
        "dose_share": projects["dose"].reindex(codes).fillna(0.0).to_numpy(dtype=float),
        "nearest_m": _nearest(buurten[["x_m", "y_m"]].to_numpy(dtype=float), np.isfinite(start)),
        "level_1998": score[before],
        "trend_1998": trend[before],
        "worth_2001": last,
        "worth_trend_2001": (last - first) / (WORTH_YEARS[1] - WORTH_YEARS[0]),
        "social_1998": history.social_share[before],
    }
    outcomes = {"liveability_score": score} | {name: getattr(history, name) for name in OUTCOMES[1:]}
    varying = outcomes | {f"{name}_level": values for name, values in outcomes.items()}
    varying |= {"score_trend": trend, "social_share": history.social_share, "may_be_chosen": _may_be_chosen(world)}
    table = {name: np.tile(values, len(years)) for name, values in fixed.items()}
    table |= {name: values.ravel() for name, values in varying.items()}
    table["year"] = np.repeat(years, len(buurten))
    return pd.DataFrame(table)[list(PANEL_COLUMNS)]


def late_truth(truth: Truth) -> pd.DataFrame:
    """Return what each estimate is held against.

    Returns
    -------
    DataFrame
        One row is one outcome of the panel and one of `TARGETS`: ``outcome, target``; ``truth``, the effect less what
        it already was on the last 1 January before treatment, at which designs set the gap to 0; and ``whole``, the
        contrast with the same country without any policy. For ``every_year`` both are the latter.
    """
    late = truth.late[truth.late["outcome"].isin(OUTCOMES)].assign(target=LATE)
    tables = [late, _on_waves(truth.place), _every_year(truth.groups)]
    names = {"effect_since_before": "truth", "effect": "whole"}
    return pd.concat(tables, ignore_index=True).rename(columns=names)[["outcome", "target", "truth", "whole"]]


def _on_waves(place: pd.DataFrame) -> pd.DataFrame:
    """Return effects on the score over the event times of the window that fall on one of its waves."""
    seen = (place["cohort"] + place["event_time"]).isin(WAVES_3) & (place["cohort"] > WAVES_3[0])
    rows = place[(place["outcome"] == OUTCOMES[0]) & seen & place["event_time"].between(*WINDOW)]
    weights, names = rows["buurten"], ["effect", "effect_since_before"]
    events = rows[names].mul(weights, axis=0).groupby(rows["event_time"]).sum()
    means = events.div(weights.groupby(rows["event_time"]).sum(), axis=0).mean()
    return pd.DataFrame([{"outcome": OUTCOMES[0], "target": WAVES, **means}])


def _every_year(groups: pd.DataFrame) -> pd.DataFrame:
    """Return the mean effect on treated buurten over all years, every buurt and year counting once."""
    rows = groups[(groups["group"] == "treated") & groups["outcome"].isin(OUTCOMES) & (groups["buurten"] > 0)]
    sums = (rows["effect"] * rows["buurten"]).groupby(rows["outcome"]).sum()
    effect = sums / rows["buurten"].groupby(rows["outcome"]).sum()
    return pd.DataFrame({"effect": effect, "effect_since_before": effect, "target": EVERY_YEAR}).reset_index()


def _may_be_chosen(world: World) -> NDArray[np.bool_]:
    """Return where the policy's rule lets a buurt be chosen, shape (years, buurten)."""
    policy = scenario_parameters(world.scenario).policy
    part = world.geography.buurten["kind"].map(lambda kind: getattr(policy.takes_part, kind) > 0).to_numpy(dtype=bool)
    return np.asarray((world.history.social_share > policy.social_share_above) & part)


def _nearest(places: NDArray[np.float64], treated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the distance of every place to the nearest treated one; infinite where nothing is treated."""
    if not treated.any():
        return np.full(len(places), np.inf)
    gaps = places[:, None, :] - places[treated][None, :, :]
    return np.asarray(np.sqrt((gaps**2).sum(axis=2)).min(axis=1))
