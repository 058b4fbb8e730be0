"""What must hold between the columns of one row.

A publisher computes totals from their parts, so the printed numbers must agree, but for rounding and a rare slip of
its own. Where many rows differ, or one by much, the file was changed or a column stands under another's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.sources.files.line_numbers import Lines

_CHANGED = (
    "put the publisher's own file in its place (make fetch brings it): this one was edited, cut off or saved again "
    "with fewer digits, which nothing can undo; or leave it out of the folder"
)

FEW_ROWS = 3
"""Rows that may be off by a little in any file, however short."""

FEW_SHARE = 0.02
"""Share of the rows of a long file that may be."""

SLIP_SCORE = 5e-4
"""Furthest that a score of the Leefbaarometer may be off and still be read and listed: a 250th of its SD."""

_LISTED = 5
_DECIMALS = re.compile(r"[+-]?[0-9]*(?:[.,]([0-9]*))?(?:[eE]([+-]?[0-9]+))?")


@dataclass(frozen=True)
class Slips:
    """Rows that are read although they do not quite add up: for each check that one fails, its line and what was found.

    `checked_count` are the rows in which everything is known, so that they could be checked.
    """

    checked_count: int = 0
    found: tuple[str, ...] = ()

    def __add__(self, other: Slips) -> Slips:
        """Return the slips of two checks of the same rows."""
        return Slips(max(self.checked_count, other.checked_count), (*self.found, *other.found))

    @property
    def words(self) -> str:
        """What is told to people; empty where every row adds up."""
        if not self.found:
            return ""
        more = f" and {len(self.found) - _LISTED:,} more" if len(self.found) > _LISTED else ""
        rows = len({text.partition(":")[0] for text in self.found})
        verb = (
            "does not quite add up and is read as it is"
            if rows == 1
            else "do not quite add up and are read as they are"
        )
        return f"{rows:,} of {self.checked_count:,} rows {verb}: {'; '.join(self.found[:_LISTED])}{more}"


def check_slips(
    off: npt.NDArray[np.float64],
    lines: Lines,
    *,
    rounding: float,
    slight: float | npt.NDArray[np.float64],
    found: Callable[[int], str],
    expected: str,
    action: str,
    column: str | None = None,
    few: int = FEW_ROWS,
) -> Slips:
    """Return the rows that are off by a little; refuse a file of which one is off by much, or many are at all.

    Parameters
    ----------
    off : ndarray of float, shape (rows,)
        How far each row is off, in absolute value; NaN where something is missing.
    lines : Lines
        Where the rows stand.
    rounding : float
        Largest difference that printing leaves; up to it a row adds up.
    slight : float or ndarray, shape (rows,)
        Largest difference that a slip can be.
    found, expected, action, column
        As in `Lines.refuse`.
    few : int
        Rows that may be off in any file, however short.

    Raises
    ------
    DataError
        With the line of the first row that is off by much or, where too many are off, of the first one.

    Examples
    --------
    >>> off = np.array([0.0, 1.0, np.nan])
    >>> lines = Lines("stock.csv", np.array([2, 3, 4]))
    >>> check_slips(off, lines, rounding=0, slight=5, found=lambda row: "1", expected="0", action="-").found
    ('line 3: 1',)
    """
    with np.errstate(invalid="ignore"):
        bad, much = off > rounding, off > np.maximum(rounding, slight)
    checked = int((~np.isnan(off)).sum())
    if much.any() or bad.sum() > max(few, FEW_SHARE * checked):
        lines.refuse(much if much.any() else bad, found, expected=expected, action=action, column=column)
    rows = np.flatnonzero(bad)
    return Slips(checked, tuple(f"line {lines.numbers[row]}: {found(int(row))}" for row in rows))


def check_complete(frame: pd.DataFrame, lines: Lines, total: str, dimensions: Sequence[str]) -> None:
    """Check that a row has all of its dimensions or none, and none without a total.

    `frame` has the numbers, NaN where missing, of each row of `lines`; `total` and `dimensions` are columns of it.

    Raises
    ------
    DataError
        With the line of the first row that fails and the count of all.
    """
    names = list(dimensions)
    missing = frame[names].isna().to_numpy()
    some = missing.any(axis=1) & ~missing.all(axis=1)
    lines.refuse(
        some,
        lambda row: f"a value for {_listed(names, ~missing[row])} but none for {_listed(names, missing[row])}",
        column=_column(names, missing, some),
        expected="all five dimensions of an area in a wave, or none of them",
        action=_CHANGED,
    )
    lines.refuse(
        frame[total].isna().to_numpy() & ~missing.all(axis=1),
        lambda _: f"dimensions without {total}",
        column=total,
        expected=f"{total} wherever its dimensions are given",
        action=_CHANGED,
    )


def decimals_in(texts: Iterable[str]) -> int:
    """Return the most decimals that a number in some texts has.

    Examples
    --------
    >>> decimals_in(["4.10", "NA", "-0.0023", "1.5e-07"])
    8
    """
    most = 0
    for text in texts:
        if match := _DECIMALS.fullmatch(text.strip()):
            most = max(most, len(match[1] or "") - int(match[2] or 0))
    return most


def check_sum(frame: pd.DataFrame, lines: Lines, total: str, dimensions: Sequence[str], tolerance: float) -> Slips:
    """Check ``total = sum of the dimensions`` to within a tolerance; return the few rows that are off a little.

    Raises
    ------
    DataError
        With the line of the first row that is off by more than `SLIP_SCORE` or, where too many are off, of the first.
    """
    names = list(dimensions)
    off = (frame[total] - frame[names].sum(axis=1, skipna=False)).abs().to_numpy()
    return check_slips(
        off,
        lines,
        rounding=tolerance,
        slight=SLIP_SCORE,
        few=1,
        found=lambda row: f"{total} differs by {off[row]:.3g} from the sum of its dimensions",
        column=total,
        expected=f"{total} = {' + '.join(names)}, to within {tolerance:g}",
        action=_CHANGED,
    )


def _column(names: list[str], missing: npt.NDArray[np.bool_], some: npt.NDArray[np.bool_]) -> str | None:
    """Return the first missing dimension of the first row of `some`."""
    return names[int(missing[int(some.argmax())].argmax())] if some.any() else None


def _listed(names: list[str], chosen: npt.NDArray[np.bool_]) -> str:
    """Return the chosen names as text."""
    return ", ".join(name for name, take in zip(names, chosen, strict=True) if take)
