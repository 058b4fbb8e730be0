"""The mean effect under many assignments of cohorts to units, fast enough for thousands of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, Sample


def permutation_statistics(
    sample: Sample,
    window: tuple[int, int] | None,
    within: str | None,
    draws: int,
    seed: int,
    dealt: Sequence[Floats] = (),
) -> tuple[float, Floats]:
    """Return the mean effect as units were treated, and as cohorts are permuted.

    Parameters
    ----------
    sample : Sample
        The rows.
    window : (int, int) or None
        Event times whose mean is taken; all from 0 on when None.
    within : str or None
        Column within whose values cohorts are permuted.
    draws, seed : int
        Permutations and their seed.
    dealt : sequence of ndarray
        Assignments to use instead of permutations, one cohort per unit (infinite for never).

    Returns
    -------
    float, ndarray
        The real mean effect (NaN where nobody is treated) and the permuted ones.

    Raises
    ------
    EstimationError
        If a unit changes its value of `within`, or nothing can be estimated.
    """
    adoption = Adoption(sample)
    paths = _Means(adoption, window)
    real = paths.effect(adoption.cohorts)
    if np.isnan(real) and not dealt:
        raise EstimationError("no event time of the window can be estimated: choose another window")
    assignments = dealt or _permutations(adoption, within, draws, seed)
    moved = np.array([paths.effect(assigned) for assigned in assignments])
    found = moved[np.isfinite(moved)]
    if len(moved) and not len(found):
        raise EstimationError("no event time of the window can be estimated for any cohort: choose another window")
    return real, found


def _permutations(adoption: Adoption, within: str | None, draws: int, seed: int) -> list[Floats]:
    """Return permuted cohorts, within strata where asked."""
    sample, cohorts = adoption.sample, adoption.cohorts
    strata = np.zeros(len(cohorts), dtype=int)
    if within is not None:
        codes = np.asarray(pd.factorize(sample.frame[within], use_na_sentinel=False)[0])
        strata = codes[sample.unit_starts]
        moved = len(np.unique(sample.unit_codes[codes != strata[sample.unit_codes]]))
        if moved:
            raise EstimationError(f"{within} changes within {moved} units: permute within what stays the same")
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    order = np.argsort(strata, kind="stable")
    permuted = []
    for _ in range(draws):
        shuffled = np.lexsort((generator.random(len(strata)), strata))
        assigned = np.empty_like(cohorts)
        assigned[order] = cohorts[shuffled]
        permuted.append(assigned)
    return permuted


class _Means:
    """Mean effects from means per cohort and time: with every unit at every time one product per assignment."""

    def __init__(self, adoption: Adoption, window: tuple[int, int] | None) -> None:
        """Take outcomes and their gaps apart."""
        self.adoption, self.window = adoption, window
        self.seen = np.isfinite(adoption.outcome)
        self.complete = bool(self.seen.all())
        self.paths = np.where(self.seen, adoption.outcome, 0.0)

    def effect(self, cohorts: Floats) -> float:
        """Return the mean over event times of the effects averaged by cohort size; NaN where there is none."""
        design, times = self.adoption.sample.design, self.adoption.times
        values, codes = np.unique(cohorts, return_inverse=True)
        mass = self.adoption.weights
        size = np.asarray(np.bincount(codes, weights=mass), dtype=float)
        sums: dict[int, tuple[float, float]] = {}
        means = self._means(codes, size, mass) if self.complete else None
        for place_of, cohort in enumerate(values[np.isfinite(values)]):
            before = self.adoption.base(int(cohort))
            if before < 0:
                continue
            for place, time in enumerate(times):
                event = int(time - cohort)
                low, high = self.window if self.window is not None else (0, 10**6)
                if not low <= event <= high or place == before:
                    continue
                later = max(time, times[before]) + design.anticipation_years
                others = np.isinf(values) if design.comparison == NEVER_TREATED else (values > later)
                others = others & (values != cohort)
                gap = (
                    _gap(means[:, place] - means[:, before], size, place_of, others)
                    if means is not None
                    else self._uneven(codes, place_of, others, (place, before))
                )
                if np.isfinite(gap):
                    total, weight = sums.get(event, (0.0, 0.0))
                    sums[event] = (total + gap * size[place_of], weight + size[place_of])
        return float(np.mean([total / weight for total, weight in sums.values()])) if sums else float("nan")

    def _means(self, codes: Integers, size: Floats, mass: Floats) -> Floats:
        """Return the weighted mean path of each cohort."""
        marks = np.zeros((len(size), len(codes)))
        marks[codes, np.arange(len(codes))] = mass
        return np.asarray(marks @ self.paths / size[:, None])

    def _uneven(self, codes: Integers, mine: int, others: Floats, places: tuple[int, int]) -> float:
        """Return the gap of one cohort at one time among the units seen at both times."""
        seen = self.seen[:, places[0]] & self.seen[:, places[1]]
        change = self.paths[:, places[0]] - self.paths[:, places[1]]
        mass = self.adoption.weights * seen
        own, rest = mass * (codes == mine), mass * np.asarray(others)[codes]
        if own.sum() == 0 or rest.sum() == 0:
            return float("nan")
        return float(own @ change / own.sum() - rest @ change / rest.sum())


def _gap(change: Floats, size: Floats, mine: int, others: Floats) -> float:
    """Return the change of one cohort less that of others, weighted by their size."""
    weight = size * others
    return float(change[mine] - weight @ change / weight.sum()) if weight.sum() > 0 else float("nan")
