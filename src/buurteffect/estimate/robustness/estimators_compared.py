"""All robust estimators beside each other for one headline, with the naive ones shown for what they are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.extended_twoway import extended_twoway
from buurteffect.estimate.did.group_time_effects import Approach
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.projections import local_projections
from buurteffect.estimate.did.stacks import stacked
from buurteffect.estimate.did.sun_abraham import sun_abraham

_Run = Callable[[pd.DataFrame, Design, tuple[int, int], Approach], EffectEstimate]

ESTIMATORS: dict[str, _Run] = {
    "Callaway–Sant'Anna, never treated": lambda frame, design, window, approach: callaway_santanna(
        frame, replace(design, comparison=NEVER_TREATED), approach=approach, window=window
    ),
    "Callaway–Sant'Anna, not yet treated": lambda frame, design, window, approach: callaway_santanna(
        frame, replace(design, comparison=NOT_YET_TREATED), approach=approach, window=window
    ),
    "Sun–Abraham": lambda frame, design, window, _: sun_abraham(frame, design, window=window),
    "imputation": lambda frame, design, window, _: imputation(frame, design, window=window, leads=False),
    "extended two-way": lambda frame, design, window, _: extended_twoway(frame, design, window=window),
    "stacked": lambda frame, design, window, _: stacked(
        frame, design, before=1, after=max(window[1], 0), window=window
    ),
    "local projections": lambda frame, design, window, _: local_projections(frame, design, window=window),
}
"""Each robust estimator by its name: a panel, a design, a window of event times and an approach in, an estimate with a
row ``window`` out."""


def side_by_side(
    frame: pd.DataFrame, design: Design, window: tuple[int, int] = (6, 9), approach: Approach = "dr"
) -> EffectEstimate:
    """Estimate the mean effect over a window of event times with every robust estimator.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated.
    window : (int, int)
        Event times whose mean is the headline, ends included.
    approach : {"dr", "reg", "ipw"}
        How covariates enter Callaway & Sant'Anna.

    Returns
    -------
    EffectEstimate
        One row is one estimator, with the remarks ``method`` and ``reason`` (why it has no figure; empty where it has
        one). Estimators weigh cohorts differently, so that with effects that differ between cohorts they need not
        agree; in the case of two groups and two times they are one number.

    Raises
    ------
    EstimationError
        If no estimator has a figure; with the reason of each.
    """
    rows, found, reasons = [], [], []
    for name, run in ESTIMATORS.items():
        try:
            result = run(frame, design, window, approach)
        except EstimationError as error:
            reasons.append(f"{name}: {error}")
            rows.append(pd.DataFrame({"term": [name], "reason": [str(error)], "method": [""]}))
            continue
        found.append(result)
        row = result.frame[result.frame["term"].str.startswith("window")]
        rows.append(row.assign(term=name, reason="", method=result.method))
    if not found:
        raise EstimationError("no estimator has a figure for this window. " + "; ".join(reasons))
    columns = [*found[0].frame.columns, "reason", "method"]
    table = pd.concat([row.reindex(columns=columns) for row in rows], ignore_index=True)
    for column in ("units_count", "clusters_count", "treated_count"):
        table[column] = table[column].fillna(0).astype(int)
    for column in ("estimate", "std_error", "ci_low", "ci_high", "p_value"):
        table[column] = table[column].astype(float)
    table[["ci_low_simultaneous", "ci_high_simultaneous"]] = np.nan
    conventions = dict.fromkeys(result.error_convention for result in found)
    software = dict.fromkeys(result.software for result in found)
    return EffectEstimate(
        frame=table,
        method=f"robust estimators beside each other, mean of event times {window[0]}–{window[1]}",
        error_convention="; or ".join(conventions),
        units_count=found[0].units_count,
        clusters_count=found[0].clusters_count,
        dropped=tuple(dict.fromkeys(item for result in found for item in result.dropped)),
        treated_count=found[0].treated_count,
        software="; ".join(software),
        design=design,
        degrees=found[0].degrees,
        not_headline=tuple(dict.fromkeys(reason for result in found for reason in result.not_headline)),
    )
