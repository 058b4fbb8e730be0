"""Changes of the housing stock per gemeente: StatLine tables 81955NED (2012-2024) and 86098NED (its successor).

Both have the dimensions ``RegioS``, ``Gebruiksfunctie`` and ``Perioden``, with months and quarters beside years, other
buildings beside dwellings, and provinces beside gemeenten. Read are dwellings of gemeenten per year; every other row
is counted by why it is left out.

The columns of 81955NED are known from several public programs that use it. Of 86098NED only some are: what follows
from those is computed, and what does not is missing until the columns are named.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import MissingReason
from buurteffect.schema.statline import HOUSING_STOCK
from buurteffect.sources.fields.missing_reason import reason_column
from buurteffect.sources.fields.sum_checks import Slips, check_slips
from buurteffect.sources.files.rawfile import PUBLISHED, label_of, shown
from buurteffect.sources.spreadsheets.saved_again import KEEP_CODES
from buurteffect.sources.statline.rows import Numbers, RawRows, Reasons, read_rows, stem_of
from buurteffect.sources.statline.store import StoredTable

DWELLING = "A045364"
"""Code of dwellings in the dimension ``Gebruiksfunctie``."""

LAYOUTS: dict[str, dict[str, str]] = {
    "81955NED": {
        "opening": "BeginstandVoorraad",
        "new": "Nieuwbouw",
        "other_additions": "OverigeToevoeging",
        "demolished": "Sloop",
        "other_withdrawals": "OverigeOnttrekking",
        "correction": "Correctie",
        "balance": "SaldoVoorraad",
        "closing": "EindstandVoorraad",
    },
    "86098NED": {
        "opening": "BeginstandVoorraad",
        "new": "NieuwbouwTotaal",
        "all_additions": "ToevoegingenTotaal",
        "demolished": "Sloop",
        "balance": "SaldoVoorraad",
        "closing": "EindstandVoorraad",
    },
}
"""Stem of the column for each part of the account, per table."""

CONFIRMED = {"81955NED": True, "86098NED": False}
"""Whether all columns of a layout are known."""

SLIP_DWELLINGS, SLIP_SHARE = 10, 0.0002
"""Furthest that an account may be off and still be read: in dwellings, or as a share of the closing stock where that
is more. The publisher's own page shows months of the country that are off by one, and its standard note says that a
total need not be the sum of its parts."""

_DIMENSIONS = ("RegioS", "Gebruiksfunctie", "Perioden")
_ROLES = ("opening", "new", "other_additions", "demolished", "other_withdrawals", "correction", "closing")
_SIGNED = ("correction", "balance")
_REGION = re.compile(r"(NL|LD|PV|CR|GM|[A-Z]{2})([0-9]{2,4})")
_GEMEENTE = re.compile(r"GM[0-9]{4}")
_PERIOD = re.compile(r"(20[0-9]{2})(JJ00|HJ0[12]|KW0[1-4]|MM(?:0[1-9]|1[0-2]))")
_Part = tuple[Numbers, Reasons]


@dataclass(frozen=True, eq=False)
class StockTable:
    """The housing stock of one table, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.statline.HOUSING_STOCK`: one row is one gemeente in one year.
    layout : str
        Table whose layout it has.
    layout_confirmed : bool
        Whether all of that layout's columns are known.
    origin, sha256 : str
        What it was read from.
    rows_count : int
        Rows there; those of the frame and those left out.
    left_out : dict of str to int
        Rows that are no gemeente-year of dwellings, by reason.
    checked_count : int
        Rows of which the account is complete, and was checked.
    slips : Slips
        Rows whose account is off by a few dwellings.
    columns_left_out : tuple of str
        Columns that this table has no place for.
    notes : tuple of str
        What another program did to the file.
    """

    frame: pd.DataFrame
    layout: str
    layout_confirmed: bool
    origin: str
    sha256: str
    rows_count: int
    left_out: dict[str, int]
    checked_count: int
    slips: Slips
    columns_left_out: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_housing_stock(source: Path | StoredTable) -> StockTable:
    """Read the changes of the housing stock.

    Where a table gives all additions instead of the other ones, the other ones are all less the new buildings. Every
    complete row has to add up, but for a few that are off by a few dwellings, which are read and listed::

        closing = opening + new + other additions - demolished - other withdrawals + correction
        balance = closing - opening

    Parameters
    ----------
    source : Path or StoredTable
        A bulk CSV, one page of JSON, or a fetched table.

    Raises
    ------
    DataError
        If the source is damaged, has no known layout, lacks or doubles a column; if a region, period or figure is
        none; if a gemeente occurs twice in a year; if an account is off by much, or many are off; or if no row is
        left.
    """
    rows = read_rows(source, ("ID", *_DIMENSIONS))
    origin = source.table_id if isinstance(source, StoredTable) else label_of(source)
    layout = _layout(rows, origin)
    named = _columns(rows, origin, LAYOUTS[layout])
    keep, left_out = _select(rows)
    if not keep.any():
        others = ", ".join(f"{count} of {reason}" for reason, count in left_out.items())
        raise DataError(
            origin,
            found=f"no row of dwellings of a gemeente in a year ({others})",
            expected="at least one",
            action="fetch it with make fetch SOURCE=open TABLES=housing_stock, or export dwellings of gemeenten by "
            "year, with codes",
        )
    kept = rows.kept(keep)
    frame, checked, slips = _frame(kept, named)
    return StockTable(
        frame=HOUSING_STOCK.check(frame, origin),
        layout=layout,
        layout_confirmed=CONFIRMED[layout],
        origin=origin,
        sha256=rows.sha256,
        rows_count=len(rows.cells),
        left_out=left_out,
        checked_count=checked,
        slips=slips,
        columns_left_out=tuple(name for name in rows.columns if name not in (*named.values(), *_DIMENSIONS, "ID")),
        notes=rows.notes,
    )


def _frame(rows: RawRows, named: Mapping[str, str]) -> tuple[pd.DataFrame, int, Slips]:
    """Return the table of the rows to keep, in how many of them the account was checked, and which are off."""
    codes = rows.texts("RegioS")
    years = [int(text[:4]) for text in rows.texts("Perioden")]
    rows.lines.refuse_twins(
        list(zip(codes, years, strict=True)), column="RegioS", expected="every gemeente once in a year"
    )
    parts = _account(rows, named)
    checked, slips = _check_account(rows, parts)
    frame = pd.DataFrame({"gemeente_code": pd.Series(codes, dtype="str"), "year": pd.Series(years, dtype="int64")})
    for role in _ROLES:
        values, reasons = parts[role]
        frame[f"{role}_dwellings_count"] = values
        frame[f"{role}_dwellings_count_missing"] = reason_column(np.isnan(values), reasons)
    return frame, checked, slips


def _account(rows: RawRows, named: Mapping[str, str]) -> dict[str, _Part]:
    """Return every part of the account, read or computed."""
    parts = {role: rows.numbers(column, whole=True, signed=role in _SIGNED) for role, column in named.items()}
    if "all_additions" in parts:
        (whole, why_whole), (new, why_new) = parts["all_additions"], parts["new"]
        parts["other_additions"] = whole - new, np.where(np.isnan(whole), why_whole, why_new)
    missing: Reasons = np.full(len(rows.cells), MissingReason.NOT_PUBLISHED, dtype=object)
    for role in _ROLES:
        parts.setdefault(role, (np.full(len(rows.cells), np.nan), missing))
    return parts


def _check_account(rows: RawRows, parts: Mapping[str, _Part]) -> tuple[int, Slips]:
    """Return how many rows were checked in full, and which are off by a little; refuse what is off by much."""
    value = {role: values for role, (values, _) in parts.items()}
    closing = (
        value["opening"]
        + value["new"]
        + value["other_additions"]
        - value["demolished"]
        - value["other_withdrawals"]
        + value["correction"]
    )
    slips = _weigh(rows, closing, value["closing"], "the opening stock and the changes give a closing stock of")
    if "balance" in value:
        grown = value["opening"] + value["balance"]
        slips += _weigh(rows, grown, value["closing"], "the opening stock and the balance give a closing stock of")
    return int((~np.isnan(closing) & ~np.isnan(value["closing"])).sum()), slips


def _weigh(rows: RawRows, computed: Numbers, given: Numbers, words: str) -> Slips:
    """Return the rows where both are known and differ by a little."""
    return check_slips(
        np.abs(computed - given),
        rows.lines,
        rounding=0,
        slight=np.maximum(SLIP_DWELLINGS, SLIP_SHARE * np.nan_to_num(given)),
        found=lambda row: f"{words} {computed[row]:g} where {given[row]:g} stands",
        expected=f"accounts that add up, but for a few that are off by at most {SLIP_DWELLINGS} dwellings "
        f"or {SLIP_SHARE:.2%} of the stock",
        action=PUBLISHED,
    )


def _select(rows: RawRows) -> tuple[np.ndarray, dict[str, int]]:
    """Return which rows are a gemeente-year of dwellings, and how many others there are by reason."""
    regions, uses, periods = (rows.texts(name) for name in _DIMENSIONS)
    for texts, pattern, column, words in (
        (regions, _REGION, "RegioS", "the code of a region, such as GM0363"),
        (uses, re.compile(r"[A-Z][A-Z0-9]{3,9}|[0-9]{3,10}"), "Gebruiksfunctie", f"a code, such as {DWELLING}"),
        (periods, _PERIOD, "Perioden", "a year, half, quarter or month, such as 2012JJ00"),
    ):
        rows.lines.refuse(
            [not pattern.fullmatch(text) for text in texts],
            lambda row, texts=texts: f"the code {shown(texts[row])}",  # type: ignore[misc]
            column=column,
            expected=words,
        )
    rows.lines.refuse(
        [text.startswith("GM") and not _GEMEENTE.fullmatch(text) for text in regions],
        lambda row: f"the code {shown(regions[row])}",
        column="RegioS",
        expected="GM and four digits",
        action=f"{KEEP_CODES}; or run make fetch TABLES=housing_stock",
    )
    reasons = [_reason(*row) for row in zip(regions, uses, periods, strict=True)]
    return np.array([reason is None for reason in reasons]), dict(Counter(r for r in reasons if r is not None))


def _reason(region: str, use: str, period: str) -> str | None:
    """Return why a row is left out, or None."""
    if use != DWELLING:
        return "another use than dwelling"
    if not region.startswith("GM"):
        return "another region than a gemeente"
    if not period.endswith("JJ00"):
        return "another period than a year"
    return None


def _layout(rows: RawRows, origin: str) -> str:
    """Return the table whose dimensions and columns these are."""
    stems = {stem_of(column).casefold() for column in rows.columns}
    for name in _DIMENSIONS:
        if name not in rows.columns:
            raise _column_error(origin, name, "no such column", f"the dimensions {', '.join(_DIMENSIONS)}")
    if "nieuwbouwtotaal" in stems:
        return "86098NED"
    if "overigetoevoeging" in stems or "nieuwbouw" in stems:
        return "81955NED"
    raise _column_error(
        origin,
        "Nieuwbouw",
        "no column of new buildings",
        "the columns of 81955NED (Nieuwbouw) or 86098NED (NieuwbouwTotaal)",
    )


def _columns(rows: RawRows, origin: str, stems: Mapping[str, str]) -> dict[str, str]:
    """Return the column of each part by its stem."""
    named = {}
    for role, stem in stems.items():
        fits = [column for column in rows.columns if stem_of(column).casefold() == stem.casefold()]
        if len(fits) != 1:
            found = "no such column" if not fits else f"{len(fits)} columns: {', '.join(map(shown, fits))}"
            raise _column_error(origin, stem, found, f"one column for {role.replace('_', ' ')}")
        named[role] = fits[0]
    return named


def _column_error(origin: str, column: str, found: str, expected: str) -> DataError:
    """Return the error for a column."""
    action = (
        "fetch the table with make fetch SOURCE=open TABLES=housing_stock, or export it with all subjects and codes"
    )
    return DataError(origin, line=1, column=column[:60], found=found, expected=expected, action=action)
