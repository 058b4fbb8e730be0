"""The true key figures of the synthetic country: they add up, agree with the world, and look plausible."""

from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from synthetic_persons import person_years

from buurteffect.schema import CONCEPTS
from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.persons import draw_persons
from buurteffect.synthetic.publishing.areas.true_figures import census, group_medians

YEARS = (1995, 2008, 2021)


@pytest.fixture(scope="module")
def world():
    return draw_world(3, "test")


@pytest.fixture(scope="module")
def large():
    return draw_world(3, "default")


@pytest.fixture(scope="module")
def figures(world):
    return census(world)


@pytest.fixture(scope="module")
def large_figures(large):
    return census(large)


def test_there_is_one_row_per_buurt_and_year_with_every_concept(world, figures):
    assert list(figures.columns) == ["buurt_code", "year", *CONCEPTS]
    assert len(figures) == 60 * 28
    assert not figures.duplicated(["buurt_code", "year"]).any()
    assert figures["buurt_code"].iloc[:60].tolist() == world.geography.buurten["buurt_code"].tolist()


def test_only_what_is_built_after_the_panel_is_unknown(figures):
    missing = figures.isna().sum()
    assert missing[missing > 0].to_dict() == {"new_dwellings_count": 60}
    assert set(figures.loc[figures["new_dwellings_count"].isna(), "year"]) == {2022}


@pytest.mark.parametrize("name", list(CONCEPTS))
def test_every_value_is_one_that_its_concept_can_have(figures, name):
    low, high = CONCEPTS[name].low, CONCEPTS[name].high
    values = figures[name].dropna()
    assert (values >= low).all()
    assert high is None or (values <= high).all()


SUMS = {
    "inhabitants_count": [
        [f"age_{ages}_count" for ages in ("0_14", "15_24", "25_44", "45_64", "65_plus")],
        ["origin_netherlands_count", "origin_europe_count", "origin_outside_europe_count"],
        ["origin_netherlands_count", "origin_western_count", "origin_nonwestern_count"],
    ],
    "origin_nonwestern_count": [
        [f"origin_{name}_count" for name in ("morocco", "antilles", "suriname", "turkey", "other_nonwestern")]
    ],
    "households_count": [
        ["one_person_households_count", "households_without_children_count", "households_with_children_count"]
    ],
    "rented_share": [["association_rented_share", "other_rented_share"]],
}


@pytest.mark.parametrize(("whole", "parts"), [(whole, parts) for whole, lists in SUMS.items() for parts in lists])
def test_parts_sum_to_their_whole(figures, whole, parts):
    np.testing.assert_allclose(figures[parts].sum(axis=1), figures[whole], rtol=1e-12, atol=1e-9)


@pytest.mark.parametrize(
    "parts",
    [
        ["owner_occupied_share", "rented_share", "tenure_unknown_share"],
        ["single_family_share", "multi_family_share"],
    ],
)
def test_shares_sum_to_one(figures, parts):
    np.testing.assert_allclose(figures[parts].sum(axis=1), 1, rtol=0, atol=1e-12)


def test_means_and_densities_follow_from_their_counts(figures):
    size = figures["inhabitants_count"] / figures["households_count"]
    np.testing.assert_allclose(figures["household_size_mean"], size)
    density = figures["inhabitants_count"] / figures["land_area_ha"] * 100
    np.testing.assert_allclose(figures["population_density_per_km2"], density)
    total = figures["income_per_recipient_eur"] * figures["income_recipients_count"]
    np.testing.assert_allclose(figures["income_per_inhabitant_eur"] * figures["inhabitants_count"], total)


@pytest.mark.parametrize(
    ("concept", "history"),
    [
        ("low_income_households_share", "low_income_share"),
        ("lowest40_households_share", "lowest40_share"),
        ("owner_occupied_share", "owner_share"),
        ("association_rented_share", "social_share"),
        ("other_rented_share", "private_share"),
    ],
)
def test_the_census_agrees_with_the_history_of_the_world(world, figures, concept, history):
    np.testing.assert_allclose(
        figures[concept].to_numpy().reshape(28, -1), getattr(world.history, history), rtol=0, atol=1e-12
    )


