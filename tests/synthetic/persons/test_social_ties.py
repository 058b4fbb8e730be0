"""Whom the people of the synthetic country know, what they answer, and what is true of them."""

from dataclasses import fields
from functools import cache

import numpy as np
import pandas as pd
import pytest

from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.parameters import PeopleParameters
from buurteffect.synthetic.persons.persons import household_ids
from buurteffect.synthetic.persons.social_ties import survey, ties
from buurteffect.synthetic.truth.persons import people_truth


@cache
def country(size="test"):
    return draw_world(1, size)


@pytest.fixture(scope="module")
def world():
    return country()


@pytest.fixture(scope="module")
def large():
    return country("default")


# --- ties and answers ---------------------------------------------------------------------------------------------


def test_a_newcomer_has_two_ties_and_nobody_more_than_six(world):
    frame = ties(world, 2010)
    number = frame.groupby("household_id").size()
    years = frame.drop_duplicates("household_id").set_index("household_id")["years_in_buurt"]
    assert set(number[years == 0]) == {2}
    assert number.max() == 6
    assert set(number[years >= 8]) == {6}
    assert number[years == 3].between(3, 4).all()
    assert (frame["household_id"] != frame["other_household_id"]).all()


def test_ties_stay_in_the_buurt(world):
    frame = ties(world, 2010)
    names = household_ids(world.households)[world.residence.household[15]]
    buurt = pd.Series(world.geography.buurten["buurt_code"].to_numpy()[world.residence.buurt], index=names)
    assert (frame["other_household_id"].map(buurt) == frame["buurt_code"].astype(str)).all()


@pytest.mark.parametrize("share", [0.0, 0.55])
def test_the_ratio_to_random_mixing_is_the_true_one(large, share):
    parameters = PeopleParameters(homophily_share=share)
    frame = ties(large, 2022, parameters)
    tenure = pd.get_dummies(large.residence.tenure[27]).groupby(large.residence.buurt).sum()
    buurt, own = frame["buurt_code"].cat.codes.to_numpy(), frame["tenure"].cat.codes.to_numpy()
    same = (tenure.to_numpy()[buurt, own] - 1) / (tenure.sum(axis=1).to_numpy()[buurt] - 1)
    ratio = (frame["tenure"].astype(str) != frame["other_tenure"].astype(str)).mean() / (1 - same).mean()
    truth = people_truth(large, parameters)
    assert ratio == pytest.approx(truth["tie_ratio"], abs=0.01)
    assert truth["tie_ratio"] == pytest.approx(1 - share, abs=0.01)


def test_coleman_index_in_the_cells_is_the_planted_share(large):
    frame = ties(large, 2022)
    inside = (frame["tenure"].astype(str) == frame["other_tenure"].astype(str)) & (
        frame["income_group"].astype(str) == frame["other_income_group"].astype(str)
    )
    t, size = 27, np.bincount(large.residence.buurt)
    income = np.searchsorted(np.quantile(large.residence.log_income[t], (1 / 3, 2 / 3)), large.residence.log_income[t])
    cell = large.residence.buurt.astype(int) * 9 + large.residence.tenure[t] * 3 + income
    alike = np.bincount(cell, minlength=9 * len(size))
    own = frame["buurt_code"].cat.codes * 9 + frame["tenure"].cat.codes * 3 + frame["income_group"].cat.codes
    some = alike[own] > 1
    expected = (alike[own] - 1) / (size[frame["buurt_code"].cat.codes] - 1)
    index = (inside[some].mean() - expected[some].mean()) / (1 - expected[some].mean())
    assert index == pytest.approx(people_truth(large)["homophily_share"], abs=0.01)


def test_a_survey_draws_other_adults_every_year(world):
    first, second = survey(world, 2010, 500), survey(world, 2011, 500)
    assert len(first) == len(second) == 500
    assert first["person_id"].is_unique
    assert len(set(first["person_id"]) & set(second["person_id"])) < 150
    assert first["age"].min() >= 18
    scores = first[["contact_score", "at_home_score", "safety_score", "trust_score"]].to_numpy()
    assert (scores >= 0).all()
    assert (scores <= 10).all()


def test_the_weights_of_a_survey_sum_to_the_adults_it_stands_for(world):
    everyone = survey(world, 2010, 10**9)
    some = survey(world, 2010, 2000)
    assert some["weight_persons"].sum() == pytest.approx(everyone["weight_persons"].sum(), rel=0.05)


def test_feeling_at_home_grows_with_the_years_and_not_with_restructuring(large):
    everyone = survey(large, 2012, 10**9)
    home = everyone.groupby(everyone["years_in_buurt"].clip(upper=20))["at_home_score"].mean()
    assert home[20] - home[0] == pytest.approx(1.5, abs=0.2)
    started = set(large.projects.loc[large.projects["start_year"] <= 2012, "buurt_code"])
    treated = everyone["buurt_code"].astype(str).isin(started)
    newcomers = everyone["years_in_buurt"] == 0
    scores = everyone.loc[newcomers].groupby(treated[newcomers])["at_home_score"].agg(["mean", "sem"])
    assert abs(scores["mean"].diff().iloc[-1]) < 3 * np.hypot(*scores["sem"])


@pytest.mark.parametrize(
    ("effect", "score"),
    [("contact_change_after_restructuring", "contact_score"), ("at_home_change_after_restructuring", "at_home_score")],
)
def test_a_planted_effect_on_an_answer_is_there_where_buurten_are_restructured(world, effect, score):
    plain, changed = (survey(world, 2012, 2000, parameters=p) for p in (None, PeopleParameters(**{effect: 0.4})))
    started = set(world.projects.loc[world.projects["start_year"] <= 2012, "buurt_code"])
    treated = plain["buurt_code"].astype(str).isin(started) & plain[score].between(1, 9)
    change = changed[score] - plain[score]
    assert change[treated].to_numpy() == pytest.approx(0.4)
    assert treated.any()
    assert (change[~plain["buurt_code"].astype(str).isin(started)] == 0).all()


# --- parameters and truth -------------------------------------------------------------------------------------------


def test_every_parameter_has_a_unit_and_a_source():
    declared = fields(PeopleParameters)
    assert len(declared) > 50
    assert all(parameter.metadata["unit"] and parameter.metadata["source"] for parameter in declared)


def test_the_truth_names_what_is_planted(world):
    truth = people_truth(world, PeopleParameters(exposure_points=0.2))
    assert truth["exposure_slope"] == 0.2
    assert truth["exposure_slope_after_23"] == truth["contact_effect"] == truth["employment_effect"] == 0
