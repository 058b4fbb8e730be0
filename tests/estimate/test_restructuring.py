"""The estimators behind the pages on restructuring: each finds what was planted, by hand or in a small world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import DESIGN, staggered, two_by_two

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NOT_YET_TREATED, Design
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.core.result_tables import refused_rows
from buurteffect.estimate.did.aggregation import cohorts_behind, late_effect, late_estimator
from buurteffect.estimate.did.group_time_effects import group_time
from buurteffect.estimate.did.published_steps import event_study_in_steps, in_steps, steps_of_window, thick_steps
from buurteffect.estimate.inference.power import minimum_detectable_effect, two_group_std_error
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.regression.dose.dose_slopes import dose_regressions, within_spread
from buurteffect.estimate.robustness.estimators_compared import side_by_side
from buurteffect.estimate.robustness.headline_checks import with_checks
from buurteffect.estimate.robustness.honest.magnitudes import relative_magnitudes
from buurteffect.estimate.robustness.registry import ROBUST_ESTIMATORS
from buurteffect.estimate.robustness.specifications import Variants, specification_table, standard_specifications
from buurteffect.estimate.robustness.subgroups import effects_by_group, halves, leave_one_cluster_out
from buurteffect.estimate.robustness.two_group_power import future_design
from buurteffect.estimate.selection.adjusted_panel import adjust_outcome, complete_units
from buurteffect.estimate.selection.balancing import Balance
from buurteffect.estimate.selection.before_after import (
    EXPECTED,
    LEFT,
    NAIVE,
    OTHERS,
    TREATED,
    before_and_after,
    fitted_components,
)
from buurteffect.estimate.selection.bracketing import BRACKET, GIVEN, PLAIN, bracket
from buurteffect.estimate.selection.lookalikes import lookalike_placebo
from buurteffect.estimate.selection.overlap import PooledOverlap, balanced_effect, pooled_overlap
from buurteffect.estimate.selection.regression_discontinuity import cut_of_the_list, discontinuity
from buurteffect.scoreboard.places.estimators import scored_estimators

FLAT = VarianceComponents(1.0, 0.0, 0.0, 0.5, 0.0, 0.0, None)


def stepped(frame: pd.DataFrame, times: list[int]) -> pd.DataFrame:
    """Return the rows of some years, with their steps."""
    part = frame[frame["year"].isin(times)].copy()
    part["step"] = part["year"].map({year: place + 1 for place, year in enumerate(times)})
    later = np.searchsorted(times, part["cohort"].fillna(9999)) + 1.0
    part["cohort_step"] = np.where(part["cohort"].notna(), later, np.nan)
    return part


def test_the_late_effect_is_the_planted_one():
    row = late_effect(staggered(noise=0.0), DESIGN, (2, 3)).frame.iloc[0]
    assert row["estimate"] == pytest.approx(0.3 + 0.1 * 2.5)


def test_the_late_effect_equals_the_hand_calculation_in_two_groups_and_times():
    frame, hand = two_by_two()
    design = Design("y", "area", "year", "cohort", clusters=())
    assert late_effect(frame, design, (0, 0)).frame["estimate"].iloc[0] == pytest.approx(hand)


def test_the_path_in_steps_has_one_base_where_figures_come_every_few_years():
    frame = stepped(staggered(noise=0.0), [2000, 2002, 2004, 2006, 2008])
    path = event_study_in_steps(frame, DESIGN)
    assert (path.frame["std_error"] == 0).sum() >= 1
    assert path.frame.set_index("event_time").loc[-1, "estimate"] == 0
    assert path.frame.loc[path.frame["event_time"] < 0, "estimate"].abs().max() < 1e-12
    assert in_steps(frame, DESIGN).time == "step"


def test_steps_of_a_window_are_those_whose_mean_years_lie_in_it():
    frame = stepped(staggered(), [2000, 2002, 2004, 2006, 2008])
    assert steps_of_window(frame, DESIGN, (3, 3)) == (1, 1)
    with pytest.raises(EstimationError, match="40 to 50"):
        steps_of_window(frame, DESIGN, (40, 50))


def test_steps_with_few_treated_units_are_cut_off_from_the_base_outwards():
    path = event_study_in_steps(stepped(staggered(), list(range(2000, 2010))), DESIGN)
    counts = path.frame.set_index("event_time")["treated_count"]
    thick = thick_steps(path, least_share=0.99, least_count=4)
    assert set(thick.frame["event_time"]) == set(counts[counts >= 0.99 * counts.max()].index) | {-1}
    assert thick.covariance.shape == (len(thick.frame),) * 2


def test_the_naive_comparison_is_the_difference_of_mean_changes():
    frame, hand = two_by_two()
    design = Design("y", "area", "year", "cohort", clusters=())
    table = before_and_after(frame, design, (0, 0), FLAT)
    assert table.row(term=NAIVE)["estimate"] == pytest.approx(hand)
    assert table.row(term=TREATED)["estimate"] - table.row(term=OTHERS)["estimate"] == pytest.approx(hand)


def test_lasting_differences_do_not_regress_and_passing_ones_do_wholly():
    frame, _ = two_by_two()
    frame["y"] += np.where(frame["cohort"].notna() & (frame["year"] == 2000), -5.0, 0.0)
    design = Design("y", "area", "year", "cohort", clusters=())
    lasting = before_and_after(frame, design, (0, 0), FLAT)
    assert lasting.row(term=EXPECTED)["estimate"] == pytest.approx(0)
    passing = before_and_after(frame, design, (0, 0), replace(FLAT, permanent_sd=0.0, noise_sd=1.0))
    levels = frame[frame["year"] == 2000].set_index("area")["y"]
    gap = levels[[0, 1, 2]].mean() - levels.mean()
    assert passing.row(term=EXPECTED)["estimate"] == pytest.approx(-gap)
    parts = [passing.row(term=name)["estimate"] for name in (NAIVE, EXPECTED, LEFT)]
    assert parts[0] - parts[1] == pytest.approx(parts[2])


def dips(seed: int, size: int = 400) -> pd.DataFrame:
    """Return areas with a lasting and a passing part over 2000–2009, the lowest of 2003 treated in 2004 by nothing."""
    generator = np.random.default_rng(seed)
    lasting = generator.normal(size=size)
    y = lasting[:, None] + generator.normal(size=(size, 10))
    cohort = np.where(y[:, 3] < np.quantile(y[:, 3], 0.15), 2004.0, np.nan)
    frame = pd.DataFrame({"area": np.repeat(np.arange(size), 10), "year": np.tile(np.arange(2000, 2010), size)})
    frame["gemeente"], frame["cohort"], frame["y"] = frame["area"] % 20, cohort[frame["area"]], y.ravel()
    return frame


def test_regression_to_the_mean_explains_an_effect_that_is_none():
    frame = dips(1)
    parts = fitted_components(frame, DESIGN)
    table = before_and_after(frame, DESIGN, (2, 5), parts)
    naive, expected = (table.row(term=name)["estimate"] for name in (NAIVE, EXPECTED))
    assert naive > 0.6
    assert expected == pytest.approx(naive, rel=0.25)


def test_lookalikes_show_what_selection_feigns():
    frame = dips(2)
    late = late_estimator((2, 5))
    feigned = late_effect(frame, DESIGN, (2, 5)).frame["estimate"].iloc[0]
    placebo = lookalike_placebo(frame, DESIGN, late, neighbours=1).frame.iloc[0]
    assert feigned > 0.6
    assert placebo["estimate"] > 0.2
    steady = staggered(seed=3)
    steady = steady[steady["cohort"].isna() | (steady["cohort"] == 2005)]
    assert abs(lookalike_placebo(steady, DESIGN, late, neighbours=1).frame["estimate"].iloc[0]) < 0.1


def test_lookalikes_need_enough_untreated_areas():
    with pytest.raises(EstimationError, match="too few"):
        lookalike_placebo(staggered(), DESIGN, late_estimator((2, 3)), neighbours=50)


def test_adjusting_the_outcome_takes_out_trends_that_follow_a_covariate():
    frame = staggered(seed=5, size=240, noise=1e-6, trend=0.2)
    design = replace(DESIGN, covariates=("x",))
    plain = late_effect(frame, DESIGN, (2, 3)).frame["estimate"].iloc[0]
    taken = late_effect(adjust_outcome(frame, design), DESIGN, (2, 3)).frame["estimate"].iloc[0]
    regressed = late_effect(frame, design, (2, 3)).frame["estimate"].iloc[0]
    assert abs(plain - 0.55) > 0.2
    assert taken == pytest.approx(0.55, abs=1e-5)
    assert regressed == pytest.approx(0.55, abs=1e-5)


def test_complete_units_are_those_seen_every_year():
    frame = staggered().drop(index=[0, 25])
    kept = complete_units(frame, DESIGN)
    assert set(frame["area"]) - set(kept["area"]) == {0, 2}


def test_the_power_of_a_future_design_is_that_of_the_formula():
    frame = staggered(seed=4, noise=0.5)
    found = future_design(frame, replace(DESIGN, clusters=()), frame["area"].unique()[:8], 8, 5)
    wide = frame.pivot_table(index="area", columns="year", values="y")
    change, level = wide[found.to_time] - wide[found.from_time], wide[found.from_time]
    rest = change - np.polyval(np.polyfit(level, change, 1), level)
    assert found.residual_sd == pytest.approx(np.sqrt((rest**2).sum() / (len(rest) - 2)))
    assert found.intraclass == 0
    assert found.std_error == pytest.approx(two_group_std_error(found.residual_sd, 8, len(wide) - 8))
    assert found.detectable == pytest.approx(minimum_detectable_effect(found.std_error, degrees=7))


def test_a_future_design_counts_the_areas_that_will_be_treated():
    found = future_design(staggered(), DESIGN, [0, 1], 8, 5)
    assert (found.from_time, found.to_time, found.treated_count, found.treated_clusters) == (2004, 2009, 8, 2)
    assert found.detectable == pytest.approx((12.7062 + 1.3764) * found.std_error, rel=1e-4)  # t with one degree
    with pytest.raises(EstimationError, match="50 years"):
        future_design(staggered(), DESIGN, [0], 1, 50)


def test_the_effect_without_a_cluster_is_that_of_the_rows_without_it_and_the_most_influential_comes_first():
    frame = staggered(seed=4, noise=0.2)
    frame.loc[(frame["gemeente"] == 2) & frame["cohort"].notna() & (frame["year"] >= frame["cohort"]), "y"] += 3.0
    estimator = late_estimator((0, 3))
    found = leave_one_cluster_out(frame, DESIGN, estimator)
    whole = float(estimator(frame, DESIGN).frame["estimate"].iloc[0])
    assert found.frame["term"].iloc[0] == "2"
    assert found.frame["change"].abs().is_monotonic_decreasing
    for row in found.frame.to_dict("records"):
        alone = estimator(frame[frame["gemeente"] != int(row["term"])], DESIGN).frame.iloc[0]
        assert row["estimate"] == pytest.approx(float(alone["estimate"]))
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((alone["ci_low"], alone["ci_high"]))
        assert row["change"] == pytest.approx(float(alone["estimate"]) - whole)
    treated = frame[frame["cohort"].notna()].drop_duplicates("area")
    assert dict(zip(found.frame["term"], found.frame["left_out_count"], strict=True)) == {
        str(name): count for name, count in treated["gemeente"].value_counts().items()
    }


def test_a_cluster_without_which_one_treated_cluster_is_left_says_so():
    frame = staggered(seed=4)
    frame = frame[frame["cohort"].isna() | frame["gemeente"].isin((1, 2))]
    with pytest.raises(EstimationError, match="without any one gemeente"):
        leave_one_cluster_out(frame, DESIGN, late_estimator((0, 3)))


def prepared(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a panel with the columns that specifications ask for."""
    first = frame[frame["year"] == 2000].set_index("area")["y"]
    status = np.where(frame["cohort"].notna(), "treated", "untreated")
    known = frame["area"].map(first)
    return frame.assign(
        status=status,
        nearest_treated_m=np.where(frame["area"] % 2, 500.0, 5000.0),
        first=known,
        later=(known**2).where(frame["year"] >= 2003),
    )


