"""Tables read from StatLine beside the core figures: social status, the housing stock, the priority areas of 2007."""

from __future__ import annotations

from dataclasses import replace

from buurteffect.schema.columns import AREA_CODE, AREA_NAME, GEMEENTE, LEVEL, with_reason
from buurteffect.schema.contract import Contract, Field

AREA_LEVELS = ("country", "gemeente", "wijk", "buurt")


def _value(
    name: str, unit: str, meaning: str, source: str, low: float | None = None, high: float | None = None
) -> tuple[Field, Field]:
    """Return a value's field and the field that says why it is missing."""
    return with_reason(Field(name, "number", unit, meaning, source, low, high))


SES_WOA = Contract(
    "ses woa",
    "one area in one year",
    ("area_code", "year"),
    (
        replace(AREA_CODE, source="Regiocode"),
        replace(AREA_NAME, source="Wijken en buurten"),
        replace(LEVEL, source="area_code", choices=AREA_LEVELS),
        Field("year", "integer", "year", "Year that the figures are about.", "Perioden", 2000, 2100),
        Field("provisional", "flag", "-", "Whether the publisher marks the year as provisional.", "Perioden"),
        *_value(
            "households_count",
            "households, rounded to 100",
            "Private households; below 50 the rounded number is 0.",
            "Particuliere huishoudens",
            0,
        ),
        *_value("education_low_share", "share", "Households with a low level of education.", "Laag", 0, 1),
        *_value("education_middle_share", "share", "Households with a middle level of education.", "Middelbaar", 0, 1),
        *_value("education_high_share", "share", "Households with a high level of education.", "Hoog", 0, 1),
        *_value(
            "ses_woa_score",
            "SES-WOA points",
            "Mean over the households of their score on wealth, education and recent work; higher is higher status.",
            "Totaalscore/Gemiddelde score",
            -5,
            5,
        ),
        *_value(
            "ses_woa_spread_score",
            "SES-WOA points",
            "Spread of that score between the households of the area.",
            "Spreiding totaal",
            0,
            5,
        ),
    ),
)

_STOCK_VALUES = (
    ("opening_dwellings_count", "Dwellings on 1 January.", "BeginstandVoorraad", 0),
    ("new_dwellings_count", "Dwellings added by new building.", "Nieuwbouw", 0),
    ("other_additions_dwellings_count", "Dwellings added otherwise (splitting, other use).", "OverigeToevoeging", 0),
    ("demolished_dwellings_count", "Dwellings withdrawn by demolition.", "Sloop", 0),
    (
        "other_withdrawals_dwellings_count",
        "Dwellings withdrawn otherwise (merging, other use).",
        "OverigeOnttrekking",
        0,
    ),
    ("correction_dwellings_count", "Administrative corrections; can be below zero.", "Correctie", None),
    ("closing_dwellings_count", "Dwellings on 31 December.", "EindstandVoorraad", 0),
)

HOUSING_STOCK = Contract(
    "housing stock",
    "one gemeente in one year",
    ("gemeente_code", "year"),
    (
        replace(GEMEENTE, source="RegioS"),
        Field("year", "integer", "year", "Year over which the stock changed.", "Perioden", 2000, 2100),
        *(
            field
            for name, meaning, source, low in _STOCK_VALUES
            for field in _value(name, "dwellings", meaning, source, low)
        ),
    ),
)

PRIORITY_AREAS = Contract(
    "priority areas",
    "one topic of one area in one year",
    ("area_code", "year", "breakdown", "topic_key"),
    (
        Field("area_code", "text", "-", "Code of the area as the table gives it, stripped.", "dimension of areas"),
        replace(AREA_NAME, source="its set of codes"),
        Field("year", "integer", "year", "Year of the figure.", "Perioden", 2000, 2100),
        Field("breakdown", "text", "-", "Codes of all other dimensions, as name=code; empty where none.", "dimensions"),
        Field("topic_key", "text", "-", "Column in the table, its number included.", "DataProperties"),
        Field("topic", "text", "-", "The same without its number, which moves between revisions.", "topic_key"),
        Field("topic_group", "text", "-", "Titles of the groups above the topic, from the top.", "DataProperties"),
        Field("topic_title", "text", "-", "Title of the topic.", "DataProperties"),
        Field("unit", "text", "-", "Unit as the table gives it.", "DataProperties"),
        *_value("value", "as in unit", "The figure, in the table's own unit.", "data set"),
        Field("layout_confirmed", "flag", "-", "Whether this layout was seen in a real file.", "reader"),
    ),
)
