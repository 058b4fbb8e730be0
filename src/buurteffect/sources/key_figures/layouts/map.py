"""Attributes of the Wijk- en Buurtkaart, the map of CBS and the Kadaster that carries key figures with its areas.

They come as CSV, GeoPackage, shapefile (its ``.dbf`` holds them) or GeoJSON, one level in each layer. Names are short
and in capitals (``AANT_INW``), or whole words (``aantal_inwoners``); what is a percentage stays one in every year. A
large negative (-99997, -99999999) says that nothing is published. Water has rows of its own, which are left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from buurteffect.errors import DataError
from buurteffect.schema.kwb import CONCEPTS
from buurteffect.sources.files.dbase import read_dbase
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.files.rawfile import FETCH_AGAIN, decode, label_of, printable, read_head, refuse_larger, shown
from buurteffect.sources.files.strict_json import parse_json
from buurteffect.sources.geography.geofile import fields_by_layer, geodata_errors
from buurteffect.sources.key_figures.columns.mapping import mapping_rows
from buurteffect.sources.key_figures.columns.raw_table import RawColumn, RawTable, YearEvidence, column_of
from buurteffect.sources.key_figures.columns.stem import title_stem
from buurteffect.sources.key_figures.columns.year import years_in
from buurteffect.sources.key_figures.documents import Document
from buurteffect.sources.key_figures.layouts.odata3 import cell_texts, rows_of
from buurteffect.sources.key_figures.layouts.odata4 import columns_of_rows
from buurteffect.sources.spreadsheets.saved_again import read_saved, whole_codes

MAP_SUFFIXES = (".gpkg", ".dbf")
"""Files that hold the attributes of a map, whatever their columns; in CSV and GeoJSON the columns tell."""

OF_A_MAP = (".shx", ".prj", ".cpg", ".sbn", ".sbx", ".qpj", ".qmd", ".qix", ".idx", ".qgz", ".qgs")
"""Files that stand beside a shapefile and hold no figures."""

FAMILY = "map"
_LEVELS = {"buurt": ("bucode", "buurtcode"), "wijk": ("wkcode", "wijkcode"), "gemeente": ("gmcode", "gemeentecode")}
_NAMES = {
    "buurt": ("bunaam", "buurtnaam"),
    "wijk": ("wknaam", "wijknaam"),
    "gemeente": ("gmnaam", "gemeentenaam"),
}
_CODES = frozenset(stem for stems in _LEVELS.values() for stem in stems)
_WATER = ("h2o", "water")
_LAND = "NEE"
_OTHER_LAYOUTS = ("recs", "gwbcode", "gwbcode8", "gwbcode10", "perioden", "soortregio")
_STATCODE, _YEAR = "jrstatcode", "jaar"
_BYTES_LIMIT = 2_000_000_000
_GPKG_START = b"SQLite format 3\0"
_NEXT_PAGE = re.compile(rb'"rel"\s*:\s*"next"')
_MORE_PAGES = "its page has a link to a next one: areas on pages that are not in the folder are missing"
Columns = Mapping[str, pa.Array]


def is_map(names: Sequence[str]) -> bool:
    """Return whether columns are those of a map: the code of one kind of area, and figures by their names on maps.

    Examples
    --------
    >>> is_map(["BU_CODE", "BU_NAAM", "AANT_INW", "P_00_14_JR", "P_HH_Z_K"])
    True
    >>> is_map(["RECS", "GM_CODE", "WK_CODE", "BU_CODE", "AANT_INW", "P_00_14_JR", "P_HH_Z_K"])
    False
    """
    stems = {title_stem(name) for name in names}
    return bool(stems & _CODES) and bool(stems & _figures()) and not stems & set(_OTHER_LAYOUTS)


@cache
def _figures() -> frozenset[str]:
    """Return the stems of the figures that maps have."""
    return frozenset(row.stem for row in mapping_rows() if row.layout == FAMILY and row.concept in CONCEPTS)


def read_map(document: Document, _: object = None) -> list[RawTable]:
    """Return the columns of every layer with key figures.

    Raises
    ------
    DataError
        If the file is damaged or of another kind than its name says; if no layer has key figures; or if a code was
        turned into a number that has lost digits.
    """
    layers = _layers(document)
    found = [map_table(label, cells, lines) for label, cells, lines in layers if is_map(list(cells))]
    if _NEXT_PAGE.search(b"".join(document.ends())) and document.suffix in (".json", ".geojson"):
        found = [replace(table, notes=(*table.notes, _MORE_PAGES)) for table in found]
    if not found:
        label, cells, _lines = layers[0]
        raise DataError(
            label,
            found="no key figures among its columns: " + ", ".join(map(shown, list(cells)[:8])),
            expected="the code of an area (BU_CODE, buurtcode) with figures such as AANT_INW or aantal_inwoners",
            action="put a file with boundaries alone into the folder boundaries; a map with key figures is the "
            "Wijk- en Buurtkaart of CBS",
        )
    return found


def has_key_figures(path: Path) -> bool:
    """Return whether a layer of a GeoPackage has key figures; no if the file cannot be read."""
    if read_head(path, len(_GPKG_START)) != _GPKG_START:
        return False
    try:
        with geodata_errors(partial(_damaged, label_of(path))):
            return any(is_map(fields) for _, _, fields in fields_by_layer(path))
    except DataError:  # whoever reads the file for its boundaries says what is wrong with it
        return False


def _layers(document: Document) -> list[tuple[str, Columns, Lines]]:
    """Return what each layer of a file is called, its columns of text and its lines."""
    label = document.label
    if document.suffix == ".dbf":
        return [(label, *read_dbase(document.load(), label))]
    if document.suffix == ".gpkg":
        return _in_package(document)
    data = document.load()
    if data.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"["):
        return [
            (label, *columns_of_rows(_properties(parse_json(decode(data, label), label, lines=True), label), label))
        ]
    saved = read_saved(data, label)
    columns = zip(*saved.records.rows, strict=True)
    cells = {name: pa.array(list(cells)) for name, cells in zip(saved.records.header, columns, strict=True)}
    return [(label, cells, saved.records.lines)]


def _properties(page: Any, label: str) -> list[dict[str, Any]]:
    """Return the properties of every area of GeoJSON, or the rows of a page."""
    if isinstance(page, dict) and isinstance(page.get("features"), list):
        page = [area.get("properties") if isinstance(area, dict) else None for area in page["features"]]
    rows = rows_of(page)
    if rows is None:
        raise DataError(
            label,
            found="areas without properties",
            expected='a FeatureCollection: {"type": "FeatureCollection", "features": [{"properties": {…}}, …]}',
            action=FETCH_AGAIN,
        )
    return [{name: value for name, value in row.items() if not isinstance(value, (dict, list))} for row in rows]


def _in_package(document: Document) -> list[tuple[str, Columns, Lines]]:
    """Return the layers of a GeoPackage, without their shapes."""
    head, _ = document.ends(len(_GPKG_START))
    if not head.startswith(_GPKG_START):  # the library would open any kind of file, and follow what stands in it
        raise _damaged(document.label, "a file of another kind")
    if document.path is not None:
        refuse_larger(document.path, _BYTES_LIMIT)
    source = io.BytesIO(document.load()) if document.path is None else document.path
    found: list[tuple[str, Columns, Lines]] = []
    with geodata_errors(partial(_damaged, document.label)):
        for layer, _, _ in fields_by_layer(source):
            frame = pd.DataFrame(gpd.read_file(source, layer=layer, ignore_geometry=True))
            label = f"{document.label} > {printable(layer)}"
            lines = Lines(label, np.arange(1, len(frame) + 1, dtype=np.int64))
            found.append((label, {str(name): _texts(frame[name], lines) for name in frame.columns}, lines))
    if not found:
        raise _damaged(document.label, "no layer")
    return found


def _damaged(label: str, found: str) -> DataError:
    """Return the error for a file that is no GeoPackage."""
    return DataError(label, found=found, expected="a whole GeoPackage", action=FETCH_AGAIN)


def _texts(cells: pd.Series, lines: Lines) -> pa.Array:
    """Return cells as text, null where there is none; dates and the like as they print."""
    values = [None if value is pd.NaT or value != value else value for value in cells.tolist()]
    plain = [value if value is None or isinstance(value, (str, int, float)) else str(value) for value in values]
    return cell_texts(plain, str(cells.name), lines)


def map_table(label: str, cells: Columns, lines: Lines) -> RawTable:
    """Return the columns of one layer, land only, with the code and the name of its level called as such.

    Raises
    ------
    DataError
        If a code was turned into a number that has lost digits.
    """
    stems = {title_stem(name): name for name in reversed(list(cells))}
    level = next(level for level, known in _LEVELS.items() if any(stem in stems for stem in known))
    code = _named(stems, _LEVELS[level])
    land = _land(cells, stems, lines)
    kept = Lines(label, lines.numbers[land], lines.ends_open and bool(land[-1:].all()))
    chosen = pa.array(land)
    codes = whole_codes([text or "" for text in cells[code].filter(chosen).to_pylist()], level, code, kept)
    roles = {code: "areacode", _named(stems, _NAMES[level]): "areaname"}
    dated = "" if _YEAR in stems else _named(stems, (_STATCODE,))
    if dated:  # 2020BU09990102: the year before the code
        roles[dated] = _YEAR
    if level != "gemeente":
        roles[_named(stems, _NAMES["gemeente"])] = "gemeentename"
    columns: list[RawColumn] = [
        column_of(name, at, stem=roles.get(name, title_stem(name))) for at, name in enumerate(cells)
    ]
    names = list(cells)
    water = len(land) - int(land.sum())

    def texts(position: int) -> pa.Array:
        if names[position] == code:
            return pa.array(codes)
        if names[position] == dated:
            return pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(cells[dated].filter(chosen)), 0, 4)
        return cells[names[position]].filter(chosen)

    return RawTable(
        layout=FAMILY,
        family=FAMILY,
        columns=tuple(columns),
        lines=kept,
        texts=texts,
        decimal="either",
        said=_year_of_layer(label),
        left_out=(("water", water),) if water else (),
        notes=("the attributes of a map: percentages stay percentages of whole counts in every year",),
    )


def _named(stems: Mapping[str, str], known: Sequence[str]) -> str:
    """Return the column that has one of some stems; nothing if there is none."""
    return next((stems[stem] for stem in known if stem in stems), "")


def _land(cells: Columns, stems: Mapping[str, str], lines: Lines) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which rows are land."""
    water = _named(stems, _WATER)
    if not water:
        return np.ones(len(lines), dtype=bool)
    texts = [(text or "").strip().upper() for text in cells[water].to_pylist()]
    return np.array([text in ("", _LAND) for text in texts], dtype=bool)


def _year_of_layer(label: str) -> tuple[YearEvidence, ...]:
    """Return the year that the name of a layer tells."""
    layer = label.rpartition(" > ")[2] if " > " in label else ""
    years = years_in(layer.replace("_", " "))
    return (YearEvidence(years, f"layer {shown(layer)}"),) if years else ()
