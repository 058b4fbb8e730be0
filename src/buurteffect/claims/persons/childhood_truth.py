"""Which estimates of neighbourhoods and chances have a recorded truth, and under which name."""

from __future__ import annotations

from buurteffect.claims.known_truth import Known, known_row
from buurteffect.estimate.childhood.neighbourhood_panel import CHOICES
from buurteffect.estimate.childhood.reflection import ALONE, CONTEXT, TRAITS
from buurteffect.estimate.core.result import EffectEstimate

INCOME = "log_income"
"""Outcome of the regressions whose truth is known."""


def truth_of_chances(
    movers: EffectEstimate,
    both: EffectEstimate,
    naive: EffectEstimate,
    mixed: EffectEstimate,
    placebo: EffectEstimate,
    windows: EffectEstimate,
    mix: EffectEstimate,
) -> list[Known]:
    """Name the truth of the slopes of children's ranks, also of those that must miss it.

    In this order from `movers_slope`, `both_designs`, `naive_slopes`, `mixed_slopes`, `placebo_after`, `slopes_by_age`
    and `slope_by_mix`.
    """
    slope, after = "exposure_slope", "exposure_slope_after_23"
    joint, plain = both.frame.set_index("term"), naive.frame.set_index("term")
    last = windows.frame.iloc[-1]
    named = [
        (slope, "movers, the headline", movers.frame.iloc[0]),
        (f"{slope}@siblings", "siblings", joint.loc["siblings"]),
        (f"{slope}@both", "movers and siblings together", joint.loc["both together"]),
        (f"{slope}@alone", "children compared", plain.loc["exposure alone"]),
        (f"{slope}@given", "children compared, parents' income fixed", plain.loc["exposure given the parents' income"]),
        (f"{slope}@mixed", "mixed model, random families", mixed.frame.iloc[0]),
        (after, "placebo: moves after the age of 23", placebo.frame.iloc[0]),
        (f"{after}@siblings", f"placebo: siblings, years at {last['term']}", last),
    ]
    known = [known_row(*entry, "points a year") for entry in named]
    change = mix.frame.set_index("term").loc["exposure times mix"]
    return [*known, known_row("exposure_by_mix", "change of the slope by mix", change, "points a year, per SD")]


def truth_of_neighbours(means: EffectEstimate, adults: EffectEstimate) -> list[Known]:
    """Name the truth of what `linear_in_means` and `neighbourhood_regressions` find in adults' incomes.

    Most of these estimates must miss it.
    """
    found, rows = means.frame.set_index("term"), adults.frame.set_index("term")
    known = [
        known_row(f"neighbour_income_effect@{place}", f"own income on {label}", found.loc[term], "per log point")
        for place, (term, label) in enumerate(
            {
                ALONE: "the neighbours' alone",
                TRAITS: "the neighbours', own traits fixed",
                CONTEXT: "the neighbours', their traits fixed too",
            }.items()
        )
    ]
    terms = [choice.label for choice in CHOICES if choice.outcome == INCOME]
    return known + [
        known_row(f"place_income_effect@{place}", f"low incomes around, {term}", rows.loc[term], "per ten points")
        for place, term in enumerate(terms)
    ]
