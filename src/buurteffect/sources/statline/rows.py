"""Rows of a StatLine table, from stored pages, one page of JSON or a bulk CSV: columns, cells, and where they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from buurteffect.errors import DataError
from buurteffect.schema import MissingReason
from buurteffect.sources.files.columns import refuse_doubled
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import label_of, read_bytes, shown
from buurteffect.sources.spreadsheets.saved_again import read_saved
from buurteffect.sources.statline.pages import Page, check_uniform, parse_page
from buurteffect.sources.statline.store import StoredTable

Numbers = npt.NDArray[np.float64]
Reasons = npt.NDArray[np.object_]

_SIGNS = {".": MissingReason.NOT_PUBLISHED, "x": MissingReason.SECRET}
_NIL = "-"
_STEM = re.compile(r"(.+?)(?:_[0-9]+)?")


@dataclass(frozen=True, eq=False)
class RawRows:
    """The rows of one file or stored table.

    Parameters
    ----------
    columns : tuple of str
        Names as they are in the source.
    cells : list of tuple
        One tuple of text per row; None stands for the ``null`` of JSON.
    lines : Lines
        Where each row stands: its line in a CSV; in JSON its number, counted over all pages.
    typed : bool
        Whether the figures are plain, so that an empty cell says nothing about why it is empty. In an untyped
        table they are padded text and a blank means that the figure cannot exist.
    sha256 : str
        Of the file's bytes; for several pages, of their hashes in order.
    notes : tuple of str
        What another program did to the file.
    """

    columns: tuple[str, ...]
    cells: list[tuple[str | None, ...]]
    lines: Lines
    typed: bool
    sha256: str
    notes: tuple[str, ...] = ()

    def texts(self, column: str) -> list[str]:
        """Return one column as stripped text, ``null`` as empty."""
        index = self.columns.index(column)
        return [(row[index] or "").strip() for row in self.cells]

    def kept(self, keep: Sequence[bool] | npt.NDArray[np.bool_]) -> RawRows:
        """Return only the rows to keep."""
        rows = np.flatnonzero(np.asarray(keep, dtype=bool))
        lines = Lines(self.lines.origin, self.lines.numbers[rows], self.lines.ends_open)
        return RawRows(self.columns, [self.cells[row] for row in rows], lines, self.typed, self.sha256, self.notes)

    def numbers(
        self, column: str, *, whole: bool = False, signed: bool = True, decimal: str = "."
    ) -> tuple[Numbers, Reasons]:
        """Return the figures of one column, and why each missing one is.

        A dot is a figure that is not published, ``x`` a secret one, ``-`` nil; a blank cannot exist in an untyped
        table and is not published in a typed one.

        `whole` and `signed` say whether figures are whole, and can be below zero; `decimal` stands before the decimals.

        Returns
        -------
        values : ndarray, shape (rows,)
            The figures; nan where missing.
        reasons : ndarray of object, shape (rows,)
            A `MissingReason` where missing, else None.

        Raises
        ------
        DataError
            If a cell is neither a number nor a known sign, with its line.
        """
        index = self.columns.index(column)
        blank = MissingReason.NOT_PUBLISHED if self.typed else MissingReason.IMPOSSIBLE
        fraction = r"(\.0+)?" if whole else rf"({re.escape(decimal)}[0-9]+)?"
        sign = "-?" if signed else ""
        number = re.compile(rf"{sign}[0-9]{{1,15}}{fraction}")
        power = re.compile(rf"{sign}[0-9](?:{re.escape(decimal)}[0-9]+)?e[+-][0-9]{{2}}")  # as R writes 100000
        values = np.full(len(self.cells), np.nan)
        reasons: Reasons = np.full(len(self.cells), None, dtype=object)
        bad = np.zeros(len(self.cells), dtype=bool)
        for row, cells in enumerate(self.cells):
            raw = cells[index]
            text = "" if raw is None else raw.strip()
            if text == _NIL:
                values[row] = 0.0
            elif number.fullmatch(text) or power.fullmatch(text):
                values[row] = float(text.replace(",", "."))
                bad[row] = whole and not values[row].is_integer()
            elif text == "" or text in _SIGNS:
                reasons[row] = _SIGNS.get(text, MissingReason.NOT_PUBLISHED if raw is None else blank)
            else:
                bad[row] = True
        kind = "a whole number" if whole else f"a number with {decimal!r} before its decimals"
        kind += "" if signed else ", not below zero"
        self.lines.refuse(
            bad,
            lambda row: f"{shown(self.cells[row][index])}",
            column=column,
            expected=f"{kind}, or one of the signs '.', 'x' and '-'",
        )
        return values, reasons


def read_rows(source: Path | StoredTable, known: Sequence[str] = ()) -> RawRows:
    """Return the rows of a stored table, of one page of JSON, or of a bulk CSV, separated by ``;`` or saved again.

    `known` are names of columns that a CSV which another program saved may have in another form.

    Raises
    ------
    DataError
        If a file is missing, damaged, no page or no such CSV, or a column stands twice.
    """
    if isinstance(source, StoredTable):
        paths = source.paths()
        pages = [parse_page(read_bytes(path), label_of(path)) for path in paths]
        whole = "".join(page.sha256 for page in source.pages_of())
        return _from_pages(pages, source.table_id, hashlib.sha256(whole.encode()).hexdigest())
    data, origin = read_bytes(source), label_of(source)
    sha256 = hashlib.sha256(data).hexdigest()
    if source.suffix.lower() == ".json":
        if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):  # the rows alone, as `cbsodata` writes them
            data = b'{"value":' + data.removeprefix(b"\xef\xbb\xbf") + b"}"
        return _from_pages([parse_page(data, origin)], origin, sha256)
    body, above, title = _without_title(data, known)
    saved = read_saved(body, origin, known, separator=";", missing=".")
    records = saved.records
    lines = Lines(origin, records.lines.numbers + above, records.lines.ends_open)
    notes = (*((f"above its header stands {shown(title, 200)}",) if title else ()), *saved.notes)
    refuse_doubled(records.header, origin)
    cells: list[tuple[str | None, ...]] = [tuple(row) for row in records.rows]
    return RawRows(records.header, cells, lines, not _is_padded(cells), sha256, notes)


def _without_title(data: bytes, known: Sequence[str]) -> tuple[bytes, int, str]:
    """Return a file without the title above its header and the source below its rows, as some exports have them.

    Also returned are the number of lines above the header, and the title.
    """
    lines = data.splitlines(keepends=True)
    wanted = {name.casefold() for name in known}
    header = next(
        (at for at, line in enumerate(lines[:6]) if wanted & {c.strip(' "').casefold() for c in _cells(line)}), 0
    )
    above = [line for line in lines[:header] if line.strip()]
    if any(len([cell for cell in _cells(line) if cell.strip(' "')]) > 1 for line in above):
        return data, 0, ""
    kept = lines[header:]
    if len(kept) > 2 and re.match(rb'"?\s*(Bron\s*:|\xc2\xa9|\xa9)', kept[-1]):
        kept = kept[:-1]
    title = " ".join(_cells(line)[0].strip(' "') for line in above)
    return b"".join(kept), header, title


def _cells(line: bytes) -> list[str]:
    """Return the cells of a line of an export, a mark inside quotes being none."""
    text = line.decode("latin-1").lstrip("\u00ef\u00bb\u00bf").rstrip("\r\n")
    return re.split(r';(?=(?:[^"]*"[^"]*")*[^"]*$)', text[:5_000])


def stem_of(column: str) -> str:
    """Return a column's name without the number at its end, which moves between years and revisions.

    Examples
    --------
    >>> stem_of("BeginstandVoorraad_1"), stem_of("RegioS")
    ('BeginstandVoorraad', 'RegioS')
    """
    match = _STEM.fullmatch(column)
    return match[1] if match else column


def _from_pages(pages: list[Page], origin: str, sha256: str) -> RawRows:
    """Return the rows of pages that follow on one another."""
    columns: tuple[str, ...] = ()
    for page in pages:
        columns = check_uniform(page, origin, columns or None)
    rows = [row for page in pages for row in page.rows]
    if not rows or not columns:
        raise DataError(origin, found="no rows", expected="at least one", action="fetch the table again")
    cells = [tuple(_text(row[column]) for column in columns) for row in rows]
    strings = any(isinstance(row[c], str) and row[c] != row[c].strip() for row in rows for c in columns[1:])
    typed = not strings or any(
        isinstance(row[c], int | float) for row in rows for c in columns if c not in ("ID", "Id")
    )
    return RawRows(columns, cells, Lines(origin, np.arange(1, len(rows) + 1, dtype=np.int64)), typed, sha256)


def _text(value: object) -> str | None:
    """Return a value of JSON as the text of a cell."""
    return None if value is None else str(value)


def _is_padded(cells: list[tuple[str | None, ...]]) -> bool:
    """Say whether figures are filled up with blanks on their left; a lone dot is so in columns of text too."""
    return any(cell != cell.lstrip() and cell.strip() != "." for row in cells for cell in row if cell)
