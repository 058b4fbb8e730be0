"""What demolition and building do to an average by arithmetic alone, and why registers give another average."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.claims.restructuring.averages import MEASURES
from buurteffect.claims.verdict import Answer, with_interval
from buurteffect.estimate.core.result import EffectEstimate

_OTHER_DATA = {
    "low_income": "published shares are rounded, and of all households of a year",
    "income": "what is published is the mean personal income of recipients, and no log of households' incomes",
}
"""How published figures of an outcome differ from those of registers."""


def describe_stock(outcome: str, stock: pd.DataFrame, headline: EffectEstimate, source: str, level: str) -> Answer:
    """Say what of an effect is the stock itself: dwellings that are gone, and dwellings that are new.

    The share of owners is parted: what building alone does to it (`stock_by_construction`), and what is left, which
    is what happened to the dwellings that stayed. Of values the register does not say enough: with s the share of new
    dwellings, these would have to be worth 1 + (exp(τ) − 1) / s times the others for an effect of τ log points to be
    all new dwellings, if those demolished were worth as much as those that stayed.
    """
    answer, measure = Answer("n05-stock", source, level), MEASURES[outcome]
    if outcome not in ("woz", "owner"):
        return answer
    if stock.empty or not headline:
        answer.cannot_say(
            f"The stock itself changed, and with it {measure.words}: how much of an effect that is, the register does "
            "not say, since no project of an area gives all its figures."
        )
        return answer
    answer.say(
        "the stock itself changed: in the {whole:d} treated {areas} whose projects give all figures, {gone:.0%} of the "
        "dwellings were demolished, and {fresh:.0%} of those that stand afterwards are new.",
        whole=len(stock),
        gone=stock["demolished_share"].mean(),
        fresh=stock["new_share"].mean(),
    )
    row = headline.frame.iloc[0]
    if outcome == "owner":
        built = float(stock["owner_share_change"].mean())
        answer.say(
            "building and demolishing alone raise the share of owners there by {built_in:.3f}; of the effect of "
            "{effect:.3f} [{effect_low:.3f}, {effect_high:.3f}], {rest:+.3f} [{rest_low:.3f}, {rest_high:.3f}] is left "
            "for dwellings that stayed.",
            built_in=built,
            **with_interval("effect", row),
            rest=row["estimate"] - built,
            rest_low=row["ci_low"] - built,
            rest_high=row["ci_high"] - built,
        )
        answer.cannot_say(
            "The share of owners rises by construction: it shows that the projects did what they set out to do, and is "
            "no evidence for the claim that averages rise."
        )
        return answer
    if row["estimate"] > 0:
        answer.say(
            "if no dwelling that stayed had changed in value, and those demolished had been worth as much as these, "
            "new ones would have to be worth {times:.1f} times as much for an effect of {effect:.3f}: the mean of a "
            "buurt is of other dwellings, and not the value of anybody's home.",
            times=1 + (np.exp(row["estimate"]) - 1) / stock["new_share"].mean(),
            effect=row["estimate"],
        )
    answer.cannot_say("Values are not published of the same dwellings, so that the two cannot be parted further.")
    return answer


def describe_registers(outcome: str, source: str, level: str) -> Answer:
    """Say why n06, on registers, finds another effect on the same average; nothing of other outcomes."""
    answer = Answer("n05-registers", source, level)
    if outcome not in _OTHER_DATA or source == "open":
        return answer
    answer.say(
        "n06 finds another figure for this average, and the two need not agree. It takes every buurt from its first "
        "demolition on, where this page takes those with a published figure before the start, the later cohorts; the "
        "truth of both is beside the estimates. It sets them against buurten of which associations owned much before "
        "the programmes began, where this page takes all that were alike when treatment was chosen. And it counts main "
        f"earners in registers: {_OTHER_DATA[outcome]}."
    )
    return answer
