"""The mean effect under many assignments of cohorts to units, fast enough for thousands of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, Sample

_TIE = 1e-12
"""Figures that differ by less are the same."""

_NONE = np.array([np.nan, np.nan])


@dataclass(frozen=True, eq=False)
class Permuted:
    """The mean effect as units were treated, and as cohorts are permuted.

    Parameters
    ----------
    real : float
        As units were treated; NaN where nobody is treated.
    moved : ndarray
        As cohorts are permuted.
    real_share : float
        What `real` would be if the outcome were 1 from a unit's treatment on, else 0: the share of a constant effect
        that it finds, 1 where the window begins at 0 or later.
    moved_shares : ndarray
        The same of `moved`: permuted cohorts still carry some of the real treatment.
    """

    real: float
    moved: Floats
    real_share: float
    moved_shares: Floats

    def p_value(self, effect: float = 0.0) -> float:
        """Return the share of all assignments, the real one among them, that give as much in size.

        Parameters
        ----------
        effect : float
            The constant effect that is tested; it is taken out of the outcome of units from their treatment on.
        """
        rest = np.abs(self.moved - effect * self.moved_shares)
        return float((1 + (rest >= abs(self.real - effect * self.real_share) - _TIE).sum()) / (1 + len(rest)))

    def interval(self, alpha: float) -> tuple[float, float]:
        """Return the constant effects with a p-value above alpha: the inverted test, which holds the estimate.

        With T(π) the figure of an assignment and a(π) its share of a constant effect θ, the test counts π where
        |T(π) − θ a(π)| ≥ |T − θ|, which holds between θ = (T − T(π)) / (1 − a(π)) and (T + T(π)) / (1 + a(π)); T lies
        between these two. An end is infinite where there are too few permutations, and missing where the figure does
        not find a constant effect whole.
        """
        enough = int(np.floor(alpha * (1 + len(self.moved)) + _TIE))
        if abs(self.real_share - 1) > _TIE:
            return np.nan, np.nan
        if enough == 0:
            return -np.inf, np.inf
        less, more = self.real - self.moved, self.real + self.moved
        with np.errstate(divide="ignore", invalid="ignore"):
            first = np.where(np.abs(less) <= _TIE, 0.0, less) / np.round(1 - self.moved_shares, 12)
            second = np.where(np.abs(more) <= _TIE, 0.0, more) / np.round(1 + self.moved_shares, 12)
        always = np.isnan(first) | np.isnan(second)
        low = np.where(always, -np.inf, np.minimum(np.minimum(first, second), self.real))
        high = np.where(always, np.inf, np.maximum(np.maximum(first, second), self.real))
        return float(np.sort(low)[enough - 1]), float(np.sort(high)[-enough])


def permutation_statistics(
    sample: Sample,
    window: tuple[int, int] | None,
    within: str | None,
    draws: int,
    seed: int,
    dealt: Sequence[Floats] = (),
) -> Permuted:
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

    Raises
    ------
    EstimationError
        If a unit changes its value of `within`, or nothing can be estimated.
    """
    adoption = Adoption(sample)
    paths = _Means(adoption, window)
    real = paths.effect(adoption.cohorts)
    if np.isnan(real[0]) and not dealt:
        raise EstimationError("no event time of the window can be estimated: choose another window")
    assignments = dealt or _permutations(adoption, within, draws, seed)
    moved = np.array([paths.effect(assigned) for assigned in assignments]).reshape(-1, 2)
    found = moved[np.isfinite(moved[:, 0])]
    if len(moved) and not len(found):
        raise EstimationError("no event time of the window can be estimated for any cohort: choose another window")
    return Permuted(float(real[0]), found[:, 0], float(real[1]), found[:, 1])


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
    """Mean effects from means per cohort and time: with every unit at every time one product per assignment.

    Two outcomes are taken side by side: the design's, and the real treatment of units, 1 from its first time on.
    """

    def __init__(self, adoption: Adoption, window: tuple[int, int] | None) -> None:
        """Take outcomes and their gaps apart."""
        self.adoption, self.window = adoption, window
        self.seen = np.isfinite(adoption.outcome)
        self.complete = bool(self.seen.all())
        treated = adoption.times >= adoption.cohorts[:, None]
        self.paths = np.where(self.seen[:, :, None], np.stack([adoption.outcome, treated], axis=2), 0.0)

    def effect(self, cohorts: Floats) -> Floats:
        """Return the mean over event times of the effects averaged by cohort size; NaN where there is none.

        Of both outcomes, shape (2,).
        """
        design, times = self.adoption.sample.design, self.adoption.times
        values, codes = np.unique(cohorts, return_inverse=True)
        mass = self.adoption.weights
        size = np.asarray(np.bincount(codes, weights=mass), dtype=float)
        sums: dict[int, tuple[Floats, float]] = {}
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
                if np.isfinite(gap[0]):
                    total, weight = sums.get(event, (np.zeros(2), 0.0))
                    sums[event] = (total + gap * size[place_of], weight + size[place_of])
        return np.asarray(np.mean([total / weight for total, weight in sums.values()], axis=0) if sums else _NONE)

    def _means(self, codes: Integers, size: Floats, mass: Floats) -> Floats:
        """Return the weighted mean path of each cohort."""
        marks = np.zeros((len(size), len(codes)))
        marks[codes, np.arange(len(codes))] = mass
        return np.asarray(np.tensordot(marks, self.paths, axes=1) / size[:, None, None])

    def _uneven(self, codes: Integers, mine: int, others: Floats, places: tuple[int, int]) -> Floats:
        """Return the gap of one cohort at one time among the units seen at both times."""
        seen = self.seen[:, places[0]] & self.seen[:, places[1]]
        change = self.paths[:, places[0]] - self.paths[:, places[1]]
        mass = self.adoption.weights * seen
        own, rest = mass * (codes == mine), mass * np.asarray(others)[codes]
        if own.sum() == 0 or rest.sum() == 0:
            return _NONE
        return np.asarray(own @ change / own.sum() - rest @ change / rest.sum())


def _gap(change: Floats, size: Floats, mine: int, others: Floats) -> Floats:
    """Return the change of one cohort less that of others, weighted by their size."""
    weight = size * others
    return np.asarray(change[mine] - weight @ change / weight.sum()) if weight.sum() > 0 else _NONE
