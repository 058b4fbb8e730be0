"""What can be fetched on request: groups of tables and files, as the registry declares them.

A group is a table ``[offer.<name>]`` of ``sources.toml``. It is of one of three kinds: tables of StatLine, files at
an address that holds the year, or a source that only a person can fetch.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from buurteffect.errors import DataError, ProjectError
from buurteffect.project import check_identifier
from buurteffect.sources.registry import OFFERS_KEY, Source, is_web_address, read_toml
from buurteffect.sources.statline_query import Query

YEARS = (1995, 2100)
"""First and last year that can be asked for."""

Kind = Literal["statline", "files", "by_hand"]

_TEXTS = ("title", "publisher", "licence", "notes", "folder")
_KINDS: dict[Kind, tuple[str, ...]] = {
    "statline": ("tables", "service", "where", "by_gemeente", "packed", "pause_seconds"),
    "files": ("address", "file"),
    "by_hand": ("by_hand",),
}
_SIGN: dict[Kind, str] = {"statline": "tables", "files": "address", "by_hand": "by_hand"}
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_SPAN = re.compile(r"((?:19|20)[0-9]{2})(?:-((?:19|20)[0-9]{2}))?")


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
    by_hand : str
        What a person has to do.
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
    by_hand: str = ""

    @property
    def years(self) -> tuple[int, ...]:
        """Years that there is a table of."""
        return tuple(year for year, _ in self.tables if year is not None)

    @property
    def yearly(self) -> bool:
        """Whether it is asked for by year."""
        return self.kind == "files" or bool(self.years)

    def source(self, year: int) -> Source:
        """Return the file of one year as a source."""
        return Source(
            id=f"{self.name}_{year}",
            title=f"{self.title}, {year}",
            publisher=self.publisher,
            licence=self.licence,
            address=self.address.format(year=year),
            path=f"{self.folder}/{self.file.format(year=year)}",
            needed=False,
            needed_by=(),
            notes=self.notes,
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
                f"years {text!r}: give years or spans from {YEARS[0]} on, such as 2013-2024 or 2015,2019"
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
    kinds = [kind for kind, sign in _SIGN.items() if sign in table]
    if len(kinds) != 1:
        raise _fault(path, here, f"{len(kinds)} of the keys {', '.join(_SIGN.values())}", "exactly one of them")
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
    known = (*_TEXTS, *_KINDS[kind])
    for key in table:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
            raise _fault(path, f"{here}.{key}", "an unknown key", hint)
    needed = (*_TEXTS, *(_KINDS["files"] if kind == "files" else (_SIGN[kind],)))
    for key in needed:
        if key not in table:
            raise _fault(path, f"{here}.{key}", "the key is missing", "a value for it")


def _value(path: Path, column: str, value: Any) -> Any:
    """Return the value of one key; else raise."""
    key = column.rpartition(".")[2]
    if key == "tables":
        return _tables(path, column, value)
    if key == "where":
        right, expected = _is_texts(value), "codes by dimension: {RegioS = 'GM'}"
    elif key in ("by_gemeente", "packed"):
        right, expected = type(value) is bool, "true or false"
    elif key == "pause_seconds":
        right, expected = type(value) in (int, float) and 0 <= value <= 3_600, "a number of seconds up to 3600"
    else:
        right, expected = isinstance(value, str) and bool(value.strip()), "text in quotes, not empty"
    if right and key in ("service", "address"):
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
            raise ProjectError(f"nothing is called {name!r}: {hint}the groups are {', '.join(by_name) or 'none'}")
    return tuple(by_name[name] for name in dict.fromkeys(names))
