"""The headline estimators of n10 on ties and answers, and the names of their true values."""

from __future__ import annotations

from dataclasses import replace

from buurteffect.estimate.survey.answers import trend_gap
from buurteffect.estimate.survey.contact_tables import of_wave
from buurteffect.estimate.survey.repeated_cross_sections import SurveyDesign, survey_effect
from buurteffect.estimate.survey.ties import bootstrap_ratio, coleman_index, own_cell_excess, random_mixing, tie_ratio
from buurteffect.panel.survey import SurveyStudy
from buurteffect.scoreboard.persons.rows import one_row


def contact_rows(panel: SurveyStudy) -> list[dict[str, object]]:
    """Run the headline estimators of n10: a row per estimator, its refusal among them.

    Compared without length of residence, effects hold that newcomers know fewer people: these rows are there to be seen
    failing.
    """
    ties, households = panel.ties, panel.households
    last = int(ties["year"].max())
    now = of_wave(random_mixing(ties, households, "tenure"), last)
    cell = random_mixing(ties, households, "cell")
    choosing, every = of_wave(cell, last, choosing=True), own_cell_excess(cell)
    everywhere = random_mixing(ties[ties["year"] == last], households, "tenure", within="everyone")
    excess = SurveyDesign("excess", "excess_weight")
    return [
        *one_row("ties across tenures, same buurten", "tie_ratio", lambda: tie_ratio(now)),
        *one_row("the same, bootstrap", "tie_ratio", lambda: bootstrap_ratio(now)),
        *one_row("ties across tenures, whole country", "tie_ratio", lambda: tie_ratio(everywhere)),
        *one_row("Coleman's index", "homophily_share", lambda: coleman_index(choosing, None)),
        *one_row("effect on homophily", "homophily_effect", lambda: survey_effect(every, excess)),
        *_effect_rows(panel, "contact", "contact"),
        *_effect_rows(panel, "at_home", "feeling at home"),
        *one_row(
            "trend of trust, low incomes",
            "trust_low_income_trend",
            lambda: trend_gap(panel.answers, "trust_score", "low_income", 2002),
        ),
    ]


def _effect_rows(panel: SurveyStudy, scale: str, words: str) -> list[dict[str, object]]:
    """Return the effects on one scale of answers."""
    design, truth = SurveyDesign(f"{scale}_score", controls=("stay",)), f"{scale}_effect"
    alone, name = replace(design, controls=()), f"effect on {words}"
    return [
        *one_row(name, truth, lambda: survey_effect(panel.answers, design)),
        *one_row(f"{name}, lived there before", truth, lambda: survey_effect(panel.sitting, design)),
        *one_row(f"{name}, whoever lives there", truth, lambda: survey_effect(panel.answers, alone)),
    ]
