"""The estimators that the page on stayers and composition calls, under one name."""

from buurteffect.estimate.core.attempt import Attempt, attempt, together
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.result_tables import select
from buurteffect.estimate.persons.attrition_bounds import lee_bounds
from buurteffect.estimate.persons.composition import COMERS, LEAVERS, WHOLE
from buurteffect.estimate.persons.composition_effects import effect_on_long_change, effect_on_mean, parts_of, types_of
from buurteffect.estimate.persons.newcomers_iv import instrumented_effect
from buurteffect.estimate.persons.residents import (
    BLOCK_CELLS,
    ResidentDesign,
    effect_path,
    resident_effect,
    steady_effect,
)
from buurteffect.estimate.robustness.equivalence_tests import equivalence

__all__ = [
    "BLOCK_CELLS",
    "COMERS",
    "LEAVERS",
    "NEVER_TREATED",
    "WHOLE",
    "Attempt",
    "Design",
    "ResidentDesign",
    "attempt",
    "effect_on_long_change",
    "effect_on_mean",
    "effect_path",
    "equivalence",
    "instrumented_effect",
    "lee_bounds",
    "parts_of",
    "resident_effect",
    "select",
    "steady_effect",
    "together",
    "types_of",
]
