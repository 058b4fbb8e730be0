"""The contract of every table that crosses a wall between two rooms."""

from buurteffect.schema.columns import REASON_DTYPE, MissingReason
from buurteffect.schema.contract import Contract, Field, codebook
from buurteffect.schema.kwb import CONCEPTS
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
)
from buurteffect.schema.panel import PANEL_LEVELS, SES_WOA_BLOCK, panel_contract
from buurteffect.schema.projects import PROJECTS
from buurteffect.schema.statline import HOUSING_STOCK, SES_WOA

__all__ = [
    "CLASSES_2",
    "CLASS_CHANGES_2",
    "CONCEPTS",
    "DEVIATION_REFERENCE",
    "DIMENSIONS_2",
    "DIMENSIONS_3",
    "HOUSING_STOCK",
    "LEVELS",
    "LIVEABILITY",
    "PANEL",
    "PANEL_LEVELS",
    "PROJECTS",
    "REASON_DTYPE",
    "SCORES_2",
    "SES_WOA",
    "SES_WOA_BLOCK",
    "WAVES_2",
    "WAVES_3",
    "WAVES_WITH_DIMENSIONS_3",
    "Contract",
    "Field",
    "MissingReason",
    "codebook",
    "panel_contract",
]
