"""Staggered before/after effects: every robust estimator, its errors, its refusals and what must not move it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from staggered_worlds import BY_AREA, DESIGN, planted, staggered, two_by_two

from buurteffect.errors import CallError, EstimationError, NoComparisonError
from buurteffect.estimate.core.design import NEVER_TREATED, NOT_YET_TREATED
from buurteffect.estimate.did.aggregation import aggregate, callaway_santanna
from buurteffect.estimate.did.group_time_effects import group_time, group_time_table
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.projections import local_projections
from buurteffect.estimate.did.saturated import extended_twfe, sun_abraham
from buurteffect.estimate.did.stacks import stacked
from buurteffect.estimate.did.two_stages import two_stage
from buurteffect.estimate.inference.influence import clustered_covariance, multiplier_critical_value
from buurteffect.estimate.inference.permutation import Permuted, deal_groups, permutation_statistics
from buurteffect.estimate.regression.bacon import bacon_decomposition
from buurteffect.estimate.regression.dose.dose_response import continuous_dose
from buurteffect.estimate.regression.panel_ols import twfe
from buurteffect.estimate.robustness.estimators_compared import side_by_side
from buurteffect.estimate.robustness.placebo import never_treated_cohorts, permuted_cohorts, shifted_cohorts
from buurteffect.estimate.robustness.registry import ROBUST_ESTIMATORS
from buurteffect.estimate.sample.adoption import Adoption
from buurteffect.estimate.sample.estimation_sample import draw_sample

ROBUST = sorted(ROBUST_ESTIMATORS)
WINDOW = (0, 2)
TRUTH = float(planted(np.arange(3)).mean())


def window_row(name: str, frame: pd.DataFrame, design=DESIGN, window=WINDOW) -> pd.Series:
    """Return the window's row of one robust estimator."""
    table = ROBUST_ESTIMATORS[name].run(frame, design, window).frame
    return table[table["term"].str.startswith("window")].iloc[0]


@pytest.mark.parametrize("name", ROBUST)
def test_a_planted_effect_is_found_exactly_where_nothing_else_happens(name):
    assert window_row(name, staggered(noise=1e-6))["estimate"] == pytest.approx(TRUTH, abs=1e-5)


@pytest.mark.parametrize("name", ROBUST)
def test_a_planted_effect_lies_within_three_errors(name):
    row = window_row(name, staggered(seed=5, noise=0.3))
    assert abs(row["estimate"] - TRUTH) < 3 * row["std_error"]
    assert 0 < row["std_error"] < 0.1


def test_two_groups_in_two_times_are_one_number_by_hand():
    frame, hand = two_by_two()
    table = side_by_side(frame, BY_AREA, (0, 0)).frame
    assert list(table["term"]) == [each.label for each in ROBUST_ESTIMATORS.values()]
    assert (table["reason"] == "").all()
    np.testing.assert_allclose(table["estimate"], hand, atol=1e-12)
    others = [
        twfe(draw_sample(frame, BY_AREA)).frame["estimate"].iloc[0],
        bacon_decomposition(frame, BY_AREA).two_way,
        two_stage(frame, BY_AREA).frame["estimate"].iloc[0],
        permuted_cohorts(frame, BY_AREA, draws=5).frame["estimate"].iloc[0],
    ]
    np.testing.assert_allclose(others, hand, atol=1e-8)


@pytest.mark.parametrize("approach", ["dr", "reg", "ipw"])
def test_the_error_of_two_groups_in_two_times_is_that_of_a_difference_of_means(approach):
    frame, _ = two_by_two()
    row = callaway_santanna(frame, BY_AREA, "simple", approach).frame.iloc[0]
    treated, others = np.array([2, 3, 2.5]), np.array([0.5, 0.2, 1])
    assert row["std_error"] == pytest.approx(np.sqrt(treated.var() / 3 + others.var() / 3), abs=1e-12)