def test_counts_are_those_of_the_persons_times_what_a_dwelling_stands_for(world, figures):
    frame = person_years(world, [2010])
    buurten = world.geography.buurten.set_index("buurt_code")["published_dwellings"]
    weight = buurten / 60
    ours = figures[figures["year"] == 2010].set_index("buurt_code")
    by_buurt = frame.groupby("buurt_code", observed=False)
    for concept, where in {
        "inhabitants_count": frame["age"] >= 0,
        "age_45_64_count": frame["age"].between(45, 64),
        "origin_turkey_count": frame["origin"] == "turkey",
        "social_assistance_count": frame["benefit"] == "social_assistance",
        "state_pension_count": frame["benefit"] == "state_pension",
    }.items():
        expected = where.groupby(frame["buurt_code"], observed=False).sum().reindex(ours.index) * weight
        np.testing.assert_allclose(ours[concept], expected.reindex(ours.index), rtol=1e-12, err_msg=concept)
    homes = frame.drop_duplicates("dwelling_id").groupby("buurt_code", observed=False)["income_eur"].mean()
    np.testing.assert_allclose(ours["household_income_standardised_eur"], homes.reindex(ours.index), rtol=1e-6)
    assert by_buurt.ngroups == 60
    assert ours["households_count"].tolist() == pytest.approx(buurten.reindex(ours.index).tolist())


def test_new_dwellings_are_those_of_the_year_and_show_in_the_age_of_the_stock(large, large_figures):
    built = large.history.built_owner + large.history.built_social + large.history.built_private
    weight = large.geography.buurten["published_dwellings"].to_numpy() / 150
    ours = large_figures["new_dwellings_count"].to_numpy().reshape(28, -1)
    np.testing.assert_allclose(ours[:-1], built[1:] * weight)
    assert np.nansum(ours) > 0
    old = large_figures["built_before_2000_share"].to_numpy().reshape(28, -1)
    rebuilt = built[6:].sum(axis=0) > 0
    assert (old[-1][rebuilt] < 1).all()
    assert (old[-1][built.sum(axis=0) == 0] == 1).all()


def test_shares_of_the_country_are_what_their_names_say(large_figures):
    for _, rows in large_figures[large_figures["year"].isin(YEARS)].groupby("year"):
        assert rows["lowest40_households_share"].mean() == pytest.approx(0.40, abs=0.001)
        assert rows["highest20_households_share"].mean() == pytest.approx(0.20, abs=0.001)
        weights = rows["income_recipients_count"]
        assert np.average(rows["lowest40_persons_share"], weights=weights) == pytest.approx(0.40, abs=0.04)
        assert np.average(rows["highest20_persons_share"], weights=weights) == pytest.approx(0.20, abs=0.04)


PLAUSIBLE = {
    "household_size_mean": (2.0, 2.4),
    "household_income_standardised_eur": (22_000, 40_000),
    "income_per_recipient_eur": (20_000, 42_000),
    "woz_value_eur": (90_000, 450_000),
    "multi_family_share": (0.25, 0.50),
    "vacant_share": (0.02, 0.05),
    "association_rented_share": (0.28, 0.42),
    "social_minimum_households_share": (0.03, 0.12),
    "social_minimum_110_households_share": (0.05, 0.17),
    "poverty_persons_share": (0.03, 0.12),
    "near_poverty_persons_share": (0.05, 0.14),
    "household_wealth_median_eur": (20_000, 200_000),
    "cars_per_household_mean": (0.6, 1.2),
    "theft_per_1000": (1.5, 40),
    "vandalism_per_1000": (3, 25),
    "violence_per_1000": (3, 15),
}
"""Lowest and highest mean over the buurten of a year that counts as plausible."""


@pytest.mark.parametrize("concept", list(PLAUSIBLE))
@pytest.mark.parametrize("year", YEARS)
def test_means_are_plausible(large_figures, concept, year):
    rows = large_figures[large_figures["year"] == year]
    low, high = PLAUSIBLE[concept]
    assert low < rows[concept].mean() < high


