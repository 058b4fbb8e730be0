"""Bad files of key figures: each ends in the right table or in a named error, never in anything else."""

import io
import json
import os
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from key_figure_files import BULK, LOWER, UPPER, WEB, as_csv, as_observations, as_old_workbook, as_workbook, written
from one_table import read_kwb

from buurteffect.errors import DataError
from buurteffect.sources.key_figures.layouts import bulk as kwb_bulk

QUICK = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TEXT = as_csv(BULK)


def column(name, number, cell):
    """Return the bulk table with one cell changed."""
    return as_csv(BULK | {name: [cell if at == number else old for at, old in enumerate(BULK[name])]})


BAD = {
    "empty": ("", "an empty file", None),
    "blank": ("\n \n", "an empty file", None),
    "only a header": (TEXT.splitlines()[0] + "\n", "only a header", 1),
    "no key column": (
        as_csv({k: v for k, v in BULK.items() if k not in ("WijkenEnBuurten", "Codering_3")}),
        "code of the area",
        1,
    ),
    "doubled column": (TEXT.replace("Koopwoningen_40", "Appartement_48"), "stands 2 times", 1),
    "nameless column": (TEXT.replace('"Koopwoningen_40"', '""'), "without a name", 1),
    "code repeated": (
        TEXT.replace("BU0363AB10", "WK036300  ").replace("Buurt ", "Wijk "),
        "again, already on line 3",
        4,
    ),
    "code of another shape": (TEXT.replace("BU0363AB10", "BU0363AB1 "), "the code 'BU0363AB1'", 4),
    "code in lower case": (TEXT.replace("BU0363AB10", "bu0363ab10"), "the code", 4),
    "no code": (TEXT.replace('"BU0363AB10"', '""'), "no code", 4),
    "NaN in the key": (TEXT.replace('"BU0363AB10"', '"NaN"'), "no code", 4),
    "codes that disagree": (column("Codering_3", 1, "WK036301  "), "'WK036300' beside 'WK036301'", 3),
    "level that disagrees": (column("SoortRegio_2", 1, "Buurt     "), "'buurt' beside the code", 3),
    "text in a number": (column("AantalInwoners_5", 1, "    4a95"), "the text '4a95'", 3),
    "NA among codes of areas": (column("SoortRegio_2", 1, "NA"), "the text ''", 3),
    "infinity": (column("AantalInwoners_5", 1, "inf"), "the text 'inf'", 3),
    "too large": (column("AantalInwoners_5", 1, "9" * 400), "too large", 3),
    "exponent": (column("AantalInwoners_5", 1, "4e3"), "the text", 3),
    "both marks of decimals": (
        TEXT.replace("     378", "   378,5").replace("     448", "   448.5"),
        "decimal points and decimal commas",
        3,
    ),
    "thousands comma": (column("AantalInwoners_5", 0, " 862,965"), "the text", 2),
    "thousands point": (column("AantalInwoners_5", 0, " 862.965"), "a count with a fraction", 2),
    "thousands points": (column("AantalInwoners_5", 0, "1.862.965"), "the text", 2),
    "thousands blank": (column("AantalInwoners_5", 0, " 862 965"), "the text", 2),
    "negative counts": (
        as_csv(BULK | {"AantalInwoners_5": ["  862965", "      -5", "     -10"]}),
        "-5 aantal; this is the first of 2 such rows",
        3,
    ),
    "negative percentage": (column("Koopwoningen_40", 1, "      -1"), "-1 %", 3),
    "percentage above 100": (column("Koopwoningen_40", 1, "     190"), "190 %", 3),
    "flag of no meaning": (column("IndelingswijzigingWijkenEnBuurten_4", 1, "4"), "the flag 4", 3),
    "truncated in a field": (TEXT[:-20], "not closed", 4),
    "truncated between fields": (
        "\n".join([*TEXT.splitlines()[:3], '"3";"BU0363AB10"']),
        "2 fields in the last line",
        4,
    ),
    "truncated behind a separator": (TEXT[: TEXT.rindex(";") + 1], "cut off", 4),
    "too many fields": (TEXT.replace('"BU0363AB10"', '"BU0363AB10";""', 1), "17 fields", 4),
    "empty line": (TEXT.replace('\n"2"', '\n\n"2"'), "empty line", 3),
    "commas in the header only": (TEXT.replace(";", ",", TEXT.splitlines()[0].count(";")), "an empty line, or one", 2),
    "semicolons in the header only": (
        TEXT.splitlines()[0] + "\n" + TEXT.partition("\n")[2].replace(";", ","),
        "an empty line, or one",
        2,
    ),
    "mixed separators": (TEXT.replace('"2";', '"2",'), "fields", 3),
    "open quote": (TEXT.replace('"WK036300  "', '"WK036300  ', 1), "not closed", 3),
    "NUL": (TEXT.replace("4295", "42\0 "), "NUL", 3),
    "no table at all": ("hello\nworld\n", "no code of an area", 1),
    "a page of the web": ("<html><body>503</body></html>\n", "a page of HTML", 1),
    "no known column": ("Codering_3;a_1;b_2\nGM0363;1;2\n", "no known column", None),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_csv_is_refused_with_its_line(tmp_path, case):
    text, match, line = BAD[case]
    with pytest.raises(DataError) as caught:
        read_kwb(written(tmp_path, text))
    assert match in caught.value.found
    assert caught.value.line == line
    assert "Amsterdam_2019" in caught.value.file
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_bulk_file_in_another_encoding_is_read_and_noted(tmp_path, encoding):
    text = as_csv(BULK, bom=False).replace("Amsterdam  ", "Nuénen")
    file = read_kwb(written(tmp_path, text, "x_2019.csv", encoding))
    assert file.frame["gemeente_name"].tolist()[0].startswith("Nuénen")
    assert any("its text is" in note for note in file.ledger.notes)


BAD_WEB = {
    "no codes": (WEB.replace("GM0513", "").replace("WK051300", "").replace("BU05130000", ""), "no code", 1),
    "truncated": (WEB[: WEB.rindex(";.;") - 12], "field(s)", 8),
    "truncated after a name like a source": (
        WEB.replace("Haven-Zuid", "Bronbeek")[: WEB.rindex(";Gouda") - 2],
        "field(s)",
        8,
    ),
    "mixed separators": (WEB.replace("WK051300;4000", "WK051300,4000"), "field(s)", 7),
    "decimal point": (WEB.replace("212,5", "212.5"), "the text '212.5'", 7),
    "thousands point": (WEB.replace("71000", "71.000"), "the text", 6),
    "thousands blank": (WEB.replace("71000", "71 000"), "the text", 6),
    "fraction": (WEB.replace("71000", "71,5"), "a fraction", 6),
    "text": (WEB.replace("71000", "veel"), "the text", 6),
    "empty line": (WEB.replace("\nHaven", "\n\nHaven"), "an empty line", 8),
    "a longer header": (WEB.replace("kWh;%", "kWh;%;%"), "fields in the header", 5),
    "open quote": (WEB.replace("Kort Haarlem", '"Kort'), None, None),
    "percentage": (WEB.replace(";2100;55", ";2100;155"), "155 %", 6),
    "no header": ("\n".join(WEB.splitlines()[5:]), "without a header", 1),
    "two of a concept": (WEB.replace("Huurwoning", "Koopwoningen").replace("kWh", "%"), "could be owner", None),
}


@pytest.mark.parametrize("case", [case for case in BAD_WEB if BAD_WEB[case][1]])
def test_a_bad_web_export_is_refused_with_its_line(tmp_path, case):
    text, match, line = BAD_WEB[case]
    with pytest.raises(DataError) as caught:
        read_kwb(written(tmp_path, text, "Gouda.csv"))
    assert match in caught.value.found
    assert caught.value.line == line


BAD_JSON = {
    "truncated": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInw', "truncated"),
    "doubled key": (
        '{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": 1, "AantalInwoners_5": 2}]}',
        "twice",
    ),
    "NaN": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": NaN}]}', "NaN"),
    "a truth value": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": true}]}', "bool"),
    "a list in a cell": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": [1]}]}', "list"),
    "null in the key": ('{"value": [{"WijkenEnBuurten": null, "AantalInwoners_5": 1}]}', "no code"),
    "other keys": (
        '{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": 1}, {"Woningvoorraad_3": 1}]}',
        "other keys",
    ),
    "no rows": ('{"value": []}', "no page of rows"),
    "an error message": ('{"odata.error": {"code": "500"}}', "no page of rows"),
    "deep nesting": ("[" * 100_000, "JSON"),
    "half a character": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": "\\ud800"}]}', "half"),
    "a huge whole number": ('{"value": [{"WijkenEnBuurten": "GM0363", "AantalInwoners_5": ' + "9" * 5000 + "}]}", ""),
    "a name as a number": (
        '{"value": [{"WijkenEnBuurten": "GM0363", "Gemeentenaam_1": 5, "AantalInwoners_5": "x1"}]}',
        "x1",
    ),
}


@pytest.mark.parametrize("case", BAD_JSON)
def test_a_bad_page_is_refused(tmp_path, case):
    text, match = BAD_JSON[case]
    with pytest.raises(DataError) as caught:
        read_kwb(written(tmp_path, text, "TypedDataSet_2019.json"))
    assert match in caught.value.found


def test_a_file_or_line_beyond_reason_is_refused_before_it_is_parsed(tmp_path):
    with pytest.raises(DataError, match="a line of 1,"):
        read_kwb(written(tmp_path, TEXT + '"' + "a" * kwb_bulk.LINE_BYTES_LIMIT + '"\n'))
    path = written(tmp_path, TEXT)
    with path.open("r+b") as handle:
        handle.truncate(2_000_000_000)  # sparse: takes no room
    with pytest.raises(DataError, match="a file of 2,000,000,000 bytes"):
        read_kwb(path)


def test_a_web_export_with_a_line_beyond_reason_is_refused(tmp_path):
    with pytest.raises(DataError, match="a line of"):
        read_kwb(written(tmp_path, WEB + "a" * (kwb_bulk.LINE_BYTES_LIMIT + 1), "Gouda.csv"))


def test_a_bomb_is_refused_as_zip_and_as_workbook(tmp_path):
    for name, member in (("bomb.zip", "x_2019.csv"), ("kwb-2019.xlsx", "xl/worksheets/sheet1.xml")):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as archive:
            if name.endswith("xlsx"):
                archive.writestr("[Content_Types].xml", "<Types/>")
            archive.writestr(member, b"0" * 20_000_000)
        with pytest.raises(DataError, match="bomb"):
            read_kwb(tmp_path / name)


@pytest.mark.parametrize(
    "data", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)]
)
def test_a_damaged_workbook_is_refused(tmp_path, data):
    path = tmp_path / "kwb-2016.xls"
    path.write_bytes(data)
    with pytest.raises(DataError):
        read_kwb(path)


