"""Tables of boundaries: where areas lie, and which area of one year became which of another."""

from __future__ import annotations

from dataclasses import replace

from buurteffect.schema.columns import AREA_CODE, AREA_NAME, GEMEENTE_NAME, GEMEENTE_OF_AREA, LEVEL
from buurteffect.schema.contract import Contract, Field

AREA_LEVELS = ("buurt", "wijk", "gemeente")
"""Levels whose codes CBS revises every year; a code's first four digits name the gemeente."""

_YEARS = (1995, 2100)
_LEVEL = replace(LEVEL, source="length of the code", choices=AREA_LEVELS)

CROSSWALK = Contract(
    "crosswalk",
    "what one area of one year shares with one area of another; areas that did not change need not be listed",
    ("year_from", "year_to", "source_code", "target_code"),
    (
        Field("year_from", "integer", "year", "Year of the source's code.", "year_from", *_YEARS),
        Field("year_to", "integer", "year", "Year of the target's code.", "year_to", *_YEARS),
        _LEVEL,
        Field("source_code", "text", "-", "Code in the first year, with its prefix (BU, WK, GM).", "source"),
        Field("target_code", "text", "-", "Code in the second year, with its prefix.", "target"),
        Field(
            "addresses_count",
            "number",
            "addresses",
            "Addresses that lie in the source in the first year and in the target in the second; missing where the "
            "file gives shares or codes only.",
            "n_addresses",
            low=1,
            nullable=True,
        ),
        Field(
            "weight_share",
            "number",
            "share",
            "Share of the source that lies in the target; missing where the file gives addresses.",
            "weight, or 1 where the source has one target",
            0.0,
            1.0,
            nullable=True,
        ),
    ),
)

WEIGHTS = Contract(
    "weights",
    "the share of one area of one year that lies in one area of the base year",
    ("source_code", "target_code"),
    (
        Field("source_code", "text", "-", "Code in the year of the data.", "crosswalk"),
        Field("target_code", "text", "-", "Code in the base year.", "crosswalk"),
        Field("weight_share", "number", "share", "Share of the source that goes to the target.", "made", 0.0, 1.0),
        Field(
            "addresses_count",
            "number",
            "addresses",
            "Addresses that the share stands for; missing where no crosswalk lists the source.",
            "made",
            low=0.0,
            nullable=True,
        ),
    ),
)

BOUNDARIES = Contract(
    "boundaries",
    "one area with its polygon (EPSG:28992), kept beside these columns in `geometry`",
    ("area_code",),
    (
        replace(AREA_CODE, source="buurtcode, wijkcode, gemeentecode"),
        replace(AREA_NAME, source="buurtnaam, …"),
        _LEVEL,
        Field("wijk_code", "text", "-", "Wijk that the area lies in.", "wijkcode", nullable=True),
        replace(GEMEENTE_OF_AREA, nullable=False),
        replace(GEMEENTE_NAME, source="gemeentenaam"),
        Field("area_m2", "number", "m2", "Area of the polygon.", "made", low=0.0),
    ),
)
