"""The headline estimators of n06 on one published country, and the names under which their truths stand.

A function per page takes the folder of what was published and returns rows; truths are joined by whoever runs many
countries, after the rows are written. Nothing here reads a truth by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.persons.composition import WHOLE, FlowColumns, chain_flows, decompose_flows
from buurteffect.estimate.persons.composition_effects import chained_effects
from buurteffect.estimate.persons.residents import resident_effect, steady_effect
from buurteffect.estimate.robustness.equivalence_tests import equivalence
from buurteffect.panel.persons.residents import residents_of_areas
from buurteffect.panel.persons.study import COVARIATES, PersonStudy, read_person_study

RESULT_NAMES = (
    "estimator", "truth_name", "estimate", "std_error", "ci_low", "ci_high", "treated_count", "clusters_count",
    "equivalent", "error", "message",
)  # fmt: skip
"""Columns of a result: one row per estimator; ``equivalent`` where an equivalence test belongs to it."""

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

RESIDENTS, PARTS = ("residents",), ("mean log income and its parts", "low-income share and its parts")
"""Groups of estimators: of those who lived there, and of the mean of the place."""

_MEANS = {"log_income": "mean_log_income", "low_income": "low_income_share"}

_Effects = list[tuple[str, str, EffectEstimate]]


def estimate_stayers(folder: Path) -> pd.DataFrame:
    """Run the headline estimators of n06 on what was published.

    Parameters
    ----------
    folder : Path
        Published folder of a country, with ``microdata/`` and ``crosswalk/``.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`; an estimator that refuses stands in it with the name of its ``error`` and its ``message``.
    """
    return stayer_rows(read_person_study(folder / "microdata"))


def stayer_rows(study: PersonStudy, groups: Sequence[str] = (*RESIDENTS, *PARTS)) -> pd.DataFrame:
    """Run some groups of the headline estimators of n06 on persons that are already read; see `estimate_stayers`."""
    rows: list[dict[str, object]] = []
    for name in groups:
        try:
            rows += [_figures(*found) for found in ESTIMATORS[name](study)]
        except EstimationError as error:
            rows.append({"estimator": name, "error": type(error).__name__, "message": str(error)})
    table = pd.DataFrame(rows, columns=list(RESULT_NAMES))
    return table.assign(**{name: table[name].astype(object).fillna("") for name in ("truth_name", "error", "message")})


def score_stayers(folder: Path, truth: Mapping[str, float]) -> pd.DataFrame:
    """Return the rows of `estimate_stayers` beside their truths.

    Parameters
    ----------
    folder : Path
        Published folder of a country.
    truth : mapping of str to float
        True values by name (``truth.json``); joined after everything was estimated.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`, ``truth`` (missing where there is none of the name) and ``covered``.
    """
    table = estimate_stayers(folder)
    value = table["truth_name"].map(dict(truth)).astype(float)
    covered = (table["ci_low"] <= value) & (value <= table["ci_high"])
    return table.assign(truth=value, covered=covered.where(value.notna() & table["estimate"].notna()))


def _figures(name: str, truth_name: str, made: EffectEstimate) -> dict[str, object]:
    """Return the figures of an estimate of one row."""
    row = made.frame.iloc[0]
    names = ("estimate", "std_error", "ci_low", "ci_high", "treated_count", "clusters_count")
    figures = {key: row[key] for key in names}
    small = equivalence(row["estimate"], row["std_error"], SMALLEST_INCOME, made.degrees).equivalent
    tested = name == STEADY or name in OWN_INCOME
    return {"estimator": name, "truth_name": truth_name, "equivalent": small if tested else None} | figures


def _parts(outcome: str) -> Callable[[PersonStudy], _Effects]:
    """Return an estimator of the effect on a mean and its parts."""

    def run(study: PersonStudy) -> _Effects:
        people = study.people[study.people["main_earner"]]
        pairs = list(zip(study.years[:-1], study.years[1:], strict=True))
        chained = chain_flows(decompose_flows(people, FlowColumns(outcome), pairs))
        design = Design(outcome, comparison=NEVER_TREATED, covariates=COVARIATES)
        areas, known = study.compared(LEAST_ASSOCIATION_SHARE), study.known_for(outcome)
        effect = chained_effects(chained, areas, known, design, WINDOW, WHOLE)
        frame = effect.effects.frame
        base = f"att_{WINDOW[0]}_{WINDOW[1]}_since_before_{_MEANS[outcome]}"
        names = {"total": base} | {term: f"{base}_{term}" for term in ("in_situ", "entry", "exit")}
        return [
            (f"{outcome}, {term}", name, _one(effect.effects, frame[frame["term"] == term]))
            for term, name in names.items()
        ]

    return run


def _residents(study: PersonStudy) -> _Effects:
    """Run intention to treat on residents of treated buurten."""
    frame = residents_of_areas(study, HORIZONS).frame
    found = [
        (name, f"residents_own_log_income_{part}", resident_effect(frame, f"log_income_{part}", base="log_income"))
        for name, part in OWN_INCOME.items()
    ]
    steady = steady_effect(frame, "log_income", STEADY_YEARS, base="log_income")
    found.append((STEADY, "residents_own_log_income_mean", steady))
    work = resident_effect(frame[frame["working_age"]], "employed_mean")
    kept = resident_effect(frame[frame["third"] == HIGHEST_THIRD], f"in_wijk_{STAY_YEARS}")
    found.append(("employee, years 1–8", "employment_effect", work))
    return [*found, ("still in the wijk, highest third", "residents_retention_wijk_high", kept)]


def _one(effects: EffectEstimate, rows: pd.DataFrame) -> EffectEstimate:
    """Return a table of effects with one of its rows."""
    return replace(effects, frame=rows.reset_index(drop=True), covariance=None)


ESTIMATORS: dict[str, Callable[[PersonStudy], _Effects]] = {
    "mean log income and its parts": _parts("log_income"),
    "low-income share and its parts": _parts("low_income"),
    "residents": _residents,
}
"""What is run, by the name under which a refusal stands."""
