"""The shape of area codes, per kind of area."""

from __future__ import annotations

import pandas as pd

from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import shown

LEVELS = {"NL": "land", "GM": "gemeente", "WK": "wijk", "BU": "buurt"}
"""Level by the prefix of its codes."""

PREFIXES = {level: prefix for prefix, level in LEVELS.items()} | {"pc4": ""}
"""Prefix of the codes of a level."""

WIDTHS = {"land": 2, "gemeente": 4, "wijk": 6, "buurt": 8, "pc4": 4}
"""Characters of the codes of a level, without the prefix."""

_SHAPES = {
    "buurt": (r"BU(?!0000)[0-9]{4}[0-9A-Z]{4}", "BU, the four digits of the gemeente and four digits or capitals"),
    "wijk": (r"WK(?!0000)[0-9]{4}[0-9A-Z]{2}", "WK, the four digits of the gemeente and two digits or capitals"),
    "gemeente": (r"GM(?!0000)[0-9]{4}", "GM and four digits"),
    "pc4": (r"[0-9]{4}", "four digits, a leading zero kept"),
}


def check_codes(codes: pd.Series, level: str, lines: Lines, column: str) -> None:
    """Check that every code has the shape of its level; letters occur in those of some gemeenten.

    Codes are stripped texts, one per row; `level` is buurt, wijk, gemeente or pc4.

    Raises
    ------
    DataError
        With the line of the first code of another shape.
    """
    pattern, words = _SHAPES[level]
    lines.refuse(
        ~codes.str.fullmatch(pattern).to_numpy(dtype=bool),
        lambda row: f"the code {shown(codes.iloc[row])}",
        column=column,
        expected=f"the code of a {level}: {words}",
        action="write the code whole, its letters and its zeros in front included (a spreadsheet drops them: save the "
        "column as text), and put areas of another kind into a file of their own; or take the publisher's own file",
    )
