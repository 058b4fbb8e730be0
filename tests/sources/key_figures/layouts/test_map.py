"""Key figures that come as attributes of the Wijk- en Buurtkaart, in the formats in which GIS users hold them."""

import json
import zipfile

import geopandas as gpd
import pandas as pd
import pytest
from key_figure_files import row
from one_table import read_kwb
from shapely.geometry import box

from buurteffect.errors import DataError
from buurteffect.sources.key_figures.layouts.map import has_key_figures
from buurteffect.sources.key_figures.read import read_key_figures

LOWER = {
    "JRSTATCODE": "jrstatcode", "H2O": "water", "IND_WBI": "indelingswijziging_wijken_en_buurten",
    "AANT_INW": "aantal_inwoners", "P_00_14_JR": "percentage_personen_0_tot_15_jaar",
    "P_MAROKKO": "percentage_uit_marokko", "AANTAL_HH": "aantal_huishoudens",
    "P_EENP_HH": "percentage_eenpersoonshuishoudens", "GEM_HH_GR": "gemiddelde_huishoudsgrootte",
    "WOZ": "gemiddelde_woningwaarde", "P_KOOPWON": "percentage_koopwoningen", "BU_CODE": "buurtcode",
    "BU_NAAM": "buurtnaam", "WK_CODE": "wijkcode", "WK_NAAM": "wijknaam", "GM_CODE": "gemeentecode",
    "GM_NAAM": "gemeentenaam",
}  # fmt: skip
CODES = {"BU": ["BU99010000", "BU99010001"], "WK": ["WK990100", "WK990101"], "GM": ["GM9901", "GM9902"]}
LEVELS = {"BU": "buurt", "WK": "wijk", "GM": "gemeente"}


def attributes(level="BU", year=2020, names=None):
    """Return the attributes of two areas, and of the water in the first."""
    codes = [*CODES[level], CODES[level][0]]
    table = {
        f"{level}_CODE": codes,
        "JRSTATCODE": [f"{year}{code}" for code in codes],
        "GM_NAAM": ["Ergens"] * 3,
        f"{level}_NAAM": ["Noord", "Süd", "Noord"],
        "IND_WBI": [1, 2, 1],
        "H2O": ["NEE", "NEE", "JA"],
        "AANT_INW": [1200, 40, 0],
        "P_00_14_JR": [16, -99997, -99999999],
        "P_MAROKKO": [-99999999, -99997, -99999999],
        "AANTAL_HH": [560, -99997, 0],
        "P_EENP_HH": [35, -99997, -99999999],
        "GEM_HH_GR": [2.1, -99999999.0, -99999999.0],
        "WOZ": [250, -99997, -99999999],
        "P_KOOPWON": [40, -99997, -99999999],
    }
    if level != "GM":
        table["WK_CODE" if level == "BU" else "GM_CODE"] = ["WK990100" if level == "BU" else "GM9901"] * 3
    return pd.DataFrame(table).rename(columns=names or {})


def with_shapes(table):
    return gpd.GeoDataFrame(table, geometry=[box(at, 0, at + 1, 1) for at in range(len(table))], crs=28992)


def check(file, level="BU", year=2020):
    first, second = (row(file, code) for code in CODES[level])
    assert (file.year, file.layout) == (year, "map")
    assert file.frame["level"].tolist() == [LEVELS[level]] * 2
    assert first[["inhabitants_count", "households_count", "woz_value_eur"]].tolist() == [1200, 560, 250_000]
    assert first[["age_0_14_count", "one_person_households_count"]].tolist() == pytest.approx([192, 196])
    assert first[["household_size_mean", "owner_occupied_share"]].tolist() == [2.1, 0.4]
    assert first["origin_morocco_count_missing"] == "not_published"
    assert second["age_0_14_count_missing"] == "below_threshold"
    assert second["woz_value_eur_missing"] == "not_published"
    assert [first["area_name"], second["area_name"]] == ["Noord", "Süd"]
    assert file.ledger.left_out == (("water", 1),)
    assert file.ledger.balanced


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("csv", None),
        ("csv", {name: name.lower() for name in LOWER}),
        ("indexed", LOWER),
        ("semicolons", LOWER),
        ("geojson", LOWER),
        ("json", None),
        ("records", LOWER),
        ("gpkg", LOWER),
        ("shp", None),
        ("xlsx", None),
    ],
)
def test_every_form_of_the_attributes_gives_the_same_figures(tmp_path, form, names):
    table = attributes(names=names)
    suffix = {"indexed": "csv", "semicolons": "csv", "records": "json"}.get(form, form)
    path = tmp_path / f"buurt_2020.{suffix}"
    if form == "records":
        table.to_json(path, orient="records")
    elif form == "xlsx":
        table.to_excel(path, index=False)
    elif form in ("geojson", "json"):
        with_shapes(table).to_file(path, driver="GeoJSON")
    elif form in ("gpkg", "shp"):
        with_shapes(table).to_file(path)
    else:
        separator = ";" if form == "semicolons" else ","
        decimal = "," if form == "semicolons" else "."
        table.to_csv(path, index=form == "indexed", sep=separator, decimal=decimal)
    check(read_kwb(path))
    found = read_key_figures(tmp_path)
    assert len(found.files) == 1
    assert len(found.passed_over) == (4 if form == "shp" else 0)
    with zipfile.ZipFile(tmp_path / "map.zip", "w") as archive:
        for item in tmp_path.glob("buurt_2020.*"):
            archive.write(item, f"map/{item.name}")
    check(read_kwb(tmp_path / "map.zip"))


