"""Covariances, small-sample factors, bootstraps, permutation, joint tests and power."""

from buurteffect.estimate.core import multiplicity
from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.inference import bootstrap, power, wald, wild_bootstrap
from buurteffect.estimate.inference.bootstrap import FEW_CLUSTERS, STANDARD, Bootstrap, Draws
from buurteffect.estimate.inference.conley import ConleyErrors
from buurteffect.estimate.inference.power import PretestPower
from buurteffect.estimate.inference.regression_table import conley_errors
from buurteffect.estimate.inference.sandwich import (
    ClusteredErrors,
    DriscollKraayErrors,
    IndependentErrors,
    NeweyWestErrors,
    RobustErrors,
)
from buurteffect.estimate.inference.small_sample import FIXEST, HOUSE, POLICY, SANDWICH, Convention
from buurteffect.estimate.inference.wald import JointTest
from buurteffect.estimate.inference.wild_bootstrap import WildBootstrap, WildResult

__all__ = [
    "FEW_CLUSTERS",
    "FIXEST",
    "HOUSE",
    "POLICY",
    "SANDWICH",
    "STANDARD",
    "Bootstrap",
    "ClusteredErrors",
    "ConleyErrors",
    "Convention",
    "Draws",
    "DriscollKraayErrors",
    "IndependentErrors",
    "JointTest",
    "NeweyWestErrors",
    "PretestPower",
    "RobustErrors",
    "WildBootstrap",
    "WildResult",
    "benjamini_hochberg",
    "cluster_bootstrap",
    "conley_errors",
    "detectable_slope",
    "joint_test",
    "minimum_detectable_effect",
    "pretest_power",
    "pretrend_test",
    "romano_wolf",
    "tidy",
    "two_group_std_error",
    "wild_cluster_bootstrap",
    "with_minimum_detectable_effect",
    "with_romano_wolf",
]

cluster_bootstrap = estimator(bootstrap.cluster_bootstrap)
tidy = estimator(bootstrap.tidy)
joint_test = estimator(wald.joint_test)
pretrend_test = estimator(wald.pretrend_test)
minimum_detectable_effect = estimator(power.minimum_detectable_effect)
with_minimum_detectable_effect = estimator(power.with_minimum_detectable_effect)
detectable_slope = estimator(power.detectable_slope)
pretest_power = estimator(power.pretest_power)
two_group_std_error = estimator(power.two_group_std_error)
wild_cluster_bootstrap = estimator(wild_bootstrap.wild_cluster_bootstrap)
romano_wolf = estimator(multiplicity.romano_wolf)
with_romano_wolf = estimator(multiplicity.with_romano_wolf)
benjamini_hochberg = estimator(multiplicity.benjamini_hochberg)
