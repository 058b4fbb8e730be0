"""Readers of JSON and of stored tables under changes of members and of bytes: the right table or a named error."""

from __future__ import annotations

import copy
import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from boundary_files import PLACE, collection, feature, square
from hypothesis import given
from hypothesis import strategies as st
from local_server import LocalServer, sending
from raw_tables import priority_table, untyped_stock
from reader_limits import EXAMPLES, SECONDS, checked, within
from statline_server import v3_table

from buurteffect.errors import BuurteffectError, DataError, DownloadError
from buurteffect.sources.geography.boundaries import read_boundaries
from buurteffect.sources.http.client import Settings
from buurteffect.sources.statline.fetch import fetch_table
from buurteffect.sources.statline.pages import parse_page
from buurteffect.sources.statline.store import open_table
from buurteffect.sources.tables.housing_stock import read_housing_stock
from buurteffect.sources.tables.priority_areas import read_priority_areas

Json = Any


@dataclass(frozen=True)
class Document:
    """A reader of JSON with a good document; `rows` is the member that holds the rows."""

    name: str
    file: str
    content: Callable[[], Json]
    read: Callable[[Path], tuple[pd.DataFrame, int]]
    rows: str


def _areas(path: Path) -> tuple[pd.DataFrame, int]:
    file = read_boundaries(path, "buurt")
    frame = pd.DataFrame(file.frame.drop(columns="geometry")).assign(shape=file.frame.geometry.to_wkt())
    return frame, int(file.ledger["areas_count"].sum())


def _stock(path: Path) -> tuple[pd.DataFrame, int]:
    table = read_housing_stock(path)
    return table.frame, table.rows_count


AREAS = Document(
    "boundaries",
    "areas.geojson",
    lambda: collection(feature(), feature("BU0599AB11", square(91_000, 430_000)), feature(water="JA")),
    _areas,
    "features",
)
STOCK = Document(
    "housing stock",
    "81955NED.json",
    lambda: {"odata.metadata": "x", "value": untyped_stock()},
    _stock,
    "value",
)
DOCUMENTS = (AREAS, STOCK)
BY_NAME = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)


