"""Key figures in web exports, spreadsheets old and new, and pages of OData versions 3 and 4."""

import json
import zipfile

import openpyxl
import pytest
from key_figure_files import (
    BULK,
    LOWER,
    UPPER,
    WEB,
    as_csv,
    as_observations,
    as_old_workbook,
    as_pages,
    as_workbook,
    row,
    written,
)
from one_table import read_kwb

from buurteffect.errors import DataError


def test_a_web_export_reads_with_its_decimal_comma_and_names(tmp_path):
    file = read_kwb(written(tmp_path, WEB, "Gouda.csv"))
    assert (file.year, file.layout, file.rows_count) == (2016, "web", 3)
    wijk = row(file, "WK051300")
    assert wijk["woz_value_eur"] == 212_500
    assert wijk["area_name"] == "Wijk 00 Kort Haarlem"
    assert wijk["age_0_14_count_missing"] == "secret"
    assert row(file, "BU05130000")["owner_occupied_share_missing"] == "secret"
    assert file.ledger.unmapped == ("Huurwoning",)


def test_the_depth_of_a_header_is_found(tmp_path):
    lines = WEB.splitlines()
    deeper = [lines[0], "Bron: StatLine;;;;;;;;", *lines[1:3], ";;;;Bevolking;Leeftijd;Wonen;Energie;Wonen", *lines[3:]]
    one = read_kwb(written(tmp_path, WEB, "one.csv"))
    other = read_kwb(written(tmp_path, "\n".join(deeper) + "\n", "other.csv"))
    assert one.frame.equals(other.frame)


def test_titles_as_paths_tell_groups(tmp_path):
    text = WEB.replace("2016", "2024").replace(
        "||Aantal inwoners;||0 tot 15 jaar;",
        "Bevolking|Herkomst|Geboren in Nederland|Nederland;Bevolking|Herkomst|Herkomstland|Nederland;",
    )
    file = read_kwb(written(tmp_path, text, "x.csv"))
    assert row(file, "GM0513")["origin_netherlands_count"] == 12000


def test_a_moved_flag_column_is_found(tmp_path):
    lines = [f"{line};" for line in WEB.splitlines()]
    lines[3] += "Indelingswijziging wijken en buurten"
    lines[4] += "code"
    lines[5:] = [f"{line}{flag}" for line, flag in zip(lines[5:], (".", "1", "3"), strict=True)]
    last = read_kwb(written(tmp_path, "\n".join(lines) + "\n", "last.csv"))
    cells = [line.split(";") for line in lines]
    first = [";".join([*c[:4], c[-1], *c[4:-1]]) for c in cells]
    moved = read_kwb(written(tmp_path, "\n".join(first) + "\n", "moved.csv"))
    assert last.frame["boundary_flag"].tolist()[1:] == [1, 3]
    assert last.frame.equals(moved.frame)


def test_one_line_of_titles_with_units_behind_them_is_read(tmp_path):
    text = (
        '"Perioden";"Wijken en buurten";"Regiocode (gemeente, wijk, buurt) (code)";'
        '"Bevolking/Aantal inwoners (aantal)"\n'
        '"2019";"Gouda";"GM0513    ";"   71000"\n"2019";"Haven";"BU05130000";"     500"\n'
    )
    file = read_kwb(written(tmp_path, text, "x.csv"))
    assert file.frame["inhabitants_count"].tolist() == [71000, 500]
    assert file.frame["area_name"].tolist() == ["Gouda", "Haven"]
    with pytest.raises(DataError, match="year"):
        read_kwb(written(tmp_path, text, "x_2018.csv"))


def test_latin_1_is_read_by_rule_and_noted_and_damaged_utf_8_is_not(tmp_path):
    text = WEB.replace("Haven-Zuid", "Café-Zuid")
    file = read_kwb(written(tmp_path, text, "x.csv", "latin-1"))
    assert row(file, "BU05130000")["area_name"] == "Café-Zuid"
    assert any("latin-1" in note for note in file.ledger.notes)
    damaged = text.encode().replace(b"Kort", b"K\xffrt")
    (tmp_path / "y.csv").write_bytes(damaged)
    with pytest.raises(DataError, match="not UTF-8"):
        read_kwb(tmp_path / "y.csv")


