"""What the page on stayers calls its effects, in one table, and under which name each has a recorded truth."""

from __future__ import annotations

import pandas as pd

from buurteffect.claims.restructuring.averages import KnownTruth
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate
from buurteffect.estimate.inference.power import with_minimum_detectable_effect
from buurteffect.estimate.persons.composition_effects import FlowEffect

PART_WORDS = {
    "total": "the mean",
    "in_situ": "those who lived there in successive years",
    "entry": "who came",
    "exit": "who left",
    "composition": "who came and who left",
}
"""What the terms of the decomposition are called."""

_OUTCOME_WORDS = {"log_income": "log income", "low_income": "low incomes"}
_TRUE_NAMES = {"log_income": "mean_log_income", "low_income": "low_income_share"}


def flow_truths(outcome: str, window: tuple[int, int]) -> dict[str, str]:
    """Return the names under which the true effects on the mean and its chained parts are recorded, by term."""
    base = f"att_{window[0]}_{window[1]}_since_before_{_TRUE_NAMES[outcome]}"
    return {"total": base} | {term: f"{base}_{term}" for term in ("in_situ", "entry", "exit")}


def known_flows(effect: FlowEffect, outcome: str, window: tuple[int, int]) -> KnownTruth:
    """Return the effects on the mean and its chained parts under the words that the page has for them."""
    named = {term: f"{_OUTCOME_WORDS[outcome]}, {PART_WORDS[term]}" for term in flow_truths(outcome, window)}
    rows = effect.effects.frame
    frame = rows[rows["term"].isin(list(named))].assign(term=lambda part: part["term"].map(named))
    return KnownTruth(frame, {named[term]: name for term, name in flow_truths(outcome, window).items()})


RETAINED = "still in the wijk, highest third"
"""What the effect on who stays is called beside its truth."""

RESIDENT_TRUTHS = {
    "own income, years 1–8": "residents_own_log_income_mean",
    "own income, years 1–4": "residents_own_log_income_near",
    "own income, years 5–8": "residents_own_log_income_late",
    "own income, steady effect": "residents_own_log_income_mean@steady",
    "employee, years 1–8": "employment_effect",
    RETAINED: "residents_retention_wijk_high",
}
"""Names under which true effects on residents are recorded, by what the page calls them."""


def resident_effects(made: dict[str, EffectEstimate]) -> KnownTruth:
    """Return effects on residents, but for those refused, in one table with the names of their truths.

    One row per effect, with ``minimum_detectable_effect``.
    """
    found = {term: each for term, each in made.items() if each}
    if not found:
        columns = ["term", *RESULT_COLUMNS, "treated_count", "minimum_detectable_effect"]
        return KnownTruth(pd.DataFrame(columns=columns), {})
    frame = pd.concat(
        [with_minimum_detectable_effect(e).frame.assign(term=term) for term, e in found.items()], ignore_index=True
    )
    names = {term: name for term, name in RESIDENT_TRUTHS.items() if term in found}
    first = next(iter(found.values()))
    words = f"Each row by itself; the first: {first.method}"
    return KnownTruth(frame, names, words, first.error_convention, first.units_count, first.clusters_count)


def resident_truth_remarks(source: str) -> list[str]:
    """Return how the truth beside the estimates of n06 is to be read; nothing on real data."""
    if source != "synthetic":
        return []
    return [
        "The truth beside the estimates was joined after this page was made. That of a mean and its parts is the "
        "difference between the country and the same one without any policy; since the year before, less what other "
        "projects had done to these buurten by then, which is what a comparison with that year estimates. That of "
        "residents sets households against the same households with the projects of their cohort called off, so that "
        "there is one. Both it and the page count a household once, by its main earner; the page leaves out those "
        "whose income then or in the years before is not known, or who have nobody to be compared with. No truth is "
        "kept of blocks, of bounds for stayers, of those whose dwelling stood, or of what newcomers do to neighbours."
    ]
