"""SES-WOA: the score of CBS for the social status of areas, from wealth, education and recent work.

The file is a StatLine export in CSV: UTF-8 with or without a byte-order mark, ``;`` between fields, padded cells, and
column names that are paths with a unit (``SES-WOA/Totaalscore/Gemiddelde score (Getal)``). A column is found by the
words of its path, and its unit is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import MissingReason
from buurteffect.schema.statline import SES_WOA
from buurteffect.sources.columns import nearest
from buurteffect.sources.lines import Lines
from buurteffect.sources.rawfile import PUBLISHED, label_of, shown
from buurteffect.sources.reason import reason_column
from buurteffect.sources.statline_rows import RawRows, Reasons, read_rows

HOUSEHOLDS_THRESHOLD = 100
"""Private households below which nothing is published; the number given beside it is rounded to 100."""

SHARES_TOLERANCE = 0.15 + 1e-9
"""Furthest that three percentages can sum from 100: each is rounded to a tenth, which is at most 0.05 off."""

_VALUES = {
    "households_count": (("particuliere huishoudens",), "aantal"),
    "education_low_share": (("opleidingsniveau", "laag"), "%"),
    "education_middle_share": (("opleidingsniveau", "middelbaar"), "%"),
    "education_high_share": (("opleidingsniveau", "hoog"), "%"),
    "ses_woa_score": (("totaalscore", "gemiddelde score"), "getal"),
    "ses_woa_spread_score": (("spreiding totaal",), "getal"),
}
_KEYS = {"year": ("perioden",), "area_name": ("wijken en buurten",), "area_code": ("regiocode",)}
_LEVELS = {"NL": "country", "GM": "gemeente", "WK": "wijk", "BU": "buurt"}
_CODE = r"NL00|GM[0-9]{4}|WK[0-9]{4}[0-9A-Z]{2}|BU[0-9]{4}[0-9A-Z]{4}"
_YEAR = re.compile(r"(20[0-9]{2})(?:JJ00)?(\*{0,2})")
_SHARES = [name for name in _VALUES if name.endswith("_share")]


@dataclass(frozen=True, eq=False)
class SesFile:
    """The scores of one file, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.statline.SES_WOA`: one row is one area in one year, in the file's order.
    origin : str
        The file's name; untrusted text, as are the names of areas.
    sha256 : str
        Of its bytes.
    rows_count : int
        Its rows without the header; all of them are in the frame.
    columns_left_out : tuple of str
        Columns that this table has no place for.
    """

    frame: pd.DataFrame
    origin: str
    sha256: str
    rows_count: int
    columns_left_out: tuple[str, ...]


def read_ses_woa(path: Path) -> SesFile:
    """Read one export of SES-WOA scores.

    A missing figure is `BELOW_THRESHOLD` where the area has at most `HOUSEHOLDS_THRESHOLD` households after
    rounding, else what its sign says.

    Parameters
    ----------
    path : Path
        The CSV.

    Raises
    ------
    DataError
        If the file is missing, damaged or separated otherwise; if a column is missing, doubled or in another unit;
        if a code, a year or a figure is none; if an area occurs twice in a year; if three shares of education do not
        sum to 100%; or if a number of households is not rounded to 100. The error names line and column.
    """
    rows, origin = read_rows(path), label_of(path)
    columns = _find_columns(rows.columns, origin)
    codes = pd.Series(rows.texts(columns["area_code"]), dtype="str")
    rows.lines.refuse(
        ~codes.str.fullmatch(_CODE).to_numpy(dtype=bool),
        lambda row: f"the code {shown(codes.iloc[row])}",
        column=columns["area_code"],
        expected="NL00, or GM, WK or BU with the digits of a gemeente, wijk or buurt",
        action=PUBLISHED,
    )
    years, provisional = _years(rows.texts(columns["year"]), rows.lines, columns["year"])
    twins = list(zip(codes, years, strict=True))
    rows.lines.refuse_twins(twins, column=columns["area_code"], expected="every area once in a year", action=PUBLISHED)
    names = rows.texts(columns["area_name"])
    frame = pd.DataFrame(
        {
            "area_code": codes,
            "area_name": pd.Series([name or None for name in names], dtype="str"),
            "level": codes.str[:2].map(_LEVELS).astype("str"),
            "year": pd.Series(years, dtype="int64"),
            "provisional": pd.Series(provisional, dtype="bool"),
        }
    )
    _add_values(frame, rows, columns)
    left_out = tuple(name for name in rows.columns if name not in columns.values())
    return SesFile(SES_WOA.check(frame, origin), origin, rows.sha256, len(frame), left_out)


def _add_values(frame: pd.DataFrame, rows: RawRows, columns: dict[str, str]) -> None:
    """Add every figure with its reason to the frame."""
    decimal = _decimal(rows, columns)
    few: np.ndarray | None = None
    for name in _VALUES:
        if name not in columns:
            values = np.full(len(frame), np.nan)
            reasons: Reasons = np.full(len(frame), MissingReason.NOT_IN_YEAR, dtype=object)
        else:
            values, reasons = rows.numbers(
                columns[name],
                whole=name == "households_count",
                signed=name == "ses_woa_score",
                decimal=decimal,
            )
        if name == "households_count":
            few = values <= HOUSEHOLDS_THRESHOLD
            _check_rounding(values, rows.lines, columns[name])
        elif few is not None:
            reasons[few & (reasons == MissingReason.NOT_PUBLISHED)] = MissingReason.BELOW_THRESHOLD
        frame[name] = values / 100 if name in _SHARES else values
        frame[f"{name}_missing"] = reason_column(np.isnan(values), reasons)
    total = frame[_SHARES].sum(axis=1, skipna=False).to_numpy() * 100
    rows.lines.refuse(
        np.abs(total - 100) > SHARES_TOLERANCE,
        lambda row: f"levels of education that sum to {total[row]:.1f}%",
        column=columns.get(_SHARES[0]),
        expected="100%, but for the rounding of three figures to a tenth",
        action=PUBLISHED,
    )


def _find_columns(header: tuple[str, ...], origin: str) -> dict[str, str]:
    """Return the column of the file for each of ours, its unit checked."""
    found: dict[str, str] = {}
    parsed = {name: _words(name) for name in header}
    wanted = {**{name: (words, None) for name, words in _KEYS.items()}, **_VALUES}
    for name, (words, unit) in wanted.items():
        fits = [column for column, (path, _) in parsed.items() if _fits(words, path)]
        if len(fits) > 1:
            raise _column_error(origin, fits[1], f"a second column for {name} beside {shown(fits[0])}", "one column")
        if not fits:
            if name in _SHARES:
                continue
            near = nearest("/".join(words), header, cutoff=0.5)
            hint = f"; the nearest is {shown(near)}" if near else ""
            raise _column_error(
                origin, "/".join(words), f"no such column{hint}", "a column whose path holds these words"
            )
        if unit is not None and parsed[fits[0]][1] != unit:
            raise _column_error(origin, fits[0], f"the unit {shown(parsed[fits[0]][1])}", f"the unit {unit!r}")
        found[name] = fits[0]
    return found


def _words(column: str) -> tuple[tuple[str, ...], str]:
    """Return the path of a column in lower case, and its unit."""
    match = re.fullmatch(r"(.*?)\s*\(([^()]*)\)\s*", column)
    path, unit = (match[1], match[2]) if match else (column, "")
    return tuple(part.strip().casefold() for part in path.split("/")), unit.strip().casefold()


def _fits(words: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Say whether a path has a part that begins with each of the words."""
    return all(any(part.startswith(word) for part in path) for word in words)


def _decimal(rows: RawRows, columns: dict[str, str]) -> str:
    """Return what stands before most decimals, a comma or a point: cells with the other one are refused."""
    texts = [text for name in _VALUES if name in columns for text in rows.texts(columns[name]) if text != "."]
    return "," if sum("," in text for text in texts) > sum("." in text for text in texts) else "."


def _years(texts: list[str], lines: Lines, column: str) -> tuple[list[int], list[bool]]:
    """Return the year of each row, and whether it is marked as provisional."""
    matches = [_YEAR.fullmatch(text) for text in texts]
    lines.refuse(
        [match is None for match in matches],
        lambda row: f"the period {shown(texts[row])}",
        column=column,
        expected="a year, with * or ** where it is provisional",
        action=PUBLISHED,
    )
    return [int(match[1]) for match in matches if match], [bool(match[2]) for match in matches if match]


def _check_rounding(values: np.ndarray, lines: Lines, column: str) -> None:
    """Refuse numbers of households that are not rounded as the publisher rounds them."""
    known = ~np.isnan(values)
    lines.refuse(
        known & (np.where(known, values, 0) % 100 != 0),
        lambda row: f"{values[row]:g} households",
        column=column,
        expected="a number rounded to 100",
        action=f"{PUBLISHED}; if the publisher rounds otherwise now, the threshold of this reader must change too",
    )


def _column_error(origin: str, column: str, found: str, expected: str) -> DataError:
    """Return the error for a column of the header."""
    return DataError(origin, line=1, column=column[:60], found=found, expected=expected, action=PUBLISHED)