def attempt(path):
    """Return the table, or None where a named error refuses it; let anything else through."""
    try:
        return read_kwb(path).frame
    except DataError as error:
        assert str(error).count("\n") == 3
        return None


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return attempt(written(tmp_path_factory.mktemp("plain"), TEXT, "y_2019.csv"))


@pytest.fixture(scope="module")
def workbooks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    return [
        as_workbook(folder / "kwb-2016.xlsx", LOWER).read_bytes(),
        as_old_workbook(folder / "kwb-2006.xls", UPPER).read_bytes(),
    ]


@QUICK
@given(
    order=st.permutations(list(BULK)),
    end=st.sampled_from(["\n", "\r\n"]),
    bom=st.booleans(),
    shift=st.integers(0, 890),  # numbers of columns have three digits at most: one of four may be a year
)
def test_shuffled_and_renumbered_columns_give_the_same_table(tmp_path, plain, order, end, bom, shift):
    table = {n if "_" not in n else f"{n.rsplit('_', 1)[0]}_{int(n.rsplit('_', 1)[1]) + shift}": BULK[n] for n in order}
    assert attempt(written(tmp_path, as_csv(table, end=end, bom=bom), "x_2019.csv")).equals(plain)


@QUICK
@given(data=st.data())
def test_blanks_around_any_cell_change_nothing(tmp_path, plain, data):
    pads = data.draw(st.lists(st.sampled_from(["", " ", "   "]), min_size=96, max_size=96))
    draw = iter(pads)
    table = {n: [next(draw) + c + next(draw) for c in cells] for n, cells in BULK.items()}
    assert attempt(written(tmp_path, as_csv(table), "x_2019.csv")).equals(plain)