def outcome(document: Document, data: bytes) -> tuple[pd.DataFrame, int] | DataError:
    """Return the table or the error that bytes end in; anything else fails the test."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / document.file
        path.write_bytes(data)
        try:
            with within(SECONDS):
                return document.read(path)
        except BuurteffectError as error:
            return checked(error, document.file, folder)


def good(document: Document) -> tuple[pd.DataFrame, int]:
    """Return the table of the good document."""
    found = outcome(document, json.dumps(document.content()).encode())
    assert isinstance(found, tuple), found
    return found


def turned(document: Document, turn: Callable[[Json], Json]) -> bytes:
    """Return the bytes of a document whose rows have been turned."""
    content = document.content()
    content[document.rows] = turn(content[document.rows])
    return json.dumps(content).encode()


SAME: dict[str, Callable[[Document], bytes]] = {
    "members reversed": lambda d: json.dumps(dict(reversed(d.content().items()))).encode(),
    "columns reversed": lambda d: turned(d, lambda rows: [dict(reversed(row.items())) for row in rows]),
    "indented": lambda d: json.dumps(d.content(), indent=2).encode(),
    "escaped": lambda d: json.dumps(d.content()).replace("GM", "\\u0047M").encode(),
    "byte-order mark": lambda d: b"\xef\xbb\xbf" + json.dumps(d.content()).encode(),
    "CRLF": lambda d: json.dumps(d.content(), indent=1).replace("\n", "\r\n").encode(),
    "blanks around": lambda d: b"\n  " + json.dumps(d.content()).encode() + b"\n\n",
}
REFUSED: dict[str, Callable[[Document], bytes]] = {
    "empty": lambda d: b"",
    "a list of lists": lambda d: json.dumps([[row] for row in d.content()[d.rows]]).encode(),
    "no rows": lambda d: turned(d, lambda _: []),
    "rows that are an object": lambda d: turned(d, lambda rows: rows[0]),
    "a row that is text": lambda d: turned(d, lambda rows: [*rows, "x"]),
    "a row that is nothing": lambda d: turned(d, lambda rows: [*rows, None]),
    "a row that is a list": lambda d: turned(d, lambda rows: [*rows, []]),
    "a row that is empty": lambda d: turned(d, lambda rows: [*rows, {}]),
    "a row twice": lambda d: turned(d, lambda rows: [*rows, rows[0]]),
    "cut": lambda d: json.dumps(d.content()).encode()[:-2],
    "cut in the middle": lambda d: json.dumps(d.content()).encode()[:400],
    "twice": lambda d: json.dumps(d.content()).encode() * 2,
    "a line per row": lambda d: b"\n".join(json.dumps(row).encode() for row in d.content()[d.rows]),
    "byte-order mark twice": lambda d: b"\xef\xbb\xbf\xef\xbb\xbf" + json.dumps(d.content()).encode(),
    "UTF-16": lambda d: json.dumps(d.content()).encode("utf-16"),
    "latin-1": lambda d: json.dumps(d.content()).replace("GM0", "é", 1).encode("latin-1"),
    "NUL": lambda d: json.dumps(d.content()).encode()[:-9] + b"\0" + json.dumps(d.content()).encode()[-9:],
    "nested without end": lambda d: b'{"a":' * 50_000,
    "NaN": lambda d: json.dumps(d.content()).encode()[:-1] + b', "more": NaN}',
    "infinity": lambda d: json.dumps(d.content()).encode()[:-1] + b', "more": -Infinity}',
    "a name twice": lambda d: json.dumps(d.content()).encode()[:-1] + b', "%b": []}' % d.rows.encode(),
    "5,000 digits": lambda d: json.dumps(d.content()).encode()[:-1] + b', "more": ' + b"9" * 5_000 + b"}",
    "web page": lambda d: b"<html><body>no file here</body></html>",
}


@BY_NAME
@pytest.mark.parametrize("name", SAME)
def test_a_document_that_only_looks_different_gives_the_same_table(document: Document, name: str) -> None:
    found = outcome(document, SAME[name](document))
    assert isinstance(found, tuple), found
    frame, rows = good(document)
    assert found[0].equals(frame)
    assert found[1] == rows


@BY_NAME
@pytest.mark.parametrize("name", REFUSED)
def test_a_spoiled_document_is_refused(document: Document, name: str) -> None:
    assert isinstance(outcome(document, REFUSED[name](document)), DataError)


KEYS = [None, "", "NaN", "nan", 363, True, [], {}, "BU0599011", "BU0599AB1!", "GM036\u0663", "\u200bBU05990110", 1e300]


@pytest.mark.parametrize("key", KEYS)
def test_an_area_with_a_key_that_is_none_is_refused_with_its_number(key: Json) -> None:
    found = outcome(AREAS, turned(AREAS, lambda rows: [rows[0], feature() | {"properties": {"buurtcode": key}}]))
    assert isinstance(found, DataError)
    assert (found.line, found.column) == (2, "buurtcode")


@pytest.mark.parametrize("key", KEYS)
def test_a_row_with_a_key_that_is_none_is_refused_with_its_number(key: Json) -> None:
    found = outcome(STOCK, turned(STOCK, lambda rows: [rows[0], rows[1] | {"RegioS": key}, *rows[2:]]))
    assert isinstance(found, DataError)
    assert (found.line, found.column) == (2, "RegioS")


SHAPES: dict[str, Json] = {
    "nothing": None,
    "text": "POLYGON",
    "unknown type": {"type": "Blob", "coordinates": []},
    "no coordinates": {"type": "Polygon"},
    "no rings": {"type": "Polygon", "coordinates": []},
    "two points": {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]},
    "ring without its end": {"type": "Polygon", "coordinates": [square(*PLACE)[:-1]]},
    "ring cut": {"type": "Polygon", "coordinates": [square(*PLACE)[:3]]},
    "texts": {"type": "Polygon", "coordinates": [[["a", "b"]] * 5]},
    "nulls": {"type": "Polygon", "coordinates": [[[None, None]] * 5]},
    "one number each": {"type": "Polygon", "coordinates": [[[1]] * 5]},
    "ragged": {"type": "Polygon", "coordinates": [[[1, 2], [1, 2, 3], [1], [1, 2]]]},
    "a point": {"type": "Point", "coordinates": list(PLACE)},
    "a line": {"type": "LineString", "coordinates": square(*PLACE)},
    "many with none": {"type": "MultiPolygon", "coordinates": [[]]},
    "too deep": {"type": "Polygon", "coordinates": [[square(*PLACE)]]},
    "infinite": {"type": "Polygon", "coordinates": [[[1e999, 1.0], [2.0, 2.0], [3.0, 3.0], [1e999, 1.0]]]},
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_that_cannot_be_one_is_refused_with_its_number(name: str) -> None:
    spoiled = turned(AREAS, lambda rows: [rows[0], rows[1] | {"geometry": SHAPES[name]}])
    found = outcome(AREAS, spoiled.replace(b"Infinity", b"1e999"))
    assert isinstance(found, DataError), found
    assert found.line == 2, str(found)


def test_no_address_in_a_file_is_asked_for() -> None:
    with LocalServer(b"", otherwise=sending(b'PROJCS["x"]')) as server:
        link = {"type": "link", "properties": {"href": server.address("crs"), "type": "ogcwkt"}}
        named = {"type": "name", "properties": {"name": server.address("crs")}}
        contents = [collection(feature(), crs=link), collection(feature(), crs=named)]
        contents += [AREAS.content() | {"links": [{"rel": "next", "href": server.address("next")}]}]
        contents += [{"url": server.address("x"), "features": [], "geometryType": "esriGeometryPolygon"}]
        found = [outcome(AREAS, json.dumps(content).encode()) for content in contents]
        assert server.requests == []
    assert [isinstance(each, DataError) for each in found] == [True, True, False, True]


def leaves(content: Json, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the place of every member of a document."""
    members = list(content.items()) if isinstance(content, dict) else list(enumerate(content))
    found = []
    for name, value in members:
        found.append((*path, name))
        if isinstance(value, (dict, list)):
            found += leaves(value, (*path, name))
    return found


