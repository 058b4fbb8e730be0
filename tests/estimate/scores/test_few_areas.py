"""Small countries: definitions with too few gemeenten are left out, and spreads need three urban areas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from estimate_worlds import waves_of

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.scores.segregation import urban_spread
from buurteffect.estimate.scores.trend import trend_by_definition
from buurteffect.estimate.scores.vulnerable import DEFINITIONS

QUICK = Bootstrap(draws=99)
YEARS = (2002, 2008, 2012, 2014)


def trend_of(gemeenten):
    steps = np.arange(20)
    scores = {year: (4.0 + 0.01 * steps + 0.001 * (year - 2002)).tolist() for year in YEARS}
    return trend_by_definition(waves_of(scores, gemeenten), 2002, 2012, 2014, bootstrap=QUICK)


def test_a_definition_whose_areas_lie_in_one_gemeente_is_left_out_and_recorded():
    apart = ["GM0001", "GM0002"] * 10  # the lowest tenth, two areas, lies in both
    together = ["GM0001"] * 5 + ["GM0002"] * 15  # the lowest tenth and fifth lie in the first
    everything, some = trend_of(apart), trend_of(together)
    lost = set(everything.frame["definition"]) - set(some.frame["definition"])
    assert lost and "all" in set(some.frame["definition"])
    reasons = {reason for reason, _ in some.dropped}
    assert {f"definition {name}: fewer than 2 clusters" for name in lost} <= reasons
    assert not any("fewer than 2 clusters" in reason for reason, _ in everything.dropped)
    assert lost < {definition.name for definition in DEFINITIONS}


def figures(rows):
    columns = ["low_income_households_share", "lowest40_households_share", "household_income_standardised_eur"]
    return pd.DataFrame(rows, columns=["year", "urbanity_class", *columns])


def test_the_spread_of_incomes_is_that_of_the_urban_areas_of_the_year():
    urban = [(2021, 1, 0.10, 0.5, 30_000.0), (2021, 2, 0.06, 0.4, 36_000.0), (2021, 1, 0.08, 0.3, 33_000.0)]
    others = [(2021, 4, 0.9, 0.9, 9_000.0), (2020, 1, 0.9, 0.9, 9_000.0), (2021, 1, 0.9, np.nan, 9_000.0)]
    found = urban_spread(figures(urban + others), 2021)
    assert found == pytest.approx(
        {
            "low_income_mean_2021": 0.08,
            "low_income_sd_2021": 0.02,
            "lowest40_sd_2021": 0.1,
            "income_cv_2021": 3 / 33,
            "income_low_income_correlation_2021": -1.0,
        }
    )


def test_a_spread_of_two_areas_is_refused():
    with pytest.raises(EstimationError, match="2 urban areas have both shares"):
        urban_spread(figures([(2021, 1, 0.10, 0.5, 30_000.0), (2021, 2, 0.06, 0.4, 36_000.0)]), 2021)
