"""Table of the CBS key figures per area and year, built from the frozen list of concepts."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.resources import files

from buurteffect.schema.columns import AREA_CODE, AREA_NAME, GEMEENTE_NAME, LEVEL, with_reason
from buurteffect.schema.contract import Contract, Field

KWB_LEVELS = ("land", "gemeente", "wijk", "buurt")
"""Kinds of area in the key figures."""

BOUNDARY_FLAGS = (1, 2, 3)
"""1: code and boundary unchanged; 2: code changed, boundary the same; 3: boundary moved, not comparable."""

FIRST_YEAR = 1995
LAST_YEAR = 2100


@dataclass(frozen=True)
class Concept:
    """One concept of the key figures.

    Parameters
    ----------
    name : str
        Column name; it ends in its unit.
    kind, unit, meaning : str
        As in `Field`.
    low, high : float or None
        Smallest and largest value of one area, the country included.
    usual_low, usual_high : float or None
        Where the median of gemeenten lies, or of many wijken and buurten; None where nothing can be said.
    usual_of : str
        What the usual range is a multiple of, as a concept or ``a/b``; empty where it is of the value itself.
    combine : {"sum", "share", "mean", "whole", "none"}
        How values of several areas make one; whole is a sum over areas that are not divided.
    denominator : str
        Concept that weighs a share or a mean; empty for sums.
    """

    name: str
    kind: str
    unit: str
    low: float | None
    high: float | None
    usual_low: float | None
    usual_high: float | None
    usual_of: str
    combine: str
    denominator: str
    meaning: str

    @property
    def field(self) -> Field:
        """The concept as a column."""
        return Field(self.name, self.kind, self.unit, self.meaning, "kwb_columns.csv", self.low, self.high)


def _number(text: str) -> float | None:
    """Return a number, or None for nothing."""
    return float(text) if text else None


def _read_concepts() -> Iterator[Concept]:
    """Yield the concepts in the order of their file."""
    text = files("buurteffect.schema").joinpath("concepts.csv").read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        yield Concept(
            name=row["concept"],
            kind=row["kind"],
            unit=row["unit"],
            low=_number(row["low"]),
            high=_number(row["high"]),
            usual_low=_number(row["usual_low"]),
            usual_high=_number(row["usual_high"]),
            usual_of=row["usual_of"],
            combine=row["combine"],
            denominator=row["denominator"],
            meaning=row["meaning"],
        )


CONCEPTS: dict[str, Concept] = {concept.name: concept for concept in _read_concepts()}
"""All concepts by name."""


KWB = Contract(
    "kwb",
    "one area in one year of the CBS key figures of wijken and buurten",
    ("area_code", "year"),
    (
        AREA_CODE,
        AREA_NAME,
        replace(LEVEL, choices=KWB_LEVELS),
        replace(GEMEENTE_NAME, source="Gemeentenaam, gm_naam"),
        Field("year", "integer", "year", "Year of the key figures.", "file", FIRST_YEAR, LAST_YEAR),
        Field(
            "boundary_flag",
            "number",
            "code",
            "Change since the year before: 1 none, 2 code only, 3 boundary; missing where none is given.",
            "Indelingswijziging, ind_wbi",
            min(BOUNDARY_FLAGS),
            max(BOUNDARY_FLAGS),
            nullable=True,
        ),
        *(field for concept in CONCEPTS.values() for field in with_reason(concept.field)),
    ),
)
