"""Facts that two countries are compared by, and how unevenly a group is spread over areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from estimate_worlds import real_panel, simulate

from buurteffect.errors import EstimationError
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.waves import waves_from_panel
from buurteffect.estimate.scores.segregation import dissimilarity, dissimilarity_by_year
from buurteffect.estimate.scores.stylised_facts import recorded_facts, score_facts


def test_dissimilarity_by_hand():
    # x = (30, 10, 0), t = (50, 30, 20): shares .75/.25/0 of the group, 1/3 each of the rest.
    assert dissimilarity([30, 10, 0], [50, 30, 20]) == pytest.approx(0.5 * (0.75 - 1 / 3 + 1 / 3 - 0.25 + 1 / 3))


def test_dissimilarity_is_the_same_for_the_group_and_the_rest():
    rng = np.random.default_rng(1)
    total = rng.integers(10, 100, 40)
    group = rng.binomial(total, 0.3)
    assert dissimilarity(group, total) == pytest.approx(dissimilarity(total - group, total), abs=1e-12)


def test_an_area_cut_into_identical_halves_changes_nothing():
    assert dissimilarity([4, 4, 2], [10, 10, 10]) == pytest.approx(dissimilarity([8, 2], [20, 10]), abs=1e-12)


def test_an_empty_group_has_no_dissimilarity():
    assert np.isnan(dissimilarity([0, 0], [5, 5]))


@pytest.mark.parametrize("group", [[-1, 2], [np.nan, 2], [6, 2]])
def test_counts_that_cannot_be_are_refused(group):
    with pytest.raises(EstimationError, match="counts of a group"):
        dissimilarity(group, [5, 5])


def test_areas_without_a_figure_are_counted_out():
    frame = pd.DataFrame({"year": 2000, "low_share": [1.0, 0.0, np.nan], "households_count": [10.0, 10.0, 10.0]})
    row = dissimilarity_by_year(frame, "low_share", "households_count").iloc[0]
    assert (row["estimate"], row["units_count"], row["left_out_count"]) == (1.0, 2, 1)


def test_recorded_facts_name_their_source_and_stand_once():
    facts = recorded_facts()
    assert facts["fact"].is_unique
    assert facts["source"].str.len().min() > 20


def test_facts_of_a_drawn_country_are_computed_as_by_hand():
    scores = simulate(VarianceComponents(0.1, 0.1, 0.08, 0.95, 0.01, 0.02, 2014), areas=150, seed=3).waves
    facts = score_facts(scores).set_index("fact")["estimate"]
    first, last = scores.column(2002), scores.column(2022)
    assert facts["sd_2002"] == pytest.approx(np.std(first, ddof=1))
    assert facts["correlation_2002_2022"] == pytest.approx(np.corrcoef(first, last)[0, 1])
    assert facts["declined_2012_2014"] == pytest.approx(np.mean(scores.column(2014) < scores.column(2012)))


@pytest.mark.shared
def test_recorded_facts_are_those_of_the_real_file():
    computed = score_facts(waves_from_panel(real_panel())).set_index("fact")["estimate"]
    recorded = recorded_facts().set_index("fact")["value"]
    assert set(computed.index) < set(recorded.index)
    np.testing.assert_allclose(recorded[computed.index], computed, rtol=0, atol=0.5e-4 + 1e-9)
