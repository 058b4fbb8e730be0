"""The largest projects one by one, by synthetic difference-in-differences."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EFFECT_COLUMNS, EffectEstimate, Estimate
from buurteffect.estimate.did.synthetic import PLACEBOS, SEED, synthetic_did
from buurteffect.estimate.inference.power import minimum_detectable_effect

FEWEST_BEFORE = 2
"""Figures before the start and its anticipation, below which nothing can be weighted to move as a place did."""

REMARKS = ("cohort_year", "size", "before_count", "after_count", "fit_before", "placebos_count", "detectable", "reason")
"""Columns of the table besides those of every effect."""


def largest_places(frame: pd.DataFrame, design: Design, size: str, count: int) -> list[Hashable]:
    """Return the treated units with the largest value of a column among those seen often enough before their start.

    The largest first, ties by name. Units without a value cannot be ranked and are not in it.
    """
    require_numbers(frame, (size,))
    start = frame[str(design.cohort)] - design.anticipation_years
    seen = frame[frame[design.outcome].notna() & (frame[design.time] < start)]
    often = seen.groupby(design.unit)[design.time].nunique() >= FEWEST_BEFORE
    treated = frame[frame[design.unit].isin(often.index[often])].drop_duplicates(design.unit)
    known = treated[treated[size].notna()].sort_values([size, design.unit], ascending=[False, True])
    return list(known[design.unit].head(count))


def effects_on_places(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int],
    places: Sequence[Hashable],
    alike: str,
    size: str,
    placebos: int = PLACEBOS,
    seed: int = SEED,
) -> EffectEstimate:
    """Estimate the effect on single places, each against weighted untreated ones of its own kind.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; covariates, clusters and weights do not enter.
    window : (int, int)
        Event times whose mean is taken, ends included; other times after treatment are left out.
    places : sequence
        Treated units.
    alike : str
        Column that is the same for units that were alike before; the donors of a place share its value.
    size : str
        Column that is shown beside each place.
    placebos, seed : int
        As in `synthetic_did`.

    Returns
    -------
    EffectEstimate
        One row is one place, with `REMARKS`: ``p_value`` by rank among the placebos, ``detectable``: the effect that
        would be found four times in five if the place varies as donors do, ``reason``: why there is no figure.

    Raises
    ------
    EstimationError
        If no place has a figure.
    """
    require(frame, (alike, size))
    plain = Design(
        design.outcome, design.unit, design.time, design.cohort, clusters=(), breaks=design.breaks,
        across_breaks=design.across_breaks, alpha=design.alpha, anticipation_years=design.anticipation_years,
    )  # fmt: skip
    rows, made = [], []
    for place in places:
        own = frame[frame[design.unit] == place]
        if own.empty:
            raise EstimationError(f"there is no unit {place!r}")
        found, counts = _one(frame, own, plain, window, alike, (placebos, seed))
        facts = {"cohort_year": own[str(design.cohort)].iloc[0], "size": own[size].iloc[0], "reason": found.reason}
        row: dict[str, object] = {"term": str(place)}
        if found:
            made.append(found)
            row = found.frame.iloc[0].to_dict()
            row["detectable"] = minimum_detectable_effect(
                float(str(row["std_error"])), design.alpha, 0.8, found.degrees
            )
        rows.append(row | facts | counts)
    if not made:
        why = rows[0]["reason"] if rows else f"none is seen {FEWEST_BEFORE} times before its start, its size known"
        raise EstimationError(f"no single place can be estimated: {why}")
    table = pd.DataFrame(rows).reindex(columns=[*EFFECT_COLUMNS, *REMARKS])
    for column in ("units_count", "clusters_count", "treated_count"):
        table[column] = table[column].fillna(0).astype(int)
    first = made[0]
    return replace(
        first,
        frame=table,
        method=f"{first.method}, mean of event times {window[0]}–{window[1]}, donors alike before",
        error_convention="spread of the placebo effects on the donors of each place; p-value by rank among them",
        units_count=int(table["units_count"].max()),
        clusters_count=int(table["clusters_count"].max()),
        dropped=(),
        treated_count=len(made),
        design=plain,
    )


def _one(
    frame: pd.DataFrame, own: pd.DataFrame, design: Design, window: tuple[int, int], alike: str, draw: tuple[int, int]
) -> tuple[EffectEstimate, dict[str, int]]:
    """Estimate one place; return also at how many times before and after it is seen."""
    start = float(own[str(design.cohort)].iloc[0])
    known = own.loc[own[design.outcome].notna(), design.time]
    before = sorted(int(time) for time in known[known < start - design.anticipation_years])
    after = sorted(int(time) for time in known[(known >= start + window[0]) & (known <= start + window[1])])
    counts = {"before_count": len(before), "after_count": len(after)}
    if len(before) < FEWEST_BEFORE or not after:
        lacking = f"{len(before)} before its start, {len(after)} in the years looked at"
        return Estimate.refused(f"too few figures ({lacking})"), counts
    donor = frame[str(design.cohort)].isna() & (frame[alike] == own[alike].iloc[0])
    mine = frame[design.unit] == own[design.unit].iloc[0]
    part = frame[(donor | mine) & np.isin(frame[design.time], [*before, *after])].reset_index(drop=True)
    return estimator(synthetic_did)(part, design, [own[design.unit].iloc[0]], *draw), counts
