"""The headline estimators of displacement and the waterbed on one published country, for the scoreboard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.persons import displacement_tables as effects
from buurteffect.panel.displacement.displaced import displaced_and_others
from buurteffect.panel.displacement.study import COVARIATES, DisplacementStudy, read_displacement_study
from buurteffect.panel.persons.exits import follow_exits

HORIZON = 7
SETTLED_YEARS = 4
BOOKS_YEAR = 2014
EARLIER = (1996, 1998)
"""Years before the first wave of scores that the share of low incomes is taken from as well."""
RESULT_NAMES = ("estimator", "truth_name", "estimate", "std_error", "ci_low", "ci_high", "message")
"""Columns of a result: one row per estimator."""

LEAVING, REACHING = ("exit", "destination"), ("score", "low_income")
"""Groups of estimators: who left and where to, and what reached other places."""

_SCORE, _LOW = "liveability_score", "low_income_share"
_Rows = list[tuple[str, str, "pd.Series[float]"]]


def displacement_cells(published: Path) -> pd.DataFrame:
    """Run the headline estimators of n07 on a published country.

    Parameters
    ----------
    published : Path
        Folder with ``microdata``, ``leefbaarometer3``, ``boundaries`` and ``crosswalk``.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`: one row per estimator; ``truth_name`` is that of its truth in ``truth.json``, empty where none
        is recorded. Estimators that refuse stand in it with their reason.
    """
    return displacement_rows(read_displacement_study(published))


def displacement_rows(study: DisplacementStudy, groups: Sequence[str] = (*LEAVING, *REACHING)) -> pd.DataFrame:
    """Run some groups of the headline estimators of n07 on a study that is already read; see `displacement_cells`."""
    run = {"exit": _exits, "destination": _destinations, "score": _score, "low_income": _low_income}
    rows: list[dict[str, object]] = []
    for name in groups:
        rows += _tried(name, run[name], study)
    return pd.DataFrame(rows, columns=list(RESULT_NAMES))


def _tried(name: str, run: Callable[[DisplacementStudy], _Rows], study: DisplacementStudy) -> list[dict[str, object]]:
    """Return the rows of some estimators, or one that says why there are none."""
    try:
        found = run(study)
    except EstimationError as error:
        return [{"estimator": name, "truth_name": "", "message": str(error)}]
    figures = ("estimate", "std_error", "ci_low", "ci_high")
    return [
        {"estimator": estimator, "truth_name": truth, "message": ""} | {f: row[f] for f in figures}
        for estimator, truth, row in found
    ]


def _exits(study: DisplacementStudy) -> _Rows:
    """Return excess exit, errors by buurt and by gemeente."""
    residents = follow_exits(study.people, study.moves, study.starts, HORIZON)
    rows: _Rows = []
    for unit in ("buurt", "wijk"):
        for cluster in ("buurt", "gemeente"):
            made = effects.excess_exit(residents, unit, HORIZON, cluster=cluster)
            for group in ("low", "all"):
                if (made.frame["term"] == group).any():
                    name = f"excess_exit_{unit}_{group}_{HORIZON}"
                    rows.append((f"{name}, by {cluster}", name, made.row(term=group)))
    return rows


def _destinations(study: DisplacementStudy) -> _Rows:
    """Return the score of the places of the displaced, against those left alone."""
    measures = study.areas.set_index("area_code")[["score", "low_income", "log_woz"]]
    gone = displaced_and_others(study.people, study.moves, study.starts, measures, study.areas, SETTLED_YEARS)
    cells = effects.DESTINATION_CELLS
    made: EffectEstimate = effects.matched_difference(gone, "displaced", "score_change", cells, "buurt")
    return [("destination gap", f"destination_gap_{HORIZON}", made.frame.iloc[0])]


def _score(study: DisplacementStudy) -> _Rows:
    """Return the exposure mapping and the books of the score, the instrument beside it."""
    waves = study.in_years(study.waves)
    rows: _Rows = []
    for name, instrument in (("score per displaced", False), ("score per displaced, instrument", True)):
        mapping = effects.exposure_mapping(waves, _SCORE, COVARIATES, instrument=instrument)
        row = mapping.effects.row(term="taken_in")
        rows.append((name, f"seen_inflow_slope_{_SCORE}_{BOOKS_YEAR}", row))
        if not instrument:
            reached = effects.exposure_effects(mapping, BOOKS_YEAR).row(term="taken_in")
            rows.append(("score where most displaced went", "", reached))
            rows += _books(mapping, _SCORE)
    return rows


def _low_income(study: DisplacementStudy) -> _Rows:
    """Return the books of low incomes, and their spread."""
    years = [*(year for year in EARLIER if year < study.waves[0]), *study.waves]
    mapping = effects.exposure_mapping(study.in_years(years), _LOW, COVARIATES)
    row = mapping.effects.row(term="taken_in")
    spread = effects.spread_change(mapping, BOOKS_YEAR).frame.iloc[0]
    rows = [("low incomes per displaced", f"seen_inflow_slope_{_LOW}_{BOOKS_YEAR}", row)]
    return [*rows, ("spread of low incomes", f"seen_sd_change_{_LOW}_{BOOKS_YEAR}", spread), *_books(mapping, _LOW)]


def _books(mapping: effects.Mapping, outcome: str) -> _Rows:
    """Return the entries of the books, and the leakage."""
    books = effects.ledger(mapping, BOOKS_YEAR)
    entries = [
        (f"books, {outcome}: {entry}", f"seen_{entry}_{outcome}_{BOOKS_YEAR}", books.entries.row(term=entry))
        for entry in ("direct", "ring", "receiving", "seen")
    ]
    leakage = books.leakage.row(term="displaced")
    return [*entries, (f"leakage, {outcome}", f"seen_leakage_displaced_{outcome}_{BOOKS_YEAR}", leakage)]
