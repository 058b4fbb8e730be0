"""Honest inference: published figures, the linear programme behind them, coverage, and what must not move it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from diff_diff.honest_did import _compute_optimal_flci
from effect_worlds import effect_frame
from scipy.optimize import linprog
from staggered_worlds import DESIGN, staggered

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import robustness
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.intervals import critical_value, interval
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
from buurteffect.estimate.robustness.honest.smoothness_bounds import _Shortest, smoothness

GRID_STEP = 5e-4
"""The published ends are points of a grid of 1,000 over about .4, with critical values from 1,000 draws; ours are
sharpened ends with exact critical values, at most one step further out."""

ENDS = ["ci_low", "ci_high"]


@pytest.fixture(scope="module")
def medicaid() -> EffectEstimate:
    """Return the event study of the Medicaid example, with the normal quantiles of the published intervals."""
    from moderndid.core.data import load_ehec

    frame = load_ehec().to_pandas().rename(columns={"stfips": "state", "yexp2": "cohort"})
    frame = frame[(frame["year"] < 2016) & (frame["cohort"] != 2015)]
    frame = frame.assign(cohort=frame["cohort"].where(frame["cohort"] == 2014))
    return replace(sun_abraham(frame, Design("dins", "state", "year", "cohort", clusters=("state",))), degrees=np.inf)


def study(
    before: list[float], after: list[float], error: float = 0.1, times: list[int] | None = None
) -> EffectEstimate:
    """Return an event study with independent effects; times, if given, hold the base -1."""
    effects = np.array([*before, 0.0, *after])
    events = np.arange(-len(before) - 1, len(after)) if times is None else np.array(times)
    errors = np.where(events == -1, 0.0, error)
    names = [f"event time {k}" for k in events]
    frame = effect_frame(names, effects, errors, units_count=9, treated_count=5, clusters_count=9, event_time=events)
    return EffectEstimate(frame, "made up", "made up", 9, 9, covariance=np.diag(errors**2))


def shrinking() -> EffectEstimate:
    """Return an event study whose last two effects move together: the test alone rejects more at M̄ = 1 than at .3."""
    root = np.zeros((5, 5))
    root[[0, 2, 3, 4, 4], [0, 2, 3, 3, 4]] = [0.006, 0.02, 0.02, 0.02, 0.001]
    return replace(study([-0.012], [0.1, 0.18, 0.18]), covariance=root @ root.T)


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
    assert result["estimate"].iloc[-1] == pytest.approx(value, abs=1e-5)


def test_the_breakdown_value_of_smoothness_is_where_its_interval_meets_zero(medicaid):
    bent = smoothness(medicaid, (), window=(0, 0)).frame["estimate"].iloc[-1]
    inside, outside = smoothness(medicaid, (bent * 0.9999, bent * 1.0001), window=(0, 0)).frame["ci_low"].iloc[1:3]
    assert inside > 0 > outside


@pytest.mark.parametrize("bound", [0.0, 0.002, 0.01, 0.05])
def test_the_fixed_length_interval_is_as_short_as_the_library_s(medicaid, bound):
    path = honest_path(medicaid, (0, 1))
    library = _compute_optimal_flci(path.before, path.after, path.covariance, path.weights, 5, 2, bound)
    found = _Shortest(path).interval(bound)
    assert found.high - found.low <= (library[1] - library[0]) * (1 + 1e-9)
    assert (found.low, found.high) == pytest.approx(library, abs=2e-5)


def test_the_estimate_under_smoothness_is_the_centre_and_without_bends_the_effect_less_the_straight_line():
    # Independent effects .1 and .1 at -3 and -2, base -1, effect .5 at 0. With v on the first and u on the second,
    # 2v + u = 1 takes out any line; the variance v² + u² + 1 is least at v = .4, u = .2: .5 + .04 + .02, error √1.2.
    row = smoothness(study([0.1, 0.1], [0.5]), (0.0,)).row(bound=0.0)
    assert (row["estimate"], row["std_error"]) == pytest.approx((0.56, 0.1 * np.sqrt(1.2)))
    assert row[ENDS].tolist() == pytest.approx(interval(0.56, 0.1 * np.sqrt(1.2)))


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.0, 0.5, 0.5), (1 / 3, 1 / 3, 1 / 3)])
def test_the_vertices_give_what_the_linear_programme_gives(weights):
    generator = np.random.default_rng(1)
    root = generator.normal(size=(5, 5))
    path = honest_path(study([0.1, -0.2], [0.3, 0.2, 0.5]))
    path = replace(path, covariance=root @ root.T / 50, weights=np.array(weights))
    members = honest._members(path, 0.7)
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


def test_the_critical_value_is_that_of_the_largest_of_normal_variables():
    along = np.array([[1.0, 0.0], [-1.0, 0.0]])  # one variable and its negative: two-sided
    assert honest._largest_quantile(along, 0.005) == pytest.approx(critical_value(0.005), rel=1e-6)
    along = np.array([[2.0, 0.0]])
    assert honest._largest_quantile(along, 0.005) == pytest.approx(2 * critical_value(0.01), rel=1e-6)
    drawn = np.random.default_rng(3).standard_normal((400_000, 2))
    along = np.array([[1.0, 0.3], [-1.0, 0.3], [0.0, 0.9], [0.0, 0.2]])
    share = ((drawn @ along.T).max(axis=1) > honest._largest_quantile(along, 0.05)).mean()
    assert share == pytest.approx(0.05, abs=0.0015)


@pytest.mark.parametrize(
    "made",
    [
        study([0.1, -0.1, 0.05], [0.8, 0.9]),
        shrinking(),
        study([3.0, -1.0], [0.5, -0.5], 0.3),
    ],
)
@pytest.mark.parametrize("method", [relative_magnitudes, smoothness])
def test_intervals_are_nested_and_hold_their_estimates(made, method):
    inner = method(made, (0, 0.05, 0.1, 0.25, 0.5, 1, 2)).frame.iloc[:-1]
    bounded = inner.iloc[1:]
    assert bounded["ci_low"].is_monotonic_decreasing and bounded["ci_high"].is_monotonic_increasing
    assert inner["estimate"].between(inner["ci_low"], inner["ci_high"]).all()


def test_an_interval_that_would_shrink_as_the_bound_grows_is_kept():
    made = shrinking()
    alone = [honest._interval(honest_path(made, (1, 1)), bound) for bound in (0.3, 0.5, 1.0)]
    assert alone[0].low < alone[1].low < alone[2].low
    together = relative_magnitudes(made, (1.0, 0.3, 0.5), (1, 1)).frame.iloc[1:-1]
    assert together["ci_low"].tolist()[::2] == pytest.approx([alone[0].low] * 2, abs=1e-3)
    assert together["ci_low"].tolist()[1] <= alone[0].low
    assert relative_magnitudes(made, (1.0,), (1, 1)).row(bound=1.0)["ci_low"] == pytest.approx(alone[0].low, abs=1e-3)


@pytest.mark.parametrize("bound", [0.5, 1.0, 1.5, 2.0])
def test_the_union_with_smaller_bounds_adds_nothing_in_the_medicaid_example(medicaid, bound):
    alone = honest._interval(honest_path(medicaid, (0, 0)), bound)
    row = relative_magnitudes(medicaid, (bound,), window=(0, 0)).row(bound=bound)
    assert row[ENDS].tolist() == [alone.low, alone.high]


@pytest.mark.parametrize("degrees", [2.6, 10.0, np.inf])
@pytest.mark.parametrize("window", [(0, 0), (0, 2), (1, 2)])
def test_with_no_violation_allowed_the_interval_is_that_of_t(degrees, window):
    made = replace(study([0.1, -0.1], [0.3, 0.5, 0.4]), degrees=degrees)
    frame = relative_magnitudes(made, (0.0,), window).frame
    rows = frame[ENDS].to_numpy()
    size = window[1] - window[0] + 1
    expected = interval(np.mean([0.3, 0.5, 0.4][window[0] : window[1] + 1]), 0.1 / np.sqrt(size), degrees)
    assert rows[0] == pytest.approx(expected)
    assert rows[1] == pytest.approx(expected, abs=1e-6)
    row = smoothness(made, (0.0,), window).row(bound=0.0)
    assert row[ENDS].tolist() == pytest.approx(interval(row["estimate"], row["std_error"], degrees))


def test_the_verdict_of_the_breakdown_value_is_that_of_the_t_interval():
    made = study([0.1, -0.1], [0.25])  # 2.5 errors from 0: beyond 1.96, within the 4.30 of two degrees
    assert breakdown_value(made) > 0
    few = relative_magnitudes(replace(made, degrees=2.0), (0.5,))
    assert few.row(term="breakdown value")["estimate"] == 0
    assert few.degrees == 2.0
    assert "t with 2.0 degrees" in few.method


def test_a_breakdown_value_close_to_zero_is_not_zero():
    made = study([0.1, -0.1], [0.1 * critical_value() * 1.0001])
    table = relative_magnitudes(made, (0.0,))
    assert 0 < table.row(term="breakdown value")["estimate"] < 0.005
    assert table.row(bound=0.0)["ci_low"] > 0


@pytest.mark.parametrize(("per", "reach"), [("unit of time", 0.3), ("published figure", 0.2)])
def test_breaks_count_per_unit_of_time_unless_figures_are_counted(per, reach):
    # One step of two years before the base, in which trends break by .2, and one of three years after it.
    made = study([-0.2], [1.0], 1e-6, [-3, -1, 2])
    row = relative_magnitudes(made, (1.0,), per=per).row(bound=1.0)
    assert row[ENDS].tolist() == pytest.approx([1 - reach, 1 + reach], abs=1e-5)


@pytest.mark.parametrize(("per", "line", "reach"), [("unit of time", 0.3, 0.75), ("published figure", 0.2, 0.1)])
def test_bends_count_per_unit_of_time_unless_figures_are_counted(per, line, reach):
    # A slope of .1 a year goes on for three years, or one of .2 a step for one; a bend of .1 a year over half of two
    # and three years changes the slope by .25, and that makes .75 in three; a bend of .1 a step makes .1 in one.
    made = study([-0.2], [1.0], 1e-6, [-3, -1, 2])
    row = smoothness(made, (0.1,), per=per).row(bound=0.1)
    assert row["estimate"] == pytest.approx(1 - line)
    assert row[ENDS].tolist() == pytest.approx([1 - line - reach, 1 - line + reach], abs=1e-5)


def test_a_step_left_out_moves_no_bound_on_breaks_where_trends_are_straight():
    whole, gap = study([-0.2, -0.1], [0.9, 1.0], 1e-6), study([-0.2, -0.1], [1.0], 1e-6, [-3, -2, -1, 1])
    rows = [relative_magnitudes(each, (0.5,), (1, 1)).row(bound=0.5)[ENDS].tolist() for each in (whole, gap)]
    assert rows[0] == pytest.approx([0.9, 1.1], abs=1e-5)
    assert rows[1] == pytest.approx(rows[0], abs=1e-5)


def test_steps_of_unequal_years_are_refused_unless_figures_are_counted():
    made = study([0.1, -0.1], [0.3, 0.5])
    uneven = replace(made, frame=made.frame.assign(years_since_start=[-9.0, -6.0, -2.0, 0.0, 2.0]))
    even = replace(made, frame=made.frame.assign(years_since_start=[-5.0, -3.0, -1.0, 1.0, 3.0]))
    for method in (relative_magnitudes, smoothness):
        with pytest.raises(EstimationError, match=r"2\.0 to 4\.0 years apart.*per='published figure'"):
            method(uneven, (0.5,))
        with pytest.raises(CallError, match="per must be"):
            method(made, (0.5,), per="year")
        counted = method(uneven, (0.5,), per="published figure")
        assert "one published figure, whatever the time between" in counted.method
        pd.testing.assert_frame_equal(counted.frame, method(even, (0.5,)).frame)


def test_a_covariance_that_leaves_no_error_is_refused():
    made = study([0.1, 0.2], [0.3])
    spread = np.outer([2.0, 1.0, 0.0, -1.0], [2.0, 1.0, 0.0, -1.0]) + np.diag([1e-22, 1e-22, 0, 1e-22])
    with pytest.raises(EstimationError, match="fewer clusters than event times"):
        smoothness(replace(made, covariance=spread), (0.1,))


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
    assert first["ci_low"] == pytest.approx(-second["ci_high"], rel=1e-9)
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


PLAIN = {"coefficients": [0.1, 0.9], "covariance": [[0.04, 0.0], [0.0, 0.09]], "event_times": [-2, 0]}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"event_times": [-2.5, 0]}, "event times must be whole numbers, found -2.5, 0"),
        ({"event_times": [-2, -1]}, "the effect at the reference -1 must be 0, found 0.9"),
        ({"covariance": [[0.04, 0.01], [0.03, 0.09]]}, "a covariance is symmetric"),
        ({"covariance": [[0.04, 0.07], [0.07, 0.09]]}, "has no negative eigenvalue"),
        ({"covariance": [[-0.04, 0.0], [0.0, 0.09]]}, "has no negative eigenvalue"),
        ({"degrees": 0}, "degrees of freedom must be above 0, found 0"),
        ({"degrees": np.nan}, "degrees of freedom must be above 0, found nan"),
    ],
)
def test_an_outside_event_study_is_taken_as_it_is_or_refused(changed, told):
    with pytest.raises(CallError, match=told):
        robustness.event_study(**(PLAIN | changed))


@pytest.mark.parametrize("restriction", ["relative magnitudes", "smoothness"])
def test_bounds_are_finite_and_one_bound_needs_no_list(restriction):
    study = robustness.event_study(**PLAIN)
    for bound in (np.inf, np.nan, -1.0):
        refused = robustness.honest_did(study, [0.5, bound], restriction=restriction)
        assert not refused and f"is 0 or more and finite, found {bound:g}" in refused.reason
    one, listed = (robustness.honest_did(study, bound, restriction=restriction).frame for bound in (0.5, [0.5]))
    pd.testing.assert_frame_equal(one, listed)


@pytest.mark.parametrize("restriction", ["relative magnitudes", "smoothness"])
def test_a_path_without_an_effect_after_treatment_is_refused_in_plain_words(restriction):
    study = robustness.event_study([0.1, 0.2], np.eye(2), [-3, -2])
    refused = robustness.honest_did(study, [0.5], restriction=restriction)
    assert not refused and "before the base -1 and from 0 on; there are -3, -2, -1" in refused.reason


@pytest.mark.parametrize("degrees", [1, 2, 3, np.inf])
@pytest.mark.parametrize("times", [[-2, 0], [-3, -2, 0, 1], [-6, -4, -3, 0, 3, 5]])
def test_straight_lines_by_hand_and_intervals_turn_with_the_sign(times, degrees):
    draw = np.random.default_rng(len(times))
    root = draw.normal(size=(len(times), len(times) + 3)) / 5
    points, matrix = draw.normal(size=len(times)), root @ root.T
    early, late = np.array(times) < 0, np.array(times) >= 0
    line = np.array(times) + 1.0
    weights = late / late.sum()
    # Best unbiased under any line: weights before the base that cancel it, at the smallest variance.
    inner = np.block([[matrix[np.ix_(early, early)], line[early][:, None]], [line[early][None, :], np.zeros((1, 1))]])
    own = np.linalg.solve(inner, np.append(-(matrix @ weights)[early], -weights @ line))[:-1]
    whole = weights + np.append(own, np.zeros(late.sum()))
    half = critical_value(0.05, degrees) * np.sqrt(whole @ matrix @ whole)
    for sign in (1, -1):
        study = robustness.event_study(sign * points, matrix, times, degrees=degrees)
        row = smoothness(study, [0.0]).frame.iloc[1]
        assert row["estimate"] == pytest.approx(sign * whole @ points)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((row["estimate"] - half, row["estimate"] + half))
    ends = [
        relative_magnitudes(robustness.event_study(sign * points, matrix, times, degrees=degrees), [0.5, 1.0]).frame
        for sign in (1, -1)
    ]
    np.testing.assert_allclose(ends[0]["ci_low"].iloc[1:3], -ends[1]["ci_high"].iloc[1:3], atol=1e-6, rtol=1e-6)
    assert ends[0]["estimate"].iloc[-1] == pytest.approx(ends[1]["estimate"].iloc[-1], rel=1e-5)
