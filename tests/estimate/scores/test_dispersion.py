"""Level, spread and trend of the scores.

Tolerance of the hand calculations: rounding only.
"""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from estimate_worlds import YEARS, simulate, waves_of

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.scores.dispersion import dispersion_by_wave, dispersion_change, mean_by_wave
from buurteffect.estimate.scores.trend import trend_break

QUICK = Bootstrap(draws=199)
STILL = VarianceComponents(0.10, 0.0, 0.06, 0.85, 0.02, 0.0, None)
SHRINKING = VarianceComponents(0.12, 0.25, 0.06, 0.85, 0.02, 0.0, None)
FIVE = {2002: [1.0, 2.0, 3.0, 4.0, 10.0], 2008: [2.0, 2.0, 3.0, None, 5.0]}


def test_mean_and_spread_of_five_areas_by_hand():
    waves = waves_of(FIVE)
    assert mean_by_wave(waves, bootstrap=QUICK).frame["estimate"].tolist() == [4.0, 3.0]
    spread = dispersion_by_wave(waves, noise_sd=1.0, bootstrap=QUICK)
    first = {measure: spread.row(year=2002, measure=measure)["estimate"] for measure in spread.frame["measure"]}
    assert first == pytest.approx(
        {"sd": np.sqrt(50 / 4), "q90_q10": 7.6 - 1.4, "q75_q25": 2.0, "sd_noise_corrected": np.sqrt(50 / 4 - 1)}
    )
    assert spread.row(year=2008, measure="q90_q10")["estimate"] == pytest.approx(4.4 - 2.0)


def test_a_wave_counts_only_the_areas_scored_in_it():
    spread = dispersion_by_wave(waves_of(FIVE), bootstrap=QUICK)
    assert spread.row(year=2008, measure="sd")[["units_count", "clusters_count"]].tolist() == [4, 4]
    assert ("areas not scored in 2008", 1) in spread.dropped


def test_noise_larger_than_the_spread_leaves_no_spread():
    spread = dispersion_by_wave(waves_of(FIVE), noise_sd=9.0, bootstrap=QUICK)
    assert (spread.frame.query("measure == 'sd_noise_corrected'")["estimate"] == 0).all()


def test_change_of_spread_by_hand_over_both_sets_of_areas():
    change = dispersion_change(waves_of(FIVE), 2002, 2008, bootstrap=QUICK)
    each = change.row(sample="areas scored in each wave", measure="q90_q10")
    both = change.row(sample="areas scored in both waves", measure="q90_q10")
    assert each["estimate"] == pytest.approx(2.4 - 6.2)
    assert both["estimate"] == pytest.approx(2.4 - (7.9 - 1.3))  # 1, 2, 3, 10: Q10 = 1.3, Q90 = 7.9
    assert (each["units_count"], both["units_count"]) == (5, 4)


def test_groups_are_estimated_on_their_own_areas():
    waves = waves_of(FIVE, groups=["four_largest", "four_largest", "other", "other", "other"])
    means = mean_by_wave(waves, bootstrap=QUICK)
    assert means.row(group="four_largest", year=2002)["estimate"] == 1.5
    assert means.row(group="other", year=2008)["estimate"] == 4.0
    assert set(means.frame["group"]) == {"all", "four_largest", "other"}
    assert set(mean_by_wave(waves, ["other"], QUICK).frame["group"]) == {"other"}
    assert "too narrow" in means.error_convention


def test_spread_that_does_not_change_is_not_found_to_change():
    change = dispersion_change(simulate(STILL, 1000, seed=3).waves, 2002, 2022, noise_sd=0.02, bootstrap=QUICK)
    assert ((change.frame["ci_low"] < 0) & (change.frame["ci_high"] > 0)).all()