@pytest.mark.parametrize("name", ROBUST)
def test_order_names_and_units_of_measurement_change_nothing(name):
    frame = staggered(seed=2, size=60)
    row = window_row(name, frame)
    names = {area: f"BU{(area * 7919) % 100_003:08d}" for area in frame["area"]}
    changed = frame.assign(
        area=frame["area"].map(names), y=frame["y"] * 1000 + 5, gemeente="GM" + frame["gemeente"].astype(str)
    )
    changed = changed.sample(frac=1, random_state=3)
    other = window_row(name, changed)
    assert other["estimate"] / 1000 == pytest.approx(row["estimate"], rel=1e-9)
    assert other["std_error"] / 1000 == pytest.approx(row["std_error"], rel=1e-8)
    assert other["p_value"] == pytest.approx(row["p_value"], rel=1e-6, abs=1e-12)


def test_bands_are_the_same_each_time_and_wider_than_intervals():
    frame = staggered(seed=3)
    first, second = callaway_santanna(frame, DESIGN).frame, callaway_santanna(frame, DESIGN).frame
    pd.testing.assert_frame_equal(first, second)
    other = callaway_santanna(frame, DESIGN, seed=1).frame
    assert not np.allclose(first["ci_low_simultaneous"].dropna(), other["ci_low_simultaneous"].dropna(), rtol=1e-6)
    moving = first[first["event_time"].notna() & (first["std_error"] > 0)]
    assert (moving["ci_low_simultaneous"] < moving["ci_low"]).all()
    assert first.loc[first["term"] == "overall", "ci_low_simultaneous"].isna().all()


@pytest.mark.parametrize("seeds", [("0", "1"), pytest.param(tuple("2345"), marks=pytest.mark.slow)], ids=len)
def test_figures_do_not_depend_on_the_hash_seed(seeds):
    script = (
        "from staggered_worlds import DESIGN, staggered\n"
        "from buurteffect.estimate.robustness.estimators_compared import side_by_side\n"
        "frame = staggered(seed=4, size=40).astype({'gemeente': 'str'})\n"
        "table = side_by_side(frame, DESIGN, (0, 2)).frame\n"
        "print(table[['estimate', 'std_error', 'p_value']].to_numpy().tolist())\n"
    )
    texts = set()
    for seed in seeds:
        env = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=env, check=True)
        texts.add(run.stdout)
    assert len(texts) == 1


def test_imputation_equals_the_library_and_so_do_stacked_and_projections():
    from diff_diff.imputation import ImputationDiD
    from diff_diff.lpdid import LPDiD
    from diff_diff.stacked_did import StackedDiD
    from diff_diff.wooldridge import WooldridgeDiD

    frame = staggered(seed=6)
    coded = draw_sample(frame, DESIGN).coded()
    key = ("outcome", "unit", "time", "cohort")
    library = ImputationDiD(cluster="cluster").fit(coded, *key)
    ours = imputation(frame, DESIGN).frame.iloc[0]
    assert ours["estimate"] == pytest.approx(library.overall_att, abs=1e-9)
    assert ours["std_error"] == pytest.approx(library.overall_se * np.sqrt(15 / 14), abs=1e-9)
    assert extended_twfe(frame, DESIGN, shares="known").frame.iloc[0]["std_error"] == pytest.approx(
        WooldridgeDiD(cluster="cluster").fit(coded, *key).overall_se, rel=1e-6
    )
    by_hand = StackedDiD(kappa_pre=2, kappa_post=2).fit(coded, *key).event_study_effects
    rows = stacked(frame, DESIGN, before=2, after=2).frame.set_index("event_time")["estimate"]
    assert [rows[k] for k in (-2, 0, 1, 2)] == pytest.approx([by_hand[k]["effect"] for k in (-2, 0, 1, 2)], abs=1e-9)
    for weighting, reweight in (("variance", False), ("treated", True)):
        found = LPDiD(pre_window=2, post_window=2, reweight=reweight).fit(coded, "outcome", "unit", "time", "treated")
        rows = local_projections(frame, DESIGN, weighting=weighting).frame.set_index("event_time")["estimate"]
        theirs = found.event_study.set_index("horizon")["coefficient"]
        assert [rows[k] for k in (-2, 0, 1, 2)] == pytest.approx([theirs[k] for k in (-2, 0, 1, 2)], abs=1e-9)


