"""The codebook of a deposit: every variable of every data file, made from the contracts.

The panel's columns have contracts with unit, range and meaning. A column of results has its line in
``schema/result_columns.csv``, unless it is one of the contracts'; a column that has neither stops the deposit.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from pathlib import PurePosixPath
from typing import Any

import pandas as pd

from buurteffect.errors import UndescribedError
from buurteffect.pipeline.deposit.outputs import DATA
from buurteffect.schema import Field, panel_contract
from buurteffect.schema.panel import BLOCKS, PANEL_LEVELS, RESOLVED_PROJECTS
from buurteffect.schema.projects import FOCUS_AREAS

_KINDS = {"text": "string", "integer": "integer", "number": "number", "flag": "boolean", "unknown": "any"}
_FEW = 12
COLUMNS = ("file", "variable", "type", "unit", "meaning", "values", "rows", "missing")


@dataclass(frozen=True)
class Variable(Field):
    """One column of a data file.

    Attributes
    ----------
    declared : bool
        Whether range and choices are a promise of a contract, or only what was found.
    missing_count : int
        Rows without a value.
    """

    declared: bool = False
    missing_count: int = 0

    @property
    def type(self) -> str:
        """Its type in the words of Frictionless."""
        return _KINDS[self.kind]

    @property
    def values(self) -> str:
        """The values that can occur, or that do, as words."""
        if self.choices:
            return "; ".join(self.choices)
        ends = ["" if end is None else f"{end:g}" for end in (self.low, self.high)]
        return f"{ends[0]} to {ends[1]}" if any(ends) else ""

    @property
    def as_field(self) -> dict[str, Any]:
        """The column as a field of a Frictionless schema."""
        entry: dict[str, Any] = {"name": self.name, "type": self.type, "description": self._described}
        limits: dict[str, Any] = {}
        if self.declared and self.choices and self.type == "string":
            limits["enum"] = list(self.choices)
        if self.declared and self.type in ("integer", "number"):
            limits |= {} if self.low is None else {"minimum": _plain(self.low)}
            limits |= {} if self.high is None else {"maximum": _plain(self.high)}
        return entry | ({"constraints": limits} if limits else {})

    @property
    def _described(self) -> str:
        """The meaning, with the unit."""
        return self.meaning if self.unit in ("-", "") else f"{self.meaning.rstrip('.')} (unit: {self.unit})."


@dataclass(frozen=True)
class Table:
    """One data file: its path, what one row is, the columns that name a row once, its columns and number of rows."""

    path: str
    row: str
    key: tuple[str, ...]
    variables: tuple[Variable, ...]
    rows_count: int
    missing: dict[str, str] = field(default_factory=dict)


def tables_of(files: Mapping[str, bytes]) -> list[Table]:
    """Return every CSV file among the files of a deposit (content by path), with its columns described.

    Raises
    ------
    UndescribedError
        If a column is described nowhere; all such columns are named.
    """
    described, tables = described_columns(), []
    unknown: dict[str, str] = {}
    contracts = {f"{DATA}/{level}.csv": panel_contract(level) for level in PANEL_LEVELS}
    contracts[f"{DATA}/projects.csv"] = RESOLVED_PROJECTS
    for path, content in sorted(files.items()):
        if PurePosixPath(path).suffix != ".csv":
            continue
        frame = _read(content)
        contract = contracts.get(path)
        fields = {each.name: each for each in contract.fields} if contract else {}
        own = _as_in_file(path, described)
        lacking = [str(name) for name in frame.columns if name not in fields and name not in own]
        unknown |= {name: path for name in lacking if name not in unknown}
        if not lacking:
            columns = tuple(
                _declared(frame[name], fields[name]) if name in fields else _found(frame[name], own[name])
                for name in frame.columns
            )
            row = f"one row is {contract.row}" if contract else "one row per line of the table"
            tables.append(Table(path, row, contract.key if contract else (), columns, len(frame)))
    if unknown:
        raise UndescribedError(
            "the codebook does not say what these variables mean:\n"
            + "\n".join(f"  {name} ({path})" for name, path in sorted(unknown.items()))
            + "\n  to do: give each a line in src/buurteffect/schema/result_columns.csv"
        )
    return tables


def described_columns() -> dict[str, Field]:
    """Return every column of results by its name; after the name of a file and a colon, as it is in that file."""
    shared = [field for block in BLOCKS for field in block.fields] + list(FOCUS_AREAS.fields)
    table = _contract_table("result_columns.csv")
    own = [Field(row.column, "unknown", row.unit, row.meaning, "made") for row in table.itertuples()]
    return {field.name: field for field in (*reversed(shared), *own)}


def codebook_of(tables: Iterable[Table], results: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Return the codebook: one row per variable of each file, then per key of the results with its type and meaning."""
    rows: list[tuple[object, ...]] = [
        (t.path, v.name, v.type, v.unit, v.meaning, v.values, t.rows_count, v.missing_count)
        for t in tables
        for v in t.variables
    ]
    rows += [("outputs/results/*.json", key, kind, "-", meaning, "", "", "") for key, kind, meaning in results]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def results_keys(found: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return key, type and meaning of what results hold.

    Raises
    ------
    UndescribedError
        If results hold a key that is described nowhere.
    """
    table = _contract_table("result_keys.csv")
    unknown = sorted(set(found) - {key.split(".")[0] for key in table["key"]})
    if unknown:
        raise UndescribedError(
            f"results hold {', '.join(unknown)}, which the codebook does not know\n"
            "  to do: give each a line in src/buurteffect/schema/result_keys.csv"
        )
    return [(row.key, row.type, row.meaning) for row in table.itertuples()]


def _contract_table(name: str) -> pd.DataFrame:
    """Return a table of the schema that describes results."""
    text = (resources.files("buurteffect.schema") / name).read_text(encoding="utf-8")
    return pd.read_csv(io.StringIO(text), keep_default_na=False)


def _as_in_file(path: str, described: Mapping[str, Field]) -> dict[str, Field]:
    """Return the columns as they hold in one file: those given for it before those given for all."""
    before = f"{PurePosixPath(path).name}:"
    own = {name.removeprefix(before): entry for name, entry in described.items() if name.startswith(before)}
    return {**described, **own}


def _read(content: bytes) -> pd.DataFrame:
    """Read a CSV file; nothing but an empty field is a missing value."""
    return pd.read_csv(io.BytesIO(content), keep_default_na=False, na_values=[""], low_memory=False)


def _declared(values: pd.Series, declared: Field) -> Variable:
    """Return a column that has a contract."""
    return Variable(**vars(declared), declared=True, missing_count=int(values.isna().sum()))


def _found(values: pd.Series, described: Field) -> Variable:
    """Return a column that has none: its type and values are those that are found."""
    there, missing = values.dropna(), int(values.isna().sum())
    found = Variable(str(values.name), "unknown", described.unit, described.meaning, "", missing_count=missing)
    if there.empty:
        return found
    if pd.api.types.is_bool_dtype(values):
        return replace(found, kind="flag")
    if pd.api.types.is_numeric_dtype(values):
        kind = "integer" if pd.api.types.is_integer_dtype(values) else "number"
        low, high = (end if math.isfinite(end) else None for end in (float(there.min()), float(there.max())))
        return replace(found, kind=kind, low=low, high=high)
    texts = there.astype(str)
    few = tuple(sorted(texts.unique())) if texts.nunique() <= _FEW else ()
    return replace(found, kind="flag" if set(texts) <= {"True", "False"} else "text", choices=few)


def _plain(value: float) -> float | int:
    """Return a whole number as an integer, as JSON writes it."""
    return int(value) if float(value).is_integer() else value