def test_source_lines_below_a_web_export_are_left_out_and_counted(tmp_path):
    file = read_kwb(
        written(tmp_path, WEB + "© Centraal Bureau voor de Statistiek, Den Haag/Heerlen 1-2-2017\n", "x.csv")
    )
    assert file.ledger.left_out == (("source line below the data", 1),)
    assert (file.rows_count, len(file.frame), file.ledger.balanced) == (4, 3, True)


def test_a_title_of_another_year_than_the_name_is_refused(tmp_path):
    with pytest.raises(DataError, match="2016 in its title"):
        read_kwb(written(tmp_path, WEB, "Gouda_2015.csv"))


def test_an_unknown_unit_is_refused(tmp_path):
    with pytest.raises(DataError, match="the unit"):
        read_kwb(written(tmp_path, WEB.replace("x 1 000 euro", "x 1 000 gulden"), "x.csv"))


def test_money_in_euro_is_read_as_such_and_thousands_under_that_unit_are_refused(tmp_path):
    whole = WEB.replace("x 1 000 euro", "euro")
    with pytest.raises(DataError, match="about 1,000 times too low"):
        read_kwb(written(tmp_path, whole, "x.csv"))
    one = read_kwb(written(tmp_path, WEB, "x.csv")).frame["woz_value_eur"]
    texts = {f";{value / 1000:g};".replace(".", ","): f";{value:g};" for value in one.dropna()}
    for old, new in texts.items():
        whole = whole.replace(old, new)
    assert read_kwb(written(tmp_path, whole, "y.csv")).frame["woz_value_eur"].equals(one)


def test_lower_case_spreadsheets_read_from_the_sheet_with_figures(tmp_path):
    path = as_workbook(tmp_path / "kwb-2016.xlsx", LOWER, others=("Toelichting",))
    file = read_kwb(path)
    assert (file.year, file.layout, file.frame["level"].tolist()) == (
        2016,
        "workbook_lower",
        ["land", "gemeente", "wijk", "buurt"],
    )
    assert file.frame["woz_value_eur"].tolist()[:3] == [216_000, 190_000, 212_500]
    assert file.frame["income_per_inhabitant_eur"].tolist()[:2] == [24_500, 23_100]
    assert row(file, "BU05130000")["owner_occupied_share_missing"] == "secret"
    assert file.frame["boundary_flag"].fillna(0).tolist() == [0, 0, 1, 3]
    assert any("Toelichting" in note for note in file.ledger.notes)


def test_upper_case_spreadsheets_get_prefixes_and_counts(tmp_path):
    file = read_kwb(as_workbook(tmp_path / "kwb-2006.xlsx", UPPER, sheet="Blad1"))
    assert file.layout == "workbook_upper"
    assert file.frame["area_code"].tolist() == ["GM0513", "WK051300", "BU05130000"]
    assert row(file, "WK051300")["age_0_14_count"] == pytest.approx(680)
    assert row(file, "BU05130000")["woz_value_eur_missing"] == "below_threshold"
    assert row(file, "GM0513")["income_per_inhabitant_eur"] == 12_400


def test_an_old_xls_reads_like_the_new_one(tmp_path):
    old = read_kwb(as_old_workbook(tmp_path / "kwb-2006.xls", UPPER))
    new = read_kwb(as_workbook(tmp_path / "kwb-2006.xlsx", UPPER, sheet="KWB2006"))
    assert old.frame.equals(new.frame)


