"""Two-stage differences: imputation with the errors of a joint fit of both stages."""

from __future__ import annotations

import numpy as np
import pandas as pd

from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate, software_versions
from buurteffect.estimate.sample.estimation_sample import draw_sample
from buurteffect.estimate.sample.library_results import call_library, effects_from_covariance, one_cluster, regressors


def two_stage(frame: pd.DataFrame, design: Design) -> EffectEstimate:
    """Estimate one effect in two stages (Gardner 2022, doi:10.48550/arXiv.2207.05943).

    Its figure is that of `imputation`; its errors take effects as one number instead of one per cohort and time. It
    grows faster than the panel and is meant for comparison with the R package did2s.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated, with one clustering.

    Raises
    ------
    EstimationError
        If the design has two clusters or weights, or the library refuses it.
    """
    from diff_diff.two_stage import TwoStageDiD

    sample = draw_sample(frame, design)
    cluster = one_cluster(sample, "diff-diff")
    table, names = regressors(sample, sample.coded())
    model = TwoStageDiD(anticipation=design.anticipation_years, alpha=design.alpha, cluster=cluster)
    call = call_library(
        "diff-diff", lambda: model.fit(table, "outcome", "unit", "time", "cohort", covariates=names or None)
    )
    found = call.result
    return effects_from_covariance(
        sample,
        ["overall"],
        [found.overall_att],
        np.array([[found.overall_se**2]]),
        method="two-stage differences (Gardner 2022, doi:10.48550/arXiv.2207.05943)",
        convention=f"both stages jointly, clustered by {design.cluster_columns[0]}, no small-sample factor; t with "
        "clusters − 1",
        software=software_versions("diff-diff"),
        not_headline=call.warned,
    )
