"""A table of StatLine on disk: its pages as they came, and the manifest that says which they are.

The folder is ``<table>/v3-UntypedDataSet-<gemeente or all>/``. A page is one file whose bytes are those of the
answer; ``manifest.json`` names each with its address, size, hash and rows, and says whether the table is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from buurteffect.errors import DataError, DownloadError
from buurteffect.project import writing
from buurteffect.sources.files.rawfile import label_of, read_bytes
from buurteffect.sources.statline.pages import parse_page
from buurteffect.sources.statline.query import DATA_SET, Query

MANIFEST_NAME = "manifest.json"
_FORMAT = {"version": 1, "api": "v3", "dataset": DATA_SET}


@dataclass(frozen=True)
class StoredPage:
    """One page on disk: its file, the set that it belongs to, and its address, hash, bytes and rows.

    `next` is the address of the page after it, None after the last of its set; `way` how it was asked for (`WAYS`).
    """

    name: str
    set_name: str
    address: str
    sha256: str
    bytes_count: int
    rows_count: int
    next: str | None
    way: str


@dataclass(frozen=True)
class StoredTable:
    """What has been fetched of a table.

    Parameters
    ----------
    folder : Path
        Where its pages are.
    table_id : str
        Identifier of the table.
    gemeente : str or None
        The gemeente that it is cut down to.
    where : mapping of str to str
        The codes that it is cut down to.
    route : str
        Which way the figures came: one of `query.WAYS`; each page names its own.
    modified : str or None
        The day on which the publisher last changed the table, as it says itself.
    retrieved : str
        Day of the first page.
    pages : tuple of StoredPage
        Its pages in the order in which they came.
    complete : bool
        Whether every page of every set is there.
    """

    folder: Path
    table_id: str
    gemeente: str | None
    where: Mapping[str, str]
    route: str
    modified: str | None
    retrieved: str
    pages: tuple[StoredPage, ...] = ()
    complete: bool = False

    @property
    def rows_count(self) -> int:
        """Number of rows with figures."""
        return sum(page.rows_count for page in self.pages_of())

    def pages_of(self, set_name: str = DATA_SET) -> tuple[StoredPage, ...]:
        """Return the pages of one set, by default of the figures, in order."""
        return tuple(page for page in self.pages if page.set_name == set_name)

    def paths(self, set_name: str = DATA_SET) -> tuple[Path, ...]:
        """Return the files of one set, by default of the figures, in order."""
        return tuple(self.folder / page.name for page in self.pages_of(set_name))

    def rows(self, set_name: str = DATA_SET) -> Iterator[dict[str, Any]]:
        """Yield the rows of one set, by default of the figures, as they are in the JSON."""
        for path in self.paths(set_name):
            yield from parse_page(read_bytes(path), label_of(path)).rows

    def write(self) -> None:
        """Write the manifest, whole or not at all."""
        content = _FORMAT | asdict(self) | {"where": dict(self.where), "rows_count": self.rows_count}
        del content["folder"]
        with writing(self.folder / MANIFEST_NAME) as aside:
            aside.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def begin_table(query: Query, folder: Path, route: str) -> StoredTable:
    """Return a table of which nothing has come yet; what an earlier start left is thrown away."""
    home = folder / query.table_id / query.name
    home.mkdir(parents=True, exist_ok=True)
    (home / MANIFEST_NAME).unlink(missing_ok=True)
    for stale in home.glob("*-[0-9][0-9][0-9][0-9].json"):
        stale.unlink()
    return StoredTable(
        folder=home,
        table_id=query.table_id,
        gemeente=query.gemeente,
        where=dict(query.where),
        route=route,
        modified=None,
        retrieved=date.today().isoformat(),
    )


def find_table(query: Query, folder: Path) -> StoredTable | None:
    """Return what has been fetched of a query, whole or not, its pages held to their hashes; None where nothing has.

    Raises
    ------
    DownloadError
        If the manifest cannot be read, is that of another query, or a page is not the one it names.
    """
    home = folder / query.table_id / query.name
    if not (home / MANIFEST_NAME).exists():
        return None
    table = _read(home)
    if (table.table_id, table.gemeente, dict(table.where)) != (query.table_id, query.gemeente, dict(query.where)):
        raise _damaged(home, "a manifest of another query")
    return table


def open_table(folder: Path) -> StoredTable:
    """Return a table that has been fetched whole.

    Raises
    ------
    DownloadError
        If there is no manifest, it cannot be read, a page is not the one it names, or the table is not whole.
    """
    if not (folder / MANIFEST_NAME).exists():
        raise _damaged(folder, f"no {MANIFEST_NAME}")
    table = _read(folder)
    if not table.complete:
        raise DownloadError(
            f"{table.table_id} is not whole\n"
            f"  where: {folder}\n"
            f"  found: {table.rows_count} rows in {len(table.pages_of())} pages, and more to come\n"
            "  to do: fetch it again; it goes on after the last whole page"
        )
    return table


def store_page(table: StoredTable, page: StoredPage, data: bytes) -> StoredTable:
    """Write a page's bytes and then the manifest that names it; return the table with it."""
    with writing(table.folder / page.name) as aside:
        aside.write_bytes(data)
    grown = replace(table, pages=(*table.pages, page))
    grown.write()
    return grown


def drop_set(table: StoredTable, set_name: str) -> StoredTable:
    """Forget the pages of one set and remove them; return the table without them."""
    dropped = table.pages_of(set_name)
    rest = replace(table, pages=tuple(page for page in table.pages if page.set_name != set_name))
    rest.write()
    for page in dropped:
        (table.folder / page.name).unlink(missing_ok=True)
    return rest


def digest(data: bytes) -> str:
    """Return the sha256 of some bytes in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _read(home: Path) -> StoredTable:
    """Return the table of a manifest, every page held to its hash."""
    try:
        content = json.loads((home / MANIFEST_NAME).read_text(encoding="utf-8"))
        written = {name: content.pop(name) for name in _FORMAT}
        rows_count = content.pop("rows_count")
        pages = tuple(StoredPage(**{"way": _way_of(page), **page}) for page in content.pop("pages"))
        table = StoredTable(folder=home, pages=pages, **content)
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _damaged(home, f"a {MANIFEST_NAME} that cannot be read") from None
    if written != _FORMAT or type(table.complete) is not bool or rows_count != table.rows_count:
        raise _damaged(home, f"a {MANIFEST_NAME} that contradicts itself or is of another version")
    for page in pages:
        if Path(page.name).name != page.name:
            raise _damaged(home, "a page outside its folder")
        try:
            data = read_bytes(home / page.name)
        except DataError:
            raise _damaged(home, f"no readable page {page.name}") from None
        if len(data) != page.bytes_count or digest(data) != page.sha256:
            raise _damaged(home, f"other bytes in {page.name} than came")
    return table


def _way_of(page: Mapping[str, Any]) -> str:
    """Return how a page of an older manifest, which does not say it, was asked for."""
    address = str(page["address"])
    if "/ODataApi/" in address:
        return "paged" if "$skip=" in address else "api"
    return "feed"


def _damaged(home: Path, found: str) -> DownloadError:
    """Return the error about a folder that is not as it was left."""
    return DownloadError(
        f"a stored table cannot be used\n  where: {home}\n  found: {found}\n"
        "  to do: move the folder away and fetch the table again"
    )
