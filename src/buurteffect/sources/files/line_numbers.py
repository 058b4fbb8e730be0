"""Rows of a raw table by the line that they have in their file, so that a refused value can be found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import PUBLISHED

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lines:
    """Where the rows of one table stand.

    Parameters
    ----------
    origin : str
        What the file is called in errors.
    numbers : ndarray of int, shape (rows,)
        Line (in a workbook, row) on which each row begins, the header being 1.
    ends_open : bool
        Whether the file ends without a line end, as a file that was cut off does.
    """

    origin: str
    numbers: npt.NDArray[np.int64]
    ends_open: bool = False

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.numbers)

    def refuse(
        self,
        bad: npt.ArrayLike,
        found: Callable[[int], str],
        *,
        expected: str,
        action: str = PUBLISHED,
        column: str | None = None,
    ) -> None:
        """Refuse the table if any row is bad.

        Parameters
        ----------
        bad : array of bool, shape (rows,)
            Which rows are bad.
        found : callable
            What stands in the row of this index; asked of the first bad row only.
        expected, action, column : str
            As in `DataError`.

        Raises
        ------
        DataError
            With the line of the first bad row and the count of all.
        """
        rows = np.flatnonzero(np.asarray(bad, dtype=bool))
        if not len(rows):
            return
        count = f"; this is the first of {len(rows):,} such rows" if len(rows) > 1 else ""
        cut = ""
        if self.ends_open and rows[0] == len(self) - 1:
            cut = "; the file ends here without a line end, so it was probably cut off"
        raise DataError(
            self.origin,
            line=int(self.numbers[rows[0]]),
            column=column,
            found=found(int(rows[0])) + count + cut,
            expected=expected,
            action=action,
        )

    def refuse_twins(
        self, keys: Sequence[tuple[object, ...]], *, expected: str, action: str = PUBLISHED, column: str | None = None
    ) -> None:
        """Refuse the table if one of the keys that name its rows, such as area and year, occurs in two rows.

        Raises
        ------
        DataError
            With the line of the first row whose key has been seen, and the line where it was.
        """
        seen: dict[tuple[object, ...], int] = {}
        first = np.array([seen.setdefault(key, row) for row, key in enumerate(keys)], dtype=np.int64)
        self.refuse(
            first < np.arange(len(self)),
            lambda row: f"{' in '.join(map(str, keys[row]))} again, already on line {self.numbers[first[row]]}",
            column=column,
            expected=expected,
            action=action,
        )
