"""An estimate that may be refused: the result, or the reason why there is none, so that a report can show either."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

import pandas as pd

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.result import RESULT_COLUMNS, EffectEstimate, Estimate

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

    What is given may itself be an attempt: the estimator gets its result, and its refusal is that of the whole.

    Examples
    --------
    >>> bool(attempt(int, "7")), attempt(int, "7").result
    (True, 7)
    >>> attempt(int, attempt(str, 7)).result, attempt(int, Attempt(None, "no number")).reason
    (7, 'no number')
    """
    try:
        found = run(*map(_result_of, given), **{name: _result_of(each) for name, each in named.items()})
        return Attempt(_result_of(found))
    except EstimationError as error:
        return Attempt(None, str(error))


def _result_of(given: Any) -> Any:
    """Return the result of an attempt, and anything else as it is; refuse with the reason of a refused estimate."""
    if isinstance(given, Estimate) and not given:
        raise EstimationError(given.reason)
    return given.result if isinstance(given, Attempt) else given


def refusals(attempts: Mapping[str, Attempt[Any]]) -> list[str]:
    """Return one sentence for each reason for which something was refused; none where nothing was.

    Examples
    --------
    >>> refused = Attempt(None, "one wave")
    >>> refusals({"the mean": Attempt(1), "the slope": refused, "the bend": refused})
    ['Not estimated: the slope and the bend. Reason: one wave.']
    """
    names: dict[str, list[str]] = {}
    for name, made in attempts.items():
        if not made:
            names.setdefault(made.reason.rstrip("."), []).append(name)
    listed = {reason: " and ".join(filter(None, [", ".join(each[:-1]), each[-1]])) for reason, each in names.items()}
    return [f"Not estimated: {each}. Reason: {reason}." for reason, each in listed.items()]


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
