"""Moves, exits and exposures: who went where, from a register of a handful of households."""

import numpy as np
import pandas as pd
import pytest

from buurteffect.panel.displacement.displaced import displaced_and_others
from buurteffect.panel.displacement.exposure import exposures, flows_between
from buurteffect.panel.persons import moves as moves_module
from buurteffect.panel.persons.arrival_years import arrivals, entrants_per_leaver
from buurteffect.panel.persons.exits import follow_exits

CODES = ["BU00010101", "BU00010102", "BU00010201"]


def register(paths, first_year=1996):
    """Return a person panel from one string of places a person, a letter a year; a dot is not in the register."""
    rows = [
        {"person": person, "year": first_year + step, "buurt_code": CODES["abc".index(letter)], "dwelling": letter}
        for person, path in enumerate(paths)
        for step, letter in enumerate(path)
        if letter != "."
    ]
    people = pd.DataFrame(rows)
    people["dwelling"] = people["person"] * 10 + people["dwelling"].map({"a": 0, "b": 1, "c": 2})
    people["buurt_code"] = pd.Categorical(people["buurt_code"], categories=CODES)
    people["wijk_code"] = pd.Categorical("WK" + people["buurt_code"].astype(str).str[2:8])
    people["gemeente_code"] = pd.Categorical(["GM0001"] * len(people))
    people["tenure"] = pd.Categorical(["association"] * len(people), ["association", "owner", "other_landlord"])
    people["main_earner"] = True
    people["demolished_year"] = np.where(people["dwelling"] == 0, 1999.0, np.nan)  # where person 0 lives first
    people["age"], people["woz_value_eur"], people["origin_nonwestern"] = 40, 100_000.0, False
    people["log_income"] = 10.0 + 0.01 * people["person"]
    people["low_income"] = pd.array(people["person"] % 2 == 0, dtype="boolean")
    return people


def test_a_move_is_displacement_only_in_the_year_in_which_the_dwelling_goes():
    found = moves_module.household_moves(register(["aaaacc", "aacccc"])).set_index(["person", "year"])
    assert found.loc[(0, 1999), ["moved", "displaced"]].tolist() == [True, True]
    assert found.loc[(1, 1997), ["moved", "displaced"]].tolist() == [True, False]
    assert found["displaced"].sum() == 1


def test_who_leaves_the_register_has_not_moved():
    found = moves_module.household_moves(register(["aa.", "aaa"])).set_index(["person", "year"])
    assert found.loc[(0, 1997), "next_buurt"] == moves_module.AWAY
    assert not found.loc[(0, 1997), "moved"]


def test_a_gap_in_the_register_is_no_move():
    found = moves_module.household_moves(register(["aa.c", "aaaa"])).set_index(["person", "year"])
    assert not found.loc[(0, 1997), "moved"]


def test_exits_are_counted_from_the_base_and_may_be_undone():
    people = register(["aaacaa", "bbbbbb", "bbbccc"])
    moves = moves_module.household_moves(people)
    starts = pd.Series({CODES[0]: 1999.0, CODES[1]: np.nan, CODES[2]: np.nan})
    found = follow_exits(people, moves, starts, 3)
    base = found[~found["before"]].set_index("person")
    assert base.loc[0, ["buurt_1", "buurt_2", "buurt_3"]].tolist() == [1, 0, 0]
    assert base.loc[0, "treated"]
    assert base.loc[2, ["buurt_1", "wijk_1"]].tolist() == [1, 1]
    assert not base.loc[1, "treated"]


def test_residents_of_before_are_known_until_the_start_only():
    people = register(["aaacaa", "bbbbbb"])
    moves = moves_module.household_moves(people)
    starts = pd.Series({CODES[0]: 1999.0, CODES[1]: np.nan, CODES[2]: np.nan})
    early = follow_exits(people, moves, starts, 3)
    early = early[early["before"] & (early["cohort"] == 1998)]
    assert early[["buurt_1", "buurt_2", "buurt_3"]].to_numpy().tolist() == [[0, 1, -1]]


def test_buurten_that_are_treated_too_little_are_in_neither_group():
    people = register(["aaacaa", "bbbbbb", "cccccc"])
    moves = moves_module.household_moves(people)
    found = follow_exits(people, moves, pd.Series({CODES[0]: 1999.0, CODES[1]: np.nan}), 3)
    assert 2 not in set(found["person"])


