"""Contracts of surveys: answers of residents, ties that they name, and the counts that both are held against.

A researcher who has a survey with area codes, such as a housing or safety survey inside the closed environment of CBS,
saves each wave under these names. The counts come from registers; no answer can be checked without them.
"""

from __future__ import annotations

from dataclasses import replace

from buurteffect.schema.columns import CODE_YEAR
from buurteffect.schema.contract import Contract, Field

SCALES = {
    "contact_score": "How much contact the respondent has with neighbours.",
    "at_home_score": "How much the respondent feels at home in the neighbourhood.",
    "safety_score": "How safe the respondent feels in the neighbourhood.",
    "trust_score": "How much the respondent trusts the government.",
}
"""The scales, each from 0 (least) to 10 (most)."""

TENURES = ("association", "owner", "other_landlord")
"""Who owns the dwelling: a housing association, the household, another landlord."""

INCOME_GROUPS = ("low", "middle", "high")
"""Thirds of the country's households by income."""

LONG_STAY_YEARS = 5
"""From so many years in the buurt on a household counts as an old resident, before as a new one."""

RESIDENCES = ("less than 5 years", "5 years or more")
"""How long a household has lived in the buurt: new residents and old ones."""

AGE_GROUPS = {"18-34": 18, "35-64": 35, "65+": 65}
"""Age groups of adults, with the age at which each begins."""

_AREA = Field("area_code", "text", "-", "Buurt of the dwelling, in the division of the survey's `code_year`.", "buurt")
_CODE_YEAR = replace(CODE_YEAR, source="file")
_YEAR = Field("year", "integer", "year", "Year of the wave; answers and counts are of 1 January.", "file", 1970, 2100)
_LOW_INCOME = Field("low_income", "flag", "-", "Whether the household's income is low.", "income")
_YEARS_IN_AREA = Field(
    "years_in_area", "integer", "years", "Years that the household has lived in the buurt.", "since", 0, 130
)
_OTHER_YEARS_IN_AREA = replace(
    _YEARS_IN_AREA, name="other_years_in_area", meaning="Years that the household that is named has lived in the buurt."
)


def _tenure(name: str, whose: str) -> Field:
    """Return the field of a tenure."""
    return Field(name, "text", "-", f"Who owns the dwelling of {whose}.", name, choices=TENURES)


def _income(name: str, whose: str) -> Field:
    """Return the field of an income group."""
    return Field(name, "text", "-", f"Third of households by income, of {whose}.", name, choices=INCOME_GROUPS)


ANSWERS = Contract(
    "answers",
    "one respondent in one wave; another wave draws other respondents",
    ("year", "respondent_id"),
    (
        Field("respondent_id", "text", "-", "Name of the row within its wave; follows nobody to another.", "number"),
        _YEAR,
        Field("weight_persons", "number", "persons", "Adults that the respondent stands for.", "weight", 0),
        _AREA,
        _CODE_YEAR,
        Field("age_years", "integer", "years", "Age.", "age", 18, 130),
        _tenure("tenure", "the respondent"),
        _LOW_INCOME,
        _YEARS_IN_AREA,
        *(Field(name, "number", "0 to 10", text, name, 0, 10, nullable=True) for name, text in SCALES.items()),
    ),
)

TIES = Contract(
    "ties",
    "one tie in the own buurt that a sampled household names",
    ("year", "household_id", "tie_number"),
    (
        Field("household_id", "text", "-", "Household; names it within its wave only.", "number"),
        _YEAR,
        Field("weight_households", "number", "households", "Households that this one stands for.", "weight", 0),
        Field("tie_number", "integer", "-", "Place of the tie among those of the household, from 1.", "number", 1),
        _AREA,
        _CODE_YEAR,
        _tenure("tenure", "the household"),
        _income("income_group", "the household"),
        _YEARS_IN_AREA,
        _tenure("other_tenure", "the household that is named"),
        _income("other_income_group", "the household that is named"),
        _OTHER_YEARS_IN_AREA,
    ),
)

HOUSEHOLDS = Contract(
    "households",
    "the households of one tenure, income group and length of residence in one buurt and year, by the register",
    ("year", "area_code", "tenure", "income_group", "residence"),
    (
        _YEAR,
        _AREA,
        _CODE_YEAR,
        _tenure("tenure", "these households"),
        _income("income_group", "these households"),
        Field("residence", "text", "-", "How long they have lived in the buurt.", "since", choices=RESIDENCES),
        Field("households_count", "integer", "households", "Number of them; cells of none may be absent.", "count", 0),
    ),
)

ADULTS = Contract(
    "adults",
    "the adults of one age group, tenure and income in one buurt and year, by the register",
    ("year", "area_code", "age_group", "tenure", "low_income"),
    (
        _YEAR,
        _AREA,
        _CODE_YEAR,
        Field("age_group", "text", "-", "Age group.", "age", choices=tuple(AGE_GROUPS)),
        _tenure("tenure", "these adults"),
        _LOW_INCOME,
        Field("adults_count", "number", "persons", "Number of them; cells of none may be absent.", "count", 0),
    ),
)

SURVEY_TABLES = {each.name: each for each in (ANSWERS, TIES, HOUSEHOLDS, ADULTS)}
"""The contracts by the name that opens a file's name."""


def survey_file(name: str, year: int) -> str:
    """Return the name of the file that holds one table of one wave.

    Examples
    --------
    >>> survey_file("answers", 2012)
    'answers_2012.parquet'
    """
    return f"{name}_{year}.parquet"
