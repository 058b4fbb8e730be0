"""Honest inference: published figures, the linear programme behind them, coverage, and what must not move it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame
from scipy.optimize import linprog
from staggered_worlds import DESIGN, staggered

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.did.aggregation import callaway_santanna
from buurteffect.estimate.did.imputed_outcomes import imputation
from buurteffect.estimate.did.saturated import sun_abraham
from buurteffect.estimate.robustness.honest import magnitudes as honest
from buurteffect.estimate.robustness.honest.magnitudes import (
    breakdown_value,
    relative_magnitudes,
    truncated_normal_quantile,
)
from buurteffect.estimate.robustness.honest.path import honest_path
from buurteffect.estimate.robustness.honest.smoothness_bounds import smoothness

GRID_STEP = 5e-4
"""The published ends are points of a grid of 1,000 over about .4, with critical values from 1,000 draws; ours are
sharpened ends with 20,000 draws, at most one step further out."""


@pytest.fixture(scope="module")
def medicaid() -> EffectEstimate:
    """Return the event study of the Medicaid example: states that expanded in 2014 against those that had not."""
    from moderndid.core.data import load_ehec

    frame = load_ehec().to_pandas().rename(columns={"stfips": "state", "yexp2": "cohort"})
    frame = frame[(frame["year"] < 2016) & (frame["cohort"] != 2015)]
    frame = frame.assign(cohort=frame["cohort"].where(frame["cohort"] == 2014))
    return sun_abraham(frame, Design("dins", "state", "year", "cohort", clusters=("state",)))


def study(before: list[float], after: list[float], error: float = 0.1) -> EffectEstimate:
    """Return an event study with independent effects."""
    effects = np.array([*before, 0.0, *after])
    events = np.arange(-len(before) - 1, len(after))
    errors = np.where(events == -1, 0.0, error)
    names = [f"event time {k}" for k in events]
    frame = effect_frame(names, effects, errors, units_count=9, treated_count=5, clusters_count=9, event_time=events)
    return EffectEstimate(frame, "made up", "made up", 9, 9, covariance=np.diag(errors**2))


def test_the_event_study_of_the_medicaid_example_is_the_published_one(medicaid):
    found = medicaid.event_times()
    published = [-0.00529, -0.01130, -0.00268, -0.00142, 0.00034, 0, 0.04645, 0.06921]
    assert found["estimate"].to_numpy() == pytest.approx(published, abs=6e-6)


@pytest.mark.parametrize(
    ("bound", "low", "high"),
    [(0.5, 0.0241, 0.0669), (1.0, 0.0171, 0.0720), (1.5, 0.0086, 0.0796), (2.0, -0.0011, 0.0883)],
)
def test_relative_magnitudes_of_the_medicaid_example_are_the_published_ones(medicaid, bound, low, high):
    row = relative_magnitudes(medicaid, (bound,), window=(0, 0)).row(bound=bound)
    assert row["ci_low"] == pytest.approx(low, abs=GRID_STEP)
    assert row["ci_high"] == pytest.approx(high, abs=GRID_STEP)


def test_smoothness_of_the_medicaid_example_is_the_published_one(medicaid):
    row = smoothness(medicaid, (0.01,), window=(0, 0)).row(bound=0.01)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((0.0132, 0.0787), abs=6e-5)


def test_the_breakdown_value_is_where_the_interval_meets_zero(medicaid):
    value = breakdown_value(medicaid, window=(0, 0))
    assert 1.9 < value < 2.0
    result = relative_magnitudes(medicaid, (value - 0.02, value + 0.02), window=(0, 0)).frame
    assert result["ci_low"].iloc[1] > 0 > result["ci_low"].iloc[2]
    assert result["estimate"].iloc[-1] == value


def test_the_breakdown_value_of_smoothness_is_where_its_interval_meets_zero(medicaid):
    bent = smoothness(medicaid, (), window=(0, 0)).frame["estimate"].iloc[-1]
    inside, outside = smoothness(medicaid, (bent * 0.98, bent * 1.02), window=(0, 0)).frame["ci_low"].iloc[1:3]
    assert inside > 0 > outside


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.0, 0.5, 0.5), (1 / 3, 1 / 3, 1 / 3)])
def test_the_vertices_give_what_the_linear_programme_gives(weights):
    generator = np.random.default_rng(1)
    root = generator.normal(size=(5, 5))
    path = honest_path(study([0.1, -0.2], [0.3, 0.2, 0.5]))
    path = replace(path, covariance=root @ root.T / 50, weights=np.array(weights))
    members = honest._members(path, 0.7, 0.05, honest._normals(path, 1))
    number = 0
    for step in path.before_steps:
        for sign in (1.0, -1.0):
            largest = np.tile(0.7 * sign * step, (3, 1))
            matrix = np.vstack([np.hstack([-largest, path.after_steps]), np.hstack([-largest, -path.after_steps])])
            errors = np.sqrt(np.diag(matrix @ path.covariance @ matrix.T))
            for effect in (-1.0, 0.0, 0.4):
                # Smallest η for which some path τ of effects with l'τ = θ has A(β − τ) ≤ η σ in every moment.
                found = linprog(
                    [1.0, 0, 0, 0],
                    A_ub=np.column_stack([-errors, -matrix[:, 2:]]),
                    b_ub=-matrix @ path.effects,
                    A_eq=[[0.0, *weights]],
                    b_eq=[effect],
                    bounds=[(None, None)] * 4,
                )
                values = members[number].level + effect * members[number].slope
                assert values.max() == pytest.approx(found.fun, abs=1e-9)
            number += 1


@pytest.mark.slow
def test_the_interval_covers_where_trends_break_as_much_as_allowed():
    generator = np.random.default_rng(2)
    break_before = np.array([0.3, 0.0, 0.0])
    drift = np.array([0.3, 0.6])
    error, kept = 0.1, []
    for _ in range(200):
        drawn = np.concatenate([break_before, drift]) + error * generator.normal(size=5)
        kept.append(breakdown_value(study(list(drawn[:3]), list(drawn[3:]), error)) <= 1.0)  # no effect is not rejected
    assert np.mean(kept) >= 0.93


def test_a_larger_bound_never_narrows_the_interval():
    result = relative_magnitudes(study([0.1, -0.1, 0.05], [0.8, 0.9]), (0, 0.25, 0.5, 1, 2)).frame
    inner = result.iloc[1:-1]
    assert inner["ci_low"].is_monotonic_decreasing and inner["ci_high"].is_monotonic_increasing
    assert (inner["ci_low"] < result["estimate"].iloc[0]).all()


def test_an_effect_that_is_not_there_breaks_down_at_once_and_a_certain_one_never():
    assert breakdown_value(study([0.1, -0.1], [0.05])) == 0.0
    assert breakdown_value(study([1e-9, -1e-9], [9.0], error=1e-4)) > 50


def test_units_of_measurement_do_not_move_a_breakdown_value():
    first, second = study([0.1, -0.1], [0.8, 0.9]), study([100, -100], [800, 900], error=100)
    assert breakdown_value(first) == pytest.approx(breakdown_value(second), abs=2e-4)
    narrow, wide = (relative_magnitudes(s, (1.0,)).row(bound=1.0) for s in (first, second))
    assert wide["ci_low"] == pytest.approx(1000 * narrow["ci_low"], rel=1e-6)


def test_an_effect_below_zero_is_treated_as_one_above():
    above, below = study([0.1, -0.1], [0.8, 0.9]), study([-0.1, 0.1], [-0.8, -0.9])
    first, second = (relative_magnitudes(s, (0.5,)).row(bound=0.5) for s in (above, below))
    assert first["ci_low"] == pytest.approx(-second["ci_high"], abs=3e-3)
    first, second = (smoothness(s, (0.05,)).row(bound=0.05) for s in (above, below))
    assert (first["ci_low"], first["ci_high"]) == pytest.approx((-second["ci_high"], -second["ci_low"]), rel=1e-4)


@pytest.mark.parametrize("estimator", [callaway_santanna, sun_abraham, imputation])
def test_any_event_study_with_a_base_can_be_asked(estimator):
    result = relative_magnitudes(estimator(staggered(), DESIGN), (0.5,), window=(0, 2), reach=(-4, 2))
    row = result.row(bound=0.5)
    assert row["ci_low"] < 0.4 < row["ci_high"]
    assert "mean of event times 0–2" in result.method
    pd.testing.assert_frame_equal(
        result.frame, relative_magnitudes(estimator(staggered(), DESIGN), (0.5,), (0, 2), (-4, 2)).frame
    )


def test_an_event_study_that_cannot_be_asked_is_refused():
    full = callaway_santanna(staggered(), DESIGN)
    with pytest.raises(EstimationError, match="covariance"):
        relative_magnitudes(replace(full, covariance=None))
    with pytest.raises(EstimationError, match="one base"):
        relative_magnitudes(callaway_santanna(staggered(), DESIGN, base="varying"))
    with pytest.raises(EstimationError, match="before the base"):
        relative_magnitudes(full, reach=(-1, 3))
    with pytest.raises(EstimationError, match="from 30 to 40"):
        relative_magnitudes(full, window=(30, 40))
    with pytest.raises(EstimationError, match="0 or more"):
        relative_magnitudes(full, (-1,))
    with pytest.raises(EstimationError, match="0 or more"):
        smoothness(full, (-1,))


def test_a_truncated_normal_is_right_in_its_far_tails():
    low, high = np.array([-1.0, 8.0, -40.0, 30.0]), np.array([1.0, 9.0, -38.0, np.inf])
    from scipy.stats import truncnorm

    expected = [truncnorm.ppf(0.9, a, b) for a, b in zip(low, high, strict=True)]
    np.testing.assert_allclose(truncated_normal_quantile(0.9, low, high), expected, rtol=1e-6)
