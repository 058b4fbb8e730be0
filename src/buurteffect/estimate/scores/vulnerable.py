"""Which areas count as vulnerable: eight definitions, each with the sentence that says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from buurteffect.errors import EstimationError
from buurteffect.estimate.core import weighted_stats as moments
from buurteffect.estimate.core.weighted_stats import Floats
from buurteffect.estimate.measurement.waves import ALL, Waves
from buurteffect.schema import DEVIATION_REFERENCE

FOUR_LARGEST = "four_largest"


@dataclass(frozen=True)
class Vulnerable:
    """A definition of vulnerable areas.

    Parameters
    ----------
    name : str
        Name in tables.
    label : str
        Name on a page.
    sentence : str
        What the definition says.
    group : str
        City group that the areas lie in, ``all`` for every area.
    lowest : float, optional
        Share of the areas, from below, that is in; the quantile is taken within the group.
    reference : float, optional
        Score below which an area is in.
    earliest : bool
        Whether the two earliest waves classify, both of them, instead of a wave that the caller names.
    """

    name: str
    label: str
    sentence: str
    group: str = ALL
    lowest: float | None = None
    reference: float | None = None
    earliest: bool = False

    @property
    def needs_class_year(self) -> bool:
        """Whether the definition looks at a score in a wave that the caller names."""
        return (self.lowest is not None or self.reference is not None) and not self.earliest

    def class_years(self, waves: Waves, class_year: int | None) -> tuple[int, ...]:
        """Return the waves that classify.

        Raises
        ------
        EstimationError
            If the definition needs a wave and `class_year` gives none, or one that does not exist.
        """
        if self.earliest:
            return waves.years[:2]
        if not self.needs_class_year:
            return ()
        if class_year is None:
            raise EstimationError(f"definition {self.name!r} classifies by score: say in which wave (class_year)")
        waves.position(class_year)
        return (class_year,)

    def members(self, weights: Floats, scores: Floats) -> NDArray[np.bool_]:
        """Return which areas are in, per draw; the quantile is taken anew in each draw.

        Parameters
        ----------
        weights : ndarray
            Draws by areas of the group.
        scores : ndarray
            Areas by classifying waves, without NaN.
        """
        inside = np.ones((1, len(scores)), dtype=bool)
        for column in scores.T:
            if self.lowest is not None:
                inside = inside & (column <= moments.quantiles(weights, column, (self.lowest,)))
            elif self.reference is not None:
                inside = inside & (column < self.reference)
        return inside


EVERY_AREA = Vulnerable("all", "all areas", "All areas.")
LOWEST_10 = Vulnerable(
    "lowest_10", "lowest tenth", "The lowest tenth of the areas in the classifying wave.", lowest=0.10
)
LOWEST_20 = Vulnerable(
    "lowest_20", "lowest fifth", "The lowest fifth of the areas in the classifying wave.", lowest=0.20
)
LOWEST_30 = Vulnerable(
    "lowest_30", "lowest three tenths", "The lowest three tenths of the areas in the classifying wave.", lowest=0.30
)
BELOW_REFERENCE = Vulnerable(
    "below_reference",
    "below the fixed reference",
    f"Areas below the fixed reference of version 3 ({DEVIATION_REFERENCE}) in the classifying wave.",
    reference=DEVIATION_REFERENCE,
)
PERSISTENTLY_LOW = Vulnerable(
    "persistently_low",
    "lowest fifth in both earliest waves",
    "Areas in the lowest fifth in each of the two earliest waves.",
    lowest=0.20,
    earliest=True,
)
IN_FOUR_LARGEST = Vulnerable(
    "four_largest", "four largest cities", "All areas of the four largest cities.", group=FOUR_LARGEST
)
LOWEST_20_OF_FOUR_LARGEST = Vulnerable(
    "four_largest_lowest_20",
    "lowest fifth in the four largest cities",
    "The lowest fifth, in the classifying wave, of the areas of the four largest cities.",
    group=FOUR_LARGEST,
    lowest=0.20,
)

DEFINITIONS = (
    EVERY_AREA,
    LOWEST_10,
    LOWEST_20,
    LOWEST_30,
    BELOW_REFERENCE,
    PERSISTENTLY_LOW,
    IN_FOUR_LARGEST,
    LOWEST_20_OF_FOUR_LARGEST,
)
"""The eight definitions."""


def vulnerable_areas(waves: Waves, definition: Vulnerable, class_year: int | None = None) -> Waves:
    """Return only the areas that a definition calls vulnerable.

    The selection is then fixed: an interval made from the result does not hold the uncertainty of who is in.

    Parameters
    ----------
    waves : Waves
        The scores.
    definition : Vulnerable
        Who is in.
    class_year : int, optional
        Wave that classifies, for the definitions that need one; areas not scored in it are not in.

    Raises
    ------
    EstimationError
        If nothing is left, or the wave or the group is unknown.
    """
    part, inside = _members(waves, definition, class_year)
    return part.restrict(inside)


def vulnerable_clusters(waves: Waves, definition: Vulnerable, class_year: int | None = None) -> int:
    """Return in how many clusters the areas of `vulnerable_areas` lie."""
    part, inside = _members(waves, definition, class_year)
    return len(np.unique(part.clusters[inside]))


def _members(waves: Waves, definition: Vulnerable, class_year: int | None) -> tuple[Waves, NDArray[np.bool_]]:
    """Return the areas of a definition's group, and which of them it calls vulnerable."""
    part = waves.group(definition.group)
    years = definition.class_years(part, class_year)
    scored = part.scored(*years)
    scores = part.columns(years)[scored]
    inside = scored.copy()
    inside[scored] = definition.members(np.ones((1, len(scores))), scores)[0]
    return part, inside
