"""Key figures in folders: what packages of Python and R write, zips, several years in one table, loose files."""

import csv
import hashlib
import io
import json
import re
import zipfile

import pytest
from key_figure_files import BULK, LOWER, as_csv, as_observations, as_pages, as_workbook, row, written
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.sources.key_figures import documents as kwb_documents
from buurteffect.sources.key_figures.read import read_key_figures

AREAS = [
    {"Key": "GM0363    ", "Title": "Amsterdam", "Description": "", "Municipality": "GM0363    "},
    {"Key": "WK036300  ", "Title": "Burgwallen", "Description": "", "Municipality": "GM0363    "},
    {"Key": "BU0363AB10", "Title": "Kop Zeedijk", "Description": "", "Municipality": "GM0363    "},
]
PROPERTIES = [
    {"ID": 0, "ParentID": None, "Type": "GeoDetail", "Key": "WijkenEnBuurten", "Title": "Wijken", "Unit": None},
    {"ID": 1, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": "Bevolking", "Unit": None},
    {"ID": 2, "ParentID": 1, "Type": "Topic", "Key": "AantalInwoners_5", "Title": "Aantal inwoners", "Unit": "aantal"},
]
INFORMATION = [
    {"ID": 0, "Title": "Kerncijfers 2019", "ShortTitle": "Kerncijfers", "Identifier": "84583NED", "Period": "2019",
     "Description": "Over wijken,\nover buurten; en over \"meer\""}
]  # fmt: skip
GROUPS = [{"ID": 1, "DimensionKey": "WijkenEnBuurten", "Title": "Amsterdam", "Description": None, "ParentID": None}]
SETS = {
    "DataProperties": PROPERTIES,
    "TableInfos": INFORMATION,
    "CategoryGroups": GROUPS,
    "WijkenEnBuurten": AREAS,
}


def rows_of_bulk(table=BULK):
    return [dict(zip(table, cells, strict=True)) for cells in zip(*table.values(), strict=True)]


def comma_csv(rows):
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(list(rows[0]))
    writer.writerows([["" if value is None else value for value in one.values()] for one in rows])
    return out.getvalue()


def package_folder(folder, kind, rows=None):
    """Write what `cbsodata` (JSON, bare lists) or `cbsodataR` (CSV with commas) writes."""
    folder.mkdir(parents=True)
    for name, listed in SETS.items():
        text = json.dumps(listed, indent=2) if kind == "json" else comma_csv(listed)
        (folder / f"{name}.{kind}").write_text(text, encoding="utf-8")
    rows = rows or rows_of_bulk()
    if kind == "json":
        (folder / "UntypedDataSet.json").write_text(json.dumps(rows, indent=2), encoding="utf-8")
    else:
        (folder / "data.csv").write_text(comma_csv(rows), encoding="utf-8")
    return folder


@pytest.mark.parametrize("kind", ["json", "csv"])
@pytest.mark.parametrize("name", ["84583NED", "kwb", "any"])
def test_a_folder_of_a_package_is_one_table_with_what_describes_it(tmp_path, kind, name):
    plain = read_kwb(written(tmp_path, as_csv(BULK)))
    folder = package_folder(tmp_path / "raw" / name, kind)
    file = read_kwb(folder)
    assert (file.year, file.table_id) == (2019, "84583NED")
    assert file.frame.drop(columns="area_name").equals(plain.frame.drop(columns="area_name"))
    assert file.frame["area_name"].tolist() == ["Amsterdam", "Burgwallen", "Kop Zeedijk"]
    for found in (read_key_figures(folder), read_key_figures(folder.parent)):
        assert [one.frame.equals(file.frame) for one in found.files] == [True]
        assert sorted(reason for _, reason in found.passed_over) == ["describes the table beside it"] * 4
    single = folder / ("UntypedDataSet.json" if kind == "json" else "data.csv")
    assert read_kwb(single).frame.equals(file.frame)


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_the_same_folder_in_a_zip_is_the_same_table(tmp_path, kind):
    folder = package_folder(tmp_path / "84583NED", kind)
    for inside in ("", "deep/84583NED/"):
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for item in folder.iterdir():
                archive.write(item, inside + item.name)
        assert read_kwb(tmp_path / "x.zip").frame.equals(read_kwb(folder).frame)
        (found,) = read_key_figures(tmp_path / "x.zip").files
        assert found.frame.equals(read_kwb(folder).frame)


def test_two_folders_of_packages_below_one_are_two_tables(tmp_path):
    package_folder(tmp_path / "kwb" / "84583NED", "json")
    other = package_folder(tmp_path / "kwb" / "sub" / "85318NED", "csv")
    text = (other / "TableInfos.csv").read_text().replace("84583NED", "85318NED").replace("2019", "2022")
    (other / "TableInfos.csv").write_text(text)
    data = (
        (other / "data.csv")
        .read_text()
        .replace("IndelingswijzigingWijkenEnBuurten", "IndelingswijzigingGemeenteWijkBuurt")
    )
    (other / "data.csv").write_text(data)
    found = read_key_figures(tmp_path / "kwb")
    assert [(file.table_id, file.year) for file in found.files] == [("84583NED", 2019), ("85318NED", 2022)]
    with pytest.raises(DataError, match="2 tables"):
        read_kwb(tmp_path / "kwb")


def test_a_list_without_rows_and_a_package_file_beside_it_end_nothing(tmp_path):
    folder = package_folder(tmp_path / "84583NED", "csv")
    (folder / "CategoryGroups.csv").write_text('"ID","DimensionKey","Title","Description","ParentID"\n')
    (folder / "Perioden.csv").write_text('"Key","Title","Description","Status"\n"2019JJ00","2019","","Definitief"\n')
    (folder / "meta.yml").write_text("a: 1\n")
    (folder / ".DS_Store").write_bytes(b"\0")
    (folder / "data.rds").write_bytes(b"\x1f\x8b")
    found = read_key_figures(folder)
    assert len(found.files) == 1
    reasons = dict(found.passed_over)
    assert "save it as CSV" in reasons["data.rds"]
    assert {".DS_Store", "meta.yml", "Perioden.csv", "CategoryGroups.csv"} <= reasons.keys()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_observations_of_version_4_as_r_writes_them(tmp_path, separator):
    plain = read_kwb(as_observations(tmp_path / "85984NED", "csv"))
    folder = tmp_path / "r" / "85984NED"
    folder.mkdir(parents=True)
    for item in (tmp_path / "85984NED").iterdir():
        rows = list(csv.reader(io.StringIO(item.read_text(encoding="utf-8-sig")), delimiter=";"))
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
        (folder / item.name).write_text(out.getvalue(), encoding="utf-8")
    (folder / "Properties.yml").write_text("Title: x\n")
    found = read_key_figures(folder.parent)
    assert [file.frame.equals(plain.frame) for file in found.files] == [True]


def test_observations_with_one_row_of_json_a_line(tmp_path):
    folder = as_observations(tmp_path / "85984NED", "json")
    plain = read_kwb(folder)
    for item in folder.iterdir():
        rows = json.loads(item.read_text())["value"]
        item.write_text("".join(json.dumps(one) + "\n" for one in rows))
    assert read_kwb(folder).frame.equals(plain.frame)


FOUR_YEARS = {
    "ID": ["0", "1", "2", "3", "4"],
    "RegioS": ["GM0999    ", "GM0999    ", "BU09990001", "GM0999    ", "GM0999    "],
    "Perioden": ["2009JJ00", "2010JJ00", "2010JJ00", "2011JJ00", "2012JJ00"],
    "AantalInwoners_5": ["   48000", "   48500", "     120", "   49000", "   50000"],
    "HuishoudensTotaal_20": ["   24000", "   24250", "      60", "   24500", "       ."],
}


@pytest.mark.parametrize(
    "name", ["70904NED_UntypedDataSet.csv", "kwb_2012.csv", "70904NED_2012.csv", "kwb 2009-2012.csv", "x.csv"]
)
def test_a_table_of_four_years_gives_four_years_whatever_its_name_says(tmp_path, name):
    path = written(tmp_path, as_csv(FOUR_YEARS), name)
    files = read_key_figures(path).files
    assert [(file.year, len(file.frame)) for file in files] == [(2009, 1), (2010, 2), (2011, 1), (2012, 1)]
    assert [row(file, "GM0999")["inhabitants_count"] for file in files] == [48_000, 48_500, 49_000, 50_000]
    assert all(file.ledger.balanced for file in files)
    assert len({(file.source, file.sha256) for file in files}) == 1
    if name in ("70904NED_UntypedDataSet.csv", "x.csv"):
        assert row(read_kwb(path, 2011), "GM0999")["inhabitants_count"] == 49_000


def test_a_name_with_a_year_that_the_table_does_not_have_is_refused(tmp_path):
    with pytest.raises(DataError, match="2013 in its name") as caught:
        read_key_figures(written(tmp_path, as_csv(FOUR_YEARS), "kwb_2013.csv"))
    (name,) = re.findall(r"kwb_20[0-9]{2}.csv", caught.value.action)
    assert len(read_key_figures(written(tmp_path, as_csv(FOUR_YEARS), name)).files) == 4


def test_four_years_of_observations_and_of_pages(tmp_path):
    folder = tmp_path / "70904NED"
    folder.mkdir()
    observed = [
        {"Id": at, "Measure": "T1", "Value": 48_000 + 500 * at, "RegioS": "GM0999", "Perioden": f"{2009 + at}JJ00"}
        for at in range(4)
    ]
    (folder / "Observations.json").write_text(json.dumps({"value": observed}))
    codes = [{"Identifier": "T1", "Title": "Aantal inwoners", "Unit": "aantal", "MeasureGroupId": None}]
    (folder / "MeasureCodes.json").write_text(json.dumps({"value": codes}))
    files = read_key_figures(folder).files
    assert [(f.year, row(f, "GM0999")["inhabitants_count"]) for f in files] == [
        (2009, 48_000), (2010, 48_500), (2011, 49_000), (2012, 49_500)
    ]  # fmt: skip
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "70904NED.json").write_text(json.dumps(rows_of_bulk(FOUR_YEARS)))
    assert [file.year for file in read_key_figures(pages).files] == [2009, 2010, 2011, 2012]


