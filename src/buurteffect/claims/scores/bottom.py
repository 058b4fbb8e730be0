"""Claim C02: whether restructured neighbourhoods are at the bottom of the liveability lists again."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict, with_interval
from buurteffect.estimate import Estimate
from buurteffect.estimate.scores.ranks import AT_BOTTOM

_FIRST, _LAST, _RATIO, _STAYED, _OTHERS = AT_BOTTOM


def judge_bottom(
    persistence: Estimate,
    ranks: Estimate,
    restructured: Estimate,
    lacking: str,
    tail: float,
    confidence: float,
    source: str,
    level: str,
) -> Verdict:
    """Judge claim C02 where a register says which areas were restructured; "not testable" where none does.

    The last row of `persistence` is that of the lowest share `tail`; `ranks` is from `summarise_ranks` of the last
    wave, with intervals at `confidence`, and refused where the noise in the scores is not known; `restructured` from
    `group_at_bottom`, and `lacking` names what is missing where there is no such group.
    """
    answer = Answer("C02", source, level)
    last: pd.Series = persistence.frame.iloc[-1]
    if restructured:
        _say_restructured(answer, restructured, tail)
    answer.say(
        "of the {areas} {place} that were in the lowest {tail:.0%} in {from_year:d}, {stay:.1%} [{stay_low:.1%}, "
        "{stay_high:.1%}] were there in {to_year:d}; if ranks were dealt anew it would be {tail:.0%}.",
        tail=tail,
        from_year=last["from_year"],
        to_year=last["to_year"],
        **with_interval("stay", last),
    )
    if ranks:
        _say_ranks(answer, ranks, confidence)
    answer.cannot_say("Some area is always at the bottom of a list, and nothing here is the effect of restructuring.")
    if not restructured:
        missing = lacking or restructured.reason.rstrip(".")
        return answer.not_testable(
            f"Which of these areas were restructured is not in the scores. Missing is {missing}; without it the claim "
            "cannot be judged."
        )
    ratio = restructured.row(measure=_RATIO)
    return answer.judge({"ratio": ratio["estimate"], "ratio_low": ratio["ci_low"], "ratio_high": ratio["ci_high"]})


def _say_restructured(answer: Answer, restructured: Estimate, tail: float) -> None:
    """Say how often restructured areas were at the bottom at first and in the last wave, beside others as low."""
    first, last, ratio, stayed = (restructured.row(measure=name) for name in (_FIRST, _LAST, _RATIO, _STAYED))
    others = restructured.row(measure=_OTHERS)
    answer.say(
        "of {restructured:d} restructured {areas} {place}, {first_share:.1%} were in the lowest {tail:.0%} in "
        "{from_year:d} and {last_share:.1%} in {to_year:d}: {ratio:.2f} [{ratio_low:.2f}, {ratio_high:.2f}] times as "
        "many.",
        tail=tail,
        restructured=first["units_count"],
        first_share=first["estimate"],
        last_share=last["estimate"],
        from_year=first["from_year"],
        to_year=first["to_year"],
        **with_interval("ratio", ratio),
    )
    answer.say(
        "of those at the bottom at first {stayed:.1%} are still there, of other {areas} that were at the bottom "
        "{others:.1%}.",
        stayed=stayed["estimate"],
        others=others["estimate"],
    )


def _say_ranks(answer: Answer, ranks: Estimate, confidence: float) -> None:
    """Say how sure the ranks are."""
    answer.say(
        "if the noise in the scores is as estimated, the interval of a rank ({confidence:.0%}) is {width:,.0f} ranks "
        "wide in the median of all {areas}, and of the {bottom:d} {areas} at the bottom {sure:d} have theirs wholly "
        "within it.",
        confidence=confidence,
        width=_figure(ranks, "median width of the interval in ranks"),
        bottom=_figure(ranks, "areas in the bottom tail by rank"),
        sure=_figure(ranks, "areas surely in the bottom tail"),
    )
    if not _figure(ranks, "median width of the interval in ranks") > 0:
        answer.cannot_say(
            "Intervals without width come from a noise that is estimated at zero, the edge of what it can be (n01); "
            "they do not say that ranks are certain."
        )


def _figure(ranks: Estimate, measure: str) -> float:
    """Return one figure of the summary."""
    return float(ranks.row(measure=measure)["estimate"])
