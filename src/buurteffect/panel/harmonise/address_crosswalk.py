"""Crosswalks counted from the files of postcodes and house numbers that a folder holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.address_flows import count_flows
from buurteffect.project import writing
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources.files.rawfile import sha256_of
from buurteffect.sources.geography.addresses import AddressFile, read_addresses, year_of_addresses
from buurteffect.sources.geography.crosswalk import read_crosswalk

ADDRESSES, COUNTED = "addresses", "counted.json"
"""Folder of the files below that of the open data, and the record beside the crosswalks counted from them."""

_COUNTED = "counted_"
_WIDTHS = {"buurt": 8, "wijk": 6, "gemeente": 4}
_PREFIXES = {"buurt": "BU", "wijk": "WK", "gemeente": "GM"}
_SUFFIXES = (".csv", ".zip")

Pair = tuple[str, int, int]
"""A level and two years."""


@dataclass(frozen=True, eq=False)
class AddressCrosswalks:
    """Crosswalks counted from addresses.

    Attributes
    ----------
    frames : dict of str to DataFrame
        By level, one row per pair of areas that share an address, for every two years that follow on one another
        among those of the files (`schema.boundaries.CROSSWALK`). Areas that did not change are listed too, and flows
        of one address stay: what counts as noise is for `weights.Floor` to say.
    files : tuple of (Path, year)
        The files that were read, by year.
    ledger : DataFrame
        One row per pair of years, year and fate of its addresses: ``year_from, year_to, year, fate, rows_count``; see
        `flows.Flows`.
    passed_over : tuple of (file, reason)
        Files that hold no addresses.
    """

    frames: dict[str, pd.DataFrame]
    files: tuple[tuple[Path, int], ...]
    ledger: pd.DataFrame
    passed_over: tuple[tuple[str, str], ...]


def crosswalks_from_addresses(
    folder: Path, given: Collection[Pair] = (), say: Callable[[str], None] = lambda _: None
) -> AddressCrosswalks:
    """Count crosswalks from the address files in a folder.

    Two years at a time are in memory. A year of 8 million addresses takes about 1.5 GB and half a minute.

    Parameters
    ----------
    folder : Path
        Folder of the open data; the files lie in its ``addresses/``, as zips or as CSV, in folders of their own or not.
    given : collection of (level, year, year)
        What a crosswalk is there for already, in either direction. Two years of which every level is given are not
        read.
    say : callable
        Takes a message about each pair of years.

    Raises
    ------
    DataError
        If a file of addresses is damaged, two files are of one year, or two years share no address.
    """
    found, passed_over = _files(folder / ADDRESSES)
    frames: dict[str, list[pd.DataFrame]] = {level: [] for level in _WIDTHS}
    ledgers: list[pd.DataFrame] = []
    read: dict[int, AddressFile] = {}
    used: set[int] = set()
    for first, second in pairwise(sorted(found)):
        levels = [level for level in _WIDTHS if not {(level, first, second), (level, second, first)} & set(given)]
        if not levels:
            continue
        say(f"addresses of {first} and {second}: counting")
        read = {year: read.get(year) or read_addresses(found[year], year=year) for year in (first, second)}
        flows = count_flows(read[first], read[second])
        for level in levels:
            frames[level].append(_at_level(flows.frame, level))
        ledgers.append(flows.ledger.assign(year_from=first, year_to=second))
        used |= {first, second}
    columns = ["year_from", "year_to", "year", "fate", "rows_count"]
    ledger = pd.concat(ledgers, ignore_index=True)[columns] if ledgers else pd.DataFrame(columns=columns)
    whole = {level: pd.concat(parts, ignore_index=True) for level, parts in frames.items() if parts}
    return AddressCrosswalks(whole, tuple((found[year], year) for year in sorted(used)), ledger, tuple(passed_over))


def write_crosswalks(folder: Path, say: Callable[[str], None] = print) -> bool:
    """Count crosswalks from the address files of a folder and write one CSV per level into its ``crosswalk/``.

    The files are ``counted_<level>.csv``, as `sources.read_crosswalk` takes them, and `COUNTED`, which names the
    address files with their hashes and holds the ledger. Each is written whole or not at all, the record last: where
    it is missing or names other files, everything is counted again. What another crosswalk in that folder gives for a
    level and two years is not counted.

    Parameters
    ----------
    folder : Path
        Folder of the open data.
    say : callable
        Takes messages.

    Returns
    -------
    bool
        Whether anything was counted: not if there are fewer than two years, or the record is of the same files.

    Raises
    ------
    DataError
        As `crosswalks_from_addresses`.
    """
    files, _ = _files(folder / ADDRESSES)
    if len(files) < 2:
        return False
    home = folder / "crosswalk"
    given = _given(home)
    inputs = {str(year): {"file": path.name, "sha256": sha256_of(path)} for year, path in sorted(files.items())}
    basis = {"addresses": inputs, "given": sorted(map(list, given))}
    if _is_recorded(home, basis):
        say(f"crosswalks of {min(files)} to {max(files)}: already there, counted from these address files.")
        return False
    (home / COUNTED).unlink(missing_ok=True)
    counted = crosswalks_from_addresses(folder, given, say)
    for level in _WIDTHS:
        if level in counted.frames:
            _write_level(home / f"{_COUNTED}{level}.csv", counted.frames[level])
        else:
            (home / f"{_COUNTED}{level}.csv").unlink(missing_ok=True)
    record = {
        "what": "crosswalks counted from the addresses (postcode and house number) that both years have",
        **basis,
        "levels": sorted(counted.frames),
        "ledger": counted.ledger.to_dict("records"),
    }
    with writing(home / COUNTED) as aside:
        aside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"crosswalks of {min(files)} to {max(files)}: counted, in {home}")
    for line in _describe_ledger(counted.ledger):
        say(f"  {line}")
    return True


def _describe_ledger(ledger: pd.DataFrame) -> list[str]:
    """Return a line per pair of years: how many addresses both have, and how many only one of them."""
    lines = []
    for (first, second), rows in ledger.groupby(["year_from", "year_to"]):
        of = rows.set_index(["year", "fate"])["rows_count"]
        lines.append(
            f"{first} to {second}: {of[first, 'matched']:,} addresses in both; only in {first}: "
            f"{of[first, 'only in this year']:,}; only in {second}: {of[second, 'only in this year']:,}; in several "
            f"buurten at once: {of[first, 'ambiguous'] + of[second, 'ambiguous']:,}"
        )
    return lines


def _files(home: Path) -> tuple[dict[int, Path], list[tuple[str, str]]]:
    """Return the files of addresses by year, and the others with the reason to pass them over."""
    found: dict[int, Path] = {}
    passed_over = []
    for path in sorted(item for item in home.rglob("*") if item.is_file() and not item.name.startswith(".")):
        if path.suffix.lower() not in _SUFFIXES:
            passed_over.append((path.name, "not a CSV, nor a zip with one"))
            continue
        year = year_of_addresses(path)
        if year is None:
            passed_over.append((path.name, "holds no postcodes and house numbers"))
        elif year in found:
            raise DataError(
                path.name,
                found=f"addresses of {year}, as in {found[year].name}",
                expected=f"one file of each year in the folder {ADDRESSES}",
                action=f"move one of the two out of {home}",
            )
        else:
            found[year] = path
    return found, passed_over


def _at_level(flows: pd.DataFrame, level: str) -> pd.DataFrame:
    """Return the flows between buurten as flows between the areas that they lie in."""
    if level == "buurt":
        return flows
    ends = {
        name: _PREFIXES[level] + flows[name].str.slice(2, 2 + _WIDTHS[level]) for name in ("source_code", "target_code")
    }
    keys = ["year_from", "year_to", "level", "source_code", "target_code"]
    summed = flows.assign(level=level, **ends).groupby(keys, as_index=False, sort=True)["addresses_count"].sum()
    return CROSSWALK.check(summed.assign(weight_share=np.nan), f"crosswalk of {level}")


def _write_level(path: Path, frame: pd.DataFrame) -> None:
    """Write a crosswalk in the form of the files that are read."""
    table = pd.DataFrame(
        {
            "year_from": frame["year_from"],
            "year_to": frame["year_to"],
            "source": frame["source_code"],
            "target": frame["target_code"],
            "n_addresses": frame["addresses_count"].astype("int64"),
        }
    )
    with writing(path) as aside:
        table.to_csv(aside, index=False, lineterminator="\n")


def _given(home: Path) -> set[Pair]:
    """Return what other crosswalks in the folder are there for."""
    others = [path for path in sorted(home.glob("*.csv")) if not path.name.startswith(_COUNTED)]
    return {pair for path in others for pair in pairs_of(read_crosswalk(path).frame)}


def pairs_of(frame: pd.DataFrame) -> set[Pair]:
    """Return the levels and pairs of years that a crosswalk is there for."""
    rows = frame[["level", "year_from", "year_to"]].drop_duplicates()
    return {(str(level), int(first), int(second)) for level, first, second in rows.itertuples(index=False)}


def _is_recorded(home: Path, basis: Mapping[str, object]) -> bool:
    """Return whether the record names these inputs, and every file that it lists is there."""
    try:
        content = json.loads((home / COUNTED).read_text(encoding="utf-8"))
        same = all(content[key] == value for key, value in basis.items())
        return same and all((home / f"{_COUNTED}{level}.csv").is_file() for level in content["levels"])
    except (OSError, ValueError, KeyError, TypeError):
        return False
