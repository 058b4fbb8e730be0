"""SES-WOA: the score of CBS for the social status of areas, from wealth, education and recent work.

The file is a StatLine export in CSV: UTF-8 with or without a byte-order mark, ``;`` between fields, padded cells, and
column names that are paths with a unit (``SES-WOA/Totaalscore/Gemiddelde score (Getal)``). A column is found by the
words of its path, and its unit is checked. Rows of OData (pages of JSON, a fetched table, a bulk CSV) have keys
instead (``GemiddeldeScore_29``). Subjects that were not chosen in an export are missing from it.
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
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.fields.sum_checks import Slips, check_slips
from buurteffect.sources.files.columns import nearest
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import PUBLISHED, label_of, shown
from buurteffect.sources.statline.rows import RawRows, Reasons, read_rows
from buurteffect.sources.statline.store import StoredTable
from buurteffect.sources.tables.ses_woa_areas import AreasYear, find_areas_year

HOUSEHOLDS_THRESHOLD = 100
"""Private households below which nothing is published; the number given beside it is rounded to 100."""

SHARES_TOLERANCE = 0.15 + 1e-9
"""Furthest that three percentages can sum from 100: each is rounded to a tenth, which is at most 0.05 off."""

SHARES_SLIP = 1.0
"""Furthest, in percentage points, that a row may be off and still be read and listed."""

_VALUES = {
    "households_count": (("particuliere huishoudens",), "aantal"),
    "education_low_share": (("opleidingsniveau", "laag"), "%"),
    "education_middle_share": (("opleidingsniveau", "middelbaar"), "%"),
    "education_high_share": (("opleidingsniveau", "hoog"), "%"),
    "ses_woa_score": (("totaalscore", "gemiddelde score"), "getal"),
    "ses_woa_spread_score": (("spreiding totaal",), "getal"),
}
TITLES = (
    "Perioden",
    "Wijken en buurten",
    "Regiocode (gemeente, wijk, buurt) (code)",
    "Particuliere huishoudens (Aantal)",
    "Opleidingsniveau/Laag/Waarde (%)",
    "Opleidingsniveau/Middelbaar/Waarde (%)",
    "Opleidingsniveau/Hoog/Waarde (%)",
    "SES-WOA/Totaalscore/Gemiddelde score (Getal)",
    "Spreiding/Spreiding totaal/Waarde (Getal)",
)
"""Titles of the columns of an export, by which those that another program changed are told."""

_KEYS = {"year": ("perioden",), "area_name": ("wijken en buurten",), "area_code": ("regiocode",)}
_ODATA = {
    "year": r"Perioden",
    "area_code": r"WijkenEnBuurten",
    "households_count": r"ParticuliereHuishoudens_[0-9]+",
    "education_low_share": r"Waarde_16",
    "education_middle_share": r"Waarde_19",
    "education_high_share": r"Waarde_22",
    "ses_woa_score": r"GemiddeldeScore_29",
    "ses_woa_spread_score": r"Waarde_37",
}
"""Keys in OData. Public programs use those with numbers alike for 85163NED, 86092NED and 86296NED; the key of the
households is unconfirmed, and the figures are held to what they have to be."""
_LEVELS = {"NL": "country", "GM": "gemeente", "WK": "wijk", "BU": "buurt"}
_CODE = r"NL00|GM[0-9]{4}|WK[0-9]{4}[0-9A-Z]{2}|BU[0-9]{4}[0-9A-Z]{4}"
_YEAR = re.compile(r"(20[0-9]{2})(?:JJ00)?(\*{0,2}| ?\(voorlopig\))")
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
    not_chosen : tuple of str
        Columns of the table that the file does not have; they are missing in all rows.
    areas : AreasYear
        Year of the division on whose areas all its years stand, and what says so.
    slips : Slips
        Rows whose levels of education do not sum to 100%, though nearly.
    notes : tuple of str
        What another program did to the file.
    """

    frame: pd.DataFrame
    origin: str
    sha256: str
    rows_count: int
    columns_left_out: tuple[str, ...]
    not_chosen: tuple[str, ...]
    areas: AreasYear
    slips: Slips
    notes: tuple[str, ...] = ()


