"""How persons live on from one household of the synthetic country to the next, and who leaves its register."""

from functools import cache

import numpy as np
import pytest
from synthetic_persons import persons_frame

from buurteffect.synthetic.country import draw_world
from buurteffect.synthetic.persons.persons import Persons, draw_persons
from buurteffect.synthetic.persons.succession import assortative_pairs
from buurteffect.synthetic.simulation.population import dissolution_hazard
from buurteffect.synthetic.truth.persons import register_exits
from buurteffect.synthetic.world.parameters import PopulationParameters


@cache
def country(seed=1, size="default"):
    return draw_world(seed, size)


@pytest.fixture(scope="module")
def lives():
    """Rows of everybody, in order of person and year, and beside each the next row of the same person."""
    frame = persons_frame(draw_persons(country()), country()).sort_values(
        ["person_id", "first_year"], ignore_index=True
    )
    return frame, frame.shift(-1).where(frame["person_id"].eq(frame["person_id"].shift(-1)))


def test_who_moves_on_is_in_the_next_household_a_year_later_and_nobody_else_is_seen_again(lives):
    now, then = lives
    moved = now["ends"] == "moved on"
    assert moved.sum() > 20_000
    assert (then["first_year"] == now["last_year"] + 1)[moved].all()
    assert (then["household_id"] != now["household_id"])[moved].all()
    assert then["person_id"].isna()[~moved].all()
    assert (now.loc[now["ends"] == "still there", "last_year"] == 2022).all()
    assert then.loc[moved, "role"].isin(["head", "partner"]).all()


def test_children_leave_for_a_household_of_their_own_from_18_on_and_stay_until_27_at_most(lives):
    now, _ = lives
    child = now[now["role"] == "child"]
    age = child["last_year"] - child["birth_year"] - 1
    assert age.max() <= 27
    moved = child["ends"] == "moved on"
    assert age[moved].min() == 17
    assert moved.sum() > 2 * (child["ends"].eq("left the country") & (age >= 17)).sum()


def test_a_child_under_18_leaves_the_country_with_its_parent_only(lives):
    now, _ = lives
    gone = now["ends"] == "left the country"
    minor = now[(now["role"] == "child") & (now["last_year"] - now["birth_year"] < 18) & gone]
    heads = now[(now["role"] == "head") & gone].set_index("household_id")["last_year"]
    assert len(minor) > 500
    assert (minor["household_id"].map(heads) == minor["last_year"]).all()
    assert not (now["role"].eq("child") & now["ends"].eq("died")).any()


def test_nobody_under_18_or_over_110_heads_a_household_or_is_a_partner(lives):
    now, _ = lives
    adult = now[now["role"] != "child"]
    seen = adult[adult["first_year"] > 1995]
    assert (seen["first_year"] - seen["birth_year"] - 1).min() >= 18
    heads = now[now["role"] == "head"]
    assert (heads["last_year"] - heads["birth_year"] - 1).max() <= 105


def test_a_head_dies_alone_and_a_partner_before_the_head(lives):
    now, _ = lives
    died = now[(now["role"] == "head") & (now["ends"] == "died")].set_index("household_id")["last_year"]
    partners = now[(now["role"] == "partner") & now["household_id"].isin(died.index)]
    assert len(died) > 10_000
    assert (partners["last_year"] < partners["household_id"].map(died)).all()


def test_nobody_lives_with_a_sibling_or_a_parent_as_partner(lives):
    now, _ = lives
    home = now[now["role"] == "child"].set_index("person_id")["household_id"]
    couple = now[now["role"] == "partner"][["household_id", "person_id"]].merge(
        now[now["role"] == "head"][["household_id", "person_id"]], on="household_id", suffixes=("", "_head")
    )
    one, other = couple["person_id"].map(home), couple["person_id_head"].map(home)
    assert one.notna().sum() > 5_000
    assert not (one == other).any()


@pytest.mark.parametrize("seed", [1, 2])
def test_few_are_gone_from_the_register_within_nine_years(seed):
    world = country(seed)
    exits = register_exits(world, draw_persons(world)).set_index(["horizon", "age_group"])
    assert exits.loc[(9, "all"), "gone"] < 0.18
    assert 0.005 < exits.loc[(1, "all"), "emigrated"] < 0.01
    assert (exits.loc[(9, "0-17"), ["gone", "died"]] <= [0.06, 0.001]).all()
    whole = exits.loc[:, "died"] + exits.loc[:, "emigrated"]
    np.testing.assert_allclose(whole, exits["gone"], rtol=0, atol=1e-12)
    assert exits["gone"].groupby("age_group").is_monotonic_increasing.all()


def test_the_exits_of_a_handful_of_persons_are_counted_by_hand():
    names = {"person_id": [1, 1, 2, 3], "birth_year": [1980, 1980, 1930, 1990], "last_year": [2000, 2022, 1998, 2001]}
    rows = {
        "first_year": [1995, 2001, 1995, 1995],
        "ends": [1, 0, 2, 3],
        "slot": [2, 0, 0, 2],
        "household": [0, 1, 2, 3],
    }
    zeros = {name: np.zeros(4, np.int8) for name in ("sex", "origin", "education")}
    persons = Persons(**{name: np.array(values) for name, values in (names | rows).items()}, **zeros)
    exits = register_exits(country(size="test"), persons).set_index(["horizon", "age_group"])
    assert exits.loc[(3, "65+"), ["persons_count", "gone", "died"]].tolist() == [3, 1, 1]
    assert exits.loc[(1, "0-17"), ["persons_count", "emigrated"]].tolist() == [4 + 7, pytest.approx(1 / 11)]
    assert exits.loc[(9, "18-24"), "gone"] == 0


def test_openings_go_to_the_first_in_line_of_their_code_and_like_goes_with_like():
    # Code 1: two openings, three seekers; the last in line is left out. Code 2: nobody seeks. Code 3: nothing opens.
    asked, given = np.array([1, 2, 1]), np.array([1, 3, 1, 1])
    first_asked, first_given = np.array([0.5, 0.1, 0.2]), np.array([0.3, 0.0, 0.9, 0.1])
    like_asked, like_given = np.array([2.0, 0.0, -1.0]), np.array([-5.0, 0.0, 9.0, 4.0])
    offers, takers = assortative_pairs(asked, given, first_asked, first_given, like_asked, like_given)
    assert list(zip(offers.tolist(), takers.tolist(), strict=True)) == [(2, 0), (0, 3)]
    nobody = np.array([], dtype=np.int64)
    none = assortative_pairs(asked, nobody, first_asked, nobody.astype(float), like_asked, nobody.astype(float))
    assert [len(rows) for rows in none] == [0, 0]


def test_the_hazard_of_an_end_grows_faster_above_85_and_stops_at_certainty():
    p = PopulationParameters()
    hazard = dissolution_hazard(p, np.array([27, 84, 85, 86, 130]))
    assert hazard[0] == pytest.approx(p.dissolution_at_27)
    assert hazard[2] / hazard[1] == pytest.approx(np.exp(0.06))
    assert hazard[3] / hazard[2] == pytest.approx(np.exp(0.15))
    assert hazard[4] == 1
