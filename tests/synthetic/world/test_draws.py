"""The draws of the synthetic country: as good as random, and belonging to a thing and a year."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from buurteffect.synthetic.world.draws import Draws, Purpose, pair_identity

MANY = 200_000


@pytest.mark.parametrize("seed", [0, 1, 2, -5, 2**63])
def test_uniform_draws_are_uniform(seed):
    numbers = Draws(seed).uniform(2000, Purpose.EXIT, np.arange(MANY))
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    assert numbers.min() > 0
    assert numbers.max() < 1


def test_normal_draws_are_standard_normal():
    numbers = Draws(1).normal(2000, Purpose.EXIT, np.arange(MANY))
    assert stats.kstest(numbers, "norm").pvalue > 1e-4


def test_gumbel_draws_are_gumbel():
    numbers = Draws(1).gumbel(2000, Purpose.EXIT, np.arange(MANY))
    assert stats.kstest(numbers, "gumbel_r").pvalue > 1e-4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1, 2000, Purpose.EXIT, 0), (1, 2001, Purpose.EXIT, 0)),
        ((1, 2000, Purpose.EXIT, 0), (2, 2000, Purpose.EXIT, 0)),
        ((1, 2000, Purpose.EXIT, 0), (1, 2000, Purpose.SALE, 0)),
        ((1, 2000, Purpose.EXIT, 0), (1, 2000, Purpose.EXIT, 1)),
        ((1, 2000, Purpose.EXIT, 0), (1, 2000, Purpose.EXIT, 64)),
        ((1, 2000, Purpose.EXIT, 0), (1, 2001, Purpose(Purpose.EXIT - 1), 0)),
    ],
    ids=["year", "seed", "purpose", "neighbour", "next block", "year and purpose"],
)
def test_draws_of_neighbouring_keys_are_independent(one, other):
    first, second = (Draws(s).uniform(y, p, np.arange(MANY) + shift) for s, y, p, shift in (one, other))
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(MANY)
    cells, *_ = np.histogram2d(first, second, bins=16, range=[[0, 1], [0, 1]])
    assert stats.chisquare(cells.ravel()).pvalue > 1e-4


def test_no_identity_draws_the_same_in_every_year():
    numbers = np.array([Draws(1).normal(year, Purpose.EXIT, np.arange(500)) for year in range(400)])
    assert np.abs(numbers.mean(axis=0)).max() < 5 / np.sqrt(400)
    assert np.abs(numbers.std(axis=0) - 1).max() < 0.25


def test_every_bit_is_as_often_one_as_zero():
    bits = Draws(1).bits(2000, Purpose.EXIT, np.arange(MANY))
    ones = [float(((bits >> np.uint64(place)) & np.uint64(1)).mean()) for place in range(64)]
    assert np.abs(np.array(ones) - 0.5).max() < 5 * 0.5 / np.sqrt(MANY)


def test_a_draw_does_not_depend_on_what_else_is_drawn():
    draws = Draws(9)
    all_of_them = draws.uniform(2000, Purpose.EXIT, np.arange(100_000))
    some = np.array([99_999, 5, 40_000])
    assert (draws.uniform(2000, Purpose.EXIT, some) == all_of_them[some]).all()
    assert (draws.uniform(2000, Purpose.EXIT, some.reshape(3, 1)).ravel() == all_of_them[some]).all()


def test_pairs_have_identities_of_their_own():
    first, second = np.meshgrid(np.arange(500), np.arange(500), indexing="ij")
    identities = pair_identity(first, second)
    assert len(np.unique(identities)) == identities.size
    numbers = Draws(1).uniform(2000, Purpose.FORCED_CHOICE, identities)
    assert np.abs(numbers.mean(axis=0) - 0.5).max() < 5 * np.sqrt(1 / 12 / 500)
    assert np.abs(numbers.mean(axis=1) - 0.5).max() < 5 * np.sqrt(1 / 12 / 500)


def test_no_two_purposes_share_a_number():
    assert len({int(purpose) for purpose in Purpose}) == len(Purpose.__members__)
