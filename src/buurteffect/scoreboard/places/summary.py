"""Estimates meet their truth: bias, errors, coverage, size and power of each estimator in each scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError, ProjectError
from buurteffect.estimate.core.intervals import interval
from buurteffect.project import Project, writing
from buurteffect.scoreboard.places.run import SEEDS, SIZE
from buurteffect.scoreboard.scoring import commonest, holds, score
from buurteffect.scoreboard.simulations import Cell, read_cells, read_truths
from buurteffect.synthetic.world.scenarios import SCENARIOS

STORED = "docs/scoreboard.csv"
"""The last full scoreboard, kept with the code; relative to the checkout."""

_KEYS = ["scenario", "outcome", "estimator", "clusters", "target"]
SUMMARY_COLUMNS = (
    *_KEYS, "size", "code", "seeds", "failed_share", "stopped_share", "treated_mean", "truth", "bias", "bias_mc_error",
    "rmse", "error_sd", "std_error", "coverage", "coverage_low", "coverage_high", "coverage_of_mean_truth", "whole",
    "bias_whole", "coverage_whole", "rejected", "rejected_low", "rejected_high", "commonest_error",
)  # fmt: skip
"""Columns of the summary, as `summarise` explains them."""


def summarise(estimates: pd.DataFrame, truths: pd.DataFrame, size: str, codes: Mapping[str, str]) -> pd.DataFrame:
    r"""Return how each estimator does.

    Figures as of `scored.score`, and the root mean squared error :math:`\sqrt{\sum d_s^2 / S}` with :math:`d_s` the
    estimate less the truth in each of S countries.

    Parameters
    ----------
    estimates : DataFrame
        One row per scenario, seed, outcome, estimator, clustering and target, as `read_cells` returns it.
    truths : DataFrame
        One row per scenario, seed, outcome and target, as `read_truths` returns it.
    size : str
        Size of the countries.
    codes : mapping of str to str
        Scenario to the hash of what made its figures.

    Returns
    -------
    DataFrame
        `SUMMARY_COLUMNS`, one row per scenario, outcome, estimator, clustering and target (the truth it is held
        against, one of `TARGETS`): ``seeds`` run; ``failed_share`` of
        them without a figure, with their ``commonest_error``; ``stopped_share`` of those with a figure in which the
        estimator itself says that it is no headline; ``treated_mean`` treated units; of the seeds with a figure, the
        mean ``truth``, ``bias, bias_mc_error, rmse``, ``error_sd`` (spread of the estimate around the truth),
        ``std_error`` (mean of the reported ones); ``coverage``, the share of 95% intervals that hold the seed's truth,
        and ``rejected``, the share that do not hold 0, each with its exact binomial 95% band (Clopper & Pearson 1934);
        ``coverage_of_mean_truth``, the share that hold the mean truth of all seeds; ``whole, bias_whole,
        coverage_whole``: the same where the truth is the contrast with a country without any policy.

    Raises
    ------
    ProjectError
        If an estimate has no truth, or a key stands twice.
    """
    keys = ["scenario", "seed", "outcome", "target"]
    joined = estimates.merge(truths, on=keys, how="left", validate="many_to_one")
    if joined["truth"].isna().any():
        raise ProjectError("an estimate of the scoreboard has no truth: remove the cells, and run make scoreboard")
    if joined.duplicated([*keys, "estimator", "clusters"]).any():
        raise ProjectError("an estimator stands twice in a cell of the scoreboard: remove the cells, and run it anew")
    joined["mean_truth"] = joined.groupby(["scenario", "outcome", "target"])["truth"].transform("mean")
    rows = [dict(zip(_KEYS, key, strict=True)) | _score(part) for key, part in joined.groupby(_KEYS, sort=False)]
    table = pd.DataFrame(rows)
    return table.assign(size=size, code=table["scenario"].map(codes)).reindex(columns=list(SUMMARY_COLUMNS))


def store_scoreboard(project: Project, cells: Sequence[Cell], out: Path | None = None) -> Path:
    """Summarise the cells that are done, and return where the summary is.

    Parameters
    ----------
    project : Project
        The checkout.
    cells : sequence of Cell
        As `cells_of` returns them.
    out : Path, optional
        Where to write. Left out, a full scoreboard takes the place of the stored one, and any other goes to the
        folder of cells, so that a trial never replaces it.
    """
    full = {cell.scenario for cell in cells} == set(SCENARIOS) and max(cell.seed for cell in cells) >= SEEDS
    full &= {cell.size for cell in cells} == {SIZE} and all(cell.done for cell in cells)
    path = out or (project.root / STORED if full else cells[0].folder / "summary.csv")
    codes = {cell.scenario: cell.key for cell in cells}
    table = summarise(read_cells(cells), read_truths(cells), cells[0].size, codes)
    with writing(path) as aside:
        table.to_csv(aside, index=False, float_format="%.4g", lineterminator="\n")
    return path


def read_scoreboard(path: Path | None = None) -> pd.DataFrame:
    """Return the stored summary, with the name and kind of each estimator.

    Parameters
    ----------
    path : Path, optional
        Another file than the stored one.

    Returns
    -------
    DataFrame
        `SUMMARY_COLUMNS`, then ``label`` and ``kind`` (naive, robust, adjusted) of the estimator (where it is held
        against two truths, the label of the second names it), ``documented`` (whether it is the design that was fixed
        in advance), ``aim`` (its target in words) and ``meaning`` of the scenario.

    Raises
    ------
    DataError
        If the file lacks a column, or names an estimator or a scenario that is unknown.
    """
    from buurteffect.scoreboard.places.estimators import DOCUMENTED, ESTIMATORS
    from buurteffect.scoreboard.places.panel import EVERY_YEAR, TARGETS

    project = Project.find()
    file = path or project.root / STORED
    if not file.is_file():
        raise ProjectError(f"{project.show(file)} is not there: run make scoreboard")
    table = pd.read_csv(file, keep_default_na=True)
    known = set(table.columns) >= set(SUMMARY_COLUMNS)
    for column, names in (("estimator", ESTIMATORS), ("scenario", SCENARIOS), ("target", TARGETS)):
        known = known and set(table[column]) <= set(names)
    if not known:
        raise DataError(
            project.show(file),
            found="columns, estimators, scenarios or targets that this version does not have",
            expected=", ".join(SUMMARY_COLUMNS),
            action="run make scoreboard",
        )
    return table.assign(
        commonest_error=table["commonest_error"].astype(object).fillna(""),
        label=[
            ESTIMATORS[name].label + (", against its own years" if target == EVERY_YEAR else "")
            for name, target in zip(table["estimator"], table["target"], strict=True)
        ],
        kind=[ESTIMATORS[name].kind for name in table["estimator"]],
        documented=table["estimator"] == DOCUMENTED,
        aim=table["target"].map(TARGETS),
        meaning=[SCENARIOS[name].meaning for name in table["scenario"]],
    )


def grid(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one figure of a scoreboard, estimators down and scenarios across, both in their order.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard for one outcome and one clustering.
    value : str
        Which column.
    """
    wide = table.set_index(["label", "scenario"])[value].unstack()  # noqa: PD010  (keeps rows without any figure)
    return wide.loc[list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["scenario"]))]