def test_exposures_count_the_displaced_where_they_came_and_let_them_fade():
    people = register(["aaaacc", "bbbbbb", "cccccc"])
    moves = moves_module.household_moves(people)
    places = pd.DataFrame(
        {
            "area_code": CODES,
            "x_m": [0.0, 500.0, 5000.0],
            "y_m": 0.0,
            "cohort_year": [1999.0, np.nan, np.nan],
            "dose_share": [0.4, 0.0, 0.0],
        }
    )
    found = exposures(moves, pd.Index(CODES), places, memory=0.5, half_m=500).set_index(["area_code", "year"])
    # Counted per household on 1 January; those of the last year are not in the moves and stand as in the year before.
    assert found.loc[(CODES[2], 2000), "displaced_in"] == 0.5
    assert found.loc[(CODES[2], 2001), "taken_in"] == 0.25
    assert found.loc[(CODES[1]), "taken_in"].sum() == 0
    assert found.loc[(CODES[1], 2000), "works_near"] == pytest.approx(0.2)
    assert found.loc[(CODES[1], 1999), "works_near"] == 0
    assert found.loc[(CODES[0], 2000), "works_near"] == 0
    heads = found["displaced_in"] * found["households_count"]
    assert heads.sum() == moves["displaced"].sum()


def test_what_is_foreseen_rests_on_moves_of_before():
    people = register(["aaaabb", "acccc.", "bbbbbb", "cccccc"])
    moves = moves_module.household_moves(people)
    places = pd.DataFrame({"area_code": CODES, "x_m": 0.0, "y_m": 0.0, "cohort_year": np.nan, "dose_share": 0.0})
    found = exposures(moves, pd.Index(CODES), places, memory=0.0).set_index(["area_code", "year"])
    # The one early move went to the third place, so the one displaced is foreseen there, though they went elsewhere.
    assert found.loc[(CODES[2], 2000), "foreseen_in"] * found.loc[(CODES[2], 2000), "households_count"] == 1
    assert found.loc[(CODES[1], 2000), "foreseen_in"] == 0


def test_flows_tell_the_displaced_from_others():
    moves = moves_module.household_moves(register(["aaaacc", "aacccc"]))
    assert flows_between(moves, pd.Index(CODES))["households_count"].tolist() == [1]
    assert flows_between(moves, pd.Index(CODES), displaced=False)["households_count"].tolist() == [1]


def test_places_of_the_displaced_are_those_of_before():
    people = register(["aaaacc", "bbbbbb", "bbbbcc"])
    moves = moves_module.household_moves(people)
    starts = pd.Series({CODES[0]: 1999.0, CODES[1]: np.nan, CODES[2]: np.nan})
    measures = pd.DataFrame({"score": [4.0, 4.1, 4.3]}, index=CODES)
    places = pd.DataFrame({"area_code": CODES, "x_m": [0.0, 0.0, 3000.0], "y_m": 0.0})
    found = displaced_and_others(people, moves, starts, measures, places).set_index("person")
    assert found.loc[0, "score_change"] == pytest.approx(0.3)
    assert found.loc[0, "distance_km_change"] == 3.0
    assert not found.loc[0, "same_wijk"]
    assert found.loc[1, "score_change"] == 0
    assert not found.loc[1, "displaced"]


def test_entrants_per_leaver_counts_from_the_start():
    moves = moves_module.household_moves(register(["aaaacc", "bbbbbb", "bbbbaa", "bbaaaa"]))
    starts = pd.Series({CODES[0]: 1999.0})
    assert entrants_per_leaver(moves, pd.Index(CODES), starts) == 1.0


def test_arrivals_are_banded_by_income_among_those_who_came_in_the_same_year():
    people = register(["a" + "b" * 10, "a" + "b" * 10, "a" + "c" * 10, "b" * 11])
    score = pd.Series([4.0, 4.2, 4.4], index=CODES)
    found = arrivals(people, moves_module.household_moves(people), score).set_index("person")
    assert found["income_band"].to_dict() == {0: 7, 1: 14, 2: 20}  # first, second and third of three, in twentieths
    assert found["score_there"].tolist() == pytest.approx([4.2, 4.2, 4.4])
    assert found["score_change"].tolist() == pytest.approx([0.2, 0.2, 0.4])
    assert found["left_arrival"].all()
