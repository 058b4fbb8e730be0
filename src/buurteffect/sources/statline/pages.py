"""Pages of StatLine: what one holds, read strictly and without changing a byte of it."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

from buurteffect.errors import DataError
from buurteffect.sources.files.rawfile import shown
from buurteffect.sources.files.strict_json import parse_object

_LINKS = ("odata.nextLink", "@odata.nextLink")
_ROW_IDS = ("ID", "Id")
_AGAIN = "fetch the table again; if it stays so, see in a browser what its address gives"


@dataclass(frozen=True, eq=False)
class Page:
    """One answer of StatLine: its rows as they are in the JSON, of a single object one.

    `link` is what it gives as the link to the next page, unchecked; None where there is none.
    """

    rows: tuple[dict[str, Any], ...]
    link: object

    @property
    def row_ids(self) -> list[object]:
        """What numbers each row, for a set that numbers its rows; else empty."""
        key = next((key for key in _ROW_IDS if self.rows and key in self.rows[0]), None)
        return [] if key is None else [row.get(key) for row in self.rows]


class RowNumbers:
    """The numbers of the rows that have come, kept as the stretches that they form.

    A table has millions of rows, numbered one after the other: a stretch takes the place of a set of them.
    """

    def __init__(self) -> None:
        self._first: list[int] = []
        self._last: list[int] = []

    def add(self, number: int) -> bool:
        """Add a number; return False if it was there.

        Examples
        --------
        >>> numbers = RowNumbers()
        >>> [numbers.add(n) for n in (1, 2, 7, 3, 2)]
        [True, True, True, True, False]
        """
        at = bisect_right(self._first, number) - 1
        if at >= 0 and number <= self._last[at]:
            return False
        if at >= 0 and number == self._last[at] + 1:
            self._last[at] = number
        else:
            self._first.insert(at + 1, number)
            self._last.insert(at + 1, number)
        return True


def parse_page(data: bytes, origin: str) -> Page:
    r"""Read one page.

    Raises
    ------
    DataError
        If it is empty, not UTF-8, no JSON, cut off, an error message of the service, or no set of rows; if a name
        stands twice in one row; or if its rows do not have the same columns.

    Examples
    --------
    >>> parse_page(b'{"value":[{"ID":0,"RegioS":"GM0363"}]}', "example").rows
    ({'ID': 0, 'RegioS': 'GM0363'},)
    """
    document = parse_object(data, origin, _AGAIN)
    if "odata.error" in document or "error" in document:
        message = document.get("odata.error", document.get("error"))
        raise _fault(origin, f"an error message of the service: {shown(json.dumps(message), 200)}", "rows of the table")
    rows = document.get("value")
    if rows is None:
        rows = [{key: value for key, value in document.items() if not key.startswith(("odata.", "@odata."))}]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _fault(origin, "a 'value' that is no list of rows", 'rows: {"value": [{…}, …]}')
    link = next((document[key] for key in _LINKS if key in document), None)
    return Page(tuple(rows), link)


def check_uniform(page: Page, origin: str, columns: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Return the columns of a page of figures, if all rows have them, and those of an earlier page are the same.

    Raises
    ------
    DataError
        With the number of the first row that differs.
    """
    for number, row in enumerate(page.rows, start=1):
        columns = columns or tuple(row)
        if row.keys() != set(columns):
            odd = sorted(row.keys() ^ set(columns))
            raise DataError(
                origin,
                line=number,
                column=str(odd[0]),
                found="a row whose columns are not those of the rows before it",
                expected=f"the same {len(columns)} columns in every row of the table",
                action=_AGAIN,
            )
    return columns or ()


def _fault(origin: str, found: str, expected: str) -> DataError:
    """Return the error for a page as a whole."""
    return DataError(origin, found=found, expected=expected, action=_AGAIN)
