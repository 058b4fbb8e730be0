"""What programs leave around the fields of a table, and behind its whole numbers, where something is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence

_WHOLE = re.compile(r"-?[0-9]+\.0")
_SAMPLE = 2_000_000
"""Characters in which the first two lines are looked for; a line is shorter."""

_EMPTY_LIMIT = 100_000
"""Longest end of empty rows, in characters, that is taken for a spreadsheet's; a longer one is left to be refused."""


def without_gaps(text: str, separator: str) -> tuple[str, tuple[str, ...]]:
    r"""Return a text without the empty columns at its right and the empty rows at its end that spreadsheets save.

    Parameters
    ----------
    text : str
        The whole text.
    separator : str
        What separates its fields.

    Returns
    -------
    text : str
        The text, the same where every line ends in a field and the last one is a record.
    notes : tuple of str
        What was left out.

    Examples
    --------
    >>> without_gaps("a;b;;\n1;2;;\n;;;\n", ";")[0]
    'a;b\n1;2\n'
    >>> without_gaps("a;b;c\n1;2;\n", ";")
    ('a;b;c\n1;2;\n', ())
    """
    notes = []
    end = len(text.rstrip(f"{separator}\r\n"))
    end = text.find("\n", end) + 1 or len(text)
    if separator in text[end:] and len(text) - end <= _EMPTY_LIMIT:
        notes.append("empty rows at its end are left out")
        text = text[:end]
    first = text[:_SAMPLE].split("\n", 2)[:2]
    if len(first) == 2 and all(line.rstrip("\r").endswith(separator) for line in first):
        lines = [(line.rstrip("\r\n"), line) for line in text.splitlines(keepends=True)]
        width = min(len(bare) - len(bare.rstrip(separator)) for bare, _ in lines)
        if width:
            notes.append("empty columns at its right are left out")
            text = "".join(bare[: len(bare) - width] + line[len(bare) :] for bare, line in lines)
    return text, tuple(notes)


def whole_with_decimal(rows: Sequence[Sequence[str]], missing: str) -> set[int]:
    """Return the columns of whole numbers with ``.0`` behind them, as programs write them where some are missing.

    `missing` is what the publisher writes where nothing is.

    Examples
    --------
    >>> whole_with_decimal([["599.0", "1.5"], ["", "2.0"]], "")
    {0}
    """
    found = set()
    for at in range(len(rows[0]) if rows else 0):
        cells = (cell for row in rows if (cell := row[at].strip()) not in ("", missing))
        if _WHOLE.fullmatch(next(cells, "")) and all(_WHOLE.fullmatch(cell) for cell in cells):
            found.add(at)
    return found
