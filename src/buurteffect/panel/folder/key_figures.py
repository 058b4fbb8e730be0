"""The key figures of a folder of raw files: every table in every year, and no area twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from buurteffect.panel.folder.contents import named_below
from buurteffect.sources import KwbFile, has_key_figures, read_key_figures, refuse_same_bytes

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
        As `read_key_figures`, and if two files hold the same bytes.
    """
    files: list[KwbFile] = []
    passed_over: list[tuple[str, str]] = []
    taken: set[str] = set()
    for folder in sorted(item for item in raw.glob("*") if item.is_dir() and item.name.casefold().startswith("kwb")):
        with named_below(folder, raw):
            found = read_key_figures(folder)
        files += [_in_folder(folder.name, file) if file.source in taken else file for file in found.files]
        taken |= {file.source for file in found.files}
        passed_over += found.passed_over
    refuse_same_bytes(dict.fromkeys((file.source, file.sha256) for file in files))
    files, twice = _each_once(files)
    read = {PurePosixPath(file.source).name for file in files}
    for path in sorted((raw / "boundaries").glob("*")):
        if path.name not in read and path.suffix.lower() == ".gpkg" and path.is_file() and has_key_figures(path):
            reason = "its key figures are not read from here; put a copy of it into the folder kwb to use them"
            passed_over.append((f"boundaries/{path.name}", reason))
    return FoundKeyFigures(files, [*passed_over, *twice])


def _in_folder(folder: str, file: KwbFile) -> KwbFile:
    """Return a file that is called by its folder too, since another folder has one of the same name."""
    return replace(file, origin=f"{folder}/{file.origin}", source=f"{folder}/{file.source}")


def _each_once(files: list[KwbFile]) -> tuple[list[KwbFile], list[tuple[str, str]]]:
    """Return files without the rows that an earlier one has with the same figures, and those that have no other."""
    if not files:
        return [], []
    several = pd.concat([file.frame[_KEY] for file in files]).duplicated(keep=False).to_numpy()
    if not several.any():
        return files, []
    seen: dict[tuple[str, int], tuple[int, int]] = {}
    kept, twice = [], []
    masks = np.split(several, np.cumsum([len(file.frame) for file in files])[:-1])
    for number, (file, met) in enumerate(zip(files, masks, strict=True)):
        rows = file.frame[met]
        keys = list(zip(rows["area_code"], rows["year"], strict=True))
        figures = pd.util.hash_pandas_object(rows.drop(columns=_NAMES), index=False).tolist()
        again = [seen.setdefault(key, (number, hashed)) for key, hashed in zip(keys, figures, strict=True)]
        same = [
            at
            for at, (first, hashed), own in zip(rows.index, again, figures, strict=True)
            if hashed == own and first != number
        ]
        others = ", ".join(sorted({files[first].origin for first, _ in again if first != number}))
        if same and len(same) == len(file.frame):
            twice.append((file.origin, f"the same figures as in {others}"))
        else:
            kept.append(_without(file, same, others) if same else file)
    return kept, twice


def _without(file: KwbFile, rows: list[int], others: str) -> KwbFile:
    """Return a file without rows that other files give as well."""
    frame = file.frame.drop(index=rows).reset_index(drop=True)
    left_out = (*file.ledger.left_out, (f"the same figures as in {others}", len(rows)))
    return replace(file, frame=frame, ledger=replace(file.ledger, rows_out=len(frame), left_out=left_out))
