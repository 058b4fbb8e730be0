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
from buurteffect.panel.flows import count_flows
from buurteffect.project import writing
from buurteffect.schema.boundaries import CROSSWALK
from buurteffect.sources.addresses import AddressFile, read_addresses, year_of_addresses
from buurteffect.sources.rawfile import sha256_of

ADDRESSES, COUNTED = "addresses", "counted.json"
"""Folder of the files below that of the open data, and the record beside the crosswalks counted from them."""

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
        flows = count_flows(read[first], read[second], "buurt")
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
    it is missing or names other files, everything is counted again.

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
    inputs = {str(year): {"file": path.name, "sha256": sha256_of(path)} for year, path in sorted(files.items())}
    names = [f"counted_{level}.csv" for level in _WIDTHS]
    if _recorded(home) == inputs and all((home / name).is_file() for name in names):
        say(f"crosswalks of {min(files)} to {max(files)}: already there, counted from these address files.")
        return False
    (home / COUNTED).unlink(missing_ok=True)
    counted = crosswalks_from_addresses(folder, say=say)
    for level, frame in counted.frames.items():
        _write_level(home / f"counted_{level}.csv", frame)
    record = {
        "what": "crosswalks counted from the addresses (postcode and house number) that both years have",
        "addresses": inputs,
        "ledger": counted.ledger.to_dict("records"),
    }
    with writing(home / COUNTED) as aside:
        aside.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    say(f"crosswalks of {min(files)} to {max(files)}: counted, in {home}")
    for line in describe_ledger(counted.ledger):
        say(f"  {line}")
    return True


def describe_ledger(ledger: pd.DataFrame) -> list[str]:
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


def _recorded(home: Path) -> Mapping[str, object] | None:
    """Return which address files the crosswalks were counted from, as far as a record says it."""
    try:
        content = json.loads((home / COUNTED).read_text(encoding="utf-8"))
        recorded = content["addresses"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return recorded if isinstance(recorded, dict) else None
