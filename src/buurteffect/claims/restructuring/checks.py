"""What the checks of the restructuring design found: trends before, placebos, and a discontinuity that is none."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.restructuring.averages import MEASURES
from buurteffect.claims.verdict import Answer, with_interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.estimate.selection.regression_discontinuity import Discontinuity
from buurteffect.estimate.space.price_rings import HALVING

_SMALLEST_P = 0.001
_ALPHA, _HALF = 0.05, 0.5


def describe_pretrends(
    outcome: str,
    test: JointTest | Estimate,
    slope: float | Estimate,
    headline: EffectEstimate,
    source: str,
    level: str,
) -> Answer:
    """Say what `pretrend_test` found, and what it could not have found.

    `slope` is the `detectable_slope` per step for a power of four in five; `headline` has one row.
    """
    answer, unit = Answer("n05-pretrends", source, level), MEASURES[outcome].behind
    if isinstance(test, Estimate):
        answer.cannot_say(f"There is no test of trends before treatment: {test.reason.rstrip('.')}.")
        return answer
    parted = test.p_value < _ALPHA
    words = "finds a difference" if parted else "finds no difference"
    chance = "p = {p_value:.3f}" if test.p_value >= _SMALLEST_P else "p below one in a thousand"
    answer.say(
        f"the joint test of the steps before treatment ({{restrictions:d}}) {words} ({chance}).",
        restrictions=test.restrictions,
        **({"p_value": test.p_value} if test.p_value >= _SMALLEST_P else {}),
    )
    if parted:
        answer.say("so trends parted before treatment already; the headline rests on their not doing so after it.")
    if not isinstance(slope, Estimate):
        answer.say(
            f"it would find four in five times only trends that part by {{slope:.3f}}{unit} a step or more"
            + (
                ", which over the steps to the headline is more than the headline itself: that it passes says little."
                if headline and not parted and slope > abs(float(headline.frame["estimate"].iloc[0])) / 2
                else "."
            ),
            slope=slope,
        )
    return answer


def describe_placebos(
    outcome: str, placebos: pd.DataFrame, headline: EffectEstimate, source: str, level: str
) -> Answer:
    """Say what placebos that should find nothing found, and set the largest of them beside the headline.

    `placebos` has one row for each: ``term, estimate, ci_low, ci_high, p_value``. One that is as large as the headline
    says so whatever its p-value: with few areas a placebo that is not told from zero is no proof of anything.
    """
    answer, unit = Answer("n05-placebos", source, level), MEASURES[outcome].behind
    made = placebos[placebos["estimate"].notna()]
    if made.empty:
        answer.cannot_say("None of the placebos that should find nothing can be made here.")
        return answer
    largest: pd.Series = made.loc[made["estimate"].abs().idxmax()]
    certain = largest["p_value"] < _SMALLEST_P
    answer.say(
        f"where nothing had been done, treatment {largest['term']} finds {{feigned:.3f}} [{{feigned_low:.3f}}, "
        f"{{feigned_high:.3f}}]{unit}, p "
        + ("below one in a thousand" if certain else "= {feigned_chance:.3f}")
        + (", the largest of {made:d} placebos." if len(made) > 1 else "."),
        **with_interval("feigned", largest),
        **({"made": len(made)} if len(made) > 1 else {}),
        **({} if certain else {"feigned_chance": largest["p_value"]}),
    )
    if headline:
        ratio = abs(float(largest["estimate"])) / abs(float(headline.frame["estimate"].iloc[0]))
        answer.say(
            "in size that is {ratio:.0%} of the headline: "
            + (
                "trends that parted before treatment could have made all of it, either way."
                if ratio >= 1
                else "trends that parted before treatment could have made more than half of it."
                if ratio >= _HALF
                else "small beside it."
            ),
            ratio=ratio,
        )
    return answer


def describe_discontinuity(found: Discontinuity | Estimate, source: str, level: str) -> Answer:
    """Say whether a discontinuity design passes its own tests."""
    answer = Answer("n05-discontinuity", source, level)
    if source == "synthetic":
        answer.cannot_say(
            "The synthetic country has no list of one year: areas are ranked anew each year by score, dip, chance and "
            "the gemeente's capacity, so that no cut on the score of one year makes its list."
        )
    if isinstance(found, Estimate):
        answer.cannot_say(f"No discontinuity can be drawn: {found.reason.rstrip('.')}.")
        return answer
    answer.say(
        "with the cut below as many {areas} as are listed, {wrong_side:d} of {listed:d} listed ones lie above it, and "
        "{unlisted:d} that are not listed below it.",
        wrong_side=found.listed_count - found.listed_below_count,
        listed=found.listed_count,
        unlisted=found.below_count - found.listed_below_count,
    )
    first = found.table[found.table["role"] == "first stage"].iloc[0]
    others = found.table[found.table["role"] != "first stage"]
    failing = others[others["p_value"] < 0.05]
    jump = "so the cut does not decide" if first["ci_low"] < 0.5 else "so the cut decides for most"
    answer.say(
        f"at the cut the share on the list jumps by {{jump:.2f}} [{{jump_low:.2f}}, {{jump_high:.2f}}], {jump}; of "
        "{tests:d} tests of density and balance {failed:d} reject at 5%"
        + (
            f" ({', '.join(failing['test'])})."
            if len(failing)
            else ", with few areas near the cut to reject anything by."
        ),
        **with_interval("jump", first),
        tests=len(others),
        failed=len(failing),
    )
    return answer


def describe_fading(fading: EffectEstimate, source: str, level: str) -> Answer:
    """Say over which distance the effect on values of `values_by_ring` halves, where that can be said."""
    answer = Answer("n05-fading", source, level)
    if not fading:
        return answer
    table = fading.frame
    row = table[(table["term"] == HALVING) & table["estimate"].notna()]
    if len(row):
        answer.say(
            "if it fades evenly, the effect on values halves every {halving:.0f} m [{halving_low:.0f}, "
            "{halving_high:.0f}].",
            **with_interval("halving", row.iloc[0]),
        )
    return answer
