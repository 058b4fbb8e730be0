"""Attenuation by classical measurement error in the exposure, and the instrument that undoes it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from buurteffect.errors import CallError
from buurteffect.estimate.childhood.design import EXPOSURE, STANDARD, ChildDesign
from buurteffect.estimate.core.columns import require
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.regression.ols_iv import ivreg

ALL, SAMPLE, INSTRUMENTED = (
    "from all households",
    "from a sample of households",
    "from the sample, instrumented by another sample",
)


def measured_slopes(children: pd.DataFrame, samples: pd.DataFrame, design: ChildDesign = STANDARD) -> EffectEstimate:
    """Return the slope of rank in exposure: by all households, by a sample, and by one sample instrumented by another.

    Exposure from a sample is the true one plus an error that has nothing to do with anything: least squares draw its
    slope towards zero. The error of another sample is independent, so that exposure by one is an instrument for
    exposure by the other.

    Parameters
    ----------
    children, design
        As of `sibling_slope`.
    samples : DataFrame
        Index ``person``, two columns with the exposure by two samples (`panel.sampled_exposures`).

    Returns
    -------
    EffectEstimate
        Three rows, `ALL`, `SAMPLE` and `INSTRUMENTED`, all for the children that both samples cover. It is the
        association that all rows show, so none may be a headline.
    """
    require(children, ("person",), "table of children")
    if len(samples.columns) < 2:
        raise CallError(f"two columns of exposure by samples are needed, found {', '.join(samples.columns) or 'none'}")
    first, second = samples.columns[:2]
    frame = children.merge(samples.dropna(), left_on="person", right_index=True)
    base = design.between((EXPOSURE,), ("childhood_years", "female", "nonwestern", "parent_rank"), ("birth_year",))
    rows = {
        ALL: base,
        SAMPLE: replace(base, explained_by=(first,)),
        INSTRUMENTED: replace(base, explained_by=(first,), instruments=(second,)),
    }
    tables = {name: ivreg(frame, each).table("", [name]) for name, each in rows.items()}
    found = stack(tables, "least squares between children, by how the share of low incomes is measured")
    return replace(found, not_headline=("families choose their places: this is an association",))
