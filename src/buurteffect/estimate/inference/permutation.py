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
    whole: str | None = None,
    ranked: str | None = None,
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
    whole, ranked : str, optional
        Column of the groups that are dealt each other's treatment as a whole, and the one by which their units are
        ranked; see `deal_groups`.

    Raises
    ------
    EstimationError
        If a unit changes its value of `within`, `whole` or `ranked`, or nothing can be estimated.
    """
    adoption = Adoption(sample)
    paths = _Means(adoption, window)
    real = paths.effect(adoption.cohorts)
    if np.isnan(real[0]) and not dealt:
        raise EstimationError("no event time of the window can be estimated: choose another window")
    if whole is not None:
        groups = np.asarray(pd.factorize(_constant(adoption, whole), use_na_sentinel=False)[0])
        order = np.zeros(len(groups)) if ranked is None else _constant(adoption, ranked)
        dealt = deal_groups(adoption.cohorts, groups, order, draws, seed)
    assignments = dealt or _permutations(adoption, within, draws, seed)
    moved = np.array([paths.effect(assigned) for assigned in assignments]).reshape(-1, 2)
    found = moved[np.isfinite(moved[:, 0])]
    if len(moved) and not len(found):
        raise EstimationError("no event time of the window can be estimated for any cohort: choose another window")
    return Permuted(float(real[0]), found[:, 0], float(real[1]), found[:, 1])


def _permutations(adoption: Adoption, within: str | None, draws: int, seed: int) -> list[Floats]:
    """Return permuted cohorts, within strata where asked."""
    cohorts = adoption.cohorts
    strata = np.zeros(len(cohorts)) if within is None else _constant(adoption, within)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    order = np.argsort(strata, kind="stable")
    permuted = []
    for _ in range(draws):
        shuffled = np.lexsort((generator.random(len(strata)), strata))
        assigned = np.empty_like(cohorts)
        assigned[order] = cohorts[shuffled]
        permuted.append(assigned)
    return permuted


def deal_groups(cohorts: Floats, groups: Integers, order: Floats, draws: int, seed: int) -> list[Floats]:
    """Return cohorts as groups would have them that are dealt each other's treatment as a whole.

    Units are ranked within their group. In each draw the groups are permuted, and the units of a group get what the
    units of the same ranks have in the group whose treatment it is dealt. Where a group has no unit of such a rank, its
    last ones get what is left; where it has fewer units than are treated, as many as it has. So treatment stays as
    clustered as it was, and falls on the units that rank in their group as treated units did in theirs.

    Parameters
    ----------
    cohorts : ndarray
        One per unit, infinite for never.
    groups, order : ndarray
        One per unit: its group, and what it is ranked by, lowest first; ties keep the order of the units.
    draws, seed : int
        Permutations and their seed.

    Examples
    --------
    >>> groups, order = np.array([0, 0, 1, 1, 1]), np.array([2.0, 1.0, 3.0, 1.0, 2.0])
    >>> [found.tolist() for found in deal_groups(np.array([np.inf, 7.0, np.inf, np.inf, np.inf]), groups, order, 2, 3)]
    [[inf, inf, inf, 7.0, inf], [inf, 7.0, inf, inf, inf]]
    """
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    members = [places[np.argsort(order[places], kind="stable")] for places in members]
    ranks = [np.flatnonzero(np.isfinite(cohorts[places])) for places in members]
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    dealt = []
    for _ in range(draws):
        assigned = np.full(len(cohorts), np.inf)
        for places, other in zip(members, generator.permutation(len(members)), strict=True):
            taken = ranks[other][: len(places)]
            room = len(places) - len(taken) + np.arange(len(taken))
            assigned[places[np.minimum(taken, room)]] = cohorts[members[other][taken]]
        dealt.append(assigned)
    return dealt


def _constant(adoption: Adoption, column: str) -> Floats:
    """Return a column's value of every unit, text as numbers of its values.

    Raises
    ------
    EstimationError
        If a unit changes it.
    """
    sample = adoption.sample
    values = sample.frame[column]
    codes = np.asarray(pd.factorize(values, use_na_sentinel=False)[0])
    moved = len(np.unique(sample.unit_codes[codes != codes[sample.unit_starts][sample.unit_codes]]))
    if moved:
        raise EstimationError(f"{column} changes within {moved} units: permute by what stays the same")
    known = values.to_numpy(dtype=float) if pd.api.types.is_numeric_dtype(values) else codes.astype(float)
    return np.asarray(known[sample.unit_starts])


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
