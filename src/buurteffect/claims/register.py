"""The register of claims: what was claimed, by whom, and by which rule it is judged."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Claim:
    """One claim of the policy debate.

    Parameters
    ----------
    claim_id : str
        Such as ``C01``.
    text : str
        The claim, in this project's words.
    source : str
        Where it was made.
    kind : {"descriptive", "causal", "association"}
        What kind of evidence could settle it.
    rule : str
        When it counts as supported or contradicted, fixed beforehand.
    """

    claim_id: str
    text: str
    source: str
    kind: str
    rule: str


def read_register() -> dict[str, Claim]:
    """Return all claims by id.

    Examples
    --------
    >>> read_register()["C03"].kind
    'descriptive'
    """
    text = (resources.files("buurteffect.claims") / "register.toml").read_text(encoding="utf-8")
    return {claim_id: Claim(claim_id, **entry) for claim_id, entry in tomllib.loads(text).items()}
