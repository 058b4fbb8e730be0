"""What two-way effects average: every comparison of two cohorts, with its weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import software_versions
from buurteffect.estimate.core.within import within_two_way
from buurteffect.estimate.sample.estimation_sample import Sample, draw_sample
from buurteffect.estimate.sample.library_results import call_library

KINDS = {
    "treated_vs_never": "treated against never treated",
    "earlier_vs_later": "treated earlier against later, before these are treated",
    "later_vs_earlier": "treated later against earlier, which are treated already",
}
"""Kinds of comparison; the last is the forbidden one."""


@dataclass(frozen=True, eq=False)
class BaconDecomposition:
    """What a regression with unit and time effects averages.

    Parameters
    ----------
    two_way : float
        Its coefficient.
    comparisons : DataFrame
        One row is one comparison of two cohorts: ``kind, treated_cohort, comparison_cohort`` (missing for never
        treated), ``estimate, weight``. The weights add up to 1, and the weighted estimates to `two_way`.
    kinds : DataFrame
        One row is one kind: ``kind, weight, estimate`` (weighted mean).
    negative : DataFrame
        One row: ``treated_rows_count, negative_rows_count, negative_rows_share, negative_weight_sum``: how many treated
        rows' effects enter with a negative weight, and what these weights add up to (those of all treated rows add
        up to 1).
    software : str
        Library and version.
    dropped : tuple
        What was left out.
    """

    two_way: float
    comparisons: pd.DataFrame
    kinds: pd.DataFrame
    negative: pd.DataFrame
    software: str
    dropped: tuple[tuple[str, int], ...] = ()


def bacon_decomposition(frame: pd.DataFrame, design: Design) -> BaconDecomposition:
    """Take the two-way coefficient of a staggered treatment apart.

    The coefficient is a weighted mean of all comparisons of two groups over two periods (Goodman-Bacon 2021,
    doi:10.1016/j.jeconom.2021.03.014). As a sum over treated rows it weighs their effects by what two-way effects leave
    of the treatment, which may be negative (de Chaisemartin & D'Haultfœuille 2020, doi:10.1257/aer.20181169).

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; only outcome, unit, time, cohort and breaks enter, and nothing else is asked for.

    Raises
    ------
    EstimationError
        If the panel is not balanced, for which the weights are not defined; or see `draw_sample`.
    """
    from diff_diff.bacon import BaconDecomposition as Library

    used = Design(
        design.outcome, design.unit, design.time, design.cohort, breaks=design.breaks,
        across_breaks=design.across_breaks,
    )  # fmt: skip
    sample = draw_sample(frame, used, one_treated_cluster=True)
    if not sample.balanced:
        raise EstimationError(
            f"the decomposition needs every unit at every time, {sample.lacking_count} are lacking: keep the units or "
            "times that are complete"
        )
    # The library repeats what is checked above, or drops nothing, when it warns of these.
    call = call_library(
        "diff-diff", lambda: Library(weights="exact").fit(sample.coded(), "outcome", "unit", "time", "cohort")
    )
    found = call.result
    comparisons = pd.DataFrame(
        {
            "kind": [KINDS[item.comparison_type] for item in found.comparisons],
            "treated_cohort": [int(item.treated_group) - sample.moved_up for item in found.comparisons],
            "comparison_cohort": pd.array(
                [
                    pd.NA if item.control_group == "never_treated" else int(item.control_group) - sample.moved_up
                    for item in found.comparisons
                ],
                dtype="Int64",
            ),
            "estimate": [float(item.estimate) for item in found.comparisons],
            "weight": [float(item.weight) for item in found.comparisons],
        }
    )
    comparisons["weight"] /= comparisons["weight"].sum()
    kinds = _by_kind(comparisons)
    return BaconDecomposition(
        float(found.twfe_estimate),
        comparisons,
        kinds,
        _negative(sample),
        software_versions("diff-diff"),
        sample.dropped,
    )


def _by_kind(comparisons: pd.DataFrame) -> pd.DataFrame:
    """Return weight and weighted mean per kind of comparison, 0 where there is none."""
    rows = []
    for kind in KINDS.values():
        part = comparisons[comparisons["kind"] == kind]
        weight = float(part["weight"].sum())
        mean = float((part["weight"] * part["estimate"]).sum() / weight) if weight > 0 else np.nan
        rows.append({"kind": kind, "weight": weight, "estimate": mean})
    return pd.DataFrame(rows)


def _negative(sample: Sample) -> pd.DataFrame:
    """Return how many treated rows have a negative weight in the two-way coefficient."""
    treated = sample.treated_now & ~sample.never
    left = within_two_way(treated[:, None].astype(float), sample.unit_codes, sample.time_codes)[:, 0]
    weight = left[treated] / left[treated].sum()
    below = weight < -1e-12
    return pd.DataFrame(
        {
            "treated_rows_count": [int(treated.sum())],
            "negative_rows_count": [int(below.sum())],
            "negative_rows_share": [float(below.mean())],
            "negative_weight_sum": [float(weight[below].sum())],
        }
    )
