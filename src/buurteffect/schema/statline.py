"""Tables read from StatLine beside the core figures: social status, the housing stock, the priority areas of 2007."""

from __future__ import annotations

from buurteffect.schema.contract import Contract, Field
from buurteffect.schema.liveability import MissingReason

AREA_LEVELS = ("country", "gemeente", "wijk", "buurt")

_REASONS = tuple(str(reason) for reason in MissingReason)


def _value(
    name: str, unit: str, meaning: str, source: str, low: float | None = None, high: float | None = None
) -> tuple[Field, Field]:
    """Return a value's field and the field that says why it is missing."""
    why = f"Why {name} is missing; empty where it is not."
    return (
        Field(name, "number", unit, meaning, source, low, high, nullable=True),
        Field(f"{name}_missing", "text", "-", why, "reader", choices=_REASONS, nullable=True),
    )


SES_WOA = Contract(
    "ses woa",
    "one area in one year",
    ("area_code", "year"),
    (
        Field("area_code", "text", "-", "Code with its prefix (NL, GM, WK, BU), stripped.", "Regiocode"),
        Field("area_name", "text", "-", "Name as published; untrusted text.", "Wijken en buurten", nullable=True),
        Field("level", "text", "-", "Kind of area.", "area_code", choices=AREA_LEVELS),
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
        Field("gemeente_code", "text", "-", "Gemeente: GM and four digits.", "RegioS"),
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
        Field("area_name", "text", "-", "Its name as published; untrusted text.", "its set of codes", nullable=True),
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
