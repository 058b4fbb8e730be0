"""Every estimator of a panel with a design: spoilt columns are refused by name, valid forms give the same figures."""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from panel_calls import CALLS, PanelCall, firms, told

import buurteffect.estimate
from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import Design

ROOT = Path(buurteffect.estimate.__file__).parent
SUBJECTS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("core", "sample"))

BUILT = {
    "chained_effects": "draw_sample",
    "long_effects": "draw_sample",
    "effect_on_mean": "chained_effects",
    "effect_on_long_change": "long_effects",
    "standard_specifications": "Specification",
}
"""Estimators of panels that others here make, by what they hand theirs to."""

BEFORE_TREATMENT = {
    "callaway_santanna",
    "group_time",
    "late_effect",
    "stacked",
    "local_projections",
    "event_study_in_steps",
    "side_by_side",
    "shifted_cohorts",
    "few_cluster_errors",
    "effects_by_group",
    "specification_table",
    "lookalike_placebo",
    "leave_one_cluster_out",
    "bracket",
    "adjust_outcome",
    "spillover",
    "rings_around",
    "bias_identity",
}
"""Estimators that take covariates before treatment, where the outcome may be one."""

CALENDAR = {"cohorts_behind", "future_design", "before_and_after", "fitted_components"}
"""Estimators that tell years, or take components whose base is a year of the calendar."""

OWN_WEIGHTS = {"dose_regressions"}
"""Estimators with rows that the weights of the design do not enter."""

ALL_ROWS = {"halves", "within_spread"}
"""Estimators that describe rows whether or not their outcome is known."""

EMPTY_WHERE_UNKNOWN = {"halves", "largest_places"}
"""Estimators that put units without a value nowhere, as they say."""

EVERY = pytest.mark.parametrize("call", CALLS, ids=str)


def asked(call: PanelCall, frame: pd.DataFrame, design: Design | None = None, **changed: object) -> object:
    """Return the figures of a call, or the text with which it was refused."""
    try:
        return told(call.run(frame, replace(design or call.design, **changed)))
    except EstimationError as error:
        return str(error)


def same(one: object, other: object, rtol: float = 1e-6) -> bool:
    """Return whether two results have the same figures."""
    if isinstance(one, str) or isinstance(other, str):
        return False
    return len(one) == len(other) and np.allclose(one, other, rtol=rtol, atol=1e-8, equal_nan=True)


def named(found: object, *names: str) -> bool:
    """Return whether a text names columns, and no neutral name of the code."""
    if not isinstance(found, str) or re.search(r"\bx\d+\b", found):
        return False
    return all(re.search(rf"\b{name}\b", found) for name in names)


def spoilt() -> pd.DataFrame:
    """Return the panel with columns that no regression can use."""
    frame, draw = firms(), np.random.default_rng(3)
    sixth = frame["firm"] == 6
    return frame.assign(
        word="a",
        huge=np.where(frame["year"] == 2000, np.inf, 1.0),
        same=1.0,
        twice=2 * frame["x"] + 1,
        drift=draw.normal(size=len(frame)),
        mirror=lambda rows: 3 * rows["drift"] - 1,
        gap=frame["sector"].where(frame["firm"] != 7),
        negative=np.where(sixth, -1.0, 1.0),
        nothing=0.0,
        zero=np.where(sixth, 0.0, 1.0),
        unknown=np.where(sixth, np.nan, 1.0),
    )


SPOILT = spoilt()


def check_named_or_unused(call: PanelCall, column: str, **changed: object) -> None:
    """Check that a column is refused by its name; or, by an estimator that does not use it, moves nothing."""
    found = asked(call, SPOILT, **changed)
    if named(found, column):
        return
    without = {
        role: None if role == "weights" else tuple(name for name in given if name != column)
        for role, given in changed.items()
    }
    assert same(found, asked(call, SPOILT, **without)), found


