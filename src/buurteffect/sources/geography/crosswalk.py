"""Crosswalks between the codes of two years: address counts per pair of codes, shares, or codes alone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources.fields.area_code import LEVELS, WIDTHS, check_codes
from buurteffect.sources.files.columns import check_columns
from buurteffect.sources.files.delimited import Records
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import SourceFile, label_of, read_bytes, sha256_of, shown
from buurteffect.sources.spreadsheets.saved_again import read_saved, whole_codes, with_points

WEIGHT_SUM_TOLERANCE = 1e-6
"""How far the published shares of one source may be from 1: they are written with a few decimals."""

_DIGITS = {8: "buurt", 6: "wijk", 4: "gemeente"}
_CODES, _YEARS, _SIZES = ("source", "target"), ("year_from", "year_to"), ("n_addresses", "weight")


@dataclass(frozen=True, eq=False)
class CrosswalkFile(SourceFile):
    """A crosswalk as read.

    Attributes
    ----------
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    frame : DataFrame
        One row per pair of codes in a pair of years (`schema.boundaries.CROSSWALK`).
    notes : tuple of str
        What another program did to the file.
    """

    level: str
    frame: pd.DataFrame
    notes: tuple[str, ...] = ()


def read_crosswalk(path: Path) -> CrosswalkFile:
    """Read a crosswalk.

    The columns are ``source``, ``target``, ``year_from`` and ``year_to``, and one of ``n_addresses``, ``weight``, or
    neither. Order is free. Codes are text: without a prefix they have 8, 6 or 4 characters. Zeros that a spreadsheet
    dropped before them are put back where the file's name says the level (``crosswalk_wijk.csv``).

    Raises
    ------
    DataError
        With the line, if codes have lost their zeros and the name does not say the level, a code has another level
        than the first one, a year or number is none, a pair repeats, a source without numbers has several targets,
        or shares do not sum to 1.
    """
    origin = label_of(path)
    saved = read_saved(read_bytes(path), origin, (*_YEARS, *_CODES, *_SIZES))
    records = saved.records
    size = next((name for name in _SIZES if name in records.header), None)
    check_columns(records.header, [*_YEARS, *_CODES, *([size] if size else [])], origin)
    lines = records.lines
    level = _level(records.column("source"), records.column("target"), lines)
    frame = pd.DataFrame(
        {
            "year_from": _years(records, "year_from"),
            "year_to": _years(records, "year_to"),
            "level": level,
            "source_code": _codes(records.column("source"), level, lines, "source"),
            "target_code": _codes(records.column("target"), level, lines, "target"),
            "addresses_count": _addresses(records, lines) if size == "n_addresses" else np.nan,
            "weight_share": _shares(records, lines) if size == "weight" else np.nan,
        }
    )
    _check_pairs(frame, lines)
    if size != "n_addresses":
        frame = _complete_shares(frame, lines, given=size == "weight")
    frame = CROSSWALK.check(frame.sort_values(list(CROSSWALK.key), ignore_index=True), origin)
    return CrosswalkFile(origin, path.stat().st_size, sha256_of(path), level, frame, saved.notes)


def _level(sources: list[str], targets: list[str], lines: Lines) -> str:
    """Return the level of the codes: by the length of the first, or by the name where zeros were dropped."""
    bare = [code[2:] if code[:2] in LEVELS else code.removesuffix(".0") for code in (*sources, *targets)]
    widths = {len(code) for code in bare if re.fullmatch(r"[0-9A-Z]+", code)} or {0}
    named = [level for level in _DIGITS.values() if level in lines.origin.casefold()]
    if len(named) == 1 and max(widths) <= WIDTHS[named[0]]:
        return named[0]
    level = _DIGITS.get(len(bare[0]))
    if level is None or (len(widths) > 1 and min(widths) < len(bare[0])):
        odd = next((row for row, code in enumerate(bare) if len(code) not in _DIGITS or len(code) < len(bare[0])), 0)
        raise DataError(
            lines.origin,
            line=int(lines.numbers[odd % len(sources)]),
            column="source" if odd < len(sources) else "target",
            found=f"the code {shown(bare[odd])}, of {len(bare[odd])} characters",
            expected="codes of 8 (buurt), 6 (wijk) or 4 characters (gemeente), with or without BU, WK or GM",
            action="a spreadsheet drops zeros at the left: save the codes as text, or call the file after its level "
            "(crosswalk_buurt.csv, crosswalk_wijk.csv, crosswalk_gemeente.csv), so that the zeros can be put back",
        )
    return level


def _codes(fields: list[str], level: str, lines: Lines, column: str) -> pd.Series:
    """Return codes with their prefix."""
    codes = pd.Series(whole_codes(fields, level, column, lines), dtype="str")
    check_codes(codes, level, lines, column)
    return codes


def _years(records: Records, column: str) -> pd.Series:
    """Return the years of one end of every pair."""
    fields = pd.Series(records.column(column), dtype="str").str.removesuffix(".0")
    records.lines.refuse(
        ~fields.str.fullmatch(r"(19|20)[0-9]{2}").to_numpy(dtype=bool),
        lambda row: f"the year {shown(fields.iloc[row])}",
        column=column,
        expected="a year of four digits",
    )
    return fields.astype("int64")


def _addresses(records: Records, lines: Lines) -> pd.Series:
    """Return the counts of addresses, which are whole and positive."""
    fields = pd.Series(records.column("n_addresses"), dtype="str").str.removesuffix(".0")
    lines.refuse(
        ~fields.str.fullmatch(r"0*[1-9][0-9]{0,8}").to_numpy(dtype=bool),
        lambda row: f"the number {shown(fields.iloc[row])}",
        column="n_addresses",
        expected="a whole number of addresses, 1 or more, without separators",
    )
    return fields.astype("float64")


def _shares(records: Records, lines: Lines) -> pd.Series:
    """Return the shares, between 0 and 1."""
    fields = pd.Series(with_points(records.column("weight"), "weight", lines), dtype="str")
    shaped = fields.str.fullmatch(r"[0-9]*\.?[0-9]+(e-?[0-9]{1,3})?")
    numbers = pd.to_numeric(fields.where(shaped), errors="coerce")
    lines.refuse(
        ~numbers.between(0, 1, inclusive="right").to_numpy(dtype=bool),
        lambda row: f"the share {shown(fields.iloc[row])}",
        column="weight",
        expected="a share above 0 and at most 1, with a decimal point",
    )
    return numbers.astype("float64")


def _check_pairs(frame: pd.DataFrame, lines: Lines) -> None:
    """Refuse a pair of one year with itself, and a pair that repeats."""
    lines.refuse(
        (frame["year_from"] == frame["year_to"]).to_numpy(),
        lambda row: f"{frame['year_from'].iloc[row]} twice",
        column="year_to",
        expected="two different years",
    )
    keys = list(frame[list(CROSSWALK.key)].itertuples(index=False, name=None))
    lines.refuse_twins(keys, expected="every pair of codes once per pair of years")


def _complete_shares(frame: pd.DataFrame, lines: Lines, *, given: bool) -> pd.DataFrame:
    """Check that the shares of a source sum to 1; without shares, give 1 to sources with one target."""
    groups = frame.groupby(["year_from", "year_to", "source_code"])
    if not given:
        targets = groups["target_code"].transform("size")
        lines.refuse(
            (targets > 1).to_numpy(),
            lambda row: (
                f"{frame['source_code'].iloc[row]} with {targets.iloc[row]} targets and nothing to divide it by"
            ),
            column="source",
            expected="one target per source, or a column n_addresses or weight",
            action="give the crosswalk a column n_addresses or weight; or move it out of the folder and run make fetch "
            "TABLES=crosswalk YEARS=…, which counts one from the addresses of these years",
        )
        return frame.assign(weight_share=1.0)
    totals = groups["weight_share"].transform("sum")
    lines.refuse(
        ((totals - 1).abs() > WEIGHT_SUM_TOLERANCE).to_numpy(),
        lambda row: f"shares of {frame['source_code'].iloc[row]} that sum to {totals.iloc[row]:.6g}",
        column="weight",
        expected="shares of each source that sum to 1",
    )
    return frame.assign(weight_share=(frame["weight_share"] / totals).clip(upper=1.0))
