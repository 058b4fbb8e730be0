"""A contract held to an Arrow table: for tables that are too large to check value by value."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from buurteffect.errors import DataError
from buurteffect.schema.contract import Contract, Field

_TYPES = {"text": pa.large_string(), "integer": pa.int64(), "number": pa.float64(), "flag": pa.bool_()}


def arrow_schema(contract: Contract) -> pa.Schema:
    """Return the Arrow schema of a contract's table."""
    return pa.schema([pa.field(f.name, _TYPES[f.kind], nullable=f.nullable) for f in contract.fields])


def check_table(table: pa.Table, contract: Contract, origin: str) -> pa.Table:
    """Return a table if it keeps its contract: columns, types, ranges, choices, missing values and key.

    Parameters
    ----------
    table : pyarrow.Table
        The table; missing values are nulls. Text may be numbered by a dictionary.
    contract : Contract
        What it must keep.
    origin : str
        Where the table comes from, for the error.

    Raises
    ------
    DataError
        With the first column that breaks the contract, and what was found in it.
    """
    schema = arrow_schema(contract)
    if table.schema.names != schema.names or not all(map(_holds, table.schema.types, schema.types)):
        odd = [name for name in table.schema.names if name not in schema.names]
        absent = [name for name in schema.names if name not in table.schema.names]
        found = f"columns that are unknown ({', '.join(odd)}) or missing ({', '.join(absent)}), or of another type"
        raise _error(contract, origin, None, found, "the columns of the contract in their order")
    for field in contract.fields:
        _check_column(table.column(field.name), field, contract, origin)
    keys = table.select(list(contract.key)).to_pandas()
    doubled = keys.duplicated()
    if doubled.any():
        first = " ".join(str(value) for value in keys[doubled].iloc[0])
        found = f"{first} twice, and {int(doubled.sum()) - 1:,} more rows that repeat"
        raise _error(contract, origin, ", ".join(contract.key), found, contract.row)
    return table


def _holds(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Return whether a type holds what another does; text may have short offsets or a dictionary."""
    if pa.types.is_dictionary(found):
        found = found.value_type
    return bool(found == wanted or (pa.types.is_string(found) and pa.types.is_large_string(wanted)))


def _check_column(column: pa.ChunkedArray, field: Field, contract: Contract, origin: str) -> None:
    """Refuse missing values, values out of range and values that are none of the choices."""
    if column.null_count and not field.nullable:
        raise _error(contract, origin, field.name, f"{column.null_count:,} missing values", "a value in every row")
    if field.low is not None or field.high is not None:
        ends = pc.min_max(column).as_py()
        low, high = ends["min"], ends["max"]
        if low is not None and (
            (field.low is not None and low < field.low) or (field.high is not None and high > field.high)
        ):
            expected = f"{'…' if field.low is None else field.low} to {'…' if field.high is None else field.high}"
            raise _error(contract, origin, field.name, f"values from {low} to {high}", expected)
    if field.choices:
        odd = [value for value in pc.unique(column).to_pylist() if value is not None and value not in field.choices]
        if odd:
            raise _error(contract, origin, field.name, repr(odd[0])[:60], ", ".join(field.choices))


def _error(contract: Contract, origin: str, column: str | None, found: str, expected: str) -> DataError:
    """Return the error for a table that breaks its contract."""
    return DataError(
        origin,
        column=column,
        found=f"{found}, which break the contract",
        expected=f"{expected} (table {contract.name!r})",
        action="rebuild the table from its raw files; if it still fails, the reader let it through: report it",
    )
