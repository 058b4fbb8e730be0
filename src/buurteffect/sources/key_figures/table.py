"""From a file's columns of text to the table of the contract: units, ranges, and why a value is missing."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.schema.columns import REASON_DTYPE, MissingReason
from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources.files.line_numbers import Lines, Mask
from buurteffect.sources.files.rawfile import PUBLISHED, shown
from buurteffect.sources.key_figures.columns import plausible
from buurteffect.sources.key_figures.columns.area import Areas, read_areas, refuse_repeated, stripped
from buurteffect.sources.key_figures.columns.mapping import Match, Resolved, expected_columns, mapping_rows, resolve
from buurteffect.sources.key_figures.columns.raw_table import RawTable
from buurteffect.sources.key_figures.columns.stem import singular
from buurteffect.sources.key_figures.columns.values import (
    BLANK,
    NULL,
    NUMBER,
    SECRET,
    SENTINEL,
    UNKNOWN,
    Cells,
    parse_cells,
)
from buurteffect.sources.key_figures.columns.year import period_of
from buurteffect.sources.key_figures.ledger import ImplausibleFigure, KeyFigureLedger, MappedColumn

_NONE = -1
_REASONS = tuple(str(reason) for reason in MissingReason)
_IMPOSSIBLE, _SECRET, _BELOW, _NOT_PUBLISHED, _NOT_IN_YEAR, _NOT_IN_FILE = (
    _REASONS.index(reason)
    for reason in (
        MissingReason.IMPOSSIBLE,
        MissingReason.SECRET,
        MissingReason.BELOW_THRESHOLD,
        MissingReason.NOT_PUBLISHED,
        MissingReason.NOT_IN_YEAR,
        MissingReason.NOT_IN_FILE,
    )
)
_NAMED = 5
"""Figures left out of the table that a note names one by one; the ledger holds all."""


@dataclass(frozen=True, eq=False)
class _Column:
    """Values of one concept in its own unit, a reason's number where a value is missing, and which cannot be."""

    values: npt.NDArray[np.float64]
    reasons: npt.NDArray[np.int8]
    odd: Mask | None = None


def build_table(table: RawTable, year: int, notes: tuple[str, ...]) -> tuple[pd.DataFrame, KeyFigureLedger]:
    """Return the table `schema.kwb.KWB` of a file and its ledger.

    `notes` are what is known so far, for the ledger.

    Raises
    ------
    DataError
        On anything that `read.read_key_figures` lists about columns and values, with line and column.
    """
    lines = table.lines
    _check_rows(lines)
    resolved = resolve(table.columns, table.family, year, lines.origin)
    if not resolved.concepts:
        raise _no_figures(table)
    areas = read_areas(table, resolved)
    keep = _rows_of_year(table, resolved, year)
    chosen = Lines(lines.origin, lines.numbers[keep], lines.ends_open)
    key = table.columns[resolved.keys["area_code"][0]].name
    refuse_repeated(areas.codes[keep].reset_index(drop=True), chosen, key)
    judged = plausible.JudgedRows(lines, areas.levels.to_numpy(dtype=object), keep, year)
    resolved = _with_bases(table, resolved)
    cells, columns = _columns(table, resolved, judged)
    frame = _frame(areas, columns, _why_absent(table.family, resolved, year), year, keep)
    left_out = list(table.left_out)
    if not keep.all():
        left_out.append((f"another year than {year}", int((~keep).sum())))
    odd = _odd_figures(columns, cells, resolved, table)
    expected = {**expected_columns(table.family, year), **dict.fromkeys(resolved.unread, "")}
    ledger = KeyFigureLedger(
        rows_in=len(lines) + sum(count for _, count in table.left_out),
        rows_out=len(frame),
        left_out=tuple(left_out),
        mapped=tuple(_mapped(concept, match, table) for concept, match in resolved.concepts.items()),
        keys=tuple((role, table.columns[p].name) for role, found in resolved.keys.items() for p in found),
        unmapped=tuple(table.columns[p].name for p in resolved.unmapped),
        not_in_year=tuple(c for c in CONCEPTS if c not in resolved.concepts and c not in expected),
        expected_missing=tuple(
            (c, name) for c, name in expected.items() if c not in resolved.concepts and c not in resolved.unread
        ),
        implausible=odd,
        notes=(*table.notes, *notes, *resolved.notes, *areas.notes, *_odd_notes(odd)),
    )
    return frame, ledger


