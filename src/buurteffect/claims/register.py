"""The register of claims: what was claimed, by whom, by which rule it is judged, and how the rule has changed.

Claims stand in ``claims.toml`` or a file of their subject beside the code that judges them, changes of rules in
``changes.toml``. Nothing else decides: `buurteffect.claims.rules` evaluates what is written there.
"""

from __future__ import annotations

import datetime
import functools
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from buurteffect.claims.rules import Rule
from buurteffect.errors import EstimationError

FILES = (
    "scores/claims.toml",
    "restructuring/claims.toml",
    "persons/residents.toml",
    "persons/displacement.toml",
    "persons/childhood.toml",
    "persons/contact.toml",
)
"""Files of the register, by the room of claims in which they are judged."""


@dataclass(frozen=True)
class Change:
    """A change of the rule of one claim.

    Attributes
    ----------
    claim : str
        Its id.
    date : date
        When.
    what, reason : str
        What changed, and why.
    results_seen : bool
        Whether results by the rule had been seen when it was changed.
    """

    claim: str
    date: datetime.date
    what: str
    reason: str
    results_seen: bool

    @property
    def sentence(self) -> str:
        """The change as a page prints it."""
        seen = "after results had been seen" if self.results_seen else "before any result had been seen"
        return f"Changed on {self.date.isoformat()}, {seen}: {self.what.rstrip('.')}. Why: {self.reason.rstrip('.')}."


@dataclass(frozen=True)
class Claim:
    """One claim of the policy debate.

    Attributes
    ----------
    claim_id : str
        Such as ``C01``.
    text : str
        The claim, in this project's words.
    source : str
        Where it was made.
    kind : {"descriptive", "causal", "association"}
        What kind of evidence could settle it.
    population : str
        Whom or what the claim is about, and is judged on.
    estimand : str
        The one estimand that decides.
    rule : Rule
        When it counts as supported or contradicted.
    changes : tuple of Change
        How the rule has changed, in the order of the dates.
    """

    claim_id: str
    text: str
    source: str
    kind: str
    population: str
    estimand: str
    rule: Rule
    changes: tuple[Change, ...] = ()


@functools.cache
def read_register() -> Mapping[str, Claim]:
    """Return all claims by id.

    Raises
    ------
    EstimationError
        If a claim stands twice, or a rule or change cannot be read.

    Examples
    --------
    >>> read_register()["C03"].kind
    'descriptive'
    """
    changes = list(_changes())
    claims: dict[str, Claim] = {}
    for file in FILES:
        for claim_id, entry in _read(file).items():
            if claim_id in claims:
                raise EstimationError(f"{claim_id} stands twice in the register: in {file} and a file before it")
            mine = tuple(change for change in changes if change.claim == claim_id)
            claims[claim_id] = _claim(claim_id, entry, mine, file)
    unknown = {change.claim for change in changes} - set(claims)
    if unknown:
        raise EstimationError(f"changes.toml names claims that are not in the register: {', '.join(sorted(unknown))}")
    return claims


def threshold(claim_id: str, condition: str, variant: str = "") -> float:
    """Return the threshold of a condition of a rule, for code that needs it beside the rule."""
    return read_register()[claim_id].rule.conditions[condition].bound(variant)


def _claim(claim_id: str, entry: Mapping[str, Any], changes: tuple[Change, ...], file: str) -> Claim:
    """Return one entry as a claim."""
    words = ("text", "source", "kind", "population", "estimand")
    lacking = [name for name in words if not isinstance(entry.get(name), str)]
    if lacking:
        raise EstimationError(f"{claim_id} in {file} lacks {', '.join(lacking)}")
    rule = Rule.read({name: value for name, value in entry.items() if name not in words}, f"{claim_id} in {file}")
    return Claim(claim_id, **{name: str(entry[name]) for name in words}, rule=rule, changes=changes)


def _changes() -> Iterator[Change]:
    """Yield the changes of rules by date."""
    entries = _read("changes.toml").get("change", [])
    yield from sorted((Change(**entry) for entry in entries), key=lambda change: change.date)


def _read(file: str) -> dict[str, Any]:
    """Return a file of this room."""
    return tomllib.loads((resources.files("buurteffect.claims") / file).read_text(encoding="utf-8"))
