"""The columns of a user's table: that they are there, that they hold numbers, and times as whole steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches

import numpy as np
import pandas as pd

from buurteffect.errors import DuplicateUnitTimeError, MissingColumnError, UnusableValueError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.weighted_stats import Floats

FREQUENCIES = ("Y", "Q", "M", "W", "D")
"""Periods that dates are brought to: the longest in which no two times of the panel fall together."""

_NUMBERS = ("integer", "floating", "mixed-integer-float", "boolean", "decimal", "empty")  # as pandas calls them
_FIRST_YEAR = 1970  # pandas counts periods from 1970
_CALENDAR = 1000  # from this first time on times are years of the calendar, none of which can be 0


def number_columns(design: Design) -> tuple[str, ...]:
    """Return the columns that must hold numbers."""
    optional = (design.cohort, design.dose, design.weights, design.eligible)
    names = [design.time, design.outcome, *(n for n in optional if n), *design.covariates]
    return tuple(dict.fromkeys([*names, *(design.coordinates_m or ())]))


def used_columns(design: Design, extra: Sequence[str] = ()) -> tuple[str, ...]:
    """Return every column that the design names, once each."""
    return tuple(dict.fromkeys([design.unit, *number_columns(design), *design.clusters, *extra]))


def require(frame: pd.DataFrame, names: Iterable[str], table: str = "panel", advice: str = "") -> None:
    """Refuse a table that lacks a column, or has one twice; say which names come near.

    Parameters
    ----------
    frame : DataFrame
        The table.
    names : iterable of str
        Columns that it must have.
    table : str
        What the table is called in the message.
    advice : str
        What to do; by default, to name columns as they are.

    Raises
    ------
    MissingColumnError
        With the columns, and names of the table that come near.

    Examples
    --------
    >>> require(pd.DataFrame({"incom": [1.0]}), ["income"], "table of persons")
    Traceback (most recent call last):
        ...
    buurteffect.errors.MissingColumnError: the table of persons lacks income (near: incom): name its columns as they are
    """
    there, needed = [str(name) for name in frame.columns], tuple(dict.fromkeys(names))
    missing = [name for name in needed if name not in there]
    if missing:
        near = {name: get_close_matches(name, there, n=3, cutoff=0.6) for name in missing}
        told = "; ".join(name + (f" (near: {', '.join(near[name])})" if near[name] else "") for name in missing)
        raise MissingColumnError(f"the {table} lacks {told}: {advice or 'name its columns as they are'}")
    twice = sorted(name for name in needed if there.count(name) > 1)
    if twice:
        raise MissingColumnError(f"the {table} has more than one column named {', '.join(twice)}: keep one")


def require_numbers(frame: pd.DataFrame, names: Iterable[str], table: str = "panel", advice: str = "") -> None:
    """Refuse a table without a column, or with text or infinite values in it.

    Parameters
    ----------
    frame, names, table, advice
        As of `require`.

    Raises
    ------
    MissingColumnError
        As `require`.
    UnusableValueError
        With the column that holds text or infinite values.

    Examples
    --------
    >>> require_numbers(pd.DataFrame({"income": ["high"]}), ["income"])
    Traceback (most recent call last):
        ...
    buurteffect.errors.UnusableValueError: income must hold numbers, found the type str
    """
    needed = tuple(dict.fromkeys(names))
    require(frame, needed, table, advice)
    for name in needed:
        if not holds_numbers(frame[name]):
            raise UnusableValueError(f"{name} must hold numbers, found the type {frame[name].dtype}")
        infinite = int(np.isinf(as_floats(frame[name])).sum())
        if infinite:
            raise UnusableValueError(f"{name} is infinite in {infinite} rows: make it missing, or mend its source")


def check_unique(frame: pd.DataFrame, design: Design) -> None:
    """Refuse a unit that stands twice in a time."""
    units, times = (pd.factorize(frame[name])[0] for name in design.key)
    known = (units >= 0) & (times >= 0)
    pairs = (units.astype(np.int64) * (int(times.max(initial=0)) + 1) + times)[known]
    repeated = int(pd.Series(pairs).duplicated().sum())
    if repeated:
        raise DuplicateUnitTimeError(
            f"{repeated} rows repeat a {design.unit} and {design.time}: keep one row per unit and time, and check "
            "whether a merge multiplied rows"
        )


def require_known(frame: pd.DataFrame, name: str) -> None:
    """Refuse a panel without rows, or in every row of which a column is missing."""
    if frame.empty:
        raise UnusableValueError("no row has everything that the design needs (the panel is empty)")
    if frame[name].isna().all():
        raise UnusableValueError(f"{name} is missing in every row: there is nothing to estimate from")


def holds_numbers(column: pd.Series) -> bool:
    """Return whether a column holds numbers or truth values, also as objects, missing ones among them."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return holds_numbers(column.cat.categories.to_series())
    if column.dtype == object:
        return pd.api.types.infer_dtype(column, skipna=True) in _NUMBERS
    return bool(pd.api.types.is_numeric_dtype(column))


