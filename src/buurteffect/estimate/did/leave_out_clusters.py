"""Errors of few clusters: what effects against units at risk become without one cluster after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from buurteffect.estimate.core.design import AT_RISK
from buurteffect.estimate.core.fit import solve_system
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import group_sums
from buurteffect.estimate.did.at_risk import AtRisk
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, Truths

_SINGULAR = 1e-12  # share of the largest eigenvalue below which a regression without a cluster is not done


@dataclass(frozen=True, eq=False)
class WithoutClusters:
    r"""Effects of `AtRisk`, estimated again without each cluster.

    Every regression is done without the units of the cluster, those that fill in outcomes of later cohorts too, so
    that the values are those of estimating again, at the cost of one more estimation for all clusters together.

    Parameters
    ----------
    adoption : Adoption
        The units, in one clustering.
    """

    adoption: Adoption

    @cached_property
    def codes(self) -> Integers:
        """Number of the cluster of each unit."""
        return self.adoption.clusters[0]

    @property
    def count(self) -> int:
        """Number of clusters."""
        return int(self.codes.max()) + 1

    @cached_property
    def _stays(self) -> Floats:
        """1 where a unit stays when a cluster is left out, else 0, shape (units, clusters)."""
        return np.asarray(self.codes[:, None] != np.arange(self.count), dtype=float)

    @cached_property
    def _risk(self) -> AtRisk:
        """The same comparison with all clusters."""
        return AtRisk(self.adoption)

    @cached_property
    def _filled(self) -> dict[int, tuple[Floats, dict[int, Floats]]]:
        """Times that have been worked out: untreated outcomes, and coefficients by cohort, without each cluster."""
        return {}

    def cell(self, cohort: int, place: int) -> Floats:
        """Return the effect on a cohort at the time of a place without each cluster; NaN where there is none.

        Returns
        -------
        ndarray
            Shape (clusters,).
        """
        adoption, base = self.adoption, self.adoption.base(cohort)
        untreated, found = self._worked_out(place)
        coefficients = found.get(cohort)
        if coefficients is None:
            coefficients = self._coefficients(cohort, place, untreated)
        seen = self._risk.seen(base, adoption.outcome[:, place])
        mine = np.flatnonzero((adoption.cohorts == cohort) & seen)
        change = adoption.outcome[mine, place] - adoption.outcome[mine, base]
        gap = change[:, None] - self._risk.given(mine, base) @ coefficients
        stays = self._stays[mine] * adoption.weights[mine][:, None]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray((stays * gap).sum(axis=0) / stays.sum(axis=0))

    def shares(self, cohorts: Floats) -> Floats:
        """Return the weight that each cohort has left without each cluster, shape (cohorts, clusters)."""
        adoption = self.adoption
        member = (adoption.cohorts[:, None] == cohorts) * adoption.weights[:, None]
        sums = np.zeros((self.count, len(cohorts)))
        np.add.at(sums, self.codes, member)
        left = member.sum(axis=0)[:, None] - sums.T
        return np.where(left > 1e-9 * member.sum(axis=0)[:, None], left, 0.0)

    def _worked_out(self, place: int) -> tuple[Floats, dict[int, Floats]]:
        """Return outcomes without treatment at a time, shape (units, clusters), and the coefficients by cohort."""
        if place not in self._filled:
            adoption = self.adoption
            known, steps = self._risk.worked_out(place)
            touched = adoption.cohorts - adoption.sample.design.anticipation_years <= adoption.times[place]
            untreated = np.repeat(np.where(touched, np.nan, known)[:, None], self.count, axis=1)
            found: dict[int, Floats] = {}
            for cohort in sorted(steps, reverse=True):
                base = adoption.base(cohort)
                found[cohort] = self._coefficients(cohort, place, untreated)
                mine = np.flatnonzero(adoption.cohorts == cohort)
                filled = self._risk.given(mine, base) @ found[cohort]
                untreated[mine] = adoption.outcome[mine, base][:, None] + filled
            self._filled[place] = untreated, found
        return self._filled[place]

    def _coefficients(self, cohort: int, place: int, untreated: Floats) -> Floats:
        """Return the coefficients among the units at risk with a cohort, shape (columns, clusters)."""
        adoption, base = self.adoption, self.adoption.base(cohort)
        known, steps = self._risk.worked_out(place)
        pool = steps[cohort].pool if cohort in steps else self._risk.pool(cohort, known)
        given = self._risk.given(pool, base)
        scale = np.sqrt((given**2).mean(axis=0))
        scale[scale == 0] = 1.0
        columns, stays = given / scale, self._stays[pool]
        change = untreated[pool] - adoption.outcome[pool, base][:, None]
        weighted = columns * adoption.weights[pool][:, None]
        width = columns.shape[1]
        products = stays.T @ (weighted[:, :, None] * columns[:, None, :]).reshape(len(pool), -1)
        found = _solved(products.reshape(-1, width, width), (weighted.T @ (change * stays)).T)
        return np.asarray(found.T / scale[:, None])


def _solved(products: Floats, moments: Floats) -> Floats:
    """Solve one system per cluster, shape (clusters, columns); NaN where it has no single solution."""
    values = np.linalg.eigvalsh(products)
    usable = (values[:, 0] > _SINGULAR * values[:, -1]) & np.isfinite(moments).all(axis=1)
    found = np.full(moments.shape, np.nan)
    found[usable] = solve_system(products[usable], moments[usable][:, :, None])[:, :, 0]
    return found


def leaves_out(adoption: Adoption) -> bool:
    """Return whether errors leave out clusters: units at risk compared, one clustering, and not by unit."""
    at_risk = adoption.sample.design.comparison == AT_RISK
    return at_risk and len(adoption.clusters) == 1 and not adoption.by_unit


def effective_treated_clusters(adoption: Adoption) -> float:
    r"""Return the effective number of clusters that hold treated units.

    With the weight n_c of treated units in cluster c it is (Σ n_c)² / Σ n_c²: the number of clusters of one size
    whose mean varies as much. It is what errors of few treated clusters are judged by, not the number of all clusters
    (Carter, Schnepel & Steigerwald 2017, doi:10.1162/REST_a_00639; MacKinnon & Webb 2017, doi:10.1002/jae.2508).
    """
    treated = np.isfinite(adoption.cohorts)
    held = np.bincount(adoption.clusters[0][treated], weights=adoption.weights[treated])
    return float(held.sum() ** 2 / (held**2).sum())


def jackknifed_influence(influence: Floats, points: Floats, without: Floats, codes: Integers) -> tuple[Floats, int]:
    r"""Return influence functions whose sums within clusters are those of the jackknife.

    Without cluster c an estimate moves from θ to θ_(c). The variance (G − 1)/G Σ_c (θ − θ_(c))² (CV3; MacKinnon,
    Nielsen & Webb 2023, doi:10.1016/j.jeconom.2022.04.001) is that of `clustered_covariance` if the mean influence of
    cluster c, n⁻¹ Σ_{i∈c} ψ_i, is (G − 1)/G (θ − θ_(c)); what a cluster lacks of it is spread evenly over its units.

    Parameters
    ----------
    influence : ndarray
        Shape (units, effects).
    points : ndarray
        The effects, shape (effects,).
    without : ndarray
        The effects without each cluster, shape (effects, clusters); where NaN, a cluster keeps its influence.
    codes : ndarray
        Number of the cluster of each unit.

    Returns
    -------
    ndarray
        Shape (units, effects).
    int
        How many pairs of effect and cluster kept their influence.
    """
    clusters = without.shape[1]
    sums = group_sums(influence, codes)
    wanted = (points[:, None] - without).T * (len(influence) * (clusters - 1) / clusters)
    known = np.isfinite(wanted)
    lacking = np.where(known, wanted, sums) - sums
    return influence + (lacking / np.bincount(codes, minlength=clusters)[:, None])[codes], int((~known).sum())


def dynamic_without(
    cells: pd.DataFrame, without: WithoutClusters, values: Sequence[float], window: tuple[int, int] | None
) -> Floats:
    """Return the rows of a dynamic aggregate without each cluster.

    Parameters
    ----------
    cells : DataFrame
        As of `GroupTime`.
    without : WithoutClusters
        The comparison.
    values : sequence of float
        The event times.
    window : (int, int) or None
        Over which they are averaged once more.

    Returns
    -------
    ndarray
        Shape (effects, clusters): the mean of event times from 0 on, that of the window, one row per event time. An
        event time that a cluster leaves nobody at is NaN there, and left out of the means.
    """
    places = {int(time): place for place, time in enumerate(without.adoption.times)}
    base = cells["is_base"].to_numpy(dtype=bool)
    pairs = zip(cells["cohort"], cells["time"], base, strict=True)
    points = np.stack(
        [np.zeros(without.count) if is_base else without.cell(int(g), places[int(t)]) for g, t, is_base in pairs]
    )
    share = np.where(np.isfinite(points), without.shares(cells["cohort"].to_numpy(dtype=float)), 0.0)
    event, filled = cells["event_time"].to_numpy(dtype=float), np.nan_to_num(points)
    parts = np.stack([_average(filled, share, _cells_at(event == value, base)) for value in values])
    found = np.asarray(values, dtype=float)
    means = [found >= 0] if window is None else [found >= 0, (found >= window[0]) & (found <= window[1])]
    return np.vstack([*(_mean_of_known(parts[rows]) for rows in means), parts])


def _cells_at(here: Truths, base: Truths) -> Truths:
    """Return the cells of an event time that count: estimated ones, or the base where there are no others."""
    return np.asarray(here & ~base if (here & ~base).any() else here)


def _average(points: Floats, share: Floats, cells: Truths) -> Floats:
    """Return the mean of cells weighted by the size of their cohorts, NaN where nobody is left."""
    total = share[cells].sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((share[cells] * points[cells]).sum(axis=0) / total)


def _mean_of_known(rows: Floats) -> Floats:
    """Return the mean of rows without missing values, NaN where all are missing."""
    known = np.isfinite(rows)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(known, rows, 0.0).sum(axis=0) / known.sum(axis=0))
