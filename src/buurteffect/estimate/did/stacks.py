"""Stacked comparisons: every cohort with its own clean comparison units over the same window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.adoption import Adoption
from buurteffect.estimate.core.design import Design, refuse_at_risk
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.sample import draw_sample
from buurteffect.estimate.did.group_time_effects import GroupTime, compared_cells
from buurteffect.estimate.did.weighted_cells import weighted_event_study
from buurteffect.estimate.inference.influence import DRAWS, SEED


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
    adoption = Adoption(draw_sample(frame, design))
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
        "doi:10.3386/w32054), weighted by treated units",
        window,
        draws,
        seed,
    )


def _cohort_weights(adoption: Adoption, cohorts: np.ndarray) -> np.ndarray:
    """Return the total weight of the units of each cohort."""
    return np.array([float(adoption.weights[adoption.cohorts == cohort].sum()) for cohort in cohorts])
