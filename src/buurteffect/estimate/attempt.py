"""An estimate that may be refused: the result, or the reason why there is none, so that a report can show either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, ParamSpec, TypeVar

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.estimate import RESULT_COLUMNS, EffectEstimate

Result = TypeVar("Result")
Given = ParamSpec("Given")


@dataclass(frozen=True, eq=False)
class Attempt(Generic[Result]):
    """What came of an estimate; true where it was made.

    Parameters
    ----------
    found : object or None
        The result, None where it was refused.
    reason : str
        Why it was refused; empty where it was not.
    """

    found: Result | None
    reason: str = ""

    def __bool__(self) -> bool:
        """Whether there is a result."""
        return self.found is not None

    @property
    def result(self) -> Result:
        """The result.

        Raises
        ------
        EstimationError
            If there is none, with the reason.
        """
        if self.found is None:
            raise EstimationError(self.reason)
        return self.found

    def refusal(self, what: str) -> list[str]:
        """Return in one sentence that something could not be estimated, and why."""
        return [f"{what} cannot be shown: {self.reason.rstrip('.')}."]


def attempt(run: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Attempt[Result]:
    """Run an estimator; a refusal becomes a reason, any other error stays one.

    Examples
    --------
    >>> bool(attempt(int, "7")), attempt(int, "7").result
    (True, 7)
    """
    try:
        return Attempt(run(*given, **named))
    except EstimationError as error:
        return Attempt(None, str(error))


def together(attempts: Mapping[str, Attempt[EffectEstimate]]) -> pd.DataFrame:
    """Return the first effect of each estimate in one table, under its name, with the reason where it was refused.

    Returns
    -------
    DataFrame
        One row is one attempt: ``term``, the result columns, ``treated_count, p_value, reason``.
    """
    columns = ["term", *RESULT_COLUMNS, "treated_count", "p_value", "reason"]
    rows = []
    for name, made in attempts.items():
        first = made.result.frame.iloc[0].to_dict() if made else {}
        rows.append({**first, "term": name, "reason": made.reason})
    return pd.DataFrame(rows).reindex(columns=columns)


def one_table(attempts: Mapping[str, Attempt[EffectEstimate]], others: EffectEstimate) -> pd.DataFrame:
    """Return the rows of `together`, then those of another estimate."""
    table = together(attempts)
    return pd.concat([table, others.frame.reindex(columns=table.columns)], ignore_index=True)
