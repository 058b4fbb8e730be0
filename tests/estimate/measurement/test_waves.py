"""Laying out the panel as areas by waves, and the shape of an estimate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from estimate_worlds import panel_of, waves_of

from buurteffect.errors import EstimationError
from buurteffect.estimate import RESULT_COLUMNS, Estimate
from buurteffect.estimate.measurement.waves import Waves, waves_from_panel

SMALL = {2002: [4.0, 4.2, 4.4, None], 2008: [4.1, None, 4.5, None]}
GEMEENTEN = ["GM0002", "GM0001", "GM0001", "GM0001"]


def test_waves_hold_scores_by_area_and_year():
    waves = waves_of(SMALL, GEMEENTEN)
    assert waves.years == (2002, 2008)
    assert waves.scores.loc["WK000002"].tolist() == [4.4, 4.5]
    assert waves.clusters.to_dict() == {"WK000000": "GM0002", "WK000001": "GM0001", "WK000002": "GM0001"}


def test_an_area_without_any_score_is_left_out_and_counted():
    waves = waves_of(SMALL, GEMEENTEN)
    assert "WK000003" not in waves.scores.index
    assert waves.ledger == (("areas without a score in any wave", 1),)


def test_the_order_of_the_rows_does_not_matter():
    panel = panel_of(SMALL, GEMEENTEN)
    shuffled = waves_from_panel(panel.sample(frac=1, random_state=3))
    pd.testing.assert_frame_equal(shuffled.scores, waves_from_panel(panel).scores)


@pytest.mark.parametrize(
    ("gemeenten", "kind", "clusters"),
    [
        (["GM0001", "GM0001", "GM0002"], "gemeenten", ["GM0001", "GM0001", "GM0002"]),
        (["GM0001", None, "GM0001"], "gemeenten and areas without one", ["GM0001", "WK000001", "GM0001"]),
        (["GM0001"] * 3, "areas of one gemeente", ["WK000000", "WK000001", "WK000002"]),
        ([None, None, None], "areas", ["WK000000", "WK000001", "WK000002"]),
    ],
)
def test_an_area_without_gemeente_or_of_the_only_one_is_a_cluster_of_its_own(gemeenten, kind, clusters):
    waves = waves_of({2002: [4.0, 4.1, 4.2], 2008: [4.0, 4.1, 4.2]}, gemeenten)
    assert waves.cluster_kind == kind
    assert waves.clusters.tolist() == clusters


def test_waves_can_be_restricted_to_a_group():
    waves = waves_of({2002: [4.0, 4.1, 4.2], 2008: [4.0, 4.1, 4.2]}, groups=["other", "four_largest", "four_largest"])
    assert waves.group("four_largest").scores.index.tolist() == ["WK000001", "WK000002"]
    assert waves.group("all") is waves
    with pytest.raises(EstimationError, match="no area is in group 'new_towns'"):
        waves.group("new_towns")
    with pytest.raises(EstimationError, match="at least 2 clusters"):
        waves.group("other")


def test_a_group_that_cannot_stand_alone_is_reported_and_not_dropped_in_silence():
    waves = waves_of({2002: [4.0, 4.1, 4.2], 2008: [4.0, 4.1, 4.2]}, groups=["other", "four_largest", "four_largest"])
    parts, left_out = waves.parts(None)
    assert list(parts) == ["all", "four_largest"]
    assert left_out == (("group other by itself: fewer than 2 clusters", 1),)


def test_every_area_can_be_made_a_cluster():
    waves = waves_of(SMALL, GEMEENTEN).by_area()
    assert (waves.clusters_count, waves.cluster_kind) == (3, "areas")


def test_scored_looks_at_every_wave_named():
    waves = waves_of(SMALL, GEMEENTEN)
    assert waves.scored(2002).tolist() == [True, True, True]
    assert waves.scored(2002, 2008).tolist() == [True, False, True]
    with pytest.raises(EstimationError, match="2012 is not a wave; choose one of 2002, 2008"):
        waves.scored(2012)


def change_gemeente(panel: pd.DataFrame) -> pd.DataFrame:
    panel.loc[0, "gemeente_code"] = "GM0009"
    return panel


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda p: p.drop(columns="city_group"), "lacks city_group"),
        (lambda p: p[p["year"] == 2002], "two or more different waves"),
        (lambda p: pd.concat([p, p.head(2)]), "2 rows repeat an area and year"),
        (lambda p: p.assign(level=["buurt", *p["level"][1:]]), r"mixes levels \(buurt, wijk\)"),
        (lambda p: p[p["area_code"] == "WK000000"], "at least 2 clusters are needed, found 1"),
        (lambda p: p.assign(liveability_score=p["liveability_score"].where(p["year"] == 2002)), "no area has a score"),
        (change_gemeente, "1 areas have more than one gemeente_code"),
    ],
)
def test_a_panel_that_cannot_carry_an_estimate_is_refused(spoil, message):
    with pytest.raises(EstimationError, match=message):
        waves_from_panel(spoil(panel_of(SMALL, GEMEENTEN)))


def test_waves_that_do_not_belong_together_are_refused():
    waves = waves_of(SMALL, GEMEENTEN)
    with pytest.raises(EstimationError, match="same areas in the same order"):
        Waves(waves.scores, waves.clusters[::-1], waves.groups)
    with pytest.raises(EstimationError, match="unique and ascending"):
        Waves(waves.scores[::-1], waves.clusters[::-1], waves.groups[::-1])


def tiny_estimate(**columns: object) -> Estimate:
    values = {"year": [2002, 2008], **{name: [1.0, 2.0] for name in RESULT_COLUMNS}, **columns}
    return Estimate(pd.DataFrame(values), "a method", "a convention", 2, 2)


def test_an_estimate_keeps_its_columns_in_order():
    assert list(tiny_estimate(reason=["", ""]).frame.columns) == ["year", *RESULT_COLUMNS, "reason"]
    with pytest.raises(EstimationError, match="needs estimate, std_error"):
        Estimate(tiny_estimate().frame.drop(columns="ci_low"), "", "", 2, 2)


def test_an_estimate_gives_one_row_or_says_why_not():
    assert tiny_estimate().row(year=2008)["estimate"] == 2.0
    with pytest.raises(EstimationError, match="0 rows"):
        tiny_estimate().row(year=2012)


def test_values_are_nan_where_a_score_is_missing():
    assert np.isnan(waves_of(SMALL, GEMEENTEN).column(2008)[1])
