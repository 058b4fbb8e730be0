"""The register of claims, and the rules that turn estimates into verdicts."""

from buurteffect.claims.bottom import judge_bottom
from buurteffect.claims.decline import judge_decline
from buurteffect.claims.gap import judge_gap
from buurteffect.claims.measurement import describe_measurement
from buurteffect.claims.register import Claim, read_register
from buurteffect.claims.statistics import describe_statistics
from buurteffect.claims.verdict import Outcome, Verdict
from buurteffect.claims.world import describe_world

__all__ = [
    "Claim",
    "Outcome",
    "Verdict",
    "describe_measurement",
    "describe_statistics",
    "describe_world",
    "judge_bottom",
    "judge_decline",
    "judge_gap",
    "read_register",
]
