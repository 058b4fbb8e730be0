"""Weights: which share of every area of one year lies in which area of a base year.

The share of source s that goes to target t is w(s→t) = addresses in both / addresses of s in all targets. A
crosswalk lists only what changed, so an area that it does not list keeps its code with weight 1, provided that
the code is known in the base year; otherwise it is unplaced, and whoever uses the weights is told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from buurteffect.errors import DataError
from buurteffect.panel.route import Step, find_route
from buurteffect.schema.boundaries import WEIGHTS


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


ROUNDING = 1e-12
"""How far a product of shares may fall short of 1 by rounding alone."""

NO_FLOOR = Floor(0, 0.0)
"""Keep every flow."""


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
    steps : DataFrame
        One row per pair of years on the way: ``year_from, year_to, listed`` (as listed, reversed, or none
        listed), ``flows_count, addresses_count`` that are listed, ``flows_dropped_count,
        addresses_dropped_count`` below the floor, and ``one_sided_count``: areas that keep their code and are
        listed at one end only.
    dropped : DataFrame
        One row per flow below the floor: ``year_from, year_to, source_code, target_code, addresses_count,
        source_share, target_share``.
    floor : Floor
        Setting used.
    """

    level: str
    year_from: int
    year_to: int
    frame: pd.DataFrame
    unplaced: pd.DataFrame
    steps: pd.DataFrame
    dropped: pd.DataFrame
    floor: Floor


def build_weights(
    crosswalk: pd.DataFrame,
    year_from: int,
    year_to: int,
    codes: Mapping[int, Collection[str]],
    *,
    floor: Floor | None = None,
    route: str = "auto",
) -> Weights:
    """Return the weights from the codes of one year to those of another.

    Parameters
    ----------
    crosswalk : DataFrame
        One row per pair of codes in a pair of years (`schema.boundaries.CROSSWALK`), one level. A pair of
        years is also read in the other direction.
    year_from, year_to : int
        Year of the data and base year.
    codes : mapping of year to collection of str
        Codes of all areas that exist in a year, changed or not; needed for both years. A code that the
        crosswalk lists in a year is known there too.
    floor : Floor, optional
        What counts as noise; ``Floor()`` by default.
    route : {"auto", "direct", "chain"}
        Through one listed pair of years, or through all years that the crosswalk knows in between; ``auto``
        takes the direct way where it is listed, since a chain spreads every intermediate area evenly.

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
    >>> build_weights(crosswalk, 2016, 2017, codes).frame["weight_share"].tolist()
    [0.75, 0.25, 1.0]
    """
    floor = floor or Floor()
    level = _level(crosswalk)
    for year in (year_from, year_to):
        _check_codes(codes, year, level)
    steps = find_route(crosswalk, year_from, year_to, route)
    parts = [_apply_floor(step.flows, floor) for step in steps]
    kept = [_shares(flows, step) for (flows, _), step in zip(parts, steps, strict=True)]
    start = sorted(set(codes[year_from]) | _listed(crosswalk, year_from))
    known = set(codes[year_to]) | _listed(crosswalk, year_to)
    chained = _chain(start, kept)
    reached = is_among(chained["target_code"], known)
    frame = WEIGHTS.check(chained[reached], f"weights {year_from} to {year_to}")
    unplaced = chained.loc[~reached, ["source_code", "target_code", "weight_share"]]
    return Weights(
        level,
        year_from,
        year_to,
        frame,
        unplaced.rename(columns={"target_code": "arrives_at_code"}).reset_index(drop=True),
        pd.DataFrame([_describe(step, dropped, start) for step, (_, dropped) in zip(steps, parts, strict=True)]),
        _dropped_flows(steps, [dropped for _, dropped in parts]),
        floor,
    )


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
    return Weights(level, year, year, frame, unplaced, pd.DataFrame(), pd.DataFrame(), Floor())


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
    other = int((~pd.Series(list(codes[year]), dtype="str").str.startswith(prefix).astype(bool)).sum())
    if other:
        raise DataError(
            "crosswalk",
            found=f"{other:,} of {len(codes[year]):,} codes of {year} that do not begin with {prefix}",
            expected=f"codes of the crosswalk's level ({level})",
            action="leave out the rows of other levels (NL, GM, WK), and strip the codes",
        )


def _listed(crosswalk: pd.DataFrame, year: int) -> set[str]:
    """Return the codes that a crosswalk names in a year."""
    sources = crosswalk.loc[crosswalk["year_from"] == year, "source_code"]
    targets = crosswalk.loc[crosswalk["year_to"] == year, "target_code"]
    return {*sources.unique().tolist(), *targets.unique().tolist()}


