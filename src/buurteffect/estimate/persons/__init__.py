"""Effects on residents, on the displaced and on who lives in a place."""

from buurteffect.estimate.core import intervals
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.persons import (
    attrition_bounds,
    composition,
    composition_effects,
    departure,
    displacement_tables,
    exit_hazard,
    matching,
    newcomers_iv,
    residents,
)
from buurteffect.estimate.persons.attrition_bounds import LeeBounds
from buurteffect.estimate.persons.composition import COMERS, LEAVERS, WHOLE, FlowColumns
from buurteffect.estimate.persons.composition_effects import FlowEffect
from buurteffect.estimate.persons.newcomers_iv import Instrumented
from buurteffect.estimate.persons.residents import BLOCK_CELLS, ResidentDesign

__all__ = [
    "BLOCK_CELLS",
    "COMERS",
    "LEAVERS",
    "WHOLE",
    "FlowColumns",
    "FlowEffect",
    "Instrumented",
    "LeeBounds",
    "ResidentDesign",
    "attrition",
    "chain_flows",
    "chained_effects",
    "clustered_mean",
    "concentration",
    "decompose_flows",
    "departure_ratios",
    "destination_gaps",
    "effect_on_long_change",
    "effect_on_mean",
    "effect_path",
    "excess_exit",
    "exit_path",
    "fieller_ratio",
    "horizons",
    "inflow_slopes",
    "instrumented_effect",
    "lee_bounds",
    "long_effects",
    "matched_difference",
    "parts_of",
    "resident_effect",
    "steady_effect",
    "types_of",
    "unlike_neighbours",
]

lee_bounds = estimator(attrition_bounds.lee_bounds)
chain_flows = estimator(composition.chain_flows)
decompose_flows = estimator(composition.decompose_flows)
chained_effects = estimator(composition_effects.chained_effects)
effect_on_long_change = estimator(composition_effects.effect_on_long_change)
effect_on_mean = estimator(composition_effects.effect_on_mean)
long_effects = estimator(composition_effects.long_effects)
parts_of = estimator(composition_effects.parts_of)
types_of = estimator(composition_effects.types_of)
clustered_mean = estimator(departure.clustered_mean)
departure_ratios = estimator(departure.departure_ratios)
excess_exit = estimator(exit_hazard.excess_exit)
exit_path = estimator(exit_hazard.exit_path)
attrition = estimator(displacement_tables.attrition)
destination_gaps = estimator(displacement_tables.destination_gaps)
horizons = estimator(displacement_tables.horizons)
inflow_slopes = estimator(displacement_tables.inflow_slopes)
unlike_neighbours = estimator(displacement_tables.unlike_neighbours)
fieller_ratio = estimator(intervals.fieller_ratio)
concentration = estimator(matching.concentration)
matched_difference = estimator(matching.matched_difference)
instrumented_effect = estimator(newcomers_iv.instrumented_effect)
effect_path = estimator(residents.effect_path)
resident_effect = estimator(residents.resident_effect)
steady_effect = estimator(residents.steady_effect)
