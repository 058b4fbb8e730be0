"""The public face: what the subjects of `estimate` offer, one call for every estimator, refusals and calls that err."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import buurteffect.estimate
from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import Design, childhood, did, inference, is_refused, regression, robustness, selection, space

ROOT = Path(buurteffect.estimate.__file__).parent
SUBJECTS = sorted(path.parent.name for path in ROOT.glob("*/__init__.py") if path.parent.name not in ("core", "sample"))
DESIGN = Design("sales", "firm", "year", "start")


def panel() -> pd.DataFrame:
    """Return 60 firms in ten years, with no column of this project: .5 is added to sales from the start on."""
    draws = np.random.default_rng(1)
    firm, year = np.repeat(np.arange(60), 10), np.tile(np.arange(2000, 2010), 60)
    start = np.tile([2004.0, 2006.0, np.nan, np.nan], 15)[firm]
    sector = draws.normal(size=12)[firm // 5]
    return pd.DataFrame(
        {
            "firm": firm,
            "year": year,
            "start": start,
            "sector": firm // 5,
            "x": draws.normal(size=60)[firm],
            "size": draws.random(60)[firm],
            "east": firm * 3000.0,
            "north": firm % 7 * 1000.0,
            "sales": draws.normal(size=60)[firm] + sector + 0.05 * year + 0.5 * (year >= start)
            + 0.1 * draws.normal(size=600),
        }
    ).assign(orders=lambda rows: np.exp(rows["sales"] - 100))  # fmt: skip


CALLS = {
    did.callaway_santanna: (),
    did.group_time: (),
    did.late_effect: ((0, 3),),
    did.sun_abraham: (),
    did.imputation: (),
    did.two_stage: (),
    did.extended_twfe: (),
    did.stacked: (),
    did.local_projections: (),
    did.synthetic_did: ([0],),
    did.continuous_dose: ((0, 3),),
    regression.twfe: (),
    regression.twfe_event_study: (),
    regression.first_differences: (),
    regression.random_effects: (),
    regression.feols: (("firm", "sector", "year"),),
    regression.fepois: (("firm", "year"),),
    regression.mean_group: (),
    regression.mixed_model: ("firm", "sector"),
    regression.bacon_decomposition: (),
    robustness.side_by_side: ((0, 3),),
    robustness.shifted_cohorts: (2,),
    robustness.permuted_cohorts: ((0, 3), None, 19),
    robustness.never_treated_cohorts: ((0, 3), 19),
    robustness.few_cluster_errors: ((0, 3), (), 99),
    selection.bracket: ((0, 3),),
    robustness.leave_one_cluster_out: (did.late_estimator((0, 3)),),
    selection.reweighted_effects: (),
    selection.pooled_overlap: (("x",),),
    selection.naive_two_way: (),
    space.distance_to_treated: (),
}  # fmt: skip
"""Every estimator of effects on a panel, and what its call takes besides frame and design."""


def asked_of(estimator: object) -> Design:
    """Return the design of the small panel with what an estimator needs besides."""
    if estimator is did.continuous_dose:
        return replace(DESIGN, dose="size")
    if estimator is regression.fepois:
        return replace(DESIGN, outcome="orders")
    if estimator is selection.bracket:
        return replace(DESIGN, covariates=("x",))
    return replace(DESIGN, coordinates_m=("east", "north")) if estimator is space.distance_to_treated else DESIGN


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_offers_all_that_it_lists_with_a_docstring(subject):
    face = import_module(f"buurteffect.estimate.{subject}")
    offered = {name: getattr(face, name) for name in face.__all__}
    assert offered
    assert [name for name, each in offered.items() if callable(each) and not inspect.getdoc(each)] == []


@pytest.mark.parametrize("folder", [ROOT, *sorted(path.parent for path in ROOT.glob("*/**/__init__.py"))])
def test_no_name_is_at_once_a_module_and_a_function_of_a_package(folder):
    modules = {module.name for module in pkgutil.iter_modules([str(folder)])}
    trees = [ast.parse(path.read_text(encoding="utf-8")).body for path in folder.glob("*.py")]
    defined = {node.name for body in trees for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    face = import_module(".".join(("buurteffect", "estimate", *folder.relative_to(ROOT).parts)))
    assert modules & (defined | set(getattr(face, "__all__", ()))) == set()


@pytest.mark.parametrize(("estimator", "rest"), CALLS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_every_estimator_is_called_with_a_frame_and_a_design(estimator, rest):
    assert list(inspect.signature(estimator).parameters)[:2] == ["frame", "design"]
    made = estimator(panel(), asked_of(estimator), *rest)
    assert getattr(made, "reason", "") == ""


@pytest.mark.parametrize(("estimator", "rest"), CALLS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_what_the_data_cannot_carry_comes_back_with_the_reason(estimator, rest):
    nobody = panel().assign(start=np.nan)
    made = estimator(nobody, asked_of(estimator), *rest)
    assert not made
    assert "none of the 0 treated units" in made.reason
    assert made.frame["estimate"].isna().all()


@pytest.mark.parametrize(("estimator", "rest"), CALLS.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_a_column_that_there_is_not_raises(estimator, rest):
    with pytest.raises(CallError, match="lacks profit"):
        estimator(panel(), replace(asked_of(estimator), outcome="profit"), *rest)


@pytest.mark.parametrize(
    "estimator",
    [
        did.callaway_santanna,
        did.sun_abraham,
        did.imputation,
        did.two_stage,
        did.extended_twfe,
        did.stacked,
        did.local_projections,
    ],
)
def test_the_planted_effect_is_found_without_a_column_of_clusters(estimator):
    row = estimator(panel(), DESIGN, window=(0, 3)).frame.query("term.str.startswith('window')").iloc[0]
    assert abs(row["estimate"] - 0.5) < 3 * row["std_error"] < 0.2
    assert row["clusters_count"] == row["units_count"]


def test_a_name_stands_for_a_tuple_of_one():
    design = Design("sales", "firm", "year", "start", covariates="x", clusters="sector")
    assert (design.covariates, design.clusters) == (("x",), ("sector",))
    assert Design("sales").cluster_columns == ("area_code",)


def test_a_refused_estimate_passes_through_what_is_built_on_it():
    refused = did.sun_abraham(panel().assign(start=np.nan), DESIGN)
    assert robustness.honest_did(refused) is refused
    assert inference.pretrend_test(refused) is refused


def test_an_outside_event_study_gives_what_an_own_one_gives():
    own = did.sun_abraham(panel(), DESIGN, window=(0, 3))
    path = own.event_times()
    places = np.random.default_rng(2).permutation(path.index.to_numpy())
    outside = robustness.event_study(
        own.frame["estimate"][places],
        own.covariance[np.ix_(places, places)],
        own.frame["event_time"][places],
        degrees=own.degrees,
    )
    for restriction, bounds in (("relative magnitudes", (0.5, 1.0)), ("smoothness", (0.0, 0.01))):
        columns = ["estimate", "ci_low", "ci_high", "bound"]
        ours = robustness.honest_did(own, bounds, (0, 3), restriction=restriction).frame[columns]
        theirs = robustness.honest_did(outside, bounds, (0, 3), restriction=restriction).frame[columns]
        pd.testing.assert_frame_equal(ours, theirs, rtol=1e-6)
    before = int((path["event_time"] < -1).sum())
    assert inference.pretrend_test(outside).restrictions == before


@pytest.mark.parametrize(
    ("covariance", "times", "said"),
    [
        (np.eye(3), [-2, 0], "square covariance"),
        (np.eye(2), [0, 0], "must differ"),
        (np.full((2, 2), np.nan), [-2, 0], "be finite"),
    ],
)
def test_an_outside_event_study_that_does_not_fit_together_is_refused(covariance, times, said):
    with pytest.raises(CallError, match=said):
        robustness.event_study([0.1, 0.2], covariance, times)


def test_an_unknown_restriction_is_refused():
    with pytest.raises(CallError, match="restriction must be"):
        robustness.honest_did(robustness.event_study([0.1, 0.2], np.eye(2), [-2, 0]), restriction="monotone")


def told(made: object) -> object:
    """Return the reason of a refusal, or the figures."""
    if is_refused(made):
        return made.reason
    frame = getattr(made, "frame", getattr(getattr(made, "effects", None), "frame", None))
    return None if frame is None or "estimate" not in frame else frame[["estimate", "std_error"]].to_numpy(dtype=float)


def named(column: str, said: object) -> bool:
    """Return whether a text names a column, and no neutral name of the code."""
    return isinstance(said, str) and bool(re.search(rf"\b{column}\b", said)) and not re.search(r"\bx\d+\b", said)


def test_too_few_units_or_times_are_told_with_what_is_to_be_explained():
    design = replace(DESIGN, cohort=None, covariates=("x", "size"))
    few = panel()[panel()["firm"] < 3]
    assert named("size", told(regression.random_effects(few, design)))
    once = few[few["year"] == 2000]
    assert named("year", told(regression.random_effects(once, design)))
    assert "successive" in told(regression.first_differences(once, design))
    pair = few[(few["year"] < 2002) & (few["firm"] < 2)].assign(moved=[0.0, 1.0, 2.0, 5.0])
    assert named("moved", told(regression.first_differences(pair, replace(design, covariates="moved"))))


def test_names_may_be_listed_and_none_is_none():
    design = Design("sales", covariates=["x", "size"], clusters=["sector"], coordinates_m=["east", "north"])
    assert (design.covariates, design.clusters) == (("x", "size"), ("sector",))
    assert design.coordinates_m == ("east", "north")
    assert Design("sales", covariates=None, clusters=None).covariates == ()
    for role in ("covariates", "clusters"):
        with pytest.raises(CallError, match=f"{role} must be names of columns"):
            Design("sales", **{role: 5})


def test_a_refused_pair_says_why_where_it_is_taken_apart():
    children = pd.DataFrame(columns=["move_age", "years_after_move", "origin_share", "destination_share"], dtype=float)
    refused = childhood.both_designs(children.assign(childhood_years=1.0, parent_rank=1.0))
    assert is_refused(refused)
    with pytest.raises(EstimationError, match=re.escape(refused.reason)):
        _both, _agree = refused
    with pytest.raises(TypeError, match="one table"):
        list(did.sun_abraham(panel(), DESIGN))


def test_rings_that_do_not_ascend_are_a_mistake_in_the_call():
    with pytest.raises(CallError, match="must ascend"):
        space.spillover(panel(), replace(DESIGN, coordinates_m=("east", "north")), (5000.0, 1000.0))
