"""What must hold between the columns of one row of scores.

The publisher computes the total from its dimensions, so the printed numbers must agree. Where they do not,
the file was changed or a column stands under another's name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.sources.lines import Lines

_CHANGED = "use the publisher's own file: this one was edited, cut off or saved again with fewer digits"


def check_complete(frame: pd.DataFrame, lines: Lines, total: str, dimensions: Sequence[str]) -> None:
    """Check that a row has all of its dimensions or none, and none without a total.

    Parameters
    ----------
    frame : DataFrame
        Numbers, NaN where missing, one row per row of `lines`.
    lines : Lines
        Where the rows stand.
    total : str
        Column of the total, by the file's name.
    dimensions : sequence of str
        Columns of the dimensions, by the file's name.

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


def check_sum(frame: pd.DataFrame, lines: Lines, total: str, dimensions: Sequence[str], tolerance: float) -> None:
    """Check ``total = sum of the dimensions`` in every row that has dimensions.

    Parameters
    ----------
    frame, lines, total, dimensions
        As in `check_complete`, which has been passed.
    tolerance : float
        Largest difference that printing and adding may leave.

    Raises
    ------
    DataError
        With the line of the first row that fails and the count of all.
    """
    names = list(dimensions)
    off = (frame[total] - frame[names].sum(axis=1, skipna=False)).abs().to_numpy()
    lines.refuse(
        off > tolerance,
        lambda row: f"{total} differs by {off[row]:.3g} from the sum of its dimensions",
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