@QUICK
@given(cut=st.integers(1, len(TEXT) - 2))
def test_a_truncated_bulk_file_is_refused_or_ends_with_a_whole_row(tmp_path, cut):
    found = attempt(written(tmp_path, TEXT[:cut], "x_2019.csv"))
    ends = TEXT[:cut].endswith("\n") or TEXT[cut] == "\n"
    assert found is None or ends


@QUICK
@given(cut=st.integers(1, len(WEB) - 2))
def test_a_truncated_web_export_is_refused_or_whole_up_to_its_last_row(tmp_path, cut):
    path = written(tmp_path, WEB[:cut], "Gouda_2016.txt")
    try:
        file = read_kwb(path)
    except DataError:
        return
    complete = WEB[:cut].count("\n")
    assert len(file.frame) >= complete - 5
    assert WEB[:cut].endswith("\n") or any("without a line end" in note for note in file.ledger.notes)


@QUICK
@given(
    name=st.sampled_from(list(BULK)),
    number=st.integers(0, 2),
    cell=st.text(alphabet=st.characters(codec="utf-8", exclude_characters='"\0'), max_size=12),
)
def test_any_text_in_any_cell_ends_well(tmp_path, name, number, cell):
    attempt(written(tmp_path, column(name, number, cell), "x_2019.csv"))


