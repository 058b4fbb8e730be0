"""A table's contract: what one row is, and for each column its unit, range, source and meaning.

A table that plainly keeps its contract is passed by a look at its columns; whatever that look does not pass,
pandera judges and explains. The codebook is printed from the same declaration, so they cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as arrow
import pyarrow.compute as pc

from buurteffect.errors import DataError

_DTYPES = {"text": "str", "integer": "int64", "number": "float64", "flag": "bool"}
_PANDAS_DTYPES = {kind: pd.Series(dtype=name).dtype for kind, name in _DTYPES.items()}


@dataclass(frozen=True)
class Field:
    """One column.

    Parameters
    ----------
    name : str
        Column name; it ends in its unit or kind (``_score``, ``_eur``, ``_share``, ``_code``).
    kind : {"text", "integer", "number", "flag"}
        Type of the values; in memory, text that is one of a few choices may be categories.
    unit : str
        Unit, or ``-`` for text and flags.
    meaning : str
        What a value says, in one sentence.
    source : str
        The name that the publisher gives it, or how it was made.
    low, high : float, optional
        Smallest and largest value that can occur.
    choices : tuple of str, optional
        All values that can occur.
    nullable : bool
        Whether a value may be missing.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    source: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    nullable: bool = False


@dataclass(frozen=True)
class Contract:
    """The contract of one table.

    Parameters
    ----------
    name : str
        Name of the table.
    row : str
        What one row is.
    key : tuple of str
        Columns that together name a row once.
    fields : tuple of Field
        All columns, in order.
    """

    name: str
    row: str
    key: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def columns(self) -> list[str]:
        """Column names in order."""
        return [field.name for field in self.fields]

    def check(self, frame: pd.DataFrame, origin: str) -> pd.DataFrame:
        """Return `frame` with its columns in order if it keeps the contract.

        Parameters
        ----------
        frame : DataFrame
            The table.
        origin : str
            Where the table comes from, for the error.

        Raises
        ------
        DataError
            On a missing or unknown column, a wrong type, a value out of range or a repeated key, with the
            first offending row and the count of all.
        """
        columns, known = self.columns, set(self.columns)
        for what, names in (
            ("missing", [c for c in columns if c not in frame.columns]),
            ("unknown", [c for c in frame.columns if c not in known]),
        ):
            if names:
                raise DataError(
                    origin,
                    column=", ".join(map(str, names)),
                    found=f"the column is {what}",
                    expected=f"the columns of table {self.name!r}: {', '.join(columns)}",
                    action="rebuild the table from its raw files (make clean, then make panel)",
                )
        ordered = (frame if list(frame.columns) == columns else frame[columns]).reset_index(drop=True)
        if self._is_kept(ordered):
            return ordered
        import pandera.pandas as pa  # imported on use: it costs more than most reads of a table

        schema = pa.DataFrameSchema(
            {field.name: _pandera_column(pa, field) for field in self.fields}, unique=list(self.key)
        )
        try:
            schema.validate(_as_text(ordered), lazy=True)
        except pa.errors.SchemaErrors as error:
            raise self._explain(error.failure_cases, origin) from None
        return ordered

    def _is_kept(self, ordered: pd.DataFrame) -> bool:
        """Return whether a table keeps the contract beyond doubt; False leaves it to pandera."""
        return (
            ordered.shape[1] == len(self.fields)
            and all(_plainly_holds(ordered[field.name], field) for field in self.fields)
            and not ordered.duplicated(list(self.key)).any()
        )

    def _explain(self, failures: pd.DataFrame, origin: str) -> DataError:
        """Turn pandera's table of failures into the project's error."""
        first = failures.iloc[0]
        row = first["index"]
        return DataError(
            origin,
            line=None if pd.isna(row) else int(row) + 1,
            column=None if pd.isna(first["column"]) else str(first["column"]),
            found=f"{first['failure_case']!r}, and {len(failures) - 1} more that break the contract",
            expected=f"{first['check']} (table {self.name!r}: {self.row})",
            action="rebuild the table from its raw files; if it still fails, the reader let it through: report it",
        )


def codebook(contract: Contract) -> pd.DataFrame:
    """Return the codebook of a table: one row per column, as the contract declares it.

    Examples
    --------
    >>> field = Field("income_eur", "number", "euro", "Mean income.", "INK", low=0)
    >>> codebook(Contract("incomes", "one area", ("income_eur",), (field,)))["range"].item()
    '0 to …'
    """
    return pd.DataFrame(
        {
            "column": [f.name for f in contract.fields],
            "kind": [f.kind for f in contract.fields],
            "unit": [f.unit for f in contract.fields],
            "range": [_range(f) for f in contract.fields],
            "source": [f.source for f in contract.fields],
            "meaning": [f.meaning for f in contract.fields],
        }
    )


def _range(field: Field) -> str:
    """Print the values a field can take."""
    if field.choices:
        return ", ".join(field.choices)
    if field.low is None and field.high is None:
        return "–"
    return f"{'…' if field.low is None else f'{field.low:g}'} to {'…' if field.high is None else f'{field.high:g}'}"


def _as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its columns of categories as the texts that they stand for."""
    return frame.astype({n: "str" for n, dtype in frame.dtypes.items() if isinstance(dtype, pd.CategoricalDtype)})


def _plainly_holds(values: pd.Series, field: Field) -> bool:
    """Return whether a column has exactly the type of its field and no value that the field excludes."""
    if field.kind == "text" and isinstance(values.dtype, pd.CategoricalDtype):
        unknown = [at for at, text in enumerate(values.dtype.categories) if text not in field.choices]
        return not np.isin(values.cat.codes, unknown).any() and (field.nullable or not values.hasnans)
    if values.dtype != _PANDAS_DTYPES[field.kind]:
        return False
    if field.kind == "text":
        if field.low is not None or field.high is not None:
            return False
        texts = arrow.array(values)
        odd = field.choices and not pc.all(pc.is_in(texts, arrow.array([*field.choices, None])), min_count=0).as_py()
        return not odd and (field.nullable or texts.null_count == 0)
    numbers = values.to_numpy()
    missing = np.isnan(numbers) if field.kind == "number" else np.zeros(0, dtype=bool)
    if field.choices or (missing.any() and not field.nullable):
        return False
    low = field.low is not None and bool((numbers < field.low).any())
    return not low and not (field.high is not None and bool((numbers > field.high).any()))


def _pandera_column(pa, field: Field):  # type: ignore[no-untyped-def]
    """Return the pandera column of a field."""
    checks = []
    if field.low is not None:
        checks.append(pa.Check.ge(field.low))
    if field.high is not None:
        checks.append(pa.Check.le(field.high))
    if field.choices:
        checks.append(pa.Check.isin(field.choices))
    return pa.Column(_DTYPES[field.kind], checks, nullable=field.nullable)
