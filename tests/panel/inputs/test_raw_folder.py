"""Everything in a folder of open data is read or listed with the reason, whatever it is called and wherever it lies."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from boundary_files import buurtkaart, collection, division, feature, square
from raw_tables import SCORE_HEADER, SES_HEADER, SES_ODATA, SES_ROWS, put_stock, score_row, ses_text, typed_stock

from buurteffect import panel
from buurteffect.errors import DataError
from buurteffect.panel import read_folder


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    home = tmp_path / "open"
    (home / "leefbaarometer3").mkdir(parents=True)
    (home / "leefbaarometer3" / "wijken.csv").write_text(
        SCORE_HEADER + score_row("WK900101", 2002, 4.1), encoding="utf-8"
    )
    return home


def put(raw: Path, name: str, text: str = "x") -> Path:
    path = raw / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def zipped(path: Path, **members: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


STRAY = {
    "leesmij.txt": "not in a folder that is read",
    "wijken.csv": "not in a folder that is read",
    ".DS_Store": "a hidden file",
    "fetched.toml": "a record of this program",
    "misc/notes.docx": "not in a folder that is read",
    "ses_woa/~$scores.xlsx": "a temporary file of a program",
    "ses_woa/scores.xlsx": "a workbook has to be exported as CSV",
    "ses_woa/readme.txt": "a text that holds no such table",
    "ses_woa/85163NED/TableInfos.json": "describes the table beside it",
    "ses_woa/deep/er/notes.md": "SES-WOA is read from .csv and .json",
    "housing_stock/notes.pdf": "the housing stock is read from .csv",
    "crosswalk/crosswalk.xlsx": "crosswalks are read from .csv",
    "crosswalk/pc6hnr20220801_gwb.csv": "belong in the folder addresses",
    "boundaries/buurt_2017.dbf": "part of a shapefile whose buurt_2017.shp is not beside it",
    "boundaries/legend.qml": "not a file of geodata that is read here",
    "boundaries/meta.json": "JSON without areas",
    "boundaries/gemeente_2022.topojson": "not a file of geodata that is read here",
    "projects/register.xlsx": "save a workbook as CSV",
    "treatment/list.csv": "groeikernen….csv",
    "leefbaarometer2/dimensiescore_wijk (ontwikkeling).xlsx": "version 2 is read from",
    "priority_areas/71718ned.csv": "only the table that make fetch",
    "Thumbs.db": "a file of the system",
}
TEXTS = {
    "crosswalk/pc6hnr20220801_gwb.csv": "PC6;Huisnummer;Buurt2022;Wijk2022;Gemeente2022\n",
    "boundaries/meta.json": '{"title": "boundaries"}',
}


def test_every_other_file_is_listed_with_the_reason(raw):
    for name in STRAY:
        put(raw, name, TEXTS.get(name, "x"))
    listed = dict(read_folder(raw).passed_over)
    assert set(listed) == set(STRAY)
    for name, words in STRAY.items():
        assert words in listed[name], (name, listed[name])


@pytest.mark.parametrize(
    "name", ["Leefbaarometer 3.0", "leefbaarometer", "LEEFBAAROMETER-3", "leefbaarometer_3_0", "Leefbaarometer v3"]
)
def test_a_folder_whose_name_can_only_mean_the_scores_is_taken_for_theirs(raw, name):
    (raw / "leefbaarometer3").rename(raw / name)
    put(raw, f"{name}/readme.txt")
    found = read_folder(raw)
    assert found.levels["wijk"].frame["liveability_score"].tolist() == [4.1]
    assert found.passed_over == []
    assert (found.scores_home, [file for file, _ in found.scores_passed_over]) == (name, ["readme.txt"])


@pytest.mark.parametrize("name", ["Leefbaarometer 3.0", "leefbaarometer"])
def test_beside_the_folder_of_the_scores_another_is_passed_over(raw, name):
    put(raw, f"{name}/wijken.csv", SCORE_HEADER + score_row("WK900101", 2002, 4.2))
    found = read_folder(raw)
    assert found.levels["wijk"].frame["liveability_score"].tolist() == [4.1]
    assert [file for file, _ in found.passed_over] == [f"{name}/wijken.csv"]


def test_a_folder_with_very_many_files_is_listed_by_their_number(raw):
    for number in range(60):
        put(raw, f".git/{number}")
    assert read_folder(raw).passed_over == [(".git/ (60 files)", "a hidden file")]


def test_the_record_and_the_build_name_what_was_passed_over(raw, project):
    put(raw, "boundaries/notes.pdf")
    put(raw, "leefbaarometer3/readme.txt")
    out = project.processed("open") / "panel"
    assert [text.split(":")[0] for text in panel.build(raw, out)] == [
        "leefbaarometer3/readme.txt",
        "boundaries/notes.pdf",
    ]
    record = json.loads((out / "inputs.json").read_text(encoding="utf-8"))
    assert [each["file"] for each in record["passed_over"]] == ["leefbaarometer3/readme.txt", "boundaries/notes.pdf"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("boundaries/wijkenbuurten_2022_v1.GPKG", "not a geopackage"),
        ("boundaries/buurt_2017.shp", "x"),
        ("boundaries/buurten.json", "x"),
        ("boundaries/wijkbuurtkaart_2022_v1.zip", "x"),
        ("ses_woa/scores.csv", "x"),
        ("ses_woa/scores.zip", "x"),
        ("housing_stock/81955NED.zip", "x"),
        ("crosswalk/a.zip", "x"),
        ("leefbaarometer2/score_wijk.xlsx", "x"),
        ("projects/register.csv", "x"),
    ],
)
def test_a_file_that_is_not_what_it_claims_to_be_ends_in_a_named_error(raw, name, content):
    put(raw, name, content)
    with pytest.raises(DataError) as caught:
        read_folder(raw)
    assert Path(name).name in caught.value.file


@pytest.mark.parametrize("name", ["buurt_2022.geojson", "buurt_2022.json", "2022/buurt.GeoJSON"])
def test_areas_are_read_under_every_ending_and_in_folders_below(raw, name):
    put(raw, f"Boundaries/{name}", json.dumps(collection(division("buurt", "BU05990110"))))
    found = read_folder(raw)
    assert [(each.level, each.year, len(each.frame)) for each in found.polygons] == [("buurt", 2022, 1)]
    assert found.passed_over == []


def test_a_file_of_another_level_is_listed_and_one_of_several_is_read_for_each(raw):
    put(raw, "boundaries/provincie.json", json.dumps(collection(division("provincie", "PV28"))))
    areas = (division("wijk", "WK059901"), division("gemeente", "GM0599"), division("corop", "CR29"))
    put(raw, "boundaries/alle_2022.json", json.dumps(collection(*areas)))
    found = read_folder(raw)
    assert [each.level for each in found.polygons] == ["wijk", "gemeente"]
    assert found.passed_over == [("boundaries/provincie.json", "it holds 'provincie'; buurt, wijk, gemeente are read")]
    assert all("not read: 'corop'" in each["note"] for each in found.others)


def test_a_zip_of_the_map_is_read_once_and_its_other_members_are_listed(raw, tmp_path):
    home = tmp_path / "map"
    home.mkdir()
    buurtkaart().to_file(home / "buurt_2022_v1.shp")
    buurtkaart().to_file(home / "wijkenbuurten_2022_v1.gpkg", layer="buurten")
    members = {part.name: part.read_bytes() for part in home.iterdir()}
    zipped(raw / "boundaries" / "wijkbuurtkaart_2022_v1.zip", **members, **{"toelichting.pdf": "x"})
    found = read_folder(raw)
    assert [(each.origin, each.year) for each in found.polygons] == [
        ("wijkbuurtkaart_2022_v1.zip > wijkenbuurten_2022_v1.gpkg", 2022)
    ]
    listed = dict(found.passed_over)
    assert "once more" in listed["boundaries/wijkbuurtkaart_2022_v1.zip > buurt_2022_v1.shp"]
    assert listed["boundaries/wijkbuurtkaart_2022_v1.zip > toelichting.pdf"] == "no geodata"
    assert len(listed) == 2


def test_a_table_in_a_zip_and_in_a_zip_in_it_is_read_under_its_own_name(raw, tmp_path):
    stock = put_stock(tmp_path, typed_stock()).read_bytes()
    inner = zipped(tmp_path / "inner.zip", **{"81955NED.csv": stock, "leesmij.doc": b"x"}).read_bytes()
    zipped(raw / "housing_stock" / "outer.zip", **{"inner.zip": inner, "__MACOSX/._a": b""})
    zipped(raw / "ses_woa" / "85539NED.zip", **{"data/scores.csv": ses_text(SES_ROWS)})
    found = read_folder(raw)
    assert [(table.origin, table.layout) for table in found.stock] == [
        ("outer.zip > inner.zip > 81955NED.csv", "81955NED")
    ]
    assert [(file.origin, file.areas.year) for file in found.ses_woa] == [("85539NED.zip > data > scores.csv", 2022)]
    assert {name for name, _ in found.passed_over} == {
        "housing_stock/outer.zip > __MACOSX/._a",
        "housing_stock/outer.zip > inner.zip > leesmij.doc",
    }


def test_a_hostile_path_in_a_zip_refuses_it(raw):
    zipped(raw / "ses_woa" / "a.zip", **{"../scores.csv": "x"})
    with pytest.raises(DataError, match="climbs out"):
        read_folder(raw)


def test_a_second_download_of_a_file_is_listed_and_the_same_bytes_under_another_name_are_refused(raw):
    text = ses_text(SES_ROWS)
    put(raw, "ses_woa/scores.csv", text)
    put(raw, "ses_woa/scores (1).csv", text)
    zipped(raw / "ses_woa" / "scores.zip", **{"scores.csv": text})
    found = read_folder(raw)
    assert len(found.ses_woa) == 1
    assert {reason for _, reason in found.passed_over} == {"the same bytes as scores (1).csv"}
    put(raw, "ses_woa/other.csv", text)
    with pytest.raises(DataError, match="the same bytes as"):
        read_folder(raw)


def test_an_export_without_codes_is_listed_with_what_to_choose(raw):
    keep = [0, 1, 3, 7, 8]
    text = ses_text([[r[i] for i in keep] for r in SES_ROWS], [SES_HEADER[i] for i in keep])
    put(raw, "ses_woa/scores.csv", text)
    found = read_folder(raw)
    assert found.ses_woa == []
    assert "choose the subject 'Regiocode (gemeente, wijk, buurt)' too" in found.passed_over[0][1]


def test_a_folder_as_the_packages_for_odata_write_it_is_one_table(raw):
    put(raw, "ses_woa/85900NED/TypedDataSet.json", json.dumps([SES_ODATA]))
    put(raw, "ses_woa/85900NED/TableInfos.json", json.dumps([{"Identifier": "85900NED"}]))
    put(raw, "ses_woa/85900NED/WijkenEnBuurten.json", json.dumps([{"Key": "WK000101"}]))
    found = read_folder(raw)
    assert [file.areas.year for file in found.ses_woa] == [2023]
    assert {reason for _, reason in found.passed_over} == {"describes the table beside it"}


def test_lists_and_registers_are_found_by_their_names_in_any_case(raw):
    put(raw, "Treatment/Groeikernen.csv", "place,gm_code,status\nErgens,GM9001,confirmed\n")
    found = read_folder(raw)
    assert found.growth_centres is not None
    assert [each["kind"] for each in found.others] == ["growth centres"]
    put(raw, "treatment/groeikernen 2.csv", "place,gm_code,status\nElders,GM9002,confirmed\n")
    with pytest.raises(DataError, match="a second list of growth centres"):
        read_folder(raw)


def test_a_shapefile_is_one_file_with_its_parts(raw, tmp_path):
    home = raw / "boundaries"
    home.mkdir()
    buurtkaart().to_file(home / "buurt_2017.shp")
    found = read_folder(raw)
    assert [each.year for each in found.polygons] == [2017]
    assert found.passed_over == []
    assert found.inputs[-1].bytes_count == sum(part.stat().st_size for part in home.iterdir())


def test_areas_whose_crs_nothing_says_are_read_and_the_assumption_is_in_the_list(raw):
    content = collection(feature(ring=square(90_000, 430_000)), crs=None)
    put(raw, "boundaries/rd_buurten_2022.geojson", json.dumps(content))
    found = read_folder(raw)
    assert "can only be metres on the grid" in found.others[0]["note"]
