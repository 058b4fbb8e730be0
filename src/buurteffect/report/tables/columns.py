"""How values, columns and tables are printed: as text, for a page's template or for a preview."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

MISSING = "–"
NO_LOWER, NO_UPPER = "no lower bound", "no upper bound"
"""What stands in place of an end that an interval does not have."""
_NOT_ZERO = re.compile(r"[1-9]")
_NO_BREAK = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Column:
    """How a table prints one column.

    Parameters
    ----------
    name : str
        Column of the frame.
    label : str
        Heading on the page.
    format : str
        Format specification for numbers, such as ``.3f``, ``.1%`` or ``,d``; empty for text.
    low, high : str
        Columns that hold an interval, printed in brackets behind the value.
    words : mapping
        What is printed for a value, where it has other words on the page.
    floor : float
        Values from 0 up to this one are printed as smaller than it, such as p-values.
    """

    name: str
    label: str
    format: str = ""
    low: str = ""
    high: str = ""
    words: Mapping[Any, str] = field(default_factory=dict)
    floor: float = 0.0

    def head(self) -> dict[str, Any]:
        """Return how the column is headed, and which columns of the frame its cells print."""
        fields = [self.name, self.low, self.high] if self.low else [self.name]
        head: dict[str, Any] = {"label": self.label, "number": bool(self.format), "fields": fields}
        return head | ({"words": {str(value): word for value, word in self.words.items()}} if self.words else {})

    def cells(self, frame: pd.DataFrame) -> list[str]:
        """Print the column, a missing value as a dash."""
        values = [self._cell(value) for value in frame[self.name]]
        if not self.low:
            return values
        bounds = zip(frame[self.low], frame[self.high], strict=True)
        return [
            value if pd.isna(low) else f"{value} {print_interval(low, high, self.format, _NO_BREAK)}"
            for value, (low, high) in zip(values, bounds, strict=True)
        ]

    def _cell(self, value: Any) -> str:
        """Print one value."""
        if self.floor and not isinstance(value, str) and pd.notna(value) and 0 <= value < self.floor:
            return f"<{print_value(self.floor, self.format)}"
        return self.words.get(value) or print_value(value, self.format)


def print_value(value: Any, spec: str) -> str:
    """Print one value; a typographic minus, none before what is printed as zero, and a dash where it is missing.

    Examples
    --------
    >>> print_value(-0.0004, ".3f"), print_value(-0.0005001, ".3f"), print_value(None, ".3f")
    ('0.000', '−0.001', '–')
    >>> print_value(float("-inf"), ".2f"), print_value(float("inf"), ".2f")
    ('−∞', '∞')
    """
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        return MISSING
    if not spec:
        return str(value)
    if isinstance(value, float) and math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = format(int(value) if spec.endswith("d") else value, spec)
    if text.startswith("-") and not _NOT_ZERO.search(text):
        text = text[1:]
    return text.replace("-", "−")


def print_interval(low: float, high: float, spec: str, space: str = " ") -> str:
    """Print an interval; one without an end says so in words.

    Examples
    --------
    >>> print_interval(-1.0, 2.5, ".1f"), print_interval(float("-inf"), float("inf"), ".1f")
    ('[−1.0, 2.5]', '(unbounded)')
    >>> print_interval(0.5, float("inf"), ".1f"), print_interval(float("-inf"), 2.0, ".1f")
    ('[0.5, no upper bound]', '[no lower bound, 2.0]')
    """
    if math.isinf(low) and math.isinf(high):
        return "(unbounded)"
    below = NO_LOWER if math.isinf(low) else print_value(low, spec)
    above = NO_UPPER if math.isinf(high) else print_value(high, spec)
    return f"[{below},{space}{above}]"


def as_text(exhibit: Mapping[str, Any]) -> str:
    """Return an exhibit as plain text."""
    if exhibit["kind"] == "table":
        lines = ["\t".join(column["label"] for column in exhibit["columns"])]
        lines += ["\t".join(row) for row in exhibit["rows"]]
        return "\n".join([exhibit["caption"], *lines])
    if exhibit["kind"] == "figure":
        return f"{exhibit['caption']}\n{exhibit['alt']}"
    return "\n".join(exhibit["sentences"])


def as_preview(exhibit: Mapping[str, Any]) -> str:
    """Return an exhibit as escaped HTML for JupyterLab; the page does not use it."""
    if exhibit["kind"] != "table":
        return "".join(f"<p>{html.escape(sentence)}</p>" for sentence in exhibit.get("sentences", []))
    head = "".join(f"<th>{html.escape(column['label'])}</th>" for column in exhibit["columns"])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in exhibit["rows"]
    )
    return f"<table><caption>{html.escape(exhibit['caption'])}</caption><tr>{head}</tr>{body}</table>"