def _check_rows(lines: Lines) -> None:
    """Refuse a file without rows."""
    if not len(lines):
        raise DataError(
            lines.origin,
            found="a header and no areas",
            expected="at least one row with the code of an area",
            action=PUBLISHED,
        )


def refuse_unknown(table: RawTable) -> None:
    """Refuse a table without any column of key figures, whatever its year.

    Raises
    ------
    DataError
        If none of its names is one of them.
    """
    figures = {singular(row.stem) for row in mapping_rows() if row.layout == table.family and row.concept in CONCEPTS}
    if not any(singular(column.stem) in figures for column in table.columns):
        raise _no_figures(table)


def _no_figures(table: RawTable) -> DataError:
    """Return the error for a file in which no column is a concept."""
    long = {"variable", "value"} <= {column.stem for column in table.columns}
    return DataError(
        table.lines.origin,
        found=("a long table: " if long else "")
        + "no known column among "
        + ", ".join(shown(c.name) for c in table.columns[:6]),
        expected="a table of the key figures of wijken and buurten, with a column for each figure",
        action="make it wide, with a column for each variable (pandas.pivot, tidyr's pivot_wider)"
        if long
        else "move it out of the folder if it is another table; if its titles were changed, use the publisher's "
        "own file (make fetch KWB=… brings it)",
    )


def _rows_of_year(table: RawTable, resolved: Resolved, year: int) -> Mask:
    """Return which rows are of the year; all where no column tells it."""
    keep = np.ones(len(table.lines), dtype=bool)
    for position in resolved.keys["year"]:
        texts = stripped(table.texts(position))
        periods = {text: period_of(text.removesuffix(".0")) for text in texts.unique()}
        name = table.columns[position].name
        table.lines.refuse(
            texts.map({text: period is None for text, period in periods.items()}).to_numpy(dtype=bool),
            lambda row, texts=texts: f"the period {shown(texts.iloc[row])}",  # type: ignore[misc]
            column=name,
            expected="a whole year, such as 2019 or 2019JJ00",
        )
        keep &= texts.map({text: period == year for text, period in periods.items()}).to_numpy(dtype=bool)
    if not keep.any():
        raise DataError(
            table.lines.origin,
            column=table.columns[resolved.keys["year"][0]].name,
            found=f"no row of {year}",
            expected=f"rows of {year}, as the file's name or its title says",
            action="find out which year the content is of, and give the publisher's file its own name",
        )
    return keep


def _with_bases(table: RawTable, resolved: Resolved) -> Resolved:
    """Leave percentages unread whose whole the file does not have: users of StatLine choose subjects."""
    alone = {c: m for c, m in resolved.concepts.items() if m.row.of and m.row.of not in resolved.concepts}
    if not alone:
        return resolved
    notes = tuple(
        f"column {shown(table.columns[match.position].name)} is not read as {concept}: it holds percentages of "
        f"{match.row.of}, which the file does not have"
        for concept, match in alone.items()
    )
    return replace(
        resolved,
        concepts={c: m for c, m in resolved.concepts.items() if c not in alone},
        unmapped=tuple(sorted((*resolved.unmapped, *(match.position for match in alone.values())))),
        unread=(*resolved.unread, *alone),
        notes=(*resolved.notes, *notes),
    )


def _why_absent(family: str, resolved: Resolved, year: int) -> dict[str, int]:
    """Return for every concept that is not read the reason's number."""
    expected = expected_columns(family, year)
    return {
        concept: _NOT_IN_FILE if concept in expected or concept in resolved.unread else _NOT_IN_YEAR
        for concept in CONCEPTS
        if concept not in resolved.concepts
    }


