"""Surveys among residents: one file per table and wave, in the layouts of `schema.survey`."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.contract import Contract
from buurteffect.schema.survey import SURVEY_TABLES, survey_file
from buurteffect.sources.files.rawfile import label_of
from buurteffect.sources.tables.yearly_files import files_by_year, refuse_values, withheld_error

_NAME = re.compile(r"(?P<table>[a-z]+)_(?P<year>\d{4})")
_KINDS = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}
_TRUE_FALSE = {"true": True, "false": False, "1": True, "0": False}


def survey_paths(folder: Path, table: str) -> dict[int, Path]:
    """Return the files of one table of a survey by wave.

    Parameters
    ----------
    folder : Path
        Folder of the survey.
    table : {"answers", "ties", "households", "adults"}
        Which table.

    Raises
    ------
    DataError
        If there is no file of the table, or two are of one wave.
    """
    return files_by_year(
        folder.glob(f"{table}_*"),
        lambda stem: int(match["year"]) if (match := _NAME.fullmatch(stem)) else None,
        f"{folder.name}/{table}",
        label_of,
        survey_file(table, 2012),
    )


def read_survey_table(folder: Path, table: str) -> pd.DataFrame:
    """Read all waves of one table of a survey.

    Parameters
    ----------
    folder : Path
        Folder of the survey.
    table : {"answers", "ties", "households", "adults"}
        Which table.

    Returns
    -------
    DataFrame
        Table `schema.survey.SURVEY_TABLES[table]`, waves in order.

    Raises
    ------
    DataError
        If there is no such table or file, a column is missing or unknown, a wave holds another year than its name
        says, or a value breaks the contract. No value of a respondent is named.
    """
    if table not in SURVEY_TABLES:
        raise DataError(
            table,
            found="a table that surveys do not have here",
            expected=f"one of {', '.join(SURVEY_TABLES)}",
            action="choose one of these",
        )
    contract = SURVEY_TABLES[table]
    paths = survey_paths(folder, table)
    return pd.concat([_read_wave(paths[year], year, contract) for year in sorted(paths)], ignore_index=True)


def _read_wave(path: Path, year: int, contract: Contract) -> pd.DataFrame:
    """Read and check one wave."""
    origin = label_of(path)
    frame = _read_file(path, origin)
    lacking = [name for name in contract.columns if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in contract.columns]
    if lacking or unknown:
        raise DataError(
            origin,
            column=", ".join(lacking or unknown),
            found=f"the column is {'missing' if lacking else 'unknown'}",
            expected=f"the columns of table {contract.name!r}: {', '.join(contract.columns)}",
            action="name the columns of the survey as the layout has them, and leave out what it does not have",
        )
    frame = frame[contract.columns]
    if path.suffix.lower() == ".csv":
        frame = _typed(frame, contract, origin)
    _check_values(frame, contract, origin)
    other = frame["year"] != year
    if other.any():
        raise DataError(
            origin,
            line=int(other.to_numpy().argmax()) + 1,
            column="year",
            found=f"another year than that of the file's name in {int(other.sum()):,} rows",
            expected=f"{year} in every row",
            action="put every wave in a file of its own year",
        )
    return frame


def _read_file(path: Path, origin: str) -> pd.DataFrame:
    """Read a file as it is; of a CSV every value as text."""
    try:
        if path.suffix.lower() == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    except (OSError, ValueError) as error:
        raise DataError(
            origin,
            found=f"a file that cannot be read ({type(error).__name__})",
            expected="parquet, or comma-separated text in UTF-8",
            action="save the wave again from the program that holds the survey",
        ) from None


def _typed(frame: pd.DataFrame, contract: Contract, origin: str) -> pd.DataFrame:
    """Return texts as the kinds that the contract asks for."""
    columns = {}
    for field in contract.fields:
        values = frame[field.name]
        if field.kind == "text":
            columns[field.name] = values
            continue
        flag = field.kind == "flag"
        made = values.str.lower().map(_TRUE_FALSE) if flag else pd.to_numeric(values, errors="coerce")
        odd = made.isna() & (values.notna() if field.nullable else True)
        if field.kind == "integer":
            odd |= made.notna() & (made % 1 != 0)
        if odd.any():
            raise withheld_error(origin, contract, field.name, odd, f"a value of kind {field.kind}")
        columns[field.name] = made.astype(_KINDS[field.kind])
    return pd.DataFrame(columns)


def _check_values(frame: pd.DataFrame, contract: Contract, origin: str) -> None:
    """Refuse what the contract does not allow, with columns and counts but no value of a respondent."""
    for field in contract.fields:
        if frame[field.name].dtype != pd.Series(dtype=_KINDS[field.kind]).dtype:
            every = pd.Series(True, index=frame.index)
            raise withheld_error(origin, contract, field.name, every, f"a column of kind {field.kind}")
    refuse_values(frame, contract, origin)
    twice = frame.duplicated(list(contract.key))
    if twice.any():
        raise withheld_error(origin, contract, ", ".join(contract.key), twice, "every row once")
