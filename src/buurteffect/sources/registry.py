"""What is recorded about the open sources: the registry, and the record of what was fetched.

The registry (``sources.toml``) is written by hand and kept in git. The record (``fetched.toml``) lies beside
the data, is written by the downloader, and holds what the first fetch of a source brought.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import check_identifier, writing

FETCHED_NAME = "fetched.toml"
OFFERS_KEY = "offer"
UNCONFIRMED = "unconfirmed"
RESERVED_ENDINGS = (".part", ".part.json", ".lock")

_REQUIRED = {
    "title": str,
    "publisher": str,
    "licence": str,
    "address": str,
    "path": str,
    "needed": bool,
    "needed_by": list,
    "notes": str,
}
_FOR_PEOPLE = {"confirmed": str, "page": str, "with_all": bool}
_BYTES_SEEN = {"sha256": str, "bytes": int, "retrieved": date}
_RECORD = {"address": str, **_BYTES_SEEN}
_KINDS = {
    str: "text in quotes, not empty",
    bool: "true or false",
    list: "a list of texts",
    int: "a whole number above 0",
    date: "a date: 2024-12-31, without quotes",
}


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
    """The bytes that one source was first seen with.

    Parameters
    ----------
    address : str
        Where they came from.
    sha256 : str
        Their hash.
    size_bytes : int
        Their number.
    retrieved : date
        Day on which they were first recorded.
    """

    address: str
    sha256: str
    size_bytes: int
    retrieved: date


def read_registry(path: Path) -> tuple[Source, ...]:
    """Return the sources of a registry in the order of the file; one table is one source.

    The table of what is fetched on request (`offers.OFFERS_KEY`) is not looked at.

    Raises
    ------
    DataError
        If the file is missing or is not TOML, or if a table has an unknown or missing key, a value of the
        wrong type, a ``sha256`` that is not 64 hexadecimal digits, an ``address`` that is not http or https,
        or a ``path`` that is absolute, climbs out of the folder of the open data or is another source's.
    """
    sources = []
    taken: dict[str, str] = {}
    document = {name: table for name, table in read_toml(path).items() if name != OFFERS_KEY}
    for name, table in _checked_tables(
        path, document, _REQUIRED | _FOR_PEOPLE | _BYTES_SEEN, required=_REQUIRED
    ).items():
        _check_path(path, name, table["path"], taken)
        values = {key: value for key, value in table.items() if key not in ("bytes", "needed_by")}
        sources.append(Source(id=name, needed_by=tuple(table["needed_by"]), size_bytes=table.get("bytes"), **values))
    return tuple(sources)


def sources_needed(registry: Iterable[Source]) -> tuple[Source, ...]:
    """Return the sources that are fetched without being asked for by name."""
    return tuple(source for source in registry if source.needed)


def read_records(path: Path) -> dict[str, Record]:
    """Return what was fetched before, by source id; empty where nothing was.

    Raises
    ------
    DataError
        If the file is not as :func:`write_records` left it.
    """
    if not path.exists():
        return {}
    return {
        name: Record(table["address"], table["sha256"], table["bytes"], table["retrieved"])
        for name, table in _checked_tables(path, read_toml(path), _RECORD, required=_RECORD).items()
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


def _checked_tables(
    path: Path, document: dict[str, Any], known: Mapping[str, type], *, required: Mapping[str, type]
) -> dict[str, dict[str, Any]]:
    """Return the tables of a TOML file, each with its keys and values checked."""
    for name, table in document.items():
        if not isinstance(table, dict):
            raise _fault(path, name, f"a {type(table).__name__} outside any table", "a table per source: [id]")
        try:
            check_identifier(name, "source")
        except ProjectError:
            raise _fault(path, name, "a name with other signs", "letters, digits, '_' and '-'") from None
        _check_keys(path, name, table, known, required)
        for key, value in table.items():
            table[key] = _check_value(path, f"{name}.{key}", known[key], value)
    return document


def read_toml(path: Path) -> dict[str, Any]:
    """Return a TOML file's content.

    Raises
    ------
    DataError
        If it is missing or is not TOML in UTF-8, with the line where it stops being so.
    """
    try:
        text = path.read_bytes().decode("utf-8")
        return tomllib.loads(text)
    except OSError as error:
        raise DataError(
            path,
            found=f"it cannot be read: {error.strerror}",
            expected="a TOML file with a table per source",
            action="put the file back as it is in git, or run from inside the checkout",
        ) from None
    except UnicodeDecodeError as error:
        line, found = error.object.count(b"\n", 0, error.start) + 1, "bytes that are not UTF-8"
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line, found = int(match[1]) if match else text.count("\n") + 1, str(error)
    raise DataError(
        path,
        line=line,
        found=found,
        expected="TOML in UTF-8",
        action="mend that line; texts stand in double quotes",
    )


def _check_keys(
    path: Path, name: str, table: Mapping[str, Any], known: Mapping[str, type], required: Mapping[str, type]
) -> None:
    """Refuse a key that is unknown or missing."""
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
            raise _fault(path, f"{name}.{key}", "an unknown key", hint)
    for key in required:
        if key not in table:
            raise _fault(path, f"{name}.{key}", "the key is missing", _KINDS[known[key]])


def _check_value(path: Path, column: str, kind: type, value: Any) -> Any:
    """Return a value of the right kind, the hash in lower case; else raise."""
    key = column.rpartition(".")[2]
    right = type(value) is kind  # exact: True is an int, and a moment in time is a date
    right = right and not (kind is int and value <= 0)
    right = right and not (kind is str and not value.strip())
    right = right and not (kind is list and not all(isinstance(item, str) and item.strip() for item in value))
    if not right:
        raise _fault(path, column, f"{value!r}", _KINDS[kind])
    if key == "sha256":
        if not re.fullmatch(r"[0-9a-fA-F]{64}", value):
            raise _fault(path, column, f"{value!r}, {len(value)} signs", "64 hexadecimal digits")
        return value.lower()
    if key in ("address", "page") and not is_web_address(value):
        raise _fault(path, column, f"{value!r}", "an address that starts with https:// (or http://)")
    if key == "confirmed" and not says_confirmed(value):
        raise _fault(path, column, f"{value!r}", CONFIRMED_FORM)
    return value


CONFIRMED_FORM = "a date and how, such as '2026-12-01, the server answered', or 'unconfirmed: …'"


def says_confirmed(text: str) -> bool:
    """Say whether a text says when and how something was confirmed, or that it was not.

    Examples
    --------
    >>> says_confirmed("2026-12-01, it answered"), says_confirmed("unconfirmed: one program"), says_confirmed("yes")
    (True, True, False)
    """
    dated = re.match(r"([0-9]{4}-[0-9]{2}-[0-9]{2}), \S", text)
    if dated:
        try:
            date.fromisoformat(dated[1])
        except ValueError:
            return False
    return bool(dated) or re.fullmatch(rf"{UNCONFIRMED}(: \S.*)?", text) is not None


def is_web_address(address: str) -> bool:
    """Say whether an address is http or https, with a host and nothing unprintable.

    Examples
    --------
    >>> is_web_address("https://opendata.cbs.nl"), is_web_address("file:///etc/hosts")
    (True, False)
    """
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port out of range too, which is only read on asking
        return False
    return usable and address.isprintable() and " " not in address


def _check_path(file: Path, name: str, path: str, taken: dict[str, str]) -> None:
    """Refuse a path that leaves the folder of the open data, is kept for the downloader, or is taken."""
    column, pure = f"{name}.path", PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not path.isprintable():
        raise _fault(file, column, f"{path!r}", "a path below data/raw/open/, with '/' and without '..'")
    if str(pure) != path or path == ".":
        raise _fault(file, column, f"{path!r}", "the path of a file, in its shortest form")
    if path.endswith(RESERVED_ENDINGS) or path == FETCHED_NAME:
        raise _fault(file, column, f"{path!r}", "another name: the downloader keeps this one for its own files")
    # Without regard to case, since the disks of many machines have none.
    other = taken.setdefault(path.casefold(), name)
    if other != name:
        raise _fault(file, column, f"{path!r}, which is also the path of {other}", "a path of its own")


def _fault(path: Path, column: str, found: str, expected: str) -> DataError:
    """Return the error for one key of the file."""
    return DataError(path, column=column, found=found, expected=expected, action=f"mend {column} in {path.name}")