def test_covariates_remove_a_trend_that_they_explain():
    frame = staggered(seed=7, size=400, trend=0.05)
    with_x = replace(DESIGN, covariates=("x",))
    for name in ROBUST:
        bare, given = window_row(name, frame), window_row(name, frame, with_x)
        assert abs(given["estimate"] - TRUTH) < 4 * given["std_error"], name
        assert abs(bare["estimate"] - TRUTH) > abs(given["estimate"] - TRUTH), name


def test_covariates_take_their_value_in_the_last_time_before_treatment():
    frame = staggered(seed=8, size=200)
    moved = frame["year"] >= frame["cohort"]
    later = frame.assign(x=frame["x"] + 50 * moved)
    design = replace(DESIGN, covariates=("x",), comparison=NEVER_TREATED)
    first = callaway_santanna(frame, design, window=WINDOW).frame
    pd.testing.assert_frame_equal(first, callaway_santanna(later, design, window=WINDOW).frame)


def test_the_base_of_an_event_study_is_shown_as_zero():
    for result in (
        callaway_santanna(staggered(), DESIGN),
        sun_abraham(staggered(), DESIGN),
        imputation(staggered(), DESIGN),
    ):
        row = result.event_times().set_index("event_time").loc[-1]
        assert row["estimate"] == 0 and row["std_error"] == 0 and np.isnan(row["p_value"])


def test_anticipation_moves_the_base_back():
    frame = staggered(noise=1e-6)
    early = frame.assign(y=frame["y"] + 0.2 * (frame["year"] == frame["cohort"] - 1))
    design = replace(DESIGN, anticipation_years=1)
    for estimator in (callaway_santanna, sun_abraham, imputation, extended_twfe):
        row = estimator(early, design, window=WINDOW).frame
        assert row[row["term"].str.startswith("window")]["estimate"].iloc[0] == pytest.approx(TRUTH, abs=1e-5)
        assert estimator(early, DESIGN, window=WINDOW).frame.iloc[1]["estimate"] < TRUTH - 0.03


def test_waves_with_gaps_are_compared_with_the_last_wave_before():
    frame = staggered(noise=1e-6)
    waves = frame[frame["year"].isin([2000, 2002, 2004, 2006, 2008])]
    table = callaway_santanna(waves, DESIGN).event_times().set_index("event_time")["estimate"]
    assert table[1] == pytest.approx(0.4, abs=1e-5)
    assert table[3] == pytest.approx(0.6, abs=1e-5)


def test_a_unit_with_a_gap_is_used_where_it_is_seen():
    frame, _ = two_by_two()
    third = frame[frame["year"] == 2001].assign(year=2002)
    longer = pd.concat([frame, third], ignore_index=True)
    gap = longer.drop(longer[(longer["area"] == 0) & (longer["year"] == 2001)].index)
    cells = group_time(gap, BY_AREA).cells.set_index("time")
    assert cells.loc[2001, "treated_count"] == 2 and cells.loc[2002, "treated_count"] == 3
    assert cells.loc[2001, "estimate"] == pytest.approx(2.75 - 1.7 / 3)


def test_weights_count_a_unit_as_often_as_they_say():
    frame = staggered(seed=9, size=40)
    weighted = frame.assign(weight=1.0 + frame["area"] % 2)
    copies = frame[frame["area"] % 2 == 1]
    doubled = pd.concat([frame, copies.assign(area=copies["area"] + 1000)], ignore_index=True)
    design = replace(BY_AREA, weights="weight")
    for name in ROBUST:
        if name == "local projections":
            continue  # its own weights are variances, which repeating units changes
        assert window_row(name, weighted, design)["estimate"] == pytest.approx(
            window_row(name, doubled, BY_AREA)["estimate"], abs=1e-9
        ), name