VALUES = st.sampled_from(
    [*KEYS, *SHAPES.values(), 0, -1, 1.5, "   12", "1,234", "1.234", "x", ".", "2012JJ00", "A045364"]
)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
@EXAMPLES
@given(data=st.data())
def test_any_member_may_be_anything_or_missing(document: Document, data: st.DataObject) -> None:
    content = copy.deepcopy(document.content())
    *path, last = data.draw(st.sampled_from(leaves(content)))
    holder = content
    for name in path:
        holder = holder[name]
    if data.draw(st.booleans()):
        holder[last] = data.draw(VALUES)
    else:
        del holder[last]
    found = outcome(document, json.dumps(content).encode())
    if isinstance(found, tuple):
        assert found[1] == len(content[document.rows])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
@EXAMPLES
@given(at=st.floats(0, 1), data=st.binary(max_size=4), lose=st.integers(0, 30))
def test_any_byte_may_be_changed_lost_or_added(document: Document, at: float, data: bytes, lose: int) -> None:
    whole = bytearray(json.dumps(document.content()).encode())
    start = int(at * (len(whole) - 1))
    whole[start : start + lose] = data
    found = outcome(document, bytes(whole))
    if isinstance(found, tuple):
        assert found[1] == len(json.loads(bytes(whole).decode("utf-8-sig"))[document.rows])


# --- geopackages


@dataclass(frozen=True)
class Held:
    """Bytes that are too many to be shown when a test fails."""

    data: bytes = field(repr=False)


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Held:
    """A good GeoPackage of two areas."""
    path = tmp_path_factory.mktemp("package") / "areas.gpkg"
    features = [feature(), feature("BU05990111", square(91_000, 430_000))]
    gpd.GeoDataFrame.from_features(features, crs=28992).to_file(path)
    return Held(path.read_bytes())


