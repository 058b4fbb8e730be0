"""What can be fetched on request: groups of tables and files, as the registry declares them.

A group is a table ``[offer.<name>]`` of ``sources.toml``. It is of one of three kinds: tables of StatLine, files at
an address that holds the year, or a source that only a person can fetch.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import check_identifier
from buurteffect.sources.registry import (
    CONFIRMED_FORM,
    OFFERS_KEY,
    UNCONFIRMED,
    Source,
    is_web_address,
    read_toml,
    says_confirmed,
)
from buurteffect.sources.statline.query import Query

YEARS = (1995, 2100)
"""First and last year that can be asked for."""

Kind = Literal["statline", "files", "by_hand"]

_TEXTS = ("title", "publisher", "licence", "notes", "folder")
_FOR_ALL = ("confirmed", "page", "needed_by", "with_all", "in_browser")
_KINDS: dict[Kind, tuple[str, ...]] = {
    "statline": ("tables", "service", "where", "by_gemeente", "packed", "pause_seconds"),
    "files": ("address", "file", "files", "absent"),
    "by_hand": ("by_hand",),
}
_SIGNS: dict[Kind, tuple[str, ...]] = {"statline": ("tables",), "files": ("address", "files"), "by_hand": ("by_hand",)}
_FILE_KEYS = ("address", "file", "confirmed", "page")
STATLINE_PAGE = "https://opendata.cbs.nl/statline/#/CBS/nl/dataset/{table}/table"
"""Where a person finds a table of CBS."""
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SPAN = re.compile(r"((?:19|20)[0-9]{2})(?:-((?:19|20)[0-9]{2}))?")


@dataclass(frozen=True)
class YearFile:
    """The file of one year, where each year has an address of its own.

    Parameters
    ----------
    year : int
        The year.
    address, file : str
        Where it is downloaded from, and the name that it comes to lie under.
    confirmed, page : str
        See `registry.Source`.
    """

    year: int
    address: str
    file: str
    confirmed: str = UNCONFIRMED
    page: str = ""


@dataclass(frozen=True)
class Offer:
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
        Codes that the tables are cut down to: see `statline_query.Query`.
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


def read_offers(path: Path) -> tuple[Offer, ...]:
    """Return what a registry offers on request, in the order of the file.

    Raises
    ------
    DataError
        If the file is missing or is not TOML, or if a group has an unknown or missing key, a value that cannot be
        what it says, a table id, condition or address that is none, or a folder that leads elsewhere.
    """
    groups = read_toml(path).get(OFFERS_KEY, {})
    if not isinstance(groups, dict):
        raise _fault(path, OFFERS_KEY, f"a {type(groups).__name__}", f"a table per group: [{OFFERS_KEY}.name]")
    return tuple(_offer(path, name, table) for name, table in groups.items())


def parse_years(text: str) -> tuple[int, ...]:
    """Return the years that a request names, in order.

    Parameters
    ----------
    text : str
        Years and spans of years, separated by commas or blanks.

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


def _offer(path: Path, name: str, table: Any) -> Offer:
    """Return one group, every key and value of it checked."""
    here = f"{OFFERS_KEY}.{name}"
    if not isinstance(table, dict):
        raise _fault(path, here, f"a {type(table).__name__}", f"a table: [{here}]")
    try:
        check_identifier(name, "group")
    except ProjectError:
        raise _fault(path, here, "a name with other signs", "letters, digits, '_' and '-'") from None
    kinds = [kind for kind, signs in _SIGNS.items() if any(sign in table for sign in signs)]
    if len(kinds) != 1:
        keys = ", ".join(sign for signs in _SIGNS.values() for sign in signs)
        raise _fault(path, here, f"{len(kinds)} kinds of the keys {keys}", "keys of exactly one kind")
    kind = kinds[0]
    _check_keys(path, here, table, kind)
    values = {key: _value(path, f"{here}.{key}", table[key]) for key in table}
    offer = Offer(name=name, kind=kind, **values)
    try:
        for _, table_id in offer.tables:
            Query(table_id, where=offer.where)
    except ProjectError as error:
        raise _fault(path, here, str(error), "tables and conditions that StatLine can be asked for") from None
    return offer


def _check_keys(path: Path, here: str, table: Mapping[str, Any], kind: Kind) -> None:
    """Refuse a key that is unknown to this kind of group, or one that it needs and lacks."""
    known = (*_TEXTS, *_FOR_ALL, *_KINDS[kind])
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
            raise _fault(path, f"{here}.{key}", "an unknown key", hint)
    pattern = ("files",) if "files" in table else ("address", "file")
    needed = (*_TEXTS, *(pattern if kind == "files" else _SIGNS[kind]))
    for key in needed:
        if key not in table:
            raise _fault(path, f"{here}.{key}", "the key is missing", "a value for it")


