"""The other open sources that a folder may hold: read in full, checked, and accounted for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from buurteffect.sources import (
    CrosswalkFile,
    read_boundaries,
    read_classes,
    read_dimensions,
    read_focus_areas,
    read_growth_centres,
    read_ses_woa,
)


def describe_others(raw: Path, crosswalks: Sequence[CrosswalkFile]) -> list[dict[str, Any]]:
    """Read every other source in a folder of open data, and say what it holds.

    But for the crosswalks nothing of it enters the panel yet; the audit shows what was read.

    Parameters
    ----------
    raw : Path
        Folder of open data, with ``ses_woa/``, ``treatment/``, ``leefbaarometer2/`` and ``boundaries/`` as far
        as they are there.
    crosswalks : sequence of CrosswalkFile
        The crosswalks of the folder, which harmonisation has read already.

    Returns
    -------
    list of dict
        One entry per file: ``file, kind, rows, note``.

    Raises
    ------
    DataError
        If a file is not what its reader expects.
    """
    kinds: tuple[tuple[str, str, Callable[[Path], tuple[int, str]]], ...] = (
        ("ses_woa/*.csv", "SES-WOA scores", _ses_woa),
        ("treatment/groeikernen*.csv", "growth centres", _growth_centres),
        ("treatment/nplv*.csv", "focus areas of the NPLV", _focus_areas),
        ("leefbaarometer2/score*.xlsx", "Leefbaarometer 2: classes", _classes),
        ("leefbaarometer2/dimensie*.xlsx", "Leefbaarometer 2: dimensions", _dimensions),
        ("boundaries/*.gpkg", "boundaries of buurten", _boundaries),
        ("boundaries/*.geojson", "boundaries of buurten", _boundaries),
    )
    found = [_describe_crosswalk(file) for file in crosswalks]
    for pattern, kind, read in kinds:
        for path in sorted(raw.glob(pattern)):
            rows, note = read(path)
            found.append({"file": path.name, "kind": kind, "rows": rows, "note": note})
    return found


def _describe_crosswalk(file: CrosswalkFile) -> dict[str, Any]:
    """Say what a crosswalk holds."""
    frame = file.frame
    note = f"{file.level}, {frame['year_from'].min()} to {frame['year_to'].max()}; used to harmonise"
    return {"file": file.origin, "kind": "crosswalk of codes", "rows": len(frame), "note": note}


def _ses_woa(path: Path) -> tuple[int, str]:
    """Read SES-WOA."""
    frame = read_ses_woa(path).frame
    return len(frame), f"years {', '.join(map(str, sorted(frame['year'].unique())))}"


def _growth_centres(path: Path) -> tuple[int, str]:
    """Read the list of growth centres."""
    return _with_status(read_growth_centres(path).frame)


def _focus_areas(path: Path) -> tuple[int, str]:
    """Read the list of focus areas."""
    return _with_status(read_focus_areas(path).frame)


def _with_status(frame: Any) -> tuple[int, str]:
    """Count the entries by their status of confirmation."""
    column = next(name for name in frame.columns if "confirm" in name or "status" in name)
    counts = frame[column].astype(str).value_counts().sort_index()
    return len(frame), ", ".join(f"{count} {status}" for status, count in counts.items())


def _classes(path: Path) -> tuple[int, str]:
    """Read classes of version 2."""
    file = read_classes(path)
    return len(file.classes), f"and {len(file.changes):,} changes of class; never joined with version 3"


def _dimensions(path: Path) -> tuple[int, str]:
    """Read dimensions of version 2."""
    file = read_dimensions(path)
    return len(file.frame), f"waves {', '.join(map(str, file.waves))}; never joined with version 3"


def _boundaries(path: Path) -> tuple[int, str]:
    """Read boundaries."""
    file = read_boundaries(path, "buurt")
    return len(file.frame), f"{len(file.repaired)} repaired"
