"""What the scoreboard of places runs, what its figures are, and what they are called."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.scoreboard.board import Scoreboard
from buurteffect.scoreboard.places.estimators import DOCUMENTED, ESTIMATORS, estimate_panel
from buurteffect.scoreboard.places.panel import EVERY_YEAR, TARGETS, late_truth, published_panel
from buurteffect.scoreboard.summary import Summary, holds
from buurteffect.synthetic.truth.truth import Truth
from buurteffect.synthetic.world.scenarios import SCENARIOS
from buurteffect.synthetic.world.world import World

COUNTRIES = dict.fromkeys(SCENARIOS, 200)
"""Countries by scenario."""

_KEYS = ("outcome", "estimator", "clusters", "target")
SUMMARY_COLUMNS = (
    "scenario", *_KEYS, "size", "code", "seeds", "failed_share", "stopped_share", "treated_mean", "truth", "bias",
    "bias_mc_error", "rmse", "error_sd", "std_error", "coverage", "coverage_low", "coverage_high",
    "coverage_of_mean_truth", "whole", "bias_whole", "coverage_whole", "rejected", "rejected_low", "rejected_high",
    "commonest_error",
)  # fmt: skip
"""Columns of the summary, as `Summary.of`, `score` and `more_figures` explain them."""


def estimate(world: World, scenario: str) -> pd.DataFrame:  # noqa: ARG001  (no estimator is told of the scenario)
    """Return what every estimator finds in what a country publishes."""
    return estimate_panel(published_panel(world))


def truths(world: World, truth: Truth) -> pd.DataFrame:  # noqa: ARG001  (scoreboards share the call)
    """Return what each estimate is compared with."""
    return late_truth(truth).dropna(subset=["truth"])


def more_figures(scored: pd.DataFrame, every: pd.DataFrame) -> dict[str, float]:
    r"""Return the figures that only this scoreboard has.

    `scored` has one row per country with an estimate (``estimate, ci_low, ci_high, truth, whole, stopped,
    treated_count``), `every` one per country (``truth``). ``stopped_share`` is the share in which the estimator itself
    says that it is no headline; ``treated_mean`` treated units; ``rmse`` :math:`\sqrt{\sum d_s^2 / S}` with :math:`d_s`
    the estimate less the truth in each of S countries; ``coverage_of_mean_truth`` the share of intervals that hold the
    mean truth of all countries; in ``whole, bias_whole, coverage_whole`` the truth is the contrast with a country
    without any policy.
    """
    gap, whole = (scored["estimate"] - scored["truth"]).to_numpy(), scored["whole"].to_numpy()
    return {
        "stopped_share": float(scored["stopped"].astype(bool).mean()),
        "treated_mean": float(scored["treated_count"].mean()),
        "rmse": float(np.sqrt((gap**2).mean())),
        "coverage_of_mean_truth": float(holds(scored, np.full(len(scored), every["truth"].mean())).mean()),
        "whole": float(whole.mean()),
        "bias_whole": float((scored["estimate"] - whole).mean()),
        "coverage_whole": float(holds(scored, whole).mean()),
    }


def describe(table: pd.DataFrame) -> pd.DataFrame:
    """Add ``label`` and ``kind`` of the estimator, ``documented`` (fixed in advance) and ``aim``, its target.

    Where an estimator is compared with two true values, the label of the second names it.
    """
    return table.assign(
        label=[
            ESTIMATORS[name].label + (", against its own years" if target == EVERY_YEAR else "")
            for name, target in zip(table["estimator"], table["target"], strict=True)
        ],
        kind=[ESTIMATORS[name].kind for name in table["estimator"]],
        documented=table["estimator"] == DOCUMENTED,
        aim=table["target"].map(TARGETS),
        meaning=[SCENARIOS[name].meaning for name in table["scenario"]],
    )


SCOREBOARD = Scoreboard(
    name="scoreboard",
    command="make scoreboard",
    countries=COUNTRIES,
    first_seed=1,
    modules=("scoreboard.places.panel", "scoreboard.places.estimators", "synthetic.country"),
    libraries=("linearmodels", "moderndid", "numpy", "pandas", "pyfixest", "scipy"),
    people=False,
    estimate=estimate,
    truths=truths,
    summary=Summary(
        keys=_KEYS,
        truth=("outcome", "target"),
        beside=(),
        together=_KEYS,
        reason="error",
        more=more_figures,
        columns=SUMMARY_COLUMNS,
    ),
    known={"estimator": frozenset(ESTIMATORS), "target": frozenset(TARGETS)},
    describe=describe,
)
"""The scoreboard of places: `SCOREBOARD.read()` returns its stored summary."""
