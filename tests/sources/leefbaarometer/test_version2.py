"""The version 2 readers: what they take, and each way in which a workbook can be wrong."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import pytest
from checkouts import OPEN_DATA
from version2_workbooks import FIRST, PARTS, SECOND, Rows, class_rows, long_rows, put_workbook, wide_rows

from buurteffect.errors import DataError
from buurteffect.schema import CLASS_CHANGES_2, CLASSES_2, SCORES_2
from buurteffect.sources import read_classes, read_dimensions

SHARED = OPEN_DATA / "leefbaarometer2"
SCORES, DIMENSIONS = "score_wijk.xlsx", "dimensiescore_wijk (stand).xlsx"


def put_classes(folder: Path, rows: Rows) -> Path:
    return put_workbook(folder / "score_wijk.xlsx", {"wijk": rows})


def put_dimensions(folder: Path, long: Rows, wide: Rows) -> Path:
    return put_workbook(folder / "dimensies.xlsx", {"data(1)": long, "data(2)": wide})


def edited(rows: Rows, row: int, column: str, value: Any) -> Rows:
    """Return the rows with one cell changed; `row` counts from 1, the header included."""
    rows[row - 1][rows[0].index(column)] = value
    return rows


@pytest.mark.parametrize("name", [None, "X", "Unnamed: 0", "...1"])
def test_a_workbook_with_row_numbers_gives_the_same_tables(tmp_path: Path, name: str | None) -> None:
    def numbered(rows: Rows) -> Rows:
        return [[name if n == 0 else n, *row] for n, row in enumerate(rows)]

    good, again = (
        read_classes(put_classes(tmp_path, class_rows())),
        read_classes(put_classes(tmp_path, numbered(class_rows()))),
    )
    assert again.classes.equals(good.classes)
    assert again.changes.equals(good.changes)
    scores = read_dimensions(put_dimensions(tmp_path, long_rows(), wide_rows())).frame
    assert read_dimensions(put_dimensions(tmp_path, numbered(long_rows()), numbered(wide_rows()))).frame.equals(scores)


def repacked(path: Path, part: str, old: bytes, new: bytes) -> Path:
    """Change the bytes of one part of a workbook."""
    with zipfile.ZipFile(path) as book:
        parts = {name: book.read(name) for name in book.namelist()}
    assert old in parts[part]
    parts[part] = parts[part].replace(old, new)
    with zipfile.ZipFile(path, "w") as book:
        for name, data in parts.items():
            book.writestr(name, data)
    return path


# --- what they take


def test_classes_come_in_long_form(tmp_path: Path) -> None:
    file = read_classes(put_classes(tmp_path, class_rows()))
    assert (file.level, file.origin, file.rows_count) == ("wijk", "score_wijk.xlsx > wijk", 2)
    assert list(file.classes) == CLASSES_2.columns
    assert list(file.changes) == CLASS_CHANGES_2.columns
    first = file.classes.query("area_code == 'WK001400'").set_index("year")["liveability_class"]
    assert first.to_dict() == {2002: 6, 2008: 6, 2012: 6, 2014: 7, 2016: 7}
    changes = file.changes.query("area_code == 'WK001400'").set_index(["from_year", "to_year"])["change_class"]
    assert changes[(2002, 2014)] == 5
    assert changes[(2014, 2016)] == 4
    assert len(changes) == 10


def test_missing_classes_carry_their_reason(tmp_path: Path) -> None:
    rows = edited(class_rows(), 3, "KL02", None)  # an empty cell means the same as #N/A
    second = read_classes(put_classes(tmp_path, rows)).classes.query("area_code == 'WK001401'")
    assert second["liveability_class"].isna().tolist() == [True, True, False, False, True]
    assert second["liveability_class_missing"].fillna("").tolist() == [
        "not_published",
        "not_published",
        "",
        "",
        "not_published",
    ]


@pytest.mark.parametrize(
    ("key", "code", "level"), [("GM_CODE", "GM0014", "gemeente"), ("BU_CODE", "BU0363AB10", "buurt")]
)
def test_the_column_of_codes_tells_the_level(tmp_path: Path, key: str, code: str, level: str) -> None:
    rows = edited(edited(class_rows()[:2], 2, "WK_CODE", code), 1, "WK_CODE", key)
    assert read_classes(put_classes(tmp_path, rows)).level == level


def test_dimensions_come_by_the_contracts_names(tmp_path: Path) -> None:
    file = read_dimensions(put_dimensions(tmp_path, long_rows(), wide_rows()))
    assert (file.level, file.waves, file.rows_count) == ("wijk", (2012, 2014, 2016), 6)
    assert file.origin == "dimensies.xlsx > data(1)"
    assert list(file.frame) == SCORES_2.columns
    first = file.frame.iloc[0]
    assert first["population_score"] == 0.03
    assert first["safety_score"] == 0.04
    assert first["liveability_deviation_score"] == sum(PARTS)
    unknown = file.frame.iloc[3]
    assert unknown["population_score_missing"] == "not_published"
    assert file.frame["population_score"].isna().sum() == 1


def test_other_sheets_are_named_as_passed_over(tmp_path: Path) -> None:
    note = [["Toelichting"], ["Stand 2016"]]
    path = put_workbook(tmp_path / "a.xlsx", {"wijk": class_rows(), "toelichting": note})
    assert read_classes(path).passed_over == ("toelichting",)
    path = put_workbook(tmp_path / "b.xlsx", {"leesmij": note, "data(1)": long_rows(), "data(2)": wide_rows()})
    assert read_dimensions(path).passed_over == ("leesmij",)


def test_a_size_that_the_sheet_claims_falsely_cuts_no_rows(tmp_path: Path) -> None:
    path = put_classes(tmp_path, class_rows())
    repacked(path, "xl/worksheets/sheet1.xml", b'ref="A1:P3"', b'ref="A1:B2"')
    assert read_classes(path).rows_count == 2


# --- what they refuse

BAD_CLASSES: dict[str, tuple[Rows, int | None, str | None, str]] = {
    "only a header": (class_rows()[:1], 1, None, "only a header"),
    "a column missing": ([row[:-1] for row in class_rows()], 1, "VKL1416", "no such column"),
    "a column doubled": (edited(class_rows(), 1, "KL16", "KL14"), 1, "KL14", "stands 2 times"),
    "an unknown wave": (edited(class_rows(), 1, "KL16", "KL18"), 1, "KL18", "not known"),
    "a column without a name": (edited(class_rows(), 1, "KL14", None), 1, "", "not known"),
    "a cell right of the columns": ([*class_rows()[:2], [*SECOND, "x"]], 3, None, "right of the last column"),
    "an empty row inside": ([*class_rows()[:2], [], SECOND], 3, None, "an empty row"),
    "a code twice": ([*class_rows(), FIRST], 4, "WK_CODE", "WK001400 again, already on line 2"),
    "a code of another level": (edited(class_rows(), 3, "WK_CODE", "GM0014"), 3, "WK_CODE", "'GM0014'"),
    "a code that is a number": (edited(class_rows(), 3, "WK_CODE", 1401), 3, "WK_CODE", "'1401' (int)"),
    "a code missing": (edited(class_rows(), 3, "WK_CODE", None), 3, "WK_CODE", "an empty cell"),
    "a class that is text": (edited(class_rows(), 2, "KL08", "zes"), 2, "KL08", "the text 'zes'"),
    "a class that is a number as text": (edited(class_rows(), 2, "KL08", "6"), 2, "KL08", "the text '6'"),
    "a class that is a formula": (edited(class_rows(), 2, "KL08", "=3+3"), 2, "KL08", "the formula '=3+3'"),
    "a class that is a truth value": (edited(class_rows(), 2, "KL08", True), 2, "KL08", "'True' (bool)"),
    "a class that is a date": (
        edited(class_rows(), 2, "KL08", datetime.datetime(2008, 1, 6)),
        2,
        "KL08",
        "(datetime)",
    ),
    "another error mark": (edited(class_rows(), 2, "KL08", "#REF!"), 2, "KL08", "the text '#REF!'"),
    "a class out of range": (edited(class_rows(), 2, "KL08", 10), 2, "KL08", "the number 10"),
    "a class of zero": (edited(class_rows(), 2, "KL08", 0), 2, "KL08", "the number 0"),
    "a class with a fraction": (edited(class_rows(), 2, "KL08", 6.5), 2, "KL08", "the number 6.5"),
    "a change out of range": (edited(class_rows(), 2, "VKL0208", 8), 2, "VKL0208", "the number 8"),
    "a change against its classes": (edited(class_rows(), 2, "VKL1214", 3), 2, "VKL1214", "goes from 6 to 7"),
    "a change without a class": (edited(class_rows(), 3, "VKL1416", 4), 3, "VKL1416", "is missing"),
}


@pytest.mark.parametrize("case", BAD_CLASSES.values(), ids=BAD_CLASSES.keys())
def test_reader_rejects_wrong_classes_with_row_and_column(
    tmp_path: Path, case: tuple[Rows, int | None, str | None, str]
) -> None:
    rows, line, column, found = case
    with pytest.raises(DataError) as caught:
        read_classes(put_classes(tmp_path, rows))
    error = caught.value
    assert (error.file, error.line, error.column) == ("score_wijk.xlsx > wijk", line, column)
    assert found in error.found
    assert error.expected
    assert error.action


@pytest.mark.parametrize(("change", "passes"), [(4, True), (5, True), (7, True), (3, False), (1, False)])
def test_a_change_may_rest_while_the_class_rises_but_not_fall(tmp_path: Path, change: int, passes: bool) -> None:
    path = put_classes(tmp_path, edited(class_rows(), 2, "VKL1214", change))
    if passes:
        assert read_classes(path).rows_count == 2
    else:
        with pytest.raises(DataError, match="4 or more where the class rises"):
            read_classes(path)


@pytest.mark.parametrize("sheets", [{"x": [["naam"], ["a"]]}, {"a": class_rows(), "b": class_rows()}])
def test_reader_rejects_a_workbook_without_exactly_one_sheet_of_classes(
    tmp_path: Path, sheets: dict[str, Rows]
) -> None:
    with pytest.raises(DataError, match="sheets with a column of codes") as caught:
        read_classes(put_workbook(tmp_path / "a.xlsx", sheets))
    assert caught.value.file == "a.xlsx"


LONG, WIDE = "dimensies.xlsx > data(1)", "dimensies.xlsx > data(2)"

BAD_DIMENSIONS: dict[str, tuple[Rows, Rows, str, int | None, str | None, str]] = {
    "a column missing": ([r[:-1] for r in long_rows()], wide_rows(), LONG, 1, "RLBFYS", "no such column"),
    "a column doubled": (edited(long_rows(), 1, "RLBFYS", "RLBVEI"), wide_rows(), LONG, 1, "RLBVEI", "stands 2 times"),
    "a column misspelled": (edited(long_rows(), 1, "RLBBEV", "RLBBEF"), wide_rows(), LONG, 1, "RLBBEF", "not known"),
    "a wave in no sheet": (long_rows(), edited(wide_rows(), 1, "RLBWON16", "RLBWON18"), WIDE, 1, "RLBWON18", "known"),
    "another wave": (edited(long_rows(), 4, "JAAR", 2008), wide_rows(), LONG, 4, "JAAR", "the number 2008"),
    "a wave that is text": (edited(long_rows(), 4, "JAAR", "2016"), wide_rows(), LONG, 4, "JAAR", "the text '2016'"),
    "a wave missing": (edited(long_rows(), 4, "JAAR", None), wide_rows(), LONG, 4, "JAAR", "no year"),
    "a code twice in a wave": (
        edited(long_rows(), 4, "JAAR", 2014),
        wide_rows(),
        LONG,
        4,
        "GBD",
        "WK001400 in 2014 again, already on line 3",
    ),
    "a code twice in the wide sheet": (
        long_rows(),
        edited(wide_rows(), 3, "GBD", "WK001400"),
        WIDE,
        3,
        "GBD",
        "already on line 2",
    ),
    "an unknown kind of code": (
        [[("XX" + str(r[0])[2:]) if i else r[0], *r[1:]] for i, r in enumerate(long_rows())],
        wide_rows(),
        LONG,
        2,
        "GBD",
        "'XX001400'",
    ),
    "two levels": (edited(long_rows(), 5, "GBD", "GM0014"), wide_rows(), LONG, 5, "GBD", "the code 'GM0014'"),
    "a code of another shape": (
        long_rows(),
        edited(wide_rows(), 3, "GBD", "WK1401"),
        WIDE,
        3,
        "GBD",
        "the code 'WK1401'",
    ),
    "a score that is text": (edited(long_rows(), 3, "RLBVRZ", "-0,11"), wide_rows(), LONG, 3, "RLBVRZ", "'-0,11'"),
    "a score out of range": (edited(long_rows(), 3, "RLBVRZ", -11.0), wide_rows(), LONG, 3, "RLBVRZ", "score -11"),
    "another total": (edited(long_rows(), 3, "RLBRMTR", -0.031), wide_rows(), LONG, 3, "RLBRMTR", "-0.031"),
    "another total by little": (
        edited(long_rows(), 3, "RLBRMTR", -0.030000001),
        wide_rows(),
        LONG,
        3,
        "RLBRMTR",
        "-0.030000001",
    ),
    "some dimensions": (edited(long_rows(), 3, "RLBVRZ", None), wide_rows(), LONG, 3, "RLBVRZ", "none for RLBVRZ"),
    "no total": (edited(long_rows(), 3, "RLBRMTR", None), wide_rows(), LONG, 3, "RLBRMTR", "without RLBRMTR"),
    "a total without dimensions": (
        edited(long_rows(), 5, "RLBRMTR", 0.1),
        wide_rows(),
        LONG,
        5,
        "RLBRMTR",
        "but no score in row 3",
    ),
    "sheets that differ": (
        long_rows(),
        edited(wide_rows(), 2, "RLBVEI14", 0.05),
        LONG,
        3,
        "RLBVEI",
        "but the score 0.05 in row 2",
    ),
    "a score in one sheet only": (
        long_rows(),
        edited(wide_rows(), 2, "RLBVEI14", None),
        LONG,
        3,
        "RLBVEI",
        "but no score in row 2",
    ),
    "an area in one sheet only": (long_rows(), wide_rows()[:2], LONG, 5, "GBD", "does not have"),
    "a wave of an area missing": (long_rows()[:-1], wide_rows(), WIDE, 3, "GBD", "which has 2 rows"),
}


@pytest.mark.parametrize("case", BAD_DIMENSIONS.values(), ids=BAD_DIMENSIONS.keys())
def test_reader_rejects_wrong_dimensions_with_sheet_row_and_column(
    tmp_path: Path, case: tuple[Rows, Rows, str, int | None, str | None, str]
) -> None:
    long, wide, file, line, column, found = case
    with pytest.raises(DataError) as caught:
        read_dimensions(put_dimensions(tmp_path, long, wide))
    error = caught.value
    assert (error.file, error.line, error.column) == (file, line, column)
    assert found in error.found
    assert error.expected
    assert error.action


def test_reader_rejects_a_workbook_that_lacks_a_sheet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no sheet 'data\(2\)' among 'data\(1\)', 'Blad2'"):
        read_dimensions(put_workbook(tmp_path / "a.xlsx", {"data(1)": long_rows(), "Blad2": wide_rows()}))


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", "an empty file"),
        (b"<html>404</html>", "not a zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not a zip"),  # the older xls
        (b"PK\x03\x04 and then nothing", "truncated, damaged"),
    ],
)
def test_reader_rejects_a_file_that_is_no_workbook(tmp_path: Path, data: bytes, found: str) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(data)
    for read in (read_classes, read_dimensions):
        with pytest.raises(DataError, match=found) as caught:
            read(path)
        assert caught.value.file == "a.xlsx"


def test_reader_rejects_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("scores.csv", "a,b\n")
    with pytest.raises(DataError, match="a zip without the parts of a workbook"):
        read_classes(path)


def test_reader_rejects_a_workbook_whose_paths_climb_out(tmp_path: Path) -> None:
    path = put_classes(tmp_path, class_rows())
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../evil.xml", "x")
    with pytest.raises(DataError, match="climbs out"):
        read_classes(path)


def test_reader_rejects_a_workbook_that_was_cut_off(tmp_path: Path) -> None:
    path = put_classes(tmp_path, class_rows())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DataError, match="truncated"):
        read_classes(path)


@pytest.mark.parametrize(
    ("part", "old", "new", "found"),
    [
        ("xl/worksheets/sheet1.xml", b"</sheetData>", b"", "damaged contents"),
        ("xl/workbook.xml", b"<sheets>", b"<sheets><sheet/>", "damaged contents"),
        ("xl/worksheets/sheet1.xml", b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', "document type"),
    ],
    ids=["a tag left open", "a sheet without a name", "an entity"],
)
def test_reader_rejects_a_workbook_with_damaged_or_hostile_xml(
    tmp_path: Path, part: str, old: bytes, new: bytes, found: str
) -> None:
    path = repacked(put_classes(tmp_path, class_rows()), part, old, new)
    with pytest.raises(DataError, match=found) as caught:
        read_classes(path)
    assert caught.value.file == "score_wijk.xlsx"


# --- real files


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: it is no part of the project")
    return path


@pytest.mark.shared
def test_the_real_classes_are_read_whole() -> None:
    file = read_classes(shared(SCORES))
    assert (file.level, file.rows_count) == ("wijk", 2981)
    assert (len(file.classes), len(file.changes)) == (2981 * 5, 2981 * 10)
    known = file.classes.groupby("year")["liveability_class"].count()
    assert known.to_dict() == {2002: 2784, 2008: 2799, 2012: 2823, 2014: 2814, 2016: 2846}
    assert file.changes["change_class"].notna().sum() == 27_909
    missing = file.classes["liveability_class"].isna()
    assert (file.classes["liveability_class_missing"].notna() == missing).all()


@pytest.mark.shared
def test_the_real_dimensions_are_read_whole() -> None:
    file = read_dimensions(shared(DIMENSIONS))
    assert (file.level, file.waves, file.rows_count) == ("wijk", (2012, 2014, 2016), 8886)
    known = file.frame.groupby("year")["population_score"].count()
    assert known.to_dict() == {2012: 2823, 2014: 2814, 2016: 2846}


@pytest.mark.shared
def test_the_real_classes_follow_the_real_scores() -> None:
    scores = read_dimensions(shared(DIMENSIONS)).frame
    classes = read_classes(shared(SCORES)).classes
    both = scores.merge(classes, on=["area_code", "year"], validate="1:1")
    for _, wave in both.dropna(subset="liveability_class").groupby("year"):
        spread = wave.groupby("liveability_class")["liveability_deviation_score"].agg(["min", "max"])
        assert (spread["max"].to_numpy()[:-1] < spread["min"].to_numpy()[1:]).all()
