"""What the scores measure, and how well: the answer of the data audit, in sentences."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import AREAS, Answer, with_interval
from buurteffect.estimate import Estimate

_RELIABILITY = "reliability"


def describe_scores(coverage: pd.DataFrame, frame: pd.DataFrame, source: str, level: str) -> Answer:
    """Say which scores a page rests on, and which others the data hold.

    `coverage` is from `panel.coverage`; `frame` holds the scores of the level: ``gemeente_code, city_group``.
    """
    answer = Answer("scores", source, level)
    scored = coverage[coverage["scored_count"] > 0]
    mine = scored[scored["level"] == level]
    if mine.empty:
        answer.say("this page is about {areas} {place}, and the data hold no score of any of them.")
        return answer
    answer.say(
        "this page is about {areas} {place}: {latest_count:,d} have a score in {latest_year:d}, the latest of "
        "{waves_count:d} " + ("waves since {first_year:d}." if len(mine) > 1 else "wave."),
        latest_count=int(mine.loc[mine["year"].idxmax(), "scored_count"]),
        latest_year=int(mine["year"].max()),
        first_year=int(mine["year"].min()),
        waves_count=len(mine),
    )
    others = [name for name in AREAS if name in set(scored["level"]) and name != level]
    if others:
        names = " and ".join(AREAS[name] for name in others)
        answer.say(
            f"the data also hold scores of {names}; the parameter level chooses them (make run … SET='level="
            f"{others[0]}')."
        )
    else:
        answer.say("the data hold scores of no other kind of area.")
    gemeenten_count = int(frame["gemeente_code"].nunique())
    if not gemeenten_count:
        answer.say(
            "the published scores name no gemeente of a postcode area, so cities are not shown apart, and intervals "
            "come from drawing areas, not gemeenten."
        )
    elif gemeenten_count == 1:
        answer.say(
            "all of them lie in one gemeente, so cities are not compared, and intervals come from drawing areas, not "
            "gemeenten."
        )
    elif "four_largest" not in set(frame["city_group"]):
        answer.say("none of the four largest cities is among them, so they are not shown apart.")
    return answer


def describe_measurement(
    components: Estimate,
    reliability: Estimate,
    scan: Estimate,
    together: Estimate,
    source: str,
    level: str,
) -> Answer:
    """Say how much of a score and of a change is noise, and whether the instrument broke.

    By `fit_variance_components`, `reliability_of_change`, `break_scan` and `municipal_share_of_change`; nothing is said
    of those that were refused.
    """
    answer = Answer("n01", source, level)
    if components:
        noise = components.row(parameter="noise SD")
        _say_noise(answer, components, noise)
        if reliability:
            _say_reliability(answer, reliability, noise)
    if scan:
        _say_break(answer, scan)
    if together:
        _say_together(answer, together)
    if components:
        answer.cannot_say(
            "The parts of the variance are told apart only by how covariances fall with time. The permanent and the "
            "slowly fading part can trade places at little cost in fit, as the profile shows; their sum is firmer."
        )
    return answer


def _say_noise(answer: Answer, components: Estimate, noise: pd.Series) -> None:
    """Say how large the noise in one score is."""
    answer.say(
        "the noise in one score has a standard deviation of {noise:.4f} points [{noise_low:.4f}, {noise_high:.4f}]: "
        "{share:.1%} of the variance of the scores of {areas} {place}.",
        **with_interval("noise", noise),
        share=noise["estimate"] ** 2 / _variance(components),
    )


def _say_reliability(answer: Answer, reliability: Estimate, noise: pd.Series) -> None:
    """Say how much of a change is signal, and how far that rests on the noise, which is itself estimated."""
    frame = reliability.frame
    short = frame[frame["years_between"] == frame["years_between"].min()]["estimate"]
    long = frame[frame["years_between"] == frame["years_between"].max()]
    answer.say(
        "of the variance of a change over {short_years:d} years {short_low:.0%} to {short_high:.0%} is signal, of one "
        "over {long_years:d} years {long_low:.0%} to {long_high:.0%}, by pair of waves and by whether the step counts "
        "as noise.",
        short_years=frame["years_between"].min(),
        short_low=short.min(),
        short_high=short.max(),
        long_years=frame["years_between"].max(),
        long_low=long["estimate"].min(),
        long_high=long["estimate"].max(),
    )
    if not noise["estimate"] > 0:
        answer.say(
            "the noise is estimated at zero, the edge of what it can be, so that every change would count as signal; "
            "its interval reaches to {noise_reach:.4f} points, and the reliabilities above are upper limits.",
            noise_reach=noise["ci_high"],
        )
        return
    plain = frame[(frame["measure"] == _RELIABILITY) & (frame["years_between"] == frame["years_between"].min())]
    answer.say(
        "that holds for the noise as estimated; within the interval of the noise it would be {noisy:.0%} to "
        "{quiet:.0%} over {short_years:d} years.",
        noisy=max(0.0, 1 - (1 - plain["estimate"].min()) * (noise["ci_high"] / noise["estimate"]) ** 2),
        quiet=1 - (1 - plain["estimate"].max()) * (noise["ci_low"] / noise["estimate"]) ** 2,
    )


def _say_break(answer: Answer, scan: Estimate) -> None:
    """Say in which wave a break fits best."""
    fits = scan.frame[scan.frame["measure"] == "RMSE relative to mean covariance"]
    best = fits.loc[fits["estimate"].idxmin()]
    none = fits[fits["break_year"] == 0].iloc[0]
    if best["break_year"] == 0:
        answer.say("no wave fits the covariances better, as the first of a changed instrument, than no change at all.")
    else:
        size = scan.row(measure="break SD", break_year=best["break_year"])
        sure = size["ci_low"] > 0
        answer.say(
            "a change of the instrument fits best from {best_year:d}, with a standard deviation of {size:.4f} points "
            "[{size_low:.4f}, {size_high:.4f}]; the misfit falls from {misfit_without:.2%} of the mean covariance to "
            f"{{misfit_with:.2%}}, {'and the interval excludes zero' if sure else 'but the interval reaches to zero'}.",
            best_year=best["break_year"],
            **with_interval("size", size),
            misfit_without=none["estimate"],
            misfit_with=best["estimate"],
        )


def _say_together(answer: Answer, together: Estimate) -> None:
    """Say how far whole gemeenten moved together."""
    shares = together.frame[together.frame["measure"] == "municipal share of the variance of change"]
    shares = shares.dropna(subset="estimate")
    largest: pd.Series = shares.loc[shares["estimate"].idxmax()]
    answer.say(
        "whole gemeenten moved together most between {from_year:d} and {to_year:d}: {municipal:.1%} of the variance of "
        "change lies between them.",
        from_year=largest["from_year"],
        to_year=largest["to_year"],
        municipal=largest["estimate"],
    )


def _variance(components: Estimate) -> float:
    """Return the variance of a score in the base year."""
    names = ("permanent SD", "autoregressive SD", "noise SD")
    return float(sum(components.row(parameter=name)["estimate"] ** 2 for name in names))
