"""A verdict: an outcome by a rule, and sentences whose every number comes from an estimate."""

from __future__ import annotations

import math
import string
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from buurteffect.claims.register import read_register
from buurteffect.claims.rules import Found, Judgement, Outcome
from buurteffect.errors import EstimationError
from buurteffect.estimate.core.intervals import interval
from buurteffect.estimate.robustness.equivalence_tests import within_bounds

_PLACES = {"synthetic": "in the synthetic country", "open": "in the Netherlands", "microdata": "in the Netherlands"}
AREAS = {"buurt": "buurten", "wijk": "wijken", "pc4": "postcode areas", "gemeente": "gemeenten"}
"""What the areas of a level are called."""
_ONE_SIDED = 0.05
PRIMARY = ("estimate", "ci_low", "ci_high", "p_value")
"""What is recorded of the estimand that decides."""


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
        Every number in the sentences and in the rule, by name.
    rule : tuple of (str, tuple of str)
        The parts of the rule, each with its heading and its conditions: whether each is met, and by which figure.
    remarks : tuple of str
        Why the sides of the rule ask for different numbers of conditions, and what stands beside it.
    changes : tuple of str
        How the rule has changed.
    population, estimand : str
        What the claim is about, and what decides.
    primary : dict of str to float
        ``estimate, ci_low, ci_high, p_value`` of the estimand that decides; empty where it has no such test.
    """

    claim_id: str
    claim: str
    rule_outcome: Outcome
    outcome: str
    sentences: tuple[str, ...]
    limits: tuple[str, ...]
    numbers: dict[str, float]
    rule: tuple[tuple[str, tuple[str, ...]], ...] = ()
    remarks: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    population: str = ""
    estimand: str = ""
    primary: Mapping[str, float] = field(default_factory=dict)


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
        self._bind(numbers)
        words = {"place": _PLACES[self.source], "areas": AREAS[self.level]}
        caller = sys._getframe(1)
        by = f"{caller.f_globals['__name__']}.{caller.f_code.co_qualname}"
        self.sentences.append(_filled(template, words, self.numbers, by))

    def cannot_say(self, text: str) -> None:
        """Add a limit."""
        self.limits.append(text)

    def judge(
        self, figures: Mapping[str, float], remark: str = "", variant: str = "", primary: pd.Series | None = None
    ) -> Verdict:
        """Close the answer by the rule of the register, which is evaluated on `figures` and on nothing else.

        Parameters
        ----------
        figures : mapping of str to float
            Every figure that the rule looks at, by name; NaN where it is not known, 1 or 0 for what holds or not.
        remark : str
            Words behind the outcome, which the rule does not decide.
        variant : str
            Which thresholds hold, where the rule has several.
        primary : Series, optional
            Row of the estimand that decides: ``estimate, ci_low, ci_high, p_value``.

        Raises
        ------
        CallError
            If the figures are not exactly those of the rule.
        """
        judged = read_register()[self.claim_id].rule.judge(figures, variant)
        tested = {} if primary is None else {name: float(primary[name]) for name in PRIMARY}
        return self.verdict(judged.outcome, remark, judged, tested)

    def verdict(
        self,
        outcome: Outcome,
        remark: str = "",
        judged: Judgement | None = None,
        primary: Mapping[str, float] | None = None,
    ) -> Verdict:
        """Close the answer; on synthetic data it is a demonstration of the method and nothing else."""
        words = f"{outcome}{remark}"
        if self.source == "synthetic":
            words = f"method demonstration (of this invented country the rule says: {words})"
        claim = read_register()[self.claim_id]
        judged = judged or claim.rule.judge(dict.fromkeys(claim.rule.figures, math.nan))
        rule = [(heading, tuple(map(self._condition, part))) for heading, part in judged.groups()]
        return Verdict(
            self.claim_id,
            claim.text,
            outcome,
            words,
            tuple(self.sentences),
            tuple(self.limits),
            dict(self.numbers),
            tuple(rule),
            claim.rule.remarks,
            tuple(change.sentence for change in claim.changes),
            claim.population,
            claim.estimand,
            dict(primary or {}),
        )

    def _condition(self, found: Found) -> str:
        """Return a condition of the rule with its figure and whether it is met."""
        condition, mark = found.condition, "✓" if found.met else "✗"
        if math.isnan(found.value):
            return f"– {condition.says}: not known."
        if condition.relation == "is":
            return f"{mark} {condition.says}: {'yes' if found.value else 'no'}."
        needed, unit = f"needed_{condition.name}", f" {condition.unit}" if condition.unit else ""
        self._bind({condition.figure: found.value} | ({needed: found.threshold} if found.threshold else {}))
        bound = f"{{{needed}:{found.digits}}}" if found.threshold else "zero"
        shown = f"{{{condition.figure}:{found.digits}}}{unit} (needed: {condition.relation} {bound})"
        text = f"{mark} {condition.says}: {shown}."
        return _filled(text, {}, self.numbers, "buurteffect.claims.rules.Rule.judge")

    def _bind(self, numbers: Mapping[str, float]) -> None:
        """Keep numbers by name; refuse one that has another value under the same name."""
        for name, value in numbers.items():
            if self.numbers.setdefault(name, value) != value:
                raise EstimationError(f"{name} is {self.numbers[name]} in one sentence and {value} in another")

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


def with_inner(name: str, row: pd.Series, degrees: float, scale: float = 1) -> dict[str, float]:
    """Return the ends of two one-sided tests at 5% as numbers ``name_inner_low`` and ``name_inner_high``.

    They are those of the interval at 90%: a rule that asks of both sides that an end lies beyond the smallest effect
    that matters asks the same of each.
    """
    low, high = interval(row["estimate"], row["std_error"], degrees, 2 * _ONE_SIDED)
    return {f"{name}_inner_low": float(scale * low), f"{name}_inner_high": float(scale * high)}


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
