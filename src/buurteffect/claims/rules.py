"""Rules as data: named conditions with thresholds, evaluated on figures, and printed with what was found.

A rule says which of its conditions have to hold for a claim to count as supported, and which for it to count as
contradicted. What identifies the estimand is required by both.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from buurteffect.errors import CallError, EstimationError


class Outcome(StrEnum):
    """What a rule says."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    UNDETERMINED = "undetermined"
    NOT_IDENTIFIED = "not identified with these data"
    NOT_TESTABLE = "not testable with these data"

    @classmethod
    def of(cls, supported: bool, contradicted: bool) -> Outcome:
        """Return what a rule says whose condition for support, or else that for contradiction, is met or not."""
        return cls.SUPPORTED if supported else cls.CONTRADICTED if contradicted else cls.UNDETERMINED


_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "above": operator.gt,
    "at least": operator.ge,
    "below": operator.lt,
    "at most": operator.le,
    "is": operator.eq,
}
_MOST_DIGITS = 9


@dataclass(frozen=True)
class Condition:
    """One condition of a rule.

    Attributes
    ----------
    name : str
        By which a rule refers to it.
    says : str
        What it asks, in words.
    figure : str
        Name of the figure of the evidence that it looks at.
    relation : {"above", "at least", "below", "at most", "is"}
        How the figure has to stand to the threshold; "is" for what holds (1) or does not (0).
    threshold : float or mapping of str to float
        The number, or one for each variant of the claim, such as the outcomes of C06.
    format : str
        How figure and threshold are printed; more digits are printed where these would not tell the two apart.
    unit : str
        Printed behind them.
    """

    name: str
    says: str
    figure: str
    relation: str
    threshold: float | Mapping[str, float] = 1.0
    format: str = ".3f"
    unit: str = ""

    def bound(self, variant: str) -> float:
        """Return the threshold for a variant of the claim."""
        if not isinstance(self.threshold, Mapping):
            return float(self.threshold)
        if variant not in self.threshold:
            raise CallError(f"condition {self.name!r} has no threshold for {variant!r}; it has {list(self.threshold)}")
        return float(self.threshold[variant])

    def met(self, value: float, variant: str = "") -> bool:
        """Return whether a figure meets the condition; one that is not known (NaN) does not."""
        return not math.isnan(value) and _RELATIONS[self.relation](value, self.bound(variant))

    def digits(self, value: float, variant: str = "") -> str:
        """Return the format in which figure and threshold are told apart.

        Examples
        --------
        >>> Condition("a", "is large", "x", "above", 0.05, ".2f").digits(0.0501)
        '.4f'
        """
        bound, spec = self.bound(variant), self.format
        for digits in range(int(spec[1:-1]), _MOST_DIGITS + 1):
            spec = f".{digits}{spec[-1]}"
            if value == bound or format(value, spec) != format(bound, spec):
                break
        return spec


@dataclass(frozen=True)
class Found:
    """What was found of one condition: the figure, NaN where it is not known, and whether it meets it."""

    condition: Condition
    value: float
    threshold: float
    met: bool
    digits: str


@dataclass(frozen=True)
class Judgement:
    """What a rule says of some figures, and all that it looked at.

    Attributes
    ----------
    outcome : Outcome
        What the rule says.
    required : tuple of Found
        Conditions without which nothing is identified.
    supported, contradicted : tuple of tuple of Found
        The ways in which the claim can be supported and contradicted, each with all of its conditions.
    """

    outcome: Outcome
    required: tuple[Found, ...]
    supported: tuple[tuple[Found, ...], ...]
    contradicted: tuple[tuple[Found, ...], ...]

    def groups(self) -> Iterator[tuple[str, tuple[Found, ...]]]:
        """Yield the parts of the rule, each with its heading."""
        if self.required:
            yield "Identified only if", self.required
        for side, ways in (("Supported", self.supported), ("Contradicted", self.contradicted)):
            for number, way in enumerate(ways):
                yield f"{side} if" if number == 0 else f"{side} as well if", way


