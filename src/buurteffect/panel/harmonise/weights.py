"""Weights: which share of every area of one year lies in which area of a base year.

The share of source s that goes to target t is w(s→t) = addresses in both / addresses of s in all targets. A
crosswalk lists only what changed, so an area that it does not list keeps its code with weight 1, provided that
the code is known in the base year; otherwise it is unplaced, and whoever uses the weights is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.crosswalk_step import CrosswalkMatrix, Floor, crosswalk_matrix
from buurteffect.panel.harmonise.route import Flows, find_route
from buurteffect.schema.boundaries import WEIGHTS

_Found = TypeVar("_Found")


ROUNDING = 1e-12
"""How far a product of shares may fall short of 1 by rounding alone."""


@dataclass(frozen=True, eq=False)
class Shares:
    """The rows of `Weights.frame` with numbers for codes, sorted by target, then source.

    Attributes
    ----------
    sources, targets : Index of str
        Codes that occur, ascending.
    source, target : ndarray of int, shape (shares,)
        Places in `sources` and `targets`.
    weight, addresses : ndarray of float, shape (shares,)
        Share of the source, and the addresses that it stands for.
    """

    sources: pd.Index
    targets: pd.Index
    source: npt.NDArray[np.int64]
    target: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    addresses: npt.NDArray[np.float64]

    @cached_property
    def first_source(self) -> npt.NDArray[np.int64]:
        """Return the first source of every target, shape (targets,)."""
        return self.source[np.searchsorted(self.target, np.arange(len(self.targets)))]


@dataclass(frozen=True, eq=False)
class Weights:
    """How the areas of one year divide over those of a base year.

    Attributes
    ----------
    level : str
        Kind of area.
    year_from, year_to : int
        Year of the data and base year; the base year may be the earlier one.
    frame : DataFrame
        One row per source and target that share something (`schema.boundaries.WEIGHTS`).
    unplaced : DataFrame
        One row per source of which a part arrives at a code that the base year does not know:
        ``source_code, arrives_at_code, weight_share``. Shares in `frame` and here sum to 1 per source.
    """

    level: str
    year_from: int
    year_to: int
    frame: pd.DataFrame
    unplaced: pd.DataFrame

    @cached_property
    def shares(self) -> Shares:
        """The rows of `frame` with numbers for codes."""
        source, sources = pd.factorize(self.frame["source_code"], sort=True)
        target, targets = pd.factorize(self.frame["target_code"], sort=True)
        order = np.lexsort((source, target))
        numbers = (self.frame[name].to_numpy(dtype=np.float64)[order] for name in ("weight_share", "addresses_count"))
        return Shares(pd.Index(sources), pd.Index(targets), source[order], target[order], *numbers)


class Crosswalk:
    """A crosswalk of one level, with every step and every pair of years worked out once.

    Whoever builds a panel makes one per level and passes it along: the key figures, the tables beside them and the
    polygons ask for the same pairs of years again and again.

    Parameters
    ----------
    frame : DataFrame
        One row per pair of codes in a pair of years (`schema.boundaries.CROSSWALK`), one level.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        """Take the crosswalk; nothing is worked out before it is asked for."""
        self.frame = frame
        self._matrices: dict[tuple[int, int, Floor], CrosswalkMatrix] = {}
        self._listed: dict[int, frozenset[str]] = {}
        self._recalled: dict[Hashable, object] = {}

    @cached_property
    def flows(self) -> Flows:
        """The flows by pair of years."""
        return Flows(self.frame)

    @property
    def codes(self) -> pd.Index:
        """All codes of all years, ascending."""
        return self.flows.codes

    @cached_property
    def names(self) -> npt.NDArray[np.object_]:
        """All codes of all years as an array, ascending."""
        return np.asarray(self.codes, dtype=object)

    @cached_property
    def places(self) -> dict[str, int]:
        """Place of every code in `codes`."""
        return {code: place for place, code in enumerate(self.names)}

    def remember(self, key: Hashable, compute: Callable[[], _Found]) -> _Found:
        """Return what is stored under a key; compute and store it the first time."""
        if key not in self._recalled:
            self._recalled[key] = compute()
        found: _Found = self._recalled[key]  # type: ignore[assignment]
        return found

    def listed(self, year: int) -> frozenset[str]:
        """Return the codes that the crosswalk names in a year."""
        if year not in self._listed:
            self._listed[year] = frozenset(self.names[self.flows.named_in(year)])
        return self._listed[year]

    def matrix(self, first: int, second: int, floor: Floor) -> CrosswalkMatrix:
        """Return one step."""
        key = (first, second, floor)
        if key not in self._matrices:
            self._matrices[key] = crosswalk_matrix(self.flows.step(first, second), floor, len(self.codes))
        return self._matrices[key]

    def weights(
        self, year_from: int, year_to: int, codes: Mapping[int, Collection[str]], floor: Floor | None = None
    ) -> Weights:
        """Return the weights from the codes of one year to those of another.

        Parameters
        ----------
        year_from, year_to : int
            Year of the data and base year. A pair of years is also read in the other direction; where it is not
            listed, the way leads through all years that the crosswalk knows in between.
        codes : mapping of year to collection of str
            Codes of all areas that exist in a year, changed or not; needed for both years. A code that the
            crosswalk lists in a year is known there too.
        floor : Floor, optional
            What counts as noise; ``Floor()`` by default.

        Raises
        ------
        DataError
            If there is no way between the years, a code list is missing or of another level, or a crosswalk
            without address counts is to be reversed where areas were merged.

        Examples
        --------
        >>> crosswalk = pd.DataFrame(
        ...     {
        ...         "year_from": 2016, "year_to": 2017, "level": "gemeente",
        ...         "source_code": ["GM0001", "GM0001"], "target_code": ["GM0002", "GM0003"],
        ...         "addresses_count": [75.0, 25.0], "weight_share": np.nan,
        ...     }
        ... )
        >>> codes = {2016: ["GM0001", "GM0009"], 2017: ["GM0002", "GM0003", "GM0009"]}
        >>> Crosswalk(crosswalk).weights(2016, 2017, codes).frame["weight_share"].tolist()
        [0.75, 0.25, 1.0]
        """
        ends = tuple(frozenset(codes.get(year, ())) for year in (year_from, year_to))
        key = ("weights", year_from, year_to, floor, ends)
        return self.remember(key, lambda: _weights(self, year_from, year_to, codes, floor or Floor()))


