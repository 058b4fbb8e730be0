"""What few treated clusters, single places and a list that was tampered with say, in words."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.restructuring.averages import MEASURES
from buurteffect.claims.verdict import Answer
from buurteffect.estimate.core.result import EffectEstimate, Estimate

_ALPHA = 0.05


def describe_errors(outcome: str, errors: EffectEstimate, headline: EffectEstimate, source: str, level: str) -> Answer:
    """Say whether `few_cluster_errors` change what may be said of the headline: few treated clusters, or neighbours."""
    answer, unit = Answer("n05-errors", source, level), MEASURES[outcome].behind
    if not errors or not headline:
        return answer
    table = errors.frame
    usual, wild = table.iloc[0], table[table["term"].str.startswith("wild")].iloc[0]
    answer.say(
        f"put as one regression of changes, the effect is {{one:.3f}}{unit}; the treated {{areas}} lie in "
        "{clusters:d} gemeenten. With so few the usual interval, [{low:.3f}, {high:.3f}], is too narrow, and that of "
        "the wild bootstrap, " + _interval(wild, answer) + ", too wide: the right one should lie between the two.",
        one=usual["estimate"],
        clusters=table["treated_clusters_count"].iloc[0],
        low=usual["ci_low"],
        high=usual["ci_high"],
    )
    usual_says, wild_says = usual["p_value"] < _ALPHA, wild["p_value"] < _ALPHA
    if usual_says != wild_says:
        answer.say(
            "they disagree about an effect of zero. The rule of the verdict rests on permuted treatment, which asks "
            "for no number of gemeenten; who trusts the bootstrap alone has to call the effect unproven."
        )
    else:
        answer.say("both exclude an effect of zero." if usual_says else "neither excludes an effect of zero.")
    return answer


def _interval(row: pd.Series, answer: Answer) -> str:
    """Record the ends of a bootstrap's interval; return how they are said."""
    ends = {"wild_low": float(row["ci_low"]), "wild_high": float(row["ci_high"])}
    finite = {name: value for name, value in ends.items() if abs(value) != float("inf")}
    answer.numbers.update(finite)
    low, high = (f"{{{name}:.3f}}" if name in finite else "without end" for name in ends)
    return f"[{low}, {high}]"


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
