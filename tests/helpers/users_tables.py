"""Tables that users bring without a design, and the calls that read them, with the columns that each must ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from childhood_worlds import childhoods
from survey_worlds import answers, ties

from buurteffect.estimate import childhood, persons, regression, robustness, scores, selection, space, survey
from buurteffect.estimate.childhood import MoversDesign, PanelChoice
from buurteffect.estimate.persons.composition import TERMS
from buurteffect.estimate.regression import Equation
from buurteffect.estimate.space import RingDesign
from buurteffect.estimate.survey import SurveyDesign

ROWS = 480


@dataclass(frozen=True)
class Call:
    """A call of an estimator on tables without a design.

    Parameters
    ----------
    run : callable
        The estimator, as its face offers it.
    tables : mapping of str to DataFrame
        Its tables by the name of the parameter.
    numbers, others : mapping of str to str
        Columns of each table that must hold numbers, and those that must be there; in one text, by spaces.
    rest : mapping of str to object
        What else it is given.
    """

    run: Callable[..., Any]
    tables: dict[str, pd.DataFrame]
    numbers: dict[str, str]
    others: dict[str, str] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        """Return the name of the estimator."""
        return self.run.__name__


def residents() -> pd.DataFrame:
    """Return residents of 24 areas in four gemeenten, chosen in two years, some of whom stay or meet others."""
    draw = np.random.default_rng(3)
    area = np.arange(ROWS) % 24
    numbers = ["age", "woman", "nonwestern", "log_income", "income_before", "area_income", "later_1", "later_2"]
    table = pd.DataFrame(draw.normal(size=(ROWS, len(numbers))), columns=numbers)
    return table.assign(
        person=np.arange(ROWS),
        cohort=2004 + np.arange(ROWS) // 24 % 2,
        tenure="social",
        gemeente_code=area % 4,
        area_code=area,
        treated=area < 12,
        stays=(draw.random(ROWS) < 0.8).astype(float),
        later_minus_1=draw.normal(size=ROWS),
        later=draw.normal(size=ROWS),
        exposure=draw.normal(size=ROWS) + (area < 12),
        built=draw.normal(size=ROWS),
    )


def households() -> pd.DataFrame:
    """Return households that move or stay, of restructured places and others, before and after."""
    draw = np.random.default_rng(4)
    buurt = np.arange(ROWS) % 24
    names = ["score_change", "low_income_change", "log_woz_change", "distance_km_change", "distance", "like_share"]
    table = pd.DataFrame(draw.normal(size=(ROWS, len(names))), columns=names)
    bands = {name: draw.integers(0, 2, ROWS) for name in ("age_band", "distance_band", "before_band", "home")}
    return table.assign(
        **bands,
        buurt=buurt,
        gemeente=buurt % 4,
        year=2000 + np.arange(ROWS) // 24 % 3,
        cohort=2003,
        treated=buurt < 8,
        before=False,
        displaced=buurt < 8,
        moved=draw.random(ROWS) < 0.5,
        next_buurt=np.where(draw.random(ROWS) < 0.5, buurt, (buurt + 1) % 24),
        tenure=np.where(draw.random(ROWS) < 0.5, "social", "owner"),
        person=np.arange(ROWS),
        tercile=np.where(draw.random(ROWS) < 0.5, "low", "high"),
        origin_band=draw.integers(0, 2, ROWS),
        nonwestern=draw.random(ROWS) < 0.3,
        age=draw.integers(20, 80, ROWS),
        buurt_1=draw.integers(0, 2, ROWS),
        buurt_2=draw.integers(0, 2, ROWS),
    )


def movers() -> pd.DataFrame:
    """Return people of two years in six neighbourhoods."""
    draw = np.random.default_rng(5)
    area = draw.integers(0, 6, ROWS)
    return pd.DataFrame(
        {
            "person": np.tile(np.arange(ROWS // 2), 2),
            "year": np.repeat([2000, 2001], ROWS // 2),
            "income": draw.normal(size=ROWS),
            "buurt_code": [f"B{code}" for code in area],
            "gemeente_code": [f"G{code // 3}" for code in area],
            "main_earner": True,
            "demolished_year": np.nan,
        }
    )


def neighbours() -> pd.DataFrame:
    """Return households of 40 places in four gemeenten, and persons over years among the same columns."""
    draw = np.random.default_rng(6)
    numbers = ["log_income", "age", "nonwestern", "owner", "social", "share"]
    table = pd.DataFrame(draw.normal(size=(ROWS, len(numbers))), columns=numbers)
    place = np.arange(ROWS) % 40
    return table.assign(household=np.arange(ROWS), place=place, gemeente=place % 4, person=np.arange(ROWS) // 4,
                        year=2000 + np.arange(ROWS) % 4, family=np.arange(ROWS) // 8)  # fmt: skip


def areas() -> pd.DataFrame:
    """Return scores, counts and shares of 120 areas of 24 gemeenten in four years."""
    draw = np.random.default_rng(7)
    area = np.repeat(np.arange(120), 4)
    names = ["score", "income", "low_income_households_share", "lowest40_households_share",
             "household_income_standardised_eur", "group_count"]  # fmt: skip
    table = pd.DataFrame(draw.random(size=(ROWS, len(names))), columns=names)
    return table.assign(
        area_code=[f"BU9001{code:04d}" for code in area],
        gemeente_code=area % 24,
        year=np.tile([2000, 2001, 2002, 2003], 120),
        listed=lambda rows: rows["score"] < 0.4,
        favoured=draw.random(ROWS) < 0.1,
        total_count=100.0,
        urbanity_class=1,
        liveability_score=lambda rows: rows["score"],
        cohort_year=np.where(area % 3 == 0, 2002.0, np.nan),
        dose_share=np.where(area % 3 == 0, draw.random(120)[area], 0.0),
        price=np.exp(draw.normal(size=ROWS)),
        distance_m=draw.uniform(0, 1900, ROWS),
        project_id=area % 12,
        rooms=draw.normal(size=ROWS),
    )


def of_survey() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return answers with traits, and the adults of the register."""
    given = answers(1, areas=40, treated=12, each=4)
    draw = np.random.default_rng(8)
    given = given.assign(
        tenure=np.where(draw.random(len(given)) < 0.5, "association", "owner"),
        age_group=np.where(draw.random(len(given)) < 0.5, "65+", "18-64"),
        low_income=draw.random(len(given)) < 0.3,
        other_score=draw.normal(size=len(given)),
        group=draw.random(len(given)) < 0.5,
    )
    cells = pd.MultiIndex.from_product(
        [sorted(set(given["area_code"])), ["association", "owner"], ["65+", "18-64"], [True, False]],
        names=["area_code", "tenure", "age_group", "low_income"],
    )
    adults = pd.DataFrame({"adults_count": 50, "year": 2006}, index=cells).reset_index()
    return given, adults


