"""Claim C01: whether the rise stopped in 2012, whether a third worsened, and whether a third is exceptional."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict, with_interval
from buurteffect.estimate import Estimate
from buurteffect.estimate.inference.bootstrap import FEW_CLUSTERS
from buurteffect.estimate.scores.decline import WAVE_BEFORE
from buurteffect.estimate.scores.vulnerable import DEFINITIONS

_THIRD_LOW, _THIRD_HIGH = 0.28, 0.38
_NOT_VULNERABLE = ("all", "four_largest")
_URBAN = "four_largest_lowest_20"
_RAW = {"cut": 0, "comparison": "consecutive pairs of any length", "measure": "raw share"}
_CORRECTED = {**_RAW, "measure": "noise-corrected share"}
_EXTRAPOLATED = {**_RAW, "measure": "extrapolated share"}


def judge_decline(standing: Estimate, trend: Estimate, source: str, level: str) -> Verdict:
    """Judge claim C01 on vulnerable urban areas, and say beside it what definitions of the whole country show.

    `standing` is from `exceptional`: the share that declined between the two waves of the claim, by definition of
    vulnerable, beside the range of the other pairs of waves; `trend` from `trend_by_definition`: slopes and the break.
    "Not testable" where none of the areas lies in the four largest cities.
    """
    answer = Answer("C01", source, level)
    figures = _say_urban(answer, standing, trend)
    exceptional = _say_exceptional(answer, standing)
    _say_large_falls(answer, standing)
    _say_corrected(answer, standing)
    _say_trend(answer, trend)
    answer.cannot_say(
        "The instrument may itself have changed in this very interval (n01 looks for it). A bend of the mean, and "
        "falls that are larger than in other intervals, cannot be told apart from that with the scores alone."
    )
    remark = f"; among all areas the share that declined is {_exceptional(exceptional)}"
    if not figures:
        return answer.not_testable(
            "The claim is about urban neighbourhoods, and the scores tell only the four largest cities apart; too few "
            "areas of these are among the data.",
            remark=remark,
        )
    answer.cannot_say(
        "Outside the four largest cities the scores do not say which areas are urban. Areas count equally, whatever "
        "their number of inhabitants."
    )
    return answer.judge(figures, remark)


def _say_urban(answer: Answer, standing: Estimate, trend: Estimate) -> dict[str, float]:
    """Say what became of vulnerable urban areas; return the figures of the rule, none where there are no such areas."""
    slopes = trend.frame[trend.frame["definition"] == _URBAN]
    fell = _cells(standing, {**_RAW, "definition": _URBAN, "classify": WAVE_BEFORE})
    if slopes.empty or fell.empty:
        return {}
    before, bend = (trend.row(definition=_URBAN, measure=name) for name in ("slope before", "break"))
    corrected = _cells(standing, {**_CORRECTED, "definition": _URBAN, "classify": WAVE_BEFORE})
    known = corrected["estimate"].notna().all() and len(corrected)
    share = corrected.iloc[0] if known else None
    answer.say(
        "in the lowest fifth of {areas} of the {urban_clusters:d} largest cities {place}, the vulnerable urban areas "
        "that the scores can name, the mean changed by {rise:.3f} [{rise_low:.3f}, {rise_high:.3f}] LBM points a "
        "decade before {knot:d}, and bends by {urban_bend:.3f} [{urban_bend_low:.3f}, {urban_bend_high:.3f}] there.",
        urban_clusters=bend["clusters_count"],
        knot=bend["knot"],
        **with_interval("rise", before),
        **with_interval("urban_bend", bend),
    )
    answer.say(
        "between {from_year:d} and {to_year:d} the score fell in {urban_raw:.1%} of {urban_count:d} of them"
        + (
            ", with the noise taken out in {urban_share:.1%} [{urban_share_low:.1%}, {urban_share_high:.1%}]"
            if known
            else ""
        )
        + "; between other pairs of waves it fell in {urban_others_low:.1%} to {urban_others_high:.1%}.",
        from_year=fell["from_year"].iloc[0],
        to_year=fell["to_year"].iloc[0],
        urban_raw=fell["estimate"].iloc[0],
        urban_count=fell["units_count"].iloc[0],
        urban_others_low=fell["others_low"].iloc[0],
        urban_others_high=fell["others_high"].iloc[0],
        **(with_interval("urban_share", share) if share is not None else {}),
    )
    if bend["clusters_count"] < FEW_CLUSTERS:
        answer.cannot_say("Intervals for the largest cities rest on so few gemeenten that they may be too narrow.")
    return {
        "rise_low": before["ci_low"],
        "rise_high": before["ci_high"],
        "urban_bend_low": bend["ci_low"],
        "urban_bend_high": bend["ci_high"],
        "urban_share": share["estimate"] if share is not None else float("nan"),
        "urban_share_high": share["ci_high"] if share is not None else float("nan"),
    }


def _say_exceptional(answer: Answer, standing: Estimate) -> bool:
    """Answer whether the share stands out; return whether it does for all areas."""
    every = standing.row(**_RAW, definition="all")
    fifth = standing.row(**_RAW, definition="lowest_20", classify="first wave of the pair")
    raw = _vulnerable(_cells(standing, _RAW))
    outside = raw[raw["outside"].isin(["above", "below"])]
    exceptional = bool(every["outside"] != "no")
    answer.say(
        "between {from_year:d} and {to_year:d} the score fell in {share:.1%} [{share_low:.1%}, {share_high:.1%}] of "
        "{areas_count:,d} {areas} {place}, and in {fifth_share:.1%} of the lowest fifth.",
        from_year=every["from_year"],
        to_year=every["to_year"],
        **with_interval("share", every),
        areas_count=every["units_count"],
        fifth_share=fifth["estimate"],
    )
    answer.say(
        f"that about a third worsened is {_exceptional(exceptional)}: between the other "
        "pairs of consecutive waves the share runs from {others_low:.1%} to {others_high:.1%}; this pair has rank "
        "{rank:d} of {pairs_count:d}, counted from the largest share.",
        others_low=every["others_low"],
        others_high=every["others_high"],
        rank=every["rank"],
        pairs_count=every["pairs_count"],
    )
    answer.say(
        "for the {definitions_count:d} definitions of vulnerable, in {cells_count:d} cells by the wave that "
        f"classifies, the share stands outside the range of the other pairs in {{outside_count:d}}{_names(outside)}.",
        definitions_count=raw["definition"].nunique(),
        outside_count=len(outside),
        cells_count=len(raw),
    )
    return exceptional


def _say_large_falls(answer: Answer, standing: Estimate) -> None:
    """Say the same for falls beyond the largest cut, where there is one."""
    cut = float(standing.frame["cut"].max())
    if cut == 0:
        return
    every = standing.row(**{**_RAW, "cut": cut}, definition="all")
    cells = _vulnerable(_cells(standing, {**_RAW, "cut": cut}))
    answer.say(
        "it depends on how large a fall must be to count: {large_share:.1%} of all {areas} fell by more than {cut:.2f} "
        "points, against {large_low:.1%} to {large_high:.1%} between the other pairs; in {large_above:d} of the "
        "{cells_count:d} cells that share is above all others.",
        cut=cut,
        large_share=every["estimate"],
        large_low=every["others_low"],
        large_high=every["others_high"],
        large_above=int((cells["outside"] == "above").sum()),
    )


def _exceptional(yes: bool) -> str:
    """Say it in a word."""
    return "exceptional" if yes else "not exceptional"


def _say_corrected(answer: Answer, standing: Estimate) -> None:
    """Say the share without noise, and in how many cells it is about a third."""
    every = _cells(standing, {**_CORRECTED, "definition": "all"}).dropna(subset="estimate")
    if every.empty:
        answer.cannot_say(
            "The share without noise is not known: the variance of the scores could not be taken apart, or changes "
            "vary no more than the noise in them. Without it the claim cannot be supported."
        )
        return
    corrected = _cells(standing, _CORRECTED).dropna(subset="estimate")
    corrected = _vulnerable(corrected)
    near = corrected["estimate"].between(_THIRD_LOW, _THIRD_HIGH)
    share = every["estimate"].iloc[0]
    answer.say(
        "with the noise of the scores taken out the share is {corrected_share:.1%} for all {areas} "
        "({extrapolated_share:.1%} by a second method, which keeps long tails); it lies between "
        "{third_low:.0%} and {third_high:.0%} in {near_count:d} of the {corrected_count:d} cells of vulnerable areas.",
        corrected_share=share,
        extrapolated_share=standing.row(**_EXTRAPOLATED, definition="all")["estimate"],
        third_low=_THIRD_LOW,
        third_high=_THIRD_HIGH,
        near_count=int(near.sum()),
        corrected_count=len(near),
    )
    if share == standing.row(**_RAW, definition="all")["estimate"]:
        answer.cannot_say(
            "Taking the noise out leaves the share of all areas as it was: the noise is estimated at zero, or too "
            "close to it to count (n01), and shares without noise are no better than the raw ones."
        )


def _say_trend(answer: Answer, trend: Estimate) -> None:
    """Say where else the rise stopped: over all areas, and by definition of vulnerable."""
    bend = trend.row(definition="all", measure="break")
    answer.say(
        "the mean score of all {areas} changed by {slope_before:.3f} points a decade before {knot:d} and by "
        "{slope_after:.3f} after it: it bends by {bend:.3f} [{bend_low:.3f}, {bend_high:.3f}].",
        slope_before=trend.row(definition="all", measure="slope before")["estimate"],
        slope_after=trend.row(definition="all", measure="slope after")["estimate"],
        knot=bend["knot"],
        **with_interval("bend", bend),
    )
    breaks = trend.frame[trend.frame["measure"] == "break"]
    vulnerable = _vulnerable(breaks)
    down, up = vulnerable["ci_high"] < 0, vulnerable["ci_low"] > 0
    answer.say(
        f"of {{definitions_count:d}} definitions of vulnerable the mean bends down in {{down_count:d}}"
        f"{_names(vulnerable[down])} and up in {{up_count:d}}{_names(vulnerable[up])}, with an interval that "
        "excludes zero.",
        definitions_count=len(vulnerable),
        down_count=int(down.sum()),
        up_count=int(up.sum()),
    )
    if "four_largest" in set(breaks["definition"]):
        cities = trend.row(definition="four_largest", measure="break")
        few = cities["clusters_count"] < FEW_CLUSTERS
        answer.say(
            "in the {cities_clusters:d} largest cities as a whole it bends by {cities_bend:.3f} "
            "[{cities_low:.3f}, {cities_high:.3f}]"
            + (", an interval that so few gemeenten make too narrow." if few else "."),
            cities_bend=cities["estimate"],
            cities_low=cities["ci_low"],
            cities_high=cities["ci_high"],
            cities_clusters=cities["clusters_count"],
        )


def _cells(standing: Estimate, identity: dict[str, object]) -> pd.DataFrame:
    """Return the rows with these values."""
    frame = standing.frame
    for name, value in identity.items():
        frame = frame[frame[name] == value]
    return frame


def _vulnerable(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of definitions of vulnerable: neither all areas nor whole cities."""
    return cells[~cells["definition"].isin(_NOT_VULNERABLE)]


def _names(cells: pd.DataFrame) -> str:
    """List definitions in words."""
    names = [each.label for each in DEFINITIONS if each.name in set(cells["definition"])]
    return f" ({', '.join(names)})" if names else ""