@dataclass(frozen=True)
class Rule:
    """When a claim counts as supported, and when as contradicted.

    Attributes
    ----------
    conditions : mapping of str to Condition
        All conditions by name.
    required : tuple of str
        Conditions without which the estimand is not identified, whatever the others say.
    supported, contradicted : tuple of tuple of str
        Ways to each outcome: all conditions of one way have to hold.
    unequal : str
        Why support asks for more or fewer conditions than contradiction; empty where they are equally many.
    remark : str
        What stands beside the rule and does not decide.
    """

    conditions: Mapping[str, Condition]
    required: tuple[str, ...]
    supported: tuple[tuple[str, ...], ...]
    contradicted: tuple[tuple[str, ...], ...]
    unequal: str = ""
    remark: str = ""

    @classmethod
    def read(cls, entry: Mapping[str, Any], place: str) -> Rule:
        """Return the rule of an entry of the register.

        ``supported`` and ``contradicted`` are lists of names of conditions, or lists of such lists where there are
        several ways; ``conditions`` is a table by name. A claim without conditions can only be "not testable".

        Raises
        ------
        EstimationError
            If a name is unknown or never used, a relation is none, or the sides are unequal without a reason.
        """
        known = {"conditions", "required", "supported", "contradicted", "unequal", "remark"}
        if set(entry) - known:
            raise EstimationError(f"{place}: unknown entries {', '.join(sorted(set(entry) - known))}")
        try:
            conditions = {name: Condition(name, **each) for name, each in entry.get("conditions", {}).items()}
        except TypeError as error:
            raise EstimationError(f"{place}: a condition cannot be read: {error}") from error
        required = tuple(entry.get("required", ()))
        supported, contradicted = (_ways(entry.get(side, ())) for side in ("supported", "contradicted"))
        rule = cls(conditions, required, supported, contradicted, entry.get("unequal", ""), entry.get("remark", ""))
        rule._check(place)
        return rule

    def _check(self, place: str) -> None:
        """Refuse a rule that cannot be evaluated, or whose sides are unequal without a reason."""
        used = {*self.required, *(name for way in self.supported + self.contradicted for name in way)}
        if used != set(self.conditions):
            odd = sorted(used ^ set(self.conditions))
            raise EstimationError(f"{place}: conditions that are used and not defined, or the reverse: {odd}")
        for condition in self.conditions.values():
            if condition.relation not in _RELATIONS:
                raise EstimationError(f"{place}: {condition.relation!r} is no relation; use {', '.join(_RELATIONS)}")
        counts = [min(map(len, ways), default=0) for ways in (self.supported, self.contradicted)]
        if (counts[0] != counts[1]) != bool(self.unequal):
            raise EstimationError(
                f"{place}: {counts[0]} conditions to support and {counts[1]} to contradict; "
                + ("give the reason as `unequal`" if not self.unequal else "`unequal` gives a reason for nothing")
            )

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a page prints below the conditions."""
        reason = (
            f"The sides ask for different numbers of conditions: {self.unequal.rstrip('.')}." if self.unequal else ""
        )
        return tuple(filter(None, (reason, self.remark)))

    @property
    def figures(self) -> frozenset[str]:
        """Names of the figures that the rule looks at."""
        return frozenset(condition.figure for condition in self.conditions.values())

    def judge(self, figures: Mapping[str, float], variant: str = "") -> Judgement:
        """Evaluate the rule, and nothing else, on figures by name; one that is not known is NaN.

        Raises
        ------
        CallError
            If the figures are not exactly those that the rule looks at.
        EstimationError
            If the rule counts as supported and contradicted at once.
        """
        if set(figures) != self.figures:
            odd = sorted(set(figures) ^ self.figures)
            raise CallError(f"the rule looks at {sorted(self.figures)}; missing or not asked for: {odd}")
        found = {name: _found(each, float(figures[each.figure]), variant) for name, each in self.conditions.items()}
        required = tuple(found[name] for name in self.required)
        supported = tuple(tuple(found[name] for name in way) for way in self.supported)
        contradicted = tuple(tuple(found[name] for name in way) for way in self.contradicted)
        yes, no = (any(all(each.met for each in way) for way in side) for side in (supported, contradicted))
        if yes and no:
            raise EstimationError(f"the rule counts as supported and contradicted at once, at {dict(figures)}")
        outcome = Outcome.of(yes, no) if all(each.met for each in required) else Outcome.NOT_IDENTIFIED
        if not self.conditions:
            outcome = Outcome.NOT_TESTABLE
        return Judgement(outcome, required, supported, contradicted)


def _ways(names: Any) -> tuple[tuple[str, ...], ...]:
    """Return the ways to an outcome: one list of names, or several."""
    if not names:
        return ()
    return tuple(tuple(way) for way in names) if isinstance(names[0], list) else (tuple(names),)


def _found(condition: Condition, value: float, variant: str) -> Found:
    """Return what a figure says of a condition; of one that is not known no threshold is asked."""
    if math.isnan(value):
        return Found(condition, value, math.nan, False, condition.format)
    met, bound = condition.met(value, variant), condition.bound(variant)
    return Found(condition, value, bound, met, condition.digits(value, variant))
