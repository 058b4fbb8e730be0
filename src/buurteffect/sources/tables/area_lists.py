"""Lists of places that a policy named: growth centres (groeikernen), and the focus areas of NPLV.

Both come from public sources that do not agree in everything, and each keeps what it says about its own certainty.
The list of growth centres is disputed: 15, 16 or 18 places are named, and this one is read as it is.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.schema.contract import Contract
from buurteffect.schema.projects import FOCUS_AREAS, GROWTH_CENTRES
from buurteffect.sources.fields.area_code import check_codes
from buurteffect.sources.files.columns import check_columns
from buurteffect.sources.files.delimited import Records
from buurteffect.sources.files.rawfile import label_of, read_bytes, shown
from buurteffect.sources.spreadsheets.saved_again import read_saved, whole_codes

_STATUSES = {"confirmed in public sources": "confirmed", "confirmed": "confirmed", "unconfirmed": "unconfirmed"}
_CODE_COLUMN = re.compile(r"gm_code_((?:19|20)[0-9]{2})")
_CODE_COLUMNS = tuple(f"gm_code_{year}" for year in range(1995, 2101))
_MEND = "mend the line in the list, or put back the list as it was"


@dataclass(frozen=True, eq=False)
class AreaList:
    """A list of places, read and checked.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.projects.GROWTH_CENTRES` or `schema.projects.FOCUS_AREAS`.
    origin, sha256 : str
        The file's name, and the hash of its bytes.
    rows_count : int
        Its rows, all of which are in the frame.
    notes : tuple of str
        What another program did to the file.
    """

    frame: pd.DataFrame
    origin: str
    sha256: str
    rows_count: int
    notes: tuple[str, ...] = ()


def read_growth_centres(path: Path) -> AreaList:
    """Read a list of growth centres with the columns ``place``, ``gm_code`` and ``status``.

    Raises
    ------
    DataError
        If the file is missing or damaged; if a column is missing, doubled or unknown; if a code is none or is
        repeated; if a name is empty; or if a status is not known. It names line and column.
    """
    columns = ("place", "gm_code", "status")
    records, sha256, notes = _records(path, columns)
    check_columns(records.header, columns, records.lines.origin)
    codes = _gemeenten(records, "gm_code")
    records.lines.refuse_twins([(code,) for code in codes], column="gm_code", expected="every place once", action=_MEND)
    statuses = records.column("status")
    records.lines.refuse(
        [status not in _STATUSES for status in statuses],
        lambda row: f"the status {shown(statuses[row])}",
        column="status",
        expected=f"one of {', '.join(map(repr, _STATUSES))}",
        action=_MEND,
    )
    frame = pd.DataFrame(
        {
            "gemeente_code": codes,
            "place": _names(records, "place"),
            "confirmation": pd.Series([_STATUSES[status] for status in statuses], dtype="str"),
            "status": pd.Series(statuses, dtype="str"),
        }
    )
    return _list(frame, GROWTH_CENTRES, records, sha256, notes)


def read_focus_areas(path: Path) -> AreaList:
    """Read a list of focus areas: ``gm_code_2016`` (or another year), ``gemeente``, ``focus_area`` and ``source``.

    The file names its source and no more, so its entries are unconfirmed.

    Raises
    ------
    DataError
        If the file is missing or damaged; if a column is missing, doubled or unknown; if a code is none; if a name
        or source is empty; or if a gemeente has an area twice, or two names. It names line and column.
    """
    records, sha256, notes = _records(path, (*_CODE_COLUMNS, "gemeente", "focus_area", "source"))
    origin = records.lines.origin
    column = next((name for name in records.header if _CODE_COLUMN.fullmatch(name)), "gm_code_2016")
    check_columns(records.header, (column, "gemeente", "focus_area", "source"), origin)
    codes, gemeenten, areas = _gemeenten(records, column), _names(records, "gemeente"), _names(records, "focus_area")
    twins = list(zip(codes, areas, strict=True))
    records.lines.refuse_twins(twins, column="focus_area", expected="every area of a gemeente once", action=_MEND)
    first: dict[str, str] = {}
    records.lines.refuse(
        [first.setdefault(code, name) != name for code, name in zip(codes, gemeenten, strict=True)],
        lambda row: f"the name {shown(gemeenten[row])} for {codes[row]}, which was {shown(first[codes[row]])} before",
        column="gemeente",
        expected="one name for one code",
        action=_MEND,
    )
    match = _CODE_COLUMN.fullmatch(column)
    frame = pd.DataFrame(
        {
            "gemeente_code": codes,
            "code_year": pd.Series([int(match[1]) if match else 0] * len(codes), dtype="int64"),
            "gemeente_name": gemeenten,
            "focus_area": areas,
            "confirmation": pd.Series(["unconfirmed"] * len(codes), dtype="str"),
            "source": _names(records, "source"),
        }
    )
    return _list(frame, FOCUS_AREAS, records, sha256, notes)


def _records(path: Path, known: tuple[str, ...]) -> tuple[Records, str, tuple[str, ...]]:
    """Return the records of a list, the hash of its bytes, and what another program did to it."""
    data = read_bytes(path)
    saved = read_saved(data, label_of(path), known)
    return saved.records, hashlib.sha256(data).hexdigest(), saved.notes


def _gemeenten(records: Records, column: str) -> pd.Series:
    """Return the codes of gemeenten of a column."""
    codes = pd.Series(whole_codes(records.column(column), "gemeente", column, records.lines), dtype="str")
    check_codes(codes, "gemeente", records.lines, column)
    return codes


def _names(records: Records, column: str) -> pd.Series:
    """Return the texts of a column, none of them empty."""
    texts = records.column(column)
    records.lines.refuse([not text for text in texts], lambda _: "an empty field", column=column, expected="a text")
    return pd.Series(texts, dtype="str")


def _list(frame: pd.DataFrame, contract: Contract, records: Records, sha256: str, notes: tuple[str, ...]) -> AreaList:
    """Return a list that keeps its contract."""
    checked = contract.check(frame, records.lines.origin)
    return AreaList(checked, records.lines.origin, sha256, len(checked), notes)
