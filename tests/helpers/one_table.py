"""One table of key figures out of whatever lies at a path, for tests of a single file."""

from __future__ import annotations

from pathlib import Path

from buurteffect.errors import DataError
from buurteffect.sources.key_figures.read import KeyFigureFile, read_key_figures


def read_kwb(path: Path, year: int | None = None) -> KeyFigureFile:
    """Return the only table at a path, or of a table of several years the one of `year`.

    Anything else is a `DataError`, like whatever the reader refuses: with the reasons of what it passed over.
    """
    found = read_key_figures(path)
    files = [file for file in found.files if year in (None, file.year)]
    if len(files) != 1:
        why = "; ".join(f"{name}: {reason}" for name, reason in found.passed_over)
        found_here = f"{len(files)} tables; {why}"
        raise DataError(path.name, found=found_here, expected="one table", action="name the one that is meant")
    return files[0]
