"""Which estimators may be trusted where: what the scoreboards say, in sentences."""

from buurteffect.claims.estimators.headlines import (
    describe_condemned,
    describe_coverage,
    describe_detection,
    doubt_of,
    headline_rows,
)
from buurteffect.claims.estimators.persons import describe_persons, judge_coverage
from buurteffect.claims.estimators.places import describe_design, describe_places, failures, judge_conditions
from buurteffect.claims.estimators.published import (
    describe_headline,
    headline_design,
    headline_passes,
    judge_headline,
    judge_headlines,
)

__all__ = [
    "describe_condemned",
    "describe_coverage",
    "describe_design",
    "describe_detection",
    "describe_headline",
    "describe_persons",
    "describe_places",
    "doubt_of",
    "failures",
    "headline_design",
    "headline_passes",
    "headline_rows",
    "judge_conditions",
    "judge_coverage",
    "judge_headline",
    "judge_headlines",
]
