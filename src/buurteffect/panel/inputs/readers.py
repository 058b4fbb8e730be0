"""The folders of open data beside scores and key figures, and how the files in each are read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from buurteffect.panel.inputs.contents import Found, Header, InputFile, Reading, Room
from buurteffect.panel.inputs.polygons import Polygons, read_polygons
from buurteffect.panel.inputs.source_table import describe_left_out
from buurteffect.sources import (
    read_classes,
    read_crosswalk,
    read_dimensions,
    read_focus_areas,
    read_growth_centres,
    read_housing_stock,
    read_priority_areas,
    read_projects,
    read_ses_woa,
)
from buurteffect.sources.statline.store import StoredTable


def _size(table: StoredTable) -> int:
    """Return the bytes of a fetched table."""
    return sum(page.bytes_count for page in table.pages)


def _crosswalk(path: Path) -> Found:
    """Read a crosswalk."""
    file = read_crosswalk(path)
    frame = file.frame
    note = f"{file.level}, {frame['year_from'].min()} to {frame['year_to'].max()}; used to harmonise"
    note = _told(note, file.notes)
    given = InputFile(file.origin, file.bytes_count, file.sha256)
    return Found([Reading(file, "crosswalk of codes", len(frame), note, given)])


def _ses_woa(path: Path) -> Found:
    """Read an export of SES-WOA."""
    file = read_ses_woa(path)
    return Found([Reading(file, "SES-WOA scores", len(file.frame), "", InputFile.of(path))])


def _ses_woa_table(table: StoredTable) -> Reading:
    """Read a fetched table of SES-WOA."""
    file = read_ses_woa(table)
    return Reading(file, "SES-WOA scores", len(file.frame), "", InputFile(file.origin, _size(table), file.sha256))


def _stock(path: Path) -> Found:
    """Read a table of the housing stock."""
    table = read_housing_stock(path)
    return Found([Reading(table, "housing stock", len(table.frame), describe_left_out(table), InputFile.of(path))])


def _stock_table(source: StoredTable) -> Reading:
    """Read a fetched table of the housing stock."""
    table = read_housing_stock(source)
    given = InputFile(table.origin, _size(source), table.sha256)
    return Reading(table, "housing stock", len(table.frame), describe_left_out(table), given)


def _priority_areas(table: StoredTable) -> Reading:
    """Read the outcomes of the 40 priority areas, which nothing is joined with."""
    found = read_priority_areas(table)
    note = f"{found.areas_count} areas; its columns are unconfirmed, so it enters no table"
    pages = "".join(page.sha256 for page in table.pages)
    return Reading(
        found, "priority areas of 2007", len(found.frame), note, InputFile(table.table_id, _size(table), pages[:64])
    )


def _register(path: Path) -> Found:
    """Read a project register."""
    file = read_projects(path)
    note = _told("resolved at its code years", file.notes)
    return Found([Reading(file, "project register", len(file.frame), note, InputFile.of(path))])


def _growth_centres(path: Path) -> Found:
    """Read the list of growth centres."""
    file = read_growth_centres(path)
    note = _told(_statuses(file.frame), file.notes)
    return Found([Reading(file, "growth centres", len(file.frame), note, InputFile.of(path))])


def _focus_areas(path: Path) -> Found:
    """Read the list of focus areas."""
    file = read_focus_areas(path)
    note = _told(_statuses(file.frame), file.notes)
    return Found([Reading(file, "focus areas of the NPLV", len(file.frame), note, InputFile.of(path))])


def _told(first: str, notes: tuple[str, ...]) -> str:
    """Join what is told of a file."""
    return "; ".join([first, *notes])


def _statuses(frame: Any) -> str:
    """Count the entries of a list by their status of confirmation."""
    counts = frame["confirmation"].value_counts().sort_index()
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _classes(path: Path) -> Found:
    """Read classes of version 2."""
    file = read_classes(path)
    note = f"and {len(file.changes):,} changes of class; never joined with version 3"
    return Found([Reading(file, "Leefbaarometer 2: classes", len(file.classes), note, InputFile.of(path))])


def _dimensions(path: Path) -> Found:
    """Read dimensions of version 2."""
    file = read_dimensions(path)
    note = f"waves {', '.join(map(str, file.waves))}; never joined with version 3"
    return Found([Reading(file, "Leefbaarometer 2: dimensions", len(file.frame), note, InputFile.of(path))])


def _boundaries(path: Path) -> Found:
    """Read the levels of a file of boundaries."""
    polygons, passed_over = read_polygons(path)
    return Found([_of_polygons(each) for each in polygons], passed_over)


def _of_polygons(file: Polygons) -> Reading:
    """Say what a file of boundaries holds of a level."""
    when = f"areas of {file.year}" if file.year else "nothing says the year, so its codes are joined unchecked"
    note = "; ".join([when, f"{file.repaired_count} repaired", *file.notes])
    given = InputFile(file.origin, file.bytes_count, file.sha256)
    return Reading(file, f"boundaries of the level {file.level}", len(file.frame), note, given)


def _against_ses_woa(header: Header) -> str | None:
    """Say why an export of SES-WOA cannot be joined."""
    if "perioden" in header and "wijken en buurten" in header and not any(n.startswith("regiocode") for n in header):
        return "an export without codes of areas: choose the subject 'Regiocode (gemeente, wijk, buurt)' too"
    return None


def _against_stock(header: Header) -> str | None:
    """Say why an export of the housing stock cannot be joined."""
    if "regio's" in header and "regios" not in header:
        return "an export with names instead of codes: make fetch SOURCE=open TABLES=housing_stock fetches the codes"
    return None


def _against_crosswalk(header: Header) -> str | None:
    """Say why a file beside crosswalks is none."""
    return "addresses of one year, which belong in the folder addresses" if "pc6" in header else None


_TEXT = r".*\.(csv|txt|tsv)"
ROOMS: Mapping[str, Room] = {
    "crosswalk": Room(
        ((_TEXT, _crosswalk),),
        "crosswalks are read from .csv, plain or in a .zip",
        _against_crosswalk,
        expected=frozenset({"source", "target"}),
    ),
    "ses_woa": Room(
        ((_TEXT, _ses_woa), (r".*\.json", _ses_woa)),
        "SES-WOA is read from .csv and .json of StatLine, plain or in a .zip; a workbook has to be exported as CSV",
        _against_ses_woa,
        _ses_woa_table,
        frozenset({"perioden"}),
    ),
    "housing_stock": Room(
        ((_TEXT, _stock), (r".*\.json", _stock)),
        "the housing stock is read from .csv and .json of StatLine, plain or in a .zip",
        _against_stock,
        _stock_table,
        frozenset({"gebruiksfunctie"}),
    ),
    "boundaries": Room(
        ((r".*", _boundaries),),
        "boundaries are read from .gpkg, .geojson, .json, .shp and a .zip of them",
        opens_archives=True,
    ),
    "priority_areas": Room(
        (),
        "only the table that make fetch SOURCE=open TABLES=priority_areas fetches is read",
        table=_priority_areas,
    ),
    "projects": Room(
        ((_TEXT, _register),),
        "the register is read from .csv; save a workbook as CSV UTF-8, see docs/project-register.md",
        expected=frozenset({"project_id"}),
    ),
    "treatment": Room(
        ((r"groeikernen.*\.(csv|txt|tsv)", _growth_centres), (r"nplv.*\.(csv|txt|tsv)", _focus_areas)),
        "lists are read from groeikernen….csv (growth centres) and nplv….csv (focus areas)",
        expected=frozenset({"gm_code", "focus_area"}),
    ),
    "leefbaarometer2": Room(
        ((r"score.*\.xlsx", _classes), (r"dimensie(?!.*ontwikkeling).*\.xlsx", _dimensions)),
        "version 2 is read from score_….xlsx (classes) and dimensiescore_… (stand).xlsx",
    ),
}
"""The folders beside scores and key figures, in the order in which they are read and listed."""
