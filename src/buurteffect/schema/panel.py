"""The panel: one table per level that holds every source side by side, and the project register beside it.

A column says by its name where it comes from where two sources have one of the same kind: ``ses_woa_…`` and
``stock_…`` beside the plain names of the key figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from buurteffect.schema.columns import (
    AREA_CODE,
    AREA_NAME,
    CITY_GROUP,
    CONFIRMATIONS,
    GEMEENTE_NAME,
    GEMEENTE_OF_AREA,
    LEVEL,
)
from buurteffect.schema.contract import Contract, Field
from buurteffect.schema.kwb import CONCEPTS, FIRST_YEAR, KWB, LAST_YEAR
from buurteffect.schema.liveability import LIVEABILITY
from buurteffect.schema.projects import PROJECTS
from buurteffect.schema.statline import HOUSING_STOCK, SES_WOA

PANEL_LEVELS = ("buurt", "wijk", "gemeente", "pc4")
BOUNDARY_RULES = ("as_published", "harmonised", "unchanged_only")

JOINS = {
    "same_vintage": "the code is of the year of the row's areas",
    "one_to_one": "a crosswalk maps the area to this one and nothing else to either",
    "by_code_unchecked": "the code is the same, and nothing says whether the area is",
    "not_joined": "the other table has a row, but for another area, or none of these areas alone",
}
"""How the row of a table that stands on the areas of one year came to a row of the panel."""

GROWTH_CENTRE = (*CONFIRMATIONS, "not_listed")
CHANGES = ("unchanged", "recoded", "merged", "split", "mixed")
PANEL_KEY = ("boundary_rule", "boundary_year", "area_code", "year")

_NOT_VALUES = ("area_code", "area_name", "level", "year", "gemeente_code", "provisional")


@dataclass(frozen=True)
class Block:
    """The columns that one source gives to the panel.

    Parameters
    ----------
    source : str
        What the source is called.
    levels : tuple of str
        Levels whose panel has the columns.
    fields : tuple of Field
        The columns, in order.
    """

    source: str
    levels: tuple[str, ...]
    fields: tuple[Field, ...]

    @property
    def values(self) -> tuple[str, ...]:
        """Columns with values, without those that say why one is missing."""
        names = {field.name for field in self.fields}
        return tuple(name for name in names_of(self.fields) if f"{name}_missing" in names)


def names_of(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """Return the names of some columns."""
    return tuple(field.name for field in fields)


def _prefixed(contract: Contract, prefix: str) -> tuple[Field, ...]:
    """Return the values of a table and why they are missing, under names that begin with their source."""
    return tuple(
        replace(field, name=field.name if field.name.startswith(prefix) else f"{prefix}{field.name}")
        for field in contract.fields
        if field.name not in _NOT_VALUES
    )


def _mark(name: str, what: str) -> Field:
    """Return the field that says whether a source has the row."""
    return Field(f"in_{name}", "flag", "-", f"Whether there is a row of {what} for this area and year.", "made")


def _join(name: str, what: str) -> Field:
    """Return the field that says how a table on the areas of one year was joined."""
    meaning = f"How {what} was joined to the area of this row; empty where it has no row of this code and year."
    return Field(f"{name}_join", "text", "-", meaning, "made", choices=tuple(JOINS), nullable=True)


_ALL = PANEL_LEVELS
_CBS = ("buurt", "wijk", "gemeente")

KEY_BLOCK = Block(
    "made",
    _ALL,
    (
        Field(
            "boundary_rule",
            "text",
            "-",
            "What an area is over the years: each year's own, or those of one base year.",
            "made",
            choices=BOUNDARY_RULES,
        ),
        Field(
            "boundary_year",
            "integer",
            "year",
            "Year in whose division of areas the code is meant.",
            "made",
            FIRST_YEAR,
            LAST_YEAR,
        ),
        AREA_CODE,
        Field("year", "integer", "year", "Year that the values are about.", "file", FIRST_YEAR, LAST_YEAR),
        replace(LEVEL, choices=PANEL_LEVELS),
        AREA_NAME,
        GEMEENTE_OF_AREA,
        GEMEENTE_NAME,
        CITY_GROUP,
        Field(
            "growth_centre",
            "text",
            "-",
            "Whether the list of growth centres names the gemeente, by the code that it has in this row; missing where "
            "there is no list or no gemeente. The list itself is disputed.",
            "treatment/groeikernen.csv",
            choices=GROWTH_CENTRE,
            nullable=True,
        ),
    ),
)

KEY_FIGURES_BLOCK = Block(
    "key figures (CBS)",
    _CBS,
    (
        _mark("key_figures", "the key figures"),
        KWB.fields[KWB.columns.index("boundary_flag")],
        Field(
            "change",
            "text",
            "-",
            "What happened to the area between this year and the base year; empty as published.",
            "crosswalk",
            choices=CHANGES,
            nullable=True,
        ),
        Field(
            "sources_count",
            "number",
            "areas",
            "Areas of this year that the area is made of; empty as published.",
            "crosswalk",
            1,
            nullable=True,
        ),
        *(field for field in KWB.fields if field.name in CONCEPTS or field.name.removesuffix("_missing") in CONCEPTS),
    ),
)

LIVEABILITY_BLOCK = Block(
    "Leefbaarometer 3.0 (BZK)",
    ("buurt", "wijk", "pc4"),
    (
        _mark("liveability", "the Leefbaarometer"),
        _join("liveability", "the Leefbaarometer"),
        Field("liveability_area_name", "text", "-", "Name in its file; untrusted text.", "name", nullable=True),
        *(field for field in LIVEABILITY.fields if field.name not in _NOT_VALUES),
    ),
)

SES_WOA_BLOCK = Block(
    "SES-WOA (CBS)",
    _CBS,
    (
        _mark("ses_woa", "SES-WOA"),
        _join("ses_woa", "SES-WOA"),
        Field(
            "ses_woa_provisional",
            "text",
            "-",
            "Whether the publisher marks the year as provisional; empty where SES-WOA has no row.",
            "Perioden",
            choices=("yes", "no"),
            nullable=True,
        ),
        *_prefixed(SES_WOA, "ses_woa_"),
    ),
)

STOCK_BLOCK = Block(
    "81955NED, 86098NED (CBS)",
    ("gemeente",),
    (_mark("housing_stock", "the housing stock"), *_prefixed(HOUSING_STOCK, "stock_")),
)

POLYGON_BLOCK = Block(
    "boundaries (CBS, Kadaster)",
    _CBS,
    (
        _join("polygon", "the file of boundaries"),
        Field("area_m2", "number", "m2", "Area of the polygon; see polygon_join.", "boundaries/", 0.0, nullable=True),
        Field("centroid_x_m", "number", "m", "Centroid, east (EPSG:28992).", "boundaries/", -1e4, 2.8e5, nullable=True),
        Field("centroid_y_m", "number", "m", "Centroid, north (EPSG:28992).", "boundaries/", 3e5, 6.5e5, nullable=True),
    ),
)

BLOCKS = (KEY_BLOCK, KEY_FIGURES_BLOCK, LIVEABILITY_BLOCK, SES_WOA_BLOCK, STOCK_BLOCK, POLYGON_BLOCK)
"""All columns of the panel by their source, in order."""


def panel_contract(level: str) -> Contract:
    """Return the contract of the panel of a level.

    Examples
    --------
    >>> "liveability_score" in panel_contract("pc4").columns, "liveability_score" in panel_contract("gemeente").columns
    (True, False)
    """
    fields = tuple(field for block in BLOCKS if level in block.levels for field in block.fields)
    return Contract(f"panel of {level}", "one area in one year under one boundary rule", PANEL_KEY, fields)


SCORE_BREAKS = (
    (
        ("liveability_score", "liveability_deviation_score"),
        2014,
        "the scores of 2012 and 2014 agree less than time explains and whole gemeenten move together: the instrument "
        "or its sources changed (see the audit of the Leefbaarometer)",
    ),
)
"""Breaks of the Leefbaarometer: columns, first year of the new series, reason."""

RESOLVED_PROJECTS = Contract(
    "resolved projects",
    "one project, or the part of one that lies in one area of which the panel knows the code",
    PROJECTS.key,
    (
        *PROJECTS.fields,
        GEMEENTE_OF_AREA,
        Field("origin", "text", "-", "File of the register that the row stands in.", "file"),
    ),
)
