"""The result of an estimator: a tidy table, how it was made, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from buurteffect.errors import EstimationError

RESULT_COLUMNS = ("estimate", "std_error", "ci_low", "ci_high", "units_count", "clusters_count")
"""The columns that close every tidy table, in this order; only remarks on a row may follow them."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A table of estimates.

    Parameters
    ----------
    frame : DataFrame
        One row is one estimate: the columns that identify it, then ``estimate``, ``std_error``, ``ci_low``,
        ``ci_high``, ``units_count`` (areas behind the figure) and ``clusters_count`` (clusters that hold them),
        then remarks, such as the ``reason`` why an estimate is missing.
    method : str
        How the figures were made, in words.
    error_convention : str
        What the uncertainty is, in words.
    units_count : int
        Areas that the whole table rests on.
    clusters_count : int
        Clusters that hold them.
    dropped : tuple of (str, int)
        What was left out and how often.

    Raises
    ------
    EstimationError
        If the table does not have the columns above.
    """

    frame: pd.DataFrame
    method: str
    error_convention: str
    units_count: int
    clusters_count: int
    dropped: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        """Check that the result columns stand together and in order."""
        names = list(self.frame.columns)
        start = names.index("estimate") if "estimate" in names else len(names)
        if tuple(names[start : start + len(RESULT_COLUMNS)]) != RESULT_COLUMNS:
            raise EstimationError(
                f"an estimate's table needs {', '.join(RESULT_COLUMNS)} in this order, found {', '.join(names)}"
            )

    def row(self, **identity: object) -> pd.Series:
        """Return the one row whose identifying columns have the given values.

        Raises
        ------
        EstimationError
            If no row or more than one row has them.
        """
        found = self.frame
        for name, value in identity.items():
            found = found[found[name] == value]
        if len(found) != 1:
            raise EstimationError(f"{len(found)} rows have {identity}, one was asked for")
        return found.iloc[0]
