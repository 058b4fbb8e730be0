"""The scoreboard's cells on contact: what the page n10 would say of one published country, in a row per estimator."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.survey import contact_tables as effects
from buurteffect.panel.survey import SurveyPanel, survey_panel_of

RESULT_NAMES = ("estimator", "truth_name", "estimate", "std_error", "ci_low", "ci_high", "message")
"""Columns of a result: one row per estimator."""


def contact_cells(published: Path) -> pd.DataFrame:
    """Run the headline estimators of n10 on a published country.

    Parameters
    ----------
    published : Path
        Folder with ``survey/`` and ``projects/``.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`. Compared without length of residence, effects hold that newcomers know fewer people: these rows
        are there to be seen failing (`people_conditions`).
    """
    panel = survey_panel_of(published / "survey", published / "projects")
    rows = [*_ties(panel), *_answers(panel)]
    return pd.DataFrame([_row(*row) for row in rows], columns=list(RESULT_NAMES))


def _ties(panel: SurveyPanel) -> list[tuple[str, str, effects.Attempt[EffectEstimate]]]:
    """Return the estimates on ties."""
    last = int(panel.ties["year"].max())
    now = effects.of_wave(effects.random_mixing(panel.ties, panel.households, "tenure"), last)
    cell = effects.random_mixing(panel.ties, panel.households, "cell")
    choosing, every = effects.of_wave(cell, last, choosing=True), effects.own_cell_excess(cell)
    everywhere = effects.random_mixing(
        panel.ties[panel.ties["year"] == last], panel.households, "tenure", within="everyone"
    )
    return [
        ("ties across tenures, same buurten", "tie_ratio", effects.attempt(effects.tie_ratio, now)),
        ("the same, bootstrap", "tie_ratio", effects.attempt(effects.bootstrap_ratio, now)),
        ("ties across tenures, whole country", "tie_ratio", effects.attempt(effects.tie_ratio, everywhere)),
        ("Coleman's index", "homophily_share", effects.attempt(effects.coleman_index, choosing, None)),
        (
            "effect on homophily",
            "homophily_effect",
            effects.attempt(effects.survey_effect, every, effects.SurveyDesign("excess", "excess_weight")),
        ),
    ]


def _answers(panel: SurveyPanel) -> list[tuple[str, str, effects.Attempt[EffectEstimate]]]:
    """Return the estimates on answers."""
    rows = []
    held = effects.SurveyDesign("contact_score", controls=("stay",))
    for scale, words in (("contact", "contact"), ("at_home", "feeling at home")):
        design, truth = replace(held, outcome=f"{scale}_score"), f"{scale}_effect"
        rows += [
            (f"effect on {words}", truth, effects.attempt(effects.survey_effect, panel.answers, design)),
            (
                f"effect on {words}, lived there before",
                truth,
                effects.attempt(effects.survey_effect, panel.sitting, design),
            ),
            (
                f"effect on {words}, whoever lives there",
                truth,
                effects.attempt(effects.survey_effect, panel.answers, replace(design, controls=())),
            ),
        ]
    trust = effects.attempt(effects.trend_gap, panel.answers, "trust_score", "low_income", 2002)
    return [*rows, ("trend of trust, low incomes", "trust_low_income_trend", trust)]


def _row(name: str, truth: str, made: effects.Attempt[EffectEstimate]) -> dict[str, object]:
    """Return one result, its refusal among them."""
    last = made.result.frame.iloc[-1].to_dict() if made else {}
    figures = {key: last.get(key) for key in ("estimate", "std_error", "ci_low", "ci_high")}
    return {"estimator": name, "truth_name": truth, **figures, "message": made.reason}
