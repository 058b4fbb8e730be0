"""The cells of the scoreboard of persons: a country is drawn, published as far as it is read, and estimated on.

The estimators of the four pages on persons see a folder of published files and nothing else. What they found is
written before what is true, and into another folder; the two meet in `people_summary` only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.panel.displacement.study import read_displacement_study
from buurteffect.panel.persons.study import read_person_study
from buurteffect.scoreboard.persons.assumptions import (
    CHILDREN,
    CONTACT,
    DISPLACEMENT,
    EXITS,
    FAMILIES,
    OPPORTUNITY,
    PARTS,
    RESIDENTS,
    RUNS,
    SEEDS,
    STAYERS,
    TIES,
    WATERBED,
    holds,
)
from buurteffect.scoreboard.persons.childhood import opportunity_rows
from buurteffect.scoreboard.persons.contact import contact_cells
from buurteffect.scoreboard.persons.displacement import LEAVING, REACHING, displacement_rows
from buurteffect.scoreboard.persons.stayers import PARTS as PARTS_OF_MEANS
from buurteffect.scoreboard.persons.stayers import RESIDENTS as THOSE_WHO_LIVED_THERE
from buurteffect.scoreboard.persons.stayers import stayer_rows
from buurteffect.scoreboard.simulations import Cell, key_of, run_each, sources_of, write_cell
from buurteffect.synthetic.country import draw_country, scenario_parameters
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.publishing.areas.boundary_changes import draw_vintages
from buurteffect.synthetic.publishing.areas.crosswalk import publish_crosswalk
from buurteffect.synthetic.publishing.areas.leefbaarometer import publish_scores
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.publishing.registers.microdata import publish_people
from buurteffect.synthetic.publishing.registers.survey import FOLDER as SURVEY
from buurteffect.synthetic.publishing.registers.survey import publish_survey
from buurteffect.synthetic.world.scenarios import SIZES
from buurteffect.synthetic.world.world import World

SIZE, FIRST_SEED = "scoreboard", 1001
"""Size of the countries, and their first seed: designs were chosen on seeds 1 to 400."""

SCENARIOS = tuple(SEEDS)
"""Scenarios that are run; `people_conditions` says why these, how many countries of each, and what is run in them."""

RESULT_NAMES = (
    "page", "estimator", "truth_name", "valid", "estimate", "std_error", "ci_low", "ci_high", "equivalent", "error",
    "message",
)  # fmt: skip
"""Columns of a result: one row per estimator, or per group of estimators that refused together."""

_ROOTS = ("build.people_cells",)
_LIBRARIES = ("linearmodels", "numpy", "pandas", "pyfixest", "scipy", "statsmodels")


def people_cells_of(
    folder: Path,
    scenarios: Iterable[str] = SCENARIOS,
    seeds: int | None = None,
    size: str = SIZE,
    first_seed: int = FIRST_SEED,
) -> list[Cell]:
    """Return the cells of a scoreboard of persons, seed by seed, so that a run that stops early has all scenarios.

    Parameters
    ----------
    folder : Path
        Folder of all cells.
    scenarios : iterable of str
        Names in `synthetic.scenarios.SCENARIOS`.
    seeds : int, optional
        How many seeds of each scenario; by default as many as it needs (`people_conditions.SEEDS`).
    first_seed : int
        The first of them.
    size : str
        One of `SIZES`.

    Raises
    ------
    ProjectError
        If there is no such scenario or size, or no seed.
    """
    names = list(scenarios)
    if size not in SIZES:
        raise ProjectError(f"no size {size!r}; choose one of {', '.join(SIZES)}")
    count = {name: max(SEEDS.values()) if name not in SEEDS else SEEDS[name] for name in names}
    count = count if seeds is None else dict.fromkeys(names, seeds)
    if min(count.values(), default=0) < 1:
        raise ProjectError("a scoreboard needs at least one seed and one scenario")
    code = people_code_hash()
    keys = {name: key_of(code, repr(scenario_parameters(name)), repr(SIZES[size])) for name in names}
    return [
        Cell(name, first_seed + place, size, keys[name], folder)
        for place in range(max(count.values()))
        for name in names
        if place < count[name]
    ]


def people_code_hash() -> str:
    """Return a hash of the code that draws, publishes, reads and estimates, and of the libraries' versions."""
    versions = "".join(f"{name} {metadata.version(name)}\n" for name in _LIBRARIES)
    return key_of(versions, *(f"{name}\n{text}" for name, text in sorted(sources_of(_ROOTS).items())))


