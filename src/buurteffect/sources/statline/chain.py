"""The pages of one set of a StatLine table as they come: each goes on from those before it, or is refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from buurteffect.errors import DataError, DownloadError
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.statline.pages import Page, RowNumbers, check_uniform
from buurteffect.sources.statline.query import DATA_SET, Query, code_matches, is_in_gemeente, next_address


@dataclass
class Chain:
    """The pages of one set, each held to those before it, and the rows of figures to what was asked for.

    `way` is how it is asked for (`query.WAYS`), `area` the dimension of the areas, for figures.
    """

    query: Query
    name: str
    way: str
    area: str | None
    pages_limit: int
    rows: int = 0
    columns: tuple[str, ...] | None = None
    row_ids: RowNumbers = field(default_factory=RowNumbers)
    seen: list[str] = field(default_factory=list)

    @property
    def figures(self) -> bool:
        """Whether this is the set with the figures."""
        return self.name == DATA_SET

    @property
    def origin(self) -> str:
        """What the page to come is called in errors."""
        return f"{self.query.table_id} {self.name} page {len(self.seen) + 1}"

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
        elif self.figures and self.way == "paged" and page.rows:
            # The server may give fewer rows than asked for: only a page without any is the end.
            following = f"{address.rpartition('$skip=')[0]}$skip={self.rows}"
        if page.link is not None and not page.rows:
            self._refuse("a page without rows that still names a next one", address)
        if following is not None and len(self.seen) >= self.pages_limit:
            self._refuse(f"more than {self.pages_limit} pages", address)
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
            if self.query.gemeente and self.area and not is_in_gemeente(row.get(self.area), self.query.gemeente):
                found, wanted = row.get(self.area), f"areas of {self.query.gemeente}"
                raise _bad_row(origin, number, f"the area {shown(found)}", f"only {wanted}, as asked")
            for dimension, wanted in self.query.where.items():
                if not code_matches(row.get(dimension), wanted):
                    found = row.get(dimension)
                    raise _bad_row(origin, number, f"{dimension} {shown(found)}", f"only {wanted!r}, as asked")

    def _refuse(self, found: str, address: str) -> None:
        """Refuse to go on."""
        raise DownloadError(
            f"{self.query.table_id} could not be fetched\n  where: {address}\n  found: {found} of {self.name}\n"
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
