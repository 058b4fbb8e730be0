"""Claims C09, C10, C21, C22, C31 and C32: what a place does to the children in it, and who has which chances."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict, cannot_judge, with_interval
from buurteffect.estimate.childhood.shrinkage import Signal
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.inference.wald import JointTest

NAMED_REGIONS = {"groningen": "Groningen", "cities": "the four largest cities"}
"""Regions that C21 names: by which name the rule refers to them, and what sentences call them."""

_YEARS = 18
_LEVEL = "buurt"


def judge_chances(
    movers: EffectEstimate,
    both: EffectEstimate,
    agree: JointTest,
    line: JointTest,
    placebo: EffectEstimate,
    later: JointTest,
    naive: EffectEstimate,
    source: str,
) -> Verdict:
    """Judge C10: places act on the chances of the children that grow up in them.

    What decides is `movers_slope`, where the `line` of `linearity_test` is not rejected and the placebos are quiet:
    `placebo_after`, and the test `later` that the slopes of `slopes_by_age` after childhood are zero. Beside it stand
    `both_designs` and `naive_slopes`. Where something was refused the claim cannot be tested.
    """
    refused = [each.reason for each in (movers, both, agree, line, placebo, later, naive) if isinstance(each, Estimate)]
    if any(refused):
        return cannot_judge("C10", [reason for reason in dict.fromkeys(refused) if reason], source, _LEVEL)
    row, after = movers.frame.iloc[0], placebo.frame.iloc[0]
    siblings, together = (both.frame.set_index("term").loc[name] for name in ("siblings", "both together"))
    answer = Answer("C10", source, _LEVEL)
    answer.say(
        "Among families that moved once, a child that spent a year more in a neighbourhood with ten points fewer low "
        "incomes stood {slope:.3f} points of rank [{slope_low:.3f}, {slope_high:.3f}] higher at 28 {place}; over "
        "{years:d} years that is {childhood:.1f} points [{childhood_low:.1f}, {childhood_high:.1f}]. Less than "
        "{detectable:.2f} a year would have been missed more than once in five.",
        **with_interval("slope", row),
        years=_YEARS,
        **with_interval("childhood", row, _YEARS),
        detectable=_detectable(row, movers.degrees),
    )
    answer.say(
        "between siblings it was {sibling:.3f} [{sibling_low:.3f}, {sibling_high:.3f}], and in the most precise mean "
        "of both {joint:.3f} [{joint_low:.3f}, {joint_high:.3f}]; a test that movers and siblings have one slope has "
        "p = {agree:.2f}, where a difference of less than {apart:.2f} would have been missed more than once in five.",
        **with_interval("sibling", siblings),
        **with_interval("joint", together),
        agree=agree.p_value,
        apart=_detectable_difference(both, agree),
    )
    alone, given = naive.frame["estimate"].iloc[:2]
    answer.say(
        "a plain comparison of children gives {alone:.3f}, and {given:.3f} with the parents' income held fixed: "
        "families choose their places. In moves after the age of 23, which can change nobody's childhood, the "
        "design finds {placebo:.3f} [{placebo_low:.3f}, {placebo_high:.3f}] per year, where less than "
        "{placebo_least:.2f} would have been missed more than once in five. That years after childhood do nothing "
        "between siblings has p = {later_p:.3f}, and that one slope describes all ages at the move "
        "p = {line_p:.3f}.",
        alone=alone,
        given=given,
        **with_interval("placebo", after),
        placebo_least=_detectable(after, placebo.degrees),
        later_p=later.p_value,
        line_p=line.p_value,
    )
    answer.cannot_say(
        "It is the effect of years at one or another age at the move among families that moved once, not of a move. It "
        "rests on families who moved to better places not having differed more the younger their children were."
    )
    answer.cannot_say(
        "A placebo that finds nothing clears the design only of what it could have found, and moves at ages that the "
        "headline uses too make the two depend on each other."
    )
    answer.cannot_say(
        "What about a place does it is not told: the share of low incomes stands for everything that goes with it. "
        "School and crime, of which the claim speaks, are not in these data."
    )
    figures = {
        "line_p": line.p_value,
        "placebo_p": after["p_value"],
        "later_p": later.p_value,
        "slope_low": row["ci_low"],
        "slope_high": row["ci_high"],
    }
    return answer.judge(figures, primary=row)


def judge_mix(result: EffectEstimate, source: str) -> Verdict:
    """Judge C09: a mix of tenures weakens what a poor place does, by `slope_by_mix`."""
    if not result:
        return cannot_judge("C09", [result.reason], source, _LEVEL)
    row = result.frame.set_index("term").loc["exposure times mix"]
    answer = Answer("C09", source, _LEVEL)
    answer.say(
        "Where tenures are one standard deviation more mixed, the slope between siblings is {mix:.3f} [{mix_low:.3f}, "
        "{mix_high:.3f}] points of rank per year higher {place}; less than {detectable:.2f} would have been missed "
        "more than once in five.",
        **with_interval("mix", row),
        detectable=_detectable(row, result.degrees),
    )
    answer.cannot_say("Mix was not assigned: places that are mixed differ from others in more than their tenures.")
    return answer.judge({"mix_low": row["ci_low"], "mix_high": row["ci_high"]}, primary=row)


def judge_regions(
    signal: Signal, raw: Estimate, ranks: Estimate, named: EffectEstimate, percentile: float, source: str
) -> Verdict:
    """Judge C21: the chances of children of parents at rank `percentile` differ between regions.

    From `shrunken`, `rank_by_gemeente` (`raw`), `rank_sets` and `named_regions`, which has a row for each region that
    the claim names.
    """
    answer = Answer("C21", source, "gemeente")
    refused = [each.reason for each in (signal, raw, ranks) if isinstance(each, Estimate) and not each]
    if refused:
        return answer.not_testable(*dict.fromkeys(refused))
    width = (ranks.frame["ci_high"] - ranks.frame["ci_low"]).median() + 1
    answer.say(
        "Children of parents at rank {percentile:.0f} of 100 reach rank {mean:.1f} on average {place}. Over {count:d} "
        "{areas} the standard deviation of these means is {spread:.2f} points as they are, and by a weighted estimate "
        "{signal:.2f} [{signal_low:.2f}, {signal_high:.2f}] without their noise; at the mean noise "
        "{reliability:.0%} of a mean's distance from all others counts as signal.",
        percentile=percentile,
        mean=signal.mean,
        count=len(raw.frame),
        spread=signal.spread,
        signal=signal.sd,
        signal_low=signal.sd_low,
        signal_high=signal.sd_high,
        reliability=signal.reliability,
    )
    answer.say("half of the {areas} could take {width:.0f} places or more of a ranking.", width=width)
    answer.cannot_say(
        "Who lives where is not a matter of chance: a difference between regions is not yet an effect of one. Prices "
        "differ between regions, and ranks are national."
    )
    figures = {"signal_low": signal.sd_low, "signal_high": signal.sd_high}
    for place, (name, words) in enumerate(NAMED_REGIONS.items()):
        row = named.frame.iloc[place]
        figures |= {f"{name}_low": row["ci_low"], f"{name}_high": row["ci_high"]}
        if np.isfinite(row["estimate"]):
            answer.say(
                f"Children of {words} stand {{{name}:.2f}} [{{{name}_low:.2f}}, {{{name}_high:.2f}}] points of rank "
                "higher than those of other {areas}.",
                **with_interval(name, row),
            )
        else:
            answer.cannot_say(f"There is no figure of {words} here: what the claim says of them is not known.")
    return answer.judge(figures)


def judge_inheritance(result: EffectEstimate, source: str) -> Verdict:
    """Judge C22: differences in chances have grown, by `slope_by_cohort`."""
    if not result:
        return cannot_judge("C22", [result.reason], source, _LEVEL)
    level, change = result.frame.iloc[0], result.frame.iloc[1]
    answer = Answer("C22", source, _LEVEL)
    answer.say(
        "A parents' rank of one point more goes with {level:.3f} points of adult rank {place}. Per ten years of birth "
        "that changed by {change:.3f} [{change_low:.3f}, {change_high:.3f}]; less than {detectable:.3f} would have "
        "been missed more than once in five.",
        level=level["estimate"],
        **with_interval("change", change),
        detectable=_detectable(change, result.degrees),
    )
    answer.cannot_say(
        "Parents' incomes of two or three years stand for those of a life, which draws the level down, in every cohort "
        "alike. Adult ranks at 28 are early, and earlier in a life for those who study long."
    )
    return answer.judge({"change_low": change["ci_low"], "change_high": change["ci_high"]}, primary=change)


def judge_schools(claim_id: str, source: str) -> Verdict:
    """Return the verdict on C31 or C32, claims about schools, of which there are no data here."""
    reason = (
        "There is nothing to judge by: neither which school a child goes to, nor its test or the advice of its "
        "teacher, is among the data that this project reads."
    )
    return cannot_judge(claim_id, [reason], source, _LEVEL)


def _detectable(row: pd.Series, degrees: float) -> float:
    """Return the effect that would be found four times in five at 5%."""
    return minimum_detectable_effect(row["std_error"], degrees=degrees)


def _detectable_difference(both: EffectEstimate, agree: JointTest) -> float:
    """Return the difference of the two designs that would be found four times in five at 5%."""
    first, second = both.frame["estimate"].iloc[:2]
    error = abs(first - second) / np.sqrt(agree.statistic) if agree.statistic > 0 else np.nan
    return minimum_detectable_effect(error, degrees=agree.degrees) if np.isfinite(error) else np.nan
