"""One level of the panel: every source beside the others, row by row, with an account of how each row was joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from buurteffect.panel.harmonise.boundary_year import (
    AS_PUBLISHED,
    BY_CODE,
    NOT_JOINED,
    SAME_YEAR,
    UNCHANGED_ONLY,
    Placed,
    place,
)
from buurteffect.panel.harmonise.weights import Crosswalk
from buurteffect.panel.inputs.liveability import city_group_of, gemeente_of
from buurteffect.panel.inputs.polygons import Polygons, polygons_of_rows
from buurteffect.panel.inputs.source_table import SourceTable
from buurteffect.schema import MissingReason
from buurteffect.schema.arrow import arrow_schema, check_table
from buurteffect.schema.columns import REASON_DTYPE
from buurteffect.schema.contract import Contract, Field
from buurteffect.schema.panel import STOCK_BLOCK, panel_contract

JOIN_COLUMNS = ["source", "level", "rule", "year", "join", "reason", "rows_count", "with_key_figures_count"]
HARMONISED_JOIN = "harmonised"
_KEY = ["boundary_year", "area_code", "year"]
_NO_ROW = str(MissingReason.NO_ROW)
_REASONS = pa.dictionary(pa.int8(), pa.large_string())
_Columns = dict[str, pd.Series]


@dataclass(frozen=True, eq=False)
class LevelSources:
    """The sources of one level that are joined with its key figures.

    Attributes
    ----------
    sources : sequence of SourceTable
        Tables on the areas of one year.
    crosswalk : Crosswalk or None
        Of the level.
    polygons : sequence of Polygons
        Of the level.
    groups : DataFrame
        One row per gemeente of a group: ``gemeente_code, city_group``.
    growth_centres : DataFrame or None
        One row per gemeente on the list: ``gemeente_code, confirmation``.
    """

    sources: Sequence[SourceTable]
    crosswalk: Crosswalk | None
    polygons: Sequence[Polygons]
    groups: pd.DataFrame
    growth_centres: pd.DataFrame | None


@dataclass(frozen=True, eq=False)
class Joined:
    """One level of the panel under one rule.

    Attributes
    ----------
    table : pyarrow.Table
        One row per area and year (`schema.panel.panel_contract`).
    joins : DataFrame
        One row per source, year and way: ``source, level, rule, year, join, reason, rows_count`` and, among them,
        ``with_key_figures_count``: rows that stand beside a row of the key figures. The rows of a source's year sum
        to those it has.
    """

    table: pa.Table
    joins: pd.DataFrame


def join_rule(
    level: str,
    rule: str,
    key_figures: pd.DataFrame | None,
    base_year: int | None,
    beside: LevelSources,
    stock: pd.DataFrame | None = None,
) -> Joined:
    """Put every source beside the key figures of one level and rule.

    A row of another source for which the key figures have none gets a row of its own, so that nothing is lost as
    published; where no crosswalk says what its code meant in its year, that row stands on the areas of its source.
    Under the other rules a row without a place among their areas is counted and left out.

    Parameters
    ----------
    level, rule : str
        Kind of area, and what it is over the years.
    key_figures : DataFrame or None
        One row per area and year, on the areas of the rule.
    base_year : int or None
        Year of the areas; None as published.
    beside : LevelSources
        The other sources of the level.
    stock : DataFrame, optional
        Housing stock, on the areas of the rule: ``area_code, year`` and its columns.

    Raises
    ------
    DataError
        If the result breaks its contract.
    """
    main = _keyed(key_figures, base_year) if key_figures is not None else None
    unchanged = pd.Index(main["area_code"].unique()) if main is not None and rule == UNCHANGED_ONLY else None
    stock = _keyed(stock, base_year) if stock is not None else None
    anchors = pd.concat([each[_KEY] for each in (main, stock) if each is not None] or [pd.DataFrame(columns=_KEY)])
    placed = []
    for source in beside.sources:
        place_of_rows = place(source.frame, rule, base_year, beside.crosswalk, unchanged)
        placed.append((source, _note_assumed(source, _on_source_areas(place_of_rows, anchors))))
    extra = _own_rows(main, placed, stock)
    contract = panel_contract(level)
    tables = [
        _table(contract, rows, _columns(rows, placed, stock, beside, level, rule, keyed=keyed))
        for rows, keyed in ((main, True), (extra, False))
        if rows is not None and len(rows)
    ]
    table = pa.concat_tables(tables).unify_dictionaries() if tables else _schema(contract).empty_table()
    joins = [_count_joins(source, rule, each, main) for source, each in placed]
    joined = pd.concat(joins, ignore_index=True) if joins else pd.DataFrame(columns=JOIN_COLUMNS)
    return Joined(check_table(table, contract, f"panel of {level}, {rule}"), joined)


def _keyed(frame: pd.DataFrame, base_year: int | None) -> pd.DataFrame:
    """Add the year in whose division the codes are meant."""
    return frame.assign(boundary_year=frame["year"] if base_year is None else base_year)


def _on_source_areas(placed: Placed, anchors: pd.DataFrame) -> Placed:
    """Leave rows on the areas of their source that only their code would join, and that match no row."""
    alone = (placed.rows["join"] == BY_CODE) & (_positions(_placed_keys(placed), anchors) < 0)
    if not alone.any():
        return placed
    rows = placed.rows.assign(
        placed_year=placed.rows["placed_year"].where(~alone, placed.rows["boundary_year"]),
        join=placed.rows["join"].where(~alone, SAME_YEAR),
        reason=placed.rows["reason"].where(~alone, "no table has this code in this year"),
    )
    return Placed(rows, placed.overlapping)


def _note_assumed(source: SourceTable, placed: Placed) -> Placed:
    """Note in the reason of a row that its boundary year is assumed."""
    if "boundary_year_assumed" not in source.frame:
        return placed
    words = "areas of " + placed.rows["boundary_year"].astype("str") + " assumed"
    said = placed.rows["reason"]
    both = said.where(said == "", said + "; ") + words
    reason = said.where(~source.frame["boundary_year_assumed"], both).astype("str")
    return Placed(placed.rows.assign(reason=reason), placed.overlapping)


def _own_rows(
    main: pd.DataFrame | None, placed: Sequence[tuple[SourceTable, Placed]], stock: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Return the keys that other sources have and the key figures have not, sorted."""
    keys = [_placed_keys(each).dropna() for _, each in placed] + ([stock[_KEY]] if stock is not None else [])
    if not keys:
        return None
    every = pd.concat(keys).drop_duplicates().astype({"boundary_year": "int64", "year": "int64", "area_code": "str"})
    if main is not None:
        every = every[~pd.MultiIndex.from_frame(every).isin(pd.MultiIndex.from_frame(main[_KEY]))]
    return every.sort_values(["area_code", "year", "boundary_year"], ignore_index=True)


