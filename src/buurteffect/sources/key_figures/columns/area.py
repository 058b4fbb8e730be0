"""The area that a row of key figures is about: its code, its kind, its names and its boundary flag."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from buurteffect.errors import DataError
from buurteffect.schema.kwb import BOUNDARY_FLAGS
from buurteffect.sources.fields.area_code import LEVELS, PREFIXES, WIDTHS
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import PUBLISHED, shown
from buurteffect.sources.key_figures.columns.mapping import Resolved
from buurteffect.sources.key_figures.columns.raw_table import RawTable
from buurteffect.sources.key_figures.columns.values import parse_cells
from buurteffect.sources.spreadsheets.saved_again import KEEP_CODES, is_scientific

COUNTRY = "NL00"
SHAPES = r"NL[0-9]{2}|GM[0-9]{4}|WK[0-9]{4}[0-9A-Z]{2}|BU[0-9]{4}[0-9A-Z]{4}"
"""Codes with their prefix; those of wijken and buurten may hold capitals."""

_LEVELS = {
    **dict.fromkeys(("l", "n", "land", "nederland"), "land"),
    **dict.fromkeys(("g", "gemeente"), "gemeente"),
    **dict.fromkeys(("w", "wijk"), "wijk"),
    **dict.fromkeys(("b", "buurt"), "buurt"),
}
REGIONS = ("wijkenenbuurten", "regios")
"""Stems of the column of a StatLine table that holds the codes of areas."""

_LIKE_A_CODE = r"(?i:NL|GM|WK|BU)[0-9].*|[0-9][0-9A-Z]*"
_PARTS = {
    "gmcode": "gmcode",
    "wkcode": "wkcode",
    "bucode": "bucode",
    "gemeentecode": "gmcode",
    "wijkcode": "wkcode",
    "buurtcode": "bucode",
}
CODE_PARTS = ("gemeentecode", "wijkcode", "buurtcode")
"""Stems of the columns of a StatLine table that give a code in three parts."""

_SHAPE_WORDS = (
    "NL and two digits, GM and four, WK and six or BU and eight, of which the last two or four may be capitals"
)


@dataclass(frozen=True, eq=False)
class Areas:
    """What the rows are about; all arrays of shape (rows,)."""

    codes: pd.Series
    levels: pd.Series
    names: pd.Series
    gemeenten: pd.Series
    flags: npt.NDArray[np.float64]
    notes: tuple[str, ...] = ()


def read_areas(table: RawTable, resolved: Resolved) -> Areas:
    """Return the areas of a file's rows.

    A code without prefix gets the one of its level, and zeros that a spreadsheet dropped before it. Where
    several columns tell a code, or a code and a level, they must agree. A column that should hold codes and
    holds none at all is one of names: software that replaces codes by titles leaves the code elsewhere.

    Raises
    ------
    DataError
        If no column tells the code; if a code is missing, of another shape or repeated; if two columns
        contradict one another; or if a flag is none of 1, 2 and 3.
    """
    levels, level_column = _levels(table, resolved)
    resolved, names_in_place = _without_names(table, resolved)
    codes, code_column = _codes(table, resolved, levels)
    odd = ~codes.str.fullmatch(SHAPES).to_numpy(dtype=bool)
    scientific = np.zeros(len(codes), dtype=bool)
    scientific[odd] = [is_scientific(code) for code in codes[odd]]
    table.lines.refuse(
        scientific,
        lambda row: f"the code {shown(codes.iloc[row])}, which a spreadsheet turned into a number",
        column=code_column,
        expected=_SHAPE_WORDS,
        action=KEEP_CODES,
    )
    table.lines.refuse(
        odd,
        lambda row: f"the code {shown(codes.iloc[row])}" if codes.iloc[row] else "no code",
        column=code_column,
        expected=_SHAPE_WORDS,
    )
    found = codes.str[:2].map(LEVELS)
    if levels is not None:
        table.lines.refuse(
            (found != levels).to_numpy(dtype=bool),
            lambda row: f"{levels.iloc[row]!r} beside the code {codes.iloc[row]}",
            column=level_column,
            expected="the kind of area that the code's prefix says",
        )
    names = _texts(table, resolved, "area_name")
    if names is None and names_in_place is not None:
        names = _named(stripped(table.texts(names_in_place)))
    gemeenten = _texts(table, resolved, "gemeente_name")
    if names is None:  # bulk files name the gemeente only
        names = gemeenten.where(found == "gemeente") if gemeenten is not None else None
    empty = pd.Series([None] * len(codes), dtype="str")
    return Areas(
        codes=codes,
        levels=found.astype("str"),
        names=empty if names is None else names,
        gemeenten=empty if gemeenten is None else gemeenten,
        flags=_flags(table, resolved),
        notes=()
        if names_in_place is None
        else (f"column {shown(table.columns[names_in_place].name)} holds names, not codes",),
    )


def refuse_repeated(codes: pd.Series, lines: Lines, column: str) -> None:
    """Refuse a code that occurs in two rows of one year.

    Raises
    ------
    DataError
        With the line of the second row.
    """
    again = codes.duplicated().to_numpy(dtype=bool)
    lines.refuse(
        again,
        lambda row: (
            f"{codes.iloc[row]} again, already on line {lines.numbers[int((codes == codes.iloc[row]).argmax())]}"
        ),
        column=column,
        expected="every area once in a year",
    )


def stripped(texts: pa.Array) -> pd.Series:
    """Return texts without blanks around them, empty where there is none."""
    filled = pc.fill_null(texts.cast(pa.large_string()), "")
    return pd.Series(pd.array(pc.utf8_trim_whitespace(filled), dtype="str"))


def _levels(table: RawTable, resolved: Resolved) -> tuple[pd.Series | None, str]:
    """Return the kind of area that a column of its own tells, or None."""
    if not resolved.keys["level"]:
        return None, ""
    position = _single(table, resolved, "level")
    texts = stripped(table.texts(position))
    levels = texts.map({text: _LEVELS.get(text.casefold()) for text in texts.unique()}).astype("str")
    name = table.columns[position].name
    table.lines.refuse(
        levels.isna().to_numpy(dtype=bool),
        lambda row: f"the text {shown(texts.iloc[row])}",
        column=name,
        expected="Land, Gemeente, Wijk or Buurt, or their first letter",
    )
    return levels, name


def _without_names(table: RawTable, resolved: Resolved) -> tuple[Resolved, int | None]:
    """Return the columns without one of regions that holds no code in any row, and that column's position."""
    columns = resolved.keys["area_code"]
    regions = [p for p in columns if table.columns[p].stem in REGIONS]
    if table.family != "statline" or len(regions) != 1 or len(columns) < 2:
        return resolved, None
    if stripped(table.texts(regions[0])).str.fullmatch(_LIKE_A_CODE).any():
        return resolved, None
    keys = {**resolved.keys, "area_code": tuple(p for p in columns if p != regions[0])}
    return replace(resolved, keys=keys), regions[0]


