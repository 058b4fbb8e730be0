"""Who leaves whom: how much more often households unlike their neighbours go, within the same place and year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import check_regressors
from buurteffect.estimate.core.result import EffectEstimate, effect_frame
from buurteffect.estimate.core.within import demean


def departure_ratios(
    frame: pd.DataFrame,
    left: str,
    traits: Mapping[str, str],
    controls: Sequence[str],
    cells: Sequence[str],
    cluster: str,
    alpha: float = 0.05,
) -> EffectEstimate:
    r"""Return how many times as often a household leaves whose trait is one standard deviation larger.

    A linear regression of leaving on standardised traits and dummies of the controls, with an effect of each cell
    (place and year); a coefficient over the mean hazard, plus one, is the ratio. Errors are clustered.

    Parameters
    ----------
    frame : DataFrame
        One row per household and year.
    left : str
        Column of truth values: whether it leaves in the year.
    traits : mapping of str to str
        Column to its name in the table.
    controls : sequence of str
        Columns whose values each get a dummy.
    cells, cluster : str
        Columns that make a cell, and the one that errors are grouped by.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        One row per trait: the ratio, 1 for no relation.

    Raises
    ------
    EstimationError
        If a trait does not vary within cells.
    """
    known = frame[frame[list(traits)].notna().all(axis=1)]
    values = known[list(traits)].to_numpy(dtype=float)
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    dummies = pd.get_dummies(known[list(controls)].astype("category"), drop_first=True).to_numpy(dtype=float)
    codes = known.groupby(list(cells), sort=False).ngroup().to_numpy()
    gone = known[left].to_numpy(dtype=float)
    swept = demean(np.column_stack([gone, values, dummies]), codes)
    names = (*traits.values(), *(f"control {place}" for place in range(dummies.shape[1])))
    check_regressors(names, swept[:, 1:], np.column_stack([values, dummies]))
    explained, rest = swept[:, 1:], swept[:, 0]
    bread = np.linalg.inv(explained.T @ explained)
    beta = bread @ explained.T @ rest
    error = rest - explained @ beta
    groups = pd.factorize(known[cluster])[0]
    number = int(groups.max()) + 1
    if number < 2:
        raise EstimationError(f"all households are in one {cluster}: there is no error to be had")
    sums = np.column_stack([np.bincount(groups, weights=column * error, minlength=number) for column in explained.T])
    covariance = number / (number - 1) * bread @ (sums.T @ sums) @ bread
    size = len(traits)
    mean = gone.mean()
    ratio, spread = 1 + beta[:size] / mean, np.sqrt(np.diag(covariance)[:size]) / mean
    table = effect_frame(
        list(traits.values()),
        ratio,
        spread,
        units_count=len(known),
        treated_count=int(gone.sum()),
        clusters_count=number,
        alpha=alpha,
        degrees=number - 1,
    )
    table["p_value"] = effect_frame(
        list(traits.values()), ratio - 1, spread, units_count=0, treated_count=0, clusters_count=0, degrees=number - 1
    )["p_value"]
    lost = len(frame) - len(known)
    return EffectEstimate(
        table,
        f"linear regression of leaving on standardised traits, effects of {' × '.join(cells)}, over the mean hazard",
        f"clustered by {cluster} ({number}); t with {number - 1} degrees of freedom",
        len(known),
        number,
        (("rows with an unknown trait", lost),) if lost else (),
        treated_count=int(gone.sum()),
        software="own code",
        degrees=number - 1,
    )


def clustered_mean(frame: pd.DataFrame, column: str, cluster: str, label: str, alpha: float = 0.05) -> EffectEstimate:
    """Return a mean with its error clustered.

    Parameters
    ----------
    frame : DataFrame
        One row per household; rows without the column are left out and counted.
    column, cluster : str
        What is averaged, and what errors are grouped by.
    label : str
        Name of the row.
    alpha : float
        One minus the confidence level.

    Raises
    ------
    EstimationError
        If fewer than two clusters have a value.
    """
    known = frame[frame[column].notna()]
    codes = pd.factorize(known[cluster])[0]
    number = int(codes.max(initial=-1)) + 1
    if number < 2:
        raise EstimationError(f"{number} {cluster} with a value: there is no error to be had")
    values = known[column].to_numpy(dtype=float)
    sums = np.bincount(codes, weights=values - values.mean(), minlength=number)
    error = float(np.sqrt(number / (number - 1) * (sums**2).sum())) / len(values)
    counts = {"units_count": len(values), "treated_count": len(values), "clusters_count": number}
    table = effect_frame([label], [values.mean()], [error], **counts, alpha=alpha, degrees=number - 1)
    lost = len(frame) - len(known)
    return EffectEstimate(
        table,
        "mean",
        f"clustered by {cluster} ({number}); t with {number - 1} degrees of freedom",
        len(values),
        number,
        (("rows without a value", lost),) if lost else (),
        treated_count=len(values),
        software="own code",
        degrees=number - 1,
    )
