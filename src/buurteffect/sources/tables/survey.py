"""Surveys among residents: one file per table and wave, in the layouts of `schema.survey`."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.contract import Contract
from buurteffect.schema.survey import SURVEY_TABLES, survey_file
from buurteffect.sources.files.rawfile import label_of

_READERS = (".parquet", ".csv")
_NAME = re.compile(r"(?P<table>[a-z]+)_(?P<year>\d{4})")
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
    found: dict[int, Path] = {}
    for path in sorted(item for item in folder.glob(f"{table}_*") if item.suffix.lower() in _READERS):
        match = _NAME.fullmatch(path.stem)
        if match is None or int(match["year"]) in found:
            raise DataError(
                label_of(path),
                found="a name without a year" if match is None else f"a second file of {match['year']}",
                expected=f"one file per wave, such as {survey_file(table, 2012)}",
                action="keep one file per wave, with the year in its name",
            )
        found[int(match["year"])] = path
    if not found:
        raise DataError(
            f"{folder.name}/{table}",
            found="no .parquet or .csv file of this table",
            expected=f"a file such as {survey_file(table, 2012)} in the folder of the survey",
            action="save the survey in the layout that the docs of the project tell, or leave its folder out",
        )
    return found


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
            raise _refusal(origin, contract, field.name, odd, f"a value of kind {field.kind}")
        kinds = {"flag": "bool", "integer": "int64", "number": "float64"}
        columns[field.name] = made.astype(kinds[field.kind])
    return pd.DataFrame(columns)


def _check_values(frame: pd.DataFrame, contract: Contract, origin: str) -> None:
    """Refuse what the contract does not allow, with columns and counts but no value of a respondent."""
    kinds = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}
    for field in contract.fields:
        values = frame[field.name]
        if values.dtype != pd.Series(dtype=kinds[field.kind]).dtype:
            every = pd.Series(True, index=frame.index)
            raise _refusal(origin, contract, field.name, every, f"a column of kind {field.kind}")
        if values.isna().any() and not field.nullable:
            raise _refusal(origin, contract, field.name, values.isna(), "a value in every row")
        if field.choices and not values.dropna().isin(field.choices).all():
            odd = values.notna() & ~values.isin(field.choices)
            raise _refusal(origin, contract, field.name, odd, f"one of {', '.join(field.choices)}")
        if field.low is not None and (values < field.low).any():
            raise _refusal(origin, contract, field.name, values < field.low, f"at least {field.low:g}")
        if field.high is not None and (values > field.high).any():
            raise _refusal(origin, contract, field.name, values > field.high, f"at most {field.high:g}")
    twice = frame.duplicated(list(contract.key))
    if twice.any():
        raise _refusal(origin, contract, ", ".join(contract.key), twice, "every row once")


def _refusal(origin: str, contract: Contract, column: str, odd: pd.Series, expected: str) -> DataError:
    """Return the error of rows that break a contract; it shows no value."""
    return DataError(
        origin,
        line=int(odd.to_numpy().argmax()) + 1,
        column=column,
        found=f"something else in {int(odd.sum()):,} rows, the first of them this",
        expected=f"{expected} (table {contract.name!r}: {contract.row})",
        action="correct the survey's file; this project shows no answer of it",
    )
