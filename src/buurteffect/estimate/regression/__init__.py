"""Panel regressions, instrumental variables and decompositions of two-way fixed effects."""

from buurteffect.estimate.core.refusal import estimator
from buurteffect.estimate.regression import (
    absorbed_effects,
    bacon,
    mean_groups,
    mixed,
    ols_iv,
    panel_ols,
    twoway_event_study,
)
from buurteffect.estimate.regression.bacon import BaconDecomposition
from buurteffect.estimate.regression.dose import dose_slopes, threshold_regression
from buurteffect.estimate.regression.dose.threshold_regression import Threshold
from buurteffect.estimate.regression.mixed import MixedFit
from buurteffect.estimate.regression.ols_iv import Equation, Solution
from buurteffect.estimate.regression.regressors import columns_of_errors
from buurteffect.estimate.regression.twoway_event_study import Window
from buurteffect.estimate.sample.panel_call import on_panel

__all__ = [
    "BaconDecomposition",
    "Equation",
    "MixedFit",
    "Solution",
    "Threshold",
    "Window",
    "bacon_decomposition",
    "dose_regressions",
    "feols",
    "fepois",
    "first_differences",
    "ivreg",
    "mean_group",
    "mixed_model",
    "random_effects",
    "threshold",
    "twfe",
    "twfe_event_study",
    "within_spread",
]

bacon_decomposition = estimator(bacon.bacon_decomposition)
dose_regressions = estimator(dose_slopes.dose_regressions)
within_spread = estimator(dose_slopes.within_spread)
threshold = estimator(threshold_regression.threshold)
ivreg = estimator(ols_iv.ivreg)
twfe_event_study = on_panel(twoway_event_study.twfe_event_study, columns_of_errors, one_treated_cluster=True)
twfe = on_panel(panel_ols.twfe, columns_of_errors, one_treated_cluster=True)
random_effects = on_panel(panel_ols.random_effects, columns_of_errors, one_treated_cluster=True)
first_differences = on_panel(panel_ols.first_differences, columns_of_errors, one_treated_cluster=True)
feols = on_panel(
    absorbed_effects.feols,
    lambda effects, *given, **named: [*effects, *columns_of_errors(*given, **named)],
    one_treated_cluster=True,
)
fepois = on_panel(
    absorbed_effects.fepois,
    lambda effects, *given, **named: [*effects, *columns_of_errors(*given, **named)],
    one_treated_cluster=True,
)
mean_group = on_panel(mean_groups.mean_group)
mixed_model = on_panel(
    mixed.mixed_model, lambda narrow=None, wide=None, *_, **__: [name for name in (narrow, wide) if name]
)
