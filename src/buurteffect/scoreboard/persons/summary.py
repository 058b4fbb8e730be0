"""Estimates on persons meet their truth: bias, errors and coverage of each headline estimator in each scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import Project, writing
from buurteffect.scoreboard.persons.assumptions import HEADLINES, RUNS, SEEDS, condition_of
from buurteffect.scoreboard.persons.run import FIRST_SEED, SCENARIOS, SIZE
from buurteffect.scoreboard.scoring import commonest, score
from buurteffect.scoreboard.simulations import Cell, read_cells, read_truths
from buurteffect.synthetic.world import scenarios

STORED = "docs/people_scoreboard.csv"
"""The scoreboard of persons that the page shows, kept with the code; relative to the checkout."""

_KEYS = ["scenario", "page", "estimator", "truth_name", "valid"]
SUMMARY_COLUMNS = (
    *_KEYS, "size", "code", "seeds", "failed_share", "scored", "truth", "bias", "bias_mc_error", "error_sd",
    "std_error", "coverage", "coverage_low", "coverage_high", "rejected", "rejected_low", "rejected_high",
    "equivalent_share", "commonest_error",
)  # fmt: skip
"""Columns of the summary, as `summarise_people` explains them."""

_WORDS = {
    "log_income": "mean log income", "low_income_share": "low incomes", "low_income": "low incomes",
    "in_situ": "stayers", "liveability_score": "score",
}  # fmt: skip
_GROUPS = {"low": "low incomes", "all": "all"}
_EXIT = re.compile(r"excess_exit_(?P<unit>\w+?)_(?P<group>low|all)_\d+, by (?P<cluster>\w+)")


def summarise_people(
    estimates: pd.DataFrame, truths: pd.DataFrame, size: str, codes: Mapping[str, str]
) -> pd.DataFrame:
    """Return how each headline estimator does; figures as of `scored.score`.

    Parameters
    ----------
    estimates : DataFrame
        One row per scenario, seed, page and estimator: ``scenario, seed`` and `people_cells.RESULT_NAMES`.
    truths : DataFrame
        One row per scenario, seed and ``truth_name``: ``truth``.
    size : str
        Size of the countries.
    codes : mapping of str to str
        Scenario to the hash of what made its figures.

    Returns
    -------
    DataFrame
        `SUMMARY_COLUMNS`, one row per scenario, page and estimator that has a truth and is run there: ``valid``,
        whether its assumptions hold by the country's making;
        ``seeds`` run; ``failed_share`` of them without an estimate or an
        interval, with the ``commonest_error`` of its page there; ``scored`` countries with an estimate and a truth; of
        these the mean ``truth``, ``bias, bias_mc_error, error_sd`` (spread of the estimate around the truth),
        ``std_error`` (mean of the reported ones), ``coverage``, the share of 95% intervals that hold the country's
        truth, and ``rejected``, the share that do not hold 0, each with its exact binomial 95% band;
        ``equivalent_share``, the share in which the estimate was shown to be too small to matter, where that is tested.

    Raises
    ------
    ProjectError
        If an estimate names a truth that does not exist, or stands twice in a cell.
    """
    named = estimates.assign(truth_name=estimates["truth_name"].astype(object).fillna(""))
    heard = named[named["truth_name"] != ""]
    joined = heard.merge(truths, on=["scenario", "seed", "truth_name"], how="left", indicator="known")
    if (joined["known"] != "both").any():
        raise ProjectError("an estimate of the scoreboard of persons has no truth: remove the cells, and run it anew")
    if joined.duplicated(["scenario", "seed", "page", "estimator"]).any():
        raise ProjectError("an estimator stands twice in a cell of the scoreboard of persons: remove the cells")
    rows = []
    for scenario, cells in named.groupby("scenario", sort=False):
        seeds = set(cells["seed"])
        for key in _asked(cells).itertuples(index=False, name=None):
            own = (joined["scenario"] == scenario) & (joined["page"] == key[0]) & (joined["estimator"] == key[1])
            found = joined[own & joined[["estimate", "ci_low", "ci_high"]].notna().all(axis=1)]
            silent = cells["seed"].isin(seeds - set(found["seed"])) & (cells["page"] == key[0])
            said = cells.loc[silent & (cells["error"] != ""), "message"]
            row = dict(zip(_KEYS, (scenario, *key), strict=True))
            rows.append(row | _score(found, len(seeds)) | {"commonest_error": commonest(said)})
    table = pd.DataFrame(rows)
    return table.assign(size=size, code=table["scenario"].map(codes)).reindex(columns=list(SUMMARY_COLUMNS))


def _asked(cells: pd.DataFrame) -> pd.DataFrame:
    """Return what was asked for in a scenario: estimators with a truth, and groups that refused in every country."""
    heard = cells[cells["truth_name"] != ""]
    mute = cells[(cells["truth_name"] == "") & (cells["error"] != "")]
    times = mute.groupby(["page", "estimator"])["seed"].transform("nunique")
    return pd.concat([heard, mute[times == cells["seed"].nunique()]])[_KEYS[1:]].drop_duplicates()


def store_people_scoreboard(project: Project, cells: Sequence[Cell], out: Path | None = None) -> Path:
    """Summarise the cells that are done, and return where the summary is.

    Parameters
    ----------
    project : Project
        The checkout.
    cells : sequence of Cell
        As `people_cells_of` returns them.
    out : Path, optional
        Where to write. Left out, a full scoreboard takes the place of the stored one, and any other goes to the
        folder of cells.
    """
    last = {name: max((cell.seed for cell in cells if cell.scenario == name), default=0) for name in SCENARIOS}
    full = {cell.size for cell in cells} == {SIZE} and all(cell.done for cell in cells)
    full &= all(last[name] >= FIRST_SEED + SEEDS[name] - 1 for name in SCENARIOS)
    path = out or (project.root / STORED if full else cells[0].folder / "summary.csv")
    codes = {cell.scenario: cell.key for cell in cells}
    table = summarise_people(read_cells(cells), read_truths(cells), cells[0].size, codes)
    with writing(path) as aside:
        table.to_csv(aside, index=False, float_format="%.4g", lineterminator="\n")
    return path


def read_people_scoreboard(path: Path | None = None) -> pd.DataFrame:
    """Return the stored summary, with the estimators' names in words.

    Parameters
    ----------
    path : Path, optional
        Another file than the stored one.

    Returns
    -------
    DataFrame
        `SUMMARY_COLUMNS`, then ``label`` (the estimator in words), ``meaning`` of the scenario, ``run`` (the families
        of estimators run in it), ``headline`` (what its page calls the row, empty if it is none) and ``why`` (the
        argument on where its assumptions hold).

    Raises
    ------
    ProjectError
        If the file is not there.
    DataError
        If it lacks a column, or names a scenario that is unknown.
    """
    project = Project.find()
    file = path or project.root / STORED
    if not file.is_file():
        raise ProjectError(f"{project.show(file)} is not there: run buurteffect people-scoreboard")
    table = pd.read_csv(file)
    if not (set(table.columns) >= set(SUMMARY_COLUMNS) and set(table["scenario"]) <= set(scenarios.SCENARIOS)):
        raise DataError(
            project.show(file),
            found="columns or scenarios that this version does not have",
            expected=", ".join(SUMMARY_COLUMNS),
            action="run buurteffect people-scoreboard",
        )
    words = {name: table[name].astype(object).fillna("") for name in ("truth_name", "commonest_error")}
    return table.assign(
        **words,
        label=[in_words(name) for name in table["estimator"]],
        meaning=[scenarios.SCENARIOS[name].meaning for name in table["scenario"]],
        run=[", ".join(RUNS.get(name, ("all",))) for name in table["scenario"]],
        headline=[HEADLINES.get(key, "") for key in zip(table["page"], table["estimator"], strict=True)],
        why=[_why(*key) for key in zip(table["page"], table["estimator"], strict=True)],
    )


def in_words(estimator: str) -> str:
    """Return an estimator's name as a page prints it.

    Examples
    --------
    >>> in_words("excess_exit_buurt_low_7, by gemeente")
    'excess exit, buurt, low incomes, errors by gemeente'
    >>> in_words("low_income, in_situ")
    'low incomes, stayers'
    """
    match = _EXIT.fullmatch(estimator)
    if match:
        return f"excess exit, {match['unit']}, {_GROUPS[match['group']]}, errors by {match['cluster']}"
    for name, words in _WORDS.items():
        estimator = estimator.replace(name, words)
    return estimator


def _why(page: str, estimator: str) -> str:
    """Return the argument on where an estimator's assumptions hold."""
    condition = condition_of(page, estimator)
    return "" if condition is None else condition.why


def _score(found: pd.DataFrame, seeds: int) -> dict[str, float | int]:
    """Return the figures of one estimator in one scenario."""
    scores: dict[str, float | int] = {"seeds": seeds, "failed_share": 1 - len(found) / seeds}
    scored = found[found["truth"].notna()]
    count = len(scored)
    scores["scored"] = count
    if not count:
        return scores
    return scores | score(scored) | {"equivalent_share": float(scored["equivalent"].mean())}
