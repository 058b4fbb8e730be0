"""Figures that cannot be: single ones are left out and listed, a whole column of them is in another unit.

Two ranges are known of a concept (``schema/concepts.csv``). One holds for every area, the country included; counts
have a narrower one by the kind of area. The other holds for the median of the gemeenten in a file, or of many of its
wijken and buurten, and tells a column that is 10, 100 or 1,000 times too high or too low though each figure by itself
could be. Both are wider than anything that CBS has recorded; DECISIONS.md says where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.kwb import Concept
from buurteffect.sources.files.line_numbers import Lines, Mask
from buurteffect.sources.files.rawfile import PUBLISHED

Numbers = npt.NDArray[np.float64]

FEW_SHARE = 0.05
"""Largest share of a column's figures that is left out one by one; one figure always is if two others stand."""

COUNT_HIGH = {"buurt": 100_000.0, "wijk": 300_000.0, "gemeente": 1_500_000.0}
"""Persons, households or dwellings of one area; recorded are 28,380, 97,430 and 931,298 inhabitants."""

_USUAL_COUNTS = {"inhabitants_count": 1.0, "households_count": 0.45, "dwellings_count": 0.45}
_USUAL_INHABITANTS = {"gemeente": 33_000.0, "wijk": 3_300.0, "buurt": 900.0}
"""The middle gemeente and wijk of 2024; of buurten the mean."""

BASE_LOW = 500
"""Inhabitants, households or dwellings from which a ratio is steady enough to be judged."""

MANY_AREAS = 20
"""Wijken and buurten whose median is judged; gemeenten are judged from one on."""

_LIKELY = {("%", True): 0.01, ("x 1 000 euro", False): 1000.0}
"""By unit, and whether figures are too low: the mistake that is made, shares for percentages and euro for thousands."""

_FACTORS = tuple(10.0**power for power in (1, 2, 3, 4, 6, -1, -2, -3, -4, -6))
_WOZ_BY_YEAR = ((2004, 20_000.0, 600_000.0), (2012, 40_000.0, 1_000_000.0), (2019, 60_000.0, 1_000_000.0))
"""Last year, and where the mean value of a gemeente lies up to it: values rise too much for one range to do."""

_DECIMAL_SLIP = 1e-6
"""How far a number of one decimal may be from one, as binary numbers are."""

_NEVER_ZERO = (
    "woz_value_eur",
    "income_per_recipient_eur",
    "income_per_inhabitant_eur",
    "household_income_standardised_eur",
    "household_size_mean",
)
_TENURE = ("owner_occupied_share", "rented_share")
_TENURE_PARTS = (*_TENURE, "association_rented_share", "other_rented_share", "tenure_unknown_share")

_LOST = "a lost decimal mark or a shifted column gives such values"


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """What is known of the rows of a file whose figures are judged: where they stand, and the kind of area of each.

    `keep` says which of them are of the year that is read; arrays have the shape (rows,).
    """

    lines: Lines
    levels: npt.NDArray[np.object_]
    keep: Mask
    year: int

    @cached_property
    def is_level(self) -> dict[str, Mask]:
        """Which rows of the year are of each kind of area."""
        kinds = pd.factorize(self.levels)
        return {str(level): self.keep & (kinds[0] == at) for at, level in enumerate(kinds[1])}

    @cached_property
    def whole(self) -> Mask:
        """Which rows of the year are gemeenten or the country."""
        none = np.zeros(len(self.keep), dtype=bool)
        return self.is_level.get("gemeente", none) | self.is_level.get("land", none)

    @cached_property
    def count_caps(self) -> Numbers:
        """The most persons, households or dwellings that each row's area can have."""
        caps = np.full(len(self.keep), np.inf)
        for level, most in COUNT_HIGH.items():
            caps[self.is_level.get(level, np.zeros(len(caps), dtype=bool))] = most
        return caps


@dataclass(frozen=True)
class ColumnReading:
    """How a column was read, for messages: its name, the unit, and what its figures were multiplied by."""

    column: str
    unit: str
    factor: float


