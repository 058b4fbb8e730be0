"""Estimators: the panel in, a frozen `Estimate` out.

What is estimated is a `Design`; the estimators lie by subject: ``from buurteffect.estimate import did, regression``.
Subjects: agreement, childhood, did, inference, measurement, persons, regression, robustness, scores, selection, space,
survey; each lists its public names in ``__all__``.
"""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

from buurteffect.estimate.core import result_tables
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, NOT_YET_TREATED, Design
from buurteffect.estimate.core.refusal import estimator, is_refused, refusals
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate, Estimate
from buurteffect.estimate.core.result_tables import first_rows, refused_rows, stack

__all__ = [
    "AT_RISK",
    "NEVER_TREATED",
    "NOT_YET_TREATED",
    "RESULT_COLUMNS",
    "Design",
    "EffectEstimate",
    "Estimate",
    "consecutive",
    "estimator",
    "first_rows",
    "is_refused",
    "label_pairs",
    "refusals",
    "refused_rows",
    "select",
    "stack",
]

consecutive = estimator(result_tables.consecutive)
label_pairs = estimator(result_tables.label_pairs)
select = estimator(result_tables.select)


def __getattr__(name: str) -> ModuleType:
    """Import a subject when it is first asked for, so that a table needs no library of an estimator."""
    if name in {module.name for module in iter_modules(__path__)}:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
