r"""Values of the areas of a base year from values of the areas they are made of.

With pieces p of target t, each the share w_p of a source with value v_p and denominator d_p::

    count (sum):    Σ w_p v_p
    share or mean:  Σ w_p d_p v_p / Σ w_p d_p
    whole:          Σ v_p where every piece is a whole source (w_p = 1), else missing
    none:           v_p where the target is one whole source, else missing

A share or mean of a target with one source is that source's, whatever the denominator: to divide an area
evenly leaves its shares as they are. Land is not spread as addresses are: a land area (whole) is never divided,
and neither is what is measured per land area.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from buurteffect.schema import MissingReason

Numbers = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]
Reasons = npt.NDArray[np.int8]
_Kind = TypeVar("_Kind", np.float64, np.int8)

REASONS = tuple(MissingReason)
PRESENT = -1
"""Code of a value that is not missing; other codes are positions in `REASONS`."""

_IMPOSSIBLE, _NOT_PUBLISHED, _NOT_COMBINABLE = (
    REASONS.index(reason)
    for reason in (MissingReason.IMPOSSIBLE, MissingReason.NOT_PUBLISHED, MissingReason.NOT_COMBINABLE)
)


@dataclass(frozen=True)
class MissingRule:
    """How much of a target may be unknown before its value is.

    At or below the limit a value is computed over what is known; above it the value is missing. A count is not
    blown up to make good for the unknown part, so it falls short by about that part; a share or mean is that of the
    known part.

    Parameters
    ----------
    count_missing_max : float
        For counts: largest share of the target's addresses in sources whose value is missing. Small, since
        the count falls short by as much.
    mean_missing_max : float
        For shares and means: largest share of the target's denominator in sources whose value is missing;
        of its addresses, where the denominator of a piece is itself unknown.
    """

    count_missing_max: float = 0.02
    mean_missing_max: float = 0.10


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces that targets are made of, sorted by target and source.

    Attributes
    ----------
    source : ndarray of int, shape (pieces,)
        Row of the source in the table; −1 where the table has no row for it.
    target : ndarray of int, shape (pieces,)
        Position of the target.
    weight : ndarray of float, shape (pieces,)
        Share of the source that goes to the target.
    addresses : ndarray of float, shape (pieces,)
        Addresses of the piece; NaN where unknown.
    targets_count : int
        Number of targets.
    """

    source: Positions
    target: Positions
    weight: Numbers
    addresses: Numbers
    targets_count: int

    @cached_property
    def sources_count(self) -> Positions:
        """Return the number of pieces of every target, shape (targets,)."""
        return np.bincount(self.target, minlength=self.targets_count).astype(np.int64)

    @cached_property
    def are_one_whole_area(self) -> npt.NDArray[np.bool_]:
        """Return for every target whether it is one whole source, shape (targets,)."""
        return np.asarray((self.sources_count == 1) & self.is_of_whole_areas)

    @cached_property
    def first_source(self) -> Positions:
        """Return the row of the first source of every target, −1 where there is none, shape (targets,)."""
        return np.asarray(self.source[np.cumsum(self.sources_count) - self.sources_count])

    def of(self, chosen: npt.NDArray[np.bool_]) -> Pieces:
        """Return the pieces of some targets, given as shape (targets,), which are numbered anew."""
        here, number = chosen[self.target], np.cumsum(chosen) - 1
        return Pieces(
            self.source[here],
            number[self.target[here]],
            self.weight[here],
            self.addresses[here],
            int(chosen.sum()),
        )

    @cached_property
    def by_size(self) -> Positions:
        """Return the pieces in ascending order of addresses, ties in their own order, shape (pieces,)."""
        return np.argsort(np.nan_to_num(self.addresses), kind="stable").astype(np.int64)

    @cached_property
    def is_of_whole_areas(self) -> npt.NDArray[np.bool_]:
        """Return for every target whether all its sources go to it whole, shape (targets,)."""
        return np.asarray(self.total((self.weight != 1.0).astype(np.float64)) == 0)

    @cached_property
    def total_addresses(self) -> Numbers:
        """Return the addresses of every target; NaN where some are unknown, shape (targets,)."""
        return self.total(self.addresses)

    def total(self, values: Numbers) -> Numbers:
        """Return the sum of `values`, shape (pieces,), per target."""
        return np.asarray(np.bincount(self.target, values, self.targets_count), dtype=np.float64)

    def take(self, values: Numbers) -> Numbers:
        """Return the values of a column of the table, shape (rows,), per piece; NaN where there is no row."""
        return _taken(values, self.source, np.nan)

    def take_reasons(self, reasons: Reasons) -> Reasons:
        """Return the reasons of a column per piece; not_published where there is no row."""
        return _taken(reasons, self.source, _NOT_PUBLISHED)


@dataclass(frozen=True, eq=False)
class Column:
    """Values of one concept, of rows or of targets, and why they are missing.

    Attributes
    ----------
    values : ndarray of float
        NaN where missing.
    reasons : ndarray of int8
        `PRESENT`, or a position in `REASONS`.
    """

    values: Numbers
    reasons: Reasons


def combine_counts(column: Column, pieces: Pieces, missing_max: float) -> Column:
    """Split counts by weight and sum them."""
    values = pieces.take(column.values)
    missing = np.isnan(values)
    share = _share_of_addresses(missing, pieces)
    total = pieces.total(np.where(missing, 0.0, pieces.weight * values))
    reasons = _largest_reason(missing, pieces.take_reasons(column.reasons), pieces)
    return _result(total, share, missing_max, reasons)