def _apply_floor(flows: pd.DataFrame, floor: Floor) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flows above the floor, and those below it with their share of both ends."""
    counts = flows["addresses_count"]
    by_source, by_target = (counts.groupby(flows[end]) for end in ("source_code", "target_code"))
    shares = flows.assign(
        source_share=counts / by_source.transform("sum"), target_share=counts / by_target.transform("sum")
    )
    noise = (
        (counts < floor.addresses_min)
        & (shares["source_share"] < floor.share_min)
        & (shares["target_share"] < floor.share_min)
        & (counts < by_source.transform("max"))
        & (counts < by_target.transform("max"))
    )
    return flows[~noise], shares[noise]


def _shares(flows: pd.DataFrame, step: Step) -> pd.DataFrame:
    """Give every flow its share of the source; where there are no counts, the share that the file gives."""
    counted = flows["addresses_count"] / flows.groupby("source_code")["addresses_count"].transform("sum")
    given = flows["weight_share"]
    if step.reverse and counted.isna().any():
        merged = flows["source_code"].duplicated(keep=False)
        if merged.any():
            raise DataError(
                "crosswalk",
                found=f"{flows.loc[merged, 'source_code'].nunique():,} areas of {step.year_from} that come from "
                f"several areas of {step.year_to}, without numbers of addresses",
                expected="address counts, to divide a merged area over its parts again",
                action=f"take a base year from {step.year_from} on, or a crosswalk with address counts",
            )
        given = pd.Series(1.0, index=flows.index)
    return flows.assign(weight_share=counted.where(counted.notna(), given))


def _chain(start: list[str], steps: list[pd.DataFrame]) -> pd.DataFrame:
    """Multiply the steps: one row per source and final target, areas that no step lists at weight 1."""
    codes = pd.Index(sorted(set(start).union(*(set(s["source_code"]) | set(s["target_code"]) for s in steps))))
    rows = codes.get_indexer(pd.Index(start))
    product = sparse.csr_array((np.ones(len(rows)), (np.arange(len(rows)), rows)), shape=(len(rows), len(codes)))
    size = np.full(len(rows), np.nan)
    for step in steps:
        product = product @ _matrix(step, codes)
        listed = step.groupby("source_code")["addresses_count"].sum(min_count=1).reindex(start).to_numpy()
        size = np.where(np.isnan(size), listed, size)
    entries = product.tocoo()
    # Parts that meet again sum to 1 only up to rounding.
    weight = np.where(entries.data > 1 - ROUNDING, 1.0, entries.data)
    frame = pd.DataFrame(
        {
            "source_code": pd.Series(np.asarray(start, dtype=object)[entries.row], dtype="str"),
            "target_code": pd.Series(codes.to_numpy(dtype=object)[entries.col], dtype="str"),
            "weight_share": weight,
            "addresses_count": weight * size[entries.row],
        }
    )
    return frame.sort_values(["source_code", "target_code"], ignore_index=True)


def _matrix(step: pd.DataFrame, codes: pd.Index) -> sparse.csr_array:
    """Return a step as a square matrix over all codes, with 1 on the diagonal for codes it does not list."""
    source, target = (codes.get_indexer(step[end]) for end in ("source_code", "target_code"))
    kept = np.setdiff1d(np.arange(len(codes)), source)
    values = np.concatenate([step["weight_share"].to_numpy(), np.ones(len(kept))])
    where = (np.concatenate([source, kept]), np.concatenate([target, kept]))
    return sparse.csr_array((values, where), shape=(len(codes), len(codes)))


def _describe(step: Step, dropped: pd.DataFrame, start: list[str]) -> dict[str, object]:
    """Return a step's row: what is listed, and what fell below the floor."""
    one_sided = set(start) & (set(step.flows["target_code"]) - set(step.flows["source_code"]))
    return {
        "year_from": step.year_from,
        "year_to": step.year_to,
        "listed": "none listed" if step.flows.empty else "reversed" if step.reverse else "as listed",
        "flows_count": len(step.flows),
        "addresses_count": float(step.flows["addresses_count"].sum()),
        "flows_dropped_count": len(dropped),
        "addresses_dropped_count": float(dropped["addresses_count"].sum()),
        "one_sided_count": len(one_sided),
    }


def _dropped_flows(steps: list[Step], parts: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the flows below the floor in every step."""
    frames = [
        part.assign(year_from=step.year_from, year_to=step.year_to) for step, part in zip(steps, parts, strict=True)
    ]
    columns = ["year_from", "year_to", "source_code", "target_code", "addresses_count", "source_share", "target_share"]
    return pd.concat(frames)[columns].reset_index(drop=True)
