"""Where in the code a number of a text was typed, or printed by which expression: read off the code, not run."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from buurteffect.report.provenance.printed_numbers import Printed

_FEW, _MANY = 5, 24
"""Characters on one side of a number that must agree with the code, and that are looked at."""
MANY_MORE = 12
"""Characters beside a number that must agree with code that is not known to have made the text."""


@dataclass(frozen=True)
class Code:
    """A piece of code.

    Attributes
    ----------
    name : str
        What it is called: a cell, or a file of the checkout.
    source : str
        Its text.
    """

    name: str
    source: str

    @property
    def module(self) -> str:
        """The name under which it is imported; of a cell its own."""
        return self.name.removeprefix("src/").removesuffix(".py").replace("/", ".")


@dataclass(frozen=True)
class Origin:
    """Where a number comes from: code, line, and the expression that printed it; none where it was typed."""

    name: str
    line: int
    expression: str = ""

    def __str__(self) -> str:
        return f"{f'{{{self.expression}}} in ' if self.expression else ''}{self.name}, line {self.line}"


def origins_of(text: str, number: Printed, codes: Iterable[Code], least: int = _FEW) -> list[Origin]:
    """Return where a number of a text was typed or printed; none where the code does not show it.

    The characters beside the number decide, in the code as in the text: a number that was typed stands in a string
    with them, one that was printed stands between the parts of a string that it was put into. Where several places
    hold as many of these characters, all of them are returned.

    Parameters
    ----------
    text : str
        The text.
    number : Printed
        One of its numbers.
    codes : iterable of Code
        The code that may have made the text.
    least : int
        Characters beside the number that must agree in all.

    Examples
    --------
    >>> from buurteffect.report.provenance.printed_numbers import numbers_in
    >>> text = "Found in 3 of 12 waves."
    >>> code = Code("cell 1", 'note = f"Found in {found} of 12 waves."')
    >>> [origins_of(text, number, [code]) for number in numbers_in(text)]
    [[Origin(name='cell 1', line=1, expression='found')], [Origin(name='cell 1', line=1, expression='')]]
    """
    before, after = text[: number.start], text[number.end :]
    scored: dict[Origin, tuple[bool, int]] = {}
    for code in codes:
        if least > _FEW and before[-_FEW:] not in code.source and after[:_FEW] not in code.source:
            continue
        for found in _strings(code.source):
            for score, expression in found.scores(text, number, before, after):
                origin = Origin(code.name, found.line, expression)
                if score[1] >= least:
                    scored[origin] = max(score, scored.get(origin, score))
    best = max(scored.values(), default=(False, 0))
    return [origin for origin, score in scored.items() if score == best]


@dataclass(frozen=True)
class _Field:
    """What is put into a string: an expression, or a name that is filled in later."""

    text: str


class _String:
    """A string of the code: texts, and the expressions between them."""

    def __init__(self, line: int, parts: Iterable[str | _Field]) -> None:
        self.line = line
        self._parts = tuple(parts)
        self._texts = [part for part in self._parts if isinstance(part, str)]
        self._fields = [part for part in self._parts if isinstance(part, _Field)]
        self._pattern: re.Pattern[str] | None = None

    def scores(self, text: str, number: Printed, before: str, after: str) -> Iterator[tuple[tuple[bool, int], str]]:
        """Yield what printed the number, with whether it printed nothing else and how many characters agree."""
        for place, part in enumerate(self._parts):
            if isinstance(part, str):
                if score := _typed(part, number.text, before, after):
                    yield (True, score), ""
            elif score := _printed(self._parts, place, before, after):
                yield (True, score), part.text
        longest = max(self._texts, key=len, default="")
        if not self._fields or len(longest) < _FEW or longest[1:] not in text:
            return
        for match in self._whole().finditer(text):
            for place, part in enumerate(self._fields, 1):
                if match.start(place) <= number.start and number.end <= match.end(place):
                    yield (match[place] == number.text, sum(map(len, self._texts))), part.text

    def _whole(self) -> re.Pattern[str]:
        """Return the pattern of what the string prints, the first letter small or capital, one word at its ends."""
        if self._pattern is None:
            parts = [re.escape(part) if isinstance(part, str) else "(.+?)" for part in self._parts]
            parts[0] = r"(\S+)" if parts[0] == "(.+?)" else parts[0]
            parts[-1] = r"(\S+?)(?=$|[\s;,.)\]])" if parts[-1] == "(.+?)" else parts[-1]
            first, *others = parts
            begins = f"(?i:{first[0]}){first[1:]}" if first[:1].isalpha() else first
            self._pattern = re.compile(begins + "".join(others))
        return self._pattern


_READ: dict[str, list[_String]] = {}


def _strings(source: str) -> list[_String]:
    """Return the strings of a piece of code; it is read once."""
    if source not in _READ:
        try:
            _READ[source] = list(_strings_of(ast.parse(source)))
        except SyntaxError:
            _READ[source] = []
    return _READ[source]


def _strings_of(node: ast.AST) -> Iterator[_String]:
    """Yield the strings below a node, the parts of one together."""
    if isinstance(node, ast.JoinedStr):
        parts: list[str | _Field] = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                parts.append(_Field(ast.unparse(value.value)))
                yield from _strings_of(value.value)
            elif isinstance(value, ast.Constant):
                parts += _parts_of(str(value.value))
        yield _String(node.lineno, parts)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield _String(node.lineno, _parts_of(node.value))
    else:
        for child in ast.iter_child_nodes(node):
            yield from _strings_of(child)


def _parts_of(text: str) -> list[str | _Field]:
    """Return the parts of a text that may be a template with names in braces."""
    parts: list[str | _Field] = []
    try:
        for literal, name, _, _ in string.Formatter().parse(text):
            parts += [literal] if literal else []
            parts += [_Field(name)] if name is not None else []
    except ValueError:
        return [text]
    return parts


def _typed(part: str, number: str, before: str, after: str) -> int:
    """Return how many characters beside a number are those beside it in a part of a string; 0 where too few are."""
    best, start = 0, part.find(number)
    while start >= 0:
        left = _shared(part[:start][::-1], before[::-1])
        right = _shared(part[start + len(number) :], after)
        alone = not part[start - 1 : start].isdigit() and not part[start + len(number) :][:1].isdigit()
        whole = 0 < left + right == len(part) - len(number)
        if alone and (whole or max(left, right) >= _FEW):
            best = max(best, left + right, _FEW if whole else 0)
        start = part.find(number, start + 1)
    return best


def _printed(parts: tuple[str | _Field, ...], place: int, before: str, after: str) -> int:
    """Return how many characters beside a number are those beside a field; 0 where they are not, or too few."""
    previous = parts[place - 1] if place else ""
    following = parts[place + 1] if place + 1 < len(parts) else ""
    left = previous[-_MANY:] if isinstance(previous, str) else ""
    right = following[:_MANY] if isinstance(following, str) else ""
    fits = max(len(left), len(right)) >= _FEW and before.endswith(left) and after.startswith(right)
    return len(left) + len(right) if fits else 0


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike, as far as is looked."""
    count = 0
    for a, b in zip(one[:_MANY], other[:_MANY], strict=False):
        if a != b:
            break
        count += 1
    return count