def combine_means(column: Column, denominator: Column | None, pieces: Pieces, missing_max: float) -> Column:
    """Combine shares or means by their denominator; without one, only targets with a single source have any."""
    values = pieces.take(column.values)
    base = denominator or Column(
        np.full(len(column.values), np.nan), np.full(len(column.values), _NOT_PUBLISHED, dtype=np.int8)
    )
    sizes = pieces.take(base.values)
    mass = pieces.weight * np.nan_to_num(sizes)
    unsized = np.isnan(sizes)
    missing = np.isnan(values) | unsized
    empty = ~unsized & (mass == 0)
    used = ~missing & ~empty
    known = pieces.total(np.where(used, mass, 0.0))
    whole = pieces.total(mass)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = pieces.total(np.where(used, mass * np.nan_to_num(values), 0.0)) / known
        share = np.where(known > 0, np.clip(1.0 - known / whole, 0.0, 1.0), 1.0)
        # A difference of two sums is not exactly 0 where nothing is missing.
        share = np.where(pieces.total((missing & ~empty).astype(float)) == 0, 0.0, share)
    by_addresses = pieces.total(unsized.astype(float)) > 0
    share = np.where(by_addresses, _share_of_addresses(missing, pieces), share)
    why = np.where(np.isnan(values), pieces.take_reasons(column.reasons), pieces.take_reasons(base.reasons))
    reasons = _largest_reason(missing & ~empty, why.astype(np.int8), pieces)
    nothing = (known == 0) & ~by_addresses & (reasons == PRESENT)
    reasons = np.where(nothing, _IMPOSSIBLE, reasons).astype(np.int8)
    share = np.where(known == 0, 1.0, share)
    combined, one = _result(mean, share, missing_max, reasons), pieces.sources_count == 1
    copied = copy_first(column, pieces)
    return Column(
        np.where(one, copied.values, combined.values),
        np.where(one, copied.reasons, combined.reasons).astype(np.int8),
    )


def combine_whole(column: Column, pieces: Pieces) -> Column:
    """Sum over whole sources that are all known; a target with a part of a source has no value."""
    values = pieces.take(column.values)
    missing = np.isnan(values)
    lost = pieces.total(missing.astype(np.float64)) > 0
    reasons = _largest_reason(missing, pieces.take_reasons(column.reasons), pieces)
    total = pieces.total(np.where(missing, 0.0, values))
    return only_whole(_result(total, lost.astype(np.float64), 0.0, reasons), pieces)


def only_whole(combined: Column, pieces: Pieces) -> Column:
    """Take away the values of targets with a part of a source."""
    whole = pieces.is_of_whole_areas
    return Column(
        np.where(whole, combined.values, np.nan),
        np.where(whole, combined.reasons, _NOT_COMBINABLE).astype(np.int8),
    )


def copy_first(column: Column, pieces: Pieces) -> Column:
    """Give every target the value of its first piece: what a target of one whole source has, in every way."""
    values = _taken(column.values, pieces.first_source, np.nan)
    reasons = _taken(column.reasons, pieces.first_source, _NOT_PUBLISHED)
    why = np.where(reasons == PRESENT, _NOT_PUBLISHED, reasons)
    return Column(values, np.where(np.isnan(values), why, PRESENT).astype(np.int8))


def not_combinable(targets_count: int) -> Column:
    """Return no value for every target: each is of more, or of less, than one whole source."""
    reasons = np.full(targets_count, _NOT_COMBINABLE, dtype=np.int8)
    return Column(np.full(targets_count, np.nan), reasons)


def _taken(column: npt.NDArray[_Kind], rows: Positions, otherwise: float) -> npt.NDArray[_Kind]:
    """Return a column's values at some rows; another value where a row is −1."""
    if not len(column):
        return np.full(len(rows), otherwise, dtype=column.dtype)
    found = column[rows]
    found[rows < 0] = otherwise
    return found


def _share_of_addresses(missing: npt.NDArray[np.bool_], pieces: Pieces) -> Numbers:
    """Return the share of each target's addresses in missing pieces; 1 where some addresses are unknown."""
    if not missing.any():
        return np.zeros(pieces.targets_count)
    lost = pieces.total(missing.astype(float))
    count = pieces.sources_count
    with np.errstate(invalid="ignore", divide="ignore"):
        share = pieces.total(np.where(missing, pieces.addresses, 0.0)) / pieces.total_addresses
    share = np.where(np.isnan(share), 1.0, share)
    return np.where(lost == 0, 0.0, np.where(lost == count, 1.0, share))


def _largest_reason(missing: npt.NDArray[np.bool_], reasons: Reasons, pieces: Pieces) -> Reasons:
    """Return the reason of the missing piece with the most addresses, for every target."""
    # Assignment in ascending order leaves the largest.
    order = pieces.by_size[missing[pieces.by_size]]
    result = np.full(pieces.targets_count, PRESENT, dtype=np.int8)
    found = reasons[order]
    result[pieces.target[order]] = np.where(found == PRESENT, _NOT_PUBLISHED, found)
    return result


def _result(values: Numbers, share: Numbers, missing_max: float, reasons: Reasons) -> Column:
    """Make values missing where too much is unknown."""
    lost = (share > missing_max) | (share >= 1.0)
    return Column(np.where(lost, np.nan, values), np.where(lost, reasons, PRESENT).astype(np.int8))
