"""Errors and bands from influence functions: how much each unit moves each estimate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.bands import sup_t_critical_value
from buurteffect.estimate.core.intervals import critical_value, rounding, without_rounding
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import group_sums
from buurteffect.estimate.inference.sandwich import cluster_covariance
from buurteffect.estimate.inference.wild_bootstrap import WEBB_SIZES
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import no_error, one_treated_cluster, unknown_errors

DRAWS, SEED = 1999, 20261121
"""Draws of the multiplier bootstrap, and the seed that makes them the same each time."""

FEW_CLUSTERS = 20
"""Below this number of clusters the multipliers take six values instead of two."""


def clustered_covariance(influence: Floats, adoption: Adoption) -> Floats:
    r"""Return the covariance of estimates whose influence functions are given.

    With ψ_i the influence of unit i, so that an estimate minus its truth is about n⁻¹ Σ_i ψ_i, and clusters c,

    .. math:: V = n^{-2} \sum_c \Big(\sum_{i \in c} ψ_i\Big)\Big(\sum_{i \in c} ψ_i\Big)' \frac{G}{G - 1},

    for two clusterings by adding both and taking off that of their crossing (Cameron, Gelbach & Miller 2011,
    doi:10.1198/jbes.2010.07136). Where every unit is its own cluster the factor G/(G−1) is left out, as in the R
    packages did and didimputation.

    Parameters
    ----------
    influence : ndarray
        Shape (units, estimates).
    adoption : Adoption
        The units and their clusters.
    """
    scaled = influence / len(influence)
    return cluster_covariance(scaled, *adoption.clusters, correct=len(adoption.clusters) > 1 or not adoption.by_unit)


def degrees_of_freedom(adoption: Adoption) -> float:
    """Return the degrees of freedom of the t distribution behind intervals: clusters − 1."""
    return float(adoption.clusters_count - 1)


def multiplier_critical_value(
    influence: Floats,
    adoption: Adoption,
    alpha: float,
    draws: int = DRAWS,
    seed: int = SEED,
    degrees: float | None = None,
) -> float:
    """Return the critical value of a simultaneous band, by the multiplier bootstrap over clusters.

    The 1 − alpha quantile of max_k |n⁻¹ Σ_c v_c Σ_{i∈c} ψ_ik| / s_k over draws of v: ±1 with equal chance, or, with
    fewer than 20 clusters, the six values of Webb (2023, doi:10.1111/caje.12661). It is scaled by t / z, the
    pointwise quantiles with and without the degrees of freedom, so that bands of few clusters widen as their
    intervals do. With two clusterings it comes from the covariance instead, by simulation.

    Parameters
    ----------
    influence : ndarray
        Shape (units, estimates); estimates that do not vary are left out.
    adoption : Adoption
        The units and their clusters.
    alpha : float
        One minus the confidence level.
    draws, seed : int
        Draws and their seed.
    degrees : float, optional
        Degrees of freedom where they are not clusters − 1.
    """
    degrees = degrees_of_freedom(adoption) if degrees is None else degrees
    covariance = clustered_covariance(influence, adoption)
    if len(adoption.clusters) > 1:
        return sup_t_critical_value(covariance, alpha, degrees, seed=seed)
    errors = np.sqrt(np.diag(covariance))
    moving = errors > 0
    pointwise = float(critical_value(alpha, degrees))
    if moving.sum() < 2:
        return pointwise
    sums = group_sums(influence[:, moving], adoption.clusters[0]) / (len(influence) * errors[moving])
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    signs = generator.integers(0, 2, size=(draws, len(sums)), dtype=np.int8) * 2.0 - 1
    if len(sums) < FEW_CLUSTERS:
        signs *= WEBB_SIZES[::-1][generator.integers(0, 3, size=signs.shape)]
    largest = np.abs(signs @ sums).max(axis=1)
    scaled = float(np.quantile(largest, 1 - alpha)) * pointwise / float(critical_value(alpha))
    return max(pointwise, scaled)


def effects_from_influence(
    adoption: Adoption,
    term: Sequence[str],
    estimate: ArrayLike,
    influence: Floats,
    *,
    method: str,
    software: str,
    treated_count: ArrayLike,
    event_time: ArrayLike | None = None,
    cohort: ArrayLike | None = None,
    band: ArrayLike | None = None,
    dropped: tuple[tuple[str, int], ...] = (),
    draws: int = DRAWS,
    seed: int = SEED,
    degrees: float | None = None,
    convention: str | None = None,
) -> EffectEstimate:
    """Return a table of effects with errors, intervals and bands from their influence functions.

    Where all treated units lie in one cluster (`one_treated_cluster`) there are estimates without errors, which are
    missing but for effects that are 0 by construction, and the convention says why.

    Parameters
    ----------
    adoption : Adoption
        The units and their clusters.
    term, estimate, event_time, cohort, treated_count
        As in `Estimate.of`.
    influence : ndarray
        Shape (units, effects).
    method, software : str
        How and by what the figures were made.
    band : array_like of bool, optional
        Which effects the simultaneous band covers; all when not given.
    dropped : tuple
        What was left out besides what the sample left out.
    draws, seed : int
        Of the multiplier bootstrap.
    degrees, convention : float and str, optional
        Degrees of freedom and the error convention in words, where they are not the usual ones.
    """
    design, sample = adoption.sample.design, adoption.sample
    if not np.isfinite(influence).all():
        raise EstimationError("an influence function is missing: the effects it belongs to have no error")
    degrees = degrees_of_freedom(adoption) if degrees is None else degrees
    covered = np.ones(len(term), dtype=bool) if band is None else np.asarray(band, dtype=bool)
    alone, critical, words = one_treated_cluster(sample), None, ""
    if alone:
        uncertainty = unknown_errors(estimate, (influence != 0).any(axis=0))
    else:
        uncertainty = clustered_covariance(influence, adoption)
        estimate, uncertainty, words = without_rounding(estimate, uncertainty, rounding(sample.outcome))
        influence = np.where(np.diag(uncertainty) > 0, influence, 0.0)
    if covered.any() and not alone:
        critical = multiplier_critical_value(influence[:, covered], adoption, design.alpha, draws, seed, degrees)
    return EffectEstimate.of(
        term,
        estimate,
        uncertainty,
        method=method,
        convention=no_error(alone) if alone else (convention or error_convention(adoption)) + words,
        units_count=sample.units_count,
        clusters_count=adoption.clusters_count,
        treated_count=treated_count,
        totals=(sample.units_count, adoption.clusters_count, sample.treated_count),
        degrees=degrees,
        event_time=event_time,
        cohort=cohort,
        band=covered,
        critical=critical,
        dropped=(*sample.dropped, *dropped),
        software=software,
        design=design,
        not_headline=(no_error(alone),) if alone else (),
    )


def error_convention(adoption: Adoption) -> str:
    """Return in words how errors from influence functions are made."""
    if adoption.by_unit:
        return "influence functions, each unit by itself, no small-sample factor; t with units − 1"
    names = " and ".join(adoption.sample.design.cluster_columns)
    return f"influence functions summed within {names}, times G/(G − 1); t with clusters − 1"
