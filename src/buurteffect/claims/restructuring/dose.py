"""What a regression of the value of dwellings on the share of housing associations says, and what it cannot."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer
from buurteffect.estimate.core.result import EffectEstimate

_STEP = 0.05
"""Change of the share that figures are put in terms of: five points, the smallest that matters."""


def describe_dose(result: EffectEstimate, frame: pd.DataFrame, spread: float, source: str) -> Answer:
    """Say how the value of dwellings moved with the share of associations, by `dose_regressions`.

    `frame` has one row per buurt and year, with ``association_share``, whose spread is that of `within_spread`.
    """
    answer = Answer("n05c", source, "buurt")
    row = result.frame.iloc[0]
    ends = frame.sort_values("year").groupby("area_code")["association_share"].agg(["first", "last"])
    change = ends["last"] - ends["first"]
    answer.say(
        "{units:d} {areas} are seen over {years:d} years. Their share of association dwellings moved by {moved:.1%} on "
        "average from the first to the last figure, between {lowest:.1%} and {highest:.1%}; net of area and year its "
        "standard deviation is {spread:.1%}.",
        units=row["units_count"],
        years=frame["year"].nunique(),
        moved=change.mean(),
        lowest=change.min(),
        highest=change.max(),
        spread=spread,
    )
    answer.say(
        "where the share fell by {step:.0%} more, the value of dwellings changed by {effect:.1%} [{low:.1%}, "
        "{high:.1%}] more (log points); less than {detectable:.1%} would have been missed more than once in five.",
        step=_STEP,
        effect=-_STEP * row["estimate"],
        low=-_STEP * row["ci_high"],
        high=-_STEP * row["ci_low"],
        detectable=_STEP * row["minimum_detectable_effect"],
    )
    others = result.frame.iloc[1:]["estimate"]
    if len(others):
        answer.say(
            "done otherwise in {others:d} ways it runs from {from_other:.1%} to {to_other:.1%}.",
            others=len(others),
            from_other=float((-_STEP * others).min()),
            to_other=float((-_STEP * others).max()),
        )
    answer.cannot_say(
        "This is an association within areas. Associations sell where prices rise, and a sold or demolished dwelling "
        "changes the mean value by dropping out of it or by what comes in its place: neither direction nor cause is "
        "told."
    )
    answer.cannot_say(
        "The value of a year is the price level of the year before, and shares are published in whole percents: part "
        "of their change is rounding, which pulls the coefficient towards zero. The areas are of one gemeente, so "
        "nothing here says how others differ, and errors are clustered by area."
    )
    return answer


def describe_gemeente(gemeenten: pd.DataFrame, chosen: str, source: str) -> Answer:
    """Say which gemeente (code `chosen`) a page is about, which others have the figures, and how to choose one.

    `gemeenten` has one row per gemeente with the figures, those with most buurten first: ``gemeente_code,
    gemeente_name, areas_count, first_year, last_year``.
    """
    answer = Answer("n05c-gemeente", source, "buurt")
    row = gemeenten[gemeenten["gemeente_code"] == chosen].iloc[0]
    name = chosen if pd.isna(row["gemeente_name"]) else f"{row['gemeente_name']} ({chosen})"
    name = name.replace("{", "(").replace("}", ")")  # no field of the template below
    answer.say(
        f"This page is about {name}: {{units:,d}} of its buurten have both figures in two years or more, from "
        "{first:d} to {last:d}.",
        units=row["areas_count"],
        first=row["first_year"],
        last=row["last_year"],
    )
    others = gemeenten[gemeenten["gemeente_code"] != chosen]
    if others.empty:
        answer.say("No other gemeente among the data has them.")
    else:
        answer.say(
            "{others:,d} other gemeenten among the data have them; the page of another one is made by make run "
            f"RUN=n05_dose SET='gemeente={others['gemeente_code'].iloc[0]}', with the other settings of this build.",
            others=len(others),
        )
    return answer
