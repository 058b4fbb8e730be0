"""The effect of the displaced taken in over all that is not known: how long they count, and how far works reach."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from buurteffect.errors import CallError
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.space.exposures import INFLOW, exposure_effects, exposure_mapping
from buurteffect.estimate.space.waterbed import ledger

SLOPE, MOST, LEAKAGE = "slope", "most", "leakage"
"""What is profiled: the effect of a stock of displaced as large as the area, the effect where most of them went, and
the share of the direct gain that was lost there."""


def exposure_profile(
    frames: Mapping[tuple[float, float], pd.DataFrame],
    outcome: str,
    covariates: Sequence[str],
    year: int,
    share: float = 0.05,
) -> EffectEstimate:
    """Return the effect of the displaced taken in for every persistence and reach: a set, of which none is chosen.

    Parameters
    ----------
    frames : mapping of (float, float) to DataFrame
        A panel as of `exposure_mapping` for each persistence (share of the displaced taken in that still counts a year
        later) and reach (metres that halve what works near by can do), all of the same areas and years.
    outcome, covariates
        As of `exposure_mapping`.
    year, share
        As of `exposure_effects`.

    Returns
    -------
    EffectEstimate
        A row per combination and quantity, with the remarks ``quantity`` (`SLOPE`, `MOST` or `LEAKAGE`),
        ``persistence_share`` and ``reach_m``. The ends of a leakage without a bounded interval are infinite.

    Raises
    ------
    CallError
        If no combination is given.
    EstimationError
        If one of them cannot be estimated.
    """
    if not frames:
        raise CallError("no combination of persistence and reach: give at least one")
    mappings = {key: exposure_mapping(frame, outcome, covariates) for key, frame in frames.items()}
    rows: list[dict[str, object]] = []
    for (persistence, reach), mapping in mappings.items():
        found = {
            SLOPE: mapping.effects.row(term=INFLOW),
            MOST: exposure_effects(mapping, year, share).row(term=INFLOW),
            LEAKAGE: ledger(mapping, year).leakage.row(term="displaced"),
        }
        at = {"persistence_share": persistence, "reach_m": reach}
        rows += [{**row.to_dict(), **at, "quantity": quantity} for quantity, row in found.items()]
    table, made = pd.DataFrame(rows), next(iter(mappings.values())).effects
    return made.derive(
        [f"persistence {row.persistence_share:g}, reach {row.reach_m:g} m" for row in table.itertuples()],
        table["estimate"],
        table["std_error"].to_numpy(dtype=float),
        method=f"{len(frames)} combinations of persistence and reach, each: {made.method}",
        remarks={name: table[name] for name in ("ci_low", "ci_high", "quantity", "persistence_share", "reach_m")},
    )