def test_specifications_all_find_the_planted_effect_and_refusals_keep_their_reason():
    frame = prepared(staggered(noise=0.02))
    breaks = pd.DataFrame({"concept": ["y"], "break_year": [2005], "reason": ["new source"]})
    design = replace(DESIGN, breaks=breaks, across_breaks=True)
    listed = standard_specifications(Variants(frame, frame, 1000.0, others=("first",), later="later"), design, (2, 3))
    table = specification_table(listed)
    same = table[table["term"].isin([GIVEN, "doubly robust", "against areas not yet treated too"])]
    assert len(same) == 2 + (design.comparison != NOT_YET_TREATED)
    assert same["estimate"].to_numpy() == pytest.approx(0.55, abs=0.03)
    assert any("within one series" in name for name in table["term"])
    assert any("not yet treated" in name or "untreated at the choice" in name for name in table["term"])
    assert {"given level and trend of values only", "given the change of the score too, starts after 2003"} <= set(
        table["term"]
    )
    refused = table[table["estimate"].isna()]
    assert (refused["reason"] != "").all()
    assert refused_rows(table).startswith("Refused: ") == bool(len(refused))


def test_without_any_figure_the_specifications_are_refused_with_a_reason():
    frame = prepared(staggered())
    listed = standard_specifications(Variants(frame, frame, 1000.0), DESIGN, (50, 60))
    with pytest.raises(EstimationError, match="no specification has a figure"):
        specification_table(listed)


