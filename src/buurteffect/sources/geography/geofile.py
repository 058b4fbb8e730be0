"""Files of geodata: which levels they hold, in which layer and year, and their areas as a library reads them.

GeoPackages, shapefiles and GeoJSON in the layouts that Dutch areas come in: the Wijk- en Buurtkaart of CBS and
PDOK (``buurtcode`` or ``BU_CODE``), the geometry of the Leefbaarometer (``bu_code``), and *gebiedsindelingen*
(``statcode, statnaam, rubriek, jrstatcode``), in which one layer or file may hold several levels.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import geopandas as gpd
import pandas as pd

from buurteffect.errors import DataError
from buurteffect.sources.fields.area_code import LEVELS
from buurteffect.sources.files.rawfile import (
    FETCH_AGAIN,
    label_of,
    read_bytes,
    read_head,
    refuse_larger,
    refuse_stand_in,
    shown,
)
from buurteffect.sources.files.strict_json import parse_object
from buurteffect.sources.files.zip_archive import Unpacked, unpack
from buurteffect.sources.geography.geojson import read_geojson

PACKAGE_BYTES_LIMIT = 2_000_000_000
"""Largest GeoPackage or shapefile; it is read layer by layer, and one of the whole country has a few hundred million
bytes."""

MAIN = (".gpkg", ".geojson", ".json", ".shp")
"""Endings of the files that are opened."""

PARTS = (".dbf", ".shx", ".prj", ".cpg")
"""Endings of the files that belong to a shapefile and are read with it."""

CODES = {
    "buurt": ("buurtcode", "bu_code"),
    "wijk": ("wijkcode", "wk_code"),
    "gemeente": ("gemeentecode", "gm_code", "gmcode"),
}
STATCODE, RUBRIEK, YEAR_CODE = "statcode", "rubriek", "jrstatcode"
_KIND = {"gpkg": b"SQLite format 3\0", "shp": b"\0\0\x27\x0a"}
_YEAR = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})(?![0-9])")
_NAMES = re.compile(
    rb'"(' + b"|".join(n.encode() for names in CODES.values() for n in names) + rb')"\s*:', re.IGNORECASE
)
_RUBRIEKEN = re.compile(rb'"rubriek"\s*:\s*"([^"]{1,40})"', re.IGNORECASE)
_STATCODES = re.compile(rb'"statcode"\s*:\s*"([A-Z]{2})', re.IGNORECASE)
_GENERALISED = re.compile(r"(?<!niet_)gegeneraliseerd")


@dataclass(frozen=True)
class Layer:
    """The areas of one level in a file; `level` is the publisher's word, also for those not known here.

    `name` is None where the file has one layer without a name; `year` is the one that the layer's or file's name says.
    """

    level: str
    name: str | None
    year: int | None


@contextmanager
def geodata_in(path: Path) -> Iterator[Unpacked]:
    """Yield the files of geodata in a zip, unpacked for as long as they are read; any other file is yielded itself.

    Raises
    ------
    DataError
        If the archive is damaged or hostile.
    """
    if path.suffix.lower() != ".zip":
        yield Unpacked((path,), ())
        return
    with tempfile.TemporaryDirectory(prefix="buurteffect-") as folder:
        whole = unpack(path, Path(folder), (*MAIN, *PARTS), "no geodata", limit=PACKAGE_BYTES_LIMIT)
        main = tuple(file for file in whole.files if file.suffix.lower() in MAIN)
        yield Unpacked(main, (*whole.left, *((label_of(f), why) for f in whole.files if (why := orphan(f)))))


def orphan(path: Path) -> str | None:
    """Return why a part of a shapefile is not read, or None if it is read with its shapefile or is no such part."""
    if path.suffix.lower() not in PARTS or any(_sibling(path, ".shp")):
        return None
    return f"part of a shapefile whose {path.stem}.shp is not beside it"


def parts_of(path: Path) -> list[Path]:
    """Return the files that a file of geodata consists of, itself first."""
    if path.suffix.lower() != ".shp":
        return [path]
    return [path, *(part for suffix in PARTS for part in _sibling(path, suffix))]


def _sibling(path: Path, suffix: str) -> list[Path]:
    """Return the file beside another with the same name and another ending, in either case of letters."""
    return [
        other for other in sorted(path.parent.glob("*")) if other.stem == path.stem and other.suffix.lower() == suffix
    ]


def kind_of(path: Path) -> str:
    """Return what a file of geodata is, by its first bytes: ``gpkg``, ``shp`` or ``geojson``.

    Raises
    ------
    DataError
        If it is none of them, or a shapefile without its other parts. A file of another kind could make the reading
        library follow links to other files.
    """
    head = read_head(path, 1024)
    refuse_stand_in(head, label_of(path))
    kind = next((kind for kind, start in _KIND.items() if head.startswith(start)), None)
    absent = [suffix for suffix in (".dbf", ".shx") if kind == "shp" and not _sibling(path, suffix)]
    if absent:
        raise DataError(
            label_of(path),
            found=f"a shapefile without its {' and '.join(absent)}",
            expected="the files .shp, .shx, .dbf and .prj of one name in one folder",
            action="put the whole shapefile there, or its zip as it was downloaded",
        )
    if kind:
        return kind
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "geojson"
    raise no_geodata(label_of(path), "an empty file" if not head.strip() else "a file of another kind")


def layers_of(path: Path) -> list[Layer]:
    """Return what a file of geodata holds, the levels of this project and others.

    Of layers of one level and year the one that is not generalised is taken.

    Raises
    ------
    DataError
        If it is no file of geodata, or its layers cannot be listed.
    """
    kind = kind_of(path)
    if kind == "geojson":
        data = read_bytes(path)
        said = _year(path.stem)
        return [Layer(level, None, said) for level in _levels_in_text(data)]
    refuse_larger(path, PACKAGE_BYTES_LIMIT)
    found: dict[tuple[str, int | None], Layer] = {}
    with _library(path):
        for name, geometry, fields in fields_by_layer(path):
            if geometry is None or "point" in geometry.lower():
                continue
            for level in _levels_in_fields(path, name, fields):
                layer = Layer(level, name, _year(name) or _year(path.stem))
                other = found.get((level, layer.year))
                if other is None or (_GENERALISED.search(str(other.name)) and not _GENERALISED.search(name)):
                    found[level, layer.year] = layer
    return list(found.values())


def fields_by_layer(source: Path | BytesIO) -> Iterator[tuple[str, str | None, list[str]]]:
    """Yield each layer's name, its kind of geometry, None where it has none, and the names of its columns."""
    for name, geometry in gpd.list_layers(source)[["name", "geometry_type"]].itertuples(index=False):
        columns = gpd.read_file(source, layer=name, rows=1).columns
        yield str(name), None if geometry is None else str(geometry), list(map(str, columns))


