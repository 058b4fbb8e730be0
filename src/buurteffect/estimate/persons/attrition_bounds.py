"""Lee (2009) bounds on the effect on always-stayers, where staying is itself an outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import brentq

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import least_squares
from buurteffect.estimate.core.intervals import critical_value
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.persons.matching import matching_weights
from buurteffect.estimate.persons.residents import TREATED, ResidentDesign, compare_rows
from buurteffect.estimate.sample.estimation_sample import Truths


@dataclass(frozen=True)
class LeeBounds:
    """Bounds on the mean effect on those who stay with and without treatment.

    Attributes
    ----------
    low, high : float
        Bounds.
    std_error_low, std_error_high : float
        Their errors, clustered.
    ci_low, ci_high : float
        Interval for the effect itself, which lies somewhere between the bounds (Imbens & Manski 2004,
        doi:10.1111/j.1468-0262.2004.00555.x).
    naive : float
        Difference of stayers as they are.
    treated_share, others_share : float
        Share that stayed, the others weighted to the cells of the treated.
    trimmed_share : float
        Share of the stayers of the group in which more stayed that is left out at either end.
    treated_count, others_count, clusters_count : int
        Residents, treated and others, and clusters.
    """

    low: float
    high: float
    std_error_low: float
    std_error_high: float
    ci_low: float
    ci_high: float
    naive: float
    treated_share: float
    others_share: float
    trimmed_share: float
    treated_count: int
    others_count: int
    clusters_count: int

    def table(self) -> pd.DataFrame:
        """Return the bounds as rows: ``term, estimate, ci_low, ci_high, treated_count``."""
        rows = [
            ("lower bound", self.low, np.nan, np.nan),
            ("upper bound", self.high, np.nan, np.nan),
            ("interval for the effect on those who stay either way", np.nan, self.ci_low, self.ci_high),
            ("stayers as they are, no effect", self.naive, np.nan, np.nan),
        ]
        table = pd.DataFrame(rows, columns=["term", "estimate", "ci_low", "ci_high"])
        return table.assign(treated_count=self.treated_count)


def lee_bounds(
    frame: pd.DataFrame, outcome: str, stayed: str, design: ResidentDesign | None = None, base: str | None = None
) -> LeeBounds:
    r"""Return Lee bounds of the effect on always-stayers (Lee 2009, doi:10.1111/j.1467-937X.2009.00536.x).

    Treatment is taken to move stayers one way only. Where fewer treated residents stay, with shares p_1 < p_0, the
    others' stayers hold a share q = (p_0 - p_1)/p_0 who would have left if treated; leaving out that share of them
    with the highest, or lowest, figures bounds the mean of the rest. Figures are net of what a regression on what is
    known at the base explains among stayers, others are weighted to the treated ones' cells, and errors come from the
    influence of every resident, summed within clusters; weights and regression count as known.

    Parameters
    ----------
    frame, outcome, design, base
        As of `resident_effect`.
    stayed : str
        Column that is 1 for those who stay, 0 or missing for others.

    Raises
    ------
    EstimationError
        If nobody stays in one of the groups.
    """
    design = design or ResidentDesign()
    require_numbers(frame, (outcome, stayed), "table of residents")
    require(frame, ("cohort", "person", TREATED, *design.cells, design.cluster), "table of residents")
    stays = frame[stayed].to_numpy(dtype=float) == 1.0
    staying = frame[stays & frame[outcome].notna().to_numpy()].reset_index(drop=True)
    rows = compare_rows(staying, outcome, design, base)
    slopes = least_squares(rows.regressors, rows.outcome)
    # Net of what is given but not of treatment: its slope is left in.
    net = rows.outcome - rows.regressors[:, 1:] @ slopes[1:]
    key = ["cohort", "person"]
    place = pd.MultiIndex.from_frame(frame[key]).get_indexer(pd.MultiIndex.from_frame(rows.frame[key]))
    figure, used = np.zeros(len(frame)), np.zeros(len(frame), dtype=bool)
    figure[place], used[place] = net, True
    cells = frame.groupby(list(design.cells), observed=True, sort=True).ngroup().to_numpy().astype(np.int64)
    treated = frame[TREATED].to_numpy(dtype=bool)
    weight = matching_weights(cells, treated) * np.isin(cells, np.unique(cells[used]))
    clusters = pd.factorize(frame[design.cluster])[0]
    return _bounds(figure, used, treated, weight, clusters, design.alpha)


def _bounds(
    figure: Floats, stays: Truths, treated: Truths, weight: Floats, clusters: NDArray[np.int64], alpha: float
) -> LeeBounds:
    """Return the bounds of one outcome."""
    groups = {one: (treated == one) & (weight > 0) for one in (True, False)}
    if any(not (stays & group).any() for group in groups.values()):
        raise EstimationError("nobody stays among the treated or among the others: there are no stayers to bound")
    share = {one: float(np.average(stays[group], weights=weight[group])) for one, group in groups.items()}
    more = share[True] >= share[False]
    kept = min(share[not more] / share[more], 1.0)
    # The influence of a resident on each share, on the mean of the group left whole, and on the trimmed means.
    psi = {one: _influence(stays.astype(float), share[one], groups[one], weight) for one in groups}
    ratio = kept * (psi[not more] / share[not more] - psi[more] / share[more])
    whole, psi_whole = _mean(figure, stays & groups[not more], weight)
    ends = [_trimmed(figure, stays & groups[more], weight, kept, ratio, top) for top in (False, True)]
    sign = 1.0 if more else -1.0
    found = sorted(
        ((sign * (mean - whole), _error(sign * (psi_mean - psi_whole), clusters)) for mean, psi_mean in ends),
        key=lambda pair: pair[0],
    )
    (low, error_low), (high, error_high) = found
    count = len(np.unique(clusters[weight > 0]))
    reach = _imbens_manski(high - low, max(error_low, error_high), alpha, count - 1)
    naive = _mean(figure, stays & groups[True], weight)[0] - _mean(figure, stays & groups[False], weight)[0]
    return LeeBounds(
        *(low, high, error_low, error_high, low - reach * error_low, high + reach * error_high, naive),
        *(share[True], share[False], 1 - kept, int(groups[True].sum()), int(groups[False].sum()), count),
    )


def _influence(values: Floats, mean: float, group: Truths, weight: Floats) -> Floats:
    """Return the influence of every resident on a weighted mean over a group."""
    used = weight * group
    return np.asarray(used * (values - mean) / used.sum())


def _mean(figure: Floats, group: Truths, weight: Floats) -> tuple[float, Floats]:
    """Return a weighted mean and the influence of every resident on it."""
    mean = float(np.average(figure[group], weights=weight[group]))
    return mean, _influence(figure, mean, group, weight)


def _trimmed(
    figure: Floats, group: Truths, weight: Floats, kept: float, ratio: Floats, top: bool
) -> tuple[float, Floats]:
    """Return the mean of the share of a group with the highest, or lowest, figures, and its influence."""
    if kept >= 1.0:
        return _mean(figure, group, weight)
    signed = figure if top else -figure
    rows = np.flatnonzero(group)
    order = rows[np.argsort(-signed[rows], kind="stable")]
    total = np.cumsum(weight[order])
    edge = int(np.searchsorted(total, kept * total[-1]))
    cut = signed[order[min(edge, len(order) - 1)]]
    above = np.where(group, np.maximum(signed - cut, 0.0), 0.0)
    used = weight * group
    excess = float(used @ above / used.sum())
    mean = cut + excess / kept
    psi = used * (above - excess) / used.sum() / kept + (cut - mean) / kept * ratio
    return (mean, psi) if top else (-mean, -psi)


def _error(psi: Floats, clusters: NDArray[np.int64]) -> float:
    """Return the clustered error of an estimate from the influence of every resident."""
    number = len(np.unique(clusters[psi != 0]))
    return float(np.sqrt(cluster_covariance(psi, clusters, correct=number > 1, count=number)[0, 0]))


def _imbens_manski(width: float, error: float, alpha: float, degrees: int) -> float:
    """Return the number of errors by which bounds are widened so that the effect itself is held with 1 − α."""
    if error == 0:
        return 0.0
    low, high = critical_value(2 * alpha, degrees), critical_value(alpha, degrees)

    def miss(reach: float) -> float:
        held = stats.t.cdf(reach + width / error, degrees) - stats.t.cdf(-reach, degrees)
        return float(held - (1 - alpha))

    return high if miss(high) <= 0 else low if miss(low) >= 0 else float(brentq(miss, low, high))