@pytest.mark.parametrize("name", ["wijkenbuurten_2022_v1.gpkg", "X.GPKG"])
def test_every_layer_of_a_geopackage_is_read(tmp_path, name):
    for layer, level in (("gemeenten", "GM"), ("wijken", "WK"), ("buurten", "BU")):
        with_shapes(attributes(level, 2022)).to_file(tmp_path / "a.gpkg", layer=layer, driver="GPKG")
    with_shapes(attributes()[["BU_CODE"]]).to_file(tmp_path / "a.gpkg", layer="outline", driver="GPKG")
    (tmp_path / "a.gpkg").rename(tmp_path / name)
    files = read_key_figures(tmp_path).files
    assert [file.origin for file in files] == [f"{name} > {layer}" for layer in ("gemeenten", "wijken", "buurten")]
    for file, level in zip(files, ("GM", "WK", "BU"), strict=True):
        check(file, level, 2022)
    assert has_key_figures(tmp_path / name)
    with pytest.raises(DataError, match="3 tables"):
        read_kwb(tmp_path / name)


def test_a_page_of_a_service_says_that_more_follow(tmp_path):
    page = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": None, "properties": {"buurtcode": "BU99010000", "aantal_inwoners": 5}}
        ],
        "links": [{"rel": "next", "href": "https://service.example/items?offset=1000"}],
    }
    (tmp_path / "buurten_2021.json").write_text(json.dumps(page))
    file = read_kwb(tmp_path / "buurten_2021.json")
    assert row(file, "BU99010000")["inhabitants_count"] == 5
    assert any("link to a next one" in note for note in file.ledger.notes)


def test_boundaries_alone_are_no_key_figures(tmp_path):
    with_shapes(attributes()[["BU_CODE", "BU_NAAM"]]).to_file(tmp_path / "gebied.gpkg")
    assert not has_key_figures(tmp_path / "gebied.gpkg")
    with pytest.raises(DataError, match="folder boundaries"):
        read_kwb(tmp_path / "gebied.gpkg")


@pytest.mark.parametrize("name", ["buurt_2020_v2.csv", "kwb_2020.csv", "nl_buurten_2020.csv"])
def test_a_name_tells_the_year_where_no_column_does_and_the_message_says_so(tmp_path, name):
    table = attributes().drop(columns="JRSTATCODE")
    table.to_csv(tmp_path / "buurten.csv", index=False)
    with pytest.raises(DataError, match="nothing that tells the year") as caught:
        read_key_figures(tmp_path)
    assert "such as kwb_2011.csv" in caught.value.action
    (tmp_path / "buurten.csv").rename(tmp_path / name)
    check(read_kwb(tmp_path / name))


def test_a_column_with_several_years_gives_each_and_contradicts_another_name(tmp_path):
    both = pd.concat([attributes(), attributes(year=2021)])
    both.to_csv(tmp_path / "buurten.csv", index=False)
    files = read_key_figures(tmp_path / "buurten.csv").files
    assert [(file.year, len(file.frame)) for file in files] == [(2020, 2), (2021, 2)]
    attributes().to_csv(tmp_path / "buurt_2019.csv", index=False)
    with pytest.raises(DataError, match=r"2020 in its column 'JRSTATCODE', but 2019"):
        read_kwb(tmp_path / "buurt_2019.csv")


def test_codes_that_a_spreadsheet_shortened_are_completed_or_refused(tmp_path):
    table = attributes()
    table["BU_CODE"] = [1010001, 1010002, 1010001]
    table.to_csv(tmp_path / "buurt_2020.csv", index=False)
    assert read_kwb(tmp_path / "buurt_2020.csv").frame["area_code"].tolist() == ["BU01010001", "BU01010002"]
    table["BU_CODE"] = ["1,01E+06", "1,01E+06", "1,01E+06"]
    table.to_csv(tmp_path / "buurt_2020.csv", index=False)
    with pytest.raises(DataError, match="turned into a number"):
        read_kwb(tmp_path / "buurt_2020.csv")


def test_a_shapefile_needs_its_table_and_a_damaged_one_is_refused(tmp_path):
    with_shapes(attributes()).to_file(tmp_path / "buurt_2020.shp")
    whole = (tmp_path / "buurt_2020.dbf").read_bytes()
    (tmp_path / "buurt_2020.dbf").unlink()
    found = read_key_figures(tmp_path)
    assert not found.files
    assert "without its .dbf" in dict(found.passed_over)["buurt_2020.shp"]
    (tmp_path / "buurt_2020.DBF").write_bytes(whole)
    check(read_kwb(tmp_path / "buurt_2020.shp"))
    for bad, match in ((whole[:-200], "cut off"), (b"hello" * 20, "another kind"), (whole[:40], "below a header")):
        (tmp_path / "buurt_2020.DBF").write_bytes(bad)
        with pytest.raises(DataError, match=match):
            read_kwb(tmp_path / "buurt_2020.DBF")


@pytest.mark.parametrize("name", ["x_2020.gpkg", "x_2020.dbf"])
def test_a_text_that_is_called_a_map_is_refused(tmp_path, name):
    (tmp_path / name).write_text("no map at all, though its name says so, and long enough to be one\n")
    with pytest.raises(DataError, match="another kind"):
        read_key_figures(tmp_path)
