"""Ties against random mixing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from survey_worlds import ties as draw_ties

from buurteffect.errors import EstimationError, MissingColumnError
from buurteffect.estimate.survey.ties import bootstrap_ratio, coleman_index, own_cell_excess, random_mixing, tie_ratio


def hand(same: list[bool]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one buurt of two owners and three tenants, with a tie per owner."""
    other = ["owner" if each else "association" for each in same]
    ties = pd.DataFrame(
        {"year": 2010, "area_code": "BU1", "weight_households": 1.0, "tenure": "owner", "other_tenure": other}
    )
    counts = pd.DataFrame(
        {"year": 2010, "area_code": "BU1", "tenure": ["owner", "association"], "households_count": [2, 3]}
    )
    return ties, counts


def test_colemans_index_is_what_hand_calculation_gives():
    # Of four others one is an owner: w = 1/4. Half of the ties stay: q = (1/2 − 1/4)/(3/4) = 1/3.
    mixing = random_mixing(*hand([True, False]), "tenure")
    result = coleman_index(mixing, None).frame.iloc[0]
    assert result["expected"] == pytest.approx(1 / 4)
    assert result["estimate"] == pytest.approx(1 / 3)


def test_the_tie_ratio_is_the_complement_of_colemans_index():
    mixing = random_mixing(*draw_ties(1, 0.4), "tenure")
    assert tie_ratio(mixing).frame["estimate"].iloc[0] == pytest.approx(
        1 - coleman_index(mixing, None).frame["estimate"].iloc[0], abs=1e-12
    )


@pytest.mark.parametrize("homophily", [0.0, 0.3, 0.8])
def test_coleman_recovers_the_share_of_ties_chosen_in_the_own_group(homophily):
    found, covered = [], 0
    for seed in range(20):
        mixing = random_mixing(*draw_ties(seed, homophily), "tenure")
        some = mixing.where(mixing.frame["alike_count"] > 0, "alone")
        row = coleman_index(some, None).frame.iloc[0]
        found.append(row["estimate"])
        covered += row["ci_low"] <= homophily <= row["ci_high"]
    assert np.mean(found) == pytest.approx(homophily, abs=4 * np.std(found) / np.sqrt(20))
    assert covered >= 16


def test_the_mean_excess_is_colemans_index():
    mixing = random_mixing(*draw_ties(2, 0.5), "tenure")
    rows = own_cell_excess(mixing)
    some = mixing.where((mixing.frame["alike_count"] > 0) & (mixing.frame["expected"] < 1), "alone")
    expected = coleman_index(some, None).frame["estimate"].iloc[0]
    assert np.average(rows["excess"], weights=rows["excess_weight"]) == pytest.approx(expected, abs=1e-12)


def test_linearised_and_bootstrap_errors_agree():
    mixing = random_mixing(*draw_ties(3, 0.5, areas=80), "tenure")
    linear, drawn = tie_ratio(mixing).frame.iloc[0], bootstrap_ratio(mixing, draws=1999).frame.iloc[0]
    assert drawn["std_error"] == pytest.approx(linear["std_error"], rel=0.15)


def test_the_order_of_rows_and_the_unit_of_weights_do_not_matter():
    ties, counts = draw_ties(4, 0.5)
    here = tie_ratio(random_mixing(ties, counts, "tenure")).frame.iloc[0]
    other = ties.sample(frac=1, random_state=1).assign(weight_households=lambda rows: rows["weight_households"] * 1000)
    there = tie_ratio(random_mixing(other, counts.iloc[::-1], "tenure")).frame.iloc[0]
    assert there[["estimate", "std_error"]].tolist() == pytest.approx(here[["estimate", "std_error"]].tolist())


def test_a_wider_benchmark_holds_who_lives_where_as_well():
    ties, counts = draw_ties(5, 0.0)
    near, far = (tie_ratio(random_mixing(ties, counts, "tenure", within)) for within in ("area_code", "everyone"))
    assert far.frame["estimate"].iloc[0] < near.frame["estimate"].iloc[0] - 0.05


def test_ties_of_households_that_the_register_lacks_are_refused():
    ties, counts = hand([True, False])
    with pytest.raises(EstimationError, match="2 ties are of households in groups that the register does not have"):
        random_mixing(ties, counts.assign(year=2011), "tenure")


def test_a_missing_twin_column_is_named():
    ties, counts = hand([True])
    with pytest.raises(MissingColumnError, match="other_tenure"):
        random_mixing(ties.drop(columns="other_tenure"), counts, "tenure")


def test_an_unknown_grouping_is_refused():
    with pytest.raises(EstimationError, match="tenure, income, cell"):
        random_mixing(*hand([True]), "origin")
