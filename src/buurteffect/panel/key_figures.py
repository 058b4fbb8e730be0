"""The key figures of a folder of raw files: every table in every year, and no area twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from buurteffect.sources import KwbFile, has_key_figures, read_key_figures

_KEY = ["area_code", "year"]
_NAMES = ["area_name", "gemeente_name"]


@dataclass(frozen=True)
class FoundKeyFigures:
    """What the folders of key figures hold.

    Attributes
    ----------
    files : list of KwbFile
        One per table and year.
    passed_over : list of (file, reason)
        Files that hold no table, describe one, or have key figures where they are not looked for.
    """

    files: list[KwbFile]
    passed_over: list[tuple[str, str]]


def find_key_figures(raw: Path) -> FoundKeyFigures:
    """Read every table in the folders ``kwb…`` of a folder of raw files.

    A row that another file has too, with the same figures (an export of one gemeente has the country's as well), is
    taken once. The GeoPackage of boundaries may hold key figures; it is named, not read.

    Raises
    ------
    DataError
        As `read_key_figures`.
    """
    files: list[KwbFile] = []
    passed_over: list[tuple[str, str]] = []
    for folder in sorted(item for item in raw.glob("*") if item.is_dir() and item.name.casefold().startswith("kwb")):
        found = read_key_figures(folder)
        files += found.files
        passed_over += found.passed_over
    for path in sorted((raw / "boundaries").glob("*")):
        if path.suffix.lower() == ".gpkg" and path.is_file() and has_key_figures(path):
            reason = "its key figures are not read from here; put a copy of it into the folder kwb to use them"
            passed_over.append((f"boundaries/{path.name}", reason))
    return FoundKeyFigures(_each_once(files), passed_over)


def _each_once(files: list[KwbFile]) -> list[KwbFile]:
    """Return files without the rows that an earlier one has with the same figures."""
    seen: dict[tuple[str, int], tuple[str, str]] = {}
    kept = []
    for file in files:
        keys = list(zip(file.frame["area_code"], file.frame["year"], strict=True))
        met = [at for at, key in enumerate(keys) if key in seen]
        if met or len(files) > 1:
            figures = pd.util.hash_pandas_object(file.frame.drop(columns=_NAMES), index=False).tolist()
            again = {at for at in met if seen[keys[at]][1] == str(figures[at])}
            others = sorted({seen[keys[at]][0] for at in again})
            seen |= {key: (file.origin, str(figures[at])) for at, key in enumerate(keys) if key not in seen}
            if again:
                file = _without(file, again, others)
        kept.append(file)
    return kept


def _without(file: KwbFile, rows: set[int], others: list[str]) -> KwbFile:
    """Return a file without rows that other files give as well."""
    frame = file.frame.drop(index=file.frame.index[sorted(rows)]).reset_index(drop=True)
    left_out = (*file.ledger.left_out, (f"the same figures as in {', '.join(others)}", len(rows)))
    return replace(file, frame=frame, ledger=replace(file.ledger, rows_out=len(frame), left_out=left_out))