def implausible_rows(
    concept: Concept,
    values: Mapping[str, Numbers],
    given: Numbers,
    reads: Mapping[str, ColumnReading],
    areas: JudgedRows,
) -> Mask:
    """Return which figures of a column cannot be, where they are few.

    `values` are figures of this concept and those before it in their own units, `given` those of this one as the file
    gives them; arrays have the shape (rows,).

    Raises
    ------
    DataError
        If so many cannot be that the column is in another unit, shifted or damaged.
    """
    mine, read = values[concept.name], reads[concept.name]
    high = np.inf if concept.high is None else concept.high
    caps = np.minimum(areas.count_caps, high) if concept.combine == "sum" else np.full(len(mine), high)
    with np.errstate(invalid="ignore"):
        odd = (mine > caps) | (mine < (-np.inf if concept.low is None else concept.low))
        if read.unit == "%":
            odd |= (given < 0) | (given > 100)
    odd &= areas.keep
    count = int(odd.sum())
    if not count:
        return odd
    there = np.isfinite(mine) & areas.keep
    known = int(there.sum())
    counted = read.unit == "%" and concept.combine == "sum"
    if 2 * count > known and not counted:
        check_scale(concept, values, reads, areas)
        _refuse_count(concept, read, areas, mine)
        if not concept.usual_of:
            _refuse_scale(concept, read, areas, float(np.median(mine[there])), known)
    if 2 * count >= known or count > max(1, FEW_SHARE * known):
        areas.lines.refuse(
            odd,
            lambda row: f"{given[row]:,.10g} {read.unit}".rstrip(),
            column=read.column[:60],
            expected="a percentage from 0 to 100"
            if read.unit == "%"
            else f"{concept.name} from {_words(concept.low)} to {_words(float(caps[np.flatnonzero(odd)[0]]))}",
            action=f"{PUBLISHED}; {_LOST}",
        )
    return odd


def refuse_fractions(given: Numbers, read: ColumnReading, areas: JudgedRows) -> None:
    """Refuse shares in the place of percentages, which have at most one decimal, however few there are.

    Raises
    ------
    DataError
        If the column is read as percentages, none is above 1 and some have more decimals than percentages have.
    """
    if read.unit != "%":
        return
    there = given[areas.keep & np.isfinite(given)]
    if not len(there) or np.abs(there).max() > 1:
        return
    fine = areas.keep & (np.abs(given * 10 - np.round(given * 10)) > _DECIMAL_SLIP)
    areas.lines.refuse(
        fine,
        lambda row: f"{given[row]:.6g} in a column without any figure above 1, a share and no percentage",
        column=read.column[:60],
        expected="percentages from 0 to 100, with at most one decimal",
        action="multiply the column by 100, or use the publisher's own file",
    )


def filled_with_zero(values: Mapping[str, Numbers], keep: Mask) -> dict[str, Mask]:
    """Return, for each concept that has some, which zeros are no figures: programs fill what is missing with them.

    No mean value, mean income or mean household is 0, and dwellings are owned, rented or of unknown tenure.
    """
    found = {name: keep & (values[name] == 0) for name in _NEVER_ZERO if name in values}
    if all(name in values for name in _TENURE):
        none = keep.copy()
        for name in _TENURE:
            none &= values[name] == 0
        unknown = values.get("tenure_unknown_share")
        none &= True if unknown is None else ~(unknown > 0)
        found |= {name: none & (values[name] == 0) for name in _TENURE_PARTS if name in values}
    return {name: rows for name, rows in found.items() if rows.any()}


def check_scale(
    concept: Concept, values: Mapping[str, Numbers], reads: Mapping[str, ColumnReading], areas: JudgedRows
) -> None:
    """Refuse a column whose median is a power of ten away from anything that was ever recorded.

    Raises
    ------
    DataError
        If the median of the gemeenten and that of the wijken and buurten, or the one that there is, both lie
        outside the usual range and a power of ten would bring them into it.
    """
    low, high = usual_range(concept, areas.year)
    if low is None and high is None:
        return
    figures = _compared(concept, values)
    if figures is None:
        return
    there = np.isfinite(figures) & areas.keep
    medians = []
    for rows, least in ((there & areas.whole, 1), (there & ~areas.whole, MANY_AREAS)):
        if (count := int(rows.sum())) >= least:
            medians.append((float(np.median(figures[rows])), count))
    if medians and not any(_inside(median, low, high) for median, _ in medians):
        _refuse_scale(concept, reads[concept.name], areas, *medians[0])


