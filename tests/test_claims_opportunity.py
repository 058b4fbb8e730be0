"""The rules of C09, C10, C21 and C22 read estimates as they say, and synthetic data never say more than that."""

from dataclasses import replace

import pytest

from buurteffect.claims.opportunity import judge_chances, judge_inheritance, judge_mix, judge_regions, judge_schools
from buurteffect.claims.verdict import Outcome
from buurteffect.estimate.equation import JointTest
from buurteffect.estimate.estimate import EffectEstimate, Estimate, effect_frame
from buurteffect.estimate.mobility import CHANGE, LEVEL
from buurteffect.estimate.shrinkage import Signal
from buurteffect.estimate.two_designs import MOVERS, SIBLINGS, TOGETHER

AGREE = JointTest(0.1, 1, float("inf"), 0.7)


def table(terms, values, errors):
    frame = effect_frame(terms, values, errors, units_count=10, treated_count=10, clusters_count=10)
    return EffectEstimate(frame, "made up", "none", 10, 10)


def chances(slope, error, sibling=0.1, placebo=0.0, source="microdata"):
    return judge_chances(
        table(["exposure"], [slope], [error]),
        table([MOVERS, SIBLINGS, TOGETHER], [slope, sibling, slope], [error] * 3),
        AGREE,
        table(["years after the move"], [placebo], [0.05]),
        table(["alone", "given"], [0.6, 0.3], [0.02, 0.02]),
        source,
    )


@pytest.mark.parametrize(
    ("slope", "error", "sibling", "placebo", "outcome"),
    [
        (0.15, 0.03, 0.1, 0.0, Outcome.SUPPORTED),
        (0.15, 0.03, -0.1, 0.0, Outcome.UNDETERMINED),  # siblings say otherwise
        (0.15, 0.03, 0.1, 0.2, Outcome.UNDETERMINED),  # the placebo finds something
        (0.04, 0.01, 0.1, 0.0, Outcome.UNDETERMINED),  # above zero, but too small to matter and not surely so
        (0.15, 0.10, 0.1, 0.0, Outcome.UNDETERMINED),
        (0.00, 0.01, 0.0, 0.0, Outcome.CONTRADICTED),  # surely too small
        (-0.15, 0.03, 0.1, 0.0, Outcome.CONTRADICTED),
    ],
)
def test_chances_are_judged_by_movers_siblings_and_placebo(slope, error, sibling, placebo, outcome):
    assert chances(slope, error, sibling, placebo).rule_outcome is outcome


def test_synthetic_data_demonstrate_a_method():
    verdict = chances(0.15, 0.03, source="synthetic")
    assert verdict.outcome.startswith("method demonstration")
    assert "Netherlands" not in " ".join(verdict.sentences)


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (-0.2, 0.05, Outcome.SUPPORTED),
        (0.2, 0.05, Outcome.CONTRADICTED),
        (0.0, 0.01, Outcome.CONTRADICTED),
        (0.0, 0.1, Outcome.UNDETERMINED),
    ],
)
def test_mix_is_judged_by_the_change_of_the_slope(change, error, outcome):
    result = table(["exposure", "exposure times mix"], [0.1, change], [0.05, error])
    assert judge_mix(result, "microdata").rule_outcome is outcome


@pytest.mark.parametrize(
    ("low", "high", "outcome"),
    [
        (1.2, 3.0, Outcome.SUPPORTED),
        (0.2, 0.9, Outcome.CONTRADICTED),
        (0.5, 2.0, Outcome.UNDETERMINED),
    ],
)
def test_regions_are_judged_by_their_signal(low, high, outcome):
    frame = table(["a", "b", "c"], [1.0, 2.0, 3.0], [0.1] * 3).frame
    some = Estimate(frame, "made up", "none", 10, 3)
    signal = Signal(44.0, (low + high) / 2, low, high, 2.0, 0.5)
    assert judge_regions(signal, some, some, 25.0, "microdata").rule_outcome is outcome
    if outcome is Outcome.SUPPORTED:
        assert judge_regions(signal, some, some, 25.0, "synthetic").rule_outcome is Outcome.UNDETERMINED


@pytest.mark.parametrize(
    ("change", "error", "outcome"),
    [
        (0.05, 0.01, Outcome.SUPPORTED),
        (-0.05, 0.01, Outcome.CONTRADICTED),
        (0.0, 0.005, Outcome.CONTRADICTED),
        (0.01, 0.02, Outcome.UNDETERMINED),
    ],
)
def test_growing_differences_are_judged_by_the_change_of_the_slope(change, error, outcome):
    result = replace(table([LEVEL, CHANGE], [0.2, change], [0.01, error]), degrees=400.0)
    assert judge_inheritance(result, "microdata").rule_outcome is outcome


@pytest.mark.parametrize("claim_id", ["C31", "C32"])
def test_claims_on_schools_cannot_be_tested(claim_id):
    assert judge_schools(claim_id, "synthetic").rule_outcome is Outcome.NOT_TESTABLE
