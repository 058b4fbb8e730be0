"""Anticipation: an overall effect counts event times from 0 on, whatever estimates it, and its years are no base."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.estimate import did, inference, regression, robustness, selection, space
from buurteffect.estimate.core.design import AT_RISK, NEVER_TREATED, Design
from buurteffect.estimate.did.published_steps import in_steps

DESIGN = Design("y", "area", "year", "cohort")
YEARS = np.arange(2000, 2010)
EARLY = {-2: 0.2, -1: 0.4}
ONE_COHORT = (2005.0,) * 6 + (np.nan,) * 6
STAGGERED = (2004.0,) * 3 + (2006.0,) * 5 + (2008.0,) * 2 + (np.nan,) * 4


def planted(event: int, years: int, rises: bool = True) -> float:
    """Return the effect at an event time with so many years of anticipation: 1 at once, and .3 a year more."""
    return 1 + 0.3 * event * rises if event >= 0 else EARLY[event] if event >= -years else 0.0


def world(cohorts: tuple[float, ...], years: int, rises: bool = True) -> pd.DataFrame:
    """Return a panel in which nothing happens by chance: levels, common years and the planted effects."""
    area, year = np.repeat(np.arange(len(cohorts)), len(YEARS)), np.tile(YEARS, len(cohorts))
    cohort = np.asarray(cohorts)[area]
    event = year - cohort
    effect = [0.0 if np.isnan(k) else planted(int(k), years, rises) for k in event]
    frame = pd.DataFrame({"area": area, "year": year, "cohort": cohort, "dose": 1.0 + area % 3 * np.isfinite(cohort)})
    frame["step"], frame["cohort_step"] = frame["year"] - 1999, frame["cohort"] - 1999
    return frame.assign(y=0.7 * np.sin(area) + 0.2 * np.cos(year) + effect)


def by_event_times(years: int) -> float:
    """Return the planted overall effect of the staggered panel where event times count alike."""
    return float(np.mean([planted(k, years) for k in range(6)]))


def by_rows(years: int) -> float:
    """Return the planted overall effect of the staggered panel where treated rows count alike."""
    rows = [planted(int(year - g), years) for g in STAGGERED for year in YEARS if year >= g]
    return float(np.mean(rows))


EVENT_STUDIES = {
    "Callaway–Sant'Anna": did.callaway_santanna,
    "varying base": lambda frame, design: did.callaway_santanna(frame, design, base="varying"),
    "never treated": lambda frame, design: did.callaway_santanna(frame, replace(design, comparison=NEVER_TREATED)),
    "at risk": lambda frame, design: did.callaway_santanna(frame, replace(design, comparison=AT_RISK), approach="reg"),
    "stacked": lambda frame, design: did.stacked(frame, design, before=4, after=1),
    "local projections": did.local_projections,
    "weighted local projections": lambda frame, design: did.local_projections(frame, design, weighting="treated"),
    "imputation": did.imputation,
    "two stages": did.two_stage,
    "extended two-way": did.extended_twfe,
    "Sun–Abraham": did.sun_abraham,
    "two-way event study": regression.twfe_event_study,
    "steps": did.event_study_in_steps,
}
BY_ROWS = ("imputation", "two stages", "extended two-way", "Sun–Abraham")
WITHOUT_OVERALL = ("two-way event study", "steps")


@pytest.mark.parametrize("years", [0, 1, 2])
@pytest.mark.parametrize("name", EVENT_STUDIES)
def test_every_event_study_finds_the_effects_of_its_anticipation_and_its_treatment(name, years):
    found = EVENT_STUDIES[name](world(STAGGERED, years), replace(DESIGN, anticipation_years=years))
    path = found.event_times().set_index("event_time")["estimate"]
    expected = [planted(int(k), years) for k in path.index]
    np.testing.assert_allclose(path, expected, atol=1e-9)
    assert set(range(-years, 2)) <= set(path.index)


@pytest.mark.parametrize("years", [0, 1, 2])
@pytest.mark.parametrize("name", [name for name in EVENT_STUDIES if name not in WITHOUT_OVERALL])
def test_an_overall_effect_counts_event_times_from_0_on(name, years):
    found = EVENT_STUDIES[name](world(STAGGERED, years), replace(DESIGN, anticipation_years=years))
    truth = by_rows(years) if name in BY_ROWS else by_event_times(years)
    if name == "stacked":  # its cohorts are those seen from four years before to one after
        truth = (planted(0, years) + planted(1, years)) / 2
    assert found.row(term="overall")["estimate"] == pytest.approx(truth, abs=1e-9)


@pytest.mark.parametrize("years", [0, 1, 2])
def test_of_one_cohort_every_overall_effect_is_one_number(years):
    frame, design = world(ONE_COHORT, years), replace(DESIGN, anticipation_years=years)
    truth = np.mean([planted(k, years) for k in range(5)])
    found = {
        name: run(frame, design) for name, run in EVENT_STUDIES.items() if name not in ("stacked", *WITHOUT_OVERALL)
    }
    found |= {kind: did.callaway_santanna(frame, design, kind) for kind in ("simple", "group", "calendar")}
    found |= {
        f"{kind}, varying": did.callaway_santanna(frame, design, kind, base="varying")
        for kind in ("simple", "group", "calendar")
    }
    found["stacked"] = did.stacked(frame, design, before=3, after=4)
    found["two-way"] = regression.twfe(frame, design)
    found["any effects"] = regression.feols(frame, design, ("area", "year"))
    found["dose"] = did.continuous_dose(frame, replace(design, dose="dose"), (0, 4))
    found["late"] = did.late_effect(frame, design, (0, 4))
    found["permuted"] = robustness.permuted_cohorts(frame, design, (0, 4), draws=9)
    found["synthetic"] = did.synthetic_did(frame, design, [0, 1])
    figures = {name: each.frame["estimate"].iloc[0] for name, each in found.items()}
    assert figures == pytest.approx(dict.fromkeys(figures, truth), abs=1e-9)
    table = robustness.side_by_side(frame, design, (0, 4)).frame
    np.testing.assert_allclose(table["estimate"], truth, atol=1e-9)


@pytest.mark.parametrize("years", [0, 1, 2])
@pytest.mark.parametrize("estimator", [regression.twfe, regression.first_differences, regression.random_effects])
def test_a_single_coefficient_is_that_of_treatment_and_its_anticipation_stands_beside_it(estimator, years):
    frame, design = world(STAGGERED, years, rises=False), replace(DESIGN, anticipation_years=years)
    frame["y"] -= 0.2 * np.cos(frame["year"])  # without common years, which the last two do not take out
    table = estimator(frame, design).frame.set_index("term")["estimate"]
    expected = {"treated": 1.0} | {f"treated, event time {k}": planted(k, years) for k in range(-years, 0)}
    assert table[list(expected)].to_dict() == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("years", [1, 2])
def test_a_varying_base_compares_anticipation_and_treatment_with_the_time_before_both(years):
    frame, design = world(STAGGERED, years), replace(DESIGN, anticipation_years=years)
    frame["y"] += 0.1 * (frame["year"] - frame["cohort"]).clip(upper=-years - 1).fillna(0)  # a trend before
    cells = did.group_time(frame, design, base="varying").cells
    wide = frame.pivot_table(index="area", columns="year", values="y")
    never = wide.index >= 10
    for row in cells.itertuples():
        base = row.cohort - years - 1 if row.event_time >= -years else row.time - 1
        change = wide[row.time] - wide[base]
        late = np.isnan(np.asarray(STAGGERED)) | (np.asarray(STAGGERED) > max(row.time, base) + years)
        other = late & (np.asarray(STAGGERED) != row.cohort)
        assert other[never].all()
        hand = change[np.asarray(STAGGERED) == row.cohort].mean() - change[other].mean()
        assert row.estimate == pytest.approx(hand, abs=1e-12)
    never_only = did.group_time(frame, replace(design, comparison=NEVER_TREATED), base="varying").cells
    before = never_only[never_only["event_time"] < -years]
    np.testing.assert_allclose(before["estimate"], 0.1, atol=1e-9)


def test_where_times_have_gaps_the_varying_base_is_the_time_before_and_not_the_year_before():
    frame = world(ONE_COHORT, 2)
    waves = frame[frame["year"].isin([2000, 2001, 2004, 2006, 2009])]
    design = replace(DESIGN, anticipation_years=2)
    cells = did.group_time(waves, design, base="varying").cells.set_index("time")["estimate"]
    assert cells.to_dict() == pytest.approx({2001: 0.0, 2004: 0.4, 2006: 1.3, 2009: 2.2}, abs=1e-9)
    path = did.callaway_santanna(waves, design).event_times().set_index("event_time")
    assert path["std_error"].eq(0).loc[-4]
    assert path["estimate"].to_dict() == pytest.approx({-5: 0, -4: 0, -1: 0.4, 1: 1.3, 4: 2.2}, abs=1e-9)


def test_in_steps_the_base_lies_before_the_steps_of_the_anticipation():
    frame = world(ONE_COHORT, 2)
    waves = frame[frame["year"].isin([2000, 2001, 2004, 2006, 2009])].copy()
    waves["step"] = waves["year"].map({2000: 0, 2001: 1, 2004: 2, 2006: 3, 2009: 4})
    waves["cohort_step"] = waves["cohort"].where(waves["cohort"].isna(), 3.0)
    design = replace(DESIGN, anticipation_years=2)
    assert in_steps(waves, design).anticipation_years == 1
    path = did.event_study_in_steps(waves, design).frame.set_index("event_time")["estimate"]
    assert path.to_dict() == pytest.approx({-3: 0, -2: 0, -1: 0.4, 0: 1.3, 1: 2.2}, abs=1e-9)
    thick = did.thick_steps(did.event_study_in_steps(waves, design))
    assert thick.frame["event_time"].tolist() == [-3, -2, -1, 0, 1]


@pytest.mark.parametrize("years", [0, 1, 2])
def test_reweighting_and_single_places_look_back_beyond_the_anticipation(years):
    frame, design = world(ONE_COHORT, years), replace(DESIGN, anticipation_years=years)
    path = selection.reweighted_effects(frame, design, selection.Baseline(lag_years=1, trend_years=0)).effects
    effects = path.event_times().set_index("event_time")["estimate"]
    np.testing.assert_allclose(effects, [planted(int(k), years) for k in effects.index], atol=1e-9)
    sized = frame.assign(kind=1, size=1.0, area="a" + frame["area"].astype(str))
    places = space.effects_on_places(sized, design, (0, 4), ["a0", "a1"], "kind", "size")
    np.testing.assert_allclose(places.frame["estimate"], 1.6, atol=1e-9)
    assert (places.frame["before_count"] == 5 - years).all()


def test_anticipation_is_no_trend_before_treatment():
    frame, design = world(STAGGERED, 2), replace(DESIGN, anticipation_years=2)
    frame["y"] += 0.01 * np.random.default_rng(3).normal(size=len(frame))
    path = did.sun_abraham(frame, design)
    test = inference.pretrend_test(path)
    assert test.restrictions == (path.event_times()["event_time"] < -3).sum() == 5
    assert inference.pretrend_test(did.sun_abraham(frame, replace(design, anticipation_years=0))).restrictions == 7
    assert inference.pretest_power(path, 0.0).power < 0.6


def test_two_stages_and_imputation_are_one_estimate_with_anticipation_too():
    frame, design = world(STAGGERED, 2), replace(DESIGN, anticipation_years=2)
    frame["y"] += np.random.default_rng(4).normal(size=len(frame))
    ours = did.two_stage(frame, design, window=(0, 2)).frame.set_index("term")["estimate"]
    theirs = did.imputation(frame, design, window=(0, 2)).frame.set_index("term")["estimate"]
    rows = ["overall", "window 0–2", *(f"event time {k}" for k in range(-2, 6))]
    np.testing.assert_allclose(ours[rows], theirs[rows], atol=1e-12)


@pytest.mark.parametrize("comparison", ["never_treated", "not_yet_treated"])
def test_group_time_effects_with_anticipation_are_those_of_the_independent_library(comparison):
    from moderndid import att_gt

    frame = world(STAGGERED * 3, 2)
    frame["y"] += np.random.default_rng(5).normal(size=len(frame))
    design = replace(DESIGN, anticipation_years=2, comparison=comparison)
    coded, control = frame.assign(first=frame["cohort"].fillna(0)), comparison.replace("_", "")
    options = {"anticipation": 2, "control_group": control, "boot": False, "cband": False}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = {
            base: att_gt(coded, "y", "year", "area", "first", base_period=base, **options)
            for base in ("universal", "varying")
        }
    for base, theirs in found.items():
        cells = did.group_time_table(did.group_time(frame, design, base=base), draws=1).frame
        expected = dict(zip(zip(theirs.groups, theirs.times, strict=True), theirs.att_gt, strict=True))
        for row in cells.itertuples():
            if base == "universal" or row.event_time != -1:  # there it compares anticipation with itself, as R did
                there = expected[row.cohort, row.cohort + row.event_time]
                assert row.estimate == pytest.approx(there, abs=1e-12)


def test_imputation_of_the_years_of_anticipation_is_that_of_the_library():
    from diff_diff.imputation import ImputationDiD

    frame = world(STAGGERED, 2)
    frame["y"] += np.random.default_rng(6).normal(size=len(frame))
    coded = frame.assign(first=frame["cohort"].fillna(0).astype(int))
    theirs = ImputationDiD(anticipation=2).fit(coded, "y", "area", "year", "first").aggregate("event_study")
    ours = did.imputation(frame, replace(DESIGN, anticipation_years=2)).event_times().set_index("event_time")
    shown = [int(k) for k in theirs.event_time if k >= -2]
    assert shown[0] == -2
    expected = dict(zip(theirs.event_time, theirs.att, strict=True))
    np.testing.assert_allclose(ours.loc[shown, "estimate"], [expected[k] for k in shown], atol=1e-8)
