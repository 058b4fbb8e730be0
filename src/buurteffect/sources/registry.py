"""What is recorded about the open sources: the registry, and the record of what was fetched.

The registry (``sources.toml``) is written by hand and kept in git. The record (``fetched.toml``) lies beside
the data, is written by the downloader, and holds what the first fetch of a source brought.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath

from buurteffect.project import writing
from buurteffect.sources.registry_keys import (
    ADDRESS,
    CONFIRMED,
    FLAG,
    NAMES,
    TEXT,
    UNCONFIRMED,
    Key,
    check_table,
    fault,
    is_text,
    read_toml,
)

FETCHED_NAME = "fetched.toml"
CATALOGUE_KEY = "offer"
RESERVED_ENDINGS = (".part", ".part.json", ".lock")

_REQUIRED = {
    "title": TEXT,
    "publisher": TEXT,
    "licence": TEXT,
    "address": ADDRESS,
    "path": TEXT,
    "needed": FLAG,
    "needed_by": NAMES,
    "notes": TEXT,
}
# The types are exact: True is an int, and a moment in time is a date.
_BYTES_SEEN = {
    "sha256": Key(
        lambda value: is_text(value) and re.fullmatch(r"[0-9a-fA-F]{64}", value) is not None,
        "64 hexadecimal digits",
        str.lower,
    ),
    "bytes": Key(lambda value: type(value) is int and value > 0, "a whole number above 0"),
    "retrieved": Key(lambda value: type(value) is date, "a date: 2024-12-31, without quotes"),
}
_KNOWN = _REQUIRED | {"confirmed": CONFIRMED, "page": ADDRESS, "with_all": FLAG} | _BYTES_SEEN
_RECORD = {"address": ADDRESS, **_BYTES_SEEN}


@dataclass(frozen=True)
class Source:
    """One open source, as the registry declares it.

    Parameters
    ----------
    id : str
        Name of its table in the registry.
    title, publisher, licence : str
        What it is, who publishes it, and on which terms.
    address : str
        Where it is downloaded from.
    path : str
        Where it comes to lie, relative to the folder of the open data.
    needed : bool
        Whether it is fetched without being asked for by name.
    needed_by : tuple of str
        What uses it.
    notes : str
        What a reader should know before trusting it.
    confirmed : str
        When and how the address was confirmed, or ``unconfirmed`` and why.
    page : str
        Where a person finds it; empty where that is the address.
    with_all : bool
        Whether it is fetched with everything that the open reports use.
    retrieved : date, optional
        Day on which the recorded bytes were fetched; absent where no one has fetched them.
    sha256 : str, optional
        Hash of the recorded bytes, 64 lower-case hexadecimal digits.
    size_bytes : int, optional
        Their number.
    """

    id: str
    title: str
    publisher: str
    licence: str
    address: str
    path: str
    needed: bool
    needed_by: tuple[str, ...]
    notes: str
    confirmed: str = UNCONFIRMED
    page: str = ""
    with_all: bool = False
    retrieved: date | None = None
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class Record:
    """The bytes that one source was first seen with: their address, hash and number, and the day."""

    address: str
    sha256: str
    size_bytes: int
    retrieved: date


def read_registry(path: Path) -> tuple[Source, ...]:
    """Return the sources of a registry in the order of the file; one table is one source.

    The table of what is fetched on request (`catalogue.CATALOGUE_KEY`) is not looked at.

    Raises
    ------
    DataError
        If the file is missing or is not TOML, or if a table has an unknown or missing key, a value of the
        wrong type, a ``sha256`` that is not 64 hexadecimal digits, an ``address`` that is not http or https,
        or a ``path`` that is absolute, climbs out of the folder of the open data or is another source's.
    """
    sources = []
    taken: dict[str, str] = {}
    for name, table in read_toml(path).items():
        if name == CATALOGUE_KEY:
            continue
        values = check_table(path, name, table, _KNOWN, _REQUIRED)
        _check_path(path, name, values["path"], taken)
        sources.append(Source(id=name, size_bytes=values.pop("bytes", None), **values))
    return tuple(sources)


def read_records(path: Path) -> dict[str, Record]:
    """Return what was fetched before, by source id; empty where nothing was.

    Raises
    ------
    DataError
        If the file is not as :func:`write_records` left it.
    """
    if not path.exists():
        return {}
    tables = {name: check_table(path, name, table, _RECORD, _RECORD) for name, table in read_toml(path).items()}
    return {
        name: Record(table["address"], table["sha256"], table["bytes"], table["retrieved"])
        for name, table in tables.items()
    }


def write_records(path: Path, records: Mapping[str, Record]) -> None:
    """Write the record of what was fetched, whole or not at all."""
    lines = [
        "# Written by the downloader: the bytes that each source was first fetched with.",
        "# Remove a table only to accept a new version of that source.",
    ]
    for name, record in sorted(records.items()):
        lines += ["", f"[{name}]", f"address = {json.dumps(record.address)}", *recorded_lines(record)]
    with writing(path) as aside:
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")


def recorded_lines(record: Record) -> list[str]:
    """Return the three lines that a registry or record holds about the bytes of a source.

    Examples
    --------
    >>> recorded_lines(Record("https://x.nl/a.csv", "0" * 64, 12, date(2024, 12, 31)))[1:]
    ['bytes = 12', 'retrieved = 2024-12-31']
    """
    return [
        f'sha256 = "{record.sha256}"',
        f"bytes = {record.size_bytes}",
        f"retrieved = {record.retrieved.isoformat()}",
    ]


def _check_path(file: Path, name: str, path: str, taken: dict[str, str]) -> None:
    """Refuse a path that leaves the folder of the open data, is kept for the downloader, or is taken."""
    column, pure = f"{name}.path", PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not path.isprintable():
        raise fault(file, column, f"{path!r}", "a path below data/raw/open/, with '/' and without '..'")
    if str(pure) != path or path == ".":
        raise fault(file, column, f"{path!r}", "the path of a file, in its shortest form")
    if path.endswith(RESERVED_ENDINGS) or path == FETCHED_NAME:
        raise fault(file, column, f"{path!r}", "another name: the downloader keeps this one for its own files")
    # Without regard to case, since the disks of many machines have none.
    other = taken.setdefault(path.casefold(), name)
    if other != name:
        raise fault(file, column, f"{path!r}, which is also the path of {other}", "a path of its own")
