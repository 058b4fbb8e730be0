"""What one printed number is, and the lookup of the result that it was bound to when it was printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from buurteffect.report.provenance.printed_numbers import PrintedNumber

_DIGITS = 6
"""Decimals beyond which a number is known by its digits alone."""


class Kind(StrEnum):
    """What a number is.

    A number that nothing binds is `TYPED`, also where code put it into its text; in a paragraph that cites its source
    it is `LITERATURE`. One that cannot be the printed form of the result that it is bound to is `WRONG`.
    """

    RESULT = "result"
    TEXT = "in a text of the results"
    TYPED = "typed"
    LITERATURE = "literature"
    WRONG = "differs from its result"


@dataclass(frozen=True)
class Address:
    """What one number is, as `printed` in a `part` of its section, and where it comes from.

    `keys` name the result that it prints, with its `value` in full, or the texts of the results that hold it; `same`
    the results of tables that are equal to it in all digits. `origin` is the function that printed it, or the source in
    the literature.
    """

    printed: str
    part: str
    kind: Kind
    keys: tuple[str, ...] = ()
    value: Any = None
    origin: str = ""
    same: tuple[str, ...] = ()


class NumberLookup:
    """Looks up in the results of a run what its printed numbers are bound to."""

    def __init__(self, results: Mapping[str, Any]) -> None:
        self.results = results
        self._tables: dict[float, list[str]] | None = None

    def bound(self, number: PrintedNumber, part: str, key: str, value: Any, origin: str = "") -> Address:
        """Return the address of a number that was printed from the result `value` under `key`."""
        agrees = number.text in value if isinstance(value, str) else number.agrees(value)
        kind = Kind.RESULT if agrees else Kind.WRONG
        return Address(number.text, part, kind, (key,), value, origin, self._same(key, value))

    def _same(self, key: str, value: Any) -> tuple[str, ...]:
        """Return where tables hold an equal number, if it has digits enough to be known by."""
        if key.startswith("results[") or not isinstance(value, float) or round(value, _DIGITS) == value:
            return ()
        if self._tables is None:
            self._tables = {}
            for at, other in _numbers_below(self.results["results"], "results"):
                self._tables.setdefault(other, []).append(at)
        return tuple(self._tables.get(value, ()))


def _numbers_below(value: Any, key: str) -> Iterator[tuple[str, float]]:
    """Yield the keys and values of the numbers in plain data."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _numbers_below(item, f"{key}[{name!r}]" if key == "results" else f"{key}.{name}")
    elif isinstance(value, (list, tuple)):
        for place, item in enumerate(value):
            yield from _numbers_below(item, f"{key}[{place}]")
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield key, value
