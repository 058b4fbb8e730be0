"""Effects by cohort and time: Callaway & Sant'Anna, doubly robust, by regression or by weighting."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError, NoComparisonError
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.at_risk import AtRisk, regress_pool, unadjustable
from buurteffect.estimate.inference.influence import DRAWS, SEED, effects_from_influence
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Truths, draw_sample

Approach = Literal["dr", "reg", "ipw"]
Base = Literal["universal", "varying"]

OVERLAP_LIMIT = 0.999
"""From this propensity score on, nobody comparable is left (the limit of the R package did)."""

UNBALANCED = "each cohort and time compares the units that are seen then and at its base"
"""What comparisons of changes do where units are not seen at every time."""

_NEARLY = 1e-7  # `unadjustable` of a propensity score, whose equations have the squares of singular values

_COMPARED = {
    NEVER_TREATED: "never treated units",
    NOT_YET_TREATED: "not yet treated units",
    AT_RISK: "units at risk when a cohort was chosen, filled in from their own treatment on",
}
_APPROACHES = {"dr": "doubly robust", "reg": "outcome regression", "ipw": "inverse probability weighting"}


@dataclass(frozen=True, eq=False)
class GroupTime:
    """Effects by cohort and time with their influence functions, ready to be aggregated.

    Parameters
    ----------
    adoption : Adoption
        The units.
    cells : DataFrame
        One row is one cohort at one time: ``cohort, time, event_time, estimate, is_base, treated_count``.
    influence : ndarray
        Shape (units, cells).
    approach : {"dr", "reg", "ipw"}
        How the comparison is adjusted for covariates.
    base : {"universal", "varying"}
        What each time is compared with.
    dropped : tuple
        Cells that could not be estimated.
    """

    adoption: Adoption
    cells: pd.DataFrame
    influence: Floats
    approach: Approach
    base: Base
    dropped: tuple[tuple[str, int], ...] = ()

    @property
    def method(self) -> str:
        """How the cells were made, in words."""
        design = self.adoption.sample.design
        against = _COMPARED[design.comparison] + (f" with {design.eligible}" if design.eligible else "")
        given = f" given {', '.join(design.covariates)} in the last time before treatment" if design.covariates else ""
        early = f", {design.anticipation_years} years of anticipation" if design.anticipation_years else ""
        return (
            f"Callaway & Sant'Anna (2021, doi:10.1016/j.jeconom.2020.12.001), {_APPROACHES[self.approach]}{given}, "
            f"against {against}, {self.base} base{early}" + self.adoption.sample.unbalanced(UNBALANCED)
        )

    @property
    def software(self) -> str:
        """Library and version."""
        own = self.approach == "reg" or not self.adoption.sample.design.covariates
        return software_versions("numpy" if own else "moderndid")


def group_time(
    frame: pd.DataFrame,
    design: Design,
    approach: Approach = "dr",
    base: Base = "universal",
    skip_without_overlap: bool = False,
) -> GroupTime:
    r"""Estimate the effect on each cohort at each time.

    For cohort g at time t, with the last time b before its treatment (and anticipation) and comparison units C,

    .. math:: ATT(g,t) = E[Y_t - Y_b \mid G = g] - \hat E[Y_t - Y_b \mid C],

    the second term adjusted for covariates by regression, by odds of the propensity score (normalised weights) or by
    both: Callaway & Sant'Anna (2021, doi:10.1016/j.jeconom.2020.12.001) with the cell estimators of Sant'Anna & Zhao
    (2020, doi:10.1016/j.jeconom.2020.06.003).

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; covariates take their value in the last time before treatment (with a varying base, in the
        time compared with). Comparison with units at risk (`AtRisk`) adjusts by regression and has a universal base.
    approach : {"dr", "reg", "ipw"}
        Doubly robust, by regression or by weighting; without covariates they are the same.
    base : {"universal", "varying"}
        Compare every time with the last one before treatment (and its anticipation), or the times before that with
        the time just before them. From the anticipation on both compare with the same time.
    skip_without_overlap : bool
        Leave out cells in which treated units have no comparable ones, counted in ``dropped``, instead of refusing.

    Raises
    ------
    EstimationError
        If covariates are collinear or overlap fails, naming cohort and time; or see `draw_sample`.
    NoComparisonError
        If no cell can be estimated.
    """
    return compared_cells(
        Adoption(draw_sample(frame, design, one_treated_cluster=True)), approach, base, skip_without_overlap
    )


def compared_cells(
    adoption: Adoption,
    approach: Approach = "dr",
    base: Base = "universal",
    skip_without_overlap: bool = False,
    reach: tuple[int, int] | None = None,
    clean_until: int | None = None,
) -> GroupTime:
    """Estimate the effect on each cohort at each time of an adoption.

    Parameters
    ----------
    adoption : Adoption
        The units.
    approach, base, skip_without_overlap
        As in `group_time`.
    reach : (int, int), optional
        Only these event times, ends included.
    clean_until : int, optional
        Compare a cohort only with units that are untouched until so many years after its treatment, the same ones
        at every time.
    """
    rule = _Rule(adoption, base, clean_until, reach)
    if adoption.sample.design.comparison == AT_RISK:
        return _at_risk_cells(rule, approach)
    estimator = _cell_estimator(approach)
    cells, columns, skipped = [], [], dict[str, int]()
    scores: dict[bytes, str] = {}
    for cohort, place, before in rule.pairs():
        mine = adoption.cohorts == cohort
        cell = {"cohort": cohort, "time": int(adoption.times[place]), "treated_count": int(mine.sum())}
        if place == before:
            cells.append(cell | {"estimate": 0.0, "is_base": True, "others_count": 0})
            columns.append(np.zeros(len(mine)))
            continue
        used, change, given, unseen = rule.comparison(mine, cohort, place, before)
        skipped["unseen"] = skipped.get("unseen", 0) + unseen
        reason = _unusable(adoption, used, mine, given, approach, scores)
        if reason == "overlap" and not skip_without_overlap:
            raise EstimationError(
                f"cohort {cohort} in {adoption.times[place]}: a treated unit has a propensity score of {OVERLAP_LIMIT} "
                "or more, so nobody is comparable with it; take fewer covariates, or set skip_without_overlap"
            )
        if reason in ("nobody", "overlap"):
            skipped[reason] = skipped.get(reason, 0) + 1
            continue
        if reason:
            raise _unadjusted((cohort, cell["time"]), reason)
        point, psi = _cell(estimator, adoption, used, mine, change, given, (cohort, cell["time"]))
        own, rest = adoption.weights[mine & used], adoption.weights[used & ~mine]
        counts = {"treated_count": len(own), "others_count": len(rest)}
        masses = {"treated_mass": own.sum(), "others_mass": rest.sum()}
        cells.append(cell | counts | masses | {"estimate": point, "is_base": False})
        columns.append(psi)
    return _gathered(rule, cells, columns, skipped, approach)


def _at_risk_cells(rule: _Rule, approach: Approach) -> GroupTime:
    """Estimate the cells against units at risk."""
    adoption = rule.adoption
    if rule.base != "universal" or rule.clean_until is not None or (approach != "reg" and adoption.covariates.size):
        raise EstimationError(
            "comparison with units at risk adjusts by regression (approach 'reg'), against the last time before "
            "treatment, with all of them: choose these, or compare with units not yet treated"
        )
    cells, columns, skipped, risk = [], [], dict[str, int](), AtRisk(adoption)
    for cohort, place, before in rule.pairs():
        cell = {"cohort": cohort, "time": int(adoption.times[place])}
        if place == before:
            mine = int((adoption.cohorts == cohort).sum())
            cells.append(cell | {"treated_count": mine, "estimate": 0.0, "is_base": True, "others_count": 0})
            columns.append(np.zeros(len(adoption.cohorts)))
        elif (found := risk.cell(cohort, place)) is None:
            skipped["nobody"] = skipped.get("nobody", 0) + 1
        else:
            skipped["unseen"] = skipped.get("unseen", 0) + found.unseen_count
            counts = {"treated_count": found.treated_count, "others_count": found.others_count}
            cells.append(cell | counts | {"estimate": found.estimate, "is_base": False})
            columns.append(found.influence)
    return _gathered(rule, cells, columns, skipped, "reg")


def _gathered(
    rule: _Rule, cells: list[dict[str, Any]], columns: list[Floats], skipped: dict[str, int], approach: Approach
) -> GroupTime:
    """Return the cells in one table, with what was skipped in words."""
    if all(cell["is_base"] for cell in cells):
        raise NoComparisonError("no cohort has anyone to be compared with at any time: widen the comparison")
    table = pd.DataFrame(cells).assign(event_time=lambda each: each["time"] - each["cohort"])
    texts = {
        "overlap": "cohort-times without overlap",
        "nobody": "cohort-times without anyone to compare with",
        "unseen": "units not seen both at a time and at the base it is compared with, counted once per cohort and time",
    }
    dropped = tuple((texts[reason], count) for reason, count in sorted(skipped.items()) if count)
    return GroupTime(rule.adoption, table, np.column_stack(columns), approach, rule.base, dropped)


def group_time_table(effects: GroupTime, draws: int = DRAWS, seed: int = SEED) -> EffectEstimate:
    """Return the effects by cohort and time as a table, with a band over all of them."""
    cells = effects.cells
    return effects_from_influence(
        effects.adoption,
        [f"ATT({g},{t})" for g, t in zip(cells["cohort"], cells["time"], strict=True)],
        cells["estimate"],
        effects.influence,
        method=effects.method,
        software=effects.software,
        treated_count=cells["treated_count"],
        event_time=cells["event_time"],
        cohort=cells["cohort"],
        band=~cells["is_base"],
        dropped=effects.dropped,
        draws=draws,
        seed=seed,
    )


@dataclass(frozen=True, eq=False)
class _Rule:
    """Which cohort is compared with whom, when, and since when."""

    adoption: Adoption
    base: Base
    clean_until: int | None
    reach: tuple[int, int] | None

    def pairs(self) -> Iterator[tuple[int, int, int]]:
        """Yield cohort, place of the time, and place of the time it is compared with."""
        for cohort in self.adoption.cohort_values:
            last = self.adoption.base(cohort)
            for place, time in enumerate(self.adoption.times):
                if self.reach is not None and not self.reach[0] <= time - cohort <= self.reach[1]:
                    continue
                if self.base == "universal" or place > last:
                    yield int(cohort), place, last
                elif place:
                    yield int(cohort), place, place - 1

    def comparison(self, mine: Truths, cohort: int, place: int, before: int) -> tuple[Truths, Floats, Floats, int]:
        """Return which units a cell uses, their changes and covariates with a constant, and how many are unseen."""
        adoption, design = self.adoption, self.adoption.sample.design
        change = adoption.outcome[:, place] - adoption.outcome[:, before]
        given = np.column_stack([np.ones(len(mine)), adoption.covariates[:, before]])
        if self.clean_until is None:
            others = adoption.compared(cohort, (place, before), design.comparison == NEVER_TREATED)
        else:
            others = adoption.cohorts > cohort + self.clean_until + design.anticipation_years
        wanted = mine | others
        used = wanted & np.isfinite(change) & np.isfinite(given).all(axis=1)
        return used, change, given, int(wanted.sum() - used.sum())


def _unusable(
    adoption: Adoption, used: Truths, mine: Truths, given: Floats, approach: Approach, scores: dict[bytes, str]
) -> str:
    """Return why a cell cannot be estimated: nobody, overlap, or in words what covariates lack; or nothing."""
    if not (used & mine).any() or not (used & ~mine).any():
        return "nobody"
    if approach == "reg" or given.shape[1] == 1:
        return ""
    key = np.packbits(used).tobytes() + np.packbits(mine).tobytes() + given[used].tobytes()
    if key not in scores:
        told, columns = adoption.sample.design.covariates, given[used]
        scores[key] = unadjustable(columns, told, _NEARLY) if len(columns) >= columns.shape[1] else ""
        if not scores[key] and _largest_score(columns, mine[used], adoption.weights[used]) >= OVERLAP_LIMIT:
            scores[key] = "overlap"
    return scores[key]


def _largest_score(given: Floats, treated: Truths, weights: Floats) -> float:
    """Return the largest propensity score of a logit, 1 if treated and others are perfectly told apart."""
    scale = given.std(axis=0)
    part = given / np.where(scale > 0, scale, 1)
    beta = np.zeros(part.shape[1])
    for turn in range(40):
        score = 1 / (1 + np.exp(-np.clip(part @ beta, -700, 700)))
        curvature = part.T @ ((weights * score * (1 - score))[:, None] * part)
        try:
            step = np.linalg.solve(curvature, part.T @ (weights * (treated - score)))
        except np.linalg.LinAlgError:
            return 1.0 if turn else 0.0  # at the start: fewer units than columns, which the cell estimator refuses
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return float((1 / (1 + np.exp(-np.clip(part @ beta, -700, 700)))).max())


def _cell_estimator(approach: Approach) -> Callable[..., Any] | None:
    """Return the library's estimator of one cohort at one time; None by regression, which is this project's own."""
    from moderndid.drdid.estimators.drdid_panel import drdid_panel
    from moderndid.drdid.estimators.std_ipw_did_panel import std_ipw_did_panel

    if approach not in _APPROACHES:
        raise CallError(f"approach must be {', '.join(_APPROACHES)}, found {approach!r}")
    return {"dr": drdid_panel, "ipw": std_ipw_did_panel}.get(approach)


def _cell(
    estimator: Callable[..., Any] | None,
    adoption: Adoption,
    used: Truths,
    mine: Truths,
    change: Floats,
    given: Floats,
    name: tuple[int, int],
) -> tuple[float, Floats]:
    """Return the effect in one cell and the influence of every unit on it."""
    if given.shape[1] == 1:
        return _difference_of_means(adoption, used, mine, change)
    if estimator is None:
        return _regressed(adoption, used, mine, change, given, name)
    size = int(used.sum())
    with warnings.catch_warnings():
        # A singular or separated fit is announced as a warning; here it is a refusal.
        warnings.simplefilter("error")
        # A regression without error divides by a scale of 0 that is not used; a few units can carry a covariate.
        warnings.filterwarnings("ignore", "(invalid value|divide by zero) encountered|Only [0-9]+ (control )?units")
        try:
            found = estimator(
                y1=change[used],
                y0=np.zeros(size),
                d=mine[used].astype(float),
                covariates=given[used],
                i_weights=adoption.weights[used],
                influence_func=True,
            )
        except (ValueError, RuntimeError, Warning, np.linalg.LinAlgError) as error:
            why = unadjustable(given[used & ~mine], adoption.sample.design.covariates, _NEARLY)
            raise _unadjusted(name, why or str(error)) from error
    psi = np.zeros(len(mine))
    psi[used] = found.att_inf_func * (len(mine) / size)
    if not np.isfinite(found.att) or not np.isfinite(psi).all():
        raise _unadjusted(name, "the figure is not finite")
    return float(found.att), psi


def _regressed(
    adoption: Adoption, used: Truths, mine: Truths, change: Floats, given: Floats, name: tuple[int, int]
) -> tuple[float, Floats]:
    """Return the mean change less what a regression among the others says (Sant'Anna & Zhao 2020, section 2.1).

    The library's refuses changes that are constant or fitted without error, and takes four times as long.
    """
    own, others = np.flatnonzero(used & mine), np.flatnonzero(used & ~mine)
    fit = regress_pool(given[others], change[others], adoption.weights[others])
    if fit is None:
        raise _unadjusted(name, unadjustable(given[others], adoption.sample.design.covariates))
    weights = adoption.weights[own] / adoption.weights[own].sum()
    gap = change[own] - given[own] @ fit.coefficients
    point, psi = float(weights @ gap), np.zeros(len(mine))
    psi[own] = weights * (gap - point)
    psi[others] = -fit.leverage(weights @ given[own]) * fit.residual
    return point, psi * len(mine)


def _unadjusted(name: tuple[int, int], why: str) -> EstimationError:
    """Return the refusal of a cell whose comparison cannot be adjusted."""
    return EstimationError(
        f"cohort {name[0]} in {name[1]}: the comparison cannot be adjusted for the covariates: {why}; leave some out"
    )


def _difference_of_means(adoption: Adoption, used: Truths, mine: Truths, change: Floats) -> tuple[float, Floats]:
    """Return the difference of weighted mean changes, which all approaches are without covariates."""
    moved = np.where(used, change, 0.0)
    own, other = adoption.weights * (used & mine), adoption.weights * (used & ~mine)
    mean, against = own @ moved / own.sum(), other @ moved / other.sum()
    psi = own / own.sum() * (moved - mean) - other / other.sum() * (moved - against)
    return float(mean - against), np.asarray(psi * len(mine))
