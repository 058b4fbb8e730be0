"""The contract of every table that crosses a wall between two rooms."""

from buurteffect.schema.contract import Contract, Field, codebook
from buurteffect.schema.liveability import (
    CLASS_CHANGES_2,
    CLASSES_2,
    DEVIATION_REFERENCE,
    DIMENSIONS_2,
    DIMENSIONS_3,
    LEVELS,
    LIVEABILITY,
    PANEL,
    SCORES_2,
    WAVES_2,
    WAVES_3,
    WAVES_WITH_DIMENSIONS_3,
    MissingReason,
)

__all__ = [
    "CLASSES_2",
    "CLASS_CHANGES_2",
    "DEVIATION_REFERENCE",
    "DIMENSIONS_2",
    "DIMENSIONS_3",
    "LEVELS",
    "LIVEABILITY",
    "PANEL",
    "SCORES_2",
    "WAVES_2",
    "WAVES_3",
    "WAVES_WITH_DIMENSIONS_3",
    "Contract",
    "Field",
    "MissingReason",
    "codebook",
]
