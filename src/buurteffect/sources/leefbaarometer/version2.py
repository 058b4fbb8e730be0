"""The Leefbaarometer, version 2: workbooks of classes and of scores per dimension, waves 2002 to 2016.

Version 2 holds the composition of the population as one of its dimensions (``RLBBEV``); version 3 does not. A
policy that changes who lives in an area therefore moves version 2 by construction. The two versions are
different measures: never chain them, and never read a change of version 2 as one of version 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import SourceFile, label_of, sha256_of, shown
from buurteffect.sources.leefbaarometer.version2_classes import CLASS_COLUMNS, CLASS_KEYS, class_tables
from buurteffect.sources.leefbaarometer.version2_dimensions import LONG_COLUMNS, WIDE_COLUMNS, score_table_2
from buurteffect.sources.spreadsheets.workbook import as_sheet, header_of, read_workbook

_LONG, _WIDE = "data(1)", "data(2)"


@dataclass(frozen=True, eq=False)
class ClassFile(SourceFile):
    """The classes of one workbook.

    Parameters
    ----------
    classes : DataFrame
        Table `schema.CLASSES_2`: one row is one area in one wave.
    changes : DataFrame
        Table `schema.CLASS_CHANGES_2`: one row is one area between two waves.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    rows_count : int
        Areas in the sheet.
    passed_over : tuple of str
        Sheets that were not read.
    """

    classes: pd.DataFrame
    changes: pd.DataFrame
    level: str
    rows_count: int
    passed_over: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class DimensionFile(SourceFile):
    """The total and the five dimensions of one workbook.

    Parameters
    ----------
    frame : DataFrame
        Table `schema.SCORES_2`: one row is one area in one wave, in the order of the long sheet.
    level : {"buurt", "wijk", "gemeente"}
        Kind of area.
    waves : tuple of int
        Years in the workbook, ascending.
    rows_count : int
        Rows of the long sheet: areas times waves.
    passed_over : tuple of str
        Sheets that were not read.
    """

    frame: pd.DataFrame
    level: str
    waves: tuple[int, ...]
    rows_count: int
    passed_over: tuple[str, ...]


def read_classes(path: Path) -> ClassFile:
    """Read a workbook of classes (``score_*.xlsx``) and of the changes between them.

    The columns are ``KL02`` to ``KL16`` for classes and ``VKL0208`` to ``VKL1416`` for changes.
    Classes run from 1 to 9 and change classes from 1 to 7, 4 being no change. A change is classed on the
    underlying scores, not on the two classes, so that one may move without the other; but they never move in
    opposite directions, and a change is given only where both classes are. Both hold in every row of the
    known workbook and are checked. An empty or ``#N/A`` cell is a class that is not published.

    Raises
    ------
    DataError
        If the file is no workbook, or has no sheet or several sheets of classes; if a column is missing,
        doubled or unknown; if a code has another shape or occurs twice; if a class is no whole number or
        out of range; or if a change contradicts its classes. The error names sheet, row and column.
    """
    book = read_workbook(path)
    names = [name for name, rows in book.items() if set(header_of(rows)) & set(CLASS_KEYS)]
    if len(names) != 1:
        raise DataError(
            label_of(path),
            found=f"{len(names)} sheets with a column of codes, among {', '.join(map(shown, book))}",
            expected=f"one sheet with one of the columns {', '.join(CLASS_KEYS)} in its first row",
            action="give a workbook of classes (score_*.xlsx) as the publisher made it",
        )
    name = names[0]
    key = next(key for key in CLASS_KEYS if key in header_of(book[name]))
    sheet = as_sheet(path, name, book[name], [key, *CLASS_COLUMNS])
    classes, changes = class_tables(sheet, key)
    return ClassFile(
        classes=classes,
        changes=changes,
        level=CLASS_KEYS[key],
        origin=sheet.lines.origin,
        sha256=sha256_of(path),
        bytes_count=path.stat().st_size,
        rows_count=len(sheet.rows),
        passed_over=tuple(other for other in book if other != name),
    )


def read_dimensions(path: Path) -> DimensionFile:
    """Read a workbook of dimensions (``dimensiescore_* (stand).xlsx``).

    The workbook prints the same scores twice: sheet ``data(1)`` one row per area and wave (``GBD``, ``JAAR``,
    ``RLBRMTR``, …), sheet ``data(2)`` one row per area (``RLBRMTR12``, …). The first is returned, after both
    have been found equal and ``RLBRMTR`` to be the sum of its dimensions. An empty or ``#N/A`` cell is a
    score that is not published.

    Raises
    ------
    DataError
        If the file is no workbook or lacks a sheet; if a column is missing, doubled or unknown; if a code has
        another shape, or occurs twice in a wave; if a wave is not one of the workbook's; if a score is no
        number or implausible; if a total is not the sum of its dimensions; or if the sheets differ. The
        error names sheet, row and column.
    """
    book = read_workbook(path)
    absent = [name for name in (_LONG, _WIDE) if name not in book]
    if absent:
        raise DataError(
            label_of(path),
            found=f"no sheet {absent[0]!r} among {', '.join(map(shown, book))}",
            expected=f"the sheets {_LONG!r} and {_WIDE!r}",
            action="give a workbook of dimensions (dimensiescore_*.xlsx) as the publisher made it",
        )
    long = as_sheet(path, _LONG, book[_LONG], list(LONG_COLUMNS))
    wide = as_sheet(path, _WIDE, book[_WIDE], list(WIDE_COLUMNS))
    frame, level = score_table_2(long, wide)
    return DimensionFile(
        frame=frame,
        level=level,
        waves=tuple(sorted({int(year) for year in frame["year"].unique()})),
        origin=long.lines.origin,
        sha256=sha256_of(path),
        bytes_count=path.stat().st_size,
        rows_count=len(frame),
        passed_over=tuple(name for name in book if name not in (_LONG, _WIDE)),
    )