def _columns(
    table: RawTable, resolved: Resolved, areas: plausible.JudgedRows
) -> tuple[dict[str, Cells], dict[str, _Column]]:
    """Return the cells of all concepts of the file, and them in their own units with the reasons of what is missing."""
    cells = {
        concept: parse_cells(table.texts(m.position), table.columns[m.position].name, table.lines, table.decimal)
        for concept, m in resolved.concepts.items()
    }
    # A file without types pads its numbers and writes blanks and dots; one with types has lost the difference,
    # as has a web export without a single dot.
    typed = table.layout in ("bulk", "odata3", "odata4", "map") and not any(one.padded for one in cells.values())
    typed |= table.layout == "web" and not any((one.marks == UNKNOWN).any() for one in cells.values())
    reads = {
        concept: plausible.ColumnReading(table.columns[m.position].name, m.row.unit, m.row.factor)
        for concept, m in resolved.concepts.items()
    }
    columns: dict[str, _Column] = {}
    values: dict[str, npt.NDArray[np.float64]] = {}
    for concept in sorted(cells, key=lambda c: (bool(resolved.concepts[c].row.of), "/" in CONCEPTS[c].usual_of)):
        _check_whole(cells[concept], resolved.concepts[concept], concept, table)
        column = _converted(cells[concept], resolved.concepts[concept], columns, typed=typed)
        values[concept] = column.values
        odd = plausible.implausible_rows(CONCEPTS[concept], values, cells[concept].values, reads, areas)
        values[concept] = np.where(odd, np.nan, column.values)
        columns[concept] = _Column(values[concept], column.reasons, odd)
    for concept, filled in plausible.filled_with_zero(values, areas.keep).items():
        odd = filled if (before := columns[concept].odd) is None else before | filled
        values[concept] = np.where(filled, np.nan, values[concept])
        columns[concept] = _Column(values[concept], columns[concept].reasons, odd)
    for concept in columns:
        plausible.check_scale(CONCEPTS[concept], values, reads, areas)
        plausible.refuse_fractions(cells[concept].values, reads[concept], areas)
    for concept, match in resolved.concepts.items():
        columns[concept] = _with_reasons(columns[concept], cells[concept], match, columns, areas)
    return cells, columns


def _converted(cells: Cells, match: Match, done: dict[str, _Column], *, typed: bool) -> _Column:
    """Return a concept in its own unit; a percentage that is a count here is multiplied by its whole."""
    row = match.row
    reasons = np.full(len(cells.values), _NONE, dtype=np.int8)
    missing = cells.marks != NUMBER
    reasons[missing] = _SECRET
    reasons[cells.marks == SENTINEL] = _NOT_PUBLISHED
    reasons[cells.marks == BLANK] = _NOT_PUBLISHED if typed else _IMPOSSIBLE
    reasons[cells.marks == NULL] = _NOT_PUBLISHED if typed else _IMPOSSIBLE
    if row.unit == "code":  # classes begin at 1: a 0 or a dash says that there is none
        reasons[cells.values == 0] = _NOT_PUBLISHED
        cells = replace(cells, values=np.where(cells.values == 0, np.nan, cells.values))
    # Divided, not multiplied: 35 / 100 is the nearest number to 0.35, and 35 * 0.01 is not.
    values = cells.values / round(1 / row.factor) if row.factor < 1 else cells.values * row.factor
    if row.of:
        whole = done[row.of]
        lost = ~missing & np.isnan(whole.values)
        reasons[lost] = whole.reasons[lost]
        values = values * whole.values
    return _Column(values, reasons)