def test_two_clusterings_add_up_and_take_off_their_crossing():
    frame = staggered(seed=10).assign(province=lambda f: f["gemeente"] % 5, kind=lambda f: f["area"] % 4)
    effects = {
        names: group_time(frame, replace(DESIGN, clusters=names))
        for names in (("province",), ("kind",), ("province", "kind"))
    }
    crossed = frame.assign(both=frame["province"] * 10 + frame["kind"])
    single = [clustered_covariance(effects[(n,)].influence, effects[(n,)].adoption) for n in ("province", "kind")]
    both = group_time(crossed, replace(DESIGN, clusters=("both",)))
    expected = sum(single) - clustered_covariance(both.influence, both.adoption)
    found = clustered_covariance(effects["province", "kind"].influence, effects["province", "kind"].adoption)
    values, vectors = np.linalg.eigh(expected)
    np.testing.assert_allclose(found, (vectors * np.maximum(values, 0)) @ vectors.T, atol=1e-12)


def test_few_clusters_widen_the_band():
    frame = staggered(seed=11)
    effects = group_time(frame, replace(DESIGN, clusters=("gemeente",)))
    few = multiplier_critical_value(effects.influence, effects.adoption, 0.05)
    assert few > stats.t.ppf(0.975, 14) > 1.96


def test_group_and_calendar_averages_are_plain_means_where_effects_do_not_differ():
    frame = staggered(noise=1e-7)
    effects = group_time(frame, DESIGN)
    by_cohort = aggregate(effects, "group").frame.set_index("cohort")["estimate"]
    for cohort in (2003, 2005, 2007):
        assert by_cohort[cohort] == pytest.approx(planted(np.arange(2010 - cohort)).mean(), abs=1e-5)
    calendar = aggregate(effects, "calendar").frame.set_index("term")["estimate"]
    assert calendar["calendar time 2004"] == pytest.approx(0.4, abs=1e-5)
    assert len(group_time_table(effects).frame) == 30


def test_late_cohorts_stand_in_only_until_their_own_treatment():
    frame = staggered(seed=12)
    never = group_time(frame, replace(DESIGN, comparison=NEVER_TREATED)).cells
    later = group_time(frame, replace(DESIGN, comparison=NOT_YET_TREATED)).cells
    both = never.merge(later, on=["cohort", "time"]).query("cohort == 2003 and time > 2002")
    assert (both.query("time < 2007")["others_count_y"] > both.query("time < 2007")["others_count_x"]).all()
    assert (both.query("time >= 2007")["others_count_y"] == both.query("time >= 2007")["others_count_x"]).all()


def test_without_never_treated_units_the_last_cohort_is_compared_with_until_it_is_treated():
    frame = staggered(noise=1e-6).dropna(subset=["cohort"])
    for name in ROBUST:
        if "never" in name:
            with pytest.raises(NoComparisonError, match="never treated"):
                window_row(name, frame)
        else:
            assert window_row(name, frame)["estimate"] == pytest.approx(TRUTH, abs=1e-5), name


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cohort": None}, "needs a cohort"),
        ({"covariates": ("x", "twice")}, "collinear"),
        ({"covariates": ("sure",)}, "comparable"),
        ({"clusters": ("moving",)}, "change their moving"),
    ],
)
def test_a_design_that_the_data_cannot_carry_is_refused_by_name(change, message):
    frame = staggered().assign(
        twice=lambda f: 2 * f["x"],
        sure=lambda f: f["cohort"].notna() * 5.0 + f["x"] / 100,
        moving=lambda f: f["year"] % 7,
    )
    with pytest.raises(EstimationError, match=message):
        callaway_santanna(frame, replace(DESIGN, **change))