def run_people_cells(cells: Iterable[Cell], workers: int = 2, progress: bool = True) -> None:
    """Run the cells that are not there yet; see `cell_runs.run_each`."""
    run_each(cells, run_people_cell, workers, progress)


def run_people_cell(cell: Cell) -> Cell:
    """Draw a country, estimate on what it publishes, write that, and only then write what is true of it."""
    world, truth = draw_country(cell.seed, cell.size, cell.scenario, workers=0)
    with TemporaryDirectory(prefix="people-cell-") as published:
        publish_for_people(world, Path(published), survey=TIES in RUNS.get(cell.scenario, FAMILIES))
        write_cell(estimate_people(Path(published), cell.scenario), cell.estimates)
    true = named_truth(world, truth, scenario_parameters(cell.scenario))
    write_cell(pd.DataFrame({"truth_name": list(true), "truth": list(true.values())}), cell.truth)
    for path in (cell.estimates, cell.truth):
        for old in path.parent.glob(f"{cell.size}-{cell.scenario}-{cell.seed:04d}-*.csv"):
            if old != path:
                old.unlink()
    return cell


def publish_for_people(world: World, folder: Path, survey: bool = True) -> None:
    """Write what the estimators of persons read of a country, and no more: key figures of areas are left out.

    Parameters
    ----------
    world : World
        The country.
    folder : Path
        Folder that gets ``microdata/``, ``projects/``, ``boundaries/``, ``crosswalk/``, ``survey/`` and the scores.
    survey : bool
        Whether anybody reads the survey.
    """
    persons, vintages = draw_persons(world), draw_vintages(world)
    publish_crosswalk(world, vintages, folder / "crosswalk")
    publish_scores(world, folder)
    publish_people(world, folder, persons=persons, vintages=vintages)
    if survey:
        publish_survey(world, folder / SURVEY, persons=persons)


def estimate_people(published: Path, scenario: str = "S0") -> pd.DataFrame:
    """Run the headline estimators of the four pages on what a country publishes; persons are read once.

    Parameters
    ----------
    published : Path
        As `publish_for_people` leaves it.
    scenario : str
        Says which families of estimators are run, and where their assumptions hold (`people_conditions`); no estimator
        is told of it.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`. A page whose estimators die together stands in it once, with the name of the ``error``.
    """
    study = read_person_study(published / "microdata")
    families = RUNS.get(scenario, FAMILIES)
    mine = tuple(THOSE_WHO_LIVED_THERE if RESIDENTS in families else ()) + (PARTS_OF_MEANS if PARTS in families else ())
    where = tuple(LEAVING if EXITS in families else ()) + (REACHING if WATERBED in families else ())
    runs: dict[str, Callable[[], pd.DataFrame]] = {}
    if mine:
        runs[STAYERS] = lambda: stayer_rows(study, mine)
    if where:
        runs[DISPLACEMENT] = lambda: displacement_rows(read_displacement_study(published, persons=study), where)
    if CHILDREN in families:
        runs[OPPORTUNITY] = lambda: opportunity_rows(published / "microdata", study.people)
    if TIES in families:
        runs[CONTACT] = lambda: contact_cells(published)
    return pd.concat([_rows(page, scenario, run) for page, run in runs.items()], ignore_index=True)


def _rows(page: str, scenario: str, run: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the results of one page in the columns that all share."""
    try:
        found = run()
    except Exception as error:  # whatever a page dies of is counted under its name, and never lost
        found = pd.DataFrame([{"estimator": page, "error": type(error).__name__, "message": str(error)}])
    rows = found.reindex(columns=list(RESULT_NAMES)).assign(page=page)
    rows["valid"] = [holds(page, str(name), scenario) for name in rows["estimator"]]
    words = ("truth_name", "error", "message")
    rows = rows.assign(**{name: rows[name].astype(object).fillna("") for name in words})
    rows["error"] = rows["error"].mask((rows["error"] == "") & (rows["message"] != ""), "EstimationError")
    figures = ("estimate", "std_error", "ci_low", "ci_high", "equivalent")
    return rows.assign(**{name: rows[name].astype(object).fillna(np.nan).astype(float) for name in figures})
