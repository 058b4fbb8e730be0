"""A verdict: an outcome by a rule, and sentences whose every number comes from an estimate."""

from __future__ import annotations

import string
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import pandas as pd

from buurteffect.claims.register import read_register
from buurteffect.errors import EstimationError
from buurteffect.estimate.robustness.equivalence_tests import within_bounds

_PLACES = {"synthetic": "in the synthetic country", "open": "in the Netherlands", "microdata": "in the Netherlands"}
AREAS = {"buurt": "buurten", "wijk": "wijken", "pc4": "postcode areas", "gemeente": "gemeenten"}
"""What the areas of a level are called."""


class Outcome(StrEnum):
    """What a rule says."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDETERMINED = "undetermined"
    NOT_TESTABLE = "not testable with these data"

    @classmethod
    def of(cls, supported: bool, contradicted: bool) -> Outcome:
        """Return what a rule says whose condition for support, or else that for contradiction, is met or not."""
        return cls.SUPPORTED if supported else cls.CONTRADICTED if contradicted else cls.UNDETERMINED


@dataclass(frozen=True)
class Verdict:
    """The verdict on a claim.

    Attributes
    ----------
    claim_id, claim : str
        Which claim, and its text.
    rule_outcome : Outcome
        What the rule says of these data.
    outcome : str
        What may be said: on synthetic data only that a method was demonstrated.
    sentences : tuple of str
        The answer in words.
    limits : tuple of str
        What it cannot say.
    numbers : dict of str to float
        Every number in the sentences, by name.
    """

    claim_id: str
    claim: str
    rule_outcome: Outcome
    outcome: str
    sentences: tuple[str, ...]
    limits: tuple[str, ...]
    numbers: dict[str, float]


@dataclass
class Answer:
    """Collects sentences and the numbers in them, so that no sentence holds a number without a source.

    Parameters
    ----------
    claim_id : str
        Which claim is answered.
    source : {"synthetic", "open", "microdata"}
        Where the data come from.
    level : {"buurt", "wijk", "pc4"}
        Kind of area.
    """

    claim_id: str
    source: str
    level: str
    sentences: list[str] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    numbers: dict[str, float] = field(default_factory=dict)

    def say(self, template: str, **numbers: float) -> None:
        """Add a sentence: a format string of these and earlier numbers, in which ``{place}`` and ``{areas}`` are words.

        Raises
        ------
        EstimationError
            If a number has another value under the same name elsewhere in the answer.
        """
        for name, value in numbers.items():
            if self.numbers.setdefault(name, value) != value:
                raise EstimationError(f"{name} is {self.numbers[name]} in one sentence and {value} in another")
        words = {"place": _PLACES[self.source], "areas": AREAS[self.level]}
        caller = sys._getframe(1)
        by = f"{caller.f_globals['__name__']}.{caller.f_code.co_qualname}"
        self.sentences.append(_filled(template, words, self.numbers, by))

    def cannot_say(self, text: str) -> None:
        """Add a limit."""
        self.limits.append(text)

    def verdict(self, outcome: Outcome, remark: str = "") -> Verdict:
        """Close the answer; on synthetic data it is a demonstration of the method and nothing else."""
        words = f"{outcome}{remark}"
        if self.source == "synthetic":
            words = f"method demonstration (of this invented country the rule says: {words})"
        return Verdict(
            self.claim_id,
            read_register()[self.claim_id].text,
            outcome,
            words,
            tuple(self.sentences),
            tuple(self.limits),
            dict(self.numbers),
        )

    def not_testable(self, *reasons: str, remark: str = "") -> Verdict:
        """Close the answer to a claim whose rule cannot be applied, with the reasons as limits."""
        for reason in reasons:
            self.cannot_say(reason)
        return self.verdict(Outcome.NOT_TESTABLE, remark)


def cannot_judge(claim_id: str, reasons: Sequence[str], source: str, level: str) -> Verdict:
    """Return the verdict "not testable" on a claim whose estimates were refused, with the reasons as limits."""
    return Answer(claim_id, source, level).not_testable(*reasons)


def negligible(row: pd.Series, smallest: float, degrees: float, alpha: float = 0.05) -> bool:
    """Return whether two one-sided tests at `alpha` place an estimate within plus and minus `smallest`."""
    return within_bounds(row["estimate"], row["std_error"], smallest, degrees, alpha)


def with_interval(name: str, row: pd.Series, scale: float = 1) -> dict[str, float]:
    """Return an estimate and the ends of its interval as numbers ``name``, ``name_low`` and ``name_high``."""
    columns = {"": "estimate", "_low": "ci_low", "_high": "ci_high"}
    return {f"{name}{end}": scale * row[column] for end, column in columns.items()}


class FilledSentence(str):
    """A sentence that knows which of its characters print which number.

    Attributes
    ----------
    spans : tuple of (int, int, str)
        Where a number begins and ends in the text, and its name.
    by : str
        The function that said it.
    """

    spans: tuple[tuple[int, int, str], ...] = ()
    by: str = ""


def _filled(template: str, words: Mapping[str, str], numbers: Mapping[str, float], by: str) -> FilledSentence:
    """Fill a template, and keep where in the text each number stands."""
    formatter, spans, text = string.Formatter(), [], ""
    values = {**words, **{name: TypographicFloat(value) for name, value in numbers.items()}}
    for literal, name, spec, conversion in formatter.parse(template):
        text += literal
        if name is not None:
            shown = formatter.vformat(f"{{{name}{f'!{conversion}' if conversion else ''}:{spec}}}", (), values)
            spans += [(len(text), len(text) + len(shown), name)] if name in numbers else []
            text += shown
    said = FilledSentence(text[0].upper() + text[1:])
    said.spans, said.by = tuple(spans), by
    return said


class TypographicFloat(float):
    """A number that is printed with a typographic minus."""

    def __format__(self, spec: str) -> str:
        """Format as a float, or as an integer where `spec` ends in d."""
        return format(int(self) if spec.endswith("d") else float(self), spec).replace("-", "−")
