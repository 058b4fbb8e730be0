"""Estimates meet their truth: bias, errors, coverage, size and power of each estimator in each scenario."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from buurteffect.errors import ProjectError
from buurteffect.estimate.core.intervals import critical_value

INTERVAL = ["estimate", "ci_low", "ci_high"]


@dataclass(frozen=True)
class Summary:
    """How the estimates of many countries are summed up.

    Attributes
    ----------
    keys : tuple of str
        Columns that identify an estimate within a country.
    truth : tuple of str
        Columns by which an estimate finds its true value; where one is empty there is none.
    beside : tuple of str
        Columns that are the same in all countries and stay beside the keys.
    together : tuple of str
        Columns of estimates that are refused together, for the same reason.
    reason : str
        Column that says why there is no estimate.
    more : callable
        (estimates with their ``truth``, all rows of the estimator) to further figures.
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
        """Return how each estimator does; figures as of `score`.

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
            Hash of the code by scenario.

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
                reason = most_common(cells.loc[silent & (cells["error"] != ""), self.reason])
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


def score(found: pd.DataFrame) -> dict[str, float | int]:
    r"""Return how far estimates lie from the truth, and how often their intervals hold it, and hold 0.

    `found` has one row per country, at least one: ``estimate, std_error, ci_low, ci_high, truth``. With
    :math:`d = \hat\theta - \theta` in S countries: mean ``truth``; ``bias`` :math:`\bar d`; ``bias_mc_error``
    :math:`sd(d) / \sqrt S`; ``error_sd`` :math:`sd(d)`; ``std_error``, the mean of the reported ones; ``coverage``, the
    share of intervals that hold the truth, and ``rejected``, the share that do not hold 0, each with its exact band
    (``_low``, ``_high``).
    """
    count, truth = len(found), found["truth"].to_numpy(dtype=float)
    gap = found["estimate"].to_numpy(dtype=float) - truth
    spread = float(gap.std(ddof=1)) if count > 1 else np.nan
    scores: dict[str, float | int] = {
        "truth": float(truth.mean()),
        "bias": float(gap.mean()),
        "bias_mc_error": spread / np.sqrt(count),
        "error_sd": spread,
        "std_error": float(found["std_error"].mean()),
    }
    for name, hits in (("coverage", holds(found, truth)), ("rejected", ~holds(found, np.zeros(count)))):
        low, high = exact_band(int(hits.sum()), count)
        scores |= {name: float(hits.mean()), f"{name}_low": low, f"{name}_high": high}
    return scores


def holds(found: pd.DataFrame, value: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which intervals hold a value."""
    low, high = found["ci_low"].to_numpy(dtype=float), found["ci_high"].to_numpy(dtype=float)
    return np.asarray((low <= value) & (value <= high))


def exact_band(hits: int, count: int, alpha: float = 0.05) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper & Pearson 1934, doi:10.1093/biomet/26.4.404).

    Examples
    --------
    >>> [round(end, 3) for end in exact_band(190, 200)]
    [0.91, 0.976]
    """
    low = float(stats.beta.ppf(alpha / 2, hits, count - hits + 1)) if hits else 0.0
    high = float(stats.beta.ppf(1 - alpha / 2, hits + 1, count - hits)) if hits < count else 1.0
    return low, high


def most_common(texts: pd.Series) -> str:
    """Return the most common text, the first in order among equals; an empty text where there is none."""
    return "" if texts.empty else str(texts.value_counts().sort_index().idxmax())


def grid(table: pd.DataFrame, value: str) -> pd.DataFrame:
    """Return one figure (column `value`) of a scoreboard, estimators down and scenarios across, both in their order.

    No estimator (``label``) may stand twice in a scenario.
    """
    wide = table.set_index(["label", "scenario"])[value].unstack()  # noqa: PD010  (keeps rows without any figure)
    return wide.loc[list(dict.fromkeys(table["label"])), list(dict.fromkeys(table["scenario"]))]


def bias_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return biases with their 95% Monte Carlo interval: ``estimate, ci_low, ci_high``."""
    found = table.dropna(subset=["bias"])
    reach = critical_value(0.05) * found["bias_mc_error"]
    return found.assign(estimate=found["bias"], ci_low=found["bias"] - reach, ci_high=found["bias"] + reach)


def coverage_intervals(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverages with their exact band: ``estimate, ci_low, ci_high``."""
    found = table.dropna(subset=["coverage"])
    return found.assign(estimate=found["coverage"], ci_low=found["coverage_low"], ci_high=found["coverage_high"])