def _codes(table: RawTable, resolved: Resolved, levels: pd.Series | None) -> tuple[pd.Series, str]:
    """Return the code of each row from the first column that tells it, after comparing the others."""
    whole = [p for p in resolved.keys["area_code"] if table.columns[p].stem not in _PARTS]
    parts = {_PARTS[s]: p for p in resolved.keys["area_code"] if (s := table.columns[p].stem) in _PARTS}
    if not whole and not ("gmcode" in parts and (levels is not None or len(parts) > 1)):
        raise DataError(
            table.lines.origin,
            line=max(int(table.lines.numbers[0]) - 1, 1) if len(table.lines) else None,
            found="no column with the code of the area among " + ", ".join(shown(c.name) for c in table.columns[:6]),
            expected="a column of codes, such as WijkenEnBuurten, RegioS, Codering, gwb_code_10, or GWB_CODE with RECS",
            action="export the table again with the codes of its areas (in StatLine under Wijken en buurten)",
        )
    if not whole:
        return _joined(table, parts, levels), ", ".join(table.columns[p].name for p in parts.values())
    first, *others = whole
    texts = table.texts(first)
    codes = _prefixed(stripped(texts), levels)
    for other in others:
        if table.texts(other).equals(texts):
            continue
        again = _prefixed(stripped(table.texts(other)), levels)
        table.lines.refuse(
            ((again != codes) & (again != "")).to_numpy(dtype=bool),
            lambda row, again=again: f"{shown(again.iloc[row])} beside {shown(codes.iloc[row])}",  # type: ignore[misc]
            column=table.columns[other].name,
            expected=f"the same area as in {table.columns[first].name!r}",
        )
    return codes, table.columns[first].name


