"""Boundaries: polygons of every kind of file, and what is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from boundary_files import MAP, PLACE, buurtkaart, collection, division, feature, square
from checkouts import OPEN_DATA

from buurteffect.errors import DataError
from buurteffect.sources.geography.boundaries import BoundaryFile, read_boundaries

ROTTERDAM = OPEN_DATA / "rotterdam_wijkprofiel/Rotterdam_buurten_repaired.geojson"
CRS84 = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}


def read(tmp_path: Path, content: dict | str, level: str = "buurt", **options: object) -> BoundaryFile:
    file = tmp_path / "areas.geojson"
    file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_boundaries(file, level, **options)


def test_a_square_of_100_metres_has_10_000_square_metres(tmp_path):
    found = read(tmp_path, collection(feature()))
    row = found.frame.iloc[0]
    assert (row["area_code"], row["wijk_code"], row["gemeente_code"]) == ("BU05990110", "WK059901", "GM0599")
    assert row["area_m2"] == pytest.approx(10_000)
    assert found.frame.crs.to_epsg() == 28992
    assert found.repaired.empty


def test_degrees_and_metres_give_the_same_place(tmp_path):
    metres = read(tmp_path, collection(feature())).frame
    degrees = metres.to_crs("OGC:CRS84")
    ring = [list(point) for point in degrees.geometry.iloc[0].exterior.coords]
    back = read(tmp_path, collection(feature(ring=ring), crs=CRS84)).frame
    assert back.geometry.iloc[0].symmetric_difference(metres.geometry.iloc[0]).area < 0.1


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_a_geopackage_and_geojson_read_the_same(tmp_path, suffix):
    frame = gpd.GeoDataFrame.from_features([feature(), feature("BU05990111", square(91_000, 430_000))], crs=28992)
    file = tmp_path / f"areas{suffix}"
    frame.to_file(file)
    assert read_boundaries(file, "buurt").frame["area_code"].tolist() == ["BU05990110", "BU05990111"]


def test_the_layer_of_a_geopackage_is_found_by_its_level(tmp_path):
    file = tmp_path / "wijkenbuurten_2022_v1.gpkg"
    buurten = gpd.GeoDataFrame.from_features([feature(), feature("BU05990111")], crs=28992)
    buurten.to_file(file, layer="buurten")
    buurten.dissolve("wijkcode").reset_index()[["wijkcode", "gemeentecode", "water", "geometry"]].to_file(
        file, layer="wijken"
    )
    assert read_boundaries(file, "wijk").frame["area_code"].tolist() == ["WK059901"]
    assert len(read_boundaries(file, "buurt").frame) == 2
    with pytest.raises(DataError, match="areas of 'buurt', 'wijk'"):
        read_boundaries(file, "gemeente")


def test_names_of_the_leefbaarometer_are_known_too(tmp_path):
    content = collection(feature())
    content["features"][0]["properties"] = {"BU_CODE": "BU05990110", "bu_naam": "Ergens"}
    found = read(tmp_path, content)
    assert found.frame["area_name"].tolist() == ["Ergens"]
    assert "does not tell water" in found.ledger["reason"].item()


def test_water_is_left_out_and_counted(tmp_path):
    water = [feature(water="JA"), feature("BU05999998", water="B"), feature("BU05999997", water="JA")]
    found = read(tmp_path, collection(feature(), *water))
    assert found.frame["area_code"].tolist() == ["BU05990110"]
    assert found.ledger.set_index("reason")["areas_count"].to_dict() == {"": 1, "water = JA": 2, "water = B": 1}


def test_a_shape_that_crosses_itself_is_repaired_and_counted(tmp_path):
    x, y = PLACE
    bow_tie = [[x, y], [x + 100, y + 100], [x + 100, y], [x, y + 100], [x, y]]
    found = read(tmp_path, collection(feature(ring=bow_tie), feature("BU05990111")))
    assert found.repaired["area_code"].tolist() == ["BU05990110"]
    assert found.frame.geometry.is_valid.all()
    assert found.frame["area_m2"].tolist() == pytest.approx([5_000, 10_000])
    assert set(found.frame.geom_type) <= {"Polygon", "MultiPolygon"}


def test_of_many_areas_a_few_may_have_no_polygon_as_in_simplified_maps(tmp_path):
    areas = [feature(f"BU059901{n}", square(90_000 + 200 * n, 430_000)) for n in range(10, 30)]
    areas[3]["geometry"] = None
    point = [90_000.0, 430_000.0]
    areas[4]["geometry"] = {"type": "Polygon", "coordinates": [[point, point, point, point]]}
    found = read(tmp_path, collection(*areas))
    assert len(found.frame) == 18
    assert found.ledger.set_index("reason")["areas_count"].to_dict() == {"": 18, "no polygon": 2}
    assert found.notes == ("2 areas without a polygon are left out",)
    areas[5]["geometry"] = None
    with pytest.raises(DataError, match="the first of 3 such rows"):
        read(tmp_path, collection(*areas))


def test_a_repair_leaves_no_lines_behind(tmp_path):
    x, y = PLACE
    spike = [[0, 0], [100, 0], [100, 100], [50, 100], [50, 200], [50, 100], [0, 100], [0, 0]]
    found = read(tmp_path, collection(feature(ring=[[x + a, y + b] for a, b in spike])))
    assert found.frame.geom_type.item() in {"Polygon", "MultiPolygon"}
    assert found.frame["area_m2"].item() == pytest.approx(10_000)


def test_geojson_on_the_grid_that_does_not_say_so_is_taken_for_it_and_says_that_it_is(tmp_path):
    content = collection(feature(), crs=None)
    found = read(tmp_path, content)
    assert found.frame["area_m2"].item() == pytest.approx(10_000)
    assert found.notes == ("it says no coordinate system; its coordinates can only be metres on the grid (EPSG:28992)",)


@pytest.mark.parametrize("suffix", [".gpkg", ".shp"])
def test_a_file_without_a_coordinate_system_is_on_the_grid_or_in_degrees_if_it_can_be_nothing_else(tmp_path, suffix):
    file = tmp_path / f"areas{suffix}"
    metres = gpd.GeoDataFrame.from_features([feature()])[["buurtcode", "water", "geometry"]]
    for frame, words in (
        (metres, "metres"),
        (metres.set_crs(28992).to_crs(4326).set_crs(None, allow_override=True), "degrees"),
    ):
        with pytest.warns(UserWarning, match="crs"):
            frame.to_file(file)
        found = read_boundaries(file, "buurt")
        assert found.frame["area_m2"].item() == pytest.approx(10_000, rel=1e-3)
        assert words in found.notes[0]
    with pytest.warns(UserWarning, match="crs"):
        metres.translate(1_000_000, 0).to_frame("geometry").assign(buurtcode="BU05990110").to_file(file)
    with pytest.raises(DataError, match="without a coordinate system"):
        read_boundaries(file, "buurt")


def test_degrees_with_the_latitude_first_are_turned_and_said(tmp_path):
    ring = [[52.0, 5.0], [52.0, 5.01], [52.01, 5.01], [52.01, 5.0], [52.0, 5.0]]
    swapped = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4326"}}
    found = read(tmp_path, collection(feature(ring=ring), crs=swapped))
    right = read(tmp_path, collection(feature(ring=[[x, y] for y, x in ring]), crs=CRS84))
    assert found.frame["area_m2"].tolist() == pytest.approx(right.frame["area_m2"].tolist())
    assert found.notes == ("its coordinates give the latitude first",)


def test_gebiedsindelingen_are_read_by_statcode_and_their_year_is_that_of_the_codes(tmp_path):
    content = collection(division("buurt", "BU05990110"), division("buurt", "BU0599AB11", square(91_000, 430_000)))
    found = read(tmp_path, content)
    assert found.frame["area_code"].tolist() == ["BU05990110", "BU0599AB11"]
    assert found.frame["area_name"].tolist() == ["Ergens", "Ergens"]
    assert found.frame["gemeente_code"].tolist() == ["GM0599", "GM0599"]
    assert (found.year, found.notes) == (2022, ())


def test_of_a_file_of_several_levels_the_one_that_is_asked_for_is_read_and_others_are_counted(tmp_path):
    content = collection(
        division("buurt", "BU05990110"), division("wijk", "WK059901"), division("provincie", "PV28    ")
    )
    found = read(tmp_path, content)
    assert found.frame["area_code"].tolist() == ["BU05990110"]
    left_out = found.ledger.query("fate == 'left out'").set_index("reason")["areas_count"].to_dict()
    assert left_out == {"the level 'wijk'": 1, "the level 'provincie'": 1}
    assert read(tmp_path, content, "wijk").frame["area_code"].tolist() == ["WK059901"]
    with pytest.raises(DataError, match="areas of 'buurt', 'wijk', 'provincie'"):
        read(tmp_path, content, "gemeente")


def test_a_year_in_the_codes_goes_before_another_in_the_name(tmp_path):
    file = tmp_path / "buurt_2021.json"
    file.write_text(json.dumps(collection(division("buurt", "BU05990110"))), encoding="utf-8")
    found = read_boundaries(file, "buurt")
    assert found.year == 2022
    assert "of 2022 by their codes, although the name says 2021" in found.notes[0]


MAP |= {"H2O": "NEE", "POSTCODE": "3011", "AANT_INW": 1200, "P_KOOPWON": -99997, "OPP_WATER": -99999999}


@pytest.mark.parametrize(
    "name", ["buurt_2017_v3.shp", "BUURT_2017.SHP", "wijkenbuurten_2017_v1.GPKG", "buurten.geojson"]
)
def test_the_map_of_cbs_reads_alike_in_every_format(tmp_path, name):
    written = tmp_path / name.lower()
    buurtkaart().to_file(written)
    for part in list(tmp_path.iterdir()):
        part.rename(
            tmp_path / (part.name.upper() if name.isupper() else f"{name[:-5]}.GPKG" if "GPKG" in name else part.name)
        )
    found = read_boundaries(tmp_path / name, "buurt")
    row = found.frame.iloc[0]
    assert (len(found.frame), row["area_code"], row["area_name"]) == (1, "BU05990110", "Ergens")
    assert (row["wijk_code"], row["gemeente_name"]) == ("WK059901", "Rotterdam")
    assert row["area_m2"] == pytest.approx(10_000)
    assert found.ledger.set_index("reason")["areas_count"].to_dict() == {"": 1, "water = JA": 1}


def test_a_shapefile_without_its_other_parts_is_named(tmp_path):
    buurtkaart().to_file(tmp_path / "buurt_2017.shp")
    (tmp_path / "buurt_2017.dbf").unlink()
    with pytest.raises(DataError) as caught:
        read_boundaries(tmp_path / "buurt_2017.shp", "buurt")
    assert "dbf" in str(caught.value)


def test_a_zipped_map_is_read_out_of_its_archive(tmp_path):
    home = tmp_path / "inside"
    home.mkdir()
    buurtkaart().to_file(home / "buurt_2022_v1.shp")
    archive = tmp_path / "wijkbuurtkaart_2022_v1.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("WijkBuurtkaart_2022_v1/toelichting.pdf", "x")
        for part in sorted(home.iterdir()):
            packed.write(part, f"WijkBuurtkaart_2022_v1/{part.name}")
    found = read_boundaries(archive, "buurt")
    assert found.frame["area_code"].tolist() == ["BU05990110"]
    assert found.origin == "wijkbuurtkaart_2022_v1.zip > WijkBuurtkaart_2022_v1 > buurt_2022_v1.shp"
    assert found.year == 2022


def test_of_a_layer_and_its_generalised_copy_the_layer_is_read(tmp_path):
    file = tmp_path / "cbsgebiedsindelingen_2022_v1.gpkg"
    for layer, side in (("buurt_gegeneraliseerd_2022", 90), ("buurt_niet_gegeneraliseerd_2022", 100)):
        area = division("buurt", "BU05990110", square(*PLACE, side))
        gpd.GeoDataFrame.from_features([area], crs=28992).to_file(file, layer=layer)
    assert read_boundaries(file, "buurt").frame["area_m2"].item() == pytest.approx(10_000)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        pytest.param(collection(feature(), feature()), "BU05990110 again, already on line 1", id="an area twice"),
        pytest.param(collection(feature("BU599011")), "the code 'BU599011'", id="a code without zeros"),
        pytest.param(collection(feature(), feature("WK059901")), "the code 'WK059901'", id="two levels"),
        pytest.param(collection(feature(gemeentecode="GM0363")), "in gemeente 'GM0363'", id="another gemeente"),
        pytest.param(collection(feature(water="misschien")), "the value 'misschien'", id="unknown water"),
        pytest.param(collection(feature(water="JA")), "no land", id="water only"),
        pytest.param(collection(feature(ring=square(430_000, 90_000))), "an area around", id="axes swapped"),
        pytest.param(collection(feature(ring=square(*PLACE)), crs=CRS84), "an area around", id="metres as degrees"),
        pytest.param(collection(feature() | {"geometry": None}), "with no shape", id="no shape"),
        pytest.param(
            collection(feature() | {"geometry": {"type": "Point", "coordinates": list(PLACE)}}),
            "with Point",
            id="a point",
        ),
        pytest.param(collection(feature(BUURTCODE="BU05990111")), "a property twice", id="a property twice"),
        pytest.param(collection(), "no areas", id="no areas"),
        pytest.param(json.dumps(collection(feature()))[:200], "no JSON", id="truncated"),
        pytest.param("{}", "JSON of the type 'None'", id="JSON of another kind"),
        pytest.param('<OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>', "another kind", id="a link"),
        pytest.param("", "an empty file", id="empty"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_refused(tmp_path, content, found):
    with pytest.raises(DataError, match=found):
        read(tmp_path, content)


def test_a_level_that_the_file_does_not_hold_is_refused(tmp_path):
    content = collection(feature())
    del content["features"][0]["properties"]["wijkcode"]
    with pytest.raises(DataError, match="areas of 'buurt'"):
        read(tmp_path, content, "wijk")
    with pytest.raises(DataError, match="level 'pc4'"):
        read(tmp_path, content, "pc4")


def without_codes(*wijken: tuple[str, str]) -> dict:
    """Return areas with the code of their gemeente alone, and perhaps the name of a wijk."""
    areas = [feature(f"BU{gemeente}0110", gemeentecode=f"GM{gemeente}", wijknaam=name) for gemeente, name in wijken]
    for area in areas:
        area["properties"] = {k: v for k, v in area["properties"].items() if k in ("gemeentecode", "wijknaam") and v}
    return collection(*areas)


@pytest.mark.parametrize(
    ("file", "wijk", "found"),
    [
        ("areas.geojson", "Centrum", "the column wijknaam of wijken, while the only code is that of a gemeente"),
        ("wijken_2023.geojson", "", "the name 'wijken_2023' of wijken, while the only code is that of a gemeente"),
    ],
)
def test_wijken_without_their_codes_are_not_taken_for_gemeenten(tmp_path, file, wijk, found):
    path = tmp_path / file
    path.write_text(json.dumps(without_codes(("0599", wijk), ("0363", wijk))), encoding="utf-8")
    with pytest.raises(DataError, match=found) as caught:
        read_boundaries(path, "gemeente")
    assert caught.value.column == "gemeentecode"
    assert "if the" in caught.value.action


@pytest.mark.parametrize(
    "file", ["gemeenten_2023.geojson", "wijkenbuurten_2023.geojson", "wijken_en_gemeenten.geojson"]
)
def test_gemeenten_are_read_by_their_code_alone(tmp_path, file):
    path = tmp_path / file
    path.write_text(json.dumps(without_codes(("0599", ""))), encoding="utf-8")
    assert read_boundaries(path, "gemeente").frame["area_code"].tolist() == ["GM0599"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="cannot be opened") as caught:
        read_boundaries(tmp_path / "areas.gpkg", "buurt")
    assert caught.value.file == "areas.gpkg"


@pytest.mark.shared
def test_the_buurten_of_rotterdam_read_in_full():
    if not ROTTERDAM.is_file():
        pytest.skip("the shared polygons are not here")
    found = read_boundaries(ROTTERDAM, "buurt")
    assert len(found.frame) == 78
    assert found.repaired["area_code"].tolist() == ["BU05990842", "BU05991290"]
    assert (found.repaired["area_after_m2"] / found.repaired["area_before_m2"]).tolist() == pytest.approx([1, 1], 1e-3)
    assert 100e6 < found.frame["area_m2"].sum() < 330e6  # the gemeente has 324 km2, a third of it water
