"""The synthetic country resembles the real one where it was set to: facts, targets and tolerances, over 24 seeds.

The targets are those that the project's scope computed from the published wijk scores (and, for turnover, from the
statistics of moves). The tolerances were written down before the country was tuned and are not widened afterwards.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from stylised_facts import facts

from buurteffect.synthetic.country import draw_world

SEEDS = range(1, 25)
TARGETS = {
    # fact: (target, tolerance of the mean over seeds)
    "sd_wijk_score_2002": (0.133, 0.012),
    "sd_wijk_score_2022": (0.112, 0.012),
    "correlation_2002_2022": (0.774, 0.05),
    "correlation_2012_2014": (0.931, 0.025),
    "declined_share_2012_2014": (0.359, 0.05),
    "declined_share_2012_2014_lowest_fifth": (0.286, 0.07),
    "mean_change_2002_2022": (0.058, 0.01),
    "turnover_share": (0.102, 0.005),
}
NEARLY_EVERY_SEED = 22


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """One row per seed, one column per fact, in the default world."""
    return pd.DataFrame([facts(draw_world(seed)) for seed in SEEDS], index=pd.Index(SEEDS, name="seed"))


@pytest.mark.slow
@pytest.mark.parametrize("fact", TARGETS)
def test_the_mean_over_seeds_stands_within_its_tolerance(table, fact):
    target, tolerance = TARGETS[fact]
    assert abs(table[fact].mean() - target) <= tolerance


@pytest.mark.slow
def test_scores_draw_together(table):
    assert (table["sd_wijk_score_2022"] < table["sd_wijk_score_2002"]).sum() >= NEARLY_EVERY_SEED


@pytest.mark.slow
def test_segregation_by_income_rises_and_by_origin_falls(table):
    assert (table["dissimilarity_low_income_2022"] > table["dissimilarity_low_income_1995"]).sum() >= NEARLY_EVERY_SEED
    assert (table["dissimilarity_origin_2022"] < table["dissimilarity_origin_2002"]).sum() >= NEARLY_EVERY_SEED


@pytest.mark.slow
def test_the_share_of_social_rent_falls(table):
    assert (table["social_share_2022"] < table["social_share_1998"]).all()


@pytest.mark.slow
def test_the_facts_differ_between_seeds(table):
    assert (table[list(TARGETS)].std() > 0).all()
    assert not np.isclose(table.loc[1, "sd_wijk_score_2022"], table.loc[2, "sd_wijk_score_2022"], rtol=1e-9)
