"""Exact matching on cells, and how concentrated arrivals are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.sandwich import cluster_std_error


def matched_difference(
    frame: pd.DataFrame,
    treated: str,
    outcome: str,
    cells: Sequence[str],
    cluster: str,
    label: str = "",
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
    label : str
        Name of the row; the outcome if left out.
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
    known = frame[frame[outcome].notna()]
    cell = known.groupby(list(cells), sort=False).ngroup().to_numpy()
    who, values = known[treated].to_numpy(dtype=bool), known[outcome].to_numpy(dtype=float)
    size = int(cell.max(initial=-1)) + 1
    ones = np.bincount(cell[who], minlength=size)
    others = np.bincount(cell[~who], minlength=size)
    both = (ones > 0) & (others > 0)
    if not both.any():
        raise NoComparisonError(f"no {' × '.join(cells)} holds both groups: take coarser cells")
    used = both[cell]
    unmatched = int((who & ~used).sum())
    cell, who, values = cell[used], who[used], values[used]
    weight = np.where(who, 1.0, ones[cell] / np.maximum(others[cell], 1))
    total = float(who.sum())
    mean_treated, mean_matched = float(values[who].mean()), float((weight * values)[~who].sum() / total)
    gap = mean_treated - mean_matched
    matched_mean = np.bincount(cell[~who], weights=values[~who], minlength=size) / np.maximum(others, 1)
    influence = np.where(who, values - matched_mean[cell] - gap, -weight * (values - matched_mean[cell])) / total
    codes = pd.factorize(known.loc[used, cluster])[0]
    number, treated_clusters = int(codes.max()) + 1, len(np.unique(codes[who]))
    if treated_clusters < 2:
        raise EstimationError(f"all of the first group are in one {cluster}: there is no error to be had")
    dropped = [("rows without the outcome", len(frame) - len(known)), ("of the first group without a match", unmatched)]
    return EffectEstimate.of(
        [label or outcome],
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
    count = flows["households_count"].to_numpy(dtype=float)
    total = flows["households_count"].groupby(flows["origin_code"]).sum().to_numpy(dtype=float)
    pairs = float((total * (total - 1)).sum())
    return float((count * (count - 1)).sum() / pairs) if pairs else float("nan")
