"""Tables of displacement and the waterbed that put several estimates together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.core.result import EffectEstimate, Estimate
from buurteffect.estimate.inference.conley import ConleyErrors
from buurteffect.estimate.inference.power import minimum_detectable_effect
from buurteffect.estimate.inference.sandwich import ClusteredErrors
from buurteffect.estimate.persons.attrition_bounds import lee_bounds
from buurteffect.estimate.persons.departure import departure_ratios
from buurteffect.estimate.persons.exit_hazard import excess_exit
from buurteffect.estimate.persons.matching import matched_difference
from buurteffect.estimate.persons.residents import ResidentDesign
from buurteffect.estimate.space.exposures import exposure_mapping

INFLOW_ROW = "taken_in"
DESTINATION_CELLS = ("year", "tenure", "tercile", "origin_band")
"""What the displaced and those they are compared with have in common."""
ATTRITION_CELLS = ("cohort", "gemeente", "home", "age_band")
"""What households are compared within where it is asked who is no longer in the register."""
_EXIT_BOUNDS = ResidentDesign(
    cells=("cohort", "gemeente", "home"), given=("age_band", "distance_band"), cluster="buurt"
)
PLACES = {
    "score_change": "score (LBM points)",
    "low_income_change": "share with a low income",
    "log_woz_change": "log value of dwellings",
    "distance_km_change": "distance (km)",
}
"""Changes from the place left to the place lived in, with their names."""


def horizons(rows: pd.DataFrame, years: Sequence[int], units: Sequence[str] = ("buurt", "wijk")) -> pd.DataFrame:
    """Return excess exit by number of years since the base.

    Returns
    -------
    DataFrame
        One row per unit, number of years and group: ``unit, years``, then the columns of `excess_exit` with
        ``minimum_detectable_effect``; a refusal stands as a row with its ``reason``.
    """
    parts = []
    for unit in units:
        for year in years:
            made = estimator(excess_exit)(rows, unit, year)
            found = made.frame if made else pd.DataFrame({"term": ["all"], "estimate": [np.nan]})
            detectable = [minimum_detectable_effect(e, degrees=made.degrees) for e in found.get("std_error", [])]
            extra = {"minimum_detectable_effect": detectable} if detectable else {}
            parts.append(found.assign(unit=unit, years=year, reason=made.reason, **extra))
    return pd.concat(parts, ignore_index=True)


def destination_gaps(gone: pd.DataFrame, cluster: str = "buurt") -> dict[str, EffectEstimate]:
    """Compare the places of the displaced with those of households like them.

    Parameters
    ----------
    gone : DataFrame
        One row per household: ``displaced, moved``, `DESTINATION_CELLS`, `PLACES` and `cluster`.
    cluster : str
        Column that errors are grouped by.

    Returns
    -------
    dict
        For each of `PLACES`, against those left alone (whether they moved or not), then each against those who moved by
        themselves: `matched_difference`.
    """
    require_numbers(gone, ("displaced", "moved", *PLACES), "table of households")
    require(gone, (*DESTINATION_CELLS, cluster), "table of households")
    movers = gone[gone["displaced"] | gone["moved"]]
    others = {"left alone": gone, "moved by themselves": movers}
    compare = estimator(matched_difference)
    return {
        f"{words}: {who}": compare(rows, "displaced", name, DESTINATION_CELLS, cluster)
        for who, rows in others.items()
        for name, words in PLACES.items()
    }


def inflow_slopes(frame: pd.DataFrame, outcome: str, covariates: Sequence[str], cutoff_km: float) -> pd.DataFrame:
    """Return the effect of the displaced taken in under several designs, with minimum detectable effects.

    Parameters
    ----------
    frame : DataFrame
        As of `exposure_mapping`.
    outcome : str
        What is explained.
    covariates : sequence of str
        What was known before.
    cutoff_km : float
        Reach of Conley's errors.

    Returns
    -------
    DataFrame
        One row per design: ``design``, the columns of effects, ``minimum_detectable_effect`` and ``reason``.
    """
    places = ClusteredErrors(("area_code",))
    conley = ConleyErrors(cutoff_km, ("x_m", "y_m"))
    base = (frame, outcome, covariates)
    mapped = estimator(exposure_mapping)
    made = {
        "same gemeente and year, errors by gemeente": mapped(*base),
        "errors by buurt": mapped(*base, errors=places),
        f"Conley errors, {cutoff_km:g} km": mapped(*base, errors=conley),
        "never restructured buurten only": mapped(*base, untreated_only=True),
        "whole country, year effects only": mapped(*base, within_gemeente=False),
        "no covariates": mapped(frame, outcome, ()),
        "foreseen by moves of before (instrument)": mapped(*base, instrument=True),
    }
    rows = []
    for name, found in made.items():
        if isinstance(found, Estimate):
            rows.append({"first_stage": np.nan, "reason": found.reason, "design": name})
            continue
        row = found.effects.row(term=INFLOW_ROW)
        detectable = minimum_detectable_effect(row["std_error"], degrees=found.effects.degrees)
        strength = found.first_stage if np.isfinite(found.first_stage) else np.nan
        first = {"first_stage": strength, "reason": ""}
        rows.append({**first, **row.to_dict(), "minimum_detectable_effect": detectable, "design": name})
    return pd.DataFrame(rows)


def unlike_neighbours(moves: pd.DataFrame) -> EffectEstimate:
    """Return the hazard ratios of leaving by income distance to the neighbours and by the share of the own group.

    Parameters
    ----------
    moves : DataFrame
        One row per household and year: ``buurt, year, next_buurt`` (below 0 where not in the register), ``displaced,
        tenure, age, nonwestern, distance, like_share``. The displaced and those who left the register are left out.

    Returns
    -------
    EffectEstimate
        Rows ``income distance`` and ``own group``: see `departure_ratios`.
    """
    require_numbers(moves, ("next_buurt", "displaced", "age", "distance", "like_share"), "table of moves")
    require(moves, ("buurt", "year", "tenure", "nonwestern"), "table of moves")
    settled = moves[(moves["next_buurt"] >= 0) & ~moves["displaced"]]
    rows = settled.assign(left=settled["next_buurt"] != settled["buurt"], age_band=settled["age"] // 15)
    traits = {"distance": "income distance", "like_share": "own group"}
    return departure_ratios(rows, "left", traits, ["tenure", "age_band", "nonwestern"], ["buurt", "year"], "buurt")


def attrition(rows: pd.DataFrame, horizon: int, unit: str = "buurt") -> pd.DataFrame:
    """Return how many households are no longer in the register at the end, restructured and left alone.

    Excess exit is of those who are still there. If restructuring made people leave the register, or kept them in it,
    that would be a choice of whom it is about.

    Parameters
    ----------
    rows : DataFrame
        As of `excess_exit`; rows of ``before`` do not count.
    horizon : int
        Years after the base.
    unit : str
        Of which column the state is read.

    Returns
    -------
    DataFrame
        One row per third of incomes, then ``all``: ``term``, the columns of effects of the `matched_difference` of the
        shares that are gone, ``mean_treated, mean_matched`` (these shares), ``either_way_low, either_way_high``
        (`lee_bounds` of the excess exit of those who are in the register either way) with
        ``either_way_ci_low, either_way_ci_high``; a refusal stands as its ``reason``.
    """
    out = f"{unit}_{horizon}"
    require(rows, ("before", "tercile", "person", "buurt", "distance_band", *ATTRITION_CELLS))
    require_numbers(rows, ("before", "treated", "cohort", out))
    now = rows[~rows["before"].astype(bool)]
    state = now[out]
    seen = now.assign(
        gone=(state == -1).astype(float), there=(state != -1).astype(float), out=(state == 1).astype(float)
    )
    found = []
    for term in (*pd.Categorical(seen["tercile"]).categories, "all"):
        part = seen if term == "all" else seen[seen["tercile"] == term]
        gap = estimator(matched_difference)(part, "treated", "gone", ATTRITION_CELLS, "buurt")
        bounds = estimator(lee_bounds)(part, "out", "there", _EXIT_BOUNDS)
        names = ("low", "high", "ci_low", "ci_high")
        ends = (
            {f"either_way_{name}": getattr(bounds, name) for name in names} if not isinstance(bounds, Estimate) else {}
        )
        first = gap.frame.iloc[0].to_dict() if gap else {}
        found.append({**first, **ends, "term": term, "reason": gap.reason})
    return pd.DataFrame(found)