CHILDREN, YEARS = childhoods(1, families=400)
RESIDENTS, HOUSEHOLDS, MOVERS, NEIGHBOURS, AREAS = residents(), households(), movers(), neighbours(), areas()
ANSWERS, ADULTS = of_survey()
TIES, REGISTER = (table.assign(gemeente_code="GM9001") for table in ties(1, 0.2))
SAMPLES = pd.DataFrame(
    np.random.default_rng(9).normal(size=(len(CHILDREN), 2)) + CHILDREN[["exposure"]].to_numpy(),
    index=pd.Index(CHILDREN["person"], name="person"), columns=["first", "second"],
)  # fmt: skip
FLOWS = pd.DataFrame(
    {"origin_code": list("aab"), "area_code": list("bca"), "households_count": [2, 2, 3]}
).assign(year_from=[2000, 2001, 2000], year_to=[2001, 2002, 2001], **dict.fromkeys(TERMS, 0.1))  # fmt: skip

_GIVEN = "age woman nonwestern log_income income_before area_income"
_WITHIN = "person cohort tenure gemeente_code area_code"
_CHILD = "adult_rank exposure childhood_years birth_year female"
_MOVED = "move_age origin_share destination_share years_after_move parent_rank adult_rank"
_PARENTS = "parent_rank nonwestern"
_SALES = "price year distance_m cohort_year rooms"
EQUATION = Equation("adult_rank", ("exposure",), ("parent_rank", "female"), ("birth_year",))
RING = RingDesign("price", characteristics=("rooms",))
SURVEY = SurveyDesign("contact_score", controls=("stay",), window=(1, 4))

