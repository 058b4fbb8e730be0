"""Which documents of a folder are tables of key figures, and which describe them.

What a document is shows in the names of its columns, never in its own name, but for what programs leave behind. A
page of OData, a list of areas and the properties of a table are all lists of rows in JSON or CSV.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from buurteffect.sources.files.rawfile import decode, refuse_stand_in
from buurteffect.sources.files.strict_json import parse_json
from buurteffect.sources.key_figures.columns.raw_table import RawTable
from buurteffect.sources.key_figures.columns.year import table_id_in, years_in
from buurteffect.sources.key_figures.documents import NOT_A_TABLE, Document, DocumentFolder
from buurteffect.sources.key_figures.layouts.bulk import is_bulk
from buurteffect.sources.key_figures.layouts.map import MAP_SUFFIXES, OF_A_MAP, is_map, read_map
from buurteffect.sources.key_figures.layouts.odata3 import is_description, rows_of
from buurteffect.sources.key_figures.layouts.odata4 import is_observations
from buurteffect.sources.key_figures.pages import Description, read_observed, read_page_group, read_text, read_workbook
from buurteffect.sources.spreadsheets.saved_again import separator_of

DESCRIBES = "describes the table beside it"
_NO_PAGE = "no page of rows"
_NO_DBF = "a shapefile without its .dbf, which holds the figures; put that beside it"
_WORKBOOK_STARTS = (b"PK", b"\xd0\xcf\x11\xe0")
_BOM = b"\xef\xbb\xbf"
_TABLE_SUFFIXES = (".csv", ".tsv", ".tab")
_TEXT_SUFFIXES = (*_TABLE_SUFFIXES, ".txt", ".dat", "")
_SHEET_SUFFIXES = (".xls", ".xlsx", ".xlsm")
_FORMATS = {
    **dict.fromkeys((".rds", ".rdata", ".rda"), "R"),
    **dict.fromkeys((".sav", ".zsav", ".por"), "SPSS"),
    **{".dta": "Stata", ".sas7bdat": "SAS", ".parquet": "Parquet", ".feather": "Feather", ".pkl": "Python"},
    **{".ods": "OpenDocument", ".xlsb": "Excel (xlsb)", ".mdb": "Access", ".accdb": "Access"},
}
_PACKED = (".gz", ".bz2", ".xz", ".7z", ".rar", ".tar", ".tgz")
_BESIDE = re.compile(
    r"(?:.*[_ -])?(?:DataProperties|TableInfos|CategoryGroups|MeasureCodes|MeasureGroups|Properties|Dimensions"
    r"|(?:WijkenEnBuurten|RegioS|Perioden)(?:Codes|Groups)?)\.(?:json|csv)",
    re.IGNORECASE,
)
_PAGE_NUMBER = re.compile(r"[-_. ]*(?:page|pagina|deel|part|skip)?[-_. ]*[0-9]+$", re.IGNORECASE)
_CONTEXT = re.compile(r'"(?:odata\.metadata|@odata\.context)"\s*:\s*"([^"]*)"')
_FIRST_ROW = re.compile(r'\s*(?:\{[^{]*?"value"\s*:\s*)?\[\s*(?=\{)')
_LINKED = re.compile(rb'nextLink"\s*:\s*"')


@dataclass(frozen=True, eq=False)
class UnreadTable:
    """A table before it is read: the documents that it is read from, with those that describe it.

    `names` may tell its year, the nearest first; `read` returns its columns, of a map those of each layer.
    """

    label: str
    names: tuple[str, ...]
    documents: tuple[Document, ...]
    read: Callable[[], list[RawTable]]


@dataclass(frozen=True)
class _Page:
    """What the beginning and the end of a page of JSON show."""

    keys: frozenset[str]
    table_id: str | None
    is_linked: bool


_READERS: dict[str, Callable[[Document, Description], list[RawTable]]] = {
    "workbook": read_workbook,
    "map": read_map,
    "text": read_text,
}


def may_describe(name: str) -> bool:
    """Return whether a file of this name may describe a table beside it.

    Examples
    --------
    >>> may_describe("TableInfos.csv"), may_describe("84583NED_DataProperties.json"), may_describe("data.csv")
    (True, True, False)
    """
    return _BESIDE.fullmatch(name) is not None


def tables_in(place: DocumentFolder, wanted: Document | None = None) -> tuple[list[UnreadTable], list[tuple[str, str]]]:
    """Return the tables among the documents of a folder, and the other documents with the reason to pass them over.

    `wanted` is one of them that is a table whatever its suffix says.

    Raises
    ------
    DataError
        If a document that describes a table, or a page of JSON, is damaged. A table is not read here.
    """
    singles: list[tuple[Document, str]] = []
    pages: list[tuple[Document, _Page]] = []
    observed: list[Document] = []
    passed_over: list[tuple[str, str]] = []
    described = Description()
    maps = {document.stem.lower() for document in place.documents if document.suffix == ".dbf"}
    for document in place.documents:
        kind = _kind(document, maps)
        if document is wanted and kind == NOT_A_TABLE:
            kind = "text"
        if isinstance(kind, _Page):
            pages.append((document, kind))
        elif kind == "observations":
            observed.append(document)
        elif kind in _READERS:
            singles.append((document, kind))
        else:
            passed_over.append((document.label, kind))
            if kind == DESCRIBES:
                described.add(document)
    return _described(singles, _grouped(pages), observed, described, place), passed_over


def _described(
    singles: Sequence[tuple[Document, str]],
    groups: Sequence[list[Document]],
    observed: list[Document],
    described: Description,
    place: DocumentFolder,
) -> list[UnreadTable]:
    """Return the tables of a folder, each with what describes it."""
    texts = [document for document, kind in singles if kind == "text"]
    tables = [
        _found(
            [document],
            described if _belongs(described, document.names, len(texts) == 1 and not groups) else Description(),
            _READERS[kind],
        )
        for document, kind in singles
    ]
    for group in groups:
        names = group[0].names if len(group) == 1 else (*place.names, *group[0].names[:1])
        beside = described if _belongs(described, names, len(groups) == 1) else Description()
        tables.append(_found(group, beside, read_page_group, place))
    if observed:
        tables.append(_found(observed, described, read_observed, place))
    return tables


def _found(
    documents: list[Document],
    described: Description,
    read: Callable[..., list[RawTable]],
    place: DocumentFolder | None = None,
) -> UnreadTable:
    """Return a table; one of several pages is called after the folder that they stand in."""
    all_documents = (*documents, *described.documents)
    if place is None:
        (document,) = documents
        return UnreadTable(document.label, document.names, all_documents, lambda: read(document, described))
    single = len(all_documents) == 1
    label = documents[0].label if single else place.label
    names = documents[0].names if single else (*place.names, documents[0].name)
    return UnreadTable(label, names, all_documents, lambda: read(documents, described, label))


def _belongs(described: Description, names: Sequence[str], alone: bool) -> bool:
    """Return whether a description is of the table with these names."""
    if alone:
        return True
    known = {table for table, _ in described.metadata.table_ids}
    mine = next((table for name in names if (table := table_id_in(name))), None)
    return mine is not None and mine in known


def _grouped(pages: Sequence[tuple[Document, _Page]]) -> list[list[Document]]:
    """Return the pages of each table together.

    Pages of one table have one table's id, one year and one name but for their number; where a page has a link to a
    next one, the folder holds the pages of one table.
    """
    linked = any(page.is_linked for _, page in pages)
    groups: dict[tuple[Any, ...], list[Document]] = {}
    for document, page in pages:
        table = page.table_id or table_id_in(document.name)
        apart = () if linked else (years_in(document.name), _PAGE_NUMBER.sub("", document.stem), page.keys)
        groups.setdefault((table, *apart), []).append(document)
    return list(groups.values())


def _kind(document: Document, maps: set[str]) -> str | _Page:
    """Return the reader of a document, what its page of JSON shows, or the reason to pass it over."""
    suffix = document.suffix
    if suffix in _FORMATS:
        return f"a file of {_FORMATS[suffix]}, which is not read; save it as CSV"
    if suffix in _PACKED:
        return "packed in another way than as a zip, which is not read; unpack it"
    if suffix in OF_A_MAP or document.name.lower().endswith(".shp.xml"):
        of_map = document.stem.lower().removesuffix(".shp") in maps
        return "belongs to the shapefile beside it" if of_map else NOT_A_TABLE
    if suffix == ".shp":
        return "its figures stand in the .dbf beside it" if document.stem.lower() in maps else _NO_DBF
    if suffix in MAP_SUFFIXES:
        return "map"
    head, tail = document.ends()
    if suffix in (*_TEXT_SUFFIXES, *_SHEET_SUFFIXES, ".json") and suffix:
        refuse_stand_in(head, document.label)
    if head.startswith(_WORKBOOK_STARTS):
        return "workbook"
    bare = head.removeprefix(_BOM).lstrip()
    if bare[:1] in (b"{", b"["):
        return _json_kind(document, bare.decode("utf-8", "ignore"), tail)
    if suffix not in _TEXT_SUFFIXES or document.name.lower().endswith("_metadata.csv"):
        return DESCRIBES if suffix in (".csv", ".yml", ".yaml") else NOT_A_TABLE
    cells = _first_cells(head)
    if is_observations(cells):
        return "observations"
    if is_description(cells):
        return DESCRIBES
    if is_map(cells):
        return "map"
    return "text" if suffix in _TABLE_SUFFIXES or is_bulk(";".join(cells)) else NOT_A_TABLE


def _first_cells(head: bytes) -> list[str]:
    """Return the names in the first line of a text."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = head[: len(head) // 2 * 2].decode("utf-16", "ignore")
    else:
        text = head.removeprefix(_BOM).decode("utf-8", "ignore")
    line = text.lstrip().partition("\n")[0].rstrip("\r")
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator_of(line)), [])]
    except csv.Error:
        return []


