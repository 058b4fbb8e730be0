"""What can be fetched on request: groups of tables and files, as the registry declares them.

A group is a table ``[offer.<name>]`` of ``sources.toml``. It is of one of three kinds: tables of StatLine, files at
an address that holds the year, or a source that only a person can fetch.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from buurteffect.errors import ProjectError
from buurteffect.sources.registry import CATALOGUE_KEY, Source
from buurteffect.sources.registry_keys import (
    ADDRESS,
    CONFIRMED,
    FLAG,
    NAMES,
    PLAIN_NAME,
    TEXT,
    UNCONFIRMED,
    Key,
    check_table,
    fault,
    is_plain_name,
    is_text,
    is_web_address,
    read_toml,
)
from buurteffect.sources.statline.query import Query

YEARS = (1995, 2100)
"""First and last year that can be asked for."""

Kind = Literal["statline", "files", "by_hand"]

STATLINE_PAGE = "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/{table}/table"
"""Where a person finds a table of CBS."""
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SPAN = re.compile(r"((?:19|20)[0-9]{2})(?:-((?:19|20)[0-9]{2}))?")


@dataclass(frozen=True)
class YearFile:
    """The file of one year that has an address of its own; `file` is the name that it comes to lie under."""

    year: int
    address: str
    file: str
    confirmed: str = UNCONFIRMED
    page: str = ""


@dataclass(frozen=True)
class CatalogueEntry:
    """A group of tables or files that is fetched when it is asked for by name.

    Parameters
    ----------
    name : str
        What it is asked for by.
    kind : {"statline", "files", "by_hand"}
        Tables of StatLine, files by year, or what only a person can fetch.
    title, publisher, licence, notes : str
        What it is, who publishes it, on which terms, and what to know before trusting it.
    folder : str
        Where it comes to lie, below the folder of the open data.
    tables : tuple of (year or None, table id)
        Tables of StatLine; the year where there is one table per year.
    service : str or None
        Root of the service; None for that of CBS.
    where : mapping of str to str
        Codes that the tables are cut down to: see `statline.query.Query`.
    by_gemeente : bool
        Whether it can be cut down to one gemeente.
    packed : bool
        Whether a table comes to lie as one zip, as the readers of the panel look for it.
    pause_seconds : float
        Shortest time between two requests.
    address, file : str
        For files: address and name, with ``{year}`` in both.
    files : tuple of YearFile
        For files whose addresses follow no pattern: one per year.
    absent : mapping of int to str
        For files: years of which none can be fetched, and what a person can do.
    by_hand : str
        What a person has to do.
    confirmed, page : str
        See `registry.Source`; of a year's own file, its own.
    needed_by : tuple of str
        Notebooks that use it.
    in_browser : str
        For tables: what a person does on the page of the table to have it in a form that is read.
    with_all : bool or tuple of int
        Whether it is fetched with everything that the open reports use, or which of its years are.
    """

    name: str
    kind: Kind
    title: str
    publisher: str
    licence: str
    notes: str
    folder: str
    tables: tuple[tuple[int | None, str], ...] = ()
    service: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    by_gemeente: bool = False
    packed: bool = False
    pause_seconds: float = 1.0
    address: str = ""
    file: str = ""
    files: tuple[YearFile, ...] = ()
    absent: Mapping[int, str] = field(default_factory=dict)
    by_hand: str = ""
    confirmed: str = UNCONFIRMED
    page: str = ""
    needed_by: tuple[str, ...] = ()
    in_browser: str = ""
    with_all: bool | tuple[int, ...] = False

    @property
    def years(self) -> tuple[int, ...]:
        """Years that there is a table or a file of its own of."""
        return tuple(year for year, _ in self.tables if year is not None) or tuple(each.year for each in self.files)

    @property
    def years_by_table(self) -> dict[str, tuple[int, ...]]:
        """Years of every table, the tables in the order of their first year; none where it is not by year."""
        found: dict[str, tuple[int, ...]] = {}
        for year, table in self.tables:
            found[table] = (*found.get(table, ()), *(() if year is None else (year,)))
        return found

    @property
    def yearly(self) -> bool:
        """Whether it is asked for by year."""
        return self.kind == "files" or bool(self.years)

    @property
    def on_its_page(self) -> str:
        """What a person does on the page of a table."""
        chosen_all = "choose all subjects, areas and years, download it as CSV with statistical symbols"
        return self.in_browser or f"{chosen_all}, and put it into the folder {self.folder}"

    def source(self, year: int) -> Source:
        """Return the file of one year as a source."""
        own = next((each for each in self.files if each.year == year), None)
        own = own or YearFile(
            year, self.address.format(year=year), self.file.format(year=year), self.confirmed, self.page
        )
        return Source(
            id=f"{self.name}_{year}",
            title=f"{self.title}, {year}",
            publisher=self.publisher,
            licence=self.licence,
            address=own.address,
            path=f"{self.folder}/{own.file}",
            needed=False,
            needed_by=self.needed_by,
            notes=self.notes,
            confirmed=own.confirmed,
            page=own.page or self.page,
        )


def read_catalogue(path: Path) -> tuple[CatalogueEntry, ...]:
    """Return what a registry offers on request, in the order of the file.

    Raises
    ------
    DataError
        If the file is missing or is not TOML, or if a group has an unknown or missing key, a value that cannot be
        what it says, a table id, condition or address that is none, or a folder that leads elsewhere.
    """
    groups = read_toml(path).get(CATALOGUE_KEY, {})
    if not isinstance(groups, dict):
        raise fault(path, CATALOGUE_KEY, f"a {type(groups).__name__}", f"a table per group: [{CATALOGUE_KEY}.name]")
    return tuple(_entry(path, name, table) for name, table in groups.items())


def parse_years(text: str) -> tuple[int, ...]:
    """Return the years that a request names, in order.

    Raises
    ------
    ProjectError
        If a part is neither a year nor a span of years in their order.

    Examples
    --------
    >>> parse_years("2013-2015, 2019")
    (2013, 2014, 2015, 2019)
    """
    years: set[int] = set()
    parts = re.sub(r"\s*-\s*", "-", text).replace(",", " ").split()
    for part in parts:
        match = _SPAN.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, -1)
        if not YEARS[0] <= first <= last <= YEARS[1]:
            raise ProjectError(
                f"years {text!r}: give years or spans from {YEARS[0]} on, the first year first, such as 2013-2024 or "
                "2015,2019"
            )
        years |= set(range(first, last + 1))
    if not years:
        raise ProjectError("no years: give years or spans, such as 2013-2024 or 2015,2019")
    return tuple(sorted(years))


def span_of(years: Sequence[int]) -> str:
    """Print the years of one table.

    Examples
    --------
    >>> span_of((2009, 2010, 2011)), span_of((2019,)), span_of(())
    ('2009-2011', '2019', '')
    """
    return "-".join(map(str, sorted({years[0], years[-1]}))) if years else ""


def _entry(path: Path, name: str, table: Any) -> CatalogueEntry:
    """Return one group, every key and value of it checked."""
    here = f"{CATALOGUE_KEY}.{name}"
    given = table if isinstance(table, dict) else {}
    kinds = [kind for kind, signs in _SIGNS.items() if set(signs) & set(given)]
    if given and len(kinds) != 1:
        keys = ", ".join(sign for signs in _SIGNS.values() for sign in signs)
        raise fault(path, here, f"{len(kinds)} kinds of the keys {keys}", "keys of exactly one kind")
    kind = kinds[0] if kinds else "by_hand"
    own = ("address", "file") if kind == "files" and "files" not in given else _SIGNS[kind][-1:]
    values = check_table(path, here, table, _KEYS | _OF_KIND[kind], (*_REQUIRED, *own))
    if "files" in values:
        values["files"] = tuple(
            YearFile(int(year), **check_table(path, f"{here}.files.{year}", file, _FILE_KEYS, ("address", "file")))
            for year, file in sorted(values["files"].items())
        )
    entry = CatalogueEntry(name=name, kind=kind, **values)
    try:
        for _, table_id in entry.tables:
            Query(table_id, where=entry.where)
    except ProjectError as error:
        raise fault(path, here, str(error), "tables and conditions that StatLine can be asked for") from None
    return entry


def _is_texts(value: object) -> bool:
    """Say whether a value is a table of texts."""
    return isinstance(value, dict) and all(map(is_text, value.values()))


def _is_by_year(value: object) -> bool:
    """Say whether a value is a table with years for keys."""
    return isinstance(value, dict) and bool(value) and all(map(_YEAR.fullmatch, value))


def _is_pattern(value: object) -> bool:
    """Say whether a value is text that holds ``{year}`` and no other braces."""
    return is_text(value) and "{year}" in str(value) and not re.search(r"[{}]", str(value).replace("{year}", ""))


def _is_list_of(kind: type, value: object) -> bool:
    """Say whether a value is a list of one kind of values, and not empty."""
    return isinstance(value, list) and bool(value) and all(type(each) is kind for each in value)


def _by_year(value: Mapping[str, str]) -> list[tuple[int, str]]:
    """Return texts with their years, in order."""
    return sorted((int(year), text) for year, text in value.items())


_REQUIRED = {"title": TEXT, "publisher": TEXT, "licence": TEXT, "notes": TEXT, "folder": PLAIN_NAME}
_KEYS = _REQUIRED | {
    "confirmed": CONFIRMED,
    "page": ADDRESS,
    "needed_by": NAMES,
    "in_browser": TEXT,
    "with_all": Key(
        lambda value: type(value) is bool or _is_list_of(int, value),
        "true, false or years: [2024, 2025]",
        lambda value: tuple(value) if isinstance(value, list) else value,
    ),
}
_FILE_KEYS = {"address": ADDRESS, "file": PLAIN_NAME, "confirmed": CONFIRMED, "page": ADDRESS}
_SIGNS: dict[Kind, tuple[str, ...]] = {"statline": ("tables",), "files": ("address", "files"), "by_hand": ("by_hand",)}
_OF_KIND: dict[Kind, dict[str, Key]] = {
    "statline": {
        "tables": Key(
            lambda value: (_is_by_year(value) and _is_texts(value)) or _is_list_of(str, value),
            "a list of table ids, or ids by year: {2013 = '82339NED'}",
            lambda value: tuple(_by_year(value) if isinstance(value, dict) else ((None, table) for table in value)),
        ),
        "service": ADDRESS,
        "where": Key(_is_texts, "codes by dimension: {RegioS = 'GM'}"),
        "by_gemeente": FLAG,
        "packed": FLAG,
        "pause_seconds": Key(
            lambda value: type(value) in (int, float) and 0 <= value <= 3_600, "a number of seconds up to 3600"
        ),
    },
    "files": {
        "address": Key(
            lambda value: _is_pattern(value) and is_web_address(value.replace("{year}", "2020")),
            "an address that starts with https://, with {year} where the year stands, and no other braces",
        ),
        "file": Key(
            lambda value: _is_pattern(value) and is_plain_name(value),
            "a plain name, without '/', with {year} where the year stands, and no other braces",
        ),
        "files": Key(_is_by_year, "a table by year of tables: 2020 = { address = '…', file = '…', confirmed = '…' }"),
        "absent": Key(
            lambda value: _is_by_year(value) and _is_texts(value),
            "what to do by year: { 2021 = '…' }",
            lambda value: dict(_by_year(value)),
        ),
    },
    "by_hand": {"by_hand": TEXT},
}


def chosen(entries: Sequence[CatalogueEntry], names: Sequence[str]) -> tuple[CatalogueEntry, ...]:
    """Return the groups of these names, each once.

    Raises
    ------
    ProjectError
        If there is no such group.
    """
    by_name = {entry.name: entry for entry in entries}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ProjectError(
                f"nothing is called {name!r}: {hint}the groups are {', '.join(by_name) or 'none'} (make fetch LIST=1 "
                "tells of each)"
            )
    return tuple(by_name[name] for name in dict.fromkeys(names))
