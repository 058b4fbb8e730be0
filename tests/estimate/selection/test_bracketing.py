"""The bracket: the union of two intervals by hand, and the truth inside it whichever of the two designs is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from staggered_worlds import DESIGN as STAGGERED
from staggered_worlds import staggered

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import selection
from buurteffect.estimate.core.design import AT_RISK, Design
from buurteffect.estimate.core.result import Estimate
from buurteffect.estimate.did.aggregation import callaway_santanna, late_effect
from buurteffect.estimate.selection.bracketing import BRACKET, EQUAL, GIVEN, PLAIN, bracket, bracket_of

DESIGN = Design("y", "area", covariates=("level",), comparison=AT_RISK, clusters=("town",))
WINDOW = (2, 5)


def made(point: float, error: float, degrees: float = np.inf, units: int = 50):
    """Return an estimate of one row."""
    return Estimate.of(
        ["effect"], [point], [error], method="m", convention="c", units_count=units, treated_count=9,
        clusters_count=10, degrees=degrees,
    )  # fmt: skip


def chosen(seed: int, on_level: bool, effect: float = 0.5) -> pd.DataFrame:
    """Return 2,000 areas with a lasting and a passing part, the lowest eighth treated in 2004.

    They are chosen for their level of 2003, all of which is known, or for the lasting part of it alone.
    """
    generator, size = np.random.default_rng(seed), 2000
    lasting = generator.normal(size=size)
    y = lasting[:, None] + generator.normal(size=(size, 10))
    looked_at = y[:, 3] if on_level else lasting
    cohort = np.where(looked_at < np.quantile(looked_at, 0.125), 2004.0, np.nan)
    y[np.isfinite(cohort), 4:] += effect
    frame = pd.DataFrame({"area": np.repeat(np.arange(size), 10), "year": np.tile(np.arange(2000, 2010), size)})
    frame["town"], frame["cohort_year"], frame["y"] = frame["area"] % 40, cohort[frame["area"]], y.ravel()
    return frame.assign(level=frame["y"])


def test_the_bracket_of_two_intervals_by_hand():
    table = bracket_of({"one": made(0.2, 0.02, 4, units=50), "two": made(0.1, 0.05, 3, units=40)})
    low, high = 0.1 - stats.t.ppf(0.975, 3) * 0.05, 0.2 + stats.t.ppf(0.975, 4) * 0.02
    low = min(low, 0.2 - stats.t.ppf(0.975, 4) * 0.02)
    high = max(high, 0.1 + stats.t.ppf(0.975, 3) * 0.05)
    row = table.frame.iloc[0]
    assert table.frame["term"].tolist() == [BRACKET, "one", "two"]
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((low, high))
    assert (row["bound_low"], row["bound_high"], row["estimate"]) == pytest.approx((0.1, 0.2, 0.15))
    assert np.isnan(row["std_error"])
    assert row["units_count"] == 40
    assert table.degrees == 3
    own = (stats.t.ppf(0.975, 3) + stats.t.ppf(0.8, 3)) * 0.05
    assert row["minimum_detectable_effect"] == pytest.approx(0.1 + own)


@pytest.mark.parametrize(
    ("first", "second"), [(0.3, 0.2), (-0.3, -0.2), (0.3, -0.3), (0.3, 0.01), (0.01, -0.01), (0.0, 0.3)]
)
def test_the_p_value_is_below_alpha_exactly_where_the_interval_leaves_out_zero(first, second):
    row = bracket_of({"one": made(first, 0.05, 6), "two": made(second, 0.05, 6)}).frame.iloc[0]
    assert (row["p_value"] < 0.05) == (row["ci_low"] > 0 or row["ci_high"] < 0)
    assert row["ci_low"] <= row["bound_low"] <= row["estimate"] <= row["bound_high"] <= row["ci_high"]


@pytest.mark.parametrize("effect", [0.0, 0.5])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_effect_is_the_upper_bound_under_parallel_trends_and_the_lower_one_given_what_was_known(seed, effect):
    parallel = bracket(chosen(seed, on_level=False, effect=effect), DESIGN, WINDOW)
    known = bracket(chosen(seed, on_level=True, effect=effect), DESIGN, WINDOW)
    right = ((parallel, PLAIN, GIVEN), (known, GIVEN, PLAIN))
    for table, holds, fails in right:
        assert table.row(term=holds)["estimate"] == pytest.approx(effect, abs=0.2)
        assert abs(table.row(term=fails)["estimate"] - effect) > 0.5
        assert table.frame["ci_low"].iloc[0] <= effect <= table.frame["ci_high"].iloc[0]
    assert parallel.row(term=GIVEN)["estimate"] < effect < known.row(term=PLAIN)["estimate"]


def test_the_designs_are_the_headline_and_the_same_without_covariates_on_the_same_rows():
    frame = chosen(4, on_level=True)
    frame.loc[frame["area"] % 7 == 0, "level"] = np.nan
    table = bracket(frame, DESIGN, WINDOW)
    given = late_effect(frame, DESIGN, WINDOW)
    plain = late_effect(frame[frame["level"].notna()], replace(DESIGN, covariates=()), WINDOW)
    for term, alone in ((GIVEN, given), (PLAIN, plain)):
        names = ["estimate", "std_error", "ci_low", "ci_high", "units_count"]
        assert table.row(term=term)[names].tolist() == alone.frame.iloc[0][names].tolist()
    assert table.degrees == given.degrees == plain.degrees


def test_as_much_selection_again_is_the_distance_once_more():
    table = bracket(chosen(5, on_level=False), DESIGN, WINDOW, equal_selection=True)
    plain, given, equal = (table.row(term=term) for term in (PLAIN, GIVEN, EQUAL))
    assert given["estimate"] - equal["estimate"] == pytest.approx(plain["estimate"] - given["estimate"])
    assert equal["std_error"] == given["std_error"]
    narrow = bracket(chosen(5, on_level=False), DESIGN, WINDOW).frame.iloc[0]
    wide = table.frame.iloc[0]
    assert wide["ci_low"] < narrow["ci_low"]
    assert wide["ci_high"] == narrow["ci_high"]


def test_what_cannot_be_bracketed_is_refused():
    frame = chosen(6, on_level=True)
    without = selection.bracket(frame, replace(DESIGN, covariates=()), WINDOW)
    assert not without
    assert "one design only" in without.reason
    assert "40" in selection.bracket(frame, DESIGN, (40, 50)).reason
    with pytest.raises(CallError, match="two designs or more, found 1"):
        bracket_of({"one": made(0.2, 0.1)})
    with pytest.raises(EstimationError, match="two: one wave"):
        bracket_of({"one": made(0.2, 0.1), "two": Estimate.refused("one wave")})
    with pytest.raises(EstimationError, match="no interval was estimated for two"):
        bracket_of({"one": made(0.2, 0.1), "two": made(0.2, np.nan)})


@pytest.mark.parametrize("comparison", [AT_RISK, "not_yet_treated"])
def test_the_late_effect_is_the_window_of_the_whole_aggregate(comparison):
    design = replace(STAGGERED, covariates=("x",), comparison=comparison)
    frame = staggered(seed=7, size=240, noise=0.3)
    late = late_effect(frame, design, (1, 3))
    whole = callaway_santanna(frame, design, approach="reg", window=(1, 3), draws=1)
    row = whole.frame[whole.frame["term"].str.startswith("window")].iloc[0]
    for name in ("estimate", "std_error", "ci_low", "ci_high", "treated_count"):
        assert late.frame[name].iloc[0] == pytest.approx(row[name], rel=1e-12)
    assert late.degrees == whole.degrees
