"""Tables of StatLine, fetched whole or for one gemeente and kept as they came.

CBS serves its tables by two versions of one protocol. Version 3 has two routes: ``ODataApi``, which takes
conditions but refuses more than 10,000 rows with HTTP 500, and ``ODataFeed``, which gives any number in pages that
name the next. Version 4 gives long rows (a measure and a value) beside lists of its codes.

The library ``cbsodata`` (1.3.5) speaks version 3 by the feed only, keeps all rows in memory until the last has come,
stores them in an encoding of its own, and neither tries again nor goes on where it was cut off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from tqdm import tqdm

from buurteffect.errors import DataError, DownloadError, ProjectError
from buurteffect.sources.download import LOCK_WAIT_SECONDS, alone
from buurteffect.sources.rawfile import label_of, read_bytes, shown
from buurteffect.sources.statline_connection import Connection, RowLimitError
from buurteffect.sources.statline_metadata import (
    DIMENSION_SETS,
    INFO_SETS,
    announced_rows,
    dimensions_of,
    modified_of,
)
from buurteffect.sources.statline_pages import Page, RowNumbers, check_uniform, parse_page
from buurteffect.sources.statline_query import Api, Query, Route, belongs, in_gemeente, meets, next_address
from buurteffect.sources.statline_store import (
    StoredPage,
    StoredTable,
    begin_table,
    digest,
    find_table,
    store_page,
)
from buurteffect.sources.transfer import Settings

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
    api: Api = "v3",
    route: Route = "auto",
    dataset: str | None = None,
    service: str | None = None,
    pause_seconds: float = 1.0,
    settings: Settings | None = None,
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
    gemeente, where, api, dataset, service
        See `statline_query.Query`.
    route : {"auto", "api", "feed"}
        For v3. ``auto`` takes the feed for a whole table, and for a part ``ODataApi``, then the feed if that
        refuses for the number of rows.
    pause_seconds : float
        Shortest time between two requests.
    settings : Settings, optional
        How hard to try, and whether to draw a bar.
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
        If the table, gemeente, condition, version or route cannot be what it says.
    DataError
        If a page is no page of the table: damaged, an error message, with other columns than the pages before, with
        a row that has come before or is of another gemeente.
    DownloadError
        If a page cannot be had or written, if a link leads away or back, if the table changed in between, or if the
        number of rows is not the one that the publisher gives.
    """
    query = Query(table_id, api, gemeente, dict(where or {}), dataset, service)
    if route not in ("auto", "api", "feed"):
        raise ProjectError(f"route={route!r}: choose 'auto', 'api' or 'feed'")
    if not 0 <= pause_seconds <= PAUSE_LIMIT_SECONDS:
        raise ProjectError(f"pause_seconds={pause_seconds!r}: give a number of seconds up to {PAUSE_LIMIT_SECONDS:g}")
    settings = settings or Settings()
    home = folder / query.table_id / query.name
    try:
        home.mkdir(parents=True, exist_ok=True)
        with alone(home, lock_wait_seconds, say), closing(Connection(table_id, settings, pause_seconds)) as connection:
            return _Fetch(query, folder, connection, say, settings.progress).run(route)
    except OSError as error:
        raise DownloadError(
            f"{table_id} could not be read or written\n"
            f"  where: {error.filename or home}\n"
            f"  last:  {error.strerror or error}\n"
            f"  to do: make room on the disk, see that you may write to {folder}, and run it again"
        ) from None