def _placed_keys(placed: Placed) -> pd.DataFrame:
    """Return the keys of the rows of a table in the panel, in the table's order; missing without a place."""
    names = {"placed_year": "boundary_year", "placed_code": "area_code"}
    return placed.rows[[*names, "year"]].rename(columns=names)


def _columns(
    rows: pd.DataFrame,
    placed: Sequence[tuple[SourceTable, Placed]],
    stock: pd.DataFrame | None,
    beside: LevelSources,
    level: str,
    rule: str,
    *,
    keyed: bool,
) -> _Columns:
    """Return every column of the panel that some rows have a value in."""
    gemeente = rows["area_code"] if level == "gemeente" else gemeente_of(rows["area_code"], level)
    columns: _Columns = {
        "boundary_rule": _constant(rule, rows.index),
        "level": _constant(level, rows.index),
        "gemeente_code": gemeente,
        "city_group": city_group_of(gemeente, beside.groups),
        "in_key_figures": pd.Series(keyed, index=rows.index),
    }
    if beside.growth_centres is not None:
        listed = beside.growth_centres.set_index("gemeente_code")["confirmation"]
        columns["growth_centre"] = gemeente.map(listed).fillna("not_listed").where(gemeente.notna()).astype("str")
    names = [rows["area_name"]] if "area_name" in rows else []
    for source, each in placed:
        laid = _source_columns(rows, source, each)
        names.append(laid.pop("area_name"))
        columns.update(laid)
    if names:
        columns["area_name"] = _first_of(names)
    if stock is not None:
        position = _positions(rows, stock)
        columns["in_housing_stock"] = pd.Series(position >= 0, index=rows.index)
        columns.update(_take(stock, STOCK_BLOCK.fields, position, rows.index))
    if level != "pc4":
        polygons = polygons_of_rows(rows[_KEY], beside.polygons, beside.crosswalk)
        columns.update({str(name): polygons[name] for name in polygons})
    return columns


def _source_columns(rows: pd.DataFrame, source: SourceTable, placed: Placed) -> _Columns:
    """Return the columns of a table for some rows of the panel."""
    position = _positions(rows, _placed_keys(placed))
    there = position >= 0
    columns = _take(source.frame, source.block.fields, position, rows.index)
    columns[f"in_{source.name}"] = pd.Series(there, index=rows.index)
    join = _taken(placed.rows["join"], position, rows.index)
    for year, codes in placed.overlapping.items():
        mine = ((rows["year"] == year) & rows["area_code"].isin(codes)).to_numpy() & ~there
        join = join.where(~mine, NOT_JOINED)
    columns[f"{source.name}_join"] = join
    columns["area_name"] = _taken(source.frame["area_name"], position, rows.index)
    return columns


