"""How the address of a number is found: by what it was bound to, in the code, or by value where nothing binds it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from buurteffect.report.provenance.origins import MANY_MORE, Code, origins_of
from buurteffect.report.provenance.printed_numbers import Printed

_WHOLE, _FINE, _DIGITS = 0.5, 0.0005, 6
_DOI = re.compile(r"\b10\.\d{4,9}/[^\s;,)\]]*[^\s.,;)\]]")
_BESIDE = 8
"""Characters beside a number by which it is known in recorded words."""


class Kind(StrEnum):
    """What a number is."""

    RESULT = "result"
    ALIKE = "result, by value"
    TEXT = "in a text of the results"
    PARAMETER = "parameter"
    COMPUTED = "printed by code, bound to no result"
    TYPED = "typed"
    YEAR = "year"
    LITERATURE = "literature"
    NONE = "no address"
    WRONG = "differs from its result"


@dataclass(frozen=True)
class Address:
    """What one printed number is, and where it comes from.

    Attributes
    ----------
    printed : str
        The number as the page prints it.
    part : str
        Where in its section it stands.
    kind : Kind
        What it is.
    keys : tuple of str
        The result that it prints; where it was compared by value, all that it could be.
    value : float, str or None
        The result in full, if it is one.
    same : tuple of str
        Results of tables that are the same number in all its digits.
    origin : str
        The function, or the line of code, that printed or typed it; or the source of a figure from the literature.
    """

    printed: str
    part: str
    kind: Kind
    keys: tuple[str, ...] = ()
    value: Any = None
    origin: str = ""
    same: tuple[str, ...] = ()


class Finder:
    """Finds what numbers are: by key in the results, by value, or in the code."""

    def __init__(self, results: Mapping[str, Any], cells: Sequence[Code], modules: Sequence[Code]) -> None:
        self.results = results
        self.cells = cells
        self.modules = modules
        self._held: dict[float, list[str]] | None = None

    def bound(self, number: Printed, part: str, key: str, value: Any, origin: str = "") -> Address:
        """Return the address of a number that was printed from a result."""
        if isinstance(value, str):
            kind = Kind.RESULT if number.text in value else Kind.WRONG
        else:
            kind = Kind.RESULT if number.agrees(value) else Kind.WRONG
        return Address(number.text, part, kind, (key,), value, origin, self._same(key, value))

    def other(self, text: str, number: Printed, part: str, near: Mapping[str, Any], by: str = "") -> Address:
        """Return the address of a number that nothing binds: typed, printed by code, or alike by value.

        Code that is known to have made the text is believed sooner than code that merely holds the same words.
        """
        cited = [match for match in _DOI.finditer(text) if match.start() <= number.start < match.end()]
        if cited:
            return Address(number.text, part, Kind.LITERATURE, origin=f"doi:{cited[0][0]}")
        alike = {key: value for key, value in near.items() if number.could_be(value)}
        own = [code for code in self.modules if by.startswith(f"{code.module}.")]
        origins = origins_of(text, number, [*self.cells, *own])
        if not origins and not (alike and part == "alt"):
            origins = origins_of(text, number, self.modules, MANY_MORE)
        where = " or ".join(str(origin) for origin in origins)
        if origins and not any(origin.expression for origin in origins):
            return Address(number.text, part, Kind.YEAR if number.like_a_year else Kind.TYPED, origin=where)
        given = {f"run.parameters.{origin.expression}" for origin in origins}
        parameters = dict(leaves(self.results["run"]["parameters"], "run.parameters"))
        if len(given) == 1 and (key := given.pop()) in parameters:
            return Address(number.text, part, Kind.PARAMETER, (key,), parameters[key], where)
        if origins and number.half == _WHOLE:
            return Address(number.text, part, Kind.COMPUTED, origin=where)
        if not alike and not origins and number.half != _WHOLE:
            alike = {key: value for key, value in parameters.items() if number.could_be(value)}
        if alike:
            return Address(number.text, part, Kind.ALIKE, tuple(alike), next(iter(alike.values())), where)
        kind = Kind.COMPUTED if origins else Kind.YEAR if number.like_a_year else Kind.NONE
        return Address(number.text, part, kind, origin=where)

    def _same(self, key: str, value: Any) -> tuple[str, ...]:
        """Return where tables hold the same number, if it has digits enough to be known by."""
        if key.startswith("results[") or not isinstance(value, float) or round(value, _DIGITS) == value:
            return ()
        if self._held is None:
            self._held = {}
            for at, other in leaves(self.results["results"], "results"):
                self._held.setdefault(other, []).append(at)
        return tuple(self._held.get(value, ()))

    def anywhere(self, text: str, number: Printed, part: str, origin: str) -> Address:
        """Return the address of a number by its label or value in all results, if it has digits enough."""
        everything = self.results["results"]
        labels = [key for key, words in leaves(everything, "results", str) if covers(words, text, number)]
        if labels:
            return Address(number.text, part, Kind.TEXT, tuple(labels), origin=origin)
        alike = {key: value for key, value in leaves(everything, "results") if number.could_be(value)}
        if alike and number.half <= _FINE:
            return Address(number.text, part, Kind.ALIKE, tuple(alike), next(iter(alike.values())), origin)
        return Address(number.text, part, Kind.NONE, origin=origin)


def leaves(value: Any, key: str, kind: Any = (int, float)) -> Iterator[tuple[str, Any]]:
    """Yield the numbers in plain data, or the texts, with their keys."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from leaves(item, f"{key}[{name!r}]" if key == "results" else f"{key}.{name}", kind)
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from leaves(item, f"{key}[{place}]", kind)
    elif isinstance(value, kind) and not isinstance(value, bool):
        yield key, value


def covers(words: str, text: str, number: Printed) -> bool:
    """Whether a label of the results stands in a text where one of its numbers does."""
    start = text.find(words)
    while start >= 0:
        if start <= number.start and number.end <= start + len(words):
            return len(words) > number.end - number.start
        start = text.find(words, start + 1)
    return False


def holds(words: str, text: str, number: Printed) -> bool:
    """Whether recorded words hold a number of a text between the same characters, but for how sentences are parted."""
    words = _parted(words)
    before = _parted(text[max(0, number.start - _BESIDE) : number.end])
    after = _parted(text[number.start : number.end + _BESIDE])
    return before in words or after in words


def _parted(text: str) -> str:
    """Return a text with one mark for all ends of sentences, one case, and one minus."""
    return text.casefold().replace("-", "−").replace(";", ".").replace(". on: ", ". ").rstrip(".")
