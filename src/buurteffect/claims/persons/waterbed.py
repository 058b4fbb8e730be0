"""Claims C13 and C29: whether problems move elsewhere, and whether gaps close."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.register import threshold
from buurteffect.claims.rules import Outcome
from buurteffect.claims.verdict import Answer, Verdict, with_inner, with_interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.space.profiles import LEAKAGE, MOST, SLOPE
from buurteffect.estimate.space.waterbed import Ledger

LARGE = 0.5
_AREAS = "buurt"


def judge_waterbed(
    reached: EffectEstimate, profile: EffectEstimate, books: Ledger | Estimate, share: float, year: int, source: str
) -> Verdict:
    """Judge claim C13: whether places that take in the displaced lose, whatever cannot be known.

    By the rows `MOST` of the `exposure_profile` of the score in `year`: the mean over the `share` of untreated places
    that took in most, for every persistence and reach. `reached` is that of one of them, and says how many came;
    "large" is said only where every leakage of the profile surely lies above one half.
    """
    answer = Answer("C13", source, _AREAS)
    answer.cannot_say(
        "All is relative to other buurten of the same gemeente: what the policy did to all of them alike is not "
        "included. Whole gemeenten are compared apart, and they are few."
    )
    for made in (reached, profile):
        if not made:
            return answer.not_testable(f"It cannot be judged: {made.reason.rstrip('.')}.")
    rows = profile.frame[profile.frame["quantity"] == MOST].reset_index(drop=True)
    answer.say(
        "in {year:d}, the {share:.0%} of the untreated buurten {place} that had taken in most displaced households "
        "held {exposure:.1%} of them among their own, by one persistence. Over {number:d} combinations of persistence "
        "and reach, their score differs by {lowest:+.3f} to {highest:+.3f} points from what it would have been; the "
        "intervals together run from {set_low:+.3f} to {set_high:+.3f}, and {least:.2f} is the smallest that matters.",
        year=year,
        share=share,
        exposure=reached.row(term="taken_in")["exposure"],
        number=len(rows),
        lowest=rows["estimate"].min(),
        highest=rows["estimate"].max(),
        set_low=rows["ci_low"].min(),
        set_high=rows["ci_high"].max(),
        least=-threshold("C13", "loses"),
    )
    _say_leakage(answer, books)
    leaked = profile.frame.loc[profile.frame["quantity"] == LEAKAGE, "ci_low"]
    size = ", and large" if (leaked > LARGE).all() else ", on a scale that the books do not settle"
    inner = [with_inner("set", row, profile.degrees) for _, row in rows.iterrows()]
    figures = {
        "set_inner_low": min(each["set_inner_low"] for each in inner),
        "set_inner_high": max(each["set_inner_high"] for each in inner),
    }
    found = answer.judge(figures)
    return answer.judge(figures, size) if found.rule_outcome == Outcome.SUPPORTED else found


def _say_leakage(answer: Answer, books: Ledger | Estimate) -> None:
    """Say what share of the gain was lost elsewhere, by the persistence and reach of the books."""
    if isinstance(books, Estimate):
        answer.cannot_say(f"The books cannot be made up: {books.reason.rstrip('.')}.")
        return
    row = books.leakage.row(term="displaced")
    if row["ci_low"] == -float("inf"):
        answer.cannot_say(
            "What share of the gain was lost where the displaced went cannot be said: the gain itself cannot be told "
            "from zero."
        )
        return
    answer.say(
        "what is estimated to be lost where the displaced went is {leakage:.0%} [{leakage_low:.0%}, "
        f"{{leakage_high:.0%}}] of what restructured buurten gained, {_leakage_words(row['ci_low'], row['ci_high'])}.",
        **with_interval("leakage", row),
    )


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
    return answer.judge(with_inner("change", row, spread.degrees), primary=row)


def spread_table(spread: EffectEstimate) -> pd.DataFrame:
    """Return what C29 rests on: the spread as it is, as it would be without the policy, and its change.

    One row each, ``term, estimate, ci_low, ci_high`` (95%), and one for what would have been found; none of a refused
    estimate.
    """
    columns = ["term", "estimate", "ci_low", "ci_high"]
    if not spread:
        return pd.DataFrame(columns=columns)
    row, none = spread.frame.iloc[0], float("nan")
    rows = [
        ("as it is", row["sd_now"], none, none),
        ("as it would be without the policy", row["sd_without"], none, none),
        ("change", row["estimate"], row["ci_low"], row["ci_high"]),
        ("change that would be found", minimum_detectable_effect(row["std_error"], degrees=spread.degrees), none, none),
    ]
    return pd.DataFrame(rows, columns=columns)


def describe_books(books: Ledger | Estimate, city: EffectEstimate, what: str, source: str) -> Answer:
    """Say what the books of an outcome hold, and what whole gemeenten say of it."""
    answer = Answer("C13", source, _AREAS)
    if isinstance(books, Estimate):
        answer.cannot_say(f"The books of {what} cannot be made up: {books.reason.rstrip('.')}.")
        return answer
    entries = books.entries.frame.set_index("term")
    parts = {"direct": "in restructured buurten", "ring": "near them", "receiving": "where the displaced went"}
    told = [name for name in parts if not entries.loc[name, "ci_low"] <= 0 <= entries.loc[name, "ci_high"]]
    untold = [name for name in parts if name not in told]
    found = {f"{name}_mde": entries.loc[name, "minimum_detectable_effect"] for name in untold}
    template = "in sums over buurten, where a buurt that gains one point counts one, "
    if told:
        moved = ", ".join(f"{{{n}:+.2f}} [{{{n}_low:+.2f}}, {{{n}_high:+.2f}}] {parts[n]}" for n in told)
        template += f"restructuring is estimated to have moved {what} by {moved}; "
    if untold:
        where = ", ".join(f"{parts[n]} ({{{n}_mde:.1f}} would have been found four times in five)" for n in untold)
        template += f"what restructuring did to {what} is not told from zero {where}"
    numbers = {key: value for name in told for key, value in with_interval(name, entries.loc[name]).items()}
    answer.say(template.removesuffix("; ") + ".", **numbers, **found)
    if "rest" in entries.index:
        rest = entries.loc["rest"]
        sign = "not told from zero either" if rest["ci_low"] <= 0 <= rest["ci_high"] else "told from zero"
        answer.say(
            "the country has the same number of such households whoever lives where, so that the rest must have gone "
            f"to all others together, which is {sign}: its interval is {{rest_width:.1f}} wide. That the books close "
            "is arithmetic, and no finding.",
            rest_width=rest["ci_high"] - rest["ci_low"],
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


def describe_profile(profile: EffectEstimate, source: str) -> Answer:
    """Say how much the effect of the displaced taken in hangs on how long they count and how far works reach.

    `profile` is an `exposure_profile`, whose rows `SLOPE` are set side by side.
    """
    answer = Answer("C13", source, _AREAS)
    if not profile:
        answer.cannot_say(f"How much hangs on what is not known cannot be shown: {profile.reason.rstrip('.')}.")
        return answer
    rows = profile.frame[profile.frame["quantity"] == SLOPE]
    ends = {"lowest": rows.loc[rows["estimate"].idxmin()], "highest": rows.loc[rows["estimate"].idxmax()]}
    template = " to ".join(
        f"{{{name}:+.2f}} [{{{name}_low:+.2f}}, {{{name}_high:+.2f}}] (persistence {{{name}_persistence:.2f}}, reach "
        f"{{{name}_reach:,.0f}} m)"
        for name in ends
    )
    answer.say(
        "how long the displaced taken in count and how far works reach is in no register. Over {number:d} combinations "
        f"the effect of a stock of displaced as large as the buurt runs from {template}; {{below:d}} of the intervals "
        "lie below zero and {above:d} above it.",
        number=len(rows),
        below=int((rows["ci_high"] < 0).sum()),
        above=int((rows["ci_low"] > 0).sum()),
        **{key: value for name, row in ends.items() for key, value in with_interval(name, row).items()},
        **{f"{name}_persistence": row["persistence_share"] for name, row in ends.items()},
        **{f"{name}_reach": row["reach_m"] for name, row in ends.items()},
    )
    answer.cannot_say(
        "The less of the displaced still counts a year later, the fewer they are and the more each seems to do: so far "
        "as none of the combinations is known to be right, the effect is the set of all of them."
    )
    return answer