def test_parts_of_the_treated_are_compared_with_the_same_untreated_areas():
    frame = staggered(noise=0.0)
    splits = {"start": halves(frame, DESIGN, "cohort", "start")}
    table = effects_by_group(frame, DESIGN, late_estimator((0, 1)), splits).frame
    assert len(table) == 2
    assert table["estimate"].to_numpy() == pytest.approx(0.35)
    treated = frame[frame["cohort"].notna()]["area"].nunique()
    assert table["treated_count"].sum() == treated


def test_balanced_weights_give_the_treated_means_and_poor_overlap_is_named():
    frame = staggered(seed=6, size=300)
    overlap = pooled_overlap(frame, DESIGN, ("x",))
    assert not overlap.fails
    weighted = balanced_effect(overlap, DESIGN, (2, 3))
    assert weighted.frame["estimate"].iloc[0] == pytest.approx(0.55, abs=0.05)
    assert weighted.may_be_headline
    far = frame.assign(x=np.where(frame["cohort"].notna(), frame["x"] + 20, frame["x"]))
    poor = pooled_overlap(far, DESIGN, ("x",))
    assert poor.fails
    assert not balanced_effect(poor, DESIGN, (2, 3)).may_be_headline


def ranked(seed: int, sharp: bool) -> pd.DataFrame:
    """Return areas with a score and a list: the lowest by it, or some of the lower half."""
    generator = np.random.default_rng(seed)
    score = generator.normal(size=400)
    listed = score < -0.5 if sharp else (score < 0) & (generator.random(400) < 0.6)
    return pd.DataFrame({"score": score, "listed": listed, "before": 0.5 * score + 0.2 * generator.normal(size=400)})


