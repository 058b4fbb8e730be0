"""What chosen units would have been, from everybody who could have been chosen with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.core.within import redundant
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Integers, Truths

_COLLINEAR = 1e-10  # share of the largest singular value below which columns are taken as collinear


@dataclass(frozen=True, eq=False)
class PoolRegression:
    """Weighted least squares of changes on covariates with a constant.

    Parameters
    ----------
    given : ndarray
        Covariates with a constant, shape (units, columns).
    weights : ndarray
        Of the units.
    bread : ndarray
        Inverse of the weighted cross product of the columns.
    coefficients, residual : ndarray
        Of the columns, and of the units.
    """

    given: Floats
    weights: Floats
    bread: Floats
    coefficients: Floats
    residual: Floats

    def leverage(self, means: Floats) -> Floats:
        """Return how much each unit moves the prediction at given means of the columns: w_i x_i'(X'WX)⁻¹ means."""
        return np.asarray((self.given @ (self.bread @ means)) * self.weights)


def regress_pool(given: Floats, change: Floats, weights: Floats) -> PoolRegression | None:
    """Fit changes of units on columns, or return None where the columns are collinear or too many.

    Columns are brought to one scale first, so that units of measurement do not decide what is collinear.
    """
    scale = np.sqrt((given**2).mean(axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    root = np.sqrt(weights)
    left, values, right = np.linalg.svd(given / scale * root[:, None], full_matrices=False)
    if len(given) < given.shape[1] or values[-1] <= _COLLINEAR * values[0]:
        return None
    turned = right.T / values / scale[:, None]
    coefficients = turned @ (left.T @ (root * change))
    return PoolRegression(given, weights, turned @ turned.T, coefficients, change - given @ coefficients)


def unadjustable(given: Floats, names: Sequence[str], least: float = _COLLINEAR) -> str:
    """Return in words why changes of units cannot be adjusted for covariates; nothing where they can.

    Parameters
    ----------
    given : ndarray
        A constant, then the covariates, shape (units, columns).
    names : sequence of str
        Of the covariates.
    least : float
        Share of the largest singular value from which columns, brought to one scale, are taken as collinear.
    """
    if len(given) < given.shape[1]:
        return f"{', '.join(names)} are too many for the {len(given)} units compared"
    scale = np.sqrt((given**2).mean(axis=0))
    values = np.linalg.svd(given / np.where(scale > 0, scale, 1.0), compute_uv=False)
    if values[-1] > least * values[0]:
        return ""
    told = redundant(names, given, max(least**2, 1e-12)) or f"{', '.join(names)} are collinear"
    return f"{told} among the units compared"


@dataclass(frozen=True, eq=False)
class RiskCell:
    """The effect on one cohort at one time: the effect, every unit's influence on it, and how many were compared.

    `unseen_count` counts units of the cohort or at risk with it that lack a figure which the comparison needs.
    """

    estimate: float
    influence: Floats
    treated_count: int
    others_count: int
    unseen_count: int


@dataclass(frozen=True, eq=False)
class _Step:
    """The units that stand for one cohort, and the regression among them."""

    pool: Integers
    fit: PoolRegression


@dataclass(frozen=True, eq=False)
class AtRisk:
    r"""Comparison with all units that were untreated when a cohort was chosen, whatever became of them.

    Units that are never chosen, or not until the time looked at, are no random part of those that could have been:
    where low and falling places are chosen, they are the ones that got better. So nothing that happened after the
    choice may decide who is compared. With b the last time before the treatment of cohort g, R_g the units treated
    later or never (and eligible at b, where the design says who is), and X_b covariates with a constant,

    .. math:: ATT(g,t) = E[Y_t - \hat Y_t(0) \mid G = g], \quad
        \hat Y_t(0) = Y_b + X_b'\hat β_{g,t}, \quad
        \hat β_{g,t} = \arg\min_β \sum_{i \in R_g} (\tilde Y_{it} - Y_{ib} - X_{ib}'β)^2,

    where :math:`\tilde Y_{it}` is the outcome of a unit still untreated at t and, for one treated between g and t, its
    own :math:`\hat Y_t(0)`: the last cohort is filled in first. If the choice at each time depends on nothing but X at
    that time (and chance) and means are linear in X, the effect is without bias. That is the iterated regression of
    Robins (1986, doi:10.1016/0270-0255(86)90088-6), in the form of Bang & Robins (2005,
    doi:10.1111/j.1541-0420.2005.00377.x), applied to staggered adoption. The influence of a unit holds that of every
    regression in which it took part.

    Parameters
    ----------
    adoption : Adoption
        The units.

    Raises
    ------
    EstimationError
        From `cell`, if covariates are collinear among the units compared, naming cohort and time.
    """

    adoption: Adoption

    @cached_property
    def _steps(self) -> dict[int, tuple[Floats, dict[int, _Step]]]:
        """Times that have been worked out: untreated outcomes, and the regressions by cohort."""
        return {}

    @cached_property
    def _eligible(self) -> Truths:
        """Whether a unit may be chosen, shape (units, times)."""
        sample = self.adoption.sample
        name = sample.design.eligible
        if name is None:
            return np.ones(self.adoption.outcome.shape, dtype=bool)
        return np.asarray(np.nan_to_num(self.adoption.wide(sample.column(name))) > 0)

    def cell(self, cohort: int, place: int) -> RiskCell | None:
        """Return the effect on a cohort at the time of a place; None where nobody stands for it."""
        adoption = self.adoption
        base, weights = adoption.base(cohort), adoption.weights
        untreated, steps = self.worked_out(place)
        step = steps.get(cohort) or self._step(cohort, place, untreated)
        mine = np.flatnonzero((adoption.cohorts == cohort) & self.seen(base, adoption.outcome[:, place]))
        if step is None or not len(mine):
            return None
        change = adoption.outcome[mine, place] - adoption.outcome[mine, base]
        given = self.given(mine, base)
        gap, own = change - given @ step.fit.coefficients, weights[mine] / weights[mine].sum()
        estimate = float(own @ gap)
        influence = np.zeros(len(weights))
        influence[mine] = own * (gap - estimate)
        self._add_regressions(influence, own @ given, cohort, step, steps)
        return RiskCell(estimate, influence * len(weights), len(mine), len(step.pool), self._unseen(cohort, place))

    def _unseen(self, cohort: int, place: int) -> int:
        """Return how many units of a cohort or at risk with it are not seen at its base, or untreated but not now."""
        adoption, base = self.adoption, self.adoption.base(cohort)
        touched = adoption.cohorts - adoption.sample.design.anticipation_years <= adoption.times[place]
        seen = np.isfinite(adoption.outcome)
        lacking = ~seen[:, base] | (~seen[:, place] & ~(touched & (adoption.cohorts > cohort)))
        eligible = self._eligible[:, base] | ~seen[:, base]
        wanted = (adoption.cohorts == cohort) | ((adoption.cohorts > cohort) & eligible)
        return int((lacking & wanted).sum())

    def _add_regressions(
        self, influence: Floats, means: Floats, cohort: int, step: _Step, steps: dict[int, _Step]
    ) -> None:
        """Take off a cohort's influence that of its regression, and of those that filled in outcomes for it."""
        share = step.fit.leverage(means)
        influence[step.pool] -= share * step.fit.residual
        passed = np.zeros(len(influence))
        passed[step.pool] = share
        for later in sorted(key for key in steps if key > cohort):
            filled = np.flatnonzero((self.adoption.cohorts == later) & (passed != 0))
            if not len(filled):
                continue
            at = self.given(filled, self.adoption.base(later))
            share = steps[later].fit.leverage(passed[filled] @ at)
            influence[steps[later].pool] -= share * steps[later].fit.residual
            passed[steps[later].pool] += share
            passed[filled] = 0

    def worked_out(self, place: int) -> tuple[Floats, dict[int, _Step]]:
        """Return outcomes without treatment at a time, filled in from the last cohort back, and the regressions."""
        if place not in self._steps:
            adoption = self.adoption
            early = adoption.sample.design.anticipation_years
            touched = adoption.cohorts - early <= adoption.times[place]
            untreated = np.where(touched, np.nan, adoption.outcome[:, place])
            steps: dict[int, _Step] = {}
            for cohort in adoption.cohort_values[::-1]:
                if cohort - early > adoption.times[place]:
                    continue
                step = self._step(int(cohort), place, untreated)
                if step is not None:
                    steps[int(cohort)] = step
                    base = adoption.base(cohort)
                    mine = np.flatnonzero(adoption.cohorts == cohort)
                    untreated[mine] = adoption.outcome[mine, base] + self.given(mine, base) @ step.fit.coefficients
            self._steps[place] = untreated, steps
        return self._steps[place]

    def _step(self, cohort: int, place: int, untreated: Floats) -> _Step | None:
        """Return the regression of changes since before a cohort's treatment among those at risk with it."""
        adoption, base = self.adoption, self.adoption.base(cohort)
        pool = self.pool(cohort, untreated)
        if not len(pool):
            return None
        given, weights = self.given(pool, base), adoption.weights[pool]
        fit = regress_pool(given, untreated[pool] - adoption.outcome[pool, base], weights)
        if fit is None:
            raise EstimationError(
                f"cohort {cohort} in {adoption.times[place]}: the {len(pool)} units at risk cannot be adjusted: "
                f"{unadjustable(given, adoption.sample.design.covariates)}; leave covariates out"
            )
        return _Step(pool, fit)

    def pool(self, cohort: int, untreated: Floats) -> Integers:
        """Return the units at risk with a cohort whose untreated outcome is known or filled in."""
        base = self.adoption.base(cohort)
        at_risk = (self.adoption.cohorts > cohort) & self._eligible[:, base] & self.seen(base, untreated)
        return np.flatnonzero(at_risk)

    def seen(self, base: int, outcome: Floats) -> Truths:
        """Return which units have an outcome, and at the base another one and covariates."""
        adoption = self.adoption
        known = np.isfinite(outcome) & np.isfinite(adoption.outcome[:, base])
        return np.asarray(known & np.isfinite(adoption.covariates[:, base]).all(axis=1))

    def given(self, units: Integers, base: int) -> Floats:
        """Return the covariates of units at a time, with a constant."""
        return np.column_stack([np.ones(len(units)), self.adoption.covariates[units, base]])
