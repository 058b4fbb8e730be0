"""Fieller's interval of a ratio."""

import numpy as np
import pytest

from buurteffect.estimate.core.intervals import fieller_ratio


@pytest.mark.slow
def test_fieller_interval_covers_the_ratio() -> None:
    draw, matrix = np.random.default_rng(2), np.array([[0.04, 0.01], [0.01, 0.02]])
    pairs = draw.multivariate_normal([0.5, 1.0], matrix, 2000)
    found = [fieller_ratio(a, b, matrix) for a, b in pairs]
    held = [not each.bounded or each.ci_low <= 0.5 <= each.ci_high for each in found]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_ratio_to_what_may_be_zero_has_no_interval() -> None:
    found = fieller_ratio(0.5, 0.1, np.diag([0.01, 0.01]))
    assert not found.bounded
    assert np.isnan(found.ci_low)


def test_fieller_meets_the_delta_method_where_the_denominator_is_sharp() -> None:
    found = fieller_ratio(1.0, 100.0, np.diag([0.01, 1e-6]))
    assert found.ci_high - found.estimate == pytest.approx(1.96 * 0.1 / 100, rel=1e-3)


def test_the_interval_ends_where_a_test_no_longer_rejects() -> None:
    matrix = np.array([[0.04, 0.01], [0.01, 0.09]])
    found = fieller_ratio(1.0, 2.0, matrix)
    assert found.estimate == 0.5
    for end in (found.ci_low, found.ci_high):
        gap, spread = 1.0 - end * 2.0, np.array([1.0, -end])
        assert abs(gap) / np.sqrt(spread @ matrix @ spread) == pytest.approx(1.959964, abs=1e-5)
