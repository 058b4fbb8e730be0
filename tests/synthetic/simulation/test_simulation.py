"""The synthetic country: its map, its people and its market."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from stylised_facts import dissimilarity, facts, wijk_scores

from buurteffect.errors import ProjectError
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.simulation import snapshot
from buurteffect.synthetic.simulation.housing_market import serial_dictatorship
from buurteffect.synthetic.simulation.population import first_people, renew
from buurteffect.synthetic.simulation.run import simulate
from buurteffect.synthetic.simulation.snapshot import prepare
from buurteffect.synthetic.simulation.towns import divided_town, is_connected, neighbours, round_town
from buurteffect.synthetic.world.draws import Draws
from buurteffect.synthetic.world.parameters import WorldParameters, describe_parameters
from buurteffect.synthetic.world.scenarios import SCENARIOS, SIZES, scenario_parameters
from buurteffect.synthetic.world.world import Arrival, Tenure


@pytest.fixture(scope="module")
def world():
    return draw_world(seed=3, size="test")


@pytest.fixture(scope="module")
def default_world():
    return draw_world(seed=1)


# --- parameters and scenarios ------------------------------------------------------------------------------------


def test_every_parameter_says_what_it_is():
    table = describe_parameters(WorldParameters())
    assert table.index.is_unique
    assert (table[["unit", "meaning", "source"]].map(len) > 0).all(axis=None)
    count = sum(len(fields(getattr(WorldParameters(), group.name))) for group in fields(WorldParameters))
    assert len({name.split(".")[0] + name.split(".")[1] for name in table.index}) == count
    assert table.loc["stock.social_share.big_city", "value"] == 0.5


def test_the_scenarios_are_those_of_the_scope_and_each_says_what_it_is():
    assert list(SCENARIOS) == [f"S{number}" for number in range(13)]
    assert all(scenario.meaning.endswith(".") for scenario in SCENARIOS.values())


@pytest.mark.parametrize("name", [name for name in SCENARIOS if name != "S0"])
def test_a_scenario_changes_what_it_names_and_nothing_else(name):
    before, after = (
        describe_parameters(WorldParameters())["value"],
        describe_parameters(scenario_parameters(name))["value"],
    )
    changed = {label for label in before.index if before[label] != after[label]}
    named = {f"{group}.{field}" for group, values in SCENARIOS[name].changes.items() for field in values}
    assert changed
    assert {".".join(label.split(".")[:2]) for label in changed} == named


def test_a_scenario_is_added_to_other_parameters():
    other = WorldParameters()
    other = replace(other, score=replace(other.score, covid=0.5))
    assert scenario_parameters("S9", other).score.covid == 0.5
    assert scenario_parameters("S9", other).score.new_town_slope == -0.003


@pytest.mark.parametrize("wrong", [{"size": "huge"}, {"scenario": "S13"}])
def test_an_unknown_name_is_refused_with_the_names_there_are(wrong):
    with pytest.raises(ProjectError, match=r"choose one of (test|S0), "):
        draw_world(1, **wrong)


# --- the map -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", ["test", "default", "national"])
def test_a_country_has_as_many_areas_as_its_size_says(size):
    geography, layout = prepare(WorldParameters(), 1, size).geography, prepare(WorldParameters(), 1, size).layout
    assert len(geography.gemeenten) == sum(SIZES[size].gemeenten)
    assert len(geography.wijken) == sum(SIZES[size].wijken)
    assert len(geography.buurten) == SIZES[size].buurten == layout.buurten
    assert geography.buurten["wijk_code"].nunique() == len(geography.wijken)


@pytest.fixture(scope="module")
def geography():
    return prepare(WorldParameters(), 1, "national").geography


def test_codes_nest_and_cannot_be_real_ones(geography):
    buurten = geography.buurten
    assert buurten["buurt_code"].str.fullmatch(r"BU9\d{7}").all() and buurten["buurt_code"].is_unique
    assert (buurten["buurt_code"].str[2:8] == buurten["wijk_code"].str[2:]).all()
    assert (buurten["wijk_code"].str[2:6] == buurten["gemeente_code"].str[2:]).all()
    assert buurten["gemeente_code"].str.fullmatch(r"GM9\d{3}").all()
    assert geography.wijken["wijk_code"].is_unique and geography.gemeenten["gemeente_code"].is_unique
    for table, name in ((geography.gemeenten, "gemeente"), (geography.wijken, "wijk"), (buurten, "buurt")):
        assert table[f"{name}_name"].str.contains("synthetic").all()


def test_the_map_lies_outside_the_netherlands(geography):
    assert geography.buurten["y_m"].min() > 640_000  # the north of the Netherlands lies at 620 km


def test_no_two_buurten_overlap_and_their_areas_are_those_of_their_hexagons(geography):
    x, y = geography.corners_m[..., 0], geography.corners_m[..., 1]
    signed = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) / 2
    np.testing.assert_allclose(np.abs(signed) / 10_000, geography.buurten["land_area_ha"], rtol=1e-6)
    centres = geography.buurten[["x_m", "y_m"]].to_numpy()
    layout = prepare(WorldParameters(), 1, "national").layout
    spacing = np.array(WorldParameters().map.spacing_m.values())[layout.kind]
    assert len(np.unique(centres, axis=0)) == len(centres)
    assert (layout.near_m >= np.minimum(spacing[layout.near_from], spacing[layout.near_to]) - 1e-6).all()


def test_neighbours_share_their_corners_exactly(geography):
    layout = prepare(WorldParameters(), 1, "national").layout
    spacing = np.array(WorldParameters().map.spacing_m.values())[layout.kind]
    touching = layout.near_m < 1.01 * spacing[layout.near_from]
    one, other = geography.corners_m[layout.near_from[touching]], geography.corners_m[layout.near_to[touching]]
    same = (one[:, :, None, :] == other[:, None, :, :]).all(axis=-1).sum(axis=(1, 2))
    assert (same == 2).all()


@pytest.mark.parametrize("area", ["wijk", "gemeente"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_area_is_connected(size, area):
    layout = prepare(WorldParameters(), 1, size).layout
    spacing = np.array(WorldParameters().map.spacing_m.values())[layout.kind]
    of_buurt = getattr(layout, area)
    joined = layout.near_m < 1.01 * spacing[layout.near_from]
    joined &= of_buurt[layout.near_from] == of_buurt[layout.near_to]
    edges = (np.ones(joined.sum()), (layout.near_from[joined], layout.near_to[joined]))
    _, part = connected_components(coo_array(edges, shape=(layout.buurten, layout.buurten)), directed=False)
    parts = np.unique(np.column_stack([of_buurt, part]), axis=0)
    assert parts[:, 0].tolist() == np.unique(of_buurt).tolist()


def test_a_wijk_that_is_in_two_parts_is_seen():
    near = neighbours(np.array([[0, 0], [2, 0], [4, 0], [1, 3]]))
    assert near == [{1, 3}, {0, 2, 3}, {1}, {0, 1}]
    assert is_connected({0, 1, 2}, near) and is_connected(set(), near)
    assert not is_connected({0, 2}, near)


@pytest.mark.parametrize("sizes", [(1,), (4, 4, 4, 4, 4), (5, 1, 7), (30, 2, 30)])
def test_a_town_is_divided_into_wijken_of_the_sizes_asked_for(sizes):
    cells = divided_town(sizes)
    assert sorted(map(tuple, cells.tolist())) == sorted(map(tuple, round_town(sum(sizes)).tolist()))
    near, edges = neighbours(cells), np.cumsum((0, *sizes))
    for first, last in pairwise(edges):
        assert is_connected(set(range(first, last)), near)


def test_dwellings_that_are_published_follow_the_lognormal_that_was_set(geography):
    logs = np.log(geography.buurten["published_dwellings"])
    assert abs(logs.mean() - 7.10) < 0.03
    assert abs(logs.std() - 0.75) < 0.03


# --- people and dwellings ----------------------------------------------------------------------------------------


def test_every_household_lives_in_one_dwelling_and_every_dwelling_holds_one(world):
    for row in world.residence.household:
        assert len(np.unique(row)) == len(row)


def test_households_are_there_from_their_entry_to_their_exit(world):
    residence, households = world.residence, world.households
    seen = np.zeros((len(residence.years), len(households.key)), dtype=bool)
    for place, row in enumerate(residence.household):
        seen[place, row] = True
    expected = (residence.years[:, None] >= households.entry_year) & (residence.years[:, None] < households.exit_year)
    assert (seen == expected).all()
    assert len(np.unique(households.key)) == len(households.key)


def test_a_new_household_does_not_depend_on_which_other_households_end():
    parameters, draws = WorldParameters().population, Draws(1)
    people = first_people(parameters, draws, 5_000, 1990)
    aged = people.birth_year.copy()
    aged[::2] = 1840  # the hazard of a head of 150 is above one: every other household ends
    one, ended = renew(people, parameters, draws, 1990)
    other, ended_too = renew(replace(people, birth_year=aged), parameters, draws, 1990)
    both = ended & ended_too
    assert both.sum() > 50
    assert ended_too[::2].all()
    for member in fields(one):
        assert (getattr(one, member.name)[both] == getattr(other, member.name)[both]).all(), member.name


def test_heads_enter_young_and_households_end_at_about_two_percent_a_year(default_world):
    households, residence = default_world.households, default_world.residence
    entered = households.entry_year > residence.years[0]
    age = households.entry_year[entered] - households.head_birth_year[entered]
    assert np.mean((age >= 20) & (age <= 36)) > 0.85
    ended = np.mean(residence.household[1:] != residence.household[:-1])
    yearly = entered.sum() / (len(residence.years) - 1) / len(residence.buurt)
    assert 0.018 < yearly < 0.022
    assert ended > 4 * yearly


def test_incomes_have_the_level_that_was_set(default_world):
    urban = (
        default_world.geography.buurten["kind"].isin(["big_city", "medium"]).to_numpy()[default_world.residence.buurt]
    )
    income = np.exp(default_world.residence.log_income[list(default_world.history.years).index(2021), urban])
    assert abs(income.mean() - 34_600) < 1_000


def test_shares_of_the_history_are_those_of_the_residences(world):
    history, residence = world.history, world.residence
    for row in range(len(history.years)):
        nonwestern = world.households.nonwestern[residence.household[row]]
        for tenure, name in ((Tenure.SOCIAL, "social"), (Tenure.OWNER, "owner"), (Tenure.PRIVATE, "private")):
            counted = pd.Series(residence.tenure[row] == tenure).groupby(residence.buurt).mean()
            np.testing.assert_allclose(getattr(history, f"{name}_share")[row], counted, rtol=0, atol=1e-12)
        counted = pd.Series(nonwestern).groupby(residence.buurt).mean()
        np.testing.assert_allclose(history.nonwestern_share[row], counted, rtol=0, atol=1e-12)
        mean = pd.Series(residence.log_income[row].astype(float)).groupby(residence.buurt).mean()
        np.testing.assert_allclose(history.mean_log_income[row], mean, rtol=0, atol=1e-5)


def test_low_incomes_are_the_same_share_of_the_country_in_every_year(world):
    np.testing.assert_allclose(world.history.low_income_share.mean(axis=1), 0.095, rtol=0, atol=1e-9)
    np.testing.assert_allclose(world.history.lowest40_share.mean(axis=1), 0.40, rtol=0, atol=1e-9)


def test_arrivals_say_where_households_came_from(world):
    residence, buurt = world.residence, world.residence.buurt
    wijk = pd.factorize(world.geography.buurten["wijk_code"])[0]
    gemeente = pd.factorize(world.geography.buurten["gemeente_code"])[0]
    for row in range(1, len(residence.years)):
        before = np.full(len(world.households.key), -1)
        before[residence.household[row - 1]] = np.arange(len(buurt))
        came_from = before[residence.household[row]]
        assert ((came_from < 0) == (residence.arrival[row] == Arrival.NEW_HOUSEHOLD)).all()
        old = came_from >= 0
        here, there = buurt[old], buurt[came_from[old]]
        moved = came_from[old] != np.flatnonzero(old)
        expected = np.where(gemeente[here] == gemeente[there], Arrival.FROM_SAME_GEMEENTE, Arrival.FROM_ELSEWHERE)
        expected = np.where(wijk[here] == wijk[there], Arrival.FROM_SAME_WIJK, expected)
        expected = np.where(here == there, Arrival.FROM_SAME_BUURT, expected)
        assert (residence.arrival[row][old] == np.where(moved, expected, Arrival.STAYED)).all()
    assert set(np.unique(residence.arrival)) == {int(way) for way in Arrival}


def test_turnover_counts_dwellings_whose_household_left(world):
    residence = world.residence
    left = residence.household[1:] != residence.household[:-1]
    for row, gone in enumerate(left, start=1):
        counted = pd.Series(gone).groupby(residence.buurt).mean()
        np.testing.assert_allclose(world.history.turnover_share[row], counted, rtol=0, atol=1e-12)


def test_social_dwellings_are_sold_from_1998_on_and_only_when_they_fall_vacant(default_world):
    residence, history = default_world.residence, default_world.history
    sold = (residence.tenure[:-1] == Tenure.SOCIAL) & (residence.tenure[1:] == Tenure.OWNER)
    sold &= residence.built_year[:-1] == residence.built_year[1:]
    years = residence.years[:-1]
    assert not sold[years < 1998].any()
    assert (sold[years >= 1998].sum(axis=1) > 0).all()
    left = residence.household[:-1] != residence.household[1:]
    assert left[sold].mean() > 0.97  # of those who seek within a wijk, some find nothing better than what they have
    rate = sold[years >= 1998].sum() / (residence.tenure[:-1][years >= 1998] == Tenure.SOCIAL).sum()
    assert 0.003 < rate < 0.006
    assert history.social_share[-1].mean() < history.social_share[3].mean()


# --- displacement and matching -----------------------------------------------------------------------------------


def test_whoever_is_first_in_line_gets_the_best_offer_and_the_rest_what_is_left():
    utility = np.array([[3.0, 1.0, 2.0], [3.0, 2.0, 1.0], [9.0, 1.0, 0.5], [5.0, 4.0, 3.0]])
    assert serial_dictatorship(utility).tolist() == [0, 1, 2, -1]
    assert serial_dictatorship(np.empty((2, 0))).tolist() == [-1, -1]


@pytest.fixture(scope="module")
def displaced(default_world):
    residence, buurten = default_world.residence, default_world.geography.buurten
    rows = []
    for row in range(1, len(residence.years)):
        before = np.full(len(default_world.households.key), -1)
        before[residence.household[row - 1]] = np.arange(len(residence.buurt))
        now = np.flatnonzero(residence.forced[row])
        old = before[residence.household[row, now]]
        rows.append(
            pd.DataFrame(
                {"old": residence.buurt[old], "new": residence.buurt[now], "tenure": residence.tenure[row, now]}
            )
        )
    moves = pd.concat(rows, ignore_index=True)
    for end in ("old", "new"):
        for column in ("wijk_code", "gemeente_code", "x_m", "y_m"):
            moves[f"{end}_{column}"] = buurten[column].to_numpy()[moves[end]]
    return moves


def test_the_displaced_find_social_dwellings_in_their_own_gemeente(displaced):
    assert len(displaced) > 500
    assert (displaced["old_gemeente_code"] == displaced["new_gemeente_code"]).mean() > 0.95
    assert (displaced["tenure"] == Tenure.SOCIAL).mean() > 0.95


def test_about_a_quarter_of_the_displaced_chooses_to_return_and_some_stay_near_anyway(displaced):
    assert 0.25 < (displaced["old_wijk_code"] == displaced["new_wijk_code"]).mean() < 0.5


def test_the_displaced_go_less_far_than_where_social_dwellings_are(displaced, default_world):
    buurten = default_world.geography.buurten
    social = default_world.history.social_share[10]
    near, all_of_it = [], []
    away = displaced[displaced["old_wijk_code"] != displaced["new_wijk_code"]]
    for row in away.itertuples():
        others = (buurten["gemeente_code"] == row.old_gemeente_code) & (buurten["wijk_code"] != row.old_wijk_code)
        far = np.hypot(buurten["x_m"] - row.old_x_m, buurten["y_m"] - row.old_y_m)[others]
        near.append(np.hypot(row.new_x_m - row.old_x_m, row.new_y_m - row.old_y_m))
        all_of_it.append(np.average(far, weights=social[others]))
    assert np.mean(near) < 0.9 * np.mean(all_of_it)


# --- facts, determinism, size ------------------------------------------------------------------------------------


def test_dissimilarity_of_a_hand_calculation():
    assert dissimilarity(np.array([0.5, 0.5])) == 0
    assert dissimilarity(np.array([1.0, 0.0])) == 1
    assert np.isclose(dissimilarity(np.array([0.75, 0.25])), 0.5)


def test_the_score_of_a_wijk_weighs_its_buurten_by_published_dwellings(world):
    buurten, history = world.geography.buurten, world.history
    code = world.geography.wijken["wijk_code"].iloc[4]
    own = (buurten["wijk_code"] == code).to_numpy()
    expected = np.average(
        history.published_liveability_score[7, own], weights=buurten["published_dwellings"].to_numpy()[own]
    )
    assert np.isclose(wijk_scores(world).loc[code, 2002], expected, rtol=1e-12)


def test_the_instrument_is_as_noisy_as_was_set(default_world):
    history, buurten = default_world.history, default_world.geography.buurten
    weights = buurten["published_dwellings"].to_numpy(dtype=float)
    wijk = pd.factorize(buurten["wijk_code"])[0]
    error = history.published_liveability_score - history.liveability_score
    by_wijk = np.array([np.bincount(wijk, weights * row) / np.bincount(wijk, weights) for row in error])
    before = by_wijk[history.years < 2014]
    assert 0.0115 < before.std(ddof=1) < 0.0140
    step = by_wijk[history.years >= 2014].mean(axis=0) - before.mean(axis=0)
    assert 0.0140 < step.std(ddof=1) < 0.0220


def test_the_same_seed_gives_the_same_country_and_another_seed_another(world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again, other = draw_world(seed=3, size="test"), draw_world(seed=4, size="test")
    for part in ("history", "residence", "households"):
        for member in fields(getattr(world, part)):
            here, there = getattr(getattr(world, part), member.name), getattr(getattr(again, part), member.name)
            assert here.tobytes() == there.tobytes(), member.name
    assert world.history.liveability_score.tobytes() != other.history.liveability_score.tobytes()
    pd.testing.assert_frame_equal(world.projects, again.projects)
    assert facts(world) == facts(again)


def test_people_that_are_not_kept_change_nothing_else(world):
    lean = draw_world(seed=3, size="test", keep_people=False)
    for member in fields(lean.history):
        assert (getattr(lean.history, member.name) == getattr(world.history, member.name)).all()
    assert len(lean.residence.years) == 0 and len(lean.households.key) == 0
    pd.testing.assert_frame_equal(lean.projects, world.projects)


def test_progress_is_told_of_every_year():
    years = []
    draw_world(seed=1, size="test", keep_people=False, progress=years.append)
    assert years == list(range(snapshot.FIRST_YEAR, snapshot.LAST_YEAR + 1))


def test_a_simulation_that_goes_on_from_a_snapshot_ends_where_the_whole_one_does():
    setting = prepare(WorldParameters(), 2, "test")
    whole = simulate(setting, snapshots=frozenset({2005}))
    rest = simulate(setting, start=whole.snapshots[2005], schedule=whole.schedule)
    for member in fields(whole.history):
        assert (
            getattr(rest.history, member.name) == getattr(whole.history, member.name)[-len(rest.history.years) :]
        ).all()
    assert (rest.residence.household == whole.residence.household[10:]).all()
