"""The key figures of every year in the layout that they had in that year."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from buurteffect.errors import ProjectError
from buurteffect.synthetic.publishing.areas.boundary_changes import KWB_YEARS, Vintages
from buurteffect.synthetic.publishing.areas.columns import PublishedColumn
from buurteffect.synthetic.publishing.areas.figures import Release, release
from buurteffect.synthetic.publishing.areas.statline import (
    write_observations,
    write_pages,
    write_typed,
    write_untyped,
    write_web,
)
from buurteffect.synthetic.publishing.areas.workbook import number_cell, text_cell, write_workbook
from buurteffect.synthetic.world.world import World

LAYOUTS: Mapping[int, str] = {
    **dict.fromkeys((1995, 1997, 1999, 2001), "free"),
    **dict.fromkeys(range(2003, 2013), "upper"),
    **dict.fromkeys(range(2013, 2019), "lower"),
    2019: "untyped",
    2020: "typed",
    2021: "web",
    2022: "pages",
}
"""Layout of every year by default. The years from 2019 on can be in any of the five layouts of StatLine."""

FIRST_STATLINE_YEAR = 2019

COMMA_YEARS = (2004, 2005, 2013)
"""Workbooks whose decimals are text with a comma, as happens in the series."""

_STATLINE = {
    "untyped": write_untyped,
    "typed": write_typed,
    "web": write_web,
    "pages": write_pages,
    "observations": write_observations,
}
_LETTERS = {"gemeente": "G", "wijk": "W", "buurt": "B"}


def publish_kwb(
    world: World,
    vintages: Vintages,
    census: Mapping[int, pd.DataFrame],
    folder: Path,
    layouts: Mapping[int, str] = LAYOUTS,
) -> None:
    """Write the key figures of all years: one file per year, that of pages in a folder with what describes it.

    Parameters
    ----------
    world, vintages
        The country and its areas in every year.
    census : mapping of int to DataFrame
        True values per buurt by year (`figures.census_by_year`).
    folder : Path
        Folder for the files.
    layouts : mapping of int to str, optional
        Layout of every year.

    Raises
    ------
    ProjectError
        If a layout is asked for a year that cannot have it.
    """
    for year in KWB_YEARS:
        publish_year(world, vintages, census, folder, year, layouts[year])


def publish_year(
    world: World, vintages: Vintages, census: Mapping[int, pd.DataFrame], folder: Path, year: int, layout: str
) -> None:
    """Write the key figures of one year; parameters as for `publish_kwb`."""
    if layout != LAYOUTS[year] and (year < FIRST_STATLINE_YEAR or layout not in _STATLINE):
        raise ProjectError(
            f"no layout {layout!r} in {year}: choose one of {', '.join(_STATLINE)} from {FIRST_STATLINE_YEAR} on"
        )
    found = release(world, vintages, census, year, "statline" if layout in _STATLINE else layout)
    if layout in _STATLINE:
        _STATLINE[layout](found, folder)
    else:
        _write_sheet(found, layout, folder / f"kwb-{year}.xlsx")


def _write_sheet(found: Release, layout: str, path: Path) -> None:
    """Write a year as a workbook."""
    keys = {"free": _free_keys, "upper": _upper_keys, "lower": _lower_keys}[layout](found)
    names = [*keys, *(column.name for column in found.columns)]
    cells = [*keys.values(), *(_cells(found, column) for column in found.columns)]
    above = [names]
    if layout == "free":  # a title, and a row of units below the names
        units = ["naam", "code", "code", "naam", "code", *(column.unit for column in found.columns)]
        above = [[f"Kerncijfers wijken en buurten {found.year}"], [], names, units]
    write_workbook(path, f"KWB{found.year}", above, cells)


def _cells(found: Release, column: PublishedColumn) -> list[str]:
    """Return the cells of a column: numbers, or text where the year's decimals have a comma."""
    texts = found.texts(column)
    if column.decimals and found.year in COMMA_YEARS:
        return [text_cell(text.replace(".", ",") if len(text) > 1 else text) for text in texts]
    return [number_cell(text) for text in texts]


def _flag_cells(found: Release) -> list[str]:
    """Return the cells of the boundary flag."""
    return [number_cell(text) for text in found.flag_texts]


def _code_cells(found: Release) -> list[str]:
    """Return the cells of codes without prefix: numbers, but for codes with a letter."""
    return [number_cell(code[2:]) if code[2:].isdigit() else text_cell(code[2:]) for code in found.areas["area_code"]]


def _free_keys(found: Release) -> dict[str, list[str]]:
    """Return the columns that name the area in a workbook of the nineties."""
    areas = found.areas
    return {
        "Naam": [text_cell(name) for name in areas["name"]],
        "RECS": [text_cell(_LETTERS[level]) for level in areas["level"]],
        "GWB_CODE": _code_cells(found),
        "Gemeentenaam": [text_cell(name) for name in areas["gemeente_name"]],
        "IND_WBI": _flag_cells(found),
    }


def _upper_keys(found: Release) -> dict[str, list[str]]:
    """Return the columns that name the area in a workbook of 2003-2012."""
    areas = found.areas
    return {
        "RECS": [text_cell(_LETTERS[level]) for level in areas["level"]],
        "GWB_CODE": _code_cells(found),
        "GM_NAAM": [text_cell(name) for name in areas["gemeente_name"]],
        "GWB_NAAM": [text_cell(name) for name in areas["name"]],
        "IND_WBI": _flag_cells(found),
    }


def _lower_keys(found: Release) -> dict[str, list[str]]:
    """Return the columns that name the area in a workbook from 2013 on; blanks stand behind the kind of area."""
    areas = found.areas
    codes = areas["area_code"]
    return {
        "gwb_code_10": [text_cell(f"{code:<10}") for code in codes],
        "gwb_code_8": [text_cell(f"{code[2:]:<8}") for code in codes],
        "regio": [text_cell(name) for name in areas["name"]],
        "gm_naam": [text_cell(name) for name in areas["gemeente_name"]],
        "recs": [text_cell(f"{level.capitalize():<10}") for level in areas["level"]],
        "gwb_code": [text_cell(code) for code in codes],
        "ind_wbi": _flag_cells(found),
    }