def test_what_the_message_about_the_year_says_leads_to_the_table(tmp_path):
    table = {name: cells[:1] for name, cells in FOUR_YEARS.items() if name != "Perioden"}
    for name in ("70904NED.csv", "buurten.csv"):
        with pytest.raises(DataError) as caught:
            read_key_figures(written(tmp_path, as_csv(table), name))
        assert "read_k" not in caught.value.action
        (name,) = re.findall(r"kwb_20[0-9]{2}.csv", caught.value.action)
        (file,) = read_key_figures(written(tmp_path, as_csv(table), name)).files
        assert f"kwb_{file.year}.csv" == name


def test_the_folder_tells_the_year_where_the_file_does_not(tmp_path):
    table = {name: cells[:1] for name, cells in FOUR_YEARS.items() if name != "Perioden"}
    for folder in ("2011", "kwb-2011"):
        (tmp_path / folder / "sub").mkdir(parents=True)
        written(tmp_path / folder / "sub", as_csv(table), "data.csv")
        assert [file.year for file in read_key_figures(tmp_path / folder).files] == [2011]


def test_a_zip_of_yearly_files_of_any_layout_is_all_of_them(tmp_path):
    bulk = written(tmp_path, as_csv(BULK))
    book = as_workbook(tmp_path / "kwb-2016.xlsx", LOWER)
    years = written(tmp_path, as_csv(FOUR_YEARS), "70904NED.csv")
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.write(book, "kwb-2016.xlsx")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for item in (bulk, years, inner):
            archive.write(item, f"kwb/{item.name}")
        archive.writestr("__MACOSX/kwb/._x.csv", b"\0")
        archive.writestr("kwb/README.md", "read me")
    found = read_key_figures(tmp_path / "all.zip")
    assert sorted(file.year for file in found.files) == [2009, 2010, 2011, 2012, 2016, 2019]
    assert dict(found.passed_over).keys() == {"all.zip > __MACOSX/kwb/._x.csv", "all.zip > kwb/README.md"}
    assert "all.zip > kwb/inner.zip > kwb-2016.xlsx > KWB2016" in {file.origin for file in found.files}
    with pytest.raises(DataError, match="6 tables"):
        read_kwb(tmp_path / "all.zip")


