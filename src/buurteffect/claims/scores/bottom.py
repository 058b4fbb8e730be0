"""Claim C02: whether restructured neighbourhoods are at the bottom again, as far as scores alone can say."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.verdict import Answer, Verdict, with_interval
from buurteffect.estimate import Estimate


def judge_bottom(
    persistence: Estimate, ranks: Estimate, tail: float, confidence: float, source: str, level: str
) -> Verdict:
    """Say of claim C02 what scores alone allow; always "not testable" without the list of restructured neighbourhoods.

    The last row of `persistence` is that of the lowest share `tail`; `ranks` is from `summarise_ranks` of the last
    wave, with intervals at `confidence`, and refused where the noise in the scores is not known.
    """
    answer = Answer("C02", source, level)
    last: pd.Series = persistence.frame.iloc[-1]
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
    return answer.not_testable(
        "Which of these areas were restructured is not in the scores. A register of projects has to be joined before "
        "the claim can be judged; some area is always at the bottom of a list."
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