def test_every_estimator_of_a_panel_is_called_here():
    here = {call.name.split()[0] for call in CALLS}
    left = []
    for subject in SUBJECTS:
        face = import_module(f"buurteffect.estimate.{subject}")
        for name in face.__all__:
            run = getattr(face, name)
            if not hasattr(run, "__wrapped__") or name in here:
                continue
            parameters = inspect.signature(run).parameters
            kinds = [str(each.annotation) for each in parameters.values()]
            if (list(parameters)[:2] == ["frame", "design"] and "SurveyDesign" not in kinds) or "Design" in kinds:
                left.append(name)
    assert sorted(set(left) - {"bracket_of"}) == sorted(BUILT)  # `bracket_of` takes estimates


@pytest.mark.parametrize("name", BUILT)
def test_an_estimator_of_what_others_make_hands_it_to_one_that_asks(name):
    run = next(
        getattr(import_module(f"buurteffect.estimate.{subject}"), name)
        for subject in SUBJECTS
        if hasattr(import_module(f"buurteffect.estimate.{subject}"), name)
    )
    assert f"{BUILT[name]}(" in inspect.getsource(inspect.getmodule(run.__wrapped__))


@EVERY
def test_every_call_has_figures(call):
    found = asked(call, SPOILT)
    assert not isinstance(found, str), found
    assert len(found)


@EVERY
def test_a_missing_column_is_named(call):
    for role in ("outcome", "unit", "time", "cohort"):
        if getattr(call.design, role) is not None:
            with pytest.raises(CallError, match=r"\bprofit\b"):
                call.run(SPOILT, replace(call.design, **{role: "profit"}))
    for column in f"{call.more} {call.others}".split():
        with pytest.raises(CallError, match=rf"\b{column}\b"):
            call.run(SPOILT.drop(columns=column), call.design)
    for role in ("covariates", "clusters"):
        check_named_or_unused(call, "profit", **{role: ("profit",)})
    check_named_or_unused(call, "profit", weights="profit")


@EVERY
@pytest.mark.parametrize("column", ["word", "huge"])
def test_text_and_infinite_values_are_refused_by_name(call, column):
    assert named(asked(call, SPOILT, outcome=column), column)
    assert named(asked(call, SPOILT, time=column), column)
    check_named_or_unused(call, column, covariates=(column,))
    check_named_or_unused(call, column, weights=column)
    if call.design.dose:
        assert named(asked(call, SPOILT, dose=column), column)
    if call.design.coordinates_m:
        assert named(asked(call, SPOILT, coordinates_m=(column, "north")), column)
    for own in call.more.split():
        assert named(asked(call, SPOILT.assign(**{own: SPOILT[column].iloc[0]})), own)


@EVERY
def test_a_column_that_is_nowhere_known_is_named(call):
    outcome = call.design.outcome
    for missing in (np.nan, None):
        assert named(asked(call, SPOILT.assign(**{outcome: missing})), outcome)
    for own in call.more.split() if call.name not in EMPTY_WHERE_UNKNOWN else []:
        assert named(asked(call, SPOILT.assign(**{own: np.nan})), own)


@EVERY
def test_covariates_that_cannot_be_told_apart_are_named_or_move_nothing(call):
    for covariates in (("same",), ("x", "twice"), ("drift", "mirror")):
        check_named_or_unused(call, covariates[-1], covariates=covariates)


@EVERY
def test_the_outcome_is_no_covariate_of_its_own(call):
    if call.name.split()[0] in BEFORE_TREATMENT or call.design.cohort is None:
        return
    frame = SPOILT.assign(twin=2 * SPOILT[call.design.outcome] + 1)
    found = asked(call, frame, covariates="twin")
    assert named(found, "twin") or same(found, asked(call, frame, covariates=()))


@EVERY
def test_repeated_rows_and_empty_panels_are_refused(call):
    assert named(asked(call, pd.concat([SPOILT, SPOILT.head(3)], ignore_index=True)), "firm", "year|step")
    assert isinstance(asked(call, SPOILT.iloc[:0]), str)


@EVERY
def test_rows_without_a_cluster_are_left_out_or_named(call):
    found = asked(call, SPOILT, clusters="gap")
    left = asked(call, SPOILT[SPOILT["firm"] != 7])
    assert named(found, "gap") or same(found, left) or same(found, asked(call, SPOILT))


