"""What is asked of StatLine: a table, the part of it that is wanted, and the addresses that say so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urljoin, urlsplit

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.sources.files.rawfile import shown

PAGE_ROWS = 5_000
"""Rows that ``ODataApi`` is asked for at once where it has to be asked in pieces: it is reported to refuse more."""

WAYS = ("feed", "api", "paged")
"""Ways to ask for a set, the first choice first; each is tried where the one before it stays refused.

``feed`` is ``ODataFeed``, which gives any number of rows in pages that name the next; it is what both public clients
of CBS's tables use, conditions included. ``api`` is ``ODataApi`` asked for everything at once: it refuses more than
10,000 rows. ``paged`` is ``ODataApi`` asked for `PAGE_ROWS` after `PAGE_ROWS` by ``$skip``, which CBS answers with 500
("available only on the ODataFeed", as a public program quotes it on 15 September 2026); another server of the protocol
may take it.
"""

SERVICE = "https://opendata.cbs.nl"
"""Where CBS serves version 3 of the protocol."""

DATA_SET = "UntypedDataSet"
"""Set that holds the figures; the typed one does not say by a sign why a figure is missing."""

_TABLE_ID = re.compile(r"[0-9]{4,5}(_[0-9]{2})?([A-Za-z]{3})?")
_GEMEENTE = re.compile(r"GM[0-9]{4}")
_DIMENSION = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")
_CODE = re.compile(r"\*?[A-Za-z0-9]{1,20}")
_AREA_PREFIXES = ("GM", "WK", "BU")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Query:
    """One table of StatLine, or the part of it that is wanted.

    Parameters
    ----------
    table_id : str
        Identifier such as ``85984NED``; its case is the publisher's and is kept.
    gemeente : str, optional
        Code such as ``GM0363``: only its rows, and those of its wijken and buurten.
    where : mapping of str to str
        Dimension to the code that its own codes begin with; with a ``*`` before it, that they contain.
    service : str, optional
        Root of the service; by default that of CBS.

    Raises
    ------
    ProjectError
        If any of them cannot be what it says.
    """

    table_id: str
    gemeente: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)
    service: str | None = None

    def __post_init__(self) -> None:
        """Refuse what could not be asked, or would ask for something else."""
        if not _TABLE_ID.fullmatch(self.table_id):
            raise ProjectError(f"{shown(self.table_id)} is no table of StatLine: give an identifier such as '85984NED'")
        if self.gemeente is not None and not _GEMEENTE.fullmatch(self.gemeente):
            raise ProjectError(
                f"GEMEENTE={shown(self.gemeente)}: give GM and four digits, the gemeente's code, such as "
                "GEMEENTE=GM0363"
            )
        for dimension, code in self.where.items():
            if not _DIMENSION.fullmatch(dimension) or not _CODE.fullmatch(code):
                raise ProjectError(
                    f"where={{{shown(dimension)}: {shown(code)}}}: give the name of a dimension and the beginning of "
                    "its codes in letters and digits, such as {'Gebruiksfunctie': 'A045364'}; '*JJ00' stands for "
                    "codes that contain JJ00"
                )

    @property
    def name(self) -> str:
        """Name of the folder for what this query brings, below that of the table."""
        cuts = [f"{dimension}_{code.replace('*', 'any_')}" for dimension, code in sorted(self.where.items())]
        return "-".join(["v3", DATA_SET, self.gemeente or "all", *cuts])

    def address(self, name: str, *, way: str = "feed", condition: str = "") -> str:
        """Return the address of one set of the table.

        `way` is one of `WAYS`, and `condition` what the rows have to meet.
        """
        # Without $format the feed answers in XML.
        folder, options = "ODataFeed" if way == "feed" else "ODataApi", "$format=json"
        options += f"&$filter={quote(condition, safe='(),')}" if condition else ""
        options += f"&$top={PAGE_ROWS}&$skip=0" if way == "paged" else ""
        return f"{self.service or SERVICE}/{folder}/odata/{self.table_id}/{name}?{options}"

    def condition(self, area_dimension: str | None) -> str:
        """Return the condition on the rows of the figures.

        A gemeente is asked for by the beginnings of its codes at the three levels. The four digits alone would
        also stand inside the code of another gemeente's buurt.
        """
        terms = [f"({gemeente_filter(str(area_dimension), self.gemeente)})"] if self.gemeente else []
        terms += [
            f"substringof('{code[1:]}',{dimension})" if code.startswith("*") else f"startswith({dimension},'{code}')"
            for dimension, code in sorted(self.where.items())
        ]
        return " and ".join(terms)


def gemeente_filter(dimension: str, gemeente: str) -> str:
    """Return the condition that a dimension holds a gemeente or one of its wijken and buurten.

    Examples
    --------
    >>> gemeente_filter("RegioS", "GM0363")
    "startswith(RegioS,'GM0363') or startswith(RegioS,'WK0363') or startswith(RegioS,'BU0363')"
    """
    return " or ".join(f"startswith({dimension},'{prefix}{gemeente[2:]}')" for prefix in _AREA_PREFIXES)


def is_in_gemeente(code: object, gemeente: str) -> bool:
    """Say whether a code, padded or not, is that of a gemeente or of an area in it.

    Examples
    --------
    >>> is_in_gemeente("WK036300  ", "GM0363"), is_in_gemeente("BU10030363", "GM0363")
    (True, False)
    """
    return isinstance(code, str) and code[:2] in _AREA_PREFIXES and code[2:6] == gemeente[2:]


def code_matches(code: object, wanted: str) -> bool:
    """Say whether a code, padded or not, begins with the wanted one, or contains it where that begins with ``*``.

    Examples
    --------
    >>> code_matches("2012JJ00", "*JJ00"), code_matches("GM0363  ", "GM"), code_matches("NL01", "GM")
    (True, True, False)
    """
    if not isinstance(code, str):
        return False
    return wanted[1:] in code if wanted.startswith("*") else code.startswith(wanted)


def next_address(link: object, current: str, seen: Iterable[str]) -> str:
    """Return where the next page is, if that is the same set on the same server and was not asked for before.

    A page is untrusted: it may not send this machine to any other address. The one change made to a link is that
    plain http becomes https where the page itself came over https.

    `link` is what the page at the address `current` gives, `seen` are the addresses that were asked for.

    Raises
    ------
    DownloadError
        If the link is no text, or leads to another server or path, or back.

    Examples
    --------
    >>> next_address("Observations?$skip=5", "https://x.nl/T/Observations", [])
    'https://x.nl/T/Observations?$skip=5'
    """
    problem, target = "", ""
    if not isinstance(link, str) or not link.isprintable() or " " in link:
        problem = "it is no address"
    else:
        try:
            target = urljoin(current, link)
            here, there = urlsplit(current), urlsplit(target)
            if here.scheme == "https" and there.scheme == "http" and there.port in (None, 80):
                there = there._replace(scheme="https", netloc=there.hostname or "")
                target = there.geturl()
            origins = [(p.scheme, p.hostname, p.port or _PORTS.get(p.scheme)) for p in (here, there)]
            if there.username is not None or there.password is not None:
                problem = "it holds a user name"
            elif origins[0] != origins[1]:
                problem = "it leads to another server"
            elif here.path.casefold() != there.path.casefold() or there.fragment:
                problem = "it leads to another path than that of this set"
        except ValueError:
            problem = "it is no address"
    if not problem and target in set(seen):
        problem = "it leads back to a page that has come already"
    if problem:
        raise DownloadError(
            f"the link to the next page is not followed: {problem}\n"
            f"  page:  {current}\n"
            f"  link:  {shown(link, 200)}\n"
            "  to do: run it again later; if it stays so, report it to the publisher of the table"
        )
    return target
