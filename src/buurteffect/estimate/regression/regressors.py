"""What a regression explains the outcome with: treatment, dose and covariates, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.fit import check_regressors
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.adoption import check_no_twin
from buurteffect.estimate.sample.estimation_sample import Sample

TREATED = "treated"
"""Name of the regressor that is 1 from a unit's first treated time on."""

INTERCEPT = "intercept"


@dataclass(frozen=True, eq=False)
class Regressors:
    """Columns with names.

    Parameters
    ----------
    names : tuple of str
        One name per column.
    values : ndarray
        Shape (rows, names).
    """

    names: tuple[str, ...]
    values: Floats

    def and_columns(self, names: Sequence[str], values: Floats) -> Regressors:
        """Return these and further columns."""
        both = np.empty((len(self.values), len(self.names) + len(names)), order="F")
        both[:, : len(self.names)], both[:, len(self.names) :] = self.values, values
        return Regressors((*self.names, *names), both)


def default_regressors(sample: Sample) -> Regressors:
    """Return treatment or dose, then the covariates.

    With a cohort: 1 (or the dose) from the first treated time on, and with anticipation one more column for each event
    time of it that is seen, so that the first is the effect of treatment alone. Without a cohort: the dose.

    Raises
    ------
    EstimationError
        If the design names neither cohort, dose nor covariate, or a covariate is the outcome itself.
    """
    check_no_twin(sample)
    design = sample.design
    names, columns = [], []
    if design.cohort is not None:
        size = np.ones(sample.rows_count) if design.dose is None else sample.column(design.dose)
        name = TREATED if design.dose is None else design.dose
        names.append(name)
        columns.append(sample.treated_now * size)
        for event in range(-design.anticipation_years, 0):
            if (sample.event_times == event).any():
                names.append(f"{name}, event time {event}")
                columns.append((sample.event_times == event) * size)
    elif design.dose is not None:
        names.append(design.dose)
        columns.append(sample.column(design.dose))
    names += design.covariates
    columns += [sample.covariates[:, place] for place in range(len(design.covariates))]
    if not names:
        raise EstimationError("there is nothing to estimate: name a cohort, a dose or covariates")
    return Regressors(tuple(names), np.column_stack(columns))


def columns_of_errors(*given: object, **named: object) -> list[str]:
    """Return the columns that errors among what is given need, such as clusters or coordinates."""
    asked = [each for each in (*given, *named.values()) if hasattr(each, "meat")]
    return [str(name) for errors in asked for name in getattr(errors, "columns", ())]


def with_intercept(regressors: Regressors, column: Floats | None = None) -> Regressors:
    """Return regressors behind an intercept, for regressions without fixed effects; refuse what it explains.

    Parameters
    ----------
    regressors : Regressors
        The regressors.
    column : ndarray, optional
        What stands for the intercept, shape (rows,); by default ones.

    Raises
    ------
    EstimationError
        With the names of those that are constant or collinear, or if there are no more rows than columns.
    """
    values = regressors.values
    check_regressors(regressors.names, values - values.mean(axis=0), values, "the intercept")
    if len(values) <= values.shape[1] + 1:
        raise EstimationError(
            f"{len(values)} rows cannot tell an intercept and {', '.join(regressors.names)} apart: leave some out"
        )
    ones = np.ones(len(values)) if column is None else column
    return Regressors((INTERCEPT,), ones[:, None]).and_columns(regressors.names, values)