def test_a_list_made_by_a_cut_passes_the_first_stage_and_balance():
    found = discontinuity(ranked(1, True), "score", "listed", {"before": "level before"})
    table = found.table.set_index("role")
    assert table.loc["first stage", "estimate"] == pytest.approx(1)
    assert table.loc["balance", "p_value"] > 0.05
    assert found.listed_count == found.listed_below_count == found.below_count


def test_a_list_made_otherwise_fails_the_first_stage():
    found = discontinuity(ranked(2, False), "score", "listed", {"before": "level before"})
    first = found.table.set_index("role").loc["first stage"]
    assert first["ci_low"] < 0.5
    assert found.listed_below_count < found.listed_count


def test_a_jump_of_what_was_known_before_is_found():
    areas = ranked(3, True)
    areas["before"] += np.where(areas["listed"], 1.0, 0.0)
    found = discontinuity(areas, "score", "listed", {"before": "level before"})
    assert found.table.set_index("role").loc["balance", "p_value"] < 0.01


def test_areas_that_bunch_below_the_cut_are_found():
    areas = ranked(4, True)
    near = areas["score"].between(-0.5, -0.25)
    areas.loc[near, "score"] -= 0.25
    areas["listed"] = areas["score"] < -0.5
    found = discontinuity(areas, "score", "listed", {}, cut=-0.5)
    assert found.table.set_index("role").loc["density", "p_value"] < 0.01


