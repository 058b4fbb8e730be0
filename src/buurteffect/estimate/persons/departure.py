"""Hazard ratios of leaving by household traits, within place and year, and means with clustered errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.fit import ols
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.sandwich import ClusteredErrors, cluster_std_error, covariance


def departure_ratios(
    frame: pd.DataFrame,
    left: str,
    traits: Mapping[str, str],
    controls: Sequence[str],
    cells: Sequence[str],
    cluster: str,
    alpha: float = 0.05,
) -> EffectEstimate:
    r"""Return the hazard ratio of leaving per standard deviation of each trait.

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
    require_numbers(frame, (left, *traits), "table of households")
    require(frame, (*controls, *cells, cluster), "table of households")
    known = frame[frame[list(traits)].notna().all(axis=1)]
    if known.empty:
        raise EstimationError(f"no household has {' and '.join(traits)}: there is nothing to compare")
    values = known[list(traits)].to_numpy(dtype=float)
    alike = [name for name, spread in zip(traits, values.std(axis=0), strict=True) if not spread > 0]
    if alike:
        raise EstimationError(f"{', '.join(alike)} is the same for all households: leave it out")
    values = (values - values.mean(axis=0)) / values.std(axis=0)
    dummies = pd.get_dummies(known[list(controls)].astype("category"), drop_first=True)
    codes = known.groupby(list(cells), sort=False).ngroup().to_numpy()
    gone = known[left].to_numpy(dtype=float)
    names = (*traits, *dummies.columns)
    fit = ols(known, gone, (names, np.column_stack([values, dummies.to_numpy(dtype=float)])), absorb=[codes])
    if known[cluster].nunique() < 2:
        raise EstimationError(f"all households are in one {cluster}: there is no error to be had")
    errors = covariance(fit, ClusteredErrors((cluster,)))
    size, mean = len(traits), gone.mean()
    lost = len(frame) - len(known)
    return EffectEstimate.of(
        list(traits.values()),
        1 + fit.coefficients[:size] / mean,
        errors.std_errors[:size] / mean,
        method=f"linear regression of leaving on standardised traits, effects of {' × '.join(cells)}, over the mean "
        "hazard",
        convention=errors.words,
        units_count=len(known),
        treated_count=int(gone.sum()),
        clusters_count=errors.groups_count,
        alpha=alpha,
        degrees=errors.degrees,
        null=1.0,
        dropped=(("rows with an unknown trait", lost),) if lost else (),
    )


def clustered_mean(frame: pd.DataFrame, column: str, cluster: str, label: str, alpha: float = 0.05) -> EffectEstimate:
    """Return a mean with a clustered standard error.

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
    require_numbers(frame, (column,), "table of households")
    require(frame, (cluster,), "table of households")
    known = frame[frame[column].notna()]
    codes = pd.factorize(known[cluster])[0]
    number = int(codes.max(initial=-1)) + 1
    if number < 2:
        raise EstimationError(f"{number} {cluster} with a value: there is no error to be had")
    values = known[column].to_numpy(dtype=float)
    lost = len(frame) - len(known)
    return EffectEstimate.of(
        [label],
        [values.mean()],
        [cluster_std_error((values - values.mean()) / len(values), codes)],
        method="mean",
        convention=f"clustered by {cluster} ({number}); t with {number - 1} degrees of freedom",
        units_count=len(values),
        treated_count=len(values),
        clusters_count=number,
        alpha=alpha,
        degrees=number - 1,
        dropped=(("rows without a value", lost),) if lost else (),
    )
