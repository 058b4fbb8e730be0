"""A staggered adoption as matrices: one row is one unit, one column one time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from buurteffect.errors import EstimationError, NotConstantError
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.sample.checks import changing_units
from buurteffect.estimate.sample.estimation_sample import Integers, Sample, Truths

ROW_WEIGHTS = "use imputation, two_stage, twfe, twfe_event_study or feols, which weight rows"
"""What to do with weights that change, where a unit has one."""

_TWIN = 1e-13  # distance from 1 of the correlation of two columns that are one


def check_unit_weights(sample: Sample, instead: str = ROW_WEIGHTS) -> None:
    """Refuse weights that change within a unit, for estimators in which a unit has one.

    Parameters
    ----------
    sample : Sample
        The rows.
    instead : str
        What to do instead of giving a unit one weight.

    Raises
    ------
    NotConstantError
        If they do.
    """
    changing = changing_units(sample.weights, sample.unit_starts, sample.unit_codes)
    if changing:
        raise NotConstantError(
            f"{sample.design.weights} changes within {changing} units, and here a unit has one weight: give every row "
            f"of a unit the same value, such as that before treatment, or {instead}"
        )


def check_no_twin(sample: Sample) -> None:
    """Refuse a covariate that is the outcome, or a line of it, in a regression that is to tell an effect from it.

    Parameters
    ----------
    sample : Sample
        The rows.

    Raises
    ------
    EstimationError
        With the covariate's name.
    """
    if sample.design.cohort is None:
        return
    outcome = sample.outcome - sample.outcome.mean()
    size = float(np.sqrt(outcome @ outcome))
    for name, values in zip(sample.design.covariates, sample.covariates.T, strict=True):
        column = values - values.mean()
        length = float(np.sqrt(column @ column))
        if size > 0 and length > 0 and 1 - abs(float(column @ outcome) / (size * length)) < _TWIN:
            raise EstimationError(
                f"{name} is {sample.design.outcome} itself, or a line of it, so that it explains all of it: leave it "
                "out of the covariates"
            )


@dataclass(frozen=True, eq=False)
class Adoption:
    """A checked sample seen as matrices, for estimators that compare changes of units.

    Parameters
    ----------
    sample : Sample
        The rows, ordered by unit and time, of a design with a cohort.

    Raises
    ------
    EstimationError
        If the design has no cohort.
    """

    sample: Sample

    def __post_init__(self) -> None:
        """Refuse a design without cohorts."""
        if self.sample.design.cohort is None:
            raise EstimationError("a staggered estimator needs a cohort: name the column of first treated time")

    @cached_property
    def times(self) -> Integers:
        """The different times, ascending."""
        return self.sample.time_values

    @cached_property
    def outcome(self) -> Floats:
        """Outcome, shape (units, times); NaN where a unit is not seen."""
        return self.wide(self.sample.outcome)

    @cached_property
    def cohorts(self) -> Floats:
        """First treated time of each unit; infinite where it is untouched throughout."""
        starts = self.sample.unit_starts
        return np.where(self.sample.never[starts], np.inf, self.sample.cohorts[starts])

    @cached_property
    def cohort_values(self) -> Integers:
        """The different first treated times, ascending."""
        return np.unique(self.cohorts[np.isfinite(self.cohorts)]).astype(int)

    @cached_property
    def weights(self) -> Floats:
        """Weight of each unit, 1 on average.

        Raises
        ------
        NotConstantError
            If weights change within a unit.
        """
        check_unit_weights(self.sample)
        weights = self.sample.weights[self.sample.unit_starts]
        return np.asarray(weights / weights.mean())

    @cached_property
    def covariates(self) -> Floats:
        """Covariates, shape (units, times, covariates); NaN where a unit is not seen."""
        columns = [self.wide(values) for values in self.sample.covariates.T]
        shape = (*self.outcome.shape, 0)
        return np.stack(columns, axis=2) if columns else np.empty(shape)

    @cached_property
    def clusters(self) -> tuple[Integers, ...]:
        """Number of the cluster of each unit, one array per cluster column.

        Raises
        ------
        EstimationError
            If a unit changes its cluster.
        """
        starts, units = self.sample.unit_starts, self.sample.unit_codes
        for name, codes in zip(self.sample.design.cluster_columns, self.sample.cluster_codes, strict=True):
            moved = np.unique(units[codes != codes[starts][units]])
            if len(moved):
                raise EstimationError(
                    f"{len(moved)} units change their {name}: errors of changes can only be clustered by what "
                    "stays with the unit; use its value at one moment"
                )
        return tuple(codes[starts] for codes in self.sample.cluster_codes)

    @property
    def clusters_count(self) -> int:
        """Number of clusters; with two cluster columns, of the one with fewer."""
        return min(int(codes.max()) + 1 for codes in self.clusters)

    @property
    def by_unit(self) -> bool:
        """Whether every unit is a cluster of its own."""
        return self.sample.design.cluster_columns == (self.sample.design.unit,)

    def wide(self, values: Floats) -> Floats:
        """Return one value per row as a matrix, shape (units, times), NaN where a unit is not seen."""
        matrix = np.full((self.sample.units_count, len(self.times)), np.nan)
        matrix[self.sample.unit_codes, self.sample.time_codes] = values
        return matrix

    def base(self, cohort: int) -> int:
        """Return the place of the last time before a cohort's treatment and its anticipation."""
        return int(np.searchsorted(self.times, cohort - self.sample.design.anticipation_years)) - 1

    def compared(self, cohort: int, places: tuple[int, int], never_only: bool) -> Truths:
        """Return which units stand for a cohort between two times: untouched by the later one, or never touched."""
        if never_only:
            return np.isinf(self.cohorts)
        untouched_until = self.times[max(places)] + self.sample.design.anticipation_years
        return np.asarray((self.cohorts > untouched_until) & (self.cohorts != cohort))
