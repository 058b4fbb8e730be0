"""Contracts of what was done where: the project register, and lists of places that a policy named."""

from __future__ import annotations

from dataclasses import replace

from buurteffect.schema.columns import (
    AREA_CODE,
    CODE_YEAR,
    CONFIRMATION,
    GEMEENTE,
    GEMEENTE_NAME,
    LEVEL,
    with_reason,
)
from buurteffect.schema.contract import Contract, Field

PROGRAMMES = {
    "vogelaar_40": "The 40 priority areas of 2007 (aandachtswijken, krachtwijken), 2007-2012.",
    "big_cities": "Grotestedenbeleid and its budgets for urban renewal (ISV), 1995-2014.",
    "south_rotterdam": "Nationaal Programma Rotterdam Zuid, since 2011.",
    "nplv": "Nationaal Programma Leefbaarheid en Veiligheid, since 2022.",
    "municipal": "A plan of the gemeente or its housing associations without one of the above.",
    "other": "Another programme, named in `source`.",
    "none": "No programme: the owner's own decision.",
    "unknown": "Not looked up.",
}
"""Programmes that a project can belong to. The list is closed, so that one programme has one name."""

PROJECT_COUNTS = ("demolished_social", "built_owner", "built_social", "built_private_rent")
"""Columns of the register with numbers of dwellings."""

PROJECT_LEVELS = ("gemeente", "wijk", "buurt", "pc4")


def _moment(name: str, meaning: str, *, nullable: bool) -> tuple[Field, Field]:
    """Return the fields of a moment that is known to the day or to the year."""
    kind, of_date = "number" if nullable else "integer", "ISO date; empty where only the year, or nothing, is known."
    return (
        Field(f"{name}_year", kind, "year", meaning, name, 1945, 2100, nullable=nullable),
        Field(f"{name}_date", "text", "-", f"{meaning} {of_date}", name, nullable=True),
    )


def _dwellings(name: str, meaning: str) -> tuple[Field, Field]:
    """Return a number of dwellings and why it is missing."""
    return with_reason(Field(f"{name}_dwellings_count", "number", "dwellings", meaning, name, 0))


PROJECTS = Contract(
    "projects",
    "one project, or the part of one that lies in one area",
    ("project_id",),
    (
        Field("project_id", "text", "-", "Name of the row; never repeated.", "project_id"),
        replace(AREA_CODE, source="area_code"),
        replace(LEVEL, source="area_code", choices=PROJECT_LEVELS),
        CODE_YEAR,
        *_moment("announce", "First public announcement.", nullable=True),
        *_moment("start", "Start of demolition or building.", nullable=False),
        *_moment("end", "Delivery of the last dwelling; missing while it runs.", nullable=True),
        *_dwellings("demolished_social", "Social-rent dwellings demolished."),
        *_dwellings("built_owner", "Owner-occupied dwellings built."),
        *_dwellings("built_social", "Social-rent dwellings built."),
        *_dwellings("built_private_rent", "Private-rent dwellings built."),
        Field("programme", "text", "-", "Programme it belongs to.", "programme", choices=tuple(PROGRAMMES)),
        Field("source", "text", "-", "Where the figures were found: document and page, or record.", "source"),
    ),
)

GROWTH_CENTRES = Contract(
    "growth centres",
    "one gemeente on the list of growth centres (groeikernen)",
    ("gemeente_code",),
    (
        replace(GEMEENTE, source="gm_code"),
        Field("place", "text", "-", "Name of the place; untrusted text.", "place"),
        CONFIRMATION,
        Field("status", "text", "-", "What the list says about that, in its own words.", "status"),
    ),
)

FOCUS_AREAS = Contract(
    "focus areas",
    "one focus area of the Nationaal Programma Leefbaarheid en Veiligheid (NPLV)",
    ("gemeente_code", "focus_area"),
    (
        replace(GEMEENTE, source="gm_code_2016"),
        replace(CODE_YEAR, source="name of gm_code"),
        replace(GEMEENTE_NAME, source="gemeente", nullable=False),
        Field("focus_area", "text", "-", "Name of the area; untrusted text.", "focus_area"),
        replace(CONFIRMATION, source="reader"),
        Field("source", "text", "-", "Where the list says that it found the area.", "source"),
    ),
)