def without_areas(path: Path) -> str | None:
    """Return why a file of geodata holds no areas at all, or None if it may.

    Raises
    ------
    DataError
        If it is no file of geodata, or its text is no JSON.
    """
    if kind_of(path) != "geojson":
        return None
    said = parse_object(read_bytes(path), label_of(path), FETCH_AGAIN).get("type")
    if said == "Topology":
        return "TopoJSON, which is not read: GeoJSON of the same areas is"
    return None if said in ("Feature", "FeatureCollection") else "JSON without areas"


def read_layer(path: Path, layer: str | None) -> pd.DataFrame:
    """Return the areas of a layer, with the file's own columns.

    Raises
    ------
    DataError
        If the file is too large, damaged, or a part of it is missing.
    """
    origin = label_of(path)
    kind = kind_of(path)
    if kind == "geojson":
        return read_geojson(read_bytes(path), origin)
    refuse_larger(path, PACKAGE_BYTES_LIMIT)
    with _library(path):
        return gpd.read_file(path, layer=layer)


def no_geodata(origin: str, found: str) -> DataError:
    """Return the error for a file that holds no geodata that can be read."""
    return DataError(
        origin,
        found=found,
        expected="a whole GeoPackage, shapefile or GeoJSON file",
        action=f"{FETCH_AGAIN}, or move it out of the folder of boundaries",
    )


def _library(path: Path) -> AbstractContextManager[None]:
    """Return the context in which areas are read."""
    return geodata_errors(lambda found: no_geodata(label_of(path), found))


@contextmanager
def geodata_errors(damaged: Callable[[str], DataError]) -> Iterator[None]:
    """Turn whatever the reading library stumbles over into the project's error, made from what was found."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what it warns of is seen later: a code or a polygon is missing
            yield
    except DataError:
        raise
    except Exception as error:  # the library lets through whatever it stumbles over in a damaged file
        raise damaged(f"a file that cannot be read ({type(error).__name__})") from error


def _levels_in_text(data: bytes) -> list[str]:
    """Return the levels of a GeoJSON file by the names of its properties."""
    names = {match.decode().casefold() for match in set(_NAMES.findall(data))}
    own = next((level for level, codes in CODES.items() if names & set(codes[:2])), None)
    rubrieken = dict.fromkeys(match.decode(errors="replace").casefold() for match in _RUBRIEKEN.findall(data))
    if rubrieken:
        return list(rubrieken)
    prefixes = dict.fromkeys(match.decode().upper() for match in _STATCODES.findall(data))
    if prefixes:
        return [LEVELS.get(prefix, prefix) for prefix in prefixes]
    return [own] if own else []


def _levels_in_fields(path: Path, layer: str, fields: list[str]) -> list[str]:
    """Return the levels of a layer by its columns and, where these hold several, by its rows."""
    own = {name.casefold(): name for name in fields}
    if STATCODE not in own:
        return [level for level, codes in CODES.items() if set(own) & set(codes)][:1]
    column = own.get(RUBRIEK, own[STATCODE])
    values = gpd.read_file(path, layer=layer, columns=[column], ignore_geometry=True)[column]
    texts = values.dropna().astype("str").str.strip()
    if RUBRIEK in own:
        return list(texts.str.casefold().unique())
    return [LEVELS.get(prefix, prefix) for prefix in texts.str[:2].str.upper().unique()]


def _year(name: str) -> int | None:
    """Return the year that a name says, if it says one."""
    years = set(map(int, _YEAR.findall(name)))
    return years.pop() if len(years) == 1 else None


def describe_levels(layers: list[Layer]) -> str:
    """Say which levels a file holds."""
    return ", ".join(dict.fromkeys(shown(layer.level) for layer in layers)) or "no column with the code of an area"
