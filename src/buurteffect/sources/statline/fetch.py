"""Tables of StatLine, fetched whole or for one gemeente and kept as they came.

CBS serves its tables by version 3 of OData on two routes: ``ODataFeed``, which gives any number of rows in pages that
name the next, and ``ODataApi``, which refuses more than 10,000 rows with HTTP 500. Both take conditions. The feed is
asked first; where a route stays refused, the other is asked (`query.WAYS`).

The library ``cbsodata`` (1.3.5) speaks version 3 by the feed only, keeps all rows in memory until the last has come,
stores them in an encoding of its own, and neither tries again nor goes on where it was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import requests
from tqdm import tqdm

from buurteffect.errors import DownloadError, ProjectError
from buurteffect.sources.files.rawfile import label_of, read_bytes, shown
from buurteffect.sources.http.client import LATER, Client, RequestError, Settings, status_error
from buurteffect.sources.http.partial_file import LOCK_WAIT_SECONDS, fetching_into
from buurteffect.sources.statline.chain import Chain
from buurteffect.sources.statline.metadata import INFO_SET, PROPERTIES_SET, dimensions_of, modified_of
from buurteffect.sources.statline.pages import Page, parse_page
from buurteffect.sources.statline.query import DATA_SET, WAYS, Query
from buurteffect.sources.statline.store import (
    StoredPage,
    StoredTable,
    begin_table,
    digest,
    drop_set,
    find_table,
    store_page,
)

_Answer = TypeVar("_Answer")
_ROUTES = {"feed": "ODataFeed", "api": "ODataApi", "paged": "ODataApi in pieces"}

_ABSENT = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_HEAD_BYTES = 2_000
_FEWER = "ask for the table by the route without a limit, the feed, or for one gemeente at a time"
_SAID = re.compile(r'"value"\s*:\s*"([^"\\]{1,300})')
_LIMIT = re.compile(r"more than 10[.,]?000|10[.,]?000 (?:records|rows)")

PAGES_LIMIT = 9_999
"""Most pages that one set may have; 26 million observations come in about 270."""


PAUSE_LIMIT_SECONDS = 3_600.0
"""Longest pause between two requests."""


def fetch_table(
    table_id: str,
    folder: Path,
    *,
    gemeente: str | None = None,
    where: Mapping[str, str] | None = None,
    service: str | None = None,
    pause_seconds: float = 1.0,
    settings: Settings | None = None,
    advice: str = "",
    lock_wait_seconds: float = LOCK_WAIT_SECONDS,
    say: Callable[[str], None] = print,
) -> StoredTable:
    """Fetch a table of StatLine into a folder, or see that it is there.

    One request is made at a time, with a pause after each; a refusal is met with the wait that the server asks for,
    or a doubling one. Every page is written as it came before the next is asked for, so that a fetch that was
    cut off goes on after its last whole page. A table that is whole is not asked for again: to have a newer
    version, move its folder away.

    Parameters
    ----------
    table_id : str
        Identifier such as ``85984NED``, in the publisher's own case.
    folder : Path
        Folder of the tables; this one comes to lie in ``<table_id>/<query>/``.
    gemeente, where, service
        See `query.Query`.
    pause_seconds : float
        Shortest time between two requests.
    settings : Settings, optional
        How hard to try, and whether to draw a bar.
    advice : str
        What else could be done, told where every route stays refused.
    lock_wait_seconds : float
        How long to wait for another fetch into the same folder.
    say : callable
        Takes each message about what was done.

    Examples
    --------
    The years of all gemeenten, dwellings only, out of a table of over a million rows::

        part = {"Gebruiksfunctie": "A045364", "RegioS": "GM", "Perioden": "*JJ00"}
        fetch_table("86098NED", Path("data/raw/statline"), where=part)

    Raises
    ------
    ProjectError
        If the table, gemeente, condition or pause cannot be what it says.
    DataError
        If a page is no page of the table: damaged, an error message, with other columns than the pages before, with
        a row that has come before or is of another gemeente.
    DownloadError
        If a page cannot be had or written, if a link leads away or back, if the table changed in between, or if
        it has no rows that meet the conditions.
    """
    query = Query(table_id, gemeente, dict(where or {}), service)
    if not 0 <= pause_seconds <= PAUSE_LIMIT_SECONDS:
        raise ProjectError(f"pause_seconds={pause_seconds!r}: give a number of seconds up to {PAUSE_LIMIT_SECONDS:g}")
    settings = settings or Settings()
    home = folder / query.table_id / query.name
    with (
        fetching_into(home, table_id, lock_wait_seconds, say),
        # Redirects are not followed: they could lead anywhere.
        Client(settings, follow=False, pause_seconds=pause_seconds) as client,
    ):
        client.headers["Accept"] = "application/json"
        return _Fetch(query, folder, client, say, advice).run()


class _Fetch:
    """One query being fetched."""

    table: StoredTable

    def __init__(self, query: Query, folder: Path, client: Client, say: Callable[[str], None], advice: str) -> None:
        self.query, self.folder, self.client, self.say, self.advice = query, folder, client, say, advice
        self.hide = None if client.settings.progress is None else not client.settings.progress
        self.ways: tuple[str, ...] = WAYS

    def run(self) -> StoredTable:
        """Return the whole table."""
        found = find_table(self.query, self.folder)
        if found is not None and found.complete:
            self.say(f"{found.table_id}: already there, not fetched; {found.rows_count} rows.")
            return found
        found = None if found is None else self._if_unchanged(found)
        self.table = found or begin_table(self.query, self.folder, self.ways[0])
        self._sets()
        return self._finish()

    def _if_unchanged(self, table: StoredTable) -> StoredTable | None:
        """Return what has come of a table, unless the publisher has changed it since."""
        modified = self._ask_modified()
        if modified == table.modified:
            done = len(table.pages_of())
            self.say(f"{table.table_id}: going on after {done} whole pages ({table.rows_count} rows).")
            return table
        self.say(
            f"{table.table_id}: the publisher changed it ({shown(table.modified)}, now {shown(modified)}); "
            f"the {table.rows_count} rows of the earlier version are thrown away."
        )
        return None

    def _ask_modified(self) -> str | None:
        """Return the moment of the last change as the table gives it now."""
        data = self._by_any(self._plain_ways(), lambda way: self._get(self.query.address(INFO_SET, way=way)))
        return modified_of(parse_page(data, f"{self.query.table_id} {INFO_SET}"))

    def _plain_ways(self) -> list[str]:
        """Return the ways to ask for a set that is no set of figures: never in pieces."""
        return [way for way in self.ways if way != "paged"]

    def _by_any(self, ways: Sequence[str], ask: Callable[[str], _Answer]) -> _Answer:
        """Return the answer by the first way that is not refused.

        A way that was refused is asked last from then on, so that no set after this one waits for it again.
        """
        refusals: list[RequestError] = []
        for way in ways:
            try:
                answer = ask(way)
            except RequestError as error:
                refusals.append(error)
                if not _by_the_route(error):
                    break
                if way != ways[-1]:
                    self.say(f"{self.query.table_id}: {error}. Going on by another route than {_ROUTES[way]}.")
            else:
                turned_away = ways[: len(refusals)]
                self.ways = (*(w for w in self.ways if w not in turned_away), *turned_away)
                return answer
        tried = "\n".join(f"  tried: {error.tried}\n  last:  {error}" for error in refusals)
        advice, any_route = refusals[0].advice, ""
        if len(refusals) > 1:
            any_route = " by any route"
            advice = advice if all(error.status in _ABSENT for error in refusals) else LATER
            advice += f". {self.advice}" if self.advice else ""
        raise DownloadError(f"{self.query.table_id} could not be fetched{any_route}\n{tried}\n  to do: {advice}")

    def _sets(self) -> None:
        """Bring all sets: what the table is, its columns, its codes, its figures."""
        for name in (INFO_SET, PROPERTIES_SET):
            self._one_set(name)
        area, code_sets = dimensions_of(self.table)
        for name in code_sets:
            self._one_set(name)
        self._one_set(DATA_SET, self.query.condition(area), area)

    def _one_set(self, name: str, condition: str = "", area: str | None = None) -> None:
        """Bring all pages of one set, going on after those that are there by the way in which they came."""
        ways = list(self.ways) if name == DATA_SET else self._plain_ways()
        there = self.table.pages_of(name)
        if there and there[-1].way in self.ways:
            ways.sort(key=lambda way: way != there[-1].way)
        self._by_any(ways, lambda way: self._one_set_by(way, name, condition, area))

    def _one_set_by(self, way: str, name: str, condition: str, area: str | None) -> None:
        """Bring all pages of one set by one way; what came by another is dropped once a page has come by this one."""
        there = tuple(page for page in self.table.pages_of(name) if page.way == way)
        chain = Chain(self.query, name, way, area, PAGES_LIMIT)
        for page in there:
            data = read_bytes(self.table.folder / page.name)
            chain.take(parse_page(data, page.name), page.address, label_of(self.table.folder / page.name))
        following = there[-1].next if there else self.query.address(name, way=way, condition=condition)
        with tqdm(desc=f"{self.query.table_id} {name}", initial=chain.rows, unit=" rows", disable=self.hide) as bar:
            while following is not None:
                data = self._get(following, started=bool(chain.seen))
                page_now = parse_page(data, chain.origin)
                file, address, before = chain.file, following, chain.rows
                following = chain.take(page_now, address, chain.origin)
                got = chain.rows - before
                if way == "api" and chain.figures and following is None:
                    self._check_count(address, page_now)
                if any(page.way != way for page in self.table.pages_of(name)):
                    self.table = drop_set(self.table, name)
                if name == INFO_SET:
                    self.table = replace(self.table, modified=modified_of(page_now))
                if chain.figures:
                    self.table = replace(self.table, route=way)
                stored = StoredPage(file, name, address, digest(data), len(data), got, following, way)
                self.table = store_page(self.table, stored, data)
                bar.update(got)

    def _get(self, address: str, *, started: bool = False) -> bytes:
        """Return a page; that a later one is not there says nothing about the route."""
        try:
            return self.client.persist(address, partial(_page, self.client, address))
        except RequestError as error:
            if started and error.status in _ABSENT:
                error.status = None
            raise

    def _check_count(self, address: str, page: Page) -> None:
        """Hold what ``ODataApi`` gave at once to the number of rows that it counts, where it says that."""
        path, _, options = address.partition("?")
        kept = "&".join(option for option in options.split("&") if not option.startswith("$format"))
        counting = f"{path}/$count" + (f"?{kept}" if kept else "")
        try:
            text = self._get(counting).decode("utf-8-sig", "replace").strip()
        except RequestError:
            text = ""
        if not text.isascii() or not text.isdigit():
            self.say(
                f"{self.query.table_id}: {len(page.rows)} rows came at once from {_ROUTES['api']}, which refuses more "
                "than 10,000 and does not say here how many there are; compare the number with the publisher's site."
            )
        elif int(text) != len(page.rows):
            error = RequestError(f"{len(page.rows)} rows came where it counts {int(text)}", status=HTTPStatus.OK)
            error.tried = address
            raise error

    def _finish(self) -> StoredTable:
        """Return the table marked as whole, if it is one version of it and all of its rows."""
        table, modified = self.table, self._ask_modified()
        problem = ""
        if modified != table.modified:
            problem = f"the publisher changed it meanwhile ({shown(table.modified)}, now {shown(modified)})"
        elif not table.rows_count:
            problem = "no rows: the table has none that meet the conditions"
        if problem:
            begin_table(self.query, self.folder, table.route)
            raise DownloadError(
                f"{table.table_id} is not taken; its pages are thrown away\n  found: {problem}\n"
                "  to do: run it again later; if it stays so, compare with what the publisher's own site shows"
            )
        whole = replace(table, complete=True)
        whole.write()
        self.say(
            f"{whole.table_id}: {whole.rows_count} rows in {len(whole.pages_of())} pages, "
            f"by {_ROUTES[whole.route]}; changed by the publisher {shown(whole.modified)}."
        )
        return whole


def _page(client: Client, address: str) -> bytes:
    """Return the whole body at an address."""
    with client.ask(address) as response:
        if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _server_error(response)
        _, pieces = client.body(response, "page")
        return b"".join(pieces)


def _server_error(response: requests.Response) -> RequestError:
    """Return what a server's error means: beyond the limit of rows, asking again cannot help."""
    error = status_error(response)
    head = ""
    with suppress(requests.RequestException):
        head = next(response.iter_content(_HEAD_BYTES), b"").decode("utf-8", "replace")
    if _LIMIT.search(head):
        last = f"{error}: the query has more rows than this route gives"
        return RequestError(last, advice=_FEWER, status=error.status)
    if said := _SAID.search(head):
        return RequestError(f"{error}: {shown(said[1], 160)}", again=True, status=error.status)
    return error


def _by_the_route(error: RequestError) -> bool:
    """Say whether it may be one route alone that refuses, so that another is worth asking."""
    busy = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
    return error.status is not None and error.status not in busy and error.status // 100 != 3
