"""What a panel must satisfy before an effect is estimated on it, and which rows are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from buurteffect.errors import NotConstantError, SeriesBreakError, UnusableValueError
from buurteffect.estimate.core.columns import as_floats, number_columns, require, require_numbers, used_columns
from buurteffect.estimate.core.design import Design

Dropped = tuple[tuple[str, int], ...]


def check_columns(frame: pd.DataFrame, design: Design, extra: Sequence[str] = ()) -> None:
    """Refuse a panel that lacks a column, or has one twice; say which names come near."""
    require(frame, used_columns(design, extra), advice="name its columns in the design as they are")


def check_values(frame: pd.DataFrame, design: Design) -> None:
    """Refuse text, infinite values, broken times and cohorts, and negative weights."""
    require_numbers(frame, number_columns(design))
    for name in (design.time, *((design.cohort,) if design.cohort else ())):
        values = as_floats(frame[name])
        with np.errstate(invalid="ignore"):
            broken = int((np.isfinite(values) & (values % 1 != 0)).sum())
        if broken:
            raise UnusableValueError(f"{name} must hold whole numbers, {broken} rows have others")
    negative = int((as_floats(frame[design.weights]) < 0).sum()) if design.weights else 0
    if negative:
        raise UnusableValueError(f"{design.weights} is negative in {negative} rows: a weight is 0 or more")


def drop_unusable(frame: pd.DataFrame, design: Design, extra: Sequence[str] = ()) -> tuple[pd.DataFrame, Dropped]:
    """Return the rows with every value that the design needs, and how many were dropped for want of which."""
    part = frame[list(used_columns(design, extra))]
    if design.dose is not None and design.cohort is not None:
        untreated = part[design.cohort].isna() & part[design.dose].isna()
        if untreated.any():
            part = part.assign(**{design.dose: part[design.dose].mask(untreated, 0.0)})
    left = np.ones(len(part), dtype=bool)
    dropped = []
    for name in _needed(design):
        lacking = part[name].isna().to_numpy() & left
        if lacking.any():
            dropped.append((f"rows without {name}", int(lacking.sum())))
            left &= ~lacking
    if design.weights is not None:
        nothing = (as_floats(part[design.weights]) == 0) & left
        if nothing.any():
            dropped.append((f"rows with {design.weights} 0", int(nothing.sum())))
            left &= ~nothing
    if not left.any():
        reasons = "; ".join(f"{reason}: {count}" for reason, count in dropped) or "the panel is empty"
        raise UnusableValueError(f"no row has everything that the design needs ({reasons})")
    return (part if left.all() else part[left]), tuple(dropped)


def check_constant(frame: pd.DataFrame, design: Design, starts: NDArray[np.int_], unit_codes: NDArray[np.int_]) -> None:
    """Refuse a cohort that changes within a unit; the rows of a unit stand together."""
    if design.cohort is None:
        return
    units = changing_units(as_floats(frame[design.cohort]), starts, unit_codes)
    if units:
        raise NotConstantError(
            f"{design.cohort} changes within {units} units: it belongs to the unit, so give every row of it the same "
            "value"
        )


def changing_units(values: NDArray[np.float64], starts: NDArray[np.int_], unit_codes: NDArray[np.int_]) -> int:
    """Return in how many units a column changes; the rows of a unit stand together."""
    first = values[starts][unit_codes]
    different = ~((values == first) | (np.isnan(values) & np.isnan(first)))
    return len(np.unique(unit_codes[different]))


def check_breaks(design: Design, first: int, last: int) -> None:
    """Refuse a period across which the outcome, or the dose, is not comparable with itself."""
    if design.across_breaks or not len(design.breaks):
        return
    explained = [name for name in (design.outcome, design.dose) if name]
    between = design.breaks[
        design.breaks["concept"].isin(explained) & design.breaks["break_year"].between(first + 1, last)
    ]
    if len(between):
        told = "; ".join(_break_texts(between))
        raise SeriesBreakError(
            f"between {first} and {last} lies a break of a series ({told}): keep years on one side, or set "
            "across_breaks and say so beside the result"
        )


def _break_texts(breaks: pd.DataFrame) -> Iterator[str]:
    """Yield one phrase per break."""
    for concept, year, reason in breaks[["concept", "break_year", "reason"]].itertuples(index=False):
        yield f"{concept} {year}: {reason}"


def _needed(design: Design) -> tuple[str, ...]:
    """Return the columns in which a missing value drops the row: all but the cohort."""
    return tuple(name for name in used_columns(design) if name != design.cohort)