def _with_reasons(
    column: _Column, cells: Cells, match: Match, columns: dict[str, _Column], areas: plausible.JudgedRows
) -> _Column:
    """Return a concept whose missing values say so where they are below the year's threshold or not out yet.

    A column without a figure in any row is not published: nothing of a whole gemeente is secret. Where a file
    has no gemeente, what is marked as secret and what is below the threshold stay so.
    """
    reasons = column.reasons.copy()
    reasons[(reasons == _NONE) & np.isnan(column.values)] = _NOT_PUBLISHED
    silent = not (areas.keep & (cells.marks == NUMBER)).any()
    if silent and areas.whole.any():
        reasons[areas.keep] = _NOT_PUBLISHED
        return replace(column, reasons=reasons)
    if silent:
        reasons[cells.marks != SECRET] = _NOT_PUBLISHED
    row = match.row
    if row.threshold is None or row.threshold_of not in columns:
        return replace(column, reasons=reasons)
    with np.errstate(invalid="ignore"):
        small = columns[row.threshold_of].values < row.threshold
    small &= np.isin(reasons, (_SECRET, _NOT_PUBLISHED)) & (cells.marks != NUMBER)
    return replace(column, reasons=np.where(small, np.int8(_BELOW), reasons))


def _odd_figures(
    columns: dict[str, _Column], cells: dict[str, Cells], resolved: Resolved, table: RawTable
) -> tuple[ImplausibleFigure, ...]:
    """Return the figures that were left out since they cannot be."""
    return tuple(
        ImplausibleFigure(
            line=int(table.lines.numbers[row]),
            column=table.columns[resolved.concepts[concept].position].name,
            concept=concept,
            figure=float(cells[concept].values[row]),
        )
        for concept, column in columns.items()
        if column.odd is not None
        for row in np.flatnonzero(column.odd)
    )


def _odd_notes(odd: tuple[ImplausibleFigure, ...]) -> list[str]:
    """Return what the ledger's notes say of them."""
    if not odd:
        return []
    named = "; ".join(f"line {one.line}, column {shown(one.column)}: {one.figure:g}" for one in odd[:_NAMED])
    more = f"; and {len(odd) - _NAMED:,} more" if len(odd) > _NAMED else ""
    return [f"{len(odd):,} figure(s) that cannot be are read as missing: {named}{more}"]


def _check_whole(cells: Cells, match: Match, concept: str, table: RawTable) -> None:
    """Refuse counts that are not whole: beside 1.234 for 1,234 there may be a 1.000 that looks whole."""
    if match.row.unit == "aantal" and concept.endswith("_count"):
        values = cells.values
        table.lines.refuse(
            np.isfinite(values) & (values != np.floor(values)),
            lambda row: f"{values[row]:g}, a count with a fraction",
            column=table.columns[match.position].name[:60],
            expected="a whole number without thousands separator",
        )


def _frame(areas: Areas, columns: dict[str, _Column], absent: dict[str, int], year: int, keep: Mask) -> pd.DataFrame:
    """Return the table with every concept of the list, those that the file lacks included."""
    rows = int(keep.sum())
    data: dict[str, object] = {
        "area_code": areas.codes[keep].reset_index(drop=True),
        "area_name": areas.names[keep].reset_index(drop=True),
        "level": areas.levels[keep].reset_index(drop=True),
        "gemeente_name": areas.gemeenten[keep].reset_index(drop=True),
        "year": np.full(rows, year, dtype=np.int64),
        "boundary_flag": areas.flags[keep],
    }
    nothing = np.full(rows, np.nan)
    why = {at: _reasons(np.full(rows, at, dtype=np.int8)) for at in set(absent.values())}
    for concept in CONCEPTS:
        if (column := columns.get(concept)) is None:
            data[concept], data[f"{concept}_missing"] = nothing, why[absent[concept]]
        else:
            data[concept] = column.values[keep]
            data[f"{concept}_missing"] = _reasons(column.reasons[keep])
    return pd.DataFrame(data)


def _reasons(numbers: npt.NDArray[np.int8]) -> pd.Categorical:
    """Return reasons by their numbers as a column of the table."""
    return pd.Categorical.from_codes(numbers, dtype=REASON_DTYPE)


def _mapped(concept: str, match: Match, table: RawTable) -> MappedColumn:
    """Return the ledger's line for one concept."""
    row = match.row
    note = row.note
    if row.threshold_note:
        note = f"{note}; {row.threshold_note}" if note else row.threshold_note
    return MappedColumn(
        concept=concept,
        column=table.columns[match.position].name,
        unit=row.unit,
        factor=row.factor,
        of=row.of,
        break_from=row.break_from,
        note=note,
        source=row.source,
    )
