"""The folders of open data beside scores and key figures, and how the files in each are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from buurteffect.panel.inputs.contents import FileReader, FolderReader, Found, Header, InputFile, Reading
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


def _file(
    kind: str, read: Callable[[Path], Any], note: Callable[[Any], str] = lambda _: "", frame: str = "frame"
) -> FileReader:
    """Return the reader of files of one kind, each with a note and its rows; `frame` names the table that has them."""

    def found(path: Path) -> Found:
        """Read one file."""
        file = read(path)
        return Found([Reading(file, kind, len(getattr(file, frame)), note(file), InputFile.of(path))])

    return found


def _table(kind: str, read: Callable[[StoredTable], Any], note: Callable[[Any], str] = lambda _: "") -> Any:
    """Return the reader of fetched tables of one kind."""

    def found(table: StoredTable) -> Reading:
        """Read one table."""
        file, size = read(table), sum(page.bytes_count for page in table.pages)
        return Reading(file, kind, len(file.frame), note(file), InputFile(file.origin, size, file.sha256))

    return found


def _priority_areas(table: StoredTable) -> Reading:
    """Read the outcomes of the 40 priority areas, which nothing is joined with."""
    found, size = read_priority_areas(table), sum(page.bytes_count for page in table.pages)
    note = f"{found.areas_count} areas; its columns are unconfirmed, so it enters no table"
    given = InputFile(table.table_id, size, "".join(page.sha256 for page in table.pages)[:64])
    return Reading(found, "priority areas of 2007", len(found.frame), note, given)


def _crosswalk(file: Any) -> str:
    """Say what years a crosswalk covers."""
    years = file.frame["year_from"].min(), file.frame["year_to"].max()
    return "; ".join([f"{file.level}, {years[0]} to {years[1]}; used to harmonise", *file.notes])


def _register(file: Any) -> str:
    """Describe a project register."""
    return "; ".join(["resolved at its code years", *file.notes])


def _statuses(file: Any) -> str:
    """Count the entries of a list by their status of confirmation."""
    counts = file.frame["confirmation"].value_counts().sort_index()
    return "; ".join([", ".join(f"{count} {status}" for status, count in counts.items()), *file.notes])


def _classes(file: Any) -> str:
    """Describe the classes of version 2."""
    return f"and {len(file.changes):,} changes of class; never joined with version 3"


def _waves(file: Any) -> str:
    """Say which waves the dimensions of version 2 have."""
    return f"waves {', '.join(map(str, file.waves))}; never joined with version 3"


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
_TEXT_OR_JSON = r".*\.(csv|txt|tsv|json)"
FOLDER_READERS: Mapping[str, FolderReader] = {
    "crosswalk": FolderReader(
        ((_TEXT, _file("crosswalk of codes", read_crosswalk, _crosswalk)),),
        "crosswalks are read from .csv, plain or in a .zip",
        _against_crosswalk,
        expected=frozenset({"source", "target"}),
    ),
    "ses_woa": FolderReader(
        ((_TEXT_OR_JSON, _file("SES-WOA scores", read_ses_woa)),),
        "SES-WOA is read from .csv and .json of StatLine, plain or in a .zip; a workbook has to be exported as CSV",
        _against_ses_woa,
        _table("SES-WOA scores", read_ses_woa),
        frozenset({"perioden"}),
    ),
    "housing_stock": FolderReader(
        ((_TEXT_OR_JSON, _file("housing stock", read_housing_stock, describe_left_out)),),
        "the housing stock is read from .csv and .json of StatLine, plain or in a .zip",
        _against_stock,
        _table("housing stock", read_housing_stock, describe_left_out),
        frozenset({"gebruiksfunctie"}),
    ),
    "boundaries": FolderReader(
        ((r".*", _boundaries),),
        "boundaries are read from .gpkg, .geojson, .json, .shp and a .zip of them",
        opens_archives=True,
    ),
    "priority_areas": FolderReader(
        (),
        "only the table that make fetch SOURCE=open TABLES=priority_areas fetches is read",
        table=_priority_areas,
    ),
    "projects": FolderReader(
        ((_TEXT, _file("project register", read_projects, _register)),),
        "the register is read from .csv; save a workbook as CSV UTF-8, see docs/project-register.md",
        expected=frozenset({"project_id"}),
    ),
    "treatment": FolderReader(
        (
            (r"groeikernen.*\.(csv|txt|tsv)", _file("growth centres", read_growth_centres, _statuses)),
            (r"nplv.*\.(csv|txt|tsv)", _file("focus areas of the NPLV", read_focus_areas, _statuses)),
        ),
        "lists are read from groeikernen….csv (growth centres) and nplv….csv (focus areas)",
        expected=frozenset({"gm_code", "focus_area"}),
    ),
    "leefbaarometer2": FolderReader(
        (
            (r"score.*\.xlsx", _file("Leefbaarometer 2: classes", read_classes, _classes, "classes")),
            (r"dimensie(?!.*ontwikkeling).*\.xlsx", _file("Leefbaarometer 2: dimensions", read_dimensions, _waves)),
        ),
        "version 2 is read from score_….xlsx (classes) and dimensiescore_… (stand).xlsx",
    ),
}
"""The folders beside scores and key figures, in the order in which they are read and listed."""