def test_cells_without_overlap_are_left_out_only_when_asked():
    frame = staggered().assign(sure=lambda f: (f["cohort"] == 2003) * 5.0 + f["x"] / 100)
    design = replace(DESIGN, covariates=("sure",), comparison=NEVER_TREATED)
    effects = group_time(frame, design, skip_without_overlap=True)
    assert set(effects.cells.loc[~effects.cells["is_base"], "cohort"]) == {2005, 2007}
    assert effects.dropped == (("cohort-times without overlap", 9),)


@pytest.mark.parametrize("name", ROBUST)
def test_a_window_that_nobody_reaches_is_refused(name):
    with pytest.raises(EstimationError, match=r"window|event time"):
        window_row(name, staggered(), window=(20, 30))


def test_a_side_by_side_table_says_why_an_estimator_has_no_figure():
    table = side_by_side(staggered(), DESIGN, (4, 6)).frame.set_index("term")
    assert table.loc["imputation", "reason"] == ""
    frame = staggered().dropna(subset=["cohort"])
    missing = side_by_side(frame, DESIGN, WINDOW).frame.set_index("term").loc["Callaway–Sant'Anna, never treated"]
    assert np.isnan(missing["estimate"]) and "never" in missing["reason"]


def test_weights_of_the_two_way_coefficient_add_up():
    frame = staggered(seed=13)
    found = bacon_decomposition(frame, DESIGN)
    assert found.comparisons["weight"].sum() == pytest.approx(1)
    assert (found.comparisons["weight"] * found.comparisons["estimate"]).sum() == pytest.approx(
        found.two_way, abs=1e-10
    )
    assert twfe(draw_sample(frame, DESIGN)).frame["estimate"].iloc[0] == pytest.approx(found.two_way, abs=1e-10)
    assert found.kinds["weight"].sum() == pytest.approx(1)
    assert found.two_way < TRUTH + 0.1 < imputation(frame, DESIGN).frame["estimate"].iloc[0] + 0.1


def test_growing_effects_get_negative_weights_and_one_cohort_none():
    early = staggered(seed=14).query("cohort != 2005")
    early = early[early["cohort"].notna() | (early["area"] % 6 == 0)]
    found = bacon_decomposition(early, DESIGN).negative.iloc[0]
    assert found["negative_rows_count"] > 0 and found["negative_weight_sum"] < 0
    single = staggered(seed=14).query("cohort.isna() or cohort == 2005", engine="python")
    assert bacon_decomposition(single, DESIGN).negative.iloc[0]["negative_rows_count"] == 0


def test_a_decomposition_needs_a_complete_panel():
    with pytest.raises(EstimationError, match="1 are lacking"):
        bacon_decomposition(staggered().iloc[1:], DESIGN)


def test_a_planted_slope_in_dose_is_found_and_its_assumption_named():
    frame = staggered(seed=15, noise=0.02, effect=0.0)
    dose = np.random.default_rng(1).uniform(0.1, 0.9, 120)[frame["area"]]
    frame["dose"] = np.where(frame["cohort"].notna(), dose, 0.0)
    frame["y"] += (frame["year"] >= frame["cohort"]) * (0.2 + 0.5 * frame["dose"])
    found = continuous_dose(frame, replace(DESIGN, dose="dose"), (0, 2))
    slope, level = found.row(term="slope in dose"), found.row(term="effect at the mean dose")
    assert abs(slope["estimate"] - 0.5) < 3 * slope["std_error"] < 0.2
    treated = frame[frame["cohort"].notna()].groupby("area")["dose"].first()
    assert level["estimate"] == pytest.approx(0.2 + 0.5 * treated.mean(), abs=0.03)
    rising = found.frame[found.frame["term"].str.startswith("dose")]["estimate"]
    assert rising.is_monotonic_increasing and len(rising) == 4
    assert "strong parallel trends" in found.method
    with pytest.raises(EstimationError, match="changes within"):
        continuous_dose(frame.assign(dose=frame["dose"] * frame["year"]), replace(DESIGN, dose="dose"))


def test_a_treatment_dated_too_early_finds_nothing():
    row = shifted_cohorts(staggered(seed=16), DESIGN, 2).frame.iloc[0]
    assert abs(row["estimate"]) < 3 * row["std_error"]
    with pytest.raises(EstimationError, match="at least 2"):
        shifted_cohorts(staggered(), replace(DESIGN, anticipation_years=1), 1)


