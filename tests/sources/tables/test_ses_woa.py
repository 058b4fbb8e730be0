"""The reader of SES-WOA: what it takes, and each way in which a file can be wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from checkouts import OPEN_DATA
from hypothesis import given, settings
from hypothesis import strategies as st
from raw_tables import SES_HEADER, SES_ODATA, SES_ROWS, ses_text

from buurteffect.errors import DataError
from buurteffect.schema.statline import SES_WOA
from buurteffect.sources.spreadsheets.saved_again import make_names
from buurteffect.sources.tables.ses_woa import read_ses_woa
from buurteffect.sources.tables.ses_woa_areas import find_areas_year

SHARED = OPEN_DATA / "ses_woa"


def put(folder: Path, text: str) -> Path:
    path = folder / "SES_WOA.csv"
    path.write_bytes(text.encode())
    return path


def changed(row: int, column: int, cell: str) -> list[list[str]]:
    rows = [list(cells) for cells in SES_ROWS]
    rows[row][column] = cell
    return rows


def refused(folder: Path, text: str) -> DataError:
    with pytest.raises(DataError) as caught:
        read_ses_woa(put(folder, text))
    return caught.value


def test_reader_returns_scores_and_spread_per_area_in_the_units_of_their_names(tmp_path):
    file = read_ses_woa(put(tmp_path, ses_text(SES_ROWS)))
    frame = file.frame
    assert (file.rows_count, file.origin, list(frame)) == (5, "SES_WOA.csv", SES_WOA.columns)
    assert frame["area_code"].tolist() == ["GM0001", "WK000101", "BU00010100", "BU0001AB10", "BU00010102"]
    assert frame["level"].tolist() == ["gemeente", "wijk", "buurt", "buurt", "buurt"]
    first = frame.iloc[0]
    assert (first["year"], first["households_count"], first["area_name"]) == (2019, 12300, "Stad")
    assert first[["education_low_share", "education_high_share"]].tolist() == pytest.approx([0.208, 0.495], rel=1e-12)
    assert first[["ses_woa_score", "ses_woa_spread_score"]].tolist() == [-0.1, 1.01]


def test_missing_scores_say_whether_the_area_is_too_small(tmp_path):
    frame = read_ses_woa(put(tmp_path, ses_text(SES_ROWS))).frame
    reasons = frame["ses_woa_score_missing"].fillna("").tolist()
    assert reasons == ["", "", "below_threshold", "below_threshold", "secret"]
    assert frame["education_low_share_missing"].tolist()[4] == "not_published"
    assert frame["households_count_missing"].isna().all()


def test_a_column_that_was_not_chosen_in_the_export_is_missing_for_the_year(tmp_path):
    keep = [0, 1, 2, 3, 7, 8]
    text = ses_text([[row[i] for i in keep] for row in SES_ROWS], [SES_HEADER[i] for i in keep])
    frame = read_ses_woa(put(tmp_path, text)).frame
    assert frame["education_low_share"].isna().all()
    assert frame["education_low_share_missing"].tolist()[0] == "not_in_file"


@pytest.mark.parametrize("left_out", range(3, 9))
def test_any_subject_may_be_left_out_of_an_export(tmp_path, left_out):
    text = ses_text(
        [row[:left_out] + row[left_out + 1 :] for row in SES_ROWS], SES_HEADER[:left_out] + SES_HEADER[left_out + 1 :]
    )
    file = read_ses_woa(put(tmp_path, text))
    assert len(file.not_chosen) == 1
    name = file.not_chosen[0]
    assert file.frame[name].isna().all()
    assert set(file.frame[f"{name}_missing"]) <= {"not_in_file", "below_threshold"}
    others = [n for n in ("households_count", "ses_woa_score", "ses_woa_spread_score") if n != name]
    whole = read_ses_woa(put(tmp_path, ses_text(SES_ROWS))).frame
    assert file.frame[others].equals(whole[others])


def test_a_column_under_another_title_is_missing_and_named(tmp_path):
    file = read_ses_woa(put(tmp_path, ses_text(SES_ROWS, [*SES_HEADER[:8], "Spreiding (Getal)"])))
    assert (file.not_chosen, file.columns_left_out) == (("ses_woa_spread_score",), ("Spreiding (Getal)",))


def test_shares_that_are_off_by_a_little_are_read_and_listed(tmp_path):
    file = read_ses_woa(put(tmp_path, ses_text(changed(0, 4, "    21.5"))))
    assert file.frame["education_low_share"][0] == pytest.approx(0.215)
    assert file.slips.found == ("line 2: levels of education that sum to 100.8%",)


def test_in_an_export_without_symbols_a_blank_is_not_published_or_below_the_threshold(tmp_path):
    rows = [[cell.replace("       .", "        ").replace("       x", "        ") for cell in row] for row in SES_ROWS]
    frame = read_ses_woa(put(tmp_path, ses_text(rows))).frame
    assert frame["ses_woa_score_missing"].tolist()[2:] == ["below_threshold", "below_threshold", "not_published"]


SES_ODATA |= {"Waarde_16": 50.0, "Waarde_19": 25.0, "Waarde_22": 25.0, "GemiddeldeScore_29": 0.647, "Waarde_37": 0.459}


def test_a_page_of_odata_gives_what_the_export_gives(tmp_path):
    path = tmp_path / "85900NED.json"
    path.write_text(json.dumps({"value": [SES_ODATA | {"GemiddeldePercentielgroep_10": 55.0}]}), encoding="utf-8")
    file = read_ses_woa(path)
    row = file.frame.iloc[0]
    assert (row["area_code"], row["year"], row["ses_woa_score"]) == ("WK000101", 2021, 0.647)
    assert row[["education_low_share", "ses_woa_spread_score"]].tolist() == [0.5, 0.459]
    assert file.columns_left_out == ("GemiddeldePercentielgroep_10",)
    assert (file.areas.year, file.areas.assumed) == (2023, False)


def year_of(*said: str, years: tuple[int, ...] = (2019,), gemeenten: tuple[str, ...] = ()) -> tuple[int, bool]:
    found = find_areas_year(list(said), years, gemeenten)
    return found.year, found.assumed


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (["85163NED.csv"], (2021, False)),
        (["85539ned_UntypedDataSet_01022024.csv"], (2022, False)),
        (["scores.csv", "85900NED"], (2023, False)),
        (["86092NED.zip > data.csv"], (2024, False)),
        (["scores.csv", '{"Title": "Scores per wijk en buurt, regio-indeling 2024"}', "85163NED"], (2024, False)),
        (["Sociaaleconomische_status__regio-indeling_2022_.csv"], (2022, False)),
        (["SES_WOA_scores_per_wijk_en_buurt_25042023.csv"], (2021, True)),
        (["99999NED.csv"], (2021, True)),
        (["scores.csv"], (2021, True)),
    ],
)
def test_the_year_of_the_areas_is_told_by_a_table_or_a_title_and_else_assumed(said, expected):
    assert year_of(*said) == expected


def test_without_a_name_the_years_and_gemeenten_inside_bound_the_year_of_the_areas():
    assert year_of("x.csv", years=(2014, 2021)) == (2022, True)
    assert year_of("x.csv", years=(2022,)) == (2023, True)
    assert year_of("x.csv", years=(2025,)) == (2026, True)
    assert year_of("x.csv", gemeenten=("GM0014", "GM0370")) == (2021, False)
    assert year_of("x.csv", gemeenten=("GM1982", "GM0501")) == (2022, False)
    assert year_of("x.csv", gemeenten=("GM1992",)) == (2023, True)


def test_an_assumed_year_says_how_to_tell_it(tmp_path):
    file = read_ses_woa(put(tmp_path, ses_text(SES_ROWS)))
    assert file.areas.words.startswith("areas of 2021 (assumed: 85163NED is the first whose years reach 2019")
    assert "a name with the table's number says it" in file.areas.words
    named = tmp_path / "85539NED_SES_WOA.csv"
    named.write_bytes((tmp_path / "SES_WOA.csv").read_bytes())
    assert read_ses_woa(named).areas.words == "areas of 2022 (table 85539NED)"


def test_a_column_without_a_place_is_named(tmp_path):
    text = ses_text([[*row, " 0.1"] for row in SES_ROWS], [*SES_HEADER, "SES-WOA/Deelscore welvaart/Waarde (Getal)"])
    assert read_ses_woa(put(tmp_path, text)).columns_left_out == ("SES-WOA/Deelscore welvaart/Waarde (Getal)",)


@pytest.mark.parametrize(
    "text",
    [
        ses_text(SES_ROWS, bom=""),
        ses_text(SES_ROWS, end="\r\n"),
        ses_text([row[::-1] for row in SES_ROWS], SES_HEADER[::-1]),
        ses_text(SES_ROWS).replace('"', "").replace("Oost; e.o.", "Oost"),
        ses_text([[cell.strip() for cell in row] for row in SES_ROWS]),
        ses_text(
            [
                [*row[:4], *(cell.replace(".", ",") if len(cell.strip()) > 1 else cell for cell in row[4:])]
                for row in SES_ROWS
            ]
        ),
    ],
    ids=["no BOM", "CRLF", "columns turned round", "not quoted", "not padded", "decimal comma"],
)
def test_the_same_file_in_another_dress_gives_the_same_table(tmp_path, text):
    frame = read_ses_woa(put(tmp_path, text)).frame
    values = ["area_code", "households_count", "education_low_share", "ses_woa_score", "ses_woa_spread_score"]
    expected = read_ses_woa(put(tmp_path, ses_text(SES_ROWS))).frame[values]
    assert frame[values].equals(expected)


@pytest.mark.parametrize(("period", "year", "provisional"), [("2021*", 2021, True), ("2014JJ00", 2014, False)])
def test_a_year_may_be_provisional_or_a_code(tmp_path, period, year, provisional):
    frame = read_ses_woa(put(tmp_path, ses_text([[period, *row[1:]] for row in SES_ROWS]))).frame
    assert (frame["year"].unique().tolist(), frame["provisional"].unique().tolist()) == ([year], [provisional])


@pytest.mark.parametrize(
    ("row", "column", "cell", "line", "words"),
    [
        (1, 2, "WK1       ", 3, "the code 'WK1'"),
        (1, 2, "0363      ", 3, "the code '0363'"),
        (1, 2, "GM0001    ", 3, "already on line 2"),
        (0, 0, "19", 2, "the period '19'"),
        (0, 0, "2019KW01", 2, "the period '2019KW01'"),
        (0, 3, "   12345", 2, "12345 households"),
        (0, 3, "12.300,0", 2, "'12.300,0'"),
        (0, 4, "    20,8", 2, "'    20,8'"),
        (0, 4, "    21.8", 2, "sum to 101.1%"),
        (0, 7, "   veel", 2, "'   veel'"),
        (0, 7, "     1e3", 2, "'     1e3'"),
        (0, 7, "   99.00", None, "99"),
        (0, 7, "    ٣.٤٥", 2, "٣.٤٥"),
    ],
)
def test_a_cell_that_cannot_be_is_refused_with_its_line(tmp_path, row, column, cell, line, words):
    error = refused(tmp_path, ses_text(changed(row, column, cell)))
    assert any(word in str(error) for word in words.split("|")), str(error)
    assert line is None or error.line == line
    assert error.column


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "an empty file"),
        (ses_text([]), "only a header"),
        (ses_text(SES_ROWS)[:-20], "never closed"),
        (ses_text(SES_ROWS, [*SES_HEADER[:8], SES_HEADER[7]]), "stands 2 times"),
        (ses_text(SES_ROWS, [*SES_HEADER[:2], "Code", *SES_HEADER[3:]]), "no such column"),
        (ses_text([row[:3] for row in SES_ROWS], SES_HEADER[:3]), "no subject of SES-WOA"),
        (
            ses_text(SES_ROWS, [*SES_HEADER[:3], "Particuliere huishoudens (x 1 000)", *SES_HEADER[4:]]),
            "the unit 'x 1 000'",
        ),
        (ses_text(SES_ROWS, [*SES_HEADER[:8], "SES-WOA/Totaalscore/Gemiddelde score 2 (Getal)"]), "a second column"),
        (ses_text([*SES_ROWS, SES_ROWS[0][:5]]), "5 fields in the last line"),
    ],
)
def test_a_file_of_another_shape_is_refused(tmp_path, text, words):
    assert any(word in str(refused(tmp_path, text)) for word in words.split("|"))


def test_a_file_that_is_latin_1_is_read_and_told(tmp_path):
    path = tmp_path / "SES_WOA.csv"
    path.write_bytes(ses_text(changed(2, 1, "Cafébuurt"), bom="").encode("latin-1"))
    file = read_ses_woa(path)
    assert file.frame["area_name"][2] == "Cafébuurt"
    assert "latin-1" in file.notes[0]


BARE = [[cell.strip().replace("; ", " ") for cell in row] for row in SES_ROWS]
SAVED = {
    "commas": ses_text(BARE, bom="").replace(";", ","),
    "tabs": ses_text(BARE, bom="").replace(";", "\t"),
    "row numbers of R": ses_text([[str(n), *row] for n, row in enumerate(BARE, 1)], ["", *SES_HEADER]).replace(
        ";", ","
    ),
    "X and make.names": ses_text(
        [[str(n), *row] for n, row in enumerate(BARE, 1)], ["X", *map(make_names, SES_HEADER)]
    ),
    "Unnamed: 0": ses_text([[str(n), *row] for n, row in enumerate(BARE)], ["Unnamed: 0", *SES_HEADER]),
    "NA": ses_text([["NA" if cell in (".", "x") else cell for cell in row] for row in BARE]),
    "quoted decimal commas": ses_text(
        [[*row[:4], *(cell.replace(".", ",") if len(cell) > 1 else cell for cell in row[4:])] for row in BARE]
    ).replace(";", "\t"),
}


def test_a_title_above_the_header_tells_the_areas_and_a_source_below_is_no_row(tmp_path):
    title = '"Sociaal-economische status; scores per wijk en buurt, regio-indeling 2022"\n\n'
    text = "\ufeff" + title + ses_text(SES_ROWS, bom="") + '"Bron: CBS"\n'
    file = read_ses_woa(put(tmp_path, text))
    assert (file.rows_count, file.areas.year, file.areas.assumed) == (5, 2022, False)
    error = refused(tmp_path, "\ufeff" + title + ses_text(changed(1, 2, "WK1"), bom=""))
    assert error.line == 5


@pytest.mark.parametrize("text", SAVED.values(), ids=SAVED.keys())
def test_an_export_that_was_saved_again_gives_the_same_scores(tmp_path, text):
    values = ["area_code", "year", "households_count", "education_low_share", "ses_woa_score", "ses_woa_spread_score"]
    expected = read_ses_woa(put(tmp_path, ses_text(SES_ROWS))).frame[values]
    assert read_ses_woa(put(tmp_path, text)).frame[values].equals(expected)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_edit_gives_the_table_or_a_named_error(tmp_path_factory, data):
    text = list(ses_text(SES_ROWS))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(
            st.sampled_from(list('";\n.,x -0\0A\ufeff')) | st.just("")
        )
    path = put(tmp_path_factory.getbasetemp(), "".join(text))
    try:
        file = read_ses_woa(path)
    except DataError as error:
        assert error.found
        return
    assert file.rows_count == len(file.frame)
    for column in ("households_count", "ses_woa_score"):
        assert (file.frame[column].isna() == file.frame[f"{column}_missing"].notna()).all()


@pytest.mark.shared
def test_the_real_file_of_amsterdam_reads_in_full():
    if not SHARED.is_dir():
        pytest.skip("the real files are not here")
    file = read_ses_woa(next(SHARED.glob("*.csv")))
    frame = file.frame.set_index("area_code")
    assert file.sha256.startswith("26ec65926dd0383a")
    assert (file.rows_count, file.columns_left_out) == (579, ())
    assert frame["level"].value_counts().to_dict() == {"buurt": 479, "wijk": 99, "gemeente": 1}
    assert frame.loc["GM0363", ["households_count", "ses_woa_score"]].tolist() == [457400, -0.1]
    assert frame["ses_woa_score_missing"].value_counts().to_dict() == {"below_threshold": 90}