def _positions(rows: pd.DataFrame, keys: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return for every row of the panel the row of a table that belongs to it, −1 where none does."""
    kept = keys[_KEY].notna().all(axis=1).to_numpy()
    if not kept.any():
        return np.full(len(rows), -1, dtype=np.int64)
    index = pd.MultiIndex.from_frame(keys.loc[kept, _KEY].astype({"boundary_year": "int64", "year": "int64"}))
    found = index.get_indexer(pd.MultiIndex.from_frame(rows[_KEY]))
    return np.where(found >= 0, np.append(np.flatnonzero(kept), -1)[found], -1).astype(np.int64)


def _take(frame: pd.DataFrame, fields: Sequence[Field], position: npt.NDArray[np.int64], index: pd.Index) -> _Columns:
    """Return columns of a table at some positions; a reason is no_row where there is none."""
    columns = {}
    for name in (field.name for field in fields if field.name in frame.columns):
        taken = _taken(frame[name], position, index)
        columns[name] = taken.mask(position < 0, _NO_ROW) if name.endswith("_missing") else taken
    return columns


def _taken(values: pd.Series, position: npt.NDArray[np.int64], index: pd.Index) -> pd.Series:
    """Return the values at some positions, missing where a position is −1."""
    return pd.Series(values.array.take(position, allow_fill=True), index=index)


def _constant(text: str, index: pd.Index) -> pd.Series:
    """Return a column of one text."""
    return pd.Series(text, index=index, dtype="str")


def _first_of(names: Sequence[pd.Series]) -> pd.Series:
    """Return the first name that every row has."""
    first, *others = names
    for other in others:
        first = first.where(first.notna(), other)
    return first.astype("str")


def _table(contract: Contract, rows: pd.DataFrame, columns: Mapping[str, pd.Series]) -> pa.Table:
    """Return the rows as a table of the contract; what no source gives is missing for want of a row."""
    schema, count = _schema(contract), len(rows)
    number = np.full(count, REASON_DTYPE.categories.get_loc(_NO_ROW), dtype=np.int8)
    no_row = pd.Series(pd.Categorical.from_codes(number, dtype=REASON_DTYPE))
    arrays: list[pa.Array | pa.ChunkedArray] = []
    for field in schema:
        values = columns.get(field.name, rows.get(field.name))
        if values is not None and field.type == pa.float64():
            numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
            arrays.append(pa.array(numbers, type=field.type, from_pandas=True))
        elif field.name.endswith("_missing"):
            arrays.append(_numbered(no_row if values is None else values))
        elif values is not None:
            arrays.append(pa.array(values, type=field.type, from_pandas=True))
        elif field.type == pa.bool_():
            arrays.append(pa.repeat(pa.scalar(False), count))
        else:
            arrays.append(pa.nulls(count, field.type))
    chunked = [pa.chunked_array([array]) if isinstance(array, pa.Array) else array for array in arrays]
    return pa.Table.from_arrays(chunked, schema=schema)


def _schema(contract: Contract) -> pa.Schema:
    """Return the schema of the table in memory: the contract's, with reasons as numbers of texts."""
    return pa.schema([f.with_type(_REASONS) if f.name.endswith("_missing") else f for f in arrow_schema(contract)])


def _numbered(reasons: pd.Series) -> pa.DictionaryArray:
    """Return reasons as numbers in the list of all reasons, and behind it another, which the contract refuses."""
    if reasons.dtype != REASON_DTYPE:
        others = [text for text in reasons.dropna().unique() if text not in REASON_DTYPE.categories]
        reasons = reasons.astype(pd.CategoricalDtype([*REASON_DTYPE.categories, *others[:1]]))
    codes = reasons.cat.codes.to_numpy()
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=codes < 0), pa.array(reasons.cat.categories.tolist(), type=pa.large_string())
    )


def _count_joins(source: SourceTable, rule: str, placed: Placed, main: pd.DataFrame | None) -> pd.DataFrame:
    """Count the rows of a table by year and by how they were joined."""
    met = np.zeros(len(placed.rows), dtype=bool)
    if main is not None and len(main):
        met = _positions(_placed_keys(placed), main) >= 0
    counts = placed.rows.assign(met=met).groupby(["year", "join", "reason"], as_index=False)["met"].agg(["size", "sum"])
    counts = counts.rename(columns={"size": "rows_count", "sum": "with_key_figures_count"})
    return counts.assign(source=source.name, level=source.level, rule=rule)[JOIN_COLUMNS]


def count_stock_joins(rule: str, ledger: pd.DataFrame, table: pa.Table) -> pd.DataFrame:
    """Count the rows of the housing stock by year and by what became of them (`HarmonisedStock.ledger`)."""
    marks = table.select(["year", "in_housing_stock", "in_key_figures"]).to_pandas()
    met = marks[marks["in_housing_stock"] & marks["in_key_figures"]].groupby("year").size()
    kept = ledger.groupby("year", as_index=False)["rows_placed"].sum()
    way = SAME_YEAR if rule == AS_PUBLISHED else HARMONISED_JOIN
    kept = kept.rename(columns={"rows_placed": "rows_count"}).assign(join=way, reason="")
    lost = ledger.groupby(["year", "reason"], as_index=False)["rows_left_out"].sum()
    kept["with_key_figures_count"] = kept["year"].map(met).fillna(0).astype("int64")
    lost = lost.rename(columns={"rows_left_out": "rows_count"}).assign(join=NOT_JOINED, with_key_figures_count=0)
    counts = pd.concat([kept, lost], ignore_index=True)
    counts = counts[counts["rows_count"] > 0]
    return counts.assign(source="housing_stock", level="gemeente", rule=rule)[JOIN_COLUMNS]
