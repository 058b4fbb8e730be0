"""The gap between groups, and regression to the mean."""

from __future__ import annotations

import numpy as np
import pytest
from estimate_worlds import simulate, waves_of
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.scores.gap import expected_regression, gap_by_class_year, split_wave_gap

QUICK = Bootstrap(draws=199)
STILL = VarianceComponents(0.10, 0.0, 0.06, 0.85, 0.03, 0.0, None)
NOISE_ONLY = VarianceComponents(0.10, 0.0, 0.0, 0.5, 0.06, 0.0, None)
SHRINKING = VarianceComponents(0.12, 0.25, 0.06, 0.85, 0.03, 0.0, None)

# With six areas a tail of 0.2 takes the two lowest and the two highest; 2008 turns the order of 2002 around.
SIX = {
    2002: [1.0, 2.0, 3.0, 4.0, 5.0, 7.0],
    2008: [6.0, 5.0, 4.0, 3.0, 2.0, 1.0],
    2012: [1.0, 1.0, 1.0, None, 2.0, 2.0],
}


def test_gaps_of_six_areas_by_hand():
    gaps = gap_by_class_year(waves_of(SIX), 2002, 2008, tail=0.2, bootstrap=QUICK)
    early = {y: gaps.row(class_year=2002, measure="gap", from_year=y)["estimate"] for y in SIX}
    late = {y: gaps.row(class_year=2008, measure="gap", from_year=y)["estimate"] for y in SIX}
    assert early == pytest.approx({2002: 4.5, 2008: -4.0, 2012: 1.0})
    assert late == pytest.approx({2002: -4.5, 2008: 4.0, 2012: -1.0})
    assert gaps.row(class_year=2002, measure="change")["estimate"] == pytest.approx(-8.5)
    assert gaps.row(class_year=2008, measure="change")["estimate"] == pytest.approx(8.5)


def test_the_path_of_a_gap_uses_group_members_scored_in_each_wave():
    scores = SIX | {2012: [None, 1.0, 1.0, 1.0, 2.0, 4.0]}
    gaps = gap_by_class_year(waves_of(scores), 2002, 2008, tail=0.2, bootstrap=QUICK)
    later = gaps.row(class_year=2002, measure="gap", from_year=2012)
    assert later["estimate"] == pytest.approx(3.0 - 1.0)
    assert later["units_count"] == 3
    ranked_in_2012 = gaps.row(class_year=2012, measure="gap", from_year=2012)
    assert ranked_in_2012["units_count"] == 3 + 1  # of five areas, three tie on the lowest score


def test_a_split_wave_gap_is_measured_in_the_two_waves_after():
    gaps = split_wave_gap(waves_of(SIX), tail=0.2, bootstrap=QUICK)
    assert gaps.frame[["class_year", "from_year", "to_year"]].to_numpy().tolist() == [
        [2002, 2008, 2008],
        [2002, 2012, 2012],
        [2002, 2008, 2012],
    ]
    # Scored in all three: five areas with 1, 2, 3, 5, 7 in 2002; quantiles 1.8 and 5.4: one area at each end.
    assert gaps.frame["estimate"].tolist() == pytest.approx([1.0 - 6.0, 2.0 - 1.0, 6.0])


def test_a_still_world_shows_narrowing_or_widening_gaps_by_class_year_alone():
    """Nothing changes in this world; the sign comes from the class year, and regression explains all of it."""
    waves = simulate(STILL, 3000, seed=2).waves
    gaps = gap_by_class_year(waves, 2002, 2022, bootstrap=QUICK)
    assert gaps.row(class_year=2002, measure="change")["ci_high"] < 0
    assert gaps.row(class_year=2022, measure="change")["ci_low"] > 0
    expected = expected_regression(waves, STILL, 2002, 2022, bootstrap=QUICK)
    for year in (2002, 2012, 2022):
        left = expected.row(class_year=year, measure="observed minus expected with constant spread")
        assert left["ci_low"] < 0 < left["ci_high"]


def test_a_shrinking_world_is_left_over_after_regression_to_the_mean():
    waves = simulate(SHRINKING, 3000, seed=2).waves
    found = expected_regression(waves, SHRINKING, 2002, 2022, bootstrap=QUICK)
    for year in (2002, 2022):
        left = found.row(class_year=year, measure="observed minus expected with constant spread")
        assert left["ci_high"] < 0
        observed = found.row(class_year=year, measure="observed change")
        fitted = found.row(class_year=year, measure="expected, fitted covariances")["estimate"]
        assert fitted == pytest.approx(observed["estimate"], abs=4 * observed["std_error"])


def test_the_expected_gap_is_that_of_a_truncated_normal():
    """E[y − μ | y < q] = −σφ(z)/Φ(z); the gap at c is twice that, and its error here about 0.3%, four make 1.2%."""
    waves = simulate(STILL, 20000, seed=4, years=(2002, 2022)).waves
    sd = float(np.sqrt(STILL.covariance((2002,))[0, 0]))
    gap = 2 * sd * stats.norm.pdf(stats.norm.ppf(0.1)) / 0.1
    shared = 0.10**2 + 0.06**2 * 0.85**20
    found = expected_regression(waves, STILL, 2002, 2022, bootstrap=Bootstrap(draws=2))
    expected = found.row(class_year=2002, measure="expected, spread as in the class wave")["estimate"]
    assert expected == pytest.approx((shared / sd**2 - 1) * gap, rel=0.012)


def test_a_split_wave_gap_is_still_where_noise_is_all_that_moves():
    waves = simulate(NOISE_ONLY, 3000, seed=6).waves
    assert gap_by_class_year(waves, 2002, 2022, bootstrap=QUICK).row(class_year=2002, measure="change")["ci_high"] < 0
    changes = split_wave_gap(waves, bootstrap=QUICK).frame.query("measure == 'change'")
    outside = (changes["ci_low"] > 0) | (changes["ci_high"] < 0)
    assert outside.sum() <= 2  # of 7 intervals at 95%, three or more would miss 0 in 0.4% of worlds


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: gap_by_class_year(w, 2002, 2008, tail=0.6), "tail must be above 0 and at most 0.5"),
        (lambda w: gap_by_class_year(w, 2008, 2002), "ascending order"),
        (lambda w: split_wave_gap(w), "three waves are needed"),
        (lambda w: expected_regression(w, STILL, 2002, 2012), "2012 is not a wave"),
    ],
)
def test_a_gap_that_cannot_be_taken_is_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call(waves_of({year: SIX[year] for year in (2002, 2008)}))


def test_waves_that_share_no_area_have_no_gap():
    with pytest.raises(EstimationError, match="no area is scored in all of"):
        gap_by_class_year(waves_of({2002: [1.0, 2.0, None, None], 2008: [None, None, 1.0, 2.0]}), 2002, 2008)
