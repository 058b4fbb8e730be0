"""Which number of the results stands where in a sentence or table, recorded while it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def spans_of(sentences: Iterable[str]) -> list[dict[str, Any]]:
    """Return, for each sentence, the spans of characters that print a number by name, and the function that filled it.

    A sentence that was not filled in by name has an empty mapping.

    Examples
    --------
    >>> spans_of(["No number is bound here."])
    [{}]
    """
    return [
        {"spans": [list(span) for span in spans], "by": getattr(sentence, "by", "")} if spans is not None else {}
        for sentence, spans in ((sentence, getattr(sentence, "spans", None)) for sentence in sentences)
    ]


def rows_across(names: Sequence[Any], heads: Sequence[str], columns: int) -> list[list[int | None]]:
    """Return the row of the frame that each cell of a wide table prints; none for an empty cell.

    For each row of the frame `names` has what names its row on the page, in so many `columns`, and `heads` the heading
    of its column.

    Examples
    --------
    >>> rows_across(["a", "b", "a"], ["2002", "2002", "2004"], 1)
    [[0, 0, 2], [1, 1, None]]
    """
    found = {both: row for row, both in enumerate(zip(names, heads, strict=True))}
    return [
        [*[names.index(name)] * columns, *(found.get((name, head)) for head in dict.fromkeys(heads))]
        for name in dict.fromkeys(names)
    ]