class _Fetch:
    """One query being fetched."""

    def __init__(
        self, query: Query, folder: Path, connection: Connection, say: Callable[[str], None], progress: bool | None
    ) -> None:
        self.query, self.folder, self.connection, self.say = query, folder, connection, say
        self.hide = None if progress is None else not progress

    def run(self, route: Route) -> StoredTable:
        """Return the whole table."""
        table = find_table(self.query, self.folder)
        if table is not None and table.complete:
            self.say(f"{table.table_id}: already there, not fetched; {table.rows_count} rows.")
            return table
        first = self._first_route(route)
        usable = table is not None and (route == "auto" or table.route == first)
        table = self._if_unchanged(table) if table is not None and usable else None
        try:
            table = self._sets(table or begin_table(self.query, self.folder, first))
        except RowLimitError as error:
            if route != "auto":
                raise
            self.say(f"{self.query.table_id}: {_last_line(error)}. Going on by the route without a limit.")
            table = self._sets(begin_table(self.query, self.folder, "feed"))
        return self._finish(table)

    def _first_route(self, route: Route) -> str:
        """Return the route to begin with."""
        if self.query.api == "v4":
            return "v4"
        if route != "auto":
            return route
        return "api" if self.query.gemeente or self.query.where else "feed"

    def _if_unchanged(self, table: StoredTable) -> StoredTable | None:
        """Return what has come of a table, unless the publisher has changed it since."""
        modified = self._ask_modified()
        if modified == table.modified:
            done = len(table.pages_of(table.dataset))
            self.say(f"{table.table_id}: going on after {done} whole pages ({table.rows_count} rows).")
            return replace(table, how="downloaded")
        self.say(
            f"{table.table_id}: the publisher changed it ({shown(table.modified)}, now {shown(modified)}); "
            f"the {table.rows_count} rows of the earlier version are thrown away."
        )
        return None

    def _ask_modified(self) -> str | None:
        """Return the moment of the last change as the table gives it now."""
        name = INFO_SETS[self.query.api]
        data = self.connection.get(self.query.address(name))
        return modified_of(parse_page(data, f"{self.query.table_id} {name}"))

    def _sets(self, table: StoredTable) -> StoredTable:
        """Return the table with all its sets: what it is, its columns, its codes, its figures."""
        for name in (INFO_SETS[table.api], DIMENSION_SETS[table.api]):
            table = self._one_set(table, name, self.query.address(name))
        area, code_sets = dimensions_of(table)
        for name, condition in self._code_sets(area, code_sets):
            table = self._one_set(table, name, self.query.address(name, condition=condition))
        skip = 0 if table.route == "api" else None
        condition = self.query.condition(area)
        address = self.query.address(table.dataset, route=table.route, condition=condition, skip=skip)
        return self._one_set(table, table.dataset, address, area)

    def _code_sets(self, area: str | None, names: list[str]) -> list[tuple[str, str]]:
        """Return the sets of codes to fetch, each with its condition."""
        if self.query.api == "v3":
            return [(name, "") for name in names]
        cut = in_gemeente("Identifier", self.query.gemeente) if self.query.gemeente else ""
        return [("MeasureCodes", ""), *((f"{name}Codes", cut if name == area else "") for name in names)]

    def _one_set(self, table: StoredTable, name: str, address: str, area: str | None = None) -> StoredTable:
        """Return the table with all pages of one set, going on after those that are there."""
        there = table.pages_of(name)
        chain = _Chain(table.table_id, name, name == table.dataset, table.route == "api", self.query, area)
        for page in there:
            data = read_bytes(table.folder / page.name)
            chain.take(parse_page(data, page.name), page.address, label_of(table.folder / page.name))
        following = there[-1].next if there else address
        with tqdm(desc=f"{table.table_id} {name}", initial=chain.rows, unit=" rows", disable=self.hide) as bar:
            while following is not None:
                data = self.connection.get(following)
                page_now = parse_page(data, chain.origin)
                file, address, before = chain.file, following, chain.rows
                following = chain.take(page_now, address, chain.origin)
                got = chain.rows - before
                if name == INFO_SETS[table.api]:
                    table = replace(table, modified=modified_of(page_now))
                stored = StoredPage(file, name, address, digest(data), len(data), got, following)
                table = store_page(table, stored, data)
                bar.update(got)
        return table

    def _finish(self, table: StoredTable) -> StoredTable:
        """Return the table marked as whole, if it is one version of it and all of its rows."""
        modified = self._ask_modified()
        announced = announced_rows(table) if not (table.gemeente or table.where) else None
        problem = ""
        if modified != table.modified:
            problem = f"the publisher changed it meanwhile ({shown(table.modified)}, now {shown(modified)})"
        elif announced not in (None, table.rows_count):
            problem = f"{table.rows_count} rows where the publisher gives {announced}"
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
            f"{whole.table_id}: {whole.rows_count} rows in {len(whole.pages_of(whole.dataset))} pages, "
            f"by {whole.route}; changed by the publisher {shown(whole.modified)}."
        )
        return whole


