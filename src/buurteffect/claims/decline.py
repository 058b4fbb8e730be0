"""Claim C01: whether the rise stopped in 2012, whether a third worsened, and whether a third is exceptional."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer, Outcome, Verdict
from buurteffect.estimate import FEW_CLUSTERS, Estimate

_THIRD_LOW, _THIRD_HIGH = 0.28, 0.38
_ENOUGH = 2 / 3
_RAW = {"cut": 0, "comparison": "consecutive pairs of any length", "measure": "raw share"}
_CORRECTED = {**_RAW, "measure": "noise-corrected share"}
_EXTRAPOLATED = {**_RAW, "measure": "extrapolated share"}


def judge_decline(standing: Estimate, trend: Estimate, source: str, level: str) -> Verdict:
    """Judge claim C01.

    Parameters
    ----------
    standing : Estimate
        From `estimate.exceptional`: the share that declined between the two waves of the claim, by definition of
        vulnerable, beside the range of the other pairs of waves.
    trend : Estimate
        From `estimate.trend_break`: slopes before and after, and the break.
    source : {"synthetic", "open"}
        Where the data come from.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.

    Returns
    -------
    Verdict
        By the rule of the register.
    """
    answer = Answer("C01", source, level)
    exceptional = _say_exceptional(answer, standing)
    large = _say_large_falls(answer, standing)
    near = _say_corrected(answer, standing)
    bend = _say_trend(answer, trend)
    answer.cannot_say(
        "The instrument may itself have changed between 2012 and 2014 (n01 looks for the break): a bend of the mean in "
        "2012 cannot be told apart from that with the scores alone."
    )
    answer.cannot_say(
        "The claim is about urban neighbourhoods; outside the four largest cities these data do not say which areas "
        "are urban. Areas count equally, whatever their number of inhabitants."
    )
    if bend["ci_high"] < 0 and near >= _ENOUGH:
        outcome = Outcome.SUPPORTED
    elif bend["ci_low"] > 0:
        outcome = Outcome.CONTRADICTED
    else:
        outcome = Outcome.UNDETERMINED
    remark = f"; the share that declined is {_exceptional(exceptional)}"
    if large is not None and large != exceptional:
        remark += f", the share that fell far is {_exceptional(large)}"
    return answer.verdict(outcome, remark)


def _say_exceptional(answer: Answer, standing: Estimate) -> bool:
    """Answer whether the share stands out; return whether it does for all areas."""
    every = standing.row(**_RAW, definition="all")
    fifth = standing.row(**_RAW, definition="lowest_20", classify="first wave of the pair")
    raw = _cells(standing, _RAW)
    outside = raw[raw["outside"].isin(["above", "below"])]
    exceptional = bool(every["outside"] != "no")
    answer.say(
        "between {from_year:d} and {to_year:d} the score fell in {share:.1%} [{share_low:.1%}, {share_high:.1%}] of "
        "{areas_count:,d} {areas} {place}, and in {fifth_share:.1%} of the lowest fifth.",
        from_year=every["from_year"],
        to_year=every["to_year"],
        share=every["estimate"],
        share_low=every["ci_low"],
        share_high=every["ci_high"],
        areas_count=every["units_count"],
        fifth_share=fifth["estimate"],
    )
    answer.say(
        f"that about a third worsened is {_exceptional(exceptional)}: between the other "
        "pairs of consecutive waves the share runs from {others_low:.1%} to {others_high:.1%}, and this pair comes "
        "{rank:d} of {pairs_count:d} from the top.",
        others_low=every["others_low"],
        others_high=every["others_high"],
        rank=every["rank"],
        pairs_count=every["pairs_count"],
    )
    answer.say(
        f"it stands outside the range of the other pairs in {{outside_count:d}} of {{cells_count:d}} definitions of "
        f"vulnerable{_names(outside)}.",
        outside_count=len(outside),
        cells_count=len(raw),
    )
    return exceptional


def _say_large_falls(answer: Answer, standing: Estimate) -> bool | None:
    """Answer the same for falls beyond the largest cut; return whether most definitions stand out, None without one."""
    cut = float(standing.frame["cut"].max())
    if cut == 0:
        return None
    every = standing.row(**{**_RAW, "cut": cut}, definition="all")
    cells = _cells(standing, {**_RAW, "cut": cut})
    above = int((cells["outside"] == "above").sum())
    answer.say(
        "it depends on how large a fall must be to count: {large_share:.1%} of all {areas} fell by more than {cut:.2f} "
        "points, against {large_low:.1%} to {large_high:.1%} between the other pairs, and that share is above all "
        "others in {large_above:d} of {cells_count:d} definitions.",
        cut=cut,
        large_share=every["estimate"],
        large_low=every["others_low"],
        large_high=every["others_high"],
        large_above=above,
    )
    return above > len(cells) / 2


def _exceptional(yes: bool) -> str:
    """Say it in a word."""
    return "exceptional" if yes else "not exceptional"


def _say_corrected(answer: Answer, standing: Estimate) -> float:
    """Say the share without noise; return the share of definitions in which it is about a third."""
    corrected = _cells(standing, _CORRECTED).dropna(subset="estimate")
    near = corrected["estimate"].between(_THIRD_LOW, _THIRD_HIGH)
    answer.say(
        "with the noise of the scores taken out the share is {corrected_share:.1%} for all {areas} "
        "({extrapolated_share:.1%} by a second method, which keeps long tails); it lies between "
        "{third_low:.0%} and {third_high:.0%} in {near_count:d} of {corrected_count:d} definitions of vulnerable.",
        corrected_share=standing.row(**_CORRECTED, definition="all")["estimate"],
        extrapolated_share=standing.row(**_EXTRAPOLATED, definition="all")["estimate"],
        third_low=_THIRD_LOW,
        third_high=_THIRD_HIGH,
        near_count=int(near.sum()),
        corrected_count=len(near),
    )
    return float(near.mean())


def _say_trend(answer: Answer, trend: Estimate) -> pd.Series:
    """Answer whether the rise stopped; return the break for all areas."""
    bend = trend.row(group="all", measure="break")
    answer.say(
        "the mean score changed by {slope_before:.3f} points a decade before {knot:d} and by {slope_after:.3f} after "
        f"it: the trend bends by {{bend:.3f}} [{{bend_low:.3f}}, {{bend_high:.3f}}], so {_bend_words(bend)}.",
        slope_before=trend.row(group="all", measure="slope before")["estimate"],
        slope_after=trend.row(group="all", measure="slope after")["estimate"],
        knot=bend["knot"],
        bend=bend["estimate"],
        bend_low=bend["ci_low"],
        bend_high=bend["ci_high"],
    )
    if "four_largest" in set(trend.frame["group"]):
        cities = trend.row(group="four_largest", measure="break")
        few = cities["clusters_count"] < FEW_CLUSTERS
        answer.say(
            "in the {cities_clusters:d} largest cities the trend bends by {cities_bend:.3f}"
            + ("; so few gemeenten carry no interval that can be trusted." if few else "."),
            cities_bend=cities["estimate"],
            cities_clusters=cities["clusters_count"],
        )
    return bend


def _bend_words(bend: pd.Series) -> str:
    """Say what a break means for a rise."""
    if bend["ci_low"] > 0:
        return "the rise did not stop in the scores but went faster"
    if bend["ci_high"] < 0:
        return "the rise slowed or stopped"
    return "these scores do not say whether the rise stopped"


def _cells(standing: Estimate, identity: dict[str, object]) -> pd.DataFrame:
    """Return the rows with these values."""
    frame = standing.frame
    for name, value in identity.items():
        frame = frame[frame[name] == value]
    return frame


def _names(cells: pd.DataFrame) -> str:
    """List definitions in words."""
    names = sorted({name.replace("_", " ") for name in cells["definition"]})
    return f" ({', '.join(names)})" if names else ""
