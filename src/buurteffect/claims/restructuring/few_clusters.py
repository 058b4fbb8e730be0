"""What few treated clusters, single places and a list that was tampered with say, in words."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.restructuring.averages import MEASURES
from buurteffect.claims.verdict import Answer, with_interval
from buurteffect.estimate.core.result import EffectEstimate, Estimate

_ALPHA = 0.05


def describe_inference(headline: EffectEstimate, source: str, level: str) -> Answer:
    """Say by which errors the headline is judged: once for its interval, its bounds, its power and its verdict.

    Of treated clusters that hold unequal numbers of units, the degrees of freedom count as many of one size as vary as
    much (`effective_treated_clusters`).
    """
    answer = Answer("n05-inference", source, level)
    if not headline:
        return answer
    answer.say(
        "the {areas} behind it lie in gemeenten that, by the {areas} they hold, amount to {effective:.1f} of one size. "
        "Its interval, the path by step, the bounds on breaks, the least effect that would be found and the verdict "
        "all take its errors, and the t distribution with {degrees:.1f} degrees of freedom.",
        effective=headline.degrees + 1,
        degrees=headline.degrees,
    )
    return answer


def describe_errors(outcome: str, errors: EffectEstimate, headline: EffectEstimate, source: str, level: str) -> Answer:
    """Say which of `few_cluster_errors` exclude an effect of zero, beside the interval that decides."""
    answer, unit = Answer("n05-errors", source, level), MEASURES[outcome].behind
    if not errors or not headline:
        return answer
    table, row = errors.frame, headline.frame.iloc[0]
    found = table[table["p_value"] < _ALPHA]
    answer.say(
        "put as one regression of changes against {areas} never treated, which weighs cohorts otherwise, the effect is "
        f"{{one:.3f}}{unit}. Of {{kinds:d}} kinds of errors on it, {{excluding:d}} exclude zero"
        + (f" ({'; '.join(found['term'])})" if len(found) else "")
        + ". None of these decides: the verdict rests on the interval of the headline, "
        "[{decisive_low:.3f}, {decisive_high:.3f}].",
        one=table["estimate"].iloc[0],
        kinds=len(table),
        excluding=len(found),
        decisive_low=row["ci_low"],
        decisive_high=row["ci_high"],
    )
    return answer


def describe_left_out(outcome: str, left: EffectEstimate, headline: EffectEstimate, source: str, level: str) -> Answer:
    """Name the gemeente that moves an effect most when it is left out, by `leave_one_cluster_out`.

    The first row of `headline` is the effect with all gemeenten.
    """
    answer, unit = Answer("n05-left-out", source, level), MEASURES[outcome].behind
    if not left or not headline:
        return answer
    made = left.frame[left.frame["estimate"].notna()]
    first, point = made.iloc[0], float(headline.frame["estimate"].iloc[0])
    answer.say(
        f"without {first['term']}, which holds {{held:d}} of the {{treated:d}} treated {{areas}}, the effect goes from "
        f"{{whole:.3f}} to {{without:.3f}} [{{without_low:.3f}}, {{without_high:.3f}}]{unit}"
        + (": no other gemeente moves it as much." if len(made) > 1 else "."),
        held=first["left_out_count"],
        treated=headline.frame["treated_count"].iloc[0],
        whole=point,
        **with_interval("without", first),
    )
    if len(made) > 1:
        rest = made.iloc[1:]
        answer.say(
            "without one of the others it runs from {others_low:.3f} to {others_high:.3f}.",
            others_low=rest["estimate"].min(),
            others_high=rest["estimate"].max(),
        )
    if abs(float(first["change"])) > abs(point) / 2:
        answer.say("so more than half of it rests on one gemeente.")
    return answer


def describe_places(outcome: str, places: EffectEstimate, source: str, level: str) -> Answer:
    """Say what single places can show, by `effects_on_places`."""
    answer, measure = Answer("n05-places", source, level), MEASURES[outcome]
    if not places:
        answer.cannot_say(f"No single place can be estimated: {places.reason.rstrip('.')}.")
        return answer
    made = places.frame[places.frame["estimate"].notna()]
    rare = int((made["p_value"] < _ALPHA).sum())
    answer.say(
        "of {places:d} places one by one, {rare:d} moved more than 95% of untreated {areas} like them. The least "
        f"that would be found in four of five such places is {{least:.3f}} to {{most:.3f}}{measure.behind}; the "
        "smallest effect that matters is {smallest:.3f}.",
        places=len(made),
        rare=rare,
        least=made["detectable"].min(),
        most=made["detectable"].max(),
        smallest=measure.smallest,
    )
    if made["detectable"].min() > measure.smallest:
        answer.say("a single place cannot show an effect of the size that matters, whatever it did.")
    answer.cannot_say(
        "The rank of a place among the untreated ones is no proof either: places were chosen, with so few untreated "
        "areas like them that p cannot fall much below one in their number."
    )
    return answer


def describe_tampering(tests: pd.DataFrame | Estimate, source: str, level: str) -> Answer:
    """Say whether `tests_of_both` tell a list made by a cut from one that was tampered with."""
    answer = Answer("n05-tampering", source, level)
    if isinstance(tests, Estimate):
        answer.cannot_say(f"Lists cannot be made for the test: {tests.reason.rstrip('.')}.")
        return answer
    later = tests[tests["role"] != "first stage"]
    made, caught = later["p_value_made"] < _ALPHA, later["p_value_tampered"] < _ALPHA
    answer.say(
        "a list of the lowest quarter, made by the score alone, is rejected by {made:d} of {tests:d} tests of density "
        "and balance. After areas with much rented housing just above the cut are moved below it, {caught:d} reject"
        + (f" ({', '.join(later.loc[caught, 'test'])})" if caught.any() else "")
        + ", though the share on the list jumps at the cut as it should: a clear first stage is no sign of a sound "
        "design.",
        made=int(made.sum()),
        tests=len(later),
        caught=int(caught.sum()),
    )
    return answer