@QUICK
@given(place=st.integers(0, len(TEXT.encode()) - 1), byte=st.integers(0, 255))
def test_any_byte_changed_in_a_bulk_file_ends_well(tmp_path, place, byte):
    data = bytearray(TEXT.encode())
    data[place] = byte
    path = tmp_path / "x_2019.csv"
    path.write_bytes(bytes(data))
    attempt(path)


@QUICK
@given(place=st.integers(0, len(WEB.encode()) - 1), byte=st.integers(0, 255))
def test_any_byte_changed_in_a_web_export_ends_well(tmp_path, place, byte):
    data = bytearray(WEB.encode())
    data[place] = byte
    path = tmp_path / "x.txt"
    path.write_bytes(bytes(data))
    attempt(path)


@QUICK
@given(text=st.text(alphabet='";\n\r,|/()abGM0363 1.x-\ufeff', max_size=200))
def test_any_text_at_all_ends_well(tmp_path, text):
    path = tmp_path / "x_2019.csv"
    path.write_bytes(text.encode())
    attempt(path)


@QUICK
@given(which=st.integers(0, 1), data=st.data())
def test_a_damaged_or_truncated_workbook_ends_well(tmp_path, workbooks, which, data):
    whole = bytearray(workbooks[which])
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / ("kwb-2016.xlsx", "kwb-2006.xls")[which]
    path.write_bytes(bytes(whole[: data.draw(st.integers(1, len(whole)))]))
    attempt(path)


@QUICK
@given(
    cells=st.lists(
        st.one_of(
            st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.text("ab. ,x-19", max_size=6)
        ),
        min_size=10,
        max_size=10,
    )
)
def test_any_row_of_a_spreadsheet_ends_well(tmp_path, cells):
    attempt(as_workbook(tmp_path / "kwb-2006.xlsx", [*UPPER, cells], sheet="Blad1"))


JSON_CELLS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@QUICK
@given(
    rows=st.lists(st.dictionaries(st.sampled_from([*BULK, "Key", "Title", "Measure", "Value"]), JSON_CELLS), max_size=3)
)
def test_any_page_of_json_ends_well(tmp_path, rows):
    path = tmp_path / "TypedDataSet_2019.json"
    path.write_text(json.dumps({"value": rows}))
    attempt(path)


@QUICK
@given(
    place=st.floats(0, 1),
    which=st.sampled_from(["Observations", "MeasureCodes", "WijkenEnBuurtenCodes"]),
    new=st.text(max_size=3),
)
def test_any_change_in_a_bundle_of_observations_ends_well(tmp_path_factory, place, which, new):
    folder = as_observations(tmp_path_factory.mktemp("bundle") / "85984NED", "json")
    path = folder / f"{which}.json"
    text = path.read_text()
    at = int(place * len(text))
    path.write_text(text[:at] + new + text[at + 1 :], encoding="utf-8")
    attempt(folder)


def test_a_cell_at_the_far_end_of_a_workbook_is_refused_before_it_is_held(tmp_path):
    for cell in ("XFD1048576", "A1048576", "ZZ1"):
        path = as_workbook(tmp_path / "kwb-2016.xlsx", LOWER)
        book = openpyxl.load_workbook(path)
        book.active[cell] = 1
        book.save(path)
        with pytest.raises(DataError, match=f"a cell at {cell}"):
            read_kwb(path)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "kwb-2019.csv")
    with pytest.raises(DataError, match="no regular file"):
        read_kwb(tmp_path / "kwb-2019.csv")


def test_a_workbook_without_figures_is_refused(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["Toelichting"])
    data = io.BytesIO()
    book.save(data)
    (tmp_path / "kwb-2019.xlsx").write_bytes(data.getvalue())
    with pytest.raises(DataError, match="0 sheets"):
        read_kwb(tmp_path / "kwb-2019.xlsx")