def test_a_code_in_parts_is_joined(tmp_path):
    parts = {"G": (513, None, None), "W": (513, 0, None), "B": (513, 0, 0)}
    rows = [["RECS", "GM_CODE", "WK_CODE", "BU_CODE", *UPPER[0][2:]]]
    rows += [[line[0], *parts[line[0].strip()], *line[2:]] for line in UPPER[1:]]
    file = read_kwb(as_workbook(tmp_path / "kwb-2006.xlsx", rows, sheet="Blad1"))
    assert file.frame["area_code"].tolist() == ["GM0513", "WK051300", "BU05130000"]


def test_spreadsheets_of_the_nineties_have_free_names_lower_down(tmp_path):
    rows = [
        ["Kerncijfers wijken en buurten 1999"],
        [],
        ["Naam", "RECS", "GWB_CODE", "Inwoners", "Personen 0-14 jr", "Gemiddelde WOZ-waarde van woningen"],
        [None, None, None, "aantal", "%", "x 1 000 gulden"],
        ["Gouda", "G", 513, 71000, 20, 100],
        ["Haven", "B", 5130000, 500, 10, "-"],
    ]
    file = read_kwb(as_workbook(tmp_path / "kwb-1999.xls.xlsx", rows, sheet="Blad1"))
    assert (file.year, file.layout) == (1999, "workbook_free")
    assert row(file, "GM0513")["age_0_14_count"] == 14_200
    assert row(file, "GM0513")["woz_value_eur"] == pytest.approx(100_000 / 2.20371, rel=1e-6)


@pytest.mark.parametrize("name", ["kwb-2015.xlsx", "kwb-2018.xlsx"])
def test_a_spreadsheet_with_another_year_inside_is_refused(tmp_path, name):
    with pytest.raises(DataError, match="2016 in sheet"):
        read_kwb(as_workbook(tmp_path / name, LOWER))


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda rows: rows[0].__setitem__(8, "a_inw"), "times"),
        (lambda rows: rows[2].__setitem__(4, "Buurt"), "beside 'GM0513'"),
        (lambda rows: rows[2].__setitem__(7, "veel"), "the text 'veel'"),
        (lambda rows: rows[2].__setitem__(7, True), "bool"),
        (lambda rows: rows[4].__setitem__(0, "BU0513000"), "beside 'BU0513000'"),
        (lambda rows: rows[2].append("left over"), "right of the last column"),
        (lambda rows: rows.insert(3, [None] * 11), "an empty row"),
        (lambda rows: rows[3].__setitem__(10, "23.1"), "decimal points and decimal commas"),
        (lambda rows: rows[2].__setitem__(7, "71.000,0"), "the text"),
    ],
)
def test_a_bad_spreadsheet_is_refused_with_its_row(tmp_path, change, match):
    rows = [list(line) for line in LOWER]
    change(rows)
    with pytest.raises(DataError, match=match) as caught:
        read_kwb(as_workbook(tmp_path / "kwb-2016.xlsx", rows))
    assert caught.value.line


def test_two_sheets_of_figures_are_refused(tmp_path):
    path = as_workbook(tmp_path / "kwb-2016.xlsx", LOWER, others=("KWB2015",))
    book = openpyxl.load_workbook(path)
    for line in LOWER:
        book["KWB2015"].append(line)
    book.save(path)
    with pytest.raises(DataError, match="2 sheets"):
        read_kwb(path)


def test_pages_of_odata_3_together_are_the_bulk_file(tmp_path):
    bulk = read_kwb(written(tmp_path, as_csv(BULK)))
    file = read_kwb(as_pages(tmp_path / "pages", [[0, 1], [2]]))
    assert (file.layout, file.table_id, file.year) == ("odata3", "84583NED", 2019)
    assert file.frame.equals(bulk.frame)


def test_a_page_whose_next_one_is_missing_is_refused(tmp_path):
    folder = as_pages(tmp_path / "pages", [[0, 1], [2]])
    with pytest.raises(DataError, match="link to a next one"):
        read_kwb(folder / "UntypedDataSet_0.json")


