"""Synthetic difference-in-differences for single places: a weighted comparison made to move as the place did before."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample
from buurteffect.estimate.sample.library_results import call_library

PLACEBOS, SEED = 200, 20261121
"""Most donors that are treated as if they were the place, and the seed that draws them."""


def synthetic_did(
    frame: pd.DataFrame,
    design: Design,
    places: Sequence[Hashable],
    placebos: int = PLACEBOS,
    seed: int = SEED,
) -> EffectEstimate:
    r"""Estimate the effect on one place, or a few treated at the same time, from weighted donors and times.

    Donors get weights that make them move as the place did before treatment, times before it weights that make them
    predict the times after it; the effect is the weighted difference in differences (Arkhangelsky, Athey, Hirshberg,
    Imbens & Wager 2021, doi:10.1257/aer.20190159). Every donor (or `placebos` of them) is then taken for the place: the
    p-value is the share of all, the place among them, that moved at least as much, and the standard error the
    spread of the placebos, so that the interval supposes that the place varies as donors do.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; units never treated are the donors. Covariates and weights are not taken, clusters not
        looked at. The years of anticipation count neither as before nor as after.
    places : sequence
        Names of the treated units; other treated units are left out.
    placebos : int
        Most placebos to compute.
    seed : int
        Draws the placebos where there are more donors.

    Returns
    -------
    EffectEstimate
        One row, with the remarks ``fit_before`` (root mean squared gap before treatment after weighting),
        ``donors_count`` (with a weight above 0), ``placebos_count`` and ``p_value`` by rank.

    Raises
    ------
    EstimationError
        If a place is unknown or untreated, places differ in their treatment's time, or the design has covariates or
        weights.
    NoComparisonError
        If fewer than three donors are seen at every time.
    """
    if design.covariates or design.weights is not None:
        given = ", ".join((*design.covariates, *([design.weights] if design.weights else [])))
        raise EstimationError(
            f"synthetic difference-in-differences takes no covariates or weights here: leave out {given}"
        )
    sample = draw_sample(frame, replace(design, clusters=(), coordinates_m=None), one_treated_cluster=True)
    table, start, dropped = _places_and_donors(sample, places)
    outcome = table.pivot_table(index="unit", columns="time", values="outcome").sort_index()
    mine = table.groupby("unit")["treated"].max().to_numpy(dtype=bool)
    after = [int(time) for time in outcome.columns if time >= start]
    paths = outcome.to_numpy()
    found = _library(paths, mine, outcome.columns.to_numpy(), after)
    donors = np.flatnonzero(~mine)
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed)))
    size = int(mine.sum())
    if size == 1 and len(donors) <= placebos:
        chosen = [np.array([donor]) for donor in donors]
    else:
        chosen = [generator.choice(donors, size, replace=False) for _ in range(placebos)]
    moved = np.array([_placebo(paths[donors], np.isin(donors, pick), outcome, after) for pick in chosen])
    error = float(np.sqrt(np.mean((moved - moved.mean()) ** 2)))
    estimate = float(found.att)
    return EffectEstimate.of(
        [", ".join(map(str, places))],
        [estimate],
        [error],
        method="synthetic difference-in-differences (Arkhangelsky et al. 2021, doi:10.1257/aer.20190159)",
        convention=f"spread of {len(moved)} placebo effects on donors; p-value by rank among them",
        units_count=len(mine),
        treated_count=size,
        clusters_count=len(mine),
        remarks={
            "p_value": (1 + (np.abs(moved) >= abs(estimate)).sum()) / (1 + len(moved)),
            "fit_before": float(found.pre_treatment_fit),
            "donors_count": sum(weight > 1e-6 for weight in dict(found.unit_weights).values()),
            "placebos_count": len(moved),
        },
        dropped=(*sample.dropped, *dropped),
        software=software_versions("diff-diff"),
        design=design,
    )


def _places_and_donors(
    sample: Sample, places: Sequence[Hashable]
) -> tuple[pd.DataFrame, int, tuple[tuple[str, int], ...]]:
    """Return the rows of places and donors, the time of treatment, and what was left out."""
    names = sample.frame[sample.design.unit]
    unknown = sorted({str(place) for place in places} - set(names.astype(str)))
    if unknown or not places:
        raise EstimationError(f"no unit {', '.join(unknown) or 'was named'} in the sample: name treated units")
    chosen = names.isin(list(places)).to_numpy()
    cohorts = np.unique(sample.cohorts[chosen & ~sample.never])
    if len(cohorts) != 1 or (chosen & sample.never).any():
        raise EstimationError(
            f"the places named are treated at {len(cohorts)} times or not at all: name places treated at one time"
        )
    event = sample.times - cohorts[0]
    between = (event >= -sample.design.anticipation_years) & (event < 0)
    table = sample.coded().assign(treated=chosen.astype(int), time=sample.times)
    complete = table.groupby("unit")["time"].transform("size").to_numpy() == len(sample.time_values)
    keep = (chosen | sample.never) & complete
    if (chosen & ~complete).any():
        raise EstimationError("a place is not seen at every time: keep the times at which it is")
    gaps = len(np.unique(sample.unit_codes[sample.never & ~complete]))
    other = len(np.unique(sample.unit_codes[~chosen & ~sample.never]))
    counts = (("donors not seen at every time", gaps), ("other treated units", other))
    if len(np.unique(sample.unit_codes[keep & ~chosen])) < 3:
        raise NoComparisonError("fewer than three donors are seen at every time: add untreated units")
    return table[keep & ~between], int(cohorts[0]), tuple((reason, count) for reason, count in counts if count)


def _placebo(paths: np.ndarray, mine: np.ndarray, outcome: pd.DataFrame, after: list[int]) -> float:
    """Return the effect on donors taken for the place."""
    return float(_library(paths, mine, outcome.columns.to_numpy(), after).att)


def _library(paths: np.ndarray, mine: np.ndarray, times: np.ndarray, after: list[int]) -> Any:
    """Return the library's fit; its own error is not used, and the jackknife costs least: it fits no weights anew."""
    from diff_diff.synthetic_did import SyntheticDiD

    size, length = paths.shape
    table = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(size), length),
            "time": np.tile(times, size),
            "outcome": paths.ravel(),
            "treated": np.repeat(mine.astype(int), length),
        }
    )
    model = SyntheticDiD(variance_method="jackknife")
    return call_library(
        "diff-diff", lambda: model.fit(table, "outcome", "treated", "unit", "time", post_periods=after)
    ).result