@dataclass
class _Chain:
    """The pages of one set, each held to those before it."""

    table_id: str
    name: str
    figures: bool
    counted: bool
    query: Query
    area: str | None
    rows: int = 0
    columns: tuple[str, ...] | None = None
    row_ids: RowNumbers = field(default_factory=RowNumbers)
    seen: list[str] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """What the page to come is called in errors."""
        return f"{self.table_id} {self.name} page {len(self.seen) + 1}"

    @property
    def file(self) -> str:
        """Name of the file of the page to come."""
        return f"{self.name}-{len(self.seen) + 1:04d}.json"

    def take(self, page: Page, address: str, origin: str) -> str | None:
        """Add a page; return the address of the one after it, or None at the end."""
        if self.figures:
            self._check(page, origin)
        self.seen.append(address)
        self.rows += len(page.rows)
        following: str | None = None
        if page.link is not None:
            following = next_address(page.link, address, self.seen)
        elif self.figures and self.counted and page.rows:
            # The server may give fewer rows than asked for: only a page without any is the end.
            following = f"{address.rpartition('$skip=')[0]}$skip={self.rows}"
        if page.link is not None and not page.rows:
            self._refuse("a page without rows that still names a next one", address)
        if following is not None and len(self.seen) >= PAGES_LIMIT:
            self._refuse(f"more than {PAGES_LIMIT} pages", address)
        return following

    def _check(self, page: Page, origin: str) -> None:
        """Refuse a page of figures that does not go on from those before it."""
        self.columns = check_uniform(page, origin, self.columns) or self.columns
        for number, row_id in enumerate(page.row_ids, start=1):
            if type(row_id) is not int:
                raise _bad_row(origin, number, f"the row number {shown(row_id)}", "a whole number for every row")
            if not self.row_ids.add(row_id):
                raise _bad_row(origin, number, f"row {row_id} of the table for the second time", "every row once")
        for number, row in enumerate(page.rows, start=1):
            if self.query.gemeente and self.area and not belongs(row.get(self.area), self.query.gemeente):
                found, wanted = row.get(self.area), f"areas of {self.query.gemeente}"
                raise _bad_row(origin, number, f"the area {shown(found)}", f"only {wanted}, as asked")
            for dimension, wanted in self.query.where.items():
                if not meets(row.get(dimension), wanted):
                    found = row.get(dimension)
                    raise _bad_row(origin, number, f"{dimension} {shown(found)}", f"only {wanted!r}, as asked")

    def _refuse(self, found: str, address: str) -> None:
        """Refuse to go on."""
        raise DownloadError(
            f"{self.table_id} could not be fetched\n  where: {address}\n  found: {found} of {self.name}\n"
            "  to do: run it again later; if it stays so, report it to the publisher of the table"
        )


def _bad_row(origin: str, number: int, found: str, expected: str) -> DataError:
    """Return the error about one row of a page."""
    return DataError(
        origin,
        line=number,
        found=found,
        expected=expected,
        action="fetch the table again; if it stays so, the service does not do what was asked: report it there",
    )


def _last_line(error: DownloadError) -> str:
    """Return what an error says happened last."""
    return next((line.partition(":")[2].strip() for line in str(error).splitlines() if "last:" in line), str(error))
