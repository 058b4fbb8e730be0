"""Exact matching on cells, and how concentrated arrivals are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers
from buurteffect.estimate.inference.sandwich import cluster_std_error
from buurteffect.estimate.sample.estimation_sample import Truths


def matched_difference(
    frame: pd.DataFrame,
    treated: str,
    outcome: str,
    cells: Sequence[str],
    cluster: str,
    alpha: float = 0.05,
) -> EffectEstimate:
    r"""Compare two groups by exact matching on cells, weighted as the treated lie in them.

    .. math:: Q = Σ_c n_{1c} (ȳ_{1c} - ȳ_{0c}) / Σ_c n_{1c}

    Iacus, King & Porro (2012), doi:10.1093/pan/mpr013. The error adds up the influence of every row by cluster.
    Treated rows in cells without anybody to compare with are left out and counted.

    Parameters
    ----------
    frame : DataFrame
        One row per household. Rows without outcome are left out and counted.
    treated, outcome, cluster : str
        Columns: whether in the first group, what is compared, and what errors are grouped by.
    cells : sequence of str
        Columns whose values together make a cell.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        One row, with ``mean_treated`` and ``mean_matched`` as remarks.

    Raises
    ------
    NoComparisonError
        If no cell holds both.
    """
    require_numbers(frame, (treated, outcome), "table of households")
    require(frame, (*cells, cluster), "table of households")
    known = frame[frame[outcome].notna()]
    cell = known.groupby(list(cells), sort=False).ngroup().to_numpy()
    who, values = known[treated].to_numpy(dtype=bool), known[outcome].to_numpy(dtype=float)
    weight = matching_weights(cell, who)
    used = weight > 0
    if not used.any():
        raise NoComparisonError(f"no {' × '.join(cells)} holds both groups: take coarser cells")
    unmatched = int((who & ~used).sum())
    cell, who, values, weight = cell[used], who[used], values[used], weight[used]
    total = float(who.sum())
    mean_treated, mean_matched = float(values[who].mean()), float((weight * values)[~who].sum() / total)
    gap = mean_treated - mean_matched
    others = np.bincount(cell[~who])
    matched_mean = np.bincount(cell[~who], weights=values[~who]) / np.maximum(others, 1)
    influence = np.where(who, values - matched_mean[cell] - gap, -weight * (values - matched_mean[cell])) / total
    codes = pd.factorize(known.loc[used, cluster])[0]
    number, treated_clusters = int(codes.max()) + 1, len(np.unique(codes[who]))
    if treated_clusters < 2:
        raise EstimationError(f"all of the first group are in one {cluster}: there is no error to be had")
    dropped = [("rows without the outcome", len(frame) - len(known)), ("of the first group without a match", unmatched)]
    return EffectEstimate.of(
        [outcome],
        [gap],
        [cluster_std_error(influence, codes, count=treated_clusters)],
        method=f"difference of means within cells of {' × '.join(cells)}, weighted as the first group lies in them",
        convention=f"influence summed by {cluster} ({number}); t with {treated_clusters - 1} degrees of freedom",
        units_count=len(values),
        treated_count=int(total),
        clusters_count=treated_clusters,
        totals=(len(values), number, int(total)),
        alpha=alpha,
        degrees=treated_clusters - 1,
        remarks={"mean_treated": mean_treated, "mean_matched": mean_matched},
        dropped=[(what, count) for what, count in dropped if count],
    )


def matching_weights(cells: Integers, treated: Truths) -> Floats:
    """Return weights that give the untreated the cells of the treated, whose own is 1; 0 in cells without either.

    Parameters
    ----------
    cells : ndarray of int
        Code of the cell of each row, from 0.
    treated : ndarray of bool
        Who is treated.

    Examples
    --------
    >>> matching_weights(np.array([0, 0, 0, 1]), np.array([True, False, False, True]))
    array([1. , 0.5, 0.5, 0. ])
    """
    size = int(cells.max(initial=-1)) + 1
    ones, others = np.bincount(cells[treated], minlength=size), np.bincount(cells[~treated], minlength=size)
    ratio = np.where((ones > 0) & (others > 0), ones / np.maximum(others, 1), 0.0)
    return np.where(treated, (others > 0)[cells].astype(float), ratio[cells])


def concentration(flows: pd.DataFrame) -> float:
    """Return how concentrated arrivals are: the chance that two who left one place arrive in the same other one.

    The Herfindahl index of destinations within each origin, without the bias of small counts (pairs of different
    households), origins weighted by their pairs.

    Parameters
    ----------
    flows : DataFrame
        One row per pair of places: ``origin_code, area_code, households_count``.

    Examples
    --------
    >>> concentration(pd.DataFrame({"origin_code": ["a", "a"], "area_code": ["b", "c"], "households_count": [2, 2]}))
    0.3333333333333333
    """
    require_numbers(flows, ("households_count",), "table of flows")
    require(flows, ("origin_code", "area_code"), "table of flows")
    count = flows["households_count"].to_numpy(dtype=float)
    total = flows["households_count"].groupby(flows["origin_code"]).sum().to_numpy(dtype=float)
    pairs = float((total * (total - 1)).sum())
    return float((count * (count - 1)).sum() / pairs) if pairs else float("nan")
