"""Spillovers: distances, rings, far places, and the error of an estimate taken apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import DESIGN

from buurteffect.errors import EstimationError, NoComparisonError
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.saturated import sun_abraham
from buurteffect.estimate.space.spillovers import bias_identity, distance_to_treated, rings_around, spillover

PLACED = replace(DESIGN, coordinates_m=("east_m", "north_m"))


def town(seed: int = 1, ring: float = -0.2, noise: float = 0.02, later: float = 2005.0) -> pd.DataFrame:
    """Return 30 treated areas, 30 at 300 m from one, 30 at 700 m and 60 far away, over ten years."""
    generator = np.random.default_rng(seed)
    east = np.concatenate([np.arange(30) * 10_000.0, np.arange(30) * 10_000.0 + 300, np.arange(30) * 10_000.0 + 700])
    east = np.concatenate([east, np.arange(60) * 5_000.0])
    north = np.repeat([0.0, 50_000.0], [90, 60])
    cohort = np.where(np.arange(150) < 30, np.where(np.arange(150) % 2, 2003.0, later), np.nan)
    frame = pd.DataFrame({"area": np.repeat(np.arange(150), 10), "year": np.tile(np.arange(2000, 2010), 150)})
    code = frame["area"].to_numpy()
    frame["east_m"], frame["north_m"], frame["cohort"] = east[code], north[code], cohort[code]
    frame["gemeente"] = frame["area"] % 30
    begun = frame["year"].to_numpy() >= np.where(code < 90, cohort[code % 30], np.inf)
    effect = np.select([code < 30, code < 60, code < 90], [0.5, ring, ring / 4], 0.0) * begun
    frame["y0"] = (
        generator.normal(size=150)[code] + 0.03 * (frame["year"] - 2000) + noise * generator.normal(size=len(frame))
    )
    frame["y"] = frame["y0"] + effect
    return frame


def test_distance_is_to_the_nearest_treated_area_and_takes_its_year():
    table = distance_to_treated(town(), PLACED).set_index("area")
    assert table.loc[0, "distance_m"] == 0 and table.loc[0, "nearest_cohort"] == 2005
    assert table.loc[31, "distance_m"] == pytest.approx(300) and table.loc[31, "nearest_cohort"] == 2003
    assert table.loc[60, "distance_m"] == pytest.approx(700)


def test_of_two_treated_areas_at_one_distance_the_earlier_decides():
    frame = town()
    middle = frame["area"] == 90
    frame.loc[middle, ["east_m", "north_m"]] = (5_000.0, 0.0)
    table = distance_to_treated(frame, PLACED).set_index("area")
    assert table.loc[90, "distance_m"] == pytest.approx(5_000) and table.loc[90, "nearest_cohort"] == 2003


def test_far_places_give_the_effect_that_near_ones_hide():
    found = spillover(town(), PLACED, (500, 1000), far_m=2000).frame.set_index("term")
    assert found.loc["treated, against far", "estimate"] == pytest.approx(0.5, abs=0.02)
    assert found.loc["treated, against all", "estimate"] > 0.54
    assert found.loc["ring 0–500 m", "estimate"] == pytest.approx(-0.2, abs=0.02)
    assert found.loc["ring 500–1000 m", "estimate"] == pytest.approx(-0.05, abs=0.02)
    assert found.loc["ring 500–1000 m", ["distance_low_m", "distance_high_m"]].tolist() == [500, 1000]


def test_rings_around_treated_areas_are_rings_alone_two_or_one():
    found = rings_around(town(), PLACED, 1000, (0, 3)).frame.set_index("term")
    assert found["estimate"].to_dict() == pytest.approx({"ring 0–500 m": -0.2, "ring 500–1000 m": -0.05}, abs=0.02)
    sparse = town()[lambda rows: ~rows["area"].between(30, 59)]
    assert rings_around(sparse, PLACED, 1000, (0, 3)).frame["term"].tolist() == ["ring 0–1000 m"]


def test_where_nothing_spills_over_rings_find_nothing():
    found = spillover(town(ring=0.0), PLACED, (500, 1000)).frame.set_index("term")
    for term in ("ring 0–500 m", "ring 500–1000 m"):
        assert abs(found.loc[term, "estimate"]) < 3 * found.loc[term, "std_error"]


def test_places_between_the_last_ring_and_far_are_counted_out():
    found = spillover(town(), PLACED, (500,), far_m=2000)
    assert ("places between the last ring and far", 30) in found.dropped


@pytest.mark.parametrize("estimator", [callaway_santanna, imputation, sun_abraham])
def test_the_error_of_an_estimate_is_placebo_bias_and_contamination(estimator):
    frame = town(later=2003.0)
    frame["y0"] += 0.1 * (frame["area"] < 30) * (frame["year"] >= frame["cohort"])
    frame["y"] += 0.1 * (frame["area"] < 30) * (frame["year"] >= frame["cohort"])
    parts = bias_identity(frame, DESIGN, "y0", estimator).set_index("part")["value"]
    assert parts["truth"] == pytest.approx(0.5, abs=1e-9)
    assert parts["placebo bias"] == pytest.approx(0.1, abs=0.02)
    by_hand = 30 * 0.2 / 120 + 30 * 0.05 / 120
    assert parts["contamination of untreated units"] == pytest.approx(by_hand, abs=1e-9)
    error = parts["estimate"] - parts["truth"]
    assert error == pytest.approx(parts["placebo bias"] + parts["contamination of untreated units"], abs=1e-9)
    assert parts["left over"] == pytest.approx(0, abs=1e-9)


def test_effects_before_treatment_are_a_part_of_their_own():
    frame = town(later=2003.0)
    frame["y"] += 0.3 * (frame["year"] == frame["cohort"] - 1)
    parts = bias_identity(frame, DESIGN, "y0").set_index("part")["value"]
    assert parts["effects on treated units before their treatment"] == pytest.approx(-0.3, abs=1e-9)
    assert parts["left over"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("edges", "far", "message"),
    [((500, 300), None, "ascend"), ((500,), 100, "ascend"), ((100,), None, "take other edges")],
)
def test_rings_that_make_no_sense_are_refused(edges, far, message):
    with pytest.raises(EstimationError, match=message):
        spillover(town(), PLACED, edges, far)


def test_a_country_without_far_places_is_refused():
    with pytest.raises(NoComparisonError, match="lower far_m"):
        spillover(town(), PLACED, (500,), far_m=1e7)


def test_spillovers_need_coordinates_and_the_identity_its_outcome():
    with pytest.raises(EstimationError, match="coordinates_m"):
        spillover(town(), DESIGN, (500,))
    with pytest.raises(EstimationError, match="without policy"):
        bias_identity(town(), DESIGN, "y00")