def as_floats(column: pd.Series) -> Floats:
    """Return a column as floats, missing as NaN."""
    return np.asarray(column.to_numpy(dtype=float, na_value=np.nan))


def in_steps(frame: pd.DataFrame, design: Design) -> tuple[pd.DataFrame, Design]:
    """Return a panel with times and cohorts as whole numbers, one per period, never treated as missing; and its design.

    Periods of pandas, dates and datetimes become numbers of consecutive periods: of years the year, of quarters and
    shorter periods the count of pandas from 1970 (``pd.Period(ordinal=…, freq=…)`` gives the period back). Dates are
    brought to the longest of `FREQUENCIES` in which no two times of the panel fall together, so that dates a year
    apart are years; unequal steps stay unequal, and event times count periods. Breaks given as years move along.

    An infinite cohort is never treated. So is 0 where it cannot be a first treated time: before the first time of a
    panel in which no cohort is missing or infinite, or in years of the calendar. In centred times 0 is a cohort.

    Parameters
    ----------
    frame : DataFrame
        One row is one unit at one time; returned as it is where nothing is to be done.
    design : Design
        Its columns.

    Raises
    ------
    UnusableValueError
        If dates and numbers are mixed, a date of treatment lies within a period but after its observation, or 0 may
        be a cohort as well as never.

    Examples
    --------
    >>> frame = pd.DataFrame({"firm": [1, 1], "day": pd.to_datetime(["2020-03-01", "2020-06-01"]), "y": [1.0, 2.0]})
    >>> in_steps(frame, Design("y", "firm", "day", cohort=None))[0]["day"].tolist()
    [200, 201]
    """
    names = [str(name) for name in frame.columns]
    if names.count(design.time) != 1 or (design.cohort is not None and names.count(design.cohort) != 1):
        return frame, design
    frame = _as_numbers(frame, [name for name in number_columns(design) if names.count(name) == 1])
    moments = _moments(frame[design.time])
    given = None if design.cohort is None else _moments(frame[design.cohort])
    if moments is not None:
        frame, design = _counted(frame, design, moments, given)
    elif given is not None and given.notna().any():
        raise UnusableValueError(f"{design.cohort} holds dates and {design.time} numbers: give both in the same way")
    return (frame if design.cohort is None else _without_never(frame, design)), design


