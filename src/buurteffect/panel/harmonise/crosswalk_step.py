"""One pair of years of a crosswalk, ready to be multiplied: its flows without noise, as shares of their sources."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.route import Step

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Floor:
    """What counts as noise: a flow of few addresses that is also a small share of both its ends.

    An address can seem to move because its postcode or coordinate was mended, not because a boundary moved.
    All three conditions must hold, so that a small area keeps its few addresses, a new area keeps its only
    source, and the same flows are dropped whichever way the crosswalk is read. The largest flow of a source
    and the largest into a target are always kept. What is dropped goes to the other flows of the source in
    proportion.

    Parameters
    ----------
    addresses_min : float
        A flow of so many addresses is never noise. CBS rounds counts of dwellings to 5, so a smaller flow is
        below what its counts can show.
    share_min : float
        A flow with so large a share of its source or of its target is never noise. CBS publishes percentages
        as whole numbers, which a flow below 1% can hardly change.
    """

    addresses_min: float = 5
    share_min: float = 0.01


@dataclass(frozen=True, eq=False)
class CrosswalkMatrix:
    """A step in the form that a chain of steps multiplies.

    Attributes
    ----------
    matrix : csr_array, shape (codes, codes)
        Share of each code that goes to each code; 1 on the diagonal for codes that the step does not list as source.
    sizes : ndarray of float, shape (codes,)
        Addresses of each source; NaN where the step does not list the code as source or gives no count.
    """

    matrix: sparse.csr_array
    sizes: Numbers


def crosswalk_matrix(step: Step, floor: Floor, size: int) -> CrosswalkMatrix:
    """Return a step as a matrix over all codes of the crosswalk, `size` in number.

    Raises
    ------
    DataError
        If areas that were merged must be divided again and there are no counts of addresses.
    """
    kept = ~_below_floor(step, floor, size)
    source, target, counts = step.source[kept], step.target[kept], step.addresses[kept]
    sums = _sums(counts, source, size)
    share = _shares(step, source, counts / _above_zero(sums)[source], step.share[kept])
    sizes = np.full(size, np.nan)
    counted = source[~np.isnan(counts)]
    sizes[counted] = sums[counted]
    return CrosswalkMatrix(_matrix(source, target, share, size), sizes)


def _sums(counts: Numbers, groups: npt.NDArray[np.int64], size: int) -> Numbers:
    """Return the sum of the known counts of every group."""
    return np.asarray(np.bincount(groups, np.nan_to_num(counts), size), dtype=np.float64)


def _above_zero(sums: Numbers) -> Numbers:
    """Return sums, NaN for those of which nothing can be a share."""
    return np.where(sums > 0, sums, np.nan)


def _below_floor(step: Step, floor: Floor, size: int) -> npt.NDArray[np.bool_]:
    """Return which flows are noise."""
    counts = step.addresses
    noise = counts < floor.addresses_min
    for end in (step.source, step.target):
        share = counts / _above_zero(_sums(counts, end, size))[end]
        largest = np.zeros(size)
        np.fmax.at(largest, end, counts)
        noise &= (share < floor.share_min) & (counts < largest[end])
    return noise


def _shares(step: Step, source: npt.NDArray[np.int64], counted: Numbers, given: Numbers) -> Numbers:
    """Return every flow's share of its source as counted; where there are no counts, the share that the file gives."""
    unknown = np.isnan(counted)
    if step.reverse and unknown.any():
        flows_count = np.bincount(source)
        if (flows_count > 1).any():
            raise DataError(
                "crosswalk",
                found=f"{int((flows_count > 1).sum()):,} areas of {step.year_from} that come from "
                f"several areas of {step.year_to}, without numbers of addresses",
                expected="address counts, to divide a merged area over its parts again",
                action=f"take a base year from {step.year_from} on, or a crosswalk with address counts",
            )
        given = np.ones(len(source))
    return np.where(unknown, given, counted)


def _matrix(source: npt.NDArray[np.intp], target: npt.NDArray[np.intp], share: Numbers, size: int) -> sparse.csr_array:
    """Return a step as a square matrix over all codes, with 1 on the diagonal for codes it does not list."""
    unlisted = np.ones(size, dtype=bool)
    unlisted[source] = False
    kept = np.flatnonzero(unlisted)
    values = np.concatenate([share, np.ones(len(kept))])
    where = (np.concatenate([source, kept]), np.concatenate([target, kept]))
    return sparse.csr_array((values, where), shape=(size, size))
