"""Noise, reliability and variance components of a score."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.measurement import reliability, variance, waves
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.noise import ScoreNoise
from buurteffect.estimate.measurement.variance import VarianceFit
from buurteffect.estimate.measurement.waves import Waves

__all__ = [
    "ScoreNoise",
    "VarianceComponents",
    "VarianceFit",
    "Waves",
    "at_least",
    "autocorrelation_profile",
    "break_scan",
    "fit_variance_components",
    "municipal_share_of_change",
    "reliability_of_change",
    "waves_from_panel",
]

municipal_share_of_change = estimator(reliability.municipal_share_of_change)
reliability_of_change = estimator(reliability.reliability_of_change)
autocorrelation_profile = estimator(variance.autocorrelation_profile)
break_scan = estimator(variance.break_scan)
fit_variance_components = estimator(variance.fit_variance_components)
at_least = estimator(waves.at_least)
waves_from_panel = estimator(waves.waves_from_panel)
