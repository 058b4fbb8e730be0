"""Register extracts for persons, as researchers place them inside the closed environment of CBS."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema import microdata as schema
from buurteffect.schema.contract import Contract
from buurteffect.sources.tables.yearly_files import files_by_year, refuse_values

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
    return files_by_year(
        (folder / name).glob("*"),
        lambda stem: int(found[0]) if len(found := _YEAR.findall(stem)) == 1 else None,
        name,
        lambda path: f"{name}/{path.name}",
        schema.extract_file(name, 2012),
    )


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
    refuse_values(frame, contract, origin)
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
