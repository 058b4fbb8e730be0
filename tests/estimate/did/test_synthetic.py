"""Synthetic difference-in-differences for single places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import BY_AREA

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.did.synthetic import synthetic_did


def places(
    seed: int = 1, noise: float = 0.05, effect: float = 1.0, donors: int = 20, bend: float = 0.0
) -> pd.DataFrame:
    """Return one place treated in 2010 and its donors in 2000–2014; with a bend, some move as the place does."""
    generator = np.random.default_rng(seed)
    years = np.arange(2000, 2015)
    load = np.r_[1.0, generator.uniform(0, 1.2, donors)]
    paths = (
        generator.normal(size=donors + 1)[:, None] + 0.1 * (years - 2000) + bend * np.outer(load, (years - 2000) / 5)
    )
    paths = paths + noise * generator.normal(size=paths.shape)
    paths[0, years >= 2010] += effect
    frame = pd.DataFrame({"area": np.repeat(np.arange(donors + 1), 15), "year": np.tile(years, donors + 1)})
    return frame.assign(cohort=np.where(frame["area"] == 0, 2010.0, np.nan), y=paths.ravel())


def test_where_all_places_move_alike_the_effect_is_exact():
    row = synthetic_did(places(noise=1e-9), BY_AREA, [0]).frame.iloc[0]
    assert row["estimate"] == pytest.approx(1.0, abs=1e-7)


def test_an_effect_stands_out_among_placebos_and_nothing_does_not():
    found = synthetic_did(places(), BY_AREA, [0])
    row = found.frame.iloc[0]
    assert row["estimate"] == pytest.approx(1.0, abs=0.1)
    assert row["p_value"] == pytest.approx(1 / 21) and row["placebos_count"] == 20
    assert found.units_count == 21 and found.treated_count == 1
    assert synthetic_did(places(seed=3, effect=0.0), BY_AREA, [0]).frame.iloc[0]["p_value"] > 0.05


def test_donors_that_move_alike_remove_a_trend_that_a_plain_mean_leaves():
    frame = places(bend=1.0, noise=0.02)
    wide = frame.pivot_table(index="area", columns="year", values="y")
    gap = wide.loc[:, 2010:].mean(axis=1) - wide.loc[:, :2009].mean(axis=1)
    plain = gap.loc[0] - gap.loc[1:].mean()
    row = synthetic_did(frame, BY_AREA, [0], placebos=5).frame.iloc[0]
    assert abs(row["estimate"] - 1) < 0.1 < abs(plain - 1)


def test_the_same_seed_gives_the_same_placebos():
    frame = places(donors=12)
    first, second = (synthetic_did(frame, BY_AREA, [0], placebos=6, seed=4).frame for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_order_and_units_of_measurement_change_nothing():
    frame = places(donors=8)
    row = synthetic_did(frame, BY_AREA, [0]).frame.iloc[0]
    other = synthetic_did(
        frame.sample(frac=1, random_state=1).assign(y=lambda f: f["y"] * 100), BY_AREA, [0]
    ).frame.iloc[0]
    assert other["estimate"] == pytest.approx(100 * row["estimate"], rel=1e-5)
    assert other["p_value"] == row["p_value"]


def test_other_treated_places_and_donors_with_gaps_are_counted_out():
    frame = places()
    frame.loc[frame["area"] == 5, "cohort"] = 2008.0
    frame = frame.drop(frame[(frame["area"] == 6) & (frame["year"] == 2003)].index)
    found = synthetic_did(frame, BY_AREA, [0], placebos=3)
    assert dict(found.dropped) == {"donors not seen at every time": 1, "other treated units": 1}


@pytest.mark.parametrize(
    ("change", "chosen", "message"),
    [
        ({}, [99], "no unit 99"),
        ({}, [1], "not at all"),
        ({}, [], "named"),
        ({"covariates": ("x",)}, [0], "no covariates"),
    ],
)
def test_a_place_that_cannot_be_estimated_is_refused(change, chosen, message):
    with pytest.raises(EstimationError, match=message):
        synthetic_did(places().assign(x=1.0), replace(BY_AREA, **change), chosen)


def test_two_donors_are_too_few():
    with pytest.raises(NoComparisonError, match="three donors"):
        synthetic_did(places(donors=2), BY_AREA, [0])