CALLS = [
    Call(
        persons.resident_effect,
        {"frame": RESIDENTS},
        {"frame": f"later_1 later treated {_GIVEN}"},
        {"frame": _WITHIN},
        {"outcome": "later_1", "base": "later"},
    ),
    Call(
        persons.steady_effect,
        {"frame": RESIDENTS},
        {"frame": f"later_1 later_2 treated {_GIVEN}"},
        {"frame": _WITHIN},
        {"outcome": "later", "horizons": (1, 2)},
    ),
    Call(
        persons.effect_path,
        {"frame": RESIDENTS},
        {"frame": f"later_1 later_minus_1 later {_GIVEN}"},
        {"frame": _WITHIN},
        {"outcome": "later", "horizons": (-1, 1)},
    ),
    Call(
        persons.instrumented_effect,
        {"frame": RESIDENTS},
        {"frame": f"later_1 exposure built {_GIVEN}"},
        {"frame": _WITHIN},
        {"outcome": "later_1", "exposure": "exposure", "instrument": "built"},
    ),
    Call(
        persons.lee_bounds,
        {"frame": RESIDENTS},
        {"frame": f"later_1 stays treated {_GIVEN}"},
        {"frame": _WITHIN},
        {"outcome": "later_1", "stayed": "stays"},
    ),
    Call(
        persons.departure_ratios,
        {"frame": HOUSEHOLDS},
        {"frame": "moved distance like_share"},
        {"frame": "tenure buurt year gemeente"},
        {
            "left": "moved",
            "traits": {"distance": "distance", "like_share": "own group"},
            "controls": ["tenure"],
            "cells": ["buurt", "year"],
            "cluster": "gemeente",
        },
    ),
    Call(
        persons.clustered_mean,
        {"frame": HOUSEHOLDS},
        {"frame": "score_change"},
        {"frame": "gemeente"},
        {"column": "score_change", "cluster": "gemeente", "label": "mean"},
    ),
    Call(
        persons.matched_difference,
        {"frame": HOUSEHOLDS},
        {"frame": "displaced score_change"},
        {"frame": "tenure gemeente buurt"},
        {"treated": "displaced", "outcome": "score_change", "cells": ["tenure", "gemeente"], "cluster": "buurt"},
    ),
    Call(persons.concentration, {"flows": FLOWS}, {"flows": "households_count"}, {"flows": "origin_code area_code"}),
    Call(
        persons.destination_gaps,
        {"gone": HOUSEHOLDS},
        {"gone": "displaced moved score_change log_woz_change"},
        {"gone": "year tenure tercile origin_band buurt"},
    ),
    Call(
        persons.unlike_neighbours,
        {"moves": HOUSEHOLDS},
        {"moves": "next_buurt displaced age distance like_share"},
        {"moves": "buurt year tenure nonwestern"},
    ),
    Call(
        persons.excess_exit,
        {"rows": HOUSEHOLDS},
        {"rows": "before treated cohort buurt_2"},
        {"rows": "age_band home tercile buurt"},
        {"horizon": 2},
    ),
    Call(
        persons.attrition,
        {"rows": HOUSEHOLDS},
        {"rows": "before treated cohort buurt_2"},
        {"rows": "age_band gemeente home distance_band person tercile buurt"},
        {"horizon": 2},
    ),
    Call(
        persons.exit_path,
        {"rows": HOUSEHOLDS},
        {"rows": "before treated cohort buurt_1 buurt_2"},
        {"rows": "age_band home tercile buurt"},
        {"horizon": 2},
    ),
    Call(
        persons.horizons,
        {"rows": HOUSEHOLDS},
        {"rows": "before treated cohort buurt_2"},
        {"rows": "age_band home tercile buurt"},
        {"years": (2,), "units": ("buurt",)},
    ),
    Call(
        persons.decompose_flows,
        {"people": MOVERS},
        {"people": "person year income main_earner demolished_year"},
        {"people": "buurt_code gemeente_code"},
        {"columns": persons.FlowColumns("income"), "pairs": [(2000, 2001)]},
    ),
    Call(
        persons.chain_flows, {"yearly": FLOWS}, {"yearly": "year_from year_to total in_situ"}, {"yearly": "area_code"}
    ),
    Call(childhood.sibling_slope, {"children": CHILDREN}, {"children": _CHILD}, {"children": "family place person"}),
    Call(
        childhood.naive_slopes,
        {"children": CHILDREN},
        {"children": "adult_rank exposure childhood_years parent_rank"},
        {"children": "family place person birth_year"},
    ),
    Call(
        childhood.correlated_effects, {"children": CHILDREN}, {"children": _CHILD}, {"children": "family place person"}
    ),
    Call(childhood.mixed_slopes, {"children": CHILDREN}, {"children": _CHILD}, {"children": "family place person"}),
    Call(
        childhood.measured_slopes,
        {"children": CHILDREN, "samples": SAMPLES},
        {"children": "adult_rank parent_rank nonwestern childhood_years"},
        {"children": "person family place birth_year"},
    ),
    Call(
        childhood.rank_by_gemeente,
        {"children": CHILDREN},
        {"children": "adult_rank parent_rank"},
        {"children": "gemeente"},
    ),
    Call(
        childhood.slope_by_cohort,
        {"children": CHILDREN},
        {"children": "adult_rank parent_rank_teenage birth_year childhood_years"},
        {"children": "family place person"},
    ),
    Call(
        childhood.movers_slope,
        {"children": CHILDREN},
        {"children": f"{_MOVED} {_PARENTS} exposure female"},
        {"children": "family place person"},
    ),
    Call(
        childhood.movers_by_age,
        {"children": CHILDREN},
        {"children": f"{_MOVED} {_PARENTS}"},
        {"children": "family place person"},
    ),
    Call(
        childhood.movers_variants,
        {"children": CHILDREN},
        {"children": f"{_MOVED} {_PARENTS} exposure"},
        {"children": "family place person"},
    ),
    Call(
        childhood.placebo_after,
        {"children": CHILDREN},
        {"children": _MOVED},
        {"children": "family place person"},
        {"design": MoversDesign()},
    ),
    Call(
        childhood.both_designs,
        {"children": CHILDREN},
        {"children": f"{_MOVED} {_CHILD}"},
        {"children": "family person"},
    ),
    Call(
        childhood.slopes_by_age,
        {"children": CHILDREN, "years": YEARS},
        {"children": "adult_rank", "years": "low_income_share age"},
        {"children": "family place person", "years": "person"},
    ),
    Call(
        childhood.nonlinear_slope,
        {"children": CHILDREN, "years": YEARS},
        {"children": "adult_rank childhood_years", "years": "low_income_share age at_home"},
        {"children": "family place person", "years": "person"},
    ),
    Call(
        childhood.slope_by_mix,
        {"children": CHILDREN, "years": YEARS},
        {"children": "adult_rank childhood_years", "years": "low_income_share tenure_mix at_home"},
        {"children": "family place person", "years": "person"},
    ),
    Call(
        childhood.linear_in_means,
        {"households": NEIGHBOURS},
        {"households": "log_income age nonwestern owner social"},
        {"households": "place gemeente household"},
    ),
    Call(
        childhood.neighbourhood_regressions,
        {"frame": NEIGHBOURS},
        {"frame": "log_income share age"},
        {"frame": "person year place"},
        {"choices": (PanelChoice("now", "share", ("person", "year")),)},
    ),
    Call(
        regression.ivreg,
        {"frame": CHILDREN},
        {"frame": "adult_rank exposure parent_rank female"},
        {"frame": "family person birth_year"},
        {"equation": EQUATION},
    ),
    Call(
        robustness.equation_robustness,
        {"frame": CHILDREN},
        {"frame": "adult_rank exposure parent_rank"},
        {"frame": "family person birth_year"},
        {"equation": EQUATION},
    ),
    Call(
        robustness.proportional_selection,
        {"frame": CHILDREN},
        {"frame": "adult_rank exposure parent_rank"},
        {"frame": "family person birth_year"},
        {"equation": EQUATION, "observed": ("parent_rank",)},
    ),
    Call(
        robustness.sensitivity_table,
        {"frame": CHILDREN},
        {"frame": "adult_rank exposure parent_rank"},
        {"frame": "family person birth_year"},
        {"equation": EQUATION, "benchmarks": ("parent_rank",)},
    ),
    Call(
        robustness.selection_table,
        {"children": CHILDREN},
        {"children": f"adult_rank exposure childhood_years female own_low_years {_PARENTS}"},
        {"children": "family person birth_year"},
    ),
    Call(
        scores.difference,
        {"frame": AREAS},
        {"frame": "year score"},
        {"frame": "area_code"},
        {
            "column": "score",
            "from_year": 2000,
            "to_year": 2002,
            "breaks": pd.DataFrame({"concept": [], "break_year": [], "reason": []}),
        },
    ),
    Call(scores.score_densities, {"panel": AREAS}, {"panel": "year liveability_score"}),
    Call(
        scores.segregation_of_groups,
        {"frame": AREAS},
        {"frame": "group_count total_count"},
        {"frame": "year"},
        {"groups": {"low": ("group_count", "total_count")}},
    ),
    Call(
        scores.shares_by_year,
        {"frame": AREAS},
        {"frame": "score total_count"},
        {"frame": "year"},
        {"shares": ["score"], "total": "total_count"},
    ),
    Call(
        scores.urban_spread,
        {"figures": AREAS},
        {"figures": "year low_income_households_share household_income_standardised_eur"},
        {"figures": "urbanity_class"},
        {"year": 2000},
    ),
    Call(
        selection.discontinuity,
        {"areas": AREAS},
        {"areas": "score listed income"},
        {},
        {"score": "score", "listed": "listed", "balance": {"income": "income"}},
    ),
    Call(
        selection.tests_of_both,
        {"areas": AREAS},
        {"areas": "score favoured income"},
        {},
        {"score": "score", "favoured": "favoured", "balance": {"income": "income"}},
    ),
    Call(
        space.city_totals,
        {"frame": AREAS},
        {"frame": "score year cohort_year dose_share rooms"},
        {"frame": "area_code gemeente_code"},
        {"outcome": "score", "year": 2003, "covariates": ("rooms",)},
    ),
    Call(space.draw_sales, {"sales": AREAS}, {"sales": _SALES}, {"sales": "area_code project_id"}, {"design": RING}),
    Call(
        survey.survey_effect,
        {"frame": ANSWERS},
        {"frame": "contact_score year weight_persons cohort_year"},
        {"frame": "area_code stay"},
        {"design": SURVEY},
    ),
    Call(
        survey.placebo_effect,
        {"frame": ANSWERS},
        {"frame": "contact_score year weight_persons cohort_year"},
        {"frame": "area_code stay"},
        {"design": SURVEY, "years": 3},
    ),
    Call(
        survey.effects_in_windows,
        {"frame": ANSWERS},
        {"frame": "contact_score year weight_persons"},
        {"frame": "area_code stay"},
        {"design": SURVEY, "windows": [(1, 4)]},
    ),
    Call(
        survey.answers_within,
        {"frame": ANSWERS},
        {"frame": "contact_score other_score weight_persons"},
        {"frame": "area_code year tenure"},
        {"outcome": "contact_score", "regressors": ["other_score"], "dummies": ["tenure"]},
    ),
    Call(
        survey.trend_gap,
        {"frame": ANSWERS},
        {"frame": "contact_score group year weight_persons"},
        {"frame": "area_code"},
        {"outcome": "contact_score", "group": "group", "since": 2000},
    ),
    Call(
        survey.trend_within,
        {"frame": ANSWERS},
        {"frame": "contact_score year weight_persons"},
        {"frame": "area_code"},
        {"outcome": "contact_score", "since": 2000},
    ),
    Call(
        childhood.linearity_test,
        {"children": CHILDREN},
        {"children": f"{_MOVED} {_PARENTS}"},
        {"children": "family place person"},
    ),
    Call(
        survey.associations,
        {"answers": ANSWERS},
        {"answers": "contact_score other_score"},
        {"answers": "area_code year tenure age_group"},
        {"with_what": "other_score", "outcomes": {"contact_score": "contact"}},
    ),
    Call(
        survey.direct_means,
        {"frame": ANSWERS},
        {"frame": "contact_score weight_persons"},
        {"frame": "area_code"},
        {"outcome": "contact_score"},
    ),
    Call(
        survey.poststratified,
        {"frame": ANSWERS, "counts": ADULTS},
        {"frame": "contact_score", "counts": "adults_count"},
        {"frame": "area_code tenure", "counts": "area_code tenure"},
        {"outcome": "contact_score", "traits": ("tenure",)},
    ),
    Call(
        survey.composition,
        {"adults": ADULTS},
        {"adults": "year adults_count low_income"},
        {"adults": "area_code tenure age_group"},
        {"year": 2006},
    ),
    Call(
        survey.vulnerable_respondents,
        {"answers": ANSWERS, "adults": ADULTS},
        {"adults": "year adults_count"},
        {"answers": "area_code", "adults": "area_code tenure"},
        {"top_share": 0.2, "since": 2000},
    ),
    Call(
        survey.random_mixing,
        {"ties": TIES, "households": REGISTER},
        {"ties": "weight_households", "households": "households_count"},
        {"ties": "area_code year other_tenure", "households": "area_code tenure"},
        {"grouping": "tenure"},
    ),
    Call(
        survey.benchmarks,
        {"ties": TIES, "households": REGISTER},
        {"ties": "year weight_households", "households": "households_count"},
        {"ties": "area_code tenure", "households": "area_code"},
        {"year": 2010},
    ),
]
"""Every estimator that takes a table without a design of a panel, and the columns that it reads."""
