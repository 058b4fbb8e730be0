"""The columns of the tables on restructuring, and the notes below them."""

from __future__ import annotations

from collections.abc import Sequence

from buurteffect.report.tables.columns import Column

_REASONS = {
    "no_row": "no row in the source",
    "not_published": "not published",
    "suppressed": "kept secret by the publisher",
    "not_combinable": "cannot be brought to the areas of one year",
    "partly_unknown": "part of the area is unknown",
}
LEFT_OUT = (Column("what", "What"), Column("reason", "Reason", words=_REASONS), Column("count", "Number", ",d"))
"""Of what was left out."""

LEFT_OUT_NOTE = "Reasons that are a single code word are explained in the codebook (n01)."

BUILT = (
    Column("kind", "Dwellings"),
    Column("dwellings_count", "Number", ",.0f"),
    Column("share", "Of what was built", ".0%"),
    Column("projects_count", "Projects with a figure", "d"),
    Column("missing_count", "without one", "d"),
)
"""Of `panel.built_and_demolished`."""

BESIDE = (
    Column("minimum_detectable_effect", "Would be found", ".3f"),
    Column("breakdown_value", "Breakdown", ".2f"),
    Column("standing", "Overlap"),
)
"""What stands beside a headline."""

BESIDE_NOTE = (
    "Would be found: smallest effect found four times in five. Breakdown: how many times the largest break of trend "
    "before the start would undo it. Overlap: not identified where too few untreated areas are like the treated ones."
)

OWN_ERRORS = (
    "Errors are each estimator's own, here and of other comparisons below, with degrees of freedom by all gemeenten: "
    "too narrow where few are treated. None of these rows decides."
)
"""Below effects whose errors are not those of the headline."""

WITHOUT = (Column("left_out_count", "Left out", ",d"), Column("change", "Change", ".3f"))
"""Behind effects without one gemeente."""

P_VALUE = Column("p_value", "p", ".3f", floor=0.001)
"""A p-value."""

PLACES = (
    Column("cohort_year", "Start", "d"),
    Column("size", "Demolished", ",.0f"),
    Column("detectable", "Would be found", ".3f"),
    P_VALUE,
    Column("placebos_count", "Placebos", ",d"),
)
"""Of effects on single places."""

PLACES_NOTE = (
    "Of the largest projects, those with two figures or more before their start. p: share of the placebos, with the "
    "place among them, that moved as much. Would be found: smallest effect found four times in five if places vary as "
    "untreated areas do."
)

FADING_NOTE = (
    "Every area counts once a year as a sale at its mean value. As far as a ring may be chosen like the treated areas, "
    "selection is in it."
)
"""Below effects by distance."""

TRAITS = {
    "rented_share_first": "share of rented dwellings",
    "woz_level": "log value of dwellings",
    "woz_trend": "its trend a year",
    "dwellings_before": "dwellings",
}
"""What is known of an area before, in words."""

BALANCE = (
    Column("feature", "Known first", words={**TRAITS, "score_first": "liveability score"}),
    Column("treated_mean", "Treated", ".3f"),
    Column("comparison_mean", "Untreated", ".3f"),
    Column("weighted_mean", "Weighted", ".3f"),
    Column("difference_before", "Difference (SD)", ".2f"),
    Column("difference_after", "after weighting", ".2f"),
)
"""Of a balance of features."""

BEND = (Column("term", "Score on the share"), Column("estimate", "Coefficient", ".2f", "ci_low", "ci_high"), P_VALUE)
"""Of straight and bent lines."""


def ahead_columns(years: Sequence[int]) -> tuple[Column, ...]:
    """Return the columns of the areas whose treatment lies ahead, given the years of the outcome."""
    return (
        Column("focus_area", "Focus area"),
        Column("gemeente_name", "Gemeente"),
        Column("confirmation", "List"),
        Column("areas_count", "Areas of the gemeente", ",d"),
        Column("earlier", f"Mean {years[-2]}", ".3f"),
        Column("later", f"Mean {years[-1]}", ".3f"),
    )
