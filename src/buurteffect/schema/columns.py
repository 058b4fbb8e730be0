"""Columns that several tables share: which area a row is about, and why a value is missing."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum

import pandas as pd

from buurteffect.schema.contract import Field

CONFIRMATIONS = ("confirmed", "unconfirmed")


class MissingReason(StrEnum):
    """Why a value is missing."""

    IMPOSSIBLE = "impossible"
    """The value cannot exist."""
    SECRET = "secret"
    """Withheld to protect persons."""
    BELOW_THRESHOLD = "below_threshold"
    """Too few observations to publish."""
    NOT_PUBLISHED = "not_published"
    """The publisher gives no value for this area."""
    NOT_IN_YEAR = "not_in_year"
    """The publisher gives this column for no area in this year."""
    NOT_IN_FILE = "not_in_file"
    """The publisher gives this column in this year; the file that was read lacks it, or what it is made with."""
    NO_ROW = "no_row"
    """No file that was read has a row for this area in this year."""
    NOT_COMBINABLE = "not_combinable"
    """The area is made of others, and their values do not say what this one's is."""


REASON_DTYPE = pd.CategoricalDtype([*map(str, MissingReason), ""])
"""A column of reasons in memory, one byte a row; a code is a place in `MissingReason`, and ``fillna("")`` works."""

AREA_CODE = Field("area_code", "text", "-", "Code of the area with its prefix (BU, WK, GM) where it has one.", "code")
AREA_NAME = Field("area_name", "text", "-", "Name as published; untrusted text.", "name", nullable=True)
LEVEL = Field("level", "text", "-", "Kind of area.", "code")
CODE_YEAR = Field("code_year", "integer", "year", "Year in whose division the code is meant.", "code_year", 1995, 2100)
GEMEENTE = Field("gemeente_code", "text", "-", "Gemeente: GM and four digits.", "code")
GEMEENTE_OF_AREA = Field(
    "gemeente_code",
    "text",
    "-",
    "Gemeente (GM and four digits) as the area's code says it; missing for a postcode.",
    "area_code",
    nullable=True,
)
GEMEENTE_NAME = Field("gemeente_name", "text", "-", "Name of the gemeente; untrusted text.", "name", nullable=True)
CITY_GROUP = Field(
    "city_group",
    "text",
    "-",
    "Group of gemeenten that the area lies in.",
    "gemeente_groups.csv",
    choices=("four_largest", "other", "unknown"),
)
CONFIRMATION = Field(
    "confirmation", "text", "-", "Whether its place on the list is confirmed.", "status", choices=CONFIRMATIONS
)


def with_reason(value: Field) -> tuple[Field, Field]:
    """Return a field whose value may be missing, and the one that says why it is.

    Examples
    --------
    >>> [field.name for field in with_reason(Field("income_eur", "number", "euro", "Mean income.", "INK"))]
    ['income_eur', 'income_eur_missing']
    """
    why = f"Why {value.name} is missing; empty where it is not."
    reasons = tuple(map(str, MissingReason))
    reason = Field(f"{value.name}_missing", "text", "-", why, "reader", choices=reasons, nullable=True)
    return replace(value, nullable=True), reason
