"""The register of claims, and the rules that turn estimates into verdicts."""

from buurteffect.claims.agreement import describe_agreement
from buurteffect.claims.bottom import judge_bottom
from buurteffect.claims.decline import judge_decline
from buurteffect.claims.dose import describe_dose
from buurteffect.claims.gap import judge_gap
from buurteffect.claims.measurement import describe_measurement
from buurteffect.claims.register import Claim, read_register
from buurteffect.claims.restructuring import (
    MEASURES,
    Evidence,
    Measure,
    judge_restructuring,
    known_truth,
    not_testable,
    truth_remarks,
)
from buurteffect.claims.restructuring_checks import describe_discontinuity, describe_placebos, describe_pretrends
from buurteffect.claims.restructuring_design import describe_design, describe_future, describe_selection
from buurteffect.claims.statistics import describe_statistics
from buurteffect.claims.verdict import Outcome, Verdict
from buurteffect.claims.world import describe_world

__all__ = [
    "MEASURES",
    "Claim",
    "Evidence",
    "Measure",
    "Outcome",
    "Verdict",
    "describe_agreement",
    "describe_design",
    "describe_discontinuity",
    "describe_dose",
    "describe_future",
    "describe_measurement",
    "describe_placebos",
    "describe_pretrends",
    "describe_selection",
    "describe_statistics",
    "describe_world",
    "judge_bottom",
    "judge_decline",
    "judge_gap",
    "judge_restructuring",
    "known_truth",
    "not_testable",
    "read_register",
    "truth_remarks",
]
