"""The headline estimators of n06, and the names under which their true values stand."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.persons.composition import WHOLE, FlowColumns, chain_flows, decompose_flows
from buurteffect.estimate.persons.composition_effects import chained_effects
from buurteffect.estimate.persons.residents import resident_effect, steady_effect
from buurteffect.estimate.robustness.equivalence_tests import equivalence
from buurteffect.panel.persons.residents import residents_of_areas
from buurteffect.panel.persons.study import COVARIATES, PersonStudy
from buurteffect.scoreboard.persons.assumptions import PARTS, RESIDENTS
from buurteffect.scoreboard.persons.rows import Found, estimator_rows

WINDOW = (6, 9)
LEAST_ASSOCIATION_SHARE = 0.4
HIGHEST_THIRD, STAY_YEARS = 2, 7
HORIZONS = (1, 2, 3, 4, 5, 6, 7, 8)

SMALLEST_INCOME = 0.02
"""Smallest effect on own income that matters, as the rule of C07 has it."""

OWN_INCOME = {"own income, years 1–8": "mean", "own income, years 1–4": "near", "own income, years 5–8": "late"}
"""Spans of years by the name of the row; the name of the truth ends in the same word."""

STEADY = "own income, steady effect"
"""Row of the effect that is taken to be the same in every year; years are weighed by what they tell."""

STEADY_YEARS = (1, 2, 3, 4)

_MEANS = {"log_income": "mean_log_income", "low_income": "low_income_share"}


def stayer_rows(study: PersonStudy, families: Sequence[str] = (RESIDENTS, PARTS)) -> list[dict[str, object]]:
    """Run some families of the headline estimators of n06; a row per estimator, or one per group that refuses."""
    rows = estimator_rows("residents", lambda: _residents(study)) if RESIDENTS in families else []
    if PARTS in families:
        rows += estimator_rows("mean log income and its parts", lambda: _parts(study, "log_income"))
        rows += estimator_rows("low-income share and its parts", lambda: _parts(study, "low_income"))
    return rows


def _tested(made: EffectEstimate) -> pd.Series[float]:
    """Return an effect on own income with whether it is shown to be too small to matter."""
    row = made.frame.iloc[0]
    test = equivalence(row["estimate"], row["std_error"], SMALLEST_INCOME, made.degrees)
    return pd.Series({**row, "equivalent": float(test.equivalent)})


def _parts(study: PersonStudy, outcome: str) -> Found:
    """Return the effect on a mean and its parts."""
    people = study.people[study.people["main_earner"]]
    pairs = list(zip(study.years[:-1], study.years[1:], strict=True))
    chained = chain_flows(decompose_flows(people, FlowColumns(outcome), pairs))
    design = Design(outcome, comparison=NEVER_TREATED, covariates=COVARIATES, clusters=("gemeente_code",))
    areas, known = study.compared(LEAST_ASSOCIATION_SHARE), study.known_for(outcome)
    effects = chained_effects(chained, areas, known, design, WINDOW, WHOLE).effects
    base = f"att_{WINDOW[0]}_{WINDOW[1]}_since_before_{_MEANS[outcome]}"
    names = {"total": base} | {term: f"{base}_{term}" for term in ("in_situ", "entry", "exit")}
    return [(f"{outcome}, {term}", name, effects.row(term=term)) for term, name in names.items()]


def _residents(study: PersonStudy) -> Found:
    """Return intention to treat on residents of treated buurten."""
    frame = residents_of_areas(study, HORIZONS).frame
    found = [
        (name, f"residents_own_log_income_{part}", resident_effect(frame, f"log_income_{part}", base="log_income"))
        for name, part in OWN_INCOME.items()
    ]
    steady = steady_effect(frame, "log_income", STEADY_YEARS, base="log_income")
    found.append((STEADY, "residents_own_log_income_mean", steady))
    work = resident_effect(frame[frame["working_age"]], "employed_mean")
    kept = resident_effect(frame[frame["third"] == HIGHEST_THIRD], f"in_wijk_{STAY_YEARS}")
    return [
        *((name, truth, _tested(made)) for name, truth, made in found),
        ("employee, years 1–8", "employment_effect", work.frame.iloc[0]),
        ("still in the wijk, highest third", "residents_retention_wijk_high", kept.frame.iloc[0]),
    ]
