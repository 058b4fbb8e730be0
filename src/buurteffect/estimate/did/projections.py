"""Local projections: the change since before treatment, regressed on being newly treated, one event time at a time."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from buurteffect.errors import CallError
from buurteffect.estimate.core.design import NOT_YET_TREATED, Design, refuse_at_risk
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.group_time_effects import UNBALANCED, compared_cells
from buurteffect.estimate.did.stacks import weighted_event_study
from buurteffect.estimate.inference.influence import DRAWS, SEED
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

Weighting = Literal["variance", "treated"]


def local_projections(
    frame: pd.DataFrame,
    design: Design,
    window: tuple[int, int] | None = None,
    weighting: Weighting = "variance",
    draws: int = DRAWS,
    seed: int = SEED,
) -> EffectEstimate:
    r"""Estimate an event study by local projections with clean comparison units.

    At event time h the change Y_{g+h} − Y_{g−1} is regressed on newly treated and time effects, among the newly treated
    and those untouched by g + h (Dube, Girardi, Jordà & Taylor 2023, doi:10.3386/w31184). The regression weighs
    cohorts by n_g n_c / (n_g + n_c), with n_g the weight of the newly treated, or their number where there are no
    weights, and n_c that of the units compared with (``variance``); weighted by n_g (``treated``) it is the average
    effect on the treated. Covariates enter by regression on the units compared with, which only
    ``treated`` weights keep an average effect.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time.
    design : Design
        What is estimated; ``comparison`` decides whether the not yet treated count as clean.
    window : (int, int), optional
        Add the row ``window``: the mean over these event times, ends included.
    weighting : {"variance", "treated"}
        How cohorts are weighed.
    draws, seed : int
        Of the multiplier bootstrap.

    Raises
    ------
    EstimationError
        If the weighting is unknown; or see `draw_sample`.
    """
    if weighting not in ("variance", "treated"):
        raise CallError(f"weighting must be variance or treated, found {weighting!r}")
    refuse_at_risk(design, "local projections")
    effects = compared_cells(Adoption(draw_sample(frame, design, one_treated_cluster=True)), "reg")
    masses = effects.cells[["treated_mass", "others_mass"]].to_numpy(dtype=float)
    treated, others = np.where(effects.cells["is_base"].to_numpy()[:, None], 1.0, masses).T
    weights = treated if weighting == "treated" else treated * others / (treated + others)
    slopes = np.ones(len(treated)) if weighting == "treated" else others / (treated + others)
    clean = "not yet treated" if design.comparison == NOT_YET_TREATED else "never treated"
    return weighted_event_study(
        effects,
        weights,
        slopes,
        f"local projections against {clean} units (Dube, Girardi, Jordà & Taylor 2023, doi:10.3386/w31184), "
        f"{weighting} weights{effects.adoption.sample.unbalanced(UNBALANCED)}",
        window,
        draws,
        seed,
    )
