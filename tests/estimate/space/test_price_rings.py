"""Prices by ring and time, and how an effect fades with distance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from buurteffect.errors import EstimationError, MissingColumnError, NoComparisonError, NoSwitchError, UnusableValueError
from buurteffect.estimate.space.price_rings import (
    DECAY,
    HALVING,
    RingDesign,
    distance_decay,
    draw_sales,
    ring_effects,
)

DESIGN = RingDesign(
    "price", effects=("area_code", "project_year"), characteristics=("size_m2",), edges_m=(0, 250, 500, 1000, 2000)
)


def sales(seed, count=30_000, effect=0.0, reach_m=None, projects=40):
    """Sales around projects: an effect within 250 m, or one that fades by a factor e every `reach_m`."""
    rng = np.random.default_rng(seed)
    project = rng.integers(0, projects, count)
    cohort = 2004 + project % 5
    distance = 2000 * np.sqrt(rng.random(count))
    year = rng.integers(1999, 2014, count)
    area = project * 10 + np.minimum((distance / 200).astype(int), 9)
    size = rng.normal(100, 20, count)
    level = 12 + 0.004 * size + rng.normal(0, 0.1, projects * 10)[area]
    level += rng.normal(0, 0.05, (projects, 15))[project, year - 1999]
    shape = (distance < 250) if reach_m is None else np.exp(-distance / reach_m)
    price = np.exp(level + effect * shape * (year >= cohort) + rng.normal(0, 0.1, count))
    return pd.DataFrame(
        {
            "price": price,
            "year": year,
            "distance_m": distance,
            "cohort_year": cohort,
            "size_m2": size,
            "area_code": [f"BU{code:08d}" for code in area],
            "project_id": [f"P{code:03d}" for code in project],
            "project_year": [f"P{code:03d}-{y}" for code, y in zip(project, year, strict=True)],
        }
    )


def test_an_effect_in_the_inner_ring_is_found_there_and_nowhere_else():
    found = ring_effects(draw_sales(sales(1, effect=0.08), DESIGN))
    inner = found.row(term="0–250 m, after")
    assert abs(inner["estimate"] - 0.08) < 3.5 * inner["std_error"] < 0.06
    assert inner["price_share"] == pytest.approx(np.expm1(inner["estimate"]))
    for ring in ("250–500 m, after", "500–1000 m, after"):
        row = found.row(term=ring)
        assert abs(row["estimate"]) < 3.5 * row["std_error"]
    size = found.row(term="size_m2")
    assert abs(size["estimate"] - 0.004) < 4 * size["std_error"]
    assert found.clusters_count == 40


def test_ring_effects_are_a_regression_on_dummies():
    few = sales(2, count=600, effect=0.1, projects=6)
    design = replace(DESIGN, effects=("area_code", "year"))
    found = ring_effects(draw_sales(few, design)).row(term="0–250 m, after")["estimate"]
    after = few["year"] >= few["cohort_year"]
    rings = np.searchsorted([250, 500, 1000], few["distance_m"], side="right")
    columns = [((rings == k) & after).astype(float) for k in range(3)]
    parts = [pd.get_dummies(few[name], dtype=float).to_numpy() for name in ("area_code", "year")]
    table = np.column_stack([*columns, few["size_m2"], after.astype(float), *parts])
    assert found == pytest.approx(np.linalg.lstsq(table, np.log(few["price"]), rcond=None)[0][0], abs=1e-8)


def test_an_effect_that_fades_is_found_with_its_halving_distance():
    found = distance_decay(draw_sales(sales(4, count=60_000, effect=0.15, reach_m=300), DESIGN))
    for term, truth in ((DECAY, 0.15), (HALVING, 300 * np.log(2))):
        row = found.row(term=term)
        assert abs(row["estimate"] - truth) < 3 * row["std_error"]
        assert row["std_error"] < 0.25 * truth


def test_where_nothing_happens_fading_is_refused_or_the_interval_holds_0():
    try:
        row = distance_decay(draw_sales(sales(5), DESIGN)).row(term=DECAY)
    except EstimationError as error:
        assert "do not tell" in str(error)
    else:
        assert row["ci_low"] < 0 < row["ci_high"]


def test_order_and_units_of_price_do_not_matter():
    table = sales(6, count=5_000, effect=0.1)
    first = ring_effects(draw_sales(table, DESIGN)).frame
    moved = table.sample(frac=1, random_state=1).assign(price=lambda d: d["price"] / 1000)
    pd.testing.assert_frame_equal(ring_effects(draw_sales(moved, DESIGN)).frame, first, rtol=1e-7)


def test_sales_that_cannot_be_used_are_counted():
    table = sales(7, count=2_000)
    table.loc[:9, "size_m2"] = np.nan
    table.loc[10:14, "distance_m"] = 9_000.0
    assert dict(draw_sales(table, DESIGN).dropped) == {
        "sales with a missing value": 10,
        "sales beyond 2000 m or nearer than 0 m": 5,
    }


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"price": 0.0}, UnusableValueError),
        ({"distance_m": -1.0}, UnusableValueError),
        ({"size_m2": np.inf}, UnusableValueError),
        ({"distance_m": 100.0}, NoComparisonError),
        ({"cohort_year": 1990}, NoSwitchError),
    ],
)
def test_sales_that_say_nothing_are_refused_by_name(change, kind):
    with pytest.raises(kind):
        draw_sales(sales(7, count=500).assign(**change), DESIGN)


def test_a_missing_column_of_sales_is_named():
    with pytest.raises(MissingColumnError, match="size_m2"):
        draw_sales(sales(7, count=500).drop(columns="size_m2"), DESIGN)


def test_rings_that_do_not_ascend_are_refused():
    with pytest.raises(EstimationError, match="ascending"):
        RingDesign("price", edges_m=(0, 500, 250))
