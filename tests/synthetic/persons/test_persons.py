"""The people of the synthetic country: who they are, where they live and what becomes of them."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from synthetic_persons import children, moves_between_buurten, person_years, persons_frame

from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.outcomes import adult_ranks, exposure_years
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import age_on, draw_persons, household_ids, present
from buurteffect.synthetic.persons.stays import draw_stays
from buurteffect.synthetic.truth.persons import people_truth
from buurteffect.synthetic.world.world import Arrival, Residence

CHILD = 2


@cache
def country(seed=1, size="test", scenario="S0"):
    return draw_world(seed, size, scenario)


@pytest.fixture(scope="module")
def world():
    return country()


@pytest.fixture(scope="module")
def large():
    return country(size="default")


def residence_of(household, buurt, years=(2001, 2002, 2003, 2004), arrival=None):
    household = np.array(household, dtype=np.int32)
    shape = household.shape
    return Residence(
        years=np.array(years),
        buurt=np.array(buurt, dtype=np.int32),
        household=household,
        tenure=np.zeros(shape, np.int8),
        built_year=np.full(shape, 1950, np.int16),
        log_income=np.full(shape, 10.0, np.float32),
        arrival=np.zeros(shape, np.int8) if arrival is None else np.array(arrival, dtype=np.int8),
        forced=np.zeros(shape, bool),
    )


# --- persons ---------------------------------------------------------------------------------------------------


def test_everybody_lives_in_the_same_households_in_every_branch_of_the_world():
    with_policy, without = country(), country(scenario="S1")
    assert not np.array_equal(with_policy.residence.household, without.residence.household)
    frames = [
        persons_frame(draw_persons(w), w).sort_values(["person_id", "first_year"]) for w in (with_policy, without)
    ]
    pd.testing.assert_frame_equal(*(frame.reset_index(drop=True) for frame in frames))


def test_a_household_has_the_same_persons_whatever_its_row(world):
    households = world.households
    turned = replace(households, **{name: values[::-1].copy() for name, values in vars(households).items()})
    tables = []
    for some in (households, turned):
        moved = replace(world, households=some)
        tables.append(persons_frame(draw_persons(moved), moved).sort_values(["person_id", "first_year"]))
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in tables))


def test_another_seed_gives_other_persons(world):
    assert not np.isin(draw_persons(country(2)).person_id, draw_persons(world).person_id).all()


def test_every_person_and_household_has_a_name_of_its_own(large):
    persons = draw_persons(large)
    lasting = persons_frame(persons, large).groupby("person_id")[["birth_year", "sex", "origin", "education"]].nunique()
    assert (lasting == 1).all(axis=None)
    assert len(np.unique(household_ids(large.households))) == len(large.households.key)
    assert persons.person_id.min() >= 0


def test_every_household_of_the_panel_has_its_head(world):
    persons = draw_persons(world)
    for t in (0, 13, 27):
        rows, dwelling = present(world, persons, t)
        heads = persons.slot[rows] == 0
        assert np.array_equal(np.sort(dwelling[heads]), np.arange(len(world.residence.buurt)))


def test_nobody_is_seen_before_birth_or_outside_the_household(world):
    persons, households = draw_persons(world), world.households
    assert (persons.first_year <= persons.last_year).all()
    assert (persons.first_year >= households.entry_year[persons.household]).all()
    assert (persons.last_year < households.exit_year[persons.household]).all()
    child = persons.slot >= CHILD
    assert (persons.first_year > persons.birth_year)[child].all()


def test_children_are_born_to_parents_of_an_age(world):
    persons = draw_persons(world)
    child = persons.slot >= CHILD
    parent_age = (persons.birth_year - world.households.head_birth_year[persons.household])[child]
    assert parent_age.min() >= 18
    assert parent_age.max() <= 47


# --- households, ages and origins -------------------------------------------------------------------------------


@pytest.mark.parametrize("year", [1995, 2005, 2015, 2022])
def test_households_and_ages_are_plausible(large, year):
    persons, t = draw_persons(large), year - 1995
    rows, dwelling = present(large, persons, t)
    size = np.bincount(dwelling, minlength=len(large.residence.buurt))
    children_at_home = np.bincount(dwelling[persons.slot[rows] >= CHILD], minlength=len(size))
    age = age_on(persons, year)[rows]
    facts = {
        "mean size": (size.mean(), 2.05, 2.35),
        "one person": ((size == 1).mean(), 0.29, 0.42),
        "five or more": ((size >= 5).mean(), 0.03, 0.08),
        "with children": ((children_at_home > 0).mean(), 0.28, 0.39),
        "under 15": ((age < 15).mean(), 0.15, 0.21),
        "65 and older": ((age >= 65).mean(), 0.12, 0.25),
        "women": (persons.sex[rows].mean(), 0.48, 0.52),
    }
    outside = {name: value for name, (value, low, high) in facts.items() if not low < value < high}
    assert not outside


def test_the_origin_of_the_head_is_that_of_the_household(world):
    persons = draw_persons(world)
    heads = persons.slot == 0
    nonwestern = world.households.nonwestern[persons.household[heads]]
    assert np.array_equal(persons.origin[heads] >= 3, nonwestern)


def test_a_child_has_an_origin_of_its_parents(world):
    frame = persons_frame(draw_persons(world), world)
    adults = frame[frame["role"] != "child"].groupby("household_id")["origin"]
    parents, number = adults.agg(lambda o: set(o)), adults.size()
    children_of = frame[frame["role"] == "child"]
    other = children_of["origin"] != "netherlands"
    both_seen = children_of["household_id"].map(number) == 2
    inherited = [o in p for o, p in zip(children_of["origin"], children_of["household_id"].map(parents), strict=True)]
    assert both_seen.sum() > 1000
    assert np.array(inherited)[both_seen].all()
    assert 0.1 < other.mean() < 0.5


def test_education_rises_with_permanent_income_and_by_cohort(large):
    persons = draw_persons(large)
    heads = persons.slot == 0
    income = large.households.permanent_income[persons.household[heads]]
    assert np.corrcoef(income, persons.education[heads])[0, 1] > 0.35
    young = persons.birth_year[heads] > 1975
    assert persons.education[heads][young].mean() > persons.education[heads][~young].mean() + 0.2


# --- where they live --------------------------------------------------------------------------------------------


def test_stays_and_moves_of_a_handmade_country(world):
    # Four dwellings in two buurten; household 0 moves from buurt 0 to buurt 1 and household 3 makes room for it.
    grid = [[0, 1, 2, 3], [0, 1, 2, 3], [3, 1, 2, 0], [3, 2, 1, 0]]
    arrival = [[Arrival.FROM_ELSEWHERE] * 4, [0] * 4, [0] * 4, [0] * 4]
    some = replace(world.households, **{n: getattr(world.households, n)[:4] for n in vars(world.households)})
    handmade = replace(world, residence=residence_of(grid, [0, 0, 1, 1], arrival=arrival), households=some)
    stays = draw_stays(handmade)
    assert stays.dwelling_since.tolist() == [
        [2001, 2001, 2001, 2001],
        [2001, 2001, 2001, 2001],
        [2003, 2001, 2001, 2003],
        [2003, 2004, 2004, 2003],
    ]
    moves = moves_between_buurten(handmade)
    found = sorted(zip(moves.household, moves.year, moves.origin, moves.destination, strict=True))
    assert found == [(0, 2003, 0, 1), (1, 2004, 0, 1), (2, 2004, 1, 0), (3, 2003, 1, 0)]


def test_a_move_within_the_buurt_keeps_the_years_in_the_buurt(world):
    some = replace(world.households, **{n: getattr(world.households, n)[:2] for n in vars(world.households)})
    residence = residence_of([[0, 1], [1, 0]], [0, 0], years=(2001, 2002), arrival=[[4, 4], [1, 1]])
    stays = draw_stays(replace(world, residence=residence, households=some))
    assert stays.dwelling_since[1].tolist() == [2002, 2002]
    assert stays.buurt_since[1].tolist() == [2001, 2001]


def test_the_yearly_table_of_persons_is_that_of_the_world(world):
    frame = person_years(world, [1995, 2010])
    assert not frame.duplicated(["person_id", "year"]).any()
    assert set(frame["year"]) == {1995, 2010}
    for year, rows in frame.groupby("year"):
        t = int(year) - 1995
        homes = rows.drop_duplicates("dwelling_id").set_index("dwelling_id").sort_index()
        codes = world.geography.buurten["buurt_code"].to_numpy()[world.residence.buurt]
        assert homes["buurt_code"].astype(str).tolist() == codes.tolist()
        share = homes.groupby("buurt_code", observed=True)["low_income"].mean()
        expected = world.history.low_income_share[t]
        np.testing.assert_allclose(share[world.geography.buurten["buurt_code"]], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(np.log(homes["income_eur"]), world.residence.log_income[t], rtol=1e-5)
        assert homes["forced"].sum() == world.residence.forced[t].sum()
    assert (frame.loc[frame["moved"], "years_in_dwelling"] == 0).all()


# --- work and benefits -------------------------------------------------------------------------------------------


def test_work_and_benefits_are_plausible(large):
    frame = person_years(large, [2005, 2012, 2021])
    of_age = frame[(frame["age"] >= 18) & (frame["age"] < 65)]
    adults = frame[frame["age"] >= 18]
    employed = of_age.groupby("year")["employed"].mean()
    assert employed.between(0.66, 0.82).all()
    assert employed[2012] < employed[[2005, 2021]].max()
    shares = pd.crosstab(adults["year"], adults["benefit"], normalize="index")
    assert shares["state_pension"].between(0.15, 0.32).all()
    assert shares["disability"].between(0.03, 0.08).all()
    assert shares["unemployment"].between(0.008, 0.04).all()
    assert shares["social_assistance"].between(0.012, 0.045).all()
    assert not frame.loc[frame["employed"], "benefit"].isin(["unemployment", "social_assistance"]).any()
    assert frame.loc[frame["benefit"] == "social_assistance", "low_income"].all()


def test_work_rises_with_income_and_does_not_know_of_the_policy(world):
    ours, placebo = person_years(world, [2012]), person_years(country(scenario="S1"), [2012])
    both = ours.merge(placebo, on="person_id", suffixes=("", "_placebo"))
    assert (both["buurt_code"].astype(str) != both["buurt_code_placebo"].astype(str)).any()
    assert (both["employed"] == both["employed_placebo"]).all()
    working_age = ours[(ours["age"] > 24) & (ours["age"] < 60)]
    rich = working_age["income_eur"] > working_age["income_eur"].median()
    assert working_age.loc[rich, "employed"].mean() > working_age.loc[~rich, "employed"].mean() + 0.05


# --- children ----------------------------------------------------------------------------------------------------


def test_the_adult_rank_is_linear_in_exposure_with_the_planted_slope(world):
    none, some = (children(world, parameters=PeopleParameters(exposure_points=b)) for b in (0.0, 0.5))
    np.testing.assert_allclose(some["adult_rank"] - none["adult_rank"], 0.5 * none["exposure"], rtol=0, atol=1e-9)
    mean = none["low_income_share"]
    np.testing.assert_allclose(none["exposure"], none["childhood_years"] * (0.1 - mean) / 0.1, rtol=0, atol=1e-9)


def test_exposure_counts_the_years_up_to_17_only(world):
    persons = draw_persons(world)
    rows = np.flatnonzero((persons.slot >= CHILD) & (persons.birth_year + 28 <= 2022))
    years, total = exposure_years(world, persons, rows)
    last_childhood_year = np.minimum(persons.last_year[rows], persons.birth_year[rows] + 18)
    assert np.array_equal(years, np.maximum(last_childhood_year - persons.first_year[rows].astype(int) + 1, 0))
    assert (total <= years).all()


def residual(values, controls):
    return values - controls @ np.linalg.lstsq(controls, values, rcond=None)[0]


def instrumented(y, exposure, instrument, controls, cluster):
    y, exposure, instrument = (residual(np.asarray(v, dtype=float), controls) for v in (y, exposure, instrument))
    slope = instrument @ y / (instrument @ exposure)
    score = np.bincount(np.unique(cluster, return_inverse=True)[1], instrument * (y - slope * exposure))
    return slope, np.sqrt((score**2).sum()) / abs(instrument @ exposure)


def dummies(values):
    return pd.get_dummies(values, drop_first=True).to_numpy(dtype=float)


PLANTED = 1.0
"""Far above the default, so that one country is enough to see it."""


@pytest.fixture(scope="module")
def families(large):
    return children(large, parameters=PeopleParameters(exposure_points=PLANTED))


def test_movers_of_different_ages_recover_the_exposure_slope(families):
    once = families[families["move_age"].between(1, 17)]
    gap = (once["origin_low_share"] - once["destination_low_share"]) / 0.1
    origin = -once["origin_low_share"] / 0.1
    numbers = [gap, origin, origin * once["childhood_years"], once["childhood_years"], np.ones(len(once))]
    controls = np.column_stack([*numbers, dummies(once["birth_year"]), dummies(once["move_age"])])
    slope, error = instrumented(
        once["adult_rank"], once["exposure"], gap * once["years_after_move"], controls, once["household_id"]
    )
    assert error < 0.2
    assert abs(slope - PLANTED) < 3 * error


def test_siblings_recover_the_exposure_slope(families):
    several = families[families.groupby("household_id")["person_id"].transform("size") > 1]
    within = several[["adult_rank", "exposure", "childhood_years", "birth_year"]]
    within = within - within.groupby(several["household_id"]).transform("mean")
    controls = within[["childhood_years", "birth_year"]].to_numpy(dtype=float)
    slope, error = instrumented(
        within["adult_rank"], within["exposure"], within["exposure"], controls, several["household_id"]
    )
    assert error < 0.15
    assert abs(slope - PLANTED) < 3 * error


def test_the_naive_comparison_is_far_from_the_planted_slope(large):
    frame = children(large)
    controls = np.column_stack([np.ones(len(frame)), frame["childhood_years"]])
    slope, error = instrumented(
        frame["adult_rank"], frame["exposure"], frame["exposure"], controls, frame["household_id"]
    )
    assert slope - people_truth(large)["exposure_slope"] > 10 * error


def test_a_family_that_moves_after_the_child_is_23_changes_nothing_for_it(families):
    late = families[families["move_age"].between(24, 40)]
    gap = (late["origin_low_share"] - late["destination_low_share"]) / 0.1
    controls = np.column_stack(
        [gap, late["exposure"], np.ones(len(late)), dummies(late["birth_year"]), dummies(late["move_age"])]
    )
    later = gap * (41 - late["move_age"])
    slope, error = instrumented(late["adult_rank"], later, later, controls, late["household_id"])
    assert abs(slope) < 3 * error


def test_siblings_share_what_their_family_gives(world):
    persons = draw_persons(world)
    rows = np.flatnonzero(persons.slot >= CHILD)
    quiet = PeopleParameters(rank_noise_sd=0.0, exposure_points=0.0)
    rank = adult_ranks(world, persons, rows, np.zeros(len(rows), int), np.zeros(len(rows)), quiet)
    assert pd.Series(rank).groupby(persons.household[rows]).nunique().eq(1).all()
    assert np.std(rank) > 5


def test_adult_ranks_lie_on_a_scale_of_0_to_100(large):
    rank = children(large)["adult_rank"]
    assert rank.mean() == pytest.approx(50, abs=2)
    assert rank.between(0, 100).mean() > 0.96
