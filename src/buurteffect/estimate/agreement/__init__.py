"""What the estimators give on recorded data beside the values of R and of papers."""

from buurteffect.estimate.agreement import outside_values
from buurteffect.estimate.core.refusal import estimator

__all__ = [
    "agreement_with_outside",
    "read_outside_values",
    "summarise_agreement",
]

agreement_with_outside = estimator(outside_values.agreement_with_outside)
read_outside_values = estimator(outside_values.read_outside_values)
summarise_agreement = estimator(outside_values.summarise_agreement)
