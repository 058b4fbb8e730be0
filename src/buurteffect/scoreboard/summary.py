"""Estimates meet their truth: bias, errors, coverage, size and power of each estimator in each scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.scoreboard.score import commonest, score

INTERVAL = ["estimate", "ci_low", "ci_high"]


@dataclass(frozen=True)
class Summary:
    """How the estimates of many countries are summed up.

    Attributes
    ----------
    keys : tuple of str
        Columns that tell one estimate of a country from another.
    truth : tuple of str
        Columns by which an estimate finds its true value; where one is empty there is none.
    beside : tuple of str
        Columns that are the same in all countries, and stay beside the keys.
    together : tuple of str
        Columns whose estimates refuse together: the reasons of one are those of all.
    reason : str
        Column that says why there is no estimate.
    more : callable
        Estimates with their ``truth``, and all rows of the estimator, in; further figures out.
    columns : tuple of str
        Columns of the summary.
    """

    keys: tuple[str, ...]
    truth: tuple[str, ...]
    beside: tuple[str, ...]
    together: tuple[str, ...]
    reason: str
    more: Callable[[pd.DataFrame, pd.DataFrame], Mapping[str, float]]
    columns: tuple[str, ...]

    def of(self, estimates: pd.DataFrame, truths: pd.DataFrame, size: str, codes: Mapping[str, str]) -> pd.DataFrame:
        """Return how each estimator does; figures as of `score.score`.

        Parameters
        ----------
        estimates : DataFrame
            One row per scenario, seed and estimate: ``scenario, seed``, the keys, ``estimate, std_error, ci_low,
            ci_high, error, message``.
        truths : DataFrame
            One row per scenario, seed and true value: ``truth``.
        size : str
            Size of the countries.
        codes : mapping of str to str
            Scenario to the hash of what made its figures.

        Returns
        -------
        DataFrame
            `columns`, one row per scenario and estimate that has a truth, or that was refused in every country:
            ``seeds`` run; ``failed_share`` of them without an estimate or an interval, with their
            ``commonest_error``; ``scored`` countries with an estimate and a truth, and the figures of these.

        Raises
        ------
        ProjectError
            If an estimate has no truth, or stands twice in a cell.
        """
        keys, truth = list(self.keys), list(self.truth)
        named = estimates.assign(**{name: estimates[name].astype(object).fillna("") for name in truth})
        has_truth = (named[truth] != "").all(axis=1)
        on = ["scenario", "seed", *truth]
        joined = named[has_truth].merge(truths, on=on, how="left", indicator="known", validate="many_to_one")
        if (joined["known"] != "both").any():
            raise ProjectError("an estimate of the scoreboard has no truth: remove the cells, and run it anew")
        if joined.duplicated(["scenario", "seed", *keys]).any():
            raise ProjectError("an estimator stands twice in a cell of the scoreboard: remove the cells, run it anew")
        rows = []
        for scenario, cells in named.groupby("scenario", sort=False):
            own, count = joined[joined["scenario"] == scenario], cells["seed"].nunique()
            for row in self._estimators(cells).to_dict("records"):
                part = own[_alike(own, row, self.keys)]
                found = part[(part["error"] == "") & part[INTERVAL].notna().all(axis=1)]
                silent = _alike(cells, row, self.together) & ~cells["seed"].isin(found["seed"])
                reason = commonest(cells.loc[silent & (cells["error"] != ""), self.reason])
                scored = found[found["truth"].notna()]
                figures = {"seeds": count, "failed_share": 1 - len(found) / count, "scored": len(scored)}
                if len(scored):
                    figures |= score(scored) | dict(self.more(scored, part))
                rows.append({"scenario": scenario, **row, **figures, "commonest_error": reason})
        table = pd.DataFrame(rows)
        return table.assign(size=size, code=table["scenario"].map(codes)).reindex(columns=list(self.columns))

    def _estimators(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return the estimates with a truth in the cells of a scenario, and groups refused in every country."""
        has_truth = (cells[list(self.truth)] != "").all(axis=1)
        refused = cells[~has_truth & (cells["error"] != "")]
        times = refused.groupby(list(self.keys))["seed"].transform("nunique")
        both = pd.concat([cells[has_truth], refused[times == cells["seed"].nunique()]])
        return both[[*self.keys, *self.beside]].drop_duplicates()


def _alike(table: pd.DataFrame, row: Mapping[str, object], names: tuple[str, ...]) -> pd.Series:
    """Return which rows have the values of a row in some columns."""
    return (table[list(names)] == [row[name] for name in names]).all(axis=1)


def grid(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one figure of a scoreboard, estimators down and scenarios across, both in their order.

    Parameters
    ----------
    table : DataFrame
        Rows of the scoreboard in which no estimator stands twice in a scenario: ``label, scenario``.
    value : str
        Which column.
    """
    wide = table.set_index(["label", "scenario"])[value].unstack()  # noqa: PD010  (keeps rows without any figure)
    return wide.loc[list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["scenario"]))]


def bias_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return biases with the 95% interval that the number of countries leaves them: ``estimate, ci_low, ci_high``."""
    found = table.dropna(subset=["bias"])
    reach = critical_value(0.05) * found["bias_mc_error"]
    return found.assign(estimate=found["bias"], ci_low=found["bias"] - reach, ci_high=found["bias"] + reach)