def test_a_treatment_dated_too_early_finds_a_trend():
    row = shifted_cohorts(staggered(seed=16, trend=0.2), DESIGN, 2).frame.iloc[0]
    assert row["estimate"] > 3 * row["std_error"]


def test_an_effect_stands_out_among_permuted_cohorts():
    frame = staggered(seed=18, size=60)
    for within in (None, "gemeente"):
        row = permuted_cohorts(frame, DESIGN, WINDOW, within, draws=99).frame.iloc[0]
        assert row["p_value"] == pytest.approx(0.01)
        assert row["estimate"] == pytest.approx(window_row("cs_not_yet", frame)["estimate"])


def test_groups_are_dealt_each_others_treatment_as_a_whole():
    never = np.inf
    groups = np.array([0, 0, 0, 1, 1, 1, 2, 2])
    order = np.array([3.0, 1.0, 2.0, 2.0, 1.0, 3.0, 1.0, 2.0])
    cohorts = np.array([5.0, 4.0, never, never, never, never, never, never])
    # The lowest of the first group is of cohort 4, the highest of cohort 5; the third group has no third rank.
    possible = {
        (5.0, 4.0, never, never, never, never, never, never),
        (never, never, never, never, 4.0, 5.0, never, never),
        (never, never, never, never, never, never, 4.0, 5.0),
    }
    dealt = [tuple(found) for found in deal_groups(cohorts, groups, order, 60, 1)]
    assert set(dealt) == possible
    narrow = deal_groups(cohorts[[0, 1, 3]], np.array([0, 0, 1]), np.zeros(3), 20, 1)
    assert {tuple(found) for found in narrow} == {(5.0, 4.0, never), (never, never, 5.0)}


def test_treatment_that_is_clustered_is_less_unlikely_where_whole_clusters_are_dealt():
    frame = staggered(seed=18, size=120, effect=0.0, noise=0.1)
    group = frame["area"] // 10
    drift = pd.Series(np.random.default_rng(7).normal(size=12)).reindex(group).to_numpy()
    cohort = np.where(group < 3, 2004.0, np.nan)
    frame = frame.assign(gemeente=group, cohort=cohort, y=frame["y"] + drift * (frame["year"] >= 2004))
    by_unit = permuted_cohorts(frame, DESIGN, WINDOW, draws=199).frame.iloc[0]
    as_whole = permuted_cohorts(frame, DESIGN, WINDOW, draws=199, whole="gemeente").frame.iloc[0]
    assert by_unit["estimate"] == pytest.approx(as_whole["estimate"])
    assert as_whole["std_error"] > 2 * by_unit["std_error"]
    assert as_whole["p_value"] > by_unit["p_value"]
    with pytest.raises(CallError, match="whole="):
        permuted_cohorts(frame, DESIGN, WINDOW, "gemeente", whole="gemeente")


def test_permutation_within_a_column_that_moves_is_refused():
    with pytest.raises(EstimationError, match="stays the same"):
        permuted_cohorts(staggered().assign(moving=lambda f: f["year"]), DESIGN, within="moving", draws=9)


def test_cohorts_dealt_to_never_treated_units_find_nothing():
    row = never_treated_cohorts(staggered(seed=19), DESIGN, WINDOW, draws=99).frame.iloc[0]
    assert abs(row["estimate"]) < 0.02


def test_the_p_value_of_permuted_cohorts_is_the_rank_of_what_was_found_among_what_was_drawn():
    frame = staggered(seed=100, size=25, effect=0.0, noise=0.3)
    found = permutation_statistics(draw_sample(frame, BY_AREA), WINDOW, None, 99, 1)
    row = permuted_cohorts(frame, BY_AREA, WINDOW, draws=99, seed=1).frame.iloc[0]
    assert row["p_value"] == pytest.approx((1 + (np.abs(found.moved) >= abs(found.real)).sum()) / 100)
    assert 0.01 < row["p_value"] < 1


