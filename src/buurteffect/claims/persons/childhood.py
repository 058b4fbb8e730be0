"""Claims C09, C10, C21, C22, C31 and C32: what a place does to the children in it, and who has which chances."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.claims.verdict import Answer, Outcome, Verdict, with_interval
from buurteffect.estimate.childhood.shrinkage import Signal
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.estimate.robustness.equivalence_tests import within_bounds

SMALLEST_SLOPE = 0.05
"""Points of adult rank per year and ten points fewer low incomes: over a childhood about one point."""

SMALLEST_SIGNAL = 1.0
"""Rank points by which the chances of regions must differ, as a standard deviation."""

SMALLEST_CHANGE = 0.02
"""Change of the slope of ranks in the parents' ranks, per ten years of birth."""

_YEARS = 18
_LEVEL = "buurt"


def judge_chances(
    movers: EffectEstimate,
    both: EffectEstimate,
    agree: JointTest,
    placebo: EffectEstimate,
    later: JointTest,
    naive: EffectEstimate,
    source: str,
    alpha: float = 0.05,
) -> Verdict:
    """Judge C10: places act on the chances of the children that grow up in them.

    Parameters
    ----------
    movers : EffectEstimate
        From `movers_slope`: the headline.
    both, agree
        From `both_designs`.
    placebo : EffectEstimate
        From `placebo_after`.
    later : JointTest
        That the slopes of `slopes_by_age` after childhood are zero: the placebo of the siblings.
    naive : EffectEstimate
        From `naive_slopes`.
    source : str
        Where the data come from.
    alpha : float
        One minus the confidence level.
    """
    row, after = movers.frame.iloc[0], placebo.frame.iloc[0]
    siblings, together = (both.frame.set_index("term").loc[name] for name in ("siblings", "both together"))
    answer = Answer("C10", source, _LEVEL)
    answer.say(
        "Among families that moved once, a child that spent a year more in a neighbourhood with ten points fewer low "
        "incomes stood {slope:.3f} points of rank [{low:.3f}, {high:.3f}] higher at 28 {place}; over {years:d} years "
        "that is {childhood:.1f} points [{childhood_low:.1f}, {childhood_high:.1f}]. Less than {detectable:.2f} a year "
        "would have been missed more than once in five.",
        slope=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
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
        "between siblings has p = {later:.3f}.",
        alone=alone,
        given=given,
        **with_interval("placebo", after),
        placebo_least=_detectable(after, placebo.degrees),
        later=later.p_value,
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
    quiet = after["ci_low"] <= 0 <= after["ci_high"] and later.p_value >= alpha
    if not quiet:
        answer.cannot_say("A placebo finds something where there can be nothing: the design may not be trusted here.")
    return answer.verdict(_of_chances(row, siblings["estimate"], bool(quiet), movers.degrees, alpha))


def _of_chances(row: pd.Series, sibling: float, quiet: bool, degrees: float, alpha: float) -> Outcome:
    """Return the outcome by the rule: supported only where neither placebo finds anything."""
    if row["ci_low"] > 0 and row["estimate"] >= SMALLEST_SLOPE and sibling > 0 and quiet:
        return Outcome.SUPPORTED
    if row["ci_high"] < 0 or _equivalent(row, degrees, SMALLEST_SLOPE, alpha):
        return Outcome.CONTRADICTED
    return Outcome.UNDETERMINED


def judge_mix(result: EffectEstimate, source: str, alpha: float = 0.05) -> Verdict:
    """Judge C09: a mix of tenures weakens what a poor place does.

    Parameters
    ----------
    result : EffectEstimate
        From `slope_by_mix`.
    source : str
        Where the data come from.
    alpha : float
        One minus the confidence level.
    """
    row = result.frame.set_index("term").loc["exposure times mix"]
    answer = Answer("C09", source, _LEVEL)
    answer.say(
        "Where tenures are one standard deviation more mixed, the slope between siblings is {change:.3f} [{low:.3f}, "
        "{high:.3f}] points of rank per year higher {place}; less than {detectable:.2f} would have been missed more "
        "than once in five.",
        change=row["estimate"],
        low=row["ci_low"],
        high=row["ci_high"],
        detectable=_detectable(row, result.degrees),
    )
    answer.cannot_say("Mix was not assigned: places that are mixed differ from others in more than their tenures.")
    outcome = Outcome.UNDETERMINED
    if row["ci_high"] < 0:
        outcome = Outcome.SUPPORTED
    elif row["ci_low"] > 0 or _equivalent(row, result.degrees, SMALLEST_SLOPE, alpha):
        outcome = Outcome.CONTRADICTED
    return answer.verdict(outcome)


def judge_regions(signal: Signal, raw: Estimate, ranks: Estimate, percentile: float, source: str) -> Verdict:
    """Judge C21: the chances of poor children differ between regions.

    Parameters
    ----------
    signal : Signal
        From `shrunken`.
    raw, ranks : Estimate
        From `rank_by_gemeente` and `rank_sets`.
    percentile : float
        Rank of the parents.
    source : str
        Where the data come from.
    """
    answer = Answer("C21", source, "gemeente")
    width = (ranks.frame["ci_high"] - ranks.frame["ci_low"]).median() + 1
    answer.say(
        "Children of parents at rank {percentile:.0f} of 100 reach rank {mean:.1f} on average {place}. Over {count:d} "
        "{areas} the standard deviation of these means is {spread:.2f} points as they are, and by a weighted estimate "
        "{signal:.2f} [{low:.2f}, {high:.2f}] without their noise; at the mean noise {reliability:.0%} of a mean's "
        "distance from all others counts as signal.",
        percentile=percentile,
        mean=signal.mean,
        count=len(raw.frame),
        spread=signal.spread,
        signal=signal.sd,
        low=signal.sd_low,
        high=signal.sd_high,
        reliability=signal.reliability,
    )
    answer.say("half of the {areas} could take {width:.0f} places or more of a ranking.", width=width)
    answer.cannot_say(
        "Who lives where is not a matter of chance: a difference between regions is not yet an effect of one. Prices "
        "differ between regions, and ranks are national."
    )
    outcome = Outcome.UNDETERMINED
    if signal.sd_high < SMALLEST_SIGNAL:
        outcome = Outcome.CONTRADICTED
    elif signal.sd_low > SMALLEST_SIGNAL and source != "synthetic":
        outcome = Outcome.SUPPORTED
    remark = "; the regions that the claim names are not in these data" if source == "synthetic" else ""
    return answer.verdict(outcome, remark)


def judge_inheritance(result: EffectEstimate, source: str, alpha: float = 0.05) -> Verdict:
    """Judge C22: differences in chances have grown.

    Parameters
    ----------
    result : EffectEstimate
        From `slope_by_cohort`.
    source : str
        Where the data come from.
    alpha : float
        One minus the confidence level.
    """
    level, change = result.frame.iloc[0], result.frame.iloc[1]
    answer = Answer("C22", source, _LEVEL)
    answer.say(
        "A parents' rank of one point more goes with {level:.3f} points of adult rank {place}. Per ten years of birth "
        "that changed by {change:.3f} [{low:.3f}, {high:.3f}]; less than {detectable:.3f} would have been missed more "
        "than once in five.",
        level=level["estimate"],
        change=change["estimate"],
        low=change["ci_low"],
        high=change["ci_high"],
        detectable=_detectable(change, result.degrees),
    )
    answer.cannot_say(
        "Parents' incomes of two or three years stand for those of a life, which draws the level down, in every cohort "
        "alike. Adult ranks at 28 are early, and earlier in a life for those who study long."
    )
    outcome = Outcome.UNDETERMINED
    if change["ci_low"] > 0:
        outcome = Outcome.SUPPORTED
    elif change["ci_high"] < 0 or _equivalent(change, result.degrees, SMALLEST_CHANGE, alpha):
        outcome = Outcome.CONTRADICTED
    return answer.verdict(outcome)


def judge_schools(claim_id: str, source: str) -> Verdict:
    """Return the verdict on a claim about schools, of which there are no data here.

    Parameters
    ----------
    claim_id : {"C31", "C32"}
        Which claim.
    source : str
        Where the data come from.
    """
    answer = Answer(claim_id, source, _LEVEL)
    answer.cannot_say(
        "There is nothing to judge by: neither which school a child goes to, nor its test or the advice of its "
        "teacher, is among the data that this project reads."
    )
    return answer.verdict(Outcome.NOT_TESTABLE)


def _detectable(row: pd.Series, degrees: float) -> float:
    """Return the effect that would be found four times in five at 5%."""
    return minimum_detectable_effect(row["std_error"], degrees=degrees)


def _detectable_difference(both: EffectEstimate, agree: JointTest) -> float:
    """Return the difference of the two designs that would be found four times in five at 5%."""
    first, second = both.frame["estimate"].iloc[:2]
    error = abs(first - second) / np.sqrt(agree.statistic) if agree.statistic > 0 else np.nan
    return minimum_detectable_effect(error) if np.isfinite(error) else np.nan


def _equivalent(row: pd.Series, degrees: float, smallest: float, alpha: float) -> bool:
    """Return whether two one-sided tests place an estimate within the smallest effect that matters."""
    return within_bounds(row["estimate"], row["std_error"], smallest, degrees, alpha)
