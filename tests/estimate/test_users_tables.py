"""Tables without a design: every estimator asks for its columns, and says which it lacks, as its user calls them."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from users_tables import ANSWERS, AREAS, CALLS, CHILDREN, HOUSEHOLDS, Call

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import is_refused, persons, regression, space, survey
from buurteffect.estimate.regression import Equation

SUBJECTS = [
    "childhood",
    "did",
    "inference",
    "measurement",
    "persons",
    "regression",
    "robustness",
    "scores",
    "selection",
    "space",
    "survey",
]

BUILT = {
    "chained_effects": "parts of `decompose_flows` and a design, drawn as a sample",
    "long_effects": "parts of `decompose_flows` and a design, drawn as a sample",
    "effect_on_mean": "`decompose_flows`, then `chained_effects`",
    "effect_on_long_change": "`decompose_flows`, then `long_effects`",
    "effects_of_scales": "`survey_effect`",
    "means_of_areas": "`direct_means`, `fay_herriot` and `poststratified`",
    "inflow_slopes": "`exposure_mapping`",
    "exposure_profile": "`exposure_mapping`, once for each combination",
    "fay_herriot": "means of areas, and traits that `composition` makes",
    "spread_of_two": "facts that `score_facts` makes",
    "tidy": "identities that an estimator makes",
    "standard_specifications": "panels of one study, each drawn as a sample",
}
"""Estimators of tables that others here make, or that hand their table on to one that asks."""

ASKED = {
    "exposure_mapping": "tests/estimate/space/test_waterbed.py",
    "waves_from_panel": "tests/estimate/measurement/test_waves.py",
}
"""Estimators of a larger world, whose own tests leave columns out."""

EMPTY_IN_EMPTY_OUT = {
    "concentration",
    "segregation_of_groups",
    "shares_by_year",
    "composition",
    "vulnerable_respondents",
    "horizons",
    "destination_gaps",
}
"""Descriptions of which an empty table has an empty or missing figure, or one refusal for each of their rows."""


def said(call: Call, **tables: pd.DataFrame) -> str:
    """Return the text of a refusal, raised or returned, or standing in a row; nothing where there is a figure."""
    try:
        made = call.run(**(call.tables | tables), **call.rest)
    except EstimationError as error:
        return str(error)
    if is_refused(made):
        return str(made.reason)
    return " ".join(made["reason"].astype(str)) if isinstance(made, pd.DataFrame) and "reason" in made else ""


def named(column: str, text: str) -> bool:
    """Return whether a text names a column, and no neutral name of the code."""
    return bool(re.search(rf"\b{column}\b", text)) and not re.search(r"\bx\d+\b", text)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_table_with_every_column_is_estimated_on(call):
    assert said(call).strip() == ""


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_missing_column_is_a_mistake_in_the_call_that_is_named(call):
    for table, frame in call.tables.items():
        for column in f"{call.numbers.get(table, '')} {call.others.get(table, '')}".split():
            with pytest.raises(CallError, match=rf"\b{column}\b"):
                call.run(**(call.tables | {table: frame.drop(columns=column)}), **call.rest)


@pytest.mark.parametrize("value", ["a", np.inf], ids=["text", "infinite"])
@pytest.mark.parametrize("call", CALLS, ids=str)
def test_text_and_infinite_values_are_refused_by_the_name_of_their_column(call, value):
    for table, columns in call.numbers.items():
        for column in columns.split():
            found = said(call, **{table: call.tables[table].assign(**{column: value})})
            assert named(column, found), (table, column, found)


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_an_empty_table_is_refused_with_a_reason(call):
    for table, frame in call.tables.items():
        assert said(call, **{table: frame.iloc[:0]}) or call.run.__name__ in EMPTY_IN_EMPTY_OUT


def test_every_estimator_that_takes_a_table_is_asked_here_or_with_a_design():
    here = {call.run.__name__ for call in CALLS} | set(BUILT) | set(ASKED)
    left = []
    for subject in SUBJECTS:
        face = import_module(f"buurteffect.estimate.{subject}")
        for name in getattr(face, "__all__", ()):
            run = getattr(face, name)
            if not hasattr(run, "__wrapped__") or name in here:
                continue
            parameters = inspect.signature(run).parameters.values()
            tables = [each.name for each in parameters if "pd.DataFrame" in str(each.annotation)]
            designs = [each.name for each in parameters if str(each.annotation) in ("Design", "'Design'")]
            if tables and not designs:
                left.append(f"{subject}.{name}")
    assert left == []


def refusal(run, *given, **rest) -> str:
    """Return the reason of a refused estimate."""
    made = run(*given, **rest)
    assert is_refused(made)
    return str(made.reason)


def test_regressors_that_cannot_be_told_apart_are_named_as_the_user_calls_them():
    twice = CHILDREN.assign(again=lambda rows: 2 * rows["exposure"] + 1, same=1.0)
    asked = Equation("adult_rank", ("exposure", "again"), ("parent_rank",))
    assert named("again", refusal(regression.ivreg, twice, asked))
    assert named("same", refusal(regression.ivreg, twice, Equation("adult_rank", "same", ["parent_rank"])))
    rows = ANSWERS.assign(again=lambda rows: 2 * rows["other_score"] + 1, same=1.0)
    for regressors in (["other_score", "again"], ["other_score", "same"]):
        assert named(regressors[1], refusal(survey.answers_within, rows, "contact_score", regressors))
    left = HOUSEHOLDS.assign(again=lambda rows: 2 * rows["distance"] + 1, same=1.0)
    for trait in ("again", "same"):
        given = ("moved", {"distance": "distance", trait: "a trait"}, ["tenure"], ["buurt", "year"], "gemeente")
        assert named(trait, refusal(persons.departure_ratios, left, *given))
    towns = AREAS.assign(again=lambda rows: 2 * rows["rooms"] + 1)
    assert named("again", refusal(space.city_totals, towns, "score", 2003, ("rooms", "again")))


def test_controls_that_others_explain_move_nothing():
    frame = CHILDREN.assign(again=lambda rows: 2 * rows["parent_rank"] + 1, same=1.0)
    plain = regression.ivreg(frame, Equation("adult_rank", "exposure", "parent_rank"))
    more = regression.ivreg(
        frame, Equation("adult_rank", ["exposure"], ["parent_rank", "again", "same"], clusters="family")
    )
    assert more.fit.coefficients[0] == pytest.approx(plain.fit.coefficients[0], rel=1e-10)