@EVERY
def test_weights_that_are_none_are_left_out_or_named(call):
    if call.name in OWN_WEIGHTS:
        return
    plain = asked(call, SPOILT)
    check_named_or_unused(call, "negative", weights="negative")
    found = asked(call, SPOILT, weights="nothing")
    assert named(found, "nothing") or same(found, plain)
    for column in ("zero", "unknown"):
        found = asked(call, SPOILT, weights=column)
        left = asked(call, SPOILT[SPOILT["firm"] != 6].assign(**{column: 1.0}), weights=column)
        assert named(found, column) or same(found, left) or same(found, plain)


OURS = [
    "_unit",
    "_time",
    "_weight",
    "event_time",
    "weight",
    "unit",
    "time",
    "outcome",
    "cohort",
    "treated",
    "x0",
    "stack",
    "change",
    "place",
    "cluster",
    "nearest_cohort",
    "never",
    "price",
    "y",
    "status",
    "part",
    "term",
    "years_since_start",
    "cluster2",
    "dose",
    "effect",
    "base",
    "w0",
    "e0",
    "index",
    "level_0",
    "count",
    "row",
    "variable",
]
"""Names that this project gives to columns of its own."""


def day(years: pd.Series, which: str) -> pd.Series:
    """Return a day of each year, missing ones among them."""
    return pd.to_datetime(pd.Series([None if pd.isna(each) else f"{int(each)}-{which}" for each in years]))


def forms() -> dict[str, pd.DataFrame]:
    """Return the panel in other forms, which say the same."""
    frame = firms()
    year, start = frame["year"], frame["start"]
    years = pd.Series([pd.NaT if pd.isna(each) else pd.Period(year=int(each), freq="Y") for each in start])
    numbers = ["sales", "orders", "w", "size", "moving", "without", "x", "east", "north"]
    decimals = {name: [Decimal(repr(float(each))) for each in frame[name]] for name in numbers}
    return {
        "dates, any order, an index with a name": frame.assign(year=day(year, "04-01"), start=day(start, "01-01"))
        .sample(frac=1, random_state=2)
        .set_index("firm", drop=False),
        "periods, names of letters, nullable": frame.assign(
            firm="Ĳsselstéin ⌂ " + frame["firm"].astype(str).str.zfill(3),
            year=pd.PeriodIndex(year.astype(str), freq="Y"),
        )
        .convert_dtypes()
        .assign(start=years),
        "years and units as categories": frame.assign(
            year=pd.Categorical(year),
            start=pd.Categorical(start),
            firm=pd.Categorical(frame["firm"], categories=range(-3, 70)),
            sector=pd.Categorical(frame["sector"], categories=range(20)),
        ),
        "centred, never as infinite, one label": frame.assign(
            year=(year - 2005).astype("int8"), start=(start - 2005).fillna(np.inf)
        ).set_index(pd.Index([0] * len(frame))),
        "never as 0, decimals, truth values, our names": frame.assign(
            start=start.fillna(0).astype(object),
            kind=frame["kind"].astype(bool),
            **decimals,
            **dict.fromkeys(OURS, 7),
            estimate="b",
        ),
        "years without an outcome": pd.concat(
            [frame, frame[year == 2009].assign(year=2010, step=11, sales=np.nan, orders=np.nan)], ignore_index=True
        ),
    }


FORMS = forms()


@EVERY
@pytest.mark.parametrize("form", FORMS)
def test_the_same_panel_in_another_form_gives_the_same_figures(call, form):
    if form.startswith("centred") and call.name in CALENDAR:
        return
    if form == "years without an outcome" and call.name in ALL_ROWS:
        return
    plain, other = asked(call, firms()), asked(call, FORMS[form])
    assert not isinstance(other, str), other
    # The components are a minimum that a search finds to some digits.
    assert same(other, plain, rtol=2e-3 if call.name == "fitted_components" else 1e-6)
