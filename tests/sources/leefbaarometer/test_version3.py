"""The version 3 reader: what it takes, and each way in which a file can be wrong."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pytest
from checkouts import OPEN_DATA

from buurteffect.errors import DataError
from buurteffect.schema import LIVEABILITY
from buurteffect.sources import find_score_files, read_score_files, read_scores
from buurteffect.sources.files.years_in_name import named_years

SHARED = OPEN_DATA / "leefbaarometer3"
WIJKEN = "Leefbaarometer-scores wijken 2002-2022.csv"

HEADER = "wk_code,wk_naam,jaar,lbm,afw,fys,onv,soc,vrz,won"
# Line 1 is the header. The dimensions add up to afw, and lbm − afw is the fixed reference.
LINES = [
    HEADER,
    "WK001400,Centrum,2014,4.212265,0.11,0.02,-0.11,-0.04,0.22,0.02",
    "WK001400,Centrum,2016,4.202265,0.1,NA,NA,NA,NA,NA",
    '"WK001401","Oud, Zuid",2014,4.002265,-0.1,-0.02,-0.11,-0.04,0.09,-0.02',
    "WK001401,Oud-Zuid,2016,NA,NA,NA,NA,NA,NA,NA",
]


def text_of(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"


def put(folder: Path, text: str = text_of(LINES), name: str = "scores wijken.csv") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def put_zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def edited(line: int, old: str, new: str) -> str:
    """Return the good file with one change on one line, counted from 1."""
    lines = list(LINES)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return text_of(lines)


def without(*names: str) -> str:
    """Return the good file without some of its columns."""
    rows = list(csv.reader(LINES))
    kept = [at for at, name in enumerate(rows[0]) if name not in names]
    assert len(rows[0]) - len(kept) == len(names)
    return text_of([",".join(f'"{row[at]}"' if "," in row[at] else row[at] for at in kept) for row in rows])


# --- what it takes


def test_reader_returns_the_scores_by_the_contracts_names(tmp_path: Path) -> None:
    file = read_scores(put(tmp_path))
    assert (file.level, file.waves, file.rows_count) == ("wijk", (2014, 2016), 4)
    assert file.origin == "scores wijken.csv"
    assert file.bytes_count == len(text_of(LINES))
    assert list(file.frame) == LIVEABILITY.columns
    first = file.frame.iloc[0]
    assert (first["area_code"], first["area_name"], first["year"]) == ("WK001400", "Centrum", 2014)
    assert first[["liveability_score", "physical_score", "housing_score"]].tolist() == [4.212265, 0.02, 0.02]
    assert first[["nuisance_score", "cohesion_score", "amenities_score"]].tolist() == [-0.11, -0.04, 0.22]
    assert file.frame["area_name"].tolist()[2] == "Oud, Zuid"


def test_missing_values_carry_their_reason(tmp_path: Path) -> None:
    # 2016 has no dimension for any area; one area has no total in 2016 and no dimensions in 2014.
    text = edited(4, "4.002265,-0.1,-0.02,-0.11,-0.04,0.09,-0.02", "4.002265,-0.1,NA,NA,NA,NA,NA")
    frame = read_scores(put(tmp_path, text)).frame
    reasons = frame["physical_score_missing"].fillna("").tolist()
    assert reasons == ["", "not_in_year", "not_published", "not_in_year"]
    assert frame["liveability_score_missing"].fillna("").tolist() == ["", "", "", "not_published"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + text_of(LINES), id="with a byte-order mark"),
        pytest.param(text_of(LINES).replace("\n", "\r\n"), id="with CRLF"),
        pytest.param(text_of(LINES).rstrip("\n"), id="without the last line end"),
        pytest.param(text_of(LINES) + "\n", id="with an empty line at the end"),
        pytest.param(text_of([",".join(f'"{n}"' for n in HEADER.split(",")), *LINES[1:]]), id="quoted header"),
        pytest.param(text_of(LINES).replace("WK001400", " WK001400 "), id="padded codes"),
        pytest.param(text_of(LINES).replace("-0.02", "-2e-02"), id="numbers with exponents"),
    ],
)
def test_layouts_that_differ_only_in_form_give_the_same_scores(tmp_path: Path, text: str) -> None:
    plain = read_scores(put(tmp_path / "a")).frame
    assert read_scores(put(tmp_path / "b", text)).frame.equals(plain)


@pytest.mark.parametrize(
    ("keys", "codes", "level"),
    [
        ("bu_code,bu_naam", ["BU0363AB10,Kop", "BU00140000,Binnenstad"], "buurt"),
        ("wk_code,wk_naam", ["WK0363AB,Kop", "WK001400,Centrum"], "wijk"),
        ("PC4", ["0123", "1011"], "pc4"),
    ],
)
def test_the_header_tells_the_level_and_codes_stay_text(
    tmp_path: Path, keys: str, codes: list[str], level: str
) -> None:
    lines = [f"{keys},jaar,lbm,afw,fys,onv,soc,vrz,won", *(f"{c},2024,4.202265,0.1,NA,NA,NA,NA,NA" for c in codes)]
    file = read_scores(put(tmp_path, text_of(lines)))
    assert file.level == level
    assert file.frame["area_code"].tolist() == [code.split(",")[0] for code in codes]
    assert file.frame["area_name"].isna().all() == (level == "pc4")


@pytest.mark.parametrize(
    "name",
    ['<script>alert(1)</script>, "x"', "'; DROP TABLE x; --", "=cmd|'/c calc'!A1", "{{ 7*7 }}", "a\nb", "\x1b[2J"],
)
def test_a_hostile_area_name_comes_back_unchanged(tmp_path: Path, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    frame = read_scores(put(tmp_path, edited(2, "Centrum", quoted))).frame
    assert frame["area_name"].iloc[0] == name
    assert frame["area_code"].tolist() == ["WK001400", "WK001400", "WK001401", "WK001401"]


def test_an_error_below_a_name_with_line_ends_has_the_files_own_line(tmp_path: Path) -> None:
    text = edited(2, "Centrum", '"Cen\n\ntrum"').replace("4.002265", "vier")
    with pytest.raises(DataError, match="'vier'") as caught:
        read_scores(put(tmp_path, text))
    assert caught.value.line == 6


BUURTEN = [
    "gm_code,gemeente,wk_code,bu_code,bu_naam,jaar,lbm,afw,fys,onv,soc,vrz,won,lbm_klasse,opmerking",
    "GM0014,Stad,WK001400,BU00140000,Noord,2014,4.212265,0.11,0.02,-0.11,-0.04,0.22,0.02,7,",
    'GM0014,Stad,WK001400,BU00140001,Zuid,2014,4.002265,-0.1,-0.02,-0.11,-0.04,0.09,-0.02,4,"a, b"',
]


def test_columns_beside_the_publishers_are_left_out_and_told(tmp_path: Path) -> None:
    file = read_scores(put(tmp_path, text_of(BUURTEN)))
    assert file.level == "buurt"
    assert file.frame["area_code"].tolist() == ["BU00140000", "BU00140001"]
    assert file.frame["liveability_score"].tolist() == [4.212265, 4.002265]
    assert file.frame["housing_score"].tolist() == [0.02, -0.02]
    left = "'gm_code', 'gemeente', 'wk_code', 'lbm_klasse', 'opmerking'"
    assert file.notes[0] == f"5 columns that are not the publisher's are left out: {left}"
    assert len(find_score_files(tmp_path).files) == 1


@pytest.mark.parametrize("name", ["gm_code", "gm_naam", "gemeente", "1", "lbm_2012", "jaar_meting", "<b>x</b>", ""])
def test_any_column_too_many_changes_no_score(tmp_path: Path, name: str) -> None:
    good = read_scores(put(tmp_path)).frame
    more = text_of([f"{line},{'x' if at else name}" for at, line in enumerate(LINES)])
    file = read_scores(put(tmp_path, more))
    assert file.frame.equals(good)
    assert file.notes[0].startswith("1 column that is not the publisher's is left out: ")


def test_the_code_of_the_wijk_beside_a_postcode_is_no_level(tmp_path: Path) -> None:
    lines = ["PC4,wk_code,jaar,lbm,afw,fys,onv,soc,vrz,won"]
    lines += [f"{code},WK001400,2024,4.202265,0.1,NA,NA,NA,NA,NA" for code in ("1011", "1012")]
    file = read_scores(put(tmp_path, text_of(lines)))
    assert (file.level, file.frame["area_code"].tolist()) == ("pc4", ["1011", "1012"])
    with pytest.raises(DataError, match="two columns of codes"):
        read_scores(put(tmp_path, text_of(lines[:2])))


def test_without_names_the_code_stands_for_the_name(tmp_path: Path) -> None:
    good = read_scores(put(tmp_path)).frame
    file = read_scores(put(tmp_path, without("wk_naam")))
    assert file.frame["area_name"].tolist() == good["area_code"].tolist()
    assert file.frame.drop(columns="area_name").equals(good.drop(columns="area_name"))
    assert file.notes[0] == "it has no column wk_naam: the code of an area stands for its name"


@pytest.mark.parametrize("gone", ["lbm", "afw"])
@pytest.mark.parametrize("dimensions", [True, False])
def test_one_total_gives_the_other_by_the_reference(tmp_path: Path, gone: str, dimensions: bool) -> None:
    names = ("fys", "onv", "soc", "vrz", "won") if not dimensions else ()
    good = read_scores(put(tmp_path)).frame
    file = read_scores(put(tmp_path, without(gone, *names).replace(",0.11", ",0.110", 1)))
    totals = ["liveability_score", "liveability_deviation_score"]
    pd.testing.assert_frame_equal(file.frame[totals], good[totals], rtol=0, atol=1e-12)
    assert file.frame["liveability_score_missing"].equals(good["liveability_score_missing"])
    assert f"it has no column {gone}, which follows from" in file.notes[0]
    assert "reference 4.102265" in file.notes[0]
    assert len(find_score_files(tmp_path).files) == 1


def test_without_dimensions_they_are_missing_since_the_file_lacks_them(tmp_path: Path) -> None:
    file = read_scores(put(tmp_path, without("fys", "onv", "soc", "vrz", "won")))
    assert file.frame["liveability_score"].tolist()[:3] == [4.212265, 4.202265, 4.002265]
    assert file.frame["physical_score"].isna().all()
    # In 2016 the publisher itself gives no dimensions.
    assert file.frame["housing_score_missing"].tolist() == ["not_in_file", "not_in_year"] * 2
    assert file.notes[0] == "it has no columns of the dimensions"
    assert len(find_score_files(tmp_path).files) == 1


# --- what it refuses

Case = tuple[str, int | None, str | None, str]

BAD: dict[str, Case] = {
    "empty": ("", None, None, "an empty file"),
    "only a header": (HEADER + "\n", 1, None, "only a header"),
    "a header without a line end": (HEADER, 1, None, "only a header"),
    "a web page": ("<!DOCTYPE html>\n<html>\n", 1, None, "a page of HTML"),
    "a column missing": (text_of([line.rpartition(",")[0] for line in LINES]), 1, "won", "no such column"),
    "a column doubled": (edited(1, "onv", "fys"), 1, "fys", "stands 2 times"),
    "a column misspelled": (edited(1, "lbm", "lmb"), 1, "lmb", "not known"),
    "no total": (without("lbm", "afw"), 1, "lbm", "no such column"),
    "one dimension alone, misspelled": (
        without("onv", "soc", "vrz", "won").replace("fys", "fyz"),
        1,
        "fyz",
        "not known",
    ),
    "a total misspelled beside the other": (edited(1, "afw", "awf"), 1, "awf", "not known"),
    "a name misspelled": (edited(1, "wk_naam", "wk_nam"), 1, "wk_nam", "not known"),
    "a key misspelled": (edited(1, "wk_code", "wk_cod"), 1, "wk_cod", "no column with the code"),
    "gemeenten": (edited(1, "wk_code", "gm_code"), 1, "gm_code", "no column with the code"),
    "a line too long": (edited(3, "4.202265", "4,202265"), 3, None, "11 fields"),
    "a line too short": (edited(3, ",0.1", ""), 3, None, "9 fields"),
    "an empty line inside": (text_of([*LINES[:3], "", *LINES[3:]]), 4, None, "an empty line"),
    "truncated in a record": (text_of(LINES)[:-14], 5, None, "the file is truncated"),
    "truncated in a quote": (text_of(LINES[:3]) + '"WK001401","Oud', 4, None, "never closed"),
    "truncated in a number": (text_of(LINES[:3]) + LINES[3][:-1], 4, "afw", "cut off"),
    "truncated in NA": (text_of(LINES)[:-2], 5, "won", "cut off"),
    "a quote in the wrong place": (edited(4, '"WK001401"', '"WK00"1401'), 4, None, "wrong place"),
    "a code of another level": (edited(3, "WK001400", "BU00140000"), 3, "wk_code", "'BU00140000'"),
    "a code without its zeros": (edited(3, "WK001400", "WK1400"), 3, "wk_code", "'WK1400'"),
    "a code in small letters": (edited(3, "WK001400", "wk001400"), 3, "wk_code", "'wk001400'"),
    "a code missing": (edited(3, "WK001400", ""), 3, "wk_code", "''"),
    "a code twice in a year": (edited(3, "2016", "2014"), 3, "wk_code", "already on line 2"),
    "a year that is no wave": (edited(3, "2016", "2017"), 3, "jaar", "'2017'"),
    "a year that is text": (edited(3, "2016", "NA"), 3, "jaar", "'NA'"),
    "a year with decimals": (edited(3, "2016", "2016.0"), 3, "jaar", "'2016.0'"),
    "a score that is text": (edited(3, "4.202265", "vier"), 3, "lbm", "'vier'"),
    "a score that is empty": (edited(2, "0.22", ""), 2, "vrz", "an empty field"),
    "a score that is nan": (edited(3, "4.202265", "nan"), 3, "lbm, afw", "afw without lbm"),
    "a score that is infinite": (edited(3, "4.202265", "inf"), 3, "lbm", "'inf'"),
    "a score that overflows": (edited(3, "4.202265", "1e999"), 3, "lbm", "the score inf"),
    "a score with an underscore": (edited(3, "4.202265", "4_2"), 3, "lbm", "'4_2'"),
    "a score in other digits": (edited(3, "4.202265", "٤.٢"), 3, "lbm", "'٤.٢'"),
    "another mark for missing": (edited(3, "4.202265", "."), 3, "lbm", "'.'"),
    "a decimal comma": (edited(3, "4.202265", '"4,202265"'), 2, "lbm", "decimal points and decimal commas"),
    "a lost decimal point": (edited(3, "4.202265", "4202265"), 3, "lbm", "the score 4.20226e+06"),
    "a dimension out of range": (edited(2, "0.22", "-4.5"), 2, "vrz", "the score -4.5"),
    "lbm without afw": (edited(3, "0.1", "NA"), 3, "lbm, afw", "lbm without afw"),
    "afw without lbm": (edited(3, "4.202265", "NA"), 3, "lbm, afw", "afw without lbm"),
    "some dimensions": (edited(2, "0.22", "NA"), 2, "vrz", "but none for vrz"),
    "dimensions without a total": (edited(2, "4.212265,0.11", "NA,NA"), 2, "afw", "dimensions without afw"),
    "another reference": (edited(3, "4.202265", "4.212265"), 3, "lbm, afw", "lbm − afw = 4.112265"),
    "another sum": (edited(2, "0.22", "0.23"), 2, "afw", "differs by 0.01"),
    "two decimals": (
        text_of([re.sub(r"([0-9]\.[0-9]{2})[0-9]+", r"\1", line) for line in LINES]),
        None,
        "lbm, afw",
        "2 decimals",
    ),
    "columns that changed places": (edited(1, "lbm,afw", "afw,lbm"), 3, "lbm", "first of 2 such rows"),
}


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_reader_rejects_a_wrong_file_with_its_line_and_column(tmp_path: Path, case: Case) -> None:
    text, line, column, found = case
    with pytest.raises(DataError) as caught:
        read_scores(put(tmp_path, text))
    error = caught.value
    assert (error.file, error.line, error.column) == ("scores wijken.csv", line, column)
    assert found in error.found
    assert error.expected
    assert error.action


@pytest.mark.parametrize(("wrong", "right"), [("lmb", "lbm"), ("wk_cod", "wk_code"), ("vzr", "vrz")])
def test_a_misspelled_column_comes_with_the_known_one(tmp_path: Path, wrong: str, right: str) -> None:
    with pytest.raises(DataError) as caught:
        read_scores(put(tmp_path, edited(1, right, wrong)))
    assert f"did you mean '{right}'?" in caught.value.action


def test_scores_of_gemeenten_come_without_a_wrong_suggestion(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_scores(put(tmp_path, edited(1, "wk_code", "gm_code")))
    assert "did you mean" not in caught.value.action


def test_a_failed_identity_tells_how_many_rows_fail(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="the first of 3 such rows"):
        read_scores(put(tmp_path, text_of(LINES).replace("265,", "366,")))


def test_the_reference_may_differ_by_its_own_rounding_and_no_more(tmp_path: Path) -> None:
    assert read_scores(put(tmp_path, edited(3, "4.202265", "4.2022648511"))).rows_count == 4
    assert "lbm − afw = 4.102263800" in read_scores(put(tmp_path, edited(3, "4.202265", "4.2022638"))).notes[-1]
    with pytest.raises(DataError, match="lbm − afw"):
        read_scores(put(tmp_path, edited(3, "4.202265", "4.2028638")))


def test_one_row_that_nearly_adds_up_is_read_and_told(tmp_path: Path) -> None:
    file = read_scores(put(tmp_path, edited(2, "0.22", "0.2203")))
    assert file.frame["amenities_score"][0] == 0.2203
    assert "1 of 3 rows does not quite add up and is read as it is: line 2: afw differs by 0.0003" in file.notes[-1]


FULL = (
    "WK001400,Centrum,2014,4.2122651489123456,0.1100000000123456,"
    "0.0200000000111111,-0.11,-0.04,0.2199999999,0.0200000001012345"
)


@pytest.mark.parametrize("decimals", [3, 6, 9, 12])
def test_a_file_with_fewer_decimals_is_held_to_those_that_it_has(tmp_path: Path, decimals: int) -> None:
    rounded = ",".join(f"{float(c):.{decimals}f}" if "." in c else c for c in FULL.split(","))
    file = read_scores(put(tmp_path, text_of([HEADER, rounded])))
    assert f"its scores have {decimals} decimals" in file.notes[0] if decimals < 9 else True
    far = rounded.replace(rounded.split(",")[5], f"{0.02 + 0.01:.{decimals}f}")
    with pytest.raises(DataError, match="from the sum of its dimensions"):
        read_scores(put(tmp_path, text_of([HEADER, far])))


SAVED = {
    "row numbers of pandas": lambda ls: [f"{'' if n == 0 else n - 1},{line}" for n, line in enumerate(ls)],
    "row numbers of R": lambda ls: [f"{chr(34)}{'' if n == 0 else n}{chr(34)},{line}" for n, line in enumerate(ls)],
    "row numbers called X": lambda ls: [f"{'X' if n == 0 else n},{line}" for n, line in enumerate(ls)],
    "row numbers called 1": lambda ls: [f"{'...1' if n == 0 else n},{line}" for n, line in enumerate(ls)],
    "Unnamed: 0": lambda ls: [f"{'Unnamed: 0' if n == 0 else n},{line}" for n, line in enumerate(ls)],
    "semicolons": lambda ls: [re.sub(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', ";", line) for line in ls],
    "tabs": lambda ls: [re.sub(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', "\t", line) for line in ls],
    "semicolons and decimal commas": lambda ls: [
        re.sub(r"([0-9])\.([0-9])", r"\1,\2", re.sub(r',(?=(?:[^"]*"[^"]*")*[^"]*$)', ";", line)) for line in ls
    ],
    "quoted decimal commas": lambda ls: [re.sub(r"(-?[0-9])\.([0-9]+)", r'"\1,\2"', line) for line in ls],
    "names in capitals": lambda ls: [ls[0].upper(), *ls[1:]],
    "NA as pandas reads it": lambda ls: [line.replace("NA", "NaN") for line in ls],
}


@pytest.mark.parametrize("save", SAVED.values(), ids=SAVED.keys())
def test_a_file_that_was_saved_again_gives_the_same_scores_and_says_so(tmp_path: Path, save: Callable) -> None:
    good = read_scores(put(tmp_path))
    again = read_scores(put(tmp_path, text_of(save(LINES))))
    assert again.frame.equals(good.frame)
    text = text_of(save(LINES))
    archive = put_zip(tmp_path / "open-data.zip", {"scores wijken.csv": text})
    assert read_scores(archive, "scores wijken.csv").frame.equals(good.frame)
    assert len(find_score_files(tmp_path).files) == 2


def test_latin_1_is_read_and_told(tmp_path: Path) -> None:
    path = put(tmp_path)
    path.write_bytes(text_of(LINES).replace("Oud-Zuid", "Oud-Süd").encode("latin-1"))
    file = read_scores(path)
    assert file.frame["area_name"].tolist()[-1] == "Oud-Süd"
    assert "latin-1" in file.notes[0]


# --- a file's name can lie


@pytest.mark.parametrize(
    ("name", "line", "found"),
    [
        pytest.param("scores 2002-2014.csv", 3, "the year 2016", id="a year after the span"),
        pytest.param("scores 2016-2022.csv", 2, "the year 2014", id="a year before the span"),
        pytest.param("scores 2014.csv", 3, "the year 2016", id="a year after the one named"),
        pytest.param("scores 2018-2022.csv", 2, "the year 2014", id="none of the years of the span"),
    ],
)
def test_reader_rejects_a_file_under_the_wrong_year(tmp_path: Path, name: str, line: int | None, found: str) -> None:
    with pytest.raises(DataError, match=found) as caught:
        read_scores(put(tmp_path, name=name))
    assert (caught.value.line, caught.value.column) == (line, "jaar")
    assert name in caught.value.expected


@pytest.mark.parametrize(
    ("name", "absent"),
    [
        ("scores 2014-2022.csv", "2018, 2020, 2022"),
        ("scores 2002-2016.csv", "2002, 2008, 2012"),
        (WIJKEN, "2002, 2008, 2012, 2018, 2020, 2022"),
        ("scores meting 2024.csv", "2024"),
    ],
)
def test_a_file_with_fewer_waves_than_its_name_is_read_and_told(tmp_path: Path, name: str, absent: str) -> None:
    file = read_scores(put(tmp_path, name=name))
    assert file.frame.equals(read_scores(put(tmp_path)).frame)
    assert file.notes[0] == f"it has no row of {absent}, which its name '{name}' covers"


@pytest.mark.parametrize("name", ["scores 2014-2016 (excerpt).csv", "scores 2014–2016.csv", "lbm3.0 2016.csv", "x.csv"])
def test_a_name_that_tells_the_truth_passes(tmp_path: Path, name: str) -> None:
    assert read_scores(put(tmp_path, name=name)).waves == (2014, 2016)


def test_the_name_of_an_archive_states_a_last_year(tmp_path: Path) -> None:
    for year, passes in (("2016", True), ("2014", False), ("2024", True)):
        path = put_zip(tmp_path / f"open-data-meting-{year}.zip", {"scores wijken.csv": text_of(LINES)})
        if passes:
            file = read_scores(path, "scores wijken.csv")
            assert file.waves == (2014, 2016)
            assert any("no row of 2024" in note for note in file.notes) == (year == "2024")
        else:
            with pytest.raises(DataError, match=f"meting-{year}.zip"):
                read_scores(path, "scores wijken.csv")


def test_a_files_own_span_counts_before_the_name_of_its_archive() -> None:
    said = named_years("data-meting-2024.zip > Meting 2024/scores 2002-2022.csv")
    assert [(years.last, years.complete) for years in said] == [(2022, True), (2024, False), (2024, False)]


# --- folders and zips


def test_reader_takes_a_member_of_a_zip(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "open data.zip", {"map/scores wijken.csv": text_of(LINES)})
    file = read_scores(path, "map/scores wijken.csv")
    assert file.origin == "open data.zip > map/scores wijken.csv"
    assert file.frame.equals(read_scores(put(tmp_path)).frame)
    with pytest.raises(DataError, match="a zip archive"):
        read_scores(path)


@pytest.mark.parametrize("suffix", [".txt", ".TXT", ".tsv"])
def test_scores_are_found_under_the_suffix_of_a_text(tmp_path: Path, suffix: str) -> None:
    good = read_scores(put(tmp_path / "good")).frame
    home = tmp_path / "home"
    text = text_of(LINES) if suffix != ".tsv" else text_of(["\t".join(row) for row in csv.reader(LINES)])
    put(home, text, name=f"scores{suffix}")
    put(home, "Toelichting\nbij de scores", name="leesmij.txt")
    put(home, "", name="leeg.txt")
    put(home, "<p>pagina</p>", name="pagina.txt")
    put_zip(home / "open data.zip", {f"wijken{suffix}": text + "\n", "leesmij.txt": "tekst"})
    folder = read_score_files(home)
    assert sorted(file.origin for file in folder.files) == [f"open data.zip > wijken{suffix}", f"scores{suffix}"]
    assert all(file.frame.equals(good) for file in folder.files)
    assert {reason for _, reason in folder.passed_over} == {"neither a CSV nor a zip", "not a CSV"}


def test_scores_in_a_zip_in_a_zip_are_read_and_a_zip_in_that_is_listed(tmp_path: Path) -> None:
    good = read_scores(put(tmp_path / "good")).frame
    deepest = put_zip(tmp_path / "c.zip", {"wijken.csv": text_of(LINES)}).read_bytes()
    inner = put_zip(tmp_path / "b.zip", {"map/wijken 2014-2016.csv": text_of(LINES), "c.zip": deepest}).read_bytes()
    home = tmp_path / "home"
    home.mkdir()
    path = put_zip(home / "a.zip", {"data/b.zip": inner, "leesmij.doc": "tekst"})
    folder = read_score_files(home)
    assert [file.origin for file in folder.files] == ["a.zip > data/b.zip > map/wijken 2014-2016.csv"]
    assert folder.files[0].frame.equals(good)
    assert dict(folder.passed_over) == {
        "a.zip > data/b.zip > c.zip": "a zip in a zip in a zip; unpack it to have it read",
        "a.zip > leesmij.doc": "not a CSV",
    }
    with pytest.raises(DataError, match=r"no member 'x\.csv'"):
        read_scores(path, "data/b.zip > x.csv")


def test_a_hostile_zip_in_a_zip_refuses_the_folder(tmp_path: Path) -> None:
    evil = put_zip(tmp_path / "b.zip", {"../scores.csv": text_of(LINES)}).read_bytes()
    home = tmp_path / "home"
    home.mkdir()
    put_zip(home / "a.zip", {"b.zip": evil})
    with pytest.raises(DataError, match="climbs out") as caught:
        find_score_files(home)
    assert caught.value.file.startswith("a.zip > b.zip")


def test_an_error_in_a_zip_names_archive_and_member(tmp_path: Path) -> None:
    path = put_zip(tmp_path / "open data.zip", {"scores.csv": edited(3, "4.202265", "vier")})
    with pytest.raises(DataError) as caught:
        read_scores(path, "scores.csv")
    assert (caught.value.file, caught.value.line) == ("open data.zip > scores.csv", 3)


def test_every_file_of_a_folder_is_found_or_passed_over_with_a_reason(tmp_path: Path) -> None:
    buurten = text_of(LINES).replace("wk_", "bu_").replace('"WK001401"', "BU00140100").replace("WK0014", "BU001401")
    put(tmp_path, name="Leefbaarometer-scores wijken 2014-2016 (excerpt).csv")
    put(tmp_path / "deeper", edited(1, "lbm", "lmb"), name="misspelled.CSV")
    put(tmp_path, "code,omschrijving\nfys,Fysieke omgeving\n", name="dimensies.csv")
    put(tmp_path, "", name=".gitkeep")
    put_zip(
        tmp_path / "open data.ZIP",
        {
            "map/scores buurten.csv": buurten,
            "map/scores gemeenten.csv": text_of(LINES).replace("wk_", "gm_"),
            "map/leesmij.txt": "tekst",
            "map/kaart.gpkg": "GPKG",
            "__MACOSX/._scores.csv": "\x05\x16\x07",
        },
    )
    found = find_score_files(tmp_path)
    assert [place.label for place in found.files] == [
        "Leefbaarometer-scores wijken 2014-2016 (excerpt).csv",
        "misspelled.CSV",
        "open data.ZIP > map/scores buurten.csv",
    ]
    reasons = dict(found.passed_over)
    assert len(reasons) == 6
    assert "header" in reasons["dimensies.csv"]
    assert "another kind of area" in reasons["open data.ZIP > map/scores gemeenten.csv"]
    assert reasons["open data.ZIP > map/leesmij.txt"] == "not a CSV"
    assert reasons[".gitkeep"] == "a hidden file"


@pytest.mark.parametrize(
    "damage",
    [lambda text: text.encode("utf-16")[:-1], lambda _: b"", lambda text: text[:-14].encode()],
    ids=["cut UTF-16", "empty", "cut"],
)
def test_a_damaged_file_of_scores_is_found_and_then_refused(tmp_path: Path, damage: Callable[[str], bytes]) -> None:
    (tmp_path / "scores.csv").write_bytes(damage(text_of(LINES)))
    assert len(find_score_files(tmp_path).files) == 1
    with pytest.raises(DataError):
        read_score_files(tmp_path)


def test_all_files_of_a_folder_are_read(tmp_path: Path) -> None:
    put(tmp_path, name="wijken 2014-2016.csv")
    put_zip(tmp_path / "a.zip", {"wijken 2016.csv": text_of([LINES[0], LINES[2]]), "leesmij.txt": "tekst"})
    folder = read_score_files(tmp_path)
    assert [(file.origin, file.rows_count) for file in folder.files] == [
        ("a.zip > wijken 2016.csv", 1),
        ("wijken 2014-2016.csv", 4),
    ]
    assert len(folder.passed_over) == 1


def test_a_copy_under_another_name_refuses_the_folder(tmp_path: Path) -> None:
    put(tmp_path, name="scores wijken.csv")
    put_zip(tmp_path / "open data.zip", {"scores buurten.csv": text_of(LINES)})
    with pytest.raises(DataError, match=r"the same bytes as 'open data\.zip > scores buurten\.csv'"):
        read_score_files(tmp_path)


def test_a_folder_without_scores_is_refused_and_says_what_it_holds(tmp_path: Path) -> None:
    put(tmp_path, "a,b\n1,2\n", name="other.csv")
    with pytest.raises(DataError, match=r"'other\.csv': its header"):
        read_score_files(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        find_score_files(tmp_path / "gone")


def test_a_hostile_zip_refuses_the_folder(tmp_path: Path) -> None:
    put(tmp_path)
    put_zip(tmp_path / "evil.zip", {"../scores.csv": text_of(LINES)})
    with pytest.raises(DataError, match="climbs out"):
        find_score_files(tmp_path)


# --- real files


def shared(name: str) -> Path:
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{name} is not here: it is no part of the project")
    return path


@pytest.mark.shared
def test_the_real_wijken_are_read_whole() -> None:
    file = read_scores(shared(WIJKEN))
    assert (file.level, file.rows_count, file.bytes_count) == ("wijk", 26_366, 3_373_920)
    assert file.sha256.startswith("3bb7b1dd3e12")
    counts = file.frame.groupby("year").size()
    assert counts.to_dict() == {
        **dict.fromkeys((2002, 2008, 2012), 3289),
        **{2014: 3292, 2016: 3297, 2018: 3301, 2020: 3301, 2022: 3308},
    }
    assert file.frame["area_code"].nunique() == 3310
    without = file.frame["physical_score_missing"] == "not_in_year"
    assert sorted(set(file.frame.loc[without, "year"])) == [2002, 2008, 2012, 2016]
    assert (file.frame["physical_score"].isna() == without).all()
    assert "Appel, Driedorp, Kruishaar, Prinsenkamp" in set(file.frame["area_name"])


@pytest.mark.shared
def test_the_real_excerpt_with_quotes_holds_2024() -> None:
    file = read_scores(shared("Leefbaarometer-scores wijken 2002-2024 (excerpt).csv"))
    assert (file.level, file.rows_count, file.waves[-1], len(file.waves)) == ("wijk", 18, 2024, 9)
    assert file.frame.query("year == 2024")["housing_score"].notna().all()


@pytest.mark.shared
def test_a_real_later_release_revises_earlier_waves_of_some_areas() -> None:
    new = read_scores(shared("Leefbaarometer-scores wijken 2002-2024 (excerpt).csv")).frame
    old = read_scores(shared(WIJKEN)).frame
    both = new.merge(old, on=["area_code", "year"], validate="1:1", suffixes=("", "_old"))
    assert len(both) == 16
    both["change"] = (both["liveability_score"] - both["liveability_score_old"]).abs()
    largest = both.groupby("area_code")["change"].max()
    assert largest["WK001400"] < 1e-13  # the later file prints 15 digits
    assert 1e-4 < largest["WK001401"] < 1e-3


@pytest.mark.shared
def test_the_real_postcodes_are_text() -> None:
    file = read_scores(shared("Leefbaarometer-scores PC4 2002-2022 (excerpt).csv"))
    assert (file.level, file.rows_count) == ("pc4", 79)
    assert set(file.frame["area_code"].str.len()) == {4}
    assert file.frame["area_name"].isna().all()
    # One postcode has no row in 2022; absence is not a missing value.
    assert file.frame.groupby("area_code").size().to_dict()["1021"] == 7


@pytest.mark.shared
def test_the_real_folder_is_found_whole() -> None:
    shared(WIJKEN)
    folder = read_score_files(SHARED)
    assert sorted(file.rows_count for file in folder.files) == [18, 79, 26_366]
    assert folder.passed_over == ()


@pytest.mark.shared
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9, 0.999])
def test_the_real_file_cut_off_anywhere_in_a_record_is_refused(tmp_path: Path, kept: float) -> None:
    data = shared(WIJKEN).read_bytes()
    cut = data[: int(kept * len(data))]
    assert not cut.endswith(b"\n")
    path = tmp_path / WIJKEN
    path.write_bytes(cut)
    with pytest.raises(DataError) as caught:
        read_scores(path)
    assert caught.value.line == cut.count(b"\n") + 1
