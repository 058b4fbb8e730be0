"""Claims C13 and C29: whether problems move elsewhere, and whether gaps close; rules fixed beforehand."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.rules import Outcome
from buurteffect.claims.verdict import Answer, Verdict, with_interval
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.space.waterbed import Ledger

LEAST_SCORE = 0.01
LARGE = 0.5
LEAST_SPREAD = 0.002
_FOR_EVER = "every displaced household"
_AREAS = "buurt"


def judge_waterbed(reached: EffectEstimate, books: Ledger | Estimate, share: float, year: int, source: str) -> Verdict:
    """Judge claim C13: whether places that take in the displaced lose.

    By the row ``taken_in`` of `exposure_effects` on the score in `year`, the mean over the `share` of untreated places
    that took in most; "large" is said only where the interval of the leakage in `books` lies above one half.
    """
    answer = Answer("C13", source, _AREAS)
    answer.cannot_say(
        "All is relative to other buurten of the same gemeente: what the policy did to all of them alike is not "
        "included. Whole gemeenten are compared apart, and they are few."
    )
    if not reached:
        return answer.not_testable(f"It cannot be judged: {reached.reason.rstrip('.')}.")
    row = reached.row(term="taken_in")
    answer.say(
        "in {year:d}, the {share:.0%} of the untreated buurten {place} that had taken in most displaced households "
        "held {exposure:.1%} of them among their own, and their score differs by {effect:+.3f} "
        "[{effect_low:+.3f}, {effect_high:+.3f}] points from what it would have been; {mde:.3f} would have been found "
        "four times in five, and {least:.2f} is the smallest that matters.",
        year=year,
        share=share,
        exposure=row["exposure"],
        **with_interval("effect", row),
        mde=row["minimum_detectable_effect"],
        least=LEAST_SCORE,
    )
    large = _say_leakage(answer, books)
    loses = row["ci_high"] < 0 and row["estimate"] <= -LEAST_SCORE
    low, _ = interval(row["estimate"], row["std_error"], reached.degrees, 0.1)
    size = ", and large" if large else ", on a scale that the books do not settle"
    return answer.verdict(Outcome.of(loses, row["ci_low"] > 0 or low > -LEAST_SCORE), size if loses else "")


def _say_leakage(answer: Answer, books: Ledger | Estimate) -> bool:
    """Say what share of the gain was lost elsewhere; return whether it is surely more than half."""
    if isinstance(books, Estimate):
        answer.cannot_say(f"The books cannot be made up: {books.reason.rstrip('.')}.")
        return False
    row = books.leakage.row(term="displaced")
    if row["ci_low"] == -float("inf"):
        answer.cannot_say(
            "What share of the gain was lost where the displaced went cannot be said: the gain itself cannot be told "
            "from zero."
        )
        return False
    answer.say(
        "what is estimated to be lost where the displaced went is {leakage:.0%} [{leakage_low:.0%}, "
        f"{{leakage_high:.0%}}] of what restructured buurten gained, {_leakage_words(row['ci_low'], row['ci_high'])}.",
        **with_interval("leakage", row),
    )
    return bool(row["ci_low"] > LARGE)


def _leakage_words(low: float, high: float) -> str:
    """Say what an interval of the leakage tells."""
    if low > LARGE:
        return "so that more than half of it was lost"
    if low > 0:
        return "so that some of it was lost" + (
            ", and less than half" if high < LARGE else "; half or more is not told"
        )
    if high >= 1:
        return "which tells neither whether any of it was lost nor whether all of it was"
    return "which does not tell whether any of it was lost"


def judge_mixing(spread: EffectEstimate, source: str) -> Verdict:
    """Judge claim C29: whether mixing made the shares of low incomes of buurten less unequal."""
    answer = Answer("C29", source, _AREAS)
    answer.cannot_say(
        "Households with the lowest incomes of the country stay as many: if shares draw together, it is because they "
        "live elsewhere and not because they are fewer."
    )
    if not spread:
        return answer.not_testable(f"It cannot be judged: {spread.reason.rstrip('.')}.")
    row = spread.frame.iloc[0]
    answer.say(
        "the share of households with a low income {place} has a standard deviation over buurten of {sd_now:.4f}, and "
        "by these estimates would have one of {sd_without:.4f} without the policy: {change:+.4f} [{change_low:+.4f}, "
        "{change_high:+.4f}]; a change of {mde:.4f} would have been found four times in five.",
        sd_now=row["sd_now"],
        sd_without=row["sd_without"],
        **with_interval("change", row),
        mde=minimum_detectable_effect(row["std_error"], degrees=spread.degrees),
    )
    return answer.verdict(Outcome.of(row["ci_high"] < 0, row["ci_low"] > -LEAST_SPREAD))


def describe_books(books: Ledger | Estimate, city: EffectEstimate, words: str, source: str) -> Answer:
    """Say what the books of an outcome hold, and what whole gemeenten say of it."""
    answer = Answer("C13", source, _AREAS)
    if isinstance(books, Estimate):
        answer.cannot_say(f"The books of {words} cannot be made up: {books.reason.rstrip('.')}.")
        return answer
    entries = books.entries.frame.set_index("term")
    parts = {"direct": "in restructured buurten", "ring": "near them", "receiving": "where the displaced went"}
    template = ", ".join(f"{{{n}:+.2f}} [{{{n}_low:+.2f}}, {{{n}_high:+.2f}}] {where}" for n, where in parts.items())
    answer.say(
        "in sums over buurten, where a buurt that gains one point counts one, restructuring is estimated to have moved "
        f"{words} by {template}.",
        **{key: value for name in parts for key, value in with_interval(name, entries.loc[name]).items()},
    )
    if "rest" in entries.index:
        answer.say(
            "the country has the same number of such households whoever lives where, so that by these estimates "
            "{rest:+.2f} [{rest_low:+.2f}, {rest_high:+.2f}] must have gone to all others together; that the books "
            "close is arithmetic, and no finding.",
            **with_interval("rest", entries.loc["rest"]),
        )
    if city:
        row = city.frame.iloc[0]
        answer.say(
            "compared with each other, whole gemeenten at work moved by {city:+.2f} [{city_low:+.2f}, "
            "{city_high:+.2f}]; {city_mde:.1f} would have been found four times in five. They are {city_treated:d} of "
            "{city_all:d}, not chosen by lot: whatever else sets them apart is in it, and on so few its interval is "
            "too narrow.",
            **with_interval("city", row),
            city_mde=row["minimum_detectable_effect"],
            city_treated=row["treated_count"],
            city_all=row["clusters_count"],
        )
    else:
        answer.cannot_say(f"Whole gemeenten cannot be compared: {city.reason.rstrip('.')}.")
    return answer


def describe_memory(slopes: pd.DataFrame, memory: float, source: str) -> Answer:
    """Say how much the effect of the displaced taken in hangs on how long they are taken to count.

    The headline is the first row of `inflow_slopes`; there the share `memory` of them still counts a year later.
    """
    answer = Answer("C13", source, _AREAS)
    rows = slopes.set_index("design")
    other = rows[rows.index.str.startswith(_FOR_EVER)]
    if other.empty or other["estimate"].isna().all() or pd.isna(rows["estimate"].iloc[0]):
        answer.cannot_say("How much hangs on the memory of the displaced taken in cannot be shown.")
        return answer
    first, last = rows.iloc[0], other.iloc[0]
    answer.say(
        "if {memory:.0%} of the displaced taken in still count a year later, the slope is {slope:+.3f} "
        "[{slope_low:+.3f}, {slope_high:+.3f}]; if all of them do, for ever, it is {ever:+.3f} [{ever_low:+.3f}, "
        "{ever_high:+.3f}]. No register holds that memory: what follows holds for the first.",
        memory=memory,
        **with_interval("slope", first),
        **with_interval("ever", last),
    )
    return answer
