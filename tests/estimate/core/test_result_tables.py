"""Parts of an estimate: rows go with their covariance, and refusals are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from effect_worlds import effect_frame

from buurteffect.errors import EstimationError
from buurteffect.estimate.core.design import Design
from buurteffect.estimate.core.result import EffectEstimate
from buurteffect.estimate.core.result_tables import select, stack
from buurteffect.estimate.did.group_time_effects import group_time
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.robustness.placebo import never_treated_cohorts


@pytest.fixture
def path() -> EffectEstimate:
    """Return three effects that hang together."""
    covariance = np.array([[1.0, 0.2, 0.3], [0.2, 4.0, 0.6], [0.3, 0.6, 9.0]])
    frame = effect_frame(
        ["a", "b", "c"], [0.0, 1.0, 2.0], [1.0, 2.0, 3.0], units_count=9, treated_count=[1, 1, 2], clusters_count=4,
        event_time=[0, np.nan, 2],
    )  # fmt: skip
    return EffectEstimate(frame, "", "", 9, 4, covariance=covariance)


def staggered(outcome: str) -> pd.DataFrame:
    """Return sixty units of which fifteen are treated in year 3, with an outcome that nothing but treatment moves."""
    units, years = np.repeat(np.arange(60), 5), np.tile(np.arange(1, 6), 60)
    given = np.random.default_rng(0).normal(size=60)[units]
    frame = pd.DataFrame({"area_code": units, "year": years, "gemeente_code": units % 6, "x": given})
    frame["cohort_year"] = np.where(units < 15, 3.0, np.nan)
    moved = (frame["year"] >= frame["cohort_year"]).astype(float)
    return frame.assign(y=moved + (given * years if outcome == "fitted" else 0.0))


def test_selected_rows_keep_their_covariance(path):
    part = select(path, treated_count=1)
    assert part.frame["term"].tolist() == ["a", "b"]
    np.testing.assert_array_equal(part.covariance, path.covariance[:2, :2])
    assert select(path, event_time=2).covariance.tolist() == [[9.0]]


def test_stacked_estimates_claim_no_covariance_that_is_not_known(path):
    assert len(stack({"one": path, "other": path}).frame) == 6
    assert stack({"one": path, "other": path}).covariance is None


def test_the_same_year_twice_has_the_same_noise():
    parts = VarianceComponents(0.1, 0.0, 0.0, 0.9, 0.2, 0.0, None)
    np.testing.assert_allclose(parts.covariance((2002, 2002)), np.full((2, 2), 0.05))


@pytest.mark.parametrize("outcome", ["constant", "fitted"])
@pytest.mark.parametrize("approach", ["reg", "dr"])
def test_changes_that_are_constant_or_fitted_without_error_are_no_obstacle(outcome, approach):
    cells = group_time(staggered(outcome), Design("y", covariates=("x",)), approach).cells
    np.testing.assert_allclose(cells["estimate"], [0, 0, 1, 1, 1], atol=1e-9)


def test_placebo_cohorts_refuse_a_window_that_nobody_is_seen_in():
    with pytest.raises(EstimationError, match="choose another window"):
        never_treated_cohorts(staggered("constant"), Design("y"), (8, 9), draws=5)


def test_a_refusal_names_the_times_as_the_panel_does():
    frame = staggered("constant").rename(columns={"year": "step"})
    with pytest.raises(EstimationError, match="in step 1 to 2"):
        group_time(
            frame[frame["step"] < 3].assign(cohort_year=lambda f: f["cohort_year"] - 2), Design("y", time="step")
        )
