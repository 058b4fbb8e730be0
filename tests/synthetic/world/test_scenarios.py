"""Each scenario of the synthetic country is what it says it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from stylised_facts import dissimilarity

from buurteffect.synthetic.country import draw_country, draw_world, scenario_parameters
from buurteffect.synthetic.simulation.run import simulate
from buurteffect.synthetic.simulation.snapshot import prepare
from buurteffect.synthetic.world.parameters import ByKind


@pytest.fixture(scope="module")
def default_pair():
    return truth_of("S0")


def truth_of(scenario, seed=1, size="default"):
    return draw_country(seed, size, scenario, people=False, workers=0)


def late(truth, outcome="liveability_score"):
    return truth.late.set_index("outcome").loc[outcome, "effect"]


def test_a_placebo_registers_projects_and_does_nothing():
    world, truth = draw_country(2, "test", "S1", workers=0)
    assert len(world.projects) >= 4 and (world.projects["demolished_social"] > 0).all()
    assert not world.history.demolished_social.any()
    assert (truth.place["effect"].abs() < 1e-15).all()
    assert (truth.groups["effect"].dropna() == 0).all()
    assert not truth.people[["excess_exit_buurt", "excess_exit_wijk", "own_log_income"]].to_numpy().any()
    without = simulate(prepare(scenario_parameters("S0"), 2, "test"), without="all").history
    assert (world.history.liveability_score == without.liveability_score).all()


def test_without_spillovers_scores_change_only_through_who_lives_there():
    world = draw_world(1, "default", "S3", keep_people=False)
    without = simulate(prepare(scenario_parameters("S3"), 1, "default"), without="all", keep_people=False).history
    never = ~world.geography.buurten["buurt_code"].isin(world.projects["buurt_code"]).to_numpy()
    score = (world.history.liveability_score - without.liveability_score)[:, never]
    low = (world.history.low_income_share - without.low_income_share)[:, never]
    owner = (world.history.owner_share - without.owner_share)[:, never]
    rules = scenario_parameters("S3").score
    np.testing.assert_allclose(score, rules.on_low_income * low + rules.on_owner * owner, rtol=0, atol=1e-12)


def test_a_pure_waterbed_gains_less_in_the_place_and_the_same_things_elsewhere(default_pair):
    (_, plain), (_, waterbed) = default_pair, truth_of("S4")
    assert late(waterbed) < late(plain) - 0.02
    assert late(waterbed, "low_income_share") < -0.01
    receiving = waterbed.groups.query("group == 'receiving' and outcome == 'liveability_score' and year == 2010")
    assert (receiving["effect"] < 0).all()


def test_stigma_lowers_prices_by_four_percent_and_nothing_else():
    (plain, _), (stigma, _) = truth_of("S0", 2, "test"), truth_of("S5", 2, "test")
    gap = stigma.history.log_woz - plain.history.log_woz
    project = plain.projects.iloc[0]
    index = plain.geography.buurten["buurt_code"].tolist().index(project["buurt_code"])
    after = plain.history.years > project["announce_year"]
    np.testing.assert_allclose(gap[after, index], -0.04, rtol=0, atol=1e-12)
    assert (gap[~after, index] == 0).all()
    assert (stigma.history.liveability_score == plain.history.liveability_score).all()


def test_a_strong_dip_selects_on_it():
    def dip(scenario):
        world = draw_world(1, "default", scenario, keep_people=False)
        score = world.history.published_liveability_score
        index = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(world.projects["buurt_code"])
        row = (world.projects["announce_year"] - world.history.years[0]).to_numpy()
        return (score[row, index] - score[row - 3, index]).mean()

    assert dip("S7") < 2 * dip("S0") < 0


@pytest.mark.slow
def test_segregation_by_income_falls_where_it_was_reversed():
    for seed in range(1, 7):
        share = draw_world(seed, scenario="S8", keep_people=False).history.low_income_share
        assert dissimilarity(share[-1]) < dissimilarity(share[0])


def test_new_towns_lose_as_they_age_and_no_other_place_does_so_directly():
    plain, ageing = (prepare(scenario_parameters(s), 1, "test").paths.given for s in ("S0", "S9"))
    new_town = (prepare(scenario_parameters("S0"), 1, "test").geography.buurten["kind"] == "new_town").to_numpy()
    np.testing.assert_allclose((ageing - plain)[-1, new_town], -0.003 * 22, rtol=0, atol=1e-12)
    assert ((ageing - plain)[:, ~new_town] == 0).all()


def test_the_end_of_the_policy_hurts_where_it_is_so(default_pair):
    (_, plain), (_, stop) = default_pair, truth_of("S10")
    for year, sign in ((2012, 0), (2022, -1)):
        rows = [
            t.groups.query(f"group == 'treated' and outcome == 'liveability_score' and year == {year}")
            for t in (plain, stop)
        ]
        gap = float(rows[1]["effect"].iloc[0] - rows[0]["effect"].iloc[0])
        assert gap == 0 if sign == 0 else gap < -0.015


def test_boundary_chaos_is_left_to_the_publication():
    assert scenario_parameters("S11").publication.recoded_share == 0.15
    plain, chaos = draw_world(2, "test"), draw_world(2, "test", "S11")
    assert (plain.history.liveability_score == chaos.history.liveability_score).all()


@pytest.mark.parametrize(("size", "seeds"), [("default", range(1, 5)), ("test", range(1, 25))])
def test_few_clusters_lie_in_exactly_three_gemeenten(size, seeds):
    for seed in seeds:
        projects = draw_world(seed, size, "S12", keep_people=False).projects
        assert projects["buurt_code"].str[2:6].nunique() == 3, seed
        assert len(projects) >= {"default": 18, "test": 6}[size], seed
    assert draw_world(1, size, keep_people=False).projects["buurt_code"].str[2:6].nunique() > 3 or size == "test"


def test_the_few_gemeenten_are_drawn_by_lot():
    chosen = {
        tuple(sorted(draw_world(seed, "default", "S12", keep_people=False).projects["buurt_code"].str[2:6].unique()))
        for seed in range(1, 5)
    }
    assert len(chosen) > 1


def test_where_only_two_gemeenten_can_be_chosen_there_are_two():
    base = scenario_parameters("S12")
    only_new_towns = replace(base, policy=replace(base.policy, takes_part=ByKind(1, 0, 1, 0)))
    projects = draw_world(1, "test", "S0", only_new_towns, keep_people=False).projects
    assert projects["buurt_code"].str[2:6].nunique() == 2


@pytest.mark.parametrize("size", ["test", "scoreboard"])
def test_with_parallel_trends_every_project_demolishes_something(size):
    world = draw_world(2, size, "S6", keep_people=False)
    assert (world.projects["demolished_social"] > 0).all() and (world.projects["dose"] > 0).all()
    assert (world.history.social_share[0] > 0).all()


def test_with_parallel_trends_scores_of_others_are_what_they_would_have_been():
    world = draw_world(2, "test", "S6", keep_people=False)
    without = simulate(prepare(scenario_parameters("S6"), 2, "test"), without="all", keep_people=False).history
    never = ~world.geography.buurten["buurt_code"].isin(world.projects["buurt_code"]).to_numpy()
    score = (world.history.liveability_score - without.liveability_score)[:, never]
    owner = (world.history.owner_share - without.owner_share)[:, never]
    np.testing.assert_allclose(score, scenario_parameters("S6").score.on_owner * owner, rtol=0, atol=1e-12)
    assert np.abs(score).max() < 0.005


def test_the_trend_gap_lets_deprived_buurten_fall_behind_without_any_policy():
    plain = scenario_parameters("S0")
    gaps = []
    for parameters in (plain, replace(plain, market=replace(plain.market, trend_gap=0.2))):
        history = simulate(prepare(parameters, 1, "default"), without="all", keep_people=False).history
        deprived = history.social_share[0] > 0.5
        change = history.low_income_share[-1] - history.low_income_share[0]
        gaps.append(change[deprived].mean() - change[~deprived].mean())
    assert gaps[1] > gaps[0] + 0.02