def usual_range(concept: Concept, year: int) -> tuple[float | None, float | None]:
    """Return where the median of gemeenten lies in a year, None for an end that is not known."""
    if concept.name == "woz_value_eur":
        for last, low, high in _WOZ_BY_YEAR:
            if year <= last:
                return low, high
    return concept.usual_low, concept.usual_high


def _compared(concept: Concept, values: Mapping[str, Numbers]) -> Numbers | None:
    """Return what the usual range is about, NaN for areas too small to tell and where nothing stands."""
    mine = values[concept.name]
    if not concept.usual_of:
        return np.where(mine == 0, np.nan, mine)
    names = concept.usual_of.split("/")
    if any(name not in values for name in names):
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        base = values[names[0]]
        steady = (base >= BASE_LOW) & (mine > 0)
        if len(names) == 2:
            base = base / values[names[1]]
        return np.where(steady & np.isfinite(base), mine / base, np.nan)


def _refuse_scale(concept: Concept, read: ColumnReading, areas: JudgedRows, median: float, count: int) -> None:
    """Refuse a column that a power of ten would bring into its usual range, the one that brings it to its middle."""
    low, high = usual_range(concept, areas.year)
    fits = [factor for factor in _FACTORS if _inside(median / factor, low, high)]
    if not fits or (low is None and high is None) or not median:
        return
    likely = _LIKELY.get((read.unit, median < (low or 0)))
    middle = float(np.exp(np.mean(np.log([end for end in (low, high) if end]))))
    fits.sort(key=lambda each: (each != likely, abs(np.log(abs(median) / each / middle))))
    factor = fits[0]
    times, way, mend = (factor, "high", "divide") if factor > 1 else (1 / factor, "low", "multiply")
    of = f" times {concept.usual_of}" if concept.usual_of else f" {concept.unit}"
    own = f"its unit is {read.unit!r} there" if read.unit else "there it has its own unit"
    others = "; ".join(f"{_by(each)} {_words(median / each)}" for each in fits[1:3])
    beside = f" (or {concept.usual_of} in the same file is in another unit)" if concept.usual_of else ""
    raise DataError(
        areas.lines.origin,
        column=read.column[:60],
        found=f"{concept.name} of {_words(median)}{of} at the median of {count:,} area(s) in {areas.year}, "
        f"about {times:,.0f} times too {way}{beside}",
        expected=f"a median from {_words(low)} to {_words(high)}{of}",
        action=f"{mend} the column by {times:,.0f}, which makes that {_words(median / factor)}"
        + (f" ({others})" if others else "")
        + f", or use the publisher's own file: {own}",
    )


def _by(factor: float) -> str:
    """Say what a factor is undone with."""
    return f"divided by {factor:,.0f}" if factor > 1 else f"multiplied by {1 / factor:,.0f}"


def _refuse_count(concept: Concept, read: ColumnReading, areas: JudgedRows, mine: Numbers) -> None:
    """Refuse a column of counts of which most areas have more than any area has, by the power of ten it is off."""
    if (share := _USUAL_COUNTS.get(concept.name)) is None:
        return
    for level, usual in _USUAL_INHABITANTS.items():
        rows = areas.is_level.get(level, np.zeros(len(mine), dtype=bool)) & np.isfinite(mine)
        median = float(np.median(mine[rows])) if rows.any() else 0.0
        if median > COUNT_HIGH[level]:
            factor = 10.0 ** round(np.log10(median / (usual * share)))
            raise DataError(
                areas.lines.origin,
                column=read.column[:60],
                found=f"{concept.name} of {_words(median)} in the middle {level} of {int(rows.sum()):,} "
                f"in {areas.year}, about {factor:,.0f} times too high",
                expected=f"at most {_words(COUNT_HIGH[level])} in any {level}",
                action=f"divide the column by {factor:,.0f}, which makes that {_words(median / factor)}, "
                "or use the publisher's own file",
            )


def _inside(value: float, low: float | None, high: float | None) -> bool:
    """Return whether a value lies in a range, an end that is None being open."""
    return (low is None or value >= low) and (high is None or value <= high)


def _words(value: float | None) -> str:
    """Print the end of a range."""
    if value is None or np.isinf(value):
        return "…"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
