"""What the comparisons of children have in common: exposure, what is held fixed, and how errors are clustered."""

from __future__ import annotations

from dataclasses import dataclass

from buurteffect.estimate.core.design import as_names
from buurteffect.estimate.regression.ols_iv import Equation

EXPOSURE = "exposure"
"""Sum over the years of childhood of how far the share of low incomes lay below ten percent, in steps of ten points."""

STEP = 0.10
"""Shares of low incomes count in steps of ten percentage points."""

VARYING = ("childhood_years", "birth_year", "female")
"""What differs between siblings and is held fixed; the birth year as a number, since it fixes the years seen."""


@dataclass(frozen=True)
class ChildDesign:
    """How comparisons of children are clustered, and their confidence level.

    Parameters
    ----------
    clusters : tuple of str
        One or two columns within which errors may depend on each other.
    alpha : float
        One minus the confidence level.
    """

    clusters: tuple[str, ...] = ("family", "place")
    alpha: float = 0.05

    def __post_init__(self) -> None:
        """Take one name for a tuple of one."""
        object.__setattr__(self, "clusters", as_names(self.clusters, "clusters"))

    def between(
        self, explained_by: tuple[str, ...], controls: tuple[str, ...], dummies: tuple[str, ...] = ()
    ) -> Equation:
        """Return a regression of adult rank that compares all children."""
        return Equation("adult_rank", explained_by, controls, dummies, clusters=self.clusters, alpha=self.alpha)

    def siblings(self, explained_by: tuple[str, ...] = (EXPOSURE,), controls: tuple[str, ...] = VARYING) -> Equation:
        """Return a regression of adult rank within families: the effects of families are swept out."""
        return Equation("adult_rank", explained_by, controls, effect="family", clusters=self.clusters, alpha=self.alpha)


STANDARD = ChildDesign()
"""Errors clustered by family and by place, 95% intervals."""
