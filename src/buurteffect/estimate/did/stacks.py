"""Stacked comparisons: every cohort with its own clean comparison units over the same window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design, refuse_at_risk
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.did.group_time_effects import UNBALANCED, GroupTime, compared_cells
from buurteffect.estimate.inference.influence import DRAWS, SEED, effects_from_influence
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample


def weighted_event_study(
    effects: GroupTime,
    weights: Floats,
    slopes: Floats,
    method: str,
    window: tuple[int, int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    r"""Average comparisons of one event time with given weights.

    The weights move with the sizes of cohorts, which are drawn with the units. With :math:`w_g(p_g)` the weight of a
    cohort that is the share :math:`p_g` of all units, and θ the average of the effects :math:`θ_g`, a unit's influence
    holds besides those of the comparisons

    .. math:: \sum_g \frac{w_g'(p_g)}{\sum w} (θ_g - θ)(1[G_i = g] - p_g).

    Without it, errors of many small cohorts are too small: what a unit differs from its cohort's own mean leaves out
    what cohorts differ from each other, chance included.

    Parameters
    ----------
    effects : GroupTime
        Comparisons by cohort and time, with a universal base.
    weights : ndarray
        Weight of each comparison; within an event time they are made to add up to 1.
    slopes : ndarray
        By how much each weight grows, relative to itself, when its cohort grows by one percent of itself, in percent:
        1 for weights in proportion to treated units.
    method : str
        What it is, in words.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    draws, seed : int
        Of the multiplier bootstrap.

    Returns
    -------
    EffectEstimate
        The row ``overall`` (mean over event times from 0 on), then ``window``, then one row per event time.
    """
    cells = effects.cells
    event, point = cells["event_time"].to_numpy(), cells["estimate"].to_numpy()
    fixed, count = cells["is_base"].to_numpy(), cells["treated_count"].to_numpy()
    events = np.unique(event)
    rows = []
    for value in events:
        here = event == value
        chosen = here & ~fixed if (here & ~fixed).any() else here
        share = np.where(chosen, np.where(fixed, 1.0, weights), 0.0)
        rows.append(share / share.sum())
    matrix = np.array(rows)
    moved = _moved_shares(effects, matrix, slopes)
    heads = {"overall": events >= 0}
    if window is not None:
        heads[f"window {window[0]}–{window[1]}"] = (events >= window[0]) & (events <= window[1])
    for name, inside in heads.items():
        if not inside.any():
            raise EstimationError(f"{name}: no such event time was estimated ({events.min()} to {events.max()} were)")
    matrix = np.vstack([*(matrix[inside].mean(axis=0) for inside in heads.values()), matrix])
    moved = np.column_stack([*(moved[:, inside].mean(axis=1) for inside in heads.values()), moved])
    return effects_from_influence(
        effects.adoption,
        [*heads, *(f"event time {value}" for value in events)],
        matrix @ point,
        effects.influence @ matrix.T + moved,
        method=method,
        software=effects.software,
        treated_count=[_treated(cells["cohort"].to_numpy(), count, row) for row in matrix],
        event_time=[*[np.nan] * len(heads), *events],
        band=[False] * len(heads) + [True] * len(events),
        dropped=effects.dropped,
        draws=draws,
        seed=seed,
    )


def _moved_shares(effects: GroupTime, matrix: Floats, slopes: Floats) -> Floats:
    """Return the influence of every unit on each average through the sizes of cohorts, shape (units, averages)."""
    adoption, cells = effects.adoption, effects.cells
    cohorts = cells["cohort"].to_numpy()
    belongs = adoption.weights[:, None] * (adoption.cohorts[:, None] == cohorts)
    share = belongs.mean(axis=0)
    gap = cells["estimate"].to_numpy()[None, :] - (matrix @ cells["estimate"].to_numpy())[:, None]
    return np.asarray((belongs / share - 1) @ (matrix * gap * slopes).T)


def _treated(cohort: Floats, count: Floats, row: Floats) -> int:
    """Return how many treated units stand behind an average: the largest comparison of each cohort."""
    return int(sum(count[(row > 0) & (cohort == value)].max() for value in np.unique(cohort[row > 0])))


def stacked(
    frame: pd.DataFrame,
    design: Design,
    before: int = 3,
    after: int = 4,
    window: tuple[int, int] | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    """Estimate an event study on stacked sub-experiments, weighted so that it is an average effect on the treated.

    For each cohort that is seen from `before` years before its treatment to `after` years after it, its units are
    set beside units that stay untouched until the end of that window (never treated or later); the event study is the
    average of these comparisons by the number of treated units, which is what the weights of Wing, Freedman &
    Hollingsworth (2024, doi:10.3386/w32054) make of the stacked regression. Covariates enter by regression.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    before, after : int
        The window, in years.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    draws, seed : int
        Of the multiplier bootstrap.

    Raises
    ------
    EstimationError
        If no cohort is seen over the whole window with clean units beside it.
    """
    refuse_at_risk(design, "the stacked comparison")
    adoption = Adoption(draw_sample(frame, design, one_treated_cluster=True))
    early = max(before, 1 + design.anticipation_years)
    cells = compared_cells(adoption, "reg", reach=(-early, after), clean_until=after)
    table = cells.cells
    first, last = int(adoption.times.min()), int(adoption.times.max())
    inside = (table["cohort"] - early >= first) & (table["cohort"] + after <= last)
    # A cohort with a gap in its window would change who is averaged from one event time to the next.
    full = table.groupby("cohort")["time"].transform("size")
    inside &= full == full[inside].max() if inside.any() else False
    if not inside.any():
        raise EstimationError(
            f"no cohort is seen from {early} years before to {after} years after its treatment within {first}–{last} "
            "with clean units beside it: take a shorter window"
        )
    gone = table.loc[~inside, "cohort"].nunique() + len(set(adoption.cohort_values) - set(table["cohort"]))
    dropped = (("cohorts not seen over the whole window", gone),) if gone else ()
    kept = GroupTime(
        adoption,
        table[inside].reset_index(drop=True),
        cells.influence[:, inside.to_numpy()],
        "reg",
        "universal",
        (*cells.dropped, *dropped),
    )
    size = _cohort_weights(adoption, kept.cells["cohort"].to_numpy())
    return weighted_event_study(
        kept,
        size,
        np.ones(len(size)),
        f"stacked sub-experiments from {early} years before to {after} after (Wing, Freedman & Hollingsworth 2024, "
        "doi:10.3386/w32054), weighted by treated units" + adoption.sample.unbalanced(UNBALANCED),
        window,
        draws,
        seed,
    )


def _cohort_weights(adoption: Adoption, cohorts: np.ndarray) -> np.ndarray:
    """Return the total weight of the units of each cohort."""
    return np.array([float(adoption.weights[adoption.cohorts == cohort].sum()) for cohort in cohorts])
