"""A claim that the data at hand cannot answer, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence

from buurteffect.claims.verdict import Answer, Outcome, Verdict


def cannot_judge(claim_id: str, reasons: Sequence[str], source: str, level: str) -> Verdict:
    """Return the verdict on a claim whose estimates were refused.

    Parameters
    ----------
    claim_id : str
        Which claim.
    reasons : sequence of str
        Why, in sentences: from `refusals`.
    source, level : str
        Where the data come from, and the kind of area.

    Returns
    -------
    Verdict
        Always "not testable", with the reasons as limits.
    """
    answer = Answer(claim_id, source, level)
    for reason in reasons:
        answer.cannot_say(reason)
    return answer.verdict(Outcome.NOT_TESTABLE)
