"""The scores inside a version 2 workbook: two sheets that print them twice, and must agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.schema import DIMENSIONS_2, SCORES_2, MissingReason
from buurteffect.sources.fields.area_code import LEVELS, check_codes
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.fields.sum_checks import check_complete, check_sum, decimals_in
from buurteffect.sources.files.rawfile import PUBLISHED, shown
from buurteffect.sources.spreadsheets.workbook import Sheet

WAVES_WITH_DIMENSIONS_2 = (2012, 2014, 2016)
"""Waves of the workbook of dimensions."""

SUM_TOLERANCE_2 = 1e-12
"""For ``RLBRMTR = RLBWON + RLBBEV + RLBVRZ + RLBVEI + RLBFYS``. The known workbook differs by at most
7.4e-14: it prints 15 digits of numbers that were added up before. This is about ten times that, rounded up
to a power of ten."""

WIDEST_SCORE_2 = 4.0
"""Largest plausible score in absolute value; the largest known one is 0.88."""

SCORES_IN_FILE = {"RLBRMTR": "liveability_deviation_score", **DIMENSIONS_2}
"""Names of the scores in the long sheet and in the table."""

LONG_COLUMNS = ("GBD", "JAAR", *SCORES_IN_FILE)
WIDE_COLUMNS = (
    "GBD",
    *(f"{name}{wave % 100:02d}" for wave in WAVES_WITH_DIMENSIONS_2 for name in SCORES_IN_FILE),
)
_PREFIXES = ("BU", "WK", "GM")


def score_table_2(long: Sheet, wide: Sheet) -> tuple[pd.DataFrame, str]:
    """Return the scores of a workbook as the table `SCORES_2`, in the long sheet's order, and their level.

    Raises
    ------
    DataError
        On anything that `leefbaarometer2.read_dimensions` lists, with row and column.
    """
    codes = long.texts("GBD", "the code of an area")
    long.lines.refuse(
        ~codes.str[:2].isin(_PREFIXES),
        lambda row: f"the code {shown(codes.iloc[row])}",
        column="GBD",
        expected=f"a code that begins with {' or '.join(_PREFIXES)}",
    )
    level = LEVELS[codes.iloc[0][:2]]
    check_codes(codes, level, long.lines, "GBD")
    frame = pd.DataFrame({"area_code": codes, "year": _years(long)})
    for column in SCORES_IN_FILE:
        frame[column] = _scores(long, column)
    keys = list(zip(codes, frame["year"], strict=True))
    long.lines.refuse_twins(keys, column="GBD", expected="every area once in a wave")
    check_complete(frame, long.lines, "RLBRMTR", list(DIMENSIONS_2))
    decimals = decimals_in(repr(float(value)) for name in SCORES_IN_FILE for value in frame[name].dropna())
    check_sum(frame, long.lines, "RLBRMTR", list(DIMENSIONS_2), max(SUM_TOLERANCE_2, 3 * 10.0**-decimals))
    _check_same(long, frame, wide, level)
    frame = frame.rename(columns=SCORES_IN_FILE)
    for name in SCORES_IN_FILE.values():
        frame[f"{name}_missing"] = reason_column(frame[name].isna().to_numpy(), MissingReason.NOT_PUBLISHED)
    return SCORES_2.check(frame, long.lines.origin), level


def _years(sheet: Sheet) -> npt.NDArray[np.int64]:
    """Return the wave of each row."""
    expected = f"one of the waves {', '.join(map(str, WAVES_WITH_DIMENSIONS_2))}"
    years = sheet.whole_numbers("JAAR", expected, WAVES_WITH_DIMENSIONS_2)
    sheet.lines.refuse(np.isnan(years), lambda _: "no year", column="JAAR", expected=expected)
    return years.astype(np.int64)


def _scores(sheet: Sheet, column: str) -> npt.NDArray[np.float64]:
    """Return one column of scores."""
    values = sheet.numbers(column, "a number, or an empty cell")
    sheet.lines.refuse(
        np.abs(values) > WIDEST_SCORE_2,
        lambda row: f"the score {values[row]:g}",
        column=column,
        expected=f"a score from {-WIDEST_SCORE_2:g} to {WIDEST_SCORE_2:g}",
        action=f"a lost decimal point or a shifted column gives such values: {PUBLISHED}",
    )
    return values


def _check_same(long: Sheet, frame: pd.DataFrame, wide: Sheet, level: str) -> None:
    """Refuse two sheets of other scores: one program printed both, so they are equal to the last digit."""
    codes = wide.texts("GBD", "the code of an area")
    check_codes(codes, level, wide.lines, "GBD")
    wide.lines.refuse_twins([(code,) for code in codes], column="GBD", expected="every area once")
    row_of = {code: row for row, code in enumerate(codes)}
    at = np.array([row_of.get(code, -1) for code in frame["area_code"]])
    _check_areas(long, frame, wide, codes, at)
    numbers = wide.lines.numbers[at]
    for wave in WAVES_WITH_DIMENSIONS_2:
        in_wave = (frame["year"] == wave).to_numpy()
        for name in SCORES_IN_FILE:
            column = f"{name}{wave % 100:02d}"
            there = np.where(in_wave, _scores(wide, column)[at], np.nan)
            here = np.where(in_wave, frame[name], np.nan)
            places = [f"row {number}, column {column!r} of {wide.lines.origin}" for number in numbers]
            _check_equal(long, name, here, there, places)


def _check_equal(
    long: Sheet, name: str, here: npt.NDArray[np.float64], there: npt.NDArray[np.float64], places: list[str]
) -> None:
    """Refuse a column of the long sheet that differs from the wide sheet; both NaN counts as equal."""
    long.lines.refuse(
        (here != there) & ~(np.isnan(here) & np.isnan(there)),
        lambda row: f"{_score(here[row])}, but {_score(there[row])} in {places[row]}",
        column=name,
        expected="the same score in both sheets",
    )


def _check_areas(long: Sheet, frame: pd.DataFrame, wide: Sheet, codes: pd.Series, at: npt.NDArray[np.int64]) -> None:
    """Refuse sheets of different areas, or a long sheet without a row for each area and wave."""
    long.lines.refuse(
        at < 0,
        lambda row: f"{shown(frame['area_code'].iloc[row])}, which {wide.lines.origin} does not have",
        column="GBD",
        expected="the same areas in both sheets",
    )
    counts = np.bincount(at, minlength=len(codes))
    wide.lines.refuse(
        counts != len(WAVES_WITH_DIMENSIONS_2),
        lambda row: f"{shown(codes.iloc[row])}, which has {counts[row]} rows in {long.lines.origin}",
        column="GBD",
        expected=f"a row in that sheet for each of the waves {', '.join(map(str, WAVES_WITH_DIMENSIONS_2))}",
    )


def _score(value: float) -> str:
    """Print a score that may be missing."""
    return "no score" if np.isnan(value) else f"the score {value:.15g}"