def _as_numbers(frame: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return a table with numbers that are written as objects or categories as floats, and no name of its index."""
    wrapped = [
        name
        for name in names
        if (frame[name].dtype == object or isinstance(frame[name].dtype, pd.CategoricalDtype))
        and holds_numbers(frame[name])
    ]
    if any(name is not None for name in frame.index.names):  # else pandas takes it for a column of that name
        frame = frame.rename_axis(index=[None] * frame.index.nlevels)
    return frame.assign(**{name: as_floats(frame[name]) for name in wrapped}) if wrapped else frame


def _moments(column: pd.Series) -> pd.Series | None:
    """Return a column of dates, datetimes or periods as pandas has them; None for any other."""
    if isinstance(column.dtype, pd.PeriodDtype):
        return column
    if not pd.api.types.is_datetime64_any_dtype(column):
        kind = pd.api.types.infer_dtype(column, skipna=True) if column.dtype == object else ""
        if kind == "period":
            return pd.Series(pd.arrays.PeriodArray._from_sequence(column), index=column.index)
        if kind not in ("date", "datetime", "datetime64"):
            return None
        column = pd.to_datetime(column)
    return column.dt.tz_localize(None) if column.dt.tz is not None else column


def _counted(
    frame: pd.DataFrame, design: Design, moments: pd.Series, given: pd.Series | None
) -> tuple[pd.DataFrame, Design]:
    """Return a panel of dates or periods with times and cohorts as numbers, and the design with its breaks."""
    dates = not isinstance(moments.dtype, pd.PeriodDtype)
    frequency = _frequency(moments, design.time) if dates else _name(moments)
    periods = moments.dt.to_period(frequency) if dates else moments
    columns = {design.time: _ordinals(periods)}
    if design.cohort is not None:
        cohort = frame[design.cohort]
        if given is not None:
            starts = given if isinstance(given.dtype, pd.PeriodDtype) else given.dt.to_period(frequency)
            if _name(starts) != _name(periods):
                raise UnusableValueError(
                    f"{design.cohort} holds periods of {_name(starts)}, {design.time} of {_name(periods)}: "
                    "give both in the same"
                )
            if dates and starts is not given:
                _check_order(design, (moments, periods), (given, starts))
            columns[design.cohort] = _ordinals(starts)
        elif cohort.notna().any() and not (_yearly(periods) and pd.api.types.is_numeric_dtype(cohort)):
            raise UnusableValueError(
                f"{design.time} holds dates or periods and {design.cohort} the type {cohort.dtype}: give both in the "
                "same way, never treated as missing"
            )
        else:
            columns[design.cohort] = cohort.astype(float)
    breaks = design.breaks
    if len(breaks) and not _yearly(periods) and pd.api.types.is_numeric_dtype(breaks["break_year"]):
        first = pd.PeriodIndex([f"{int(year)}-01-01" for year in breaks["break_year"]], freq=_name(periods))
        breaks = breaks.assign(break_year=first.asi8)
    return frame.assign(**columns), replace(design, breaks=breaks)


def _frequency(moments: pd.Series, name: str) -> str:
    """Return the longest frequency in which no two times fall together."""
    dates = pd.DatetimeIndex(moments.dropna().unique())
    for frequency in FREQUENCIES:
        if dates.to_period(frequency).is_unique:
            return frequency
    raise UnusableValueError(f"{name} holds several moments of one day: number the times, and cohorts likewise")


def _name(periods: pd.Series) -> str:
    """Return the frequency of periods as pandas writes it."""
    return str(pd.PeriodIndex(periods).freqstr)


def _yearly(periods: pd.Series) -> bool:
    """Return whether periods are years."""
    return _name(periods).startswith("Y")


def _ordinals(periods: pd.Series) -> pd.Series:
    """Return the numbers of periods, missing where they are; the year itself of years."""
    known = periods.notna().to_numpy()
    numbers = pd.PeriodIndex(periods).asi8 + (_FIRST_YEAR if _yearly(periods) else 0)
    return pd.Series(numbers if known.all() else np.where(known, numbers, np.nan), index=periods.index)


def _check_order(design: Design, times: tuple[pd.Series, pd.Series], starts: tuple[pd.Series, pd.Series]) -> None:
    """Refuse dates of treatment after an observation in the same period, which would count as treated."""
    late = int(((times[1] == starts[1]) & (times[0] < starts[0])).sum())
    if late:
        raise UnusableValueError(
            f"{design.cohort} lies after {design.time} but in the same period ({_name(times[1])}) in {late} rows, "
            f"so that its order is lost: give the first {design.time} at which a unit is treated"
        )


def _without_never(frame: pd.DataFrame, design: Design) -> pd.DataFrame:
    """Return a panel in which never treated, written as infinite or 0, is missing."""
    name = str(design.cohort)
    if not (holds_numbers(frame[name]) and holds_numbers(frame[design.time])):
        return frame
    cohorts, times = as_floats(frame[name]), as_floats(frame[design.time])
    infinite, zero = np.isposinf(cohorts), cohorts == 0
    never = infinite.copy()
    if zero.any() and np.isfinite(times).any():
        first, last = int(np.nanmin(times)), int(np.nanmax(times))
        otherwise = bool((infinite | np.isnan(cohorts)).any())
        before = first >= _CALENDAR or (first > 0 and not otherwise)
        if not before and (first > 0 or not otherwise):
            raise UnusableValueError(
                f"{name} is 0 in {int(zero.sum())} rows, and {design.time} runs from {first} to {last}: this may mean "
                "never treated or treated from 0 on; write never as missing, or, if 0 is when treatment began, add a "
                f"constant to {design.time} and {name}"
            )
        never |= zero & before
    if not never.any():
        return frame
    return frame.assign(**{name: np.where(never, np.nan, cohorts)})
