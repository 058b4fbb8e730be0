"""Effects by cohort and time drawn together: in all, by event time, by cohort, by calendar time, over a window."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from buurteffect.errors import CallError, EstimationError, NoComparisonError, OneTreatedClusterError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.group_time_effects import Approach, Base, GroupTime, compared_cells, group_time
from buurteffect.estimate.did.leave_out_clusters import (
    WithoutClusters,
    dynamic_without,
    effective_treated_clusters,
    jackknifed_influence,
    leaves_out,
)
from buurteffect.estimate.inference.influence import DRAWS, SEED, effects_from_influence
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import Truths, draw_sample, one_treated_cluster

Kind = Literal["simple", "dynamic", "group", "calendar"]
Shares = Literal["estimated", "did 2.1.1"]
Estimator = Callable[[pd.DataFrame, Design], EffectEstimate]
KINDS: tuple[Kind, ...] = ("simple", "dynamic", "group", "calendar")


def callaway_santanna(
    frame: pd.DataFrame,
    design: Design,
    kind: Kind = "dynamic",
    approach: Approach = "dr",
    base: Base = "universal",
    window: tuple[int, int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    """Estimate effects by cohort and time and draw them together.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    kind, approach, base, window, draws, seed
        As in `aggregate` and `group_time`.

    Returns
    -------
    EffectEstimate
        See `aggregate`.
    """
    return aggregate(group_time(frame, design, approach, base), kind, window, draws, seed)


def aggregate(
    effects: GroupTime,
    kind: Kind = "dynamic",
    window: tuple[int, int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
    shares: Shares = "estimated",
) -> EffectEstimate:
    r"""Draw effects by cohort and time together.

    With the share p_g of units that belong to cohort g, an average over a set of cells is

    .. math:: θ = \sum_{(g,t)} \frac{p_g}{\sum p_g} ATT(g,t),

    over all treated cells (``simple``), those of one event time (``dynamic``), of one calendar time
    (``calendar``), or without weights over one cohort's treated cells (``group``). The row ``overall`` averages the
    event times from 0 on, the calendar times, or (by p_g) the cohorts. That the shares are estimated counts
    in the errors (Callaway & Sant'Anna 2021, section 3.2, doi:10.1016/j.jeconom.2020.12.001).

    Errors follow from influence functions. Where units at risk are compared, and clusters are not the units, those of
    the dynamic aggregate leave out one cluster after another instead (`jackknifed_influence`), with degrees of freedom
    by the effective number of clusters with treated units (`effective_treated_clusters`): with influence functions
    alone they came out too small where few clusters hold most of the treated.

    Parameters
    ----------
    effects : GroupTime
        Effects by cohort and time.
    kind : {"simple", "dynamic", "group", "calendar"}
        Over what to average.
    window : (int, int), optional
        With ``dynamic``, add the row ``window``: the mean over these event times, ends included.
    draws, seed : int
        Of the multiplier bootstrap behind the simultaneous band, which covers all rows but the averages over them.
    shares : {"estimated", "did 2.1.1"}
        How the overall row of ``group`` counts that shares are estimated. The R package did (2.1.1) lets every
        cohort's share vary there as the first cohort's does, which on the project's reference panel makes the error
        5% smaller; that figure is reproduced for comparison, and not otherwise used.

    Returns
    -------
    EffectEstimate
        First the row ``overall``, then one row per event time, cohort or calendar time. In an event study with a
        universal base, the base stands as a row with estimate and error 0. Where times are not consecutive the
        base falls on different event times; there a cohort's base does not count in the average.

    Raises
    ------
    EstimationError
        If an event time of the window was not estimated.
    """
    if kind not in KINDS:
        raise CallError(f"kind must be {', '.join(KINDS)}, found {kind!r}")
    if window is not None and kind != "dynamic":
        raise EstimationError("a window belongs to the dynamic aggregate")
    averages = _Averages(effects)
    if not (averages.event >= 0).any():
        raise EstimationError("no cohort is seen after its treatment with anyone to compare with")
    names, points, influence, values = _parts(averages, kind)
    head_point, head_influence = _overall(averages, kind, points, influence, values, shares)
    heads: list[tuple[str, float, Floats]] = [("overall", head_point, head_influence)]
    if window is not None:
        inside = _window_rows(values, window)
        heads.append(
            (f"window {window[0]}–{window[1]}", float(points[inside].mean()), influence[:, inside].mean(axis=1))
        )
    names, points = [*(name for name, _, _ in heads), *names], np.r_[[point for _, point, _ in heads], points]
    influence = np.column_stack([*(psi for _, _, psi in heads), influence])
    errors = _Errors(effects.dropped, None, None)
    if kind == "dynamic" and leaves_out(effects.adoption) and not one_treated_cluster(effects.adoption.sample):
        influence, errors = _left_out(effects, points, influence, values, window)
    nothing = [np.nan] * len(heads)
    located = {"dynamic": "event_time", "group": "cohort"}.get(kind)
    places = {located: [*nothing, *values]} if located else {}
    return effects_from_influence(
        effects.adoption,
        names,
        points,
        influence,
        method=f"{effects.method}; {kind} average",
        software=effects.software,
        treated_count=[*_heads_treated(averages, window), *averages.treated(kind, values)],
        band=[False] * len(heads) + [True] * len(values),
        dropped=errors.dropped,
        draws=draws,
        seed=seed,
        degrees=errors.degrees,
        convention=errors.convention,
        event_time=places.get("event_time"),
        cohort=places.get("cohort"),
    )


@dataclass(frozen=True)
class _Errors:
    """How errors are made, where not by influence functions alone, and what was left out on the way."""

    dropped: tuple[tuple[str, int], ...]
    degrees: float | None
    convention: str | None


def _left_out(
    effects: GroupTime, points: Floats, influence: Floats, values: Sequence[float], window: tuple[int, int] | None
) -> tuple[Floats, _Errors]:
    """Return influence functions that give the jackknife over clusters, and how that is said."""
    adoption = effects.adoption
    without = dynamic_without(effects.cells, WithoutClusters(adoption), values, window)
    influence, kept = jackknifed_influence(influence, points, without, adoption.clusters[0])
    words = "effects in whose error a cluster they cannot be estimated without counts by its influence function"
    dropped = (*effects.dropped, *([(words, kept)] if kept else []))
    degrees = max(effective_treated_clusters(adoption) - 1, 1.0)
    convention = (
        f"leaving out one {adoption.sample.design.cluster_columns[0]} at a time (CV3, MacKinnon, Nielsen & Webb 2023, "
        f"doi:10.1016/j.jeconom.2022.04.001); t with the effective number of treated clusters − 1 ({degrees:.1f})"
    )
    return influence, _Errors(dropped, degrees, convention)


class _Averages:
    """Weighted averages of cells, with the influence of every unit."""

    def __init__(self, effects: GroupTime) -> None:
        """Take the cells apart."""
        cells = effects.cells
        self.cohort = cells["cohort"].to_numpy(dtype=float)
        self.time = cells["time"].to_numpy(dtype=float)
        self.event = cells["event_time"].to_numpy(dtype=float)
        self.is_base = cells["is_base"].to_numpy(dtype=bool)
        self.point = cells["estimate"].to_numpy(dtype=float)
        self.count = cells["treated_count"].to_numpy(dtype=int)
        self.influence = effects.influence
        self.weights = effects.adoption.weights
        self.unit_cohort = effects.adoption.cohorts
        self.share = self.shares(self.cohort)

    def shares(self, cohorts: Floats) -> Floats:
        """Return the share of all units that each cohort is."""
        return np.array([float((self.weights * (self.unit_cohort == g)).mean()) for g in cohorts])

    def weighted(self, cells: Truths) -> tuple[float, Floats]:
        """Return the average over some cells, weighted by the size of their cohorts, and its influence."""
        return self.combine(self.point[cells], self.influence[:, cells], self.cohort[cells])

    def combine(
        self, points: Floats, influence: Floats, cohorts: Floats, moved_as: float | None = None
    ) -> tuple[float, Floats]:
        """Average effects that belong to cohorts; their shares are estimated too, or all vary as one cohort's does."""
        share = self.shares(cohorts)
        total = share.sum()
        weight = share / total
        varying = cohorts if moved_as is None else np.full(len(cohorts), moved_as)
        deviation = self.weights[:, None] * (self.unit_cohort[:, None] == varying) - share
        moved = deviation @ points / total - deviation.sum(axis=1) * (share @ points) / total**2
        return float(weight @ points), influence @ weight + moved

    def plain(self, cells: Truths) -> tuple[float, Floats]:
        """Return the average over some cells without weights, and its influence."""
        return float(self.point[cells].mean()), self.influence[:, cells].mean(axis=1)

    def cells_of(self, kind: Kind, value: float) -> Truths:
        """Return the cells behind one row of an aggregate."""
        after = self.event >= 0
        if kind == "dynamic":
            here = self.event == value
            estimated = here & ~self.is_base
            return np.asarray(estimated if estimated.any() else here)
        return np.asarray(after & ((self.cohort if kind == "group" else self.time) == value))

    def treated(self, kind: Kind, values: Sequence[float]) -> list[int]:
        """Return how many treated units stand behind each row."""
        return [self.treated_in(self.cells_of(kind, value)) for value in values]

    def treated_in(self, cells: Truths) -> int:
        """Return how many treated units stand behind some cells: the largest cell of each cohort."""
        part = pd.Series(self.count[cells]).groupby(self.cohort[cells]).max()
        return int(part.sum())


def _parts(averages: _Averages, kind: Kind) -> tuple[list[str], Floats, Floats, list[float]]:
    """Return names, effects, influence functions and values of the rows of an aggregate."""
    after = averages.event >= 0
    if kind == "simple":
        return [], np.empty(0), np.empty((len(averages.unit_cohort), 0)), []
    values = {"dynamic": averages.event, "group": averages.cohort[after], "calendar": averages.time[after]}[kind]
    found = [float(value) for value in np.unique(values)]
    average = averages.plain if kind == "group" else averages.weighted
    rows = [average(averages.cells_of(kind, value)) for value in found]
    words = {"dynamic": "event time", "group": "cohort", "calendar": "calendar time"}
    names = [f"{words[kind]} {int(value)}" for value in found]
    return names, np.array([point for point, _ in rows]), np.column_stack([psi for _, psi in rows]), found


def _overall(
    averages: _Averages, kind: Kind, points: Floats, influence: Floats, values: Sequence[float], shares: Shares
) -> tuple[float, Floats]:
    """Return the average over a whole aggregate, and its influence."""
    if kind == "simple":
        return averages.weighted(averages.event >= 0)
    if kind == "group":
        cohorts = np.array(values)
        return averages.combine(points, influence, cohorts, None if shares == "estimated" else cohorts[0])
    chosen = np.array(values) >= 0 if kind == "dynamic" else np.ones(len(values), dtype=bool)
    return float(points[chosen].mean()), influence[:, chosen].mean(axis=1)


def _window_rows(values: Sequence[float], window: tuple[int, int]) -> list[int]:
    """Return the rows of the event times of a window; all must have been estimated at least at one end."""
    low, high = window
    if low > high:
        raise EstimationError(f"a window runs from its first to its last event time, found {low} to {high}")
    inside = [row for row, value in enumerate(values) if low <= value <= high]
    if not inside:
        reach = f"{int(min(values))} to {int(max(values))}" if len(values) else "none"
        raise EstimationError(
            f"no event time from {low} to {high} was estimated (there are {reach}): take another window"
        )
    return inside


def _heads_treated(averages: _Averages, window: tuple[int, int] | None) -> list[int]:
    """Return how many treated units stand behind the overall row, and the window."""
    after = averages.event >= 0
    counts = [averages.treated_in(after)]
    if window is not None:
        counts.append(averages.treated_in((averages.event >= window[0]) & (averages.event <= window[1])))
    return counts


def late_effect(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    approach: Approach = "reg",
) -> EffectEstimate:
    """Estimate the mean effect over a window of event times by Callaway & Sant'Anna.

    Only the cells of the window are estimated: the others have no part in the mean, nor in its error.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated. Covariates enter by regression of the changes of comparison units, which stands where
        cohorts are too small for a propensity score.
    window : (int, int)
        Event times whose mean is taken, ends included.
    approach : {"reg", "dr", "ipw"}
        How covariates enter.

    Returns
    -------
    EffectEstimate
        One row.

    Raises
    ------
    EstimationError
        As of `compared_cells`, or if no event time of the window was estimated.
    OneTreatedClusterError
        If all treated units lie in one cluster: an estimate without an error is no headline (`callaway_santanna` with
        a window gives it).
    """
    adoption = Adoption(draw_sample(frame, design, one_treated_cluster=True))
    try:
        cells = compared_cells(adoption, approach, reach=window)
    except NoComparisonError:
        cells = compared_cells(adoption, approach)  # whose event times the refusal of a window names
    result = aggregate(cells, window=window, draws=1)
    if not result.may_be_headline:
        raise OneTreatedClusterError(f"the effect has {'; '.join(result.not_headline)}")
    place = int(np.flatnonzero(result.frame["term"].str.startswith("window"))[0])
    covariance = None if result.covariance is None else result.covariance[[place]][:, [place]]
    row = result.frame.iloc[[place]].assign(term=f"mean of event times {window[0]}–{window[1]}")
    return replace(result, frame=row.reset_index(drop=True), covariance=covariance)


def late_estimator(window: tuple[int, int], approach: Approach = "reg") -> Estimator:
    """Return `late_effect` with its window fixed, for tools that take an estimator."""

    def estimate(frame: pd.DataFrame, design: Design) -> EffectEstimate:
        return late_effect(frame, design, window, approach)

    return estimate


def cohorts_behind(frame: pd.DataFrame, design: Design, window: tuple[int, int]) -> tuple[int, int]:
    """Return the first and last cohort that is seen before its treatment and in a window after it.

    Raises
    ------
    EstimationError
        If there is none.
    """
    rows = frame[frame[str(design.cohort)].notna() & frame[design.outcome].notna()]
    event = rows[design.time] - rows[str(design.cohort)]
    before = set(rows.loc[event < -design.anticipation_years, str(design.cohort)])
    after = set(rows.loc[event.between(*window), str(design.cohort)])
    both = sorted(int(cohort) for cohort in before & after)
    if not both:
        raise EstimationError(
            f"no treated unit is seen before its treatment and {window[0]} to {window[1]} years after its start"
        )
    return both[0], both[-1]
