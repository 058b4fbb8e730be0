"""Numbers of the key figures as their files write them, and the marks that stand where a number does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import PUBLISHED, shown
from buurteffect.sources.spreadsheets.saved_again import NOT_AVAILABLE

NOT_PUBLISHED_FROM = -99990.0
"""Files of the national geodata service write large negatives (-99997, -99999999) where nothing is published."""

NUMBER, BLANK, UNKNOWN, SECRET, NULL, SENTINEL = range(6)
"""What a cell holds: a number; nothing but blanks; a dot; an x; no value at all; a large negative."""

_NUMBERS = {
    "point": r"^-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+|[0-9](?:\.[0-9]+)?e[+-][0-9]{2})$",
    "comma": r"^-?(?:[0-9]+(?:,[0-9]+)?|,[0-9]+)$",
    "either": r"^-?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+|[0-9](?:[.,][0-9]+)?e[+-][0-9]{2})$",
}
"""R writes 100000 as 1e+05, with all digits that it has; a spreadsheet writes 1,23E+05 and has lost the others."""

_WORDS = {
    "point": "a number with a decimal point and no thousands separator",
    "comma": "a number with a decimal comma and no thousands separator",
    "either": "a number without thousands separator",
}


@dataclass(frozen=True, eq=False)
class Cells:
    """One column of numbers.

    Parameters
    ----------
    values : ndarray of float, shape (rows,)
        Numbers as the file gives them, in its unit; NaN where there is none.
    marks : ndarray of int8, shape (rows,)
        What each cell holds: `NUMBER`, `BLANK`, `UNKNOWN`, `SECRET`, `NULL` or `SENTINEL`.
    padded : bool
        Whether a number in it has blanks before it, as in files without types.
    """

    values: npt.NDArray[np.float64]
    marks: npt.NDArray[np.int8]
    padded: bool


def parse_cells(texts: pa.Array, column: str, lines: Lines, decimal: str) -> Cells:
    """Return a column of numbers with its marks.

    Known marks are blank, ``.`` (and a lone ``,``, as some spreadsheets have it), ``x`` and ``-``, which is
    nil and so 0. One or two asterisks behind a number say that it is provisional and are taken off.

    `decimal` is the mark of decimals: point, comma or either.

    Raises
    ------
    DataError
        If a cell holds other text, a thousands separator, or the other mark of decimals.
    """
    # Figures repeat: each text that occurs is read once, and then put where it stands.
    encoded = texts.dictionary_encode("encode")
    unique, place = encoded.dictionary, encoded.indices.to_numpy()
    bare = pc.utf8_trim_whitespace(unique)
    marks = np.full(len(bare), NUMBER, dtype=np.int8)
    marks[_true(pc.equal(bare, ""))] = BLANK
    marks[_true(pc.is_in(bare, pa.array([".", ","])))] = UNKNOWN
    marks[_true(pc.is_in(bare, pa.array(["x", "X"])))] = SECRET
    marks[_true(pc.is_null(bare))] = NULL
    bare = pc.if_else(pc.equal(bare, "-"), "0", bare)
    if _true(pc.ends_with(bare, "*")).any():
        bare = pc.utf8_rtrim(bare, "*")
    here = marks == NUMBER
    odd = here & ~_true(pc.match_substring_regex(bare, _NUMBERS[decimal]))
    if odd.any():
        lines.refuse(
            odd[place],
            lambda row: f"the text {shown(bare[place[row]].as_py())}",
            column=column[:60],
            expected=f"{_WORDS[decimal]}, or one of the marks '.', 'x', '-' or nothing",
        )
    if decimal == "either":
        _refuse_both_marks(bare, here, place, column, lines)
    if decimal != "point":
        bare = pc.replace_substring(bare, ",", ".")
    values = _floats(bare, here)
    if np.isinf(values).any():
        lines.refuse(
            np.isinf(values)[place],
            lambda row: f"the number {shown(bare[place[row]].as_py())}, too large to be held",
            column=column[:60],
            expected="a number that can occur",
        )
    with np.errstate(invalid="ignore"):
        gone = values <= NOT_PUBLISHED_FROM
    marks[gone] = SENTINEL
    values[gone] = np.nan
    padded = bool(_true(pc.starts_with(unique, " "))[here].any())
    return Cells(values[place], marks[place], padded)


def refuse_thousands(texts: pa.Array, column: str, lines: Lines) -> None:
    """Refuse a column in which a mark may separate thousands rather than decimals.

    For text of a program that is not the publisher's, or that the publisher writes with either mark of
    decimals. The key figures have two decimals at most, so that three behind a mark are thousands.

    Raises
    ------
    DataError
        With the line of the first such cell.
    """
    lines.refuse(
        _true(pc.match_substring_regex(pc.utf8_trim_whitespace(texts), r"^-?[1-9][0-9]{0,2}(?:[.,][0-9]{3})+$")),
        lambda row: f"the text {shown(texts[row].as_py().strip())}, which may be thousands",
        column=column[:60],
        expected=_WORDS["either"],
    )


def plain_cells(cells: pa.Array, column: str, lines: Lines) -> pa.Array:
    """Return cells of numbers that a program saved, null where it wrote NA.

    Raises
    ------
    DataError
        If a number may have a mark of thousands.
    """
    gone = pc.is_in(pc.utf8_trim_whitespace(cells), pa.array(NOT_AVAILABLE))
    cells = pc.if_else(gone, pa.scalar(None, pa.string()), cells)
    refuse_thousands(cells, column, lines)
    return cells


def _floats(bare: pa.Array, here: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """Return the numbers where there are some, NaN elsewhere."""
    masked = pc.if_else(pa.array(here), bare, pa.scalar(None, pa.string()))
    return np.array(pc.cast(masked, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)


def _refuse_both_marks(
    bare: pa.Array, here: npt.NDArray[np.bool_], place: npt.NDArray[np.int32], column: str, lines: Lines
) -> None:
    """Refuse a column that mixes decimal points and decimal commas."""
    points, commas = (_true(pc.match_substring(bare, mark)) & here for mark in ".,")
    if not (points.any() and commas.any()):
        return
    row = int(np.flatnonzero(min(points[place], commas[place], key=np.sum))[0])
    raise DataError(
        lines.origin,
        line=int(lines.numbers[row]),
        column=column[:60],
        found=f"{shown(bare[place[row]].as_py())} in a column that has decimal points and decimal commas",
        expected="one mark of decimals in a column",
        action=PUBLISHED,
    )


def _true(mask: pa.Array) -> npt.NDArray[np.bool_]:
    """Return an Arrow mask as an array of its own, null counting as false."""
    return np.array(pc.fill_null(mask, False).to_numpy(zero_copy_only=False), dtype=bool)