def test_a_zip_that_climbs_out_is_refused_before_anything_is_read(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("../x_2019.csv", as_csv(BULK))
    with pytest.raises(DataError, match="climbs out"):
        read_key_figures(tmp_path)


def test_loose_pages_of_several_years_are_several_tables_and_pages_of_one_are_one(tmp_path):
    for year in (2018, 2019):
        (tmp_path / f"kwb_{year}.json").write_text(json.dumps(rows_of_bulk()))
    assert [file.year for file in read_key_figures(tmp_path).files] == [2018, 2019]
    pages = as_pages(tmp_path / "84583NED", [[0, 1], [2]])
    (file,) = read_key_figures(pages).files
    assert len(file.frame) == 3


def test_a_damaged_page_in_a_folder_is_refused_and_a_note_is_not(tmp_path):
    folder = package_folder(tmp_path / "84583NED", "json")
    (folder / "notes.json").write_text('{"who": "me"}')
    (folder / "notes.txt").write_text("wijken; buurten\n")
    found = read_key_figures(folder)
    assert dict(found.passed_over)["notes.json"] == "no page of rows"
    assert dict(found.passed_over)["notes.txt"] == "not a table"
    (folder / "UntypedDataSet.json").write_text(json.dumps(rows_of_bulk())[:-30])
    with pytest.raises(DataError, match="truncated"):
        read_key_figures(folder)


def test_metadata_of_another_table_are_not_taken_for_this_one(tmp_path):
    folder = package_folder(tmp_path / "mixed", "csv")
    table = {name.replace("WijkenEnBuurten_4", "GemeenteWijkBuurt_4"): cells for name, cells in BULK.items()}
    written(folder, as_csv(table), "85318NED_UntypedDataSet.csv")
    written(folder, as_csv(BULK | {"AantalInwoners_5": ["1", "2", "3"]}), "84583NED_UntypedDataSet.csv")
    (folder / "data.csv").unlink()
    files = read_key_figures(folder).files
    assert [(file.table_id, file.year) for file in files] == [("84583NED", 2019), ("85318NED", 2022)]


def test_the_digest_is_of_the_bytes_that_were_read(tmp_path, monkeypatch):
    path = written(tmp_path, as_csv(BULK), "kwb_2019.csv")
    before = path.read_bytes()
    reads = []
    monkeypatch.setattr(kwb_documents, "read_bytes", lambda where: reads.append(where) or before)
    path.write_bytes(before[:-1])
    file = read_kwb(path)
    assert (file.sha256, file.bytes_count) == (hashlib.sha256(before).hexdigest(), len(before))
    assert reads == [path]
