"""Own income on the poverty of the neighbourhood, year by year: pooled, within persons, within places, within stays."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.columns import require, require_numbers
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import stack
from buurteffect.estimate.inference.sandwich import ClusteredErrors, covariance
from buurteffect.estimate.regression.absorbed_effects import fit_columns
from buurteffect.estimate.regression.regressors import Regressors

CLUSTERS = ("person", "place")


@dataclass(frozen=True)
class PanelChoice:
    """One panel regression.

    Attributes
    ----------
    label : str
        Its name.
    regressor : str
        The share of low incomes that explains: now, before, or over the past.
    effects : tuple of str
        Columns whose values each get an effect.
    outcome : str
        What is explained.
    """

    label: str
    regressor: str
    effects: tuple[str, ...]
    outcome: str = "log_income"


POOLED, PERSON, BOTH, STAYS = ("year",), ("person", "year"), ("person", "year", "place"), ("stay", "year")
CHOICES = (
    PanelChoice("now; year effects", "share", POOLED),
    PanelChoice("now; person and year", "share", PERSON),
    PanelChoice("now; person, year and place", "share", BOTH),
    PanelChoice("one year before; person, year and place", "share_1", BOTH),
    PanelChoice("five years before; person, year and place", "share_5", BOTH),
    PanelChoice("mean of the five years before; person, year and place", "share_past", BOTH),
    PanelChoice("now; stay in one dwelling, and year", "share", STAYS),
    PanelChoice("now, on employment; stay in one dwelling, and year", "share", STAYS, "employed"),
)
"""The regressions of the page, in order."""


def neighbourhood_regressions(
    frame: pd.DataFrame, choices: tuple[PanelChoice, ...] = CHOICES, alpha: float = 0.05
) -> EffectEstimate:
    """Return own income on the share of low incomes among the others in the neighbourhood, under several effects.

    y_it = β share_{b(it),t} + effects + γ age² + e_it. Errors are clustered by person and by buurt. None is a headline:
    persons move when their income changes, so that even within persons the place follows the income. Within a stay
    in one dwelling only the neighbours change.

    Parameters
    ----------
    frame : DataFrame
        One row per person and year, see `panel.read_adult_years`.
    choices : tuple of PanelChoice
        The regressions.
    alpha : float
        One minus the confidence level.

    Returns
    -------
    EffectEstimate
        One row per regression: change of log income (or of the share employed) per ten points more low incomes.

    Raises
    ------
    EstimationError
        If a column is missing, or nothing is left after the effects.
    """
    tables = {choice.label: _regression(frame, choice, alpha) for choice in choices}
    found = stack(tables, "panel regressions on the share of low incomes among the other households")
    return replace(found, not_headline=("persons choose their places, also in answer to their own income",))


def _regression(frame: pd.DataFrame, choice: PanelChoice, alpha: float) -> EffectEstimate:
    """Return one regression."""
    columns = list(dict.fromkeys([choice.outcome, choice.regressor, "age", *choice.effects, *CLUSTERS]))
    require(frame, columns, "table of persons")
    require_numbers(frame, (choice.outcome, choice.regressor, "age"), "table of persons")
    part = frame[columns].dropna()
    lost = len(frame) - len(part)
    # Whoever is seen once says nothing within persons; pyfixest would sweep them to zero.
    single = part.groupby(choice.effects[0])[choice.outcome].transform("size") < 2
    part = part[~single].reset_index(drop=True)
    gone = {"with a missing value": lost, "that are alone in an effect": int(single.sum())}
    dropped = tuple((f"rows {reason} ({choice.label})", count) for reason, count in gone.items() if count)
    if part.empty:
        raise EstimationError(f"no row is left for {choice.label}")
    names = (choice.regressor, "age_squared", *(("age",) if choice.effects[0] == "year" else ()))
    values = part.assign(age_squared=part["age"].to_numpy(dtype=float) ** 2 / 100)[list(names)].to_numpy(dtype=float)
    persons = part["person"].nunique()
    fit = fit_columns(
        part,
        part[choice.outcome].to_numpy(dtype=float),
        Regressors(names, values),
        tuple(np.asarray(pd.factorize(part[name])[0]) for name in choice.effects),
        ("person", "person"),
        (persons, persons),
        dropped=dropped,
    )
    result = covariance(fit, ClusteredErrors(CLUSTERS))
    return EffectEstimate.of(
        [choice.label],
        fit.coefficients[:1],
        result.std_errors[:1],
        method=choice.label,
        convention="clustered by person and place, each by the project's one convention",
        units_count=persons,
        treated_count=persons,
        clusters_count=result.groups_count,
        alpha=alpha,
        dropped=dropped,
        software=fit.software,
        degrees=result.degrees,
    )
