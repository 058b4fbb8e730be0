"""The headline estimators of n09 on one published country, for the scoreboard of persons."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.childhood.movers import movers_slope, placebo_after
from buurteffect.estimate.childhood.movers_and_siblings import SIBLINGS, TOGETHER, both_designs
from buurteffect.estimate.childhood.reflection import TRAITS, linear_in_means
from buurteffect.estimate.childhood.siblings import naive_slopes, slope_by_mix
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.panel.childhood.adulthood import read_neighbours
from buurteffect.panel.childhood.childhood import Childhoods, read_childhoods
from buurteffect.panel.persons.person_years import read_person_years

RESULT_NAMES = ("estimator", "truth_name", "estimate", "std_error", "ci_low", "ci_high", "message")
"""Columns of a result: one row per estimator."""

_YEAR = 2012


def opportunity_cells(published: Path) -> pd.DataFrame:
    """Run the headline estimators of n09 on one country.

    Parameters
    ----------
    published : Path
        Folder of a published country, with ``microdata/`` and ``crosswalk/``.

    Returns
    -------
    DataFrame
        `RESULT_NAMES`; ``truth_name`` is the figure of ``truth.json`` that it aims at, and ``message`` says why there
        is no estimate. Comparisons of children in different places, and of neighbours, are there to be seen failing.
    """
    folder = published / "microdata"
    return opportunity_rows(folder, read_person_years(folder))


def opportunity_rows(folder: Path, people: pd.DataFrame) -> pd.DataFrame:
    """Run the headline estimators of n09 on extracts of which persons are already read; see `opportunity_cells`."""
    rows = childhood_cells(read_childhoods(folder, people))
    neighbours = _attempt(
        "own income on neighbours' income",
        "neighbour_income_effect",
        lambda: linear_in_means(read_neighbours(people, _YEAR)),
        TRAITS,
    )
    return pd.concat([rows, neighbours], ignore_index=True)[list(RESULT_NAMES)]


def childhood_cells(childhoods: Childhoods) -> pd.DataFrame:
    """Run the estimators of children's ranks; one row per estimator, see `opportunity_cells`."""
    children, years = childhoods.children, childhoods.years
    both, naive = cache(lambda: both_designs(children)[0]), cache(lambda: naive_slopes(children))
    given = "exposure given the parents' income"
    runs = [
        _attempt("movers", "exposure_slope", lambda: movers_slope(children), "exposure"),
        _attempt("siblings", "exposure_slope", both, SIBLINGS),
        _attempt("movers and siblings", "exposure_slope", both, TOGETHER),
        _attempt("children compared", "exposure_slope", naive, "exposure alone"),
        _attempt("children compared, parents' income", "exposure_slope", naive, given),
        _attempt(
            "moves after 23",
            "exposure_slope_after_23",
            lambda: placebo_after(children),
            "years after the move",
        ),
        _attempt("mix", "exposure_by_mix", lambda: slope_by_mix(children, years), "exposure times mix"),
    ]
    return pd.concat(runs, ignore_index=True)


def _attempt(name: str, truth: str, run: Callable[[], EffectEstimate], term: str) -> pd.DataFrame:
    """Return the row of one estimator, or why there is none."""
    row: dict[str, object] = dict.fromkeys(RESULT_NAMES, float("nan"))
    row |= {"estimator": name, "truth_name": truth, "message": ""}
    try:
        found = run()
    except EstimationError as error:
        return pd.DataFrame([row | {"message": str(error)}])
    chosen = found.frame[found.frame["term"] == term].iloc[0]
    return pd.DataFrame([row | {key: chosen[key] for key in ("estimate", "std_error", "ci_low", "ci_high")}])
