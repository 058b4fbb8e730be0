"""Claims C11, C23 and C24: displacement, who leaves whom, and neighbourhoods as escalators."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.register import threshold
from buurteffect.claims.rules import Outcome
from buurteffect.claims.verdict import Answer, Verdict, with_inner, with_interval
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.power import minimum_detectable_effect, with_minimum_detectable_effect

_AREAS = "buurt"
_NAMED = ["term", "estimate", "std_error", "ci_low", "ci_high", "treated_count", "minimum_detectable_effect"]


def judge_displacement(exits: dict[str, EffectEstimate], horizon: int, quality: EffectEstimate, source: str) -> Verdict:
    """Judge claim C11: whether restructuring displaces sitting residents with a low income.

    By the row ``low`` of `excess_exit` in ``buurt`` and ``wijk``, `horizon` years after the base; `quality` is the
    `matched_difference` of the score of the place where the displaced live, against tenants left alone.
    """
    answer = Answer("C11", source, _AREAS)
    answer.cannot_say(
        "That somebody left does not say that they did not want to, nor that they are worse off: own incomes are the "
        "question of n06."
    )
    figures: dict[str, float] = {}
    for unit, made in exits.items():
        if not made:
            return answer.not_testable(f"Exit from the {unit} cannot be judged: {made.reason.rstrip('.')}.")
        row = made.row(term="low")
        answer.say(
            f"{{horizon:d}} years after 1 January of the year before the start, {{{unit}_out:.1%}} of the households "
            f"of the lowest third of incomes in restructured buurten {{place}} lived outside their {unit}, where "
            f"{{{unit}_without:.1%}} would have: {{{unit}_excess:.1f}} points more [{{{unit}_low:.1f}}, "
            f"{{{unit}_high:.1f}}]; the smallest excess that matters is {{{unit}_least:.0f}} points, and "
            f"{{{unit}_mde:.1f}} would have been found four times in five.",
            horizon=horizon,
            **{
                f"{unit}_out": row["share_out"],
                f"{unit}_without": row["share_out_without"],
                f"{unit}_excess": 100 * row["estimate"],
                f"{unit}_low": 100 * row["ci_low"],
                f"{unit}_high": 100 * row["ci_high"],
                f"{unit}_least": threshold("C11", f"leave_{unit}"),
                f"{unit}_mde": 100 * minimum_detectable_effect(row["std_error"], degrees=made.degrees),
            },
        )
        figures |= with_inner(unit, row, made.degrees, 100)
    above = _say_highest(answer, exits["buurt"])
    _say_quality(answer, quality)
    found = answer.judge(figures, primary=exits["buurt"].row(term="low"))
    if found.rule_outcome != Outcome.SUPPORTED:
        return found
    return answer.judge(figures, f" for the lowest third of incomes{above}", primary=exits["buurt"].row(term="low"))


def _say_highest(answer: Answer, made: EffectEstimate) -> str:
    """Say what the excess of the highest incomes is; return a remark on "low incomes above all"."""
    rows = made.frame.set_index("term")
    if "high" not in rows.index or pd.isna(rows.loc["high", "estimate"]):
        return ""
    most = bool(rows.loc["low", "ci_low"] > rows.loc["high", "ci_high"])
    words = "so that it is low incomes above all" if most else "so that it is not shown to be low incomes above all"
    answer.say(
        "of households of the highest third of incomes {high:.1f} points more [{high_low:.1f}, {high_high:.1f}] lived "
        f"outside their buurt, {words}.",
        **with_interval("high", rows.loc["high"], 100),
    )
    return ", above all" if most else "; not shown for them above all"


def _say_quality(answer: Answer, quality: EffectEstimate) -> None:
    """Say whether the displaced live in better or worse places than those left alone."""
    if not quality:
        answer.cannot_say(f"Where they went cannot be compared: {quality.reason.rstrip('.')}.")
        return
    row = quality.frame.iloc[0]
    better = "better" if row["ci_low"] > 0 else "worse" if row["ci_high"] < 0 else ""
    words = f"the displaced live in {better} places" if better else "no difference of their places can be seen"
    answer.say(
        f"compared with households like them that were left alone, movers or not, {words}: the difference is "
        "{quality:+.3f} [{quality_low:+.3f}, {quality_high:+.3f}] points of the score that these places had before; "
        "{quality_mde:.3f} would have been found four times in five. The comparison with those who moved by themselves "
        "stands in the table.",
        **with_interval("quality", row),
        quality_mde=minimum_detectable_effect(row["std_error"], degrees=quality.degrees),
    )


def judge_sorting(made: EffectEstimate, source: str) -> Verdict:
    """Judge claim C23: whether people leave neighbours unlike them; the row ``income distance`` decides."""
    answer = Answer("C23", source, _AREAS)
    answer.cannot_say(
        "That households far from their neighbours' income leave more often may be taste, or a dwelling that does not "
        "fit; and a neighbourhood's make-up is itself made by who leaves."
    )
    if not made:
        return answer.not_testable(f"It cannot be judged: {made.reason.rstrip('.')}.")
    for term, words in (
        ("income distance", "whose income lies one standard deviation farther from the middle of their buurt"),
        ("own group", "with one standard deviation more of their own origin group in their buurt"),
    ):
        row = made.row(term=term)
        name = term.replace(" ", "_")
        answer.say(
            f"of households {{place}}, those {words} leave {{{name}:.3f}} times as often [{{{name}_low:.3f}}, "
            f"{{{name}_high:.3f}}], in the same buurt and year; {{{name}_mde:.3f}} more or less would have been found "
            "four times in five.",
            **with_interval(name, row),
            **{f"{name}_mde": minimum_detectable_effect(row["std_error"], degrees=made.degrees)},
        )
    answer.say("the smallest ratio that matters is {least:.2f}.", least=threshold("C23", "leave_more"))
    distance = made.row(term="income distance")
    return answer.judge(with_inner("distance", distance, made.degrees), primary=distance)


def judge_escalator(
    entrants: EffectEstimate, leavers: EffectEstimate, destinations: EffectEstimate, source: str
) -> Verdict:
    """Judge claim C24: whether those who come to arrival neighbourhoods rise there as others do elsewhere.

    `entrants` is the growth of their income less that of others like them, which decides. Beside it stand how much
    higher `leavers` end than where they left, and how high they end (`destinations`) less leavers of other buurten
    like them.
    """
    answer = Answer("C24", source, _AREAS)
    answer.cannot_say(
        "Those who leave are not those who stay: that leavers do well says nothing of what the place did. Households "
        "of the same income at arrival may still have different incomes in the long run, towards which they move."
    )
    if not entrants:
        return answer.not_testable(f"It cannot be judged: {entrants.reason.rstrip('.')}.")
    came = entrants.frame.iloc[0]
    answer.say(
        "incomes of households that came to arrival buurten {place} grow by {growth:+.3f} [{growth_low:+.3f}, "
        "{growth_high:+.3f}] log points more than those of households that came elsewhere in the same year, of the "
        "same age, tenure and income at arrival.",
        **with_interval("growth", came),
    )
    if leavers and destinations:
        answer.say(
            "households that leave arrival buurten end {rise:+.3f} [{rise_low:+.3f}, {rise_high:+.3f}] points of the "
            "score higher than where they left, which is little else than arithmetic: the lowest fifth has hardly "
            "anything below it. They end {gap:+.3f} [{gap_low:+.3f}, {gap_high:+.3f}] points from where households "
            "like them end that leave other buurten.",
            **with_interval("rise", leavers.frame.iloc[0]),
            **with_interval("gap", destinations.frame.iloc[0]),
        )
    figures = with_inner("growth", came, entrants.degrees)
    found = answer.judge(figures, primary=came)
    if found.rule_outcome != Outcome.SUPPORTED:
        return found
    faster = "faster than" if came["ci_low"] > 0 else "as much as"
    remark = f" in that they rise {faster} others like them elsewhere; that they move up is not judged"
    return answer.judge(figures, remark, primary=came)


def effects_by_name(made: dict[str, EffectEstimate]) -> pd.DataFrame:
    """Return the first row of each estimate that was not refused under a name, with what would have been found."""
    rows = {term: with_minimum_detectable_effect(each).frame.iloc[0] for term, each in made.items() if each}
    return pd.DataFrame([row.to_dict() | {"term": term} for term, row in rows.items()], columns=_NAMED)


def describe_destinations(displaced: pd.DataFrame, heads: dict[str, float], source: str) -> Answer:
    """Say how many displaced households stayed in the wijk, how far they went and how concentrated they arrived.

    `displaced` has one row per household: ``same_wijk, distance_km_change``; `heads` holds ``displaced_concentration,
    other_concentration, entrants_per_leaver``.
    """
    answer = Answer("C11", source, _AREAS)
    answer.say(
        "of {number:,d} displaced households {place} that are still in the register, {same:.1%} live in the wijk that "
        "they left, and half live within {median:.1f} km of their old buurt.",
        number=len(displaced),
        same=displaced["same_wijk"].mean(),
        median=displaced["distance_km_change"].median(),
    )
    answer.say(
        "two displaced from one buurt arrive in the same other one with a chance of {displaced_concentration:.1%}; "
        "of two tenants who moved by themselves, {other_concentration:.1%}.",
        **{name: heads[name] for name in ("displaced_concentration", "other_concentration")},
    )
    answer.say(
        "for every household with a low income that left a restructured buurt after the start, "
        "{entrants_per_leaver:.2f} with a low income came.",
        entrants_per_leaver=heads["entrants_per_leaver"],
    )
    return answer