def _value(path: Path, column: str, value: Any) -> Any:
    """Return the value of one key; else raise."""
    key = column.rpartition(".")[2]
    if key in _STRUCTURED:
        return _STRUCTURED[key](path, column, value)
    if key == "where":
        right, expected = _is_texts(value), "codes by dimension: {RegioS = 'GM'}"
    elif key in ("by_gemeente", "packed"):
        right, expected = type(value) is bool, "true or false"
    elif key == "pause_seconds":
        right, expected = type(value) in (int, float) and 0 <= value <= 3_600, "a number of seconds up to 3600"
    else:
        right, expected = isinstance(value, str) and bool(value.strip()), "text in quotes, not empty"
    if right and key == "confirmed":
        right, expected = says_confirmed(value), CONFIRMED_FORM
    if right and key in ("service", "address", "page"):
        right, expected = is_web_address(value.replace("{year}", "2020")), "an address that starts with https://"
    if right and key in ("folder", "file"):
        right = PurePosixPath(value).name == value and value != ".." and value.isprintable()
        expected = "a plain name, without '/'"
    if right and key in ("address", "file"):
        right = "{year}" in value and not re.search(r"[{}]", value.replace("{year}", ""))
        expected = "a text with {year} where the year stands, and no other braces"
    if not right:
        raise _fault(path, column, f"{value!r}", expected)
    return value


def _is_texts(value: Any) -> bool:
    """Say whether a value is a table of texts."""
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _tables(path: Path, column: str, value: Any) -> tuple[tuple[int | None, str], ...]:
    """Return the tables of a group: a list of ids, or ids by year."""
    if isinstance(value, dict) and value and _is_texts(value) and all(_YEAR.fullmatch(year) for year in value):
        return tuple(sorted((int(year), table) for year, table in value.items()))
    if isinstance(value, list) and value and all(isinstance(table, str) for table in value):
        return tuple((None, table) for table in value)
    raise _fault(path, column, f"{value!r}", "a list of table ids, or ids by year: {2013 = '82339NED'}")


def _files(path: Path, column: str, value: Any) -> tuple[YearFile, ...]:
    """Return the files of a group by year, every key of each checked."""
    expected = "a table by year of tables: 2020 = { address = '…', file = '…', confirmed = '…' }"
    if not isinstance(value, dict) or not value or not all(_YEAR.fullmatch(year) for year in value):
        raise _fault(path, column, f"{value!r}", expected)
    files = []
    for year, keys in sorted(value.items()):
        here = f"{column}.{year}"
        if not isinstance(keys, dict) or not {"address", "file"} <= set(keys) <= set(_FILE_KEYS) or not _is_texts(keys):
            raise _fault(path, here, f"{keys!r}", expected)
        for key in ("address", "page"):
            if key in keys and not is_web_address(keys[key]):
                raise _fault(path, f"{here}.{key}", f"{keys[key]!r}", "an address that starts with https://")
        if "confirmed" in keys and not says_confirmed(keys["confirmed"]):
            raise _fault(path, f"{here}.confirmed", f"{keys['confirmed']!r}", CONFIRMED_FORM)
        name = keys["file"]
        if PurePosixPath(name).name != name or name in ("", "..") or not name.isprintable() or "\\" in name:
            raise _fault(path, f"{here}.file", f"{name!r}", "a plain name, without '/'")
        files.append(YearFile(int(year), **keys))
    return tuple(files)


def _absent(path: Path, column: str, value: Any) -> dict[int, str]:
    """Return the years without a file, and what to do about each."""
    if not _is_texts(value) or not all(_YEAR.fullmatch(year) and text.strip() for year, text in value.items()):
        raise _fault(path, column, f"{value!r}", "what to do by year: { 2021 = '…' }")
    return {int(year): text for year, text in sorted(value.items())}


def _with_all(path: Path, column: str, value: Any) -> bool | tuple[int, ...]:
    """Return whether a group belongs to everything, or which of its years do."""
    if type(value) is bool:
        return value
    if isinstance(value, list) and value and all(type(year) is int for year in value):
        return tuple(value)
    raise _fault(path, column, f"{value!r}", "true, false or years: [2024, 2025]")


def _names(path: Path, column: str, value: Any) -> tuple[str, ...]:
    """Return a list of names."""
    if isinstance(value, list) and all(isinstance(name, str) and name.strip() for name in value):
        return tuple(value)
    raise _fault(path, column, f"{value!r}", "a list of texts")


_STRUCTURED: Mapping[str, Callable[[Path, str, Any], Any]] = {
    "tables": _tables,
    "files": _files,
    "absent": _absent,
    "with_all": _with_all,
    "needed_by": _names,
}


def _fault(path: Path, column: str, found: str, expected: str) -> DataError:
    """Return the error for one key of the file."""
    return DataError(path, column=column, found=found, expected=expected, action=f"mend {column} in {path.name}")


def chosen(offers: Sequence[Offer], names: Sequence[str]) -> tuple[Offer, ...]:
    """Return the groups of these names, each once.

    Raises
    ------
    ProjectError
        If there is no such group.
    """
    by_name = {offer.name: offer for offer in offers}
    for name in names:
        if name not in by_name:
            near = difflib.get_close_matches(name, by_name, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ProjectError(
                f"nothing is called {name!r}: {hint}the groups are {', '.join(by_name) or 'none'} (make fetch LIST=1 "
                "tells of each)"
            )
    return tuple(by_name[name] for name in dict.fromkeys(names))
