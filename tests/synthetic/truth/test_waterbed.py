"""The true waterbed: what was planted comes out of the effects, and its names reach the truth file."""

import numpy as np
import pytest

from buurteffect.synthetic import draw_country, scenario_parameters
from buurteffect.synthetic.publishing.publish import named_truth
from buurteffect.synthetic.truth.waterbed import waterbed_figures


@pytest.fixture(scope="module")
def country():
    return draw_country(seed=1, size="test", workers=0)


def test_entries_of_the_seen_books_add_up(country):
    seen = country[1].seen.pivot(index=["outcome", "year"], columns="entry", values="value")
    assert np.allclose(seen["direct"] + seen["ring"] + seen["receiving"], seen["seen"], atol=1e-9)


def test_head_counts_of_the_full_books_close_to_nothing(country):
    books = country[1].ledger
    net = books.loc[books["outcome"] == "low_income_share", "net"]
    assert np.abs(net).max() < 1e-9


def test_headline_names_reach_the_truth_and_are_means_over_households(country):
    world, truth = country
    found = named_truth(world, truth, scenario_parameters("S0"))
    low = truth.people[(truth.people["horizon"] == 7) & (truth.people["tercile"] == "low")]
    wanted = np.average(low["excess_exit_buurt"], weights=low["households"])
    assert found["excess_exit_buurt_low_7"] == pytest.approx(wanted)
    assert "seen_leakage_displaced_liveability_score_2014" in found


def test_without_persons_there_are_no_names_of_persons():
    _, truth = draw_country(seed=1, size="test", people=False, workers=0)
    found = waterbed_figures(truth.people, truth.displaced, truth.seen, truth.ledger)
    assert not [name for name in found if name.startswith(("excess", "destination"))]


@pytest.mark.slow
def test_the_slope_on_the_displaced_is_planted_in_s4_and_next_to_nothing_in_s3():
    slopes = {
        scenario: np.mean(
            [
                draw_country(seed, "scoreboard", scenario, people=False, workers=0)[1].seen.set_index(
                    ["outcome", "entry", "year"]
                )["value"]["liveability_score", "inflow_slope", 2014]
                for seed in (1, 2, 3)
            ]
        )
        for scenario in ("S3", "S4")
    }
    assert slopes["S4"] < -0.3
    assert abs(slopes["S3"]) < 0.2
