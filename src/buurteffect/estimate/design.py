"""What is estimated, on whom, against whom: a frozen design, checked against the panel before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

NEVER_TREATED, NOT_YET_TREATED = "never_treated", "not_yet_treated"
COMPARISONS = (NEVER_TREATED, NOT_YET_TREATED)


@dataclass(frozen=True, eq=False)
class Design:
    """The design of a before/after comparison; names are columns of the panel it is applied to.

    Parameters
    ----------
    outcome : str
        What is explained; one value per unit and time.
    unit, time : str
        The panel's key.
    cohort : str or None
        First treated time of a unit; missing for one that is never treated. None for a plain panel regression.
    dose : str or None
        How strongly a unit is treated, such as the share of dwellings demolished.
    comparison : {"never_treated", "not_yet_treated"}
        Who stands for what would have happened.
    covariates : tuple of str
        Covariates; estimators that compare changes take their value in the last time before treatment.
    clusters : tuple of str
        Columns within whose values errors may depend on each other; one or two.
    coordinates_m : tuple of str, optional
        Two columns with coordinates in metres, for errors that depend on distance.
    weights : str, optional
        Column of weights, constant within a unit.
    anticipation_years : int
        How long before treatment its effect may begin.
    breaks : DataFrame
        One row per break of a series: ``concept, break_year, reason``.
    across_breaks : bool
        Whether to compare across a break of the outcome's series all the same.
    alpha : float
        One minus the confidence level.
    """

    outcome: str
    unit: str = "area_code"
    time: str = "year"
    cohort: str | None = "cohort_year"
    dose: str | None = None
    comparison: str = NOT_YET_TREATED
    covariates: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ("gemeente_code",)
    coordinates_m: tuple[str, str] | None = None
    weights: str | None = None
    anticipation_years: int = 0
    breaks: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=["concept", "break_year", "reason"]))
    across_breaks: bool = False
    alpha: float = 0.05
