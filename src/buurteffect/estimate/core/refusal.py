"""Estimators that refuse: what the data cannot carry comes back as an estimate that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from buurteffect.errors import CallError, EstimationError, MissingColumnError
from buurteffect.estimate.core.columns import check_unique, in_steps, require, require_known, require_numbers
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import Estimate

Found = TypeVar("Found")
Given = ParamSpec("Given")


def estimator(run: Callable[Given, Found]) -> Callable[Given, Found]:
    """Return an estimator that refuses instead of raising, as the faces of the folders offer it.

    An `EstimationError` becomes `Estimate.refused`, whatever the estimator returns otherwise; a `CallError`, which is a
    mistake in the call and not a lack in the data, stays an error. If something that is given is a refused estimate,
    that is what comes back. Of one that takes a frame and a design, unit, time, outcome and cohort are asked for first,
    a unit that stands twice in a time and an outcome that is nowhere known are refused, and dates, periods and cohorts
    become whole steps (`in_steps`), whatever the estimator reads of them; what else the design names is asked for by
    those that use it. The function as it was, which raises, is the ``__wrapped__`` of the result.

    Examples
    --------
    >>> share = estimator(lambda part, whole: part / whole)
    >>> share(1, 2), share(1, Estimate.refused("one wave")).reason
    (0.5, 'one wave')
    """

    @wraps(run)
    def asked(*given: Given.args, **named: Given.kwargs) -> Found:
        """Run the estimator, or pass on why not."""
        for each in (*given, *named.values()):
            if is_refused(each):
                return each  # type: ignore[return-value]  # a refused estimate stands for any result
        try:
            return _on_steps(run, given, named)
        except CallError:
            raise
        except KeyError as error:
            raise _lacking(error, (*given, *named.values())) from error
        except EstimationError as error:
            return Estimate.refused(str(error))  # type: ignore[return-value]

    return asked


def _lacking(error: KeyError, given: Sequence[object]) -> Exception:
    """Return a key that was not found as a missing column, where it is a name that no table given has as a column."""
    asked = error.args[0] if error.args else ""
    names = [name for name in (asked if isinstance(asked, list) else [asked]) if isinstance(name, str)]
    tables = [each for each in given if isinstance(each, pd.DataFrame)]
    lacking = [name for name in names if not any(name in table.columns for table in tables)]
    if not tables or not lacking:
        return error
    return MissingColumnError(f"no table that was given has {', '.join(lacking)}: name its columns as they are")


def _on_steps(run: Callable[..., Found], given: tuple[Any, ...], named: dict[str, Any]) -> Found:
    """Run an estimator; a frame and its design are checked for columns and their times made whole steps before."""
    called = dict(zip(("frame", "design"), given, strict=False)) | named
    frame, design = called.get("frame"), called.get("design")
    if not isinstance(frame, pd.DataFrame) or not isinstance(design, Design):
        return run(*given, **named)
    whom = (design.unit, design.time, design.outcome, *([design.cohort] if design.cohort else []))
    require(frame, whom, advice="name its columns in the design as they are")
    stepped = dict(zip(("frame", "design"), in_steps(frame, design), strict=True))
    require_numbers(stepped["frame"], whom[1:])
    check_unique(stepped["frame"], stepped["design"])
    require_known(stepped["frame"], design.outcome)
    changed = [stepped[name] for name in ("frame", "design")[: len(given)]]
    return run(*changed, *given[2:], **(named | {name: stepped[name] for name in stepped if name in named}))


def is_refused(value: object) -> bool:
    """Return whether a value is a refused estimate; a result of any other kind is not."""
    return isinstance(value, Estimate) and not value


def refusals(results: Mapping[str, object]) -> list[str]:
    """Return one sentence for each reason for which something was refused; none where nothing was.

    Examples
    --------
    >>> refused = Estimate.refused("one wave")
    >>> refusals({"the mean": 1.0, "the slope": refused, "the bend": refused})
    ['Not estimated: the slope and the bend. Reason: one wave.']
    """
    names: dict[str, list[str]] = {}
    for name, made in results.items():
        if isinstance(made, Estimate) and not made:
            names.setdefault(made.reason.rstrip("."), []).append(name)
    listed = {reason: " and ".join(filter(None, [", ".join(each[:-1]), each[-1]])) for reason, each in names.items()}
    return [f"Not estimated: {each}. Reason: {reason}." for reason, each in listed.items()]