def _json_kind(document: Document, head: str, tail: bytes) -> str | _Page:
    """Return what a document of JSON is; where its beginning does not show it, it is read whole."""
    if '"FeatureCollection"' in head[:5000]:
        return "map"
    row = _first_row(head)
    if row is None:
        page = parse_json(decode(document.load(), document.label), document.label, lines=True)
        rows = rows_of(page)
        if isinstance(page, dict) and {"Identifier", "Title"} <= page.keys():
            return DESCRIBES
        if rows is None:
            return DESCRIBES if may_describe(document.name) else _NO_PAGE
        row = rows[0]
    if is_observations(list(row)):
        return "observations"
    if is_description(list(row)):
        return DESCRIBES
    if is_map(list(row)):
        return "map"
    if row.keys() <= {"name", "url", "kind"}:
        return _NO_PAGE
    said = _CONTEXT.search(head)
    table = table_id_in(said[1].replace("/", " ")) if said else None
    is_linked = bool(_LINKED.search(tail) or _LINKED.search(head.encode()))
    return _Page(frozenset(row), table, is_linked)


def _first_row(head: str) -> dict[str, Any] | None:
    """Return the first of the rows in the beginning of a page, or None if it does not show."""
    start = _FIRST_ROW.match(head)
    try:
        row = json.JSONDecoder().raw_decode(head, start.end())[0] if start else None
    except (json.JSONDecodeError, RecursionError, ValueError):
        return None
    return row if isinstance(row, dict) else None
