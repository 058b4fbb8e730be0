"""The truth about the synthetic country: what policy did to places and to people."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.synthetic.country import draw_country
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.simulation.run import first_choice, simulate
from buurteffect.synthetic.simulation.snapshot import prepare
from buurteffect.synthetic.truth.contrasts import OUTCOMES
from buurteffect.synthetic.truth.counterfactual_branches import HORIZONS, find_residents
from buurteffect.synthetic.truth.truth import draw_truth
from buurteffect.synthetic.world.scenarios import scenario_parameters

SEEDS = range(1, 25)


@pytest.fixture(scope="module")
def pair():
    return draw_country(seed=2, size="test", workers=0)


@pytest.fixture(scope="module")
def default_pair():
    return draw_country(seed=1, workers=0)


def truth_of(scenario, seed=1, size="default"):
    return draw_country(seed, size, scenario, people=False, workers=0)


def late(truth, outcome="liveability_score"):
    return truth.late.set_index("outcome").loc[outcome, "effect"]


def changes(world, outcome="liveability_score"):
    """Return the mean change from g − 1 to g + 6…9 of restructured buurten, and of those that never were."""
    values, first = getattr(world.history, outcome), int(world.history.years[0])
    buurt = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(world.projects["buurt_code"])
    never = np.setdiff1d(np.arange(values.shape[1]), buurt)
    treated, control = [], []
    for place, start in zip(buurt, world.projects["start_year"] - first, strict=True):
        change = values[start + 6 : start + 10] - values[start - 1]
        treated.append(change[:, place].mean())
        control.append(change[:, never].mean())
    return np.mean(treated), np.mean(control)


# --- policy ------------------------------------------------------------------------------------------------------


def test_projects_start_the_year_after_they_are_announced_and_stop_with_the_policy(default_pair):
    world, _ = default_pair
    projects = world.projects
    assert (projects["start_year"] == projects["announce_year"] + 1).all()
    assert projects["start_year"].between(1999, 2011).all()
    assert (projects["end_year"] <= 2014).all()
    assert projects["buurt_code"].is_unique
    assert not world.history.demolished_social[world.history.years > 2015].any()


def test_the_register_adds_up_to_what_was_demolished_and_built(default_pair):
    world, _ = default_pair
    index = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(world.projects["buurt_code"])
    for name in ("demolished_social", "built_owner", "built_social", "built_private"):
        counted = getattr(world.history, name).sum(axis=0)
        assert (counted[index] == world.projects[name]).all()
        assert counted.sum() == world.projects[name].sum()
    built = world.projects[["built_owner", "built_social", "built_private"]].sum()
    np.testing.assert_allclose(built / built.sum(), [0.6, 0.3, 0.1], rtol=0, atol=0.05)


def test_a_modest_part_of_the_stock_that_could_be_chosen_is_chosen(default_pair):
    world, _ = default_pair
    can = world.geography.buurten["kind"].ne("small").to_numpy() & (world.history.social_share[3] > 0.40)
    assert len(world.projects) == 26
    assert len(world.projects) / can.sum() < 0.25


def test_buurten_are_chosen_on_a_low_level_and_a_dip(default_pair):
    world, _ = default_pair
    score = world.history.published_liveability_score
    index = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(world.projects["buurt_code"])
    row = (world.projects["announce_year"] - world.history.years[0]).to_numpy()
    assert np.mean(score[row, index] - np.median(score[row], axis=1)) < -0.15
    dips = score[row, index] - score[row - 3, index] - (score[row] - score[row - 3]).mean(axis=1)
    assert dips.mean() < -0.01


# --- place effects -----------------------------------------------------------------------------------------------


def test_place_effects_are_the_difference_of_two_simulations(pair):
    world, truth = pair
    without = simulate(prepare(scenario_parameters("S0"), 2, "test"), without="all", keep_people=False).history
    cohort = int(world.projects["start_year"].iloc[0])
    codes = world.projects.loc[world.projects["start_year"] == cohort, "buurt_code"]
    index = pd.Index(world.geography.buurten["buurt_code"]).get_indexer(codes)
    row = cohort + 7 - int(world.history.years[0])
    for outcome in OUTCOMES:
        expected = (getattr(world.history, outcome) - getattr(without, outcome))[row, index].mean()
        table = truth.place.set_index(["outcome", "cohort", "event_time"])
        assert table.loc[(outcome, cohort, 7), "effect"] == expected


def test_a_country_without_policy_that_parts_in_1998_is_the_one_simulated_from_the_beginning():
    setting = prepare(scenario_parameters("S2"), 2, "test")
    assert first_choice(setting) == 1998
    parting = simulate(setting, snapshots=frozenset({1998}), keep_people=False).snapshots[1998]
    whole = simulate(setting, without="all", keep_people=False).history
    later = simulate(setting, without="all", start=parting, keep_people=False).history
    assert later.years.tolist() == list(range(1998, 2023))
    for member in fields(whole):
        assert (getattr(later, member.name) == getattr(whole, member.name)[3:]).all(), member.name


def test_without_any_policy_nothing_differs():
    plain = scenario_parameters("S0")
    never = replace(plain, policy=replace(plain.policy, first_announcement=2030, last_announcement=2031))
    _, run, truth = draw_truth(never, 2, "test", people=False, workers=0)
    assert not len(run.schedule.buurt)
    assert truth.groups.empty and not truth.place.size


def test_effects_since_before_leave_out_what_had_happened_by_then(pair):
    world, truth = pair
    table = truth.place.set_index(["outcome", "cohort", "event_time"])
    before = table["effect"].xs(-1, level="event_time")
    assert (before != 0).any()  # earlier cohorts have touched the buurten of later ones
    expected = table["effect"] - before.reindex(table.droplevel("event_time").index).to_numpy()
    np.testing.assert_array_equal(table["effect_since_before"], expected)
    assert (table["effect_since_before"].xs(-1, level="event_time") == 0).all()
    rows = truth.place[(truth.place["outcome"] == "log_woz") & truth.place["event_time"].between(6, 9)]
    mean = np.average(rows["effect_since_before"], weights=rows["buurten"])
    found = truth.late.set_index("outcome").loc["log_woz"]
    assert np.isclose(found["effect_since_before"], mean, rtol=1e-12)
    assert not np.isclose(found["effect_since_before"], found["effect"], rtol=1e-6)
    named = named_truth(world, truth, scenario_parameters("S0"))
    assert named["att_6_9_since_before_log_woz"] == found["effect_since_before"]
    assert named["att_6_9_log_woz"] == found["effect"]


def test_nothing_differs_before_the_first_project(pair):
    _, truth = pair
    first = truth.place["cohort"].min()
    early = truth.place[(truth.place["cohort"] == first) & (truth.place["event_time"] <= 0)]
    assert len(early) > 0
    assert (early["effect"] == 0).all()


def test_late_effects_weigh_cohorts_by_their_buurten(pair):
    _, truth = pair
    rows = truth.place[(truth.place["outcome"] == "log_woz") & truth.place["event_time"].between(6, 9)]
    assert np.isclose(late(truth, "log_woz"), np.average(rows["effect"], weights=rows["buurten"]), rtol=1e-12)


def test_the_books_of_the_waterbed_close(default_pair):
    _, truth = default_pair
    books = truth.ledger
    parts = books[["direct", "ring", "receiving", "city", "elsewhere"]].sum(axis=1)
    np.testing.assert_allclose(parts, books["net"], rtol=0, atol=1e-9)
    heads = books[books["outcome"].isin(["low_income_share", "lowest40_share", "nonwestern_share"])]
    assert (heads["direct"].abs() > 0.01).all()
    np.testing.assert_allclose(heads["net"] * 150, 0, rtol=0, atol=1e-6)
    np.testing.assert_allclose(heads["leakage"], 1, rtol=0, atol=1e-6)
    liveability = books[(books["outcome"] == "liveability_score") & (books["year"] == 2018)]
    assert (liveability["net"] > 0).all()
    assert liveability["leakage"].between(0.01, 0.9).all()


def test_the_rings_and_the_receiving_areas_take_the_poor(default_pair):
    _, truth = default_pair
    groups = truth.groups[(truth.groups["outcome"] == "low_income_share") & truth.groups["year"].between(2006, 2018)]
    mean = groups.groupby("group")["effect"].mean()
    assert mean["treated"] < -0.02
    assert mean["receiving"] > mean["city"] > 0
    assert mean["ring_1"] > mean["never_treated"] > 0
    assert abs(mean["national"]) < 1e-12


# --- people ------------------------------------------------------------------------------------------------------


def test_residents_earn_exactly_what_they_would_have_earned(pair):
    _, truth = pair
    assert (truth.people["own_log_income"] == 0).all()
    assert truth.people["households"].sum() > 1_000


def test_residents_earn_one_percent_more_where_that_is_so_wherever_they_live():
    _, truth = draw_country(2, "test", "S2", workers=0)
    np.testing.assert_allclose(truth.people["own_log_income"], 0.01, rtol=0, atol=2e-6)


def test_a_branch_is_the_same_up_to_where_it_is_cut_and_leaves_other_cohorts_alone():
    setting = prepare(scenario_parameters("S0"), 2, "test")
    whole = simulate(setting, snapshots=frozenset(range(1998, 2011)))
    cohort = int(np.sort(np.unique(whole.schedule.start_year))[1])
    cut = whole.snapshots[cohort - 1]
    run = simulate(setting, without=frozenset({cohort}), schedule=whole.schedule, start=cut)
    shared = whole.residence.years.tolist().index(cohort)
    for member in fields(run.history):
        ours, theirs = getattr(run.history, member.name), getattr(whole.history, member.name)[shared - 1 :]
        assert (ours[:2] == theirs[:2]).all(), member.name  # g − 1 and g: nothing has been demolished yet
    assert (run.residence.household[:2] == whole.residence.household[shared - 1 : shared + 1]).all()
    own = whole.schedule.buurt[whole.schedule.start_year == cohort]
    gone = run.history.demolished_social[1:].sum(axis=0)
    factual = whole.history.demolished_social[shared:].sum(axis=0)
    assert not gone[own].any() and factual[own].all()
    others = np.setdiff1d(np.arange(len(gone)), own)
    began_before = np.isin(others, whole.schedule.buurt[whole.schedule.start_year < cohort])
    assert (gone[others][began_before] == factual[others][began_before]).all()
    assert ((gone[others] > 0) == (factual[others] > 0)).all()
    assert sorted(run.projects["start_year"].unique()) == [
        c for c in np.unique(whole.schedule.start_year) if c > cohort
    ]


def test_households_end_in_the_same_year_in_every_branch():
    setting = prepare(scenario_parameters("S0"), 2, "test")
    with_policy, without = simulate(setting), simulate(setting, without="all")
    for member in fields(with_policy.households):
        here, there = getattr(with_policy.households, member.name), getattr(without.households, member.name)
        assert (here == there).all(), member.name


def test_restructuring_drives_residents_out_of_the_buurt(default_pair):
    _, truth = default_pair
    people = truth.people[truth.people["horizon"] == 7]
    means = people.groupby("tercile").apply(
        lambda rows: pd.Series(
            {
                name: np.average(rows[name], weights=rows["households"])
                for name in ("excess_exit_buurt", "excess_exit_wijk")
            }
        )
    )
    assert (means["excess_exit_buurt"] > 0.05).all()
    assert means.loc["low", "excess_exit_buurt"] > means.loc["high", "excess_exit_buurt"]
    assert (means["excess_exit_wijk"] < means["excess_exit_buurt"]).all()
    first = truth.people[truth.people["horizon"] == 1]
    np.testing.assert_allclose(first["excess_exit_buurt"], 0, rtol=0, atol=1e-12)


def test_residents_are_followed_for_as_long_as_the_panel_lasts(default_pair):
    world, truth = default_pair
    cohorts = np.unique(world.projects["start_year"])
    assert set(truth.people["cohort"]) == set(cohorts)
    for cohort, rows in truth.people.groupby("cohort"):
        assert set(rows["horizon"]) == {h for h in HORIZONS if cohort - 1 + h <= 2022}
        count = rows.pivot_table(index="horizon", columns="tercile", values="households")
        assert (count[["low", "middle", "high"]].sum(axis=1) == count["all"]).all()
        assert (count["all"].diff().dropna() <= 0).all()
        assert count["all"].iloc[-1] < count["all"].iloc[0]


def test_terciles_are_thirds_of_the_country():
    setting = prepare(scenario_parameters("S0"), 2, "test")
    run = simulate(setting)
    cohort = int(run.schedule.start_year[0])
    everybody = replace(
        run.schedule,
        buurt=np.arange(60),
        start_year=np.full(60, cohort),
        announce_year=np.full(60, cohort - 1),
        share=np.ones(60),
    )
    found = find_residents(run.residence, everybody, cohort)
    np.testing.assert_allclose(np.bincount(found.tercile) / len(found.tercile), 1 / 3, rtol=0, atol=0.001)


# --- a reader's difference in differences ------------------------------------------------------------------------


def test_before_and_after_is_visibly_wrong_in_the_default_country(default_pair):
    world, truth = default_pair
    treated, control = changes(world)
    assert treated > late(truth) + 0.03
    assert treated - control > late(truth) + 0.015


@pytest.mark.slow
@pytest.mark.parametrize(("scenario", "right"), [("S0", False), ("S6", True)])
def test_the_naive_contrast_is_wrong_in_the_default_country_and_right_with_parallel_trends(scenario, right):
    errors = []
    for seed in SEEDS:
        world, truth = truth_of(scenario, seed)
        treated, control = changes(world)
        errors.append(treated - control - late(truth))
    mean, mc_error = np.mean(errors), np.std(errors, ddof=1) / np.sqrt(len(errors))
    if right:
        assert abs(mean) < 3 * mc_error
        assert mc_error < 0.005
    else:
        assert mean > 0.02
        assert mean > 5 * mc_error


@pytest.mark.slow
def test_with_parallel_trends_the_choice_has_nothing_to_do_with_level_or_trend():
    gaps = []
    for seed in SEEDS:
        setting = prepare(scenario_parameters("S6"), seed, "default")
        schedule = simulate(setting, keep_people=False).schedule
        score = simulate(setting, without="all", keep_people=False).history.liveability_score
        row = schedule.start_year - 1 - 1995
        level = score[row, schedule.buurt] - score[row].mean(axis=1)
        trend = score[row + 8, schedule.buurt] - score[row, schedule.buurt] - (score[row + 8] - score[row]).mean(axis=1)
        gaps.append((level.mean(), trend.mean()))
    means, errors = np.mean(gaps, axis=0), np.std(gaps, axis=0, ddof=1) / np.sqrt(len(gaps))
    assert (np.abs(means) < 3 * errors).all()


# --- one process and two, one seed and several -------------------------------------------------------------------


def test_one_process_and_two_give_the_same(pair):
    parameters = scenario_parameters("S0")
    one, two = (draw_truth(parameters, 2, "test", workers=workers) for workers in (0, 1))
    for name, table in one[2].tables().items():
        pd.testing.assert_frame_equal(table, two[2].tables()[name], check_exact=True)
        pd.testing.assert_frame_equal(table, pair[1].tables()[name], check_exact=True)
    assert one[1].history.liveability_score.tobytes() == two[1].history.liveability_score.tobytes()
