"""Panels in which units are not seen at every time: what each estimator compares, and that it says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from staggered_worlds import BY_AREA, staggered, two_by_two

from buurteffect.estimate import did
from buurteffect.estimate.core.design import AT_RISK

SEEN = "units not seen both at a time and at the base it is compared with, counted once per cohort and time"


def with_holes(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a panel without every eleventh row or so."""
    return frame[(frame["area"] * 7 + frame["year"] * 3) % 11 != 0].reset_index(drop=True)


def three_times() -> pd.DataFrame:
    """Return three treated and three untreated areas in three years; one treated and two others have a hole."""
    frame, _ = two_by_two()
    third = frame[frame["year"] == 2001].assign(year=2002)
    whole = pd.concat([frame, third], ignore_index=True)
    holes = {(0, 2001), (3, 2000), (4, 2002)}
    return whole[[pair not in holes for pair in zip(whole["area"], whole["year"], strict=True)]]


@pytest.mark.parametrize("comparison", ["not_yet_treated", AT_RISK])
def test_group_time_effects_compare_units_seen_twice_and_count_the_others(comparison):
    design = replace(BY_AREA, comparison=comparison)
    effects = did.group_time(three_times(), design, approach="reg")
    cells = effects.cells.set_index("time")
    # 2001: areas 1 and 2 rise by 3 and 2.5, of the others 4 and 5 by .2 and 1; 2002: 0, 1, 2 by 2, 3, 2.5, and 5 by 1.
    assert cells.loc[2001, "estimate"] == pytest.approx(2.75 - 0.6, abs=1e-12)
    assert cells.loc[2002, "estimate"] == pytest.approx(2.5 - 1, abs=1e-12)
    assert cells.loc[[2001, 2002], ["treated_count", "others_count"]].to_numpy().tolist() == [[2, 2], [3, 1]]
    assert dict(effects.dropped)[SEEN] == 4  # areas 0 and 3 in 2001, areas 3 and 4 in 2002
    found = did.aggregate(effects)
    assert (SEEN, 4) in found.dropped
    assert (
        found.method.startswith("Callaway & Sant'Anna") and "3 of its 6 × 3 rows lacking: each cohort" in found.method
    )


@pytest.mark.parametrize(
    "estimator",
    [
        did.callaway_santanna,
        did.imputation,
        did.two_stage,
        did.sun_abraham,
        did.extended_twfe,
        did.local_projections,
        lambda frame, design: did.stacked(frame, design, before=2, after=2),
        lambda frame, design: did.continuous_dose(
            frame.assign(size=1.0 + frame["area"] % 3), replace(design, dose="size")
        ),
    ],
)
def test_every_estimator_says_that_its_panel_is_not_balanced(estimator):
    whole = staggered(seed=3, size=60)
    assert "unbalanced panel" not in estimator(whole, BY_AREA).method
    holes = with_holes(whole)
    made = estimator(holes, BY_AREA)
    assert f"unbalanced panel, {len(whole) - len(holes)} of its 60 × 10 rows lacking" in made.method


def dummies(frame: pd.DataFrame, names: list[str]) -> np.ndarray:
    """Return one column per value of some columns."""
    return np.column_stack([pd.get_dummies(frame[name]).to_numpy(dtype=float) for name in names])


def by_imputation(frame: pd.DataFrame) -> float:
    """Return the mean gap of treated rows to units and years fitted on untreated ones, by least squares."""
    now, both = (frame["year"] >= frame["cohort"]).to_numpy(), dummies(frame, ["area", "year"])
    fitted = np.linalg.lstsq(both[~now], frame["y"].to_numpy()[~now], rcond=None)[0]
    return float((frame["y"].to_numpy() - both @ fitted)[now].mean())


def by_one_regression(frame: pd.DataFrame) -> float:
    """Return the mean over treated rows of one term per cohort and year beside units and years, by least squares."""
    now = frame["year"] >= frame["cohort"]
    cells = pd.get_dummies((frame["cohort"] * 10_000 + frame["year"])[now]).reindex(frame.index, fill_value=False)
    columns = np.column_stack([cells.to_numpy(dtype=float), dummies(frame, ["area", "year"])])
    found = np.linalg.lstsq(columns, frame["y"].to_numpy(), rcond=None)[0][: cells.shape[1]]
    return float(cells.to_numpy(dtype=float)[now.to_numpy()].mean(axis=0) @ found)


def test_extended_two_way_averages_are_those_of_imputation_in_a_balanced_panel_only():
    whole = staggered(seed=4, size=40, noise=1.0)
    figures = [did.imputation(whole, BY_AREA), did.two_stage(whole, BY_AREA), did.extended_twfe(whole, BY_AREA)]
    first = by_imputation(whole)
    np.testing.assert_allclose([each.frame["estimate"].iloc[0] for each in figures], first, atol=1e-10)
    assert by_one_regression(whole) == pytest.approx(first, abs=1e-10)

    holes = with_holes(whole)
    imputed, one = by_imputation(holes), by_one_regression(holes)
    assert did.imputation(holes, BY_AREA).frame["estimate"].iloc[0] == pytest.approx(imputed, abs=1e-10)
    assert did.two_stage(holes, BY_AREA).frame["estimate"].iloc[0] == pytest.approx(imputed, abs=1e-10)
    assert did.extended_twfe(holes, BY_AREA).frame["estimate"].iloc[0] == pytest.approx(one, abs=1e-10)
    assert abs(imputed - one) > 1e-3
