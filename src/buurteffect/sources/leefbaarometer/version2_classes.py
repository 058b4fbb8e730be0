"""The classes inside a version 2 workbook, in long form and checked."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.schema import CLASS_CHANGES_2, CLASSES_2, WAVES_2, MissingReason
from buurteffect.sources.fields.area_code import check_codes
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.spreadsheets.workbook import Sheet

CLASS_KEYS = {"BU_CODE": "buurt", "WK_CODE": "wijk", "GM_CODE": "gemeente"}
"""Column of the codes and the level that it names."""

NO_CHANGE = 4
"""The change class that says that nothing changed; below it the area fell, above it the area rose."""

_CLASSES = tuple(range(1, 10))
_CHANGES = tuple(range(1, 8))
_SPANS = tuple(itertools.combinations(WAVES_2, 2))
_Values = npt.NDArray[np.float64]


def class_column(wave: int) -> str:
    """Return the workbook's name for the classes of a wave.

    Examples
    --------
    >>> class_column(2008)
    'KL08'
    """
    return f"KL{wave % 100:02d}"


def change_column(from_wave: int, to_wave: int) -> str:
    """Return the workbook's name for the change classes between two waves.

    Examples
    --------
    >>> change_column(2002, 2008)
    'VKL0208'
    """
    return f"VKL{from_wave % 100:02d}{to_wave % 100:02d}"


CLASS_COLUMNS = (*map(class_column, WAVES_2), *(change_column(*span) for span in _SPANS))
"""The workbook's columns after the codes."""


def class_tables(sheet: Sheet, key: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the classes and the change classes of a sheet as `CLASSES_2` and `CLASS_CHANGES_2`.

    Raises
    ------
    DataError
        On anything that `leefbaarometer2.read_classes` lists, with row and column.
    """
    codes = sheet.texts(key, f"the code of a {CLASS_KEYS[key]}")
    check_codes(codes, CLASS_KEYS[key], sheet.lines, key)
    sheet.lines.refuse_twins([(code,) for code in codes], column=key, expected="every area once")
    classes = {wave: _whole(sheet, class_column(wave), _CLASSES) for wave in WAVES_2}
    changes = {span: _whole(sheet, change_column(*span), _CHANGES) for span in _SPANS}
    for span, change in changes.items():
        _check_change(sheet, span, classes[span[0]], classes[span[1]], change)
    origin = sheet.lines.origin
    return (
        CLASSES_2.check(_long(codes, {"year": list(classes)}, list(classes.values()), "liveability_class"), origin),
        CLASS_CHANGES_2.check(
            _long(
                codes,
                {"from_year": [a for a, _ in changes], "to_year": [b for _, b in changes]},
                list(changes.values()),
                "change_class",
            ),
            origin,
        ),
    )


def _whole(sheet: Sheet, column: str, allowed: tuple[int, ...]) -> _Values:
    """Return a column of classes."""
    return sheet.whole_numbers(column, f"a whole number from {allowed[0]} to {allowed[-1]}, or #N/A", allowed)


def _check_change(sheet: Sheet, span: tuple[int, int], before: _Values, after: _Values, change: _Values) -> None:
    """Refuse a change whose direction its two classes contradict, or that lacks one of them."""
    column = change_column(*span)
    sheet.lines.refuse(
        ~np.isnan(change) & (np.isnan(before) | np.isnan(after)),
        lambda row: f"the change class {change[row]:g} where the class of {span[0]} or {span[1]} is missing",
        column=column,
        expected="a change only where both classes are given",
    )
    sheet.lines.refuse(
        (after - before) * (change - NO_CHANGE) < 0,
        lambda row: f"the change class {change[row]:g} while the class goes from {before[row]:g} to {after[row]:g}",
        column=column,
        expected=f"{NO_CHANGE} or more where the class rises, {NO_CHANGE} or less where it falls",
    )


def _long(codes: pd.Series, years: dict[str, list[int]], columns: list[_Values], name: str) -> pd.DataFrame:
    """Return columns of classes below each other, area by area, with the reason for what is missing."""
    values = np.column_stack(columns).ravel()
    return pd.DataFrame(
        {
            "area_code": pd.Series(np.repeat(codes.to_numpy(dtype=object), len(columns)), dtype="str"),
            **{year: np.tile(np.array(listed, dtype=np.int64), len(codes)) for year, listed in years.items()},
            name: values,
            f"{name}_missing": reason_column(np.isnan(values), MissingReason.NOT_PUBLISHED),
        }
    )