def test_metadata_beside_pages_tell_units_and_groups(tmp_path):
    properties = [
        {"ID": 1, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": "Herkomstland"},
        {"ID": 2, "ParentID": 9, "Type": "Topic", "Key": "Nederland_3", "Title": "Nederland", "Unit": "aantal"},
        {"ID": 3, "ParentID": 1, "Type": "Topic", "Key": "Nederland_8", "Title": "Nederland", "Unit": "aantal"},
        {"ID": 9, "ParentID": None, "Type": "TopicGroup", "Key": "", "Title": "Geboren in Nederland"},
    ]
    rows = [{"WijkenEnBuurten": "GM0363    ", "Nederland_50": 5, "Nederland_60": 7, "AantalInwoners_5": None}]
    (tmp_path / "TypedDataSet_2024.json").write_text(json.dumps({"value": rows}))
    (tmp_path / "DataProperties.json").write_text(json.dumps(properties))
    file = read_kwb(tmp_path / "TypedDataSet_2024.json")
    found = row(file, "GM0363")
    assert found["origin_netherlands_count"] == 7
    assert found["inhabitants_count_missing"] == "not_published"


@pytest.mark.parametrize("kind", ["json", "csv"])
def test_observations_of_odata_4_become_one_row_per_area(tmp_path, kind):
    file = read_kwb(as_observations(tmp_path / "85984NED", kind))
    assert (file.year, file.layout, file.table_id) == (2024, "odata4", "85984NED")
    city, buurt = row(file, "GM0363"), row(file, "BU03630000")
    assert [city["inhabitants_count"], city["woz_value_eur"], city["owner_occupied_share"]] == [931_000, 533_000, 0.3]
    assert [buurt["area_name"], buurt["gemeente_name"]] == ["Kop Zeedijk", "Amsterdam"]
    assert buurt["owner_occupied_share_missing"] == "secret"
    assert file.ledger.unmapped == ("Huurwoning",)


def test_observations_read_from_one_file_or_a_zip_with_the_lists_beside_it(tmp_path):
    folder = as_observations(tmp_path / "85984NED", "csv")
    whole = read_kwb(folder)
    dated = (folder / "Observations.csv").rename(folder / "Observations_2024.csv")
    assert read_kwb(dated).frame.equals(whole.frame)
    with zipfile.ZipFile(tmp_path / "85984NED.zip", "w") as archive:
        for item in folder.iterdir():
            archive.write(item, item.name)
    assert read_kwb(tmp_path / "85984NED.zip").frame.equals(whole.frame)


@pytest.mark.parametrize(
    ("lists", "match"), [(("WijkenEnBuurtenCodes",), "0 lists of measures"), (("MeasureCodes",), None)]
)
def test_ids_of_measures_are_never_guessed(tmp_path, lists, match):
    folder = as_observations(tmp_path / "85984NED", "json")
    for item in folder.iterdir():
        if item.stem not in {"Observations", *lists}:
            item.unlink()
    if match:
        with pytest.raises(DataError, match=match):
            read_kwb(folder)
    else:
        assert row(read_kwb(folder), "GM0363")["inhabitants_count"] == 931_000


def test_an_observation_twice_or_of_an_unknown_measure_is_refused(tmp_path):
    for number, (old, new) in enumerate((("M001642", "T001036"), ("M001642", "Z9"))):
        folder = as_observations(tmp_path / f"{number}_85984NED", "json")
        path = folder / "Observations.json"
        path.write_text(path.read_text().replace(f'"{old}"', f'"{new}"'))
        with pytest.raises(DataError, match="again" if new != "Z9" else "Z9") as caught:
            read_kwb(folder)
        assert caught.value.line


def test_a_zip_with_one_csv_reads_as_that_csv(tmp_path):
    plain = read_kwb(written(tmp_path, as_csv(BULK)))
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.write(tmp_path / "Amsterdam_2019_84583NED.csv", "Amsterdam_2019_84583NED.csv")
    assert read_kwb(tmp_path / "x.zip").frame.equals(plain.frame)