@EXAMPLES
@given(at=st.floats(0, 1), data=st.binary(min_size=1, max_size=8), lose=st.integers(0, 200))
def test_any_byte_of_a_geopackage_may_be_changed(package: Held, at: float, data: bytes, lose: int) -> None:
    whole = bytearray(package.data)
    start = int(at * (len(whole) - 1))
    whole[start : start + lose] = data
    document = Document("package", "areas.gpkg", dict, _areas, "features")
    found = outcome(document, bytes(whole))
    if isinstance(found, tuple):
        assert found[1] == 2
        assert set(found[0]["area_code"].str[:2]) == {"BU"}


# --- tables as they were stored


def stored_stock(folder: Path) -> Path:
    """Store a table of the housing stock; return its folder."""
    properties = [{"ID": n, "Type": "Topic", "Key": key} for n, key in enumerate(untyped_stock()[0])]
    with v3_table(sets={"UntypedDataSet": untyped_stock(), "DataProperties": properties}) as server:
        table = fetch_table(
            "81955NED",
            folder,
            service=server.v3,
            pause_seconds=0.0,
            settings=Settings(progress=False),
            say=lambda _: None,
        )
    return table.folder


STORED: dict[str, tuple[Callable[[Path], Path], Callable[[Path], int]]] = {
    "housing stock": (stored_stock, lambda home: read_housing_stock(open_table(home)).rows_count),
    "priority areas": (
        lambda f: priority_table(f).folder,
        lambda home: read_priority_areas(open_table(home)).rows_count,
    ),
}


@pytest.fixture(scope="module", params=STORED)
def table(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, bytes]]:
    """A stored table: its name, and its files."""
    home = STORED[request.param][0](tmp_path_factory.mktemp("stored"))
    return request.param, {path.name: path.read_bytes() for path in home.iterdir() if path.is_file()}


def opened(name: str, files: dict[str, bytes]) -> int | BuurteffectError:
    """Return the rows that the reader accounts for, or its error."""
    with tempfile.TemporaryDirectory() as folder:
        for file, data in files.items():
            (Path(folder) / file).write_bytes(data)
        try:
            with within(SECONDS):
                return STORED[name][1](Path(folder))
        except (DataError, DownloadError) as error:
            assert "to do:" in str(error)
            return error


def sealed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with a manifest that vouches for them as they are now."""
    manifest = json.loads(files["manifest.json"])
    for page in manifest["pages"]:
        data = files[page["name"]]
        page |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes_count": len(data)}
    return files | {"manifest.json": json.dumps(manifest).encode()}


@EXAMPLES
@given(data=st.data())
def test_a_stored_page_with_other_bytes_is_never_read(table: tuple[str, dict[str, bytes]], data: st.DataObject) -> None:
    name, files = table
    page = data.draw(st.sampled_from(sorted(set(files) - {"manifest.json"})))
    at = data.draw(st.integers(0, len(files[page]) - 1))
    new = data.draw(st.binary(max_size=3))
    spoiled = files[page][:at] + new + files[page][at + 1 :]
    found = opened(name, files | {page: spoiled})
    assert isinstance(found, BuurteffectError) == (spoiled != files[page])


@EXAMPLES
@given(data=st.data())
def test_a_page_that_its_manifest_vouches_for_is_read_whole_or_refused(
    table: tuple[str, dict[str, bytes]], data: st.DataObject
) -> None:
    name, files = table
    page = data.draw(st.sampled_from(sorted(set(files) - {"manifest.json"})))
    at = data.draw(st.integers(0, len(files[page]) - 1))
    spoiled = files[page][:at] + data.draw(st.binary(max_size=3)) + files[page][at + data.draw(st.integers(0, 9)) :]
    found = opened(name, sealed(files | {page: spoiled}))
    if isinstance(found, int):
        pages = [data for file, data in sorted((files | {page: spoiled}).items()) if file.startswith("UntypedDataSet")]
        assert found == sum(len(parse_page(data, "page").rows) for data in pages)


@EXAMPLES
@given(data=st.data())
def test_any_manifest_is_read_or_refused(table: tuple[str, dict[str, bytes]], data: st.DataObject) -> None:
    name, files = table
    whole = bytearray(files["manifest.json"])
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at : at + data.draw(st.integers(0, 30))] = data.draw(st.binary(max_size=4))
    found = opened(name, files | {"manifest.json": bytes(whole)})
    if isinstance(found, int):
        assert found == opened(name, files)