def test_a_cut_needs_areas_on_and_off_the_list():
    with pytest.raises(EstimationError, match="on the list and units off it"):
        cut_of_the_list(np.array([1.0, 2.0]), np.array([True, True]))


def test_dose_regressions_find_the_planted_slope_whichever_way():
    generator = np.random.default_rng(1)
    dose = generator.random((60, 4))
    frame = pd.DataFrame({"area": np.repeat(np.arange(60), 4), "year": np.tile(np.arange(4), 60), "dose": dose.ravel()})
    frame["y"] = -0.3 * frame["dose"] + frame["area"] * 0.1 + frame["year"] * 0.2
    frame["y"] += 1e-6 * generator.normal(size=len(frame))
    frame["size"] = 10.0 + frame["area"]
    design = Design("y", "area", "year", None, dose="dose", clusters=())
    ends = frame[frame["year"].isin((0, 3))]
    table = dose_regressions(frame, design, ends, "size").frame
    assert len(table) == 5
    assert table["estimate"].to_numpy() == pytest.approx(-0.3, abs=1e-5)
    assert (table["minimum_detectable_effect"] > 0).all()
    assert within_spread(frame, design) < dose.std()


def test_a_headline_without_overlap_is_marked_as_stopped():
    headline = late_effect(staggered(), DESIGN, (2, 3))
    path = event_study_in_steps(stepped(staggered(), list(range(2000, 2010))), DESIGN)
    honest = relative_magnitudes(thick_steps(path), (1.0,), (2, 3))
    balance = Balance(np.ones(30) / 30, pd.DataFrame(), 30.0, 0.05, 0.0, True)
    alike = PooledOverlap(balance, pd.DataFrame(), (), 3, 30)
    name = headline.frame["term"].iloc[0]
    stands = with_checks(headline, honest, alike, name)
    stopped = with_checks(headline, honest, replace(alike, reasons=("nobody is alike",)), name)
    unknown = with_checks(headline, Estimate.refused("no path"), Estimate.refused("one cohort"), name)
    assert stands.frame["standing"].iloc[0] == "identified"
    assert stands.frame["breakdown_value"].iloc[0] > 0
    assert stopped.frame["standing"].iloc[0] == "not identified"
    assert not stopped.may_be_headline
    assert unknown.not_headline == ("no overlap known",)
    assert unknown.frame["breakdown_value"].isna().all()
    assert with_checks(Estimate.refused("nobody"), honest, alike, name).reason == "nobody"


def test_the_bounds_of_a_bracket_are_on_the_design_that_they_are_named_for():
    frame = staggered(noise=0.3).assign(x=lambda f: f["x"].where(f["year"] > 0))
    made = bracket(frame, replace(DESIGN, covariates=("x",)), (2, 3))
    path = event_study_in_steps(stepped(frame, list(range(2000, 2010))), DESIGN)
    honest = relative_magnitudes(thick_steps(path), (1.0,), (2, 3))
    checked = with_checks(made, honest, Estimate.refused("one cohort"), GIVEN).frame.set_index("term")
    assert checked["breakdown_value"].notna().to_dict() == {BRACKET: False, PLAIN: False, GIVEN: True}
    assert checked["minimum_detectable_effect"].tolist() == made.frame["minimum_detectable_effect"].tolist()


def test_the_cells_behind_the_late_effect_say_which_cohorts_it_rests_on():
    frame = staggered()
    cohorts = cohorts_behind(frame, DESIGN, (2, 3))
    seen = group_time(frame, DESIGN).cells.query("2 <= event_time <= 3")["cohort"]
    assert cohorts == (seen.min(), seen.max())


def test_an_estimator_of_the_registry_is_in_every_comparison(monkeypatch):
    added = replace(ROBUST_ESTIMATORS["imputation"], label="another")
    monkeypatch.setitem(ROBUST_ESTIMATORS, "another", added)
    frame = staggered()
    side = side_by_side(frame, DESIGN, (2, 3)).frame.set_index("term")
    assert side.loc["another", "estimate"] == side.loc["imputation", "estimate"]
    assert scored_estimators()["another"].label == "Another"
