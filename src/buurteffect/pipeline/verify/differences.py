"""What differs between two sets of results: every number and word of both, by where it stands.

The results of a run are taken apart into leaves. A row of a table is named by its words where these tell all rows
apart, else by its number, so that a row that comes in between moves no other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Leaf = str | int | float | bool | None

DIFFERS, MISSING, NEW = "differs", "missing", "new"
"""What a difference can be: another value, gone since the record, not there then."""

_OF_THE_CHECKOUT = {"inputs": (), "run": ("commit", "uncommitted_changes", "versions")}
"""What says where results come from, and differs where no result does."""

_NAMES = ("claim_id", "name", "label", "part", "reason")
_OUTCOME = "/outcome"


@dataclass(frozen=True)
class Difference:
    """One number or word that is not what was recorded.

    Attributes
    ----------
    where : str
        Its address in the results: ``results/trend/rows/all/estimate``.
    kind : {"differs", "missing", "new"}
        What became of it.
    then, now : str, int, float, bool or None
        What was recorded, and what is found.
    tolerance : float or None
        How far a number may move and still print all its recorded digits: half a unit of the last one, nothing for a
        count. None for words.
    """

    where: str
    kind: str
    then: Leaf = None
    now: Leaf = None
    tolerance: float | None = None

    @property
    def moved(self) -> float | None:
        """How far a number moved, None where it is no number on both sides."""
        both = _number(self.then) and _number(self.now)
        return _as_number(self.now) - _as_number(self.then) if both else None

    @property
    def units(self) -> float | None:
        """How far it moved in units of the last recorded digit, None for what has none."""
        return None if self.moved is None or not self.tolerance else self.moved / (2 * self.tolerance)

    @property
    def of_verdict(self) -> bool:
        """Whether it is the outcome of a claim."""
        return self.where.startswith("verdicts/") and self.where.endswith(_OUTCOME)


@dataclass(frozen=True)
class Comparison:
    """The results of one run beside what was recorded of them.

    Attributes
    ----------
    name : str
        The run.
    numbers, words : int
        How many numbers and words stand on either side.
    differences : tuple of Difference
        What does not agree, in the order of the record.
    left_out : str
        Why the run is not compared; empty where it is.
    """

    name: str
    numbers: int
    words: int
    differences: tuple[Difference, ...] = ()
    left_out: str = ""

    def count(self, kind: str) -> int:
        """Return how many differences are of a kind."""
        return sum(difference.kind == kind for difference in self.differences)

    @property
    def verdicts(self) -> tuple[Difference, ...]:
        """The outcomes of claims that changed."""
        return tuple(difference for difference in self.differences if difference.of_verdict)


def leaves_of(results: Mapping[str, Any]) -> dict[str, Leaf]:
    """Return every number and word of results by its address, without what only says where they come from."""
    return dict(_walk(comparable(results), ""))


def comparable(results: Mapping[str, Any]) -> dict[str, Any]:
    """Return results without commit, versions and input files, which may differ where no result does."""
    kept = {key: value for key, value in results.items() if _OF_THE_CHECKOUT.get(key) != ()}
    for key, left_out in _OF_THE_CHECKOUT.items():
        if isinstance(kept.get(key), Mapping):
            kept[key] = {name: value for name, value in kept[key].items() if name not in left_out}
    return kept


def compare(name: str, then: Mapping[str, Any], now: Mapping[str, Any], digits: int) -> Comparison:
    """Return what differs between recorded results and those of now.

    Every number is compared in all recorded digits: one that moved by one unit of the last digit differs.

    Parameters
    ----------
    name : str
        The run.
    then, now : mapping
        Recorded results, and those of now; either may be empty.
    digits : int
        Significant digits that were recorded.
    """
    old, new = leaves_of(then), leaves_of(now)
    fewer = then.get("decimals")
    found = []
    for where, value in old.items():
        if where not in new or not _same(value, new[where]):
            kind = DIFFERS if where in new else MISSING
            tolerance = tolerance_of(value, digits, _decimals(where, fewer))
            found.append(Difference(where, kind, value, new.get(where), tolerance))
    found += [Difference(where, NEW, now=value) for where, value in new.items() if where not in old]
    every = old | new
    numbers = sum(_number(value) for value in every.values())
    return Comparison(name, numbers, len(every) - numbers, tuple(found))


def tolerance_of(value: Leaf, digits: int, decimals: int | None = None) -> float | None:
    """Return how far a number may move and keep all its digits, or all decimals where these are fewer; None for words.

    Examples
    --------
    >>> tolerance_of(0.1234, 4)
    5e-05
    >>> tolerance_of(12, 4), tolerance_of("upheld", 4)
    (0.0, None)
    """
    if not _number(value):
        return None
    if isinstance(value, int) or (value == 0 and decimals is None):
        return 0.0
    if decimals is not None:
        return 0.5 * 10.0**-decimals
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(_as_number(value)))) - digits + 1)


def _decimals(where: str, fewer: object) -> int | None:
    """Return how many decimals were recorded of a number that has fewer than others; None of others."""
    parts = where.split("/")
    column = f"results/{parts[1]}/{parts[-1]}" if parts[0] == "results" and len(parts) > 2 else where
    return fewer.get(column) if isinstance(fewer, Mapping) else None


def _same(then: Leaf, now: Leaf) -> bool:
    """Whether two leaves say the same; a number is no truth value and no word."""
    return _number(then) == _number(now) and isinstance(then, bool) == isinstance(now, bool) and then == now


def _number(value: Leaf) -> bool:
    """Whether a leaf is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _as_number(value: Leaf) -> float:
    """Return a leaf as a number, 0 where it is none."""
    return float(value) if isinstance(value, (int, float)) else 0.0


def _walk(value: Any, where: str) -> Iterator[tuple[str, Leaf]]:
    """Yield the leaves below a place; a place without any is a leaf itself, so that its going is seen."""
    if isinstance(value, Mapping):
        pairs = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list):
        pairs = list(zip(_row_names(value), value, strict=True))
    else:
        yield where, value
        return
    if not pairs and where:
        yield where, "(empty)"
    for name, item in pairs:
        yield from _walk(item, f"{where}/{name}" if where else name)


def _row_names(rows: Sequence[Any]) -> list[str]:
    """Return names that tell rows apart: what the rows are called, or all their words, or else their numbers."""
    numbered = [str(place) for place in range(1, len(rows) + 1)]
    if not rows or not all(isinstance(row, Mapping) for row in rows):
        return numbered
    shared = set.intersection(*({key for key in row if isinstance(row[key], str)} for row in rows))
    called = [(name,) for name in _NAMES if name in shared]
    for keys in (*called, tuple(key for key in rows[0] if key in shared)):
        names = [" · ".join(row[key] for key in keys) for row in rows]
        if keys and len(set(names)) == len(rows):
            return names
    return numbered
