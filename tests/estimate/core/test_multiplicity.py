"""Adjusted p-values: those of Šidák where tests are independent, of a rectangle of the normal where they are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from buurteffect.errors import CallError, EstimationError
from buurteffect.estimate import inference
from buurteffect.estimate.core.multiplicity import benjamini_hochberg, romano_wolf, with_romano_wolf
from buurteffect.estimate.core.result import Estimate

OWN = [0.011, 0.02, 0.9, 0.03, 0.001]


def test_independent_tests_pay_as_by_sidak_step_down():
    by_hand = [1 - 0.989**4, 1 - 0.98**3, 0.9, 1 - 0.98**3, 1 - 0.999**5]
    found = romano_wolf(OWN, np.diag([1.0, 4.0, 9.0, 0.1, 2.0]))
    np.testing.assert_allclose(found, by_hand, atol=0.002)
    np.testing.assert_allclose(found, multipletests(OWN, method="holm-sidak")[1], atol=0.002)
    assert (found <= np.array([0.044, 0.06, 0.9, 0.06, 0.005]) + 5e-4).all(), "never more than by Holm (R: p.adjust)"


@pytest.mark.parametrize("correlation", [0.5, -0.8, 0.95])
def test_two_dependent_tests_pay_what_the_bivariate_normal_says(correlation):
    matrix = np.array([[1.0, correlation], [correlation, 1.0]])
    reach = stats.norm.isf(0.005)
    inside = stats.multivariate_normal([0, 0], matrix).cdf([reach, reach], lower_limit=[-reach, -reach])
    found = romano_wolf([0.3, 0.01], matrix * np.outer([3, 0.2], [3, 0.2]))
    np.testing.assert_allclose(found, [0.3, 1 - inside], atol=0.001)


def test_the_same_test_several_times_pays_nothing():
    np.testing.assert_allclose(romano_wolf([0.04] * 6, np.ones((6, 6))), 0.04, atol=0.002)


def test_the_chance_of_even_one_false_finding_is_as_promised():
    root = np.linalg.cholesky(0.4 + 0.6 * np.eye(8))
    drawn = np.random.default_rng(3).standard_normal((400, 8)) @ root.T
    least = [romano_wolf(2 * stats.norm.sf(np.abs(each)), root @ root.T, draws=2000).min() for each in drawn]
    assert 0.025 < np.mean(np.array(least) <= 0.05) < 0.085, "two and a half errors of a share of .05 among 400"
    assert np.mean(2 * stats.norm.sf(np.abs(drawn).max(axis=1)) <= 0.05) > 0.15, "unadjusted it is far more"


def test_order_and_gaps_do_not_matter():
    matrix = 0.3 + 0.7 * np.eye(4)
    whole = romano_wolf([0.2, 0.004, 0.03, 0.012], matrix)
    turned = [2, 0, 3, 1]
    np.testing.assert_allclose(
        romano_wolf([0.03, 0.2, 0.012, 0.004], matrix[np.ix_(turned, turned)]), whole[turned], atol=0.002
    )
    gap = romano_wolf([0.2, np.nan, 0.03, 0.012], matrix)
    np.testing.assert_array_equal(gap[[0, 2, 3]], romano_wolf([0.2, 0.03, 0.012], matrix[:3, :3]))
    assert np.isnan(gap[1])
    assert np.isnan(romano_wolf([np.nan], np.eye(1))).all()


def test_it_is_what_resampling_gives_on_regressions_of_several_outcomes():
    draws = np.random.default_rng(11)
    shared, x = draws.normal(size=400), draws.normal(size=400)
    outcomes = [slope * x + 0.8 * shared + 0.6 * draws.normal(size=400) for slope in (0.0, 0.1, 0.14, 0.12)]
    net = x - x.mean()
    slopes = [net @ y / (net @ net) for y in outcomes]
    scores = np.column_stack([net * (y - y.mean() - b * net) for y, b in zip(outcomes, slopes, strict=True)])
    errors = np.sqrt((scores**2).sum(axis=0))
    found = np.abs(slopes) * (net @ net) / errors
    drawn = np.abs(draws.choice([-1.0, 1.0], size=(9999, 400)) @ scores) / errors
    order, resampled = np.argsort(-found), np.empty(4)
    for place, test in enumerate(order):
        chance = (1 + (drawn[:, order[place:]].max(axis=1) >= found[test]).sum()) / 10_000
        resampled[test] = max(chance, resampled[order[place - 1]] if place else 0.0)
    adjusted = romano_wolf(2 * stats.norm.sf(found), scores.T @ scores)
    np.testing.assert_allclose(adjusted, resampled, atol=0.012)
    assert (adjusted > 1.1 * 2 * stats.norm.sf(found)).sum() == 3, "all but the last pay for the others"


def test_a_table_gets_it_as_a_remark_within_its_family():
    made = Estimate.of(
        ["a", "b", "c"], [0.3, 0.2, 0.0], np.diag([0.01, 0.01, 0.0]), method="", convention="", units_count=9,
        clusters_count=9,
    )  # fmt: skip
    whole = with_romano_wolf(made).frame["p_value_romano_wolf"]
    np.testing.assert_allclose(whole[:2], [1 - (1 - 0.0027) ** 2, 0.0455], atol=5e-4)
    assert np.isnan(whole[2]), "what is fixed by construction is not tested"
    alone = with_romano_wolf(made, [1]).frame["p_value_romano_wolf"]
    assert alone[1] == made.frame["p_value"][1]
    assert np.isnan(alone[0])
    assert not inference.with_romano_wolf(Estimate.of(["a"], [1], [1], method="", convention="", units_count=1,
                                                      clusters_count=1))  # fmt: skip


def test_benjamini_hochberg_is_that_of_r():
    np.testing.assert_allclose(benjamini_hochberg(OWN), [0.0275, 1 / 30, 0.9, 0.0375, 0.005], rtol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg(OWN), multipletests(OWN, method="fdr_bh")[1], rtol=1e-12)
    np.testing.assert_allclose(benjamini_hochberg([0.02, np.nan, 0.04]), [0.04, np.nan, 0.04])


def test_what_is_no_p_value_or_does_not_fit_is_a_mistake_in_the_call():
    with pytest.raises(CallError, match=r"between 0 and 1"):
        benjamini_hochberg([0.2, 1.2])
    with pytest.raises(CallError, match="2 by 2"):
        inference.romano_wolf([0.2, 0.3], np.eye(3))
    with pytest.raises(EstimationError, match="each with a variance"):
        romano_wolf([0.2, 0.3], np.diag([1.0, 0.0]))
