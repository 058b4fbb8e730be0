"""Crosswalks and address files: what is read, and what is refused with its place."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from checkouts import OPEN_DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from buurteffect.errors import DataError
from buurteffect.panel.harmonise.address_flows import count_flows
from buurteffect.sources.geography.addresses import AddressFile, read_addresses
from buurteffect.sources.geography.crosswalk import CrosswalkFile, read_crosswalk

SHARED = OPEN_DATA / "crosswalk"
HEAD = "year_from,year_to,source,target,n_addresses\n"
LIST = HEAD + "2016,2017,000900,000900,2441\n2016,2017,000900,000901,1\n2016,2017,000901,000901,609\n"
NEW = "PC6,Huisnummer,Buurt2017,Wijk2017,Gemeente2017\n"
OLD = "pc6;huisnummer;gwb_code20168;wijkcode;gemeentecode\n"


def read(tmp_path: Path, text: str | bytes, **options: object) -> CrosswalkFile:
    file = tmp_path / "crosswalk.csv"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_crosswalk(file, **options)


def read_houses(tmp_path: Path, text: str | bytes, name: str = "addresses.csv", **options: object) -> AddressFile:
    file = tmp_path / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_addresses(file, **options)


def test_codes_keep_their_zeros_and_gain_their_prefix(tmp_path):
    frame = read(tmp_path, LIST).frame
    assert frame["source_code"].tolist() == ["WK000900", "WK000900", "WK000901"]
    assert frame["addresses_count"].tolist() == [2441, 1, 609]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + LIST, id="byte-order mark"),
        pytest.param(LIST.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(LIST.replace(",", ";"), id="semicolons"),
        pytest.param(LIST.replace("000900", '" 000900  "'), id="padded and quoted codes"),
        pytest.param(LIST.replace("0009", "WK0009"), id="codes with their prefix"),
        pytest.param(HEAD + "".join(LIST.splitlines(keepends=True)[:0:-1]), id="rows in another order"),
        pytest.param(
            "\n".join(",".join(line.split(",")[::-1]) for line in LIST.splitlines()), id="columns in another order"
        ),
    ],
)
def test_the_same_crosswalk_reads_the_same_whatever_its_dress(tmp_path, text):
    assert read(tmp_path, text).frame.equals(read(tmp_path, LIST).frame)


@pytest.mark.parametrize(("code", "level"), [("0009", "gemeente"), ("000900", "wijk"), ("0363AB10", "buurt")])
def test_the_length_of_a_code_tells_its_level(tmp_path, code, level):
    assert read(tmp_path, f"{HEAD}2016,2017,{code},{code},5\n").level == level


@pytest.mark.parametrize(
    ("row", "line", "column", "found"),
    [
        ("2016,2017,900,000901,5", 5, "source", "'900', of 3 characters"),
        ("2016,2017,0009,0009,5", 5, "source", "'0009', of 4 characters"),
        ("2016,2017,,000901,5", 5, "source", "the code ''"),
        ("2016,2017,000902,00090x,5", 5, "target", "the code '00090x'"),
        ("16,2017,000902,000901,5", 5, "year_from", "'16'"),
        ("2016,NaN,000902,000901,5", 5, "year_to", "the year ''"),
        ("2017,2017,000902,000901,5", 5, "year_to", "2017 twice"),
        ("2016,2017,000902,000901,0", 5, "n_addresses", "'0'"),
        ("2016,2017,000902,000901,1.5", 5, "n_addresses", "'1.5'"),
        ("2016,2017,000902,000901,-3", 5, "n_addresses", "'-3'"),
        ("2016,2017,000902,000901,", 5, "n_addresses", "''"),
        ("2016,2017,000900,000901,7", 5, None, "again, already on line 3"),
        ("2016,2017,000902,000901", 5, None, "4 fields"),
        ('2016,2017,"1,000",000901,5', 5, "source", "the code '1,000'"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_column(tmp_path, row, line, column, found):
    with pytest.raises(DataError, match=found) as caught:
        read(tmp_path, f"{LIST}{row}\n")
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        (LIST.replace("source", "bron"), "bron"),
        (LIST.replace("source", "target"), "target"),
        (LIST.replace("year_to,", "").replace(",2017", ""), "year_to"),
    ],
)
def test_a_header_that_is_not_known_is_refused(tmp_path, text, column):
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert (caught.value.line, caught.value.column) == (1, column)


def test_a_first_code_without_its_zeros_is_refused(tmp_path):
    with pytest.raises(DataError, match="'900', of 3 characters"):
        read(tmp_path, f"{HEAD}2016,2017,900,901,5\n")


@pytest.mark.parametrize(
    "text",
    [
        LIST.replace("000900", "900").replace("000901", "901"),
        LIST.replace("000900", "900.0").replace("000901", "901.0").replace("2016", "2016.0").replace("609", "609.0"),
        "".join(f"{'' if n == 0 else n},{line}" for n, line in enumerate(LIST.splitlines(keepends=True))),
        LIST.upper(),
    ],
    ids=["zeros dropped", "numbers of pandas", "row numbers", "names in capitals"],
)
def test_a_crosswalk_that_was_saved_again_is_read_where_its_name_says_the_level(tmp_path, text):
    file = tmp_path / "crosswalk_wijk.csv"
    file.write_text(text, encoding="utf-8")
    found = read_crosswalk(file)
    assert found.level == "wijk"
    assert found.frame.equals(read(tmp_path, LIST).frame)


def test_codes_alone_give_every_source_its_only_target(tmp_path):
    frame = read(tmp_path, "year_from,year_to,source,target\n2018,2019,0009,0014\n2018,2019,0010,0014\n").frame
    assert frame["weight_share"].tolist() == [1.0, 1.0]
    assert frame[["year_from", "year_to"]].to_numpy().tolist() == [[2018, 2019]] * 2


def test_codes_alone_cannot_divide_a_source(tmp_path):
    with pytest.raises(DataError, match="GM0009 with 2 targets and nothing to divide it by") as caught:
        read(
            tmp_path, "year_from,year_to,source,target\n2018,2019,0010,0014\n2018,2019,0009,0014\n2018,2019,0009,0010\n"
        )
    assert caught.value.line == 3


def test_shares_are_read_and_must_sum_to_one(tmp_path):
    head = "year_from,year_to,source,target,weight\n"
    assert read(tmp_path, head + "2018,2019,0009,0014,.25\n2018,2019,0009,0010,0.75\n2018,2019,0010,0010,1\n").frame[
        "weight_share"
    ].tolist() == [0.75, 0.25, 1.0]
    with pytest.raises(DataError, match=r"sum to 0\.95"):
        read(tmp_path, head + "2018,2019,0009,0014,0.25\n2018,2019,0009,0010,0.70\n")
    commas = '2018,2019,0009,0014,"0,5"\n2018,2019,0009,0010,"0,5"\n'
    assert read(tmp_path, head + commas).frame["weight_share"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("reader", [read_crosswalk, read_addresses])
def test_a_file_of_two_gigabytes_is_refused_unread(tmp_path, reader):
    file = tmp_path / "line.csv"
    with file.open("wb") as handle:
        handle.truncate(2_000_000_000)  # sparse: takes no room
    with pytest.raises(DataError, match="a file of 2,000,000,000 bytes"):
        reader(file)


@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200))
def test_any_bytes_end_in_a_table_or_a_named_error(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("bytes")
    for reader in (read, read_houses):
        for start in (b"", HEAD.encode(), NEW.encode()):
            try:
                reader(folder, start + data)
            except DataError as error:
                assert error.action


@pytest.mark.shared
@pytest.mark.parametrize(("level", "rows"), [("wijk", 47116), ("gemeente", 2104)])
def test_the_real_crosswalks_read_in_full(level, rows):
    file = SHARED / f"crosswalk_{level}.csv"
    if not file.is_file():
        pytest.skip("the shared crosswalks are not here")
    found = read_crosswalk(file)
    assert (found.level, len(found.frame)) == (level, rows)


# --- addresses -------------------------------------------------------------------------------------------------

HOUSES_2017 = NEW + "1011AB,1,3630000,36300,363\n1011AB,2,3630001,36300,363\n9999ZZ,12,140101,1401,14\n"


def test_integer_codes_are_padded_with_zeros(tmp_path):
    frame = read_houses(tmp_path, HOUSES_2017).frame
    assert frame["buurt_code"].tolist() == ["BU03630000", "BU03630001", "BU00140101"]
    assert frame["pc6"].tolist() == ["1011AB", "1011AB", "9999ZZ"]
    assert frame["house_number"].tolist() == [1, 2, 12]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\ufeff" + HOUSES_2017, id="byte-order mark"),
        pytest.param(HOUSES_2017.replace("\n", "\r\n"), id="CRLF"),
        pytest.param(HOUSES_2017.replace(",", ";"), id="semicolons"),
        pytest.param(HOUSES_2017.replace("1011AB", '"1011 ab"'), id="a blank and small letters in a postcode"),
        pytest.param(HOUSES_2017 + "\n\n", id="empty lines at the end"),
        pytest.param(HOUSES_2017.replace(NEW, OLD.replace(";", ",").replace("20168", "20178")), id="the other header"),
        pytest.param(
            "\n".join(",".join(line.split(",")[::-1]) for line in HOUSES_2017.splitlines()) + "\n",
            id="columns in another order",
        ),
        pytest.param(HOUSES_2017.replace("3630000,36300,363", "03630000,036300,0363"), id="codes with their zeros"),
    ],
)
def test_the_same_addresses_read_the_same_whatever_their_dress(tmp_path, text):
    found = read_houses(tmp_path, text)
    assert found.frame.equals(read_houses(tmp_path, HOUSES_2017).frame)
    assert found.year == 2017


@pytest.mark.parametrize(
    ("row", "line", "column", "found"),
    [
        ("0999ZZ,12,140101,1401,14", 5, "PC6", "0999ZZ"),
        (",12,140101,1401,14", 5, "PC6", "''"),
        ("9999ZZ,0,140101,1401,14", 5, "Huisnummer", "'0'"),
        ("9999ZZ,12a,140101,1401,14", 5, "Huisnummer", "'12a'"),
        ("9999ZZ,12,,1401,14", 5, "Buurt2017", "''"),
        ("9999ZZ,12,NaN,1401,14", 5, "Buurt2017", "'NaN'"),
        ("9999ZZ,12,140101,1402,14", 5, "Wijk2017", "buurt 00140101 in wijk 001402"),
        ("9999ZZ,12,140101,1401,15", 5, "Gemeente2017", "in gemeente 0015"),
        ("9999ZZ,12,140101,1401", 5, None, "Expected 5 columns, got 4"),
        ("", 5, "PC6", "''"),
        ("9999ZZ,12,140101,1401,14,7", 5, None, "Expected 5 columns, got 6"),
    ],
)
def test_a_bad_address_is_refused_with_its_line_and_not_shown(tmp_path, row, line, column, found):
    with pytest.raises(DataError, match=found) as caught:
        read_houses(tmp_path, f"{HOUSES_2017}{row}\n1011AB,3,3630001,36300,363\n")
    assert (caught.value.line, caught.value.column) == (line, column)
    assert not row or row not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (NEW, "no rows below"),
        (b"", "no rows below"),
        (b"\xff\xfe" + b"\0" * 40 + b"\n" + b"\0" * 40, "not known"),
        (b"x" * 9_000_000, "a first line without an end"),
        (NEW.encode() + b"x" * 18_000_000, "straddl"),
        (HOUSES_2017.replace("9999ZZ", "99\xe9\xe9ZZ").encode("latin-1"), "invalid UTF8"),
        (HOUSES_2017.replace("Wijk2017", "Wijk2018"), "different years"),
        (HOUSES_2017.replace("Wijk2017", "Buurt2017"), "a second column with the buurt"),
        (HOUSES_2017.replace("Wijk2017", "Wijken"), "a column that is not known"),
        (HOUSES_2017.replace(",Gemeente2017", "").replace(",363\n", "\n").replace(",14\n", "\n"), "no column with the"),
    ],
)
def test_a_file_that_holds_no_addresses_is_refused(tmp_path, text, found):
    with pytest.raises(DataError, match=found):
        read_houses(tmp_path, text)


def test_a_file_under_the_name_of_another_year_is_refused(tmp_path):
    with pytest.raises(DataError, match="the name says 2018"):
        read_houses(tmp_path, HOUSES_2017, name="pc6hnr20180801_gwb.csv")
    with pytest.raises(DataError, match="the caller says 2018"):
        read_houses(tmp_path, HOUSES_2017, year=2018)


def test_the_table_is_found_in_its_zip(tmp_path):
    file = tmp_path / "2017-cbs-pc6huisnr20170801_buurt.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("buurtnamen2017.csv", "buurt;naam\n1;a\n")
        archive.writestr("pc6hnr20170801_gwb.csv", HOUSES_2017)
    found = read_addresses(file, year=2017)
    assert (len(found.frame), found.origin) == (3, f"{file.name} > pc6hnr20170801_gwb.csv")


def test_a_zip_with_two_tables_asks_which(tmp_path):
    file = tmp_path / "both.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("a.csv", "b.csv"):
            archive.writestr(name, HOUSES_2017)
    with pytest.raises(DataError, match="2 CSV files"):
        read_addresses(file)


HOUSES_2016 = OLD + "".join(
    f"{pc6};{number};{code};{code // 100};{code // 10000}\n"
    for pc6, number, code in [
        ("1011AB", 1, 3630000),
        ("1011AB", 2, 3630000),  # moves to another buurt
        ("9999ZZ", 12, 140101),
        ("9999ZZ", 12, 140101),  # repeated
        ("9999ZZ", 13, 140101),  # demolished
        ("9999ZZ", 14, 140101),  # in two buurten at once
        ("9999ZZ", 14, 140102),
    ]
)


def test_addresses_of_two_years_are_counted_per_pair_of_buurten(tmp_path):
    first, second = read_houses(tmp_path, HOUSES_2016), read_houses(tmp_path, HOUSES_2017)
    frame = count_flows(first, second).frame
    assert list(frame[["source_code", "target_code", "addresses_count"]].itertuples(index=False, name=None)) == [
        ("BU00140101", "BU00140101", 1),
        ("BU03630000", "BU03630000", 1),
        ("BU03630000", "BU03630001", 1),
    ]
    assert set(frame["year_from"]) == {2016}
    assert set(frame["year_to"]) == {2017}


def test_every_row_of_both_address_files_has_one_fate(tmp_path):
    first, second = read_houses(tmp_path, HOUSES_2016), read_houses(tmp_path, HOUSES_2017)
    ledger = count_flows(first, second).ledger
    assert ledger.set_index(["year", "fate"])["rows_count"].to_dict() == {
        (2016, "matched"): 3,
        (2016, "only in this year"): 1,
        (2016, "repeated"): 1,
        (2016, "ambiguous"): 2,
        (2017, "matched"): 3,
        (2017, "only in this year"): 0,
        (2017, "repeated"): 0,
        (2017, "ambiguous"): 0,
    }
    assert ledger.groupby("year")["rows_count"].sum().tolist() == [len(first.frame), len(second.frame)]


def test_files_of_one_year_or_without_a_common_address_are_refused(tmp_path):
    first, second = read_houses(tmp_path, HOUSES_2016), read_houses(tmp_path, HOUSES_2017)
    with pytest.raises(DataError, match="the codes of 2017, as in"):
        count_flows(second, second)
    other = read_houses(tmp_path, NEW + "2000AA,1,3630000,36300,363\n")
    with pytest.raises(DataError, match="no address that"):
        count_flows(first, other)


def test_counting_gives_what_counting_by_hand_gives(tmp_path):
    rng = np.random.default_rng(5)
    texts = {}
    where = {}
    for year in (2016, 2017):
        homes = {(f"10{n:02d}AB", h): 3630000 + int(rng.integers(4)) for n in range(12) for h in range(1, 9)}
        homes = {home: code for home, code in homes.items() if rng.random() > 0.1}
        rows = [f"{pc6},{number},{code},{code // 100},363" for (pc6, number), code in homes.items()]
        rng.shuffle(rows)
        texts[year] = NEW.replace("2017", str(year)) + "\n".join(rows) + "\n"
        where[year] = homes
    expected: dict[tuple[str, str], int] = {}
    for home in where[2016].keys() & where[2017].keys():
        pair = (f"BU0{where[2016][home]}", f"BU0{where[2017][home]}")
        expected[pair] = expected.get(pair, 0) + 1
    frame = count_flows(read_houses(tmp_path, texts[2016]), read_houses(tmp_path, texts[2017])).frame
    found = {(row.source_code, row.target_code): row.addresses_count for row in frame.itertuples()}
    assert found == expected


def test_a_header_with_a_quote_that_is_never_closed_is_refused(tmp_path):
    with pytest.raises(DataError, match="a quote that is never closed") as caught:
        read_houses(tmp_path, '"' + NEW + "1011AB,1,3630000,36300,363\n")
    assert caught.value.line == 1


def test_tabs_that_pad_fields_do_not_separate_them(tmp_path):
    plain = NEW + "1011AB,1,3630000,36300,363\n"
    padded = "\n".join(",".join(f"\t{cell}" for cell in line.split(",")) for line in plain.splitlines()) + "\n"
    assert read_houses(tmp_path, padded).frame.equals(read_houses(tmp_path, plain).frame)
