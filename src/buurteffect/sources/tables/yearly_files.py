"""Files of one table by year, parquet or CSV, and what is refused of their values without showing any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.contract import Contract, Field

READERS = (".parquet", ".csv")


def files_by_year(
    paths: Iterable[Path], year_of: Callable[[str], int | None], origin: str, label: Callable[[Path], str], example: str
) -> dict[int, Path]:
    """Return the files of a table by the year in their name.

    Parameters
    ----------
    paths : iterable of Path
        Files that may be of the table; only those of `READERS` are.
    year_of : callable
        Returns the year that the stem of a file's name says, or None.
    origin, label : str, callable
        What the table, and one of its files, is called in errors.
    example : str
        Name that such a file has.

    Raises
    ------
    DataError
        If there is no file, a name says no year, or two say the same.
    """
    found: dict[int, Path] = {}
    for path in sorted(path for path in paths if path.suffix.lower() in READERS):
        year = year_of(path.stem)
        if year is None or year in found:
            raise DataError(
                label(path),
                found="a name without a single year" if year is None else f"a second file of {year}",
                expected=f"one file per year, such as {example}",
                action="keep one file per year, with the year in its name",
            )
        found[year] = path
    if not found:
        raise DataError(
            origin,
            found="no .parquet or .csv file of this table",
            expected=f"a file such as {example} in its folder",
            action="put the file there, saved as parquet or CSV, or leave the folder out",
        )
    return found


def refuse_values(frame: pd.DataFrame, contract: Contract, origin: str) -> None:
    """Refuse missing values, values out of range and values that are none of the choices of a contract.

    Raises
    ------
    DataError
        With the column, the first row and the count of all, but no value: they are of persons.
    """
    for field in contract.fields:
        if field.name in frame.columns:
            for odd, expected in _problems(frame[field.name], field):
                if odd.any():
                    raise withheld_error(origin, contract, field.name, odd, expected)


def _problems(values: pd.Series, field: Field) -> Iterable[tuple[pd.Series, str]]:
    """Yield which values a field does not allow, and what it allows."""
    if not field.nullable:
        yield values.isna(), "a value in every row"
    if field.choices:
        yield values.notna() & ~values.isin(field.choices), f"one of {', '.join(field.choices)}"
    if field.kind in ("integer", "number"):
        if not pd.api.types.is_numeric_dtype(values):
            yield values.notna(), "numbers"
        if field.low is not None:
            yield values < field.low, f"at least {field.low:g}"
        if field.high is not None:
            yield values > field.high, f"at most {field.high:g}"


def withheld_error(origin: str, contract: Contract, column: str, odd: pd.Series, expected: str) -> DataError:
    """Return the error of rows that break a contract; it shows no value."""
    return DataError(
        origin,
        line=int(odd.to_numpy().argmax()) + 1,
        column=column,
        found=f"something else in {int(odd.sum()):,} rows, the first of them this",
        expected=f"{expected} (table {contract.name!r}: {contract.row})",
        action="correct the file; this project shows no value of it",
    )
