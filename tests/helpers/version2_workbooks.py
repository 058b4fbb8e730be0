"""Workbooks of version 2 of the Leefbaarometer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl

from buurteffect.sources.leefbaarometer.version2_classes import CLASS_COLUMNS
from buurteffect.sources.leefbaarometer.version2_dimensions import LONG_COLUMNS, WIDE_COLUMNS

Rows = list[list[Any]]
# The first area rises from class 6 to 7 in 2014; the second is known in 2012 and 2014 only.
FIRST = ["WK001400", 6, 6, 6, 7, 7, *[4, 4, 5, 5], *[4, 4, 5], *[4, 4], 4]
SECOND = ["WK001401", "#N/A", "#N/A", 5, 5, "#N/A", *["#N/A"] * 4, *["#N/A"] * 3, 4, "#N/A", "#N/A"]
PARTS = [0.02, 0.03, -0.11, 0.04, -0.01]
NOTHING: list[Any] = [None] * 6


def class_rows() -> Rows:
    return [["WK_CODE", *CLASS_COLUMNS], list(FIRST), list(SECOND)]


def long_rows() -> Rows:
    first = [["WK001400", year, sum(PARTS), *PARTS] for year in (2012, 2014, 2016)]
    second = [["WK001401", 2012, *NOTHING], *(["WK001401", year, sum(PARTS), *PARTS] for year in (2014, 2016))]
    return [list(LONG_COLUMNS), *first, *second]


def wide_rows() -> Rows:
    known = [sum(PARTS), *PARTS]
    return [list(WIDE_COLUMNS), ["WK001400", *known * 3], ["WK001401", *NOTHING, *known * 2]]


def put_workbook(path: Path, sheets: dict[str, Rows]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path
