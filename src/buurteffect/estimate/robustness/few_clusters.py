"""The headline as one regression of changes, with the errors that few treated clusters and neighbours ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.fit import Fit, least_squares
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.inference.conley import BARTLETT
from buurteffect.estimate.inference.regression_table import conley_errors, regression_estimate
from buurteffect.estimate.inference.wild_bootstrap import WEBB, WildBootstrap, wild_cluster_bootstrap
from buurteffect.estimate.regression.absorbed_effects import fit_columns
from buurteffect.estimate.regression.regressors import Regressors
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

TREATED = "treated"
_FEW = 12
"""Clusters below which signs alone give too few different draws."""


def change_regression(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> Fit:
    r"""Return the mean effect over a window as one coefficient of a regression of changes.

    For every cohort g with last time b before its treatment, the change of unit i from b to the mean of the window,

    .. math:: \bar y_{i,g+window} - y_{ib} - x_{ib}'\hat γ_g = α_g + τ D_{ig} + e_{ig},

    over the cohort and all units never treated, the cohorts put below each other; the slopes of the covariates come
    from the units never treated, cohort by cohort, and are taken as known. τ weighs cohorts by their treated units,
    nearly, and is then the mean of the comparisons of Callaway & Sant'Anna with never treated units, by regression.
    An untreated unit stands once in every cohort, so that errors have to be grouped by unit at least.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; units never treated are compared with, whatever it says.
    window : (int, int)
        Event times whose mean is taken, ends included; a unit that is not seen at all of those of its cohort is left
        out of it.

    Raises
    ------
    EstimationError
        If no cohort is seen before and in the window; see also `fit_columns`.
    """
    adoption = Adoption(draw_sample(frame, design))
    parts = [_changes(adoption, int(cohort), window) for cohort in adoption.cohort_values]
    table = pd.concat([part for part in parts if part is not None] or [pd.DataFrame()], ignore_index=True)
    if table.empty:
        raise EstimationError(
            f"no treated unit is seen before its treatment and {window[0]} to {window[1]} years after its start"
        )
    stack = np.asarray(pd.factorize(table["stack"])[0])
    rows = adoption.sample.frame.iloc[adoption.sample.unit_starts[table["place"].to_numpy()]].reset_index(drop=True)
    rows = rows.assign(**{design.time: table["stack"].to_numpy()})
    treated = table[TREATED].to_numpy(dtype=float)
    return fit_columns(
        rows,
        table["change"].to_numpy(dtype=float),
        Regressors((TREATED,), treated[:, None]),
        (stack,),
        (design.unit, design.time),
        (table["place"].nunique(), int(treated.sum())),
        dropped=adoption.sample.dropped,
    )


def few_cluster_errors(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    cutoffs_km: Sequence[float] = (),
    draws: int = 9_999,
    seed: int = 1,
) -> EffectEstimate:
    """Return `change_regression`'s effect with errors by cluster, from the wild cluster bootstrap and by distance.

    With few treated clusters the usual errors are too small and their t distribution too narrow (MacKinnon & Webb
    2018, doi:10.1111/ectj.12107); the bootstrap with the null imposed then errs the other way. Where it rejects, few
    clusters are not the reason.

    Parameters
    ----------
    frame, design, window
        As in `change_regression`; errors by distance need the design's coordinates.
    cutoffs_km : sequence of float
        Distances up to which areas may move together, each a row (Bartlett kernel).
    draws, seed : int
        Of the bootstrap; below twelve clusters with Webb's weights.

    Returns
    -------
    EffectEstimate
        One row is one kind of errors on the same figure; a bootstrap has no standard error.
    """
    fit = change_regression(frame, design, window)
    cluster = design.cluster_columns[0]
    first = regression_estimate(fit, design, "one regression of changes with an effect of each cohort")
    rows = [first.frame.iloc[[0]].assign(term=f"clustered by {cluster.removesuffix('_code')}")]
    count = int(fit.codes(cluster).max()) + 1
    kind = {"weights": WEBB} if count < _FEW else {}
    wild = wild_cluster_bootstrap(
        fit, TREATED, cluster, WildBootstrap(draws, seed, confidence=design.confidence, **kind)
    )
    bootstrapped = EffectEstimate.of(
        ["wild cluster bootstrap"],
        [wild.estimate],
        [np.nan],
        method="",
        convention=wild.words,
        units_count=fit.units_count,
        treated_count=fit.treated_count,
        clusters_count=count,
        remarks={"ci_low": wild.ci_low, "ci_high": wild.ci_high, "p_value": wild.p_value},
    )
    rows.append(bootstrapped.frame)
    for cutoff in cutoffs_km:
        by_distance = regression_estimate(fit, design, "", conley_errors(design, cutoff, BARTLETT))
        rows.append(by_distance.frame.iloc[[0]].assign(term=f"by distance, up to {cutoff:g} km"))
    treated = int(fit.frame.loc[fit.frame[str(design.cohort)].notna(), cluster].nunique())
    table = pd.concat(rows, ignore_index=True).assign(treated_clusters_count=treated)
    words = f"{first.error_convention}; {wild.words}"
    return replace(first, frame=table, covariance=None, error_convention=words)


def _changes(adoption: Adoption, cohort: int, window: tuple[int, int]) -> pd.DataFrame | None:
    """Return the adjusted changes of a cohort and of units never treated; None where there are none of either."""
    base = adoption.base(cohort)
    after = np.flatnonzero((adoption.times >= cohort + window[0]) & (adoption.times <= cohort + window[1]))
    if base < 0 or not len(after):
        return None
    change = adoption.outcome[:, after].mean(axis=1) - adoption.outcome[:, base]
    given = adoption.covariates[:, base]
    mine = adoption.cohorts == cohort
    used = (mine | np.isinf(adoption.cohorts)) & np.isfinite(change) & np.isfinite(given).all(axis=1)
    if not (mine & used).any() or not (used & ~mine).any():
        return None
    centred = np.column_stack([np.ones(len(given)), given - given[used & ~mine].mean(axis=0)])
    slopes = least_squares(centred[used & ~mine], change[used & ~mine])
    change = change - centred[:, 1:] @ slopes[1:]
    found = {"stack": cohort, "place": np.flatnonzero(used), "change": change[used], TREATED: mine[used].astype(float)}
    return pd.DataFrame(found)
