"""Randomisation inference: what the effect would be had treatment fallen on other units or clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.sample import Sample
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import Integers, within_two_way

UNITS, CLUSTERS = "units", "clusters"

Statistic = Callable[[Sample], float]


@dataclass(frozen=True)
class Permutation:
    """How treatment is dealt out anew.

    Parameters
    ----------
    draws : int
        Number of permutations.
    seed : int
        Seed of the random numbers.
    over : {"units", "clusters"}
        What changes places. Clusters need one cohort each.
    within : str, optional
        Column of strata: treatment changes places only within them, such as areas that were eligible together.
    """

    draws: int = 999
    seed: int = 1
    over: str = UNITS
    within: str | None = None

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.draws < 19 or self.seed < 0 or self.over not in (UNITS, CLUSTERS):
            raise EstimationError("a permutation test needs 19 draws or more, a seed from 0, and units or clusters")


@dataclass(frozen=True, eq=False)
class PermutationResult:
    """What a permutation test says.

    Parameters
    ----------
    statistic : float
        The statistic on the data.
    p_value : float
        Share of assignments, the actual one among them, with a statistic at least as far from 0.
    draws : ndarray
        The statistic under each permutation.
    dealt_count : int
        Units or clusters that changed places.
    words : str
        What was done.
    """

    statistic: float
    p_value: float
    draws: Floats
    dealt_count: int
    words: str


def randomisation_test(
    sample: Sample, permutation: Permutation | None = None, statistic: Statistic | None = None
) -> PermutationResult:
    """Return the p-value of no effect on any unit, from permuting cohorts.

    Exact whatever the errors are if treatment could as well have fallen on the units (or clusters) it changes
    places with (Fisher 1935; Young 2019, doi:10.1093/qje/qjy029). Units keep their outcomes and covariates.

    Parameters
    ----------
    sample : Sample
        The rows, of a design with a cohort; it may have one treated cluster.
    permutation : Permutation, optional
        How treatment is dealt out anew.
    statistic : callable, optional
        Takes a sample, gives a number whose distance from 0 speaks against the null; by default the t statistic
        of treatment (or dose) with two-way effects, clustered by what changes places.

    Raises
    ------
    EstimationError
        Without a cohort, if clusters hold several cohorts, or if nothing can change places.
    """
    permutation = permutation or Permutation()
    design = sample.design
    if design.cohort is None:
        raise EstimationError("randomisation inference permutes cohorts: name their column in the design")
    holders, assigned, strata = _dealt(sample, permutation)
    if len(np.unique(np.nan_to_num(assigned[:, 0], nan=-1.0))) < 2:
        raise EstimationError(f"all {permutation.over} have the same cohort: nothing can change places")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(permutation.seed)))
    compute = _two_way_statistic(sample, holders) if statistic is None else _on_samples(sample, holders, statistic)
    actual = compute(assigned)
    draws = np.asarray([compute(assigned[_shuffled(strata, generator)]) for _ in range(permutation.draws)])
    far = int((np.abs(draws) >= abs(actual) * (1 - 1e-9)).sum())
    words = (
        f"randomisation inference: cohorts of {len(assigned)} {permutation.over} permuted {permutation.draws} times"
        + (f" within {permutation.within}" if permutation.within else "")
        + f", seed {permutation.seed}"
    )
    return PermutationResult(actual, (far + 1) / (permutation.draws + 1), draws, len(assigned), words)


def _dealt(sample: Sample, permutation: Permutation) -> tuple[Integers, Floats, Integers]:
    """Return the holder of each row, cohort (and dose) per holder, and the stratum of each holder."""
    holders = sample.unit_codes if permutation.over == UNITS else sample.cluster_codes[0]
    count = int(holders.max()) + 1
    columns = [sample.cohorts]
    if sample.design.dose is not None:
        columns.append(sample.column(sample.design.dose))
    given = np.column_stack(columns)
    assigned = np.empty((count, given.shape[1]))
    assigned[holders] = given
    mixed = ~((assigned[holders] == given) | (np.isnan(assigned[holders]) & np.isnan(given))).all(axis=1)
    if mixed.any():
        name = sample.design.cluster_columns[0] if permutation.over == CLUSTERS else sample.design.unit
        raise EstimationError(
            f"{len(np.unique(holders[mixed]))} values of {name} hold more than one cohort or dose: they cannot change "
            "places as a whole; permute over units"
        )
    strata = np.zeros(count, dtype=int)
    if permutation.within is not None:
        rows = sample.codes(permutation.within)
        strata[holders] = rows
        if (strata[holders] != rows).any():
            raise EstimationError(f"{permutation.within} changes within {permutation.over}: it cannot be a stratum")
    return holders, assigned, strata


def _shuffled(strata: Integers, generator: np.random.Generator) -> Integers:
    """Return places after a random permutation within strata."""
    shuffled = np.lexsort([generator.random(len(strata)), strata])
    order = np.argsort(strata, kind="stable")
    result = np.empty_like(order)
    result[order] = shuffled
    return result


def _on_samples(sample: Sample, holders: Integers, statistic: Statistic) -> Callable[[Floats], float]:
    """Return the statistic of an assignment, computed on a sample in which treatment is replaced."""
    design = sample.design

    def compute(assigned: Floats) -> float:
        columns = {str(design.cohort): assigned[holders, 0]}
        if design.dose is not None:
            columns[design.dose] = assigned[holders, 1]
        return float(statistic(replace(sample, frame=sample.frame.assign(**columns))))

    return compute


def _two_way_statistic(sample: Sample, holders: Integers) -> Callable[[Floats], float]:
    """Return the t statistic of treatment with two-way effects, covariates partialled out, clustered by holder."""
    weights = None if sample.design.weights is None else sample.weights
    root = np.sqrt(sample.weights)[:, None]

    def left(values: Floats) -> Floats:
        return np.asarray(within_two_way(values, sample.unit_codes, sample.time_codes, weights) * root)

    basis = np.linalg.qr(left(sample.covariates))[0] if sample.design.covariates else np.empty((sample.rows_count, 0))

    def partial(column: Floats) -> Floats:
        swept = left(column[:, None])[:, 0]
        return np.asarray(swept - basis @ (basis.T @ swept))

    outcome = partial(sample.outcome)
    count = int(holders.max()) + 1

    def compute(assigned: Floats) -> float:
        treated = (sample.times - assigned[holders, 0] >= -sample.design.anticipation_years).astype(float)
        if assigned.shape[1] > 1:
            treated *= assigned[holders, 1]
        regressor = partial(treated)
        size = float(regressor @ regressor)
        if size < 1e-12:
            return 0.0
        slope = float(regressor @ outcome) / size
        sums = np.bincount(holders, weights=regressor * (outcome - slope * regressor), minlength=count)
        spread = float(np.sqrt(sums @ sums)) / size
        return slope / spread if spread > 0 else float(np.copysign(np.inf, slope)) if slope else 0.0

    return compute
