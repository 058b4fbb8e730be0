"""Corners in which a figure was made of rounding, or of nothing: what is not there is refused, 0 or unknown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.estimate import did, inference, regression
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate

DESIGN = Design("y", "area", "year", "cohort")
YEARS = (2001, 2002, 2003, 2004)
ESTIMATORS: dict[str, Callable[[pd.DataFrame, Design], EffectEstimate]] = {
    "Callaway–Sant'Anna": did.callaway_santanna,
    "imputation": did.imputation,
    "two stages": did.two_stage,
    "Sun–Abraham": did.sun_abraham,
    "extended two-way": did.extended_twfe,
    "stacked": lambda frame, design: did.stacked(frame, design, before=1, after=1),
    "local projections": did.local_projections,
    "two-way event study": regression.twfe_event_study,
}


def panel(cohorts: dict[str, float], years: tuple[int, ...] = YEARS, seed: int = 1) -> pd.DataFrame:
    """Return areas with a random outcome, every one in every year, and the cohort that is said."""
    rows = [(area, year, cohort) for area, cohort in cohorts.items() for year in years]
    frame = pd.DataFrame(rows, columns=["area", "year", "cohort"])
    return frame.assign(y=np.random.default_rng(seed).normal(size=len(frame)))


@pytest.mark.parametrize("kind", ["simple", "dynamic", "group", "calendar"])
def test_cohorts_that_are_never_seen_with_others_after_treatment_are_refused_by_name(kind):
    frame = panel({"a": 2004, "b": 2004, "c": 2005, "d": 2005}, (*YEARS, 2005))
    found = did.callaway_santanna(frame, replace(DESIGN, anticipation_years=1), kind)
    assert not found and found.reason == "no cohort is seen after its treatment with anyone to compare with"


@pytest.mark.parametrize("estimator", [did.extended_twfe, did.sun_abraham])
def test_an_overall_effect_without_a_treated_row_is_refused_and_not_missing(estimator):
    frame = panel({"a": 2004, "b": 2004, "c": 2005, "d": 2005}, (*YEARS, 2005))
    assert estimator(frame, DESIGN)
    found = estimator(frame, replace(DESIGN, anticipation_years=1))  # from 2004 on nobody is untouched
    assert not found and found.reason.startswith("no cohort is seen after its treatment while anyone is untouched")


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("estimator", [did.extended_twfe, did.sun_abraham])
def test_a_time_at_which_nobody_is_untreated_makes_no_effect_of_rounding(estimator, seed):
    frame = panel({"a": np.nan, "b": np.nan, "c": 2003, "d": 2003, "e": 2003, "f": 2003}, seed=seed)
    frame["weight"] = frame["area"].map(dict(zip("abcdef", np.random.default_rng(seed).uniform(1, 3, 6), strict=True)))
    seen = ~(frame["area"].isin(["a", "b"]) & (frame["year"] == 2003)) & ~frame["area"].eq("f") | (frame["year"] < 2003)
    for weights in (None, "weight"):
        found = estimator(frame[seen], replace(DESIGN, weights=weights))
        assert not found and "cohort 2003 in 2003: nothing is left" in found.reason


@pytest.mark.parametrize("level", [1.0, 1000.0])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_outcome_that_time_explains_has_effects_of_0_without_a_test(name, level):
    areas = {f"{number:02}": (np.nan, 2003, 2004)[number % 3] for number in range(12)}
    frame = panel(areas).assign(y=lambda rows: level * (0.1 + np.sqrt(rows["year"] - 2000)))
    found = ESTIMATORS[name](frame.iloc[1:], DESIGN).frame  # not balanced, so that sums are not exact
    assert (found["estimate"] == 0).all() and (found["std_error"] == 0).all()
    assert found["p_value"].isna().all()


@pytest.mark.parametrize("name", [name for name in ESTIMATORS if name != "two-way event study"])
def test_an_effect_that_fits_exactly_has_no_error_instead_of_rounding(name):
    areas = {f"{number:02}": (np.nan, 2003)[number % 2] for number in range(12)}
    frame = panel(areas)
    frame["y"] = 0.1 * frame["year"] + 0.37 * frame["area"].astype(int) + 1.3 * (frame["cohort"] <= frame["year"])
    found = ESTIMATORS[name](frame, DESIGN)
    row = found.row(term="overall")
    assert row["estimate"] == pytest.approx(1.3)
    assert np.isnan([row["std_error"], row["p_value"], row["ci_low"]]).all()
    assert found.error_convention.endswith("no error where nothing varies, as with one unit against one")


def test_one_unit_against_one_has_a_difference_and_no_error():
    frame = panel({"a": 2003, "b": 2004, "c": 2005}, (2002, 2003, 2004))
    found = did.callaway_santanna(frame, DESIGN)
    wide = frame.pivot_table(index="area", columns="year", values="y")
    hand = wide.loc["b", 2004] - wide.loc["b", 2003] - (wide.loc["c", 2004] - wide.loc["c", 2003])
    cells = did.group_time_table(did.group_time(frame, DESIGN)).frame.set_index("term")
    assert cells.loc["ATT(2004,2004)", "estimate"] == pytest.approx(hand)
    assert np.isnan(cells.loc["ATT(2004,2004)", "std_error"])
    assert cells.loc["ATT(2004,2003)", ["estimate", "std_error"]].tolist() == [0, 0]
    assert cells.loc["ATT(2003,2003)", "std_error"] > 0  # one against two
    assert found.frame.set_index("term").loc["event time 0", "std_error"] > 0


@pytest.mark.parametrize("approach", ["dr", "ipw"])
def test_four_units_compared_are_enough_for_a_covariate_of_two_values(approach):
    frame = panel({f"{number}": (2003, np.nan)[number % 2] for number in range(8)})
    frame["old"] = (frame["area"].astype(int) // 2) % 2  # all approaches then compare within its values
    design = replace(DESIGN, covariates="old")
    found = did.callaway_santanna(frame, design, approach=approach)
    change = frame.pivot_table(index="area", columns="year", values="y").diff(axis=1)[2003]
    table = pd.DataFrame({"change": change, "treated": [0, 1] * 4, "old": [0, 0, 1, 1] * 2})
    means = table.pivot_table(index="old", columns="treated", values="change")
    assert found.row(term="event time 0")["estimate"] == pytest.approx((means[0] - means[1]).mean(), abs=1e-8)


def test_a_joint_test_of_the_base_alone_is_refused():
    frame = panel({f"{number}": (2003, np.nan)[number % 2] for number in range(8)})
    study = did.callaway_santanna(frame, DESIGN)
    base = study.frame.index[study.frame["term"] == "event time -1"].tolist()
    found = inference.joint_test(study, base)
    assert not found and found.reason.startswith("none of the values varies")


@pytest.mark.parametrize("weights", [None, "weight"])
def test_local_projections_are_weighted_regressions_of_changes(weights):
    frame = panel({f"{number:02}": (np.nan, 2003, 2004)[number % 3] for number in range(15)}, seed=3)
    frame["weight"] = 1.0 + frame["area"].astype(int) % 4
    design = replace(DESIGN, weights=weights, comparison="never_treated")
    wide = frame.pivot_table(index="area", columns="year", values="y")
    cohort, weight = (frame.groupby("area")[name].first() for name in ("cohort", "weight"))
    rows = []
    for first in (2003, 2004):
        some = cohort[cohort.isna() | (cohort == first)].index
        rows.append(pd.DataFrame({"change": wide.loc[some, first] - wide.loc[some, first - 1], "cohort": first}))
    pool = pd.concat(rows).assign(treated=lambda each: each.index.map(cohort.notna()).astype(float))
    root = np.sqrt(weight[pool.index].to_numpy() if weights else np.ones(len(pool)))
    columns = np.column_stack([pool["treated"], pool["cohort"] == 2003, pool["cohort"] == 2004]).astype(float)
    hand = np.linalg.lstsq(columns * root[:, None], pool["change"] * root)[0][0]
    assert did.local_projections(frame, design).row(term="event time 0")["estimate"] == pytest.approx(hand)
    averaged = did.local_projections(frame, design, weighting="treated")
    whole = did.callaway_santanna(frame, design)
    for term in ("overall", "event time 0", "event time 1"):
        assert averaged.row(term=term)["estimate"] == pytest.approx(whole.row(term=term)["estimate"])
        assert averaged.row(term=term)["std_error"] == pytest.approx(whole.row(term=term)["std_error"])


def test_a_refusal_for_want_of_a_before_names_the_anticipation():
    frame = panel({"a": 2003, "b": 2003, "c": np.nan})
    found = did.imputation(frame, replace(DESIGN, anticipation_years=3))
    assert not found and "before, before its 3 years of anticipation, and after its treatment" in found.reason
