"""The headline estimators of n07, displacement and the waterbed, and the names of their true values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.persons.displacement_tables import DESTINATION_CELLS
from buurteffect.estimate.persons.exit_hazard import excess_exit
from buurteffect.estimate.persons.matching import matched_difference
from buurteffect.estimate.space.exposures import ExposureMapping, exposure_effects, exposure_mapping
from buurteffect.estimate.space.waterbed import ledger, spread_change
from buurteffect.panel.displacement.displaced import displaced_and_others
from buurteffect.panel.displacement.study import COVARIATES, DisplacementStudy
from buurteffect.panel.persons.exits import follow_exits
from buurteffect.scoreboard.persons.assumptions import EXITS, WATERBED
from buurteffect.scoreboard.persons.rows import Found, estimator_rows

HORIZON = 7
SETTLED_YEARS = 4
BOOKS_YEAR = 2014
EARLIER = (1996, 1998)
"""Years before the first wave of scores that the share of low incomes is taken from as well."""

_SCORE, _LOW = "liveability_score", "low_income_share"


def displacement_rows(study: DisplacementStudy, families: Sequence[str] = (EXITS, WATERBED)) -> list[dict[str, object]]:
    """Run some families of the headline estimators of n07; a row per estimator, or one per group that refuses."""
    groups: dict[str, Callable[[DisplacementStudy], Found]] = {}
    if EXITS in families:
        groups |= {"exit": _exits, "destination": _destinations}
    if WATERBED in families:
        groups |= {"score": _score, "low_income": _low_income}
    return [row for name, run in groups.items() for row in estimator_rows(name, partial(run, study))]


def _exits(study: DisplacementStudy) -> Found:
    """Return excess exit, errors by buurt and by gemeente."""
    residents = follow_exits(study.people, study.moves, study.starts, HORIZON)
    rows = []
    for unit in ("buurt", "wijk"):
        for cluster in ("buurt", "gemeente"):
            made = excess_exit(residents, unit, HORIZON, cluster=cluster)
            for group in ("low", "all"):
                if (made.frame["term"] == group).any():
                    name = f"excess_exit_{unit}_{group}_{HORIZON}"
                    rows.append((f"{name}, by {cluster}", name, made.row(term=group)))
    return rows


def _destinations(study: DisplacementStudy) -> Found:
    """Return the score of the places of the displaced, against those left alone."""
    measures = study.areas.set_index("area_code")[["score", "low_income", "log_woz"]]
    gone = displaced_and_others(study.people, study.moves, study.starts, measures, study.areas, SETTLED_YEARS)
    cells = DESTINATION_CELLS
    made: EffectEstimate = matched_difference(gone, "displaced", "score_change", cells, "buurt")
    return [("destination gap", f"destination_gap_{HORIZON}", made.frame.iloc[0])]


def _score(study: DisplacementStudy) -> Found:
    """Return the exposure mapping and the books of the score, the instrument beside it."""
    waves = study.in_years(study.waves)
    rows = []
    for name, instrument in (("score per displaced", False), ("score per displaced, instrument", True)):
        mapping = exposure_mapping(waves, _SCORE, COVARIATES, instrument=instrument)
        row = mapping.effects.row(term="taken_in")
        rows.append((name, f"seen_inflow_slope_{_SCORE}_{BOOKS_YEAR}", row))
        if not instrument:
            reached = exposure_effects(mapping, BOOKS_YEAR).row(term="taken_in")
            rows.append(("score where most displaced went", "", reached))
            rows += _books(mapping, _SCORE)
    return rows


def _low_income(study: DisplacementStudy) -> Found:
    """Return the books of low incomes, and their spread."""
    years = [*(year for year in EARLIER if year < study.waves[0]), *study.waves]
    mapping = exposure_mapping(study.in_years(years), _LOW, COVARIATES)
    row = mapping.effects.row(term="taken_in")
    spread = spread_change(mapping, BOOKS_YEAR).frame.iloc[0]
    rows = [("low incomes per displaced", f"seen_inflow_slope_{_LOW}_{BOOKS_YEAR}", row)]
    return [*rows, ("spread of low incomes", f"seen_sd_change_{_LOW}_{BOOKS_YEAR}", spread), *_books(mapping, _LOW)]


def _books(mapping: ExposureMapping, outcome: str) -> Found:
    """Return the entries of the books, and the leakage."""
    books = ledger(mapping, BOOKS_YEAR)
    entries = [
        (f"books, {outcome}: {entry}", f"seen_{entry}_{outcome}_{BOOKS_YEAR}", books.entries.row(term=entry))
        for entry in ("direct", "ring", "receiving", "seen")
    ]
    leakage = books.leakage.row(term="displaced")
    return [*entries, (f"leakage, {outcome}", f"seen_leakage_displaced_{outcome}_{BOOKS_YEAR}", leakage)]
