"""Panels that are valid in other forms: centred times, dates and periods, never treated by other names, and weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import dummies

from buurteffect.errors import NotConstantError, SeriesBreakError, UnusableValueError
from buurteffect.estimate import Design, did, is_refused, regression, robustness, space
from buurteffect.estimate.core.columns import in_steps
from buurteffect.estimate.inference import RobustErrors
from buurteffect.estimate.sample.estimation_sample import draw_sample

DESIGN = Design("sales", "firm", "year", "start", covariates="x")
FIGURES = ["event_time", "estimate", "std_error"]


def panel() -> pd.DataFrame:
    """Return 24 firms in eight years, a third treated from 2003 and a third from 2005 on, with weights that change."""
    draw = np.random.default_rng(11)
    firm, year = np.repeat(np.arange(24), 8), np.tile(np.arange(2000, 2008), 24)
    start = np.tile([2003.0, 2005.0, np.nan], 8)[firm]
    sales = draw.normal(size=24)[firm] + 0.1 * year + 0.5 * (year >= start) + 0.1 * draw.normal(size=192)
    return pd.DataFrame(
        {
            "firm": firm,
            "year": year,
            "start": start,
            "x": draw.normal(size=24)[firm],
            "moving": draw.normal(size=192),
            "w": draw.integers(1, 4, 192).astype(float),
            "kind": "a",
            "size": firm + 1.0,
            "sales": sales,
        }
    )


def year_periods(years: pd.Series) -> pd.Series:
    """Return years as periods, missing ones among them."""
    return pd.Series([pd.NaT if pd.isna(each) else pd.Period(year=int(each), freq="Y") for each in years])


def dates(years: pd.Series, day: str) -> pd.Series:
    """Return a day of each year, missing ones among them."""
    return pd.to_datetime(pd.Series([None if pd.isna(each) else f"{int(each)}-{day}" for each in years]))


def quarters(years: pd.Series) -> pd.Series:
    """Return years as if each were a quarter, from 2000Q1 on."""
    first = pd.Period("2000Q1")
    return pd.Series([pd.NaT if pd.isna(each) else first + int(each - 2000) for each in years])


def forms() -> dict[str, pd.DataFrame]:
    """Return the panel in other forms, which say the same."""
    frame = panel()
    year, start = frame["year"], frame["start"]
    return {
        "centred on a cohort": frame.assign(year=year - 2003, start=start - 2003),
        "centred between": frame.assign(year=year - 2004, start=start - 2004),
        "all before 0": frame.assign(year=year - 2010, start=start - 2010),
        "never as infinite": frame.assign(start=start.fillna(np.inf)),
        "never as 0": frame.assign(start=start.fillna(0)),
        "never as 0, first time 1": frame.assign(year=year - 1999, start=(start - 1999).fillna(0)),
        "periods of years": frame.assign(year=year_periods(year), start=year_periods(start)),
        "objects that are periods": frame.assign(year=year_periods(year).astype(object), start=year_periods(start)),
        "dates a year apart": frame.assign(year=dates(year, "04-01"), start=dates(start, "01-01")),
        "dates without a clock": frame.assign(year=dates(year, "04-01").dt.date, start=dates(start, "04-01")),
        "dates, and cohorts as years": frame.assign(year=dates(year, "04-01")),
        "quarters": frame.assign(year=quarters(year), start=quarters(start)),
        "months": frame.assign(
            year=quarters(year).map(lambda each: pd.Period(ordinal=each.ordinal, freq="M").start_time),
            start=quarters(start).map(
                lambda each: each if pd.isna(each) else pd.Period(ordinal=each.ordinal, freq="M").start_time
            ),
        ),
        "numbers as objects": frame.assign(start=start.astype(object).where(start.notna(), None)),
    }


ESTIMATORS = {
    "callaway_santanna": did.callaway_santanna,
    "imputation": did.imputation,
    "sun_abraham": did.sun_abraham,
    "stacked": did.stacked,
    "twfe_event_study": lambda frame, design: regression.twfe_event_study(frame, replace(design, covariates=())),
    "first_differences": lambda frame, design: regression.first_differences(frame, replace(design, covariates=())),
    "late_effect": lambda frame, design: did.late_effect(frame, design, (0, 2)),
    "shifted_cohorts": lambda frame, design: robustness.shifted_cohorts(frame, design, 1),
    "synthetic_did": lambda frame, design: did.synthetic_did(frame, replace(design, covariates=()), [0, 3], 19),
}


@pytest.mark.parametrize("form", forms())
@pytest.mark.parametrize("name", ESTIMATORS)
def test_the_same_panel_in_another_form_gives_the_same_figures(name, form):
    plain, other = ESTIMATORS[name](panel(), DESIGN), ESTIMATORS[name](forms()[form], DESIGN)
    assert not is_refused(plain)
    pd.testing.assert_frame_equal(other.frame[FIGURES], plain.frame[FIGURES], rtol=1e-9)


def test_a_decomposition_in_centred_time_names_its_cohorts_as_they_are():
    plain = regression.bacon_decomposition(panel(), replace(DESIGN, covariates=()))
    other = regression.bacon_decomposition(forms()["centred on a cohort"], replace(DESIGN, covariates=()))
    assert set(other.comparisons["treated_cohort"]) == {0, 2}
    assert other.comparisons["comparison_cohort"].add(2003).equals(plain.comparisons["comparison_cohort"])
    assert other.comparisons["estimate"].to_numpy() == pytest.approx(plain.comparisons["estimate"].to_numpy())


def test_an_effect_in_centred_time_is_the_difference_in_differences_by_hand():
    frame = pd.DataFrame({"firm": np.repeat(list("abcd"), 2), "year": [-1, 0] * 4, "start": [0.0] * 4 + [np.nan] * 4,
                          "sales": [1.0, 4.0, 2.0, 6.0, 1.0, 2.0, 3.0, 5.0]})  # fmt: skip
    found = did.callaway_santanna(frame, Design("sales", "firm", "year", "start"))
    assert found.row(term="overall")["estimate"] == pytest.approx((3 + 4) / 2 - (1 + 2) / 2)


@pytest.mark.parametrize(
    ("years", "starts"),
    [([1, 2, 3, 4], [3.0, 0.0, np.nan]), ([0, 1, 2, 3], [2.0, 0.0, 0.0]), ([-2, -1, 0, 1], [0.0, 1.0, 0.0])],
    ids=["never as 0 and as missing", "0 is the first time", "0 within, and nobody is never treated"],
)
def test_a_cohort_of_0_that_may_be_never_is_refused_with_what_to_do(years, starts):
    frame = pd.DataFrame(
        {"firm": np.repeat(range(6), 4), "year": np.tile(years, 6), "start": np.repeat(starts * 2, 4), "sales": 1.0}
    )
    with pytest.raises(UnusableValueError, match="write never as missing, or, if 0 is when treatment began, add a"):
        draw_sample(frame, Design("sales", "firm", "year", "start"))


def test_unequal_steps_stay_unequal_and_years_can_be_read_back():
    frame = pd.DataFrame({"firm": 1, "day": pd.to_datetime(["2002-01-01", "2008-06-30", "2012-01-01"]), "y": 1.0})
    assert in_steps(frame, Design("y", "firm", "day", None))[0]["day"].tolist() == [2002, 2008, 2012]
    months = frame.assign(day=pd.to_datetime(["2002-01-01", "2002-03-31", "2002-08-01"]))
    counted = in_steps(months, Design("y", "firm", "day", None))[0]["day"].tolist()
    assert np.diff(counted).tolist() == [2, 5]
    assert str(pd.Period(ordinal=counted[1], freq="M")) == "2002-03"


def test_a_break_given_as_a_year_moves_along_with_quarters():
    breaks = pd.DataFrame({"concept": ["sales"], "break_year": [2001], "reason": ["new source"]})
    frame = forms()["quarters"]
    with pytest.raises(SeriesBreakError, match="new source"):
        draw_sample(frame, replace(DESIGN, breaks=breaks))
    assert draw_sample(frame, replace(DESIGN, breaks=breaks.assign(break_year=2002))).rows_count == len(frame)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"start": dates(panel()["start"], "06-30")}, "start holds dates and year numbers"),
        ({"year": quarters(panel()["year"])}, "year holds dates or periods and start the type float64"),
        ({"year": year_periods(panel()["year"]), "start": quarters(panel()["start"])}, "start holds periods of Q-DEC"),
        ({"year": dates(panel()["year"], "04-01"), "start": dates(panel()["start"], "06-30")}, "first year at which"),
        ({"year": pd.Timestamp("2000-01-01") + pd.to_timedelta(panel()["year"] - 2000, "h")}, "moments of one day"),
        ({"year": panel()["year"].astype(str)}, "year must hold numbers"),
    ],
)
def test_times_that_cannot_be_put_in_order_are_refused(columns, said):
    with pytest.raises(UnusableValueError, match=said):
        draw_sample(panel().assign(**columns), DESIGN)


def weighted_slopes(frame: pd.DataFrame, columns: np.ndarray) -> np.ndarray:
    """Return the coefficients of weighted least squares with a dummy of each firm and year, columns first."""
    effects = [dummies(pd.factorize(frame[name])[0]) for name in ("firm", "year")]
    root = np.sqrt(frame["w"].to_numpy())[:, None]
    every = np.column_stack([columns, *effects])
    found = np.linalg.lstsq(every * root, frame["sales"].to_numpy() * root[:, 0], rcond=None)[0]
    return found[: columns.shape[1]]


def test_weights_that_change_are_those_of_least_squares_with_dummies():
    frame = panel()
    plain = replace(DESIGN, covariates=(), weights="w")
    treated = (frame["year"] >= frame["start"]).to_numpy(dtype=float)[:, None]
    expected = weighted_slopes(frame, treated)
    for found in (regression.twfe(frame, plain), regression.feols(frame, plain, ("firm", "year"))):
        assert found.frame["estimate"].to_numpy() == pytest.approx(expected, rel=1e-8)
    study = regression.twfe_event_study(frame, plain)
    events = [int(each) for each in study.frame["event_time"] if each != -1]
    columns = np.column_stack([frame["year"] - frame["start"] == event for event in events]).astype(float)
    shown = study.frame[study.frame["event_time"] != -1]
    assert shown["estimate"].to_numpy(dtype=float) == pytest.approx(weighted_slopes(frame, columns), rel=1e-7)


def test_imputation_weights_rows_in_the_fit_and_in_the_mean():
    frame = panel()
    treated = (frame["year"] >= frame["start"]).to_numpy()
    effects = np.column_stack([dummies(pd.factorize(frame[name])[0]) for name in ("firm", "year")])
    root = np.sqrt(frame["w"].to_numpy())
    fit = np.linalg.lstsq((effects * root[:, None])[~treated], (frame["sales"] * root)[~treated], rcond=None)[0]
    gap = (frame["sales"] - effects @ fit)[treated]
    expected = np.average(gap, weights=frame["w"][treated])
    found = did.imputation(frame, replace(DESIGN, covariates=(), weights="w"))
    assert found.row(term="overall")["estimate"] == pytest.approx(expected, rel=1e-8)
    stages = did.two_stage(frame, replace(DESIGN, covariates=(), weights="w"))
    assert stages.row(term="overall")["estimate"] == pytest.approx(expected, rel=1e-8)


def test_cohort_terms_weight_rows_where_shares_of_cohorts_are_known():
    frame, plain = panel(), replace(DESIGN, covariates=(), weights="w")
    pairs = sorted({(g, t) for g, t in zip(frame["start"], frame["year"], strict=True) if t >= g})
    columns = np.column_stack([(frame["start"] == g) & (frame["year"] == t) for g, t in pairs]).astype(float)
    slopes = weighted_slopes(frame, columns)
    expected = np.average(slopes, weights=[frame["w"][column > 0].sum() for column in columns.T])
    found = did.extended_twfe(frame, plain, shares="known")
    assert found.row(term="overall")["estimate"] == pytest.approx(expected, rel=1e-7)
    assert "take the shares of cohorts as 'known'" in did.extended_twfe(frame, plain).reason


@pytest.mark.parametrize("name", ["callaway_santanna", "stacked", "late_effect"])
def test_estimators_of_changes_refuse_weights_that_change_by_name(name):
    found = ESTIMATORS[name](panel(), replace(DESIGN, weights="w"))
    assert "w changes within 24 units" in found.reason
    with pytest.raises(NotConstantError, match="imputation"):
        did.callaway_santanna.__wrapped__(panel(), replace(DESIGN, weights="w"))


def test_the_time_is_a_covariate_like_any_other_where_time_has_no_effects():
    frame, trend = panel(), Design("sales", "firm", "year", None, covariates=("year", "moving"))
    found = regression.feols(frame, trend, ("firm",))
    every = np.column_stack([frame["year"], frame["moving"], dummies(pd.factorize(frame["firm"])[0])])
    expected = np.linalg.lstsq(every.astype(float), frame["sales"], rcond=None)[0][:2]
    assert found.frame["estimate"].to_numpy() == pytest.approx(expected, rel=1e-7)
    assert not is_refused(regression.random_effects(frame, trend))
    for run in (regression.twfe, did.imputation, did.callaway_santanna, did.stacked):
        assert "year" in run(frame, replace(DESIGN, covariates="year")).reason


def test_one_treated_firm_is_enough_for_what_is_about_single_places():
    frame = panel()
    one = frame[frame["start"].isna() | (frame["firm"] == 3)]
    plain = replace(DESIGN, covariates=())
    alone = did.synthetic_did(one, plain, [3], 19)
    assert alone.frame.loc[0, "estimate"] == pytest.approx(0.5, abs=0.2)
    assert space.largest_places(one, plain, "size", 2) == [3]
    places = space.effects_on_places(one, plain, (0, 2), [3], "kind", "size", 19)
    assert places.frame.loc[0, "estimate"] == pytest.approx(0.5, abs=0.25)
    never = space.effects_on_places(
        one.assign(start=one["start"].fillna(np.inf)), plain, (0, 2), [3], "kind", "size", 19
    )
    assert never.frame.loc[0, "estimate"] == places.frame.loc[0, "estimate"]


@pytest.mark.parametrize(
    "run",
    [
        regression.twfe,
        regression.first_differences,
        regression.random_effects,
        lambda frame, design: regression.feols(frame, design, ("firm", "year")),
        lambda frame, design: regression.feols(frame, design, ("firm", "year"), errors=RobustErrors()),
        lambda frame, design: regression.fepois(
            frame.assign(sales=np.exp(frame["sales"] / 10)), design, ("firm", "year")
        ),
        regression.twfe_event_study,
    ],
    ids=["twfe", "first_differences", "random_effects", "feols", "feols robust", "fepois", "twfe_event_study"],
)
def test_a_regression_with_one_treated_firm_gives_the_point_without_an_error_and_says_why(run):
    frame = panel()
    one = frame[frame["start"].isna() | (frame["firm"] == 3)]
    found = run(one, replace(DESIGN, covariates=()))
    shown = found.frame[found.frame["estimate"] != 0]
    assert shown["estimate"].notna().all()
    assert shown[["std_error", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert "there is one treated unit" in found.error_convention
    assert not found.may_be_headline


def test_the_effect_on_one_treated_firm_is_that_of_least_squares_with_dummies():
    frame = panel()
    one = frame[frame["start"].isna() | (frame["firm"] == 3)]
    treated = (one["year"] >= one["start"]).to_numpy(dtype=float)[:, None]
    expected = weighted_slopes(one.assign(w=1.0), treated)[0]
    found = regression.twfe(one, replace(DESIGN, covariates=()))
    assert found.frame.loc[0, "estimate"] == pytest.approx(expected, rel=1e-8)
    events = sorted(int(each) for each in (one["year"] - one["start"]).dropna().unique() if each != -1)
    columns = np.column_stack([one["year"] - one["start"] == event for event in events]).astype(float)
    study = regression.twfe_event_study(one, replace(DESIGN, covariates=())).frame
    shown = study.loc[study["event_time"] != -1, "estimate"].to_numpy(dtype=float)
    assert shown == pytest.approx(weighted_slopes(one.assign(w=1.0), columns), rel=1e-7)
    fixed = study[study["event_time"] == -1].iloc[0]
    assert (fixed["estimate"], fixed["std_error"]) == (0, 0)


def test_distances_are_measured_from_one_treated_firm():
    frame = panel().assign(east=lambda rows: rows["firm"] * 1000.0, north=0.0)
    one = frame[frame["start"].isna() | (frame["firm"] == 3)]
    found = space.distance_to_treated(one, replace(DESIGN, coordinates_m=("east", "north"))).set_index("firm")
    assert found["distance_m"].to_dict() == {firm: abs(firm - 3) * 1000.0 for firm in one["firm"].unique()}


def test_rows_without_an_outcome_or_cluster_do_not_enter_a_future_design():
    frame = panel().assign(town=lambda rows: rows["firm"] // 4)
    given = replace(DESIGN, covariates=(), clusters="town")
    plain = robustness.future_design(frame, given, [1, 2], 4, 3)
    later = frame[frame["year"] == 2007].assign(year=2008, sales=np.nan)
    assert robustness.future_design(pd.concat([frame, later]), given, [1, 2], 4, 3) == plain
    gap = frame.assign(town=frame["town"].where(frame["town"] != 5))
    assert robustness.future_design(gap, given, [1, 2], 4, 3) == robustness.future_design(
        frame[frame["town"] != 5], given, [1, 2], 4, 3
    )
