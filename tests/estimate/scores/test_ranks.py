"""Ranks: transitions, persistence and confidence sets."""

from __future__ import annotations

import numpy as np
import pytest
from estimate_worlds import simulate, waves_of
from scipy import integrate, stats

from buurteffect.errors import EstimationError
from buurteffect.estimate.inference.bootstrap import Bootstrap
from buurteffect.estimate.measurement.components import VarianceComponents
from buurteffect.estimate.scores.ranks import (
    AT_BOTTOM,
    group_at_bottom,
    persistence,
    rank_critical_value,
    rank_intervals,
    rank_transition,
    summarise_ranks,
)

QUICK = Bootstrap(draws=99)
STILL = VarianceComponents(0.10, 0.0, 0.06, 0.85, 0.02, 0.0, None)
FIVE = {2002: [1.0, 2.0, 3.0, 4.0, 5.0], 2008: [1.0, 4.0, 3.0, 2.0, 5.0], 2012: [5.0, 4.0, 3.0, 2.0, 1.0]}


def matrix(estimate) -> np.ndarray:
    cells = estimate.frame.query("measure == 'share of the row'")
    bins = cells["from_bin"].max()
    return cells["estimate"].to_numpy().reshape(bins, bins)


def test_a_transition_of_six_areas_by_hand():
    """Two bins of three: 4, 5, 6 stay above but for one that changes places with one from below."""
    waves = waves_of({2002: [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2008: [1.0, 2.0, 4.5, 3.0, 5.0, 6.0]})
    found = rank_transition(waves, 2002, 2008, bins=2, bootstrap=QUICK)
    np.testing.assert_allclose(matrix(found), [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])
    assert found.frame["units_count"].tolist() == [3, 3, 3, 3, 6]


def test_ranks_that_stay_are_a_unit_matrix_and_ranks_that_turn_its_mirror():
    waves = waves_of(FIVE)
    np.testing.assert_allclose(matrix(rank_transition(waves, 2002, 2012, 5, QUICK)), np.eye(5)[::-1])
    twice = waves_of({2002: FIVE[2002], 2008: [10 * score for score in FIVE[2002]]})
    found = rank_transition(twice, 2002, 2008, 5, QUICK)
    np.testing.assert_allclose(matrix(found), np.eye(5))
    assert found.row(measure="rank correlation")["estimate"] == pytest.approx(1.0)


def test_the_rank_correlation_is_scipys_also_with_ties():
    scores = np.random.default_rng(1).normal(4, 0.1, (80, 2)).round(1)
    found = rank_transition(waves_of({2002: scores[:, 0], 2008: scores[:, 1]}), 2002, 2008, 2, QUICK)
    expected = stats.spearmanr(scores[:, 0], scores[:, 1]).statistic
    assert found.row(measure="rank correlation")["estimate"] == pytest.approx(expected, rel=1e-12)


def test_rows_of_a_transition_add_to_one():
    found = rank_transition(simulate(STILL, 500, seed=1).waves, 2002, 2022, bootstrap=QUICK)
    np.testing.assert_allclose(matrix(found).sum(axis=1), 1.0)


def test_persistence_of_five_areas_by_hand():
    """The quantile 0.25 of five areas is the second lowest: 1, 2 in 2002; 1, 4 in 2008; 5, 4 in 2012."""
    found = persistence(waves_of(FIVE), 2002, tail=0.25, bootstrap=QUICK)
    assert found.frame[["to_year", "estimate"]].to_numpy().tolist() == [[2008, 0.5], [2012, 0.0]]
    assert found.frame["units_count"].tolist() == [2, 2]


def test_a_group_at_the_bottom_by_hand():
    """The lowest quarter of five areas are two. In 2002 a and b, in 2012 e and d; the group is a, d and e."""
    waves = waves_of({2002: FIVE[2002], 2012: FIVE[2012]})
    codes = list(waves.scores.index)
    found = group_at_bottom(waves, [codes[0], codes[3], codes[4], "elsewhere"], tail=0.25, bootstrap=QUICK)
    assert found.frame["measure"].tolist() == list(AT_BOTTOM)
    np.testing.assert_allclose(found.frame["estimate"], [1 / 3, 2 / 3, 2.0, 0.0, 0.0])
    assert found.frame["units_count"].tolist() == [3, 3, 3, 1, 1]
    assert dict(found.dropped)["areas of the group without both scores"] == 1


def test_a_group_drawn_by_lot_is_at_the_bottom_as_often_later():
    """The ratio of a random half of 3,000 areas is one: its error is about √(2(1 − .5)/150) = 0.08."""
    waves = simulate(STILL, 3000, seed=3).waves
    drawn = np.random.default_rng(4).permutation(waves.scores.index.to_numpy())[:1500]
    ratio = group_at_bottom(waves, drawn, bootstrap=QUICK).row(measure="ratio of the two")
    assert abs(ratio["estimate"] - 1) < 0.3
    assert ratio["ci_low"] < 1 < ratio["ci_high"]


@pytest.mark.parametrize("members", [[], ["first"], ["third", "fourth"]])
def test_a_group_that_is_not_at_the_bottom_at_first_has_no_ratio(members):
    waves = waves_of(FIVE)
    named = dict(zip(("first", "second", "third", "fourth"), waves.scores.index, strict=False))
    with pytest.raises(EstimationError, match="no ratio to take"):
        group_at_bottom(waves, [named[name] for name in members], tail=0.25, bootstrap=QUICK)


def test_persistence_is_the_corner_of_the_transition_matrix():
    waves = simulate(STILL, 500, seed=1).waves
    corner = rank_transition(waves, 2002, 2022, bootstrap=QUICK).row(from_bin=1, to_bin=1)
    found = persistence(waves, 2002, bootstrap=QUICK).row(to_year=2022)
    assert found[["estimate", "std_error", "ci_low"]].tolist() == corner[["estimate", "std_error", "ci_low"]].tolist()


def test_persistence_in_a_simulated_world_is_the_orthant_probability():
    """P(both in the lowest tenth)/0.1 for two normals; 3,000 areas: an error of √(p(1−p)/300) = 0.029, four 0.115."""
    covariance = STILL.covariance((2002, 2022))
    rho = covariance[0, 1] / covariance[0, 0]
    edge = stats.norm.ppf(0.1)
    truth = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([edge, edge]) / 0.1
    found = persistence(simulate(STILL, 3000, seed=2).waves, 2002, bootstrap=QUICK).row(to_year=2022)
    assert found["estimate"] == pytest.approx(truth, abs=0.115)
    assert found["ci_low"] < truth < found["ci_high"]


def test_ranks_dealt_anew_persist_as_often_as_the_tail_is_wide():
    generator = np.random.default_rng(5)
    waves = waves_of({year: generator.normal(4, 0.1, 2000) for year in (2002, 2008)})
    found = persistence(waves, 2002, bootstrap=Bootstrap(199)).row(to_year=2008)
    assert found["ci_low"] < 0.1 < found["ci_high"]


# --- confidence sets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("areas", [3, 50, 3300])
def test_the_critical_value_is_that_of_the_exact_integral(areas):
    """P(max|e_j − e_k| ≤ c√2) = ∫φ(x)[Φ(x + c√2) − Φ(x − c√2)]^(n−1)dx must be the confidence.

    100,000 draws: a binomial error of 0.0007 in the probability, four make 0.0028.
    """
    reach = np.sqrt(2) * rank_critical_value(areas, 0.95, seed=1, draws=100_000, joint=False)

    def density(x: float) -> float:
        return stats.norm.pdf(x) * (stats.norm.cdf(x + reach) - stats.norm.cdf(x - reach)) ** (areas - 1)

    assert integrate.quad(density, -9, 9, limit=200)[0] == pytest.approx(0.95, abs=0.0028)


def test_the_joint_critical_value_is_that_of_the_studentised_range():
    reach = np.sqrt(2) * rank_critical_value(20, 0.95, seed=1, draws=100_000, joint=True)
    assert stats.studentized_range.cdf(reach, 20, np.inf) == pytest.approx(0.95, abs=0.0028)


def test_rank_sets_of_five_areas_by_hand():
    """With a reach of 1.2 only areas two points apart are surely in order."""
    waves = waves_of(FIVE)
    noise = 1.2 / (np.sqrt(2) * rank_critical_value(5, 0.95, 1, 100_000, joint=False))
    found = rank_intervals(waves, 2002, noise).frame
    assert found["estimate"].tolist() == [5, 4, 3, 2, 1]
    assert found["ci_low"].tolist() == [4, 3, 2, 1, 1]
    assert found["ci_high"].tolist() == [5, 5, 4, 3, 2]


def test_without_noise_a_rank_set_is_the_rank():
    found = rank_intervals(waves_of(FIVE), 2008, 0.0).frame
    assert (found["ci_low"] == found["estimate"]).all()
    assert (found["ci_high"] == found["estimate"]).all()


def test_areas_that_tie_share_a_rank_and_a_set():
    found = rank_intervals(waves_of({2002: [1.0, 2.0, 2.0, 3.0], 2008: [1.0, 1.0, 1.0, 1.0]}), 2002, 0.0).frame
    assert found[["estimate", "ci_low", "ci_high"]].to_numpy().tolist() == [[4, 4, 4], [2, 2, 3], [2, 2, 3], [1, 1, 1]]


def test_a_summary_counts_who_is_surely_and_who_is_possibly_at_the_bottom():
    """Ten areas far apart but for the lowest three, which noise cannot tell apart; the tail holds two."""
    waves = waves_of({2002: [0.0, 0.1, 0.2, *np.arange(10.0, 80.0, 10.0)], 2008: np.arange(10.0)})
    found = summarise_ranks(rank_intervals(waves, 2002, 0.5), tail=0.2).frame.set_index("measure")["estimate"]
    assert found["areas in the bottom tail by rank"] == 2
    assert found["areas surely in the bottom tail"] == 0
    assert found["areas that cannot be excluded from the bottom tail"] == 3
    assert found["median width of the interval in ranks"] == 0
    wider = summarise_ranks(rank_intervals(waves, 2002, 0.5), tail=0.3).frame.set_index("measure")["estimate"]
    assert wider["areas surely in the bottom tail"] == 3


def covered(joint: bool, worlds: int) -> tuple[float, float]:
    """Return the share of areas, and of worlds as a whole, whose sets hold the true ranks."""
    generator = np.random.default_rng(3)
    truth = np.sort(generator.normal(4, 0.05, 40))
    each, whole = [], []
    for _ in range(worlds):
        scores = truth + generator.normal(0, 0.03, 40)
        found = rank_intervals(waves_of({2002: scores, 2008: scores}), 2002, 0.03, draws=20_000, joint=joint).frame
        ranks = np.arange(40, 0, -1)
        inside = (found["ci_low"] <= ranks) & (ranks <= found["ci_high"])
        each.append(inside.mean())
        whole.append(inside.all())
    return float(np.mean(each)), float(np.mean(whole))


@pytest.mark.slow
def test_rank_sets_hold_the_true_rank_at_least_as_often_as_they_say():
    assert covered(joint=False, worlds=60)[0] >= 0.95


@pytest.mark.slow
def test_joint_rank_sets_hold_all_true_ranks_at_once():
    """400 worlds: a binomial error of 1.1 points below 95%."""
    assert covered(joint=True, worlds=400)[1] >= 0.95 - 3 * 0.011


def test_sets_are_the_same_for_the_same_seed_and_said_to_be_marginal():
    waves = simulate(STILL, 200, seed=1).waves
    first, again = (rank_intervals(waves, 2022, 0.02, seed=7) for _ in range(2))
    assert first.frame.equals(again.frame)
    assert first.error_convention.startswith("95% marginal confidence sets")
    assert rank_intervals(waves, 2022, 0.02, joint=True).error_convention.startswith("95% joint")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda w: rank_transition(w, 2002, 2008, bins=1), "make no transition matrix"),
        (lambda w: rank_transition(w, 2002, 2008, bins=9), "9 bins of 5 areas"),
        (lambda w: rank_transition(w, 2008, 2002), "ascending order"),
        (lambda w: persistence(w, 2012), "2012 is the last wave"),
        (lambda w: persistence(w, 2002, tail=1.0), "tail must lie between 0 and 1"),
        (lambda w: rank_intervals(w, 2002, -0.1), "noise of 0 or more"),
        (lambda w: rank_intervals(w, 2002, 0.1, confidence=1.0), "confidence between 0 and 1"),
        (lambda w: summarise_ranks(rank_intervals(w, 2002, 0.1), tail=0.0), "tail must lie between 0 and 1"),
    ],
)
def test_a_ranking_that_makes_no_sense_is_refused(call, message):
    with pytest.raises(EstimationError, match=message):
        call(waves_of(FIVE))


def test_waves_that_share_no_area_have_no_persistence():
    waves = waves_of({2002: [1.0, 2.0, None, None], 2008: [None, None, 1.0, 2.0]})
    with pytest.raises(EstimationError, match="no area is scored in both"):
        persistence(waves, 2002)
    with pytest.raises(EstimationError, match="3 areas"):
        rank_intervals(waves, 2002, 0.01)