def read_ses_woa(source: Path | StoredTable) -> SesFile:
    """Read one table of SES-WOA scores.

    The year of the areas is what the name, the folder and the description beside the file say, else an assumption that
    is said. A missing figure is `BELOW_THRESHOLD` where the area has at most `HOUSEHOLDS_THRESHOLD` households after
    rounding, else what its sign says.

    Parameters
    ----------
    source : Path or StoredTable
        The CSV, a page of JSON, or a fetched table.

    Raises
    ------
    DataError
        If the file is missing, damaged or separated otherwise; if the codes, the years or all figures are missing,
        or a column is doubled or in another unit; if a code, a year or a figure is none; if an area occurs twice in
        a year; if three shares of education do not sum to 100%; or if a number of households is not rounded to 100.
        The error names line and column.
    """
    rows = read_rows(source, TITLES)
    origin = source.table_id if isinstance(source, StoredTable) else label_of(source)
    columns = _odata_columns(rows.columns) or _find_columns(rows.columns, origin)
    codes = pd.Series(rows.texts(columns["area_code"]), dtype="str")
    rows.lines.refuse(
        ~codes.str.fullmatch(_CODE).to_numpy(dtype=bool),
        lambda row: f"the code {shown(codes.iloc[row])}",
        column=columns["area_code"],
        expected="NL00, or GM, WK or BU with the digits of a gemeente, wijk or buurt",
    )
    years, provisional = _years(rows.texts(columns["year"]), rows.lines, columns["year"])
    twins = list(zip(codes, years, strict=True))
    rows.lines.refuse_twins(twins, column=columns["area_code"], expected="every area once in a year")
    names = rows.texts(columns["area_name"]) if "area_name" in columns else [""] * len(codes)
    frame = pd.DataFrame(
        {
            "area_code": codes,
            "area_name": pd.Series([name or None for name in names], dtype="str"),
            "level": codes.str[:2].map(_LEVELS).astype("str"),
            "year": pd.Series(years, dtype="int64"),
            "provisional": pd.Series(provisional, dtype="bool"),
        }
    )
    slips = _add_values(frame, rows, columns)
    left_out = tuple(name for name in rows.columns if name not in (*columns.values(), "ID"))
    gemeenten = set("GM" + codes[~codes.str.startswith("NL")].str[2:6])
    areas = find_areas_year([*_said(source), *rows.notes], set(years), gemeenten)
    not_chosen = tuple(name for name in _VALUES if name not in columns)
    return SesFile(
        SES_WOA.check(frame, origin), origin, rows.sha256, len(frame), left_out, not_chosen, areas, slips, rows.notes
    )


def _said(source: Path | StoredTable) -> list[str]:
    """Return what the file is called and described as, the nearest first."""
    if isinstance(source, StoredTable):
        titles = [str(row.get("Title", "")) for row in source.rows("TableInfos")]
        return [source.table_id, *titles]
    beside = source.with_name("TableInfos.json")
    described = [beside.read_text(encoding="utf-8", errors="replace")] if beside.is_file() else []
    return [source.name, *described, source.parent.name]


def _add_values(frame: pd.DataFrame, rows: RawRows, columns: dict[str, str]) -> Slips:
    """Add every figure with its reason to the frame; return the rows whose shares do not add up."""
    decimal = _decimal(rows, columns)
    without_signs = not any(text == "." for name in _VALUES if name in columns for text in rows.texts(columns[name]))
    few: np.ndarray | None = None
    for name in _VALUES:
        if name not in columns:
            values = np.full(len(frame), np.nan)
            reasons: Reasons = np.full(len(frame), MissingReason.NOT_IN_FILE, dtype=object)
        else:
            values, reasons = rows.numbers(
                columns[name],
                whole=name == "households_count",
                signed=name == "ses_woa_score",
                decimal=decimal,
            )
        if without_signs:  # an export without statistical symbols leaves every missing figure blank
            reasons[reasons == MissingReason.IMPOSSIBLE] = MissingReason.NOT_PUBLISHED
        if name == "households_count" and name in columns:
            few = values <= HOUSEHOLDS_THRESHOLD
            _check_rounding(values, rows.lines, columns[name])
        elif few is not None:
            reasons[few & (reasons == MissingReason.NOT_PUBLISHED)] = MissingReason.BELOW_THRESHOLD
        frame[name] = values / 100 if name in _SHARES else values
        frame[f"{name}_missing"] = reason_column(np.isnan(values), reasons)
    total = frame[_SHARES].sum(axis=1, skipna=False).to_numpy() * 100
    return check_slips(
        np.abs(total - 100),
        rows.lines,
        rounding=SHARES_TOLERANCE,
        slight=SHARES_SLIP,
        found=lambda row: f"levels of education that sum to {total[row]:.1f}%",
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
            if name in (*_VALUES, "area_name"):
                continue
            near = nearest("/".join(words), header, cutoff=0.5)
            hint = f"; the nearest is {shown(near)}" if near else ""
            raise _column_error(
                origin, "/".join(words), f"no such column{hint}", "a column whose path holds these words"
            )
        if unit is not None and parsed[fits[0]][1] != unit:
            raise _column_error(origin, fits[0], f"the unit {shown(parsed[fits[0]][1])}", f"the unit {unit!r}")
        found[name] = fits[0]
    if not set(found) & set(_VALUES):
        raise _column_error(
            origin, header[-1], "no subject of SES-WOA", "at least one, such as SES-WOA/Totaalscore/Gemiddelde score"
        )
    return found


def _odata_columns(header: tuple[str, ...]) -> dict[str, str]:
    """Return the column for each of ours by the keys of OData; none where the header is that of an export."""
    found = {
        name: column for name, key in _ODATA.items() for column in header if re.fullmatch(key, column, re.IGNORECASE)
    }
    return found if {"year", "area_code", "ses_woa_score"} <= set(found) else {}


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
        action=f"{PUBLISHED} and to this project: its threshold for a missing score rests on this rounding",
    )


def _column_error(origin: str, column: str, found: str, expected: str) -> DataError:
    """Return the error for a column of the header."""
    return DataError(origin, line=1, column=column[:60], found=found, expected=expected, action=PUBLISHED)
