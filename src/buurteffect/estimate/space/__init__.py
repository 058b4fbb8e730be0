"""Effects across space: rings, spillovers, exposure, the waterbed."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.space import (
    exposures,
    price_rings,
    profiles,
    single_projects,
    spillovers,
    value_rings,
    waterbed,
)
from buurteffect.estimate.space.exposures import ExposureMapping
from buurteffect.estimate.space.price_rings import RingDesign, Sales
from buurteffect.estimate.space.profiles import LEAKAGE, MOST, SLOPE
from buurteffect.estimate.space.waterbed import LABELS, Ledger

__all__ = [
    "LABELS",
    "LEAKAGE",
    "MOST",
    "SLOPE",
    "ExposureMapping",
    "Ledger",
    "RingDesign",
    "Sales",
    "bias_identity",
    "bounded",
    "city_totals",
    "distance_decay",
    "distance_to_treated",
    "draw_sales",
    "effects_on_places",
    "exposure_effects",
    "exposure_mapping",
    "exposure_profile",
    "largest_places",
    "ledger",
    "ring_effects",
    "rings_around",
    "spillover",
    "spread_change",
    "values_by_ring",
    "without_metres",
]

exposure_effects = estimator(exposures.exposure_effects)
exposure_mapping = estimator(exposures.exposure_mapping)
exposure_profile = estimator(profiles.exposure_profile)
distance_decay = estimator(price_rings.distance_decay)
draw_sales = estimator(price_rings.draw_sales)
ring_effects = estimator(price_rings.ring_effects)
effects_on_places = estimator(single_projects.effects_on_places)
largest_places = estimator(single_projects.largest_places)
bias_identity = estimator(spillovers.bias_identity)
distance_to_treated = estimator(spillovers.distance_to_treated)
rings_around = estimator(spillovers.rings_around)
spillover = estimator(spillovers.spillover)
values_by_ring = estimator(value_rings.values_by_ring)
without_metres = estimator(value_rings.without_metres)
bounded = estimator(waterbed.bounded)
city_totals = estimator(waterbed.city_totals)
ledger = estimator(waterbed.ledger)
spread_change = estimator(waterbed.spread_change)
