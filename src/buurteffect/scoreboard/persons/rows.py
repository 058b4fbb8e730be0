"""The rows of a scoreboard of persons: what an estimator, or a group of them, finds, or why it refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import EffectEstimate

Found = Iterable[tuple[str, str, "pd.Series[float]"]]
"""Of each estimator its name, that of its true value (empty where none is known), and a row of its table."""

_FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "equivalent")


def estimator_rows(name: str, run: Callable[[], Found], truth_name: str = "") -> list[dict[str, object]]:
    """Return the rows that `run` finds, or one row, under `name` and `truth_name`, that says why it refuses.

    `truth_name` is empty where the group has several.
    """
    try:
        return [
            {"estimator": estimator, "truth_name": truth} | {figure: row.get(figure) for figure in _FIGURES}
            for estimator, truth, row in run()
        ]
    except EstimationError as error:
        error_name = type(error).__name__
        return [{"estimator": name, "truth_name": truth_name, "error": error_name, "message": str(error)}]


def one_row(
    name: str, truth_name: str, run: Callable[[], EffectEstimate], term: str | None = None
) -> list[dict[str, object]]:
    """Return the row of one estimator: that of a term in its table, or the last one."""

    def found() -> Found:
        """Return the row that is wanted."""
        frame = run().frame
        return [(name, truth_name, (frame if term is None else frame[frame["term"] == term][:1]).iloc[-1])]

    return estimator_rows(name, found, truth_name)