PER_PERSON = {
    "wmo_clients_count": (0.03, 0.07),
    "social_assistance_count": (0.008, 0.035),
    "disability_benefit_count": (0.025, 0.065),
    "unemployment_benefit_count": (0.006, 0.03),
    "income_recipients_count": (0.72, 0.87),
    "education_high_count": (0.10, 0.35),
}
"""Lowest and highest number per inhabitant of the country that counts as plausible."""


@pytest.mark.parametrize("concept", list(PER_PERSON))
@pytest.mark.parametrize("year", YEARS)
def test_numbers_per_inhabitant_are_plausible(large_figures, concept, year):
    rows = large_figures[large_figures["year"] == year]
    low, high = PER_PERSON[concept]
    assert low < rows[concept].sum() / rows["inhabitants_count"].sum() < high


def test_poor_buurten_have_more_of_what_goes_with_poverty(large_figures):
    rows = large_figures[large_figures["year"] == 2010]
    low = rows["low_income_households_share"]
    for concept, sign in {
        "lowest40_households_share": 1,
        "origin_nonwestern_count": 1,
        "social_assistance_count": 1,
        "household_wealth_median_eur": -1,
        "owner_occupied_share": -1,
        "woz_value_eur": -1,
        "violence_per_1000": 1,
    }.items():
        value = rows[concept]
        if concept.endswith("_count"):
            value = value / rows["inhabitants_count"]
        assert sign * np.corrcoef(low, value)[0, 1] > 0.25, concept


def test_big_cities_are_the_most_urban(large, large_figures):
    kinds = large.geography.buurten.set_index("buurt_code")["kind"]
    rows = large_figures[large_figures["year"] == 2010].set_index("buurt_code")
    urban = rows["urbanity_class"].groupby(kinds).mean()
    assert urban["big_city"] < urban["medium"] < urban["small"]
    dense = rows["address_density_per_km2"]
    assert (rows["urbanity_class"] == 1).equals(dense >= 2500)
    assert (rows["urbanity_class"] == 5).equals(dense < 500)


def test_a_buurt_without_dwellings_has_no_means_and_nobody_in_it(world):
    buurten = world.geography.buurten
    empty = buurten.iloc[[-1]].assign(buurt_code="BU90990101", published_dwellings=0)
    geography = replace(world.geography, buurten=pd.concat([buurten, empty], ignore_index=True))
    padded = {
        f.name: np.pad(getattr(world.history, f.name), ((0, 0), (0, 1)))
        for f in fields(world.history)
        if f.name != "years"
    }
    frame = census(replace(world, geography=geography, history=replace(world.history, **padded)))
    row = frame[(frame["buurt_code"] == "BU90990101") & (frame["year"] == 2010)].iloc[0]
    assert row["inhabitants_count"] == row["households_count"] == row["dwellings_count"] == 0
    means = ["household_size_mean", "owner_occupied_share", "income_per_recipient_eur", "household_wealth_median_eur"]
    assert row[means].isna().all()
    whole = census(world)
    others = frame[frame["buurt_code"] != "BU90990101"].reset_index(drop=True)
    pd.testing.assert_frame_equal(others, whole)


def test_the_census_is_the_same_for_a_seed_and_for_persons_at_hand(world, figures):
    pd.testing.assert_frame_equal(census(world, draw_persons(world)), figures)
    assert not census(draw_world(4, "test"))["inhabitants_count"].equals(figures["inhabitants_count"])


@pytest.mark.parametrize(
    ("group", "values", "expected"),
    [
        ([0, 0, 0], [3.0, 1.0, 2.0], [2.0, np.nan]),
        ([0, 0, 1, 1], [4.0, 1.0, 7.0, 9.0], [2.5, 8.0]),
        ([1], [5.0], [np.nan, 5.0]),
    ],
)
def test_the_median_of_each_group(group, values, expected):
    found = group_medians(np.array(group, dtype=np.int32), np.array(values), 2)
    np.testing.assert_array_equal(found, expected)
