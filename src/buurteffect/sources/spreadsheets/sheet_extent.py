"""How far the sheets of an xlsx reach, from their XML alone, before a library lays their cells out in memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

CELLS_LIMIT = 5_000_000
"""Cells of all sheets of a workbook together, empty ones between others included."""

ROWS_LIMIT, COLUMNS_LIMIT = 99_999, 260

TEXT_LIMIT = 500_000_000
"""Characters that all cells with shared text could hold together."""

STRING_LIMIT = 32_767
"""Characters of one cell: the spreadsheet program's own limit."""

_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class TooFarError(Exception):
    """A sheet reaches too far; the text says how."""


@dataclass
class Extent:
    """Cells of all sheets of a workbook, those that point to a shared text, and characters of the longest one."""

    cells: int = 0
    texts: int = 0
    longest: int = 0

    def add(self, member: bytes) -> None:
        """Count one XML member; members that are neither a sheet nor shared texts count nothing.

        Raises
        ------
        TooFarError
            If the workbook reaches too far, or the member cannot be counted.
        """
        _Counter(self).read(member)

    def _check(self) -> None:
        """Refuse what no file of key figures needs."""
        if self.cells > CELLS_LIMIT:
            raise TooFarError(f"sheets of {self.cells:,} cells, empty ones included")
        if self.texts * self.longest > TEXT_LIMIT:
            raise TooFarError(f"{self.texts:,} cells of text of which the longest has {self.longest:,} characters")


class _Counter:
    """Walks over one member, counting rows and columns as they will be laid out."""

    def __init__(self, total: Extent) -> None:
        """Begin before the root."""
        self.total, self.root, self.row, self.column, self.rows, self.columns = total, "", 0, 0, 0, 0
        self.length, self.texts = 0, 0

    def read(self, member: bytes) -> None:
        """Parse, and add what was found."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.CharacterDataHandler = self._text
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(member, True)
        except expat.ExpatError as error:
            raise TooFarError(f"XML that cannot be read ({expat.errors.messages[error.code]})") from None
        self.total.cells += self.rows * self.columns
        self.total.texts += self.texts
        self.total._check()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        """Count a row, a cell or a shared text."""
        tag = name.rpartition(":")[2]
        self.root = self.root or tag
        if self.root == "sst" and tag == "si":
            self.length = 0
        elif self.root == "worksheet" and tag == "row":
            self._place(attributes.get("r"), None)
        elif self.root == "worksheet" and tag == "c":
            self.texts += attributes.get("t") == "s"
            self._place(None, attributes.get("r", ""))

    def _place(self, row: str | None, cell: str | None) -> None:
        """Move to a row or a cell; without a reference it is the next one."""
        if cell is None:
            if row is not None and not (row.isascii() and row.isdigit() and len(row) < 9):
                raise TooFarError(f"a row called {row[:12]!r}")
            self.row, self.column = int(row) if row else self.row + 1, 0
            return
        if cell:
            match = _REFERENCE.fullmatch(cell)
            if match is None:
                raise TooFarError(f"a cell called {cell[:12]!r}")
            self.row, self.column = int(match[2]), _number(match[1])
        else:
            self.column += 1
        self.rows, self.columns = max(self.rows, self.row), max(self.columns, self.column)
        if self.rows > ROWS_LIMIT or self.columns > COLUMNS_LIMIT:
            raise TooFarError(f"a cell at {cell}" if cell else f"a cell in row {self.row:,}, column {self.column:,}")

    def _text(self, data: str) -> None:
        """Measure a shared text."""
        if self.root == "sst":
            self.length += len(data)
            self.total.longest = max(self.total.longest, self.length)
            if self.length > STRING_LIMIT:
                raise TooFarError(f"a text of more than {STRING_LIMIT:,} characters")

    def _entity(self, *_: Any) -> None:
        """Refuse a declared entity: it could unfold to anything."""
        raise TooFarError("a declared entity")


def _number(letters: str) -> int:
    """Return the number of a column."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number
