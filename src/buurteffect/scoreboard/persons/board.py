"""What the scoreboard of persons runs, what its figures are, and what they are called."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pandas as pd

from buurteffect.scoreboard.board import Scoreboard
from buurteffect.scoreboard.persons.assumptions import FAMILIES, HEADLINES, RUNS, SEEDS, assumption_of
from buurteffect.scoreboard.persons.country import estimate, truths
from buurteffect.scoreboard.summary import Summary
from buurteffect.synthetic.world.scenarios import SCENARIOS

SUMMARY_COLUMNS = (
    "scenario", "page", "estimator", "truth_name", "valid", "size", "code", "seeds", "failed_share", "scored", "truth",
    "bias", "bias_mc_error", "error_sd", "std_error", "coverage", "coverage_low", "coverage_high", "rejected",
    "rejected_low", "rejected_high", "equivalent_share", "commonest_error",
)  # fmt: skip
"""Columns of the summary, as `Summary.of` and `score` explain them; ``valid`` says whether the assumptions of the
estimator hold by the country's making, ``equivalent_share`` in which share the estimate was shown to be too small to
matter, where that is tested."""

_WORDS = {
    "log_income": "mean log income", "low_income_share": "low incomes", "low_income": "low incomes",
    "in_situ": "stayers", "liveability_score": "score",
}  # fmt: skip
_GROUPS = {"low": "low incomes", "all": "all"}
_EXIT = re.compile(r"excess_exit_(?P<unit>\w+?)_(?P<group>low|all)_\d+, by (?P<cluster>\w+)")


def more_figures(scored: pd.DataFrame, every: pd.DataFrame) -> Mapping[str, float]:  # noqa: ARG001  (a shared call)
    """Return ``equivalent_share``."""
    return {"equivalent_share": float(scored["equivalent"].mean())}


def describe(table: pd.DataFrame) -> pd.DataFrame:
    """Add columns in words.

    ``label`` is the estimator in words, ``run`` the families of estimators run in the scenario, ``headline`` what its
    page calls the row (empty if it is none), ``why`` the argument on where its assumptions hold.
    """
    rows = list(zip(table["page"], table["estimator"], strict=True))
    found = [assumption_of(*row) for row in rows]
    return table.assign(
        label=[estimator_label(name) for name in table["estimator"]],
        meaning=[SCENARIOS[name].meaning for name in table["scenario"]],
        run=[", ".join(RUNS.get(name, FAMILIES)) for name in table["scenario"]],
        headline=[HEADLINES.get(row, "") for row in rows],
        why=["" if assumption is None else assumption.why for assumption in found],
    )


def estimator_label(estimator: str) -> str:
    """Return an estimator's name as a page prints it.

    Examples
    --------
    >>> estimator_label("excess_exit_buurt_low_7, by gemeente")
    'excess exit, buurt, low incomes, errors by gemeente'
    >>> estimator_label("low_income, in_situ")
    'low incomes, stayers'
    """
    match = _EXIT.fullmatch(estimator)
    if match:
        return f"excess exit, {match['unit']}, {_GROUPS[match['group']]}, errors by {match['cluster']}"
    for name, words in _WORDS.items():
        estimator = estimator.replace(name, words)
    return estimator


SCOREBOARD = Scoreboard(
    name="people_scoreboard",
    command="make people-scoreboard",
    countries=dict(SEEDS),
    first_seed=1001,  # designs were chosen on seeds 1 to 400
    modules=("scoreboard.persons.country", "synthetic.country"),
    libraries=("linearmodels", "numpy", "pandas", "pyfixest", "scipy", "statsmodels"),
    people=True,
    estimate=estimate,
    truths=truths,
    summary=Summary(
        keys=("page", "estimator"),
        truth=("truth_name",),
        beside=("truth_name", "valid"),
        together=("page",),
        reason="message",
        more=more_figures,
        columns=SUMMARY_COLUMNS,
    ),
    known={},
    describe=describe,
)
"""The scoreboard of persons: `SCOREBOARD.read()` returns its stored summary."""
