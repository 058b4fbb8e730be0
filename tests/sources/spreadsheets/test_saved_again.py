"""What software of statistics and spreadsheets do to a table, and that it is undone only where it is certain."""

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buurteffect.errors import DataError
from buurteffect.sources.files.line_numbers import Lines
from buurteffect.sources.spreadsheets.saved_again import (
    decode_saved,
    is_scientific,
    make_names,
    original_names,
    read_saved,
    row_numbers,
    separator_of,
    whole_codes,
    with_points,
)

KNOWN = ["bu_code", "bu_naam", "0 tot 15 jaar (%)", "score"]
ROWS = [["BU00010001", "Noord, oud", "12", "4.1"], ["BU00010002", "'s-Graven Süd", "", "3.9"]]


def lines(count):
    return Lines("x.csv", np.arange(2, count + 2))


def text_of(header, rows, separator):
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


@settings(max_examples=40, deadline=None)
@given(
    separator=st.sampled_from([",", ";", "\t", "|"]),
    number=st.sampled_from([None, "", "X", "1", "Unnamed: 0", "...1", "rownames", "index", "X.1"]),
    first=st.integers(0, 3),
    changed=st.sampled_from([str, make_names, str.upper, lambda name: f" {name} "]),
    nothing=st.sampled_from(["", "NA", "NaN", "<NA>"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_a_table_saved_again_is_the_table(separator, number, first, changed, nothing, encoding):
    header = [changed(name) for name in KNOWN]
    rows = [[cell or nothing for cell in row] for row in ROWS]
    if number is not None:
        header = [number, *header]
        rows = [[str(first + 7 * at), *row] for at, row in enumerate(rows)]
    saved = read_saved(text_of(header, rows, separator).encode(encoding), "x.csv", KNOWN)
    assert saved.records.header == tuple(KNOWN)
    assert saved.records.rows == ROWS
    assert any("row numbers" in note for note in saved.notes) == (number is not None)
    assert any("separated" in note for note in saved.notes) == (separator != ",")


def test_the_publishers_own_file_has_no_notes_and_keeps_its_na():
    saved = read_saved(text_of(KNOWN, [["BU00010001", "NA", "NA", "1"]], ",").encode(), "x.csv", KNOWN, missing="NA")
    assert (saved.notes, saved.records.rows) == ((), [["BU00010001", "NA", "NA", "1"]])


def test_row_names_without_a_title_are_left_out():
    body = text_of(KNOWN, [[str(at + 1), *row] for at, row in enumerate(ROWS)], ",")
    assert read_saved(body.encode(), "x.csv", KNOWN).records.rows == ROWS
    bad = text_of(KNOWN, [["Noord", *ROWS[0]]], ",")
    with pytest.raises(DataError, match="5 fields"):
        read_saved(bad.encode(), "x.csv", KNOWN)


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        (["", "code"], [["2", "1"], ["a", "b"]]),
        (["nr", "code"], [["1", "1"], ["a", "b"]]),
        (["score", "code"], [["1", "2"], ["a", "b"]]),
        (["X"], [["1", "2"]]),
    ],
)
def test_a_column_that_does_not_number_the_rows_stays(header, cells):
    assert row_numbers(header, cells) == 0


def test_a_name_that_the_reader_knows_is_no_row_number():
    assert row_numbers(["nr", "code"], [["1", "2"], ["a", "b"]], ["nr"]) == 0


def test_two_names_that_become_one_stay_as_they_are():
    assert original_names(["A b", "a.b"], ["a b"]) == ["A b", "a.b"]
    assert original_names(["a b", "A.B"], ["a b"]) == ["a b", "A.B"]


def test_damaged_text_is_not_taken_for_another_encoding():
    with pytest.raises(DataError, match="not UTF-8"):
        decode_saved("Süd".encode() + b"\xff", "x.csv")
    with pytest.raises(DataError, match="UTF-16"):
        decode_saved("ab".encode("utf-16")[:-1], "x.csv")


@pytest.mark.parametrize(
    ("text", "own", "mark"),
    [
        ("Title, with a comma\n\na;b\n1,5;2,5\n", ",", ";"),
        ("Uitkering; Bijstand,b\n1,2\n", ";", ","),
        ('"a|b";"c|d"', ",", ";"),
        ("a,b|c,d", ",", ","),
        ("a|b|c", ",", "|"),
        ("one", ";", ";"),
    ],
)
def test_the_separator_stands_outside_quotes(text, own, mark):
    assert separator_of(text, own) == mark


def test_decimal_commas_become_points_and_nothing_is_guessed():
    assert with_points(["1,5", " 2", "", "-,5"], "a", lines(4)) == ["1.5", "2", "", "-.5"]
    assert with_points(["4,1234", "4,123"], "a", lines(2)) == ["4.1234", "4.123"]
    assert with_points(["1.234", "5"], "a", lines(2)) == ["1.234", "5"]
    for cells, match in (
        (["1,234", "5"], "thousands"),
        (["1,5", "1,234,567"], "thousands"),
        (["1.5", "2,5"], "decimal points"),
    ):
        with pytest.raises(DataError, match=match):
            with_points(cells, "a", lines(2))


def test_codes_get_back_their_prefix_and_zeros_and_no_more():
    assert whole_codes(["3630001", "BU03630002", "0363AB10", "363AB1", ""], "buurt", "c", lines(5)) == [
        "BU03630001",
        "BU03630002",
        "BU0363AB10",
        "363AB1",
        "",
    ]
    assert whole_codes(["14"], "gemeente", "c", lines(1)) == ["GM0014"]
    assert not is_scientific("03631E05")
    with pytest.raises(DataError, match="turned into a number") as caught:
        whole_codes(["3,63E+06"], "buurt", "c", lines(1))
    assert (caught.value.line, caught.value.column) == (2, "c")


def test_whole_numbers_with_a_decimal_are_whole_and_mixed_columns_stay():
    saved = read_saved(b"jaar,code,score\n2014.0,599.0,1.0\n2018.0,,1.5\n", "x.csv", ["jaar", "code", "score"])
    assert saved.records.rows == [["2014", "599", "1.0"], ["2018", "", "1.5"]]
    assert saved.notes == ("its whole numbers have a decimal, as in 'jaar'",)


def test_gaps_of_a_spreadsheet_are_left_out_and_a_short_row_is_refused():
    saved = read_saved(b"a,b,,\n1,2,,\n3,,,\n,,,\n", "x.csv")
    assert (saved.records.header, saved.records.rows) == (("a", "b"), [["1", "2"], ["3", ""]])
    assert len(saved.notes) == 2
    with pytest.raises(DataError, match="line 3"):
        read_saved(b"a,b,,\n1,2,,\n3,,\n", "x.csv")