def identity_weights(codes: Iterable[str], year: int, level: str) -> Weights:
    """Return the weights of a year to itself: every code keeps weight 1."""
    listed = sorted(set(codes))
    frame = pd.DataFrame(
        {
            "source_code": pd.Series(listed, dtype="str"),
            "target_code": pd.Series(listed, dtype="str"),
            "weight_share": 1.0,
            "addresses_count": np.nan,
        }
    )
    unplaced = pd.DataFrame({"source_code": [], "arrives_at_code": [], "weight_share": []})
    return Weights(level, year, year, frame, unplaced)


def is_among(values: pd.Series | pd.Index, others: Iterable[str]) -> npt.NDArray[np.bool_]:
    """Tell which of many codes are among others; much faster on text than `isin`.

    Examples
    --------
    >>> is_among(pd.Series(["GM0001", "GM0002"]), ["GM0002"]).tolist()
    [False, True]
    """
    index = pd.Index(others if isinstance(others, pd.Series | pd.Index) else list(others), dtype="str")
    return np.asarray(index.unique().get_indexer(pd.Index(values)) >= 0)


def _level(crosswalk: pd.DataFrame) -> str:
    """Return the only level of a crosswalk."""
    levels = sorted(crosswalk["level"].unique())
    if len(levels) != 1:
        raise DataError(
            "crosswalk",
            column="level",
            found=f"{len(levels)} levels ({', '.join(levels)})",
            expected="rows of one level",
            action="give the crosswalk of each level by itself",
        )
    return str(levels[0])


