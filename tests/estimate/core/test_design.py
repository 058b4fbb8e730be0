"""What a design refuses, and which rows of a panel it can use."""

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import PLAIN, effect_frame, renamed, simulated, two_by_two

from buurteffect import errors
from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.core.result import EFFECT_COLUMNS, RESULT_COLUMNS, EffectEstimate
from buurteffect.estimate.sample.estimation_sample import draw_sample


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"comparison": "everyone"}, "never_treated, not_yet_treated or at_risk"),
        ({"eligible": "may"}, "goes with comparison .at_risk"),
        ({"alpha": 1.0}, "between 0 and 1"),
        ({"anticipation_years": -1}, "0 or a whole number"),
        ({"clusters": ("a", "b", "c")}, "one or two"),
        ({"covariates": ("x", "x")}, "twice"),
        ({"covariates": ("y",)}, "two roles"),
        ({"coordinates_m": ("east", "east")}, "two different columns"),
        ({"breaks": pd.DataFrame({"concept": []})}, "break_year, reason"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(EstimationError, match=said):
        replace(PLAIN, **change)


def test_a_design_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        PLAIN.outcome = "x"  # type: ignore[misc]


def test_units_stand_for_clusters_where_none_is_named():
    assert Design("y", clusters=()).cluster_columns == ("area_code",)


def changed(**columns):
    return two_by_two().assign(**columns)


REFUSALS = {
    "a unit stands twice in a year": (changed(year=2001), PLAIN, errors.DuplicateUnitTimeError, "4 rows repeat"),
    "no treated unit is seen before": (
        changed(cohort_year=[1999.0] * 4 + [np.nan] * 4),
        PLAIN,
        errors.NoSwitchError,
        "both before and after",
    ),
    "nobody is treated": (changed(cohort_year=np.nan), PLAIN, errors.NoSwitchError, "none of the 0 treated"),
    "treatment lies after the last year": (
        changed(cohort_year=[2009.0] * 4 + [np.nan] * 4),
        PLAIN,
        errors.NoSwitchError,
        "none of the 0 treated",
    ),
    "all are treated at once": (changed(cohort_year=2002.0), PLAIN, errors.NoComparisonError, "all 4 units"),
    "none is never treated": (
        pd.concat([two_by_two(), two_by_two().assign(year=[2003, 2004] * 4)]).assign(
            cohort_year=[2002.0] * 4 + [2004.0] * 4 + [2002.0] * 4 + [2004.0] * 4
        ),
        replace(PLAIN, comparison=NEVER_TREATED),
        errors.NoComparisonError,
        "not yet",
    ),
    "one cluster is treated": (
        changed(gemeente_code=list("aaaabbbb")),
        PLAIN,
        errors.OneTreatedClusterError,
        "randomisation inference",
    ),
    "a cohort changes": (
        changed(cohort_year=[2002.0, np.nan, *[2002.0] * 2, *[np.nan] * 4]),
        PLAIN,
        errors.NotConstantError,
        "changes within 1 units",
    ),
    "a weight is negative": (changed(w=-1.0), replace(PLAIN, weights="w"), errors.UnusableValueError, "negative"),
    "an outcome is infinite": (
        changed(y=[np.inf, *range(7)]),
        PLAIN,
        errors.UnusableValueError,
        "y is infinite in 1 rows",
    ),
    "a cohort is below every number": (
        changed(cohort_year=[2002.0] * 4 + [-np.inf] * 4),
        PLAIN,
        errors.UnusableValueError,
        "cohort_year is infinite in 4 rows",
    ),
    "0 may be a cohort or never": (
        changed(cohort_year=[1.0] * 4 + [0.0] * 4, year=[0, 1] * 4),
        PLAIN,
        errors.UnusableValueError,
        "never treated or treated from 0 on",
    ),
    "a cohort falls within a year": (
        changed(cohort_year=[2001.5] * 4 + [np.nan] * 4),
        PLAIN,
        errors.UnusableValueError,
        "whole numbers",
    ),
    "an outcome is text": (changed(y=["1"] * 8), PLAIN, errors.UnusableValueError, "must hold numbers"),
    "a column is missing": (
        two_by_two().rename(columns={"cohort_year": "cohort_yr"}),
        PLAIN,
        errors.MissingColumnError,
        r"cohort_year \(near: cohort_yr\)",
    ),
    "nothing has an outcome": (changed(y=np.nan), PLAIN, errors.UnusableValueError, "rows without y: 8"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_panel_is_refused_by_name_when(case):
    panel, design, kind, said = REFUSALS[case]
    with pytest.raises(kind, match=said):
        draw_sample(panel, design)


def test_an_outcome_is_not_compared_across_a_break_of_its_series_unless_asked():
    breaks = pd.DataFrame({"concept": ["y", "z"], "break_year": [2002, 2002], "reason": ["new source", "other"]})
    with pytest.raises(errors.SeriesBreakError, match="y 2002: new source"):
        draw_sample(two_by_two(), replace(PLAIN, breaks=breaks))
    assert draw_sample(two_by_two(), replace(PLAIN, breaks=breaks, across_breaks=True)).rows_count == 8
    early = breaks.assign(break_year=2001)
    assert draw_sample(two_by_two(), replace(PLAIN, breaks=early)).rows_count == 8


def test_one_treated_cluster_is_let_through_for_inference_that_does_not_need_more():
    panel = changed(gemeente_code=list("aaaabbbb"))
    assert draw_sample(panel, PLAIN, one_treated_cluster=True).treated_count == 2


def test_what_is_dropped_is_counted_by_reason():
    panel = simulated(1)
    early = panel["area_code"].isin(["BU00000000", "BU00000001"])
    panel["cohort_year"] = panel["cohort_year"].mask(early, 2001.0)
    panel["w"] = 1.0
    panel.loc[panel["area_code"] == "BU00000005", "w"] = 0.0
    panel.loc[[50, 51, 52], "y"] = np.nan
    sample = draw_sample(panel, replace(PLAIN, weights="w"))
    assert dict(sample.dropped) == {
        "rows without y": 3,
        "rows with w 0": 8,
        "treated units without a time before treatment": 2,
    }
    assert sample.rows_count == 480 - 3 - 8 - 16


def test_anticipation_moves_the_time_before_treatment():
    panel = two_by_two()
    assert draw_sample(panel, PLAIN).treated_count == 2
    with pytest.raises(errors.NoSwitchError):
        draw_sample(panel, replace(PLAIN, anticipation_years=1))


def test_a_missing_dose_is_none_for_the_untreated_and_drops_the_treated():
    panel = changed(dose=[0.4, 0.4, np.nan, np.nan, *[np.nan] * 4])
    sample = draw_sample(panel, replace(PLAIN, dose="dose"), one_treated_cluster=True)
    assert sample.dropped == (("rows without dose", 2),)
    assert sorted(sample.column("dose")) == [0.0, 0.0, 0.0, 0.0, 0.4, 0.4]


def test_names_and_order_of_rows_do_not_reach_the_estimators():
    panel = simulated(3, cohorts=(np.nan, 2004.0, 2006.0))
    design = replace(PLAIN, covariates=("x",))
    first, second = draw_sample(panel, design), draw_sample(renamed(panel), design)
    pd.testing.assert_frame_equal(first.coded(), second.coded())


def test_a_sample_under_neutral_names_says_0_for_never_and_for_later_than_the_panel():
    panel = simulated(3, cohorts=(np.nan, 2004.0, 2050.0))
    coded = draw_sample(panel, PLAIN).coded()
    assert set(coded["cohort"]) == {0, 2004}
    assert (coded["treated"] == ((coded["cohort"] > 0) & (coded["time"] >= coded["cohort"]))).all()


def test_a_table_of_effects_opens_with_the_columns_of_every_estimate():
    frame = effect_frame(["a", "base"], [2.0, 0.0], [1.0, 0.0], units_count=4, treated_count=2, clusters_count=4)
    assert tuple(frame.columns) == EFFECT_COLUMNS
    assert tuple(frame.columns[3:9]) == RESULT_COLUMNS
    assert frame.loc[0, "p_value"] == pytest.approx(0.0455, abs=1e-4)
    assert np.isnan(frame.loc[1, "p_value"])
    assert EffectEstimate(frame, "", "", 4, 4).may_be_headline
    assert not EffectEstimate(frame, "", "", 4, 4, not_headline=("overlap fails",)).may_be_headline


@pytest.mark.parametrize("bad", ["columns", "covariance"])
def test_a_table_of_effects_that_does_not_fit_is_refused(bad):
    frame = effect_frame(["a"], [2.0], [1.0], units_count=4, treated_count=2, clusters_count=4)
    with pytest.raises(EstimationError):
        if bad == "columns":
            EffectEstimate(frame.drop(columns="p_value"), "", "", 4, 4)
        else:
            EffectEstimate(frame, "", "", 4, 4, covariance=np.eye(2))
