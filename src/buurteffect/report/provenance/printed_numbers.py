"""Numbers as text prints them: where they stand in it, what they say, and whether a value can have been printed so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = re.compile(
    r"(?<![\w.])(?P<sign>(?:[−+]|(?<=[\s(\[])-)?)(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?:e(?P<power>[−+]?\d+))?"
    r"(?P<percent>\s?%)?(?!\w)"
)
_SLACK = 1e-9


@dataclass(frozen=True)
class PrintedNumber:
    """One number in a text: as printed, where it stands, its value (percentages as shares), half its last unit."""

    text: str
    start: int
    end: int
    value: float
    half: float

    def agrees(self, value: object) -> bool:
        """Whether a value can have been printed so; digits behind the last may be cut off as well as rounded."""
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            return False
        whole = self.half == 0.5 and self.value == math.trunc(value)
        return whole or abs(self.value - value) <= self.half + _SLACK * max(1.0, abs(value))


def numbers_in(text: str) -> Iterator[PrintedNumber]:
    """Yield the numbers of a text in their order; digits that are part of a name, as in ``C07``, are none.

    Examples
    --------
    >>> [(number.text, number.value) for number in numbers_in("C07: −0.5 [−1,200, 34%] in 2003–2012, off 2e−15.")]
    [('−0.5', -0.5), ('−1,200', -1200.0), ('34%', 0.34), ('2003', 2003.0), ('2012', 2012.0), ('2e−15', 2e-15)]
    """
    for match in _NUMBER.finditer(text):
        digits = match["digits"].replace(",", "")
        scale = 10.0 ** int((match["power"] or "0").replace("−", "-")) * (0.01 if match["percent"] else 1.0)
        half = 0.5 * 10.0 ** -len(digits.partition(".")[2]) * scale
        value = float(digits) * scale * (-1 if match["sign"] in ("−", "-") else 1)
        yield PrintedNumber(match[0], *match.span(), value=float(f"{value:.15g}"), half=half)
