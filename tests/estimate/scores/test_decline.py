"""Shares of decliners, the definitions of vulnerable areas, and noise.

Tolerances of the simulated recoveries: over 40 worlds of 4,000 areas with a noise SD of 0.03 the difference
between the corrected and the true share had a standard deviation of at most 0.018 in the cells below; the mean of
12 worlds then has an error of 0.0052, four of which are 0.021.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from estimate_worlds import YEARS, simulate, waves_of
from scipy import stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.measurement.noise import ScoreNoise, extrapolated_terms, purge
from buurteffect.estimate.measurement.waves import Waves
from buurteffect.estimate.scores.comparison import exceptional
from buurteffect.estimate.scores.decline import all_pairs, consecutive_pairs, decline_grid, share_declined
from buurteffect.estimate.scores.vulnerable import (
    BELOW_REFERENCE,
    DEFINITIONS,
    EVERY_AREA,
    IN_FOUR_LARGEST,
    LOWEST_10,
    LOWEST_20,
    LOWEST_20_OF_FOUR_LARGEST,
    LOWEST_30,
    PERSISTENTLY_LOW,
    vulnerable_areas,
)

QUICK = Bootstrap(draws=99)
SHORTEST = Bootstrap(draws=2)
TOLERANCE = 0.021
NOISY = VarianceComponents(0.10, 0.15, 0.06, 0.90, 0.03, 0.0, None)

# Changes of exactly −0.5, −0.25, 0, 0.25, 0.5 and 1.
SIX = {2002: [4.0, 4.0, 4.0, 4.0, 4.0, 4.0], 2008: [3.5, 3.75, 4.0, 4.25, 4.5, 5.0]}


@pytest.mark.parametrize(("cut", "share"), [(0.0, 2 / 6), (0.2, 2 / 6), (0.25, 1 / 6), (0.5, 0.0)])
def test_a_decline_is_strictly_more_than_the_cut(cut, share):
    found = share_declined(waves_of(SIX), 2002, 2008, cut=cut, bootstrap=QUICK)
    assert found.frame["estimate"].tolist() == [pytest.approx(share)]
    assert found.row(measure="raw share")["selected_on"] == "neither"


def test_only_areas_scored_in_both_waves_count():
    waves = waves_of(SIX | {2002: [4.0, 4.0, 4.0, 4.0, 4.0, None]})
    found = share_declined(waves, 2002, 2008, bootstrap=QUICK)
    assert found.frame["estimate"][0] == pytest.approx(2 / 5)
    assert found.frame["units_count"][0] == 5
    assert ("areas not scored in both 2002 and 2008", 1) in found.dropped


def eleven() -> Waves:
    """Eleven areas with scores 3.6 to 4.6 in 2002, turned around in 2008; the last six lie in a large city."""
    rising = [3.6 + 0.1 * place for place in range(11)]
    groups = ["other"] * 5 + ["four_largest"] * 6
    return waves_of({2002: rising, 2008: rising[::-1], 2012: rising}, groups=groups)


@pytest.mark.parametrize(
    ("definition", "class_year", "places"),
    [
        (EVERY_AREA, None, range(11)),
        (LOWEST_10, 2002, [0, 1]),
        (LOWEST_20, 2002, [0, 1, 2]),
        (LOWEST_20, 2008, [8, 9, 10]),
        (LOWEST_30, 2002, [0, 1, 2, 3]),
        (BELOW_REFERENCE, 2002, [0, 1, 2, 3, 4, 5]),
        (IN_FOUR_LARGEST, None, [5, 6, 7, 8, 9, 10]),
        (LOWEST_20_OF_FOUR_LARGEST, 2002, [5, 6]),
        (replace(PERSISTENTLY_LOW, lowest=0.5), None, [5]),
    ],
)
def test_a_definition_takes_the_areas_that_its_sentence_says(definition, class_year, places):
    chosen = replace(definition) if class_year else definition
    with_two = vulnerable_areas if len(places) > 1 else None
    if with_two is None:
        with pytest.raises(EstimationError, match="at least 2 clusters"):
            vulnerable_areas(eleven(), chosen, class_year)
        found = share_declined(eleven(), 2008, 2012, chosen, class_year, bootstrap=QUICK)
        assert found.frame["units_count"][0] == 1
        return
    codes = with_two(eleven(), chosen, class_year).scores.index.tolist()
    assert codes == [f"WK{place:06d}" for place in places]


def test_every_definition_has_a_name_and_a_sentence_of_its_own():
    assert len({d.name for d in DEFINITIONS}) == len({d.sentence for d in DEFINITIONS}) == 8
    assert all(d.sentence.endswith(".") for d in DEFINITIONS)


def test_the_reference_itself_is_not_below_the_reference():
    waves = waves_of({2002: [4.102265, 4.1, 4.1, 4.2], 2008: [4.0, 4.0, 4.2, 4.0]})
    found = share_declined(waves, 2002, 2008, BELOW_REFERENCE, 2002, bootstrap=QUICK)
    assert (found.frame["units_count"][0], found.frame["estimate"][0]) == (2, 0.5)


# --- noise -----------------------------------------------------------------------------------------------------

FOUR = {2002: [10.0, 20.0, 30.0, 40.0], 2008: [7.0, 19.0, 31.0, 43.0]}  # changes −3, −1, 1, 3
HALVING = ScoreNoise(np.sqrt(2.5))  # noise variance 5 of an observed 20/3: true changes are half as far apart


def test_the_corrected_shares_of_four_areas_by_hand():
    found = share_declined(waves_of(FOUR), 2002, 2008, cut=0.6, noise=HALVING, bootstrap=QUICK)
    shares = found.frame.set_index("measure")["estimate"]
    assert shares["raw share"] == 0.5  # −3 and −1
    assert shares["noise-corrected share"] == 0.25  # −1.5, and −0.5 no more
    assert shares["normal deconvolution"] == pytest.approx(stats.norm.cdf(-0.6 / np.sqrt(20 / 12)))


def test_without_noise_every_correction_is_the_raw_share():
    found = share_declined(waves_of(FOUR), 2002, 2008, cut=0.5, noise=ScoreNoise(0.0), bootstrap=QUICK)
    shares = found.frame.set_index("measure")["estimate"]
    assert shares["noise-corrected share"] == shares["extrapolated share"] == shares["raw share"] == 0.5


def test_changes_that_noise_alone_explains_have_no_corrected_share_but_a_reason():
    found = share_declined(waves_of(FOUR), 2002, 2008, noise=ScoreNoise(2.0), bootstrap=QUICK).frame
    corrected = found[found["measure"] != "raw share"]
    assert corrected[["estimate", "std_error", "ci_low", "ci_high"]].isna().all(axis=None)
    assert (corrected["reason"] == "the changes vary no more than the noise alone would make them").all()
    assert found.loc[0, ["estimate", "reason"]].tolist() == [0.5, ""]


def test_a_definition_that_holds_nobody_has_no_share_but_a_reason():
    waves = waves_of({2002: [4.2, 4.3, 4.4], 2008: [4.0, 4.0, 4.2]})
    found = share_declined(waves, 2002, 2008, BELOW_REFERENCE, 2002, noise=ScoreNoise(0.01), bootstrap=QUICK).frame
    assert found["estimate"].isna().all()
    assert found["units_count"].tolist() == [0] * 4
    assert found["reason"][0] == "no area is in"


def test_scores_that_do_not_vary_leave_the_raw_share_and_a_reason():
    found = share_declined(waves_of(SIX), 2002, 2008, LOWEST_20, 2002, noise=ScoreNoise(0.01), bootstrap=QUICK).frame
    assert found["estimate"][0] == pytest.approx(2 / 6)
    assert found["reason"][1] == "too few areas, or areas too alike, to tell noise from change"


@pytest.mark.parametrize(
    ("pair", "variance"),
    [((2008, 2012), 0.0002), ((2012, 2014), 0.0006), ((2002, 2022), 0.0006), ((2014, 2016), 0.0002)],
)
def test_a_break_counts_as_noise_only_for_pairs_that_straddle_it(pair, variance):
    assert ScoreNoise(0.01, 0.02, 2014).change_variance(*pair) == pytest.approx(variance)


def test_the_noise_of_a_change_hangs_together_with_the_scores_of_its_own_waves():
    shared = ScoreNoise(0.01, 0.02, 2014).change_covariance(2012, 2014, (2008, 2012, 2014, 2016))
    assert shared.tolist() == pytest.approx([0, -0.0001, 0.0001 + 0.0004, 0.0004])


def test_negative_noise_is_refused():
    with pytest.raises(EstimationError, match="0 or larger"):
        ScoreNoise(-0.01)


def test_purging_leaves_noise_that_the_classifying_score_does_not_predict():
    """Here a quarter of the variance of a score is noise.

    The slope of the noise left over on the classifying score has an error of 0.042/(0.058·√20000) = 0.005.
    """
    parts = VarianceComponents(0.04, 0.0, 0.03, 0.90, 0.03, 0.0, None)
    world = simulate(parts, 20000, seed=1, years=(2002, 2008))
    change = world.waves.column(2008) - world.waves.column(2002)
    purged, excess = purge(change, world.waves.columns((2002,)), ScoreNoise(0.03), (2002, 2008), (2002,))
    noise, start = purged - world.true_change(2002, 2008), world.waves.column(2002)
    assert np.polyfit(start, noise, 1)[0] == pytest.approx(0.0, abs=4 * 0.005)
    assert np.polyfit(start, change - world.true_change(2002, 2008), 1)[0] < -0.2
    # The variance that noise adds is right among the areas of one score: take both variances around their lines.
    true = world.true_change(2002, 2008)
    left = [np.var(v - np.polyval(np.polyfit(start, v, 1), start)) for v in (purged, true)]
    assert left[0] - left[1] == pytest.approx(excess, rel=0.05)  # two variances with errors of 1%


def recovery(definition, class_year, pair, worlds=12) -> dict[str, float]:
    """Return the mean difference of each measure from the true share in the same set of areas."""
    means = {year: 0.02 * place for place, year in enumerate(YEARS)}
    gaps = []
    for seed in range(worlds):
        world = simulate(NOISY, 4000, seed, means=means)
        found = share_declined(world.waves, *pair, definition, class_year, noise=ScoreNoise(0.03), bootstrap=SHORTEST)
        chosen = vulnerable_areas(world.waves, definition, class_year).scores.index
        truth = np.mean(world.true_change(*pair)[world.waves.scores.index.isin(chosen)] < 0)
        gaps.append(found.frame.set_index("measure")["estimate"] - truth)
    return (sum(gaps) / worlds).to_dict()


@pytest.mark.parametrize(
    ("definition", "class_year", "raw_is_off"),
    [
        (EVERY_AREA, None, True),
        (LOWEST_20, 2002, True),  # on a wave outside the pair
        (LOWEST_20, 2008, False),  # on the first wave: noise spreads the changes but also lifts them
        (LOWEST_20, 2012, True),  # on the second wave
        (PERSISTENTLY_LOW, None, True),  # on two waves, one of which is the first
    ],
)
def test_corrected_shares_recover_the_share_of_true_declines(definition, class_year, raw_is_off):
    gaps = recovery(definition, class_year, (2008, 2012))
    assert abs(gaps["noise-corrected share"]) < TOLERANCE
    assert abs(gaps["normal deconvolution"]) < TOLERANCE
    assert (abs(gaps["raw share"]) > TOLERANCE) == raw_is_off


def test_a_correction_that_forgot_the_luck_in_the_first_wave_would_be_caught(monkeypatch):
    def forget(change, _scores, noise, pair, _years):
        return change, noise.change_variance(*pair)

    monkeypatch.setattr("buurteffect.estimate.scores.decline.purge", forget)
    assert abs(recovery(LOWEST_20, 2008, (2008, 2012))["noise-corrected share"]) > TOLERANCE


def test_with_heavy_tails_the_extrapolated_share_is_nearest_and_the_normal_one_furthest():
    """Most areas hardly move and a few move much, as in the real scores. 30,000 areas: differences err by 0.003."""
    generator = np.random.default_rng(3)
    sd = np.where(generator.random(30000) < 0.8, 0.02, 0.09)
    change = 0.015 + sd * generator.standard_normal(30000)
    start = 4.1 + generator.normal(0, 0.12, 30000)
    noise = generator.normal(0, 0.012, (2, 30000))
    waves = waves_of({2002: start + noise[0], 2008: start + change + noise[1]})
    found = share_declined(waves, 2002, 2008, noise=ScoreNoise(0.012), bootstrap=SHORTEST)
    off = (found.frame.set_index("measure")["estimate"] - np.mean(change < 0)).abs()
    assert off["extrapolated share"] < off["noise-corrected share"] < off["raw share"] < off["normal deconvolution"]
    assert off["extrapolated share"] < off["raw share"] / 2


def test_extrapolation_from_added_noise_is_a_parabola_read_at_minus_one():
    """The reading for one area, done step by step with polyfit."""
    added = np.arange(0.25, 2.01, 0.25)
    curve = stats.norm.cdf((-0.01 + 0.02) / np.sqrt(added * 0.0004))
    expected = np.polyval(np.polyfit(added, curve, 2), -1.0)
    assert extrapolated_terms(np.asarray([-0.02]), 0.0004, np.asarray([0.01]))[0, 0] == pytest.approx(expected)


# --- the grid --------------------------------------------------------------------------------------------------


def test_the_grid_holds_every_cell_and_says_what_it_left_out():
    grid = decline_grid(eleven(), cuts=(0.0, 0.05), noise=ScoreNoise(0.01), bootstrap=QUICK)
    cells = grid.frame.groupby(["from_year", "definition"])["classify"].agg(lambda c: len(set(c)))
    assert cells[2002, "lowest_10"] == 1
    assert cells[2008, "lowest_10"] == 2
    assert cells[2008, "all"] == cells[2008, "persistently_low"] == 1
    assert ("definitions for 2002–2008: no wave before 2002", 5) in grid.dropped
    assert len(grid.frame) == ((3 + 5) + (3 + 10)) * 2 * 4


def test_a_group_that_the_panel_does_not_have_is_left_out_and_counted():
    grid = decline_grid(waves_of(SIX), cuts=(0.0,), bootstrap=QUICK)
    assert set(grid.frame["definition"]) == {d.name for d in DEFINITIONS if d.group == "all"}
    assert any("four_largest, four_largest_lowest_20" in reason and count == 2 for reason, count in grid.dropped)


@pytest.mark.parametrize(
    ("definition", "classify", "pair", "selected_on", "class_year"),
    [
        ("all", "no wave", (2008, 2012), "neither", 0),
        ("lowest_20", "first wave of the pair", (2008, 2012), "first", 2008),
        ("lowest_20", "wave before the pair", (2008, 2012), "neither", 2002),
        ("persistently_low", "two earliest waves", (2002, 2008), "first and second", 2008),
        ("persistently_low", "two earliest waves", (2008, 2012), "first", 2008),
    ],
)
def test_the_grid_says_which_waves_of_the_pair_select(definition, classify, pair, selected_on, class_year):
    grid = decline_grid(eleven(), cuts=(0.0,), bootstrap=QUICK)
    row = grid.row(definition=definition, classify=classify, from_year=pair[0])
    assert row[["selected_on", "class_year"]].tolist() == [selected_on, class_year]


def test_a_cell_of_the_grid_is_the_share_by_itself():
    noise = ScoreNoise(0.03)
    grid = decline_grid(eleven(), cuts=(0.02,), definitions=(LOWEST_30,), noise=noise, bootstrap=QUICK)
    alone = share_declined(eleven(), 2008, 2012, LOWEST_30, 2008, 0.02, noise, QUICK)
    same = grid.frame.query("from_year == 2008 and classify == 'first wave of the pair'").reset_index(drop=True)
    assert same.equals(alone.frame)


def test_pairs_are_consecutive_or_all():
    assert consecutive_pairs(eleven()) == ((2002, 2008), (2008, 2012))
    assert all_pairs(eleven()) == ((2002, 2008), (2002, 2012), (2008, 2012))


def test_a_world_without_change_declines_by_noise_alone():
    """Half of the areas fall; 2,000 areas: a binomial error of 0.011, four make 0.045. Nothing is left to correct."""
    still = VarianceComponents(0.10, 0.0, 0.0, 0.5, 0.02, 0.0, None)
    waves = simulate(still, 2000, seed=5).waves
    grid = decline_grid(waves, definitions=(EVERY_AREA,), cuts=(0.0,), noise=ScoreNoise(0.0205), bootstrap=QUICK).frame
    assert (grid.query("measure == 'raw share'")["estimate"] - 0.5).abs().max() < 0.045
    assert (grid.query("measure != 'raw share'")["reason"] != "").all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: decline_grid(w, classify=("last wave",)), "classify must be among"),
        (lambda w: decline_grid(w, cuts=(-0.1,)), "cuts must be 0 or larger"),
        (lambda w: decline_grid(w, pairs=[]), "at least one cell"),
        (lambda w: share_declined(w, 2008, 2002), "ascending order"),
        (lambda w: share_declined(w, 2002, 2008, LOWEST_10), "say in which wave"),
        (lambda w: share_declined(w, 2002, 2008, LOWEST_10, 1998), "1998 is not a wave"),
        (lambda w: share_declined(w, 2002, 2008, IN_FOUR_LARGEST), "no area is in group"),
    ],
)
def test_a_share_that_cannot_be_taken_is_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call(waves_of(SIX))


# --- comparison ------------------------------------------------------------------------------------------------


def five_pairs() -> Waves:
    """Four areas; 1, 2, 3, 0 and 2 of them fall from 2002 to 2008 and in the pairs after it."""
    return waves_of(
        {
            2002: [4.0, 4.0, 4.0, 4.0],
            2008: [3.9, 4.1, 4.1, 4.1],
            2012: [3.8, 4.0, 4.2, 4.2],
            2014: [3.7, 3.9, 4.1, 4.3],
            2016: [3.8, 4.0, 4.2, 4.4],
            2018: [3.7, 3.9, 4.3, 4.5],
        }
    )


@pytest.mark.parametrize(
    ("pair", "rank", "low", "high", "outside"),
    [((2012, 2014), 1, 0.0, 0.5, "above"), ((2008, 2012), 2, 0.0, 0.75, "no"), ((2014, 2016), 5, 0.25, 0.75, "below")],
)
def test_a_pair_is_ranked_among_the_consecutive_pairs(pair, rank, low, high, outside):
    waves = five_pairs()
    grid = decline_grid(waves, all_pairs(waves), (EVERY_AREA,), (0.0,), bootstrap=QUICK)
    found = exceptional(grid, pair).row(comparison="consecutive pairs of any length")
    assert found[["rank", "pairs_count", "others_low", "others_high", "outside"]].tolist() == [
        rank,
        5,
        low,
        high,
        outside,
    ]


def test_a_pair_is_compared_with_pairs_of_its_own_length_too():
    grid = decline_grid(five_pairs(), definitions=(EVERY_AREA,), cuts=(0.0,), bootstrap=QUICK)
    same = "consecutive pairs of the same length"
    found = exceptional(grid, (2012, 2014)).row(comparison=same)
    assert found[["rank", "pairs_count", "others_high"]].tolist() == [1, 3, 0.5]
    alone = exceptional(grid, (2008, 2012)).row(comparison=same)
    assert alone[["pairs_count", "outside"]].tolist() == [1, "unknown"]


@pytest.mark.parametrize("pair", [(2002, 2012), (2012, 2018)])
def test_a_pair_that_is_not_consecutive_cannot_be_compared(pair):
    grid = decline_grid(five_pairs(), definitions=(EVERY_AREA,), cuts=(0.0,), bootstrap=QUICK)
    with pytest.raises(EstimationError, match="one of two or more consecutive pairs"):
        exceptional(grid, pair)