def bias_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return biases with the 95% interval that the number of countries leaves them: ``estimate, ci_low, ci_high``."""
    found = table.dropna(subset=["bias"])
    low, high = interval(found["bias"], found["bias_mc_error"])
    return found.assign(estimate=found["bias"], ci_low=low, ci_high=high)


def _score(part: pd.DataFrame) -> dict[str, float | int | str]:
    """Return the figures of one estimator in one scenario."""
    errors = part.loc[part["error"] != "", "error"]
    found = part[part["error"] == ""]
    scores: dict[str, float | int | str] = {
        "seeds": len(part),
        "failed_share": len(errors) / len(part),
        "commonest_error": commonest(errors),
    }
    count = len(found)
    if not count:
        return scores
    gap, whole = (found["estimate"] - found["truth"]).to_numpy(), found["whole"].to_numpy()
    return (
        scores
        | score(found)
        | {
            "stopped_share": float(found["stopped"].astype(bool).mean()),
            "treated_mean": float(found["treated_count"].mean()),
            "rmse": float(np.sqrt((gap**2).mean())),
            "coverage_of_mean_truth": float(holds(found, found["mean_truth"].to_numpy()).mean()),
            "whole": float(whole.mean()),
            "bias_whole": float((found["estimate"] - whole).mean()),
            "coverage_whole": float(holds(found, whole).mean()),
        }
    )