def test_a_planted_fall_of_the_spread_is_recovered():
    """The SD of n normal scores has an error of SD/√(2n): 0.0024 in each wave for 1,500; 4 of both make 0.0133."""
    years = (2002, 2022)
    change = dispersion_change(simulate(SHRINKING, 1500, seed=3).waves, *years, noise_sd=0.02, bootstrap=QUICK)
    before, after = np.sqrt(np.diag(SHRINKING.covariance(years)))
    found = change.row(sample="areas scored in both waves", measure="sd")
    assert found["estimate"] == pytest.approx(after - before, abs=0.0133)
    assert found["ci_high"] < 0
    before, after = np.sqrt(np.diag(SHRINKING.covariance(years)) - 0.02**2)
    corrected = change.row(sample="areas scored in both waves", measure="sd_noise_corrected")
    assert corrected["estimate"] == pytest.approx(after - before, abs=0.0133)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: dispersion_by_wave(w, noise_sd=-0.1), "noise SD must be 0 or larger"),
        (lambda w: dispersion_change(w, 2008, 2002), "ascending order"),
        (lambda w: dispersion_change(w, 2002, 2003), "2003 is not a wave"),
        (lambda w: mean_by_wave(w, ["new_towns"]), "no area is in group"),
        (lambda w: trend_break(w, 2002, 2008, 2012), "2012 is not a wave"),
    ],
)
def test_a_question_that_the_waves_cannot_answer_is_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call(waves_of(FIVE))


def test_slopes_through_three_waves_by_hand():
    """Means 4.0, 4.1 and 4.05 in 2002, 2012 and 2014: 0.1 and −0.25 per decade."""
    scores = {2002: [3.9, 4.1, 4.0], 2012: [4.1, 4.1, 4.1], 2014: [4.0, 4.1, 4.05]}
    found = trend_break(waves_of(scores), bootstrap=QUICK).frame.set_index("measure")["estimate"]
    assert found.to_dict() == pytest.approx({"slope before": 0.1, "slope after": -0.25, "break": -0.35})


def test_a_trend_uses_only_areas_scored_in_every_wave_of_its_window():
    scores = {2002: [3.9, 4.1, 9.0], 2012: [4.1, 4.1, None], 2014: [4.0, 4.1, 4.05]}
    found = trend_break(waves_of(scores), bootstrap=QUICK)
    assert found.row(measure="slope before")["estimate"] == pytest.approx(0.1)
    assert ("areas not scored in every one of these waves", 1) in found.dropped


def bent(before: float, after: float) -> dict[int, float]:
    """Means that rise by `before` and then `after` a decade, with the bend in 2012."""
    return {year: (before if year <= 2012 else after) * (year - 2012) / 10 for year in YEARS}


@pytest.mark.parametrize(("before", "after"), [(0.03, -0.05), (0.03, 0.03)])
def test_a_planted_break_of_the_trend_is_recovered_and_none_where_there_is_none(before, after):
    """The break's own standard error is the yardstick: within 4 of them, and 0 inside the interval for none."""
    world = simulate(STILL, 2000, seed=8, means=bent(before, after))
    found = trend_break(world.waves, bootstrap=QUICK).row(measure="break")
    assert found["estimate"] == pytest.approx(after - before, abs=4 * found["std_error"])
    assert (found["ci_low"] < 0 < found["ci_high"]) == (before == after)


def test_the_break_and_its_error_are_those_of_a_clustered_regression():
    """statsmodels' clustered errors against 999 draws: 8%, as in test_estimate_bootstrap."""
    waves = simulate(STILL, 1500, seed=9, years=(2002, 2008, 2012, 2014)).waves
    found = trend_break(waves, bootstrap=Bootstrap(999)).row(measure="break")
    years = np.tile(np.asarray(waves.years, dtype=float), waves.units_count)
    decades = (years - 2012) / 10
    design = np.column_stack([np.ones_like(decades), decades, np.maximum(decades, 0)])
    groups = np.repeat(np.unique(waves.labels, return_inverse=True)[1], len(waves.years))
    fitted = sm.OLS(waves.values.ravel(), design).fit(cov_type="cluster", cov_kwds={"groups": groups})
    assert found["estimate"] == pytest.approx(fitted.params[2], rel=1e-9)
    assert found["std_error"] == pytest.approx(fitted.bse[2], rel=0.08)