def _prefixed(texts: pd.Series, levels: pd.Series | None) -> pd.Series:
    """Return codes with their prefix, from the level where the file gives digits only."""
    texts = texts.str.replace(r"^([0-9]{1,8})\.0$", r"\1", regex=True)
    if levels is None:
        return texts
    # The country has one code, which spreadsheets write as NL00, NL, or as zeros in the width of another level.
    texts = texts.mask((levels == "land") & texts.str.fullmatch("NL|(?:NL)?0+"), COUNTRY)
    bare = texts.str.fullmatch(r"[0-9][0-9A-Z]{0,7}").to_numpy(dtype=bool)
    if not bare.any():
        return texts
    widths = levels.map(WIDTHS)
    prefixes = levels.map(PREFIXES)
    padded = [
        f"{prefix}{text.zfill(width)}" if ours else text
        for prefix, text, width, ours in zip(prefixes, texts, widths, bare, strict=True)
    ]
    return pd.Series(padded, dtype="str")


def _joined(table: RawTable, parts: dict[str, int], levels: pd.Series | None) -> pd.Series:
    """Return codes from columns of their own for gemeente, wijk and buurt; without levels, the last part tells it."""
    empty = pd.Series([""] * len(table.lines), dtype="str")
    columns = {
        stem: stripped(table.texts(parts[stem]))
        .str.removeprefix(stem[:2].upper())
        .str.removesuffix(".0")
        .replace(".", "")
        if stem in parts
        else empty
        for stem in ("gmcode", "wkcode", "bucode")
    }
    gemeente, wijk, buurt = columns.values()
    if levels is None:
        levels = pd.Series("land", index=empty.index, dtype="str")
        for level, column in (("gemeente", gemeente), ("wijk", wijk), ("buurt", buurt)):
            levels = levels.mask(column != "", level)
    codes = []
    for level, gm, wk, bu in zip(levels, gemeente.str.zfill(4), wijk, buurt, strict=True):
        tail_wk = wk if len(wk) > 2 else gm + wk.zfill(2)
        tail_bu = bu if len(bu) > 2 else tail_wk + bu.zfill(2)
        codes.append({"land": COUNTRY, "gemeente": f"GM{gm}", "wijk": f"WK{tail_wk}", "buurt": f"BU{tail_bu}"}[level])
    return pd.Series(codes, dtype="str")


def _texts(table: RawTable, resolved: Resolved, role: str) -> pd.Series | None:
    """Return the texts of a role, missing where they are empty or a dot; None without such a column."""
    if not resolved.keys[role]:
        return None
    return _named(stripped(table.texts(_single(table, resolved, role))))


def _named(texts: pd.Series) -> pd.Series:
    """Return names, missing where there is nothing or a dot."""
    return texts.where(~texts.isin(["", "."]))


def _flags(table: RawTable, resolved: Resolved) -> npt.NDArray[np.float64]:
    """Return the boundary flag, NaN where none is given."""
    if not resolved.keys["boundary_flag"]:
        return np.full(len(table.lines), np.nan)
    position = _single(table, resolved, "boundary_flag")
    name = table.columns[position].name
    values = parse_cells(table.texts(position), name, table.lines, table.decimal).values
    table.lines.refuse(
        ~(np.isnan(values) | np.isin(values, BOUNDARY_FLAGS)),
        lambda row: f"the flag {values[row]:g}",
        column=name,
        expected="1 (unchanged), 2 (code changed), 3 (boundary moved) or no value",
    )
    return values


def _single(table: RawTable, resolved: Resolved, role: str) -> int:
    """Return the only column of a role."""
    first, *others = resolved.keys[role]
    if others:
        raise DataError(
            table.lines.origin,
            column=table.columns[others[0]].name[:60],
            found=f"{len(others) + 1} columns for the {role}",
            expected="one",
            action=PUBLISHED,
        )
    return first
