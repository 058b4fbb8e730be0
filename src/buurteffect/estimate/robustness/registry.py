"""The estimators of effects that differ between cohorts and over time, in one list that every comparison reads.

The table of estimators side by side and the scoreboard of places run what stands here: an estimator is added by its
module, one entry, and its tests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from buurteffect.estimate.core.design import NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.group_time_effects import Approach
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.projections import local_projections
from buurteffect.estimate.did.saturated import extended_twfe, sun_abraham
from buurteffect.estimate.did.stacks import stacked

Window = tuple[int, int]


@dataclass(frozen=True)
class RobustEstimator:
    """An estimator that stays unbiased where effects differ between cohorts and over time.

    Attributes
    ----------
    label : str
        Its name in tables.
    call : callable
        Takes a panel, a design and ``window``; returns an estimate with a row ``window``.
    options : mapping
        What else it is called with.
    comparison : str, optional
        Comparison group in place of the design's, for an estimator that also takes an ``approach`` to covariates.
    scored_on_all : bool
        Whether the scoreboard runs it on every outcome and clustering, which only quick ones are.
    scored_with : mapping
        Options on the scoreboard, where bands are not read.
    years_of_window : bool
        Whether the scoreboard leaves out years that the window does not need: they only add terms.
    """

    label: str
    call: Callable[..., EffectEstimate]
    options: Mapping[str, Any] = field(default_factory=dict)
    comparison: str | None = None
    scored_on_all: bool = False
    scored_with: Mapping[str, Any] = field(default_factory=lambda: {"draws": 1})
    years_of_window: bool = False

    def run(
        self, frame: pd.DataFrame, design: Design, window: Window, approach: Approach = "dr", **more: Any
    ) -> EffectEstimate:
        """Return the mean effect over event times from the first to the last of a window.

        `approach` ("dr", "reg" or "ipw") says how covariates enter where there is a choice; `more` are further options.
        """
        if self.comparison is not None:
            design, more = replace(design, comparison=self.comparison), {"approach": approach, **more}
        return self.call(frame, design, window=window, **{**self.options, **more})


def _stacked(frame: pd.DataFrame, design: Design, window: Window, **more: Any) -> EffectEstimate:
    """Run the stacked comparison over the shortest window that holds the estimand."""
    return stacked(frame, design, before=1, after=max(window[1], 0), window=window, **more)


ROBUST_ESTIMATORS: dict[str, RobustEstimator] = {
    "cs_never": RobustEstimator(
        "Callaway–Sant'Anna, never treated", callaway_santanna, {}, NEVER_TREATED, scored_on_all=True
    ),
    "cs_not_yet": RobustEstimator(
        "Callaway–Sant'Anna, not yet treated", callaway_santanna, {}, NOT_YET_TREATED, scored_on_all=True
    ),
    "sun_abraham": RobustEstimator("Sun–Abraham", sun_abraham, years_of_window=True),
    "imputation": RobustEstimator(
        "imputation",
        imputation,
        {"leads": False},
        scored_on_all=True,
        # Cohorts there are of four or five buurten: deviations are from the mean of an event time, not of a cohort.
        scored_with={"draws": 1, "deviations": "event time"},
    ),
    "extended_twoway": RobustEstimator("extended two-way", extended_twfe),
    "stacked": RobustEstimator("stacked", _stacked),
    "local_projections": RobustEstimator("local projections", local_projections),
}
"""Every robust estimator by its name on the scoreboard, in the order of the tables."""
