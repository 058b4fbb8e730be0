"""What binds the numbers that an exhibit prints to the results: taken down while it is printed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def said_of(sentences: Iterable[str]) -> list[dict[str, Any]]:
    """Return, for each sentence, which of its characters print which number and the function that said it.

    A sentence that was not filled in by name has neither.

    Examples
    --------
    >>> said_of(["No number is bound here."])
    [{}]
    """
    return [
        {"spans": [list(span) for span in spans], "by": getattr(sentence, "by", "")} if spans is not None else {}
        for sentence, spans in ((sentence, getattr(sentence, "spans", None)) for sentence in sentences)
    ]


def rows_across(names: Sequence[Any], heads: Sequence[str], columns: int) -> list[list[int | None]]:
    """Return which row of the frame each cell of a wide table prints.

    Parameters
    ----------
    names : sequence
        What names the row of the page, for each row of the frame.
    heads : sequence of str
        The heading of the column, for each row of the frame.
    columns : int
        How many columns name a row of the page.

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
