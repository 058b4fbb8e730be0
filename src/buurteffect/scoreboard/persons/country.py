"""One country of the scoreboard of persons: published as far as it is read, and estimated on.

The estimators of the four pages on persons see a folder of published files and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from buurteffect.panel.childhood.childhood import read_childhoods
from buurteffect.panel.displacement.study import DisplacementStudy
from buurteffect.panel.persons.study import PersonStudy
from buurteffect.panel.survey import SurveyStudy
from buurteffect.scoreboard.persons.assumptions import (
    CONTACT,
    DISPLACEMENT,
    FAMILIES,
    FAMILIES_OF,
    OPPORTUNITY,
    RUNS,
    STAYERS,
    TIES,
)
from buurteffect.scoreboard.persons.assumptions import holds as assumptions_hold
from buurteffect.scoreboard.persons.childhood import childhood_rows
from buurteffect.scoreboard.persons.contact import contact_rows
from buurteffect.scoreboard.persons.displacement import displacement_rows
from buurteffect.scoreboard.persons.stayers import stayer_rows
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.publishing.areas.boundary_changes import draw_vintages
from buurteffect.synthetic.publishing.areas.crosswalk import publish_crosswalk
from buurteffect.synthetic.publishing.areas.leefbaarometer import publish_scores
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.publishing.registers.microdata import publish_people
from buurteffect.synthetic.publishing.registers.survey import FOLDER as SURVEY
from buurteffect.synthetic.publishing.registers.survey import publish_survey
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.scenarios import scenario_parameters
from buurteffect.synthetic.world.world import World

RESULT_NAMES = (
    "page", "estimator", "truth_name", "valid", "estimate", "std_error", "ci_low", "ci_high", "equivalent", "error",
    "message",
)  # fmt: skip
"""Columns of a result: one row per estimator, or per group of estimators that refused together."""

_Rows = list[dict[str, object]]


def estimate(world: World, scenario: str) -> pd.DataFrame:
    """Return what the estimators of persons find in what a country publishes."""
    with TemporaryDirectory(prefix="people-cell-") as published:
        publish_for_people(world, Path(published), survey=TIES in RUNS.get(scenario, FAMILIES))
        return estimate_people(Path(published), scenario)


def truths(world: World, truth: Truth) -> pd.DataFrame:
    """Return every true value under its name: ``truth_name, truth``."""
    named = named_truth(world, truth, scenario_parameters(world.scenario))
    return pd.DataFrame({"truth_name": list(named), "truth": list(named.values())})


def publish_for_people(world: World, folder: Path, survey: bool = True) -> None:
    """Write what the estimators of persons read of a country, and no more: key figures of areas are left out.

    `folder` gets ``microdata/``, ``projects/``, ``boundaries/``, ``crosswalk/``, the scores and, if asked for,
    ``survey/``.
    """
    persons, vintages = draw_persons(world), draw_vintages(world)
    publish_crosswalk(world, vintages, folder / "crosswalk")
    publish_scores(world, folder)
    publish_people(world, folder, persons=persons, vintages=vintages)
    if survey:
        publish_survey(world, folder / SURVEY, persons=persons)


def estimate_people(published: Path, scenario: str = "S0") -> pd.DataFrame:
    """Run the headline estimators of the four pages on what a country publishes (`publish_for_people`), read once.

    The scenario says which families of estimators are run, and where their assumptions hold (`assumptions`); no
    estimator is told of it.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`. A page whose estimators die together stands in it once, with the name of the ``error``.
    """
    microdata = published / "microdata"
    study = PersonStudy.read(microdata)
    families = RUNS.get(scenario, FAMILIES)
    pages: dict[str, Callable[[], _Rows]] = {
        STAYERS: lambda: stayer_rows(study, families),
        DISPLACEMENT: lambda: displacement_rows(DisplacementStudy.read(study, published), families),
        OPPORTUNITY: lambda: childhood_rows(read_childhoods(microdata, study.people), study.people),
        CONTACT: lambda: contact_rows(SurveyStudy.read(published / "survey", published / "projects")),
    }
    tables = [_table(page, scenario, run) for page, run in pages.items() if set(FAMILIES_OF[page]) & set(families)]
    return pd.concat(tables, ignore_index=True)


def _table(page: str, scenario: str, run: Callable[[], _Rows]) -> pd.DataFrame:
    """Return the results of one page in the columns that all share."""
    try:
        found = run()
    except Exception as error:  # whatever a page dies of is counted under its name, and never lost
        found = [{"estimator": page, "error": type(error).__name__, "message": str(error)}]
    rows = pd.DataFrame(found).reindex(columns=list(RESULT_NAMES)).assign(page=page)
    rows["valid"] = [assumptions_hold(page, str(name), scenario) for name in rows["estimator"]]
    words = ("truth_name", "error", "message")
    rows = rows.assign(**{name: rows[name].astype(object).fillna("") for name in words})
    figures = ("estimate", "std_error", "ci_low", "ci_high", "equivalent")
    return rows.assign(**{name: rows[name].astype(object).fillna(np.nan).astype(float) for name in figures})
