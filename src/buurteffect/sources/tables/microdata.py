"""Register extracts for persons, as researchers place them inside the closed environment of CBS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import microdata as schema
from buurteffect.schema.contract import Contract

_READERS = (".parquet", ".csv")
_YEAR = re.compile(r"\d{4}")


def extract_paths(folder: Path, name: str) -> dict[int, Path]:
    """Return the files of one extract by the year in their name.

    Parameters
    ----------
    folder : Path
        Folder of the extracts, with a folder per extract.
    name : str
        Name of the extract, such as ``INHATAB``.

    Raises
    ------
    DataError
        If there is no file of the extract, a file's name has no year, or two have the same.
    """
    found: dict[int, Path] = {}
    for path in sorted(item for item in (folder / name).glob("*") if item.suffix.lower() in _READERS):
        years = _YEAR.findall(path.stem)
        if len(years) != 1 or int(years[0]) in found:
            raise DataError(
                f"{name}/{path.name}",
                found="a name without a single year" if len(years) != 1 else f"a second file for {years[0]}",
                expected=f"one file per year, such as {schema.extract_file(name, 2012)}",
                action="keep one file per year, with the year in its name",
            )
        found[int(years[0])] = path
    if not found:
        raise DataError(
            name,
            found="no .parquet or .csv file of this extract",
            expected=f"a file such as {schema.extract_file(name, 2012)} in the folder of the extracts",
            action="place the extract there; .sav files have to be saved as parquet or csv first",
        )
    return found


def read_extract(folder: Path, name: str, year: int | None = None, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Read one file of one extract.

    Parameters
    ----------
    folder : Path
        Folder of the extracts, with a folder per extract.
    name : str
        Name of the extract, such as ``GBAADRESOBJECTBUS``.
    year : int, optional
        Year in the file's name; by default the latest.
    columns : sequence of str
        Columns that are wanted; by default all of the contract. Other columns of the file are not read.

    Returns
    -------
    DataFrame
        The rows of `schema.microdata`'s contract of the extract: as they are, with text as text.

    Raises
    ------
    DataError
        If there is no such file, a column is missing, or a value is missing, of another type or not among those that
        the contract lists. No value of a row is named.
    """
    paths = extract_paths(folder, name)
    chosen = max(paths) if year is None else year
    if chosen not in paths:
        raise DataError(
            name,
            found=f"files of {', '.join(map(str, sorted(paths)))}",
            expected=f"a file of {chosen}",
            action="place the extract of that year, or choose another year",
        )
    path, origin = paths[chosen], f"{name}/{paths[chosen].name}"
    contract = _contract(name, path)
    wanted = list(columns) or contract.columns
    frame = _read(path, origin, contract, wanted)
    _check_values(frame, contract, origin)
    return frame


def _contract(name: str, path: Path) -> Contract:
    """Return the contract of an extract; that of the areas of dwellings has the years of its file."""
    contracts = {each.name: each for each in (*schema.YEARLY_EXTRACTS, *schema.LASTING_EXTRACTS)}
    if name in contracts:
        return contracts[name]
    if name != "VSLGWBTAB":
        raise DataError(
            name,
            found="an extract that this project does not know",
            expected=f"one of {', '.join([*contracts, 'VSLGWBTAB'])}",
            action="choose one of these",
        )
    return schema.vslgwbtab(sorted({int(c[2:]) for c in _columns_of(path) if re.fullmatch(r"bc\d{4}", c)}))


def _columns_of(path: Path) -> list[str]:
    """Return the columns of a file without reading its rows."""
    if path.suffix.lower() == ".parquet":
        import pyarrow.parquet as pq

        return list(pq.read_schema(path).names)
    return list(pd.read_csv(path, nrows=0).columns)


def _read(path: Path, origin: str, contract: Contract, wanted: list[str]) -> pd.DataFrame:
    """Read the wanted columns; text stays text, so that a code keeps its zeros."""
    there = _columns_of(path)
    missing = [name for name in wanted if name not in there]
    if missing:
        raise DataError(
            origin,
            column=", ".join(missing),
            found=f"columns {', '.join(there)}",
            expected=f"the columns of {contract.name}: {', '.join(contract.columns)}",
            action="rename the column, or extract it as well",
        )
    if path.suffix.lower() == ".parquet":
        return pd.read_parquet(path, columns=wanted)
    texts = {field.name: "str" for field in contract.fields if field.kind == "text"}
    return pd.read_csv(path, usecols=wanted, dtype=texts, keep_default_na=False, na_values=[""])[wanted]


def _check_values(frame: pd.DataFrame, contract: Contract, origin: str) -> None:
    """Refuse what the contract does not allow, naming columns and counts but no value of a person."""
    fields = {field.name: field for field in contract.fields}
    for name in frame.columns:
        field, values = fields[name], frame[name]
        problem = None
        if values.isna().any() and not field.nullable:
            problem, expected = values.isna(), "a value in every row"
        elif field.choices and not values.dropna().isin(field.choices).all():
            problem, expected = values.notna() & ~values.isin(field.choices), f"one of {', '.join(field.choices)}"
        elif field.kind in ("integer", "number"):
            if not pd.api.types.is_numeric_dtype(values):
                problem, expected = values.notna(), "numbers"
            elif field.low is not None and (values < field.low).any():
                problem, expected = values < field.low, f"at least {field.low:g}"
        if problem is not None:
            raise DataError(
                origin,
                line=int(problem.to_numpy().argmax()) + 1,
                column=name,
                found=f"something else in {int(problem.sum()):,} rows, the first of them this",
                expected=f"{expected} ({contract.name}: {contract.row})",
                action="correct the extract; this project shows no value of it",
            )