@pytest.mark.parametrize("missing", [0, 40])
def test_the_interval_of_permuted_cohorts_holds_the_effects_that_the_same_test_does_not_reject(missing):
    frame = staggered(seed=100, size=25, effect=0.3, noise=0.3).assign(y=lambda f: f["y"] + 0.02 * f.index % 0.3)
    frame = frame.drop(frame.sample(missing, random_state=1).index).reset_index(drop=True)
    row = permuted_cohorts(frame, BY_AREA, WINDOW, draws=99, seed=1).frame.iloc[0]
    treated = (frame["year"] >= frame["cohort"].fillna(np.inf)).astype(float)

    def chance(effect):
        less = frame.assign(y=frame["y"] - effect * treated)
        return permuted_cohorts(less, BY_AREA, WINDOW, draws=99, seed=1).frame["p_value"].iloc[0]

    low, high = row["ci_low"], row["ci_high"]
    assert low < row["estimate"] < high
    assert chance(low + 1e-6) > 0.05 >= chance(low - 1e-6)
    assert chance(high - 1e-6) > 0.05 >= chance(high + 1e-6)


def test_the_interval_of_a_permutation_by_hand():
    # One treated unit gained 5, four others 0, 1, 2, 3; each in turn is taken for treated. Without an effect the gaps
    # are 5 - 6/4 = 3.5, then 0 - 11/4 and so on. Of an effect θ a wrong choice carries -1/4 of it.
    gains = np.array([0.0, 1.0, 2.0, 3.0])
    found = Permuted(3.5, gains - (11 - gains) / 4, 1.0, np.full(4, -0.25))
    assert found.p_value() == 1 / 5
    low, high = found.interval(0.4)  # two of the four have to be as large
    for effect, inside in ((low - 0.01, False), (low + 0.01, True), (high - 0.01, True), (high + 0.01, False)):
        changed = np.array([*gains, 5.0 - effect])
        gaps = np.abs(changed - (changed.sum() - changed) / 4)
        assert ((gaps >= gaps[-1] - 1e-12).mean() > 0.4) == inside
    assert found.interval(0.1) == (-np.inf, np.inf)


@pytest.mark.slow
def test_p_values_of_permuted_cohorts_are_uniform():
    values = []
    for seed in range(150):
        frame = staggered(seed=100 + seed, size=25, effect=0.0, noise=0.3)
        values.append(permuted_cohorts(frame, BY_AREA, WINDOW, draws=99).frame["p_value"].iloc[0])
    assert stats.kstest(values, "uniform").pvalue > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ROBUST)
def test_where_nothing_happens_five_in_a_hundred_are_called_an_effect(name):
    values = [
        window_row(name, staggered(seed=1000 + seed, size=100, effect=0.0, noise=0.3), BY_AREA)["p_value"]
        for seed in range(400)
    ]
    assert 0.02 <= np.mean(np.array(values) < 0.05) <= 0.09
    assert stats.kstest(values, "uniform").pvalue > 0.001


@pytest.mark.slow
def test_bands_hold_all_event_times_at_once_in_95_of_100():
    held = []
    for seed in range(300):
        table = callaway_santanna(staggered(seed=3000 + seed, size=150, noise=0.3), BY_AREA, draws=499).event_times()
        truth = planted(table["event_time"].to_numpy(dtype=int))
        held.append(((table["ci_low_simultaneous"] <= truth) & (truth <= table["ci_high_simultaneous"])).all())
    assert 0.90 <= np.mean(held) <= 0.99


def test_an_adoption_sees_units_in_any_order():
    sample = draw_sample(staggered(size=10), DESIGN)
    adoption = Adoption(sample)
    assert adoption.outcome.shape == (10, 10) and np.isfinite(adoption.outcome).all()
    assert adoption.base(2003) == 2 and adoption.cohort_values.tolist() == [2003, 2005, 2007]
