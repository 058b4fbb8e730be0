"""Random numbers that belong to a thing and a year, so that two worlds share every draw that the policy leaves alone.

A draw is a hash of (seed, year, purpose, identity). It does not depend on what was drawn before it, on how many
things there are or on the order in which they are asked for, and hence not on the number of processes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

_MASK = (1 << 64) - 1
_GOLDEN, _FIRST, _SECOND = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_LATE = 0xD6E8FEB86659FD93  # not a multiple of the step between identities, or one of them would always draw zero
_BLOCK = 1 << 15  # identities hashed at a time: what the processor's cache holds


class Purpose(IntEnum):
    """What a draw is for. A number, once given, is never given to another purpose."""

    MAP = 1
    PUBLISHED_DWELLINGS = 2
    PERMANENT_SCORE = 3
    SCORE_SHOCK_GEMEENTE = 4
    SCORE_SHOCK_WIJK = 5
    SCORE_SHOCK_BUURT = 6
    SCORE_NOISE = 7
    SCORE_STEP = 8
    PRICE = 9
    SOCIAL_SHARE = 10
    TENURE = 11
    BUILT = 12
    PERMANENT_INCOME = 13
    INCOME_SHOCK = 14
    AGE = 15
    ORIGIN = 16
    DISSOLUTION = 17
    EXIT = 18
    SEARCH_AREA = 19
    SEEKER_RANK = 20
    DWELLING_RANK = 21
    SEEKER_KIN = 22
    DWELLING_KIN = 23
    FORCED_RETURN = 24
    FORCED_CHOICE = 25
    FORCED_ORDER = 26
    SALE = 27
    ASSIGNMENT = 28
    CAPACITY = 29
    DOSE = 30
    DEMOLITION_ORDER = 31
    REPLACEMENT = 32


def mix(bits: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Scramble 64-bit words in place: the finaliser of splitmix64 (doi 10.1145/2660193.2660195)."""
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        bits ^= bits >> np.uint64(shift)
        bits *= np.uint64(factor)
    bits ^= bits >> np.uint64(31)
    return bits


def _scramble(word: int) -> int:
    """Do to one Python integer what `mix` does to an array."""
    for shift, factor in ((30, _FIRST), (27, _SECOND)):
        word = ((word ^ (word >> shift)) * factor) & _MASK
    return word ^ (word >> 31)


def pair_identity(first: ArrayLike, second: ArrayLike) -> NDArray[np.uint64]:
    """Return one identity for each pair of non-negative identities, broadcast; (a, b) and (b, a) differ."""
    scrambled = mix(np.array(first, dtype=np.uint64, ndmin=1) * np.uint64(_GOLDEN))
    joined: NDArray[np.uint64] = scrambled + np.asarray(second, dtype=np.uint64) * np.uint64(_FIRST)
    return joined


@dataclass(frozen=True)
class Draws:
    """All draws of one world.

    Parameters
    ----------
    seed : int
        Any integer; the same seed gives the same draws.

    Examples
    --------
    >>> draws = Draws(seed=1)
    >>> both = draws.uniform(2002, Purpose.EXIT, [7, 8])
    >>> bool(draws.uniform(2002, Purpose.EXIT, [8])[0] == both[1])
    True
    """

    seed: int

    def bits(self, year: int, purpose: Purpose, identity: ArrayLike) -> NDArray[np.uint64]:
        """Return 64 random bits for each identity, in an array of its shape."""
        key = _scramble(_scramble(_scramble((self.seed + _GOLDEN) & _MASK) + year * _GOLDEN & _MASK) + int(purpose))
        late = np.uint64(_scramble(key ^ _LATE))
        identities = np.asarray(identity, dtype=np.uint64)
        out = np.empty(identities.shape, dtype=np.uint64)
        flat, source = out.reshape(-1), identities.reshape(-1)
        for start in range(0, len(source), _BLOCK):
            block = flat[start : start + _BLOCK]
            np.multiply(source[start : start + _BLOCK], np.uint64(_GOLDEN), out=block)
            block += np.uint64(key)
            mix(block)
            block ^= late
            mix(block)
        return out

    def uniform(self, year: int, purpose: Purpose, identity: ArrayLike) -> NDArray[np.float64]:
        """Return a number strictly between 0 and 1 for each identity."""
        return ((self.bits(year, purpose, identity) >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52

    def normal(self, year: int, purpose: Purpose, identity: ArrayLike) -> NDArray[np.float64]:
        """Return a standard normal number for each identity."""
        numbers: NDArray[np.float64] = ndtri(self.uniform(year, purpose, identity))
        return numbers

    def gumbel(self, year: int, purpose: Purpose, identity: ArrayLike) -> NDArray[np.float64]:
        """Return a standard Gumbel number for each identity: what makes a choice of the largest a logit."""
        return -np.log(-np.log(self.uniform(year, purpose, identity)))
