"""Take the error of n05 given what was known at the choice apart, by the true effect on every area.

Like the truth of single figures, that on areas is read here and nowhere else. The country without any policy is what
was published less that effect; the design is the notebook's own, applied to both.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from buurteffect.errors import EstimationError, ProjectError
from buurteffect.project import Project

if TYPE_CHECKING:
    import pandas as pd

    from buurteffect.panel.restructuring.study import RestructuringStudy
    from buurteffect.pipeline.runs.runs import Run

NOTEBOOK = "n05_restructuring_did"
"""The notebook whose design is taken apart."""

_TRUE = {"liveability": "liveability_score", "low_income": "low_income_share", "owner": "owner_share"}
"""Outcomes that are published as they are true, but for noise and rounding, and their name in the truth."""

_WITHOUT = "without_policy"
_WORDS = {
    "estimate": "estimate: given what was known at the choice",
    "truth": "truth: effect on the treated, weighed as the estimate weighs",
    "placebo bias": "placebo bias: the same design without any policy",
    "contamination of untreated units": "contamination: what the policy did to the areas compared with",
    "effects on treated units before their treatment": "interaction: what it did to treated areas before their start",
    "left over": "left over",
}


def decompose_error(project: Project, run: Run) -> list[dict[str, Any]]:
    """Return the parts of the estimate's error: ``part, value``; none but for n05 with a truth on areas."""
    truth = project.processed(run.source) / "truth" / "areas.parquet"
    outcome = str(run.parameters.get("outcome", ""))
    if run.notebook.stem != NOTEBOOK or run.source != "synthetic" or outcome not in _TRUE or not truth.is_file():
        return []
    from buurteffect.estimate.core.design import Design  # only here, so that no other run depends on them
    from buurteffect.estimate.did.aggregation import late_estimator
    from buurteffect.estimate.space.spillovers import bias_identity
    from buurteffect.panel.restructuring.study import restructuring_study

    chosen = run.parameters
    try:
        study = restructuring_study(run.source, chosen["level"], outcome, chosen["rule"], chosen["least_dose"], project)
        if not study.ready:
            return []
        design = Design(
            study.column,
            covariates=study.covariates,
            comparison=chosen["comparison"],
            clusters=("gemeente_code",),
            breaks=study.breaks,
            across_breaks=True,
        )
        window = (chosen["window"][0], chosen["window"][-1])
        frame = _with_the_other_country(study, chosen["ring_m"], truth, _TRUE[outcome])
        parts = bias_identity(frame, design, _WITHOUT, late_estimator(window))
    except (EstimationError, ProjectError):
        return []
    return [{"part": _WORDS[row["part"]], "value": _rounded(float(row["value"]))} for row in parts.to_dict("records")]


def _with_the_other_country(study: RestructuringStudy, ring_m: float, truth: Path, name: str) -> pd.DataFrame:
    """Return the rows that the design compares, with the outcome that they would have had without policy.

    Raises
    ------
    EstimationError
        If the truth does not know an area.
    """
    import pandas as pd

    effects = pd.read_parquet(truth)
    effects = effects[effects["outcome"] == name]
    frame = study.compared(ring_m)
    unknown = set(frame["area_code"]) - set(effects["area_code"])
    if unknown:
        raise EstimationError(f"the truth does not know {len(unknown)} areas: their effect cannot be taken off")
    merged = frame.merge(effects[["area_code", "year", "effect"]], on=["area_code", "year"], how="left")
    return merged.assign(**{_WITHOUT: merged[study.column] - merged["effect"].fillna(0.0)})


def _rounded(value: float) -> float:
    """Return 0 for what is rounding."""
    return 0.0 if abs(value) < 1e-12 else value
