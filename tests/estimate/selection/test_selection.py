"""Few treated clusters, single places, bends, values by ring and lists that were tampered with."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import NEVER_TREATED, Design
from buurteffect.estimate.did.aggregation import late_effect
from buurteffect.estimate.regression.dose.threshold_regression import BEND, QUADRATIC, STRAIGHT, threshold
from buurteffect.estimate.robustness.few_clusters import TREATED, change_regression, few_cluster_errors
from buurteffect.estimate.selection import rd_tampering_check
from buurteffect.estimate.selection.density import density_jump
from buurteffect.estimate.selection.rd_tampering_check import tampered_list
from buurteffect.estimate.selection.regression_discontinuity import discontinuity
from buurteffect.estimate.space.single_projects import effects_on_places, largest_places
from buurteffect.estimate.space.value_rings import TREATED as AT_PROJECT
from buurteffect.estimate.space.value_rings import values_by_ring

YEARS = range(2000, 2012)
DESIGN = Design("y", "area", clusters=("town",), comparison=NEVER_TREATED)


def world(seed: int = 1, effect: float = 0.5, slope: float = 0.3, noise: float = 0.05) -> pd.DataFrame:
    """Return 20 towns of 10 areas; in four of them three areas are treated, and areas drift by a feature."""
    generator = np.random.default_rng(seed)
    area = np.arange(200)
    cohort = np.where((area // 10 < 4) & (area % 10 < 3), 2004.0 + (area % 10 == 0) * 2, np.nan)
    feature = generator.normal(size=200) + np.where(np.isfinite(cohort), 1.0, 0.0)
    year = np.tile(list(YEARS), 200)
    row = np.repeat(area, len(YEARS))
    after = year >= np.where(np.isfinite(cohort), cohort, np.inf)[row]
    y = generator.normal(size=200)[row] + 0.1 * slope * feature[row] * (year - 2000) + effect * after
    y += noise * generator.normal(size=len(row))
    return pd.DataFrame(
        {
            "area": row, "town": row // 10, "year": year, "y": y, "cohort_year": cohort[row], "x": feature[row],
            "east": 1000.0 * (row // 10) + 100.0 * (row % 10), "north": 0.0, "kind": 1, "size": 10.0 + row % 7,
        }
    )  # fmt: skip


def test_a_regression_of_changes_is_the_difference_of_mean_changes():
    frame = world(slope=0.0)
    one = frame[frame["cohort_year"].isna() | (frame["cohort_year"] == 2004)]
    fit = change_regression(one, DESIGN, (2, 3))
    wide = one.pivot_table(index="area", columns="year", values="y")
    change = wide[[2006, 2007]].mean(axis=1) - wide[2003]
    treated = one.groupby("area")["cohort_year"].first().notna()
    assert fit.coefficients[fit.position(TREATED)] == pytest.approx(change[treated].mean() - change[~treated].mean())


def test_covariates_take_out_of_changes_what_untreated_areas_say_of_them():
    frame = world()
    bare = change_regression(frame, DESIGN, (2, 3)).coefficients[0]
    given = change_regression(frame, replace(DESIGN, covariates=("x",)), (2, 3)).coefficients[0]
    headline = late_effect(frame, replace(DESIGN, covariates=("x",)), (2, 3)).frame["estimate"].iloc[0]
    assert given == pytest.approx(0.5, abs=0.03)
    assert given == pytest.approx(headline, abs=0.01)
    assert bare > given + 0.05


def test_errors_of_few_clusters_stand_on_one_figure_each_with_its_p_value():
    located = replace(DESIGN, coordinates_m=("east", "north"), covariates=("x",))
    table = few_cluster_errors(world(), located, (2, 3), (1.0, 3.0), 999).frame
    assert list(table["term"]) == [
        "clustered by town", "wild cluster bootstrap", "by distance, up to 1 km", "by distance, up to 3 km"
    ]  # fmt: skip
    assert len(set(table["estimate"])) == 1
    assert (table["treated_clusters_count"] == 4).all()
    assert table["p_value"].between(0, 1).all()
    wild = table.iloc[1]
    assert wild["ci_low"] < wild["estimate"] < wild["ci_high"]
    assert np.isnan(wild["std_error"])


def test_no_cohort_in_the_window_is_refused():
    with pytest.raises(EstimationError, match="50 to 60 years"):
        change_regression(world(), DESIGN, (50, 60))


def test_the_largest_places_are_those_seen_often_enough_before():
    frame = world()
    late = frame[(frame["year"] >= 2003) | frame["cohort_year"].isna()]
    largest = largest_places(frame, DESIGN, "size", 3)
    sizes = frame.drop_duplicates("area").set_index("area")["size"]
    treated = sorted(set(frame.loc[frame["cohort_year"].notna(), "area"]))
    assert sizes[largest].tolist() == sizes[treated].nlargest(3).tolist()
    seen_often = frame.loc[frame["cohort_year"] == 2006, "area"]
    assert set(largest_places(late, DESIGN, "size", 99)) == set(seen_often)


def test_single_places_find_their_effect_and_say_what_they_could_not():
    frame = world(slope=0.0).assign(area=lambda table: table["area"].astype(str))
    table = effects_on_places(frame, DESIGN, (2, 3), ["0", "1"], "kind", "size", 20).frame
    assert table["estimate"].to_numpy() == pytest.approx(0.5, abs=0.15)
    assert table["p_value"].to_numpy() == pytest.approx(1 / 21)
    assert (table["detectable"] > 0).all()
    early = frame[frame["year"] >= 2003]
    with pytest.raises(EstimationError, match="too few figures"):
        effects_on_places(early, DESIGN, (2, 3), ["1"], "kind", "size", 20)


def curved(bend: float, knot: float = 0.5, seed: int = 1) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    x = np.clip(np.repeat(generator.random(300), 5) + 0.1 * generator.normal(size=1500), 0, 1)
    y = (
        -x
        + bend * np.maximum(x - knot, 0)
        + np.repeat(generator.normal(size=300), 5)
        + 0.01 * generator.normal(size=1500)
    )
    area = np.repeat(np.arange(300), 5)
    return pd.DataFrame({"area": area, "town": area // 10, "year": np.tile(range(5), 300), "y": y, "x": x})


def test_a_bend_is_found_where_it_is_and_is_as_large_as_it_is():
    found = threshold(curved(-2.0), DESIGN, "x")
    assert found.interior
    assert found.best == pytest.approx(0.5, abs=0.06)
    assert found.effects.row(term=BEND)["estimate"] == pytest.approx(-2.0, abs=0.1)
    assert found.effects.row(term=QUADRATIC)["ci_high"] < 0
    assert found.knots["fit_share"].between(0, 1).all()


def test_a_straight_line_does_not_bend():
    rejected = [threshold(curved(0.0, seed=seed), DESIGN, "x").effects.row(term=QUADRATIC)["p_value"] < 0.05
                for seed in range(20)]  # fmt: skip
    assert sum(rejected) <= 4
    assert threshold(curved(0.0), DESIGN, "x").effects.row(term=STRAIGHT)["estimate"] == pytest.approx(-1, abs=0.02)


def test_a_bend_needs_more_than_one_year():
    with pytest.raises(EstimationError, match="two years"):
        threshold(curved(0.0).query("year == 1"), DESIGN, "x")


def test_values_by_ring_find_what_was_planted_in_treated_areas():
    frame = world(slope=0.0, noise=0.01)
    located = replace(DESIGN, coordinates_m=("east", "north"), clusters=("town",))
    table = values_by_ring(frame, located, 400.0).frame
    treated = table.set_index("term").loc[AT_PROJECT]
    assert treated["estimate"] == pytest.approx(0.5, abs=0.02)
    assert treated["price_share"] == pytest.approx(np.expm1(treated["estimate"]))


def test_a_density_that_slopes_is_no_jump_and_one_that_jumps_is_found():
    generator = np.random.default_rng(1)
    sloping = generator.triangular(-1, 1, 1, size=20_000)
    assert density_jump(sloping, 0.4)["p_value"] > 0.05
    moved = np.where((sloping > 0) & (sloping < 0.1) & (generator.random(20_000) < 0.5), -sloping, sloping)
    found = density_jump(moved, 0.4)
    assert found["p_value"] < 1e-6
    assert found["estimate"] > 0


def test_a_density_of_two_levels_jumps_by_their_ratio_with_the_error_of_mccrary():
    """Two units in three lie evenly over (−1, 0), one in three over (0, 1)."""
    values = np.concatenate([-(np.arange(2000) + 0.5) / 2000, (np.arange(1000) + 0.5) / 1000])
    found = density_jump(values, 0.4)
    assert found["estimate"] == pytest.approx(np.log(2), rel=1e-12)
    assert found["std_error"] == pytest.approx(np.sqrt(24 / (5 * 3000 * 0.4) * (3 / 2 + 3)), rel=1e-12)


@pytest.mark.slow
def test_the_test_of_the_density_rejects_as_often_as_it_says():
    generator = np.random.default_rng(2)
    rejected = sum(density_jump(generator.normal(size=500) + 0.6, 0.5)["p_value"] < 0.05 for _ in range(400))
    assert stats.binom.cdf(rejected, 400, 0.05) > 0.005
    assert rejected / 400 < 0.12


def test_a_side_that_was_emptied_is_tested_by_numbers():
    generator = np.random.default_rng(3)
    values = generator.normal(size=400)
    found = density_jump(np.where((values > 0) & (values < 0.5), -values, values), 0.4)
    assert np.isnan(found["std_error"])
    assert found["p_value"] < 1e-6


def areas(seed: int) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    score = generator.normal(size=480)
    return pd.DataFrame({"score": score, "rent": 0.5 - 0.1 * score + 0.1 * generator.normal(size=480)})


def test_a_tampered_list_is_caught_by_density_and_balance_and_an_untouched_one_is_not():
    caught, blamed = 0, 0
    for seed in range(20):
        table = rd_tampering_check.tests_of_both(areas(seed), "score", "rent", {"rent": "rent"}).set_index("role")
        later = table.drop(index="first stage")
        caught += bool((later["p_value_tampered"] < 0.05).all())
        blamed += bool((later["p_value_made"] < 0.05).any())
        assert table.loc["first stage", "estimate_tampered"] == pytest.approx(1)
    assert caught >= 15
    assert blamed <= 5


def test_tampering_moves_only_areas_with_much_of_what_is_favoured():
    lists = tampered_list(areas(1), "score", "rent")
    moved = lists["listed_tampered"] & ~lists["listed_made"]
    assert moved.any()
    assert (lists.loc[moved, "score_tampered"] < 0).all()
    assert (
        lists.loc[moved, "rent"].min() > lists.loc[~moved & lists["score_made"].between(0, 0.2), "rent"].median() - 0.2
    )
    with pytest.raises(EstimationError, match="too few"):
        tampered_list(areas(1).head(30), "score", "rent")


@pytest.mark.parametrize("jump", [0.0, 0.05])
def test_balance_at_a_cut_of_straight_lines_is_the_jump_between_them(jump):
    table = pd.DataFrame({"score": np.linspace(-2, 2, 401) + 0.005})
    table["listed"] = table["score"] < 0
    table["rent"] = 0.5 - 0.1 * table["score"] + jump * table["listed"]
    found = discontinuity(table, "score", "listed", {"rent": "rent"}, cut=0.0).table.set_index("role")["estimate"]
    np.testing.assert_allclose(found[["first stage", "density", "balance"]].to_numpy(float), [1, 0, jump], atol=1e-12)


@pytest.mark.slow
def test_balance_at_an_honest_cut_rejects_about_as_often_as_it_says():
    rejected = 0
    for seed in range(200):
        lists = tampered_list(areas(1000 + seed), "score", "rent")
        found = discontinuity(lists, "score_made", "listed_made", {"rent": "rent"}, cut=0.0).table.set_index("role")
        rejected += bool(found.loc["balance", "p_value"] < 0.05)
    assert rejected / 200 < 0.12
