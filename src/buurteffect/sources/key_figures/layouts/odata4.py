"""OData version 4 of StatLine: one row per area and measure, with code lists beside it.

The names of measures (``MeasureCodes``) tell title, unit and group; those of areas (``WijkenEnBuurtenCodes``)
tell titles. Measure ids themselves differ between tables and are never interpreted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, PUBLISHED, shown
from buurteffect.sources.key_figures.columns.raw_table import AREA_NAME, RawColumn, RawTable, YearEvidence, column_of
from buurteffect.sources.key_figures.columns.stem import normalised, unit_of
from buurteffect.sources.key_figures.columns.year import period_of
from buurteffect.sources.key_figures.layouts.odata3 import cell_texts

_REGION = re.compile(r"(?:WijkenEnBuurten|RegioS?)(?:[0-9]{4})?")
"""Name of the column with the area, which in old tables ends in their year."""

NEEDED = ("Measure", "Value")
_ATTRIBUTES = {
    "none": None,
    "provisional": None,
    "nearlydefinite": None,
    "impossible": "",
    "secret": "x",
    "confidential": "x",
}
_COPY = "StringValue"

Columns = Mapping[str, pa.Array]


def is_observations(names: Sequence[str]) -> bool:
    """Return whether columns are those of observations.

    Examples
    --------
    >>> is_observations(["Id", "Measure", "ValueAttribute", "Value", "StringValue", "WijkenEnBuurten"])
    True
    """
    return set(NEEDED) <= set(names)


def is_measure_codes(names: Sequence[str]) -> bool:
    """Return whether columns are those of the list of measures."""
    return {"Identifier", "Title", "Unit"} <= set(names)


def columns_of_rows(rows: Sequence[Mapping[str, Any]], origin: str) -> tuple[dict[str, pa.Array], Lines]:
    """Return rows of JSON as columns of text, with the number of each row from 1."""
    lines = Lines(origin, np.arange(1, len(rows) + 1, dtype=np.int64))
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: cell_texts([row.get(name) for row in rows], name, lines) for name in names}, lines


def read_observations(
    cells: Columns,
    lines: Lines,
    lists: Sequence[Columns],
    said: tuple[YearEvidence, ...],
    table_ids: tuple[tuple[str, str], ...],
    decimal: str,
) -> RawTable:
    """Return observations as a table with one row per area, and per period where there are several.

    Parameters
    ----------
    cells : mapping of str to Array
        Columns of the observations.
    lines : Lines
        Where they stand.
    lists : sequence of mapping of str to Array
        Code lists and groups, of whichever kind each is.
    said, table_ids : tuple
        What the files around them say about year and table.
    decimal : {"point", "either"}
        Mark of decimals.

    Raises
    ------
    DataError
        If the list of measures is missing, a measure is not in it, a row names no area or measure, or an
        area has two values of one measure in one period.
    """
    measures = _series(cells["Measure"])
    region = next((name for name in cells if _REGION.fullmatch(name)), None)
    if region is None:
        raise DataError(
            lines.origin,
            found="no column with the area",
            expected="WijkenEnBuurten or RegioS beside Measure and Value",
            action=PUBLISHED,
        )
    areas = _series(cells[region])
    for texts, name in ((areas, region), (measures, "Measure")):
        empty = (texts == "").to_numpy(dtype=bool)
        lines.refuse(empty, lambda _: "an empty key", column=name, expected="a code", action=FETCH_AGAIN)
    codes = _measure_codes(lists, lines)
    unknown = ~measures.isin(list(codes)).to_numpy(dtype=bool)
    lines.refuse(
        unknown,
        lambda row: f"the measure {shown(measures.iloc[row])}",
        column="Measure",
        expected="a measure of MeasureCodes",
        action="put the MeasureCodes of the same table beside the observations",
    )
    periods = _series(cells["Perioden"]) if "Perioden" in cells else pd.Series("", index=areas.index, dtype="str")
    several = bool((periods != periods.iloc[0]).any())
    said = (*said, *_periods(cells, lines))
    area_index, keys = pd.factorize(areas + "\t" + periods)
    area_codes, area_periods = zip(*(key.split("\t") for key in keys), strict=True)
    measure_index, measure_ids = pd.factorize(measures)
    lines.refuse(
        pd.Series(area_index * len(measure_ids) + measure_index).duplicated().to_numpy(dtype=bool),
        lambda row: f"{measures.iloc[row]} of {areas.iloc[row]} again",
        column="Measure",
        expected="one value of each measure per area and period",
        action=FETCH_AGAIN,
    )
    grid = np.full((len(area_codes), len(measure_ids)), None, dtype=object)
    grid[area_index, measure_index] = _values(cells)
    first = np.full(len(area_codes), 0, dtype=np.int64)
    first[area_index[::-1]] = lines.numbers[::-1]
    columns: list[RawColumn] = [column_of(region, 0, None, None, "wijkenenbuurten")]
    arrays: list[pa.Array] = [pa.array(area_codes, type=pa.string())]
    if several:
        columns.append(column_of("Perioden", 0))
        arrays.append(pa.array(area_periods, type=pa.string()))
    for number, measure in enumerate(measure_ids):
        title, unit, groups = codes[measure]
        columns.append(column_of(title, number + 1, unit_of(unit) or None, groups, None))
        arrays.append(pa.array(list(grid[:, number]), type=pa.string()))
    titles = _area_titles(lists)
    stems = {column.stem for column in columns}
    if titles:
        columns.append(column_of("Title", len(columns), None, None, AREA_NAME))
        arrays.append(pa.array([titles.get(code) for code in area_codes], type=pa.string()))
        if "gemeentenaam" not in stems:
            columns.append(column_of("Gemeentenaam", len(columns), None, None, "gemeentenaam"))
            arrays.append(pa.array([titles.get(f"GM{code[2:6]}") for code in area_codes], type=pa.string()))
    return RawTable(
        layout="odata4",
        family="statline",
        columns=tuple(columns),
        lines=Lines(lines.origin, first),
        texts=lambda position: arrays[position],
        decimal=decimal,
        said=said,
        table_ids=table_ids,
        notes=(f"{len(lines):,} observations of {len(measure_ids)} measures",),
    )


def _series(texts: pa.Array) -> pd.Series:
    """Return stripped texts, empty where there is none."""
    return pd.Series(texts.to_pandas(), dtype="str").fillna("").str.strip()


def _values(cells: Columns) -> npt.NDArray[np.object_]:
    """Return the text of every value; what the attribute says where there is none."""
    values = np.array(cells["Value"].to_pylist(), dtype=object)
    values[np.array([v is not None and not v.strip() for v in values], dtype=bool)] = None
    if _COPY in cells:
        strings = np.array(cells[_COPY].to_pylist(), dtype=object)
        take = np.array(
            [v is None and s is not None and s != "" for v, s in zip(values, strings, strict=True)], dtype=bool
        )
        values[take] = strings[take]
    if "ValueAttribute" in cells:
        for row in np.flatnonzero([value is None for value in values]):
            attribute = cells["ValueAttribute"][int(row)].as_py() or ""
            values[row] = _ATTRIBUTES.get(normalised(attribute), "." if attribute else None)
    return values


def _measure_codes(lists: Sequence[Columns], lines: Lines) -> dict[str, tuple[str, str, frozenset[str] | None]]:
    """Return title, unit and groups of every measure."""
    found = [one for one in lists if is_measure_codes(list(one))]
    if len(found) != 1:
        raise DataError(
            lines.origin,
            found=f"{len(found)} lists of measures beside the observations",
            expected="MeasureCodes of the same table (Identifier, Title, Unit): ids alone do not tell a concept",
            action="fetch MeasureCodes and WijkenEnBuurtenCodes into the same folder as Observations",
        )
    one = found[0]
    groups = _groups(lists)
    parents = _series(one["MeasureGroupId"]) if "MeasureGroupId" in one else pd.Series([""] * len(one["Identifier"]))
    codes: dict[str, tuple[str, str, frozenset[str] | None]] = {}
    for identifier, title, unit, parent in zip(
        _series(one["Identifier"]), _series(one["Title"]), _series(one["Unit"]), parents, strict=True
    ):
        codes[identifier] = title, unit, _above(parent, groups) if groups else None
    return codes


def _groups(lists: Sequence[Columns]) -> dict[str, tuple[str, str]]:
    """Return title and parent of every group of measures."""
    groups: dict[str, tuple[str, str]] = {}
    for one in lists:
        if {"Id", "Title"} <= set(one) and "Identifier" not in one:
            parents = _series(one["ParentId"]) if "ParentId" in one else pd.Series([""] * len(one["Id"]))
            groups |= {i: (t, p) for i, t, p in zip(_series(one["Id"]), _series(one["Title"]), parents, strict=True)}
    return groups


def _above(group: str, groups: Mapping[str, tuple[str, str]]) -> frozenset[str]:
    """Return the normalised titles of a group and of all above it."""
    titles: list[str] = []
    while group in groups and len(titles) < len(groups):
        title, group = groups[group]
        titles.append(normalised(title))
    return frozenset(titles)


def _area_titles(lists: Sequence[Columns]) -> dict[str, str]:
    """Return the titles of areas by code."""
    for one in lists:
        if {"Identifier", "Title"} <= set(one) and not is_measure_codes(list(one)):
            codes = _series(one["Identifier"])
            if codes.str.match(r"(?:NL|GM|WK|BU)[0-9]").any():
                return dict(zip(codes, _series(one["Title"]), strict=True))
    return {}


def _periods(cells: Columns, lines: Lines) -> tuple[YearEvidence, ...]:
    """Return the year of the observations where a period stands beside each."""
    if "Perioden" not in cells:
        return ()
    periods = _series(cells["Perioden"])
    years = {text: period_of(text) for text in periods.unique()}
    lines.refuse(
        periods.map({text: year is None for text, year in years.items()}).to_numpy(dtype=bool),
        lambda row: f"the period {shown(periods.iloc[row])}",
        column="Perioden",
        expected="a whole year, such as 2019JJ00",
    )
    return (YearEvidence(frozenset(y for y in years.values() if y), "its periods"),)