def _check_codes(codes: Mapping[int, Collection[str]], year: int, level: str) -> None:
    """Refuse a year without a code list, and codes of another level."""
    if not len(codes.get(year, ())):
        raise DataError(
            "crosswalk",
            found=f"no list of the codes of {year}",
            expected="the codes of every area of both years, since a crosswalk lists only what changed",
            action=f"give codes={{{year}: …}}, for instance all codes in the table of {year}",
        )
    prefix = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}[level]
    # Whatever lies between two texts that begin alike begins like them.
    if not (min(codes[year]).startswith(prefix) and max(codes[year]).startswith(prefix)):
        other = sum(not code.startswith(prefix) for code in codes[year])
        raise DataError(
            "crosswalk",
            found=f"{other:,} of {len(codes[year]):,} codes of {year} that do not begin with {prefix}",
            expected=f"codes of the crosswalk's level ({level})",
            action="leave out the rows of other levels (NL, GM, WK), and strip the codes",
        )


def _weights(
    crosswalk: Crosswalk, year_from: int, year_to: int, codes: Mapping[int, Collection[str]], floor: Floor
) -> Weights:
    """Work out the weights between two years."""
    level = _level(crosswalk.frame)
    for year in (year_from, year_to):
        _check_codes(codes, year, level)
    matrices = [crosswalk.matrix(*pair, floor) for pair in find_route(crosswalk.flows.pairs, year_from, year_to)]
    known = {*codes[year_to], *crosswalk.listed(year_to)}
    start = sorted({*codes[year_from], *crosswalk.listed(year_from)})
    placed, unplaced = _chain(start, matrices, crosswalk, known)
    return Weights(
        level,
        year_from,
        year_to,
        WEIGHTS.check(placed, f"weights {year_from} to {year_to}"),
        unplaced.drop(columns="addresses_count").rename(columns={"target_code": "arrives_at_code"}),
    )


def _chain(
    start: list[str], matrices: list[CrosswalkMatrix], crosswalk: Crosswalk, known: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Multiply the steps: one row per source and final target, areas that no step lists at weight 1.

    Rows whose target is known come first, the others second.
    """
    place = np.fromiter(map(crosswalk.places.get, start, repeat(-1)), dtype=np.int64, count=len(start))
    inside, outside = np.flatnonzero(place >= 0), np.flatnonzero(place < 0)
    rows = place[inside]
    shape = (len(rows), len(crosswalk.codes))
    product = sparse.csr_array((np.ones(len(rows)), (np.arange(len(rows)), rows)), shape=shape)
    size = np.full(len(start), np.nan)
    for each in matrices:
        product = product @ each.matrix
        size[inside] = np.where(np.isnan(size[inside]), each.sizes[rows], size[inside])
    entries = product.tocoo()
    # What no step lists stays where it is, so its number as a target comes after those of the crosswalk.
    starts = np.asarray(start, dtype=object)
    names = np.concatenate([crosswalk.names, starts[outside]])
    row = np.concatenate([inside[entries.row], outside])
    column = np.concatenate([entries.col, np.arange(shape[1], len(names))])
    order = np.lexsort((column, row))
    row, column = row[order], column[order]
    # Parts that meet again sum to 1 only up to rounding.
    weight = np.concatenate([entries.data, np.ones(len(outside))])[order]
    weight = np.where(weight > 1 - ROUNDING, 1.0, weight)
    reached = np.fromiter(map(known.__contains__, names), dtype=bool, count=len(names))[column]
    from_texts, to_texts = (pd.array(texts, dtype="str") for texts in (starts, names))
    placed, unplaced = (
        pd.DataFrame(
            {
                "source_code": from_texts[row[part]],
                "target_code": to_texts[column[part]],
                "weight_share": weight[part],
                "addresses_count": (weight * size[row])[part],
            }
        )
        for part in (reached, ~reached)
    )
    return placed, unplaced
