"""Tables of the Leefbaarometer and of the liveability panel.

Version 2 and version 3 measure different things: version 2 holds the composition of the population, version 3
does not. They have tables of their own and are never chained.
"""

from __future__ import annotations

from dataclasses import replace

from buurteffect.schema.columns import AREA_CODE, AREA_NAME, CITY_GROUP, GEMEENTE_OF_AREA, LEVEL, with_reason
from buurteffect.schema.contract import Contract, Field

LEVELS = ("buurt", "wijk", "pc4")

WAVES_3 = (2002, 2008, 2012, 2014, 2016, 2018, 2020, 2022, 2024)
WAVES_WITH_DIMENSIONS_3 = (2014, 2018, 2020, 2022, 2024)
WAVES_2 = (2002, 2008, 2012, 2014, 2016)

DEVIATION_REFERENCE = 4.102265
"""The fixed reference of version 3: ``liveability_score − liveability_deviation_score`` in every row and wave."""

DIMENSIONS_3 = {
    "fys": "physical_score",
    "onv": "nuisance_score",
    "soc": "cohesion_score",
    "vrz": "amenities_score",
    "won": "housing_score",
}
DIMENSIONS_2 = {
    "RLBWON": "housing_score",
    "RLBBEV": "population_score",
    "RLBVRZ": "amenities_score",
    "RLBVEI": "safety_score",
    "RLBFYS": "physical_score",
}


_MEANINGS_3 = {
    "liveability_score": ("lbm", "Total liveability score."),
    "liveability_deviation_score": ("afw", "Total as deviation from a reference that is fixed over the years."),
    "physical_score": ("fys", "Contribution of the physical environment to the deviation."),
    "nuisance_score": ("onv", "Contribution of nuisance and lack of safety to the deviation."),
    "cohesion_score": ("soc", "Contribution of social cohesion to the deviation."),
    "amenities_score": ("vrz", "Contribution of amenities to the deviation."),
    "housing_score": ("won", "Contribution of the housing stock to the deviation."),
}


def _value(name: str, source: str, meaning: str) -> tuple[Field, Field]:
    """Return a score's field and the field that says why it is missing."""
    return with_reason(Field(name, "number", "LBM points", meaning, source, -10.0, 10.0))


_AREA = (AREA_CODE, AREA_NAME, replace(LEVEL, source="file", choices=LEVELS))
_YEAR_3 = Field("year", "integer", "year", "Wave of the Leefbaarometer.", "jaar", min(WAVES_3), max(WAVES_3))
_SCORES_3 = tuple(field for name, (source, text) in _MEANINGS_3.items() for field in _value(name, source, text))

LIVEABILITY = Contract(
    "liveability",
    "one area in one wave of the Leefbaarometer, version 3",
    ("area_code", "year"),
    (*_AREA, _YEAR_3, *_SCORES_3),
)

PANEL = Contract(
    "liveability panel",
    "one area in one wave",
    ("area_code", "year"),
    (
        *_AREA,
        GEMEENTE_OF_AREA,
        CITY_GROUP,
        _YEAR_3,
        *_SCORES_3,
    ),
)

_CODE_2 = replace(AREA_CODE, source="WK_CODE, GM_CODE, GBD")
_YEAR_2 = Field("year", "integer", "year", "Wave of version 2.", "JAAR", min(WAVES_2), max(WAVES_2))

SCORES_2 = Contract(
    "liveability version 2",
    "one area in one wave of the Leefbaarometer, version 2",
    ("area_code", "year"),
    (
        _CODE_2,
        _YEAR_2,
        *_value("liveability_deviation_score", "RLBRMTR", "Total liveability score as deviation."),
        *(
            field
            for source, name in DIMENSIONS_2.items()
            for field in _value(name, source, f"Contribution of one dimension ({source}) to the total.")
        ),
    ),
)


def _class(name: str, source: str, meaning: str, high: int) -> tuple[Field, Field]:
    """Return a class's field and the field that says why it is missing."""
    score, reason = _value(name, source, meaning)
    return replace(score, unit="class", low=1, high=high), reason


CLASSES_2 = Contract(
    "liveability classes version 2",
    "one area in one wave of the Leefbaarometer, version 2",
    ("area_code", "year"),
    (_CODE_2, _YEAR_2, *_class("liveability_class", "KL..", "Class of the score, 1 (lowest) to 9 (highest).", 9)),
)

CLASS_CHANGES_2 = Contract(
    "liveability class changes version 2",
    "one area between two waves of the Leefbaarometer, version 2",
    ("area_code", "from_year", "to_year"),
    (
        _CODE_2,
        Field("from_year", "integer", "year", "First wave.", "VKL....", min(WAVES_2), max(WAVES_2)),
        Field("to_year", "integer", "year", "Second wave.", "VKL....", min(WAVES_2), max(WAVES_2)),
        *_class("change_class", "VKL....", "Class of the change, 1 to 7; 4 is no change.", 7),
    ),
)
