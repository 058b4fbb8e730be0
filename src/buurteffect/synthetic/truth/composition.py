"""What restructuring did to the parts of a buurt's mean: those who stayed, who came and who left, in both worlds.

The parts are taken within each world and their means over buurten compared, so that no household is looked for in
another world. Nothing that estimates may read this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from buurteffect.synthetic.world.world import Residence, lowest

PARTS = ("in_situ", "entry", "exit")
OUTCOMES = ("mean_log_income", "low_income_share")

Array = NDArray[np.float64]


def flow_differences(factual: Residence, without: Residence, low_income_rank: float) -> dict[str, Array]:
    """Return the effect on chained parts by buurt: country as it was less country without policy.

    The one without policy may begin later; before that, the two are the same and the differences 0.
    `low_income_rank` is the share of households that count as low.

    Returns
    -------
    dict of str to ndarray
        ``mean_log_income_in_situ`` and so on, each of shape (years, buurten): what the part has added since the first
        year. The parts of an outcome sum to the effect on it, less that of the first year.
    """
    one, other = chained_parts(factual, low_income_rank), chained_parts(without, low_income_rank)
    number, found = len(without.years), {}
    for name, values in one.items():
        found[name] = np.zeros_like(values)
        found[name][-number:] = values[-number:] - values[-number] - other[name]
    return found


def chained_parts(residence: Residence, low_income_rank: float) -> dict[str, Array]:
    """Return the yearly parts of the change of every buurt's mean, added up since the first year.

    With S the households that live in the buurt on both 1 Januaries, I those that came and O those that left, the
    change of a mean is (S1 - S0) + i (I1 - S1) - o (O0 - S0), i and o their shares. A buurt without anybody who stayed
    has missing parts from then on.
    """
    buurt = residence.buurt.astype(np.int64)
    number = int(buurt.max(initial=-1)) + 1
    found = {f"{name}_{part}": np.zeros((len(residence.years), number)) for name in OUTCOMES for part in PARTS}
    for t in range(1, len(residence.years)):
        before, after = _stayers(residence, t)
        for name in OUTCOMES:
            old, new = (_figures(residence, name, at, low_income_rank) for at in (t - 1, t))
            parts = _parts(old, new, before, after, buurt, number)
            for part, values in zip(PARTS, parts, strict=True):
                series = found[f"{name}_{part}"]
                series[t] = series[t - 1] + values
    return found


def _figures(residence: Residence, name: str, t: int, low_income_rank: float) -> Array:
    """Return log incomes of the households in all dwellings, or whether they are low."""
    income = residence.log_income[t]
    values = income if name == OUTCOMES[0] else lowest(income, low_income_rank)
    return np.asarray(values, dtype=np.float64)


def _stayers(residence: Residence, t: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return in which dwellings lived, the year before and now, a household that is in the buurt in both years."""
    size = int(max(residence.household[t - 1].max(), residence.household[t].max())) + 1
    then, now = (np.full(size, -1, dtype=np.int64) for _ in range(2))
    then[residence.household[t - 1]] = residence.buurt
    now[residence.household[t]] = residence.buurt
    both = (then == now) & (then >= 0)
    return both[residence.household[t - 1]], both[residence.household[t]]


def _parts(
    old: Array, new: Array, before: NDArray[np.bool_], after: NDArray[np.bool_], buurt: NDArray[np.int64], number: int
) -> tuple[Array, Array, Array]:
    """Return the parts by buurt."""

    def total(values: Array, rows: NDArray[np.bool_] | None = None) -> Array:
        weights = values if rows is None else values * rows
        return np.asarray(np.bincount(buurt, weights=weights, minlength=number), dtype=np.float64)

    size, stay = np.bincount(buurt, minlength=number).astype(np.float64), total(before.astype(np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        first, second = total(old, before) / stay, total(new, after) / stay
        return second - first, total(new) / size - second, first - total(old) / size
